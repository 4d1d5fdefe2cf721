"""Which parameters exist, in which unit, and which step of the computation needs them.

The loader refuses what is not listed here, so that a misspelt parameter cannot be ignored silently.
`docs/policy.md` explains each for the people who write packs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Final, Generic, TypeVar

from services.benefits.domain.model import (
    AidIdentity,
    BenefitLevel,
    HospitalLevel,
    Person,
    Stay,
    Travel,
)
from services.kit.money import Rounding

T = TypeVar("T")


class PolicyStep(Enum):
    """A named step of the computation (domain rule 5.2); a pack lists those it uses, in order."""

    AWAY_SELF_PAY = "away_self_pay"
    DEDUCTIBLE = "deductible"
    SEGMENTS = "segments"
    DISEASE_LIMIT = "disease_limit"
    POOLED_CAP = "pooled_cap"
    LARGE_AMOUNT = "large_amount"
    CRITICAL_ILLNESS = "critical_illness"
    CIVIL_SERVANT = "civil_servant"
    ENTERPRISE_SUPPLEMENT = "enterprise_supplement"
    DISABLED_VETERAN = "disabled_veteran"
    MEDICAL_AID = "medical_aid"
    OTHER_FUND = "other_fund"
    ACCOUNT = "account"


PRECEDED_BY: Final = {
    PolicyStep.AWAY_SELF_PAY: (),
    PolicyStep.DEDUCTIBLE: (),
    PolicyStep.SEGMENTS: (PolicyStep.DEDUCTIBLE,),
    PolicyStep.DISEASE_LIMIT: (PolicyStep.SEGMENTS,),
    PolicyStep.POOLED_CAP: (PolicyStep.SEGMENTS,),
    PolicyStep.LARGE_AMOUNT: (PolicyStep.POOLED_CAP,),
    PolicyStep.CRITICAL_ILLNESS: (PolicyStep.SEGMENTS,),
    PolicyStep.CIVIL_SERVANT: (PolicyStep.SEGMENTS,),
    PolicyStep.ENTERPRISE_SUPPLEMENT: (PolicyStep.SEGMENTS,),
    PolicyStep.DISABLED_VETERAN: (PolicyStep.SEGMENTS,),
    PolicyStep.MEDICAL_AID: (PolicyStep.SEGMENTS,),
    PolicyStep.OTHER_FUND: (PolicyStep.SEGMENTS,),
    PolicyStep.ACCOUNT: (),
}
"""What must stand before a step, if it stands at all.

The loader also wants away_self_pay before the deductible, segments, disease_limit and pooled_cap
before every fund above the pooled one, and the account last, as cash is the residual.
"""


class DeductibleMode(Enum):
    """How the deductible is taken (domain rule 5.4)."""

    PER_STAY = "per_stay"
    """min(in scope, standard) at each settlement."""
    PER_YEAR = "per_year"
    """The standard once per benefit year, over all settlements of the same setting."""
    PER_QUARTER = "per_quarter"
    """As per_year, over the settlements of the same setting in the quarter of the last day."""
    PER_MONTH = "per_month"
    """As per_year, over those in the month of the last day."""
    PER_HOSPITAL = "per_hospital"
    """min(in scope, standard) at the first settlement of the year at an institution, then none."""
    TOP_UP = "top_up"
    """Once per year, 不足补齐: the standard of the bill less what the year has taken so far."""
    NTH_STAY = "nth_stay"
    """Per stay; the standard is given for the first, second and later stays of the year."""
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
    FUND = "fund"
    """What the pooled fund has paid."""


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
    CRITICAL_ILLNESS = "critical_illness"


class TwoWay(Enum):
    """What care at home is to who is filed elsewhere by a commitment letter only (domain 1.6)."""

    AS_DOCUMENTED = "as_documented"
    """As for who gave documents: reduction.two_way."""
    AS_UNFILED = "as_unfiled"
    """As unfiled care, until the documents are there."""
    NOT_COVERED = "not_covered"
    """No benefit until then."""


class LimitType(Enum):
    """What the limit of a chronic disease limits (domain rule 5.6)."""

    FUND = "fund"
    """基金支付限额: what the pooled fund pays."""
    IN_SCOPE = "in_scope"
    """符合范围限额: the in-scope cost that it pays for."""
    TOTAL = "total"
    """医疗费总额限额: the cost; of a bill that crosses it the in-scope part counts pro rata."""
    FUND_QUOTA = "fund_quota"
    """基金支付定额: the fund pays what is left after the deductible in full, up to the quota."""


class LimitPeriod(Enum):
    """Over what the limit of a disease runs."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"


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


