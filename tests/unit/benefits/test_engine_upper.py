"""The funds above the pooled one, each on what the one before left. Amounts in comments are yuan.

Unless said, 1,600 in scope: 100 deductible, 1,000 at 50 % and 500 at 80 % = 900 pooled, 600 share.
"""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.model import (
    Accumulators,
    AidIdentity,
    BenefitLevel,
    Circumstances,
    Entitlement,
    EntitlementKind,
)
from services.kit.errors import RuleForbids
from tests.policy.bills import funds
from tests.support.packs import By, settled

SINCE = date(2020, 1, 1)
FLAT = {"segments.scale": "[{above: 0.00, ratio: 0.00}]", "deductible.amount": "0.00"}
"""The pooled fund pays nothing: all of the in-scope cost is share."""


def holding(*entitlements, until=None):
    """Circumstances with entitlements: a kind, or a kind and a code."""
    pairs = [one if isinstance(one, tuple) else (one, "") for one in entitlements]
    return Circumstances(
        entitlements=tuple(Entitlement(kind, code, SINCE, until) for kind, code in pairs)
    )


def aided(*identities, until=None):
    return holding(
        *((EntitlementKind.MEDICAL_AID, identity.value) for identity in identities), until=until
    )


def paid(parameters=None, *, steps, in_scope=160000, **more):
    return settled(parameters, steps=f"deductible, segments, {steps}", in_scope=in_scope, **more)


LARGE_BANDS = {
    "pooled_cap.amount": "0.00",
    "large_amount.scale": "[{above: 0.00, ratio: 0.90}, {above: 1000.00, ratio: 0.60}]",
    "large_amount.cap": "unlimited",
}


@pytest.mark.parametrize(
    ("base_before", "large"),
    [
        # 1,500 above the cap: 1,000 x 90 % + 500 x 60 %.
        (0, 120000),
        # From 400 to 1,900: 600 x 90 % + 900 x 60 %.
        (40000, 108000),
        (100000, 90000),
    ],
)
def test_large_amount_has_brackets_of_the_year(base_before, large):
    outcome = paid(
        LARGE_BANDS,
        steps="pooled_cap, large_amount",
        before=Accumulators(large_amount_base=base_before),
    )
    assert funds(outcome) == {"330100": large}
    assert outcome.causes.above_cap == 150000 - large
    assert outcome.delta.large_amount_base == 150000
    assert outcome.delta.fund_large_amount == large


@pytest.mark.parametrize(
    ("cap", "used", "large"),
    [("1200.00", 0, 120000), ("1199.99", 0, 119999), ("1200.00", 50000, 70000), ("9.00", 901, 0)],
)
def test_the_cap_of_large_amount_is_of_the_year(cap, used, large):
    outcome = paid(
        LARGE_BANDS | {"large_amount.cap": cap},
        steps="pooled_cap, large_amount",
        before=Accumulators(fund_large_amount=used),
    )
    assert outcome.delta.fund_large_amount == large


@pytest.mark.parametrize(
    ("steps", "other", "large"),
    [
        # 1,500 above the cap: 1,200 by large amount, then 300 x 80 %; or 1,200, and 300 are left.
        ("pooled_cap, large_amount, other_fund", 24000, 120000),
        ("pooled_cap, other_fund, large_amount", 120000, 30000),
    ],
)
def test_large_amount_pays_no_more_than_another_fund_left(steps, other, large):
    outcome = paid(
        LARGE_BANDS
        | {"other_fund.counts": "[above_cap]", "other_fund.scale": "[{above: 0.00, ratio: 0.80}]"},
        steps=steps,
    )
    assert funds(outcome) == {"910100": other, "330100": large}
    assert outcome.delta.large_amount_base == 150000


def test_large_amount_shows_each_bracket():
    outcome = paid(LARGE_BANDS, steps="pooled_cap, large_amount")
    bands = [
        (step.base_fen, step.result_fen, step.parameters[-1].value)
        for step in outcome.steps
        if step.code == "large_amount_band"
    ]
    assert bands == [(100000, 90000, "90%"), (50000, 30000, "60%")]


def test_large_amount_and_critical_illness_of_an_employee_are_one_fund():
    outcome = paid(
        {"pooled_cap.amount": "500.00", "critical_illness.threshold": "100.00"},
        steps="pooled_cap, large_amount, critical_illness",
    )
    # 500 pooled for 1,000; 500 above the cap, 450 by large amount. Burden 500 share + 50 + 100
    # deductible = 650; 550 above 100 x 60 % = 330.
    assert funds(outcome) == {"310100": 50000, "330100": 45000 + 33000}
    assert outcome.critical_base == 65000
    assert outcome.delta == Accumulators(
        inpatient_in_scope=160000,
        inpatient_deductible=10000,
        inpatient_count=1,
        fund_pooled=50000,
        large_amount_base=50000,
        fund_large_amount=45000,
        critical_illness_base=65000,
        fund_critical_illness=33000,
    )
    # 330 of the burden: first the 50 above the cap, then 280 of the share.
    causes = outcome.causes
    assert (causes.above_cap, causes.share, causes.deductible) == (0, 22000, 10000)


