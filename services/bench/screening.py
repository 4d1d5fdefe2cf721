"""What supervision costs before and during: the rules, the record of the person, the round trip.

A mesh of its own whose people have some ten bills each on record; then ScreenBill and
RemindOrder one after another, ScreenBill beside the national peak, the rules alone in this process,
and Settle in turns with supervision and with a stand-in that finds nothing at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import grpc
from rich.console import Console
from rich.table import Table

from services.bench import checks, population
from services.bench.drive import Driver, Run, arrivals, percentile
from services.bench.usage import POSTGRES, Meter, Usage, postmaster_pid
from services.cli.demo import load_demo_data
from services.cli.mesh import Mesh, mesh
from services.cli.progress import Progress
from services.cli.province import connected
from services.kit.channel import open_channel
from services.supervision.domain.engine import judge
from services.supervision.domain.model import Bill, History, Line, Moment, Sex
from services.supervision.rules_loader import load_rules
from services.supervision.screening.usecases import without_lines
from yijie.settlement.v1 import settlement_service_pb2
from yijie.supervision.v1 import (
    reminder_service_pb2,
    reminder_service_pb2_grpc,
    supervision_service_pb2,
    supervision_service_pb2_grpc,
)

PEOPLE: Final = 200
RECORD: Final = 10
"""Bills that each of them has on record, about."""
AIMS: Final = {
    "rules, 20 lines, p99": 1.0,
    "ScreenBill p99": 20.0,
    "ScreenBill p99 at the peak": 20.0,
    "RemindOrder p99": 50.0,
}
"""Milliseconds."""
_CALLS: Final = 1000
_WARM: Final = 50
_RULE_TIMES: Final = 2000
_IN_FLIGHT: Final = 8
_DEADLINE_S: Final = 5.0
_SETTLE_DOWN_S: Final = 0.7
_BESIDE_EVERY_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Leg:
    """Settle in one condition."""

    run: Run
    used: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What was found, milliseconds; percentiles by name."""

    record: float
    """Bills on record, of the median person."""
    figures: dict[str, float]
    with_rules: Sequence[Leg]
    without: Sequence[Leg]

    def ratio(self) -> float:
        """Returns the median latency of Settle with supervision over that with the stand-in."""
        pairs = zip(self.with_rules, self.without, strict=True)
        return statistics.median(
            one.run.percentile_ms(50) / other.run.percentile_ms(50) for one, other in pairs
        )


