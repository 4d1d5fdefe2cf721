"""FilingService: messages ⇄ domain, nothing else. Errors are raised, never answered here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.filing import messages, statistics, usecases, what_if_messages, what_if_usecases
from services.filing.domain.model import Channel
from services.kit import caller, codes, paging
from services.kit.clock import civil_date
from services.kit.db import Connection
from services.kit.errors import DomainError, InvalidArgument, RuleForbids
from services.kit.idempotency import first_answer, once
from services.kit.interceptors.validation import check_entry
from services.kit.wire import read_date, read_optional_date, read_uuid, write_date
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.filing.v1 import filing_service_pb2_grpc as rpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date

    from services.filing.usecases import Entry, Filings

M = TypeVar("M", bound=Message)
FULL_NAME: Final = "yijie.filing.v1.FilingService"


class FilingServicer(rpc.FilingServiceServicer):
    """Serves the contract of yijie.filing.v1."""

    def __init__(self, filings: Filings) -> None:
        """Serves with what the use cases work with."""
        self._filings = filings

    async def SubmitFiling(
        self, request: pb.SubmitFilingRequest, context: Any
    ) -> pb.SubmitFilingResponse:
        """Submits a filing."""
        if (answer := await self._first(request, pb.SubmitFilingResponse)) is not None:
            return answer
        now = self._filings.clock.now()
        async with statistics.counting(self._filings.database, request.filing, now):
            return await self._submit(request, _province(context))

    async def SubmitFilings(
        self, request: pb.SubmitFilingsRequest, context: Any
    ) -> pb.SubmitFilingsResponse:
        """Submits a batch; what is wrong with one is answered for that one."""
        if (answer := await self._first(request, pb.SubmitFilingsResponse)) is not None:
            return answer
        paths = [f"filings[{index}]" for index in range(len(request.filings))]
        province = _province(context)
        entries = [
            _read_entry(message, at, province)
            for message, at in zip(request.filings, paths, strict=True)
        ]
        examined = await usecases.examine(self._filings, entries, paths=paths)
        if request.dry_run:
            async with self._filings.database.connection() as held:
                outcomes = await usecases.try_out(self._filings, held, examined, paths=paths)
            return messages.write_results(outcomes, self._today(), with_ids=False)

        async def work(connection: Connection) -> pb.SubmitFilingsResponse:
            kept = await usecases.submit(self._filings, connection, examined, paths=paths)
            await statistics.count_refused_entries(
                connection, request.filings, kept, self._filings.clock.now()
            )
            return messages.write_results(kept, self._today(), with_ids=True)

        return await self._once(request, pb.SubmitFilingsResponse, work)

    async def GetFiling(self, request: pb.GetFilingRequest, context: Any) -> pb.GetFilingResponse:
        """Answers one filing."""
        filing, details = await usecases.get(self._filings, read_uuid(request.filing_id))
        shown = details if _may_see_details(_province(context), filing.insured_region) else None
        return pb.GetFilingResponse(filing=messages.write_filing(filing, self._today(), shown))

    async def ListFilings(
        self, request: pb.ListFilingsRequest, context: Any
    ) -> pb.ListFilingsResponse:
        """Lists a person's filings, newest first: to a province those that concern it."""
        province = _province(context)
        found, more = await usecases.list_of_person(
            self._filings,
            read_uuid(request.person_id),
            province=province,
            before=paging.read_key(request, UUID),
            size=paging.page_size(request),
        )
        today = self._today()
        last_key = str(found[-1][0].filing_id) if more else ""
        return pb.ListFilingsResponse(
            filings=[
                messages.write_filing(
                    filing,
                    today,
                    details if _may_see_details(province, filing.insured_region) else None,
                )
                for filing, details in found
            ],
            next_page_token=paging.write_token(request, [last_key]) if more else "",
        )

    async def CancelFiling(
        self, request: pb.CancelFilingRequest, context: Any
    ) -> pb.CancelFilingResponse:
        """Cancels a filing from now on."""
        filing_id = read_uuid(request.filing_id)

        async def work(connection: Connection) -> pb.CancelFilingResponse:
            filing = await usecases.cancel(
                self._filings, connection, filing_id, province=_province(context)
            )
            return pb.CancelFilingResponse(filing=messages.write_filing(filing, self._today()))

        return await self._once(request, pb.CancelFilingResponse, work)

    async def DecideFiling(
        self, request: pb.DecideFilingRequest, context: Any
    ) -> pb.DecideFilingResponse:
        """Decides a pending filing."""
        filing_id = read_uuid(request.filing_id)

        async def work(connection: Connection) -> pb.DecideFilingResponse:
            filing = await usecases.decide_pending(
                self._filings,
                connection,
                filing_id,
                approve=request.decision == pb.FILING_DECISION_APPROVE,
                checker_id=request.checker_id,
                by_system=request.by_system,
                note=request.reason.strip(),
                province=_province(context),
            )
            return pb.DecideFilingResponse(filing=messages.write_filing(filing, self._today()))

        return await self._once(request, pb.DecideFilingResponse, work)

    async def ChangeFiling(
        self, request: pb.ChangeFilingRequest, context: Any
    ) -> pb.ChangeFilingResponse:
        """Changes a filing: another takes its place."""
        if (answer := await self._first(request, pb.ChangeFilingResponse)) is not None:
            return answer
        filing_id = read_uuid(request.filing_id)
        application = messages.read_application(request.filing)
        try:
            wanted = await usecases.prepare_change(
                self._filings, filing_id, application, province=_province(context)
            )
        except RuleForbids:
            if (answer := await self._first(request, pb.ChangeFilingResponse)) is not None:
                return answer
            raise

        async def work(connection: Connection) -> pb.ChangeFilingResponse:
            filing, changed = await usecases.change(self._filings, connection, filing_id, wanted)
            today = self._today()
            return pb.ChangeFilingResponse(
                filing=messages.write_filing(filing, today),
                changed_filing=messages.write_filing(changed, today),
            )

        return await self._once(request, pb.ChangeFilingResponse, work)

    async def SupplementFiling(
        self, request: pb.SupplementFilingRequest, context: Any
    ) -> pb.SupplementFilingResponse:
        """Puts papers behind a commitment."""
        filing_id = read_uuid(request.filing_id)
        documents = messages.read_documents(request.documents, at="documents")

        async def work(connection: Connection) -> pb.SupplementFilingResponse:
            filing = await usecases.supplement(
                self._filings,
                connection,
                filing_id,
                documents,
                maker_id=request.maker_id,
                province=_province(context),
            )
            return pb.SupplementFilingResponse(filing=messages.write_filing(filing, self._today()))

        return await self._once(request, pb.SupplementFilingResponse, work)

    async def RevokeFiling(
        self, request: pb.RevokeFilingRequest, context: Any
    ) -> pb.RevokeFilingResponse:
        """Revokes a filing for a false commitment."""
        filing_id = read_uuid(request.filing_id)

        async def work(connection: Connection) -> pb.RevokeFilingResponse:
            filing, until = await usecases.revoke(
                self._filings,
                connection,
                filing_id,
                maker_id=request.maker_id,
                checker_id=request.checker_id,
                note=request.reason.strip(),
                province=_province(context),
            )
            return pb.RevokeFilingResponse(
                filing=messages.write_filing(filing, self._today()),
                commitments_barred_until_date=write_date(until),
            )

        return await self._once(request, pb.RevokeFilingResponse, work)

    async def MatchFiling(
        self, request: pb.MatchFilingRequest, _context: Any
    ) -> pb.MatchFilingResponse:
        """Answers which benefit level applies and why."""
        found = await usecases.match(
            self._filings,
            read_uuid(request.person_id),
            insured_region=request.insured_region_code,
            care_region=request.care_region_code,
            service_date=read_date(request.service_date, "service_date"),
            until=read_date(request.match_until_date, "match_until_date"),
            emergency=request.emergency,
        )
        return messages.write_match(found)

    async def WhatIfFiling(
        self, request: pb.WhatIfFilingRequest, context: Any
    ) -> pb.WhatIfFilingResponse:
        """Answers all filings of a person and what each means at a place and date."""
        province = _province(context)
        answer, details = await what_if_usecases.answer(
            self._filings,
            read_uuid(request.person_id),
            insured_region=request.insured_region_code,
            care_region=request.care_region_code,
            service_date=read_optional_date(request.service_date, "service_date"),
            emergency=request.emergency,
            province=province,
        )
        # They are filings of the insured region that is asked about, and of no other.
        shown = _may_see_details(province, request.insured_region_code)
        return what_if_messages.write_answer(answer, details if shown else {}, self._today())

    async def _submit(
        self, request: pb.SubmitFilingRequest, province: str
    ) -> pb.SubmitFilingResponse:
        wanted = messages.read_application(request.filing)
        usecases.check_caller(province, wanted.insured_region, field="filing.insured_region_code")
        paths = ["filing"]
        examined = await usecases.examine(self._filings, [wanted], paths=paths)
        _raise_refusal(examined[0])

        async def work(connection: Connection) -> pb.SubmitFilingResponse:
            (kept,) = await usecases.submit(self._filings, connection, examined, paths=paths)
            if isinstance(kept, DomainError):
                raise kept
            return pb.SubmitFilingResponse(filing=messages.write_filing(kept, self._today()))

        return await self._once(request, pb.SubmitFilingResponse, work)

    def _today(self) -> date:
        return civil_date(self._filings.clock.now())

    async def _first(self, request: Any, response_type: type[M]) -> M | None:
        return await first_answer(
            self._filings.database,
            request,
            response_type,
            hash_of=self._filings.vault.request_hash,
        )

    async def _once(
        self,
        request: Any,
        response_type: type[M],
        work: Callable[[Connection], Awaitable[M]],
    ) -> M:
        return await once(
            self._filings.database,
            request,
            response_type,
            work,
            hash_of=self._filings.vault.request_hash,
        )


def _province(context: Any) -> str:
    """Returns the province that the caller stands for; empty: the hub, or no TLS."""
    province = caller.province_of_caller(context)
    if province is None:
        return ""
    # A certificate that names nobody stands for no province that people are insured in.
    return province or "none"


def _may_see_details(province: str, insured_region: str) -> bool:
    """Tells whether disease, papers and an officer's words are for a caller.

    They are for the insured province, as in the feed, and for the hub.
    """
    return not province or province == codes.province_of(insured_region)


def _read_entry(message: filing_pb2.Filing, at: str, province: str) -> Entry:
    if violations := check_entry(message, at):
        return InvalidArgument(
            "FIELD_INVALID", "breaks a rule of the contract", violations=violations
        )
    try:
        wanted = messages.read_application(message, at=at, channel=Channel.PROVINCE_BATCH)
        usecases.check_caller(province, wanted.insured_region, field=f"{at}.insured_region_code")
    except DomainError as error:
        return error
    return wanted


def _raise_refusal(entry: Entry) -> None:
    if isinstance(entry, DomainError):
        raise entry
