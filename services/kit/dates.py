"""Months, deadlines and working days (工作日): pure arithmetic over days that somebody else knows.

A deadline is a civil date, Asia/Shanghai: what is done before that date is over is in time. The
calendar of holidays of a year is published by the State Council late in the year before. Until then
only the statutory holidays are known, without the weekends that are worked for them, and a deadline
that depends on such a year says so: it is provisional.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Final, Protocol

MONTH: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
"""Shape of a month."""
_COUNT_MAX: Final = 1000
_DECEMBER: Final = 12


class WorkingDays(Protocol):
    """Tells working days from days off."""

    def is_working(self, day: date) -> bool:
        """Returns whether a day is worked: a weekday that is no holiday, or a weekend made up."""
        ...

    def is_published(self, day: date) -> bool:
        """Returns whether what is known of a day is final."""
        ...


class OffDay(Enum):
    """Where a deadline goes that falls on a day off."""

    KEEP = "keep"
    NEXT = "next"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day on which something is in time."""

    day: date
    """Civil date, Asia/Shanghai."""
    provisional: bool
    """The calendar of a year that it depends on is not published yet."""


def add_working_days(day: date, count: int, days: WorkingDays) -> Deadline:
    """Returns the count-th working day after a day; for 0 the day itself or the next one worked.

    Raises:
        ValueError: the count is negative or beyond some years.
    """
    if not 0 <= count <= _COUNT_MAX:
        msg = f"working days to add must be 0 to {_COUNT_MAX}"
        raise ValueError(msg)
    if count == 0:
        return place(day, OffDay.NEXT, days)
    provisional = False
    while count:
        day += timedelta(days=1)
        provisional = provisional or not days.is_published(day)
        count -= days.is_working(day)
    return Deadline(day, provisional)


def place(day: date, off_day: OffDay, days: WorkingDays) -> Deadline:
    """Returns the deadline that a day of the calendar is, moved where it is a day off."""
    if off_day is OffDay.KEEP:
        return Deadline(day, provisional=False)
    step = timedelta(days=1 if off_day is OffDay.NEXT else -1)
    provisional = not days.is_published(day)
    while not days.is_working(day):
        day += step
        provisional = provisional or not days.is_published(day)
    return Deadline(day, provisional)


def first_day(month: str) -> date:
    """Returns the first day of a month "YYYY-MM".

    Raises:
        ValueError: it is not a month.
    """
    if not MONTH.fullmatch(month):
        msg = "not a month YYYY-MM"
        raise ValueError(msg)
    return date(int(month[:4]), int(month[5:]), 1)


def last_day(month: str) -> date:
    """Returns the last day of a month."""
    return first_day(next_month(month)) - timedelta(days=1)


def next_month(month: str) -> str:
    """Returns the month after a month."""
    first = first_day(month)
    if first.month == _DECEMBER:
        return f"{first.year + 1:04d}-01"
    return f"{first.year:04d}-{first.month + 1:02d}"


def previous_month(month: str) -> str:
    """Returns the month before a month."""
    before = first_day(month) - timedelta(days=1)
    return f"{before:%Y-%m}"


def months_of(year: int) -> tuple[str, ...]:
    """Returns the twelve months of a year, in order."""
    return tuple(f"{year:04d}-{number:02d}" for number in range(1, _DECEMBER + 1))
