"""`yijie clearing year`: a year of clearing on a service of its own, reckoned independently."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.clearing.app import running
from services.clearing.config import Config
from services.cli.mesh import Guard, temporary_dir
from services.cli.postgres import embedded_postgres
from services.cli.screen import console
from services.kit import codes, log
from services.kit.config import load
from services.kit.migrations import migrate
from services.kit.money import format_yuan
from services.proving.clearing_year import journal as journals
from services.proving.clearing_year import ningxia
from services.proving.clearing_year.months import starts
from services.proving.clearing_year.office import connected
from services.proving.clearing_year.plan import Plan, make_plan
from services.proving.clearing_year.reckoning import Reckoning
from services.proving.clearing_year.scene import MovedClock, Scene, YearError
from services.proving.clearing_year.year import Year

YEAR: Final = 2025
"""The synthetic year: its holidays and those of the quarter after it are published."""
SCENARIOS: Final[Mapping[str, Callable[[int], Plan]]] = MappingProxyType(
    {"ningxia-2017": ningxia.make_plan}
)
_SHOWN_MAX: Final = 10
_HEADINGS: Final = (
    "结算 settled",
    "冲销 reversed",
    "费用 cost",
    "以前月份 adjusted",
    "扣款 deducted",
    "应付 payable",
    "通知书 notices",
    "划拨 paid",
)
_AFTERWARDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for."""

    seed: int = 2025
    settlements: int = 12_000
    months: int = 12
    provinces: int = 32
    scenario: str = ""
    """A name of SCENARIOS; empty: the synthetic year."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a year."""

    scene: Scene
    year: Year
    seconds: float

    @property
    def holds(self) -> bool:
        """Tells whether everything reconciles to the fen."""
        return not self.scene.findings.differences


async def clearing_year(options: Options) -> int:
    """Runs a year on an embedded PostgreSQL; returns 0 when all reconciles to the fen.

    Raises:
        DomainError: clearing refused what it should not.
    """
    plan = plan_of(options)
    folder = temporary_dir()
    # Should this process be killed, somebody has to stop the database and remove its folder.
    guard = Guard()
    guard.tell(f"postgres {folder / 'pg'}")
    guard.tell(f"remove {folder}")
    try:
        sys.stderr.write("  启动内嵌 PostgreSQL · starting the embedded PostgreSQL …\n")
        async with _postgres(folder / "pg") as own:
            # Nothing of it is kept: a commit need not wait for the disk.
            dsn = f"{own}&synchronous_commit=off"
            await migrate(dsn, "clearing")
            with _bar() as bar:
                task = bar.add_task("", total=len(plan.months) + _AFTERWARDS)

                def on_month(month: str) -> None:
                    bar.update(task, advance=1, description=month)

                outcome = await run_plan(plan, dsn, on_month=on_month)
    except YearError as error:
        sys.stderr.write(f"yijie: 清算年度未能完成 · the year did not come to its end: {error}\n")
        return 1
    finally:
        await guard.dismiss()
        shutil.rmtree(folder, ignore_errors=True)
    _show(console(), outcome, options)
    return 0 if outcome.holds else 1


def plan_of(options: Options) -> Plan:
    """Returns the year that is asked for."""
    if options.scenario:
        return SCENARIOS[options.scenario](options.seed)
    return make_plan(
        seed=options.seed,
        year=YEAR,
        months=options.months,
        provinces=options.provinces,
        settlements=options.settlements,
    )


