"""`yijie supervision follow`: shows one violation from bill line to deducted fen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from google.protobuf import json_format
from rich.console import Console
from rich.table import Table

from services.cli.screen import console
from services.cli.supervision.calling import calling
from services.cli.supervision.trail import (
    CLASSES,
    STEPS,
    Trail,
    name_of,
    posted_fen,
    state_of_case,
    state_of_deduction,
    trail_of,
)
from services.kit import codes
from services.kit.money import format_yuan
from services.kit.wire import read_date, read_time
from yijie.clearing.v1 import ledger_pb2
from yijie.supervision.v1 import audit_pb2, case_pb2


async def follow_finding(data_dir: Path, finding_id: str, *, as_json: bool) -> int:
    """Follows a finding of a running mesh; returns 0.

    Raises:
        MeshError: no mesh runs there.
        DomainError: there is no such finding.
    """
    async with (
        calling(data_dir, "supervision") as supervision,
        calling(data_dir, "clearing") as clearing,
    ):
        trail = await trail_of(supervision, clearing, finding_id)
    if as_json:
        out = console()
        out.print(
            orjson.dumps(document(trail), option=orjson.OPT_INDENT_2).decode(), soft_wrap=True
        )
    else:
        show(trail, console())
    return 0


def document(trail: Trail) -> dict[str, Any]:
    """Returns a trail for programs."""
    return {
        "finding": _told(trail.finding),
        "case": _told(trail.case),
        "deduction": _told(trail.deduction),
        "entries": [_told(one) for one in trail.entries],
        "posted_fen": posted_fen(trail),
    }


def show(trail: Trail, out: Console) -> None:
    """Prints a trail, one step after the other."""
    _show_finding(trail, out)
    if trail.case is None:
        is_manual = trail.finding.channel == audit_pb2.CHANNEL_MANUAL
        why = "零星报销由参保地自理 · a claim is the insured province's own" if is_manual else ""
        out.print(f"  3 案件 case：{why or '尚未立案 · none yet'}")
        return
    _show_case(trail, out)
    if trail.deduction is None:
        out.print(f"  6 扣款 deduction：{_why_none(trail.case)}")
        return
    _show_deduction(trail, out)


def _show_finding(trail: Trail, out: Console) -> None:
    detail, recorded = trail.finding, trail.finding.finding
    found = recorded.finding
    out.print(
        f"  1 票据 bill {recorded.settlement_id}：{recorded.institution_code}，"
        f"{_province(recorded.care_region_code)} ← {_province(recorded.insured_region_code)}，"
        f"{read_date(detail.begin_date, '')} – {read_date(detail.end_date, '')}，"
        f"费用 total {format_yuan(detail.total.fen)}，"
        f"基金 funds {format_yuan(detail.fund_total.fen)}"
    )
    table = Table(box=None, padding=(0, 2, 0, 4))
    for heading in ("明细 line", "项目 item", "日期 date", "单价 price", "数量 quantity"):
        table.add_column(heading, no_wrap=True)
    for heading in ("金额 amount", "范围内 in scope"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in detail.lines:
        table.add_row(
            line.line_id,
            line.item_code,
            str(read_date(line.fee_date, "")),
            line.unit_price.value,
            line.quantity.value,
            format_yuan(line.amount.fen),
            format_yuan(line.in_scope.fen),
        )
    out.print(table)
    out.print(
        f"  2 疑点 finding {recorded.finding_id}：{found.rule_code} "
        f"{CLASSES.get(found.result_class, '')}，{found.message_zh}"
    )
    out.print(f"    {found.message_en}")
    out.print(f"    依据 source：{found.source_zh}；规则包 rules {found.ruleset_version[:16]}")


def _show_case(trail: Trail, out: Console) -> None:
    case = trail.case
    out.print(f"  3 案件 case {case.case_id}：{state_of_case(case)}")
    for change in case.changes:
        step = STEPS.get(change.step, "")
        who = change.officer_id or "系统 by itself"
        sampled = "（按抽查 by sample）" if change.sample_id else ""
        state = name_of(case_pb2.CaseState, change.state, "CASE_STATE_")
        out.print(
            f"      {read_time(change.change_time):%Y-%m-%d} {step or '–'} → {state} {who}{sampled}"
        )
    if case.HasField("opinion"):
        out.print(
            f"  4 审核意见书 opinion {case.opinion.number}，"
            f"反馈截止 answer by {read_date(case.opinion.answer_last_date, '')}"
        )
    if case.HasField("answer"):
        position = name_of(case_pb2.Position, case.answer.position, "POSITION_")
        out.print(f"      机构反馈 answer：{position} {case.answer.text}")
    verdicts = "，".join(
        f"{STEPS[one.step]}{'属实 confirmed' if one.confirmed else '排除 dismissed'}"
        for one in trail.verdicts
    )
    out.print(f"  5 本疑点 verdicts：{verdicts or '待审 none yet'}")


def _show_deduction(trail: Trail, out: Console) -> None:
    deduction = trail.deduction
    funds = "，".join(
        f"{one.fund_type_code} {format_yuan(one.amount.fen)}" for one in deduction.funds
    )
    out.print(
        f"  6 扣款 deduction {deduction.deduction_id}（决定 decision {deduction.decision_id}）："
        f"{state_of_deduction(deduction)}，{format_yuan(deduction.amount.fen)} 元（{funds}），"
        f"清算月 month {deduction.month}"
    )
    out.print("  7 清算分录 entries")
    table = Table(box=None, padding=(0, 2, 0, 4))
    for heading in ("分录 entry", "划转 transfer", "方 side", "阶段 phase", "基金 fund"):
        table.add_column(heading, no_wrap=True)
    table.add_column("元 yuan", justify="right", no_wrap=True)
    for entry in trail.entries:
        table.add_row(
            str(entry.entry_id),
            entry.transfer_id,
            name_of(ledger_pb2.AccountSide, entry.side, "ACCOUNT_SIDE_"),
            name_of(ledger_pb2.AccountPhase, entry.phase, "ACCOUNT_PHASE_"),
            entry.fund_type_code,
            format_yuan(entry.amount.fen),
        )
    out.print(table)
    out.print(
        f"    参保省少付 the insured province owes less by {format_yuan(posted_fen(trail))} 元"
    )


def _why_none(case: Any) -> str:
    if case.deduction.refusal:
        return f"清算未受理 clearing refused it, {case.deduction.refusal}"
    return f"{state_of_case(case)}，无扣款 none"


def _province(area: str) -> str:
    return codes.area_name(codes.province_of(area))


def _told(message: Any) -> Any:
    return None if message is None else json_format.MessageToDict(message)
