"""Civil months in China."""

from __future__ import annotations

from datetime import date, datetime

from services.kit.clock import civil_midnight

_DECEMBER = 12


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
