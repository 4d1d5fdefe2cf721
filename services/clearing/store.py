"""SQL of the ledger. Bookings, transfers and entries are only ever inserted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from services.clearing import chain
from services.clearing.domain.ledger import (
    Booking,
    Entry,
    Kind,
    Pair,
    Phase,
    Purpose,
    Side,
    Step,
    Transfer,
    entries_of,
    pair_key,
)
from services.clearing.domain.positions import Position, positions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection, Database

FEED: Final = "settlement"
"""Name of the feed in feed_cursor."""

# The pair of a transfer is that of its own position: of an event's, the booking's too.
_LOAD_BOOKINGS: Final = """/* clearing.load_bookings */
SELECT b.source_id, b.kind, b.step, b.event_time, b.position_id IS NOT NULL AS is_counted,
       p.insured_region_code, p.care_region_code, p.month, p.scheme_code, t.transfer_id,
       t.fund_type_code, t.purpose, t.amount_fen, t.reverses_transfer_id, t.resolves_transfer_id
  FROM booking b
  LEFT JOIN transfer t ON t.source_id = b.source_id AND t.kind = b.kind AND t.step = b.step
  LEFT JOIN position p ON p.position_id = coalesce(t.position_id, b.position_id)
 WHERE b.source_id = ANY($1::uuid[])
 ORDER BY b.source_id, b.kind, b.step, p.insured_region_code, p.care_region_code, p.month,
          p.scheme_code, t.fund_type_code COLLATE "C", t.purpose"""

_COUNT_POSITIONS: Final = """/* clearing.count_positions */
INSERT INTO position (insured_region_code, care_region_code, month, scheme_code, settlement_count,
                      reversal_count)
SELECT n.insured_region_code, n.care_region_code, n.month, n.scheme_code, n.settlement_count,
       n.reversal_count
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
       AS n (insured_region_code, care_region_code, month, scheme_code, settlement_count,
             reversal_count)
ON CONFLICT (insured_region_code, care_region_code, month, scheme_code) DO UPDATE
   SET settlement_count = position.settlement_count + excluded.settlement_count,
       reversal_count = position.reversal_count + excluded.reversal_count
RETURNING position_id, insured_region_code, care_region_code, month, scheme_code"""

_ADD_TO_ACCOUNTS: Final = """/* clearing.add_to_accounts */
INSERT INTO account (position_id, fund_type_code, purpose, phase, side, balance_fen)
SELECT n.position_id, n.fund_type_code, n.purpose, n.phase, n.side, n.balance_fen
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
       AS n (position_id, fund_type_code, purpose, phase, side, balance_fen)
ON CONFLICT (position_id, fund_type_code, purpose, phase, side) DO UPDATE
   SET balance_fen = account.balance_fen + excluded.balance_fen
RETURNING account_id, position_id, fund_type_code, purpose, phase, side"""

_INSERT_BOOKINGS: Final = """/* clearing.insert_bookings */
INSERT INTO booking (source_id, kind, step, position_id, event_time, block_id)
SELECT n.source_id, n.kind, n.step, n.position_id, n.event_time, $6
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
       AS n (source_id, kind, step, position_id, event_time)"""

_INSERT_TRANSFERS: Final = """/* clearing.insert_transfers */
INSERT INTO transfer (transfer_id, source_id, kind, step, position_id, fund_type_code, purpose,
                      amount_fen, reverses_transfer_id, resolves_transfer_id)
