"""Goal: the same request id any number of times, in any interleaving, is one settlement, and what
the insured region holds is what the journal says.

Method: repeats of a few settlements and reversals are sent at once, in any order, while the region
fails as Hypothesis chooses: before booking, after booking, with amounts that do not add up, or by
refusing. Then the region recovers, every request is repeated once more, and an audit predicts what
must be there from the answers alone.
"""

from __future__ import annotations

import asyncio
import io
from collections import Counter

import grpc
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.kit.status import reason_of
from tests.integration.settlement.world import (
    assert_coherent,
    database_of_its_own,
    eventually,
    ident,
    served,
    settle_request,
    state_name,
)
from tests.support.callees import callees_served
from tests.support.clock import FakeClock

pytestmark = pytest.mark.postgres

FINAL = {"POLICY_NOT_COVERED", "ADJUDICATION_INCONSISTENT"}
modes = st.sampled_from(
    ("ok", "ok", "unavailable", "lost_reply", "overloaded", "refuse", "inconsistent")
)
calls = st.tuples(st.sampled_from(("settle", "settle", "reverse")), st.integers(0, 2))


@pytest.fixture(scope="module")
async def world(postgres_dsn, template_database):
    async with (
        database_of_its_own(postgres_dsn, template_database) as dsn,
        callees_served() as callees,
        served(dsn, callees, FakeClock(), io.BytesIO()) as opened,
    ):
        yield opened
        await assert_coherent(opened)


# Without shrinking: an example costs a second, and what fails is read from its log anyway.
@settings(max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    sent=st.lists(calls, min_size=1, max_size=10),
    script=st.lists(modes, max_size=12),
    waits=st.lists(st.integers(0, 20), min_size=10, max_size=10),
)
async def test_any_interleaving_is_one_settlement(world, sent, script, waits):
    benefits = world.callees.benefits
    benefits.script = list(script)
    requests = [settle_request() for _ in range(3)]
    reversals = [ident() for _ in range(3)]

    async def call(kind, index):
        request = requests[index]
        if kind == "settle":
            return await world.settle(request)
        return await world.reverse(
            request_id=reversals[index], settle_request_id=request.request_id
        )

    async def later(kind, index, wait_ms):
        await asyncio.sleep(wait_ms / 1000)
        return await call(kind, index)

    asked = [later(kind, index, wait) for (kind, index), wait in zip(sent, waits, strict=False)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    benefits.script = []

    for index, request in enumerate(requests):
        if ("settle", index) not in sent:
            continue
        given_ids = {
            answer.settlement.settlement_id
            for (_, at), answer in zip(sent, answers, strict=True)
            if at == index and not isinstance(answer, BaseException)
        }
        last = await _last_answer(world, request, may_be_void=("reverse", index) in sent)
        assert given_ids <= ({last.settlement_id} if last else set())
        rows = await world.sql("SELECT 1 FROM settlement WHERE request_id = $1", request.request_id)
        assert len(rows) == bool(last)

    await world.pass_recovery()
    await eventually(lambda: _nothing_is_open(world))
    await _audit(world, requests)


async def _last_answer(world, request, *, may_be_void):
    """The settlement that a repeat gives; None where a reversal came before it."""
    reason = ""
    try:
        return (await world.settle(request)).settlement
    except grpc.aio.AioRpcError as error:
        reason = reason_of(error)
    if may_be_void and reason == "REQUEST_ID_REUSED":
        return None
    assert reason in FINAL
    settlement = await world.get(request_id=request.request_id)
    assert (state_name(settlement), settlement.failure_reason) == ("FAILED", reason)
    return settlement


async def _audit(world, requests) -> None:
    """The bookings that stand are those of the settled ones, and the feed tells each story once."""
    await assert_coherent(world)
    live = world.callees.benefits.live
    ours = await world.sql(
        "SELECT s.settlement_id::text AS id,"
        " (SELECT state FROM settlement_state_change c WHERE c.settlement_id = s.settlement_id"
        "  ORDER BY version DESC LIMIT 1) AS state"
        " FROM settlement s WHERE request_id = ANY($1)",
        [request.request_id for request in requests],
    )
    assert {row["id"] for row in ours if row["state"] == "SETTLED"} == {
        row["id"] for row in ours if row["id"] in live
    }
    (journal,) = await world.sql(
        "SELECT coalesce(sum(fund_fen), 0)::bigint AS fund,"
        " coalesce(sum(account_fen), 0)::bigint AS account"
        " FROM settlement_state_change c WHERE state = 'SETTLED' AND NOT EXISTS"
        " (SELECT FROM settlement_state_change r WHERE r.settlement_id = c.settlement_id"
        "  AND r.version = 3)"
    )
    assert journal["fund"] == sum(b.adjudication.fund_total.fen for b in live.values())
    assert journal["account"] == sum(b.adjudication.account_pay.fen for b in live.values())
    told = await world.sql("SELECT settlement_id::text AS id, kind FROM outbox")
    assert set(Counter((row["id"], row["kind"]) for row in told).values()) <= {1}


async def _nothing_is_open(world) -> bool:
    return not await world.open_intents()
