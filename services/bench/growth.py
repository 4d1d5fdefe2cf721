"""What a settlement costs that is kept for ever, and what more replicas of the services give.

    yijie bench growth

One mesh; rows, bytes and log of every table for so many settlements, CPU by process; then the same
load over two and four replicas of the services of the round trip, all on the one database.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
from grpc_health.v1 import health_pb2_grpc
from rich.console import Console
from rich.table import Table

from services.bench import checks, population
from services.bench.drive import Driver, Run
from services.bench.usage import Meter, Usage, postmaster_pid
from services.cli import topology
from services.cli.demo import load_demo_data
from services.cli.mesh import READY_S_MAX, Mesh, MeshError, mesh
from services.cli.processes import Process
from services.cli.progress import Progress
from services.cli.province import connected
from services.cli.readiness import serves
from services.kit.channel import open_channel

SCALED: Final = ("identity", "filing", "benefits", "supervision", "settlement")
"""The services of the round trip, in the order in which they are started."""
REPLICAS: Final = (1, 2, 4)
_PEOPLE: Final = 500
_IN_FLIGHT: Final = 16
_WARM_UP_S: Final = 2.0
_SETTLE_DOWN_S: Final = 2.0
_SETTINGS: Final = {"YIJIE_DB_POOL_SIZE_MAX": "4"}
"""Of all processes: 22 with ten connections each are more than a server takes that was not told."""
_POLL_S: Final = 0.05
_MONTH: Final = re.compile(r"_([0-9]{6}|default)$")
_SHOWN: Final = 16

_TABLES: Final = """
SELECT schemaname || '.' || relname AS name, n_tup_ins AS inserted, n_tup_upd AS updated,
       n_tup_del AS deleted, pg_total_relation_size(relid) AS bytes
  FROM pg_stat_user_tables WHERE schemaname <> 'public'"""
_SETTLED: Final = """
SELECT count(*) FROM settlement.settlement_state_change WHERE state = 'SETTLED'"""
_LOG: Final = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8"


@dataclass(frozen=True, slots=True)
class Stored:
    """What one table takes for a settlement."""

    inserted: float
    updated: float
    deleted: float
    size_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A load over so many replicas."""

    replicas: int
    run: Run
    cpu_ms: Mapping[str, float]
    """Of a settlement, by service; "postgres" and "generator" too."""


@dataclass(slots=True)
class Growth:
    """What was measured."""

    stretches: list[Stretch] = field(default_factory=list)
    stored: dict[str, Stored] = field(default_factory=dict)
    """By table, of the first stretch; partitions of a table together."""
    log_bytes: float = 0.0
    """Write-ahead log of a settlement."""

    @property
    def ok(self) -> bool:
        """Tells whether every call was answered."""
        return all(one.run.settled_count and not one.run.errors for one in self.stretches)


@dataclass(frozen=True, slots=True)
class _Reading:
    tables: dict[str, tuple[int, int, int, int]]
    log_bytes: int
    settled: int
    """Settlements in the journal; what was settled too late to be answered costs the same."""


async def measure(
    data_dir: Path,
    *,
    seconds: float,
    replicas: Sequence[int] = REPLICAS,
    progress: Progress,
    quiet: Callable[[], AbstractContextManager[None]],
) -> Growth:
    """Measures in a mesh of its own, removed afterwards.

    Raises:
        MeshError: it cannot be started.
    """
    found = Growth()
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            mesh(data_dir, settings=_SETTINGS, progress=progress, remove=True)
        )
        async with connected(running.endpoints, "") as province:
            await load_demo_data(province, progress)
            people = population.members(_PEOPLE)
            with progress.step("载入压测人群", f"loading {_PEOPLE} synthetic people"):
                person_ids = await population.load_population(province, people)
        requests = population.settle_requests(people, person_ids)
        bodies = [request.SerializeToString() for request in requests]
        connection: Any = await asyncpg.connect(running.dsn)
        stack.push_async_callback(connection.close)
        fleet = await stack.enter_async_context(_fleet(running))
        for count in replicas:
            with progress.step("加压", f"settling over {count} of each service"):
                await fleet.grow(count)
                with quiet():
                    await _measured(found, fleet, connection, bodies, seconds)
    return found


