"""Goal: a visit is settled from its uploaded fees as a bill sent whole would be, once per request,
and what may not be settled is refused with its own reason and field.
"""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import grpc
import pytest

from services.settlement.domain.visit_bill import LINES_MAX
from tests.integration.settlement.stays import (
    BATCH,
    BED_FEN,
    DRUG_FEN,
    FINAL,
    INTERIM,
    STAY_FEN,
    pre_settle,
    settle,
    settle_visit_request,
    stay,
    try_request,
)
from tests.integration.settlement.visits import (
    ADMITTED,
    OTHER_HOSPITAL,
    TODAY,
    Visits,
    assert_visits_coherent,
    line,
    refund,
)
from tests.integration.settlement.world import (
    MORE_TABLES,
    TABLES,
    eventually,
    first_events,
    ident,
    settle_request,
    state_name,
)
from tests.support.callees import CAPPED, CARE, DRUG, INSURED, LOST_CARD, item
from tests.support.rpc import read_refusal, refused
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
async def audited(world):
    yield
    await assert_visits_coherent(world)


async def test_a_stay_is_settled(world):
    visit_id = await stay(world)
    request = settle_visit_request(visit_id, STAY_FEN, with_trace=True)
    response = await settle(world, request)
    settlement = response.settlement
    assert not response.replayed
    assert state_name(settlement) == "SETTLED"
    assert settlement.request_id == request.request_id
    assert (settlement.visit_id, settlement.scope) == (visit_id, FINAL)
    assert (settlement.care_region_code, settlement.insured_region_code) == (CARE, INSURED)
    assert settlement.amounts.total.fen == STAY_FEN
    assert settlement.amounts.prior_self_pay.fen == 370
    bill = settlement.bill
    assert [one.line_id for one in bill.lines] == ["bed", "drug"]
    assert bill.lines[1].unit_price.value == "12.345"
    assert bill.total.fen == STAY_FEN
    assert date(bill.begin_date.year, bill.begin_date.month, bill.begin_date.day) == ADMITTED
    assert date(bill.end_date.year, bill.end_date.month, bill.end_date.day) == TODAY
    case = world.callees.benefits.live[settlement.settlement_id].case
    assert case.stay_id == visit_id
    assert case.medical_type_code == "21"
    visit = await Visits(world).get(visit_id)
    assert visit.state == 3
    (short,) = visit.settlements
    assert (short.settlement_id, short.pending) == (settlement.settlement_id, False)
    # The feed tells of it as of any other.
    (event,) = await first_events(world.stub, 1)
    assert event.settlement.visit_id == visit_id
    assert not event.settlement.HasField("bill")


async def test_a_repeat_gets_the_first_answer_whatever_became_of_the_visit(world):
    visit_id = await stay(world)
    request = settle_visit_request(visit_id, STAY_FEN)
    first = await settle(world, request)
    # Settled: as a new request it would be refused.
    again = await settle(world, request)
    assert again.replayed
    assert again.settlement == first.settlement
    await world.reverse(settlement_id=first.settlement.settlement_id)
    visits = Visits(world)
    await visits.upload(visit_id, line("late"))
    reversed_now = await settle(world, request)
    assert reversed_now.replayed
    assert state_name(reversed_now.settlement) == "REVERSED"
    request.with_trace = True
    assert len((await settle(world, request)).settlement.lines) == 2
    request.use_account = True
    assert (await refused(settle(world, request))).reason == "REQUEST_ID_REUSED"


async def test_an_id_of_a_whole_bill_settles_no_visit(world):
    visit_id = await stay(world)
    whole = settle_request()
    await world.settle(whole)
    request = settle_visit_request(visit_id, STAY_FEN, request_id=whole.request_id)
    refusal = await refused(settle(world, request))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert (await Visits(world).get(visit_id)).revision == 3


