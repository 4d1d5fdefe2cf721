"""Goal: of several hosts the one that takes writes is found, whatever the others do."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from services.cli.mesh import temporary_dir
from services.kit import hosts
from services.kit.db import DatabaseConfig, open_database


@pytest.mark.parametrize(
    ("dsn", "split"),
    [
        ("postgresql://u:p@h/y", ["postgresql://u:p@h/y"]),
        (
            "postgresql://u:p@h1:5432,h2:5433/y?target_session_attrs=read-write",
            [
                "postgresql://u:p@h1:5432/y?target_session_attrs=read-write",
                "postgresql://u:p@h2:5433/y?target_session_attrs=read-write",
            ],
        ),
        ("postgresql:///y?host=/a", ["postgresql:///y?host=/a"]),
        (
            "postgresql://u@/y?host=/a,/b&port=1,2",
            ["postgresql://u@/y?host=/a&port=1", "postgresql://u@/y?host=/b&port=2"],
        ),
        (
            "postgresql://u@/y?host=/a,/b&port=7",
            ["postgresql://u@/y?host=/a&port=7", "postgresql://u@/y?host=/b&port=7"],
        ),
    ],
)
def test_a_string_of_several_hosts_is_one_for_each(dsn, split):
    assert hosts.split_hosts(dsn) == split


@pytest.fixture
def silent():
    """A folder with a server's socket behind which nobody ever answers."""
    folder = temporary_dir()
    yield folder
    shutil.rmtree(folder)


def beside(dsn: str, folder: Path) -> str:
    parts = urlsplit(dsn)
    real = parse_qs(parts.query)["host"][0]
    return parts._replace(query=f"host={folder},{real}&target_session_attrs=read-write").geturl()


async def test_a_host_that_never_answers_keeps_nobody_from_the_other(postgres_dsn, silent):
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(hold, silent / ".s.PGSQL.5432")
    async with server:
        config = DatabaseConfig(dsn=beside(postgres_dsn, silent), pool_size_max=2)
        async with open_database(config, "public") as database:
            row = await database.fetchrow("/* test.one */ SELECT 1 AS n")
            assert row["n"] == 1


async def test_a_host_that_is_gone_keeps_nobody_from_the_other(postgres_dsn, silent):
    connection = await hosts.connect(beside(postgres_dsn, silent))
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_a_server_that_takes_no_writes_is_not_taken(postgres_dsn, silent):
    dsn = beside(postgres_dsn, silent).replace("read-write", "standby")
    with pytest.raises(asyncpg.InternalClientError, match="target attribute"):
        await hosts.connect(dsn)
