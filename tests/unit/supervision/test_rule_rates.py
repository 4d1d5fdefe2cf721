"""False-positive rates: exact counts, bounds that enclose them, nothing claimed of nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.supervision.domain.rule_rates import RuleRate
from services.supervision.publication.messages import write_rate


def rate(confirmed: int, rejected: int, *, waiting: int = 0) -> RuleRate:
    return RuleRate(
        rule_code="DRUG_SEX",
        confirmed=confirmed,
        rejected=rejected,
        open=waiting,
        confirmed_fen=confirmed * 100,
        rejected_fen=rejected * 100,
    )


@pytest.mark.parametrize(
    ("confirmed", "rejected", "ratio"),
    [(3, 1, "0.2500"), (2, 1, "0.3333"), (0, 5, "1.0000"), (7, 0, "0.0000"), (1999, 1, "0.0005")],
)
def test_the_ratio_is_of_what_is_decided(confirmed: int, rejected: int, ratio: str) -> None:
    assert rate(confirmed, rejected, waiting=99).false_positive_ratio == Decimal(ratio)


def test_of_nothing_decided_nothing_is_said() -> None:
    one = rate(0, 0, waiting=5)
    assert (one.false_positive_ratio, one.bounds) == (None, (Decimal(0), Decimal(1)))
    message = write_rate(one)
    assert not message.HasField("false_positive_ratio")
    assert not message.HasField("ratio_min")
    assert message.open_count == 5


def test_published_values_of_the_interval() -> None:
    """Wilson's interval of 1 in 10 at 95 % is 0.0179 to 0.4042 (Newcombe 1998, method 3)."""
    assert rate(9, 1).bounds == (Decimal("0.0178"), Decimal("0.4042"))


@given(confirmed=st.integers(0, 3000), rejected=st.integers(0, 3000))
def test_the_interval_encloses_the_ratio_and_narrows(confirmed: int, rejected: int) -> None:
    one = rate(confirmed, rejected)
    low, high = one.bounds
    assert 0 <= low <= high <= 1
    if one.false_positive_ratio is not None:
        assert low <= one.false_positive_ratio <= high
        more = rate(confirmed * 4, rejected * 4)
        assert more.bounds[1] - more.bounds[0] <= high - low + Decimal("0.0002")
