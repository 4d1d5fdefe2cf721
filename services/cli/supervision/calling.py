"""A service of a running mesh as officers call it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import grpc

from services.cli.connecting import open_endpoint
from services.cli.mesh import MeshError, read_endpoints
from services.kit.channel import Callee

_CALL_S: Final = 60.0
_PAGE_ROWS: Final = 1000


class Called:
    """Calls one service."""

    def __init__(self, name: str, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self.channel = channel
        self._callee = Callee(name)

    async def call(self, method: Any, request: Any) -> Any:
        """Calls once.

        Raises:
            DomainError: the service refused or is down.
        """
        return await self._callee.call(method, request, own_s=_CALL_S)

    async def pages(self, method: Any, request: Any, field: str) -> list[Any]:
        """Returns the rows of all pages."""
        request.page_size = _PAGE_ROWS
        found: list[Any] = []
        while True:
            answer = await self.call(method, request)
            found += getattr(answer, field)
            request.page_token = answer.next_page_token
            if not request.page_token:
                return found


@contextlib.asynccontextmanager
async def calling(data_dir: Path, name: str) -> AsyncIterator[Called]:
    """Connects to a service of a mesh while the block runs.

    Raises:
        MeshError: no mesh runs there.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = (
            f"{data_dir} 下没有运行中的系统 · no mesh runs in {data_dir};"
            f" start it: `yijie up --data-dir {data_dir}`"
        )
        raise MeshError(msg)
    async with open_endpoint(endpoints[name]) as channel:
        yield Called(name, channel)
