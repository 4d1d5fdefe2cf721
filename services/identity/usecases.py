"""One async function per command or query: load, decide, write, return domain objects.

A batch never fails for one of its entries: each has an `Outcome`, in order.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from services.identity import metrics, store
from services.identity.domain import decide
from services.identity.domain.errors import (
    FieldInvalid,
    IdNumberInvalid,
    InstitutionUnknown,
    PersonUnknown,
)
from services.kit import codes
from services.kit.clock import civil_date
from services.kit.errors import DomainError
from services.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from services.identity.domain.model import Card, Claim, Institution, Insurance, Person
    from services.identity.vault import Vault
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database

T = TypeVar("T")
Outcome = str | DomainError
"""Key of an entry that was registered, or why it was refused."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the use cases work with; made once, by `app.running`."""

    database: Database
    vault: Vault
    clock: Clock
    token_lifetime: timedelta


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """A proven credential."""

    person: Person
    insurances: tuple[Insurance, ...]
    institution: Institution | None


async def upsert_persons(
    identity: Identity, connection: Connection, entries: Sequence[Person | DomainError]
) -> list[Outcome]:
    """Registers persons by id number; the key of each is its person id.

    Of two entries with one id number the later one stays.
    """
    now = identity.clock.now()
    outcomes = _checked(
        entries,
        lambda person, at: decide.check_person(person, today=civil_date(now), at=at),
        "persons",
    )
    sound = {
        position: (identity.vault.cert_index(entry.cert_number), entry)
        for position, entry in enumerate(outcomes)
        if not isinstance(entry, DomainError)
    }
    held = await store.claim_persons(
        connection, {index: new_id(now) for index, _ in sound.values()}, now=now
    )
    await store.write_persons(
        connection,
        identity.vault,
        {held[index]: person for index, person in sound.values()},
        now=now,
    )
    return _counted(
        "person",
        [
            entry if isinstance(entry, DomainError) else str(held[sound[position][0]])
            for position, entry in enumerate(outcomes)
        ],
    )


async def upsert_cards(
    identity: Identity, connection: Connection, entries: Sequence[Card | DomainError]
) -> list[Outcome]:
    """Registers cards by number, one after the other; the key of each is its holder's person id."""
    now = identity.clock.now()
    outcomes = _checked(entries, lambda card, at: decide.check_card(card, at=at), "cards")
    holders = await store.find_holders(
        connection, [card.person_id for card in outcomes if not isinstance(card, DomainError)]
    )
    candidates: dict[bytes, Card] = {}
    for position, card in enumerate(outcomes):
        if isinstance(card, DomainError):
            continue
        if card.person_id not in holders:
            outcomes[position] = PersonUnknown(f"cards[{position}].person_id")
            continue
        candidates.setdefault(identity.vault.card_index(card.card_number), card)
    held = await store.claim_cards(connection, identity.vault, candidates, now=now)
    before = {index: card.state if card else None for index, card in held.items()}
    written: dict[bytes, Card] = {}
    results: list[Outcome] = []
    for position, card in enumerate(outcomes):
        if isinstance(card, DomainError):
            results.append(card)
            continue
        index = identity.vault.card_index(card.card_number)
        try:
            decide.check_card_change(held[index], card, at=f"cards[{position}]")
        except DomainError as error:
            results.append(error)
            continue
        held[index] = written[index] = card
        results.append(str(card.person_id))
    changed = [index for index, card in written.items() if card.state is not before[index]]
    await store.write_cards(connection, identity.vault, written, changed=changed, now=now)
    return _counted("card", results)


async def upsert_institutions(
    identity: Identity, connection: Connection, entries: Sequence[Institution | DomainError]
) -> list[Outcome]:
    """Registers institutions by code, which is the key of each.

    Of two entries with one code the later one stays.
    """
    outcomes = _checked(
        entries,
        lambda institution, at: decide.check_institution(institution, at=at),
        "institutions",
    )
    sound = {entry.code: entry for entry in outcomes if not isinstance(entry, DomainError)}
    await store.write_institutions(connection, sound.values(), now=identity.clock.now())
    return _counted(
        "institution",
        [entry if isinstance(entry, DomainError) else entry.code for entry in outcomes],
    )


async def issue_token(identity: Identity, person_id: UUID) -> tuple[str, datetime]:
    """Issues a token for a person; returns it and until when it is accepted, UTC.

    Raises:
        PersonUnknown: nobody has this id.
    """
    now = identity.clock.now()
    expire_time = now + identity.token_lifetime
    token = "".join(secrets.choice(codes.TOKEN_ALPHABET) for _ in range(codes.TOKEN_LENGTH))
    held = await store.issue_token(
        identity.database,
        index=identity.vault.token_index(token),
        person_id=person_id,
        now=now,
        expire_time=expire_time,
    )
    if not held:
        raise PersonUnknown("person_id")
    return token, expire_time


