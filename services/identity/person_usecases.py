"""Registering persons; asking who they are and where they are insured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.identity import person_store
from services.identity.access_store import OK, Access, write_accesses
from services.identity.domain import decide
from services.identity.domain.decide import Standing
from services.identity.domain.errors import CredentialUnknown, IdNumberInvalid
from services.identity.usecases import checked, counted
from services.kit import codes
from services.kit.clock import civil_date
from services.kit.errors import DomainError
from services.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.identity.access_store import Lookup
    from services.identity.domain.model import Person
    from services.identity.usecases import Identity, Outcome
    from services.kit.db import Connection

_UNKNOWN = "CREDENTIAL_UNKNOWN"


async def upsert_persons(
    identity: Identity, connection: Connection, entries: Sequence[Person | DomainError]
) -> list[Outcome]:
    """Registers persons by id number; the key of each is its person id.

    Of two entries with one id number the later one stays.
    """
    now = identity.clock.now()
    today = civil_date(now)
    outcomes = checked(
        entries, lambda person, at: decide.check_person(person, today=today, at=at), "persons"
    )
    persons: dict[bytes, Person] = {}
    sound: dict[int, bytes] = {}
    for position, entry in enumerate(outcomes):
        if not isinstance(entry, DomainError):
            sound[position] = index = identity.vault.cert_index(entry.cert_number)
            persons[index] = entry
    candidates = {index: (new_id(now), person) for index, person in persons.items()}
    held = await person_store.claim_persons(connection, identity.vault, candidates, now=now)
    known = {
        held[index]: person
        for index, (person_id, person) in candidates.items()
        if held[index] != person_id
    }
    await person_store.write_persons(connection, identity.vault, known, now=now)
    return counted(
        "person",
        [
            entry if isinstance(entry, DomainError) else str(held[sound[position]])
            for position, entry in enumerate(outcomes)
        ],
    )


async def look_up_persons(
    identity: Identity, cert_numbers: Sequence[str], *, lookup: Lookup
) -> list[Outcome]:
    """Returns who has id numbers, in order; the key of each is the person id."""
    now = identity.clock.now()
    today = civil_date(now)
    indexes = [
        identity.vault.cert_index(number) if codes.is_id_number(number, today=today) else None
        for number in cert_numbers
    ]
    held = await person_store.find_person_ids(
        identity.database, [index for index in indexes if index is not None]
    )
    outcomes: list[Outcome] = []
    accesses = []
    for position, index in enumerate(indexes):
        at = f"cert_numbers[{position}]"
        person_id = None if index is None else held.get(index)
        if index is None:
            outcomes.append(IdNumberInvalid(at))
        elif person_id is None:
            outcomes.append(CredentialUnknown(at))
            accesses.append(Access(None, _UNKNOWN))
        else:
            outcomes.append(str(person_id))
            accesses.append(Access(person_id, OK))
    await write_accesses(identity.database, lookup, accesses, now=now)
    return outcomes


async def check_insurances(
    identity: Identity, questions: Sequence[tuple[UUID, str, date]], *, lookup: Lookup
) -> list[Standing]:
    """Returns how persons stand to insured regions, in order.

    Args:
        identity: what to work with.
        questions: person, insured region and civil date of each.
        lookup: who asks, and why.
    """
    persons = await person_store.find_persons(
        identity.database, identity.vault, [person_id for person_id, _, _ in questions]
    )
    standings = [
        decide.standing(persons.get(person_id), region, on) for person_id, region, on in questions
    ]
    accesses = [
        Access(None, _UNKNOWN) if standing is Standing.PERSON_UNKNOWN else Access(person_id, OK)
        for (person_id, _, _), standing in zip(questions, standings, strict=True)
    ]
    await write_accesses(identity.database, lookup, accesses, now=identity.clock.now())
    return standings
