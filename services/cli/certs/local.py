"""The certificates of a local mesh: one for each process, and one for each kind of caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.cli import topology
from services.cli.certs.authority import Asked
from services.cli.certs.folder import LEAF_DAYS, Folder
from services.kit.caller import (
    AGENCY,
    AUDITOR,
    BENEFITS,
    HUB,
    HUB_REGION,
    OFFICER,
    OPERATOR,
    Caller,
)
from services.kit.clock import Clock, SystemClock
from services.kit.codes import PROVINCES

HUB_CALLERS: Final = (OPERATOR, OFFICER, AUDITOR)
"""Roles of the hub that people have; their certificates have the role's name."""
_SOON: Final = timedelta(days=7)


def fill(path: Path, processes: Iterable[str], clock: Clock | None = None) -> None:
    """Makes what is missing in the folder, and issues anew what expires within a week.

    Raises:
        CertsError: the folder cannot be used.
    """
    clock = clock or SystemClock()
    folder = Folder(path, clock)
    if not folder.exists:
        folder.init()
    for asked in (*_of_processes(processes), *_of_callers()):
        if not (path / asked.name).exists():
            folder.issue(asked)
    soon = clock.now() + _SOON
    late = [one.name for one in folder.issued() if one.expires < soon and not one.is_requested]
    if late:
        folder.renew(late)


def agency_name(province: str) -> str:
    """Returns the name of an agency's certificate."""
    return f"{AGENCY}-{province}"


def _of_processes(processes: Iterable[str]) -> Iterator[Asked]:
    for process in processes:
        province = topology.province_of(process)
        caller = Caller(province, BENEFITS) if province else Caller(HUB_REGION, HUB)
        yield Asked(
            name=process,
            caller=caller,
            dns=(topology.service_of(process), "localhost"),
            ips=(topology.HOST,),
            days=LEAF_DAYS,
        )


def _of_callers() -> Iterator[Asked]:
    for role in HUB_CALLERS:
        yield Asked(name=role, caller=Caller(HUB_REGION, role), days=LEAF_DAYS)
    for province in PROVINCES:
        yield Asked(name=agency_name(province), caller=Caller(province, AGENCY), days=LEAF_DAYS)
