"""The PostgreSQL of a chaos run: started, stopped at once without a checkpoint, started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from services.cli.mesh import MeshError
from services.cli.postgres import embedded_postgres, restart_postgres

_GONE_S_MAX: Final = 30.0
_START_S_MAX: Final = 60.0
_POLL_S: Final = 0.02
_CONNECT_S: Final = 5.0


class Database:
    """One embedded server. Its settings are PostgreSQL's own: what is committed is on disk."""

    def __init__(self, folder: Path) -> None:
        self.dsn = ""
        """Once it runs."""
        self.folders: Sequence[Path] = (folder,)
        self._folder = folder
        self._lock = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the server while the block runs."""
        server = embedded_postgres(self._folder)
        starting = asyncio.ensure_future(asyncio.to_thread(server.__enter__))
        try:
            self.dsn = await asyncio.shield(starting)
            yield
        finally:
            # A start cannot be broken off half way; what was started is stopped.
            with contextlib.suppress(Exception):
                await starting
                await self.ensure()
                await asyncio.to_thread(server.__exit__, None, None, None)

    async def crash(self) -> None:
        """Stops it in immediate mode: no checkpoint, every session ends, recovery from its log."""
        async with self._lock:
            pid = self._pid()
            if pid is None:
                return
            os.kill(pid, signal.SIGQUIT)
            end = time.monotonic() + _GONE_S_MAX
            while _alive(pid):
                if time.monotonic() > end:
                    msg = f"PostgreSQL {pid} does not end"
                    raise MeshError(msg)
                await asyncio.sleep(_POLL_S)

    async def ensure(self) -> None:
        """Starts it where it does not run."""
        async with self._lock:
            end = time.monotonic() + _START_S_MAX
            while True:
                try:
                    await asyncio.to_thread(restart_postgres, self._folder)
                except (subprocess.SubprocessError, AssertionError) as error:
                    # It waits ten seconds; on a busy machine recovery may take longer, and goes on.
                    # The library asserts that it was enough.
                    if time.monotonic() > end:
                        msg = f"PostgreSQL does not start again: {type(error).__name__}"
                        raise MeshError(msg) from error
                    await asyncio.sleep(_POLL_S)
                else:
                    return

    async def slow(self, delay_s: float) -> None:
        """Makes every commit wait before it is on disk, a tenth of a second at most; 0: no more."""
        delay_us = round(delay_s * 1_000_000)
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection = await asyncpg.connect(self.dsn, timeout=_CONNECT_S)
            try:
                await connection.execute(f"ALTER SYSTEM SET commit_delay = {delay_us:d}")
                await connection.execute("ALTER SYSTEM SET commit_siblings = 0")
                await connection.execute("SELECT pg_reload_conf()")
            finally:
                connection.terminate()

    def _pid(self) -> int | None:
        try:
            text = (self._folder / "postmaster.pid").read_text(encoding="utf-8")
            return int(text.splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None


def _alive(pid: int) -> bool:
    try:
        # It is no child of ours: where nobody collects it, what is left of it stays in the table.
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
