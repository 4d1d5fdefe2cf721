"""The only place that wires settlement."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator

from services.kit.clock import Clock, SystemClock
from services.kit.crypto import BlindIndex, FieldCipher
from services.kit.db import open_database
from services.kit.migrations import check_version
from services.kit.server import Running, serving
from services.settlement.clients import open_callees
from services.settlement.config import Config
from services.settlement.feed import Feed
from services.settlement.recovery import Recovery
from services.settlement.servicer import SettlementServicer
from services.settlement.snapshots import Snapshots
from services.settlement.store import Store
from services.settlement.usecases import Settlements
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

SERVICE = "settlement"
FULL_NAME = "yijie.settlement.v1.SettlementService"


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves settlement while the block runs."""
    clock = clock or SystemClock()
    async with (
        open_database(config.database, SERVICE) as database,
        open_callees(config) as callees,
    ):
        await check_version(database, SERVICE)
        store = Store(database, FieldCipher(config.data_key))
        snapshots = Snapshots(callees.catalogue)
        settlements = Settlements(
            store=store,
            callees=callees,
            snapshots=snapshots,
            index=BlindIndex(config.index_key),
            clock=clock,
        )
        recovery = Recovery(
            store=store,
            settlements=settlements,
            clock=clock,
            after_s=config.recovery_after_s,
            abandon_after_s=config.abandon_after_s,
        )
        feed = Feed(store, clock, poll_s=config.feed_poll_s, heartbeat_s=config.feed_heartbeat_s)
        register = functools.partial(
            rpc.add_SettlementServiceServicer_to_server, SettlementServicer(settlements, feed)
        )
        async with (
            snapshots.following(),
            recovery.running(config.recovery_interval_s),
            serving(config.server, SERVICE, (FULL_NAME,), register) as server,
        ):
            try:
                yield server
            finally:
                feed.close()
