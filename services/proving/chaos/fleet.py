"""The mesh of a chaos run: every service a process, every call through a proxy.

Two replicas of settlement, and a second benefits process with a database of its own, as a province
would run it. The processes are those of `yijie serve`, in a database of this run, and nothing is
set otherwise than in production but the waits of recovery and of the feed, so that they come into
play within a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from grpc_health.v1 import health_pb2_grpc

from services.bench.proxy import Proxy
from services.cli import topology
from services.cli.mesh import Guard, MeshError
from services.cli.migrate import migrate
from services.cli.processes import Process
from services.cli.progress import Progress
from services.cli.readiness import serves
from services.kit.channel import open_channel
from services.proving.chaos.database import Database
from services.proving.chaos.plan import CLIENT, LINKS, REPLICAS, SERVICES, link_name

REMOTE_PROVINCE: Final = "110000"
"""The insured province whose benefits are served from a process and database of its own."""
SETTINGS: Final[Mapping[str, str]] = {
    "YIJIE_RECOVERY_AFTER_S": "1.0",
    "YIJIE_RECOVERY_INTERVAL_S": "0.25",
    # Longer than a settlement's second, shorter than the longest hang: some are given up.
    "YIJIE_ABANDON_AFTER_S": "3.0",
    "YIJIE_FEED_HEARTBEAT_S": "0.5",
    "YIJIE_FEED_SILENCE_S_MAX": "3.0",
    "YIJIE_FEED_BACKOFF_S_MAX": "1.0",
}
_REMOTE_DATABASE: Final = "yijie_remote"
_READY_S_MAX: Final = 60.0
_STOP_S_MAX: Final = 8.0
_POLL_S: Final = 0.05
_KEEP_S: Final = 0.3
_NO_START: Final = '"event":"cannot start"'
"""In the log of a service whose database or callee was not there when it was started."""


class Servers(Protocol):
    """The database of a run: one server (chaos.database), or two (chaos.pair)."""

    dsn: str

    @property
    def folders(self) -> Sequence[Path]:
        """Its data folders."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Runs it while the block runs; sets `dsn`."""

    async def crash(self) -> None:
        """Stops it at once."""

    async def ensure(self) -> None:
        """Waits until it takes writes, started again if need be."""

    async def slow(self, delay_s: float) -> None:
        """Makes every commit wait; 0: no more."""


