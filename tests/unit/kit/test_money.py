"""Goal: no fen appears or vanishes, and no float gets in."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.money import Rounding, format_yuan, parse_decimal, round_fen, share_fen, to_fen

FEN = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("exact", "half_up", "down"),
    [
        (Decimal("2.5"), 3, 2),
        (Decimal("-2.5"), -3, -2),
        (Decimal("2.49"), 2, 2),
        (Fraction(5, 2), 3, 2),
        (Fraction(-5, 2), -3, -2),
        (Fraction(7, 3), 2, 2),
        (7, 7, 7),
    ],
)
def test_rounding_is_the_one_named(exact, half_up, down):
    assert round_fen(exact) == half_up
    assert round_fen(exact, Rounding.DOWN) == down


@given(st.fractions(max_denominator=10**6))
def test_half_up_is_the_nearest_fen(exact):
    found = round_fen(exact)
    assert abs(exact - found) <= Fraction(1, 2)


@given(st.decimals(-(10**9), 10**9, places=6))
def test_decimals_and_fractions_round_alike(exact):
    assert round_fen(exact) == round_fen(Fraction(exact))
    assert round_fen(exact) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(FEN, st.fractions(0, 1, max_denominator=10**4))
def test_a_share_and_its_rest_make_the_whole_within_a_fen(fen, ratio):
    assert abs(share_fen(fen, ratio) + share_fen(fen, 1 - ratio) - fen) <= 1


@pytest.mark.parametrize("value", [0.85, float("nan"), True])
def test_a_float_is_refused(value):
    with pytest.raises(TypeError):
        share_fen(100, value)
    with pytest.raises(TypeError):
        to_fen(value)


@pytest.mark.parametrize(
    "text", ["", "1e5", "NaN", "Infinity", "1.", ".5", "+1", "1.1234567", "１", "1\n", "0x1", " 1"]
)
def test_only_plain_notation_is_a_decimal(text):
    with pytest.raises(ValueError, match="plain notation"):
        parse_decimal(text)


@given(FEN)
def test_yuan_reads_back(fen):
    assert to_fen(Decimal(format_yuan(fen).replace(",", ""))) == fen
