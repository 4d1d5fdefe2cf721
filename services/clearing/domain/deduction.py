"""Deductions (审核扣款): how much a decision takes back from each fund that paid a settlement.

    held = what the settlement was cleared for - deductions of it that stand
    asked as one amount      split in proportion of what is held of each fund, whole fen, by
                             largest remainder
    asked fund by fund       taken as asked
    never more of a fund than is held of it, and nothing of a settlement that was reversed

In proportion of what is held, not of what was cleared: as long as nothing was asked fund by fund
both are the same but for the odd fen, and what is held can never be exceeded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from services.kit.errors import RuleForbids

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from services.clearing.domain.deduction_states import DeductionState

_NAMESPACE: Final = UUID("c5a7d0b1-93f2-5d0e-9f0b-6f4f6a3e2a90")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a final decision takes back from one settlement: exactly one of the two is given."""

    amount_fen: int | None
    """Altogether, more than zero; None: by fund."""
    funds_fen: Mapping[str, int]
    """By fund type, each more than zero; empty: altogether."""

    def __post_init__(self) -> None:
        """Refuses what nobody can ask for."""
        if (self.amount_fen is None) == (not self.funds_fen):
            msg = "either one amount or amounts by fund"
            raise ValueError(msg)
        if any(fen <= 0 for fen in (*self.funds_fen.values(), self.total_fen)):
            msg = "an amount is zero or negative"
            raise ValueError(msg)

    @property
    def total_fen(self) -> int:
        """What is taken back altogether."""
        return sum(self.funds_fen.values()) if self.amount_fen is None else self.amount_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A settlement as the ledger has it, and what was deducted of it."""

    settlement_id: UUID
    insured_region_code: str
    """Province, xx0000."""
    care_region_code: str
    """Province, xx0000."""
    scheme_code: str
    month: str
    """Clearing month that holds it."""
    funds_fen: Mapping[str, int]
    """What it was cleared for, by fund type."""
    deducted_fen: Mapping[str, int]
    """What deductions that stand take back, by fund type."""
    is_reversed: bool

    @property
    def held_fen(self) -> dict[str, int]:
        """What is left to deduct, by fund type."""
        if self.is_reversed:
            return {}
        return {
            code: fen - self.deducted_fen.get(code, 0)
            for code, fen in self.funds_fen.items()
            if fen > self.deducted_fen.get(code, 0)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """What a final decision on one settlement takes back."""

    deduction_id: UUID
    decision_id: UUID
    inquiry_id: UUID | None
    """The inquiry that it came of; then the decision's id, too."""
    settlement_id: UUID
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    is_by_fund: bool
    """The decision named the funds; otherwise its amount was split."""
    funds_fen: Mapping[str, int]
    """By fund type, each more than zero."""
    state: DeductionState
    appeal_last_date: date
    month: str
    """Clearing month in which it is pending or posted."""
    source_id: UUID
    """Its booking in the ledger."""
    return_month: str = ""
    """Clearing month in which it is given back; empty: it is not."""
    return_source_id: UUID | None = None
    record_time: datetime

    @property
    def amount_fen(self) -> int:
        """What all funds take back together."""
        return sum(self.funds_fen.values())

    def carries_out(self, asked: Asked, settlement_id: UUID, *, insured: str, care: str) -> bool:
        """Returns whether a decision that comes again has the content that was recorded."""
        same = (
            self.funds_fen == asked.funds_fen if self.is_by_fund else asked.amount_fen is not None
        )
        return (
            same
            and self.amount_fen == asked.total_fen
            and (self.settlement_id, self.insured_region_code, self.care_region_code)
            == (settlement_id, insured, care)
        )


