"""`yijie policy test`: computes the worked examples of packs, and shows what differs and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.snapshot import Policy
from services.benefits.examples import Result, line_of, read_examples, run_example
from services.benefits.policies import EXAMPLES_FILE
from services.cli.policy.output import print_refusal, refusal_document, table, write_json
from services.cli.policy.sources import folders_of, load_folder
from services.cli.screen import console
from services.kit.money import format_yuan


def test(texts: list[str], *, as_json: bool) -> int:
    """Computes worked examples; returns 0 when all come out to the fen.

    Args:
        texts: folders or areas; none: all shipped packs.
        as_json: whether to write JSON.

    Raises:
        UnknownPackError: no such pack.
    """
    refusals: list[PolicyRefused] = []
    failures: list[tuple[Result, int]] = []
    counts: dict[str, int] = {}
    for folder in folders_of(texts):
        try:
            counts[folder.name], wrong = _run(folder)
        except PolicyRefused as refused:
            refusals.append(refused)
        else:
            failures += wrong
    failed = bool(refusals or failures)
    if as_json:
        write_json(
            {
                "ok": not failed,
                "example_counts": counts,
                "refusals": [refusal_document(refused) for refused in refusals],
                "failures": [_document(result, line) for result, line in failures],
            }
        )
    else:
        _print(console(), counts, refusals, failures)
    return 1 if failed else 0


def _run(folder: Path) -> tuple[int, list[tuple[Result, int]]]:
    """Returns how many examples a pack has, and those that differ with their line."""
    pack, files = load_folder(folder)
    content = files.get(EXAMPLES_FILE)
    if content is None:
        return 0, []
    policy = Policy([pack])
    results = [run_example(policy, one) for one in read_examples(folder.name, content)]
    wrong = [one for one in results if one.differences]
    return len(results), [(one, line_of(one.example, content)) for one in wrong]


def _print(
    out: Console,
    counts: dict[str, int],
    refusals: Sequence[PolicyRefused],
    failures: Sequence[tuple[Result, int]],
) -> None:
    for refused in refusals:
        print_refusal(out, refused)
    for result, line in failures:
        example = result.example
        out.print(
            f"✗ {example.file}:{line}: {example.name}",
            style="bold red",
            markup=False,
            soft_wrap=True,
        )
        rows = table("字段 field", "应为 expected", "实为 got", fold=("实为 got",))
        for one in result.differences:
            rows.add_row(one.field, one.expected, one.got)
        out.print(rows)
        if example.arithmetic:
            out.print(f"  {example.arithmetic}", style="dim", markup=False, soft_wrap=True)
        _print_steps(out, result)
    bare = [name for name, count in counts.items() if not count]
    if bare:
        out.print(f"没有算例 no worked examples: {', '.join(bare)}", style="yellow")
    total = sum(counts.values())
    out.print(
        f"{'✗' if refusals or failures else '✓'} {total} 个算例 worked examples of "
        f"{len(counts)} packs: {len(failures)} 个不符 differ, "
        f"{len(refusals)} 个政策包被拒 packs refused",
        style="bold red" if refusals or failures else "bold green",
    )


def _print_steps(out: Console, result: Result) -> None:
    if result.outcome is None:
        return
    rows = table(
        "计算步骤 step",
        "基数 base",
        "结果 result",
        "参数 parameters",
        right=("基数 base", "结果 result"),
        fold=("参数 parameters",),
    )
    for step in result.outcome.steps:
        rows.add_row(
            f"{step.name_zh} {step.name_en}",
            format_yuan(step.base_fen),
            format_yuan(step.result_fen),
            "; ".join(f"{read.path} = {read.value}" for read in step.parameters),
        )
    out.print(rows)


def _document(result: Result, line: int) -> dict[str, Any]:
    return {
        "file": result.example.file,
        "line": line,
        "name": result.example.name,
        "differences": [
            {"field": one.field, "expected": one.expected, "got": one.got}
            for one in result.differences
        ],
    }
