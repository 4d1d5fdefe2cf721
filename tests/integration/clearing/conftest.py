"""Fixtures of clearing on a database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.clearing import coherence
from services.clearing.config import Config
from services.kit import log
from services.kit.config import load
from services.kit.db import Database, open_database
from tests.integration.clearing.harness import environ


@pytest.fixture
def dsn(rinsed_dsn: str) -> str:
    return rinsed_dsn


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    log.configure("clearing", "error")
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as opened:
        yield opened
        assert await coherence.find_incoherence(opened) == []
