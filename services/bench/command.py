"""`yijie bench`: how much one machine carries, against the floor of the same machine.

Starts a mesh of its own, loads synthetic people, drives Settle, checks what came of it, and removes
everything. Rows of their own: a stay of 3,000 lines, and a province that gets slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import platform
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from rich.console import Console

from services.bench import (
    audit,
    checks,
    classify,
    clearing,
    growth,
    policy,
    population,
    registries,
    results,
    rules,
    screening,
    sizes,
    slow,
    stay,
)
from services.bench.drive import Driver, Run, arrivals
from services.bench.floor import Sizes
from services.bench.floor_mesh import floor_mesh
from services.bench.results import Pair, Result, Stretch
from services.bench.usage import NOTHING_USED, Meter, Usage, postmaster_pid
from services.cli.demo import load_demo_data
from services.cli.mesh import Mesh, MeshError, mesh, read_endpoints, temporary_dir
from services.cli.progress import Progress
from services.cli.province import Province, connected
from services.cli.screen import console
from services.kit.channel import open_channel
from yijie.settlement.v1 import settlement_service_pb2

ROWS: Final = ("policy", "classify", "rules", "settle", "stay", "slow", "load", "registries")
"""What is measured: adjudication and audit rules in process, settlements against the floor, a long
stay, a slow province, loading people, asking about them."""
CLEARING: Final = "clearing"
"""A row that is measured only where it is named: filling months takes longer than all others."""
SCREENING: Final = "screening"
"""Another one: reminders and screening with a record, and Settle with and without."""
AUDIT: Final = "audit"
"""Another one: the audit of settled bills from a served feed, and ScreenBill beside it."""
MINING: Final = "mining"
"""Another one: the rules of mining over exports of three sizes."""
GROWTH: Final = "growth"
"""Another one: rows and bytes of a settlement, and the round trip over 1, 2 and 4 replicas."""
NAMED: Final = (CLEARING, SCREENING, AUDIT, MINING, GROWTH)
"""The rows that are measured only where they are named."""
PEOPLE: Final = 8000
PROBED: Final = (8, 16, 32, 64)
"""Calls in flight that are tried to find saturation."""
_WARM_UP_S: Final = 2.0
_PROBE_S: Final = 2.0
_ROUND_S: Final = 5.0
# Longer than the batches of the span exporter wait, so that a round pays for its own spans.
_SETTLE_DOWN_S: Final = 0.7
_WARM_IN_FLIGHT: Final = 8
# A higher concurrency must be this much faster to be taken: a tie goes to the shorter queue.
_WORTH: Final = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for."""

    rate: float = 61.0
    """Calls a second of the open loop: the national peak."""
    seconds: float = 30.0
    """Length of the open loop."""
    closed_seconds: float = 20.0
    """Length of the closed loop, and again of the floor's."""
    concurrency: int = 0
    """Calls in flight of the closed loop; 0: found by a probe."""
    floor: bool = True
    """Whether the floor is measured."""
    json_to: str = ""
    """File for the JSON document, "-" for standard output; empty: none."""
    rows: Sequence[str] = ROWS
    """Those of ROWS that are wanted."""
    stays: int = 5
    """Stays of 3,000 lines."""
    slow_rounds: int = 4
    """Rounds of both legs with and without a slow province."""
    slow_seconds: float = 10.0
    """Length of a leg of a round."""
    load_people: int = 20_000
    """People that are loaded into a mesh of its own."""
    registry_rate: float = registries.GOAL_RATE
    """VerifyCredential and MatchFiling a second, together."""
    persons: Path | None = None
    """File of people that a running mesh has: asked there, and nothing is loaded."""
    data_dir: Path = Path()
    """Of that mesh."""
    settlements: Sequence[int] = ()
    """Sizes of the months that are closed, of row "clearing"."""
    bills: int = audit.BILLS
    """Settled bills that are audited, of row "audit"."""
    sizes: Sequence[int] = ()
    """Bills of the exports that are mined, of row "mining"; none: three sizes."""


