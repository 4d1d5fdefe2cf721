"""One violation from the line of the bill to the fen that is deducted, as the contracts tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

import grpc

from yijie.clearing.v1 import (
    clearing_service_pb2,
    clearing_service_pb2_grpc,
    dispute_pb2,
    dispute_service_pb2,
    dispute_service_pb2_grpc,
    ledger_pb2,
)
from yijie.supervision.v1 import (
    audit_service_pb2,
    audit_service_pb2_grpc,
    case_pb2,
    case_service_pb2,
    case_service_pb2_grpc,
    finding_pb2,
)

CLASSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        finding_pb2.RESULT_CLASS_VIOLATION: "违规",
        finding_pb2.RESULT_CLASS_SUSPICIOUS: "可疑",
        finding_pb2.RESULT_CLASS_TO_VERIFY: "待核实",
    }
)
STEPS: Final[Mapping[int, str]] = MappingProxyType(
    {
        case_pb2.REVIEW_STEP_FIRST: "初审",
        case_pb2.REVIEW_STEP_SECOND: "复审",
        case_pb2.REVIEW_STEP_ANSWER: "复审反馈",
        case_pb2.REVIEW_STEP_FINAL: "终审",
    }
)


class Asked(Protocol):
    """A service that is asked."""

    @property
    def channel(self) -> grpc.aio.Channel:
        """Over which."""

    async def call(self, method: Any, request: Any) -> Any:
        """Calls once; raises DomainError."""

    async def pages(self, method: Any, request: Any, field: str) -> list[Any]:
        """Returns the rows of all pages."""


@dataclass(slots=True)
class Trail:
    """What there is so far; later parts are absent until it has come to them."""

    finding: Any
    """FindingDetail: finding and lines."""
    case: Any = None
    verdicts: list[Any] = field(default_factory=list)
    """Of this finding, in order."""
    deduction: Any = None
    """Deduction of clearing, with its history."""
    entries: list[Any] = field(default_factory=list)
    """Of the ledger, booked for the deduction, in order."""


async def trail_of(supervision: Asked, clearing: Asked, finding_id: str) -> Trail:
    """Follows a finding.

    Raises:
        DomainError: there is no such finding, or a service refused or is down.
    """
    audit = audit_service_pb2_grpc.AuditServiceStub(supervision.channel)
    answer = await supervision.call(
        audit.GetFinding, audit_service_pb2.GetFindingRequest(finding_id=finding_id)
    )
    trail = Trail(answer.finding)
    await _find_case(supervision, trail, finding_id)
    if trail.case is not None and trail.case.deduction.deduction_id:
        disputes = dispute_service_pb2_grpc.DisputeServiceStub(clearing.channel)
        booked = await clearing.call(
            disputes.GetDeduction,
            dispute_service_pb2.GetDeductionRequest(deduction_id=trail.case.deduction.deduction_id),
        )
        trail.deduction = booked.deduction
        ledger = clearing_service_pb2_grpc.ClearingServiceStub(clearing.channel)
        entries = await clearing.pages(
            ledger.ListEntries,
            clearing_service_pb2.ListEntriesRequest(settlement_id=booked.deduction.source_id),
            "entries",
        )
        trail.entries = sorted(entries, key=lambda one: one.entry_id)
    return trail


async def _find_case(supervision: Asked, trail: Trail, finding_id: str) -> None:
    stub = case_service_pb2_grpc.CaseServiceStub(supervision.channel)
    wanted = case_service_pb2.ListCasesRequest(settlement_id=trail.finding.finding.settlement_id)
    for one in await supervision.pages(stub.ListCases, wanted, "cases"):
        got = await supervision.call(
            stub.GetCase, case_service_pb2.GetCaseRequest(case_id=one.case_id)
        )
        for found in got.case.findings:
            if found.finding_id == finding_id:
                trail.case = got.case
                trail.verdicts = list(found.verdicts)
                return


def posted_fen(trail: Trail) -> int:
    """Returns what is posted on the insured province's side: what it owes less."""
    return sum(
        entry.amount.fen
        for entry in trail.entries
        if entry.side == ledger_pb2.ACCOUNT_SIDE_PAYABLE
        and entry.phase == ledger_pb2.ACCOUNT_PHASE_POSTED
    )


def name_of(enum: Any, value: int, prefix: str) -> str:
    """Returns the word of a state."""
    return str(enum.Name(value)).removeprefix(prefix)


def state_of_case(case: Any) -> str:
    """Returns where a case stands."""
    return name_of(case_pb2.CaseState, case.state, "CASE_STATE_")


def state_of_deduction(deduction: Any) -> str:
    """Returns where a deduction stands."""
    return name_of(dispute_pb2.DeductionState, deduction.state, "DEDUCTION_STATE_")
