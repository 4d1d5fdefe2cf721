"""All SQL of clearing. Bookings, transfers and entries are only ever inserted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.clearing.domain.ledger import (
    Booking,
    Entry,
    Kind,
    Pair,
    Position,
    Side,
    Transfer,
    entries_of,
    positions_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection, Database

FEED: Final = "settlement"
"""Name of the feed in feed_cursor."""

_LOAD_BOOKINGS: Final = """/* clearing.load_bookings */
SELECT b.settlement_id, b.kind, b.event_time, p.insured_region_code, p.care_region_code, p.month,
       p.scheme_code, t.transfer_id, t.fund_type_code, t.amount_fen, t.reverses_transfer_id
  FROM booking b
  JOIN position p ON p.position_id = b.position_id
  LEFT JOIN transfer t ON t.settlement_id = b.settlement_id AND t.kind = b.kind
 WHERE b.settlement_id = ANY($1::uuid[])
 ORDER BY b.settlement_id, b.kind, t.fund_type_code COLLATE "C\""""

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
INSERT INTO account (position_id, fund_type_code, side, balance_fen)
SELECT n.position_id, n.fund_type_code, n.side, n.balance_fen
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])
       AS n (position_id, fund_type_code, side, balance_fen)
ON CONFLICT (position_id, fund_type_code, side) DO UPDATE
   SET balance_fen = account.balance_fen + excluded.balance_fen
RETURNING account_id, position_id, fund_type_code, side"""

_INSERT_BOOKINGS: Final = """/* clearing.insert_bookings */
INSERT INTO booking (settlement_id, kind, position_id, event_time)
SELECT n.settlement_id, n.kind, n.position_id, n.event_time
  FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[])
       AS n (settlement_id, kind, position_id, event_time)"""

_INSERT_TRANSFERS: Final = """/* clearing.insert_transfers */
INSERT INTO transfer (transfer_id, settlement_id, kind, fund_type_code, amount_fen,
                      reverses_transfer_id)
SELECT n.transfer_id, n.settlement_id, n.kind, n.fund_type_code, n.amount_fen,
       n.reverses_transfer_id
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::uuid[])
       AS n (transfer_id, settlement_id, kind, fund_type_code, amount_fen, reverses_transfer_id)"""

_INSERT_ENTRIES: Final = """/* clearing.insert_entries */
INSERT INTO entry (transfer_id, side, account_id, amount_fen)
SELECT n.transfer_id, n.side, n.account_id, n.amount_fen
  FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
       AS n (transfer_id, side, account_id, amount_fen, number)
 ORDER BY n.number"""

# One statement, so that cursor and positions are of one moment; the page is cut before its funds
# are added up.
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
          AND (insured_region_code, care_region_code, month, scheme_code) > ($6, $7, $8, $9)
        ORDER BY insured_region_code, care_region_code, month, scheme_code LIMIT $10
       ) p ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(a.fund_type_code ORDER BY a.fund_type_code) AS fund_type_codes,
              array_agg(-a.balance_fen ORDER BY a.fund_type_code) AS owed_fen
         FROM account a
        WHERE a.position_id = p.position_id AND a.side = 'PAYABLE'
       ) f ON true
 WHERE c.feed = $1
 ORDER BY p.insured_region_code, p.care_region_code, p.month, p.scheme_code"""

_LIST_ENTRIES: Final = """/* clearing.list_entries */
SELECT e.entry_id, e.transfer_id, e.side, e.amount_fen, e.create_time, t.settlement_id,
       t.fund_type_code, t.reverses_transfer_id, p.insured_region_code, p.care_region_code,
       p.month, p.scheme_code
  FROM entry e
  JOIN transfer t ON t.transfer_id = e.transfer_id
  JOIN account a ON a.account_id = e.account_id
  JOIN position p ON p.position_id = a.position_id"""

