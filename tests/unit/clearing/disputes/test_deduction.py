"""Goal: a deduction takes back exactly what was decided and never more than there is.

Method: the split against its definition with fractions, examples by hand, and any sequence of
deductions of one settlement.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain import deduction, deduction_states, inquiry_states
from services.clearing.domain.deduction import Asked, Cleared, plan, split, sum_funds
from services.clearing.domain.deduction_states import DeductionState
from services.clearing.domain.inquiry_states import InquiryState
from services.kit.errors import RuleForbids

FUNDS = ("310100", "310200", "330100", "390100", "610100")
HELD = st.dictionaries(st.sampled_from(FUNDS), st.integers(0, 10**13), min_size=1).filter(
    lambda held: sum(held.values()) > 0
)


def cleared(funds=None, deducted=None, *, is_reversed=False) -> Cleared:
    return Cleared(
        settlement_id=UUID(int=1),
        insured_region_code="130000",
        care_region_code="110000",
        scheme_code="310",
        month="2026-03",
        funds_fen=funds or {"310100": 200, "310200": 100},
        deducted_fen=deducted or {},
        is_reversed=is_reversed,
    )


def asked(amount=None, **funds) -> Asked:
    return Asked(amount_fen=amount, funds_fen={k.removeprefix("f"): v for k, v in funds.items()})


def planned(one: Asked, of: Cleared, *, insured="130000", care="110000"):
    return plan(one, of, insured=insured, care=care)


@pytest.mark.parametrize(
    ("amount", "held", "parts"),
    [
        (100, {"310100": 200, "310200": 100}, {"310100": 67, "310200": 33}),
        # Of equal remainders the lower fund type comes first.
        (1, {"330100": 5, "310100": 5}, {"310100": 1}),
        (3, {"310100": 1, "310200": 1, "330100": 1}, {"310100": 1, "310200": 1, "330100": 1}),
        (2, {"310100": 1, "310200": 1, "330100": 1}, {"310100": 1, "310200": 1}),
        (300, {"310100": 200, "310200": 100}, {"310100": 200, "310200": 100}),
        (7, {"310100": 0, "310200": 7}, {"310200": 7}),
    ],
)
def test_splits_by_hand(amount, held, parts):
    assert split(amount, held) == parts


@given(HELD, st.data())
def test_a_split_is_exact_and_holds(held, data):
    whole = sum(held.values())
    amount = data.draw(st.integers(1, whole))
    parts = split(amount, held)
    assert sum(parts.values()) == amount
    for code, fen in held.items():
        part = parts.get(code, 0)
        assert 0 <= part <= fen
        assert abs(part - Fraction(amount * fen, whole)) < 1
    # Whoever was rounded up had no smaller remainder than whoever was not.
    exact = {code: Fraction(amount * fen, whole) for code, fen in held.items()}
    up = [exact[c] % 1 for c in held if parts.get(c, 0) > exact[c]]
    down = [exact[c] % 1 for c in held if parts.get(c, 0) < exact[c]]
    assert not up or not down or min(up) >= max(down)


@pytest.mark.parametrize(
    ("amount", "held"), [(0, {"310100": 1}), (-1, {"310100": 1}), (2, {"310100": 1}), (1, {})]
)
def test_what_cannot_be_split(amount, held):
    with pytest.raises(ValueError, match="what is held"):
        split(amount, held)


@given(HELD, st.lists(st.integers(1, 10**13), max_size=8), st.data())
def test_deductions_of_one_settlement_never_exceed_it(funds, amounts, data):
    """Whole amounts and amounts by fund in any order; the last fen can be taken."""
    taken: dict[str, int] = {}
    for amount in [*amounts, None]:
        of = cleared(funds, taken)
        held = of.held_fen
        left = sum(held.values())
        if amount is None:
            if left:
                taken = sum_funds([taken, planned(asked(left), of)])
            break
        code = data.draw(st.sampled_from(sorted(funds)))
        one = asked(amount) if data.draw(st.booleans()) else asked(**{f"f{code}": amount})
        most = left if one.amount_fen else held.get(code, 0)
        if amount > most:
            with pytest.raises(RuleForbids) as refusal:
                planned(one, of)
            assert refusal.value.reason == "DEDUCTION_EXCEEDS_SETTLEMENT"
            assert refusal.value.metadata["heldFen"] == str(most)
        else:
            parts = planned(one, of)
            assert sum(parts.values()) == amount
            taken = sum_funds([taken, parts])
    assert taken == {code: fen for code, fen in funds.items() if fen}


def test_a_fund_that_did_not_pay_gives_nothing_back():
    with pytest.raises(RuleForbids) as refusal:
        planned(asked(f390100=1), cleared())
    assert refusal.value.metadata == {"askedFen": "1", "heldFen": "0", "fundTypeCode": "390100"}


def test_what_is_wrong_is_told_in_a_fixed_order():
    """The pair first: whoever names the wrong provinces learns nothing of the settlement."""
    of = cleared(is_reversed=True)
    with pytest.raises(RuleForbids) as refusal:
        planned(asked(10**9), of, care="120000")
    assert refusal.value.reason == "DEDUCTION_PAIR_MISMATCH"
    with pytest.raises(RuleForbids) as refusal:
        planned(asked(10**9), of, insured="110000", care="130000")
    assert refusal.value.reason == "DEDUCTION_PAIR_MISMATCH"
    with pytest.raises(RuleForbids) as refusal:
        planned(asked(10**9), of)
    assert refusal.value.reason == "DISPUTED_SETTLEMENT_REVERSED"


@pytest.mark.parametrize(
    ("amount", "funds"),
    [(None, {}), (1, {"310100": 1}), (0, {}), (-5, {}), (None, {"310100": 0}),
     (None, {"310100": 5, "310200": -1})],
)  # fmt: skip
def test_nobody_can_ask_for_nothing_or_less(amount, funds):
    with pytest.raises(ValueError, match=r"amount"):
        Asked(amount_fen=amount, funds_fen=funds)


def test_the_month_is_the_first_untabled_one_but_not_before_the_settlement():
    assert deduction.month_for(untabled_month="2026-04", settled_month="2026-03") == "2026-04"
    assert deduction.month_for(untabled_month="2026-04", settled_month="2026-05") == "2026-05"


def test_an_appeal_is_in_term_on_the_last_day():
    deduction.require_in_term(today=date(2026, 4, 10), last_day=date(2026, 4, 10))
    with pytest.raises(RuleForbids) as refusal:
        deduction.require_in_term(today=date(2026, 4, 11), last_day=date(2026, 4, 10))
    assert refusal.value.metadata == {"lastDate": "2026-04-10"}


def test_the_keys_of_a_deduction_in_the_ledger_differ():
    one, two = UUID(int=1), UUID(int=2)
    keys = {key for i in (one, two) for key in (
        i, deduction.late_source_id(i), deduction.return_source_id(i))}  # fmt: skip
    assert len(keys) == 6


@pytest.mark.parametrize("module", [deduction_states, inquiry_states])
def test_the_drawn_states_are_the_allowed_ones(module):
    drawn = set()
    for line in module.__doc__.splitlines():
        if "-->" in line:
            begin, _, rest = line.partition("-->")
            drawn.add((begin.strip(), rest.partition(":")[0].strip()))
    allowed = {(a.value, b.value) for a, targets in module.ALLOWED.items() for b in targets}
    ends = {(a.value, "[*]") for a, targets in module.ALLOWED.items() if not targets}
    assert {pair for pair in drawn if pair[0] != "[*]"} == allowed | ends


def test_only_the_allowed_steps_are_allowed():
    assert deduction_states.is_allowed(DeductionState.PENDING, DeductionState.UPHELD)
    assert not deduction_states.is_allowed(DeductionState.PENDING, DeductionState.WITHDRAWN)
    assert not deduction_states.is_allowed(DeductionState.UPHELD, DeductionState.WITHDRAWN)
    assert not inquiry_states.is_allowed(InquiryState.CONFIRMED, InquiryState.IRREGULAR)
