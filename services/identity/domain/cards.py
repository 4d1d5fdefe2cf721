"""What identity decides of cards (社会保障卡). Pure; an index is the blind index of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.identity.domain.card_states import (
    EFFECTS,
    REGISTRABLE,
    CardChange,
    CardState,
)
from services.identity.domain.errors import (
    CardAlreadyActive,
    CardCancelled,
    CardStateForbids,
    FieldInvalid,
    PersonMismatch,
    RegionUnknown,
)
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from services.identity.domain.model import Card, CardKind


def check_card(card: Card, *, at: str) -> None:
    """Checks a card to be registered, apart from its holder and its present state.

    Raises:
        FieldInvalid: the number or the recognition code has no card's shape.
        RegionUnknown: the issuing region is not in the area list.
    """
    if not codes.is_card_number(card.card_number):
        raise FieldInvalid(f"{at}.card_number", "not the shape of a card number")
    if not codes.is_known_area(card.issuing_region):
        raise RegionUnknown(f"{at}.issuing_region_code")
    check_recognition_code(card, at=f"{at}.recognition_code")


def check_recognition_code(card: Card, *, at: str) -> None:
    """Checks a recognition code (卡识别码); an empty one is not known.

    Raises:
        FieldInvalid: not of its shape, or of an area in another province than the card's.
    """
    code = card.recognition_code
    if not code:
        return
    if not codes.is_card_serial(code):
        raise FieldInvalid(at, "not the shape of a recognition code")
    if codes.province_of(code) != codes.province_of(card.issuing_region):
        raise FieldInvalid(at, "begins with an area of another province than the issuing region")


class CardBook:
    """The cards that a batch concerns, as it leaves them; decides entry by entry.

    It must hold every card that the batch names, and every active card of each person named.
    """

    __slots__ = ("_active", "_cards", "_held", "_states")

    def __init__(self, held: Mapping[bytes, Card]) -> None:
        """Begins with the cards held, by index."""
        self._cards = dict(held)
        self._held = frozenset(held)
        self._states: list[tuple[bytes, CardState]] = []
        self._active = {
            (card.person_id, card.kind): index
            for index, card in held.items()
            if card.state is CardState.ACTIVE
        }
        # At most one each: the database holds us to it.

    def register(self, entries: Sequence[tuple[bytes, Card, str]], *, holder_field: str) -> None:
        """Takes cards as an insured region reports them, all or none.

        Args:
            entries: index, card and path in the request of each; an index once.
            holder_field: where below its path an entry says who holds the card.

        Raises:
            PersonMismatch: the card is another person's; a card is never handed on.
            FieldInvalid: the card changes its kind.
            CardCancelled: the card is cancelled and something else is wanted.
            CardStateForbids: the card cannot have come from the state held into this one.
            CardAlreadyActive: the holder would have two active cards of one kind.
        """
        for index, card, at in entries:
            held = self._cards.get(index)
            if held is not None:
                _check_registration(held, card, at=at, holder_field=holder_field)
        named = {index for index, _, _ in entries}
        active: dict[tuple[UUID, CardKind], bytes] = {}
        for index, card, at in entries:
            if card.state is not CardState.ACTIVE:
                continue
            key = card.person_id, card.kind
            other = self._active.get(key)
            if key in active or (other is not None and other not in named):
                raise CardAlreadyActive(f"{at}.state")
            active[key] = index
        for index, card, _ in entries:
            key = card.person_id, card.kind
            if self._active.get(key) == index:
                del self._active[key]
            before = self._cards.get(index)
            if before is None or before.state is not card.state:
                self._states.append((index, card.state))
            self._cards[index] = card
        self._active.update(active)

    def states(self, *, new: bool) -> list[tuple[bytes, CardState]]:
        """Returns the states that new cards, or those held before, have taken, one after the other.

        For their history: a card that is reported twice in a batch has taken both.
        """
        return [(index, state) for index, state in self._states if self.is_new(index) is new]

    def is_new(self, index: bytes) -> bool:
        """Tells whether a card was not held when the book was opened."""
        return index not in self._held

    def card(self, index: bytes) -> Card:
        """Returns a card as the batch has left it so far."""
        return self._cards[index]


def _check_registration(held: Card, wanted: Card, *, at: str, holder_field: str) -> None:
    if held.person_id != wanted.person_id:
        raise PersonMismatch(f"{at}.{holder_field}")
    if held.kind is not wanted.kind:
        raise FieldInvalid(f"{at}.kind", "differs from the kind that the card is held with")
    if wanted.state not in REGISTRABLE[held.state]:
        if held.state is CardState.CANCELLED:
            raise CardCancelled(f"{at}.state")
        raise CardStateForbids(held.state.value, f"{at}.state")


def state_after(card: Card, change: CardChange, *, at: str) -> CardState:
    """Returns the state that a change leads to.

    Raises:
        CardStateForbids: not from the state that the card is in.
    """
    after = EFFECTS[change].get(card.state)
    if after is None:
        raise CardStateForbids(card.state.value, at)
    return after


def replaceable(cards: Mapping[bytes, Card], kind: CardKind) -> bytes | None:
    """Returns the index of the card of a kind that a new one would replace, None without any.

    The active one, else one reported lost. Where neither is held, another of the kind is returned,
    so that its state can be named.

    Args:
        cards: those of one person by index, the newest first.
        kind: of the new card.
    """
    found = [index for index, card in cards.items() if card.kind is kind]
    for state in (CardState.ACTIVE, CardState.LOST):
        for index in found:
            if cards[index].state is state:
                return index
    return found[0] if found else None


def other_active(cards: Iterable[Card], card: Card) -> bool:
    """Tells whether another card than this one is active, of the same kind and person."""
    return any(
        other.state is CardState.ACTIVE
        and other.kind is card.kind
        and other.card_number != card.card_number
        for other in cards
    )


def masked_card_number(number: str) -> str:
    """Returns a number with all but the first and the last two characters hidden: A******01."""
    return number[:1] + "*" * (len(number) - 3) + number[-2:]
