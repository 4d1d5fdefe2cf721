"""What a bill must be before anybody is asked about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.classification.model import FeeLine
from services.classification.validation import amount_agrees, lines_problems
from services.kit import codes, diseases
from services.kit.errors import FieldViolation, InvalidArgument, RuleForbids
from services.kit.money import to_fen

# The order in which a caller learns of problems; the first kind that occurs names the error.
_PRECEDENCE = ("FIELD_INVALID", "LINE_ID_DUPLICATE", "LINE_AMOUNT_MISMATCH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill as sent, in the domain's types."""

    care_region_code: str
    insured_region_code: str
    institution_code: str
    hospital_level_code: str
    scheme_code: str
    medical_type_code: str
    birth_date: date
    begin_date: date
    end_date: date
    emergency: bool
    main_diagnosis_count: int
    lines: Sequence[FeeLine]
    total_fen: int
    disease_code: str = ""
    """Chronic or special disease; with medical type 14, and with no other."""


def check_bill(bill: Bill, today: date) -> None:
    """Raises the first error that applies, in the order that SettlementService.Settle documents.

    Errors: FIELD_INVALID, REGION_UNKNOWN, NOT_CROSS_PROVINCE, DATE_IN_FUTURE,
    DISEASE_CODE_UNKNOWN, LINE_ID_DUPLICATE, LINE_AMOUNT_MISMATCH, BILL_TOTAL_MISMATCH.
    """
    problems = lines_problems(bill.lines, "bill.lines")
    problems += _fields(bill)
    malformed = [p for p in problems if p.reason == "FIELD_INVALID"]
    if malformed:
        raise _refused(malformed)
    _check_regions(bill)
    _check_dates(bill, today)
    _check_disease(bill)
    if problems:
        reason = min((p.reason for p in problems), key=_PRECEDENCE.index)
        raise _refused([p for p in problems if p.reason == reason], bill)
    total = sum(line.amount_fen for line in bill.lines)
    if total != bill.total_fen:
        raise InvalidArgument(
            "BILL_TOTAL_MISMATCH",
            "bill.total is not the sum of the lines",
            field="bill.total",
            metadata={"statedFen": str(bill.total_fen), "computedFen": str(total)},
        )
    if not total:
        # No insured region has anything to decide on it.
        raise InvalidArgument(
            "FIELD_INVALID", "bill.total must be more than zero", field="bill.total"
        )


def check_institution(bill: Bill, *, region_code: str, hospital_level_code: str) -> None:
    """Raises InvalidArgument where the bill contradicts the register of institutions."""
    if codes.pooling_area_of(region_code) != codes.pooling_area_of(bill.care_region_code):
        raise InvalidArgument(
            "FIELD_INVALID",
            "bill.care_region_code is not the institution's region",
            field="bill.care_region_code",
        )
    if hospital_level_code != bill.hospital_level_code:
        raise InvalidArgument(
            "FIELD_INVALID",
            "bill.hospital_level_code is not the registered one",
            field="bill.hospital_level_code",
        )


def _fields(bill: Bill) -> list[FieldViolation]:
    problems = []
    if bill.end_date < bill.begin_date:
        problems.append(_invalid("bill.end_date", "before bill.begin_date"))
    if bill.birth_date > bill.begin_date:
        problems.append(_invalid("patient.birth_date", "after bill.begin_date"))
    if bill.main_diagnosis_count != 1:
        problems.append(_invalid("bill.diagnoses", "exactly one must be the main diagnosis"))
    if not codes.is_medical_type(bill.medical_type_code):
        problems.append(_invalid("bill.medical_type_code", "not a national medical type"))
    parent = codes.medical_type_parent(bill.medical_type_code)
    if (parent == diseases.MEDICAL_TYPE) != bool(bill.disease_code):
        problems.append(_invalid("bill.disease_code", diseases.REQUIREMENT))
    problems.extend(
        _invalid(f"bill.lines[{index}].fee_date", "outside the bill's dates")
        for index, line in enumerate(bill.lines)
        if not bill.begin_date <= line.fee_date <= bill.end_date
    )
    return problems


def _check_regions(bill: Bill) -> None:
    for field, code in (
        ("bill.care_region_code", bill.care_region_code),
        ("patient.insured_region_code", bill.insured_region_code),
    ):
        if not codes.is_known_area(code):
            raise InvalidArgument(
                "REGION_UNKNOWN", f"{field} is not a division of GB/T 2260", field=field
            )
    if not codes.is_cross_province(care=bill.care_region_code, insured=bill.insured_region_code):
        raise RuleForbids(
            "NOT_CROSS_PROVINCE",
            "care region and insured region lie in one province",
            field="bill.care_region_code",
        )


def _check_dates(bill: Bill, today: date) -> None:
    if bill.end_date > today:
        raise InvalidArgument(
            "DATE_IN_FUTURE", "bill.end_date is in the future", field="bill.end_date"
        )


def _check_disease(bill: Bill) -> None:
    if bill.disease_code and not diseases.is_known_disease(bill.disease_code):
        raise InvalidArgument(
            "DISEASE_CODE_UNKNOWN",
            "bill.disease_code is no chronic or special disease",
            field="bill.disease_code",
        )


def _refused(problems: list[FieldViolation], bill: Bill | None = None) -> InvalidArgument:
    first = problems[0]
    metadata = {}
    if bill is not None and first.reason == "LINE_AMOUNT_MISMATCH":
        line = next(line for line in bill.lines if not amount_agrees(line))
        computed = to_fen(line.unit_price * line.quantity)
        metadata = {"statedFen": str(line.amount_fen), "computedFen": str(computed)}
    return InvalidArgument(
        first.reason,
        f"{first.field}: {first.description}",
        violations=tuple(problems),
        metadata=metadata,
    )


def _invalid(field: str, description: str) -> FieldViolation:
    return FieldViolation(field, description, "FIELD_INVALID")
