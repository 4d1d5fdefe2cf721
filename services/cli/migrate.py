"""Brings schemas up to date: `yijie migrate [service]`, also the job of a chart's release."""

from __future__ import annotations

from dataclasses import dataclass

from services.cli.topology import SERVICES, require_service
from services.kit import config as settings
from services.kit import migrations


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
        MigrationError: a file was changed after it was applied.
    """
    wanted = (require_service(service),) if service else SERVICES
    target = dsn or settings.load(MigrateConfig).dsn
    return [f"{name}/{file}" for name in wanted for file in await migrations.migrate(target, name)]
