"""One insured province at five seconds: what the others notice.

Two legs in one run, in turns, so that whatever else the machine does hits both: every province
well, and one of them, which a tenth of the bills goes to, behind a connection that delays what it
carries. Open loop at the national peak; compared are the latencies of the other provinces' bills.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import statistics
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
from rich.console import Console
from rich.table import Table

from services.bench import checks, population
from services.bench.checks import Check
from services.bench.drive import Driver, Run, arrivals
from services.bench.proxy import Proxy
from services.cli.demo import load_demo_data
from services.cli.mesh import Mesh, MeshError, mesh
from services.cli.progress import Progress
from services.cli.province import Province, connected
from services.cli.topology import remote_name
from services.kit import codes
from services.kit.channel import open_channel
from services.kit.errors import Unavailable
from yijie.settlement.v1 import settlement_service_pb2

PROVINCE: Final = "110000"
"""The province that gets slow: Beijing, one of the two that the people of the bench belong to."""
DELAY_S: Final = 5.0
"""What its answers take longer."""
SHARE: Final = 0.1
"""Part of the bills that goes to it."""
GOAL_RATIO: Final = 1.10
"""The others' p99, slow leg over healthy leg."""
_PEOPLE: Final = 400
_SEEDS: Final = (61, 67)
_WARM_S: Final = 3.0
_WELL_S_MAX: Final = 60.0
_POLL_S: Final = 0.2
_OPEN: Final = "SELECT count(*) FROM settlement.open_intent"


@dataclass(slots=True)
class Leg:
    """What came of all rounds in one condition."""

    others: Run = field(default_factory=Run)
    """Bills of the provinces that are well."""
    province: Run = field(default_factory=Run)
    """Bills of the one that may be slow."""

    def add(self, other: Leg) -> None:
        """Takes in a round."""
        self.others.add(other.others)
        self.province.add(other.province)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """What was found."""

    rate: float
    rounds: Sequence[Mapping[float, Leg]]
    """Both legs of each round, by what the province's answers take longer."""
    checks: Sequence[Check]

    @property
    def healthy(self) -> Leg:
        """All rounds of the leg in which every province is well."""
        return self._sum(0.0)

    @property
    def slow(self) -> Leg:
        """All rounds of the leg in which one is slow."""
        return self._sum(DELAY_S)

    def ratios(self, percent: float) -> list[float]:
        """Returns the others' percentile with a slow province over that without, by round."""
        return [
            legs[DELAY_S].others.percentile_ms(percent) / healthy
            for legs in self.rounds
            if (healthy := legs[0.0].others.percentile_ms(percent))
        ]

    def ratio(self, percent: float) -> float:
        """Returns the median of the rounds: one that something else disturbed does not move it."""
        ratios = self.ratios(percent)
        return statistics.median(ratios) if ratios else 0.0

    def _sum(self, delay_s: float) -> Leg:
        leg = Leg()
        for legs in self.rounds:
            leg.add(legs[delay_s])
        return leg

    @property
    def holds(self) -> bool:
        """Whether all checks hold. The aims are reported, not judged: machines differ."""
        return all(check.holds for check in self.checks)


@dataclass(slots=True)
class _Rig:
    mesh: Mesh
    province: Province
    proxy: Proxy
    others: Driver
    slow: Driver
    probe: settlement_service_pb2.SettleRequest
    """A bill of the province that may be slow."""
    connection: asyncpg.Connection


async def measure(
    data_dir: Path,
    *,
    rate: float,
    seconds: float,
    rounds: int,
    progress: Progress,
    quiet: Callable[[], AbstractContextManager[None]],
) -> Slow:
    """Runs so many rounds of both legs, each of so many seconds; the data directory goes with it.

    Raises:
        MeshError: the mesh does not start, or the province does not get well.
    """
    done: list[dict[float, Leg]] = []
    async with _rig(data_dir, progress) as rig:
        with progress.step("预热", "warming up"), quiet():
            warm = await _round(rig, rate, _WARM_S)
        answers = warm.others.answers + warm.province.answers
        with progress.step("慢省", f"a province at {DELAY_S:g} s, {rounds} rounds of both legs"):
            for number in range(rounds):
                done.append({})
                for delay_s in (0.0, DELAY_S) if number % 2 == 0 else (DELAY_S, 0.0):
                    # Half on the way there and half on the way back.
                    rig.proxy.delay_s = delay_s / 2
                    with quiet():
                        done[-1][delay_s] = await _round(rig, rate, seconds)
                    rig.proxy.delay_s = 0.0
                    await _well(rig)
                    rig.mesh.check()
        for leg in [leg for both in done for leg in both.values()]:
            answers += leg.others.answers + leg.province.answers
        with progress.step("核对", "checking journal and feed"):
            found = await _check(rig, answers)
    return Slow(rate=rate, rounds=done, checks=found)


