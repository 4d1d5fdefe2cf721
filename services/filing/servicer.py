"""FilingService: messages ⇄ domain, nothing else. Errors are raised, never answered here."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from services.filing import messages, usecases
from services.filing.usecases import Filings
from services.kit import paging
from services.kit.db import Connection
from services.kit.idempotency import once
from services.kit.wire import read_date, read_uuid
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.filing.v1 import filing_service_pb2_grpc as rpc

FULL_NAME: Final = "yijie.filing.v1.FilingService"


class FilingServicer(rpc.FilingServiceServicer):
    """Serves the contract of yijie.filing.v1."""

    def __init__(self, filings: Filings) -> None:
        """Serves with what the use cases work with."""
        self._filings = filings

    async def SubmitFiling(
        self, request: pb.SubmitFilingRequest, _context: Any
    ) -> pb.SubmitFilingResponse:
        """Submits a filing."""
        wanted = messages.read_application(request.filing)

        async def work(connection: Connection) -> pb.SubmitFilingResponse:
            filing = await usecases.submit(self._filings, connection, wanted)
            return pb.SubmitFilingResponse(filing=messages.write_filing(filing))

        return await once(self._filings.database, request, pb.SubmitFilingResponse, work)

    async def GetFiling(self, request: pb.GetFilingRequest, _context: Any) -> pb.GetFilingResponse:
        """Answers one filing."""
        filing = await usecases.get(self._filings, read_uuid(request.filing_id))
        return pb.GetFilingResponse(filing=messages.write_filing(filing))

    async def ListFilings(
        self, request: pb.ListFilingsRequest, _context: Any
    ) -> pb.ListFilingsResponse:
        """Lists a person's filings, newest first."""
        found, more = await usecases.list_of_person(
            self._filings,
            read_uuid(request.person_id),
            before=paging.read_key(request, UUID),
            size=paging.page_size(request),
        )
        last_key = str(found[-1].filing_id) if more else ""
        return pb.ListFilingsResponse(
            filings=[messages.write_filing(filing) for filing in found],
            next_page_token=paging.write_token(request, [last_key]) if more else "",
        )

    async def CancelFiling(
        self, request: pb.CancelFilingRequest, _context: Any
    ) -> pb.CancelFilingResponse:
        """Cancels a filing from now on."""
        filing_id = read_uuid(request.filing_id)

        async def work(connection: Connection) -> pb.CancelFilingResponse:
            filing = await usecases.cancel(self._filings, connection, filing_id)
            return pb.CancelFilingResponse(filing=messages.write_filing(filing))

        return await once(self._filings.database, request, pb.CancelFilingResponse, work)

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
