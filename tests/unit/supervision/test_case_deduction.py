"""Goal: what is deducted is exact to the fen: a line counts once, and never more than funds paid.

The oracle of the properties reckons with fractions over a bill of a few lines, in another order.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.supervision.domain.case_deduction import (
    Fault,
    PaidBill,
    PaidLine,
    deduction_of,
    largest,
    lowered,
    shares_of,
)

BILL = PaidBill(
    lines={
        "1": PaidLine(amount_fen=10_000, in_scope_fen=10_000),
        "2": PaidLine(amount_fen=20_000, in_scope_fen=18_000),
        "3": PaidLine(amount_fen=5_000, in_scope_fen=0),
    },
    funds_fen={"310100": 14_000, "330100": 3_001},
)


def taken(bill, *faults):
    return deduction_of(bill, shares_of(bill, faults), before={}, taken_fen={})


def test_a_line_gives_back_its_share_of_what_each_fund_paid():
    # 10 000 of 28 000 in scope: 14 000 × 10/28 = 5 000; 3 001 × 10/28 = 1 071.78…
    assert taken(BILL, Fault(line_ids=("1",), at_fault_fen=10_000)) == {
        "310100": 5_000,
        "330100": 1_071,
    }


def test_a_line_that_the_patient_paid_gives_back_nothing():
    assert taken(BILL, Fault(line_ids=("3",), at_fault_fen=5_000)) == {}


def test_the_whole_bill_gives_back_all_that_the_funds_paid():
    assert taken(BILL, Fault(line_ids=(), at_fault_fen=35_000)) == BILL.funds_fen


def test_a_line_in_several_findings_counts_once():
    once = taken(BILL, Fault(line_ids=("1",), at_fault_fen=10_000))
    assert once == taken(
        BILL,
        Fault(line_ids=("1",), at_fault_fen=10_000),
        Fault(line_ids=("1",), at_fault_fen=10_000),
        Fault(line_ids=("1",), at_fault_fen=2_500),
    )


def test_a_part_of_a_line_gives_back_a_part():
    # Half of line 1: 5 000 of 28 000.
    assert taken(BILL, Fault(line_ids=("1",), at_fault_fen=5_000)) == {
        "310100": 2_500,
        "330100": 535,
    }


def test_a_part_of_several_lines_is_spread_over_them():
    assert shares_of(BILL, [Fault(line_ids=("1", "2"), at_fault_fen=15_000)]) == {
        "1": Fraction(1, 2),
        "2": Fraction(1, 2),
    }


def test_lines_that_the_bill_does_not_have_are_left_out():
    assert taken(BILL, Fault(line_ids=("9",), at_fault_fen=10_000)) == {}


def test_a_bill_without_anything_in_scope_gives_back_nothing():
    bill = PaidBill(lines={"1": PaidLine(amount_fen=5, in_scope_fen=0)}, funds_fen={"310100": 1})
    assert taken(bill, Fault(line_ids=(), at_fault_fen=5)) == {}


@pytest.mark.parametrize(
    ("held", "wanted"),
    [(0, {"330100": 5}), (3, {"310100": 3, "330100": 5}), (99, {"310100": 10, "330100": 5})],
)
def test_a_fund_is_lowered_to_what_clearing_holds_and_never_raised(held, wanted):
    assert lowered({"310100": 10, "330100": 5}, "310100", held) == wanted


FEN = st.integers(0, 10**9)


@st.composite
def paid_bills(draw):
    lines = {}
    for number in range(draw(st.integers(1, 6))):
        amount = draw(FEN)
        lines[str(number)] = PaidLine(amount_fen=amount, in_scope_fen=draw(st.integers(0, amount)))
    scope = sum(one.in_scope_fen for one in lines.values())
    funds = {}
    for code in draw(st.sets(st.sampled_from(["310100", "330100", "610100"]), max_size=3)):
        funds[code] = draw(st.integers(1, max(1, scope)))
    return PaidBill(lines=lines, funds_fen=funds)


@st.composite
def faults(draw, bill):
    line_ids = tuple(draw(st.lists(st.sampled_from(sorted(bill.lines)), unique=True)))
    whole = sum(bill.lines[one].amount_fen for one in line_ids or bill.lines)
    return Fault(line_ids=line_ids, at_fault_fen=draw(st.integers(0, whole)))


@given(st.data())
def test_no_fund_ever_gives_back_more_than_it_paid(data):
    bill = data.draw(paid_bills())
    found = taken(bill, *data.draw(st.lists(faults(bill), max_size=5)))
    assert all(0 < fen <= bill.funds_fen[code] for code, fen in found.items())


@given(st.data())
def test_decisions_one_after_the_other_take_what_one_decision_would(data):
    bill = data.draw(paid_bills())
    found = data.draw(st.lists(faults(bill), min_size=1, max_size=5))
    together = taken(bill, *found)
    sums: dict[str, int] = {}
    before: list[dict[str, Fraction]] = []
    for fault in data.draw(st.permutations(found)):
        shares = shares_of(bill, [fault])
        for code, fen in deduction_of(bill, shares, before=largest(before), taken_fen=sums).items():
            sums[code] = sums.get(code, 0) + fen
        before.append(shares)
    assert sums == together


@given(st.data())
def test_whatever_is_given_back_in_between_no_more_is_taken_than_what_stands(data):
    bill = data.draw(paid_bills())
    standing: list[tuple[dict[str, Fraction], dict[str, int]]] = []
    for fault in data.draw(st.lists(faults(bill), min_size=1, max_size=5)):
        if standing and data.draw(st.booleans()):
            # An appeal is granted: a decision falls with what it took.
            del standing[data.draw(st.integers(0, len(standing) - 1))]
        sums: dict[str, int] = {}
        for _, funds in standing:
            for code, fen in funds.items():
                sums[code] = sums.get(code, 0) + fen
        shares = shares_of(bill, [fault])
        before = largest([lines for lines, _ in standing])
        found = deduction_of(bill, shares, before=before, taken_fen=sums)
        alone = taken(bill, fault)
        for code, fen in found.items():
            # What its own lines give back, but for the fen that rounding together brings.
            assert fen <= alone.get(code, 0) + 1
            assert sums.get(code, 0) + fen <= bill.funds_fen[code]
        standing.append((shares, found))


def test_what_an_appeal_gave_back_is_not_taken_by_a_later_decision():
    first, second = ({"1": Fraction(1)}, {"2": Fraction(1)})
    assert deduction_of(BILL, second, before=first, taken_fen={"310100": 5_000, "330100": 1_071})
    # The first fell; the second, which took its own, is looked at again.
    again = {"310100": 9_000, "330100": 1_930}
    assert deduction_of(BILL, second, before=second, taken_fen=again) == {}


def test_what_clearing_did_not_hold_is_not_asked_of_another_decision():
    first, second = ({"1": Fraction(1)}, {"2": Fraction(1)})
    found = deduction_of(BILL, second, before=first, taken_fen={"310100": 3_000})
    assert found == {"310100": 9_000, "330100": 1_930}


@given(st.data())
def test_the_amount_is_the_exact_proportion_rounded_down(data):
    bill = data.draw(paid_bills())
    found = data.draw(st.lists(faults(bill), max_size=4))
    shares = {line_id: Fraction(0) for line_id in bill.lines}
    for fault in reversed(found):
        ids = fault.line_ids or tuple(bill.lines)
        whole = sum(bill.lines[one].amount_fen for one in ids)
        for one in ids:
            share = Fraction(fault.at_fault_fen, whole) if whole else Fraction(1)
            shares[one] = max(shares[one], share)
    whole = bill.in_scope_fen
    wanted = {}
    for code, fen in bill.funds_fen.items():
        at_fault = sum(bill.lines[one].in_scope_fen * share for one, share in shares.items())
        amount = (fen * at_fault / whole).__floor__() if whole else 0
        if amount:
            wanted[code] = amount
    assert taken(bill, *found) == wanted
