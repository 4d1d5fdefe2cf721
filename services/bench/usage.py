"""CPU time of the processes under test, as the operating system counts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

POSTGRES: Final = "postgres"
GENERATOR: Final = "generator"


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds, user and system, by process."""

    seconds: Mapping[str, float]

    def __sub__(self, earlier: Usage) -> Usage:
        """Returns what was used since."""
        return Usage({name: spent - earlier.seconds[name] for name, spent in self.seconds.items()})

    def __add__(self, other: Usage) -> Usage:
        """Returns the sum of two stretches."""
        names = [*self.seconds, *(name for name in other.seconds if name not in self.seconds)]
        return Usage(
            {name: self.seconds.get(name, 0.0) + other.seconds.get(name, 0.0) for name in names}
        )

    @property
    def total_s(self) -> float:
        """All processes together."""
        return sum(self.seconds.values())


NOTHING_USED: Final = Usage({})


class Meter:
    """Reads the CPU time of services, of PostgreSQL with its backends, and of this process."""

    def __init__(self, pids: Mapping[str, int], postmaster_pid: int) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._postmaster = psutil.Process(postmaster_pid)
        self._generator = psutil.Process()

    def read(self) -> Usage:
        """Returns what has been used so far."""
        seconds = {name: _own_s(process) for name, process in self._processes.items()}
        seconds[POSTGRES] = self._postgres_s()
        seconds[GENERATOR] = _own_s(self._generator)
        return Usage(seconds)

    def _postgres_s(self) -> float:
        # Backends that have ended are counted in the postmaster's times of waited-for children.
        times = self._postmaster.cpu_times()
        total = times.user + times.system + times.children_user + times.children_system
        for child in self._postmaster.children():
            try:
                total += _own_s(child)
            except psutil.NoSuchProcess:
                continue
        return float(total)


def postmaster_pid(data_dir: Path) -> int:
    """Returns the process id of the embedded server of a mesh's data directory."""
    text = (data_dir / "pg" / "postmaster.pid").read_text(encoding="utf-8")
    return int(text.splitlines()[0])


def _own_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
