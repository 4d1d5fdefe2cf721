"""All SQL that writes and reads the journal; feed_store.py and intent_store.py have the rest.

Bytes go in and out as they are; messages.py knows what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.kit.clock import civil_midnight
from services.kit.codes import province_of
from services.kit.crypto import FieldCipher
from services.kit.db import Database
from services.kit.ids import first_id_at
from services.settlement.domain.states import State
from services.settlement.feed_store import EVENT_CONTEXT
from services.settlement.order import Part

_INTENT_ROWS = """intent AS (
    INSERT INTO settlement (settlement_id, request_id, care_region_code, insured_region_code,
        institution_code, person_id, scheme_code, total_fen, trace_id, create_time,
        commit_request, detail)
    SELECT settlement_id, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM fresh
), pending AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id)
    SELECT settlement_id, 1, 'PENDING', $11, $2, $10 FROM fresh
), open AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)
    SELECT settlement_id, 'SETTLE', $2, $11, $14 FROM fresh
)
SELECT settlement_id FROM fresh"""

_INSERT_INTENT = f"""/* settlement.insert_intent */
WITH fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    VALUES ($2, 'Settle', $3, $1, $11) ON CONFLICT (request_id) DO NOTHING RETURNING settlement_id
), {_INTENT_ROWS}"""  # noqa: S608 - put together from constants

# Whatever it was computed from still stands, or nothing is written: the visit's revision decides.
# Without ON CONFLICT: where the request id is taken the visit must not change either.
_INSERT_VISIT_INTENT = f"""/* settlement.insert_visit_intent */
WITH visit_now AS (
    UPDATE visit SET revision = revision + 1, update_time = $11
    WHERE visit_id = $15 AND revision = $16 RETURNING visit_id
), fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    SELECT $2, 'Settle', $3, $1, $11 FROM visit_now RETURNING settlement_id
), covered AS (
    INSERT INTO visit_settlement (visit_id, ordinal, settlement_id, scope, charge_batch_number,
        until_date, revision)
    SELECT $15, (SELECT count(*) + 1 FROM visit_settlement WHERE visit_id = $15), settlement_id,
        $17, $18, $19, $16
    FROM fresh
), {_INTENT_ROWS}"""  # noqa: S608 - put together from constants

_INSERT_SETTLED = """/* settlement.insert_settled */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id, adjudication, total_fen, fund_fen, account_fen, cash_fen, sealed)
    VALUES ($1, 2, 'SETTLED', $2, $3, $4, $5, $6, $7, $8, $9, true)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), event AS (
    INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
        insured_province)
    SELECT settlement_id, 'SETTLED', $2, $10, $11, $12 FROM won
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $1 AND kind = 'SETTLE'
)
SELECT settlement_id FROM won"""

# With $6 = 'CANCEL' the insured region must still be told; otherwise it already knows.
_INSERT_FAILED = """/* settlement.insert_failed */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, reason, change_time,
        request_id, trace_id, failure, sealed)
    VALUES ($1, 2, 'FAILED', $5, $2, $3, $4, $7, true)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), cancel AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)
    SELECT settlement_id, 'CANCEL', $3, $2, $8 FROM won WHERE $6 = 'CANCEL'
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $1 AND kind = 'SETTLE'
)
SELECT settlement_id FROM won"""

# All or nothing: without ON CONFLICT a request id that is taken leaves no intent behind. $6 and $7
# are the visit and its revision; NULL: it has none.
_INSERT_REVERSAL = """/* settlement.insert_reversal */
WITH visit_now AS (
    UPDATE visit SET revision = revision + 1, update_time = $4
    WHERE visit_id = $6 AND revision = $7 RETURNING visit_id
), open AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)
    SELECT $3, 'REVERSE', $1, $4, $5
    WHERE EXISTS (SELECT 1 FROM settlement_state_change
                  WHERE settlement_id = $3 AND version = 2 AND state = 'SETTLED')
      AND NOT EXISTS (SELECT 1 FROM settlement_state_change
                      WHERE settlement_id = $3 AND version = 3)
      AND ($6::uuid IS NULL OR EXISTS (SELECT 1 FROM visit_now))
    ON CONFLICT (settlement_id, kind) DO NOTHING RETURNING settlement_id
), fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    SELECT $1, 'Reverse', $2, settlement_id, $4 FROM open
)
SELECT settlement_id FROM open"""

_IS_REVERSING = """/* settlement.is_reversing */
SELECT 1 FROM open_intent WHERE settlement_id = $1 AND kind = 'REVERSE'"""

_TAKE_REQUEST = """/* settlement.take_request */
INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
VALUES ($1, 'Reverse', $2, $3, $4) ON CONFLICT (request_id) DO NOTHING RETURNING request_id"""

_INSERT_REVERSED = """/* settlement.insert_reversed */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id)
    VALUES ($1, 3, 'REVERSED', $2, $3, $4)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), event AS (
    INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
        insured_province)
    SELECT settlement_id, 'REVERSED', $2, $5, $6, $7 FROM won
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $1 AND kind = 'REVERSE'
)
SELECT settlement_id FROM won"""

_FIND_REQUEST = """/* settlement.find_request */
SELECT method, request_hash, settlement_id FROM request WHERE request_id = $1"""

_COLUMNS = """
    s.settlement_id, s.request_id, s.care_region_code, s.insured_region_code, s.total_fen,
    s.trace_id, s.create_time, s.commit_request, s.detail,
    outcome.state AS outcome, outcome.reason, outcome.failure,
    outcome.change_time AS outcome_time,
    outcome.adjudication, outcome.sealed, reversed.change_time AS reverse_time
