"""A hub that behaves by the contracts of bulk loading, with faults that a test asks for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import orjson
from grpc_status import rpc_status

from services.cli.mesh import ENDPOINTS
from services.cli.province import Province, connected
from services.cli.topology import SERVICES, Endpoint
from services.kit import codes
from services.kit.errors import (
    AlreadyExists,
    DomainError,
    FieldViolation,
    InvalidArgument,
    RuleForbids,
    Unavailable,
)
from services.kit.status import to_status
from yijie.benefits.v1 import benefits_service_pb2, benefits_service_pb2_grpc
from yijie.catalogue.v1 import (
    catalogue_service_pb2,
    catalogue_service_pb2_grpc,
    mapping_service_pb2,
    mapping_service_pb2_grpc,
)
from yijie.filing.v1 import filing_service_pb2, filing_service_pb2_grpc
from yijie.identity.v1 import identity_service_pb2, identity_service_pb2_grpc


class Hub:
    """What was taken in, and what shall go wrong."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[bytes, object]] = {}
        self.persons: dict[str, object] = {}
        """PersonRow by id number."""
        self.batches: list[int] = []
        """Rows of each batch of people that had an effect."""
        self.accounts: dict[str, int] = {}
        self.account_calls = 0
        self.aid: dict[str, str] = {}
        self.institutions: dict[str, object] = {}
        self.items: dict[str, list] = {}
        self.withdrawn: list[str] = []
        self.not_in_base: set[str] = set()
        self.published: dict[str, int] = {}
        self.entries: dict[str, list] = {}
        self.filings: list = []
        self.break_after: list[int] = []
        """Streams of people end after so many batches, one number per stream."""
        self.refuse_after: int | None = None

    def once(self, request, work):
        """Answers a request id the first time and again, as the services do."""
        content = request.SerializeToString(deterministic=True)
        if request.request_id in self.answers:
            before, answer = self.answers[request.request_id]
            if before != content:
                raise AlreadyExists("REQUEST_ID_REUSED", "other content", field="request_id")
            return answer
        answer = work()
        if not getattr(request, "dry_run", False):
            self.answers[request.request_id] = (content, answer)
        return answer


async def refuse(context, error: DomainError) -> None:
    await context.abort_with_status(rpc_status.to_status(to_status(error, "identity")))


def person_error(row) -> DomainError | None:
    known = codes.parse_id_number(row.person.cert_number, today=codes.date.max)
    if known is None:
        return InvalidArgument(
            "ID_NUMBER_INVALID", "bad check digit", field="rows[0].person.cert_number"
        )
    if known.sex != str(row.person.sex):
        return InvalidArgument("PERSON_MISMATCH", "sex contradicts", field="person.sex")
    for index, insurance in enumerate(row.person.insurances):
        if insurance.scheme_code not in {"310", "390"}:
            return InvalidArgument(
                "FIELD_INVALID",
                "no scheme",
                field=f"person.insurances[{index}].scheme_code",
            )
    return None


class Identity(identity_service_pb2_grpc.IdentityServiceServicer):
    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def LoadPersons(self, requests, context):
        count = 0
        limit = self.hub.break_after.pop(0) if self.hub.break_after else None
        async for request in requests:
            if limit is not None and count >= limit:
                await refuse(context, Unavailable("DATABASE_UNAVAILABLE", "gone"))
            try:
                answer = self.hub.once(request, lambda request=request: self._load(request))
            except DomainError as error:
                await refuse(context, error)
            count += 1
            yield answer

    def _load(self, request):
        answer = identity_service_pb2.LoadPersonsResponse(request_id=request.request_id)
        for row in request.rows:
            error = person_error(row)
            if error is not None:
                answer.results.add().error.CopyFrom(to_status(error, "identity"))
                continue
            number = row.person.cert_number
            answer.results.add(key="" if request.dry_run else person_id(number))
            if not request.dry_run:
                self.hub.persons[number] = row
        if not request.dry_run:
            self.hub.batches.append(len(request.rows))
        return answer

    async def LookUpPersons(self, request, context):
        answer = identity_service_pb2.LookUpPersonsResponse()
        for number in request.cert_numbers:
            if number in self.hub.persons:
                answer.results.add(key=person_id(number))
            else:
                error = RuleForbids("CREDENTIAL_UNKNOWN", "nobody has it")
                answer.results.add().error.CopyFrom(to_status(error, "identity"))
        return answer

    async def UpsertInstitutions(self, request, context):
        # A malformed entry is refused by the interceptor, with the whole request.
        bad = tuple(
            FieldViolation(f"institutions[{index}].hospital_level_code", "no level")
            for index, one in enumerate(request.institutions)
            if not "01" <= one.hospital_level_code <= "11"
        )
        if bad:
            await refuse(context, InvalidArgument("FIELD_INVALID", "malformed", violations=bad))

        def work():
            answer = identity_service_pb2.UpsertInstitutionsResponse()
            for one in request.institutions:
                if not codes.is_known_area(one.region_code):
                    error = InvalidArgument("REGION_UNKNOWN", "no region", field="region_code")
                    answer.results.add().error.CopyFrom(to_status(error, "identity"))
                else:
                    self.hub.institutions[one.institution_code] = one
                    answer.results.add(key=one.institution_code)
            return answer

        return self.hub.once(request, work)


