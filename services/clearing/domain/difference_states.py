"""The states of a difference and the only ways between them.

stateDiagram-v2
    [*] --> OPEN: the legs do not agree
    OPEN --> RESOLVED: somebody says what was done about it
    OPEN --> RESOLVED_BY_ITSELF: the legs agree when compared again
    OPEN --> REPLACED: they still do not agree, but otherwise
    RESOLVED --> [*]
    RESOLVED_BY_ITSELF --> [*]
    REPLACED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class DifferenceState(Enum):
    """Where a difference stands."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    RESOLVED_BY_ITSELF = "RESOLVED_BY_ITSELF"
    REPLACED = "REPLACED"


ALLOWED: Mapping[DifferenceState, frozenset[DifferenceState]] = MappingProxyType(
    {
        DifferenceState.OPEN: frozenset(
            {
                DifferenceState.RESOLVED,
                DifferenceState.RESOLVED_BY_ITSELF,
                DifferenceState.REPLACED,
            }
        ),
        DifferenceState.RESOLVED: frozenset(),
        DifferenceState.RESOLVED_BY_ITSELF: frozenset(),
        DifferenceState.REPLACED: frozenset(),
    }
)
