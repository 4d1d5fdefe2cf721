"""The steps above the pooled fund, each on what the patient still bears, and the accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from services.benefits.domain import schema
from services.benefits.domain.model import (
    CIVIL_SERVANT_FUND_TYPE,
    CRITICAL_ILLNESS_FUND_TYPES,
    DISABLED_VETERAN_FUND_TYPE,
    ENTERPRISE_SUPPLEMENT_FUND_TYPE,
    LARGE_AMOUNT_FUND_TYPE,
    MEDICAL_AID_FUND_TYPE,
    OTHER_FUND_TYPE,
    EntitlementKind,
)
from services.benefits.domain.schema import (
    SUPPLEMENTS,
    Burden,
    CriticalBasis,
    PatientPart,
    PolicyStep,
    ReducedStep,
)
from services.kit.money import round_fen

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.benefits.domain.run import Run

_CRITICAL_COUNTS: Final = frozenset({Burden.SHARE, Burden.ABOVE_CAP})
_CRITICAL_COUNTS_ALL: Final = _CRITICAL_COUNTS | {Burden.DEDUCTIBLE}
_ABOVE_CAP: Final = frozenset({Burden.ABOVE_CAP})


class _Fund(NamedTuple):
    fund_type_code: str
    sum_name: str
    entitlement: EntitlementKind | None
    """Who it pays for; None: everybody."""


_SUPPLEMENT_FUNDS: Final = {
    PolicyStep.CIVIL_SERVANT: _Fund(
        CIVIL_SERVANT_FUND_TYPE, "fund_civil_servant", EntitlementKind.CIVIL_SERVANT
    ),
    PolicyStep.ENTERPRISE_SUPPLEMENT: _Fund(
        ENTERPRISE_SUPPLEMENT_FUND_TYPE,
        "fund_enterprise_supplement",
        EntitlementKind.ENTERPRISE_SUPPLEMENT,
    ),
    PolicyStep.DISABLED_VETERAN: _Fund(
        DISABLED_VETERAN_FUND_TYPE, "fund_disabled_veteran", EntitlementKind.DISABLED_VETERAN
    ),
    PolicyStep.OTHER_FUND: _Fund(OTHER_FUND_TYPE, "fund_other", None),
}


def pay_large_amount(run: Run) -> None:
    """大额: what the pooled cap cut off, by brackets of the year's cost above the cap."""
    if not run.excess:
        return
    reduction = run.reduction_of(ReducedStep.LARGE_AMOUNT)
    start = run.before.large_amount_base
    exact = run.scaled(
        schema.LARGE_SCALE,
        start,
        start + run.excess,
        band="large_amount_band",
        reduction=reduction,
    )
    room = run.room(schema.LARGE_CAP, run.before.fund_large_amount)
    # A pack may let another fund pay on it first.
    paid = min(run.rounded(exact), run.left[Burden.ABOVE_CAP])
    if room is not None:
        paid = min(paid, room)
    run.used["large_amount_base"] = run.rounded(run.excess)
    run.pay(LARGE_AMOUNT_FUND_TYPE, "fund_large_amount", paid)
    run.take_off(_ABOVE_CAP, paid)
    run.trace.amount(
        "large_amount", base=round_fen(run.excess), result=paid, rounding=run.rounding.value
    )


def pay_critical_illness(run: Run) -> None:
    """大病: the year's burden above a threshold, in bands."""
    counts_deductible = run.trace.read(schema.CRITICAL_DEDUCTIBLE_COUNTS)
    counted = _CRITICAL_COUNTS_ALL if counts_deductible else _CRITICAL_COUNTS
    burden = sum(run.left[cause] for cause in counted)
    run.critical_base = burden
    run.used["critical_illness_base"] = burden
    run.trace.amount("critical_illness_base", base=run.case.amounts.in_scope, result=burden)
    threshold = run.trace.read(schema.CRITICAL_THRESHOLD)
    end = run.before.critical_illness_base + burden
    if end <= threshold:
        run.trace.amount("critical_illness", base=0, result=0)
        return
    start = max(run.before.critical_illness_base, threshold)
    basis = run.trace.read(schema.CRITICAL_BASIS)
    shift = threshold if basis is CriticalBasis.ABOVE_THRESHOLD else 0
    exact = run.scaled(
        schema.CRITICAL_SCALE,
        start - shift,
        end - shift,
        band="critical_illness_band",
        reduction=run.reduction_of(ReducedStep.CRITICAL_ILLNESS),
    )
    paid = run.rounded(exact)
    room = run.room(schema.CRITICAL_CAP, run.before.fund_critical_illness)
    if room is not None:
        paid = min(paid, room)
    code = CRITICAL_ILLNESS_FUND_TYPES[run.case.scheme_code]
    run.pay(code, "fund_critical_illness", paid)
    run.take_off(counted, paid)
    run.trace.amount("critical_illness", base=end - start, result=paid, rounding=run.rounding.value)