class Burden(Enum):
    """Parts of a patient's in-scope share that a fund above the pooled one may count."""

    AWAY_SELF_PAY = "away_self_pay"
    DEDUCTIBLE = "deductible"
    SHARE = "share"
    ABOVE_CAP = "above_cap"

    __hash__ = object.__hash__


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
    IDENTITY = "identity"
    DISEASE = "disease"

    # Every read of a policy value looks these up; by identity that is much quicker than by name.
    __hash__ = object.__hash__


DIMENSION_KEYS: Final = {
    Dimension.LEVEL: tuple(item.value for item in HospitalLevel),
    Dimension.PERSON: tuple(item.value for item in Person),
    Dimension.STAY: tuple(item.value for item in Stay),
    Dimension.TRAVEL: tuple(item.value for item in Travel),
    Dimension.BENEFIT_LEVEL: tuple(item.value for item in BenefitLevel),
    Dimension.IDENTITY: tuple(item.value for item in AidIdentity),
    Dimension.DISEASE: (),
}
"""Every key of a dimension; a file names its persons, and its diseases."""

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
    unbounded: bool = False
    """True: `unlimited` may stand for an amount; it is read as None."""


_W = PolicyStep.AWAY_SELF_PAY
_D = PolicyStep.DEDUCTIBLE
_S = PolicyStep.SEGMENTS
_M = PolicyStep.DISEASE_LIMIT
_P = PolicyStep.POOLED_CAP
_L = PolicyStep.LARGE_AMOUNT
_C = PolicyStep.CRITICAL_ILLNESS
_H = PolicyStep.MEDICAL_AID
_A = PolicyStep.ACCOUNT

ROUNDING: Final[ParameterSpec[Rounding]] = ParameterSpec("rounding", Unit.CHOICE, None, Rounding)

# For every inpatient file, one value for everybody. Absent: one_bill.
YEAR_END: Final[ParameterSpec[YearEnd]] = ParameterSpec(
    "year_end", Unit.CHOICE, None, YearEnd, required=False
)

