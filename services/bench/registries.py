"""What the registries carry: people loaded a second, and who asks about them at the window.

Open loop: VerifyCredential and MatchFiling in turn, together at a rate, over people drawn from all
of a loaded file, so that most of them are asked about for the first time. The floor is a call that
does nothing (health) of the same processes at the same rate in the same minutes.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2
from rich.console import Console
from rich.table import Table

from services.bench.drive import DEADLINE_S, arrivals, percentile
from services.bench.usage import Meter, Usage, postmaster_pid
from services.cli.load import LoadError
from services.cli.loading.command import Job, Options, load_into
from services.cli.loading.filings import Filings
from services.cli.loading.institutions import Institutions
from services.cli.loading.persons import COLUMNS, Persons
from services.cli.loading.reader import Source, UnreadableError
from services.cli.loading.run import Outcome
from services.cli.mesh import Mesh
from services.cli.progress import Progress
from services.cli.province import Province
from services.cli.sample.areas import elsewhere
from services.cli.sample.province import Sizes, write
from services.cli.topology import Endpoint
from services.kit import codes
from services.kit.channel import open_channel
from services.kit.clock import SHANGHAI
from services.kit.status import reason_of
from services.kit.wire import write_date
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import access_pb2, identity_service_pb2, person_pb2

GOAL_P99_MS: Final = 5.0
"""Of either call, at GOAL_RATE together."""
GOAL_RATE: Final = 200.0
GOAL_ROWS: Final = 2000.0
"""Rows loaded a second, two cores."""
REGION: Final = "640000"
"""Of the synthetic province."""
_VERIFY: Final = "/yijie.identity.v1.IdentityService/VerifyCredential"
_MATCH: Final = "/yijie.filing.v1.FilingService/MatchFiling"
_HEALTH: Final = "/grpc.health.v1.Health/Check"
_LOOKED_UP: Final = 500
_WARM_UP_S: Final = 2.0
_FLOOR_S_MAX: Final = 10.0
_LEAD_S: Final = 0.05
_INSTITUTIONS: Final = 60

Quiet = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading people came to."""

    outcome: Outcome
    usage: Usage | None
    """CPU of the mesh; None: it is not ours."""

    @property
    def rows_per_s(self) -> float:
        """Rows of the file a second."""
        return self.outcome.tally.rows / self.outcome.elapsed_s


@dataclass(slots=True)
class Asked:
    """Latencies of one method."""

    latencies_s: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def percentile_ms(self, percent: float) -> float:
        """Returns the latency that `percent` of the calls did not exceed."""
        return percentile(self.latencies_s, percent) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What asking came to."""

    rate: float
    seconds: float
    people: int
    """Different people asked about."""
    verify: Asked
    match: Asked
    floor: Asked

    @property
    def ratio(self) -> float:
        """The slower call's p99 over that of a call that does nothing."""
        floor = self.floor.percentile_ms(99)
        return max(self.verify.percentile_ms(99), self.match.percentile_ms(99)) / floor

    @property
    def holds(self) -> bool:
        """Whether every call was answered. The goals are reported, not judged: machines differ."""
        return not self.verify.errors and not self.match.errors


@dataclass(frozen=True, slots=True)
class _Member:
    card_number: str
    cert_number: str
    insured_region_code: str
    scheme_code: str


# --- loading ------------------------------------------------------------------------------------


async def load(
    running: Mesh, province: Province, folder: Path, people: int, progress: Progress
) -> Loaded:
    """Makes a synthetic province in a folder and loads its people into a mesh of ours."""
    sizes = Sizes(persons=people, items=0, institutions=_INSTITUTIONS)
    today = datetime.now(SHANGHAI).date()
    await asyncio.to_thread(
        write, folder, sizes, seed=1, region=REGION, day=today, progress=progress
    )
    pids = {name: process.pid for name, process in running.processes.items()}
    meter = Meter(pids, postmaster_pid(running.data_dir))
    with progress.step("载入参保人", f"loading {people:,} people"):
        before = meter.read()
        outcome = await _load(province, folder / "persons.csv", Persons)
        usage = meter.read() - before
    with progress.step("载入机构和备案", "loading institutions and filings"):
        await _load(province, folder / "institutions.csv", Institutions)
        await _load(province, folder / "filings.csv", Filings)
    return Loaded(outcome, usage)


async def _load(province: Province, path: Path, kind: Any) -> Outcome:
    def make(client: Province, ids: Any) -> Any:
        return kind(client, ids, region="", dry_run=False)

    job = Job(path=path, kind=kind.name, columns=kind.columns, make=make)
    return await load_into(province, job, Options(data_dir=path.parent))


# --- asking -------------------------------------------------------------------------------------


