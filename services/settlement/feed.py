"""Journal and stays as streams: at least once, in commit order, without gaps."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from services.kit.clock import Clock
from services.settlement import feed_messages, metrics
from services.settlement.admission_store import AdmissionStore
from services.settlement.feed_store import START, FeedStore, Position, Reading, Standing
from services.settlement.fingerprints import Fingerprints
from yijie.settlement.v1 import settlement_service_pb2, visit_service_pb2

_EVERYTHING = "all"
"""Label of subscribers without a region."""
_ADMISSIONS = "admissions"
"""Label of those who follow stays."""

R = TypeVar("R")


@dataclass(slots=True, eq=False)
class _Stream:
    """A subscription that is open."""

    region: str
    waiting_since: datetime | None = None
    """When the oldest event happened that it is waiting for; None: it has all."""


@dataclass(frozen=True, slots=True)
class _Batch(Generic[R]):
    """What a subscriber is given at once."""

    rows: Sequence[R]
    cursor: str
    lag_ms: int


class Feed:
    """Reads the outboxes for subscribers."""

    def __init__(
        self,
        store: FeedStore,
        admissions: AdmissionStore,
        clock: Clock,
        *,
        fingerprints: Fingerprints,
        poll_s: float,
        heartbeat_s: float,
    ) -> None:
        """Looks for new events every `poll_s`; is silent for `heartbeat_s` at most."""
        self._store = store
        self._admissions = admissions
        self._clock = clock
        self._fingerprints = fingerprints
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
        await _require_given(position, self._store)
        # A first sign of life tells the subscriber at once that its cursor was accepted.
        yield settlement_service_pb2.SubscribeResponse(cursor=request.after_cursor)
        read = functools.partial(self._store.read, wanted=wanted)
        label = wanted.province or _EVERYTHING
        async with contextlib.aclosing(self._batches(read, position, label)) as batches:
            async for batch in batches:
                yield settlement_service_pb2.SubscribeResponse(
                    events=[feed_messages.event_of(row, self._fingerprints) for row in batch.rows],
                    cursor=batch.cursor,
                    lag_ms=batch.lag_ms,
                )

    async def read_admissions(
        self, request: visit_service_pb2.SubscribeAdmissionsRequest
    ) -> AsyncIterator[visit_service_pb2.SubscribeAdmissionsResponse]:
        """Yields what becomes of stays as `read` does what becomes of settlements."""
        position = feed_messages.read_cursor(request.after_cursor)
        await _require_given(position, self._admissions)
        yield visit_service_pb2.SubscribeAdmissionsResponse(cursor=request.after_cursor)
        read = self._admissions.read
        async with contextlib.aclosing(self._batches(read, position, _ADMISSIONS)) as batches:
            async for batch in batches:
                yield visit_service_pb2.SubscribeAdmissionsResponse(
                    events=[feed_messages.admission_of(row) for row in batch.rows],
                    cursor=batch.cursor,
                    lag_ms=batch.lag_ms,
                )

    async def _batches(
        self,
        read: Callable[[Position], Awaitable[Reading[R]]],
        position: Position,
        label: str,
    ) -> AsyncGenerator[_Batch[R], None]:
        silent_since = self._clock.monotonic()
        with self._open(label) as stream:
            while not self._closed.is_set():
                reading = await read(position)
                position, stream.waiting_since = reading.reached, reading.waiting_since
                if reading.rows or self._clock.monotonic() - silent_since >= self._heartbeat_s:
                    metrics.FEED_EVENTS.inc(len(reading.rows))
                    yield _Batch(
                        reading.rows,
                        feed_messages.write_cursor(position),
                        round(self._age_s(stream) * 1000),
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


async def _require_given(position: Position, store: FeedStore | AdmissionStore) -> None:
    if position == START:
        return
    standing = await store.find(position)
    if standing is Standing.BEYOND:
        raise feed_messages.cursor_in_future()
    if standing is Standing.UNKNOWN:
        raise feed_messages.cursor_invalid()
