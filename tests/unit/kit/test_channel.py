"""Goal: a channel reaches a server that is up, whatever another channel met at the same address."""

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from services.kit.channel import open_channel
from tests.support.rpc import TIMEOUT_S


async def served(port=0):
    """A server with nothing but its health, and its port."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return server, port


def check(channel):
    request = health_pb2.HealthCheckRequest()
    return health_pb2_grpc.HealthStub(channel).Check(request, timeout=TIMEOUT_S)


async def test_a_new_channel_does_not_wait_out_the_back_off_of_another():
    server, port = await served()
    async with open_channel(f"127.0.0.1:{port}") as old:
        await check(old)
        await server.stop(0)
        for _ in range(3):  # each failure makes the wait of this channel longer
            with pytest.raises(grpc.aio.AioRpcError):
                await check(old)
        server, _ = await served(port)
        try:
            async with open_channel(f"127.0.0.1:{port}") as new:
                await check(new)
        finally:
            await server.stop(0)
