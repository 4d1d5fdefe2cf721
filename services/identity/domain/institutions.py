"""What identity decides of institutions (定点医药机构). Pure: civil dates come in as arguments."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.identity.domain.errors import (
    DiseaseNotOpen,
    DiseaseUnknown,
    FieldInvalid,
    InstitutionNotDesignated,
    InstitutionNotOpen,
    InstitutionSuspended,
    InstitutionUnknown,
    RegionUnknown,
)
from services.identity.domain.names import check_name
from services.kit import codes, diseases

if TYPE_CHECKING:
    from datetime import date

    from services.identity.domain.model import Institution, Opening, Suspension

HOSPITAL: Final = "1"
PHARMACY: Final = "2"


def type_code_of(institution_code: str) -> str:
    """Returns the type of institution (定点医药机构类型) that a code says."""
    return PHARMACY if institution_code.startswith("P") else HOSPITAL


def province_of(institution_code: str) -> str:
    """Returns the province in a valid code: H64010400001 → 640000."""
    return codes.province_of(codes.institution_area(institution_code))


def check_institution(institution: Institution, *, at: str) -> None:
    """Checks an institution to be registered.

    Raises:
        FieldInvalid: a code, the name or an opening means nothing.
        DiseaseUnknown: an opening is for a disease that there is not.
        RegionUnknown: the region is not in the area list.
    """
    if not codes.is_institution_code(institution.code):
        raise FieldInvalid(f"{at}.institution_code", "not the code of an institution")
    if institution.type_code not in {"", type_code_of(institution.code)}:
        raise FieldInvalid(f"{at}.type", "another type than the code says")
    check_name(institution.name, at=f"{at}.name")
    if institution.address:
        check_name(institution.address, at=f"{at}.address")
    if not codes.is_known_area(institution.region):
        raise RegionUnknown(f"{at}.region_code")
    if codes.province_of(institution.region) != province_of(institution.code):
        raise FieldInvalid(f"{at}.region_code", "in another province than the code says")
    for name, level in (
        ("hospital_level_code", institution.level),
        ("price_level_code", institution.price_level),
        ("deductible_level_code", institution.deductible_level),
    ):
        if level not in codes.INSTITUTION_LEVELS:
            raise FieldInvalid(f"{at}.{name}", "not a level of the national dictionary")
    if (
        institution.begin_date is not None
        and institution.end_date is not None
        and institution.end_date < institution.begin_date
    ):
        raise FieldInvalid(f"{at}.end_date", "before begin_date")
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
    _check_no_overlap(institution.openings, at=at)


def _check_no_overlap(openings: tuple[Opening, ...], *, at: str) -> None:
    # Two periods of one business on one day: whoever ends the one would believe it closed.
    ordered = sorted(
        enumerate(openings), key=lambda n: (n[1].medical_type, n[1].disease, n[1].begin_date)
    )
    for (_, one), (index, other) in pairwise(ordered):
        if (one.medical_type, one.disease) == (other.medical_type, other.disease) and (
            one.end_date is None or other.begin_date <= one.end_date
        ):
            raise FieldInvalid(f"{at}[{index}].begin_date", "two periods of one business overlap")


def check_suspension(suspension: Suspension, *, at: str) -> None:
    """Checks a suspension to be made.

    Raises:
        FieldInvalid: the medical type, the reason or the period means nothing.
    """
    if suspension.medical_type and suspension.medical_type not in codes.MEDICAL_TYPES:
        raise FieldInvalid(f"{at}.medical_type_code", "not a national medical type")
    check_name(suspension.reason, at=f"{at}.reason")
    if suspension.end_date is not None and suspension.end_date < suspension.begin_date:
        raise FieldInvalid(f"{at}.end_date", "before begin_date")


def check_resumption(suspension: Suspension, end_date: date) -> None:
    """Checks the last day that a suspension is to have: lifting may not lengthen it.

    Raises:
        FieldInvalid: it is over before that day.
    """
    if suspension.end_date is not None and suspension.end_date < end_date:
        raise FieldInvalid("end_date", "the suspension is over before this date")


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


def suspension_of(institution: Institution, medical_type: str, on: date) -> Suspension | None:
    """Returns the suspension that keeps a business from being settled on a date, or None.

    `medical_type` has two to six digits; empty: only a suspension of every business counts.
    """
    parent = codes.medical_type_parent(medical_type) if medical_type else ""
    return next(
        (
            suspension
            for suspension in institution.suspensions
            if suspension.medical_type in {"", parent} and suspension.in_force(on)
        ),
        None,
    )


def check_open(
    institution: Institution | None, medical_type: str, on: date, *, disease: str = ""
) -> None:
    """Checks the institution where the patient stands.

    Raises:
        InstitutionUnknown: it is not registered.
        InstitutionNotDesignated: it has no agreement on the date.
        InstitutionSuspended: it is suspended, or the medical type named is.
        InstitutionNotOpen: a medical type is named and it is not opened for it.
        DiseaseNotOpen: a disease is named and it is opened for others only.
    """
    if institution is None:
        raise InstitutionUnknown
    if not institution.is_designated(on):
        raise InstitutionNotDesignated
    suspension = suspension_of(institution, medical_type, on)
    if suspension is not None:
        raise InstitutionSuspended(suspension.medical_type)
    if medical_type and not is_open(institution, medical_type, on):
        raise InstitutionNotOpen(codes.medical_type_parent(medical_type))
    if disease and not is_open(institution, medical_type, on, disease=disease):
        raise DiseaseNotOpen
