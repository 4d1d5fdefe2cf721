"""The working days of China: statutory holidays, days off in lieu, and weekends worked for them."""

from __future__ import annotations

import functools
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.kit import dates
from services.kit.dates import Deadline, OffDay

if TYPE_CHECKING:
    from holidays import HolidayBase

__all__ = ["CHINA", "China", "Deadline", "OffDay", "add_working_days", "place"]

_NEW_YEAR_REACH: Final = timedelta(days=7)
"""What is off or worked in the last days of a year is told by the notice of the next one."""


class China:
    """The calendar that the State Council publishes, as the library `holidays` has it."""

    def is_working(self, day: date) -> bool:
        """Returns whether a day is worked."""
        return _known(day.year).is_working_day(day)

    def is_published(self, day: date) -> bool:
        """Returns whether the notices that a day depends on are known."""
        return _is_published(day.year) and _is_published((day + _NEW_YEAR_REACH).year)


CHINA: Final = China()


def add_working_days(day: date, count: int) -> Deadline:
    """Returns the count-th working day after a day; for 0 the day itself or the next one worked.

    Raises:
        ValueError: the count is negative or beyond some years.
    """
    return dates.add_working_days(day, count, CHINA)


def place(day: date, off_day: OffDay) -> Deadline:
    """Returns the deadline that a day of the calendar is, moved where it is a day off."""
    return dates.place(day, off_day, CHINA)


@functools.lru_cache(maxsize=64)
def _known(year: int) -> HolidayBase:
    # The calendars of the whole world: whoever only imports this module need not wait for them.
    import holidays  # noqa: PLC0415

    # The next year, too: its notice may name days of this one.
    return holidays.country_holidays("CN", years=(year, year + 1))


@functools.lru_cache(maxsize=64)
def _is_published(year: int) -> bool:
    # Every notice names weekends that are worked; where there is none, only the law is known.
    return any(day.year == year for day in _known(year).weekend_workdays)
