"""Splits a fee line by the care region's catalogue, as of the fee date.

The order is that of the national rules: price ceiling, class, prior self-pay, remainder in scope.
Pure: the same snapshot and line give the same split.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.classification.model import (
    CLASS_A,
    CLASS_B,
    CLASS_C,
    OVER_CEILING_REJECT,
    LineSplit,
    SplitTotals,
)
from services.kit import codes
from services.kit.errors import FieldViolation, RuleForbids
from services.kit.money import round_fen, to_fen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from services.classification.model import FeeLine
    from services.classification.snapshot import Snapshot

_ZERO: Final = Decimal(0)
_VIOLATIONS_MAX: Final = 30
# Only the kind of item is known then, so a service item is "14" (other).
_CATEGORY_OF_UNLISTED: Final = {
    codes.LIST_TYPE_WESTERN_DRUG: "09",
    codes.LIST_TYPE_PATENT_DRUG: "11",
    codes.LIST_TYPE_HERB: "10",
    codes.LIST_TYPE_CONSUMABLE: "08",
}


class PriceAboveCeiling(RuleForbids):
    """A price is above a ceiling whose handling is to refuse the line."""

    def __init__(self, fields: Sequence[str]) -> None:
        """Names the fields at fault, as `bill.lines[3].unit_price`."""
        super().__init__(
            "PRICE_ABOVE_CEILING",
            "the price is above the ceiling, and the catalogue refuses such lines",
            zh="单价超过限价，按就医地目录规定不予结算",
            violations=tuple(
                FieldViolation(field, "the price is above the ceiling", "PRICE_ABOVE_CEILING")
                for field in fields[:_VIOLATIONS_MAX]
            ),
        )


class CatalogueNotPublished(RuleForbids):
    """A fee date lies before the first one that the snapshot knows anything about.

    Without this every item of such a day would pass for 目录外.
    """

    def __init__(self, region_code: str, field: str) -> None:
        """Names the catalogue's region and the field at fault, as `bill.lines[3].fee_date`."""
        super().__init__(
            "CATALOGUE_NOT_PUBLISHED",
            "the fee date is before the catalogue begins",
            zh="费用发生日期早于就医地目录的生效日期",
            field=field,
            metadata={"regionCode": region_code},
        )


def classify_line(snapshot: Snapshot, line: FeeLine, *, path: str = "line") -> LineSplit:
    """Returns the split of one line.

    An item that the snapshot does not list on the fee date is 目录外: full self-pay, not an error.

    Args:
        snapshot: the care region's catalogue.
        line: checked in shape; its product of price and quantity then fits Decimal's 28 digits.
        path: of the line in the request, for errors.

    Raises:
        PriceAboveCeiling: the item's ceiling refuses the price.
        CatalogueNotPublished: the fee date is before all items of the snapshot.
    """
    if not _covers(snapshot, line.fee_date):
        raise CatalogueNotPublished(snapshot.region_code, f"{path}.fee_date")
    split = _split(snapshot, line)
    if split is None:
        raise PriceAboveCeiling((f"{path}.unit_price",))
    return split


def classify_lines(
    snapshot: Snapshot, lines: Sequence[FeeLine], *, path: str = "lines"
) -> tuple[LineSplit, ...]:
    """Returns the splits of a bill's lines, in their order.

    Raises:
        PriceAboveCeiling: naming every line (up to 30) that a ceiling refuses.
        CatalogueNotPublished: naming the first line with such a date.
    """
    splits: list[LineSplit] = []
    refused: list[str] = []
    for index, line in enumerate(lines):
        if not _covers(snapshot, line.fee_date):
            raise CatalogueNotPublished(snapshot.region_code, f"{path}[{index}].fee_date")
        split = _split(snapshot, line)
        if split is None:
            refused.append(f"{path}[{index}].unit_price")
        else:
            splits.append(split)
    if refused:
        raise PriceAboveCeiling(refused)
    return tuple(splits)


def totals(splits: Iterable[LineSplit]) -> SplitTotals:
    """Returns the sums over the lines of a bill."""
    total = full = over = prior = scope = 0
    for split in splits:
        total += split.total_fen
        full += split.full_self_pay_fen
        over += split.over_limit_fen
        prior += split.prior_self_pay_fen
        scope += split.in_scope_fen
    return SplitTotals(total, full, over, prior, scope)


def totals_by_category(splits: Iterable[LineSplit]) -> dict[str, SplitTotals]:
    """Returns the sums per charge category ("01" .. "14"), in the order of the codes."""
    groups: dict[str, list[LineSplit]] = {}
    for split in splits:
        groups.setdefault(split.charge_category_code, []).append(split)
    return {category: totals(groups[category]) for category in sorted(groups)}


def _covers(snapshot: Snapshot, fee_date: date) -> bool:
    return snapshot.first_date is not None and fee_date >= snapshot.first_date


def _split(snapshot: Snapshot, line: FeeLine) -> LineSplit | None:
    """Returns the split; None: the item's ceiling refuses the price."""
    item = snapshot.lookup(line.item_code, line.fee_date)
    if item is None:
        return _not_listed(line)
    over = 0
    ceiling = item.price_ceiling
    if ceiling is not None and line.unit_price > ceiling:
        if item.over_ceiling == OVER_CEILING_REJECT:
            return None
        # The stated amount may be a fen below price x quantity; no part may exceed the whole.
        over = min(to_fen((line.unit_price - ceiling) * line.quantity), line.amount_fen)
    rest = line.amount_fen - over
    full = prior = scope = 0
    ratio = _ZERO
    catalogue_class = item.catalogue_class
    if catalogue_class == CLASS_A:
        scope = rest
    elif catalogue_class == CLASS_B:
        ratio = item.prior_self_pay_ratio
        prior = round_fen(rest * ratio)
        scope = rest - prior
    else:
        full = rest
    return LineSplit(
        line_id=line.line_id,
        total_fen=line.amount_fen,
        full_self_pay_fen=full,
        over_limit_fen=over,
        prior_self_pay_fen=prior,
        in_scope_fen=scope,
        catalogue_class=catalogue_class,
        charge_category_code=item.charge_category_code,
        prior_self_pay_ratio=ratio,
        price_ceiling=ceiling,
        not_listed=False,
        sample=item.sample,
    )


def _not_listed(line: FeeLine) -> LineSplit:
    return LineSplit(
        line_id=line.line_id,
        total_fen=line.amount_fen,
        full_self_pay_fen=line.amount_fen,
        over_limit_fen=0,
        prior_self_pay_fen=0,
        in_scope_fen=0,
        catalogue_class=CLASS_C,
        charge_category_code=_CATEGORY_OF_UNLISTED.get(codes.list_type_of(line.item_code), "14"),
        prior_self_pay_ratio=_ZERO,
        price_ceiling=None,
        not_listed=True,
        sample=False,
    )
