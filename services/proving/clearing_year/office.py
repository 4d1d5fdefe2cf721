"""All who act in the year, through the contracts: provinces, the hub's officers, the bank."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import grpc

from services.kit.channel import Callee, open_channel
from yijie.clearing.v1 import (
    break_service_pb2_grpc,
    clearing_service_pb2_grpc,
    dispute_service_pb2_grpc,
    invariant_service_pb2_grpc,
    month_service_pb2_grpc,
    notice_service_pb2_grpc,
    prepayment_service_pb2_grpc,
)

MAKER: Final = "hub-maker"
CHECKER: Final = "hub-checker"
ISSUER: Final = "hub-issuer"
"""Issues notices: a third one, because who decides a quota draws its notices up."""
_CALL_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Office:
    """Calls clearing."""

    clearing: Any
    months: Any
    notices: Any
    prepayment: Any
    disputes: Any
    breaks: Any
    invariants: Any
    chance: random.Random
    """Mints request ids: the same year sends the same ones."""
    callee: Callee

    async def call(self, method: Any, request: Any) -> Any:
        """Calls once; gives a request that wants one an id of its own.

        Raises:
            DomainError: clearing refused.
        """
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
            request.request_id = str(self.new_id())
        return await self.callee.call(method, request, own_s=_CALL_S)

    async def pages(self, method: Any, request: Any, field: str) -> list[Any]:
        """Returns the rows of all pages."""
        request.page_size = 1000
        found: list[Any] = []
        while True:
            answer = await self.call(method, request)
            found += getattr(answer, field)
            request.page_token = answer.next_page_token
            if not request.page_token:
                return found

    def new_id(self) -> UUID:
        """Returns a fresh id."""
        return UUID(int=self.chance.getrandbits(128), version=4)


@contextlib.asynccontextmanager
async def connected(address: str, *, seed: int) -> AsyncIterator[Office]:
    """Connects while the block runs."""
    async with open_channel(address) as channel:
        yield office_on(channel, seed=seed)


def office_on(channel: grpc.aio.Channel, *, seed: int) -> Office:
    """Returns an office that calls over a channel."""
    return Office(
        clearing=clearing_service_pb2_grpc.ClearingServiceStub(channel),
        months=month_service_pb2_grpc.MonthServiceStub(channel),
        notices=notice_service_pb2_grpc.NoticeServiceStub(channel),
        prepayment=prepayment_service_pb2_grpc.PrepaymentServiceStub(channel),
        disputes=dispute_service_pb2_grpc.DisputeServiceStub(channel),
        breaks=break_service_pb2_grpc.BreakServiceStub(channel),
        invariants=invariant_service_pb2_grpc.InvariantServiceStub(channel),
        chance=random.Random(f"requests {seed}"),  # noqa: S311 - ids of a rehearsal, no secret
        callee=Callee("clearing"),
    )


def officers(region_code: str) -> dict[str, Any]:
    """Returns maker and checker of a province."""
    return {"maker_id": f"maker-{region_code}", "checker_id": f"checker-{region_code}"}


def hub_officers() -> dict[str, Any]:
    """Returns maker and checker of the hub."""
    return {"maker_id": MAKER, "checker_id": CHECKER}
