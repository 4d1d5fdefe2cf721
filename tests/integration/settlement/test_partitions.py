"""Goal: months of the journal come and go beside a running hub, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from services.cli.commands import app
from services.cli.mesh import MeshError
from services.cli.migrate import DatabaseError
from services.cli.partitions import months as journal
from services.cli.partitions.months import PartitionError
from services.cli.partitions.showing import (
    show_attached,
    show_detached,
    show_ensured,
    show_partitions,
)
from services.kit.clock import civil_date

TODAY = civil_date(datetime.now(UTC))
OLD = date(TODAY.year - 2, 3, 1)
NOWHERE = Path("/nowhere")
TABLES = {"settlement", "settlement_state_change", "message_signature"}
_INSERT = """INSERT INTO settlement (settlement_id, request_id, care_region_code,
    insured_region_code, institution_code, person_id, scheme_code, total_fen, trace_id,
    create_time, commit_request, detail)
VALUES ($1, gen_random_uuid(), '110105', '131100', 'H11010500001', gen_random_uuid(), '310', 1000,
    '', $2, '', '')"""


@contextlib.asynccontextmanager
async def opened(dsn):
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "settlement"})
    try:
        yield connection
    finally:
        await connection.close()


async def settle(connection, moment: datetime) -> UUID:
    number = int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | id(object()) % 10**9
    settlement_id = UUID(int=number)
    await connection.execute(_INSERT, settlement_id, moment)
    return settlement_id


async def count(connection, table: str) -> int:
    return await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours


async def journal_count(connection) -> int:
    return await count(connection, "settlement")


async def test_months_are_made_ahead_once(dsn, capsys):
    first = TODAY.replace(day=1)
    async with opened(dsn) as connection:
        made = await journal.ensure(connection, first, 6)
        assert await journal.ensure(connection, first, 6) == []
        found = await journal.partitions(connection)
    # Three of them came with the migrations.
    assert len(made) == 3 * len(TABLES)
    for parent in TABLES:
        months = {one.month for one in found if one.parent == parent}
        assert months == {None, *(journal.later(first, n) for n in range(6))}
    assert await show_partitions(dsn, NOWHERE, as_json=True) == 0
    assert orjson.loads(capsys.readouterr().out)["is_good"] is True


async def test_a_month_without_its_partition_is_told(dsn, capsys):
    far = journal.later(TODAY.replace(day=1), 9)
    async with opened(dsn) as connection:
        await settle(connection, datetime(far.year, far.month, 2, tzinfo=UTC))
        with pytest.raises(PartitionError, match=rf"{far:%Y-%m}.*default partition"):
            await journal.ensure(connection, far, 1)
        following = journal.later(TODAY.replace(day=1), 1)
        await connection.execute(f"DROP TABLE settlement_state_change_{following:%Y%m}")
    assert await show_partitions(dsn, NOWHERE, as_json=False) == 1
    output = capsys.readouterr().out
    assert "rows lie in a default partition" in output
    assert f"{following:%Y-%m}" in output


async def test_a_month_is_taken_out_and_brought_back_with_every_row(dsn):
    async with opened(dsn) as connection:
        await journal.ensure(connection, OLD, 2)
        old = [await settle(connection, datetime(OLD.year, 3, day, tzinfo=UTC)) for day in (2, 9)]
        kept = await settle(connection, datetime(OLD.year, 4, 2, tzinfo=UTC))
        gone = await journal.detach(connection, journal.later(OLD, 1), TODAY)
        assert {one.parent for one in gone} == TABLES
        assert await connection.fetch("SELECT settlement_id FROM settlement") == [(kept,)]
        archived = f"settlement_archive.settlement_{OLD:%Y%m}"
        assert await count(connection, archived) == len(old)
        for change in ("DELETE FROM", "TRUNCATE"):
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await connection.execute(f"{change} {archived}")
        # A month that is made anew would be in the way of the one in the archive.
        assert [one.is_attached for one in await journal.partitions(connection)].count(False) == 3
        back = await journal.attach(connection, OLD)
        assert {one.name for one in back} == {one.name for one in gone}
        assert await journal_count(connection) == len(old) + 1
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await connection.execute(f"TRUNCATE settlement_{OLD:%Y%m}")
        with pytest.raises(PartitionError, match="nothing of"):
            await journal.attach(connection, OLD)


async def test_what_may_be_needed_is_not_taken_out(dsn):
    limit = journal.later(TODAY.replace(day=1), 1 - journal.KEPT_MONTHS_MIN)
    async with opened(dsn) as connection:
        with pytest.raises(PartitionError, match=f"--before {limit:%Y-%m}"):
            await journal.detach(connection, journal.later(limit, 1), TODAY)
        await journal.ensure(connection, OLD, 1)
        unfinished = await settle(connection, datetime(OLD.year, 3, 2, tzinfo=UTC))
        await connection.execute(
            "INSERT INTO open_intent (settlement_id, kind, request_id, create_time)"
            " VALUES ($1, 'SETTLE', gen_random_uuid(), now())",
            unfinished,
        )
        with pytest.raises(PartitionError, match=r"1 settlements up to .* are not finished"):
            await journal.detach(connection, journal.later(OLD, 1), TODAY)
        assert await journal_count(connection) == 1


async def test_settling_goes_on_while_a_month_waits_to_be_taken_out(dsn):
    """A long look at the journal holds the month; who settles waits for neither of them long."""
    async with opened(dsn) as reader, opened(dsn) as hub, opened(dsn) as command:
        await journal.ensure(command, OLD, 1)
        looking = reader.transaction()
        await looking.start()
        await journal_count(reader)
        detaching = asyncio.create_task(journal.detach(command, journal.later(OLD, 1), TODAY))
        now = datetime.now(UTC)
        for n in range(20):
            await settle(hub, now + timedelta(milliseconds=n))
            await asyncio.sleep(0.02)
        assert not detaching.done()
        await looking.rollback()
        assert len(await detaching) == len(TABLES)
        assert await journal_count(hub) == 20


def test_what_is_no_month_is_refused():
    for wrong in ("2026", "2026-13", "26-01", "2026-01-01"):
        assert CliRunner().invoke(app, ["partitions", "detach", "--before", wrong]).exit_code == 2


async def test_commands_tell_what_they_did(dsn, capsys):
    async with opened(dsn) as connection:
        await journal.ensure(connection, OLD, 1)
    assert await show_detached(dsn, NOWHERE, journal.later(OLD, 1)) == 0
    assert "detached 3 partitions" in capsys.readouterr().out
    assert await show_attached(dsn, NOWHERE, OLD) == 0
    assert f"settlement_{OLD:%Y%m}" in capsys.readouterr().out
    assert await show_ensured(dsn, NOWHERE, 2) == 0
    assert "all there" in capsys.readouterr().out
    with pytest.raises(DatabaseError):
        await show_partitions("postgresql:///no?host=/nowhere", NOWHERE, as_json=False)
    with pytest.raises(MeshError, match="--dsn"):
        await show_partitions("", NOWHERE, as_json=False)
