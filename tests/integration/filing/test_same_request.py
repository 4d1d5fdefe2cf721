"""A request that is sent again while it is still under way gets its own answer, not a refusal."""

import asyncio

import grpc
import pytest

from tests.integration.filing.test_approval import BY_APP, COMMITMENT, HEFEI, RESIDENCE
from tests.integration.filing.world import SHANGHAI, ident
from tests.support.rpc import refused
from yijie.filing.v1 import filing_service_pb2 as pb

pytestmark = pytest.mark.postgres


async def cancel(world, kept, request_id, other):
    del other
    return await world.cancel(kept.filing_id, request_id)


async def change(world, kept, request_id, other):
    target = "440300" if other else SHANGHAI
    return await world.change(kept.filing_id, request_id, target_region_code=target)


async def supplement(world, kept, request_id, other):
    maker = "window-4" if other else "window-3"
    return await world.supplement(kept.filing_id, RESIDENCE, request_id=request_id, maker_id=maker)


async def revoke(world, kept, request_id, other):
    reason = "户籍不实" if other else "居住地不实"
    return await world.revoke(kept.filing_id, request_id=request_id, reason=reason)


async def decide(world, kept, request_id, other):
    checker = "another" if other else "checker"
    return await world.decide(kept.filing_id, request_id=request_id, checker_id=checker)


@pytest.mark.parametrize("call", [cancel, change, supplement, revoke, decide])
async def test_the_same_request_at_once_is_answered_once_for_all(world, call):
    if call is decide:
        world.person = await world.register(insured_region_code=HEFEI)
    kept = await world.submitted(**(BY_APP if call is decide else COMMITMENT))
    request_id = ident()
    outcomes = await asyncio.gather(
        *(call(world, kept, request_id, other=False) for _ in range(4)), return_exceptions=True
    )
    answers = [one for one in outcomes if not isinstance(one, BaseException)]
    assert answers
    assert all(answer == answers[0] for answer in answers)
    # What does not get the answer is told to ask again, and never that it may not be done.
    lost = [one for one in outcomes if isinstance(one, BaseException)]
    assert {one.code() for one in lost} <= {grpc.StatusCode.ABORTED}
    assert await call(world, kept, request_id, other=False) == answers[0]
    if call is not cancel:
        refusal = await refused(call(world, kept, request_id, other=True))
        assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    # Once more under another id it is forbidden by what was done.
    again = await refused(call(world, kept, ident(), other=False))
    assert again.code == "FAILED_PRECONDITION"


async def test_a_request_id_is_of_one_method(world):
    kept = await world.submitted(**COMMITMENT)
    request_id = ident()
    await world.cancel(kept.filing_id, request_id)
    for call in (change, supplement, revoke, decide):
        refusal = await refused(call(world, kept, request_id, other=False))
        assert refusal.reason == "REQUEST_ID_REUSED"
    refusal = await refused(world.batch(world.filing(), request_id=request_id))
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_two_officers_at_once_are_one_decision(world):
    world.person = await world.register(insured_region_code=HEFEI)
    kept = await world.submitted(**BY_APP)
    refuse = {"decision": pb.FILING_DECISION_REFUSE, "reason": "不符"}
    outcomes = await asyncio.gather(
        world.decide(kept.filing_id, checker_id="first"),
        world.decide(kept.filing_id, checker_id="second", **refuse),
        return_exceptions=True,
    )
    (answer,) = (one for one in outcomes if not isinstance(one, BaseException))
    assert (await world.get(kept.filing_id)).filing.checker_id == answer.filing.checker_id
    assert len(await world.rows("SELECT FROM filing.filing_state_change")) == 1
