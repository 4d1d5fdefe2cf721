"""The day on which a pair's use of prepayment crosses a threshold, with an interval.

Method ("weekday means, quasi-Poisson interval"), on what was settled a day, whole fen throughout:

    weekday mean  of the last 12 weeks without holidays, drawn towards the mean of all working
                  days (or weekend days) by SHRINK days, so that three bills do not make a Monday
    holidays      short and long ones (a run of HOLIDAY_LONG days off): their share of the mean of
                  the six weeks before, over two years; one from the terms while few are known
    trend         straight over the weeks, only where it exceeds twice its standard error
    interval      the variance of a sum expected to be S is φ · S · (1 + S / W) + τ² · S². W is
                  what the model expects of the window, φ the larger of Pearson's dispersion by
                  day and by week: days of one week go up and down together. φ · S is chance,
                  φ · S² / W is that the means are estimates, and τ that the level moves (season,
                  growth): by how much four weeks differed from the twelve before, over two
                  years, beyond what φ explains.

A day is forecast from what is known before it: the month's amount so far and the days up to
yesterday. Nothing here is random: the same history gives the same day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

METHOD_ZH: Final = (
    "当月已发生额加按星期加权的日均额（最近12周，节假日另计；增长趋势显著时计入），"
    "区间按残差离散度（准泊松）推算"
)
METHOD_EN: Final = (
    "month to date plus weekday means of the last 12 weeks (holidays apart, trend where"
    " significant); interval from the dispersion of residuals (quasi-Poisson)"
)
DAYS_MIN: Final = 28
"""Days of history below which nothing is forecast."""
SHRINK: Final = 4
HOLIDAY_LONG: Final = 6
"""Days off in a row from which on a holiday is a long one: 春节, 国庆."""
_WEEK: Final = 7
_FIRST_WEEKEND_DAY: Final = 5
_HOLIDAYS_MIN: Final = 3
_BASE_DAYS: Final = 42
_BASE_DAYS_MIN: Final = 21
_BLOCK: Final = 28
_BLOCKS_MIN: Final = 6
_MILLION: Final = 1_000_000
_TREND_PPM_MAX: Final = 3_000
"""Three per mille a day: beyond it the weeks hold something else than growth."""
_TREND_SIGNIFICANCE: Final = 4
"""Twice the standard error, squared."""

# Kinds of days: 0 to 6 are the days of an ordinary week, Monday first.
_SHORT_HOLIDAY: Final = 7
_LONG_HOLIDAY: Final = 8
_MADE_UP: Final = 9
"""A weekend worked for a holiday."""
_ORDINARY: Final = range(7)
_DAYS_OFF_SEEN: Final = 12
"""Days looked at for the length of a holiday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """What the terms leave open."""

    window_days: int
    """Days that the means are of, a multiple of 7."""
    holiday_days: int
    """Days that the shares of holidays are of."""
    holiday_share: Fraction
    """The share of an ordinary day, while too few holidays are known."""
    deviations: Fraction
    """Half the interval in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was settled between a pair, day by day."""

    first_day: date
    amounts_fen: tuple[int, ...]
    """One per day without a gap; below zero where refunds outweigh."""

    @property
    def end_day(self) -> date:
        """The day after the last one."""
        return self.first_day + timedelta(days=len(self.amounts_fen))

    def before(self, day: date) -> History:
        """Returns the history of the days before a day: what was known on its morning."""
        count = max(0, (day - self.first_day).days)
        return History(first_day=self.first_day, amounts_fen=self.amounts_fen[:count])

    def sum_of(self, first: date, end: date) -> int:
        """Returns the amount from a day to the day before another."""
        start = max(0, (first - self.first_day).days)
        return sum(self.amounts_fen[start : max(0, (end - self.first_day).days)])


