"""SQL of breaks and of the days that are compared. What was found is only closed or carried on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.clearing.breaks.model import (
    AgeCounts,
    Blocking,
    Break,
    BreakChange,
    BreakFilter,
    Signed,
)
from services.clearing.domain.break_states import BreakState
from services.clearing.domain.breaks import (
    BookKey,
    BookPlace,
    BookRecord,
    BreakCause,
    BreakDraft,
    BreakKind,
    BreakOwner,
    BreakSource,
    StoredBreak,
)
from services.kit.clock import civil_date

if TYPE_CHECKING:
    import asyncpg

    from services.kit.db import Connection, Database

# Days of the month, and earlier ones carried into it. A day that is not compared, or not wholly,
# may be carried beyond the month.
_UNCOMPARED_DAYS: Final = """
    SELECT days.day
      FROM (SELECT generate_series(($1 || '-01')::date,
                                   ($1 || '-01')::date + interval '1 month' - interval '1 day',
                                   interval '1 day')::date AS day
             UNION
            SELECT journal_date FROM carry
             WHERE journal_date < ($1 || '-01')::date AND month <= $1) days
      LEFT JOIN ledger_day l ON l.journal_date = days.day
     WHERE (l.state IS NULL OR l.state = 'PARTIAL')
       AND NOT EXISTS (SELECT FROM carry c WHERE c.journal_date = days.day AND c.month > $1)"""

# An item of an earlier month is found late, or was carried: it keeps this month's tables from being
# made, because those of its own may be made already.
_COUNT_BLOCKING: Final = f"""/* clearing.count_blocking */
SELECT (SELECT count(*) FROM ({_UNCOMPARED_DAYS}) u) AS day_count,
       (SELECT count(*) FROM break WHERE close_time IS NULL AND month <= $1) AS break_count,
       (SELECT count(*) FROM difference d
         WHERE d.close_time IS NULL AND d.business_date < ($1 || '-01')::date + interval '1 month'
           AND NOT EXISTS (SELECT FROM carry c
                            WHERE c.difference_id = d.difference_id AND c.month > $1))
           AS difference_count"""  # noqa: S608 - our own text
_LIST_UNCOMPARED: Final = f"""/* clearing.list_uncompared_days */
SELECT u.day FROM ({_UNCOMPARED_DAYS}) u ORDER BY u.day"""  # noqa: S608 - our own text

_LOCK: Final = """/* clearing.lock_breaks */
SELECT pg_advisory_xact_lock(hashtextextended('break', 1))"""

_COLUMNS: Final = (
    "break_id",
    "journal_date",
    "month",
    "settlement_id",
    "event_kind",
    "insured_region_code",
    "care_region_code",
    "scheme_code",
    "kind",
    "cause",
    "owner",
    "twin_settlement_id",
    "journal_insured",
    "journal_care",
    "journal_scheme",
    "journal_fund_fen",
    "journal_account_fen",
    "journal_time",
    "ledger_insured",
    "ledger_care",
    "ledger_scheme",
    "ledger_fund_fen",
    "ledger_account_fen",
    "ledger_time",
    "fingerprint",
    "find_time",
    "state",
)
_LOAD_NEWEST: Final = """/* clearing.load_newest_breaks */
SELECT DISTINCT ON (b.settlement_id, b.event_kind) b.settlement_id, b.event_kind, b.break_id,
       b.state, b.fingerprint
  FROM unnest($1::uuid[], $2::text[]) AS n (settlement_id, event_kind)
  JOIN break b ON b.settlement_id = n.settlement_id AND b.event_kind = n.event_kind
 ORDER BY b.settlement_id, b.event_kind, (b.close_time IS NULL) DESC, b.break_id DESC"""
_OPEN_OF_DAY: Final = """/* clearing.find_open_breaks_of_day */
SELECT settlement_id, event_kind FROM break WHERE journal_date = $1 AND close_time IS NULL"""

# Closing and carrying note themselves, so that no step is without its row.
_MOVE: Final = """/* clearing.move_breaks */
WITH moved AS (
    UPDATE break SET state = $2, month = CASE WHEN $4 = '' THEN month ELSE $4 END,
           close_time = CASE WHEN $2 = 'CARRIED' THEN NULL ELSE $3::timestamptz END
     WHERE break_id = ANY($1::uuid[]) AND close_time IS NULL AND ($4 = '' OR month < $4)
    RETURNING break_id
), noted AS (
    INSERT INTO break_change (break_id, state, change_time, month, note, maker_id, checker_id)
    SELECT break_id, $2, $3, $4, $5, $6, $7 FROM moved
)
SELECT break_id FROM moved"""
_NOTE_OPEN: Final = """/* clearing.note_open_breaks */
INSERT INTO break_change (break_id, state, change_time)
SELECT n.break_id, 'OPEN', $2 FROM unnest($1::uuid[]) AS n (break_id)"""
_LOAD_CHANGES: Final = """/* clearing.load_break_changes */
SELECT state, change_time, month, note, maker_id, checker_id
  FROM break_change WHERE break_id = $1 ORDER BY change_id"""
_LOAD_CARRIES: Final = """/* clearing.load_carries */
SELECT month, create_time, note, maker_id, checker_id
  FROM carry WHERE difference_id = $1 ORDER BY carry_id"""

_LOCK_DIFFERENCES: Final = """/* clearing.lock_differences */
SELECT difference_id FROM difference
 WHERE difference_id = ANY($1::uuid[]) AND state = 'OPEN' ORDER BY difference_id FOR SHARE"""
_CARRY_DIFFERENCES: Final = """/* clearing.carry_differences */
INSERT INTO carry (difference_id, month, note, maker_id, checker_id, create_time)
SELECT n.difference_id, $2, $3, $4, $5, $6 FROM unnest($1::uuid[]) AS n (difference_id)"""
_CARRY_DAYS: Final = """/* clearing.carry_days */
INSERT INTO carry (journal_date, month, note, maker_id, checker_id, create_time)
SELECT n.journal_date, $2, $3, $4, $5, $6 FROM unnest($1::date[]) AS n (journal_date)"""

_ITEM: Final = """SELECT i.break_id, i.source, i.journal_date, i.month, i.settlement_id,
       i.event_kind, i.insured_region_code, i.care_region_code, i.scheme_code, i.kind, i.cause,
       i.owner, i.twin_settlement_id, i.journal_insured, i.journal_care, i.journal_scheme,
       i.journal_fund_fen, i.journal_account_fen, i.journal_time, i.ledger_insured, i.ledger_care,
       i.ledger_scheme, i.ledger_fund_fen, i.ledger_account_fen, i.ledger_time, i.find_time,
       i.state, i.close_time
  FROM break_item i"""
_SUMMARIZE: Final = """/* clearing.summarize_breaks */
SELECT source, kind, owner,
       count(*) FILTER (WHERE $2 - find_time <= interval '1 day') AS day_count,
       count(*) FILTER (WHERE $2 - find_time > interval '1 day'
                          AND $2 - find_time <= interval '3 days') AS three_day_count,
       count(*) FILTER (WHERE $2 - find_time > interval '3 days'
                          AND $2 - find_time <= interval '7 days') AS week_count,
       count(*) FILTER (WHERE $2 - find_time > interval '7 days') AS older_count
  FROM break_item
 WHERE close_time IS NULL AND ($1 = '' OR month <= $1)
 GROUP BY source, kind, owner ORDER BY source, kind, owner"""


async def blocking(source: Connection | Database, month: str) -> Blocking:
    """Returns what keeps a month from its tables."""
    row = await source.fetchrow(_COUNT_BLOCKING, month)
    if row is None:
        msg = "a count gave no row"
        raise AssertionError(msg)
    return Blocking(
        day_count=row["day_count"],
        break_count=row["break_count"],
        difference_count=row["difference_count"],
    )


async def count_blocking(source: Connection | Database, month: str) -> int:
    """Returns how much keeps a month from its tables; 0: they can be made."""
    return (await blocking(source, month)).count


async def uncompared_days(source: Connection | Database, month: str) -> list[date]:
    """Returns days of a month, and earlier ones carried into it, that are not compared."""
    return [row["day"] for row in await source.fetch(_LIST_UNCOMPARED, month)]


async def lock(connection: Connection) -> None:
    """Makes other writers of breaks wait until this transaction ends: one key has one open break.

    Whoever counts what blocks a month and then acts on it takes it, too.
    """
    await connection.execute(_LOCK)


async def load_newest(
    connection: Connection, keys: Collection[BookKey]
) -> dict[BookKey, StoredBreak]:
    """Returns the open break of each key, or else the newest."""
    ordered = sorted(keys)
    rows = await connection.fetch(
        _LOAD_NEWEST, [one for one, _ in ordered], [kind for _, kind in ordered]
    )
    return {
        (row["settlement_id"], row["event_kind"]): StoredBreak(
            break_id=row["break_id"],
            state=BreakState(row["state"]),
            fingerprint=bytes(row["fingerprint"]),
        )
        for row in rows
    }


async def open_of_day(connection: Connection, day: date) -> set[BookKey]:
    """Returns the keys of a day's breaks that are not closed."""
    rows = await connection.fetch(_OPEN_OF_DAY, day)
    return {(row["settlement_id"], row["event_kind"]) for row in rows}


