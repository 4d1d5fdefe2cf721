"""All SQL of settlement. Bytes go in and out as they are; messages.py knows what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.kit.clock import civil_midnight
from services.kit.crypto import FieldCipher
from services.kit.db import Connection, Database
from services.kit.ids import first_id_at
from services.settlement.domain.states import State

_INSERT_INTENT = """/* settlement.insert_intent */
WITH fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    VALUES ($2, 'Settle', $3, $1, $11) ON CONFLICT (request_id) DO NOTHING RETURNING settlement_id
), intent AS (
    INSERT INTO settlement (settlement_id, request_id, care_region_code, insured_region_code,
        institution_code, person_id, scheme_code, total_fen, trace_id, create_time,
        commit_request, detail)
    SELECT settlement_id, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM fresh
), pending AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id)
    SELECT settlement_id, 1, 'PENDING', $11, $2, $10 FROM fresh
), open AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time)
    SELECT settlement_id, 'SETTLE', $2, $11 FROM fresh
)
SELECT settlement_id FROM fresh"""

_INSERT_SETTLED = """/* settlement.insert_settled */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id, adjudication, total_fen, fund_fen, account_fen, cash_fen)
    VALUES ($1, 2, 'SETTLED', $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), event AS (
    INSERT INTO outbox (settlement_id, kind, event_time, settlement)
    SELECT settlement_id, 'SETTLED', $2, $10 FROM won
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $1 AND kind = 'SETTLE'
)
SELECT settlement_id FROM won"""

# With $6 = 'CANCEL' the insured region must still be told; otherwise it already knows.
_INSERT_FAILED = """/* settlement.insert_failed */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, reason, change_time,
        request_id, trace_id, failure)
    VALUES ($1, 2, 'FAILED', $5, $2, $3, $4, $7)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), cancel AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time)
    SELECT settlement_id, 'CANCEL', $3, $2 FROM won WHERE $6 = 'CANCEL'
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $1 AND kind = 'SETTLE'
)
SELECT settlement_id FROM won"""

_INSERT_REVERSAL = """/* settlement.insert_reversal */
WITH fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    VALUES ($1, 'Reverse', $2, $3, $4) ON CONFLICT (request_id) DO NOTHING RETURNING settlement_id
), open AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time)
    SELECT settlement_id, 'REVERSE', $1, $4 FROM fresh
    WHERE EXISTS (SELECT 1 FROM settlement_state_change
                  WHERE settlement_id = $3 AND version = 2 AND state = 'SETTLED')
      AND NOT EXISTS (SELECT 1 FROM settlement_state_change
                      WHERE settlement_id = $3 AND version = 3)
    ON CONFLICT (settlement_id, kind) DO NOTHING
)
SELECT settlement_id FROM fresh"""

# The id stands for a reversal of nothing.
_VOID_REQUEST = """/* settlement.void_request */
INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
VALUES ($1, 'Reverse', $2, '00000000-0000-0000-0000-000000000000', $3)
ON CONFLICT (request_id) DO NOTHING"""

_INSERT_REVERSED = """/* settlement.insert_reversed */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id)
    VALUES ($1, 3, 'REVERSED', $2, $3, $4)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), event AS (
    INSERT INTO outbox (settlement_id, kind, event_time, settlement)
    SELECT settlement_id, 'REVERSED', $2, $5 FROM won
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
    outcome.adjudication, reversed.change_time AS reverse_time
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

# A transaction below the snapshot's xmin has ended: what it wrote is visible now or never. Nothing
# can appear later before the rows read here, so a cursor loses nothing. Ordered by the columns, not
# by the text of the same name that is selected, in which 1000 comes before 999.
_READ_FEED = """/* settlement.read_feed */
SELECT transaction_id::text AS transaction_id, sequence, settlement_id, kind, event_time, settlement
FROM outbox
WHERE (transaction_id, sequence) > ($1::text::xid8, $2)
  AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY outbox.transaction_id, outbox.sequence LIMIT $3"""

_CLAIM_INTENTS = """/* settlement.claim_intents */
UPDATE open_intent SET claim_time = $1
WHERE (settlement_id, kind) IN (
    SELECT settlement_id, kind FROM open_intent
    WHERE create_time < $2 AND (claim_time IS NULL OR claim_time < $3)
    ORDER BY create_time FOR UPDATE SKIP LOCKED LIMIT 100)
RETURNING settlement_id, kind, request_id, create_time"""

_DELETE_INTENT = """/* settlement.delete_intent */
DELETE FROM open_intent WHERE settlement_id = $1 AND kind = $2"""

_COUNT_INTENTS = """/* settlement.count_intents */
SELECT count(*) AS open, min(create_time) AS oldest FROM open_intent"""

_ENSURE_MONTHS = """/* settlement.ensure_months */
SELECT ensure_month($1), ensure_month($2)"""

_DETAIL = b"settlement.detail:"
_EVENT = b"settlement.outbox:"


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
class Request:
    """What a request id was used for."""

    method: str
    request_hash: bytes
    settlement_id: UUID


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """Work that is not finished."""

    settlement_id: UUID
    kind: str
    request_id: UUID
    create_time: datetime


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One event of the feed."""

    transaction_id: int
    sequence: int
    kind: str
    event_time: datetime
    settlement: bytes


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
        """Writes the intent, PENDING; returns False if the request id is taken."""
        key = intent.settlement_id.bytes
        row = await self._database.fetchrow(
            _INSERT_INTENT,
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
        )
        return row is not None

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
            booked.adjudication,
            booked.total_fen,
            booked.fund_fen,
            booked.account_fen,
            booked.cash_fen,
            self._cipher.encrypt(event, context=_EVENT + record.settlement_id.bytes),
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
            failure,
        )
        return row is not None

    async def insert_reversal(
        self, settlement_id: UUID, request_id: UUID, request_hash: bytes, now: datetime
    ) -> bool:
        """Takes the request id and, where there is work to do, writes the intent to reverse.

        Returns False if the request id is taken.
        """
        row = await self._database.fetchrow(
            _INSERT_REVERSAL, request_id, request_hash, settlement_id, now
        )
        return row is not None

    async def void_request(self, request_id: UUID, request_hash: bytes, now: datetime) -> None:
        """Takes a request id that nobody has used, so that nothing can be settled by it."""
        await self._database.execute(_VOID_REQUEST, request_id, request_hash, now)

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
            self._cipher.encrypt(event, context=_EVENT + record.settlement_id.bytes),
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
            _first_id(wanted.create_date_min),
            _first_id(wanted.create_date_max, days=1),
            wanted.state.value if wanted.state else "",
            limit,
        )
        return [self._record(row) for row in rows]

    async def read_feed(self, transaction_id: int, sequence: int, limit: int) -> list[FeedRow]:
        """Returns the events after a position, in commit order, without gaps."""
        rows = await self._database.fetch(_READ_FEED, str(transaction_id), sequence, limit)
        return [
            FeedRow(
                int(row["transaction_id"]),
                row["sequence"],
                row["kind"],
                row["event_time"],
                self._cipher.decrypt(
                    row["settlement"], context=_EVENT + row["settlement_id"].bytes
                ),
            )
            for row in rows
        ]

    async def claim_intents(
        self, *, now: datetime, older_than: datetime, claimed_before: datetime
    ) -> Sequence[OpenIntent]:
        """Claims unfinished work; no other replica gets the same until the claim is old."""

        async def claim(connection: Connection) -> list[Any]:
            return await connection.fetch(_CLAIM_INTENTS, now, older_than, claimed_before)

        rows = await self._database.run("settlement.claim", claim)
        return [
            OpenIntent(row["settlement_id"], row["kind"], row["request_id"], row["create_time"])
            for row in rows
        ]

    async def delete_intent(self, settlement_id: UUID, kind: str) -> None:
        """Marks work as finished."""
        await self._database.execute(_DELETE_INTENT, settlement_id, kind)

    async def count_intents(self) -> tuple[int, datetime | None]:
        """Returns how much work is unfinished, and since when."""
        row = await self._database.fetchrow(_COUNT_INTENTS)
        return (row["open"], row["oldest"]) if row else (0, None)

    async def ensure_months(self, first: date, second: date) -> None:
        """Makes the partitions of two months."""
        await self._database.execute(_ENSURE_MONTHS, first, second)

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
            failure=row["failure"],
            commit_request=row["commit_request"],
            detail=self._cipher.decrypt(
                row["detail"], context=_DETAIL + row["settlement_id"].bytes
            ),
            adjudication=row["adjudication"],
        )


def _first_id(day: date | None, *, days: int = 0) -> UUID | None:
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
