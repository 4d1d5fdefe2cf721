"""The feed of changes of usage, out of its table (services.kit.outbox)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.clearing.prepayment.usage_store import EVENTS
from services.kit.outbox import OutboxFeed, OutboxStore

if TYPE_CHECKING:
    from services.kit.clock import Clock
    from services.kit.db import Database

NAME: Final = "prepayment"
"""Of the feed in metrics."""


def open_feed(database: Database, clock: Clock, *, poll_s: float, heartbeat_s: float) -> OutboxFeed:
    """Returns the feed; whoever opened it closes it before the server drains."""
    return OutboxFeed(
        NAME, OutboxStore(database, EVENTS), clock, poll_s=poll_s, heartbeat_s=heartbeat_s
    )