async def insert(
    connection: Connection, drafts: Mapping[UUID, BreakDraft], *, find_time: datetime
) -> None:
    """Writes new breaks by their ids."""
    if not drafts:
        return
    rows = [_row(break_id, draft, find_time) for break_id, draft in drafts.items()]
    await connection.copy("break", _COLUMNS, rows)
    await connection.execute(_NOTE_OPEN, list(drafts), find_time)


async def move(
    connection: Connection,
    break_ids: Collection[UUID],
    state: BreakState,
    *,
    now: datetime,
    month: str = "",
    signed: Signed | None = None,
) -> set[UUID]:
    """Closes breaks, or carries them into a later month; returns those that could be."""
    if not break_ids:
        return set()
    said = signed or Signed(note="", maker_id="", checker_id="")
    rows = await connection.fetch(
        _MOVE,
        sorted(break_ids),
        state.value,
        now,
        month,
        said.note,
        said.maker_id,
        said.checker_id,
    )
    return {row["break_id"] for row in rows}


async def carry_differences(
    connection: Connection,
    difference_ids: Collection[UUID],
    *,
    month: str,
    signed: Signed,
    now: datetime,
) -> set[UUID]:
    """Carries open differences of reconciliation into a month; returns those that are open."""
    if not difference_ids:
        return set()
    # Shared: its legs may be written anew meanwhile, but it is not closed.
    rows = await connection.fetch(_LOCK_DIFFERENCES, sorted(difference_ids))
    found = [row["difference_id"] for row in rows]
    await connection.execute(
        _CARRY_DIFFERENCES, found, month, signed.note, signed.maker_id, signed.checker_id, now
    )
    return set(found)


