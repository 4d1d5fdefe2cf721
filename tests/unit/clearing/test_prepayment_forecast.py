"""Goal: the forecast is exact where history is, better than a straight line where it is not, and
its interval holds as often as it says. Sizes are those that the history asks for.

Method: histories without chance, where the day can be said; synthetic ones with it
(prepayment_back_test), which are not made by the model.
"""

from __future__ import annotations

import functools
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain import forecast
from services.clearing.domain.forecast import (
    History,
    Method,
    Model,
    MonthSoFar,
    cross,
    fit,
    foresee_end,
    history_of,
    kind_of,
)
from services.clearing.domain.forecast_back_test import back_test, score, whole_months
from services.clearing.domain.sizing import size
from services.kit.calendar import CHINA
from services.kit.dates import last_day
from tests.unit.clearing.prepayment_back_test import (
    KINDS,
    METHOD,
    RATES,
    cases_of,
    red_months,
)

TENTH = Fraction(1, 10)
RED = Fraction(9, 10)


def always(_day: date) -> bool:
    return True


def weekdays(day: date) -> bool:
    return day.weekday() < 5


def flat(days: int, fen: int = 1_000, first: date = date(2026, 1, 1)) -> History:
    return History(first_day=first, amounts_fen=(fen,) * days)


def modelled(history: History, is_working=weekdays) -> Model:
    model = fit(history, METHOD, is_working)
    assert model is not None
    return model


def test_a_steady_pair_crosses_on_the_day_that_one_would_count() -> None:
    history = flat(59)
    today = history.end_day
    assert today == date(2026, 3, 1)
    so_far = MonthSoFar(used_fen=0, today_fen=0, today=today, month_end=date(2026, 3, 31))
    found = cross(modelled(history), so_far, 14_000)
    assert (found.reached, found.day) == (False, date(2026, 3, 14))
    # Without chance the interval is a day at most.
    assert found.earliest_day is not None
    assert found.latest_day is not None
    assert (found.latest_day - found.earliest_day).days <= 1
    assert cross(modelled(history), so_far, 31_001).day is None
    end = foresee_end(modelled(history), so_far)
    assert end.likely_fen == 31_000


def test_what_is_reached_is_said_and_not_forecast() -> None:
    so_far = MonthSoFar(
        used_fen=500, today_fen=0, today=date(2026, 3, 1), month_end=date(2026, 3, 31)
    )
    found = cross(modelled(flat(59)), so_far, 500)
    assert (found.reached, found.day, found.latest_day) == (True, None, None)


def test_today_is_counted_once() -> None:
    model = modelled(flat(59))
    month_end = date(2026, 3, 31)
    ends = {
        foresee_end(
            model,
            MonthSoFar(used_fen=fen, today_fen=fen, today=date(2026, 3, 1), month_end=month_end),
        ).likely_fen
        for fen in (0, 400, 1_000)
    }
    assert ends == {31_000}
    more = MonthSoFar(used_fen=1_700, today_fen=1_700, today=date(2026, 3, 1), month_end=month_end)
    assert foresee_end(model, more).likely_fen == 31_700


def test_weekdays_and_holidays_have_their_own_means() -> None:
    first = date(2025, 7, 1)
    days = [first + timedelta(days=n) for n in range(130)]
    amounts = [1_000 if CHINA.is_working(day) else 400 for day in days]
    model = modelled(History(first_day=first, amounts_fen=tuple(amounts)), CHINA.is_working)
    monday, sunday = date(2025, 11, 10), date(2025, 11, 16)
    assert model.expect(monday) > 2 * model.expect(sunday)
    # Saturday 2026-02-14 is worked for the Spring Festival.
    assert model.expect(date(2026, 2, 14)) == pytest.approx(1_000, rel=0.02)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 3, 16), 0),  # Monday
        (date(2026, 3, 22), 6),  # an ordinary Sunday
        (date(2026, 4, 6), 7),  # Monday of the Tomb-Sweeping Day
        (date(2026, 4, 4), 7),  # its Saturday
        (date(2026, 2, 17), 8),  # the Spring Festival
        (date(2026, 2, 21), 8),  # a Saturday in it
        (date(2026, 2, 14), 9),  # a Saturday that is worked
    ],
)
def test_kinds_of_days(day: date, kind: int) -> None:
    assert kind_of(day, CHINA.is_working) == kind


