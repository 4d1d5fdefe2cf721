"""Goal: what is computed anew costs to the fen what the new level would have cost at once: the
region's sums, the account and what provinces owe each other, in the month of now.

Method: the real benefits and clearing services around the real settlement service, as in
test_undo_money.py; filing is a fake that changes its mind.
"""

from __future__ import annotations

from datetime import date

import pytest

from services.kit.wire import write_date
from tests.integration.settlement.stays import INTERIM, settle, settle_visit_request
from tests.integration.settlement.test_recompute import recompute
from tests.integration.settlement.test_undo_money import Mesh, mesh, noon, owed
from tests.integration.settlement.visits import Visits, line
from tests.integration.settlement.world import (
    add_line,
    fill_bill,
    fill_patient,
    ident,
    settle_request,
)
from tests.support.callees import BED
from tests.support.rpc import refused
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

SCHEMAS = ("settlement", "benefits", "clearing")
pytestmark = pytest.mark.postgres

__all__ = ["mesh"]

LONG_TERM = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
TEMPORARY = filing_service_pb2.BENEFIT_LEVEL_TEMPORARY
UNFILED = filing_service_pb2.BENEFIT_LEVEL_UNFILED


def stay_bill(day: date, days: int = 10, insured: str = "110000"):
    """A stay of so many days at 800 yuan, sent whole."""
    request = pb.SettleRequest(request_id=ident(), use_account=True)
    fill_patient(request.patient)
    fill_bill(request.bill)
    request.patient.insured_region_code = insured
    bill = request.bill
    bill.medical_type_code = "21"
    for one in (bill.begin_date, bill.end_date):
        one.CopyFrom(write_date(day))
    del bill.lines[:]
    add_line(bill, BED, "800", str(days), days * 80_000)
    bill.total.fen = days * 80_000
    return request


@pytest.mark.parametrize("insured", ["110000", "650100"])
@pytest.mark.parametrize(
    ("then", "now"), [(UNFILED, LONG_TERM), (LONG_TERM, UNFILED), (TEMPORARY, LONG_TERM)]
)
async def test_as_if_settled_at_the_new_level_at_once(mesh: Mesh, insured, then, now):
    """Upward after a filing, downward after one was revoked."""
    filing = mesh.world.callees.filing
    mesh.set_time(noon(2026, 1, 20))
    before = await mesh.sums()
    filing.benefit_level = now
    wanted = (await mesh.world.settle(stay_bill(date(2026, 1, 15), insured=insured))).settlement
    sums = await mesh.sums()
    await mesh.world.reverse(settlement_id=wanted.settlement_id)
    assert await mesh.sums() == before
    filing.benefit_level = then
    first = (await mesh.world.settle(stay_bill(date(2026, 1, 15), insured=insured))).settlement
    assert owed(first) != owed(wanted)
    filing.benefit_level = now
    answer = await recompute(mesh.world, first.settlement_id)
    assert answer.changed
    found, should = answer.settlement.adjudication, wanted.adjudication
    assert found.fund_payments == should.fund_payments
    assert (found.account_pay, found.cash_pay) == (should.account_pay, should.cash_pay)
    assert await mesh.sums() == sums
    assert answer.fund_difference.fen == should.fund_total.fen - first.adjudication.fund_total.fen


async def test_the_difference_is_owed_in_the_month_of_now(mesh: Mesh):
    filing = mesh.world.callees.filing
    mesh.set_time(noon(2026, 1, 20))
    filing.benefit_level = UNFILED
    first = (await mesh.world.settle(stay_bill(date(2026, 1, 15)))).settlement
    await mesh.owes({"2026-01": owed(first)})
    mesh.set_time(noon(2026, 3, 3))
    filing.benefit_level = LONG_TERM
    request_id = ident()
    answer = await recompute(mesh.world, first.settlement_id, request_id)
    difference = answer.fund_difference.fen + answer.account_difference.fen
    assert difference == owed(answer.settlement) - owed(first)
    assert answer.cash_difference.fen == -difference
    assert answer.fund_difference.fen > 0
    # January is as it was cleared; March has the difference and nothing else.
    await mesh.owes({"2026-01": owed(first), "2026-03": difference})
    booked = answer.settlement
    assert (booked.settle_time.ToDatetime().month, booked.end_date.month) == (3, 1)
    assert await recompute(mesh.world, first.settlement_id, request_id) == answer
    await mesh.owes({"2026-01": owed(first), "2026-03": difference})
    # Revoked in May: May takes the difference back.
    mesh.set_time(noon(2026, 5, 4))
    filing.benefit_level = UNFILED
    again = await recompute(mesh.world, booked.settlement_id)
    down = again.fund_difference.fen + again.account_difference.fen
    assert down == -difference
    await mesh.owes({"2026-01": owed(first), "2026-03": difference, "2026-05": -difference})


