"""`yijie audit export|checkpoint`: the chain as a file, and what to note of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.kit.channel import Callee
from services.supervision.domain.chain import write_instant
from yijie.audit.v1 import chain_pb2, chain_service_pb2, chain_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import grpc

CALL_S: Final = 60.0


class ExportError(Exception):
    """The chain cannot be exported, or a checkpoint cannot be read; says why."""


class ChainClient:
    """Calls ChainService of supervision."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = chain_service_pb2_grpc.ChainServiceStub(channel)
        self._callee = Callee("supervision")

    async def get(self) -> Any:
        """Returns where the chain ends, GetChainResponse."""
        request = chain_service_pb2.GetChainRequest()
        return await self._callee.call(self._stub.GetChain, request, own_s=CALL_S)

    async def sign(self) -> Any:
        """Returns a checkpoint on the last block."""
        request = chain_service_pb2.SignCheckpointRequest()
        answer = await self._callee.call(self._stub.SignCheckpoint, request, own_s=CALL_S)
        return answer.checkpoint

    async def verify(self, request: Any) -> Any:
        """Returns the answer to one VerifyChainRequest."""
        return await self._callee.call(self._stub.VerifyChain, request, own_s=CALL_S)

    async def blocks(self, after: int, until: int) -> AsyncIterator[Any]:
        """Yields the blocks after one, up to another, that included."""
        while after < until:
            request = chain_service_pb2.ReadBlocksRequest(after_block=after, until_block=until)
            answer = await self._callee.call(self._stub.ReadBlocks, request, own_s=CALL_S)
            if not answer.blocks:
                msg = f"缺少第 {after + 1} 块 · block {after + 1} is missing: `yijie audit verify`"
                raise ExportError(msg)
            for block in answer.blocks:
                yield block
            after = answer.blocks[-1].block


async def export(channel: grpc.aio.Channel, out: Path, *, after: Path | None) -> Any:
    """Writes the chain up to a checkpoint that is signed now; returns that checkpoint.

    Args:
        channel: to supervision.
        out: the file; what is there is replaced once all of it is written.
        after: file of a checkpoint that was noted before: what came after it is written.

    Raises:
        ExportError: the checkpoint cannot be read or is of another chain, or a block is missing.
        DomainError: supervision refused: CHECKPOINT_INVALID, CHECKPOINT_KEY_MISSING, ….
    """
    client = ChainClient(channel)
    noted = None if after is None else read_checkpoint(after)
    if noted is not None:
        request = chain_service_pb2.VerifyChainRequest(
            after_block=noted.block, after_digest=noted.digest, noted=noted, chain_only=True
        )
        if (await client.verify(request)).HasField("problem"):
            msg = f"{after}：不是此链的检查点 · is a checkpoint of another chain"
            raise ExportError(msg)
    last = await client.sign()
    begin = None if noted is None else checkpoint_of(noted)
    partial = out.with_name(f"{out.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(_line({"yijie-audit": 1, "after": begin}))
            async for block in client.blocks(noted.block if noted else 0, last.block):
                file.write(b"".join(line + b"\n" for line in block.entries))
                file.write(_line(_block(block)))
                for one in block.checkpoints:
                    file.write(_line(checkpoint_of(one)))
        partial.replace(out)
    except OSError as error:
        msg = f"{out}：{error.strerror}"
        raise ExportError(msg) from error
    finally:
        partial.unlink(missing_ok=True)
    return last


def checkpoint_of(checkpoint: Any) -> dict[str, str | int]:
    """Returns a checkpoint as files have it."""
    return {
        "checkpoint": checkpoint.block,
        "digest": checkpoint.digest,
        "entries": checkpoint.entry_count,
        "time": write_instant(wire.read_time(checkpoint.sign_time)),
        "key": checkpoint.key_id,
        "algorithm": checkpoint.algorithm,
        "signature": checkpoint.signature.hex(),
    }


def write_checkpoint(checkpoint: Any) -> bytes:
    """Returns the line of a checkpoint, to be noted."""
    return _line(checkpoint_of(checkpoint))


def read_checkpoint(path: Path) -> Any:
    """Returns the checkpoint of a file.

    Raises:
        ExportError: it cannot be read, or is none.
    """
    try:
        found = json.loads(path.read_bytes())
        checkpoint = chain_pb2.Checkpoint(
            block=found["checkpoint"],
            digest=found["digest"],
            entry_count=found["entries"],
            key_id=found["key"],
            algorithm=found["algorithm"],
            signature=bytes.fromhex(found["signature"]),
        )
        checkpoint.sign_time.FromJsonString(found["time"])
    except OSError as error:
        msg = f"{path}：{error.strerror}"
        raise ExportError(msg) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path}：不是检查点 · holds no checkpoint, as `yijie audit checkpoint` writes it"
        raise ExportError(msg) from error
    return checkpoint


def _block(block: Any) -> dict[str, str | int]:
    return {
        "block": block.block,
        "time": write_instant(wire.read_time(block.seal_time)),
        "first": block.first_entry,
        "count": block.entry_count,
        "previous": block.previous_digest,
        "content": block.content_digest,
        "digest": block.digest,
    }


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
