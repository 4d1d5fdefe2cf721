"""`yijie gap`: why direct settlement paid another amount than reimbursement at home would have."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

from rich.console import Console
from rich.table import Table

from services.cli.advice.questions import SAMPLE, ask, signed, table, write_json
from services.cli.receipt import region
from services.cli.screen import console
from services.cli.trace import BadIdError
from services.kit.money import format_yuan
from yijie.common.v1 import bill_pb2
from yijie.settlement.v1 import advice_service_pb2 as pb

_SUMMARY_S: Final = 60.0
_LINES_MAX: Final = 20
_CLASSES: Final = {"A": "甲类", "B": "乙类", "C": "丙类"}
_REASONS: Final = {
    "CATALOGUE_NOT_PUBLISHED": "就医地或参保地医保目录尚未发布",
    "DEADLINE": "时限内未及比较",
    "POLICY_NOT_COVERED": "参保地该项待遇政策尚未配置",
    "DISEASE_NOT_QUALIFIED": "就诊日期未取得门诊慢特病待遇资格",
    "ADJUDICATION_INCONSISTENT": "参保地返回的金额不平衡",
    "INSURED_REGION_UNAVAILABLE": "参保地系统暂不可用",
}
"""Why a settlement was not compared: the texts of a refusal speak of one that is being made."""
_WAYS: Final = (
    ("direct", "就医地目录（直接结算）", "care region's (direct)"),
    ("home", "参保地目录（回参保地报销）", "insured region's (at home)"),
    ("mutual", "目录互认", "mutual recognition"),
)


async def compare(key: str, data_dir: Path, *, as_json: bool) -> int:
    """Prints a settlement by both catalogues, per line and in total.

    Raises:
        BadIdError: not an id.
        MeshError: no mesh runs in the data directory.
        DomainError: the hub refused, e.g. for want of a catalogue.
    """
    try:
        settlement_id = str(UUID(key))
    except ValueError:
        raise BadIdError from None
    request = pb.CompareCataloguesRequest(settlement_id=settlement_id)
    answer: pb.CompareCataloguesResponse = await ask(data_dir, "CompareCatalogues", request)
    if as_json:
        write_json(answer)
    else:
        print_comparison(console(), settlement_id, answer)
    return 0


async def summarize(
    data_dir: Path, request: pb.SummarizeCatalogueGapsRequest, *, as_json: bool
) -> int:
    """Prints the gaps of the newest settlements per pair of provinces.

    Raises:
        MeshError: no mesh runs in the data directory.
        DomainError: the hub refused.
    """
    answer: pb.SummarizeCatalogueGapsResponse = await ask(
        data_dir, "SummarizeCatalogueGaps", request, within_s=_SUMMARY_S
    )
    if as_json:
        write_json(answer)
    else:
        print_summary(console(), answer)
    return 0


def print_comparison(
    out: Console, settlement_id: str, answer: pb.CompareCataloguesResponse
) -> None:
    """Prints a comparison: the three ways, then the lines that differ."""
    out.print(f"目录差异 catalogue gap · {settlement_id}", style="bold")
    ways = table(
        ("目录\ncatalogue", ""),
        (
            "全自费\nfull self-pay",
            "超限价\nover limit",
            "先行自付\nprior",
            "范围内\nin scope",
            "基金\nfunds",
            "个人\npatient",
        ),
    )
    for name, zh, en in _WAYS:
        way: pb.Pricing = getattr(answer, name)
        split, paid = way.amounts, way.adjudication
        amounts = (
            split.full_self_pay,
            split.over_limit,
            split.prior_self_pay,
            split.in_scope,
            paid.fund_total,
            paid.patient_total,
        )
        ways.add_row(zh, en, *(format_yuan(amount.fen) for amount in amounts))
    out.print(ways)
    out.print(
        f"直接结算个人多付 paid more by direct settlement: {signed(answer.patient_gap.fen)}",
        style="bold",
    )
    out.print(f"目录互认可少付 saved by mutual recognition: {signed(answer.mutual_saving.fen)}")
    if answer.lines:
        out.print(_lines(answer))
    else:
        out.print("两地目录对每条明细的划分相同 · both catalogues split every line alike")
    hidden = len(answer.lines) - _LINES_MAX
    if hidden > 0:
        out.print(f"另有 {hidden} 条，见 --json · {hidden} more, see --json", style="dim")
    out.print(
        f"目录版本 catalogue versions: {answer.mutual.catalogue_version}\n"
        f"政策版本 policy version: {answer.direct.adjudication.policy_version}",
        style="dim",
    )
    if answer.sample:
        out.print(SAMPLE, style="yellow")


def _lines(answer: pb.CompareCataloguesResponse) -> Table:
    rows = table(
        ("明细\nline", "项目\nitem", "就医地\ncare", "参保地\ninsured"),
        (
            "金额\namount",
            "就医地范围内\nin scope, care",
            "参保地范围内\nin scope, home",
            "差额\ngap",
        ),
    )
    for gap in answer.lines[:_LINES_MAX]:
        rows.add_row(
            gap.line_id,
            gap.item_code,
            _class(gap.direct),
            _class(gap.home),
            format_yuan(gap.direct.split.total.fen),
            format_yuan(gap.direct.split.in_scope.fen),
            format_yuan(gap.home.split.in_scope.fen),
            signed(gap.in_scope_gap.fen),
        )
    return rows


def _class(line: bill_pb2.ClassifiedLine) -> str:
    if line.not_listed:
        return "目录外 not listed"
    name = bill_pb2.CatalogueClass.Name(line.catalogue_class).rpartition("_")[2]
    return f"{_CLASSES.get(name, name)} {name}" + (" 示例" if line.sample else "")


def print_summary(out: Console, answer: pb.SummarizeCatalogueGapsResponse) -> None:
    """Prints statistics, a row per pair of provinces."""
    out.print("目录差异统计 catalogue gaps by pair of provinces", style="bold")
    rows = table(
        ("就医省\ncare", "参保省\ninsured"),
        (
            "笔数\nsettlements",
            "多付\nworse",
            "少付\nbetter",
            "费用总额\ntotal",
            "个人多付\npatient gap",
            "互认少付\nsaved",
            "基金多付\nfund cost",
        ),
    )
    for pair in answer.pairs:
        rows.add_row(
            region(pair.care_region_code),
            region(pair.insured_region_code),
            str(pair.settlement_count),
            str(pair.worse_count),
            str(pair.better_count),
            format_yuan(pair.total.fen),
            signed(pair.patient_gap.fen),
            signed(pair.mutual_saving.fen),
            signed(pair.mutual_fund_cost.fen),
        )
    if answer.pairs:
        out.print(rows)
    else:
        out.print("没有可比较的结算 · there is nothing to compare")
    for reason, count in sorted(answer.not_compared.items()):
        out.print(
            f"未比较 not compared: {count} · {reason} {_REASONS.get(reason, '')}", style="dim"
        )