class _StandIn(supervision_service_pb2_grpc.SupervisionServiceServicer):
    """Finds nothing, at once."""

    async def ScreenBill(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return supervision_service_pb2.ScreenBillResponse()

    async def GetScreeningPolicy(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return supervision_service_pb2.GetScreeningPolicyResponse(version="none")


@dataclass(slots=True)
class _Rig:
    mesh: Mesh
    requests: Sequence[settlement_service_pb2.SettleRequest]
    connection: asyncpg.Connection
    meter: Callable[[], Meter]
    stand_in_port: int


async def measure(
    data_dir: Path,
    *,
    rate: float,
    seconds: float,
    rounds: int,
    progress: Progress,
    quiet: Callable[[], AbstractContextManager[None]],
) -> Screened:
    """Measures; the data directory goes with it. `seconds` is the length of each stretch of load.

    Raises:
        MeshError: the mesh does not start, or loses a service.
    """
    figures: dict[str, float] = {}
    with progress.step("规则", "the rules alone"), quiet():
        figures |= _figures("rules, 20 lines", _rule_times())
    async with _rig(data_dir, progress) as rig:
        with progress.step("既往单据", f"settling {PEOPLE * RECORD} bills for the record"), quiet():
            await _fill(rig)
        record = await rig.connection.fetchval(
            "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY bills) FROM"
            " (SELECT count(*) AS bills FROM supervision.audited_bill GROUP BY person_id) AS each"
        )
        address = rig.mesh.endpoints["supervision"].address
        async with open_channel(address) as channel:
            screen = supervision_service_pb2_grpc.SupervisionServiceStub(channel).ScreenBill
            remind = reminder_service_pb2_grpc.ReminderServiceStub(channel).RemindOrder
            with progress.step("事中", f"{_CALLS} bills screened, one after another"), quiet():
                asked = [screen_request(one) for one in rig.requests]
                figures |= await _measured(rig, "ScreenBill", screen, asked)
            with progress.step("事前", f"{_CALLS} draft orders, one after another"), quiet():
                drafts = [remind_request(one) for one in rig.requests]
                figures |= await _measured(rig, "RemindOrder", remind, drafts)
            with progress.step("高峰", f"screening beside {rate:g} settlements a second"), quiet():
                beside = await _beside(rig, screen, asked, rate=rate, seconds=seconds)
                figures |= {f"{name} at the peak": ms for name, ms in beside.items()}
        legs: dict[bool, list[Leg]] = {True: [], False: []}
        with progress.step("对比", f"Settle with and without, {rounds} rounds of both"), quiet():
            for number in range(rounds):
                for real in (True, False) if number % 2 == 0 else (False, True):
                    legs[real].append(await _leg(rig, real=real, seconds=seconds))
    return Screened(
        record=float(record), figures=figures, with_rules=legs[True], without=legs[False]
    )


@contextlib.asynccontextmanager
async def _rig(data_dir: Path, progress: Progress) -> AsyncIterator[_Rig]:
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(mesh(data_dir, progress=progress, remove=True))
        province = await stack.enter_async_context(connected(running.endpoints, ""))
        await load_demo_data(province, progress)
        people = population.members(PEOPLE)
        with progress.step("载入压测人群", f"loading {PEOPLE} synthetic people"):
            person_ids = await population.load_population(province, people)
        connection = await asyncpg.connect(running.dsn)
        stack.push_async_callback(connection.close)
        server = grpc.aio.server()
        supervision_service_pb2_grpc.add_SupervisionServiceServicer_to_server(_StandIn(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stack.push_async_callback(server.stop, 0)
        yield _Rig(
            mesh=running,
            requests=population.settle_requests(people, person_ids),
            connection=connection,
            meter=lambda: Meter(
                {name: process.pid for name, process in running.processes.items()},
                postmaster_pid(data_dir),
            ),
            stand_in_port=port,
        )


async def _fill(rig: _Rig) -> None:
    """Settles bills of each person on days of the past months."""
    bodies = []
    for back in range(RECORD):
        for number, request in enumerate(rig.requests):
            if number % max(1, len(rig.requests) // PEOPLE):
                continue
            bodies.append(_days_back(request, 3 * back).SerializeToString())
    async with open_channel(rig.mesh.endpoints["settlement"].address) as channel:
        driver = Driver(channel, bodies)
        settled = 0
        while settled < PEOPLE * RECORD:
            settled += (await driver.closed_loop(_IN_FLIGHT, 2.0)).settled_count
    await checks.followed(rig.connection)


def _days_back(
    request: settlement_service_pb2.SettleRequest, days: int
) -> settlement_service_pb2.SettleRequest:
    moved = settlement_service_pb2.SettleRequest()
    moved.CopyFrom(request)
    day = population.VISIT_DATE - timedelta(days=days)
    for message in (
        moved.bill.begin_date,
        moved.bill.end_date,
        *(line.fee_date for line in moved.bill.lines),
    ):
        message.year, message.month, message.day = day.year, day.month, day.day
    return moved


def screen_request(
    request: settlement_service_pb2.SettleRequest,
) -> supervision_service_pb2.ScreenBillRequest:
    """Returns what settlement asks about a bill."""
    patient, bill = request.patient, request.bill
    return supervision_service_pb2.ScreenBillRequest(
        sex=patient.sex,
        birth_date=patient.birth_date,
        medical_type_code=bill.medical_type_code,
        scheme_code=patient.scheme_code,
        institution_code=bill.institution_code,
        hospital_level_code=bill.hospital_level_code,
        diagnoses=bill.diagnoses,
        lines=bill.lines,
        person_id=patient.person_id,
        care_region_code=bill.care_region_code,
        insured_region_code=patient.insured_region_code,
        begin_date=bill.begin_date,
        end_date=bill.end_date,
        total=bill.total,
    )


def remind_request(
    request: settlement_service_pb2.SettleRequest,
) -> reminder_service_pb2.RemindOrderRequest:
    """Returns the bill as the draft that it was: its drugs last for a fortnight."""
    patient, bill = request.patient, request.bill
    draft = reminder_service_pb2.RemindOrderRequest(
        institution_code=bill.institution_code,
        hospital_level_code=bill.hospital_level_code,
        person_id=patient.person_id,
        sex=patient.sex,
        birth_date=patient.birth_date,
        insured_region_code=patient.insured_region_code,
        scheme_code=patient.scheme_code,
        medical_type_code=bill.medical_type_code,
        diagnoses=bill.diagnoses,
        order_date=bill.begin_date,
        lines=bill.lines,
    )
    for line in draft.lines:
        if line.item_code.startswith(("X", "Z")):
            line.supply_days = 14
    return draft


async def _measured(
    rig: _Rig, name: str, call: Callable[..., Awaitable[Any]], requests: Sequence[Any]
) -> dict[str, float]:
    """Returns latencies, and what a call costs supervision and PostgreSQL: nothing else runs."""
    meter = rig.meter()
    before = meter.read()
    figures = _figures(name, await _calls(call, requests))
    used = (meter.read() - before).seconds
    each = 1000 / (_CALLS + min(_WARM, len(requests)))
    return figures | {
        f"{name}, CPU of {process}": used[process] * each for process in ("supervision", POSTGRES)
    }


async def _calls(call: Callable[..., Awaitable[Any]], requests: Sequence[Any]) -> list[float]:
    for request in requests[:_WARM]:
        await call(request, timeout=_DEADLINE_S)
    taken = []
    for number in range(_CALLS):
        started = time.perf_counter()
        await call(requests[number % len(requests)], timeout=_DEADLINE_S)
        taken.append(time.perf_counter() - started)
    return taken


async def _beside(
    rig: _Rig,
    call: Callable[..., Awaitable[Any]],
    requests: Sequence[Any],
    *,
    rate: float,
    seconds: float,
) -> dict[str, float]:
    """Screens every so often while bills settle and are audited."""
    taken = []
    done = asyncio.Event()

    async def ask() -> None:
        number = 0
        while not done.is_set():
            started = time.perf_counter()
            await call(requests[number % len(requests)], timeout=_DEADLINE_S)
            taken.append(time.perf_counter() - started)
            number += 1
            await asyncio.sleep(_BESIDE_EVERY_S)

    async with open_channel(rig.mesh.endpoints["settlement"].address) as channel:
        driver = Driver(channel, [request.SerializeToString() for request in rig.requests])
        asking = asyncio.create_task(ask())
        run = await driver.open_loop(arrivals(rate, seconds))
        done.set()
        await asking
    await checks.followed(rig.connection)
    rig.mesh.check()
    return _figures("ScreenBill", taken) | {"Settle p99": run.percentile_ms(99)}


async def _leg(rig: _Rig, *, real: bool, seconds: float) -> Leg:
    """Settles with supervision, or with the stand-in in its place for settlement alone."""
    endpoints = rig.mesh.endpoints
    kept = endpoints["supervision"]
    if not real:
        endpoints["supervision"] = dataclasses.replace(kept, port=rig.stand_in_port)
    await rig.mesh.processes["settlement"].stop(within_s=8.0)
    rig.mesh.start("settlement")
    await rig.mesh.ready("settlement")
    endpoints["supervision"] = kept
    async with open_channel(endpoints["settlement"].address) as channel:
        driver = Driver(channel, [request.SerializeToString() for request in rig.requests])
        await driver.closed_loop(_IN_FLIGHT, 2.0)
        await checks.followed(rig.connection)
        meter = rig.meter()
        before = meter.read()
        run = await driver.closed_loop(_IN_FLIGHT, seconds)
        await checks.followed(rig.connection)
        await asyncio.sleep(_SETTLE_DOWN_S)
        return Leg(run, meter.read() - before)


def _rule_times() -> list[float]:
    """Judges bills of 20 lines as ScreenBill does, with a record like that of the mesh."""
    ruleset = without_lines(load_rules())
    people = population.members(PEOPLE)
    bills = [_bill_of(bill, 0) for bill in population.bills(people)]
    taken = []
    for number in range(_RULE_TIMES):
        bill = bills[number % len(bills)]
        history = History(bills=tuple(_earlier(bill, 3 * back) for back in range(1, RECORD)))
        started = time.perf_counter()
        judge(bill, ruleset, moment=Moment.SCREENING, history=history)
        taken.append(time.perf_counter() - started)
    return taken


def _bill_of(bill: Any, days_back: int) -> Bill:
    day = population.VISIT_DATE - timedelta(days=days_back)
    return Bill(
        sex=Sex.FEMALE,
        birth_date=day - timedelta(days=20_000),
        medical_type=bill.medical_type_code,
        institution_level=bill.hospital_level_code,
        scheme_code="310",
        institution_code=bill.institution_code,
        care_region_code=bill.care_region_code,
        begin_date=day,
        end_date=day,
        diagnosis_codes=tuple(one.diagnosis_code for one in bill.diagnoses),
        lines=tuple(
            Line(
                line_id=line.line_id,
                item_code=line.item_code,
                fee_date=day,
                quantity=Decimal(line.quantity.value),
                amount_fen=line.amount.fen,
                unit_price=Decimal(line.unit_price.value),
            )
            for line in bill.lines
        ),
    )


def _earlier(bill: Bill, days_back: int) -> Bill:
    day = population.VISIT_DATE - timedelta(days=days_back)
    return dataclasses.replace(
        bill,
        bill_key=uuid4(),
        begin_date=day,
        end_date=day,
        settle_time=datetime(day.year, day.month, day.day, tzinfo=UTC),
        lines=tuple(dataclasses.replace(line, fee_date=day) for line in bill.lines),
    )


def _figures(name: str, seconds: Sequence[float]) -> dict[str, float]:
    return {
        f"{name} p50": percentile(seconds, 50) * 1000,
        f"{name} p99": percentile(seconds, 99) * 1000,
    }


def document(found: Screened) -> dict[str, Any]:
    """Returns the JSON document. The aims are reported, not judged: machines differ."""
    return {
        "ok": True,
        "bills_on_record": found.record,
        "ms": {name: round(ms, 3) for name, ms in found.figures.items()},
        "settle_with_over_without_p50": round(found.ratio(), 3),
        "legs": [
            {
                "supervision": name,
                "settled": leg.run.settled_count,
                "per_second": round(leg.run.throughput, 1),
                "p50_ms": round(leg.run.percentile_ms(50), 1),
                "p99_ms": round(leg.run.percentile_ms(99), 1),
                "cpu_ms": {
                    process: round(seconds * 1000 / max(1, leg.run.settled_count), 3)
                    for process, seconds in leg.used.seconds.items()
                },
                "errors": dict(leg.run.errors),
            }
            for name, legs in (("real", found.with_rules), ("stand-in", found.without))
            for leg in legs
        ],
    }


def show(found: Screened, out: Console) -> None:
    """Prints the tables."""
    table = Table(title="事前与事中 · before and during", title_justify="left")
    for column in ("", "ms", "aim ms", ""):
        table.add_column(column, justify="left" if not column else "right")
    for name, ms in found.figures.items():
        aim = AIMS.get(name)
        reached = "" if aim is None else "reached" if ms <= aim else "missed"
        table.add_row(name, f"{ms:.2f}", "" if aim is None else f"{aim:g}", reached)
    out.print(table)
    legs = Table(
        title=f"Settle, {_IN_FLIGHT} in flight, {found.record:g} bills on record",
        title_justify="left",
    )
    for column in (
        "supervision",
        "settled",
        "/s",
        "p50 ms",
        "p99 ms",
        "CPU ms",
        "its own",
        "errors",
    ):
        legs.add_column(column, justify="right" if column != "supervision" else "left")
    for name, some in (("real", found.with_rules), ("stand-in", found.without)):
        for leg in some:
            each = 1000 / max(1, leg.run.settled_count)
            legs.add_row(
                name,
                str(leg.run.settled_count),
                f"{leg.run.throughput:.1f}",
                f"{leg.run.percentile_ms(50):.1f}",
                f"{leg.run.percentile_ms(99):.1f}",
                f"{sum(leg.used.seconds.values()) * each:.2f}",
                f"{leg.used.seconds.get('supervision', 0.0) * each:.2f}",
                str(sum(leg.run.errors.values())),
            )
    out.print(legs)
    out.print(f"Settle with supervision over without, p50: {found.ratio():.2f}")
