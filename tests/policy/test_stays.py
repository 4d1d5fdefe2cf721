"""Parts of one stay are one stay; a stay over a year's end is one bill, or split by days.

Amounts in comments are yuan.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.domain import schema
from services.benefits.domain.booking import Standing
from services.benefits.domain.model import (
    Accumulators,
    Amounts,
    BenefitLevel,
    HospitalLevel,
    Setting,
    Status,
)
from services.benefits.domain.schema import DeductibleMode
from services.benefits.domain.stay import split_fen
from services.kit.errors import RuleForbids
from tests.policy.bills import bill, funds, policy, settle_in
from tests.policy.test_properties import CARE, PERSONS, fen, sums
from tests.support.packs import pack_tree, policy_of

STAY = "0190bbbb-0000-7000-8000-000000000001"
NOTHING = Standing(years={}, account_balance=0)
DAY = timedelta(days=1)


PER_STAY = {DeductibleMode.PER_STAY, DeductibleMode.NTH_STAY, DeductibleMode.DECREASING_STAY}


def taken_per_stay(snapshot):
    """Whether parts give what one bill gives: a supplement begins at zero with every bill."""
    return (
        snapshot.setting is Setting.INPATIENT
        and not set(schema.SUPPLEMENTS).intersection(snapshot.steps)
        and all(
            reading.value in PER_STAY
            for reading in snapshot.resolved["deductible.mode"].readings.values()
        )
    )


SNAPSHOTS = [snapshot for snapshot in policy().snapshots() if taken_per_stay(snapshot)]


@st.composite
def stays_in_parts(draw, parts=3):
    """Three bills of one stay, a week each within a year, and the bill that they are together."""
    snapshot = draw(st.sampled_from(SNAPSHOTS))
    one = bill(
        snapshot.region_code,
        scheme=snapshot.scheme_code,
        person=PERSONS[draw(st.sampled_from(sorted(snapshot.persons)))],
        care=draw(st.sampled_from(CARE)),
        level=draw(st.sampled_from(HospitalLevel)),
        benefit_level=draw(st.sampled_from(BenefitLevel)),
        in_scope=0,
        begin=snapshot.valid_from,
        end=snapshot.valid_from,
        stay_id=STAY,
    )
    cases = []
    for index in range(parts):
        in_scope, prior, over, full = (draw(fen) for _ in range(4))
        amounts = Amounts(in_scope + prior + over + full + 1, full + 1, over, prior, in_scope)
        end = snapshot.valid_from + index * DAY
        cases.append(replace(one, amounts=amounts, end_date=end))
    whole = Amounts(
        *(
            sum(getattr(case.amounts, name) for case in cases)
            for name in ("total", "full_self_pay", "over_limit", "prior_self_pay", "in_scope")
        )
    )
    return cases, replace(cases[-1], amounts=whole, stay_id="")


def settle_all(standing, cases):
    """Outcomes of bills settled one after another, and what stands before each and at the end."""
    outcomes, stood = [], [standing]
    for case in cases:
        outcome, standing = settle_in(standing, case)
        outcomes.append(outcome)
        stood.append(standing)
    return outcomes, stood


@given(stays_in_parts(), sums())
def test_parts_of_a_stay_give_what_one_bill_gives(stay, before):
    """To within rounding: a fund is rounded to the fen once per bill, by at most half a fen.

    Three parts and the one bill round four times, so the pooled funds differ by 2 fen at most.
    Large amount pays of what the pooled cap left: the three earlier halves of a fen are at most
    1.5 / 45 % fen of cost (no shipped ratio is lower), and its own roundings 2 more. Critical
    illness, of residents, pays at most all of what the pooled fund left, and rounds likewise. So
    all funds together differ by less than 2 + 3.4 + 2 fen.
    """
    cases, one = stay
    year = one.end_date.year
    standing = Standing({year: before}, 0)
    try:
        whole, _ = settle_in(standing, one)
        outcomes, stood = settle_all(standing, cases)
    except RuleForbids:
        return
    assert sum(outcome.deductible for outcome in outcomes) == whole.deductible
    pooled = [sum(o.delta.fund_pooled for o in outcomes), whole.delta.fund_pooled]
    assert abs(pooled[0] - pooled[1]) <= 2
    assert abs(sum(outcome.fund_total for outcome in outcomes) - whole.fund_total) < 8
    assert [outcome.delta.inpatient_count for outcome in outcomes] == [1, 0, 0]
    assert {outcome.stays_before for outcome in outcomes} == {before.inpatient_count}
    for outcome, was, now in zip(outcomes[::-1], stood[-2::-1], stood[:0:-1], strict=True):
        assert now.years[year].minus(outcome.delta) == was.years[year]


@given(stays_in_parts(parts=2), sums(), st.integers(1, 3))
def test_a_stay_keeps_its_number_when_others_are_settled_between(stay, before, others):
    cases, _ = stay
    year = cases[0].end_date.year
    try:
        first, standing = settle_in(Standing({year: before}, 0), cases[0])
        between = replace(standing.years[year], inpatient_count=1 + others)
        later, _ = settle_in(replace(standing, years={year: between}), cases[1])
    except RuleForbids:
        return
    assert later.stays_before == first.stays_before == before.inpatient_count
    assert later.deductible_standard == first.deductible_standard
    assert later.delta.inpatient_count == 0


def test_a_part_says_what_the_parts_before_it_took():
    # 900 deductible: 500 of it in the first part, 400 in the second.
    first = bill("650100", in_scope=50000, stay_id=STAY)
    outcome, standing = settle_in(NOTHING, first)
    assert (outcome.deductible, outcome.fund_total) == (50000, 0)
    assert outcome.steps[0].code == "deductible"
    second = bill("650100", in_scope=140000, stay_id=STAY)
    outcome, standing = settle_in(standing, second)
    assert (outcome.deductible, outcome.fund_total) == (40000, 85000)
    step = outcome.steps[0]
    assert (step.code, step.base_fen, step.result_fen) == ("stay_before", 50000, 50000)
    assert step.name_zh == "同次住院前期结算已计起付线"
    third, _ = settle_in(standing, second)
    assert (third.deductible, third.fund_total) == (0, 119000)


def test_segments_of_a_stay_go_on_where_the_last_part_ended():
    # E5 in two parts: 25,000 and 52,400 of 77,400; Beijing's segments are on cost.
    # (25,000 - 1,300) x 85 % = 20,145; 5,000 x 85 % + 10,000 x 90 % + 37,400 x 95 % = 48,780.
    standing = NOTHING
    paid = []
    for in_scope in (2500000, 5240000):
        part = bill("110000", in_scope=in_scope, care="120100", stay_id=STAY)
        outcome, standing = settle_in(standing, part)
        paid.append(funds(outcome)["310100"])
    assert paid == [2014500, 4878000]
    assert sum(paid) == 6892500


def test_the_count_is_taken_over_when_the_first_part_is_cancelled():
    first, standing = settle_in(NOTHING, bill("650100", in_scope=50000, stay_id=STAY))
    second, standing = settle_in(standing, bill("650100", in_scope=50000, stay_id=STAY))
    years = {2026: standing.years[2026].minus(first.delta)}
    left = Standing(years, 0, standing.parts[1:])
    third, _ = settle_in(left, bill("650100", in_scope=140000, stay_id=STAY))
    assert (second.deductible, third.deductible) == (40000, 50000)
    assert third.delta.inpatient_count == 1


@given(st.integers(0, 10**12), st.lists(st.integers(0, 400), min_size=1, max_size=4).filter(any))
def test_largest_remainder_loses_no_fen(amount, days):
    parts = split_fen(amount, days)
    assert sum(parts) == amount
    for part, count in zip(parts, days, strict=True):
        assert abs(part * sum(days) - amount * count) < sum(days)


def over_new_year(**changes):
    """E8: 12-20 to 01-09, twenty days, 40,000 in scope."""
    values = {"in_scope": 4000000, "begin": date(2026, 12, 20), "end": date(2027, 1, 9)}
    return bill("650100", **(values | changes))


def test_e8_split_by_days():
    # 12 : 8. Old year: (24,000 - 900) x 85 % = 19,635; new year: 16,000 x 85 % = 13,600.
    outcome, standing = settle_in(NOTHING, over_new_year())
    parts = outcome.year_parts
    assert [(p.benefit_year, p.days, p.amounts.in_scope) for p in parts] == [
        (2026, 12, 2400000),
        (2027, 8, 1600000),
    ]
    assert [p.fund_total for p in parts] == [1963500, 1360000]
    assert [p.deductible for p in parts] == [90000, 0]
    assert outcome.fund_total == 3323500
    assert funds(outcome) == {"310100": 3323500}
    assert (outcome.deductible, outcome.benefit_year) == (90000, 2027)
    assert standing.years[2026].inpatient_count == 1
    assert standing.years[2027].inpatient_count == 0
    assert standing.years[2027].inpatient_in_scope == 1600000
    first = outcome.steps[0]
    assert first.code == "year_part"
    assert first.name_zh == "跨年度住院按天分摊：2026年12天（共20天），按2026-12-31政策"
    assert first.name_en == "share of 2026 in the stay: 12 of 20 days, policy of 2026-12-31"
    (second,) = [step for step in outcome.steps[1:] if step.code == "year_part"]
    assert second.name_zh == "跨年度住院按天分摊：2027年8天（共20天），按2027-01-09政策"
    assert (first.base_fen, first.result_fen) == (4000000, 2400000)
    assert [(r.value, r.status) for r in first.parameters] == [("split_by_days", Status.SAMPLE)]
    assert outcome.sample


def test_every_amount_of_the_bill_is_split_without_losing_a_fen():
    case = over_new_year(in_scope=100001, prior=7, over=3, full=11)
    outcome, _ = settle_in(NOTHING, case)
    one, two = (part.amounts for part in outcome.year_parts)
    assert (one.in_scope, two.in_scope) == (60001, 40000)
    for name in ("total", "full_self_pay", "over_limit", "prior_self_pay", "in_scope"):
        assert getattr(one, name) + getattr(two, name) == getattr(case.amounts, name)


def test_a_bill_of_one_fen_is_borne_by_one_year():
    outcome, _ = settle_in(NOTHING, over_new_year(in_scope=0, full=1))
    assert [(p.benefit_year, p.amounts.total) for p in outcome.year_parts] == [(2026, 1)]
    assert outcome.benefit_year == 2026


def test_discharge_on_new_years_day_leaves_all_to_the_old_year():
    outcome, standing = settle_in(NOTHING, over_new_year(end=date(2027, 1, 1)))
    assert [(p.benefit_year, p.days) for p in outcome.year_parts] == [(2026, 12)]
    assert standing.years[2026].inpatient_in_scope == 4000000
    assert standing.years[2027] == Accumulators()


def test_a_stay_of_three_years_has_three_parts():
    case = over_new_year(begin=date(2025, 12, 30), end=date(2027, 1, 3))
    outcome, _ = settle_in(NOTHING, case)
    assert [(p.benefit_year, p.days) for p in outcome.year_parts] == [
        (2025, 2), (2026, 365), (2027, 2)
    ]  # fmt: skip
    assert sum(p.deductible for p in outcome.year_parts) == 90000


def test_the_account_pays_year_by_year():
    case = over_new_year(use_account=True)
    outcome, standing = settle_in(Standing({}, 500000), case)
    # 24,000 - 19,635 = 4,365 of the old year, then 635 of the new one.
    assert [part.delta.account_pay for part in outcome.year_parts] == [436500, 63500]
    assert outcome.account_pay == 500000
    assert standing.account_balance == 0


def test_an_interim_settlement_at_the_years_end_leaves_nothing_to_split():
    interim = over_new_year(end=date(2026, 12, 31), stay_id=STAY)
    outcome, standing = settle_in(NOTHING, interim)
    assert not outcome.year_parts
    outcome, standing = settle_in(standing, over_new_year(in_scope=1600000, stay_id=STAY))
    assert not outcome.year_parts
    assert (outcome.benefit_year, outcome.deductible) == (2027, 0)
    assert standing.years[2027].inpatient_count == 0


def test_an_interim_settlement_before_leaves_its_days_out():
    # Through 25 December; left are 26 to 31 December and 1 to 8 January.
    _, standing = settle_in(NOTHING, over_new_year(end=date(2026, 12, 25), stay_id=STAY))
    outcome, _ = settle_in(standing, over_new_year(stay_id=STAY))
    assert [(p.benefit_year, p.days) for p in outcome.year_parts] == [(2026, 6), (2027, 8)]
    assert outcome.deductible == 0


def test_each_year_has_the_rules_of_its_last_day():
    rules = policy_of(
        pack_tree(
            {
                "year_end": "split_by_days",
                "deductible.amount": "900.00",
                "segments.scale": "[{above: 0.00, ratio: 0.85}]",
                "reduction.unfiled": {"2020-01-01": "0.20", "2027-01-01": "0.10"},
            }
        )
    )
    outcome, _ = settle_in(NOTHING, over_new_year(benefit_level=BenefitLevel.UNFILED), rules)
    # 23,100 x 65 % = 15,015; 16,000 x 75 % = 12,000.
    assert [part.fund_total for part in outcome.year_parts] == [1501500, 1200000]


def test_a_region_that_does_not_split_has_one_bill_of_the_year_of_discharge():
    case = bill(
        "131100", in_scope=4000000, begin=date(2026, 12, 20), end=date(2027, 1, 9), care="110105"
    )
    outcome, standing = settle_in(NOTHING, case)
    assert not outcome.year_parts
    assert outcome.benefit_year == 2027
    assert list(standing.years) == [2027]
    assert "year_part" not in {step.code for step in outcome.steps}


@pytest.mark.parametrize("year", [2016, 1999, 1])
def test_an_old_year_without_policy_is_refused_and_named(year):
    """Also one before any year that is booked: an admission that was mistyped."""
    with pytest.raises(RuleForbids) as refused:
        settle_in(NOTHING, over_new_year(begin=date(year, 12, 20), end=date(2017, 1, 9)))
    assert refused.value.reason == "POLICY_NOT_COVERED"
    assert refused.value.metadata["date"] == f"{year:04}-12-31"
    assert refused.value.metadata["missing"] == "date"


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.lists(fen, min_size=4, max_size=4),
    st.one_of(st.none(), fen),
    st.sampled_from(BenefitLevel),
)
def test_identities_hold_for_any_split(before, after, amounts, balance, level):
    case = over_new_year(
        begin=date(2027, 1, 1) - before * DAY,
        end=date(2027, 1, 1) + after * DAY,
        in_scope=amounts[0],
        prior=amounts[1],
        over=amounts[2],
        full=amounts[3] + 1,
        use_account=balance is not None,
        benefit_level=level,
    )
    outcome, standing = settle_in(Standing({}, balance or 0), case)
    assert sum(part.days for part in outcome.year_parts) <= before + after
    assert sum(part.amounts.total for part in outcome.year_parts) == case.amounts.total
    assert sum(part.fund_total for part in outcome.year_parts) == outcome.fund_total
    assert sum(part.deductible for part in outcome.year_parts) == outcome.deductible
    assert outcome.deductible == min(90000, case.amounts.in_scope)
    assert sum(delta.inpatient_count for _, delta in outcome.deltas) == 1
    assert sum(delta.account_pay for _, delta in outcome.deltas) == outcome.account_pay
    for year, delta in outcome.deltas:
        assert standing.years[year] == delta


def test_every_inpatient_pack_says_or_leaves_its_choice():
    chosen = {
        snapshot.region_code: snapshot.read(schema.YEAR_END, {}).value.value
        for snapshot in policy().snapshots()
        if snapshot.has(schema.YEAR_END)
    }
    assert chosen == {"650100": "split_by_days"}
