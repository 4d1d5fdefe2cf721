"""The clearing process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from services.clearing import hub_store, reconciliation_servicer, servicer, store, usecases
from services.clearing.clients import SettlementClient
from services.clearing.daily import Daily
from services.clearing.reconciliation_clients import Journal, open_provinces
from services.clearing.reconciliation_servicer import ReconciliationServicer
from services.clearing.reconciling import Reconciler
from services.clearing.servicer import ClearingServicer
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.feed import Batch, Follower, following, load_cursor
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from yijie.clearing.v1 import clearing_service_pb2_grpc, reconciliation_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from services.clearing.config import Config
    from services.clearing.domain.ledger import SettlementEvent
    from services.clearing.hub_store import HubEvent
    from services.kit.clock import Clock
    from services.kit.db import Database

SERVICE: Final = "clearing"
_SETTLING: Final = timedelta(seconds=5)
_FULL_NAMES: Final = (servicer.FULL_NAME, reconciliation_servicer.FULL_NAME)


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls, follows the settlement feed twice and reconciles while the block runs.

    Raises:
        MigrationError: the schema is behind.
    """
    clock = clock or SystemClock()
    async with (
        open_database(config.database, SERVICE) as database,
        open_channel(config.settlement_target) as channel,
        open_provinces(config.benefits_routes) as provinces,
    ):
        await check_version(database, SERVICE)

        async def quiet() -> None:
            # A commit takes a moment: what happened just now may not be in the feed yet.
            await hub_store.mark(database, clock.now() - _SETTLING)

        journal = Journal(channel, quiet)
        reconciler = Reconciler(
            database=database,
            journal=journal,
            provinces=provinces,
            clock=clock,
            grace_s=config.reconcile_grace_s,
        )
        daily = Daily(reconciler, hour=config.reconcile_hour, retry_s=config.reconcile_retry_s)

        def register(server: grpc.aio.Server) -> None:
            clearing_service_pb2_grpc.add_ClearingServiceServicer_to_server(
                ClearingServicer(database), server
            )
            reconciliation_service_pb2_grpc.add_ReconciliationServiceServicer_to_server(
                ReconciliationServicer(reconciler, daily), server
            )

        async with (
            following(_ledger(config, clock, database, channel)),
            following(_hub_leg(config, clock, database, journal)),
            daily.running(config.reconcile_interval_s),
            serving(config.server, SERVICE, _FULL_NAMES, register) as server,
        ):
            yield server


def _ledger(config: Config, clock: Clock, database: Database, channel: Any) -> Follower[Any]:
    async def apply(after: str, batch: Batch[SettlementEvent]) -> None:
        await usecases.book_batch(database, after=after, batch=batch)

    return Follower(
        store.FEED,
        config.feed,
        clock,
        cursor=functools.partial(load_cursor, database, store.FEED),
        subscribe=SettlementClient(channel).events,
        apply=apply,
    )


def _hub_leg(config: Config, clock: Clock, database: Database, journal: Journal) -> Follower[Any]:
    # By a cursor of its own: it needs what was settled before there was a reconciliation, and the
    # ledger, which stops at what it cannot book, must not stop this, too.

    async def apply(after: str, batch: Batch[HubEvent]) -> None:
        await usecases.keep_batch(database, after=after, batch=batch, now=clock.now())

    return Follower(
        hub_store.FEED,
        config.feed,
        clock,
        cursor=functools.partial(load_cursor, database, hub_store.FEED),
        subscribe=journal.events,
        apply=apply,
    )


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
