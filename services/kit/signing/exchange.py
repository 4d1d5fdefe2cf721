"""The signed request of the call in hand, for whoever writes down what it led to."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from services.kit.signing.message import Signed


@dataclass(frozen=True, slots=True)
class Proof:
    """A signed message that was verified, and whose key it was."""

    signed: Signed
    region_code: str
    role: str
    receive_time: datetime
    """When it was verified, or made, by our clock."""


@dataclass(slots=True)
class Exchange:
    """What is known of the signatures of one call."""

    request: Proof
    is_kept: bool = False
    """Whether the request was written down in the transaction of what it led to."""


current: ContextVar[Exchange | None] = ContextVar("yijie_signed_exchange", default=None)


def unkept_request() -> Proof | None:
    """Returns the signed request that is to be written with what it leads to; None: there is none.

    Whoever wrote it calls `note_kept`.
    """
    exchange = current.get()
    return exchange.request if exchange is not None and not exchange.is_kept else None


def note_kept() -> None:
    """Remembers that the request of the call in hand is written down."""
    exchange = current.get()
    if exchange is not None:
        exchange.is_kept = True
