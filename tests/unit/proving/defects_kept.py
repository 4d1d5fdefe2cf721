"""Defects of the ledger, the feed and visits."""

from __future__ import annotations

from dataclasses import replace

from services.proving.history import (
    Answered,
    Event,
    EventKind,
    RegisterVisit,
    Reverse,
    State,
    VisitAnswered,
    VisitState,
)
from tests.unit.proving.planting import (
    FINAL_PART,
    INTERIM,
    PLAIN,
    STAY,
    UNDONE,
    kept,
    refeed,
    said,
)
from tests.unit.proving.world import uuid


def a_transfer_with_one_side(history, final):
    return history, replace(final, entries=final.entries[1:])


def a_settlement_cleared_twice(history, final):
    more = tuple(
        replace(entry, transfer_id=uuid(f"{entry.transfer_id} again"))
        for entry in final.entries
        if entry.settlement_id == PLAIN
    )
    return history, replace(final, entries=(*final.entries, *more))


def a_reversal_not_cleared(history, final):
    entries = tuple(entry for entry in final.entries if not entry.reverses_transfer_id)
    return history, replace(final, entries=entries)


def a_position_that_is_not_the_sum(history, final):
    first = final.positions[0]
    wrong = replace(first, owed=first.owed + 1)
    return history, replace(final, positions=(wrong, *final.positions[1:]))


def a_position_that_is_missing(history, final):
    return history, replace(final, positions=final.positions[1:])


def an_event_lost(history, final):
    return history, refeed(final, final.feeds[0].events[:-1])


def an_event_that_never_was(history, final):
    ghost = Event(EventKind.REVERSED, replace(kept(final, PLAIN), state=State.REVERSED))
    return history, refeed(final, (*final.feeds[0].events, ghost))


def an_event_twice(history, final):
    events = final.feeds[0].events
    return history, refeed(final, (*events, events[-1]))


def a_reversal_before_its_settlement(history, final):
    events = final.feeds[0].events
    return history, refeed(final, (*events[:1], events[2], events[1], *events[3:]))


def a_consumer_that_missed_an_event(history, final):
    late = replace(final.feeds[1], events=final.feeds[1].events[1:])
    return history, replace(final, feeds=(final.feeds[0], late, *final.feeds[2:]))


def a_consumer_that_got_what_is_not_its_business(history, final):
    nosy = replace(final.feeds[3], events=final.feeds[0].events[:1])
    return history, replace(final, feeds=(*final.feeds[:3], nosy, *final.feeds[4:]))


def a_feed_out_of_order(history, final):
    events = final.feeds[0].events
    return history, refeed(final, (events[-1], *events[:-1]))


def a_visit_lost(history, final):
    return history, replace(final, visits={})


def a_visit_that_nobody_registered(history, final):
    ghost = replace(final.visits[STAY], visit_id=uuid("ghost"), person_id=uuid("carl"))
    return history, replace(final, visits={**final.visits, ghost.visit_id: ghost})


def two_open_stays(history, final):
    open_ = replace(
        final.visits[STAY],
        state=VisitState.REGISTERED,
        settlement_ids=(),
        line_count=0,
        line_total=0,
    )
    others = {uuid(name): replace(open_, visit_id=uuid(name)) for name in ("one", "two")}
    return history, replace(final, visits={**final.visits, **others})


def a_stay_begun_during_another(history, final):
    operations = list(history.operations)
    index = next(
        number
        for number, operation in enumerate(operations)
        if isinstance(operation.request, RegisterVisit)
    )
    first = operations[index]
    visit = replace(final.visits[STAY], visit_id=uuid("second"))
    second = replace(
        first,
        request=replace(first.request, request_id=uuid("second registration")),
        reply=VisitAnswered(visit),
        # Between two ticks of the good run.
        sent=first.ended + 0.1,
        ended=first.ended + 0.2,
    )
    operations.insert(index + 1, second)
    final = replace(
        final, visits={**final.visits, visit.visit_id: replace(visit, state=VisitState.CANCELLED)}
    )
    return replace(history, operations=tuple(operations)), final


def a_line_lost(history, final):
    visit = replace(final.visits[STAY], line_count=2, line_total=5_000)
    return history, replace(final, visits={STAY: visit}, lines={STAY: final.lines[STAY][1:]})


def a_line_with_another_amount(history, final):
    first, *others = final.lines[STAY]
    return history, replace(final, lines={STAY: (replace(first, amount=9_999), *others)})


def a_cancelled_line_that_stands_miscounted(history, final):
    visit = replace(final.visits[STAY], line_count=4)
    return history, replace(final, visits={STAY: visit})


def a_line_settled_twice(history, final):
    first, *others = final.lines[STAY]
    return history, replace(
        final, lines={STAY: (replace(first, settlement_id=FINAL_PART), *others)}
    )


def a_line_covered_by_what_does_not_stand(history, final):
    first, *others = final.lines[STAY]
    return history, replace(final, lines={STAY: (replace(first, settlement_id=UNDONE), *others)})


def a_stay_settled_without_saying_so(history, final):
    visit = replace(final.visits[STAY], state=VisitState.DISCHARGED)
    return history, replace(final, visits={STAY: visit})


def an_older_part_taken_back_under_a_newer(history, final):
    shown = replace(kept(final, INTERIM), state=State.REVERSED)
    request = Reverse(request_id=uuid("x"), settlement_id=INTERIM)
    return said(history, request, Answered(shown)), final
