"""Properties of the ledger over random histories of the feed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain.ledger import (
    Booking,
    FundPayment,
    Kind,
    SettlementEvent,
    book,
    book_settled,
    entries_of,
)
from services.clearing.domain.positions import positions_of

FUNDS = ["310100", "310200", "330100", "390100", "390200", "610100", "310300", "99999737"]
MONTHS = ["2026-01", "2026-02", "2026-03"]
TIME = datetime(2026, 1, 1, tzinfo=UTC)

payments = st.lists(
    st.builds(
        FundPayment, fund_type_code=st.sampled_from(FUNDS), amount_fen=st.integers(0, 10**12)
    ),
    max_size=5,
).map(tuple)


@st.composite
def feeds(draw: st.DrawFn) -> list[SettlementEvent]:
    """A feed as the journal makes it: settlements, some reversed later, each at most once."""
    settled: list[SettlementEvent] = []
    feed: list[SettlementEvent] = []
    for number in range(draw(st.integers(0, 12))):
        event = SettlementEvent(
            kind=Kind.SETTLED,
            settlement_id=UUID(int=number),
            insured_region_code=draw(st.sampled_from(["650100", "131100", "660000"])),
            care_region_code=draw(st.sampled_from(["640100", "110000"])),
            scheme_code=draw(st.sampled_from(["310", "390"])),
            month=draw(st.sampled_from(MONTHS)),
            event_time=TIME,
            payments=draw(payments),
        )
        settled.append(event)
        feed.append(event)
        if draw(st.booleans()):
            taken_back = settled.pop(draw(st.integers(0, len(settled) - 1)))
            feed.append(reversal(taken_back, draw(st.sampled_from(MONTHS))))
    return feed


def reversal(event: SettlementEvent, month: str) -> SettlementEvent:
    return SettlementEvent(
        kind=Kind.REVERSED,
        settlement_id=event.settlement_id,
        insured_region_code=event.insured_region_code,
        care_region_code=event.care_region_code,
        scheme_code=event.scheme_code,
        month=month,
        event_time=TIME,
        payments=event.payments,
    )


def all_amounts(bookings: tuple[Booking, ...]) -> list[int]:
    return [e.amount_fen for b in bookings for t in b.transfers for e in entries_of(t)]


@given(feeds())
def test_entries_of_every_transfer_and_of_the_ledger_sum_to_zero(
    feed: list[SettlementEvent],
) -> None:
    bookings = book(feed, {})
    for booking in bookings:
        for transfer in booking.transfers:
            assert sum(entry.amount_fen for entry in entries_of(transfer)) == 0
            assert transfer.amount_fen != 0
    assert sum(all_amounts(bookings)) == 0


@given(feeds())
def test_positions_add_up_to_what_is_settled_and_not_reversed(feed: list[SettlementEvent]) -> None:
    reversed_ids = {e.settlement_id for e in feed if e.kind is Kind.REVERSED}
    standing = sum(
        payment.amount_fen
        for event in feed
        if event.kind is Kind.SETTLED and event.settlement_id not in reversed_ids
        for payment in event.payments
    )
    positions = positions_of(book(feed, {})).values()
    assert sum(sum(p.owed_fen.values()) for p in positions) == standing
    assert sum(p.settlement_count - p.reversal_count for p in positions) == len(
        {e.settlement_id for e in feed}
    ) - len(reversed_ids)


@given(feeds())
def test_reversing_all_leaves_nothing_owed_over_the_months(feed: list[SettlementEvent]) -> None:
    gone = {e.settlement_id for e in feed if e.kind is Kind.REVERSED}
    rest = [
        reversal(e, "2026-04")
        for e in feed
        if e.kind is Kind.SETTLED and e.settlement_id not in gone
    ]
    owed: dict[tuple[str, ...], int] = {}
    for position in positions_of(book([*feed, *rest], {})).values():
        pair = position.pair
        for fund, fen in position.owed_fen.items():
            key = (pair.insured_region_code, pair.care_region_code, pair.scheme_code, fund)
            owed[key] = owed.get(key, 0) + fen
    assert set(owed.values()) <= {0}


@given(feeds(), st.data())
def test_replays_and_cuts_into_batches_book_the_same(
    feed: list[SettlementEvent], data: st.DataObject
) -> None:
    # At least once: a batch may begin anywhere before the point that the last one reached.
    whole = book(feed, {})
    ledger: dict[tuple[UUID, Kind], Booking] = {}
    reached = 0
    while reached < len(feed):
        start = data.draw(st.integers(0, reached))
        end = data.draw(st.integers(reached + 1, len(feed)))
        for booking in book(feed[start:end], ledger):
            assert ledger.setdefault(booking.key, booking) is booking
        reached = end
    assert set(ledger.values()) == set(whole)


@given(feeds())
def test_transfer_ids_are_unique_and_derived(feed: list[SettlementEvent]) -> None:
    bookings = book(feed, {})
    ids = [t.transfer_id for b in bookings for t in b.transfers]
    assert len(set(ids)) == len(ids)
    for event in feed:
        if event.kind is Kind.SETTLED:
            assert book_settled(event) == book_settled(event)
