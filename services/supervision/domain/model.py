"""A bill as an audit rule sees it, and what a rule says about it.

No name and no number of a person ever reaches this package: a person is an opaque key, an invoice
and a telephone are keyed blind indexes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID


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


class Severity(Enum):
    """How grave a finding is (严重程度); says what is handled first."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class Effect(Enum):
    """What a finding does to a bill that is being settled."""

    MARK = "MARK"
    """标记: it is settled, and the finding goes with it."""
    BLOCK = "BLOCK"
    """拦截: it is not settled."""


class Moment(Enum):
    """When a rule is asked."""

    REMINDER = "REMINDER"
    """事前: a draft order at the doctor's desk."""
    SCREENING = "SCREENING"
    """事中: a bill that is about to be settled."""
    AUDIT = "AUDIT"
    """事后: a settled bill."""


class Channel(Enum):
    """How a bill came to the fund."""

    DIRECT = "DIRECT"
    """直接结算."""
    MANUAL = "MANUAL"
    """零星报销."""


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
    unit_price: Decimal = Decimal(0)
    """Yuan per unit; 0: not known, rules on prices are not applied."""
    department_code: str = ""
    """Department that charged it; empty: not stated."""
    supply_days: int = 0
    """Days for which a dispensed drug lasts; 0: not stated."""
    catalogue_class: str = ""
    """"A" 甲, "B" 乙, "C" 丙 or not listed; empty: not classified yet."""
    charge_category_code: str = ""
    """医疗收费项目类别 "01" to "14"; empty: not classified yet."""
    in_scope_fen: int | None = None
    """政策范围内; None: not classified yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The part of a bill that rules judge.

    What has a default may be unknown: a rule that must know it and does not, finds nothing or
    answers its class for the unknown, never more.
    """

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
    bill_key: UUID | None = None
    """settlement_id or reimbursement_id; None: a draft or a bill that is not settled yet."""
    channel: Channel = Channel.DIRECT
    person_id: UUID | None = None
    care_region_code: str = ""
    insured_region_code: str = ""
    institution_code: str = ""
    department_code: str = ""
    doctor_code: str = ""
    begin_date: date | None = None
    """Admission or visit; None: the first fee date stands for it."""
    end_date: date | None = None
    """Discharge or visit; None: the last fee date stands for it."""
    settle_time: datetime | None = None
    """UTC; None: not settled yet, which is later than every settled bill."""
    diagnosis_codes: tuple[str, ...] | None = None
    """ICD-10 医保版, the main one first; None: not given, which is not the same as none."""
    operation_codes: tuple[str, ...] | None = None
    """ICD-9-CM-3 医保版, the main one first; None: not given."""
    emergency: bool = False
    visit_id: UUID | None = None
    """Parts of one visit or stay share it; None: the bill is the whole visit."""
    invoice_key: bytes | None = None
    """Keyed blind index of the invoice number."""
    phone_key: bytes | None = None
    """Keyed blind index of the telephone that the patient left."""
    total_fen: int | None = None
    """费用总额; None: the sum of the lines."""
    fund_fen: int | None = None
    """Paid by all funds; None: not adjudicated yet."""


_FIRST_DAY, _LAST_DAY = date.min, date.max


def begin_of(bill: Bill) -> date:
    """Returns the first day of a bill; of a bill without dates and lines the calendar's last."""
    return bill.begin_date or min((line.fee_date for line in bill.lines), default=_LAST_DAY)


def end_of(bill: Bill) -> date:
    """Returns the last day of a bill; of a bill without dates and lines the calendar's first."""
    return bill.end_date or max((line.fee_date for line in bill.lines), default=_FIRST_DAY)


