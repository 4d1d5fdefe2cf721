"""What identity decides. Pure: dates and instants come in as arguments.

Every refusal is one of `errors`; when several apply, the order written at IdentityService in the
contract holds, and a test holds us to it.
"""

from __future__ import annotations

from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

from services.identity.domain.card_states import CardState
from services.identity.domain.cards import check_card
from services.identity.domain.errors import (
    CardAlreadyActive,
    CardCancelled,
    CardLost,
    CardNotActive,
    CredentialUnknown,
    FieldInvalid,
    IdNumberInvalid,
    InsuranceNotInForce,
    PersonMismatch,
    RegionUnknown,
)
from services.identity.domain.names import check_name
from services.identity.domain.tokens import check_token
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from services.identity.domain.model import (
        CardKind,
        Claim,
        Evidence,
        Insurance,
        Person,
        PersonRow,
    )

# --- registering --------------------------------------------------------------------------------


def check_person(person: Person, *, today: date, at: str) -> None:
    """Checks a person to be registered.

    Args:
        person: as the insured region reports it.
        today: civil date that no birth date may lie after.
        at: path of the entry in the request, e.g. `persons[3]`.

    Raises:
        IdNumberInvalid: the id number fails GB 11643.
        PersonMismatch: sex or birth date contradict the id number.
        FieldInvalid: the name, a code or a period means nothing.
        RegionUnknown: an insured region is not in the area list.
    """
    number = codes.parse_id_number(person.cert_number, today=today)
    if number is None:
        raise IdNumberInvalid(f"{at}.cert_number")
    differing = []
    if person.sex != number.sex:
        differing.append(f"{at}.sex")
    if person.birth_date != number.birth_date:
        differing.append(f"{at}.birth_date")
    if differing:
        raise PersonMismatch(*differing)
    check_name(person.name, at=f"{at}.name")
    for index, insurance in enumerate(person.insurances):
        _check_insurance(insurance, at=f"{at}.insurances[{index}]")
    _check_no_overlap(person.insurances, at=f"{at}.insurances")


def check_row(row: PersonRow, *, today: date, at: str) -> None:
    """Checks a person with their cards, apart from what is held of them.

    Raises:
        DomainError: those of `check_person` and `cards.check_card`.
        FieldInvalid: one card is named twice.
        CardAlreadyActive: two cards of one kind are active.
    """
    check_person(row.person, today=today, at=f"{at}.person")
    numbers: set[str] = set()
    active: set[CardKind] = set()
    for index, card in enumerate(row.cards):
        path = f"{at}.cards[{index}]"
        check_card(card, at=path)
        if card.card_number in numbers:
            raise FieldInvalid(f"{path}.card_number", "named twice in one row")
        numbers.add(card.card_number)
        if card.state is CardState.ACTIVE:
            if card.kind in active:
                raise CardAlreadyActive(f"{path}.state")
            active.add(card.kind)


def _check_insurance(insurance: Insurance, *, at: str) -> None:
    if not codes.is_known_area(insurance.insured_region):
        raise RegionUnknown(f"{at}.insured_region_code")
    if insurance.scheme not in codes.SCHEMES:
        raise FieldInvalid(f"{at}.scheme_code", "not a scheme of the national dictionary")
    if not codes.is_person_type(insurance.person_type):
        raise FieldInvalid(f"{at}.person_type_code", "not a person type")
    if insurance.end_date is not None and insurance.end_date < insurance.begin_date:
        raise FieldInvalid(f"{at}.end_date", "before begin_date")


def _check_no_overlap(insurances: Iterable[Insurance], *, at: str) -> None:
    # Two relations of one scheme on one day would leave open whose fund pays.
    ordered = sorted(insurances, key=lambda i: (i.scheme, i.begin_date))
    for one, other in pairwise(ordered):
        if one.scheme == other.scheme and (
            one.end_date is None or other.begin_date <= one.end_date
        ):
            raise FieldInvalid(at, "two periods of one scheme overlap")


# --- proving ------------------------------------------------------------------------------------


