"""Goal: a database of the version before gets its provinces, and its cursors stay good."""

from __future__ import annotations

from importlib import resources

import asyncpg
import pytest

from tests.integration.settlement.world import database_of_its_own, raw

pytestmark = pytest.mark.postgres


@pytest.fixture
async def old_dsn(postgres_dsn):
    """A database with the first migration only."""
    async with database_of_its_own(postgres_dsn, "template1") as dsn:
        async with raw(dsn) as connection:
            await connection.execute("CREATE SCHEMA settlement")
            await apply(connection, "0001_init.sql")
        yield dsn


async def apply(connection, name):
    sql = (resources.files("services.settlement") / "migrations" / name).read_text("utf-8")
    async with connection.transaction():
        await connection.execute(sql)


async def test_rows_of_the_version_before_get_their_provinces(old_dsn):
    async with raw(old_dsn) as connection:
        for care, insured in (("640104", "650100"), ("110105", "660100")):
            key = await connection.fetchval(
                "INSERT INTO settlement (settlement_id, request_id, care_region_code,"
                " insured_region_code, institution_code, person_id, scheme_code, total_fen,"
                " trace_id, create_time, commit_request, detail) VALUES (gen_random_uuid(),"
                " gen_random_uuid(), $1, $2, 'H64010400001', gen_random_uuid(), '310', 1, '',"
                " now(), '', '') RETURNING settlement_id",
                care,
                insured,
            )
            await connection.execute(
                "INSERT INTO outbox (settlement_id, kind, event_time, settlement)"
                " VALUES ($1, 'SETTLED', now(), ''), ($1, 'REVERSED', now(), '')",
                key,
            )
            await connection.execute(
                "INSERT INTO open_intent (settlement_id, kind, request_id, create_time)"
                " VALUES ($1, 'CANCEL', gen_random_uuid(), now())",
                key,
            )
        positions = "SELECT transaction_id::text, sequence FROM outbox ORDER BY sequence"
        before = await connection.fetch(positions)
        await apply(connection, "0002_feed.sql")
        assert await connection.fetch(positions) == before
        rows = await connection.fetch(
            "SELECT DISTINCT care_province, insured_province FROM outbox ORDER BY 1 DESC"
        )
        assert [tuple(row) for row in rows] == [("640000", "650000"), ("110000", "660000")]
        rows = await connection.fetch("SELECT insured_province FROM open_intent ORDER BY 1")
        assert [row["insured_province"] for row in rows] == ["650000", "660000"]
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await connection.execute("UPDATE outbox SET care_province = '110000'")
