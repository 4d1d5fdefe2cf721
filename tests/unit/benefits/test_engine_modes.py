"""Modes of the engine that the shipped packs do not all use, on a small invented pack."""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.adjudicate import NO_PARTS, Earlier, adjudicate, find_snapshot
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import Accumulators, BenefitLevel, HospitalLevel
from services.benefits.policies import load_policy
from services.kit.errors import InvalidArgument, RuleForbids
from tests.policy.bills import bill, funds, policy

INDEX = """
area: "650100"
name: 测试
name_en: Test
version: "2026.11"
benefit_year: calendar
references:
  R1: {title: 测试}
"""
HEAD = """
scheme: "%s"
setting: %s
supported: {from: 2020-01-01, until: %s}
persons: [in_service, retired, adult]
steps: [%s]
not_modelled: []
parameters:
"""
DEFAULTS = {
    "rounding": ("choice", "half_up"),
    "deductible.mode": ("choice", "per_stay"),
    "deductible.amount": ("CNY", "100.00"),
    "segments.basis": ("choice", "base"),
    "segments.span": ("choice", "stay"),
    "segments.scale": ("CNY:/1", "[{above: 0.00, ratio: 0.50}, {above: 1000.00, ratio: 0.80}]"),
    "reduction.mode": ("choice", "points"),
    "reduction.applies_to": ("choices", "[segments]"),
    "reduction.filed": ("/1", "0.10"),
    "reduction.unfiled": ("/1", "0.20"),
}
CAP = {
    "pooled_cap.amount": ("CNY", "2000.00"),
    "pooled_cap.basis": ("choice", "fund"),
    "pooled_cap.counts": ("choice", "setting"),
}
LARGE = {"large_amount.ratio": ("/1", "0.90"), "large_amount.cap": ("CNY", "500.00")}
CRITICAL = {
    "critical_illness.threshold": ("CNY", "1000.00"),
    "critical_illness.basis": ("choice", "burden"),
    "critical_illness.scale": ("CNY:/1", "[{above: 0.00, ratio: 0.60}]"),
    "critical_illness.deductible_counts": ("flag", "true"),
}


@pytest.fixture
def engine(tmp_path):
    """Returns a function that adjudicates by a pack with some parameters changed."""

    def run(
        parameters=None,
        *,
        before=None,
        scheme="310",
        setting="inpatient",
        steps="deductible, segments",
        until="null",
        balance=0,
        earlier=NO_PARTS,
        **case,
    ):
        values = DEFAULTS | (parameters or {})
        text = HEAD % (scheme, setting, until, steps)
        for path, (unit, value) in values.items():
            text += (
                f"  {path}:\n    unit: {unit}\n    history:\n      2020-01-01: {{value: {value}, "
                "status: sample, reference: R1, verified_on: 2026-11-01}\n"
            )
        folder = tmp_path / "650100"
        folder.mkdir(exist_ok=True)
        (folder / "index.yaml").write_text(INDEX, encoding="utf-8")
        (folder / "part.yaml").write_text(text, encoding="utf-8")
        case = bill(
            "650100",
            scheme=scheme,
            medical_type="21" if setting == "inpatient" else "11",
            # Inside the pooling area: no reduction unless a test asks for one.
            **{"care": "650102", "person": "11" if scheme == "310" else "15"} | case,
        )
        snapshot = find_snapshot(load_policy(tmp_path), case)
        outcome = adjudicate(case, snapshot, before or Accumulators(), balance, earlier)
        check_identities(outcome)
        return outcome

    return run


def test_segments_on_the_base_of_the_stay(engine):
    # 1,600 - 100 = 1,500: 1,000 x 50 % + 500 x 80 % = 900.
    assert engine(in_scope=160000).fund_total == 90000


def test_segments_on_cost(engine):
    # 100 to 1,000 at 50 % = 450; 600 x 80 % = 480.
    assert engine({"segments.basis": ("choice", "cost")}, in_scope=160000).fund_total == 93000


def test_segments_over_the_year_on_the_base(engine):
    # 800 before, 100 of it deductible: base 700. 300 x 50 % + 1,200 x 80 % = 1,110.
    before = Accumulators(inpatient_in_scope=80000, inpatient_deductible=10000)
    outcome = engine({"segments.span": ("choice", "year")}, before=before, in_scope=160000)
    assert outcome.fund_total == 111000


def test_segments_over_the_year_on_cost(engine):
    # 800 before: from 900 (800 + 100 deductible) to 2,400: 100 x 50 % + 1,400 x 80 % = 1,170.
    before = Accumulators(inpatient_in_scope=80000, inpatient_deductible=10000)
    outcome = engine(
        {"segments.span": ("choice", "year"), "segments.basis": ("choice", "cost")},
        before=before,
        in_scope=160000,
    )
    assert outcome.fund_total == 117000


def test_outpatient_sums_are_not_inpatient_sums(engine):
    before = Accumulators(inpatient_in_scope=900000, fund_pooled=190000)
    outcome = engine(
        {"deductible.mode": ("choice", "per_year"), **CAP},
        before=before,
        setting="outpatient",
        steps="deductible, segments, pooled_cap",
        in_scope=160000,
    )
    assert outcome.deductible == 10000
    assert outcome.fund_total == 90000


