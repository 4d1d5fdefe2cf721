"""Goal: which settlement covers a line, and what remains of lines with refunds, is exact."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from services.kit.errors import Absent, RuleForbids, Unavailable
from services.settlement.domain.visit import (
    Scope,
    check_access,
    check_idle,
    covered_by,
    covered_lines,
    lines_to_settle,
    net_lines,
    total_fen,
)
from services.settlement.domain.visit_states import VisitState
from tests.unit.settlement.visit_samples import (
    DISCHARGE,
    HOSPITAL,
    day,
    sample_line,
    sample_refund,
    sample_standing,
    sample_visit,
)


def ids(lines):
    return [line.fee.line_id for line in lines]


def test_a_stack_of_settlements_covers_each_line_once():
    lines = [
        sample_line("a", fee_date=day(5)),
        sample_line("b", fee_date=day(15)),
        sample_line("late", fee_date=day(5), revision=3),
        sample_line("c", fee_date=day(25), revision=3),
        sample_line("after", fee_date=day(5), revision=9),
    ]
    first = sample_standing(1, Scope.INTERIM, until_date=day(10), revision=2)
    second = sample_standing(2, Scope.INTERIM, until_date=day(20), revision=4)
    final = sample_standing(3, Scope.FINAL, revision=6)
    visit = sample_visit(settlements=(first, second, final), revision=9)
    assert [covered_by(visit, line) for line in lines] == [first, second, second, final, None]
    assert ids(covered_lines(visit, lines, second.settlement_id)) == ["b", "late"]
    # What the newest covered is free once it no longer stands.
    undone = replace(visit, settlements=(first, second))
    assert ids(lines_to_settle(undone, lines, Scope.FINAL)) == ["c", "after"]
    undone = replace(visit, settlements=(first,))
    assert ids(lines_to_settle(undone, lines, Scope.INTERIM, until_date=day(10))) == [
        "late",
        "after",
    ]


def test_batches_are_independent():
    lines = [
        sample_line("a"),
        sample_line("b", charge_batch_number="B1"),
        sample_line("c", charge_batch_number="B2"),
        sample_line("d", charge_batch_number="B1", revision=3),
    ]
    batch = sample_standing(1, Scope.BATCH, charge_batch_number="B1", revision=2)
    visit = sample_visit(medical_type_code="11", settlements=(batch,), revision=3)
    assert [covered_by(visit, line) for line in lines] == [None, batch, None, None]
    assert ids(lines_to_settle(visit, lines, Scope.BATCH)) == ["a"]
    assert ids(lines_to_settle(visit, lines, Scope.BATCH, charge_batch_number="B2")) == ["c"]


def test_lines_that_came_after_the_visit_was_read_are_left_out():
    lines = [sample_line("a"), sample_line("b", revision=2)]
    assert ids(lines_to_settle(sample_visit(), lines, Scope.FINAL)) == ["a"]


def test_refunds_are_taken_off_their_original():
    lines = [
        sample_line("a", quantity="3"),
        sample_refund("a1", "a"),
        sample_line("b"),
        sample_refund("b1", "b"),
        sample_line("c"),
        sample_refund("a2", "a", quantity="-0.5"),
    ]
    rest = net_lines(lines)
    assert ids(rest) == ["a", "c"]
    assert (rest[0].fee.quantity, rest[0].fee.amount_fen) == (Decimal("1.5"), 12_000)
    assert rest[1] is lines[4]
    assert total_fen(rest) == total_fen(lines) == 20_000
    assert net_lines([]) == []
    assert net_lines(lines[:1]) == lines[:1]


def test_a_visit_is_settled_by_a_final_settlement_that_is_known():
    visit = sample_visit(recorded_state=VisitState.DISCHARGED, discharge=DISCHARGE)
    final = sample_standing(2, Scope.FINAL)
    interim = sample_standing(1, Scope.INTERIM, until_date=day(3))
    assert visit.state is VisitState.DISCHARGED
    assert replace(visit, settlements=(interim,)).state is VisitState.DISCHARGED
    assert replace(visit, settlements=(interim,)).final is None
    settled = replace(visit, settlements=(interim, final))
    assert (settled.state, settled.final, settled.newest) == (VisitState.SETTLED, final, final)
    pending = replace(visit, settlements=(interim, replace(final, busy=True)))
    assert pending.state is VisitState.DISCHARGED


def test_access():
    visit = sample_visit()
    assert check_access(visit, HOSPITAL) is visit
    with pytest.raises(Absent) as absent:
        check_access(None, HOSPITAL)
    assert absent.value.metadata == {"resource": "visit"}
    with pytest.raises(RuleForbids) as foreign:
        check_access(visit, "H64010400002")
    assert foreign.value.reason == "VISIT_OF_ANOTHER_INSTITUTION"


def test_a_visit_is_busy_by_any_of_its_settlements():
    idle = sample_standing(1, Scope.BATCH)
    check_idle(sample_visit(settlements=(idle,)))
    busy = sample_standing(7, Scope.BATCH, charge_batch_number="B", busy=True)
    with pytest.raises(Unavailable) as raised:
        check_idle(sample_visit(settlements=(busy, idle)))
    assert raised.value.reason == "VISIT_BUSY"
    assert raised.value.metadata == {"settlementId": str(UUID(int=7))}
