"""Whether the chain is as it was sealed, and its sources still say what was sealed of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.kit.audit_chain.sources import DETACHED
from services.kit.errors import DomainError, InvalidArgument
from services.supervision.chain import store
from services.supervision.chain.keys import is_signed
from services.supervision.domain.chain import EMPTY, Entry, Head, Problem, ProblemKind, check_block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.kit.audit_chain.sources import SourceRow
    from services.kit.db import Database
    from services.supervision.chain.keys import CheckpointKeys, PublicKey
    from services.supervision.chain.sources import Source
    from services.supervision.domain.chain import Block, Checkpoint

_GONE: Final = "AUDIT_POSITION_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Up to where the chain is as it was sealed."""

    until: Head
    last_block: int
    entry_count: int = 0
    """Entries of the blocks looked at."""
    row_count: int = 0
    """Of them those whose rows were compared."""
    checkpoint_count: int = 0
    problem: Problem | None = None
    """The first thing found wrong after `until`."""


class Verifier:
    """Recomputes blocks and reads their rows again."""

    def __init__(
        self, database: Database, keys: CheckpointKeys, sources: Mapping[str, Source]
    ) -> None:
        """Holds the chain, who may sign it, and what it was sealed from."""
        self._database = database
        self._keys = keys
        self._sources = sources

    async def head_at(self, choose: Callable[[int], int]) -> Head:
        """Returns the chain's end as of the block that is chosen below its length; 0: its begin."""
        last = (await store.head(self._database)).block_id
        return await store.head_at(self._database, choose(max(last, 1))) or EMPTY

    async def verify(
        self,
        *,
        after_block: int,
        after_digest: bytes | None = None,
        noted: Checkpoint | None = None,
        chain_only: bool = False,
    ) -> Verified:
        """Verifies as many blocks after one as a look should take.

        Args:
            after_block: verified before; 0: none was.
            after_digest: its digest then; None: not known.
            noted: a checkpoint that the chain must go through.
            chain_only: leaves the rows out.

        Raises:
            InvalidArgument: CHECKPOINT_INVALID: `noted` is not signed by a key that is trusted.
            DomainError: a source cannot be read.
        """
        trusted = self._keys.trusted()
        if noted is not None and not is_signed(noted, trusted):
            raise InvalidArgument(
                "CHECKPOINT_INVALID",
                "the checkpoint is not signed by a key that is trusted here",
                field="noted",
                metadata={"keyId": noted.key_id},
            )
        last = (await store.head(self._database)).block_id
        before = await store.head_at(self._database, after_block)
        if before is None:
            return _wrong(EMPTY, last, ProblemKind.BLOCK_MISSING, after_block)
        if after_digest not in {None, before.digest}:
            return _wrong(EMPTY, last, ProblemKind.OTHER_CHAIN, after_block)
        if noted is not None and noted.block_id > last:
            # Signed, and no longer there: the end of the chain was cut off.
            return _wrong(before, last, ProblemKind.BLOCK_MISSING, last + 1)
        if noted is not None and not await self._goes_through(noted):
            return _wrong(before, last, ProblemKind.OTHER_CHAIN, noted.block_id)
        return await self._stretch(before, last, trusted, chain_only=chain_only)

    async def _goes_through(self, noted: Checkpoint) -> bool:
        found = await store.head_at(self._database, noted.block_id)
        return found is not None and (found.digest, found.entry_count) == (
            noted.digest,
            noted.entry_count,
        )

    async def _stretch(
        self, before: Head, last: int, trusted: Mapping[str, PublicKey], *, chain_only: bool
    ) -> Verified:
        blocks = await store.blocks(self._database, after=before.block_id, until=last)
        signed = await store.checkpoints(
            self._database,
            after=before.block_id,
            until=blocks[-1].block_id if blocks else before.block_id,
        )
        # In a thread: thousands of lines take longer than other calls of this process may wait.
        good, entries, problem = await asyncio.to_thread(check_blocks, before, blocks)
        if problem is None and good.block_id < last and not blocks:
            problem = Problem(kind=ProblemKind.BLOCK_MISSING, block_id=good.block_id + 1)
        heads = {block.block_id: block.head for block in blocks}
        bad = next((one for one in signed if not _holds(one, heads, trusted)), None)
        if bad is not None and (problem is None or bad.block_id < problem.block_id):
            problem = Problem(kind=ProblemKind.CHECKPOINT_BAD, block_id=bad.block_id)
        row_count = 0
        if problem is None and not chain_only:
            row_count, problem = await self._rows(blocks, entries)
        if problem is not None:
            good = heads.get(problem.block_id - 1, before)
        return Verified(
            until=good,
            last_block=max(last, good.block_id),
            entry_count=len(entries),
            row_count=row_count,
            checkpoint_count=len(signed),
            problem=problem,
        )

    async def _rows(
        self, blocks: Sequence[Block], entries: Sequence[Entry]
    ) -> tuple[int, Problem | None]:
        """Compares entries with the rows that are there now, source by source."""
        by_source: dict[str, list[Entry]] = {}
        for entry in entries:
            by_source.setdefault(entry.source, []).append(entry)
        problems: list[Problem] = []
        count = 0
        for name, sealed in by_source.items():
            source = self._sources.get(name)
            if source is None:
                # Not followed any more: its entries are in the chain all the same.
                continue
            count += len(sealed)
            found = await compare(source, sealed)
            if found is not None:
                kind, entry = found
                block_id = next(
                    block.block_id
                    for block in blocks
                    if entry.number < block.first_entry + block.entry_count
                )
                problems.append(
                    Problem(
                        kind=kind,
                        block_id=block_id,
                        entry=entry.number,
                        source=name,
                        position=entry.position,
                        record_id=entry.record_id,
                    )
                )
        return count, min(problems, key=lambda one: one.entry, default=None)


