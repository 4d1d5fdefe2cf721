"""Goal: a database that is emptied between tests is as good as one that was cloned, or given up."""

from __future__ import annotations

import asyncpg
import pytest

from tests.support.rinse import look, rinse

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)


async def execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_rows_and_sequences_are_as_they_were(dsn: str) -> None:
    clean = await look(dsn)
    # What migrations put there: heads of chains and the like.
    assert clean.rows
    await execute(
        dsn,
        "SET search_path TO clearing",
        "INSERT INTO exhausted_policy (insured_region_code, care_region_code, action,"
        " without_holding, begin_date, note, maker_id, checker_id, create_time)"
        " VALUES ('130000', '110000', 'WARN', false, '2026-01-01', 'x', 'a', 'b', now())",
        "UPDATE prepayment_watch SET block_id = 7",
    )
    with pytest.raises(asyncpg.RestrictViolationError):
        await execute(dsn, "DELETE FROM clearing.exhausted_policy")
    with pytest.raises(AssertionError, match="sequence"):
        await look(dsn)
    assert await rinse(dsn, clean)
    # Sequences begin anew, too: `look` refuses used ones.
    assert await look(dsn) == clean


@pytest.mark.parametrize(
    "stain",
    [
        "ALTER TABLE clearing.entry DISABLE TRIGGER ALL",
        "DROP TRIGGER entry_is_append_only ON clearing.entry",
        "ALTER TABLE clearing.booking DROP CONSTRAINT booking_kind_check",
        "CREATE TABLE clearing.left_behind (n integer)",
        "DROP INDEX clearing.booking_by_block",
        (
            "CREATE OR REPLACE FUNCTION clearing.refuse_change() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NULL; END $$"
        ),
    ],
)
async def test_a_changed_schema_is_given_up(dsn: str, stain: str) -> None:
    clean = await look(dsn)
    assert await rinse(dsn, clean)
    await execute(dsn, stain)
    assert not await rinse(dsn, clean)


async def test_who_is_still_connected_holds_nothing_up(dsn: str) -> None:
    clean = await look(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute("BEGIN")
    await connection.execute("UPDATE clearing.prepayment_watch SET block_id = 9")
    assert await rinse(dsn, clean)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.execute("COMMIT")
    connection.terminate()
    assert await look(dsn) == clean
