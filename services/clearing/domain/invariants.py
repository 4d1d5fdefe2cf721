"""What must hold of clearing at every instant, and how two ways of reckoning one sum are compared.

    BALANCED      payable = receivable, and each kept balance = the sum of its entries
    NET_ZERO      the net positions of all provinces add up to zero
    SETTLEMENTS   fund + account of settlements = cleared + deducted + pending
    TABLES        tables = ledger
    NOTICES       notices = tables; prepayment notices = obligations in the ledger
    PAYMENTS      payments posted = bank lines matched
    CHAIN         the chain of blocks is intact

A sum is known by its key. One that only one side has is compared with zero, so that what was left
out shows like what was changed. Amounts are whole fen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

SHOWN_MAX: Final = 20
"""Contradictions of one invariant that are told; all of them are counted."""


class Invariant(Enum):
    """What must hold."""

    BALANCED = "BALANCED"
    NET_ZERO = "NET_ZERO"
    SETTLEMENTS = "SETTLEMENTS"
    TABLES = "TABLES"
    NOTICES = "NOTICES"
    PAYMENTS = "PAYMENTS"
    CHAIN = "CHAIN"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SumKey:
    """Of what a sum is; empty where it does not apply."""

    subject: str
    """Which two things are compared, in words; the number of a notice or a block."""
    month: str = ""
    insured_region_code: str = ""
    care_region_code: str = ""
    scheme_code: str = ""
    fund_type_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A sum that is not what it must be."""

    key: SumKey
    expected_fen: int
    found_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one invariant came out."""

    invariant: Invariant
    checked_count: int
    """Sums, or blocks, that were compared."""
    contradictions: tuple[Contradiction, ...]
    """All that did not hold, by key."""

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts it."""
        return not self.contradictions

    def plus(self, other: Result) -> Result:
        """Returns both as one, of the same invariant."""
        return Result(
            invariant=self.invariant,
            checked_count=self.checked_count + other.checked_count,
            contradictions=tuple(
                sorted((*self.contradictions, *other.contradictions), key=lambda one: one.key)
            ),
        )


def compare(
    invariant: Invariant, expected: Mapping[SumKey, int], found: Mapping[SumKey, int]
) -> Result:
    """Compares sums that were reckoned in two ways, key by key."""
    keys = sorted(expected.keys() | found.keys())
    return Result(
        invariant=invariant,
        checked_count=len(keys),
        contradictions=tuple(
            Contradiction(key=key, expected_fen=expected.get(key, 0), found_fen=found.get(key, 0))
            for key in keys
            if expected.get(key, 0) != found.get(key, 0)
        ),
    )


def net_positions(due: Mapping[SumKey, int], owed: Mapping[SumKey, int]) -> Mapping[SumKey, int]:
    """Returns what is due less what is owed, by month: zero in each.

    `due` is by care province, `owed` by insured province.
    """
    net: dict[SumKey, int] = {}
    for sums, sign in ((due, 1), (owed, -1)):
        for key, amount_fen in sums.items():
            month = SumKey(subject=key.subject, month=key.month)
            net[month] = net.get(month, 0) + sign * amount_fen
    return net


def added(*parts: Mapping[SumKey, int]) -> dict[SumKey, int]:
    """Returns sums of the same keys as one."""
    total: dict[SumKey, int] = {}
    for part in parts:
        for key, amount_fen in part.items():
            total[key] = total.get(key, 0) + amount_fen
    return total


def merged(results: Iterable[Result]) -> tuple[Result, ...]:
    """Returns one result of each invariant, in their order; those not checked hold of nothing."""
    found = {one: Result(invariant=one, checked_count=0, contradictions=()) for one in Invariant}
    for result in results:
        found[result.invariant] = found[result.invariant].plus(result)
    return tuple(found.values())
