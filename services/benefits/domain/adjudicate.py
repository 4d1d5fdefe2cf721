"""The split of one bill by one policy snapshot (domain rule 5.2): pure, exact, traced.

The steps and their order come from the pack; this module holds what each named step does. Amounts
are fen, ratios Fractions; a fund amount is rounded once, by the pack's rule; cash is the residual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.benefits.domain import schema
from services.benefits.domain.classify import person_of, setting_of, travel_of
from services.benefits.domain.errors import not_covered
from services.benefits.domain.model import (
    CRITICAL_ILLNESS_FUND_TYPE,
    LARGE_AMOUNT_FUND_TYPE,
    POOLED_FUND_TYPES,
    Accumulators,
    BenefitLevel,
    FundPayment,
    Outcome,
    Setting,
    Stay,
    Travel,
)
from services.benefits.domain.schema import (
    CapBasis,
    CapCounts,
    CriticalBasis,
    DeductibleMode,
    Dimension,
    PatientPart,
    PolicyStep,
    ReducedStep,
    ReductionMode,
    SegmentBasis,
    SegmentSpan,
)
from services.benefits.domain.trace import Trace
from services.kit.errors import InvalidArgument
from services.kit.money import round_fen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.benefits.domain.model import Amounts, Case
    from services.benefits.domain.schema import Scale
    from services.benefits.domain.snapshot import Policy, Snapshot

_ZERO: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier parts of the same stay took, fen and counts."""

    in_scope: int = 0
    deductible: int = 0
    stays_counted: int = 0
    """1: the stay has been counted; 0: this part counts it."""
    stays_before: int | None = None
    """Stays counted before this one, as of its first part; None: this is the first part."""


NO_PARTS: Final = Earlier()


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
) -> Outcome:
    """Returns who pays what of a bill of one benefit year, and how it was computed.

    Args:
        case: the bill.
        snapshot: what `find_snapshot` gave for it.
        accumulators: the person's sums of the benefit year of `case.end_date` before this bill.
        account_balance: personal account before this bill, fen.
        earlier: what other parts of the same stay took before.

    Raises:
        InvalidArgument: amounts negative or not adding up, or the dates in the wrong order.
        RuleForbids: POLICY_NOT_COVERED for a person type or a combination that no pack models.
        ValueError: the snapshot is not that of the case; a bug of the caller.
    """
    check_case(case)
    if not (
        snapshot.region_code == case.insured_region_code
        and snapshot.scheme_code == case.scheme_code
        and snapshot.setting is setting_of(case.medical_type_code)
        and snapshot.covers(case.end_date)
        and account_balance >= 0
    ):
        msg = "snapshot or balance does not belong to the case"
        raise ValueError(msg)
    run = _Run(case, snapshot, accumulators, earlier)
    for step in snapshot.steps:
        _STEPS[step](run)
    return run.outcome(account_balance)


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


