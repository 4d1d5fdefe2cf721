"""A primary and its synchronous standby: two embedded servers, and who promotes the standby.

What an operator of PostgreSQL does (CloudNativePG, Patroni) is here a few lines, so that a drill
needs no cluster: the primary is asked twice a second; after three questions without an answer the
standby is promoted. The primary is not started again as it was: it is dead before it is asked
about, as an operator fences it, so there are never two.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import asyncpg
import psutil

from services.cli.mesh import MeshError
from services.cli.pgtools import (
    kill_server,
    owned_folder,
    run_tool,
    server_processes,
    strip_copy,
)
from services.cli.postgres import embedded_postgres, restart_postgres

STANDBY: Final = "standby"
"""application_name of the standby, by which the primary waits for it."""
_CONNECT_S: Final = 2.0
_LOOK_S: Final = 0.5
_SILENT_LOOKS: Final = 3
_HELD_UP_S: Final = 1.0
_READY_S_MAX: Final = 60.0
_POLL_S: Final = 0.05
_COPY_S_MAX: Final = 120.0
_RELOAD: Final = "SELECT pg_reload_conf()"


class Pair:
    """Two servers, of which one takes writes. Stands in for chaos.database.Database."""

    def __init__(self, first: Path, second: Path) -> None:
        """Names the folders of the first primary and of its standby."""
        self.folders: Sequence[Path] = (first, second)
        self.dsn = ""
        """Of both, for whoever writes; once they run."""
        self.dsns: list[str] = []
        """Of each."""
        self.killed_at: float | None = None
        """time.perf_counter() at which the primary was killed; None: it was not."""
        self.detected_at: float | None = None
        """When it was taken for dead."""
        self.promoted_at: float | None = None
        """When the standby took writes."""
        self._servers = contextlib.ExitStack()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs both, each commit on both disks, and the watch over them, while the block runs."""
        starting = asyncio.ensure_future(asyncio.to_thread(self._start_primary))
        watching: asyncio.Task[None] | None = None
        try:
            await asyncio.shield(starting)
            await self._join()
            watching = asyncio.create_task(self._watch())
            yield
        finally:
            with contextlib.suppress(Exception):
                # A start cannot be broken off half way; what was started is stopped.
                await starting
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await asyncio.to_thread(self._servers.close)

    async def crash(self) -> None:
        """Kills the primary as a power cut does: all its processes at once, by SIGKILL.

        At the worst moment: for a second before, the standby was held up, so that whatever was
        answered without it, or seen by anybody before it had it, is lost.
        """
        held_up = server_processes(self.folders[1])
        for process in held_up:
            process.suspend()
        try:
            await asyncio.sleep(_HELD_UP_S)
            self.killed_at = time.perf_counter()
            kill_server(self.folders[0])
        finally:
            for process in held_up:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    async def ensure(self) -> None:
        """Waits until one of them takes writes.

        Raises:
            MeshError: none does.
        """
        end = time.monotonic() + _READY_S_MAX
        while not await _answers(self.dsn):
            if time.monotonic() > end:
                msg = "neither server of the pair takes writes"
                raise MeshError(msg)
            await asyncio.sleep(_LOOK_S)

    async def slow(self, delay_s: float) -> None:
        """Does nothing: the disks of a pair are as they are."""
        del delay_s

    async def rejoin(self) -> float:
        """Puts a new standby in the place of the dead primary; returns seconds until it follows.

        A copy, because pg_rewind cannot work on the embedded servers: it would have the other's
        socket, which the wheel keeps among the data.

        Raises:
            MeshError: it does not follow.
        """
        started = time.perf_counter()
        dead, alive = self.folders[0], self.dsns[1]
        dead.rename(dead.with_name(f"{dead.name}-dead"))
        await asyncio.to_thread(_copy, alive, dead)
        # By this list the wheel knows that the server is ours to stop.
        users = dead / ".handle_pids.json"
        users.unlink(missing_ok=True)
        users.write_text(f"[{os.getpid()}]", encoding="utf-8")
        await asyncio.to_thread(restart_postgres, dead)
        await _require_standby(alive)
        return time.perf_counter() - started

    def _start_primary(self) -> None:
        self._enter(self.folders[0])

    def _enter(self, folder: Path) -> None:
        self.dsns.append(self._servers.enter_context(embedded_postgres(folder)))

    async def _join(self) -> None:
        primary, standby = self.dsns[0], self.folders[1]
        await asyncio.to_thread(_copy, primary, standby)
        await asyncio.to_thread(self._enter, standby)
        # Not before the copy: promoted, the copy would wait for a standby of its own.
        await _require_standby(primary)
        self.dsn = both(self.dsns)

    async def _watch(self) -> None:
        """Promotes the standby once the primary no longer answers; then there is nothing left."""
        silent = 0
        while silent < _SILENT_LOOKS:
            await asyncio.sleep(_LOOK_S)
            silent = 0 if await _answers(self.dsns[0]) else silent + 1
        self.detected_at = time.perf_counter()
        await _execute(self.dsns[1], "SELECT pg_promote(wait => true, wait_seconds => 60)")
        self.promoted_at = time.perf_counter()


def both(dsns: list[str]) -> str:
    """Returns the connection string of whoever of several servers takes writes."""
    parts = urlsplit(dsns[0])
    hosts = [parse_qs(urlsplit(dsn).query)["host"][0] for dsn in dsns]
    query = urlencode({"host": ",".join(hosts), "target_session_attrs": "read-write"}, safe="/,")
    return urlunsplit(parts._replace(query=query))


def _copy(primary: str, folder: Path) -> None:
    """Makes a folder from which a standby of a server starts."""
    parts = urlsplit(primary)
    # As libpq's keywords: what is written down for the standby must have no quotes in it.
    conninfo = (
        f"host={parse_qs(parts.query)['host'][0]} user={parts.username}"
        f" dbname={parts.path.lstrip('/')} application_name={STANDBY}"
    )
    owned_folder(folder)
    run_tool(
        "pg_basebackup",
        *("--pgdata", str(folder), "--dbname", conninfo, "--write-recovery-conf"),
        *("--wal-method", "stream", "--checkpoint", "fast"),
        timeout_s=_COPY_S_MAX,
    )
    strip_copy(folder)


async def _require_standby(primary: str) -> None:
    """Has a server wait with every commit for its standby, and returns once it does.

    Raises:
        MeshError: no standby has come.
    """
    names = f"FIRST 1 ({STANDBY})"
    await _execute(primary, f"ALTER SYSTEM SET synchronous_standby_names = '{names}'", _RELOAD)
    connection: Any = await asyncpg.connect(primary, timeout=_CONNECT_S)
    try:
        end = time.monotonic() + _READY_S_MAX
        while not await connection.fetchval(
            "SELECT bool_or(sync_state = 'sync') FROM pg_stat_replication"
        ):
            if time.monotonic() > end:
                msg = "the standby does not follow the primary"
                raise MeshError(msg)
            await asyncio.sleep(_POLL_S)
    finally:
        connection.terminate()


async def _execute(dsn: str, *statements: str) -> None:
    connection: Any = await asyncpg.connect(dsn, timeout=_CONNECT_S)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        connection.terminate()


async def _answers(dsn: str) -> bool:
    try:
        connection: Any = await asyncpg.connect(dsn, timeout=_CONNECT_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    try:
        await connection.execute("SELECT 1", timeout=_CONNECT_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    finally:
        connection.terminate()
    return True
