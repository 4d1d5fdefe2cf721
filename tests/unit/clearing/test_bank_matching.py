"""Goal: every fen of a bank statement has exactly one place, and no notice is paid twice.

Method: examples of each outcome; properties over drawn statements that are stated again in parts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain.bank_line_states import BankLineState
from services.clearing.domain.notice import BusinessType, NoticeKind
from services.clearing.domain.notice_states import NoticeState
from services.clearing.domain.payment import Outcome, StatedLine, match
from services.kit.errors import AlreadyExists
from tests.unit.clearing.test_notices import ISSUED, notice_of

DUE = ISSUED + timedelta(days=25)
NOTICE = notice_of(300, -100, 400)  # 600: 640000 pays 110000
PREPAYMENT = replace(
    notice_of(500),
    notice_id=UUID(int=9),
    kind=NoticeKind.EMERGENCY_TOP_UP,
    number="TZ2026000001",
)


def line_of(amount: int, reference: str = "BK-000001", **changes) -> StatedLine:
    line = StatedLine(
        line_number=2,
        bank_reference=reference,
        value_date=ISSUED,
        payer_region_code="640000",
        receiver_region_code="110000",
        amount_fen=amount,
        business_type=BusinessType.CLEARING,
        notice_number=NOTICE.number,
    )
    return replace(line, **changes)


def matched(*lines: StatedLine, known=(), notices=(NOTICE, PREPAYMENT)):
    return match(lines, notices, known, lambda issued: issued + timedelta(days=25))


@pytest.mark.parametrize(
    ("line", "outcome", "applied", "state"),
    [
        (line_of(600), Outcome.MATCHED, 600, BankLineState.MATCHED),
        (line_of(599), Outcome.PARTIAL, 599, BankLineState.MATCHED),
        (line_of(601), Outcome.OVERPAID, 600, BankLineState.SUSPENDED),
        (line_of(5, notice_number=""), Outcome.UNKNOWN_NOTICE, 0, BankLineState.SUSPENDED),
        (
            line_of(5, notice_number="QS2026000099"),
            Outcome.UNKNOWN_NOTICE,
            0,
            BankLineState.SUSPENDED,
        ),
        (
            line_of(5, payer_region_code="110000", receiver_region_code="640000"),
            Outcome.OTHER_PARTIES,
            0,
            BankLineState.SUSPENDED,
        ),
        (
            line_of(5, business_type=BusinessType.PREPAYMENT),
            Outcome.OTHER_BUSINESS_TYPE,
            0,
            BankLineState.SUSPENDED,
        ),
        (
            line_of(500, notice_number=PREPAYMENT.number, business_type=BusinessType.PREPAYMENT),
            Outcome.MATCHED,
            500,
            BankLineState.MATCHED,
        ),
        (
            line_of(500, notice_number=PREPAYMENT.number),
            Outcome.OTHER_BUSINESS_TYPE,
            0,
            BankLineState.SUSPENDED,
        ),
        (
            line_of(5, payer_region_code="", business_type=BusinessType.INTEREST),
            Outcome.INTEREST,
            0,
            BankLineState.RECORDED,
        ),
        (
            line_of(5, receiver_region_code="", business_type=BusinessType.BANK_FEE),
            Outcome.BANK_FEE,
            0,
            BankLineState.RECORDED,
        ),
    ],
)
def test_what_becomes_of_a_line(line, outcome, applied, state):
    found = matched(line).results[0]
    assert (found.outcome, found.applied_fen, found.state) == (outcome, applied, state)
    recorded = state is BankLineState.RECORDED
    assert found.suspended_fen == (0 if recorded else line.amount_fen - applied)
    assert sum(part.amount_fen for part in found.parts) == applied


def test_a_notice_is_paid_in_parts_and_once():
    lines = [line_of(250, "BK-000001"), line_of(350, "BK-000002"), line_of(600, "BK-000003")]
    found = matched(*lines)
    assert [one.outcome for one in found.results] == [
        Outcome.PARTIAL,
        Outcome.MATCHED,
        Outcome.ALREADY_PAID,
    ]
    assert found.notices[NOTICE.notice_id].outstanding_fen == 0
    assert found.results[2].suspended_fen == 600


def test_late_is_after_the_day():
    on_time, late = matched(
        line_of(5, "BK-000001", value_date=DUE),
        line_of(5, "BK-000002", value_date=DUE + timedelta(days=1)),
    ).results
    assert (on_time.late, late.late) == (False, True)


def test_a_fee_pays_nothing_and_is_remembered_with_its_notice():
    fee = line_of(20, "BK-000002", receiver_region_code="", business_type=BusinessType.BANK_FEE)
    found = matched(line_of(580), fee)
    notice = found.notices[NOTICE.notice_id]
    assert (notice.paid_fen, notice.outstanding_fen, notice.fee_fen) == (580, 20, 20)
    stranger = matched(replace(fee, payer_region_code="310000"))
    assert stranger.results[0].notice_id is None


def test_what_was_stated_before_is_a_duplicate():
    line = line_of(600)
    again = replace(line, line_number=7)
    assert [one.outcome for one in matched(line, again).results] == [
        Outcome.MATCHED,
        Outcome.DUPLICATE,
    ]
    found = matched(again, known=[line])
    assert found.results[0].outcome is Outcome.DUPLICATE
    assert found.notices[NOTICE.notice_id].paid_fen == 0


@pytest.mark.parametrize("numbers", [(NOTICE.number, ""), ("", NOTICE.number)])
def test_the_other_bank_need_not_pass_the_number_on(numbers):
    """What it then pays was decided by whoever stated it first, or is by two officers."""
    first, second = (line_of(600, notice_number=number) for number in numbers)
    found = matched(first, replace(second, line_number=3))
    assert found.results[1].outcome is Outcome.DUPLICATE
    assert found.notices[NOTICE.notice_id].paid_fen == (600 if numbers[0] else 0)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_fen": 599},
        {"receiver_region_code": "310000"},
        {"notice_number": PREPAYMENT.number},
        {"business_type": BusinessType.PREPAYMENT},
        {"value_date": date(2026, 5, 1)},
    ],
)
def test_a_reference_stands_for_one_transfer(change):
    line = line_of(600)
    for lines, known in (
        ([line, replace(line, **change)], []),
        ([replace(line, **change)], [line]),
    ):
        with pytest.raises(AlreadyExists) as caught:
            matched(*lines, known=known)
        assert caught.value.reason == "BANK_REFERENCE_REUSED"


def test_a_draft_is_no_notice():
    draft = replace(NOTICE, state=NoticeState.DRAFT, issue_date=None)
    assert matched(line_of(600), notices=[draft]).results[0].outcome is Outcome.UNKNOWN_NOTICE


amounts = st.integers(1, 700)
numbers = st.sampled_from([NOTICE.number, PREPAYMENT.number, "", "QS2026000099"])
types = st.sampled_from([BusinessType.CLEARING, BusinessType.PREPAYMENT])


@given(st.lists(st.tuples(amounts, numbers, types), max_size=12), st.data())
def test_every_fen_has_one_place_however_often_it_is_stated(drawn, data):
    """Stated at once, or in two files of which the second repeats some of the first: the same."""
    lines = [
        line_of(amount, f"BK-{index:06d}", notice_number=number, business_type=kind)
        for index, (amount, number, kind) in enumerate(drawn)
    ]
    whole = matched(*lines)
    for one in whole.results:
        assert one.applied_fen + one.suspended_fen == one.line.amount_fen
    for notice in whole.notices.values():
        applied = sum(one.applied_fen for one in whole.results if one.notice_id == notice.notice_id)
        assert notice.paid_fen == applied <= notice.amount_fen
    cut = data.draw(st.integers(0, len(lines)))
    first = matched(*lines[:cut])
    overlap = data.draw(st.integers(0, cut))
    second = matched(*lines[overlap:], known=lines[:cut], notices=list(first.notices.values()))
    duplicates = second.results[: cut - overlap]
    assert all(one.outcome is Outcome.DUPLICATE for one in duplicates)
    assert first.results + second.results[cut - overlap :] == whole.results
    assert second.notices == whole.notices
