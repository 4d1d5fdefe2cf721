"""`yijie supervision mine`: exports months, mines them, records what peers alone show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from rich.table import Table

from services.cli.progress import Progress
from services.cli.screen import console
from services.cli.supervision.calling import calling
from services.kit.clock import civil_midnight
from services.kit.config import load
from services.kit.money import format_yuan
from services.mining import export
from services.mining.client import MiningClient, PeerRules, Recorded
from services.mining.config import MiningConfig
from services.mining.engines import open_engine
from services.mining.run import Mined, mine
from services.mining.thresholds import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for."""

    months: Sequence[str]
    folder: Path
    is_dry: bool
    """Nothing is recorded."""


@dataclass(slots=True)
class Run:
    """What a run was."""

    bills: int
    lines: int
    mined: Mined
    rules: PeerRules
    recorded: Recorded


async def mine_months(data_dir: Path, options: Options) -> int:
    """Mines months of a running mesh; returns 0, or 1 where supervision refused findings.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    async with calling(data_dir, "supervision") as held:
        run = await run_mining(MiningClient(held.channel), options, Progress())
    _show(run, options)
    return 1 if run.recorded.refused else 0


async def run_mining(client: MiningClient, options: Options, progress: Progress) -> Run:
    """Exports, mines and records."""
    bills = lines = 0
    for month in options.months:
        with progress.step(f"导出 {month}", f"exporting {month}"):
            done = await export.export_month(options.folder, month, client.bills(month))
            bills, lines = bills + done.bill_count, lines + done.line_count
    rules = await client.peer_rules()
    limits = Thresholds.of(rules.parameters)
    mined = Mined()
    if bills:
        config = load(MiningConfig)
        with (
            progress.step("批量挖掘", f"mining {lines:,} lines with {config.engine}"),
            open_engine(config, options.folder, options.months) as engine,
        ):
            mined = mine(engine, limits=limits)
    found = [one for kind in rules.codes for one in mined.findings.get(kind.upper(), ())]
    recorded = Recorded()
    if found and not options.is_dry:
        with progress.step("记录疑点", f"recording {len(found):,} findings"):
            recorded = await client.record(
                found,
                run_id=uuid4(),
                since=_starts(min(options.months)),
                until=_starts(_following(max(options.months))),
                rules=rules,
            )
    return Run(bills, lines, mined, rules, recorded)


def months_between(first: str, last: str) -> list[str]:
    """Returns the months from one to another, both included."""
    months = [first]
    while months[-1] < last:
        months.append(_following(months[-1]))
    return months


def _following(month: str) -> str:
    year, number = (int(part) for part in month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02d}"


def _starts(month: str) -> datetime:
    year, number = (int(part) for part in month.split("-"))
    return civil_midnight(date(year, number, 1))


def _show(run: Run, options: Options) -> None:
    out = console()
    span = f"{options.months[0]} – {options.months[-1]}"
    table = Table(title=f"批量挖掘 mining {span}", title_justify="left")
    for heading in ("规则 rule", "疑点 findings", "金额 amount", "秒 s", "记录 recorded"):
        table.add_column(heading, justify="left" if heading == "规则 rule" else "right")
    for code, rows in run.mined.findings.items():
        amount = format_yuan(sum(one.amount_fen for one in rows))
        # Those that the audit judges by itself are counted here and recorded there.
        kept = "是 yes" if code.lower() in run.rules.codes else "由逐单审核 by the audit"
        table.add_row(code, f"{len(rows):,}", amount, f"{run.mined.seconds[code]:.2f}", kept)
    out.print(table)
    out.print(
        f"  票据 bills {run.bills:,}，明细 lines {run.lines:,}；"
        f"新记录 new {run.recorded.new:,}，已有 known {run.recorded.known:,}"
    )
    for text, count in sorted(run.recorded.refused.items()):
        out.print(f"  未记录 refused {count:,}：{text}")
    out.print(f"  结果摘要 digest {run.mined.digest}")
    out.print(f"  文件 files {options.folder}")
