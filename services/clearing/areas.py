"""What each area of clearing brings to the process: the calls that it answers and its loops."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.clearing import reconciliation_servicer, servicer
from services.clearing.breaks import servicer as break_servicer
from services.clearing.breaks.clients import SettlementJournal
from services.clearing.breaks.loop import BreakLoop
from services.clearing.breaks.servicer import BreakServicer
from services.clearing.breaks.usecases import Comparer
from services.clearing.daily import Daily
from services.clearing.disputes import servicer as dispute_servicer
from services.clearing.disputes.loop import Disputes
from services.clearing.disputes.servicer import DisputeServicer
from services.clearing.disputes.terms import load_dispute_terms
from services.clearing.invariants import servicer as invariant_servicer
from services.clearing.invariants.nightly import Nightly
from services.clearing.invariants.servicer import InvariantServicer
from services.clearing.months import servicer as month_servicer
from services.clearing.months.loop import MonthLoop
from services.clearing.months.servicer import MonthServicer
from services.clearing.months.terms import load_month_terms
from services.clearing.notices import servicer as notice_servicer
from services.clearing.notices.servicer import NoticeServicer
from services.clearing.notices.terms import payment_terms
from services.clearing.prepayment import servicer as prepayment_servicer
from services.clearing.prepayment.feed import open_feed
from services.clearing.prepayment.loop import Watch
from services.clearing.prepayment.servicer import PrepaymentServicer
from services.clearing.prepayment.terms import load as load_prepayment_terms
from services.clearing.reconciliation_servicer import ReconciliationServicer
from services.clearing.reconciling import Reconciler
from services.clearing.servicer import ClearingServicer
from yijie.clearing.v1 import break_service_pb2_grpc as break_rpc
from yijie.clearing.v1 import clearing_service_pb2_grpc as clearing_rpc
from yijie.clearing.v1 import dispute_service_pb2_grpc as dispute_rpc
from yijie.clearing.v1 import invariant_service_pb2_grpc as invariant_rpc
from yijie.clearing.v1 import month_service_pb2_grpc as month_rpc
from yijie.clearing.v1 import notice_service_pb2_grpc as notice_rpc
from yijie.clearing.v1 import prepayment_service_pb2_grpc as prepayment_rpc
from yijie.clearing.v1 import reconciliation_service_pb2_grpc as reconciliation_rpc

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    import grpc

    from services.clearing.config import Config
    from services.clearing.reconciliation_clients import InsuredProvinces, Journal
    from services.kit.clock import Clock
    from services.kit.db import Database

    Loop = AbstractAsyncContextManager[None]


@dataclass(frozen=True, slots=True)
class Shared:
    """What the areas are made of."""

    config: Config
    clock: Clock
    database: Database
    settlement: grpc.aio.Channel
    provinces: InsuredProvinces
    journal: Journal


@dataclass(frozen=True, slots=True)
class Area:
    """One servicer with its name, the loops beside it, and what ends its streams."""

    full_name: str
    register: Callable[[grpc.aio.Server], None]
    loops: tuple[Loop, ...] = ()
    close: Callable[[], None] | None = None


def open_areas(shared: Shared) -> tuple[Area, ...]:
    """Returns all areas; rules that are not understood stop the start, not the first call."""
    return (
        _ledger(shared),
        _reconciliation(shared),
        _breaks(shared),
        _disputes(shared),
        _months(shared),
        _notices(shared),
        _prepayment(shared),
        _invariants(shared),
    )


def _area(
    full_name: str,
    add: Callable[[Any, grpc.aio.Server], None],
    servicer: Any,
    *loops: Loop,
    close: Callable[[], None] | None = None,
) -> Area:
    return Area(full_name, functools.partial(add, servicer), loops, close)


def _ledger(shared: Shared) -> Area:
    return _area(
        servicer.FULL_NAME,
        clearing_rpc.add_ClearingServiceServicer_to_server,
        ClearingServicer(shared.database, shared.clock),
    )


def _reconciliation(shared: Shared) -> Area:
    config = shared.config
    reconciler = Reconciler(
        database=shared.database,
        journal=shared.journal,
        provinces=shared.provinces,
        clock=shared.clock,
        grace_s=config.reconcile_grace_s,
    )
    daily = Daily(reconciler, hour=config.reconcile_hour, retry_s=config.reconcile_retry_s)
    return _area(
        reconciliation_servicer.FULL_NAME,
        reconciliation_rpc.add_ReconciliationServiceServicer_to_server,
        ReconciliationServicer(reconciler, daily),
        daily.running(config.reconcile_interval_s),
    )


def _breaks(shared: Shared) -> Area:
    config = shared.config
    comparer = Comparer(
        database=shared.database, journal=SettlementJournal(shared.settlement), clock=shared.clock
    )
    loop = BreakLoop(comparer, hour=config.reconcile_hour, retry_s=config.reconcile_retry_s)
    return _area(
        break_servicer.FULL_NAME,
        break_rpc.add_BreakServiceServicer_to_server,
        BreakServicer(comparer),
        loop.running(config.reconcile_interval_s),
    )


def _disputes(shared: Shared) -> Area:
    return _area(
        dispute_servicer.FULL_NAME,
        dispute_rpc.add_DisputeServiceServicer_to_server,
        DisputeServicer(shared.database, shared.clock, load_dispute_terms()),
        Disputes(shared.database, shared.clock).running(shared.config.dispute_interval_s),
    )


def _months(shared: Shared) -> Area:
    terms = load_month_terms()
    return _area(
        month_servicer.FULL_NAME,
        month_rpc.add_MonthServiceServicer_to_server,
        MonthServicer(shared.database, shared.clock, terms),
        MonthLoop(shared.database, shared.clock, terms).running(shared.config.month_interval_s),
    )


def _notices(shared: Shared) -> Area:
    payment_terms()
    return _area(
        notice_servicer.FULL_NAME,
        notice_rpc.add_NoticeServiceServicer_to_server,
        NoticeServicer(shared.database, shared.clock),
    )


def _prepayment(shared: Shared) -> Area:
    config, terms = shared.config, load_prepayment_terms()
    feed = open_feed(
        shared.database,
        shared.clock,
        poll_s=config.feed_poll_s,
        heartbeat_s=config.feed_heartbeat_s,
    )
    return _area(
        prepayment_servicer.FULL_NAME,
        prepayment_rpc.add_PrepaymentServiceServicer_to_server,
        PrepaymentServicer(shared.database, terms, shared.clock, feed),
        Watch(shared.database, terms, shared.clock).running(config.prepayment_interval_s),
        close=feed.close,
    )


def _invariants(shared: Shared) -> Area:
    config = shared.config
    nightly = Nightly(shared.database, shared.clock, hour=config.invariant_hour)
    return _area(
        invariant_servicer.FULL_NAME,
        invariant_rpc.add_InvariantServiceServicer_to_server,
        InvariantServicer(shared.database),
        nightly.running(config.invariant_interval_s),
    )
