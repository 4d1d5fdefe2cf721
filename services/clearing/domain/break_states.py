"""The states of a break and the only ways between them.

stateDiagram-v2
    [*] --> OPEN: ledger and journal do not agree
    OPEN --> CARRIED: two people take it into the next month
    CARRIED --> CARRIED: once more
    OPEN --> RESOLVED: two people say what was done about it
    CARRIED --> RESOLVED: likewise
    OPEN --> RESOLVED_BY_ITSELF: the books agree when compared again
    CARRIED --> RESOLVED_BY_ITSELF: likewise
    OPEN --> REPLACED: they still do not agree, but otherwise
    CARRIED --> REPLACED: likewise
    RESOLVED --> [*]
    RESOLVED_BY_ITSELF --> [*]
    REPLACED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class BreakState(Enum):
    """Where a break stands."""

    OPEN = "OPEN"
    CARRIED = "CARRIED"
    RESOLVED = "RESOLVED"
    RESOLVED_BY_ITSELF = "RESOLVED_BY_ITSELF"
    REPLACED = "REPLACED"


_ENDS: Final = frozenset({BreakState.RESOLVED, BreakState.RESOLVED_BY_ITSELF, BreakState.REPLACED})
ALLOWED: Mapping[BreakState, frozenset[BreakState]] = MappingProxyType(
    {
        BreakState.OPEN: _ENDS | {BreakState.CARRIED},
        BreakState.CARRIED: _ENDS | {BreakState.CARRIED},
        BreakState.RESOLVED: frozenset(),
        BreakState.RESOLVED_BY_ITSELF: frozenset(),
        BreakState.REPLACED: frozenset(),
    }
)
