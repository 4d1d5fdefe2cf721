"""The states of a filing and the only ways between them.

EXPIRED is not recorded: it is a live filing whose last day is over. A revoked one never counted,
whatever it was before. docs/filing.md draws the same.

stateDiagram-v2
    [*] --> LIVE: the region's terms approve it by rule
    [*] --> PENDING: an officer or the province's system has to decide
    PENDING --> LIVE: it is approved
    PENDING --> REFUSED: it is refused
    PENDING --> CANCELLED: the person withdraws it
    LIVE --> CANCELLED: the person gives it up
    LIVE --> CHANGED: another filing takes its place
    LIVE --> EXPIRED: its last day is over
    LIVE --> REVOKED: its commitment was false
    EXPIRED --> REVOKED: its commitment was false
    CANCELLED --> REVOKED: its commitment was false
    CHANGED --> REVOKED: its commitment was false
    REFUSED --> [*]
    REVOKED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class FilingState(Enum):
    """Where a filing stands; the value of all but EXPIRED is what the database holds."""

    PENDING = "PENDING"
    """Waits for a decision; does not count."""
    LIVE = "LIVE"
    """Counts within its dates."""
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    """Counts until the day before the cancellation; never, if it was pending."""
    CHANGED = "CHANGED"
    """Counts until the day before another filing took its place."""
    REVOKED = "REVOKED"
    """Never counted."""
    EXPIRED = "EXPIRED"


INITIAL = frozenset({FilingState.LIVE, FilingState.PENDING})
ALLOWED: Mapping[FilingState, frozenset[FilingState]] = MappingProxyType(
    {
        FilingState.PENDING: frozenset(
            {FilingState.LIVE, FilingState.REFUSED, FilingState.CANCELLED}
        ),
        FilingState.LIVE: frozenset(
            {
                FilingState.CANCELLED,
                FilingState.CHANGED,
                FilingState.EXPIRED,
                FilingState.REVOKED,
            }
        ),
        FilingState.EXPIRED: frozenset({FilingState.REVOKED}),
        FilingState.CANCELLED: frozenset({FilingState.REVOKED}),
        FilingState.CHANGED: frozenset({FilingState.REVOKED}),
        FilingState.REFUSED: frozenset(),
        FilingState.REVOKED: frozenset(),
    }
)
