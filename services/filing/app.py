"""The filing process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Final

from services.filing import feed_servicer, feed_store, warning_usecases
from services.filing.admission_client import AdmissionClient
from services.filing.clients import IdentityClient
from services.filing.domain.terms_loader import TermsRefused
from services.filing.feed_servicer import Feeds, FilingFeedServicer
from services.filing.feed_usecases import Delivery
from services.filing.messages import SERVICE
from services.filing.servicer import FULL_NAME, FilingServicer
from services.filing.terms_files import load_terms
from services.filing.usecases import Filings
from services.filing.vault import Vault
from services.filing.warning_watch import WarningWatch
from services.kit.audit_chain.trail import open_trail
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import ConfigError, shown
from services.kit.db import open_database
from services.kit.feed import Batch, Follower, following, load_cursor
from services.kit.keys import open_cipher
from services.kit.migrations import check_version
from services.kit.outbox import Outbox, OutboxFeed, OutboxStore
from services.kit.server import Running, run, serving
from services.kit.tls import open_identity
from yijie.filing.v1 import filing_feed_service_pb2_grpc, filing_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from services.filing.config import Config
    from services.filing.domain.terms import TermsBook
    from services.filing.domain.warnings import Stay
    from services.filing.usecases import Observer
    from services.kit.clock import Clock
    from services.kit.db import Database

_FULL_NAMES: Final = (FULL_NAME, feed_servicer.FULL_NAME)


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls and follows settlement's stays while the block runs.

    `clock` is replaced only by tests.

    Raises:
        MigrationError: the schema is behind.
        ConfigError: a file of terms is wrong; it says where and what to do.
    """
    terms = _load_terms()
    clock = clock or SystemClock()
    async with (
        open_database(config.database, SERVICE) as database,
        open_trail(database, SERVICE) as trail,
        open_identity(config.server.tls) as own,
        open_channel(config.identity_target, own) as identity,
        open_channel(config.settlement_target, own) as settlement,
        open_cipher(config.data_key) as cipher,
    ):
        await check_version(database, SERVICE)
        vault = Vault(cipher, config.data_key)
        filings = Filings(
            database=database,
            clock=clock,
            terms=terms,
            vault=vault,
            insurances=IdentityClient(identity, config.identity_timeout_s),
            observers=observers(vault),
        )
        feeds = Feeds(
            Delivery(
                database,
                vault,
                _feed("filing", config, database, clock, feed_store.FILING_EVENTS),
            ),
            _feed("warning", config, database, clock, feed_store.WARNING_EVENTS),
            clock,
        )
        register = functools.partial(_register, filings=filings, feeds=feeds)
        async with (
            following(_admissions(config, database, vault, clock, settlement)),
            WarningWatch(database, vault, clock).running(config.warning_interval_s),
            serving(config.server, SERVICE, _FULL_NAMES, register, trail=trail) as server,
        ):
            try:
                yield server
            finally:
                feeds.close()


def observers(vault: Vault) -> tuple[Observer, ...]:
    """Returns who is told of every change of a filing, in its transaction, in this order."""
    return (feed_store.record_events, functools.partial(warning_usecases.reconsider_after, vault))


def _load_terms() -> TermsBook:
    try:
        return load_terms()
    except TermsRefused as refused:
        raise ConfigError([str(refused)]) from None


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))


def _register(server: grpc.aio.Server, *, filings: Filings, feeds: Feeds) -> None:
    filing_service_pb2_grpc.add_FilingServiceServicer_to_server(FilingServicer(filings), server)
    filing_feed_service_pb2_grpc.add_FilingFeedServiceServicer_to_server(
        FilingFeedServicer(feeds), server
    )


def _feed(
    name: str, config: Config, database: Database, clock: Clock, outbox: Outbox
) -> OutboxFeed:
    return OutboxFeed(
        name,
        OutboxStore(database, outbox),
        clock,
        poll_s=config.feed_poll_s,
        heartbeat_s=config.feed_heartbeat_s,
    )


def _admissions(
    config: Config, database: Database, vault: Vault, clock: Clock, settlement: grpc.aio.Channel
) -> Follower[Stay]:
    async def apply(after: str, batch: Batch[Stay]) -> None:
        await warning_usecases.record_admissions(
            database, vault, after=after, batch=batch, now=clock.now()
        )

    feed = warning_usecases.FEED
    return Follower(
        feed,
        config.feed,
        clock,
        cursor=functools.partial(load_cursor, database, feed),
        subscribe=AdmissionClient(settlement).events,
        apply=apply,
    )
