"""Cards through their life: registered in batches, changed and replaced one at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.identity import card_store, person_store
from services.identity.domain import cards as rules
from services.identity.domain.card_states import EFFECTS, CardChange, CardState
from services.identity.domain.errors import (
    CardAlreadyActive,
    CardNumberTaken,
    CardUnknown,
    FieldInvalid,
    PersonUnknown,
    RegionUnknown,
)
from services.identity.usecases import checked, counted
from services.kit import codes
from services.kit.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.identity.card_store import CardStateChange
    from services.identity.domain.model import Card, CardKind
    from services.identity.usecases import Identity, Outcome
    from services.kit.db import Connection

REPORTABLE: Final = frozenset(EFFECTS) - {CardChange.REPLACE}
"""What may be reported of a card by itself."""


@dataclass(slots=True)
class Subject:
    """Learns whom a call was about, for the access log of a call that is refused."""

    person_id: UUID | None = None


async def upsert_cards(
    identity: Identity, connection: Connection, entries: Sequence[Card | DomainError]
) -> list[Outcome]:
    """Registers cards by number, one after the other; the key of each is its holder's person id."""
    now, vault = identity.clock.now(), identity.vault
    outcomes = checked(entries, lambda card, at: rules.check_card(card, at=at), "cards")
    cards = [card for card in outcomes if not isinstance(card, DomainError)]
    holders = await person_store.lock_persons(connection, [card.person_id for card in cards])
    held = await card_store.find_cards(
        connection, vault, [vault.card_index(card.card_number) for card in cards]
    )
    held |= await card_store.find_cards_of(connection, vault, holders)
    book = rules.CardBook(held)
    touched: dict[bytes, None] = {}
    results: list[Outcome] = []
    for position, card in enumerate(outcomes):
        at = f"cards[{position}]"
        if isinstance(card, DomainError):
            results.append(card)
        elif card.person_id not in holders:
            results.append(PersonUnknown(f"{at}.person_id"))
        else:
            index = vault.card_index(card.card_number)
            try:
                book.register([(index, card, at)], holder_field="person_id")
            except DomainError as error:
                results.append(error)
                continue
            touched[index] = None
            results.append(str(card.person_id))
    await write_book(identity, connection, book, touched, now=now)
    return counted("card", results)


async def write_book(
    identity: Identity,
    connection: Connection,
    book: rules.CardBook,
    touched: Iterable[bytes],
    *,
    now: datetime,
) -> None:
    """Writes the cards that a batch has registered; their holders are locked."""
    indexes = list(touched)
    event = card_store.Event(CardChange.REGISTER, "", now)
    known = {index: book.card(index) for index in indexes if not book.is_new(index)}
    await card_store.update_cards(
        connection, identity.vault, known, event, states=book.states(new=False)
    )
    new = {index: book.card(index) for index in indexes if book.is_new(index)}
    await card_store.insert_cards(
        connection, identity.vault, new, event, states=book.states(new=True)
    )


async def change_card_state(
    identity: Identity,
    connection: Connection,
    *,
    card_number: str,
    change: CardChange,
    agency_region: str,
    subject: Subject,
) -> Card:
    """Changes a card's state; returns the card.

    Raises:
        RegionUnknown, FieldInvalid: the agency or the change means nothing.
        CardUnknown: there is no such card.
        CardStateForbids: not from the state that it is in.
        CardAlreadyActive: it would be the second active one of its kind.
    """
    if not codes.is_known_area(agency_region):
        raise RegionUnknown("agency_region_code")
    if change not in REPORTABLE:
        raise FieldInvalid("change", "appears in the history only")
    index = identity.vault.card_index(card_number)
    cards = await _locked(identity, connection, index, subject)
    card = cards[index]
    state = rules.state_after(card, change, at="change")
    if state is CardState.ACTIVE and rules.other_active(cards.values(), card):
        raise CardAlreadyActive("card_number")
    event = card_store.Event(change, agency_region, identity.clock.now())
    await card_store.set_card_state(connection, index, state, event)
    return replace(card, state=state)


