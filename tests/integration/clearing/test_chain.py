"""The chain over the ledger: what is altered behind its back shows, and where.

Whoever alters it here is the owner of the tables: triggers are off, and nothing stops him.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.clearing import balances, chain_audit, coherence
from services.clearing import posting as ledger
from services.clearing.balances import BalanceFilter
from services.clearing.chain_audit import Verified
from services.clearing.config import Config
from services.clearing.domain.chain import ProblemKind
from services.clearing.domain.ledger import Kind
from services.kit.config import load
from services.kit.db import Database, open_database
from tests.integration.clearing.harness import environ
from tests.integration.clearing.ledger_world import NOW, feed, posting, within
from tests.support.settlement_feed import reversed_, settled

pytestmark = pytest.mark.postgres

BLOCKS = 5


@contextlib.asynccontextmanager
async def booked(dsn: str) -> AsyncIterator[Database]:
    """A ledger of five blocks: care, a reversal, a payment, a deduction in two steps."""
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as database:
        first = settled(1, funds={"310100": 100, "330100": 7}, account_fen=3)
        await feed(database, first, settled(2, funds={"310100": 50}, insured="140100"))
        await feed(database, reversed_(first), settled(3, care="310101", account_fen=9))
        await within(database, ledger.post, [posting(4, -20, kind=Kind.PAYMENT)], now=NOW)
        await within(database, ledger.pend, [posting(5, -30)], now=NOW)
        await within(database, ledger.resolve, UUID(int=5), Kind.DEDUCTION, posted=True, now=NOW)
        yield database


async def alter(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "clearing"})
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                changed = await connection.execute(statement)
                assert changed.endswith(" 0") is False, statement
    finally:
        await connection.close()


async def verify(database: Database, *, after: int = 0, digest: bytes | None = None) -> Verified:
    return await chain_audit.verify(
        database, after_block=after, after_digest=digest, count_max=chain_audit.BLOCKS_MAX
    )


async def test_what_nobody_altered_verifies(dsn: str) -> None:
    async with booked(dsn) as database:
        found = await verify(database)
        assert (found.until.block_id, found.last_block_id, found.problem) == (BLOCKS, BLOCKS, None)
        assert found.until == await balances.digest_at(database)
        assert await coherence.find_incoherence(database) == []


IN_BLOCK = "transfer_id IN (SELECT transfer_id FROM entry WHERE block_id = {})"
ALTERED = {
    "amount of an entry": (2, "UPDATE entry SET amount_fen = amount_fen + 1 WHERE block_id = 2"),
    "amount of a transfer": (
        1,
        f"UPDATE transfer SET amount_fen = amount_fen * 2 WHERE {IN_BLOCK.format(1)}",  # noqa: S608
    ),
    "fund of a transfer": (
        1,
        (
            f"UPDATE transfer SET fund_type_code = '610100' WHERE {IN_BLOCK.format(1)}"  # noqa: S608
            " AND fund_type_code = '330100'"
        ),
    ),
    "what is taken back": (
        2,
        (
            "UPDATE transfer SET reverses_transfer_id = (SELECT transfer_id FROM transfer"
            " WHERE kind = 'PAYMENT') WHERE kind = 'REVERSED' AND fund_type_code = '310100'"
        ),
    ),
    "what is resolved": (
        5,
        "UPDATE transfer SET resolves_transfer_id = transfer_id WHERE step = 'POSTED'",
    ),
    "region of a position": (
        1,
        "UPDATE position SET care_region_code = '320000' WHERE insured_region_code = '140000'",
    ),
    "month of a position": (
        2,
        "UPDATE position SET month = '2026-02' WHERE care_region_code = '310000'",
    ),
    "fund of an account": (
        1,
        "UPDATE account SET fund_type_code = '610100' WHERE fund_type_code = '330100'",
    ),
    "purpose of an account": (
        3,
        "UPDATE account SET purpose = 'ADJUSTMENT' WHERE purpose = 'PAYMENT'",
    ),
    "phase of an account": (
        4,
        (
            "UPDATE account SET phase = 'POSTED', purpose = 'PAYMENT', fund_type_code = '370100'"
            " WHERE phase = 'PENDING'"
        ),
    ),
    "account of an entry": (
        2,
        (
            "UPDATE entry SET account_id = (SELECT min(account_id) FROM account) WHERE block_id = 2"
            " AND side = 'PAYABLE'"
        ),
    ),
    "block of an entry": (
        1,
        "UPDATE entry SET block_id = 2 WHERE block_id = 1 AND side = 'PAYABLE'",
    ),
    "kind of a booking": (
        3,
        "UPDATE booking SET kind = 'PREPAYMENT_PAYMENT' WHERE kind = 'PAYMENT'",
    ),
    "time of a booking": (
        2,
        "UPDATE booking SET event_time = event_time + interval '1 us' WHERE block_id = 2",
    ),
    "position of a booking": (
        2,
        (
            "UPDATE booking SET position_id = (SELECT min(position_id) FROM position)"
            " WHERE source_id = '00000000-0000-0000-0000-000000000003'"
        ),
    ),
    "entries removed": (3, "DELETE FROM entry WHERE block_id = 3"),
    "a transfer removed": (
        1,
        f"DELETE FROM transfer WHERE fund_type_code = '330100' AND {IN_BLOCK.format(1)}",  # noqa: S608
    ),
    "a booking removed": (
        2,
        "DELETE FROM booking WHERE source_id = '00000000-0000-0000-0000-000000000003'",
    ),
    "an entry added": (
        2,
        (
            "INSERT INTO entry (transfer_id, phase, side, account_id, amount_fen, block_id)"
            " SELECT gen_random_uuid(), phase, side, account_id, 5, 2 FROM entry WHERE block_id = 1"
        ),
    ),
    "a phase added": (
        1,
        (
            "INSERT INTO entry (transfer_id, phase, side, account_id, amount_fen, block_id)"
            " SELECT transfer_id, 'PENDING', side, account_id, 5, 2 FROM entry WHERE block_id = 1"
        ),
    ),
    "a transfer without entries added": (
        3,
        (
            "INSERT INTO transfer SELECT gen_random_uuid(), source_id, kind, '310200', 5, NULL,"
            " step, position_id, purpose FROM transfer WHERE kind = 'PAYMENT'"
        ),
    ),
    "a booking added": (
        4,
        (
            "INSERT INTO booking (source_id, kind, step, event_time, block_id)"
            " VALUES (gen_random_uuid(), 'PAYMENT', 'DIRECT', now(), 4)"
        ),
    ),
    "the time of a block": (
        3,
        "UPDATE block SET create_time = create_time + interval '1 us' WHERE block_id = 3",
    ),
    "a block's content": (2, "UPDATE block SET content_digest = sha256('x') WHERE block_id = 2"),
    "a block's digest": (2, "UPDATE block SET digest = sha256('x') WHERE block_id = 2"),
    "a block's counts": (2, "UPDATE block SET entry_count = entry_count + 2 WHERE block_id = 2"),
    "a block removed": (2, "DELETE FROM block WHERE block_id = 2"),
    "the last block removed": (5, "DELETE FROM block WHERE block_id = 5"),
    "rows after the end": (
        6,
        (
            "INSERT INTO booking (source_id, kind, step, event_time, block_id)"
            " VALUES (gen_random_uuid(), 'PAYMENT', 'DIRECT', now(), 6)"
        ),
    ),
    "the end of the chain": (
        5,
        (
            "UPDATE chain SET (block_id, digest, create_time) ="
            " (SELECT block_id, digest, create_time FROM block WHERE block_id = 4)"
        ),
    ),
}


@pytest.mark.parametrize(("block_id", "statement"), ALTERED.values(), ids=ALTERED)
async def test_what_is_altered_is_found_in_its_block(
    dsn: str, block_id: int, statement: str
) -> None:
    async with booked(dsn) as database:
        await alter(dsn, statement)
        found = await verify(database)
        assert found.problem is not None
        assert (found.problem.block_id, found.until.block_id) == (block_id, block_id - 1)


async def test_an_end_that_was_removed_shows_by_the_digest_noted_before(dsn: str) -> None:
    async with booked(dsn) as database:
        noted = await balances.digest_at(database)
        await alter(
            dsn,
            "DELETE FROM entry WHERE block_id = 5",
            "DELETE FROM transfer WHERE step = 'POSTED'",
            "DELETE FROM booking WHERE block_id = 5",
            "DELETE FROM block WHERE block_id = 5",
            "UPDATE chain SET (block_id, digest, create_time) ="
            " (SELECT block_id, digest, create_time FROM block WHERE block_id = 4)",
        )
        # All that is left hangs together: only the note tells.
        assert (await verify(database)).problem is None
        found = await verify(database, after=noted.block_id, digest=noted.digest)
        assert found.problem is not None
        assert found.problem.kind is ProblemKind.BLOCK_MISSING
        await within(database, ledger.post, [posting(9, kind=Kind.PAYMENT)], now=NOW)
        found = await verify(database, after=noted.block_id, digest=noted.digest)
        assert found.problem is not None
        assert found.problem.kind is ProblemKind.OTHER_CHAIN


async def test_pages_are_as_large_as_a_statement_can_take(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_audit, "_ROWS_MAX", 12)
    async with booked(dsn) as database:
        reached, digest, pages = 0, None, 0
        while reached < BLOCKS:
            found = await verify(database, after=reached, digest=digest)
            assert found.problem is None
            assert found.until.block_id > reached
            reached, digest, pages = found.until.block_id, found.until.digest, pages + 1
        assert pages > 2


async def test_writers_make_one_chain_without_gaps(dsn: str) -> None:
    """A feed and officers at once: batches, postings and decisions, some of them repeats."""
    writers, rounds = 6, 8

    async def write(database: Database, writer: int) -> None:
        for number in range(rounds):
            source = 1000 * (writer // 2) + number
            one = posting(source, -number - 1, kind=Kind.PAYMENT)
            await within(database, ledger.post, [one], now=NOW)
            waiting = posting(50_000 + 1000 * writer + number)
            await within(database, ledger.pend, [waiting], now=NOW)
            await within(
                database,
                ledger.resolve,
                waiting.source_id,
                Kind.DEDUCTION,
                posted=bool(number % 2),
                now=NOW,
            )

    async def follow(database: Database) -> None:
        for number in range(rounds):
            await feed(database, settled(100 + number, funds={"310100": 5}))

    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as database:
        await asyncio.gather(
            follow(database), *(write(database, writer) for writer in range(writers))
        )
        found = await verify(database)
        # Pairs of writers post the same: each is booked once.
        assert found.last_block_id == rounds * (1 + writers // 2 + 2 * writers)
        assert (found.until.block_id, found.problem) == (found.last_block_id, None)
        assert await coherence.find_incoherence(database) == []


async def test_an_instant_is_the_same_for_ever(database: Database) -> None:
    """With a clock that stands still or runs backwards, too."""
    start = datetime(2026, 4, 1, tzinfo=UTC)
    seen: list[tuple[Any, list[Any]]] = []
    for number, minutes in enumerate((0, 5, 5, 3, 9), start=1):
        now = start + timedelta(minutes=minutes)
        await feed(database, settled(number, funds={"310100": 10**number}), now=now)
        head = await balances.digest_at(database)
        seen.append((head, await balances.balances(database, BalanceFilter())))
    for head, kept in seen:
        assert await balances.balances(database, BalanceFilter(), as_of=head.create_time) == kept
        assert await balances.digest_at(database, head.create_time) == head
    before = start - timedelta(microseconds=1)
    assert await balances.balances(database, BalanceFilter(), as_of=before) == []
    assert (await balances.digest_at(database, before)).block_id == 0


async def test_asking_for_an_instant_waits_for_who_is_writing(database: Database) -> None:
    """What is being booked may be of an instant that is over when it commits."""
    may_end, has_begun = asyncio.Event(), asyncio.Event()

    async def slowly(connection: Any) -> None:
        await ledger.post(connection, [posting(1, kind=Kind.PAYMENT)], now=NOW)
        has_begun.set()
        await may_end.wait()

    writing = asyncio.create_task(database.run("test.slow", slowly))
    await has_begun.wait()
    asking = asyncio.create_task(balances.balances(database, BalanceFilter(), as_of=NOW))
    await asyncio.sleep(0.1)
    assert not asking.done()
    may_end.set()
    await writing
    assert [one.owed_fen for one in await asking] == [-700]
