"""Fixtures of supervision on a database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.kit import log
from services.kit.config import load
from services.kit.db import Database, open_database
from services.supervision.config import Config
from tests.integration.supervision.harness import environ


@pytest.fixture
def dsn(rinsed_dsn: str) -> str:
    return rinsed_dsn


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    log.configure("supervision", "error")
    async with open_database(load(Config, environ(dsn, 1)).database, "supervision") as opened:
        yield opened
