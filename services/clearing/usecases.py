"""What clearing does with the feed, and how it answers positions and entries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.clearing import balances as ledger
from services.clearing import chain, hub_store, metrics, store
from services.clearing.domain.ledger import Booking, SettlementEvent, book, next_month
from services.kit.clock import civil_date
from services.kit.feed import Batch, move_cursor

if TYPE_CHECKING:
    from datetime import datetime

    from services.clearing.balances import Balance, BalanceFilter
    from services.clearing.domain.chain import Head
    from services.clearing.domain.positions import Position
    from services.clearing.hub_store import HubEvent
    from services.clearing.store import BookedEntry, EntryFilter, PositionFilter
    from services.kit.db import Connection, Database


SETTLING: Final = timedelta(seconds=5)
"""A commit takes a moment: what happened just now may not be in the feed yet."""


async def book_batch(
    database: Database,
    *,
    after: str,
    batch: Batch[SettlementEvent],
    now: datetime | None = None,
) -> tuple[Booking, ...]:
    """Books a batch of the feed in one transaction with the cursor; returns what was new.

    Each event goes to its own month, or to the first that is not cut. Without `now` the block's
    instant is the database's.

    Raises:
        CursorMoved: the batch was booked already, here or by another replica.
        EventRefused: an event cannot be booked; nothing of the batch is.
    """

    async def work(connection: Connection) -> tuple[Booking, ...]:
        await move_cursor(connection, store.FEED, after=after, to=batch.cursor)
        if batch.last_event_time is None:
            return ()
        # Before the months are read: none is cut until this transaction ends.
        await chain.lock(connection)
        cut_month = await store.last_cut_month(connection)
        known = await store.load_bookings(
            connection, {event.settlement_id for event in batch.events}
        )
        new = book(batch.events, known, open_month=next_month(cut_month) if cut_month else "")
        await store.append_bookings(connection, new, now=now)
        await store.note_late_days(connection, {civil_date(one.event_time) for one in new})
        await store.mark(connection, batch.last_event_time - SETTLING)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancePage:
    """A page of balances, all pages of a list as of one block."""

    balances: list[Balance]
    head: Head
    has_more: bool


async def get_balances(
    database: Database,
    wanted: BalanceFilter,
    *,
    as_of: datetime | None,
    after: tuple[int, tuple[str, ...]] | None,
    size: int,
) -> BalancePage:
    """Returns a page of balances as of an instant, or as they stand when the list is begun.

    `after`: the block and the key of the last balance of the page before.
    """
    key = after[1] if after else ledger.FIRST

    async def newest(connection: Connection) -> BalancePage | None:
        # Nobody writes from here to the end: the kept balances are those of the last block.
        head = await ledger.digest_at(connection)
        if after is not None and after[0] != head.block_id:
            return None
        found = await ledger.balances(connection, wanted, after=key, limit=size + 1)
        return BalancePage(balances=found[:size], head=head, has_more=len(found) > size)

    page = await database.run("clearing.get_balances", newest) if as_of is None or after else None
    if page is not None:
        return page
    # Without the lock: what the blocks of the past add up to is the same for ever.
    if after is not None:
        head = await ledger.head_of(database, after[0])
    else:
        head = await ledger.digest_at(database, as_of)
    found = await ledger.balances_at(database, wanted, head.block_id, after=key, limit=size + 1)
    return BalancePage(balances=found[:size], head=head, has_more=len(found) > size)


async def list_entries(
    database: Database, wanted: EntryFilter, *, size: int
) -> tuple[list[BookedEntry], bool]:
    """Returns a page of entries in booking order, and whether there are more."""
    found = await store.list_entries(database, wanted, limit=size + 1)
    return found[:size], len(found) > size
