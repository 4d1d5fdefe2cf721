"""Worked examples of the field, to the fen. Amounts in comments are yuan."""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.model import Accumulators, BenefitLevel, HospitalLevel, Status
from tests.policy.bills import bill, funds, settle


def test_case_zhang_first_settlement_between_ningxia_and_xinjiang():
    # Published 2017-03-31: 17,353.93 = fund 13,033.05 + patient 4,320.88.
    # In scope 16,233.00 (1,120.93 out of scope); 16,233.00 - 900 = 15,333.00; x 85 % = 13,033.05.
    case = bill(
        "650100", person="12", in_scope=1623300, prior=60000, full=52093, end=date(2017, 3, 31)
    )
    outcome = settle(case)
    assert case.amounts.total == 1735393
    assert outcome.deductible == 90000
    assert funds(outcome) == {"310100": 1303305}
    assert outcome.patient_total == outcome.cash_pay == 432088
    assert outcome.sample
    assert outcome.benefit_year == 2017
    assert outcome.policy_version.startswith("650100@2026.11-")
    assert {read.status for step in outcome.steps for read in step.parameters} == {Status.SAMPLE}


def test_e1_outpatient_message_of_hengshui_paid_from_the_account():
    # 4.52 = prior self-pay 0.23 + in scope 4.29, inside the annual deductible of 100.
    case = bill(
        "131100", in_scope=429, prior=23, medical_type="11", care="110105", use_account=True
    )
    outcome = settle(case, balance=137825)
    assert outcome.deductible == 429
    assert outcome.fund_total == 0
    assert outcome.account_pay == outcome.patient_total == 452
    assert outcome.cash_pay == 0
    assert outcome.account_balance == 137373
    assert not outcome.sample


def test_e2_wholly_self_paid_stay_pays_no_fund_and_no_deductible():
    outcome = settle(bill("610500", in_scope=0, full=330000))
    assert outcome.fund_total == 0
    assert outcome.deductible == 0
    assert outcome.cash_pay == 330000


def test_e5_beijing_segments_on_cost():
    # 86,420 = 5,200 + 640 + 3,180 + 77,400. Deductible 1,300 eats the first segment:
    # (30,000 - 1,300) x 85 % = 24,395; 10,000 x 90 % = 9,000; 37,400 x 95 % = 35,530; = 68,925.
    case = bill("110000", in_scope=7740000, prior=318000, over=64000, full=520000, care="120100")
    outcome = settle(case)
    assert case.amounts.total == 8642000
    assert funds(outcome) == {"310100": 6892500}
    assert outcome.patient_total == 1749500
    segments = [step.result_fen for step in outcome.steps if step.code == "segment"]
    assert segments == [2439500, 900000, 3553000]


def weinan(**kwargs):
    kwargs = {"in_scope": 3700000, "prior": 200000, "full": 300000} | kwargs
    return bill(
        "610500",
        scheme="390",
        person="15",
        care="510100",
        benefit_level=BenefitLevel.UNFILED,
        **kwargs,
    )


def test_e6_weinan_points_mode():
    # 37,000 - 2,500 = 34,500 x (65 % - 20) = 15,525. Base of 大病 37,000 - 15,525 - 2,500 = 18,975;
    # (18,975 - 10,000) x 60 % = 5,385. Fund 20,910, patient 42,000 - 20,910 = 21,090.
    outcome = settle(weinan(end=date(2023, 6, 1)))
    assert funds(outcome) == {"390100": 1552500, "390200": 538500}
    assert outcome.fund_total == 2091000
    assert outcome.patient_total == 2109000
    assert outcome.critical_base == 1897500
    assert not outcome.sample


def test_e6_weinan_factor_mode():
    # 34,500 x 65 % x 0.8 = 17,940. Base 37,000 - 17,940 - 2,500 = 16,560; 6,560 x 60 % = 3,936.
    outcome = settle(weinan(end=date(2025, 6, 1)))
    assert funds(outcome) == {"390100": 1794000, "390200": 393600}
    assert outcome.fund_total == 2187600
    assert outcome.sample


@pytest.mark.parametrize(
    ("day", "fund"), [(date(2024, 3, 31), 2091000), (date(2024, 4, 1), 2187600)]
)
def test_the_discharge_date_picks_the_reduction_mode(day, fund):
    assert settle(weinan(end=day)).fund_total == fund


def test_e7_what_the_cap_takes_away_enters_the_critical_base():
    # Home, level 2: 500 deductible, 80 %. 8,625 in scope: 8,125 x 80 % = 6,500; 2,000 left of
    # 130,000; the lost 4,500 is burden: 8,625 - 2,000 - 500 = 6,125, with 9,000 before = 15,125;
    # (15,125 - 10,000) x 60 % = 3,075.
    case = bill(
        "610500",
        scheme="390",
        person="15",
        care="610502",
        level=HospitalLevel.SECONDARY,
        in_scope=862500,
    )
    before = Accumulators(fund_pooled=12800000, critical_illness_base=900000, inpatient_count=2)
    outcome = settle(case, before)
    assert funds(outcome) == {"390100": 200000, "390200": 307500}
    assert outcome.critical_base == 612500
    # 4,500 of fund lost at 80 % is 5,625 of cost.
    assert outcome.above_cap == 562500


