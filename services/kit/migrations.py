"""Migrations: numbered SQL files per service, forward only, each in its own transaction.

`services/<name>/migrations/NNNN_title.sql`. A job or `yijie migrate` applies them under an
advisory lock; a service only checks at start that it finds the version it was built for, and stays
NOT_SERVING otherwise.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

import asyncpg

from services.kit.db import Database

_FILE = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_LOCK = 0x59494A4945  # "YIJIE": one migration at a time in a database


class MigrationError(Exception):
    """The schema is not what the files say."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text: a file that was applied must never change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(service: str) -> list[Migration]:
    """Returns a service's migrations in order."""
    folder = resources.files(f"services.{service}") / "migrations"
    found = []
    for file in folder.iterdir():
        match = _FILE.match(file.name)
        if match:
            text = file.read_text(encoding="utf-8")
            found.append(Migration(int(match.group(1)), file.name, text))
    found.sort(key=lambda migration: migration.version)
    if [m.version for m in found] != list(range(1, len(found) + 1)):
        msg = f"{service}: migrations must be numbered 0001, 0002, … without a gap"
        raise MigrationError(msg)
    return found


async def migrate(dsn: str, service: str) -> list[str]:
    """Applies what is missing and returns the names of the files applied."""
    connection = await asyncpg.connect(dsn, server_settings={"lock_timeout": "10000"})
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{service}"')
        await connection.execute(f'SET search_path TO "{service}"')
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration ("
            " version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
            " apply_time timestamptz NOT NULL DEFAULT now())"
        )
        rows = await connection.fetch("SELECT version, checksum FROM schema_migration")
        applied = {row["version"]: row["checksum"] for row in rows}
        done = []
        for migration in migrations_of(service):
            if migration.version in applied:
                if applied[migration.version] != migration.checksum:
                    msg = f"{service}: {migration.name} was changed after it was applied"
                    raise MigrationError(msg)
                continue
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)",
                    migration.version,
                    migration.name,
                    migration.checksum,
                )
            done.append(migration.name)
        return done
    finally:
        await connection.close()


async def check_version(database: Database, service: str) -> int:
    """Returns the schema's version, or raises MigrationError if it is behind the files."""
    wanted = migrations_of(service)[-1].version
    try:
        row = await database.fetchrow(
            "/* kit.schema_version */ SELECT max(version) AS version FROM schema_migration"
        )
    except asyncpg.UndefinedTableError:
        row = None
    version = (row["version"] if row else None) or 0
    if version < wanted:
        msg = f"{service}: schema is at version {version}, {wanted} is needed; run `yijie migrate`"
        raise MigrationError(msg)
    return int(version)
