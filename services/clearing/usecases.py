"""What clearing does with the feed, and how it answers positions and entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.clearing import hub_store, metrics, store
from services.clearing.domain.ledger import (
    Booking,
    Position,
    SettlementEvent,
    book,
)
from services.kit.feed import Batch, move_cursor

if TYPE_CHECKING:
    from datetime import datetime

    from services.clearing.hub_store import HubEvent
    from services.clearing.store import BookedEntry, EntryFilter, PositionFilter
    from services.kit.db import Connection, Database


async def book_batch(
    database: Database, *, after: str, batch: Batch[SettlementEvent]
) -> tuple[Booking, ...]:
    """Books a batch of the feed in one transaction with the cursor; returns what was new.

    Raises:
        CursorMoved: the batch was booked already, here or by another replica.
        EventRefused: an event cannot be booked; nothing of the batch is.
    """

    async def work(connection: Connection) -> tuple[Booking, ...]:
        await move_cursor(connection, store.FEED, after=after, to=batch.cursor)
        known = await store.load_bookings(
            connection, {event.settlement_id for event in batch.events}
        )
        new = book(batch.events, known)
        await store.append_bookings(connection, new)
        return new

    bookings = await database.run("clearing.book_batch", work)
    # Counted after the commit: work may run more than once.
    for booking in bookings:
        metrics.BOOKINGS.labels(booking.kind.value).inc()
        for transfer in booking.transfers:
            metrics.TRANSFERS.labels(transfer.fund_type_code).inc()
    return bookings


async def keep_batch(
    database: Database, *, after: str, batch: Batch[HubEvent], now: datetime
) -> None:
    """Keeps a batch of the feed as the hub's leg, in one transaction with the cursor.

    Raises:
        CursorMoved: the batch was kept already, here or by another replica.
    """

    async def work(connection: Connection) -> None:
        await move_cursor(connection, hub_store.FEED, after=after, to=batch.cursor)
        await hub_store.store_events(connection, batch.events, now)
        if batch.last_event_time is not None:
            await hub_store.mark(connection, batch.last_event_time)

    await database.run("clearing.keep_batch", work)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionPage:
    """A page of positions as one reading found them."""

    positions: list[Position]
    """By insured province, care province, month and scheme."""
    cursor: str
    """The feed cursor that these positions hold up to."""
    has_more: bool


async def get_positions(database: Database, wanted: PositionFilter, *, size: int) -> PositionPage:
    """Returns a page of positions, and the feed cursor that they hold up to."""
    found, cursor = await store.get_positions(database, wanted, limit=size + 1)
    return PositionPage(positions=found[:size], cursor=cursor, has_more=len(found) > size)


async def list_entries(
    database: Database, wanted: EntryFilter, *, size: int
) -> tuple[list[BookedEntry], bool]:
    """Returns a page of entries in booking order, and whether there are more."""
    found = await store.list_entries(database, wanted, limit=size + 1)
    return found[:size], len(found) > size
