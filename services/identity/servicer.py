"""IdentityService: messages ⇄ domain, nothing else. Errors are raised, never answered here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from services.identity import messages, usecases
from services.identity.usecases import Identity
from services.kit import paging
from services.kit.db import Connection
from services.kit.idempotency import once
from services.kit.wire import read_date, read_uuid, write_time
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import identity_service_pb2_grpc as rpc

M = TypeVar("M", bound=Message)
FULL_NAME: Final = "yijie.identity.v1.IdentityService"


class IdentityServicer(rpc.IdentityServiceServicer):
    """Serves the contract of yijie.identity.v1."""

    def __init__(self, identity: Identity) -> None:
        """Serves with what the use cases work with."""
        self._identity = identity

    async def _once(
        self, request: Any, response_type: type[M], work: Callable[[Connection], Awaitable[M]]
    ) -> M:
        identity = self._identity
        hash_of = identity.vault.request_hash
        return await once(identity.database, request, response_type, work, hash_of=hash_of)

    async def UpsertPersons(
        self, request: pb.UpsertPersonsRequest, _context: Any
    ) -> pb.UpsertPersonsResponse:
        """Registers persons."""
        entries = messages.read_entries(request.persons, messages.read_person, "persons")

        async def work(connection: Connection) -> pb.UpsertPersonsResponse:
            outcomes = await usecases.upsert_persons(self._identity, connection, entries)
            return pb.UpsertPersonsResponse(results=map(messages.write_outcome, outcomes))

        return await self._once(request, pb.UpsertPersonsResponse, work)

    async def UpsertCards(
        self, request: pb.UpsertCardsRequest, _context: Any
    ) -> pb.UpsertCardsResponse:
        """Registers cards or changes their state."""
        entries = messages.read_entries(request.cards, messages.read_card, "cards")

        async def work(connection: Connection) -> pb.UpsertCardsResponse:
            outcomes = await usecases.upsert_cards(self._identity, connection, entries)
            return pb.UpsertCardsResponse(results=map(messages.write_outcome, outcomes))

        return await self._once(request, pb.UpsertCardsResponse, work)

    async def IssueCredentialToken(
        self, request: pb.IssueCredentialTokenRequest, _context: Any
    ) -> pb.IssueCredentialTokenResponse:
        """Issues a token."""
        person_id = read_uuid(request.person_id)
        token, expire_time = await usecases.issue_token(self._identity, person_id)
        return pb.IssueCredentialTokenResponse(token=token, expire_time=write_time(expire_time))

    async def VerifyCredential(
        self, request: pb.VerifyCredentialRequest, _context: Any
    ) -> pb.VerifyCredentialResponse:
        """Proves a credential."""
        proof = await usecases.verify(
            self._identity,
            credential_type=messages.read_credential_type(request.credential.type),
            number=request.credential.number,
            claim=messages.read_claim(request),
            business_date=read_date(request.business_date, "business_date"),
            institution_code=request.institution_code,
        )
        return messages.write_proof(proof)

    async def UpsertInstitutions(
        self, request: pb.UpsertInstitutionsRequest, _context: Any
    ) -> pb.UpsertInstitutionsResponse:
        """Registers institutions."""
        entries = messages.read_entries(
            request.institutions, messages.read_institution, "institutions"
        )

        async def work(connection: Connection) -> pb.UpsertInstitutionsResponse:
            outcomes = await usecases.upsert_institutions(self._identity, connection, entries)
            return pb.UpsertInstitutionsResponse(results=map(messages.write_outcome, outcomes))

        return await self._once(request, pb.UpsertInstitutionsResponse, work)

    async def GetInstitution(
        self, request: pb.GetInstitutionRequest, _context: Any
    ) -> pb.GetInstitutionResponse:
        """Answers one institution."""
        found = await usecases.get_institution(self._identity, request.institution_code)
        return pb.GetInstitutionResponse(institution=messages.write_institution(found))

    async def ListInstitutions(
        self, request: pb.ListInstitutionsRequest, _context: Any
    ) -> pb.ListInstitutionsResponse:
        """Lists institutions by code."""
        size = paging.page_size(request)
        found = await usecases.list_institutions(
            self._identity,
            after=paging.read_key(request, messages.parse_position) or "",
            region=request.region_code,
            medical_type=messages.read_medical_type(request.medical_type_code),
            count=size + 1,
        )
        more = len(found) > size
        return pb.ListInstitutionsResponse(
            institutions=map(messages.write_institution, found[:size]),
            next_page_token=paging.write_token(request, [found[size - 1].code]) if more else "",
        )
