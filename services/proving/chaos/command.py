"""`yijie chaos`: drives a mesh of its own while breaking it, then has everything audited."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson

from services.bench import population
from services.cli import cases
from services.cli.demo import load_demo_data
from services.cli.mesh import temporary_dir
from services.cli.progress import Progress
from services.cli.province import Province, connected
from services.cli.screen import console
from services.kit.channel import open_channel
from services.kit.clock import SystemClock, civil_date
from services.kit.wire import write_money
from services.proving.auditor import examine
from services.proving.chaos import report
from services.proving.chaos.consumers import Consumer, following
from services.proving.chaos.desk import Logbook, Window, open_windows
from services.proving.chaos.fleet import (
    REMOTE_PROVINCE,
    Fleet,
    Servers,
    client_address,
    direct,
    fleet,
)
from services.proving.chaos.gather import Offices, gather, wait_until_quiet
from services.proving.chaos.hospital import BillDesk
from services.proving.chaos.plan import OF_VISITS, REPLICAS, Plan, Treatment, make_plan
from services.proving.chaos.report import Outcome
from services.proving.chaos.storm import Storm
from services.proving.chaos.ward import VisitDesk
from services.proving.history import Cap, History, Settle, SettleVisit
from services.proving.history import Final as Finally
from services.proving.recorder import Recorder
from yijie.benefits.v1 import benefits_service_pb2, benefits_service_pb2_grpc
from yijie.clearing.v1 import clearing_service_pb2_grpc, reconciliation_service_pb2_grpc
from yijie.settlement.v1 import (
    settlement_service_pb2,
    settlement_service_pb2_grpc,
    visit_service_pb2_grpc,
)

RATE: Final = 15.0
"""Bills a second unless said otherwise: what a small machine carries beside its own ruin."""
SCHEME: Final = "310"
KEPT_DIR: Final = Path(".yijie/chaos")
_BALANCE_FEN_MAX: Final = 300_000
_BATCH: Final = 500
_FINISH_S_MAX: Final = 40.0
_SEEDS: Final = 1_000_000
_RETIRED: Final = "12"
# What the packs of the demo's regions allow a year, by insured region and whether retired, fen.
_CAPS: Final = {
    ("131100", False): {"outpatient_fund": 80_000, "outpatient_deductible": 10_000},
    ("131100", True): {"outpatient_fund": 100_000, "outpatient_deductible": 10_000},
    ("110000", False): {"outpatient_deductible": 180_000},
    ("110000", True): {"outpatient_deductible": 130_000},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for."""

    seconds: float = 60.0
    seed: int | None = None
    """None: drawn, and printed."""
    people: int = 300
    rate: float = RATE


@dataclass(frozen=True, slots=True)
class _Ground:
    """The people of a run."""

    people: Sequence[population.Member]
    person_ids: Sequence[str]
    openings: dict[str, int]
    requests: Sequence[settlement_service_pb2.SettleRequest]

    def caps(self) -> tuple[Cap, ...]:
        found = []
        for member, person_id in zip(self.people, self.person_ids, strict=True):
            retired = member.person.insurances[0].person_type_code == _RETIRED
            allowed = _CAPS[member.relation.insured_region_code, retired]
            found += [
                Cap(person_id=person_id, scheme_code=SCHEME, sum_name=name, amount=amount)
                for name, amount in allowed.items()
            ]
        return tuple(found)


async def chaos(options: Options) -> int:
    """Runs the chaos; returns 0 when nothing contradicts anything."""
    seed = random.SystemRandom().randrange(_SEEDS) if options.seed is None else options.seed
    progress = Progress()
    progress.say(f"  种子 seed {seed}")
    plan = make_plan(
        seed,
        seconds=options.seconds,
        people=options.people,
        rate=options.rate,
        bill_lines=population.LINES,
    )
    outcome, kept = await run_plan(plan, progress)
    report.show(outcome, console())
    progress.say(report.verdict(outcome, kept))
    return 0 if outcome.holds else 1


