"""Between the contracts and the domain of classification.

The only module here that imports protobuf. It is shared because two services speak of the same
things: catalogue imports and serves items, settlement loads snapshots and classifies bills.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from services.classification.model import (
    CLASS_A,
    CLASS_B,
    CLASS_C,
    OVER_CEILING_REJECT,
    OVER_CEILING_SELF_PAY,
    CatalogueItem,
    FeeLine,
    LineSplit,
    SplitTotals,
)
from services.kit.money import parse_decimal
from services.kit.wire import (
    invalid,
    read_date,
    read_decimal,
    read_fen,
    read_optional_date,
    write_date,
    write_decimal,
    write_money,
    write_optional_date,
)
from yijie.catalogue.v1 import catalogue_pb2
from yijie.common.v1 import bill_pb2, money_pb2

if TYPE_CHECKING:
    from decimal import Decimal

_CLASS_OF: Final = {
    bill_pb2.CATALOGUE_CLASS_A: CLASS_A,
    bill_pb2.CATALOGUE_CLASS_B: CLASS_B,
    bill_pb2.CATALOGUE_CLASS_C: CLASS_C,
}
_CLASS_ENUM: Final = {name: number for number, name in _CLASS_OF.items()}
_OVER_CEILING_OF: Final = {
    catalogue_pb2.OVER_CEILING_SELF_PAY: OVER_CEILING_SELF_PAY,
    catalogue_pb2.OVER_CEILING_REJECT: OVER_CEILING_REJECT,
}
_OVER_CEILING_ENUM: Final = {name: number for number, name in _OVER_CEILING_OF.items()}
# A catalogue has few distinct ratios, and many items that hold them.
_CACHE_SIZE: Final = 4096


def read_item(message: catalogue_pb2.CatalogueItem, path: str) -> CatalogueItem:
    """Returns the item of a message; its meaning is still to be checked (item_problems).

    Args:
        message: whose shape the contract has checked.
        path: of the item in the request, as `items[3]`.

    Raises:
        InvalidArgument: FIELD_INVALID for a date that is none, a number that is none, or a ceiling
            without its handling.
    """
    ceiling = None
    over_ceiling = OVER_CEILING_SELF_PAY
    if message.HasField("price_ceiling"):
        ceiling = read_decimal(message.price_ceiling, f"{path}.price_ceiling", whole=10, scale=6)
        named = _OVER_CEILING_OF.get(message.over_ceiling)
        if named is None:
            raise invalid(f"{path}.over_ceiling", "required with price_ceiling")
        over_ceiling = named
    return CatalogueItem(
        item_code=message.item_code,
        name=message.name,
        list_type_code=sys.intern(message.list_type_code),
        charge_category_code=sys.intern(message.charge_category_code),
        catalogue_class=_CLASS_OF[message.catalogue_class],
        prior_self_pay_ratio=_ratio(message, path),
        price_ceiling=ceiling,
        over_ceiling=over_ceiling,
        begin_date=read_date(message.begin_date, f"{path}.begin_date"),
        end_date=read_optional_date(message.end_date, f"{path}.end_date"),
        sample=message.sample,
    )


def write_item(item: CatalogueItem) -> catalogue_pb2.CatalogueItem:
    """Returns the message of an item."""
    ceiling = item.price_ceiling
    return catalogue_pb2.CatalogueItem(
        item_code=item.item_code,
        name=item.name,
        list_type_code=item.list_type_code,
        charge_category_code=item.charge_category_code,
        catalogue_class=_CLASS_ENUM[item.catalogue_class],
        prior_self_pay_ratio=(
            write_decimal(item.prior_self_pay_ratio) if item.catalogue_class == CLASS_B else None
        ),
        price_ceiling=None if ceiling is None else write_decimal(ceiling),
        over_ceiling=(
            catalogue_pb2.OVER_CEILING_UNSPECIFIED
            if ceiling is None
            else _OVER_CEILING_ENUM[item.over_ceiling]
        ),
        begin_date=write_date(item.begin_date),
        end_date=write_optional_date(item.end_date),
        sample=item.sample,
    )


def read_line(message: bill_pb2.FeeLine, path: str) -> FeeLine:
    """Returns the fee line of a message; its meaning is still to be checked (check_lines).

    Raises:
        InvalidArgument: FIELD_INVALID for a date or a number that is none, or out of range.
    """
    return FeeLine(
        line_id=message.line_id,
        item_code=message.item_code,
        fee_date=read_date(message.fee_date, f"{path}.fee_date"),
        unit_price=read_decimal(message.unit_price, f"{path}.unit_price", whole=10, scale=6),
        quantity=read_decimal(message.quantity, f"{path}.quantity", whole=12, scale=4),
        amount_fen=read_fen(message.amount, f"{path}.amount"),
    )


def write_line_split(split: LineSplit) -> bill_pb2.ClassifiedLine:
    """Returns the message of a line's split."""
    return bill_pb2.ClassifiedLine(
        line_id=split.line_id,
        split=_amounts(
            split.total_fen,
            split.full_self_pay_fen,
            split.over_limit_fen,
            split.prior_self_pay_fen,
            split.in_scope_fen,
        ),
        catalogue_class=_CLASS_ENUM[split.catalogue_class],
        charge_category_code=split.charge_category_code,
        not_listed=split.not_listed,
        sample=split.sample,
    )


def write_totals(totals: SplitTotals) -> money_pb2.AmountSplit:
    """Returns the message of a bill's sums."""
    return _amounts(
        totals.total_fen,
        totals.full_self_pay_fen,
        totals.over_limit_fen,
        totals.prior_self_pay_fen,
        totals.in_scope_fen,
    )


def _amounts(total: int, full: int, over: int, prior: int, scope: int) -> money_pb2.AmountSplit:
    return money_pb2.AmountSplit(
        total=write_money(total),
        full_self_pay=write_money(full),
        over_limit=write_money(over),
        prior_self_pay=write_money(prior),
        in_scope=write_money(scope),
    )


def _ratio(message: catalogue_pb2.CatalogueItem, path: str) -> Decimal:
    text = message.prior_self_pay_ratio.value if message.HasField("prior_self_pay_ratio") else "0"
    try:
        return _decimal(text)
    except ValueError as error:
        raise invalid(f"{path}.prior_self_pay_ratio", str(error)) from None


@lru_cache(maxsize=_CACHE_SIZE)
def _decimal(text: str) -> Decimal:
    return parse_decimal(text)