class _Run:
    """The working state of one adjudication; lives for one call of `adjudicate`."""

    def __init__(
        self, case: Case, snapshot: Snapshot, before: Accumulators, earlier: Earlier
    ) -> None:
        self.case = case
        self.amounts: Amounts = case.amounts
        self.snapshot = snapshot
        self.before = before
        self.earlier = earlier
        first = earlier.stays_before is None
        self.stays_before = before.inpatient_count if first else earlier.stays_before or 0
        coordinates = _coordinates(case, snapshot, self.stays_before)
        self.travel = coordinates[Dimension.TRAVEL]
        self.trace = Trace(snapshot, coordinates, case.end_date.isoformat())
        if not first:
            self.trace.amount("stay_before", base=earlier.in_scope, result=earlier.deductible)
        self.rounding = self.trace.read(schema.ROUNDING)
        self.standard = 0
        self.deductible = 0
        # In-scope cost after the deductible, cut at the bounds of the segments, lowest first.
        self.portions: list[tuple[int, Fraction]] = []
        self.reduction: tuple[ReductionMode, Fraction] | None = None
        self.pooled = 0
        # Cost that the pooled fund left to the next fund because of its cap; exact.
        self.excess = _ZERO
        self.large = 0
        self.critical = 0
        self.critical_base = 0
        self.account_parts: frozenset[PatientPart] = frozenset()

    @property
    def base(self) -> int:
        """In-scope cost after the deductible."""
        return self.amounts.in_scope - self.deductible

    @property
    def setting_before(self) -> tuple[int, int, int]:
        """Year to date of this setting: in scope, deductible, pooled fund."""
        sums = self.before
        if self.snapshot.setting is Setting.OUTPATIENT:
            return sums.outpatient_in_scope, sums.outpatient_deductible, sums.outpatient_fund
        return sums.inpatient_in_scope, sums.inpatient_deductible, sums.fund_pooled

    def rounded(self, exact: Fraction) -> int:
        """Returns an exact amount in fen by the pack's rule."""
        return round_fen(exact, self.rounding)

    def reduced(self, ratio: Fraction) -> Fraction:
        """Returns a ratio after the reduction for care elsewhere."""
        if self.reduction is None:
            return ratio
        mode, cut = self.reduction
        if mode is ReductionMode.POINTS:
            return max(_ZERO, ratio - cut)
        return ratio * (1 - cut)

    def outcome(self, balance: int) -> Outcome:
        """Pays the account, leaves the rest to cash, and sums up."""
        amounts = self.amounts
        funds = (
            FundPayment(POOLED_FUND_TYPES[self.case.scheme_code], self.pooled),
            FundPayment(LARGE_AMOUNT_FUND_TYPE, self.large),
            FundPayment(CRITICAL_ILLNESS_FUND_TYPE, self.critical),
        )
        fund_total = self.pooled + self.large + self.critical
        patient = amounts.total - fund_total
        allowed = sum(
            {
                PatientPart.IN_SCOPE: amounts.in_scope - fund_total,
                PatientPart.PRIOR_SELF_PAY: amounts.prior_self_pay,
                PatientPart.OVER_LIMIT: amounts.over_limit,
                PatientPart.FULL_SELF_PAY: amounts.full_self_pay,
            }[part]
            for part in self.account_parts
        )
        account = min(balance, allowed)
        if self.account_parts:
            self.trace.amount("account", base=allowed, result=account)
        self.trace.amount("cash", base=patient, result=patient - account)
        return Outcome(
            amounts=amounts,
            deductible=self.deductible,
            deductible_standard=self.standard,
            fund_payments=tuple(fund for fund in funds if fund.amount_fen),
            fund_total=fund_total,
            account_pay=account,
            account_balance=balance - account,
            cash_pay=patient - account,
            patient_total=patient,
            above_cap=round_fen(self.excess),
            critical_base=self.critical_base,
            delta=self._delta(account),
            benefit_year=self.case.end_date.year,
            policy_version=self.snapshot.policy_version,
            sample=self.trace.sample,
            steps=tuple(self.trace.steps),
            stays_before=self.stays_before,
        )

    def _delta(self, account: int) -> Accumulators:
        amounts = self.amounts
        if self.snapshot.setting is Setting.OUTPATIENT:
            used = Accumulators(
                outpatient_in_scope=amounts.in_scope,
                outpatient_deductible=self.deductible,
                outpatient_fund=self.pooled,
            )
        else:
            used = Accumulators(
                inpatient_in_scope=amounts.in_scope,
                inpatient_deductible=self.deductible,
                inpatient_count=int(
                    self.snapshot.setting is Setting.INPATIENT and not self.earlier.stays_counted
                ),
                fund_pooled=self.pooled,
            )
        return replace(
            used,
            fund_large_amount=self.large,
            fund_critical_illness=self.critical,
            critical_illness_base=self.critical_base,
            account_pay=account,
        )


def _coordinates(case: Case, snapshot: Snapshot, stays_before: int) -> Mapping[Dimension, str]:
    person = person_of(case.person_type_code)
    if person is None or person.value not in snapshot.persons:
        raise _not_covered(case, f"person type {case.person_type_code[:2]}")
    travel = travel_of(
        insured_region_code=case.insured_region_code, care_region_code=case.care_region_code
    )
    return {
        Dimension.LEVEL: case.level.value,
        Dimension.PERSON: person.value,
        Dimension.STAY: (Stay.LATER if stays_before else Stay.FIRST).value,
        Dimension.TRAVEL: travel.value,
        Dimension.BENEFIT_LEVEL: case.benefit_level.value,
    }


