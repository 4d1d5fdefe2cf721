"""Institutions: what may be registered, and the order in which a business is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.identity.domain import institutions
from services.identity.domain.model import Institution, Opening, Suspension
from services.kit.errors import DomainError

TODAY = date(2026, 11, 20)
HOSPITAL = Institution(
    code="H64010400001",
    name="示例医院",
    region="640104",
    level="02",
    price_level="02",
    deductible_level="02",
    openings=(
        Opening("21", date(2017, 1, 1), None),
        Opening("14", date(2022, 1, 1), date(2026, 12, 31), "M07800"),
    ),
    type_code="1",
    begin_date=date(2020, 1, 1),
    end_date=date(2026, 12, 31),
    address="示例路1号",
)
PHARMACY = replace(
    HOSPITAL, code="P64010400001", type_code="2", openings=(Opening("41", TODAY, None),)
)


def suspension(**changes: Any) -> Suspension:
    fields = {
        "suspension_id": UUID(int=1),
        "medical_type": "",
        "begin_date": TODAY,
        "end_date": None,
        "reason": "违规整改",
    }
    return Suspension(**{**fields, **changes})


def refusal(changes: dict[str, Any], of: Institution = HOSPITAL) -> tuple[str, str]:
    with pytest.raises(DomainError) as caught:
        institutions.check_institution(replace(of, **changes), at="i")
    return caught.value.reason, caught.value.violations[0].field


def test_what_is_registered_may_be_registered() -> None:
    institutions.check_institution(HOSPITAL, at="i")
    institutions.check_institution(PHARMACY, at="i")
    institutions.check_institution(replace(HOSPITAL, begin_date=None, end_date=None), at="i")


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"code": "H64010400"}, "FIELD_INVALID", "i.institution_code"),
        ({"code": "X64010400001"}, "FIELD_INVALID", "i.institution_code"),
        ({"type_code": "2"}, "FIELD_INVALID", "i.type"),
        ({"name": " 示例"}, "FIELD_INVALID", "i.name"),
        ({"name": "示\u200b例"}, "FIELD_INVALID", "i.name"),
        ({"address": "示例\x00路"}, "FIELD_INVALID", "i.address"),
        ({"region": "649999"}, "REGION_UNKNOWN", "i.region_code"),
        ({"region": "650102"}, "FIELD_INVALID", "i.region_code"),
        ({"level": "12"}, "FIELD_INVALID", "i.hospital_level_code"),
        ({"price_level": "00"}, "FIELD_INVALID", "i.price_level_code"),
        ({"deductible_level": "x"}, "FIELD_INVALID", "i.deductible_level_code"),
        ({"end_date": date(2019, 12, 31)}, "FIELD_INVALID", "i.end_date"),
    ],
)
def test_each_field_is_checked(changes: dict[str, Any], reason: str, field: str) -> None:
    assert refusal(changes) == (reason, field)


@pytest.mark.parametrize(
    ("openings", "reason", "field"),
    [
        ((Opening("88", TODAY, None),), "FIELD_INVALID", "i.openings[0].medical_type_code"),
        (
            (Opening("21", TODAY, date(2026, 11, 19)),),
            "FIELD_INVALID",
            "i.openings[0].end_date",
        ),
        (
            (Opening("21", TODAY, None, "M07800"),),
            "FIELD_INVALID",
            "i.openings[0].disease_code",
        ),
        (
            (Opening("14", TODAY, None, "M99999"),),
            "DISEASE_CODE_UNKNOWN",
            "i.openings[0].disease_code",
        ),
        (
            (Opening("21", TODAY, None), Opening("21", date(2027, 1, 1), None)),
            "FIELD_INVALID",
            "i.openings[1].begin_date",
        ),
        (
            (
                Opening("11", date(2026, 1, 1), date(2026, 6, 30)),
                Opening("21", date(2020, 1, 1), None),
                Opening("11", date(2026, 6, 30), None),
            ),
            "FIELD_INVALID",
            "i.openings[2].begin_date",
        ),
    ],
)
def test_openings_are_checked(openings: tuple[Opening, ...], reason: str, field: str) -> None:
    assert refusal({"openings": openings}) == (reason, field)


def test_periods_of_different_businesses_may_overlap() -> None:
    openings = (
        Opening("11", TODAY, None),
        Opening("14", TODAY, None),
        Opening("14", TODAY, None, "M07800"),
        Opening("21", date(2020, 1, 1), date(2020, 12, 31)),
        Opening("21", date(2021, 1, 1), None),
    )
    institutions.check_institution(replace(HOSPITAL, openings=openings), at="i")


def test_a_pharmacy_has_no_stays() -> None:
    assert refusal({"openings": (Opening("21", TODAY, None),)}, PHARMACY) == (
        "FIELD_INVALID",
        "i.openings[0].medical_type_code",
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"medical_type": "88"}, "s.medical_type_code"),
        ({"reason": " "}, "s.reason"),
        ({"reason": "违规\x07"}, "s.reason"),
        ({"end_date": date(2026, 11, 19)}, "s.end_date"),
    ],
)
def test_a_suspension_is_checked(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as caught:
        institutions.check_suspension(suspension(**changes), at="s")
    assert caught.value.violations[0].field == field
    institutions.check_suspension(suspension(medical_type="21", end_date=TODAY), at="s")


def test_lifting_may_not_lengthen() -> None:
    held = suspension(end_date=TODAY)
    institutions.check_resumption(held, TODAY)
    institutions.check_resumption(held, date(2000, 1, 1))
    institutions.check_resumption(suspension(), date(2030, 1, 1))
    with pytest.raises(DomainError) as caught:
        institutions.check_resumption(held, date(2026, 11, 21))
    assert caught.value.violations[0].field == "end_date"


def answer(
    institution: Institution | None, medical_type: str = "21", on: date = TODAY, disease: str = ""
) -> str:
    try:
        institutions.check_open(institution, medical_type, on, disease=disease)
    except DomainError as error:
        return error.reason
    return ""


def test_the_first_refusal_that_applies_is_answered() -> None:
    # Everything is wrong at once, and is put right from the first to the last.
    wrong = replace(
        HOSPITAL,
        end_date=date(2026, 1, 1),
        suspensions=(suspension(),),
        openings=(Opening("14", date(2027, 1, 1), None, "M01600"),),
    )
    assert answer(None, "14", disease="M07800") == "INSTITUTION_UNKNOWN"
    assert answer(wrong, "14", disease="M07800") == "INSTITUTION_NOT_DESIGNATED"
    wrong = replace(wrong, end_date=None)
    assert answer(wrong, "14", disease="M07800") == "INSTITUTION_SUSPENDED"
    wrong = replace(wrong, suspensions=())
    assert answer(wrong, "14", disease="M07800") == "INSTITUTION_NOT_OPEN"
    wrong = replace(wrong, openings=(Opening("14", TODAY, None, "M01600"),))
    assert answer(wrong, "14", disease="M07800") == "DISEASE_NOT_OPEN"
    wrong = replace(wrong, openings=(Opening("14", TODAY, None, "M07800"),))
    assert answer(wrong, "14", disease="M07803") == ""


@pytest.mark.parametrize(
    ("on", "reason"),
    [
        (date(2019, 12, 31), "INSTITUTION_NOT_DESIGNATED"),
        (date(2020, 1, 1), ""),
        (date(2026, 12, 31), ""),
        (date(2027, 1, 1), "INSTITUTION_NOT_DESIGNATED"),
    ],
)
def test_the_agreement_counts_on_both_its_ends(on: date, reason: str) -> None:
    assert answer(HOSPITAL, on=on) == reason


@pytest.mark.parametrize(
    ("changes", "medical_type", "on", "suspended"),
    [
        ({}, "21", TODAY, True),
        ({}, "", TODAY, True),
        ({}, "21", date(2026, 11, 19), False),
        ({"medical_type": "21"}, "21", TODAY, True),
        ({"medical_type": "21"}, "2102", TODAY, True),
        ({"medical_type": "21"}, "", TODAY, False),
        ({"medical_type": "11"}, "21", TODAY, False),
        ({"end_date": TODAY}, "21", TODAY, True),
        ({"end_date": TODAY}, "21", date(2026, 11, 21), False),
        ({"end_date": date(2026, 11, 19)}, "21", TODAY, False),
    ],
)
def test_a_suspension_counts_for_its_business_and_days(
    changes: dict[str, Any], medical_type: str, on: date, *, suspended: bool
) -> None:
    hospital = replace(HOSPITAL, suspensions=(suspension(**changes),))
    assert answer(hospital, medical_type, on) == ("INSTITUTION_SUSPENDED" if suspended else "")


def test_the_refusal_says_which_business_is_suspended() -> None:
    hospital = replace(HOSPITAL, suspensions=(suspension(medical_type="21"),))
    with pytest.raises(DomainError) as caught:
        institutions.check_open(hospital, "21", TODAY)
    assert caught.value.metadata == {"medicalTypeCode": "21"}
