"""The round trip, its undoing, and what is known of both. Design: docs/adr/0005-exactly-once.md.

Settle writes three times, each a single statement: the intent here, the booking in the insured
region, the outcome here. A crash between any two leaves an open intent, which `resume` finishes; it
runs for a repeated request and in the recovery loop alike, so there is one way to finish.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID

from google.rpc import status_pb2

from services.classification.classify import classify_lines
from services.kit import call as calls
from services.kit import codes, telemetry
from services.kit.clock import Clock, civil_date
from services.kit.crypto import BlindIndex
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import (
    Absent,
    DomainError,
    LostRace,
    Overloaded,
    RuleForbids,
    Unavailable,
)
from services.kit.idempotency import reused
from services.kit.ids import new_id
from services.kit.status import from_status, to_status
from services.settlement import messages, metrics
from services.settlement.clients import Callees, is_refusal
from services.settlement.domain.bill import Bill, check_bill, check_institution
from services.settlement.domain.identities import broken_identities
from services.settlement.domain.states import State
from services.settlement.messages import Checked
from services.settlement.snapshots import Snapshots
from services.settlement.store import Filter, Intent, Record, Request, Store, fresh_record
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

T = TypeVar("T")

INCONSISTENT = "ADJUDICATION_INCONSISTENT"
CANCELLED = "ADJUDICATION_CANCELLED"
ABANDONED = "INSURED_REGION_UNAVAILABLE"
_RETRY_MS = 1000
_NO_ANSWER = (Unavailable, Overloaded, LostRace)


class Settlements:
    """Use cases of settlement. What they raise is what the contract documents for each RPC."""

    def __init__(
        self,
        *,
        store: Store,
        callees: Callees,
        snapshots: Snapshots,
        index: BlindIndex,
        clock: Clock,
    ) -> None:
        self._store = store
        self._callees = callees
        self._snapshots = snapshots
        self._index = index
        self._clock = clock

    async def pre_settle(
        self, request: settlement_service_pb2.PreSettleRequest
    ) -> settlement_pb2.Settlement:
        """Returns what Settle would answer now; writes nothing."""
        bill = self._read(request)
        checked = await self._check(request, bill)
        case = messages.case_of(request, checked)
        adjudication = await self._callees.benefits.adjudicate(
            benefits_service_pb2.AdjudicateRequest(case=case, with_trace=request.with_trace)
        )
        _require_identities(case, adjudication)
        settlement = messages.detail_of(request, checked, case)
        settlement.adjudication.CopyFrom(adjudication)
        settlement.sample = settlement.sample or adjudication.sample
        settlement.trace_id = telemetry.trace_id()
        return settlement if request.with_trace else messages.basic(settlement)

    async def settle(
        self, request: settlement_service_pb2.SettleRequest
    ) -> tuple[settlement_pb2.Settlement, bool]:
        """Settles once per request id; returns the settlement and whether it is a replay.

        Raises what SettlementService.Settle documents. After the intent is written every failure
        to learn the outcome is OUTCOME_PENDING or INSURED_REGION_UNAVAILABLE, both to be repeated
        with the same request id.
        """
        digest = self._index.digest("request", messages.content_of(request))
        bill = self._read(request)
        try:
            checked = await self._check(request, bill)
        except (DomainError, DeadlineTooShortError):
            known = await self._store.find_request(UUID(request.request_id))
            if known is None:
                raise
            # The first answer stands, whatever card or filing say by now.
            return await self._replay(known, digest, full=request.with_trace)
        now = self._clock.now()
        case = messages.case_of(request, checked)
        settlement_id = new_id(now)
        intent = Intent(
            settlement_id=settlement_id,
            request_id=UUID(request.request_id),
            request_hash=digest,
            care_region_code=case.care_region_code,
            insured_region_code=case.insured_region_code,
            institution_code=case.institution_code,
            person_id=UUID(case.person_id),
            scheme_code=case.scheme_code,
            total_fen=case.amounts.total.fen,
            trace_id=telemetry.trace_id(),
            create_time=now,
            commit_request=messages.commit_request(settlement_id, case).SerializeToString(),
            detail=messages.detail_of(request, checked, case).SerializeToString(),
        )
        calls.note(settlement_id=str(settlement_id))
        if not await self._store.insert_intent(intent):
            # The same request came before. Asked for only here and where a check failed: nearly
            # every request is new, and the intent's own key finds out.
            row = await self._store.find_request(intent.request_id)
            if row is None:
                raise _pending(intent.settlement_id)
            return await self._replay(row, digest, full=request.with_trace)
        if checked.screening is None:
            metrics.SCREENING_DEFERRED.inc()
        record = await self.resume(fresh_record(intent))
        return _answer(record, full=request.with_trace), False

    async def resume(self, record: Record, *, last: bool = False) -> Record:
        """Finishes a PENDING settlement: has the insured region book it and writes the outcome.

        Returns the record as it then stands, SETTLED or FAILED, whoever wrote the outcome. Raises
        OUTCOME_PENDING while the insured region or our own database does not answer; the intent
        stays open. With `last` a region that does not answer is given up: FAILED, and the region
        will be told.
        """
        try:
            return await self._resume(record, last=last)
        except (*_NO_ANSWER, DeadlineTooShortError):
            # Whose silence it was: something may be booked, so never "nothing happened".
            raise _pending(record.settlement_id) from None

    async def _resume(self, record: Record, *, last: bool) -> Record:
        request = benefits_service_pb2.CommitRequest.FromString(record.commit_request)
        try:
            adjudication = await self._callees.benefits.commit(request)
        except DomainError as error:
            if is_refusal(error):
                # An attempt whose answer was lost may be booked, or under this id something
                # else: neither may stand. Not told is who said so, or was never asked.
                heard = error.domain != "" and error.reason != CANCELLED
                return await self._fail(record, error, cancel=heard)
            if not last:
                raise
            # Final, so not UNAVAILABLE: a repeat of the same request would get this for ever.
            given_up = RuleForbids(
                ABANDONED, "the insured region never answered; nothing is settled"
            )
            return await self._fail(record, given_up, cancel=True)
        if broken_identities(messages.answer_of(request.case, adjudication)):
            return await self._fail(record, _inconsistent(), cancel=True)
        return await self._complete(record, request.case, adjudication)

    async def reverse(
        self, request: settlement_service_pb2.ReverseSettlementRequest
    ) -> tuple[settlement_pb2.Settlement, bool]:
        """Takes a settlement back; returns it and whether that had been done before.

        After RESOURCE_NOT_FOUND for a request id, that id settles nothing any more.
        """
        digest = self._index.digest("request", messages.content_of(request))
        request_id = UUID(request.request_id)
        by_id = request.WhichOneof("target") == "settlement_id"
        record = await self._target(request, digest, by_id=by_id)
        calls.note(settlement_id=str(record.settlement_id))
        known = await self._store.find_request(request_id)
        if known is not None and (known.method != "Reverse" or known.request_hash != digest):
            raise reused()
        if record.state is State.PENDING:
            # Its outcome must be known before it can be taken back.
            record = await self.resume(record)
        if record.state is State.FAILED and by_id:
            raise RuleForbids(
                "SETTLEMENT_STATE_FORBIDS",
                "a settlement that never came about cannot be reversed",
                field="settlement_id",
                metadata={"state": record.state.value},
            )
        # Also where nothing is left to do: from now on the id stands for this reversal.
        if known is None and not await self._store.insert_reversal(
            record.settlement_id, request_id, digest, self._clock.now()
        ):
            raise _pending(record.settlement_id)
        if record.state is not State.SETTLED:
            return messages.settlement_of(record, full=False), record.state is State.REVERSED
        try:
            record = await self.finish_reversal(record, request_id)
        except (*_NO_ANSWER, DeadlineTooShortError):
            # It is decided and will be done: not "nothing happened, come back later".
            raise _pending(record.settlement_id) from None
        return messages.settlement_of(record, full=False), False

    async def finish_reversal(self, record: Record, request_id: UUID) -> Record:
        """Has the insured region restore what was booked, then writes REVERSED with its event."""
        settlement_id = record.settlement_id
        await self._callees.benefits.cancel(record.insured_region_code, str(settlement_id))
        now = self._clock.now()
        settlement = messages.settlement_of(record, full=False)
        settlement.state = settlement_pb2.SETTLEMENT_STATE_REVERSED
        settlement.reverse_time.FromDatetime(now)
        won = await self._store.insert_reversed(
            record,
            request_id=request_id,
            now=now,
            trace_id=telemetry.trace_id(),
            event=settlement.SerializeToString(),
        )
        if won:
            _count(State.REVERSED, record)
        return await self.find(settlement_id)

    async def cancel_booking(self, record: Record) -> None:
        """Tells the insured region that a settlement it may have booked was given up."""
        await self._callees.benefits.cancel(record.insured_region_code, str(record.settlement_id))

    async def get(
        self, request: settlement_service_pb2.GetSettlementRequest
    ) -> settlement_pb2.Settlement:
        """Returns a settlement by its id or by the id of the request that made it."""
        if request.WhichOneof("key") == "settlement_id":
            record = await self.find(UUID(request.settlement_id))
        else:
            record = await self._of_request(UUID(request.request_id), "request_id")
        full = request.view == settlement_service_pb2.SETTLEMENT_VIEW_FULL
        return messages.settlement_of(record, full=full)

    async def page(
        self, wanted: Filter, *, before: UUID | None, limit: int
    ) -> Sequence[settlement_pb2.Settlement]:
        """Returns settlements in the basic view, newest first."""
        records = await self._store.page(wanted, before=before, limit=limit)
        return [messages.settlement_of(record, full=False) for record in records]

    async def find(self, settlement_id: UUID) -> Record:
        """Returns the record of a settlement. Raises RESOURCE_NOT_FOUND."""
        record = await self._store.find(settlement_id)
        if record is None:
            raise _absent("settlement_id")
        return record

    def _read(self, request: Any) -> Bill:
        calls.note(
            care_region=codes.province_of(request.bill.care_region_code),
            insured_region=codes.province_of(request.patient.insured_region_code),
        )
        bill = messages.read_bill(request)
        check_bill(bill, civil_date(self._clock.now()))
        return bill

    async def _check(self, request: Any, bill: Bill) -> Checked:
        """Asks everybody about a bill at once; identity's refusal comes before filing's."""
        callees = self._callees
        async with (
            _alongside(callees.identity.verify(messages.verify_request(request))) as verifying,
            _alongside(callees.filing.match(messages.match_request(request))) as matching,
            _alongside(callees.supervision.screen(messages.screen_request(request))) as screening,
        ):
            person, match, screened = await verifying, await matching, await screening
        institution = person.institution
        check_institution(
            bill,
            region_code=institution.region_code,
            hospital_level_code=institution.hospital_level_code,
        )
        snapshot = self._snapshots.of(bill.care_region_code)
        with telemetry.span("settlement.classify"):
            splits = classify_lines(snapshot, bill.lines, path="bill.lines")
        version = f"{snapshot.region_code}@{snapshot.version}"
        return Checked(person, match, screened, splits, version)

    async def _replay(
        self, known: Request, digest: bytes, *, full: bool
    ) -> tuple[settlement_pb2.Settlement, bool]:
        if known.method != "Settle" or known.request_hash != digest:
            raise reused()
        calls.note(replayed=True, settlement_id=str(known.settlement_id))
        record = await self.find(known.settlement_id)
        if record.state is State.PENDING:
            record = await self.resume(record)
        return _answer(record, full=full), True

    async def _complete(
        self,
        record: Record,
        case: adjudication_pb2.Case,
        adjudication: adjudication_pb2.Adjudication,
    ) -> Record:
        now = self._clock.now()
        booked = messages.booked_of(case, adjudication)
        settled = dataclasses.replace(
            record, state=State.SETTLED, settle_time=now, adjudication=booked.adjudication
        )
        won = await self._store.insert_settled(
            record,
            booked,
            now=now,
            trace_id=telemetry.trace_id(),
            event=messages.settlement_of(settled, full=False).SerializeToString(),
        )
        if not won:
            return await self.find(record.settlement_id)
        _count(State.SETTLED, record)
        return settled

    async def _fail(self, record: Record, error: DomainError, *, cancel: bool = False) -> Record:
        """Writes FAILED first: then no late answer can settle what the region is told to undo."""
        if await self._store.insert_failed(
            record,
            now=self._clock.now(),
            trace_id=telemetry.trace_id(),
            reason=error.reason,
            failure=to_status(error, "settlement").SerializeToString(),
            cancel=cancel,
        ):
            _count(State.FAILED, record)
        return await self.find(record.settlement_id)

    async def _target(self, request: Any, digest: bytes, *, by_id: bool) -> Record:
        if by_id:
            return await self.find(UUID(request.settlement_id))
        # Taken first: a Settle that is still on its way must not settle what its caller has been
        # told does not exist.
        request_id = UUID(request.settle_request_id)
        await self._store.void_request(request_id, digest, self._clock.now())
        return await self._of_request(request_id, "settle_request_id")

    async def _of_request(self, request_id: UUID, field: str) -> Record:
        known = await self._store.find_request(request_id)
        if known is None or known.method != "Settle":
            raise _absent(field)
        return await self.find(known.settlement_id)


@contextlib.asynccontextmanager
async def _alongside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Starts work that runs while the block runs; on leaving, what is not done is cancelled."""
    task = asyncio.create_task(work)
    task.add_done_callback(_see)
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
            # Only then: to wait for what is done costs a turn of the loop.
            await asyncio.wait((task,))