# Re-derives every sum that is kept. Reads the whole ledger: for tests and the nightly check.
_FIND_INCOHERENCE: Final = """/* clearing.find_incoherence */
SELECT 'transfer ' || t.transfer_id AS problem
  FROM transfer t LEFT JOIN entry e ON e.transfer_id = t.transfer_id
 GROUP BY t.transfer_id
HAVING count(e.entry_id) <> 2 OR sum(e.amount_fen) <> 0
    OR max(e.amount_fen) FILTER (WHERE e.side = 'RECEIVABLE') <> t.amount_fen
UNION ALL
SELECT 'account ' || a.account_id
  FROM account a LEFT JOIN entry e ON e.account_id = a.account_id
 GROUP BY a.account_id
HAVING a.balance_fen <> coalesce(sum(e.amount_fen), 0) OR count(e.entry_id) = 0
    OR bool_or(e.side <> a.side)
UNION ALL
SELECT 'position ' || p.position_id
  FROM position p LEFT JOIN booking b ON b.position_id = p.position_id
 GROUP BY p.position_id
HAVING p.settlement_count <> count(*) FILTER (WHERE b.kind = 'SETTLED')
    OR p.reversal_count <> count(*) FILTER (WHERE b.kind = 'REVERSED')
UNION ALL
SELECT 'reversal ' || t.transfer_id
  FROM transfer t JOIN transfer o ON o.transfer_id = t.reverses_transfer_id
 WHERE t.amount_fen <> -o.amount_fen OR t.settlement_id <> o.settlement_id
    OR t.fund_type_code <> o.fund_type_code"""


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

    settlement_id: UUID | None = None
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
    settlement_id: UUID
    pair: Pair
    fund_type_code: str
    reverses_transfer_id: UUID | None
    create_time: datetime


async def load_bookings(
    connection: Connection, settlement_ids: Iterable[UUID]
) -> dict[tuple[UUID, Kind], Booking]:
    """Returns what the ledger has of some settlements."""
    rows = await connection.fetch(_LOAD_BOOKINGS, list(settlement_ids))
    found: dict[tuple[UUID, Kind], list[asyncpg.Record]] = {}
    for row in rows:
        found.setdefault((row["settlement_id"], Kind(row["kind"])), []).append(row)
    return {key: _booking(key, of_key) for key, of_key in found.items()}


async def append_bookings(connection: Connection, bookings: Sequence[Booking]) -> None:
    """Writes bookings with their transfers and entries, and adds them to the kept sums.

    Raises:
        asyncpg.IntegrityConstraintViolationError: one is booked already, or does not balance.
    """
    if not bookings:
        return
    position_ids = await _count_positions(connection, bookings)
    transfers = [(b.kind, t) for b in bookings for t in b.transfers]
    account_ids = await _add_to_accounts(connection, [t for _, t in transfers], position_ids)
    await connection.execute(
        _INSERT_BOOKINGS,
        [b.settlement_id for b in bookings],
        [b.kind.value for b in bookings],
        [position_ids[b.pair] for b in bookings],
        [b.event_time for b in bookings],
    )
    if not transfers:
        return
    await connection.execute(
        _INSERT_TRANSFERS,
        [t.transfer_id for _, t in transfers],
        [t.settlement_id for _, t in transfers],
        [kind.value for kind, _ in transfers],
        [t.fund_type_code for _, t in transfers],
        [t.amount_fen for _, t in transfers],
        [t.reverses_transfer_id for _, t in transfers],
    )
    entries = [(t, e) for _, t in transfers for e in entries_of(t)]
    await connection.execute(
        _INSERT_ENTRIES,
        [e.transfer_id for _, e in entries],
        [e.side.value for _, e in entries],
        [account_ids[position_ids[t.pair], t.fund_type_code, e.side] for t, e in entries],
        [e.amount_fen for _, e in entries],
    )


