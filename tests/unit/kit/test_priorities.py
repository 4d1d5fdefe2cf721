"""Goal: the tables of priorities name methods that there are, and say what was decided.

Method: every services/*/admission.yaml against the contracts; the parser against what it refuses.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from services.cli.topology import SERVICES
from services.kit import codes
from services.kit.admission import Priority
from services.kit.priorities import PriorityError, load_priorities, parse_priorities
from tests.contract.authorisation.test_cells import METHODS
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

SETTLEMENT = "/yijie.settlement.v1.SettlementService"


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_of_a_table_is_there_and_unary(service):
    table = load_priorities(service)
    assert table
    for method in table:
        assert method.startswith(f"/yijie.{service}.v1.")
        assert method in METHODS
        assert not METHODS[method].server_streaming


@pytest.mark.parametrize("code", sorted(codes.MEDICAL_TYPES))
def test_a_stay_goes_before_a_visit(code):
    bill = settlement_pb2.Bill(medical_type_code=code)
    found = load_priorities("settlement")[f"{SETTLEMENT}/Settle"](pb.SettleRequest(bill=bill))
    wanted = Priority.DISCHARGE if codes.is_inpatient_type(code) else Priority.SETTLE
    assert found is wanted


def test_the_birth_of_a_child_is_a_stay():
    bill = settlement_pb2.Bill(medical_type_code="5302")
    settle = load_priorities("settlement")[f"{SETTLEMENT}/Settle"]
    assert settle(pb.SettleRequest(bill=bill)) is Priority.DISCHARGE


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        (settlement_pb2.SETTLEMENT_SCOPE_FINAL, Priority.DISCHARGE),
        (settlement_pb2.SETTLEMENT_SCOPE_INTERIM, Priority.SETTLE),
        (settlement_pb2.SETTLEMENT_SCOPE_BATCH, Priority.SETTLE),
    ],
)
def test_the_last_settlement_of_a_stay_goes_first(scope, wanted):
    visit = load_priorities("settlement")[f"{SETTLEMENT}/SettleVisit"]
    assert visit(pb.SettleVisitRequest(scope=scope)) is wanted


def test_settling_goes_before_undoing_before_estimating_before_listing():
    table = load_priorities("settlement")
    names = ("Settle", "ReverseSettlement", "PreSettle", "ListSettlements")
    found = [table[f"{SETTLEMENT}/{name}"](pb.SettleRequest()) for name in names]
    assert found == sorted(set(found))


def test_bytes_that_are_no_message_have_a_priority_too():
    settle = load_priorities("settlement")[f"{SETTLEMENT}/Settle"]
    assert settle(SimpleNamespace(field="bill")) is Priority.SETTLE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.B: {C: URGENT}", "URGENT is no priority"),
        ("a.B: {C: {DISCHARGE: {field: x, begins: [1]}}}", "otherwise"),
        ("a.B: {C: {otherwise: SETTLE, DISCHARGE: {field: x}}}", "begins"),
        ("a.B: {C: {otherwise: SETTLE, DISCHARGE: {field: x, begins: []}}}", "begins"),
        ("a.B: [C]", "a.B is no mapping"),
        ("a.B: {C: SETTLE, C: LIST}", "duplicate key"),
        ("- a", "the table is no mapping"),
    ],
)
def test_a_table_that_says_what_it_cannot_say_is_refused(text, told):
    with pytest.raises(PriorityError, match=told):
        parse_priorities(text)


def test_a_service_without_a_table_only_lists():
    assert load_priorities("nowhere") == {}
