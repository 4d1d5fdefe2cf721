"""Goal: whoever writes at once, and whatever dies meanwhile, the ledger holds each thing once.

Method: two followers of one feed, officers and a cut run against each other while the sessions of
the database are ended under them, at any statement and at the commit. What is then in the ledger is
reckoned apart from it, by the events alone.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.clearing import balances, chain_audit, coherence, store, usecases
from services.clearing import posting as ledger
from services.clearing.balances import BalanceFilter
from services.clearing.config import Config
from services.clearing.domain.ledger import Kind, Purpose
from services.kit.config import load
from services.kit.db import Database, open_database
from services.kit.errors import LostRace, RuleForbids, Unavailable
from services.kit.feed import CursorMoved, load_cursor
from tests.integration.clearing.harness import batch_of, environ
from tests.integration.clearing.ledger_world import SHANXI_BEIJING, feed_reaches, posting, within
from tests.support.settlement_feed import reversed_, settled

pytestmark = pytest.mark.postgres

MIDNIGHT = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
"""In China: when March ends."""
PASSING = (Unavailable, LostRace, CursorMoved)


def flow() -> list[Any]:
    """Events around the end of March; what is taken back is of this month, or of the one before."""
    events = []
    for number in range(1, 41):
        at = MIDNIGHT + timedelta(minutes=number - 20)
        events.append(settled(number, funds={"310100": 1000 + number}, account_fen=number, at=at))
        if number % 3 == 0:
            events.append(reversed_(events[-2 if number % 2 else -1], at=at))
    return events


async def persist(work: Callable[[], Awaitable[Any]]) -> Any:
    """Does something until nothing that passes comes between."""
    for _ in range(1000):
        try:
            return await work()
        except PASSING:
            await asyncio.sleep(0.005)
    raise AssertionError("never came through")


async def follow(database: Database, events: Sequence[Any], sizes: random.Random) -> None:
    """Books the feed as a follower does: from its cursor on, whoever moved it."""

    async def batch() -> bool:
        begin = int(await load_cursor(database, store.FEED) or 0)
        if begin == len(events):
            return False
        part = events[begin : begin + sizes.randrange(1, 9)]
        end = f"{begin + len(part):08d}"
        after = f"{begin:08d}" if begin else ""
        await usecases.book_batch(database, after=after, batch=batch_of(*part, cursor=end))
        return True

    is_behind = True
    while is_behind:
        is_behind = await persist(batch)


async def end_sessions(dsn: str, drawn: random.Random, is_over: asyncio.Event) -> int:
    """Ends the sessions of clearing's pools again and again, as a restart of the server would.

    The first time all of them and at once, so that no course is too short for it.
    """
    connection = await asyncpg.connect(dsn)
    ended = 0
    try:
        while not is_over.is_set():
            ended += await connection.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'yijie.clearing' AND datname = current_database()"
                " AND random() < $1::float8",
                0.3 if ended else 1.0,
            )
            await asyncio.sleep(drawn.uniform(0.05, 0.2) if ended else 0)
    finally:
        await connection.close()
    return ended


async def decide(database: Database, begin: int) -> None:
    """Two officers who do the same: each posting and decision is in the ledger once."""
    for number in range(begin, begin + 6):
        one = posting(number, -number, kind=Kind.PAYMENT, pair=SHANXI_BEIJING)
        pend = partial(within, database, ledger.pend, [one], now=MIDNIGHT)
        await persist(pend)
        key = (one.source_id, one.kind)
        resolve = partial(within, database, ledger.resolve, *key, posted=True, now=MIDNIGHT)
        await persist(resolve)


async def cut(database: Database) -> None:
    """Cuts March as soon as it can be."""

    async def once() -> bool:
        try:
            await within(database, ledger.cut, "2026-03", now=MIDNIGHT)
        except RuleForbids:
            return False
        return True

    is_cut = False
    while not is_cut:
        await asyncio.sleep(0.01)
        is_cut = await persist(once)


@pytest.mark.parametrize("seed", range(2))
async def test_everything_at_once_and_sessions_that_end(dsn: str, seed: int) -> None:
    events, is_over = flow(), asyncio.Event()
    drawn = random.Random(seed)  # noqa: S311 - the same course each time, as far as it can be
    config = load(Config, environ(dsn, 1)).database
    async with (
        open_database(config, "clearing") as here,
        open_database(config, "clearing") as there,
    ):
        ending = asyncio.create_task(end_sessions(dsn, drawn, is_over))
        await asyncio.gather(
            follow(here, events, drawn),
            follow(there, events, drawn),
            decide(here, 1000),
            decide(there, 1000),
            cut(there),
        )
        is_over.set()
        assert await ending > 0
        await persist(lambda: _check(here, events))


async def _check(database: Database, events: Sequence[Any]) -> None:
    found = await chain_audit.verify(database, after_block=0, after_digest=None, count_max=10_000)
    assert found.problem is None
    assert await coherence.find_incoherence(database) == []
    rows = await database.fetch(
        "/* test.bookings */ SELECT b.source_id, b.kind, p.month, b.block_id, m.cut_block"
        "  FROM booking b JOIN position p USING (position_id)"
        "  CROSS JOIN month_cut m WHERE m.month = '2026-03'"
    )
    assert Counter((row["source_id"], row["kind"]) for row in rows) == Counter(
        (UUID(one.settlement.settlement_id), "SETTLED" if one.kind == 1 else "REVERSED")
        for one in events
    )
    # After the cut everything is April's; before it each event is of its own month.
    assert all(row["block_id"] <= row["cut_block"] for row in rows if row["month"] == "2026-03")
    owed: Counter[str] = Counter()
    for one in await balances.balances(database, BalanceFilter()):
        owed["care" if one.purpose in {Purpose.CLEARING, Purpose.ADJUSTMENT} else "paid"] += (
            one.owed_fen
        )
    care = sum(
        (1 if one.kind == 1 else -1)
        * (
            sum(part.amount.fen for part in one.settlement.adjudication.fund_payments)
            + one.settlement.adjudication.account_pay.fen
        )
        for one in events
    )
    assert owed == {"care": care, "paid": -sum(range(1000, 1006))}


async def test_a_cut_waits_for_a_batch_in_hand_and_holds_off_the_next(database: Database) -> None:
    """The cursor of the cut is where the blocks before it end."""
    march, april = (settled(n, funds={"310100": n}, at=MIDNIGHT - timedelta(1)) for n in (1, 2))
    has_begun, may_end = asyncio.Event(), asyncio.Event()
    await usecases.book_batch(database, after="", batch=batch_of(march, cursor="00000001"))
    await feed_reaches(database, "2026-03")

    async def slowly(connection: Any) -> None:
        await ledger.cut(connection, "2026-03", now=MIDNIGHT)
        has_begun.set()
        await may_end.wait()

    cutting = asyncio.create_task(database.run("test.cut", slowly))
    await has_begun.wait()
    batch = batch_of(april, cursor="00000002")
    booking = asyncio.create_task(usecases.book_batch(database, after="00000001", batch=batch))
    await asyncio.sleep(0.1)
    assert not booking.done()
    may_end.set()
    await cutting
    (late,) = await booking
    assert late.pair is not None
    assert late.pair.month == "2026-04"
    row = await database.fetchrow("/* test.cut */ SELECT feed_cursor, cut_block FROM month_cut")
    assert row is not None
    assert tuple(row) == ("00000001", 1)
    found = await chain_audit.verify(database, after_block=0, after_digest=None, count_max=10)
    assert (found.problem, found.until.block_id) == (None, 2)