async def replace_card(
    identity: Identity,
    connection: Connection,
    *,
    replaced: str | UUID,
    wanted: Card,
    subject: Subject,
) -> tuple[Card, Card]:
    """Puts a new card in the place of another; returns the new one and the old one.

    Args:
        identity: what to work with.
        connection: in a transaction.
        replaced: number of the old card, or its holder.
        wanted: the new card, active; whose it is follows from the old one.
        subject: learns who holds them.

    Raises:
        RegionUnknown, FieldInvalid: the new card means nothing, or is of another kind.
        CardUnknown, PersonUnknown: there is nothing to replace.
        CardStateForbids: the old card is neither active nor lost, or another call has replaced it.
        CardAlreadyActive: the old card is lost and the holder has another active one.
        CardNumberTaken: another card has the new number.
    """
    vault = identity.vault
    _check_new(wanted)
    field = "card_number" if isinstance(replaced, str) else "person_id"
    if isinstance(replaced, str):
        index = vault.card_index(replaced)
        cards = await _locked(identity, connection, index, subject)
        if cards[index].kind is not wanted.kind:
            raise FieldInvalid("kind", "not the kind of the card to be replaced")
    else:
        index, cards = await _locked_of(identity, connection, replaced, wanted.kind, subject)
    old = cards[index]
    state = rules.state_after(old, CardChange.REPLACE, at=field)
    if rules.other_active(cards.values(), old):
        raise CardAlreadyActive(field)
    new = replace(wanted, person_id=old.person_id)
    new_index = vault.card_index(new.card_number)
    if await card_store.find_cards(connection, vault, [new_index]):
        raise CardNumberTaken("new_card_number")
    event = card_store.Event(CardChange.REPLACE, wanted.issuing_region, identity.clock.now())
    await card_store.set_card_state(connection, index, state, event)
    await card_store.insert_cards(
        connection, vault, {new_index: new}, event, states=[(new_index, new.state)]
    )
    return new, replace(old, state=state)


async def list_card_changes(
    identity: Identity, person_id: UUID, *, before: int, count: int
) -> list[CardStateChange]:
    """Returns what happened to a person's cards, newest first, from the one before `before`."""
    return await card_store.list_card_changes(
        identity.database, identity.vault, person_id, before=before, count=count
    )


def _check_new(wanted: Card) -> None:
    fields = {
        "new.card_number": "new_card_number",
        "new.recognition_code": "new_recognition_code",
        "new.issuing_region_code": "issuing_region_code",
    }
    try:
        rules.check_card(wanted, at="new")
    except DomainError as error:
        raise error.renamed(fields) from None


async def _locked(
    identity: Identity, connection: Connection, index: bytes, subject: Subject
) -> dict[bytes, Card]:
    """Locks the holder of a card; returns all their cards."""
    found = await card_store.find_cards(connection, identity.vault, [index])
    if index not in found:
        raise CardUnknown("card_number")
    subject.person_id = found[index].person_id
    await person_store.lock_persons(connection, [subject.person_id])
    return await card_store.find_cards_of(connection, identity.vault, [subject.person_id])


async def _locked_of(
    identity: Identity, connection: Connection, person_id: UUID, kind: CardKind, subject: Subject
) -> tuple[bytes, dict[bytes, Card]]:
    """Locks a person; returns which card a new one would replace, and all their cards."""
    vault = identity.vault
    before = await card_store.find_cards_of(connection, vault, [person_id])
    if not await person_store.lock_persons(connection, [person_id]):
        raise PersonUnknown("person_id")
    subject.person_id = person_id
    cards = await card_store.find_cards_of(connection, vault, [person_id])
    index = rules.replaceable(before, kind)
    if index is None:
        raise CardUnknown("person_id")
    # The card as it was before the lock: one that was made while this call waited is not meant.
    return index, cards
