"""One run: machines, databases and a network made from a seed, driven, calmed down and audited."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Final

from services.benefits.domain.snapshot import Policy
from services.benefits.policies import load_policy
from services.benefits.servicer import BenefitsServicer
from services.clearing import store as clearing_store
from services.clearing.servicer import ClearingServicer
from services.kit.ids import drawing_from
from services.proving import history
from services.proving.auditor import audit
from services.proving.history import Final as Finally
from services.proving.history import History
from services.proving.simulation import hub
from services.proving.simulation.caller import Caller
from services.proving.simulation.database import MemoryDatabase, StillDatabase
from services.proving.simulation.engine import Server, Statement
from services.proving.simulation.faults import Faults, Rates
from services.proving.simulation.follower import FOLLOWED, Province
from services.proving.simulation.hospital import Hospital
from services.proving.simulation.loop import VirtualClock, VirtualLoop, run
from services.proving.simulation.machine import Log, Machine, Process, own_tasks
from services.proving.simulation.neighbours import serve_neighbours
from services.proving.simulation.network import Network
from services.proving.simulation.people import PROVINCES, caps, families
from services.proving.simulation.plan import OF_VISITS, Action, Plan, plan_of
from services.proving.simulation.quiet import Reader
from services.proving.simulation.refiler import Refiler
from services.proving.simulation.tables import (
    benefits,
    intents,
    invoices,
    journal,
    ledger,
    outbox,
    recomputation,
    visits,
)
from services.proving.simulation.ward import Ward
from yijie.settlement.v1 import settlement_service_pb2_grpc, visit_service_pb2_grpc

STATEMENTS: Final[Mapping[str, Statement]] = {
    **journal.STATEMENTS,
    **intents.STATEMENTS,
    **invoices.STATEMENTS,
    **recomputation.STATEMENTS,
    **outbox.STATEMENTS,
    **visits.STATEMENTS,
    **benefits.STATEMENTS,
    **ledger.STATEMENTS,
}
"""Twins of the SQL, by name."""
_SETTLE_DOWN_S: Final = 3.0
_LOOK_EVERY_S: Final = 3.0
_QUIET_WITHIN_S: Final = 400.0
_SKEW_S: Final = 0.3
_SHARED_SINCE: Final = date(2024, 1, 1)
"""Before any bill of a run: whose account a relative may use does not change."""
_JOURNAL, _LEDGER = "journal", "ledger"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    seed: int
    contradictions: tuple[str, ...]
    operation_count: int
    injected: Mapping[str, int]
    """How often each fault happened."""
    virtual_s: float
    log: Callable[[], list[str]] = field(repr=False)
    """The event log; put together when asked for."""
    history: History = field(repr=False)
    final: Finally = field(repr=False)


@functools.cache
def _policy() -> Policy:
    return load_policy()


def simulate(
    seed: int,
    *,
    actions: Collection[int] | None = None,
    rates: Rates | None = None,
    statements: Mapping[str, Statement] = STATEMENTS,
) -> Outcome:
    """Runs a seed.

    Args:
        seed: everything comes from it.
        actions: numbers of the actions to carry out; None: all.
        rates: of faults; None: the seed chooses.
        statements: what the databases do, by name; replaced by who plants a defect.
    """
    loop = VirtualLoop()
    ids = Random(f"{seed}/ids")  # noqa: S311 - to be repeated, not to be secret
    with drawing_from(ids.randbytes):
        world = World(loop, seed, plan_of(seed), rates=rates, statements=statements)
        return run(loop, world.run(actions), seed=seed)


class World:
    """Everything of one run."""

    def __init__(
        self,
        loop: VirtualLoop,
        seed: int,
        plan: Plan,
        *,
        rates: Rates | None,
        statements: Mapping[str, Statement],
    ) -> None:
        self._loop = loop
        self._seed = seed
        self._plan = plan
        self._statements = statements
        random = Random(f"{seed}/faults")  # noqa: S311 - to be repeated, not to be secret
        self._faults = Faults(random, rates)
        self._log = Log(loop)
        self._network = Network(loop, self._faults, self._log)
        clock = VirtualClock(loop)
        names = (_JOURNAL, _LEDGER, *PROVINCES)
        self._servers = {name: Server(clock.now) for name in names}
        ledger.begin_feed(self._servers[_LEDGER], clearing_store.FEED)
        for person in plan.people:
            province = person.insured_region_code[:2] + "0000"
            benefits.open_account(self._servers[province], person.person_id, person.account_fen)
        areas = {person.person_id: person.insured_region_code for person in plan.people}
        for owner, member in families(plan.people):
            server = self._servers[areas[owner][:2] + "0000"]
            benefits.share_account(server, owner, member, _SHARED_SINCE)
        self._provinces = [Province(*one) for one in FOLLOWED]
        own_tasks(loop)
        loop.set_exception_handler(self._unhandled)
        self._machines = self._make_machines()

    async def run(self, actions: Collection[int] | None) -> Outcome:
        """Drives the plan, lets everything calm down, asks and audits."""
        for machine in self._machines:
            machine.start()
        caller, hospital, ward = self._hospitals()

        async def carry_out(action: Action) -> None:
            await asyncio.sleep(action.at_s)
            doer = ward if action.kind in OF_VISITS else hospital
            await doer.carry_out(action)

        wanted = [
            action for action in self._plan.actions if actions is None or action.number in actions
        ]
        await asyncio.gather(*map(carry_out, wanted))
        self._faults.stop()
        self._log.note("world", "everything works from now on")
        await asyncio.sleep(_SETTLE_DOWN_S)
        quiet = await self._until_quiet()
        await hospital.repeat_all()
        quiet = quiet and await self._until_quiet()
        happened = History(
            operations=caller.recorder.operations(),
            openings={str(person.person_id): person.account_fen for person in self._plan.people},
            caps=caps(self._plan.people),
            families=tuple(
                (str(owner), str(member)) for owner, member in families(self._plan.people)
            ),
        )
        final = await self._read(happened)
        contradictions = audit(happened, final)
        contradictions += [f"no service has a defect: {one}" for one in self._network.defects]
        contradictions += [] if quiet else ["everything comes to an end: it did not in time"]
        return Outcome(
            seed=self._seed,
            contradictions=tuple(contradictions),
            operation_count=len(happened.operations),
            injected=dict(sorted(self._faults.counts.items())),
            virtual_s=self._loop.time(),
            log=self._log.lines,
            history=happened,
            final=final,
        )

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Notes what a task raised and nobody looked at."""
        error = context.get("exception")
        self._network.defects.append(f"{context.get('message')}: {type(error).__name__}")

    def _make_machines(self) -> list[Machine]:
        network = self._network
        entropy = Random(f"{self._seed}/keys").randbytes  # noqa: S311 - to be repeated

        def database(name: str, process: Process) -> MemoryDatabase:
            return MemoryDatabase(self._servers[name], self._statements, process, network.defects)

        def clock() -> VirtualClock:
            skew = self._faults.random.uniform(-_SKEW_S, _SKEW_S)
            return VirtualClock(self._loop, skew)

        def settlement(process: Process) -> Coroutine[Any, Any, None]:
            return hub.serve_hub(network, process, database(_JOURNAL, process), clock(), entropy)

        def region(province: str, process: Process) -> Coroutine[Any, Any, None]:
            region_database = database(province, process)
            return hub.serve_region(network, process, region_database, _policy(), entropy)

        def clearing(process: Process) -> Coroutine[Any, Any, None]:
            return hub.serve_clearing(network, process, database(_LEDGER, process), clock())

        def province(one: Province, process: Process) -> Coroutine[Any, Any, None]:
            return one.follow(network, process, clock())

        mains: dict[str, Callable[[Process], Coroutine[Any, Any, None]]] = {
            **dict.fromkeys(hub.HUBS, settlement),
            **{hub.region_name(name): functools.partial(region, name) for name in PROVINCES},
            # Sometimes two consumers for one ledger: one works, the other looks in.
            **dict.fromkeys(hub.CLEARING[: self._faults.random.choice((1, 1, 2))], clearing),
            **{one.name: functools.partial(province, one) for one in self._provinces},
        }
        return [
            Machine(self._loop, self._faults, self._log, name, main) for name, main in mains.items()
        ]

    def _hospitals(self) -> tuple[Caller, Hospital, Ward]:
        """Starts what does not crash: the hospitals, and the services around."""
        idle = Faults(Random(0), Rates())  # noqa: S311 - never rolled
        around = Machine(self._loop, idle, self._log, hub.NEIGHBOURS, _for_ever).start()
        levels: dict[str, int] = {}
        serve_neighbours(self._network, around, self._plan.people, levels)
        process = Machine(self._loop, idle, self._log, "hospital", _for_ever).start()
        channel = self._network.channel(process, *hub.HUBS)
        caller = Caller(self._network, process)
        settlement: Any = settlement_service_pb2_grpc.SettlementServiceStub(channel)
        visit: Any = visit_service_pb2_grpc.VisitServiceStub(channel)
        refiler = Refiler(caller, settlement, levels)
        return (
            caller,
            Hospital(caller, settlement, self._plan, refiler),
            Ward(caller, settlement, visit, self._plan, refiler),
        )

    async def _until_quiet(self) -> bool:
        end = self._loop.time() + _QUIET_WITHIN_S
        while self._loop.time() < end:
            if self._is_quiet():
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False

    def _is_quiet(self) -> bool:
        if self._network.in_flight or any(one.process is None for one in self._machines):
            return False
        journal_server = self._servers[_JOURNAL]
        if journal_server.rows("open_intent") or journal_server.running:
            return False
        (cursor,) = self._servers[_LEDGER].rows("feed_cursor")
        ends = {one.cursor for one in self._provinces} | {cursor["cursor"]}
        outbox_rows = journal_server.rows("outbox")
        last = max(((row["transaction_id"], row["sequence"]) for row in outbox_rows), default=None)
        return ends == {f"{last[0]}.{last[1]}" if last else ""}

    async def _read(self, happened: History) -> Finally:
        def still(name: str) -> StillDatabase:
            return StillDatabase(self._servers[name], self._statements)

        clock = VirtualClock(self._loop)
        process = Process(Machine(self._loop, self._faults, self._log, "reader", _for_ever))
        callees = hub.open_callees(self._network, process, clock)
        entropy = Random(0).randbytes  # noqa: S311 - nothing is written
        hub_read = hub.make_hub(still(_JOURNAL), callees, clock, entropy)
        stores = {name: hub.make_benefits_store(still(name), entropy) for name in PROVINCES}
        reader = Reader(
            hub_read,
            {name: BenefitsServicer(store, _policy()) for name, store in stores.items()},
            ClearingServicer(still(_LEDGER), clock),
        )
        request_ids = {
            one.request.request_id: None
            for one in happened.operations
            if isinstance(one.request, history.Settle | history.SettleVisit)
        }
        return await reader.read(
            people=self._plan.people,
            request_ids=request_ids,
            feeds=[one.feed() for one in self._provinces],
            open_intents=len(self._servers[_JOURNAL].rows("open_intent")),
        )


async def _for_ever(_process: Process) -> None:
    await asyncio.Event().wait()
