"""Goal: what no caller can bring about through one service is decided rightly by the domain too.

The rows that callers meet are in tests/integration/settlement/test_visit_bad_input.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.kit.errors import DomainError
from services.settlement.domain import visit_checks as checks
from services.settlement.domain import visit_fees as fees
from services.settlement.domain.visit import Diagnosis, Scope
from services.settlement.domain.visit_states import VisitState
from tests.unit.settlement.visit_samples import (
    DISCHARGE,
    FIRST,
    HOSPITAL,
    RECORD,
    TODAY,
    day,
    sample_line,
    sample_refund,
    sample_standing,
    sample_visit,
)


def check_record(record):
    checks.check_record(
        record,
        institution_code=HOSPITAL,
        birth_date=date(1950, 1, 1),
        today=TODAY,
        birth_field="patient.birth_date",
    )


def refusal(call, *arguments, **named):
    with pytest.raises(DomainError) as raised:
        call(*arguments, **named)
    error = raised.value
    return error.reason, [violation.field for violation in error.violations]


def test_a_good_record_and_all_its_faults_at_once():
    check_record(RECORD)
    check_record(replace(RECORD, medical_type_code="140201", disease_code="M07803"))
    check_record(replace(RECORD, injury=True, third_party_liable=True))
    bad = replace(
        RECORD,
        medical_type_code="99x",
        third_party_liable=True,
        referring_institution_code=HOSPITAL,
        admission_diagnoses=(Diagnosis("I10.x00", main=False),),
        disease_code="M03900",
        doctor_code="D1",
    )
    assert refusal(check_record, bad) == (
        "FIELD_INVALID",
        [
            "record.medical_type_code",
            "record.third_party_liable",
            "record.referring_institution_code",
            "record.admission_diagnoses",
            "record.disease_code",
            "record.doctor_code",
        ],
    )


def test_a_discharged_stay_begins_before_it_ends_and_stays_one():
    stay = sample_visit(
        recorded_state=VisitState.DISCHARGED, discharge=replace(DISCHARGE, discharge_date=day(5))
    )
    later = replace(RECORD, begin_date=day(6))
    assert refusal(checks.check_change, stay, later) == ("FIELD_INVALID", ["record.begin_date"])
    checks.check_change(stay, replace(RECORD, begin_date=day(5)))
    outpatient = replace(RECORD, medical_type_code="11")
    assert refusal(checks.check_change, stay, outpatient) == (
        "VISIT_STATE_FORBIDS",
        ["record.medical_type_code"],
    )
    checks.check_change(sample_visit(), outpatient)


def test_a_visit_with_a_final_settlement_is_not_changed_at_all():
    stay = sample_visit(
        recorded_state=VisitState.DISCHARGED,
        discharge=DISCHARGE,
        settlements=(sample_standing(1, Scope.FINAL),),
    )
    assert refusal(checks.check_change, stay, RECORD) == ("VISIT_SETTLED", ["visit_id"])


def test_a_change_takes_only_what_is_named():
    wanted = replace(RECORD, doctor_code="", scheme_code="390")
    changed = checks.changed_record(sample_visit(), wanted, ["doctor_code"])
    assert changed == replace(RECORD, doctor_code="")
    assert refusal(checks.changed_record, sample_visit(), wanted, ["a", "scheme_code", "b"]) == (
        "FIELD_INVALID",
        ["update_mask.paths[0]", "update_mask.paths[2]"],
    )


def test_the_regions_of_a_visit():
    checks.check_regions(care="640104", insured="650100", field="f")
    assert refusal(checks.check_regions, care="640104", insured="640100", field="f") == (
        "NOT_CROSS_PROVINCE",
        ["f"],
    )


def test_problems_of_one_kind_are_told_together():
    lines = [
        sample_line("a", quantity="0", fen=0),
        sample_line("a"),
        sample_line("b", fen=1),
        sample_refund("c", "a", quantity="2"),
    ]
    assert refusal(fees.check_shapes, lines) == (
        "FIELD_INVALID",
        ["lines[0].line.quantity", "lines[3].line.quantity", "lines[3].line.amount"],
    )
    lines[0] = sample_line("a")
    assert refusal(fees.check_shapes, lines[:3]) == (
        "LINE_ID_DUPLICATE",
        ["lines[1].line.line_id"],
    )
    assert refusal(fees.check_shapes, lines[2:3]) == (
        "LINE_AMOUNT_MISMATCH",
        ["lines[0].line.amount"],
    )


def test_a_visit_comes_to_less_than_ten_trillion_yuan():
    visit = sample_visit(line_total_fen=10**15 - 8_001)
    lines = [sample_line("a", revision=2)]
    assert fees.accepted(visit, lines, standing=[], taken=(), today=TODAY) == lines
    visit = replace(visit, line_total_fen=10**15 - 8_000)
    assert refusal(fees.accepted, visit, lines, standing=[], taken=(), today=TODAY) == (
        "FIELD_INVALID",
        ["lines"],
    )


def test_a_refund_takes_batch_and_date_of_its_original():
    visit = sample_visit(medical_type_code="11")
    original = sample_line("a", charge_batch_number="B1", quantity="2")
    refund = sample_refund("r", "a", fee_date=day(9), revision=2)
    (kept,) = fees.accepted(visit, [refund], standing=[original], taken=(), today=TODAY)
    assert (kept.charge_batch_number, kept.cover_date) == ("B1", FIRST)
    assert kept.fee == refund.fee


def test_a_fee_date_lies_within_the_visit():
    visit = sample_visit()
    for offset, fits in ((-1, False), (0, True), (30, True), (31, False)):
        lines = [sample_line("a", fee_date=FIRST + timedelta(days=offset))]
        if fits:
            fees.accepted(visit, lines, standing=[], taken=(), today=TODAY)
        else:
            told = refusal(fees.accepted, visit, lines, standing=[], taken=(), today=TODAY)
            assert told == ("FIELD_INVALID", ["lines[0].line.fee_date"])