def _deduct(run: _Run) -> None:
    mode = run.trace.read(schema.DEDUCTIBLE_MODE)
    standard = run.trace.read(schema.DEDUCTIBLE_AMOUNT)
    in_scope = run.amounts.in_scope
    if mode is DeductibleMode.DECREASING_STAY:
        step = run.trace.read(schema.DEDUCTIBLE_STEP)
        floor = run.trace.read(schema.DEDUCTIBLE_FLOOR)
        # A standard that is below the floor from the start is not raised to it.
        standard = max(min(standard, floor), standard - step * run.stays_before)
    if mode is DeductibleMode.PER_YEAR:
        in_scope_before, _, _ = run.setting_before
        left = max(0, standard - in_scope_before)
    else:
        left = max(0, standard - run.earlier.deductible)
    run.standard = standard
    run.deductible = min(in_scope, left)
    run.trace.amount("deductible", base=in_scope, result=run.deductible)


def _segment(run: _Run) -> None:
    if run.base:
        _read_reduction(run)
        applies = run.reduction is not None and ReducedStep.SEGMENTS in run.trace.read(
            schema.REDUCTION_APPLIES_TO
        )
        basis = run.trace.read(schema.SEGMENTS_BASIS)
        span = run.trace.read(schema.SEGMENTS_SPAN)
        scale, read = run.trace.read_scale(schema.SEGMENTS_SCALE)
        cost_before, deducted_before = run.earlier.in_scope, run.earlier.deductible
        if span is SegmentSpan.YEAR:
            cost_before, deducted_before, _ = run.setting_before
        start = cost_before - deducted_before
        if basis is SegmentBasis.COST:
            start = cost_before + run.deductible
        for length, ratio in _cut(scale, start, start + run.base):
            paid = run.reduced(ratio) if applies else ratio
            run.portions.append((length, paid))
            run.trace.use_bracket(read, ratio=ratio, paid=paid)
            run.trace.amount("segment", base=length, result=round_fen(length * paid))
    exact = sum((length * ratio for length, ratio in run.portions), _ZERO)
    run.pooled = run.rounded(exact)
    run.trace.amount("pooled_fund", base=run.base, result=run.pooled, rounding=run.rounding.value)


def _read_reduction(run: _Run) -> None:
    if run.travel == Travel.LOCAL.value:
        return
    if run.snapshot.has(schema.REDUCTION_HOME_PROVINCES):
        home = run.trace.read(schema.REDUCTION_HOME_PROVINCES)
        if run.case.care_region_code[:2] in home:
            return
    unfiled = run.case.benefit_level is BenefitLevel.UNFILED
    cut = run.trace.read(schema.REDUCTION_UNFILED if unfiled else schema.REDUCTION_FILED)
    if cut:
        run.reduction = (run.trace.read(schema.REDUCTION_MODE), cut)


def _cut(scale: Scale, start: int, end: int) -> list[tuple[int, Fraction]]:
    """Returns the lengths of [start, end) that fall into each bracket, with its ratio."""
    portions = []
    for index, bracket in enumerate(scale):
        upper = scale[index + 1].above if index + 1 < len(scale) else end
        length = min(end, upper) - max(start, bracket.above)
        if length > 0:
            portions.append((length, bracket.ratio))
    return portions


def _cap(run: _Run) -> None:
    cap = run.trace.read(schema.CAP_AMOUNT)
    basis = run.trace.read(schema.CAP_BASIS)
    counts = run.trace.read(schema.CAP_COUNTS)
    cost_before, _, fund_before = run.setting_before
    if counts is CapCounts.SCHEME:
        sums = run.before
        cost_before = sums.inpatient_in_scope + sums.outpatient_in_scope
        fund_before = sums.fund_pooled + sums.outpatient_fund
    if basis is CapBasis.FUND:
        room = max(0, cap - fund_before)
        covered, paid = _within_fund(run.portions, room)
    else:
        room = max(0, cap - cost_before - run.deductible)
        covered, paid = _within_cost(run.portions, room)
    run.excess = run.base - covered
    run.pooled = run.rounded(paid)
    run.trace.amount("pooled_cap", base=room, result=run.pooled, rounding=run.rounding.value)


