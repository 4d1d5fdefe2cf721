"""Goal: every kind of condition, share, ceiling and limit decides as the catalogue says.

Method: one item with one condition; bills that meet it, do not, and do not tell. Ages on the day
before, on and after the birthday. Expected fen worked out by hand.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.classification.classify import classify_line, classify_lines
from services.classification.conditions import reaches, setting_of
from services.classification.model import (
    AgeBound,
    ClassificationContext,
    PaymentRestriction,
    PriceCeiling,
    PriorSelfPay,
    UseLimit,
)
from tests.unit.classification.samples import BED, DAY, DRUG, item, line, parts, snapshot

CONTEXT = ClassificationContext
BORN = date(1956, 3, 16)


def unmet(restriction: PaymentRestriction, context: ClassificationContext, **changes):
    found = snapshot(item(restriction=restriction))
    split = classify_line(found, line(**changes), context=context)
    paid = (1000, 0, 0, 0) if split.unmet_restrictions else (0, 0, 0, 1000)
    assert parts(split) == paid
    return split.unmet_restrictions


@pytest.mark.parametrize(
    ("restriction", "meeting", "failing", "reason"),
    [
        ({"sex": "2"}, {"sex": "2"}, {"sex": "1"}, "SEX"),
        (
            {"price_level_codes": ("01", "02")},
            {"price_level_code": "02"},
            {"price_level_code": "03"},
            "LEVEL",
        ),
        (
            {"setting": "inpatient"},
            {"medical_type_code": "21"},
            {"medical_type_code": "11"},
            "SETTING",
        ),
        (
            {"setting": "outpatient"},
            {"medical_type_code": "13"},
            {"medical_type_code": "41"},
            "SETTING",
        ),
        (
            {"setting": "pharmacy"},
            {"medical_type_code": "11", "pharmacy": True},
            {"medical_type_code": "11"},
            "SETTING",
        ),
        (
            {"department_codes": ("A01", "A02")},
            {"department_code": "A02"},
            {"department_code": "A03"},
            "DEPARTMENT",
        ),
        (
            {"diagnosis_prefixes": ("I10", "E11.9")},
            {"diagnosis_codes": ("A08.000", "E11.900")},
            {"diagnosis_codes": ("E11.800",)},
            "INDICATION",
        ),
        (
            {"diagnosis_prefixes": ("G01",)},
            {"diagnosis_codes": ("A17.000+G01*",)},
            {"diagnosis_codes": ("A17.000",)},
            "INDICATION",
        ),
        ({"scheme_codes": ("310",)}, {"scheme_code": "310"}, {"scheme_code": "390"}, "SCHEME"),
        (
            {"min_age": AgeBound(70, "year")},
            {"birth_date": BORN},
            {"birth_date": BORN + timedelta(days=1)},
            "AGE",
        ),
        (
            {"max_age": AgeBound(70, "year")},
            {"birth_date": BORN + timedelta(days=1)},
            {"birth_date": BORN},
            "AGE",
        ),
    ],
)
def test_a_condition_is_met_or_not_and_not_met_when_nothing_is_known(
    restriction, meeting, failing, reason
):
    wanted = PaymentRestriction(**restriction, text="限示例")
    assert unmet(wanted, CONTEXT(**meeting)) == ()
    assert unmet(wanted, CONTEXT(**failing)) == (reason,)
    assert unmet(wanted, CONTEXT()) == (reason,)


def test_a_condition_in_words_needs_the_institutions_word():
    wanted = PaymentRestriction(requires_approval=True, text="限二线用药")
    assert unmet(wanted, CONTEXT(), restriction_approval="met") == ()
    assert unmet(wanted, CONTEXT()) == ("APPROVAL",)
    assert unmet(wanted, CONTEXT(), restriction_approval="not_met") == ("APPROVAL",)
    # Also where it is not asked for: the institution knows better. An item without a condition has
    # none that could be unmet.
    assert unmet(PaymentRestriction(), CONTEXT(), restriction_approval="not_met") == ("APPROVAL",)
    plain = classify_line(snapshot(item()), line(restriction_approval="not_met"))
    assert plain.unmet_restrictions == ()


def test_all_parts_must_hold_and_each_is_named_in_order():
    wanted = PaymentRestriction(
        sex="2", min_age=AgeBound(18, "year"), scheme_codes=("310",), requires_approval=True
    )
    context = CONTEXT(sex="1", birth_date=DAY, scheme_code="310")
    assert unmet(wanted, context) == ("SEX", "AGE", "APPROVAL")
    assert unmet(wanted, CONTEXT()) == ("SEX", "AGE", "SCHEME", "APPROVAL")


def test_a_lines_own_department_counts_before_the_bills():
    wanted = PaymentRestriction(department_codes=("A02",))
    assert unmet(wanted, CONTEXT(department_code="A01"), department_code="A02") == ()
    assert unmet(wanted, CONTEXT(department_code="A02"), department_code="A01") == ("DEPARTMENT",)


@pytest.mark.parametrize(
    ("born", "bound", "first_day"),
    [
        (date(2008, 3, 16), AgeBound(18, "year"), date(2026, 3, 16)),
        (date(2008, 2, 29), AgeBound(18, "year"), date(2026, 3, 1)),
        (date(2008, 2, 29), AgeBound(16, "year"), date(2024, 2, 29)),
        (date(2026, 1, 31), AgeBound(1, "month"), date(2026, 3, 1)),
        (date(2025, 12, 15), AgeBound(3, "month"), date(2026, 3, 15)),
        (date(2026, 2, 27), AgeBound(3, "day"), date(2026, 3, 2)),
        (date(2026, 2, 27), AgeBound(0, "day"), date(2026, 2, 27)),
        (date(2026, 2, 27), AgeBound(0, "year"), date(2026, 2, 27)),
    ],
)
def test_an_age_is_reached_on_the_birthday(born, bound, first_day):
    around = [first_day + timedelta(days=shift) for shift in (-1, 0, 1)]
    assert [reaches(bound, born=born, on=day) for day in around] == [False, True, True]


@pytest.mark.parametrize(
    ("medical_type", "pharmacy", "setting"),
    [
        ("", False, ""),
        ("11", False, "outpatient"),
        ("1401", False, "outpatient"),
        ("13", False, "outpatient"),
        ("21", False, "inpatient"),
        ("24", False, "inpatient"),
        ("41", False, "pharmacy"),
        ("", True, "pharmacy"),
    ],
)
def test_the_setting_follows_from_the_medical_type(medical_type, pharmacy, setting):
    assert setting_of(CONTEXT(medical_type_code=medical_type, pharmacy=pharmacy)) == setting


def test_shares_differ_by_person_type_of_two_or_four_digits():
    shares = (
        PriorSelfPay(person_type_code="12", ratio=Decimal("0.05")),
        PriorSelfPay(person_type_code="14", ratio=Decimal(0)),
    )
    found = snapshot(item(DRUG, "B", prior_self_pay_ratio=Decimal("0.1"), prior_self_pays=shares))
    prior = {
        person: classify_line(
            found, line(item_code=DRUG), context=CONTEXT(person_type_code=person)
        ).prior_self_pay_fen
        for person in ("12", "1201", "14", "11", "")
    }
    assert prior == {"12": 50, "1201": 50, "14": 0, "11": 100, "": 100}


def test_ceilings_differ_by_level_and_come_before_the_condition():
    found = snapshot(
        item(
            price_ceiling=Decimal(8),
            price_ceilings=(
                PriceCeiling(price_level_code="01", price_ceiling=Decimal("9.5")),
                PriceCeiling(price_level_code="11", price_ceiling=Decimal("0.000001")),
            ),
            restriction=PaymentRestriction(sex="2"),
        )
    )
    split = {
        level: parts(classify_line(found, line(), context=CONTEXT(sex="2", price_level_code=level)))
        for level in ("01", "02", "11", "")
    }
    assert split == {
        "01": (0, 50, 0, 950),
        "02": (0, 200, 0, 800),
        "11": (0, 1000, 0, 0),
        "": (0, 200, 0, 800),
    }
    # What is above the ceiling stays over-limit; the rest is full self-pay.
    assert parts(classify_line(found, line(), context=CONTEXT(price_level_code="01"))) == (
        *(950, 50),
        *(0, 0),
    )


def limited(*limits: tuple[str, str], catalogue_class: str = "A", **changes):
    return snapshot(
        item(
            catalogue_class=catalogue_class,
            use_limits=tuple(UseLimit(quantity=Decimal(q), period=p) for q, p in limits),
            **changes,
        )
    )


def test_a_lines_limit_leaves_the_share_beyond_it_rounded_half_up():
    found = limited(("2", "line"))
    # 3 units at 3.335 = 10.005 -> 10.01; a third beyond: 333.67 -> 334.
    split = classify_line(found, line("3.335", "3"))
    assert (parts(split), split.unmet_restrictions) == ((334, 0, 0, 667), ("USE_LIMIT",))
    # Two of four units of one fen are beyond: half a fen goes up.
    split = classify_line(found, line("0.0025", "4"))
    assert (split.total_fen, parts(split)) == (1, (1, 0, 0, 0))
    split = classify_line(found, line("5", "2"))
    assert (parts(split), split.unmet_restrictions) == ((0, 0, 0, 1000), ())


def test_limits_of_a_day_and_of_the_bill_run_out_over_lines():
    found = limited(("3", "day"), ("4", "bill"))
    next_day = DAY + timedelta(days=1)
    bill = [
        line("1", "2", line_id="1"),
        line("1", "2", line_id="2"),
        line("1", "1", line_id="3"),
        line("1", "2", line_id="4", fee_date=next_day),
        line("1", "1", line_id="5", fee_date=next_day),
    ]
    splits = classify_lines(found, bill)
    assert [split.full_self_pay_fen for split in splits] == [0, 100, 100, 100, 100]
    assert [split.in_scope_fen for split in splits] == [200, 100, 0, 100, 0]
    assert [bool(split.unmet_restrictions) for split in splits] == [False, True, True, True, True]


def test_what_is_not_paid_for_uses_no_limit_up():
    found = limited(("1", "bill"), restriction=PaymentRestriction(department_codes=("A",)))
    bill = [line(line_id="1", department_code="B"), line(line_id="2", department_code="A")]
    assert [split.unmet_restrictions for split in classify_lines(found, bill)] == [
        ("DEPARTMENT",),
        (),
    ]


def test_other_items_have_limits_of_their_own():
    one = item(use_limits=(UseLimit(quantity=Decimal(1), period="bill"),))
    other = item(DRUG, use_limits=(UseLimit(quantity=Decimal(1), period="bill"),))
    bill = [line(line_id="1"), line(line_id="2", item_code=DRUG), line(line_id="3")]
    splits = classify_lines(snapshot(one, other), bill)
    assert [split.full_self_pay_fen for split in splits] == [0, 0, 1000]


def test_class_and_share_apply_to_what_the_limit_leaves():
    found = limited(("1", "line"), catalogue_class="B", prior_self_pay_ratio=Decimal("0.1"))
    assert parts(classify_line(found, line("10", "2"))) == (1000, 0, 100, 900)
    # Class C is self-paid by its class: nothing is unmet, nothing used up.
    split = classify_line(limited(("1", "line"), catalogue_class="C"), line("10", "2"))
    assert (parts(split), split.unmet_restrictions) == ((2000, 0, 0, 0), ())


def test_an_item_by_lookup_is_what_went_in_but_its_words():
    whole = item(
        BED,
        "B",
        prior_self_pay_ratio=Decimal("0.1"),
        prior_self_pays=(PriorSelfPay(person_type_code="12", ratio=Decimal("0.05")),),
        price_ceilings=(PriceCeiling(price_level_code="03", price_ceiling=Decimal("9.5")),),
        restriction=PaymentRestriction(sex="2"),
        use_limits=(UseLimit(quantity=Decimal("1.5"), period="day"),),
        name="",
    )
    assert snapshot(whole).lookup(BED, DAY) == whole
