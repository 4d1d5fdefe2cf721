"""Goal: a month ends exactly at midnight in China while settlements keep flowing; what comes too
late is in the next month's table, as such.

Method: events around midnight are booked while a loop looks for months to cut; where each belongs
is told apart from its instant and its place in the feed alone.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from services.clearing import posting
from services.clearing.app import running
from services.clearing.clients import read_event
from services.clearing.config import Config
from services.clearing.months import store
from services.kit.channel import open_channel
from services.kit.clock import civil_month
from services.kit.config import load
from services.kit.db import Database
from services.kit.wire import read_time
from tests.integration.clearing.harness import environ
from tests.integration.clearing.ledger_world import feed_reaches
from tests.integration.clearing.months.month_world import (
    APRIL,
    BEIJING,
    MARCH,
    PEOPLE,
    MonthWorld,
    month_world,
)
from tests.support.clock import FakeClock
from tests.support.rpc import TIMEOUT_S, refused
from tests.support.settlement_feed import (
    FakeSettlement,
    eventually,
    feed_server,
    reversed_,
    settled,
)
from yijie.clearing.v1 import month_pb2, month_service_pb2, month_service_pb2_grpc

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

MIDNIGHT = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
"""In China."""
LAST_INSTANT = MIDNIGHT - timedelta(microseconds=1)


async def payable(database: Database, month: str) -> int:
    return sum(line.payable_fen for line in await store.table_lines(database, month))


async def test_the_last_instant_and_the_first(database: Database) -> None:
    async with month_world(database) as world:
        await world.feed(
            settled(1, funds={"310100": 7}, at=LAST_INSTANT),
            settled(2, funds={"310100": 500}, at=MIDNIGHT),
        )
        await world.tabled(MARCH)
        await world.tabled(APRIL)
    assert (await payable(database, MARCH), await payable(database, APRIL)) == (7, 500)


async def test_late_items_are_in_the_next_table_as_such(database: Database) -> None:
    async with month_world(database) as world:
        first = settled(1, funds={"310100": 1_000}, at=MIDNIGHT - timedelta(hours=1))
        again = settled(2, funds={"310100": 40}, account_fen=3, at=MIDNIGHT - timedelta(hours=1))
        await world.feed(first, again)
        await world.cut(MARCH)
        await world.feed(
            settled(3, funds={"310100": 20}, account_fen=4, at=LAST_INSTANT),
            reversed_(again, at=LAST_INSTANT),
            settled(4, funds={"310100": 300}, at=MIDNIGHT),
            reversed_(first, at=MIDNIGHT + timedelta(hours=1)),
        )
        await world.tabled_of_cut(MARCH)
        made = await world.tabled(APRIL)
        lines = (await world.call("ListTableLines", month=APRIL)).lines
    assert await payable(database, MARCH) == 1_043
    assert (made.month.late_settlement_count, made.month.late_reversal_count) == (1, 1)
    assert [
        (one.fund_type_code, one.cost.fen, one.adjustment.fen, one.late.fen, one.payable.fen)
        for one in lines
    ] == [("310100", 320, -1_040, -20, -720), ("310200", 4, -3, 1, 1)]
    assert [(one.settlement_count, one.reversal_count) for one in lines] == [(2, 2), (0, 0)]


@pytest.mark.parametrize("seed", range(3))
async def test_the_feed_flows_while_the_month_is_cut(database: Database, seed: int) -> None:
    randomness = random.Random(seed)  # noqa: S311 - a test's own
    events = _around_midnight(randomness)
    async with month_world(database) as world:
        world.clock.instant = MIDNIGHT + timedelta(seconds=30)
        flowing = True

        async def look() -> None:
            while flowing:
                await world.loop.once()

        looks = [asyncio.create_task(look()) for _ in range(2)]
        rest = list(events)
        while rest:
            size = randomness.randrange(1, 6)
            batch, rest = rest[:size], rest[size:]
            await world.feed(*batch)
            await asyncio.sleep(0)
        flowing = False
        await asyncio.gather(*looks)
        await world.loop.once()
        await _check(world, events)


def _around_midnight(randomness: random.Random) -> list[Any]:
    """Sixty events from ten seconds before midnight to twenty after, a few of them out of order."""
    events = []
    for number in range(1, 61):
        seconds = number / 2 - 10 - (randomness.random() < 0.4) * randomness.randrange(15)
        at = MIDNIGHT + timedelta(seconds=seconds)
        events.append(settled(number, funds={"310100": 10**6 + number}, at=at))
    events.insert(20, settled(61, funds={"310100": 1}, at=LAST_INSTANT))
    events.insert(21, settled(62, funds={"310100": 2}, at=MIDNIGHT))
    return events


async def _check(world: MonthWorld, events: list[Any]) -> None:
    row = await world.database.fetchrow("/* test.cut */ SELECT feed_cursor FROM month_cut")
    assert row is not None
    cut_after = int(row["feed_cursor"])
    wanted: Counter[str] = Counter()
    late = 0
    for place, event in enumerate(events, start=1):
        month = civil_month(read_time(event.event_time))
        fen = sum(one.amount_fen for one in read_event(event).payments)
        if month == MARCH and place > cut_after:
            late += fen
            month = APRIL
        wanted[month] += fen
    await world.tabled_of_cut(MARCH)
    await world.tabled(APRIL)
    for month in (MARCH, APRIL):
        assert await payable(world.database, month) == wanted[month]
    lines = await store.table_lines(world.database, APRIL)
    assert sum(line.late_fen for line in lines) == late


async def test_the_process_cuts_by_itself(dsn: str, database: Database) -> None:
    fake = FakeSettlement()
    await fake.append(settled(1, funds={"310100": 7}, at=LAST_INSTANT))
    clock = FakeClock(MIDNIGHT - timedelta(seconds=1))
    async with feed_server(fake) as port:
        config = load(Config, {**environ(dsn, port), "YIJIE_MONTH_INTERVAL_S": "0.05"})
        async with running(config, clock=clock) as server, open_channel(server.address) as channel:
            stub = month_service_pb2_grpc.MonthServiceStub(channel)

            async def get(month: str) -> Any:
                request = month_service_pb2.GetMonthRequest(month=month)
                try:
                    return await stub.GetMonth(request, timeout=TIMEOUT_S)
                except grpc.aio.AioRpcError as error:
                    # A month that is over is there once something of it is booked.
                    if error.code() is grpc.StatusCode.NOT_FOUND:
                        raise AssertionError("nothing of it is booked yet") from None
                    raise

            async def is_open() -> None:
                view = await get(MARCH)
                assert list(view.steps[0].awaited_region_codes) == []
                assert not view.month.HasField("cut_time")

            await eventually(is_open)
            # The feed said that nothing is left, but a commit takes a moment.
            clock.instant = MIDNIGHT + timedelta(seconds=4)
            await asyncio.sleep(0.3)
            await is_open()
            clock.instant = MIDNIGHT + timedelta(seconds=6)

            async def is_cut() -> None:
                view = await get(MARCH)
                assert view.month.HasField("cut_time")
                assert list(view.steps[0].awaited_region_codes) == [BEIJING]

            await eventually(is_cut)
            assert (await get(APRIL)).month.state == month_pb2.MONTH_STATE_OPEN
            request = month_service_pb2.ConfirmMonthRequest(
                request_id="0193d0c0-0000-7000-8000-000000000001",
                month=MARCH,
                care_region_code=BEIJING,
                **PEOPLE,
            )
            await stub.ConfirmMonth(request, timeout=TIMEOUT_S)
            assert (await get(MARCH)).month.state == month_pb2.MONTH_STATE_RECONCILED
    assert posting.month_end(MARCH) == MIDNIGHT


async def test_clock_and_feed_must_both_be_past_the_end(database: Database) -> None:
    async with month_world(database) as world:
        await world.feed(settled(1, funds={"310100": 7}, at=LAST_INSTANT))
        world.clock.instant = LAST_INSTANT
        await feed_reaches(database, MARCH)
        assert await world.loop.once() == []
        world.clock.instant = MIDNIGHT
        assert await world.loop.once() == [MARCH]
        world.clock.instant = posting.month_end(APRIL)
        assert await world.loop.once() == []


async def test_a_hub_without_settlements_has_its_present_month_alone(database: Database) -> None:
    async with month_world(database) as world:
        assert await world.state(MARCH) == "OPEN"
        assert await world.loop.once() == []
        assert (await refused(world.call("GetMonth", month="2026-02"))).reason == (
            "RESOURCE_NOT_FOUND"
        )
        fields = {"month": MARCH, **PEOPLE}
        assert (await refused(world.call("MakeTables", **fields))).reason == "RESOURCE_NOT_FOUND"
