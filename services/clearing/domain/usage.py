"""The rate of use of prepayment (预付金使用率), exact, and what it takes to bring it down.

    rate = clearing amount of the month so far / what the care province holds

The rate is of a pair of provinces, both schemes together, or of a care province as a whole, which
may use what it holds for the people of any province. Where nothing is held there is no rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.clearing.domain.usage_states import UsageState

if TYPE_CHECKING:
    from collections.abc import Mapping

BASIS_POINTS: Final = 10_000
_EXHAUSTED: Final = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Rates from which on a state holds; yellow below red, red at most one."""

    yellow: Fraction
    red: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What is used of what is held."""

    used_fen: int
    """Clearing amount of the month; below zero where refunds outweigh."""
    holding_fen: int

    @property
    def rate(self) -> Fraction | None:
        """The rate of use, exact; None: nothing is held."""
        if self.holding_fen <= 0:
            return None
        return Fraction(max(0, self.used_fen), self.holding_fen)

    @property
    def basis_points(self) -> int:
        """The rate in basis points, rounded down so that 89.999 % never reads as 90 %; 0: none."""
        rate = self.rate
        return 0 if rate is None else int(rate * BASIS_POINTS)

    def state(self, thresholds: Thresholds) -> UsageState:
        """Returns where the rate stands; a threshold belongs to the state that it begins."""
        rate = self.rate
        if rate is None:
            return UsageState.UNFUNDED
        if rate >= _EXHAUSTED:
            return UsageState.EXHAUSTED
        if rate >= thresholds.red:
            return UsageState.RED
        return UsageState.YELLOW if rate >= thresholds.yellow else UsageState.NORMAL

    def fen_to(self, rate: Fraction) -> int:
        """Returns the least amount of the month at which the rate is reached."""
        return -(-self.holding_fen * rate.numerator // rate.denominator)


def add_up(usages: Mapping[tuple[str, str], Usage]) -> dict[tuple[str, str], Usage]:
    """Returns the usage of each care province as a whole, by ("", care province)."""
    sums: dict[tuple[str, str], Usage] = {}
    for (_, care), usage in usages.items():
        total = sums.get(("", care), Usage(used_fen=0, holding_fen=0))
        sums["", care] = Usage(
            used_fen=total.used_fen + usage.used_fen,
            holding_fen=total.holding_fen + usage.holding_fen,
        )
    return sums


def propose_top_up(usage: Usage, *, months_held: int) -> int:
    """Returns what brings the holding to so many months of the present amount, never below zero."""
    return max(0, months_held * usage.used_fen - usage.holding_fen)


def split_top_up(
    amount_fen: int, by_scheme: Mapping[str, Usage], *, months_held: int
) -> dict[str, int]:
    """Returns how a top-up divides between schemes: as what each of them lacks, to the fen.

    The largest remainders get the fen that are left, of equal ones the scheme of the lower code, so
    that the parts add up.

    Raises:
        ValueError: no scheme lacks anything.
    """
    lacking = {
        scheme: propose_top_up(usage, months_held=months_held)
        for scheme, usage in sorted(by_scheme.items())
    }
    total = sum(lacking.values())
    if not total:
        msg = "no scheme lacks anything"
        raise ValueError(msg)
    parts = {scheme: amount_fen * fen // total for scheme, fen in lacking.items()}
    left = amount_fen - sum(parts.values())
    by_remainder = sorted(lacking, key=lambda scheme: -(amount_fen * lacking[scheme] % total))
    for scheme in by_remainder[:left]:
        parts[scheme] += 1
    return {scheme: fen for scheme, fen in parts.items() if fen}
