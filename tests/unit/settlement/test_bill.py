"""Goal: a bill is refused for the first reason in the documented order, and names every field of
that reason."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

import pytest

from services.classification.model import FeeLine
from services.kit.errors import DomainError
from services.settlement.domain.bill import Bill, check_bill, check_institution

TODAY = date(2026, 3, 31)
LINE = FeeLine(
    line_id="1",
    item_code="001109000030000",
    fee_date=TODAY,
    unit_price=Decimal(80),
    quantity=Decimal(10),
    amount_fen=80_000,
)
BILL = Bill(
    care_region_code="640104",
    insured_region_code="650100",
    institution_code="H64010400001",
    hospital_level_code="02",
    scheme_code="310",
    medical_type_code="11",
    birth_date=date(1950, 1, 1),
    begin_date=TODAY,
    end_date=TODAY,
    emergency=False,
    main_diagnosis_count=1,
    lines=[LINE],
    total_fen=80_000,
)
OFF = dataclasses.replace(LINE, amount_fen=80_002)
# One thing wrong of each reason, in the order in which SettlementService.Settle documents them.
WRONG = [
    ("FIELD_INVALID", {"main_diagnosis_count": 2}),
    ("REGION_UNKNOWN", {"care_region_code": "190000"}),
    ("NOT_CROSS_PROVINCE", {"insured_region_code": "640200"}),
    ("DATE_IN_FUTURE", {"end_date": date(2026, 4, 1)}),
    ("DISEASE_CODE_UNKNOWN", {"medical_type_code": "14", "disease_code": "M99999"}),
    ("LINE_ID_DUPLICATE", {"lines": [LINE, LINE]}),
    ("LINE_AMOUNT_MISMATCH", {"lines": [LINE, dataclasses.replace(OFF, line_id="2")]}),
    ("BILL_TOTAL_MISMATCH", {"total_fen": 1}),
]


def refusal(bill: Bill) -> DomainError:
    with pytest.raises(DomainError) as caught:
        check_bill(bill, TODAY)
    return caught.value


def test_a_good_bill():
    check_bill(BILL, TODAY)


@pytest.mark.parametrize(
    ("medical_type", "disease", "field"),
    [
        ("14", "M03900", None),
        ("140201", "M07803", None),
        ("14", "HBLB101", None),
        ("11", "", None),
        ("14", "", "bill.disease_code"),
        ("140104", "", "bill.disease_code"),
        ("11", "M03900", "bill.disease_code"),
        ("21", "M03900", "bill.disease_code"),
        ("15", "M03900", "bill.disease_code"),
    ],
)
def test_a_disease_stands_with_its_medical_type_and_with_no_other(medical_type, disease, field):
    bill = dataclasses.replace(BILL, medical_type_code=medical_type, disease_code=disease)
    if field is None:
        check_bill(bill, TODAY)
        return
    error = refusal(bill)
    assert (error.reason, [v.field for v in error.violations]) == ("FIELD_INVALID", [field])


@pytest.mark.parametrize(("reason", "changes"), WRONG)
def test_each_reason(reason, changes):
    assert refusal(dataclasses.replace(BILL, **changes)).reason == reason


@pytest.mark.parametrize("first", range(len(WRONG)))
def test_the_first_reason_that_applies_is_named(first):
    changes = {}
    for _, more in reversed(WRONG[first:]):
        changes |= more
    if WRONG[first][0] == "LINE_ID_DUPLICATE":
        changes["lines"] = [LINE, OFF]
    assert refusal(dataclasses.replace(BILL, **changes)).reason == WRONG[first][0]


def test_every_line_at_fault_is_named():
    wrong = [dataclasses.replace(LINE, line_id=str(n), quantity=Decimal(0)) for n in range(3)]
    error = refusal(dataclasses.replace(BILL, lines=wrong))
    assert [violation.field for violation in error.violations] == [
        f"bill.lines[{n}].quantity" for n in range(3)
    ]


def test_the_amounts_that_differ_are_told():
    assert refusal(dataclasses.replace(BILL, lines=[OFF])).metadata == {
        "statedFen": "80002",
        "computedFen": "80000",
    }
    assert refusal(dataclasses.replace(BILL, total_fen=1)).metadata == {
        "statedFen": "1",
        "computedFen": "80000",
    }


def test_the_texts_hold_nothing_of_the_bill():
    error = refusal(dataclasses.replace(BILL, medical_type_code="7777"))
    assert "7777" not in f"{error} {error.message} {error.violations} {error.metadata}"


@pytest.mark.parametrize("region", ["640104", "640100", "640105", "640199"])
def test_the_institution_may_lie_anywhere_in_the_pooling_area(region):
    check_institution(BILL, region_code=region, hospital_level_code="02")


@pytest.mark.parametrize(
    ("region", "level", "field"),
    [
        ("640200", "02", "bill.care_region_code"),
        ("640104", "01", "bill.hospital_level_code"),
    ],
)
def test_the_register_of_institutions_is_not_contradicted(region, level, field):
    with pytest.raises(DomainError) as caught:
        check_institution(BILL, region_code=region, hospital_level_code=level)
    assert [violation.field for violation in caught.value.violations] == [field]