async def measure(
    endpoints: Mapping[str, Endpoint],
    province: Province,
    persons: Path,
    *,
    rate: float,
    seconds: float,
    progress: Progress,
    quiet: Quiet,
) -> Result:
    """Asks about people of a file that is loaded.

    Args:
        endpoints: of the mesh.
        province: connected to it.
        persons: the file.
        rate: calls of both methods together, a second.
        seconds: how long.
        progress: where steps are announced.
        quiet: keeps the collector out of the latencies.

    Raises:
        LoadError: nobody in the file is in the mesh, or it cannot be read.
    """
    with progress.step("抽取被查询的人", "drawing whom to ask about"):
        wanted = round(rate * (seconds + _WARM_UP_S) / 2) + 1
        try:
            members = await asyncio.to_thread(_drawn, persons, wanted)
        except UnreadableError as error:
            raise LoadError(str(error)) from error
        calls = await _calls(province, members)
    async with (
        open_channel(endpoints["identity"].address) as identity,
        open_channel(endpoints["filing"].address) as filing,
    ):
        verify, match = identity.unary_unary(_VERIFY), filing.unary_unary(_MATCH)
        health = (identity.unary_unary(_HEALTH), filing.unary_unary(_HEALTH))
        body = health_pb2.HealthCheckRequest().SerializeToString()
        idle = itertools.cycle([(health[0], body, 0), (health[1], body, 0)])
        turns = _turns(verify, match, calls)
        with progress.step("预热", "warming up"), quiet():
            await _open_loop(idle, arrivals(rate, _WARM_UP_S), 1)
            await _open_loop(turns, arrivals(rate, _WARM_UP_S), 2)
        with progress.step("基线", "floor: calls that do nothing"), quiet():
            (floor,) = await _open_loop(idle, arrivals(rate, min(seconds, _FLOOR_S_MAX)), 1)
        with progress.step("开环", f"VerifyCredential + MatchFiling, {rate:g}/s"), quiet():
            asked = await _open_loop(turns, arrivals(rate, seconds), 2)
    return Result(
        rate=rate,
        seconds=seconds,
        people=len(calls),
        verify=asked[0],
        match=asked[1],
        floor=floor,
    )


def _drawn(path: Path, count: int) -> list[_Member]:
    """Draws people with an active card and an insurance in order, evenly from a whole file."""
    drawn = random.Random(200)  # noqa: S311 - the same people each time, no secret
    names = [column.name for column in COLUMNS]
    number, region, scheme, status, card, state = (
        names.index(name)
        for name in (
            "cert_number",
            "insured_region_code",
            "scheme_code",
            "insurance_status",
            "card_number",
            "card_state",
        )
    )
    found: list[_Member] = []
    seen = 0
    with Source(path, COLUMNS) as source:
        for row in source.rows(lambda _: None):
            values = row.values
            if values[status] != "1" or values[state] != "active":
                continue
            seen += 1
            place = len(found) if len(found) < count else drawn.randrange(seen)
            if place < count:
                member = _Member(values[card], values[number], values[region], values[scheme])
                found[place : place + 1] = [member]
    drawn.shuffle(found)
    return found


async def _calls(province: Province, members: Sequence[_Member]) -> list[tuple[bytes, bytes]]:
    """Returns a VerifyCredential and a MatchFiling request for each member that is known."""
    today = write_date(datetime.now(SHANGHAI).date())
    targets = itertools.cycle(elsewhere(REGION))
    calls = []
    for start in range(0, len(members), _LOOKED_UP):
        some = members[start : start + _LOOKED_UP]
        request = identity_service_pb2.LookUpPersonsRequest(
            cert_numbers=[member.cert_number for member in some],
            purpose=access_pb2.ACCESS_PURPOSE_ENQUIRY,
        )
        answer = await province.call(province.identity.LookUpPersons, request, within_s=20.0)
        for member, result in zip(some, answer.results, strict=True):
            if result.WhichOneof("outcome") == "key":
                calls.append(_requests(member, result.key, today, next(targets)))
    if not calls:
        msg = "nobody in the file is in the mesh: load it first, yijie load persons"
        raise LoadError(msg)
    return calls


def _requests(member: _Member, person_id: str, today: Any, target: str) -> tuple[bytes, bytes]:
    verify = identity_service_pb2.VerifyCredentialRequest(
        credential=person_pb2.Credential(
            type=person_pb2.CREDENTIAL_TYPE_CARD, number=member.card_number
        ),
        business_date=today,
        insured_region_code=member.insured_region_code,
        scheme_code=member.scheme_code,
        purpose=access_pb2.ACCESS_PURPOSE_SETTLEMENT,
    )
    match = filing_service_pb2.MatchFilingRequest(
        person_id=person_id,
        insured_region_code=member.insured_region_code,
        care_region_code=target
        if codes.province_of(target) != codes.province_of(member.insured_region_code)
        else "110000",
        service_date=today,
        match_until_date=today,
    )
    return verify.SerializeToString(), match.SerializeToString()


