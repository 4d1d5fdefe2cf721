"""Goal: the feed gives every event once, in order, from any cursor it ever gave, and no other."""

from __future__ import annotations

import asyncio
import io

import pytest

from tests.integration.settlement.outbox import append, last_cursor, reading
from tests.integration.settlement.world import (
    first_events,
    raw,
    served,
    settle_request,
    state_name,
)
from tests.support.rpc import refused
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


async def settle_some(world, count):
    """Settles bills a second apart; returns their ids, oldest first."""
    ids = []
    for _ in range(count):
        world.clock.advance(seconds=1)
        ids.append((await world.settle(settle_request())).settlement.settlement_id)
    return ids


async def refusal_of(world, **request):
    stream = world.stub.Subscribe(pb.SubscribeRequest(**request))
    refusal = await refused(stream.read())
    assert refusal.zh
    return refusal.code, refusal.reason, refusal.fields


async def test_it_goes_on_from_any_cursor(world):
    ids = await settle_some(world, 4)
    events = await first_events(world.stub, 4)
    assert [event.settlement.settlement_id for event in events] == ids
    assert all(event.kind == pb.EVENT_KIND_SETTLED for event in events)
    assert len({event.cursor for event in events}) == 4
    for index in range(3):
        rest = await first_events(world.stub, 3 - index, after=events[index].cursor)
        assert rest == events[index + 1 :]


async def test_a_settlement_arrives_while_it_is_open(world):
    opened = asyncio.create_task(first_events(world.stub, 1))
    await asyncio.sleep(0.1)
    settlement = (await world.settle()).settlement
    (event,) = await opened
    assert event.settlement == settlement


async def test_it_gives_signs_of_life(world):
    async with reading(world.stub) as reader:
        await reader.signs(3)
        assert {response.cursor for response in reader.responses} == {""}
        await world.settle()
        await reader.signs(1)
        assert reader.cursor == reader.events[-1].cursor
        assert reader.responses[-1].lag_ms == 0
    # The cursor of a sign of life is one to go on from.
    await world.settle()
    assert len(await first_events(world.stub, 1, after=reader.cursor)) == 1


@pytest.mark.parametrize(
    "cursor",
    ["x", "1", "1.", ".1", "-1.1", "1.1.1", "²³.1", "1.99999999999999999999", " 1.1", "1.1\n"],
)
async def test_a_malformed_cursor(module_world, cursor):
    assert await refusal_of(module_world, after_cursor=cursor) == (
        "INVALID_ARGUMENT",
        "CURSOR_INVALID",
        ["after_cursor"],
    )


async def test_a_cursor_from_the_future(world):
    future = ("INVALID_ARGUMENT", "CURSOR_IN_FUTURE", ["after_cursor"])
    # Of a database that has given nothing yet.
    assert await refusal_of(world, after_cursor="1.1") == future
    await settle_some(world, 3)
    events = await first_events(world.stub, 3)
    transaction, sequence = (int(part) for part in events[-1].cursor.split("."))
    for cursor in (
        f"{transaction}.{sequence + 1}",
        f"{transaction + 1}.{sequence}",
        f"{transaction + 1}.0",
        f"{transaction + 10**9}.{sequence}",
        f"{2**63 - 1}.{2**63 - 1}",
        # A transaction of the past that has never drawn such a number.
        f"{events[0].cursor.split('.')[0]}.{sequence + 1}",
    ):
        assert await refusal_of(world, after_cursor=cursor) == future
    # Between what was given: not of the future, and not of this feed either.
    for cursor in ("1.1", f"{transaction}.0", f"{transaction - 1}.{sequence}"):
        assert await refusal_of(world, after_cursor=cursor) == (
            "INVALID_ARGUMENT",
            "CURSOR_INVALID",
            ["after_cursor"],
        )


async def test_an_event_that_was_not_given_yet_is_of_the_future(world):
    world.is_tampered = True
    async with raw(world.dsn) as slow, raw(world.dsn) as quick:
        async with slow.transaction():
            await append(slow, world.clock.now())
            await append(quick, world.clock.now())
            cursor = await last_cursor(quick)
            _, reason, _ = await refusal_of(world, after_cursor=cursor)
            assert reason == "CURSOR_IN_FUTURE"
        async with reading(world.stub, after_cursor=cursor) as reader:
            await reader.signs(2)
            assert reader.events == []


async def test_every_cursor_that_was_given_is_good_for_ever(dsn, callees, clock):
    """Whatever runs, whoever restarts: what the feed gave is never called future."""
    cursors = set()
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        async with reading(world.stub) as all_, reading(world.stub, region_code="110000") as none:
            await settle_some(world, 3)
            await all_.has(3)
            await none.signs(2)
        cursors |= {event.cursor for event in all_.events}
        cursors |= {response.cursor for response in all_.responses + none.responses}
        assert none.cursor == all_.events[-1].cursor
    async with (
        served(dsn, callees, clock, io.BytesIO()) as world,
        raw(dsn) as held,
        raw(dsn) as other,
        held.transaction(),
    ):
        # An open transaction keeps xmin where it is, others go on above it.
        await held.fetchval("SELECT pg_current_xact_id()")
        for _ in range(5):
            await other.fetchval("SELECT pg_current_xact_id()")
        for cursor in cursors:
            async with reading(world.stub, after_cursor=cursor) as reader:
                await reader.signs(2)


async def test_a_rolled_back_event_is_never_given(world):
    async with raw(world.dsn) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await append(connection, world.clock.now())
        await transaction.rollback()
    settlement = (await world.settle()).settlement
    (event,) = await first_events(world.stub, 1)
    assert event.settlement == settlement


async def test_more_than_one_batch(world):
    world.is_tampered = True
    ids = await settle_some(world, 3)
    async with raw(world.dsn) as connection:
        # The same event many times: as many rows as three batches of the feed.
        await connection.execute(
            "INSERT INTO outbox (settlement_id, kind, event_time, settlement)"
            " SELECT settlement_id, kind, event_time, settlement"
            " FROM outbox, generate_series(1, 150)"
        )
    events = await first_events(world.stub, 453)
    assert len(events) == 453
    assert {event.settlement.settlement_id for event in events} == set(ids)
    assert len({event.cursor for event in events}) == 453
    assert all(state_name(event.settlement) == "SETTLED" for event in events)


async def test_long_events_are_parted(world):
    world.is_tampered = True
    async with raw(world.dsn) as connection:
        sizes = [900_000, 200_000, 900_000, 3_000_000, 10, 10]
        ids = [await append(connection, world.clock.now(), padding=size) for size in sizes]
    async with reading(world.stub) as reader:
        await reader.has(6)
    assert reader.ids == ids
    batches = [len(response.events) for response in reader.responses if response.events]
    assert batches == [1, 1, 1, 1, 2]


async def test_the_version_before_need_not_name_the_provinces(world):
    """While replicas are replaced one by one, the old ones go on writing."""
    world.is_tampered = True
    (settlement_id,) = await settle_some(world, 1)
    async with raw(world.dsn) as connection:
        await connection.execute(
            "INSERT INTO outbox (settlement_id, kind, event_time, settlement)"
            " SELECT settlement_id, 'REVERSED', event_time, settlement FROM outbox"
        )
    for region in ("640000", "650000"):
        async with reading(world.stub, region_code=region) as reader:
            await reader.has(2)
        assert reader.ids == [settlement_id] * 2
