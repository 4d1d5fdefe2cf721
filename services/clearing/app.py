"""The clearing process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, Final

from services.clearing import hub_store, store, usecases
from services.clearing.areas import Shared, open_areas
from services.clearing.clients import SettlementClient
from services.clearing.reconciliation_clients import Journal, open_provinces
from services.kit.audit_chain.trail import open_trail
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.feed import Batch, Follower, following, load_cursor
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from services.kit.tls import open_identity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from services.clearing.config import Config
    from services.clearing.domain.ledger import SettlementEvent
    from services.clearing.hub_store import HubEvent
    from services.kit.clock import Clock
    from services.kit.db import Database

SERVICE: Final = "clearing"


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls, follows the settlement feed twice and runs the loops while the block runs.

    Raises:
        MigrationError: the schema is behind.
    """
    clock = clock or SystemClock()
    async with (
        open_database(config.database, SERVICE) as database,
        open_trail(database, SERVICE) as trail,
        open_identity(config.server.tls) as identity,
        open_channel(config.settlement_target, identity) as channel,
        open_provinces(config.benefits_routes, identity) as provinces,
        contextlib.AsyncExitStack() as stack,
    ):
        await check_version(database, SERVICE)

        async def quiet() -> None:
            await hub_store.mark(database, clock.now() - usecases.SETTLING)

        journal = Journal(channel, quiet)
        areas = open_areas(Shared(config, clock, database, channel, provinces, journal))

        def register(server: grpc.aio.Server) -> None:
            for area in areas:
                area.register(server)

        await stack.enter_async_context(following(_ledger(config, clock, database, channel)))
        await stack.enter_async_context(following(_hub_leg(config, clock, database, journal)))
        for area in areas:
            for loop in area.loops:
                await stack.enter_async_context(loop)
        names = tuple(area.full_name for area in areas)
        server = await stack.enter_async_context(
            serving(config.server, SERVICE, names, register, trail=trail)
        )
        for area in areas:
            if area.close is not None:
                # A stream never ends by itself: it ends before the server drains.
                stack.callback(area.close)
        yield server


def _ledger(config: Config, clock: Clock, database: Database, channel: Any) -> Follower[Any]:
    async def apply(after: str, batch: Batch[SettlementEvent]) -> None:
        await usecases.book_batch(database, after=after, batch=batch, now=clock.now())

    async def quiet() -> None:
        await store.mark(database, clock.now() - usecases.SETTLING)

    return Follower(
        store.FEED,
        config.feed,
        clock,
        cursor=functools.partial(load_cursor, database, store.FEED),
        subscribe=SettlementClient(channel, quiet).events,
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
