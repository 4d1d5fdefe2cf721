"""The person's own account, then those of relatives (家庭共济). Amounts in comments are yuan.

600 in scope: 100 deductible, 500 x 50 % = 250 pooled, so 350 in scope are left to the patient.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from services.benefits.domain.model import Accumulators, Circumstances, Purse
from tests.support.packs import settled

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
STEPS = "deductible, segments, account"
EVERYTHING = "[in_scope, prior_self_pay, over_limit, full_self_pay]"


def paid(pays="[in_scope]", family=None, *, balance=0, relatives=(), steps=STEPS, **case):
    parameters = {"account.pays": pays, "account.family_pays": family}
    return settled(
        parameters,
        steps=steps,
        balance=balance,
        circumstances=Circumstances(
            relatives=tuple(Purse(holder, fen) for holder, fen in relatives)
        ),
        **(
            {"in_scope": 60000, "prior": 4000, "over": 2000, "full": 1000, "use_account": True}
            | case
        ),
    )


@pytest.mark.parametrize(
    ("pays", "account"),
    [
        ("[in_scope]", 35000),
        ("[prior_self_pay]", 4000),
        ("[in_scope, prior_self_pay]", 39000),
        ("[over_limit, full_self_pay]", 3000),
        (EVERYTHING, 42000),
    ],
)
def test_the_account_pays_the_parts_it_may(pays, account):
    outcome = paid(pays, balance=10**6)
    assert (outcome.account_pay, outcome.cash_pay) == (account, 42000 - account)
    assert outcome.account_balance == 10**6 - account


@pytest.mark.parametrize(("balance", "account"), [(0, 0), (34999, 34999), (35001, 35000)])
def test_the_account_pays_no_more_than_it_has(balance, account):
    assert paid(balance=balance).account_pay == account


def test_relatives_pay_in_their_order_what_is_left():
    outcome = paid(
        EVERYTHING,
        EVERYTHING,
        balance=10000,
        relatives=[(FIRST, 5000), (SECOND, 0), (THIRD, 90000)],
    )
    # 420 to pay: 100 own, 50, nothing, 270.
    assert outcome.family_payments == ((FIRST, 5000), (THIRD, 27000))
    assert (outcome.account_pay, outcome.cash_pay, outcome.account_balance) == (42000, 0, 0)
    assert outcome.delta.account_pay == 42000
    steps = [(s.code, s.base_fen, s.result_fen) for s in outcome.steps if "account" in s.code]
    assert steps == [
        ("account", 42000, 10000),
        ("family_account", 32000, 5000),
        ("family_account", 27000, 27000),
    ]


@pytest.mark.parametrize(
    ("pays", "family", "balance", "own", "relatives"),
    [
        # Relatives pay in-scope cost only: the own account pays the rest first.
        (EVERYTHING, "[in_scope]", 7000, 7000, 35000),
        (EVERYTHING, "[in_scope]", 10000, 10000, 32000),
        (EVERYTHING, "[in_scope]", 42000, 42000, 0),
        # The own account pays in-scope cost only, relatives prior self-pay only.
        ("[in_scope]", "[prior_self_pay]", 50000, 35000, 4000),
        ("[in_scope]", "[prior_self_pay]", 0, 0, 4000),
    ],
)
def test_relatives_pay_the_parts_they_may(pays, family, balance, own, relatives):
    outcome = paid(pays, family, balance=balance, relatives=[(FIRST, 10**6)])
    assert outcome.account_pay == own + relatives
    assert sum(fen for _, fen in outcome.family_payments) == relatives
    assert outcome.account_balance == balance - own


def test_without_the_rule_relatives_pay_nothing():
    outcome = paid(relatives=[(FIRST, 10**6)])
    assert outcome.family_payments == ()
    assert outcome.account_pay == 0


def test_no_account_pays_unless_the_patient_wants_it():
    outcome = paid(
        EVERYTHING, EVERYTHING, balance=10**6, relatives=[(FIRST, 10**6)], use_account=False
    )
    assert (outcome.account_pay, outcome.family_payments) == (0, ())
    assert (outcome.account_balance, outcome.cash_pay) == (10**6, 42000)


def test_a_pharmacy_may_have_the_account_alone():
    outcome = paid(EVERYTHING, setting="pharmacy", steps="account", balance=50000)
    assert outcome.fund_total == outcome.deductible == outcome.deductible_standard == 0
    assert (outcome.account_pay, outcome.cash_pay) == (50000, 17000)
    assert outcome.causes.share == 60000
    assert outcome.delta == Accumulators(outpatient_in_scope=60000, account_pay=50000)


def test_a_negative_balance_is_a_bug_of_the_caller():
    with pytest.raises(ValueError, match="balance"):
        paid(balance=-1)
    with pytest.raises(ValueError, match="balance"):
        paid(EVERYTHING, EVERYTHING, relatives=[(FIRST, -1)])
