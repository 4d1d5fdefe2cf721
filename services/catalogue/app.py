"""The catalogue process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

from services.catalogue.servicer import FULL_NAME, SERVICE, CatalogueServicer
from services.catalogue.snapshots import Publications, Snapshots
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from yijie.catalogue.v1 import catalogue_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.catalogue.config import Config


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """Serves while the block runs.

    Raises:
        MigrationError: the schema is behind.
    """
    async with open_database(config.database, SERVICE) as database:
        await check_version(database, SERVICE)
        publications = Publications(
            database, poll_s=config.watch_poll_s, heartbeat_s=config.watch_heartbeat_s
        )
        register = functools.partial(
            catalogue_service_pb2_grpc.add_CatalogueServiceServicer_to_server,
            CatalogueServicer(database, Snapshots(database), publications),
        )
        async with (
            publications.followed(),
            serving(config.server, SERVICE, (FULL_NAME,), register) as server,
        ):
            try:
                yield server
            finally:
                # Before the drain, which would wait for the watchers' endless streams.
                publications.close()


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
