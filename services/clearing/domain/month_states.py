"""The states of a clearing month (清算月) and the only ways between them: forward, one at a time.

stateDiagram-v2
    [*] --> OPEN: the month begins
    OPEN --> RECONCILED: it is cut, and every care province with care in it has confirmed
    RECONCILED --> TABLED: maker and checker have its tables made
    TABLED --> SIGNED: both sides of every pair have signed
    SIGNED --> NOTIFIED: notices of all that is payable are issued
    NOTIFIED --> PAID: all of them are paid
    PAID --> CLOSED: maker and checker close it, after the month before
    CLOSED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class MonthState(Enum):
    """Where a month stands; the order of the members is that of the way."""

    OPEN = "OPEN"
    RECONCILED = "RECONCILED"
    TABLED = "TABLED"
    SIGNED = "SIGNED"
    NOTIFIED = "NOTIFIED"
    PAID = "PAID"
    CLOSED = "CLOSED"

    def has_reached(self, other: MonthState) -> bool:
        """Returns whether it is that state or one after it."""
        order = list(MonthState)
        return order.index(self) >= order.index(other)


ALLOWED: Mapping[MonthState, frozenset[MonthState]] = MappingProxyType(
    {
        MonthState.OPEN: frozenset({MonthState.RECONCILED}),
        MonthState.RECONCILED: frozenset({MonthState.TABLED}),
        MonthState.TABLED: frozenset({MonthState.SIGNED}),
        MonthState.SIGNED: frozenset({MonthState.NOTIFIED}),
        MonthState.NOTIFIED: frozenset({MonthState.PAID}),
        MonthState.PAID: frozenset({MonthState.CLOSED}),
        MonthState.CLOSED: frozenset(),
    }
)
"""A month is never reopened: what comes to light later is booked into a later one."""
