"""What events do to the ledger: examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.clearing.domain.ledger import (
    Booking,
    EventRefused,
    FundPayment,
    Kind,
    Pair,
    SettlementEvent,
    Side,
    book,
    book_reversed,
    book_settled,
    entries_of,
)
from services.clearing.domain.positions import positions_of

ID = UUID("01900000-0000-7000-8000-000000000001")
OTHER_ID = UUID("01900000-0000-7000-8000-000000000002")


def pays(**amounts: int) -> tuple[FundPayment, ...]:
    return tuple(
        FundPayment(fund_type_code=code.removeprefix("f"), amount_fen=fen)
        for code, fen in amounts.items()
    )


SETTLED = SettlementEvent(
    kind=Kind.SETTLED,
    settlement_id=ID,
    insured_region_code="131100",
    care_region_code="110105",
    scheme_code="310",
    month="2026-03",
    event_time=datetime(2026, 3, 31, 15, 0, tzinfo=UTC),
    payments=pays(f310100=6_000_00, f330100=892_50, f310200=12_34),
)
REVERSED = replace(
    SETTLED,
    kind=Kind.REVERSED,
    month="2026-04",
    event_time=datetime(2026, 4, 2, tzinfo=UTC),
)


def test_one_transfer_per_fund_between_the_provinces() -> None:
    booking = book_settled(SETTLED)
    assert booking.pair == Pair(
        insured_region_code="130000", care_region_code="110000", month="2026-03", scheme_code="310"
    )
    assert [(t.fund_type_code, t.amount_fen) for t in booking.transfers] == [
        ("310100", 6_000_00),
        ("310200", 12_34),
        ("330100", 892_50),
    ]
    assert all(t.reverses_transfer_id is None for t in booking.transfers)


def test_a_transfer_has_two_sides_that_sum_to_zero() -> None:
    payable, receivable = entries_of(book_settled(SETTLED).transfers[0])
    assert (payable.side, payable.amount_fen) == (Side.PAYABLE, -6_000_00)
    assert (receivable.side, receivable.amount_fen) == (Side.RECEIVABLE, 6_000_00)


def test_a_settlement_in_cash_is_counted_and_moves_nothing() -> None:
    booking = book_settled(replace(SETTLED, payments=pays(f310100=0)))
    assert booking.transfers == ()
    (position,) = positions_of([booking]).values()
    assert (position.owed_fen, position.settlement_count, position.reversal_count) == ({}, 1, 0)


def test_the_two_regions_of_the_far_west_clear_with_each_other() -> None:
    booking = book_settled(
        replace(SETTLED, insured_region_code="660000", care_region_code="650100")
    )
    assert (booking.pair.insured_region_code, booking.pair.care_region_code) == ("660000", "650000")


def test_a_fund_is_cleared_under_its_national_code_or_as_other() -> None:
    booking = book_settled(
        replace(SETTLED, payments=pays(f99999737=5, f910100=7, f390200=11, f310300=13))
    )
    assert {t.fund_type_code: t.amount_fen for t in booking.transfers} == {
        "330100": 16,
        "910100": 20,
    }


def test_a_settlement_booked_under_a_code_of_an_earlier_release_is_reversed() -> None:
    payments = pays(f390100=7, f390200=3)
    settled = book_settled(replace(SETTLED, payments=payments))
    before = tuple(
        replace(one, fund_type_code="390200") if one.fund_type_code == "330100" else one
        for one in settled.transfers
    )
    back = book_reversed(replace(REVERSED, payments=payments), replace(settled, transfers=before))
    assert {t.fund_type_code: t.amount_fen for t in back.transfers} == {
        "390100": -7,
        "390200": -3,
    }


def test_a_reversal_takes_each_transfer_back_in_its_own_month() -> None:
    settled = book_settled(SETTLED)
    back = book_reversed(REVERSED, settled)
    assert back.pair.month == "2026-04"
    assert [t.amount_fen for t in back.transfers] == [-t.amount_fen for t in settled.transfers]
    assert [t.reverses_transfer_id for t in back.transfers] == [
        t.transfer_id for t in settled.transfers
    ]
    assert not {t.transfer_id for t in back.transfers} & {t.transfer_id for t in settled.transfers}
    positions = positions_of([settled, back])
    assert sum(sum(p.owed_fen.values()) for p in positions.values()) == 0
    assert positions[back.pair].owed_fen == {
        "310100": -6_000_00,
        "330100": -892_50,
        "310200": -12_34,
    }
    assert (positions[back.pair].settlement_count, positions[back.pair].reversal_count) == (0, 1)


def test_a_batch_may_hold_a_settlement_and_its_reversal() -> None:
    settled, back = book([SETTLED, replace(REVERSED, month="2026-03")], {})
    assert (settled.kind, back.kind) == (Kind.SETTLED, Kind.REVERSED)
    (position,) = positions_of([settled, back]).values()
    assert set(position.owed_fen.values()) == {0}


def test_a_batch_with_repeats_books_each_event_once() -> None:
    once = book([SETTLED, REVERSED], {})
    assert book([SETTLED, SETTLED, REVERSED, SETTLED, REVERSED], {}) == once


def test_a_reversal_finds_its_original_in_an_earlier_batch() -> None:
    settled = book_settled(SETTLED)
    assert book([REVERSED], {settled.key: settled}) == (book_reversed(REVERSED, settled),)


def test_what_the_ledger_has_is_not_booked_again() -> None:
    settled, back = book([SETTLED, REVERSED], {})
    assert book([SETTLED, REVERSED], {settled.key: settled, back.key: back}) == ()
    assert book([SETTLED, REVERSED], {settled.key: settled}) == (back,)
    other = replace(SETTLED, payments=pays(f310100=1))
    with pytest.raises(EventRefused):
        book([other], {settled.key: settled})


@pytest.mark.parametrize(
    ("original", "event"),
    [
        (None, REVERSED),
        (book_settled(SETTLED), replace(REVERSED, payments=pays(f310100=1))),
        (book_settled(SETTLED), replace(REVERSED, scheme_code="390")),
        (book_settled(SETTLED), replace(REVERSED, care_region_code="120000")),
        (book_settled(SETTLED), replace(REVERSED, insured_region_code="140000")),
        (book_settled(SETTLED), replace(REVERSED, settlement_id=OTHER_ID)),
        (book_settled(SETTLED), SETTLED),
    ],
)
def test_a_reversal_that_does_not_fit_is_refused(
    original: Booking | None, event: SettlementEvent
) -> None:
    with pytest.raises(EventRefused):
        book_reversed(event, original)


def test_the_same_settlement_with_other_content_is_refused() -> None:
    with pytest.raises(EventRefused):
        book([SETTLED, replace(SETTLED, payments=pays(f310100=1))], {})
    with pytest.raises(EventRefused):
        book_settled(REVERSED)


@pytest.mark.parametrize(
    "changes",
    [
        {"insured_region_code": "110100"},  # care in the same province
        {"insured_region_code": "710000"},
        {"insured_region_code": "13110"},
        {"care_region_code": ""},
        {"scheme_code": "510"},
        {"month": "2026-13"},
        {"month": "202603"},
        {"payments": pays(f310100=-1)},
        {"payments": pays(f310100=10**15)},
        {"payments": pays(f31=1)},
        {"payments": pays(f31010x=1)},
    ],
)
def test_a_malformed_event_is_refused_without_its_content(changes: dict[str, Any]) -> None:
    with pytest.raises(EventRefused) as caught:
        replace(SETTLED, **changes)
    for value in changes.values():
        assert not isinstance(value, str) or not value or value not in str(caught.value)
