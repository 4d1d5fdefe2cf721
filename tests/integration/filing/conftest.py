"""A real filing service on a database of its own."""

import contextlib
import io

import pytest

from services.filing.app import running
from services.filing.config import Config
from services.kit import log
from services.kit.channel import open_channel
from services.kit.config import load
from tests.integration.filing.world import SetClock, World
from yijie.filing.v1 import filing_service_pb2_grpc as rpc


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def open_world(dsn, clock):
    """Opens a service with further settings."""

    @contextlib.asynccontextmanager
    async def opened(**settings):
        environ = {
            "YIJIE_DSN": dsn,
            "YIJIE_DRAIN_GRACE_S": "1",
            "YIJIE_DB_POOL_SIZE_MAX": "4",
            **settings,
        }
        lines = io.BytesIO()
        log.configure("filing", "info", lines)
        async with (
            running(load(Config, environ), clock=clock) as served,
            open_channel(served.address) as channel,
        ):
            yield World(rpc.FilingServiceStub(channel), dsn, clock, lines)

    return opened


@pytest.fixture
async def world(open_world):
    async with open_world() as opened:
        yield opened
