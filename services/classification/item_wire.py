"""Between the contract of a catalogue item and the domain: what decides on an item.

Conditions, use limits, and what differs by level and person type are read and written one by one,
because a catalogue item, its stored row and a column of a snapshot all hold the same messages.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from services.classification.model import (
    AGE_DAY,
    AGE_MONTH,
    AGE_YEAR,
    PERIOD_BILL,
    PERIOD_DAY,
    PERIOD_LINE,
    SETTING_INPATIENT,
    SETTING_OUTPATIENT,
    SETTING_PHARMACY,
    AgeBound,
    PaymentRestriction,
    PriceCeiling,
    PriorSelfPay,
    UseLimit,
)
from services.kit.codes import SEX_FEMALE, SEX_MALE
from services.kit.money import parse_decimal
from services.kit.wire import invalid, read_decimal, write_decimal
from yijie.catalogue.v1 import catalogue_pb2
from yijie.common.v1 import bill_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

SEX_OF: Final = {
    bill_pb2.SEX_UNSPECIFIED: "",
    bill_pb2.SEX_MALE: SEX_MALE,
    bill_pb2.SEX_FEMALE: SEX_FEMALE,
}
_SEX_ENUM: Final = {name: number for number, name in SEX_OF.items()}
_SETTING_OF: Final = {
    catalogue_pb2.CARE_SETTING_UNSPECIFIED: "",
    catalogue_pb2.CARE_SETTING_OUTPATIENT: SETTING_OUTPATIENT,
    catalogue_pb2.CARE_SETTING_INPATIENT: SETTING_INPATIENT,
    catalogue_pb2.CARE_SETTING_PHARMACY: SETTING_PHARMACY,
}
_SETTING_ENUM: Final = {name: number for number, name in _SETTING_OF.items()}
_AGE_UNIT_OF: Final = {
    catalogue_pb2.AGE_UNIT_YEAR: AGE_YEAR,
    catalogue_pb2.AGE_UNIT_MONTH: AGE_MONTH,
    catalogue_pb2.AGE_UNIT_DAY: AGE_DAY,
}
_AGE_UNIT_ENUM: Final = {name: number for number, name in _AGE_UNIT_OF.items()}
_PERIOD_OF: Final = {
    catalogue_pb2.USE_PERIOD_LINE: PERIOD_LINE,
    catalogue_pb2.USE_PERIOD_DAY: PERIOD_DAY,
    catalogue_pb2.USE_PERIOD_BILL: PERIOD_BILL,
}
_PERIOD_ENUM: Final = {name: number for number, name in _PERIOD_OF.items()}
# A catalogue has few distinct ratios, and many items that hold them.
_CACHE_SIZE: Final = 4096


def read_ratio(text: str, field: str) -> Decimal:
    """Returns a share; its range is still to be checked. Raises FIELD_INVALID for no number."""
    try:
        return _decimal(text)
    except ValueError as error:
        raise invalid(field, str(error)) from None


def read_prior_self_pays(
    messages: Iterable[catalogue_pb2.PriorSelfPay], path: str
) -> tuple[PriorSelfPay, ...]:
    """Returns shares by person type. Raises FIELD_INVALID for a number that is none."""
    return tuple(
        PriorSelfPay(
            person_type_code=sys.intern(message.person_type_code),
            ratio=read_ratio(message.ratio.value, f"{path}[{index}].ratio"),
        )
        for index, message in enumerate(messages)
    )


def write_prior_self_pays(shares: Iterable[PriorSelfPay]) -> list[catalogue_pb2.PriorSelfPay]:
    """Returns the messages of shares by person type."""
    return [
        catalogue_pb2.PriorSelfPay(
            person_type_code=share.person_type_code, ratio=write_decimal(share.ratio)
        )
        for share in shares
    ]


def read_price_ceilings(
    messages: Iterable[catalogue_pb2.PriceCeiling], path: str
) -> tuple[PriceCeiling, ...]:
    """Returns ceilings by level. Raises FIELD_INVALID for a number that is none."""
    return tuple(
        PriceCeiling(
            price_level_code=sys.intern(message.price_level_code),
            price_ceiling=read_decimal(
                message.price_ceiling, f"{path}[{index}].price_ceiling", whole=10, scale=6
            ),
        )
        for index, message in enumerate(messages)
    )


def write_price_ceilings(ceilings: Iterable[PriceCeiling]) -> list[catalogue_pb2.PriceCeiling]:
    """Returns the messages of ceilings by level."""
    return [
        catalogue_pb2.PriceCeiling(
            price_level_code=ceiling.price_level_code,
            price_ceiling=write_decimal(ceiling.price_ceiling),
        )
        for ceiling in ceilings
    ]


def read_use_limits(messages: Iterable[catalogue_pb2.UseLimit], path: str) -> tuple[UseLimit, ...]:
    """Returns use limits. Raises FIELD_INVALID for a number or a period that is none."""
    limits = []
    for index, message in enumerate(messages):
        period = _PERIOD_OF.get(message.period)
        if period is None:
            raise invalid(f"{path}[{index}].period", "a line, a day or the bill is required")
        quantity = read_decimal(message.quantity, f"{path}[{index}].quantity", whole=12, scale=4)
        limits.append(UseLimit(quantity=quantity, period=period))
    return tuple(limits)


def write_use_limits(limits: Iterable[UseLimit]) -> list[catalogue_pb2.UseLimit]:
    """Returns the messages of use limits."""
    return [
        catalogue_pb2.UseLimit(
            quantity=write_decimal(limit.quantity), period=_PERIOD_ENUM[limit.period]
        )
        for limit in limits
    ]


def read_restriction(message: catalogue_pb2.PaymentRestriction, path: str) -> PaymentRestriction:
    """Returns a condition of payment. Raises FIELD_INVALID for an age without its unit."""
    return PaymentRestriction(
        sex=SEX_OF[message.sex],
        min_age=_read_age(message, "min_age", path),
        max_age=_read_age(message, "max_age", path),
        price_level_codes=tuple(message.price_level_codes),
        setting=_SETTING_OF[message.setting],
        department_codes=tuple(message.department_codes),
        diagnosis_prefixes=tuple(message.diagnosis_prefixes),
        scheme_codes=tuple(message.scheme_codes),
        requires_approval=message.requires_approval,
        text=message.text,
    )


def write_restriction(restriction: PaymentRestriction) -> catalogue_pb2.PaymentRestriction:
    """Returns the message of a condition of payment."""
    return catalogue_pb2.PaymentRestriction(
        sex=_SEX_ENUM[restriction.sex],
        min_age=_write_age(restriction.min_age),
        max_age=_write_age(restriction.max_age),
        price_level_codes=restriction.price_level_codes,
        setting=_SETTING_ENUM[restriction.setting],
        department_codes=restriction.department_codes,
        diagnosis_prefixes=restriction.diagnosis_prefixes,
        scheme_codes=restriction.scheme_codes,
        requires_approval=restriction.requires_approval,
        text=restriction.text,
    )


def _read_age(message: catalogue_pb2.PaymentRestriction, name: str, path: str) -> AgeBound | None:
    if not message.HasField(name):
        return None
    bound: catalogue_pb2.AgeBound = getattr(message, name)
    unit = _AGE_UNIT_OF.get(bound.unit)
    if unit is None:
        raise invalid(f"{path}.{name}.unit", "years, months or days are required")
    return AgeBound(bound.number, unit)


def _write_age(bound: AgeBound | None) -> catalogue_pb2.AgeBound | None:
    if bound is None:
        return None
    return catalogue_pb2.AgeBound(number=bound.number, unit=_AGE_UNIT_ENUM[bound.unit])


@lru_cache(maxsize=_CACHE_SIZE)
def _decimal(text: str) -> Decimal:
    return parse_decimal(text)
