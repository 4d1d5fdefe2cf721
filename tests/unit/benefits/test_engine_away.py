"""Care away from home: what is paid first, and what filing and two-way benefit do to the ratio.

Amounts in comments are yuan. 50 % is paid to 1,000 of the base and 80 % above it.
"""

from __future__ import annotations

import pytest

from services.benefits.domain.model import (
    NO_CIRCUMSTANCES,
    Accumulators,
    BenefitLevel,
    LongTermEvidence,
)
from services.kit.errors import RuleForbids
from tests.policy.bills import funds
from tests.support.packs import By, settled

AWAY = "away_self_pay, deductible, segments"
HOME, IN_PROVINCE, ELSEWHERE, NEIGHBOUR = "650102", "652300", "640104", "620100"
DOCUMENT, COMMITMENT = LongTermEvidence.DOCUMENT, LongTermEvidence.COMMITMENT
AS_AT_HOME = {"reduction.filed": "0.00"}
UNFILED = BenefitLevel.UNFILED


def test_a_share_is_paid_first_and_the_rest_is_the_base():
    outcome = settled(AS_AT_HOME, steps=AWAY, in_scope=160000, care=ELSEWHERE)
    # 1,600 x 10 % = 160; 1,440 - 100 = 1,340: 1,000 x 50 % + 340 x 80 % = 772.
    assert outcome.causes.away_self_pay == 16000
    assert outcome.deductible == 10000
    assert outcome.fund_total == 77200
    assert outcome.causes.share == 134000 - 77200
    step = outcome.steps[0]
    assert (step.code, step.base_fen, step.result_fen) == ("away_self_pay", 160000, 16000)


@pytest.mark.parametrize(
    ("care", "away"),
    [(HOME, 0), (NEIGHBOUR, 0), (IN_PROVINCE, 5000), (ELSEWHERE, 16000)],
)
def test_what_is_paid_first_depends_on_the_way(care, away):
    outcome = settled(
        {
            "away_self_pay.ratio": By("travel", '{in_province: "1/32", any: 0.10}'),
            "reduction.home_provinces": '["62"]',
        },
        steps=AWAY,
        in_scope=160000,
        care=care,
    )
    assert outcome.causes.away_self_pay == away


@pytest.mark.parametrize(("rounding", "away"), [("half_up", 10001), ("down", 10000)])
def test_what_is_paid_first_is_rounded_by_the_rule(rounding, away):
    # 1,000.05 x 10 % = 100.005.
    outcome = settled({"rounding": rounding}, steps=AWAY, in_scope=100005, care=ELSEWHERE)
    assert outcome.causes.away_self_pay == away


def test_the_sums_of_the_year_leave_out_what_was_paid_first():
    mode = AS_AT_HOME | {"deductible.mode": "per_year", "deductible.amount": "1800.00"}
    first = settled(mode, steps=AWAY, in_scope=100000, care=ELSEWHERE)
    # 1,000 - 100 = 900, all of it deductible.
    assert first.delta == Accumulators(
        inpatient_in_scope=90000, inpatient_deductible=90000, inpatient_count=1
    )
    second = settled(mode, steps=AWAY, in_scope=200000, care=ELSEWHERE, before=first.delta)
    # 900 of 1,800 are left; 2,000 - 200 - 900 = 900 x 50 %.
    assert (second.deductible, second.fund_total) == (90000, 45000)


@pytest.mark.parametrize(
    ("mode", "level", "fund"),
    [
        # Base 1,500: 1,000 at 50 %, 500 at 80 %.
        ("points", BenefitLevel.LONG_TERM, 90000),
        # 40 % and 70 %: 400 + 350.
        ("points", BenefitLevel.REFERRAL, 75000),
        # 30 % and 60 %: 300 + 300.
        ("points", UNFILED, 60000),
        # 50 % x 0.9 and 80 % x 0.9: 450 + 360.
        ("factor", BenefitLevel.REFERRAL, 81000),
        # x 0.8: 400 + 320.
        ("factor", UNFILED, 72000),
    ],
)
def test_a_reduction_in_points_or_by_a_factor(mode, level, fund):
    outcome = settled(
        {
            "reduction.mode": mode,
            "reduction.filed": By("benefit_level", "{LONG_TERM: 0.00, any: 0.10}"),
        },
        in_scope=160000,
        care=ELSEWHERE,
        benefit_level=level,
    )
    assert outcome.fund_total == fund


def two_way(way="as_documented", *, care=HOME, evidence=DOCUMENT, in_scope=160000, **more):
    return settled(
        {"reduction.two_way": "0.05", "reduction.two_way_commitment": way},
        in_scope=in_scope,
        care=care,
        evidence=evidence,
        benefit_level=UNFILED,
        **more,
    )


@pytest.mark.parametrize(
    ("care", "evidence", "fund"),
    [
        # 45 % and 75 %: 450 + 375, at home and in the home province.
        (HOME, DOCUMENT, 82500),
        (IN_PROVINCE, DOCUMENT, 82500),
        # Who is not filed elsewhere is not touched: 900 at home, 600 unfiled in the province.
        (HOME, LongTermEvidence.NONE, 90000),
        (IN_PROVINCE, LongTermEvidence.NONE, 60000),
        # In a third province one is unfiled like anybody.
        (ELSEWHERE, DOCUMENT, 60000),
    ],
)
def test_care_at_home_for_who_is_filed_elsewhere(care, evidence, fund):
    assert two_way(care=care, evidence=evidence).fund_total == fund


@pytest.mark.parametrize(
    ("way", "fund"),
    # With the cut of two-way benefit 450 + 375, with that of unfiled care 300 + 300.
    [("as_documented", 82500), ("as_unfiled", 60000)],
)
def test_who_is_filed_by_commitment_only(way, fund):
    assert two_way(way, evidence=COMMITMENT).fund_total == fund
    assert two_way(way, evidence=DOCUMENT).fund_total == 82500


# The small bill is all deductible: the answer does not hang on how much it is.
@pytest.mark.parametrize("in_scope", [160000, 5000])
def test_no_benefit_at_home_before_the_documents_are_there(in_scope):
    with pytest.raises(RuleForbids) as refused:
        two_way("not_covered", evidence=COMMITMENT, in_scope=in_scope)
    assert refused.value.reason == "POLICY_NOT_COVERED"
    assert refused.value.metadata["missing"] == "two-way benefit before documents"
    assert two_way("not_covered", evidence=DOCUMENT, in_scope=160000).fund_total == 82500
    assert two_way("not_covered", evidence=COMMITMENT, care=ELSEWHERE).fund_total == 60000


@pytest.mark.parametrize("evidence", [DOCUMENT, COMMITMENT])
def test_without_the_rule_one_is_at_home_like_anybody(evidence):
    outcome = settled(in_scope=160000, evidence=evidence, benefit_level=UNFILED)
    assert outcome.fund_total == 90000


def test_a_reduction_of_critical_illness_alone():
    outcome = settled(
        {"reduction.applies_to": "[critical_illness]", "critical_illness.threshold": "0.00"},
        scheme="390",
        steps="deductible, segments, critical_illness",
        in_scope=160000,
        care=ELSEWHERE,
        benefit_level=UNFILED,
        circumstances=NO_CIRCUMSTANCES,
    )
    # 900 pooled; burden 700 x (60 % - 20) = 280.
    assert funds(outcome) == {"390100": 90000, "390200": 28000}
    bands = [step for step in outcome.steps if step.code == "critical_illness_band"]
    assert bands[0].parameters[-1].value == "60% → 40%"
