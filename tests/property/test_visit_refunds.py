"""Goal: a refund takes back exactly what its original was given, under every limit and condition.

Method: Hypothesis draws an item, a charge, and refunds of it with amounts a fen beside the price;
what the previews of all of them come to is what the rest is settled at.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.classification.classify import classify_lines, totals
from services.classification.model import (
    ClassificationContext,
    PaymentRestriction,
    PriceCeiling,
    UseLimit,
)
from services.classification.validation import amount_agrees
from services.kit.money import to_fen
from services.settlement.domain.visit import net_lines
from services.settlement.visit_previews import classified_all, classified_kept
from tests.unit.classification.samples import item, snapshot
from tests.unit.settlement.visit_samples import BED, FIRST, sample_line, sample_refund

CONTEXT = ClassificationContext(sex="2", price_level_code="02", department_code="0301")
PARTS = ("total", "full_self_pay", "over_limit", "prior_self_pay", "in_scope")

quantities = st.integers(1, 40).map(lambda quarters: Decimal(quarters) / 4)


@st.composite
def entries(draw):
    catalogue_class = draw(st.sampled_from("ABC"))
    ratio = draw(st.sampled_from(("0.1", "0.333"))) if catalogue_class == "B" else "0"
    limits = (UseLimit(quantity=draw(quantities), period="line"),)
    conditions = (
        None,
        PaymentRestriction(requires_approval=True),
        PaymentRestriction(department_codes=("0301",)),
        PaymentRestriction(sex="1"),
    )
    return item(
        BED,
        catalogue_class,
        prior_self_pay_ratio=Decimal(ratio),
        price_ceiling=draw(st.none() | st.just(Decimal("9.99"))),
        price_ceilings=draw(
            st.sampled_from(
                ((), (PriceCeiling(price_level_code="02", price_ceiling=Decimal("7.777")),))
            )
        ),
        restriction=draw(st.sampled_from(conditions)),
        use_limits=draw(st.sampled_from(((), limits))),
    )


@st.composite
def bills(draw):
    """Returns a charge and refunds of it, in upload order, as a visit keeps them."""
    price, quantity = draw(st.sampled_from(("12.345", "0.01", "80"))), draw(quantities)
    amount = max(0, to_fen(Decimal(price) * quantity) + draw(st.integers(-1, 1)))
    first = sample_line("a", price=price, quantity=quantity, fen=amount)
    first = replace(first, fee=replace(first.fee, restriction_approval="met"))
    lines, left, rest = [first], quantity, amount
    for number in range(draw(st.integers(0, 3))):
        taken = (left * draw(st.sampled_from((4, 1, 2, 3))) / 4).quantize(Decimal("0.0001"))
        after = left - taken
        fen = rest - to_fen(Decimal(price) * after) + draw(st.integers(-1, 1)) if after else rest
        remaining = replace(first.fee, quantity=after, amount_fen=rest - fen)
        if not taken or fen <= 0 or rest < fen or (after and not amount_agrees(remaining)):
            continue
        lines.append(sample_refund(f"r{number}", "a", price=price, quantity=-taken, fen=-fen))
        left, rest = after, rest - fen
        if not left:
            break
    return lines


@given(entries(), bills())
@settings(max_examples=300)
def test_previews_of_a_charge_and_its_refunds_come_to_what_is_settled(entry, bill):
    catalogue = snapshot(entry)
    at_once = classified_all(catalogue, bill, CONTEXT, standing=())
    one_by_one = [
        message
        for index, line in enumerate(bill)
        for message in classified_all(catalogue, [line], CONTEXT, standing=bill[:index])
    ]
    kept = classified_kept(catalogue, bill, CONTEXT, standing=bill)
    assert at_once == one_by_one == kept
    assert [message.line_id for message in kept] == [line.fee.line_id for line in bill]
    settled = totals(
        classify_lines(catalogue, [line.billed for line in net_lines(bill)], context=CONTEXT)
    )
    for name in PARTS:
        found = sum(getattr(message.split, name).fen for message in at_once)
        assert found == getattr(settled, f"{name}_fen"), name
    for line, message in zip(bill, at_once, strict=True):
        assert message.split.total.fen == line.fee.amount_fen
        assert sum(getattr(message.split, name).fen for name in PARTS[1:]) == line.fee.amount_fen


def test_a_refund_that_is_gone_by_the_second_look_is_listed_without_a_split():
    bill = [sample_line("a"), sample_refund("r", "a")]
    first, second = classified_kept(snapshot(item(BED)), bill, CONTEXT, standing=bill[:1])
    assert first is not None
    assert second is None


def test_a_refund_is_seen_as_of_its_originals_date():
    ended = snapshot(item(BED, end_date=FIRST))
    later = sample_refund("r", "a", fee_date=FIRST + timedelta(days=3), cover_date=FIRST)
    found = classified_all(ended, [sample_line("a"), later], CONTEXT, standing=())
    assert [message.not_listed for message in found] == [False, False]