def test_critical_illness_takes_the_deductible_last_and_only_if_it_counts():
    parameters = {
        "critical_illness.threshold": "0.00",
        "critical_illness.scale": "[{above: 0.00, ratio: 1.00}]",
    }
    all_of_it = paid(parameters, scheme="390", steps="critical_illness")
    assert funds(all_of_it) == {"390100": 90000, "390200": 70000}
    assert all_of_it.patient_total == 0
    share = paid(
        parameters | {"critical_illness.deductible_counts": "false"},
        scheme="390",
        steps="critical_illness",
    )
    assert funds(share) == {"390100": 90000, "390200": 60000}
    assert share.causes.deductible == share.patient_total == 10000


def test_what_is_paid_first_elsewhere_is_no_burden_of_critical_illness():
    outcome = settled(
        {"critical_illness.threshold": "0.00", "reduction.filed": "0.00"},
        scheme="390",
        steps="away_self_pay, deductible, segments, critical_illness",
        in_scope=160000,
        care="640104",
    )
    # 160 first, 100 deductible, base 1,340: 500 + 272 = 772. Burden 1,600 - 160 - 772 = 668.
    assert outcome.critical_base == 66800
    assert funds(outcome) == {"390100": 77200, "390200": 40080}
    assert outcome.causes.away_self_pay == 16000


BY_IDENTITY = {
    "critical_illness.threshold": By("identity", "{extreme_poverty: 500.00, any: 1000.00}"),
    "critical_illness.scale": By(
        "identity",
        "{extreme_poverty: [{above: 0.00, ratio: 0.65}], any: [{above: 0.00, ratio: 0.60}]}",
    ),
    "critical_illness.cap": By("identity", "{extreme_poverty: unlimited, any: 100.00}"),
    "medical_aid.counts": "[above_cap]",
}


@pytest.mark.parametrize(
    ("identities", "critical"),
    [
        # Burden 2,000: 1,000 above the threshold x 60 %, capped.
        ((), 10000),
        ((AidIdentity.NEAR_MINIMUM,), 10000),
        # 1,500 x 65 %.
        ((AidIdentity.EXTREME_POVERTY,), 97500),
        # The most favoured counts, in whatever order they are held.
        ((AidIdentity.NEAR_MINIMUM, AidIdentity.EXTREME_POVERTY), 97500),
    ],
)
def test_critical_illness_by_identity(identities, critical):
    outcome = paid(
        FLAT | BY_IDENTITY,
        scheme="390",
        steps="critical_illness, medical_aid",
        in_scope=200000,
        circumstances=aided(*identities),
    )
    assert outcome.delta.fund_critical_illness == critical


def test_an_identity_that_has_ended_is_none():
    outcome = paid(
        FLAT | BY_IDENTITY,
        scheme="390",
        steps="critical_illness, medical_aid",
        in_scope=200000,
        circumstances=aided(AidIdentity.EXTREME_POVERTY, until=date(2026, 3, 30)),
    )
    assert outcome.delta.fund_critical_illness == 10000
    assert outcome.delta.medical_aid_base == 0


SUPPLEMENTS = {
    "civil_servant": ("320100", EntitlementKind.CIVIL_SERVANT),
    "enterprise_supplement": ("370100", EntitlementKind.ENTERPRISE_SUPPLEMENT),
    "disabled_veteran": ("350100", EntitlementKind.DISABLED_VETERAN),
    "other_fund": ("910100", None),
}


@pytest.mark.parametrize("step", SUPPLEMENTS)
@pytest.mark.parametrize(
    ("counts", "used", "cap", "pays"),
    [
        # 600 share x 50 %; with the deductible 700 x 50 %.
        ("[share]", 0, "unlimited", 30000),
        ("[share, deductible]", 0, "unlimited", 35000),
        ("[deductible]", 0, "unlimited", 5000),
        ("[above_cap]", 0, "unlimited", 0),
        ("[share]", 0, "299.99", 29999),
        ("[share]", 80000, "1000.00", 20000),
        ("[share]", 100001, "1000.00", 0),
    ],
)
def test_a_supplement_pays_on_what_it_counts_of_the_bill(step, counts, used, cap, pays):
    code, kind = SUPPLEMENTS[step]
    outcome = paid(
        {f"{step}.counts": counts, f"{step}.cap": cap},
        steps=step,
        before=Accumulators(**{f"fund_{step}".removesuffix("_fund"): used}),
        circumstances=holding(kind) if kind else Circumstances(),
    )
    assert funds(outcome) == {"310100": 90000} | ({code: pays} if pays else {})
    assert getattr(outcome.delta, f"fund_{step}".removesuffix("_fund")) == pays
    assert outcome.patient_total == 70000 - pays


