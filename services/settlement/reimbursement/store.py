"""The tables of reimbursements. What became of one is only ever inserted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.kit.codes import province_of
from services.kit.crypto import FieldCipher
from services.kit.db import Beaten, Connection, Database
from services.kit.outbox import Outbox
from services.settlement import invoices
from services.settlement.domain.reimbursement_states import UNBOOKS, ReimbursementState
from services.settlement.signature_store import kept_with, write_signed

BOOK: Final = "BOOK"
UNBOOK: Final = "UNBOOK"
"""Kinds of work that a crash must not lose."""
EVENT_CONTEXT: Final = b"settlement.reimbursement.event:"
_COMMIT: Final = b"settlement.reimbursement.commit:"
_DETAIL: Final = b"settlement.reimbursement.detail:"
_ADJUDICATION: Final = b"settlement.reimbursement.adjudication:"
_FAILURE: Final = b"settlement.reimbursement.failure:"

EVENTS: Final = Outbox(
    service="settlement",
    table="reimbursement_event",
    content="reimbursement",
    columns=("reimbursement_id", "reimbursement"),
    filters=("insured_province",),
    wanted="insured_province = $3",
)

# Without ON CONFLICT on the invoice: where it is claimed already nothing may be written.
_INSERT: Final = """/* settlement.insert_reimbursement */
WITH fresh AS (
    INSERT INTO reimbursement_request (request_id, method, request_hash, reimbursement_id,
        create_time)
    VALUES ($2, $14, $15, $1, $11) ON CONFLICT (request_id) DO NOTHING RETURNING reimbursement_id
), claimed AS (
    INSERT INTO invoice (invoice_key, channel, holder_id, claim_time)
    SELECT $3, 'MANUAL', reimbursement_id, $11 FROM fresh
), submitted AS (
    INSERT INTO reimbursement (reimbursement_id, request_id, version, state, invoice_key,
        care_region_code, insured_region_code, insured_province, institution_code, person_id,
        total_fen, trace_id, create_time, commit_request, detail)
    SELECT reimbursement_id, $2, 1, 'SUBMITTED', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
    FROM fresh
), changed AS (
    INSERT INTO reimbursement_change (reimbursement_id, version, state, change_time, maker_id)
    SELECT reimbursement_id, 1, 'SUBMITTED', $11, $16 FROM fresh
), work AS (
    INSERT INTO reimbursement_work (reimbursement_id, kind, insured_province, create_time)
    SELECT reimbursement_id, 'BOOK', $6, $11 FROM fresh
)
SELECT reimbursement_id FROM fresh"""

_COLUMNS: Final = """r.reimbursement_id, r.request_id, r.version, r.state, r.holds_invoice,
    r.invoice_key, r.care_region_code, r.insured_region_code, r.total_fen, r.trace_id,
    r.create_time, r.commit_request, r.detail, last.change_time AS update_time, last.reason,
    last.failure, booked.change_time AS adjudicate_time, booked.adjudication
FROM reimbursement r
JOIN reimbursement_change last
    ON last.reimbursement_id = r.reimbursement_id AND last.version = r.version
LEFT JOIN reimbursement_change booked
    ON booked.reimbursement_id = r.reimbursement_id AND booked.version = 2
    AND booked.state = 'ADJUDICATED'"""

_FIND: Final = f"""/* settlement.find_reimbursement */
SELECT {_COLUMNS}
WHERE r.reimbursement_id = $1"""

# A statement of its own, before the row is read: what another one wrote meanwhile is then seen.
_LOCK: Final = """/* settlement.lock_reimbursement */
SELECT reimbursement_id FROM reimbursement WHERE reimbursement_id = $1 FOR UPDATE"""


def _list(name: str, *, province: str, state: str) -> str:
    # A condition of its own for what is asked: one that also holds for "all" uses no index.
    return f"""/* settlement.list_{name} */
SELECT {_COLUMNS}
WHERE {province} AND {state}
  AND ($3 = '' OR starts_with(r.care_region_code, $3))
  AND ($4::uuid IS NULL OR r.reimbursement_id < $4)
ORDER BY r.reimbursement_id DESC LIMIT $5"""


_EVERY_PROVINCE: Final = "$1::text = ''"
_EVERY_STATE: Final = "$2::text = ''"
_OF_PROVINCE: Final = "r.insured_province = $1"
_OF_STATE: Final = "r.state = $2"
_LISTS: Final = {
    (False, False): _list("reimbursements", province=_EVERY_PROVINCE, state=_EVERY_STATE),
    (False, True): _list("reimbursements_of_state", province=_EVERY_PROVINCE, state=_OF_STATE),
    (True, False): _list("reimbursements_of_province", province=_OF_PROVINCE, state=_EVERY_STATE),
    (True, True): _list("reimbursements_of_both", province=_OF_PROVINCE, state=_OF_STATE),
}
"""By whether a province and a state are asked for."""

_LIST_SIMILAR: Final = f"""/* settlement.list_similar_reimbursements */
SELECT {_COLUMNS}
WHERE r.person_id = $1 AND r.institution_code = $2 AND r.reimbursement_id <> $3
  AND r.state NOT IN ('REJECTED', 'CANCELLED', 'FAILED')
