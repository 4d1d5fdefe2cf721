"""Goal: what was settled of a visit is taken back newest first, once, and leaves no trace but the
journal's; whatever a window asks meanwhile gets the truth.
"""

from __future__ import annotations

import asyncio
import io
from datetime import date

import grpc
import pytest

from services.kit.status import reason_of
from tests.integration.settlement.stays import (
    BATCH,
    BED_FEN,
    DRUG_FEN,
    INTERIM,
    STAY_FEN,
    settle,
    settle_visit_request,
    stay,
)
from tests.integration.settlement.visits import Visits, assert_visits_coherent, line, refund
from tests.integration.settlement.world import eventually, ident, served, state_name
from tests.support.callees import DRUG
from tests.support.rpc import refused

pytestmark = pytest.mark.postgres

MIDDLE = date(2026, 3, 10)


@pytest.fixture(autouse=True)
async def audited(world):
    yield
    await assert_visits_coherent(world)


@pytest.fixture
async def parts(world):
    """A stay with an interim and a final settlement: its id, the two."""
    visit_id = await stay(world)
    requests = (
        settle_visit_request(visit_id, BED_FEN, INTERIM, until=MIDDLE),
        settle_visit_request(visit_id, DRUG_FEN),
    )
    interim, final = [(await settle(world, request)).settlement for request in requests]
    return visit_id, interim, final, requests


async def test_only_the_newest_is_taken_back(world, parts):
    visit_id, interim, final, requests = parts
    before = await world.counts()
    for target in (
        {"settlement_id": interim.settlement_id},
        {"settle_request_id": requests[0].request_id},
    ):
        refusal = await refused(world.reverse(**target))
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "UNDO_ORDER")
        assert refusal.fields == list(target)
        assert refusal.metadata["undoFirst"] == "settlement"
        assert refusal.metadata["settlementId"] == final.settlement_id
    assert await world.counts() == before
    for newest in (final, interim):
        answer = await world.reverse(settlement_id=newest.settlement_id)
        assert state_name(answer.settlement) == "REVERSED"
    assert not world.callees.benefits.live
    assert world.callees.benefits.cancels == [final.settlement_id, interim.settlement_id]
    assert list((await Visits(world).get(visit_id)).settlements) == []
    # All of it is free again.
    await settle(world, settle_visit_request(visit_id, STAY_FEN))


async def test_the_whole_visit_is_undone_backwards(world, parts):
    visit_id, interim, final, _ = parts
    visits = Visits(world)

    async def undo_first(call):
        refusal = await refused(call)
        assert refusal.reason == "UNDO_ORDER"
        return refusal.metadata["undoFirst"]

    assert await undo_first(visits.cancel(visit_id)) == "settlement"
    assert await undo_first(visits.cancel_discharge(visit_id)) == "settlement"
    assert await undo_first(visits.cancel_fees(visit_id, "bed")) == "settlement"
    for settlement in (final, interim):
        await world.reverse(settlement_id=settlement.settlement_id)
    assert await undo_first(visits.cancel_fees(visit_id, every=True)) == "discharge"
    await visits.cancel_discharge(visit_id)
    assert await undo_first(visits.cancel(visit_id)) == "fees"
    await visits.cancel_fees(visit_id, every=True)
    await visits.cancel(visit_id)
    assert (await visits.get(visit_id)).state == 4


async def test_any_batch_may_be_taken_back(world):
    visits = Visits(world)
    visit_id = (await visits.register(medical_type="11")).visit_id
    await visits.upload(visit_id, *(line(batch, batch=batch) for batch in "ABC"))
    settlements = {}
    for batch in "ABC":
        request = settle_visit_request(visit_id, 8_000, BATCH, charge_batch_number=batch)
        settlements[batch] = (await settle(world, request)).settlement
    await world.reverse(settlement_id=settlements["A"].settlement_id)
    # One item of the batch is given back (隔笔退费): settle what is left of it.
    await visits.upload(visit_id, refund("back", "A", "-0.5", batch="A"))
    request = settle_visit_request(visit_id, 4_000, BATCH, charge_batch_number="A")
    again = (await settle(world, request)).settlement
    assert set(world.callees.benefits.live) == {
        settlements["B"].settlement_id,
        settlements["C"].settlement_id,
        again.settlement_id,
    }


async def test_a_settled_fee_is_refunded_by_settling_again(world, parts):
    visit_id, _, final, _ = parts
    visits = Visits(world)
    back = refund(
        "back",
        "drug",
        item_code=DRUG,
        unit_price="12.345",
        fen=-1_235,
        fee_date=date(2026, 3, 21),
    )
    refusal = await refused(visits.upload(visit_id, back))
    assert refusal.reason in {"UNDO_ORDER", "VISIT_SETTLED"}
    assert refusal.metadata["settlementId"] == final.settlement_id
    await world.reverse(settlement_id=final.settlement_id)
    await visits.upload(visit_id, back)
    await settle(world, settle_visit_request(visit_id, DRUG_FEN - 1_235))


