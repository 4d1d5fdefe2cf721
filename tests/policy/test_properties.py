"""What holds for any bill, person and year so far, over every shipped pack."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.benefits.domain.adjudicate import adjudicate, find_snapshot
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    Accumulators,
    Amounts,
    BenefitLevel,
    HospitalLevel,
    Setting,
)
from services.benefits.domain.schema import PolicyStep
from services.kit.errors import RuleForbids
from tests.policy.bills import bill, policy

PERSONS = {"in_service": "11", "retired": "12", "minor": "14", "adult": "15", "elderly": "16"}
CARE = ["640104", "110105", "120100", "310115", "510100", "131102", "610502", "610102", "650102"]
POOLED_TYPES = {"310100", "390100"}
# Chronic files need a qualified person: services/proving/policy draws those.
SNAPSHOTS = [
    snapshot
    for snapshot in policy().snapshots()
    if PolicyStep.SEGMENTS in snapshot.steps and snapshot.setting is not Setting.CHRONIC
]

fen = st.one_of(st.integers(0, 20_000), st.integers(0, 20_000_000), st.integers(0, 200_000_000))


@st.composite
def cases(draw):
    snapshot = draw(st.sampled_from(SNAPSHOTS))
    in_scope, prior, over, full = (draw(fen) for _ in range(4))
    return bill(
        snapshot.region_code,
        scheme=snapshot.scheme_code,
        person=PERSONS[draw(st.sampled_from(sorted(snapshot.persons)))],
        care=draw(st.sampled_from(CARE)),
        level=draw(st.sampled_from(HospitalLevel)),
        medical_type="11" if snapshot.setting is Setting.OUTPATIENT else "21",
        benefit_level=draw(st.sampled_from(BenefitLevel)),
        in_scope=in_scope,
        prior=prior,
        over=over,
        full=full + 1,
        end=snapshot.valid_from,
        use_account=draw(st.booleans()),
    )


@st.composite
def sums(draw):
    """Sums that settlements can have led to: parts within their wholes."""
    inpatient, outpatient = draw(fen), draw(fen)
    return Accumulators(
        inpatient_in_scope=inpatient,
        inpatient_deductible=draw(st.integers(0, inpatient)),
        inpatient_count=draw(st.integers(0, 12)),
        outpatient_in_scope=outpatient,
        outpatient_deductible=draw(st.integers(0, outpatient)),
        outpatient_fund=draw(st.integers(0, outpatient)),
        fund_pooled=draw(st.integers(0, inpatient)),
        fund_large_amount=draw(fen),
        fund_critical_illness=draw(fen),
        critical_illness_base=draw(fen),
    )


def try_settle(case, before, balance=0):
    """The outcome, or None where the pack knowingly leaves the combination out."""
    try:
        return adjudicate(case, find_snapshot(policy(), case), before, balance)
    except RuleForbids:
        return None


@given(cases(), sums(), fen)
def test_identities_hold_for_any_bill(case, before, balance):
    outcome = try_settle(case, before, balance)
    if outcome is None:
        return
    check_identities(outcome)
    assert outcome.fund_total <= case.amounts.in_scope
    assert outcome.account_pay <= balance
    assert outcome.account_balance == balance - outcome.account_pay
    after = before.plus(outcome.delta)
    assert after.minus(outcome.delta) == before
    assert outcome.delta.account_pay == outcome.account_pay
    funds = outcome.delta
    assert outcome.fund_total == (
        funds.fund_pooled
        + funds.outpatient_fund
        + funds.fund_large_amount
        + funds.fund_critical_illness
        + funds.fund_civil_servant
        + funds.fund_enterprise_supplement
        + funds.fund_disabled_veteran
        + funds.fund_medical_aid
        + funds.fund_other
    )


@given(cases(), sums(), st.integers(1, 3_000_000))
def test_more_cost_never_pays_less(case, before, more):
    dearer = replace(
        case,
        amounts=replace(
            case.amounts,
            total=case.amounts.total + more,
            in_scope=case.amounts.in_scope + more,
        ),
    )
    less, much = try_settle(case, before), try_settle(dearer, before)
    if less is None or much is None:
        return
    assert less.fund_total <= much.fund_total <= less.fund_total + more
    assert less.patient_total <= much.patient_total


@given(cases(), sums(), fen)
def test_the_same_snapshot_gives_the_same_result(case, before, balance):
    assert try_settle(case, before, balance) == try_settle(case, before, balance)


@given(cases(), sums(), st.lists(st.integers(0, 20_000_000), min_size=2, max_size=6))
def test_many_bills_never_pass_the_caps(case, before, costs):
    """Settles bill after bill on the sums that the one before left."""
    snapshot = find_snapshot(policy(), case)
    used = replace(before, fund_large_amount=0, fund_critical_illness=0)
    for cost in costs:
        amounts = Amounts(cost + 1, 1, 0, 0, cost)
        outcome = try_settle(replace(case, amounts=amounts), used)
        if outcome is None:
            return
        used = used.plus(outcome.delta)
    pooled = used.fund_pooled + used.outpatient_fund
    caps = {}
    for path in ("pooled_cap.amount", "large_amount.cap", "critical_illness.cap"):
        if path in snapshot.resolved:
            values = [cell.value for cell in snapshot.resolved[path].entry.cells.values()]
            if None not in values:
                caps[path] = max(values)
    start = before.fund_pooled + before.outpatient_fund
    assert pooled - start <= caps.get("pooled_cap.amount", pooled)
    if PolicyStep.LARGE_AMOUNT not in snapshot.steps:
        assert used.fund_large_amount == 0
    assert used.fund_large_amount <= caps.get("large_amount.cap", used.fund_large_amount)
    if "critical_illness.cap" in caps:
        assert used.fund_critical_illness <= caps["critical_illness.cap"]


@given(cases(), sums(), st.integers(1, 5_000_000))
def test_what_the_patient_pays_outside_the_scope_changes_no_fund(case, before, more):
    dearer = replace(
        case,
        amounts=replace(
            case.amounts,
            total=case.amounts.total + more,
            full_self_pay=case.amounts.full_self_pay + more,
        ),
    )
    one, other = try_settle(case, before), try_settle(dearer, before)
    if one is None or other is None:
        return
    assert one.fund_payments == other.fund_payments


@given(cases(), sums())
def test_every_amount_is_explained(case, before):
    outcome = try_settle(case, before)
    if outcome is None:
        return
    results = {step.code: step.result_fen for step in outcome.steps}
    pooled = sum(f.amount_fen for f in outcome.fund_payments if f.fund_type_code in POOLED_TYPES)
    assert results.get("pooled_cap", results["pooled_fund"]) == pooled
    assert results["deductible"] == outcome.deductible
    assert results["cash"] == outcome.cash_pay
    for step in outcome.steps:
        for read in step.parameters:
            assert read.reference
            assert read.effective_from <= case.end_date