def _see(task: asyncio.Task[Any]) -> None:
    """Looks at an error that the block may not await: then it is of no interest."""
    if not task.cancelled():
        task.exception()


def _answer(record: Record, *, full: bool) -> settlement_pb2.Settlement:
    """Returns a settlement, or raises the error with which it failed, as the first time."""
    if record.state is State.FAILED:
        error = from_status(status_pb2.Status.FromString(record.failure or b""))
        raise error or RuleForbids(record.failure_reason, "the settlement failed")
    return messages.settlement_of(record, full=full)


def _require_identities(
    case: adjudication_pb2.Case, adjudication: adjudication_pb2.Adjudication
) -> None:
    if broken_identities(messages.answer_of(case, adjudication)):
        raise _inconsistent()


def _inconsistent() -> RuleForbids:
    return RuleForbids(INCONSISTENT, "the insured region's amounts do not add up")


def _count(state: State, record: Record) -> None:
    province = codes.province_of(record.insured_region_code)
    metrics.SETTLEMENTS.labels(state.value, province).inc()


def _pending(settlement_id: UUID) -> Unavailable:
    return Unavailable(
        "OUTCOME_PENDING",
        "the outcome is not known yet; repeat the same request",
        metadata={"settlementId": str(settlement_id)},
        retry_after_ms=_RETRY_MS,
    )


def _absent(field: str) -> Absent:
    return Absent(
        "RESOURCE_NOT_FOUND", "no such settlement", field=field, metadata={"resource": "settlement"}
    )
