"""Fixtures of clearing months."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.kit.db import Database
from tests.integration.clearing.months.month_world import MonthWorld, march_events, month_world


@pytest.fixture
async def world(database: Database) -> AsyncIterator[MonthWorld]:
    async with month_world(database) as running:
        await running.feed(*march_events())
        yield running
