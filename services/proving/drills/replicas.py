"""A mesh whose services have replicas, found by name: what a cluster makes of them, on loopback.

Each replica has an address of its own (127.0.0.2 and on; Linux answers for all of them) and the
port of its service, and callers resolve `settlement.yijie.test` as they would a headless Service.
A new replica gets into the answer when it is ready; an old one is taken out, told to end, and
drains.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from grpc_health.v1 import health_pb2_grpc

from services.cli import topology
from services.cli.mesh import READY_S_MAX, Guard, MeshError
from services.cli.migrate import migrate
from services.cli.processes import Process
from services.cli.progress import Progress
from services.cli.readiness import serves
from services.kit.channel import open_channel
from services.proving.chaos.database import Database
from services.proving.drills.resolver import resolving

_DOMAIN: Final = "yijie.test"
_STOP_S_MAX: Final = 15.0
_POLL_S: Final = 0.05
_ASK_S: Final = 1.0
_FIRST_ADDRESS: Final = 2


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service."""

    service: str
    host: str
    process: Process


@dataclass(slots=True)
class Replicas:
    """The replicas that run. Made by `replicas`."""

    data_dir: Path
    dsn: str
    settings: Mapping[str, str]
    endpoints: dict[str, topology.Endpoint]
    """Port of each service; its replicas differ in their address."""
    addresses: dict[str, list[str]]
    """What names stand for: the ready replicas."""
    guard: Guard
    ports: topology.PortBook
    name_server: str = ""
    """host:port; empty until it serves."""
    running: dict[str, list[Replica]] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    """Services of which a replica did not end by itself in time."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(_FIRST_ADDRESS))

    def target(self, service: str) -> str:
        """Returns what a caller of a service resolves."""
        port = self.endpoints[service].port
        return f"dns://{self.name_server}/{_name(service)}:{port}"

    async def start(self, service: str, *, is_published: bool = False) -> Replica:
        """Starts one more replica and waits until it is ready; only then may anybody find it.

        Raises:
            MeshError: it ended, or did not serve in time.
        """
        host = f"127.0.0.{next(self._numbers)}"
        variables = self._environment(service, host)
        log = topology.log_path(self.data_dir, f"{service}-{host}")
        process = Process(service, {**variables, **self.settings}, log, name=f"{service} at {host}")
        self.guard.tell(f"process {process.pid}")
        replica = Replica(service, host, process)
        self.running.setdefault(service, []).append(replica)
        await self._ready(replica)
        if is_published:
            self.publish(replica)
        return replica

    def publish(self, replica: Replica) -> None:
        """Gives a replica's address out."""
        self.addresses[_name(replica.service)].append(replica.host)

    async def retire(self, replica: Replica) -> None:
        """Takes a replica out of the answer, tells it to end, and waits for that."""
        self.addresses[_name(replica.service)].remove(replica.host)
        await self._stop(replica)

    async def stop(self) -> None:
        """Stops every replica, those who follow a stream first."""
        for wave in topology.STOP_WAVES:
            left = [replica for service in wave for replica in self.running.get(service, ())]
            await asyncio.gather(*(self._stop(replica) for replica in left))

    async def _stop(self, replica: Replica) -> None:
        in_order = await replica.process.stop(within_s=_STOP_S_MAX)
        self.guard.tell(f"ended {replica.process.pid}")
        self.running[replica.service].remove(replica)
        if not in_order or replica.process.exit_code:
            self.killed.append(replica.service)

    async def _ready(self, replica: Replica) -> None:
        process = replica.process
        address = f"{replica.host}:{self.endpoints[replica.service].port}"
        async with open_channel(address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_S_MAX):
                    while process.exit_code is None:
                        if await serves(address, health, within_s=_ASK_S):
                            return
                        await asyncio.sleep(_POLL_S)
        msg = f"{process.name} does not serve (exit code {process.exit_code})\n{process.tail()}"
        raise MeshError(msg)

    def _environment(self, service: str, host: str) -> dict[str, str]:
        variables = topology.environment(service, self.endpoints, self.data_dir)
        named = {f"YIJIE_{name.upper()}_TARGET": name for name in topology.SERVICES}
        for variable, callee in named.items():
            if variable in variables:
                variables[variable] = self.target(callee)
        if "YIJIE_BENEFITS_ROUTES" in variables:
            variables["YIJIE_BENEFITS_ROUTES"] = f"*={self.target('benefits')}"
        variables["YIJIE_LISTEN"] = f"{host}:{self.endpoints[service].port}"
        variables["YIJIE_METRICS_PORT"] = str(self.ports.take())
        return variables


@contextlib.asynccontextmanager
async def replicas(
    data_dir: Path, count: int, settings: Mapping[str, str], progress: Progress
) -> AsyncIterator[Replicas]:
    """Runs `count` replicas of every service while the block runs.

    Raises:
        MeshError: something does not start.
    """
    guard = Guard()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(guard.dismiss)
        guard.tell(f"postgres {data_dir / 'pg'}")
        database = Database(data_dir / "pg")
        with progress.step("启动内嵌 PostgreSQL", "starting the embedded PostgreSQL"):
            await stack.enter_async_context(database.running())
        with progress.step("迁移七个库", "migrating the schemas"):
            await migrate("", database.dsn)
            topology.write_secrets(data_dir, database.dsn)
        ports = topology.PortBook()
        stack.callback(ports.close)
        endpoints = ports.endpoints()
        addresses: dict[str, list[str]] = {_name(service): [] for service in topology.SERVICES}
        running = Replicas(data_dir, database.dsn, settings, endpoints, addresses, guard, ports)
        running.name_server = await stack.enter_async_context(resolving(addresses))
        stack.push_async_callback(running.stop)
        total = count * len(topology.SERVICES)
        with progress.step("启动各服务", f"starting {total} processes"):
            await asyncio.gather(
                *(
                    running.start(service, is_published=True)
                    for service in topology.SERVICES
                    for _ in range(count)
                )
            )
        yield running


def _name(service: str) -> str:
    return f"{service}.{_DOMAIN}"
