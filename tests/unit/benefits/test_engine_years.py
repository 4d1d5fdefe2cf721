"""Benefit years that begin in July, what pieces of a year hand on, and what a policy reads.

Amounts in comments are yuan. The packs pay 50 % to 1,000 of the base and 80 % above it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.benefits.domain.booking import Standing
from services.benefits.domain.model import (
    Accumulators,
    Circumstances,
    Entitlement,
    EntitlementKind,
    Purse,
    Setting,
    Tally,
)
from services.benefits.domain.stay import benefit_years, reads
from services.kit.errors import RuleForbids
from tests.policy.bills import bill, funds, settle_in
from tests.support.packs import REGION, By, pack_tree, policy_of

STAY = "0190bbbb-0000-7000-8000-000000000001"
HOSPITAL = "H65010000001"
FIRST, SECOND = UUID(int=1), UUID(int=2)
FLAT = "[{above: 0.00, ratio: 0.50}]"


def rules(parameters=None, *, steps="deductible, segments", split=True, year="calendar", **tree):
    given = {"year_end": "split_by_days"} if split else {}
    return policy_of(pack_tree(given | (parameters or {}), steps=steps, benefit_year=year, **tree))


def stay(begin, end, **more):
    values = {"in_scope": 400000, "care": "650102", "begin": begin, "end": end} | more
    return bill(REGION, **values)


def new_year(**more):
    """20 December to 9 January, 12 : 8 days of 20: 2,400 and 1,600 of 4,000 in scope."""
    return stay(date(2026, 12, 20), date(2027, 1, 9), **more)


def nothing(**circumstances):
    return Standing({}, 0, circumstances=Circumstances(**circumstances))


@pytest.mark.parametrize(
    ("day", "year", "last"),
    [
        (date(2026, 6, 30), 2025, date(2026, 6, 30)),
        (date(2026, 7, 1), 2026, date(2027, 6, 30)),
        (date(2026, 12, 31), 2026, date(2027, 6, 30)),
        (date(2027, 1, 1), 2026, date(2027, 6, 30)),
    ],
)
def test_a_year_from_july_has_the_number_it_begins_in(day, year, last):
    policy = rules(year="july")
    case = stay(day, day)
    assert benefit_years(policy, case) == (year,)
    outcome, standing = settle_in(nothing(), case, policy)
    assert outcome.benefit_year == year
    # 4,000 - 100: 500 + 2,900 x 80 %.
    assert standing.years == {year: outcome.delta}
    assert outcome.fund_total == 282000
    (snapshot,) = policy.snapshots()
    assert snapshot.year_end(day) == last


def test_a_stay_over_the_end_of_june_is_split_there():
    policy = rules({"segments.scale": FLAT}, year="july")
    case = stay(date(2026, 6, 25), date(2026, 7, 5), in_scope=100000)
    assert benefit_years(policy, case) == (2025, 2026)
    outcome, standing = settle_in(nothing(), case, policy)
    # 25 to 30 June and 1 to 4 July: 600 - 100 = 500 and 400, half of each.
    parts = [(p.benefit_year, p.days, p.amounts.in_scope, p.fund_total) for p in outcome.year_parts]
    assert parts == [(2025, 6, 60000, 25000), (2026, 4, 40000, 20000)]
    assert [s.name_zh for s in outcome.steps if s.code == "year_part"] == [
        "跨年度住院按天分摊：2025年6天（共10天），按2026-06-30政策",
        "跨年度住院按天分摊：2026年4天（共10天），按2026-07-05政策",
    ]
    assert sorted(standing.years) == [2025, 2026]
    assert outcome.causes.total == outcome.patient_total == 55000


def test_a_stay_over_new_year_lies_in_one_year_from_july():
    outcome, _ = settle_in(nothing(), new_year(), rules(year="july"))
    assert outcome.year_parts == ()
    assert outcome.benefit_year == 2026


def test_a_stay_of_more_than_a_year_from_july():
    policy = rules(year="july")
    case = stay(date(2025, 6, 29), date(2026, 7, 2))
    assert benefit_years(policy, case) == (2024, 2025, 2026)
    outcome, _ = settle_in(nothing(), case, policy)
    assert [(p.benefit_year, p.days) for p in outcome.year_parts] == [
        (2024, 2),
        (2025, 365),
        (2026, 1),
    ]


def test_the_quarter_of_the_old_year_is_not_that_of_the_new_one():
    # A quarter of 300: 200 of the last one of 2026 are met, so 100 are left there; 300 in 2027.
    tallies = (
        Tally(2026, 12, Setting.INPATIENT, "", "", False, 1, 20000, 20000, 20000, 0),
        Tally(2026, 1, Setting.INPATIENT, "", "", False, 1, 30000, 30000, 30000, 0),
    )
    policy = rules({"deductible.mode": "per_quarter", "deductible.amount": "300.00"})
    outcome, _ = settle_in(nothing(tallies=tallies), new_year(), policy)
    assert [part.deductible for part in outcome.year_parts] == [10000, 30000]
    assert (outcome.deductible, outcome.deductible_standard) == (40000, 40000)


@pytest.mark.parametrize(
    ("tallies", "deductibles"),
    [
        # One stay pays it once, although the first visit of the new year is in it too.
        ((), [30000, 0]),
        # Paid at another stay of the old year: the new one begins afresh.
        (
            (Tally(2026, 5, Setting.INPATIENT, HOSPITAL, "", False, 1, 9, 9, 9, 0),),
            [0, 30000],
        ),
    ],
)
def test_a_deductible_per_hospital_in_a_stay_over_two_years(tallies, deductibles):
    policy = rules({"deductible.mode": "per_hospital", "deductible.amount": "300.00"})
    outcome, _ = settle_in(nothing(tallies=tallies), new_year(institution=HOSPITAL), policy)
    assert [part.deductible for part in outcome.year_parts] == deductibles


def test_segments_on_the_fund_go_on_in_the_next_piece():
    policy = rules(
        {
            "segments.basis": "fund",
            "segments.scale": "[{above: 0.00, ratio: 0.50}, {above: 1150.00, ratio: 0.80}]",
        }
    )
    outcome, _ = settle_in(nothing(), new_year(), policy)
    # 2,400 - 100 = 2,300 x 50 % = 1,150 in the old year; 1,600 x 80 % in the new one.
    assert [part.fund_total for part in outcome.year_parts] == [115000, 128000]


def test_segments_on_the_fund_go_on_in_the_next_part_of_the_stay():
    policy = rules(
        {
            "segments.basis": "fund",
            "segments.scale": "[{above: 0.00, ratio: 0.50}, {above: 1400.00, ratio: 0.80}]",
        },
        split=False,
    )
    first = stay(date(2026, 3, 1), date(2026, 3, 10), in_scope=240000, stay_id=STAY)
    _, standing = settle_in(nothing(), first, policy)
    booked = Tally(2026, 3, Setting.INPATIENT, "", "", True, 1, 240000, 240000, 10000, 115000)
    other = replace(booked, same_stay=False)
    standing = replace(standing, circumstances=Circumstances(tallies=(booked, other)))
    second = stay(date(2026, 3, 11), date(2026, 3, 20), in_scope=160000, stay_id=STAY)
    assert reads(policy, second) == (True, False)
    outcome, _ = settle_in(standing, second, policy)
    # 1,150 of the fund were paid: 250 more at 50 % for 500, and 1,100 at 80 %.
    assert outcome.fund_total == 113000


def test_relatives_pay_year_by_year():
    policy = rules(
        {"account.family_pays": "[in_scope]", "segments.scale": FLAT},
        steps="deductible, segments, account",
    )
    standing = Standing(
        {},
        50000,
        circumstances=Circumstances(relatives=(Purse(FIRST, 100000), Purse(SECOND, 60000))),
    )
    outcome, after = settle_in(standing, new_year(use_account=True), policy)
    # Old year 2,400 - 1,150 = 1,250: 500 own and 750 of the first relative. New year 800: 250 of
    # the first, 550 of the second.
    assert [part.delta.account_pay for part in outcome.year_parts] == [125000, 80000]
    assert outcome.family_payments == ((FIRST, 100000), (SECOND, 55000))
    assert (outcome.account_pay, outcome.account_balance, outcome.cash_pay) == (205000, 0, 0)
    assert [purse.balance for purse in after.circumstances.relatives] == [0, 5000]


def test_an_entitlement_that_ends_with_the_year_counts_for_the_old_piece():
    ends = Entitlement(EntitlementKind.CIVIL_SERVANT, "", date(2020, 1, 1), date(2026, 12, 31))
    policy = rules(
        {"segments.scale": FLAT, "civil_servant.counts": "[share]"},
        steps="deductible, segments, civil_servant",
    )
    outcome, _ = settle_in(nothing(entitlements=(ends,)), new_year(), policy)
    # Pooled 1,150 + 800; half of the old year's share of 1,150.
    assert funds(outcome) == {"310100": 195000, "320100": 57500}
    assert [part.delta.fund_civil_servant for part in outcome.year_parts] == [57500, 0]
    causes = outcome.causes
    assert (causes.deductible, causes.share) == (10000, 57500 + 80000)


def test_causes_of_the_pieces_add_up():
    policy = rules(
        {"pooled_cap.amount": "600.00", "large_amount.cap": "0.00"},
        steps="away_self_pay, deductible, segments, pooled_cap, large_amount",
    )
    outcome, _ = settle_in(
        nothing(), new_year(care="640104", prior=2000, over=1000, full=500), policy
    )
    causes = outcome.causes
    assert (causes.full_self_pay, causes.over_limit, causes.prior_self_pay) == (500, 1000, 2000)
    # 10 % of 2,400 and of 1,600; the cap of each year is 600 of fund.
    assert (causes.away_self_pay, causes.deductible) == (40000, 10000)
    assert outcome.fund_total == 120000
    assert causes.total == outcome.patient_total == 403500 - 120000


def test_no_year_before_the_first_that_a_pack_can_have():
    policy = rules(year="july")
    case = stay(date(1990, 6, 1), date(2026, 7, 5))
    assert benefit_years(policy, case)[0] == 2000
    with pytest.raises(RuleForbids) as refused:
        settle_in(nothing(), case, policy)
    assert refused.value.metadata["date"] == "1990-06-30"


def test_a_day_without_policy_is_of_its_calendar_year():
    assert benefit_years(rules(year="july"), stay(date(2019, 1, 1), date(2019, 1, 1))) == (2019,)


@pytest.mark.parametrize(
    ("mode", "tallies"),
    [
        ("per_stay", False),
        ("per_year", False),
        ("top_up", False),
        ("per_quarter", True),
        ("per_month", True),
        ("per_hospital", True),
        # In one entry of the table.
        (By("level", '{"3_top": per_month, any: per_stay}'), True),
        # Of a value that no longer holds.
        ({"2020-01-01": "per_month", "2026-01-01": "per_stay"}, False),
    ],
)
def test_which_modes_read_tallies(mode, tallies):
    policy = rules({"deductible.mode": mode}, split=False)
    assert reads(policy, stay(date(2026, 3, 1), date(2026, 3, 2))) == (tallies, False)


def test_the_old_years_rules_may_read_tallies_too():
    policy = rules({"deductible.mode": {"2020-01-01": "per_month", "2027-01-01": "per_stay"}})
    assert reads(policy, new_year()) == (True, False)
    assert reads(policy, stay(date(2027, 1, 1), date(2027, 1, 9))) == (False, False)


def test_chronic_care_reads_tallies():
    policy = rules(split=False, setting="chronic")
    case = stay(date(2026, 3, 1), date(2026, 3, 1), medical_type="14", disease="M03900")
    assert reads(policy, case) == (True, False)


@pytest.mark.parametrize(
    ("family", "use_account", "relatives"),
    [(None, True, False), ("[in_scope]", True, True), ("[in_scope]", False, False)],
)
def test_what_reads_relatives(family, use_account, relatives):
    policy = rules(
        {"account.family_pays": family}, steps="deductible, segments, account", split=False
    )
    case = stay(date(2026, 3, 1), date(2026, 3, 2), use_account=use_account)
    assert reads(policy, case) == (False, relatives)


def test_a_bill_that_no_pack_covers_reads_nothing():
    case = stay(date(2019, 3, 1), date(2019, 3, 2), use_account=True)
    assert reads(rules(split=False), case) == (False, False)
    unknown = stay(date(2026, 3, 1), date(2026, 3, 2), medical_type="52")
    assert reads(rules(split=False), unknown) == (False, False)


def test_sums_of_the_year_decide_in_the_year_from_july():
    policy = rules({"deductible.mode": "per_year", "deductible.amount": "300.00"}, year="july")
    standing = Standing({2025: Accumulators(inpatient_in_scope=30000)}, 0)
    june, _ = settle_in(standing, stay(date(2026, 6, 1), date(2026, 6, 2)), policy)
    july, _ = settle_in(standing, stay(date(2026, 7, 1), date(2026, 7, 2)), policy)
    assert (june.deductible, july.deductible) == (0, 30000)
