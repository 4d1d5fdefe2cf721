"""Rules about what is on one bill: payment, charges, medicine, the record itself."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.supervision.domain.model import Moment, ResultClass, Sex
from tests.unit.supervision.judging import (
    BED,
    CT,
    DAY,
    DULAGLUTIDE,
    OZAGREL,
    bill,
    found,
    line,
    settled,
    stay,
)

V, S, T = ResultClass.VIOLATION, ResultClass.SUSPICIOUS, ResultClass.TO_VERIFY
CARBAPENEM, CEPHALOSPORIN = "XJ01DHM045B001010100001", "XJ01DDT067B001010100001"
ALBUMIN, RESCUE = "XB05AAR051B002010100001", "001202000010000"
STATIN, STATIN_2 = "XC10AAA321A001010100001", "XC10AAR088A001010100001"
STENT, STENTING = "C0202020010000100001", "003205000030000"
STOMACH, STOMACH_2 = "003310020050000", "003310020030000"


def result(code: str, of: Any, *past: Any) -> ResultClass | None:
    one = found(of, *past).get(code)
    return None if one is None else one.result_class


# --- payment --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("diagnoses", "expected"),
    [
        (("I63.900",), None),
        (("I10.x00x002", "I63.900"), None),
        (("I10.x00x002",), S),
        (("I6",), S),
        ((), T),
        (None, None),
    ],
)
def test_indication(diagnoses: tuple[str, ...] | None, expected: ResultClass | None) -> None:
    assert result("DRUG_INDICATION", bill(line(OZAGREL), diagnosis_codes=diagnoses)) is expected


@pytest.mark.parametrize(("ago", "expected"), [(30, None), (31, S)])
def test_second_line(ago: int, expected: ResultClass | None) -> None:
    past = settled(1, line(CEPHALOSPORIN, on=DAY - timedelta(ago)))
    assert result("SECOND_LINE_DRUG", bill(line(CARBAPENEM)), past) is expected
    again = settled(1, line(CARBAPENEM, on=DAY - timedelta(ago)))
    assert result("SECOND_LINE_DRUG", bill(line(CARBAPENEM)), again) is expected
    both = bill(line(CEPHALOSPORIN), line(CARBAPENEM, id_="2"))
    assert result("SECOND_LINE_DRUG", both) is None


def test_rescue_is_shown_by_the_mark_the_type_or_the_item_of_the_day() -> None:
    assert result("RESCUE_DRUG", bill(line(ALBUMIN))) is T
    assert result("RESCUE_DRUG", bill(line(ALBUMIN), emergency=True)) is None
    assert result("RESCUE_DRUG", bill(line(ALBUMIN), medical_type="13")) is None
    assert result("RESCUE_DRUG", bill(line(ALBUMIN), line(RESCUE, id_="2"))) is None
    before = line(RESCUE, id_="2", on=DAY - timedelta(1))
    assert result("RESCUE_DRUG", bill(line(ALBUMIN), before)) is T


def test_the_department_of_the_line_goes_before_that_of_the_bill() -> None:
    item = "003115030160000"
    assert result("DEPARTMENT_ITEM", bill(line(item))) is T
    assert result("DEPARTMENT_ITEM", bill(line(item), department_code="15.03")) is None
    assert result("DEPARTMENT_ITEM", bill(line(item, department_code="15"))) is None
    other = bill(line(item, department_code="03"), department_code="15")
    assert result("DEPARTMENT_ITEM", other) is T
    assert result("DEPARTMENT_ITEM", bill(line(item), department_code="")) is None


def test_a_narcotic_needs_a_doctor() -> None:
    opioid = "XN02AAM001B001010100001"
    assert result("NARCOTIC_DOCTOR", bill(line(opioid), doctor_code="")) is T
    assert result("NARCOTIC_DOCTOR", bill(line(opioid))) is None
    assert result("NARCOTIC_DOCTOR", bill(line(opioid), doctor_code="", medical_type="41")) is None


def test_a_herb_alone_is_told_by_the_day() -> None:
    alone, second, free = "T900100001", "T900200001", "T900900001"
    assert result("HERB_ALONE", bill(line(alone))) is S
    assert result("HERB_ALONE", bill(line(alone), line(second, id_="2"))) is None
    apart = bill(line(alone), line(second, id_="2", on=DAY + timedelta(1)))
    assert found(apart)["HERB_ALONE"].line_ids in {("1",), ("2",)}
    assert result("HERB_ALONE", bill(line(free))) is None


@pytest.mark.parametrize(
    ("catalogue_class", "in_scope", "expected"),
    [("C", 1, V), ("C", 0, None), ("C", None, None), ("A", 1000, None), ("", None, None)],
)
def test_what_is_not_listed_is_not_in_scope(
    catalogue_class: str, in_scope: int | None, expected: ResultClass | None
) -> None:
    one = line(catalogue_class=catalogue_class, in_scope_fen=in_scope)
    assert result("NOT_LISTED_IN_SCOPE", bill(one)) is expected


# --- charges --------------------------------------------------------------------------------------


def test_of_exclusive_items_the_dearest_stays() -> None:
    grades = ["001201000040000", "001201000030000", "001201000050000"]
    lines = [
        line(code, id_=str(n), amount_fen=fen)
        for n, (code, fen) in enumerate(zip(grades, (3000, 9000, 1000), strict=True))
    ]
    one = found(stay(1, DAY, DAY + timedelta(3), *lines))["NURSING_EXCLUSIVE"]
    assert (one.line_ids, one.amount_fen) == (("0", "2"), 4000)


def test_operations_of_one_group_are_only_verified() -> None:
    both = [line(STOMACH, amount_fen=5000), line(STOMACH_2, id_="2", amount_fen=4000)]
    one = found(stay(1, DAY, DAY, *both))["ITEM_MAIN_SECONDARY"]
    assert (one.line_ids, one.result_class) == (("2",), T)
    half = [both[0], line(STOMACH_2, id_="2", quantity=Decimal("0.5"))]
    assert result("ITEM_MAIN_SECONDARY", stay(1, DAY, DAY, *half)) is None
    apart = [both[0], line(STOMACH_2, id_="2", on=DAY + timedelta(1))]
    assert result("ITEM_MAIN_SECONDARY", stay(1, DAY, DAY, *apart)) is None
    groups = [both[0], line("003310060030000", id_="2")]
    assert result("ITEM_MAIN_SECONDARY", stay(1, DAY, DAY, *groups)) is None


@pytest.mark.parametrize(("price", "expected"), [("300", None), ("300.01", S), ("0", None)])
def test_price_standard(price: str, expected: ResultClass | None) -> None:
    assert result("PRICE_STANDARD", bill(line(unit_price=Decimal(price)))) is expected


def test_a_stent_comes_with_its_operation() -> None:
    code = "MATERIAL_WITHOUT_OPERATION"
    assert result(code, stay(1, DAY, DAY, line(STENT))) is T
    assert result(code, stay(1, DAY, DAY, line(STENT), line(STENTING, id_="2"))) is None
    assert result(code, stay(1, DAY, DAY, line(STENT), operation_codes=("36.0600",))) is None
    assert result(code, stay(1, DAY, DAY, line(STENT), operation_codes=("47.0900",))) is T


def test_an_operation_is_coded_when_it_is_charged() -> None:
    code = "OPERATION_UNRECORDED"
    examined = {"operation_codes": ("88.7200",)}
    assert result(code, stay(1, DAY, DAY, line(STOMACH), **examined)) is T
    both = {"operation_codes": ("88.7200", "43.7x00")}
    assert result(code, stay(1, DAY, DAY, line(STOMACH), **both)) is None
    # An institution that sends no codes at all would be found with every operation.
    assert result(code, stay(1, DAY, DAY, line(STOMACH), operation_codes=())) is None
    assert result(code, stay(1, DAY, DAY, line(STOMACH), operation_codes=None)) is None
    anaesthesia = line("003301000150000")
    assert result(code, stay(1, DAY, DAY, anaesthesia, **examined)) is None
    assert result(code, bill(line(STOMACH), **examined)) is None


@pytest.mark.parametrize(
    ("medical_type", "days", "codes"),
    [
        ("13", 3, set()),
        ("13", 4, {"SUPPLY_EMERGENCY"}),
        ("11", 7, set()),
        ("11", 8, {"SUPPLY_ORDINARY"}),
        ("14", 84, set()),
        ("14", 85, {"SUPPLY_LONG"}),
        ("11", 85, {"SUPPLY_ORDINARY", "SUPPLY_LONG"}),
        ("11", 0, set()),
    ],
)
def test_days_of_a_prescription(medical_type: str, days: int, codes: set[str]) -> None:
    one = bill(
        line(DULAGLUTIDE, supply_days=days),
        medical_type=medical_type,
        diagnosis_codes=("J00.x00",),
    )
    # An ordinary prescription that is longer is said to the doctor, and is no officer's case.
    told = found(one, moment=Moment.REMINDER)
    assert {code for code in told if code.startswith("SUPPLY_")} == codes
    assert {code for code in found(one) if code.startswith("SUPPLY_")} == codes - {
        "SUPPLY_ORDINARY"
    }


@pytest.mark.parametrize(("days", "expected"), [(180, None), (181, T)])
def test_an_old_fee(days: int, expected: ResultClass | None) -> None:
    old = bill(line(on=DAY - timedelta(days)), line(id_="2"))
    assert result("FEE_TOO_OLD", old) is expected


# --- medicine -------------------------------------------------------------------------------------


def test_two_substances_of_a_group_at_once() -> None:
    code = "SAME_GROUP_DRUGS"
    both = bill(line(STATIN, supply_days=7), line(STATIN_2, id_="2", on=DAY + timedelta(6)))
    assert found(both)[code].line_ids == ("2",)
    after = bill(line(STATIN, supply_days=7), line(STATIN_2, id_="2", on=DAY + timedelta(7)))
    assert result(code, after) is None
    other = bill(line(STATIN), line("XA02BCA001A001010100001", id_="2"))
    assert result(code, other) is None


def test_herbs_and_drugs_that_are_not_used_together() -> None:
    sildenafil, nitrate = "XG04BEX001A001010100001", "XC01DAX002A001010100001"
    together = bill(line(nitrate), line(sildenafil, id_="2"))
    assert found(together)["INCOMPATIBLE_DRUGS"].line_ids == ("1", "2")
    apart = bill(line(nitrate), line(sildenafil, id_="2", on=DAY + timedelta(1)))
    assert result("INCOMPATIBLE_DRUGS", apart) is None


def test_a_contraindication_names_no_diagnosis_of_the_patient() -> None:
    blocker = "XC07AAP143A001010100001"
    one = found(bill(line(blocker), diagnosis_codes=("I10", "J45.900")))["CONTRAINDICATED_DRUG"]
    assert "J45" not in one.message_zh + one.message_en
    assert result("CONTRAINDICATED_DRUG", bill(line(blocker))) is None
    assert result("CONTRAINDICATED_DRUG", bill(line(blocker), diagnosis_codes=None)) is None


@pytest.mark.parametrize(
    ("quantity", "days", "expected"), [(18, 3, None), (19, 3, S), (99, 0, None)]
)
def test_daily_dose(quantity: int, days: int, expected: ResultClass | None) -> None:
    one = bill(line("XN02BEX085A001010100001", quantity=Decimal(quantity), supply_days=days))
    assert result("DAILY_DOSE", one) is expected


@pytest.mark.parametrize(("count", "expected"), [(3, None), (4, S)])
def test_examinations_of_a_day(count: int, expected: ResultClass | None) -> None:
    of_day = [line(CT, id_=str(n)) for n in range(count)]
    assert result("EXAMINATION_PANEL", bill(*of_day)) is expected
    spread = [line(CT, id_=str(n), on=DAY + timedelta(n)) for n in range(count)]
    assert result("EXAMINATION_PANEL", bill(*spread)) is None


# --- the record -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sex", "diagnosis", "expected"),
    [
        (Sex.MALE, "O80.900", S),
        (Sex.FEMALE, "O80.900", None),
        (Sex.FEMALE, "C61.x00", S),
        (Sex.MALE, "C61.x00", None),
        (Sex.UNKNOWN, "C61.x00", None),
    ],
)
def test_diagnosis_and_sex(sex: Sex, diagnosis: str, expected: ResultClass | None) -> None:
    one = bill(sex=sex, diagnosis_codes=("I10", diagnosis))
    assert result("DIAGNOSIS_SEX", one) is expected


@pytest.mark.parametrize(
    ("born", "diagnosis", "expected"),
    [
        (date(2023, 3, 10), "P21.900", None),
        (date(2023, 3, 9), "P21.900", T),
        (date(2018, 3, 10), "O80.900", T),
        (date(2018, 3, 9), "O80.900", None),
        (None, "P21.900", None),
    ],
)
def test_diagnosis_and_age(born: date | None, diagnosis: str, expected: ResultClass | None) -> None:
    one = bill(birth_date=born, sex=Sex.FEMALE, diagnosis_codes=(diagnosis,))
    assert result("DIAGNOSIS_AGE", one) is expected


@pytest.mark.parametrize(
    ("diagnoses", "missing", "uncoded"),
    [
        (None, None, None),
        ((), T, None),
        (("I10.x00x002",), None, None),
        (("R69.x00",), None, T),
        (("I10.x00x002", "R69.x00"), None, None),
        (("I1O",), None, T),
    ],
)
def test_diagnoses_given(
    diagnoses: tuple[str, ...] | None, missing: ResultClass | None, uncoded: ResultClass | None
) -> None:
    one = bill(diagnosis_codes=diagnoses)
    assert result("DIAGNOSIS_MISSING", one) is missing
    assert result("DIAGNOSIS_UNCODED", one) is uncoded


def test_an_ordinary_bill_has_no_findings() -> None:
    assert found(bill()) == {}
    whole = stay(
        1,
        DAY,
        DAY + timedelta(2),
        *(line(BED, id_=str(n), on=DAY + timedelta(n)) for n in range(2)),
    )
    assert found(whole) == {}
