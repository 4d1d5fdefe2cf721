"""A feed out of a table: at least once, in commit order, without gaps. Why: docs/adr/0006-feed.md.

A service that gives such a feed keeps an append-only table of events, written in the transaction of
what they tell:

    transaction_id xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_time     timestamptz NOT NULL,
    …
    PRIMARY KEY (transaction_id, sequence) INCLUDE (all that a filter looks at)

`Outbox` names the table and its columns, `OutboxStore` reads it, `OutboxFeed` is what an RPC
streams from. Rows are never removed and never changed.

Transactions that overlap may come in another order than they did their work. Where two of them can
tell of one thing, and the second waited for the first before it wrote its event, `sequence` has the
order of the work: give it as the event's id, and let subscribers keep the highest.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

import asyncpg
import prometheus_client

from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.errors import InvalidArgument

OUTBOX_EVENTS: Final = prometheus_client.Counter(
    "yijie_outbox_events", "Events of a feed that were given to subscribers.", ["feed"]
)
OUTBOX_LAG: Final = prometheus_client.Gauge(
    "yijie_outbox_lag_seconds",
    "Age of the oldest event that an open subscription is waiting for, by its region or all.",
    ["feed", "region"],
)

ROWS_MAX: Final = 200
BYTES_MAX: Final = 1024 * 1024
"""A quarter of what a subscriber takes at once: a batch too long would be so for ever."""
SCANNED_MAX: Final = 5_000
"""Events that a reading with a filter looks at: a bound on what one statement can cost, however
little of it concerns the subscriber."""
_EVERYTHING: Final = "all"
"""Label of subscribers without a region."""
_FIELD: Final = "after_cursor"

# A transaction below the snapshot's xmin has ended: what it wrote is visible now or never. Nothing
# can appear later before the rows read here, so a cursor loses nothing. Ordered by the columns, not
# by the text of the same name that is selected, in which 1000 comes before 999.
#
# What is scanned is decided by the index alone. The reader goes on after the last event scanned,
# wanted or not: that is a row, committed before it was seen, and so still there after a crash. The
# snapshot's xmin would be further on but may not be: the ids of transactions that were rolled back
# can be given again after a crash, to events that such a cursor would then skip.
_READ: Final = """/* {service}.read_{table}{suffix} */
WITH scanned AS (
    SELECT transaction_id, sequence{filters} FROM {table}
    WHERE (transaction_id, sequence) > ($1::text::xid8, $2)
      AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY transaction_id, sequence LIMIT {scanned_max}
), wanted AS (
    SELECT transaction_id, sequence FROM scanned
    WHERE {wanted} ORDER BY transaction_id, sequence LIMIT {rows_max}
), sized AS (
    SELECT transaction_id, sequence, event_time, {columns},
        row_number() OVER fore AS place, sum(length({content})) OVER fore AS bytes
    FROM wanted JOIN {table} USING (transaction_id, sequence)
    WINDOW fore AS (ORDER BY transaction_id, sequence)
), reached AS (
    SELECT transaction_id, sequence, event_time
    FROM (SELECT transaction_id, sequence FROM scanned
          ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS last
    JOIN {table} USING (transaction_id, sequence)
), held AS (
    SELECT event_time FROM {table}
    WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY transaction_id, sequence LIMIT 1
)
SELECT (SELECT count(*) FROM scanned) AS scanned_rows,
    (SELECT count(*) FROM wanted) AS wanted_rows,
    (SELECT event_time FROM held) AS held_time,
    reached.transaction_id::text AS reached_transaction_id, reached.sequence AS reached_sequence,
    reached.event_time AS reached_time,
    sized.transaction_id::text AS transaction_id, sized.sequence, sized.event_time, {columns}
FROM (SELECT) AS always LEFT JOIN reached ON true
LEFT JOIN sized ON place = 1 OR coalesce(bytes, 0) <= {bytes_max}
ORDER BY sized.transaction_id, sized.sequence"""

# Every cursor ever given is the position of a row below the xmin of that time, which never falls,
# and rows are never removed.
_FIND_POSITION: Final = """/* {service}.find_{table}_position */
SELECT EXISTS (
    SELECT FROM {table} WHERE (transaction_id, sequence) = ($1::text::xid8, $2)
      AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())) AS given,
    coalesce(($1::text::xid8, $2) > (
        SELECT transaction_id, sequence FROM {table}
        WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY transaction_id DESC, sequence DESC LIMIT 1), true)
    OR $2 > (SELECT last_value FROM {table}_sequence_seq) AS beyond"""


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
class Outbox:
    """A table of events, as SQL sees it."""

    service: str
    """The service and schema, for the names of statements."""
    table: str
    content: str
    """The column whose length bounds a batch, one of `columns`; null counts as nothing."""
    columns: Sequence[str]
    """What is read of each event beside its position and `event_time`."""
    filters: Sequence[str] = ()
    """The columns in the index that `wanted` looks at."""
    wanted: str = "true"
    """Condition on `filters`; the subscriber's arguments are $3 and the following."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One event of the feed."""

    position: Position
    event_time: datetime
    columns: asyncpg.Record
    """The columns that the outbox names, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read at once: never more than ROWS_MAX rows, nor than BYTES_MAX, but for one row."""

    rows: Sequence[OutboxRow]
    reached: Position
    """Where to go on: all that is wanted up to here is in the rows, or was given before."""
    has_more: bool
    """Whether more is known to be behind it, wanted or not."""
    waiting_since: datetime | None
    """When the oldest event happened that is committed and was not given before this reading: one
    of the rows, one behind them, or one that a transaction still running holds back."""


