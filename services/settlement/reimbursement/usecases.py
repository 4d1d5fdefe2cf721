"""Claims for bills that were paid in cash (零星报销). Design: docs/adr/0032-reimbursement.md.

A claim goes the way of a settlement, in its own tables: the intent with the invoice and the work to
book it is one statement, the insured region books it by the claim's id, the outcome is one
transaction. A crash between any two leaves work that `book` and `unbook` finish, called by a
repeated request and by the loop alike. What people decide is written first; what the insured region
has to take back for it follows until it answers, and then the invoice is free.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.classification.classify import CatalogueNotPublished
from services.kit import call as calls
from services.kit import codes, telemetry
from services.kit.clock import Clock, civil_date
from services.kit.crypto import BlindIndex
from services.kit.db import Connection
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import DomainError, LostRace, RuleForbids
from services.kit.idempotency import reused
from services.kit.ids import new_id
from services.kit.log import get_logger
from services.kit.notes import read_note, read_two_people, refuse_long_number
from services.kit.status import to_status
from services.kit.wire import invalid
from services.settlement import messages as settlement_messages
from services.settlement import metrics
from services.settlement.clients import Callees, is_refusal
from services.settlement.domain.bill import check_bill, check_institution
from services.settlement.domain.gap import price_home
from services.settlement.domain.identities import broken_identities
from services.settlement.domain.reimbursement_states import (
    UNBOOKS,
    ReimbursementState,
    is_allowed,
)
from services.settlement.invoices import invoice_key
from services.settlement.messages import Checked
from services.settlement.order import Order
from services.settlement.outcomes import inconsistent, require_identities
from services.settlement.quarantine_store import QuarantineStore
from services.settlement.reimbursement import messages
from services.settlement.reimbursement.outcomes import (
    before_catalogue,
    event_of,
    forbidden,
    given,
    held,
    pending,
    present,
    require_province,
    similar_ids,
    standing,
)
from services.settlement.reimbursement.store import (
    Change,
    Draft,
    Filter,
    Record,
    ReimbursementStore,
    Request,
)
from services.settlement.snapshots import Snapshots
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.settlement.v1 import reimbursement_pb2 as pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as service_pb2
from yijie.settlement.v1 import settlement_service_pb2

SUBMIT: Final = "Submit"
_INSURED_FIELD: Final = "patient.insured_region_code"
_PAGE_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """A claim, and whether an earlier call did what was asked."""

    record: Record
    replayed: bool


class Reimbursements:
    """Use cases of reimbursements. What they raise is what the contract documents for each RPC."""

    def __init__(
        self,
        *,
        store: ReimbursementStore,
        callees: Callees,
        snapshots: Snapshots,
        quarantine: QuarantineStore,
        index: BlindIndex,
        clock: Clock,
    ) -> None:
        self._store = store
        self._callees = callees
        self._snapshots = snapshots
        self._quarantine = quarantine
        self._index = index
        self._clock = clock

    async def try_out(self, request: service_pb2.SubmitReimbursementRequest) -> pb2.Reimbursement:
        """Returns what `submit` would come to now; writes nothing."""
        order, key = self._read(request)
        checked = await self._check(order)
        await self._store.require_unclaimed(key)
        case = settlement_messages.case_of(order, checked)
        adjudication = await self._callees.benefits.adjudicate(
            benefits_service_pb2.AdjudicateRequest(case=case, with_trace=True)
        )
        require_identities(case, adjudication)
        detail = messages.detail_of(order, checked, case, cause=request.cause)
        detail.bill.ClearField("contact_phone")
        return messages.with_adjudication(detail, adjudication)

    async def submit(self, request: service_pb2.SubmitReimbursementRequest) -> Answer:
        """Takes a claim in and has it booked, once per request id."""
        digest = self._index.digest("reimbursement", messages.content_of(request))
        request_id = UUID(request.request_id)
        order, key = self._read(request)
        refuse_long_number(request.maker_id, "maker_id")
        try:
            checked = await self._check(order)
            case = settlement_messages.case_of(order, checked)
            place = self._callees.benefits.reserve(case.insured_region_code)
        except (DomainError, DeadlineTooShortError):
            known = await self._store.find_request(request_id)
            if known is None:
                raise
            # The first answer stands, whatever filing or register say by now.
            return await self._replay(known, digest)
        with place:
            now = self._clock.now()
            reimbursement_id = new_id(now)
            calls.note(reimbursement_id=str(reimbursement_id))
            draft = Draft(
                reimbursement_id=reimbursement_id,
                request_id=request_id,
                request_hash=digest,
                invoice_key=key,
                care_region_code=case.care_region_code,
                insured_region_code=case.insured_region_code,
                institution_code=case.institution_code,
                person_id=UUID(case.person_id),
                total_fen=case.amounts.total.fen,
                trace_id=telemetry.trace_id(),
                create_time=now,
                commit_request=messages.write_commit(reimbursement_id, case),
                detail=messages.detail_of(
                    order, checked, case, cause=request.cause
                ).SerializeToString(),
                maker_id=request.maker_id,
            )
            if not await self._store.insert(draft, method=SUBMIT):
                known = await self._store.find_request(request_id)
                if known is None:
                    raise LostRace("LOST_RACE", "the request is being served", retry_after_ms=50)
                return await self._replay(known, digest)
            self._count(ReimbursementState.SUBMITTED, draft.insured_region_code)
            record = await self.book(await self.find(reimbursement_id))
        return Answer(standing(record), replayed=False)

    async def decide(self, request: service_pb2.DecideReimbursementRequest) -> Answer:
        """Approves or rejects a claim: whoever took it in cannot."""
        approves = request.decision == service_pb2.REIMBURSEMENT_DECISION_APPROVE
        note = read_note(request.note, optional=approves)
        refuse_long_number(request.checker_id, "checker_id")
        to = ReimbursementState.APPROVED if approves else ReimbursementState.REJECTED

        def change(before: list[Change]) -> Change:
            # Who took it in is named first.
            read_two_people(before[0].maker_id, request.checker_id)
            return Change(
                state=to,
                change_time=self._clock.now(),
                maker_id=before[0].maker_id,
                checker_id=request.checker_id,
                note=note,
            )

        return await self._once(request, to, change)

    async def pay(self, request: service_pb2.PayReimbursementRequest) -> Answer:
        """Records a payment: neither who took it in nor who approved it can."""
        refuse_long_number(request.maker_id, "maker_id")

        def change(before: list[Change]) -> Change:
            hands = {hand.casefold() for one in before for hand in (one.maker_id, one.checker_id)}
            if request.maker_id.casefold() in hands:
                raise RuleForbids(
                    "MAKER_IS_CHECKER",
                    "whoever took it in or approved it does not pay it",
                    field="maker_id",
                )
            return Change(
                state=ReimbursementState.PAID,
                change_time=self._clock.now(),
                maker_id=request.maker_id,
                payment_reference=request.payment_reference,
            )

        return await self._once(request, ReimbursementState.PAID, change)

    async def cancel(self, request: service_pb2.CancelReimbursementRequest) -> Answer:
        """Withdraws a claim by two people; one that is paid only with what was paid back."""
        note = read_note(request.note)
        maker_id, checker_id = read_two_people(request.maker_id, request.checker_id)

        def change(before: list[Change]) -> Change:
            is_paid = before[-1].state is ReimbursementState.PAID
            if is_paid != bool(request.payment_reference):
                raise invalid(
                    "payment_reference",
                    "what was paid must be paid back" if is_paid else "nothing was paid",
                )
            return Change(
                state=ReimbursementState.CANCELLED,
                change_time=self._clock.now(),
                maker_id=maker_id,
                checker_id=checker_id,
                note=note,
                payment_reference=request.payment_reference,
            )

        return await self._once(request, ReimbursementState.CANCELLED, change)

    async def get(self, request: service_pb2.GetReimbursementRequest) -> pb2.Reimbursement:
        """Returns a claim of the province that asks, with its history."""
        record = await self.of_province(request)
        full = request.view == settlement_service_pb2.SETTLEMENT_VIEW_FULL
        changes = await self._store.changes(record.reimbursement_id)
        found = messages.write_reimbursement(record, full=full, changes=changes)
        others = await self._store.similar(
            record,
            person_id=UUID(found.person_id),
            institution_code=found.institution_code,
            limit=_PAGE_ROWS,
        )
        found.similar_reimbursement_ids.extend(similar_ids(found, others))
        return found

    async def page(
        self, wanted: Filter, *, before: UUID | None, limit: int
    ) -> list[pb2.Reimbursement]:
        """Returns claims in the basic view, newest first."""
        found: list[pb2.Reimbursement] = []
        while len(found) < limit:
            # A few at a time: each is read with all its lines, and bills wait meanwhile.
            size = min(limit - len(found), _PAGE_ROWS)
            records = await self._store.page(wanted, before=before, limit=size)
            found += [messages.write_reimbursement(record, full=False) for record in records]
            if len(records) < size:
                break
            before = records[-1].reimbursement_id
        return found

    async def find(self, reimbursement_id: UUID) -> Record:
        """Returns a claim. Raises RESOURCE_NOT_FOUND."""
        return present(await self._store.find(reimbursement_id))

    async def of_province(self, request: Any) -> Record:
        """Returns the claim that a request names. Raises RESOURCE_NOT_FOUND, also for another's."""
        calls.note(reimbursement_id=request.reimbursement_id)
        record = await self.find(UUID(request.reimbursement_id))
        return require_province(record, request.region_code)

    async def book(self, record: Record) -> Record:
        """Has the insured region book a claim and writes the outcome, once whoever comes to it.

        Returns the claim as it then stands. Raises OUTCOME_PENDING while the insured region or our
        own database does not answer; the work stays open.
        """
        if record.state is not ReimbursementState.SUBMITTED:
            return record
        request = messages.read_commit(record)
        try:
            adjudication = await self._callees.benefits.commit(request)
        except (DomainError, DeadlineTooShortError) as error:
            if isinstance(error, DomainError) and is_refusal(error):
                return await self._fail(record, error)
            raise pending(record) from None
        broken = broken_identities(settlement_messages.answer_of(request.case, adjudication))
        if broken:
            return await self._refuse(record, adjudication, broken)
        change = Change(
            state=ReimbursementState.ADJUDICATED,
            change_time=self._clock.now(),
            adjudication=adjudication.SerializeToString(),
            fund_fen=adjudication.fund_total.fen,
        )
        return await self._finish(record, change)

    async def unbook(self, record: Record) -> Record:
        """Has the insured region take back what it may have booked, then frees the invoice.

        A late booking is refused from then on. Raises what the region answers; the work stays open.
        """
        await self._callees.benefits.cancel(
            record.insured_region_code, str(record.reimbursement_id)
        )
        await self._store.release(record)
        return await self.find(record.reimbursement_id)

    def _read(self, request: service_pb2.SubmitReimbursementRequest) -> tuple[Order, bytes]:
        calls.note(
            care_region=codes.province_of(request.bill.care_region_code),
            insured_region=codes.province_of(request.patient.insured_region_code),
        )
        order = messages.read_order(request)
        check_bill(order.facts, civil_date(self._clock.now()))
        key = invoice_key(self._index, order.bill)
        if key is None:
            raise invalid("bill.invoice_number", "a claim needs its invoice")
        return order, key

    async def _check(self, order: Order) -> Checked:
        """Asks everybody at once; the insured region's catalogue is in memory."""
        callees = self._callees
        async with asyncio.TaskGroup() as group:
            tasks = (
                group.create_task(held(callees.identity.verify(messages.verify_request(order)))),
                group.create_task(held(callees.identity.institution(order.bill.institution_code))),
                group.create_task(
                    held(callees.filing.match(settlement_messages.match_request(order)))
                ),
            )
        person, institution, match = (given(task.result()) for task in tasks)
        check_institution(
            order.facts,
            region_code=institution.region_code,
            hospital_level_code=institution.hospital_level_code,
        )
        person.institution.CopyFrom(institution)
        snapshot = self._snapshot(order)
        with telemetry.span("settlement.classify"):
            try:
                splits = price_home(
                    snapshot, order.facts.lines, settlement_messages.context_of(order, person)
                )
            except CatalogueNotPublished as error:
                raise before_catalogue(error, order.facts) from None
        return Checked(person, match, None, splits, snapshot.label)

    def _snapshot(self, order: Order) -> Any:
        try:
            return self._snapshots.of(order.facts.insured_region_code)
        except RuleForbids as error:
            province = codes.province_of(order.facts.insured_region_code)
            raise RuleForbids(
                error.reason,
                "no catalogue of the insured region is published",
                zh="参保地医保目录尚未发布",
                field=_INSURED_FIELD,
                metadata={"regionCode": province},
            ) from None

    async def _once(
        self, request: Any, to: ReimbursementState, change_of: Callable[[list[Change]], Change]
    ) -> Answer:
        """Takes a claim one step further, once per request id; a repeat gets what stands."""
        method = request.DESCRIPTOR.name.removesuffix("ReimbursementRequest")
        digest = self._index.digest("reimbursement", messages.content_of(request))
        request_id, reimbursement_id = UUID(request.request_id), UUID(request.reimbursement_id)
        calls.note(reimbursement_id=request.reimbursement_id)

        async def work(connection: Connection) -> bool:
            found = present(await self._store.find_locked(connection, reimbursement_id))
            record = require_province(found, request.region_code)
            known = await self._store.find_request(request_id, connection)
            if known is not None:
                if known.method != method or known.request_hash != digest:
                    raise reused()
                return True
            if not is_allowed(record.state, to):
                raise forbidden(record)
            change = change_of(await self._store.changes(reimbursement_id, connection))
            event = None
            if record.state is not ReimbursementState.SUBMITTED:
                event = event_of(record, change)
            await self._store.move(connection, record, change, event=event)
            await self._store.insert_request(
                connection,
                request_id,
                Request(method, digest, reimbursement_id),
                change.change_time,
            )
            return False

        replayed = await self._store.database.run(f"settlement.{method}_reimbursement", work)
        record = await self.find(reimbursement_id)
        if not replayed:
            self._count(to, record.insured_region_code)
        return Answer(await self._unbooked(record), replayed=replayed)

    async def _replay(self, known: Request, digest: bytes) -> Answer:
        if known.method != SUBMIT or known.request_hash != digest:
            raise reused()
        calls.note(replayed=True, reimbursement_id=str(known.reimbursement_id))
        record = await self.book(await self.find(known.reimbursement_id))
        return Answer(standing(record), replayed=True)

    async def _finish(self, record: Record, change: Change) -> Record:
        """Writes what came of booking, unless somebody did, or it was withdrawn meanwhile."""
        event = None
        if change.state is ReimbursementState.ADJUDICATED:
            event = event_of(record, change)

        async def work(connection: Connection) -> bool:
            return await self._store.move(connection, record, change, event=event)

        if await self._store.database.run("settlement.finish_reimbursement", work):
            self._count(change.state, record.insured_region_code)
        return await self._unbooked(await self.find(record.reimbursement_id))

    async def _fail(self, record: Record, error: DomainError) -> Record:
        """Writes FAILED first: then no late answer can book what the region is told to undo."""
        change = Change(
            state=ReimbursementState.FAILED,
            change_time=self._clock.now(),
            reason=error.reason,
            failure=to_status(error, "settlement").SerializeToString(),
        )
        return await self._finish(record, change)

    async def _refuse(
        self, record: Record, adjudication: adjudication_pb2.Adjudication, broken: Any
    ) -> Record:
        """Keeps an answer that must not be booked, then writes FAILED."""
        await self._quarantine.insert(
            settlement_id=record.reimbursement_id,
            insured_region_code=record.insured_region_code,
            reasons=broken,
            answer=adjudication.SerializeToString(),
            trace_id=telemetry.trace_id(),
            now=self._clock.now(),
        )
        metrics.QUARANTINED.labels(record.insured_province, "reimbursement").inc()
        get_logger().error(
            "answer quarantined",
            reimbursement_id=str(record.reimbursement_id),
            insured_region=record.insured_province,
            reason=", ".join(broken),
        )
        return await self._fail(record, inconsistent())

    async def _unbooked(self, record: Record) -> Record:
        """Tries at once what the loop would do later: the caller need not wait for it."""
        if record.state in UNBOOKS and record.holds_invoice:
            with contextlib.suppress(DomainError, DeadlineTooShortError):
                return await self.unbook(record)
        return record

    @staticmethod
    def _count(state: ReimbursementState, insured_region_code: str) -> None:
        province = codes.province_of(insured_region_code)
        metrics.REIMBURSEMENTS.labels(state.value, province).inc()
