"""ChainService: proto ⇄ the audit chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit.errors import Absent
from services.supervision.chain import messages, store
from yijie.audit.v1 import chain_service_pb2, chain_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.db import Database
    from services.supervision.chain.keys import CheckpointKeys
    from services.supervision.chain.notary import Notary
    from services.supervision.chain.sealing import Sealer
    from services.supervision.chain.verifying import Verifier

FULL_NAME: Final = chain_service_pb2.DESCRIPTOR.services_by_name["ChainService"].full_name
_BYTES_MAX: Final = 2 * 1024 * 1024
"""Half of what a caller takes at once; a block alone is below it."""


class ChainServicer(chain_service_pb2_grpc.ChainServiceServicer):
    """Answers for the audit chain."""

    def __init__(
        self,
        database: Database,
        *,
        sealer: Sealer,
        notary: Notary,
        verifier: Verifier,
        keys: CheckpointKeys,
    ) -> None:
        """Holds what answers."""
        self._database = database
        self._sealer = sealer
        self._notary = notary
        self._verifier = verifier
        self._keys = keys

    async def GetChain(self, request: Any, context: Any) -> Any:
        """Answers where the chain ends."""
        head = await store.head(self._database)
        last = await store.last_checkpoint(self._database)
        sources = await store.positions(self._database)
        return chain_service_pb2.GetChainResponse(
            block=head.block_id,
            digest=head.digest.hex() if head.block_id else "",
            entry_count=head.entry_count,
            checkpoint=None if last is None else messages.write_checkpoint(last),
            sources=[
                chain_service_pb2.SealedSource(
                    source=name,
                    position=position,
                    lag_ms=round(self._sealer.lag_s(name) * 1000),
                )
                for name, position in sources.items()
            ],
            key_lines=[key.line for key in self._keys.trusted().values()],
        )

    async def ReadBlocks(self, request: Any, context: Any) -> Any:
        """Answers blocks with their entries and checkpoints."""
        after = request.after_block
        last = (await store.head(self._database)).block_id
        if after > last or await store.head_at(self._database, after) is None:
            raise Absent("RESOURCE_NOT_FOUND", "there is no such block", field="after_block")
        until = min(request.until_block or last, last)
        blocks = await store.blocks(self._database, after=after, until=until)
        # Of these blocks: up to the end of a long chain there are as many as it has minutes.
        until = blocks[-1].block_id if blocks else after
        signed = await store.checkpoints(self._database, after=after, until=until)
        answer: list[Any] = []
        room = _BYTES_MAX
        for block in blocks:
            message = messages.write_block(block, signed)
            room -= message.ByteSize()
            if answer and room < 0:
                break
            answer.append(message)
        return chain_service_pb2.ReadBlocksResponse(blocks=answer)

    async def SignCheckpoint(self, request: Any, context: Any) -> Any:
        """Signs a checkpoint on the last block, if it has none."""
        signed = await self._notary.sign()
        return chain_service_pb2.SignCheckpointResponse(
            checkpoint=messages.write_checkpoint(signed)
        )

    async def VerifyChain(self, request: Any, context: Any) -> Any:
        """Recomputes a stretch of the chain, and reads its rows again."""
        verified = await self._verifier.verify(
            after_block=request.after_block,
            after_digest=bytes.fromhex(request.after_digest) or None,
            noted=messages.read_checkpoint(request.noted) if request.HasField("noted") else None,
            chain_only=request.chain_only,
        )
        return messages.write_verified(verified)
