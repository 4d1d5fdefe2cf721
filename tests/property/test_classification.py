"""Goal: identity I1 (a line's parts sum to its amount, none negative) holds for any line.

Method: Hypothesis draws the item, the line, and how far the stated amount is off.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.classification.classify import classify_line, classify_lines, totals
from services.classification.model import CatalogueItem, FeeLine
from services.classification.snapshot import Snapshot
from services.classification.validation import item_problems, line_problems
from services.kit.money import to_fen

CODE = "001109000030000"
OTHER = "001109000030100"

prices = st.decimals(0, 1_000_000, places=6)
quantities = st.decimals(Decimal("0.0001"), 1_000_000, places=4)
ratios = st.decimals(0, 1, places=4)


@st.composite
def items(draw) -> CatalogueItem:
    catalogue_class = draw(st.sampled_from("ABC"))
    return CatalogueItem(
        item_code=CODE,
        name="监护病房床位费",
        list_type_code="201",
        charge_category_code="01",
        catalogue_class=catalogue_class,
        prior_self_pay_ratio=draw(ratios) if catalogue_class == "B" else Decimal(0),
        price_ceiling=draw(st.none() | prices),
        over_ceiling="self_pay",
        begin_date=date(2017, 1, 1),
        end_date=None,
        sample=True,
    )


@st.composite
def lines(draw) -> FeeLine:
    price, quantity = draw(prices), draw(quantities)
    exact = to_fen(price * quantity)
    return FeeLine(
        line_id="1",
        item_code=draw(st.sampled_from((CODE, CODE, CODE, OTHER))),
        fee_date=draw(st.dates(date(2017, 1, 1), date(2030, 1, 1))),
        unit_price=price,
        quantity=quantity,
        amount_fen=max(0, exact + draw(st.sampled_from((-1, 0, 0, 1)))),
    )


def snapshot(item: CatalogueItem) -> Snapshot:
    return Snapshot(region_code="640000", version="1", items=(item,))


@given(items(), lines())
@settings(max_examples=300)
def test_parts_sum_to_the_amount_and_none_is_negative(item, line):
    assert not item_problems(item, "item")
    assert not line_problems(line, "line")
    split = classify_line(snapshot(item), line)
    parts = (
        split.full_self_pay_fen,
        split.over_limit_fen,
        split.prior_self_pay_fen,
        split.in_scope_fen,
    )
    assert sum(parts) == split.total_fen == line.amount_fen
    assert min(parts) >= 0


@given(items(), lines())
@settings(max_examples=200)
def test_each_part_belongs_to_its_class(item, line):
    split = classify_line(snapshot(item), line)
    if split.catalogue_class == "C":
        assert split.in_scope_fen == split.prior_self_pay_fen == 0
    else:
        assert split.full_self_pay_fen == 0
    if split.catalogue_class == "A":
        assert split.prior_self_pay_fen == 0
    if item.price_ceiling is None or line.unit_price <= item.price_ceiling:
        assert split.over_limit_fen == 0


@given(items(), st.lists(lines(), min_size=1, max_size=20))
@settings(max_examples=100)
def test_a_bill_is_the_sum_of_its_lines_in_their_order(item, bill):
    catalogue = snapshot(item)
    splits = classify_lines(catalogue, bill)
    assert splits == tuple(classify_line(catalogue, line) for line in bill)
    summed = totals(splits)
    assert summed.total_fen == sum(line.amount_fen for line in bill)
    assert summed.total_fen == (
        summed.full_self_pay_fen
        + summed.over_limit_fen
        + summed.prior_self_pay_fen
        + summed.in_scope_fen
    )
