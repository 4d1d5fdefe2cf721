"""IdentityService: messages ⇄ domain, nothing else. Errors are raised, never answered here."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from services.identity import (
    card_messages,
    card_usecases,
    institution_messages,
    institution_usecases,
    messages,
    metrics,
    person_loading,
    person_usecases,
    portability_messages,
    usecases,
)
from services.identity.access_messages import read_lookup
from services.identity.portability_usecases import check_portability
from services.identity.usecases import Identity
from services.kit import paging
from services.kit.clock import civil_date
from services.kit.db import Connection
from services.kit.idempotency import once
from services.kit.wire import read_uuid, write_time
from yijie.identity.v1 import access_pb2
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import identity_service_pb2_grpc as rpc

M = TypeVar("M", bound=Message)
FULL_NAME: Final = "yijie.identity.v1.IdentityService"
LOADS_MAX: Final = 2
"""Batches in work at once, of however many streams: more are no faster, and would take the database
connections that the windows need."""


class IdentityServicer(rpc.IdentityServiceServicer):
    """Serves the contract of yijie.identity.v1."""

    def __init__(self, identity: Identity) -> None:
        """Serves with what the use cases work with."""
        self._identity = identity
        self._loads = asyncio.Semaphore(LOADS_MAX)

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
            outcomes = await person_usecases.upsert_persons(self._identity, connection, entries)
            return pb.UpsertPersonsResponse(results=map(messages.write_outcome, outcomes))

        return await self._once(request, pb.UpsertPersonsResponse, work)

    async def UpsertCards(
        self, request: pb.UpsertCardsRequest, _context: Any
    ) -> pb.UpsertCardsResponse:
        """Registers cards or changes their state."""
        entries = messages.read_entries(request.cards, card_messages.read_card, "cards")

        async def work(connection: Connection) -> pb.UpsertCardsResponse:
            outcomes = await card_usecases.upsert_cards(self._identity, connection, entries)
            return pb.UpsertCardsResponse(results=map(messages.write_outcome, outcomes))

        return await self._once(request, pb.UpsertCardsResponse, work)

    async def LoadPersons(
        self, requests: AsyncIterator[pb.LoadPersonsRequest], _context: Any
    ) -> AsyncIterator[pb.LoadPersonsResponse]:
        """Registers persons with their cards, a batch at a time; answers each when committed."""
        async for request in requests:
            async with self._loads:
                with metrics.LOAD_BATCH_DURATION.time():
                    answer = await self._load(request)
            yield answer

    async def _load(self, request: pb.LoadPersonsRequest) -> pb.LoadPersonsResponse:
        async def work(connection: Connection) -> pb.LoadPersonsResponse:
            outcomes = await person_loading.load_persons(
                self._identity,
                connection,
                request.rows,
                messages.read_row,
                dry_run=request.dry_run,
            )
            return pb.LoadPersonsResponse(
                request_id=request.request_id, results=map(messages.write_outcome, outcomes)
            )

        if request.dry_run:
            return await self._identity.database.run("identity.load_persons_dry_run", work)
        return await self._once(request, pb.LoadPersonsResponse, work)

    async def LookUpPersons(
        self, request: pb.LookUpPersonsRequest, context: Any
    ) -> pb.LookUpPersonsResponse:
        """Answers who has id numbers."""
        lookup = read_lookup(context, "LookUpPersons", request.purpose)
        outcomes = await person_usecases.look_up_persons(
            self._identity, request.cert_numbers, lookup=lookup
        )
        return pb.LookUpPersonsResponse(results=map(messages.write_outcome, outcomes))

    async def CheckInsurances(
        self, request: pb.CheckInsurancesRequest, context: Any
    ) -> pb.CheckInsurancesResponse:
        """Answers where persons are insured."""
        lookup = read_lookup(context, "CheckInsurances", request.purpose)
        questions = messages.read_insurance_questions(request)
        standings = await person_usecases.check_insurances(self._identity, questions, lookup=lookup)
        return pb.CheckInsurancesResponse(standings=map(messages.write_standing, standings))

    async def CheckPortability(
        self, request: pb.CheckPortabilityRequest, context: Any
    ) -> pb.CheckPortabilityResponse:
        """Answers what can be told of whether cards will work out of province."""
        today = civil_date(self._identity.clock.now())
        lookup = read_lookup(context, "CheckPortability", access_pb2.ACCESS_PURPOSE_PORTABILITY)
        standings = await check_portability(
            self._identity, portability_messages.read_questions(request, today=today), lookup=lookup
        )
        return pb.CheckPortabilityResponse(
            standings=map(portability_messages.write_standing, standings)
        )

    async def IssueCredentialToken(
        self, request: pb.IssueCredentialTokenRequest, context: Any
    ) -> pb.IssueCredentialTokenResponse:
        """Issues a token, which the person asks for."""
        lookup = read_lookup(context, "IssueCredentialToken", access_pb2.ACCESS_PURPOSE_ENQUIRY)
        person_id = read_uuid(request.person_id)
        token, expire_time = await usecases.issue_token(self._identity, person_id, lookup=lookup)
        return pb.IssueCredentialTokenResponse(token=token, expire_time=write_time(expire_time))

    async def VerifyCredential(
        self, request: pb.VerifyCredentialRequest, context: Any
    ) -> pb.VerifyCredentialResponse:
        """Proves a credential."""
        lookup = read_lookup(context, "VerifyCredential", request.purpose)
        question = messages.read_question(request)
        proof = await usecases.verify(self._identity, question, lookup=lookup)
        today = civil_date(self._identity.clock.now())
        return messages.write_proof(proof, today=today)

    async def UpsertInstitutions(
        self, request: pb.UpsertInstitutionsRequest, _context: Any
    ) -> pb.UpsertInstitutionsResponse:
        """Registers institutions."""
        entries = messages.read_entries(
            request.institutions, institution_messages.read_institution, "institutions"
        )

        async def work(connection: Connection) -> pb.UpsertInstitutionsResponse:
            outcomes = await institution_usecases.upsert_institutions(
                self._identity, connection, entries
            )
            return pb.UpsertInstitutionsResponse(results=map(messages.write_outcome, outcomes))

        return await self._once(request, pb.UpsertInstitutionsResponse, work)

    async def GetInstitution(
        self, request: pb.GetInstitutionRequest, _context: Any
    ) -> pb.GetInstitutionResponse:
        """Answers one institution."""
        found = await institution_usecases.get_institution(self._identity, request.institution_code)
        today = civil_date(self._identity.clock.now())
        institution = institution_messages.write_institution(found, today=today)
        return pb.GetInstitutionResponse(institution=institution)

    async def ListInstitutions(
        self, request: pb.ListInstitutionsRequest, _context: Any
    ) -> pb.ListInstitutionsResponse:
        """Lists institutions by code."""
        size = paging.page_size(request)
        found = await institution_usecases.list_institutions(
            self._identity,
            after=paging.read_key(request, institution_messages.parse_position) or "",
            region=request.region_code,
            medical_type=institution_messages.read_medical_type(request.medical_type_code),
            count=size + 1,
        )
        more = len(found) > size
        write = functools.partial(
            institution_messages.write_institution, today=civil_date(self._identity.clock.now())
        )
        return pb.ListInstitutionsResponse(
            institutions=map(write, found[:size]),
            next_page_token=paging.write_token(request, [found[size - 1].code]) if more else "",
        )
