"""Between the contract's messages and the domain; names the field at fault, decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from services.identity.card_messages import NO_ID, read_row_card
from services.identity.domain.decide import masked_name
from services.identity.domain.model import (
    Claim,
    Insurance,
    InsuranceStatus,
    Person,
    PersonRow,
)
from services.identity.institution_messages import write_institution
from services.identity.usecases import Question
from services.kit import codes
from services.kit.errors import DomainError, InvalidArgument
from services.kit.interceptors.validation import check_entry
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
from yijie.identity.v1 import person_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date
    from uuid import UUID

    from services.identity.domain.decide import Standing
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
_CREDENTIAL_TYPES: Final[Mapping[int, str]] = {
    person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL: codes.CREDENTIAL_E_CREDENTIAL,
    person_pb2.CREDENTIAL_TYPE_ID_NUMBER: codes.CREDENTIAL_ID_NUMBER,
    person_pb2.CREDENTIAL_TYPE_CARD: codes.CREDENTIAL_CARD,
}


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
        person_id=NO_ID,
        cert_number=message.cert_number,
        name=message.name,
        sex=_SEXES[message.sex],
        birth_date=read_date(message.birth_date, f"{at}.birth_date"),
        insurances=tuple(
            _read_insurance(insurance, f"{at}.insurances[{index}]")
            for index, insurance in enumerate(message.insurances)
        ),
    )


def read_row(message: pb.PersonRow, at: str) -> PersonRow:
    """Returns a row at a path; the contract's rules count per row, not for the batch.

    Raises:
        InvalidArgument: names every field that breaks a rule.
    """
    violations = check_entry(message, at)
    if violations:
        text = "; ".join(violation.description for violation in violations[:3])
        raise InvalidArgument("FIELD_INVALID", text, violations=violations)
    return PersonRow(
        read_person(message.person, f"{at}.person"),
        tuple([read_row_card(card) for card in message.cards]),
    )


def read_question(request: pb.VerifyCredentialRequest) -> Question:
    """Returns what a request asks to have proven."""
    return Question(
        credential_type=_CREDENTIAL_TYPES[request.credential.type],
        number=request.credential.number,
        claim=read_claim(request),
        business_date=read_date(request.business_date, "business_date"),
        institution_code=request.institution_code,
        use_id=read_uuid(request.use_id) if request.use_id else None,
    )


def read_insurance_questions(
    request: pb.CheckInsurancesRequest,
) -> list[tuple[UUID, str, date]]:
    """Returns person, insured region and date of each entry."""
    return [
        (
            read_uuid(entry.person_id),
            entry.insured_region_code,
            read_date(entry.on_date, f"entries[{position}].on_date"),
        )
        for position, entry in enumerate(request.entries)
    ]


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


def write_outcome(outcome: Outcome) -> pb.UpsertResult:
    """Returns the message of an entry's outcome."""
    if isinstance(outcome, DomainError):
        return pb.UpsertResult(error=to_status(outcome, SERVICE))
    return pb.UpsertResult(key=outcome)


def write_standing(standing: Standing) -> Any:
    """Returns the number of a standing in the contract."""
    return pb.InsuranceStanding.Value(f"INSURANCE_STANDING_{standing.value}")


def write_proof(proof: Proof, *, today: date) -> pb.VerifyCredentialResponse:
    """Returns the message of a proven credential."""
    institution = proof.institution
    person = proof.person
    return pb.VerifyCredentialResponse(
        person_id=str(person.person_id),
        masked_name=masked_name(person.name),
        sex=_SEX_NUMBERS[person.sex],
        birth_date=write_date(person.birth_date),
        insurances=[_write_insurance(insurance) for insurance in proof.insurances],
        institution=write_institution(institution, today=today) if institution else None,
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
