"""VisitService over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeAlias
from uuid import UUID

import grpc

from services.kit.caller import require_region
from services.kit.paging import page_size, read_key, row_number, write_token
from services.kit.wire import read_optional_date
from services.settlement.feed import Feed
from services.settlement.servicer import first_that_fit
from services.settlement.visits import Visits
from yijie.settlement.v1 import visit_service_pb2 as pb
from yijie.settlement.v1 import visit_service_pb2_grpc as rpc

Context: TypeAlias = grpc.aio.ServicerContext


class VisitServicer(rpc.VisitServiceServicer):
    """Answers VisitService."""

    def __init__(self, visits: Visits, feed: Feed) -> None:
        self._visits = visits
        self._feed = feed

    async def RegisterVisit(self, request: Any, context: Context) -> pb.RegisterVisitResponse:
        """Registers a visit."""
        return await self._visits.register(request)

    async def UpdateVisit(self, request: Any, context: Context) -> pb.UpdateVisitResponse:
        """Changes what was recorded."""
        return await self._visits.update(request)

    async def CancelVisit(self, request: Any, context: Context) -> pb.CancelVisitResponse:
        """Takes a registration back."""
        return await self._visits.cancel(request)

    async def DischargeVisit(self, request: Any, context: Context) -> pb.DischargeVisitResponse:
        """Records that the patient left."""
        return await self._visits.discharge(request)

    async def CancelDischarge(self, request: Any, context: Context) -> pb.CancelDischargeResponse:
        """Takes a discharge back."""
        return await self._visits.cancel_discharge(request)

    async def GetVisit(self, request: Any, context: Context) -> pb.GetVisitResponse:
        """Answers one visit."""
        return pb.GetVisitResponse(visit=await self._visits.get(request))

    async def ListVisits(self, request: Any, context: Context) -> pb.ListVisitsResponse:
        """Lists visits, newest first."""
        size = page_size(request)
        found = await self._visits.page(
            request.institution_code,
            before=read_key(request, UUID),
            create_date_min=read_optional_date(request.create_date_min, "create_date_min"),
            create_date_max=read_optional_date(request.create_date_max, "create_date_max"),
            limit=size + 1,
        )
        fitting = first_that_fit(found[:size])
        response = pb.ListVisitsResponse(visits=fitting)
        if len(found) > len(fitting):
            response.next_page_token = write_token(request, [fitting[-1].visit_id])
        return response

    async def UploadFees(self, request: Any, context: Context) -> pb.UploadFeesResponse:
        """Adds fee lines."""
        return await self._visits.upload(request)

    async def CancelFees(self, request: Any, context: Context) -> pb.CancelFeesResponse:
        """Takes fee lines back."""
        return await self._visits.cancel_fees(request)

    async def ListFees(self, request: Any, context: Context) -> pb.ListFeesResponse:
        """Lists fee lines in upload order."""
        size = page_size(request)
        after = read_key(request, _place) or (0, -1)
        found = await self._visits.page_of_fees(request, after=after, limit=size + 1)
        fitting = first_that_fit([fee for _, fee in found[:size]])
        response = pb.ListFeesResponse(fees=fitting)
        if len(found) > len(fitting):
            revision, position = found[len(fitting) - 1][0]
            response.next_page_token = write_token(request, [str(revision), str(position)])
        return response

    async def SubscribeAdmissions(
        self, request: Any, context: Context
    ) -> AsyncIterator[pb.SubscribeAdmissionsResponse]:
        """Streams what becomes of stays, of all provinces: to the hub's own services."""
        require_region(context, "", field="after_cursor")
        async for response in self._feed.read_admissions(request):
            yield response


def _place(revision: str, position: str) -> tuple[int, int]:
    number = row_number(position)
    if number >= 1 << 15:
        msg = "not a place in an upload"
        raise ValueError(msg)
    return row_number(revision), number
