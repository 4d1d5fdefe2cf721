"""Goal: whoever starts a process learns that it serves as soon as it does, not a second later.

Method: no clock; it is asked before anybody listens, as often as a start takes, and once after.
"""

from __future__ import annotations

import contextlib

from grpc_health.v1 import health_pb2_grpc

from services.cli.readiness import serves
from services.cli.topology import HOST, PortBook
from services.kit.channel import open_channel
from services.kit.server import ServerConfig, serving

SERVICE = "yijie.benefits.v1.BenefitsService"


async def test_a_process_that_serves_is_seen_the_first_time_it_is_asked():
    with contextlib.closing(PortBook()) as ports:
        address = f"{HOST}:{ports.take()}"
        config = ServerConfig(listen=address, drain_grace_s=0.1)
        async with open_channel(address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            for _ in range(10):
                assert not await serves(address, health)
            async with serving(config, "benefits", (SERVICE,), lambda _server: None):
                assert await serves(address, health)
            assert not await serves(address, health)
