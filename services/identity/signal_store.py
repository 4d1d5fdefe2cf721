"""The SQL of signals: reads the access log in the order of its transactions, each access once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from services.identity.access_store import OK
from services.identity.domain.signals import SignalKind, Use
from services.kit.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.identity.domain.signals import Signal
    from services.kit.db import Connection

SIGNALS: Final = Outbox(
    service="identity",
    table="signal",
    content="kind",
    columns=(
        "signal_id",
        "kind",
        "person_id",
        "institution_codes",
        "first_time",
        "last_time",
        "distance_km",
        "use_count",
    ),
)
"""The signals as a feed."""
METHOD: Final = "VerifyCredential"
"""The look-up that is a showing at an institution; others are enquiries of agencies."""
_USES_MAX: Final = 200
"""Latest showings of one person that are looked at: a bound on what one person can cost."""
_LATEST_MAX: Final = 5_000
"""Latest accesses of one person among which they are: enquiries do not push showings out."""
_AHEAD: Final = 10_000
"""Ids are given out before transaction ids or after: in the order of the log, an access may stand
behind one of a higher id. So far apart they are never."""
_LOCK: Final = 7_152_938_401_263

# Of several replicas one works; the lock goes with the transaction, however that ends.
_TAKE: Final = """/* identity.take_signal_lock */
SELECT pg_try_advisory_xact_lock($1) AS is_ours"""

_CURSOR: Final = """/* identity.load_signal_cursor */
SELECT transaction_id::text AS transaction_id, access_id FROM signal_cursor"""

_MOVE: Final = """/* identity.move_signal_cursor */
UPDATE signal_cursor SET transaction_id = $1::text::xid8, access_id = $2"""

# Below the oldest running transaction nothing can appear later: docs/adr/0006-feed.md.
_READ: Final = """/* identity.read_new_accesses */
SELECT a.transaction_id::text AS transaction_id, a.access_id, a.access_time, a.method, a.person_id,
       a.institution_code, coalesce(o.outcome, a.outcome) AS outcome
  FROM (SELECT transaction_id, access_id, access_time, method, person_id, institution_code, outcome
          FROM access
         WHERE (transaction_id, access_id) > ($1::text::xid8, $2)
           AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY transaction_id, access_id LIMIT $3) AS a
  LEFT JOIN access_outcome AS o USING (access_id)
 ORDER BY a.transaction_id, a.access_id"""

_HISTORY: Final = """/* identity.read_uses */
SELECT a.access_id, a.access_time, wanted.person_id, a.institution_code,
       coalesce(o.outcome, a.outcome) AS outcome
  FROM unnest($1::uuid[]) AS wanted(person_id)
 CROSS JOIN LATERAL (
       SELECT access_id, access_time, institution_code, outcome
         FROM (SELECT access_id, access_time, method, institution_code, outcome FROM access
                WHERE person_id = wanted.person_id AND access_id <= $2
                  AND (transaction_id, access_id) <= ($7::text::xid8, $8)
                ORDER BY access_id DESC LIMIT $9) AS latest
        WHERE access_time >= $3 AND method = $4 AND institution_code IS NOT NULL
        ORDER BY access_id DESC LIMIT $5) AS a
  LEFT JOIN access_outcome AS o USING (access_id)
 WHERE coalesce(o.outcome, a.outcome) = $6"""

_WRITE: Final = """/* identity.write_signals */
INSERT INTO signal (signal_id, kind, person_id, occasion, institution_codes, first_time, last_time,
                    distance_km, use_count, event_time)
SELECT s.signal_id, s.kind, s.person_id, s.occasion, string_to_array(s.institution_codes, ','),
       s.first_time, s.last_time, s.distance_km, s.use_count, $10
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[],
              $7::timestamptz[], $8::int[], $9::int[]) WITH ORDINALITY
       AS s(signal_id, kind, person_id, occasion, institution_codes, first_time, last_time,
            distance_km, use_count, position)
 ORDER BY s.position
    ON CONFLICT ON CONSTRAINT signal_once DO NOTHING
RETURNING kind"""


class Place(NamedTuple):
    """A place in the access log: after this access."""

    transaction_id: int
    access_id: int


@dataclass(frozen=True, slots=True)
class NewAccess:
    """One access that was not looked at yet."""

    place: Place
    time: datetime
    use: Use | None
    """None: no showing of a person's credential at an institution."""


async def take_lock(connection: Connection) -> bool:
    """Takes the lock for this transaction; False: another replica has it."""
    row = await connection.fetchrow(_TAKE, _LOCK)
    return row is not None and bool(row["is_ours"])


async def load_cursor(connection: Connection) -> Place:
    """Returns the access that was looked at last."""
    row = await connection.fetchrow(_CURSOR)
    if row is None:
        msg = "no cursor is kept for signals"
        raise LookupError(msg)
    return Place(int(row["transaction_id"]), row["access_id"])


async def move_cursor(connection: Connection, place: Place) -> None:
    """Moves the cursor, in the transaction that writes the signals."""
    await connection.execute(_MOVE, str(place.transaction_id), place.access_id)


async def read_new(connection: Connection, after: Place, *, count: int) -> list[NewAccess]:
    """Returns accesses after a place, in commit order, without gaps, `count` at most."""
    rows = await connection.fetch(_READ, str(after.transaction_id), after.access_id, count)
    return [
        NewAccess(
            Place(int(row["transaction_id"]), row["access_id"]),
            row["access_time"],
            _use(row) if _is_use(row) else None,
        )
        for row in rows
    ]


async def read_history(
    connection: Connection, person_ids: Collection[UUID], *, up_to: Place, since: datetime
) -> list[Use]:
    """Returns proven uses of persons from an instant on, up to a place in the log."""
    rows = await connection.fetch(
        _HISTORY,
        person_ids,
        up_to.access_id + _AHEAD,
        since,
        METHOD,
        _USES_MAX,
        OK,
        str(up_to.transaction_id),
        up_to.access_id,
        _LATEST_MAX,
    )
    return [_use(row) for row in rows]


async def write_signals(
    connection: Connection, signals: Mapping[UUID, Signal], *, now: datetime
) -> list[SignalKind]:
    """Writes signals by id; returns the kinds of those that are new."""
    found: Sequence[Signal] = list(signals.values())
    rows = await connection.fetch(
        _WRITE,
        list(signals),
        [signal.kind.value for signal in found],
        [signal.person_id for signal in found],
        [signal.occasion for signal in found],
        [",".join(signal.institution_codes) for signal in found],
        [signal.first_time for signal in found],
        [signal.last_time for signal in found],
        [signal.distance_km for signal in found],
        [signal.use_count for signal in found],
        now,
    )
    return [SignalKind(row["kind"]) for row in rows]


def _is_use(row: asyncpg.Record) -> bool:
    return (
        row["method"] == METHOD
        and row["person_id"] is not None
        and row["institution_code"] is not None
    )


def _use(row: asyncpg.Record) -> Use:
    return Use(
        access_id=row["access_id"],
        time=row["access_time"],
        person_id=row["person_id"],
        institution_code=row["institution_code"],
        outcome=row["outcome"],
    )
