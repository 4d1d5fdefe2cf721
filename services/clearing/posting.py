"""What people decide, booked: at once or in two steps; and the months that the feed is cut into.

Each call writes one block of the chain, locks the chain until its transaction ends and is harmless
when repeated. Lock rows of your own before, not after: two who do it in another order meet in a
deadlock, which the database ends by repeating one of them.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from services.clearing import chain, store
from services.clearing.domain.ledger import (
    Kind,
    LedgerRefused,
    Posting,
    Purpose,
    Step,
    next_month,
)
from services.clearing.domain.postings import book_posting, book_resolution, movements_of
from services.kit.clock import civil_midnight
from services.kit.errors import RuleForbids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.clearing.domain.ledger import Booking, Pair
    from services.kit.db import Connection

_MONTHS: Final = """/* clearing.load_months */
SELECT (SELECT max(month) FROM month_cut) AS cut_month,
       (SELECT max(month) FROM month_cut WHERE table_time IS NOT NULL) AS table_month,
       (SELECT min(month) FROM position WHERE settlement_count + reversal_count > 0)
           AS first_month"""
_FEED: Final = """/* clearing.load_feed_state */
SELECT c.cursor, m.complete_time
  FROM feed_cursor c LEFT JOIN feed_mark m ON m.feed = c.feed
 WHERE c.feed = $1"""
_CUT: Final = """/* clearing.cut_month */
INSERT INTO month_cut (month, cut_time, feed_cursor, cut_block) VALUES ($1, $2, $3, $4)"""
_CLOSE_TABLES: Final = """/* clearing.close_tables */
UPDATE month_cut SET table_time = $2, table_block = $3 WHERE month = $1"""


async def post(connection: Connection, postings: Sequence[Posting], *, now: datetime) -> int:
    """Books postings at once; returns how many were new.

    A posting of a source and kind that is booked with the same movements is a repeat and gives
    nothing.

    Raises:
        LedgerRefused: one is booked with other movements, or waits for a decision.
        RuleForbids(MONTH_IS_CUT): one belongs to a month that takes no more of its purpose.
    """
    return await _begin(connection, postings, Step.DIRECT, now)


async def pend(connection: Connection, postings: Sequence[Posting], *, now: datetime) -> int:
    """Books postings that wait for a decision; returns how many were new.

    A repeat gives nothing, also after the decision.

    Raises:
        LedgerRefused: one is booked with other movements, or at once.
        RuleForbids(MONTH_IS_CUT): one belongs to a month that takes no more of its purpose.
    """
    return await _begin(connection, postings, Step.PENDING, now)


async def resolve(
    connection: Connection, source_id: UUID, kind: Kind, *, posted: bool, now: datetime
) -> int:
    """Posts or voids what is pending; returns 1, or 0 if it is resolved so already.

    Raises:
        LedgerRefused: nothing is pending, or it is resolved the other way.
        RuleForbids(MONTH_IS_CUT): posting it belongs to a month that takes no more of its purpose.
    """
    return await resolve_all(connection, [(source_id, kind)], posted=posted, now=now)


async def resolve_all(
    connection: Connection,
    pending: Sequence[tuple[UUID, Kind]],
    *,
    posted: bool,
    now: datetime,
) -> int:
    """Posts or voids several, in one block, all or none; returns how many were not before.

    Raises:
        LedgerRefused, RuleForbids: as `resolve` does.
    """
    await chain.lock(connection)
    known = await store.load_steps(connection, {source_id for source_id, _ in pending})
    step, other = (Step.POSTED, Step.VOIDED) if posted else (Step.VOIDED, Step.POSTED)
    new = []
    for source_id, kind in dict.fromkeys(pending):
        begun = known.get((source_id, kind, Step.PENDING))
        if begun is None or (source_id, kind, other) in known:
            msg = f"{kind.value} {source_id}: nothing is pending, or it is {other.value} already"
            raise LedgerRefused(msg)
        if (source_id, kind, step) not in known:
            new.append(book_resolution(begun, posted=posted, event_time=now))
    await _append(connection, new, now)
    return len(new)


async def _begin(
    connection: Connection, postings: Sequence[Posting], step: Step, now: datetime
) -> int:
    await chain.lock(connection)
    known = await store.load_steps(connection, {one.source_id for one in postings})
    other = Step.PENDING if step is Step.DIRECT else Step.DIRECT
    new: dict[tuple[UUID, Kind], Booking] = {}
    for one in postings:
        key = (one.source_id, one.kind)
        begun = known.get((*key, step)) or new.get(key)
        if (*key, other) in known or (
            begun is not None and movements_of(begun) != frozenset(one.movements)
        ):
            msg = f"{one.kind.value} {one.source_id} is booked otherwise already"
            raise LedgerRefused(msg)
        if begun is None:
            new[key] = book_posting(one, step, event_time=now)
    await _append(connection, list(new.values()), now)
    return len(new)


async def _append(connection: Connection, bookings: Sequence[Booking], now: datetime) -> None:
    if not bookings:
        return
    row = await connection.fetchrow(_MONTHS)
    cut_month, table_month = (row["cut_month"] or "", row["table_month"] or "") if row else ("", "")
    for booking in bookings:
        for one in booking.transfers:
            if booking.step is not Step.VOIDED and _is_shut(
                one.pair, one.purpose, cut_month=cut_month, table_month=table_month
            ):
                raise RuleForbids(
                    "MONTH_IS_CUT",
                    f"month {one.pair.month} takes no more of {one.purpose.value}",
                    metadata={"month": one.pair.month},
                )
    await store.append_bookings(connection, bookings, now=now)


def _is_shut(pair: Pair, purpose: Purpose, *, cut_month: str, table_month: str) -> bool:
    if purpose in {Purpose.CLEARING, Purpose.ADJUSTMENT}:
        return pair.month <= cut_month
    return purpose is Purpose.DEDUCTION and pair.month <= table_month


async def open_month(connection: Connection) -> str:
    """Returns the first month that is not cut, at the earliest the first with a settlement.

    Empty: no month is cut and nothing is settled.
    """
    cut_month, _, first_month = await _months(connection)
    return next_month(cut_month) if cut_month else first_month


async def untabled_month(connection: Connection) -> str:
    """Returns the first month whose tables are not made: where deductions go. Empty: as above."""
    _, table_month, first_month = await _months(connection)
    if table_month:
        return next_month(table_month)
    row = await connection.fetchrow(_FIRST_CUT)
    return row["month"] or first_month if row else first_month


_FIRST_CUT: Final = """/* clearing.first_cut_month */
SELECT min(month) AS month FROM month_cut"""


async def _months(connection: Connection) -> tuple[str, str, str]:
    row = await connection.fetchrow(_MONTHS)
    if row is None:
        return "", "", ""
    return row["cut_month"] or "", row["table_month"] or "", row["first_month"] or ""


async def cut(connection: Connection, month: str, *, now: datetime) -> None:
    """Ends a month: what the feed brings from now on is booked in later ones. A repeat is nothing.

    Raises:
        RuleForbids(MONTH_OUT_OF_ORDER): an earlier month is not cut.
        RuleForbids(FEED_BEHIND): the feed is not known to be booked up to the month's end.
    """
    head = await chain.lock(connection)
    cut_month, _, first_month = await _months(connection)
    if month <= cut_month:
        return
    due = next_month(cut_month) if cut_month else first_month
    if due and month != due:
        raise _out_of_order(due)
    row = await connection.fetchrow(_FEED, store.FEED)
    if row is None or row["complete_time"] is None or row["complete_time"] < month_end(month):
        raise RuleForbids(
            "FEED_BEHIND",
            f"settlements of {month} are not all booked yet",
            metadata={"month": month},
            retry_after_ms=60_000,
        )
    await connection.execute(_CUT, month, now, row["cursor"], head.block_id)


async def close_tables(connection: Connection, month: str, *, now: datetime) -> None:
    """Records that a month's tables are made: it takes no more deductions. A repeat is nothing.

    Raises:
        RuleForbids(MONTH_OUT_OF_ORDER): it is not cut, or an earlier month has no tables.
    """
    head = await chain.lock(connection)
    cut_month, table_month, first_month = await _months(connection)
    if month <= table_month:
        return
    due = await untabled_month(connection)
    if not cut_month or month > cut_month or month != due:
        raise _out_of_order(due or first_month)
    await connection.execute(_CLOSE_TABLES, month, now, head.block_id)


def month_end(month: str) -> datetime:
    """Returns the instant at which a month ends in Asia/Shanghai, UTC."""
    following = next_month(month)
    return civil_midnight(date(int(following[:4]), int(following[5:]), 1))


def _out_of_order(due: str) -> RuleForbids:
    return RuleForbids(
        "MONTH_OUT_OF_ORDER",
        f"months go one after the other: {due or 'none'} is next",
        metadata={"nextMonth": due},
    )
