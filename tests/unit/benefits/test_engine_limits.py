"""Where the pooled fund ends: segments bounded by what it paid, limits of diseases, caps.

Amounts in comments are yuan. 50 % is paid to 1,000 of the base and 80 % above it, after 100.
"""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.adjudicate import Earlier
from services.benefits.domain.model import (
    Accumulators,
    BenefitLevel,
    Circumstances,
    Entitlement,
    EntitlementKind,
    Setting,
    Tally,
)
from tests.policy.bills import funds
from tests.support.packs import By, settled

QUALIFIED = Entitlement(EntitlementKind.CHRONIC_DISEASE, "M03900", date(2020, 1, 1), None)
FUND_BOUNDS = {
    "segments.basis": "fund",
    "segments.scale": "[{above: 0.00, ratio: 0.50}, {above: 400.00, ratio: 0.80}]",
}


@pytest.mark.parametrize(
    ("in_scope", "fund", "lengths"),
    [
        # 400 of fund at 50 % are 800 of cost.
        (90000, 40000, [80000]),
        (90100, 40080, [80000, 100]),
        # 1,500: 800 at 50 % and 700 at 80 %.
        (160000, 96000, [80000, 70000]),
    ],
)
def test_bounds_on_what_the_fund_pays(in_scope, fund, lengths):
    outcome = settled(FUND_BOUNDS, in_scope=in_scope)
    assert outcome.fund_total == fund
    assert [step.base_fen for step in outcome.steps if step.code == "segment"] == lengths


@pytest.mark.parametrize(
    ("paid", "fund"),
    [
        # 100 of fund are left at 50 %, 200 of cost; 1,300 at 80 %.
        (30000, 114000),
        (40000, 120000),
        (90000, 120000),
    ],
)
def test_bounds_on_what_the_fund_paid_in_the_year(paid, fund):
    span = FUND_BOUNDS | {"segments.span": "year"}
    assert settled(span, in_scope=160000, before=Accumulators(fund_pooled=paid)).fund_total == fund


def test_bounds_on_what_the_fund_paid_in_the_stay():
    earlier = Earlier(in_scope=70000, deductible=10000, fund=30000, stays_counted=1, stays_before=0)
    # The deductible is paid: 200 at 50 %, 1,400 at 80 %.
    before = Accumulators(fund_pooled=990000)
    assert (
        settled(FUND_BOUNDS, in_scope=160000, earlier=earlier, before=before).fund_total == 122000
    )


def test_bounds_on_the_fund_are_reached_later_at_a_reduced_ratio():
    # 30 % and 60 %: 400 / 30 % = 1,333.33… of cost, 166.66… at 60 % = 100.
    outcome = settled(
        FUND_BOUNDS, in_scope=160000, care="640104", benefit_level=BenefitLevel.UNFILED
    )
    assert outcome.fund_total == 50000
    lengths = [step.base_fen for step in outcome.steps if step.code == "segment"]
    assert lengths == [133333, 16667]


def test_a_bracket_that_pays_nothing_has_no_end():
    scale = {"segments.scale": "[{above: 0.00, ratio: 0.00}, {above: 400.00, ratio: 0.80}]"}
    assert settled(FUND_BOUNDS | scale, in_scope=160000).fund_total == 0


@pytest.mark.parametrize(
    ("paid", "fund"),
    # 20 % less 20 points is nothing and ends nowhere; past the 400 it is 60 % of 1,500.
    [(39999, 0), (40000, 90000), (90000, 90000)],
)
def test_a_bracket_that_is_behind_does_not_hold_up_the_next_one(paid, fund):
    outcome = settled(
        {
            "segments.basis": "fund",
            "segments.span": "year",
            "segments.scale": "[{above: 0.00, ratio: 0.20}, {above: 400.00, ratio: 0.80}]",
        },
        in_scope=160000,
        before=Accumulators(fund_pooled=paid),
        care="640104",
        benefit_level=BenefitLevel.UNFILED,
    )
    assert outcome.fund_total == fund


def booked(month=2, *, disease="M03900", year=2026, total=0, in_scope=0, fund=0):
    return Tally(
        benefit_year=year,
        month=month,
        setting=Setting.CHRONIC,
        institution_code="",
        disease_code=disease,
        same_stay=False,
        count=1,
        total=total,
        in_scope=in_scope,
        deductible=0,
        fund=fund,
    )


