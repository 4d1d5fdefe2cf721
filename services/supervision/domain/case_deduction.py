"""How much the funds take back for lines at fault: exact, to the fen.

    share of a line   amount at fault of a finding ÷ amount of its lines; of several findings on the
                      line, and of earlier decisions on the settlement, the largest: it counts once
    S                 Σ in-scope amount of a line × its share, over all decisions that stand
    I                 in-scope amount of all lines
    fund f so far     ⌊ fund f paid × S ÷ I ⌋
    deduction of f    fund f so far − fund f so far without this decision, and never more than
                      fund f so far − what earlier decisions that stand take from it

What funds paid for a bill they paid for its in-scope amount as a whole, so a line's part of it is
in proportion of its in-scope amount. Rounded down, over all decisions together: whatever the order,
deducting every line takes exactly what the funds paid, and never a fen more. A decision takes back
what its own lines add: not what an appeal gave back of another one, nor what clearing did not hold
of it. The personal account is no fund: what it paid for a line is the patient's own, which the
institution pays back to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """A line of a settled bill."""

    amount_fen: int
    in_scope_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidBill:
    """A settled bill, and what each fund paid for it."""

    lines: Mapping[str, PaidLine]
    """By line id."""
    funds_fen: Mapping[str, int]
    """By fund type as cleared, without the personal account, each more than zero."""

    @property
    def in_scope_fen(self) -> int:
        """In-scope amount of all lines."""
        return sum(one.in_scope_fen for one in self.lines.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A confirmed finding."""

    line_ids: tuple[str, ...]
    """Empty: the whole bill."""
    at_fault_fen: int


def shares_of(bill: PaidBill, faults: Sequence[Fault]) -> dict[str, Fraction]:
    """Returns the share at fault of each line, more than zero and at most one.

    A line that the bill does not have (any more) is left out. Lines that cost nothing are at fault
    whole: what they cost cannot tell how much.
    """
    shares: dict[str, Fraction] = {}
    for fault in faults:
        line_ids = [one for one in fault.line_ids or bill.lines if one in bill.lines]
        whole = sum(bill.lines[one].amount_fen for one in line_ids)
        share = min(Fraction(fault.at_fault_fen, whole), Fraction(1)) if whole > 0 else Fraction(1)
        for line_id in line_ids:
            shares[line_id] = max(share, shares.get(line_id, Fraction(0)))
    return {line_id: share for line_id, share in shares.items() if share > 0}


def largest(shares: Sequence[Mapping[str, Fraction]]) -> dict[str, Fraction]:
    """Returns the largest share of each line among several decisions."""
    found: dict[str, Fraction] = {}
    for one in shares:
        for line_id, share in one.items():
            found[line_id] = max(share, found.get(line_id, Fraction(0)))
    return found


def deduction_of(
    bill: PaidBill,
    shares: Mapping[str, Fraction],
    *,
    before: Mapping[str, Fraction],
    taken_fen: Mapping[str, int],
) -> dict[str, int]:
    """Returns what each fund takes back now, each more than zero; empty: nothing.

    Args:
        bill: the settled bill.
        shares: of the lines at fault by this decision.
        before: of the lines at fault by earlier decisions that stand.
        taken_fen: what earlier decisions that stand take, by fund type.
    """
    if bill.in_scope_fen <= 0:
        return {}
    so_far = _so_far(bill, largest([before, shares]))
    without = _so_far(bill, before)
    found = {code: fen - max(without[code], taken_fen.get(code, 0)) for code, fen in so_far.items()}
    return {code: fen for code, fen in found.items() if fen > 0}


def _so_far(bill: PaidBill, shares: Mapping[str, Fraction]) -> dict[str, int]:
    """Returns what each fund paid for lines at fault, rounded down."""
    at_fault = sum(
        (
            bill.lines[line_id].in_scope_fen * share
            for line_id, share in shares.items()
            if line_id in bill.lines
        ),
        Fraction(0),
    )
    return {
        code: int(fen * at_fault / bill.in_scope_fen)
        for code, fen in sorted(bill.funds_fen.items())
    }


def lowered(funds_fen: Mapping[str, int], fund_type_code: str, held_fen: int) -> dict[str, int]:
    """Returns amounts with one fund lowered to what clearing holds of it; none is ever raised."""
    return {
        code: kept
        for code, fen in funds_fen.items()
        if (kept := min(fen, held_fen) if code == fund_type_code else fen) > 0
    }
