"""The catalogue process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

from services.catalogue.mapping_servicer import FULL_NAME as MAPPING_FULL_NAME
from services.catalogue.mapping_servicer import MappingServicer
from services.catalogue.messages import SERVICE
from services.catalogue.servicer import FULL_NAME, CatalogueServicer
from services.catalogue.snapshots import Publications, Snapshots
from services.catalogue.suggestions import Suggester
from services.catalogue.zones import shipped_zones
from services.kit.audit_chain.trail import open_trail
from services.kit.clock import SystemClock
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from yijie.catalogue.v1 import catalogue_service_pb2_grpc, mapping_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from services.catalogue.config import Config
    from services.kit.clock import Clock


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves while the block runs; `clock` is replaced only by tests.

    Raises:
        MigrationError: the schema is behind.
    """
    async with (
        open_database(config.database, SERVICE) as database,
        open_trail(database, SERVICE) as trail,
    ):
        await check_version(database, SERVICE)
        publications = Publications(
            database, poll_s=config.watch_poll_s, heartbeat_s=config.watch_heartbeat_s
        )
        catalogue = CatalogueServicer(database, Snapshots(database), publications, shipped_zones())
        mapping = MappingServicer(database, Suggester(database), clock or SystemClock())

        def register(server: grpc.aio.Server) -> None:
            catalogue_service_pb2_grpc.add_CatalogueServiceServicer_to_server(catalogue, server)
            mapping_service_pb2_grpc.add_MappingServiceServicer_to_server(mapping, server)

        async with (
            publications.followed(),
            serving(
                config.server, SERVICE, (FULL_NAME, MAPPING_FULL_NAME), register, trail=trail
            ) as server,
        ):
            try:
                yield server
            finally:
                # Before the drain, which would wait for the watchers' endless streams.
                publications.close()


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
