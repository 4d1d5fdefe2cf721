"""The services that settlement calls, each with its deadline and what its silence means."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from services.kit.channel import Callee, open_channel
from services.kit.clock import Clock
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import (
    Absent,
    DomainError,
    ErrorKind,
)
from services.kit.log import get_logger
from services.kit.routes import peer_name_of
from services.kit.tls import Identity
from services.settlement.config import Config
from services.settlement.regions import Place, Regions
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.catalogue.v1 import catalogue_service_pb2_grpc
from yijie.filing.v1 import filing_service_pb2, filing_service_pb2_grpc
from yijie.identity.v1 import (
    identity_service_pb2,
    identity_service_pb2_grpc,
    institution_pb2,
)
from yijie.supervision.v1 import finding_pb2, supervision_service_pb2, supervision_service_pb2_grpc

_FINDINGS_BYTES_MAX = 512 * 1024
"""Findings go into the journal, the feed and every answer, which are bounded; the published rules
find less in a bill of 3000 different items."""

# What findings may say: yijie.supervision.v1.Finding.
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CLASSES = frozenset(finding_pb2.ResultClass.values()) - {0}
_SEVERITIES = frozenset(finding_pb2.Severity.values())
_EFFECTS = frozenset(finding_pb2.Effect.values())

_BATCH = 5
"""A batch may take identity so many times as long as one credential."""

# Field paths of VerifyCredentialRequest and MatchFilingRequest in the caller's own request.
BILL_FIELDS = {
    "credential": "patient.credential",
    "person_id": "patient.person_id",
    "sex": "patient.sex",
    "birth_date": "patient.birth_date",
    "insured_region_code": "patient.insured_region_code",
    "scheme_code": "patient.scheme_code",
    "institution_code": "bill.institution_code",
    "medical_type_code": "bill.medical_type_code",
    "disease_code": "bill.disease_code",
    "business_date": "bill.end_date",
}
_FILING_FIELDS = {
    "person_id": "patient.person_id",
    "insured_region_code": "patient.insured_region_code",
    "care_region_code": "bill.care_region_code",
    "service_date": "bill.begin_date",
    "match_until_date": "bill.end_date",
}
_CASE_FIELDS = {
    "case.deductible_level_code": "bill.hospital_level_code",
    "case.medical_type_code": "bill.medical_type_code",
    "case.disease_code": "bill.disease_code",
    "case.insured_region_code": "patient.insured_region_code",
    "case.scheme_code": "patient.scheme_code",
    "case.person_type_code": "patient.person_id",
    "case.end_date": "bill.end_date",
}


class IdentityClient:
    """Proves credentials."""

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        self._stub = identity_service_pb2_grpc.IdentityServiceStub(channel)
        self._callee = Callee("identity")
        self._timeout_s = timeout_s

    async def verify(
        self,
        request: identity_service_pb2.VerifyCredentialRequest,
        *,
        fields: dict[str, str] = BILL_FIELDS,
    ) -> identity_service_pb2.VerifyCredentialResponse:
        """Returns who it is and where they stand. Raises what VerifyCredential documents.

        `fields` are the paths of the request's fields in the request of our own caller.
        """
        response: identity_service_pb2.VerifyCredentialResponse
        try:
            response = await self._callee.call(
                self._stub.VerifyCredential, request, own_s=self._timeout_s
            )
        except DomainError as error:
            raise error.renamed(fields) from None
        return response

    async def check_portability(
        self, request: identity_service_pb2.CheckPortabilityRequest
    ) -> Sequence[identity_service_pb2.PortabilityStanding]:
        """Returns what identity can tell of each credential, in order."""
        response: identity_service_pb2.CheckPortabilityResponse
        response = await self._callee.call(
            self._stub.CheckPortability, request, own_s=self._timeout_s * _BATCH
        )
        return response.standings

    async def institution(self, institution_code: str) -> institution_pb2.Institution:
        """Returns an institution with its openings. Raises INSTITUTION_UNKNOWN."""
        request = identity_service_pb2.GetInstitutionRequest(institution_code=institution_code)
        response: identity_service_pb2.GetInstitutionResponse
        response = await self._callee.call(
            self._stub.GetInstitution, request, own_s=self._timeout_s
        )
        return response.institution


class FilingClient:
    """Matches filings."""

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        self._stub = filing_service_pb2_grpc.FilingServiceStub(channel)
        self._callee = Callee("filing")
        self._timeout_s = timeout_s

    async def match(
        self,
        request: filing_service_pb2.MatchFilingRequest,
        *,
        fields: dict[str, str] = _FILING_FIELDS,
    ) -> filing_service_pb2.MatchFilingResponse:
        """Returns the benefit level and why; `fields` are as in IdentityClient.verify."""
        response: filing_service_pb2.MatchFilingResponse
        try:
            response = await self._callee.call(
                self._stub.MatchFiling, request, own_s=self._timeout_s
            )
        except DomainError as error:
            raise error.renamed(fields) from None
        return response


class SupervisionClient:
    """Screens bills."""

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        self._stub = supervision_service_pb2_grpc.SupervisionServiceStub(channel)
        self._callee = Callee("supervision")
        self._timeout_s = timeout_s

    async def screen(
        self, request: supervision_service_pb2.ScreenBillRequest
    ) -> supervision_service_pb2.ScreenBillResponse | None:
        """Returns what was found, or None for silence, an error, a book, or what is no answer.

        A patient at the window does not wait for an audit, nor is sent away by an error of it that
        settlement, which checked the bill by the same contract, does not have: what then becomes of
        the bill is screening_policy.py's to say.
        """
        response: supervision_service_pb2.ScreenBillResponse
        try:
            response = await self._callee.call(
                self._stub.ScreenBill, request, own_s=self._timeout_s
            )
        except (DomainError, DeadlineTooShortError):
            return None
        if response.ByteSize() > _FINDINGS_BYTES_MAX or not is_sound(response):
            get_logger().warning("unreadable screening", count=len(response.findings))
            return None
        return response

    async def policy(
        self, known_version: str
    ) -> supervision_service_pb2.GetScreeningPolicyResponse:
        """Returns which rules block. Raises what the call raises."""
        request = supervision_service_pb2.GetScreeningPolicyRequest(known_version=known_version)
        response: supervision_service_pb2.GetScreeningPolicyResponse
        response = await self._callee.call(
            self._stub.GetScreeningPolicy, request, own_s=self._timeout_s * _BATCH
        )
        return response


class BenefitsClient:
    """Asks the insured region that a case belongs to."""

    def __init__(self, regions: Regions) -> None:
        self._regions = regions

    def require_open(self, insured_region_code: str) -> None:
        """Raises INSURED_REGION_UNAVAILABLE where `reserve` would; takes nothing."""
        self._regions.require_open(insured_region_code)

    def reserve(self, insured_region_code: str) -> Place:
        """Takes a place for a call that is to follow; enter it at once.

        Raises INSURED_REGION_UNAVAILABLE while the region is not to be asked, POLICY_NOT_COVERED
        where no route leads.
        """
        return self._regions.of(insured_region_code).reserve()

    async def adjudicate(
        self, request: benefits_service_pb2.AdjudicateRequest
    ) -> adjudication_pb2.Adjudication:
        """Returns what a settlement would give now. Raises POLICY_NOT_COVERED."""
        region = self._regions.of(request.case.insured_region_code)
        response: benefits_service_pb2.AdjudicateResponse
        try:
            response = await region.call("Adjudicate", request)
        except DomainError as error:
            raise error.renamed(_CASE_FIELDS) from None
        return response.adjudication

    async def commit(
        self, request: benefits_service_pb2.CommitRequest
    ) -> adjudication_pb2.Adjudication:
        """Returns what is booked. Raises POLICY_NOT_COVERED, ADJUDICATION_CANCELLED."""
        region = self._regions.of(request.case.insured_region_code)
        response: benefits_service_pb2.CommitResponse
        try:
            response = await region.call("Commit", request)
        except DomainError as error:
            raise error.renamed(_CASE_FIELDS) from None
        return response.adjudication

    async def estimate(
        self, request: benefits_service_pb2.EstimateBenefitRequest
    ) -> benefits_service_pb2.EstimateBenefitResponse:
        """Returns what a bill would give at each benefit level; books nothing."""
        region = self._regions.of(request.insured_region_code)
        response: benefits_service_pb2.EstimateBenefitResponse
        response = await region.call("EstimateBenefit", request)
        return response

    async def check_disease(
        self, request: benefits_service_pb2.CheckDiseaseRequest
    ) -> benefits_service_pb2.CheckDiseaseResponse:
        """Returns what an insured region has for a chronic disease."""
        region = self._regions.of(request.insured_region_code)
        response: benefits_service_pb2.CheckDiseaseResponse
        response = await region.call("CheckDisease", request)
        return response

    async def accumulators(
        self, insured_region_code: str, request: benefits_service_pb2.GetAccumulatorsRequest
    ) -> benefits_service_pb2.GetAccumulatorsResponse:
        """Returns what a person has used in a year, and the account."""
        region = self._regions.of(insured_region_code)
        response: benefits_service_pb2.GetAccumulatorsResponse
        response = await region.call("GetAccumulators", request)
        return response

    async def cancel(self, insured_region_code: str, settlement_id: str) -> None:
        """Takes a booking back, or forbids a late one."""
        request = benefits_service_pb2.CancelRequest(settlement_id=settlement_id)
        await self._regions.of(insured_region_code).call("Cancel", request)


@dataclass(frozen=True, slots=True)
class Callees:
    """Everything that settlement calls."""

    identity: IdentityClient
    filing: FilingClient
    supervision: SupervisionClient
    benefits: BenefitsClient
    catalogue: Any
    """Stub of CatalogueService, for the snapshots."""


@contextlib.asynccontextmanager
async def open_callees(
    config: Config, clock: Clock, identity: Identity | None = None
) -> AsyncIterator[Callees]:
    """Opens one channel per callee, and one per route to an insured region."""
    async with contextlib.AsyncExitStack() as stack:

        async def channel(target: str, peer_name: str = "") -> grpc.aio.Channel:
            opened = open_channel(target, identity, peer_name=peer_name)
            return await stack.enter_async_context(opened)

        routes = config.benefits_routes
        channels = {
            region: await channel(route.target, peer_name_of(region))
            for region, route in routes.items()
        }
        regions = Regions(routes, channels, timeout_s=config.benefits_timeout_s, clock=clock)
        yield Callees(
            identity=IdentityClient(await channel(config.identity_target), config.callee_timeout_s),
            filing=FilingClient(await channel(config.filing_target), config.callee_timeout_s),
            supervision=SupervisionClient(
                await channel(config.supervision_target), config.screening_timeout_s
            ),
            benefits=BenefitsClient(regions),
            catalogue=catalogue_service_pb2_grpc.CatalogueServiceStub(
                await channel(config.catalogue_target)
            ),
        )


def is_sound(response: supervision_service_pb2.ScreenBillResponse) -> bool:
    """Tells whether an answer says what the contract knows: it goes into journal and feed.

    A later release may know classes and effects that nobody who reads the journal knows.
    """
    return all(_CODE.fullmatch(code) for code in response.unjudged_rule_codes) and all(
        one.result_class in _CLASSES
        and one.effect in _EFFECTS
        and one.severity in _SEVERITIES
        and _CODE.fullmatch(one.rule_code)
        and all(map(_UUID.fullmatch, one.other_bill_keys))
        for one in response.findings
    )


def is_refusal(error: DomainError) -> bool:
    """Tells whether an insured region's error is final: asking again would give the same."""
    return error.kind in {ErrorKind.RULE_FORBIDS, ErrorKind.INVALID, ErrorKind.EXISTS} or (
        isinstance(error, Absent)
    )
