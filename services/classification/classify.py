"""Splits a fee line by the care region's catalogue, as of the fee date.

The order is that of the national rules: the price ceiling of the institution's level (what is above
is over-limit), the limited payment (a line that does not meet it is full self-pay), the use limit
(what is beyond is full self-pay), then class and share by person type, remainder in scope.
Pure: the same snapshot, context and lines give the same splits.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.classification.conditions import Usage, unmet
from services.classification.model import (
    CLASS_B,
    CLASS_C,
    OVER_CEILING_REJECT,
    UNMET_USE_LIMIT,
    ClassificationContext,
    LineSplit,
    SplitTotals,
)
from services.kit import codes
from services.kit.errors import FieldViolation, RuleForbids
from services.kit.money import round_fen, to_fen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from services.classification.columns import Terms
    from services.classification.model import FeeLine
    from services.classification.snapshot import Snapshot
    from services.classification.zones import Recognition

_ZERO: Final = Decimal(0)
_NOTHING_KNOWN: Final = ClassificationContext()
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


def classify_line(
    snapshot: Snapshot,
    line: FeeLine,
    *,
    path: str = "line",
    context: ClassificationContext = _NOTHING_KNOWN,
    recognition: Recognition | None = None,
    usage: Usage | None = None,
) -> LineSplit:
    """Returns the split of one line.

    An item that the snapshot does not list on the fee date is 目录外: full self-pay, not an error.

    Args:
        snapshot: the care region's catalogue.
        line: checked in shape; its product of price and quantity then fits Decimal's 28 digits.
        path: of the line in the request, for errors.
        context: what of the bill decides; what it does not tell meets no condition.
        recognition: the insured region's catalogue, where a zone of mutual recognition is applied.
        usage: what the lines before used up of a day's and the bill's limits; None: the line is
            alone.

    Raises:
        PriceAboveCeiling: the item's ceiling refuses the price.
        CatalogueNotPublished: the fee date is before all items of the snapshot.
    """
    if not _covers(snapshot, line.fee_date):
        raise CatalogueNotPublished(snapshot.region_code, f"{path}.fee_date")
    used = Usage() if usage is None else usage
    split = _split(snapshot, line, context, used, recognition)
    if split is None:
        raise PriceAboveCeiling((f"{path}.unit_price",))
    return split


def classify_lines(
    snapshot: Snapshot,
    lines: Sequence[FeeLine],
    *,
    path: str = "lines",
    context: ClassificationContext = _NOTHING_KNOWN,
    recognition: Recognition | None = None,
    usage: Usage | None = None,
) -> tuple[LineSplit, ...]:
    """Returns the splits of a bill's lines, in their order, in which they use limits up.

    The other arguments are those of `classify_line`.

    Raises:
        PriceAboveCeiling: naming every line (up to 30) that a ceiling refuses.
        CatalogueNotPublished: naming the first line with such a date.
    """
    splits: list[LineSplit] = []
    refused: list[str] = []
    usage = Usage() if usage is None else usage
    for index, line in enumerate(lines):
        if not _covers(snapshot, line.fee_date):
            raise CatalogueNotPublished(snapshot.region_code, f"{path}[{index}].fee_date")
        split = _split(snapshot, line, context, usage, recognition)
        if split is None:
            refused.append(f"{path}[{index}].unit_price")
        else:
            splits.append(split)
    if refused:
        raise PriceAboveCeiling(refused)
    return tuple(splits)


def usage_of(
    snapshot: Snapshot,
    lines: Iterable[FeeLine],
    *,
    context: ClassificationContext = _NOTHING_KNOWN,
    recognition: Recognition | None = None,
) -> Usage:
    """Returns what lines that are settled already leave of the limits for those that follow.

    What the catalogue refuses by now, or knows nothing of, used nothing up.
    """
    usage = Usage()
    for line in lines:
        if _covers(snapshot, line.fee_date):
            _split(snapshot, line, context, usage, recognition)
    return usage


def versions_used(
    snapshot: Snapshot, recognition: Recognition | None, splits: Iterable[LineSplit]
) -> str:
    """Returns the versions that split the lines: "310000@v1", or "310000@v1+320000@v3"."""
    if recognition is None or not any(split.recognised_region_code for split in splits):
        return snapshot.label
    return f"{snapshot.label}+{recognition.snapshot.label}"


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


def _split(
    snapshot: Snapshot,
    line: FeeLine,
    context: ClassificationContext,
    usage: Usage,
    recognition: Recognition | None,
) -> LineSplit | None:
    """Returns the split; None: the item's ceiling refuses the price."""
    entry = snapshot.find(line.item_code, line.fee_date)
    if entry >= 0:
        return _split_by(snapshot, entry, line, context, usage)
    if recognition is not None:
        split = _recognised(recognition, line, context, usage)
        if split is not None:
            return split
    return _not_listed(line)


