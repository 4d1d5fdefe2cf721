"""Goal: two books that agree have no break; each that does not has exactly the one that says why.

Method: Hypothesis draws a journal and plants one fault per settlement into a copy of it; what is
found is compared with what was planted. Sums are compared with sums worked out here.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain.break_explanations import EXPLANATION_EN, EXPLANATION_ZH
from services.clearing.domain.break_states import ALLOWED, BreakState
from services.clearing.domain.breaks import (
    BookGroup,
    BookPlace,
    BookRecord,
    BookSums,
    BreakCause,
    BreakDraft,
    BreakKind,
    BreakStep,
    StoredBreak,
    compare,
    differing,
    following,
    merged,
    net_fen,
    one_sided,
    step,
)

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
HERE = BookPlace("130000", "110000", "310")
ELSEWHERE = BookPlace("130000", "120000", "310")


def record(number=1, **changes):
    values = {
        "settlement_id": UUID(int=number),
        "event_kind": "SETTLED",
        "place": HERE,
        "fund_fen": 1000,
        "account_fen": 100,
        "event_time": NOON + timedelta(seconds=number),
        "day": DAY,
    }
    return BookRecord(**{**values, **changes})


def found(journal, ledger, *, fed=()):
    of_journal, of_ledger = merged(journal), merged(ledger)
    return compare(of_journal, of_ledger, of_journal.keys() | of_ledger.keys(), fed=set(fed))


def only(journal, ledger, **options):
    (draft,) = found(journal, ledger, **options)
    return draft.kind, draft.cause


# What is planted, and what is to be found of it.
FAULTS = {
    "none": (lambda one: one, None),
    "lost": (lambda _: None, (BreakKind.MISSING_IN_LEDGER, BreakCause.EVENT_LOST)),
    "amount": (
        lambda one: dataclasses.replace(one, fund_fen=one.fund_fen + 1),
        (BreakKind.AMOUNT_DIFFERS, BreakCause.AMOUNT_CHANGED),
    ),
    "split": (
        lambda one: dataclasses.replace(
            one, fund_fen=one.fund_fen - 1, account_fen=one.account_fen + 1
        ),
        (BreakKind.AMOUNT_DIFFERS, BreakCause.SPLIT_CHANGED),
    ),
    "twice": (
        lambda one: dataclasses.replace(
            one, fund_fen=2 * one.fund_fen, account_fen=2 * one.account_fen
        ),
        (BreakKind.BOOKED_TWICE, BreakCause.MULTIPLIED),
    ),
    "thrice": (
        lambda one: dataclasses.replace(
            one, fund_fen=3 * one.fund_fen, account_fen=3 * one.account_fen
        ),
        (BreakKind.BOOKED_TWICE, BreakCause.MULTIPLIED),
    ),
    "place": (
        lambda one: dataclasses.replace(one, place=ELSEWHERE),
        (BreakKind.BOOKED_ELSEWHERE, BreakCause.PLACE_CHANGED),
    ),
    "scheme": (
        lambda one: dataclasses.replace(one, place=BookPlace("130000", "110000", "390")),
        (BreakKind.BOOKED_ELSEWHERE, BreakCause.PLACE_CHANGED),
    ),
    "day": (
        lambda one: dataclasses.replace(
            one, day=DAY + timedelta(days=1), event_time=one.event_time + timedelta(days=1)
        ),
        (BreakKind.DATED_ELSEWHERE, BreakCause.TIME_CHANGED),
    ),
}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(FAULTS)),
            # More than one fen, so that one fen more is never twice as much.
            st.integers(3, 10**9),
            st.integers(2, 10**6),
            st.sampled_from(["SETTLED", "REVERSED"]),
        ),
        max_size=12,
    )
)
def test_each_planted_fault_is_found_and_nothing_else(planted):
    journal, ledger, expected = [], [], {}
    for number, (name, fund, account, kind) in enumerate(planted, start=1):
        one = record(number, fund_fen=fund, account_fen=account, event_kind=kind)
        plant, outcome = FAULTS[name]
        journal.append(one)
        changed = plant(one)
        if changed is not None:
            ledger.append(changed)
        if outcome is not None:
            expected[one.key] = outcome
    drafts = found(journal, ledger)
    assert {one.shown.key: (one.kind, one.cause) for one in drafts} == expected
    assert [one.shown.key for one in drafts] == sorted(expected)


def test_what_only_the_ledger_has():
    key = record(2).key
    kind = BreakKind.MISSING_IN_JOURNAL
    assert only([], [record(2)]) == (kind, BreakCause.NEVER_SETTLED)
    assert only([], [record(2)], fed=[key]) == (kind, BreakCause.JOURNAL_LOST)
    # Of the same instant, pair and amounts: a copy, unless the feed gave it, too.
    copy = record(2, event_time=record(1).event_time)
    assert only([record(1)], [record(1), copy]) == (BreakKind.BOOKED_TWICE, BreakCause.COPIED)
    assert only([record(1)], [record(1), copy], fed=[key]) == (kind, BreakCause.JOURNAL_LOST)
    (draft,) = found([record(1)], [record(1), copy])
    assert draft.twin_settlement_id == UUID(int=1)
    # A copy of what is itself in question has nothing to be a copy of.
    assert {one.kind for one in found([], [record(1), copy])} == {kind}


def test_what_only_the_journal_has():
    kind = BreakKind.MISSING_IN_LEDGER
    assert only([record()], []) == (kind, BreakCause.EVENT_LOST)
    assert only([record()], [], fed=[record().key]) == (kind, BreakCause.BOOKING_LOST)


def test_nothing_is_a_multiple_of_nothing():
    free = record(fund_fen=0, account_fen=0)
    assert found([free], [free]) == []
    assert only([free], [record()]) == (BreakKind.AMOUNT_DIFFERS, BreakCause.AMOUNT_CHANGED)
    assert only([record()], [free]) == (BreakKind.AMOUNT_DIFFERS, BreakCause.AMOUNT_CHANGED)


def test_a_multiple_of_the_sum_alone_is_no_double():
    ledger = record(fund_fen=2100, account_fen=100)
    assert only([record()], [ledger]) == (BreakKind.AMOUNT_DIFFERS, BreakCause.AMOUNT_CHANGED)


def test_a_settlement_and_its_reversal_are_two_things():
    back = record(event_kind="REVERSED")
    (draft,) = found([record(), back], [record()])
    assert draft.shown == back
    assert one_sided([record(), back], [record()]) == ({UUID(int=1)}, set())


def test_a_book_that_lists_something_twice_is_no_book():
    with pytest.raises(ValueError, match="twice"):
        merged([record(), record()])


def sums(count=1, fund=1000, account=100, fingerprint=7):
    return BookSums(count=count, fund_fen=fund, account_fen=account, fingerprint=fingerprint)


def test_only_pairs_that_differ_are_looked_at():
    here, there = BookGroup(HERE, "SETTLED"), BookGroup(ELSEWHERE, "SETTLED")
    back = BookGroup(HERE, "REVERSED")
    even = {here: sums(), there: sums()}
    assert differing(even, dict(even)) == []
    assert differing(even, {here: sums()}) == [("130000", "120000")]
    assert differing({here: sums()}, {here: sums(), back: sums()}) == [("130000", "110000")]
    # Equal sums of other amounts.
    assert differing({here: sums()}, {here: sums(fingerprint=8)}) == [("130000", "110000")]
    assert differing({}, even) == [("130000", "110000"), ("130000", "120000")]
    assert net_fen({here: sums(), back: sums(fund=400, account=0)}) == 700


def draft(**changes):
    return BreakDraft(
        journal=record(),
        ledger=record(fund_fen=1),
        kind=BreakKind.AMOUNT_DIFFERS,
        cause=BreakCause.AMOUNT_CHANGED,
        **changes,
    )


def stored(state, of=None):
    return StoredBreak(break_id=UUID(int=9), state=state, fingerprint=(of or draft()).fingerprint)


@pytest.mark.parametrize(
    ("before", "now", "todo"),
    [
        (None, None, BreakStep.NOTHING),
        (None, draft(), BreakStep.ADD),
        (stored(BreakState.OPEN), draft(), BreakStep.NOTHING),
        (stored(BreakState.CARRIED), draft(), BreakStep.NOTHING),
        (stored(BreakState.RESOLVED), draft(), BreakStep.NOTHING),
        (stored(BreakState.RESOLVED_BY_ITSELF), draft(), BreakStep.ADD),
        (stored(BreakState.REPLACED), draft(), BreakStep.ADD),
        (stored(BreakState.OPEN), None, BreakStep.CLOSE),
        (stored(BreakState.CARRIED), None, BreakStep.CLOSE),
        (stored(BreakState.RESOLVED), None, BreakStep.NOTHING),
        (stored(BreakState.RESOLVED_BY_ITSELF), None, BreakStep.NOTHING),
        (stored(BreakState.OPEN), draft(twin_settlement_id=UUID(int=3)), BreakStep.REPLACE),
        (stored(BreakState.CARRIED), draft(twin_settlement_id=UUID(int=3)), BreakStep.REPLACE),
        (stored(BreakState.RESOLVED), draft(twin_settlement_id=UUID(int=3)), BreakStep.ADD),
    ],
)
def test_what_a_comparison_means_for_what_is_stored(before, now, todo):
    assert step(before, now) is todo


def test_a_late_follower_changes_no_break():
    """The cause may be told better later; the break is the same."""
    lost = BreakDraft(
        journal=record(), ledger=None, kind=BreakKind.MISSING_IN_LEDGER, cause=BreakCause.EVENT_LOST
    )
    assert dataclasses.replace(lost, cause=BreakCause.BOOKING_LOST).fingerprint == lost.fingerprint


@pytest.mark.parametrize(
    ("month", "after"), [("2026-03", "2026-04"), ("2026-11", "2026-12"), ("2026-12", "2027-01")]
)
def test_the_month_after(month, after):
    assert following(month) == after


def test_every_cause_is_explained():
    assert EXPLANATION_ZH.keys() == EXPLANATION_EN.keys() == set(BreakCause)


def test_the_diagram_is_the_table():
    import services.clearing.domain.break_states as module

    arrows = {
        tuple(part.strip() for part in line.partition(":")[0].split("-->"))
        for line in (module.__doc__ or "").splitlines()
        if "-->" in line
    }
    stated = {(a.value, b.value) for a, after in ALLOWED.items() for b in after}
    ends = {(a.value, "[*]") for a, after in ALLOWED.items() if not after}
    assert arrows == stated | ends | {("[*]", "OPEN")}
