"""The whole mesh on one machine: PostgreSQL and the seven services, as real processes.

    async with mesh(data_dir) as running:
        running.endpoints["settlement"].address

Everything it makes lies in the data directory: pg/ (the database), secrets/ (keys and DSN, mode
0600), logs/, traces/, endpoints.json. Several meshes may run at once, each with its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

import grpc
import orjson
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cli import topology
from services.cli.migrate import migrate
from services.cli.postgres import embedded_postgres
from services.cli.processes import Process
from services.cli.progress import Progress
from services.kit.channel import open_channel

ENDPOINTS: Final = "endpoints.json"
READY_S_MAX: Final = 60.0
"""A service that does not serve by then is taken for broken."""
STOP_S_MAX: Final = 8.0
"""A service that does not end by then is killed; longer than its drain."""
_POLL_S = 0.05
_FOLDER_BYTES_MAX: Final = 80


class MeshError(Exception):
    """The mesh cannot be started, or one of its services ended; the text says which and why."""


class Mesh:
    """A running mesh. Made by `mesh`."""

    def __init__(
        self,
        data_dir: Path,
        dsn: str,
        endpoints: Mapping[str, topology.Endpoint],
        settings: Mapping[str, str],
        guard: Guard,
    ) -> None:
        self.data_dir = data_dir
        self.dsn = dsn
        self.endpoints = endpoints
        self.processes: dict[str, Process] = {}
        self._settings = settings
        self._guard = guard

    @property
    def trace_dir(self) -> Path:
        """Where the services leave their spans."""
        return topology.trace_dir(self.data_dir)

    def start(self, service: str) -> Process:
        """Starts one service, or starts it again; `ready` waits until it serves."""
        if service in self.processes:
            # Its pid may be another program's by the time the guard would send it a signal.
            self._guard.tell(f"ended {self.processes[service].pid}")
        variables = topology.environment(service, self.endpoints, self.data_dir)
        process = Process(
            service,
            {**variables, **self._settings},
            topology.log_path(self.data_dir, service),
        )
        self.processes[service] = process
        self._guard.tell(f"process {process.pid}")
        return process

    async def ready(self, service: str) -> None:
        """Waits until a service says SERVING.

        Raises:
            MeshError: it ended, or did not serve in time; with the last lines of its log.
        """
        process = self.processes[service]
        end = time.monotonic() + READY_S_MAX
        async with open_channel(self.endpoints[service].address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            while not await _serves(health):
                if process.exit_code is not None:
                    raise MeshError(_obituary(process))
                if time.monotonic() > end:
                    msg = f"{service} does not serve after {READY_S_MAX:.0f} s\n{process.tail()}"
                    raise MeshError(msg)
                await asyncio.sleep(_POLL_S)

    async def watch(self) -> None:
        """Returns never, or raises MeshError as soon as a service has ended by itself."""
        while True:
            self.check()
            await asyncio.sleep(0.5)

    def check(self) -> None:
        """Raises MeshError when a service has ended by itself."""
        for process in self.processes.values():
            if process.exit_code is not None:
                raise MeshError(_obituary(process))

    async def stop(self) -> list[str]:
        """Stops all services in order; returns those that had to be killed."""
        killed: list[str] = []
        for wave in topology.STOP_WAVES:
            processes = [self.processes[name] for name in wave if name in self.processes]
            ended = await asyncio.gather(*(p.stop(within_s=STOP_S_MAX) for p in processes))
            for process, in_order in zip(processes, ended, strict=True):
                self._guard.tell(f"ended {process.pid}")
                if not in_order:
                    killed.append(process.name)
        return killed


class Guard:
    """The other end of services.cli.guard."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "services.cli.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def tell(self, line: str) -> None:
        """Says what to clean up, or that it is gone."""
        pipe: IO[str] | None = self._popen.stdin
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # without a guard we still clean up
                pipe.write(line + "\n")
                pipe.flush()

    async def dismiss(self) -> None:
        """Ends the input: what is left is cleaned up now."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        await asyncio.to_thread(self._popen.wait)


@contextlib.asynccontextmanager
async def mesh(
    data_dir: Path,
    *,
    dsn: str = "",
    settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    remove: bool = False,
) -> AsyncIterator[Mesh]:
    """Runs the mesh while the block runs.

    Args:
        data_dir: its folder, made if need be.
        dsn: an existing PostgreSQL to use; empty: the embedded one.
        settings: more YIJIE_* variables, for all services.
        progress: where steps are announced.
        remove: whether the data directory goes with the mesh, even if this process is killed.

    Raises:
        MeshError: another mesh uses the folder, or a service fails.
        DatabaseError: the database cannot be reached, or refuses us.
        MigrationError: the database was migrated by other files.
    """
    progress = progress or Progress()
    data_dir = _made(data_dir)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_claimed(data_dir))
        guard = Guard()
        stack.push_async_callback(guard.dismiss)
        # Left behind by a killed mesh, it would send other commands to nobody.
        guard.tell(f"remove {data_dir / ENDPOINTS}")
        if remove:
            guard.tell(f"remove {data_dir}")
            stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        if not dsn:
            guard.tell(f"postgres {data_dir / 'pg'}")
            with progress.step("启动内嵌 PostgreSQL", "starting the embedded PostgreSQL"):
                dsn = await _enter_postgres(stack, data_dir / "pg")
        with progress.step("迁移七个库", "migrating the schemas"):
            await migrate("", dsn)
        topology.write_secrets(data_dir, dsn)
        ports = topology.PortBook()
        stack.callback(ports.close)
        running = Mesh(data_dir, dsn, ports.endpoints(), settings or {}, guard)
        stack.push_async_callback(_stop, running, progress)
        with progress.step("启动七个服务", "starting the seven services"):
            for service in topology.SERVICES:
                running.start(service)
            await asyncio.gather(*(running.ready(service) for service in topology.SERVICES))
        write_endpoints(running)
        stack.callback((data_dir / ENDPOINTS).unlink, missing_ok=True)
        yield running


def write_endpoints(running: Mesh) -> None:
    """Writes endpoints.json, by which other commands find the mesh of a data directory."""
    document = {name: dataclasses.asdict(end) for name, end in running.endpoints.items()}
    (running.data_dir / ENDPOINTS).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def read_endpoints(data_dir: Path) -> dict[str, topology.Endpoint]:
    """Returns where the mesh of a data directory listens; empty: none runs."""
    try:
        document = orjson.loads((data_dir / ENDPOINTS).read_bytes())
    except FileNotFoundError:
        return {}
    return {name: topology.Endpoint(**fields) for name, fields in document.items()}


def _made(data_dir: Path) -> Path:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / "lock").touch()
    except OSError as error:
        msg = f"{data_dir} cannot be used as data directory: {error.strerror}"
        raise MeshError(msg) from error
    return data_dir.resolve()


def temporary_dir() -> Path:
    """Makes a folder for a mesh that is not kept."""
    here = Path(tempfile.gettempdir())
    # Some systems give each user a long path for temporary files, too long for a socket.
    return Path(tempfile.mkdtemp(prefix="yijie-", dir=here if fits_socket(here) else "/tmp"))  # noqa: S108


def fits_socket(folder: Path) -> bool:
    """Tells whether the embedded PostgreSQL can have its socket below a folder.

    The path of a socket has about a hundred characters, and pg_ctl hands it to a shell unquoted.
    """
    text = str(folder)
    return len(text.encode()) <= _FOLDER_BYTES_MAX and not any(c.isspace() for c in text)


@contextlib.contextmanager
def _claimed(data_dir: Path) -> Iterator[None]:
    """Keeps a second mesh off the folder; the lock goes with the process, however it ends."""
    with (data_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"a mesh already runs in {data_dir}"
            raise MeshError(msg) from None
        yield


async def _enter_postgres(stack: contextlib.AsyncExitStack, folder: Path) -> str:
    if not fits_socket(folder):
        msg = (
            f"{folder}: too long for a Unix socket, or with blanks; choose another folder:"
            " yijie up --data-dir D, make up UP_DIR=D"
        )
        raise MeshError(msg)
    server = embedded_postgres(folder)
    # Starting takes seconds and cannot be broken off half way: a signal waits for it.
    starting = asyncio.ensure_future(asyncio.to_thread(server.__enter__))
    try:
        dsn = await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            await starting
            await asyncio.to_thread(server.__exit__, None, None, None)
        raise
    except (OSError, subprocess.SubprocessError) as error:
        msg = f"PostgreSQL does not start: {type(error).__name__}; see {folder / 'log'}"
        raise MeshError(msg) from error
    stack.push_async_callback(asyncio.to_thread, server.__exit__, None, None, None)
    return dsn


async def _stop(running: Mesh, progress: Progress) -> None:
    with progress.step("停止服务", "stopping the services"):
        killed = await running.stop()
    for name in killed:
        progress.say(f"  {name} did not stop in time and was killed")


async def _serves(health: health_pb2_grpc.HealthStub) -> bool:
    try:
        answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=1.0)
    except grpc.aio.AioRpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _obituary(process: Process) -> str:
    code = process.exit_code
    how = f"was ended by signal {-code}" if code is not None and code < 0 else f"exited with {code}"
    return f"{process.name} {how}; the end of {process.log}:\n{process.tail()}"
