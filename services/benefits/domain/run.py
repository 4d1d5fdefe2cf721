"""The working state of one adjudication: what its steps have left to whom, so far.

A step reads its parameters through `trace`, works on what is left of the in-scope cost, and leaves
the rest to the next. All of the in-scope cost is the patient's at first; a step moves a part of it
to another cause, or a fund takes it over.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.benefits.domain import schema
from services.benefits.domain.errors import not_covered
from services.benefits.domain.model import (
    POOLED_FUND_TYPES,
    BenefitLevel,
    LongTermEvidence,
    Setting,
    Travel,
)
from services.benefits.domain.schema import (
    Burden,
    Dimension,
    LimitPeriod,
    ReducedStep,
    ReductionMode,
    TwoWay,
)
from services.benefits.domain.trace import Trace
from services.kit.money import round_fen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.benefits.domain.model import (
        Accumulators,
        Case,
        Circumstances,
        EntitlementKind,
        Tally,
    )
    from services.benefits.domain.schema import ParameterSpec, Scale
    from services.benefits.domain.snapshot import Snapshot

ZERO: Final = Fraction(0)

_TAKEN_FROM: Final = (Burden.ABOVE_CAP, Burden.SHARE, Burden.DEDUCTIBLE, Burden.AWAY_SELF_PAY)
"""Off which causes a fund above the pooled one is taken first."""

SUMS: Final = {
    Setting.INPATIENT: ("inpatient_in_scope", "inpatient_deductible", "fund_pooled"),
    Setting.OUTPATIENT: ("outpatient_in_scope", "outpatient_deductible", "outpatient_fund"),
    Setting.CHRONIC: ("chronic_in_scope", "chronic_deductible", "chronic_fund"),
    # A pharmacy's bill is an outpatient bill to the limits of the year.
    Setting.PHARMACY: ("outpatient_in_scope", "outpatient_deductible", "outpatient_fund"),
}
"""Names of the sums of a setting: in scope, deductible, pooled fund."""

_SAME_SUMS: Final = {
    setting: tuple(other for other in Setting if SUMS[other] == SUMS[setting])
    for setting in Setting
}
_QUARTER_MONTHS: Final = 3


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier parts of the same stay took, fen and counts."""

    in_scope: int = 0
    """Without what was the patient's first for care elsewhere."""
    deductible: int = 0
    fund: int = 0
    """Pooled fund; known where the policy reads it."""
    stays_counted: int = 0
    """1: the stay has been counted; 0: this part counts it."""
    stays_before: int | None = None
    """Stays counted before this one, as of its first part; None: this is the first part."""


NO_PARTS: Final = Earlier()


@dataclass(frozen=True, slots=True)
class Claim:
    """Who claims, as the policy tells people apart."""

    coordinates: Mapping[Dimension, str]
    entitled: frozenset[EntitlementKind]
    """What holds on the last day of the bill."""
    disease: str
    """Chronic disease as the policy names it; empty in every other setting."""
    stays_before: int


