"""Goal: a probe that can only run a command learns what one that calls gRPC would.

Method: a real probe port; the command runs in a thread, since it waits and the server must not.
"""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from services.cli.commands import app
from services.kit.server import ServerConfig, serving

SERVICE = "yijie.benefits.v1.BenefitsService"


async def _health(*arguments: str, probe: str = ""):
    environment = {"YIJIE_PROBE_LISTEN": probe}
    words = ["health", *arguments]
    return await asyncio.to_thread(CliRunner().invoke, app, words, env=environment)


async def test_a_service_that_serves_is_healthy():
    config = ServerConfig(probe_listen="127.0.0.1:0", drain_grace_s=0.1)
    async with serving(config, "benefits", (SERVICE,), lambda _server: None) as running:
        port = running.probe_address.rpartition(":")[2]
        # In a pod the setting says 0.0.0.0, which is no address to call.
        for service in ("", "live", SERVICE):
            asked = await _health(service, probe=f"0.0.0.0:{port}")
            assert (asked.exit_code, asked.output) == (0, "SERVING\n")
        unknown = await _health("yijie.clearing.v1.ClearingService", probe=running.probe_address)
        assert (unknown.exit_code, unknown.output) == (1, "NOT_FOUND\n")
        assert (await _health("--address", f"127.0.0.1:{port}")).exit_code == 0
    gone = await _health(probe=running.probe_address)
    assert (gone.exit_code, gone.output) == (1, "UNAVAILABLE\n")


@pytest.mark.parametrize(
    ("probe", "says"),
    [("", "say --address HOST:PORT"), ("here", "YIJIE_PROBE_LISTEN: must be host:port")],
)
async def test_who_does_not_say_where_is_told(probe, says):
    asked = await _health(probe=probe)
    assert asked.exit_code == 2
    assert says in asked.output
