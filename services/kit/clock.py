"""The only source of time. Tests pass their own."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

# Civil dates of the field are Chinese dates. China has had one zone and no daylight saving since
# 1991, so a fixed offset is exact and needs no zone database in the image.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Returns the present instant, UTC."""
        ...

    def monotonic(self) -> float:
        """Returns seconds from an arbitrary start that never run backwards."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Returns the present instant, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Returns seconds from an arbitrary start that never run backwards."""
        return time.monotonic()


def civil_date(instant: datetime) -> date:
    """Returns the date in Asia/Shanghai at an instant."""
    return instant.astimezone(SHANGHAI).date()


def civil_month(instant: datetime) -> str:
    """Returns the month in Asia/Shanghai at an instant, "YYYY-MM"."""
    return f"{civil_date(instant):%Y-%m}"


def civil_midnight(day: date) -> datetime:
    """Returns the instant at which a date begins in Asia/Shanghai, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)
