"""The SQL of signals: append-only, in the transaction that moves the cursor of their feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.kit.feed import move_cursor
from services.supervision.domain.signals import RecordedSignal, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection, Database

FEED: Final = "signals"
"""Name of the feed in feed_cursor."""

_INSERT: Final = """/* supervision.insert_signals */
INSERT INTO signal (signal_id, kind, person_id, institution_codes, province_codes, first_time,
                    last_time, distance_km, use_count, event_time)
SELECT s.signal_id, s.kind, s.person_id, string_to_array(s.institution_codes, ','),
       string_to_array(s.province_codes, ','), s.first_time, s.last_time, s.distance_km,
       s.use_count, s.event_time
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[],
              $7::timestamptz[], $8::int[], $9::int[], $10::timestamptz[]) WITH ORDINALITY
       AS s (signal_id, kind, person_id, institution_codes, province_codes, first_time, last_time,
             distance_km, use_count, event_time, position)
 ORDER BY s.position
ON CONFLICT (signal_id) DO NOTHING
RETURNING kind"""

_LIST: Final = """/* supervision.list_signals */
SELECT signal_number, signal_id, kind, person_id, institution_codes, first_time, last_time,
       distance_km, use_count, event_time, create_time
  FROM signal
 WHERE {conditions}
 ORDER BY signal_number DESC LIMIT $1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFilter:
    """Which signals are wanted; None or empty: all."""

    kind: str = ""
    person_id: UUID | None = None
    province: str = ""
    """xx0000; with an institution there."""
    before_number: int | None = None
    """Only those recorded before this one: the last of the page before."""


class SignalStore:
    """What was recorded of identity's signals."""

    def __init__(self, database: Database) -> None:
        """Holds what all statements share."""
        self._database = database

    async def record(self, signals: Sequence[Signal], *, after: str, to: str) -> list[str]:
        """Records a batch in one transaction that moves the cursor; returns the kinds of new ones.

        Raises:
            CursorMoved: the cursor is not at `after`; nothing is recorded.
        """

        async def work(connection: Connection) -> list[str]:
            await move_cursor(connection, FEED, after=after, to=to)
            return await _insert(connection, signals) if signals else []

        return await self._database.run("supervision.record_signals", work)

    async def list_signals(self, wanted: SignalFilter, *, limit: int) -> list[RecordedSignal]:
        """Returns the newest signals that the filter lets through, at most `limit`."""
        arguments: list[Any] = [limit]
        conditions = ["true"]
        for condition, argument in (
            ("kind = {}", wanted.kind),
            ("person_id = {}", wanted.person_id),
            ("province_codes @> ARRAY[{}::text]", wanted.province),
            ("signal_number < {}", wanted.before_number),
        ):
            if argument is not None and argument != "":
                arguments.append(argument)
                conditions.append(condition.format(f"${len(arguments)}"))
        query = _LIST.format(conditions=" AND ".join(conditions))
        return [_recorded(row) for row in await self._database.fetch(query, *arguments)]


async def _insert(connection: Connection, signals: Sequence[Signal]) -> list[str]:
    rows = await connection.fetch(
        _INSERT,
        [signal.signal_id for signal in signals],
        [signal.kind for signal in signals],
        [signal.person_id for signal in signals],
        [",".join(signal.institution_codes) for signal in signals],
        [",".join(signal.provinces) for signal in signals],
        [signal.first_time for signal in signals],
        [signal.last_time for signal in signals],
        [signal.distance_km for signal in signals],
        [signal.use_count for signal in signals],
        [signal.event_time for signal in signals],
    )
    return [row["kind"] for row in rows]


def _recorded(row: asyncpg.Record) -> RecordedSignal:
    return RecordedSignal(
        signal_number=row["signal_number"],
        signal=Signal(
            signal_id=row["signal_id"],
            kind=row["kind"],
            person_id=row["person_id"],
            institution_codes=tuple(row["institution_codes"]),
            first_time=row["first_time"],
            last_time=row["last_time"],
            distance_km=row["distance_km"],
            use_count=row["use_count"],
            event_time=row["event_time"],
        ),
        create_time=row["create_time"],
    )
