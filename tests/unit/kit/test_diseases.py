"""Goal: a disease code rolls up to the right national disease, and a list covers what it names."""

from __future__ import annotations

import pytest

from services.kit import codes
from services.kit.diseases import (
    CHILDREN,
    DIAGNOSES,
    DISEASES,
    LOCAL,
    NATIONAL,
    NATIONAL_EN,
    OTHERS,
    covers,
    disease_of_diagnosis,
    is_diagnosed,
    is_known_disease,
    national_disease,
    rolled_up,
)


def test_diseases_roll_up_to_the_ten():
    assert len(NATIONAL) == 10
    assert len(DISEASES) == sum(map(len, (NATIONAL, OTHERS, CHILDREN, LOCAL)))
    assert {national_disease(code) for code in NATIONAL} == set(NATIONAL)
    assert all(national_disease(code) in NATIONAL for code in (*CHILDREN, *LOCAL))
    assert {national_disease(code) for code in OTHERS} == {""}
    assert national_disease("M00503") == "M00500"
    assert national_disease("HBLB201") == "M01600"
    assert national_disease("M03999") == ""
    assert is_known_disease("M08300")
    assert not is_known_disease("")


@pytest.mark.parametrize(
    ("listed", "code", "covered"),
    [
        ("M07800", "M07800", True),
        ("M07800", "M07803", True),
        ("M07803", "M07803", True),
        ("M07803", "M07800", False),
        ("M07803", "M07804", False),
        ("M03900", "HBLB101", True),
        ("HBLB101", "M03900", False),
        ("M02500", "M02500", True),
        ("M02500", "M02300", False),
        ("M99999", "M99999", False),
        ("", "M03900", False),
        ("M03900", "", False),
        ("", "", False),
        ("", "M02500", False),
    ],
)
def test_a_list_covers_a_code_by_itself_or_by_its_parent(listed, code, covered):
    assert covers(listed, code) is covered
    assert (listed in rolled_up(code)) is covered


def test_rolled_up_begins_with_the_code_itself():
    assert rolled_up("M07803") == ("M07803", "M07800")
    assert rolled_up("M07800") == ("M07800",)
    assert rolled_up("M02500") == ("M02500",)
    assert rolled_up("M99999") == ()


def test_each_of_the_ten_has_an_english_name_and_diagnoses():
    assert set(NATIONAL_EN) == set(DIAGNOSES) == set(NATIONAL)
    prefixes = [prefix for found in DIAGNOSES.values() for prefix in found]
    assert len(prefixes) == len(set(prefixes)), "one diagnosis would speak for two diseases"
    assert all(codes.is_diagnosis_code(prefix) for prefix in prefixes)


@pytest.mark.parametrize(
    ("diagnosis", "disease"),
    [
        ("I10.x00x002", "M03900"),
        ("I13.900", "M03900"),
        ("I14.x00", ""),
        ("I15.000", "M03900"),
        ("E11.900", "M01600"),
        ("C00.000", "M00500"),
        ("C97.x00", "M00500"),
        ("D00.000", ""),
        ("N18.000", "M07800"),
        ("Z94.000", "M08300"),
        ("J44.900", "M05300"),
        ("M06.900", "M06900"),
        ("I25.101", "M04600"),
        ("B18.105", "M00200"),
        ("M45.x00", "M07200"),
        ("A00.000", ""),
    ],
)
def test_a_diagnosis_speaks_for_a_disease(diagnosis, disease):
    assert disease_of_diagnosis(diagnosis) == disease
    if disease:
        assert is_diagnosed(DIAGNOSES[disease], ("A00.000", diagnosis))


def test_every_diagnosis_speaks_for_a_disease_that_names_none():
    assert is_diagnosed((), ())
    assert not is_diagnosed(("I10",), ())
