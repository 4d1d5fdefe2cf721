"""The identity process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.identity import store
from services.identity.access_servicer import FULL_NAME as ACCESS_FULL_NAME
from services.identity.access_servicer import AccessServicer
from services.identity.card_servicer import FULL_NAME as CARD_FULL_NAME
from services.identity.card_servicer import CardServicer
from services.identity.institution_servicer import FULL_NAME as INSTITUTION_FULL_NAME
from services.identity.institution_servicer import InstitutionServicer
from services.identity.messages import SERVICE
from services.identity.servicer import FULL_NAME, IdentityServicer
from services.identity.signal_detector import Detector, detecting
from services.identity.signal_rules import load_signal_rules
from services.identity.signal_store import SIGNALS
from services.identity.usecases import Identity
from services.identity.vault import Vault
from services.kit.audit_chain.trail import open_trail
from services.kit.clock import SystemClock
from services.kit.config import ConfigError, shown
from services.kit.crypto import BlindIndex
from services.kit.db import Database, open_database
from services.kit.keys import open_cipher
from services.kit.migrations import check_version
from services.kit.outbox import OutboxFeed, OutboxStore
from services.kit.server import Running, run, serving
from yijie.identity.v1 import access_service_pb2_grpc as access_rpc
from yijie.identity.v1 import card_service_pb2_grpc as card_rpc
from yijie.identity.v1 import identity_service_pb2_grpc as identity_rpc
from yijie.identity.v1 import institution_service_pb2_grpc as institution_rpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from services.identity.config import Config
    from services.kit.clock import Clock

_FULL_NAMES: Final = (FULL_NAME, CARD_FULL_NAME, INSTITUTION_FULL_NAME, ACCESS_FULL_NAME)


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls while the block runs; `clock` is replaced only by tests.

    Raises:
        MigrationError: the schema is behind.
        ConfigError: the index key is not the one that the database was written with.
        SignalRulesRefused: signals.yaml is not what this version knows.
    """
    async with (
        open_cipher(config.data_key) as cipher,
        open_database(config.database, SERVICE) as database,
        open_trail(database, SERVICE) as trail,
    ):
        vault = Vault(cipher, BlindIndex(config.index_key))
        await check_version(database, SERVICE)
        await _check_index_key(database, vault)
        identity = Identity(
            database=database,
            vault=vault,
            clock=clock or SystemClock(),
            token_lifetime=timedelta(seconds=config.token_lifetime_s),
        )
        signals = OutboxFeed(
            "signals",
            OutboxStore(database, SIGNALS),
            identity.clock,
            poll_s=config.feed_poll_s,
            heartbeat_s=config.feed_heartbeat_s,
        )
        detector = Detector(
            database,
            identity.clock,
            load_signal_rules(),
            interval_s=config.signal_interval_s,
            settle_s=config.signal_settle_s,
        )
        register = functools.partial(_register, identity=identity, signals=signals)
        async with (
            detecting(detector),
            serving(config.server, SERVICE, _FULL_NAMES, register, trail=trail) as server,
        ):
            try:
                yield server
            finally:
                signals.close()


def _register(server: grpc.aio.Server, *, identity: Identity, signals: OutboxFeed) -> None:
    identity_rpc.add_IdentityServiceServicer_to_server(IdentityServicer(identity), server)
    card_rpc.add_CardServiceServicer_to_server(CardServicer(identity), server)
    institution_rpc.add_InstitutionServiceServicer_to_server(InstitutionServicer(identity), server)
    access_rpc.add_AccessServiceServicer_to_server(AccessServicer(identity, signals), server)


async def _check_index_key(database: Database, vault: Vault) -> None:
    # Under another key every person would be unknown, and would be registered a second time.
    fingerprint = vault.index_key_fingerprint()
    if await store.remember_index_key(database, fingerprint) != fingerprint:
        raise ConfigError(["YIJIE_INDEX_KEY is not the key that this database was written with"])


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
