"""`yijie reconcile`: how a day came out between hospitals, provinces and the hub."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson
from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.table import Table

from services.cli.connecting import open_endpoint
from services.cli.mesh import MeshError, read_endpoints
from services.cli.screen import console
from services.kit import wire
from services.kit.channel import Callee
from services.kit.clock import SystemClock, civil_date
from services.kit.money import format_yuan
from yijie.clearing.v1 import reconciliation_pb2 as pb2
from yijie.clearing.v1 import reconciliation_service_pb2 as service_pb2
from yijie.clearing.v1 import reconciliation_service_pb2_grpc

_LIST_S: Final = 10.0
_COMPARE_S: Final = 300.0
_PAGE_ROWS: Final = 1000

_PARTIES: Final = {
    pb2.PARTY_HUB: "平台 hub",
    pb2.PARTY_INSTITUTION: "机构 institution",
    pb2.PARTY_CARE_PROVINCE: "就医省 care province",
    pb2.PARTY_INSURED_PROVINCE: "参保省 insured province",
}
_STATES: Final = {
    pb2.STATEMENT_STATE_EVEN: "总额相符 even",
    pb2.STATEMENT_STATE_DIFFERENT: "总额不符，待明细 different",
    pb2.STATEMENT_STATE_COMPARED: "已逐笔核对 compared",
}
_STATUSES: Final = {
    pb2.LEG_STATUS_MISSING: "缺 missing",
    pb2.LEG_STATUS_NOT_COMPARED: "未核对 not compared",
}


class BadDayError(Exception):
    """The text is no date."""

    def __init__(self) -> None:
        super().__init__("not a date written YYYY-MM-DD")


async def reconcile(day: date, data_dir: Path, *, region: str, as_json: bool) -> int:
    """Prints a day's results and open differences; compares `region` first if it is given.

    Returns 0 when nothing is open and 1 when something is.

    Raises:
        MeshError: no mesh runs in the data directory.
        DomainError: clearing refused.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    hub = Callee("clearing")
    async with open_endpoint(endpoints["clearing"]) as channel:
        stub = reconciliation_service_pb2_grpc.ReconciliationServiceStub(channel)
        if region:
            request = service_pb2.ReconcileRequest(
                request_id=str(uuid4()),
                insured_region_code=region,
                business_date=wire.write_date(day),
            )
            await hub.call(stub.Reconcile, request, own_s=_COMPARE_S)
        results = [one async for one in _pages(hub, stub.ListLegResults, "results", day)]
        differences = [
            one
            async for one in _pages(
                hub, stub.ListDifferences, "differences", day, state=pb2.DIFFERENCE_STATE_OPEN
            )
        ]
    if as_json:
        document = {
            "business_date": day.isoformat(),
            "results": [MessageToDict(one, preserving_proto_field_name=True) for one in results],
            "differences": [
                MessageToDict(one, preserving_proto_field_name=True) for one in differences
            ],
        }
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(console(), day, results, differences)
    return 1 if differences else 0


def parse_day(text: str) -> date:
    """Returns a date written YYYY-MM-DD; empty: yesterday in China.

    Raises:
        BadDayError: it is none.
    """
    if not text:
        return civil_date(SystemClock().now()) - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDayError from None


async def _pages(
    hub: Callee, method: Any, name: str, day: date, **wanted: Any
) -> AsyncIterator[Any]:
    kind = (
        service_pb2.ListLegResultsRequest
        if name == "results"
        else service_pb2.ListDifferencesRequest
    )
    request = kind(page_size=_PAGE_ROWS, business_date=wire.write_date(day), **wanted)
    while True:
        answer = await hub.call(method, request, own_s=_LIST_S)
        for one in getattr(answer, name):
            yield one
        request.page_token = answer.next_page_token
        if not request.page_token:
            return


def _print(out: Console, day: date, results: list[Any], differences: list[Any]) -> None:
    table = Table(title=f"对账 reconciliation {day}", title_justify="left")
    for heading in ("方 party", "代码 code", "结果 result"):
        table.add_column(heading)
    for heading in ("平台笔数 hub", "对方笔数 theirs", "差异 differences"):
        table.add_column(heading, justify="right")
    for one in results:
        table.add_row(
            _PARTIES[one.party],
            one.party_code,
            _STATES[one.state],
            str(one.hub_count),
            str(one.party_count),
            str(one.difference_count),
        )
    out.print(table)
    if not results and not differences:
        out.print("当日尚未核对任何一方 · nobody was compared for that day yet")
    elif not differences:
        out.print("没有未处理的差异 · nothing is open")
    for one in differences:
        out.print(f"\n{one.settlement_id or '请求 request ' + one.request_id}", style="bold")
        for leg in one.legs:
            out.print(f"  {_PARTIES[leg.party]:<24} {leg.party_code:<14} {_shown(leg)}")
        out.print(f"  {one.explanation_zh}\n  {one.explanation_en}")


def _shown(leg: Any) -> str:
    if leg.status != pb2.LEG_STATUS_HELD:
        return _STATUSES[leg.status]
    stands = "有效 stands" if leg.state == pb2.RECORD_STATE_STANDING else "已撤销 reversed"
    return (
        f"{stands}  {format_yuan(leg.total.fen)} = 基金 {format_yuan(leg.fund_total.fen)}"
        f" + 账户 {format_yuan(leg.account_pay.fen)} + 现金 {format_yuan(leg.cash_pay.fen)}"
    )
