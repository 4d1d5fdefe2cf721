"""Goal: of two catalogues' entries of one item, exactly the fields that differ are named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.catalogue.domain.compare import changed_fields
from services.classification.model import CatalogueItem, PaymentRestriction, PriceCeiling, UseLimit

ITEM = CatalogueItem(
    item_code="001109000030000",
    name="监护病房床位费",
    list_type_code="201",
    charge_category_code="01",
    catalogue_class="B",
    prior_self_pay_ratio=Decimal("0.1"),
    price_ceiling=Decimal(80),
    over_ceiling="self_pay",
    begin_date=date(2026, 1, 1),
    end_date=None,
    sample=True,
)


def fields(one, other, *, labels=True, periods=True):
    return changed_fields([one], [other], labels=labels, periods=periods)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "床位费"),
        ("list_type_code", "301"),
        ("charge_category_code", "02"),
        ("catalogue_class", "A"),
        ("prior_self_pay_ratio", Decimal("0.2")),
        ("price_ceiling", Decimal(90)),
        ("over_ceiling", "reject"),
        ("begin_date", date(2026, 1, 2)),
        ("end_date", date(2026, 12, 31)),
        ("sample", False),
        ("price_ceilings", (PriceCeiling(price_level_code="01", price_ceiling=Decimal(1)),)),
        ("restriction", PaymentRestriction(sex="1")),
        ("use_limits", (UseLimit(quantity=Decimal(1), period="day"),)),
        ("specification", "大"),
        ("unit", "床日"),
    ],
)
def test_a_field_that_differs_is_named_and_no_other(field, value):
    assert fields(ITEM, replace(ITEM, **{field: value})) == (field,)


def test_spelling_does_not_differ_and_what_is_not_asked_for_does_not_count():
    assert fields(ITEM, replace(ITEM, price_ceiling=Decimal("80.00"))) == ()
    other = replace(ITEM, name="x", begin_date=date(2020, 1, 1))
    assert fields(ITEM, other, labels=False, periods=False) == ()


def test_the_handling_counts_only_with_a_ceiling():
    free = replace(ITEM, price_ceiling=None)
    assert fields(free, replace(free, over_ceiling="reject")) == ()


def test_periods_without_counterpart_name_the_dates_and_what_takes_other_values():
    first = replace(ITEM, end_date=date(2026, 6, 30))
    second = replace(ITEM, begin_date=date(2026, 7, 1), price_ceiling=Decimal(90))
    found = changed_fields([first, second], [ITEM], labels=True, periods=True)
    assert found == ("price_ceiling", "begin_date", "end_date")
