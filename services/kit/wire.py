"""Between the contracts' common types and Python's: dates, decimals, money, instants, UUIDs.

Every reader names the field it reads, so that the caller learns which is wrong; no reader rounds.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.decimal_pb2 import Decimal as DecimalMessage

from services.kit.errors import InvalidArgument
from services.kit.money import parse_decimal
from yijie.common.v1 import money_pb2

FEN_MAX = 10**15
"""Amounts are N16,2 in the national interface: below ten trillion yuan."""
_DECIMALS_KEPT = 10_000
"""Spellings of quantities and prices of which the value is remembered: a bill has two a line."""


def read_date(message: Date, field: str) -> date:
    """Returns the civil date, or raises InvalidArgument naming the field."""
    try:
        return date(message.year, message.month, message.day)
    except ValueError:
        raise invalid(field, "not a calendar date") from None


def read_optional_date(message: Date, field: str) -> date | None:
    """Returns the civil date, or None where all parts are zero (an absent message)."""
    if not (message.year or message.month or message.day):
        return None
    return read_date(message, field)


def read_decimal(message: DecimalMessage, field: str, *, whole: int, scale: int) -> Decimal:
    """Returns the decimal, or raises InvalidArgument: bad form, or more digits than whole.scale."""
    try:
        return _parse(message.value, whole, scale)
    except ValueError as error:
        raise invalid(field, str(error)) from None


@lru_cache(_DECIMALS_KEPT)
def _parse(text: str, whole: int, scale: int) -> Decimal:
    value = parse_decimal(text)
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or -exponent > scale or len(digits) + exponent > whole:
        msg = f"more than {whole} digits before or {scale} after the point"
        raise ValueError(msg)
    return value


def read_fen(message: money_pb2.Money, field: str) -> int:
    """Returns an amount of zero or more, in fen, or raises InvalidArgument."""
    if not 0 <= message.fen < FEN_MAX:
        raise invalid(field, "must be zero or more and below ten trillion yuan")
    return int(message.fen)


def read_uuid(text: str) -> UUID:
    """Returns the UUID of a field whose form the contract has already checked."""
    return UUID(text)


def write_date(day: date) -> Date:
    """Returns the message of a civil date."""
    return Date(year=day.year, month=day.month, day=day.day)


def write_optional_date(day: date | None) -> Date | None:
    """Returns the message of a civil date, or None for an open end."""
    return None if day is None else write_date(day)


def write_decimal(value: Decimal) -> DecimalMessage:
    """Returns the message of a decimal, in plain notation."""
    return DecimalMessage(value=f"{value:f}")


def write_money(fen: int) -> money_pb2.Money:
    """Returns the message of an amount in fen."""
    return money_pb2.Money(fen=fen)


def write_time(instant: datetime) -> Timestamp:
    """Returns the message of an instant."""
    message = Timestamp()
    message.FromDatetime(instant)
    return message


def read_time(message: Timestamp) -> datetime:
    """Returns the instant, UTC."""
    instant: datetime = message.ToDatetime(tzinfo=UTC)
    return instant


def invalid(field: str, description: str, *, reason: str = "FIELD_INVALID") -> InvalidArgument:
    """Returns the error for one field at fault."""
    return InvalidArgument(reason, f"{field}: {description}", field=field)
