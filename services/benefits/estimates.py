"""What a bill would give before there is one, and what the region has for a chronic disease."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from services.benefits import metrics
from services.benefits.domain.adjudicate import find_snapshot
from services.benefits.domain.booking import Standing
from services.benefits.domain.classify import setting_of
from services.benefits.domain.disease import policy_disease, qualification
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    Accumulators,
    BenefitLevel,
    Circumstances,
    Entitlement,
    EntitlementKind,
    Outcome,
    Setting,
)
from services.benefits.domain.stay import adjudicate_case, benefit_years
from services.benefits.usecases import claimant_of
from services.kit.codes import province_of
from services.kit.diseases import is_diagnosed
from services.kit.errors import RuleForbids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.benefits.domain.model import Case
    from services.benefits.domain.snapshot import Policy
    from services.benefits.ports import AnyStore


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a bill would give at one benefit level."""

    benefit_level: BenefitLevel
    outcome: Outcome | RuleForbids
    """The error: why it would give nothing by this system."""


@dataclass(frozen=True, slots=True)
class DiseaseAnswer:
    """What the insured region has for a chronic disease."""

    policy_disease: str = ""
    """As the policy names it; empty: it has none."""
    prefixes: tuple[str, ...] = ()
    """ICD-10 prefixes of its diagnoses; none: any."""
    policy_version: str = ""
    """Empty: the region has no policy for chronic diseases in the scheme."""
    qualified: Entitlement | None = None
    diagnosis_matches: bool = True
    """Whether a diagnosis asked about is one of the disease, or none was."""


async def estimate(
    store: AnyStore,
    policy: Policy,
    case: Case,
    levels: Sequence[BenefitLevel],
    *,
    before: UUID | None,
) -> list[Estimate]:
    """Returns what a bill would give at each level, in their order; writes nothing.

    Args:
        store: the service's.
        policy: the packs.
        case: the bill; its benefit level does not count. Without a person: for somebody who has
            used nothing, has no account and is qualified for the bill's chronic disease.
        levels: benefit levels.
        before: a settlement of the person; what stands is that of before it.

    Raises:
        InvalidArgument: amounts or dates that are none.
    """
    try:
        # Refused before the database is asked.
        find_snapshot(policy, case)
    except RuleForbids as error:
        return [Estimate(level, error) for level in levels]
    standing = await _standing(store, policy, case, before)
    return [_estimate(policy, replace(case, benefit_level=level), standing) for level in levels]


async def _standing(store: AnyStore, policy: Policy, case: Case, before: UUID | None) -> Standing:
    if not case.person_id:
        return _of_nobody(policy, case)
    claimant = claimant_of(policy, case)
    if before is not None:
        return await store.find_standing_before(claimant, before)
    return await store.find_standing(claimant)


def _of_nobody(policy: Policy, case: Case) -> Standing:
    qualified: tuple[Entitlement, ...] = ()
    if setting_of(case.medical_type_code) is Setting.CHRONIC:
        kind = EntitlementKind.CHRONIC_DISEASE
        qualified = (Entitlement(kind, case.disease_code, case.begin_date, None),)
    return Standing(
        years=dict.fromkeys(benefit_years(policy, case), Accumulators()),
        account_balance=0,
        circumstances=Circumstances(entitlements=qualified),
    )


def _estimate(policy: Policy, case: Case, standing: Standing) -> Estimate:
    try:
        outcome = adjudicate_case(policy, case, standing)
    except RuleForbids as error:
        return Estimate(case.benefit_level, error)
    check_identities(outcome)
    metrics.ADJUDICATIONS.labels("estimate", province_of(case.insured_region_code)).inc()
    return Estimate(case.benefit_level, outcome)


async def check_disease(
    store: AnyStore,
    policy: Policy,
    *,
    person_id: UUID | None,
    region_code: str,
    scheme_code: str,
    disease_code: str,
    day: date,
    diagnosis_codes: tuple[str, ...],
) -> DiseaseAnswer:
    """Returns whether a person may use a chronic outpatient benefit, and what there is for it.

    Args:
        store: the service's.
        policy: the packs.
        person_id: whose qualification; None: nobody's.
        region_code: insured region.
        scheme_code: insutype.
        disease_code: the disease asked about.
        day: of the visit.
        diagnosis_codes: ICD-10 codes of the visit; none: not compared.
    """
    found = _of_policy(
        policy,
        region_code=region_code,
        scheme_code=scheme_code,
        disease_code=disease_code,
        day=day,
        diagnosis_codes=diagnosis_codes,
    )
    if person_id is None:
        return found
    entitlements = await store.list_entitlements(person_id)
    qualified = qualification(entitlements, disease_code, found.policy_disease, day)
    return replace(found, qualified=qualified)


def _of_policy(
    policy: Policy,
    *,
    region_code: str,
    scheme_code: str,
    disease_code: str,
    day: date,
    diagnosis_codes: tuple[str, ...],
) -> DiseaseAnswer:
    none = DiseaseAnswer(diagnosis_matches=not diagnosis_codes)
    try:
        snapshot = policy.at(
            region_code=region_code, scheme_code=scheme_code, setting=Setting.CHRONIC, day=day
        )
    except RuleForbids:
        return none
    disease = policy_disease(snapshot.diseases, disease_code)
    if not disease:
        return replace(none, policy_version=snapshot.policy_version)
    prefixes = snapshot.diseases[disease]
    return DiseaseAnswer(
        policy_disease=disease,
        prefixes=prefixes,
        policy_version=snapshot.policy_version,
        diagnosis_matches=not diagnosis_codes or is_diagnosed(prefixes, diagnosis_codes),
    )
