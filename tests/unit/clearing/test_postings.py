"""What decisions do to the ledger, and how its chain is digested: examples and properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain import chain
from services.clearing.domain.chain import Head, ProblemKind, Recomputed, first_problem, next_block
from services.clearing.domain.ledger import (
    Booking,
    EventRefused,
    FundPayment,
    Kind,
    LedgerRefused,
    Movement,
    Pair,
    Phase,
    Posting,
    Purpose,
    SettlementEvent,
    Step,
    book,
    entries_of,
    next_month,
)
from services.clearing.domain.postings import book_posting, book_resolution, movements_of

NOW = datetime(2026, 4, 20, tzinfo=UTC)
PAIR = Pair(
    insured_region_code="140000", care_region_code="110000", month="2026-03", scheme_code="310"
)
MOVEMENT = Movement(pair=PAIR, fund_type_code="310100", purpose=Purpose.DEDUCTION, amount_fen=-700)
POSTING = Posting(source_id=UUID(int=1), kind=Kind.DEDUCTION, movements=(MOVEMENT,))
EVENT = SettlementEvent(
    kind=Kind.SETTLED,
    settlement_id=UUID(int=2),
    insured_region_code="140100",
    care_region_code="110105",
    scheme_code="310",
    month="2026-03",
    event_time=datetime(2026, 3, 31, 15, tzinfo=UTC),
    payments=(FundPayment(fund_type_code="310100", amount_fen=500),),
)
BACK = replace(EVENT, kind=Kind.REVERSED, month="2026-04")


# --- postings -----------------------------------------------------------------------------------


REFUSED = {
    "a settlement": {"kind": Kind.SETTLED},
    "nothing": {"movements": ()},
    "the same twice": {"movements": (MOVEMENT, replace(MOVEMENT, amount_fen=-1))},
    "of no amount": {"movements": (replace(MOVEMENT, amount_fen=0),)},
    "beyond all": {"movements": (replace(MOVEMENT, amount_fen=10**15),)},
    "of another purpose": {"movements": (replace(MOVEMENT, purpose=Purpose.PAYMENT),)},
    "of a fund that is not cleared": {"movements": (replace(MOVEMENT, fund_type_code="310300"),)},
    "within a province": {
        "movements": (replace(MOVEMENT, pair=replace(PAIR, care_region_code="140000")),)
    },
    "of a city": {"movements": (replace(MOVEMENT, pair=replace(PAIR, care_region_code="110105")),)},
    "of no month": {"movements": (replace(MOVEMENT, pair=replace(PAIR, month="2026-13")),)},
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_what_no_ledger_should_hold_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(LedgerRefused):
        replace(POSTING, **change)  # type: ignore[arg-type]


def sums(booking: Booking) -> dict[Phase, int]:
    """What the insured province owes more by a booking, by phase."""
    found = dict.fromkeys(Phase, 0)
    for transfer in booking.transfers:
        both = dict.fromkeys(Phase, 0)
        for entry in entries_of(transfer):
            both[entry.phase] += entry.amount_fen
            if entry.side.value == "RECEIVABLE":
                found[entry.phase] += entry.amount_fen
        assert set(both.values()) == {0}
    return found


@given(st.lists(st.integers(-(10**12), 10**12).filter(bool), min_size=1, max_size=5))
def test_two_steps_end_where_one_would_or_nowhere(amounts: list[int]) -> None:
    movements = tuple(
        replace(MOVEMENT, amount_fen=fen, pair=replace(PAIR, month=f"2026-0{number}"))
        for number, fen in enumerate(amounts, start=1)
    )
    posting = replace(POSTING, movements=movements)
    direct = book_posting(posting, Step.DIRECT, event_time=NOW)
    pending = book_posting(posting, Step.PENDING, event_time=NOW)
    assert sums(direct) == {Phase.POSTED: sum(amounts), Phase.PENDING: 0}
    assert sums(pending) == {Phase.POSTED: 0, Phase.PENDING: sum(amounts)}
    for posted in (True, False):
        resolved = book_resolution(pending, posted=posted, event_time=NOW)
        ends = {phase: sums(pending)[phase] + sums(resolved)[phase] for phase in Phase}
        assert ends == (sums(direct) if posted else {Phase.POSTED: 0, Phase.PENDING: 0})
        assert movements_of(resolved) == frozenset(movements)
        assert [one.resolves_transfer_id for one in resolved.transfers] == [
            one.transfer_id for one in pending.transfers
        ]
    ids = [
        one.transfer_id
        for booking in (direct, pending, book_resolution(pending, posted=True, event_time=NOW))
        for one in booking.transfers
    ]
    assert len(set(ids)) == len(ids)


def test_the_order_of_movements_says_nothing() -> None:
    other = replace(MOVEMENT, fund_type_code="330100")
    one = replace(POSTING, movements=(MOVEMENT, other))
    two = replace(POSTING, movements=(other, MOVEMENT))
    assert book_posting(one, Step.DIRECT, event_time=NOW) == book_posting(
        two, Step.DIRECT, event_time=NOW
    )


# --- months -------------------------------------------------------------------------------------


def test_what_comes_after_the_cut_is_booked_in_the_next_month() -> None:
    (late,) = book([EVENT], {}, open_month="2026-04")
    assert late.pair is not None
    assert (late.pair.month, late.transfers[0].purpose) == ("2026-04", Purpose.CLEARING)
    (soon,) = book([replace(EVENT, month="2026-05")], {}, open_month="2026-04")
    assert soon.pair is not None
    assert soon.pair.month == "2026-05"


@pytest.mark.parametrize(
    ("open_month", "purpose"),
    [("", Purpose.CLEARING), ("2026-03", Purpose.CLEARING), ("2026-04", Purpose.ADJUSTMENT)],
)
def test_a_reversal_of_an_earlier_month_is_an_adjustment(open_month: str, purpose: Purpose) -> None:
    (booked,) = book([EVENT], {})
    same_month = replace(BACK, month="2026-03")
    (back,) = book([same_month], {booked.key: booked}, open_month=open_month)
    assert {one.purpose for one in back.transfers} == {purpose}


@given(st.sampled_from(["", "2026-03", "2026-04", "2026-05", "2027-01"]))
def test_a_repeat_after_any_cut_is_nothing(open_month: str) -> None:
    known = {one.key: one for one in book([EVENT, BACK], {}, open_month="2026-04")}
    assert book([EVENT, BACK], known, open_month=open_month) == ()
    for other in (
        replace(EVENT, scheme_code="390"),
        replace(EVENT, month="2026-06"),
        replace(EVENT, event_time=NOW),
        replace(EVENT, payments=(FundPayment(fund_type_code="310100", amount_fen=501),)),
    ):
        with pytest.raises(EventRefused):
            book([other], known, open_month=open_month)


@pytest.mark.parametrize(
    ("month", "following"), [("2026-03", "2026-04"), ("2026-12", "2027-01"), ("2026-09", "2026-10")]
)
def test_the_month_after(month: str, following: str) -> None:
    assert next_month(month) == following


# --- the chain ----------------------------------------------------------------------------------


HEAD = Head(block_id=0, create_time=chain.EPOCH, digest=chain.NO_DIGEST)
DEDUCTION = book_posting(POSTING, Step.DIRECT, event_time=NOW)


def made(count: int) -> list[Recomputed]:
    """Blocks of one booking each, one after the other."""
    head, blocks = HEAD, []
    for number in range(count):
        booking = replace(DEDUCTION, source_id=UUID(int=number))
        block = next_block(head, [booking], now=NOW)
        head = Head(block_id=block.block_id, create_time=block.create_time, digest=block.digest)
        blocks.append(
            Recomputed(
                head=head,
                previous_digest=block.previous_digest,
                content_digest=block.content_digest,
                found_digest=block.content_digest,
                is_whole=True,
            )
        )
    return blocks


def test_instants_of_blocks_grow_whatever_the_clock_says() -> None:
    times = [one.head.create_time for one in made(3)]
    assert times == [NOW, NOW + timedelta(microseconds=1), NOW + timedelta(microseconds=2)]


def test_a_chain_that_nobody_touched_has_no_problem() -> None:
    blocks = made(4)
    assert first_problem(HEAD, blocks) == (blocks[-1].head, None)
    assert first_problem(blocks[1].head, blocks[2:]) == (blocks[-1].head, None)


BROKEN = {
    ProblemKind.BLOCK_MISSING: None,
    ProblemKind.CHAIN_BROKEN: {"previous_digest": bytes(32)},
    ProblemKind.CONTENT_CHANGED: {"found_digest": b""},
}


@given(st.integers(1, 3), st.sampled_from(list(BROKEN)))
def test_the_first_bad_block_is_named(number: int, kind: ProblemKind) -> None:
    blocks = made(4)
    change = BROKEN[kind]
    if change is None:
        if number == 3:
            return
        del blocks[number]
    else:
        blocks[number] = replace(blocks[number], **change)  # type: ignore[arg-type]
    good, problem = first_problem(HEAD, blocks)
    assert problem is not None
    assert (problem.block_id, problem.kind, good.block_id) == (number + 1, kind, number)


@given(st.permutations(range(4)))
def test_the_order_of_rows_says_nothing(order: list[int]) -> None:
    bookings = [replace(DEDUCTION, source_id=UUID(int=number)) for number in range(4)]
    shuffled = [bookings[number] for number in order]
    one, two = next_block(HEAD, bookings, now=NOW), next_block(HEAD, shuffled, now=NOW)
    assert one == two


def test_every_part_of_a_booking_is_in_its_lines() -> None:
    (transfer,) = DEDUCTION.transfers
    elsewhere = replace(PAIR, care_region_code="310000")
    changed = [
        replace(DEDUCTION, kind=Kind.PAYMENT),
        replace(DEDUCTION, step=Step.PENDING),
        replace(DEDUCTION, event_time=NOW + timedelta(microseconds=1)),
        replace(DEDUCTION, pair=PAIR),
        *(
            replace(DEDUCTION, transfers=(replace(transfer, **part),))
            for part in (
                {"transfer_id": UUID(int=9)},
                {"pair": elsewhere},
                {"fund_type_code": "330100"},
                {"amount_fen": -701},
                {"purpose": Purpose.ADJUSTMENT},
                {"step": Step.PENDING},
                {"reverses_transfer_id": UUID(int=9)},
                {"resolves_transfer_id": UUID(int=9)},
            )
        ),
    ]
    digests = {next_block(HEAD, [one], now=NOW).content_digest for one in (DEDUCTION, *changed)}
    assert len(digests) == len(changed) + 1


def test_a_block_is_later_than_the_head_and_than_what_was_asked_of() -> None:
    micro, hour = timedelta(microseconds=1), timedelta(hours=1)
    last = HEAD.create_time
    for now, asked, expected in (
        (last + hour, last, last + hour),
        (last - hour, last, last + micro),
        (last, last + hour, last + hour + micro),
        (last + hour, last + hour, last + hour + micro),
    ):
        block = next_block(HEAD, [DEDUCTION], now=now, after=asked)
        assert block.create_time == expected


def test_what_was_done_with_months_is_in_the_digest() -> None:
    lines = ("M|2026-03|7|1", "T|2026-03|2")
    digests = {
        next_block(HEAD, [DEDUCTION], now=NOW, month_lines=some).content_digest
        for some in ((), lines[:1], lines[1:], lines)
    }
    assert len(digests) == 4
    one = next_block(HEAD, [DEDUCTION], now=NOW, month_lines=lines)
    assert one == next_block(HEAD, [DEDUCTION], now=NOW, month_lines=lines[::-1])
    assert one.booking_count == 1
