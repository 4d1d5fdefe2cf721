"""Goal: whatever a province's own system answers, nothing is sealed that cannot be read back.

Method: a served AuditSourceService that answers what a test gives it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.server import ServerConfig, serving
from services.supervision.chain.sources import RemoteSource
from services.supervision.domain.chain import Malformed
from yijie.audit.v1 import audit_source_service_pb2, audit_source_service_pb2_grpc

NAME = audit_source_service_pb2.DESCRIPTOR.services_by_name["AuditSourceService"].full_name
GOOD = {"position": "7.1", "kind": "X", "event_time": {"seconds": 1_800_000_000}, "content": "{}"}


class Province(audit_source_service_pb2_grpc.AuditSourceServiceServicer):
    """Answers what it was given."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {}

    async def ReadEntries(self, request: Any, context: Any) -> Any:
        return audit_source_service_pb2.ReadEntriesResponse(**self.answer)


@pytest.fixture
async def province() -> AsyncIterator[tuple[Province, RemoteSource]]:
    servicer = Province()

    def register(server: Any) -> None:
        audit_source_service_pb2_grpc.add_AuditSourceServiceServicer_to_server(servicer, server)

    config = load(ServerConfig, {"YIJIE_LISTEN": "127.0.0.1:0", "YIJIE_DRAIN_GRACE_S": "1"})
    async with (
        serving(config, "benefits", (NAME,), register) as running,
        open_channel(running.address) as channel,
    ):
        yield servicer, RemoteSource(channel, "benefits", "events")


async def test_a_page_is_read(province: tuple[Province, RemoteSource]) -> None:
    servicer, source = province
    servicer.answer = {"entries": [GOOD], "has_more": True}
    page = await source.read("")
    assert (str(page.rows[0].position), page.has_more, page.held_since) == ("7.1", True, None)
    servicer.answer = {"held_since": {"seconds": 1_800_000_000}}
    page = await source.read("7.1")
    assert (page.rows, page.held_since) == ([], datetime(2027, 1, 15, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    "answer",
    [
        {"has_more": True},
        {"entries": [GOOD | {"position": ""}]},
        {"entries": [GOOD | {"position": "seven"}]},
        {"entries": [GOOD | {"position": "7"}]},
        {"entries": [GOOD | {"position": "7." + "9" * 40}]},
        {"entries": [GOOD | {"position": "٣.١"}]},
        {"entries": [GOOD | {"event_time": {"seconds": 10**15}}]},
        {"held_since": {"seconds": -(10**15)}},
    ],
    ids=["more of nothing", "none", "word", "half", "long", "digits", "time", "held"],
)
async def test_what_is_no_page_is_told(
    province: tuple[Province, RemoteSource], answer: dict[str, Any]
) -> None:
    servicer, source = province
    servicer.answer = answer
    with pytest.raises(Malformed):
        await source.read("7.0")
