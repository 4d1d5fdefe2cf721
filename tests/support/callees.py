"""The services that settlement calls, as real gRPC servers in process that misbehave when told to.

Each answers as the real service would (the same errors with the same field paths), from a few
entries in memory; all five share one server on a free port.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import grpc

from services.classification.chunk_wire import write_chunks
from services.classification.model import CatalogueItem
from services.classification.wire import read_item, write_item
from services.identity.domain import errors as identity_errors
from services.kit import codes, diseases, wire
from services.kit.errors import DomainError
from tests.support.insured import (
    DEDUCTIBLE_FEN,
    FUND_RATIO,
    INSURED,
    LONG_S,
    Booking,
    FakeBenefits,
    refuse,
)
from yijie.benefits.v1 import benefits_service_pb2_grpc
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2, catalogue_service_pb2_grpc
from yijie.filing.v1 import filing_pb2, filing_service_pb2, filing_service_pb2_grpc
from yijie.identity.v1 import (
    identity_service_pb2,
    identity_service_pb2_grpc,
    institution_pb2,
    person_pb2,
)
from yijie.supervision.v1 import finding_pb2, supervision_service_pb2, supervision_service_pb2_grpc

__all__ = ["DEDUCTIBLE_FEN", "FUND_RATIO", "INSURED", "LONG_S", "Booking", "FakeBenefits", "refuse"]

PERSON = "0190aaaa-0000-7000-8000-000000000001"
ID_NUMBER = "650101195001010020"
CARD = "A70000001"
LOST_CARD = "A70000002"
HOSPITAL = "H64010400001"
CARE = "640104"
BED = "001109000030000"
DRUG = "XB01AXA223B001010100269"
CAPPED = "XA02BCA224A001010100270"
UNLISTED = "XZ99ZZZ999Z999999999999"


def item(code: str, catalogue_class: str, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "item_code": code,
        "name": "样品",
        "list_type_code": codes.list_type_of(code),
        "charge_category_code": "01" if code == BED else "09",
        "catalogue_class": catalogue_class,
        "prior_self_pay_ratio": Decimal("0.1") if catalogue_class == "B" else Decimal(0),
        "price_ceiling": None,
        "over_ceiling": "self_pay",
        "begin_date": date(2016, 1, 1),
        "end_date": None,
        "sample": False,
    }
    return write_item(CatalogueItem(**{**values, **changes}))


class FakeCatalogue(catalogue_service_pb2_grpc.CatalogueServiceServicer):
    """Has one small version; more can be published, and the watch can be broken off."""

    def __init__(self) -> None:
        self.versions: list[Any] = []
        self.items: dict[tuple[str, str], list[Any]] = {}
        self.chunk_entries = 2
        self.zones: list[Any] = []
        self._grown = asyncio.Condition()
        self.add(
            "640000",
            "v1",
            [
                item(BED, "A"),
                item(DRUG, "B"),
                item(CAPPED, "A", price_ceiling=Decimal(5), over_ceiling="reject"),
            ],
        )

    def add(self, region: str, version: str, items: list[Any]) -> None:
        """Publishes a version without telling who watches."""
        self.items[region, version] = items
        self.versions.append(
            catalogue_pb2.CatalogueVersion(
                region_code=region,
                version=version,
                item_count=len(items),
                publication_sequence=len(self.versions) + 1,
            )
        )

    async def publish(self, region: str, version: str, items: list[Any]) -> None:
        """Publishes a version and tells who watches."""
        self.add(region, version, items)
        async with self._grown:
            self._grown.notify_all()

    async def WatchSnapshots(self, request: Any, context: Any) -> AsyncIterator[Any]:
        sequence = request.after_publication_sequence
        while True:
            for version in self.versions[sequence:]:
                yield catalogue_service_pb2.WatchSnapshotsResponse(version=version)
            sequence = len(self.versions)
            yield catalogue_service_pb2.WatchSnapshotsResponse()
            async with self._grown:
                await self._grown.wait_for(functools.partial(self._has_more, sequence))

    def _has_more(self, sequence: int) -> bool:
        return len(self.versions) > sequence

    async def DownloadSnapshot(self, request: Any, context: Any) -> AsyncIterator[Any]:
        items = [read_item(found, "") for found in self.items[request.region_code, request.version]]
        version = next(
            found
            for found in self.versions
            if (found.region_code, found.version) == (request.region_code, request.version)
        )
        items.sort(key=lambda found: (found.item_code, found.begin_date))
        for begin in range(0, len(items), self.chunk_entries):
            for chunk in write_chunks(items[begin : begin + self.chunk_entries], begin):
                chunk.version.CopyFrom(version)
                yield chunk

    async def ListZones(self, request: Any, context: Any) -> Any:
        begin = int(request.page_token or "0")
        return catalogue_service_pb2.ListZonesResponse(
            zones=self.zones[begin : begin + 1],
            next_page_token=str(begin + 1) if begin + 1 < len(self.zones) else "",
        )


class FakeIdentity(identity_service_pb2_grpc.IdentityServiceServicer):
    """Knows one person with two cards and one hospital; tests may let it know more."""

    def __init__(self) -> None:
        self.calls = 0
        self.institutions = {HOSPITAL: CARE}
        self.opened = {"11", "21"}
        self.diseases = {""}
        """Diseases that medical type 14 is opened for; "" is every disease."""
        self.delay_s = 0.0
        self.error: DomainError | None = None
        self.schemes = {"310"}
        self.requests: list[Any] = []
        self.person_type_code = "1201"

    async def VerifyCredential(self, request: Any, context: Any) -> Any:
        self.calls += 1
        self.requests.append(request)
        await asyncio.sleep(self.delay_s)
        error = self.error or self._refusal(request)
        if error is not None:
            await refuse(context, error, "identity")
        response = identity_service_pb2.VerifyCredentialResponse(
            person_id=PERSON,
            masked_name="古*",
            sex=request.sex,
            birth_date=request.birth_date,
        )
        response.insurances.add(
            insured_region_code=request.insured_region_code,
            scheme_code=request.scheme_code,
            person_type_code=self.person_type_code,
            status=person_pb2.INSURANCE_STATUS_NORMAL,
        )
        if request.institution_code:
            response.institution.CopyFrom(self._institution(request.institution_code))
        return response

    async def CheckPortability(self, request: Any, context: Any) -> Any:
        """Knows the one person, whose lost card is lost."""
        self.requests.append(request)
        response = identity_service_pb2.CheckPortabilityResponse()
        for entry in request.entries:
            number = entry.credential.number
            is_known = number in {ID_NUMBER, CARD, LOST_CARD}
            reasons = dict.fromkeys(
                ("number_format", "issuing_region", "card_state", "scheme"),
                "" if is_known else "CREDENTIAL_UNKNOWN",
            )
            reasons["number_format"] = ""
            if number == LOST_CARD:
                reasons["card_state"] = "CARD_LOST"
            if is_known and entry.scheme_code not in {"", *self.schemes}:
                reasons["scheme"] = "INSURANCE_NOT_IN_FORCE"
            standing = response.standings.add(person_id=PERSON if is_known else "")
            for code, reason in reasons.items():
                standing.checks.add(check_code=code, passed=not reason, reason=reason)
        return response

    async def GetInstitution(self, request: Any, context: Any) -> Any:
        self.calls += 1
        if request.institution_code not in self.institutions:
            await refuse(context, identity_errors.InstitutionUnknown(), "identity")
        return identity_service_pb2.GetInstitutionResponse(
            institution=self._institution(request.institution_code)
        )

    def _institution(self, code: str) -> Any:
        institution = institution_pb2.Institution(
            institution_code=code,
            region_code=self.institutions[code],
            hospital_level_code="02",
            deductible_level_code="03",
        )
        for medical_type in sorted(self.opened):
            chronic = medical_type == diseases.MEDICAL_TYPE
            for disease in sorted(self.diseases) if chronic else ("",):
                opening = institution.openings.add(
                    medical_type_code=medical_type, disease_code=disease
                )
                opening.begin_date.CopyFrom(wire.write_date(date(2016, 1, 1)))
        return institution

    def _refusal(self, request: Any) -> DomainError | None:  # noqa: PLR0911 - one a rule
        number, kind = request.credential.number, request.credential.type
        if kind == person_pb2.CREDENTIAL_TYPE_ID_NUMBER and not codes.is_id_number(
            number, today=date(2026, 11, 21)
        ):
            return identity_errors.IdNumberInvalid("credential.number")
        if number not in {ID_NUMBER, CARD, LOST_CARD}:
            return identity_errors.CredentialUnknown()
        if number == LOST_CARD:
            return identity_errors.CardLost()
        differing = [
            name
            for name, value, held in (
                ("person_id", request.person_id, PERSON),
                ("sex", request.sex, 2),
                ("birth_date", request.birth_date.year, 1950),
            )
            if value != held
        ]
        if differing:
            return identity_errors.PersonMismatch(*differing)
        if request.scheme_code not in self.schemes:
            return identity_errors.InsuranceNotInForce(
                insured_region=request.insured_region_code, scheme=request.scheme_code
            )
        if not request.institution_code:
            return None
        if request.institution_code not in self.institutions:
            return identity_errors.InstitutionUnknown()
        if codes.medical_type_parent(request.medical_type_code) not in self.opened:
            return identity_errors.InstitutionNotOpen(request.medical_type_code)
        disease = request.disease_code
        if disease and not any(not d or diseases.covers(d, disease) for d in self.diseases):
            return identity_errors.DiseaseNotOpen()
        return None


class FakeFiling(filing_service_pb2_grpc.FilingServiceServicer):
    """Finds a long-term filing, unless told otherwise."""

    def __init__(self) -> None:
        self.is_down = False
        self.benefit_level = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
        self.long_term_evidence = filing_pb2.FILING_EVIDENCE_UNSPECIFIED
        self.requests: list[Any] = []

    async def MatchFiling(self, request: Any, context: Any) -> Any:
        if self.is_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        self.requests.append(request)
        return filing_service_pb2.MatchFilingResponse(
            benefit_level=self.benefit_level,
            filing_id="0190bbbb-0000-7000-8000-000000000001",
            explanation_zh="长期备案",
            explanation_en="long-term filing",
            long_term_evidence=self.long_term_evidence,
        )


class FakeSupervision(supervision_service_pb2_grpc.SupervisionServiceServicer):
    """Finds one thing on every bill, and what else it is told to."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.findings: list[finding_pb2.Finding] = []
        """Further ones."""
        self.unjudged: list[str] = []
        self.policy = supervision_service_pb2.GetScreeningPolicyResponse(version="none")
        self.policies_asked = 0
        self.delay_s = 0.0
        self.error: DomainError | None = None
        self.message_chars = 0

    async def ScreenBill(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            await refuse(context, self.error, "supervision")
        finding = finding_pb2.Finding(
            rule_code="DRUG_SEX",
            result_class=finding_pb2.RESULT_CLASS_TO_VERIFY,
            line_ids=["1"],
            amount=wire.write_money(1),
            message_zh="长" * self.message_chars,
        )
        return supervision_service_pb2.ScreenBillResponse(
            findings=[finding, *self.findings], unjudged_rule_codes=self.unjudged
        )

    async def GetScreeningPolicy(self, request: Any, context: Any) -> Any:
        self.policies_asked += 1
        if request.known_version == self.policy.version:
            return supervision_service_pb2.GetScreeningPolicyResponse(
                version=self.policy.version, unchanged=True
            )
        return self.policy


@dataclass(repr=False)
class Callees:
    """All five, and where they are."""

    identity: FakeIdentity = field(default_factory=FakeIdentity)
    filing: FakeFiling = field(default_factory=FakeFiling)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    supervision: FakeSupervision = field(default_factory=FakeSupervision)
    benefits: FakeBenefits = field(default_factory=FakeBenefits)
    target: str = ""


@contextlib.asynccontextmanager
async def callees_served(callees: Callees | None = None) -> AsyncIterator[Callees]:
    """Serves the five, or those given, while the block runs."""
    callees = callees or Callees()
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(callees.identity, server)
    filing_service_pb2_grpc.add_FilingServiceServicer_to_server(callees.filing, server)
    catalogue_service_pb2_grpc.add_CatalogueServiceServicer_to_server(callees.catalogue, server)
    supervision_service_pb2_grpc.add_SupervisionServiceServicer_to_server(
        callees.supervision, server
    )
    benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server(callees.benefits, server)
    callees.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield callees
    finally:
        await server.stop(0)