def _supplement(step: PolicyStep) -> Callable[[Run], None]:
    fund, specs, name = _SUPPLEMENT_FUNDS[step], SUPPLEMENTS[step], step.value

    def pay(run: Run) -> None:
        if fund.entitlement is not None and fund.entitlement not in run.claim.entitled:
            return
        counted = run.trace.read(specs.counts)
        burden = sum(run.left[cause] for cause in counted)
        paid = run.rounded(run.scaled(specs.scale, 0, burden, band=f"{name}_band"))
        room = run.room(specs.cap, getattr(run.before, fund.sum_name))
        if room is not None:
            paid = min(paid, room)
        run.pay(fund.fund_type_code, fund.sum_name, paid)
        run.take_off(counted, paid)
        run.trace.amount(name, base=burden, result=paid, rounding=run.rounding.value)

    return pay


pay_civil_servant: Final = _supplement(PolicyStep.CIVIL_SERVANT)
"""公务员医疗补助, of the bill's counted burden."""
pay_enterprise_supplement: Final = _supplement(PolicyStep.ENTERPRISE_SUPPLEMENT)
"""企业补充医疗保险, likewise."""
pay_disabled_veteran: Final = _supplement(PolicyStep.DISABLED_VETERAN)
"""一至六级残疾军人医疗补助, likewise."""
pay_other_fund: Final = _supplement(PolicyStep.OTHER_FUND)
"""Any other fund, likewise, for everybody."""


def pay_medical_aid(run: Run) -> None:
    """医疗救助: for who receives it, the year's counted burden in brackets."""
    if EntitlementKind.MEDICAL_AID not in run.claim.entitled:
        return
    counted = run.trace.read(schema.MEDICAL_AID_COUNTS)
    burden = sum(run.left[cause] for cause in counted)
    start = run.before.medical_aid_base
    exact = run.scaled(schema.MEDICAL_AID_SCALE, start, start + burden, band="medical_aid_band")
    paid = run.rounded(exact)
    room = run.room(schema.MEDICAL_AID_CAP, run.before.fund_medical_aid)
    if room is not None:
        paid = min(paid, room)
    run.used["medical_aid_base"] = burden
    run.pay(MEDICAL_AID_FUND_TYPE, "fund_medical_aid", paid)
    run.take_off(counted, paid)
    run.trace.amount("medical_aid", base=burden, result=paid, rounding=run.rounding.value)


def pay_account(run: Run) -> None:
    """个人账户: the person's own account, then those of relatives, as far as the rule lets them.

    The own account pays first what relatives may not, so that together they pay the most.
    """
    if not run.case.use_account:
        return
    amounts = run.case.amounts
    parts = {
        PatientPart.IN_SCOPE: amounts.in_scope - sum(run.funds.values()),
        PatientPart.PRIOR_SELF_PAY: amounts.prior_self_pay,
        PatientPart.OVER_LIMIT: amounts.over_limit,
        PatientPart.FULL_SELF_PAY: amounts.full_self_pay,
    }
    own = run.trace.read(schema.ACCOUNT_PAYS)
    allowed = sum(parts[part] for part in own)
    paid = min(run.balance, allowed)
    run.account_pay = paid
    run.balance -= paid
    run.trace.amount("account", base=allowed, result=paid)
    if not (run.circumstances.relatives and run.snapshot.has(schema.ACCOUNT_FAMILY_PAYS)):
        return
    family = run.trace.read(schema.ACCOUNT_FAMILY_PAYS)
    outside = sum(parts[part] for part in own - family)
    rest = sum(parts[part] for part in family) - max(0, paid - outside)
    for purse in run.circumstances.relatives:
        share = min(purse.balance, rest)
        if share:
            run.family_payments.append((purse.person_id, share))
            run.account_pay += share
            run.trace.amount("family_account", base=rest, result=share)
            rest -= share
