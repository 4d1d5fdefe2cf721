"""Goal: every day is compared, again when more of it is booked, and by nobody twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.clearing import metrics
from services.clearing.breaks import day_store, ledger_books
from services.clearing.breaks.loop import BreakLoop
from services.clearing.config import Config
from services.clearing.domain.breaks import BreakKind, DayState
from services.clearing.reconciling import day_end
from services.kit.config import load
from services.kit.db import open_database
from tests.integration.clearing.breaks_world import DAY, books_on, some_events
from tests.integration.clearing.harness import environ
from tests.integration.clearing.ledger_world import feed
from tests.support.settlement_feed import settled

pytestmark = pytest.mark.postgres


@pytest.fixture
async def books(dsn):
    # Not the fixture that audits the ledger afterwards: it is broken on purpose.
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as opened:
        yield await books_on(opened, dsn)


async def test_the_loop_compares_every_day_of_the_month_and_then_rests(books):
    events = some_events(3)
    await books.happen(*events[:2])
    await books.happen(events[2], is_booked=False)
    loop = BreakLoop(books.comparer, hour=1, retry_s=60)
    assert await loop.once() == 11
    days = await day_store.list_days(books.database, month="2026-03", after=None, limit=99)
    assert len(days) == 31
    states = {one.journal_date.day: one.state for one in days}
    assert states[10] is DayState.DIFFERENT
    assert {states[n] for n in range(1, 12) if n != 10} == {DayState.EVEN}
    assert {states[n] for n in range(12, 32)} == {None}
    assert await day_store.compared_until(books.database) == DAY + timedelta(days=1)
    assert metrics.OPEN_BREAKS.labels("LEDGER", "HUB", "1d")._value.get() == 1
    compared_until = metrics.LEDGER_COMPARED_UNTIL._value.get()
    assert compared_until == day_end(DAY + timedelta(days=1)).timestamp()
    assert await loop.once() == 0
    # Only what differs is looked at again.
    books.clock.advance(hours=6)
    assert await loop.once() == 1
    blocking = await books.blocking()
    assert (blocking.day_count, blocking.break_count, blocking.difference_count) == (20, 1, 0)


async def test_what_is_booked_late_makes_its_day_due_again(books):
    """A day that was even is looked at again when the feed brings more of it, and only then."""
    first, late, other = some_events(3)
    await books.happen(first)
    loop = BreakLoop(books.comparer, hour=1, retry_s=60)
    assert await loop.once() == 11
    await books.happen(late)
    assert await loop.once() == 1
    found = (await day_store.find(books.database, [DAY]))[DAY]
    assert (found.state, found.journal_count) == (DayState.EVEN, 2)
    # A replay is nothing new.
    await feed(books.database, late, now=books.clock.now())
    assert await loop.once() == 0
    # The journal's alone is what the feed never brought: that is found by asking.
    await books.happen(other, is_booked=False)
    assert await loop.once() == 0
    assert (await books.compare()).state is DayState.DIFFERENT


@pytest.mark.parametrize("seen_by", ["neither", "ledger"])
async def test_what_is_booked_while_its_day_is_compared_is_compared_again(
    books, monkeypatch, seen_by
):
    first, late = some_events(2)
    await books.happen(first)
    book = books.journal if seen_by == "ledger" else ledger_books
    summarize = book.summarize

    async def summarize_then_more_happens(*arguments):
        found = await summarize(*arguments)
        if DAY in arguments:
            monkeypatch.setattr(book, "summarize", summarize)
            await books.happen(late)
        return found

    monkeypatch.setattr(book, "summarize", summarize_then_more_happens)
    loop = BreakLoop(books.comparer, hour=1, retry_s=60)
    before, _ = await loop.once(), books.clock.advance(minutes=1)
    # The days of the month and this one again, at once or in the next round.
    assert before + await loop.once() == 12
    found = (await day_store.find(books.database, [DAY]))[DAY]
    assert (found.state, found.journal_count, found.ledger_count) == (DayState.EVEN, 2, 2)
    assert await books.breaks() == []


async def test_a_day_begins_and_ends_at_midnight_in_china(books):
    begin, end = ledger_books.day_bounds(DAY)
    instant = timedelta(microseconds=1)
    times = (begin - instant, begin, end - instant, end)
    events = [settled(n, funds={"310100": 10**n}, at=at) for n, at in enumerate(times, start=1)]
    await books.happen(*events)
    days = [await books.compare(DAY + timedelta(days=n)) for n in (-1, 0)]
    assert [(one.state, one.ledger_fen) for one in days] == [
        (DayState.EVEN, 10),
        (DayState.EVEN, 1100),
    ]
    # What is one microsecond off its day is dated elsewhere, and a break of the journal's day.
    await books.tamper(
        "UPDATE booking SET event_time = event_time - interval '1 us'"
        " WHERE event_time = '2026-03-09T16:00:00Z'"
    )
    assert (await books.compare()).state is DayState.DIFFERENT
    (found,) = await books.breaks()
    assert (found.kind, found.journal_date) == (BreakKind.DATED_ELSEWHERE, DAY)


async def test_two_replicas_share_the_days(books):
    await books.happen(*some_events(3))
    loops = [BreakLoop(books.comparer, hour=1, retry_s=60) for _ in range(2)]
    assert sum(await asyncio.gather(*(loop.once() for loop in loops))) == 11


async def test_the_loop_waits_for_a_silent_journal(books):
    await books.happen(*some_events(1))
    books.journal.is_down = True
    loop = BreakLoop(books.comparer, hour=1, retry_s=60)
    assert await loop.once() == 0
    books.journal.is_down = False
    assert await loop.once() == 10
    books.clock.advance(seconds=61)
    assert await loop.once() == 1
    assert await loop.once() == 0
