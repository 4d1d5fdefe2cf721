"""Writes and reads the journal; recomputation_store, feed_store and intent_store do the rest.

Bytes go in and out as they are; messages.py knows what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from services.settlement import invoices
from services.settlement import statements as sql
from services.settlement.domain.states import State
from services.settlement.feed_store import EVENT_CONTEXT
from services.settlement.order import Part
from services.settlement.signature_store import write_signed

_DETAIL = b"settlement.detail:"
_ADJUDICATION = b"settlement.adjudication:"
FAILURE_CONTEXT = b"settlement.failure:"
"""What the error of a FAILED settlement is encrypted for; its settlement id follows."""
NOTHING = UUID(int=0)
"""In place of a settlement: the request id stands for a reversal of nothing."""
SETTLE, REVERSE, RECOMPUTE = "Settle", "Reverse", "Recompute"
"""What a request id was used for."""


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
    invoice_key: bytes | None = None
    """Fingerprint of the invoice number; None: the bill states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The amounts that the insured region booked."""

    adjudication: bytes
    total_fen: int
    fund_fen: int
    account_fen: int
    cash_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How long a call needed to settle, milliseconds."""

    round_trip_ms: int
    region_ms: int
    """The insured region's part of it, its waiting line included."""


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
    took: Took | None = None
    """None: not settled, or by a later call or recovery."""


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
        Raises INVOICE_ALREADY_CLAIMED, or LOST_RACE where that was let go at the same moment.
        """
        values, part, statement = self.intent_values(intent), intent.part, sql.INSERT_INTENT
        if part is not None:
            statement = sql.INSERT_VISIT_INTENT
            values += [part.visit_id, part.revision]
            values += [part.scope.value, part.charge_batch_number, part.until_date]
        values.append(intent.invoice_key)
        try:
            row = await self.write_signed(
                statement, values, intent.settlement_id, intent.request_id
            )
        except asyncpg.UniqueViolationError as error:
            if intent.invoice_key is not None and error.constraint_name == invoices.CONSTRAINT:
                raise await invoices.refusal(self._database, intent.invoice_key) from None
            if part is None:
                raise
            return False
        return row is not None

    async def require_unclaimed(self, invoice_key: bytes | None) -> None:
        """Raises INVOICE_ALREADY_CLAIMED where Settle would; None is claimed by nobody."""
        await invoices.require_unclaimed(self._database, invoice_key)

    def intent_values(self, intent: Intent) -> list[Any]:
        """Returns $1 to $14 of every statement that writes an intent."""
        return [
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
            self._cipher.encrypt(intent.detail, context=_DETAIL + intent.settlement_id.bytes),
            province_of(intent.insured_region_code),
        ]

    async def insert_settled(
        self,
        record: Record,
        booked: Booked,
        *,
        now: datetime,
        trace_id: str,
        event: bytes,
        ends_stay: bool = False,
        took: Took | None = None,
    ) -> bool:
        """Appends SETTLED with its event; returns False if another outcome was written before.

        `ends_stay`: it settles all of a stay, which its followers are told.
        """
        row = await self._database.fetchrow(
            sql.INSERT_SETTLED_STAY if ends_stay else sql.INSERT_SETTLED,
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
            took.round_trip_ms if took else None,
            took.region_ms if took else None,
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
        invoice_key: bytes | None = None,
    ) -> bool:
        """Appends FAILED; with `cancel` also the work of taking back what may be booked.

        Its invoice may be claimed again.
        """
        row = await self._database.fetchrow(
            sql.INSERT_FAILED,
            record.settlement_id,
            now,
            record.request_id,
            trace_id,
            reason,
            "CANCEL" if cancel else "",
            self._cipher.encrypt(failure, context=FAILURE_CONTEXT + record.settlement_id.bytes),
            province_of(record.insured_region_code),
            invoice_key,
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
            values = [
                request_id,
                request_hash,
                record.settlement_id,
                now,
                province_of(record.insured_region_code),
                visit.visit_id if visit else None,
                visit.revision if visit else None,
            ]
            row = await self.write_signed(
                sql.INSERT_REVERSAL, values, record.settlement_id, request_id
            )
        except asyncpg.UniqueViolationError:
            return False
        return row is not None

    async def is_reversing(self, settlement_id: UUID) -> bool:
        """Tells whether the intent to reverse a settlement is open."""
        return await self._database.fetchrow(sql.IS_REVERSING, settlement_id) is not None

    async def take_request(
        self,
        request_id: UUID,
        request_hash: bytes,
        settlement_id: UUID,
        now: datetime,
        *,
        method: str = REVERSE,
        asked_by: UUID | None = None,
    ) -> bool:
        """Takes a request id for what has nothing to do; False if it is taken.

        Of NOTHING, so that no Settle on its way can use the id; `asked_by` is then the request that
        asks for it.
        """
        values = [request_id, request_hash, settlement_id, now, method]
        row = await self.write_signed(
            sql.TAKE_REQUEST, values, settlement_id, asked_by or request_id
        )
        return row is not None

    async def insert_reversed(
        self,
        record: Record,
        *,
        request_id: UUID,
        now: datetime,
        trace_id: str,
        event: bytes,
        invoice_key: bytes | None = None,
    ) -> bool:
        """Appends REVERSED with its event; returns False if it was reversed before.

        Its invoice may be claimed again.
        """
        row = await self._database.fetchrow(
            sql.INSERT_REVERSED,
            record.settlement_id,
            now,
            request_id,
            trace_id,
            self._cipher.encrypt(event, context=EVENT_CONTEXT + record.settlement_id.bytes),
            province_of(record.care_region_code),
            province_of(record.insured_region_code),
            invoice_key,
        )
        return row is not None

    async def write_signed(
        self, statement: str, values: list[Any], record_id: UUID, request_id: UUID
    ) -> Any:
        """Writes what a request leads to, and with it the request, where it was signed."""
        return await write_signed(
            self._database,
            self._cipher,
            statement,
            values,
            record_id=record_id,
            request_id=request_id,
        )

    async def find_request(self, request_id: UUID) -> Request | None:
        """Returns what a request id was used for."""
        row = await self._database.fetchrow(sql.FIND_REQUEST, request_id)
        return Request(row["method"], row["request_hash"], row["settlement_id"]) if row else None

    async def find(self, settlement_id: UUID) -> Record | None:
        """Returns a settlement as it stands."""
        row = await self._database.fetchrow(sql.FIND, settlement_id)
        return self._record(row) if row else None

    async def taken_back(self, bill_keys: Sequence[UUID]) -> frozenset[UUID]:
        """Returns those settlements and reimbursements that do not stand any more."""
        rows = await self._database.fetch(sql.FIND_TAKEN_BACK, bill_keys)
        return frozenset(row["bill_key"] for row in rows)

    async def page(self, wanted: Filter, *, before: UUID | None, limit: int) -> list[Record]:
        """Returns settlements, newest first, older than `before`."""
        rows = await self._database.fetch(
            sql.LIST,
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
            failure=self._opened(row, "failure", FAILURE_CONTEXT),
            commit_request=row["commit_request"],
            detail=self._cipher.decrypt(
                row["detail"], context=_DETAIL + row["settlement_id"].bytes
            ),
            adjudication=self._opened(row, "adjudication", _ADJUDICATION),
            took=None
            if row["round_trip_ms"] is None
            else Took(round_trip_ms=row["round_trip_ms"], region_ms=row["region_ms"]),
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
