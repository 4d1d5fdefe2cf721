"""Goal: what crosses the contract comes back the same, and nothing malformed comes in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classification.classify import classify_line, totals
from services.classification.model import CatalogueItem
from services.classification.snapshot import Snapshot
from services.classification.validation import item_problems, line_problems
from services.classification.wire import (
    read_item,
    read_line,
    write_item,
    write_line_split,
    write_totals,
)
from services.kit.errors import InvalidArgument
from yijie.common.v1 import bill_pb2


@st.composite
def items(draw) -> CatalogueItem:
    catalogue_class = draw(st.sampled_from("ABC"))
    ceiling = draw(st.none() | st.decimals(0, 10**9, places=6))
    begin = draw(st.dates(date(2000, 1, 1), date(2030, 1, 1)))
    return CatalogueItem(
        item_code="001109000030000",
        name=draw(st.text("床位费监护病房", min_size=1, max_size=50)),
        list_type_code="201",
        charge_category_code=draw(st.sampled_from(("01", "08", "14"))),
        catalogue_class=catalogue_class,
        prior_self_pay_ratio=(
            draw(st.decimals(0, 1, places=4)) if catalogue_class == "B" else Decimal(0)
        ),
        price_ceiling=ceiling,
        over_ceiling="self_pay"
        if ceiling is None
        else draw(st.sampled_from(("self_pay", "reject"))),
        begin_date=begin,
        end_date=draw(st.none() | st.dates(begin, date(2031, 1, 1))),
        sample=draw(st.booleans()),
    )


@given(items())
def test_an_item_comes_back_the_same(item):
    assert item_problems(item, "item") == []
    assert read_item(write_item(item), "items[0]") == item


def line() -> bill_pb2.FeeLine:
    message = bill_pb2.FeeLine(line_id="1", item_code="001109000030000")
    message.fee_date.year, message.fee_date.month, message.fee_date.day = 2026, 3, 16
    message.unit_price.value, message.quantity.value = "90.50", "2"
    message.amount.fen = 18100
    return message


def test_a_line_is_read_exactly():
    found = read_line(line(), "lines[0]")
    assert line_problems(found, "lines[0]") == []
    assert (found.unit_price, found.quantity, found.amount_fen) == (Decimal("90.50"), 2, 18100)
    assert found.fee_date == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("unit_price", ""),
        ("unit_price", "1e3"),
        ("unit_price", "NaN"),
        ("unit_price", "٣"),
        ("unit_price", "1.0000001"),
        ("unit_price", "12345678901"),
        ("quantity", "0.00001"),
        ("quantity", "1,000"),
        ("quantity", "1\n"),
    ],
)
def test_a_number_that_is_none_names_its_field_and_not_its_value(field, value):
    message = line()
    getattr(message, field).value = value
    with pytest.raises(InvalidArgument) as refused:
        read_line(message, "bill.lines[2]")
    assert refused.value.violations[0].field == f"bill.lines[2].{field}"
    assert not value or value not in refused.value.message


def test_a_date_that_is_none_names_its_field():
    message = line()
    message.fee_date.month = 13
    with pytest.raises(InvalidArgument) as refused:
        read_line(message, "lines[0]")
    assert refused.value.violations[0].field == "lines[0].fee_date"


@given(items())
def test_a_split_is_written_in_full(item):
    snapshot = Snapshot(region_code="640000", version="1", items=(item,))
    found = read_line(line(), "line")
    if item.begin_date > found.fee_date or item.over_ceiling == "reject":
        return
    split = classify_line(snapshot, found)
    message = write_line_split(split)
    assert (message.line_id, message.not_listed, message.sample) == (
        "1",
        split.not_listed,
        split.sample,
    )
    assert message.charge_category_code == split.charge_category_code
    assert bill_pb2.CatalogueClass.Name(message.catalogue_class)[-1] == split.catalogue_class
    assert message.split == write_totals(totals([split]))
    assert message.split.total.fen == 18100
