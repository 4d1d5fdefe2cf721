"""Goal: fee lines are taken all or none, classified each, refunded and taken back to the fen.

Method: the whole service on a real database; the catalogue lists a bed (class A), a drug (class B,
10 % prior self-pay) and an item whose ceiling refuses.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.kit.db import DatabaseConfig, open_database
from services.kit.wire import write_date
from services.settlement.domain.visit import Scope, lines_to_settle, net_lines, total_fen
from tests.integration.settlement.visits import (
    ADMITTED,
    TODAY,
    Visits,
    assert_visits_coherent,
    line,
    refund,
    register_request,
    stored_lines,
    visit_store,
)
from tests.integration.settlement.world import eventually
from tests.support.callees import BED, DRUG, UNLISTED, item
from tests.support.rpc import refused
from yijie.common.v1 import bill_pb2

pytestmark = pytest.mark.postgres


@pytest.fixture
async def visits(world):
    yield Visits(world)
    await assert_visits_coherent(world)


@pytest.fixture
async def stay(visits):
    return (await visits.register()).visit_id


async def test_every_line_has_a_result_in_its_place(visits, stay):
    response = await visits.upload(
        stay,
        line("c", item_code=UNLISTED, unit_price="9.99"),
        line("a", quantity="10"),
        line("b", item_code=DRUG, unit_price="12.345", quantity="3", fen=3_704),
        refund("b-1", "b", unit_price="12.345", item_code=DRUG, fen=-1_235),
    )
    assert [result.line_id for result in response.results] == ["c", "a", "b", "b-1"]
    unlisted, bed, drug, taken_off = response.results
    assert (unlisted.not_listed, unlisted.split.full_self_pay.fen) == (True, 999)
    assert bed.catalogue_class == bill_pb2.CATALOGUE_CLASS_A
    assert (bed.split.total.fen, bed.split.in_scope.fen) == (80_000, 80_000)
    assert (drug.split.prior_self_pay.fen, drug.split.in_scope.fen) == (370, 3_334)
    # A refund carries negative amounts: what its original loses by it, of whose rest 247 is prior.
    assert (taken_off.split.total.fen, taken_off.split.prior_self_pay.fen) == (-1_235, -123)
    assert taken_off.split.in_scope.fen == -1_112
    assert (response.line_count, response.line_total.fen) == (4, 83_468)
    visit = await visits.get(stay)
    assert (visit.line_count, visit.line_total.fen, visit.revision) == (4, 83_468, 2)


async def test_lines_are_listed_as_uploaded(visits, stay):
    sent = [line(str(n), fee_date=ADMITTED + timedelta(days=n)) for n in range(5)]
    sent[3].doctor_code, sent[3].department_code = "D640104000007", "0501"
    await visits.upload(stay, *sent[:2])
    await visits.upload(stay, *sent[2:])
    for page_size in (0, 1, 2, 3):
        found = await visits.fees(stay, page_size=page_size)
        assert [fee.line for fee in found] == sent
    assert all(fee.classified.split.in_scope.fen == 8_000 for fee in found)
    assert {fee.settlement_id for fee in found} == {""}


async def test_a_refused_call_leaves_nothing(visits, stay):
    before = await visits.world.counts()
    good = [line(str(n)) for n in range(499)]
    refusal = await refused(visits.upload(stay, *good, line("bad", fen=1)))
    assert (refusal.reason, refusal.fields) == ("LINE_AMOUNT_MISMATCH", ["lines[499].line.amount"])
    assert await visits.world.counts() == before
    assert (await visits.upload(stay, *good, line("last"))).line_count == 500


async def test_lines_follow_the_catalogue_in_force_now(visits, stay):
    first = await visits.upload(stay, line("a", item_code=DRUG, unit_price="10"))
    assert first.results[0].split.prior_self_pay.fen == 100
    await visits.world.callees.catalogue.publish("640000", "v2", [item(BED, "A"), item(DRUG, "A")])

    async def is_class_a():
        (fee,) = await visits.fees(stay)
        return fee.classified.split.in_scope.fen == 1_000

    await eventually(is_class_a)


async def test_a_kept_line_that_the_catalogue_refuses_by_now_is_still_listed(visits, stay):
    await visits.upload(stay, line("a", item_code=DRUG, unit_price="10"))
    capped = item(DRUG, "A", price_ceiling=Decimal(5), over_ceiling="reject")
    await visits.world.callees.catalogue.publish("640000", "v2", [item(BED, "A"), capped])

    async def is_refused():
        (fee,) = await visits.fees(stay)
        assert fee.line.line.line_id == "a"
        return not fee.HasField("classified")

    await eventually(is_refused)
    refusal = await refused(visits.upload(stay, line("b", item_code=DRUG, unit_price="10")))
    assert refusal.reason == "PRICE_ABOVE_CEILING"


async def test_after_discharge_fees_end_with_it(visits, stay):
    await visits.discharge(stay, date(2026, 3, 20))
    await visits.upload(stay, line("a", fee_date=date(2026, 3, 20)))
    refusal = await refused(visits.upload(stay, line("b", fee_date=date(2026, 3, 21))))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["lines[0].line.fee_date"])


async def test_refunds_of_earlier_calls_count(visits, stay):
    await visits.upload(stay, line("a", quantity="3"))
    await visits.upload(stay, refund("r1", "a", "-1"))
    await visits.upload(stay, refund("r2", "a", "-1.5"))
    refusal = await refused(visits.upload(stay, refund("r3", "a", "-0.6")))
    assert refusal.reason == "REFUND_EXCEEDS_ORIGINAL"
    assert (refusal.metadata["originalFen"], refusal.metadata["refundedFen"]) == ("24000", "24800")
    response = await visits.upload(stay, refund("r3", "a", "-0.5"))
    assert (response.line_count, response.line_total.fen) == (4, 0)
    # What is refunded whole vanishes; what is taken back may be refunded again.
    assert net_lines(await stored_lines(visits.world, stay)) == []
    assert (await visits.cancel_fees(stay, "r2")).line_total.fen == 12_000
    (rest,) = net_lines(await stored_lines(visits.world, stay))
    assert (rest.fee.line_id, str(rest.fee.quantity), rest.fee.amount_fen) == ("a", "1.5", 12_000)


async def test_lines_are_taken_back_with_their_refunds(visits, stay):
    await visits.upload(stay, line("a", quantity="2"), line("b"), refund("a-1", "a"))
    await visits.upload(stay, line("c", fee_date=TODAY), refund("b-1", "b"))
    response = await visits.cancel_fees(stay, "a", "c")
    assert (response.cancelled_count, response.line_count, response.line_total.fen) == (3, 2, 0)
    assert [fee.line.line.line_id for fee in await visits.fees(stay)] == ["b", "b-1"]
    # An id that was taken back is free again, and a date that was its only one too.
    await visits.upload(stay, line("a", fen=8_000))
    await visits.discharge(stay, date(2026, 3, 3))


async def test_taking_refunds_back_leaves_amounts_that_agree_with_the_price(visits, stay):
    refunds = [refund(f"r{n}", "a", fen=fen) for n, fen in enumerate((-8_001, -7_999, -7_999))]
    await visits.upload(stay, line("a", quantity="4"), *refunds)
    # Without the first one two beds would be left at 160.02.
    refusal = await refused(visits.cancel_fees(stay, "r0"))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["line_ids[0]"])
    assert (await visits.cancel_fees(stay, "r0", "r2")).line_total.fen == 24_001


async def test_what_is_covered_is_neither_refunded_nor_taken_back(visits, stay):
    await visits.upload(stay, line("a", quantity="2"), line("b", fee_date=date(2026, 3, 20)))
    settled = await visits.settled_by_hand(stay, "INTERIM", until=date(2026, 3, 10))
    late = line("late")
    await visits.upload(stay, late)
    covered = {fee.line.line.line_id: fee.settlement_id for fee in await visits.fees(stay)}
    # A line of those days that came later is left to the next settlement.
    assert covered == {"a": settled, "b": "", "late": ""}
    refusal = await refused(visits.upload(stay, refund("r", "b", fee_date=TODAY), refund("s", "a")))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "UNDO_ORDER")
    assert refusal.fields == ["lines[1].refund_of_line_id"]
    assert refusal.metadata["undoFirst"] == "settlement"
    assert refusal.metadata["settlementId"] == settled
    refusal = await refused(visits.cancel_fees(stay, "late", "a"))
    assert (refusal.reason, refusal.fields) == ("UNDO_ORDER", ["line_ids[1]"])
    # All: whatever no settlement covers.
    assert (await visits.cancel_fees(stay, every=True)).cancelled_count == 2
    await visits.outcome(settled, "REVERSED")
    response = await visits.upload(stay, refund("s", "a"))
    assert (response.line_count, response.line_total.fen) == (2, 8_000)


async def test_lines_after_settlement(visits):
    """Of a visit without stay the batch is closed; of a stay the whole, by a final settlement."""
    visit = await visits.register(register_request("11"))
    key = visit.visit_id
    await visits.upload(key, line("a"), line("b", batch="B1"))
    settled = await visits.settled_by_hand(key, "BATCH", batch="B1")
    refusal = await refused(visits.upload(key, line("c"), line("d", batch="B1")))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "VISIT_SETTLED")
    assert refusal.fields == ["lines[1].charge_batch_number"]
    assert refusal.metadata["settlementId"] == settled
    await visits.upload(key, line("c"), line("d", batch="B2"))
    covered = {fee.line.line.line_id: fee.settlement_id for fee in await visits.fees(key)}
    assert covered == {"a": "", "b": settled, "c": "", "d": ""}
    refusal = await refused(visits.cancel(key))
    assert refusal.metadata["undoFirst"] == "settlement"


async def test_a_refund_is_of_the_batch_of_its_original(visits):
    visit = await visits.register(register_request("11"))
    await visits.upload(visit.visit_id, line("a", batch="B1", quantity="2"))
    refusal = await refused(visits.upload(visit.visit_id, refund("r", "a", batch="B2")))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["lines[0].charge_batch_number"])
    await visits.upload(visit.visit_id, refund("r", "a"), refund("s", "a", batch="B1"))
    lines = await stored_lines(visits.world, visit.visit_id)
    assert {entry.charge_batch_number for entry in lines} == {"B1"}


async def test_a_refund_is_covered_with_its_original(visits, stay):
    """Although its own date lies after the day until which a settlement covers."""
    await visits.upload(stay, line("a", quantity="2"), refund("r", "a", fee_date=date(2026, 3, 30)))
    settled = await visits.settled_by_hand(stay, "INTERIM", until=date(2026, 3, 2))
    assert {fee.settlement_id for fee in await visits.fees(stay)} == {settled}


async def test_a_long_stay_is_read_and_netted_whole(visits, stay):
    """3,000 lines in six calls, a refund among ten; how fast is what `yijie bench` says."""
    for call in range(6):
        await visits.upload(
            stay,
            *(
                refund(f"{call}-{n}", f"{call}-{n - 1}", "-1", item_code=DRUG, unit_price="12.345",
                       fen=-1_235, fee_date=TODAY)
                if n % 10 == 9
                else line(f"{call}-{n}", item_code=DRUG, unit_price="12.345", quantity="3",
                          fen=3_704, fee_date=ADMITTED + timedelta(days=n % 30))
                for n in range(500)
            ),
        )  # fmt: skip
    config = DatabaseConfig(dsn=visits.world.dsn)
    async with open_database(config, "settlement") as database:
        store = visit_store(database)
        visit = await store.find(UUID(stay))
        lines = await store.lines(visit.visit_id)
        netted = net_lines(lines_to_settle(visit, lines, Scope.FINAL))
    assert (len(lines), len(netted)) == (3_000, 2_700)
    assert visit.line_total_fen == total_fen(lines) == total_fen(netted)
    assert (await visits.get(stay)).line_count == 3_000
    assert write_date(visit.last_fee_date) == write_date(TODAY)
