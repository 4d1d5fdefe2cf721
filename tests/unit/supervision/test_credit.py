"""Goal: points are exact, lessen by the day, and thresholds are reached where the terms say."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.terms_files import TermsRefused
from services.supervision.cases.terms import load_case_terms
from services.supervision.credit.terms import TERMS_FOLDER, load_credit_terms
from services.supervision.domain.credit import (
    ConsequenceKind,
    Points,
    Subject,
    hundredths_of,
    left_of,
    points_of,
    reached,
)
from services.supervision.domain.model import ResultClass

DAY = date(2026, 3, 2)
TERMS = load_credit_terms().of(DAY)


@pytest.mark.parametrize(
    ("subject", "result_class", "amount", "tenths"),
    [
        (Subject.INSTITUTION, ResultClass.VIOLATION, 0, 20),
        (Subject.INSTITUTION, ResultClass.VIOLATION, 99_999, 20),
        (Subject.INSTITUTION, ResultClass.VIOLATION, 100_000, 25),
        (Subject.INSTITUTION, ResultClass.SUSPICIOUS, 350_000, 25),
        (Subject.INSTITUTION, ResultClass.VIOLATION, 10**12, 120),
        (Subject.DOCTOR, ResultClass.VIOLATION, 100_000, 12),
        (Subject.PERSON, ResultClass.TO_VERIFY, 0, 2),
    ],
)
def test_points_of_a_decision(subject, result_class, amount, tenths):
    assert points_of(TERMS, subject, result_class, amount) == tenths


def test_points_lessen_evenly_and_are_gone_after_a_year():
    points = Points(tenths=20, event_date=DAY)
    assert left_of(points, DAY - timedelta(1), 365) == 0
    assert left_of(points, DAY, 365) == 20
    assert left_of(points, DAY + timedelta(73), 365) == 16
    assert left_of(points, DAY + timedelta(364), 365) == Fraction(20, 365)
    assert left_of(points, DAY + timedelta(365), 365) == 0


@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(0, 500)), max_size=8), st.integers(0, 900)
)
def test_what_is_countered_is_gone_on_every_day(given_, later):
    on = DAY + timedelta(later)
    points = [Points(tenths=one, event_date=DAY + timedelta(age)) for one, age in given_]
    against = [Points(tenths=-one.tenths, event_date=one.event_date) for one in points]
    assert hundredths_of([*points, *against], on, 365) == 0
    assert hundredths_of(points, on, 365) >= hundredths_of(points[1:], on, 365)


def test_thresholds_are_reached_highest_first():
    kinds = [one.kind for one in reached(TERMS, Subject.INSTITUTION, 2400)]
    assert kinds == [
        ConsequenceKind.SUSPEND_INSTITUTION,
        ConsequenceKind.SUSPEND_BUSINESS,
        ConsequenceKind.TALK,
    ]
    assert [one.points for one in reached(TERMS, Subject.INSTITUTION, 1199)] == [6]
    assert reached(TERMS, Subject.INSTITUTION, 599) == []
    assert [one.kind for one in reached(TERMS, Subject.DOCTOR, 900)] == [
        ConsequenceKind.SUSPEND_DOCTOR
    ]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (
            'validity_days:\n    - from: "2021-05-01"\n      value: 365',
            'validity_days:\n    - from: "2021-05-01"\n      value: 0',
        ),
        ("kind: TALK, days: 0", "kind: TALK, days: 3"),
        ("kind: WATCH_PERSON", "kind: SUSPEND_INSTITUTION"),
        ("VIOLATION: 20", "VIOLATION: 0.5"),
        ("step_yuan: 1000", "step_yuan: 0"),
        ("peers_least: 10", "peers_least: 1"),
    ],
)
def test_terms_that_cannot_be_are_refused(tmp_path, was, now):
    text = (TERMS_FOLDER / "credit.yaml").read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "credit.yaml").write_text(text.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(TermsRefused, match=r"credit\.yaml:\d+: terms"):
        load_credit_terms(tmp_path)


def test_every_figure_without_a_document_is_a_sample():
    assert TERMS.sample
    assert load_case_terms().of(DAY).answer_working_days == 10
