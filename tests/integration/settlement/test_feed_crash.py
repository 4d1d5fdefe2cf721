"""Goal: when PostgreSQL is killed, what was given stays given and what comes is not missed.

Method: a server of its own, its durability as shipped, ended with all that it has not written yet.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path

import psutil
import pytest

from services.cli.postgres import embedded_postgres, restart_postgres
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import DatabaseConfig, open_database
from services.kit.migrations import migrate
from services.settlement.feed_store import START, FeedStore, Standing, Wanted
from tests.integration.settlement.outbox import NINGXIA, append, append_foreign
from tests.integration.settlement.world import KEY, raw
from tests.support.clock import FakeClock
from tests.support.eventually import eventually

pytestmark = pytest.mark.postgres

MINE = Wanted(province=NINGXIA)


@pytest.fixture
def folder():
    # Not pytest's own folder: the path of a Unix socket has about a hundred characters.
    made = Path(tempfile.mkdtemp(prefix="yijie-feed-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def kill(data):
    """Ends the server in immediate mode, with what it has not written yet, and starts it again."""
    pid = int((data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)

    async def gone():
        # It is no child of ours: where nobody collects it, what is left of it stays in the table.
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

    await eventually(gone)
    await asyncio.to_thread(restart_postgres, data)


async def test_ids_of_lost_transactions_are_given_again_and_nothing_is_missed(folder):
    now = FakeClock().now()
    data = folder / "pg"
    with embedded_postgres(data) as dsn:
        await migrate(dsn, "settlement")
        async with open_database(DatabaseConfig(dsn=dsn), "settlement") as database:
            store = FeedStore(database, FieldCipher(parse_keyring_text(KEY)))
            async with raw(dsn) as connection:
                first = await append(connection, now)
                await append_foreign(connection, now, 1)
                # Ids that are used up and leave nothing that must be on disk.
                for _ in range(50):
                    transaction = connection.transaction()
                    await transaction.start()
                    await connection.fetchval("SELECT pg_current_xact_id()")
                    await transaction.rollback()
            before = await store.read(START, MINE)
            assert len(before.rows) == 1
            await kill(data)
        async with open_database(DatabaseConfig(dsn=dsn), "settlement") as database:
            store = FeedStore(database, FieldCipher(parse_keyring_text(KEY)))
            # The server is back; what was seen of it before the end is there.
            assert await store.find(before.reached) is Standing.GIVEN
            async with raw(dsn) as connection:
                second = await append(connection, now)
            after = await store.read(before.reached, MINE)
            everything = await store.read(START, MINE)
    assert len(after.rows) == 1
    assert second.encode() in after.rows[0].settlement
    assert [first.encode() in everything.rows[0].settlement, len(everything.rows)] == [True, 2]
    assert after.reached > before.reached
