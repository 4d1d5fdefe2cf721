"""Goal: an item's row reads back as the item; equal terms are equal text, however written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.catalogue.item_rows import ITEM_COLUMNS, item_of, plain, row_of
from services.classification.model import (
    AgeBound,
    CatalogueItem,
    PaymentRestriction,
    PriceCeiling,
    PriorSelfPay,
    UseLimit,
)

PLAIN = CatalogueItem(
    item_code="XB01AXA223B001010100269",
    name="注射用奥扎格雷钠",
    list_type_code="101",
    charge_category_code="09",
    catalogue_class="B",
    prior_self_pay_ratio=Decimal("0.1"),
    price_ceiling=None,
    over_ceiling="self_pay",
    begin_date=date(2026, 1, 1),
    end_date=None,
    sample=False,
)
FULL = replace(
    PLAIN,
    prior_self_pays=(
        PriorSelfPay(person_type_code="11", ratio=Decimal("0.2")),
        PriorSelfPay(person_type_code="12", ratio=Decimal("0.05")),
    ),
    price_ceilings=(PriceCeiling(price_level_code="01", price_ceiling=Decimal("12.5")),),
    restriction=PaymentRestriction(
        sex="1",
        min_age=AgeBound(0, "day"),
        max_age=AgeBound(14, "year"),
        price_level_codes=("01", "02"),
        setting="pharmacy",
        department_codes=("A", "B"),
        diagnosis_prefixes=("I10", "I63.9"),
        scheme_codes=("310", "390"),
        requires_approval=True,
        text="限儿童",
    ),
    use_limits=(
        UseLimit(quantity=Decimal(14), period="bill"),
        UseLimit(quantity=Decimal("1.5"), period="day"),
    ),
    specification="40mg",
    unit="支",
)


@pytest.mark.parametrize("item", [PLAIN, FULL, replace(PLAIN, restriction=PaymentRestriction())])
def test_a_row_reads_back_as_the_item(item):
    assert item_of(dict(zip(ITEM_COLUMNS, row_of(item), strict=True))) == item


def test_order_and_trailing_zeros_make_no_other_text():
    other = replace(
        FULL,
        prior_self_pays=(
            PriorSelfPay(person_type_code="12", ratio=Decimal("0.0500")),
            PriorSelfPay(person_type_code="11", ratio=Decimal("0.20")),
        ),
        use_limits=tuple(reversed(FULL.use_limits)),
        restriction=replace(FULL.restriction, scheme_codes=("390", "310")),
    )
    assert row_of(other) == row_of(FULL)


@pytest.mark.parametrize(
    ("value", "text"), [("0.10", "0.1"), ("100", "100"), ("1E+2", "100"), ("0", "0"), ("1.0", "1")]
)
def test_decimals_are_plain(value, text):
    assert plain(Decimal(value)) == text
