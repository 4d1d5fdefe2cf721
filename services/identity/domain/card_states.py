"""The states of a card, the only ways between them, and what leads from one to another.

A card that is made here begins ISSUED, or ACTIVE where it takes the place of another. An insured
region that joins registers its cards in whatever state they are.

stateDiagram-v2
    [*] --> ISSUED: the card is made (制卡)
    [*] --> ACTIVE: it takes the place of another (补换)
    ISSUED --> ACTIVE: activated (启用)
    ISSUED --> CANCELLED: cancelled (注销)
    ACTIVE --> LOST: reported lost (挂失)
    LOST --> ACTIVE: found again (解挂)
    ACTIVE --> CANCELLED: cancelled (注销)
    LOST --> CANCELLED: cancelled (注销)
    ACTIVE --> REPLACED: another takes its place (补换)
    LOST --> REPLACED: another takes its place (补换)
    CANCELLED --> [*]
    REPLACED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class CardState(Enum):
    """Whether a card may be used (卡状态); only an active one may."""

    ISSUED = "ISSUED"
    ACTIVE = "ACTIVE"
    LOST = "LOST"
    CANCELLED = "CANCELLED"
    REPLACED = "REPLACED"


class CardChange(Enum):
    """What happened to a card."""

    ACTIVATE = "ACTIVATE"
    REPORT_LOST = "REPORT_LOST"
    REPORT_FOUND = "REPORT_FOUND"
    CANCEL = "CANCEL"
    REPLACE = "REPLACE"
    REGISTER = "REGISTER"
    """Registered by the insured region, which says the state."""


ALLOWED: Mapping[CardState, frozenset[CardState]] = MappingProxyType(
    {
        CardState.ISSUED: frozenset({CardState.ACTIVE, CardState.CANCELLED}),
        CardState.ACTIVE: frozenset({CardState.LOST, CardState.CANCELLED, CardState.REPLACED}),
        CardState.LOST: frozenset({CardState.ACTIVE, CardState.CANCELLED, CardState.REPLACED}),
        CardState.CANCELLED: frozenset(),
        CardState.REPLACED: frozenset(),
    }
)
"""Which states a card may take next."""

EFFECTS: Mapping[CardChange, Mapping[CardState, CardState]] = MappingProxyType(
    {
        CardChange.ACTIVATE: {CardState.ISSUED: CardState.ACTIVE},
        CardChange.REPORT_LOST: {CardState.ACTIVE: CardState.LOST},
        CardChange.REPORT_FOUND: {CardState.LOST: CardState.ACTIVE},
        CardChange.CANCEL: {
            CardState.ISSUED: CardState.CANCELLED,
            CardState.ACTIVE: CardState.CANCELLED,
            CardState.LOST: CardState.CANCELLED,
        },
        CardChange.REPLACE: {
            CardState.ACTIVE: CardState.REPLACED,
            CardState.LOST: CardState.REPLACED,
        },
    }
)
"""Change → state before → state after; all but REGISTER."""


def _reachable(state: CardState) -> frozenset[CardState]:
    reached, ahead = {state}, [state]
    while ahead:
        following = ALLOWED[ahead.pop()] - reached
        reached |= following
        ahead += following
    return frozenset(reached)


REGISTRABLE: Mapping[CardState, frozenset[CardState]] = MappingProxyType(
    {state: _reachable(state) for state in CardState}
)
"""State held → states that an insured region may register: what may have happened since."""
