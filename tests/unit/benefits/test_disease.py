"""Which disease of a policy a code means, and what qualifies a person for it."""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.disease import policy_disease, qualification
from services.benefits.domain.model import Entitlement, EntitlementKind

DAY = date(2026, 3, 31)
LISTED = {"M03900": ("I10",), "M07803": ()}


@pytest.mark.parametrize(
    ("code", "disease"),
    [
        ("M03900", "M03900"),
        ("M03902", "M03900"),
        ("HBLB101", "M03900"),
        ("M07803", "M07803"),
        # A policy that lists a sub-type alone has nothing for the disease above it.
        ("M07800", ""),
        ("M01600", ""),
        ("M99999", ""),
        ("", ""),
    ],
)
def test_a_code_is_itself_or_the_national_disease_above_it(code, disease):
    assert policy_disease(LISTED, code) == disease


def qualified(code: str, begin: date = date(2026, 1, 1), end: date | None = None) -> Entitlement:
    return Entitlement(EntitlementKind.CHRONIC_DISEASE, code, begin, end)


@pytest.mark.parametrize("code", ["M03902", "M03900", "HBLB101"])
def test_the_code_the_one_above_and_one_beneath_the_policys_qualify(code):
    one = qualified(code)
    assert qualification([one], "M03902", "M03900", DAY) is one


@pytest.mark.parametrize(
    "one",
    [
        qualified("M01600"),
        qualified("M03900", end=date(2026, 3, 30)),
        qualified("M03900", begin=date(2026, 4, 1)),
        Entitlement(EntitlementKind.MEDICAL_AID, "M03900", date(2026, 1, 1), None),
    ],
)
def test_another_disease_time_or_kind_does_not(one):
    assert qualification([one], "M03900", "M03900", DAY) is None


def test_without_a_policy_the_code_and_the_one_above_qualify_and_nothing_else():
    # Both belong to no national disease: that does not make them one.
    assert qualification([qualified("M02300")], "M02500", "", DAY) is None
    one = qualified("M03900")
    assert qualification([one], "M03902", "", DAY) is one


def test_that_of_the_very_code_goes_first_then_the_oldest():
    above, own = qualified("M03900", date(2025, 1, 1)), qualified("M03902", date(2026, 3, 1))
    assert qualification([above, own], "M03902", "M03900", DAY) is own
    older = qualified("HBLB101", date(2024, 1, 1))
    assert qualification([above, older], "M03902", "M03900", DAY) is older
