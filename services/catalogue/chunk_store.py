"""SQL on the chunks of published versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.kit.db import Connection

# Two first downloads of one version at once: the second waits here, and then finds the chunks.
_LOCK_CHUNKS: Final = """/* catalogue.lock_chunks */
SELECT pg_advisory_xact_lock(hashtext('catalogue.chunks'), $1::int)"""
_HAS_CHUNKS: Final = """/* catalogue.has_chunks */
SELECT EXISTS (SELECT 1 FROM snapshot_chunk WHERE version_id = $1) AS found"""
_FIND_CHUNK: Final = """/* catalogue.find_chunk */
SELECT content FROM snapshot_chunk WHERE version_id = $1 AND ordinal = $2"""


async def lock_chunks(connection: Connection, version_id: int) -> None:
    """Waits until nobody else makes chunks of a version; until the transaction ends."""
    # The key has 32 bits; two versions of one key would only wait for each other.
    await connection.execute(_LOCK_CHUNKS, version_id & 0x7FFFFFFF)


async def has_chunks(connection: Connection, version_id: int) -> bool:
    """Tells whether a version's chunks are there: all of them or none."""
    row = await connection.fetchrow(_HAS_CHUNKS, version_id)
    return row is not None and bool(row["found"])


async def add_chunks(
    connection: Connection, version_id: int, first_ordinal: int, contents: Sequence[bytes]
) -> None:
    """Adds chunks of a version after those that were added in the same transaction."""
    rows = [
        (version_id, first_ordinal + offset, content) for offset, content in enumerate(contents)
    ]
    await connection.copy("snapshot_chunk", ("version_id", "ordinal", "content"), rows)


async def find_chunk(connection: Connection, version_id: int, ordinal: int) -> bytes | None:
    """Returns a chunk; None: there are no more."""
    row = await connection.fetchrow(_FIND_CHUNK, version_id, ordinal)
    return None if row is None else bytes(row["content"])
