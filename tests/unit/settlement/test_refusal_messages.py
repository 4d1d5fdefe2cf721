"""Goal: a refusal says which side it came from, and keeps of a request what fields should hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from google.rpc import code_pb2

from services.kit.errors import InvalidArgument, RuleForbids, Unavailable
from services.kit.interceptors.validation import Malformed
from services.kit.status import internal_status, to_status
from services.settlement.refusal_facts import Learned
from services.settlement.refusal_messages import ABANDONED, UNKNOWN, party_of, refusal_of_call
from yijie.settlement.v1 import settlement_service_pb2 as pb

NOW = datetime(2026, 3, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "reason", "service", "party"),
    [
        (code_pb2.INVALID_ARGUMENT, "FIELD_INVALID", "settlement", "REQUEST"),
        (code_pb2.INVALID_ARGUMENT, "ID_NUMBER_INVALID", "identity", "REQUEST"),
        (code_pb2.ALREADY_EXISTS, "REQUEST_ID_REUSED", "settlement", "REQUEST"),
        (code_pb2.NOT_FOUND, "RESOURCE_NOT_FOUND", "settlement", "REQUEST"),
        (code_pb2.NOT_FOUND, "CREDENTIAL_UNKNOWN", "identity", "HUB"),
        (code_pb2.FAILED_PRECONDITION, "VISIT_SETTLED", "settlement", "REQUEST"),
        (code_pb2.FAILED_PRECONDITION, "CARD_LOST", "identity", "HUB"),
        (code_pb2.FAILED_PRECONDITION, "BILL_BLOCKED", "settlement", "HUB"),
        (code_pb2.FAILED_PRECONDITION, "INVOICE_ALREADY_CLAIMED", "settlement", "HUB"),
        (code_pb2.FAILED_PRECONDITION, "PREPAYMENT_EXHAUSTED", "settlement", "HUB"),
        (code_pb2.FAILED_PRECONDITION, "DISEASE_NOT_QUALIFIED", "benefits", "INSURED_REGION"),
        (code_pb2.FAILED_PRECONDITION, "POLICY_NOT_COVERED", "settlement", "INSURED_REGION"),
        (code_pb2.FAILED_PRECONDITION, "ADJUDICATION_INCONSISTENT", "settlement", "INSURED_REGION"),
        (code_pb2.UNAVAILABLE, "INSURED_REGION_UNAVAILABLE", "settlement", "INSURED_REGION"),
        (code_pb2.UNAVAILABLE, "OUTCOME_PENDING", "settlement", "INSURED_REGION"),
        (code_pb2.UNAVAILABLE, "CALLEE_UNAVAILABLE", "settlement", "SYSTEM"),
        (code_pb2.UNAVAILABLE, "SCREENING_UNAVAILABLE", "settlement", "SYSTEM"),
        (code_pb2.RESOURCE_EXHAUSTED, "OVERLOADED", "settlement", "SYSTEM"),
        (code_pb2.INTERNAL, "INTERNAL", "settlement", "SYSTEM"),
        (code_pb2.CANCELLED, ABANDONED, "settlement", "SYSTEM"),
    ],
)
def test_sides(code, reason, service, party):
    assert party_of(code, reason, service) == party


def refusal(request, status, **changes):
    values = {
        "refusal_id": uuid4(),
        "call": "SETTLE",
        "settlement_id": "",
        "trace_id": "",
        "duration_ms": 1,
        "now": NOW,
        **changes,
    }
    return refusal_of_call(request, Learned(), status, **values)


def test_the_service_is_that_of_the_error():
    error = RuleForbids("CARD_LOST", "lost")
    error.domain = "identity.yijie"
    kept = refusal(pb.SettleRequest(), to_status(error, "settlement"))
    assert (kept.service, kept.party, kept.retryable) == ("identity", "HUB", False)


def test_a_defect():
    kept = refusal(pb.SettleRequest(), internal_status("settlement", "0" * 32))
    assert (kept.reason, kept.party, kept.retryable) == ("INTERNAL", "SYSTEM", True)


def test_nobody_was_answered():
    kept = refusal(pb.SettleRequest(), None)
    assert (kept.reason, kept.retryable) == (ABANDONED, True)


def test_rules():
    error = Unavailable("SCREENING_UNAVAILABLE", "", metadata={"ruleCodes": "A_1,b;DROP,B"})
    assert refusal(pb.SettleRequest(), to_status(error, "settlement")).rule_codes == ("A_1", "B")


@pytest.mark.parametrize("reason", ["110101199001011234", "lower case", "MADE_UP", "1", "\0"])
def test_what_an_insured_regions_own_system_says(reason):
    """It may be anything: a name or a number in place of a reason goes nowhere."""
    error = RuleForbids(reason, "x", metadata={"ruleCodes": "110101199001011234,ZHANG_SAN"})
    error.domain = "张三.yijie"
    kept = refusal(pb.SettleRequest(), to_status(error, "settlement"))
    assert (kept.reason, kept.service, kept.party) == (UNKNOWN, "benefits", "INSURED_REGION")
    assert kept.rule_codes == ()


def test_rubbish_is_not_kept():
    request = pb.SettleRequest(request_id="110101199001011234")
    bill, patient = request.bill, request.patient
    bill.institution_code = bill.care_region_code = bill.medical_type_code = "110101199001011234"
    patient.person_id = patient.scheme_code = patient.insured_region_code = "张三"
    bill.begin_date.year = 2026
    bill.total.fen = -1
    kept = refusal(request, to_status(InvalidArgument("FIELD_INVALID", "x"), "settlement"))
    assert (kept.institution_code, kept.care_region_code, kept.medical_type_code) == ("", "", "")
    assert (kept.person_id, kept.request_id, kept.scheme_code) == (None, None, "")
    assert (kept.begin_date, kept.end_date, kept.total_fen) == (None, None, None)


def test_a_date_that_is_the_persons():
    request = pb.SettleRequest()
    born = request.patient.birth_date
    born.year, born.month, born.day = 2020, 5, 1
    request.bill.begin_date.CopyFrom(born)
    request.bill.end_date.CopyFrom(born)
    request.bill.end_date.year = 1957
    kept = refusal(request, to_status(InvalidArgument("FIELD_INVALID", "x"), "settlement"))
    assert (kept.begin_date, kept.end_date) == (None, None)
    request.bill.end_date.year = 2026
    kept = refusal(request, to_status(InvalidArgument("FIELD_INVALID", "x"), "settlement"))
    assert kept.end_date == date(2026, 5, 1)


@pytest.mark.parametrize("call", ["SETTLE", "SETTLE_VISIT"])
def test_what_is_no_message(call):
    status = to_status(InvalidArgument("MESSAGE_MALFORMED", "x"), "settlement")
    kept = refusal(Malformed(""), status, call=call)
    assert (kept.total_fen, kept.person_id, kept.visit_id) == (None, None, None)


@pytest.mark.parametrize("reason", ["INVOICE_ALREADY_CLAIMED", "LOST_RACE"])
def test_a_settlement_that_was_not_written_is_not_named(reason):
    status = to_status(RuleForbids(reason, "x"), "settlement")
    kept = refusal(pb.SettleRequest(), status, settlement_id=str(uuid4()))
    assert kept.settlement_id is None
