"""The states of a ticket (协同工单) and the only ways between them.

stateDiagram-v2
    [*] --> OPEN: a province asks, or a refusal comes in
    OPEN --> ANSWERED: the party responsible answers
    ANSWERED --> OPEN: whoever is affected escalates, or the cause comes back
    ANSWERED --> CLOSED: whoever is affected closes it, or nothing comes back
    OPEN --> CLOSED: it is no longer needed
    CLOSED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class TicketState(Enum):
    """Where a ticket stands."""

    OPEN = "OPEN"
    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"


ALLOWED: Final[Mapping[TicketState, frozenset[TicketState]]] = MappingProxyType(
    {
        TicketState.OPEN: frozenset({TicketState.ANSWERED, TicketState.CLOSED}),
        TicketState.ANSWERED: frozenset({TicketState.OPEN, TicketState.CLOSED}),
        TicketState.CLOSED: frozenset(),
    }
)


def is_allowed(state: TicketState, to: TicketState) -> bool:
    """Returns whether a ticket may go from one state to another."""
    return to in ALLOWED[state]
