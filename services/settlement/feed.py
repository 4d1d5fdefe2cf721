"""The journal as a stream: at least once, in commit order, without gaps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from services.kit.clock import Clock
from services.settlement import mapping, metrics
from services.settlement.store import Store
from yijie.settlement.v1 import settlement_service_pb2

_BATCH_MAX = 200


async def read_feed(
    store: Store, clock: Clock, after_cursor: str, *, poll_s: float, heartbeat_s: float
) -> AsyncIterator[settlement_service_pb2.SubscribeResponse]:
    """Yields batches of events after a cursor, and empty ones as signs of life. Never ends.

    The consumer's pace is the feed's: nothing is read before the batch in hand was taken. Raises
    CURSOR_INVALID.
    """
    transaction_id, sequence = mapping.read_cursor(after_cursor)
    silent_since = clock.monotonic()
    # A first sign of life tells the subscriber at once that its cursor was accepted.
    yield settlement_service_pb2.SubscribeResponse(cursor=after_cursor)
    while True:
        rows = await store.read_feed(transaction_id, sequence, _BATCH_MAX)
        if rows:
            transaction_id, sequence = rows[-1].transaction_id, rows[-1].sequence
            metrics.FEED_EVENTS.inc(len(rows))
        elif clock.monotonic() - silent_since < heartbeat_s:
            await asyncio.sleep(poll_s)
            continue
        silent_since = clock.monotonic()
        yield settlement_service_pb2.SubscribeResponse(
            events=[mapping.event_of(row) for row in rows],
            cursor=mapping.write_cursor(transaction_id, sequence),
        )