def _recognised(
    recognition: Recognition, line: FeeLine, context: ClassificationContext, usage: Usage
) -> LineSplit | None:
    """Returns the split by the insured region's catalogue; None: it does not take the line.

    What that catalogue's ceiling refuses is no reason to refuse a bill: the care region has not
    listed the item in the first place.
    """
    snapshot = recognition.snapshot
    # The local suffix of a service item means something only in the province that gave it.
    code = codes.national_item_code(line.item_code)
    entry = snapshot.find(code, line.fee_date)
    if entry < 0:
        return None
    if not recognition.covers(snapshot.terms_of(entry).list_type_code, line.fee_date):
        return None
    return _split_by(snapshot, entry, line, context, usage, recognised=snapshot.region_code)


def _split_by(
    snapshot: Snapshot,
    entry: int,
    line: FeeLine,
    context: ClassificationContext,
    usage: Usage,
    *,
    recognised: str = "",
) -> LineSplit | None:
    terms = snapshot.terms_of(entry)
    over = 0
    ceiling = snapshot.ceiling_of(entry, context.price_level_code)
    if ceiling is not None and line.unit_price > ceiling:
        if terms.over_ceiling == OVER_CEILING_REJECT:
            return None
        # The stated amount may be a fen below price x quantity; no part may exceed the whole.
        over = min(to_fen((line.unit_price - ceiling) * line.quantity), line.amount_fen)
    rest = line.amount_fen - over
    catalogue_class = terms.catalogue_class
    full = rest if catalogue_class == CLASS_C else 0
    reasons: tuple[str, ...] = ()
    # What is self-paid by its class meets no condition and uses no limit up.
    if terms.conditional and catalogue_class != CLASS_C:
        # The local suffix of a service item that was recognised names no entry of its own.
        code = codes.national_item_code(line.item_code) if recognised else line.item_code
        full, reasons = _unpaid(terms, line, rest, context, usage, entry_code=code + recognised)
    prior, ratio = 0, _ZERO
    if catalogue_class == CLASS_B:
        ratio = _ratio_of(terms, context.person_type_code)
        prior = round_fen((rest - full) * ratio)
    return LineSplit(
        line_id=line.line_id,
        total_fen=line.amount_fen,
        full_self_pay_fen=full,
        over_limit_fen=over,
        prior_self_pay_fen=prior,
        in_scope_fen=rest - full - prior,
        catalogue_class=catalogue_class,
        charge_category_code=terms.charge_category_code,
        prior_self_pay_ratio=ratio,
        price_ceiling=ceiling,
        not_listed=False,
        sample=terms.sample,
        unmet_restrictions=reasons,
        recognised_region_code=recognised,
    )


def _unpaid(
    terms: Terms,
    line: FeeLine,
    rest: int,
    context: ClassificationContext,
    usage: Usage,
    *,
    entry_code: str,
) -> tuple[int, tuple[str, ...]]:
    """Returns what of a line's rest its condition and limits leave to the person, and why."""
    if terms.restriction is not None:
        reasons = unmet(terms.restriction, context, line)
        if reasons:
            return rest, reasons
    if terms.use_limits:
        allowed, beyond = usage.take(terms.use_limits, line, entry_code)
        if beyond:
            # Of the rest the share of the units that are beyond.
            share = Fraction(beyond) / Fraction(allowed + beyond)
            return round_fen(rest * share), (UNMET_USE_LIMIT,)
    return 0, ()


def _ratio_of(terms: Terms, person_type_code: str) -> Decimal:
    if terms.prior_self_pays and person_type_code:
        for share in terms.prior_self_pays:
            # Only the first two digits of a person type carry meaning.
            if person_type_code.startswith(share.person_type_code):
                return share.ratio
    return terms.prior_self_pay_ratio


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
