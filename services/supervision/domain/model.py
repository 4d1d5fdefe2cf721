"""A bill as an audit rule sees it, and what a rule says about it.

No name and no number of a person ever reaches this package: sex, birth date and where the care was
given are all that the published rules ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.kit import codes

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


class Sex(Enum):
    """Sex of the patient (GB/T 2261.1); 0 未知 and 9 未说明 are both UNKNOWN."""

    UNKNOWN = "UNKNOWN"
    MALE = "MALE"
    FEMALE = "FEMALE"


class Setting(Enum):
    """Where care was given, as far as the medical type says it."""

    UNKNOWN = "UNKNOWN"
    OUTPATIENT = "OUTPATIENT"
    EMERGENCY = "EMERGENCY"
    INPATIENT = "INPATIENT"
    PHARMACY = "PHARMACY"


class ResultClass(Enum):
    """How sure a rule is of what it found; gravest first."""

    VIOLATION = "VIOLATION"
    """违规: breaks a rule of the insurance, can be deducted without asking."""
    SUSPICIOUS = "SUSPICIOUS"
    """可疑: against clinical practice, to be judged by a person."""
    TO_VERIFY = "TO_VERIFY"
    """待核实: cannot be told from the bill; the institution must bring papers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fee line (费用明细)."""

    line_id: str
    """Unique in the bill."""
    item_code: str
    """医保目录编码; a service item may carry its local suffix."""
    fee_date: date
    """Civil date in Asia/Shanghai."""
    quantity: Decimal
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The part of a bill that rules judge."""

    sex: Sex
    birth_date: date | None
    """None: not known."""
    medical_type: str
    """医疗类别; its first two digits carry the national meaning."""
    institution_level: str
    """医院等级 01 to 11; empty: not given, rules on levels are not applied."""
    scheme_code: str
    """险种, 310 or 390."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One doubt (审核疑点) about some lines of one bill."""

    rule_code: str
    result_class: ResultClass
    line_ids: tuple[str, ...]
    """The lines at fault, in the order of the bill; of a duplicate charge the included item's."""
    amount_fen: int
    """Sum of the lines at fault. A line may stand in several findings."""
    message_zh: str
    message_en: str
    rule_version: str
    """Content hash of the rule files it was found by."""


_OUTPATIENT_TYPES: Final = frozenset({"11", "12", "14", "15", "16", "19", "51", "53", "81"})
_EMERGENCY_TYPE: Final = "13"


def setting_of(medical_type: str) -> Setting:
    """Returns the setting of a medical type; UNKNOWN where the national code leaves it open.

    Open are 27 自主就医, 61 照护保险, 91 and 99 (local business) and what is not in the dictionary.
    """
    if codes.is_inpatient_type(medical_type):
        return Setting.INPATIENT
    parent = codes.medical_type_parent(medical_type)
    if parent == codes.MEDICAL_TYPE_PHARMACY:
        return Setting.PHARMACY
    if parent == _EMERGENCY_TYPE:
        return Setting.EMERGENCY
    return Setting.OUTPATIENT if parent in _OUTPATIENT_TYPES else Setting.UNKNOWN


_LEVEL_RANKS: Final = (
    (frozenset({"01", "02", "03", "04"}), 3),
    (frozenset({"05", "06", "07"}), 2),
    (frozenset({"08", "09", "10"}), 1),
    (frozenset({"11"}), 0),
)


def level_rank_of(institution_level: str) -> int | None:
    """Returns 3, 2 or 1 for 三级, 二级, 一级, 0 for 无等级, None when the level is not known."""
    for level_codes, rank in _LEVEL_RANKS:
        if institution_level in level_codes:
            return rank
    return None


def age_years(born: date, on: date) -> int:
    """Returns the age in completed years (周岁); one born on 29 February ages on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
