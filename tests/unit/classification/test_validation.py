"""Goal: every malformed field of a line or an item is named, with no echo of its value."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.classification.model import (
    AgeBound,
    CatalogueItem,
    FeeLine,
    PaymentRestriction,
)
from services.classification.validation import (
    LINES_MAX,
    item_problems,
    line_problems,
    lines_problems,
)

LINE = FeeLine(
    line_id="1",
    item_code="001102000050000",
    fee_date=date(2026, 3, 16),
    unit_price=Decimal("1.50"),
    quantity=Decimal(3),
    amount_fen=450,
)
ITEM = CatalogueItem(
    item_code="XB01AXA223B001010100269",
    name="注射用奥扎格雷钠",
    list_type_code="101",
    charge_category_code="09",
    catalogue_class="B",
    prior_self_pay_ratio=Decimal("0.10"),
    price_ceiling=Decimal("21.60"),
    over_ceiling="reject",
    begin_date=date(2017, 1, 1),
    end_date=date(2017, 1, 1),
    sample=True,
)


def test_good_ones_have_no_problem():
    assert line_problems(LINE, "lines[0]") == []
    assert item_problems(ITEM, "items[0]") == []


@pytest.mark.parametrize("amount", [449, 450, 451])
def test_an_amount_may_be_off_by_one_fen(amount):
    assert line_problems(replace(LINE, amount_fen=amount), "lines[0]") == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"amount_fen": 448}, "amount", "LINE_AMOUNT_MISMATCH"),
        ({"amount_fen": 452}, "amount", "LINE_AMOUNT_MISMATCH"),
        ({"amount_fen": -1}, "amount", "FIELD_INVALID"),
        ({"amount_fen": 10**15}, "amount", "FIELD_INVALID"),
        ({"quantity": Decimal(0)}, "quantity", "FIELD_INVALID"),
        ({"quantity": Decimal(-1)}, "quantity", "FIELD_INVALID"),
        ({"quantity": Decimal("0.00001")}, "quantity", "FIELD_INVALID"),
        ({"quantity": Decimal("NaN")}, "quantity", "FIELD_INVALID"),
        ({"quantity": Decimal("1e12")}, "quantity", "FIELD_INVALID"),
        ({"unit_price": Decimal("-0.01")}, "unit_price", "FIELD_INVALID"),
        ({"unit_price": Decimal("Infinity")}, "unit_price", "FIELD_INVALID"),
        ({"unit_price": Decimal("0.0000001")}, "unit_price", "FIELD_INVALID"),
        ({"item_code": "阿莫西林"}, "item_code", "FIELD_INVALID"),
        ({"item_code": "001102000050000\n"}, "item_code", "FIELD_INVALID"),
        ({"line_id": ""}, "line_id", "FIELD_INVALID"),
        ({"line_id": "x" * 41}, "line_id", "FIELD_INVALID"),
    ],
)
def test_a_bad_line_names_its_field(changes, field, reason):
    problems = line_problems(replace(LINE, **changes), "bill.lines[7]")
    assert [(p.field, p.reason) for p in problems] == [(f"bill.lines[7].{field}", reason)]


def test_the_largest_numbers_are_handled_exactly():
    huge = replace(
        LINE, unit_price=Decimal("9999999999.999999"), quantity=Decimal("999999999999.9999")
    )
    assert [p.reason for p in line_problems(huge, "l")] == ["LINE_AMOUNT_MISMATCH"]


def test_a_bill_has_one_to_three_thousand_lines_with_ids_of_their_own():
    assert [p.field for p in lines_problems([], "bill.lines")] == ["bill.lines"]
    lines = [replace(LINE, line_id=str(number)) for number in range(LINES_MAX + 1)]
    assert [p.field for p in lines_problems(lines, "bill.lines")] == ["bill.lines"]
    assert lines_problems(lines[:LINES_MAX], "bill.lines") == []
    problems = lines_problems([LINE, LINE], "bill.lines")
    assert [(p.field, p.reason) for p in problems] == [
        ("bill.lines[1].line_id", "LINE_ID_DUPLICATE")
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"item_code": "XB01"}, "item_code"),
        ({"list_type_code": "999"}, "list_type_code"),
        ({"list_type_code": "201"}, "list_type_code"),
        ({"name": ""}, "name"),
        ({"name": "字" * 201}, "name"),
        ({"charge_category_code": "15"}, "charge_category_code"),
        ({"catalogue_class": "D", "prior_self_pay_ratio": Decimal(0)}, "catalogue_class"),
        ({"catalogue_class": "A"}, "prior_self_pay_ratio"),
        ({"prior_self_pay_ratio": Decimal("1.0001")}, "prior_self_pay_ratio"),
        ({"prior_self_pay_ratio": Decimal("0.00001")}, "prior_self_pay_ratio"),
        ({"price_ceiling": Decimal(-1)}, "price_ceiling"),
        ({"over_ceiling": ""}, "over_ceiling"),
        ({"end_date": date(2016, 12, 31)}, "end_date"),
    ],
)
def test_a_bad_item_names_its_field(changes, field):
    problems = item_problems(replace(ITEM, **changes), "items[3]")
    assert {p.field for p in problems} == {f"items[3].{field}"}
    assert {p.reason for p in problems} == {"FIELD_INVALID"}


@pytest.mark.parametrize(
    ("least", "most", "anybody"),
    [
        ((1, "year"), (12, "month"), False),
        ((12, "month"), (1, "year"), False),
        ((11, "month"), (1, "year"), True),
        ((60, "month"), (6, "year"), True),
        # A year has 365 or 366 days, a month 28 to 31.
        ((365, "day"), (1, "year"), True),
        ((366, "day"), (1, "year"), False),
        ((1, "month"), (29, "day"), True),
        ((1, "month"), (28, "day"), False),
        ((18, "year"), (18, "year"), False),
    ],
)
def test_an_age_range_that_holds_nobody_is_refused(least, most, anybody):
    restriction = PaymentRestriction(min_age=AgeBound(*least), max_age=AgeBound(*most))
    problems = item_problems(replace(ITEM, restriction=restriction), "items[3]")
    expected = [] if anybody else ["items[3].restriction.max_age"]
    assert [p.field for p in problems] == expected