async def test_twenty_at_once_are_one_settlement(world):
    visit_id = await stay(world)
    request = settle_visit_request(visit_id, STAY_FEN)
    answers = await asyncio.gather(*(settle(world, request) for _ in range(20)))
    assert len({a.settlement.SerializeToString(deterministic=True) for a in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert len(world.callees.benefits.live) == 1


async def test_a_double_submit_at_discharge_settles_once(world):
    """Two windows, or an impatient one, with requests of their own."""
    visit_id = await stay(world)
    results = await asyncio.gather(
        *(settle(world, settle_visit_request(visit_id, STAY_FEN)) for _ in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, pb.SettleVisitResponse) for result in results) == 1
    assert len(world.callees.benefits.live) == 1
    refusal = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN)))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "VISIT_SETTLED")
    assert refusal.metadata["settlementId"] in world.callees.benefits.live


async def test_a_trial_writes_nothing(world):
    visit_id = await stay(world)
    before = await world.counts()
    response = await pre_settle(world, try_request(visit_id, with_trace=True))
    assert response.settlement.amounts.total.fen == STAY_FEN
    assert response.settlement.visit_id == visit_id
    assert not response.settlement.settlement_id
    assert response.settlement.lines
    assert response.quote
    assert await world.counts() == before


async def test_refunds_are_netted_before_anything_is_computed(world):
    visits = Visits(world)
    visit_id = await stay(world, discharged=False)
    await visits.upload(
        visit_id,
        refund("back", "bed", "-4"),
        line("gone"),
        refund("all-of-it", "gone"),
    )
    await visits.discharge(visit_id)
    net = STAY_FEN - 4 * 8_000
    settlement = (
        await settle(world, settle_visit_request(visit_id, net, with_trace=True))
    ).settlement
    assert [(one.line_id, one.quantity.value) for one in settlement.bill.lines] == [
        ("bed", "6"),
        ("drug", "3"),
    ]


async def test_a_long_stay_is_settled_in_the_middle_and_at_the_end(world):
    visits = Visits(world)
    visit_id = await stay(world, discharged=False)
    middle = date(2026, 3, 10)
    first = await settle(
        world, settle_visit_request(visit_id, BED_FEN, INTERIM, until=middle, with_trace=True)
    )
    bill = first.settlement.bill
    assert [one.line_id for one in bill.lines] == ["bed"]
    assert (bill.end_date.month, bill.end_date.day) == (3, 10)
    assert first.settlement.scope == INTERIM
    # What comes later, even for an earlier day, is of the next part.
    await visits.upload(visit_id, line("late", fee_date=date(2026, 3, 9)))
    second = await settle(world, settle_visit_request(visit_id, 8_000, INTERIM, until=middle))
    await visits.discharge(visit_id)
    third = await settle(world, settle_visit_request(visit_id, DRUG_FEN))
    cases = [b.case for b in world.callees.benefits.live.values()]
    assert {case.stay_id for case in cases} == {visit_id}
    assert sum(case.amounts.total.fen for case in cases) == STAY_FEN + 8_000
    covered = {fee.line.line.line_id: fee.settlement_id for fee in await visits.fees(visit_id)}
    assert covered == {
        "bed": first.settlement.settlement_id,
        "late": second.settlement.settlement_id,
        "drug": third.settlement.settlement_id,
    }


async def test_batches_of_an_outpatient_visit_are_settled_each_by_itself(world):
    visits = Visits(world)
    visit_id = (await visits.register(medical_type="11")).visit_id
    await visits.upload(
        visit_id,
        line("1", batch="A"),
        line("2", batch="B", fee_date=date(2026, 3, 4)),
        line("3", fee_date=date(2026, 3, 5)),
    )
    days = []
    for batch in ("B", "", "A"):
        request = settle_visit_request(
            visit_id, 8_000, BATCH, charge_batch_number=batch, with_trace=True
        )
        settlement = (await settle(world, request)).settlement
        assert (settlement.scope, settlement.charge_batch_number) == (BATCH, batch)
        bill = settlement.bill
        days.append((bill.begin_date.day, bill.end_date.day))
        assert not world.callees.benefits.live[settlement.settlement_id].case.stay_id
    assert days == [(4, 4), (5, 5), (2, 2)]
    refusal = await refused(
        settle(world, settle_visit_request(visit_id, 8_000, BATCH, charge_batch_number="B"))
    )
    assert refusal.reason == "VISIT_SETTLED"
    assert refusal.fields == ["charge_batch_number"]


