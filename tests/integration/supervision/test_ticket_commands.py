"""Goal: an officer sees with `yijie supervision tickets` who is awaited, and how long they take."""

from __future__ import annotations

import dataclasses
import functools
from datetime import date
from pathlib import Path

import orjson
import pytest

from services.cli.mesh import ENDPOINTS
from services.cli.supervision.tickets import show_summaries, show_tickets
from services.cli.topology import Endpoint
from services.kit.db import Database
from services.kit.server import ServerConfig, serving
from services.supervision.tickets.servicer import FULL_NAME
from tests.integration.supervision.tickets_world import BEIJING, NINGXIA, XINJIANG, tickets_world
from yijie.supervision.v1 import ticket_service_pb2_grpc

pytestmark = pytest.mark.postgres


async def test_who_is_awaited_and_how_long_they_take(
    database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with tickets_world(database) as world:
        register = functools.partial(
            ticket_service_pb2_grpc.add_TicketServiceServicer_to_server, world.servicer
        )
        config = ServerConfig(drain_grace_s=1.0)
        async with serving(config, "supervision", (FULL_NAME,), register) as server:
            port = int(server.address.rpartition(":")[2])
            endpoint = dataclasses.asdict(Endpoint(port=port, metrics_port=0))
            (tmp_path / ENDPOINTS).write_bytes(orjson.dumps({"supervision": endpoint}))

            assert await show_tickets(tmp_path, "", as_json=False) == 0
            assert "没有未办结的工单" in capfd.readouterr().out
            await world.refuse("POLICY_NOT_COVERED")
            one = await world.opened()
            world.clock.advance(hours=3)
            await world.act("Answer", one.ticket_id, BEIJING)
            assert await show_tickets(tmp_path, "", as_json=False) == 0
            world.clock.advance(hours=22)
            await world.loop.once()
            capfd.readouterr()
            assert await show_tickets(tmp_path, NINGXIA, as_json=False) == 1
            said = capfd.readouterr().out
            assert "POLICY_NOT_COVERED" in said
            assert "宁夏回族自治区640000" in said
            assert "逾期 overdue" in said
            assert await show_tickets(tmp_path, XINJIANG, as_json=True) == 0
            assert orjson.loads(capfd.readouterr().out) == {"tickets": []}
            first = date(2026, 3, 1)
            assert await show_summaries(tmp_path, BEIJING, since=first, as_json=False) == 0
            said = capfd.readouterr().out
            assert "费用协查 verify bill" in said
            assert "3:00" in said
            assert await show_summaries(tmp_path, "", since=first, as_json=True) == 0
            assert len(orjson.loads(capfd.readouterr().out)["summaries"]) == 4
