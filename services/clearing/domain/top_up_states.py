"""The states of an emergency top-up (紧急调增) and the only ways between them.

stateDiagram-v2
    [*] --> REQUESTED: the care province asks, having been red in a signed month
    REQUESTED --> APPROVED: another person approves, and a notice is drafted
    REQUESTED --> REFUSED: another person refuses
    APPROVED --> PAID: the notice is paid in full
    APPROVED --> CANCELLED: the notice is rejected
    REFUSED --> [*]
    PAID --> [*]
    CANCELLED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class TopUpState(Enum):
    """Where a top-up stands."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"


ALLOWED: Mapping[TopUpState, frozenset[TopUpState]] = MappingProxyType(
    {
        TopUpState.REQUESTED: frozenset({TopUpState.APPROVED, TopUpState.REFUSED}),
        TopUpState.APPROVED: frozenset({TopUpState.PAID, TopUpState.CANCELLED}),
        TopUpState.REFUSED: frozenset(),
        TopUpState.PAID: frozenset(),
        TopUpState.CANCELLED: frozenset(),
    }
)
OPEN: Final = frozenset(state for state, ways in ALLOWED.items() if ways)
"""A pair has at most one top-up of a month in these."""
