"""What officers do with cases at a terminal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from rich.table import Table

from services.cli.options import fail
from services.cli.registry.asking import iso, write_json
from services.cli.screen import console
from services.cli.supervision.calling import calling
from services.kit.clock import SHANGHAI
from services.kit.money import format_yuan
from yijie.supervision.v1 import case_pb2, finding_pb2
from yijie.supervision.v1 import case_service_pb2 as pb
from yijie.supervision.v1 import case_service_pb2_grpc as rpc

_SERVICE: Final = "supervision"
_KEY_LENGTH: Final = 36
_STATE, _STEP, _CLASS = "CASE_STATE_", "REVIEW_STEP_", "RESULT_CLASS_"
_CLASSES_ZH: Final = {"VIOLATION": "违规", "SUSPICIOUS": "可疑", "TO_VERIFY": "待核实"}
STATES_ZH: Final = {
    "FIRST_REVIEW": "待初审",
    "SECOND_REVIEW": "待复审",
    "OPINION_SENT": "意见书已发出，待反馈",
    "ANSWERED": "已反馈，待确认",
    "ANSWER_OVERDUE": "逾期未反馈，待确认",
    "FINAL_REVIEW": "待终审",
    "DEDUCTING": "已终审，扣款登记中",
    "DEDUCTED": "已登记扣款",
    "APPEALED": "申诉中",
    "UPHELD": "扣款成立",
    "WITHDRAWN": "申诉成立，撤销扣款",
    "CONFIRMED": "问题成立，基金未支付",
    "DISMISSED": "不成立",
    "LAPSED": "疑点已撤回",
    "REFUSED": "无可扣款",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases are listed; empty: all."""

    region: str
    state: str
    rule: str
    drawn: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an officer decides."""

    step: str
    officer: str
    is_confirmed: bool
    opposite: frozenset[str]
    """Findings of which the opposite is said."""
    note: str


def states() -> list[str]:
    """Returns the names of the states, in order."""
    return list(STATES_ZH)


async def list_cases(data_dir: Path, wanted: Wanted, *, as_json: bool) -> int:
    """Prints cases, newest first.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    request = pb.ListCasesRequest(
        page_size=wanted.count,
        region_code=wanted.region,
        state=f"{_STATE}{wanted.state or 'UNSPECIFIED'}",
        rule_code=wanted.rule,
        drawn_only=wanted.drawn,
    )
    async with calling(data_dir, _SERVICE) as called:
        stub = rpc.CaseServiceStub(called.channel)
        answer = await called.call(stub.ListCases, request)
    if as_json:
        write_json(answer)
        return 0
    table = Table("案件 case", "机构 institution", "规则 rules", "类别", "金额 yuan", "状态 state")
    # A key is copied from here: it is not cut, however narrow the terminal is.
    table.columns[0].min_width = _KEY_LENGTH
    table.columns[0].no_wrap = True
    table.columns[4].justify = "right"
    for one in answer.cases:
        state = case_pb2.CaseState.Name(one.state).removeprefix(_STATE)
        table.add_row(
            one.case_id,
            one.institution_code,
            " ".join(one.rule_codes),
            _class(one.result_class),
            format_yuan(one.amount.fen),
            f"{STATES_ZH[state]} {state}{' *' if one.drawn else ''}",
        )
    console().print(table)
    return 0


