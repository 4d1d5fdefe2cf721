"""The states of a line of a bank statement and the only ways between them.

stateDiagram-v2
    [*] --> MATCHED: all of it pays the notice that it names
    [*] --> RECORDED: interest or a fee, owed to nobody
    [*] --> SUSPENDED: some of it has no place
    SUSPENDED --> PROPOSED: an officer says where it belongs, or that it was sent back
    PROPOSED --> SUSPENDED: another officer does not agree, or some of it is left
    PROPOSED --> RESOLVED: another officer agrees and nothing is left
    MATCHED --> [*]
    RECORDED --> [*]
    RESOLVED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class BankLineState(Enum):
    """Where the money of a line stands."""

    MATCHED = "MATCHED"
    RECORDED = "RECORDED"
    SUSPENDED = "SUSPENDED"
    PROPOSED = "PROPOSED"
    RESOLVED = "RESOLVED"


INITIAL = frozenset({BankLineState.MATCHED, BankLineState.RECORDED, BankLineState.SUSPENDED})
"""The states that a line begins in."""

ALLOWED: Mapping[BankLineState, frozenset[BankLineState]] = MappingProxyType(
    {
        BankLineState.MATCHED: frozenset(),
        BankLineState.RECORDED: frozenset(),
        BankLineState.SUSPENDED: frozenset({BankLineState.PROPOSED}),
        BankLineState.PROPOSED: frozenset({BankLineState.SUSPENDED, BankLineState.RESOLVED}),
        BankLineState.RESOLVED: frozenset(),
    }
)
