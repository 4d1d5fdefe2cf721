"""The round trip, and what is known of it (docs/adr/0005-exactly-once.md); reversals.py undoes it.

Settle writes three times, each a single statement: the intent here, the booking in the insured
region, the outcome here. A crash between any two leaves an open intent, which `resume` finishes; it
runs for a repeated request and in the recovery loop alike, so there is one way to finish.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from services.kit import call as calls
from services.kit import codes, telemetry
from services.kit.clock import Clock, civil_date
from services.kit.crypto import BlindIndex
from services.kit.db import ATTEMPTS_MAX
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import (
    DomainError,
    LostRace,
    Overloaded,
    RuleForbids,
    Unavailable,
)
from services.kit.idempotency import reused
from services.kit.ids import new_id
from services.kit.log import get_logger
from services.kit.status import to_status
from services.settlement import messages, metrics, round_trips
from services.settlement.checking import Checking
from services.settlement.clients import Callees, is_refusal
from services.settlement.domain.bill import check_bill
from services.settlement.domain.identities import broken_identities
from services.settlement.domain.states import State
from services.settlement.intent_store import IntentStore
from services.settlement.invoices import detail_key, invoice_key
from services.settlement.messages import Checked
from services.settlement.order import Order
from services.settlement.outcomes import (
    RETRY_MS,
    absent,
    answer,
    count,
    inconsistent,
    outcome_pending,
    require_identities,
    took_ms,
)
from services.settlement.quarantine_store import QuarantineStore
from services.settlement.quotes import (
    Quotes,
    changed_in_region,
    differs,
    facts_of,
    named_by_region,
    quote_changed,
)
from services.settlement.regions import NotAskedError
from services.settlement.screening_policy import count_blocked
from services.settlement.settle_visit import VisitOrders, named_by_visit
from services.settlement.store import (
    SETTLE,
    Filter,
    Intent,
    Record,
    Request,
    Store,
    Took,
    fresh_record,
)
from services.settlement.successors import (
    CANCELLED,
    Attempt,
    Successors,
    note_refused_restoration,
    reversed_event,
)
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

NOT_MET = "EXPECTATION_NOT_MET"
ABANDONED = "INSURED_REGION_UNAVAILABLE"
_NO_ANSWER = (Unavailable, Overloaded, LostRace)
"""What says nothing of what was done."""


class Settlements:
    """Use cases of settlement. What they raise is what the contract documents for each RPC."""

    def __init__(
        self,
        *,
        store: Store,
        intents: IntentStore,
        callees: Callees,
        checking: Checking,
        orders: VisitOrders,
        quotes: Quotes,
        quarantine: QuarantineStore,
        successors: Successors,
        index: BlindIndex,
        clock: Clock,
    ) -> None:
        self._store = store
        self._intents = intents
        self._callees = callees
        self._checking = checking
        self._orders = orders
        self._quotes = quotes
        self._quarantine = quarantine
        self._successors = successors
        self._index = index
        self._clock = clock

    async def pre_settle(
        self, request: settlement_service_pb2.PreSettleRequest
    ) -> tuple[settlement_pb2.Settlement, str]:
        """Returns what Settle would answer now, and the quote that names it; writes nothing."""
        return await self._try(self._read(request), full=request.with_trace)

    async def pre_settle_visit(
        self, request: settlement_service_pb2.PreSettleVisitRequest
    ) -> tuple[settlement_pb2.Settlement, str]:
        """Returns what SettleVisit would answer now, and the quote; writes nothing."""
        try:
            order = await self._orders.read(request)
            return await self._try(order, full=request.with_trace)
        except DomainError as error:
            raise named_by_visit(error) from None

    async def settle(
        self, request: settlement_service_pb2.SettleRequest
    ) -> tuple[settlement_pb2.Settlement, bool]:
        """Settles once per request id; returns the settlement and whether it is a replay.

        Raises what SettlementService.Settle documents. After the intent is written every failure
        to learn the outcome is OUTCOME_PENDING or INSURED_REGION_UNAVAILABLE, both to be repeated
        with the same request id.
        """
        digest = self._index.digest("request", messages.content_of(request))
        order = self._read(request)
        return await self._settle(request, digest, _given(order))

    async def settle_visit(
        self, request: settlement_service_pb2.SettleVisitRequest
    ) -> tuple[settlement_pb2.Settlement, bool]:
        """Settles a part of a visit as `settle` does a bill.

        Raises what SettlementService.SettleVisit documents.
        """
        digest = self._index.digest("settle_visit", messages.content_of(request))
        try:
            return await self._settle(request, digest, lambda: self._orders.read(request))
        except DomainError as error:
            raise named_by_visit(error) from None

    async def _try(self, order: Order, *, full: bool) -> tuple[settlement_pb2.Settlement, str]:
        try:
            checked = await self._checking.check(order)
        except DomainError as error:
            count_blocked(error)
            raise
        await self._store.require_unclaimed(invoice_key(self._index, order.bill))
        case = messages.case_of(order, checked)
        adjudication = await self._callees.benefits.adjudicate(
            benefits_service_pb2.AdjudicateRequest(case=case, with_trace=full)
        )
        require_identities(case, adjudication)
        settlement = messages.detail_of(order, checked, case)
        settlement.adjudication.CopyFrom(adjudication)
        settlement.sample = settlement.sample or adjudication.sample
        settlement.trace_id = telemetry.trace_id()
        quote = self._quotes.write(order, facts_of(order, checked, case), adjudication)
        # What the order is made of is kept as it came: the detail is a copy.
        return messages.shown(settlement) if full else messages.basic(settlement), quote

    async def _settle(
        self, request: Any, digest: bytes, order_of: Callable[[], Awaitable[Order]]
    ) -> tuple[settlement_pb2.Settlement, bool]:
        request_id = UUID(request.request_id)
        began = self._clock.monotonic()
        for _ in range(ATTEMPTS_MAX):
            try:
                order = await order_of()
                quote = self._quotes.read(request.quote, order)
                checked = await self._checking.check(order)
                case = messages.case_of(order, checked)
                if quote is not None:
                    quote.require(facts_of(order, checked, case))
                place = self._callees.benefits.reserve(case.insured_region_code)
            except (DomainError, DeadlineTooShortError) as error:
                known = await self._store.find_request(request_id)
                if known is None:
                    count_blocked(error)
                    raise
                # The first answer stands, whatever card, filing or visit say by now.
                return await self._replay(known, digest, full=request.with_trace)
            with place:
                expected = quote.adjudication if quote else None
                intent = self._intent(
                    order, checked, case, expected, request_id=request_id, digest=digest
                )
                calls.note(settlement_id=str(intent.settlement_id))
                if await self._store.insert_intent(intent):
                    if checked.is_deferred:
                        metrics.SCREENING_DEFERRED.inc()
                    record = await self.resume(fresh_record(intent), began=began)
                    return answer(record, full=request.with_trace), False
                # The same request came before, or the visit changed. Asked for only here and where
                # a check failed: nearly every request is new, and the intent's own key finds out.
                row = await self._store.find_request(request_id)
                if row is not None:
                    return await self._replay(row, digest, full=request.with_trace)
                if order.part is None:
                    raise outcome_pending(intent.settlement_id)
        raise LostRace(
            "LOST_RACE", "the visit changed while it was being settled", retry_after_ms=RETRY_MS
        )

    def _intent(
        self,
        order: Order,
        checked: Checked,
        case: adjudication_pb2.Case,
        expected: adjudication_pb2.Adjudication | None,
        *,
        request_id: UUID,
        digest: bytes,
    ) -> Intent:
        now = self._clock.now()
        settlement_id = new_id(now)
        return Intent(
            settlement_id=settlement_id,
            request_id=request_id,
            request_hash=digest,
            care_region_code=case.care_region_code,
            insured_region_code=case.insured_region_code,
            institution_code=case.institution_code,
            person_id=UUID(case.person_id),
            scheme_code=case.scheme_code,
            total_fen=case.amounts.total.fen,
            trace_id=telemetry.trace_id(),
            create_time=now,
            commit_request=messages.write_commit(settlement_id, case, expected),
            detail=messages.detail_of(order, checked, case).SerializeToString(),
            part=order.part,
            invoice_key=invoice_key(self._index, order.bill),
        )

    async def resume(
        self, record: Record, *, last: bool = False, began: float | None = None
    ) -> Record:
        """Finishes a PENDING settlement: has the insured region book it and writes the outcome.

        Returns the record as it then stands, SETTLED or FAILED, whoever wrote the outcome. Raises
        OUTCOME_PENDING while the insured region or our own database does not answer; the intent
        stays open. With `last` a region that does not answer is given up: FAILED, and the region
        will be told. What replaces another settlement is never given up. `began` is when the call
        came that wrote the intent and now finishes it, by the monotonic clock.
        """
        try:
            return await self._resume(record, last=last, began=began)
        except (*_NO_ANSWER, DeadlineTooShortError) as error:
            round_trips.note_cause(error)
            # Whose silence it was: something may be booked, so never "nothing happened".
            raise outcome_pending(record.settlement_id) from None

    async def _resume(self, record: Record, *, last: bool, began: float | None) -> Record:
        request, origin = messages.read_work(record)
        attempt = await self._cleared(record, origin) if origin is not None else None
        asked = self._clock.monotonic()
        try:
            adjudication = await self._callees.benefits.commit(request)
        except DomainError as error:
            if is_refusal(error) and attempt is not None and attempt.insists_against(error):
                note_refused_restoration(record, error)
                raise outcome_pending(record.settlement_id) from None
            if is_refusal(error):
                # An attempt whose answer was lost may be booked, or under this id something
                # else: neither may stand, also where no route leads to the region any more. Not
                # told is who said that it was told.
                told = error.reason == CANCELLED
                if error.reason == NOT_MET:
                    error = quote_changed(named_by_region(error.metadata))
                return await self._refused(record, error, cancel=not told)
            if not last or attempt is not None or isinstance(error, NotAskedError):
                raise
            # Final, so not UNAVAILABLE: a repeat of the same request would get this for ever.
            given_up = RuleForbids(
                ABANDONED, "the insured region never answered; nothing is settled"
            )
            return await self._fail(record, given_up, cancel=True)
        broken = broken_identities(messages.answer_of(request.case, adjudication))
        if broken:
            return await self._refuse(record, adjudication, broken)
        if request.HasField("expected") and differs(request.expected, adjudication):
            # A region that does not know of expectations booked what came out.
            changed = changed_in_region(request.expected, adjudication)
            return await self._refused(record, quote_changed(changed), cancel=True)
        took = None if began is None else took_ms(began, asked, self._clock.monotonic())
        return await self._complete(record, request.case, adjudication, took)

    async def _cleared(self, record: Record, origin: UUID) -> Attempt:
        """Has the attempt before taken back, so that this one is not computed on top of it."""
        attempt = await self._successors.attempt(origin, record.settlement_id)
        if not attempt.is_fallback:
            return attempt
        try:
            await self._callees.benefits.cancel(record.insured_region_code, str(attempt.before))
            await self._intents.delete(attempt.before, "CANCEL")
        except DomainError:
            raise outcome_pending(record.settlement_id) from None
        return attempt

    async def finish_reversal(self, record: Record, request_id: UUID) -> Record:
        """Has the insured region restore what was booked, then writes REVERSED with its event.

        Where the settlement is to be replaced, with the intent of what replaces it.
        """
        settlement_id = record.settlement_id
        await self._callees.benefits.cancel(record.insured_region_code, str(settlement_id))
        plan = await self._successors.find(settlement_id)
        if plan is not None and not plan.attempts:
            won = await self._successors.insert_reversed(record, plan)
        else:
            now = self._clock.now()
            won = await self._store.insert_reversed(
                record,
                request_id=request_id,
                now=now,
                trace_id=telemetry.trace_id(),
                event=reversed_event(record, now),
                invoice_key=detail_key(self._index, record.detail),
            )
        if won:
            count(State.REVERSED, record)
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
            record = await self.of_request(UUID(request.request_id), "request_id")
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
            raise absent("settlement_id")
        return record

    def _read(self, request: Any) -> Order:
        calls.note(
            care_region=codes.province_of(request.bill.care_region_code),
            insured_region=codes.province_of(request.patient.insured_region_code),
        )
        order = messages.read_order(request)
        check_bill(order.facts, civil_date(self._clock.now()))
        return order

    async def _replay(
        self, known: Request, digest: bytes, *, full: bool
    ) -> tuple[settlement_pb2.Settlement, bool]:
        if known.method != SETTLE or known.request_hash != digest:
            raise reused()
        calls.note(replayed=True, settlement_id=str(known.settlement_id))
        record = await self.find(known.settlement_id)
        if record.state is State.PENDING:
            record = await self.resume(record)
        return answer(record, full=full), True

    async def _complete(
        self,
        record: Record,
        case: adjudication_pb2.Case,
        adjudication: adjudication_pb2.Adjudication,
        took: Took | None,
    ) -> Record:
        now = self._clock.now()
        booked = messages.booked_of(case, adjudication)
        settled = dataclasses.replace(
            record,
            state=State.SETTLED,
            settle_time=now,
            adjudication=booked.adjudication,
            took=took,
        )
        event = messages.settlement_of(settled, full=False)
        won = await self._store.insert_settled(
            record,
            booked,
            now=now,
            trace_id=telemetry.trace_id(),
            event=event.SerializeToString(),
            ends_stay=event.scope == settlement_pb2.SETTLEMENT_SCOPE_FINAL,
            took=took,
        )
        if not won:
            return await self.find(record.settlement_id)
        count(State.SETTLED, record)
        return settled

    async def _refuse(
        self, record: Record, adjudication: adjudication_pb2.Adjudication, broken: Sequence[str]
    ) -> Record:
        """Keeps an answer that must not be booked, then writes FAILED."""
        await self._quarantine.insert(
            settlement_id=record.settlement_id,
            insured_region_code=record.insured_region_code,
            reasons=broken,
            answer=adjudication.SerializeToString(),
            trace_id=telemetry.trace_id(),
            now=self._clock.now(),
        )
        province = codes.province_of(record.insured_region_code)
        metrics.QUARANTINED.labels(province, "settlement").inc()
        get_logger().error(
            "answer quarantined",
            settlement_id=str(record.settlement_id),
            insured_region=province,
            reason=", ".join(broken),
        )
        return await self._refused(record, inconsistent(), cancel=True)

    async def _refused(self, record: Record, error: DomainError, *, cancel: bool) -> Record:
        """Writes FAILED for a region that is there to be told at once.

        Told by recovery it would be too, but until then a visit is busy, and its window waits.
        """
        failed = await self._fail(record, error, cancel=cancel)
        if cancel and failed.state is State.FAILED and messages.visit_of(record) is not None:
            # Whatever comes of it, the intent is there: the caller hears why it failed.
            with contextlib.suppress(DomainError, DeadlineTooShortError):
                await self.cancel_booking(record)
                await self._intents.delete(record.settlement_id, "CANCEL")
        return failed

    async def _fail(self, record: Record, error: DomainError, *, cancel: bool = False) -> Record:
        """Writes FAILED first: then no late answer can settle what the region is told to undo."""
        if messages.origin_of(record) is not None:
            won = await self._successors.insert_failed(record, error, cancel=cancel)
        else:
            won = await self._store.insert_failed(
                record,
                now=self._clock.now(),
                trace_id=telemetry.trace_id(),
                reason=error.reason,
                failure=to_status(error, "settlement").SerializeToString(),
                cancel=cancel,
                invoice_key=detail_key(self._index, record.detail),
            )
        if won:
            count(State.FAILED, record)
        return await self.find(record.settlement_id)

    async def of_request(self, request_id: UUID, field: str) -> Record:
        """Returns the record of what a request to settle made. Raises RESOURCE_NOT_FOUND."""
        known = await self._store.find_request(request_id)
        if known is None or known.method != SETTLE:
            raise absent(field)
        return await self.find(known.settlement_id)


def _given(order: Order) -> Callable[[], Awaitable[Order]]:
    async def given() -> Order:
        return order

    return given