async def run_plan(
    plan: Plan, dsn: str, *, on_month: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Runs a year on a database that has clearing's schema and nothing in it."""
    begun = time.monotonic()
    log.configure("clearing", "error")
    clock = MovedClock(starts(plan.months[0]))
    journal = journals.Journal()
    async with (
        journals.serving(journal) as port,
        running(
            load(Config, _environ(dsn, port, plan.hot_pair[0] or ningxia.NINGXIA)), clock=clock
        ) as server,
        connected(server.address, seed=plan.seed) as office,
    ):
        scene = Scene(
            plan=plan,
            clock=clock,
            journal=journal,
            office=office,
            reckoning=Reckoning(open_month=plan.months[0], untabled_month=plan.months[0]),
        )
        year = Year(scene, on_month=on_month)
        await year.run()
        if plan.holds_after is not None:
            await plan.holds_after(scene)
    return Outcome(scene, year, time.monotonic() - begun)


def _environ(dsn: str, port: int, province: str) -> dict[str, str]:
    # The clock stands until it is moved, and then what is due is due at once.
    soon = "0.1"
    never = "86400"
    return {
        "YIJIE_DSN": dsn,
        "YIJIE_SETTLEMENT_TARGET": f"127.0.0.1:{port}",
        # The books of one insured province are compared, too: of all it would be 12,000 days.
        "YIJIE_BENEFITS_ROUTES": f"{province}=127.0.0.1:{port}",
        "YIJIE_RECONCILE_INTERVAL_S": soon,
        "YIJIE_RECONCILE_RETRY_S": soon,
        "YIJIE_INVARIANT_INTERVAL_S": never,
        "YIJIE_MONTH_INTERVAL_S": soon,
        "YIJIE_DISPUTE_INTERVAL_S": soon,
        "YIJIE_PREPAYMENT_INTERVAL_S": soon,
        "YIJIE_FEED_HEARTBEAT_S": "0.5",
        "YIJIE_DB_STATEMENT_TIMEOUT_S": "120",
        "YIJIE_DRAIN_GRACE_S": "1",
    }


@contextlib.asynccontextmanager
async def _postgres(folder: Path) -> AsyncIterator[str]:
    server = embedded_postgres(folder)
    dsn = await asyncio.to_thread(server.__enter__)
    try:
        yield dsn
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


def _bar() -> Progress:
    return Progress(
        TextColumn("  {task.description:8}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _show(out: Console, outcome: Outcome, options: Options) -> None:
    """Prints what the year was, and whether it reconciles."""
    scene, plan = outcome.scene, outcome.scene.plan
    reckoning = scene.reckoning
    table = Table(title=f"清算年度 clearing year, seed {plan.seed}", title_justify="left")
    table.add_column("月 month", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for month in (*plan.months, plan.last_month):
        table.add_row(month, *_month_row(reckoning, month))
    out.print(table)
    out.print("划拨含就医省退回的部分 · paid counts what care provinces gave back, too")
    if options.scenario:
        _show_ningxia(out, reckoning)
    else:
        _show_year(out, outcome)
    compared = sum(scene.findings.compared.values())
    if outcome.holds:
        out.print(
            f"与独立核算逐分相符 · reconciles to the fen: {compared} 项 compared, "
            f"{outcome.seconds:.1f} s",
            style="bold green",
        )
        return
    differences = scene.findings.differences
    out.print(f"不符 · does not reconcile: {len(differences)} 项 of {compared}", style="bold red")
    for text in differences[:_SHOWN_MAX]:
        out.print(f"  {text}")


def _month_row(reckoning: Reckoning, month: str) -> list[str]:
    lines = reckoning.month_lines(month).values()
    counts = [both for key, both in reckoning.counts.items() if key[0] == month]
    keys = [key for key in reckoning.notices if key[:2] == ("CLEARING", month)]
    return [
        str(sum(settled for settled, _ in counts)),
        str(sum(reversed_ for _, reversed_ in counts)),
        format_yuan(sum(one.cost for one in lines)),
        format_yuan(sum(one.adjustment for one in lines)),
        format_yuan(sum(one.deduction for one in lines)),
        format_yuan(sum(one.payable for one in lines)),
        str(len(keys)),
        format_yuan(sum(reckoning.paid[key] for key in keys)),
    ]


def _show_year(out: Console, outcome: Outcome) -> None:
    scene, plan = outcome.scene, outcome.scene.plan
    fates = "，".join(f"{word} {count}" for word, count in outcome.year.review.counts.items())
    out.print(f"审核扣款与协查 deductions and inquiries: {fates}")
    name = codes.PROVINCES[plan.defaulter]
    out.print(
        f"欠付 defaulting: {name} {plan.defaulter}，{'、'.join(plan.default_months)} 逾期 overdue "
        f"{format_yuan(outcome.year.defaulted_fen)} 元，清算率 clearing rate "
        f"{outcome.year.defaulted_bp // 100}.{outcome.year.defaulted_bp % 100:02d} %，"
        "后补付 paid later"
    )
    if plan.is_whole_year:
        out.print("年度已关账，其后退费记入以后月份 · the year is closed; later refunds came after")
    tops = [key for key in scene.reckoning.notices if key.kind == "EMERGENCY_TOP_UP"]
    for key in tops:
        pair = f"{codes.PROVINCES[key.insured]} → {codes.PROVINCES[key.care]}"
        amount = format_yuan(scene.reckoning.amount(key))
        out.print(
            f"紧急调增 emergency top-up: {pair}，{plan.hot_month} 用尽 in the red，{amount} 元"
        )


def _show_ningxia(out: Console, reckoning: Reckoning) -> None:
    due = owed = paid = prepaid = 0
    holders = set()
    for key in reckoning.notices:
        amount = reckoning.amount(key)
        if key.kind != "CLEARING":
            prepaid += reckoning.paid[key]
            holders.add(key.care)
        elif key.insured == ningxia.NINGXIA:
            owed += amount
            paid += reckoning.paid[key]
        else:
            due += amount
    out.print("宁夏 640000（公布数；分省、分月、分笔为示例拆分 · splits are samples）")
    for label, fen, published in (
        ("应付 payable", owed, ningxia.PAYABLE_FEN),
        ("应收 receivable", due, ningxia.RECEIVABLE_FEN),
        (f"预付 prepaid，{len(holders)} 省 provinces", prepaid, ningxia.PREPAID_FEN),
    ):
        mark = "=" if fen == published else "≠"
        out.print(f"  {label} {format_yuan(fen)} 元 {mark} {published // 10**5 / 10:.1f} 万元")
    rate = paid * 10_000 // owed if owed else 0
    out.print(f"  清算率 clearing rate {rate // 100}.{rate % 100:02d} %")
