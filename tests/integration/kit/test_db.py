"""Goal: what the database refuses or loses is answered by the error model, with nothing half done.

The kit has no schema of its own: filing's stands in, for its `request` table.
"""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from services.kit import migrations
from services.kit.db import ATTEMPTS_MAX, DatabaseConfig, open_database
from services.kit.errors import AlreadyExists, LostRace, Overloaded, Unavailable
from services.kit.idempotency import once
from services.kit.migrations import Migration, MigrationError, check_version, migrate
from yijie.filing.v1 import filing_service_pb2 as pb

SCHEMA = "filing"
_INSERT = """/* test.insert */ INSERT INTO request (request_id, method, request_hash, response)
VALUES ($1, 'x', '', '')"""
_COUNT = "/* test.count */ SELECT count(*) AS n FROM request"


@pytest.fixture
async def database(dsn):
    config = DatabaseConfig(dsn=dsn, pool_size_max=2, acquire_timeout_s=0.2)
    async with open_database(config, SCHEMA) as opened:
        yield opened


async def count(database) -> int:
    row = await database.fetchrow(_COUNT)
    return row["n"]


async def test_a_lost_race_is_repeated_whole_and_then_answered(database):
    tried = []

    async def lose(connection):
        tried.append(1)
        await connection.execute(_INSERT, uuid4())
        raise asyncpg.SerializationError("lost")

    with pytest.raises(LostRace) as caught:
        await database.run("test.lose", lose)
    assert len(tried) == ATTEMPTS_MAX
    assert caught.value.retry_after_ms > 0
    assert await count(database) == 0


async def test_a_single_statement_that_deadlocked_is_repeated(database):
    """It left nothing: the caller need not hear of it, as of a month's partition being made."""
    await database.execute("/* test.tries */ CREATE SEQUENCE tries")
    await database.execute(
        "/* test.make */ CREATE FUNCTION lose_once() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('tries') = 1 THEN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END IF;"
        " RETURN 7; END $$"
    )
    row = await database.fetchrow("/* test.lose_once */ SELECT lose_once() AS n")
    assert row["n"] == 7
    await database.execute(
        "/* test.make_always */ CREATE FUNCTION lose() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$"
    )
    for statement in (database.fetchrow, database.fetch, database.execute):
        with pytest.raises(LostRace):
            await statement("/* test.lose */ SELECT lose()")


async def test_a_race_lost_once_is_won_the_second_time(database):
    tried = []

    async def work(connection):
        tried.append(1)
        await connection.execute(_INSERT, uuid4())
        if len(tried) == 1:
            raise asyncpg.DeadlockDetectedError("lost")
        return "won"

    assert await database.run("test.work", work) == "won"
    assert await count(database) == 1


async def test_an_error_in_the_work_rolls_it_back(database):
    async def fail(connection):
        await connection.execute(_INSERT, uuid4())
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.run("test.fail", fail)
    assert await count(database) == 0


async def test_an_exhausted_pool_sheds(database):
    async with database.connection(), database.connection():
        with pytest.raises(Overloaded) as caught:
            await count(database)
    assert (caught.value.reason, caught.value.retry_after_ms) == ("OVERLOADED", 500)
    assert await count(database) == 0


async def test_a_cut_connection_is_unavailable_and_the_next_call_works(database, dsn):
    async with database.connection() as connection:
        pid = (await connection.fetchrow("/* test.pid */ SELECT pg_backend_pid() AS pid"))["pid"]

    async def cut():
        async with database.connection() as connection:
            other = await asyncpg.connect(dsn)
            await other.execute("SELECT pg_terminate_backend($1)", pid)
            await other.close()
            for _ in range(100):
                await connection.fetchrow(_COUNT)
                await asyncio.sleep(0.02)

    with pytest.raises(Unavailable) as caught:
        await cut()
    assert caught.value.reason == "DATABASE_UNAVAILABLE"
    assert await count(database) == 0


async def test_a_cancelled_caller_gives_its_connection_back(database):
    async def slow():
        async with database.connection() as connection:
            await connection.execute("/* test.sleep */ SELECT pg_sleep(5)")

    for _ in range(4):
        task = asyncio.create_task(slow())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await count(database) == 0


def request(filing_id: str, request_id: str) -> pb.CancelFilingRequest:
    return pb.CancelFilingRequest(request_id=request_id, filing_id=filing_id)


async def test_a_repeat_gets_the_first_answer_and_other_content_is_refused(database):
    done = []

    async def work(_connection):
        done.append(1)
        return pb.CancelFilingResponse(filing={"filing_id": str(len(done))})

    first_id, filing = str(uuid4()), str(uuid4())
    first = await once(database, request(filing, first_id), pb.CancelFilingResponse, work)
    again = await once(database, request(filing, first_id), pb.CancelFilingResponse, work)
    assert first == again
    assert done == [1]
    with pytest.raises(AlreadyExists):
        await once(database, request(str(uuid4()), first_id), pb.CancelFilingResponse, work)


async def test_the_same_request_many_times_at_once_is_done_once(database):
    done = []

    async def work(connection):
        await connection.execute(_INSERT, uuid4())
        done.append(1)
        return pb.CancelFilingResponse(filing={"filing_id": "x"})

    one = request(str(uuid4()), str(uuid4()))

    async def call():
        while True:
            try:
                return await once(database, one, pb.CancelFilingResponse, work)
            except (LostRace, Overloaded):
                await asyncio.sleep(0.02)

    answers = await asyncio.gather(*(call() for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert await count(database) == 2  # one effect, one stored answer


async def test_migrations_are_applied_once_and_never_changed(dsn, database, monkeypatch):
    assert await migrate(dsn, SCHEMA) == []
    version = await check_version(database, SCHEMA)
    known = migrations.migrations_of(SCHEMA)
    changed = [Migration(m.version, m.name, m.sql + "\n-- changed") for m in known]
    monkeypatch.setattr(migrations, "migrations_of", lambda _service: changed)
    with pytest.raises(MigrationError, match="was changed after it was applied"):
        await migrate(dsn, SCHEMA)
    newer = [*known, Migration(version + 1, "9999_new.sql", "SELECT 1")]
    monkeypatch.setattr(migrations, "migrations_of", lambda _service: newer)
    with pytest.raises(MigrationError, match="run `yijie migrate`"):
        await check_version(database, SCHEMA)
    assert await migrate(dsn, SCHEMA) == ["9999_new.sql"]
    assert await check_version(database, SCHEMA) == version + 1


async def test_a_failing_migration_leaves_nothing(dsn, monkeypatch):
    known = migrations.migrations_of(SCHEMA)
    bad = Migration(len(known) + 1, "9999_bad.sql", "CREATE TABLE half (x int); SELECT 1/0;")
    monkeypatch.setattr(migrations, "migrations_of", lambda _service: [*known, bad])
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(dsn, SCHEMA)
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT to_regclass('filing.half')") is None
    await connection.close()
