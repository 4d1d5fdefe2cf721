"""Goal: conditions, levels and limits keep I1; items without them classify as they always did.

Method: Hypothesis draws items, contexts and bills. The rule of before, kept here, is the oracle.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.classification.classify import classify_line, classify_lines, usage_of
from services.classification.model import (
    AgeBound,
    ClassificationContext,
    PaymentRestriction,
    PriceCeiling,
    PriorSelfPay,
    UseLimit,
)
from services.classification.validation import item_problems
from services.kit.money import round_fen, to_fen
from tests.property.test_classification import CODE, items, lines, prices, ratios, snapshot
from tests.unit.classification.samples import item as sample_item
from tests.unit.classification.samples import line as sample_line
from tests.unit.classification.samples import snapshot as sample_snapshot

ages = st.builds(AgeBound, st.integers(0, 100), st.sampled_from(("year", "month", "day")))
few = st.sampled_from((Decimal("0.5"), Decimal(1), Decimal(7), Decimal(1000)))
contexts = st.builds(
    ClassificationContext,
    sex=st.sampled_from(("", "1", "2")),
    birth_date=st.none() | st.dates(date(1930, 1, 1), date(2017, 1, 1)),
    person_type_code=st.sampled_from(("", "11", "12", "1201")),
    scheme_code=st.sampled_from(("", "310", "390")),
    price_level_code=st.sampled_from(("", "01", "11")),
    medical_type_code=st.sampled_from(("", "11", "21", "41")),
    pharmacy=st.booleans(),
    diagnosis_codes=st.sampled_from(((), ("I10.x00x002",), ("A17.000+G01*",))),
    department_code=st.sampled_from(("", "A01")),
)
restrictions = st.builds(
    PaymentRestriction,
    sex=st.sampled_from(("", "", "1")),
    min_age=st.none() | ages,
    price_level_codes=st.sampled_from(((), ("01",))),
    setting=st.sampled_from(("", "", "inpatient")),
    department_codes=st.sampled_from(((), (), ("A01",))),
    diagnosis_prefixes=st.sampled_from(((), (), ("I10",))),
    scheme_codes=st.sampled_from(((), (), ("310",))),
    requires_approval=st.booleans(),
)


@st.composite
def conditional(draw):
    item = draw(items())
    is_b = item.catalogue_class == "B"
    levels = draw(st.lists(st.sampled_from(("01", "11")), unique=True))
    periods = draw(st.lists(st.sampled_from(("line", "day", "bill")), unique=True))
    return replace(
        item,
        prior_self_pays=(PriorSelfPay(person_type_code="12", ratio=draw(ratios)),) if is_b else (),
        price_ceilings=tuple(
            PriceCeiling(price_level_code=level, price_ceiling=draw(prices)) for level in levels
        ),
        restriction=draw(st.none() | restrictions),
        use_limits=tuple(UseLimit(quantity=draw(few), period=period) for period in periods),
    )


def parts(split):
    return (
        split.full_self_pay_fen,
        split.over_limit_fen,
        split.prior_self_pay_fen,
        split.in_scope_fen,
    )


def rule_of_before(item, line):
    """The split as it was before conditions, levels and limits."""
    if line.item_code != item.item_code:
        return (line.amount_fen, 0, 0, 0)
    over = 0
    if item.price_ceiling is not None and line.unit_price > item.price_ceiling:
        over = min(to_fen((line.unit_price - item.price_ceiling) * line.quantity), line.amount_fen)
    rest = line.amount_fen - over
    if item.catalogue_class == "A":
        return (0, over, 0, rest)
    if item.catalogue_class == "B":
        prior = round_fen(rest * item.prior_self_pay_ratio)
        return (0, over, prior, rest - prior)
    return (rest, over, 0, 0)


@given(items(), lines(), contexts)
@settings(max_examples=300)
def test_items_without_conditions_classify_as_before_whatever_is_known(item, line, context):
    split = classify_line(snapshot(item), line, context=context)
    assert parts(split) == rule_of_before(item, line)
    assert split.unmet_restrictions == ()
    if not split.not_listed:
        assert split.price_ceiling == item.price_ceiling
        assert split.prior_self_pay_ratio == item.prior_self_pay_ratio


@given(conditional(), st.lists(lines(), min_size=1, max_size=8), contexts)
@settings(max_examples=300)
def test_parts_sum_to_the_amount_under_every_condition(item, bill, context):
    assert not item_problems(item, "item")
    for line, split in zip(
        bill, classify_lines(snapshot(item), bill, context=context), strict=True
    ):
        assert sum(parts(split)) == split.total_fen == line.amount_fen
        assert min(parts(split)) >= 0
        reasons = set(split.unmet_restrictions)
        if reasons - {"USE_LIMIT"}:
            assert reasons.isdisjoint({"USE_LIMIT"})
            assert split.in_scope_fen == split.prior_self_pay_fen == 0
        if item.catalogue_class == "C":
            assert not reasons


@given(conditional(), st.lists(lines(), min_size=1, max_size=8), contexts)
@settings(max_examples=200)
def test_no_more_than_the_limit_is_paid_for(item, bill, context):
    bill = [
        replace(line, item_code=CODE, unit_price=Decimal(1), amount_fen=to_fen(line.quantity))
        for line in bill
    ]
    item = replace(item, price_ceiling=None, price_ceilings=())
    splits = classify_lines(snapshot(item), bill, context=context)
    for limit in item.use_limits:
        sums: dict[object, int] = {}
        for line, split in zip(bill, splits, strict=True):
            key = {"line": id(split), "day": line.fee_date, "bill": ""}[limit.period]
            paid = split.total_fen - split.full_self_pay_fen
            sums[key] = sums.get(key, 0) + paid
        # Each line is rounded by itself.
        assert max(sums.values()) <= to_fen(limit.quantity) + len(bill)


@given(conditional(), lines(), contexts)
@settings(max_examples=200)
def test_to_know_nothing_never_pays_a_conditional_item_more(item, line, context):
    plain = replace(item, price_ceilings=(), prior_self_pays=())
    known = classify_line(snapshot(plain), line, context=context)
    unknown = classify_line(snapshot(plain), line)
    assert unknown.in_scope_fen <= known.in_scope_fen


@given(conditional(), st.lists(lines(), min_size=1, max_size=8), contexts, st.integers(0, 8))
@settings(max_examples=200)
def test_a_stay_in_two_parts_has_its_limits_once(item, bill, context, cut):
    catalogue = snapshot(item)
    used = usage_of(catalogue, bill[:cut], context=context)
    first = classify_lines(catalogue, bill[:cut], context=context)
    rest = classify_lines(catalogue, bill[cut:], context=context, usage=used)
    assert first + rest == classify_lines(catalogue, bill, context=context)


def test_what_is_refused_by_now_used_nothing_up():
    limited = replace(
        sample_item(use_limits=(UseLimit(quantity=Decimal(1), period="bill"),)),
        price_ceiling=Decimal(5),
        over_ceiling="reject",
    )
    dear, before = sample_line("9"), sample_line("5", fee_date=date(2000, 1, 1))
    used = usage_of(sample_snapshot(limited), [dear, before])
    (split,) = classify_lines(sample_snapshot(limited), [sample_line("5")], usage=used)
    assert split.in_scope_fen == split.total_fen
