"""`yijie demo`: the whole mesh, its cases and questions, and nothing left behind."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import orjson

from services.cli import receipt, report
from services.cli.advice import scene
from services.cli.advice.scene import Advised
from services.cli.load import LoadError, load, wait_until_settling
from services.cli.mesh import Mesh, mesh, temporary_dir
from services.cli.outcome import Closing, Outcome
from services.cli.play import DemoError, Play, read_traces
from services.cli.progress import Progress
from services.cli.province import Province, connected
from services.cli.screen import console
from services.kit.errors import DomainError


async def demo(*, as_json: bool, keep: bool) -> int:
    """Runs the demo; returns 0 when every case came out as its kind says and all checks hold."""
    progress = Progress()
    data_dir = temporary_dir()
    async with (
        mesh(data_dir, progress=progress, remove=not keep) as running,
        connected(running.endpoints, str(running.trace_dir)) as province,
    ):
        outcomes, advised, closing = await _play(running, province, progress)
        if not as_json:
            _print(outcomes, advised, closing)
    failed = _failed(outcomes, advised, closing)
    if as_json:
        document = report.document(
            outcomes,
            closing,
            advice=scene.document(advised),
            holds=not failed,
            elapsed_s=progress.elapsed_s,
        )
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        sys.stdout.buffer.flush()
    if keep:
        progress.say(f"  数据保留在 · data kept in {data_dir}")
    progress.say(_verdict(failed, progress.elapsed_s))
    return 1 if failed else 0


async def load_demo_data(province: Province, progress: Progress) -> dict[str, str]:
    """Loads everything and waits until settlement works with it; returns person ids by key."""
    with progress.step("载入目录与演示数据", "loading catalogues and demo data"):
        loaded = await load(province)
    with progress.step("等待目录生效", "waiting until settlement holds the catalogues"):
        await wait_until_settling(province, loaded)
    return dict(loaded.person_ids)


async def _play(
    running: Mesh, province: Province, progress: Progress
) -> tuple[list[Outcome], Advised, Closing]:
    try:
        person_ids = await load_demo_data(province, progress)
        outcomes, closing = await Play(province, person_ids).run(progress)
        with progress.step("测算、资格与目录差异", "estimate, eligibility and catalogue gap"):
            advised = await scene.advise(province, person_ids, outcomes)
        with progress.step("读取跟踪", "reading the traces"):
            await read_traces(running, outcomes)
    except (DomainError, DemoError, LoadError):
        running.check()  # a service that died explains more than a call that failed
        raise
    return outcomes, advised, closing


def _print(outcomes: Sequence[Outcome], advised: Advised, closing: Closing) -> None:
    out = console()
    for number, outcome in enumerate(outcomes, start=1):
        receipt.print_outcome(out, number, outcome)
    scene.print_advice(out, advised)
    receipt.print_closing(out, closing)


def _failed(outcomes: Sequence[Outcome], advised: Advised, closing: Closing) -> list[str]:
    checked = [
        *((outcome.key, outcome.checks) for outcome in outcomes),
        ("advice", advised.checks),
        ("clearing", closing.checks),
    ]
    return [f"{key}: {check.en}" for key, checks in checked for check in checks if not check.holds]


def _verdict(failed: Sequence[str], elapsed_s: float) -> str:
    if failed:
        return "✗ 未通过 · failed:\n  " + "\n  ".join(failed)
    return f"✓ 全部通过 · all cases came out, all checks hold ({elapsed_s:.1f} s)"
