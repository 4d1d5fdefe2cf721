"""Fixtures of prepayment."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.kit.db import Database
from tests.integration.clearing.prepayment.prepayment_world import (
    PrepaymentWorld,
    prepayment_world,
)


@pytest.fixture
async def world(database: Database) -> AsyncIterator[PrepaymentWorld]:
    async with prepayment_world(database) as running:
        yield running
