"""What a question before a visit must be before anybody is asked about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.classification.model import SplitTotals
from services.kit import codes, diseases
from services.kit.errors import FieldViolation, InvalidArgument, RuleForbids

_DAYS_AHEAD_MAX: Final = 366
"""A year, a leap year's too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """An expected visit, in the domain's types."""

    insured_region_code: str
    care_region_code: str
    person_type_code: str
    medical_type_code: str
    disease_code: str
    service_date: date
    amounts: SplitTotals


def check_inquiry(inquiry: Inquiry, today: date) -> None:
    """Raises the first error that applies.

    Errors in this order: FIELD_INVALID, REGION_UNKNOWN, NOT_CROSS_PROVINCE, DATE_IN_FUTURE,
    DISEASE_CODE_UNKNOWN, BILL_TOTAL_MISMATCH, FIELD_INVALID (a total of zero).
    """
    problems = _fields(inquiry)
    if problems:
        first = problems[0]
        raise InvalidArgument(
            "FIELD_INVALID", f"{first.field}: {first.description}", violations=tuple(problems)
        )
    check_regions(
        care=inquiry.care_region_code,
        insured=inquiry.insured_region_code,
        care_field="care_region_code",
    )
    check_date(inquiry.service_date, today)
    if inquiry.disease_code:
        check_disease(inquiry.disease_code)
    amounts = inquiry.amounts
    computed = (
        amounts.full_self_pay_fen
        + amounts.over_limit_fen
        + amounts.prior_self_pay_fen
        + amounts.in_scope_fen
    )
    if computed != amounts.total_fen:
        raise InvalidArgument(
            "BILL_TOTAL_MISMATCH",
            "amounts.total is not the sum of its four parts",
            zh="费用总额与全自费、超限价、先行自付、政策范围内四项之和不符",
            field="amounts.total",
            metadata={"statedFen": str(amounts.total_fen), "computedFen": str(computed)},
        )
    if not amounts.total_fen:
        raise InvalidArgument(
            "FIELD_INVALID", "amounts.total must be more than zero", field="amounts.total"
        )


def check_regions(*, care: str, insured: str, care_field: str) -> None:
    """Raises for two regions that no cross-province settlement joins.

    Errors: REGION_UNKNOWN, NOT_CROSS_PROVINCE.
    """
    for field, code in ((care_field, care), ("insured_region_code", insured)):
        if not codes.is_known_area(code):
            raise InvalidArgument(
                "REGION_UNKNOWN", f"{field} is not a division of GB/T 2260", field=field
            )
    if not codes.is_cross_province(care=care, insured=insured):
        raise RuleForbids(
            "NOT_CROSS_PROVINCE",
            "care region and insured region lie in one province",
            field=care_field,
        )


def check_date(day: date, today: date) -> None:
    """Raises DATE_IN_FUTURE for a day more than a year ahead."""
    if (day - today).days > _DAYS_AHEAD_MAX:
        raise InvalidArgument(
            "DATE_IN_FUTURE",
            "service_date is more than a year ahead",
            zh="就诊日期最多晚于今天一年",
            field="service_date",
        )


def check_disease(code: str) -> None:
    """Raises DISEASE_CODE_UNKNOWN for a code that no list known here has."""
    if not diseases.is_known_disease(code):
        raise InvalidArgument(
            "DISEASE_CODE_UNKNOWN",
            "disease_code is no chronic or special disease",
            field="disease_code",
        )


def _fields(inquiry: Inquiry) -> list[FieldViolation]:
    medical_type = codes.medical_type_parent(inquiry.medical_type_code)
    chronic = medical_type == diseases.MEDICAL_TYPE
    checks = (
        ("person_type_code", codes.is_person_type(inquiry.person_type_code), "not a national type"),
        ("medical_type_code", bool(medical_type), "not a national medical type"),
        (
            "disease_code",
            chronic == bool(inquiry.disease_code),
            diseases.REQUIREMENT,
        ),
    )
    return [
        FieldViolation(field, description, "FIELD_INVALID")
        for field, holds, description in checks
        if not holds
    ]
