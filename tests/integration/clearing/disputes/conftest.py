"""Fixtures of disputes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.kit.db import Database
from tests.integration.clearing.disputes.disputes_world import World, disputes_world


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with disputes_world(database) as made:
        yield made