async def test_a_filing_after_admission_counts(world):
    """Art. 16: what is filed before the discharge is settled counts for the whole stay."""
    visit_id = await stay(world)
    filing = world.callees.filing
    filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_UNFILED
    tried = await pre_settle(world, try_request(visit_id))
    assert tried.settlement.benefit_level == filing.benefit_level
    filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
    settlement = (await settle(world, settle_visit_request(visit_id, STAY_FEN))).settlement
    assert settlement.benefit_level == filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
    asked = filing.requests[-1]
    assert (asked.service_date.day, asked.match_until_date.day) == (1, 31)


async def test_totals_that_the_books_see_differently(world):
    visit_id = await stay(world)
    before = await world.counts()
    refusal = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN + 1)))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "BILL_TOTAL_MISMATCH")
    assert refusal.fields == ["expected_total"]
    assert refusal.metadata == {
        "statedFen": str(STAY_FEN + 1), "computedFen": str(STAY_FEN), "field": "expected_total",
    }  # fmt: skip
    request = settle_visit_request(visit_id, STAY_FEN)
    request.expected_amounts.total.fen = STAY_FEN
    request.expected_amounts.prior_self_pay.fen = 371
    refusal = await refused(settle(world, request))
    assert refusal.reason == "BILL_TOTAL_MISMATCH"
    assert refusal.fields == ["expected_amounts.prior_self_pay"]
    assert (refusal.metadata["statedFen"], refusal.metadata["computedFen"]) == ("371", "370")
    assert await world.counts() == before
    # Corrected, under the same id: nothing was decided by it.
    request.expected_amounts.prior_self_pay.fen = 370
    await settle(world, request)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"scope": BATCH}, "FIELD_INVALID", "scope"),
        ({"scope": INTERIM}, "FIELD_INVALID", "until_date"),
        ({"until": TODAY}, "FIELD_INVALID", "until_date"),
        ({"charge_batch_number": "A"}, "FIELD_INVALID", "charge_batch_number"),
        ({"scheme_code": "390"}, "SCHEME_MIXED", "scheme_code"),
        ({"institution_code": OTHER_HOSPITAL}, "VISIT_OF_ANOTHER_INSTITUTION", "institution_code"),
        ({"visit_id": "0190cccc-0000-7000-8000-000000000001"}, "RESOURCE_NOT_FOUND", "visit_id"),
        ({"scope": INTERIM, "until": date(2026, 2, 28)}, "FIELD_INVALID", "until_date"),
        ({"scope": INTERIM, "until": date(2026, 4, 1)}, "DATE_IN_FUTURE", "until_date"),
        ({"scope": INTERIM, "until": date(2026, 3, 1)}, "NOTHING_TO_SETTLE", "scope"),
        ({"quote": "no quote"}, "QUOTE_INVALID", "quote"),
    ],
)
async def test_what_may_not_be_settled(world, changes, reason, field):
    visit_id = await stay(world)
    values = {"scope": FINAL, "until": None, **changes}
    request = settle_visit_request(
        visit_id, STAY_FEN, values.pop("scope"), until=values.pop("until")
    )
    for name, value in values.items():
        setattr(request, name, value)
    before = await world.counts()
    refusal = await refused(settle(world, request))
    assert (refusal.reason, refusal.fields) == (reason, [field])
    assert await world.counts() == before
    if "quote" not in changes:
        tried = try_request(visit_id)
        for name in ("visit_id", "institution_code", "scope", "charge_batch_number", "scheme_code"):
            setattr(tried, name, getattr(request, name))
        if request.HasField("until_date"):
            tried.until_date.CopyFrom(request.until_date)
        assert (await refused(pre_settle(world, tried))).reason == reason


async def test_a_stay_before_discharge(world):
    visit_id = await stay(world, discharged=False)
    refusal = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN)))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "VISIT_NOT_DISCHARGED")
    assert refusal.fields == ["scope"]
    until = settle_visit_request(visit_id, STAY_FEN, INTERIM, until=date(2026, 4, 1))
    assert (await refused(settle(world, until))).fields == ["until_date"]


async def test_an_interim_settlement_does_not_go_back(world):
    visit_id = await stay(world, discharged=False)
    request = settle_visit_request(visit_id, BED_FEN, INTERIM, until=date(2026, 3, 10))
    await settle(world, request)
    back = settle_visit_request(visit_id, BED_FEN, INTERIM, until=date(2026, 3, 9))
    refusal = await refused(settle(world, back))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["until_date"])