def history_of(days: Iterable[tuple[date, int]], *, end: date) -> History | None:
    """Returns the days before `end` with zeros where nothing is told; None: nothing is told."""
    told = {day: fen for day, fen in days if day < end}
    if not told:
        return None
    first = min(told)
    count = (end - first).days
    return History(
        first_day=first,
        amounts_fen=tuple(told.get(first + timedelta(days=n), 0) for n in range(count)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is expected of a day."""

    kinds_fen: tuple[int, ...]
    """By kind of day, at the centre of the window."""
    trend_ppm: int
    """Change a day, in parts per million of what is expected."""
    centre: date
    dispersion_fen: int
    """Variance of a sum over its expectation."""
    level_ppm2: int
    """Variance of the level over weeks, relative, in parts per million squared (10⁻¹²)."""
    window_fen: int
    """What it expects of its window: the weight of the evidence."""
    day_count: int
    deviations: Fraction
    """Half the interval in standard deviations."""
    is_working: Callable[[date], bool]

    def expect(self, day: date) -> int:
        """Returns what is expected of a day, fen, never below zero."""
        base = self.kinds_fen[kind_of(day, self.is_working)]
        growth = max(0, _MILLION + self.trend_ppm * (day - self.centre).days)
        return base * growth // _MILLION

    def deviation_of(self, expected_fen: int) -> int:
        """Returns the standard deviation of a sum that is expected to be so much, fen."""
        window = max(1, self.window_fen)
        chance = self.dispersion_fen * expected_fen * (window + expected_fen) // window
        return isqrt(chance + self.level_ppm2 * expected_fen**2 // _MILLION**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSoFar:
    """What is known of the month."""

    used_fen: int
    """Its amount so far, today's part in it."""
    today_fen: int
    """Today's part."""
    today: date
    """The day that is not over."""
    month_end: date
    """Its last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """When the month's amount reaches a target."""

    target_fen: int
    reached: bool
    """It is reached already; the days are those of the forecast, so none."""
    day: date | None
    """The likely day; None: not in this month."""
    earliest_day: date | None
    latest_day: date | None
    """None: it may well not happen in this month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEnd:
    """What the month comes to."""

    likely_fen: int
    low_fen: int
    high_fen: int


def kind_of(day: date, is_working: Callable[[date], bool]) -> int:
    """Returns the kind of a day: that of its weekday, a holiday, or a weekend that is worked."""
    weekday = day.weekday()
    weekend = weekday >= _FIRST_WEEKEND_DAY
    if is_working(day):
        return _MADE_UP if weekend else weekday
    run = [day, *_days_off(day, -1, is_working), *_days_off(day, 1, is_working)]
    if all(one.weekday() >= _FIRST_WEEKEND_DAY for one in run):
        return weekday
    return _LONG_HOLIDAY if len(run) >= HOLIDAY_LONG else _SHORT_HOLIDAY


def _days_off(day: date, step: int, is_working: Callable[[date], bool]) -> list[date]:
    found: list[date] = []
    for n in range(1, _DAYS_OFF_SEEN):
        one = day + timedelta(days=n * step)
        if is_working(one):
            break
        found.append(one)
    return found


def fit(history: History, method: Method, is_working: Callable[[date], bool]) -> Model | None:
    """Returns the model of a history; None: it is too short."""
    if len(history.amounts_fen) < DAYS_MIN:
        return None
    first = max(0, len(history.amounts_fen) - method.holiday_days)
    amounts = history.amounts_fen[first:]
    start = history.first_day + timedelta(days=first)
    days = [start + timedelta(days=n) for n in range(len(amounts))]
    kinds = [kind_of(day, is_working) for day in days]
    length = min(method.window_days, len(amounts) // _WEEK * _WEEK)
    window, window_kinds = amounts[-length:], kinds[-length:]
    means = _means(window, window_kinds)
    shares = [
        _holiday_share(amounts, kinds, kind, method.holiday_share)
        for kind in (_SHORT_HOLIDAY, _LONG_HOLIDAY)
    ]
    whole = sum(means) // _WEEK
    by_kind = (
        *means,
        *(whole * share.numerator // share.denominator for share in shares),
        sum(means[:_FIRST_WEEKEND_DAY]) // _FIRST_WEEKEND_DAY,
    )
    flat = [by_kind[kind] for kind in window_kinds]
    trend_ppm = _trend_ppm(window, flat)
    centre_index = (length - 1) // 2
    expected = [
        fen * (_MILLION + trend_ppm * (n - centre_index)) // _MILLION for n, fen in enumerate(flat)
    ]
    dispersion_fen = _dispersion(window, expected)
    return Model(
        kinds_fen=by_kind,
        trend_ppm=trend_ppm,
        centre=days[-length] + timedelta(days=centre_index),
        dispersion_fen=dispersion_fen,
        level_ppm2=_level_ppm2(amounts, [by_kind[kind] for kind in kinds], length, dispersion_fen),
        window_fen=sum(expected),
        day_count=length,
        deviations=method.deviations,
        is_working=is_working,
    )


def cross(model: Model, so_far: MonthSoFar, target_fen: int) -> Crossing:
    """Returns when a month's amount reaches a target; the model is of the days before today."""
    reached = so_far.used_fen >= target_fen
    found: list[date | None] = [None, None, None]
    for day, *amounts in [] if reached else _path(model, so_far):
        for place, fen in enumerate(amounts):
            if found[place] is None and fen >= target_fen:
                found[place] = day
    likely, latest, earliest = found
    return Crossing(
        target_fen=target_fen,
        reached=reached,
        day=likely,
        earliest_day=earliest,
        latest_day=latest,
    )


def foresee_end(model: Model, so_far: MonthSoFar) -> MonthEnd:
    """Returns what a month comes to; the model is of the days before today."""
    _, likely, low, high = _path(model, so_far)[-1]
    return MonthEnd(likely_fen=likely, low_fen=low, high_fen=high)


def _path(model: Model, so_far: MonthSoFar) -> list[tuple[date, int, int, int]]:
    """Returns for each day left the month's amount at its end: likely, low and high."""
    path: list[tuple[date, int, int, int]] = []
    ahead = 0
    for n in range((so_far.month_end - so_far.today).days + 1):
        day = so_far.today + timedelta(days=n)
        expected = model.expect(day)
        # A refund of today is not made good by the rest of the day.
        ahead += expected if n else max(0, expected - max(0, so_far.today_fen))
        half = -int(-model.deviation_of(ahead) * model.deviations // 1)
        likely = so_far.used_fen + ahead
        path.append((day, likely, likely - half, likely + half))
    return path


def _means(window: Sequence[int], kinds: Sequence[int]) -> tuple[int, ...]:
    """Returns the mean of each weekday, drawn towards that of its half of the week."""
    sums, counts = [0] * _WEEK, [0] * _WEEK
    for fen, kind in zip(window, kinds, strict=True):
        if kind in _ORDINARY:
            sums[kind] += fen
            counts[kind] += 1
    whole = Fraction(sum(sums), max(1, sum(counts)))
    means: list[int] = []
    for group in (range(_FIRST_WEEKEND_DAY), range(_FIRST_WEEKEND_DAY, _WEEK)):
        count = sum(counts[kind] for kind in group)
        mean = Fraction(sum(sums[kind] for kind in group), count) if count else whole
        means += [int((sums[kind] + SHRINK * mean) / (counts[kind] + SHRINK)) for kind in group]
    return tuple(max(0, mean) for mean in means)


def _holiday_share(
    amounts: Sequence[int], kinds: Sequence[int], wanted: int, otherwise: Fraction
) -> Fraction:
    """Returns what a holiday brings over an ordinary day of the six weeks before."""
    seen = base = count = 0
    for place, kind in enumerate(kinds):
        if kind != wanted:
            continue
        before = range(max(0, place - _BASE_DAYS), place)
        ordinary = [amounts[n] for n in before if kinds[n] in _ORDINARY]
        if len(ordinary) >= _BASE_DAYS_MIN:
            seen += amounts[place]
            base += sum(ordinary) // len(ordinary)
            count += 1
    if count < _HOLIDAYS_MIN or base <= 0 or seen < 0:
        return otherwise
    return Fraction(seen, base)


def _weeks(window: Sequence[int]) -> list[int]:
    return [sum(window[n : n + _WEEK]) for n in range(0, len(window), _WEEK)]


def _trend_ppm(window: Sequence[int], expected: Sequence[int]) -> int:
    """Returns the change a day where the weeks show one beyond chance, else zero."""
    gaps = [actual - flat for actual, flat in zip(_weeks(window), _weeks(expected), strict=True)]
    count = len(gaps)
    # Weeks from the middle, doubled so that they are whole.
    places = [2 * n - (count - 1) for n in range(count)]
    spread = sum(place * place for place in places)
    covariance = sum(place * gap for place, gap in zip(places, gaps, strict=True))
    mean_gap = Fraction(sum(gaps), count)
    explained = Fraction(covariance * covariance, spread)
    total = sum((gap - mean_gap) ** 2 for gap in gaps)
    if explained * (count - 2) <= _TREND_SIGNIFICANCE * (total - explained):
        return 0
    # Fen a week is half of the doubled places' slope twice over; a day is a seventh of it.
    a_day = Fraction(2 * covariance, spread * _WEEK)
    mean_day = Fraction(max(1, sum(expected)), len(expected))
    # A weekly sum changes by seven daily changes a week: once more a seventh.
    ppm = int(a_day / _WEEK / mean_day * _MILLION)
    return max(-_TREND_PPM_MAX, min(_TREND_PPM_MAX, ppm))


def _dispersion(window: Sequence[int], expected: Sequence[int]) -> int:
    """Returns Pearson's dispersion, of days or of weeks, whichever is larger; in fen."""
    floor = max(1, sum(expected) // (100 * len(expected)))
    by_day = _pearson(window, expected, floor) // (len(window) - _WEEK)
    weeks = _weeks(window)
    by_week = _pearson(weeks, _weeks(expected), floor) // max(1, len(weeks) - 2)
    return max(by_day, by_week, 1)


def _level_ppm2(
    amounts: Sequence[int], shape: Sequence[int], length: int, dispersion_fen: int
) -> int:
    """Returns how far four weeks were from the window before them, beyond chance, squared."""
    squares: list[int] = []
    for end in range(len(amounts), length + _BLOCK - 1, -_BLOCK):
        start = end - _BLOCK
        block, block_shape = sum(amounts[start:end]), sum(shape[start:end])
        before, before_shape = (
            sum(amounts[start - length : start]),
            sum(shape[start - length : start]),
        )
        if before <= 0 or block_shape <= 0 or before_shape <= 0:
            continue
        foreseen = before * block_shape // before_shape
        if foreseen <= 0:
            continue
        gap_ppm = (block - foreseen) * _MILLION // foreseen
        chance = dispersion_fen * _MILLION**2 * (before + foreseen) // (foreseen * before)
        squares.append(gap_ppm**2 - chance)
    if len(squares) < _BLOCKS_MIN:
        return 0
    return max(0, sum(squares) // len(squares))


def _pearson(actual: Sequence[int], expected: Sequence[int], floor: int) -> int:
    return sum(
        (one - other) ** 2 // max(other, floor) for one, other in zip(actual, expected, strict=True)
    )
