"""The split of one bill by one policy snapshot (domain rule 5.2): pure, exact, traced.

The steps and their order come from the pack; here stands which function each named step is. Amounts
are fen, ratios Fractions; a fund amount is rounded once, by the pack's rule; cash is the residual.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from services.benefits.domain import steps_pooled, steps_upper
from services.benefits.domain.classify import person_of, setting_of, travel_of
from services.benefits.domain.disease import policy_disease, qualification
from services.benefits.domain.errors import not_covered
from services.benefits.domain.model import (
    NO_CIRCUMSTANCES,
    Accumulators,
    AidIdentity,
    Causes,
    EntitlementKind,
    FundPayment,
    Outcome,
    Setting,
    Stay,
)
from services.benefits.domain.run import NO_PARTS, SUMS, Claim, Earlier, Run
from services.benefits.domain.schema import Burden, Dimension, PolicyStep
from services.benefits.domain.snapshot import areas_of
from services.kit.errors import InvalidArgument, RuleForbids

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.benefits.domain.model import Case, Circumstances, Entitlement
    from services.benefits.domain.snapshot import Policy, Snapshot

__all__ = ["NO_PARTS", "Earlier", "adjudicate", "check_case", "find_snapshot"]

_STEPS: Final[Mapping[PolicyStep, Callable[[Run], None]]] = MappingProxyType(
    {
        PolicyStep.AWAY_SELF_PAY: steps_pooled.pay_away_first,
        PolicyStep.DEDUCTIBLE: steps_pooled.deduct,
        PolicyStep.SEGMENTS: steps_pooled.segment,
        PolicyStep.DISEASE_LIMIT: steps_pooled.limit_disease,
        PolicyStep.POOLED_CAP: steps_pooled.cap,
        PolicyStep.LARGE_AMOUNT: steps_upper.pay_large_amount,
        PolicyStep.CRITICAL_ILLNESS: steps_upper.pay_critical_illness,
        PolicyStep.CIVIL_SERVANT: steps_upper.pay_civil_servant,
        PolicyStep.ENTERPRISE_SUPPLEMENT: steps_upper.pay_enterprise_supplement,
        PolicyStep.DISABLED_VETERAN: steps_upper.pay_disabled_veteran,
        PolicyStep.MEDICAL_AID: steps_upper.pay_medical_aid,
        PolicyStep.OTHER_FUND: steps_upper.pay_other_fund,
        PolicyStep.ACCOUNT: steps_upper.pay_account,
    }
)
_STEP_OF: Final = {
    EntitlementKind.MEDICAL_AID: PolicyStep.MEDICAL_AID,
    EntitlementKind.CIVIL_SERVANT: PolicyStep.CIVIL_SERVANT,
    EntitlementKind.ENTERPRISE_SUPPLEMENT: PolicyStep.ENTERPRISE_SUPPLEMENT,
    EntitlementKind.DISABLED_VETERAN: PolicyStep.DISABLED_VETERAN,
}
"""Which step pays what an entitlement is to."""
_STAYS: Final = (Stay.FIRST.value, Stay.SECOND.value, Stay.LATER.value)


def find_snapshot(policy: Policy, case: Case) -> Snapshot:
    """Returns the snapshot for a case: the date of discharge or visit decides.

    Raises:
        RuleForbids: POLICY_NOT_COVERED for a region, scheme, medical type or date not modelled.
    """
    setting = setting_of(case.medical_type_code)
    if setting is None:
        raise _not_covered(case, f"medical type {case.medical_type_code[:2]}")
    return policy.at(
        region_code=case.insured_region_code,
        scheme_code=case.scheme_code,
        setting=setting,
        day=case.end_date,
    )


def adjudicate(
    case: Case,
    snapshot: Snapshot,
    accumulators: Accumulators,
    account_balance: int,
    earlier: Earlier = NO_PARTS,
    *,
    circumstances: Circumstances = NO_CIRCUMSTANCES,
) -> Outcome:
    """Returns who pays what of a bill of one benefit year, and how it was computed.

    Args:
        case: the bill.
        snapshot: what `find_snapshot` gave for it.
        accumulators: the person's sums of the benefit year of `case.end_date` before this bill.
        account_balance: personal account before this bill, fen.
        earlier: what other parts of the same stay took before.
        circumstances: entitlements, and the tallies and relatives that the policy reads.

    Raises:
        InvalidArgument: amounts negative or not adding up, the dates in the wrong order, or a bill
            of a chronic disease without the disease.
        RuleForbids: POLICY_NOT_COVERED for what the pack does not model; DISEASE_NOT_QUALIFIED for
            a chronic disease that the person is not acknowledged to have on the last day.
        ValueError: the snapshot is not that of the case; a bug of the caller.
    """
    check_case(case)
    if not (
        snapshot.region_code in areas_of(case.insured_region_code)
        and snapshot.scheme_code == case.scheme_code
        and snapshot.setting is setting_of(case.medical_type_code)
        and snapshot.covers(case.end_date)
        and account_balance >= 0
        and all(purse.balance >= 0 for purse in circumstances.relatives)
    ):
        msg = "snapshot or balance does not belong to the case"
        raise ValueError(msg)
    stays_before = earlier.stays_before
    if stays_before is None:
        stays_before = accumulators.inpatient_count
    run = Run(
        case,
        snapshot,
        _claim(case, snapshot, circumstances.entitlements, stays_before),
        before=accumulators,
        balance=account_balance,
        earlier=earlier,
        circumstances=circumstances,
    )
    for step in snapshot.steps:
        _STEPS[step](run)
    return _outcome(run)


def check_case(case: Case) -> None:
    """Returns when the amounts add up and the dates are in order.

    Raises:
        InvalidArgument: FIELD_INVALID or BILL_TOTAL_MISMATCH, naming the field.
    """
    amounts = case.amounts
    parts = (
        amounts.full_self_pay,
        amounts.over_limit,
        amounts.prior_self_pay,
        amounts.in_scope,
    )
    if min(parts) < 0 or amounts.total <= 0:
        raise InvalidArgument(
            "FIELD_INVALID", "the total is positive and no part is negative", field="case.amounts"
        )
    if sum(parts) != amounts.total:
        raise InvalidArgument(
            "BILL_TOTAL_MISMATCH",
            "the four parts do not add up to the total",
            field="case.amounts.total",
            metadata={"statedFen": str(amounts.total), "computedFen": str(sum(parts))},
        )
    if case.end_date < case.begin_date:
        raise InvalidArgument("FIELD_INVALID", "ends before it begins", field="case.end_date")


def _not_covered(case: Case, missing: str) -> Exception:
    return not_covered(
        region_code=case.insured_region_code,
        scheme_code=case.scheme_code,
        settlement_date=case.end_date.isoformat(),
        missing=missing,
    )


def _claim(
    case: Case, snapshot: Snapshot, entitlements: tuple[Entitlement, ...], stays_before: int
) -> Claim:
    person = person_of(case.person_type_code)
    if person is None or person.value not in snapshot.persons:
        raise _not_covered(case, f"person type {case.person_type_code[:2]}")
    held = [one for one in entitlements if one.holds_on(case.end_date)]
    entitled = frozenset(one.kind for one in held)
    if snapshot.setting is not Setting.PHARMACY:
        for kind in entitled:
            step = _STEP_OF.get(kind)
            if step is not None and step not in snapshot.steps:
                raise _not_covered(case, step.value)
    disease = ""
    if snapshot.setting is Setting.CHRONIC:
        disease = _disease(case, snapshot, entitlements)
    travel = travel_of(
        insured_region_code=case.insured_region_code, care_region_code=case.care_region_code
    )
    return Claim(
        coordinates={
            Dimension.LEVEL: case.level.value,
            Dimension.PERSON: person.value,
            Dimension.STAY: _STAYS[min(stays_before, 2)],
            Dimension.TRAVEL: travel.value,
            Dimension.BENEFIT_LEVEL: case.benefit_level.value,
            Dimension.IDENTITY: _identity(case, held).value,
            Dimension.DISEASE: disease,
        },
        entitled=entitled,
        disease=disease,
        stays_before=stays_before,
    )


def _identity(case: Case, held: list[Entitlement]) -> AidIdentity:
    """Returns the most favoured identity that a person receives medical aid for."""
    codes = {one.code for one in held if one.kind is EntitlementKind.MEDICAL_AID}
    if not codes:
        return AidIdentity.NONE
    for identity in AidIdentity:
        if identity.value in codes and identity is not AidIdentity.NONE:
            return identity
    raise _not_covered(case, "medical_aid identity")


def _disease(case: Case, snapshot: Snapshot, entitlements: tuple[Entitlement, ...]) -> str:
    """Returns the disease as the policy names it, for who is acknowledged to have it."""
    code = case.disease_code
    if not code:
        raise InvalidArgument(
            "FIELD_INVALID",
            "a bill of medical type 14 names its disease",
            field="case.disease_code",
        )
    disease = policy_disease(snapshot.diseases, code)
    if not disease:
        raise _not_covered(case, f"disease {code}")
    if qualification(entitlements, code, disease, case.end_date) is None:
        raise RuleForbids(
            "DISEASE_NOT_QUALIFIED",
            "the person is not acknowledged to have the disease of the bill on its last day",
            metadata={"date": case.end_date.isoformat()},
        )
    return disease


def _outcome(run: Run) -> Outcome:
    """Leaves the rest to cash, and sums up."""
    case, amounts, left = run.case, run.case.amounts, run.left
    fund_total = sum(run.funds.values())
    patient = amounts.total - fund_total
    cash = patient - run.account_pay
    run.trace.amount("cash", base=patient, result=cash)
    return Outcome(
        amounts=amounts,
        deductible=run.deductible,
        deductible_standard=run.standard,
        fund_payments=tuple(FundPayment(code, fen) for code, fen in run.funds.items() if fen),
        fund_total=fund_total,
        account_pay=run.account_pay,
        account_balance=run.balance,
        cash_pay=cash,
        patient_total=patient,
        above_cap=run.rounded(run.excess),
        critical_base=run.critical_base,
        delta=_delta(run),
        benefit_year=run.snapshot.benefit_year_of(case.end_date),
        policy_version=run.snapshot.policy_version,
        sample=run.trace.sample,
        steps=tuple(run.trace.steps),
        stays_before=run.claim.stays_before,
        causes=Causes(
            full_self_pay=amounts.full_self_pay,
            over_limit=amounts.over_limit,
            prior_self_pay=amounts.prior_self_pay,
            away_self_pay=left[Burden.AWAY_SELF_PAY],
            deductible=left[Burden.DEDUCTIBLE],
            share=left[Burden.SHARE],
            above_cap=left[Burden.ABOVE_CAP],
        ),
        family_payments=tuple(run.family_payments),
    )


def _delta(run: Run) -> Accumulators:
    in_scope, deductible, fund = SUMS[run.snapshot.setting]
    used = {
        in_scope: run.in_scope,
        deductible: run.deductible,
        fund: run.pooled,
        "account_pay": run.account_pay,
        **run.used,
    }
    if run.snapshot.setting is Setting.INPATIENT and not run.earlier.stays_counted:
        used["inpatient_count"] = 1
    return Accumulators(**used)
