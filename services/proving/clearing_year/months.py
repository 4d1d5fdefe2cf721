"""Civil months in China."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from services.kit.clock import civil_midnight

_DECEMBER = 12
_SATURDAY = 5


def _days(year: int, *spans: tuple[int, int, int]) -> frozenset[date]:
    """Returns days of a year: of a month, from a day on, so many."""
    return frozenset(
        date(year, month, first) + timedelta(days=number)
        for month, first, count in spans
        for number in range(count)
    )


# What the State Council published, copied by hand: the calendar of the service is not asked.
_OFF: Final = _days(
    2025, (1, 1, 1), (1, 28, 8), (4, 4, 3), (5, 1, 5), (5, 31, 3), (10, 1, 8)
) | _days(2026, (1, 1, 3), (2, 15, 9), (4, 4, 3))
_WORKED: Final = _days(2025, (1, 26, 1), (2, 8, 1), (4, 27, 1), (9, 28, 1), (10, 11, 1)) | _days(
    2026, (1, 4, 1), (2, 14, 1), (2, 28, 1)
)


def next_month(month: str) -> str:
    """Returns the month after one: "2025-12" → "2026-01"."""
    year, number = (int(part) for part in month.split("-"))
    return f"{year + 1}-01" if number == _DECEMBER else f"{year}-{number + 1:02d}"


def following(month: str, count: int) -> tuple[str, ...]:
    """Returns so many months after one."""
    found = []
    for _ in range(count):
        month = next_month(month)
        found.append(month)
    return tuple(found)


def starts(month: str) -> datetime:
    """Returns the instant at which a month begins, UTC."""
    return civil_midnight(day_of(month, 1))


def day_of(month: str, day: int) -> date:
    """Returns a date of a month."""
    year, number = (int(part) for part in month.split("-"))
    return date(year, number, day)


def working_days_after(day: date, count: int) -> date:
    """Returns the count-th working day in China after a day of 2025 or of early 2026."""
    while count:
        day += timedelta(days=1)
        is_off = day in _OFF or (day.weekday() >= _SATURDAY and day not in _WORKED)
        count -= not is_off
    return day
