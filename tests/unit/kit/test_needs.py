"""Goal: a call is begun only where enough of its deadline is left; nobody pays for a province."""

from __future__ import annotations

import pytest

from services.kit.needs import Needs

METHOD, OTHER = "/yijie.test/Call", "/yijie.test/Other"


def learned(calls, method=METHOD) -> Needs:
    needs = Needs()
    for own_s, abroad_s in calls:
        needs.note(method, own_s, abroad_s)
    needs.tick()
    return needs


def test_a_call_needs_what_nearly_all_such_calls_take():
    needs = learned([(number / 1000, 0.0) for number in range(1, 101)])
    assert needs.of(METHOD) == pytest.approx(0.098)
    assert needs.of(OTHER) == 0


def test_the_last_hundred_calls_count():
    assert learned([(0.7, 0.0)] * 100 + [(0.05, 0.0)] * 100).of(METHOD) == pytest.approx(0.05)


def test_a_slow_province_makes_no_other_call_need_more():
    """A fifth of the calls wait most of their second for it; the others have what they had."""
    alone = learned([(0.05, 0.02)] * 100).of(METHOD)
    assert learned([(0.05, 0.02)] * 80 + [(0.05, 0.75)] * 20).of(METHOD) == alone


def test_what_all_provinces_take_is_needed():
    assert learned([(0.05, 0.2)] * 100).of(METHOD) == pytest.approx(0.25)


def test_no_call_needs_more_than_fits_into_the_second():
    assert learned([(3.0, 0.0)] * 10).of(METHOD) == pytest.approx(0.8)


def test_a_need_is_forgotten_where_no_call_teaches_better():
    needs = learned([(0.8, 0.0)] * 100)
    for _ in range(100):
        needs.tick()
    assert needs.of(METHOD) < 0.2
    # And the calls that taught it are forgotten with it.
    needs.note(METHOD, 0.01)
    needs.tick()
    assert needs.of(METHOD) == pytest.approx(0.01)
