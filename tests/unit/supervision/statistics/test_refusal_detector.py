"""Goal: a hospital that turns patients away is found, and an honest small one is not."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from math import comb

import pytest

from services.supervision.domain.refusal_detector import (
    Attempts,
    binomial_tail,
    detect,
    wilson_lower,
)


def attempts(number: int, cases: int, turned_away: int, region: str = "110105") -> Attempts:
    return Attempts(
        institution_code=f"H{region}{number:05d}",
        care_region_code=region,
        cases=cases,
        turned_away=turned_away,
    )


def exact(count: int, trials: int, share: Fraction) -> Fraction:
    return sum(
        (
            comb(trials, n) * share**n * (1 - share) ** (trials - n)
            for n in range(count, trials + 1)
        ),
        Fraction(0),
    )


@pytest.mark.parametrize(
    ("count", "trials", "share"),
    [
        (0, 10, Fraction(1, 4)),
        (3, 10, Fraction(1, 4)),
        (10, 10, Fraction(1, 2)),
        (60, 120, Fraction(1, 10)),
        (9, 20, Fraction(9, 10)),
        (1, 400, Fraction(1, 1000)),
    ],
)
def test_the_tail_is_the_exact_one(count, trials, share):
    found = binomial_tail(count, trials, Decimal(share.numerator) / Decimal(share.denominator))
    wanted = exact(count, trials, share)
    assert abs(found - Decimal(wanted.numerator) / Decimal(wanted.denominator)) <= Decimal("1e-25")


def test_the_ends_of_the_tail():
    half = Decimal("0.5")
    assert binomial_tail(0, 5, half) == 1
    assert binomial_tail(6, 5, half) == 0
    assert binomial_tail(1, 5, Decimal(0)) == 0
    assert binomial_tail(5, 5, Decimal(1)) == 1
    assert 0 < binomial_tail(5000, 20_000, Decimal("0.05")) < Decimal("1e-300")


def test_wilson_as_published():
    # 10 of 100 at z = 1.96: 0.0552 (Wilson 1927).
    assert wilson_lower(10, 100, Decimal("1.96")).quantize(Decimal("0.0001")) == Decimal("0.0552")
    assert wilson_lower(0, 0, Decimal("1.96")) == 0
    assert wilson_lower(0, 50, Decimal("1.96")) == 0


def test_a_planted_refuser_is_found_and_honest_ones_are_not():
    draw = random.Random(7)  # noqa: S311
    for _ in range(20):
        honest = [
            attempts(n, cases, sum(draw.random() < 0.08 for _ in range(cases)))
            for n, cases in enumerate([20, 25, 30, 60, 80, 150, 300, 900], start=1)
        ]
        found = detect([*honest, attempts(99, 120, 66)])
        assert [one.attempts.institution_code for one in found if one.is_flagged] == [
            "H11010500099"
        ]
        assert found[0].attempts.institution_code == "H11010500099"


def test_an_honest_small_hospital_with_bad_luck_is_not_found():
    peers = [attempts(n, 400, 32) for n in range(1, 6)]
    small = attempts(99, 21, 5)
    judged = {one.attempts.institution_code: one for one in detect([*peers, small])}
    assert not judged[small.institution_code].is_flagged
    tiny = attempts(98, 6, 6)
    assert tiny.institution_code not in {
        one.attempts.institution_code for one in detect([*peers, tiny])
    }


def test_a_large_hospital_a_little_above_its_peers_is_not_found():
    # 10 % against 8 %: no chance find with 40,000 cases, and no refusing either.
    found = detect([*(attempts(n, 40_000, 3_200) for n in range(1, 5)), attempts(9, 40_000, 4_000)])
    worst = found[0]
    assert worst.attempts.institution_code.endswith("00009")
    assert worst.tail < Decimal("1e-20")
    assert not worst.is_flagged


def test_peers_are_the_others_of_the_province_or_the_country():
    here = [attempts(n, 100, 10) for n in range(1, 5)]
    alone = attempts(1, 100, 60, region="540102")
    found = {one.attempts.care_region_code: one for one in detect([*here, alone])}
    assert found["540102"].peers_are_national
    assert (found["540102"].peer_cases, found["540102"].peer_turned_away) == (400, 40)
    assert not found["110105"].peers_are_national
    assert (found["110105"].peer_cases, found["110105"].peer_turned_away) == (300, 30)


def test_the_level_is_divided_by_how_many_are_tested():
    few = [attempts(n, 50, 4) for n in range(1, 5)]
    many = [attempts(n, 50, 4) for n in range(1, 400)]
    suspect = attempts(999, 50, 15)
    one_of_few, one_of_many = detect([*few, suspect])[0], detect([*many, suspect])[0]
    assert one_of_few.tested == 5
    assert one_of_many.tested == 400


def test_an_order_does_not_matter_and_nonsense_is_refused():
    rows = [attempts(n, 50, n) for n in range(1, 20)]
    assert detect(rows) == detect(rows[::-1])
    with pytest.raises(ValueError, match="turned away"):
        detect([attempts(1, 5, 6)])
