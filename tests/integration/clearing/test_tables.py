"""The ledger's own defences: what the database refuses, whoever writes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.clearing import store, usecases
from services.clearing.config import Config
from services.kit.config import load
from services.kit.db import Database, open_database
from tests.integration.clearing.harness import batch_of, environ
from tests.support.settlement_feed import settled

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("table", "column"), [("booking", "kind"), ("transfer", "amount_fen"), ("entry", "amount_fen")]
)
async def test_the_ledger_cannot_be_changed(database: Database, table: str, column: str) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    for change in ("UPDATE {0} SET {1} = NULL", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"):
        statement = f"/* test.change */ {change.format(table, column)}"
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(statement)


ENTRIES = (
    "INSERT INTO entry (transfer_id, side, account_id, amount_fen)"
    " SELECT t.transfer_id, a.side, a.account_id,"
    " CASE a.side WHEN 'PAYABLE' THEN {} ELSE {} END FROM t, account a"
)
UNBALANCED = {
    "no entries": "",
    "one side": ENTRIES.format(-7, 7) + " WHERE a.side = 'PAYABLE'",
    "sum": ENTRIES.format(-7, 8),
    "amount": ENTRIES.format(-8, 8),
    "sides swapped": ENTRIES.format(7, -7),
}


@pytest.mark.parametrize("entries_sql", UNBALANCED.values(), ids=UNBALANCED)
async def test_a_transfer_that_does_not_balance_is_refused_at_commit(
    database: Database, entries_sql: str
) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )

    async def work(connection: Any) -> None:
        await connection.execute(
            "/* test.transfer */ INSERT INTO transfer (transfer_id, settlement_id, kind,"
            " fund_type_code, amount_fen) VALUES ($1, $2, 'SETTLED', '330100', 7)",
            UUID(int=77),
            UUID(int=1),
        )
        if entries_sql:
            await connection.execute(
                f"/* test.entries */ WITH t AS (SELECT '{UUID(int=77)}'::uuid AS transfer_id)"
                f" {entries_sql}"
            )

    with pytest.raises(asyncpg.CheckViolationError):
        await database.run("test.unbalanced", work)


async def test_a_transfer_takes_no_third_entry(database: Database) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.execute(
            "/* test.third */ INSERT INTO entry (transfer_id, side, account_id, amount_fen)"
            " SELECT transfer_id, side, account_id, amount_fen FROM entry LIMIT 1"
        )


async def test_kept_sums_are_checked_against_the_entries(dsn: str) -> None:
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as database:
        await usecases.book_batch(
            database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
        )
        await database.execute("/* test.tamper */ UPDATE account SET balance_fen = balance_fen + 1")
        await database.execute("/* test.tamper */ UPDATE position SET reversal_count = 1")
        found = await store.find_incoherence(database)
        assert len(found) == 3
