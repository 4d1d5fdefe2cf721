"""CaseService: proto ⇄ domain and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.kit import paging, wire
from services.kit.caller import require_party, require_region
from services.kit.errors import DomainError
from services.kit.idempotency import first_answer, once
from services.kit.notes import read_note, refuse_long_number
from services.kit.status import to_status
from services.kit.wire import invalid
from services.supervision import metrics
from services.supervision.cases import (
    deduction_store,
    hearing_store,
    messages,
    opinions,
    store,
    usecases,
)
from services.supervision.cases.messages import Hearing
from services.supervision.cases.model import Answer, Case
from services.supervision.cases.store import CaseFilter
from services.supervision.cases.uploads import Uploads
from services.supervision.cases.usecases import Draw, Review
from services.supervision.domain.case_documents import CHUNK_BYTES
from services.supervision.domain.case_states import Step
from yijie.supervision.v1 import case_service_pb2 as pb2
from yijie.supervision.v1 import case_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.supervision.cases.clients import PaidSettlement, Settlements
    from services.supervision.cases.desk import Desk

FULL_NAME: Final = "yijie.supervision.v1.CaseService"
_SERVICE: Final = "supervision"
_FETCHES_AT_ONCE: Final = 8


class CaseServicer(case_service_pb2_grpc.CaseServiceServicer):
    """Answers the calls of CaseService."""

    def __init__(
        self, database: Database, clock: Clock, desk: Desk, settlements: Settlements
    ) -> None:
        """Holds what all calls share."""
        self._database = database
        self._clock = clock
        self._desk = desk
        self._settlements = settlements
        self._uploads = Uploads(database, clock, desk)

    async def ListCases(self, request: Any, context: Any) -> Any:
        """Lists cases, newest first."""
        require_region(context, request.region_code, field="region_code")
        wanted = CaseFilter(
            region_code=request.region_code,
            state=messages.read_state(request.state),
            institution_code=request.institution_code,
            rule_code=request.rule_code,
            result_class=messages.read_class(request.result_class),
            settlement_id=wire.read_uuid(request.settlement_id) if request.settlement_id else None,
            drawn_only=request.drawn_only,
            before=paging.read_key(request, UUID),
        )
        size = paging.page_size(request)
        found = await store.list_cases(self._database, wanted, limit=size + 1)
        async with self._database.connection() as connection:
            hearing = await self._hearing(connection, found[:size])
        token = ""
        if len(found) > size:
            token = paging.write_token(request, (str(found[size - 1].case_id),))
        return pb2.ListCasesResponse(
            cases=[messages.write_case(one, hearing) for one in found[:size]],
            next_page_token=token,
        )

    async def GetCase(self, request: Any, context: Any) -> Any:
        """Answers one case with findings, verdicts and history."""
        case_id = wire.read_uuid(request.case_id)
        async with self._database.connection() as connection:
            case = await usecases.get_case(connection, case_id)
            _require_party(context, case, field="case_id")
            found = await self._desk.findings.findings_of(
                [case.settlement_id], connection=connection
            )
            whole = messages.write_whole(
                case,
                await self._hearing(connection, [case]),
                findings=found.get(case.settlement_id, ()),
                doubts=(await store.list_doubts(connection, [case_id]))[case_id],
                changes=await store.list_changes(connection, case_id),
                documents=await hearing_store.list_documents(connection, case_id),
            )
        return pb2.GetCaseResponse(case=whole)

    async def DecideCase(self, request: Any, context: Any) -> Any:
        """Decides one review of a case."""
        require_region(context, request.region_code, field="region_code")
        refuse_long_number(request.officer_id, "officer_id")
        asked = Review(
            case_id=wire.read_uuid(request.case_id),
            region_code=request.region_code,
            step=messages.read_step(request.step),
            officer_id=request.officer_id,
            note=read_note(request.note, optional=True),
            verdicts=messages.read_verdicts(request),
        )
        stored = await first_answer(self._database, request, pb2.DecideCaseResponse)
        if stored is not None:
            return stored
        paid = None
        if asked.step is Step.FINAL and any(one.confirmed for one in request.verdicts):
            case = await usecases.get_case(self._database, asked.case_id)
            paid = await self._settlements.paid(case.settlement_id)
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            case = await usecases.review(connection, self._desk, asked, paid=paid, now=now)
            hearing = await self._hearing(connection, [case])
            return pb2.DecideCaseResponse(case=messages.write_case(case, hearing))

        response = await once(self._database, request, pb2.DecideCaseResponse, work)
        metrics.DECIDED_CASES.labels(asked.step.value, _state_name(response.case)).inc()
        return response

    async def ConfirmCases(self, request: Any, context: Any) -> Any:
        """Confirms cases of plain violations."""
        require_region(context, request.region_code, field="region_code")
        refuse_long_number(request.officer_id, "officer_id")
        step = messages.read_step(request.step)
        if step not in {Step.SECOND, Step.FINAL}:
            raise invalid("step", "must be SECOND or FINAL")
        note = read_note(request.note, optional=True)
        asked = [
            Review(
                case_id=wire.read_uuid(one),
                region_code=request.region_code,
                step=step,
                officer_id=request.officer_id,
                note=note,
                verdicts=None,
            )
            for one in request.case_ids
        ]
        stored = await first_answer(self._database, request, pb2.ConfirmCasesResponse)
        if stored is not None:
            return stored
        paid = await self._fetch(asked) if step is Step.FINAL else {}
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            outcomes = await usecases.confirm_together(
                connection, self._desk, asked, paid=paid, now=now
            )
            cases = [one for one in outcomes if isinstance(one, Case)]
            hearing = await self._hearing(connection, cases)
            return pb2.ConfirmCasesResponse(
                results=[_write_result(one, hearing) for one in outcomes]
            )

        response = await once(self._database, request, pb2.ConfirmCasesResponse, work)
        for one in response.results:
            if one.WhichOneof("outcome") == "case":
                metrics.DECIDED_CASES.labels(step.value, _state_name(one.case)).inc()
        return response

    async def DrawSample(self, request: Any, context: Any) -> Any:
        """Draws a sample."""
        require_region(context, request.region_code, field="region_code")
        refuse_long_number(request.officer_id, "officer_id")
        asked = Draw(
            region_code=request.region_code,
            rule_code=request.rule_code,
            seed=request.seed,
            count=request.count,
            officer_id=request.officer_id,
        )
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            sample = await usecases.draw_sample(
                connection, asked, terms=self._desk.terms_on(now), now=now
            )
            return pb2.DrawSampleResponse(sample=messages.write_sample(sample))

        return await once(self._database, request, pb2.DrawSampleResponse, work)

    async def GetSample(self, request: Any, context: Any) -> Any:
        """Answers a sample."""
        sample = await usecases.get_sample(self._database, wire.read_uuid(request.sample_id))
        require_region(context, sample.region_code, field="sample_id")
        return pb2.GetSampleResponse(sample=messages.write_sample(sample))

    async def ConfirmSample(self, request: Any, context: Any) -> Any:
        """Confirms what a sample stands for."""
        require_region(context, request.region_code, field="region_code")
        refuse_long_number(request.officer_id, "officer_id")
        note = read_note(request.note, optional=True)
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            sample, confirmed = await usecases.confirm_sample(
                connection,
                wire.read_uuid(request.sample_id),
                region_code=request.region_code,
                officer_id=request.officer_id,
                note=note,
                terms=self._desk.terms_on(now),
                now=now,
            )
            return pb2.ConfirmSampleResponse(
                sample=messages.write_sample(sample), confirmed=confirmed
            )

        return await once(self._database, request, pb2.ConfirmSampleResponse, work)

    async def GetOpinion(self, request: Any, context: Any) -> Any:
        """Answers the opinion of a case as PDF."""
        case_id = wire.read_uuid(request.case_id)
        case = await usecases.get_case(self._database, case_id)
        _require_party(context, case, field="case_id")
        found = await hearing_store.list_opinions(self._database, self._desk.cipher, [case_id])
        if case_id not in found:
            raise usecases.absent("opinion")
        opinion = found[case_id]
        return pb2.GetOpinionResponse(
            opinion=messages.write_opinion(opinion),
            pdf=await asyncio.to_thread(opinions.render, opinion),
        )

    async def AnswerOpinion(self, request: Any, context: Any) -> Any:
        """Takes the answer of an institution."""
        require_region(context, request.region_code, field="region_code")
        refuse_long_number(request.officer_id, "officer_id")
        answer = Answer(
            position=messages.read_position(request.position),
            text=read_note(request.text, "text", optional=True),
            officer_id=request.officer_id,
            answer_time=self._clock.now(),
        )

        async def work(connection: Connection) -> Any:
            case = await usecases.answer(
                connection,
                self._desk,
                wire.read_uuid(request.case_id),
                answer,
                region_code=request.region_code,
                institution_code=request.institution_code,
            )
            hearing = await self._hearing(connection, [case])
            return pb2.AnswerOpinionResponse(case=messages.write_case(case, hearing))

        return await once(self._database, request, pb2.AnswerOpinionResponse, work)

    async def UploadDocument(
        self, requests: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        """Takes one document for the answer."""
        async for response in self._uploads.take(requests, context):
            yield response

    async def DownloadDocument(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Gives the bytes of a document."""
        document_id = wire.read_uuid(request.document_id)
        found = await hearing_store.find_document(self._database, self._desk.cipher, document_id)
        if found is None:
            raise usecases.absent("document")
        document, content = found
        case = await usecases.get_case(self._database, document.case_id)
        _require_party(context, case, field="document_id")
        for begin in range(0, len(content), CHUNK_BYTES):
            yield pb2.DownloadDocumentResponse(
                document=messages.write_document(document) if begin == 0 else None,
                chunk=content[begin : begin + CHUNK_BYTES],
            )

    async def _hearing(self, connection: Connection, cases: Sequence[Case]) -> Hearing:
        case_ids = [one.case_id for one in cases]
        return Hearing(
            opinions=await hearing_store.list_opinions(connection, self._desk.cipher, case_ids),
            answers=await hearing_store.list_answers(connection, case_ids),
            deductions=await deduction_store.list_of_cases(connection, case_ids),
        )

    async def _fetch(self, asked: Sequence[Review]) -> Mapping[UUID, PaidSettlement | DomainError]:
        gate = asyncio.Semaphore(_FETCHES_AT_ONCE)

        async def fetch(case_id: UUID) -> PaidSettlement | DomainError:
            async with gate:
                try:
                    case = await usecases.get_case(self._database, case_id)
                    return await self._settlements.paid(case.settlement_id)
                except DomainError as error:
                    return error

        found = await asyncio.gather(*(fetch(one.case_id) for one in asked))
        return {one.case_id: paid for one, paid in zip(asked, found, strict=True)}


def _require_party(context: Any, case: Case, *, field: str) -> None:
    # A province sees what it is a party of.
    require_party(context, {case.insured_province_code, case.care_province_code}, field=field)


def _write_result(outcome: Case | DomainError, hearing: Hearing) -> pb2.ConfirmResult:
    if isinstance(outcome, DomainError):
        return pb2.ConfirmResult(error=to_status(outcome, _SERVICE))
    return pb2.ConfirmResult(case=messages.write_case(outcome, hearing))


def _state_name(case: Any) -> str:
    state = messages.read_state(case.state)
    return state.value if state else ""
