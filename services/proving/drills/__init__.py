"""Drills: failures that operators must survive, rehearsed on a mesh of its own, with a verdict.

A drill is a module of this package with

    async def run(*, short: bool, data_dir: Path | None, progress: Progress) -> Verdict

which starts what it needs, breaks it under load and judges what came of it. `short` is the form for
CI: as short as it can be and still fail when the thing is broken. With `data_dir` everything that
the drill made stays there, logs included; without, it is made in a temporary folder and removed.
`run` raises what services.cli.failures.EXPECTED names when the drill cannot be carried out at all,
which is no verdict.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol, cast

from services.cli.progress import Progress
from services.proving.drills.verdict import Verdict

DRILLS: Final[Mapping[str, str]] = {
    "restart": "every process of the mesh restarted one by one under load: no call fails",
    "rotation": "certification authority and certificates exchanged under load: no call fails",
    "failover": "the primary database killed under load: nothing acknowledged is lost",
    "overload": "three times the load that can be carried: the rest is refused early",
    "restore": "a backup restored to a point in time: what was sealed by then is there, unaltered",
}
"""What can be rehearsed: the name of a module of this package, and what it shows."""


class UnknownDrillError(Exception):
    """There is no drill of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no drill {name}; there are: {', '.join(DRILLS)}")


class Run(Protocol):
    """How a drill is carried out."""

    async def __call__(self, *, short: bool, data_dir: Path | None, progress: Progress) -> Verdict:
        """Carries out the drill and judges it."""


def find(name: str) -> Run:
    """Returns how a drill is carried out, or raises UnknownDrillError."""
    if name not in DRILLS:
        raise UnknownDrillError(name)
    # Imported when it runs: each drill brings the programs that it breaks.
    return cast("Run", importlib.import_module(f"{__name__}.{name}").run)
