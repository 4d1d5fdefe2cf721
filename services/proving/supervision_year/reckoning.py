"""What must be deducted, by an arithmetic of its own, from the bills and from what was confirmed.

    of a line     in scope × (what was found at fault ÷ what the lines found at fault cost); the
                  most of it, where several findings name one line
    of a fund     what it paid for the bill × Σ of the lines ÷ what the bill had in scope, whole fen
                  downwards; the personal account gives nothing back

Clearing keeps 390200 under 330100, as provinces do between each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from services.proving.supervision_year.plan import Bill

_CLEARED_AS: Final = {"390200": "330100"}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A finding that the final review confirmed."""

    line_ids: frozenset[str]
    """Empty: the whole bill."""
    at_fault_fen: int


def deducted(bill: Bill, confirmed: Iterable[Confirmed]) -> dict[str, int]:
    """Returns what each fund takes back for a bill, by fund type as cleared."""
    parts: dict[str, Fraction] = {}
    for one in confirmed:
        lines = [line for line in bill.lines if not one.line_ids or line.line_id in one.line_ids]
        cost = sum(line.amount_fen for line in lines)
        part = min(Fraction(1), Fraction(one.at_fault_fen, cost)) if cost else Fraction(1)
        for line in lines:
            parts[line.line_id] = max(part, parts.get(line.line_id, Fraction(0)))
    at_fault = sum(
        (line.in_scope_fen * parts.get(line.line_id, 0) for line in bill.lines), Fraction(0)
    )
    paid: Counter[str] = Counter()
    for code, fen in bill.funds_fen.items():
        paid[_CLEARED_AS.get(code, code)] += fen
    found = {code: int(fen * at_fault / bill.in_scope_fen) for code, fen in paid.items()}
    return {code: fen for code, fen in sorted(found.items()) if fen}