@dataclass(slots=True)
class _Rig:
    """The running mesh with its load generator."""

    mesh: Mesh
    province: Province
    driver: Driver
    connection: asyncpg.Connection
    meter: Meter
    first_request: settlement_service_pb2.SettleRequest
    people: Sequence[population.Member]
    person_ids: Sequence[str]
    answers: list[bytes] = field(default_factory=list)

    async def measured(self, run: Run, meter: Meter, before: Usage) -> Stretch:
        """Waits until followers and exporters are done with a run, and adds up what it cost."""
        await checks.followed(self.connection)
        await asyncio.sleep(_SETTLE_DOWN_S)
        self.answers += run.answers
        self.mesh.check()
        return Stretch(run, meter.read() - before)


async def bench(options: Options) -> int:
    """Runs the bench; returns 0 when all checks hold."""
    progress = Progress()
    # With the document on standard output there is nothing else on it.
    out = Console(stderr=True, width=150) if options.json_to == "-" else console()
    document: dict[str, Any] = {"ok": True}
    in_process = _in_process(options, progress, out)
    if {"settle", "stay"} & set(options.rows):
        async with _rig(progress) as rig:
            if "settle" in options.rows:
                result = await _measure(rig, options, progress)
                results.show(result, out)
                document = results.document(result)
            if "stay" in options.rows:
                # One more than is counted: the first warms up.
                chosen = slice(0, options.stays + 1)
                stays = await stay.measure(
                    rig.province,
                    rig.people[chosen],
                    rig.person_ids[chosen],
                    progress=progress,
                    quiet=_quiet,
                )
                stay.show(stays, out)
                document["stay"] = stay.document(stays)
    if "slow" in options.rows:
        found = await slow.measure(
            Path(tempfile.mkdtemp(prefix="yijie-bench-")),
            rate=options.rate,
            seconds=options.slow_seconds,
            rounds=options.slow_rounds,
            progress=progress,
            quiet=_quiet,
        )
        slow.show(found, out)
        document["slow_province"] = slow.document(found)
    document |= await _named(options, progress, out)
    if {"load", "registries"} & set(options.rows):
        document |= await _registries(options, progress, out)
    document |= in_process
    document["ok"] = all(
        part["ok"]
        for part in (
            document,
            *(
                document.get(name)
                for name in ("stay", "slow_province", *NAMED, "load", "registries")
            ),
        )
        if part
    )
    if options.json_to:
        _write(document, options.json_to)
    return 0 if document["ok"] else 1


async def _named(options: Options, progress: Progress, out: Console) -> dict[str, Any]:
    """Measures what is measured only where it is named."""
    document: dict[str, Any] = {}
    if CLEARING in options.rows:
        closed = await clearing.measure(
            temporary_dir(),
            options.settlements,
            rate=options.rate,
            seconds=options.seconds,
            progress=progress,
            quiet=_quiet,
        )
        clearing.show(closed, out)
        document[CLEARING] = clearing.document(closed)
    if SCREENING in options.rows:
        screened = await screening.measure(
            temporary_dir(),
            rate=options.rate,
            seconds=options.slow_seconds,
            rounds=options.slow_rounds,
            progress=progress,
            quiet=_quiet,
        )
        screening.show(screened, out)
        document[SCREENING] = screening.document(screened)
    if AUDIT in options.rows:
        audited = await audit.measure(
            temporary_dir(),
            options.bills,
            rate=options.rate,
            seconds=options.slow_seconds,
            progress=progress,
            quiet=_quiet,
        )
        audit.show(audited, out)
        document[AUDIT] = audit.document(audited)
    if GROWTH in options.rows:
        grown = await growth.measure(
            temporary_dir(), seconds=options.slow_seconds, progress=progress, quiet=_quiet
        )
        growth.show(grown, out)
        document[GROWTH] = growth.document(grown)
    if MINING in options.rows:
        # With it comes DuckDB, which no other row needs.
        from services.bench import mining  # noqa: PLC0415

        mined = mining.measure(temporary_dir(), options.sizes or mining.SIZES, progress)
        mining.show(mined, out)
        document[MINING] = mining.document(mined)
    return document


