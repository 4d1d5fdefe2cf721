"""Who pays what of a bill, computed a second time by the formulas as the rules write them.

The engine works step by step on what is left; this works from sums: F(x) is what a fund pays of a
year's cost x, and a bill is paid F(after) - F(before) (domain rule 5.5). It knows no trace and no
split of years: a piece of a bill is a bill to it. What both compute must agree to the fen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from services.benefits.domain import schema
from services.benefits.domain.adjudicate import NO_PARTS
from services.benefits.domain.classify import person_of, travel_of
from services.benefits.domain.model import (
    AidIdentity,
    BenefitLevel,
    EntitlementKind,
    LongTermEvidence,
    Setting,
)
from services.benefits.domain.schema import (
    Burden,
    DeductibleMode,
    Dimension,
    LimitPeriod,
    LimitType,
    PatientPart,
    PolicyStep,
    SegmentBasis,
    SegmentSpan,
)
from services.kit.diseases import rolled_up
from services.kit.money import Rounding, round_fen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from services.benefits.domain.adjudicate import Earlier
    from services.benefits.domain.model import Accumulators, Case, Circumstances, Tally
    from services.benefits.domain.snapshot import Snapshot

_UPPER: Final = {
    PolicyStep.CIVIL_SERVANT: ("320100", "fund_civil_servant", EntitlementKind.CIVIL_SERVANT),
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
_TAKEN_FROM: Final = (Burden.ABOVE_CAP, Burden.SHARE, Burden.DEDUCTIBLE, Burden.AWAY_SELF_PAY)
_PERIOD_OF: Final = {
    DeductibleMode.PER_YEAR: LimitPeriod.YEAR,
    DeductibleMode.PER_QUARTER: LimitPeriod.QUARTER,
    DeductibleMode.PER_MONTH: LimitPeriod.MONTH,
}
_ZERO: Final = Fraction(0)


class NotCovered(Exception):
    """The pack leaves a value out."""


@dataclass(slots=True)
class Expected:
    """What the formulas give, fen."""

    deductible: int = 0
    funds: dict[str, int] = field(default_factory=dict)
    left: dict[Burden, int] = field(default_factory=dict)
    """What the patient bears of the in-scope cost, by cause."""
    excess: Fraction = _ZERO
    """Cost that the pooled cap cut off."""
    critical_base: int = 0
    account: int = 0
    """From the own account."""
    family: tuple[tuple[UUID, int], ...] = ()
    rounding: Rounding = Rounding.HALF_UP

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


Bands = tuple[tuple[Fraction | int, Fraction], ...]
"""Where a band begins, and its ratio; ascending from zero."""


def _bands(scale: schema.Scale) -> Bands:
    return tuple((bracket.above, bracket.ratio) for bracket in scale)


def scale_sum(bands: Bands, cost: Fraction | int) -> Fraction:
    """Returns what bands pay of a cost from zero."""
    paid = _ZERO
    for index, (above, ratio) in enumerate(bands):
        upper = bands[index + 1][0] if index + 1 < len(bands) else cost
        paid += max(0, min(cost, upper) - above) * ratio
    return paid


class _Reader:
    """The values for one bill, and what was booked before it."""

    def __init__(
        self,
        case: Case,
        snapshot: Snapshot,
        before: Accumulators,
        circumstances: Circumstances,
        earlier: Earlier,
    ) -> None:
        person = person_of(case.person_type_code)
        if person is None or person.value not in snapshot.persons:
            raise NotCovered
        held = [e for e in circumstances.entitlements if e.holds_on(case.end_date)]
        self.entitled = {entitlement.kind for entitlement in held}
        codes = {e.code for e in held if e.kind is EntitlementKind.MEDICAL_AID}
        self.aid = next((i.value for i in AidIdentity if i.value in codes), AidIdentity.NONE.value)
        self.travel = travel_of(
            insured_region_code=case.insured_region_code, care_region_code=case.care_region_code
        ).value
        self.case, self.before, self.earlier = case, before, earlier
        self.snapshot = snapshot
        self.disease = _disease(case, snapshot)
        stays = earlier.stays_before
        self.stays = before.inpatient_count if stays is None else stays
        self._tallies = circumstances.tallies
        self._at = {
            Dimension.LEVEL: case.level.value,
            Dimension.PERSON: person.value,
            Dimension.STAY: ("first", "second", "later")[min(self.stays, 2)],
            Dimension.TRAVEL: self.travel,
            Dimension.BENEFIT_LEVEL: case.benefit_level.value,
            Dimension.IDENTITY: self.aid,
            Dimension.DISEASE: self.disease,
        }

    def has(self, spec: schema.AnySpec) -> bool:
        return self.snapshot.has(spec)

    def __getitem__(self, spec: schema.AnySpec) -> Any:
        found = self.snapshot.read(spec, self._at)
        if found is None:
            raise NotCovered
        return found.value

    def rounded(self, exact: Fraction | int) -> int:
        return round_fen(exact, self[schema.ROUNDING])

    @property
    def year(self) -> tuple[int, int, int]:
        """In scope, deductible and pooled fund of the setting this year."""
        sums = self.before
        if self.snapshot.setting is Setting.INPATIENT:
            return sums.inpatient_in_scope, sums.inpatient_deductible, sums.fund_pooled
        if self.snapshot.setting is Setting.CHRONIC:
            return sums.chronic_in_scope, sums.chronic_deductible, sums.chronic_fund
        return sums.outpatient_in_scope, sums.outpatient_deductible, sums.outpatient_fund

    def booked(self, period: LimitPeriod, *, disease: bool) -> list[Tally]:
        """What was booked of the setting in the period, of the disease or of any."""
        setting, day = self.snapshot.setting, self.case.end_date
        shared = {Setting.OUTPATIENT, Setting.PHARMACY}
        months = {
            LimitPeriod.YEAR: range(1, 13),
            LimitPeriod.QUARTER: range((day.month + 2) // 3 * 3 - 2, (day.month + 2) // 3 * 3 + 1),
            LimitPeriod.MONTH: [day.month],
        }[period]
        return [
            tally
            for tally in self._tallies
            if tally.benefit_year == self.snapshot.benefit_year_of(day)
            and (tally.setting is setting or {tally.setting, setting} == shared)
            and tally.month in months
            and (tally.disease_code == self.disease or not disease)
        ]

    def home(self) -> bool:
        """Whether care there is care at home."""
        provinces: frozenset[str] = frozenset()
        if self.has(schema.REDUCTION_HOME_PROVINCES):
            provinces = self[schema.REDUCTION_HOME_PROVINCES]
        return self.travel == "local" or self.case.care_region_code[:2] in provinces


def _disease(case: Case, snapshot: Snapshot) -> str:
    if snapshot.setting is not Setting.CHRONIC:
        return ""
    for name in (case.disease_code, *rolled_up(case.disease_code)):
        if name in snapshot.diseases:
            return name
    raise NotCovered


def expected(
    case: Case,
    snapshot: Snapshot,
    before: Accumulators,
    circumstances: Circumstances,
    *,
    earlier: Earlier = NO_PARTS,
    balance: int = 0,
) -> Expected:
    """Returns what a bill in one benefit year gives, for who is qualified for its disease.

    Raises:
        NotCovered: where the engine answers POLICY_NOT_COVERED.
    """
    read = _Reader(case, snapshot, before, circumstances, earlier)
    for kind in read.entitled - {EntitlementKind.CHRONIC_DISEASE}:
        if snapshot.setting is not Setting.PHARMACY and PolicyStep(kind.value) not in (
            snapshot.steps
        ):
            raise NotCovered
    result = Expected(left=dict.fromkeys(Burden, 0), rounding=read[schema.ROUNDING])
    result.left[Burden.SHARE] = case.amounts.in_scope
    if PolicyStep.SEGMENTS in snapshot.steps:
        _pooled(read, result)
    for step in snapshot.steps:
        _above_pooled(read, step, result)
    if PolicyStep.ACCOUNT in snapshot.steps and case.use_account:
        _accounts(read, result, balance, circumstances)
    return result


def _above_pooled(read: _Reader, step: PolicyStep, result: Expected) -> None:
    if step is PolicyStep.LARGE_AMOUNT:
        _large(read, result)
    elif step is PolicyStep.CRITICAL_ILLNESS:
        _critical(read, result)
    elif step is PolicyStep.MEDICAL_AID and read.aid != AidIdentity.NONE.value:
        _aid(read, result)
    elif step in _UPPER:
        code, paid_before, needed = _UPPER[step]
        if needed is None or needed in read.entitled:
            _supplement(read, step, code, getattr(read.before, paid_before), result)


def _cut(read: _Reader, step: schema.ReducedStep) -> Fraction | None:
    """Returns the reduction of the ratio of a step, or None."""
    evidence = read.case.long_term_evidence
    cut: Fraction = _ZERO
    if (
        evidence is not LongTermEvidence.NONE
        and read.travel != "cross_province"
        and read.has(schema.REDUCTION_TWO_WAY)
    ):
        cut = read[schema.REDUCTION_TWO_WAY]
        if evidence is LongTermEvidence.COMMITMENT:
            way = read[schema.REDUCTION_TWO_WAY_COMMITMENT]
            if way is schema.TwoWay.NOT_COVERED:
                raise NotCovered
            if way is schema.TwoWay.AS_UNFILED:
                cut = read[schema.REDUCTION_UNFILED]
    elif not read.home():
        unfiled = read.case.benefit_level is BenefitLevel.UNFILED
        cut = read[schema.REDUCTION_UNFILED if unfiled else schema.REDUCTION_FILED]
    return cut if cut and step in read[schema.REDUCTION_APPLIES_TO] else None


def _reduced(read: _Reader, bands: Bands, step: schema.ReducedStep) -> Bands:
    cut = _cut(read, step)
    if cut is None:
        return bands
    if read[schema.REDUCTION_MODE] is schema.ReductionMode.POINTS:
        return tuple((above, max(_ZERO, ratio - cut)) for above, ratio in bands)
    return tuple((above, ratio * (1 - cut)) for above, ratio in bands)


def _deductible(read: _Reader, base: int) -> int:
    mode = read[schema.DEDUCTIBLE_MODE]
    standard: int = read[schema.DEDUCTIBLE_AMOUNT]
    disease = Dimension.DISEASE in read.snapshot.resolved[schema.DEDUCTIBLE_AMOUNT.path].by
    if mode is DeductibleMode.DECREASING_STAY:
        floor = min(standard, read[schema.DEDUCTIBLE_FLOOR])
        standard = max(floor, standard - read[schema.DEDUCTIBLE_STEP] * read.stays)
    if mode in _PERIOD_OF:
        period = _PERIOD_OF[mode]
        met = sum(tally.in_scope for tally in read.booked(period, disease=disease))
        if period is LimitPeriod.YEAR and not disease:
            met = read.year[0]
    elif mode is DeductibleMode.TOP_UP:
        met = read.year[1]
        if disease:
            met = sum(t.deductible for t in read.booked(LimitPeriod.YEAR, disease=True))
    else:
        met = read.earlier.deductible
        if mode is DeductibleMode.PER_HOSPITAL and any(
            tally.count and not tally.same_stay and tally.institution_code
            for tally in read.booked(LimitPeriod.YEAR, disease=False)
            if tally.institution_code == read.case.institution_code
        ):
            met = standard
    return min(base, max(0, standard - met))


def _pooled(read: _Reader, result: Expected) -> None:
    snapshot, left = read.snapshot, result.left
    base = read.case.amounts.in_scope
    if PolicyStep.AWAY_SELF_PAY in snapshot.steps and not read.home():
        left[Burden.AWAY_SELF_PAY] = read.rounded(base * read[schema.AWAY_SELF_PAY_RATIO])
        base -= left[Burden.AWAY_SELF_PAY]
    if PolicyStep.DEDUCTIBLE in snapshot.steps:
        result.deductible = _deductible(read, base)
    rest = base - result.deductible
    bands: Bands = ((0, _ZERO),)
    if rest or read.case.long_term_evidence is LongTermEvidence.COMMITMENT:
        cut_bands = _reduced(read, _bands(read[schema.SEGMENTS_SCALE]), schema.ReducedStep.SEGMENTS)
        bands = _of_bill(read, cut_bands, result.deductible)
    covered, above = Fraction(rest), 0
    if PolicyStep.DISEASE_LIMIT in snapshot.steps:
        covered, bands = _within_limit(read, bands, rest=rest, deductible=result.deductible)
        above = min(read.rounded(rest - covered), rest - read.rounded(scale_sum(bands, covered)))
    if PolicyStep.POOLED_CAP in snapshot.steps:
        within = _within_cap(read, bands, covered, result.deductible)
        covered, result.excess = within, covered - within
    pooled = read.rounded(scale_sum(bands, covered))
    result.pay(f"{read.case.scheme_code}100", pooled)
    left[Burden.ABOVE_CAP] = above + min(read.rounded(result.excess), rest - pooled - above)
    left[Burden.DEDUCTIBLE] = result.deductible
    left[Burden.SHARE] = rest - pooled - left[Burden.ABOVE_CAP]


def _of_bill(read: _Reader, bands: Bands, deductible: int) -> Bands:
    """Returns the bands by the cost of the bill after the deductible."""
    earlier = read.earlier
    cost, taken, paid = earlier.in_scope, earlier.deductible, earlier.fund
    if read[schema.SEGMENTS_SPAN] is SegmentSpan.YEAR:
        cost, taken, paid = read.year
    basis = read[schema.SEGMENTS_BASIS]
    since = {
        SegmentBasis.COST: cost + deductible,
        SegmentBasis.BASE: cost - taken,
        SegmentBasis.FUND: paid,
    }[basis]
    behind = [ratio for above, ratio in bands if above <= since]
    ahead = [(above - since, ratio) for above, ratio in bands if above > since]
    found: list[tuple[Fraction | int, Fraction]] = [(0, behind[-1])]
    if basis is not SegmentBasis.FUND:
        return (*found, *ahead)
    # Where the fund has paid so much, the cost is what it was before, plus the payment / ratio.
    cost_at, paid_at = _ZERO, _ZERO
    for above, ratio in ahead:
        if not found[-1][1]:
            break
        cost_at += (above - paid_at) / found[-1][1]
        paid_at = Fraction(above)
        found.append((cost_at, ratio))
    return tuple(found)


def _reached(bands: Bands, covered: Fraction, room: int) -> Fraction:
    """Returns the most of a cost for which bands pay no more than `room`."""
    if scale_sum(bands, covered) <= room:
        return covered
    start, ratio = [band for band in bands if scale_sum(bands, band[0]) <= room][-1]
    return start + (room - scale_sum(bands, start)) / ratio


def _within_limit(
    read: _Reader, bands: Bands, *, rest: int, deductible: int
) -> tuple[Fraction, Bands]:
    """Returns the cost that the limit of the disease lets count, and the bands that pay it."""
    kind, limit = read[schema.DISEASE_LIMIT_TYPE], read[schema.DISEASE_LIMIT_AMOUNT]
    quota: Bands = ((0, Fraction(1)),)
    if limit is None:
        return Fraction(rest), quota if kind is LimitType.FUND_QUOTA else bands
    booked = read.booked(read[schema.DISEASE_LIMIT_PERIOD], disease=True)
    if kind is LimitType.IN_SCOPE:
        room = limit - sum(tally.in_scope for tally in booked)
        return Fraction(min(rest, max(0, room - deductible))), bands
    if kind is LimitType.TOTAL:
        room = max(0, limit - sum(tally.total for tally in booked))
        total = read.case.amounts.total
        counts = Fraction((rest + deductible) * min(room, total), total)
        return min(Fraction(rest), max(_ZERO, counts - deductible)), bands
    room = max(0, limit - sum(tally.fund for tally in booked))
    if kind is LimitType.FUND_QUOTA:
        return Fraction(min(rest, room)), quota
    return _reached(bands, Fraction(rest), room), bands


def _within_cap(read: _Reader, bands: Bands, covered: Fraction, deductible: int) -> Fraction:
    """Returns the cost up to which the pooled fund pays."""
    cap = read[schema.CAP_AMOUNT]
    if cap is None:
        return covered
    cost_before, _, fund_before = read.year
    sums = read.before
    if read[schema.CAP_COUNTS] is schema.CapCounts.SCHEME:
        cost_before = sums.inpatient_in_scope + sums.outpatient_in_scope + sums.chronic_in_scope
        fund_before = sums.fund_pooled + sums.outpatient_fund + sums.chronic_fund
    if read[schema.CAP_BASIS] is schema.CapBasis.COST:
        return min(covered, Fraction(max(0, cap - cost_before - deductible)))
    return _reached(bands, covered, max(0, cap - fund_before))


def _capped(paid: int, cap: int | None, paid_before: int) -> int:
    return paid if cap is None else min(paid, max(0, cap - paid_before))


def _large(read: _Reader, result: Expected) -> None:
    if not result.excess:
        return
    bands = _reduced(read, _bands(read[schema.LARGE_SCALE]), schema.ReducedStep.LARGE_AMOUNT)
    since = read.before.large_amount_base
    paid = read.rounded(scale_sum(bands, since + result.excess) - scale_sum(bands, since))
    paid = _capped(paid, read[schema.LARGE_CAP], read.before.fund_large_amount)
    paid = min(paid, result.left[Burden.ABOVE_CAP])
    result.pay("330100", paid)
    result.take(frozenset({Burden.ABOVE_CAP}), paid)


def _critical(read: _Reader, result: Expected) -> None:
    counted = {Burden.SHARE, Burden.ABOVE_CAP}
    if read[schema.CRITICAL_DEDUCTIBLE_COUNTS]:
        counted.add(Burden.DEDUCTIBLE)
    burden = sum(result.left[part] for part in counted)
    result.critical_base = burden
    threshold = read[schema.CRITICAL_THRESHOLD]
    since = read.before.critical_illness_base
    if since + burden <= threshold:
        return
    bands = _reduced(read, _bands(read[schema.CRITICAL_SCALE]), schema.ReducedStep.CRITICAL_ILLNESS)
    shift = threshold if read[schema.CRITICAL_BASIS] is schema.CriticalBasis.ABOVE_THRESHOLD else 0

    def paid_of(cost: int) -> Fraction:
        return scale_sum(bands, max(cost, threshold) - shift) - scale_sum(bands, threshold - shift)

    paid = read.rounded(paid_of(since + burden) - paid_of(since))
    paid = _capped(paid, read[schema.CRITICAL_CAP], read.before.fund_critical_illness)
    result.pay("330100" if read.case.scheme_code == "310" else "390200", paid)
    result.take(frozenset(counted), paid)


def _supplement(
    read: _Reader, step: PolicyStep, code: str, paid_before: int, result: Expected
) -> None:
    specs = schema.SUPPLEMENTS[step]
    counted = read[specs.counts]
    burden = sum(result.left[part] for part in counted)
    paid = read.rounded(scale_sum(_bands(read[specs.scale]), burden))
    paid = _capped(paid, read[specs.cap], paid_before)
    result.pay(code, paid)
    result.take(counted, paid)


def _aid(read: _Reader, result: Expected) -> None:
    counted = read[schema.MEDICAL_AID_COUNTS]
    burden = sum(result.left[part] for part in counted)
    bands, since = _bands(read[schema.MEDICAL_AID_SCALE]), read.before.medical_aid_base
    paid = read.rounded(scale_sum(bands, since + burden) - scale_sum(bands, since))
    paid = _capped(paid, read[schema.MEDICAL_AID_CAP], read.before.fund_medical_aid)
    result.pay("610100", paid)
    result.take(counted, paid)


def _accounts(read: _Reader, result: Expected, balance: int, circumstances: Circumstances) -> None:
    """The own account, then relatives' as far as what all of them may pay is not yet paid."""
    amounts = read.case.amounts
    parts = {
        PatientPart.IN_SCOPE: sum(result.left.values()),
        PatientPart.PRIOR_SELF_PAY: amounts.prior_self_pay,
        PatientPart.OVER_LIMIT: amounts.over_limit,
        PatientPart.FULL_SELF_PAY: amounts.full_self_pay,
    }

    def of(names: Iterable[PatientPart]) -> int:
        return sum(parts[name] for name in names)

    own = read[schema.ACCOUNT_PAYS]
    result.account = min(balance, of(own))
    if not (circumstances.relatives and read.has(schema.ACCOUNT_FAMILY_PAYS)):
        return
    family = read[schema.ACCOUNT_FAMILY_PAYS]
    rest = min(of(family), of(own | family) - result.account)
    paid = []
    for purse in circumstances.relatives:
        paid.append((purse.person_id, min(rest, purse.balance)))
        rest -= paid[-1][1]
    result.family = tuple((holder, fen) for holder, fen in paid if fen)