async def show_case(data_dir: Path, case_id: str, *, as_json: bool) -> int:
    """Prints a case with everything that belongs to it.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    async with calling(data_dir, _SERVICE) as called:
        stub = rpc.CaseServiceStub(called.channel)
        answer = await called.call(stub.GetCase, pb.GetCaseRequest(case_id=case_id))
    if as_json:
        write_json(answer)
        return 0
    case = answer.case
    out = console()
    state = case_pb2.CaseState.Name(case.state).removeprefix(_STATE)
    out.print(f"案件 case {case.case_id}：{STATES_ZH[state]} {state}")
    out.print(f"结算 settlement {case.settlement_id}，机构 institution {case.institution_code}")
    for one in case.findings:
        said = "".join("✓" if verdict.confirmed else "✗" for verdict in one.verdicts)
        withdrawn = " 已撤回 withdrawn" if one.withdrawn else ""
        lines = "、".join(one.finding.line_ids) or "整张单据"
        out.print(
            f"  {one.finding_id} {one.finding.rule_code} {_class(one.finding.result_class)}"
            f" {format_yuan(one.finding.amount.fen)} [{lines}] {said}{withdrawn}",
            markup=False,
        )
        out.print(f"    {one.finding.message_zh}", markup=False)
    if case.HasField("opinion"):
        opinion = case.opinion
        out.print(f"意见书 opinion {opinion.number}，反馈期限 answer until", end=" ")
        out.print(iso(opinion.answer_last_date))
    if case.HasField("answer"):
        position = case_pb2.Position.Name(case.answer.position).removeprefix("POSITION_")
        out.print(f"反馈 answer {position}：{case.answer.text}", markup=False)
    for document in case.documents:
        out.print(f"  材料 document {document.document_id} {document.title}", markup=False)
    if case.HasField("deduction"):
        funds = "，".join(
            f"{one.fund_type_code} {format_yuan(one.amount.fen)}" for one in case.deduction.funds
        )
        out.print(f"扣款 deduction {format_yuan(case.deduction.amount.fen)} 元（{funds}）")
    for change in case.changes:
        name = case_pb2.CaseState.Name(change.state).removeprefix(_STATE)
        at = change.change_time.ToDatetime(tzinfo=SHANGHAI)
        out.print(
            f"  {at:%Y-%m-%d %H:%M} {STATES_ZH[name]} {change.officer_id} {change.note}",
            markup=False,
        )
    return 0


async def decide_case(data_dir: Path, case_id: str, decision: Decision) -> int:
    """Decides a review and prints where the case is then.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    async with calling(data_dir, _SERVICE) as called:
        stub = rpc.CaseServiceStub(called.channel)
        answer = await called.call(stub.GetCase, pb.GetCaseRequest(case_id=case_id))
        case = answer.case
        open_ = [
            one.finding_id
            for one in case.findings
            if not one.withdrawn and all(verdict.confirmed for verdict in one.verdicts)
        ]
        unknown = sorted(decision.opposite.difference(open_))
        if unknown:
            fail(
                f"--except {unknown[0]}：不是该案件待定的疑点，未作决定"
                " · is no open finding of the case; nothing was decided"
            )
        request = pb.DecideCaseRequest(
            request_id=str(uuid4()),
            case_id=case_id,
            region_code=f"{case.care_region_code[:2]}0000",
            step=f"{_STEP}{decision.step.upper()}",
            verdicts=[
                pb.AskedVerdict(
                    finding_id=one,
                    confirmed=decision.is_confirmed != (one in decision.opposite),
                )
                for one in open_
            ],
            officer_id=decision.officer,
            note=decision.note,
        )
        decided = (await called.call(stub.DecideCase, request)).case
    print_state(decided)
    return 0


async def draw_sample(
    data_dir: Path, *, region: str, rule: str, seed: str, count: int, officer: str
) -> int:
    """Draws a sample and prints what was drawn.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    request = pb.DrawSampleRequest(
        request_id=str(uuid4()),
        region_code=region,
        rule_code=rule,
        seed=seed,
        count=count,
        officer_id=officer,
    )
    async with calling(data_dir, _SERVICE) as called:
        stub = rpc.CaseServiceStub(called.channel)
        sample = (await called.call(stub.DrawSample, request)).sample
    out = console()
    out.print(
        f"抽查 sample {sample.sample_id}：{sample.population} 件中抽 {len(sample.case_ids)} 件"
    )
    for one in sample.case_ids:
        out.print(f"  {one}")
    return 0


async def confirm_sample(data_dir: Path, sample_id: str, *, region: str, officer: str) -> int:
    """Confirms what a sample stands for and prints how many cases that were.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    total = 0
    async with calling(data_dir, _SERVICE) as called:
        stub = rpc.CaseServiceStub(called.channel)
        while True:
            request = pb.ConfirmSampleRequest(
                request_id=str(uuid4()),
                sample_id=sample_id,
                region_code=region,
                officer_id=officer,
            )
            confirmed = (await called.call(stub.ConfirmSample, request)).confirmed
            if confirmed == 0:
                break
            total += confirmed
    console().print(f"批量确认 confirmed {total}")
    return 0


async def write_opinion(data_dir: Path, case_id: str, output: Path) -> int:
    """Writes the opinion of a case.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    async with calling(data_dir, _SERVICE) as called:
        stub = rpc.CaseServiceStub(called.channel)
        answer = await called.call(stub.GetOpinion, pb.GetOpinionRequest(case_id=case_id))
    await asyncio.to_thread(output.write_bytes, answer.pdf)
    console().print(f"{answer.opinion.number} → {output}")
    return 0


def print_state(case: Any) -> None:
    """Prints where a case is, and what is deducted."""
    state = case_pb2.CaseState.Name(case.state).removeprefix(_STATE)
    text = f"{STATES_ZH[state]} {state}"
    if case.HasField("deduction"):
        text += f"，扣款 deduction {format_yuan(case.deduction.amount.fen)} 元"
    console().print(text)


def _class(value: int) -> str:
    name = finding_pb2.ResultClass.Name(value).removeprefix(_CLASS)
    return _CLASSES_ZH.get(name, name)
