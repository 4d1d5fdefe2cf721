"""Goal: what is answered is on the standby, and the pool finds the standby that takes over.

One pair of real servers for all of it: a primary that waits for its standby with every commit.
"""

from __future__ import annotations

import asyncio
import shutil

import asyncpg
import pytest

from services.cli.mesh import temporary_dir
from services.cli.pgtools import server_processes
from services.kit.db import REPLICA_LAG, REPLICAS, DatabaseConfig, open_database
from services.kit.errors import Overloaded, Unavailable
from services.proving.chaos.pair import STANDBY, Pair
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(150)

_INSERT = "/* test.insert */ INSERT INTO public.told (n) VALUES ($1)"
_READ = "/* test.read */ SELECT array_agg(n ORDER BY n) AS told FROM public.told"


@pytest.fixture
async def pair():
    folder = temporary_dir()
    found = Pair(folder / "pg", folder / "standby")
    try:
        async with found.running():
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def told(database) -> list[int]:
    row = await database.fetchrow(_READ)
    return row["told"] or []


def tell(database, number: int):
    async def work(connection) -> None:
        await connection.execute(_INSERT, number)

    return database.run("test.tell", work)


async def test_nothing_is_seen_that_the_standby_does_not_have_and_the_standby_takes_over(pair):
    config = DatabaseConfig(
        dsn=pair.dsn, pool_size_max=3, acquire_timeout_s=0.5, replica_poll_s=0.05
    )
    async with open_database(config, "public") as database:
        await database.execute("/* test.make */ CREATE TABLE told (n int)")
        await tell(database, 1)
        await _standby_is_told_of()

        # The standby sleeps: whoever gives up waiting does not make what it wrote be seen.
        asleep = server_processes(pair.folders[1])
        for process in asleep:
            process.suspend()
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await tell(database, 2)
            await asyncio.sleep(0.3)
            assert await told(database) == [1]
            # Nor does a statement that commits by itself. Each holds its connection until it is
            # done: further ones are shed, none is lost.
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await database.execute(_INSERT, 3)
            assert await told(database) == [1]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await tell(database, 4)
            with pytest.raises(Overloaded):
                await told(database)
        finally:
            for process in asleep:
                process.resume()

        async def all_there() -> None:
            assert await told(database) == [1, 2, 3, 4]

        await eventually(all_there)

        await pair.crash()

        async def taken_over() -> None:
            try:
                await tell(database, 5)
            except (Unavailable, Overloaded):
                raise AssertionError from None

        await eventually(taken_over, within_s=60.0)
        # What was acknowledged before is there; the attempts in between left nothing.
        assert await told(database) == [1, 2, 3, 4, 5]
        connection = await asyncpg.connect(pair.dsns[1])
        assert not await connection.fetchval("SELECT pg_is_in_recovery()")
        await connection.close()


async def _standby_is_told_of() -> None:
    async def seen() -> None:
        states = {
            sample.labels["sync_state"]: sample.value
            for metric in REPLICAS.collect()
            for sample in metric.samples
        }
        lags = {
            sample.labels["standby"]: sample.value
            for metric in REPLICA_LAG.collect()
            for sample in metric.samples
        }
        assert states == {"sync": 1.0}
        assert list(lags) == [STANDBY]
        assert 0.0 <= lags[STANDBY] < 60.0

    await eventually(seen)
