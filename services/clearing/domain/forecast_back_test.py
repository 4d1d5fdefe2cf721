"""How good the forecast would have been: it is made on past days and compared with what came.

For each whole month of the history the holding is set to what the month came to, so that every
month crosses 70 and 90 per cent of it on some day. On some mornings of the month the forecast is
made from the days before alone. A straight line through the month so far is made beside it: what
one would do without a model. Where the forecast or the line says "not in this month", its day
counts as the first of the next one, for both alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.clearing.domain.forecast import (
    Crossing,
    History,
    Method,
    Model,
    MonthSoFar,
    cross,
    fit,
)
from services.kit.dates import first_day, last_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MORNINGS: Final = (6, 11, 16, 21)
"""Days of the month on whose morning the forecast is made."""
_HUNDRED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One forecast and what came."""

    today: date
    rate: Fraction
    actual_day: date
    forecast: Crossing
    straight_day: date | None
    """What a straight line says; None: not in this month."""

    @property
    def _after(self) -> date:
        return last_day(f"{self.today:%Y-%m}") + timedelta(days=1)

    @property
    def error_days(self) -> int:
        """Days between forecast and what came."""
        return abs(((self.forecast.day or self._after) - self.actual_day).days)

    @property
    def straight_error_days(self) -> int:
        """Days between the straight line and what came."""
        return abs((min(self.straight_day or self._after, self._after) - self.actual_day).days)

    @property
    def covered(self) -> bool:
        """Whether what came lies in the interval."""
        earliest = self.forecast.earliest_day or self._after
        return earliest <= self.actual_day <= (self.forecast.latest_day or self._after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What cases add up to; hundredths are rounded down."""

    case_count: int
    error_days_sum: int
    straight_error_days_sum: int
    covered_count: int
    within_one_day_count: int

    @property
    def error_hundredths(self) -> int:
        """Mean error in hundredths of a day."""
        return self.error_days_sum * _HUNDRED // max(1, self.case_count)

    @property
    def straight_error_hundredths(self) -> int:
        """Mean error of the straight line in hundredths of a day."""
        return self.straight_error_days_sum * _HUNDRED // max(1, self.case_count)

    @property
    def within_one_day_percent(self) -> int:
        """Forecasts off by a day at most, per cent."""
        return self.within_one_day_count * _HUNDRED // max(1, self.case_count)

    @property
    def covered_percent(self) -> int:
        """Cases in the interval, per cent."""
        return self.covered_count * _HUNDRED // max(1, self.case_count)


def back_test(
    history: History,
    *,
    months: Sequence[str],
    rates: Sequence[Fraction],
    method: Method,
    is_working: Callable[[date], bool],
) -> list[Case]:
    """Returns the cases of whole months of a history; months that came to nothing have none."""
    cases: list[Case] = []
    for month in months:
        for morning in MORNINGS:
            today = first_day(month).replace(day=morning)
            model = fit(history.before(today), method, is_working)
            if model is not None:
                cases += _cases(history, model, today, rates)
    return cases


def score(cases: Iterable[Case]) -> Score:
    """Returns what cases add up to."""
    all_cases = list(cases)
    return Score(
        case_count=len(all_cases),
        error_days_sum=sum(case.error_days for case in all_cases),
        straight_error_days_sum=sum(case.straight_error_days for case in all_cases),
        covered_count=sum(case.covered for case in all_cases),
        within_one_day_count=sum(case.error_days <= 1 for case in all_cases),
    )


def whole_months(history: History, count_max: int) -> list[str]:
    """Returns the last whole months of a history, oldest first."""
    months: list[str] = []
    day = history.end_day
    while len(months) < count_max:
        month_end = day.replace(day=1) - timedelta(days=1)
        day = month_end.replace(day=1)
        if day < history.first_day:
            break
        months.append(f"{day:%Y-%m}")
    return months[::-1]


def _cases(
    history: History, model: Model, today: date, rates: Sequence[Fraction]
) -> Iterator[Case]:
    first, end = today.replace(day=1), last_day(f"{today:%Y-%m}")
    total = history.sum_of(first, end + timedelta(days=1))
    so_far = MonthSoFar(
        used_fen=history.sum_of(first, today), today_fen=0, today=today, month_end=end
    )
    for rate in rates:
        target = -(-total * rate.numerator // rate.denominator)
        actual = _actual(history, first, end, target)
        if total > 0 and actual is not None and actual >= today:
            yield Case(
                today=today,
                rate=rate,
                actual_day=actual,
                forecast=cross(model, so_far, target),
                straight_day=_straight(so_far.used_fen, target, first, today),
            )


def _actual(history: History, first: date, end: date, target: int) -> date | None:
    amount = 0
    for n in range((end - first).days + 1):
        day = first + timedelta(days=n)
        amount += history.sum_of(day, day + timedelta(days=1))
        if amount >= target:
            return day
    return None


def _straight(used: int, target: int, first: date, today: date) -> date | None:
    if used <= 0:
        return None
    # Days of the month until the line through the mornings so far reaches the target.
    days = -(-target * (today - first).days // used)
    return first + timedelta(days=min(days, _HUNDRED) - 1)
