"""Gets bills from supervision and takes findings back to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

import grpc

from services.kit import wire
from services.kit.channel import Callee
from services.mining.schema import ExportedBill
from services.mining.tables import MinedFinding
from services.mining.wire import read_bill, write_findings
from yijie.supervision.v1 import (
    audit_service_pb2,
    audit_service_pb2_grpc,
    rule_service_pb2,
    rule_service_pb2_grpc,
)

_STREAM_S: Final = 3600.0
"""Longest time for the bills of a month."""
_TRIES: Final = 5
_RECORD_S: Final = 60.0
_RULES_S: Final = 30.0
_AT_ONCE: Final = 500
_PAGE_ROWS: Final = 1000
_PEERS: Final = "PEERS"


@dataclass(slots=True)
class Recorded:
    """What supervision made of the findings of a run."""

    new: int = 0
    known: int = 0
    """On record before."""
    refused: dict[str, int] = field(default_factory=dict)
    """How many were refused, by message."""


@dataclass(frozen=True, slots=True)
class PeerRules:
    """The rules in force that only mining judges."""

    version: str
    codes: dict[str, str]
    """Kind → code of the rule."""
    parameters: dict[str, dict[str, str]]
    """By kind."""


class MiningClient:
    """Calls supervision."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._audit = audit_service_pb2_grpc.AuditServiceStub(channel)
        self._rules = rule_service_pb2_grpc.RuleServiceStub(channel)
        self._callee = Callee("supervision")

    async def bills(self, month: str, care_region_code: str = "") -> AsyncIterator[ExportedBill]:
        """Gives the bills of a civil month of settlement; goes on where a stream broke off.

        Raises:
            grpc.aio.AioRpcError: it broke off again and again, or was refused.
        """
        after = ""
        tries = 0
        while True:
            request = audit_service_pb2.ExportBillsRequest(
                month=month, care_region_code=care_region_code, after_bill_key=after
            )
            try:
                async for batch in self._audit.ExportBills(request, timeout=_STREAM_S):
                    tries = 0
                    for bill in batch.bills:
                        yield read_bill(bill)
                        after = bill.bill_key
            except grpc.aio.AioRpcError as error:
                tries += 1
                if error.code() is not grpc.StatusCode.UNAVAILABLE or tries == _TRIES:
                    raise
            else:
                return

    async def peer_rules(self) -> PeerRules:
        """Returns the rules in force whose reach is other people's bills.

        Raises:
            DomainError: supervision refused or is down.
        """
        request = rule_service_pb2.ListRulesRequest(page_size=_PAGE_ROWS)
        codes: dict[str, str] = {}
        parameters: dict[str, dict[str, str]] = {}
        while True:
            answer = await self._callee.call(self._rules.ListRules, request, own_s=_RULES_S)
            for one in answer.rules:
                if one.reach == _PEERS:
                    codes[one.kind] = one.code
                    parameters[one.kind] = dict(one.parameters)
            request.page_token = answer.next_page_token
            if not request.page_token:
                return PeerRules(answer.version, codes, parameters)

    async def record(
        self,
        findings: Sequence[MinedFinding],
        *,
        run_id: UUID,
        since: datetime,
        until: datetime,
        rules: PeerRules,
    ) -> Recorded:
        """Records what a run found; the same run may be recorded again.

        Raises:
            DomainError: supervision refused or is down.
        """
        recorded = Recorded()
        messages = write_findings(findings, rules.codes)
        for begin in range(0, len(messages), _AT_ONCE):
            answer = await self._callee.call(
                self._audit.RecordMinedFindings,
                audit_service_pb2.RecordMinedFindingsRequest(
                    request_id=str(uuid5(run_id, str(begin))),
                    run_id=str(run_id),
                    since_time=wire.write_time(since),
                    until_time=wire.write_time(until),
                    ruleset_version=rules.version,
                    findings=messages[begin : begin + _AT_ONCE],
                ),
                own_s=_RECORD_S,
            )
            for result in answer.results:
                _count(recorded, result)
        return recorded


def _count(recorded: Recorded, result: Any) -> None:
    if result.HasField("error"):
        text = result.error.message
        recorded.refused[text] = recorded.refused.get(text, 0) + 1
    elif result.recorded_before:
        recorded.known += 1
    else:
        recorded.new += 1
