"""Prints what a year was, and whether it agrees with its labels and with the reckoning."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from services.cli.supervision import follow
from services.kit.money import format_yuan
from services.proving.supervision_year.kinds import HARD, Kind
from services.proving.supervision_year.measuring import EXPECTED, Measured
from services.proving.supervision_year.outcome import Outcome
from services.proving.supervision_year.plan import Way

_SHOWN_MAX = 10


def show(outcome: Outcome, out: Console) -> None:
    """Prints everything."""
    scene, plan = outcome.scene, outcome.scene.plan
    ways = {way: len(plan.of_way(way)) for way in Way}
    out.print(
        f"  年度 labelled year, seed {plan.seed}：票据 bills {len(plan.bills):,}（直接结算 direct"
        f" {ways[Way.DIRECT]:,}，零星报销 manual {ways[Way.MANUAL]:,}，自费 self-paid"
        f" {ways[Way.SELF_PAID]:,}），明细 lines {sum(len(one.lines) for one in plan.bills):,}，"
        f"人员 people {len(plan.people):,}"
    )
    if audit_s := scene.seconds.get("audit"):
        out.print(
            f"  逐单审核 audited {outcome.audited:,} 单 bills，{audit_s:.1f} s，"
            f"{outcome.audited / audit_s:,.0f}/s"
        )
    _show_recall(scene.measured, out)
    _show_precision(scene.measured, out)
    _show_reviews(outcome, out)
    _show_statistics(outcome, out)
    _show_end(outcome, out)


def _show_recall(measured: Measured, out: Console) -> None:
    table = Table(title="查全率 recall, by kind injected", title_justify="left")
    table.add_column("违规种类 kind", no_wrap=True)
    table.add_column("由 by")
    for heading in ("注入 injected", "查出 found", "查全 recall"):
        table.add_column(heading, justify="right")
    for kind in Kind:
        injected, hit = measured.injected[kind], measured.hit[kind]
        mark = "●" if kind in HARD else "○"
        table.add_row(
            f"{mark} {kind.value}",
            " ".join(sorted(EXPECTED[kind])),
            str(injected),
            str(hit),
            _percent(hit, injected),
        )
    found, injected = measured.hard_recall
    table.add_row("● 合计 hard kinds", "", str(injected), str(found), _percent(found, injected))
    out.print(table)
    for kind, bill in measured.missed[:_SHOWN_MAX]:
        out.print(f"  漏 missed：{kind.value} {bill}")


def _show_precision(measured: Measured, out: Console) -> None:
    table = Table(title="查准率 precision, by rule", title_justify="left")
    table.add_column("规则 rule", no_wrap=True)
    for heading in ("疑点 findings", "属实 right", "误报 wrong", "查准 precision"):
        table.add_column(heading, justify="right")
    for code in sorted({*measured.right, *measured.wrong}):
        right, wrong = measured.right[code], measured.wrong[code]
        table.add_row(
            code, str(right + wrong), str(right), str(wrong), _percent(right, right + wrong)
        )
    out.print(table)


def _show_reviews(outcome: Outcome, out: Console) -> None:
    review = outcome.review
    acts = "，".join(f"{name} {count:,}" for name, count in review.counts.items())
    states = "，".join(f"{name} {count:,}" for name, count in sorted(review.states.items()))
    out.print(f"  案件 cases {review.cases:,}：{acts}")
    out.print(f"  结局 states：{states}")
    same = "相符 agree" if review.booked_fen == review.reckoned_fen else "不符 DIFFER"
    out.print(
        f"  审核扣款 deductions：清算入账 booked {format_yuan(review.booked_fen)} 元，独立核算"
        f" reckoned {format_yuan(review.reckoned_fen)} 元，{same}"
    )


def _show_statistics(outcome: Outcome, out: Console) -> None:
    out.print(f"  协同工单 tickets：{outcome.tickets}")
    out.print(f"  误报率 false positives：{outcome.false_positives}")
    for whom, rate, by in outcome.rates:
        out.print(f"  直接结算率 direct-settlement rate {whom}：{rate}（{by}）")
    for path in outcome.bulletin:
        out.print(f"  通报 bulletin {path}")


def _show_end(outcome: Outcome, out: Console) -> None:
    if outcome.trail is not None:
        out.print("  一条违规的始末 one violation followed：")
        follow.show(outcome.trail, out)
    out.print(f"  疑点摘要 digest of the findings {outcome.digest}")
    if outcome.repeated_digest:
        same = "相同 same" if outcome.repeated_digest == outcome.digest else "不同 DIFFERENT"
        out.print(f"  重放后 audited again {outcome.repeated_digest}：{same}")
    differences = outcome.scene.differences
    if not differences:
        out.print("  全部相符 everything agrees")
        return
    out.print(f"  不符 differences：{len(differences)}")
    for text in differences[:_SHOWN_MAX]:
        out.print(f"    {text}")


def _percent(part: int, whole: int) -> str:
    """Returns a share in percent with one decimal, rounded down; no part of nothing."""
    if not whole:
        return "–"
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10} %"
