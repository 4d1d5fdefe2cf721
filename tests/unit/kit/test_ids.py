"""Goal: ids sort by time, are RFC 9562, and bound ranges of time exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from services.kit.clock import civil_date, civil_midnight, civil_month
from services.kit.ids import first_id_at, new_id

INSTANTS = st.datetimes(
    datetime(2017, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip


@given(INSTANTS)
def test_an_id_is_a_version_7_uuid(now):
    found = new_id(now)
    assert (found.version, found.variant) == (7, "specified in RFC 4122")


@given(INSTANTS, st.timedeltas(timedelta(milliseconds=1), timedelta(days=3000)))
@example(datetime(2038, 2, 1, 0, 0, 0, 100_000, tzinfo=UTC), timedelta(milliseconds=1))
def test_ids_sort_by_time_and_bounds_hold(now, later):
    assert new_id(now) < new_id(now + later)
    assert first_id_at(now) <= new_id(now) < first_id_at(now + timedelta(milliseconds=1))


def test_ids_of_one_instant_differ():
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert len({new_id(now) for _ in range(1000)}) == 1000


def test_the_civil_day_is_shanghais():
    last = datetime(2026, 11, 30, 15, 59, 59, 999_999, tzinfo=UTC)
    assert civil_date(last) == date(2026, 11, 30)
    assert civil_month(last) == "2026-11"
    assert civil_month(last + timedelta(microseconds=1)) == "2026-12"
    assert civil_midnight(date(2026, 12, 1)) == last + timedelta(microseconds=1)