async def carry_days(
    connection: Connection,
    days: Collection[date],
    *,
    month: str,
    signed: Signed,
    now: datetime,
) -> None:
    """Carries days that are not compared into a month."""
    if days:
        await connection.execute(
            _CARRY_DAYS, sorted(days), month, signed.note, signed.maker_id, signed.checker_id, now
        )


async def find(source: Connection | Database, break_ids: Sequence[UUID]) -> dict[UUID, Break]:
    """Returns breaks and differences by their ids."""
    query = f"/* clearing.find_breaks */ {_ITEM} WHERE i.break_id = ANY($1::uuid[])"
    return {row["break_id"]: _break(row) for row in await source.fetch(query, list(break_ids))}


async def changes(source: Connection | Database, found: Break) -> list[BreakChange]:
    """Returns the history of a break, oldest first."""
    if found.source is BreakSource.LEDGER:
        rows = await source.fetch(_LOAD_CHANGES, found.break_id)
        return [
            BreakChange(
                state=BreakState(row["state"]),
                change_time=row["change_time"],
                month=row["month"],
                note=row["note"],
                maker_id=row["maker_id"],
                checker_id=row["checker_id"],
            )
            for row in rows
        ]
    rows = await source.fetch(_LOAD_CARRIES, found.break_id)
    return [
        BreakChange(
            state=BreakState.CARRIED,
            change_time=row["create_time"],
            month=row["month"],
            note=row["note"],
            maker_id=row["maker_id"],
            checker_id=row["checker_id"],
        )
        for row in rows
    ]


