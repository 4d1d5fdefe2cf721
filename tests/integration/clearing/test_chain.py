"""The chain over the ledger: what is altered behind its back shows, and where.

Whoever alters it here is the owner of the tables: triggers are off, and nothing stops him.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID

import asyncpg
import pytest

from services.clearing import balances, chain_audit, coherence
from services.clearing import posting as ledger
from services.clearing.chain_audit import Verified
from services.clearing.config import Config
from services.clearing.domain.chain import ProblemKind
from services.clearing.domain.ledger import Kind
from services.kit.config import load
from services.kit.db import Connection, Database, open_database
from tests.integration.clearing.harness import environ
from tests.integration.clearing.ledger_world import (
    NOW,
    SHANXI_BEIJING,
    feed,
    feed_reaches,
    posting,
    within,
)
from tests.support.settlement_feed import reversed_, settled

pytestmark = pytest.mark.postgres

BLOCKS = 5


@contextlib.asynccontextmanager
async def booked(dsn: str) -> AsyncIterator[Database]:
    """A ledger of five blocks: care, a reversal, a payment, a deduction in two steps.

    Between the two the month before is cut and its tables are made.
    """
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as database:
        first = settled(1, funds={"310100": 100, "330100": 7}, account_fen=3)
        await feed(database, first, settled(2, funds={"310100": 50}, insured="140100"))
        await feed(database, reversed_(first), settled(3, care="310101", account_fen=9))
        await within(database, ledger.post, [posting(4, -20, kind=Kind.PAYMENT)], now=NOW)
        april = replace(SHANXI_BEIJING, month="2026-04")
        await within(database, ledger.pend, [posting(5, -30, pair=april)], now=NOW)
        await feed_reaches(database, "2026-03")
        await within(database, ledger.cut, "2026-03", now=NOW)
        await within(database, ledger.close_tables, "2026-03", now=NOW + timedelta(hours=1))
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


class OneConnection:
    """A database that is one connection, in whatever transaction that is."""

    def __init__(self, raw: asyncpg.Connection) -> None:
        self._connection = Connection(raw)

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._connection


def of_connection(raw: asyncpg.Connection) -> Database:
    return cast("Database", OneConnection(raw))


@contextlib.asynccontextmanager
async def altering(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in a transaction without triggers, which is rolled back at the end."""
    raw = await asyncpg.connect(dsn, server_settings={"search_path": "clearing"})
    try:
        await raw.execute("BEGIN; SET LOCAL session_replication_role = replica")
        yield raw
    finally:
        await raw.close()


@contextlib.asynccontextmanager
async def taken_back(raw: asyncpg.Connection) -> AsyncIterator[None]:
    """What is altered in the block is as it was after it."""
    await raw.execute("SAVEPOINT before")
    yield
    await raw.execute("ROLLBACK TO SAVEPOINT before")


async def verify(database: Database, *, after: int = 0, digest: bytes | None = None) -> Verified:
    return await chain_audit.verify(
        database, after_block=after, after_digest=digest, count_max=chain_audit.BLOCKS_MAX
    )


async def verify_all(database: Database) -> Verified:
    """Page by page, as the command does."""
    found = await verify(database)
    while found.problem is None and found.until.block_id < found.last_block_id:
        found = await verify(database, after=found.until.block_id, digest=found.until.digest)
    return found


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
        "UPDATE block SET create_time = create_time + interval '1 hour' WHERE block_id = 3",
    ),
    "a block's content": (2, "UPDATE block SET content_digest = sha256('x') WHERE block_id = 2"),
    "a block's digest": (2, "UPDATE block SET digest = sha256('x') WHERE block_id = 2"),
    "a block's counts": (2, "UPDATE block SET entry_count = entry_count + 2 WHERE block_id = 2"),
    "a block's transfers": (2, "UPDATE block SET transfer_count = 1 WHERE block_id = 2"),
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
    "the time of the end": (6, "UPDATE chain SET create_time = 'epoch'"),
    "a month cut early": (
        4,
        "UPDATE month_cut SET (cut_block, table_block) = (3, 3) WHERE month = '2026-03'",
    ),
    "when a month was cut": (
        5,
        "UPDATE month_cut SET cut_time = cut_time + interval '1 us' WHERE month = '2026-03'",
    ),
    "how far a month reads": (5, "UPDATE month_cut SET feed_cursor = '9'"),
    "when tables were made": (
        5,
        "UPDATE month_cut SET table_time = table_time + interval '1 us' WHERE month = '2026-03'",
    ),
    "tables unmade": (5, "UPDATE month_cut SET (table_time, table_block) = (NULL, NULL)"),
    "a cut undone": (5, "DELETE FROM month_cut WHERE month = '2026-03'"),
    "a month cut behind the end": (5, "UPDATE month_cut SET cut_block = 6"),
}


