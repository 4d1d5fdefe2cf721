"""What came of a bill after the call that settled it: spans that link to its trace, and records.

A reversal, an audit and a booking have traces of their own, each linked to the trace of the bill
(services.kit.telemetry.link). The line of the monthly tables is drawn up weeks later, from the
ledger: it is found by the entries of the settlement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format
from rich.console import Console

from services.cli.spans import Span, linking
from services.cli.supervision.calling import Called, calling
from services.cli.topology import trace_dir
from services.cli.waterfall import short_name
from services.kit.errors import DomainError
from services.kit.money import format_yuan
from yijie.clearing.v1 import (
    clearing_service_pb2,
    clearing_service_pb2_grpc,
    ledger_pb2,
    month_service_pb2,
    month_service_pb2_grpc,
)
from yijie.supervision.v1 import audit_service_pb2, audit_service_pb2_grpc

_KINDS: Final = {
    "ReverseSettlement": "撤销 reversal",
    "feed.settlement": "入账 booking",
    "feed.reconciliation": "对账 the hub's leg",
    "feed.audit": "审核 audit",
}


@dataclass(slots=True)
class Aftermath:
    """What came of a bill; empty where nothing did, or nothing yet."""

    linked: list[Span] = field(default_factory=list)
    """Spans of other traces that link to the bill's, by time."""
    findings: list[Any] = field(default_factory=list)
    """RecordedFinding of supervision."""
    entries: list[Any] = field(default_factory=list)
    """Entry of the ledger, in booking order, the payable side."""
    lines: list[tuple[str, Any]] = field(default_factory=list)
    """Month and TableLine that the entries are in; none before the tables are made."""


async def aftermath_of(data_dir: Path, trace_id: str, settlement_id: str) -> Aftermath:
    """Returns what came of a bill; without a settlement id only what links to its trace.

    Raises:
        MeshError: no mesh runs there to be asked for the records.
        DomainError: a service refused or is down.
    """
    found = Aftermath(linked=linking(trace_dir(data_dir), trace_id))
    if not settlement_id:
        return found
    async with calling(data_dir, "supervision") as supervision:
        audit = audit_service_pb2_grpc.AuditServiceStub(supervision.channel)
        found.findings = await supervision.pages(
            audit.ListBillFindings,
            audit_service_pb2.ListBillFindingsRequest(bill_key=settlement_id),
            "findings",
        )
    async with calling(data_dir, "clearing") as clearing:
        ledger = clearing_service_pb2_grpc.ClearingServiceStub(clearing.channel)
        entries = await clearing.pages(
            ledger.ListEntries,
            clearing_service_pb2.ListEntriesRequest(settlement_id=settlement_id),
            "entries",
        )
        found.entries = [one for one in entries if one.side == ledger_pb2.ACCOUNT_SIDE_PAYABLE]
        found.lines = await _lines(clearing, found.entries)
    return found


async def _lines(clearing: Called, entries: list[Any]) -> list[tuple[str, Any]]:
    months = month_service_pb2_grpc.MonthServiceStub(clearing.channel)
    lines = []
    for month in sorted({entry.month for entry in entries}):
        wanted = {_key(entry) for entry in entries if entry.month == month}
        insured = next(entry.insured_region_code for entry in entries if entry.month == month)
        request = month_service_pb2.ListTableLinesRequest(
            month=month, region_code=insured, side=ledger_pb2.ACCOUNT_SIDE_PAYABLE
        )
        try:
            rows = await clearing.pages(months.ListTableLines, request, "lines")
        except DomainError:
            # The month has no tables yet.
            continue
        lines += [(month, row) for row in rows if _key(row) in wanted]
    return lines


def _key(row: Any) -> tuple[str, ...]:
    return (
        row.insured_region_code,
        row.care_region_code,
        row.scheme_code,
        row.fund_type_code,
    )


def document(found: Aftermath) -> dict[str, Any]:
    """Returns it for programs."""
    return {
        "linked": [
            {"trace_id": one.trace_id, "service": one.service, "name": short_name(one.name)}
            for one in found.linked
        ],
        "findings": [_told(one) for one in found.findings],
        "entries": [_told(one) for one in found.entries],
        "table_lines": [{"month": month, **_told(line)} for month, line in found.lines],
    }


def show(found: Aftermath, out: Console) -> None:
    """Prints it below the waterfall."""
    out.print("之后 afterwards", style="bold")
    for one in found.linked:
        name = short_name(one.name)
        out.print(f"  {_KINDS.get(name, name)} · {one.service} {name}，跟踪 trace {one.trace_id}")
    for recorded in found.findings:
        out.print(
            f"  疑点 finding {recorded.finding_id}：{recorded.finding.rule_code} "
            f"{recorded.finding.message_zh}"
        )
    for entry in found.entries:
        out.print(
            f"  分录 entry {entry.entry_id}：{entry.month} {entry.insured_region_code} → "
            f"{entry.care_region_code}，{entry.scheme_code} {entry.fund_type_code}，"
            f"{format_yuan(entry.amount.fen)}，区块 block {entry.block_id}"
        )
    for month, line in found.lines:
        out.print(
            f"  清算表 line of the tables {month}：{line.insured_region_code} → "
            f"{line.care_region_code}，{line.scheme_code} {line.fund_type_code}，"
            f"应付 payable {format_yuan(line.payable.fen)}"
        )
    if found.entries and not found.lines:
        out.print("  清算表 tables：尚未生成 · not made yet")
    if not (found.linked or found.findings or found.entries):
        out.print("  尚无 · nothing so far")


def _told(message: Any) -> dict[str, Any]:
    told: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return told
