"""Goal: a feed out of a table skips nothing, doubles nothing and gives nobody what is not theirs.

A table of its own in filing's schema stands for any service's.
"""

from __future__ import annotations

import asyncio
import random

import asyncpg
import pytest

from services.kit.db import DatabaseConfig, open_database
from services.kit.errors import InvalidArgument
from services.kit.outbox import (
    BYTES_MAX,
    ROWS_MAX,
    SCANNED_MAX,
    START,
    Outbox,
    OutboxFeed,
    OutboxStore,
    Position,
    Standing,
    read_cursor,
    write_cursor,
)
from tests.support.clock import FakeClock

pytestmark = pytest.mark.postgres

OUTBOX = Outbox(
    service="filing",
    table="parcel",
    content="content",
    columns=("content", "addressee"),
    filters=("addressee",),
    wanted="addressee = $3",
)
_TABLE = """
CREATE TABLE parcel (
    transaction_id xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_time     timestamptz NOT NULL DEFAULT now(),
    addressee      text        NOT NULL,
    content        bytea,
    PRIMARY KEY (transaction_id, sequence) INCLUDE (addressee)
)"""
_SEND = "INSERT INTO parcel (addressee, content) VALUES ($1, $2)"


async def connect(dsn):
    return await asyncpg.connect(dsn, server_settings={"search_path": "filing"})


@pytest.fixture
async def writer(dsn):
    connection = await connect(dsn)
    await connection.execute(_TABLE)
    yield connection
    await connection.close()


@pytest.fixture
async def store(dsn, writer):
    config = DatabaseConfig(dsn=dsn, pool_size_max=2)
    async with open_database(config, "filing") as database:
        yield OutboxStore(database, OUTBOX)


async def read_out(store, after=START, wanted=None):
    """Everything after a position, and where that ends."""
    contents = []
    while True:
        reading = await store.read(after, wanted)
        contents += [row.columns["content"] for row in reading.rows]
        after = reading.reached
        if not reading.has_more:
            return contents, after


async def test_a_running_transaction_holds_back_what_came_after_it(dsn, writer, store):
    slow = await connect(dsn)
    try:
        running = slow.transaction()
        await running.start()
        await slow.execute(_SEND, "a", b"first")
        await writer.execute(_SEND, "a", b"second")
        reading = await store.read(START)
        assert (reading.rows, reading.reached) == ([], START)
        assert reading.waiting_since is not None
        await running.commit()
        contents, _ = await read_out(store)
        assert contents == [b"first", b"second"]
    finally:
        await slow.close()


async def test_nothing_is_skipped_or_doubled_under_concurrent_writers(dsn, writer, store):
    del writer
    written, read = set(), []

    async def write(number):
        chance = random.Random(number)  # noqa: S311 - jitter, no secret
        connection = await connect(dsn)
        try:
            for turn in range(15):
                content = f"{number}.{turn}".encode()
                transaction = connection.transaction()
                await transaction.start()
                await connection.execute(_SEND, chance.choice("ab"), content)
                await asyncio.sleep(chance.uniform(0, 0.01))
                if chance.random() < 0.2:
                    await transaction.rollback()
                else:
                    await transaction.commit()
                    written.add(content)
        finally:
            await connection.close()

    async def follow(wanted, into):
        position = START
        while not done.is_set() or (await store.read(position, wanted)).rows:
            reading = await store.read(position, wanted)
            into += [row.columns["content"] for row in reading.rows]
            position = read_cursor(write_cursor(reading.reached))

    done = asyncio.Event()
    mine: list[bytes] = []
    others: list[bytes] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(follow(None, read))
        group.create_task(follow(("a",), mine))
        group.create_task(follow(("b",), others))
        async with asyncio.TaskGroup() as writers:
            for number in range(4):
                writers.create_task(write(number))
        done.set()
    assert sorted(read) == sorted(written)
    assert sorted(mine + others) == sorted(written)
    assert len(mine) < len(written) > len(others)


async def test_a_filter_gives_one_addressee_s_and_moves_over_the_rest(writer, store):
    await writer.executemany(_SEND, [("b", b"x")] * (SCANNED_MAX + 5) + [("a", b"mine")])
    reading = await store.read(START, ("a",))
    assert (reading.rows, reading.has_more) == ([], True)
    assert reading.reached > START
    contents, end = await read_out(store, reading.reached, ("a",))
    assert contents == [b"mine"]
    assert await store.find(end) is Standing.GIVEN


async def test_a_batch_is_bounded_by_rows_and_bytes(writer, store):
    await writer.executemany(_SEND, [("a", None)] * (ROWS_MAX + 1))
    reading = await store.read(START)
    assert (len(reading.rows), reading.has_more) == (ROWS_MAX, True)
    big = b"x" * (BYTES_MAX // 2 + 1)
    await writer.executemany(_SEND, [("c", big)] * 3)
    end = (await store.read(reading.reached)).reached
    contents, _ = await read_out(store)
    assert len(contents) == ROWS_MAX + 4
    assert end > reading.reached
    sizes = []
    position = START
    while True:
        found = await store.read(position, ("c",))
        sizes.append(len(found.rows))
        position = found.reached
        if not found.has_more:
            break
    assert sizes == [1, 1, 1]


async def test_a_cursor_of_something_else_is_refused(writer, store):
    await writer.executemany(_SEND, [("a", b"1"), ("a", b"2")])
    _, end = await read_out(store)
    feed = OutboxFeed("test", store, FakeClock(), poll_s=0.01, heartbeat_s=0.01)

    async def opened(cursor):
        stream = feed.read(cursor)
        try:
            await anext(stream)
        finally:
            await stream.aclose()

    await opened(write_cursor(end))
    for cursor, reason in (
        ("x", "CURSOR_INVALID"),
        ("1.2.3", "CURSOR_INVALID"),
        (f"{1 << 63}.1", "CURSOR_INVALID"),
        ("٣.١", "CURSOR_INVALID"),
        (write_cursor(Position(end.transaction_id - 1, end.sequence)), "CURSOR_INVALID"),
        (write_cursor(Position(end.transaction_id + 999, 1)), "CURSOR_IN_FUTURE"),
        (write_cursor(Position(end.transaction_id, end.sequence + 9)), "CURSOR_IN_FUTURE"),
    ):
        with pytest.raises(InvalidArgument) as caught:
            await opened(cursor)
        assert (caught.value.reason, cursor) == (reason, cursor)


async def test_a_stream_gives_signs_of_life_and_ends_when_closed(writer, store):
    feed = OutboxFeed("test", store, FakeClock(), poll_s=0.01, heartbeat_s=0)
    stream = feed.read("", region="640000")
    first = await anext(stream)
    assert (first.rows, first.cursor) == ((), "")
    await writer.execute(_SEND, "a", b"1")

    async def until_given():
        async for given in stream:
            if given.rows:
                return given
        raise AssertionError("ended")

    given = await asyncio.wait_for(until_given(), 10)
    assert read_cursor(given.cursor) == given.rows[-1].position
    sign = await anext(stream)
    assert (sign.rows, sign.cursor, sign.lag_ms) == ([], given.cursor, 0)
    assert feed.lag_s("640000") == 0
    feed.close()
    assert [left async for left in stream] == []
