"""SQL of the days that are compared: the newest result of each, and when it is due again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from services.clearing.breaks.model import LedgerDay
from services.clearing.domain.breaks import DayState
from services.clearing.store import FEED
from services.kit.errors import LostRace

if TYPE_CHECKING:
    import asyncpg

    from services.kit.db import Connection, Database

_COMPLETE_TIME: Final = """/* clearing.ledger_complete_time */
SELECT complete_time FROM feed_mark WHERE feed = $1"""
_SEED: Final = """/* clearing.seed_ledger_days */
INSERT INTO ledger_day (journal_date, due_time)
SELECT n.journal_date, $2 FROM unnest($1::date[]) AS n (journal_date)
ON CONFLICT (journal_date) DO UPDATE SET due_time = excluded.due_time
 WHERE ledger_day.state IS NULL AND ledger_day.due_time IS NULL"""

# Whoever gets a row has the day alone, until it is done or long enough for it to be dead.
_CLAIM_DUE: Final = """/* clearing.claim_due_ledger_day */
UPDATE ledger_day SET claim_time = $1
 WHERE journal_date = (
       SELECT journal_date FROM ledger_day
        WHERE due_time <= $1 AND (claim_time IS NULL OR claim_time < $2)
        ORDER BY due_time, journal_date LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING journal_date"""
_RELEASE: Final = """/* clearing.release_ledger_day */
UPDATE ledger_day SET claim_time = NULL, due_time = $3
 WHERE journal_date = $1 AND claim_time = $2"""

_LATE_COUNT: Final = """/* clearing.get_late_count */
SELECT late_count FROM ledger_day WHERE journal_date = $1"""

# One that was begun before the one that is stored has seen less.
_FINISH: Final = """/* clearing.finish_ledger_day */
INSERT INTO ledger_day (journal_date, state, journal_count, journal_fen, ledger_count, ledger_fen,
                        break_count, begin_time, compare_time, due_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (journal_date) DO UPDATE
   SET state = excluded.state, journal_count = excluded.journal_count,
       journal_fen = excluded.journal_fen, ledger_count = excluded.ledger_count,
       ledger_fen = excluded.ledger_fen, break_count = excluded.break_count,
       begin_time = excluded.begin_time, compare_time = excluded.compare_time,
       due_time = CASE ledger_day.late_count WHEN $11 THEN excluded.due_time
                  ELSE excluded.begin_time END,
       claim_time = NULL
 WHERE ledger_day.begin_time IS NULL OR ledger_day.begin_time <= excluded.begin_time
RETURNING journal_date"""

_COLUMNS: Final = """l.state, coalesce(l.journal_count, 0) AS journal_count,
       coalesce(l.journal_fen, 0) AS journal_fen, coalesce(l.ledger_count, 0) AS ledger_count,
       coalesce(l.ledger_fen, 0) AS ledger_fen, coalesce(l.break_count, 0) AS break_count,
       l.compare_time,
       coalesce((SELECT max(c.month) FROM carry c WHERE c.journal_date = n.journal_date), '')
           AS carry_month"""
_LIST: Final = f"""/* clearing.list_ledger_days */
SELECT n.journal_date, {_COLUMNS}
  FROM (SELECT journal_date FROM ledger_day WHERE $1 = ''
         UNION
        SELECT generate_series((nullif($1, '') || '-01')::date,
                               (nullif($1, '') || '-01')::date + interval '1 month'
                                   - interval '1 day',
                               interval '1 day')::date) n
  LEFT JOIN ledger_day l ON l.journal_date = n.journal_date
 WHERE n.journal_date > $2 ORDER BY n.journal_date LIMIT $3"""  # noqa: S608 - our own column names
_FIND: Final = f"""/* clearing.find_ledger_days */
SELECT n.journal_date, {_COLUMNS}
  FROM unnest($1::date[]) AS n (journal_date)
  LEFT JOIN ledger_day l ON l.journal_date = n.journal_date"""  # noqa: S608 - our own column names

# Days are seeded without gaps, so the first that is not compared is where it stands.
_COMPARED_UNTIL: Final = """/* clearing.ledger_compared_until */
SELECT coalesce((SELECT min(journal_date) - 1 FROM ledger_day WHERE state IS NULL),
                (SELECT max(journal_date) FROM ledger_day)) AS day"""


async def complete_time(source: Connection | Database) -> datetime | None:
    """Returns up to when the ledger has read the feed; None: it never did."""
    row = await source.fetchrow(_COMPLETE_TIME, FEED)
    return None if row is None else row["complete_time"]


async def seed(database: Database, days: Collection[date], *, due_time: datetime) -> None:
    """Makes days due that never were."""
    if days:
        await database.execute(_SEED, sorted(days), due_time)


async def claim_due(database: Database, *, now: datetime, dead_before: datetime) -> date | None:
    """Takes the day that has been due longest; None: there is none."""
    row = await database.fetchrow(_CLAIM_DUE, now, dead_before)
    return None if row is None else row["journal_date"]


async def release(database: Database, day: date, *, claimed: datetime, due_time: datetime) -> None:
    """Lets a day go that could not be compared."""
    await database.execute(_RELEASE, day, claimed, due_time)


async def late_count(source: Connection | Database, day: date) -> int:
    """Returns how often something of a day was booked after it was over."""
    row = await source.fetchrow(_LATE_COUNT, day)
    return row["late_count"] if row else 0


async def finish(
    connection: Connection,
    result: LedgerDay,
    *,
    begun: datetime,
    due_time: datetime | None,
    late_count: int,
) -> None:
    """Writes the comparison of a day, which is due at once if more is booked since `late_count`.

    Raises:
        LostRace: one that was begun later is there.
    """
    row = await connection.fetchrow(
        _FINISH,
        result.journal_date,
        result.state.value if result.state else None,
        result.journal_count,
        result.journal_fen,
        result.ledger_count,
        result.ledger_fen,
        result.break_count,
        begun,
        result.compare_time,
        due_time,
        late_count,
    )
    if row is None:
        raise LostRace("LOST_RACE", "another comparison took its place", retry_after_ms=2000)


async def list_days(
    database: Database, *, month: str, after: date | None, limit: int
) -> list[LedgerDay]:
    """Returns days by date, at most `limit`; of a month also those that are not compared."""
    rows = await database.fetch(_LIST, month, after or date.min, limit)
    return [_day(row) for row in rows]


async def find(source: Connection | Database, days: Collection[date]) -> dict[date, LedgerDay]:
    """Returns some days, whether they are compared or not."""
    rows = await source.fetch(_FIND, sorted(days))
    return {row["journal_date"]: _day(row) for row in rows}


async def compared_until(database: Database) -> date | None:
    """Returns the last day before which no day is missing; None: none was ever due."""
    row = await database.fetchrow(_COMPARED_UNTIL)
    return None if row is None else row["day"]


def _day(row: asyncpg.Record) -> LedgerDay:
    return LedgerDay(
        journal_date=row["journal_date"],
        state=None if row["state"] is None else DayState(row["state"]),
        journal_count=row["journal_count"],
        journal_fen=row["journal_fen"],
        ledger_count=row["ledger_count"],
        ledger_fen=row["ledger_fen"],
        break_count=row["break_count"],
        compare_time=row["compare_time"],
        carry_month=row["carry_month"],
    )
