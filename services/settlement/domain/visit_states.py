"""The states of a visit and the only ways between them.

SETTLED is not recorded: it is a discharged stay of which a final settlement stands.

stateDiagram-v2
    [*] --> REGISTERED: the institution registers the patient
    REGISTERED --> DISCHARGED: the patient leaves a stay
    DISCHARGED --> REGISTERED: the discharge is taken back
    DISCHARGED --> SETTLED: a final settlement stands
    SETTLED --> DISCHARGED: the final settlement is reversed
    REGISTERED --> CANCELLED: the registration is taken back
    CANCELLED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class VisitState(Enum):
    """Where a visit stands; the value of all but SETTLED is what the database holds."""

    REGISTERED = "REGISTERED"
    DISCHARGED = "DISCHARGED"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"


ALLOWED: Mapping[VisitState, frozenset[VisitState]] = MappingProxyType(
    {
        VisitState.REGISTERED: frozenset({VisitState.DISCHARGED, VisitState.CANCELLED}),
        VisitState.DISCHARGED: frozenset({VisitState.REGISTERED, VisitState.SETTLED}),
        VisitState.SETTLED: frozenset({VisitState.DISCHARGED}),
        VisitState.CANCELLED: frozenset(),
    }
)
