"""The states of a proposal of quotas and the only ways between them.

stateDiagram-v2
    [*] --> PROPOSED: computed or reported, by one officer
    PROPOSED --> CONFIRMED: another officer confirms; in force, notices are drafted
    PROPOSED --> REJECTED: another officer rejects
    CONFIRMED --> [*]
    REJECTED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class QuotaProposalState(Enum):
    """Where a proposal stands."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"


ALLOWED: Mapping[QuotaProposalState, frozenset[QuotaProposalState]] = MappingProxyType(
    {
        QuotaProposalState.PROPOSED: frozenset(
            {QuotaProposalState.CONFIRMED, QuotaProposalState.REJECTED}
        ),
        QuotaProposalState.CONFIRMED: frozenset(),
        QuotaProposalState.REJECTED: frozenset(),
    }
)
