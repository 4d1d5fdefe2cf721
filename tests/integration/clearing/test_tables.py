"""The ledger's own defences: what the database refuses, whoever writes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.clearing import chain, coherence, usecases
from services.clearing import posting as ledger
from services.clearing.config import Config
from services.clearing.domain.ledger import Booking, Kind, Step, Transfer
from services.kit.clock import SystemClock
from services.kit.config import load
from services.kit.db import Connection, Database, open_database
from tests.integration.clearing.harness import batch_of, environ
from tests.integration.clearing.ledger_world import (
    NOW,
    SHANXI_BEIJING,
    feed_reaches,
    posting,
    within,
)
from tests.support.settlement_feed import settled

pytestmark = pytest.mark.postgres

OTHER = UUID(int=77)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("booking", "kind"),
        ("transfer", "amount_fen"),
        ("entry", "amount_fen"),
        ("block", "digest"),
    ],
)
async def test_the_ledger_cannot_be_changed(database: Database, table: str, column: str) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    for change in ("UPDATE {0} SET {1} = NULL", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"):
        statement = f"/* test.change */ {change.format(table, column)}"
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(statement)


async def test_only_sums_of_positions_and_accounts_move(database: Database) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    for change in (
        "UPDATE position SET month = '2026-02'",
        "UPDATE position SET care_region_code = '320000', settlement_count = 1",
        "UPDATE account SET fund_type_code = '610100'",
        "UPDATE account SET phase = 'PENDING'",
        "UPDATE account SET position_id = position_id",
        "DELETE FROM position",
        "TRUNCATE account CASCADE",
        "DELETE FROM chain",
        "TRUNCATE chain",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(f"/* test.change */ {change}")


async def begin(connection: Connection, kind: str = "DEDUCTION", step: str = "DIRECT") -> int:
    """Makes a block for one transfer and a booking of it, as somebody with SQL could."""
    head = await chain.lock(connection)
    booking = Booking(
        kind=Kind(kind),
        source_id=OTHER,
        pair=None,
        event_time=NOW,
        transfers=(
            Transfer(
                transfer_id=OTHER,
                source_id=OTHER,
                pair=SHANXI_BEIJING,
                fund_type_code="310100",
                amount_fen=-7,
                reverses_transfer_id=None,
                step=Step(step),
            ),
        ),
        step=Step(step),
    )
    block = await chain.append(connection, head, [booking], now=SystemClock().now())
    await connection.execute(
        "/* test.booking */ INSERT INTO booking (source_id, kind, step, event_time, block_id)"
        " VALUES ($1, $2, $3, $4, $5)",
        OTHER,
        kind,
        step,
        NOW,
        block.block_id,
    )
    return block.block_id


async def transfer(
    connection: Connection, *, kind: str = "DEDUCTION", step: str = "DIRECT", amount: int = -7
) -> None:
    await connection.execute(
        "/* test.transfer */ INSERT INTO transfer (transfer_id, source_id, kind, step, position_id,"
        " fund_type_code, purpose, amount_fen)"
        " SELECT $1, $1, $2, $3, position_id, '310100', $2, $4 FROM position LIMIT 1",
        OTHER,
        kind,
        step,
        amount,
    )


ACCOUNTS = """/* test.accounts */
INSERT INTO account (position_id, fund_type_code, purpose, phase, side)
SELECT p.position_id, f.fund, u.purpose, h.phase, s.side
  FROM (SELECT position_id FROM position LIMIT 1) p, (VALUES ('310100'), ('330100')) f (fund),
       (VALUES ('DEDUCTION'), ('PAYMENT')) u (purpose),
       (VALUES ('POSTED'), ('PENDING')) h (phase), (VALUES ('PAYABLE'), ('RECEIVABLE')) s (side)"""


def entries(
    payable: int,
    receivable: int,
    *,
    phase: str = "POSTED",
    account: str = "a.fund_type_code = '310100' AND a.purpose = 'DEDUCTION'",
    sides: str = "true",
) -> str:
    return (
        "INSERT INTO entry (transfer_id, phase, side, account_id, amount_fen, block_id)"  # noqa: S608 - our own text
        f" SELECT '{OTHER}', a.phase, a.side, a.account_id,"
        f" CASE a.side WHEN 'PAYABLE' THEN {payable} ELSE {receivable} END, $1"
        f" FROM account a WHERE a.phase = '{phase}' AND {account} AND {sides}"
    )


OTHER_FUND = "a.purpose = 'DEDUCTION' AND (a.side = 'PAYABLE') = (a.fund_type_code = '310100')"
UNBALANCED = {
    "no entries": ("DIRECT", ()),
    "one side": ("DIRECT", (entries(7, -7, sides="a.side = 'PAYABLE'"),)),
    "sum": ("DIRECT", (entries(7, -8),)),
    "amount": ("DIRECT", (entries(8, -8),)),
    "sides swapped": ("DIRECT", (entries(-7, 7),)),
    "between two funds": ("DIRECT", (entries(7, -7, account=OTHER_FUND),)),
    "of another purpose": (
        "DIRECT",
        (entries(7, -7, account="a.fund_type_code = '310100' AND a.purpose = 'PAYMENT'"),),
    ),
    "pending that is posted": ("PENDING", (entries(7, -7),)),
    "posted that is pending": ("DIRECT", (entries(7, -7, phase="PENDING"),)),
    "pending does not balance": ("PENDING", (entries(7, -6, phase="PENDING"),)),
    "balanced over both phases only": (
        "PENDING",
        (
            entries(7, -7, phase="PENDING", sides="a.side = 'PAYABLE'"),
            entries(7, -7, sides="a.side = 'RECEIVABLE'"),
        ),
    ),
    "both phases": ("DIRECT", (entries(7, -7), entries(7, -7, phase="PENDING"))),
}


@pytest.mark.parametrize(("step", "added"), UNBALANCED.values(), ids=UNBALANCED)
async def test_a_transfer_that_does_not_balance_is_refused_at_commit(
    database: Database, step: str, added: tuple[str, ...]
) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )

    async def work(connection: Connection) -> None:
        block_id = await begin(connection, step=step)
        await transfer(connection, step=step)
        await connection.execute(ACCOUNTS)
        for one in added:
            await connection.execute(f"/* test.entries */ {one}", block_id)

    with pytest.raises(asyncpg.CheckViolationError, match="not balanced"):
        await database.run("test.unbalanced", work)


async def test_the_same_with_both_sides_is_taken(dsn: str) -> None:
    """So that the refusals above are for what they say."""
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as database:
        await usecases.book_batch(
            database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
        )

        async def work(connection: Connection) -> None:
            block_id = await begin(connection)
            await transfer(connection)
            await connection.execute(ACCOUNTS)
            await connection.execute(f"/* test.entries */ {entries(7, -7)}", block_id)

        await database.run("test.balanced", work)


async def test_a_transfer_takes_no_third_entry(database: Database) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.execute(
            "/* test.third */ INSERT INTO entry"
            " (transfer_id, phase, side, account_id, amount_fen, block_id)"
            " SELECT transfer_id, phase, side, account_id, amount_fen, block_id FROM entry LIMIT 1"
        )


async def test_rows_join_no_block_of_the_past(database: Database) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    with pytest.raises(asyncpg.RestrictViolationError, match="block of their own"):
        await database.execute(
            "/* test.late */ INSERT INTO booking (source_id, kind, step, event_time, block_id)"
            " VALUES ($1, 'DEDUCTION', 'DIRECT', now(), 1)",
            OTHER,
        )


@pytest.mark.parametrize(
    "change",
    [
        "block_id + 2, create_time + interval '1 s', digest",
        "block_id + 1, create_time, digest",
        "block_id + 1, create_time + interval '1 s', sha256(digest)",
        "block_id + 1, create_time + interval '1 s', digest",
    ],
    ids=["gap", "same instant", "another block before", "another digest"],
)
async def test_a_block_follows_the_chain(database: Database, change: str) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    with pytest.raises(asyncpg.RestrictViolationError, match="does not follow"):
        await database.execute(
            "/* test.block */ INSERT INTO block (block_id, create_time, previous_digest,"  # noqa: S608 - our own text
            " booking_count, transfer_count, entry_count, content_digest, digest)"
            f" SELECT {change}, 1, 0, 0, content_digest, sha256('other') FROM block"
        )


async def test_what_is_resolved_is_what_was_pending(database: Database) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    await within(database, ledger.pend, [posting(77, -9)], now=NOW)

    async def work(connection: Connection) -> None:
        block_id = await begin(connection, step="VOIDED")
        await connection.execute(
            "/* test.transfer */ INSERT INTO transfer (transfer_id, source_id, kind, step,"
            " position_id, fund_type_code, purpose, amount_fen, resolves_transfer_id)"
            " SELECT $1, source_id, kind, 'VOIDED', position_id, fund_type_code, purpose, -7,"
            " transfer_id FROM transfer WHERE step = 'PENDING'",
            OTHER,
        )
        await connection.execute(
            "/* test.entries */ INSERT INTO entry"  # noqa: S608 - our own text
            " (transfer_id, phase, side, account_id, amount_fen, block_id)"
            f" SELECT '{OTHER}', phase, side, account_id,"
            " CASE side WHEN 'PAYABLE' THEN -7 ELSE 7 END, $1 FROM entry WHERE phase = 'PENDING'",
            block_id,
        )

    with pytest.raises(asyncpg.CheckViolationError, match="than was pending"):
        await database.run("test.resolve", work)


@pytest.mark.parametrize(
    ("kind", "step"),
    [("SETTLED", "DIRECT"), ("REVERSED", "DIRECT"), ("SETTLED", "PENDING"), ("GIFT", "DIRECT")],
)
async def test_bookings_that_none_should_make(database: Database, kind: str, step: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute(
            "/* test.booking */ INSERT INTO booking (source_id, kind, step, event_time, block_id)"
            " VALUES ($1, $2, $3, now(), 1)",
            OTHER,
            kind,
            step,
        )

    with pytest.raises(asyncpg.CheckViolationError):
        await database.run("test.booking", work)


@pytest.mark.parametrize(("purpose", "refused"), [("ADJUSTMENT", True), ("DEDUCTION", False)])
async def test_a_cut_month_takes_nothing_whoever_writes(
    database: Database, purpose: str, *, refused: bool
) -> None:
    await usecases.book_batch(
        database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
    )
    await feed_reaches(database, "2026-03")
    await within(database, ledger.cut, "2026-03", now=NOW)

    async def work(connection: Connection) -> Any:
        await begin(connection)
        await connection.execute(
            "/* test.transfer */ INSERT INTO transfer (transfer_id, source_id, kind, step,"
            " position_id, fund_type_code, purpose, amount_fen)"
            " SELECT $1, $1, 'DEDUCTION', 'DIRECT', position_id, '310100', $2, -7 FROM position",
            OTHER,
            purpose,
        )

    # Not refused for its month, it is refused at the commit for having no entries.
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await database.run("test.cut", work)
    assert ("is cut" in str(error.value)) == refused


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM month_cut",
        "TRUNCATE month_cut",
        "UPDATE month_cut SET feed_cursor = 'x'",
        "UPDATE month_cut SET month = '2026-04'",
        "INSERT INTO month_cut VALUES ('2026-02', now(), '', 0)",
    ],
)
async def test_a_cut_month_stays_cut(database: Database, change: str) -> None:
    await feed_reaches(database, "2026-03")
    await within(database, ledger.cut, "2026-03", now=NOW)
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.execute(f"/* test.cut */ {change}")


async def test_kept_sums_are_checked_against_the_entries(dsn: str) -> None:
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as database:
        await usecases.book_batch(
            database, after="", batch=batch_of(settled(1, funds={"310100": 5}), cursor="1")
        )
        await database.execute("/* test.tamper */ UPDATE account SET balance_fen = balance_fen + 1")
        await database.execute("/* test.tamper */ UPDATE position SET reversal_count = 1")
        await database.execute("/* test.tamper */ UPDATE chain SET block_id = 7")
        found = await coherence.find_incoherence(database)
        assert len(found) == 5
