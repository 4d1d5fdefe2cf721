"""PostgreSQL: one pool per process, every statement named, timed and traced; no ORM.

A statement is a constant that begins with its name in a comment, `/* identity.find_card */ SELECT
…`. The name is what spans, metrics and pg_stat_statements show; parameters never leave the
process. A use case takes one connection: `database.run` for one that writes, `database.fetchrow`
for one that reads once.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, TypeVar

import asyncpg
import prometheus_client
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

from services.kit import config as settings
from services.kit import hosts, telemetry
from services.kit.congestion import note_pool_wait
from services.kit.errors import DomainError, LostRace, Overloaded, Unavailable
from services.kit.log import get_logger

T = TypeVar("T")

POOL_CONNECTIONS = prometheus_client.Gauge(
    "yijie_db_pool_connections", "Connections of the pool by state.", ["state"]
)
REPLICA_LAG = prometheus_client.Gauge(
    "yijie_db_replica_lag_seconds", "How far a standby is behind.", ["standby"]
)
REPLICAS = prometheus_client.Gauge(
    "yijie_db_replicas", "Standbys that are connected, by how commits wait.", ["sync_state"]
)
TRANSACTION_RETRIES = prometheus_client.Counter(
    "yijie_db_transaction_retries", "Transactions repeated after a lost race.", ["db_query_summary"]
)
ATTEMPTS_MAX = 3
"""A use case that loses this many races is answered ABORTED: the caller decides."""

_REPLICAS: Final = """/* kit.replicas */
SELECT application_name AS name, sync_state, COALESCE(extract(epoch FROM greatest(
    -- Of one that no longer says how far it is there is no lag to read: since when it is silent.
    replay_lag,
    CASE WHEN replay_lsn IS DISTINCT FROM pg_current_wal_lsn()
        AND reply_time < now() - interval '15 s' THEN now() - reply_time END
)), 0)::float8 AS lag_s
FROM pg_stat_replication WHERE sync_state IS NOT NULL AND application_name <> 'pg_basebackup'"""
_COMMIT_S_MAX: Final = 86_400.0
_releasing: Final[set[asyncio.Task[None]]] = set()
"""Connections whose commit nobody waits for any more: kept from being collected."""
_SYSTEM: Final = {"db.system.name": "postgresql"}
_NAME = re.compile(r"^\s*/\* ([a-z_.]+) \*/")
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b")
_LOST = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# A migration that changed a type under a live pool; the statement is prepared anew on a repeat.
_STALE = (asyncpg.InvalidCachedStatementError,)
_DOWN = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    # The server's statement timeout, where it comes before ours, and a primary that was demoted.
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
)


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """How to reach the service's database."""

    dsn: str = settings.env("DSN", secret=True)
    """PostgreSQL connection string, e.g. postgresql://user@host/yijie."""
    pool_size_max: int = settings.env("DB_POOL_SIZE_MAX", int, default=10)
    """Connections at most."""
    acquire_timeout_s: float = settings.env(
        "DB_ACQUIRE_TIMEOUT_S", settings.parse_seconds, default=1.0
    )
    """Wait for a free connection before the call is shed."""
    statement_timeout_s: float = settings.env(
        "DB_STATEMENT_TIMEOUT_S", settings.parse_seconds, default=10.0
    )
    """Longest statement."""
    connect_timeout_s: float = settings.env(
        "DB_CONNECT_TIMEOUT_S", settings.parse_seconds, default=30.0
    )
    """How long to try at start before giving up."""
    replica_poll_s: float = settings.env("DB_REPLICA_POLL_S", settings.parse_delay, default=15.0)
    """Time between two looks at the standbys of the database; 0: none."""


class Beaten(Exception):
    """Raised by a use case that finds a concurrent change has won: it is run again as a whole."""


class Connection:
    """A connection held for one use case."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.timeout_s: float | None = None
        """Longest wait for a statement; None: that of the configuration."""

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Runs a statement and returns its first row, or None."""
        with _timed(query):
            return await self.raw.fetchrow(query, *arguments, timeout=self.timeout_s)

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Runs a statement and returns its rows."""
        with _timed(query):
            rows: list[asyncpg.Record] = await self.raw.fetch(
                query, *arguments, timeout=self.timeout_s
            )
            return rows

    async def execute(self, query: str, *arguments: Any) -> str:
        """Runs a statement and returns its command tag."""
        with _timed(query):
            tag: str = await self.raw.execute(query, *arguments, timeout=self.timeout_s)
            return tag

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Bulk-inserts rows into a table of the service's schema."""
        with _timed(f"/* copy.{table} */"):
            await self.raw.copy_records_to_table(table, columns=list(columns), records=rows)


