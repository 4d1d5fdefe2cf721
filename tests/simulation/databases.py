"""The simulation's database beside PostgreSQL, so that one scenario can be told to both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from services.kit.config import load
from services.kit.crypto import FieldCipher, KeyRing
from services.kit.db import Connection, Database, DatabaseConfig, open_database
from services.proving.simulation.database import MemoryDatabase
from services.proving.simulation.engine import Server
from services.proving.simulation.faults import Faults, Rates
from services.proving.simulation.machine import Log, Machine, Process
from services.proving.simulation.world import STATEMENTS

CIPHER = FieldCipher(KeyRing({1: bytes(range(32))}, 1))
BLOCKED_S = 0.15
"""A statement that has not come back by then waits for a lock."""
NOW = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)

Scenario = Callable[[Database], Awaitable[Any]]


def memory(prepare: Callable[[Server], None] | None = None) -> Database:
    """Returns a database in memory in which nothing fails; it takes real time."""
    loop: Any = asyncio.get_running_loop()

    async def main(_process: Process) -> None:
        """Does nothing of its own."""

    server = Server(lambda: NOW)
    if prepare is not None:
        prepare(server)
    faults = Faults(Random(0), Rates())  # noqa: S311 - never rolled
    machine = Machine(loop, faults, Log(loop), "test", main)
    defects: list[str] = []
    return MemoryDatabase(server, STATEMENTS, Process(machine), defects)


async def agree(
    dsn: str,
    schema: str,
    scenario: Scenario,
    *,
    prepare: Callable[[Server], None] | None = None,
) -> Any:
    """Tells a scenario to PostgreSQL and to the memory; their answers must be the same."""
    config = load(DatabaseConfig, {"YIJIE_DSN": dsn, "YIJIE_DB_POOL_SIZE_MAX": "6"})
    async with open_database(config, schema) as postgres:
        wanted = await scenario(postgres)
    found = await scenario(memory(prepare))
    assert found == wanted
    return wanted


class Within(Database):
    """A transaction in the place of a database, for stores that know of no transactions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        return await self._connection.fetchrow(query, *arguments)

    async def fetch(self, query: str, *arguments: Any) -> Any:
        return await self._connection.fetch(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> str:
        return await self._connection.execute(query, *arguments)


class Rollback(Exception):
    """Ends a transaction without a trace."""


class Open:
    """A transaction that has done its work and has not ended yet."""

    def __init__(self) -> None:
        self.answer: Any = None
        self._ready = asyncio.Event()
        self._end = asyncio.Event()
        self._rolls_back = False
        self._task: asyncio.Task[None] | None = None

    async def begin(self, database: Database, work: Callable[[Connection], Awaitable[Any]]) -> None:
        async def held(connection: Connection) -> None:
            self.answer = await work(connection)
            self._ready.set()
            await self._end.wait()
            if self._rolls_back:
                raise Rollback

        self._task = asyncio.create_task(database.run("held", held))
        waiting = asyncio.create_task(self._ready.wait())
        await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def end(self, *, commit: bool) -> None:
        self._rolls_back = not commit
        self._end.set()
        assert self._task is not None
        with contextlib.suppress(Rollback):
            await self._task


@contextlib.asynccontextmanager
async def held_open(
    database: Database, work: Callable[[Connection], Awaitable[Any]]
) -> AsyncIterator[Open]:
    """Holds a transaction open while the block runs, or until the block ends it."""
    transaction = Open()
    await transaction.begin(database, work)
    try:
        yield transaction
    finally:
        await transaction.end(commit=False)


class Attempt:
    """Something tried while a transaction is open."""

    def __init__(self, work: Awaitable[Any]) -> None:
        self._task = asyncio.ensure_future(work)

    async def blocks(self) -> bool:
        """Tells whether it waits for the transaction."""
        done, _ = await asyncio.wait((self._task,), timeout=BLOCKED_S)
        return not done

    async def outcome(self) -> Any:
        """Returns its answer, or the class of its error."""
        try:
            return await asyncio.wait_for(self._task, 10)
        except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
            return type(error).__name__