@pytest.mark.parametrize("step", ["civil_servant", "enterprise_supplement", "disabled_veteran"])
def test_a_supplement_is_for_the_entitled_only_and_while_it_lasts(step):
    kind = SUPPLEMENTS[step][1]
    assert funds(paid(steps=step)) == {"310100": 90000}
    last_day = paid(steps=step, circumstances=holding(kind, until=date(2026, 3, 31)))
    assert last_day.fund_total == 90000 + 30000
    over = paid(steps=step, circumstances=holding(kind, until=date(2026, 3, 30)))
    assert over.fund_total == 90000


def test_the_brackets_of_a_supplement_begin_at_zero_with_every_bill():
    outcome = paid(
        {"civil_servant.scale": "[{above: 0.00, ratio: 0.90}, {above: 500.00, ratio: 0.10}]"},
        steps="civil_servant",
        before=Accumulators(fund_civil_servant=45000),
        circumstances=holding(EntitlementKind.CIVIL_SERVANT),
    )
    # 500 x 90 % + 100 x 10 %.
    assert outcome.delta.fund_civil_servant == 46000


def test_a_supplement_takes_from_the_causes_in_their_order():
    outcome = settled(
        {
            "reduction.filed": "0.00",
            "pooled_cap.amount": "500.00",
            "other_fund.counts": "[away_self_pay, deductible, share, above_cap]",
            "other_fund.scale": "[{above: 0.00, ratio: 1.00}]",
            "other_fund.cap": "920.00",
        },
        steps="away_self_pay, deductible, segments, pooled_cap, other_fund",
        in_scope=160000,
        care="640104",
    )
    # 160 first, 100 deductible, 1,340: 500 pays for 1,000 (500 share), 340 above the cap. The fund
    # takes 340 above the cap, 500 share, and 80 of the deductible.
    causes = outcome.causes
    assert (causes.above_cap, causes.share) == (0, 0)
    assert (causes.deductible, causes.away_self_pay) == (2000, 16000)
    # What was deducted stays what it was; only who bears it changed.
    assert outcome.deductible == 10000


AID = {"medical_aid.scale": "[{above: 0.00, ratio: 0.70}, {above: 1000.00, ratio: 0.80}]"}


@pytest.mark.parametrize(
    ("base_before", "used", "cap", "aid"),
    [
        # 600 x 70 %.
        (0, 0, "unlimited", 42000),
        # From 800 to 1,400: 200 x 70 % + 400 x 80 %.
        (80000, 0, "unlimited", 46000),
        (100000, 0, "unlimited", 48000),
        (0, 0, "419.99", 41999),
        (0, 90000, "1000.00", 10000),
        (0, 100000, "1000.00", 0),
    ],
)
def test_medical_aid_runs_over_the_year(base_before, used, cap, aid):
    outcome = paid(
        AID | {"medical_aid.cap": cap},
        steps="medical_aid",
        before=Accumulators(medical_aid_base=base_before, fund_medical_aid=used),
        circumstances=aided(AidIdentity.MINIMUM_LIVING),
    )
    assert funds(outcome) == {"310100": 90000} | ({"610100": aid} if aid else {})
    assert outcome.delta.medical_aid_base == 60000
    assert outcome.delta.fund_medical_aid == aid
    assert outcome.causes.share == 60000 - aid


def test_medical_aid_by_identity():
    parameters = {
        "medical_aid.scale": By(
            "identity",
            "{extreme_poverty: [{above: 0.00, ratio: 1.00}], any: [{above: 0.00, ratio: 0.50}]}",
        ),
        "medical_aid.cap": By("identity", "{extreme_poverty: unlimited, any: 200.00}"),
    }
    for identity, aid in (
        (AidIdentity.EXTREME_POVERTY, 60000),
        (AidIdentity.MINIMUM_LIVING, 20000),
        (AidIdentity.SEVERE_DISABILITY, 20000),
    ):
        outcome = paid(parameters, steps="medical_aid", circumstances=aided(identity))
        assert outcome.delta.fund_medical_aid == aid


@pytest.mark.parametrize("code", ["none", "unheard_of"])
def test_an_identity_that_is_not_known_is_never_a_silent_zero(code):
    with pytest.raises(RuleForbids) as refused:
        paid(steps="medical_aid", circumstances=holding((EntitlementKind.MEDICAL_AID, code)))
    assert refused.value.metadata["missing"] == "medical_aid identity"


def test_who_receives_no_aid_leaves_no_base_of_it():
    outcome = paid(steps="medical_aid")
    assert outcome.delta.medical_aid_base == 0
    assert funds(outcome) == {"310100": 90000}


