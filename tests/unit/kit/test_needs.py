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
    assert needs.nearly_all(METHOD) == pytest.approx(0.098 * 1.3)
    assert needs.nearly_all(OTHER) == 0


def test_the_last_hundred_calls_count():
    needs = learned([(0.7, 0.0)] * 100 + [(0.05, 0.0)] * 100)
    assert needs.nearly_all(METHOD) == pytest.approx(0.05 * 1.3)


def test_a_slow_province_makes_no_other_call_need_more():
    """A fifth of the calls wait most of their second for it; the others have what they had."""
    alone = learned([(0.05, 0.02)] * 100).nearly_all(METHOD)
    assert learned([(0.05, 0.02)] * 80 + [(0.05, 0.75)] * 20).nearly_all(METHOD) == alone


def test_what_all_provinces_take_is_needed():
    assert learned([(0.05, 0.2)] * 100).nearly_all(METHOD) == pytest.approx(0.05 * 1.3 + 0.2)


def test_no_call_needs_more_than_fits_into_the_second():
    assert learned([(3.0, 0.0)] * 50).nearly_all(METHOD) == pytest.approx(0.8)


def test_the_half_is_told_apart():
    needs = learned([(0.02, 0.01)] * 90 + [(0.6, 0.01)] * 10)
    assert needs.half(METHOD) == pytest.approx(0.03)
    assert needs.nearly_all(METHOD) == pytest.approx(0.6 * 1.3 + 0.01)


def test_a_few_calls_are_no_rule():
    needs = learned([(0.7, 0.0)] * 19)
    assert (needs.half(METHOD), needs.nearly_all(METHOD)) == (0, 0)


def test_one_slow_call_of_many_with_pauses_between_is_not_the_rule():
    """Five a second: most ticks see no call end, and what was learned stays."""
    needs = Needs()
    for number in range(60):
        needs.note(METHOD, 0.7 if number == 50 else 0.02)
        for _ in range(4):
            needs.tick()
    assert needs.half(METHOD) == pytest.approx(0.02)


def test_all_is_forgotten_where_no_call_teaches_better():
    needs = learned([(0.8, 0.0)] * 100)
    for _ in range(30):
        needs.tick()
    assert needs.nearly_all(METHOD) == 0
    # And the calls that taught it are forgotten with it.
    needs.note(METHOD, 0.01)
    needs.tick()
    assert needs.nearly_all(METHOD) == 0
