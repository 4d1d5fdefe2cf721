"""A triple (one fen below, at, one fen above) for each threshold that the packs ship."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from services.benefits.domain import schema
from services.benefits.domain.model import Accumulators, BenefitLevel, HospitalLevel, Setting
from services.kit.money import round_fen
from tests.policy.bills import bill, funds, policy, settle

PERSONS = {"in_service": "11", "retired": "12", "minor": "14", "adult": "15", "elderly": "16"}
MEDICAL_TYPES = {Setting.OUTPATIENT: "11", Setting.INPATIENT: "21"}


def every_combination():
    for snapshot in policy().snapshots():
        for person, level in product(sorted(snapshot.persons), HospitalLevel):
            yield pytest.param(
                snapshot,
                person,
                level,
                id=f"{snapshot.region_code}-{snapshot.scheme_code}-{snapshot.setting.value}"
                f"-{snapshot.valid_from}-{person}-{level.value}",
            )


COMBINATIONS = list(every_combination())


def at_home(snapshot, person, level, in_scope):
    """A bill inside the pooling area: no reduction, home deductible."""
    return bill(
        snapshot.region_code,
        scheme=snapshot.scheme_code,
        person=PERSONS[person],
        care=snapshot.region_code,
        level=level,
        medical_type=MEDICAL_TYPES[snapshot.setting],
        benefit_level=BenefitLevel.LONG_TERM,
        in_scope=in_scope,
        full=1,
        end=snapshot.valid_from,
    )


@pytest.mark.parametrize(("snapshot", "person", "level"), COMBINATIONS)
def test_deductible(snapshot, person, level):
    standard = settle(at_home(snapshot, person, level, 10**9)).deductible_standard
    ratio = first_ratio(snapshot, person, level)
    for in_scope in (standard - 1, standard, standard + 1):
        outcome = settle(at_home(snapshot, person, level, in_scope))
        assert outcome.deductible == min(in_scope, standard)
        assert outcome.fund_total == round_fen(max(0, in_scope - standard) * ratio)


@pytest.mark.parametrize(("snapshot", "person", "level"), COMBINATIONS)
def test_pooled_cap(snapshot, person, level):
    if schema.PolicyStep.POOLED_CAP not in snapshot.steps:
        return
    cap = read(snapshot, schema.CAP_AMOUNT, person, level).value
    fund = "fund_pooled" if snapshot.setting is Setting.INPATIENT else "outpatient_fund"
    for left in (-1, 0, 1):
        # The cap leaves one fen less than the bill would take, as much, or one fen more.
        case = at_home(snapshot, person, level, 1_000_000)
        pooled = f"{snapshot.scheme_code}100"
        wanted = funds(settle(case))[pooled]
        if wanted >= cap:
            case = at_home(snapshot, person, level, 100_000)
            wanted = funds(settle(case))[pooled]
        used = Accumulators(**{fund: cap - wanted - left})
        got = funds(settle(case, used))
        assert got.get(pooled, 0) == wanted + min(0, left)


@pytest.mark.parametrize(("snapshot", "person", "level"), COMBINATIONS)
def test_critical_illness_threshold(snapshot, person, level):
    if schema.PolicyStep.CRITICAL_ILLNESS not in snapshot.steps:
        return
    threshold = read(snapshot, schema.CRITICAL_THRESHOLD, person, level).value
    ratio = read(snapshot, schema.CRITICAL_SCALE, person, level).value[0].ratio
    case = at_home(snapshot, person, level, 1_000_000)
    burden = settle(case).critical_base
    for above in (-1, 0, 1):
        before = Accumulators(critical_illness_base=threshold - burden + above)
        paid = funds(settle(case, before)).get("390200", 0)
        assert paid == round_fen(max(0, above) * ratio)


@pytest.mark.parametrize(("snapshot", "person", "level"), COMBINATIONS)
def test_segment_bounds(snapshot, person, level):
    scale = read(snapshot, schema.SEGMENTS_SCALE, person, level).value
    basis = read(snapshot, schema.SEGMENTS_BASIS, person, level).value
    deductible = settle(at_home(snapshot, person, level, 10**9)).deductible_standard
    start = deductible if basis is schema.SegmentBasis.COST else 0
    for index, bracket in enumerate(scale[1:], start=1):
        for fen in (-1, 0, 1):
            end = bracket.above + fen
            exact = Fraction(0)
            for lower, upper in zip(scale[: index + 1], (*scale[1 : index + 1], None), strict=True):
                high = end if upper is None else min(end, upper.above)
                exact += max(0, high - max(start, lower.above)) * lower.ratio
            case = at_home(snapshot, person, level, end + deductible - start)
            assert settle(case).fund_total == round_fen(exact)


def coordinates(person, level):
    return {
        schema.Dimension.LEVEL: level.value,
        schema.Dimension.PERSON: person,
        schema.Dimension.STAY: "first",
        schema.Dimension.TRAVEL: "local",
        schema.Dimension.BENEFIT_LEVEL: "LONG_TERM",
    }


def read(snapshot, spec, person, level):
    found = snapshot.read(spec, coordinates(person, level))
    assert found is not None
    return found


def first_ratio(snapshot, person, level):
    return read(snapshot, schema.SEGMENTS_SCALE, person, level).value[0].ratio
