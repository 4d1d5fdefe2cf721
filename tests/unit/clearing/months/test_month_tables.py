"""Goal: tables are the sums of kept balances, both sides of each; netting never moves more than
gross, and nets sum to zero."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain.ledger import Purpose, Side
from services.clearing.domain.month_states import ALLOWED, MonthState
from services.clearing.domain.netting import net
from services.clearing.domain.tables import (
    Counts,
    Group,
    KeptBalance,
    TableLine,
    TablesUnbalanced,
    build_lines,
    check_lines,
    digest_of,
)

MONTH = "2026-03"
GROUP = Group("130000", "110000", "310")
PROVINCES = st.sampled_from(["110000", "130000", "310000", "440000", "640000"])


def both(
    fen: int, *, purpose: Purpose = Purpose.CLEARING, fund: str = "310100"
) -> list[KeptBalance]:
    """Both sides of an account on which so much is owed."""
    receivable = KeptBalance(
        group=GROUP, fund_type_code=fund, purpose=purpose, side=Side.RECEIVABLE, balance_fen=fen
    )
    return [receivable, replace(receivable, side=Side.PAYABLE, balance_fen=-fen)]


def test_a_line_is_the_sum_of_its_purposes() -> None:
    balances = [
        *both(1_000),
        *both(-300, purpose=Purpose.ADJUSTMENT),
        *both(-20, purpose=Purpose.DEDUCTION),
        *both(5, fund="310200"),
    ]
    lines = build_lines(MONTH, balances, {GROUP: Counts(9, 2)}, {(GROUP, "310100"): -7})
    assert [
        (one.fund_type_code, one.cost_fen, one.adjustment_fen, one.deduction_fen, one.payable_fen)
        for one in lines
    ] == [("310100", 1_000, -300, -20, 680), ("310200", 5, 0, 0, 5)]
    assert [(one.settlement_count, one.reversal_count, one.late_fen) for one in lines] == [
        (9, 2, -7),
        (0, 0, 0),
    ]
    assert check_lines(lines) == 685


def test_care_that_cost_the_funds_nothing_is_counted() -> None:
    resident = Group("130000", "110000", "390")
    lines = build_lines(MONTH, [], {GROUP: Counts(3, 0), resident: Counts(0, 1)}, {})
    assert [(one.scheme_code, one.fund_type_code, one.payable_fen) for one in lines] == [
        ("310", "310100", 0),
        ("390", "390100", 0),
    ]
    # A position that only prepayment made has nothing to do with the tables.
    assert build_lines(MONTH, [], {GROUP: Counts(0, 0)}, {}) == []


@pytest.mark.parametrize("change", [1, -1])
def test_sides_that_differ_are_refused(change: int) -> None:
    receivable, payable = both(1_000)
    broken = replace(payable, balance_fen=payable.balance_fen + change)
    for balances in ([receivable, broken], [receivable], [payable]):
        with pytest.raises(TablesUnbalanced):
            build_lines(MONTH, balances, {}, {})


def test_lines_that_do_not_add_up_are_refused() -> None:
    [line] = build_lines(MONTH, both(1_000), {}, {})
    with pytest.raises(TablesUnbalanced, match="parts"):
        check_lines([replace(line, payable_fen=999)])
    with pytest.raises(TablesUnbalanced, match="twice"):
        check_lines([line, line])


def line_of(insured: str, care: str, payable_fen: int) -> TableLine:
    return TableLine(
        month=MONTH,
        insured_region_code=insured,
        care_region_code=care,
        scheme_code="310",
        fund_type_code="310100",
        cost_fen=payable_fen,
        adjustment_fen=0,
        deduction_fen=0,
        payable_fen=payable_fen,
        settlement_count=1,
        reversal_count=0,
    )


LINES = st.dictionaries(
    st.tuples(PROVINCES, PROVINCES).filter(lambda pair: pair[0] != pair[1]),
    st.integers(-(10**9), 10**12),
).map(lambda owed: [line_of(insured, care, fen) for (insured, care), fen in owed.items()])


@given(LINES)
def test_a_digest_is_of_the_lines_in_their_order(lines: list[TableLine]) -> None:
    assert digest_of(lines) == digest_of(reversed(lines))
    for index, line in enumerate(lines):
        changed = [*lines[:index], replace(line, late_fen=1), *lines[index + 1 :]]
        assert digest_of(changed) != digest_of(lines)


@given(LINES)
def test_netting_sums_to_zero_and_saves(lines: list[TableLine]) -> None:
    found = net(lines)
    assert sum(one.net_fen for one in found.positions) == 0
    assert sum(one.payable_fen for one in found.positions) == check_lines(lines)
    assert 0 <= found.multilateral_fen <= found.bilateral_fen <= found.gross_fen
    assert found.saved_fen == found.gross_fen - found.multilateral_fen
    paid = sum(-one.net_fen for one in found.positions if one.net_fen < 0)
    assert paid == found.multilateral_fen


def test_netting_by_hand() -> None:
    found = net(
        [line_of("110000", "310000", 100), line_of("310000", "110000", 70),
         line_of("310000", "440000", 50)]
    )  # fmt: skip
    assert {one.region_code: one.net_fen for one in found.positions} == {
        "110000": -30,
        "310000": -20,
        "440000": 50,
    }
    assert (found.gross_fen, found.bilateral_fen, found.multilateral_fen) == (220, 80, 50)


def test_a_month_goes_one_way() -> None:
    order = list(MonthState)
    for one, following in pairwise(order):
        assert ALLOWED[one] == {following}
    assert not ALLOWED[MonthState.CLOSED]
    assert MonthState.SIGNED.has_reached(MonthState.SIGNED)
    assert not MonthState.SIGNED.has_reached(MonthState.NOTIFIED)
