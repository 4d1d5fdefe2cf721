"""Where the use of prepayment stands. It follows two sums, so any state may follow any other.

stateDiagram-v2
    [*] --> UNFUNDED: nothing is held
    UNFUNDED --> NORMAL: money arrives, below 70 % used
    UNFUNDED --> YELLOW: money arrives, 70 % used
    UNFUNDED --> RED: money arrives, 90 % used
    UNFUNDED --> EXHAUSTED: money arrives, all of it used
    NORMAL --> YELLOW: 70 % of it used
    NORMAL --> RED: 90 % of it used
    NORMAL --> EXHAUSTED: all of it used
    NORMAL --> UNFUNDED: all of it returned
    YELLOW --> NORMAL: topped up, refunded or a new month
    YELLOW --> RED: 90 % of it used
    YELLOW --> EXHAUSTED: all of it used
    YELLOW --> UNFUNDED: all of it returned
    RED --> NORMAL: topped up, refunded or a new month
    RED --> YELLOW: topped up or refunded
    RED --> EXHAUSTED: all of it used
    RED --> UNFUNDED: all of it returned
    EXHAUSTED --> NORMAL: topped up, refunded or a new month
    EXHAUSTED --> YELLOW: topped up or refunded
    EXHAUSTED --> RED: topped up or refunded
    EXHAUSTED --> UNFUNDED: all of it returned
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class UsageState(Enum):
    """Where the use of what is held stands; the figures are those of the terms."""

    UNFUNDED = "UNFUNDED"
    """Nothing is held, so there is no rate."""
    NORMAL = "NORMAL"
    YELLOW = "YELLOW"
    """70 % or more (黄色预警)."""
    RED = "RED"
    """90 % or more (红色预警): the care province may ask for an emergency top-up."""
    EXHAUSTED = "EXHAUSTED"
    """100 % or more."""


ALLOWED: Mapping[UsageState, frozenset[UsageState]] = MappingProxyType(
    {state: frozenset(UsageState) - {state} for state in UsageState}
)
