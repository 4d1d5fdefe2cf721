"""What classification works on: catalogue items, fee lines, and the split of a line.

Amounts are whole fen; prices and ceilings are Decimal yuan per unit, quantities Decimal units,
ratios Decimal in 0..1. Dates are civil dates in Asia/Shanghai.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from decimal import Decimal

CLASS_A: Final = "A"
"""甲类: wholly in scope."""
CLASS_B: Final = "B"
"""乙类: the person pays the prior self-pay ratio first; the rest is in scope."""
CLASS_C: Final = "C"
"""丙类 (自费): wholly full self-pay."""
CATALOGUE_CLASSES: Final = frozenset((CLASS_A, CLASS_B, CLASS_C))

OVER_CEILING_SELF_PAY: Final = "self_pay"
"""What is above the ceiling is over-limit, paid by the person."""
OVER_CEILING_REJECT: Final = "reject"
"""A line above the ceiling is refused with PRICE_ABOVE_CEILING."""
OVER_CEILING_WAYS: Final = frozenset((OVER_CEILING_SELF_PAY, OVER_CEILING_REJECT))

AGE_YEAR: Final = "year"
AGE_MONTH: Final = "month"
AGE_DAY: Final = "day"
AGE_UNITS: Final = frozenset((AGE_YEAR, AGE_MONTH, AGE_DAY))

SETTING_OUTPATIENT: Final = "outpatient"
"""Emergency included."""
SETTING_INPATIENT: Final = "inpatient"
SETTING_PHARMACY: Final = "pharmacy"
SETTINGS: Final = frozenset((SETTING_OUTPATIENT, SETTING_INPATIENT, SETTING_PHARMACY))

PERIOD_LINE: Final = "line"
PERIOD_DAY: Final = "day"
"""One fee date on the bill; of a stay, on all its settlements that stand."""
PERIOD_BILL: Final = "bill"
"""The bill; of a stay, all its settlements that stand."""
USE_PERIODS: Final = frozenset((PERIOD_LINE, PERIOD_DAY, PERIOD_BILL))

APPROVAL_MET: Final = "met"
"""The institution says that the condition of the limited payment is met."""
APPROVAL_NOT_MET: Final = "not_met"

UNMET_SEX: Final = "SEX"
UNMET_AGE: Final = "AGE"
UNMET_LEVEL: Final = "LEVEL"
UNMET_SETTING: Final = "SETTING"
UNMET_DEPARTMENT: Final = "DEPARTMENT"
UNMET_INDICATION: Final = "INDICATION"
UNMET_SCHEME: Final = "SCHEME"
UNMET_APPROVAL: Final = "APPROVAL"
UNMET_USE_LIMIT: Final = "USE_LIMIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorSelfPay:
    """The prior self-pay share of one person type (国家字段 selfpay_prop_psn_type)."""

    person_type_code: str
    """Two digits, as "12" retired."""
    ratio: Decimal
    """0..1, at most 4 places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCeiling:
    """The ceiling at one price level of institutions (国家字段 lmtpric_hosp_lv)."""

    price_level_code: str
    """"01" to "11"."""
    price_ceiling: Decimal
    """Yuan per unit, at most 6 places."""