def plan(asked: Asked, cleared: Cleared, *, insured: str, care: str) -> dict[str, int]:
    """Returns what a decision takes back by fund type; the sum is what it asks for.

    Args:
        asked: what the decision takes back.
        cleared: the settlement.
        insured: the insured province that the decision names.
        care: the care province that the decision names.

    Raises:
        RuleForbids: DEDUCTION_PAIR_MISMATCH, DISPUTED_SETTLEMENT_REVERSED,
            DEDUCTION_EXCEEDS_SETTLEMENT, in this order.
    """
    if (insured, care) != (cleared.insured_region_code, cleared.care_region_code):
        raise RuleForbids("DEDUCTION_PAIR_MISMATCH", "the settlement is between other provinces")
    require_standing(is_reversed=cleared.is_reversed)
    held = cleared.held_fen
    if asked.amount_fen is not None:
        _require_held(asked.amount_fen, sum(held.values()))
        return split(asked.amount_fen, held)
    for code, fen in sorted(asked.funds_fen.items()):
        _require_held(fen, held.get(code, 0), code)
    return dict(sorted(asked.funds_fen.items()))


def require_standing(*, is_reversed: bool) -> None:
    """Refuses to dispute a settlement that was taken back.

    Raises:
        RuleForbids: DISPUTED_SETTLEMENT_REVERSED.
    """
    if is_reversed:
        raise RuleForbids("DISPUTED_SETTLEMENT_REVERSED", "the settlement was reversed")


def split(amount_fen: int, held_fen: Mapping[str, int]) -> dict[str, int]:
    """Returns an amount split in proportion of what is held, by largest remainder.

    >>> split(100, {"310100": 200, "310200": 100, "330100": 0})
    {'310100': 67, '310200': 33}

    Funds that give nothing are left out. The sum is the amount and no part is more than is held:
    below the whole a share is less than what is held, so that rounding it up reaches it at most.
    Of equal remainders the lower fund type comes first.

    Raises:
        ValueError: the amount is not from 1 to what is held.
    """
    whole = sum(held_fen.values())
    if not 0 < amount_fen <= whole or any(fen < 0 for fen in held_fen.values()):
        msg = "not from 1 to what is held"
        raise ValueError(msg)
    parts, remainders = {}, []
    for code, fen in sorted(held_fen.items()):
        parts[code], remainder = divmod(amount_fen * fen, whole)
        remainders.append((-remainder, code))
    for _, code in sorted(remainders)[: amount_fen - sum(parts.values())]:
        parts[code] += 1
    return {code: fen for code, fen in parts.items() if fen}


def sum_funds(amounts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Returns the sums of amounts by fund type."""
    sums: dict[str, int] = {}
    for one in amounts:
        for code, fen in one.items():
            sums[code] = sums.get(code, 0) + fen
    return sums


def month_for(*, untabled_month: str, settled_month: str) -> str:
    """Returns the month into which a deduction is booked.

    The first one whose tables are not made, but never one before that of the settlement: what was
    not claimed yet cannot be deducted.
    """
    return max(untabled_month, settled_month)


def require_in_term(*, today: date, last_day: date) -> None:
    """Refuses an appeal after its last day.

    Raises:
        RuleForbids: APPEAL_TERM_OVER.
    """
    if today > last_day:
        raise RuleForbids(
            "APPEAL_TERM_OVER",
            "the term for an appeal is over",
            metadata={"lastDate": last_day.isoformat()},
        )


def late_source_id(deduction_id: UUID) -> UUID:
    """Returns the ledger's key of a deduction upheld after its pending month was tabled."""
    return uuid5(_NAMESPACE, f"{deduction_id}/late")


def return_source_id(deduction_id: UUID) -> UUID:
    """Returns the ledger's key of what gives a deduction back."""
    return uuid5(_NAMESPACE, f"{deduction_id}/return")


def _require_held(asked_fen: int, held_fen: int, fund_type_code: str = "") -> None:
    if asked_fen > held_fen:
        metadata = {"askedFen": str(asked_fen), "heldFen": str(held_fen)}
        if fund_type_code:
            metadata["fundTypeCode"] = fund_type_code
        raise RuleForbids(
            "DEDUCTION_EXCEEDS_SETTLEMENT",
            "more than the settlement still holds",
            metadata=metadata,
        )
