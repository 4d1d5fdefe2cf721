"""Identity, filing and settlement's advice as far as supervision asks them: they only answer."""

from __future__ import annotations

from typing import Any

import grpc

from services.proving.supervision_year.plan import Plan
from yijie.filing.v1 import (
    filing_feed_service_pb2,
    filing_feed_service_pb2_grpc,
    filing_service_pb2,
    filing_service_pb2_grpc,
)
from yijie.identity.v1 import (
    identity_service_pb2,
    identity_service_pb2_grpc,
    institution_pb2,
)
from yijie.settlement.v1 import advice_service_pb2, advice_service_pb2_grpc


class _Identity(identity_service_pb2_grpc.IdentityServiceServicer):
    def __init__(self, plan: Plan) -> None:
        self._known = {str(one.person_id) for one in plan.people}

    async def CheckInsurances(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Answers that everybody of the year is insured, and nobody else."""
        in_force = identity_service_pb2.INSURANCE_STANDING_IN_FORCE
        unknown = identity_service_pb2.INSURANCE_STANDING_PERSON_UNKNOWN
        return identity_service_pb2.CheckInsurancesResponse(
            standings=[
                in_force if one.person_id in self._known else unknown for one in request.entries
            ]
        )

    async def GetInstitution(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Answers a made-up name."""
        code = request.institution_code
        return identity_service_pb2.GetInstitutionResponse(
            institution=institution_pb2.Institution(
                institution_code=code, name=f"示例医院{code[-5:]}"
            )
        )


class _Filing(filing_service_pb2_grpc.FilingServiceServicer):
    def __init__(self, plan: Plan) -> None:
        self._filed = {str(one.person_id) for one in plan.people if one.is_filed}

    async def MatchFiling(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Answers who is filed."""
        is_filed = request.person_id in self._filed
        return filing_service_pb2.MatchFilingResponse(
            benefit_level=(
                filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
                if is_filed
                else filing_service_pb2.BENEFIT_LEVEL_UNFILED
            )
        )


class _Filings(filing_feed_service_pb2_grpc.FilingFeedServiceServicer):
    async def SummarizeFilings(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Answers that no filing was submitted: filings are not of this year's concern."""
        return filing_feed_service_pb2.SummarizeFilingsResponse()


class _Advice(advice_service_pb2_grpc.AdviceServiceServicer):
    async def SummarizeCatalogueGaps(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Answers that nothing was compared."""
        return advice_service_pb2.SummarizeCatalogueGapsResponse()


def add_to(server: grpc.aio.Server, plan: Plan) -> None:
    """Adds all of them to a server."""
    identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(_Identity(plan), server)
    filing_service_pb2_grpc.add_FilingServiceServicer_to_server(_Filing(plan), server)
    filing_feed_service_pb2_grpc.add_FilingFeedServiceServicer_to_server(_Filings(), server)
    advice_service_pb2_grpc.add_AdviceServiceServicer_to_server(_Advice(), server)
