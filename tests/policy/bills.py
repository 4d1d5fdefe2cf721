"""Builds cases for the policy tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

from services.benefits.domain.adjudicate import adjudicate, find_snapshot
from services.benefits.domain.booking import Standing
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    Accumulators,
    Amounts,
    BenefitLevel,
    Case,
    HospitalLevel,
    LongTermEvidence,
    Outcome,
    StayPart,
)
from services.benefits.domain.snapshot import Policy
from services.benefits.domain.stay import adjudicate_case, benefit_years
from services.benefits.policies import load_policy

NOTHING_YET = Accumulators()


@cache
def policy() -> Policy:
    return load_policy()


def bill(
    region: str,
    *,
    in_scope: int,
    prior: int = 0,
    over: int = 0,
    full: int = 0,
    scheme: str = "310",
    person: str = "11",
    care: str = "640100",
    level: HospitalLevel = HospitalLevel.TERTIARY,
    medical_type: str = "21",
    benefit_level: BenefitLevel = BenefitLevel.LONG_TERM,
    begin: date | None = None,
    end: date = date(2026, 3, 31),
    use_account: bool = False,
    stay_id: str = "",
    disease: str = "",
    institution: str = "",
    evidence: LongTermEvidence = LongTermEvidence.NONE,
) -> Case:
    return Case(
        person_id="0190aaaa-0000-7000-8000-000000000001",
        insured_region_code=region,
        scheme_code=scheme,
        person_type_code=person,
        care_region_code=care,
        level=level,
        medical_type_code=medical_type,
        benefit_level=benefit_level,
        begin_date=begin or end,
        end_date=end,
        amounts=Amounts(
            total=full + over + prior + in_scope,
            full_self_pay=full,
            over_limit=over,
            prior_self_pay=prior,
            in_scope=in_scope,
        ),
        use_account=use_account,
        stay_id=stay_id,
        disease_code=disease,
        institution_code=institution,
        long_term_evidence=evidence,
    )


def settle(case: Case, before: Accumulators = NOTHING_YET, balance: int = 0) -> Outcome:
    """Adjudicates and checks the identities."""
    outcome = adjudicate(case, find_snapshot(policy(), case), before, balance)
    check_identities(outcome)
    return outcome


def settle_in(
    standing: Standing, case: Case, rules: Policy | None = None
) -> tuple[Outcome, Standing]:
    """Adjudicates a bill on what stands; returns also what stands after it."""
    rules = rules or policy()
    years = dict.fromkeys(benefit_years(rules, case), NOTHING_YET) | dict(standing.years)
    outcome = adjudicate_case(rules, case, replace(standing, years=years))
    check_identities(outcome)
    deltas = [delta for _, delta in outcome.deltas]
    part = StayPart(
        end_date=case.end_date,
        in_scope=sum(delta.inpatient_in_scope for delta in deltas),
        deductible=sum(delta.inpatient_deductible for delta in deltas),
        stays_counted=sum(delta.inpatient_count for delta in deltas),
        stays_before=outcome.stays_before,
    )
    after = years | {year: years[year].plus(delta) for year, delta in outcome.deltas}
    paid = dict(outcome.family_payments)
    left = replace(
        standing.circumstances,
        relatives=tuple(
            replace(purse, balance=purse.balance - paid.get(purse.person_id, 0))
            for purse in standing.circumstances.relatives
        ),
    )
    return outcome, Standing(after, outcome.account_balance, (*standing.parts, part), left)


def funds(outcome: Outcome) -> dict[str, int]:
    return {fund.fund_type_code: fund.amount_fen for fund in outcome.fund_payments}
