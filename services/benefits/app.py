"""The benefits process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, Final

from services.benefits.policy_book import Policies, Release
from services.benefits.policy_servicer import FULL_NAME as POLICY_FULL_NAME
from services.benefits.policy_servicer import PolicyServicer
from services.benefits.servicer import FULL_NAME, BenefitsServicer
from services.benefits.store import Store, remember_index_key
from services.benefits.vault import Vault
from services.kit.audit_chain.trail import open_trail
from services.kit.codes import province_of
from services.kit.config import ConfigError, shown
from services.kit.crypto import BlindIndex
from services.kit.db import open_database
from services.kit.keys import open_cipher
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from yijie.benefits.v1 import benefits_service_pb2_grpc, policy_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.benefits.config import Config
    from services.kit.db import Database

SERVICE: Final = "benefits"


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """Serves calls while the block runs.

    Raises:
        PolicyRefused: a policy pack is not what the loader knows; nothing is served.
        MigrationError: the schema is behind.
        ConfigError: the index key is not the one that the database was written with.
    """
    release = Release(config.policy_folder, regions=config.policy_regions)
    async with (
        open_cipher(config.data_key) as cipher,
        open_database(config.database, SERVICE) as database,
        open_trail(database, SERVICE) as trail,
    ):
        vault = Vault(cipher, BlindIndex(config.index_key))
        await check_version(database, SERVICE)
        await _check_index_key(database, vault)
        policies = Policies(database, release, poll_s=config.policy_poll_s)
        await policies.start()

        def register(server: Any) -> None:
            benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server(
                BenefitsServicer(
                    Store(database, vault),
                    policies,
                    provinces=frozenset(map(province_of, config.policy_regions)),
                ),
                server,
            )
            policy_service_pb2_grpc.add_PolicyServiceServicer_to_server(
                PolicyServicer(database, policies), server
            )

        names = (FULL_NAME, POLICY_FULL_NAME)
        async with (
            policies.followed(),
            serving(config.server, SERVICE, names, register, trail=trail) as server,
        ):
            yield server


async def _check_index_key(database: Database, vault: Vault) -> None:
    # Under another key nothing that was used of a disease's limit would be found.
    fingerprint = vault.index_key_fingerprint()
    if await remember_index_key(database, fingerprint) != fingerprint:
        raise ConfigError(["YIJIE_INDEX_KEY is not the key that this database was written with"])


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