class Fleet:
    """The processes, their proxies and the database. Made by `fleet`."""

    def __init__(self, data_dir: Path, database: Servers, guard: Guard) -> None:
        self.data_dir = data_dir
        self.database = database
        self.endpoints: dict[str, topology.Endpoint] = {}
        self.processes: dict[str, Process] = {}
        self.proxies: dict[str, Proxy] = {}
        self.restarted = 0
        """Starts that were tried again: the database was not there."""
        self.deaths: list[str] = []
        """Processes that ended by themselves although they could work."""
        self._killed: set[str] = set()
        self._guard = guard

    @property
    def log_dir(self) -> Path:
        """Where the services' output goes."""
        return topology.log_path(self.data_dir, "any").parent

    async def open_proxies(self) -> None:
        """Opens the way of every call."""
        for caller, callee in LINKS:
            name = link_name(caller, callee)
            proxy = Proxy(name, self.endpoints[callee].port)
            await proxy.open()
            self.proxies[name] = proxy

    async def close_proxies(self) -> None:
        """Closes all of them."""
        await asyncio.gather(*(proxy.close() for proxy in self.proxies.values()))

    def start(self, name: str) -> None:
        """Starts a process, or starts it again."""
        if name in self.processes:
            self._guard.tell(f"ended {self.processes[name].pid}")
        self._killed.discard(name)
        process = Process(
            name.partition("-")[0],
            {**self._environment(name), **SETTINGS},
            topology.log_path(self.data_dir, name),
        )
        self.processes[name] = process
        self._guard.tell(f"process {process.pid}")

    def is_running(self, name: str) -> bool:
        """Tells whether a process has not ended."""
        return self.processes[name].exit_code is None

    async def kill(self, name: str) -> None:
        """Ends a process without a chance to do anything; it stays ended until it is started."""
        self._killed.add(name)
        self.processes[name].kill()
        await self.processes[name].ended(within_s=_STOP_S_MAX)

    async def keep(self) -> None:
        """Starts what ended by itself, as an orchestrator does, until cancelled."""
        while True:
            await asyncio.sleep(_KEEP_S)
            for name, process in list(self.processes.items()):
                if process.exit_code is None or name in self._killed:
                    continue
                tail = process.tail()
                if _NO_START in tail:
                    self.restarted += 1
                else:
                    self.deaths.append(f"{name} ended by itself ({process.exit_code}): {tail}")
                self.start(name)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to a process of ours that runs."""
        if self.is_running(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.processes[name].pid, number)

    async def ready(self, name: str, *, kept: bool = False) -> None:
        """Waits until a process says SERVING; with `kept` also through starts that fail.

        Raises:
            MeshError: it ended, or did not serve in time.
        """
        end = time.monotonic() + _READY_S_MAX
        address = self.endpoints[name].address
        async with open_channel(address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            while not await serves(address, health):
                process = self.processes[name]
                ended = process.exit_code is not None and not kept
                if ended or time.monotonic() > end:
                    msg = f"{name} does not serve (exit code {process.exit_code})\n{process.tail()}"
                    raise MeshError(msg)
                await asyncio.sleep(_POLL_S)

    async def heal(self) -> None:
        """Mends everything that may be broken; `keep` starts what has ended."""
        for proxy in self.proxies.values():
            proxy.heal()
        await self.database.ensure()
        await self.database.slow(0.0)
        for name in SERVICES:
            self.signal(name, signal.SIGCONT)
        await asyncio.gather(*(self.ready(name, kept=True) for name in SERVICES))

    async def stop(self) -> None:
        """Stops every process in order; one that hangs is woken first."""
        for wave in topology.STOP_WAVES:
            names = [name for name in self.processes if name.partition("-")[0] in wave]
            for name in names:
                self.signal(name, signal.SIGCONT)
            await asyncio.gather(
                *(self.processes[name].stop(within_s=_STOP_S_MAX) for name in names)
            )
            for name in names:
                self._guard.tell(f"ended {self.processes[name].pid}")

    def _environment(self, name: str) -> dict[str, str]:
        service, _, part = name.partition("-")
        seen = {service: self.endpoints[name]}
        for caller, callee in LINKS:
            if caller == name and callee != "benefits-remote":
                # What a caller takes for the callee's address is its proxy's.
                port = self.proxies[link_name(caller, callee)].port
                seen[callee.partition("-")[0]] = topology.Endpoint(port, 0)
        variables = topology.environment(service, seen, self.data_dir)
        if "YIJIE_BENEFITS_ROUTES" in variables:
            remote = self.proxies[link_name(name, "benefits-remote")].address
            variables["YIJIE_BENEFITS_ROUTES"] += f",{REMOTE_PROVINCE}={remote}"
        if part == "remote":
            variables["YIJIE_DSN_FILE"] = str(self.data_dir / "secrets" / part)
        return variables


@contextlib.asynccontextmanager
async def fleet(
    data_dir: Path, progress: Progress, database: Servers | None = None, *, is_kept: bool = False
) -> AsyncIterator[Fleet]:
    """Runs everything while the block runs; the data directory goes with it, even if killed.

    With `is_kept` it stays. `database` is in the data directory; none given: one embedded server.

    Raises:
        MeshError: something does not start.
    """
    guard = Guard()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(guard.dismiss)
        if not is_kept:
            guard.tell(f"remove {data_dir}")
        servers: Servers = database or Database(data_dir / "pg")
        for folder in servers.folders:
            guard.tell(f"postgres {folder}")
        with progress.step("启动内嵌 PostgreSQL", "starting the embedded PostgreSQL"):
            await stack.enter_async_context(servers.running())
        with progress.step("迁移八个库", "migrating the schemas"):
            await migrate("", servers.dsn)
            topology.write_secrets(data_dir, servers.dsn)
            _write_remote(data_dir, await _make_remote(servers.dsn))
        ports = topology.PortBook()
        stack.callback(ports.close)
        running = Fleet(data_dir, servers, guard)
        running.endpoints = {
            name: topology.Endpoint(ports.take(), ports.take()) for name in SERVICES
        }
        await running.open_proxies()
        stack.push_async_callback(running.close_proxies)
        stack.push_async_callback(running.stop)
        with progress.step("启动九个进程", "starting nine processes, every call through a proxy"):
            for name in SERVICES:
                running.start(name)
            await asyncio.gather(*(running.ready(name) for name in SERVICES))
        yield running


def client_address(running: Fleet, replica: str) -> str:
    """Returns where hospitals reach a replica of settlement: through a proxy."""
    return running.proxies[link_name(CLIENT, replica)].address


def direct(running: Fleet) -> dict[str, topology.Endpoint]:
    """Returns where each service is reached without a proxy, by its service's name."""
    found = {name: end for name, end in running.endpoints.items() if "-" not in name}
    return {**found, "settlement": running.endpoints[REPLICAS[0]]}


async def _make_remote(dsn: str) -> str:
    """Makes the remote province's database; returns its connection string."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"CREATE DATABASE {_REMOTE_DATABASE}")
    finally:
        await connection.close()
    remote = urlunsplit(urlsplit(dsn)._replace(path=f"/{_REMOTE_DATABASE}"))
    await migrate("benefits", remote)
    return remote


def _write_remote(data_dir: Path, dsn: str) -> None:
    path = data_dir / "secrets" / "remote"
    path.touch(mode=0o600)
    path.write_text(dsn + "\n", encoding="utf-8")
