"""CardService: messages ⇄ domain, nothing else. Errors are raised, never answered here.

The answer to a request is stored for a repeat, and must not hold a card's number: there its index
stands for it, until the answer leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.identity import card_messages, card_store, card_usecases, metrics
from services.identity.access_messages import read_lookup
from services.identity.access_store import OK, Access, write_accesses
from services.identity.card_usecases import Subject
from services.identity.domain.card_states import CardChange
from services.kit import codes, paging
from services.kit.caller import require_region
from services.kit.errors import DomainError
from services.kit.idempotency import once
from services.kit.wire import read_uuid
from yijie.identity.v1 import access_pb2
from yijie.identity.v1 import card_service_pb2 as pb
from yijie.identity.v1 import card_service_pb2_grpc as rpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.identity.domain.model import Card
    from services.identity.usecases import Identity
    from services.kit.db import Connection
    from yijie.identity.v1 import person_pb2

M = TypeVar("M", bound=Message)
FULL_NAME: Final = "yijie.identity.v1.CardService"


class CardServicer(rpc.CardServiceServicer):
    """Serves the life of cards."""

    def __init__(self, identity: Identity) -> None:
        """Serves with what the use cases work with."""
        self._identity = identity

    async def ChangeCardState(
        self, request: pb.ChangeCardStateRequest, context: Any
    ) -> pb.ChangeCardStateResponse:
        """Changes the state of a card."""
        _require(context, request.agency_region_code, field="agency_region_code")
        subject = Subject()

        async def work(connection: Connection) -> pb.ChangeCardStateResponse:
            card = await card_usecases.change_card_state(
                self._identity,
                connection,
                card_number=request.card_number,
                change=card_messages.read_change(request.change),
                agency_region=request.agency_region_code,
                subject=subject,
            )
            return pb.ChangeCardStateResponse(card=self._closed(card))

        answer = await self._once(request, context, pb.ChangeCardStateResponse, work, subject)
        await self._open(answer.card)
        return answer

    async def ReplaceCard(
        self, request: pb.ReplaceCardRequest, context: Any
    ) -> pb.ReplaceCardResponse:
        """Puts a new card in the place of another."""
        _require(context, request.issuing_region_code, field="issuing_region_code")
        subject = Subject()

        async def work(connection: Connection) -> pb.ReplaceCardResponse:
            new, old = await card_usecases.replace_card(
                self._identity,
                connection,
                replaced=card_messages.read_replaced(request),
                wanted=card_messages.read_new_card(request),
                subject=subject,
            )
            return pb.ReplaceCardResponse(card=self._closed(new), replaced_card=self._closed(old))

        answer = await self._once(request, context, pb.ReplaceCardResponse, work, subject)
        await self._open(answer.card, answer.replaced_card)
        return answer

    async def ListCardChanges(
        self, request: pb.ListCardChangesRequest, context: Any
    ) -> pb.ListCardChangesResponse:
        """Lists what happened to the cards of a person, newest first."""
        size = paging.page_size(request)
        person_id = read_uuid(request.person_id)
        found = await card_usecases.list_card_changes(
            self._identity, person_id, before=card_messages.read_before(request), count=size + 1
        )
        await self._log(context, "ListCardChanges", Access(person_id, OK))
        more = len(found) > size
        return pb.ListCardChangesResponse(
            changes=map(card_messages.write_change, found[:size]),
            next_page_token=(
                paging.write_token(request, [str(found[size - 1].change_id)]) if more else ""
            ),
        )

    async def _once(
        self,
        request: Any,
        context: Any,
        response_type: type[M],
        work: Callable[[Connection], Awaitable[M]],
        subject: Subject,
    ) -> M:
        change = _change_of(request)
        try:
            answer = await self._logged(request, context, response_type, work, subject)
        except DomainError as error:
            metrics.CARD_CHANGES.labels(change, error.reason).inc()
            raise
        metrics.CARD_CHANGES.labels(change, "DONE").inc()
        return answer

    async def _logged(
        self,
        request: Any,
        context: Any,
        response_type: type[M],
        work: Callable[[Connection], Awaitable[M]],
        subject: Subject,
    ) -> M:
        identity = self._identity
        method = request.DESCRIPTOR.name.removesuffix("Request")
        hash_of = identity.vault.request_hash

        try:
            answer = await once(identity.database, request, response_type, work, hash_of=hash_of)
        except DomainError as error:
            await self._log(context, method, Access(subject.person_id, error.reason))
            raise
        person_id = UUID(answer.card.person_id)  # type: ignore[attr-defined]  # both have a card
        await self._log(context, method, Access(person_id, OK))
        return answer

    async def _log(self, context: Any, method: str, access: Access) -> None:
        lookup = read_lookup(context, method, access_pb2.ACCESS_PURPOSE_CARD)
        identity = self._identity
        await write_accesses(identity.database, lookup, [access], now=identity.clock.now())

    def _closed(self, card: Card) -> person_pb2.Card:
        index = self._identity.vault.card_index(card.card_number)
        return card_messages.write_card(card, card_number=index.hex())

    async def _open(self, *answered: person_pb2.Card) -> None:
        indexes = [bytes.fromhex(card.card_number) for card in answered]
        identity = self._identity
        held = await card_store.find_cards(identity.database, identity.vault, indexes)
        for card, index in zip(answered, indexes, strict=True):
            card.card_number = held[index].card_number
            card.recognition_code = held[index].recognition_code


def _require(context: Any, region: str, *, field: str) -> None:
    # The history says where it was reported: no agency reports in another province's name.
    require_region(context, codes.province_of(region), field=field)


def _change_of(request: Any) -> str:
    if isinstance(request, pb.ReplaceCardRequest):
        return CardChange.REPLACE.value
    return card_messages.read_change(request.change).value
