"""SQL of the chain: its lock, its blocks, and whether they still say what was booked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.clearing.domain.chain import EPOCH, NO_DIGEST, Head, next_block

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from services.clearing.domain.chain import Block
    from services.clearing.domain.ledger import Booking
    from services.kit.db import Connection

_LOCK: Final = """/* clearing.lock_chain */
SELECT block_id, create_time, digest FROM chain FOR UPDATE"""

# After the lock, in a statement of its own: one that had to wait for the lock still sees clock and
# months as they were before.
_BESIDE: Final = """/* clearing.get_beside_chain */
SELECT c.asked_time, clock_timestamp() AS instant,
       ARRAY(SELECT line FROM month_line(c.block_id + 1, c.block_id + 1)) AS lines
  FROM chain c"""
_APPEND: Final = """/* clearing.append_block */
WITH head AS (
    UPDATE chain SET block_id = $1, create_time = $2, digest = $8,
                     transaction_id = pg_current_xact_id()
)
INSERT INTO block (block_id, create_time, booking_count, transfer_count, entry_count,
                   content_digest, previous_digest, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""


NO_BLOCK: Final = Head(block_id=0, create_time=EPOCH, digest=NO_DIGEST)
"""Before the first block."""


async def lock(connection: Connection) -> Head:
    """Locks the chain until the transaction ends; returns its head.

    Whoever writes the ledger, or cuts a month of it, does this before anything else.
    """
    return read_head(_there(await connection.fetchrow(_LOCK)))


def read_head(row: asyncpg.Record) -> Head:
    """Returns the head that a row of the chain or of its blocks holds."""
    return Head(block_id=row["block_id"], create_time=row["create_time"], digest=row["digest"])


async def append(
    connection: Connection, head: Head, bookings: Sequence[Booking], *, now: datetime | None
) -> Block:
    """Adds the block of some bookings to the chain that `lock` gave; their rows come after it.

    Without `now` its instant is the database's.
    """
    row = _there(await connection.fetchrow(_BESIDE))
    block = next_block(
        head,
        bookings,
        now=now or row["instant"],
        after=row["asked_time"],
        month_lines=row["lines"],
    )
    await connection.execute(
        _APPEND,
        block.block_id,
        block.create_time,
        block.booking_count,
        block.transfer_count,
        block.entry_count,
        block.content_digest,
        block.previous_digest,
        block.digest,
    )
    return block


def _there(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        msg = "the chain has no head"
        raise LookupError(msg)
    return row
