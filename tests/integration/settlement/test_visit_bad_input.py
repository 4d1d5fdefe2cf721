"""Goal: all bad input about visits has its reason and names its field, and writes nothing.

Method: a table of good requests spoiled in one place, against one running service.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import pytest

from tests.integration.settlement.bad_input import FORBIDDEN, INVALID, UNKNOWN, each, on, on_date
from tests.integration.settlement.visits import (
    OTHER_HOSPITAL,
    Visits,
    line,
    refund,
    register_request,
)
from tests.integration.settlement.world import CANARIES, ident
from tests.support.callees import CAPPED, DRUG, LOST_CARD
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import visit_service_pb2 as pb

pytestmark = pytest.mark.postgres


class Row(NamedTuple):
    """One line of a table: what is spoiled, and what it gets."""

    name: str
    spoil: Callable[[Any], object]
    field: str
    reason: str = "FIELD_INVALID"
    code: str = INVALID


def another_main(request: Any) -> None:
    request.record.admission_diagnoses.add(diagnosis_code="I10.x00", main=True)


RECORD = "record"
REGISTER_ROWS = [
    Row("request id missing", on("request_id", ""), "request_id"),
    Row("institution malformed", on("institution_code", "X1"), "institution_code"),
    Row(
        "institution unknown",
        on("institution_code", "H64010400009"),
        "institution_code",
        "INSTITUTION_UNKNOWN",
        UNKNOWN,
    ),
    Row("patient missing", on("patient", None), "patient"),
    Row("record missing", on("record", None), "record"),
    Row("medical type malformed", on("record.medical_type_code", "2"), "record.medical_type_code"),
    Row("medical type unknown", on("record.medical_type_code", "77"), "record.medical_type_code"),
    Row(
        "medical type not opened",
        on("record.medical_type_code", "52"),
        "record.medical_type_code",
        "INSTITUTION_NOT_OPEN",
        FORBIDDEN,
    ),
    Row("begin on no date", on_date("record.begin_date", 2026, 2, 30), "record.begin_date"),
    Row(
        "begin tomorrow",
        on_date("record.begin_date", 2026, 4, 1),
        "record.begin_date",
        "DATE_IN_FUTURE",
    ),
    Row(
        "third party without injury",
        on("record.third_party_liable", value=True),
        "record.third_party_liable",
    ),
    Row(
        "referred by itself",
        on("record.referring_institution_code", "H64010400001"),
        "record.referring_institution_code",
    ),
    Row(
        "referred by no area's",
        on("record.referring_institution_code", "H99010400001"),
        "record.referring_institution_code",
    ),
    Row(
        "referring malformed",
        on("record.referring_institution_code", "H1"),
        "record.referring_institution_code",
    ),
    Row("no diagnosis", on("record.admission_diagnoses", None), "record.admission_diagnoses"),
    Row("two main diagnoses", another_main, "record.admission_diagnoses"),
    Row(
        "diagnosis malformed",
        on("record.admission_diagnoses[0].diagnosis_code", "癌"),
        "record.admission_diagnoses[0].diagnosis_code",
    ),
    Row("disease with a stay", on("record.disease_code", "M03900"), "record.disease_code"),
    Row("chronic without disease", on("record.medical_type_code", "14"), "record.disease_code"),
    Row(
        "disease unknown",
        each(on("record.medical_type_code", "1401"), on("record.disease_code", "M99999")),
        "record.disease_code",
        "DISEASE_CODE_UNKNOWN",
    ),
    Row("doctor malformed", on("record.doctor_code", "D1"), "record.doctor_code"),
    Row("doctor of no area", on("record.doctor_code", "D990104000001"), "record.doctor_code"),
    Row("department malformed", on("record.department_code", "内科"), "record.department_code"),
    Row("scheme malformed", on("record.scheme_code", "31"), "record.scheme_code"),
    Row("scheme not the patient's", on("record.scheme_code", "390"), "record.scheme_code"),
    Row(
        "scheme not in force",
        each(on("record.scheme_code", "390"), on("patient.scheme_code", "390")),
        "record.begin_date",
        "INSURANCE_NOT_IN_FORCE",
        FORBIDDEN,
    ),
    Row(
        "insured in the province of care",
        on("patient.insured_region_code", "640200"),
        "patient.insured_region_code",
        "NOT_CROSS_PROVINCE",
        FORBIDDEN,
    ),
    Row(
        "insured nowhere",
        on("patient.insured_region_code", "190000"),
        "patient.insured_region_code",
        "REGION_UNKNOWN",
    ),
    Row(
        "card lost",
        each(on("patient.credential.type", 3), on("patient.credential.number", LOST_CARD)),
        "patient.credential.number",
        "CARD_LOST",
        FORBIDDEN,
    ),
    Row("born tomorrow", on("patient.birth_date.year", 2027), "patient.birth_date"),
    Row(
        "another person",
        on("patient.birth_date.year", 1951),
        "patient.birth_date",
        "PERSON_MISMATCH",
        FORBIDDEN,
    ),
]


@pytest.fixture
def module_visits(module_world):
    module_world.callees.identity.opened |= {"13", "14", "41"}
    return Visits(module_world)


@pytest.mark.parametrize("row", REGISTER_ROWS, ids=lambda row: row.name)
async def test_a_registration(module_visits, row):
    request = register_request()
    row.spoil(request)
    before = await module_visits.world.counts()
    refusal = await refused(module_visits.stub.RegisterVisit(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == (row.code, row.reason)
    assert row.field in refusal.fields
    assert refusal.zh
    assert not any(canary in refusal.text for canary in CANARIES)
    assert await module_visits.world.counts() == before


class LineRow(NamedTuple):
    """Lines that a stay with line "a" (80 yuan, three of them) refuses, and why."""

    name: str
    lines: list[Any]
    field: str
    reason: str = "FIELD_INVALID"
    code: str = INVALID


def changed(message: Any, path: str, value: Any) -> Any:
    on(path, value)(message)
    return message


ORIGINAL = "lines[0].refund_of_line_id"
AT = "lines[0].line"
LINE_ROWS = [
    LineRow("501 lines", [line(str(n)) for n in range(501)], "lines", "LINES_TOO_MANY"),
    LineRow("no lines", [], "lines"),
    LineRow("line missing", [changed(line("x"), "line", None)], AT),
    LineRow("id malformed", [line("一")], f"{AT}.line_id"),
    LineRow(
        "id taken in the call", [line("x"), line("x")], "lines[1].line.line_id", "LINE_ID_DUPLICATE"
    ),
    LineRow("id taken in the visit", [line("a")], f"{AT}.line_id", "LINE_ID_DUPLICATE"),
    LineRow("item malformed", [line("x", item_code="ABCDEF")], f"{AT}.item_code"),
    LineRow("before admission", [line("x", fee_date=date(2026, 2, 28))], f"{AT}.fee_date"),
    LineRow("tomorrow", [line("x", fee_date=date(2026, 4, 1))], f"{AT}.fee_date"),
    LineRow("on no date", [changed(line("x"), "line.fee_date.day", 32)], f"{AT}.fee_date"),
    LineRow("quantity no number", [line("x", quantity="1e3", fen=1)], f"{AT}.quantity"),
    LineRow("quantity zero", [line("x", quantity="0")], f"{AT}.quantity"),
    LineRow("charge of less than nothing", [line("x", quantity="-1")], f"{AT}.quantity"),
    LineRow("price negative", [line("x", unit_price="-80")], f"{AT}.unit_price"),
    LineRow("amount beyond all bounds", [line("x", fen=10**15)], f"{AT}.amount"),
    LineRow("amount missing", [changed(line("x"), "line.amount", None)], f"{AT}.amount"),
    LineRow("amount off", [line("x", fen=8_002)], f"{AT}.amount", "LINE_AMOUNT_MISMATCH"),
    LineRow("batch of a stay", [line("x", batch="1")], "lines[0].charge_batch_number"),
    LineRow("doctor malformed", [changed(line("x"), "doctor_code", "D")], "lines[0].doctor_code"),
    LineRow(
        "price that a ceiling refuses",
        [line("x"), line("y", item_code=CAPPED, unit_price="6")],
        "lines[1].line.unit_price",
        "PRICE_ABOVE_CEILING",
        FORBIDDEN,
    ),
    LineRow("refund of nothing", [refund("x", "zzz")], ORIGINAL, "REFUND_ORIGINAL_UNKNOWN"),
    LineRow(
        "refund of a refund",
        [refund("x", "a"), refund("y", "x")],
        "lines[1].refund_of_line_id",
        "REFUND_ORIGINAL_UNKNOWN",
    ),
    LineRow("refund of more than zero", [refund("x", "a", "1")], f"{AT}.quantity"),
    LineRow("refund that charges", [refund("x", "a", fen=8_000)], f"{AT}.amount"),
    LineRow("refund of another item", [refund("x", "a", item_code=DRUG)], f"{AT}.item_code"),
    LineRow("refund at another price", [refund("x", "a", unit_price="79")], f"{AT}.unit_price"),
    LineRow(
        "refund before its charge", [refund("x", "a", fee_date=date(2026, 3, 1))], f"{AT}.fee_date"
    ),
    LineRow(
        "refund larger than its original",
        [refund("x", "a", "-4")],
        f"{AT}.quantity",
        "REFUND_EXCEEDS_ORIGINAL",
    ),
    LineRow(
        "refunds together larger",
        [refund("x", "a", "-2"), refund("y", "a", "-1"), refund("z", "a", "-1")],
        "lines[2].line.quantity",
        "REFUND_EXCEEDS_ORIGINAL",
    ),
    LineRow(
        "refund that leaves a fen",
        [refund("x", "a", "-3", fen=-23_999)],
        f"{AT}.amount",
        "LINE_AMOUNT_MISMATCH",
    ),
    LineRow(
        "refunds that drift from the price",
        [refund("x", "a", fen=-8_001), refund("y", "a", fen=-8_001)],
        "lines[1].line.amount",
        "LINE_AMOUNT_MISMATCH",
    ),
]


@pytest.fixture
async def stay(module_visits):
    """A stay with one line, for one test."""
    visit = await module_visits.register()
    await module_visits.upload(visit.visit_id, line("a", quantity="3"))
    yield visit
    await module_visits.cancel_fees(visit.visit_id, every=True)
    await module_visits.cancel(visit.visit_id)


@pytest.mark.parametrize("row", LINE_ROWS, ids=lambda row: row.name)
async def test_lines(module_visits, stay, row):
    before = await module_visits.world.counts()
    refusal = await refused(module_visits.upload(stay.visit_id, *row.lines))
    assert (refusal.code, refusal.reason) == (row.code, row.reason)
    assert row.field in refusal.fields
    assert not any(canary in refusal.text for canary in CANARIES)
    assert await module_visits.world.counts() == before
    assert [fee.line.line.line_id for fee in await module_visits.fees(stay.visit_id)] == ["a"]


async def test_too_many_lines_come_before_all_else(module_visits):
    request = pb.UploadFeesRequest(
        request_id=ident(), visit_id=ident(), institution_code=OTHER_HOSPITAL
    )
    request.lines.extend(line("same", unit_price="-1") for _ in range(501))
    refusal = await refused(module_visits.stub.UploadFees(request, timeout=TIMEOUT_S))
    assert refusal.reason == "LINES_TOO_MANY"
    assert (refusal.metadata["lines"], refusal.metadata["linesMax"]) == ("501", "500")


async def test_what_amounts_disagree_is_told(module_visits, stay):
    refusal = await refused(module_visits.upload(stay.visit_id, line("x", fen=8_002)))
    assert (refusal.metadata["statedFen"], refusal.metadata["computedFen"]) == ("8002", "8000")
    refusal = await refused(module_visits.upload(stay.visit_id, refund("x", "a", "-4")))
    assert refusal.metadata["lineId"] == "a"
    assert refusal.metadata["originalFen"] == "24000"
    assert refusal.metadata["refundedFen"] == "32000"


@pytest.mark.parametrize(
    "call",
    [
        lambda visits, visit: visits.update(visit, department_code="0302"),
        lambda visits, visit: visits.cancel(visit.visit_id),
        lambda visits, visit: visits.discharge(visit.visit_id),
        lambda visits, visit: visits.cancel_discharge(visit.visit_id),
        lambda visits, visit: visits.upload(visit.visit_id, line("b")),
        lambda visits, visit: visits.cancel_fees(visit.visit_id, every=True),
        lambda visits, visit: visits.get(visit.visit_id),
        lambda visits, visit: visits.fees(visit.visit_id),
    ],
    ids=[
        "update",
        "cancel",
        "discharge",
        "cancel discharge",
        "upload",
        "cancel fees",
        "get",
        "list",
    ],
)
async def test_a_visit_of_another_institution_or_of_none(module_visits, stay, call):
    before = await module_visits.world.counts()
    elsewhere = Visits(module_visits.world, OTHER_HOSPITAL)
    refusal = await refused(call(elsewhere, stay))
    assert (refusal.code, refusal.reason) == (FORBIDDEN, "VISIT_OF_ANOTHER_INSTITUTION")
    assert refusal.fields == ["institution_code"]
    absent = type(stay)(visit_id="0190aaaa-0000-7000-8000-00000000ffff", record=stay.record)
    refusal = await refused(call(module_visits, absent))
    assert (refusal.code, refusal.reason) == (UNKNOWN, "RESOURCE_NOT_FOUND")
    assert refusal.fields == ["visit_id"]
    assert await module_visits.world.counts() == before


UPDATE_ROWS = [
    ("unknown path", ("birth_date",), {}, "update_mask.paths[0]", "FIELD_INVALID"),
    (
        "path into a field",
        ("doctor_code", "begin_date.day"),
        {},
        "update_mask.paths[1]",
        "FIELD_INVALID",
    ),
    ("medical type unknown", (), {"medical_type_code": "77"}, "record.medical_type_code", None),
    ("third party", (), {"third_party_liable": True}, "record.third_party_liable", None),
    (
        "begin after the first fee",
        (),
        {"begin_date": date(2026, 3, 3)},
        "record.begin_date",
        "FIELD_INVALID",
    ),
    ("begin tomorrow", (), {"begin_date": date(2026, 4, 1)}, "record.begin_date", "DATE_IN_FUTURE"),
    ("disease of a stay", (), {"disease_code": "M03900"}, "record.disease_code", "FIELD_INVALID"),
    (
        "another kind of visit",
        (),
        {"medical_type_code": "11"},
        "record.medical_type_code",
        "VISIT_STATE_FORBIDS",
    ),
    (
        "type not opened",
        (),
        {"medical_type_code": "24"},
        "record.medical_type_code",
        "INSTITUTION_NOT_OPEN",
    ),
    ("born after", (), {"begin_date": date(1949, 1, 1)}, "record.begin_date", "FIELD_INVALID"),
]


@pytest.mark.parametrize("row", UPDATE_ROWS, ids=lambda row: row[0])
async def test_a_change(module_visits, stay, row):
    _, paths, record, field, reason = row
    before = await module_visits.get(stay.visit_id)
    refusal = await refused(module_visits.update(stay, *paths, **record))
    assert refusal.reason == (reason or "FIELD_INVALID")
    assert refusal.fields == [field]
    assert await module_visits.get(stay.visit_id) == before


async def test_a_change_of_nothing(module_visits, stay):
    refusal = await refused(module_visits.update(stay))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["update_mask.paths"])


@pytest.mark.parametrize(
    "row",
    [
        (date(2026, 2, 28), True, "discharge.discharge_date", "FIELD_INVALID"),
        (date(2026, 3, 1), True, "discharge.discharge_date", "FIELD_INVALID"),
        (date(2026, 4, 1), True, "discharge.discharge_date", "DATE_IN_FUTURE"),
        (date(2026, 3, 31), False, "discharge.discharge_diagnoses", "FIELD_INVALID"),
    ],
    ids=["before admission", "before the last fee", "tomorrow", "no main diagnosis"],
)
async def test_a_discharge(module_visits, stay, row):
    day, main, field, reason = row
    refusal = await refused(module_visits.discharge(stay.visit_id, day, main=main))
    assert (refusal.reason, refusal.fields) == (reason, [field])


async def test_lines_to_take_back(module_visits, stay):
    for ids, every, field, reason in (
        ((), False, "line_ids", "FIELD_INVALID"),
        (("a",), True, "line_ids", "FIELD_INVALID"),
        (("a", "a"), False, "line_ids", "FIELD_INVALID"),
        (("a", "b"), False, "line_ids[1]", "RESOURCE_NOT_FOUND"),
    ):
        refusal = await refused(module_visits.cancel_fees(stay.visit_id, *ids, every=every))
        assert (refusal.reason, refusal.fields) == (reason, [field])


@pytest.mark.parametrize("token", ["x", "AAAA", "CgEx"])
async def test_page_tokens(module_visits, stay, token):
    key = {"visit_id": stay.visit_id, "institution_code": module_visits.institution_code}
    stub = module_visits.stub
    fees = stub.ListFees(pb.ListFeesRequest(**key, page_token=token), timeout=TIMEOUT_S)
    assert (await refused(fees)).reason == "PAGE_TOKEN_INVALID"
    listing = pb.ListVisitsRequest(
        institution_code=module_visits.institution_code, page_token=token
    )
    refusal = await refused(stub.ListVisits(listing, timeout=TIMEOUT_S))
    assert refusal.reason == "PAGE_TOKEN_INVALID"
