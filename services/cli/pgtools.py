"""PostgreSQL's own programs, which the embedded wheel brings: pg_basebackup and the like."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Final

import psutil

from services.cli.mesh import MeshError
from services.cli.postgres import EMBEDDED_TOOLS

_SERVER_USER: Final = "embedded_postgres"
"""Who the embedded server runs as where we are root: PostgreSQL refuses to run as root."""
_LAST_CHARS: Final = 600


def tool_path(name: str, tools: Path | None = None) -> Path:
    """Returns where a program is.

    Args:
        name: "pg_basebackup".
        tools: the folder of those of the operator's own PostgreSQL; None: those of the wheel.

    Raises:
        MeshError: it is not there.
    """
    path = (tools or EMBEDDED_TOOLS) / name
    if not path.is_file():
        msg = f"{path} is not there: name the folder of PostgreSQL's programs (--tools)"
        raise MeshError(msg)
    return path


def server_user() -> str | None:
    """Returns as whom a server of ours has to run and own its files; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_SERVER_USER).pw_name
    except KeyError:
        # The embedded server was never used here; it would make the user.
        return None


def owned_folder(folder: Path) -> Path:
    """Makes an empty folder that the server's user owns and nobody else can read.

    Raises:
        MeshError: it exists and is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        msg = f"{folder} is not empty: nothing is written over"
        raise MeshError(msg)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    hand_over(folder)
    return folder


def hand_over(folder: Path) -> None:
    """Gives a folder with all in it to the server's user, where that is another than ours."""
    user = server_user()
    if user is not None:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user, user)
        # Who is not root must be able to pass through the folders above.
        for parent in folder.resolve().parents:
            parent.chmod(parent.stat().st_mode | 0o011)


def strip_copy(folder: Path) -> None:
    """Removes what a copy of a data folder brings along that belonged to the running original."""
    # The wheel has its socket and log in the data folder, so a base backup has them.
    for path in (*folder.glob(".s.PGSQL.*"), folder / "log"):
        path.unlink(missing_ok=True)


def server_processes(folder: Path) -> list[psutil.Process]:
    """Returns the processes of a folder's running server, the postmaster first."""
    text = (folder / "postmaster.pid").read_text(encoding="utf-8")
    postmaster = psutil.Process(int(text.splitlines()[0]))
    return [postmaster, *postmaster.children(recursive=True)]


def kill_server(folder: Path) -> None:
    """Kills the server of a folder as a power cut does: all its processes at once, by SIGKILL."""
    for process in server_processes(folder):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def run_tool(
    name: str,
    *arguments: str,
    tools: Path | None = None,
    timeout_s: float | None = None,
    password: str = "",
) -> str:
    """Runs a program as the server's user to its end; returns what it printed.

    `password` goes by its environment: what it is called with, everybody on the machine can read.

    Raises:
        MeshError: it failed, with the end of what it said; it never repeats the password of a
            connection string, which PostgreSQL's programs do not print.
    """
    try:
        done = subprocess.run(
            [tool_path(name, tools), *arguments],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout_s,
            user=server_user(),
            cwd="/",
            env={**os.environ, **({"PGPASSWORD": password} if password else {})},
        )
    except subprocess.TimeoutExpired as error:
        msg = f"{name} does not end within {timeout_s:.0f} s"
        raise MeshError(msg) from error
    if done.returncode:
        # Each line of PostgreSQL's programs begins with their name. gRPC, where this process has
        # it, writes lines of its own between fork and exec.
        own = [line for line in done.stderr.splitlines() if line.startswith(f"{name}:")]
        said = "\n".join(own) or done.stderr.strip()
        msg = f"{name} failed ({done.returncode}): {said[-_LAST_CHARS:]}"
        raise MeshError(msg)
    return done.stdout