def _in_process(options: Options, progress: Progress, out: Console) -> dict[str, Any]:
    document = {}
    if "policy" in options.rows:
        with progress.step("待遇计算", "adjudication in process"), _quiet():
            timed = policy.measure()
        policy.show(timed, out)
        document["policy"] = policy.document(timed)
    if "classify" in options.rows:
        with progress.step("目录快照", "catalogues in memory"), _quiet():
            measured = classify.measure()
        classify.show(measured, out)
        document["classify"] = classify.document(measured)
    if "rules" in options.rows:
        with progress.step("审核规则", "audit rules in process"), _quiet():
            judged = rules.measure()
        rules.show(judged, out)
        document["rules"] = rules.document(judged)
    return document


async def _registries(options: Options, progress: Progress, out: Console) -> dict[str, Any]:
    """Loads people into a mesh of its own, or takes those of a running one, and asks about them."""
    document: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as stack:
        if options.persons is None:
            data_dir = Path(tempfile.mkdtemp(prefix="yijie-bench-"))
            running = await stack.enter_async_context(
                mesh(data_dir, progress=progress, remove=True)
            )
            endpoints, persons = running.endpoints, data_dir / "sample" / "persons.csv"
            province = await stack.enter_async_context(connected(endpoints, ""))
            loaded = await registries.load(
                running, province, persons.parent, options.load_people, progress
            )
            registries.show_loaded(loaded, out)
            document["load"] = registries.document_loaded(loaded)
        else:
            endpoints, persons = read_endpoints(options.data_dir), options.persons
            if not endpoints:
                msg = f"no mesh runs in {options.data_dir}; start it with `yijie up`"
                raise MeshError(msg)
            province = await stack.enter_async_context(connected(endpoints, ""))
        if "registries" in options.rows:
            found = await registries.measure(
                endpoints,
                province,
                persons,
                rate=options.registry_rate,
                seconds=options.seconds,
                progress=progress,
                quiet=_quiet,
            )
            registries.show(found, out)
            document["registries"] = registries.document(found)
    return document


@contextlib.asynccontextmanager
async def _rig(progress: Progress) -> AsyncIterator[_Rig]:
    data_dir = Path(tempfile.mkdtemp(prefix="yijie-bench-"))
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(mesh(data_dir, progress=progress, remove=True))
        # No folder for spans: the generator's own work is not part of a settlement's trace.
        province = await stack.enter_async_context(connected(running.endpoints, ""))
        await load_demo_data(province, progress)
        people = population.members(PEOPLE)
        with progress.step("载入压测人群", f"loading {PEOPLE} synthetic people"):
            person_ids = await population.load_population(province, people)
        requests = population.settle_requests(people, person_ids)
        channel = await stack.enter_async_context(
            open_channel(running.endpoints["settlement"].address)
        )
        connection = await asyncpg.connect(running.dsn)
        stack.push_async_callback(connection.close)
        pids = {name: process.pid for name, process in running.processes.items()}
        yield _Rig(
            mesh=running,
            province=province,
            driver=Driver(channel, [request.SerializeToString() for request in requests]),
            connection=connection,
            meter=Meter(pids, postmaster_pid(data_dir)),
            first_request=requests[0],
            people=people,
            person_ids=person_ids,
        )


