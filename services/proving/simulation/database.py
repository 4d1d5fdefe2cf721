"""The kit's Database, as processes of the simulation hold it: over a wire that may break.

A statement that has reached the server is carried out whatever becomes of who sent it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Any, Final, TypeVar

import asyncpg

from services.kit.db import ATTEMPTS_MAX, Connection, Database, query_name
from services.kit.errors import LostRace, Unavailable
from services.proving.simulation.engine import Blocked, Result, Server, Statement, Transaction
from services.proving.simulation.machine import Process

T = TypeVar("T")

_WIRE_S: Final = 0.0005
_COMMIT_S: Final = 0.003
_NOTICED_S: Final = 1.0
"""How long a server may take to notice that a client has died, and to roll back."""


_BROKEN: Final = (TypeError, ValueError, LookupError, AttributeError)


class MemoryDatabase(Database):
    """A process's way to one database."""

    def __init__(
        self,
        server: Server,
        statements: Mapping[str, Statement],
        process: Process,
        defects: list[str],
    ) -> None:
        """`defects` takes what no statement may do: the caller may swallow it."""
        self._server = server
        self._statements = statements
        self._process = process
        self._defects = defects
        self._faults = process.machine.faults
        self._loop = process.machine.loop

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        """Runs one statement on its own and returns its first row, or None."""
        return _first(await self._alone(query, arguments))

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """Runs one statement on its own and returns its rows."""
        return _rows(await self._alone(query, arguments))

    async def execute(self, query: str, *arguments: Any) -> str:
        """Runs one statement on its own and returns its command tag."""
        return _tag(query, await self._alone(query, arguments))

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Holds a connection for reads; statements commit one by one."""
        return self._held()

    async def run(self, name: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs a use case in one transaction, the whole of it again after a deadlock."""
        for _ in range(ATTEMPTS_MAX):
            with contextlib.suppress(asyncpg.DeadlockDetectedError):
                return await self._transaction(name, work)
        raise LostRace("LOST_RACE", "concurrent changes won every attempt", retry_after_ms=50)

    async def _transaction(self, name: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        self._process.step()
        transaction = self._server.begin()
        try:
            result = await work(_InTransaction(self, transaction))
            # Up to here nothing is visible; from here on it is the server that decides.
            await self._wire()
        except BaseException:
            self._roll_back(transaction)
            raise
        await self._commit(transaction)
        self._process.machine.log.note(self._process.name, "commits {}", name)
        return result

    async def _alone(self, query: str, arguments: tuple[Any, ...]) -> Result:
        if _verb(query) == "SELECT":
            # On the way there nothing can happen to it that could not happen before it was sent.
            self._reach()
        else:
            await self._wire()
        statement = self._statement(query)
        transaction = self._server.begin()
        try:
            result = transaction.attempt(statement, arguments, again=False)
        except Blocked as blocked:
            # The server goes on with it, whoever still waits for the answer.
            work = _serve(transaction, statement, arguments, blocked.holder)
            serving = self._loop.create_task(work, context=Context())
            serving.add_done_callback(_see)
            result = await asyncio.shield(serving)
            self._process.step()
            return result
        except asyncpg.PostgresError:
            transaction.roll_back()
            raise
        if transaction.is_read_only():
            transaction.commit()
            await asyncio.sleep(self._faults.delay(_WIRE_S))
            self._process.step()
        else:
            await self._commit(transaction)
        return result

    async def in_transaction(
        self, transaction: Transaction, query: str, arguments: tuple[Any, ...]
    ) -> Result:
        """Runs a statement of a transaction; one that fails ends the transaction."""
        await self._wire()
        statement = self._statement(query)
        return await _until_done(transaction, statement, arguments)

    def _statement(self, query: str) -> Statement:
        """Returns the function of a statement, which tells of its own defects."""
        name = query_name(query)

        def told(*arguments: Any) -> Result:
            try:
                return self._statements[name](*arguments)
            except _BROKEN as error:
                self._defects.append(f"statement {name}: {type(error).__name__} {error}")
                raise

        return told

    async def _wire(self) -> None:
        self._process.step()
        await asyncio.sleep(self._faults.delay(_WIRE_S))
        self._reach()

    def _reach(self) -> None:
        self._process.step()
        if self._faults.hits("database_down"):
            raise _down()

    async def _commit(self, transaction: Transaction) -> None:
        """Commits after the server's own time; who waits may die or hear nothing of it."""
        done = self._loop.create_future()

        def commit() -> None:
            transaction.commit()
            if not done.done():
                done.set_result(None)

        delay = self._faults.random.uniform(0.2, 2.0) * _COMMIT_S
        if self._faults.hits("commit_slow"):
            delay = self._faults.random.uniform(0.01, 2.0)
        self._loop.call_later(delay, commit)
        await done
        self._process.step()
        if self._faults.hits("commit_unknown"):
            raise _down()

    def _roll_back(self, transaction: Transaction) -> None:
        if self._process.is_alive:
            transaction.roll_back()
        else:
            # Its locks stay until the server notices.
            delay = self._faults.random.uniform(0.0, _NOTICED_S)
            self._loop.call_later(delay, transaction.roll_back)

    @contextlib.asynccontextmanager
    async def _held(self) -> AsyncIterator[Connection]:
        yield _Alone(self)


class StillDatabase(Database):
    """A way to a database that neither waits nor fails, to look at what is left of a run."""

    def __init__(self, server: Server, statements: Mapping[str, Statement]) -> None:
        self._server = server
        self._statements = statements

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        """Runs one statement and returns its first row, or None."""
        return _first(self._read(query, arguments))

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """Runs one statement and returns its rows."""
        return _rows(self._read(query, arguments))

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Holds a connection."""
        return self._held()

    def _read(self, query: str, arguments: tuple[Any, ...]) -> Result:
        transaction = self._server.begin()
        statement = self._statements[query_name(query)]
        result = transaction.attempt(statement, arguments, again=False)
        transaction.commit()
        return result

    @contextlib.asynccontextmanager
    async def _held(self) -> AsyncIterator[Connection]:
        yield _Alone(self)


class _InTransaction(Connection):
    def __init__(self, database: MemoryDatabase, transaction: Transaction) -> None:
        super().__init__(None)
        self._database = database
        self._transaction = transaction

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        return _first(await self._database.in_transaction(self._transaction, query, arguments))

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        return _rows(await self._database.in_transaction(self._transaction, query, arguments))

    async def execute(self, query: str, *arguments: Any) -> str:
        result = await self._database.in_transaction(self._transaction, query, arguments)
        return _tag(query, result)


class _Alone(Connection):
    def __init__(self, database: Database) -> None:
        super().__init__(None)
        self._database = database

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        return await self._database.fetchrow(query, *arguments)

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        return await self._database.fetch(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> str:
        return await self._database.execute(query, *arguments)


async def _until_done(
    transaction: Transaction,
    statement: Statement,
    arguments: tuple[Any, ...],
    holder: Transaction | None = None,
) -> Result:
    """Runs a statement as often as it blocks; `holder` is who blocked it so far."""
    again = holder is not None
    while True:
        if holder is not None:
            await holder.end()
            transaction.waits_for = None
        try:
            return transaction.attempt(statement, arguments, again=again)
        except Blocked as blocked:
            holder = blocked.holder
            again = True


async def _serve(
    transaction: Transaction,
    statement: Statement,
    arguments: tuple[Any, ...],
    holder: Transaction,
) -> Result:
    """Runs a statement that is a transaction of its own to its end."""
    try:
        result = await _until_done(transaction, statement, arguments, holder)
    except BaseException:
        transaction.roll_back()
        raise
    transaction.commit()
    return result


def _see(serving: asyncio.Task[Result]) -> None:
    """Looks at an error that nobody may be left to hear of."""
    if not serving.cancelled():
        serving.exception()


def _first(result: Result) -> Any:
    rows = _rows(result)
    return rows[0] if rows else None


def _rows(result: Result) -> list[Any]:
    return [] if isinstance(result, int) else list(result)


@functools.cache
def _verb(query: str) -> str:
    words = query.partition("*/")[2].split()
    return words[0].upper() if words else ""


def _tag(query: str, result: Result) -> str:
    count = result if isinstance(result, int) else len(result)
    return f"{_verb(query)} {count}"


def _down() -> Unavailable:
    return Unavailable("DATABASE_UNAVAILABLE", "the database cannot answer", retry_after_ms=1000)
