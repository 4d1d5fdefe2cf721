"""Between messages of institutions and the domain; names the field at fault, decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.identity.domain.errors import FieldInvalid
from services.identity.domain.institutions import HOSPITAL, PHARMACY, check_disease, type_code_of
from services.identity.domain.model import Institution, Opening, Suspension
from services.identity.domain.names import check_name
from services.identity.institution_search import Search
from services.kit import codes, diseases
from services.kit.errors import InvalidArgument
from services.kit.interceptors.validation import check_entry
from services.kit.wire import read_date, read_optional_date, write_date, write_optional_date
from yijie.identity.v1 import institution_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from yijie.identity.v1 import institution_service_pb2

_TYPES: Final[Mapping[int, str]] = {
    institution_pb2.INSTITUTION_TYPE_UNSPECIFIED: "",
    institution_pb2.INSTITUTION_TYPE_HOSPITAL: HOSPITAL,
    institution_pb2.INSTITUTION_TYPE_PHARMACY: PHARMACY,
}
_TYPE_NUMBERS: Final[Mapping[str, Any]] = {code: number for number, code in _TYPES.items()}


def read_institution(message: institution_pb2.Institution, at: str) -> Institution:
    """Returns the institution of an entry at a path.

    Raises:
        InvalidArgument: FIELD_INVALID, naming every field that breaks a rule of the contract.
    """
    violations = check_entry(message, at)
    if violations:
        text = "; ".join(violation.description for violation in violations[:3])
        raise InvalidArgument("FIELD_INVALID", text, violations=violations)
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
        type_code=_TYPES[message.type] or type_code_of(message.institution_code),
        begin_date=read_optional_date(message.begin_date, f"{at}.begin_date"),
        end_date=read_optional_date(message.end_date, f"{at}.end_date"),
        address=message.address,
        national_platform_code=message.national_platform_code,
    )


def read_suspension(message: institution_pb2.Suspension, suspension_id: UUID) -> Suspension:
    """Returns the suspension of a request, with the id that it is given."""
    return Suspension(
        suspension_id=suspension_id,
        medical_type=message.medical_type_code,
        begin_date=read_date(message.begin_date, "suspension.begin_date"),
        end_date=read_optional_date(message.end_date, "suspension.end_date"),
        reason=message.reason,
    )


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


def read_search(request: institution_service_pb2.SearchInstitutionsRequest) -> Search:
    """Returns what is searched for, without the page.

    Raises:
        FieldInvalid, DiseaseUnknown: a code of the request means nothing.
    """
    medical_type = read_medical_type(request.medical_type_code)
    if request.disease_code:
        medical_type = medical_type or diseases.MEDICAL_TYPE
    check_disease(request.disease_code, medical_type, at="disease_code")
    name = request.name_contains.strip()
    if name:
        check_name(name, at="name_contains")
    return Search(
        region=request.region_code,
        level=request.hospital_level_code,
        medical_type=medical_type,
        disease=request.disease_code,
        type_code=_TYPES[request.type],
        name=name,
        on=read_optional_date(request.on_date, "on_date"),
        include_closed=request.include_closed,
    )


def write_institution(
    institution: Institution, *, today: date | None = None
) -> institution_pb2.Institution:
    """Returns the message of an institution.

    With the suspensions that are in force or to come on `today`; None: without suspensions.
    """
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
        type=_TYPE_NUMBERS[institution.type_code],
        begin_date=write_optional_date(institution.begin_date),
        end_date=write_optional_date(institution.end_date),
        address=institution.address,
        national_platform_code=institution.national_platform_code,
        suspensions=[
            _write_suspension(suspension)
            for suspension in institution.suspensions
            if today is not None and (suspension.end_date is None or suspension.end_date >= today)
        ],
    )


def _write_suspension(suspension: Suspension) -> institution_pb2.Suspension:
    return institution_pb2.Suspension(
        suspension_id=str(suspension.suspension_id),
        medical_type_code=suspension.medical_type,
        begin_date=write_date(suspension.begin_date),
        end_date=write_optional_date(suspension.end_date),
        reason=suspension.reason,
    )
