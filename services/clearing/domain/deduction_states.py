"""The states of a deduction (审核扣款) and the only ways between them.

stateDiagram-v2
    [*] --> PENDING: a final decision is recorded
    PENDING --> APPEALED: the care province appeals within the term
    PENDING --> UPHELD: the term is over
    PENDING --> LAPSED: the settlement is reversed
    APPEALED --> UPHELD: the appeal is refused
    APPEALED --> WITHDRAWN: the appeal is granted
    APPEALED --> LAPSED: the settlement is reversed
    UPHELD --> RETURNED: the settlement is reversed
    WITHDRAWN --> [*]
    LAPSED --> [*]
    RETURNED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class DeductionState(Enum):
    """Where a deduction stands."""

    PENDING = "PENDING"
    """Booked pending; in no clearing table."""
    APPEALED = "APPEALED"
    """As before, until the appeal is decided."""
    UPHELD = "UPHELD"
    """Posted: in the tables of its month."""
    WITHDRAWN = "WITHDRAWN"
    """Voided by the decision on the appeal."""
    LAPSED = "LAPSED"
    """Voided because the settlement that it is of was taken back whole."""
    RETURNED = "RETURNED"
    """Posted, and given back by a second posting, because the settlement was taken back whole."""


ALLOWED: Final[Mapping[DeductionState, frozenset[DeductionState]]] = MappingProxyType(
    {
        DeductionState.PENDING: frozenset(
            {DeductionState.APPEALED, DeductionState.UPHELD, DeductionState.LAPSED}
        ),
        DeductionState.APPEALED: frozenset(
            {DeductionState.UPHELD, DeductionState.WITHDRAWN, DeductionState.LAPSED}
        ),
        DeductionState.UPHELD: frozenset({DeductionState.RETURNED}),
        DeductionState.WITHDRAWN: frozenset(),
        DeductionState.LAPSED: frozenset(),
        DeductionState.RETURNED: frozenset(),
    }
)

STANDING: Final = frozenset(
    {DeductionState.PENDING, DeductionState.APPEALED, DeductionState.UPHELD}
)
"""States in which a deduction takes from what its settlement still holds."""


def is_allowed(state: DeductionState, to: DeductionState) -> bool:
    """Returns whether a deduction may go from one state to another."""
    return to in ALLOWED[state]
