"""`yijie supervision tickets`: who is awaited between provinces, and how long they take."""

from __future__ import annotations

import sys
from datetime import UTC, date
from pathlib import Path
from typing import Any, Final

import orjson
from google.protobuf.json_format import MessageToDict
from rich.table import Table

from services.cli.registry.asking import write_json
from services.cli.screen import console
from services.cli.supervision.calling import calling
from services.kit import codes, wire
from services.kit.clock import SHANGHAI, SystemClock, civil_date
from yijie.supervision.v1 import ticket_pb2
from yijie.supervision.v1 import ticket_service_pb2 as pb
from yijie.supervision.v1 import ticket_service_pb2_grpc as rpc

_KINDS: Final = {
    ticket_pb2.TICKET_KIND_UNSPECIFIED: "合计 all",
    ticket_pb2.TICKET_KIND_CANNOT_SETTLE: "无法结算 cannot settle",
    ticket_pb2.TICKET_KIND_VERIFY_BILL: "费用协查 verify bill",
    ticket_pb2.TICKET_KIND_SYSTEM_FAULT: "系统故障 system fault",
}
_STATES: Final = {
    ticket_pb2.TICKET_STATE_OPEN: "待答复 open",
    ticket_pb2.TICKET_STATE_ANSWERED: "已答复 answered",
}
_LIVE: Final = (ticket_pb2.TICKET_STATE_OPEN, ticket_pb2.TICKET_STATE_ANSWERED)
_MINUTES: Final = 60


async def show_tickets(data_dir: Path, region: str, *, as_json: bool) -> int:
    """Prints tickets that are not closed, the most urgent first; returns 1 if one is overdue.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    async with calling(data_dir, "supervision") as called:
        stub = rpc.TicketServiceStub(called.channel)
        found: list[Any] = []
        for state in _LIVE:
            request = pb.ListTicketsRequest(region_code=region, state=state)
            found += await called.pages(stub.ListTickets, request, "tickets")
    found.sort(key=lambda one: (one.state, -one.level, one.due_time.ToDatetime()))
    if as_json:
        _write(found)
    else:
        _print(found)
    return 1 if any(one.overdue for one in found) else 0


async def show_summaries(data_dir: Path, region: str, *, since: date, as_json: bool) -> int:
    """Prints how provinces answered the tickets opened since a day; returns 0.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    request = pb.SummarizeTicketsRequest(
        region_code=region,
        open_date_min=wire.write_date(since),
        open_date_max=wire.write_date(civil_date(SystemClock().now())),
    )
    async with calling(data_dir, "supervision") as called:
        stub = rpc.TicketServiceStub(called.channel)
        answer = await called.call(stub.SummarizeTickets, request)
    if as_json:
        write_json(answer)
        return 0
    table = Table(title="工单答复情况 how tickets were answered", title_justify="left")
    table.add_column("省份 province", no_wrap=True)
    table.add_column("种类 kind", no_wrap=True)
    for name in ("开立", "按时", "逾期答复", "逾期未答", "待答", "督办", "重开", "中位时长"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in answer.summaries:
        table.add_row(
            _name(one.region_code),
            _KINDS[one.kind],
            *(
                str(count)
                for count in (
                    one.opened_count,
                    one.in_time_count,
                    one.late_count,
                    one.overdue_count,
                    one.waiting_count,
                    one.escalated_count,
                    one.reopened_count,
                )
            ),
            _duration(one.median_answer_minutes),
        )
    console().print(table)
    return 0


def _print(found: list[Any]) -> None:
    out = console()
    if not found:
        out.print("没有未办结的工单 · no ticket is open")
        return
    table = Table(title="未办结工单 tickets that are not closed", title_justify="left")
    for name, width in (
        ("工单 ticket", 18),
        ("种类 kind", 13),
        ("事由 what", 27),
        ("责任方 who", 20),
    ):
        table.add_column(name, overflow="fold", min_width=width)
    for name in ("笔数", "级别"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("状态 state", overflow="fold", min_width=8)
    table.add_column("时限 due", no_wrap=True, min_width=12)
    for one in found:
        due = one.due_time.ToDatetime(UTC).astimezone(SHANGHAI)
        late = "\n逾期 overdue" if one.overdue else ""
        table.add_row(
            one.ticket_id,
            _KINDS[one.kind].replace(" ", "\n", 1),
            one.reason or one.question,
            " ".join(filter(None, (_name(one.responsible_region_code), one.institution_code))),
            str(one.refusal_count),
            str(one.level),
            _STATES[one.state].replace(" ", "\n", 1),
            f"{due:%m-%d %H:%M}{late}",
        )
    out.print(table)


def _write(found: list[Any]) -> None:
    document = {
        "tickets": [
            MessageToDict(
                one,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
            for one in found
        ]
    }
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def _name(region_code: str) -> str:
    return f"{codes.PROVINCES.get(region_code, '')}{region_code}" if region_code else "平台 hub"


def _duration(minutes: int) -> str:
    return "–" if minutes < 0 else f"{minutes // _MINUTES}:{minutes % _MINUTES:02d}"
