"""Signs checkpoints: what the chain was up to a block, for whoever notes it elsewhere.

What the database says is not signed unseen: the blocks since the last checkpoint are recomputed,
and must follow from what this process, or a trusted key before it, has signed. Who can write to the
database alone has no signature for another history while the process runs.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from services.kit.errors import DomainError, RuleForbids
from services.kit.log import get_logger
from services.supervision import metrics
from services.supervision.chain import store
from services.supervision.chain.keys import is_signed
from services.supervision.chain.verifying import check_blocks
from services.supervision.domain.chain import EMPTY, Checkpoint, Head, write_instant

if TYPE_CHECKING:
    from services.kit.clock import Clock
    from services.kit.db import Database
    from services.supervision.chain.keys import CheckpointKeys


class Notary:
    """Signs with the key of the operator's file."""

    def __init__(self, database: Database, clock: Clock, keys: CheckpointKeys) -> None:
        """Holds where the chain and the key are."""
        self._database = database
        self._clock = clock
        self._keys = keys
        self._seen: Head | None = None
        """Up to where this process has found the chain to follow."""

    async def sign(self) -> Checkpoint:
        """Returns the checkpoint on the last block by the key in use; signs it if there is none.

        Raises:
            RuleForbids: CHAIN_IS_EMPTY, CHECKPOINT_KEY_MISSING; CHAIN_IS_BROKEN: it does not
                follow from what was signed before.
        """
        key = self._keys.signing()
        if not (await store.head(self._database)).block_id:
            raise RuleForbids("CHAIN_IS_EMPTY", "nothing was sealed yet")
        head = await self._followed()
        unsigned = Checkpoint(
            block_id=head.block_id,
            digest=head.digest,
            entry_count=head.entry_count,
            sign_time=self._clock.now(),
            key_id=key.key_id,
            algorithm=key.algorithm,
        )
        signed = dataclasses.replace(unsigned, signature=key.sign(unsigned.statement))
        await store.keep_checkpoint(self._database, signed)
        kept = await store.find_checkpoint(self._database, head.block_id, key.key_id)
        if kept is not None and not is_signed(kept, self._keys.trusted()):
            # Somebody put it there, or another key of the same name had signed.
            raise _broken(kept.block_id)
        if kept == signed:
            # The log goes where who administers the database does not: a copy to compare with.
            get_logger().info(
                "checkpoint signed",
                block=signed.block_id,
                digest=signed.digest.hex(),
                version=signed.key_id,
                count=signed.entry_count,
                time=write_instant(signed.sign_time),
            )
        return signed if kept is None else kept

    async def _followed(self) -> Head:
        """Returns the last block, found to follow from what was signed or seen before."""
        good = self._seen or await self._signed()
        if await store.head_at(self._database, good.block_id) != good:
            raise _broken(good.block_id)
        until = (await store.head(self._database)).block_id
        while good.block_id < until:
            blocks = await store.blocks(self._database, after=good.block_id, until=until)
            found, _, problem = await asyncio.to_thread(check_blocks, good, blocks)
            if problem is not None or not blocks:
                raise _broken(good.block_id + 1 if problem is None else problem.block_id)
            # Remembered page by page: a caller's deadline may end a long way, the next one goes on.
            self._seen = good = found
        self._seen = good
        return good

    async def _signed(self) -> Head:
        """Returns the end of the chain as a trusted key has signed it last."""
        last = await store.last_checkpoint(self._database)
        if last is None:
            return EMPTY
        head = await store.head_at(self._database, last.block_id)
        if (
            head is None
            or (head.digest, head.entry_count) != (last.digest, last.entry_count)
            or not is_signed(last, self._keys.trusted())
        ):
            raise _broken(last.block_id)
        return head

    async def round(self) -> None:
        """Signs what nobody has signed yet; without a key what is unsigned is told by a metric."""
        try:
            if await store.unsigned_since(self._database) is not None:
                await self.sign()
            else:
                # Another process signs: this one goes along, to notice what is put in its place.
                await self._followed()
        except DomainError as error:
            get_logger().warning("no checkpoint is signed", reason=error.reason)
        unsigned = await store.unsigned_since(self._database)
        age_s = 0.0
        if unsigned is not None:
            age_s = max(0.0, (self._clock.now() - unsigned["seal_time"]).total_seconds())
        metrics.CHAIN_UNSIGNED.set(age_s)


def _broken(block_id: int) -> RuleForbids:
    metrics.CHAIN_BROKEN.set(1)
    get_logger().error("audit chain broken", reason="CHAIN_IS_BROKEN", block=block_id)
    return RuleForbids(
        "CHAIN_IS_BROKEN",
        "the chain does not follow from what was signed before: nothing is signed on it",
        metadata={"block": str(block_id)},
    )
