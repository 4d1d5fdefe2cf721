"""Goal: every fen of a split is what the rules say, under conditions, limits, levels and shares.

Method: the rules written a second time, one after the other, with fractions and tuples only;
Hypothesis draws items, bills and contexts, and both must come to the same four amounts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from services.classification.classify import classify_lines
from tests.property.test_classification import CODE, lines, snapshot
from tests.property.test_classification_conditions import conditional, contexts, parts

leap_days = st.sampled_from((date(2000, 2, 29), date(2008, 2, 29), date(2012, 2, 29)))
around = st.sampled_from(
    (date(2025, 2, 28), date(2025, 3, 1), date(2026, 2, 28), date(2028, 2, 29), date(2028, 3, 1))
)


def fen(yuan_hundredths: Fraction) -> int:
    """Half up; what is rounded is never negative."""
    return int(yuan_hundredths + Fraction(1, 2))


def old_enough(bound, born: date, on: date) -> bool:
    if bound.unit == "day":
        return on.toordinal() - born.toordinal() >= bound.number
    if bound.unit == "month":
        return (on.year * 12 + on.month - bound.number, on.day) >= (
            born.year * 12 + born.month,
            born.day,
        )
    return (on.year - bound.number, on.month, on.day) >= (born.year, born.month, born.day)


def is_met(limit, context, line) -> bool:
    if limit is None:
        return True
    wanted = {
        "pharmacy": context.pharmacy or context.medical_type_code == "41",
        "inpatient": not context.pharmacy and context.medical_type_code == "21",
        "": True,
    }
    born = context.birth_date
    aged = limit.min_age is None or (born is not None and old_enough(limit.min_age, born, line))
    halves = [half for code in context.diagnosis_codes for half in code.split("+")]
    return (
        limit.sex in ("", context.sex)
        and aged
        and (not limit.price_level_codes or context.price_level_code in limit.price_level_codes)
        and wanted[limit.setting]
        and (not limit.department_codes or context.department_code in limit.department_codes)
        and (
            not limit.diagnosis_prefixes
            or any(half[:3] == "I10" and limit.diagnosis_prefixes == ("I10",) for half in halves)
        )
        and (not limit.scheme_codes or context.scheme_code in limit.scheme_codes)
        and not limit.requires_approval
    )


def by_the_rules(item, bill, context):
    left: dict[object, Fraction] = {}
    for line in bill:
        amount, price, units = line.amount_fen, Fraction(line.unit_price), Fraction(line.quantity)
        if line.item_code != CODE:
            yield (amount, 0, 0, 0)
            continue
        levels = {each.price_level_code: each.price_ceiling for each in item.price_ceilings}
        ceiling = levels.get(context.price_level_code, item.price_ceiling)
        over = 0
        if ceiling is not None and price > ceiling:
            over = min(amount, fen((price - Fraction(ceiling)) * units * 100))
        rest = amount - over
        if item.catalogue_class == "C" or not is_met(item.restriction, context, line.fee_date):
            yield (rest, over, 0, 0)
            continue
        paid_for = units
        keys = {}
        for limit in item.use_limits:
            key = {"line": object(), "day": line.fee_date, "bill": "bill"}[limit.period]
            keys[key] = left.get(key, Fraction(limit.quantity))
            paid_for = min(paid_for, keys[key])
        left.update({key: before - paid_for for key, before in keys.items()})
        full = fen(rest * (units - paid_for) / units)
        ratio = Fraction(0)
        if item.catalogue_class == "B":
            shares = {each.person_type_code: each.ratio for each in item.prior_self_pays}
            ratio = Fraction(shares.get(context.person_type_code[:2], item.prior_self_pay_ratio))
        prior = fen((rest - full) * ratio)
        yield (full, over, prior, rest - full - prior)


@given(conditional(), st.lists(lines(), min_size=1, max_size=6), contexts)
@settings(max_examples=400)
def test_a_bill_comes_to_what_the_rules_say(item, bill, context):
    splits = classify_lines(snapshot(item), bill, context=context)
    assert [parts(split) for split in splits] == list(by_the_rules(item, bill, context))


@given(conditional(), lines(), contexts, st.data())
@settings(max_examples=200)
def test_ages_around_leap_days(item, line, context, data):
    if item.restriction is None or item.restriction.min_age is None:
        return
    born, day = data.draw(leap_days), data.draw(around)
    number = data.draw(st.sampled_from((day.year - born.year, 12 * (day.year - born.year))))
    unit = "year" if number < 100 else "month"
    bound = replace(item.restriction.min_age, number=number, unit=unit)
    item = replace(item, restriction=replace(item.restriction, min_age=bound))
    line, context = replace(line, fee_date=day), replace(context, birth_date=born)
    splits = classify_lines(snapshot(item), [line], context=context)
    assert [parts(split) for split in splits] == list(by_the_rules(item, [line], context))
