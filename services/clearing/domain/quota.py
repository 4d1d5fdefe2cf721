"""The prepayment quota (预付金额度) of a pair of provinces and a scheme: what must be held.

    annual     the months counted (Q4 of last year) on average, times the months held (two)
    first      as the provinces reported it
    top-up     what an emergency adds in the middle of a year

A quota is in force when it was decided by a second person. What changes hands is the difference to
the quota in force before: positive, the insured province pays; negative, the care province returns.
Ratios are exact; an average is rounded once, at the end, half a fen up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from services.kit import codes
from services.kit.money import round_fen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PREPAYMENT_FUNDS: Final[Mapping[str, str]] = {"310": "310100", "390": "390100"}
"""Scheme → fund type that prepayment comes from: the pooled fund (统筹基金) of the scheme."""
YEAR_MIN: Final = 2017
"""The first year in which there were quotas."""
YEAR_MAX: Final = 2099
_QUARTER: Final = ("10", "11", "12")


class QuotaKey(NamedTuple):
    """Between whom a quota stands, in the order in which quotas are listed and locked."""

    insured_region_code: str
    """Province, xx0000: it pays."""
    care_region_code: str
    """Province, xx0000: it holds."""
    scheme_code: str


class QuotaKind(Enum):
    """Why a quota is what it is."""

    ANNUAL = "ANNUAL"
    FIRST = "FIRST"
    TOP_UP = "TOP_UP"
    CANCELLED = "CANCELLED"
    """The notice of a change was rejected: what it had changed is taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaLine:
    """One line of a proposal."""

    key: QuotaKey
    month_fen: tuple[int, ...]
    """The settled amounts of the months counted, oldest first; empty: reported, not computed."""
    in_force_fen: int
    quota_fen: int

    @property
    def change_fen(self) -> int:
        """What changes hands: above zero the insured province pays, below the care province."""
        return self.quota_fen - self.in_force_fen


def basis_months(year: int) -> tuple[str, ...]:
    """Returns the months that the quota of a year counts: Q4 of the year before, "YYYY-MM"."""
    return tuple(f"{year - 1}-{month}" for month in _QUARTER)


def quota_of(month_fen: Sequence[int], *, months_held: int) -> int:
    """Returns the quota for settled amounts: their average times the months held, half up.

    Never below zero: refunds can outweigh what was settled, and nobody prepays backwards.
    """
    return max(0, round_fen(Fraction(months_held * sum(month_fen), len(month_fen))))


def propose(
    settled: Mapping[QuotaKey, Sequence[int]],
    in_force: Mapping[QuotaKey, int],
    *,
    months_held: int,
) -> tuple[QuotaLine, ...]:
    """Returns the lines of an annual proposal, by key: what was settled or is in force now.

    A pair that nobody travelled between in Q4 falls to zero, and what is held for it goes back.
    """
    keys = sorted(settled.keys() | in_force.keys())
    lines = (
        QuotaLine(
            key=key,
            month_fen=tuple(settled.get(key, (0, 0, 0))),
            in_force_fen=in_force.get(key, 0),
            quota_fen=quota_of(settled.get(key, (0, 0, 0)), months_held=months_held),
        )
        for key in keys
    )
    return tuple(line for line in lines if line.quota_fen or line.in_force_fen)


def pair_problem(key: QuotaKey) -> str:
    """Returns why no quota can stand between these, for developers; empty: it can."""
    insured, care, scheme = key
    if insured not in codes.PROVINCES or care not in codes.PROVINCES:
        return "a province is not one of the 32 participants"
    if insured == care:
        return "a province holds nothing for itself"
    if scheme not in PREPAYMENT_FUNDS:
        return "prepayment is kept for the schemes 310 and 390"
    return ""


def first_repeated(keys: Iterable[QuotaKey]) -> int | None:
    """Returns the place of the first key that came before, or None."""
    seen: set[QuotaKey] = set()
    for place, key in enumerate(keys):
        if key in seen:
            return place
        seen.add(key)
    return None
