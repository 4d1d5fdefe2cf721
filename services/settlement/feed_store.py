"""The SQL that reads the feed. Design: docs/adr/0006-feed.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Generic, NamedTuple, TypeVar

from services.kit.crypto import FieldCipher
from services.kit.db import Database

EVENT_CONTEXT: Final = b"settlement.outbox:"
"""Binds a sealed event to its settlement: the id follows."""
DETAIL_CONTEXT: Final = b"settlement.detail:"
"""Binds a sealed settlement in the full view to its id, likewise."""
KINDS: Final = ("SETTLED", "REVERSED")

ROWS_MAX: Final = 200
BYTES_MAX: Final = 1024 * 1024
"""A quarter of what a subscriber takes at once: a batch too long would be so for ever."""
SCANNED_MAX: Final = 5_000
"""Events that a reading with a filter looks at: a bound on what one statement can cost, however
little of it concerns the subscriber."""

# A transaction below the snapshot's xmin has ended: what it wrote is visible now or never. Nothing
# can appear later before the rows read here, so a cursor loses nothing. Ordered by the columns, not
# by the text of the same name that is selected, in which 1000 comes before 999.
#
# What is scanned is decided by the index alone. The reader goes on after the last event scanned,
# wanted or not: that is a row, committed before it was seen, and so still there after a crash. The
# snapshot's xmin would be further on but may not be: the ids of transactions that were rolled back
# can be given again after a crash, to events that such a cursor would then skip.
_READ = """/* settlement.{name} */
WITH scanned AS (
    SELECT transaction_id, sequence, kind, care_province, insured_province FROM outbox
    WHERE (transaction_id, sequence) > ($1::text::xid8, $2)
      AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY transaction_id, sequence LIMIT {scanned_max}
), wanted AS (
    SELECT transaction_id, sequence FROM scanned
    WHERE {wanted} ORDER BY transaction_id, sequence LIMIT {rows_max}
), sized AS (
    SELECT transaction_id, sequence, outbox.settlement_id, kind, event_time, settlement,
        {detail} AS detail,
        row_number() OVER fore AS place,
        sum(length(settlement) + coalesce(length({detail}), 0)) OVER fore AS bytes
    FROM wanted JOIN outbox USING (transaction_id, sequence){details}
    WINDOW fore AS (ORDER BY transaction_id, sequence)
), reached AS (
    SELECT transaction_id, sequence, event_time
    FROM (SELECT transaction_id, sequence FROM scanned
          ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS last
    JOIN outbox USING (transaction_id, sequence)
), held AS (
    SELECT event_time FROM outbox
    WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY transaction_id, sequence LIMIT 1
)
SELECT (SELECT count(*) FROM scanned) AS scanned_rows,
    (SELECT count(*) FROM wanted) AS wanted_rows,
    (SELECT event_time FROM held) AS held_time,
    reached.transaction_id::text AS reached_transaction_id, reached.sequence AS reached_sequence,
    reached.event_time AS reached_time,
    sized.transaction_id::text AS transaction_id, sized.sequence, settlement_id, kind,
    sized.event_time, settlement, detail
FROM (SELECT) AS always LEFT JOIN reached ON true
LEFT JOIN sized ON place = 1 OR bytes <= {bytes_max}
ORDER BY sized.transaction_id, sized.sequence"""

_BASIC = {"detail": "NULL::bytea", "details": ""}
# What was settled is told whole; of what was taken back the follower has it already.
_FULL = {
    "detail": "d.detail",
    "details": "\n    LEFT JOIN settlement d ON outbox.kind = 'SETTLED'"
    " AND d.settlement_id = outbox.settlement_id",
}
_SOME = "kind = ANY ($3) AND ($4 AND care_province = $6 OR $5 AND insured_province = $6 OR $6 = '')"


def _statement(name: str, *, wanted: str, scanned_max: int, detail: dict[str, str]) -> str:
    return _READ.format(
        name=name,
        scanned_max=scanned_max,
        wanted=wanted,
        rows_max=ROWS_MAX,
        bytes_max=BYTES_MAX,
        **detail,
    )


_READ_ALL = _statement("read_feed", wanted="true", scanned_max=ROWS_MAX, detail=_BASIC)
_READ_SOME = _statement("read_feed_filtered", wanted=_SOME, scanned_max=SCANNED_MAX, detail=_BASIC)
_READ_FULL = _statement("read_feed_full", wanted=_SOME, scanned_max=ROWS_MAX, detail=_FULL)

# Every cursor ever given is the position of a row below the xmin of that time, which never falls,
# and rows are never removed.
_FIND_POSITION = """/* settlement.find_feed_position */
SELECT EXISTS (
    SELECT FROM outbox WHERE (transaction_id, sequence) = ($1::text::xid8, $2)
      AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())) AS given,
    coalesce(($1::text::xid8, $2) > (
        SELECT transaction_id, sequence FROM outbox
        WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY transaction_id DESC, sequence DESC LIMIT 1), true)
    OR $2 > (SELECT last_value FROM outbox_sequence_seq) AS beyond"""


class Position(NamedTuple):
    """A place in the feed: after this event."""

    transaction_id: int
    sequence: int


START: Final = Position(0, 0)


class Standing(Enum):
    """What a position is to the feed."""

    GIVEN = "given"
    BEYOND = "beyond"
    """Beyond all that it has ever given."""
    UNKNOWN = "unknown"
    """Between what it has given: of another feed, or of a database that was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a subscriber wants of the feed."""

    province: str = ""
    """xx0000; empty: of every province."""
    as_care: bool = True
    as_insured: bool = True
    kinds: Sequence[str] = KINDS
    is_full: bool = False
    """With the bills of what was settled."""

    @property
    def is_everything(self) -> bool:
        """Tells whether nothing is left out."""
        return not self.province and set(self.kinds) == set(KINDS)

    @property
    def scanned_max(self) -> int:
        """Returns how many events one reading looks at."""
        return ROWS_MAX if self.is_everything or self.is_full else SCANNED_MAX


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One event of the feed."""

    position: Position
    kind: str
    event_time: datetime
    settlement: bytes
    detail: bytes | None
    """The settlement in the full view, before any outcome; None: not asked for, or taken back."""


