"""Inquiries: a costly stay, asked by its insured province, answered by its care province."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import asyncpg
import pytest

from services.clearing import metrics
from services.clearing.domain.ledger import Phase
from services.kit import wire
from tests.integration.clearing.disputes.disputes_world import (
    CARE,
    INSURED,
    OTHER,
    TIMEOUT_S,
    World,
    asked,
    asked_funds,
    care,
    funds_of,
    pb2,
    service_pb2,
    settlement_id,
    transaction,
)
from tests.support.rpc import refused

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
CONFIRMED, IRREGULAR = pb2.INQUIRY_RESULT_CONFIRMED, pb2.INQUIRY_RESULT_IRREGULAR
THRESHOLD = 3_000_000


async def opened(world: World, number: int = 1) -> str:
    return str((await world.ask(number)).inquiry.inquiry_id)


async def get(world: World, inquiry_id: str) -> pb2.Inquiry:
    request = service_pb2.GetInquiryRequest(inquiry_id=inquiry_id)
    return (await world.stub.GetInquiry(request, timeout=TIMEOUT_S)).inquiry


async def test_a_bill_in_order(world: World) -> None:
    await world.settle(care(1, total=THRESHOLD + 1))
    made = (await world.ask(1)).inquiry
    assert (made.insured_region_code, made.care_region_code) == (INSURED, CARE)
    assert (made.institution_code, made.total.fen) == ("H11010500001", THRESHOLD + 1)
    assert (made.state, made.overdue) == (pb2.INQUIRY_STATE_OPEN, False)
    # Sixty days after the 16th of March.
    assert wire.read_date(made.answer_last_date, "x") == date(2026, 5, 15)
    answer = await world.answer(made.inquiry_id, CONFIRMED)
    assert not answer.HasField("deduction")
    found = await get(world, made.inquiry_id)
    assert found == answer.inquiry
    assert (found.state, found.late) == (pb2.INQUIRY_STATE_CONFIRMED, False)
    assert (found.answer, found.maker_id, found.checker_id) == ("已赴医院核查", "zhou.7", "wu.8")
    assert found.deduction_id == ""
    assert await world.balances(Phase.PENDING) == {}
    # A later doubt is another inquiry.
    assert await opened(world) != made.inquiry_id


async def test_an_irregular_bill_leads_to_a_deduction(world: World) -> None:
    await world.settle(care(1, funds={"310100": 70_000, "330100": 30_000}), care(2))
    inquiry_id = await opened(world)
    answer = await world.answer(inquiry_id, IRREGULAR, amount=wire.write_money(1_000))
    made = answer.deduction
    assert funds_of(made) == {"310100": 700, "330100": 300}
    assert (made.decision_id, made.inquiry_id) == (inquiry_id, inquiry_id)
    assert answer.inquiry.state == pb2.INQUIRY_STATE_IRREGULAR
    assert answer.inquiry.deduction_id == made.deduction_id
    assert (await get(world, inquiry_id)).deduction_id == made.deduction_id
    # By the inquiry's id nothing else can be deducted.
    ((reason, _),) = await world.refusal(asked(1, 1_000, decision_id=inquiry_id))
    assert reason == "DECISION_ID_REUSED"
    # It is a deduction as any other.
    world.clock.instant += timedelta(days=15)
    await world.loop.once()
    assert await world.state(made.deduction_id) == "UPHELD"
    other = await opened(world, 2)
    by_fund = asked_funds(("330100", 5))
    made = (await world.answer(other, IRREGULAR, funds=by_fund)).deduction
    assert funds_of(made) == {"330100": 5}


@pytest.mark.parametrize(
    ("total", "reason"),
    [
        (THRESHOLD - 1, "INQUIRY_BELOW_THRESHOLD"),
        # Exactly 30 000.00 yuan is not above it.
        (THRESHOLD, "INQUIRY_BELOW_THRESHOLD"),
        (THRESHOLD + 1, ""),
    ],
)
async def test_the_threshold(world: World, total: int, reason: str) -> None:
    await world.settle(care(1, total=total))
    if not reason:
        await opened(world)
        return
    refusal = await refused(world.ask(1))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", reason)
    assert refusal.metadata["totalFen"] == str(total)
    assert refusal.metadata["thresholdFen"] == "3000000"


@pytest.mark.parametrize(
    ("medical_type", "is_inpatient"),
    [("11", False), ("14", False), ("13", False), ("41", False), ("", False), ("99x", False),
     ("21", True), ("2107", True), ("24", True), ("28", True), ("52", True)],
)  # fmt: skip
async def test_only_stays(world: World, medical_type: str, *, is_inpatient: bool) -> None:
    await world.settle(care(1, medical_type=medical_type))
    if is_inpatient:
        await opened(world)
        return
    refusal = await refused(world.ask(1))
    assert refusal.reason == "INQUIRY_NOT_INPATIENT"
    # What the feed says in no known form is not kept, and the feed goes on.
    kept = medical_type if medical_type.isdigit() else ""
    assert refusal.metadata["medicalTypeCode"] == kept


async def test_a_record_kept_before_its_type_is_filled_by_the_feed(world: World) -> None:
    bare = care(1, medical_type="")
    await world.settle(bare)
    assert (await refused(world.ask(1))).reason == "INQUIRY_NOT_INPATIENT"
    await world.settle(care(1), ledger=False)
    await opened(world)


async def test_each_province_has_its_part(world: World) -> None:
    await world.settle(care(1))
    for region in (CARE, OTHER):
        refusal = await refused(world.ask(1, region_code=region))
        assert refusal.reason == "DISPUTE_OF_ANOTHER_PROVINCE"
    inquiry_id = await opened(world)
    for region in (INSURED, OTHER):
        refusal = await refused(world.answer(inquiry_id, CONFIRMED, region_code=region))
        assert refusal.reason == "DISPUTE_OF_ANOTHER_PROVINCE"
    refusal = await refused(world.answer(inquiry_id, CONFIRMED, checker_id="zhou.7"))
    assert refusal.reason == "MAKER_IS_CHECKER"
    assert (await get(world, inquiry_id)).state == pb2.INQUIRY_STATE_OPEN


async def test_one_open_inquiry_and_one_answer(world: World) -> None:
    await world.settle(care(1))
    inquiry_id = await opened(world)
    refusal = await refused(world.ask(1))
    assert (refusal.reason, refusal.metadata["state"]) == ("INQUIRY_STATE_FORBIDS", "OPEN")
    await world.answer(inquiry_id, CONFIRMED)
    refusal = await refused(world.answer(inquiry_id, IRREGULAR, amount=wire.write_money(1)))
    assert (refusal.reason, refusal.metadata["state"]) == ("INQUIRY_STATE_FORBIDS", "CONFIRMED")
    assert await world.balances(Phase.PENDING) == {}
    assert (await refused(world.ask(9))).reason == "RESOURCE_NOT_FOUND"
    assert (await refused(world.answer(str(uuid4()), CONFIRMED))).reason == "RESOURCE_NOT_FOUND"
    request = service_pb2.GetInquiryRequest(inquiry_id=str(uuid4()))
    assert (await refused(world.stub.GetInquiry(request, timeout=TIMEOUT_S))).code == "NOT_FOUND"


async def test_a_late_answer_is_taken_and_marked(world: World) -> None:
    await world.settle(care(1), care(2))
    in_time, late = await opened(world, 1), await opened(world, 2)
    world.clock.instant += timedelta(days=60)
    await world.loop.once()
    assert not (await get(world, late)).overdue
    assert not (await world.answer(in_time, CONFIRMED)).inquiry.late
    world.clock.instant += timedelta(days=1)
    await world.loop.once()
    assert (await get(world, late)).overdue
    assert metrics.OVERDUE_INQUIRIES.labels(CARE)._value.get() == 1
    request = service_pb2.ListInquiriesRequest(overdue_only=True, region_code=CARE)
    page = await world.stub.ListInquiries(request, timeout=TIMEOUT_S)
    assert [one.inquiry_id for one in page.inquiries] == [late]
    answered = (await world.answer(late, CONFIRMED)).inquiry
    assert (answered.late, answered.overdue) == (True, False)
    await world.loop.once()
    assert metrics.OVERDUE_INQUIRIES.collect()[0].samples == []


async def test_a_reversed_settlement(world: World) -> None:
    asked_of, answered = care(1), care(2)
    await world.settle(asked_of, answered)
    one, two = await opened(world, 1), await opened(world, 2)
    await world.undo(asked_of)
    refusal = await refused(world.answer(one, IRREGULAR, amount=wire.write_money(1)))
    assert refusal.reason == "DISPUTED_SETTLEMENT_REVERSED"
    # The refusal took the answer back with it.
    assert (await get(world, one)).state == pb2.INQUIRY_STATE_OPEN
    assert await world.loop.once() == 1
    assert (await get(world, one)).state == pb2.INQUIRY_STATE_LAPSED
    assert (await refused(world.ask(1))).reason == "DISPUTED_SETTLEMENT_REVERSED"
    made = (await world.answer(two, IRREGULAR, amount=wire.write_money(5))).deduction
    await world.undo(answered)
    await world.loop.once()
    assert await world.state(made.deduction_id) == "LAPSED"
    assert await world.owed() == 0


async def test_more_than_the_funds_paid_and_a_ledger_that_is_behind(world: World) -> None:
    await world.settle(care(1, funds={"310100": 100}))
    await world.settle(care(2), ledger=False)
    one, two = await opened(world, 1), await opened(world, 2)
    refusal = await refused(world.answer(one, IRREGULAR, amount=wire.write_money(101)))
    assert (refusal.reason, refusal.metadata["heldFen"]) == ("DEDUCTION_EXCEEDS_SETTLEMENT", "100")
    refusal = await refused(world.answer(two, IRREGULAR, amount=wire.write_money(1)))
    assert refusal.reason == "RESOURCE_NOT_FOUND"
    await world.settle(care(2), hub=False)
    await world.answer(two, IRREGULAR, amount=wire.write_money(1))


async def test_the_shape_of_an_answer(world: World) -> None:
    await world.settle(care(1))
    inquiry_id = await opened(world)
    five = wire.write_money(5)
    for changes in (
        {"result": IRREGULAR},
        {"result": IRREGULAR, "amount": wire.write_money(0)},
        {"result": IRREGULAR, "amount": wire.write_money(-1)},
        {"result": IRREGULAR, "amount": five, "funds": asked_funds(("310100", 5))},
        {"result": IRREGULAR, "funds": asked_funds(("310100", 5), ("310100", 5))},
        {"result": CONFIRMED, "amount": five},
        {"result": CONFIRMED, "funds": asked_funds(("310100", 5))},
        {"result": CONFIRMED, "answer": "患者身份证号11010519491231002X"},
        {"result": CONFIRMED, "answer": " "},
        {"result": 0},
    ):
        refusal = await refused(world.answer(inquiry_id, **changes))
        assert refusal.code == "INVALID_ARGUMENT", changes
    refusal = await refused(world.ask(1, question="请核对１３８００１３８０００"))
    assert refusal.fields == ["question"]


async def test_inquiries_are_listed_by_pages(world: World) -> None:
    await world.settle(care(1), care(2), care(3, insured="640104"))
    ids = []
    for number, region in ((1, INSURED), (2, INSURED), (3, OTHER)):
        ids.append((await world.ask(number, region_code=region)).inquiry.inquiry_id)
        world.clock.advance(seconds=1)
    await world.answer(ids[1], CONFIRMED)

    async def listed(**wanted: object) -> list[str]:
        found, token = [], ""
        while True:
            request = service_pb2.ListInquiriesRequest(page_size=2, page_token=token, **wanted)
            page = await world.stub.ListInquiries(request, timeout=TIMEOUT_S)
            found += [one.inquiry_id for one in page.inquiries]
            token = page.next_page_token
            if not token:
                return found

    assert await listed() == ids
    assert await listed(region_code=OTHER) == ids[2:]
    assert await listed(state=pb2.INQUIRY_STATE_OPEN) == [ids[0], ids[2]]
    assert await listed(settlement_id=settlement_id(2)) == [ids[1]]
    assert await listed(overdue_only=True) == []


async def test_an_answer_stays(world: World) -> None:
    await world.settle(care(1))
    inquiry_id = await opened(world)
    await world.answer(inquiry_id, CONFIRMED)
    for statement in ("UPDATE inquiry SET state = 'OPEN'", "DELETE FROM inquiry"):

        async def work(connection: object, statement: str = statement) -> None:
            await connection.execute(f"/* test.break */ {statement}")  # type: ignore[attr-defined]

        with pytest.raises(asyncpg.PostgresError, match="answered once"):
            await transaction(world.database, work)
