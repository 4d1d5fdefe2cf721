"""Finds institutions that turn patients away more often than their peers: exact, no chance finds.

Of each institution: how many of the cases that could have been settled directly were not (claimed
by hand or paid by the patient). That share is held against the pooled share of its peers, the other
institutions of its province, by the exact binomial tail; many institutions are tested at once, so
the level is divided by their number (Bonferroni). A large hospital a little above its peers is not
what is looked for: the lower Wilson bound must also exceed a multiple of the peers' share. A small
one with two unlucky patients has a wide bound and a tail far above the level.

Decimal arithmetic at a fixed precision: the same input gives the same answer on every machine.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Final

from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PRECISION: Final = 40
_SMALL: Final = Decimal("1e-60")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorTerms:
    """What makes a find. Chosen for this project, not published: sample."""

    cases_min: int = 20
    """With fewer, an institution is not tested."""
    level: Decimal = Decimal("0.001")
    """Chance of one find in a country without refusers."""
    multiple: Decimal = Decimal(2)
    """The lower bound must exceed the peers' share times this,"""
    margin: Decimal = Decimal("0.05")
    """and the peers' share plus this."""
    z: Decimal = Decimal("2.576")
    """Of the Wilson bound: 99 % two-sided."""
    peers_min: int = 3
    """Institutions that a province must have beside it; with fewer the whole country are peers."""


TERMS: Final = DetectorTerms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What became of cases that could have been settled directly, at one institution."""

    institution_code: str
    care_region_code: str
    cases: int
    turned_away: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An institution that was tested."""

    attempts: Attempts
    peer_cases: int
    peer_turned_away: int
    peers_are_national: bool
    tail: Decimal
    """Chance of as many or more, if it turned patients away as often as its peers."""
    lower_bound: Decimal
    """Of its own share."""
    tested: int
    """Institutions tested with it."""
    is_flagged: bool


def detect(all_attempts: Sequence[Attempts], terms: DetectorTerms = TERMS) -> list[Suspect]:
    """Returns every institution that was tested, the least likely first.

    Raises:
        ValueError: more were turned away than there were cases.
    """
    for one in all_attempts:
        if not 0 <= one.turned_away <= one.cases:
            msg = "turned away must be 0 to the number of cases"
            raise ValueError(msg)
    tested = [one for one in all_attempts if one.cases >= terms.cases_min]
    sums = _sums(all_attempts)
    with localcontext(Context(prec=_PRECISION)):
        found = [_judge(one, sums, len(tested), terms) for one in tested]
    return sorted(found, key=lambda one: (one.tail, one.attempts.institution_code))


def binomial_tail(count: int, trials: int, share: Decimal) -> Decimal:
    """Returns P(X ≥ count) of `trials` each with chance `share`, which lies between 0 and 1."""
    with localcontext(Context(prec=_PRECISION)):
        if count <= 0:
            return Decimal(1)
        if count > trials or share <= 0:
            return Decimal(0)
        if share >= 1:
            return Decimal(1)
        odds = share / (1 - share)
        term = (1 - share) ** trials
        below = Decimal(0)
        upper = Decimal(0)
        for number in range(trials + 1):
            if number < count:
                below += term
            else:
                upper += term
                if term < upper * _SMALL:
                    break
            term = term * (trials - number) / (number + 1) * odds
        # The smaller of both sums is the exact one: one minus a sum near one loses its digits.
        return +upper if upper < below else max(Decimal(0), 1 - below)


def wilson_lower(count: int, trials: int, z: Decimal) -> Decimal:
    """Returns the lower end of Wilson's interval for count out of trials; 0 without trials."""
    with localcontext(Context(prec=_PRECISION)):
        if not trials:
            return Decimal(0)
        n = Decimal(trials)
        share = Decimal(count) / n
        spread = z * ((share * (1 - share) + z * z / (4 * n)) / n).sqrt()
        return max(Decimal(0), (share + z * z / (2 * n) - spread) / (1 + z * z / n))


def _sums(all_attempts: Sequence[Attempts]) -> Mapping[str, tuple[int, int, int]]:
    """Returns (institutions, cases, turned away) by province; "": all."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in all_attempts:
        for key in ("", codes.province_of(one.care_region_code)):
            sums = found[key]
            sums[0] += 1
            sums[1] += one.cases
            sums[2] += one.turned_away
    return {key: (sums[0], sums[1], sums[2]) for key, sums in found.items()}


def _judge(
    one: Attempts, sums: Mapping[str, tuple[int, int, int]], tested: int, terms: DetectorTerms
) -> Suspect:
    here = sums[codes.province_of(one.care_region_code)]
    is_national = here[0] - 1 < terms.peers_min
    _, cases, turned_away = sums[""] if is_national else here
    cases, turned_away = cases - one.cases, turned_away - one.turned_away
    # One case more either way: peers who never turned anybody away still leave chance a place.
    share = Decimal(turned_away + 1) / Decimal(cases + 2)
    tail = binomial_tail(one.turned_away, one.cases, share)
    lower = wilson_lower(one.turned_away, one.cases, terms.z)
    threshold = max(share * terms.multiple, share + terms.margin)
    return Suspect(
        attempts=one,
        peer_cases=cases,
        peer_turned_away=turned_away,
        peers_are_national=is_national,
        tail=tail,
        lower_bound=lower,
        tested=tested,
        is_flagged=tail * tested < terms.level and lower > threshold,
    )