SELECT n.transfer_id, n.source_id, n.kind, n.step, n.position_id, n.fund_type_code, n.purpose,
       n.amount_fen, n.reverses_transfer_id, n.resolves_transfer_id
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[],
              $8::bigint[], $9::uuid[], $10::uuid[])
       AS n (transfer_id, source_id, kind, step, position_id, fund_type_code, purpose, amount_fen,
             reverses_transfer_id, resolves_transfer_id)"""

_INSERT_ENTRIES: Final = """/* clearing.insert_entries */
INSERT INTO entry (transfer_id, phase, side, account_id, amount_fen, block_id)
SELECT n.transfer_id, n.phase, n.side, n.account_id, n.amount_fen, $6
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) WITH ORDINALITY
       AS n (transfer_id, phase, side, account_id, amount_fen, number)
 ORDER BY n.number"""

_MARK: Final = """/* clearing.mark_ledger_feed */
INSERT INTO feed_mark (feed, complete_time) VALUES ($1, $2)
ON CONFLICT (feed) DO UPDATE
   SET complete_time = greatest(feed_mark.complete_time, excluded.complete_time)"""
# What is booked late makes a day due whose comparison did not see it, that is stored or in hand.
_NOTE_LATE: Final = """/* clearing.note_late_days */
UPDATE ledger_day SET late_count = late_count + 1, due_time = coalesce(begin_time, due_time)
 WHERE journal_date = ANY($1::date[])"""
_LAST_CUT_MONTH: Final = """/* clearing.last_cut_month */
SELECT max(month) AS month FROM month_cut"""

# One statement, so that cursor and positions are of one moment; the page is cut before its funds
# are added up. What people decided is no part of it: the journal knows only what was settled.
_GET_POSITIONS: Final = """/* clearing.get_positions */
SELECT c.cursor, p.insured_region_code, p.care_region_code, p.month, p.scheme_code,
       p.settlement_count, p.reversal_count, f.fund_type_codes, f.owed_fen
  FROM feed_cursor c
  LEFT JOIN (
       SELECT position_id, insured_region_code, care_region_code, month, scheme_code,
              settlement_count, reversal_count
         FROM position
        WHERE ($2 = '' OR insured_region_code = $2) AND ($3 = '' OR care_region_code = $3)
          AND ($4 = '' OR month = $4) AND ($5 = '' OR scheme_code = $5)
          AND settlement_count + reversal_count > 0
          AND (insured_region_code, care_region_code, month, scheme_code) > ($6, $7, $8, $9)
        ORDER BY insured_region_code, care_region_code, month, scheme_code LIMIT $10
       ) p ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(o.fund_type_code ORDER BY o.fund_type_code) AS fund_type_codes,
              array_agg(o.owed_fen ORDER BY o.fund_type_code) AS owed_fen
         FROM (
              SELECT a.fund_type_code, -sum(a.balance_fen)::bigint AS owed_fen
                FROM account a
               WHERE a.position_id = p.position_id AND a.side = 'PAYABLE' AND a.phase = 'POSTED'
                 AND a.purpose IN ('CLEARING', 'ADJUSTMENT')
               GROUP BY a.fund_type_code
              ) o
       ) f ON true
 WHERE c.feed = $1
 ORDER BY p.insured_region_code, p.care_region_code, p.month, p.scheme_code"""

_LIST_ENTRIES: Final = """/* clearing.list_entries */
SELECT e.entry_id, e.transfer_id, e.phase, e.side, e.amount_fen, e.block_id, b.create_time,
       t.source_id, t.kind, t.step, t.fund_type_code, t.purpose, t.reverses_transfer_id,
       t.resolves_transfer_id, p.insured_region_code, p.care_region_code, p.month, p.scheme_code
  FROM entry e
  JOIN block b ON b.block_id = e.block_id
  JOIN transfer t ON t.transfer_id = e.transfer_id
  JOIN account a ON a.account_id = e.account_id
  JOIN position p ON p.position_id = a.position_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFilter:
    """Which positions are wanted; empty: all."""

    insured_region_code: str = ""
    care_region_code: str = ""
    month: str = ""
    scheme_code: str = ""
    after: Pair | None = None
    """Only those that sort after this one: the last of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries are wanted; None or empty: all."""

    source_id: UUID | None = None
    insured_region_code: str = ""
    care_region_code: str = ""
    month: str = ""
    after_entry_id: int = 0
    """Only those booked after this one: the last of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedEntry:
    """An entry as it stands in the ledger."""

    entry_id: int
    """Order in the ledger."""
    entry: Entry
    source_id: UUID
    kind: Kind
    step: Step
    pair: Pair
    fund_type_code: str
    purpose: Purpose
    reverses_transfer_id: UUID | None
    resolves_transfer_id: UUID | None
    block_id: int
    create_time: datetime


async def load_bookings(
    connection: Connection, source_ids: Iterable[UUID]
) -> dict[tuple[UUID, Kind], Booking]:
    """Returns what the ledger has of some settlements."""
    found = await load_steps(connection, source_ids)
    return {booking.key: booking for booking in found.values() if booking.pair is not None}


async def load_steps(
    connection: Connection, source_ids: Iterable[UUID]
) -> dict[tuple[UUID, Kind, Step], Booking]:
    """Returns all that the ledger has booked of some sources, by step."""
    rows = await connection.fetch(_LOAD_BOOKINGS, list(source_ids))
    found: dict[tuple[UUID, Kind, Step], list[asyncpg.Record]] = {}
    for row in rows:
        key = (row["source_id"], Kind(row["kind"]), Step(row["step"]))
        found.setdefault(key, []).append(row)
    return {key: _booking(key, of_key) for key, of_key in found.items()}


async def append_bookings(
    connection: Connection, bookings: Sequence[Booking], *, now: datetime | None = None
) -> int:
    """Writes bookings with their transfers and entries as a block, and adds to the kept sums.

    Locks the chain. Returns the block's number; 0: there was nothing to write. Without `now` the
    block's instant is the database's.

    Raises:
        asyncpg.IntegrityConstraintViolationError: one is booked already, does not balance, or
            belongs to a month that is cut.
    """
    if not bookings:
        return 0
    head = await chain.lock(connection)
    block = await chain.append(connection, head, bookings, now=now)
    position_ids = await _count_positions(connection, bookings)
    await connection.execute(
        _INSERT_BOOKINGS,
        [b.source_id for b in bookings],
        [b.kind.value for b in bookings],
        [b.step.value for b in bookings],
        [position_ids[b.pair] if b.pair else None for b in bookings],
        [b.event_time for b in bookings],
        block.block_id,
    )
    transfers = [(b.kind.value, t) for b in bookings for t in b.transfers]
    if transfers:
        await _append_transfers(connection, transfers, position_ids, block.block_id)
    return block.block_id


async def _append_transfers(
    connection: Connection,
    transfers: Sequence[tuple[str, Transfer]],
    position_ids: Mapping[Pair, int],
    block_id: int,
) -> None:
    await connection.execute(
        _INSERT_TRANSFERS,
        [t.transfer_id for _, t in transfers],
        [t.source_id for _, t in transfers],
        [kind for kind, _ in transfers],
        [t.step.value for _, t in transfers],
        [position_ids[t.pair] for _, t in transfers],
        [t.fund_type_code for _, t in transfers],
        [t.purpose.value for _, t in transfers],
        [t.amount_fen for _, t in transfers],
        [t.reverses_transfer_id for _, t in transfers],
        [t.resolves_transfer_id for _, t in transfers],
    )
    entries = [
        (_account_of(position_ids[t.pair], t, e), e) for _, t in transfers for e in entries_of(t)
    ]
    account_ids = await _add_to_accounts(connection, entries)
    await connection.execute(
        _INSERT_ENTRIES,
        [e.transfer_id for _, e in entries],
        [e.phase.value for _, e in entries],
        [e.side.value for _, e in entries],
        [account_ids[account] for account, _ in entries],
        [e.amount_fen for _, e in entries],
        block_id,
    )


async def _count_positions(connection: Connection, bookings: Sequence[Booking]) -> dict[Pair, int]:
    counted = positions_of(bookings)
    pairs = {t.pair for b in bookings for t in b.transfers} | counted.keys()
    # In a fixed order, as all row locks are.
    ordered = sorted(pairs, key=pair_key)
    deltas = [counted.get(pair) for pair in ordered]
    rows = await connection.fetch(
        _COUNT_POSITIONS,
        [one.insured_region_code for one in ordered],
        [one.care_region_code for one in ordered],
        [one.month for one in ordered],
        [one.scheme_code for one in ordered],
        [one.settlement_count if one else 0 for one in deltas],
        [one.reversal_count if one else 0 for one in deltas],
    )
    return {_pair(row): row["position_id"] for row in rows}


_Account: TypeAlias = tuple[int, str, str, str, str]
"""Position, fund type, purpose, phase and side: in the order in which accounts are locked."""


def _account_of(position_id: int, transfer: Transfer, entry: Entry) -> _Account:
    return (
        position_id,
        transfer.fund_type_code,
        transfer.purpose.value,
        entry.phase.value,
        entry.side.value,
    )


async def _add_to_accounts(
    connection: Connection, entries: Sequence[tuple[_Account, Entry]]
) -> dict[_Account, int]:
    deltas: dict[_Account, int] = {}
    for account, entry in entries:
        deltas[account] = deltas.get(account, 0) + entry.amount_fen
    ordered = sorted(deltas)
    columns = zip(*ordered, strict=True)
    rows = await connection.fetch(
        _ADD_TO_ACCOUNTS, *map(list, columns), [deltas[account] for account in ordered]
    )
    names = ("position_id", "fund_type_code", "purpose", "phase", "side")
    return {tuple(row[name] for name in names): row["account_id"] for row in rows}


async def mark(source: Connection | Database, complete_time: datetime) -> None:
    """Records up to when the feed is known to be booked: before this no month is cut."""
    await source.execute(_MARK, FEED, complete_time)


async def note_late_days(connection: Connection, days: Iterable[date]) -> None:
    """Makes days due again of which something was booked just now; most are not there yet."""
    await connection.execute(_NOTE_LATE, sorted(days))


async def last_cut_month(connection: Connection) -> str:
    """Returns the last month that is cut; empty: none is."""
    row = await connection.fetchrow(_LAST_CUT_MONTH)
    return (row["month"] or "") if row else ""


async def get_positions(
    database: Database, wanted: PositionFilter, *, limit: int
) -> tuple[list[Position], str]:
    """Returns positions by pair, month and scheme, and the cursor that they hold up to.

    At most `limit` positions; the cursor is there also when there are none.
    """
    # Empty texts sort before every position.
    after = pair_key(wanted.after) if wanted.after else ("", "", "", "")
    rows = await database.fetch(
        _GET_POSITIONS,
        FEED,
        wanted.insured_region_code,
        wanted.care_region_code,
        wanted.month,
        wanted.scheme_code,
        *after,
        limit,
    )
    positions = [
        Position(
            pair=_pair(row),
            owed_fen=dict(zip(row["fund_type_codes"] or (), row["owed_fen"] or (), strict=True)),
            settlement_count=row["settlement_count"],
            reversal_count=row["reversal_count"],
        )
        for row in rows
        if row["month"] is not None
    ]
    return positions, rows[0]["cursor"]


async def list_entries(database: Database, wanted: EntryFilter, *, limit: int) -> list[BookedEntry]:
    """Returns entries in booking order, at most `limit`."""
    # Only the conditions asked for: one statement for all filters would be planned for none.
    conditions: list[tuple[str, object]] = [("e.entry_id > ${}", wanted.after_entry_id)]
    if wanted.source_id is not None:
        conditions.append(("t.source_id = ${}", wanted.source_id))
    for column in ("insured_region_code", "care_region_code", "month"):
        value = getattr(wanted, column)
        if value:
            conditions.append((f"p.{column} = ${{}}", value))
    clauses = [text.format(number) for number, (text, _) in enumerate(conditions, start=1)]
    rows = await database.fetch(
        f"{_LIST_ENTRIES}\n WHERE {' AND '.join(clauses)}"
        f"\n ORDER BY e.entry_id LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [_booked_entry(row) for row in rows]


def _pair(row: asyncpg.Record) -> Pair:
    return Pair(
        insured_region_code=row["insured_region_code"],
        care_region_code=row["care_region_code"],
        month=row["month"],
        scheme_code=row["scheme_code"],
    )


def _booking(key: tuple[UUID, Kind, Step], rows: Sequence[asyncpg.Record]) -> Booking:
    source_id, kind, step = key
    return Booking(
        kind=kind,
        source_id=source_id,
        pair=_pair(rows[0]) if rows[0]["is_counted"] else None,
        event_time=rows[0]["event_time"],
        step=step,
        transfers=tuple(
            Transfer(
                transfer_id=row["transfer_id"],
                source_id=source_id,
                pair=_pair(row),
                fund_type_code=row["fund_type_code"],
                amount_fen=row["amount_fen"],
                reverses_transfer_id=row["reverses_transfer_id"],
                purpose=Purpose(row["purpose"]),
                step=step,
                resolves_transfer_id=row["resolves_transfer_id"],
            )
            for row in rows
            if row["transfer_id"] is not None
        ),
    )


def _booked_entry(row: asyncpg.Record) -> BookedEntry:
    return BookedEntry(
        entry_id=row["entry_id"],
        entry=Entry(
            transfer_id=row["transfer_id"],
            side=Side(row["side"]),
            amount_fen=row["amount_fen"],
            phase=Phase(row["phase"]),
        ),
        source_id=row["source_id"],
        kind=Kind(row["kind"]),
        step=Step(row["step"]),
        pair=_pair(row),
        fund_type_code=row["fund_type_code"],
        purpose=Purpose(row["purpose"]),
        reverses_transfer_id=row["reverses_transfer_id"],
        resolves_transfer_id=row["resolves_transfer_id"],
        block_id=row["block_id"],
        create_time=row["create_time"],
    )
