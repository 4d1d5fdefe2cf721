"""Days that calls name, as the instants between which something happened."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from services.kit import wire
from services.kit.clock import civil_midnight
from services.kit.wire import invalid

_FIRST: Final = date(2000, 1, 1)
_LAST: Final = date(2999, 12, 31)
"""Beyond these there is nothing to find, and further off no instant to compute with."""


def read_day(message: Any, field: str) -> date:
    """Returns a civil date of our times.

    Raises:
        InvalidArgument: FIELD_INVALID.
    """
    found = wire.read_date(message, field)
    if not _FIRST <= found <= _LAST:
        raise invalid(field, f"is not from {_FIRST} to {_LAST}")
    return found


def read_optional_day(message: Any, field: str) -> date | None:
    """Returns a civil date of our times, or None where it is absent.

    Raises:
        InvalidArgument: FIELD_INVALID.
    """
    return None if wire.read_optional_date(message, field) is None else read_day(message, field)


def end_of(day: date) -> datetime:
    """Returns the instant at which a date is over in Asia/Shanghai, UTC."""
    return civil_midnight(day + timedelta(days=1))
