"""`yijie clearing status`: where months stand, what is due, who is awaited."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import orjson
from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.table import Table

from services.cli.clearing.desk import STEPS, desk, names, state_of
from services.cli.registry.asking import iso, write_json
from services.cli.screen import console
from services.kit import wire
from services.kit.clock import SHANGHAI
from services.kit.money import format_yuan
from yijie.clearing.v1 import month_pb2
from yijie.clearing.v1 import month_service_pb2 as pb

_NAMED_MAX: Final = 3
"""Where they are listed elsewhere, more provinces than these are told by their number."""
_OF_THE_HUB: Final = {
    month_pb2.MONTH_STATE_RECONCILED: "平台制表 the hub makes the tables",
    month_pb2.MONTH_STATE_PAID: "平台关账 the hub closes it",
    month_pb2.MONTH_STATE_CLOSED: "",
}


async def show_status(data_dir: Path, month: str, *, as_json: bool) -> int:
    """Prints one month with its steps, or all months; returns 1 if a step is overdue.

    Raises:
        MeshError: no mesh runs there.
        DomainError: clearing refused.
    """
    async with desk(data_dir) as held:
        if month:
            answer = await held.call(held.months.GetMonth, pb.GetMonthRequest(month=month))
            answers = [answer]
        else:
            found = await held.pages(held.months.ListMonths, pb.ListMonthsRequest(), "months")
            answers = [
                await held.call(held.months.GetMonth, pb.GetMonthRequest(month=one.month))
                for one in found
            ]
    if as_json:
        _write(answers, one=bool(month))
    elif month:
        _print_month(console(), answers[0])
    else:
        _print_months(console(), answers)
    return 1 if any(is_overdue(step) for answer in answers for step in answer.steps) else 0


def is_overdue(step: Any) -> bool:
    """Tells whether a step is late and still not done; one that was done late is history."""
    return bool(step.overdue and not step.HasField("done_time"))


def awaited(answer: Any, *, most: int = 32) -> str:
    """Returns who is awaited in a month, and for what; empty: nobody, it is closed.

    Of more than `most` provinces it says how many they are.
    """
    state = answer.month.state
    if not answer.month.HasField("cut_time"):
        return "月末截止 the end of the month"
    if state == month_pb2.MONTH_STATE_RECONCILED and answer.open_break_count:
        return f"差错与未核对日 {answer.open_break_count} 项 breaks, or days not compared"
    if state in _OF_THE_HUB:
        return _OF_THE_HUB[state]
    step = next((one for one in answer.steps if not one.HasField("done_time")), None)
    if step is None:
        return ""
    who = names(step.awaited_region_codes) or "平台 the hub"
    if len(step.awaited_region_codes) > most:
        who = f"{len(step.awaited_region_codes)} 个省 provinces"
    return f"{STEPS.get(step.kind, '')}：{who}"


def _write(answers: list[Any], *, one: bool) -> None:
    if one:
        write_json(answers[0])
        return
    document = {
        "months": [
            MessageToDict(
                answer,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
            for answer in answers
        ]
    }
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def _print_months(out: Console, answers: list[Any]) -> None:
    if not answers:
        out.print("尚无清算月 · no month is cut yet")
        return
    table = Table(title="清算月 clearing months", title_justify="left")
    table.add_column("月 month", no_wrap=True)
    table.add_column("状态 state", no_wrap=True)
    table.add_column("应付合计 payable", justify="right", no_wrap=True)
    table.add_column("差错 breaks", justify="right")
    table.add_column("等待 awaited", overflow="fold")
    for answer in answers:
        late = any(map(is_overdue, answer.steps))
        table.add_row(
            answer.month.month,
            state_of(answer.month),
            format_yuan(answer.month.payable.fen),
            str(answer.open_break_count),
            f"{'逾期 overdue：' if late else ''}{awaited(answer, most=_NAMED_MAX)}",
        )
    out.print(table)
    out.print("各省名单与期限 · provinces and deadlines: yijie clearing status --month YYYY-MM")


def _print_month(out: Console, answer: Any) -> None:
    month = answer.month
    out.print(f"{month.month}  {state_of(month)}", style="bold")
    cut, made = (_time(month, name) or "尚未 not yet" for name in ("cut_time", "table_time"))
    out.print(f"截止 cut {cut}　制表 tables {made}")
    if month.HasField("table_time"):
        out.print(
            f"应付合计 payable {format_yuan(month.payable.fen)} 元 · {month.line_count} 行 lines"
        )
        out.print(f"表摘要 digest {month.tables_digest.hex()}")
    table = Table(title="日程 calendar", title_justify="left")
    for heading in ("步骤 step", "期限 deadline", "完成 done"):
        table.add_column(heading, no_wrap=True)
    table.add_column("等待 awaited", overflow="fold")
    table.add_column("迟 late", overflow="fold")
    for step in answer.steps:
        mark = "*" if step.provisional else ""
        done = _time(step, "done_time") or ("逾期 overdue" if is_overdue(step) else "")
        table.add_row(
            STEPS.get(step.kind, ""),
            f"{iso(step.deadline)}{mark}",
            done,
            names(step.awaited_region_codes),
            names(step.late_region_codes),
        )
    out.print(table)
    if answer.provisional:
        out.print(
            "* 当年放假安排尚未公布，期限暂按法定节假日推算"
            " · the holidays of that year are not published: by statutory holidays alone"
        )
    if answer.open_break_count:
        out.print(f"差错与未核对日 {answer.open_break_count} 项 · breaks and days not compared yet")
    for pair in answer.objected_pairs:
        ends = (names([pair.insured_region_code]), names([pair.care_region_code]))
        out.print(f"异议 objection：{ends[0]} → {ends[1]}")
    if who := awaited(answer, most=_NAMED_MAX):
        out.print(f"等待 awaited：{who}")


def _time(message: Any, name: str) -> str:
    if not message.HasField(name):
        return ""
    return f"{wire.read_time(getattr(message, name)).astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
