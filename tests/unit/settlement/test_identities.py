"""Goal: the hub books no answer that does not add up. Worked by hand; the property is in
tests/property/test_identities.py."""

from __future__ import annotations

import dataclasses

import pytest

from services.settlement.domain.identities import Answer, Payment, broken_identities

# Case Zhang (published): 17,353.93, of it 16,233.00 in scope, deductible 900, 85 %.
ZHANG = Answer(
    total_fen=1_735_393,
    in_scope_fen=1_623_300,
    uses_account=False,
    deductible_fen=90_000,
    fund_payments=[Payment("310100", 1_303_305)],
    fund_total_fen=1_303_305,
    account_pay_fen=0,
    account_balance_fen=0,
    cash_pay_fen=432_088,
    patient_total_fen=432_088,
)


def test_a_published_settlement_adds_up():
    assert broken_identities(ZHANG) == []


def test_a_bill_paid_from_the_account_adds_up():
    answer = Answer(
        total_fen=452,
        in_scope_fen=429,
        uses_account=True,
        deductible_fen=429,
        fund_payments=[],
        fund_total_fen=0,
        account_pay_fen=452,
        account_balance_fen=1_000,
        cash_pay_fen=0,
        patient_total_fen=452,
    )
    assert broken_identities(answer) == []


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"fund_total_fen": 1_303_306}, "I3"),
        ({"total_fen": 1_735_394}, "I4"),
        ({"cash_pay_fen": 432_087}, "I5"),
        ({"account_pay_fen": 1}, "I6"),
        ({"account_pay_fen": 1, "cash_pay_fen": 432_087}, "no account"),
        ({"deductible_fen": 1_623_301}, "I7"),
        ({"in_scope_fen": 1_393_304}, "I8"),
        ({"deductible_fen": -1}, "I8"),
        ({"account_balance_fen": -1}, "I8"),
        ({"account_pay_fen": -1, "cash_pay_fen": 432_089}, "I8"),
        ({"fund_payments": [Payment("", 1_303_305)]}, "every fund"),
        ({"fund_payments": [Payment("31010", 1_303_305)]}, "every fund"),
        ({"fund_payments": [Payment("310100", 1_303_306), Payment("390200", -1)]}, "I8"),
        ({"causes_fen": (112_093, 90_000, 229_996)}, "the causes"),
        ({"causes_fen": ()}, "the causes"),
        ({"causes_fen": (112_094, 90_000, 229_995, -1)}, "no cause"),
        ({"family_account_pay_fen": -1}, "the accounts of relatives"),
        ({"family_account_pay_fen": 1}, "the accounts of relatives"),
    ],
)
def test_what_does_not_add_up_is_named(changes, broken):
    names = broken_identities(dataclasses.replace(ZHANG, **changes))
    assert any(name.startswith(broken) for name in names)


def test_what_the_patient_pays_by_cause_adds_up():
    # 1,120.93 outside the scope, the deductible, and 15 % of the rest.
    causes = (112_093, 90_000, 229_995)
    assert broken_identities(dataclasses.replace(ZHANG, causes_fen=causes)) == []
    # Nothing to pay, and nothing said of why.
    free = dataclasses.replace(
        ZHANG,
        fund_payments=[Payment("310100", 1_303_305), Payment("390200", 432_088)],
        fund_total_fen=1_735_393,
        cash_pay_fen=0,
        patient_total_fen=0,
    )
    assert broken_identities(dataclasses.replace(free, causes_fen=(0, 0, 0))) == []
    assert broken_identities(dataclasses.replace(free, causes_fen=())) == []


def test_the_accounts_of_relatives_pay_at_most_what_accounts_pay():
    answer = dataclasses.replace(
        ZHANG, uses_account=True, account_pay_fen=100, cash_pay_fen=431_988
    )
    for fen in (0, 99, 100):
        found = dataclasses.replace(answer, family_account_pay_fen=fen)
        assert broken_identities(found) == []
    found = dataclasses.replace(answer, family_account_pay_fen=101)
    assert len(broken_identities(found)) == 1


def test_funds_above_the_pooled_one_may_pay_more_than_what_is_in_scope():
    answer = dataclasses.replace(
        ZHANG,
        fund_payments=[Payment("310100", 1_303_305), Payment("390200", 400_000)],
        fund_total_fen=1_703_305,
        cash_pay_fen=32_088,
        patient_total_fen=32_088,
    )
    assert broken_identities(answer) == []