FROM settlement s
LEFT JOIN settlement_state_change outcome
    ON outcome.settlement_id = s.settlement_id AND outcome.version = 2
LEFT JOIN settlement_state_change reversed
    ON reversed.settlement_id = s.settlement_id AND reversed.version = 3"""

_FIND = f"/* settlement.find */ SELECT {_COLUMNS} WHERE s.settlement_id = $1"

_LIST = f"""/* settlement.list */ SELECT {_COLUMNS}
WHERE ($1::uuid IS NULL OR s.settlement_id < $1)
  AND ($2 = '' OR starts_with(s.care_region_code, $2))
  AND ($3 = '' OR starts_with(s.insured_region_code, $3))
  AND ($4::uuid IS NULL OR s.settlement_id >= $4)
  AND ($5::uuid IS NULL OR s.settlement_id < $5)
  AND ($6 = '' OR coalesce(reversed.state, outcome.state, 'PENDING') = $6)
ORDER BY s.settlement_id DESC LIMIT $7"""

_DETAIL = b"settlement.detail:"
_ADJUDICATION = b"settlement.adjudication:"
_FAILURE = b"settlement.failure:"
NOTHING = UUID(int=0)
"""In place of a settlement: the request id stands for a reversal of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is written before the insured region is asked to book."""

    settlement_id: UUID
    request_id: UUID
    request_hash: bytes
    care_region_code: str
    insured_region_code: str
    institution_code: str
    person_id: UUID
    scheme_code: str
    total_fen: int
    trace_id: str
    create_time: datetime
    commit_request: bytes
    detail: bytes
    part: Part | None
    """Of a visit; None: the bill was sent whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The amounts that the insured region booked."""

    adjudication: bytes
    total_fen: int
    fund_fen: int
    account_fen: int
    cash_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A settlement as the journal has it now."""

    settlement_id: UUID
    request_id: UUID
    care_region_code: str
    insured_region_code: str
    total_fen: int
    state: State
    trace_id: str
    create_time: datetime
    settle_time: datetime | None
    reverse_time: datetime | None
    failure_reason: str
    failure: bytes | None
    """google.rpc.Status with which a FAILED settlement is answered."""
    commit_request: bytes
    detail: bytes
    adjudication: bytes | None


