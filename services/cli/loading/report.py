"""What a load says at its end, for people and for programs, and its progress bar."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from services.cli.loading.refusals import by_count, reason_document
from services.cli.loading.run import Outcome
from services.cli.loading.what_to_do import LOCAL_ZH, what_to_do
from services.kit.reasons import TEXT_ZH


class Bar:
    """A bar on standard error by the bytes of the file; silent where nobody looks."""

    def __init__(self, progress: Progress, total_bytes: int, *, text: str) -> None:
        self._progress = progress
        self._task = progress.add_task(text, total=total_bytes, counts="")

    def advance(self, count: int) -> None:
        """Takes in bytes that were read."""
        self._progress.advance(self._task, count)

    def loaded(self, *, bytes_read: int, rows: int, refused: int) -> None:
        """Takes in the state after a batch."""
        counts = f"{rows:,} 行 rows" + (f", {refused:,} 被拒 refused" if refused else "")
        self._progress.update(self._task, completed=bytes_read, counts=counts)


@contextlib.contextmanager
def progress_bars() -> Iterator[Progress]:
    """Shows bars while the block runs."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bars:
        yield bars


def show(
    out: Console, path: Path, kind: str, outcome: Outcome, *, refused: Path, dry: bool
) -> None:
    """Prints what became of a file."""
    tally = outcome.tally
    rate = tally.rows / outcome.elapsed_s if outcome.elapsed_s else 0.0
    verb = ("可入库", "would go in") if dry else ("已入库", "in")
    mark, style = ("✓", "bold green") if outcome.exit_code == 0 else ("✗", "bold red")
    out.print(
        f"{mark} {kind} {path.name}: {tally.rows:,} 行 rows · {outcome.rows_in:,} {verb[0]}"
        f" {verb[1]} · {tally.refused_rows:,} 被拒 refused · {outcome.elapsed_s:.1f} s ·"
        f" {rate:,.0f} 行/秒 rows/s",
        style=style,
        soft_wrap=True,
    )
    if tally.counts:
        out.print(_reasons(outcome))
        out.print(f"  逐行清单 every refused row: {refused}", soft_wrap=True)
    for line in _endings(outcome):
        out.print(f"  ⚠ {line}", style="yellow", soft_wrap=True)
    for zh, en in outcome.notes:
        out.print(f"  {zh} · {en}", soft_wrap=True)


def document(
    path: Path, kind: str, outcome: Outcome, *, refused: Path, dry: bool
) -> dict[str, Any]:
    """Returns what became of a file, for programs."""
    broken, stopped = outcome.broken, outcome.stopped
    return {
        "file": str(path),
        "kind": kind,
        "dry_run": dry,
        "ok": outcome.exit_code == 0,
        "rows": outcome.tally.rows,
        "rows_in": outcome.rows_in,
        "rows_refused": outcome.tally.refused_rows,
        "reasons": reason_document(outcome.tally),
        "refused_file": str(refused) if outcome.tally.counts else None,
        "broken": None if broken is None else {"after_line": broken.after_line, "why": broken.en},
        "stopped": None
        if stopped is None
        else {
            "after_line": outcome.stopped_after_line,
            "reason": stopped.reason,
            "message": stopped.message,
        },
        "notes": [en for _, en in outcome.notes],
        "elapsed_s": round(outcome.elapsed_s, 3),
    }


def _reasons(outcome: Outcome) -> Table:
    table = Table(box=None, pad_edge=True, header_style="dim")
    table.add_column("次数 count", justify="right", no_wrap=True)
    table.add_column("原因 reason", overflow="fold")
    table.add_column("首见行 first lines", overflow="fold")
    table.add_column("怎么办 what to do", overflow="fold")
    for reason, count in by_count(outcome.tally):
        lines = outcome.tally.first_lines[reason]
        zh, en = what_to_do(reason)
        name = TEXT_ZH.get(reason) or LOCAL_ZH.get(reason, "")
        table.add_row(
            f"{count:,}",
            f"{reason} {name}",
            ", ".join(map(str, lines)) + (" …" if count > len(lines) else ""),
            f"{zh}\n{en}",
        )
    return table


def _endings(outcome: Outcome) -> list[str]:
    found = []
    if outcome.broken is not None:
        after = outcome.broken.after_line
        found.append(
            f"{outcome.broken.zh}：读到第 {after} 行为止，之前的行已处理；"
            "请重新传输完整文件后再载入，已入库的行不受影响 · "
            f"{outcome.broken.en}: read up to line {after}, the rows before it"
            " were dealt with; get the whole file again and load it, rows that are in stay as they"
            " are"
        )
    if outcome.stopped is not None:
        zh = outcome.stopped.zh or TEXT_ZH.get(outcome.stopped.reason, "")
        found.append(
            f"在第 {outcome.stopped_after_line} 行之后中断（{outcome.stopped.reason} {zh}）；"
            f"原样再运行本命令即从断点继续 · broken off after line {outcome.stopped_after_line}:"
            f" {outcome.stopped.reason}: {outcome.stopped.message}; run the same command again to"
            " go on, nothing is loaded twice"
        )
    if not outcome.tally.rows and outcome.stopped is None:
        found.append("文件没有数据行 · the file holds no rows")
    return found