async def test_a_cancelled_visit(world):
    visits = Visits(world)
    visit_id = (await visits.register()).visit_id
    refusal = await refused(settle(world, settle_visit_request(visit_id, 0)))
    assert refusal.reason == "VISIT_NOT_DISCHARGED"
    await visits.cancel(visit_id)
    refusal = await refused(settle(world, settle_visit_request(visit_id, 0)))
    assert (refusal.reason, refusal.metadata["state"]) == ("VISIT_STATE_FORBIDS", "CANCELLED")


async def test_a_credential_that_is_refused_is_named_as_the_request_names_it(world):
    visit_id = await stay(world)
    request = settle_visit_request(visit_id, STAY_FEN)
    request.credential.type, request.credential.number = 3, LOST_CARD
    refusal = await refused(settle(world, request))
    assert (refusal.reason, refusal.domain) == ("CARD_LOST", "identity.yijie")
    assert refusal.fields == ["credential.number"]


async def test_a_price_above_a_ceiling_that_came_after_the_upload(world):
    visits = Visits(world)
    visit_id = (await visits.register()).visit_id
    await visits.upload(
        visit_id,
        line("dear", item_code=CAPPED, unit_price="5", quantity="2"),
        line("bed"),
    )
    await visits.discharge(visit_id)
    ceiling = item(CAPPED, "A", price_ceiling=Decimal(4), over_ceiling="reject")
    await world.callees.catalogue.publish("640000", "v2", [ceiling, item(DRUG, "B")])

    async def refusal_now():
        try:
            await pre_settle(world, try_request(visit_id))
        except grpc.aio.AioRpcError as error:
            return read_refusal(error)
        return None

    await eventually(refusal_now)
    refusal = await refusal_now()
    assert refusal.reason == "PRICE_ABOVE_CEILING"
    assert refusal.fields == ["fees[dear].unit_price"]
    assert refusal.metadata["lineId"] == "dear"


async def test_more_lines_than_one_settlement_takes(world):
    visits = Visits(world)
    visit_id = (await visits.register()).visit_id
    for call in range(7):
        day = ADMITTED if call < 4 else TODAY
        await visits.upload(visit_id, *(line(f"{call}-{n}", fee_date=day) for n in range(430)))
    await visits.discharge(visit_id)
    total = 7 * 430 * 8_000
    refusal = await refused(settle(world, settle_visit_request(visit_id, total)))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "LINES_TOO_MANY")
    assert refusal.metadata["lines"] == str(7 * 430)
    assert refusal.metadata["linesMax"] == str(LINES_MAX)
    # The way out that the refusal names.
    first = 4 * 430 * 8_000
    await settle(world, settle_visit_request(visit_id, first, INTERIM, until=ADMITTED))
    await settle(world, settle_visit_request(visit_id, total - first))


async def test_a_refusal_of_the_region_frees_the_lines_at_once(world):
    visit_id = await stay(world)
    world.callees.benefits.mode = "refuse"
    request = settle_visit_request(visit_id, STAY_FEN)
    refusal = await refused(settle(world, request))
    assert (refusal.reason, refusal.fields) == ("POLICY_NOT_COVERED", ["scheme_code"])
    assert state_name(await world.get(request_id=request.request_id)) == "FAILED"
    assert await world.open_intents() == []
    world.callees.benefits.mode = "ok"
    assert (await refused(settle(world, request))).text == refusal.text
    await settle(world, settle_visit_request(visit_id, STAY_FEN))
    assert len(world.callees.benefits.live) == 1


async def test_while_a_failed_one_may_be_booked_the_visit_is_busy(world):
    """The next part would be computed from what the region is going to take back."""
    visit_id = await stay(world)
    benefits = world.callees.benefits
    benefits.script, benefits.cancel_is_down = ["refuse"], True
    refusal = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN)))
    assert refusal.reason == "POLICY_NOT_COVERED"
    refusal = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN)))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "VISIT_BUSY")
    benefits.cancel_is_down = False
    await world.pass_recovery()
    await eventually(lambda: _is_free(world))
    await settle(world, settle_visit_request(visit_id, STAY_FEN))


