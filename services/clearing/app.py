"""The clearing process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Final

from services.clearing import store, usecases
from services.clearing.clients import SettlementClient
from services.clearing.servicer import FULL_NAME, ClearingServicer
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.feed import Batch, Follower, following, load_cursor
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from yijie.clearing.v1 import clearing_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.clearing.config import Config
    from services.clearing.domain.ledger import SettlementEvent
    from services.kit.clock import Clock

SERVICE: Final = "clearing"


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls and follows the settlement feed while the block runs.

    Raises:
        MigrationError: the schema is behind.
    """
    async with (
        open_database(config.database, SERVICE) as database,
        open_channel(config.settlement_target) as channel,
    ):
        await check_version(database, SERVICE)

        async def apply(after: str, batch: Batch[SettlementEvent]) -> None:
            await usecases.book_batch(database, after=after, batch=batch)

        follower = Follower(
            store.FEED,
            config.feed,
            clock or SystemClock(),
            cursor=functools.partial(load_cursor, database, store.FEED),
            subscribe=SettlementClient(channel).events,
            apply=apply,
        )
        register = functools.partial(
            clearing_service_pb2_grpc.add_ClearingServiceServicer_to_server,
            ClearingServicer(database),
        )
        async with (
            following(follower),
            serving(config.server, SERVICE, (FULL_NAME,), register) as server,
        ):
            yield server


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
