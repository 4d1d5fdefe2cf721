"""Money is whole fen (int); what multiplies it is a Decimal or a Fraction, never a float.

A fen is 0.01 yuan (CNY). Prices are N16,6, quantities N16,4, ratios N5,4 (national interface).
Rounding happens only where a rule names it, through the functions below.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from enum import Enum
from fractions import Fraction
from typing import Final

FEN_PER_YUAN: Final = 100
_WHOLE: Final = Decimal(1)

# Plain notation only: an exponent would let "1e999999" through a length check. ASCII digits and the
# whole text only: `\d` takes the digits of every script, `$` a newline after them.
_DECIMAL = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,6})?")

Exact = int | Decimal | Fraction
"""A number without binary rounding."""


class Rounding(Enum):
    """How a rule turns an exact amount into fen."""

    HALF_UP = "half_up"
    """To the nearest fen, half a fen away from zero (the usual rule of the field)."""
    DOWN = "down"
    """Towards zero."""


def parse_decimal(text: str) -> Decimal:
    """Returns the decimal written in plain notation, or raises ValueError.

    Accepts what the contracts allow: up to 16 digits before and 6 after the point, no exponent, no
    sign other than a minus, no NaN. The text is not echoed: it may come from a patient's bill.
    """
    if not _DECIMAL.fullmatch(text):
        msg = "not a decimal in plain notation with at most 16 and 6 digits"
        raise ValueError(msg)
    return Decimal(text)


def to_fen(yuan: Exact, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Returns an amount in yuan as whole fen, rounded as named."""
    return round_fen(_exact(yuan) * FEN_PER_YUAN, rounding)


def round_fen(fen: Exact, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Returns an exact amount in fen as whole fen, rounded as named.

    >>> round_fen(Fraction(5, 2)), round_fen(Fraction(-5, 2)), round_fen(Decimal("2.49"))
    (3, -3, 2)
    """
    if isinstance(fen, int):
        return fen
    if isinstance(fen, Decimal):
        mode = ROUND_HALF_UP if rounding is Rounding.HALF_UP else ROUND_DOWN
        return int(fen.quantize(_WHOLE, rounding=mode))
    numerator, denominator = fen.numerator, fen.denominator
    magnitude = abs(numerator)
    if rounding is Rounding.HALF_UP:
        whole = (2 * magnitude + denominator) // (2 * denominator)
    else:
        whole = magnitude // denominator
    return whole if numerator >= 0 else -whole


def share_fen(fen: int, ratio: Exact, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Returns `ratio` of an amount, in fen, rounded as named."""
    return round_fen(Fraction(fen) * Fraction(_exact(ratio)), rounding)


def format_yuan(fen: int) -> str:
    """Returns fen as yuan with two decimals and thousands separators: 1735393 -> '17,353.93'."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{sign}{yuan:,}.{rest:02d}"


def _exact(value: Exact) -> Exact:
    # A float would be accepted silently by Decimal() and Fraction(); it must never get that far.
    if isinstance(value, bool) or not isinstance(value, Exact):
        msg = f"{type(value).__name__} is not an exact number"
        raise TypeError(msg)
    return value
