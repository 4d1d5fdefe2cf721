"""How many settled bills a second the audit takes, and what screening beside it notices.

One supervision process with a PostgreSQL of its own on this machine follows a served feed from its
beginning. The generator serves bytes that were made before and asks ScreenBill at the national
peak, alone and then beside the audit. What was audited is counted afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import grpc
from rich.console import Console
from rich.table import Table

from services.bench.audit_bills import LINES, Feed, feed_of, screen_requests
from services.bench.checks import Check
from services.bench.drive import arrivals, percentile
from services.bench.usage import Meter, Usage, postmaster_pid
from services.cli import topology
from services.cli.mesh import Mesh, mesh
from services.cli.processes import Process
from services.cli.progress import Progress
from services.kit.channel import open_channel
from services.supervision.rules_loader import load_rules
from yijie.supervision.v1 import supervision_service_pb2_grpc

BILLS: Final = 20_000
RATE: Final = 61.0
"""ScreenBill calls a second: the national peak."""
GOAL: Final = 1_000.0
"""Bills a second."""
GOAL_P99_MS: Final = 20.0
"""Of ScreenBill."""
_BATCH: Final = 200
"""As settlement gives them."""
_REQUESTS: Final = 200
_WARM_S: Final = 2.0
_STOP_S: Final = 8.0
_AUDIT_S_MAX: Final = 900.0
_POLL_S: Final = 0.05
_DEADLINE_S: Final = 5.0
_SUBSCRIBE: Final = "/yijie.settlement.v1.SettlementService/Subscribe"
_MILLION: Final = 1_000_000

_CURSOR: Final = "SELECT cursor FROM supervision.feed_cursor WHERE feed = 'audit'"
_COUNTS: Final = """
SELECT (SELECT count(*) FROM supervision.audited_bill) AS bills,
       (SELECT count(*) FROM supervision.reversal) AS reversals,
       (SELECT count(*) FROM supervision.finding) AS findings,
       (SELECT count(*) FROM supervision.finding f
         WHERE NOT EXISTS (SELECT FROM supervision.finding_withdrawal w
                            WHERE w.finding_id = f.finding_id)) AS standing"""


@dataclass(slots=True)
class Calls:
    """ScreenBill calls of a stretch."""

    latencies_s: list[float] = field(default_factory=list)
    failures: int = 0

    def percentile_ms(self, percent: float) -> float:
        """Returns a percentile of the answered calls."""
        return percentile(self.latencies_s, percent) * 1000


@dataclass(slots=True)
class Found:
    """What was found."""

    bills: int
    rules: int
    elapsed_s: float = 0.0
    """From opening the feed to the last commit."""
    used: Usage = field(default_factory=lambda: Usage({}))
    idle: Calls = field(default_factory=Calls)
    beside: Calls = field(default_factory=Calls)
    findings: int = 0
    standing: int = 0
    checks: list[Check] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        """Bills a second."""
        return self.bills / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def holds(self) -> bool:
        """Whether all checks hold. The aims are reported, not judged: machines differ."""
        return all(check.holds for check in self.checks)


async def measure(
    data_dir: Path,
    bills: int,
    *,
    rate: float,
    seconds: float,
    progress: Progress,
    quiet: Callable[[], AbstractContextManager[None]],
) -> Found:
    """Audits a feed of so many bills; the data directory goes with the processes.

    `seconds` is how long bills are screened with nothing beside it.

    Raises:
        MeshError: a process does not start.
    """
    ruleset = load_rules()
    with progress.step("生成单据", f"drawing {bills:,} bills of {LINES} lines"):
        feed = feed_of(bills, ruleset, batch=_BATCH)
        requests = [one.SerializeToString() for one in screen_requests(_REQUESTS, ruleset)]
    found = Found(bills, len(ruleset.rules))
    gate = asyncio.Event()
    async with _rig(data_dir, feed, gate, progress) as (running, supervision):
        connection = await asyncpg.connect(running.dsn)
        address = running.endpoints["supervision"].address
        try:
            async with open_channel(address) as channel:
                screening = _Screening(channel, requests)
                scene = _Scene(
                    connection,
                    feed,
                    gate,
                    screening,
                    Meter({"supervision": supervision.pid}, postmaster_pid(running.data_dir)),
                )
                with progress.step("预热", "warming up"), quiet():
                    await screening.run(arrivals(rate, _WARM_S))
                with progress.step("审核", "screening alone"), quiet():
                    found.idle = await screening.run(arrivals(rate, seconds))
                with progress.step("事后审核", "auditing, and screening beside it"), quiet():
                    await _audit(scene, found, rate)
            await _check(connection, feed, found)
        finally:
            await connection.close()
    return found


class _Screening:
    """Asks ScreenBill with prepared requests."""

    def __init__(self, channel: grpc.aio.Channel, bodies: Sequence[bytes]) -> None:
        name = supervision_service_pb2_grpc.SupervisionServiceStub.__name__.removesuffix("Stub")
        self._call: Any = channel.unary_unary(f"/yijie.supervision.v1.{name}/ScreenBill")
        self._bodies = itertools.cycle(bodies)

    async def run(self, schedule: Sequence[float]) -> Calls:
        """Sends a call at each of the given seconds from now; latencies count from then."""
        calls, start, tasks = Calls(), time.perf_counter(), []
        try:
            for due in schedule:
                delay = start + due - time.perf_counter()
                if delay > 0:
                    await asyncio.sleep(delay)
                tasks.append(asyncio.create_task(self._one(calls, start + due)))
            await asyncio.gather(*tasks)
        except asyncio.CancelledError:
            # What is on its way counts, too.
            await asyncio.gather(*tasks)
        return calls

    async def _one(self, calls: Calls, due: float) -> None:
        try:
            await self._call(next(self._bodies), timeout=_DEADLINE_S)
        except grpc.aio.AioRpcError:
            calls.failures += 1
            return
        calls.latencies_s.append(time.perf_counter() - due)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What auditing is watched with."""

    connection: asyncpg.Connection
    feed: Feed
    gate: asyncio.Event
    screening: _Screening
    meter: Meter


