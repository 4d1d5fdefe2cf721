"""What identity decides. Pure: dates and instants come in as arguments.

Every refusal is one of `errors`; when several apply, the order written at IdentityService in the
contract holds, and a test holds us to it.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.identity.domain.errors import (
    CardCancelled,
    CardLost,
    CredentialExpired,
    CredentialUnknown,
    DiseaseNotOpen,
    DiseaseUnknown,
    FieldInvalid,
    IdNumberInvalid,
    InstitutionNotOpen,
    InstitutionUnknown,
    InsuranceNotInForce,
    PersonMismatch,
    RegionUnknown,
)
from services.identity.domain.model import CardState
from services.kit import codes, diseases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from services.identity.domain.model import (
        Card,
        Claim,
        Evidence,
        Institution,
        Insurance,
        Person,
    )

CARD_TRANSITIONS: Final[Mapping[CardState, frozenset[CardState]]] = {
    CardState.ACTIVE: frozenset({CardState.ACTIVE, CardState.LOST, CardState.CANCELLED}),
    CardState.LOST: frozenset({CardState.ACTIVE, CardState.LOST, CardState.CANCELLED}),
    CardState.CANCELLED: frozenset({CardState.CANCELLED}),
}
"""Which state a card may be given next; a cancelled card never comes back."""

# What no name holds: controls (NUL cannot be stored as text), invisible and bidirectional marks,
# surrogates. Private-use and unassigned code points stay: rare characters of real names are there.
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


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


def check_name(name: str, *, at: str) -> None:
    """Checks the name of a person or an institution.

    Raises:
        FieldInvalid: blank, padded, or with characters that cannot be printed.
    """
    if not name or name != name.strip():
        raise FieldInvalid(at, "is blank or padded")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in name):
        raise FieldInvalid(at, "holds characters that cannot be printed")


def check_card(card: Card, *, at: str) -> None:
    """Checks a card to be registered, apart from its holder and its present state.

    Raises:
        FieldInvalid: the number has no card's shape.
        RegionUnknown: the issuing region is not in the area list.
    """
    if not codes.is_card_number(card.card_number):
        raise FieldInvalid(f"{at}.card_number", "not the shape of a card number")
    if not codes.is_known_area(card.issuing_region):
        raise RegionUnknown(f"{at}.issuing_region_code")


def check_card_change(held: Card | None, wanted: Card, *, at: str) -> None:
    """Checks that a card may become what is wanted.

    Raises:
        PersonMismatch: the card is another person's; a card is never handed on.
        CardCancelled: the card is cancelled and something else is wanted.
    """
    if held is None:
        return
    if held.person_id != wanted.person_id:
        raise PersonMismatch(f"{at}.person_id")
    if wanted.state not in CARD_TRANSITIONS[held.state]:
        raise CardCancelled(f"{at}.state")


def check_institution(institution: Institution, *, at: str) -> None:
    """Checks an institution to be registered.

    Raises:
        FieldInvalid: a code, the name or an opening means nothing.
        DiseaseUnknown: an opening is for a disease that there is not.
        RegionUnknown: the region is not in the area list.
    """
    if not codes.is_institution_code(institution.code):
        raise FieldInvalid(f"{at}.institution_code", "not the code of an institution")
    check_name(institution.name, at=f"{at}.name")
    if not codes.is_known_area(institution.region):
        raise RegionUnknown(f"{at}.region_code")
    if codes.province_of(institution.region) != codes.province_of(
        codes.institution_area(institution.code)
    ):
        raise FieldInvalid(f"{at}.region_code", "in another province than the code says")
    for name, level in (
        ("hospital_level_code", institution.level),
        ("price_level_code", institution.price_level),
        ("deductible_level_code", institution.deductible_level),
    ):
        if level not in codes.INSTITUTION_LEVELS:
            raise FieldInvalid(f"{at}.{name}", "not a level of the national dictionary")
    _check_openings(institution, at=f"{at}.openings")


def _check_openings(institution: Institution, *, at: str) -> None:
    pharmacy = codes.is_pharmacy_code(institution.code)
    for index, opening in enumerate(institution.openings):
        path = f"{at}[{index}]"
        if opening.medical_type not in codes.MEDICAL_TYPES:
            raise FieldInvalid(f"{path}.medical_type_code", "not a national medical type")
        if pharmacy and codes.is_inpatient_type(opening.medical_type):
            raise FieldInvalid(f"{path}.medical_type_code", "a pharmacy has no stays")
        if opening.end_date is not None and opening.end_date < opening.begin_date:
            raise FieldInvalid(f"{path}.end_date", "before begin_date")
        check_disease(opening.disease, opening.medical_type, at=f"{path}.disease_code")


def check_disease(disease: str, medical_type: str, *, at: str) -> None:
    """Checks a chronic disease beside its medical type; an empty one names none.

    Raises:
        FieldInvalid: the medical type is not that of chronic diseases.
        DiseaseUnknown: no disease has this code.
    """
    if not disease:
        return
    if codes.medical_type_parent(medical_type) != diseases.MEDICAL_TYPE:
        raise FieldInvalid(at, "only with medical type 14")
    if not diseases.is_known_disease(disease):
        raise DiseaseUnknown(at)


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


def check_usable(evidence: Evidence, *, now: datetime) -> None:
    """Checks the state of the credential that was shown.

    Raises:
        CredentialExpired: the token's time is over at `now`.
        CardLost: the card is reported lost.
        CardCancelled: the card is cancelled.
    """
    if evidence.token_expire_time is not None and evidence.token_expire_time <= now:
        raise CredentialExpired
    if evidence.card_state is CardState.LOST:
        raise CardLost
    if evidence.card_state is CardState.CANCELLED:
        raise CardCancelled


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


def is_open(institution: Institution, medical_type: str, on: date, *, disease: str = "") -> bool:
    """Tells whether the institution may settle this business across provinces on a date.

    Args:
        institution: with its openings, by national two-digit type.
        medical_type: two to six digits; local children count as their parent.
        on: civil date of the business.
        disease: chronic disease that an opening must be for: its own, that of the disease it
            belongs to, or one for every disease. Empty: any opening of the medical type will do.
    """
    parent = codes.medical_type_parent(medical_type)
    return any(
        opening.medical_type == parent
        and opening.in_force(on)
        and (not disease or not opening.disease or diseases.covers(opening.disease, disease))
        for opening in institution.openings
    )


def check_open(
    institution: Institution | None, medical_type: str, on: date, *, disease: str = ""
) -> None:
    """Checks the institution where the patient stands.

    Raises:
        InstitutionUnknown: it is not registered.
        InstitutionNotOpen: a medical type is named and it is not opened for it.
        DiseaseNotOpen: a disease is named and it is opened for others only.
    """
    if institution is None:
        raise InstitutionUnknown
    if medical_type and not is_open(institution, medical_type, on):
        raise InstitutionNotOpen(codes.medical_type_parent(medical_type))
    if disease and not is_open(institution, medical_type, on, disease=disease):
        raise DiseaseNotOpen


def prove(
    evidence: Evidence | None, claim: Claim, *, business_date: date, now: datetime
) -> tuple[Person, tuple[Insurance, ...]]:
    """Decides whether a shown credential proves an insured patient.

    Args:
        evidence: what the store knows of the credential; None: nothing.
        claim: what the caller asks to have checked.
        business_date: civil date on which insurance must be in force.
        now: instant, UTC, at which a token must still be accepted.

    Returns:
        The holder and the insurances in force, at least one.

    Raises:
        CredentialUnknown, CredentialExpired, CardLost, CardCancelled, PersonMismatch,
        InsuranceNotInForce: the first that applies, in this order.
    """
    if evidence is None:
        raise CredentialUnknown
    check_usable(evidence, now=now)
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


def masked_name(name: str) -> str:
    """Returns a name with all but the first character hidden: 张三丰 → 张**; 张 → *."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*"