def test_large_amount_pays_above_the_pooled_cap():
    # Weinan employee in service, level 3, home ratio: cap 350,000, 340,000 used. In scope 31,000:
    # 30,000 x 86 % = 25,800 > 10,000 left. Covered cost 10,000 / 0.86 = 11,627.906976...;
    # excess 18,372.093023... x 88 % = 16,167.44186... -> 16,167.44.
    before = Accumulators(fund_pooled=34000000)
    outcome = settle(bill("610500", in_scope=3100000), before)
    assert funds(outcome) == {"310100": 1000000, "330100": 1616744}
    assert outcome.above_cap == 1837209


def test_large_amount_stops_at_its_own_cap():
    # Pooled exhausted, 299,900 of 300,000 of large amount used: 100 left.
    before = Accumulators(fund_pooled=35000000, fund_large_amount=29990000)
    outcome = settle(bill("610500", in_scope=3100000), before)
    assert funds(outcome) == {"330100": 10000}


def test_critical_illness_runs_over_the_year_and_stops_at_its_cap():
    # Weinan, level 3 elsewhere, filed long term: 2,500; (102,500 - 2,500) x 65 % = 65,000.
    # Burden 35,000 on top of 80,000: 20,000 x 70 % + 15,000 x 80 % = 26,000.
    case = bill("610500", scheme="390", person="15", care="510100", in_scope=10250000)
    before = Accumulators(critical_illness_base=8000000)
    assert funds(settle(case, before)) == {"390100": 6500000, "390200": 2600000}
    # 290,000 paid of 300,000: only 10,000 more.
    before = Accumulators(critical_illness_base=8000000, fund_critical_illness=29000000)
    assert funds(settle(case, before)) == {"390100": 6500000, "390200": 1000000}


@pytest.mark.parametrize(("stays", "deductible"), [(0, 130000), (1, 65000), (5, 65000)])
def test_beijing_first_and_later_stays(stays, deductible):
    outcome = settle(bill("110000", in_scope=1000000), Accumulators(inpatient_count=stays))
    assert outcome.deductible == deductible


@pytest.mark.parametrize(
    ("stays", "deductible"), [(0, 80000), (1, 70000), (6, 20000), (7, 20000), (50, 20000)]
)
def test_hengshui_deductible_decreases_to_its_floor(stays, deductible):
    outcome = settle(bill("131100", in_scope=1000000), Accumulators(inpatient_count=stays))
    assert outcome.deductible == deductible


@pytest.mark.parametrize(
    ("used", "in_scope", "deductible", "fund"),
    [
        (0, 9999, 9999, 0),
        (0, 10000, 10000, 0),
        # 0.02 above 100.00 at 50 %.
        (0, 10002, 10000, 1),
        # 0.01 x 50 % = 0.005 -> 0.01, half up.
        (0, 10001, 10000, 1),
        (9999, 101, 1, 50),
        (10000, 100, 0, 50),
        (25000, 100, 0, 50),
    ],
)
def test_annual_deductible_boundary(used, in_scope, deductible, fund):
    before = Accumulators(outpatient_in_scope=used)
    outcome = settle(bill("131100", in_scope=in_scope, medical_type="11", care="110100"), before)
    assert (outcome.deductible, outcome.fund_total) == (deductible, fund)


def test_beijing_outpatient_by_place_and_age():
    # 2,800 in scope in service: 1,000 above 1,800; community 90 %, hospital 70 %.
    # Retired: 1,500 above 1,300; hospital 85 %.
    def fund(person, level):
        case = bill(
            "110000", in_scope=280000, medical_type="11", care="120100", person=person, level=level
        )
        return settle(case).fund_total

    assert fund("11", HospitalLevel.COMMUNITY) == 90000
    assert fund("11", HospitalLevel.TERTIARY) == 70000
    assert fund("12", HospitalLevel.TERTIARY) == 127500


def test_beijing_children_pay_half_the_deductible_from_the_first_stay():
    for person, deductible in (("14", 65000), ("15", 130000)):
        case = bill("110000", scheme="390", person=person, in_scope=1000000, care="120100")
        assert settle(case).deductible == deductible


@pytest.mark.parametrize(
    ("level", "ratio_percent"),
    [
        (BenefitLevel.LONG_TERM, 85),
        (BenefitLevel.REFERRAL, 75),
        (BenefitLevel.EMERGENCY, 75),
        (BenefitLevel.TEMPORARY, 65),
        (BenefitLevel.UNFILED, 65),
    ],
)
def test_benefit_levels_lower_the_ratio_by_the_national_ceilings(level, ratio_percent):
    # Hengshui employee, level 3: 800 deductible, 10,000 left.
    case = bill("131100", in_scope=1080000, care="310100", benefit_level=level)
    assert settle(case).fund_total == 10000 * ratio_percent


def test_care_in_beijing_counts_as_filed_for_hengshui_employees():
    case = bill("131100", in_scope=1080000, care="110100", benefit_level=BenefitLevel.UNFILED)
    outcome = settle(case)
    assert outcome.fund_total == 850000
    assert not outcome.sample


def test_the_account_pays_only_what_the_region_allows():
    # The sample region does not let the account pay class C items.
    case = bill("650100", in_scope=100000, prior=500, full=700, use_account=True)
    outcome = settle(case, balance=10**9)
    # Deductible 900, 100 x 85 % = 85; in scope left 915, prior self-pay 5.
    assert outcome.account_pay == 91500 + 500
    assert outcome.cash_pay == 700


def test_residents_have_no_account():
    case = bill(
        "610500", scheme="390", person="15", care="510100", in_scope=500000, use_account=True
    )
    outcome = settle(case, balance=10**6)
    assert outcome.account_pay == 0
    assert outcome.account_balance == 10**6