def limited(kind, amount, *tallies, period="year", more=None, steps="disease_limit", **case):
    parameters = {
        "disease_limit.type": kind,
        "disease_limit.amount": amount,
        "disease_limit.period": period,
    }
    return settled(
        parameters | (more or {}),
        setting="chronic",
        disease="M03900",
        steps=f"deductible, segments, {steps}",
        circumstances=Circumstances(entitlements=(QUALIFIED,), tallies=tallies),
        **({"in_scope": 160000} | case),
    )


def seen(outcome):
    return outcome.fund_total, outcome.causes.above_cap, outcome.causes.share


@pytest.mark.parametrize(
    ("amount", "fund", "above"),
    [
        # 1,500 gives 900: within 900.
        ("900.00", 90000, 0),
        # A fen less of fund at 80 % is 1.25 fen of cost: 1 above the limit.
        ("899.99", 89999, 1),
        # 500 pays for 1,000 at 50 %, 500 of cost above.
        ("500.00", 50000, 50000),
        ("0.00", 0, 150000),
        ("unlimited", 90000, 0),
    ],
)
def test_a_limit_on_the_fund(amount, fund, above):
    assert seen(limited("fund", amount)) == (fund, above, 150000 - fund - above)


@pytest.mark.parametrize(
    ("amount", "fund", "above"),
    [
        ("1600.00", 90000, 0),
        # 1,000 of in-scope cost count, 100 of them the deductible: 900 x 50 %.
        ("1000.00", 45000, 60000),
        ("100.00", 0, 150000),
        ("50.00", 0, 150000),
        ("unlimited", 90000, 0),
    ],
)
def test_a_limit_on_the_cost_in_scope(amount, fund, above):
    assert seen(limited("in_scope", amount)) == (fund, above, 150000 - fund - above)


@pytest.mark.parametrize(
    ("amount", "fund", "above"),
    [
        ("2000.00", 90000, 0),
        # Half of 2,000: 1,600 x 1/2 = 800 less 100: 700 x 50 %.
        ("1000.00", 35000, 80000),
        # A third, exact: 533.333… - 100 = 433.333… x 50 % = 216.666…
        ("666.66", 21666, 106667),
        # 1,600 x 5 % = 80: less than the deductible.
        ("100.00", 0, 150000),
        ("unlimited", 90000, 0),
    ],
)
def test_a_limit_on_the_total_counts_the_bill_pro_rata(amount, fund, above):
    outcome = limited("total", amount, full=40000)
    assert outcome.amounts.total == 200000
    assert seen(outcome) == (fund, above, 150000 - fund - above)


def test_both_sides_of_a_limit_cannot_round_up():
    # Half of 1.01 at 100 %: 0.505 paid and 0.505 above, 0.51 and 0.50 in fen.
    outcome = limited(
        "total",
        "1.01",
        more={"deductible.amount": "0.00", "segments.scale": "[{above: 0.00, ratio: 1.00}]"},
        in_scope=101,
        full=101,
    )
    assert seen(outcome) == (51, 50, 0)


@pytest.mark.parametrize(
    ("amount", "fund", "above"),
    [("1500.00", 150000, 0), ("1499.99", 149999, 1), ("600.00", 60000, 90000), ("0.00", 0, 150000)],
)
def test_a_quota_is_paid_in_full(amount, fund, above):
    assert seen(limited("fund_quota", amount)) == (fund, above, 0)


@pytest.mark.parametrize(
    ("kind", "used", "fund"),
    [
        # 900 of 1,000 left for the fund: all 900. 400 left: 400.
        ("fund", {"fund": 10000, "in_scope": 90000, "total": 90000}, 90000),
        ("fund", {"fund": 60000}, 40000),
        # 600 of cost are left, 100 of them the deductible: 500 x 50 %.
        ("in_scope", {"in_scope": 40000, "fund": 99999}, 25000),
        # 800 of 1,600 are left: half of 1,600 less 100 = 700 x 50 %.
        ("total", {"total": 20000, "in_scope": 999}, 35000),
        ("fund_quota", {"fund": 70000}, 30000),
        ("fund", {"fund": 100000}, 0),
        ("fund", {"fund": 100001}, 0),
    ],
)
def test_what_was_used_of_the_limit(kind, used, fund):
    assert limited(kind, "1000.00", booked(**used)).fund_total == fund