def test_growth_is_followed_only_where_it_is_beyond_chance() -> None:
    growing = History(
        first_day=date(2026, 1, 1), amounts_fen=tuple(100_000 + 200 * n for n in range(84))
    )
    model = modelled(growing)
    assert model.trend_ppm > 0
    assert modelled(flat(84)).trend_ppm == 0
    later = growing.end_day + timedelta(days=6)
    assert model.expect(later) == pytest.approx(118_000, rel=0.01)


def test_too_short_a_history_gives_no_model() -> None:
    assert fit(flat(27), METHOD, weekdays) is None
    assert fit(flat(28), METHOD, weekdays) is not None
    assert history_of([], end=date(2026, 3, 1)) is None


def test_days_without_a_row_are_days_of_nothing() -> None:
    told = [(date(2026, 3, 1), 5), (date(2026, 3, 4), 7), (date(2026, 3, 6), 9)]
    history = history_of(told, end=date(2026, 3, 6))
    assert history is not None
    assert history.amounts_fen == (5, 0, 0, 7, 0)


@given(st.lists(st.integers(-(10**9), 10**12), min_size=28, max_size=200))
def test_no_history_breaks_the_model(amounts: list[int]) -> None:
    history = History(first_day=date(2026, 1, 1), amounts_fen=tuple(amounts))
    model = modelled(history)
    today = history.end_day
    so_far = MonthSoFar(used_fen=0, today_fen=0, today=today, month_end=today + timedelta(days=27))
    end = foresee_end(model, so_far)
    assert end.likely_fen >= 0
    assert end.low_fen <= end.likely_fen <= end.high_fen
    found = cross(model, so_far, max(1, end.likely_fen))
    days = [found.earliest_day, found.day, found.latest_day or so_far.month_end]
    if end.likely_fen:
        assert days == sorted(one for one in days if one is not None)
    # The same again: nothing is random.
    assert cross(modelled(history), so_far, max(1, end.likely_fen)) == found


@given(
    st.lists(st.integers(-(10**8), 10**9), min_size=28, max_size=120),
    st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    st.integers(-(10**9), 10**11),
    st.integers(-(10**9), 10**9),
    st.lists(st.integers(1, 10**11), min_size=2, max_size=4),
)
def test_days_are_in_order_on_any_day_of_any_month(
    amounts: list[int], today: date, used: int, today_fen: int, targets: list[int]
) -> None:
    """Also on the last day of a month and in the festivals, after refunds, and at year's ends."""
    history = History(first_day=today - timedelta(days=len(amounts)), amounts_fen=tuple(amounts))
    model = modelled(history, CHINA.is_working)
    so_far = MonthSoFar(
        used_fen=used, today_fen=today_fen, today=today, month_end=last_day(f"{today:%Y-%m}")
    )
    end = foresee_end(model, so_far)
    assert used <= end.likely_fen
    assert end.low_fen <= end.likely_fen <= end.high_fen
    before = date.min
    for target in sorted(targets):
        found = cross(model, so_far, target)
        assert found.reached is (used >= target)
        days = [one or date.max for one in (found.earliest_day, found.day, found.latest_day)]
        assert days == sorted(days)
        if not found.reached:
            # What is more is never reached earlier; all in this month, or not at all.
            assert before <= days[1]
            assert all(today <= day <= so_far.month_end or day == date.max for day in days)
            before = days[1]


def test_a_refund_of_today_is_not_made_good_by_the_rest_of_the_day() -> None:
    model = modelled(flat(84), always)
    today = date(2026, 3, 26)
    ahead = {}
    for today_fen in (-50_000, 0, 400, 1_000, 5_000):
        so_far = MonthSoFar(
            used_fen=70_000 + today_fen,
            today_fen=today_fen,
            today=today,
            month_end=date(2026, 3, 31),
        )
        ahead[today_fen] = foresee_end(model, so_far).likely_fen - so_far.used_fen
    assert ahead == {-50_000: 6_000, 0: 6_000, 400: 5_600, 1_000: 5_000, 5_000: 5_000}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_forecast_beats_a_straight_line_and_its_interval_holds(kind) -> None:
    cases = cases_of(kind, range(7, 8))
    got = score(cases)
    assert got.case_count > 150
    assert got.error_days_sum < got.straight_error_days_sum
    assert got.covered_percent >= 75


