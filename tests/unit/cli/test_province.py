"""Goal: the province reads lists whole, however many pages they have. Method: a hub of pages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc

from services.cli.province import Province
from services.kit.channel import open_channel
from services.kit.paging import read_key, row_number, write_token
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc, ledger_pb2

SERVICES = (
    "identity",
    "filing",
    "catalogue",
    "benefits",
    "settlement",
    "supervision",
    "clearing",
)


class PagedClearing(clearing_service_pb2_grpc.ClearingServiceServicer):
    """Three positions, one a page; the journal goes on between the pages."""

    async def GetPosition(self, request: Any, context: Any) -> Any:
        number = read_key(request, row_number) or 0
        return clearing_service_pb2.GetPositionResponse(
            positions=[ledger_pb2.Position(month=f"2026-0{number + 1}")],
            cursor=f"c{number}",
            next_page_token=write_token(request, (str(number + 1),)) if number < 2 else "",
        )


@contextlib.asynccontextmanager
async def province_of(servicer: PagedClearing) -> AsyncIterator[Province]:
    server = grpc.aio.server()
    clearing_service_pb2_grpc.add_ClearingServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with open_channel(f"127.0.0.1:{port}") as channel:
            yield Province(dict.fromkeys(SERVICES, channel))
    finally:
        await server.stop(0)


async def test_positions_of_all_pages_are_read_up_to_the_first_cursor() -> None:
    async with province_of(PagedClearing()) as province:
        found = await province.positions()
    assert [one.month for one in found.positions] == ["2026-01", "2026-02", "2026-03"]
    # What came after it may be in a later page and missing from an earlier one.
    assert found.cursor == "c0"
    assert found.next_page_token == ""
