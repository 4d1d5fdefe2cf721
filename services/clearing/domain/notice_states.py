"""The states of a notice and the only ways between them.

stateDiagram-v2
    [*] --> DRAFT: an officer draws it up
    DRAFT --> ISSUED: another officer agrees, it gets its number
    DRAFT --> REJECTED: another officer does not agree
    DRAFT --> PAID: another officer agrees, and its lines cancel out
    ISSUED --> PART_PAID: the bank shows a part of the money
    ISSUED --> PAID: the bank shows all of it
    PART_PAID --> PAID: the bank shows the rest
    PAID --> [*]
    REJECTED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class NoticeState(Enum):
    """Where a notice stands."""

    DRAFT = "DRAFT"
    ISSUED = "ISSUED"
    PART_PAID = "PART_PAID"
    PAID = "PAID"
    REJECTED = "REJECTED"


ALLOWED: Mapping[NoticeState, frozenset[NoticeState]] = MappingProxyType(
    {
        NoticeState.DRAFT: frozenset({NoticeState.ISSUED, NoticeState.REJECTED, NoticeState.PAID}),
        NoticeState.ISSUED: frozenset({NoticeState.PART_PAID, NoticeState.PAID}),
        NoticeState.PART_PAID: frozenset({NoticeState.PAID}),
        NoticeState.PAID: frozenset(),
        NoticeState.REJECTED: frozenset(),
    }
)
"""PART_PAID stays PART_PAID when another part comes: that is no change of state."""
