"""Drill: every process of the mesh is replaced, one after another, while bills are settled.

As an orchestrator rolls out a release: a new replica is started, becomes ready and gets into the
name's answer; callers learn of it, at the latest when their connections come of age; then an old
one is taken out, says NOT_SERVING, lets calls end and stops. No call may fail.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from services.bench import checks
from services.cli import topology
from services.cli.mesh import temporary_dir
from services.cli.progress import Progress
from services.kit.channel import open_channel
from services.proving.drills.load import Traffic, prepared, traffic
from services.proving.drills.overload import REFUSED
from services.proving.drills.replicas import Replica, Replicas, replicas
from services.proving.drills.verdict import Check, Verdict, at_least, exactly

RATE: Final = 61.0
"""Settlements a second: the peak of the whole country."""
_SHORT_RATE: Final = 8.0
_PEOPLE: Final = 300
_SHORT_PEOPLE: Final = 60
_AGE_S: Final = 2.0
"""Age of connections; minutes in production."""
_LEARNT_S: Final = 1.3 * _AGE_S
"""Until then every caller has asked anew what the name stands for: gRPC spreads ages by a tenth."""
_DEADLINE_S: Final = 10.0
SETTINGS: Final = {
    "YIJIE_CONNECTION_AGE_S": str(_AGE_S),
    "YIJIE_DRAIN_DELAY_S": "0.5",
    "YIJIE_DRAIN_GRACE_S": "5",
    # Fifteen processes share the embedded server's hundred connections.
    "YIJIE_DB_POOL_SIZE_MAX": "5",
    # Here and above: a machine that is busy with other things gets time, so that the drill tells of
    # calls that were lost and not of a slow minute.
    "YIJIE_CALLEE_TIMEOUT_S": "5",
    "YIJIE_BENEFITS_TIMEOUT_S": "5",
    "YIJIE_DB_ACQUIRE_TIMEOUT_S": "5",
    "YIJIE_WAIT_S_MAX": "5",
}


async def run(*, short: bool, data_dir: Path | None, progress: Progress) -> Verdict:
    """Restarts everything under load and judges what the callers saw."""
    folder = data_dir or temporary_dir()
    folder.mkdir(parents=True, exist_ok=True)
    rate, people, count = (_SHORT_RATE, _SHORT_PEOPLE, 1) if short else (RATE, _PEOPLE, 2)
    try:
        async with replicas(folder, count, SETTINGS, progress) as running:
            old = {service: list(running.running[service]) for service in topology.SERVICES}
            bodies = await _prepared(running, people, progress)
            new: list[Replica] = []
            if short:
                # Before the load: seven starts at once are no part of a rolling restart.
                with progress.step("启动新进程", "starting a new replica of every service"):
                    new = await asyncio.gather(*(running.start(name) for name in old))
            async with (
                open_channel(running.target("settlement")) as channel,
                traffic([channel], bodies, rate=rate, deadline_s=_DEADLINE_S) as going,
            ):
                started = time.perf_counter()
                steps = await _replace(running, old, new, progress)
                elapsed_s = time.perf_counter() - started
            with progress.step("核对", "checking journal and feed"):
                found = await _checked(running, going)
            killed = list(running.killed)
    finally:
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
    failures = going.failures
    refused = sum(failures[reason] for reason in REFUSED)
    return Verdict(
        drill="restart",
        checks=[
            exactly("失败调用 calls failed", failures.total() - refused, 0),
            # None where the machine carries the rate; else it says that it does not.
            exactly("因过载被拒 calls refused for load", refused, 0),
            exactly("更换进程 processes replaced", len(steps), count * len(topology.SERVICES)),
            exactly("被迫终止 processes that had to be killed or failed", len(killed), 0),
            at_least("成功调用 calls answered", len(going.answered), rate * elapsed_s / 2),
            *found,
        ],
        figures={
            "每秒请求 calls a second": rate,
            "历时 s": round(elapsed_s, 1),
            "p50 ms": round(going.percentile_ms(50), 1),
            "p99 ms": round(going.percentile_ms(99), 1),
            "最长 max ms": round(going.percentile_ms(100), 1),
        },
        notes=[
            *_failed(going, steps),
            *(f"{service} did not end in order" for service in killed),
        ],
    )


async def _prepared(running: Replicas, people: int, progress: Progress) -> list[bytes]:
    endpoints = {
        service: _Named(endpoint.port, endpoint.metrics_port, target=running.target(service))
        for service, endpoint in running.endpoints.items()
    }
    return await prepared(endpoints, people=people, progress=progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named(topology.Endpoint):
    """A service that is found by its name."""

    target: str

    @property
    def address(self) -> str:
        """What a caller resolves."""
        return self.target


@dataclass(frozen=True, slots=True)
class _Step:
    """An old replica that went."""

    service: str
    begun: float
    """time.perf_counter() at which it was told to end."""
    ended: float


async def _replace(
    running: Replicas,
    old: Mapping[str, Sequence[Replica]],
    new: Sequence[Replica],
    progress: Progress,
) -> list[_Step]:
    """Replaces the old replicas, by the new ones or by ones that it starts; tells when."""
    steps: list[_Step] = []
    for replica in new:
        running.publish(replica)
    await asyncio.sleep(_LEARNT_S)
    for service, leaving in old.items():
        with progress.step(f"滚动更新 {service}", f"replacing {len(leaving)} replicas"):
            for replica in leaving:
                if not new:
                    await running.start(service, is_published=True)
                    await asyncio.sleep(_LEARNT_S)
                begun = time.perf_counter()
                await running.retire(replica)
                steps.append(_Step(service, begun, time.perf_counter()))
    # What follows from the last one shows itself in calls that come after it.
    await asyncio.sleep(_LEARNT_S)
    return steps


def _failed(going: Traffic, steps: Sequence[_Step]) -> list[str]:
    """Says what calls failed for, and while which service was replaced."""
    found: Counter[tuple[str, str]] = Counter()
    for call in going.calls:
        if call.reason:
            during = [
                step.service
                for step in steps
                if step.begun <= call.ended and call.due <= step.ended
            ]
            found[call.reason, "+".join(dict.fromkeys(during)) or "none"] += 1
    return [f"{reason} × {count}, replaced then: {who}" for (reason, who), count in found.items()]


async def _checked(running: Replicas, going: Traffic) -> list[Check]:
    told = going.told()
    connection = await asyncpg.connect(running.dsn)
    try:
        await checks.followed(connection)
        found = [
            *await checks.check_journal(connection, told),
            await checks.check_feed(connection),
        ]
    finally:
        await connection.close()
    return [Check(one.name, one.detail, "", one.holds) for one in found]
