"""The filing process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

from services.filing.messages import SERVICE
from services.filing.servicer import FULL_NAME, FilingServicer
from services.filing.usecases import Filings
from services.kit.clock import SystemClock
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from yijie.filing.v1 import filing_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.filing.config import Config
    from services.kit.clock import Clock


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls while the block runs; `clock` is replaced only by tests.

    Raises:
        MigrationError: the schema is behind.
    """
    async with open_database(config.database, SERVICE) as database:
        await check_version(database, SERVICE)
        filings = Filings(database=database, clock=clock or SystemClock(), terms=config.terms)
        register = functools.partial(
            filing_service_pb2_grpc.add_FilingServiceServicer_to_server, FilingServicer(filings)
        )
        async with serving(config.server, SERVICE, (FULL_NAME,), register) as server:
            yield server


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
