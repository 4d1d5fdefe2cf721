"""Which parameters exist, in which unit, and which step of the computation needs them.

The loader refuses what is not listed here, so that a misspelt parameter cannot be ignored silently.
`docs/policy.md` explains each for the people who write packs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Final, Generic, TypeVar

from services.benefits.domain.model import BenefitLevel, HospitalLevel, Person, Stay, Travel
from services.kit.money import Rounding

T = TypeVar("T")


class PolicyStep(Enum):
    """A named step of the computation (domain rule 5.2); a pack lists those it uses, in order."""

    DEDUCTIBLE = "deductible"
    SEGMENTS = "segments"
    POOLED_CAP = "pooled_cap"
    LARGE_AMOUNT = "large_amount"
    CRITICAL_ILLNESS = "critical_illness"
    ACCOUNT = "account"


PRECEDED_BY: Final = {
    PolicyStep.DEDUCTIBLE: (),
    PolicyStep.SEGMENTS: (PolicyStep.DEDUCTIBLE,),
    PolicyStep.POOLED_CAP: (PolicyStep.SEGMENTS,),
    PolicyStep.LARGE_AMOUNT: (PolicyStep.POOLED_CAP,),
    PolicyStep.CRITICAL_ILLNESS: (PolicyStep.SEGMENTS,),
    PolicyStep.ACCOUNT: (PolicyStep.SEGMENTS,),
}
"""What must stand before a step; the account also stands last, as cash is the residual."""


class DeductibleMode(Enum):
    """How the deductible is taken (domain rule 5.4)."""

    PER_STAY = "per_stay"
    """min(in scope, standard) at each settlement."""
    PER_YEAR = "per_year"
    """The standard once per benefit year, over all settlements of the same setting."""
    NTH_STAY = "nth_stay"
    """Per stay; the standard is given for the first and for later stays of the year."""
    DECREASING_STAY = "decreasing_stay"
    """Per stay; each further stay of the year lowers the standard by a step, down to a floor."""


class YearEnd(Enum):
    """Which benefit year bears a stay over a year's end (跨年度住院; domain rule 1.7 (8))."""

    ONE_BILL = "one_bill"
    """That of discharge, all of it."""
    SPLIT_BY_DAYS = "split_by_days"
    """Each its days' share, by the rules of 31 December and of the day of discharge."""


class SegmentBasis(Enum):
    """What the bounds of the segments are measured on."""

    COST = "cost"
    """In-scope cost: the deductible eats the lowest segment first."""
    BASE = "base"
    """What is left after the deductible."""


class SegmentSpan(Enum):
    """Over what the segments run."""

    STAY = "stay"
    YEAR = "year"


class ReductionMode(Enum):
    """How a reduction of the ratio is meant: 下浮 20 % of 65 % is 45 % or 52 %."""

    POINTS = "points"
    FACTOR = "factor"


class ReducedStep(Enum):
    """The steps whose ratio a reduction may lower."""

    SEGMENTS = "segments"
    LARGE_AMOUNT = "large_amount"


class CapBasis(Enum):
    """What the pooled cap limits."""

    FUND = "fund"
    COST = "cost"


class CapCounts(Enum):
    """Which pooled payments of the year count towards the cap."""

    SETTING = "setting"
    """Those of the same setting only."""
    SCHEME = "scheme"
    """All of the scheme."""


class CriticalBasis(Enum):
    """What the bands of critical illness are measured on."""

    BURDEN = "burden"
    """The whole burden of the year; what lies below the threshold is not paid."""
    ABOVE_THRESHOLD = "above_threshold"
    """The burden above the threshold."""


class PatientPart(Enum):
    """The parts of a patient's share that a personal account may be allowed to pay."""

    IN_SCOPE = "in_scope"
    PRIOR_SELF_PAY = "prior_self_pay"
    OVER_LIMIT = "over_limit"
    FULL_SELF_PAY = "full_self_pay"