ORDER BY (r.total_fen = $4) DESC, r.reimbursement_id DESC LIMIT $5"""

_LIST_CHANGES: Final = """/* settlement.list_reimbursement_changes */
SELECT state, change_time, maker_id, checker_id, note, payment_reference
FROM reimbursement_change WHERE reimbursement_id = $1 ORDER BY version"""

_FIND_REQUEST: Final = """/* settlement.find_reimbursement_request */
SELECT method, request_hash, reimbursement_id FROM reimbursement_request WHERE request_id = $1"""

_INSERT_REQUEST: Final = """/* settlement.insert_reimbursement_request */
WITH taken AS (
    INSERT INTO reimbursement_request (request_id, method, request_hash, reimbursement_id,
        create_time)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (request_id) DO NOTHING RETURNING request_id
)
SELECT request_id FROM taken"""

_MOVE: Final = """/* settlement.move_reimbursement */
UPDATE reimbursement SET version = version + 1, state = $3
WHERE reimbursement_id = $1 AND version = $2 RETURNING reimbursement_id"""

_INSERT_CHANGE: Final = """/* settlement.insert_reimbursement_change */
INSERT INTO reimbursement_change (reimbursement_id, version, state, change_time, maker_id,
    checker_id, note, payment_reference, reason, failure, adjudication, fund_fen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"""

_INSERT_WORK: Final = """/* settlement.insert_reimbursement_work */
INSERT INTO reimbursement_work (reimbursement_id, kind, insured_province, create_time)
VALUES ($1, $2, $3, $4)"""

_DELETE_WORK: Final = """/* settlement.delete_reimbursement_work */
DELETE FROM reimbursement_work WHERE reimbursement_id = $1 AND kind = $2"""

_INSERT_EVENT: Final = """/* settlement.insert_reimbursement_event */
INSERT INTO reimbursement_event (event_time, reimbursement_id, insured_province, reimbursement)
VALUES ($1, $2, $3, $4)"""

_RELEASE: Final = """/* settlement.release_reimbursement */
WITH done AS (
    DELETE FROM reimbursement_work WHERE reimbursement_id = $1 AND kind = 'UNBOOK'
), released AS (
    UPDATE reimbursement SET holds_invoice = false WHERE reimbursement_id = $1 AND holds_invoice
)
DELETE FROM invoice WHERE invoice_key = $2 AND holder_id = $1"""

# Each province by itself, as with settlements: one that is silent keeps no other waiting.
_CLAIM: Final = """/* settlement.claim_reimbursement_work */
WITH ranked AS (
    SELECT reimbursement_id, kind, row_number() OVER (
        PARTITION BY insured_province ORDER BY claim_time NULLS FIRST, create_time) AS place
    FROM reimbursement_work
    WHERE create_time < $2 AND (claim_time IS NULL OR claim_time < $3)
), taken AS (
    SELECT w.reimbursement_id, w.kind
    FROM reimbursement_work w JOIN ranked USING (reimbursement_id, kind)
    WHERE ranked.place <= $4 AND (w.claim_time IS NULL OR w.claim_time < $3)
    ORDER BY ranked.place, w.create_time LIMIT $5
    FOR UPDATE OF w SKIP LOCKED
)
UPDATE reimbursement_work w SET claim_time = $1 FROM taken
WHERE w.reimbursement_id = taken.reimbursement_id AND w.kind = taken.kind
RETURNING w.reimbursement_id, w.kind"""

_COUNT_WORK: Final = """/* settlement.count_reimbursement_work */
SELECT count(*) AS open FROM reimbursement_work"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A claim to take in."""

    reimbursement_id: UUID
    request_id: UUID
    request_hash: bytes
    invoice_key: bytes
    care_region_code: str
    insured_region_code: str
    institution_code: str
    person_id: UUID
    total_fen: int
    trace_id: str
    create_time: datetime
    commit_request: bytes
    """yijie.benefits.v1.CommitRequest."""
    detail: bytes
    """yijie.settlement.v1.Reimbursement in the full view."""
    maker_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A reimbursement as it stands."""

    reimbursement_id: UUID
    request_id: UUID
    version: int
    state: ReimbursementState
    holds_invoice: bool
    invoice_key: bytes
    care_region_code: str
    insured_region_code: str
    total_fen: int
    trace_id: str
    create_time: datetime
    commit_request: bytes
    detail: bytes
    update_time: datetime
    failure_reason: str
    failure: bytes | None
    """google.rpc.Status of one that FAILED."""
    adjudicate_time: datetime | None
    adjudication: bytes | None

    @property
    def insured_province(self) -> str:
        """Returns the province that pays, xx0000."""
        return province_of(self.insured_region_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a reimbursement."""

    state: ReimbursementState
    change_time: datetime
    maker_id: str = ""
    checker_id: str = ""
    note: str = ""
    payment_reference: str = ""
    reason: str = ""
    failure: bytes | None = None
    adjudication: bytes | None = None
    fund_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a request id was used for."""

    method: str
    request_hash: bytes
    reimbursement_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which reimbursements to list; None and "" mean all."""

    insured_province: str
    state: ReimbursementState | None
    care_prefix: str


class ReimbursementStore:
    """Reads and writes reimbursements."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self._database

    async def insert(self, draft: Draft, *, method: str) -> bool:
        """Takes a claim in, SUBMITTED, with its invoice and the work to book it.

        Returns False, and writes nothing, if the request id is taken. Raises
        INVOICE_ALREADY_CLAIMED, or LOST_RACE where that was let go at the same moment.
        """
        key = draft.reimbursement_id.bytes
        try:
            values = (
                draft.reimbursement_id,
                draft.request_id,
                draft.invoice_key,
                draft.care_region_code,
                draft.insured_region_code,
                province_of(draft.insured_region_code),
                draft.institution_code,
                draft.person_id,
                draft.total_fen,
                draft.trace_id,
                draft.create_time,
                self._cipher.encrypt(draft.commit_request, context=_COMMIT + key),
                self._cipher.encrypt(draft.detail, context=_DETAIL + key),
                method,
                draft.request_hash,
                draft.maker_id,
            )
            row = await write_signed(
                self._database,
                self._cipher,
                _INSERT,
                values,
                record_id=draft.reimbursement_id,
                request_id=draft.request_id,
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != invoices.CONSTRAINT:
                raise
            raise await invoices.refusal(self._database, draft.invoice_key) from None
        return row is not None

    async def require_unclaimed(self, invoice_key: bytes) -> None:
        """Raises INVOICE_ALREADY_CLAIMED where `insert` would."""
        await invoices.require_unclaimed(self._database, invoice_key)

    async def find(
        self, reimbursement_id: UUID, connection: Connection | None = None
    ) -> Record | None:
        """Returns a reimbursement as it stands."""
        row = await (connection or self._database).fetchrow(_FIND, reimbursement_id)
        return self._record(row) if row else None

    async def find_locked(self, connection: Connection, reimbursement_id: UUID) -> Record | None:
        """Returns a reimbursement that nobody else changes before the transaction ends."""
        await connection.fetchrow(_LOCK, reimbursement_id)
        return await self.find(reimbursement_id, connection)

    async def page(self, wanted: Filter, *, before: UUID | None, limit: int) -> list[Record]:
        """Returns reimbursements, newest first, older than `before`."""
        statement = _LISTS[bool(wanted.insured_province), wanted.state is not None]
        rows = await self._database.fetch(
            statement,
            wanted.insured_province,
            wanted.state.value if wanted.state else "",
            wanted.care_prefix,
            before,
            limit,
        )
        return [self._record(row) for row in rows]

    async def similar(
        self, record: Record, *, person_id: UUID, institution_code: str, limit: int
    ) -> list[Record]:
        """Returns the person's other claims at an institution that stand.

        Those of the same total first, then the newest.
        """
        rows = await self._database.fetch(
            _LIST_SIMILAR,
            person_id,
            institution_code,
            record.reimbursement_id,
            record.total_fen,
            limit,
        )
        return [self._record(row) for row in rows]

    async def changes(
        self, reimbursement_id: UUID, connection: Connection | None = None
    ) -> list[Change]:
        """Returns what became of one, oldest first, without what the engine answered."""
        rows = await (connection or self._database).fetch(_LIST_CHANGES, reimbursement_id)
        return [Change(**{**row, "state": ReimbursementState(row["state"])}) for row in rows]

    async def find_request(
        self, request_id: UUID, connection: Connection | None = None
    ) -> Request | None:
        """Returns what a request id was used for."""
        row = await (connection or self._database).fetchrow(_FIND_REQUEST, request_id)
        return Request(**row) if row else None

    async def insert_request(
        self, connection: Connection, request_id: UUID, request: Request, now: datetime
    ) -> None:
        """Takes a request id. Raises Beaten where another claim has taken it meanwhile."""
        values = (
            request_id,
            request.method,
            request.request_hash,
            request.reimbursement_id,
            now,
        )
        # Not noted as kept: the transaction may end otherwise, and be run again.
        row = await connection.fetchrow(
            *kept_with(self._cipher, _INSERT_REQUEST, values, request.reimbursement_id, request_id)
        )
        if row is None:
            # Only a claim is locked, not the id; what came first is found on the repeat.
            raise Beaten

    async def move(
        self, connection: Connection, record: Record, change: Change, *, event: bytes | None
    ) -> bool:
        """Writes a step with its event and the work that follows from it.

        Returns False, and writes nothing, where the reimbursement has moved on since it was read.
        """
        reimbursement_id, key = record.reimbursement_id, record.reimbursement_id.bytes
        state = change.state
        if await connection.fetchrow(_MOVE, reimbursement_id, record.version, state.value) is None:
            return False
        await connection.execute(
            _INSERT_CHANGE,
            reimbursement_id,
            record.version + 1,
            state.value,
            change.change_time,
            change.maker_id,
            change.checker_id,
            change.note,
            change.payment_reference,
            change.reason,
            self._sealed(change.failure, _FAILURE + key),
            self._sealed(change.adjudication, _ADJUDICATION + key),
            change.fund_fen,
        )
        if record.state is ReimbursementState.SUBMITTED:
            await connection.execute(_DELETE_WORK, reimbursement_id, BOOK)
        if state in UNBOOKS:
            await connection.execute(
                _INSERT_WORK, reimbursement_id, UNBOOK, record.insured_province, change.change_time
            )
        if event is not None:
            await connection.execute(
                _INSERT_EVENT,
                change.change_time,
                reimbursement_id,
                record.insured_province,
                self._cipher.encrypt(event, context=EVENT_CONTEXT + key),
            )
        return True

    async def release(self, record: Record) -> None:
        """Writes that nothing is booked any more: its invoice may be claimed again."""
        await self._database.execute(_RELEASE, record.reimbursement_id, record.invoice_key)

    async def claim(
        self,
        *,
        now: datetime,
        older_than: datetime,
        claimed_before: datetime,
        per_province: int,
        total: int,
    ) -> Sequence[tuple[UUID, str]]:
        """Claims unfinished work; nobody else gets it until that claim is old."""

        async def claim(connection: Connection) -> list[Any]:
            return await connection.fetch(
                _CLAIM, now, older_than, claimed_before, per_province, total
            )

        rows = await self._database.run("settlement.claim_reimbursement_work", claim)
        return [(row["reimbursement_id"], row["kind"]) for row in rows]

    async def drop_work(self, reimbursement_id: UUID, kind: str) -> None:
        """Marks work as finished that has nothing to do."""
        await self._database.execute(_DELETE_WORK, reimbursement_id, kind)

    async def count_work(self) -> int:
        """Returns how much work is unfinished."""
        row = await self._database.fetchrow(_COUNT_WORK)
        return row["open"] if row else 0

    def open_event(self, reimbursement_id: UUID, sealed: bytes) -> bytes:
        """Returns the content of an event."""
        return self._cipher.decrypt(sealed, context=EVENT_CONTEXT + reimbursement_id.bytes)

    def _sealed(self, content: bytes | None, context: bytes) -> bytes | None:
        return None if content is None else self._cipher.encrypt(content, context=context)

    def _opened(self, sealed: bytes | None, context: bytes) -> bytes | None:
        return None if sealed is None else self._cipher.decrypt(sealed, context=context)

    def _record(self, row: Any) -> Record:
        key = row["reimbursement_id"].bytes
        return Record(
            reimbursement_id=row["reimbursement_id"],
            request_id=row["request_id"],
            version=row["version"],
            state=ReimbursementState(row["state"]),
            holds_invoice=row["holds_invoice"],
            invoice_key=row["invoice_key"],
            care_region_code=row["care_region_code"],
            insured_region_code=row["insured_region_code"],
            total_fen=row["total_fen"],
            trace_id=row["trace_id"],
            create_time=row["create_time"],
            commit_request=self._cipher.decrypt(row["commit_request"], context=_COMMIT + key),
            detail=self._cipher.decrypt(row["detail"], context=_DETAIL + key),
            update_time=row["update_time"],
            failure_reason=row["reason"],
            failure=self._opened(row["failure"], _FAILURE + key),
            adjudicate_time=row["adjudicate_time"],
            adjudication=self._opened(row["adjudication"], _ADJUDICATION + key),
        )