def test_a_back_test_looks_at_no_day_that_it_could_not_know() -> None:
    first = date(2025, 1, 1)
    plain = flat(500, first=first)
    months = whole_months(plain, 3)
    run = functools.partial(
        back_test, months=months[:1], rates=RATES, method=METHOD, is_working=weekdays
    )
    # What comes after the month tested changes nothing of what was said in it.
    month_end = (date.fromisoformat(f"{months[0]}-01") + timedelta(days=31)).replace(day=1)
    known = (month_end - first).days
    changed = History(
        first_day=first,
        amounts_fen=plain.amounts_fen[:known] + (9_999_999,) * (500 - known),
    )
    assert run(plain) == run(changed)
    assert all(case.error_days == 0 for case in run(plain))


def test_months_are_whole_and_the_last_ones() -> None:
    history = History(first_day=date(2025, 11, 2), amounts_fen=(1,) * 130)
    assert whole_months(history, 12) == ["2025-12", "2026-01", "2026-02"]
    assert whole_months(history, 2) == ["2026-01", "2026-02"]


def test_the_method_is_that_of_the_module() -> None:
    assert isinstance(METHOD, Method)
    assert "12 weeks" in forecast.METHOD_EN


# --- size ---------------------------------------------------------------------------------------


def test_a_size_is_the_quantile_of_the_months_raised_by_growth() -> None:
    # Ten months of 1,000 to 10,000: ⌈0.9 × 11⌉ = 10, the largest; too short for one in twenty.
    months = [1_000 * n for n in range(1, 11)]
    got = size(months, red=RED, probability=TENTH, months_max=36)
    assert got is not None
    assert (got.month_fen, got.month_count_needed, got.sufficient) == (10_000, 9, True)
    assert (got.growth, got.growth_known) == (1, False)
    # The least holding of which 10,000 is less than 90 %.
    assert got.holding_fen == 11_112
    assert Fraction(10_000, 11_112) < RED <= Fraction(10_000, 11_111)
    rare = size(months, red=RED, probability=Fraction(1, 20), months_max=36)
    assert rare is not None
    assert (rare.month_fen, rare.month_count_needed, rare.sufficient) == (10_000, 19, False)


def test_seasons_stay_and_years_grow() -> None:
    year = [100, 80, 120, 100, 100, 100, 100, 100, 100, 90, 100, 110]
    months = [2 * fen for fen in year] + [3 * fen for fen in year]
    got = size(months, red=RED, probability=TENTH, months_max=36)
    assert got is not None
    assert (got.growth, got.growth_known) == (Fraction(3, 2), True)
    # Both Marches come to 540 next time: the largest two; ⌈0.9 × 25⌉ = 23 is the smaller of them.
    assert got.month_fen == 540
    halved = size(months, red=RED, probability=Fraction(1, 2), months_max=36)
    assert halved is not None
    assert halved.month_fen == 450


def test_a_break_in_the_history_is_no_growth() -> None:
    got = size([1] * 12 + [1_000] * 12, red=RED, probability=TENTH, months_max=36)
    assert got is not None
    assert got.growth == 2


def test_without_months_there_is_no_size() -> None:
    assert size([], red=RED, probability=TENTH, months_max=36) is None
    nothing = size([0] * 12, red=RED, probability=TENTH, months_max=36)
    assert nothing is not None
    assert nothing.holding_fen == 0


def test_the_red_months_of_the_next_year_are_about_as_many_as_asked_for() -> None:
    red, months, share = red_months(KINDS[1], range(1, 5), TENTH)
    assert months == 48
    assert red <= 12
    # The legal quota is two months; history asks for less.
    assert share < 1
