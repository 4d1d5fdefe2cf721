"""The states of a reimbursement (零星报销) and the only ways between them.

stateDiagram-v2
    [*] --> SUBMITTED: the agency takes the claim in, and the invoice is claimed
    SUBMITTED --> ADJUDICATED: the insured region has computed and booked it
    SUBMITTED --> FAILED: the insured region refuses it
    SUBMITTED --> CANCELLED: withdrawn before the insured region answered
    ADJUDICATED --> APPROVED: another person has checked it
    ADJUDICATED --> REJECTED: the checker refuses it
    ADJUDICATED --> CANCELLED: withdrawn by two people
    APPROVED --> PAID: the person is paid
    APPROVED --> CANCELLED: withdrawn by two people
    PAID --> CANCELLED: withdrawn by two people, and paid back
    FAILED --> [*]
    REJECTED --> [*]
    CANCELLED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class ReimbursementState(Enum):
    """Where a reimbursement stands; the value is what the tables hold."""

    SUBMITTED = "SUBMITTED"
    """Taken in; whether it is booked is not known yet."""
    ADJUDICATED = "ADJUDICATED"
    """Booked: the accumulators count it."""
    APPROVED = "APPROVED"
    PAID = "PAID"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    """Refused by the engine."""


_S = ReimbursementState
ALLOWED: Final[Mapping[ReimbursementState, frozenset[ReimbursementState]]] = MappingProxyType(
    {
        _S.SUBMITTED: frozenset({_S.ADJUDICATED, _S.FAILED, _S.CANCELLED}),
        _S.ADJUDICATED: frozenset({_S.APPROVED, _S.REJECTED, _S.CANCELLED}),
        _S.APPROVED: frozenset({_S.PAID, _S.CANCELLED}),
        _S.PAID: frozenset({_S.CANCELLED}),
        _S.REJECTED: frozenset(),
        _S.CANCELLED: frozenset(),
        _S.FAILED: frozenset(),
    }
)

UNBOOKS: Final = frozenset({_S.REJECTED, _S.CANCELLED, _S.FAILED})
"""States in which nothing may be booked: the insured region takes back what it may have."""


def is_allowed(state: ReimbursementState, to: ReimbursementState) -> bool:
    """Returns whether a reimbursement may go from one state to another."""
    return to in ALLOWED[state]
