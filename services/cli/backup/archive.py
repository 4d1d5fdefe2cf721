"""A folder of backups, and what fills it and restores from it.

    ARCHIVE/base/20261122T101500Z/        a copy of the data folder, as pg_basebackup makes it
    ARCHIVE/base/20261122T101500Z.json    when it was made, how large it is
    ARCHIVE/wal/                          the log since, as pg_receivewal follows it

Any moment between a copy and the end of the log can be restored. The programs are PostgreSQL's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

import orjson

from services.cli.mesh import MeshError
from services.cli.pgtools import hand_over, owned_folder, run_tool, server_user, tool_path

SLOT: Final = "yijie_backup"
"""The replication slot that keeps what has not been followed yet."""
_NAME: Final = "%Y%m%dT%H%M%SZ"
_STOP_S_MAX: Final = 10.0
_POLL_S: Final = 0.1
_LAST_CHARS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A copy of the data folder."""

    name: str
    begin_time: datetime
    end_time: datetime
    """From here on a moment can be restored from it."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Archive:
    """The folder of one server's backups."""

    folder: Path

    @property
    def base_dir(self) -> Path:
        """Where the copies are."""
        return self.folder / "base"

    @property
    def wal_dir(self) -> Path:
        """Where the log is."""
        return self.folder / "wal"

    def bases(self) -> list[Base]:
        """Returns the copies that are whole, oldest first."""
        found = []
        for path in sorted(self.base_dir.glob("*.json")):
            document = orjson.loads(path.read_bytes())
            times = {
                name: datetime.fromisoformat(document[name]) for name in ("begin_time", "end_time")
            }
            found.append(Base(name=document["name"], size_bytes=document["size_bytes"], **times))
        return found

    def base_before(self, moment: datetime | None) -> Base:
        """Returns the latest copy that a moment can be restored from; None: of now.

        Raises:
            MeshError: there is none.
        """
        bases = self.bases()
        usable = [base for base in bases if moment is None or base.end_time <= moment]
        if not usable:
            why = (
                f"the first one ended {bases[0].end_time.isoformat()}" if bases else "there is none"
            )
            msg = f"{self.folder} has no base copy from before that moment: {why}"
            raise MeshError(msg)
        return usable[-1]


def take_base(archive: Archive, dsn: str, tools: Path | None = None) -> Base:
    """Copies the data folder of a running server, and verifies the copy file by file.

    Raises:
        MeshError: the server refuses, or the copy is not what its manifest says.
    """
    began = datetime.now(UTC)
    name = began.strftime(_NAME)
    archive.base_dir.mkdir(parents=True, exist_ok=True)
    target = owned_folder(archive.base_dir / f"{name}.partial")
    where, password = without_password(dsn)
    run_tool(
        "pg_basebackup",
        *("--pgdata", str(target), "--dbname", where, "--wal-method", "stream"),
        *("--checkpoint", "fast", "--manifest-checksums", "SHA256", "--no-password"),
        tools=tools,
        password=password,
    )
    run_tool("pg_verifybackup", "--quiet", str(target), tools=tools)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    target.rename(archive.base_dir / name)
    base = Base(name=name, begin_time=began, end_time=datetime.now(UTC), size_bytes=size)
    # Last: what has no such file is half a copy.
    (archive.base_dir / f"{name}.json").write_bytes(
        orjson.dumps(dataclasses.asdict(base), option=orjson.OPT_INDENT_2)
    )
    return base


