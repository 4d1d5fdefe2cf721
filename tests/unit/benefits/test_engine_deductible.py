"""Every mode of the deductible (domain rule 5.4), on small packs.

Amounts in comments are yuan. The pack pays 50 % to 1,000 and 80 % above, after the deductible.
"""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.adjudicate import Earlier
from services.benefits.domain.model import (
    Accumulators,
    Circumstances,
    Entitlement,
    EntitlementKind,
    HospitalLevel,
    Setting,
    Tally,
)
from tests.support.packs import By, settled

HOSPITAL = "H65010000001"
OTHER_HOSPITAL = "H65010000002"
QUALIFIED = tuple(
    Entitlement(EntitlementKind.CHRONIC_DISEASE, code, date(2020, 1, 1), None)
    for code in ("M03900", "M01600")
)


def tally(
    month=3,
    *,
    setting=Setting.INPATIENT,
    year=2026,
    hospital=HOSPITAL,
    disease="",
    same_stay=False,
    count=1,
    in_scope=0,
    deductible=0,
):
    return Tally(
        benefit_year=year,
        month=month,
        setting=setting,
        institution_code=hospital,
        disease_code=disease,
        same_stay=same_stay,
        count=count,
        total=in_scope,
        in_scope=in_scope,
        deductible=deductible,
        fund=0,
    )


def taken(mode, *tallies, amount="300.00", day=date(2026, 3, 31), entitlements=(), **more):
    outcome = settled(
        {"deductible.mode": mode, "deductible.amount": amount},
        circumstances=Circumstances(entitlements=entitlements, tallies=tallies),
        **({"in_scope": 100000, "end": day} | more),
    )
    return outcome.deductible


@pytest.mark.parametrize(
    ("in_scope", "deductible"), [(29999, 29999), (30000, 30000), (30001, 30000)]
)
def test_per_stay_takes_the_standard_each_time(in_scope, deductible):
    before = Accumulators(inpatient_in_scope=900000, inpatient_deductible=30000)
    assert taken("per_stay", in_scope=in_scope, before=before) == deductible


@pytest.mark.parametrize(
    ("used", "deductible"),
    # 300 less what was in scope this year.
    [(0, 30000), (10000, 20000), (29999, 1), (30000, 0), (30001, 0)],
)
def test_per_year(used, deductible):
    assert taken("per_year", before=Accumulators(inpatient_in_scope=used)) == deductible


@pytest.mark.parametrize(
    ("day", "deductible"),
    [
        # January to March: 100 + 80 of 300 met, 120 left. April begins a new quarter.
        (date(2026, 3, 31), 12000),
        (date(2026, 1, 1), 12000),
        (date(2026, 4, 1), 30000),
        (date(2026, 12, 31), 30000),
    ],
)
def test_per_quarter_counts_the_quarter_of_the_last_day(day, deductible):
    tallies = (tally(1, in_scope=10000), tally(3, in_scope=8000))
    assert taken("per_quarter", *tallies, day=day) == deductible


@pytest.mark.parametrize(
    ("day", "deductible"),
    # 80 of March met: 220 left in March; January has its own 100.
    [(date(2026, 3, 1), 22000), (date(2026, 1, 31), 20000), (date(2026, 2, 1), 30000)],
)
def test_per_month_counts_the_month_of_the_last_day(day, deductible):
    tallies = (tally(1, in_scope=10000), tally(3, in_scope=8000))
    assert taken("per_month", *tallies, day=day) == deductible


def test_a_quarter_counts_its_own_setting_and_year_only():
    others = (
        tally(3, setting=Setting.OUTPATIENT, in_scope=30000),
        tally(3, setting=Setting.CHRONIC, in_scope=30000),
        tally(3, year=2025, in_scope=30000),
    )
    assert taken("per_quarter", *others) == 30000
    assert taken("per_month", *others) == 30000


def test_a_quarter_counts_a_pharmacy_as_outpatient():
    tallies = (
        tally(2, setting=Setting.PHARMACY, in_scope=10000),
        tally(2, setting=Setting.OUTPATIENT, in_scope=5000),
        tally(2, setting=Setting.INPATIENT, in_scope=7000),
    )
    # 300 - 100 - 50.
    assert taken("per_quarter", *tallies, setting="outpatient") == 15000
    assert taken("per_quarter", *tallies, setting="pharmacy") == 15000


def test_a_pharmacy_shares_the_sums_of_outpatient_care():
    before = Accumulators(outpatient_in_scope=20000, inpatient_in_scope=500000)
    assert taken("per_year", setting="pharmacy", before=before) == 10000
    outcome = settled(setting="pharmacy", in_scope=50000)
    # 500 - 100 = 400 at 50 %.
    assert outcome.delta == Accumulators(
        outpatient_in_scope=50000, outpatient_deductible=10000, outpatient_fund=20000
    )


