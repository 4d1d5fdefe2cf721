"""What a visit's record must be, and when it may be changed, ended or taken back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Final

from services.kit import codes, diseases
from services.kit.errors import FieldViolation, InvalidArgument, RuleForbids
from services.settlement.domain.visit import (
    Diagnosis,
    Discharge,
    Record,
    Visit,
    check_idle,
    check_state,
    settled,
    state_forbids,
    undo_first,
)
from services.settlement.domain.visit_states import VisitState

RECORD_FIELDS: Final = frozenset(field.name for field in fields(Record))
"""What an update may name."""
# What a settlement was computed from; the scheme has a reason of its own.
_SETTLED_BY: Final = ("medical_type_code", "begin_date", "emergency", "disease_code")


def check_record(
    record: Record, *, institution_code: str, birth_date: date, today: date, birth_field: str
) -> None:
    """Raises the first kind of problem that a record has.

    Errors: FIELD_INVALID with every field at fault, DATE_IN_FUTURE, DISEASE_CODE_UNKNOWN.
    """
    problems = [
        _invalid(f"record.{field}", text)
        for field, holds, text in _shapes(record, institution_code)
        if not holds
    ]
    if birth_date > record.begin_date:
        problems.append(_invalid(birth_field, "after record.begin_date"))
    _refuse(problems)
    if record.begin_date > today:
        raise InvalidArgument(
            "DATE_IN_FUTURE", "record.begin_date is in the future", field="record.begin_date"
        )
    if record.disease_code and not diseases.is_known_disease(record.disease_code):
        raise InvalidArgument(
            "DISEASE_CODE_UNKNOWN",
            "record.disease_code is no chronic or special disease",
            field="record.disease_code",
        )


def check_scheme(*, patient: str, record: str) -> None:
    """Raises FIELD_INVALID where patient and record name different schemes."""
    if patient != record:
        _refuse([_invalid("record.scheme_code", "not the patient's")])


def check_regions(*, care: str, insured: str, field: str) -> None:
    """Raises REGION_UNKNOWN or NOT_CROSS_PROVINCE, naming the field of the insured region."""
    if not codes.is_known_area(insured):
        raise InvalidArgument(
            "REGION_UNKNOWN", f"{field} is not a division of GB/T 2260", field=field
        )
    if not codes.is_cross_province(care=care, insured=insured):
        raise RuleForbids(
            "NOT_CROSS_PROVINCE",
            "the institution and the insured region lie in one province",
            field=field,
        )


def changed_record(visit: Visit, wanted: Record, paths: Sequence[str]) -> Record:
    """Returns the visit's record with the fields named taken from another.

    Errors: FIELD_INVALID for an empty mask, and for each path that is no field of the record,
    named by its place.
    """
    if not paths:
        raise InvalidArgument(
            "FIELD_INVALID", "update_mask names no field", field="update_mask.paths"
        )
    _refuse(
        [
            _invalid(f"update_mask.paths[{index}]", "not a field of the record")
            for index, path in enumerate(paths)
            if path not in RECORD_FIELDS
        ]
    )
    return replace(visit.record, **{path: getattr(wanted, path) for path in paths})


def check_change(visit: Visit, record: Record) -> None:
    """Raises where a visit's record may not become another, however well-formed.

    Errors: VISIT_STATE_FORBIDS, VISIT_BUSY, VISIT_SETTLED, SCHEME_MIXED, FIELD_INVALID.
    """
    check_state(visit, VisitState.REGISTERED, VisitState.DISCHARGED)
    check_idle(visit)
    if visit.final is not None:
        raise settled(visit.final)
    differing = differing_fields(visit.record, record)
    if visit.newest is not None:
        if "scheme_code" in differing:
            raise RuleForbids(
                "SCHEME_MIXED",
                "part of the visit is settled by another scheme",
                field="record.scheme_code",
                metadata={"schemeCode": visit.record.scheme_code},
            )
        for name in _SETTLED_BY:
            if name in differing:
                raise settled(visit.newest, field=f"record.{name}")
    stays = codes.is_inpatient_type(record.medical_type_code)
    if stays != visit.is_stay and (visit.line_count or visit.discharge is not None):
        error = state_forbids(visit)
        error.violations = (
            FieldViolation(
                "record.medical_type_code", "fees or a discharge stand on the kind of visit"
            ),
        )
        raise error
    _refuse(list(_date_problems(visit, record.begin_date)))


def differing_fields(one: Record, other: Record) -> frozenset[str]:
    """Returns the names of the fields in which two records differ."""
    return frozenset(n for n in RECORD_FIELDS if getattr(one, n) != getattr(other, n))


def check_discharge(visit: Visit, discharge: Discharge, today: date) -> None:
    """Raises where a visit may not be discharged so.

    Errors: VISIT_STATE_FORBIDS, VISIT_BUSY, FIELD_INVALID, DATE_IN_FUTURE.
    """
    check_state(visit, VisitState.REGISTERED)
    if not visit.is_stay:
        raise state_forbids(visit)
    check_idle(visit)
    at = "discharge.discharge_date"
    problems = []
    day = discharge.discharge_date
    if day < visit.record.begin_date:
        problems.append(_invalid(at, "before admission"))
    elif visit.last_fee_date is not None and day < visit.last_fee_date:
        problems.append(_invalid(at, "before the last fee date"))
    elif any(s.until_date is not None and day < s.until_date for s in visit.settlements):
        problems.append(_invalid(at, "before a day that is settled"))
    if not _has_one_main(discharge.discharge_diagnoses):
        problems.append(_invalid("discharge.discharge_diagnoses", _ONE_MAIN))
    _refuse(problems)
    if day > today:
        raise InvalidArgument("DATE_IN_FUTURE", f"{at} is in the future", field=at)


def check_cancel_discharge(visit: Visit) -> None:
    """Raises where a discharge may not be taken back.

    Errors: VISIT_STATE_FORBIDS, VISIT_BUSY, UNDO_ORDER.
    """
    check_state(visit, VisitState.DISCHARGED)
    check_idle(visit)
    if visit.final is not None:
        raise undo_first("settlement", field="visit_id", settlement=visit.final)


def check_cancel(visit: Visit) -> None:
    """Raises where a registration may not be taken back.

    Errors: VISIT_STATE_FORBIDS, VISIT_BUSY, UNDO_ORDER.
    """
    check_state(visit, VisitState.REGISTERED, VisitState.DISCHARGED)
    check_idle(visit)
    if visit.newest is not None:
        raise undo_first("settlement", field="visit_id", settlement=visit.newest)
    if visit.recorded_state is VisitState.DISCHARGED:
        raise undo_first("discharge", field="visit_id")
    if visit.line_count:
        raise undo_first("fees", field="visit_id")


_ONE_MAIN: Final = "exactly one must be the main diagnosis"


def _shapes(record: Record, institution_code: str) -> Iterable[tuple[str, bool, str]]:
    """Yields field, whether it holds, and what is wrong where it does not."""
    medical_type = record.medical_type_code
    referring = record.referring_institution_code
    chronic = codes.medical_type_parent(medical_type) == diseases.MEDICAL_TYPE
    yield "medical_type_code", codes.is_medical_type(medical_type), "not a national medical type"
    yield (
        "third_party_liable",
        record.injury or not record.third_party_liable,
        "a third party is liable only for an injury",
    )
    yield (
        "referring_institution_code",
        not referring or (codes.is_institution_code(referring) and referring != institution_code),
        "not the code of another institution",
    )
    expected = record.expected_discharge_date
    yield (
        "expected_discharge_date",
        expected is None
        or (codes.is_inpatient_type(medical_type) and expected >= record.begin_date),
        "a day of a stay, not before record.begin_date",
    )
    yield "admission_diagnoses", _has_one_main(record.admission_diagnoses), _ONE_MAIN
    yield (
        "disease_code",
        chronic == bool(record.disease_code),
        diseases.REQUIREMENT,
    )
    yield (
        "doctor_code",
        not record.doctor_code or codes.is_doctor_code(record.doctor_code),
        "not the code of a doctor",
    )


def _date_problems(visit: Visit, begin_date: date) -> Iterable[FieldViolation]:
    if visit.first_fee_date is not None and begin_date > visit.first_fee_date:
        yield _invalid("record.begin_date", "after the first fee date")
    elif visit.discharge is not None and begin_date > visit.discharge.discharge_date:
        yield _invalid("record.begin_date", "after discharge")


def _has_one_main(diagnoses: Iterable[Diagnosis]) -> bool:
    return sum(diagnosis.main for diagnosis in diagnoses) == 1


def _refuse(problems: Sequence[FieldViolation]) -> None:
    if problems:
        first = problems[0]
        raise InvalidArgument(
            "FIELD_INVALID", f"{first.field}: {first.description}", violations=tuple(problems)
        )


def _invalid(field: str, description: str) -> FieldViolation:
    return FieldViolation(field, description, "FIELD_INVALID")
