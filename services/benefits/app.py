"""The benefits process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Final

from services.benefits import metrics
from services.benefits.policies import load_policy
from services.benefits.servicer import FULL_NAME, BenefitsServicer
from services.benefits.store import Store
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from yijie.benefits.v1 import benefits_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.benefits.config import Config

SERVICE: Final = "benefits"


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """Serves calls while the block runs.

    Raises:
        PolicyRefused: a policy pack is not what the loader knows; nothing is served.
        MigrationError: the schema is behind.
    """
    policy = load_policy(config.policy_folder, regions=config.policy_regions)
    for region, version in policy.versions.items():
        metrics.POLICY_INFO.labels(region, version).set(1)
    async with open_database(config.database, SERVICE) as database:
        await check_version(database, SERVICE)
        register = functools.partial(
            benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server,
            BenefitsServicer(Store(database), policy),
        )
        async with serving(config.server, SERVICE, (FULL_NAME,), register) as server:
            yield server


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