@pytest.mark.parametrize(
    ("period", "day", "fund"),
    [
        # 1,000 less 300 (January), 200 (March) and 100 (May).
        ("year", date(2026, 12, 31), 40000),
        ("quarter", date(2026, 3, 31), 50000),
        ("quarter", date(2026, 6, 1), 90000),
        ("quarter", date(2026, 7, 1), 90000),
        ("month", date(2026, 3, 1), 80000),
        ("month", date(2026, 1, 31), 70000),
        ("month", date(2026, 2, 1), 90000),
    ],
)
def test_the_period_of_a_limit(period, day, fund):
    tallies = (
        booked(1, fund=30000),
        booked(3, fund=20000),
        booked(5, fund=10000),
        booked(1, fund=99999, disease="M01600"),
        booked(3, fund=99999, year=2025),
    )
    assert limited("fund", "1000.00", *tallies, period=period, end=day).fund_total == fund


def test_a_limit_per_disease():
    amount = By("disease", "{M03900: 500.00, M01600: 800.00}")
    assert limited("fund", amount).fund_total == 50000


def test_what_a_limit_cuts_off_is_the_patients_as_is_what_the_cap_does():
    outcome = limited(
        "fund",
        "500.00",
        steps="disease_limit, pooled_cap",
        more={"pooled_cap.amount": "200.00"},
    )
    # The limit leaves 1,000 of cost with 500; the cap covers 400 of it with 200: 600 are above it.
    # The limit's own 500 are the patient's, too.
    assert funds(outcome) == {"310100": 20000}
    assert outcome.above_cap == 60000
    assert outcome.causes.above_cap == 50000 + 60000
    assert outcome.causes.share == 20000
    assert outcome.delta == Accumulators(
        chronic_in_scope=160000, chronic_deductible=10000, chronic_fund=20000
    )


@pytest.mark.parametrize("setting", ["inpatient", "outpatient"])
def test_an_unlimited_cap_cuts_nothing_off(setting):
    outcome = settled(
        {"pooled_cap.amount": "unlimited"},
        setting=setting,
        steps="deductible, segments, pooled_cap, large_amount",
        in_scope=10**9,
        before=Accumulators(fund_pooled=10**10, outpatient_fund=10**10),
    )
    # 10,000,000 - 100 = 9,999,900: 500 + 9,998,900 x 80 %.
    assert funds(outcome) == {"310100": 799962000}
    assert outcome.above_cap == outcome.causes.above_cap == 0
    step = next(step for step in outcome.steps if step.code == "pooled_cap")
    assert step.parameters[0].value == "unlimited"


@pytest.mark.parametrize(
    ("basis", "counts", "fund"),
    [
        # 2,000 - 300 left of the fund, or of the scheme 2,000 - 300 - 400 - 500.
        ("fund", "setting", 90000),
        ("fund", "scheme", 80000),
        # 2,000 of cost less 600 and the deductible: 1,300, 1,000 x 50 % + 300 x 80 %; or less 200
        # and 700 more: 400 x 50 %.
        ("cost", "setting", 74000),
        ("cost", "scheme", 20000),
    ],
)
def test_a_cap_of_the_scheme_counts_chronic_care_too(basis, counts, fund):
    before = Accumulators(
        inpatient_in_scope=60000,
        outpatient_in_scope=20000,
        chronic_in_scope=70000,
        fund_pooled=30000,
        outpatient_fund=40000,
        chronic_fund=50000,
    )
    outcome = settled(
        {"pooled_cap.basis": basis, "pooled_cap.counts": counts},
        steps="deductible, segments, pooled_cap",
        in_scope=160000,
        before=before,
    )
    assert outcome.fund_total == fund


@pytest.mark.parametrize(
    ("rounding", "fund", "above"),
    # Base 15: the fund's 0.01 covers 0.01 / 75 % = 0.01333… of it, 14.98666… lie above.
    [("half_up", 1, 1499), ("down", 1, 1498)],
)
def test_what_lies_above_the_cap_is_rounded_by_the_rule(rounding, fund, above):
    outcome = settled(
        {
            "rounding": rounding,
            "pooled_cap.amount": "0.01",
            "segments.scale": "[{above: 0.00, ratio: 0.75}]",
        },
        steps="deductible, segments, pooled_cap",
        in_scope=11500,
    )
    assert (outcome.fund_total, outcome.causes.above_cap) == (fund, above)
    assert outcome.above_cap == above
