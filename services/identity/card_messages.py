"""Between messages of cards and the domain; names the field at fault, decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.identity.domain.card_states import CardChange, CardState
from services.identity.domain.cards import masked_card_number
from services.identity.domain.model import Card, CardKind
from services.kit import paging
from services.kit.wire import read_uuid, write_time
from yijie.identity.v1 import card_service_pb2 as pb
from yijie.identity.v1 import person_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.identity.card_store import CardStateChange

NO_ID: Final = UUID(int=0)
"""Stands for the holder where the request does not say, because the row or the old card does."""

_STATES: Final[Mapping[int, CardState]] = {
    person_pb2.CardState.Value(f"CARD_STATE_{state.value}"): state for state in CardState
}
_STATE_NUMBERS: Final[Mapping[CardState, Any]] = {
    state: number for number, state in _STATES.items()
}
_KINDS: Final[Mapping[int, CardKind]] = {
    person_pb2.CARD_KIND_UNSPECIFIED: CardKind.SOCIAL_SECURITY,
    **{person_pb2.CardKind.Value(f"CARD_KIND_{kind.value}"): kind for kind in CardKind},
}
_KIND_NUMBERS: Final[Mapping[CardKind, Any]] = {kind: number for number, kind in _KINDS.items()}
_CHANGES: Final[Mapping[int, CardChange]] = {
    pb.CardChange.Value(f"CARD_CHANGE_{change.value}"): change for change in CardChange
}
_CHANGE_NUMBERS: Final[Mapping[CardChange, Any]] = {
    change: number for number, change in _CHANGES.items()
}


def read_card(message: person_pb2.Card, _at: str) -> Card:
    """Returns the card of an entry."""
    return Card(
        card_number=message.card_number,
        person_id=read_uuid(message.person_id),
        issuing_region=message.issuing_region_code,
        state=_STATES[message.state],
        kind=_KINDS[message.kind],
        recognition_code=message.recognition_code,
    )


def read_row_card(message: Any) -> Card:
    """Returns a card of a row (identity.v1.PersonCard); the row says whose it is."""
    return Card(
        card_number=message.card_number,
        person_id=NO_ID,
        issuing_region=message.issuing_region_code,
        state=_STATES[message.state],
        kind=_KINDS[message.kind],
        recognition_code=message.recognition_code,
    )


def read_new_card(request: pb.ReplaceCardRequest) -> Card:
    """Returns the card that takes the place of another; that one says whose it is."""
    return Card(
        card_number=request.new_card_number,
        person_id=NO_ID,
        issuing_region=request.issuing_region_code,
        state=CardState.ACTIVE,
        kind=_KINDS[request.kind],
        recognition_code=request.new_recognition_code,
    )


def read_replaced(request: pb.ReplaceCardRequest) -> str | UUID:
    """Returns the number of the card to be replaced, or its holder."""
    if request.WhichOneof("replaced") == "person_id":
        return read_uuid(request.person_id)
    number: str = request.card_number
    return number


def read_change(number: int) -> CardChange:
    """Returns what happened to a card."""
    return _CHANGES[number]


def read_before(request: pb.ListCardChangesRequest) -> int:
    """Returns the change before which a page begins."""
    return paging.read_key(request, paging.row_number) or (1 << 63) - 1


def write_card(card: Card, *, card_number: str) -> person_pb2.Card:
    """Returns the message of a card, with what stands for its number."""
    return person_pb2.Card(
        card_number=card_number,
        person_id=str(card.person_id),
        issuing_region_code=card.issuing_region,
        state=_STATE_NUMBERS[card.state],
        kind=_KIND_NUMBERS[card.kind],
    )


def write_change(change: CardStateChange) -> pb.CardStateChange:
    """Returns the message of an entry of a card's history."""
    return pb.CardStateChange(
        masked_card_number=masked_card_number(change.card_number),
        kind=_KIND_NUMBERS[change.kind],
        change=_CHANGE_NUMBERS[change.change],
        state=_STATE_NUMBERS[change.state],
        agency_region_code=change.agency_region,
        change_time=write_time(change.change_time),
    )
