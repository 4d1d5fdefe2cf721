"""Goal: deadlines are the days that a person with the published calendar would name.

Method: dates of the State Council's notices for 2025 and 2026, and a plain count of days.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain.month_steps import StepFacts, StepKind, step_of
from services.clearing.months.terms import load_month_terms
from services.kit import calendar
from services.kit import dates as rules
from services.kit.dates import Deadline, OffDay

DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 2, 14), True),  # a Saturday, worked for the Spring Festival
        (date(2026, 2, 28), True),
        (date(2026, 2, 16), False),  # 除夕
        (date(2026, 2, 23), False),  # a Monday off in lieu
        (date(2026, 2, 24), True),
        (date(2026, 10, 10), True),
        (date(2026, 10, 7), False),
        (date(2025, 10, 8), False),  # 中秋 and 国庆 in one: eight days
        (date(2025, 10, 9), True),
        (date(2026, 4, 25), False),  # a plain Saturday
    ],
)
def test_working_days_are_those_of_the_notices(day: date, worked: bool) -> None:
    assert calendar.CHINA.is_working(day) is worked


@pytest.mark.parametrize(
    ("day", "count", "wanted"),
    [
        # Over the Spring Festival, with a Saturday that is worked.
        (date(2026, 2, 12), 5, date(2026, 2, 26)),
        (date(2026, 4, 29), 1, date(2026, 4, 30)),
        (date(2026, 4, 30), 1, date(2026, 5, 6)),
        (date(2026, 4, 30), 5, date(2026, 5, 11)),
        (date(2026, 4, 25), 0, date(2026, 4, 27)),
        (date(2026, 4, 27), 0, date(2026, 4, 27)),
    ],
)
def test_working_days_are_added(day: date, count: int, wanted: date) -> None:
    assert calendar.add_working_days(day, count) == Deadline(wanted, provisional=False)


@given(day=DAYS, count=st.integers(1, 60))
def test_so_many_working_days_lie_between(day: date, count: int) -> None:
    found = calendar.add_working_days(day, count).day
    between = [day + timedelta(days=n) for n in range(1, (found - day).days + 1)]
    assert sum(map(calendar.CHINA.is_working, between)) == count
    assert calendar.CHINA.is_working(found)


@given(day=DAYS, one=st.integers(1, 20), other=st.integers(1, 20))
def test_adding_twice_is_adding_the_sum(day: date, one: int, other: int) -> None:
    first = calendar.add_working_days(day, one).day
    assert (
        calendar.add_working_days(first, other).day
        == calendar.add_working_days(day, one + other).day
    )


def test_what_is_not_published_is_provisional() -> None:
    assert not calendar.CHINA.is_published(date(2099, 1, 1))
    assert calendar.add_working_days(date(2099, 3, 2), 1).provisional
    # The last days of a year are settled by the notice of the next one.
    assert calendar.CHINA.is_published(date(2024, 12, 31))
    assert calendar.CHINA.is_published(date(2025, 12, 31))


class NoYear:
    """A calendar of weekdays that is published up to the end of 2026."""

    def is_working(self, day: date) -> bool:
        return day.weekday() < 5

    def is_published(self, day: date) -> bool:
        return day.year < 2027


def test_a_deadline_is_provisional_if_any_day_on_the_way_is() -> None:
    assert rules.add_working_days(date(2026, 12, 31), 1, NoYear()).provisional
    assert not rules.add_working_days(date(2026, 12, 30), 1, NoYear()).provisional
    # Placed backwards out of the unknown year it still depends on it.
    assert rules.place(date(2027, 1, 2), OffDay.PREVIOUS, NoYear()).provisional
    assert not rules.place(date(2027, 1, 2), OffDay.KEEP, NoYear()).provisional


def test_counts_are_bounded() -> None:
    for count in (-1, 1001):
        with pytest.raises(ValueError, match="working days"):
            calendar.add_working_days(date(2026, 1, 5), count)


@pytest.mark.parametrize("text", ["2026-1", "2026-13", "1999-01", "2026-00", "", "２026-01"])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        rules.first_day(text)


def test_months_follow_each_other() -> None:
    assert rules.next_month("2026-12") == "2027-01"
    assert rules.previous_month("2027-01") == "2026-12"
    assert rules.last_day("2024-02") == date(2024, 2, 29)
    year = rules.months_of(2026)
    assert [rules.next_month(one) for one in year[:-1]] == list(year[1:])


@given(st.integers(2018, 2026), st.integers(1, 12))
def test_the_steps_of_a_month_are_in_order(year: int, number: int) -> None:
    terms = load_month_terms()
    month = f"{year:04d}-{number:02d}"
    days = [terms.deadline(month, kind).day for kind in StepKind]
    assert days == sorted(days)
    assert all(map(calendar.CHINA.is_working, days))
    assert terms.deadline(month, StepKind.PAYMENT) == terms.deadline(
        rules.next_month(month), StepKind.NOTICES
    )


def test_deadlines_around_the_spring_festival() -> None:
    terms = load_month_terms()
    found = [terms.deadline("2026-01", kind).day for kind in StepKind]
    # The 20th and 21st lie in the festival; 24 February is the first day worked.
    assert found == [
        date(2026, 2, 24),
        date(2026, 2, 24),
        date(2026, 2, 25),
        date(2026, 2, 28),
        date(2026, 3, 31),
    ]
    # In 2020 the festival and its extension lay over the 25th and the end of the month.
    assert [terms.deadline("2019-12", kind).day for kind in StepKind][2:4] == [date(2020, 2, 3)] * 2
    assert terms.year_deadline(2025) == Deadline(date(2026, 3, 31), provisional=False)


DUE = Deadline(date(2026, 4, 20), provisional=False)


@pytest.mark.parametrize(
    ("done_on", "today", "overdue"),
    [
        (None, date(2026, 4, 20), False),
        (None, date(2026, 4, 21), True),
        (date(2026, 4, 20), date(2026, 5, 1), False),
        (date(2026, 4, 21), date(2026, 5, 1), True),
    ],
)
def test_a_step_is_overdue_from_the_day_after(
    done_on: date | None, today: date, overdue: bool
) -> None:
    step = step_of(StepKind.RECONCILE, DUE, StepFacts(done_on=done_on), today)
    assert step.overdue is overdue


def test_who_is_late_and_who_is_awaited() -> None:
    parts = {
        "310000": None,
        "110000": date(2026, 4, 21),
        "440000": date(2026, 4, 20),
    }
    facts = StepFacts(parts=parts, late=frozenset({"640000"}))
    before = step_of(StepKind.RECONCILE, DUE, facts, date(2026, 4, 20))
    assert (before.awaited, before.late) == (("310000",), ("110000", "640000"))
    after = step_of(StepKind.RECONCILE, DUE, facts, date(2026, 4, 22))
    assert (after.awaited, after.late) == (("310000",), ("110000", "310000", "640000"))
