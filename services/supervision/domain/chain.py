"""The audit chain: what an entry's line is, how blocks follow each other, what a checkpoint says.

An entry is one line of JSON; what is digested are the bytes of the line, so that whoever verifies
needs no rule for writing JSON. docs/audit.md has the format, services/cli/audit_verifier.py checks
it without anything of ours.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NO_DIGEST: Final = bytes(32)
"""What the first block follows."""
CONTENT_MAX: Final = 8_000
"""Characters of an entry's content."""
BLOCK_BYTES_MAX: Final = 1_500_000
"""Of the lines of a block: it must fit into one answer."""
_KIND: Final = re.compile(r"[A-Z_]{1,40}")
_RECORD_ID: Final = re.compile(r"[0-9A-Za-z@._-]{0,100}")
_UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What text that is no JSON of ours raises: brackets in brackets without end, too."""
_MICROSECOND: Final = timedelta(microseconds=1)
_BLOCK: Final = b"yijie.audit.block.v1\n"
_CHECKPOINT: Final = "yijie.audit.checkpoint.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row on record, as it is sealed."""

    number: int
    """From 1 through all blocks."""
    source: str
    """E.g. "settlement.journal"."""
    after: str
    """The position of the row before in its source; empty: it is the first."""
    position: str
    kind: str
    event_time: datetime
    record_id: str
    content: str
    """One JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the chain ends."""

    block_id: int
    """0: nothing was sealed yet."""
    seal_time: datetime
    digest: bytes
    entry_count: int
    """Entries up to it, itself included."""


