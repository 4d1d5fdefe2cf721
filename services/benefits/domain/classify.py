"""From national codes to the few classes that benefit rules tell apart."""

from __future__ import annotations

from typing import Final

from services.benefits.domain.model import HospitalLevel, Person, Setting, Travel

_LEVELS: Final = {
    "01": HospitalLevel.TERTIARY_TOP,
    "02": HospitalLevel.TERTIARY,
    "03": HospitalLevel.TERTIARY,
    "04": HospitalLevel.TERTIARY,
    "05": HospitalLevel.SECONDARY,
    "06": HospitalLevel.SECONDARY,
    "07": HospitalLevel.SECONDARY,
    "08": HospitalLevel.PRIMARY,
    "09": HospitalLevel.PRIMARY,
    "10": HospitalLevel.PRIMARY,
    "11": HospitalLevel.COMMUNITY,
}
_SETTINGS: Final = {
    **dict.fromkeys(("11", "12", "13"), Setting.OUTPATIENT),
    **dict.fromkeys(("21", "22", "23", "24", "25", "26", "27", "28"), Setting.INPATIENT),
    "14": Setting.CHRONIC,
    "41": Setting.PHARMACY,
}
_PERSONS: Final = {
    "11": Person.IN_SERVICE,
    "12": Person.RETIRED,
    "14": Person.MINOR,
    "15": Person.ADULT,
    "16": Person.ELDERLY,
}
# In these provinces the pooling area is the province-level area itself: the four municipalities,
# Hainan and Ningxia, which pool at province level, and 兵团.
_POOLED_BY_PROVINCE: Final = frozenset({"11", "12", "31", "46", "50", "64", "66"})


def hospital_level_of(hosp_lv: str) -> HospitalLevel | None:
    """Returns the level of a hosp_lv code (01 三级特等 … 11 无等级); None: unknown code."""
    return _LEVELS.get(hosp_lv)


def setting_of(medical_type_code: str) -> Setting | None:
    """Returns the setting of a med_type; local children count as their 2-digit parent."""
    return _SETTINGS.get(medical_type_code[:2])


def person_of(person_type_code: str) -> Person | None:
    """Returns the person group of a psn_type; local children count as their 2-digit parent."""
    return _PERSONS.get(person_type_code[:2])


def travel_of(*, insured_region_code: str, care_region_code: str) -> Travel:
    """Returns how far the care region lies from the insured region (GB/T 2260, 6 digits each)."""
    if insured_region_code[:2] != care_region_code[:2]:
        return Travel.CROSS_PROVINCE
    if insured_region_code[:2] in _POOLED_BY_PROVINCE:
        return Travel.LOCAL
    if insured_region_code[:4] == care_region_code[:4]:
        return Travel.LOCAL
    return Travel.IN_PROVINCE
