"""Identifiers: UUID version 7 (RFC 9562), which sorts by time and so keeps indexes warm."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from uuid import UUID

_RANDOM_BITS = 74
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_entropy: ContextVar[Callable[[int], bytes]] = ContextVar("yijie_entropy", default=os.urandom)


@contextlib.contextmanager
def drawing_from(entropy: Callable[[int], bytes]) -> Iterator[None]:
    """Ids made in the block, and in tasks started in it, take their chance from a source given.

    For a run that must be repeated exactly; `entropy` returns so many bytes.
    """
    token = _entropy.set(entropy)
    try:
        yield
    finally:
        _entropy.reset(token)


def new_id(now: datetime) -> UUID:
    """Returns a fresh UUID version 7 of an instant, which must be timezone-aware."""
    milliseconds = _milliseconds(now)
    random = int.from_bytes(_entropy.get()(10)) & ((1 << _RANDOM_BITS) - 1)
    return _compose(milliseconds, random)


def first_id_at(instant: datetime) -> UUID:
    """Returns the smallest version 7 UUID of an instant: a bound for ranges of ids by time."""
    return UUID(int=_milliseconds(instant) << 80)


def time_of(identifier: UUID) -> datetime:
    """Returns the instant, to the millisecond, at which a version 7 UUID was given, UTC."""
    return _EPOCH + timedelta(milliseconds=identifier.int >> 80)


def _milliseconds(instant: datetime) -> int:
    # In whole numbers: a float of seconds loses a millisecond at some instants.
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def _compose(milliseconds: int, random: int) -> UUID:
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
