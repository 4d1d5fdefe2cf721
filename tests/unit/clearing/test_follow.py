"""The follower of services.kit.feed without database and network: order, failures, waits, lag."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.kit import log
from services.kit.feed import (
    FEED_FAILURES,
    Batch,
    CursorMoved,
    FeedConfig,
    Follower,
    following,
)
from tests.support.settlement_feed import eventually

START = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE = FeedConfig(silence_s_max=0.2, backoff_s=0.001, backoff_s_max=0.004, standby_s=0.01)
ALIVE: Batch[str] = Batch(events=(), cursor="", last_event_time=None)


class HandClock:
    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return 0.0


class Feed:
    """A journal of letters; the cursor is the number of letters read."""

    def __init__(self, letters: str) -> None:
        self.letters = letters
        self.opened: list[str] = []
        self.closed = 0
        self.ending: Callable[[], Awaitable[None]] = self.silent

    async def subscribe(self, after: str) -> AsyncGenerator[Batch[str], None]:
        self.opened.append(after)
        try:
            for position in range(int(after or "0"), len(self.letters)):
                yield Batch(
                    events=(self.letters[position],),
                    cursor=str(position + 1),
                    last_event_time=START - timedelta(seconds=10 * (len(self.letters) - position)),
                )
            yield ALIVE
            await self.ending()
        finally:
            self.closed += 1

    @staticmethod
    async def silent() -> None:
        await asyncio.sleep(60)


class Table:
    """What is applied, with the cursor, as a transaction would keep them."""

    def __init__(self) -> None:
        self.cursor = ""
        self.applied = ""
        self.failures: list[BaseException] = []

    async def load(self) -> str:
        return self.cursor

    async def apply(self, after: str, batch: Batch[str]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if after != self.cursor:
            raise CursorMoved
        self.cursor = batch.cursor
        self.applied += "".join(batch.events)


@pytest.fixture(autouse=True)
def quiet() -> None:
    log.configure("clearing", "critical")


@contextlib.asynccontextmanager
async def followed(feed: Feed, table: Table, clock: HandClock) -> AsyncIterator[Follower[str]]:
    follower = Follower(
        "test", PATIENCE, clock, cursor=table.load, subscribe=feed.subscribe, apply=table.apply
    )
    async with following(follower):
        async with asyncio.timeout(5):
            await follower.caught_up.wait()
        yield follower


async def test_events_are_applied_in_order_from_the_stored_cursor() -> None:
    feed, table = Feed("abcdef"), Table()
    table.cursor, table.applied = "2", "ab"
    async with followed(feed, table, HandClock()):
        assert table.applied == "abcdef"
    assert (feed.opened, feed.closed) == (["2"], 1)


async def test_failures_are_tried_again_from_where_it_stopped() -> None:
    feed, table = Feed("abc"), Table()
    table.failures = [ConnectionError(), ValueError(), TimeoutError(), CursorMoved()]
    before = FEED_FAILURES.labels("test", "ValueError")._value.get()
    async with followed(feed, table, HandClock()):
        assert table.applied == "abc"
    assert feed.opened == [""] * 5
    assert feed.closed == 5
    assert FEED_FAILURES.labels("test", "ValueError")._value.get() == before + 1


async def test_a_first_sign_of_life_does_not_mean_that_nothing_is_left() -> None:
    clock, feed, table = HandClock(), Feed("ab"), Table()
    clock.instant += timedelta(seconds=5)

    async def greeted(after: str) -> AsyncGenerator[Batch[str], None]:
        yield ALIVE
        assert not follower.caught_up.is_set()
        assert follower.lag_s() == 0
        clock.instant += timedelta(seconds=3)
        assert follower.lag_s() == 3
        async with contextlib.aclosing(feed.subscribe(after)) as rest:
            async for batch in rest:
                yield batch

    follower = Follower(
        "test", PATIENCE, clock, cursor=table.load, subscribe=greeted, apply=table.apply
    )
    async with following(follower), asyncio.timeout(5):
        await follower.caught_up.wait()
    assert table.applied == "ab"


def failure_count() -> float:
    (metric,) = FEED_FAILURES.collect()
    return sum(one.value for one in metric.samples if one.labels["feed"] == "test")


async def test_a_stream_that_ends_is_opened_again_without_a_failure() -> None:
    feed, table = Feed("ab"), Table()
    before = failure_count()

    async def end() -> None:
        feed.ending = feed.silent
        feed.letters = "abc"

    feed.ending = end
    async with followed(feed, table, HandClock()):

        async def all_applied() -> None:
            assert table.applied == "abc"

        await eventually(all_applied)
    assert feed.opened == ["", "2"]
    assert failure_count() == before


async def test_a_silent_stream_is_opened_again() -> None:
    feed, table = Feed("a"), Table()
    async with followed(feed, table, HandClock()):

        async def opened_again() -> None:
            assert len(feed.opened) >= 2

        await eventually(opened_again)
    assert table.applied == "a"


async def test_another_replica_at_work_is_left_alone_and_followed() -> None:
    feed, table = Feed("abc"), Table()
    other = Table()

    async def apply(after: str, batch: Batch[str]) -> None:
        if not other.applied:  # the other one is faster with the first batch
            other.applied = "a"
            table.cursor, table.applied = batch.cursor, "a"
        await table.apply(after, batch)

    follower = Follower(
        "test", PATIENCE, HandClock(), cursor=table.load, subscribe=feed.subscribe, apply=apply
    )
    async with following(follower), asyncio.timeout(5):
        await follower.caught_up.wait()
    assert table.applied == "abc"
    assert feed.opened == ["", "1"]


async def test_the_lag_is_the_age_of_the_last_event_until_the_feed_says_that_nothing_is_left() -> (
    None
):
    clock, feed, table = HandClock(), Feed("ab"), Table()
    lags: list[float] = []

    async def apply(after: str, batch: Batch[str]) -> None:
        lags.append(follower.lag_s())
        await table.apply(after, batch)

    follower = Follower(
        "test", PATIENCE, clock, cursor=table.load, subscribe=feed.subscribe, apply=apply
    )
    clock.instant += timedelta(seconds=7)
    assert follower.lag_s() == 7
    async with following(follower):
        async with asyncio.timeout(5):
            await follower.caught_up.wait()
        # Seven seconds after the start; event a is ten seconds older than event b.
        assert lags == [7, 27]
        assert follower.lag_s() == 0
        clock.instant += timedelta(seconds=100)
        assert follower.lag_s() == 100
