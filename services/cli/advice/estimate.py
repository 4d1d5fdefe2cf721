"""`yijie estimate`: what a visit would cost in each filing state, before travelling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from services.cli.advice.questions import SAMPLE, ask, signed, table, write_json
from services.cli.receipt import LEVELS, iso, region
from services.cli.screen import console
from services.kit import codes
from services.kit.money import format_yuan
from services.kit.status import from_status
from yijie.settlement.v1 import advice_service_pb2 as pb


async def estimate(data_dir: Path, request: pb.EstimateBenefitRequest, *, as_json: bool) -> int:
    """Prints an estimate for every filing state; returns 0, or 1 if there is one for none.

    Raises:
        MeshError: no mesh runs in the data directory.
        DomainError: the hub refused.
    """
    answer: pb.EstimateBenefitResponse = await ask(data_dir, "EstimateBenefit", request)
    if as_json:
        write_json(answer)
    else:
        print_estimate(console(), request, answer)
    return 0 if any(_is_paid(one) for one in answer.estimates) else 1


def print_estimate(
    out: Console, request: pb.EstimateBenefitRequest, answer: pb.EstimateBenefitResponse
) -> None:
    """Prints an estimate: a row per state, then what to do to be in it."""
    out.print(_title(request), style="bold")
    amounts = request.amounts
    out.print(
        f"费用总额 total {format_yuan(amounts.total.fen)} = 全自费 full self-pay "
        f"{format_yuan(amounts.full_self_pay.fen)} + 超限价 over limit "
        f"{format_yuan(amounts.over_limit.fen)} + 先行自付 prior self-pay "
        f"{format_yuan(amounts.prior_self_pay.fen)} + 政策范围内 in scope "
        f"{format_yuan(amounts.in_scope.fen)}"
    )
    if answer.explanation_zh:
        out.print(f"目前 now: {_level(answer.current_benefit_level)}")
        out.print(f"  {answer.explanation_zh}\n  {answer.explanation_en}")
    refusals = {_refusal(one.error) if not _is_paid(one) else "" for one in answer.estimates}
    if len(refusals) == 1 and "" not in refusals:
        # The same for all: no filing would change it.
        out.print(
            f"各备案状态均无法测算 no estimate in any filing state: {refusals.pop()}",
            style="bold red",
        )
        return
    rows = table(
        ("备案状态\nfiling",),
        ("起付线\ndeductible", "基金\nfunds", "账户\naccount", "个人负担\npatient", "少付\nsaved"),
    )
    for one in answer.estimates:
        rows.add_row(*_row(one), style="bold" if _is_now(one, answer) else "")
    out.print(rows)
    for one in answer.estimates:
        out.print(f"\n{_level(one.benefit_level)}", style="bold")
        if not _is_paid(one):
            out.print(Text(f"  {_refusal(one.error)}", "red"))
        out.print(Padding(f"{one.advice_zh}\n{one.advice_en}", (0, 0, 0, 2)))
    versions = {one.adjudication.policy_version for one in answer.estimates} - {""}
    if versions:
        out.print(f"\n政策版本 policy version: {', '.join(sorted(versions))}", style="dim")
    if answer.sample:
        out.print(SAMPLE, style="yellow")


def _title(request: pb.EstimateBenefitRequest) -> str:
    medical = codes.MEDICAL_TYPES.get(request.medical_type_code[:2], request.medical_type_code)
    scheme = codes.SCHEMES.get(request.scheme_code, request.scheme_code)
    day = f" · {iso(request.service_date)}" if request.HasField("service_date") else ""
    return (
        f"{region(request.insured_region_code)} → {region(request.care_region_code)} · {scheme} · "
        f"{medical}{day}"
    )


def _level(level: int) -> str:
    zh, en = LEVELS.get(level, ("", ""))  # type: ignore[call-overload]
    return f"{zh} {en}"


def _is_paid(one: pb.FilingEstimate) -> bool:
    return one.HasField("adjudication")


def _is_now(one: pb.FilingEstimate, answer: pb.EstimateBenefitResponse) -> bool:
    return one.benefit_level == answer.current_benefit_level


def _row(one: pb.FilingEstimate) -> tuple[str, ...]:
    name = _level(one.benefit_level)
    if not _is_paid(one):
        return (name, "–", "–", "–", "–", "–")
    paid = one.adjudication
    return (
        name,
        format_yuan(paid.deductible.fen),
        format_yuan(paid.fund_total.fen),
        format_yuan(paid.account_pay.fen),
        format_yuan(paid.patient_total.fen),
        signed(one.saving.fen) if one.HasField("saving") else "–",
    )


def _refusal(status: Any) -> str:
    error = from_status(status)
    if error is None:
        return str(status.message)
    missing = error.metadata.get("missing", "")
    return f"{error.reason} — {error.zh}" + (f"（缺 missing: {missing}）" if missing else "")
