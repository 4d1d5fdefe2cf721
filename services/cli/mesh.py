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
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import orjson
from grpc_health.v1 import health_pb2_grpc

from services.cli import topology
from services.cli.certs.folder import CertsError
from services.cli.certs.local import fill
from services.cli.connecting import open_endpoint
from services.cli.migrate import ensure_database, migrate
from services.cli.postgres import embedded_postgres
from services.cli.processes import Process
from services.cli.progress import Progress
from services.cli.readiness import serves
from services.cli.signatures import local as signatures
from services.cli.signatures.keys import SignaturesError

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
        endpoints: dict[str, topology.Endpoint],
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

    def start(self, name: str) -> Process:
        """Starts one process, or starts it again; `ready` waits until it serves."""
        if name in self.processes:
            # Its pid may be another program's by the time the guard would send it a signal.
            self._guard.tell(f"ended {self.processes[name].pid}")
        variables = topology.environment(name, self.endpoints, self.data_dir)
        process = Process(
            topology.service_of(name),
            {**variables, **self._settings},
            topology.log_path(self.data_dir, name),
            name=name,
        )
        self.processes[name] = process
        self._guard.tell(f"process {process.pid}")
        return process

    async def ready(self, name: str) -> None:
        """Waits until a process says SERVING.

        Raises:
            MeshError: it ended, or did not serve in time; with the last lines of its log.
        """
        process, endpoint = self.processes[name], self.endpoints[name]
        end = time.monotonic() + READY_S_MAX
        async with open_endpoint(endpoint, is_checked=False) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            while not await serves(endpoint.address, health):
                if process.exit_code is not None:
                    raise MeshError(_obituary(process))
                if time.monotonic() > end:
                    msg = f"{name} does not serve after {READY_S_MAX:.0f} s\n{process.tail()}"
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
            processes = [
                process
                for name, process in self.processes.items()
                if topology.service_of(name) in wave
            ]
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
    provinces: Sequence[str] = (),
    tls: bool = False,
    progress: Progress | None = None,
    remove: bool = False,
) -> AsyncIterator[Mesh]:
    """Runs the mesh while the block runs.

    Args:
        data_dir: its folder, made if need be.
        dsn: an existing PostgreSQL to use; empty: the embedded one.
        settings: more YIJIE_* variables, for all services.
        provinces: insured provinces whose benefits run apart, each with a database of its own.
        tls: whether every call is by TLS with certificates of both sides, which are made in certs/.
        progress: where steps are announced.
        remove: whether the data directory goes with the mesh, even if this process is killed.

    Raises:
        MeshError: another mesh uses the folder, or used it with other provinces, or a service
            fails.
        DatabaseError: the database cannot be reached, or refuses us.
        MigrationError: the database was migrated by other files.
    """
    progress = progress or Progress()
    data_dir = _made(data_dir)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_claimed(data_dir))
        _require_same_provinces(data_dir, provinces)
        guard = Guard()
        stack.push_async_callback(guard.dismiss)
        # Left behind by a killed mesh, it would send other commands to nobody.
        guard.tell(f"folder {data_dir}")
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
            remote = {province: await _own_database(dsn, province) for province in provinces}
        topology.write_secrets(data_dir, dsn, remote=remote)
        ports = topology.PortBook()
        stack.callback(ports.close)
        certs = _certificates(data_dir, provinces) if tls else ""
        endpoints = ports.endpoints(provinces, certs=certs)
        running = Mesh(data_dir, dsn, endpoints, settings or {}, guard)
        stack.push_async_callback(_stop, running, progress)
        with progress.step("启动各服务", f"starting {len(running.endpoints)} processes"):
            for name in running.endpoints:
                running.start(name)
            await asyncio.gather(*(running.ready(name) for name in running.endpoints))
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


def _require_same_provinces(data_dir: Path, provinces: Sequence[str]) -> None:
    """What a province has booked lies in one database: another one would know nothing of it."""
    before = topology.provinces_before(data_dir)
    if before is not None and before != sorted(provinces):
        how = f"with {', '.join(before)} apart" if before else "without --regions"
        msg = f"{data_dir} was filled {how}: go on so, or choose another folder"
        raise MeshError(msg)


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


def _certificates(data_dir: Path, provinces: Sequence[str]) -> str:
    """Makes the certificates and signing keys that are missing; returns the former's folder."""
    folder = topology.certs_dir(data_dir)
    try:
        fill(folder, topology.process_names(provinces))
        signatures.fill(topology.signatures_dir(data_dir))
    except (CertsError, SignaturesError) as error:
        raise MeshError(str(error)) from None
    return str(folder)


async def _own_database(dsn: str, province: str) -> str:
    """Makes the database of a province that runs apart; returns its connection string."""
    own = await ensure_database(dsn, f"yijie_{topology.remote_name(province).replace('-', '_')}")
    await migrate("benefits", own)
    return own


async def _stop(running: Mesh, progress: Progress) -> None:
    with progress.step("停止服务", "stopping the services"):
        killed = await running.stop()
    for name in killed:
        progress.say(f"  {name} did not stop in time and was killed")


def _obituary(process: Process) -> str:
    code = process.exit_code
    how = f"was ended by signal {-code}" if code is not None and code < 0 else f"exited with {code}"
    return f"{process.name} {how}; the end of {process.log}:\n{process.tail()}"