@dataclass(frozen=True, slots=True)
class VisitRevision:
    """A visit as it was read: a write that rests on it happens only if it has not changed."""

    visit_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a request id was used for."""

    method: str
    request_hash: bytes
    settlement_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which settlements to list; None and "" mean all."""

    care_prefix: str
    insured_prefix: str
    create_date_min: date | None
    create_date_max: date | None
    state: State | None


class Store:
    """The journal. Every write is one statement and one commit."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def insert_intent(self, intent: Intent) -> bool:
        """Writes the intent, PENDING.

        Returns False, and writes nothing, if the request id is taken or the visit has changed.
        """
        key, part = intent.settlement_id.bytes, intent.part
        values = [
            intent.settlement_id,
            intent.request_id,
            intent.request_hash,
            intent.care_region_code,
            intent.insured_region_code,
            intent.institution_code,
            intent.person_id,
            intent.scheme_code,
            intent.total_fen,
            intent.trace_id,
            intent.create_time,
            intent.commit_request,
            self._cipher.encrypt(intent.detail, context=_DETAIL + key),
            province_of(intent.insured_region_code),
        ]
        if part is None:
            return await self._database.fetchrow(_INSERT_INTENT, *values) is not None
        values += [part.visit_id, part.revision]
        values += [part.scope.value, part.charge_batch_number, part.until_date]
        try:
            return await self._database.fetchrow(_INSERT_VISIT_INTENT, *values) is not None
        except asyncpg.UniqueViolationError:
            return False

    async def insert_settled(
        self, record: Record, booked: Booked, *, now: datetime, trace_id: str, event: bytes
    ) -> bool:
        """Appends SETTLED with its event; returns False if another outcome was written before."""
        row = await self._database.fetchrow(
            _INSERT_SETTLED,
            record.settlement_id,
            now,
            record.request_id,
            trace_id,
            self._cipher.encrypt(
                booked.adjudication, context=_ADJUDICATION + record.settlement_id.bytes
            ),
            booked.total_fen,
            booked.fund_fen,
            booked.account_fen,
            booked.cash_fen,
            self._cipher.encrypt(event, context=EVENT_CONTEXT + record.settlement_id.bytes),
            province_of(record.care_region_code),
            province_of(record.insured_region_code),
        )
        return row is not None

    async def insert_failed(
        self,
        record: Record,
        *,
        now: datetime,
        trace_id: str,
        reason: str,
        failure: bytes,
        cancel: bool,
    ) -> bool:
        """Appends FAILED; with `cancel` also the work of taking back what may be booked."""
        row = await self._database.fetchrow(
            _INSERT_FAILED,
            record.settlement_id,
            now,
            record.request_id,
            trace_id,
            reason,
            "CANCEL" if cancel else "",
            self._cipher.encrypt(failure, context=_FAILURE + record.settlement_id.bytes),
            province_of(record.insured_region_code),
        )
        return row is not None

    async def insert_reversal(
        self,
        record: Record,
        request_id: UUID,
        request_hash: bytes,
        now: datetime,
        *,
        visit: VisitRevision | None,
    ) -> bool:
        """Takes the request id and writes the intent to reverse a SETTLED settlement.

        Returns False, and leaves no intent, if the request id is taken, the visit has changed, or
        the settlement is reversed or being reversed.
        """
        try:
            row = await self._database.fetchrow(
                _INSERT_REVERSAL,
                request_id,
                request_hash,
                record.settlement_id,
                now,
                province_of(record.insured_region_code),
                visit.visit_id if visit else None,
                visit.revision if visit else None,
            )
        except asyncpg.UniqueViolationError:
            return False
        return row is not None

    async def is_reversing(self, settlement_id: UUID) -> bool:
        """Tells whether the intent to reverse a settlement is open."""
        return await self._database.fetchrow(_IS_REVERSING, settlement_id) is not None

    async def take_request(
        self, request_id: UUID, request_hash: bytes, settlement_id: UUID, now: datetime
    ) -> bool:
        """Takes a request id for a reversal that has nothing to do; False if it is taken.

        Of NOTHING, so that no Settle on its way can use the id.
        """
        row = await self._database.fetchrow(
            _TAKE_REQUEST, request_id, request_hash, settlement_id, now
        )
        return row is not None

    async def insert_reversed(
        self, record: Record, *, request_id: UUID, now: datetime, trace_id: str, event: bytes
    ) -> bool:
        """Appends REVERSED with its event; returns False if it was reversed before."""
        row = await self._database.fetchrow(
            _INSERT_REVERSED,
            record.settlement_id,
            now,
            request_id,
            trace_id,
            self._cipher.encrypt(event, context=EVENT_CONTEXT + record.settlement_id.bytes),
            province_of(record.care_region_code),
            province_of(record.insured_region_code),
        )
        return row is not None

    async def find_request(self, request_id: UUID) -> Request | None:
        """Returns what a request id was used for."""
        row = await self._database.fetchrow(_FIND_REQUEST, request_id)
        return Request(row["method"], row["request_hash"], row["settlement_id"]) if row else None

    async def find(self, settlement_id: UUID) -> Record | None:
        """Returns a settlement as it stands."""
        row = await self._database.fetchrow(_FIND, settlement_id)
        return self._record(row) if row else None

    async def page(self, wanted: Filter, *, before: UUID | None, limit: int) -> list[Record]:
        """Returns settlements, newest first, older than `before`."""
        rows = await self._database.fetch(
            _LIST,
            before,
            wanted.care_prefix,
            wanted.insured_prefix,
            first_id_of(wanted.create_date_min),
            first_id_of(wanted.create_date_max, days=1),
            wanted.state.value if wanted.state else "",
            limit,
        )
        return [self._record(row) for row in rows]

    def _record(self, row: Any) -> Record:
        state = State.REVERSED if row["reverse_time"] else State(row["outcome"] or "PENDING")
        settled = row["outcome"] == State.SETTLED.value
        return Record(
            settlement_id=row["settlement_id"],
            request_id=row["request_id"],
            care_region_code=row["care_region_code"],
            insured_region_code=row["insured_region_code"],
            total_fen=row["total_fen"],
            state=state,
            trace_id=row["trace_id"],
            create_time=row["create_time"],
            settle_time=row["outcome_time"] if settled else None,
            reverse_time=row["reverse_time"],
            failure_reason=row["reason"] or "",
            failure=self._opened(row, "failure", _FAILURE),
            commit_request=row["commit_request"],
            detail=self._cipher.decrypt(
                row["detail"], context=_DETAIL + row["settlement_id"].bytes
            ),
            adjudication=self._opened(row, "adjudication", _ADJUDICATION),
        )

    def _opened(self, row: Any, column: str, context: bytes) -> bytes | None:
        """Returns an answer of the insured region; what versions before wrote is not encrypted."""
        stored: bytes | None = row[column]
        if stored is None or not row["sealed"]:
            return stored
        return self._cipher.decrypt(stored, context=context + row["settlement_id"].bytes)


def first_id_of(day: date | None, *, days: int = 0) -> UUID | None:
    """Returns the smallest id of a date, or of so many days after it; None: no bound."""
    if day is None:
        return None
    # Ids count milliseconds since 1970, and no settlement is older than that or younger than 9999.
    day = min(max(day, date(1970, 1, 2)), date(9999, 12, 30))
    return first_id_at(civil_midnight(day + timedelta(days=days)))


def fresh_record(intent: Intent) -> Record:
    """Returns the record of an intent just written, without reading it back."""
    return Record(
        settlement_id=intent.settlement_id,
        request_id=intent.request_id,
        care_region_code=intent.care_region_code,
        insured_region_code=intent.insured_region_code,
        total_fen=intent.total_fen,
        state=State.PENDING,
        trace_id=intent.trace_id,
        create_time=intent.create_time,
        settle_time=None,
        reverse_time=None,
        failure_reason="",
        failure=None,
        commit_request=intent.commit_request,
        detail=intent.detail,
        adjudication=None,
    )