def _turns(
    verify: Any, match: Any, calls: Sequence[tuple[bytes, bytes]]
) -> Iterator[tuple[Any, bytes, int]]:
    for first, second in itertools.cycle(calls):
        yield verify, first, 0
        yield match, second, 1


async def _open_loop(
    turns: Iterator[tuple[Any, bytes, int]], schedule: Sequence[float], kinds: int
) -> list[Asked]:
    """Sends a call at each time; a latency counts from when the call was due."""
    asked = [Asked() for _ in range(kinds)]
    start = time.perf_counter() + _LEAD_S

    async def one(method: Any, body: bytes, kind: int, due: float) -> None:
        try:
            await method(body, timeout=DEADLINE_S)
        except grpc.aio.AioRpcError as error:
            asked[kind].errors[reason_of(error) or error.code().name] += 1
            return
        asked[kind].latencies_s.append(time.perf_counter() - due)

    tasks = []
    for at in schedule:
        delay = start + at - time.perf_counter()
        if delay > 0:
            await asyncio.sleep(delay)
        method, body, kind = next(turns)
        tasks.append(asyncio.create_task(one(method, body, kind, start + at)))
    await asyncio.gather(*tasks)
    return asked


# --- telling ------------------------------------------------------------------------------------


def show_loaded(found: Loaded, out: Console) -> None:
    """Prints what loading came to."""
    rows = found.outcome.tally.rows
    parts = [
        f"{rows:,} people rows in {found.outcome.elapsed_s:.1f} s: {found.rows_per_s:,.0f} rows/s",
        f"{found.outcome.tally.refused_rows} refused",
    ]
    if found.usage is not None:
        spent = sorted(found.usage.seconds.items(), key=lambda item: -item[1])
        parts.append(
            "CPU µs a row: "
            + ", ".join(f"{name} {seconds / rows * 1e6:.0f}" for name, seconds in spent[:4])
        )
    out.print(" · ".join(parts), markup=False)
    reached = "reached" if found.rows_per_s >= GOAL_ROWS else "missed"
    out.print(f"aim ≥ {GOAL_ROWS:,.0f} rows/s: {reached}", markup=False)


def show(result: Result, out: Console) -> None:
    """Prints latencies and whether the aim was reached."""
    table = Table(
        title=f"登记库 · registries, {result.rate:g}/s together for {result.seconds:g} s over"
        f" {result.people:,} people",
        title_justify="left",
    )
    table.add_column("call")
    for heading in ("answered", "p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(heading, justify="right")
    table.add_column("errors")
    for name, asked in _named(result):
        table.add_row(
            name,
            str(len(asked.latencies_s)),
            *(f"{asked.percentile_ms(p):.2f}" for p in (50, 95, 99, 100)),
            ", ".join(f"{reason} {n}" for reason, n in asked.errors.most_common()) or "none",
        )
    out.print(table)
    slower = max(result.verify.percentile_ms(99), result.match.percentile_ms(99))
    reached = "reached" if slower <= GOAL_P99_MS else "missed"
    out.print(
        f"p99 is {result.ratio:.1f} times that of a call that does nothing · aim p99 ≤"
        f" {GOAL_P99_MS:g} ms at {GOAL_RATE:g}/s: {reached}",
        markup=False,
    )


def document_loaded(found: Loaded) -> dict[str, Any]:
    """Returns what loading came to, for programs."""
    return {
        "ok": found.outcome.exit_code == 0,
        "rows": found.outcome.tally.rows,
        "refused": found.outcome.tally.refused_rows,
        "elapsed_s": round(found.outcome.elapsed_s, 2),
        "rows_per_s": round(found.rows_per_s, 1),
        "cpu_s": {}
        if found.usage is None
        else {name: round(spent, 2) for name, spent in found.usage.seconds.items()},
        "goals": {"rows_per_s": GOAL_ROWS},
    }


def document(result: Result) -> dict[str, Any]:
    """Returns what asking came to, for programs."""
    return {
        "ok": result.holds,
        "rate": result.rate,
        "seconds": result.seconds,
        "people": result.people,
        "ratio_of_p99_to_floor": round(result.ratio, 2),
        "calls": {
            name: {
                "answered": len(asked.latencies_s),
                "errors": dict(asked.errors),
                **{
                    f"p{percent}_ms": round(asked.percentile_ms(percent), 2)
                    for percent in (50, 95, 99)
                },
            }
            for name, asked in _named(result)
        },
        "goals": {"p99_ms": GOAL_P99_MS, "rate": GOAL_RATE},
    }


def _named(result: Result) -> list[tuple[str, Asked]]:
    return [
        ("VerifyCredential", result.verify),
        ("MatchFiling", result.match),
        ("nothing (health)", result.floor),
    ]
