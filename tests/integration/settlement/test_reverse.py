"""Goal: a settlement is taken back once, by its id or by the request that made it (冲正)."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from services.kit.status import reason_of
from tests.integration.settlement.world import (
    eventually,
    first_events,
    ident,
    settle_request,
    state_name,
)
from tests.support.rpc import refused
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


@pytest.fixture
async def settled(world):
    """A settled bill: its request and its settlement."""
    request = settle_request()
    return request, (await world.settle(request)).settlement


async def test_it_is_reversed_by_its_id(world, settled):
    _, settlement = settled
    response = await world.reverse(settlement_id=settlement.settlement_id)
    assert not response.replayed
    assert response.settlement.state == settlement_pb2.SETTLEMENT_STATE_REVERSED
    assert response.settlement.HasField("reverse_time")
    assert response.settlement.HasField("settle_time")
    assert response.settlement.adjudication == settlement.adjudication
    assert len(response.trace_id) == 32
    assert not world.callees.benefits.live
    assert await world.open_intents() == []
    settle, reverse = await first_events(world.stub, 2)
    assert (settle.kind, reverse.kind) == (pb.EVENT_KIND_SETTLED, pb.EVENT_KIND_REVERSED)
    assert reverse.settlement == response.settlement
    assert reverse.settlement == await world.get(settlement_id=settlement.settlement_id)


async def test_it_is_reversed_by_its_request(world, settled):
    request, settlement = settled
    response = await world.reverse(settle_request_id=request.request_id)
    assert response.settlement.settlement_id == settlement.settlement_id
    assert state_name(response.settlement) == "REVERSED"


async def test_again_answers_the_same(world, settled):
    request, settlement = settled
    request_id = ident()
    first = await world.reverse(request_id=request_id, settlement_id=settlement.settlement_id)
    before = await world.counts()
    again = await world.reverse(request_id=request_id, settlement_id=settlement.settlement_id)
    assert again.replayed
    assert again.settlement == first.settlement
    assert await world.counts() == before
    # Who does not know the outcome may ask under any id, and that id is taken.
    by_request = await world.reverse(settle_request_id=request.request_id)
    assert by_request.replayed
    assert by_request.settlement == first.settlement
    assert await world.counts() == {**before, "request": before["request"] + 1}


async def test_a_second_reversal_is_told_that_it_comes_too_late(world, settled):
    _, settlement = settled
    await world.reverse(settlement_id=settlement.settlement_id)
    before = await world.counts()
    refusal = await refused(world.reverse(settlement_id=settlement.settlement_id))
    assert (refusal.code, refusal.reason) == (
        "FAILED_PRECONDITION",
        "SETTLEMENT_ALREADY_REVERSED",
    )
    assert refusal.fields == ["settlement_id"]
    assert refusal.metadata["settlementId"] == settlement.settlement_id
    assert await world.counts() == before


async def test_many_at_once_reverse_once(world, settled):
    request, settlement = settled
    request_id = ident()
    same = [
        world.reverse(request_id=request_id, settlement_id=settlement.settlement_id)
        for _ in range(4)
    ]
    others = [refused_or_none(world, settlement_id=settlement.settlement_id) for _ in range(4)]
    unknown = [refused_or_none(world, settle_request_id=request.request_id) for _ in range(4)]
    answers = await asyncio.gather(*same, *others, *unknown, return_exceptions=True)
    counts = await world.counts()
    assert (counts["settlement_state_change"], counts["outbox"]) == (3, 2)
    # By its id one request has reversed it; all others know that they have not.
    by_id = await world.sql(
        "SELECT count(DISTINCT r.request_id) AS n FROM request r"
        " WHERE method = 'Reverse' AND settlement_id::text = $1",
        settlement.settlement_id,
    )
    given = [answer.settlement for answer in answers if hasattr(answer, "settlement")]
    assert given
    assert {state_name(one) for one in given} == {"REVERSED"}
    told = {answer for answer in answers if isinstance(answer, str)}
    assert told <= {"SETTLEMENT_ALREADY_REVERSED", "OUTCOME_PENDING"}
    assert 1 <= by_id[0]["n"] <= 5
    assert await world.open_intents() == []


async def refused_or_none(world, **target):
    """The answer of a reversal, or the reason of its refusal."""
    try:
        return await world.reverse(**target)
    except grpc.aio.AioRpcError as error:
        return reason_of(error)


async def test_a_repeat_of_the_settle_answers_that_it_was_reversed(world, settled):
    request, settlement = settled
    await world.reverse(settlement_id=settlement.settlement_id)
    again = await world.settle(request)
    assert again.replayed
    assert state_name(again.settlement) == "REVERSED"
    assert not world.callees.benefits.live


async def test_an_id_used_with_other_content_is_refused(world, settled):
    request, settlement = settled
    other = (await world.settle()).settlement
    used = ident()
    await world.reverse(request_id=used, settlement_id=settlement.settlement_id)
    for call in (
        world.reverse(request_id=used, settlement_id=other.settlement_id),
        world.reverse(request_id=used, settle_request_id=request.request_id),
        world.reverse(request_id=request.request_id, settlement_id=other.settlement_id),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert state_name(await world.get(settlement_id=other.settlement_id)) == "SETTLED"


async def test_a_failed_one(world):
    world.callees.benefits.mode = "refuse"
    request = settle_request()
    await refused(world.settle(request))
    settlement = await world.get(request_id=request.request_id)
    before = await world.counts()
    refusal = await refused(world.reverse(settlement_id=settlement.settlement_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "SETTLEMENT_STATE_FORBIDS")
    assert refusal.metadata["state"] == "FAILED"
    # Whoever did not know the outcome learns it: there is nothing to take back.
    answer = await world.reverse(settle_request_id=request.request_id)
    assert state_name(answer.settlement) == "FAILED"
    assert not answer.settlement.HasField("adjudication")
    assert await world.counts() == {**before, "request": before["request"] + 1}


@pytest.mark.parametrize("mode", ["lost_reply", "unavailable"])
async def test_a_pending_one_is_first_finished(world, mode):
    world.callees.benefits.mode = mode
    request = settle_request()
    await refused(world.settle(request))
    refusal = await refused(world.reverse(settle_request_id=request.request_id))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "OUTCOME_PENDING")
    world.callees.benefits.mode = "ok"
    answer = await world.reverse(settle_request_id=request.request_id)
    assert state_name(answer.settlement) == "REVERSED"
    assert not world.callees.benefits.live
    events = await first_events(world.stub, 2)
    assert [event.kind for event in events] == [pb.EVENT_KIND_SETTLED, pb.EVENT_KIND_REVERSED]


async def test_the_region_down_in_the_middle(world, settled):
    _, settlement = settled
    world.callees.benefits.cancel_is_down = True
    request_id = ident()
    target = {"request_id": request_id, "settlement_id": settlement.settlement_id}
    for _ in range(2):
        refusal = await refused(world.reverse(**target))
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "OUTCOME_PENDING")
        assert refusal.metadata["settlementId"] == settlement.settlement_id
    assert state_name(await world.get(settlement_id=settlement.settlement_id)) == "SETTLED"
    assert await world.open_intents() == ["REVERSE"]
    world.callees.benefits.cancel_is_down = False
    await world.pass_recovery()

    async def reversed_():
        return state_name(await world.get(settlement_id=settlement.settlement_id)) == "REVERSED"

    await eventually(reversed_)
    assert not world.callees.benefits.live
    assert await world.open_intents() == []
    assert (await world.reverse(**target)).replayed
    assert len(await first_events(world.stub, 2)) == 2


@pytest.mark.parametrize("key", ["settlement_id", "settle_request_id"])
async def test_an_unknown_one(world, key):
    refusal = await refused(world.reverse(**{key: ident()}))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert refusal.fields == [key]


async def test_a_target_is_required(world):
    refusal = await refused(world.reverse())
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
    assert refusal.fields == ["target"]


async def test_a_reversal_that_comes_first(world):
    # The Settle is still on its way when its caller gives it up.
    request = settle_request()
    refusal = await refused(world.reverse(settle_request_id=request.request_id))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert not world.callees.benefits.bookings
    assert (await world.counts())["settlement"] == 0
    again = await refused(world.reverse(settle_request_id=request.request_id))
    assert again.reason == "RESOURCE_NOT_FOUND"
