"""Between the contracts and the domain of classification.

The only module here that imports protobuf. It is shared because two services speak of the same
things: catalogue imports and serves items, settlement loads snapshots and classifies bills.
"""

from __future__ import annotations

import sys
from typing import Final

from services.classification.item_wire import (
    SEX_OF,
    read_price_ceilings,
    read_prior_self_pays,
    read_ratio,
    read_restriction,
    read_use_limits,
    write_price_ceilings,
    write_prior_self_pays,
    write_restriction,
    write_use_limits,
)
from services.classification.model import (
    APPROVAL_MET,
    APPROVAL_NOT_MET,
    CLASS_A,
    CLASS_B,
    CLASS_C,
    OVER_CEILING_REJECT,
    OVER_CEILING_SELF_PAY,
    CatalogueItem,
    ClassificationContext,
    FeeLine,
    LineSplit,
    SplitTotals,
)
from services.kit.wire import (
    invalid,
    read_date,
    read_decimal,
    read_fen,
    read_optional_date,
    write_date,
    write_decimal,
    write_optional_date,
)
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2
from yijie.common.v1 import bill_pb2, money_pb2

CLASS_OF: Final = {
    bill_pb2.CATALOGUE_CLASS_A: CLASS_A,
    bill_pb2.CATALOGUE_CLASS_B: CLASS_B,
    bill_pb2.CATALOGUE_CLASS_C: CLASS_C,
}
CLASS_ENUM: Final = {name: number for number, name in CLASS_OF.items()}
OVER_CEILING_OF: Final = {
    catalogue_pb2.OVER_CEILING_SELF_PAY: OVER_CEILING_SELF_PAY,
    catalogue_pb2.OVER_CEILING_REJECT: OVER_CEILING_REJECT,
}
OVER_CEILING_ENUM: Final = {name: number for number, name in OVER_CEILING_OF.items()}
_APPROVAL_OF: Final = {
    bill_pb2.RESTRICTION_APPROVAL_UNSPECIFIED: "",
    bill_pb2.RESTRICTION_APPROVAL_MET: APPROVAL_MET,
    bill_pb2.RESTRICTION_APPROVAL_NOT_MET: APPROVAL_NOT_MET,
}
_APPROVAL_ENUM: Final = {name: number for number, name in _APPROVAL_OF.items()}


def read_item(message: catalogue_pb2.CatalogueItem, path: str) -> CatalogueItem:
    """Returns the item of a message; its meaning is still to be checked (item_problems).

    Args:
        message: whose shape the contract has checked.
        path: of the item in the request, as `items[3]`.

    Raises:
        InvalidArgument: FIELD_INVALID for a date that is none, a number that is none, a ceiling
            without its handling, or class B without a share.
    """
    ceiling = None
    over_ceiling = OVER_CEILING_SELF_PAY
    if message.HasField("price_ceiling"):
        ceiling = read_decimal(message.price_ceiling, f"{path}.price_ceiling", whole=10, scale=6)
    if ceiling is not None or message.price_ceilings:
        named = OVER_CEILING_OF.get(message.over_ceiling)
        if named is None:
            raise invalid(f"{path}.over_ceiling", "required with a ceiling")
        over_ceiling = named
    if message.catalogue_class == bill_pb2.CATALOGUE_CLASS_B and not message.HasField(
        "prior_self_pay_ratio"
    ):
        raise invalid(
            f"{path}.prior_self_pay_ratio", "required for class B; 0 where nothing is due"
        )
    return CatalogueItem(
        item_code=message.item_code,
        name=message.name,
        list_type_code=sys.intern(message.list_type_code),
        charge_category_code=sys.intern(message.charge_category_code),
        catalogue_class=CLASS_OF[message.catalogue_class],
        prior_self_pay_ratio=read_ratio(
            message.prior_self_pay_ratio.value if message.HasField("prior_self_pay_ratio") else "0",
            f"{path}.prior_self_pay_ratio",
        ),
        price_ceiling=ceiling,
        over_ceiling=over_ceiling,
        begin_date=read_date(message.begin_date, f"{path}.begin_date"),
        end_date=read_optional_date(message.end_date, f"{path}.end_date"),
        sample=message.sample,
        prior_self_pays=read_prior_self_pays(message.prior_self_pays, f"{path}.prior_self_pays"),
        price_ceilings=read_price_ceilings(message.price_ceilings, f"{path}.price_ceilings"),
        restriction=(
            read_restriction(message.restriction, f"{path}.restriction")
            if message.HasField("restriction")
            else None
        ),
        use_limits=read_use_limits(message.use_limits, f"{path}.use_limits"),
        specification=message.specification,
        unit=message.unit,
    )


