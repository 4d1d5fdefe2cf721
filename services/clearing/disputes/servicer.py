"""DisputeService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from services.clearing.disputes import inquiries, inquiry_store, messages, store, usecases
from services.clearing.disputes.inquiries import Answer, Question
from services.clearing.disputes.inquiry_store import Inquiry, InquiryFilter
from services.clearing.disputes.store import AdjustmentFilter, DeductionFilter
from services.clearing.disputes.terms import DisputeTerms, DisputeTermsBook
from services.clearing.disputes.usecases import Decision, People
from services.clearing.domain.deduction import Deduction
from services.kit import paging, wire
from services.kit.caller import require_party, require_region
from services.kit.clock import Clock, civil_date
from services.kit.db import Connection, Database
from services.kit.errors import DomainError
from services.kit.idempotency import once
from services.kit.notes import read_note, read_two_people, refuse_long_number
from services.kit.status import to_status
from services.kit.wire import invalid
from yijie.clearing.v1 import dispute_pb2 as pb2
from yijie.clearing.v1 import dispute_service_pb2 as service_pb2
from yijie.clearing.v1 import dispute_service_pb2_grpc

FULL_NAME: Final = "yijie.clearing.v1.DisputeService"
_SERVICE: Final = "clearing"


class DisputeServicer(dispute_service_pb2_grpc.DisputeServiceServicer):
    """Answers the calls of DisputeService."""

    def __init__(self, database: Database, clock: Clock, terms: DisputeTermsBook) -> None:
        """Holds what all calls share."""
        self._database = database
        self._clock = clock
        self._terms = terms

    async def RecordDeductions(self, request: Any, context: Any) -> Any:
        """Records deductions."""
        require_region(context, "", field="deductions")
        people = _read_people(request)
        now = self._clock.now()
        entries = [
            _read_entry(one, f"deductions[{index}]") for index, one in enumerate(request.deductions)
        ]
        decisions = [one for one in entries if isinstance(one, Decision)]

        async def work(connection: Connection) -> Any:
            recorded = iter(
                await usecases.record(
                    connection, decisions, people=people, terms=self._terms_now(), now=now
                )
            )
            outcomes = [next(recorded) if isinstance(one, Decision) else one for one in entries]
            return service_pb2.RecordDeductionsResponse(
                results=[_write_result(one) for one in outcomes]
            )

        return await once(self._database, request, service_pb2.RecordDeductionsResponse, work)

    async def AppealDeduction(self, request: Any, context: Any) -> Any:
        """Appeals against a deduction."""
        require_region(context, request.region_code, field="region_code")
        refuse_long_number(request.maker_id, "maker_id")
        note = read_note(request.note)
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            found = await usecases.appeal(
                connection,
                wire.read_uuid(request.deduction_id),
                region_code=request.region_code,
                maker_id=request.maker_id,
                note=note,
                now=now,
            )
            return service_pb2.AppealDeductionResponse(deduction=messages.write_deduction(found))

        return await once(self._database, request, service_pb2.AppealDeductionResponse, work)

    async def DecideAppeal(self, request: Any, context: Any) -> Any:
        """Decides an appeal."""
        require_region(context, "", field="deduction_id")
        people = _read_people(request)
        note = read_note(request.note)
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            found = await usecases.decide(
                connection,
                wire.read_uuid(request.deduction_id),
                upheld=request.decision == pb2.APPEAL_DECISION_UPHELD,
                people=people,
                note=note,
                now=now,
            )
            return service_pb2.DecideAppealResponse(deduction=messages.write_deduction(found))

        return await once(self._database, request, service_pb2.DecideAppealResponse, work)

    async def GetDeduction(self, request: Any, context: Any) -> Any:
        """Answers one deduction with its history."""
        async with self._database.connection() as connection:
            found = await usecases.get_deduction(connection, wire.read_uuid(request.deduction_id))
            _require_party(context, found, field="deduction_id")
            changes = await store.list_changes(connection, found.deduction_id)
        return service_pb2.GetDeductionResponse(deduction=messages.write_deduction(found, changes))

    async def ListDeductions(self, request: Any, context: Any) -> Any:
        """Lists deductions in the order in which they were recorded."""
        require_region(context, request.region_code, field="region_code")
        wanted = DeductionFilter(
            region_code=request.region_code,
            state=messages.read_deduction_state(request.state),
            month=request.month,
            settlement_id=_read_optional(request.settlement_id),
            decision_id=_read_optional(request.decision_id),
            after=paging.read_key(request, UUID),
        )
        size = paging.page_size(request)
        found = await store.list_deductions(self._database, wanted, limit=size + 1)
        return service_pb2.ListDeductionsResponse(
            deductions=[messages.write_deduction(one) for one in found[:size]],
            next_page_token=_token(request, [one.deduction_id for one in found], size),
        )

    async def OpenInquiry(self, request: Any, context: Any) -> Any:
        """Asks the care province to check a bill."""
        require_region(context, request.region_code, field="region_code")
        refuse_long_number(request.maker_id, "maker_id")
        question = Question(
            settlement_id=wire.read_uuid(request.settlement_id),
            region_code=request.region_code,
            text=read_note(request.question, "question"),
            opener_id=request.maker_id,
        )
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            found = await inquiries.open_inquiry(
                connection, question, terms=self._terms_now(), now=now
            )
            return service_pb2.OpenInquiryResponse(
                inquiry=messages.write_inquiry(found, civil_date(now))
            )

        return await once(self._database, request, service_pb2.OpenInquiryResponse, work)

    async def AnswerInquiry(self, request: Any, context: Any) -> Any:
        """Answers an inquiry."""
        require_region(context, request.region_code, field="region_code")
        is_irregular = request.result == pb2.INQUIRY_RESULT_IRREGULAR
        if not is_irregular and (request.HasField("amount") or request.funds):
            raise invalid("amount", "a bill that is in order gives nothing back")
        given = Answer(
            inquiry_id=wire.read_uuid(request.inquiry_id),
            region_code=request.region_code,
            text=read_note(request.answer, "answer"),
            asked=messages.read_asked(request) if is_irregular else None,
            people=_read_people(request),
        )
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            found, deduction = await inquiries.answer(
                connection, given, terms=self._terms_now(), now=now
            )
            response = service_pb2.AnswerInquiryResponse(
                inquiry=messages.write_inquiry(found, civil_date(now))
            )
            if deduction is not None:
                response.deduction.CopyFrom(messages.write_deduction(deduction))
            return response

        return await once(self._database, request, service_pb2.AnswerInquiryResponse, work)

    async def GetInquiry(self, request: Any, context: Any) -> Any:
        """Answers one inquiry."""
        found = await inquiries.get_inquiry(self._database, wire.read_uuid(request.inquiry_id))
        _require_party(context, found, field="inquiry_id")
        return service_pb2.GetInquiryResponse(
            inquiry=messages.write_inquiry(found, civil_date(self._clock.now()))
        )

    async def ListInquiries(self, request: Any, context: Any) -> Any:
        """Lists inquiries in the order in which they were opened."""
        require_region(context, request.region_code, field="region_code")
        today = civil_date(self._clock.now())
        wanted = InquiryFilter(
            region_code=request.region_code,
            state=messages.read_inquiry_state(request.state),
            overdue_on=today if request.overdue_only else None,
            settlement_id=_read_optional(request.settlement_id),
            after=paging.read_key(request, UUID),
        )
        size = paging.page_size(request)
        found = await inquiry_store.list_inquiries(self._database, wanted, limit=size + 1)
        return service_pb2.ListInquiriesResponse(
            inquiries=[messages.write_inquiry(one, today) for one in found[:size]],
            next_page_token=_token(request, [one.inquiry_id for one in found], size),
        )

    async def ListAdjustments(self, request: Any, context: Any) -> Any:
        """Lists negative records by settlement."""
        require_region(context, request.region_code, field="region_code")
        wanted = AdjustmentFilter(
            region_code=request.region_code,
            original_month=request.original_month,
            booked_month=request.booked_month,
            after=paging.read_key(request, UUID),
        )
        size = paging.page_size(request)
        found = await store.list_adjustments(self._database, wanted, limit=size + 1)
        return service_pb2.ListAdjustmentsResponse(
            adjustments=[messages.write_adjustment(one) for one in found[:size]],
            next_page_token=_token(request, [one.settlement_id for one in found], size),
        )

    def _terms_now(self) -> DisputeTerms:
        return self._terms.of(civil_date(self._clock.now()))


def _require_party(context: Any, found: Deduction | Inquiry, *, field: str) -> None:
    # A province sees what it is a party of.
    require_party(context, {found.insured_region_code, found.care_region_code}, field=field)


def _read_people(request: Any) -> People:
    maker_id, checker_id = read_two_people(request.maker_id, request.checker_id)
    return People(maker_id=maker_id, checker_id=checker_id)


def _read_entry(message: Any, field: str) -> Decision | DomainError:
    try:
        return messages.read_decision(message, field)
    except DomainError as refusal:
        return refusal


def _write_result(outcome: Deduction | DomainError) -> service_pb2.DeductionResult:
    if isinstance(outcome, DomainError):
        return service_pb2.DeductionResult(error=to_status(outcome, _SERVICE))
    return service_pb2.DeductionResult(deduction=messages.write_deduction(outcome))


def _read_optional(text: str) -> UUID | None:
    return wire.read_uuid(text) if text else None


def _token(request: Any, keys: list[UUID], size: int) -> str:
    return paging.write_token(request, (str(keys[size - 1]),)) if len(keys) > size else ""
