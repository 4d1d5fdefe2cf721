"""The journal as a stream: at least once, in commit order, without gaps."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.kit.clock import Clock
from services.settlement import feed_messages, metrics
from services.settlement.feed_store import START, FeedStore, Position, Standing
from yijie.settlement.v1 import settlement_service_pb2

_EVERYTHING = "all"
"""Label of subscribers without a region."""


@dataclass(slots=True, eq=False)
class _Stream:
    """A subscription that is open."""

    region: str
    waiting_since: datetime | None = None
    """When the oldest event happened that it is waiting for; None: it has all."""


class Feed:
    """Reads the outbox for subscribers."""

    def __init__(
        self, store: FeedStore, clock: Clock, *, poll_s: float, heartbeat_s: float
    ) -> None:
        """Looks for new events every `poll_s`; is silent for `heartbeat_s` at most."""
        self._store = store
        self._clock = clock
        self._poll_s = poll_s
        self._heartbeat_s = heartbeat_s
        self._closed = asyncio.Event()
        self._streams: set[_Stream] = set()

    async def read(
        self, request: settlement_service_pb2.SubscribeRequest
    ) -> AsyncIterator[settlement_service_pb2.SubscribeResponse]:
        """Yields batches of what a subscriber wants, and empty ones as signs of life.

        The consumer's pace is the feed's: nothing is read before the batch in hand was taken. The
        cursor moves over what is not wanted too, so that nobody who comes back reads it again. Ends
        when the service drains; the subscriber comes back with its cursor. Raises what
        SettlementService.Subscribe documents, but for CALLER_NOT_ALLOWED.
        """
        wanted = feed_messages.read_wanted(request)
        position = feed_messages.read_cursor(request.after_cursor)
        await self._require_given(position)
        # A first sign of life tells the subscriber at once that its cursor was accepted.
        yield settlement_service_pb2.SubscribeResponse(cursor=request.after_cursor)
        silent_since = self._clock.monotonic()
        with self._open(wanted.province or _EVERYTHING) as stream:
            while not self._closed.is_set():
                reading = await self._store.read(position, wanted)
                position, stream.waiting_since = reading.reached, reading.waiting_since
                if reading.rows or self._clock.monotonic() - silent_since >= self._heartbeat_s:
                    metrics.FEED_EVENTS.inc(len(reading.rows))
                    yield settlement_service_pb2.SubscribeResponse(
                        events=[feed_messages.event_of(row) for row in reading.rows],
                        cursor=feed_messages.write_cursor(position),
                        lag_ms=round(self._age_s(stream) * 1000),
                    )
                    silent_since = self._clock.monotonic()
                if not reading.has_more:
                    # A consumer commits once per batch: a few events at a time would cost it
                    # thrice.
                    await self._pause()

    def lag_s(self, region: str) -> float:
        """Returns how long the furthest behind of a region's subscribers has been waiting."""
        return max((self._age_s(one) for one in self._streams if one.region == region), default=0.0)

    def close(self) -> None:
        """Ends every stream, so that draining does not wait for what never ends."""
        self._closed.set()

    async def _require_given(self, position: Position) -> None:
        if position == START:
            return
        standing = await self._store.find(position)
        if standing is Standing.BEYOND:
            raise feed_messages.cursor_in_future()
        if standing is Standing.UNKNOWN:
            raise feed_messages.cursor_invalid()

    @contextlib.contextmanager
    def _open(self, region: str) -> Iterator[_Stream]:
        stream = _Stream(region)
        self._streams.add(stream)
        metrics.FEED_LAG.labels(region).set_function(functools.partial(self.lag_s, region))
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    def _age_s(self, stream: _Stream) -> float:
        if stream.waiting_since is None:
            return 0.0
        return max(0.0, (self._clock.now() - stream.waiting_since).total_seconds())

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closed.wait(), self._poll_s)
        except TimeoutError:
            return