async def test_later_bills_stay_as_they_are(mesh: Mesh):
    """In Beijing the second stay of a year bears half the deductible. What is computed anew is
    computed on the sums as they are now, so it becomes the second: documented, and nobody's bill of
    between is touched."""
    filing = mesh.world.callees.filing
    mesh.set_time(noon(2026, 1, 20))
    filing.benefit_level = UNFILED
    first = (await mesh.world.settle(stay_bill(date(2026, 1, 10)))).settlement
    later = (await mesh.world.settle(stay_bill(date(2026, 1, 15)))).settlement
    full, half = first.adjudication.deductible.fen, later.adjudication.deductible.fen
    assert full == 2 * half
    filing.benefit_level = LONG_TERM
    answer = await recompute(mesh.world, first.settlement_id)
    assert answer.settlement.adjudication.deductible.fen == half
    assert await mesh.world.get(settlement_id=later.settlement_id) == later


async def test_of_a_stay_in_parts_only_the_newest(mesh: Mesh):
    filing = mesh.world.callees.filing
    mesh.set_time(noon(2026, 3, 31))
    visits = Visits(mesh.world)
    visit_id = await mesh.charged(date(2026, 3, 1), 10)
    later = line("later", unit_price="800", quantity="8", fee_date=date(2026, 3, 20))
    await visits.upload(visit_id, later)
    filing.benefit_level = UNFILED
    first = await settle(
        mesh.world, settle_visit_request(visit_id, 800_000, INTERIM, until=date(2026, 3, 10))
    )
    await visits.discharge(visit_id, date(2026, 3, 30))
    second = await settle(mesh.world, settle_visit_request(visit_id, 640_000))
    filing.benefit_level = LONG_TERM
    refusal = await refused(recompute(mesh.world, first.settlement.settlement_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "UNDO_ORDER")
    assert refusal.metadata["settlementId"] == second.settlement.settlement_id
    answer = await recompute(mesh.world, second.settlement.settlement_id)
    assert answer.fund_difference.fen > 0
    # It bears no second deductible, and covers what the one before covered.
    assert answer.settlement.adjudication.deductible.fen == 0
    assert answer.settlement.visit_id == visit_id
    await mesh.world.reverse(settlement_id=answer.settlement.settlement_id)
    answer = await recompute(mesh.world, first.settlement.settlement_id)
    assert answer.settlement.adjudication.deductible == first.settlement.adjudication.deductible
    assert answer.fund_difference.fen > 0


async def test_a_stay_over_a_year_end(mesh: Mesh):
    filing = mesh.world.callees.filing
    mesh.set_time(noon(2026, 1, 20))
    filing.benefit_level = LONG_TERM
    wanted = await mesh.stay(date(2025, 12, 22), date(2026, 1, 11), 20)
    sums = await mesh.sums()
    await mesh.world.reverse(settlement_id=wanted.settlement_id)
    filing.benefit_level = UNFILED
    first = await mesh.stay(date(2025, 12, 22), date(2026, 1, 11), 20)
    filing.benefit_level = LONG_TERM
    answer = await recompute(mesh.world, first.settlement_id)
    assert answer.settlement.adjudication.year_parts == wanted.adjudication.year_parts
    assert await mesh.sums() == sums


async def test_the_account_pays_what_it_would_have_paid(mesh: Mesh):
    """An outpatient bill paid from the account: what the fund pays more goes back there."""
    filing = mesh.world.callees.filing
    mesh.set_time(noon(2026, 3, 31))
    before = await mesh.sums()
    filing.benefit_level = UNFILED
    request = settle_request(use_account=True)
    request.patient.insured_region_code = "110000"
    first = (await mesh.world.settle(request)).settlement
    filing.benefit_level = LONG_TERM
    answer = await recompute(mesh.world, first.settlement_id)
    assert answer.fund_difference.fen + answer.account_difference.fen == -answer.cash_difference.fen
    await mesh.world.reverse(settlement_id=answer.settlement.settlement_id)
    assert await mesh.sums() == before