async def run_plan(
    plan: Plan,
    progress: Progress,
    *,
    kept_dir: Path = KEPT_DIR,
    before_audit: Callable[[Fleet], Awaitable[None]] | None = None,
    data_dir: Path | None = None,
    database: Servers | None = None,
    is_kept: bool = False,
) -> tuple[Outcome, Path | None]:
    """Carries out a plan in a mesh of its own and has it audited.

    Args:
        plan: what to do.
        progress: where steps are announced.
        kept_dir: where the evidence of a run with contradictions is kept.
        before_audit: called when all is quiet; a self-test plants its defect there.
        data_dir: of the mesh; none: a temporary one.
        is_kept: whether the data directory stays afterwards.
        database: in the data directory; none: one embedded server.

    Returns:
        What came of it, and the folder with the evidence; None: there are no contradictions.

    Raises:
        MeshError: the mesh cannot be started, or not be mended.
    """
    folder = data_dir or temporary_dir()
    async with fleet(folder, progress, database, is_kept=is_kept) as running:
        async with _offices(running) as offices:
            ground = await _prepare(running, offices, plan, progress)
            outcome, final = await _storm(
                running, offices, ground, plan, progress, before_audit=before_audit
            )
        kept = None if outcome.holds else _keep(running, outcome, final, kept_dir)
    return outcome, kept


async def _prepare(running: Fleet, offices: Offices, plan: Plan, progress: Progress) -> _Ground:
    async with connected(direct(running), "") as province:
        await load_demo_data(province, progress)
        people = population.members(plan.people)
        with progress.step("载入人群", f"loading {plan.people} synthetic people"):
            person_ids = await population.load_population(province, people)
            openings = await _open_accounts(province, offices, plan, people, person_ids)
    requests = population.settle_requests(people, person_ids)
    return _Ground(people, person_ids, openings, requests)


async def _open_accounts(
    province: Province,
    offices: Offices,
    plan: Plan,
    people: Sequence[population.Member],
    person_ids: Sequence[str],
) -> dict[str, int]:
    """Sets accounts of which many run out."""
    drawn = random.Random(f"accounts {plan.seed}")  # noqa: S311 - a plan, no secret
    openings = {person_id: drawn.randint(0, _BALANCE_FEN_MAX) for person_id in person_ids}
    for remote in (False, True):
        mine = [
            benefits_service_pb2.Account(
                person_id=person_id, balance=write_money(openings[person_id])
            )
            for member, person_id in zip(people, person_ids, strict=True)
            if (member.relation.insured_region_code == REMOTE_PROVINCE) == remote
        ]
        for start in range(0, len(mine), _BATCH):
            request = benefits_service_pb2.UpsertAccountsRequest(
                request_id=str(uuid4()), accounts=mine[start : start + _BATCH]
            )
            office = offices.benefits_remote if remote else offices.benefits
            await province.call(office.UpsertAccounts, request)
    return openings


async def _storm(
    running: Fleet,
    offices: Offices,
    ground: _Ground,
    plan: Plan,
    progress: Progress,
    *,
    before_audit: Callable[[Fleet], Awaitable[None]] | None,
) -> tuple[Outcome, Finally]:
    clock = SystemClock()
    began = clock.now()
    recorder = Recorder()
    storm = Storm(running)
    addresses = {replica: client_address(running, replica) for replica in REPLICAS}
    async with open_windows(addresses) as windows:
        logbook = Logbook(recorder, windows)
        consumers = _consumers(windows)
        async with following(consumers), _kept(running):
            with progress.step("风暴", f"{plan.seconds:g} s of traffic and faults"):
                await _drive(logbook, ground, storm, plan)
            with progress.step("修复", "mending everything"):
                await running.heal()
            with progress.step("等待收尾", "waiting for the end of all work"):
                quiet_s, unfinished = await wait_until_quiet(offices, consumers)
    history = History(
        operations=recorder.operations(), openings=ground.openings, caps=ground.caps()
    )
    if before_audit is not None:
        await before_audit(running)
    with progress.step("取数", "asking the public calls for everything"):
        final = await gather(
            offices,
            request_ids=_request_ids(history),
            institutions=[one.institution_code for one in cases.institutions().values()],
            business_dates={civil_date(began), civil_date(clock.now())},
            people={
                person_id: member.relation.insured_region_code
                for member, person_id in zip(ground.people, ground.person_ids, strict=True)
            },
            years=[(SCHEME, population.VISIT_DATE.year)],
            consumers=consumers,
        )
    with progress.step("审计", "auditing"):
        checks = examine(history, final)
    return (
        Outcome(
            plan=plan,
            history=history,
            moments=recorder.moments(),
            done=storm.done,
            skipped=storm.skipped,
            repeats=logbook.counts,
            severed=sum(proxy.severed for proxy in running.proxies.values()),
            lost_bytes=sum(proxy.lost_bytes for proxy in running.proxies.values()),
            resumed=sum(consumer.resumed for consumer in consumers),
            restarted=running.restarted,
            deaths=tuple(running.deaths),
            quiet_s=quiet_s,
            unfinished=unfinished,
            checks=checks,
        ),
        final,
    )


