"""A settlement service on a database of its own, between callees that can misbehave."""

from __future__ import annotations

import io

import pytest

from tests.integration.settlement.world import assert_coherent, database_of_its_own, served
from tests.support.callees import callees_served
from tests.support.clock import FakeClock
from tests.support.signing import Keys


@pytest.fixture
def dsn(rinsed_dsn):
    return rinsed_dsn


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
        await assert_coherent(opened)


@pytest.fixture(scope="module")
async def module_dsn(postgres_dsn, template_database):
    """A database for all tests of a module: for those that leave no trace that others mind."""
    async with database_of_its_own(postgres_dsn, template_database) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def module_world(module_dsn):
    """A service for all tests of a module; its clock stands."""
    async with (
        callees_served() as callees,
        served(module_dsn, callees, FakeClock(), io.BytesIO()) as opened,
    ):
        yield opened
        await assert_coherent(opened)


@pytest.fixture
def keys(tmp_path, clock):
    return Keys(tmp_path, clock.now())


@pytest.fixture
async def signing(dsn, callees, clock, keys):
    """The service, where whoever has a key must sign."""
    async with served(dsn, callees, clock, io.BytesIO(), **keys.variables()) as world:
        yield world
        await assert_coherent(world)