class OutboxStore:
    """A table of events, as subscribers read it."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        """Reads one table; the names in `outbox` are our own constants, never a caller's text."""
        self._database = database
        names = {
            "service": outbox.service,
            "table": outbox.table,
            "content": outbox.content,
            "columns": ", ".join(outbox.columns),
            "rows_max": ROWS_MAX,
            "bytes_max": BYTES_MAX,
        }
        self._read_all = _READ.format(
            suffix="", filters="", wanted="true", scanned_max=ROWS_MAX, **names
        )
        self._read_some = _READ.format(
            suffix="_filtered",
            filters="".join(f", {column}" for column in outbox.filters),
            wanted=outbox.wanted,
            scanned_max=SCANNED_MAX,
            **names,
        )
        self._find = _FIND_POSITION.format(service=outbox.service, table=outbox.table)

    async def read(self, after: Position, wanted: Sequence[Any] | None = None) -> Reading:
        """Returns what is wanted after a position, in commit order, without gaps.

        `wanted` are the arguments of the outbox's condition; None: everything.
        """
        place = (str(after.transaction_id), after.sequence)
        if wanted is None:
            found = await self._database.fetch(self._read_all, *place)
        else:
            found = await self._database.fetch(self._read_some, *place, *wanted)
        rows = [_row(row) for row in found if row["sequence"] is not None]
        return _reading(after, rows, found[0], ROWS_MAX if wanted is None else SCANNED_MAX)

    async def find(self, position: Position) -> Standing:
        """Tells whether the feed has ever given a position."""
        row = await self._database.fetchrow(
            self._find, str(position.transaction_id), position.sequence
        )
        if row is None or row["given"]:
            return Standing.GIVEN
        return Standing.BEYOND if row["beyond"] else Standing.UNKNOWN


@dataclass(frozen=True, slots=True)
class Given:
    """A batch for a subscriber; without rows a sign of life."""

    rows: Sequence[OutboxRow]
    cursor: str
    lag_ms: int


@dataclass(slots=True, eq=False)
class _Stream:
    """A subscription that is open."""

    region: str
    waiting_since: datetime | None = None
    """When the oldest event happened that it is waiting for; None: it has all."""