async def _audit(scene: _Scene, found: Found, rate: float) -> None:
    beside = asyncio.create_task(scene.screening.run(arrivals(rate, _AUDIT_S_MAX)))
    before, started = scene.meter.read(), time.perf_counter()
    scene.gate.set()
    last = str(len(scene.feed.responses))
    try:
        async with asyncio.timeout(_AUDIT_S_MAX):
            # The cursor is another process's: it can be looked at, and no more.
            while await scene.connection.fetchval(_CURSOR) != last:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)
    finally:
        found.elapsed_s = time.perf_counter() - started
        found.used = scene.meter.read() - before
        beside.cancel()
        found.beside = await beside


async def _check(connection: asyncpg.Connection, feed: Feed, found: Found) -> None:
    row = await connection.fetchrow(_COUNTS)
    found.findings, found.standing = row["findings"], row["standing"]
    found.checks = [
        Check(
            "every settled bill is audited",
            row["bills"] == feed.bill_count,
            f"{row['bills']:,} of {feed.bill_count:,}",
        ),
        Check(
            "every reversal is recorded",
            row["reversals"] == feed.reversal_count,
            f"{row['reversals']:,} of {feed.reversal_count:,}",
        ),
        Check(
            "every call of screening is answered",
            not found.beside.failures and not found.idle.failures,
            f"{found.beside.failures + found.idle.failures} failed",
        ),
    ]


@contextlib.asynccontextmanager
async def _rig(
    data_dir: Path, feed: Feed, gate: asyncio.Event, progress: Progress
) -> AsyncIterator[tuple[Mesh, Process]]:
    """A supervision that follows our feed, and nothing else beside it."""
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(mesh(data_dir, progress=progress, remove=True))
        port = await stack.enter_async_context(_served(feed, gate))
        for name in list(running.processes):
            await running.processes[name].stop(within_s=_STOP_S)
            del running.processes[name]
        variables = topology.environment("supervision", running.endpoints, running.data_dir)
        variables |= {"YIJIE_SETTLEMENT_TARGET": f"{topology.HOST}:{port}"}
        supervision = Process(
            "supervision", variables, topology.log_path(running.data_dir, "supervision")
        )
        stack.push_async_callback(supervision.stop, within_s=_STOP_S)
        running.processes["supervision"] = supervision
        await running.ready("supervision")
        yield running, supervision


@contextlib.asynccontextmanager
async def _served(feed: Feed, gate: asyncio.Event) -> AsyncIterator[int]:
    """Serves the feed, once the gate is open, in the place of settlement; gives the port."""

    async def subscribe(request: bytes, _context: Any) -> AsyncIterator[bytes]:
        # A sign of life, that nobody waits for the first events in vain.
        yield b""
        await gate.wait()
        for response in feed.responses[_position(request) :]:
            yield response
        await asyncio.sleep(_AUDIT_S_MAX)

    handler = grpc.unary_stream_rpc_method_handler(subscribe)
    service, _, method = _SUBSCRIBE.strip("/").partition("/")
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    port = server.add_insecure_port(f"{topology.HOST}:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


def _position(request: bytes) -> int:
    # Field 1 of SubscribeRequest (after_cursor), a string: how many responses were taken.
    return int(request[2 : 2 + request[1]]) if request[:1] == b"\x0a" else 0


def show(found: Found, out: Console) -> None:
    """Prints what was found."""
    table = Table(title="事后审核 audit after settlement", title_justify="left")
    for name in ("", "value", "aim"):
        table.add_column(name)
    used = {name: spent for name, spent in found.used.seconds.items() if spent}
    cpu = ", ".join(
        f"{name} {spent * _MILLION / found.bills:.0f} µs" for name, spent in used.items()
    )
    table.add_row("bills audited a second", f"{found.throughput:,.0f}", f"≥ {GOAL:,.0f}")
    table.add_row("CPU a bill", cpu, "")
    table.add_row("ScreenBill p99 alone", f"{found.idle.percentile_ms(99):.1f} ms", "")
    table.add_row(
        "ScreenBill p99 beside it",
        f"{found.beside.percentile_ms(99):.1f} ms ({len(found.beside.latencies_s):,} calls)",
        f"≤ {GOAL_P99_MS:.0f} ms",
    )
    table.add_row("rules", f"{found.rules}", "")
    table.add_row("findings", f"{found.findings:,}, of which {found.standing:,} stand", "")
    out.print(table)
    for check in found.checks:
        out.print(f"{'✓' if check.holds else '✗'} {check.name}: {check.detail}")


def document(found: Found) -> dict[str, Any]:
    """Returns what was found, for JSON."""
    return {
        "ok": found.holds,
        "bills": found.bills,
        "lines_per_bill": LINES,
        "rules": found.rules,
        "bills_per_s": round(found.throughput, 1),
        "cpu_us_per_bill": {
            name: round(spent * _MILLION / found.bills, 1)
            for name, spent in found.used.seconds.items()
        },
        "screen_p99_alone_ms": round(found.idle.percentile_ms(99), 2),
        "screen_p99_beside_ms": round(found.beside.percentile_ms(99), 2),
        "findings": found.findings,
        "standing_findings": found.standing,
    }
