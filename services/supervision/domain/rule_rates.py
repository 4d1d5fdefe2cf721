"""How often people confirm what a rule finds: the false-positive rate, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

from services.supervision.domain.refusal_detector import wilson_lower

_PLACES: Final = Decimal("0.0001")
_Z: Final = Decimal("1.96")
"""Of 95 %, two-sided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRate:
    """What reviews decided about the findings of one rule."""

    rule_code: str
    confirmed: int
    rejected: int
    open: int
    confirmed_fen: int
    rejected_fen: int

    @property
    def decided(self) -> int:
        """Findings of which somebody has decided."""
        return self.confirmed + self.rejected

    @property
    def false_positive_ratio(self) -> Decimal | None:
        """Rejected over decided, four digits; None: none is decided."""
        if not self.decided:
            return None
        ratio = Decimal(self.rejected) / Decimal(self.decided)
        return ratio.quantize(_PLACES, rounding=ROUND_HALF_EVEN)

    @property
    def bounds(self) -> tuple[Decimal, Decimal]:
        """Wilson's interval of the ratio at 95 %, rounded outwards; 0 and 1 if none is decided."""
        if not self.decided:
            return Decimal(0), Decimal(1)
        low = wilson_lower(self.rejected, self.decided, _Z)
        high = 1 - wilson_lower(self.confirmed, self.decided, _Z)
        return (
            max(Decimal(0), low).quantize(_PLACES, rounding=ROUND_FLOOR),
            min(Decimal(1), high).quantize(_PLACES, rounding=ROUND_CEILING),
        )
