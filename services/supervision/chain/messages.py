"""proto ⇄ the audit chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.supervision.domain.chain import Checkpoint, ProblemKind, unpack
from yijie.audit.v1 import chain_pb2, chain_service_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.supervision.chain.verifying import Verified
    from services.supervision.domain.chain import Block, Problem

KINDS: Final[dict[ProblemKind, Any]] = {
    kind: chain_pb2.ChainProblemKind.Value(f"CHAIN_PROBLEM_KIND_{kind.name}")
    for kind in ProblemKind
}


def read_checkpoint(message: Any) -> Checkpoint:
    """Returns a checkpoint that somebody noted."""
    return Checkpoint(
        block_id=message.block,
        digest=bytes.fromhex(message.digest),
        entry_count=message.entry_count,
        sign_time=wire.read_time(message.sign_time),
        key_id=message.key_id,
        algorithm=message.algorithm,
        signature=message.signature,
    )


def write_checkpoint(checkpoint: Checkpoint) -> Any:
    """Returns the message of a checkpoint."""
    return chain_pb2.Checkpoint(
        block=checkpoint.block_id,
        digest=checkpoint.digest.hex(),
        entry_count=checkpoint.entry_count,
        sign_time=wire.write_time(checkpoint.sign_time),
        key_id=checkpoint.key_id,
        algorithm=checkpoint.algorithm,
        signature=checkpoint.signature,
    )


def write_block(block: Block, checkpoints: Sequence[Checkpoint]) -> Any:
    """Returns the message of a block. Raises Malformed: its entries cannot be unpacked."""
    return chain_pb2.Block(
        block=block.block_id,
        seal_time=wire.write_time(block.seal_time),
        first_entry=block.first_entry,
        entry_count=block.entry_count,
        previous_digest=block.previous_digest.hex(),
        content_digest=block.content_digest.hex(),
        digest=block.digest.hex(),
        entries=unpack(block.packed),
        checkpoints=[
            write_checkpoint(one) for one in checkpoints if one.block_id == block.block_id
        ],
    )


def write_verified(verified: Verified) -> Any:
    """Returns the answer that says up to where all is as it was sealed."""
    until = verified.until
    return chain_service_pb2.VerifyChainResponse(
        verified_until_block=until.block_id,
        digest=until.digest.hex() if until.block_id else "",
        entry_count=verified.entry_count,
        row_count=verified.row_count,
        checkpoint_count=verified.checkpoint_count,
        last_block=verified.last_block,
        problem=None if verified.problem is None else _write_problem(verified.problem),
    )


def _write_problem(problem: Problem) -> Any:
    return chain_pb2.ChainProblem(
        kind=KINDS[problem.kind],
        block=problem.block_id,
        entry=problem.entry,
        source=problem.source,
        position=problem.position,
        record_id=problem.record_id,
    )
