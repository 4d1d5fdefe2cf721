"""Goal: what supervision needs to see of a visit travels from registration to the bill that is
screened and kept, and the telephone is kept sealed and shown to nobody.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from services.kit.crypto import FieldCipher, parse_keyring_text
from tests.integration.settlement.test_limits import of_visit
from tests.integration.settlement.visits import TODAY, Visits, line, register_request
from tests.integration.settlement.world import KEY, ident, settle_request, state_name
from tests.support.callees import DRUG
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import settlement_pb2, visit_pb2, visit_service_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres

PHONE = "139-5555-0123"
INVOICE = "6401012600012345678"
OPERATIONS = ["36.0601", "88.5500x001"]


async def registered(visits, medical_type="21", **record):
    request = register_request(medical_type, contact_phone=PHONE, **record)
    request.record.operation_codes.append("38.9300")
    return await visits.register(request)


def settle_visit(visit_id, fen, **more):
    request = of_visit(pb.SettleVisitRequest, visit_id, request_id=ident(), **more)
    request.expected_total.fen = fen
    return request


async def stay(world):
    """A stay with everything stated, discharged; returns its id."""
    visits = Visits(world)
    visit = await registered(visits)
    drug = line("2", item_code=DRUG, unit_price="12", quantity="3")
    drug.line.supply_days = 14
    drug.department_code = "0302"
    await visits.upload(visit.visit_id, line("1"), drug)
    request = visit_service_pb2.DischargeVisitRequest(
        request_id=ident(), visit_id=visit.visit_id, institution_code=visit.institution_code
    )
    discharge = request.discharge
    discharge.discharge_date.year, discharge.discharge_date.month = TODAY.year, TODAY.month
    discharge.discharge_date.day = TODAY.day
    discharge.discharge_diagnoses.add(diagnosis_code="I21.900", main=True)
    discharge.discharge_way_code = "1"
    discharge.operation_codes.extend(OPERATIONS)
    answered = (await visits.stub.DischargeVisit(request, timeout=TIMEOUT_S)).visit
    assert list(answered.discharge.operation_codes) == OPERATIONS
    return visit.visit_id


async def test_all_of_it_is_screened_and_kept(world):
    visit_id = await stay(world)
    request = settle_visit(visit_id, 8000 + 3600, invoice_number=INVOICE)
    settlement = (await world.stub.SettleVisit(request, timeout=TIMEOUT_S)).settlement
    asked = world.callees.supervision.requests[-1]
    assert (asked.visit_id, asked.person_id) == (visit_id, settlement.person_id)
    assert (asked.care_region_code, asked.insured_region_code) == (
        settlement.care_region_code,
        settlement.insured_region_code,
    )
    assert (asked.begin_date, asked.end_date) == (settlement.begin_date, settlement.end_date)
    assert (asked.doctor_code, asked.department_code) == ("D640104000001", "0301")
    assert list(asked.operation_codes) == OPERATIONS
    assert asked.total.fen == 11600
    assert len(asked.invoice_key) == 32
    assert [(one.supply_days, one.department_code) for one in asked.lines] == [
        (0, ""),
        (14, "0302"),
    ]
    assert PHONE.encode() not in asked.SerializeToString()
    assert INVOICE.encode() not in asked.SerializeToString()

    full = await world.get(settlement_id=settlement.settlement_id, view=pb.SETTLEMENT_VIEW_FULL)
    bill = full.bill
    assert (bill.invoice_number, bill.doctor_code) == (INVOICE, "D640104000001")
    assert bill.department_code == "0301"
    assert list(bill.operation_codes) == OPERATIONS
    assert [one.supply_days for one in bill.lines] == [0, 14]
    assert bill.contact_phone == ""
    # It is kept, for whoever may open it.
    (row,) = await world.sql(
        "SELECT detail FROM settlement WHERE settlement_id = $1", UUID(settlement.settlement_id)
    )
    context = b"settlement.detail:" + UUID(settlement.settlement_id).bytes
    opened = FieldCipher(parse_keyring_text(KEY)).decrypt(row["detail"], context=context)
    assert settlement_pb2.Settlement.FromString(opened).bill.contact_phone == PHONE
    assert PHONE.encode() not in row["detail"]
    assert PHONE.encode() not in world.log.getvalue()


async def test_the_telephone_is_answered_to_nobody(world):
    visits = Visits(world)
    visit = await registered(visits)
    assert not visit.record.contact_phone
    assert not (await visits.get(visit.visit_id)).record.contact_phone
    # A change of something else leaves it, although the record that comes back has none.
    changed = (await visits.update(visit, department_code="0309")).visit
    assert not changed.record.contact_phone
    await visits.upload(visit.visit_id, line("1"))
    await visits.discharge(visit.visit_id)
    request = settle_visit(visit.visit_id, 8000, with_trace=True)
    settlement = (await world.stub.SettleVisit(request, timeout=TIMEOUT_S)).settlement
    assert PHONE.encode() not in settlement.SerializeToString()
    (row,) = await world.sql("SELECT detail, settlement_id FROM settlement")
    context = b"settlement.detail:" + row["settlement_id"].bytes
    opened = FieldCipher(parse_keyring_text(KEY)).decrypt(row["detail"], context=context)
    bill = settlement_pb2.Settlement.FromString(opened).bill
    assert (bill.contact_phone, bill.department_code) == (PHONE, "0309")
    # Of a stay that states none at discharge, those recorded before.
    assert list(bill.operation_codes) == ["38.9300"]
    for table in ("visit", "visit_request", "admission_event", "outbox"):
        rows = await world.sql(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
        assert rows
        assert PHONE.encode() not in b"".join(
            value for one in rows for value in one.values() if isinstance(value, bytes)
        )


async def test_it_can_be_changed_and_trials_do_not_show_it(world):
    visits = Visits(world)
    visit = await registered(visits, "11")
    await visits.update(visit, contact_phone="0951-8888888")
    await visits.upload(visit.visit_id, line("1"))
    trial = pb.PreSettleVisitRequest(
        visit_id=visit.visit_id,
        institution_code=visit.institution_code,
        scope=settlement_pb2.SETTLEMENT_SCOPE_BATCH,
        invoice_number=INVOICE,
        with_trace=True,
        credential=of_visit(pb.PreSettleVisitRequest, visit.visit_id).credential,
    )
    answer = await world.stub.PreSettleVisit(trial, timeout=TIMEOUT_S)
    assert answer.settlement.bill.invoice_number == INVOICE
    assert b"8888888" not in answer.SerializeToString()
    request = settle_visit(visit.visit_id, 8000, quote=answer.quote)
    request.scope = settlement_pb2.SETTLEMENT_SCOPE_BATCH
    # The quote is of the amounts: an invoice that was made out since changes none.
    request.invoice_number = "6401012600099999999"
    settled = (await world.stub.SettleVisit(request, timeout=TIMEOUT_S)).settlement
    assert state_name(settled) == "SETTLED"


async def test_a_bill_sent_whole_does_not_answer_the_telephone(world):
    request = settle_request(with_trace=True)
    request.bill.contact_phone, request.bill.invoice_number = PHONE, INVOICE
    request.bill.operation_codes.extend(OPERATIONS)
    settlement = (await world.settle(request)).settlement
    assert settlement.bill.invoice_number == INVOICE
    assert PHONE.encode() not in settlement.SerializeToString()
    again = (await world.settle(request)).settlement
    assert PHONE.encode() not in again.SerializeToString()
    assert PHONE.encode() not in world.log.getvalue()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contact_phone", "call me"),
        ("contact_phone", "1" * 21),
        ("doctor_code", "X1"),
    ],
)
async def test_shapes_of_a_visit(world, field, value):
    request = register_request(**{field: value})
    refusal = await refused(Visits(world).stub.RegisterVisit(request, timeout=TIMEOUT_S))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", [f"record.{field}"])
    assert value not in refusal.text


async def test_shapes_of_a_discharge(world):
    visits = Visits(world)
    visit = await registered(visits)
    request = visit_service_pb2.DischargeVisitRequest(
        request_id=ident(),
        visit_id=visit.visit_id,
        institution_code=visit.institution_code,
        discharge=visit_pb2.DischargeRecord(
            discharge_date=visit.record.begin_date,
            discharge_diagnoses=visit.record.admission_diagnoses,
            discharge_way_code="1",
            operation_codes=["appendix"],
        ),
    )
    refusal = await refused(visits.stub.DischargeVisit(request, timeout=TIMEOUT_S))
    assert refusal.reason == "FIELD_INVALID"
    assert refusal.fields == ["discharge.operation_codes[0]"]
