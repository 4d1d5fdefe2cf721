"""The states of a party's statement for a date and the only ways between them.

stateDiagram-v2
    [*] --> EVEN: its totals are the hub's
    [*] --> DIFFERENT: its totals are not the hub's
    EVEN --> DIFFERENT: the hub heard late of a settlement or reversal of the date
    EVEN --> COMPARED: details came all the same
    DIFFERENT --> COMPARED: details were compared one by one
    EVEN --> REPLACED: a later statement came
    DIFFERENT --> REPLACED: a later statement came
    COMPARED --> REPLACED: a later statement came
    REPLACED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class StatementState(Enum):
    """Where a statement stands."""

    EVEN = "EVEN"
    DIFFERENT = "DIFFERENT"
    COMPARED = "COMPARED"
    REPLACED = "REPLACED"


ALLOWED: Mapping[StatementState | None, frozenset[StatementState]] = MappingProxyType(
    {
        None: frozenset({StatementState.EVEN, StatementState.DIFFERENT}),
        StatementState.EVEN: frozenset(
            {StatementState.DIFFERENT, StatementState.COMPARED, StatementState.REPLACED}
        ),
        StatementState.DIFFERENT: frozenset({StatementState.COMPARED, StatementState.REPLACED}),
        StatementState.COMPARED: frozenset({StatementState.REPLACED}),
        StatementState.REPLACED: frozenset(),
    }
)
