"""Goal: a settlement is computed anew by the filing that counts now, once, and where one stood one
comes to stand: never none, never two.

Method: the insured region pays by level, and refuses. Crashes and races: test_recompute_races.py;
what sums and ledger come to: test_recompute_money.py; every interleaving: the simulation.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from tests.integration.settlement.world import (
    FUND_FEN,
    IN_SCOPE_FEN,
    eventually,
    first_events,
    ident,
    settle_request,
    state_name,
)
from tests.support.callees import DEDUCTIBLE_FEN
from tests.support.rpc import TIMEOUT_S, refused
from yijie.filing.v1 import filing_pb2, filing_service_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres

LONG_TERM = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
UNFILED = filing_service_pb2.BENEFIT_LEVEL_UNFILED
UNFILED_FUND_FEN = int((IN_SCOPE_FEN - DEDUCTIBLE_FEN) * Decimal("0.65"))
MORE_FEN = FUND_FEN - UNFILED_FUND_FEN


@pytest.fixture(autouse=True)
def _levels(request):
    if "callees" in request.fixturenames:
        callees = request.getfixturevalue("callees")
        callees.benefits.level_ratios = {UNFILED: Decimal("0.65")}


async def recompute(world, settlement_id, request_id=""):
    request = pb.RecomputeSettlementRequest(
        request_id=request_id or ident(), settlement_id=settlement_id
    )
    return await world.stub.RecomputeSettlement(request, timeout=TIMEOUT_S)


async def unfiled(world, **changes):
    """A bill settled for somebody who files afterwards: its request and its settlement."""
    filing = world.callees.filing
    filing.benefit_level = UNFILED
    request = settle_request(**changes)
    settlement = (await world.settle(request)).settlement
    assert settlement.adjudication.fund_total.fen == UNFILED_FUND_FEN
    filing.benefit_level = LONG_TERM
    return request, settlement


async def stands_at(world, level) -> bool:
    """Whether one booking stands in the region, at a level, and nothing is open."""
    levels = [one.case.benefit_level for one in world.callees.benefits.live.values()]
    return levels == [level] and await world.open_intents() == []


async def recovered(world, level, *, each_s=61) -> None:
    """Lets recovery finish what is open: the reversal, then what comes in its place."""
    for _ in range(6):
        await world.pass_recovery(each_s)
        for _ in range(25):
            if await stands_at(world, level):
                return
            await asyncio.sleep(0.02)
    raise AssertionError(await world.open_intents())


async def test_the_difference_is_booked(world):
    request, first = await unfiled(world)
    answer = await recompute(world, first.settlement_id)
    assert answer.changed
    now, before = answer.settlement, answer.replaced_settlement
    assert (state_name(now), state_name(before)) == ("SETTLED", "REVERSED")
    assert before.settlement_id == first.settlement_id
    assert now.recomputes_settlement_id == first.settlement_id
    assert (now.benefit_level, before.benefit_level) == (LONG_TERM, UNFILED)
    assert (now.amounts, now.catalogue_version) == (first.amounts, first.catalogue_version)
    assert answer.fund_difference.fen == MORE_FEN
    assert answer.account_difference.fen == 0
    assert answer.cash_difference.fen == -MORE_FEN
    assert await stands_at(world, LONG_TERM)
    assert [kind for kind, _ in world.callees.benefits.history] == ["book", "restore", "book"]
    events = await first_events(world.stub, 3)
    assert [(one.kind, one.settlement.settlement_id) for one in events] == [
        (pb.EVENT_KIND_SETTLED, first.settlement_id),
        (pb.EVENT_KIND_REVERSED, first.settlement_id),
        (pb.EVENT_KIND_SETTLED, now.settlement_id),
    ]
    assert events[1].settlement == before
    assert events[2].settlement == now
    # Who repeats the request that settled is told what became of it.
    again = await world.settle(request)
    assert (again.replayed, state_name(again.settlement)) == (True, "REVERSED")


async def test_the_filing_is_asked_as_it_was_for_the_bill(world):
    _, first = await unfiled(world)
    await recompute(world, first.settlement_id)
    asked_then, asked_now = world.callees.filing.requests
    assert asked_now == asked_then


async def test_downward_after_a_filing_was_revoked(world):
    first = (await world.settle()).settlement
    world.callees.filing.benefit_level = UNFILED
    answer = await recompute(world, first.settlement_id)
    assert (answer.fund_difference.fen, answer.cash_difference.fen) == (-MORE_FEN, MORE_FEN)
    assert await stands_at(world, UNFILED)


async def test_again_answers_the_same(world):
    _, first = await unfiled(world)
    request_id = ident()
    answer = await recompute(world, first.settlement_id, request_id)
    before = await world.counts()
    assert await recompute(world, first.settlement_id, request_id) == answer
    assert await world.counts() == before
    refusal = await refused(recompute(world, answer.settlement.settlement_id, request_id))
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_nothing_is_booked_at_the_same_level(world):
    first = (await world.settle()).settlement
    request_id = ident()
    before = await world.counts()
    answer = await recompute(world, first.settlement_id, request_id)
    assert not answer.changed
    assert answer.settlement == await world.get(settlement_id=first.settlement_id)
    assert not answer.HasField("replaced_settlement")
    assert answer.fund_difference.fen == answer.cash_difference.fen == 0
    assert await world.counts() == {**before, "request": before["request"] + 1}
    # The answer stands, whatever becomes of the filing; another request is another question.
    world.callees.filing.benefit_level = UNFILED
    assert not (await recompute(world, first.settlement_id, request_id)).changed
    other = await recompute(world, first.settlement_id)
    assert other.changed
    # Also when that other one has replaced it: this request was told that it changed nothing.
    again = await recompute(world, first.settlement_id, request_id)
    assert not again.changed
    assert again.settlement == other.replaced_settlement
    assert again.fund_difference.fen == 0


async def test_what_two_way_benefits_rest_on_counts_too(world):
    first = (await world.settle()).settlement
    world.callees.filing.long_term_evidence = filing_pb2.FILING_EVIDENCE_COMMITMENT
    answer = await recompute(world, first.settlement_id)
    assert answer.changed
    (booked,) = world.callees.benefits.live.values()
    assert booked.case.long_term_evidence == filing_pb2.FILING_EVIDENCE_COMMITMENT


async def test_it_can_be_done_again_and_undone(world):
    _, first = await unfiled(world)
    second = (await recompute(world, first.settlement_id)).settlement
    world.callees.filing.benefit_level = UNFILED
    third = (await recompute(world, second.settlement_id)).settlement
    assert third.recomputes_settlement_id == second.settlement_id
    assert await stands_at(world, UNFILED)
    reversed_ = await world.reverse(settlement_id=third.settlement_id)
    assert state_name(reversed_.settlement) == "REVERSED"
    assert not world.callees.benefits.live


@pytest.mark.parametrize("state", ["REVERSED", "FAILED", "replaced"])
async def test_only_what_is_settled_is_computed_anew(world, state):
    if state == "FAILED":
        world.callees.benefits.mode = "refuse"
        request = settle_request()
        await refused(world.settle(request))
        settlement_id = (await world.get(request_id=request.request_id)).settlement_id
    else:
        _, first = await unfiled(world)
        settlement_id = first.settlement_id
        if state == "REVERSED":
            await world.reverse(settlement_id=settlement_id)
        else:
            now = (await recompute(world, settlement_id)).settlement
    before = await world.counts()
    refusal = await refused(recompute(world, settlement_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "SETTLEMENT_STATE_FORBIDS")
    assert refusal.fields == ["settlement_id"]
    if state == "replaced":
        assert refusal.metadata["settlementId"] == now.settlement_id
    assert await world.counts() == before


async def test_what_is_not_there(world):
    refusal = await refused(recompute(world, ident()))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")


# --- the insured region refuses -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("refuse", "POLICY_NOT_COVERED"),
        ("inconsistent", "ADJUDICATION_INCONSISTENT"),
        ("unavailable", "INSURED_REGION_UNAVAILABLE"),
    ],
)
async def test_what_the_region_would_refuse_takes_nothing_back(world, mode, reason):
    _, first = await unfiled(world)
    world.callees.benefits.mode = mode
    before = await world.counts()
    assert (await refused(recompute(world, first.settlement_id))).reason == reason
    assert await world.counts() == before
    assert await stands_at(world, UNFILED)
    world.callees.benefits.mode = "ok"
    assert (await recompute(world, first.settlement_id)).changed


@pytest.mark.parametrize(
    ("mode", "reason", "booked"),
    [
        ("refuse", "POLICY_NOT_COVERED", ["book", "restore", "book"]),
        (
            "inconsistent",
            "ADJUDICATION_INCONSISTENT",
            # What was booked wrongly is gone before the old level is booked on top of it.
            ["book", "restore", "book", "restore", "book"],
        ),
    ],
)
async def test_what_the_region_refuses_only_then_brings_the_old_level_back(
    world, mode, reason, booked
):
    _, first = await unfiled(world)
    world.callees.benefits.script = [mode]
    request_id = ident()
    refusal = await refused(recompute(world, first.settlement_id, request_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", reason)
    now = await world.get(settlement_id=refusal.metadata["settlementId"])
    assert state_name(now) == "SETTLED"
    assert now.adjudication == first.adjudication
    assert (now.benefit_level, now.recomputes_settlement_id) == (UNFILED, first.settlement_id)
    assert [kind for kind, _ in world.callees.benefits.history] == booked
    await eventually(lambda: stands_at(world, UNFILED))
    before = await world.counts()
    again = await refused(recompute(world, first.settlement_id, request_id))
    assert (again.reason, again.metadata) == (refusal.reason, refusal.metadata)
    assert await world.counts() == before
    # The new one can be computed anew in turn.
    answer = await recompute(world, now.settlement_id)
    assert answer.fund_difference.fen == MORE_FEN


async def test_a_region_that_refuses_the_old_level_is_asked_until_it_books_it(world):
    _, first = await unfiled(world)
    world.callees.benefits.commit_mode = "refuse"
    request_id = ident()
    refusal = await refused(recompute(world, first.settlement_id, request_id))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "OUTCOME_PENDING")
    assert "region refuses what it had booked" in world.log.getvalue().decode()
    # Far longer than a settlement is given up after.
    for _ in range(3):
        await world.pass_recovery(700)
        await asyncio.sleep(0.2)
    assert "SETTLE" in await world.open_intents()
    world.callees.benefits.commit_mode = ""
    await recovered(world, UNFILED)
    refusal = await refused(recompute(world, first.settlement_id, request_id))
    assert refusal.reason == "POLICY_NOT_COVERED"


async def test_a_region_that_answers_wrongly_again_and_again_is_given_pauses(world):
    _, first = await unfiled(world)
    world.callees.benefits.commit_mode = "inconsistent"
    refusal = await refused(recompute(world, first.settlement_id))
    assert refusal.reason == "OUTCOME_PENDING"
    assert await attempts(world) == 3
    # The third is due in a minute; recovery takes what is thirty seconds over that.
    await world.pass_recovery(61)
    await asyncio.sleep(0.2)
    assert await attempts(world) == 3
    await world.pass_recovery(61)
    await eventually(lambda: attempts_are(world, 4))
    world.callees.benefits.commit_mode = ""
    await recovered(world, UNFILED, each_s=200)
    assert await attempts(world) == 4


async def attempts(world) -> int:
    (row,) = await world.sql("SELECT max(attempt) AS n FROM recomputation_attempt")
    return row["n"]


async def attempts_are(world, count) -> bool:
    return await attempts(world) == count
