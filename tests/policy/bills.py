"""Builds cases for the policy tests."""

from __future__ import annotations

from datetime import date
from functools import cache

from services.benefits.domain.adjudicate import adjudicate, find_snapshot
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    Accumulators,
    Amounts,
    BenefitLevel,
    Case,
    HospitalLevel,
    Outcome,
)
from services.benefits.domain.snapshot import Policy
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
    end: date = date(2026, 3, 31),
    use_account: bool = False,
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
        begin_date=end,
        end_date=end,
        amounts=Amounts(
            total=full + over + prior + in_scope,
            full_self_pay=full,
            over_limit=over,
            prior_self_pay=prior,
            in_scope=in_scope,
        ),
        use_account=use_account,
    )


def settle(case: Case, before: Accumulators = NOTHING_YET, balance: int = 0) -> Outcome:
    """Adjudicates and checks the identities."""
    outcome = adjudicate(case, find_snapshot(policy(), case), before, balance)
    check_identities(outcome)
    return outcome


def funds(outcome: Outcome) -> dict[str, int]:
    return {fund.fund_type_code: fund.amount_fen for fund in outcome.fund_payments}
