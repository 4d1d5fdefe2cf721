"""The chain over the ledger: what of a block is digested, and how blocks follow each other.

A block holds what one transaction of the ledger wrote, as lines of natural keys: one per booking,
one per entry with all of its transfer and account, and of months that were cut or put into tables
since the block before. So a change of any row of any table shows. The
database writes the same lines (functions ledger_line and month_line); verifying compares the two.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.clearing.domain.ledger import SIGNS, entries_of, pair_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.clearing.domain.ledger import Booking

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
NO_DIGEST: Final = bytes(32)
"""What the first block follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last block of the chain, or of the chain as of an instant."""

    block_id: int
    """0: there is none."""
    create_time: datetime
    digest: bytes
    """32 bytes; holds all that was booked up to this block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one transaction of the ledger wrote, digested."""

    block_id: int
    create_time: datetime
    booking_count: int
    transfer_count: int
    entry_count: int
    content_digest: bytes
    """Of the lines alone: equal where the same is booked, whenever that is."""
    previous_digest: bytes
    digest: bytes


class ProblemKind(Enum):
    """How a ledger is found to be altered."""

    BLOCK_MISSING = "BLOCK_MISSING"
    CHAIN_BROKEN = "CHAIN_BROKEN"
    CONTENT_CHANGED = "CONTENT_CHANGED"
    OTHER_CHAIN = "OTHER_CHAIN"
    BALANCE_CHANGED = "BALANCE_CHANGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The first thing found wrong."""

    block_id: int
    kind: ProblemKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """A block as it is stored, and what its rows give now."""

    head: Head
    """Its number, instant and digest."""
    previous_digest: bytes
    content_digest: bytes
    found_digest: bytes
    """Of the lines that its rows give now; empty: it has none."""
    is_whole: bool
    """Its rows are as many as it says, and each where it belongs."""


def first_problem(before: Head, blocks: Sequence[Recomputed]) -> tuple[Head, Problem | None]:
    """Returns the last block up to which all is as it was written, and what is wrong after it.

    `blocks` are those that are there after `before`, by number.
    """
    good = before
    for one in blocks:
        head = one.head
        if head.block_id != good.block_id + 1:
            return good, Problem(block_id=good.block_id + 1, kind=ProblemKind.BLOCK_MISSING)
        digest = block_digest(
            good.digest, one.content_digest, block_id=head.block_id, create_time=head.create_time
        )
        if one.previous_digest != good.digest or digest != head.digest:
            return good, Problem(block_id=head.block_id, kind=ProblemKind.CHAIN_BROKEN)
        if one.found_digest != one.content_digest or not one.is_whole:
            return good, Problem(block_id=head.block_id, kind=ProblemKind.CONTENT_CHANGED)
        good = head
    return good, None


def micros(instant: datetime) -> int:
    """Returns an instant as microseconds since 1970, as digests have it."""
    return (instant - EPOCH) // _MICROSECOND


def lines_of(booking: Booking) -> list[str]:
    """Returns the lines of a booking: its own, and one for each entry."""
    source, kind, step = booking.source_id, booking.kind.value, booking.step.value
    counted = "|".join(pair_key(booking.pair)) if booking.pair else "|||"
    lines = [f"B|{source}|{kind}|{step}|{counted}|{micros(booking.event_time)}"]
    for one in booking.transfers:
        fund, purpose = one.fund_type_code, one.purpose.value
        transfer = (
            f"E|{one.transfer_id}|{source}|{kind}|{step}|{fund}|{purpose}|{one.amount_fen}"
            f"|{one.reverses_transfer_id or ''}|{one.resolves_transfer_id or ''}"
            f"|{'|'.join(pair_key(one.pair))}|{fund}|{purpose}"
        )
        lines += [
            f"{transfer}|{entry.phase.value}|{entry.side.value}|{entry.amount_fen}"
            for entry in entries_of(one)
        ]
    return lines


def content_digest(lines: Iterable[str]) -> bytes:
    """Returns the SHA-256 of lines in byte order: 32 bytes."""
    # All of them are ASCII, so that the order of texts is that of bytes.
    return hashlib.sha256("\n".join(sorted(lines)).encode("ascii")).digest()


def block_digest(previous: bytes, content: bytes, *, block_id: int, create_time: datetime) -> bytes:
    """Returns the digest of a block: SHA-256, 32 bytes."""
    numbers = block_id.to_bytes(8, "big") + micros(create_time).to_bytes(8, "big")
    return hashlib.sha256(previous + content + numbers).digest()


def next_block(
    head: Head,
    bookings: Sequence[Booking],
    *,
    now: datetime,
    after: datetime = EPOCH,
    month_lines: Iterable[str] = (),
) -> Block:
    """Returns the block that these bookings make, after the head of the chain.

    Its instant is later than the head's and than `after`, the latest that was asked of, whatever
    the clock says: what was true of an instant that has been asked for stays true. `month_lines`
    say what was done with months since the head.
    """
    create_time = max(now, max(head.create_time, after) + _MICROSECOND)
    lines = [line for booking in bookings for line in lines_of(booking)]
    content = content_digest([*lines, *month_lines])
    block_id = head.block_id + 1
    transfers = [one for booking in bookings for one in booking.transfers]
    return Block(
        block_id=block_id,
        create_time=create_time,
        booking_count=len(bookings),
        transfer_count=len(transfers),
        entry_count=sum(2 * len(SIGNS[one.step]) for one in transfers),
        content_digest=content,
        previous_digest=head.digest,
        digest=block_digest(head.digest, content, block_id=block_id, create_time=create_time),
    )
