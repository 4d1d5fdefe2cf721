"""The partitions of the journal, read from PostgreSQL's own catalogue.

Every partitioned table of settlement's schema is cut at the same months, by ids that carry their
time. To attach or detach takes a lock that no settlement can be written beside, for a few
milliseconds; while it is waited for, whoever comes later waits behind it. So it is waited for only
briefly, and tried again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import asyncpg

SCHEMA: Final = "settlement"
ARCHIVE: Final = "settlement_archive"
"""Schema of what was detached; nothing of it is ever dropped by us."""
KEPT_MONTHS_MIN: Final = 13
"""A month stays in use for so long after it began: a year is closed, and its corrections."""
_LOCK_WAIT: Final = "200ms"
_ATTEMPTS_MAX: Final = 50
_PAUSE_S: Final = 0.3
_NAME: Final = re.compile(r"^(?P<parent>[a-z_]+)_(?P<month>[0-9]{6})$")

_PARTITIONS: Final = """
SELECT parent.relname AS parent, part.relname AS name, part.oid::int8 AS id,
       greatest(part.reltuples, 0)::int8 AS rows, pg_total_relation_size(part.oid) AS bytes,
       pg_get_expr(part.relpartbound, part.oid) AS bounds
  FROM pg_inherits
  JOIN pg_class parent ON parent.oid = inhparent
  JOIN pg_class part ON part.oid = inhrelid
 WHERE parent.relkind = 'p' AND part.relkind = 'r' AND parent.relnamespace = $1::regnamespace
 ORDER BY part.relname"""
_ARCHIVED: Final = """
SELECT relname AS name, oid::int8 AS id, greatest(reltuples, 0)::int8 AS rows,
       pg_total_relation_size(oid) AS bytes, obj_description(oid) AS bounds
  FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace($1) ORDER BY relname"""

# A partition's guard against changes is its parent's, and goes with it.
_GUARD: Final = (
    "CREATE TRIGGER archive_append_only BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change()"
)
_OPEN: Final = """
SELECT count(*) FROM settlement.open_intent
 WHERE settlement_id < settlement.first_id_at($1::timestamp)"""


class PartitionError(Exception):
    """It cannot be done; the text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One month of one table."""

    parent: str
    name: str
    month: date | None
    """First day; None: the default partition, for what no month was made."""
    rows: int
    """As last estimated by PostgreSQL; of the default partition counted."""
    size_bytes: int
    """With its indexes."""
    bounds: str
    is_attached: bool


def parse_month(text: str) -> date:
    """Reads "2026-01" to its first day.

    Raises:
        ValueError: it is no month.
    """
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text) is None:
        msg = f"{text} is no month; such as 2026-01"
        raise ValueError(msg)
    return date.fromisoformat(f"{text}-01")


def later(month: date, count: int) -> date:
    """Returns the first day of the month so many after (negative: before) another one."""
    ordinal = month.year * 12 + month.month - 1 + count
    return date(ordinal // 12, ordinal % 12 + 1, 1)


async def partitions(connection: Any) -> list[Partition]:
    """Returns every partition that there is, in use or in the archive."""
    found = [_read(row, row["parent"]) for row in await connection.fetch(_PARTITIONS, SCHEMA)]
    parents = {one.parent for one in found}
    for row in await connection.fetch(_ARCHIVED, ARCHIVE):
        match = _NAME.match(row["name"])
        if match and match["parent"] in parents:
            found.append(_read(row, match["parent"], is_attached=False))
    return [
        one if one.month else await _counted(connection, one)
        for one in sorted(found, key=lambda one: (one.parent, one.month or date.max))
    ]


async def ensure(connection: Any, first: date, months: int) -> list[str]:
    """Makes the partitions of so many months from one on; returns the names of those made.

    Raises:
        PartitionError: rows of such a month lie in the default partition already, or no moment
            was found at which it could be done.
    """
    before = {one.name for one in await partitions(connection)}
    for count in range(months):
        month = later(first, count)
        try:
            await _locked(connection, f"SELECT {SCHEMA}.ensure_month('{month.isoformat()}')")
        except asyncpg.CheckViolationError as error:
            raise PartitionError(
                f"rows of {month:%Y-%m} lie in the default partition already: its partition was"
                " not made in time; they are read and written all the same, only not by month",
            ) from error
    return [one.name for one in await partitions(connection) if one.name not in before]


async def detach(connection: Any, before: date, today: date) -> list[Partition]:
    """Takes the months before one out of use, into the schema ARCHIVE; returns them.

    What is detached is not read by any call any more, nor verified by the audit chain; it stays
    append-only and is brought back by `attach`.

    Raises:
        PartitionError: a month would not be kept long enough, or has unfinished work, or no
            moment was found at which it could be done.
    """
    limit = later(today.replace(day=1), -KEPT_MONTHS_MIN + 1)
    if before > limit:
        raise PartitionError(
            f"months are kept for {KEPT_MONTHS_MIN}: at most --before {limit:%Y-%m}",
        )
    wanted = [
        one
        for one in await partitions(connection)
        if one.is_attached and one.month is not None and one.month < before
    ]
    for month in sorted({one.month for one in wanted if one.month is not None}):
        open_ = await connection.fetchval(_OPEN, later(month, 1))
        if open_:
            raise PartitionError(f"{open_} settlements up to {month:%Y-%m} are not finished")
        # All tables of a month at once: half a settlement is in no moment to be seen.
        await _locked(connection, *_detaching([one for one in wanted if one.month == month]))
    return wanted


async def attach(connection: Any, month: date) -> list[Partition]:
    """Brings a month back from the archive; returns its partitions.

    Raises:
        PartitionError: the archive has none of this month, or no moment was found at which it
            could be done.
    """
    wanted = [
        one for one in await partitions(connection) if not one.is_attached and one.month == month
    ]
    if not wanted:
        raise PartitionError(f"nothing of {month:%Y-%m} is in the archive")
    statements = []
    for one in wanted:
        statements += [
            f"DROP TRIGGER archive_append_only ON {ARCHIVE}.{one.name}",
            f"ALTER TABLE {ARCHIVE}.{one.name} SET SCHEMA {SCHEMA}",
            f"ALTER TABLE {SCHEMA}.{one.parent} ATTACH PARTITION {SCHEMA}.{one.name} {one.bounds}",
        ]
    await _locked(connection, *statements)
    return wanted


def _detaching(wanted: Sequence[Partition]) -> list[str]:
    statements = [f"CREATE SCHEMA IF NOT EXISTS {ARCHIVE}"]
    for one in wanted:
        statements += [
            f"ALTER TABLE {SCHEMA}.{one.parent} DETACH PARTITION {SCHEMA}.{one.name}",
            _GUARD.format(table=f"{SCHEMA}.{one.name}"),
            # Where it belongs when it comes back.
            f"COMMENT ON TABLE {SCHEMA}.{one.name} IS $bounds${one.bounds}$bounds$",
            f"ALTER TABLE {SCHEMA}.{one.name} SET SCHEMA {ARCHIVE}",
        ]
    return statements


async def _locked(connection: Any, *statements: str) -> None:
    """Runs statements in one transaction that waits for locks only briefly, until it gets them."""
    for _ in range(_ATTEMPTS_MAX):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
                await connection.execute(f"SET LOCAL search_path = {SCHEMA}")
                for statement in statements:
                    await connection.execute(statement)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(_PAUSE_S)
        else:
            return
    raise PartitionError(
        "a transaction holds the journal for longer than may be waited for: see pg_stat_activity"
    )


async def _counted(connection: Any, one: Partition) -> Partition:
    """Counts the default partition: it is to be empty, and an estimate may be old."""
    name = f"{SCHEMA}.{one.name}"
    return replace(one, rows=await connection.fetchval(f"SELECT count(*) FROM {name}"))  # noqa: S608 - of the catalogue


def _read(row: Any, parent: str, *, is_attached: bool = True) -> Partition:
    match = _NAME.match(row["name"])
    month = parse_month(f"{match['month'][:4]}-{match['month'][4:]}") if match else None
    return Partition(
        parent=parent,
        name=row["name"],
        month=month,
        rows=row["rows"],
        size_bytes=row["bytes"],
        bounds=row["bounds"] or "",
        is_attached=is_attached,
    )