@contextlib.asynccontextmanager
async def following(
    archive: Archive, dsn: str, *, slot: str = SLOT, tools: Path | None = None
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Follows a server's log into the archive while the block runs; gives the process that does.

    It connects again by itself when the server is gone for a while; the slot has the server keep
    what was not followed. Ended, it has on disk what it said it had.

    Raises:
        MeshError: the server refuses.
    """
    if not archive.wal_dir.exists():
        owned_folder(archive.wal_dir)
    where, password = without_password(dsn)
    common = ("--directory", str(archive.wal_dir), "--dbname", where, "--slot", slot)
    await asyncio.to_thread(
        run_tool,
        "pg_receivewal",
        *common,
        *("--create-slot", "--if-not-exists", "--no-password"),
        tools=tools,
        password=password,
    )
    process = await asyncio.to_thread(_start_following, common, password, tools)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.to_thread(process.wait, _STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()


def _start_following(
    common: Sequence[str], password: str, tools: Path | None
) -> subprocess.Popen[bytes]:
    # asyncio's way would be uvloop's, which starts no process as another user.
    return subprocess.Popen(
        [tool_path("pg_receivewal", tools), *common, "--synchronous", "--no-password"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=server_user(),
        cwd="/",
        env={**os.environ, **({"PGPASSWORD": password} if password else {})},
    )


def lay_out(archive: Archive, base: Base, folder: Path, moment: datetime | None) -> None:
    """Makes a data folder that recovers to a moment when it is started; None: to the log's end.

    Raises:
        MeshError: the folder is not empty.
    """
    owned_folder(folder)
    shutil.copytree(archive.base_dir / base.name, folder, dirs_exist_ok=True)
    # It belonged to the running original; the wheel keeps its socket and log among the data.
    for left in (*folder.glob(".s.PGSQL.*"), folder / "log", folder / "backup_manifest"):
        left.unlink(missing_ok=True)
    # pg_receivewal calls what it is still writing partial.
    log = archive.wal_dir.resolve()
    fetch = f'cp "{log}/%f" "%p" 2>/dev/null || cp "{log}/%f.partial" "%p"'
    settings = [
        f"restore_command = '{fetch}'",
        "recovery_target_action = 'promote'",
        # A copy of a primary would wait for the primary's standby.
        "synchronous_standby_names = ''",
    ]
    if moment is not None:
        settings.append(f"recovery_target_time = '{moment.astimezone(UTC).isoformat()}'")
    with (folder / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in settings)
    (folder / "recovery.signal").touch()
    hand_over(folder)


def recover(folder: Path, *, timeout_s: float, tools: Path | None = None) -> float:
    """Starts what `lay_out` made, waits until it takes writes, stops it; returns the seconds.

    Raises:
        MeshError: the log does not reach the moment, or cannot be read; or it takes too long.
    """
    started = time.perf_counter()
    log = folder / "log"
    pg_ctl = ("--pgdata", str(folder), "--log", str(log), "--timeout", f"{timeout_s:.0f}")
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
    try:
        run_tool("pg_ctl", "start", *pg_ctl, "--options", options, "--wait", tools=tools)
        # It answers before it is through, as a standby would.
        while _ask(folder, tools, "SELECT pg_is_in_recovery()") != "f":
            _require_time(started, timeout_s)
            time.sleep(_POLL_S)
        for name in ("restore_command", "recovery_target_action", "recovery_target_time"):
            _ask(folder, tools, f"ALTER SYSTEM RESET {name}")
        run_tool("pg_ctl", "stop", *pg_ctl, "--mode", "fast", "--wait", tools=tools)
    except MeshError as error:
        with contextlib.suppress(MeshError):
            run_tool("pg_ctl", "stop", *pg_ctl, "--mode", "immediate", "--wait", tools=tools)
        said = [line for line in _lines(log) if "FATAL" in line]
        # Of the log only what the server says of itself: statements in it may hold anything.
        end = "\n".join(said[-3:])[-_LAST_CHARS:]
        msg = f"{error}\n{end}" if end else str(error)
        raise MeshError(msg) from error
    return time.perf_counter() - started


def _ask(folder: Path, tools: Path | None, statement: str) -> str:
    return run_tool(
        "psql",
        *("--host", str(folder), "--username", "postgres", "--dbname", "postgres"),
        *("--no-psqlrc", "--tuples-only", "--no-align", "--command", statement),
        tools=tools,
    ).strip()


def _require_time(started: float, timeout_s: float) -> None:
    if time.perf_counter() - started > timeout_s:
        msg = f"the recovery takes longer than {timeout_s:.0f} s"
        raise MeshError(msg)


def without_password(dsn: str) -> tuple[str, str]:
    """Returns a connection string that others may see, and the password that it had."""
    parts = urlsplit(dsn)
    user, at, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    if not password:
        return dsn, ""
    return urlunsplit(parts._replace(netloc=f"{name}{at}{hosts}")), unquote(password)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
