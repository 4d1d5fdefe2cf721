"""What classification works on: catalogue items, fee lines, and the split of a line.

Amounts are whole fen; prices and ceilings are Decimal yuan per unit, quantities Decimal units,
ratios Decimal in 0..1. Dates are civil dates in Asia/Shanghai.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSplit:
    """A line split into the four amounts of the national interface.

    Identity I1: total = full self-pay + over-limit + prior self-pay + in scope, each of them >= 0.
    """

    line_id: str
    total_fen: int
    """费用总额; the line's stated amount."""
    full_self_pay_fen: int
    """全自费: class C, or not in the catalogue."""
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
    """The ratio used; 0 unless the class is "B"."""
    price_ceiling: Decimal | None
    """The ceiling in force, whether or not the price is above it."""
    not_listed: bool
    """True (目录外): the catalogue has no such item on the fee date."""
    sample: bool
    """True (示例) when the item is; a line that is not listed is not a sample."""


@dataclass(frozen=True, slots=True)
class SplitTotals:
    """The sums of several line splits, in fen; the same identity holds (I2)."""

    total_fen: int = 0
    full_self_pay_fen: int = 0
    over_limit_fen: int = 0
    prior_self_pay_fen: int = 0
    in_scope_fen: int = 0
