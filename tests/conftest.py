"""Fixtures of every layer: a PostgreSQL with a fresh database per test, Hypothesis settings."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import settings

from services.kit.migrations import migrate
from tests.support.rinse import Clean, look, rinse

settings.register_profile("yijie", deadline=None, max_examples=60, derandomize=False)
settings.load_profile("yijie")

SERVICES = (
    "identity",
    "filing",
    "catalogue",
    "settlement",
    "benefits",
    "clearing",
    "supervision",
)
OF_FOLDER = {
    "benefits": ("benefits",),
    "catalogue": ("catalogue",),
    "clearing": ("clearing",),
    "filing": ("filing", "identity"),
    "identity": ("identity",),
    "settlement": ("settlement",),
    "supervision": ("supervision",),
}
"""What the tests of a service's folder need, where a module does not say more."""
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where Linux has one
ROOM_BYTES = 8 << 30
"""What the databases of all workers and their meshes take at most, with a lot to spare."""


def pytest_configure(config: pytest.Config) -> None:
    """Puts what tests write into memory, unless TMPDIR, TEMP or TMP says where it belongs.

    Hundreds of databases are made and dropped: on a disk, a quarter of the time goes into the
    making of their files. No test pulls the plug; processes that are killed lose nothing there.
    """
    del config
    # As the command line has it: we start processes and never fork into Python.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    if {"TMPDIR", "TEMP", "TMP"} & os.environ.keys() or not IN_MEMORY.is_dir():
        return
    room = os.statvfs(IN_MEMORY)
    # The wheel's test loads libraries from what it installs, which "noexec" would not let it.
    is_usable = not room.f_flag & os.ST_NOEXEC and os.access(IN_MEMORY, os.W_OK)
    if is_usable and room.f_bavail * room.f_frsize >= ROOM_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Names bytes by their argument: what gzip writes differs by the second, so by the worker."""
    del config
    return argname if isinstance(val, bytes) else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Hides twelve thousand collected tests from the collector: they live as long as the worker."""
    del session
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """A PostgreSQL of this test session: DSN of its maintenance database."""
    from services.cli.postgres import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="yijie-test-"))
    try:
        with embedded_postgres(folder / "pg") as dsn:
            asyncio.run(_forget_durability(dsn))
            yield dsn
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def templates(postgres_dsn: str) -> Callable[[tuple[str, ...]], str]:
    """Gives a database with the migrations of some services applied, to be cloned."""

    @functools.cache
    def template(schemas: tuple[str, ...]) -> str:
        name = "yijie_" + "_".join(schemas)

        async def make() -> None:
            async with _maintenance(postgres_dsn) as connection:
                await connection.execute(f"CREATE DATABASE {name}")
            for service in schemas:
                await migrate(_with_database(postgres_dsn, name), service)
            await _leave_unanalyzed(_with_database(postgres_dsn, name))

        # Of its own: the test's loop is running.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, make()).result()
        return name

    return template


@pytest.fixture(scope="session")
def template_database(templates: Callable[[tuple[str, ...]], str]) -> str:
    """A database with every service's migrations applied, to be cloned."""
    return templates(SERVICES)


@pytest.fixture
async def dsn(
    postgres_dsn: str, templates: Callable[[tuple[str, ...]], str], request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """A database of this test alone, migrated; dropped afterwards.

    It has the schemas that the module names in SCHEMAS, else those of its folder: cloning one
    schema takes half the time of cloning all.
    """
    name = await _clone(postgres_dsn, templates(_schemas(request)))
    yield _with_database(postgres_dsn, name)
    await _drop(postgres_dsn, name)


@pytest.fixture(scope="session")
async def kept(postgres_dsn: str) -> AsyncIterator[dict[tuple[str, ...], tuple[str, Clean]]]:
    """Databases that tests of this session use one after the other, by their schemas."""
    databases: dict[tuple[str, ...], tuple[str, Clean]] = {}
    yield databases
    for name, _ in databases.values():
        await _drop(postgres_dsn, name)


@pytest.fixture
async def rinsed_dsn(
    postgres_dsn: str,
    templates: Callable[[tuple[str, ...]], str],
    kept: dict[tuple[str, ...], tuple[str, Clean]],
    request: pytest.FixtureRequest,
) -> AsyncIterator[str]:
    """As `dsn`, in a tenth of its time: the database was another test's and is emptied.

    For folders of many short tests, which name it as their `dsn`.
    """
    schemas = _schemas(request)
    # Taken out while it is in use: whatever goes wrong, nobody gets it as it is left.
    found = kept.pop(schemas, None)
    if found is None:
        name = await _clone(postgres_dsn, templates(schemas))
        found = name, await look(_with_database(postgres_dsn, name))
    name, clean = found
    own = _with_database(postgres_dsn, name)
    yield own
    if await rinse(own, clean):
        kept[schemas] = found
    else:
        await _drop(postgres_dsn, name)


def _schemas(request: pytest.FixtureRequest) -> tuple[str, ...]:
    folder = request.path.parent.name
    return tuple(getattr(request.module, "SCHEMAS", OF_FOLDER.get(folder, SERVICES)))


async def _leave_unanalyzed(dsn: str) -> None:
    # A table that is analyzed between two tests, when it is empty, is planned for as if it stayed
    # so: loops within loops over what the next test writes.
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            """/* test.no_autovacuum */ DO $$ DECLARE one regclass; BEGIN
            FOR one IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%'
                  AND n.nspname <> 'information_schema'
            LOOP EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', one); END LOOP;
            END $$"""
        )
    finally:
        await connection.close()


async def _clone(dsn: str, template: str) -> str:
    name = f"test_{uuid4().hex}"
    async with _maintenance(dsn) as connection:
        # A copy of files takes a fifth of the time that the default, a copy by the log, takes.
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return name


async def _drop(dsn: str, name: str) -> None:
    async with _maintenance(dsn) as connection:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _forget_durability(dsn: str) -> None:
    # Cloning a database for each test is all disk; no test of this fixture pulls the plug.
    async with _maintenance(dsn) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            await connection.execute(f"ALTER SYSTEM SET {name} = off")
        await connection.execute("SELECT pg_reload_conf()")


@contextlib.asynccontextmanager
async def _maintenance(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def _with_database(dsn: str, name: str) -> str:
    # The embedded server is reached by socket: postgresql://user@/dbname?host=/path
    head, _, query = dsn.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"
