"""What each area of supervision brings to the process: the calls that it answers and its loops."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.kit.feed import Batch, Follower, following, load_cursor
from services.supervision import servicer, usecases
from services.supervision.audit import servicer as audit_servicer
from services.supervision.audit.events import read_event, read_reimbursement_event
from services.supervision.audit.gate import FirstScreening, Gate
from services.supervision.audit.records import FEED, REIMBURSEMENT_FEED, Records
from services.supervision.audit.servicer import AuditServicer
from services.supervision.audit.store import AuditStore
from services.supervision.audit.usecases import Auditor
from services.supervision.cases import servicer as case_servicer
from services.supervision.cases.clients import ClearingClient, SettlementsClient
from services.supervision.cases.desk import Desk
from services.supervision.cases.loop import CaseLoop
from services.supervision.cases.servicer import CaseServicer
from services.supervision.cases.terms import load_case_terms
from services.supervision.chain import servicer as chain_servicer
from services.supervision.chain.area import open_chain
from services.supervision.clients import IdentityClient, SettlementClient
from services.supervision.credit import servicer as credit_servicer
from services.supervision.credit.clients import SuspensionsClient
from services.supervision.credit.servicer import CreditServicer
from services.supervision.credit.terms import load_credit_terms
from services.supervision.publication import servicer as rule_servicer
from services.supervision.publication.dry_run import DryRuns
from services.supervision.publication.rates import rule_rates
from services.supervision.publication.servicer import RuleServicer
from services.supervision.screening import servicer as screening_servicer
from services.supervision.screening.store import HistoryStore
from services.supervision.screening.usecases import Screening
from services.supervision.servicer import SupervisionServicer
from services.supervision.signal_store import FEED as SIGNAL_FEED
from services.supervision.signal_store import SignalStore
from services.supervision.statistics import servicer as statistics_servicer
from services.supervision.statistics.clients import FilingClient, GapClient
from services.supervision.statistics.clients import IdentityClient as InsuranceClient
from services.supervision.statistics.making import Sources
from services.supervision.statistics.servicer import StatisticsServicer
from services.supervision.store import Store
from services.supervision.tickets import feed as refusal_feed
from services.supervision.tickets import servicer as ticket_servicer
from services.supervision.tickets.loop import Tickets
from services.supervision.tickets.servicer import TicketServicer
from services.supervision.tickets.terms import load_ticket_terms
from yijie.audit.v1 import chain_service_pb2_grpc as chain_rpc
from yijie.supervision.v1 import audit_service_pb2_grpc as audit_rpc
from yijie.supervision.v1 import case_service_pb2_grpc as case_rpc
from yijie.supervision.v1 import credit_service_pb2_grpc as credit_rpc
from yijie.supervision.v1 import reminder_service_pb2_grpc as reminder_rpc
from yijie.supervision.v1 import rule_service_pb2_grpc as rule_rpc
from yijie.supervision.v1 import statistics_service_pb2_grpc as statistics_rpc
from yijie.supervision.v1 import supervision_service_pb2_grpc as supervision_rpc
from yijie.supervision.v1 import ticket_service_pb2_grpc as ticket_rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    import grpc

    from services.kit.clock import Clock
    from services.kit.crypto import FieldCipher
    from services.kit.db import Database
    from services.supervision.config import Config
    from services.supervision.domain.signals import Signal
    from services.supervision.publication.current import Current

    Loop = AbstractAsyncContextManager[object]


@dataclass(frozen=True, slots=True)
class Shared:
    """What the areas are made of."""

    config: Config
    clock: Clock
    database: Database
    cipher: FieldCipher
    settlement: grpc.aio.Channel
    identity: grpc.aio.Channel
    rules: Current
    filing: grpc.aio.Channel
    clearing: grpc.aio.Channel
    further: Mapping[str, grpc.aio.Channel] = field(default_factory=dict)
    """Channels to those of whom only the audit chain asks anything, by name."""
    gate: Gate = field(default_factory=Gate)


@dataclass(frozen=True, slots=True)
class Area:
    """One servicer with its name, the loops beside it, and what ends its streams."""

    full_name: str
    register: Callable[[grpc.aio.Server], None]
    loops: tuple[Loop, ...] = ()
    close: Callable[[], None] | None = None


def open_areas(shared: Shared) -> tuple[Area, ...]:
    """Returns all areas; what is not understood stops the start, not the first call."""
    return (
        _screening(shared),
        _reminders(shared),
        _audit(shared),
        _publication(shared),
        _tickets(shared),
        _statistics(shared),
        _cases(shared),
        _credit(shared),
        _chain(shared),
    )


def _area(
    full_name: str,
    add: Callable[[Any, grpc.aio.Server], None],
    servicer: Any,
    *loops: Loop,
    close: Callable[[], None] | None = None,
) -> Area:
    return Area(full_name, functools.partial(add, servicer), loops, close)


def _screening(shared: Shared) -> Area:
    store = Store(shared.database, shared.cipher)
    signals = SignalStore(shared.database)
    return _area(
        servicer.FULL_NAME,
        supervision_rpc.add_SupervisionServiceServicer_to_server,
        SupervisionServicer(store, signals, shared.rules, _screening_of(shared), shared.clock),
        following(_signalled(shared, signals)),
    )


def _screening_of(shared: Shared) -> Screening:
    return FirstScreening(
        shared.rules,
        HistoryStore(shared.database, shared.cipher),
        shared.gate,
        history_timeout_s=shared.config.history_timeout_s,
    )


def _reminders(shared: Shared) -> Area:
    return _area(
        screening_servicer.FULL_NAME,
        reminder_rpc.add_ReminderServiceServicer_to_server,
        screening_servicer.ReminderServicer(_screening_of(shared)),
    )


def _audit(shared: Shared) -> Area:
    settlement = SettlementClient(shared.settlement)
    auditor = Auditor(
        shared.database, Records(shared.database, shared.cipher), shared.rules, shared.gate
    )
    feeds = (
        (FEED, settlement.events, read_event),
        (REIMBURSEMENT_FEED, settlement.reimbursements, read_reimbursement_event),
    )
    return _area(
        audit_servicer.FULL_NAME,
        audit_rpc.add_AuditServiceServicer_to_server,
        AuditServicer(shared.database, shared.cipher, shared.rules, settlement, shared.gate),
        *(
            following(
                Follower(
                    name,
                    shared.config.feed,
                    shared.clock,
                    cursor=functools.partial(load_cursor, shared.database, name),
                    subscribe=subscribe,
                    apply=functools.partial(auditor.apply, feed=name, read=read),
                )
            )
            for name, subscribe, read in feeds
        ),
    )


def _signalled(shared: Shared, signals: SignalStore) -> Follower[Signal]:
    async def apply(after: str, batch: Batch[Signal]) -> None:
        await usecases.record_signals(signals, after=after, batch=batch)

    return Follower(
        SIGNAL_FEED,
        shared.config.feed,
        shared.clock,
        cursor=functools.partial(load_cursor, shared.database, SIGNAL_FEED),
        subscribe=IdentityClient(shared.identity).signals,
        apply=apply,
    )


def _publication(shared: Shared) -> Area:
    return _area(
        rule_servicer.FULL_NAME,
        rule_rpc.add_RuleServiceServicer_to_server,
        RuleServicer(
            shared.database,
            shared.clock,
            current=shared.rules,
            dry_runs=DryRuns(AuditStore(shared.database, shared.cipher)),
            rates=functools.partial(rule_rates, shared.database),
        ),
    )


def _tickets(shared: Shared) -> Area:
    terms = load_ticket_terms()
    follower = refusal_feed.open_follower(
        shared.database,
        shared.settlement,
        config=shared.config.feed,
        clock=shared.clock,
        terms=terms,
    )
    return _area(
        ticket_servicer.FULL_NAME,
        ticket_rpc.add_TicketServiceServicer_to_server,
        TicketServicer(shared.database, shared.clock, terms),
        following(follower),
        Tickets(shared.database, shared.clock, terms).running(shared.config.ticket_interval_s),
    )


def _statistics(shared: Shared) -> Area:
    sources = Sources(
        database=shared.database,
        audit=AuditStore(shared.database, shared.cipher),
        clock=shared.clock,
        identity=InsuranceClient(shared.identity),
        filing=FilingClient(shared.filing),
        gap=GapClient(shared.settlement),
        rules=shared.rules,
    )
    return _area(
        statistics_servicer.FULL_NAME,
        statistics_rpc.add_StatisticsServiceServicer_to_server,
        StatisticsServicer(sources),
    )


def _cases(shared: Shared) -> Area:
    credit_terms = load_credit_terms()
    desk = Desk(
        cipher=shared.cipher,
        findings=AuditStore(shared.database, shared.cipher),
        terms=load_case_terms(),
        credit_terms=credit_terms,
    )
    loop = CaseLoop(
        shared.database,
        shared.clock,
        deductions=ClearingClient(shared.clearing),
        suspensions=SuspensionsClient(shared.identity),
        credit_terms=credit_terms,
    )
    return _area(
        case_servicer.FULL_NAME,
        case_rpc.add_CaseServiceServicer_to_server,
        CaseServicer(shared.database, shared.clock, desk, SettlementsClient(shared.settlement)),
        loop.running(shared.config.case_interval_s),
    )


def _credit(shared: Shared) -> Area:
    return _area(
        credit_servicer.FULL_NAME,
        credit_rpc.add_CreditServiceServicer_to_server,
        CreditServicer(shared.database, shared.clock, load_credit_terms()),
    )


def _chain(shared: Shared) -> Area:
    channels = {
        "settlement": shared.settlement,
        "identity": shared.identity,
        "filing": shared.filing,
        "clearing": shared.clearing,
        **shared.further,
    }
    answering, *loops = open_chain(shared.config, shared.clock, shared.database, channels)
    return _area(
        chain_servicer.FULL_NAME,
        chain_rpc.add_ChainServiceServicer_to_server,
        answering,
        *loops,
    )
