"""AdviceService over gRPC."""

from __future__ import annotations

from typing import Any, TypeAlias

import grpc

from services.settlement.advice import Advice
from services.settlement.gaps import Gaps
from services.settlement.portability import Portability
from yijie.settlement.v1 import advice_service_pb2 as pb
from yijie.settlement.v1 import advice_service_pb2_grpc as rpc

Context: TypeAlias = grpc.aio.ServicerContext


class AdviceServicer(rpc.AdviceServiceServicer):
    """Answers AdviceService."""

    def __init__(self, advice: Advice, gaps: Gaps, portability: Portability) -> None:
        self._advice = advice
        self._gaps = gaps
        self._portability = portability

    async def EstimateBenefit(self, request: Any, context: Context) -> pb.EstimateBenefitResponse:
        """Answers what a visit would cost in each filing state."""
        return await self._advice.estimate(request)

    async def CheckChronicEligibility(
        self, request: Any, context: Context
    ) -> pb.CheckChronicEligibilityResponse:
        """Answers whether a chronic disease can settle at an institution."""
        return await self._advice.check_chronic(request)

    async def CompareCatalogues(
        self, request: Any, context: Context
    ) -> pb.CompareCataloguesResponse:
        """Prices a bill by both catalogues."""
        return await self._gaps.compare(request)

    async def SummarizeCatalogueGaps(
        self, request: Any, context: Context
    ) -> pb.SummarizeCatalogueGapsResponse:
        """Sums up the comparison over the newest settlements."""
        return await self._gaps.summarize(request)

    async def CheckPortability(self, request: Any, context: Context) -> pb.CheckPortabilityResponse:
        """Answers whether cards will work out of province."""
        return await self._portability.check(request)
