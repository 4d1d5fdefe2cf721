"""Whether the ledger still is what its chain says: every block recomputed from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.clearing.chain import NO_BLOCK, read_head
from services.clearing.domain.chain import Head, Problem, ProblemKind, Recomputed, first_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from services.kit.db import Connection, Database

BLOCKS_MAX: Final = 10_000
_ROWS_MAX: Final = 50_000
"""Bookings and entries of a page: a second's work. A larger block is a page of its own."""

_NEXT_BLOCKS: Final = """/* clearing.next_blocks */
SELECT block_id, booking_count + entry_count AS row_count
  FROM block WHERE block_id > $1 ORDER BY block_id LIMIT $2"""

_BLOCK: Final = """/* clearing.get_block */
SELECT block_id, create_time, digest FROM block WHERE block_id = $1"""

# The lines by which a block was digested, written anew from the rows that are there now. Entries
# are counted by their own column, too: one that hangs on a transfer of another block has no line.
_RECOMPUTE: Final = """/* clearing.recompute_blocks */
SELECT b.block_id, b.create_time, b.booking_count, b.transfer_count, b.entry_count,
       b.content_digest, b.previous_digest, b.digest, l.content AS found_digest,
       coalesce(l.is_misplaced, false) AS is_misplaced,
       coalesce(l.booking_count, 0) AS found_bookings, coalesce(e.entry_count, 0) AS found_entries,
       coalesce(e.transfer_count, 0) AS found_transfers
  FROM block b
  LEFT JOIN (SELECT block_id, bool_or(is_misplaced) AS is_misplaced,
                    count(*) FILTER (WHERE line LIKE 'B|%') AS booking_count,
                    sha256(convert_to(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), 'UTF8'))
                        AS content
               FROM (SELECT block_id, line, is_misplaced FROM ledger_line($1, $2)
                      UNION ALL
                     SELECT block_id, line, false FROM month_line($1, $2)) n
              GROUP BY block_id) l ON l.block_id = b.block_id
  LEFT JOIN (SELECT block_id, count(*) AS entry_count,
                    count(DISTINCT transfer_id) AS transfer_count
               FROM entry WHERE block_id BETWEEN $1 AND $2 GROUP BY block_id) e
    ON e.block_id = b.block_id
 WHERE b.block_id BETWEEN $1 AND $2
 ORDER BY b.block_id"""

# One statement, so that head and rows are of one moment.
_END: Final = """/* clearing.check_chain_end */
SELECT c.block_id, c.create_time, c.digest,
       coalesce((SELECT max(block_id) FROM booking) > c.block_id, false)
       OR coalesce((SELECT min(block_id) FROM booking) < 1, false)
       OR coalesce((SELECT max(block_id) FROM entry) > c.block_id, false)
       OR coalesce((SELECT min(block_id) FROM entry) < 1, false)
       OR EXISTS (SELECT FROM block WHERE block_id > c.block_id)
       OR EXISTS (SELECT FROM month_cut WHERE greatest(cut_block, table_block) > c.block_id)
           AS goes_on
  FROM chain c"""

# The kept balances are no part of the chain: their share of all accounts is added up with each
# page. Per account, because its entries lie together in the index.
_BALANCE_CHANGED: Final = """/* clearing.find_changed_balance */
SELECT a.account_id
  FROM account a
 CROSS JOIN (SELECT max(account_id)::numeric / $3::bigint AS share FROM account) n
 WHERE a.account_id > ceil(n.share * $1::bigint) AND a.account_id <= ceil(n.share * $2::bigint)
   AND a.balance_fen <> (SELECT coalesce(sum(e.amount_fen), 0) FROM entry e
                          WHERE e.account_id = a.account_id)
 LIMIT 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Up to where the chain is as it was written."""

    until: Head
    last_block_id: int
    """Of the whole chain."""
    problem: Problem | None
    """The first thing found wrong after `until`."""


async def verify(
    database: Database, *, after_block: int, after_digest: bytes | None, count_max: int
) -> Verified:
    """Recomputes blocks after one that was verified before.

    Args:
        database: whose ledger.
        after_block: 0: from the first one.
        after_digest: of `after_block`, as it was noted; None: not known.
        count_max: blocks at most; fewer where they are large.
    """
    async with database.connection() as connection:
        before = await _head(connection, after_block)
        end = await connection.fetchrow(_END)
        if end is None:
            msg = "the chain has no head"
            raise LookupError(msg)
        last = end["block_id"]

        def found(until: Head, kind: ProblemKind | None, block_id: int = 0) -> Verified:
            problem = Problem(block_id=block_id or until.block_id, kind=kind) if kind else None
            return Verified(until=until, last_block_id=last, problem=problem)

        if before is None or after_digest not in {None, before.digest}:
            is_missing = before is None
            kind = ProblemKind.BLOCK_MISSING if is_missing else ProblemKind.OTHER_CHAIN
            return found(NO_BLOCK, kind, after_block)
        until, is_last = await _page_end(connection, after_block, count_max)
        rows = await connection.fetch(_RECOMPUTE, after_block + 1, until)
        blocks = [_recomputed(row) for row in rows]
        good, problem = first_problem(before, blocks)
        if problem is not None:
            return Verified(until=good, last_block_id=last, problem=problem)
        is_end = is_last or good.block_id >= last
        if is_end and good.block_id < last:
            return found(good, ProblemKind.BLOCK_MISSING, good.block_id + 1)
        # The head is of an earlier look than the blocks: there may be more by now.
        if is_end and (end["goes_on"] or (good.block_id == last and good != read_head(end))):
            return found(read_head(end), ProblemKind.BLOCK_MISSING, last + 1)
        end_block = max(last, good.block_id)
        is_changed = await _is_balance_changed(connection, after_block, good.block_id, end_block)
        return found(good, ProblemKind.BALANCE_CHANGED if is_changed else None)


async def _is_balance_changed(
    connection: Connection, after_block: int, until_block: int, last_block: int
) -> bool:
    """Whether of a page's share of the accounts one is not the sum of its entries."""
    # With no block there is no account that could be right: all are looked at.
    arguments = (after_block, until_block, last_block) if last_block else (0, 1, 1)
    return await connection.fetchrow(_BALANCE_CHANGED, *arguments) is not None


async def _head(connection: Connection, block_id: int) -> Head | None:
    if block_id == 0:
        return NO_BLOCK
    row = await connection.fetchrow(_BLOCK, block_id)
    if row is None:
        return None
    return read_head(row)


async def _page_end(connection: Connection, after_block: int, count_max: int) -> tuple[int, bool]:
    """Returns the last block of a page that one statement can look at, and whether none follows."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(_NEXT_BLOCKS, after_block, count_max)
    until, total = after_block, 0
    for row in rows:
        total += row["row_count"]
        if until > after_block and total > _ROWS_MAX:
            return until, False
        until = row["block_id"]
    return until, len(rows) < count_max


def _recomputed(row: asyncpg.Record) -> Recomputed:
    return Recomputed(
        head=read_head(row),
        previous_digest=row["previous_digest"],
        content_digest=row["content_digest"],
        found_digest=row["found_digest"] or b"",
        is_whole=(
            not row["is_misplaced"]
            and row["found_bookings"] == row["booking_count"]
            and row["found_entries"] == row["entry_count"]
            and row["found_transfers"] == row["transfer_count"]
        ),
    )
