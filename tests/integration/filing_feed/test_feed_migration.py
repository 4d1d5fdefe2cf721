"""Goal: what was filed before there was a feed is given by it, as it stands."""

from datetime import UTC, date, datetime
from uuid import uuid4

import asyncpg
import pytest

from services.kit import migrations, wire
from services.kit.migrations import migrate
from tests.integration.filing_feed.harness import NINGXIA, XINJIANG, filing, ident, opened
from tests.support.rpc import TIMEOUT_S
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb

pytestmark = pytest.mark.postgres

PEOPLE = (uuid4(), uuid4())


@pytest.fixture(params=[1, 2], ids=["released", "before the feed"])
async def old_dsn(dsn, monkeypatch, request):
    """A database that had two filings when filing was at an earlier migration."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "filing"})
    try:
        await connection.execute("DROP SCHEMA filing CASCADE")
        every = migrations.migrations_of("filing")
        with monkeypatch.context() as old:
            old.setattr(migrations, "migrations_of", lambda _: every[: request.param])
            await migrate(dsn, "filing")
        for number, person in enumerate(PEOPLE, start=1):
            await connection.execute(
                "INSERT INTO filing (filing_id, person_id, insured_region_code, type_code,"
                " target_region_code, begin_date, evidence, create_time)"
                " VALUES ($1, $2, '650100', '11', '640100', '2026-01-01', 'DOCUMENT', $3)",
                uuid4(),
                person,
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


async def test_filings_of_before_count_as_they_did_and_live_on(old_dsn):
    async with opened(old_dsn) as world:

        async def level(person, *day):
            day = wire.write_date(date(*day))
            question = pb.MatchFilingRequest(
                person_id=str(person),
                insured_region_code="650100",
                care_region_code="640104",
                service_date=day,
                match_until_date=day,
            )
            return (await world.filings.MatchFiling(question, timeout=TIMEOUT_S)).benefit_level

        cancelled, live = PEOPLE
        assert await level(cancelled, 2026, 1, 31) == pb.BENEFIT_LEVEL_LONG_TERM
        asked = pb.ListFilingsRequest(person_id=str(live))
        (kept,) = (await world.filings.ListFilings(asked, timeout=TIMEOUT_S)).filings
        assert kept.channel == filing_pb2.FILING_CHANNEL_WINDOW
        assert kept.approval == filing_pb2.APPROVAL_WAY_RULE
        assert not kept.HasField("locked_until_date")
        change = pb.ChangeFilingRequest(
            request_id=ident(),
            filing_id=kept.filing_id,
            filing=filing(str(live), target_region_code="310000"),
        )
        answer = await world.filings.ChangeFiling(change, timeout=TIMEOUT_S)
        assert answer.changed_filing.state == filing_pb2.FILING_STATE_CHANGED
        assert await level(live, 2026, 1, 31) == pb.BENEFIT_LEVEL_LONG_TERM
        (row,) = await world.summarize(insured_province_code=XINJIANG)
        assert (row.submitted_count, row.approved_count) == (1, 1)
        # Cancelled at 00:00 UTC, that day in Asia/Shanghai: it counted until the day before.
        assert await level(cancelled, 2026, 2, 1) == pb.BENEFIT_LEVEL_UNFILED
