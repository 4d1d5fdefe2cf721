"""Filing between an identity and a settlement, on a database of its own."""

import pytest

from tests.integration.filing_feed.harness import opened


@pytest.fixture
def dsn(rinsed_dsn: str) -> str:
    return rinsed_dsn


@pytest.fixture
async def world(dsn):
    async with opened(dsn) as found:
        yield found
