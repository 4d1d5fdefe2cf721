"""Goal: what the simulation keeps of the ledger in memory answers as PostgreSQL does.

Method: batches drawn from a seed, with repeats and reversals, are booked by the real use case on
both, and the ledger is read back; two consumers race for one batch.
"""

from __future__ import annotations

import dataclasses
import random
from datetime import timedelta
from uuid import UUID

import pytest

from services.clearing import store, usecases
from services.clearing.domain.ledger import EventRefused, FundPayment, Kind, SettlementEvent
from services.kit.feed import Batch, CursorMoved, load_cursor, move_cursor
from services.proving.simulation.tables.ledger import begin_feed
from tests.simulation.databases import NOW, Attempt, agree, held_open

pytestmark = pytest.mark.postgres

SCHEMA = "clearing"


def event(number: int, kind: Kind, month: str = "2026-03") -> SettlementEvent:
    return SettlementEvent(
        kind=kind,
        settlement_id=UUID(int=(0x019D_4000_0000_7000_8000 << 48) + number),
        insured_region_code=("110000", "610500")[number % 2],
        care_region_code="640104",
        scheme_code=("310", "390")[number % 3 == 0],
        month=month,
        event_time=NOW + timedelta(seconds=number),
        payments=(
            FundPayment(fund_type_code="310100", amount_fen=100 * number),
            FundPayment(fund_type_code="310200", amount_fen=number % 4),
        ),
    )


def batch(cursor: str, *events: SettlementEvent) -> Batch[SettlementEvent]:
    last = events[-1].event_time if events else None
    return Batch(events=events, cursor=cursor, last_event_time=last)


async def ledger(database) -> list[object]:
    """All of the ledger, without the instants, which are each database's own."""
    entries = await store.list_entries(database, store.EntryFilter(), limit=1000)
    known = {one.source_id for one in entries}
    async with database.connection() as connection:
        bookings = await store.load_bookings(connection, known)
    found = [await store.get_positions(database, store.PositionFilter(), limit=50)]
    found += [
        await store.get_positions(database, store.PositionFilter(month="2026-04"), limit=1),
        await load_cursor(database, store.FEED),
    ]
    sides = [dataclasses.replace(one, entry_id=0, create_time=NOW) for one in entries]
    return [*found, *sides, *sorted(bookings.items(), key=str)]


async def drawn(database, seed: int) -> list[object]:
    draw = random.Random(seed)  # noqa: S311 - to be repeated
    cursor, settled, answers = "", set(), []
    reversed_: set[int] = set()
    for step in range(25):
        events = []
        for _ in range(draw.randint(0, 5)):
            number = draw.randint(1, 20)
            if number in settled and draw.random() < 0.5:
                month = "2026-04" if number not in reversed_ else "2026-05"
                if number not in reversed_:
                    events.append(event(number, Kind.REVERSED, month))
                    reversed_.add(number)
            else:
                events.append(event(number, Kind.SETTLED))
                settled.add(number)
        follows = draw.random() < 0.8
        after = cursor if follows else "elsewhere"
        try:
            made = batch(f"c{step}", *events)
            answers.append(await usecases.book_batch(database, after=after, batch=made))
            cursor = made.cursor
        except (CursorMoved, EventRefused) as error:
            # Somebody else's batch, or a reversal of what such a batch would have booked.
            answers.append(type(error).__name__)
    return [*answers, *await ledger(database)]


def prepared(server) -> None:
    begin_feed(server, store.FEED)


@pytest.mark.parametrize("seed", range(4))
async def test_any_batches(dsn, seed):
    answers = await agree(dsn, SCHEMA, lambda database: drawn(database, seed), prepare=prepared)
    assert len(answers) > 25


@pytest.mark.parametrize("commits", [True, False])
async def test_two_consumers_of_one_batch(dsn, commits):
    async def scenario(database):
        made = batch("c1", event(1, Kind.SETTLED), event(2, Kind.SETTLED))

        async def first(connection):
            await move_cursor(connection, store.FEED, after="", to="c1")

        async with held_open(database, first) as other:
            second = Attempt(usecases.book_batch(database, after="", batch=made))
            blocked = await second.blocks()
            await other.end(commit=commits)
            return [blocked, await second.outcome(), *await ledger(database)]

    blocked, outcome, *_ = await agree(dsn, SCHEMA, scenario, prepare=prepared)
    assert (blocked, outcome == "CursorMoved") == (True, commits)
