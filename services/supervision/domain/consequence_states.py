"""The states of a consequence of credit points (积分处理) and the only ways between them.

stateDiagram-v2
    [*] --> PROPOSED: points reach a threshold
    PROPOSED --> APPROVED: two people approve what identity carries out
    PROPOSED --> APPLIED: two people approve what a province carries out
    PROPOSED --> REJECTED: two people reject it
    PROPOSED --> WITHDRAWN: the points fall away first
    APPROVED --> APPLIED: identity has carried it out
    APPLIED --> [*]
    REJECTED --> [*]
    WITHDRAWN --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class ConsequenceState(Enum):
    """Where a consequence stands."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    """Two people approved it; identity has not carried it out yet."""
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    """The points fell away before anybody decided."""


ALLOWED: Final[Mapping[ConsequenceState, frozenset[ConsequenceState]]] = MappingProxyType(
    {
        ConsequenceState.PROPOSED: frozenset(
            {
                ConsequenceState.APPROVED,
                ConsequenceState.APPLIED,
                ConsequenceState.REJECTED,
                ConsequenceState.WITHDRAWN,
            }
        ),
        ConsequenceState.APPROVED: frozenset({ConsequenceState.APPLIED}),
        ConsequenceState.APPLIED: frozenset(),
        ConsequenceState.REJECTED: frozenset(),
        ConsequenceState.WITHDRAWN: frozenset(),
    }
)
