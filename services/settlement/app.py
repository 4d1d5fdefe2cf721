"""The only place that wires settlement."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator

import grpc

from services.kit.clock import Clock, SystemClock
from services.kit.crypto import BlindIndex, FieldCipher
from services.kit.db import open_database
from services.kit.migrations import check_version
from services.kit.server import Running, serving
from services.settlement.checking import Checking
from services.settlement.clients import open_callees
from services.settlement.config import Config
from services.settlement.feed import Feed
from services.settlement.feed_store import FeedStore
from services.settlement.intent_store import IntentStore
from services.settlement.quarantine_store import QuarantineStore
from services.settlement.quotes import Quotes
from services.settlement.recovery import Recovery
from services.settlement.reversals import Reversals
from services.settlement.servicer import SettlementServicer
from services.settlement.settle_visit import VisitOrders
from services.settlement.snapshots import Snapshots
from services.settlement.store import Store
from services.settlement.usecases import Settlements
from services.settlement.visit_servicer import VisitServicer
from services.settlement.visit_store import VisitStore
from services.settlement.visits import Visits
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc
from yijie.settlement.v1 import visit_service_pb2_grpc as visit_rpc

SERVICE = "settlement"
FULL_NAME = "yijie.settlement.v1.SettlementService"
VISIT_FULL_NAME = "yijie.settlement.v1.VisitService"


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves settlement while the block runs."""
    clock = clock or SystemClock()
    async with (
        open_database(config.database, SERVICE) as database,
        open_callees(config, clock) as callees,
    ):
        await check_version(database, SERVICE)
        cipher = FieldCipher(config.data_key)
        snapshots = Snapshots(callees.catalogue)
        store = Store(database, cipher)
        intents = IntentStore(database)
        index = BlindIndex(config.index_key)
        visit_store = VisitStore(database, cipher)
        orders = VisitOrders(visit_store, clock)
        settlements = Settlements(
            store=store,
            intents=intents,
            callees=callees,
            checking=Checking(callees, snapshots),
            orders=orders,
            quotes=Quotes(cipher, clock),
            quarantine=QuarantineStore(database, cipher),
            index=index,
            clock=clock,
        )
        reversals = Reversals(
            settlements=settlements, store=store, orders=orders, index=index, clock=clock
        )
        recovery = Recovery(
            store=intents,
            settlements=settlements,
            clock=clock,
            after_s=config.recovery_after_s,
            abandon_after_s=config.abandon_after_s,
        )
        feed = Feed(
            FeedStore(database, cipher),
            clock,
            poll_s=config.feed_poll_s,
            heartbeat_s=config.feed_heartbeat_s,
        )
        visits = Visits(
            store=visit_store,
            identity=callees.identity,
            snapshots=snapshots,
            index=index,
            clock=clock,
        )
        register = functools.partial(
            _register,
            settlements=SettlementServicer(settlements, reversals, feed),
            visits=VisitServicer(visits),
        )
        async with (
            snapshots.following(),
            recovery.running(config.recovery_interval_s),
            serving(config.server, SERVICE, (FULL_NAME, VISIT_FULL_NAME), register) as server,
        ):
            try:
                yield server
            finally:
                feed.close()


def _register(
    server: grpc.aio.Server, *, settlements: SettlementServicer, visits: VisitServicer
) -> None:
    rpc.add_SettlementServiceServicer_to_server(settlements, server)
    visit_rpc.add_VisitServiceServicer_to_server(visits, server)
