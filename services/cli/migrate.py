"""Brings schemas up to date: `yijie migrate [service]`, also the job of a chart's release."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from services.cli.topology import SERVICES, require_service
from services.kit import config as settings
from services.kit import migrations


class DatabaseError(Exception):
    """The database cannot be used; the text names the kind of failure.

    It is ours: that of the driver may hold parts of the connection string.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"the database cannot be used: {type(cause).__name__}")


@dataclass(frozen=True, slots=True)
class MigrateConfig:
    """Where the database is, unless the command line says it."""

    dsn: str = settings.env("DSN", secret=True)
    """PostgreSQL connection string."""


async def migrate(service: str, dsn: str) -> list[str]:
    """Applies what is missing, of one service or (empty) of all; returns "service/file" names.

    Raises:
        UnknownService: there is none of this name.
        ConfigError: no connection string was given.
        DatabaseError: it cannot be reached, or refuses us.
        MigrationError: a file was changed after it was applied.
    """
    wanted = (require_service(service),) if service else SERVICES
    target = dsn or settings.load(MigrateConfig).dsn
    applied: list[str] = []
    try:
        for name in wanted:
            applied += [f"{name}/{file}" for file in await migrations.migrate(target, name)]
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(error) from error
    return applied


async def ensure_database(dsn: str, name: str) -> str:
    """Makes a database on the server of another one, unless it is there; returns its own DSN.

    Args:
        dsn: of a database of that server, as a URL.
        name: letters, digits and underscores.

    Raises:
        DatabaseError: the server cannot be reached, or does not let us.
    """
    try:
        connection = await asyncpg.connect(dsn)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(error) from error
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
