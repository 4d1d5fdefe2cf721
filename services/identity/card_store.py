"""The SQL of cards. Takes a connection, gives and takes domain objects; seals and opens records.

Whoever changes a person's cards has locked the person (`person_store.lock_persons`): so what is
read of them stays true until the end of the transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from services.identity.domain.card_states import CardChange, CardState
from services.identity.domain.model import Card, CardKind
from services.kit.db import Beaten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.identity.reader import Reader
    from services.identity.vault import Vault
    from services.kit.db import Connection

_COLUMNS: Final = "card_index, person_id, issuing_region_code, state, kind, record"

FIND_CARDS: Final = f"""/* identity.find_cards */
SELECT {_COLUMNS} FROM card WHERE card_index = ANY($1::bytea[])"""  # noqa: S608  # constants

FIND_CARDS_OF: Final = f"""/* identity.find_cards_of */
SELECT {_COLUMNS} FROM card WHERE person_id = ANY($1::uuid[])
 ORDER BY create_time DESC, card_index"""  # noqa: S608  # constants

# In the order of the index, so that two batches that bring the same new cards do not deadlock.
INSERT_CARDS: Final = """/* identity.insert_cards */
WITH inserted AS (
    INSERT INTO card (card_index, person_id, issuing_region_code, state, kind, record, create_time,
                      update_time)
    SELECT entry.card_index, entry.person_id, entry.issuing_region_code, entry.state, entry.kind,
           entry.record, $7, $7
      FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[])
           AS entry(card_index, person_id, issuing_region_code, state, kind, record)
        ON CONFLICT (card_index) DO NOTHING
    RETURNING card_index
), remembered AS (
    INSERT INTO card_state_change (card_index, change, state, agency_region_code, change_time)
    SELECT entry.card_index, $8, entry.state, $9, $7
      FROM unnest($10::bytea[], $11::text[]) WITH ORDINALITY
           AS entry(card_index, state, position)
     ORDER BY entry.position
)
SELECT count(*) AS inserted FROM inserted"""

UPDATE_CARDS: Final = """/* identity.update_cards */
UPDATE card
   SET issuing_region_code = entry.issuing_region_code, state = entry.state,
       record = entry.record, update_time = $5
  FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[])
       AS entry(card_index, issuing_region_code, state, record)
 WHERE card.card_index = entry.card_index"""

SET_CARD_STATE: Final = """/* identity.set_card_state */
UPDATE card SET state = $2, update_time = $3 WHERE card_index = $1"""

APPEND_CARD_CHANGES: Final = """/* identity.append_card_changes */
INSERT INTO card_state_change (card_index, change, state, agency_region_code, change_time)
SELECT entry.card_index, $3, entry.state, $4, $5
  FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY AS entry(card_index, state, position)
 ORDER BY entry.position"""

LIST_CARD_CHANGES: Final = """/* identity.list_card_changes */
SELECT h.change_id, h.change, h.state, h.agency_region_code, h.change_time, c.card_index, c.kind,
       c.record
  FROM card_state_change AS h
  JOIN card AS c ON c.card_index = h.card_index
 WHERE c.person_id = $1 AND h.change_id < $2
 ORDER BY h.change_id DESC
 LIMIT $3"""


class Event(NamedTuple):
    """What happens to cards, for their history."""

    change: CardChange
    agency_region: str
    """Where it was reported; empty: not stated."""
    time: datetime


class CardStateChange(NamedTuple):
    """One entry of a card's history."""

    change_id: int
    card_number: str
    kind: CardKind
    change: CardChange
    state: CardState
    agency_region: str
    """Empty: not stated."""
    change_time: datetime


async def find_cards(reader: Reader, vault: Vault, indexes: Iterable[bytes]) -> dict[bytes, Card]:
    """Returns the cards that are held, by index."""
    rows = await reader.fetch(FIND_CARDS, list(set(indexes)))
    return {row["card_index"]: _card(row, vault) for row in rows}


async def find_cards_of(
    reader: Reader, vault: Vault, person_ids: Iterable[UUID]
) -> dict[bytes, Card]:
    """Returns every card of persons by index, the newest first."""
    rows = await reader.fetch(FIND_CARDS_OF, list(set(person_ids)))
    return {row["card_index"]: _card(row, vault) for row in rows}


async def insert_cards(
    connection: Connection,
    vault: Vault,
    cards: Mapping[bytes, Card],
    event: Event,
    *,
    states: Sequence[tuple[bytes, CardState]],
) -> None:
    """Writes new cards and the beginning of their history.

    `states` are those that they have taken, one after the other.

    Raises:
        Beaten: another transaction has brought one of them since it was looked for.
    """
    if not cards:
        return
    indexes = sorted(cards)
    ordered = [cards[index] for index in indexes]
    row = await connection.fetchrow(
        INSERT_CARDS,
        indexes,
        [card.person_id for card in ordered],
        [card.issuing_region for card in ordered],
        [card.state.value for card in ordered],
        [card.kind.value for card in ordered],
        [vault.seal_card(card, index) for index, card in zip(indexes, ordered, strict=True)],
        event.time,
        event.change.value,
        event.agency_region,
        [index for index, _ in states],
        [state.value for _, state in states],
    )
    if row is None or row["inserted"] != len(indexes):
        raise Beaten


async def update_cards(
    connection: Connection,
    vault: Vault,
    cards: Mapping[bytes, Card],
    event: Event,
    *,
    states: Sequence[tuple[bytes, CardState]],
) -> None:
    """Replaces what is held of cards as the insured region reports them.

    `states` are those that cards have taken, one after the other; they enter their history.
    """
    # Those that stop being active come first: the index lets no second one be active meanwhile.
    for active in (False, True):
        part = {
            index: card
            for index, card in cards.items()
            if (card.state is CardState.ACTIVE) is active
        }
        if part:
            await connection.execute(
                UPDATE_CARDS,
                list(part),
                [card.issuing_region for card in part.values()],
                [card.state.value for card in part.values()],
                [vault.seal_card(card, index) for index, card in part.items()],
                event.time,
            )
    if states:
        await connection.execute(
            APPEND_CARD_CHANGES,
            [index for index, _ in states],
            [state.value for _, state in states],
            event.change.value,
            event.agency_region,
            event.time,
        )


async def set_card_state(
    connection: Connection, index: bytes, state: CardState, event: Event
) -> None:
    """Gives a card a state, and its history what happened."""
    change, agency_region, time = event
    await connection.execute(SET_CARD_STATE, index, state.value, time)
    await connection.execute(
        APPEND_CARD_CHANGES, [index], [state.value], change.value, agency_region, time
    )


async def list_card_changes(
    reader: Reader, vault: Vault, person_id: UUID, *, before: int, count: int
) -> list[CardStateChange]:
    """Returns what happened to a person's cards, newest first, from the one before `before`."""
    rows = await reader.fetch(LIST_CARD_CHANGES, person_id, before, count)
    return [
        CardStateChange(
            change_id=row["change_id"],
            card_number=vault.open_card(row["card_index"], row["record"])[0],
            kind=CardKind(row["kind"]),
            change=CardChange(row["change"]),
            state=CardState(row["state"]),
            agency_region=row["agency_region_code"],
            change_time=row["change_time"],
        )
        for row in rows
    ]


def _card(row: asyncpg.Record, vault: Vault) -> Card:
    number, recognition_code = vault.open_card(row["card_index"], row["record"])
    return Card(
        card_number=number,
        person_id=row["person_id"],
        issuing_region=row["issuing_region_code"],
        state=CardState(row["state"]),
        kind=CardKind(row["kind"]),
        recognition_code=recognition_code,
    )
