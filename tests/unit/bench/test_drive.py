"""Goal: latencies count from when a call was due, and every call is counted once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from services.bench.drive import SETTLE, Driver, Run, arrivals, percentile
from yijie.settlement.v1 import settlement_service_pb2

BODY = settlement_service_pb2.SettleRequest(use_account=True).SerializeToString()


class Routes(grpc.GenericRpcHandler):
    def __init__(self, handler):
        self.handler = handler

    def service(self, details):
        found = grpc.unary_unary_rpc_method_handler(self.handler)
        return found if details.method == SETTLE else None


@asynccontextmanager
async def driver(handler):
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Routes(handler)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Driver(channel, [BODY])
    await server.stop(0)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 99, 0.0), ([3.0, 1.0, 2.0], 50, 2.0), ([1.0], 99, 1.0), (list(range(1, 101)), 99, 99)],
)
def test_percentile_is_the_nearest_rank(values, percent, expected):
    assert percentile(values, percent) == expected


def test_arrivals_are_fixed_ordered_and_at_the_rate():
    times = arrivals(61.0, 30.0)
    assert times == arrivals(61.0, 30.0)
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < 30.0
    assert 1650 < len(times) < 2010


async def test_each_call_has_its_own_request_id():
    seen = []

    async def handler(request, context):
        seen.append(settlement_service_pb2.SettleRequest.FromString(request))
        return b""

    async with driver(handler) as load:
        run = await load.open_loop([0.0, 0.001, 0.002])
    assert run.settled_count == 3
    assert len({request.request_id for request in seen}) == 3
    assert all(len(request.request_id) == 36 and request.use_account for request in seen)


async def test_a_slow_server_cannot_hide_its_queue():
    lock = asyncio.Lock()

    async def one_at_a_time(request, context):
        async with lock:
            await asyncio.sleep(0.05)
        return b""

    async with driver(one_at_a_time) as load:
        run = await load.open_loop([0.0] * 4)
    assert run.percentile_ms(100) >= 195


async def test_failures_are_counted_by_reason():
    async def refuse(request, context):
        await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")

    async with driver(refuse) as load:
        run = await load.closed_loop(2, 0.05)
    assert run.settled_count == 0
    assert run.throughput == 0
    assert sum(run.errors.values()) >= 2


def test_runs_add_up():
    total = Run()
    for _ in range(2):
        total.add(Run(latencies_s=[0.1], answers=[b"x"], elapsed_s=2.0))
    assert (total.settled_count, total.throughput, total.percentile_ms(50)) == (2, 0.5, 100.0)
