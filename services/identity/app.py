"""The identity process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from datetime import timedelta
from typing import TYPE_CHECKING

from services.identity import store
from services.identity.messages import SERVICE
from services.identity.servicer import FULL_NAME, IdentityServicer
from services.identity.usecases import Identity
from services.identity.vault import Vault
from services.kit.clock import SystemClock
from services.kit.config import ConfigError, shown
from services.kit.crypto import BlindIndex, FieldCipher
from services.kit.db import Database, open_database
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from yijie.identity.v1 import identity_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.identity.config import Config
    from services.kit.clock import Clock


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls while the block runs; `clock` is replaced only by tests.

    Raises:
        MigrationError: the schema is behind.
        ConfigError: the index key is not the one that the database was written with.
    """
    vault = Vault(FieldCipher(config.data_key), BlindIndex(config.index_key))
    async with open_database(config.database, SERVICE) as database:
        await check_version(database, SERVICE)
        await _check_index_key(database, vault)
        identity = Identity(
            database=database,
            vault=vault,
            clock=clock or SystemClock(),
            token_lifetime=timedelta(seconds=config.token_lifetime_s),
        )
        register = functools.partial(
            identity_service_pb2_grpc.add_IdentityServiceServicer_to_server,
            IdentityServicer(identity),
        )
        async with serving(config.server, SERVICE, (FULL_NAME,), register) as server:
            yield server


async def _check_index_key(database: Database, vault: Vault) -> None:
    # Under another key every person would be unknown, and would be registered a second time.
    fingerprint = vault.index_key_fingerprint()
    if await store.remember_index_key(database, fingerprint) != fingerprint:
        raise ConfigError(["YIJIE_INDEX_KEY is not the key that this database was written with"])


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
