"""The floor's processes beside the real mesh: the same PostgreSQL, a database of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import grpc

from services.bench.floor import CALLEES, ROLES, SCHEMA, Settings, Sizes
from services.cli.mesh import MeshError
from services.cli.topology import HOST, PortBook

DATABASE: Final = "floor"
_READY_S_MAX: Final = 20.0
_STOP_S_MAX: Final = 5.0


class FloorError(MeshError):
    """The floor cannot be started, or one of its processes ended."""


@dataclass(frozen=True, slots=True)
class FloorMesh:
    """The floor's running processes."""

    pids: Mapping[str, int]
    settlement_address: str


@contextlib.asynccontextmanager
async def floor_mesh(dsn: str, sizes: Sizes, *, people: int) -> AsyncIterator[FloorMesh]:
    """Runs the floor while the block runs.

    Raises:
        FloorError: a process does not come up.
    """
    floor_dsn = await _make_database(dsn, sizes, people)
    ports = PortBook()
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        addresses = {role: f"{HOST}:{ports.take()}" for role in ROLES}
        for role in ROLES:
            settings = Settings(
                listen=addresses[role],
                dsn=floor_dsn,
                targets={name: addresses[name] for name in CALLEES.get(role, ())},
                sizes=sizes,
                people=people,
            )
            processes[role] = _start(role, settings)
        for role in ROLES:
            await _ready(role, addresses[role], processes[role])
        yield FloorMesh(
            {role: process.pid for role, process in processes.items()}, addresses["settlement"]
        )
    finally:
        # The end of the input is the sign to end; it comes even if this process is killed.
        for process in processes.values():
            if process.stdin is not None:
                process.stdin.close()
        for process in processes.values():
            await asyncio.to_thread(_wait, process)
        ports.close()


def _start(role: str, settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module and a role of ours
        [sys.executable, "-m", "services.bench.floor", role],
        # gRPC tells of every connection that ends, on standard error.
        env={**os.environ, "GRPC_VERBOSITY": "ERROR", **settings.environment()},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        process_group=0,
    )


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _ready(role: str, address: str, process: subprocess.Popen[bytes]) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            await asyncio.wait_for(channel.channel_ready(), _READY_S_MAX)
        except TimeoutError:
            msg = f"the floor's {role} does not serve (exit code {process.poll()})"
            raise FloorError(msg) from None


async def _make_database(dsn: str, sizes: Sizes, people: int) -> str:
    """Makes the floor's database with its rows; returns its connection string."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()
    floor_dsn = urlunsplit(urlsplit(dsn)._replace(path=f"/{DATABASE}"))
    connection = await asyncpg.connect(floor_dsn)
    try:
        await connection.execute(SCHEMA)
        for table, size in (("person", sizes.person), ("filing", sizes.filing)):
            rows = [(key, b"\1" * size) for key in range(people)]
            await connection.copy_records_to_table(table, records=rows)
        rows_used = [(key, 0) for key in range(people)]
        await connection.copy_records_to_table("accumulators", records=rows_used)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return floor_dsn
