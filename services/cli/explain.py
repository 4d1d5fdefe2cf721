"""`yijie explain`: how each fen of a settlement came about, and what the patient pays for.

Read-only, and without the person's name or numbers: what is shown can go on an appeal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson
from rich.console import Console
from rich.table import Table

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.parameter import Entry, Pack
from services.cli.explanation import (
    Explanation,
    Name,
    Row,
    as_json,
    explain_settlement,
    shown_sum,
    source_of,
)
from services.cli.mesh import MeshError, read_endpoints
from services.cli.policy.meanings import PARAMETERS, SCHEMES, WORDS, in_chinese
from services.cli.policy.sources import fetch_pack, policies_of
from services.cli.province import connected
from services.cli.receipt import LEVELS, SOURCES, iso, region
from services.cli.screen import console
from services.cli.topology import Endpoint
from services.cli.trace import BadIdError, TraceError
from services.kit import codes
from services.kit.errors import Absent, Unavailable
from services.kit.money import format_yuan
from yijie.benefits.v1 import adjudication_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

_PATH_COLUMNS: Final = 22
LANGUAGES: Final = ("zh", "en", "both")
_STATES: Final[Mapping[int, Name]] = {
    settlement_pb2.SETTLEMENT_STATE_PENDING: ("待定", "pending"),
    settlement_pb2.SETTLEMENT_STATE_SETTLED: ("已结算", "settled"),
    settlement_pb2.SETTLEMENT_STATE_REVERSED: ("已撤销", "reversed"),
    settlement_pb2.SETTLEMENT_STATE_FAILED: ("未成功", "failed"),
}

_MEDICAL_TYPES: Final[Mapping[str, str]] = {
    "11": "outpatient",
    "13": "emergency",
    "14": "chronic outpatient",
    "21": "inpatient",
    "24": "inpatient from emergency",
    "41": "pharmacy",
}


class BadLanguageError(Exception):
    """The text is none of the languages."""

    def __init__(self) -> None:
        super().__init__(f"--lang is one of: {', '.join(LANGUAGES)}")


async def explain(key: str, data_dir: Path, *, language: str, json: bool) -> int:
    """Prints the explanation of a settlement; returns 0, or 1 when its sums do not hold.

    Raises:
        BadIdError: not an id.
        BadLanguageError: no such language.
        MeshError: no mesh runs.
        TraceError: no such settlement, or none that was computed.
        DomainError: the hub refused.
    """
    if language not in LANGUAGES:
        raise BadLanguageError
    settlement_id = _settlement_id(key)
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    settlement = await _fetch(settlement_id, endpoints)
    if not settlement.HasField("adjudication"):
        reason = f": {settlement.failure_reason}" if settlement.failure_reason else ""
        msg = f"settlement {settlement_id} has no calculation{reason}"
        raise TraceError(msg)
    pack = await _policy_of(settlement, endpoints, data_dir)
    found = explain_settlement(settlement, pack)
    if json:
        sys.stdout.buffer.write(orjson.dumps(as_json(found), option=orjson.OPT_INDENT_2) + b"\n")
        sys.stdout.buffer.flush()
    else:
        print_explanation(console(), found, language, known=pack is not None)
    return 0 if found.holds else 1


def _settlement_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BadIdError from None


async def _fetch(
    settlement_id: str, endpoints: Mapping[str, Endpoint]
) -> settlement_pb2.Settlement:
    request = settlement_service_pb2.GetSettlementRequest(
        settlement_id=settlement_id, view=settlement_service_pb2.SETTLEMENT_VIEW_FULL
    )
    async with connected(endpoints, "") as province:
        try:
            answer = await province.call(province.settlement.GetSettlement, request)
        except Absent:
            msg = f"the mesh knows no settlement {settlement_id}"
            raise TraceError(msg) from None
    settlement: settlement_pb2.Settlement = answer.settlement
    return settlement


async def _policy_of(
    settlement: settlement_pb2.Settlement, endpoints: Mapping[str, Endpoint], data_dir: Path
) -> Pack | None:
    """Returns the policy that a settlement was computed by; None: its region does not give it."""
    version = settlement.adjudication.policy_version
    try:
        async with policies_of(settlement.insured_region_code, endpoints, data_dir) as stub:
            return await fetch_pack(stub, version)
    except (Absent, Unavailable, PolicyRefused):
        # A region that runs its own system need not serve PolicyService; what the steps say of
        # their source is shown all the same.
        return None


def print_explanation(out: Console, found: Explanation, language: str, *, known: bool) -> None:
    """Prints an explanation.

    Args:
        out: where.
        found: what.
        language: zh, en or both.
        known: whether the documents of the policy could be looked up.
    """
    message = found.settlement
    paid = message.adjudication
    out.print(_facts(message, language))
    if message.sample:
        text = ("示例：所用目录或政策含示例值", "sample: sample values were used; not law")
        out.print(_in(text, language), style="bold yellow")
    for title, rows, total in (
        (("费用", "the bill"), _bill(message), message.amounts.total.fen),
        (("谁支付", "who pays"), found.payers, message.amounts.total.fen),
        (("个人负担由来", "what the patient pays for"), found.causes, paid.patient_total.fen),
    ):
        _heading(out, title, language)
        if rows:
            out.print(_amounts(rows, total, language))
        else:
            out.print(_in(("参保地未说明", "the insured region does not say"), language))
    _heading(out, ("计算过程", "the calculation"), language)
    entries = _entries(found)
    out.print(_steps(found, list(entries), language))
    _print_notes(out, found, language)
    _print_documents(out, entries, language, known=known)
    out.print()
    for one in found.sums:
        mark, style = ("✓", "green") if one.holds else ("✗", "bold red")
        out.print(f"{mark} {_in(one.name, language)}: {shown_sum(one)}", style=style)


def _in(name: Name, language: str) -> str:
    zh, en = name
    return {"zh": zh, "en": en or zh}.get(language, zh if zh == en else f"{zh} {en}".rstrip())


def _heading(out: Console, name: Name, language: str) -> None:
    out.print(f"\n{_in(name, language)}", style="bold")


def _facts(message: settlement_pb2.Settlement, language: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    because = (message.benefit_level_explanation_zh, message.benefit_level_explanation_en)
    rows: list[tuple[Name, str]] = [
        (("结算编号", "settlement"), message.settlement_id),
        (("状态", "state"), _in(_STATES.get(message.state, ("", "")), language)),
        (("就医地", "care region"), region(message.care_region_code)),
        (("参保地", "insured region"), region(message.insured_region_code)),
        (("险种·医疗类别", "scheme · type"), _kind(message, language)),
        (("起止", "days"), f"{iso(message.begin_date)} – {iso(message.end_date)}"),
        (
            ("待遇档次", "benefit level"),
            _in(LEVELS.get(message.benefit_level, ("", "")), language),
        ),
        (("依据", "because"), _in(because, language)),
        (("政策版本", "policy version"), message.adjudication.policy_version),
        (("目录版本", "catalogue version"), message.catalogue_version),
        (("补备案后重算，替代", "computed anew, replaces"), message.recomputes_settlement_id),
    ]
    for name, value in rows:
        if value:
            table.add_row(_in(name, language), value)
    return table


def _kind(message: settlement_pb2.Settlement, language: str) -> str:
    """Returns scheme and medical type; in English as far as we have a word for them."""
    scheme, medical = message.scheme_code, message.medical_type_code[:2]
    zh = codes.SCHEMES.get(scheme, scheme), codes.MEDICAL_TYPES.get(medical, medical)
    if language != "en":
        return " · ".join(zh)
    _, en = SCHEMES.get(scheme, ("", zh[0]))
    return f"{en} · {_MEDICAL_TYPES.get(medical, zh[1])}"


def _bill(message: settlement_pb2.Settlement) -> tuple[Row, ...]:
    split = message.amounts
    return (
        Row("full_self_pay", ("全自费", "full self-pay"), split.full_self_pay.fen),
        Row("over_limit", ("超限价", "over limit"), split.over_limit.fen),
        Row("prior_self_pay", ("先行自付", "prior self-pay"), split.prior_self_pay.fen),
        Row("in_scope", ("政策范围内", "in scope"), split.in_scope.fen),
    )


def _amounts(rows: Sequence[Row], total: int, language: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for row in rows:
        if row.fen:
            table.add_row(f"  {_in(row.name, language)}", format_yuan(row.fen))
    table.add_row(_in(("合计", "total"), language), format_yuan(total), style="bold")
    return table


def _entries(found: Explanation) -> dict[str, Entry | None]:
    """Returns each document by its label, in the order of reading; None: only the label is known.

    Entries of one document differ in their notes; the first stands for the document.
    """
    entries: dict[str, Entry | None] = {}
    for step in found.settlement.adjudication.steps:
        for read in step.parameters:
            if entries.get(read.reference) is None:
                entries[read.reference] = source_of(found, read)
    return entries


def _steps(found: Explanation, labels: Sequence[str], language: str) -> Table:
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    headings: tuple[tuple[Name, dict[str, object]], ...] = (
        (("步骤", "step"), {"overflow": "fold", "min_width": 13}),
        (("基数", "base"), {"justify": "right", "no_wrap": True}),
        (("结果", "result"), {"justify": "right", "no_wrap": True}),
        (("舍入", "rounding"), {"overflow": "fold", "min_width": 6}),
        (("参数", "parameter"), {"overflow": "fold", "min_width": _PATH_COLUMNS}),
        (("值", "value"), {"overflow": "fold", "min_width": 6}),
        (("自", "since"), {"no_wrap": True}),
        (("依据", "source"), {"overflow": "fold", "min_width": 9}),
        (("核对", "verified"), {"no_wrap": True}),
    )
    for name, settings in headings:
        table.add_column(_in(name, language), **settings)  # type: ignore[arg-type]  # as add_column
    for step in found.settlement.adjudication.steps:
        head = (
            _in((step.label_zh, step.label_en), language),
            format_yuan(step.base.fen),
            format_yuan(step.result.fen),
            _in((WORDS.get(step.rounding, step.rounding), step.rounding), language),
        )
        for index, read in enumerate(step.parameters or [None]):
            row = _parameter(found, read, labels, language) if read else ("",) * 5
            table.add_row(*(head if index == 0 else ("",) * 4), *row)
    return table


def _parameter(
    found: Explanation,
    read: adjudication_pb2.ParameterRead,
    labels: Sequence[str],
    language: str,
) -> tuple[str, ...]:
    entry = source_of(found, read)
    status = SOURCES[read.status].partition(" ")
    name = _in((status[0], status[2]), language)
    # The first two parts are the scheme and the setting, the same for all of a bill.
    path = read.path.split("/", 2)[-1]
    meaning, _ = PARAMETERS.get(path.partition("[")[0], ("", ""))
    return (
        f"{meaning}\n{_broken(path)}" if meaning and language != "en" else path,
        _in((in_chinese(read.value) or read.value, read.value), language),
        iso(read.effective_date) if read.effective_date.year else "",
        f"{name} [{labels.index(read.reference) + 1}]",
        "" if entry is None else str(entry.verified_on),
    )


def _broken(path: str) -> str:
    """Returns a path that is too long for its column with the keys of the table below it."""
    return path.replace("[", "\n[") if len(path) > _PATH_COLUMNS else path


def _print_notes(out: Console, found: Explanation, language: str) -> None:
    """Prints what the policy notes on its values, each once, as the officer wrote it."""
    reads = [read for step in found.settlement.adjudication.steps for read in step.parameters]
    notes = {
        f"{read.path.split('/', 2)[-1]}: {entry.note}": None
        for read in reads
        if (entry := source_of(found, read)) is not None and entry.note
    }
    if notes:
        _heading(out, ("备注", "notes"), language)
    for note in notes:
        out.print(f"  {note}", style="dim", markup=False, soft_wrap=True)


def _print_documents(
    out: Console, entries: Mapping[str, Entry | None], language: str, *, known: bool
) -> None:
    _heading(out, ("依据文件", "documents"), language)
    for number, line in enumerate(_document_lines(entries), start=1):
        out.print(f"[{number}] {line}", style="dim", markup=False, soft_wrap=True)
    if not known:
        text = (
            "参保地未提供该版本政策文本，仅列文件名称",
            "the insured region does not give this policy's text; only the documents' names",
        )
        out.print(_in(text, language), style="yellow")


def _document_lines(entries: Mapping[str, Entry | None]) -> Iterator[str]:
    for label, entry in entries.items():
        if entry is None:
            yield label
        else:
            parts = (entry.reference.title, entry.reference.number, entry.reference.href)
            yield " ".join(part for part in parts if part)
