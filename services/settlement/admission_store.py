"""The SQL that reads the feed of stays; ordered and bounded as docs/adr/0006-feed.md has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.kit.crypto import FieldCipher
from services.kit.db import Database
from services.settlement.feed_store import ROWS_MAX, Position, Reading, Standing, standing_of

CONTEXT: Final = b"settlement.admission:"
"""What an admission is encrypted for; its visit id follows."""

_READ: Final = f"""/* settlement.read_admissions */
WITH found AS (
    SELECT transaction_id, sequence, visit_id, revision, state, event_time, admission
    FROM admission_event
    WHERE (transaction_id, sequence) > ($1::text::xid8, $2)
      AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY transaction_id, sequence LIMIT {ROWS_MAX}
), held AS (
    SELECT event_time FROM admission_event
    WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY transaction_id, sequence LIMIT 1
)
SELECT (SELECT event_time FROM held) AS held_time, found.transaction_id::text AS transaction_id,
    found.sequence, visit_id, revision, state, found.event_time, admission
FROM (SELECT) AS always LEFT JOIN found ON true
ORDER BY found.transaction_id, found.sequence"""  # noqa: S608 - put together from constants

_FIND_POSITION: Final = """/* settlement.find_admission_position */
SELECT EXISTS (
    SELECT FROM admission_event WHERE (transaction_id, sequence) = ($1::text::xid8, $2)
      AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())) AS given,
    coalesce(($1::text::xid8, $2) > (
        SELECT transaction_id, sequence FROM admission_event
        WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY transaction_id DESC, sequence DESC LIMIT 1), true)
    OR $2 > (SELECT last_value FROM admission_event_sequence_seq) AS beyond"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRow:
    """One change of a stay."""

    position: Position
    state: str
    revision: int
    event_time: datetime
    admission: bytes
    """yijie.settlement.v1.Admission without state and revision."""


class AdmissionStore:
    """The outbox of stays, as subscribers read it."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def read(self, after: Position) -> Reading[AdmissionRow]:
        """Returns what comes after a position, in commit order, without gaps."""
        found = await self._database.fetch(_READ, str(after.transaction_id), after.sequence)
        rows = [self._row(row) for row in found if row["sequence"] is not None]
        return Reading(
            rows=rows,
            reached=rows[-1].position if rows else after,
            has_more=len(rows) == ROWS_MAX,
            waiting_since=rows[0].event_time if rows else found[0]["held_time"],
        )

    async def find(self, position: Position) -> Standing:
        """Tells whether the feed has ever given a position."""
        row = await self._database.fetchrow(
            _FIND_POSITION, str(position.transaction_id), position.sequence
        )
        return standing_of(row)

    def _row(self, row: Any) -> AdmissionRow:
        return AdmissionRow(
            position=Position(int(row["transaction_id"]), row["sequence"]),
            state=row["state"],
            revision=row["revision"],
            event_time=row["event_time"],
            admission=self._cipher.decrypt(
                row["admission"], context=CONTEXT + row["visit_id"].bytes
            ),
        )