@dataclass(frozen=True, slots=True)
class AgeBound:
    """An age: so many completed years or months, or days."""

    number: int
    unit: str
    """"year", "month" or "day"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRestriction:
    """The condition under which an item is paid for (限定支付); all stated parts must hold."""

    sex: str = ""
    """GB/T 2261.1, "1" or "2"; empty: any."""
    min_age: AgeBound | None = None
    """At least this old on the fee date."""
    max_age: AgeBound | None = None
    """Younger than this on the fee date."""
    price_level_codes: tuple[str, ...] = ()
    """Only at these levels; empty: any."""
    setting: str = ""
    """"outpatient", "inpatient" or "pharmacy"; empty: any."""
    department_codes: tuple[str, ...] = ()
    """Only charged by these; empty: any."""
    diagnosis_prefixes: tuple[str, ...] = ()
    """Only with a diagnosis that begins so (适应症); empty: any."""
    scheme_codes: tuple[str, ...] = ()
    """Only for these; empty: any."""
    requires_approval: bool = False
    """True: the institution must say that the condition in words is met."""
    text: str = ""
    """The condition in the catalogue's words; decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLimit:
    """How many units of an item are paid for within a period."""

    quantity: Decimal
    """Units, > 0, at most 4 places."""
    period: str
    """"line", "day" or "bill"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueItem:
    """One item of a care region's catalogue, as it stands from `begin_date` to `end_date`.

    The same item code may have several of these, one after another; they may not overlap.
    """

    item_code: str
    """医保目录编码; its format tells the list type (services.kit.codes)."""
    name: str
    list_type_code: str
    """目录类别: "101" western drug, "102" Chinese patent drug, "103" decoction piece, "201" service
    item, "301" consumable."""
    charge_category_code: str
    """医疗收费项目类别: "01" bed .. "14" other."""
    catalogue_class: str
    """收费项目等级: "A", "B" or "C"."""
    prior_self_pay_ratio: Decimal
    """Share of a class B line paid by the person first, 0..1, at most 4 places; 0 for A and C."""
    price_ceiling: Decimal | None
    """Highest price in scope, yuan per unit, at most 6 places; None: no ceiling."""
    over_ceiling: str
    """超限处理方式: "self_pay" or "reject"; only read when there is a ceiling."""
    begin_date: date
    """First fee date it applies to."""
    end_date: date | None
    """Last fee date it applies to, that day included; None: open."""
    sample: bool
    """True (示例): class, ratio or ceiling could not be traced to a published document."""
    prior_self_pays: tuple[PriorSelfPay, ...] = ()
    """Class B only: shares that differ by person type; the others have prior_self_pay_ratio."""
    price_ceilings: tuple[PriceCeiling, ...] = ()
    """Ceilings that differ by price level; the others have price_ceiling."""
    restriction: PaymentRestriction | None = None
    """限定支付; None: none."""
    use_limits: tuple[UseLimit, ...] = ()
    """What is beyond any of them is full self-pay; at most one per period."""
    specification: str = ""
    """规格; empty: not stated."""
    unit: str = ""
    """计价单位; empty: not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """One line of a bill, checked in shape (services.classification.validation)."""

    line_id: str
    item_code: str
    fee_date: date
    unit_price: Decimal
    """Yuan per unit, >= 0, at most 6 places."""
    quantity: Decimal
    """Units, > 0, at most 4 places."""
    amount_fen: int
    """The line's stated amount; within 1 fen of unit_price x quantity."""
    department_code: str = ""
    """That charged it; empty: not stated."""
    restriction_approval: str = ""
    """What the institution says of the limited payment: "met" or "not_met"; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationContext:
    """What of a bill decides on ceilings, shares and limited payments; empty: not known.

    A part of a restriction that needs what is not known does not hold.
    """

    sex: str = ""
    """GB/T 2261.1, "1" or "2"."""
    birth_date: date | None = None
    person_type_code: str = ""
    """Two digits, or four of which the first two count."""
    scheme_code: str = ""
    price_level_code: str = ""
    """Of the institution; picks ceilings."""
    medical_type_code: str = ""
    pharmacy: bool = False
    """True at a pharmacy, whatever the medical type."""
    diagnosis_codes: Collection[str] = ()
    """All of the bill, ICD-10 医保版."""
    department_code: str = ""
    """Of lines that state none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSplit:
    """A line split into the four amounts of the national interface.

    Identity I1: total = full self-pay + over-limit + prior self-pay + in scope, each of them >= 0.
    """

    line_id: str
    total_fen: int
    """费用总额; the line's stated amount."""
    full_self_pay_fen: int
    """全自费: class C, not in the catalogue, restriction not met, or beyond a use limit."""
    over_limit_fen: int
    """超限价: above the ceiling."""
    prior_self_pay_fen: int
    """先行自付: the ratio of class B."""
    in_scope_fen: int
    """政策范围内: what the insured region adjudicates, its deductible included."""
    catalogue_class: str
    """The class used; "C" for an item that is not listed."""
    charge_category_code: str
    prior_self_pay_ratio: Decimal
    """The ratio that applies; 0 unless the class is "B"."""
    price_ceiling: Decimal | None
    """The ceiling in force, whether or not the price is above it."""
    not_listed: bool
    """True (目录外): the catalogue has no such item on the fee date."""
    sample: bool
    """True (示例) when the item is; a line that is not listed is not a sample."""
    unmet_restrictions: tuple[str, ...] = ()
    """Why its limited payment, or a use limit, made it or a part of it full self-pay."""
    recognised_region_code: str = ""
    """Province whose catalogue lists the item in place of the care region's (目录互认); else ""."""


@dataclass(frozen=True, slots=True)
class SplitTotals:
    """The sums of several line splits, in fen; the same identity holds (I2)."""

    total_fen: int = 0
    full_self_pay_fen: int = 0
    over_limit_fen: int = 0
    prior_self_pay_fen: int = 0
    in_scope_fen: int = 0
