"""A settlement service on a database of its own, between callees that misbehave."""

from __future__ import annotations

import io

import pytest

from tests.integration.settlement.world import served
from tests.support.callees import callees_served
from tests.support.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def callees():
    async with callees_served() as opened:
        yield opened


@pytest.fixture
async def world(dsn, callees, clock):
    async with served(dsn, callees, clock, io.BytesIO()) as opened:
        yield opened
