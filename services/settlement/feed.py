"""The journal as a stream: at least once, in commit order, without gaps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from services.kit.clock import Clock
from services.settlement import messages, metrics
from services.settlement.store import FeedRow, Store
from yijie.settlement.v1 import settlement_service_pb2

_BATCH_MAX = 200
_BATCH_BYTES_MAX = 1024 * 1024
"""A quarter of what a subscriber takes at once: a batch too long would be so for ever."""


class Feed:
    """Reads the outbox for subscribers."""

    def __init__(self, store: Store, clock: Clock, *, poll_s: float, heartbeat_s: float) -> None:
        """Looks for new events every `poll_s`; is silent for `heartbeat_s` at most."""
        self._store = store
        self._clock = clock
        self._poll_s = poll_s
        self._heartbeat_s = heartbeat_s
        self._closed = asyncio.Event()

    async def read(
        self, after_cursor: str
    ) -> AsyncIterator[settlement_service_pb2.SubscribeResponse]:
        """Yields batches of events after a cursor, and empty ones as signs of life.

        The consumer's pace is the feed's: nothing is read before the batch in hand was taken. Ends
        when the service drains; the subscriber comes back with its cursor. Raises CURSOR_INVALID.
        """
        transaction_id, sequence = messages.read_cursor(after_cursor)
        # A first sign of life tells the subscriber at once that its cursor was accepted.
        yield settlement_service_pb2.SubscribeResponse(cursor=after_cursor)
        silent_since = self._clock.monotonic()
        while not self._closed.is_set():
            rows = await self._store.read_feed(transaction_id, sequence, _BATCH_MAX)
            if not rows and self._clock.monotonic() - silent_since < self._heartbeat_s:
                await self._pause()
                continue
            for batch in _batches(rows):
                if batch:
                    transaction_id, sequence = batch[-1].transaction_id, batch[-1].sequence
                    metrics.FEED_EVENTS.inc(len(batch))
                yield settlement_service_pb2.SubscribeResponse(
                    events=[messages.event_of(row) for row in batch],
                    cursor=messages.write_cursor(transaction_id, sequence),
                )
            silent_since = self._clock.monotonic()
            if len(rows) < _BATCH_MAX:
                # A consumer commits once per batch: a few events at a time would cost it thrice.
                await self._pause()

    def close(self) -> None:
        """Ends every stream, so that draining does not wait for what never ends."""
        self._closed.set()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closed.wait(), self._poll_s)
        except TimeoutError:
            return


def _batches(rows: Sequence[FeedRow]) -> Iterator[Sequence[FeedRow]]:
    """Parts rows by size; a row that is too long alone is a batch, and none are an empty one."""
    batch: list[FeedRow] = []
    size = 0
    for row in rows:
        if batch and size + len(row.settlement) > _BATCH_BYTES_MAX:
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.settlement)
    yield batch
