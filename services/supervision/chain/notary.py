"""Signs checkpoints: what the chain was up to a block, for whoever notes it elsewhere."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from services.kit.errors import DomainError, RuleForbids
from services.kit.log import get_logger
from services.supervision import metrics
from services.supervision.chain import store
from services.supervision.domain.chain import Checkpoint, write_instant

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

    async def sign(self) -> Checkpoint:
        """Returns the checkpoint on the last block by the key in use; signs it if there is none.

        Raises:
            RuleForbids: CHAIN_IS_EMPTY, CHECKPOINT_KEY_MISSING.
        """
        key = self._keys.signing()
        head = await store.head(self._database)
        if not head.block_id:
            raise RuleForbids("CHAIN_IS_EMPTY", "nothing was sealed yet")
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

    async def round(self) -> None:
        """Signs what nobody has signed yet; without a key what is unsigned is told by a metric."""
        if await store.unsigned_since(self._database) is not None:
            try:
                await self.sign()
            except DomainError as error:
                get_logger().warning("no checkpoint is signed", reason=error.reason)
        unsigned = await store.unsigned_since(self._database)
        age_s = 0.0
        if unsigned is not None:
            age_s = max(0.0, (self._clock.now() - unsigned["seal_time"]).total_seconds())
        metrics.CHAIN_UNSIGNED.set(age_s)