async def _count_positions(connection: Connection, bookings: Sequence[Booking]) -> dict[Pair, int]:
    # In a fixed order, as all row locks are.
    deltas = sorted(positions_of(bookings).values(), key=lambda one: _sort_key(one.pair))
    rows = await connection.fetch(
        _COUNT_POSITIONS,
        [one.pair.insured_region_code for one in deltas],
        [one.pair.care_region_code for one in deltas],
        [one.pair.month for one in deltas],
        [one.pair.scheme_code for one in deltas],
        [one.settlement_count for one in deltas],
        [one.reversal_count for one in deltas],
    )
    return {_pair(row): row["position_id"] for row in rows}


async def _add_to_accounts(
    connection: Connection, transfers: Sequence[Transfer], position_ids: Mapping[Pair, int]
) -> dict[tuple[int, str, Side], int]:
    deltas: dict[tuple[int, str, Side], int] = {}
    for transfer in transfers:
        for entry in entries_of(transfer):
            key = (position_ids[transfer.pair], transfer.fund_type_code, entry.side)
            deltas[key] = deltas.get(key, 0) + entry.amount_fen
    ordered = sorted(deltas, key=lambda key: (key[0], key[1], key[2].value))
    rows = await connection.fetch(
        _ADD_TO_ACCOUNTS,
        [position_id for position_id, _, _ in ordered],
        [fund_type_code for _, fund_type_code, _ in ordered],
        [side.value for _, _, side in ordered],
        [deltas[key] for key in ordered],
    )
    return {
        (row["position_id"], row["fund_type_code"], Side(row["side"])): row["account_id"]
        for row in rows
    }


async def get_positions(
    database: Database, wanted: PositionFilter, *, limit: int
) -> tuple[list[Position], str]:
    """Returns positions by pair, month and scheme, and the cursor that they hold up to.

    At most `limit` positions; the cursor is there also when there are none.
    """
    # Empty texts sort before every position.
    after = _sort_key(wanted.after) if wanted.after else ("", "", "", "")
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
    if wanted.settlement_id is not None:
        conditions.append(("t.settlement_id = ${}", wanted.settlement_id))
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


async def find_incoherence(database: Database) -> list[str]:
    """Returns what in the ledger does not add up; empty is the only good answer."""
    return [row["problem"] for row in await database.fetch(_FIND_INCOHERENCE)]


def _sort_key(pair: Pair) -> tuple[str, str, str, str]:
    return pair.insured_region_code, pair.care_region_code, pair.month, pair.scheme_code


def _pair(row: asyncpg.Record) -> Pair:
    return Pair(
        insured_region_code=row["insured_region_code"],
        care_region_code=row["care_region_code"],
        month=row["month"],
        scheme_code=row["scheme_code"],
    )


def _booking(key: tuple[UUID, Kind], rows: Sequence[asyncpg.Record]) -> Booking:
    settlement_id, kind = key
    pair = _pair(rows[0])
    return Booking(
        kind=kind,
        settlement_id=settlement_id,
        pair=pair,
        event_time=rows[0]["event_time"],
        transfers=tuple(
            Transfer(
                transfer_id=row["transfer_id"],
                settlement_id=settlement_id,
                pair=pair,
                fund_type_code=row["fund_type_code"],
                amount_fen=row["amount_fen"],
                reverses_transfer_id=row["reverses_transfer_id"],
            )
            for row in rows
            if row["transfer_id"] is not None
        ),
    )


def _booked_entry(row: asyncpg.Record) -> BookedEntry:
    return BookedEntry(
        entry_id=row["entry_id"],
        entry=Entry(
            transfer_id=row["transfer_id"], side=Side(row["side"]), amount_fen=row["amount_fen"]
        ),
        settlement_id=row["settlement_id"],
        pair=_pair(row),
        fund_type_code=row["fund_type_code"],
        reverses_transfer_id=row["reverses_transfer_id"],
        create_time=row["create_time"],
    )
