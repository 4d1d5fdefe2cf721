"""Goal: a process may end at any moment, and the journal stays what it is.

Method: services are started and ended through the composition root; what a killed process leaves
behind is found by the next one on the same database.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from datetime import date

import asyncpg
import grpc
import pytest

from services.kit.channel import open_channel
from services.kit.clock import civil_midnight
from services.kit.config import load
from services.kit.ids import first_id_at
from services.settlement.app import running
from services.settlement.config import Config
from tests.integration.settlement.world import (
    TABLES,
    eventually,
    ident,
    logging_to,
    raw,
    served,
    settings_of,
    settle_request,
    state_name,
)
from tests.support.callees import BED, item
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("table", [name for name in TABLES if name != "open_intent"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET settlement_id = settlement_id", "DELETE FROM {}", "TRUNCATE {}"]
)
async def test_the_journal_is_append_only(module_world, table, change):
    await module_world.settle()
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await module_world.sql(change.format(table))


@pytest.mark.parametrize("table", ["settlement", "settlement_state_change"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {}_202603 SET trace_id = ''",
        "DELETE FROM {}_202603",
        "TRUNCATE {}_202603",
        "TRUNCATE {}_default",
    ],
)
async def test_so_is_every_partition(module_world, table, change):
    await module_world.settle()
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await module_world.sql(change.format(table))


async def test_rows_are_in_the_partition_of_their_month(world):
    await world.settle()
    world.clock.advance(days=1)
    await world.settle()
    rows = await world.sql(
        "SELECT tableoid::regclass::text AS part, count(*) FROM settlement GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [("settlement_202603", 1), ("settlement_202604", 1)]
    rows = await world.sql(
        "SELECT DISTINCT tableoid::regclass::text AS part FROM settlement_state_change ORDER BY 1"
    )
    assert [row["part"] for row in rows] == [
        "settlement_state_change_202603",
        "settlement_state_change_202604",
    ]


async def test_months_begin_at_midnight_in_shanghai(module_world):
    for month in (date(2026, 1, 1), date(2026, 4, 1), date(2030, 12, 1)):
        (row,) = await module_world.sql("SELECT first_id_at($1::date::timestamp) AS id", month)
        assert row["id"] == first_id_at(civil_midnight(month))


async def test_the_coming_months_are_made_in_time(world):
    world.clock.advance(days=62)
    await eventually(lambda: _has(world, "settlement_202606"))
    await eventually(lambda: _has(world, "settlement_202607"))
    await world.settle()
    (row,) = await world.sql("SELECT tableoid::regclass::text AS part FROM settlement")
    assert row["part"] == "settlement_202606"


async def test_rows_in_the_default_partition_stop_nothing(dsn, callees, clock):
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        await world.settle()
    # As if the month had not been made in time.
    async with raw(dsn) as connection:
        await connection.execute("ALTER TABLE settlement DETACH PARTITION settlement_202603")
        await connection.execute("INSERT INTO settlement SELECT * FROM settlement_202603")
        await connection.execute("DROP TABLE settlement_202603")
    callees.benefits.mode = "lost_reply"
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        await refused(world.settle())
        callees.benefits.mode = "ok"
        await world.pass_recovery()
        await eventually(lambda: _no_intents(world))
        assert "months not made" in world.log.getvalue().decode()
        assert len(callees.benefits.live) == 2


async def test_what_cannot_be_finished_keeps_nothing_else_waiting(world):
    world.is_tampered = True
    world.callees.benefits.mode = "lost_reply"
    first, second = settle_request(), settle_request()
    await refused(world.settle(first))
    world.clock.advance(seconds=1)
    await refused(world.settle(second))
    async with raw(world.dsn) as connection:
        # The older of the two cannot be read any more.
        key = await connection.fetchval(
            "SELECT settlement_id FROM open_intent ORDER BY create_time"
        )
        await connection.execute("ALTER TABLE settlement DISABLE TRIGGER USER")
        await connection.execute("ALTER TABLE settlement_202603 DISABLE TRIGGER USER")
        await connection.execute("UPDATE settlement SET detail = 'x' WHERE settlement_id = $1", key)
    world.callees.benefits.mode = "ok"
    await world.pass_recovery()

    async def settled():
        return state_name(await world.get(request_id=second.request_id)) == "SETTLED"

    await eventually(settled)
    assert len(await world.open_intents()) == 1


async def test_a_process_killed_after_the_intent_leaves_one_settlement(dsn, callees, clock):
    callees.benefits.mode = "late_reply"
    request = settle_request()
    started = asyncio.Event()

    async def booked():
        return callees.benefits.live

    async def process():
        changes = {"BENEFITS_TIMEOUT_S": "30", "DRAIN_GRACE_S": "0.05"}
        async with served(dsn, callees, clock, io.BytesIO(), **changes) as world:
            asking = asyncio.create_task(world.settle(request))
            await eventually(booked)
            started.set()
            with contextlib.suppress(grpc.aio.AioRpcError):
                await asking

    task = asyncio.create_task(process())
    async with asyncio.timeout(20):
        await started.wait()
        task.cancel()
        await asyncio.wait([task])
    callees.benefits.mode = "ok"
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        assert state_name(await world.get(request_id=request.request_id)) == "PENDING"
        await world.pass_recovery()
        await eventually(lambda: _no_intents(world))
        answer = await world.settle(request)
        assert answer.replayed
        assert state_name(answer.settlement) == "SETTLED"
        assert list(callees.benefits.live) == [answer.settlement.settlement_id]
        counts = await world.counts()
        assert (counts["settlement"], counts["outbox"]) == (1, 1)


async def test_two_replicas_finish_an_intent_once(dsn, callees, clock):
    callees.benefits.mode = "lost_reply"
    async with (
        served(dsn, callees, clock, io.BytesIO()) as one,
        served(dsn, callees, clock, io.BytesIO()) as other,
    ):
        requests = [settle_request() for _ in range(4)]
        for request in requests:
            await refused(one.settle(request))
        callees.benefits.mode = "ok"
        await one.pass_recovery()
        answers = await asyncio.gather(*(other.settle(request) for request in requests))
        await eventually(lambda: _no_intents(one))
        assert {state_name(answer.settlement) for answer in answers} == {"SETTLED"}
        assert (await one.counts())["outbox"] == 4
        assert len(callees.benefits.live) == 4


async def test_calls_in_flight_end_while_it_drains(dsn, callees, clock):
    changes = {"BENEFITS_TIMEOUT_S": "5", "DRAIN_GRACE_S": "10"}
    config = load(Config, settings_of(dsn, callees, **changes))
    callees.benefits.delay_s = 0.5

    async def asked():
        return callees.benefits.commits

    with logging_to(io.BytesIO()):
        service = running(config, clock=clock)
        server = await service.__aenter__()
        async with open_channel(server.address) as channel:
            stub = rpc.SettlementServiceStub(channel)
            subscriber = stub.Subscribe(pb.SubscribeRequest())
            await subscriber.read()
            asking = asyncio.ensure_future(stub.Settle(settle_request(), timeout=TIMEOUT_S))
            await eventually(asked)
            began = time.perf_counter()
            await service.__aexit__(None, None, None)
            # A subscriber, who never leaves by himself, must not hold the process for the grace.
            assert time.perf_counter() - began < 5
            assert state_name((await asking).settlement) == "SETTLED"
            with contextlib.suppress(grpc.aio.AioRpcError):
                while await subscriber.read() is not grpc.aio.EOF:
                    pass


async def test_connections_lost_while_the_region_decides(world):
    world.callees.benefits.delay_s = 0.2
    request = settle_request()
    asking = asyncio.create_task(world.settle(request))

    async def asked():
        return world.callees.benefits.commits

    await eventually(asked)
    await world.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'yijie.settlement' AND datname = current_database()"
    )
    with contextlib.suppress(grpc.aio.AioRpcError):
        await asking
    world.callees.benefits.delay_s = 0
    assert state_name((await world.settle(request)).settlement) == "SETTLED"
    assert len(world.callees.benefits.live) == 1


async def test_a_statement_that_takes_too_long_is_no_defect(dsn, callees, clock):
    changes = {"DB_STATEMENT_TIMEOUT_S": "0.3"}
    async with served(dsn, callees, clock, io.BytesIO(), **changes) as world:
        async with raw(dsn) as connection, connection.transaction():
            await connection.execute("LOCK TABLE request IN ACCESS EXCLUSIVE MODE")
            for call in (world.settle(), world.get(request_id=ident())):
                refusal = await refused(call)
                assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
        assert state_name((await world.settle()).settlement) == "SETTLED"


async def test_a_publication_is_used_at_once(world):
    assert (await world.settle()).settlement.catalogue_version == "640000@v1"
    await world.callees.catalogue.publish("640000", "v2", [item(BED, "C", sample=True)])

    async def answered():
        return (await world.settle()).settlement.catalogue_version == "640000@v2"

    await eventually(answered)
    settlement = (await world.settle()).settlement
    assert settlement.sample
    assert settlement.amounts.in_scope.fen == 0
    assert settlement.adjudication.fund_total.fen == 0


async def test_a_bad_publication_leaves_the_one_before(world):
    # Two overlapping periods of one item, which the catalogue service should have refused.
    bad = [item(BED, "A"), item(BED, "C")]
    await world.callees.catalogue.publish("640000", "v2", bad)

    async def refused_it():
        return "snapshot refused" in world.log.getvalue().decode()

    await eventually(refused_it)
    assert (await world.settle()).settlement.catalogue_version == "640000@v1"
    await world.callees.catalogue.publish("640000", "v3", [item(BED, "A")])

    async def answered():
        return (await world.settle()).settlement.catalogue_version == "640000@v3"

    await eventually(answered)


async def _has(world, table) -> bool:
    return bool(await world.sql("SELECT 1 WHERE to_regclass($1) IS NOT NULL", table))


async def _no_intents(world) -> bool:
    return not await world.open_intents()
