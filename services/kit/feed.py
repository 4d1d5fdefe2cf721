"""Follows a feed of another service: at least once in, exactly once into our own tables.

The feed answers batches of events after a cursor. Each batch is applied in one transaction that
also moves our cursor, and moves it only from where the batch was read after: whoever applies the
same batch a second time (a repeat, another replica, a process that was thought dead) finds the
cursor elsewhere and rolls back. So there is no moment at which a crash of either side matters.

A service that follows a feed has a table `feed_cursor (feed, cursor, update_time)`, a row each.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Sequence,
)
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import grpc
import prometheus_client

from services.kit import config as settings
from services.kit import telemetry, wire
from services.kit.clock import Clock
from services.kit.db import Connection, Database
from services.kit.errors import DomainError
from services.kit.log import get_logger

E = TypeVar("E")

FEED_LAG = prometheus_client.Gauge(
    "yijie_feed_lag_seconds",
    "Age of the event applied last, or of what the feed held back when it gave a sign of life.",
    ["feed"],
)
FEED_EVENTS = prometheus_client.Counter(
    "yijie_feed_events", "Events of a feed that were applied.", ["feed"]
)
FEED_FAILURES = prometheus_client.Counter(
    "yijie_feed_failures",
    "Times that following a feed broke off, by class of error.",
    ["feed", "error"],
)

_RECORDS: Final = ("settlement", "refusal", "reimbursement")
"""Fields of events that hold a record with a trace."""

_LOAD_CURSOR = """/* feed.load_cursor */
SELECT cursor FROM feed_cursor WHERE feed = $1"""
_MOVE_CURSOR = """/* feed.move_cursor */
UPDATE feed_cursor SET cursor = $3, update_time = now() WHERE feed = $1 AND cursor = $2"""


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """How patiently a feed is followed."""

    silence_s_max: float = settings.env("FEED_SILENCE_S_MAX", settings.parse_seconds, default=30.0)
    """A feed that gives neither events nor a sign of life for this long is opened anew."""
    backoff_s: float = settings.env("FEED_BACKOFF_S", settings.parse_seconds, default=0.2)
    """First wait after a failure; doubles with each further one."""
    backoff_s_max: float = settings.env("FEED_BACKOFF_S_MAX", settings.parse_seconds, default=10.0)
    """Longest wait after a failure."""
    standby_s: float = settings.env("FEED_STANDBY_S", settings.parse_seconds, default=5.0)
    """Wait of a replica that found another one at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[E]):
    """What a feed gives at once."""

    events: Sequence[E]
    """In the feed's order; empty: a sign of life, nothing more to give now."""
    cursor: str
    """Where the feed goes on after these events."""
    last_event_time: datetime | None
    """When the last of the events happened; None without events."""
    lag_s: float = 0.0
    """How far the feed was behind its journal when it read this; 0: nothing was left."""
    trace_ids: Sequence[str] = ()
    """Traces of the calls that the events tell of, 32 hex digits each; without those unknown."""


async def batches(
    stream: grpc.aio.UnaryStreamCall, read: Callable[[Any], E]
) -> AsyncGenerator[Batch[E], None]:
    """Gives what a Subscribe stream brings, each event as `read` has it; cancels it when closed.

    A response has `events`, each with an `event_time`, the `cursor` after them, and `lag_ms`.
    """
    try:
        async for response in stream:
            yield Batch(
                events=tuple(read(event) for event in response.events),
                cursor=response.cursor,
                last_event_time=(
                    wire.read_time(response.events[-1].event_time) if response.events else None
                ),
                lag_s=response.lag_ms / 1000,
                trace_ids=_trace_ids(response.events),
            )
    finally:
        # An abandoned stream would go on receiving.
        stream.cancel()


def _trace_ids(events: Iterable[Any]) -> tuple[str, ...]:
    """Returns the traces that events tell of: those of the record in each of them."""
    records = (getattr(event, name, None) for event in events for name in _RECORDS)
    return tuple(dict.fromkeys(record.trace_id for record in records if record is not None))


class CursorMoved(Exception):
    """The stored cursor is not where this batch was read after: another has applied it."""


async def move_cursor(connection: Connection, feed: str, *, after: str, to: str) -> None:
    """Moves a cursor inside the transaction that applies a batch; call it before anything else.

    The row lock that it takes makes a second consumer wait and then fail.

    Raises:
        CursorMoved: the cursor is not at `after`.
    """
    if await connection.execute(_MOVE_CURSOR, feed, after, to) != "UPDATE 1":
        raise CursorMoved(feed)