async def test_the_truth_at_every_moment(world):
    """PENDING, SETTLED, a reversal under way, REVERSED: by request id and by settlement id."""
    visit_id = await stay(world)
    benefits = world.callees.benefits
    request = settle_visit_request(visit_id, STAY_FEN)
    benefits.mode = "unavailable"
    refusal = await refused(settle(world, request))
    key = {"settlement_id": refusal.metadata["settlementId"]}

    async def states():
        return {
            state_name(await world.get(**key)),
            state_name(await world.get(request_id=request.request_id)),
        }

    assert await states() == {"PENDING"}
    # 冲正 of what is not known yet says so, and changes nothing.
    undo_id = ident()
    unknown = await refused(world.reverse(request_id=undo_id, settle_request_id=request.request_id))
    assert unknown.reason == "OUTCOME_PENDING"
    assert await states() == {"PENDING"}
    benefits.mode = "ok"
    await settle(world, request)
    assert await states() == {"SETTLED"}
    benefits.cancel_is_down = True
    pending = await refused(world.reverse(request_id=undo_id, settle_request_id=request.request_id))
    assert pending.reason == "OUTCOME_PENDING"
    # Decided, not done: the journal has it settled until the region has restored it.
    assert await states() == {"SETTLED"}
    (short,) = (await Visits(world).get(visit_id)).settlements
    assert short.pending
    # Another one is not told that it was reversed, nor does it get through.
    other = await refused(world.reverse(**key))
    assert other.reason == "OUTCOME_PENDING"
    busy = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN)))
    assert busy.reason == "VISIT_BUSY"
    benefits.cancel_is_down = False
    done = await world.reverse(request_id=undo_id, settle_request_id=request.request_id)
    assert state_name(done.settlement) == "REVERSED"
    assert await states() == {"REVERSED"}
    assert (await refused(world.reverse(**key))).reason == "SETTLEMENT_ALREADY_REVERSED"


async def test_a_reversal_left_in_the_middle_is_finished(world, parts):
    _, _, final, _ = parts
    world.callees.benefits.cancel_is_down = True
    await refused(world.reverse(settlement_id=final.settlement_id))
    world.callees.benefits.cancel_is_down = False
    await world.pass_recovery()

    async def reversed_now():
        return state_name(await world.get(settlement_id=final.settlement_id)) == "REVERSED"

    await eventually(reversed_now)


async def test_reversal_and_settling_at_once(world, parts):
    """The interim one may be taken back only where the final one does not stand on it."""
    visit_id, interim, final, _ = parts
    await world.reverse(settlement_id=final.settlement_id)

    async def told(call):
        try:
            return state_name((await call).settlement)
        except grpc.aio.AioRpcError as error:
            return reason_of(error)

    for _ in range(5):
        outcome = await asyncio.gather(
            told(settle(world, settle_visit_request(visit_id, DRUG_FEN))),
            told(world.reverse(settlement_id=interim.settlement_id)),
        )
        standing = {s.settlement_id for s in (await Visits(world).get(visit_id)).settlements}
        assert standing == set(world.callees.benefits.live)
        if "SETTLED" in outcome:
            assert interim.settlement_id in standing
            assert len(standing) == 2
            newest = next(iter(standing - {interim.settlement_id}))
            await world.reverse(settlement_id=newest)
        else:
            assert outcome[1] in {"REVERSED", "SETTLEMENT_ALREADY_REVERSED"}


async def test_a_replayed_reversal_of_a_visit(world, parts):
    _, _, final, _ = parts
    request_id = ident()
    first = await world.reverse(request_id=request_id, settlement_id=final.settlement_id)
    again = await world.reverse(request_id=request_id, settlement_id=final.settlement_id)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.settlement == first.settlement
    other = await refused(world.reverse(settlement_id=final.settlement_id))
    assert other.reason == "SETTLEMENT_ALREADY_REVERSED"


async def test_a_final_settlement_stands_in_the_way_of_more_fees(world, parts):
    visit_id, _, final, _ = parts
    refusal = await refused(Visits(world).upload(visit_id, line("late")))
    assert (refusal.reason, refusal.metadata["settlementId"]) == (
        "VISIT_SETTLED",
        final.settlement_id,
    )


async def test_a_reversal_that_the_region_refuses_is_not_reported_as_undone_nor_as_refused(
    world, parts
):
    """It is decided: told "no" its caller would keep what recovery takes back later."""
    _, _, final, _ = parts
    world.callees.benefits.cancel_is_refused = True
    request_id = ident()
    for _ in range(2):
        refusal = await refused(
            world.reverse(request_id=request_id, settlement_id=final.settlement_id)
        )
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "OUTCOME_PENDING")
    assert await world.open_intents() == ["REVERSE"]
    world.callees.benefits.cancel_is_refused = False
    answer = await world.reverse(request_id=request_id, settlement_id=final.settlement_id)
    assert state_name(answer.settlement) == "REVERSED"


async def test_a_failure_is_told_as_it_is_where_the_region_refuses_the_cancel(world):
    visit_id = await stay(world)
    benefits = world.callees.benefits
    benefits.script, benefits.cancel_is_refused = ["refuse"], True
    request = settle_visit_request(visit_id, STAY_FEN)
    first = await refused(settle(world, request))
    assert first.reason == "POLICY_NOT_COVERED"
    assert (await refused(settle(world, request))).text == first.text
    assert await world.open_intents() == ["CANCEL"]


async def test_what_is_booked_is_taken_back_where_no_route_leads_any_more(dsn, callees, clock):
    """A reply is lost, then the province falls out of the routing table for a while."""
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        visit_id = await stay(world)
        callees.benefits.mode = "late_reply"
        request = settle_visit_request(visit_id, STAY_FEN)
        assert (await refused(settle(world, request))).reason == "OUTCOME_PENDING"
        assert len(callees.benefits.live) == 1
    callees.benefits.mode = "ok"
    routes = {"BENEFITS_ROUTES": f"130000={callees.target}"}
    async with served(dsn, callees, clock, io.BytesIO(), **routes) as world:
        refusal = await refused(settle(world, request))
        assert refusal.reason in {"OUTCOME_PENDING", "POLICY_NOT_COVERED"}
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        await world.pass_recovery()

        async def agrees():
            state = state_name(await world.get(request_id=request.request_id))
            return len(callees.benefits.live) == (state == "SETTLED") and state != "PENDING"

        await eventually(agrees)
