"""The hub's supervision as its officers call it for rules."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc

from services.cli.connecting import open_endpoint
from services.cli.mesh import MeshError, read_endpoints
from services.kit.channel import Callee
from services.kit.errors import Unavailable
from services.kit.status import from_rpc_error
from yijie.supervision.v1 import rule_service_pb2_grpc

CALL_S: Final = 60.0
"""Longest wait: a pack of three megabytes is read."""
_DRY_RUN_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Calls supervision."""

    rules: Any
    callee: Callee

    async def call(self, method: Any, request: Any) -> Any:
        """Calls once.

        Raises:
            DomainError: supervision refused.
        """
        return await self.callee.call(method, request, own_s=CALL_S)

    async def stream(self, method: Any, request: Any) -> AsyncIterator[Any]:
        """Calls once and gives what comes.

        Raises:
            DomainError: supervision refused.
        """
        stream = method(request, timeout=_DRY_RUN_S, wait_for_ready=True)
        try:
            async for answer in stream:
                yield answer
        except grpc.aio.AioRpcError as error:
            refused = from_rpc_error(error)
            raise refused or Unavailable(
                "CALLEE_UNAVAILABLE",
                "supervision did not answer",
                metadata={"callee": "supervision"},
            ) from None
        finally:
            stream.cancel()


@contextlib.asynccontextmanager
async def desk(data_dir: Path) -> AsyncIterator[Desk]:
    """Connects to the supervision of a mesh while the block runs.

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
    async with open_endpoint(endpoints["supervision"]) as channel:
        yield Desk(
            rules=rule_service_pb2_grpc.RuleServiceStub(channel), callee=Callee("supervision")
        )