@pytest.mark.parametrize(
    ("steps", "critical", "aid"),
    [
        # 700 x 60 % = 420, then (600 - 420) x 50 % = 90.
        ("critical_illness, medical_aid", 42000, 9000),
        # 600 x 50 % = 300 first; then (300 + 100) x 60 %.
        ("medical_aid, critical_illness", 24000, 30000),
    ],
)
def test_the_order_of_steps_is_that_of_the_pack(steps, critical, aid):
    outcome = paid(
        {"critical_illness.threshold": "0.00"},
        scheme="390",
        steps=steps,
        circumstances=aided(AidIdentity.MINIMUM_LIVING),
    )
    assert outcome.delta.fund_critical_illness == critical
    assert outcome.delta.fund_medical_aid == aid


def test_all_funds_together():
    outcome = settled(
        {
            "reduction.filed": "0.10",
            "pooled_cap.amount": "400.00",
            "large_amount.cap": "unlimited",
            "critical_illness.threshold": "200.00",
            "civil_servant.counts": "[share, deductible]",
            "other_fund.counts": "[away_self_pay]",
        },
        steps="away_self_pay, deductible, segments, pooled_cap, large_amount, critical_illness, "
        "civil_servant, medical_aid, other_fund, account",
        in_scope=200000,
        prior=5000,
        full=3000,
        care="640104",
        benefit_level=BenefitLevel.REFERRAL,
        circumstances=Circumstances(
            entitlements=holding(EntitlementKind.CIVIL_SERVANT).entitlements
            + aided(AidIdentity.NEAR_MINIMUM).entitlements
        ),
        use_account=True,
        balance=10000,
    )
    # 200 first; 100 deductible; 1,700: 1,000 x 40 % = 400 is the cap, 700 above it x 90 % = 630.
    # Burden 600 + 70 + 100 = 770: 570 x 60 % = 342, off 70 above the cap and 272 of the share.
    # Civil servant (328 + 100) x 50 % = 214, off the share: 114. Aid 114 x 50 % = 57.
    # Other fund 200 x 50 % = 100.
    assert funds(outcome) == {
        "310100": 40000,
        "330100": 63000 + 34200,
        "320100": 21400,
        "610100": 5700,
        "910100": 10000,
    }
    causes = outcome.causes
    assert (causes.full_self_pay, causes.prior_self_pay) == (3000, 5000)
    assert (causes.away_self_pay, causes.deductible) == (10000, 10000)
    assert (causes.share, causes.above_cap) == (5700, 0)
    # 2,080 - 1,743 = 337 are the patient's, 100 of them from the account.
    assert (outcome.patient_total, outcome.account_pay, outcome.cash_pay) == (33700, 10000, 23700)


STEP_OF = {
    EntitlementKind.MEDICAL_AID: ("minimum_living", "medical_aid"),
    EntitlementKind.CIVIL_SERVANT: ("", "civil_servant"),
    EntitlementKind.ENTERPRISE_SUPPLEMENT: ("", "enterprise_supplement"),
    EntitlementKind.DISABLED_VETERAN: ("", "disabled_veteran"),
}


@pytest.mark.parametrize("kind", STEP_OF)
@pytest.mark.parametrize("setting", ["inpatient", "outpatient"])
def test_an_entitlement_that_the_pack_does_not_model_is_never_a_silent_zero(kind, setting):
    code, step = STEP_OF[kind]
    with pytest.raises(RuleForbids) as refused:
        settled(in_scope=160000, setting=setting, circumstances=holding((kind, code)))
    assert refused.value.reason == "POLICY_NOT_COVERED"
    assert refused.value.metadata["missing"] == step
    over = holding((kind, code), until=date(2026, 3, 30))
    assert settled(in_scope=160000, setting=setting, circumstances=over).fund_total == 90000


@pytest.mark.parametrize("kind", STEP_OF)
def test_a_pharmacy_asks_for_no_such_step(kind):
    held = holding((kind, STEP_OF[kind][0]))
    outcome = settled(in_scope=160000, setting="pharmacy", circumstances=held)
    assert outcome.fund_total == 90000


def test_a_chronic_disease_asks_for_no_step_elsewhere():
    held = holding((EntitlementKind.CHRONIC_DISEASE, "M03900"))
    assert settled(in_scope=160000, circumstances=held).fund_total == 90000


@pytest.mark.parametrize(("rounding", "pays"), [("half_up", 30001), ("down", 30000)])
def test_each_fund_is_rounded_once_by_the_rule(rounding, pays):
    # 1,600.05: base 1,500.05, 900.04 pooled, 600.01 share; a half of it is 300.005.
    outcome = paid({"rounding": rounding}, steps="other_fund", in_scope=160005)
    assert outcome.delta.fund_pooled == 90004
    assert outcome.delta.fund_other == pays