async def test_what_is_altered_is_found_in_its_block(dsn: str) -> None:
    found = {}
    async with booked(dsn), altering(dsn) as raw:
        for name, (_, statement) in ALTERED.items():
            async with taken_back(raw):
                assert not (await raw.execute(statement)).endswith(" 0"), name
                problem = (await verify(of_connection(raw))).problem
                found[name] = problem and problem.block_id
    assert found == {name: block_id for name, (block_id, _) in ALTERED.items()}


UNSEEN = {
    ("entry", "entry_id"): "in which order entries are listed",
    ("position", "settlement_count"): "counted anew by coherence",
    ("position", "reversal_count"): "counted anew by coherence",
    ("chain", "only_row"): "says nothing",
    ("chain", "transaction_id"): "whose turn it was",
    ("chain", "asked_time"): "when somebody asked",
}
"""What is no part of what was booked, and why."""
OTHER_VALUE = {
    "text": "{0} || 'x'",
    "bigint": "{0} + 1000003",
    "uuid": "md5({0}::text)::uuid",
    "bytea": "sha256({0})",
    "timestamp with time zone": "{0} + interval '1 hour'",
    "boolean": "NOT {0}",
    "xid8": "'1'::xid8",
}
NO_VALUE = {"uuid": "gen_random_uuid()", "bigint": "1", "timestamp with time zone": "now()"}
TABLES = ("booking", "transfer", "entry", "account", "position", "block", "chain", "month_cut")


async def test_every_column_of_every_row_is_watched(dsn: str) -> None:
    """One column of one row at a time, with neither triggers nor constraints in the way."""
    unseen: dict[tuple[str, str], str] = {}
    async with booked(dsn), altering(dsn) as raw:
        columns = await raw.fetch(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'clearing' AND table_name = ANY($1)",
            TABLES,
        )
        assert len(columns) > 45
        for table, column, _ in columns:
            await _loosen(raw, table, column)
        for table, column, data_type in columns:
            for row in range(await raw.fetchval(f"SELECT count(*) FROM {table}")):  # noqa: S608
                name = f'"{column}"'
                other = OTHER_VALUE[data_type].format(name)
                async with taken_back(raw):
                    await raw.execute(
                        f"UPDATE {table} SET {name} = coalesce({other},"  # noqa: S608
                        f" {NO_VALUE.get(data_type, 'NULL')}) WHERE ctid ="
                        f" (SELECT ctid FROM {table} ORDER BY ctid LIMIT 1 OFFSET {row})"
                    )
                    if (await verify_all(of_connection(raw))).problem is None:
                        unseen[table, column] = str(row)
    assert unseen.keys() == UNSEEN.keys()


async def _loosen(raw: asyncpg.Connection, table: str, column: str) -> None:
    await raw.execute(f'ALTER TABLE {table} ALTER "{column}" DROP IDENTITY IF EXISTS')
    # All but NOT NULL and what triggers need.
    names = await raw.fetch(
        "SELECT conname FROM pg_constraint"
        " WHERE conrelid = $1::regclass AND contype NOT IN ('n', 't')",
        table,
    )
    for (name,) in names:
        await raw.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}" CASCADE')


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
            "UPDATE account a SET balance_fen = (SELECT coalesce(sum(e.amount_fen), 0)"
            " FROM entry e WHERE e.account_id = a.account_id)",
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


async def test_an_end_that_was_removed_shows_by_a_month_that_was_cut_after_it(dsn: str) -> None:
    async with booked(dsn) as database:
        await feed_reaches(database, "2026-04")
        await within(database, ledger.cut, "2026-04", now=NOW)
        await alter(
            dsn,
            "DELETE FROM entry WHERE block_id = 5",
            "DELETE FROM transfer WHERE step = 'POSTED'",
            "DELETE FROM booking WHERE block_id = 5",
            "DELETE FROM block WHERE block_id = 5",
            "UPDATE chain SET (block_id, digest, create_time) ="
            " (SELECT block_id, digest, create_time FROM block WHERE block_id = 4)",
        )
        found = await verify(database)
        assert found.problem is not None
        assert (found.problem.kind, found.problem.block_id) == (ProblemKind.BLOCK_MISSING, 5)


@pytest.mark.parametrize("rows_max", [50_000, 1])
@pytest.mark.parametrize("which", ["min", "max"])
async def test_a_kept_balance_that_was_altered_is_found(
    dsn: str, monkeypatch: pytest.MonkeyPatch, which: str, rows_max: int
) -> None:
    """Also page by page: each looks at its share of the accounts, and together at all."""
    monkeypatch.setattr(chain_audit, "_ROWS_MAX", rows_max)
    async with booked(dsn) as database:
        await alter(
            dsn,
            "UPDATE account SET balance_fen = balance_fen + 1"  # noqa: S608
            f" WHERE account_id = (SELECT {which}(account_id) FROM account)",
        )
        found = await verify_all(database)
        assert found.problem is not None
        assert found.problem.kind is ProblemKind.BALANCE_CHANGED


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
