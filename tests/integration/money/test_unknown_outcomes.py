"""Goal: whatever breaks, a caller is never told less than what may have been booked, and everything
that was begun is finished or taken back.

Method: the whole settlement service on a real database, between callees that are real servers; the
test holds table locks and moves the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import io

import grpc
import pytest

from services.kit.config import load
from services.kit.telemetry import TelemetryConfig, telemetry
from services.settlement.app import running
from services.settlement.config import Config
from tests.integration.settlement.world import (
    World,
    eventually,
    ident,
    logging_to,
    raw,
    settings_of,
    settle_request,
    state_name,
)
from tests.support.rpc import refused
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres


@contextlib.asynccontextmanager
async def served_once(dsn, callees, clock, **changes):
    """A world whose channel does not repeat what it could: the very first answer counts."""
    config = load(Config, settings_of(dsn, callees, **changes))
    stream = io.BytesIO()
    with logging_to(stream):
        async with (
            telemetry("settlement", TelemetryConfig()),
            running(config, clock=clock) as server,
            grpc.aio.insecure_channel(server.address, [("grpc.enable_retries", 0)]) as channel,
        ):
            stub = rpc.SettlementServiceStub(channel)
            yield World(stub, channel, callees, clock, dsn, stream)


async def no_intents(world):
    return not await world.open_intents()


async def settled(world, request):
    async def check():
        return state_name(await world.get(request_id=request.request_id)) == "SETTLED"

    await eventually(check)


async def test_a_database_that_stalls_before_the_outcome_leaves_it_pending(dsn, callees, clock):
    """The region has booked it: "the database cannot answer" would be less than the truth."""
    request = settle_request()
    async with (
        raw(dsn) as holder,
        served_once(dsn, callees, clock, DB_STATEMENT_TIMEOUT_S="0.3") as world,
    ):
        transaction = holder.transaction()

        async def stall(*_arguments):
            if callees.benefits.commits > 1:
                return
            await transaction.start()
            await holder.execute("LOCK TABLE settlement_state_change IN EXCLUSIVE MODE")

        callees.benefits._before = stall
        refusal = await refused(world.settle(request))
        del callees.benefits._before
        await transaction.rollback()
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "OUTCOME_PENDING")
        assert refusal.retry_ms > 0
        assert len(callees.benefits.live) == 1
        assert await world.open_intents() == ["SETTLE"]
        answer = await world.settle(request)
        assert answer.replayed
        assert list(callees.benefits.live) == [answer.settlement.settlement_id]


async def test_no_connection_for_the_outcome_leaves_it_pending(dsn, callees, clock):
    """OVERLOADED says that nothing was begun; here the region has booked it."""
    request = settle_request()
    changes = {"DB_POOL_SIZE_MAX": "1", "DB_ACQUIRE_TIMEOUT_S": "0.2", "RECOVERY_INTERVAL_S": "30"}
    async with (
        raw(dsn) as holder,
        served_once(dsn, callees, clock, **changes) as world,
    ):
        transaction = holder.transaction()
        occupying = []

        async def occupy(*_arguments):
            if occupying:
                return
            await transaction.start()
            await holder.execute("LOCK TABLE request IN ACCESS EXCLUSIVE MODE")
            # It holds the only connection, waiting for the lock.
            occupying.append(asyncio.ensure_future(world.get(request_id=ident())))
            await asyncio.sleep(0.1)

        callees.benefits._before = occupy
        refusal = await refused(world.settle(request))
        del callees.benefits._before
        await transaction.rollback()
        await asyncio.wait(occupying)
        assert "no such settlement" in str(occupying[0].exception())
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "OUTCOME_PENDING")
        assert (await world.settle(request)).replayed
        assert len(callees.benefits.live) == 1


async def test_a_database_that_stalls_before_the_intent_writes_nothing(dsn, callees, clock):
    async with (
        raw(dsn) as holder,
        served_once(dsn, callees, clock, DB_STATEMENT_TIMEOUT_S="0.3") as world,
    ):
        async with holder.transaction():
            await holder.execute("LOCK TABLE request IN ACCESS EXCLUSIVE MODE")
            refusal = await refused(world.settle())
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
        assert refusal.retry_ms > 0
        assert not callees.benefits.bookings
        assert set((await world.counts()).values()) == {0}


async def test_no_free_connection_is_shed_with_a_time_to_come_back(dsn, callees, clock):
    changes = {"DB_POOL_SIZE_MAX": "1", "DB_ACQUIRE_TIMEOUT_S": "0.2", "RECOVERY_INTERVAL_S": "30"}
    async with (
        raw(dsn) as holder,
        served_once(dsn, callees, clock, **changes) as world,
    ):
        async with holder.transaction():
            await holder.execute("LOCK TABLE request IN ACCESS EXCLUSIVE MODE")
            waiting = asyncio.ensure_future(world.settle())
            await asyncio.sleep(0.1)
            refusal = await refused(world.settle())
        assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
        assert refusal.retry_ms > 0
        assert state_name((await waiting).settlement) == "SETTLED"
        assert (await world.counts())["settlement"] == len(callees.benefits.live) == 1


async def test_an_outage_of_the_hub_gives_nothing_up_that_the_region_still_answers(world):
    """Only silence of the region gives an intent up; hours in which nobody asked are no silence."""
    request = settle_request()
    world.callees.benefits.mode = "lost_reply"
    await refused(world.settle(request))
    world.callees.benefits.mode = "ok"
    await world.pass_recovery(seconds=4 * 3600)
    await settled(world, request)
    await eventually(lambda: no_intents(world))
    assert len(world.callees.benefits.live) == 1
    assert not world.callees.benefits.cancels


async def test_a_reversal_by_request_overtakes_its_settlement(world):
    """冲正: what is reversed before it arrives is not settled afterwards."""
    request = settle_request()
    async with raw(world.dsn) as holder:
        transaction = holder.transaction()
        await transaction.start()
        # The Settle hangs where it writes its intent; nobody can see it yet.
        await holder.execute(
            "INSERT INTO request VALUES ($1::uuid, 'Settle', sha256('x'), $1::uuid, now())",
            request.request_id,
        )
        settling = asyncio.ensure_future(world.settle(request))
        await asyncio.sleep(0.3)
        reversing = asyncio.ensure_future(world.reverse(settle_request_id=request.request_id))
        await asyncio.sleep(0.3)
        await transaction.rollback()
        await asyncio.wait([settling, reversing])
    answered = [call.exception() or state_name(call.result().settlement) for call in (reversing,)]
    await world.pass_recovery()
    await eventually(lambda: no_intents(world))
    assert not world.callees.benefits.live, answered


async def test_after_a_reversal_by_request_its_settlement_is_refused(world):
    request = settle_request()
    assert (await refused(world.reverse(settle_request_id=request.request_id))).reason == (
        "RESOURCE_NOT_FOUND"
    )
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert not world.callees.benefits.bookings
    # Asked again it says the same.
    assert (await refused(world.reverse(settle_request_id=request.request_id))).reason == (
        "RESOURCE_NOT_FOUND"
    )
    assert (await world.counts())["settlement"] == 0


async def test_the_id_of_a_repeated_reversal_is_taken(world):
    request = settle_request()
    first, second = (await world.settle(request)).settlement, (await world.settle()).settlement
    await world.reverse(settlement_id=first.settlement_id)
    again = ident()
    repeated = await world.reverse(request_id=again, settle_request_id=request.request_id)
    assert repeated.replayed
    refusal = await refused(world.reverse(request_id=again, settlement_id=second.settlement_id))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert state_name(await world.get(settlement_id=second.settlement_id)) == "SETTLED"