EMPTY: Final = Head(block_id=0, seal_time=EPOCH, digest=NO_DIGEST, entry_count=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A sealed run of entries."""

    block_id: int
    seal_time: datetime
    first_entry: int
    entry_count: int
    previous_digest: bytes
    content_digest: bytes
    digest: bytes
    packed: bytes
    """The lines of its entries, deflated."""

    @property
    def head(self) -> Head:
        """The chain's end while it is the last block."""
        return Head(
            block_id=self.block_id,
            seal_time=self.seal_time,
            digest=self.digest,
            entry_count=self.first_entry + self.entry_count - 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A signed statement of what the chain was up to a block."""

    block_id: int
    digest: bytes
    entry_count: int
    sign_time: datetime
    key_id: str
    algorithm: str
    signature: bytes = b""

    @property
    def statement(self) -> bytes:
        """What is signed."""
        return "\n".join(
            (
                _CHECKPOINT,
                f"block={self.block_id}",
                f"digest={self.digest.hex()}",
                f"entries={self.entry_count}",
                f"time={write_instant(self.sign_time)}",
                f"key={self.key_id}",
                f"algorithm={self.algorithm}",
                "",
            )
        ).encode()


class ProblemKind(Enum):
    """How a chain, or what it was sealed from, is found to be altered."""

    BLOCK_MISSING = "BLOCK_MISSING"
    CHAIN_BROKEN = "CHAIN_BROKEN"
    CONTENT_CHANGED = "CONTENT_CHANGED"
    CHECKPOINT_BAD = "CHECKPOINT_BAD"
    OTHER_CHAIN = "OTHER_CHAIN"
    ROW_MISSING = "ROW_MISSING"
    ROW_CHANGED = "ROW_CHANGED"
    ROW_INSERTED = "ROW_INSERTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The first thing found wrong."""

    kind: ProblemKind
    block_id: int
    entry: int = 0
    source: str = ""
    position: str = ""
    record_id: str = ""


class Malformed(ValueError):
    """A line is no entry, or a row cannot be made one."""


def write_instant(instant: datetime) -> str:
    """Returns an instant as lines and statements have it, to the microsecond."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def write_line(entry: Entry) -> bytes:
    """Returns an entry's line; what it holds must be as `require_sound` has it."""
    head = json.dumps(
        {
            "entry": entry.number,
            "source": entry.source,
            "after": entry.after,
            "at": entry.position,
            "kind": entry.kind,
            "time": write_instant(entry.event_time),
            "record": entry.record_id,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return f'{head[:-1]},"content":{entry.content}}}'.encode()


def read_line(line: bytes) -> Entry:
    """Returns the entry of a line.

    Raises:
        Malformed: it is none.
    """
    try:
        found: dict[str, Any] = json.loads(line)
        return Entry(
            number=found["entry"],
            source=found["source"],
            after=found["after"],
            position=found["at"],
            kind=found["kind"],
            event_time=datetime.fromisoformat(found["time"]),
            record_id=found["record"],
            # As it stands in the line: after the first name of this kind, up to the last brace.
            content=line.decode().partition(',"content":')[2][:-1],
        )
    except _UNREADABLE as error:
        msg = "a line of the chain is no entry"
        raise Malformed(msg) from error


def pack(lines: Sequence[bytes]) -> bytes:
    """Returns lines deflated, as a block holds them."""
    return zlib.compress(b"\n".join(lines))


def unpack(packed: bytes) -> list[bytes]:
    """Returns the lines of a block.

    Raises:
        Malformed: they cannot be unpacked.
    """
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(packed, 2 * BLOCK_BYTES_MAX)
    except zlib.error as error:
        msg = "the entries of a block cannot be unpacked"
        raise Malformed(msg) from error
    if not inflating.eof or inflating.unused_data:
        msg = "the entries of a block are cut or too many"
        raise Malformed(msg)
    return text.split(b"\n")


def content_digest(lines: Iterable[bytes]) -> bytes:
    """Returns the digest of a block's entries: SHA-256 over the SHA-256 of each line."""
    return hashlib.sha256(b"".join(hashlib.sha256(line).digest() for line in lines)).digest()


def block_digest(
    previous: bytes,
    content: bytes,
    *,
    block_id: int,
    first_entry: int,
    entry_count: int,
    seal_time: datetime,
) -> bytes:
    """Returns the digest of a block: SHA-256, 32 bytes."""
    micros = (seal_time - EPOCH) // _MICROSECOND
    numbers = b"".join(
        number.to_bytes(8, "big") for number in (block_id, first_entry, entry_count, micros)
    )
    return hashlib.sha256(_BLOCK + previous + content + numbers).digest()


def next_block(head: Head, lines: Sequence[bytes], *, now: datetime) -> Block:
    """Returns the block that lines make after the head; later than it, whatever the clock says."""
    seal_time = max(now, head.seal_time + _MICROSECOND)
    block_id, first_entry = head.block_id + 1, head.entry_count + 1
    content = content_digest(lines)
    return Block(
        block_id=block_id,
        seal_time=seal_time,
        first_entry=first_entry,
        entry_count=len(lines),
        previous_digest=head.digest,
        content_digest=content,
        digest=block_digest(
            head.digest,
            content,
            block_id=block_id,
            first_entry=first_entry,
            entry_count=len(lines),
            seal_time=seal_time,
        ),
        packed=pack(lines),
    )


def check_block(head: Head, block: Block) -> tuple[list[Entry], Problem | None]:
    """Returns the entries of the block that should follow, or what is wrong with it."""
    if block.block_id != head.block_id + 1:
        return [], Problem(kind=ProblemKind.BLOCK_MISSING, block_id=head.block_id + 1)
    digest = block_digest(
        head.digest,
        block.content_digest,
        block_id=block.block_id,
        first_entry=block.first_entry,
        entry_count=block.entry_count,
        seal_time=block.seal_time,
    )
    if (
        (block.previous_digest, block.first_entry) != (head.digest, head.entry_count + 1)
        or block.digest != digest
        or block.seal_time <= head.seal_time
    ):
        return [], Problem(kind=ProblemKind.CHAIN_BROKEN, block_id=block.block_id)
    changed = Problem(kind=ProblemKind.CONTENT_CHANGED, block_id=block.block_id)
    try:
        lines = unpack(block.packed)
        if content_digest(lines) != block.content_digest:
            return [], changed
        entries = [read_line(line) for line in lines]
    except Malformed:
        return [], changed
    if [entry.number for entry in entries] != list(
        range(block.first_entry, block.first_entry + block.entry_count)
    ):
        return [], changed
    return entries, None


def require_sound(*, kind: str, event_time: datetime, record_id: str, content: str) -> None:
    """Refuses what no line is made of: a source need not be one of ours.

    Raises:
        Malformed: kind or record id are not plain and short, the time is before 1970, or the
            content is no JSON object on one line.
    """
    if event_time < EPOCH:
        # Years of fewer than four digits would not be read back, in a chain that cannot be mended.
        msg = "the time of an entry is none"
        raise Malformed(msg)
    if not _KIND.fullmatch(kind) or not _RECORD_ID.fullmatch(record_id):
        msg = "the kind or the record id of an entry is none"
        raise Malformed(msg)
    if len(content) > CONTENT_MAX or "\n" in content or "\r" in content:
        msg = "the content of an entry is too long, or not one line"
        raise Malformed(msg)
    try:
        is_object = isinstance(json.loads(content), dict)
        content.encode()
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        msg = "the content of an entry is no JSON object"
        raise Malformed(msg)