def check_usable(
    evidence: Evidence, *, use_id: UUID | None, institution_code: str, now: datetime
) -> None:
    """Checks the state of the credential that was shown.

    Raises:
        CredentialExpired, CredentialUsed: see `tokens.check_token`.
        CardLost: the card is reported lost.
        CardCancelled: the card is cancelled.
        CardNotActive: the card was not activated, or was replaced.
    """
    if evidence.token_use is not None:
        check_token(evidence.token_use, use_id=use_id, institution_code=institution_code, now=now)
    state = evidence.card_state
    if state is CardState.LOST:
        raise CardLost
    if state is CardState.CANCELLED:
        raise CardCancelled
    if state not in {None, CardState.ACTIVE}:
        raise CardNotActive(state.value)


def check_claim(person: Person, claim: Claim) -> None:
    """Checks that the patient's record at the hospital is of the credential's holder.

    Raises:
        PersonMismatch: names every field that differs.
    """
    differing = []
    if claim.person_id is not None and claim.person_id != person.person_id:
        differing.append("person_id")
    if claim.sex and claim.sex != person.sex:
        differing.append("sex")
    if claim.birth_date is not None and claim.birth_date != person.birth_date:
        differing.append("birth_date")
    if differing:
        raise PersonMismatch(*differing)


def insurances_in_force(
    insurances: Iterable[Insurance], on: date, *, insured_region: str = "", scheme: str = ""
) -> tuple[Insurance, ...]:
    """Returns the relations that pay on a civil date, narrowed to what is named.

    Regions are compared by pooling area: 131199 (the city's own agency) is 131100.
    """
    return tuple(
        insurance
        for insurance in insurances
        if insurance.in_force(on)
        and scheme in {"", insurance.scheme}
        and (
            not insured_region
            or codes.pooling_area_of(insured_region)
            == codes.pooling_area_of(insurance.insured_region)
        )
    )


def prove(
    evidence: Evidence | None,
    claim: Claim,
    *,
    business_date: date,
    now: datetime,
    use_id: UUID | None = None,
    institution_code: str = "",
) -> tuple[Person, tuple[Insurance, ...]]:
    """Decides whether a shown credential proves an insured patient.

    Args:
        evidence: what the store knows of the credential; None: nothing.
        claim: what the caller asks to have checked.
        business_date: civil date on which insurance must be in force.
        now: instant, UTC, at which a token must still be accepted.
        use_id: what a token is to be used for; None: it is only looked at.
        institution_code: where the patient stands; empty: not stated.

    Returns:
        The holder and the insurances in force, at least one.

    Raises:
        CredentialUnknown, CredentialExpired, CredentialUsed, CardLost, CardCancelled,
        CardNotActive, PersonMismatch, InsuranceNotInForce: the first that applies, in this order.
    """
    if evidence is None:
        raise CredentialUnknown
    check_usable(evidence, use_id=use_id, institution_code=institution_code, now=now)
    check_claim(evidence.person, claim)
    in_force = insurances_in_force(
        evidence.person.insurances,
        business_date,
        insured_region=claim.insured_region,
        scheme=claim.scheme,
    )
    if not in_force:
        raise InsuranceNotInForce(insured_region=claim.insured_region, scheme=claim.scheme)
    return evidence.person, in_force


class Standing(Enum):
    """How a person stands to a region on a date."""

    IN_FORCE = "IN_FORCE"
    NOT_IN_FORCE = "NOT_IN_FORCE"
    """Insured there, but suspended, ended or outside the period."""
    ELSEWHERE = "ELSEWHERE"
    PERSON_UNKNOWN = "PERSON_UNKNOWN"


def standing(person: Person | None, insured_region: str, on: date) -> Standing:
    """Returns how a person stands to a region on a civil date; regions by pooling area."""
    if person is None:
        return Standing.PERSON_UNKNOWN
    area = codes.pooling_area_of(insured_region)
    there = [
        insurance
        for insurance in person.insurances
        if codes.pooling_area_of(insurance.insured_region) == area
    ]
    if not there:
        return Standing.ELSEWHERE
    return (
        Standing.IN_FORCE
        if any(insurance.in_force(on) for insurance in there)
        else Standing.NOT_IN_FORCE
    )


def masked_name(name: str) -> str:
    """Returns a name with all but the first character hidden: 张三丰 → 张**; 张 → *."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*"
