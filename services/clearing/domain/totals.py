"""Totals of a day: what a party states, what the hub has, what the details add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.clearing.domain.reconciliation import Amounts, LegRecord, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A count of settlements and what their amounts add up to."""

    count: int
    amounts: Amounts

    def plus(self, other: Sums) -> Sums:
        """Returns both together."""
        mine, theirs = self.amounts, other.amounts
        return Sums(
            count=self.count + other.count,
            amounts=Amounts(
                total_fen=mine.total_fen + theirs.total_fen,
                fund_fen=mine.fund_fen + theirs.fund_fen,
                account_fen=mine.account_fen + theirs.account_fen,
                cash_fen=mine.cash_fen + theirs.cash_fen,
            ),
        )


NOTHING = Sums(count=0, amounts=Amounts(total_fen=0, fund_fen=0, account_fen=0, cash_fen=0))


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """What totals are kept by."""

    insured_region_code: str
    """Province, xx0000."""
    scheme_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What happened on a day in one group; a settlement made and taken back on it is in both."""

    settled: Sums = NOTHING
    reversed: Sums = NOTHING

    def plus(self, other: Totals) -> Totals:
        """Returns both together."""
        return Totals(
            settled=self.settled.plus(other.settled), reversed=self.reversed.plus(other.reversed)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsDifference:
    """A group in which two sides differ."""

    group: Group
    one: Totals
    other: Totals


def differing(
    one: Mapping[Group, Totals], other: Mapping[Group, Totals]
) -> tuple[TotalsDifference, ...]:
    """Returns the groups in which two sides differ; one that is absent is nothing."""
    return tuple(
        TotalsDifference(
            group=group, one=one.get(group, Totals()), other=other.get(group, Totals())
        )
        for group in sorted({*one, *other})
        if one.get(group, Totals()) != other.get(group, Totals())
    )


def add_up(records: Iterable[LegRecord], settled_earlier: Iterable[UUID]) -> dict[Group, Totals]:
    """Returns what details add up to.

    `settled_earlier` are settlements that belong to the day by their reversal alone.
    """
    earlier = frozenset(settled_earlier)
    found: dict[Group, Totals] = {}
    for record in records:
        group = Group(record.place.insured_region_code, record.place.scheme_code)
        sums = Sums(count=1, amounts=record.amounts or NOTHING.amounts)
        part = Totals(
            settled=NOTHING if record.settlement_id in earlier else sums,
            reversed=sums if record.status is Status.REVERSED else NOTHING,
        )
        found[group] = found.get(group, Totals()).plus(part)
    return found


def count_settled(totals: Mapping[Group, Totals]) -> int:
    """Returns the settlements made on the day in all groups."""
    return sum(one.settled.count for one in totals.values())


def first_gap(
    stated: Mapping[Group, Totals], details: Mapping[Group, Totals]
) -> tuple[str, int, int] | None:
    """Returns the first sum in which details do not add up to what is stated: name, both values."""
    for difference in differing(stated, details):
        for kind in ("settled", "reversed"):
            one: Sums = getattr(difference.one, kind)
            other: Sums = getattr(difference.other, kind)
            if one.count != other.count:
                return f"{kind}.settlement_count", one.count, other.count
            for name, field in _AMOUNT_FIELDS:
                left, right = getattr(one.amounts, field), getattr(other.amounts, field)
                if left != right:
                    return f"{kind}.{name}", left, right
    return None


_AMOUNT_FIELDS: Sequence[tuple[str, str]] = (
    ("total", "total_fen"),
    ("fund_total", "fund_fen"),
    ("account_pay", "account_fen"),
    ("cash_pay", "cash_fen"),
)