async def _measure(rig: _Rig, options: Options, progress: Progress) -> Result:
    with progress.step("预热", "warming up"), _quiet():
        warm = await rig.driver.closed_loop(_WARM_IN_FLIGHT, _WARM_UP_S)
        rig.answers += warm.answers
    probe: dict[int, float] = {}
    in_flight = options.concurrency
    if not in_flight:
        with progress.step("寻找饱和点", "looking for saturation"), _quiet():
            probe = await _probe(rig)
            in_flight = _saturation(probe)
    with progress.step("开环", f"open loop, {options.rate:g}/s"), _quiet():
        before = rig.meter.read()
        run = await rig.driver.open_loop(arrivals(options.rate, options.seconds))
        opened = await rig.measured(run, rig.meter, before)
    rounds = max(1, round(options.closed_seconds / _ROUND_S))
    seconds = options.closed_seconds / rounds
    with progress.step("闭环", f"closed loop, {in_flight} in flight"), _quiet():
        if options.floor:
            measured = await _sizes(rig)
            pairs = await _alternate(rig, measured, rounds, in_flight, seconds)
            closed = _sum([pair.real for pair in pairs])
            floor = _sum([pair.floor for pair in pairs])
            ratios = [pair.ratio for pair in pairs]
        else:
            closed = _sum([await _closed(rig, in_flight, seconds) for _ in range(rounds)])
            floor, ratios = None, []
    with progress.step("核对", "checking journal, feed and traces"):
        found = await _check(rig)
    return Result(
        rate=options.rate,
        in_flight=in_flight,
        probe=probe,
        open_loop=opened,
        closed_loop=closed,
        floor=floor,
        ratios=ratios,
        checks=found,
        machine=_machine(),
        elapsed_s=progress.elapsed_s,
    )


async def _probe(rig: _Rig) -> dict[int, float]:
    found = {}
    for in_flight in PROBED:
        run = await rig.driver.closed_loop(in_flight, _PROBE_S)
        rig.answers += run.answers
        found[in_flight] = run.throughput
    await checks.followed(rig.connection)
    return found


def _saturation(probe: dict[int, float]) -> int:
    """Returns the lowest concurrency that no higher one beats by much."""
    best = min(probe)
    for in_flight in sorted(probe):
        if probe[in_flight] > probe[best] * _WORTH:
            best = in_flight
    return best


async def _closed(rig: _Rig, in_flight: int, seconds: float) -> Stretch:
    before = rig.meter.read()
    run = await rig.driver.closed_loop(in_flight, seconds)
    return await rig.measured(run, rig.meter, before)


async def _alternate(
    rig: _Rig, measured: Sizes, rounds: int, in_flight: int, seconds: float
) -> list[Pair]:
    """Runs real and floor in turn, so that whatever else the machine does hits both."""
    async with (
        floor_mesh(rig.mesh.dsn, measured, people=PEOPLE) as floor,
        open_channel(floor.settlement_address) as channel,
    ):
        body = rig.first_request.SerializeToString()
        driver = Driver(channel, [body])
        meter = Meter(floor.pids, postmaster_pid(rig.mesh.data_dir))
        await driver.closed_loop(_WARM_IN_FLIGHT, _WARM_UP_S)
        pairs = []
        for _ in range(rounds):
            real = await _closed(rig, in_flight, seconds)
            before = meter.read()
            run = await driver.closed_loop(in_flight, seconds)
            await asyncio.sleep(_SETTLE_DOWN_S)
            pairs.append(Pair(real, Stretch(run, meter.read() - before)))
    return pairs


def _sum(stretches: Sequence[Stretch]) -> Stretch:
    run, usage = Run(), NOTHING_USED
    for stretch in stretches:
        run.add(stretch.run)
        usage = usage + stretch.usage
    return Stretch(run, usage)


async def _sizes(rig: _Rig) -> Sizes:
    return await sizes.measure(
        rig.province,
        rig.mesh.endpoints["supervision"].address,
        rig.mesh.dsn,
        rig.first_request,
        rig.answers,
    )


async def _check(rig: _Rig) -> list[checks.Check]:
    told = [checks.read_answer(answer) for answer in rig.answers]
    feed = await checks.check_feed(rig.connection)
    return [
        *await checks.check_journal(rig.connection, told),
        feed,
        await checks.check_traces(rig.mesh.trace_dir, told),
    ]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the generator's garbage collector out of the latencies."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def _write(document: object, target: str) -> None:
    data = orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
    if target == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        Path(target).write_bytes(data)
