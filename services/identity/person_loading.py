"""Registering a province's persons with their cards in bulk, a batch at a time.

The work of a batch is a handful of statements over arrays, whatever its size. New persons are
sealed and written by the statement that finds out whether they are new: a first load writes each
row once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from services.identity import card_store, person_store
from services.identity.card_usecases import write_book
from services.identity.domain import decide
from services.identity.domain.cards import CardBook
from services.identity.usecases import counted
from services.kit.clock import civil_date
from services.kit.errors import DomainError
from services.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from services.identity.domain.model import Card, Person, PersonRow
    from services.identity.usecases import Identity, Outcome
    from services.kit.db import Connection


M = TypeVar("M")
_TURN: Final = 50
"""Rows read at a stretch: some three milliseconds."""


@dataclass(frozen=True, slots=True, repr=False)
class _Entry:
    """A sound row, with the blind indexes of its numbers."""

    row: PersonRow
    cert_index: bytes
    card_indexes: tuple[bytes, ...]

    def cards(self, person_id: UUID, at: str) -> list[tuple[bytes, Card, str]]:
        """Returns index, card of this holder and path of each."""
        return [
            (index, replace(card, person_id=person_id), f"{at}.cards[{position}]")
            for position, (index, card) in enumerate(
                zip(self.card_indexes, self.row.cards, strict=True)
            )
        ]


@dataclass(frozen=True, slots=True, repr=False)
class _Persons:
    """The persons of a batch, as they are before it."""

    ids: Mapping[bytes, UUID]
    """Certificate index → person id."""
    new: Mapping[UUID, Person]
    """Those not held before, as `claim_persons` has written them."""


async def load_persons(
    identity: Identity,
    connection: Connection,
    rows: Sequence[M],
    read: Callable[[M, str], PersonRow],
    *,
    dry_run: bool,
) -> list[Outcome]:
    """Registers persons with their cards; the key of each is the person id, empty in a dry run.

    A row is taken whole or not at all. Rows count one after the other: of two with one id number
    the later one stays, with the cards of both.

    Args:
        identity: what to work with.
        connection: in a transaction; a dry run only reads.
        rows: of one batch.
        read: returns the row of one, at a path, or raises a DomainError.
        dry_run: true: everything is checked, nothing is written.
    """
    now = identity.clock.now()
    entries = await _read(identity, rows, read, today=civil_date(now))
    sound = [entry for entry in entries if isinstance(entry, _Entry)]
    persons = await _persons(identity, connection, sound, now=now, dry_run=dry_run)
    book = await _book(identity, connection, sound, persons)
    accepted: dict[UUID, Person] = {}
    touched: dict[bytes, None] = {}
    results: list[Outcome] = []
    for position, entry in enumerate(entries):
        if isinstance(entry, DomainError):
            results.append(entry)
            continue
        person_id = persons.ids[entry.cert_index]
        try:
            book.register(entry.cards(person_id, f"rows[{position}]"), holder_field="card_number")
        except DomainError as error:
            results.append(error)
            continue
        accepted[person_id] = entry.row.person
        touched.update(dict.fromkeys(entry.card_indexes))
        results.append("" if dry_run else str(person_id))
    if not dry_run:
        await _write_persons(identity, connection, persons, accepted, now=now)
        await write_book(identity, connection, book, touched, now=now)
    return counted("row_checked" if dry_run else "row", results)


async def _read(
    identity: Identity, rows: Sequence[M], read: Callable[[M, str], PersonRow], *, today: date
) -> list[_Entry | DomainError]:
    entries: list[_Entry | DomainError] = []
    for position, message in enumerate(rows):
        if position % _TURN == 0:
            # Others are served meanwhile: a window does not wait for a province's whole batch.
            await asyncio.sleep(0)
        at = f"rows[{position}]"
        try:
            row = read(message, at)
            decide.check_row(row, today=today, at=at)
        except DomainError as error:
            entries.append(error)
        else:
            entries.append(_indexed(identity, row))
    return entries


def _indexed(identity: Identity, row: PersonRow) -> _Entry:
    vault = identity.vault
    return _Entry(
        row,
        vault.cert_index(row.person.cert_number),
        tuple([vault.card_index(card.card_number) for card in row.cards]),
    )


async def _persons(
    identity: Identity,
    connection: Connection,
    entries: Sequence[_Entry],
    *,
    now: datetime,
    dry_run: bool,
) -> _Persons:
    candidates: dict[bytes, tuple[UUID, Person]] = {}
    for entry in entries:
        if entry.cert_index not in candidates:
            candidates[entry.cert_index] = new_id(now), entry.row.person
    given = {index: person_id for index, (person_id, _) in candidates.items()}
    if dry_run:
        ids = given | await person_store.find_person_ids(connection, candidates)
    else:
        ids = await person_store.claim_persons(connection, identity.vault, candidates, now=now)
    new = {
        person_id: person
        for index, (person_id, person) in candidates.items()
        if ids[index] == person_id
    }
    return _Persons(ids, new)


async def _book(
    identity: Identity, connection: Connection, entries: Sequence[_Entry], persons: _Persons
) -> CardBook:
    indexes = [index for entry in entries for index in entry.card_indexes]
    held = await card_store.find_cards(connection, identity.vault, indexes) if indexes else {}
    known = [person_id for person_id in persons.ids.values() if person_id not in persons.new]
    if known:
        held |= await card_store.find_cards_of(connection, identity.vault, known)
    return CardBook(held)


async def _write_persons(
    identity: Identity,
    connection: Connection,
    persons: _Persons,
    accepted: Mapping[UUID, Person],
    *,
    now: datetime,
) -> None:
    changed = {
        person_id: person
        for person_id, person in accepted.items()
        if persons.new.get(person_id) is not person
    }
    await person_store.write_persons(connection, identity.vault, changed, now=now)
    refused = persons.new.keys() - accepted.keys()
    if refused:
        await person_store.delete_persons(connection, refused)