@contextlib.asynccontextmanager
async def _rig(data_dir: Path, progress: Progress) -> AsyncIterator[_Rig]:
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            mesh(data_dir, provinces=(PROVINCE,), progress=progress, remove=True)
        )
        proxy = Proxy(
            "settlement → the slow province", running.endpoints[remote_name(PROVINCE)].port
        )
        await proxy.open()
        stack.push_async_callback(_close, proxy)
        await _lead_through(running, proxy)
        province = await stack.enter_async_context(connected(running.endpoints, ""))
        await load_demo_data(province, progress)
        people = population.members(_PEOPLE)
        with progress.step("载入压测人群", f"loading {_PEOPLE} synthetic people"):
            person_ids = await population.load_population(province, people)
        requests = population.settle_requests(people, person_ids)
        channel = await stack.enter_async_context(
            open_channel(running.endpoints["settlement"].address)
        )
        connection = await asyncpg.connect(running.dsn)
        stack.push_async_callback(connection.close)
        there = [request for request in requests if _is_there(request)]
        yield _Rig(
            mesh=running,
            province=province,
            proxy=proxy,
            others=Driver(channel, [r.SerializeToString() for r in requests if not _is_there(r)]),
            slow=Driver(channel, [r.SerializeToString() for r in there]),
            probe=there[0],
            connection=connection,
        )


def _is_there(request: Any) -> bool:
    return codes.province_of(request.patient.insured_region_code) == PROVINCE


async def _lead_through(running: Mesh, proxy: Proxy) -> None:
    """Has settlement reach the province by the proxy."""
    name = remote_name(PROVINCE)
    running.endpoints[name] = dataclasses.replace(running.endpoints[name], port=proxy.port)
    for service in ("clearing", "supervision", "settlement"):
        await running.processes[service].stop(within_s=8.0)
    for service in ("settlement", "supervision", "clearing"):
        running.start(service)
        await running.ready(service)


async def _close(proxy: Proxy) -> None:
    # Let go first: a connection that is cancelled while it lives says so on standard error.
    proxy.is_cut = True
    proxy.sever()
    await asyncio.sleep(_POLL_S)
    await proxy.close()


async def _round(rig: _Rig, rate: float, seconds: float) -> Leg:
    others, province = await asyncio.gather(
        rig.others.open_loop(arrivals(rate * (1 - SHARE), seconds, seed=_SEEDS[0])),
        rig.slow.open_loop(arrivals(rate * SHARE, seconds, seed=_SEEDS[1])),
    )
    return Leg(others, province)


async def _well(rig: _Rig) -> None:
    """Waits until the province answers, nothing is left open, and the followers have all."""
    end = time.monotonic() + _WELL_S_MAX
    request = settlement_service_pb2.PreSettleRequest(
        patient=rig.probe.patient, bill=rig.probe.bill
    )
    while True:
        try:
            await rig.province.call(rig.province.settlement.PreSettle, request)
        except Unavailable:
            pass
        else:
            if not await rig.connection.fetchval(_OPEN):
                break
        if time.monotonic() > end:
            msg = "the province that was slow does not get well"
            raise MeshError(msg)
        await asyncio.sleep(_POLL_S)
    await checks.followed(rig.connection)


async def _check(rig: _Rig, answers: Sequence[bytes]) -> list[Check]:
    told = [checks.read_answer(answer) for answer in answers]
    still_open = await rig.connection.fetchval(_OPEN)
    return [
        *await checks.check_journal(rig.connection, told),
        await checks.check_feed(rig.connection),
        Check("no intent is left open", still_open == 0, f"{still_open} open"),
    ]


def document(found: Slow) -> dict[str, Any]:
    """Returns the result for programs."""
    return {
        "ok": found.holds,
        "delay_s": DELAY_S,
        "share": SHARE,
        "rate": found.rate,
        "others_p50_ratio": round(found.ratio(50), 3),
        "others_p99_ratio": round(found.ratio(99), 3),
        "others_p99_ratios": [round(ratio, 3) for ratio in found.ratios(99)],
        "goal_p99_ratio": GOAL_RATIO,
        "legs": {
            name: {
                who: {
                    "settled": run.settled_count,
                    "latency_ms": {
                        "p50": round(run.percentile_ms(50), 1),
                        "p99": round(run.percentile_ms(99), 1),
                    },
                    "errors": dict(run.errors),
                }
                for who, run in (("others", leg.others), ("province", leg.province))
            }
            for name, leg in (("healthy", found.healthy), ("slow", found.slow))
        },
        "checks": [dataclasses.asdict(check) for check in found.checks],
    }


def show(found: Slow, out: Console) -> None:
    """Prints the table and the lines below it."""
    table = Table(title="慢省 · a slow province", title_justify="left")
    table.add_column("leg")
    table.add_column("bills of")
    for heading in ("settled", "p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(heading, justify="right")
    table.add_column("errors")
    for name, leg in (("all well", found.healthy), (f"one at {DELAY_S:g} s", found.slow)):
        for who, run in (("the others", leg.others), (f"{PROVINCE}", leg.province)):
            table.add_row(
                name,
                who,
                str(run.settled_count),
                *(f"{run.percentile_ms(p):.1f}" for p in (50, 95, 99, 100)),
                ", ".join(f"{why} {count}" for why, count in run.errors.most_common()) or "none",
            )
    out.print(table)
    for check in found.checks:
        out.print(f"{'✓' if check.holds else '✗'} {check.name}: {check.detail}", markup=False)
    failed = found.slow.others.errors.total()
    out.print(f"aim no bill of the others fails: {'missed' if failed else 'reached'}", markup=False)
    reached = "reached" if found.ratio(99) <= GOAL_RATIO else "missed"
    out.print(
        f"the others' p50 × {found.ratio(50):.2f}, p99 × {found.ratio(99):.2f}, the median of"
        f" {', '.join(f'{ratio:.2f}' for ratio in found.ratios(99))};"
        f" aim p99 × {GOAL_RATIO:g} at most: {reached}",
        markup=False,
    )
