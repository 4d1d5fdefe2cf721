"""A ledger of the released version becomes one with purposes, phases and a chain: nothing is lost.

Method: rows as the released version wrote them, in three transactions, then the migration.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.clearing import balances, chain_audit, coherence, store
from services.clearing.balances import BalanceFilter
from services.clearing.config import Config
from services.clearing.domain.ledger import Booking, Kind, Purpose, book
from services.kit.config import load
from services.kit.db import Database, open_database
from services.kit.migrations import migrate, migrations_of
from tests.integration.clearing.harness import batch_of, environ
from tests.integration.clearing.ledger_world import feed, owed
from tests.support.settlement_feed import reversed_, settled

SCHEMAS = ()
pytestmark = pytest.mark.postgres

START = datetime(2026, 3, 31, 12, tzinfo=UTC)
FIRST = settled(1, funds={"310100": 100, "330100": 7}, account_fen=3)
SECOND = settled(2, funds={}, insured="140100")
THIRD = settled(3, funds={"390100": 40}, scheme="390")
BACK = reversed_(FIRST, at=START + timedelta(hours=5))
LATER_BACK = reversed_(THIRD, at=START + timedelta(days=2))
RELEASED = ((FIRST, SECOND), (THIRD, BACK), (LATER_BACK,))

INSERT = {
    "position": """INSERT INTO position (insured_region_code, care_region_code, month, scheme_code,
           settlement_count, reversal_count) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (insured_region_code, care_region_code, month, scheme_code) DO UPDATE
           SET settlement_count = position.settlement_count + excluded.settlement_count,
               reversal_count = position.reversal_count + excluded.reversal_count
        RETURNING position_id""",
    "account": """INSERT INTO account (position_id, fund_type_code, side, balance_fen)
        VALUES ($1, $2, $3, $4) ON CONFLICT (position_id, fund_type_code, side) DO UPDATE
           SET balance_fen = account.balance_fen + excluded.balance_fen RETURNING account_id""",
    "booking": """INSERT INTO booking (settlement_id, kind, position_id, event_time, create_time)
        VALUES ($1, $2, $3, $4, $5)""",
    "transfer": """INSERT INTO transfer (transfer_id, settlement_id, kind, fund_type_code,
           amount_fen, reverses_transfer_id) VALUES ($1, $2, $3, $4, $5, $6)""",
    "entry": """INSERT INTO entry (transfer_id, side, account_id, amount_fen, create_time)
        VALUES ($1, $2, $3, $4, $5)""",
}


@pytest.fixture
async def released(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with what the released version knows, and its rows."""
    with monkeypatch.context() as patch:
        first = migrations_of("clearing")[:2]
        patch.setattr("services.kit.migrations.migrations_of", lambda _service: first)
        await migrate(dsn, "clearing")
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "clearing"})
    known: dict[tuple[UUID, Kind], Booking] = {}
    try:
        for number, events in enumerate(RELEASED):
            async with connection.transaction():
                await write(connection, events, START + timedelta(minutes=number), known)
        await connection.execute("UPDATE feed_cursor SET cursor = '5' WHERE feed = 'settlement'")
    finally:
        await connection.close()
    return dsn


async def write(
    connection: asyncpg.Connection,
    events: tuple[Any, ...],
    create_time: datetime,
    known: dict[tuple[UUID, Kind], Booking],
) -> None:
    """As the released version did, row by row."""
    for booking in book(batch_of(*events, cursor="x").events, known):
        known[booking.key] = booking
        assert booking.pair is not None
        position_id = await connection.fetchval(
            INSERT["position"],
            booking.pair.insured_region_code,
            booking.pair.care_region_code,
            booking.pair.month,
            booking.pair.scheme_code,
            int(booking.kind is Kind.SETTLED),
            int(booking.kind is Kind.REVERSED),
        )
        source, kind = booking.source_id, booking.kind.value
        await connection.execute(
            INSERT["booking"], source, kind, position_id, booking.event_time, create_time
        )
        for one in booking.transfers:
            await connection.execute(
                INSERT["transfer"],
                one.transfer_id,
                source,
                kind,
                one.fund_type_code,
                one.amount_fen,
                one.reverses_transfer_id,
            )
            for side, fen in (("PAYABLE", -one.amount_fen), ("RECEIVABLE", one.amount_fen)):
                account_id = await connection.fetchval(
                    INSERT["account"], position_id, one.fund_type_code, side, fen
                )
                await connection.execute(
                    INSERT["entry"], one.transfer_id, side, account_id, fen, create_time
                )


@pytest.fixture
async def database(released: str) -> AsyncIterator[Database]:
    await migrate(released, "clearing")
    async with open_database(load(Config, environ(released, 1)).database, "clearing") as opened:
        yield opened
        assert await coherence.find_incoherence(opened) == []


async def verified(database: Database) -> int:
    found = await chain_audit.verify(
        database, after_block=0, after_digest=None, count_max=chain_audit.BLOCKS_MAX
    )
    assert found.problem is None
    assert found.until.block_id == found.last_block_id
    return found.last_block_id


async def test_every_row_is_of_clearing_and_posted(database: Database) -> None:
    assert await verified(database) == len(RELEASED)
    found = await store.list_entries(database, store.EntryFilter(), limit=100)
    assert len(found) == 16
    assert {one.purpose for one in found} == {Purpose.CLEARING}
    assert {one.block_id for one in found} == {1, 2, 3}
    assert await owed(database, month="2026-03") == {"CLEARING": 150}
    assert await owed(database, month="2026-04") == {"CLEARING": -150}


async def test_the_past_is_what_it_was(database: Database) -> None:
    sums = []
    for number in range(-1, len(RELEASED)):
        instant = START + timedelta(minutes=number)
        found = await balances.balances(database, BalanceFilter(), as_of=instant)
        sums.append(sum(one.owed_fen for one in found))
    assert sums == [0, 110, 40, 0]


async def test_the_feed_goes_on_and_repeats(database: Database) -> None:
    """A reversal that was booked as clearing in a later month stays so when it is repeated."""
    late = settled(9, funds={"310100": 5})
    await feed(database, BACK, LATER_BACK, FIRST, late, reversed_(late, at=START))
    assert await verified(database) == len(RELEASED) + 1
    assert await owed(database, month="2026-04") == {"CLEARING": -150}


async def test_an_empty_ledger_begins_an_empty_chain(dsn: str) -> None:
    await migrate(dsn, "clearing")
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as database:
        assert await verified(database) == 0
        await feed(database, FIRST)
        assert await verified(database) == 1
