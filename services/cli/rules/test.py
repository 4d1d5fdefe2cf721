"""`yijie rules test`: runs the worked examples of a pack, and shows what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.cli.rules.output import print_refusal, refusal_document, write_json
from services.cli.screen import console
from services.supervision.domain.examples import run_examples
from services.supervision.rules_loader import load
from services.supervision.rules_manifest import RuleDataRefused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import Console

    from services.supervision.domain.examples import Outcome


def test(folder: Path, *, as_json: bool) -> int:
    """Runs worked examples; returns 0 when all come out as written."""
    out = console()
    try:
        outcomes = run_examples(load(folder))
    except RuleDataRefused as refused:
        if as_json:
            write_json({"ok": False, "refusal": refusal_document(refused)})
        else:
            print_refusal(out, refused)
        return 1
    failed = [one for one in outcomes if not one.holds]
    if as_json:
        write_json(
            {
                "ok": not failed,
                "example_count": len(outcomes),
                "failures": [_document(one) for one in failed],
            }
        )
    else:
        _print(out, len(outcomes), failed)
    return 1 if failed else 0


def _document(outcome: Outcome) -> dict[str, Any]:
    return {
        "rule": outcome.rule.code,
        "example": outcome.example.name,
        "expected": [
            {
                "result_class": one.result_class.value,
                "lines": list(one.line_ids),
                "amount_fen": one.amount_fen,
            }
            for one in outcome.example.expected
        ],
        "found": [
            {
                "result_class": one.result_class.value,
                "lines": list(one.line_ids),
                "amount_fen": one.amount_fen,
                "message_zh": one.message_zh,
            }
            for one in outcome.found
        ],
    }


def _print(out: Console, count: int, failed: list[Outcome]) -> None:
    for one in failed:
        out.print(f"✗ {one.rule.code}：{one.example.name}", style="bold red", markup=False)
        expected = ((e.result_class.value, e.line_ids, e.amount_fen) for e in one.example.expected)
        found = ((f.result_class.value, f.line_ids, f.amount_fen) for f in one.found)
        out.print(f"  应为 · expected {_shown(expected)}", markup=False, soft_wrap=True)
        out.print(f"  实得 · found    {_shown(found)}", markup=False, soft_wrap=True)
    if not failed:
        text = f"✓ {count} 个示例全部相符 · all {count} worked examples come out as written"
        out.print(text, style="bold green", markup=False, soft_wrap=True)


def _shown(findings: Iterable[tuple[str, tuple[str, ...], int | None]]) -> str:
    texts = [
        f"{result} {','.join(lines) or '整单'}" + ("" if fen is None else f" {fen} fen")
        for result, lines, fen in findings
    ]
    return "；".join(texts) or "无 · nothing"
