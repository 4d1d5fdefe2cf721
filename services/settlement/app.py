"""The process of settlement: opens what its parts need (assembly.py) and serves them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator

import grpc

from services.kit.clock import Clock, SystemClock
from services.kit.crypto import BlindIndex
from services.kit.db import open_database
from services.kit.keys import open_cipher
from services.kit.migrations import check_version
from services.kit.server import Running, serving
from services.settlement.advice_servicer import AdviceServicer
from services.settlement.assembly import Waits, assemble
from services.settlement.clients import open_callees
from services.settlement.config import Config
from services.settlement.journal_servicer import JournalServicer
from services.settlement.journal_store import JournalStore
from services.settlement.limits import open_limits
from services.settlement.servicer import SettlementServicer
from services.settlement.snapshots import Snapshots
from services.settlement.visit_servicer import VisitServicer
from yijie.settlement.v1 import advice_service_pb2_grpc as advice_rpc
from yijie.settlement.v1 import journal_service_pb2_grpc as journal_rpc
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc
from yijie.settlement.v1 import visit_service_pb2_grpc as visit_rpc

SERVICE = "settlement"
FULL_NAME = "yijie.settlement.v1.SettlementService"
VISIT_FULL_NAME = "yijie.settlement.v1.VisitService"
ADVICE_FULL_NAME = "yijie.settlement.v1.AdviceService"
JOURNAL_FULL_NAME = "yijie.settlement.v1.JournalService"
_FULL_NAMES = (FULL_NAME, VISIT_FULL_NAME, ADVICE_FULL_NAME, JOURNAL_FULL_NAME)


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves settlement while the block runs."""
    clock = clock or SystemClock()
    async with (
        open_cipher(config.data_key) as cipher,
        open_database(config.database, SERVICE) as database,
        open_callees(config, clock) as callees,
        open_limits(
            config.clearing_target,
            clock,
            interval_s=config.limits_interval_s,
            age_s_max=config.limits_age_s_max,
        ) as limits,
    ):
        await check_version(database, SERVICE)
        snapshots = Snapshots(callees.catalogue)
        parts = assemble(
            database=database,
            callees=callees,
            snapshots=snapshots,
            cipher=cipher,
            index=BlindIndex(config.index_key),
            clock=clock,
            limits=limits,
            waits=Waits(
                recovery_after_s=config.recovery_after_s,
                abandon_after_s=config.abandon_after_s,
                feed_poll_s=config.feed_poll_s,
                feed_heartbeat_s=config.feed_heartbeat_s,
            ),
        )
        register = functools.partial(
            _register,
            settlements=parts.settlement,
            visits=parts.visit,
            advice=parts.advice,
            journal=JournalServicer(JournalStore(database)),
        )
        async with (
            snapshots.following(),
            parts.recovery.running(config.recovery_interval_s),
            serving(config.server, SERVICE, _FULL_NAMES, register) as server,
        ):
            try:
                yield server
            finally:
                parts.feed.close()


def _register(
    server: grpc.aio.Server,
    *,
    settlements: SettlementServicer,
    visits: VisitServicer,
    advice: AdviceServicer,
    journal: JournalServicer,
) -> None:
    rpc.add_SettlementServiceServicer_to_server(settlements, server)
    visit_rpc.add_VisitServiceServicer_to_server(visits, server)
    advice_rpc.add_AdviceServiceServicer_to_server(advice, server)
    journal_rpc.add_JournalServiceServicer_to_server(journal, server)
