"""A month of clearing by size: what closing it takes, and what settling beside it notices.

A mesh of its own. Before it starts, journal, hub's leg and ledger are filled with a month for each
size, the smallest first. Then the months are closed one after the other, while bills are settled at
the national peak; in turns with that they are settled with nothing beside it. Everything that was
closed is checked, and the chain over all of it is verified.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
from rich.console import Console
from rich.table import Table

from services.bench import checks, population
from services.bench.checks import Check
from services.bench.clearing_close import STEPS, Closed, Closer, forget_rss_max, rss_max_bytes
from services.bench.clearing_fill import Filled, fill_month
from services.bench.clearing_month import Flow
from services.bench.drive import Driver, Run, arrivals
from services.bench.usage import Meter, postmaster_pid
from services.clearing.invariants import usecases as invariants
from services.cli.demo import load_demo_data
from services.cli.mesh import Mesh, MeshError, mesh
from services.cli.progress import Progress
from services.cli.province import connected
from services.kit.channel import Callee, open_channel
from services.kit.clock import civil_month
from services.kit.db import DatabaseConfig, open_database
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc

GOAL_S: Final = 60.0
"""A month of a million."""
GOAL_RSS_BYTES: Final = 500 * 2**20
GOAL_RATIO: Final = 1.20
"""p99 of settling beside it, over that of settling alone."""
_PEOPLE: Final = 400
_WARM_S: Final = 3.0
_CHUNK_S: Final = 2.0
_CUT_S_MAX: Final = 900.0
_BLOCKS_BEHIND: Final = 10
_STOP_S: Final = 8.0
_LONG_S: Final = 600.0
_NEVER_S: Final = "86400"
# Loops would do by themselves what is to be timed here step by step.
_SETTINGS: Final = {
    "YIJIE_RECONCILE_INTERVAL_S": _NEVER_S,
    "YIJIE_INVARIANT_INTERVAL_S": _NEVER_S,
    "YIJIE_MONTH_INTERVAL_S": "10",
}

# How many blocks of the ledger the watch of prepayment has not looked at.
_WATCHED: Final = """
SELECT (SELECT block_id FROM clearing.chain) - (SELECT block_id FROM clearing.prepayment_watch)"""
_FOLLOWED: Final = """
SELECT count(*) AS events,
       count(*) FILTER (WHERE NOT EXISTS (
           SELECT FROM clearing.booking b
            WHERE b.source_id = o.settlement_id AND b.kind = o.kind)) AS behind
  FROM settlement.outbox o"""


@dataclass(slots=True)
class Found:
    """What was found."""

    rate: float
    filled: Filled = field(default_factory=Filled)
    closed: list[Closed] = field(default_factory=list)
    idle: Run = field(default_factory=Run)
    """Settling with nothing beside it, before each closing and after the last."""
    beside: Run = field(default_factory=Run)
    """Settling while months were closed."""
    ledger_s: dict[str, float] = field(default_factory=dict)
    """What asking the ledger took: verify, balances now, balances of an instant, invariants."""
    transfers: int = 0
    checks: list[Check] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """p99 beside the closing over p99 alone."""
        idle = self.idle.percentile_ms(99)
        return self.beside.percentile_ms(99) / idle if idle else 0.0

    @property
    def linearity(self) -> float:
        """Time per settlement of the largest month over that of the smallest; 1: linear."""
        return self.closed[-1].us_per_settlement / self.closed[0].us_per_settlement

    @property
    def further_us(self) -> float:
        """Microseconds that one more settlement takes: what is the same for all sizes left out."""
        small, large = self.closed[0], self.closed[-1]
        return (large.total_s - small.total_s) / (large.settlements - small.settlements) * 1e6

    @property
    def holds(self) -> bool:
        """Whether all checks hold. The aims are reported, not judged: machines differ."""
        return all(check.holds for check in self.checks)


@dataclass(slots=True)
class _Rig:
    mesh: Mesh
    closer: Closer
    driver: Driver
    clearing: Any
    connection: asyncpg.Connection

    @property
    def clearing_pid(self) -> int:
        """Of the process that closes months."""
        return self.mesh.processes["clearing"].pid


async def measure(
    data_dir: Path,
    sizes: Sequence[int],
    *,
    rate: float,
    seconds: float,
    progress: Progress,
    quiet: Callable[[], AbstractContextManager[None]],
) -> Found:
    """Fills and closes a month of each size; the data directory goes with it.

    `seconds` is how long bills are settled alone, before each month and after the last.

    Raises:
        MeshError: the mesh does not start, or does not cut the months.
    """
    found = Found(rate)
    months = dict(zip(_months_before(len(sizes)), sorted(sizes), strict=True))
    async with _rig(data_dir, progress) as rig:
        # Its followers would write to the same ledger, and its loops cut the months half-way.
        await rig.mesh.processes["clearing"].stop(within_s=_STOP_S)
        found.filled = await _fill(rig.mesh.dsn, months, progress)
        rig.mesh.start("clearing")
        await rig.mesh.ready("clearing")
        with progress.step("截止", "waiting until the months are cut and days are added up"):
            await _cut(rig, months)
        with progress.step("预热", "warming up"), quiet():
            await rig.driver.open_loop(arrivals(rate, _WARM_S))
        # In turns, so that whatever else the machine does hits both.
        for number, (month, size) in enumerate(months.items()):
            with progress.step("结算", "settling alone"), quiet():
                schedule = arrivals(rate, seconds, seed=number)
                found.idle.add(await rig.driver.open_loop(schedule))
            with progress.step(f"清算 {month}", f"closing {size:,} settlements"), quiet():
                await _close_beside(rig, found, month, size)
        with progress.step("结算", "settling alone"), quiet():
            found.idle.add(await rig.driver.open_loop(arrivals(rate, seconds, seed=67)))
        with progress.step("核对账本", "verifying the ledger, checking invariants"):
            found.checks.append(await _check_followed(rig.connection))
            await _ask_ledger(rig, found)
            found.checks += [check for one in found.closed for check in one.checks]
    return found


async def _fill(dsn: str, months: dict[str, int], progress: Progress) -> Filled:
    flow, filled = Flow(), Filled()
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "settlement"})
    config = DatabaseConfig(dsn=dsn, statement_timeout_s=_LONG_S)
    try:
        async with open_database(config, "clearing") as clearing:
            for month, size in months.items():
                await connection.execute(
                    "SELECT ensure_month($1)", date.fromisoformat(f"{month}-01")
                )
                with progress.step(f"载入 {month}", f"loading {size:,} settlements of {month}"):
                    filled.add(
                        await fill_month(flow, month, size, journal=connection, clearing=clearing)
                    )
        with progress.step("统计", "vacuum and analyze, as the server does in time"):
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return filled


@contextlib.asynccontextmanager
async def _rig(data_dir: Path, progress: Progress) -> AsyncIterator[_Rig]:
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            mesh(data_dir, settings=_SETTINGS, progress=progress, remove=True)
        )
        province = await stack.enter_async_context(connected(running.endpoints, ""))
        await load_demo_data(province, progress)
        people = population.members(_PEOPLE)
        with progress.step("载入压测人群", f"loading {_PEOPLE} synthetic people"):
            person_ids = await population.load_population(province, people)
        requests = population.settle_requests(people, person_ids)
        settlement = await stack.enter_async_context(
            open_channel(running.endpoints["settlement"].address)
        )
        clearing = await stack.enter_async_context(
            open_channel(running.endpoints["clearing"].address)
        )
        connection = await asyncpg.connect(running.dsn)
        stack.push_async_callback(connection.close)
        yield _Rig(
            mesh=running,
            closer=Closer(clearing),
            driver=Driver(settlement, [request.SerializeToString() for request in requests]),
            clearing=clearing_service_pb2_grpc.ClearingServiceStub(clearing),
            connection=connection,
        )


def _months_before(count: int) -> list[str]:
    """Returns the last so many months that are over, in order."""
    months: list[str] = []
    year, number = (int(part) for part in civil_month(datetime.now(UTC)).split("-"))
    for _ in range(count):
        year, number = (year, number - 1) if number > 1 else (year - 1, 12)
        months.append(f"{year}-{number:02}")
    return months[::-1]


async def _cut(rig: _Rig, months: dict[str, int]) -> None:
    """Waits until clearing has done by itself what it does a little of all the time."""
    end = time.monotonic() + _CUT_S_MAX
    while (
        not months.keys() <= await rig.closer.cut_months()
        or await rig.connection.fetchval(_WATCHED) > _BLOCKS_BEHIND
    ):
        if time.monotonic() > end:
            msg = "clearing does not cut the months, or does not add up their days"
            raise MeshError(msg)
        await asyncio.sleep(0.2)


async def _close_beside(rig: _Rig, found: Found, month: str, size: int) -> None:
    is_done = asyncio.Event()

    async def settle() -> None:
        seed = size
        while not is_done.is_set():
            seed += 1
            schedule = arrivals(found.rate, _CHUNK_S, seed=seed)
            found.beside.add(await rig.driver.open_loop(schedule))

    settling = asyncio.create_task(settle())
    try:
        found.closed.append(await _close(rig, month, size))
    finally:
        is_done.set()
        await settling


async def _close(rig: _Rig, month: str, size: int) -> Closed:
    forget_rss_max(rig.clearing_pid)
    pids = {name: process.pid for name, process in rig.mesh.processes.items()}
    meter = Meter(pids, postmaster_pid(rig.mesh.data_dir))
    before = meter.read()
    closed = await rig.closer.close(month, size)
    closed.cpu_s = dict((meter.read() - before).seconds)
    closed.rss_max_bytes = rss_max_bytes(rig.clearing_pid)
    rig.mesh.check()
    return closed


async def _check_followed(connection: asyncpg.Connection) -> Check:
    """Waits until the ledger has what was settled beside it."""
    end = time.monotonic() + checks.CAUGHT_UP_S_MAX
    while True:
        row = await connection.fetchrow(_FOLLOWED)
        if not row["behind"] or time.monotonic() > end:
            detail = f"{row['events'] - row['behind']} of {row['events']} events"
            return Check("the ledger has every event of the feed", not row["behind"], detail)
        await asyncio.sleep(0.2)


async def _ask_ledger(rig: _Rig, found: Found) -> None:
    callee = Callee("clearing")
    query = "SELECT count(*) FROM clearing.transfer"
    found.transfers = await rig.connection.fetchval(query)
    started = time.perf_counter()
    verified, digest, problem = 0, b"", ""
    while True:
        page = await callee.call(
            rig.clearing.VerifyLedger,
            clearing_service_pb2.VerifyLedgerRequest(after_block=verified, block_count_max=10_000),
            own_s=_LONG_S,
        )
        verified, digest = page.verified_until_block, bytes.fromhex(page.digest)
        if page.HasField("problem"):
            problem = f"{page.problem}".strip()
            break
        if verified >= page.last_block_id:
            break
    found.ledger_s["verify"] = time.perf_counter() - started
    found.checks.append(Check("the chain is intact", not problem, f"{verified} blocks {problem}"))
    instant = await rig.connection.fetchval(
        "SELECT create_time FROM clearing.block ORDER BY block_id OFFSET $1 LIMIT 1", verified // 2
    )
    for name, as_of in (("balances now", None), ("balances half-way", instant)):
        request = clearing_service_pb2.GetBalancesRequest(month=found.closed[-1].month)
        if as_of is not None:
            request.as_of_time.FromDatetime(as_of)
        started = time.perf_counter()
        await callee.call(rig.clearing.GetBalances, request, own_s=_LONG_S)
        found.ledger_s[name] = time.perf_counter() - started
    # In this process: at this size it takes longer than a connection lives.
    async with open_database(DatabaseConfig(dsn=rig.mesh.dsn), "clearing") as database:
        started = time.perf_counter()
        checked = await invariants.check(database, after_block=verified, after_digest=digest)
        found.ledger_s["invariants"] = time.perf_counter() - started
    for result in checked.results:
        wrong = len(result.contradictions)
        found.checks.append(
            Check(
                f"invariant {result.invariant.value.lower()}",
                result.holds,
                f"{result.checked_count:,} compared, {wrong:,} contradict",
            )
        )


def document(found: Found) -> dict[str, Any]:
    """Returns the result for programs."""
    return {
        "ok": found.holds,
        "rate": found.rate,
        "transfers": found.transfers,
        "filled": dataclasses.asdict(found.filled),
        "months": [
            {
                "month": one.month,
                "settlements": one.settlements,
                "seconds": {name: round(s, 2) for name, s in one.seconds.items()},
                "total_s": round(one.total_s, 2),
                "us_per_settlement": round(one.us_per_settlement, 2),
                "rss_max_mb": round(one.rss_max_bytes / 2**20, 1),
                "cpu_s": {name: round(s, 2) for name, s in one.cpu_s.items()},
                "notices": one.notices,
                "printed_bytes": one.printed_bytes,
            }
            for one in found.closed
        ],
        "us_per_settlement_largest_over_smallest": round(found.linearity, 3),
        "p99_ms": {
            "alone": round(found.idle.percentile_ms(99), 1),
            "beside": round(found.beside.percentile_ms(99), 1),
            "ratio": round(found.ratio, 3),
        },
        "errors": {"alone": dict(found.idle.errors), "beside": dict(found.beside.errors)},
        "ledger_s": {name: round(s, 3) for name, s in found.ledger_s.items()},
        "checks": [dataclasses.asdict(check) for check in found.checks],
    }


def show(found: Found, out: Console) -> None:
    """Prints the tables and the lines below them."""
    filled = found.filled
    spent = filled.elapsed_s
    out.print(
        f"载入 · loaded {filled.settlements:,} settlements, {filled.reversals:,} reversals,"
        f" {found.transfers:,} transfers in {spent:.0f} s, {filled.settlements / spent:,.0f}"
        " settlements/s; at the same time: "
        + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in filled.seconds.items()),
        markup=False,
    )
    table = Table(title="清算一个月 · closing a month, seconds", title_justify="left")
    table.add_column("settlements", justify="right")
    for heading in (*STEPS, "all", "µs each", "peak MB", "CPU clearing", "CPU postgres"):
        table.add_column(heading, justify="right")
    for one in found.closed:
        table.add_row(
            f"{one.settlements:,}",
            *(f"{one.seconds[name]:.1f}" for name in STEPS),
            f"{one.total_s:.1f}",
            f"{one.us_per_settlement:.1f}",
            f"{one.rss_max_bytes / 2**20:.0f}",
            f"{one.cpu_s['clearing']:.1f}",
            f"{one.cpu_s['postgres']:.1f}",
        )
    out.print(table)
    load = Table(title=f"结算 {found.rate:g}/s · settling", title_justify="left")
    for heading in ("", "settled", "p50 ms", "p95 ms", "p99 ms", "max ms", "errors"):
        load.add_column(heading, justify="right" if heading else "left")
    for name, run in (("alone", found.idle), ("beside the closing", found.beside)):
        load.add_row(
            name,
            str(run.settled_count),
            *(f"{run.percentile_ms(percent):.1f}" for percent in (50, 95, 99, 100)),
            ", ".join(f"{why} {count}" for why, count in run.errors.most_common()) or "none",
        )
    out.print(load)
    for name, seconds in found.ledger_s.items():
        out.print(f"{name}: {seconds:.2f} s", markup=False)
    for check in found.checks:
        out.print(f"{'✓' if check.holds else '✗'} {check.name}: {check.detail}", markup=False)
    _show_aims(found, out)


def _show_aims(found: Found, out: Console) -> None:
    largest = found.closed[-1]
    for aim, is_reached in (
        (f"the largest month ≤ {GOAL_S:g} s: {largest.total_s:.1f} s", largest.total_s <= GOAL_S),
        (
            f"memory ≤ {GOAL_RSS_BYTES // 2**20} MB: {largest.rss_max_bytes / 2**20:.0f} MB",
            largest.rss_max_bytes <= GOAL_RSS_BYTES,
        ),
        (
            f"p99 beside the closing ≤ {GOAL_RATIO:g} × alone: {found.ratio:.2f} ×",
            found.ratio <= GOAL_RATIO,
        ),
    ):
        out.print(f"aim {aim}: {'reached' if is_reached else 'missed'}", markup=False)
    if len(found.closed) > 1:
        out.print(
            "cost grows linearly at most: time per settlement, the largest month over the"
            f" smallest: {found.linearity:.2f} × (1: linear; less: what does not depend on their"
            f" number weighs); each further settlement {found.further_us:.1f} µs",
            markup=False,
        )
