"""Modes of the engine that the shipped packs do not all use, on a small invented pack."""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.adjudicate import Earlier, adjudicate, find_snapshot
from services.benefits.domain.model import Accumulators, BenefitLevel, HospitalLevel
from services.kit.errors import InvalidArgument, RuleForbids
from tests.policy.bills import bill, funds, policy
from tests.support.packs import settled


def test_segments_on_the_base_of_the_stay():
    # 1,600 - 100 = 1,500: 1,000 x 50 % + 500 x 80 % = 900.
    assert settled(in_scope=160000).fund_total == 90000


def test_segments_on_cost():
    # 100 to 1,000 at 50 % = 450; 600 x 80 % = 480.
    assert settled({"segments.basis": "cost"}, in_scope=160000).fund_total == 93000


def test_segments_over_the_year_on_the_base():
    # 800 before, 100 of it deductible: base 700. 300 x 50 % + 1,200 x 80 % = 1,110.
    before = Accumulators(inpatient_in_scope=80000, inpatient_deductible=10000)
    outcome = settled({"segments.span": "year"}, before=before, in_scope=160000)
    assert outcome.fund_total == 111000


def test_segments_over_the_year_on_cost():
    # 800 before: from 900 (800 + 100 deductible) to 2,400: 100 x 50 % + 1,400 x 80 % = 1,170.
    before = Accumulators(inpatient_in_scope=80000, inpatient_deductible=10000)
    outcome = settled(
        {"segments.span": "year", "segments.basis": "cost"},
        before=before,
        in_scope=160000,
    )
    assert outcome.fund_total == 117000


def test_outpatient_sums_are_not_inpatient_sums():
    before = Accumulators(inpatient_in_scope=900000, fund_pooled=190000)
    outcome = settled(
        {"deductible.mode": "per_year"},
        before=before,
        setting="outpatient",
        steps="deductible, segments, pooled_cap",
        in_scope=160000,
    )
    assert outcome.deductible == 10000
    assert outcome.fund_total == 90000


def test_cap_that_counts_the_whole_scheme():
    before = Accumulators(fund_pooled=150000, outpatient_fund=30000)
    outcome = settled(
        {"pooled_cap.counts": "scheme"},
        before=before,
        steps="deductible, segments, pooled_cap",
        in_scope=160000,
    )
    # 2,000 - 1,500 - 300 = 200 left. Covered 400 of 1,500 at 50 %.
    assert outcome.fund_total == 20000
    assert outcome.above_cap == 110000


@pytest.mark.parametrize(
    ("used", "fund", "above"),
    [
        # 2,000 - 0 - 100 = 1,900 of cost left: all of 1,500.
        (0, 90000, 0),
        # 2,000 - 400 - 100 = 1,500: just all.
        (40000, 90000, 0),
        # One fen less of cost, at 80 %: 900 - 0.008 -> 899.99.
        (40001, 89999, 1),
        # 2,000 - 1,400 - 100 = 500 x 50 %.
        (140000, 25000, 100000),
        (200000, 0, 150000),
        (900000, 0, 150000),
    ],
)
def test_cap_on_cost(used, fund, above):
    outcome = settled(
        {"pooled_cap.basis": "cost"},
        before=Accumulators(inpatient_in_scope=used),
        steps="deductible, segments, pooled_cap",
        in_scope=160000,
    )
    assert (outcome.fund_total, outcome.above_cap) == (fund, above)


def test_large_amount_pays_what_the_cap_left_up_to_its_own():
    # 1,500 used of 2,000: 500 left covers 1,000 at 50 %; excess 500 x 90 % = 450.
    before = Accumulators(fund_pooled=150000)
    run = {"steps": "deductible, segments, pooled_cap, large_amount", "in_scope": 160000}
    assert funds(settled(before=before, **run)) == {"310100": 50000, "330100": 45000}
    before = Accumulators(fund_pooled=150000, fund_large_amount=20000)
    assert funds(settled(before=before, **run)) == {"310100": 50000, "330100": 30000}


@pytest.mark.parametrize(
    ("applies", "mode", "pooled", "large"),
    [
        # Pooled 500 at 30 % covers the first 1,000 with 300, then 200 / 60 % = 333.33;
        # the excess is 166.67 (500 - 333.33).
        ("[segments]", "points", 50000, 15000),
        ("[segments, large_amount]", "points", 50000, 11667),
        # 50 % x 0.8 = 40 %, 80 % x 0.8 = 64 %: 400 + 100 / 64 % = 1,156.25; excess 343.75.
        ("[segments, large_amount]", "factor", 50000, 24750),
        # 1,000 at 50 % covered, 500 x (90 % - 20) = 350.
        ("[large_amount]", "points", 50000, 35000),
    ],
)
def test_reduction_applies_to_the_steps_named(applies, mode, pooled, large):
    outcome = settled(
        {"reduction.applies_to": applies, "reduction.mode": mode},
        before=Accumulators(fund_pooled=150000),
        steps="deductible, segments, pooled_cap, large_amount",
        in_scope=160000,
        care="640104",
        benefit_level=BenefitLevel.UNFILED,
    )
    assert funds(outcome) == {"310100": pooled, "330100": large}


def test_points_never_make_a_ratio_negative():
    outcome = settled(
        {"segments.scale": "[{above: 0.00, ratio: 0.05}]"},
        in_scope=160000,
        care="640104",
        benefit_level=BenefitLevel.UNFILED,
    )
    assert outcome.fund_total == 0


