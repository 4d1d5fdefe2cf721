"""SQL of the audit chain: its blocks, how far each source is sealed, its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.supervision.domain.chain import EMPTY, Block, Checkpoint, Head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import asyncpg

    from services.kit.db import Connection, Database

# One process at a time adds a block: another one waits here and then sees what was added.
_LOCK: Final = """/* supervision.lock_chain */
SELECT pg_advisory_xact_lock(hashtextextended('yijie.audit.chain', 0))"""
_HEAD: Final = """/* supervision.get_chain_head */
SELECT block_id, seal_time, digest, first_entry + entry_count - 1 AS entry_count
  FROM chain_block ORDER BY block_id DESC LIMIT 1"""
_BLOCK_HEAD: Final = """/* supervision.get_chain_block */
SELECT block_id, seal_time, digest, first_entry + entry_count - 1 AS entry_count
  FROM chain_block WHERE block_id = $1"""
_APPEND: Final = """/* supervision.append_chain_block */
INSERT INTO chain_block (block_id, seal_time, first_entry, entry_count, entries, previous_digest,
                         content_digest, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_POSITIONS: Final = """/* supervision.list_chain_sources */
SELECT source, position FROM chain_source ORDER BY source"""
_SEALED_TIMES: Final = """/* supervision.list_sealed_times */
SELECT source, update_time FROM chain_source"""
_KEEP_SOURCES: Final = """/* supervision.keep_chain_sources */
INSERT INTO chain_source (source, position) SELECT one, '' FROM unnest($1::text[]) AS one
    ON CONFLICT (source) DO NOTHING"""
_MOVE: Final = """/* supervision.move_chain_source */
UPDATE chain_source SET position = $3, update_time = now() WHERE source = $1 AND position = $2"""
_BLOCKS: Final = """/* supervision.list_chain_blocks */
SELECT block_id, seal_time, first_entry, entry_count, entries, previous_digest, content_digest,
       digest
  FROM chain_block
 WHERE block_id IN (
       SELECT n.block_id
         FROM (SELECT block_id, sum(entry_count) OVER (ORDER BY block_id) AS total
                 FROM chain_block WHERE block_id > $1 AND block_id <= $2
                ORDER BY block_id LIMIT $3) n
        WHERE n.total <= $4 OR n.block_id = $1 + 1)
 ORDER BY block_id"""
_CHECKPOINTS: Final = """/* supervision.list_checkpoints */
SELECT block_id, key_id, algorithm, entry_count, digest, sign_time, signature
  FROM chain_checkpoint WHERE block_id > $1 AND block_id <= $2 ORDER BY block_id, key_id"""
_LAST_CHECKPOINT: Final = """/* supervision.get_last_checkpoint */
SELECT block_id, key_id, algorithm, entry_count, digest, sign_time, signature
  FROM chain_checkpoint ORDER BY block_id DESC, key_id LIMIT 1"""
_FIND_CHECKPOINT: Final = """/* supervision.find_checkpoint */
SELECT block_id, key_id, algorithm, entry_count, digest, sign_time, signature
  FROM chain_checkpoint WHERE block_id = $1 AND key_id = $2"""
_KEEP_CHECKPOINT: Final = """/* supervision.keep_checkpoint */
INSERT INTO chain_checkpoint (block_id, key_id, algorithm, entry_count, digest, sign_time,
                              signature)
VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (block_id, key_id) DO NOTHING"""
# By the block after the last checkpoint: what nobody has signed yet.
_UNSIGNED: Final = """/* supervision.get_unsigned_block */
SELECT block_id, seal_time FROM chain_block
 WHERE block_id > (SELECT coalesce(max(block_id), 0) FROM chain_checkpoint)
 ORDER BY block_id LIMIT 1"""

BLOCKS_MAX: Final = 1_000
ENTRIES_MAX: Final = 4_000
"""Of the blocks read at once, unless one alone has more."""


class ChainMoved(Exception):
    """A source is not sealed as far as was read: another process has added a block."""


async def lock(connection: Connection) -> Head:
    """Takes the chain until the transaction ends; returns its head."""
    await connection.fetchrow(_LOCK)
    # In a statement of its own: one that had to wait would see the chain as it was before.
    return await head(connection)


async def head(reader: Connection | Database) -> Head:
    """Returns where the chain ends."""
    row = await reader.fetchrow(_HEAD)
    return EMPTY if row is None else _head(row)


async def head_at(reader: Connection | Database, block_id: int) -> Head | None:
    """Returns the chain's end as of a block; None: there is no such block."""
    if block_id == 0:
        return EMPTY
    row = await reader.fetchrow(_BLOCK_HEAD, block_id)
    return None if row is None else _head(row)


async def append(
    connection: Connection, block: Block, *, moves: Sequence[tuple[str, str, str]]
) -> None:
    """Adds a block under the lock, and moves the sources that it seals: (source, from, to).

    Raises:
        ChainMoved: a source is not where it was read after.
    """
    for source, after, to in moves:
        if await connection.execute(_MOVE, source, after, to) != "UPDATE 1":
            raise ChainMoved(source)
    await connection.execute(
        _APPEND,
        block.block_id,
        block.seal_time,
        block.first_entry,
        block.entry_count,
        block.packed,
        block.previous_digest,
        block.content_digest,
        block.digest,
    )


async def keep_sources(database: Database, sources: Sequence[str]) -> None:
    """Makes a row for each source that has none."""
    await database.execute(_KEEP_SOURCES, sorted(sources))


async def positions(database: Database) -> Mapping[str, str]:
    """Returns how far each source is sealed, by name; empty text: nothing of it is."""
    return {row["source"]: row["position"] for row in await database.fetch(_POSITIONS)}


async def sealed_times(database: Database) -> Mapping[str, datetime]:
    """Returns when something of each source was sealed last, by name."""
    return {row["source"]: row["update_time"] for row in await database.fetch(_SEALED_TIMES)}


async def blocks(database: Database, *, after: int, until: int) -> list[Block]:
    """Returns blocks in order, as many as one look should take."""
    rows = await database.fetch(_BLOCKS, after, until, BLOCKS_MAX, ENTRIES_MAX)
    return [
        Block(
            block_id=row["block_id"],
            seal_time=row["seal_time"],
            first_entry=row["first_entry"],
            entry_count=row["entry_count"],
            previous_digest=row["previous_digest"],
            content_digest=row["content_digest"],
            digest=row["digest"],
            packed=row["entries"],
        )
        for row in rows
    ]


async def checkpoints(database: Database, *, after: int, until: int) -> list[Checkpoint]:
    """Returns the checkpoints on some blocks, in the order of blocks."""
    return [_checkpoint(row) for row in await database.fetch(_CHECKPOINTS, after, until)]


async def last_checkpoint(database: Database) -> Checkpoint | None:
    """Returns the checkpoint on the latest block that has one."""
    row = await database.fetchrow(_LAST_CHECKPOINT)
    return None if row is None else _checkpoint(row)


async def find_checkpoint(database: Database, block_id: int, key_id: str) -> Checkpoint | None:
    """Returns the checkpoint on a block by a key."""
    row = await database.fetchrow(_FIND_CHECKPOINT, block_id, key_id)
    return None if row is None else _checkpoint(row)


async def keep_checkpoint(database: Database, checkpoint: Checkpoint) -> None:
    """Keeps a checkpoint; of two by one key on one block the first."""
    await database.execute(
        _KEEP_CHECKPOINT,
        checkpoint.block_id,
        checkpoint.key_id,
        checkpoint.algorithm,
        checkpoint.entry_count,
        checkpoint.digest,
        checkpoint.sign_time,
        checkpoint.signature,
    )


async def unsigned_since(database: Database) -> asyncpg.Record | None:
    """Returns the first block after the last checkpoint, its number and time; None: all signed."""
    return await database.fetchrow(_UNSIGNED)


def _head(row: asyncpg.Record) -> Head:
    return Head(
        block_id=row["block_id"],
        seal_time=row["seal_time"],
        digest=row["digest"],
        entry_count=row["entry_count"],
    )


def _checkpoint(row: asyncpg.Record) -> Checkpoint:
    return Checkpoint(
        block_id=row["block_id"],
        digest=row["digest"],
        entry_count=row["entry_count"],
        sign_time=row["sign_time"],
        key_id=row["key_id"],
        algorithm=row["algorithm"],
        signature=row["signature"],
    )
