"""The states of a settlement and the only ways between them.

stateDiagram-v2
    [*] --> PENDING: the intent is written
    PENDING --> SETTLED: the insured region booked it
    PENDING --> FAILED: the insured region refused, or the intent was given up
    SETTLED --> REVERSED: taken back
    FAILED --> [*]
    REVERSED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class State(Enum):
    """Where a settlement stands; the value is what the journal holds."""

    PENDING = "PENDING"
    SETTLED = "SETTLED"
    FAILED = "FAILED"
    REVERSED = "REVERSED"


ALLOWED: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PENDING: frozenset({State.SETTLED, State.FAILED}),
        State.SETTLED: frozenset({State.REVERSED}),
        State.FAILED: frozenset(),
        State.REVERSED: frozenset(),
    }
)

VERSION: Mapping[State, int] = MappingProxyType(
    {State.PENDING: 1, State.SETTLED: 2, State.FAILED: 2, State.REVERSED: 3}
)
"""Version of the state change that leads there: the journal's key, so that one writer decides."""
