"""A small audit chain and its export, made without a database."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.cli.audit_chain.exporting import checkpoint_of
from services.kit.signing.algorithms import PrivateKey, generate
from services.supervision.chain.messages import write_checkpoint
from services.supervision.domain.chain import (
    EMPTY,
    Block,
    Checkpoint,
    Entry,
    Head,
    next_block,
    unpack,
    write_instant,
    write_line,
)

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def new_key(name: str = "hub") -> PrivateKey:
    return generate("ed25519", name)


def entries(count: int, *, first: int = 1, source: str = "settlement.journal") -> list[Entry]:
    """Entries that follow each other in one source."""
    return [
        Entry(
            number=number,
            source=source,
            after=f"9.{number - 1}" if number > 1 else "",
            position=f"9.{number}",
            kind="SETTLED",
            event_time=NOW + timedelta(seconds=number),
            record_id=f"record-{number}",
            content=json.dumps({"total_fen": 100 * number, "note": "审计"}, ensure_ascii=False),
        )
        for number in range(first, first + count)
    ]


def chain_of(*sizes: int) -> list[Block]:
    """Blocks of so many entries each."""
    blocks: list[Block] = []
    head: Head = EMPTY
    for size in sizes:
        lines = [write_line(one) for one in entries(size, first=head.entry_count + 1)]
        block = next_block(head, lines, now=NOW + timedelta(minutes=len(blocks)))
        blocks.append(block)
        head = block.head
    return blocks


def signed(head: Head, key: PrivateKey) -> Checkpoint:
    checkpoint = Checkpoint(
        block_id=head.block_id,
        digest=head.digest,
        entry_count=head.entry_count,
        sign_time=NOW,
        key_id=key.key_id,
        algorithm=key.algorithm,
    )
    return dataclasses.replace(checkpoint, signature=key.sign(checkpoint.statement))


def checkpoint_line(checkpoint: Checkpoint) -> bytes:
    return _line(checkpoint_of(write_checkpoint(checkpoint)))


def exported(
    blocks: Sequence[Block],
    key: PrivateKey,
    *,
    signs: Sequence[int],
    after: Checkpoint | None = None,
) -> list[bytes]:
    """The lines of an export, checkpoints on the blocks of `signs`."""
    begin = None if after is None else json.loads(checkpoint_line(after))
    lines = [_line({"yijie-audit": 1, "after": begin})]
    for block in blocks:
        lines += [line + b"\n" for line in unpack(block.packed)]
        lines.append(
            _line(
                {
                    "block": block.block_id,
                    "time": write_instant(block.seal_time),
                    "first": block.first_entry,
                    "count": block.entry_count,
                    "previous": block.previous_digest.hex(),
                    "content": block.content_digest.hex(),
                    "digest": block.digest.hex(),
                }
            )
        )
        if block.block_id in signs:
            lines.append(checkpoint_line(signed(block.head, key)))
    return lines


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
