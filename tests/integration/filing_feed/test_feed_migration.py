"""Goal: what was filed before there was a feed is given by it, as it stands."""

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from services.kit import migrations
from services.kit.migrations import migrate
from tests.integration.filing_feed.harness import NINGXIA, opened
from yijie.filing.v1 import filing_pb2

pytestmark = pytest.mark.postgres


@pytest.fixture
async def old_dsn(dsn, monkeypatch):
    """A database in which filing is at its second migration, with two filings."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "filing"})
    try:
        await connection.execute("DROP SCHEMA filing CASCADE")
        every = migrations.migrations_of("filing")
        with monkeypatch.context() as old:
            old.setattr(migrations, "migrations_of", lambda _: every[:2])
            await migrate(dsn, "filing")
        for number in (1, 2):
            await connection.execute(
                "INSERT INTO filing (filing_id, person_id, insured_region_code, type_code,"
                " target_region_code, begin_date, evidence, create_time)"
                " VALUES ($1, $2, '650100', '11', '640100', '2026-01-01', 'DOCUMENT', $3)",
                uuid4(),
                uuid4(),
                datetime(2026, 1, number, 20, tzinfo=UTC),
            )
        await connection.execute(
            "INSERT INTO filing_state_change (filing_id, state, change_time)"
            " SELECT filing_id, 'CANCELLED', '2026-02-01 00:00+00' FROM filing"
            " ORDER BY create_time LIMIT 1"
        )
        await migrate(dsn, "filing")
    finally:
        await connection.close()
    return dsn


async def test_filings_of_before_the_feed_are_given(old_dsn):
    async with opened(old_dsn) as world:
        events, _ = await world.filing_events(3, province_code=NINGXIA)
        days = await world.rows("SELECT submission_date FROM filing_event ORDER BY sequence")
    assert [event.event_time.ToDatetime().month for event in events] == [1, 1, 2]
    # As they stand: what each was at an earlier time is not known any more.
    assert {event.filing.state for event in events} == {
        filing_pb2.FILING_STATE_CANCELLED,
        filing_pb2.FILING_STATE_LIVE,
    }
    assert events[2].filing.state == filing_pb2.FILING_STATE_CANCELLED
    # Civil dates: 20:00 UTC is the next day in Asia/Shanghai.
    assert sorted({row["submission_date"].day for row in days}) == [2, 3]
