"""Looks for canaries in whatever a mesh leaves: bytes, columns, pages, rows that were refused."""

from __future__ import annotations

import hashlib
import urllib.request
import zlib
from dataclasses import dataclass, field

import asyncpg


@dataclass
class Search:
    """What must be found nowhere: label and bytes."""

    forms: list[tuple[str, bytes]] = field(default_factory=list)

    def add_text(self, text: str) -> None:
        """Adds a canary as text, as PostgreSQL shows bytea, as JSON escapes it, and hashed."""
        data = text.encode()
        digest = hashlib.sha256(data).digest()
        self.forms += [
            (text, data),
            (f"{text} in hexadecimal", data.hex().encode()),
            (f"{text} hashed", digest),
            (f"{text} hashed, in hexadecimal", digest.hex().encode()),
        ]
        escaped = text.encode("unicode_escape")
        if escaped != data:
            self.forms.append((f"{text} escaped", escaped))

    def add_message(self, label: str, data: bytes) -> None:
        """Adds a message that holds canaries: as it is, and its hash."""
        self.forms.append((label, data))
        self.add_hash(label, data)

    def add_hash(self, label: str, data: bytes) -> None:
        """Adds the hash of a message that holds canaries."""
        self.forms.append((f"{label} hashed", hashlib.sha256(data).digest()))

    def found_in(self, data: bytes) -> list[str]:
        """Returns the labels of what is in the data."""
        return [label for label, form in self.forms if form in data]


def read_page(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - ours
        page: bytes = answer.read()
        return page


async def columns(connection: asyncpg.Connection) -> list[tuple[str, str, str]]:
    """Every column of our schemas that can hold text or bytes; partitions are read by parents."""
    rows = await connection.fetch(
        "SELECT n.nspname, c.relname, a.attname FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0"
        " AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND NOT (n.nspname = 'catalogue' AND c.relname = 'item')"
    )
    return [(row[0], row[1], row[2]) for row in rows]


def inflated(data: bytes) -> bytes:
    """What deflated bytes hold; nothing if they are none."""
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS, zlib.MAX_WBITS | 16):
        try:
            return zlib.decompressobj(bits).decompress(data)
        except zlib.error:
            continue
    return b""


async def provoke_refused_rows(connection: asyncpg.Connection) -> int:
    """Repeats rows of every table with one column emptied; returns how many were refused."""
    by_table: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in await columns(connection):
        by_table.setdefault((schema, table), []).append(column)
    refused = 0
    for (schema, table), names in by_table.items():
        for emptied in names:
            values = ", ".join("NULL" if name == emptied else f'"{name}"' for name in names)
            into = ", ".join(f'"{name}"' for name in names)
            query = (
                f'INSERT INTO "{schema}"."{table}" ({into}) OVERRIDING SYSTEM VALUE'  # noqa: S608
                f' SELECT {values} FROM "{schema}"."{table}"'
            )
            try:
                await connection.execute(query)
            except asyncpg.PostgresError:
                refused += 1
    return refused
