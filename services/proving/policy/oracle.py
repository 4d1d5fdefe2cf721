"""Who pays what of a bill, computed a second time by the formulas as the rules write them.

The engine works step by step on what is left; this works from sums: F(x) is what a fund pays of a
year's cost x, and a bill is paid F(after) - F(before) (domain rule 5.5). It knows no trace, no
parts of a stay and no split of years. What both compute must agree to the fen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from services.benefits.domain import schema
from services.benefits.domain.classify import person_of, travel_of
from services.benefits.domain.model import (
    AidIdentity,
    BenefitLevel,
    EntitlementKind,
    LongTermEvidence,
    Setting,
)
from services.benefits.domain.schema import Burden, Dimension, PolicyStep
from services.kit.money import round_fen

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.benefits.domain.model import Accumulators, Case, Circumstances
    from services.benefits.domain.snapshot import Snapshot

_UPPER = {
    PolicyStep.CIVIL_SERVANT: (
        "320100",
        "fund_civil_servant",
        EntitlementKind.CIVIL_SERVANT,
    ),
    PolicyStep.ENTERPRISE_SUPPLEMENT: (
        "370100",
        "fund_enterprise_supplement",
        EntitlementKind.ENTERPRISE_SUPPLEMENT,
    ),
    PolicyStep.DISABLED_VETERAN: (
        "350100",
        "fund_disabled_veteran",
        EntitlementKind.DISABLED_VETERAN,
    ),
    PolicyStep.OTHER_FUND: ("910100", "fund_other", None),
}
_TAKEN_FROM = (Burden.ABOVE_CAP, Burden.SHARE, Burden.DEDUCTIBLE, Burden.AWAY_SELF_PAY)


class NotCovered(Exception):
    """The pack leaves a value out."""


@dataclass(slots=True)
class Expected:
    """What the formulas give, fen."""

    deductible: int = 0
    funds: dict[str, int] = field(default_factory=dict)
    left: dict[Burden, int] = field(default_factory=dict)
    """What the patient bears of the in-scope cost, by cause."""
    critical_base: int = 0

    def pay(self, code: str, fen: int) -> None:
        """Adds what a fund pays."""
        if fen:
            self.funds[code] = self.funds.get(code, 0) + fen

    def take(self, counted: frozenset[Burden], fen: int) -> None:
        """Takes what a fund pays off what it counts."""
        for burden in _TAKEN_FROM:
            if burden in counted:
                part = min(fen, self.left[burden])
                self.left[burden] -= part
                fen -= part


def scale_sum(scale: schema.Scale, cost: Fraction) -> Fraction:
    """Returns what a scale pays of a cost from zero."""
    paid = Fraction(0)
    for index, bracket in enumerate(scale):
        upper = Fraction(scale[index + 1].above) if index + 1 < len(scale) else cost
        paid += max(Fraction(0), min(cost, upper) - bracket.above) * bracket.ratio
    return paid


class _Reader:
    def __init__(self, case: Case, snapshot: Snapshot, before: Accumulators, *, aid: str) -> None:
        person = person_of(case.person_type_code)
        if person is None or person.value not in snapshot.persons:
            raise NotCovered
        self.travel = travel_of(
            insured_region_code=case.insured_region_code, care_region_code=case.care_region_code
        ).value
        names = ("first", "second", "later")
        self._snapshot = snapshot
        self._at = {
            Dimension.LEVEL: case.level.value,
            Dimension.PERSON: person.value,
            Dimension.STAY: names[min(before.inpatient_count, 2)],
            Dimension.TRAVEL: self.travel,
            Dimension.BENEFIT_LEVEL: case.benefit_level.value,
            Dimension.IDENTITY: aid,
            Dimension.DISEASE: "",
        }

    def has(self, spec: schema.AnySpec) -> bool:
        return self._snapshot.has(spec)

    def __getitem__(self, spec: schema.AnySpec) -> Any:
        found = self._snapshot.read(spec, self._at)
        if found is None:
            raise NotCovered
        return found.value


def expected(
    case: Case, snapshot: Snapshot, before: Accumulators, circumstances: Circumstances
) -> Expected:
    """Returns what a whole bill gives; not for chronic files, months, quarters and hospitals.

    Raises:
        NotCovered: where the engine answers POLICY_NOT_COVERED.
    """
    held = {e.kind for e in circumstances.entitlements if e.holds_on(case.end_date)}
    codes = {
        e.code
        for e in circumstances.entitlements
        if e.kind is EntitlementKind.MEDICAL_AID and e.holds_on(case.end_date)
    }
    aid = next((i.value for i in AidIdentity if i.value in codes), AidIdentity.NONE.value)
    for kind in held - {EntitlementKind.CHRONIC_DISEASE}:
        if snapshot.setting is not Setting.PHARMACY and PolicyStep(kind.value) not in (
            snapshot.steps
        ):
            raise NotCovered
    read = _Reader(case, snapshot, before, aid=aid)
    result = Expected(left=dict.fromkeys(Burden, 0))
    in_scope = case.amounts.in_scope
    if PolicyStep.SEGMENTS not in snapshot.steps:
        result.left[Burden.SHARE] = in_scope
        return result
    _pooled(read, case, snapshot, before, result)
    for step in snapshot.steps:
        if step is PolicyStep.CRITICAL_ILLNESS:
            _critical(read, case, before, result)
        elif step is PolicyStep.MEDICAL_AID and aid != AidIdentity.NONE.value:
            _aid(read, before, result)
        elif step in _UPPER:
            code, paid_before, needed = _UPPER[step]
            if needed is None or needed in held:
                _supplement(read, step, code, getattr(before, paid_before), result)
    return result


def _year(snapshot: Snapshot, before: Accumulators) -> tuple[int, int, int]:
    if snapshot.setting is Setting.INPATIENT:
        return before.inpatient_in_scope, before.inpatient_deductible, before.fund_pooled
    return before.outpatient_in_scope, before.outpatient_deductible, before.outpatient_fund


def _home(read: _Reader) -> frozenset[str]:
    if not read.has(schema.REDUCTION_HOME_PROVINCES):
        return frozenset()
    found: frozenset[str] = read[schema.REDUCTION_HOME_PROVINCES]
    return found


def _cut(read: _Reader, case: Case) -> Fraction | None:
    """Returns the reduction that applies, or None."""
    filed_elsewhere = case.long_term_evidence is not LongTermEvidence.NONE
    cut: Fraction
    if filed_elsewhere and read.travel != "cross_province" and read.has(schema.REDUCTION_TWO_WAY):
        cut = read[schema.REDUCTION_TWO_WAY]
        if case.long_term_evidence is LongTermEvidence.COMMITMENT:
            way = read[schema.REDUCTION_TWO_WAY_COMMITMENT]
            if way is schema.TwoWay.NOT_COVERED:
                raise NotCovered
            if way is schema.TwoWay.AS_UNFILED:
                cut = read[schema.REDUCTION_UNFILED]
        return cut or None
    if read.travel == "local" or case.care_region_code[:2] in _home(read):
        return None
    unfiled = case.benefit_level is BenefitLevel.UNFILED
    cut = read[schema.REDUCTION_UNFILED if unfiled else schema.REDUCTION_FILED]
    return cut or None


def _reduced(read: _Reader, scale: schema.Scale, cut: Fraction | None) -> schema.Scale:
    if cut is None:
        return scale
    if read[schema.REDUCTION_MODE] is schema.ReductionMode.POINTS:
        return tuple(schema.Bracket(b.above, max(Fraction(0), b.ratio - cut)) for b in scale)
    return tuple(schema.Bracket(b.above, b.ratio * (1 - cut)) for b in scale)


def _deductible(read: _Reader, snapshot: Snapshot, before: Accumulators, base: int) -> int:
    mode = read[schema.DEDUCTIBLE_MODE]
    standard: int = read[schema.DEDUCTIBLE_AMOUNT]
    cost, taken, _ = _year(snapshot, before)
    if mode is schema.DeductibleMode.DECREASING_STAY:
        floor = min(standard, read[schema.DEDUCTIBLE_FLOOR])
        standard = max(floor, standard - read[schema.DEDUCTIBLE_STEP] * before.inpatient_count)
    elif mode is schema.DeductibleMode.PER_YEAR:
        standard = max(0, standard - cost)
    elif mode is schema.DeductibleMode.TOP_UP:
        standard = max(0, standard - taken)
    return min(base, standard)


def _pooled(
    read: _Reader, case: Case, snapshot: Snapshot, before: Accumulators, result: Expected
) -> None:
    rounding = read[schema.ROUNDING]
    base = case.amounts.in_scope
    away_from_home = read.travel != "local" and case.care_region_code[:2] not in _home(read)
    if PolicyStep.AWAY_SELF_PAY in snapshot.steps and away_from_home:
        away = round_fen(base * read[schema.AWAY_SELF_PAY_RATIO], rounding)
        result.left[Burden.AWAY_SELF_PAY] = away
        base -= away
    if PolicyStep.DEDUCTIBLE in snapshot.steps:
        result.deductible = _deductible(read, snapshot, before, base)
    rest = base - result.deductible
    cut = _cut(read, case) if rest else None
    start, scale = _segments(read, snapshot, before, cut, result.deductible, rest=rest)

    def paid_of(cost: Fraction) -> Fraction:
        return scale_sum(scale, start + cost) - scale_sum(scale, start)

    covered = Fraction(rest)
    if PolicyStep.POOLED_CAP in snapshot.steps:
        covered = _covered(read, snapshot, before, result.deductible, rest, paid_of)
    pooled = round_fen(paid_of(covered), rounding)
    result.pay(f"{case.scheme_code}100", pooled)
    above = min(round_fen(rest - covered, rounding), rest - pooled)
    large = 0
    if PolicyStep.LARGE_AMOUNT in snapshot.steps and covered < rest:
        large = min(above, _large(read, before, cut, rest - covered))
        result.pay("330100", large)
    result.left[Burden.DEDUCTIBLE] = result.deductible
    result.left[Burden.ABOVE_CAP] = above - large
    result.left[Burden.SHARE] = rest - pooled - above


def _segments(
    read: _Reader,
    snapshot: Snapshot,
    before: Accumulators,
    cut: Fraction | None,
    deductible: int,
    *,
    rest: int,
) -> tuple[Fraction, schema.Scale]:
    """Returns where on its scale the cost after the deductible begins, and the scale."""
    if not rest:
        return Fraction(0), ()
    cost_before, taken_before, _ = _year(snapshot, before)
    if read[schema.SEGMENTS_SPAN] is schema.SegmentSpan.STAY:
        cost_before = taken_before = 0
    start = cost_before - taken_before
    if read[schema.SEGMENTS_BASIS] is schema.SegmentBasis.COST:
        start = cost_before + deductible
    scale = read[schema.SEGMENTS_SCALE]
    if cut is not None and schema.ReducedStep.SEGMENTS in read[schema.REDUCTION_APPLIES_TO]:
        scale = _reduced(read, scale, cut)
    return Fraction(start), scale


def _large(read: _Reader, before: Accumulators, cut: Fraction | None, excess: Fraction) -> int:
    bands = read[schema.LARGE_SCALE]
    if cut is not None and schema.ReducedStep.LARGE_AMOUNT in read[schema.REDUCTION_APPLIES_TO]:
        bands = _reduced(read, bands, cut)
    since = Fraction(before.large_amount_base)
    exact = scale_sum(bands, since + excess) - scale_sum(bands, since)
    paid = round_fen(exact, read[schema.ROUNDING])
    cap = read[schema.LARGE_CAP]
    return paid if cap is None else min(paid, max(0, cap - before.fund_large_amount))


def _covered(  # noqa: PLR0917  # one formula
    read: _Reader,
    snapshot: Snapshot,
    before: Accumulators,
    deductible: int,
    rest: int,
    paid_of: Callable[[Fraction], Fraction],
) -> Fraction:
    """Returns the cost up to which the pooled fund pays."""
    cap = read[schema.CAP_AMOUNT]
    if cap is None:
        return Fraction(rest)
    cost_before, _, fund_before = _year(snapshot, before)
    if read[schema.CAP_COUNTS] is schema.CapCounts.SCHEME:
        cost_before = (
            before.inpatient_in_scope + before.outpatient_in_scope + before.chronic_in_scope
        )
        fund_before = before.fund_pooled + before.outpatient_fund + before.chronic_fund
    if read[schema.CAP_BASIS] is schema.CapBasis.COST:
        return Fraction(min(rest, max(0, cap - cost_before - deductible)))
    room = max(0, cap - fund_before)
    if paid_of(Fraction(rest)) <= room:
        return Fraction(rest)
    # Found by halving on the fen, then exactly: between two bounds the fund is linear.
    low, high = 0, rest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if paid_of(Fraction(middle)) <= room else (low, middle)
    slope = paid_of(Fraction(high)) - paid_of(Fraction(low))
    covered: Fraction = low + (room - paid_of(Fraction(low))) / slope
    return covered


def _critical(read: _Reader, case: Case, before: Accumulators, result: Expected) -> None:
    counted = {Burden.SHARE, Burden.ABOVE_CAP}
    if read[schema.CRITICAL_DEDUCTIBLE_COUNTS]:
        counted.add(Burden.DEDUCTIBLE)
    burden = sum(result.left[part] for part in counted)
    result.critical_base = burden
    threshold = read[schema.CRITICAL_THRESHOLD]
    bands = read[schema.CRITICAL_SCALE]
    cut = _cut(read, case)
    if (
        cut is not None
        and schema.ReducedStep.CRITICAL_ILLNESS in (read[schema.REDUCTION_APPLIES_TO])
    ):
        bands = _reduced(read, bands, cut)
    shift = threshold if read[schema.CRITICAL_BASIS] is schema.CriticalBasis.ABOVE_THRESHOLD else 0

    def paid_of(cost: int) -> Fraction:
        return scale_sum(bands, Fraction(max(cost, threshold) - shift)) - scale_sum(
            bands, Fraction(threshold - shift)
        )

    since = before.critical_illness_base
    paid = round_fen(paid_of(since + burden) - paid_of(since), read[schema.ROUNDING])
    cap = read[schema.CRITICAL_CAP]
    if cap is not None:
        paid = min(paid, max(0, cap - before.fund_critical_illness))
    result.pay("330100" if case.scheme_code == "310" else "390200", paid)
    result.take(frozenset(counted), paid)


def _supplement(
    read: _Reader, step: PolicyStep, code: str, paid_before: int, result: Expected
) -> None:
    specs = schema.SUPPLEMENTS[step]
    counted = read[specs.counts]
    burden = sum(result.left[part] for part in counted)
    paid = round_fen(scale_sum(read[specs.scale], Fraction(burden)), read[schema.ROUNDING])
    cap = read[specs.cap]
    if cap is not None:
        paid = min(paid, max(0, cap - paid_before))
    result.pay(code, paid)
    result.take(counted, paid)


def _aid(read: _Reader, before: Accumulators, result: Expected) -> None:
    counted = read[schema.MEDICAL_AID_COUNTS]
    burden = sum(result.left[part] for part in counted)
    bands, since = read[schema.MEDICAL_AID_SCALE], Fraction(before.medical_aid_base)
    paid = round_fen(
        scale_sum(bands, since + burden) - scale_sum(bands, since), read[schema.ROUNDING]
    )
    cap = read[schema.MEDICAL_AID_CAP]
    if cap is not None:
        paid = min(paid, max(0, cap - before.fund_medical_aid))
    result.pay("610100", paid)
    result.take(counted, paid)
