"""Goal: two ways of reckoning are compared key by key; what only one has counts as zero."""

from __future__ import annotations

import pytest

from services.clearing.domain.invariants import (
    Contradiction,
    Invariant,
    Result,
    SumKey,
    added,
    compare,
    merged,
    net_positions,
)

MARCH = SumKey(subject="x", month="2026-03", insured_region_code="130000")
APRIL = SumKey(subject="x", month="2026-04", insured_region_code="130000")


@pytest.mark.parametrize(
    ("expected", "found", "wrong"),
    [
        ({}, {}, ()),
        ({MARCH: 5}, {MARCH: 5}, ()),
        ({MARCH: 0}, {}, ()),
        ({MARCH: 5}, {MARCH: 4}, ((MARCH, 5, 4),)),
        ({MARCH: 5}, {}, ((MARCH, 5, 0),)),
        ({}, {APRIL: -1}, ((APRIL, 0, -1),)),
        ({APRIL: 1, MARCH: 1}, {}, ((MARCH, 1, 0), (APRIL, 1, 0))),
    ],
)
def test_sums_are_compared_by_key(expected, found, wrong):
    result = compare(Invariant.TABLES, expected, found)
    assert result.checked_count == len(expected.keys() | found.keys())
    assert result.holds == (not wrong)
    assert result.contradictions == tuple(
        Contradiction(key=key, expected_fen=one, found_fen=other) for key, one, other in wrong
    )


def test_net_positions_are_by_month():
    due = {SumKey(subject="x", month="2026-03", care_region_code="110000"): 7}
    owed = {MARCH: 5, APRIL: 1}
    assert net_positions(due, owed) == {
        SumKey(subject="x", month="2026-03"): 2,
        SumKey(subject="x", month="2026-04"): -1,
    }


def test_sums_of_the_same_key_are_added():
    assert added({MARCH: 1}, {MARCH: 2, APRIL: 3}, {}) == {MARCH: 3, APRIL: 3}


def test_results_of_one_invariant_become_one_and_none_is_left_out():
    whole = compare(Invariant.BALANCED, {MARCH: 1}, {MARCH: 1})
    wrong = compare(Invariant.BALANCED, {APRIL: 1}, {})
    results = merged([wrong, whole])
    assert [one.invariant for one in results] == list(Invariant)
    assert results[0].checked_count == 2
    assert [one.key for one in results[0].contradictions] == [APRIL]
    assert results[1] == Result(invariant=Invariant.NET_ZERO, checked_count=0, contradictions=())
