"""For what somebody receives medical aid decides amounts, and is told to nobody."""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.model import (
    AidIdentity,
    Circumstances,
    Entitlement,
    EntitlementKind,
)
from services.kit.errors import RuleForbids
from tests.support.packs import By, settled


def aided(identity):
    kind = EntitlementKind.MEDICAL_AID
    return Circumstances((Entitlement(kind, identity.value, date(2020, 1, 1), None),))


@pytest.mark.parametrize("identity", [AidIdentity.EXTREME_POVERTY, AidIdentity.NEAR_MINIMUM])
def test_the_trace_does_not_tell_the_identity(identity):
    outcome = settled(
        {
            "critical_illness.threshold": By(
                "level, identity", "{any: {extreme_poverty: 500.00, any: 1000.00}}"
            ),
            "critical_illness.scale": By("identity", "{any: [{above: 0.00, ratio: 0.60}]}"),
            "medical_aid.scale": By("identity", "{any: [{above: 0.00, ratio: 0.50}]}"),
            "medical_aid.counts": "[share]",
        },
        scheme="390",
        steps="deductible, segments, critical_illness, medical_aid",
        in_scope=900000,
        circumstances=aided(identity),
    )
    paths = [read.path for step in outcome.steps for read in step.parameters]
    assert not [path for path in paths for one in AidIdentity if one.value in path]
    # What else a value depends on is told.
    assert "resident/inpatient/critical_illness.threshold[3,*]" in paths
    assert "resident/inpatient/critical_illness.scale[*]" in paths
    assert "resident/inpatient/medical_aid.scale[*]" in paths


OTHERS = [
    one.value for one in AidIdentity if one not in {AidIdentity.NONE, AidIdentity.NEAR_MINIMUM}
]
CAPS = ", ".join(f"{one}: 100.00" for one in OTHERS)
CAPS_BY_TRAVEL = ", ".join(f"{one}: {{any: 100.00}}" for one in OTHERS)
ELSEWHERE = "near_minimum: {in_province: 0.00, cross_province: 0.00}"


@pytest.mark.parametrize(
    ("by", "cap", "missing"),
    [
        ("identity", f"{{{CAPS}}}, not_modelled: [[near_minimum]]", "medical_aid.cap"),
        (
            "identity, travel",
            f"{{{CAPS_BY_TRAVEL}, {ELSEWHERE}}}, not_modelled: [[near_minimum, local]]",
            "medical_aid.cap[local]",
        ),
    ],
)
def test_what_is_missing_does_not_tell_the_identity(by, cap, missing):
    parameters = {"medical_aid.cap": By(by, cap)}
    with pytest.raises(RuleForbids) as refused:
        settled(
            parameters,
            steps="deductible, segments, medical_aid",
            in_scope=200000,
            circumstances=aided(AidIdentity.NEAR_MINIMUM),
        )
    assert refused.value.metadata["missing"] == missing
    assert "near_minimum" not in f"{refused.value} {refused.value.metadata}"
