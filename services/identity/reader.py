"""What a statement of one round trip runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncpg


class Reader(Protocol):
    """Runs one statement: a database, or a connection held for a use case."""

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Returns the first row, or None."""

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Returns the rows."""
