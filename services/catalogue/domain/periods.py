"""Periods of validity: first and last day, both included."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

Period = tuple["date", "date | None"]
"""First and last day, both included; None: open."""


def overlap(one: Period, other: Period) -> bool:
    """Tells whether two periods share a day."""
    one_begin, one_end = one
    other_begin, other_end = other
    return (other_end is None or one_begin <= other_end) and (
        one_end is None or other_begin <= one_end
    )


def overlaps_any(period: Period, others: Iterable[Period]) -> bool:
    """Tells whether a period shares a day with any of several."""
    return any(overlap(period, other) for other in others)


def holds(period: Period, day: date) -> bool:
    """Tells whether a day lies in a period."""
    begin, end = period
    return begin <= day and (end is None or day <= end)
