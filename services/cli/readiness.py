"""Whether a process serves yet, for who has started it and asks again and again."""

from __future__ import annotations

import asyncio

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


async def serves(
    address: str, health: health_pb2_grpc.HealthStub, *, within_s: float = 1.0
) -> bool:
    """Tells whether a process says SERVING.

    A channel that was refused waits before it tries again, longer each time: nothing is called
    before somebody listens, or a second goes by after the process is there.

    Args:
        address: host:port that it listens on, or is about to.
        health: of a channel to it.
        within_s: how long to wait, for the connection and for the answer, seconds.
    """
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=within_s)
    except (OSError, grpc.aio.AioRpcError):
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
