"""Chronic diseases: which of the policy's a bill is for, and who is acknowledged to have it."""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.model import (
    Accumulators,
    Circumstances,
    Entitlement,
    EntitlementKind,
)
from services.kit.errors import InvalidArgument, RuleForbids
from tests.support.packs import By, settled

SINCE = date(2020, 1, 1)


def held(*codes, since=SINCE, until=None, kind=EntitlementKind.CHRONIC_DISEASE):
    return Circumstances(tuple(Entitlement(kind, code, since, until) for code in codes))


def settle(disease, circumstances, *, diseases="{M03900: [I10], M07800: []}", amount="100.00"):
    return settled(
        {"deductible.amount": amount},
        setting="chronic",
        disease=disease,
        in_scope=60000,
        circumstances=circumstances,
        tree={"diseases": diseases},
    )


def test_sums_of_chronic_care_are_its_own():
    outcome = settle("M03900", held("M03900"))
    # 600 - 100 = 500 x 50 %.
    assert outcome.delta == Accumulators(
        chronic_in_scope=60000, chronic_deductible=10000, chronic_fund=25000
    )


@pytest.mark.parametrize(
    ("disease", "entitled"),
    [
        ("M07800", "M07800"),
        # Haemodialysis: the same, the one above it, or another of the one that the policy lists.
        ("M07803", "M07803"),
        ("M07803", "M07800"),
        ("M07803", "M07804"),
        ("M07800", "M07803"),
        # A local code of hypertension.
        ("HBLB101", "M03900"),
        ("M03900", "HBLB101"),
    ],
)
def test_who_is_acknowledged(disease, entitled):
    assert settle(disease, held("M02500", entitled)).fund_total == 25000


@pytest.mark.parametrize(
    "circumstances",
    [
        Circumstances(),
        held("M03900"),
        held("M02500"),
        held("M07803", until=date(2026, 3, 30)),
        held("M07803", since=date(2026, 4, 1)),
        held("", kind=EntitlementKind.CIVIL_SERVANT, until=date(2026, 3, 30)),
    ],
)
def test_who_is_not_acknowledged(circumstances):
    with pytest.raises(RuleForbids) as refused:
        settle("M07803", circumstances)
    assert refused.value.reason == "DISEASE_NOT_QUALIFIED"
    assert "M07803" not in str(refused.value)


def test_it_holds_on_its_last_day():
    assert settle("M07803", held("M07803", until=date(2026, 3, 31))).fund_total == 25000


def test_a_listed_child_is_a_disease_of_its_own():
    diseases = "{M07800: [], M07803: []}"
    amount = By("disease", "{M07800: 300.00, M07803: 100.00}")
    own = settle("M07803", held("M07800"), diseases=diseases, amount=amount)
    assert own.deductible == 10000
    # The other child belongs to the one above.
    parent = settle("M07804", held("M07800"), diseases=diseases, amount=amount)
    assert parent.deductible == 30000
    # Who is acknowledged for the other child is not for this one.
    with pytest.raises(RuleForbids) as refused:
        settle("M07803", held("M07804"), diseases=diseases, amount=amount)
    assert refused.value.reason == "DISEASE_NOT_QUALIFIED"


@pytest.mark.parametrize("disease", ["M02500", "M01600", "M07899"])
def test_a_disease_that_the_policy_does_not_list(disease):
    with pytest.raises(RuleForbids) as refused:
        settle(disease, held(disease))
    assert refused.value.reason == "POLICY_NOT_COVERED"
    assert refused.value.metadata["missing"] == f"disease {disease}"


def test_a_bill_of_a_chronic_disease_names_it():
    with pytest.raises(InvalidArgument) as refused:
        settle("", held("M03900"))
    assert refused.value.reason == "FIELD_INVALID"


def test_a_disease_is_ignored_where_it_does_not_count():
    assert settled(in_scope=60000, disease="M02500").fund_total == 25000
