"""NoticeService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.clearing import metrics
from services.clearing.domain.notice_states import NoticeState
from services.clearing.domain.payment import Outcome
from services.clearing.notices import bank_store, messages, payments, store, usecases
from services.clearing.notices.bank_file import (
    Payment,
    read_bank_statement,
    write_payment_file,
)
from services.clearing.notices.bank_store import BankLineFilter
from services.clearing.notices.store import NoticeFilter
from services.clearing.notices.terms import due
from services.kit import notes, paging, wire
from services.kit.caller import province_of_caller, require_party, require_region
from services.kit.clock import civil_date
from services.kit.idempotency import once
from services.kit.wire import invalid
from yijie.clearing.v1 import notice_service_pb2 as pb2
from yijie.clearing.v1 import notice_service_pb2_grpc

if TYPE_CHECKING:
    from datetime import date

    from services.clearing.domain.notice import Notice
    from services.clearing.notices.payments import Uploaded
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database

FULL_NAME: Final = "yijie.clearing.v1.NoticeService"
_PUBLISHED: Final = (NoticeState.ISSUED, NoticeState.PART_PAID, NoticeState.PAID)


class NoticeServicer(notice_service_pb2_grpc.NoticeServiceServicer):
    """Answers the calls of NoticeService."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Holds what all calls share."""
        self._database = database
        self._clock = clock

    async def DraftNotices(self, request: Any, context: Any) -> Any:
        """Draws up the clearing notices of a month."""
        require_region(context, "", field="month")

        async def work(connection: Connection) -> Any:
            drawn = await usecases.draft_month(
                connection, request.month, maker_id=request.maker_id, now=self._clock.now()
            )
            return pb2.DraftNoticesResponse(
                notice_count=len(drawn),
                amount=wire.write_money(sum(one.amount_fen for one in drawn)),
                notice_ids=[str(one.notice_id) for one in drawn],
            )

        return await once(self._database, request, pb2.DraftNoticesResponse, work)

    async def DecideNotices(self, request: Any, context: Any) -> Any:
        """Issues or rejects drafts."""
        require_region(context, "", field="notice_ids")
        approved = messages.read_decision(request)
        note = notes.read_note(request.note, optional=approved)
        notice_ids = [UUID(text) for text in request.notice_ids]
        decided: list[Notice] = []

        async def work(connection: Connection) -> Any:
            decided[:] = await usecases.decide(
                connection,
                notice_ids,
                approved=approved,
                checker_id=request.checker_id,
                note=note,
                now=self._clock.now(),
            )
            return pb2.DecideNoticesResponse(numbers=[one.number for one in decided])

        answer = await once(self._database, request, pb2.DecideNoticesResponse, work)
        for one in decided:
            metrics.NOTICES.labels(one.kind.value, one.state.value).inc()
        return answer

    async def GetNotice(self, request: Any, context: Any) -> Any:
        """Answers one notice."""
        if bool(request.notice_id) == bool(request.number):
            raise invalid("notice_id", "either a key or a number")
        notice = await usecases.get_notice(
            self._database,
            notice_id=UUID(request.notice_id) if request.notice_id else None,
            number=request.number,
        )
        _require_party(context, notice.payer_region_code, notice.receiver_region_code)
        if province_of_caller(context) and notice.state not in _PUBLISHED:
            raise usecases.absent("notice_id")
        views = await usecases.views(self._database, [notice], today=self._today())
        return pb2.GetNoticeResponse(notice=messages.write_notice(views[0]))

    async def ListNotices(self, request: Any, context: Any) -> Any:
        """Lists notices in the order in which they were drawn up."""
        _require_party(context, request.payer_region_code, request.receiver_region_code)
        wanted = messages.read_notice_filter(request, paging.read_key(request, UUID))
        if province_of_caller(context):
            wanted = _published(context, wanted)
        size = paging.page_size(request)
        found = await store.list_notices(self._database, wanted, limit=size + 1)
        views = await usecases.views(self._database, found[:size], today=self._today())
        token = ""
        if len(found) > size:
            token = paging.write_token(request, (str(found[size - 1].notice_id),))
        return pb2.ListNoticesResponse(
            notices=[messages.write_notice(one) for one in views], next_page_token=token
        )

    async def RecordNoticeStep(self, request: Any, context: Any) -> Any:
        """Records a step of a notice."""
        require_region(context, request.region_code, field="region_code")
        done = messages.read_step(request, self._today())
        note = notes.read_note(request.note, optional=True)

        async def work(connection: Connection) -> Any:
            view = await usecases.record_step(connection, done, note=note, now=self._clock.now())
            return pb2.RecordNoticeStepResponse(notice=messages.write_notice(view))

        return await once(self._database, request, pb2.RecordNoticeStepResponse, work)

    async def DownloadPaymentFile(self, request: Any, context: Any) -> Any:
        """Answers a file of what a province has to transfer."""
        require_region(context, request.region_code, field="region_code")
        region = messages.read_province(request.region_code, "region_code")
        kind = messages.read_kind(request.kind)
        notices = await usecases.payments_of(self._database, request.month, region, kind)
        rows = [
            Payment(notice=one, due_date=due(one.issue_date).day)
            for one in notices
            if one.issue_date
        ]
        name = "-".join(part for part in (region, request.month, kind and kind.value) if part)
        return pb2.DownloadPaymentFileResponse(
            file_name=f"payment-{name}.csv",
            content=write_payment_file(rows),
            notice_count=len(rows),
            amount=wire.write_money(sum(row.notice.open_fen for row in rows)),
        )

    async def UploadBankStatement(self, request: Any, context: Any) -> Any:
        """Takes a bank statement."""
        require_region(context, request.region_code, field="region_code")
        region = messages.read_province(request.region_code, "region_code", optional=True)
        lines = read_bank_statement(request.content, today=self._today(), region_code=region)
        taken: list[Uploaded] = []

        async def work(connection: Connection) -> Any:
            uploaded = await payments.take_statement(
                connection,
                lines,
                request.content,
                region_code=region,
                operator_id=request.operator_id,
                now=self._clock.now(),
            )
            taken[:] = [uploaded]
            return _write_uploaded(uploaded)

        answer = await once(self._database, request, pb2.UploadBankStatementResponse, work)
        for uploaded in taken:
            for _, one in uploaded.results:
                metrics.BANK_LINES.labels(one.outcome.value).inc()
        return answer

    async def ListBankLines(self, request: Any, context: Any) -> Any:
        """Lists lines of bank statements in the order in which they came."""
        require_region(context, request.region_code, field="region_code")
        wanted = BankLineFilter(
            region_code=request.region_code,
            state=messages.read_line_state(request.state),
            statement_id=UUID(request.statement_id) if request.statement_id else None,
            notice_id=UUID(request.notice_id) if request.notice_id else None,
            after=paging.read_key(request, UUID),
        )
        size = paging.page_size(request)
        found = await bank_store.list_lines(self._database, wanted, limit=size + 1)
        resolved = await payments.with_resolutions(self._database, found[:size])
        token = ""
        if len(found) > size:
            token = paging.write_token(request, (str(found[size - 1].line_id),))
        return pb2.ListBankLinesResponse(
            lines=[messages.write_line(one) for one in resolved], next_page_token=token
        )

    async def ResolveBankLine(self, request: Any, context: Any) -> Any:
        """Keeps where an officer says that suspended money belongs."""
        require_region(context, "", field="line_id")
        proposal = messages.read_proposal(request)

        async def work(connection: Connection) -> Any:
            line = await payments.propose(connection, proposal, now=self._clock.now())
            return pb2.ResolveBankLineResponse(line=messages.write_line(line))

        return await once(self._database, request, pb2.ResolveBankLineResponse, work)

    async def DecideBankLine(self, request: Any, context: Any) -> Any:
        """Posts or voids what another officer said of a line."""
        require_region(context, "", field="line_id")

        async def work(connection: Connection) -> Any:
            line = await payments.decide(
                connection,
                wire.read_uuid(request.line_id),
                approved=messages.read_decision(request),
                checker_id=request.checker_id,
                now=self._clock.now(),
            )
            return pb2.DecideBankLineResponse(line=messages.write_line(line))

        return await once(self._database, request, pb2.DecideBankLineResponse, work)

    async def SummarizePayments(self, request: Any, context: Any) -> Any:
        """Answers what each province paid and was paid."""
        # Any province may see what all others paid (通报), and nobody else.
        if not province_of_caller(context):
            require_region(context, "", field="month")
        first, last = messages.read_period(request)
        today = self._today()
        found = await payments.summarize(
            self._database,
            first=first,
            last=last,
            kind=messages.read_kind(request.kind),
            today=today,
        )
        return pb2.SummarizePaymentsResponse(
            provinces=[messages.write_payments(one) for one in found],
            total=messages.write_payments(messages.total_of(found)),
            as_of_date=wire.write_date(today),
        )

    def _today(self) -> date:
        return civil_date(self._clock.now())


def _published(context: Any, wanted: NoticeFilter) -> NoticeFilter:
    # What a second officer has not agreed to does not leave the hub.
    if not set(wanted.states) <= set(_PUBLISHED):
        require_region(context, "", field="state")
    return replace(wanted, states=wanted.states or _PUBLISHED)


def _require_party(context: Any, payer: str, receiver: str) -> None:
    # A province sees what it pays and what it gets.
    require_party(context, (payer, receiver), field="payer_region_code")


def _write_uploaded(uploaded: Uploaded) -> Any:
    results = [one for _, one in uploaded.results]
    return pb2.UploadBankStatementResponse(
        statement_id=str(uploaded.statement_id),
        lines=[
            messages.write_matched(uploaded.statement_id, line_id, one)
            for line_id, one in uploaded.results
        ],
        applied=wire.write_money(sum(one.applied_fen for one in results)),
        suspended=wire.write_money(sum(one.suspended_fen for one in results)),
        duplicate_count=sum(one.outcome is Outcome.DUPLICATE for one in results),
    )