class Unit(Enum):
    """What kind of value a parameter holds, as written in `unit:`."""

    CNY = "CNY"
    """Yuan with exactly two decimals."""
    RATIO = "/1"
    """0 to 1, at most five decimals, or a quoted fraction such as "2/37"."""
    SCALE = "CNY:/1"
    """Brackets {above, ratio}, ascending from 0.00."""
    CHOICE = "choice"
    """One word of a closed list."""
    CHOICES = "choices"
    """A list of words of a closed list."""
    FLAG = "flag"
    """true or false."""
    PROVINCES = "provinces"
    """A list of quoted two-digit province codes."""


class Dimension(Enum):
    """What a value may depend on; `by:` lists them, outermost first."""

    LEVEL = "level"
    PERSON = "person"
    STAY = "stay"
    TRAVEL = "travel"
    BENEFIT_LEVEL = "benefit_level"


DIMENSION_KEYS: Final = {
    Dimension.LEVEL: tuple(item.value for item in HospitalLevel),
    Dimension.PERSON: tuple(item.value for item in Person),
    Dimension.STAY: tuple(item.value for item in Stay),
    Dimension.TRAVEL: tuple(item.value for item in Travel),
    Dimension.BENEFIT_LEVEL: tuple(item.value for item in BenefitLevel),
}
"""Every key of a dimension; the persons of a file narrow theirs."""

FILED_LEVELS: Final = tuple(i.value for i in BenefitLevel if i is not BenefitLevel.UNFILED)


@dataclass(frozen=True, slots=True)
class Bracket:
    """One step of a scale: what lies above `above` (fen), up to the next bracket, times `ratio`."""

    above: int
    ratio: Fraction


Scale = tuple[Bracket, ...]
"""Brackets ascending from zero."""


@dataclass(frozen=True, slots=True)
class ParameterSpec(Generic[T]):
    """One parameter that a pack may or must give; `T` is the type of its values."""

    path: str
    unit: Unit
    step: PolicyStep | None
    """The step that reads it; None: every file has it."""
    choices: type[Enum] | None = None
    required: bool = True
    """False: its absence has a meaning, which the comment beside it says."""


_D = PolicyStep.DEDUCTIBLE
_S = PolicyStep.SEGMENTS
_P = PolicyStep.POOLED_CAP
_L = PolicyStep.LARGE_AMOUNT
_C = PolicyStep.CRITICAL_ILLNESS
_A = PolicyStep.ACCOUNT

ROUNDING: Final[ParameterSpec[Rounding]] = ParameterSpec("rounding", Unit.CHOICE, None, Rounding)

# For every inpatient file, one value for everybody. Absent: one_bill.
YEAR_END: Final[ParameterSpec[YearEnd]] = ParameterSpec(
    "year_end", Unit.CHOICE, None, YearEnd, required=False
)

DEDUCTIBLE_MODE: Final[ParameterSpec[DeductibleMode]] = ParameterSpec(
    "deductible.mode", Unit.CHOICE, _D, DeductibleMode
)
DEDUCTIBLE_AMOUNT: Final[ParameterSpec[int]] = ParameterSpec("deductible.amount", Unit.CNY, _D)
# Step and floor: needed by decreasing_stay only; the loader asks for them there.
DEDUCTIBLE_STEP: Final[ParameterSpec[int]] = ParameterSpec(
    "deductible.step", Unit.CNY, _D, required=False
)
DEDUCTIBLE_FLOOR: Final[ParameterSpec[int]] = ParameterSpec(
    "deductible.floor", Unit.CNY, _D, required=False
)

SEGMENTS_BASIS: Final[ParameterSpec[SegmentBasis]] = ParameterSpec(
    "segments.basis", Unit.CHOICE, _S, SegmentBasis
)
SEGMENTS_SPAN: Final[ParameterSpec[SegmentSpan]] = ParameterSpec(
    "segments.span", Unit.CHOICE, _S, SegmentSpan
)
SEGMENTS_SCALE: Final[ParameterSpec[Scale]] = ParameterSpec("segments.scale", Unit.SCALE, _S)