async def load_cursor(database: Database, feed: str) -> str:
    """Returns where a feed goes on; empty: at its beginning."""
    row = await database.fetchrow(_LOAD_CURSOR, feed)
    if row is None:
        msg = f"no cursor is kept for the feed {feed}"
        raise LookupError(msg)
    return str(row["cursor"])


class Follower(Generic[E]):
    """Follows one feed for as long as the process lives.

    Attributes:
        caught_up: set while nothing is known to be left in the feed.
    """

    def __init__(
        self,
        feed: str,
        config: FeedConfig,
        clock: Clock,
        *,
        cursor: Callable[[], Awaitable[str]],
        subscribe: Callable[[str], AsyncGenerator[Batch[E], None]],
        apply: Callable[[str, Batch[E]], Awaitable[None]],
    ) -> None:
        """Holds what to follow.

        Args:
            feed: its name, in metrics and logs.
            config: waits.
            clock: for the lag.
            cursor: loads our cursor.
            subscribe: opens the feed after a cursor.
            apply: applies a batch read after a cursor in one transaction, with `move_cursor` in it.
        """
        self._feed = feed
        self._config = config
        self._clock = clock
        self._cursor = cursor
        self._subscribe = subscribe
        self._apply = apply
        self._failures = 0
        self._current_at = clock.now()
        self.caught_up = asyncio.Event()
        FEED_LAG.labels(feed).set_function(self.lag_s)

    def lag_s(self) -> float:
        """Returns how far behind we are, in seconds: it grows while the feed cannot be followed."""
        return max(0.0, (self._clock.now() - self._current_at).total_seconds())

    async def run(self) -> None:
        """Follows until cancelled. A failure is logged and tried again: nothing is ever skipped."""
        while True:
            try:
                await self._follow()
            except CursorMoved:
                # Not a failure: with several replicas one works and the others look in from time
                # to time whether it still does.
                await asyncio.sleep(self._config.standby_s)
            except Exception as error:  # noqa: BLE001 - whatever it is, the feed must go on
                await self._back_off(error)

    async def _follow(self) -> None:
        cursor = await self._cursor()
        first = True
        async with contextlib.aclosing(self._subscribe(cursor)) as stream:
            while True:
                async with asyncio.timeout(self._config.silence_s_max):
                    batch = await anext(stream, None)
                if batch is None:
                    # The server ends streams by their age, so that clients find new replicas.
                    return
                # A feed with a filter moves our cursor over what does not concern us: kept too, or
                # we would look through it again when we come back.
                if batch.events or (batch.cursor and batch.cursor != cursor):
                    cursor = await self._take(cursor, batch)
                # A first sign of life says that the cursor was accepted, not that nothing is left.
                if not batch.events and not first:
                    self._sign_of_life(batch)
                first = False

    async def _take(self, cursor: str, batch: Batch[E]) -> str:
        self.caught_up.clear()
        with telemetry.span(f"feed.{self._feed}", attributes={"yijie.count": len(batch.events)}):
            for trace_id in batch.trace_ids:
                telemetry.link(trace_id)
            await self._apply(cursor, batch)
        if batch.last_event_time is not None:
            self._current_at = batch.last_event_time
        FEED_EVENTS.labels(self._feed).inc(len(batch.events))
        self._failures = 0
        return batch.cursor

    def _sign_of_life(self, batch: Batch[E]) -> None:
        self._current_at = self._clock.now() - timedelta(seconds=batch.lag_s)
        self._failures = 0
        if not batch.lag_s:
            self.caught_up.set()

    async def _back_off(self, error: Exception) -> None:
        name = type(error).__name__
        reason = error.reason if isinstance(error, DomainError) else ""
        FEED_FAILURES.labels(self._feed, name).inc()
        get_logger().warning(
            "feed interrupted", exception=name, reason=reason, attempt=self._failures + 1
        )
        longest = min(self._config.backoff_s_max, self._config.backoff_s * 2.0**self._failures)
        # A power of two beyond this one is above any sensible maximum already.
        self._failures = min(self._failures + 1, 30)
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret


@contextlib.asynccontextmanager
async def following(follower: Follower[E]) -> AsyncIterator[Follower[E]]:
    """Follows while the block runs; a batch in hand at the end is rolled back and comes again."""
    task = asyncio.create_task(follower.run(), name="feed")
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.wait([task])
