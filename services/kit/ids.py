"""Identifiers: UUID version 7 (RFC 9562), which sorts by time and so keeps indexes warm."""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID

_RANDOM_BITS = 74


def new_id(now: datetime) -> UUID:
    """Returns a fresh UUID version 7 of an instant, which must be timezone-aware."""
    milliseconds = int(now.timestamp() * 1000)
    random = int.from_bytes(os.urandom(10)) & ((1 << _RANDOM_BITS) - 1)
    return _compose(milliseconds, random)


def first_id_at(instant: datetime) -> UUID:
    """Returns the smallest version 7 UUID of an instant: a bound for ranges of ids by time."""
    return UUID(int=int(instant.timestamp() * 1000) << 80)


def _compose(milliseconds: int, random: int) -> UUID:
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