async def list_breaks(database: Database, wanted: BreakFilter, *, limit: int) -> list[Break]:
    """Returns breaks in the order in which they were found, at most `limit`."""
    # Only the conditions asked for: one statement for all filters would be planned for none.
    conditions: list[tuple[str, object]] = [("i.break_id > ${0}", wanted.after or UUID(int=0))]
    if wanted.month:
        conditions.append(("i.month <= ${0} AND i.close_time IS NULL", wanted.month))
    for column in ("state", "source", "kind", "owner"):
        value = getattr(wanted, column)
        if value is not None:
            conditions.append((f"i.{column} = ${{0}}", value.value))
    if wanted.region_code:
        conditions.append(
            ("(i.care_region_code = ${0} OR i.insured_region_code = ${0})", wanted.region_code)
        )
    if wanted.journal_date is not None:
        conditions.append(("i.journal_date = ${0}", wanted.journal_date))
    if wanted.settlement_id is not None:
        conditions.append(("i.settlement_id = ${0}", wanted.settlement_id))
    clauses = [text.format(number) for number, (text, _) in enumerate(conditions, start=1)]
    rows = await database.fetch(
        f"/* clearing.list_breaks */ {_ITEM} WHERE {' AND '.join(clauses)}"
        f" ORDER BY i.break_id LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [_break(row) for row in rows]


async def summarize(
    source: Connection | Database, now: datetime, *, month: str = ""
) -> list[AgeCounts]:
    """Returns what is open or carried by source, kind, owner and age; of a month what blocks it."""
    return [
        AgeCounts(
            source=BreakSource(row["source"]),
            kind=BreakKind(row["kind"]),
            owner=BreakOwner(row["owner"]),
            counts=(
                row["day_count"],
                row["three_day_count"],
                row["week_count"],
                row["older_count"],
            ),
        )
        for row in await source.fetch(_SUMMARIZE, month, now)
    ]


def _row(break_id: UUID, draft: BreakDraft, find_time: datetime) -> tuple[object, ...]:
    shown = draft.shown
    return (
        break_id,
        shown.day,
        f"{shown.day:%Y-%m}",
        shown.settlement_id,
        shown.event_kind,
        shown.place.insured_region_code,
        shown.place.care_region_code,
        shown.place.scheme_code,
        draft.kind.value,
        draft.cause.value,
        draft.owner.value,
        draft.twin_settlement_id,
        *_side(draft.journal),
        *_side(draft.ledger),
        draft.fingerprint,
        find_time,
        BreakState.OPEN.value,
    )


def _side(record: BookRecord | None) -> tuple[object, ...]:
    if record is None:
        return (None,) * 6
    place = record.place
    return (
        place.insured_region_code,
        place.care_region_code,
        place.scheme_code,
        record.fund_fen,
        record.account_fen,
        record.event_time,
    )


def _read_side(row: asyncpg.Record, side: str) -> BookRecord | None:
    if row[f"{side}_time"] is None:
        return None
    return BookRecord(
        settlement_id=row["settlement_id"],
        event_kind=row["event_kind"],
        place=BookPlace(row[f"{side}_insured"], row[f"{side}_care"], row[f"{side}_scheme"]),
        fund_fen=row[f"{side}_fund_fen"],
        account_fen=row[f"{side}_account_fen"],
        event_time=row[f"{side}_time"],
        day=civil_date(row[f"{side}_time"]),
    )


def _break(row: asyncpg.Record) -> Break:
    return Break(
        break_id=row["break_id"],
        source=BreakSource(row["source"]),
        journal_date=row["journal_date"],
        month=row["month"],
        settlement_id=row["settlement_id"],
        event_kind=row["event_kind"],
        place=BookPlace(row["insured_region_code"], row["care_region_code"], row["scheme_code"]),
        kind=BreakKind(row["kind"]),
        cause=BreakCause(row["cause"]),
        owner=BreakOwner(row["owner"]),
        twin_settlement_id=row["twin_settlement_id"],
        journal=_read_side(row, "journal"),
        ledger=_read_side(row, "ledger"),
        find_time=row["find_time"],
        state=BreakState(row["state"]),
        close_time=row["close_time"],
    )
