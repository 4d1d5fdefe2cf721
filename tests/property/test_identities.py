"""Goal: broken_identities accepts exactly the answers that add up.

Method: consistent answers are built from their parts, so they are right by construction; then one
amount is moved. An independent statement of the rules judges arbitrary amounts.
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain.identities import Answer, Payment, broken_identities

fens = st.integers(0, 10**9)
POOLED = ("310100", "390100")
OTHERS = ("330100", "390200", "610100", "99990101")


@st.composite
def consistent(draw):
    """Bill, deductible, pooled fund, other funds, account: each at most what is left."""
    total = draw(st.integers(1, 10**9))
    in_scope = draw(st.integers(0, total))
    deductible = draw(st.integers(0, in_scope))
    pooled = draw(st.integers(0, in_scope - deductible))
    left, payments = total - pooled, []
    if pooled:
        payments.append(Payment(draw(st.sampled_from(POOLED)), pooled))
    for code in draw(st.lists(st.sampled_from(OTHERS), max_size=3, unique=True)):
        paid = draw(st.integers(0, left))
        left -= paid
        payments.append(Payment(code, paid))
    account = draw(st.integers(0, left))
    cuts = sorted(draw(st.lists(st.integers(0, left), max_size=6)))
    causes = [after - before for before, after in pairwise([0, *cuts, left])]
    return Answer(
        total_fen=total,
        in_scope_fen=in_scope,
        uses_account=account > 0 or draw(st.booleans()),
        deductible_fen=deductible,
        fund_payments=payments,
        fund_total_fen=total - left,
        account_pay_fen=account,
        account_balance_fen=draw(fens),
        cash_pay_fen=left - account,
        patient_total_fen=left,
        family_account_pay_fen=draw(st.integers(0, account)),
        causes_fen=draw(st.none() | st.just(causes)),
    )


AMOUNTS = ("total_fen", "fund_total_fen", "account_pay_fen", "cash_pay_fen", "patient_total_fen")


@given(consistent())
def test_what_adds_up_is_accepted(answer):
    assert broken_identities(answer) == []


@given(consistent(), st.sampled_from(AMOUNTS), st.integers(-(10**6), 10**6).filter(bool))
def test_one_amount_moved_is_refused(answer, name, by):
    moved = dataclasses.replace(answer, **{name: getattr(answer, name) + by})
    assert broken_identities(moved)


@given(consistent(), st.data(), st.integers(-(10**6), 10**6).filter(bool))
def test_one_payment_moved_is_refused(answer, data, by):
    if not answer.fund_payments:
        payments = [Payment("310100", by)]
    else:
        index = data.draw(st.integers(0, len(answer.fund_payments) - 1))
        payments = list(answer.fund_payments)
        payments[index] = dataclasses.replace(
            payments[index], amount_fen=payments[index].amount_fen + by
        )
    assert broken_identities(dataclasses.replace(answer, fund_payments=payments))


@given(consistent(), st.data(), st.integers(-(10**6), 10**6).filter(bool))
def test_one_cause_moved_is_refused(answer, data, by):
    causes = list(answer.causes_fen or [answer.patient_total_fen])
    causes[data.draw(st.integers(0, len(causes) - 1))] += by
    assert broken_identities(dataclasses.replace(answer, causes_fen=causes))


@given(consistent(), st.integers(1, 10**6))
def test_relatives_beyond_their_bounds_are_refused(answer, by):
    beyond = answer.account_pay_fen + by
    for fen in (beyond, -by):
        assert broken_identities(dataclasses.replace(answer, family_account_pay_fen=fen))


@given(consistent(), st.integers(1, 10**6))
def test_a_deductible_beyond_its_bounds_is_refused(answer, by):
    beyond = dataclasses.replace(answer, deductible_fen=answer.in_scope_fen + by)
    assert broken_identities(beyond)
    assert broken_identities(dataclasses.replace(answer, deductible_fen=-by))


@given(
    st.builds(
        Answer,
        **{
            field.name: st.integers(-2, 6)
            for field in dataclasses.fields(Answer)
            if field.name not in {"fund_payments", "causes_fen", "uses_account"}
        },
        uses_account=st.booleans(),
        causes_fen=st.none() | st.lists(st.integers(-1, 4), max_size=3),
        fund_payments=st.lists(
            st.builds(
                Payment,
                st.sampled_from((*POOLED, *OTHERS, "", "31010", "310100\n", "３10100")),
                st.integers(-1, 4),
            ),
            max_size=3,
        ),
    )
)
def test_it_accepts_what_the_rules_accept(answer):
    amounts = [payment.amount_fen for payment in answer.fund_payments]
    pooled = sum(p.amount_fen for p in answer.fund_payments if p.fund_type_code in POOLED)
    adds_up = (
        answer.fund_total_fen == sum(amounts)
        and answer.patient_total_fen == answer.total_fen - sum(amounts)
        and answer.cash_pay_fen == answer.patient_total_fen - answer.account_pay_fen
        and pooled + answer.deductible_fen <= answer.in_scope_fen
        and answer.deductible_fen <= answer.in_scope_fen
        and all(fen >= 0 for fen in amounts)
        and answer.deductible_fen >= 0
        and answer.account_pay_fen >= 0
        and answer.account_balance_fen >= 0
        and answer.cash_pay_fen >= 0
        and (answer.uses_account or answer.account_pay_fen == 0)
        and 0 <= answer.family_account_pay_fen <= answer.account_pay_fen
        and (
            answer.causes_fen is None
            or (
                sum(answer.causes_fen) == answer.patient_total_fen
                and all(fen >= 0 for fen in answer.causes_fen)
            )
        )
        and all(p.fund_type_code in {*POOLED, *OTHERS} for p in answer.fund_payments)
    )
    assert (not broken_identities(answer)) == adds_up
