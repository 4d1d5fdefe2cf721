"""Between the contract's messages and the domain; names the field at fault, decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from services.identity.domain.decide import masked_name
from services.identity.domain.errors import FieldInvalid
from services.identity.domain.model import (
    Card,
    CardState,
    Claim,
    Institution,
    Insurance,
    InsuranceStatus,
    Opening,
    Person,
)
from services.kit import codes
from services.kit.errors import DomainError
from services.kit.status import to_status
from services.kit.wire import (
    read_date,
    read_optional_date,
    read_uuid,
    write_date,
    write_optional_date,
)
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import institution_pb2, person_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from services.identity.usecases import Outcome, Proof

T = TypeVar("T")
SERVICE: Final = "identity"

_SEXES: Final[Mapping[int, str]] = {
    bill_pb2.SEX_UNSPECIFIED: "",
    bill_pb2.SEX_MALE: codes.SEX_MALE,
    bill_pb2.SEX_FEMALE: codes.SEX_FEMALE,
}
_SEX_NUMBERS: Final[Mapping[str, Any]] = {code: number for number, code in _SEXES.items()}
_STATUSES: Final[Mapping[int, InsuranceStatus]] = {
    person_pb2.INSURANCE_STATUS_NORMAL: InsuranceStatus.NORMAL,
    person_pb2.INSURANCE_STATUS_SUSPENDED: InsuranceStatus.SUSPENDED,
    person_pb2.INSURANCE_STATUS_ENDED: InsuranceStatus.ENDED,
}
_STATUS_NUMBERS: Final[Mapping[InsuranceStatus, Any]] = {
    status: number for number, status in _STATUSES.items()
}
_CARD_STATES: Final[Mapping[int, CardState]] = {
    person_pb2.CARD_STATE_ACTIVE: CardState.ACTIVE,
    person_pb2.CARD_STATE_LOST: CardState.LOST,
    person_pb2.CARD_STATE_CANCELLED: CardState.CANCELLED,
}
_CREDENTIAL_TYPES: Final[Mapping[int, str]] = {
    person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL: codes.CREDENTIAL_E_CREDENTIAL,
    person_pb2.CREDENTIAL_TYPE_ID_NUMBER: codes.CREDENTIAL_ID_NUMBER,
    person_pb2.CREDENTIAL_TYPE_CARD: codes.CREDENTIAL_CARD,
}
# A person in a request has no id yet: `claim_persons` gives it.
_NO_ID: Final = UUID(int=0)


def read_entries(
    messages: Iterable[Any], read: Callable[[Any, str], T], name: str
) -> list[T | DomainError]:
    """Returns each entry of a batch, or why it cannot be read."""
    entries: list[T | DomainError] = []
    for position, message in enumerate(messages):
        try:
            entries.append(read(message, f"{name}[{position}]"))
        except DomainError as error:
            entries.append(error)
    return entries


def read_person(message: person_pb2.Person, at: str) -> Person:
    """Returns the person of an entry at a path."""
    return Person(
        person_id=_NO_ID,
        cert_number=message.cert_number,
        name=message.name,
        sex=_SEXES[message.sex],
        birth_date=read_date(message.birth_date, f"{at}.birth_date"),
        insurances=tuple(
            _read_insurance(insurance, f"{at}.insurances[{index}]")
            for index, insurance in enumerate(message.insurances)
        ),
    )


def read_card(message: person_pb2.Card, _at: str) -> Card:
    """Returns the card of an entry."""
    return Card(
        card_number=message.card_number,
        person_id=read_uuid(message.person_id),
        issuing_region=message.issuing_region_code,
        state=_CARD_STATES[message.state],
    )


def read_institution(message: institution_pb2.Institution, at: str) -> Institution:
    """Returns the institution of an entry at a path."""
    level = message.hospital_level_code
    return Institution(
        code=message.institution_code,
        name=message.name,
        region=message.region_code,
        level=level,
        price_level=message.price_level_code or level,
        deductible_level=message.deductible_level_code or level,
        openings=tuple(
            Opening(
                medical_type=opening.medical_type_code,
                begin_date=read_date(opening.begin_date, f"{at}.openings[{index}].begin_date"),
                end_date=read_optional_date(opening.end_date, f"{at}.openings[{index}].end_date"),
                disease=opening.disease_code,
            )
            for index, opening in enumerate(message.openings)
        ),
    )


def read_claim(request: pb.VerifyCredentialRequest) -> Claim:
    """Returns what a request asks to have checked beside the credential."""
    return Claim(
        person_id=read_uuid(request.person_id) if request.person_id else None,
        sex=_SEXES[request.sex],
        birth_date=read_optional_date(request.birth_date, "birth_date"),
        insured_region=request.insured_region_code,
        scheme=request.scheme_code,
        medical_type=request.medical_type_code,
        disease=request.disease_code,
    )


def read_credential_type(number: int) -> str:
    """Returns the national code of a credential type."""
    return _CREDENTIAL_TYPES[number]


def read_medical_type(code: str) -> str:
    """Returns a two-digit medical type of a filter, or raises FieldInvalid."""
    if code and code not in codes.MEDICAL_TYPES:
        raise FieldInvalid("medical_type_code", "not a national medical type")
    return code


def parse_position(code: str) -> str:
    """Returns the code after which a page begins, or raises ValueError: a token may be made up."""
    if not codes.is_institution_code(code):
        raise ValueError("not an institution code")
    return code


def write_outcome(outcome: Outcome) -> pb.UpsertResult:
    """Returns the message of an entry's outcome."""
    if isinstance(outcome, DomainError):
        return pb.UpsertResult(error=to_status(outcome, SERVICE))
    return pb.UpsertResult(key=outcome)


def write_proof(proof: Proof) -> pb.VerifyCredentialResponse:
    """Returns the message of a proven credential."""
    person = proof.person
    return pb.VerifyCredentialResponse(
        person_id=str(person.person_id),
        masked_name=masked_name(person.name),
        sex=_SEX_NUMBERS[person.sex],
        birth_date=write_date(person.birth_date),
        insurances=[_write_insurance(insurance) for insurance in proof.insurances],
        institution=write_institution(proof.institution) if proof.institution else None,
    )


def write_institution(institution: Institution) -> institution_pb2.Institution:
    """Returns the message of an institution."""
    return institution_pb2.Institution(
        institution_code=institution.code,
        name=institution.name,
        region_code=institution.region,
        hospital_level_code=institution.level,
        price_level_code=institution.price_level,
        deductible_level_code=institution.deductible_level,
        openings=[
            institution_pb2.Opening(
                medical_type_code=opening.medical_type,
                begin_date=write_date(opening.begin_date),
                end_date=write_optional_date(opening.end_date),
                disease_code=opening.disease,
            )
            for opening in institution.openings
        ],
    )


def _read_insurance(message: person_pb2.Insurance, at: str) -> Insurance:
    return Insurance(
        insured_region=message.insured_region_code,
        scheme=message.scheme_code,
        person_type=message.person_type_code,
        status=_STATUSES[message.status],
        begin_date=read_date(message.begin_date, f"{at}.begin_date"),
        end_date=read_optional_date(message.end_date, f"{at}.end_date"),
    )


def _write_insurance(insurance: Insurance) -> person_pb2.Insurance:
    return person_pb2.Insurance(
        insured_region_code=insurance.insured_region,
        scheme_code=insurance.scheme,
        person_type_code=insurance.person_type,
        status=_STATUS_NUMBERS[insurance.status],
        begin_date=write_date(insurance.begin_date),
        end_date=write_optional_date(insurance.end_date),
    )
