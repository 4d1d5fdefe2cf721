"""Goal: the feed read again from its beginning rebuilds the ledger: the same blocks where it comes
in the same batches, and the same lines, months and balances however it comes.

Method: random flows of settlements and reversals, some of them late, cut into batches and months at
random; the ledger is emptied and fed again, and reckoned a third time without a database.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.clearing import coherence, posting, store, usecases
from services.clearing.balances import BalanceFilter, balances
from services.clearing.clients import read_event
from services.clearing.domain.chain import lines_of
from services.clearing.domain.ledger import Booking, Kind, book, next_month
from services.kit.clock import civil_month
from services.kit.db import Database, DatabaseConfig, open_database
from services.kit.feed import load_cursor
from tests.integration.clearing.breaks_world import tampering
from tests.integration.clearing.harness import batch_of
from tests.integration.clearing.ledger_world import within
from tests.support.settlement_feed import reversed_, settled

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

BEGIN = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
EVENTS = 70
PROVINCES = ("130000", "340000", "640000", "110000", "310000")
FUNDS = {"310": ("310100", "330100"), "390": ("390100", "390200")}


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with open_database(DatabaseConfig(dsn=dsn), "clearing") as opened:
        yield opened


@dataclass(frozen=True)
class Step:
    """Events that come at once; after them a month may be cut."""

    events: tuple[Any, ...]
    cut: str = ""


@dataclass(frozen=True)
class Ledger:
    """All that a ledger says, but for when it was said."""

    contents: tuple[bytes, ...]
    lines: tuple[str, ...]
    months: tuple[tuple[str, str], ...]
    owed: dict[tuple[str, ...], int]


def random_flow(drawn: random.Random) -> list[Any]:
    """Events in the order of the feed; some happened well before they come."""
    now, events, standing = BEGIN, [], []
    for number in range(1, EVENTS + 1):
        now += timedelta(hours=drawn.randrange(1, 30))
        if standing and drawn.random() < 0.25:
            events.append(reversed_(standing.pop(drawn.randrange(len(standing))), at=now))
            continue
        insured, care = drawn.sample(PROVINCES, 2)
        scheme = drawn.choice(("310", "390"))
        late = timedelta(days=drawn.choice((0, 0, 0, 0, 2, 9)))
        event = settled(
            number,
            funds={code: drawn.randrange(4) * 1000 + number for code in FUNDS[scheme]},
            account_fen=drawn.randrange(2) * 77,
            insured=insured,
            care=care,
            scheme=scheme,
            at=now - late,
        )
        events.append(event)
        standing.append(event)
    return events


def cut_into_steps(events: Sequence[Any], drawn: random.Random) -> list[Step]:
    """Batches of any size; a month is cut some batches after the first event of a later one."""
    steps: list[Step] = []
    month, begin = civil_month(BEGIN), 0
    while begin < len(events):
        end = min(len(events), begin + drawn.randrange(1, 8))
        latest = max(read_event(event).month for event in events[:end])
        cut = month if latest > month and drawn.random() < 0.5 else ""
        steps.append(Step(tuple(events[begin:end]), cut))
        month = next_month(month) if cut else month
        begin = end
    return steps


def batched_otherwise(steps: Sequence[Step], drawn: random.Random) -> list[Step]:
    """The same events with the same cuts between them, in other batches."""
    others: list[Step] = []
    held: list[Any] = []
    for number, step in enumerate(steps, start=1):
        held += step.events
        if step.cut or number == len(steps):
            while held:
                size = drawn.randrange(1, 12)
                others.append(Step(tuple(held[:size]), step.cut if size >= len(held) else ""))
                del held[:size]
    return others


async def run(database: Database, steps: Sequence[Step]) -> Ledger:
    """Books a flow and returns what the ledger says then."""
    instant, cursor = BEGIN + timedelta(days=400), 0
    for step in steps:
        instant += timedelta(minutes=1)
        after, cursor = cursor, cursor + len(step.events)
        batch = batch_of(*step.events, cursor=f"{cursor:08d}")
        known = await load_cursor(database, store.FEED)
        assert known == (f"{after:08d}" if after else "")
        await usecases.book_batch(database, after=known, batch=batch, now=instant)
        if step.cut:
            await store.mark(database, posting.month_end(step.cut))
            await within(database, posting.cut, step.cut, now=instant)
    assert await coherence.find_incoherence(database) == []
    blocks = await database.fetch(
        "/* test.blocks */ SELECT content_digest FROM block ORDER BY block_id"
    )
    lines = await database.fetch(
        '/* test.lines */ SELECT line FROM ledger_line(1, 1000000) ORDER BY line COLLATE "C"'
    )
    cuts = await database.fetch("/* test.cuts */ SELECT month, feed_cursor FROM month_cut")
    return Ledger(
        contents=tuple(row["content_digest"] for row in blocks),
        lines=tuple(row["line"] for row in lines),
        months=tuple((row["month"], row["feed_cursor"]) for row in cuts),
        owed={
            (*vars_of(one.pair), one.fund_type_code, one.purpose.value): one.owed_fen
            for one in await balances(database, BalanceFilter())
            if one.owed_fen
        },
    )


def vars_of(pair: Any) -> tuple[str, ...]:
    return pair.insured_region_code, pair.care_region_code, pair.month, pair.scheme_code


async def emptied(dsn: str) -> None:
    """Takes the ledger back to its beginning, as somebody could who owns the database."""
    async with tampering(dsn) as connection:
        tables = (
            "entry, transfer, booking, block, account, position, month_cut, feed_mark, late_booking"
        )
        await connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        await connection.execute("UPDATE feed_cursor SET cursor = ''")
        await reset_chain(connection)


async def reset_chain(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "UPDATE chain SET block_id = 0, create_time = 'epoch',"
        " digest = decode(repeat('00', 32), 'hex')"
    )


def reckoned(steps: Sequence[Step]) -> tuple[str, ...]:
    """The lines of the ledger by the rules alone."""
    known: dict[tuple[Any, Kind], Booking] = {}
    lines: list[str] = []
    open_month = ""
    for step in steps:
        for booking in book(map(read_event, step.events), known, open_month=open_month):
            known[booking.key] = booking
            lines += lines_of(booking)
        open_month = next_month(step.cut) if step.cut else open_month
    return tuple(sorted(lines))


@pytest.mark.parametrize("seed", range(4))
async def test_the_feed_from_zero_rebuilds_the_ledger(
    dsn: str, database: Database, seed: int
) -> None:
    drawn = random.Random(seed)  # noqa: S311 - the same flow each time
    steps = cut_into_steps(random_flow(drawn), drawn)
    first = await run(database, steps)
    assert first.months, "the flow crosses no month: it proves nothing"
    assert any("|ADJUSTMENT|" in line for line in first.lines)
    assert first.lines == reckoned(steps)
    await emptied(dsn)
    assert await run(database, steps) == first
    await emptied(dsn)
    other = await run(database, batched_otherwise(steps, drawn))
    assert (other.lines, other.months, other.owed) == (first.lines, first.months, first.owed)
    assert other.contents != first.contents


async def test_a_batch_that_comes_again_changes_nothing(dsn: str, database: Database) -> None:
    """At least once: every batch twice, and after its month was cut."""
    drawn = random.Random(61)  # noqa: S311 - the same flow each time
    steps = cut_into_steps(random_flow(drawn), drawn)
    first = await run(database, steps)
    again = batch_of(*(event for step in steps for event in step.events), cursor="again")
    known = await load_cursor(database, store.FEED)
    assert await usecases.book_batch(database, after=known, batch=again) == ()
    lines = await database.fetch(
        '/* test.lines */ SELECT line FROM ledger_line(1, 1000000) ORDER BY line COLLATE "C"'
    )
    assert tuple(row["line"] for row in lines) == first.lines