def _consumers(windows: Mapping[str, Window]) -> list[Consumer]:
    first, second = (windows[replica].settlement for replica in REPLICAS)
    return [
        Consumer("everything by settlement-1", first),
        Consumer("everything by settlement-2", second),
        Consumer(
            "130000 as insured province",
            second,
            province_code="130000",
            role=settlement_service_pb2.REGION_ROLE_INSURED,
        ),
        Consumer(
            "110000 as care province",
            first,
            province_code="110000",
            role=settlement_service_pb2.REGION_ROLE_CARE,
        ),
        Consumer("110000 as either", second, province_code="110000"),
        Consumer("reversals", first, kinds=(settlement_service_pb2.EVENT_KIND_REVERSED,)),
    ]


async def _drive(logbook: Logbook, ground: _Ground, storm: Storm, plan: Plan) -> None:
    """Carries out treatments and faults side by side; returns when both are through."""
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def treat(treatment: Treatment) -> None:
        await asyncio.sleep(max(0.0, started + treatment.at_s - loop.time()))
        desk = VisitDesk if treatment.course in OF_VISITS else BillDesk
        await desk(logbook, treatment, ground.requests[treatment.person]).run()

    breaking = asyncio.create_task(storm.run(plan.faults))
    treating = [asyncio.create_task(treat(one)) for one in plan.treatments]
    try:
        await breaking
        # Hospitals give up asking at the end of the day; the hub has to finish alone.
        done, late = await asyncio.wait(treating, timeout=_FINISH_S_MAX)
        for task in done:
            task.result()
    finally:
        for task in (breaking, *treating):
            task.cancel()
        await asyncio.gather(breaking, *treating, return_exceptions=True)
    del late


def _request_ids(history: History) -> list[str]:
    return sorted(
        {
            operation.request.request_id
            for operation in history.operations
            if isinstance(operation.request, Settle | SettleVisit)
        }
    )


@contextlib.asynccontextmanager
async def _kept(running: Fleet) -> AsyncIterator[None]:
    task = asyncio.create_task(running.keep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _offices(running: Fleet) -> AsyncIterator[Offices]:
    async with contextlib.AsyncExitStack() as stack:

        async def channel(name: str) -> Any:
            return await stack.enter_async_context(open_channel(running.endpoints[name].address))

        hub, clearing = await channel(REPLICAS[0]), await channel("clearing")
        yield Offices(
            settlement=settlement_service_pb2_grpc.SettlementServiceStub(hub),
            visits=visit_service_pb2_grpc.VisitServiceStub(hub),
            benefits=benefits_service_pb2_grpc.BenefitsServiceStub(await channel("benefits")),
            benefits_remote=benefits_service_pb2_grpc.BenefitsServiceStub(
                await channel("benefits-remote")
            ),
            clearing=clearing_service_pb2_grpc.ClearingServiceStub(clearing),
            reconciliation=reconciliation_service_pb2_grpc.ReconciliationServiceStub(clearing),
            metrics=[running.endpoints[replica] for replica in REPLICAS],
        )


def _keep(running: Fleet, outcome: Outcome, final: Finally, kept_dir: Path) -> Path:
    """Keeps what a defect is found by: plan, history, final answers, findings and logs."""
    folder = kept_dir / f"seed-{outcome.plan.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in (
        ("plan", outcome.plan),
        ("history", outcome.history),
        ("contradictions", outcome.contradictions),
    ):
        (folder / f"{name}.json").write_bytes(_json(content))
    (folder / "final.json").write_bytes(
        _json(
            {
                "listed": final.listed,
                "by_request": final.by_request,
                "bookings": final.bookings,
                "accumulators": [*final.accumulators.items()],
                "balances": final.balances,
                "positions": final.positions,
                "entries": final.entries,
                "feeds": final.feeds,
                "recorded": final.recorded,
                "comparisons": final.comparisons,
                "visits": final.visits,
                "lines": final.lines,
            }
        )
    )
    shutil.copytree(running.log_dir, folder / "logs")
    return folder


def _json(content: object) -> bytes:
    def other(value: object) -> object:
        if isinstance(value, frozenset):
            return sorted(value, key=str)
        if hasattr(value, "items"):
            return {str(key): one for key, one in value.items()}
        raise TypeError

    return orjson.dumps(
        content, default=other, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    )