@pytest.mark.parametrize(("mode", "fund"), [("half_up", 1), ("down", 0)])
def test_rounding_is_named_by_the_rule(mode, fund):
    # 100.01: 0.01 x 50 % = 0.005.
    outcome = settled({"rounding": mode}, in_scope=10001)
    assert outcome.fund_total == fund
    assert outcome.steps[-2].rounding == mode


def test_critical_illness_may_count_the_deductible_and_pay_part_of_it():
    # Burden 800 - 350 = 450, 5,000 before: 450 x 60 % = 270.
    outcome = settled(
        scheme="390",
        steps="deductible, segments, critical_illness",
        before=Accumulators(critical_illness_base=500000),
        in_scope=80000,
    )
    assert outcome.critical_base == 45000
    assert funds(outcome) == {"390100": 35000, "390200": 27000}


@pytest.mark.parametrize(
    ("basis", "fund"),
    [
        # Burden 1,000 + 600 = 1,600 in bands from 1,500: 500 at 60 %, 100 at 70 %.
        ("burden", 37000),
        # 600 above the threshold: all at 60 %.
        ("above_threshold", 36000),
    ],
)
def test_bands_of_critical_illness_by_basis(basis, fund):
    outcome = settled(
        {
            "critical_illness.basis": basis,
            "critical_illness.scale": "[{above: 0.00, ratio: 0.60}, {above: 1500.00, ratio: 0.70}]",
            "segments.scale": "[{above: 0.00, ratio: 0.00}]",
        },
        scheme="390",
        steps="deductible, segments, critical_illness",
        before=Accumulators(critical_illness_base=100000),
        in_scope=60000,
    )
    assert funds(outcome) == {"390200": fund}


@pytest.mark.parametrize(
    ("until", "day", "covered"),
    [
        ("2024-12-31", date(2024, 12, 31), True),
        ("2024-12-31", date(2025, 1, 1), False),
        ("2024-12-31", date(2019, 12, 31), False),
    ],
)
def test_support_ends_with_its_last_day(until, day, covered):
    if covered:
        assert settled(tree={"until": until}, in_scope=160000, end=day).fund_total == 90000
        return
    with pytest.raises(RuleForbids) as refused:
        settled(tree={"until": until}, in_scope=160000, end=day)
    assert refused.value.metadata["missing"] == "date"


@pytest.mark.parametrize("parts", [{"in_scope": 0}, {"in_scope": -1, "full": 5}])
def test_amounts_must_be_a_bill(parts):
    case = bill("650100", **parts)
    with pytest.raises(InvalidArgument):
        adjudicate(case, find_snapshot(policy(), case), Accumulators(), 0)


def test_a_snapshot_of_another_region_is_a_bug():
    case = bill("650100", in_scope=1000)
    other = find_snapshot(policy(), bill("131100", in_scope=1000))
    with pytest.raises(ValueError, match="does not belong"):
        adjudicate(case, other, Accumulators(), 0)


def test_levels_of_one_region_differ():
    paid = set()
    for level in (HospitalLevel.PRIMARY, HospitalLevel.SECONDARY, HospitalLevel.TERTIARY):
        case = bill("650100", in_scope=1000000, level=level)
        snapshot = find_snapshot(policy(), case)
        paid.add(adjudicate(case, snapshot, Accumulators(), 0).fund_total)
    # (10,000 - 200) x 92 %, (10,000 - 400) x 88 %, (10,000 - 900) x 85 %.
    assert paid == {901600, 844800, 773500}


EARLIER = Earlier(in_scope=80000, deductible=10000, stays_counted=1, stays_before=1)


def test_a_later_part_pays_what_is_left_of_the_deductible():
    # 300 less 100 taken; then 1,600 - 200 = 1,400 on a base that begins at 700.
    amount = {"deductible.amount": "300.00"}
    outcome = settled(amount, earlier=EARLIER, in_scope=160000)
    assert outcome.deductible == 20000
    # 300 x 50 % + 1,100 x 80 % = 1,030.
    assert outcome.fund_total == 103000


def test_a_later_part_goes_on_in_the_segments_on_cost():
    # From 800 (nothing is left of the deductible) to 2,400: 200 x 50 % + 1,400 x 80 % = 1,220.
    basis = {"segments.basis": "cost"}
    assert settled(basis, earlier=EARLIER, in_scope=160000).fund_total == 122000


def test_segments_over_the_year_have_the_parts_in_the_sums_of_the_year():
    before = Accumulators(inpatient_in_scope=80000, inpatient_deductible=10000, inpatient_count=1)
    span = {"segments.span": "year"}
    with_part = settled(span, before=before, earlier=EARLIER, in_scope=160000)
    # Base 700 before: 300 x 50 % + 1,300 x 80 % = 1,190.
    assert with_part.fund_total == 119000


def test_the_step_down_counts_the_stays_before_the_first_part():
    parameters = {
        "deductible.mode": "decreasing_stay",
        "deductible.amount": "500.00",
        "deductible.step": "100.00",
        "deductible.floor": "100.00",
    }
    # Five stays are counted by now, one was before this stay's first part: 500 - 100 = 400.
    before = Accumulators(inpatient_count=5)
    outcome = settled(parameters, before=before, earlier=EARLIER, in_scope=160000)
    assert (outcome.deductible_standard, outcome.deductible) == (40000, 30000)
    assert outcome.delta.inpatient_count == 0


def test_an_annual_deductible_is_of_the_year_and_not_of_the_stay():
    mode = {"deductible.mode": "per_year", "deductible.amount": "300.00"}
    # The part before was of the old year: nothing of the new year's deductible is paid yet.
    assert settled(mode, earlier=EARLIER, in_scope=160000).deductible == 30000
