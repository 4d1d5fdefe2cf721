"""`yijie demo`: the whole mesh, seven cases, and nothing left behind."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Final

import orjson
from rich.console import Console

from services.cli import receipt, report
from services.cli.load import LoadError, load, wait_until_settling
from services.cli.mesh import Mesh, mesh, temporary_dir
from services.cli.outcome import Closing, Outcome
from services.cli.play import DemoError, Play, read_traces
from services.cli.progress import Progress
from services.cli.province import Province, connected
from services.kit.errors import DomainError

_COLUMNS_PIPED: Final = 150
_COLUMNS_MIN: Final = 100


async def demo(*, as_json: bool, keep: bool) -> int:
    """Runs the demo; returns 0 when every case came out as its kind says and all checks hold."""
    progress = Progress()
    data_dir = temporary_dir()
    async with (
        mesh(data_dir, progress=progress, remove=not keep) as running,
        connected(running.endpoints, str(running.trace_dir)) as province,
    ):
        outcomes, closing = await _play(running, province, progress)
        holds = all(c.holds for o in outcomes for c in o.checks) and all(
            c.holds for c in closing.checks
        )
        if not as_json:
            _print(outcomes, closing)
    if as_json:
        document = report.document(outcomes, closing, holds=holds, elapsed_s=progress.elapsed_s)
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        sys.stdout.buffer.flush()
    if keep:
        progress.say(f"  数据保留在 · data kept in {data_dir}")
    progress.say(_verdict(outcomes, closing, progress.elapsed_s))
    return 0 if holds else 1


async def load_demo_data(province: Province, progress: Progress) -> dict[str, str]:
    """Loads everything and waits until settlement works with it; returns person ids by key."""
    with progress.step("载入目录与演示数据", "loading catalogues and demo data"):
        loaded = await load(province)
    with progress.step("等待目录生效", "waiting until settlement holds the catalogues"):
        await wait_until_settling(province, loaded)
    return dict(loaded.person_ids)


def console() -> Console:
    """Returns a console on standard output, wide enough for tables when it is a file or pipe."""
    if sys.stdout.isatty():
        return Console(width=max(_COLUMNS_MIN, shutil.get_terminal_size().columns), highlight=False)
    return Console(width=_COLUMNS_PIPED, highlight=False)


async def _play(
    running: Mesh, province: Province, progress: Progress
) -> tuple[list[Outcome], Closing]:
    try:
        person_ids = await load_demo_data(province, progress)
        outcomes, closing = await Play(province, person_ids).run(progress)
        with progress.step("读取跟踪", "reading the traces"):
            await read_traces(running, outcomes)
    except (DomainError, DemoError, LoadError):
        running.check()  # a service that died explains more than a call that failed
        raise
    return outcomes, closing


def _print(outcomes: Sequence[Outcome], closing: Closing) -> None:
    out = console()
    for number, outcome in enumerate(outcomes, start=1):
        receipt.print_outcome(out, number, outcome)
    receipt.print_closing(out, closing)


def _verdict(outcomes: Sequence[Outcome], closing: Closing, elapsed_s: float) -> str:
    failed = [
        f"{outcome.key}: {check.en}"
        for outcome in outcomes
        for check in outcome.checks
        if not check.holds
    ] + [f"clearing: {check.en}" for check in closing.checks if not check.holds]
    if failed:
        return "✗ 未通过 · failed:\n  " + "\n  ".join(failed)
    return f"✓ 全部通过 · all cases came out, all checks hold ({elapsed_s:.1f} s)"
