"""Goal: whoever follows a filtered feed keeps how far it has looked, and how far behind it is.

What holds of every feed: tests/unit/clearing/test_follow.py.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.kit import log
from services.kit.feed import Batch, CursorMoved, FeedConfig, Follower, batches, following
from tests.support.clock import FakeClock
from tests.support.eventually import eventually
from yijie.settlement.v1 import settlement_service_pb2 as pb

START = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE = FeedConfig(silence_s_max=5, backoff_s=0.001, backoff_s_max=0.004, standby_s=0.01)


def sign(cursor, lag_s=0.0):
    return Batch(events=(), cursor=cursor, last_event_time=None, lag_s=lag_s)


def events(cursor, *letters):
    return Batch(events=letters, cursor=cursor, last_event_time=START, lag_s=1.0)


class Feed:
    """Gives the batches after a cursor, then is silent until more are offered."""

    def __init__(self, *offered):
        self.offered = asyncio.Queue()
        self.opened = []
        for batch in offered:
            self.offered.put_nowait(batch)

    async def subscribe(self, after):
        self.opened.append(after)
        yield sign(after)
        while True:
            yield await self.offered.get()


class Table:
    def __init__(self):
        self.cursor, self.applied = "", []

    async def load(self):
        return self.cursor

    async def apply(self, after, batch):
        if after != self.cursor:
            raise CursorMoved
        self.cursor = batch.cursor
        self.applied.append("".join(batch.events))


@pytest.fixture(autouse=True)
def quiet():
    log.configure("clearing", "critical")


def follower_of(feed, table, clock):
    return Follower(
        "kit", PATIENCE, clock, cursor=table.load, subscribe=feed.subscribe, apply=table.apply
    )


async def test_a_cursor_that_moves_without_events_is_kept():
    feed, table = Feed(sign("5"), events("7", "a"), sign("7"), sign("9"), sign("9")), Table()
    async with following(follower_of(feed, table, FakeClock())):

        async def at_the_end():
            assert table.cursor == "9"
            assert feed.offered.empty()

        await eventually(at_the_end, within_s=5)
        # What comes next follows from there.
        feed.offered.put_nowait(events("12", "b"))

        async def applied():
            assert table.cursor == "12"

        await eventually(applied, within_s=5)
    # One transaction for each move, none where nothing moved.
    assert table.applied == ["", "a", "", "b"]
    assert feed.opened == [""]


async def test_a_sign_of_life_without_a_cursor_moves_nothing():
    feed, table = Feed(sign(""), sign("")), Table()
    table.cursor = "3"
    follower = follower_of(feed, table, FakeClock())
    async with following(follower), asyncio.timeout(5):
        await follower.caught_up.wait()
    assert (table.cursor, table.applied) == ("3", [])


async def test_what_the_feed_holds_back_counts_as_lag():
    clock = FakeClock()
    feed, table = Feed(sign("1", lag_s=4.0)), Table()
    follower = follower_of(feed, table, clock)
    async with following(follower):

        async def behind():
            assert follower.lag_s() == 4.0

        await eventually(behind, within_s=5)
        assert not follower.caught_up.is_set()
        clock.advance(seconds=1)
        assert follower.lag_s() == 5.0
        feed.offered.put_nowait(sign("1"))
        async with asyncio.timeout(5):
            await follower.caught_up.wait()
        assert follower.lag_s() == 0


async def test_batches_carry_the_lag():
    class Stream:
        is_cancelled = False

        def __aiter__(self):
            return self.responses()

        async def responses(self):
            yield pb.SubscribeResponse(cursor="1", lag_ms=2_500)
            response = pb.SubscribeResponse(cursor="2")
            response.events.add(cursor="2").event_time.FromDatetime(START + timedelta(seconds=3))
            yield response

        def cancel(self):
            self.is_cancelled = True

    stream = Stream()
    got = [batch async for batch in batches(stream, lambda event: event.cursor)]
    assert [(batch.cursor, batch.lag_s, batch.events) for batch in got] == [
        ("1", 2.5, ()),
        ("2", 0.0, ("2",)),
    ]
    assert got[1].last_event_time == START + timedelta(seconds=3)
    assert stream.is_cancelled
