"""Each identity is really checked: breaking one amount is always noticed."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from services.benefits.domain.errors import IdentityBroken
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import Amounts, FundPayment
from tests.policy.bills import bill, settle


@pytest.fixture
def outcome():
    case = bill("131100", in_scope=1080000, prior=100, over=200, full=300, use_account=True)
    return settle(case, balance=5000)


@pytest.mark.parametrize("name", ["fund_total", "account_pay", "cash_pay", "patient_total"])
@pytest.mark.parametrize("change", [-1, 1])
def test_an_amount_off_by_one_fen(outcome, name, change):
    broken = replace(outcome, **{name: getattr(outcome, name) + change})
    with pytest.raises(IdentityBroken):
        check_identities(broken)


@pytest.mark.parametrize("part", [field.name for field in fields(Amounts)])
def test_a_part_of_the_bill_off_by_one_fen(outcome, part):
    amounts = replace(outcome.amounts, **{part: getattr(outcome.amounts, part) + 1})
    with pytest.raises(IdentityBroken, match="I1/I2"):
        check_identities(replace(outcome, amounts=amounts))


def test_deductible_above_its_standard(outcome):
    broken = replace(outcome, deductible=outcome.deductible_standard + 1)
    with pytest.raises(IdentityBroken, match="I7"):
        check_identities(broken)


def test_pooled_fund_above_what_the_deductible_leaves(outcome):
    more = outcome.amounts.in_scope - outcome.deductible + 1
    broken = replace(outcome, fund_payments=(FundPayment("310100", more),), fund_total=more)
    with pytest.raises(IdentityBroken, match="I8: pooled"):
        check_identities(broken)


def test_a_fund_twice_or_of_zero(outcome):
    half = outcome.fund_total // 2
    twice = (FundPayment("310100", half), FundPayment("310100", outcome.fund_total - half))
    with pytest.raises(IdentityBroken, match="I9"):
        check_identities(replace(outcome, fund_payments=twice))
    zero = (*outcome.fund_payments, FundPayment("330100", 0))
    with pytest.raises(IdentityBroken, match="I9"):
        check_identities(replace(outcome, fund_payments=zero))


def test_negative_amounts(outcome):
    broken = replace(outcome, cash_pay=-1, account_pay=outcome.account_pay + outcome.cash_pay + 1)
    with pytest.raises(IdentityBroken, match="negative"):
        check_identities(broken)


def test_no_amount_stands_in_the_text(outcome):
    broken = replace(outcome, fund_total=987654321)
    with pytest.raises(IdentityBroken) as error:
        check_identities(broken)
    assert "987654321" not in str(error.value)
