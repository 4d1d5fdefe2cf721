"""What a quote rests on, and which of it differs later. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REGION_FACTS: Final = ("policy", "accumulators", "account")
"""What only the insured region can tell of, in the order in which it is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Digests of what the hub asks an insured region, and of what that was computed from."""

    case: bytes
    """All that the insured region is asked."""
    lines: bytes
    """What was charged: items, dates, prices, quantities, and the dates and kind of the bill."""
    card: bytes
    """Where the person stands: insured region, scheme, person type, and the level of the
    institution, all as identity has them."""
    filing: bytes
    """The benefit level, and what a long-term filing for another place rests on."""
    catalogue: bytes
    """The version of the care region's catalogue."""
    amounts: bytes
    """How the catalogue splits the lines."""


def changed_facts(quoted: Facts, now: Facts) -> tuple[str, ...]:
    """Returns which facts of the hub differ; empty: the insured region is asked the same.

    A fact that changes nothing of what the region is asked is not named.
    """
    if quoted.case == now.case:
        return ()
    same_lines = quoted.lines == now.lines
    # A new version that says the same of these lines is no change.
    same_catalogue = quoted.catalogue == now.catalogue or (
        same_lines and quoted.amounts == now.amounts
    )
    checks = (
        ("lines", same_lines),
        ("card", quoted.card == now.card),
        ("filing", quoted.filing == now.filing),
        ("catalogue", same_catalogue),
    )
    return tuple(name for name, same in checks if not same)
