"""One service as a child process: started, watched, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

PREFIX = "YIJIE_"
_POLL_S = 0.05
_TAIL_LINES = 12
_TAIL_BYTES = 64 * 1024


class Process:
    """A service started by the mesh, in a process group of its own.

    Its own group, so that Ctrl-C reaches the mesh alone and services are stopped in order.
    """

    def __init__(
        self, service: str, settings: Mapping[str, str], log: Path, *, name: str = ""
    ) -> None:
        """Starts `yijie serve <service>`; standard output and error go to the log file.

        `name` tells it from others of its service.

        The YIJIE_* variables of the caller are not passed on: what the mesh does depends on
        `settings` alone.
        """
        self.name = name or service
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        # A shell may forbid Python to keep what it compiled: each process would compile everything
        # anew, which takes as long as to load it.
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(PREFIX) and key != "PYTHONDONTWRITEBYTECODE"
        }
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "serve", service],
                env={**kept, **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code; negative: the signal that ended it; None while it runs."""
        return self._popen.poll()

    def tail(self) -> str:
        """Returns the last lines that it wrote since it was started."""
        with self.log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, end - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    async def stop(self, *, within_s: float) -> bool:
        """Asks it to end, and kills it when it does not; tells whether it ended by itself."""
        self._signal(signal.SIGTERM)
        if await self.ended(within_s=within_s):
            return True
        self.kill()
        await self.ended(within_s=within_s)
        return False

    def kill(self) -> None:
        """Ends it without a chance to do anything (SIGKILL)."""
        self._signal(signal.SIGKILL)

    async def ended(self, *, within_s: float) -> bool:
        """Waits for its end; tells whether it came in time."""
        end = time.monotonic() + within_s
        # Polled: a child watcher would have to own SIGCHLD or a thread for each child.
        while self.exit_code is None and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        return self.exit_code is not None

    def _signal(self, number: signal.Signals) -> None:
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