async def _measured(
    found: Growth, fleet: _Fleet, connection: Any, bodies: Sequence[bytes], seconds: float
) -> None:
    drivers = [Driver(channel, bodies[index::2]) for index, channel in enumerate(fleet.channels)]
    share = max(1, _IN_FLIGHT // len(drivers))

    async def load(length_s: float) -> Run:
        whole = Run()
        for run in await asyncio.gather(*(one.closed_loop(share, length_s) for one in drivers)):
            elapsed_s = max(whole.elapsed_s, run.elapsed_s)
            whole.add(run)
            whole.elapsed_s = elapsed_s
        await checks.followed(connection)
        await asyncio.sleep(_SETTLE_DOWN_S)
        return whole

    await load(_WARM_UP_S)
    meter, before_rows = fleet.meter(), await _read(connection)
    before = meter.read()
    run = await load(seconds)
    used = meter.read() - before
    after_rows = await _read(connection)
    count = max(1, after_rows.settled - before_rows.settled)
    stretch = Stretch(replicas=len(drivers), run=run, cpu_ms=_cpu_ms(used, count))
    if not found.stretches:
        found.stored = _stored(before_rows, after_rows, count)
        found.log_bytes = (after_rows.log_bytes - before_rows.log_bytes) / count
    found.stretches.append(stretch)


class _Fleet:
    """The mesh, and further replicas of the services of the round trip beside it.

    The second settlement calls the second identity and so on: as a balancer would spread them, and
    without one that costs something itself.
    """

    def __init__(self, running: Mesh, stack: contextlib.AsyncExitStack) -> None:
        self._mesh = running
        self._stack = stack
        self._ports = topology.PortBook()
        self._extra: dict[str, Process] = {}
        self.channels: list[Any] = []

    async def grow(self, count: int) -> None:
        """Starts replicas until there are so many of each."""
        while len(self.channels) < count:
            index = len(self.channels)
            endpoints = dict(self._mesh.endpoints)
            if index:
                fresh = {name: self._endpoint() for name in SCALED}
                endpoints |= fresh
                for name in SCALED:
                    await self._start(name, index, endpoints)
            address = endpoints["settlement"].address
            self.channels.append(await self._stack.enter_async_context(open_channel(address)))

    def meter(self) -> Meter:
        """Returns a meter of all processes."""
        pids = {name: process.pid for name, process in self._mesh.processes.items()}
        pids |= {name: process.pid for name, process in self._extra.items()}
        return Meter(pids, postmaster_pid(self._mesh.data_dir))

    async def stop(self) -> None:
        """Stops the further replicas."""
        # Not in waves: a mesh that is measured has nobody who waits for an answer any more.
        await asyncio.gather(*(one.stop(within_s=8.0) for one in self._extra.values()))
        self._ports.close()

    def _endpoint(self) -> topology.Endpoint:
        return topology.Endpoint(self._ports.take(), self._ports.take())

    async def _start(
        self, name: str, index: int, endpoints: Mapping[str, topology.Endpoint]
    ) -> None:
        variables = topology.environment(name, endpoints, self._mesh.data_dir)
        log = topology.log_path(self._mesh.data_dir, f"{name}-{index + 1}")
        # The mesh's guard ends it if we are killed: its folder is in its environment.
        process = Process(name, {**variables, **_SETTINGS}, log, name=f"{name} {index + 1}")
        self._extra[process.name] = process
        address = endpoints[name].address
        async with open_channel(address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            end = time.monotonic() + READY_S_MAX
            while not await serves(address, health):
                if process.exit_code is not None or time.monotonic() > end:
                    msg = f"{process.name} does not serve\n{process.tail()}"
                    raise MeshError(msg)
                await asyncio.sleep(_POLL_S)


@contextlib.asynccontextmanager
async def _fleet(running: Mesh) -> AsyncIterator[_Fleet]:
    async with contextlib.AsyncExitStack() as stack:
        fleet = _Fleet(running, stack)
        stack.push_async_callback(fleet.stop)
        yield fleet


async def _read(connection: Any) -> _Reading:
    tables: dict[str, tuple[int, int, int, int]] = {}
    for row in await connection.fetch(_TABLES):
        name = _MONTH.sub("", row["name"])
        numbers = tuple(row)[1:]
        before = tables.get(name, (0, 0, 0, 0))
        tables[name] = tuple(sum(pair) for pair in zip(before, numbers, strict=True))  # type: ignore[assignment]
    log_bytes = await connection.fetchval(_LOG)
    return _Reading(tables, log_bytes, await connection.fetchval(_SETTLED))


def _stored(before: _Reading, after: _Reading, count: int) -> dict[str, Stored]:
    found = {}
    for name, numbers in after.tables.items():
        grown = [now - then for now, then in zip(numbers, before.tables[name], strict=True)]
        if any(grown):
            found[name] = Stored(*(number / count for number in grown))
    return dict(sorted(found.items(), key=lambda item: -item[1].size_bytes))


def _cpu_ms(used: Usage, count: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, seconds in used.seconds.items():
        service = name.partition(" ")[0]
        found[service] = found.get(service, 0.0) + seconds * 1000 / count
    return found


def show(found: Growth, out: Console) -> None:
    """Prints what was measured."""
    table = Table(box=None, header_style="dim")
    for name in ("副本 replicas", "结算/s", "p50 ms", "p99 ms", "CPU ms", "失败 failed"):
        table.add_column(name, justify="right")
    for one in found.stretches:
        total = sum(ms for name, ms in one.cpu_ms.items() if name != "generator")
        table.add_row(
            str(one.replicas),
            f"{one.run.throughput:.0f}",
            f"{one.run.percentile_ms(50):.0f}",
            f"{one.run.percentile_ms(99):.0f}",
            f"{total:.2f}",
            str(sum(one.run.errors.values())),
        )
    out.print(table)
    cost = Table(box=None, header_style="dim")
    cost.add_column("CPU ms / 结算 settlement")
    for one in found.stretches:
        cost.add_column(f"× {one.replicas}", justify="right")
    for name in found.stretches[0].cpu_ms if found.stretches else ():
        cost.add_row(name, *(f"{one.cpu_ms.get(name, 0.0):.2f}" for one in found.stretches))
    out.print(cost)
    kept = Table(box=None, header_style="dim")
    kept.add_column("表 table")
    for name in ("插入 inserted", "更新 updated", "删除 deleted", "字节 bytes, indexes too"):
        kept.add_column(name, justify="right")
    for name, stored in [*found.stored.items()][:_SHOWN]:
        kept.add_row(
            name,
            f"{stored.inserted:.2f}",
            f"{stored.updated:.2f}",
            f"{stored.deleted:.2f}",
            f"{stored.size_bytes:,.0f}",
        )
    rows = sum(one.inserted for one in found.stored.values())
    size = sum(one.size_bytes for one in found.stored.values())
    kept.add_row("合计 all", f"{rows:.2f}", "", "", f"{size:,.0f}")
    kept.add_row("日志 write-ahead log", "", "", "", f"{found.log_bytes:,.0f}")
    out.print(kept)


def document(found: Growth) -> dict[str, Any]:
    """Returns what was measured, for JSON."""
    return {
        "ok": found.ok,
        "stretches": [
            {
                "replicas": one.replicas,
                "settlements_per_s": one.run.throughput,
                "p50_ms": one.run.percentile_ms(50),
                "p99_ms": one.run.percentile_ms(99),
                "cpu_ms": dict(one.cpu_ms),
                "errors": dict(one.run.errors),
            }
            for one in found.stretches
        ],
        "stored": {
            name: {
                "inserted": one.inserted,
                "updated": one.updated,
                "deleted": one.deleted,
                "bytes": one.size_bytes,
            }
            for name, one in found.stored.items()
        },
        "log_bytes": found.log_bytes,
    }
