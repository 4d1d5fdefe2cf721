"""Goal: what was published before limited payments and mappings is read as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import asyncpg
import pytest

from services.classification.wire import read_item
from services.kit import migrations
from services.kit.migrations import migrate
from tests.integration.catalogue.support import BED, served

pytestmark = pytest.mark.postgres


@pytest.fixture
async def old_dsn(dsn, monkeypatch):
    """A database in which catalogue is at its first migration, with a published version."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "catalogue"})
    try:
        await connection.execute("DROP SCHEMA catalogue CASCADE")
        every = migrations.migrations_of("catalogue")
        with monkeypatch.context() as old:
            old.setattr(migrations, "migrations_of", lambda _: every[:1])
            await migrate(dsn, "catalogue")
        await connection.execute(
            "INSERT INTO version (region_code, version, item_count) VALUES ('640000', 'old', 1)"
        )
        await connection.execute(
            "INSERT INTO item SELECT version_id, '001109000030000', '2017-01-01', NULL,"
            " '监护病房床位费', '201', '01', 'A', 0, 80, 'self_pay', true FROM version"
        )
        await connection.execute(
            "UPDATE version SET publication_sequence = 1, publish_time = now()"
        )
        await migrate(dsn, "catalogue")
    finally:
        await connection.close()
    return dsn


async def test_a_version_of_before_is_read_changed_and_repeated(old_dsn):
    async with served(old_dsn) as client:
        assert [read_item(item, "items") for item in await client.items("old")] == [BED]
        changed = replace(BED, begin_date=date(2026, 1, 1), price_ceiling=Decimal(90))
        answer = await client.load(
            changed, version="new", base_version="old", effective_date=date(2026, 1, 1)
        )
        assert answer.published_version.item_count == 2
        await client.republish("old", "again")
        assert await client.items("again") == await client.items("old")


async def test_withdrawals_of_a_published_version_are_immutable(dsn):
    async with served(dsn) as client:
        await client.load(BED, replace(BED, item_code="001109000030100"))
        await client.load(
            version="v2",
            base_version="v1",
            effective_date=date(2026, 1, 1),
            withdrawn=[BED.item_code],
        )
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "catalogue"})
    try:
        for statement in (
            "DELETE FROM withdrawal",
            "UPDATE withdrawal SET item_code = '001109000030200'",
            "INSERT INTO withdrawal SELECT version_id, '001109000030200' FROM withdrawal",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
    finally:
        await connection.close()