REDUCTION_MODE: Final[ParameterSpec[ReductionMode]] = ParameterSpec(
    "reduction.mode", Unit.CHOICE, _S, ReductionMode
)
REDUCTION_FILED: Final[ParameterSpec[Fraction]] = ParameterSpec("reduction.filed", Unit.RATIO, _S)
REDUCTION_UNFILED: Final[ParameterSpec[Fraction]] = ParameterSpec(
    "reduction.unfiled", Unit.RATIO, _S
)
REDUCTION_APPLIES_TO: Final[ParameterSpec[frozenset[ReducedStep]]] = ParameterSpec(
    "reduction.applies_to", Unit.CHOICES, _S, ReducedStep
)
# Care in these provinces counts as care at home. Absent: in none.
REDUCTION_HOME_PROVINCES: Final[ParameterSpec[frozenset[str]]] = ParameterSpec(
    "reduction.home_provinces", Unit.PROVINCES, _S, required=False
)

CAP_AMOUNT: Final[ParameterSpec[int]] = ParameterSpec("pooled_cap.amount", Unit.CNY, _P)
CAP_BASIS: Final[ParameterSpec[CapBasis]] = ParameterSpec(
    "pooled_cap.basis", Unit.CHOICE, _P, CapBasis
)
CAP_COUNTS: Final[ParameterSpec[CapCounts]] = ParameterSpec(
    "pooled_cap.counts", Unit.CHOICE, _P, CapCounts
)

LARGE_RATIO: Final[ParameterSpec[Fraction]] = ParameterSpec("large_amount.ratio", Unit.RATIO, _L)
LARGE_CAP: Final[ParameterSpec[int]] = ParameterSpec("large_amount.cap", Unit.CNY, _L)

CRITICAL_THRESHOLD: Final[ParameterSpec[int]] = ParameterSpec(
    "critical_illness.threshold", Unit.CNY, _C
)
CRITICAL_BASIS: Final[ParameterSpec[CriticalBasis]] = ParameterSpec(
    "critical_illness.basis", Unit.CHOICE, _C, CriticalBasis
)
CRITICAL_SCALE: Final[ParameterSpec[Scale]] = ParameterSpec(
    "critical_illness.scale", Unit.SCALE, _C
)
CRITICAL_DEDUCTIBLE_COUNTS: Final[ParameterSpec[bool]] = ParameterSpec(
    "critical_illness.deductible_counts", Unit.FLAG, _C
)
# Absent: no cap.
CRITICAL_CAP: Final[ParameterSpec[int]] = ParameterSpec(
    "critical_illness.cap", Unit.CNY, _C, required=False
)

ACCOUNT_PAYS: Final[ParameterSpec[frozenset[PatientPart]]] = ParameterSpec(
    "account.pays", Unit.CHOICES, _A, PatientPart
)

AnySpec = ParameterSpec[Any]
"""Some parameter; only the reader of its unit knows the type of its values."""

SPECS: Final[tuple[AnySpec, ...]] = (
    ROUNDING,
    YEAR_END,
    DEDUCTIBLE_MODE,
    DEDUCTIBLE_AMOUNT,
    DEDUCTIBLE_STEP,
    DEDUCTIBLE_FLOOR,
    SEGMENTS_BASIS,
    SEGMENTS_SPAN,
    SEGMENTS_SCALE,
    REDUCTION_MODE,
    REDUCTION_FILED,
    REDUCTION_UNFILED,
    REDUCTION_APPLIES_TO,
    REDUCTION_HOME_PROVINCES,
    CAP_AMOUNT,
    CAP_BASIS,
    CAP_COUNTS,
    LARGE_RATIO,
    LARGE_CAP,
    CRITICAL_THRESHOLD,
    CRITICAL_BASIS,
    CRITICAL_SCALE,
    CRITICAL_DEDUCTIBLE_COUNTS,
    CRITICAL_CAP,
    ACCOUNT_PAYS,
)
SPEC_BY_PATH: Final = {spec.path: spec for spec in SPECS}
