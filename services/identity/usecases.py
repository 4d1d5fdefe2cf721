"""Issuing tokens, proving what a patient shows; and what all use cases of identity work with.

A use case is one async function per command or query: load, decide, write, return domain objects.
A batch never fails for one of its entries: each has an `Outcome`, in order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from services.identity import metrics, store
from services.identity.access_store import OK, write_outcome
from services.identity.domain import decide, institutions
from services.identity.domain.errors import (
    CredentialUnknown,
    FieldInvalid,
    IdNumberInvalid,
    PersonUnknown,
)
from services.kit import codes
from services.kit.clock import civil_date
from services.kit.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime, timedelta
    from uuid import UUID

    from services.identity.access_store import Lookup
    from services.identity.domain.model import Claim, Institution, Insurance, Person
    from services.identity.vault import Vault
    from services.kit.clock import Clock
    from services.kit.db import Database

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


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Question:
    """What is to be proven."""

    credential_type: str
    """`codes.CREDENTIAL_…`."""
    number: str
    """Token, id number or card number, as shown."""
    claim: Claim
    """What to check beside the credential."""
    business_date: date
    """Civil date on which insurance and institution count."""
    institution_code: str = ""
    """Where the patient stands; empty: not checked."""
    use_id: UUID | None = None
    """What a token is used for; None: it is only looked at."""


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """A proven credential."""

    person: Person
    insurances: tuple[Insurance, ...]
    institution: Institution | None


async def issue_token(
    identity: Identity, person_id: UUID, *, lookup: Lookup
) -> tuple[str, datetime]:
    """Issues a token for a person; returns it and until when it is accepted, UTC.

    Raises:
        PersonUnknown: nobody has this id.
    """
    now = identity.clock.now()
    expire_time = now + identity.token_lifetime
    token = identity.vault.new_token(expire_time)
    held = await store.issue_token(
        identity.database,
        index=identity.vault.token_index(token),
        person_id=person_id,
        lookup=lookup,
        now=now,
        expire_time=expire_time,
    )
    if not held:
        raise PersonUnknown("person_id")
    return token, expire_time


async def verify(identity: Identity, question: Question, *, lookup: Lookup) -> Proof:
    """Proves a credential, in one round trip to the database where it is proven.

    A token that is refused for another reason than its own stays as it was, so that a mistake at
    the window costs no fresh one.

    Raises:
        IdNumberInvalid, FieldInvalid: the number cannot be of this type.
        DiseaseUnknown: the disease asked for is none.
        CredentialUnknown, CredentialExpired, CredentialUsed, CardLost, CardCancelled,
        CardNotActive, PersonMismatch, InsuranceNotInForce, InstitutionUnknown,
        InstitutionNotDesignated, InstitutionSuspended, InstitutionNotOpen, DiseaseNotOpen: the
        first that applies.
    """
    kind = question.credential_type
    try:
        proof = await _verify(identity, question, lookup)
    except DomainError as error:
        metrics.VERIFICATIONS.labels(kind, error.reason).inc()
        raise
    metrics.VERIFICATIONS.labels(kind, "PROVEN").inc()
    return proof


async def _verify(identity: Identity, question: Question, lookup: Lookup) -> Proof:
    now, claim = identity.clock.now(), question.claim
    query, index = _search(identity, question, today=civil_date(now))
    _check_codes(claim)
    found = await store.find_evidence(
        identity.database,
        identity.vault,
        query,
        index=index,
        institution_code=question.institution_code,
        use_id=question.use_id,
        lookup=lookup,
        now=now,
    )
    try:
        person, insurances = decide.prove(
            found.evidence,
            claim,
            business_date=question.business_date,
            now=now,
            use_id=question.use_id,
            institution_code=question.institution_code,
        )
        if question.institution_code:
            institutions.check_open(
                found.institution, claim.medical_type, question.business_date, disease=claim.disease
            )
    except DomainError as error:
        if error.reason != found.outcome:
            await write_outcome(identity.database, found.access_id, error.reason)
        if found.look_number is not None and found.evidence and found.evidence.token_use:
            held = found.evidence.token_use
            await store.release_token(
                identity.database, index=index, held=held, look_number=found.look_number
            )
        raise
    if found.outcome != OK:
        # A token that is repeated for its use after it expired: the statement cannot tell.
        await write_outcome(identity.database, found.access_id, OK)
    return Proof(person, insurances, found.institution)


def checked(
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


def counted(resource: str, outcomes: list[Outcome]) -> list[Outcome]:
    """Counts the outcomes of a batch and returns them."""
    said = Counter(
        outcome.reason if isinstance(outcome, DomainError) else "ACCEPTED" for outcome in outcomes
    )
    for reason, count in said.items():
        metrics.REGISTERED.labels(resource, reason).inc(count)
    return outcomes


def _search(identity: Identity, question: Question, *, today: date) -> tuple[str, bytes]:
    field: Final = "credential.number"
    number = question.number
    if question.credential_type == codes.CREDENTIAL_ID_NUMBER:
        if not codes.is_id_number(number, today=today):
            raise IdNumberInvalid(field)
        return store.FIND_BY_CERT, identity.vault.cert_index(number)
    if question.credential_type == codes.CREDENTIAL_CARD:
        if not codes.is_card_number(number):
            raise FieldInvalid(field, "not the shape of a card number")
        return store.FIND_BY_CARD, identity.vault.card_index(number)
    if not codes.is_credential_token(number):
        raise FieldInvalid(field, "not the shape of a token")
    if not identity.vault.is_our_token(number):
        # Not issued by us: no need to look, and a flood of guesses costs the database nothing.
        raise CredentialUnknown
    return store.FIND_BY_TOKEN, identity.vault.token_index(number)


def _check_codes(claim: Claim) -> None:
    if claim.medical_type and not codes.is_medical_type(claim.medical_type):
        raise FieldInvalid("medical_type_code", "not a national medical type")
    institutions.check_disease(claim.disease, claim.medical_type, at="disease_code")
