"""Goal: the bill of a part of a visit is exactly what is due of it, and the rules of what may be
settled and taken back say no for the right reason, at the right field."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classification.validation import LINES_MAX
from services.kit.errors import DomainError
from services.settlement.domain.bill import check_bill
from services.settlement.domain.visit import Scope, lines_to_settle, total_fen
from services.settlement.domain.visit_bill import (
    bill_of,
    check_part,
    check_scheme,
    check_total,
    check_undo,
    dates_of,
    diagnoses_of,
    lines_of_part,
)
from services.settlement.domain.visit_states import VisitState
from tests.unit.settlement.visit_samples import (
    DISCHARGE,
    FIRST,
    RECORD,
    TODAY,
    day,
    sample_line,
    sample_refund,
    sample_standing,
    sample_visit,
)

OVER = {"recorded_state": VisitState.DISCHARGED, "discharge": DISCHARGE}
OUTPATIENT = {"medical_type_code": "11"}


def refusal(call) -> tuple[str, str]:
    with pytest.raises(DomainError) as caught:
        call()
    return caught.value.reason, (caught.value.violations or (None,))[0].field


def part(visit, scope, *, until=None, batch="", today=TODAY) -> None:
    check_part(visit, scope, until_date=until, charge_batch_number=batch, today=today)


@pytest.mark.parametrize(
    ("changes", "scope", "values"),
    [
        (OVER, Scope.FINAL, {}),
        ({}, Scope.INTERIM, {"until": FIRST}),
        ({}, Scope.INTERIM, {"until": TODAY}),
        (OVER, Scope.INTERIM, {"until": TODAY}),
        (OUTPATIENT, Scope.BATCH, {}),
        (OUTPATIENT, Scope.BATCH, {"batch": "A"}),
    ],
)
def test_what_may_be_settled(changes, scope, values):
    part(sample_visit(**changes), scope, **values)


FINAL = sample_standing(9, Scope.FINAL)
INTERIM = sample_standing(9, Scope.INTERIM, until_date=day(10))
BATCH = sample_standing(9, Scope.BATCH, charge_batch_number="A")


@pytest.mark.parametrize(
    ("changes", "scope", "values", "reason", "field"),
    [
        ({}, Scope.FINAL, {}, "VISIT_NOT_DISCHARGED", "scope"),
        ({}, Scope.BATCH, {}, "FIELD_INVALID", "scope"),
        (OUTPATIENT, Scope.FINAL, {}, "FIELD_INVALID", "scope"),
        (OUTPATIENT, Scope.INTERIM, {"until": TODAY}, "FIELD_INVALID", "scope"),
        ({}, Scope.INTERIM, {}, "FIELD_INVALID", "until_date"),
        ({}, Scope.INTERIM, {"until": day(0)}, "FIELD_INVALID", "until_date"),
        ({}, Scope.INTERIM, {"until": day(32)}, "DATE_IN_FUTURE", "until_date"),
        (OVER, Scope.INTERIM, {"until": day(32), "today": day(40)}, "FIELD_INVALID", "until_date"),
        (
            {"settlements": (INTERIM,)},
            Scope.INTERIM,
            {"until": day(9)},
            "FIELD_INVALID",
            "until_date",
        ),
        (OVER, Scope.FINAL, {"until": TODAY}, "FIELD_INVALID", "until_date"),
        (OVER, Scope.FINAL, {"batch": "A"}, "FIELD_INVALID", "charge_batch_number"),
        (OUTPATIENT, Scope.BATCH, {"until": TODAY}, "FIELD_INVALID", "until_date"),
        ({**OVER, "settlements": (FINAL,)}, Scope.FINAL, {}, "VISIT_SETTLED", "visit_id"),
        (
            {**OVER, "settlements": (FINAL,)},
            Scope.INTERIM,
            {"until": TODAY},
            "VISIT_SETTLED",
            "visit_id",
        ),
        (
            {**OUTPATIENT, "settlements": (BATCH,)},
            Scope.BATCH,
            {"batch": "A"},
            "VISIT_SETTLED",
            "charge_batch_number",
        ),
        (
            {"recorded_state": VisitState.CANCELLED},
            Scope.FINAL,
            {},
            "VISIT_STATE_FORBIDS",
            "visit_id",
        ),
    ],
)
def test_what_may_not_be_settled(changes, scope, values, reason, field):
    assert refusal(lambda: part(sample_visit(**changes), scope, **values)) == (reason, field)


def test_another_batch_may_be_settled_beside():
    part(sample_visit(**OUTPATIENT, settlements=(BATCH,)), Scope.BATCH, batch="B")
    part(sample_visit(**OUTPATIENT, settlements=(BATCH,)), Scope.BATCH)


def test_a_busy_visit_waits():
    for standing in (FINAL, INTERIM, BATCH):
        busy = sample_visit(**OVER, settlements=(replace(standing, busy=True),))
        with pytest.raises(DomainError) as caught:
            part(busy, Scope.FINAL)
        assert caught.value.reason == "VISIT_BUSY"
        assert caught.value.metadata == {"settlementId": str(standing.settlement_id)}
        assert caught.value.retry_after_ms


def test_one_visit_one_scheme():
    check_scheme(sample_visit(), "")
    check_scheme(sample_visit(), "310")
    assert refusal(lambda: check_scheme(sample_visit(), "390")) == ("SCHEME_MIXED", "scheme_code")


def of_part(visit, lines, scope=Scope.FINAL, *, until=None, batch=""):
    return lines_of_part(visit, lines, scope, until_date=until, charge_batch_number=batch)


def test_nothing_is_left_to_settle():
    visit = sample_visit()
    nothing = ("NOTHING_TO_SETTLE", "scope")
    assert refusal(lambda: of_part(visit, [])) == nothing
    gone = [sample_line("1"), sample_refund("2", "1")]
    assert refusal(lambda: of_part(visit, gone)) == nothing
    free = [sample_line("1", price="0")]
    assert refusal(lambda: of_part(visit, free)) == nothing
    assert refusal(lambda: of_part(visit, gone, Scope.BATCH, batch="A")) == (
        "NOTHING_TO_SETTLE",
        "charge_batch_number",
    )


def test_as_many_lines_as_one_bill_takes():
    lines = [sample_line(str(number)) for number in range(LINES_MAX + 1)]
    refunded = [*lines, sample_refund("r", "0")]
    assert len(of_part(sample_visit(), refunded)) == LINES_MAX
    with pytest.raises(DomainError) as caught:
        of_part(sample_visit(), lines)
    assert caught.value.reason == "LINES_TOO_MANY"
    assert caught.value.metadata == {"lines": "3001", "linesMax": "3000"}


def test_the_total_is_of_net_lines():
    lines = of_part(sample_visit(), [sample_line("1", quantity="3"), sample_refund("2", "1")])
    check_total(16_000, lines)
    with pytest.raises(DomainError) as caught:
        check_total(16_001, lines)
    assert caught.value.metadata == {"statedFen": "16001", "computedFen": "16000"}


def test_the_days_of_the_bill():
    lines = [sample_line("1", fee_date=day(5)), sample_line("2", fee_date=day(3))]
    over = sample_visit(**OVER)
    assert dates_of(over, lines, Scope.FINAL, None) == (FIRST, TODAY)
    assert dates_of(over, lines, Scope.INTERIM, day(9)) == (FIRST, day(9))
    outpatient = sample_visit(**OUTPATIENT)
    assert dates_of(outpatient, lines, Scope.BATCH, None) == (day(3), day(5))


def test_the_diagnoses_are_those_of_discharge_once_there_is_one():
    assert diagnoses_of(sample_visit()) == RECORD.admission_diagnoses
    assert diagnoses_of(sample_visit(**OVER)) == DISCHARGE.discharge_diagnoses


def test_only_the_newest_of_a_stay_is_taken_back():
    stack = (INTERIM, replace(FINAL, settlement_id=UUID(int=10)))
    visit = sample_visit(**OVER, settlements=stack)
    check_undo(visit, UUID(int=10), field="settlement_id")
    with pytest.raises(DomainError) as caught:
        check_undo(visit, UUID(int=9), field="settle_request_id")
    assert caught.value.reason == "UNDO_ORDER"
    assert caught.value.violations[0].field == "settle_request_id"
    assert caught.value.metadata == {
        "undoFirst": "settlement",
        "settlementId": str(UUID(int=10)),
    }
    # Gone meanwhile: the journal will say so.
    check_undo(visit, UUID(int=11), field="settlement_id")
    check_undo(sample_visit(), UUID(int=9), field="settlement_id")
    batches = (BATCH, replace(BATCH, settlement_id=UUID(int=10), charge_batch_number="B"))
    check_undo(sample_visit(**OUTPATIENT, settlements=batches), UUID(int=9), field="settlement_id")


charges = st.lists(
    st.tuples(st.integers(1, 31), st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=12
)


@given(charges, st.lists(st.integers(1, 31), max_size=4))
def test_parts_of_a_stay_are_the_stay(entries, untils):
    """Whatever is settled in the middle, every net fee is billed once, and every bill is good."""
    lines = []
    for number, (at, quantity, refunded) in enumerate(entries):
        lines.append(sample_line(f"c{number}", fee_date=day(at), quantity=str(quantity)))
        if 0 < refunded <= quantity:
            lines.append(
                sample_refund(
                    f"r{number}",
                    f"c{number}",
                    quantity=f"-{refunded}",
                    fee_date=day(31),
                    cover_date=day(at),
                )
            )
    visit = sample_visit(**OVER)
    net = sum(line.fee.amount_fen for line in lines)
    billed = []
    parts = [(Scope.INTERIM, day(until)) for until in sorted(untils)] + [(Scope.FINAL, None)]
    for number, (scope, until) in enumerate(parts, start=1):
        part(visit, scope, until=until)
        if not total_fen(lines_to_settle(visit, lines, scope, until_date=until)):
            nothing = refusal(partial(of_part, visit, lines, scope, until=until))
            assert nothing == ("NOTHING_TO_SETTLE", "scope")
            continue
        found = of_part(visit, lines, scope, until=until)
        begin, end = dates_of(visit, found, scope, until)
        check_bill(bill_of(visit, found, begin_date=begin, end_date=end), TODAY)
        billed += found
        standing = sample_standing(number, scope, until_date=until)
        visit = replace(visit, settlements=(*visit.settlements, standing))
    ids = [line.fee.line_id for line in billed]
    assert len(ids) == len(set(ids))
    assert sum(line.fee.amount_fen for line in billed) == net
