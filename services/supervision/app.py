"""The supervision process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Final

from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.feed import Batch, Follower, following, load_cursor
from services.kit.keys import open_cipher
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from services.supervision import metrics, usecases
from services.supervision.clients import IdentityClient, SettlementClient
from services.supervision.rules_loader import load_rules
from services.supervision.servicer import FULL_NAME, SupervisionServicer
from services.supervision.signal_store import FEED as SIGNAL_FEED
from services.supervision.signal_store import SignalStore
from services.supervision.store import FEED, Store
from yijie.supervision.v1 import supervision_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.kit.clock import Clock
    from services.supervision.config import Config
    from services.supervision.domain.recording import JournalEvent
    from services.supervision.domain.signals import Signal

SERVICE: Final = "supervision"


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls and follows settlement's feed and identity's signals while the block runs.

    Raises:
        RuleDataRefused: the rule files are not what the loader knows; nothing is served.
        MigrationError: the schema is behind.
    """
    ruleset = load_rules()
    metrics.RULESET_INFO.labels(ruleset.version).set(1)
    async with (
        open_cipher(config.data_key) as cipher,
        open_database(config.database, SERVICE) as database,
        open_channel(config.settlement_target) as settlement_channel,
        open_channel(config.identity_target) as identity_channel,
    ):
        await check_version(database, SERVICE)
        settlement = SettlementClient(settlement_channel)
        store = Store(database, cipher)

        async def apply(after: str, batch: Batch[JournalEvent]) -> None:
            await usecases.record(store, settlement, ruleset, after=after, batch=batch)

        follower = Follower(
            FEED,
            config.feed,
            clock or SystemClock(),
            cursor=functools.partial(load_cursor, database, FEED),
            subscribe=settlement.events,
            apply=apply,
        )
        signal_store = SignalStore(database)

        async def apply_signals(after: str, batch: Batch[Signal]) -> None:
            await usecases.record_signals(signal_store, after=after, batch=batch)

        signal_follower = Follower(
            SIGNAL_FEED,
            config.feed,
            clock or SystemClock(),
            cursor=functools.partial(load_cursor, database, SIGNAL_FEED),
            subscribe=IdentityClient(identity_channel).signals,
            apply=apply_signals,
        )
        register = functools.partial(
            supervision_service_pb2_grpc.add_SupervisionServiceServicer_to_server,
            SupervisionServicer(store, signal_store, ruleset),
        )
        async with (
            following(follower),
            following(signal_follower),
            serving(config.server, SERVICE, (FULL_NAME,), register) as server,
        ):
            yield server


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