# Of the in-scope cost, before the deductible.
AWAY_SELF_PAY_RATIO: Final[ParameterSpec[Fraction]] = ParameterSpec(
    "away_self_pay.ratio", Unit.RATIO, _W
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

# Care at home, and in the home province, for who is filed long-term elsewhere. Absent: as anybody.
REDUCTION_TWO_WAY: Final[ParameterSpec[Fraction]] = ParameterSpec(
    "reduction.two_way", Unit.RATIO, _S, required=False
)
# Goes with reduction.two_way.
REDUCTION_TWO_WAY_COMMITMENT: Final[ParameterSpec[TwoWay]] = ParameterSpec(
    "reduction.two_way_commitment", Unit.CHOICE, _S, TwoWay, required=False
)

DISEASE_LIMIT_TYPE: Final[ParameterSpec[LimitType]] = ParameterSpec(
    "disease_limit.type", Unit.CHOICE, _M, LimitType
)
DISEASE_LIMIT_AMOUNT: Final[ParameterSpec[int | None]] = ParameterSpec(
    "disease_limit.amount", Unit.CNY, _M, unbounded=True
)
DISEASE_LIMIT_PERIOD: Final[ParameterSpec[LimitPeriod]] = ParameterSpec(
    "disease_limit.period", Unit.CHOICE, _M, LimitPeriod
)

CAP_AMOUNT: Final[ParameterSpec[int | None]] = ParameterSpec(
    "pooled_cap.amount", Unit.CNY, _P, unbounded=True
)
CAP_BASIS: Final[ParameterSpec[CapBasis]] = ParameterSpec(
    "pooled_cap.basis", Unit.CHOICE, _P, CapBasis
)
CAP_COUNTS: Final[ParameterSpec[CapCounts]] = ParameterSpec(
    "pooled_cap.counts", Unit.CHOICE, _P, CapCounts
)

# Brackets of the year's cost above the pooled cap.
LARGE_SCALE: Final[ParameterSpec[Scale]] = ParameterSpec("large_amount.scale", Unit.SCALE, _L)
LARGE_CAP: Final[ParameterSpec[int | None]] = ParameterSpec(
    "large_amount.cap", Unit.CNY, _L, unbounded=True
)

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
CRITICAL_CAP: Final[ParameterSpec[int | None]] = ParameterSpec(
    "critical_illness.cap", Unit.CNY, _C, unbounded=True
)


@dataclass(frozen=True, slots=True)
class SupplementSpecs:
    """The parameters of a fund that pays on what the patient still bears of a bill."""

    counts: ParameterSpec[frozenset[Burden]]
    scale: ParameterSpec[Scale]
    """Brackets of the counted burden of the bill."""
    cap: ParameterSpec[int | None]
    """Of a benefit year."""


def _supplement(step: PolicyStep) -> SupplementSpecs:
    name = step.value
    return SupplementSpecs(
        counts=ParameterSpec(f"{name}.counts", Unit.CHOICES, step, Burden),
        scale=ParameterSpec(f"{name}.scale", Unit.SCALE, step),
        cap=ParameterSpec(f"{name}.cap", Unit.CNY, step, unbounded=True),
    )


SUPPLEMENTS: Final = {
    step: _supplement(step)
    for step in (
        PolicyStep.CIVIL_SERVANT,
        PolicyStep.ENTERPRISE_SUPPLEMENT,
        PolicyStep.DISABLED_VETERAN,
        PolicyStep.OTHER_FUND,
    )
}
"""Of each fund of this kind."""

MEDICAL_AID_COUNTS: Final[ParameterSpec[frozenset[Burden]]] = ParameterSpec(
    "medical_aid.counts", Unit.CHOICES, _H, Burden
)
# Brackets of the year's counted burden; a table by identity has no `none`, who never gets here.
MEDICAL_AID_SCALE: Final[ParameterSpec[Scale]] = ParameterSpec("medical_aid.scale", Unit.SCALE, _H)
# Of a benefit year.
MEDICAL_AID_CAP: Final[ParameterSpec[int | None]] = ParameterSpec(
    "medical_aid.cap", Unit.CNY, _H, unbounded=True
)

# What accounts of relatives may pay (家庭共济). Absent: nothing.
ACCOUNT_FAMILY_PAYS: Final[ParameterSpec[frozenset[PatientPart]]] = ParameterSpec(
    "account.family_pays", Unit.CHOICES, _A, PatientPart, required=False
)
ACCOUNT_PAYS: Final[ParameterSpec[frozenset[PatientPart]]] = ParameterSpec(
    "account.pays", Unit.CHOICES, _A, PatientPart
)

AnySpec = ParameterSpec[Any]
"""Some parameter; only the reader of its unit knows the type of its values."""

SPECS: Final[tuple[AnySpec, ...]] = (
    ROUNDING,
    YEAR_END,
    AWAY_SELF_PAY_RATIO,
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
    REDUCTION_TWO_WAY,
    REDUCTION_TWO_WAY_COMMITMENT,
    DISEASE_LIMIT_TYPE,
    DISEASE_LIMIT_AMOUNT,
    DISEASE_LIMIT_PERIOD,
    CAP_AMOUNT,
    CAP_BASIS,
    CAP_COUNTS,
    LARGE_SCALE,
    LARGE_CAP,
    CRITICAL_THRESHOLD,
    CRITICAL_BASIS,
    CRITICAL_SCALE,
    CRITICAL_DEDUCTIBLE_COUNTS,
    CRITICAL_CAP,
    *(spec for specs in SUPPLEMENTS.values() for spec in (specs.counts, specs.scale, specs.cap)),
    MEDICAL_AID_COUNTS,
    MEDICAL_AID_SCALE,
    MEDICAL_AID_CAP,
    ACCOUNT_PAYS,
    ACCOUNT_FAMILY_PAYS,
)
SPEC_BY_PATH: Final = {spec.path: spec for spec in SPECS}
