"""Goal: the consumer sets the pace, either side may restart, and whoever is behind is seen."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket

import grpc
import pytest
from prometheus_client import REGISTRY

from services.kit.crypto import BlindIndex, FieldCipher, parse_keyring_text
from services.kit.db import DatabaseConfig, open_database
from services.kit.feed import CursorMoved, FeedConfig, Follower, batches, following
from services.settlement.admission_store import AdmissionStore
from services.settlement.feed import Feed
from services.settlement.feed_store import BYTES_MAX, FeedStore
from services.settlement.fingerprints import Fingerprints
from tests.integration.settlement.outbox import NINGXIA, append, append_foreign, reading
from tests.integration.settlement.world import KEY, eventually, raw, served
from tests.support.clock import FakeClock
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres


class CountingStore(FeedStore):
    reads = 0

    async def read(self, after, wanted):
        self.reads += 1
        return await super().read(after, wanted)


@contextlib.asynccontextmanager
async def feed_of(dsn, clock):
    """A feed without a network, on a store that counts."""
    async with open_database(DatabaseConfig(dsn=dsn), "settlement") as database:
        cipher = FieldCipher(parse_keyring_text(KEY))
        store = CountingStore(database, cipher)
        admissions = AdmissionStore(database, cipher)
        fingerprints = Fingerprints(BlindIndex(bytes(32)))
        feed = Feed(
            store, admissions, clock, fingerprints=fingerprints, poll_s=0.01, heartbeat_s=0.05
        )
        yield feed, store


def feed_lag(region):
    return REGISTRY.get_sample_value("yijie_settlement_feed_lag_seconds", {"region": region})


def feed_events():
    return REGISTRY.get_sample_value("yijie_settlement_feed_events_total") or 0.0


async def test_nothing_is_read_before_the_batch_in_hand_was_taken(dsn, clock):
    async with raw(dsn) as connection:
        for _ in range(6):
            await append(connection, clock.now(), padding=900_000)
    async with feed_of(dsn, clock) as (feed, store):
        stream = feed.read(pb.SubscribeRequest())
        await anext(stream)
        assert store.reads == 0
        for taken in range(1, 4):
            batch = await anext(stream)
            assert 0 < batch.ByteSize() < 1.1 * BYTES_MAX
            await asyncio.sleep(0.1)
            assert store.reads == taken
        await stream.aclose()


async def test_a_consumer_that_stops_reading_stops_the_feed(world):
    """What is under way to it is bounded by the windows of HTTP/2, not by what there is."""
    world.is_tampered = True
    count = 100
    async with raw(world.dsn) as connection:
        for _ in range(count):
            await append(connection, world.clock.now(), padding=500_000)
    before = feed_events()
    stream = world.stub.Subscribe(pb.SubscribeRequest())
    await stream.read()
    await stream.read()
    sent = -1.0
    while sent != feed_events() - before:
        sent = feed_events() - before
        await asyncio.sleep(0.5)
    assert sent < count / 3
    # It is slow, not lost: when it reads on, all is there.
    got = 0
    async with asyncio.timeout(20):
        while got < count - 2:
            got += len((await stream.read()).events)
    stream.cancel()


async def test_lag_is_the_age_of_what_is_given_and_of_what_is_held_back(world):
    world.is_tampered = True
    clock = world.clock
    async with raw(world.dsn) as slow, raw(world.dsn) as quick:
        await append(quick, clock.now())
        clock.advance(seconds=7)
        async with reading(world.stub) as reader:
            await reader.has(1)
            batch = next(one for one in reader.responses if one.events)
            assert batch.lag_ms == 7_000
            await reader.signs(2)
            assert reader.responses[-1].lag_ms == 0
            assert feed_lag("all") == 0
            held = slow.transaction()
            await held.start()
            await append(slow, clock.now())
            await append(quick, clock.now())
            clock.advance(seconds=3)
            # It is committed, and the transaction before it keeps it from being given.
            await reader.signs(3)
            assert reader.responses[-1].lag_ms == 3_000
            assert feed_lag("all") == 3
            await held.rollback()
            await reader.has(2)
            await reader.signs(2)
            assert reader.responses[-1].lag_ms == 0
    await eventually(lambda: _is(feed_lag("all"), 0))


async def test_a_consumer_that_stops_reading_is_seen_to_be_behind(dsn, clock):
    async with raw(dsn) as connection:
        await append(connection, clock.now())
    async with feed_of(dsn, clock) as (feed, _):
        stream = feed.read(pb.SubscribeRequest(region_code=NINGXIA))
        await anext(stream)
        assert len((await anext(stream)).events) == 1
        clock.advance(seconds=60)
        assert feed_lag(NINGXIA) == 60
        await stream.aclose()
        assert feed_lag(NINGXIA) == 0


async def test_signs_of_life_come_while_it_looks_through_what_concerns_others(dsn):
    clock = FakeClock()
    async with raw(dsn) as connection:
        await append_foreign(connection, clock.now(), 12_000)
    async with feed_of(dsn, clock) as (feed, store):
        # Silence is over at once: every look is told of.
        feed._heartbeat_s = 0
        stream = feed.read(pb.SubscribeRequest(region_code=NINGXIA))
        clock.advance(seconds=5)
        responses = [await anext(stream) for _ in range(4)]
        await stream.aclose()
    assert store.reads == 3
    assert len({response.cursor for response in responses}) == 4
    assert [response.lag_ms for response in responses] == [0, 5_000, 5_000, 0]


class Table:
    """What a consumer keeps: its cursor and what it applied, as one transaction would."""

    def __init__(self):
        self.cursor, self.applied, self.moves = "", [], 0

    async def load(self):
        return self.cursor

    async def apply(self, after, batch):
        if after != self.cursor:
            raise CursorMoved
        self.cursor = batch.cursor
        self.applied += batch.events
        self.moves += 1


def follower_of(target, table, **filters):
    channel = grpc.aio.insecure_channel(
        target,
        options=[
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 100),
        ],
    )
    stub = rpc.SettlementServiceStub(channel)

    def subscribe(after):
        request = pb.SubscribeRequest(after_cursor=after, **filters)
        return batches(stub.Subscribe(request), lambda event: event.settlement.settlement_id)

    config = FeedConfig(silence_s_max=5, backoff_s=0.02, backoff_s_max=0.1, standby_s=0.05)
    return channel, Follower(
        "test", config, FakeClock(), cursor=table.load, subscribe=subscribe, apply=table.apply
    )


async def test_either_side_may_restart(dsn, callees, clock):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    target = f"127.0.0.1:{port}"
    mine = Table()
    ids = []

    async def write(connection, count):
        for _ in range(count):
            ids.append(await append(connection, clock.now()))
            await append_foreign(connection, clock.now(), 1)

    async def caught_up():
        return mine.applied == ids

    changes = {"LISTEN": target, "DRAIN_GRACE_S": "0.5"}
    async with raw(dsn) as connection:
        channel, follower = follower_of(target, mine, region_code=NINGXIA)
        async with channel, following(follower):
            for _ in range(2):
                async with served(dsn, callees, clock, io.BytesIO(), **changes):
                    await write(connection, 5)
                    await eventually(caught_up)
                # Written while the service is away.
                await write(connection, 3)
        # The consumer is another process by now, and the service too.
        async with served(dsn, callees, clock, io.BytesIO(), **changes):
            channel, follower = follower_of(target, mine, region_code=NINGXIA)
            async with channel, following(follower):
                await eventually(caught_up)
                await write(connection, 2)
                await eventually(caught_up)
                # A sign of life moves the cursor over the foreign event behind the last of ours.
                end = await connection.fetchval("SELECT max(sequence)::text FROM outbox")
                await eventually(lambda: _is(mine.cursor.partition(".")[2], end))
                moves = mine.moves
                await asyncio.sleep(0.5)
                assert mine.moves == moves


async def _is(value, wanted):
    return value == wanted