class Run:
    """One adjudication; lives for one call of `adjudicate`."""

    __slots__ = (
        "_reduction",
        "_reduction_known",
        "account_pay",
        "away",
        "balance",
        "before",
        "case",
        "circumstances",
        "claim",
        "critical_base",
        "deductible",
        "earlier",
        "exact",
        "excess",
        "family_payments",
        "funds",
        "left",
        "pooled",
        "portions",
        "rounding",
        "snapshot",
        "standard",
        "trace",
        "used",
    )

    def __init__(
        self,
        case: Case,
        snapshot: Snapshot,
        claim: Claim,
        *,
        before: Accumulators,
        balance: int,
        earlier: Earlier,
        circumstances: Circumstances,
    ) -> None:
        """Begins with all of the in-scope cost the patient's."""
        self.case = case
        self.snapshot = snapshot
        self.claim = claim
        self.before = before
        self.earlier = earlier
        self.circumstances = circumstances
        self.trace = Trace(snapshot, claim.coordinates, case.end_date)
        if earlier.stays_before is not None:
            self.trace.amount("stay_before", base=earlier.in_scope, result=earlier.deductible)
        self.rounding = self.trace.read(schema.ROUNDING)
        self.left = {
            Burden.AWAY_SELF_PAY: 0,
            Burden.DEDUCTIBLE: 0,
            Burden.SHARE: case.amounts.in_scope,
            Burden.ABOVE_CAP: 0,
        }
        """What the patient bears of the in-scope cost, by cause; always adds up with the funds."""
        self.away = 0
        self.standard = 0
        self.deductible = 0
        # In-scope cost after the deductible, cut where the ratio changes, lowest first.
        self.portions: list[tuple[Fraction | int, Fraction]] = []
        # What the pooled fund pays before rounding, and the cost that its cap left to the next.
        self.exact = ZERO
        self.excess = ZERO
        self.pooled = 0
        self.critical_base = 0
        self.funds: dict[str, int] = {POOLED_FUND_TYPES[case.scheme_code]: 0}
        self.used: dict[str, int] = {}
        """What is added to the year's sums by funds, by name of the sum."""
        self.balance = balance
        self.account_pay = 0
        self.family_payments: list[tuple[UUID, int]] = []
        self._reduction: tuple[ReductionMode, Fraction] | None = None
        self._reduction_known = False

    @property
    def in_scope(self) -> int:
        """In-scope cost that the rules work on: without what is paid first for care elsewhere."""
        return self.case.amounts.in_scope - self.away

    @property
    def base(self) -> int:
        """In-scope cost after the deductible."""
        return self.in_scope - self.deductible

    @property
    def setting_before(self) -> tuple[int, int, int]:
        """Year to date of this setting: in scope, deductible, pooled fund."""
        in_scope, deductible, fund = SUMS[self.snapshot.setting]
        sums = self.before
        return getattr(sums, in_scope), getattr(sums, deductible), getattr(sums, fund)

    def rounded(self, exact: Fraction) -> int:
        """Returns an exact amount in fen by the pack's rule."""
        return round_fen(exact, self.rounding)

    def not_covered(self, missing: str) -> Exception:
        """Returns the refusal of what the pack does not model."""
        return not_covered(
            region_code=self.snapshot.region_code,
            scheme_code=self.snapshot.scheme_code,
            settlement_date=self.case.end_date.isoformat(),
            missing=missing,
        )

    def tallies(self, period: LimitPeriod, *, of_disease: bool) -> list[Tally]:
        """Returns what was booked of this setting in the year, quarter or month of the last day."""
        day = self.case.end_date
        year = self.snapshot.benefit_year_of(day)
        settings = _SAME_SUMS[self.snapshot.setting]
        months = _months(period, day.month)
        return [
            tally
            for tally in self.circumstances.tallies
            if tally.month in months
            and tally.benefit_year == year
            and tally.setting in settings
            and (not of_disease or tally.disease_code == self.claim.disease)
        ]

    def at_home(self) -> bool:
        """Tells whether care there is as care inside the pooling area, by place alone."""
        if self.claim.coordinates[Dimension.TRAVEL] == Travel.LOCAL.value:
            return True
        if not self.snapshot.has(schema.REDUCTION_HOME_PROVINCES):
            return False
        return self.case.care_region_code[:2] in self.trace.read(schema.REDUCTION_HOME_PROVINCES)

    def reduction_of(self, step: ReducedStep) -> tuple[ReductionMode, Fraction] | None:
        """Returns by how much the ratio of a step is lowered for care elsewhere; None: by nothing.

        Raises:
            RuleForbids: POLICY_NOT_COVERED where there is no benefit before documents are there.
        """
        if not self._reduction_known:
            cut = self._read_cut()
            if cut:
                self._reduction = (self.trace.read(schema.REDUCTION_MODE), cut)
            self._reduction_known = True
        if self._reduction is None:
            return None
        applies = self.trace.read(schema.REDUCTION_APPLIES_TO)
        return self._reduction if step in applies else None

    def _read_cut(self) -> Fraction:
        evidence = self.case.long_term_evidence
        elsewhere = self.claim.coordinates[Dimension.TRAVEL] == Travel.CROSS_PROVINCE.value
        if (
            evidence is not LongTermEvidence.NONE
            and not elsewhere
            and self.snapshot.has(schema.REDUCTION_TWO_WAY)
        ):
            if evidence is LongTermEvidence.COMMITMENT:
                way = self.trace.read(schema.REDUCTION_TWO_WAY_COMMITMENT)
                if way is TwoWay.NOT_COVERED:
                    raise self.not_covered("two-way benefit before documents")
                if way is TwoWay.AS_UNFILED:
                    return self.trace.read(schema.REDUCTION_UNFILED)
            return self.trace.read(schema.REDUCTION_TWO_WAY)
        if self.at_home():
            return ZERO
        unfiled = self.case.benefit_level is BenefitLevel.UNFILED
        return self.trace.read(schema.REDUCTION_UNFILED if unfiled else schema.REDUCTION_FILED)

    def scaled(
        self,
        spec: ParameterSpec[Scale],
        start: int,
        end: Fraction | int,
        *,
        band: str,
        reduction: tuple[ReductionMode, Fraction] | None = None,
    ) -> Fraction:
        """Returns what a scale pays for the cost from `start` to `end`, exact; traces its bands."""
        scale, read = self.trace.read_scale(spec)
        exact = ZERO
        for length, ratio in cut(scale, start, end):
            paid = reduced(ratio, reduction)
            part = length * paid
            exact += part
            self.trace.use_bracket(read, ratio=ratio, paid=paid)
            self.trace.amount(band, base=round_fen(length), result=round_fen(part))
        return exact

    def room(self, spec: ParameterSpec[int | None], used_before: int) -> int | None:
        """Returns what is left of a fund's cap of the year; None: it has none."""
        cap = self.trace.read(spec)
        return None if cap is None else max(0, cap - used_before)

    def set_pooled(self, *, above_cap: int) -> None:
        """Rounds what the pooled fund pays; `above_cap` more was cut off by a cap or a limit."""
        self.pooled = self.rounded(self.exact)
        self.funds[POOLED_FUND_TYPES[self.case.scheme_code]] = self.pooled
        left = self.left
        rest = self.base - self.pooled - left[Burden.ABOVE_CAP]
        above_cap = min(above_cap, rest)
        left[Burden.ABOVE_CAP] += above_cap
        left[Burden.SHARE] = rest - above_cap

    def pay(self, fund_type_code: str, sum_name: str, fen: int) -> None:
        """Adds what a fund above the pooled one pays, and its sum of the year."""
        self.used[sum_name] = fen
        self.funds[fund_type_code] = self.funds.get(fund_type_code, 0) + fen

    def take_off(self, counted: frozenset[Burden], fen: int) -> None:
        """Takes what a fund pays off the causes that it counts."""
        for burden in _TAKEN_FROM:
            if fen and burden in counted:
                part = min(fen, self.left[burden])
                self.left[burden] -= part
                fen -= part


def cut(
    scale: Scale, start: Fraction | int, end: Fraction | int
) -> list[tuple[Fraction | int, Fraction]]:
    """Returns the lengths of [start, end) that fall into each bracket, with its ratio."""
    portions = []
    for index, bracket in enumerate(scale):
        upper = scale[index + 1].above if index + 1 < len(scale) else end
        length = min(end, upper) - max(start, bracket.above)
        if length > 0:
            portions.append((length, bracket.ratio))
    return portions


def reduced(ratio: Fraction, reduction: tuple[ReductionMode, Fraction] | None) -> Fraction:
    """Returns a ratio after a reduction in points or by a factor, never below zero."""
    if reduction is None:
        return ratio
    mode, by = reduction
    if mode is ReductionMode.POINTS:
        return max(ZERO, ratio - by)
    return ratio * (1 - by)


def _months(period: LimitPeriod, month: int) -> range:
    """Returns the calendar months of the year, quarter or month that a month lies in."""
    if period is LimitPeriod.MONTH:
        return range(month, month + 1)
    if period is LimitPeriod.QUARTER:
        first = month - (month - 1) % _QUARTER_MONTHS
        return range(first, first + _QUARTER_MONTHS)
    return range(1, 13)
