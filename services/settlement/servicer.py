"""SettlementService: proto to use case and back, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import grpc

from services.kit import codes, telemetry
from services.kit.caller import province_of_caller, require_party, require_region
from services.kit.paging import page_size, read_key, write_token
from services.kit.wire import read_optional_date
from services.settlement import messages
from services.settlement.feed import Feed
from services.settlement.recomputations import Recomputations
from services.settlement.reversals import Reversals
from services.settlement.store import Filter, Record
from services.settlement.usecases import Settlements
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

Context: TypeAlias = grpc.aio.ServicerContext
_PAGE_BYTES_MAX = 2 * 1024 * 1024
"""Half of what a caller takes: findings make some settlements long."""


class SettlementServicer(rpc.SettlementServiceServicer):
    """Answers SettlementService."""

    def __init__(
        self,
        settlements: Settlements,
        reversals: Reversals,
        recomputations: Recomputations,
        feed: Feed,
    ) -> None:
        self._settlements = settlements
        self._reversals = reversals
        self._recomputations = recomputations
        self._feed = feed

    async def PreSettle(self, request: Any, context: Context) -> pb.PreSettleResponse:
        """Computes what Settle would answer now."""
        settlement, quote = await self._settlements.pre_settle(request)
        return pb.PreSettleResponse(settlement=messages.for_window(settlement), quote=quote)

    async def Settle(self, request: Any, context: Context) -> pb.SettleResponse:
        """Settles a bill once per request id."""
        settlement, replayed = await self._settlements.settle(request)
        return pb.SettleResponse(
            settlement=messages.for_window(settlement),
            replayed=replayed,
            trace_id=telemetry.trace_id(),
        )

    async def PreSettleVisit(self, request: Any, context: Context) -> pb.PreSettleVisitResponse:
        """Computes what SettleVisit would answer now."""
        settlement, quote = await self._settlements.pre_settle_visit(request)
        return pb.PreSettleVisitResponse(settlement=messages.for_window(settlement), quote=quote)

    async def SettleVisit(self, request: Any, context: Context) -> pb.SettleVisitResponse:
        """Settles a part of a visit once per request id."""
        settlement, replayed = await self._settlements.settle_visit(request)
        return pb.SettleVisitResponse(
            settlement=messages.for_window(settlement),
            replayed=replayed,
            trace_id=telemetry.trace_id(),
        )

    async def ReverseSettlement(
        self, request: Any, context: Context
    ) -> pb.ReverseSettlementResponse:
        """Takes a settlement back."""

        def allow(record: Record) -> None:
            care = codes.province_of(record.care_region_code)
            require_region(context, care, field=request.WhichOneof("target"))

        settlement, replayed = await self._reversals.reverse(request, allow=allow)
        return pb.ReverseSettlementResponse(
            settlement=settlement, replayed=replayed, trace_id=telemetry.trace_id()
        )

    async def RecomputeSettlement(
        self, request: Any, context: Context
    ) -> pb.RecomputeSettlementResponse:
        """Computes a settlement anew by the filing that counts now."""
        if province_of_caller(context) is not None:
            record = await self._settlements.find(UUID(request.settlement_id))
            parties = {record.care_region_code, record.insured_region_code}
            require_party(context, set(map(codes.province_of, parties)), field="settlement_id")
        return await self._recomputations.recompute(request)

    async def GetSettlement(self, request: Any, context: Context) -> pb.GetSettlementResponse:
        """Answers one settlement."""
        settlement = messages.for_window(await self._settlements.get(request))
        return pb.GetSettlementResponse(settlement=settlement)

    async def ListSettlements(self, request: Any, context: Context) -> pb.ListSettlementsResponse:
        """Lists settlements, newest first."""
        before = read_key(request, UUID)
        size = page_size(request)
        wanted = Filter(
            care_prefix=_prefix(request.care_region_code),
            insured_prefix=_prefix(request.insured_region_code),
            create_date_min=read_optional_date(request.create_date_min, "create_date_min"),
            create_date_max=read_optional_date(request.create_date_max, "create_date_max"),
            state=messages.STATE_OF.get(request.state),
        )
        found = await self._settlements.page(wanted, before=before, limit=size + 1)
        fitting = first_that_fit([messages.for_window(one) for one in found[:size]])
        response = pb.ListSettlementsResponse(settlements=fitting)
        if len(found) > len(fitting):
            response.next_page_token = write_token(request, [fitting[-1].settlement_id])
        return response

    async def Subscribe(
        self, request: Any, context: Context
    ) -> AsyncIterator[pb.SubscribeResponse]:
        """Streams the journal, to a province what concerns it."""
        require_region(context, request.region_code, field="region_code")
        async for response in self._feed.read(request):
            yield response


def first_that_fit(found: Sequence[Any]) -> Sequence[Any]:
    """Returns as many settlements, one at least, as a caller takes in one message."""
    left = _PAGE_BYTES_MAX
    for count, settlement in enumerate(found):
        left -= settlement.ByteSize()
        if left < 0 and count:
            return found[:count]
    return found


def _prefix(region_code: str) -> str:
    """Returns what the codes of a region's areas begin with: 640000 → 64, 640100 → 6401."""
    for zeros in ("0000", "00"):
        if region_code.endswith(zeros):
            return region_code.removesuffix(zeros)
    return region_code