async def _is_free(world):
    return not await world.open_intents()


@pytest.mark.parametrize("mode", ["unavailable", "lost_reply"])
async def test_an_unknown_outcome_is_pending_then_settled(world, mode):
    visit_id = await stay(world)
    visits = Visits(world)
    world.callees.benefits.mode = mode
    request = settle_visit_request(visit_id, STAY_FEN)
    refusal = await refused(settle(world, request))
    assert refusal.reason == "OUTCOME_PENDING"
    assert state_name(await world.get(request_id=request.request_id)) == "PENDING"
    (short,) = (await visits.get(visit_id)).settlements
    assert short.pending
    # Nothing else may happen to the visit, and the same request says the same.
    other = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN)))
    assert (other.reason, other.metadata["settlementId"]) == (
        "VISIT_BUSY",
        refusal.metadata["settlementId"],
    )
    assert (await refused(visits.upload(visit_id, line("new")))).reason == "VISIT_BUSY"
    assert (await refused(settle(world, request))).reason == "OUTCOME_PENDING"
    world.callees.benefits.mode = "ok"
    await world.pass_recovery()

    async def settled():
        return state_name(await world.get(request_id=request.request_id)) == "SETTLED"

    await eventually(settled)
    again = await settle(world, request)
    assert again.replayed
    assert again.settlement.settlement_id == refusal.metadata["settlementId"]


async def test_a_change_of_the_visit_meanwhile_is_seen(world):
    """The fees are read, everybody is asked, and only then another window changes them."""
    visit_id = await stay(world)
    visits = Visits(world)
    world.callees.identity.delay_s = 0.3
    request = settle_visit_request(visit_id, STAY_FEN)
    settling = asyncio.create_task(settle(world, request))
    await asyncio.sleep(0.1)
    await visits.upload(visit_id, line("meanwhile"))
    refusal = await refused(settling)
    assert refusal.reason == "BILL_TOTAL_MISMATCH"
    assert refusal.metadata["computedFen"] == str(STAY_FEN + 8_000)
    assert not world.callees.benefits.bookings
    request.expected_total.fen += 8_000
    await settle(world, request)


async def test_a_request_given_up_settles_no_visit(world):
    visit_id = await stay(world)
    request = settle_visit_request(visit_id, STAY_FEN)
    refusal = await refused(world.reverse(settle_request_id=request.request_id))
    assert refusal.reason == "RESOURCE_NOT_FOUND"
    assert (await refused(settle(world, request))).reason == "REQUEST_ID_REUSED"
    visit = await Visits(world).get(visit_id)
    assert (visit.revision, list(visit.settlements)) == (3, [])
    assert (await refused(world.get(request_id=request.request_id))).reason == "RESOURCE_NOT_FOUND"
    assert (await refused(world.get(request_id=ident()))).reason == "RESOURCE_NOT_FOUND"


async def test_a_chronic_visit_names_its_disease(world):
    visits = Visits(world)
    world.callees.identity.opened |= {"14"}
    visit_id = (await visits.register(medical_type="14", disease_code="M03900")).visit_id
    await visits.upload(visit_id, line("1"))
    request = settle_visit_request(visit_id, 8_000, BATCH)
    settlement = (await settle(world, request)).settlement
    # It tells a diagnosis: who may see the whole settlement sees it, lists and the feed do not.
    assert settlement.disease_code == ""
    full = await world.get(settlement_id=settlement.settlement_id, view=pb.SETTLEMENT_VIEW_FULL)
    assert full.disease_code == "M03900"
    assert settlement.medical_type_code == "14"
    case = world.callees.benefits.live[settlement.settlement_id].case
    assert (case.disease_code, case.stay_id) == ("M03900", "")
    assert settlement.state == settlement_pb2.SETTLEMENT_STATE_SETTLED
    # The code tells a diagnosis: nothing in the tables shows it.
    for table in (*TABLES, *MORE_TABLES):
        rows = await world.sql(f'SELECT t::text AS row FROM "{table}" t')  # noqa: S608
        for row in rows:
            assert "M03900" not in row["row"]
            assert b"M03900".hex() not in row["row"]