R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[R]):
    """What was read at once: never more than ROWS_MAX rows, nor than BYTES_MAX, but for one row."""

    rows: Sequence[R]
    reached: Position
    """Where to go on: all that is wanted up to here is in the rows, or was given before."""
    has_more: bool
    """Whether more is known to be behind it, wanted or not."""
    waiting_since: datetime | None
    """When the oldest event happened that is committed and was not given before this reading: one
    of the rows, one behind them, or one that a transaction still running holds back."""


class FeedStore:
    """The outbox, as subscribers read it."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def read(self, after: Position, wanted: Wanted) -> Reading[FeedRow]:
        """Returns what is wanted after a position, in commit order, without gaps."""
        arguments: list[Any] = [str(after.transaction_id), after.sequence]
        if wanted.is_everything and not wanted.is_full:
            found = await self._database.fetch(_READ_ALL, *arguments)
        else:
            arguments += [wanted.kinds, wanted.as_care, wanted.as_insured, wanted.province]
            statement = _READ_FULL if wanted.is_full else _READ_SOME
            found = await self._database.fetch(statement, *arguments)
        rows = [self._row(row) for row in found if row["sequence"] is not None]
        return _reading(after, wanted, rows, found[0])

    async def find(self, position: Position) -> Standing:
        """Tells whether the feed has ever given a position."""
        row = await self._database.fetchrow(
            _FIND_POSITION, str(position.transaction_id), position.sequence
        )
        return standing_of(row)

    def _row(self, row: Any) -> FeedRow:
        key, detail = row["settlement_id"].bytes, row["detail"]
        return FeedRow(
            Position(int(row["transaction_id"]), row["sequence"]),
            row["kind"],
            row["event_time"],
            self._cipher.decrypt(row["settlement"], context=EVENT_CONTEXT + key),
            None if detail is None else self._cipher.decrypt(detail, context=DETAIL_CONTEXT + key),
        )


def standing_of(row: Any) -> Standing:
    """Returns what the row of a look-up of a position says."""
    if row is None or row["given"]:
        return Standing.GIVEN
    return Standing.BEYOND if row["beyond"] else Standing.UNKNOWN


def _reading(
    after: Position, wanted: Wanted, rows: Sequence[FeedRow], found: Any
) -> Reading[FeedRow]:
    is_cut = len(rows) < found["wanted_rows"] or len(rows) == ROWS_MAX
    has_more = is_cut or found["scanned_rows"] == wanted.scanned_max
    if is_cut:
        reached = rows[-1].position
    elif found["scanned_rows"]:
        reached = Position(int(found["reached_transaction_id"]), found["reached_sequence"])
    else:
        reached = after
    if rows:
        waiting_since = rows[0].event_time
    elif has_more:
        waiting_since = found["reached_time"]
    else:
        waiting_since = found["held_time"]
    return Reading(rows=rows, reached=reached, has_more=has_more, waiting_since=waiting_since)
