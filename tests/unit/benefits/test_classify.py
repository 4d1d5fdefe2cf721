from __future__ import annotations

import pytest

from services.benefits.domain.classify import hospital_level_of, person_of, setting_of, travel_of
from services.benefits.domain.model import HospitalLevel, Person, Setting, Travel
from services.kit.codes import INSTITUTION_LEVELS, MEDICAL_TYPES, PERSON_TYPES


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("01", HospitalLevel.TERTIARY_TOP),
        ("02", HospitalLevel.TERTIARY),
        ("04", HospitalLevel.TERTIARY),
        ("05", HospitalLevel.SECONDARY),
        ("07", HospitalLevel.SECONDARY),
        ("08", HospitalLevel.PRIMARY),
        ("10", HospitalLevel.PRIMARY),
        ("11", HospitalLevel.COMMUNITY),
        ("00", None),
        ("12", None),
        ("", None),
    ],
)
def test_hospital_level(code, level):
    assert hospital_level_of(code) is level


def test_every_national_level_has_a_class():
    assert all(hospital_level_of(code) for code in INSTITUTION_LEVELS)


@pytest.mark.parametrize(
    ("code", "setting"),
    [
        ("11", Setting.OUTPATIENT),
        ("13", Setting.OUTPATIENT),
        ("14", Setting.CHRONIC),
        ("140104", Setting.CHRONIC),
        ("21", Setting.INPATIENT),
        ("2106", Setting.INPATIENT),
        ("28", Setting.INPATIENT),
        ("41", Setting.PHARMACY),
        ("52", None),
        ("61", None),
        ("", None),
    ],
)
def test_setting(code, setting):
    assert setting_of(code) is setting
    assert not code or code[:2] in MEDICAL_TYPES


@pytest.mark.parametrize(
    ("code", "person"),
    [
        ("1101", Person.IN_SERVICE),
        ("12", Person.RETIRED),
        ("1401", Person.MINOR),
        ("1501", Person.ADULT),
        ("16", Person.ELDERLY),
        ("1300", None),
        ("1701", None),
    ],
)
def test_person(code, person):
    assert person_of(code) is person
    assert code[:2] in PERSON_TYPES


@pytest.mark.parametrize(
    ("insured", "care", "travel"),
    [
        ("650100", "640104", Travel.CROSS_PROVINCE),
        ("650100", "660000", Travel.CROSS_PROVINCE),
        ("610500", "610502", Travel.LOCAL),
        ("610500", "610102", Travel.IN_PROVINCE),
        ("110000", "110105", Travel.LOCAL),
        ("460000", "460200", Travel.LOCAL),
        ("640000", "640302", Travel.LOCAL),
        ("660000", "660400", Travel.LOCAL),
        ("110000", "120101", Travel.CROSS_PROVINCE),
    ],
)
def test_travel(insured, care, travel):
    assert travel_of(insured_region_code=insured, care_region_code=care) is travel
