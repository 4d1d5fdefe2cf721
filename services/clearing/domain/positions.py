"""Positions: what pairs of provinces owe for the care of a month, as the feed has it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.clearing.domain.ledger import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.clearing.domain.ledger import Booking, Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What one pair owes for the care of one month and scheme (应付/应收), by the feed."""

    pair: Pair
    owed_fen: Mapping[str, int]
    """By fund type; negative where reversals of earlier months outweigh."""
    settlement_count: int
    reversal_count: int


def positions_of(bookings: Iterable[Booking]) -> dict[Pair, Position]:
    """Returns the positions that bookings add up to: what the stored ledger must equal."""
    owed: dict[Pair, Counter[str]] = {}
    counts: Counter[tuple[Pair, Kind]] = Counter()
    for booking in bookings:
        if booking.pair is None:
            continue
        counts[booking.pair, booking.kind] += 1
        by_fund = owed.setdefault(booking.pair, Counter())
        for transfer in booking.transfers:
            by_fund[transfer.fund_type_code] += transfer.amount_fen
    return {
        pair: Position(
            pair=pair,
            owed_fen=dict(by_fund),
            settlement_count=counts[pair, Kind.SETTLED],
            reversal_count=counts[pair, Kind.REVERSED],
        )
        for pair, by_fund in owed.items()
    }
