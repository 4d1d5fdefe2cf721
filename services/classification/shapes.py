"""Bounds of the national interface's numbers, for the checks of lines and items."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.kit.errors import FieldViolation

PRICE_MAX: Final = Decimal("9999999999.999999")
"""Unit price is N16,6: ten digits before the point."""
PRICE_PLACES: Final = 6
QUANTITY_MAX: Final = Decimal("999999999999.9999")
"""Quantity is N16,4: twelve digits before the point."""
QUANTITY_PLACES: Final = 4
RATIO_PLACES: Final = 4
"""A share is N5,4, from 0 to 1."""


def within(value: Decimal, largest: Decimal, places: int) -> bool:
    """Tells whether a decimal is finite, in 0..largest, and has at most that many places."""
    if not value.is_finite() or value < 0 or value > largest:
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= places


def violation(field: str, description: str) -> FieldViolation:
    """Returns what is wrong with the shape of a field."""
    return FieldViolation(field, description, "FIELD_INVALID")