def write_item(item: CatalogueItem) -> catalogue_pb2.CatalogueItem:
    """Returns the message of an item."""
    ceiling = item.price_ceiling
    has_ceiling = ceiling is not None or bool(item.price_ceilings)
    return catalogue_pb2.CatalogueItem(
        item_code=item.item_code,
        name=item.name,
        list_type_code=item.list_type_code,
        charge_category_code=item.charge_category_code,
        catalogue_class=CLASS_ENUM[item.catalogue_class],
        prior_self_pay_ratio=(
            write_decimal(item.prior_self_pay_ratio) if item.catalogue_class == CLASS_B else None
        ),
        price_ceiling=None if ceiling is None else write_decimal(ceiling),
        over_ceiling=(
            OVER_CEILING_ENUM[item.over_ceiling]
            if has_ceiling
            else catalogue_pb2.OVER_CEILING_UNSPECIFIED
        ),
        begin_date=write_date(item.begin_date),
        end_date=write_optional_date(item.end_date),
        sample=item.sample,
        prior_self_pays=write_prior_self_pays(item.prior_self_pays),
        price_ceilings=write_price_ceilings(item.price_ceilings),
        restriction=None if item.restriction is None else write_restriction(item.restriction),
        use_limits=write_use_limits(item.use_limits),
        specification=item.specification,
        unit=item.unit,
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
        department_code=message.department_code,
        restriction_approval=_APPROVAL_OF[message.restriction_approval],
    )


def read_approval(number: bill_pb2.RestrictionApproval) -> str:
    """Returns what an institution says of a limited payment; empty: nothing."""
    return _APPROVAL_OF[number]


def write_approval(approval: str) -> bill_pb2.RestrictionApproval:
    """Returns the enum of what an institution says of a limited payment."""
    return _APPROVAL_ENUM[approval]


def read_context(
    message: catalogue_service_pb2.ClassificationContext, path: str
) -> ClassificationContext:
    """Returns what of a bill decides on limited payments and levels; empty where not stated.

    Raises:
        InvalidArgument: FIELD_INVALID for a birth date that is none.
    """
    return ClassificationContext(
        sex=SEX_OF[message.sex],
        birth_date=(
            read_date(message.birth_date, f"{path}.birth_date")
            if message.HasField("birth_date")
            else None
        ),
        person_type_code=message.person_type_code,
        scheme_code=message.scheme_code,
        price_level_code=message.price_level_code,
        medical_type_code=message.medical_type_code,
        pharmacy=message.pharmacy,
        diagnosis_codes=tuple(diagnosis.diagnosis_code for diagnosis in message.diagnoses),
    )


def write_line_split(split: LineSplit) -> bill_pb2.ClassifiedLine:
    """Returns the message of a line's split."""
    line = bill_pb2.ClassifiedLine(
        line_id=split.line_id,
        catalogue_class=CLASS_ENUM[split.catalogue_class],
        charge_category_code=split.charge_category_code,
        not_listed=split.not_listed,
        sample=split.sample,
        unmet_restrictions=split.unmet_restrictions,
        recognised_region_code=split.recognised_region_code,
    )
    _set_amounts(line.split, split)
    return line


def write_totals(totals: SplitTotals) -> money_pb2.AmountSplit:
    """Returns the message of a bill's sums."""
    message = money_pb2.AmountSplit()
    _set_amounts(message, totals)
    return message


def _set_amounts(message: money_pb2.AmountSplit, amounts: LineSplit | SplitTotals) -> None:
    # In place: messages that are made one by one and copied into another cost three times that.
    message.total.fen = amounts.total_fen
    message.full_self_pay.fen = amounts.full_self_pay_fen
    message.over_limit.fen = amounts.over_limit_fen
    message.prior_self_pay.fen = amounts.prior_self_pay_fen
    message.in_scope.fen = amounts.in_scope_fen
