"""All who act in the year, through the contracts: officers of provinces and of the hub."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import grpc

from services.kit.channel import Callee
from yijie.clearing.v1 import (
    clearing_service_pb2_grpc,
    dispute_service_pb2_grpc,
    invariant_service_pb2_grpc,
)
from yijie.supervision.v1 import (
    audit_service_pb2_grpc,
    case_service_pb2_grpc,
    credit_service_pb2_grpc,
    rule_service_pb2_grpc,
    statistics_service_pb2_grpc,
    supervision_service_pb2_grpc,
    ticket_service_pb2_grpc,
)

_CALL_S: Final = 120.0
_PAGE_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Office:
    """Calls supervision and clearing."""

    findings: Any
    audit: Any
    cases: Any
    credit: Any
    rules: Any
    statistics: Any
    tickets: Any
    clearing: Any
    disputes: Any
    invariants: Any
    supervision_channel: grpc.aio.Channel
    chance: random.Random
    """Mints request ids: the same year sends the same ones."""
    callees: Mapping[str, Callee]

    async def call(self, method: Any, request: Any, *, of: str = "supervision") -> Any:
        """Calls once; gives a request that wants one an id of its own.

        Raises:
            DomainError: the service refused.
        """
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
            request.request_id = str(self.new_id())
        return await self.callees[of].call(method, request, own_s=_CALL_S)

    async def pages(
        self, method: Any, request: Any, field: str, *, of: str = "supervision"
    ) -> list[Any]:
        """Returns the rows of all pages."""
        request.page_size = _PAGE_ROWS
        found: list[Any] = []
        while True:
            answer = await self.call(method, request, of=of)
            found += getattr(answer, field)
            request.page_token = answer.next_page_token
            if not request.page_token:
                return found

    def new_id(self) -> UUID:
        """Returns a fresh id."""
        return UUID(int=self.chance.getrandbits(128), version=4)


def office_on(supervision: grpc.aio.Channel, clearing: grpc.aio.Channel, *, seed: int) -> Office:
    """Returns an office that calls over two channels."""
    return Office(
        findings=supervision_service_pb2_grpc.SupervisionServiceStub(supervision),
        audit=audit_service_pb2_grpc.AuditServiceStub(supervision),
        cases=case_service_pb2_grpc.CaseServiceStub(supervision),
        credit=credit_service_pb2_grpc.CreditServiceStub(supervision),
        rules=rule_service_pb2_grpc.RuleServiceStub(supervision),
        statistics=statistics_service_pb2_grpc.StatisticsServiceStub(supervision),
        tickets=ticket_service_pb2_grpc.TicketServiceStub(supervision),
        clearing=clearing_service_pb2_grpc.ClearingServiceStub(clearing),
        disputes=dispute_service_pb2_grpc.DisputeServiceStub(clearing),
        invariants=invariant_service_pb2_grpc.InvariantServiceStub(clearing),
        supervision_channel=supervision,
        chance=random.Random(f"supervision requests {seed}"),  # noqa: S311 - ids, no secret
        callees={name: Callee(name) for name in ("supervision", "clearing")},
    )
