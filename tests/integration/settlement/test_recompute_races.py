"""Goal: whatever ends or comes in between, where a settlement stood one comes to stand: never none,
never two.

Method: the insured region, the hub's database and the process fail at every step of computing a
settlement anew; others compute, reverse and replay at the same time. Every interleaving: the
simulation.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from itertools import product

import asyncpg
import grpc
import pytest

from services.kit.db import Database
from services.kit.errors import Unavailable
from services.kit.status import reason_of
from tests.integration.settlement.test_recompute import (
    LONG_TERM,
    MORE_FEN,
    UNFILED,
    _levels,
    recompute,
    recovered,
    stands_at,
    unfiled,
)
from tests.integration.settlement.world import eventually, ident, raw, served
from tests.support.rpc import refused
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres

__all__ = ["_levels"]

# --- crashes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["unavailable", "lost_reply", "silent", "late_reply"])
async def test_a_region_that_does_not_answer_is_asked_until_it_does(world, mode):
    _, first = await unfiled(world)
    world.callees.benefits.commit_mode = mode
    request_id = ident()
    refusal = await refused(recompute(world, first.settlement_id, request_id))
    assert refusal.reason == "OUTCOME_PENDING"
    world.callees.benefits.commit_mode = ""
    # Never given up: a settlement stood here.
    await recovered(world, LONG_TERM, each_s=700)
    answer = await recompute(world, first.settlement_id, request_id)
    assert answer.changed
    assert answer.fund_difference.fen == MORE_FEN


STEPS = (
    "settlement.insert_recomputation",
    "settlement.insert_recomputed",
    "settlement.insert_settled",
)


@dataclass(frozen=True)
class Death:
    """When a process ends: before a write, or after it and before anything else."""

    step: str
    is_done: bool
    refuses: bool
    """Whether the region refuses the new level."""


DEATHS = [Death(*one) for one in product(STEPS, (False, True), (False, True))]


@pytest.mark.parametrize("death", DEATHS, ids=str)
async def test_killed_at_every_step(dsn, callees, clock, monkeypatch, death):
    """Another process comes and finishes what was decided."""
    step, is_done, refuses = death.step, death.is_done, death.refuses
    if refuses and step == "settlement.insert_settled":
        step = "settlement.insert_failed_anew"
    request_id = ident()
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        _, first = await unfiled(world)
        callees.benefits.refused_level = LONG_TERM if refuses else None
        with monkeypatch.context() as patched:
            die_at(patched, step, is_done=is_done)
            with pytest.raises(grpc.aio.AioRpcError):
                await recompute(world, first.settlement_id, request_id)
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        is_decided = step != STEPS[0] or is_done
        wanted = LONG_TERM if is_decided and not refuses else UNFILED
        await recovered(world, wanted)
        standing = await world.sql(
            "SELECT count(*) AS n FROM settlement_state_change c WHERE state = 'SETTLED' AND NOT"
            " EXISTS (SELECT FROM settlement_state_change r"
            " WHERE r.settlement_id = c.settlement_id AND r.version = 3)"
        )
        assert standing[0]["n"] == 1
        if refuses and is_decided:
            refusal = await refused(recompute(world, first.settlement_id, request_id))
            assert refusal.reason == "POLICY_NOT_COVERED"
        elif not refuses:
            answer = await recompute(world, first.settlement_id, request_id)
            assert answer.fund_difference.fen == MORE_FEN
            assert await stands_at(world, LONG_TERM)


def die_at(patched, step, *, is_done):
    """From a statement on, the process does not write any more."""
    fetchrow = Database.fetchrow
    is_dead = False

    async def dying(self, query, *arguments):
        nonlocal is_dead
        if not is_dead and f"/* {step} */" in query:
            is_dead = True
            if is_done:
                await fetchrow(self, query, *arguments)
        if is_dead:
            raise Unavailable("DATABASE_UNAVAILABLE", "dead", retry_after_ms=1)
        return await fetchrow(self, query, *arguments)

    patched.setattr(Database, "fetchrow", dying)


# --- at once ------------------------------------------------------------------------------------


async def test_many_at_once_replace_it_once(world):
    _, first = await unfiled(world)
    request_id = ident()
    same = [recompute(world, first.settlement_id, request_id) for _ in range(3)]
    others = [recompute(world, first.settlement_id) for _ in range(4)]
    answers = await asyncio.gather(*same, *others, return_exceptions=True)
    given = [one for one in answers if isinstance(one, pb.RecomputeSettlementResponse)]
    assert given
    assert len({one.settlement.settlement_id for one in given}) == 1
    reasons = {reason_of(one) for one in answers if isinstance(one, grpc.aio.AioRpcError)}
    assert reasons <= {"RECOMPUTATION_BUSY", "SETTLEMENT_STATE_FORBIDS", "OUTCOME_PENDING"}
    assert await stands_at(world, LONG_TERM)
    assert (await world.counts())["recomputation"] == 1


async def test_one_under_way_is_in_the_way_of_others(world):
    request, first = await unfiled(world)
    world.callees.benefits.cancel_is_down = True
    request_id = ident()
    refusal = await refused(recompute(world, first.settlement_id, request_id))
    assert refusal.reason == "OUTCOME_PENDING"
    for other in (
        recompute(world, first.settlement_id),
        world.reverse(settlement_id=first.settlement_id),
        world.reverse(settle_request_id=request.request_id),
    ):
        refusal = await refused(other)
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "RECOMPUTATION_BUSY")
        assert refusal.metadata["settlementId"] == first.settlement_id
    world.callees.benefits.cancel_is_down = False
    world.callees.benefits.commit_mode = "unavailable"
    refusal = await refused(recompute(world, first.settlement_id, request_id))
    assert refusal.reason == "OUTCOME_PENDING"
    # Now it is reversed, and what comes in its place is not booked yet.
    assert (await refused(recompute(world, first.settlement_id))).reason == "RECOMPUTATION_BUSY"
    world.callees.benefits.commit_mode = ""
    assert (await recompute(world, first.settlement_id, request_id)).changed
    assert await stands_at(world, LONG_TERM)


async def test_a_reversal_under_way_comes_first(world):
    _, first = await unfiled(world)
    world.callees.benefits.cancel_is_down = True
    await refused(world.reverse(settlement_id=first.settlement_id))
    refusal = await refused(recompute(world, first.settlement_id))
    assert refusal.reason == "OUTCOME_PENDING"
    world.callees.benefits.cancel_is_down = False
    await world.pass_recovery()

    async def undone():
        return not world.callees.benefits.live and await world.open_intents() == []

    await eventually(undone)
    assert (await world.counts()).get("recomputation", 0) == 0


async def test_a_reversal_of_what_was_replaced_is_told_so(world):
    """It would else be told that all is taken back, while the new one stands."""
    request, first = await unfiled(world)
    now = (await recompute(world, first.settlement_id)).settlement
    for target in (
        {"settlement_id": first.settlement_id},
        {"settle_request_id": request.request_id},
    ):
        refusal = await refused(world.reverse(**target))
        assert refusal.reason == "SETTLEMENT_ALREADY_REVERSED"
    assert refusal.metadata["replacedBySettlementId"] == now.settlement_id
    await world.reverse(settlement_id=now.settlement_id)
    assert not world.callees.benefits.live


async def test_what_a_recomputation_did_is_not_reversed_by_its_request(world):
    """Who were told that there is no such settlement would believe that nothing stands."""
    _, first = await unfiled(world)
    request_id = ident()
    await recompute(world, first.settlement_id, request_id)
    before = await world.counts()
    refusal = await refused(world.reverse(settle_request_id=request_id))
    assert refusal.reason == "REQUEST_ID_REUSED"
    assert await world.counts() == before
    assert await stands_at(world, LONG_TERM)
    # Taken back before it came, it never does anything.
    other, late = ident(), (await world.settle()).settlement
    assert (await refused(world.reverse(settle_request_id=other))).reason == "RESOURCE_NOT_FOUND"
    refusal = await refused(recompute(world, late.settlement_id, other))
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_reversals_and_recomputations_at_once_leave_one_or_none(world):
    for _ in range(4):
        request, first = await unfiled(world)
        await asyncio.gather(
            recompute(world, first.settlement_id),
            world.reverse(settlement_id=first.settlement_id),
            recompute(world, first.settlement_id),
            world.reverse(settle_request_id=request.request_id),
            return_exceptions=True,
        )
        await world.pass_recovery()

        async def quiet():
            return await world.open_intents() == []

        await eventually(quiet)
        live = world.callees.benefits.live
        assert len(live) <= 1
        (row,) = await world.sql(
            "SELECT count(*) AS n FROM recomputation_attempt WHERE recomputes_id::text = $1",
            first.settlement_id,
        )
        # Reversed for good, or replaced: not both.
        assert len(live) == row["n"]
        for settlement_id in list(live):
            await world.reverse(settlement_id=settlement_id)


async def test_the_database_refuses_a_reversal_without_what_replaces_it(world):
    """As the recovery of a version that knows of no replacing would do it."""
    _, first = await unfiled(world)
    world.callees.benefits.cancel_is_down = True
    await refused(recompute(world, first.settlement_id))
    async with raw(world.dsn) as connection:
        with pytest.raises(asyncpg.RaiseError, match="to be replaced"):
            await connection.execute(
                "INSERT INTO settlement_state_change (settlement_id, version, state, change_time,"
                " request_id, trace_id)"
                " VALUES ($1::text::uuid, 3, 'REVERSED', now(), $1::text::uuid, '')",
                first.settlement_id,
            )
    world.callees.benefits.cancel_is_down = False
    await recovered(world, LONG_TERM)


async def test_the_database_refuses_what_replaces_one_to_fail_without_another(world):
    """As a version that knows of no replacing gives up what a region does not answer."""
    _, first = await unfiled(world)
    world.callees.benefits.commit_mode = "unavailable"
    await refused(recompute(world, first.settlement_id))
    (row,) = await world.sql("SELECT settlement_id FROM recomputation_attempt")
    async with raw(world.dsn) as connection:
        with pytest.raises(asyncpg.RaiseError, match="does not fail"):
            await connection.execute(
                "INSERT INTO settlement_state_change (settlement_id, version, state, reason,"
                " change_time, request_id, trace_id)"
                " VALUES ($1, 2, 'FAILED', 'INSURED_REGION_UNAVAILABLE', now(), $1, '')",
                row["settlement_id"],
            )
    world.callees.benefits.commit_mode = ""
    await recovered(world, LONG_TERM)


@pytest.mark.parametrize("table", ["recomputation", "recomputation_attempt", "admission_event"])
async def test_its_tables_are_append_only(world, table):
    _, first = await unfiled(world)
    await recompute(world, first.settlement_id)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await world.sql(f"DELETE FROM {table}")  # noqa: S608
