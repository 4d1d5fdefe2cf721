"""A real identity service on a database of its own."""

import io

import pytest

from services.identity.app import running
from services.identity.config import Config
from services.kit import log
from services.kit.channel import open_channel
from services.kit.config import load
from tests.integration.identity.world import FIELD_KEY, INDEX_KEY, SetClock, World
from yijie.identity.v1 import identity_service_pb2_grpc as rpc


@pytest.fixture
def dsn(rinsed_dsn: str) -> str:
    return rinsed_dsn


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
async def world(dsn, clock):
    environ = {
        "YIJIE_DSN": dsn,
        "YIJIE_DATA_KEY": FIELD_KEY,
        "YIJIE_INDEX_KEY": INDEX_KEY,
        "YIJIE_DRAIN_GRACE_S": "1",
        "YIJIE_DB_POOL_SIZE_MAX": "4",
        "YIJIE_FEED_POLL_S": "0.05",
        "YIJIE_SIGNAL_INTERVAL_S": "0.1",
    }
    lines = io.BytesIO()
    log.configure("identity", "info", lines)
    async with (
        running(load(Config, environ), clock=clock) as served,
        open_channel(served.address) as channel,
    ):
        yield World(rpc.IdentityServiceStub(channel), dsn, clock, lines, channel)
