"""A real filing service on a database of its own, beside a real identity service."""

import contextlib
import io

import pytest

from services.filing.app import running
from services.filing.config import Config
from services.identity.app import running as identity_running
from services.identity.config import Config as IdentityConfig
from services.kit import log
from services.kit.channel import open_channel
from services.kit.config import load
from tests.integration.filing.world import SetClock, World
from tests.integration.identity.world import FIELD_KEY, INDEX_KEY
from yijie.filing.v1 import filing_service_pb2_grpc as rpc
from yijie.identity.v1 import identity_service_pb2_grpc

NOBODY = "127.0.0.1:9"
"""Where no settlement is: its feed is followed by tests of their own."""


@pytest.fixture
def dsn(rinsed_dsn: str) -> str:
    return rinsed_dsn


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def open_world(dsn, clock):
    """Opens a service with further settings."""

    @contextlib.asynccontextmanager
    async def opened(**settings):
        shared = {
            "YIJIE_DSN": dsn,
            "YIJIE_DATA_KEY": FIELD_KEY,
            "YIJIE_SETTLEMENT_TARGET": NOBODY,
            "YIJIE_DRAIN_GRACE_S": "1",
            "YIJIE_DB_POOL_SIZE_MAX": "4",
        }
        lines = io.BytesIO()
        log.configure("filing", "info", lines)
        async with contextlib.AsyncExitStack() as stack:
            identity = await stack.enter_async_context(
                identity_running(
                    load(IdentityConfig, {**shared, "YIJIE_INDEX_KEY": INDEX_KEY}), clock=clock
                )
            )
            environ = {**shared, "YIJIE_IDENTITY_TARGET": identity.address, **settings}
            served = await stack.enter_async_context(running(load(Config, environ), clock=clock))
            channel = await stack.enter_async_context(open_channel(served.address))
            persons = await stack.enter_async_context(open_channel(identity.address))
            world = World(
                rpc.FilingServiceStub(channel),
                identity_service_pb2_grpc.IdentityServiceStub(persons),
                dsn,
                clock,
                lines,
            )
            world.person = await world.register()
            yield world

    return opened


@pytest.fixture
async def world(open_world):
    async with open_world() as opened:
        yield opened