class Database:
    """The service's pool. Made by `open_database`."""

    def __init__(self, pool: asyncpg.Pool, config: DatabaseConfig) -> None:
        self._pool = pool
        self._config = config

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Runs one statement on a connection of its own and returns its first row, or None."""
        return await self._single(query, lambda held: held.fetchrow(query, *arguments))

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Runs one statement on a connection of its own and returns its rows."""
        return await self._single(query, lambda held: held.fetch(query, *arguments))

    async def execute(self, query: str, *arguments: Any) -> str:
        """Runs one statement on a connection of its own and returns its command tag."""
        return await self._single(query, lambda held: held.execute(query, *arguments))

    async def run(self, name: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs a use case in one transaction, the whole of it again after a lost race.

        Raises LostRace after ATTEMPTS_MAX races, Overloaded when no connection is free in time,
        Unavailable when the database cannot be reached. `work` must have no effect outside.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with telemetry.span(name, telemetry.CLIENT, _SYSTEM):
                    return await self._transact(work)
            except (*_LOST, *_STALE, Beaten):
                await _lost(name, attempt)
        raise _beaten()

    async def _transact(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        held = _Held(self._pool, self._config.acquire_timeout_s)
        async with held as connection:
            await connection.raw.execute("BEGIN")
            try:
                result = await work(connection)
            except BaseException:
                await connection.raw.execute("ROLLBACK")
                raise
            await held.to_the_end(connection.raw.execute("COMMIT", timeout=_COMMIT_S_MAX))
            return result

    async def _single(self, query: str, statement: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs a statement that commits by itself, and again after a lost race: it left nothing."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                held = _Held(self._pool, self._config.acquire_timeout_s)
                async with held as connection:
                    if not writes(query):
                        return await statement(connection)
                    connection.timeout_s = _COMMIT_S_MAX
                    return await held.to_the_end(statement(connection))
            except (*_LOST, *_STALE):
                await _lost(query_name(query), attempt)
        raise _beaten()

    async def look_at_replicas(self) -> None:
        """Tells by metrics what standbys there are and how far they are behind, until cancelled.

        Where the service's role may not read it (it needs pg_monitor), nothing is told.
        """
        while True:
            await asyncio.sleep(self._config.replica_poll_s)
            try:
                rows = await self.fetch(_REPLICAS)
            except (DomainError, asyncpg.PostgresError):
                # Of a database that is gone nothing is known of its standbys.
                rows = []
            REPLICA_LAG.clear()
            REPLICAS.clear()
            for row in rows:
                REPLICA_LAG.labels(row["name"]).set(row["lag_s"])
                REPLICAS.labels(row["sync_state"]).inc()

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Holds a connection for reads; statements commit one by one.

        Entering raises Overloaded when none is free in time; the block, or entering, Unavailable
        when the database cannot be reached.
        """
        return _Held(self._pool, self._config.acquire_timeout_s)


@contextlib.asynccontextmanager
async def open_database(config: DatabaseConfig, schema: str) -> AsyncIterator[Database]:
    """Opens the pool on a schema, waiting for the server to come up, and closes it at the end."""

    # A coroutine function, because tenacity awaits nothing else.
    async def connect() -> asyncpg.Pool:
        return await asyncpg.create_pool(
            config.dsn,
            connect=hosts.connect,
            min_size=1,
            max_size=config.pool_size_max,
            command_timeout=config.statement_timeout_s,
            # Nothing here changes a session's state (no SET, no LISTEN, no session locks), so the
            # reset that asyncpg sends at each release would be a round trip for nothing.
            reset=_keep_session,
            server_settings={
                "search_path": schema,
                "application_name": f"yijie.{schema}",
                "timezone": "UTC",
                "statement_timeout": str(int(config.statement_timeout_s * 1000)),
                # A statement has one processor: what a month's sums took more than that would be
                # missing where somebody waits at a window.
                "max_parallel_workers_per_gather": "0",
                "idle_in_transaction_session_timeout": "60000",
            },
        )

    attempts = AsyncRetrying(
        retry=retry_if_exception_type((*_DOWN, TimeoutError)),
        stop=stop_after_delay(config.connect_timeout_s),
        wait=wait_exponential(multiplier=0.1, max=2),
        reraise=True,
    )
    pool: asyncpg.Pool = await attempts(connect)
    POOL_CONNECTIONS.labels("open").set_function(pool.get_size)
    POOL_CONNECTIONS.labels("idle").set_function(pool.get_idle_size)
    POOL_CONNECTIONS.labels("max").set(config.pool_size_max)
    database = Database(pool, config)
    looking = asyncio.create_task(database.look_at_replicas()) if config.replica_poll_s else None
    try:
        yield database
    finally:
        if looking is not None:
            looking.cancel()
            await asyncio.wait([looking])
        try:
            await asyncio.wait_for(pool.close(), timeout=5)
        except TimeoutError:
            pool.terminate()


async def _lost(name: str, attempt: int) -> None:
    TRANSACTION_RETRIES.labels(name).inc()
    get_logger().info("transaction lost a race", query=name, attempt=attempt)
    await asyncio.sleep(random.uniform(0.001, 0.01) * attempt)  # noqa: S311 - jitter


def _beaten() -> LostRace:
    return LostRace("LOST_RACE", "concurrent changes won every attempt", retry_after_ms=50)


async def _keep_session(_connection: Any) -> None:
    """Replaces asyncpg's reset: there is nothing to reset."""


@functools.cache
def writes(query: str) -> bool:
    """Tells whether a statement may write: by its words, a function's effects are not seen."""
    return _WRITES.search(query) is not None


@functools.cache
def query_name(query: str) -> str:
    """Returns the name in a statement's leading comment."""
    match = _NAME.match(query)
    if match is None:
        msg = "a statement must begin with its name in a comment: /* service.name */"
        raise ValueError(msg)
    return match.group(1)


class _timed(telemetry.Span):  # noqa: N801 - reads as what it does in a with statement
    """Runs a statement as a span and takes its time."""

    __slots__ = ("_started",)

    def __init__(self, query: str) -> None:
        super().__init__(query_name(query), telemetry.CLIENT, _SYSTEM)
        self._started = time.perf_counter()

    def __exit__(
        self,
        raised: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(raised, error, traceback)
        if raised is None:
            _duration_of(self.name).observe(time.perf_counter() - self._started)


@functools.cache
def _duration_of(name: str) -> prometheus_client.Histogram:
    # Looking a label up costs more than observing.
    return telemetry.DATABASE_DURATION.labels(name)


class _Held:
    """A connection of the pool, held while the block runs."""

    __slots__ = ("_ending", "_pool", "_raw", "_timeout_s")

    def __init__(self, pool: asyncpg.Pool, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._raw: Any = None
        self._ending: asyncio.Future[Any] | None = None

    async def to_the_end(self, ending: Awaitable[T]) -> T:
        """Carries out what commits; whoever stops waiting for it does not stop it.

        A commit that waits for a synchronous standby and is cancelled is done all the same, on
        the primary alone: it can be read, and answered to a repeat, while the standby that is
        promoted next has never heard of it. So no commit is cancelled, by deadline or by time:
        until the standby has it, nobody sees what it wrote.
        """
        self._ending = asyncio.ensure_future(ending)
        return await asyncio.shield(self._ending)

    async def __aenter__(self) -> Connection:
        asked = time.perf_counter()
        try:
            # Not the pool's own timeout: it makes a task of every wait, even of none.
            async with asyncio.timeout(self._timeout_s):
                self._raw = await self._pool.acquire()
            note_pool_wait(time.perf_counter() - asked)
        except TimeoutError:
            raise Overloaded(
                "OVERLOADED", "no database connection became free in time", retry_after_ms=500
            ) from None
        except _DOWN as error:
            raise _down() from error
        return Connection(self._raw)

    async def __aexit__(
        self,
        _raised: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._ending is not None and not self._ending.done():
            self._release_later(self._ending)
            return
        # The pool shields this: a caller that hangs up leaves no connection neither free nor held.
        await self._pool.release(self._raw)
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
            # It was the primary and is no more: no other connection to it is of use either.
            await self._pool.expire_connections()
        if isinstance(error, _DOWN) and not isinstance(error, DomainError):
            raise _down() from error

    def _release_later(self, ending: asyncio.Future[Any]) -> None:
        async def release() -> None:
            await asyncio.wait([ending])
            if not ending.cancelled():
                # Looked at, because nobody else will: who asked has gone.
                ending.exception()
            with contextlib.suppress(*_DOWN):
                await self._pool.release(self._raw)

        task = asyncio.create_task(release())
        _releasing.add(task)
        task.add_done_callback(_releasing.discard)


def _down() -> Unavailable:
    return Unavailable("DATABASE_UNAVAILABLE", "the database cannot answer", retry_after_ms=1000)
