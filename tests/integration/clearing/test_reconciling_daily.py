"""Goal: what is due is compared by itself, by whichever replica is there, never by two at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from services.clearing import comparison_store, metrics
from services.clearing.comparison_store import LegDay
from services.kit import wire
from services.kit.db import Database
from tests.integration.clearing.reconciliation_world import (
    CARE,
    DAY,
    HOSPITAL,
    INSURED,
    NEXT_NOON,
    NOON,
    FakeJournal,
    FakeProvince,
    World,
    booking_of,
    event_of,
    pb2,
    record_of,
    replica,
    service_pb2,
    undone,
    world_of,
)
from tests.support.clock import FakeClock
from tests.support.rpc import refused
from tests.support.settlement_feed import eventually

pytestmark = pytest.mark.postgres

OFTEN = {"RECONCILE_INTERVAL_S": "0.1", "RECONCILE_RETRY_S": "1"}


@pytest.fixture
async def world(dsn: str, database: Database) -> AsyncIterator[World]:
    async with world_of(dsn, database, **OFTEN) as running:
        yield running


async def results(world: World, **wanted) -> list[tuple[str, date, int]]:
    request = service_pb2.ListLegResultsRequest(page_size=1000, **wanted)
    answer = await world.stub.ListLegResults(request, timeout=10)
    return [
        (one.party_code, wire.read_date(one.business_date, "d"), one.difference_count)
        for one in answer.results
    ]


async def test_yesterday_is_compared_with_every_insured_province(world: World) -> None:
    lost, fine = event_of(), event_of(insured="650100")
    await world.follow(lost, booked=False)
    await world.follow(fine)

    async def compared() -> None:
        found = await results(world)
        assert len(found) >= 31
        assert {day for _, day, _ in found} == {DAY}
        causes = [one.cause for one in await world.open_differences()]
        assert causes == [pb2.DIFFERENCE_CAUSE_BOOKING_LOST]
        # A province that was compared before the events came is due again.
        row = await world.database.fetchrow(
            "/* test.due */ SELECT count(*) AS n FROM comparison"
            " WHERE due_time <= $1 OR claim_time IS NOT NULL",
            world.clock.now(),
        )
        assert row is not None
        assert row["n"] == 0

    await eventually(compared, timeout_s=30)

    async def measured() -> None:
        open_ = metrics.OPEN_DIFFERENCES.labels(INSURED)._value.get()
        until = metrics.RECONCILED_UNTIL.labels("650000")._value.get()
        assert (open_, until) == (1, (NOON + timedelta(hours=12)).timestamp())

    await eventually(measured)
    # The next day is next, and once is enough.
    lists = world.province.lists
    world.clock.advance(hours=1)
    await asyncio.sleep(0.5)
    assert world.province.lists == lists
    world.clock.advance(hours=24)
    next_day = DAY + timedelta(days=1)

    async def next_compared() -> None:
        await world.kept()
        assert any(day == next_day for _, day, _ in await results(world))

    await eventually(next_compared, timeout_s=30)


async def test_two_replicas_share_the_work(dsn: str, database: Database) -> None:
    async with world_of(dsn, database, **OFTEN) as world:
        world.province.is_down = True
        async with replica(world, dsn, world.port, world.benefits_port, **OFTEN):
            await world.follow(event_of())
            world.province.is_down = False

            async def compared() -> None:
                world.clock.advance(seconds=1)
                await world.kept()
                assert len(await results(world)) >= 31

            await eventually(compared, timeout_s=30)
            assert await world.differences() == []


async def test_a_silent_province_is_asked_again(world: World) -> None:
    world.province.is_down = True
    await world.follow(event_of())

    async def tried() -> None:
        assert world.province.lists > 3

    await eventually(tried)
    assert INSURED not in {code for code, _, _ in await results(world)}
    world.province.is_down = False

    async def compared() -> None:
        world.clock.advance(seconds=2)
        assert INSURED in {code for code, _, _ in await results(world)}

    await eventually(compared, timeout_s=30)


async def test_what_happens_at_the_hub_resolves_a_difference_by_itself(world: World) -> None:
    first, second = event_of(), event_of()
    await world.follow(first, second)
    await world.state(record_of(second))
    assert len(await world.open_differences()) == 1
    await world.follow(undone(first, NEXT_NOON))

    async def gone() -> None:
        assert await world.open_differences() == []

    await eventually(gone)
    (one,) = await world.differences()
    assert one.state == pb2.DIFFERENCE_STATE_RESOLVED_BY_ITSELF


async def test_what_the_province_mends_is_seen_a_day_later(world: World) -> None:
    event = event_of()
    await world.follow(event, booked=False)

    async def found() -> None:
        world.clock.advance(seconds=2)
        assert len(await world.open_differences()) == 1

    await eventually(found, timeout_s=30)
    world.province.bookings[event.settlement.settlement_id] = booking_of(event)
    world.clock.advance(hours=24)

    async def gone() -> None:
        await world.kept()
        assert await world.open_differences() == []

    await eventually(gone, timeout_s=30)


async def test_one_comparison_of_a_leg_at_a_time(dsn: str, database: Database) -> None:
    async with world_of(dsn, database) as world:
        await world.follow(event_of())
        leg = LegDay(DAY, "INSURED_PROVINCE", INSURED)
        now = world.clock.now()
        dead = now - timedelta(minutes=15)
        assert await comparison_store.claim(database, leg, now=now, dead_before=dead)
        refusal = await refused(world.reconcile())
        assert (refusal.code, refusal.reason, refusal.retry_ms) == ("ABORTED", "LOST_RACE", 2000)
        # Whoever had it died.
        world.clock.advance(minutes=16)
        await world.kept()
        assert (await world.reconcile()).difference_count == 0


async def test_a_failed_demand_lets_the_leg_go(dsn: str, database: Database) -> None:
    async with world_of(dsn, database) as world:
        await world.follow(event_of())
        world.province.is_down = True
        refusal = await refused(world.reconcile())
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "INSURED_REGION_UNAVAILABLE")
        world.province.is_down = False
        assert (await world.reconcile()).hub_count == 1


async def test_the_hub_leg_holds_what_was_settled_before_it_was_there(
    dsn: str, database: Database
) -> None:
    # The ledger has followed the feed to its end before the migration; the hub's leg begins anew.
    async with world_of(dsn, database) as world:
        await world.follow(*(event_of(care="110106") for _ in range(3)))
        await database.execute("/* test.forget */ DELETE FROM hub_record")
        await database.execute(
            "/* test.forget */ UPDATE feed_cursor SET cursor = '' WHERE feed = 'reconciliation'"
        )
        async with replica(world, dsn, world.port, world.benefits_port):
            await world.follow(event_of())
        row = await database.fetchrow("/* test.count */ SELECT count(*) AS n FROM hub_record")
        assert row is not None
        assert row["n"] == 4


async def test_a_hub_that_has_not_read_the_feed_says_so(dsn: str, database: Database) -> None:
    world = World(FakeJournal(), FakeProvince(), FakeClock(NEXT_NOON), database)
    async with replica(world, dsn, 1, 1) as world.stub:
        for call in (world.open([]), world.state()):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "CALLEE_UNAVAILABLE")
            assert refusal.metadata["callee"] == "settlement"
            assert refusal.retry_ms == 5000


async def test_all_four_legs_on_one_settlement(dsn: str, database: Database) -> None:
    async with world_of(dsn, database) as world:
        event = event_of()
        await world.follow(event)
        world.province.bookings.clear()
        await world.state()
        held = record_of(event, institution_code=HOSPITAL, total={"fen": 999})
        await world.state(held, party=pb2.PARTY_CARE_PROVINCE, party_code=CARE)
        await world.reconcile()
        (one,) = await world.open_differences()
        assert one.kind == pb2.DIFFERENCE_KIND_MISSING_THERE
        assert list(one.missing_parties) == [pb2.PARTY_INSTITUTION, pb2.PARTY_INSURED_PROVINCE]
        assert [leg.total.fen for leg in one.legs] == [1000, 0, 999, 0]
        assert [leg.party_code for leg in one.legs] == ["", HOSPITAL, CARE, INSURED]


async def test_two_legs_stored_at_once_make_one_difference_each(
    dsn: str, database: Database
) -> None:
    async with world_of(dsn, database) as world:
        await world.follow(*(event_of() for _ in range(20)), booked=False)
        opened = await world.open([])
        await asyncio.gather(world.close(opened.statement_id), world.reconcile())
        differences = await world.open_differences()
        assert len(differences) == 20
        for one in differences:
            assert list(one.missing_parties) == [
                pb2.PARTY_INSTITUTION,
                pb2.PARTY_INSURED_PROVINCE,
            ]


async def test_statements_of_one_day_are_numbered_whoever_comes_first(
    dsn: str, database: Database
) -> None:
    async with world_of(dsn, database) as world:
        await world.kept()
        answers = await asyncio.gather(*(world.open([]) for _ in range(8)))
        assert sorted(one.revision for one in answers) == list(range(1, 9))
        row = await database.fetchrow(
            "/* test.in_force */ SELECT count(*) AS n FROM statement WHERE state <> 'REPLACED'"
        )
        assert row is not None
        assert row["n"] == 1
