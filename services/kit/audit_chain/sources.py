"""What a service has on record for the audit chain: its sources, read in their order.

A source is a function of the service's schema, `audit_<source>(from_transaction_id, from_sequence,
row_limit)`, that writes rows anew from the tables. It gives the row at the position that it begins
with, too: where that one is gone, rows were removed or the database was set back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from services.kit.errors import Absent, RuleForbids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.kit.db import Database

EVENTS: Final = "events"
"""The source that every service has: table audit_event."""
SOURCES: Final[dict[str, tuple[str, ...]]] = {
    "identity": (EVENTS, "access"),
    "filing": (EVENTS,),
    "catalogue": (EVENTS,),
    "benefits": (EVENTS,),
    "settlement": (EVENTS, "journal", "reimbursements"),
    "supervision": (EVENTS,),
    "clearing": (EVENTS, "ledger"),
}
"""The sources of each service."""
DETACHED: Final = '{"detached" : true}'
"""Content of a row whose month's partition was detached: it cannot be written anew here."""
ENTRIES_MAX: Final = 500
_BYTES_MAX: Final = 2 * 1024 * 1024
"""Half of what a caller takes at once."""
_UNFLUSHED: Final = {"access"}
"""Sources whose rows are committed without waiting for the disk."""

_TABLES: Final = {
    EVENTS: ("audit_event", "event_time"),
    "journal": ("outbox", "event_time"),
    "reimbursements": ("reimbursement_event", "event_time"),
    "access": ("access", "access_time"),
}
"""What the sources that are in the order of their transactions stand in, and its time."""

_READ: Final = """/* {service}.read_audit_{source} */
SELECT transaction_id::text AS transaction_id, sequence, event_time, kind, record_id, content
  FROM audit_{source}($1::text::xid8, $2, $3)"""
# A transaction that stays open holds back all that is committed after it began: nothing is answered
# and nothing is wrong, but that it waits.
_HELD: Final = """/* {service}.read_held_{source} */
SELECT {time} AS held_since FROM {table}
 WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY transaction_id LIMIT 1"""
# A commit that writes waits for the disk, and so for all that was committed before it.
_FLUSH: Final = """/* {service}.flush_audit_{source} */
SELECT pg_logical_emit_message(true, 'yijie', 'flush')"""


class Position(NamedTuple):
    """A place in a source: at this row."""

    transaction_id: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.transaction_id}.{self.sequence}"


START: Final = Position(0, 0)
"""Before the first row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A row on record, as it is sealed."""

    position: Position
    kind: str
    event_time: datetime
    record_id: str
    content: str
    """One JSON object in the clear; no personal data."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a source in their order."""

    rows: Sequence[SourceRow]
    has_more: bool
    held_since: datetime | None = None
    """Since when committed rows wait for a transaction that is open; None: none do."""


def read_position(text: str) -> Position:
    """Returns the position of a text whose form the contract has checked; empty: the start."""
    if not text:
        return START
    transaction_id, _, sequence = text.partition(".")
    return Position(int(transaction_id), int(sequence))


class SourceStore:
    """The sources of one service."""

    def __init__(self, database: Database, service: str) -> None:
        """Reads the sources that SOURCES has for the service."""
        self._database = database
        self._statements = {
            source: _READ.format(service=service, source=source) for source in SOURCES[service]
        }
        self._held = {
            source: _HELD.format(service=service, source=source, table=table, time=time)
            for source, (table, time) in _TABLES.items()
            if source in SOURCES[service]
        }
        self._flushes = {
            source: _FLUSH.format(service=service, source=source)
            for source in SOURCES[service]
            if source in _UNFLUSHED
        }

    async def read(self, source: str, after: Position, *, limit: int = ENTRIES_MAX) -> Page:
        """Returns rows after a position, in their order, without gaps.

        Raises:
            Absent: RESOURCE_NOT_FOUND: there is no such source here.
            RuleForbids: AUDIT_POSITION_UNKNOWN: the row at `after` is not on record.
        """
        statement = self._statements.get(source)
        if statement is None:
            raise Absent("RESOURCE_NOT_FOUND", "there is no such source here", field="source")
        # The row that the page begins with, and one more that tells whether others follow.
        records = await self._database.fetch(
            statement, str(after.transaction_id), after.sequence, limit + 2
        )
        rows = [
            SourceRow(
                position=Position(int(record["transaction_id"]), record["sequence"]),
                kind=record["kind"],
                event_time=record["event_time"],
                record_id=record["record_id"],
                content=record["content"],
            )
            for record in records
        ]
        if after != START:
            if not rows or rows[0].position != after:
                raise RuleForbids(
                    "AUDIT_POSITION_UNKNOWN",
                    "the row that was sealed last is not on record any more",
                    metadata={"source": source},
                )
            rows = rows[1:]
        page = _fitting(rows[:limit])
        if page and source in self._flushes:
            # What a crash could still undo must not be sealed.
            await self._database.fetchrow(self._flushes[source])
        has_more = len(page) < len(rows)
        held_since = None if has_more else await self._held_since(source)
        return Page(page, has_more=has_more, held_since=held_since)

    async def _held_since(self, source: str) -> datetime | None:
        if source not in self._held:
            return None
        row = await self._database.fetchrow(self._held[source])
        return None if row is None else row["held_since"]


def _fitting(rows: Sequence[SourceRow]) -> Sequence[SourceRow]:
    total = 0
    for number, row in enumerate(rows):
        total += len(row.content) + len(row.record_id) + 64
        if number and total > _BYTES_MAX:
            return rows[:number]
    return rows