def shifted(day: date, days: int) -> date:
    """Returns a day so many days later, or earlier; the calendar's ends are not passed."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return _LAST_DAY if days > 0 else _FIRST_DAY


def total_fen_of(bill: Bill) -> int:
    """Returns the total of a bill."""
    if bill.total_fen is not None:
        return bill.total_fen
    return sum(line.amount_fen for line in bill.lines)


_CODES_KEPT: Final = 100_000
"""Item codes of which that is remembered; the national catalogues have about as many."""
_BEIJING: Final = timezone(timedelta(hours=8))


def civil_day(instant: datetime) -> date:
    """Returns the civil date in Asia/Shanghai at an instant."""
    return instant.astimezone(_BEIJING).date()


def is_before(one: Bill, other: Bill) -> bool:
    """Tells whether a bill was settled before another: by settle_time, then by key.

    This order decides on which of two bills a finding about both stands: the later one.
    """
    if one.settle_time is None or other.settle_time is None:
        return one.settle_time is not None
    if one.settle_time != other.settle_time:
        return one.settle_time < other.settle_time
    return _key_order(one) < _key_order(other)


def _key_order(bill: Bill) -> int:
    # As its digits are ordered, which take longer to write than all else here.
    return -1 if bill.bill_key is None else bill.bill_key.int


def _history_order(bill: Bill) -> tuple[date, int]:
    return begin_of(bill), _key_order(bill)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One person's other standing bills (not reversed), sorted by (begin_date, bill_key).

    Whoever makes it may give later bills, too, and the bill that is judged: rules look only at
    what `earlier` leaves. It is never empty knowledge: without a history, give None to the engine.
    """

    bills: tuple[Bill, ...] = ()
    _uses: dict[str, tuple[tuple[Bill, Line], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _substances: dict[str, tuple[tuple[Bill, Line], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Sorts the bills: the order in which they are given must not matter."""
        object.__setattr__(self, "bills", tuple(sorted(self.bills, key=_history_order)))

    def earlier(self, bill: Bill) -> History:
        """Returns the part that was settled before a bill, without the bill itself."""
        kept = tuple(
            one
            for one in self.bills
            if is_before(one, bill) and (bill.bill_key is None or one.bill_key != bill.bill_key)
        )
        return self if len(kept) == len(self.bills) else History(bills=kept)

    def of_item(self, item_code: str) -> tuple[tuple[Bill, Line], ...]:
        """Returns the lines of a national item code with their bills, in the order of the bills."""
        if not self._uses and self.bills:
            self._uses.update(_index(self.bills, codes.national_item_code))
        return self._uses.get(item_code, ())

    def of_substance(self, substance: str) -> tuple[tuple[Bill, Line], ...]:
        """Returns the lines of a substance (see `substance_of`) with their bills."""
        if not self._substances and self.bills:
            self._substances.update(_index(self.bills, substance_of))
        return self._substances.get(substance, ())


@lru_cache(_CODES_KEPT)
def substance_of(item_code: str) -> str:
    """Returns the part of an item code that is the same for all makers and packages of a drug.

    Western drugs: class and substance (XB01AXA223). Chinese patent drugs: class and formula
    (ZA04CAE0023). Everything else: the national item code.
    """
    if codes.is_drug_code(item_code):
        return item_code[: _SUBSTANCE_LENGTHS.get(item_code[0], len(item_code))]
    return codes.national_item_code(item_code)


_SUBSTANCE_LENGTHS: Final = {"X": 10, "Z": 11}


def _index(
    bills: tuple[Bill, ...], key: Callable[[str], str]
) -> dict[str, tuple[tuple[Bill, Line], ...]]:
    found: dict[str, list[tuple[Bill, Line]]] = {}
    for bill in bills:
        for line in bill.lines:
            found.setdefault(key(line.item_code), []).append((bill, line))
    return {code: tuple(lines) for code, lines in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One doubt (审核疑点) about one bill or some lines of it."""

    rule_code: str
    result_class: ResultClass
    line_ids: tuple[str, ...]
    """The lines at fault, in the order of the bill; of a duplicate charge the included item's.
    Empty: the whole bill is at fault."""
    amount_fen: int
    """Sum of the lines at fault, of the whole bill its total. A line may stand in several
    findings."""
    message_zh: str
    message_en: str
    rule_version: str
    """Content hash of the rule files it was found by."""
    severity: Severity = Severity.MEDIUM
    effect: Effect = Effect.MARK
    source: str = ""
    """What the rule goes back to, in Chinese: document and article."""
    other_bill_keys: tuple[UUID, ...] = ()
    """Earlier bills that the finding rests on: it falls with any of them. For officers."""


_OUTPATIENT_TYPES: Final = frozenset({"11", "12", "14", "15", "16", "19", "51", "53", "81"})
_EMERGENCY_TYPE: Final = "13"


@lru_cache(maxsize=256)
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
