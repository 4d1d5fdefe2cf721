"""Which columns hold sealed fields, how many by which key, and sealing them anew.

Each service that keeps personal data has `sealed.py` with a `SEALED` of these; a test compares them
with what the service encrypts. Journals are append-only: what they keep is never sealed anew, so
their keys stay in the ring for reading (docs/adr/0021-keys.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.kit.crypto import FieldCipher

_BATCH: Final = 500
# What `yijie partitions detach` took out of use is kept, and so are its keys.
_DETACHED: Final = """
SELECT format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = current_schema() || '_archive' AND c.relkind = 'r'
   AND c.relname ~ ('^' || $1 || '_[0-9]{6}$')"""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of fields sealed by `FieldCipher`."""

    table: str
    column: str
    context: bytes
    """What a field is bound to, before the bytes of `bound_to`."""
    key: tuple[tuple[str, str], ...] = ()
    """Columns of the primary key with their SQL types; none for a column that is kept."""
    bound_to: tuple[str, ...] = ()
    """Columns of the key whose bytes end the context; a text with a colon after it."""
    where: str = "true"
    """SQL condition of the rows that are sealed at all."""

    @property
    def kept(self) -> bool:
        """Tells whether the table is append-only: never sealed anew."""
        return not self.key


async def count_by_key(connection: asyncpg.Connection, column: SealedColumn) -> dict[int, int]:
    """Returns how many fields of a column each key id has written; looks at every row.

    Also at those of months that were detached: they come back with what they are sealed with.
    """
    detached = await connection.fetch(_DETACHED, column.table)
    counted: Counter[int] = Counter()
    for table in (column.table, *(row["name"] for row in detached)):
        rows = await connection.fetch(
            f"SELECT get_byte({column.column}, 0) AS key_id, count(*) AS fields FROM {table}"  # noqa: S608 - names are constants, or the catalogue's
            f" WHERE {column.where} AND length({column.column}) > 0 GROUP BY 1"
        )
        counted.update({row["key_id"]: row["fields"] for row in rows})
    return dict(sorted(counted.items()))


async def reseal(
    connection: asyncpg.Connection, cipher: FieldCipher, column: SealedColumn
) -> AsyncIterator[int]:
    """Seals a column's fields anew with the active key, batch by batch; yields fields looked at.

    Services may read and write meanwhile: a field is replaced only where it is still the one that
    was read. Rows that a service has locked are left for later and taken one by one, holding no
    other: a batch that locked rows in another order than a service does would end in a deadlock.
    Broken off it goes on where it left, because what is done names the active key.

    Raises:
        UnreadableField: a field's key is not in the ring.
    """
    after: list[Any] | None = None
    select, update = _select(column), _update(column)
    # Nothing of what is sealed changes: no trigger has anything to note.
    await connection.execute("SELECT set_config('yijie.resealing', 'on', false)")
    while True:
        rows = await connection.fetch(select, *_first_page(after, column), _BATCH)
        if not rows:
            return
        await _reseal_rows(connection, cipher, column, update, rows)
        after = [rows[-1][name] for name, _ in column.key]
        yield len(rows)


async def _reseal_rows(
    connection: asyncpg.Connection,
    cipher: FieldCipher,
    column: SealedColumn,
    update: str,
    rows: list[asyncpg.Record],
) -> None:
    changes: list[tuple[Any, ...]] = []
    for row in rows:
        stored = row[column.column]
        if not stored or not cipher.needs_rewrite(stored):
            continue
        context = column.context + b"".join(_bytes_of(row[name]) for name in column.bound_to)
        field = cipher.decrypt(stored, context=context)
        key = [row[name] for name, _ in column.key]
        changes.append((*key, stored, cipher.encrypt(field, context=context)))
    if not changes:
        return
    width = len(column.key)
    done = {tuple(row) for row in await connection.fetch(update, *_columns(changes))}
    for change in changes:
        if change[:width] not in done:
            # Waits for whoever holds the row, holding nothing itself.
            await connection.execute(_update(column, skip=False), *_columns([change]))


def _select(column: SealedColumn) -> str:
    names = ", ".join(name for name, _ in column.key)
    last = len(column.key)
    bounds = ", ".join(f"${n}::{sql}" for n, (_, sql) in enumerate(column.key, start=1))
    return (
        f"SELECT {names}, {column.column} FROM {column.table}"  # noqa: S608 - names are constants
        f" WHERE {column.where} AND {column.column} IS NOT NULL"
        f" AND ($1::{column.key[0][1]} IS NULL OR ({names}) > ({bounds}))"
        f" ORDER BY {names} LIMIT ${last + 1}"
    )


def _update(column: SealedColumn, *, skip: bool = True) -> str:
    types = [*(sql for _, sql in column.key), "bytea", "bytea"]
    arrays = ", ".join(f"${n}::{sql}[]" for n, sql in enumerate(types, start=1))
    names = [name for name, _ in column.key]
    same = " AND ".join(f"t.{name} = e.{name}" for name in names)
    keys = ", ".join(f"t.{name}" for name in names)
    locked = " AND ".join(f"t.{name} = l.{name}" for name in names)
    return (
        f"UPDATE {column.table} AS t SET {column.column} = l.fresh FROM"  # noqa: S608 - names are constants
        f" (SELECT {keys}, e.fresh FROM {column.table} AS t"
        f" JOIN unnest({arrays}) AS e ({', '.join(names)}, before, fresh)"
        f" ON {same} AND t.{column.column} = e.before"
        f" FOR NO KEY UPDATE OF t{' SKIP LOCKED' if skip else ''}) AS l"
        f" WHERE {locked} RETURNING {keys}"
    )


def _first_page(after: list[Any] | None, column: SealedColumn) -> list[Any]:
    return [None] * len(column.key) if after is None else after


def _columns(rows: list[tuple[Any, ...]]) -> Iterator[list[Any]]:
    return (list(column) for column in zip(*rows, strict=True))


def _bytes_of(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode() + b":"
    # asyncpg's UUID is a subclass of the standard one.
    return value.bytes if isinstance(value, UUID) else bytes(value)