def check_blocks(before: Head, blocks: Sequence[Block]) -> tuple[Head, list[Entry], Problem | None]:
    """Returns the last good block, the entries up to it, and what is wrong after it."""
    good = before
    entries: list[Entry] = []
    for block in blocks:
        found, problem = check_block(good, block)
        if problem is not None:
            return good, entries, problem
        entries += found
        good = block.head
    return good, entries, None


async def compare(source: Source, sealed: Sequence[Entry]) -> tuple[ProblemKind, Entry] | None:
    """Returns the first entry whose row is not what was sealed, and how it is not.

    A row that was never sealed is told by the entry that it stands before.
    """
    waiting = list(sealed)
    after = waiting[0].after
    while waiting:
        try:
            page = await source.read(after)
        except DomainError as error:
            if error.reason != _GONE:
                raise
            return ProblemKind.ROW_MISSING, waiting[0]
        for row in page.rows[: len(waiting)]:
            entry = waiting[0]
            kind = _difference(entry, row, after)
            if kind is not None:
                return kind, entry
            after = entry.position
            waiting.pop(0)
        if waiting and not page.rows:
            return ProblemKind.ROW_MISSING, waiting[0]
    return None


def _difference(entry: Entry, row: SourceRow, after: str) -> ProblemKind | None:
    position = str(row.position)
    if position != entry.position:
        transaction_id, _, sequence = entry.position.partition(".")
        is_before = row.position < (int(transaction_id), int(sequence))
        return ProblemKind.ROW_INSERTED if is_before else ProblemKind.ROW_MISSING
    if entry.after != after:
        return ProblemKind.ROW_MISSING
    # Of a month that was detached, now or when it was sealed, there is the event alone.
    is_detached = DETACHED in {row.content, entry.content}
    content = entry.content if is_detached else row.content
    same = (entry.kind, entry.event_time, entry.record_id, entry.content)
    if same != (row.kind, row.event_time, row.record_id, content):
        return ProblemKind.ROW_CHANGED
    return None


def _holds(
    checkpoint: Checkpoint, heads: Mapping[int, Head], trusted: Mapping[str, PublicKey]
) -> bool:
    head = heads.get(checkpoint.block_id)
    return (
        head is not None
        and (head.digest, head.entry_count) == (checkpoint.digest, checkpoint.entry_count)
        and is_signed(checkpoint, trusted)
    )


def _wrong(until: Head, last: int, kind: ProblemKind, block_id: int) -> Verified:
    problem = Problem(kind=kind, block_id=block_id)
    return Verified(until=until, last_block=last, problem=problem)