def test_cap_that_counts_the_whole_scheme(engine):
    before = Accumulators(fund_pooled=150000, outpatient_fund=30000)
    outcome = engine(
        CAP | {"pooled_cap.counts": ("choice", "scheme")},
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
def test_cap_on_cost(engine, used, fund, above):
    outcome = engine(
        CAP | {"pooled_cap.basis": ("choice", "cost")},
        before=Accumulators(inpatient_in_scope=used),
        steps="deductible, segments, pooled_cap",
        in_scope=160000,
    )
    assert (outcome.fund_total, outcome.above_cap) == (fund, above)


def test_large_amount_pays_what_the_cap_left_up_to_its_own(engine):
    # 1,500 used of 2,000: 500 left covers 1,000 at 50 %; excess 500 x 90 % = 450.
    before = Accumulators(fund_pooled=150000)
    run = {"steps": "deductible, segments, pooled_cap, large_amount", "in_scope": 160000}
    assert funds(engine(CAP | LARGE, before=before, **run)) == {"310100": 50000, "330100": 45000}
    before = Accumulators(fund_pooled=150000, fund_large_amount=20000)
    assert funds(engine(CAP | LARGE, before=before, **run)) == {"310100": 50000, "330100": 30000}


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
def test_reduction_applies_to_the_steps_named(engine, applies, mode, pooled, large):
    outcome = engine(
        CAP
        | LARGE
        | {"reduction.applies_to": ("choices", applies), "reduction.mode": ("choice", mode)},
        before=Accumulators(fund_pooled=150000),
        steps="deductible, segments, pooled_cap, large_amount",
        in_scope=160000,
        care="640104",
        benefit_level=BenefitLevel.UNFILED,
    )
    assert funds(outcome) == {"310100": pooled, "330100": large}


def test_points_never_make_a_ratio_negative(engine):
    outcome = engine(
        {"segments.scale": ("CNY:/1", "[{above: 0.00, ratio: 0.05}]")},
        in_scope=160000,
        care="640104",
        benefit_level=BenefitLevel.UNFILED,
    )
    assert outcome.fund_total == 0


@pytest.mark.parametrize(("mode", "fund"), [("half_up", 1), ("down", 0)])
def test_rounding_is_named_by_the_rule(engine, mode, fund):
    # 100.01: 0.01 x 50 % = 0.005.
    outcome = engine({"rounding": ("choice", mode)}, in_scope=10001)
    assert outcome.fund_total == fund
    assert outcome.steps[-2].rounding == mode


def test_critical_illness_may_count_the_deductible_and_pay_part_of_it(engine):
    # Burden 800 - 350 = 450, 5,000 before: 450 x 60 % = 270.
    outcome = engine(
        CRITICAL,
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
def test_bands_of_critical_illness_by_basis(engine, basis, fund):
    outcome = engine(
        CRITICAL
        | {
            "critical_illness.basis": ("choice", basis),
            "critical_illness.scale": (
                "CNY:/1",
                "[{above: 0.00, ratio: 0.60}, {above: 1500.00, ratio: 0.70}]",
            ),
            "segments.scale": ("CNY:/1", "[{above: 0.00, ratio: 0.00}]"),
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
def test_support_ends_with_its_last_day(engine, until, day, covered):
    if covered:
        assert engine(until=until, in_scope=160000, end=day).fund_total == 90000
        return
    with pytest.raises(RuleForbids) as refused:
        engine(until=until, in_scope=160000, end=day)
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


def test_a_later_part_pays_what_is_left_of_the_deductible(engine):
    # 300 less 100 taken; then 1,600 - 200 = 1,400 on a base that begins at 700.
    amount = {"deductible.amount": ("CNY", "300.00")}
    outcome = engine(amount, earlier=EARLIER, in_scope=160000)
    assert outcome.deductible == 20000
    # 300 x 50 % + 1,100 x 80 % = 1,030.
    assert outcome.fund_total == 103000


def test_a_later_part_goes_on_in_the_segments_on_cost(engine):
    # From 800 (nothing is left of the deductible) to 2,400: 200 x 50 % + 1,400 x 80 % = 1,220.
    basis = {"segments.basis": ("choice", "cost")}
    assert engine(basis, earlier=EARLIER, in_scope=160000).fund_total == 122000


def test_segments_over_the_year_have_the_parts_in_the_sums_of_the_year(engine):
    before = Accumulators(inpatient_in_scope=80000, inpatient_deductible=10000, inpatient_count=1)
    span = {"segments.span": ("choice", "year")}
    with_part = engine(span, before=before, earlier=EARLIER, in_scope=160000)
    # Base 700 before: 300 x 50 % + 1,300 x 80 % = 1,190.
    assert with_part.fund_total == 119000


def test_the_step_down_counts_the_stays_before_the_first_part(engine):
    parameters = {
        "deductible.mode": ("choice", "decreasing_stay"),
        "deductible.amount": ("CNY", "500.00"),
        "deductible.step": ("CNY", "100.00"),
        "deductible.floor": ("CNY", "100.00"),
    }
    # Five stays are counted by now, one was before this stay's first part: 500 - 100 = 400.
    before = Accumulators(inpatient_count=5)
    outcome = engine(parameters, before=before, earlier=EARLIER, in_scope=160000)
    assert (outcome.deductible_standard, outcome.deductible) == (40000, 30000)
    assert outcome.delta.inpatient_count == 0


def test_an_annual_deductible_is_of_the_year_and_not_of_the_stay(engine):
    mode = {"deductible.mode": ("choice", "per_year"), "deductible.amount": ("CNY", "300.00")}
    # The part before was of the old year: nothing of the new year's deductible is paid yet.
    assert engine(mode, earlier=EARLIER, in_scope=160000).deductible == 30000