class Benefits(benefits_service_pb2_grpc.BenefitsServiceServicer):
    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def UpsertAccounts(self, request, context):
        self.hub.account_calls += 1

        def work():
            answer = benefits_service_pb2.UpsertAccountsResponse()
            for account in request.accounts:
                self.hub.accounts[account.person_id] = account.balance.fen
                answer.results.add()
            return answer

        return self.hub.once(request, work)

    async def UpsertEntitlements(self, request, context):
        answer = benefits_service_pb2.UpsertEntitlementsResponse()
        for one in request.entitlements:
            if one.code == "nix":
                error = InvalidArgument("FIELD_INVALID", "no identity", field="code")
                answer.results.append(to_status(error, "benefits"))
            else:
                self.hub.aid[one.person_id] = one.code
                answer.results.add()
        return answer


class Catalogue(catalogue_service_pb2_grpc.CatalogueServiceServicer):
    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def ImportCatalogue(self, request, context):
        try:
            return self.hub.once(request, lambda: self._import(request))
        except DomainError as error:
            await refuse(context, error)

    def _import(self, request):
        answer = catalogue_service_pb2.ImportCatalogueResponse()
        kept = self.hub.items.setdefault(request.version, [])
        for index, item in enumerate(request.items):
            if not codes.is_item_code(item.item_code):
                error = InvalidArgument("FIELD_INVALID", "no code", field="item_code")
                answer.refused_items.add(index=index, error=to_status(error, "catalogue"))
            elif not request.dry_run:
                kept.append(item)
        for index, code in enumerate(request.withdrawn_item_codes):
            if code in self.hub.not_in_base:
                field = f"withdrawn_item_codes[{index}]"
                error = InvalidArgument("FIELD_INVALID", "not in the base", field=field)
                answer.refused_withdrawals.add(index=index, error=to_status(error, "catalogue"))
            else:
                self.hub.withdrawn.append(code)
        refused = answer.refused_items or answer.refused_withdrawals
        if request.publish and not refused and not request.dry_run:
            self.hub.published[request.version] = len(kept)
            answer.published_version.item_count = len(kept)
        return answer


class Mapping(mapping_service_pb2_grpc.MappingServiceServicer):
    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def ImportMapping(self, request, context):
        try:
            return self.hub.once(request, lambda: self._import(request))
        except DomainError as error:
            await refuse(context, error)

    def _import(self, request):
        answer = mapping_service_pb2.ImportMappingResponse()
        kept = self.hub.entries.setdefault(request.version, [])
        for index, entry in enumerate(request.entries):
            if entry.target_code == "NIX":
                error = RuleForbids("MAPPING_TARGET_UNKNOWN", "no target", field="target_code")
                answer.refused_entries.add(index=index, error=to_status(error, "catalogue"))
            elif not request.dry_run:
                kept.append(entry)
        if request.publish and not answer.refused_entries and not request.dry_run:
            self.hub.published[request.version] = len(kept)
            answer.published_version.entry_count = len(kept)
        return answer


class Filings(filing_service_pb2_grpc.FilingServiceServicer):
    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def SubmitFilings(self, request, context):
        try:
            return self.hub.once(request, lambda: self._submit(request))
        except DomainError as error:
            await refuse(context, error)

    def _submit(self, request):
        answer = filing_service_pb2.SubmitFilingsResponse()
        for filing in request.filings:
            if not codes.is_cross_province(
                care=filing.target_region_code, insured=filing.insured_region_code
            ):
                error = RuleForbids("NOT_CROSS_PROVINCE", "at home", field="target_region_code")
                answer.results.add().error.CopyFrom(to_status(error, "filing"))
                continue
            answer.results.add().filing.CopyFrom(filing)
            if not request.dry_run:
                self.hub.filings.append(filing)
        return answer


def person_id(cert_number: str) -> str:
    digits = cert_number[6:17] + "0"
    return f"0190a5c0-0000-7000-8000-{digits}"


@contextlib.asynccontextmanager
async def serving(hub: Hub, data_dir: Path | None = None) -> AsyncIterator[Province]:
    """Serves a hub; with a data directory commands find it there."""
    server = grpc.aio.server()
    identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(Identity(hub), server)
    benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server(Benefits(hub), server)
    catalogue_service_pb2_grpc.add_CatalogueServiceServicer_to_server(Catalogue(hub), server)
    mapping_service_pb2_grpc.add_MappingServiceServicer_to_server(Mapping(hub), server)
    filing_service_pb2_grpc.add_FilingServiceServicer_to_server(Filings(hub), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    endpoints = {name: Endpoint(port, 1) for name in SERVICES}
    if data_dir is not None:
        document = {name: {"port": port, "metrics_port": 1} for name in endpoints}
        _write(data_dir, orjson.dumps(document))
    try:
        async with connected(endpoints, "") as province:
            yield province
    finally:
        await server.stop(grace=None)
        await asyncio.sleep(0)


def _write(data_dir: Path, content: bytes) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / ENDPOINTS).write_bytes(content)