class OutboxFeed:
    """Reads an outbox for subscribers."""

    def __init__(
        self, name: str, store: OutboxStore, clock: Clock, *, poll_s: float, heartbeat_s: float
    ) -> None:
        """Looks for new events every `poll_s`; is silent for `heartbeat_s` at most.

        `name` is the feed's in metrics.
        """
        self._name = name
        self._store = store
        self._clock = clock
        self._poll_s = poll_s
        self._heartbeat_s = heartbeat_s
        self._closed = asyncio.Event()
        self._streams: set[_Stream] = set()

    async def read(
        self, after_cursor: str, *, wanted: Sequence[Any] | None = None, region: str = ""
    ) -> AsyncGenerator[Given, None]:
        """Yields batches of what a subscriber wants, and empty ones as signs of life.

        The consumer's pace is the feed's: nothing is read before the batch in hand was taken. The
        cursor moves over what is not wanted too, so that nobody who comes back reads it again. Ends
        when the service drains; the subscriber comes back with its cursor.

        Args:
            after_cursor: where to go on; empty: at the beginning.
            wanted: arguments of the outbox's condition; None: everything.
            region: whose subscription it is, for the metric of the lag; empty: no one's.

        Raises:
            InvalidArgument: CURSOR_INVALID, CURSOR_IN_FUTURE.
        """
        position = read_cursor(after_cursor)
        await self._require_given(position)
        # A first sign of life tells the subscriber at once that its cursor was accepted.
        yield Given((), after_cursor, 0)
        silent_since = self._clock.monotonic()
        with self._open(region or _EVERYTHING) as stream:
            while not self._closed.is_set():
                reading = await self._store.read(position, wanted)
                position, stream.waiting_since = reading.reached, reading.waiting_since
                if reading.rows or self._clock.monotonic() - silent_since >= self._heartbeat_s:
                    OUTBOX_EVENTS.labels(self._name).inc(len(reading.rows))
                    lag_ms = round(self._age_s(stream) * 1000)
                    yield Given(reading.rows, write_cursor(position), lag_ms)
                    silent_since = self._clock.monotonic()
                if not reading.has_more:
                    # A consumer commits once per batch: a few events at a time would cost it
                    # thrice.
                    await self._pause()

    def lag_s(self, region: str) -> float:
        """Returns how long the furthest behind of a region's subscribers has been waiting."""
        return max((self._age_s(one) for one in self._streams if one.region == region), default=0.0)

    def close(self) -> None:
        """Ends every stream, so that draining does not wait for what never ends."""
        self._closed.set()

    async def _require_given(self, position: Position) -> None:
        if position == START:
            return
        standing = await self._store.find(position)
        if standing is Standing.BEYOND:
            raise InvalidArgument(
                "CURSOR_IN_FUTURE",
                "after_cursor lies beyond all that this feed has given",
                field=_FIELD,
            )
        if standing is Standing.UNKNOWN:
            raise _cursor_invalid()

    @contextlib.contextmanager
    def _open(self, region: str) -> Iterator[_Stream]:
        stream = _Stream(region)
        self._streams.add(stream)
        lag = OUTBOX_LAG.labels(self._name, region)
        lag.set_function(functools.partial(self.lag_s, region))
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    def _age_s(self, stream: _Stream) -> float:
        if stream.waiting_since is None:
            return 0.0
        return max(0.0, (self._clock.now() - stream.waiting_since).total_seconds())

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closed.wait(), self._poll_s)
        except TimeoutError:
            return


def write_cursor(position: Position) -> str:
    """Returns the opaque cursor of a position in the feed; empty: its beginning."""
    if position == START:
        return ""
    return f"{position.transaction_id}.{position.sequence}"


def read_cursor(text: str) -> Position:
    """Returns the position of a cursor. Raises CURSOR_INVALID."""
    if not text:
        return START
    transaction, dot, sequence = text.partition(".")
    if not (dot and _is_number(transaction) and _is_number(sequence)):
        raise _cursor_invalid()
    return Position(int(transaction), int(sequence))


def _cursor_invalid() -> InvalidArgument:
    return InvalidArgument("CURSOR_INVALID", "after_cursor is not one of this feed", field=_FIELD)


def _is_number(text: str) -> bool:
    # Bounded below 2^63: the database compares the parts as 64-bit numbers.
    return text.isascii() and text.isdigit() and int(text) < 1 << 63


def _row(row: asyncpg.Record) -> OutboxRow:
    position = Position(int(row["transaction_id"]), row["sequence"])
    return OutboxRow(position, row["event_time"], row)


def _reading(
    after: Position, rows: Sequence[OutboxRow], found: asyncpg.Record, scanned_max: int
) -> Reading:
    is_cut = len(rows) < found["wanted_rows"] or len(rows) == ROWS_MAX
    has_more = is_cut or found["scanned_rows"] == scanned_max
    if is_cut:
        reached = rows[-1].position
    elif found["scanned_rows"]:
        reached = Position(int(found["reached_transaction_id"]), found["reached_sequence"])
    else:
        reached = after
    if rows:
        waiting_since: datetime | None = rows[0].event_time
    elif has_more:
        waiting_since = found["reached_time"]
    else:
        waiting_since = found["held_time"]
    return Reading(rows=rows, reached=reached, has_more=has_more, waiting_since=waiting_since)
