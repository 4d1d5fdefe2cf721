"""A triple (one fen below, at, one fen above) for each threshold that the packs ship.

What is paid there is compared with the oracle, which computes it by the formulas of the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from services.benefits.domain import schema
from services.benefits.domain.adjudicate import adjudicate
from services.benefits.domain.model import (
    NO_CIRCUMSTANCES,
    Accumulators,
    AidIdentity,
    BenefitLevel,
    Case,
    Circumstances,
    Entitlement,
    EntitlementKind,
    HospitalLevel,
    Setting,
    Tally,
)
from services.benefits.domain.schema import LimitPeriod, LimitType, PolicyStep
from services.benefits.domain.snapshot import Snapshot
from services.proving.policy import oracle
from tests.policy.bills import NOTHING_YET, bill, funds, policy

PERSONS = {"in_service": "11", "retired": "12", "minor": "14", "adult": "15", "elderly": "16"}
MEDICAL_TYPES = {
    Setting.OUTPATIENT: "11",
    Setting.INPATIENT: "21",
    Setting.CHRONIC: "14",
    Setting.PHARMACY: "41",
}
TRIPLE = (-1, 0, 1)
FAR = 10**9


def snapshots(*, chronic: bool):
    return [
        pytest.param(
            snapshot,
            id=f"{snapshot.region_code}-{snapshot.scheme_code}-{snapshot.setting.value}"
            f"-{snapshot.valid_from}",
        )
        for snapshot in policy().snapshots()
        if (snapshot.setting is Setting.CHRONIC) is chronic
        and PolicyStep.SEGMENTS in snapshot.steps
    ]


def cases(snapshot: Snapshot) -> Iterator[Case]:
    """Every person and level at home, and one of them unfiled in another province."""
    far = "650102" if snapshot.region_code[:2] in {"11", "12", "13"} else "110105"
    persons = sorted(snapshot.persons)
    places = [
        *((person, level, snapshot.region_code) for person in persons for level in HospitalLevel),
        (persons[0], HospitalLevel.TERTIARY, far),
    ]
    for person, level, care in places:
        yield bill(
            snapshot.region_code,
            scheme=snapshot.scheme_code,
            person=PERSONS[person],
            care=care,
            level=level,
            medical_type=MEDICAL_TYPES[snapshot.setting],
            benefit_level=BenefitLevel.UNFILED if care == far else BenefitLevel.LONG_TERM,
            in_scope=1,
            full=1,
            end=snapshot.valid_from,
        )


def with_cost(case: Case, in_scope: int) -> Case:
    amounts = replace(case.amounts, in_scope=in_scope, total=in_scope + case.amounts.full_self_pay)
    return replace(case, amounts=amounts)


def agree(case, snapshot, before=NOTHING_YET, circumstances=NO_CIRCUMSTANCES):
    """Compares engine and oracle, and returns what they say."""
    wanted = oracle.expected(case, snapshot, before, circumstances)
    outcome = adjudicate(case, snapshot, before, 0, circumstances=circumstances)
    assert funds(outcome) == wanted.funds, case
    assert outcome.deductible == wanted.deductible, case
    assert outcome.critical_base == wanted.critical_base, case
    assert outcome.patient_total == case.amounts.total - sum(wanted.funds.values())
    return outcome


def is_covered(case, snapshot) -> bool:
    try:
        oracle.expected(with_cost(case, FAR), snapshot, Accumulators(), NO_CIRCUMSTANCES)
    except oracle.NotCovered:
        return False
    return True


def value(snapshot, spec, outcome):
    """The value that an outcome was computed with, by its path in the trace."""
    paths = {
        read.path: key
        for key, reading in snapshot.resolved[spec.path].readings.items()
        for read in [reading.read]
    }
    for step in outcome.steps:
        for read in step.parameters:
            if read.path in paths:
                return snapshot.resolved[spec.path].readings[paths[read.path]].value
    return None


@pytest.mark.parametrize("snapshot", snapshots(chronic=False))
def test_deductible_and_segments(snapshot):
    tried = 0
    for case in cases(snapshot):
        if not is_covered(case, snapshot):
            continue
        most = agree(with_cost(case, FAR), snapshot)
        standard = most.deductible_standard
        scale = value(snapshot, schema.SEGMENTS_SCALE, most)
        bounds = [standard, *(bracket.above for bracket in scale)]
        bounds += [standard + bracket.above for bracket in scale]
        for bound, fen in product(bounds, TRIPLE):
            if bound + fen >= 0:
                agree(with_cost(case, bound + fen), snapshot)
                tried += 1
    assert tried


@pytest.mark.parametrize("snapshot", snapshots(chronic=False))
def test_caps_of_the_year(snapshot):
    """The cap leaves one fen less than the bill would take, as much, and one fen more."""
    inpatient = snapshot.setting is Setting.INPATIENT
    for case in cases(snapshot):
        if not is_covered(case, snapshot):
            continue
        usual = with_cost(case, 3_000_000)
        paid = funds(agree(usual, snapshot))
        most = agree(with_cost(case, FAR), snapshot)
        sums = {
            schema.CAP_AMOUNT: ("fund_pooled" if inpatient else "outpatient_fund", "100"),
            schema.LARGE_CAP: ("fund_large_amount", None),
            schema.CRITICAL_CAP: ("fund_critical_illness", None),
        }
        for spec, (name, pooled) in sums.items():
            cap = value(snapshot, spec, most) if spec.path in snapshot.resolved else None
            if cap is None:
                continue
            taken = paid.get(f"{snapshot.scheme_code}{pooled}", 0) if pooled else 100_000
            for fen in TRIPLE:
                before = Accumulators(**{name: max(0, cap - taken - fen)})
                agree(usual, snapshot, before)
                agree(with_cost(case, FAR), snapshot, before)


@pytest.mark.parametrize("snapshot", snapshots(chronic=False))
def test_bands_of_the_year(snapshot):
    """Thresholds and bands of large amount, critical illness and medical aid."""
    for case in cases(snapshot):
        if not is_covered(case, snapshot):
            continue
        usual = with_cost(case, 3_000_000)
        most = agree(with_cost(case, FAR), snapshot)
        burden = agree(usual, snapshot).critical_base
        bounds = []
        if PolicyStep.CRITICAL_ILLNESS in snapshot.steps:
            threshold = value(snapshot, schema.CRITICAL_THRESHOLD, most)
            scale = value(snapshot, schema.CRITICAL_SCALE, most) or ()
            bounds = [threshold, *(b.above for b in scale), *(threshold + b.above for b in scale)]
        for bound, fen in product(bounds, TRIPLE):
            before = Accumulators(critical_illness_base=max(0, bound - burden + fen))
            agree(usual, snapshot, before)
        if PolicyStep.LARGE_AMOUNT in snapshot.steps:
            for band, fen in product(value(snapshot, schema.LARGE_SCALE, most) or (), TRIPLE):
                base = max(0, band.above + fen)
                agree(with_cost(case, FAR), snapshot, Accumulators(large_amount_base=base))


def entitled(kind: EntitlementKind, code: str = "") -> Circumstances:
    return Circumstances(entitlements=(Entitlement(kind, code, date(2000, 1, 1), None),))


@pytest.mark.parametrize("snapshot", snapshots(chronic=False))
def test_medical_aid(snapshot):
    if PolicyStep.MEDICAL_AID not in snapshot.steps:
        return
    tried = 0
    for case in cases(snapshot):
        for identity in AidIdentity:
            if identity is AidIdentity.NONE:
                continue
            aided = entitled(EntitlementKind.MEDICAL_AID, identity.value)
            try:
                oracle.expected(with_cost(case, FAR), snapshot, Accumulators(), aided)
            except oracle.NotCovered:
                continue
            most = agree(with_cost(case, FAR), snapshot, circumstances=aided)
            for band in value(snapshot, schema.MEDICAL_AID_SCALE, most) or ():
                for fen in TRIPLE:
                    before = Accumulators(medical_aid_base=max(0, band.above + fen))
                    agree(with_cost(case, 3_000_000), snapshot, before, aided)
                    tried += 1
            if PolicyStep.CRITICAL_ILLNESS in snapshot.steps:
                # Their threshold is another one than everybody's.
                usual = with_cost(case, 3_000_000)
                burden = agree(usual, snapshot, circumstances=aided).critical_base
                threshold = value(snapshot, schema.CRITICAL_THRESHOLD, most)
                for fen in TRIPLE:
                    base = max(0, threshold - burden + fen)
                    agree(usual, snapshot, Accumulators(critical_illness_base=base), aided)
    assert tried


@pytest.mark.parametrize("snapshot", snapshots(chronic=False))
def test_supplements(snapshot):
    """Brackets of the burden of a bill, and caps of the year."""
    for step in set(schema.SUPPLEMENTS) & set(snapshot.steps) - {PolicyStep.OTHER_FUND}:
        specs, held = schema.SUPPLEMENTS[step], entitled(EntitlementKind(step.value))
        for case in cases(snapshot):
            most = agree(with_cost(case, FAR), snapshot, circumstances=held)
            for bracket in value(snapshot, specs.scale, most) or ():
                edge = cost_with_burden(case, snapshot, step, held, bracket.above)
                for fen in TRIPLE:
                    agree(with_cost(case, max(1, edge + fen)), snapshot, circumstances=held)
            cap = value(snapshot, specs.cap, most)
            for fen in TRIPLE if cap is not None else ():
                before = Accumulators(**{f"fund_{step.value}": cap - 10_000 + fen})
                agree(with_cost(case, 3_000_000), snapshot, before, held)


def cost_with_burden(case, snapshot, step, held, burden: int) -> int:
    """The least in-scope cost of which the step counts that burden, by halving."""
    low, high = 0, FAR
    while high - low > 1:
        middle = (low + high) // 2
        outcome = adjudicate(
            with_cost(case, middle), snapshot, Accumulators(), 0, circumstances=held
        )
        counted = max((s.base_fen for s in outcome.steps if s.code == step.value), default=0)
        low, high = (low, middle) if counted >= burden else (middle, high)
    return high


LIMIT_SUM = {
    LimitType.FUND: "fund",
    LimitType.FUND_QUOTA: "fund",
    LimitType.IN_SCOPE: "in_scope",
    LimitType.TOTAL: "total",
}


@pytest.mark.parametrize("snapshot", snapshots(chronic=True))
def test_disease_limits(snapshot):
    """At the limit of a disease nothing is paid; a fen before it a fen at most; far from it all."""
    if PolicyStep.DISEASE_LIMIT not in snapshot.steps:
        return
    day = snapshot.valid_from
    tried = 0
    for disease, first in product(sorted(snapshot.diseases), list(cases(snapshot))[:1]):
        case = replace(with_cost(first, 3_000_000), disease_code=disease)
        case = replace(case, amounts=replace(case.amounts, total=3_000_000, full_self_pay=0))
        qualified = Entitlement(EntitlementKind.CHRONIC_DISEASE, disease, date(2000, 1, 1), None)
        plain = adjudicate(
            case, snapshot, Accumulators(), 0, circumstances=Circumstances((qualified,))
        )
        kind = value(snapshot, schema.DISEASE_LIMIT_TYPE, plain)
        limit = value(snapshot, schema.DISEASE_LIMIT_AMOUNT, plain)
        period = value(snapshot, schema.DISEASE_LIMIT_PERIOD, plain)
        assert isinstance(kind, LimitType)
        assert isinstance(period, LimitPeriod)
        for left in (-1, 0, 1, 2):
            sums = {"total": 0, "in_scope": 0, "deductible": 0, "fund": 0, "count": 1}
            sums[LIMIT_SUM[kind]] = limit - left
            tally = Tally(
                benefit_year=snapshot.benefit_year_of(day),
                month=day.month,
                setting=Setting.CHRONIC,
                institution_code="",
                disease_code=disease,
                same_stay=False,
                **sums,
            )
            # The deductible of the year is paid, so that what is left decides alone.
            before = Accumulators(chronic_in_scope=FAR, chronic_deductible=FAR)
            outcome = adjudicate(
                case, snapshot, before, 0, circumstances=Circumstances((qualified,), (tally,))
            )
            assert outcome.fund_total <= max(0, left)
            tried += 1
        wider = adjudicate(
            case,
            snapshot,
            Accumulators(chronic_in_scope=FAR, chronic_deductible=FAR),
            0,
            circumstances=Circumstances((qualified,)),
        )
        assert wider.fund_total > 1
    assert tried