async def verify(
    identity: Identity,
    *,
    credential_type: str,
    number: str,
    claim: Claim,
    business_date: date,
    institution_code: str,
) -> Proof:
    """Proves a credential, in one round trip to the database.

    Args:
        identity: what to work with.
        credential_type: `codes.CREDENTIAL_…`.
        number: token, id number or card number, as shown.
        claim: what to check beside the credential.
        business_date: civil date on which insurance and institution count.
        institution_code: where the patient stands; empty: not checked.

    Raises:
        IdNumberInvalid, FieldInvalid: the number cannot be of this type.
        DiseaseUnknown: the disease asked for is none.
        CredentialUnknown, CredentialExpired, CardLost, CardCancelled, PersonMismatch,
        InsuranceNotInForce, InstitutionUnknown, InstitutionNotOpen, DiseaseNotOpen: the first that
        applies.
    """
    now = identity.clock.now()
    try:
        query, index = _search(identity, credential_type, number, today=civil_date(now))
        _check_codes(claim)
        evidence, institution = await store.find_evidence(
            identity.database, identity.vault, query, index=index, institution_code=institution_code
        )
        person, insurances = decide.prove(evidence, claim, business_date=business_date, now=now)
        if institution_code:
            decide.check_open(institution, claim.medical_type, business_date, disease=claim.disease)
    except DomainError as error:
        metrics.VERIFICATIONS.labels(credential_type, error.reason).inc()
        raise
    metrics.VERIFICATIONS.labels(credential_type, "PROVEN").inc()
    return Proof(person, insurances, institution)


async def get_institution(identity: Identity, code: str) -> Institution:
    """Returns an institution.

    Raises:
        InstitutionUnknown: it is not registered.
    """
    institution = await store.get_institution(identity.database, code)
    if institution is None:
        raise InstitutionUnknown
    return institution


async def list_institutions(
    identity: Identity, *, after: str, region: str, medical_type: str, count: int
) -> list[Institution]:
    """Returns institutions by code, from the one after `after`.

    Args:
        identity: what to work with.
        after: code; empty: from the first.
        region: six digits of a province, prefecture or county; empty: all.
        medical_type: only those opened for it today; empty: all.
        count: how many at most.
    """
    return await store.list_institutions(
        identity.database,
        after=after,
        region_prefix=_prefix(region),
        medical_type=medical_type,
        on=civil_date(identity.clock.now()),
        count=count,
    )


def _checked(
    entries: Sequence[T | DomainError], check: Callable[[T, str], None], name: str
) -> list[T | DomainError]:
    """Returns the entries with those that fail `check` replaced by why."""
    outcomes: list[T | DomainError] = []
    for position, entry in enumerate(entries):
        outcome: T | DomainError = entry
        if not isinstance(entry, DomainError):
            try:
                check(entry, f"{name}[{position}]")
            except DomainError as error:
                outcome = error
        outcomes.append(outcome)
    return outcomes


def _counted(resource: str, outcomes: list[Outcome]) -> list[Outcome]:
    for outcome in outcomes:
        said = outcome.reason if isinstance(outcome, DomainError) else "ACCEPTED"
        metrics.REGISTERED.labels(resource, said).inc()
    return outcomes


def _search(
    identity: Identity, credential_type: str, number: str, *, today: date
) -> tuple[str, bytes]:
    field: Final = "credential.number"
    if credential_type == codes.CREDENTIAL_ID_NUMBER:
        if not codes.is_id_number(number, today=today):
            raise IdNumberInvalid(field)
        return store.FIND_BY_CERT, identity.vault.cert_index(number)
    if credential_type == codes.CREDENTIAL_CARD:
        if not codes.is_card_number(number):
            raise FieldInvalid(field, "not the shape of a card number")
        return store.FIND_BY_CARD, identity.vault.card_index(number)
    if not codes.is_credential_token(number):
        raise FieldInvalid(field, "not the shape of a token")
    return store.FIND_BY_TOKEN, identity.vault.token_index(number)


def _check_codes(claim: Claim) -> None:
    if claim.medical_type and not codes.is_medical_type(claim.medical_type):
        raise FieldInvalid("medical_type_code", "not a national medical type")
    decide.check_disease(claim.disease, claim.medical_type, at="disease_code")


def _prefix(region: str) -> str:
    # A province stands for its prefectures, a prefecture for its counties: 640000 → 64.
    if region.endswith("0000"):
        return region[:2]
    return region[:4] if region.endswith("00") else region
