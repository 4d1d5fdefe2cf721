"""The states of an inquiry (费用协查) and the only ways between them.

stateDiagram-v2
    [*] --> OPEN: the insured province asks
    OPEN --> CONFIRMED: the care province finds the bill in order
    OPEN --> IRREGULAR: the care province finds it irregular and records a deduction
    OPEN --> LAPSED: the settlement is reversed
    CONFIRMED --> [*]
    IRREGULAR --> [*]
    LAPSED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class InquiryState(Enum):
    """Where an inquiry stands."""

    OPEN = "OPEN"
    CONFIRMED = "CONFIRMED"
    IRREGULAR = "IRREGULAR"
    LAPSED = "LAPSED"


ALLOWED: Final[Mapping[InquiryState, frozenset[InquiryState]]] = MappingProxyType(
    {
        InquiryState.OPEN: frozenset(
            {InquiryState.CONFIRMED, InquiryState.IRREGULAR, InquiryState.LAPSED}
        ),
        InquiryState.CONFIRMED: frozenset(),
        InquiryState.IRREGULAR: frozenset(),
        InquiryState.LAPSED: frozenset(),
    }
)


def is_allowed(state: InquiryState, to: InquiryState) -> bool:
    """Returns whether an inquiry may go from one state to another."""
    return to in ALLOWED[state]
