"""The supervision process: the only place that wires things."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Final

from services.kit.audit_chain.trail import open_trail
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import shown
from services.kit.db import open_database
from services.kit.keys import open_cipher
from services.kit.migrations import check_version
from services.kit.server import Running, run, serving
from services.kit.tls import open_identity
from services.supervision.areas import Shared, open_areas
from services.supervision.chain.sources import open_further
from services.supervision.publication.current import Current
from services.supervision.publication.keys import trusted_keys
from services.supervision.rules_loader import load_rules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from services.kit.clock import Clock
    from services.supervision.config import Config

SERVICE: Final = "supervision"


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves calls, follows the feeds and runs the loops while the block runs.

    Raises:
        RuleDataRefused: the rule files are not what the loader knows; nothing is served.
        BadKey: the file of the keys that may sign rule packs cannot be used.
        MigrationError: the schema is behind.
    """
    ruleset, clock = load_rules(), clock or SystemClock()
    keys = trusted_keys(config.rule_keys_file)
    async with (
        open_cipher(config.data_key) as cipher,
        open_database(config.database, SERVICE) as database,
        open_trail(database, SERVICE) as trail,
        open_identity(config.server.tls) as own,
        open_channel(config.settlement_target, own) as settlement,
        open_channel(config.identity_target, own) as identity,
        open_channel(config.filing_target, own) as filing,
        open_channel(config.clearing_target, own) as clearing,
        open_further(config.catalogue_target, config.benefits_routes, own) as further,
        contextlib.AsyncExitStack() as stack,
    ):
        await check_version(database, SERVICE)
        current = Current(database, keys, ruleset, clock, poll_s=config.rule_poll_s)
        await current.start()
        await stack.enter_async_context(current.followed())
        areas = open_areas(
            Shared(
                config,
                clock,
                database,
                cipher,
                settlement,
                identity,
                current,
                filing,
                clearing,
                further,
            )
        )

        def register(server: grpc.aio.Server) -> None:
            for area in areas:
                area.register(server)

        for area in areas:
            for loop in area.loops:
                await stack.enter_async_context(loop)
        names = tuple(area.full_name for area in areas)
        server = await stack.enter_async_context(
            serving(config.server, SERVICE, names, register, trail=trail)
        )
        for area in areas:
            if area.close is not None:
                # A stream never ends by itself: it ends before the server drains.
                stack.callback(area.close)
        yield server


async def serve(config: Config) -> None:
    """Runs the process until it is told to stop."""
    await run(SERVICE, config.telemetry, shown(config), functools.partial(running, config))
