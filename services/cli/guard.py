"""Cleans up after a command that was killed: run by the mesh as a process of its own.

A program that gets SIGKILL cannot stop what it started. So the mesh starts this one, in a session
of its own, and holds the other end of its standard input. What is to be stopped is said there, a
line each. When the input ends, for whatever reason, what is still running is stopped.

    folder DIR      a mesh's folder: a service with it in its environment belongs to it (Linux)
    process PID     a service; gone by itself: `ended PID`
    postgres DIR    a PostgreSQL data directory
    remove PATH     a folder or file to delete at the end

Nothing but the standard library: it starts in a few hundredths of a second and does nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

GRACE_S = 8.0
_POLL_S = 0.05
_LOOK_S = 0.15
_QUIET_LOOKS = 2
# How a service is started; a shell of somebody's may have the folder in its environment too.
_SERVE = b"\0serve\0"


class Charges:
    """What there is to clean up."""

    def __init__(self) -> None:
        self.processes: list[int] = []
        self.folders: list[Path] = []
        self.postgres: list[Path] = []
        self.paths: list[Path] = []

    def listen(self, lines: Iterable[str]) -> None:
        """Takes down what is said until the input ends."""
        for line in lines:
            verb, _, value = line.rstrip("\n").partition(" ")
            if verb == "process":
                self.processes.append(int(value))
            elif verb == "ended":
                with contextlib.suppress(ValueError):
                    self.processes.remove(int(value))
            elif verb == "folder":
                self.folders.append(Path(value))
            elif verb == "postgres":
                self.postgres.append(Path(value))
            elif verb == "remove":
                self.paths.append(Path(value))

    def clean_up(self) -> None:
        """Stops the services, then PostgreSQL, then deletes what is to go."""
        for pid in self.processes:
            _send(pid, signal.SIGTERM)
        if not _wait(lambda: not any(_alive(pid) for pid in self.processes)):
            for pid in self.processes:
                _send(pid, signal.SIGKILL)
        for folder in self.folders:
            _stop_strays(folder)
        for folder in self.postgres:
            _stop_postgres(folder)
        for path in self.paths:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _stop_strays(folder: Path) -> None:
    """Stops what was started when the mesh was killed, before it could say so."""
    end = time.monotonic() + GRACE_S
    quiet = 0
    # Between its fork and its exec a child has its parent's environment: it is looked for again.
    while quiet < _QUIET_LOOKS and time.monotonic() < end:
        strays = _with_in_environment(folder)
        for pid in strays:
            _send(pid, signal.SIGTERM)
        quiet = 0 if strays else quiet + 1
        time.sleep(_LOOK_S)
    for pid in _with_in_environment(folder):
        _send(pid, signal.SIGKILL)


def _with_in_environment(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            belongs = f"{folder}/".encode() in (process / "environ").read_bytes()
            if belongs and _SERVE in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return [pid for pid in found if pid != os.getpid()]


def _stop_postgres(folder: Path) -> None:
    # The file is there while a server runs on the folder, and its first line is the server's pid.
    pid_file = folder / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    _send(pid, signal.SIGINT)  # a "fast" shutdown: sessions are ended, data is flushed
    if not _wait(lambda: not _alive(pid)):
        _send(pid, signal.SIGQUIT)
        _wait(lambda: not _alive(pid))


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait(done: Callable[[], bool]) -> bool:
    end = time.monotonic() + GRACE_S
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(_POLL_S)
    return done()


def main() -> None:
    """Reads until the input ends, then cleans up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    charges = Charges()
    charges.listen(sys.stdin)
    charges.clean_up()


if __name__ == "__main__":
    main()
