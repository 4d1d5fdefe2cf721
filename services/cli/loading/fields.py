"""Reads the fields of a row: from text to what the contracts have, or which column is wrong.

Shapes and meanings of codes are the hub's to judge; here a text becomes a date, a number or a word
of a list. Nothing is rounded, and no error repeats what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar

from google.type.date_pb2 import Date
from google.type.decimal_pb2 import Decimal as DecimalMessage

from services.kit.money import parse_decimal, to_fen
from services.kit.wire import FEN_MAX

T = TypeVar("T")
_DAY: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_FEN_PLACES: Final = 2
_YES: Final = {"": False, "0": False, "1": True}


class FieldError(Exception):
    """A column cannot be read; neither it nor its text holds what stood there."""

    def __init__(self, column: str, problem: str, reason: str = "FIELD_INVALID") -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem
        self.reason = reason


def required(text: str, column: str) -> str:
    """Returns a text that must not be empty."""
    if not text:
        raise FieldError(column, "must not be empty", "FIELD_MISSING")
    return text


def day(text: str, column: str) -> Date:
    """Returns a date written 2026-01-31 or 20260131."""
    found = _day(required(text, column))
    if found is None:
        raise FieldError(column, "no date written YYYY-MM-DD")
    return found


def optional_day(text: str, column: str) -> Date | None:
    """Returns a date, None for an empty field."""
    return day(text, column) if text else None


@lru_cache(maxsize=65536)
def _day(text: str) -> Date | None:
    found = _DAY.fullmatch(text)
    if found is None or text.count("-") == 1:
        return None
    try:
        read = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return Date(year=read.year, month=read.month, day=read.day)


def word(text: str, column: str, words: Mapping[str, T]) -> T:
    """Returns what one of a list of words stands for."""
    found = words.get(text)
    if found is None:
        if not text:
            required(text, column)
        raise FieldError(column, f"one of {', '.join(name for name in words if name)}")
    return found


def flag(text: str, column: str) -> bool:
    """Returns whether a field says 1; 0 or empty: no."""
    return word(text, column, _YES)


def decimal(text: str, column: str) -> DecimalMessage:
    """Returns a number in plain notation with up to six places."""
    _number(text, column)
    return DecimalMessage(value=text)


def optional_decimal(text: str, column: str) -> DecimalMessage | None:
    """Returns a number, None for an empty field."""
    return decimal(text, column) if text else None


def fen(text: str, column: str) -> int:
    """Returns an amount in yuan of zero or more, with at most two places, as fen."""
    found = _number(text, column)
    if found < 0 or -int(found.as_tuple().exponent) > _FEN_PLACES:
        raise FieldError(column, "an amount in yuan, zero or more, with at most two places")
    amount = to_fen(found)
    if amount >= FEN_MAX:
        raise FieldError(column, "must be below ten trillion yuan")
    return amount


def _number(text: str, column: str) -> Decimal:
    try:
        return parse_decimal(required(text, column))
    except ValueError:
        raise FieldError(column, "a number in plain notation, at most six places") from None


def several(text: str, column: str, one: Callable[[str], T]) -> list[T]:
    """Returns what each part of a field separated by semicolons stands for."""
    if not text:
        return []
    return [one(required(part.strip(), column)) for part in text.split(";") if part.strip()]


def pair(text: str, column: str, form: str) -> tuple[str, str]:
    """Returns both sides of a part written a:b."""
    left, colon, right = text.partition(":")
    if not (left and colon and right):
        raise FieldError(column, f"parts are written {form}")
    return left.strip(), right.strip()


def names_of(columns: Sequence[Any]) -> dict[str, str]:
    """Returns the columns by name, for fields of a contract that are called like them."""
    return {column.name: column.name for column in columns}