@pytest.mark.parametrize(
    ("tallies", "deductible"),
    [
        ((), 30000),
        # Once at this hospital, whatever it took.
        ((tally(1),), 0),
        ((tally(1, hospital=OTHER_HOSPITAL),), 30000),
        ((tally(1, hospital=""),), 30000),
        # Bookings that were taken back leave a count of zero.
        ((tally(1, count=0),), 30000),
        ((tally(1, year=2025),), 30000),
        ((tally(1, setting=Setting.OUTPATIENT),), 30000),
        ((tally(1, same_stay=True, deductible=30000),), 30000),
    ],
)
def test_per_hospital_takes_it_at_the_first_visit_of_the_year(tallies, deductible):
    assert taken("per_hospital", *tallies, institution=HOSPITAL) == deductible


def test_per_hospital_takes_from_a_part_of_the_stay_what_the_parts_before_left():
    earlier = Earlier(in_scope=10000, deductible=10000, stays_counted=1, stays_before=0)
    same = tally(3, same_stay=True, in_scope=10000, deductible=10000)
    # 300 less 100 of the part before; another stay there makes it nothing.
    assert taken("per_hospital", same, institution=HOSPITAL, earlier=earlier) == 20000
    assert taken("per_hospital", same, tally(1), institution=HOSPITAL, earlier=earlier) == 0


def test_an_estimate_names_no_hospital_and_so_visits_it_first():
    assert taken("per_hospital", tally(1, hospital=""), institution="") == 30000


@pytest.mark.parametrize(
    ("level", "deducted", "deductible"),
    [
        # 200 at level 2, 500 at level 3: the higher level takes what is missing.
        (HospitalLevel.SECONDARY, 0, 20000),
        (HospitalLevel.TERTIARY, 20000, 30000),
        (HospitalLevel.SECONDARY, 50000, 0),
        (HospitalLevel.TERTIARY, 50000, 0),
    ],
)
def test_top_up_takes_what_the_year_has_not_taken_yet(level, deducted, deductible):
    amount = By("level", '{"2": 200.00, any: 500.00}')
    # In scope was far more than the standard: it does not count here, what was taken does.
    before = Accumulators(inpatient_in_scope=900000, inpatient_deductible=deducted)
    assert taken("top_up", amount=amount, level=level, before=before) == deductible


@pytest.mark.parametrize(
    ("stays", "deductible"), [(0, 80000), (1, 40000), (2, 20000), (3, 20000), (9, 20000)]
)
def test_nth_stay_tells_first_second_and_later_stays_apart(stays, deductible):
    amount = By("stay", "{first: 800.00, second: 400.00, later: 200.00}")
    before = Accumulators(inpatient_count=stays)
    assert taken("nth_stay", amount=amount, before=before) == deductible


@pytest.mark.parametrize(("stays", "deductible"), [(0, 50000), (1, 35000), (2, 20000), (5, 20000)])
def test_decreasing_stay_goes_down_to_its_floor(stays, deductible):
    outcome = settled(
        {
            "deductible.mode": "decreasing_stay",
            "deductible.amount": "500.00",
            "deductible.step": "150.00",
            "deductible.floor": "200.00",
        },
        before=Accumulators(inpatient_count=stays),
        in_scope=100000,
    )
    assert outcome.deductible == deductible


def chronic(mode, *tallies, amount="300.00", **more):
    return taken(
        mode,
        *tallies,
        amount=amount,
        setting="chronic",
        disease="M03900",
        entitlements=QUALIFIED,
        **more,
    )


PER_DISEASE = By("disease", "{M03900: 300.00, M01600: 500.00}")
SUGAR = tally(2, setting=Setting.CHRONIC, disease="M01600", in_scope=25000, deductible=25000)
PRESSURE = tally(2, setting=Setting.CHRONIC, disease="M03900", in_scope=5000, deductible=5000)


@pytest.mark.parametrize("mode", ["per_year", "top_up"])
def test_chronic_care_has_its_own_year(mode):
    before = Accumulators(
        inpatient_in_scope=90000,
        outpatient_in_scope=90000,
        outpatient_deductible=30000,
        chronic_in_scope=26000,
        chronic_deductible=26000,
    )
    # 300 - 260, over all diseases.
    assert chronic(mode, SUGAR, PRESSURE, before=before) == 4000


@pytest.mark.parametrize("mode", ["per_year", "per_quarter", "top_up"])
def test_a_standard_per_disease_counts_that_disease(mode):
    before = Accumulators(chronic_in_scope=30000, chronic_deductible=30000)
    # 300 - 50: the other disease's 250 are not its.
    assert chronic(mode, SUGAR, PRESSURE, amount=PER_DISEASE, before=before) == 25000


def test_a_standard_for_all_diseases_counts_all_in_the_quarter():
    # 300 - 250 - 50.
    assert chronic("per_quarter", SUGAR, PRESSURE) == 0


def test_a_standard_below_what_was_met_takes_nothing_and_never_gives_back():
    assert taken("per_year", before=Accumulators(inpatient_in_scope=10**9)) == 0
    assert taken("top_up", before=Accumulators(inpatient_deductible=10**9)) == 0
