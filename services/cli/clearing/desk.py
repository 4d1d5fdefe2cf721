"""The hub's clearing as its officers call it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from services.cli.connecting import open_endpoint
from services.cli.mesh import MeshError, read_endpoints
from services.kit import codes
from services.kit.channel import Callee
from yijie.clearing.v1 import (
    invariant_service_pb2_grpc,
    month_pb2,
    month_service_pb2_grpc,
    notice_service_pb2_grpc,
)

CALL_S: Final = 300.0
"""Longest wait: making the tables of a month adds up all of it."""
_PAGE_ROWS: Final = 1000

STATES: Final = {
    month_pb2.MONTH_STATE_UNSPECIFIED: "未截止 not cut",
    month_pb2.MONTH_STATE_OPEN: "待对账确认 open",
    month_pb2.MONTH_STATE_RECONCILED: "已对账 reconciled",
    month_pb2.MONTH_STATE_TABLED: "已制表 tabled",
    month_pb2.MONTH_STATE_SIGNED: "已签章 signed",
    month_pb2.MONTH_STATE_NOTIFIED: "已下达通知书 notified",
    month_pb2.MONTH_STATE_PAID: "已划拨 paid",
    month_pb2.MONTH_STATE_CLOSED: "已关账 closed",
}
STEPS: Final = {
    month_pb2.MONTH_STEP_KIND_RECONCILE: "对账确认 reconcile",
    month_pb2.MONTH_STEP_KIND_TABLES: "制表 tables",
    month_pb2.MONTH_STEP_KIND_SIGN: "签章 sign",
    month_pb2.MONTH_STEP_KIND_NOTICES: "通知书 notices",
    month_pb2.MONTH_STEP_KIND_PAYMENT: "划拨 payment",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Calls clearing."""

    months: Any
    notices: Any
    invariants: Any
    callee: Callee

    async def call(self, method: Any, request: Any) -> Any:
        """Calls once.

        Raises:
            DomainError: clearing refused.
        """
        return await self.callee.call(method, request, own_s=CALL_S)

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
async def desk(data_dir: Path) -> AsyncIterator[Desk]:
    """Connects to the clearing of a mesh while the block runs.

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
    async with open_endpoint(endpoints["clearing"]) as channel:
        yield Desk(
            months=month_service_pb2_grpc.MonthServiceStub(channel),
            notices=notice_service_pb2_grpc.NoticeServiceStub(channel),
            invariants=invariant_service_pb2_grpc.InvariantServiceStub(channel),
            callee=Callee("clearing"),
        )


def state_of(month: Any) -> str:
    """Returns where a month stands, for people."""
    if not month.HasField("cut_time"):
        return STATES[month_pb2.MONTH_STATE_UNSPECIFIED]
    return STATES.get(month.state, "")


def new_request_id() -> str:
    """Returns a fresh request id."""
    return str(uuid4())


def names(region_codes: Any) -> str:
    """Returns provinces for people: 宁夏回族自治区640000 北京市110000; lines break between them."""
    return " ".join(f"{codes.PROVINCES.get(one, '')}{one}" for one in region_codes)
