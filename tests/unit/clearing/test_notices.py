"""Goal: who pays how much, which lines money fills, and who is late, to the fen and the day.

Method: examples by hand, and properties over drawn notices and transfers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain.notice import (
    BusinessType,
    Notice,
    NoticeKind,
    NoticeLine,
    NoticeStep,
    OutstandingCause,
    business_type_of,
    clearing_source_id,
    number_of,
    ordered,
    outstanding_cause,
    parts_of,
)
from services.clearing.domain.notice_states import NoticeState
from services.clearing.domain.notice_steps import Limits, due, step_problem, steps_of
from services.clearing.domain.payment import rate_bp, with_parts
from services.clearing.notices import terms
from services.clearing.terms_folder import TERMS_FOLDER
from services.kit import terms_files
from services.kit.calendar import add_working_days

LIMITS = Limits(submit_days=5, transfer_days=10, return_days=5)
ISSUED = date(2026, 4, 30)


def notice_of(*amounts: int, state: NoticeState = NoticeState.ISSUED) -> Notice:
    funds = ("310100", "310200", "330100", "390100")
    return Notice(
        notice_id=UUID(int=1),
        number="QS2026000001",
        kind=NoticeKind.CLEARING,
        source_id=UUID(int=2),
        month="2026-03",
        insured_region_code="640000",
        care_region_code="110000",
        lines=ordered(
            NoticeLine(scheme_code="310", fund_type_code=fund, amount_fen=amount)
            for fund, amount in zip(funds, amounts, strict=False)
        ),
        state=state,
        maker_id="maker",
        checker_id="checker",
        draft_time=datetime(2026, 4, 30, tzinfo=UTC),
        issue_date=ISSUED,
        fee_fen=0,
    )


def test_the_sign_of_the_sum_says_who_pays():
    owes = notice_of(700, -200)
    assert (owes.payer_region_code, owes.receiver_region_code) == ("640000", "110000")
    assert owes.amount_fen == owes.outstanding_fen == owes.open_fen == 500
    gets = notice_of(200, -700)
    assert (gets.payer_region_code, gets.receiver_region_code) == ("110000", "640000")
    assert gets.amount_fen == 500


def test_lines_are_paid_by_scheme_and_fund_and_what_a_fund_gets_back_counts_first():
    notice = notice_of(300, -100, 400)
    first = parts_of(notice, 250)
    assert [(one.fund_type_code, one.amount_fen) for one in first] == [
        ("310100", 300),
        ("310200", -100),
        ("330100", 50),
    ]
    after = with_parts(notice, first, paid=1)
    assert (after.paid_fen, after.outstanding_fen) == (250, 350)
    rest = parts_of(after, 350)
    assert [(one.fund_type_code, one.amount_fen) for one in rest] == [("330100", 350)]
    assert with_parts(after, rest, paid=1).outstanding_fen == 0


def test_lines_that_cancel_out_pay_each_other():
    notice = notice_of(300, -300)
    assert (notice.amount_fen, notice.outstanding_fen) == (0, 0)
    assert [one.amount_fen for one in parts_of(notice, 0)] == [300, -300]


def test_a_transfer_beyond_what_is_open_is_refused():
    notice = notice_of(300)
    for amount in (301, -1):
        with pytest.raises(ValueError, match="larger"):
            parts_of(notice, amount)
    waiting = with_parts(notice, parts_of(notice, 200), pending=1)
    assert (waiting.paid_fen, waiting.open_fen, waiting.outstanding_fen) == (0, 100, 300)
    with pytest.raises(ValueError, match="larger"):
        parts_of(waiting, 101)


@given(
    st.lists(st.integers(-1000, 1000).filter(bool), min_size=1, max_size=4),
    st.lists(st.integers(1, 900), max_size=8),
    st.randoms(use_true_random=False),
)
def test_transfers_fill_lines_exactly_whatever_is_voided_between(amounts, transfers, random):
    """A part that waited and was voided leaves no trace: the rest still fills every line."""
    notice = notice_of(*amounts)
    sign = 1 if notice.total_fen >= 0 else -1
    waiting = []
    for wanted in transfers:
        amount = min(wanted, notice.open_fen)
        if not amount:
            break
        parts = parts_of(notice, amount)
        assert sum(part.amount_fen for part in parts) == sign * amount
        is_pending = random.random() < 0.5
        notice = with_parts(notice, parts, paid=not is_pending, pending=is_pending)
        if is_pending:
            waiting.append(parts)
        if waiting and random.random() < 0.5:
            posted = random.random() < 0.5
            notice = with_parts(notice, waiting.pop(0), paid=posted, pending=-1)
    for parts in waiting:
        notice = with_parts(notice, parts, pending=-1)
    if notice.amount_fen:
        if notice.open_fen:
            notice = with_parts(notice, parts_of(notice, notice.open_fen), paid=1)
        assert all(line.paid_fen == line.amount_fen for line in notice.lines)


def test_a_notice_has_a_line_and_each_once():
    line = NoticeLine(scheme_code="310", fund_type_code="310100", amount_fen=5)
    with pytest.raises(ValueError, match="twice"):
        ordered([line, replace(line, amount_fen=-5)])
    with pytest.raises(ValueError, match="needs a line"):
        ordered([replace(line, amount_fen=0)])


def test_numbers_tell_kind_and_year():
    assert number_of(NoticeKind.CLEARING, 2026, 1) == "QS2026000001"
    assert number_of(NoticeKind.PREPAYMENT_ADJUSTMENT, 2027, 12) == "YF2027000012"
    assert number_of(NoticeKind.EMERGENCY_TOP_UP, 2026, 999_999) == "TZ2026999999"
    for count in (0, 1_000_000):
        with pytest.raises(ValueError, match="at most"):
            number_of(NoticeKind.CLEARING, 2026, count)
    assert business_type_of(NoticeKind.CLEARING) is BusinessType.CLEARING
    assert business_type_of(NoticeKind.EMERGENCY_TOP_UP) is BusinessType.PREPAYMENT
    assert clearing_source_id("2026-03", "640000", "110000") != clearing_source_id(
        "2026-03", "110000", "640000"
    )


def test_why_something_is_outstanding():
    notice = notice_of(500)
    assert outstanding_cause(notice) is OutstandingCause.NOT_PAID
    part = replace(with_parts(notice, parts_of(notice, 480), paid=1), state=NoticeState.PART_PAID)
    assert outstanding_cause(part) is OutstandingCause.PART_PAID
    assert outstanding_cause(replace(part, fee_fen=20)) is OutstandingCause.BANK_FEE
    assert outstanding_cause(replace(part, fee_fen=19)) is OutstandingCause.PART_PAID
    assert outstanding_cause(replace(part, state=NoticeState.PAID)) is None
    assert outstanding_cause(notice_of(500, state=NoticeState.DRAFT)) is None


@pytest.mark.parametrize(
    ("part", "whole", "rate"),
    [(0, 0, 0), (1, 3, 3333), (2, 3, 6666), (99_999_999, 100_000_000, 9999), (7, 7, 10_000)],
)
def test_a_rate_is_rounded_down_so_that_all_is_said_of_all_only(part, whole, rate):
    assert rate_bp(part, whole) == rate


# --- steps ---------------------------------------------------------------------------------------


def found_steps(done: dict[NoticeStep, date], today: date):
    return {
        one.step: one for one in steps_of(notice_of(5), done, LIMITS, add_working_days, today=today)
    }


def test_limits_are_working_days_after_each_other():
    """2026-05-01 to 05 are holidays, 05-09 is a Saturday that is worked for them."""
    assert due(ISSUED, LIMITS, add_working_days).day == date(2026, 5, 25)
    steps = found_steps({}, ISSUED)
    assert steps[NoticeStep.SUBMITTED].deadline.day == date(2026, 5, 11)
    assert steps[NoticeStep.TRANSFERRED].deadline.day == date(2026, 5, 25)
    assert steps[NoticeStep.RETURNED].deadline.day == date(2026, 6, 1)
    assert steps[NoticeStep.CONFIRMED].deadline is None
    assert not any(one.overdue or one.late for one in steps.values())


def test_who_is_late_is_who_is_awaited():
    steps = found_steps({}, date(2026, 7, 1))
    assert [step for step, one in steps.items() if one.overdue] == [NoticeStep.SUBMITTED]
    assert steps[NoticeStep.SUBMITTED].region_code == "640000"
    assert steps[NoticeStep.RECEIVED].region_code == "110000"
    # Handed in late: finance has its ten days all the same.
    steps = found_steps({NoticeStep.SUBMITTED: date(2026, 5, 20)}, date(2026, 6, 3))
    assert steps[NoticeStep.SUBMITTED].late
    assert steps[NoticeStep.TRANSFERRED].deadline.day == date(2026, 6, 3)
    assert not any(one.overdue for one in steps.values())
    steps = found_steps({NoticeStep.SUBMITTED: date(2026, 5, 20)}, date(2026, 6, 4))
    assert [step for step, one in steps.items() if one.overdue] == [NoticeStep.TRANSFERRED]


def test_a_submission_that_nobody_recorded_is_overtaken_by_the_money():
    steps = found_steps({NoticeStep.TRANSFERRED: date(2026, 5, 20)}, date(2026, 7, 1))
    assert not steps[NoticeStep.SUBMITTED].overdue
    assert not steps[NoticeStep.TRANSFERRED].late
    assert steps[NoticeStep.RETURNED].overdue


def test_a_receiver_that_is_quick_hides_no_payer_that_is_late():
    done = {
        NoticeStep.SUBMITTED: date(2026, 5, 7),
        NoticeStep.TRANSFERRED: date(2026, 5, 20),
        NoticeStep.RECEIVED: date(2026, 5, 21),
    }
    on_time = found_steps(done, date(2026, 5, 27))
    assert not any(one.overdue for one in on_time.values())
    steps = found_steps(done, date(2026, 5, 28))
    assert [step for step, one in steps.items() if one.overdue] == [NoticeStep.RETURNED]
    # All done: nobody is awaited.
    rest = dict.fromkeys((NoticeStep.RETURNED, NoticeStep.CONFIRMED), date(2026, 5, 28))
    steps = found_steps(done | rest, date(2026, 7, 1))
    assert [step for step, one in steps.items() if one.overdue or one.late] == [NoticeStep.RETURNED]


@pytest.mark.parametrize(
    ("issued", "submit", "due_on"),
    [
        # Friday before the Spring Festival: Saturday the 14th and the 28th are worked.
        (date(2026, 2, 13), date(2026, 2, 27), date(2026, 3, 12)),
        # Issued on a day off, and on the last day before the National Day holidays.
        (date(2026, 2, 16), date(2026, 2, 28), date(2026, 3, 13)),
        (date(2026, 9, 30), date(2026, 10, 13), date(2026, 10, 27)),
    ],
)
def test_limits_over_holidays_and_days_worked_for_them(issued, submit, due_on):
    notice = replace(notice_of(5), issue_date=issued)
    for today, is_over in ((submit, False), (submit + timedelta(days=1), True)):
        first = steps_of(notice, {}, LIMITS, add_working_days, today=today)[0]
        assert (first.deadline.day, first.overdue) == (submit, is_over)
    assert due(issued, LIMITS, add_working_days).day == due_on
    submitted = {NoticeStep.SUBMITTED: submit}
    for today, is_over in ((due_on, False), (due_on + timedelta(days=1), True)):
        steps = steps_of(notice, submitted, LIMITS, add_working_days, today=today)
        assert (steps[1].deadline.day, steps[1].overdue) == (due_on, is_over)


def test_a_limit_in_a_year_without_a_published_calendar_is_provisional():
    far = date(2031, 12, 29)
    assert due(far, LIMITS, add_working_days).provisional


def test_a_notice_that_is_not_issued_or_moves_nothing_has_no_steps():
    draft = replace(notice_of(5), issue_date=None, state=NoticeState.DRAFT)
    assert steps_of(draft, {}, LIMITS, add_working_days, today=ISSUED) == ()
    assert steps_of(notice_of(5, -5), {}, LIMITS, add_working_days, today=ISSUED) == ()


D = [date(2026, 5, day) for day in range(1, 29)]


@pytest.mark.parametrize(
    ("done", "step", "day", "problem"),
    [
        ({}, NoticeStep.SUBMITTED, D[5], ""),
        ({}, NoticeStep.SUBMITTED, date(2026, 4, 29), "before"),
        ({}, NoticeStep.TRANSFERRED, D[5], "SUBMITTED comes first"),
        ({NoticeStep.SUBMITTED: D[5]}, NoticeStep.SUBMITTED, D[5], "is recorded"),
        ({NoticeStep.SUBMITTED: D[5]}, NoticeStep.TRANSFERRED, D[4], "before"),
        ({NoticeStep.SUBMITTED: D[5]}, NoticeStep.RETURNED, D[9], "TRANSFERRED comes first"),
        ({NoticeStep.TRANSFERRED: D[9]}, NoticeStep.SUBMITTED, D[9], ""),
        ({NoticeStep.TRANSFERRED: D[9]}, NoticeStep.SUBMITTED, D[10], "after"),
        ({NoticeStep.TRANSFERRED: D[9]}, NoticeStep.CONFIRMED, D[10], "RETURNED comes first"),
        ({NoticeStep.TRANSFERRED: D[9]}, NoticeStep.RECEIVED, D[10], ""),
    ],
)
def test_steps_are_recorded_in_order(done, step, day, problem):
    found = step_problem(notice_of(5), done, step, day)
    assert problem in found
    assert bool(found) == bool(problem)


# --- terms ---------------------------------------------------------------------------------------


def test_the_terms_say_five_ten_five():
    assert terms.limits_at(date(2026, 4, 30)) == LIMITS
    assert all(not entry.sample for history in terms.payment_terms().values() for entry in history)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("value: 10", "value: 0", "payment.yaml:14: .*from 1 to 60"),
        ("value: care_province", "value: insured_province", "only rule"),
        ("value: not_from_the_fund", "value: from_the_fund", "only rule"),
        ("submit_working_days", "submit_days", "exactly"),
    ],
)
def test_terms_that_are_not_understood_are_refused(tmp_path, before, after, problem):
    text = (TERMS_FOLDER / "payment.yaml").read_text(encoding="utf-8")
    Path(tmp_path, "payment.yaml").write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(terms_files.TermsRefused, match=problem):
        terms_files.load_terms("payment", terms._READERS, Path(tmp_path))
