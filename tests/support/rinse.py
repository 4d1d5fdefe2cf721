"""A database that is made once and emptied between tests.

Cloning a database takes some tenths of a second, most of what a short test takes. Emptying one
takes some milliseconds: its rows are deleted past all triggers and its sequences begin anew. A test
that changed the schema itself (a trigger that it disabled, a function that it replaced) leaves a
stain: then the database is given up and another one is cloned.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

# What a schema is: its relations with their columns, constraints, triggers and functions.
_FINGERPRINT = """/* test.fingerprint */
WITH owned AS (SELECT oid FROM pg_namespace
                WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')
SELECT md5(string_agg(part, E'\\n' ORDER BY part)) AS digest FROM (
    SELECT concat_ws('|', 'c', c.oid, c.relkind, c.relname, c.relnatts, c.relchecks) AS part
      FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM owned)
    UNION ALL
    SELECT concat_ws('|', 'a', a.attrelid, a.attnum, a.attname, a.atttypid, a.attnotnull,
                     a.atthasdef, a.attidentity)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace IN (SELECT oid FROM owned) AND a.attnum > 0
    UNION ALL
    SELECT concat_ws('|', 'k', k.conrelid, k.conname, k.contype, k.convalidated)
      FROM pg_constraint k WHERE k.connamespace IN (SELECT oid FROM owned)
    UNION ALL
    SELECT concat_ws('|', 't', t.tgrelid, t.tgname, t.tgenabled, t.tgfoid, t.tgtype)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace IN (SELECT oid FROM owned)
    UNION ALL
    SELECT concat_ws('|', 'f', f.oid, f.proname, md5(f.prosrc)) FROM pg_proc f
     WHERE f.pronamespace IN (SELECT oid FROM owned)
    UNION ALL
    SELECT concat_ws('|', 's', s.setdatabase, s.setconfig) FROM pg_db_role_setting s
) parts"""
_TABLES = """/* test.tables */
SELECT format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
 ORDER BY 1"""
_OTHERS = """/* test.end_others */
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND backend_type = 'client backend'"""
_SEQUENCES = """/* test.begin_sequences_anew */
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
  FROM pg_sequences WHERE last_value IS NOT NULL"""
_USED = """/* test.used_sequences */
SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL"""


@dataclass(frozen=True)
class Clean:
    """What a database is like before the first test."""

    fingerprint: str
    tables: tuple[str, ...]
    rows: Mapping[str, str]
    """JSON of the rows that migrations put there, by table."""


async def look(dsn: str) -> Clean:
    """Returns what a database is like that no test has touched."""
    async with _connected(dsn) as connection:
        tables = tuple(row["name"] for row in await connection.fetch(_TABLES))
        rows: dict[str, str] = {}
        for table in tables:
            found = await connection.fetchval(
                f"/* test.rows */ SELECT json_agg(t) FROM {table} t"  # noqa: S608 - of the catalogue
            )
            if found is not None:
                rows[table] = found
        if await connection.fetch(_USED):
            raise AssertionError("a migration uses a sequence: it would begin anew too low")
        return Clean(await connection.fetchval(_FINGERPRINT), tables, rows)


async def rinse(dsn: str, clean: Clean) -> bool:
    """Makes a database what it was; False: its schema was changed, and it cannot be used again."""
    async with _connected(dsn) as connection:
        await connection.execute(_OTHERS)
        if await connection.fetchval(_FINGERPRINT) != clean.fingerprint:
            return False
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(
                ";".join(f"DELETE FROM {table}" for table in clean.tables)  # noqa: S608
            )
            for table, rows in clean.rows.items():
                await connection.execute(
                    f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"  # noqa: S608
                    f" SELECT * FROM json_populate_recordset(NULL::{table}, $1::json)",
                    rows,
                )
        await connection.execute(_SEQUENCES)
        return True


@contextlib.asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