def _within_fund(portions: list[tuple[int, Fraction]], room: int) -> tuple[Fraction, Fraction]:
    """Returns the cost covered until the fund has paid `room`, and what it pays."""
    covered, paid = _ZERO, _ZERO
    for length, ratio in portions:
        share = length * ratio
        if paid + share > room:
            return covered + (room - paid) / ratio, Fraction(room)
        covered, paid = covered + length, paid + share
    return covered, paid


def _within_cost(portions: list[tuple[int, Fraction]], room: int) -> tuple[Fraction, Fraction]:
    """Returns the cost covered when the fund pays for at most `room` of it, and what it pays."""
    covered, paid = 0, _ZERO
    for length, ratio in portions:
        taken = min(length, room - covered)
        covered, paid = covered + taken, paid + taken * ratio
    return Fraction(covered), paid


def _pay_large_amount(run: _Run) -> None:
    if not run.excess:
        return
    ratio = run.trace.read(schema.LARGE_RATIO)
    cap = run.trace.read(schema.LARGE_CAP)
    paid = ratio
    if run.reduction is not None and ReducedStep.LARGE_AMOUNT in run.trace.read(
        schema.REDUCTION_APPLIES_TO
    ):
        paid = run.reduced(ratio)
    room = max(0, cap - run.before.fund_large_amount)
    run.large = min(room, run.rounded(run.excess * paid))
    run.trace.amount(
        "large_amount",
        base=round_fen(run.excess),
        result=run.large,
        rounding=run.rounding.value,
    )


def _pay_critical_illness(run: _Run) -> None:
    burden = run.amounts.in_scope - run.pooled - run.large
    if not run.trace.read(schema.CRITICAL_DEDUCTIBLE_COUNTS):
        burden -= run.deductible
    run.critical_base = burden
    run.trace.amount("critical_illness_base", base=run.amounts.in_scope, result=burden)
    threshold = run.trace.read(schema.CRITICAL_THRESHOLD)
    end = run.before.critical_illness_base + burden
    if end <= threshold:
        run.trace.amount("critical_illness", base=0, result=0)
        return
    start = max(run.before.critical_illness_base, threshold)
    basis = run.trace.read(schema.CRITICAL_BASIS)
    scale, read = run.trace.read_scale(schema.CRITICAL_SCALE)
    shift = threshold if basis is CriticalBasis.ABOVE_THRESHOLD else 0
    exact = _ZERO
    for length, ratio in _cut(scale, start - shift, end - shift):
        exact += length * ratio
        run.trace.use_bracket(read, ratio=ratio, paid=ratio)
        run.trace.amount("critical_illness_band", base=length, result=round_fen(length * ratio))
    run.critical = run.rounded(exact)
    if run.snapshot.has(schema.CRITICAL_CAP):
        cap = run.trace.read(schema.CRITICAL_CAP)
        run.critical = min(run.critical, max(0, cap - run.before.fund_critical_illness))
    run.trace.amount(
        "critical_illness", base=end - start, result=run.critical, rounding=run.rounding.value
    )


def _allow_account(run: _Run) -> None:
    if run.case.use_account:
        run.account_parts = run.trace.read(schema.ACCOUNT_PAYS)


_STEPS: Final[Mapping[PolicyStep, Callable[[_Run], None]]] = {
    PolicyStep.DEDUCTIBLE: _deduct,
    PolicyStep.SEGMENTS: _segment,
    PolicyStep.POOLED_CAP: _cap,
    PolicyStep.LARGE_AMOUNT: _pay_large_amount,
    PolicyStep.CRITICAL_ILLNESS: _pay_critical_illness,
    PolicyStep.ACCOUNT: _allow_account,
}
