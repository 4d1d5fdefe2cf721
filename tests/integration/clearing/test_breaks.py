# ruff: noqa: S608 - statements are put together from constants.
"""Goal: whatever is wrong between ledger and journal becomes the right break, and no more does.

Method: events go into a journal in memory and through the real booking into the ledger; then one
thing is broken on purpose, in the tables with their triggers off, and the day is compared. The
ledger's own arithmetic is left coherent where a careful forger would leave it so.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest

from services.clearing import store as ledger_store
from services.clearing.breaks import store as break_store
from services.clearing.breaks.model import Signed
from services.clearing.config import Config
from services.clearing.domain.break_states import BreakState
from services.clearing.domain.breaks import BreakCause, BreakKind, BreakOwner, DayState
from services.kit.config import load
from services.kit.db import open_database
from services.kit.errors import InvalidArgument, LostRace, Unavailable
from tests.integration.clearing.breaks_world import (
    DAY,
    LATER,
    NOON,
    books_on,
    some_events,
    taken_back,
)
from tests.integration.clearing.harness import environ
from tests.integration.clearing.ledger_world import within
from tests.support.settlement_feed import settled

pytestmark = pytest.mark.postgres

KEY = "source_id = '00000000-0000-0000-0000-00000000000{n}' AND kind = '{kind}'"
ENTRIES = """UPDATE entry e SET amount_fen = sign(e.amount_fen) * {fen} FROM transfer t
 WHERE t.transfer_id = e.transfer_id AND t.{where} AND t.fund_type_code = '{fund}'"""
TRANSFERS = "UPDATE transfer SET amount_fen = {fen} WHERE {where} AND fund_type_code = '{fund}'"


def where(number, kind="SETTLED"):
    return KEY.format(n=number, kind=kind)


def altered(number, fund, fen):
    """Statements that give a fund of a booking another amount, coherently."""
    return (
        ENTRIES.format(fen=fen, where=where(number), fund=fund),
        TRANSFERS.format(fen=fen, where=where(number), fund=fund),
    )


def deleted(number, kind="SETTLED"):
    of = where(number, kind)
    return (
        f"DELETE FROM entry WHERE transfer_id IN (SELECT transfer_id FROM transfer WHERE {of})",
        f"DELETE FROM transfer WHERE {of}",
        f"DELETE FROM booking WHERE {of}",
    )


def copied(number, new, *, later="0 seconds"):
    """Statements that book a booking a second time, under another id."""
    of = where(number)
    return (
        f"""INSERT INTO booking (source_id, kind, step, position_id, event_time, block_id)
            SELECT '{new}', kind, step, position_id, event_time + interval '{later}', block_id
              FROM booking WHERE {of}""",
        f"""WITH made AS (
              INSERT INTO transfer (transfer_id, source_id, kind, step, fund_type_code, amount_fen,
                                    position_id, purpose)
              SELECT md5(transfer_id::text)::uuid, '{new}', kind, step, fund_type_code, amount_fen,
                     position_id, purpose FROM transfer WHERE {of} RETURNING transfer_id)
            INSERT INTO entry (transfer_id, side, phase, account_id, amount_fen, block_id)
            SELECT md5(e.transfer_id::text)::uuid, e.side, e.phase, e.account_id, e.amount_fen,
                   e.block_id
              FROM entry e JOIN transfer t ON t.transfer_id = e.transfer_id WHERE t.{of}""",
    )


@pytest.fixture
async def books(dsn):
    # Not the fixture that audits the ledger afterwards: it is broken on purpose.
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as opened:
        yield await books_on(opened, dsn)


async def the_break(books, **wanted):
    (found,) = await books.breaks(**wanted)
    return found


async def test_books_that_agree_have_no_break(books):
    events = some_events()
    await books.happen(*events, taken_back(events[0]))
    result = await books.compare()
    assert (result.state, result.break_count) == (DayState.EVEN, 0)
    assert (result.journal_count, result.ledger_count) == (7, 7)
    assert result.journal_fen == result.ledger_fen > 0
    assert await books.breaks() == []
    # Details are asked for only where sums differ.
    assert books.journal.listed == []
    assert (await books.compare(DAY - timedelta(days=1))).state is DayState.EVEN


async def test_what_costs_no_fund_is_compared_too(books):
    free = settled(9, funds={}, account_fen=0, at=NOON)
    await books.happen(*some_events(2), free)
    assert (await books.compare()).state is DayState.EVEN
    await books.tamper(*deleted(9))
    await books.compare()
    found = await the_break(books)
    assert (found.kind, found.settlement_id) == (BreakKind.MISSING_IN_LEDGER, UUID(int=9))


async def test_what_is_booked_into_a_later_month_is_no_break(books):
    """Compared by the day on which it happened: here the last of a month that was cut early."""
    last = date(2026, 2, 28)
    event = settled(1, funds={"310100": 500}, at=NOON - timedelta(days=10))
    await books.tamper(
        "INSERT INTO month_cut (month, cut_time, feed_cursor, cut_block)"
        " VALUES ('2026-02', now(), '', 0)"
    )
    await books.happen(event)
    async with books.database.connection() as connection:
        (row,) = await connection.fetch("/* test.month */ SELECT month FROM position")
    assert row["month"] == "2026-03"
    assert (await books.compare(last)).ledger_count == 1
    assert (await books.compare(last)).state is DayState.EVEN


@pytest.mark.parametrize(
    ("statements", "number", "kind", "cause"),
    [
        (deleted(2), 2, BreakKind.MISSING_IN_LEDGER, BreakCause.BOOKING_LOST),
        (altered(2, "310100", 1), 2, BreakKind.AMOUNT_DIFFERS, BreakCause.AMOUNT_CHANGED),
        # 1002 + 20 and 10 from the account: five fen more from the funds, five fewer from it.
        (
            (*altered(2, "310100", 1007), *altered(2, "310200", 5)),
            2,
            BreakKind.AMOUNT_DIFFERS,
            BreakCause.SPLIT_CHANGED,
        ),
        (
            (*altered(2, "310100", 2004), *altered(2, "330100", 40), *altered(2, "310200", 20)),
            2,
            BreakKind.BOOKED_TWICE,
            BreakCause.MULTIPLIED,
        ),
        (
            (f"UPDATE booking SET event_time = event_time + interval '1 day' WHERE {where(2)}",),
            2,
            BreakKind.DATED_ELSEWHERE,
            BreakCause.TIME_CHANGED,
        ),
        (copied(2, UUID(int=77)), 77, BreakKind.BOOKED_TWICE, BreakCause.COPIED),
        (
            copied(2, UUID(int=77), later="1 second"),
            77,
            BreakKind.MISSING_IN_JOURNAL,
            BreakCause.NEVER_SETTLED,
        ),
    ],
)
async def test_a_planted_fault_becomes_the_right_break(books, statements, number, kind, cause):
    await books.happen(*some_events())
    await books.tamper(*statements)
    result = await books.compare()
    assert (result.state, result.break_count) == (DayState.DIFFERENT, 1)
    found = await the_break(books)
    assert (found.kind, found.cause, found.settlement_id) == (kind, cause, UUID(int=number))
    assert (found.state, found.owner) == (BreakState.OPEN, BreakOwner.HUB)
    assert (found.month, found.journal_date) == ("2026-03", DAY)
    assert found.twin_settlement_id == (UUID(int=2) if cause is BreakCause.COPIED else None)
    assert (found.journal is None) == (number == 77)
    # Found again, it is the same one.
    await books.compare()
    assert await the_break(books) == found


async def test_a_lost_event_is_told_from_a_lost_booking(books):
    first, second, third = some_events(3)
    await books.happen(first)
    await books.happen(second, is_booked=False, is_fed=False)
    await books.happen(third, is_booked=False)
    await books.compare()
    causes = {one.settlement_id: one.cause for one in await books.breaks()}
    assert causes == {
        UUID(int=2): BreakCause.EVENT_LOST,
        UUID(int=3): BreakCause.BOOKING_LOST,
    }


async def test_a_journal_that_was_set_back(books):
    await books.happen(*some_events(3))
    books.journal.records.pop()
    await books.compare()
    found = await the_break(books)
    assert (found.kind, found.cause) == (BreakKind.MISSING_IN_JOURNAL, BreakCause.JOURNAL_LOST)
    assert found.ledger is not None
    assert found.journal is None


async def test_a_lost_reversal_is_a_break_of_its_own(books):
    (event,) = some_events(1)
    await books.happen(event, taken_back(event))
    await books.tamper(*deleted(1, "REVERSED"))
    await books.compare()
    found = await the_break(books)
    assert (found.event_kind, found.kind) == ("REVERSED", BreakKind.MISSING_IN_LEDGER)
    assert found.journal.fund_fen == 1011


async def test_errors_that_make_up_for_one_another_are_found(books):
    """Equal sums of other amounts: one settlement has what another lacks."""
    await books.happen(*some_events())
    await books.tamper(*altered(1, "310100", 1011), *altered(2, "310100", 992))
    result = await books.compare()
    assert result.journal_fen == result.ledger_fen
    assert result.journal_count == result.ledger_count
    assert {one.settlement_id for one in await books.breaks()} == {UUID(int=1), UUID(int=2)}
    assert {one.cause for one in await books.breaks()} == {BreakCause.AMOUNT_CHANGED}


async def test_money_moved_to_another_pair_is_one_break(books):
    elsewhere = settled(8, funds={"310100": 5}, care="120100", at=NOON)
    await books.happen(*some_events(3), elsewhere)
    await books.tamper(
        """UPDATE entry e SET account_id = other.account_id
             FROM transfer t, account a, account other, position p
            WHERE t.transfer_id = e.transfer_id AND a.account_id = e.account_id
              AND t.source_id = '00000000-0000-0000-0000-000000000001'
              AND other.position_id = p.position_id AND p.care_region_code = '120000'
              AND (other.fund_type_code, other.side) = ('310100', a.side)"""
    )
    result = await books.compare()
    assert sorted(set(books.journal.listed)) == [("130000", "110000"), ("130000", "120000")]
    assert result.break_count == 1
    found = await the_break(books)
    assert (found.kind, found.cause) == (BreakKind.BOOKED_ELSEWHERE, BreakCause.PLACE_CHANGED)
    assert found.place.care_region_code == "110000"
    assert found.ledger.place.care_region_code == "120000"


async def test_a_break_that_heals_ends_and_stays_in_history(books):
    first, second = some_events(2)
    await books.happen(first)
    await books.happen(second, is_booked=False)
    await books.compare()
    assert (await books.blocking()).break_count == 1
    await books.happen(second)
    books.journal.records.pop()
    assert (await books.compare()).state is DayState.EVEN
    found = await the_break(books)
    assert (found.state, found.close_time) == (BreakState.RESOLVED_BY_ITSELF, books.clock.now())
    assert (await books.blocking()).break_count == 0
    history = await break_store.changes(books.database, found)
    assert [one.state for one in history] == [BreakState.OPEN, BreakState.RESOLVED_BY_ITSELF]
    # Lost again, it is a new one.
    await books.tamper(*deleted(2))
    await books.compare()
    assert len(await books.breaks()) == 2


async def test_a_break_that_changes_is_replaced(books):
    await books.happen(*some_events())
    await books.tamper(*altered(2, "310100", 1))
    await books.compare()
    await books.tamper(*altered(2, "310100", 2))
    await books.compare()
    states = [one.state for one in await books.breaks()]
    assert states == [BreakState.REPLACED, BreakState.OPEN]


async def test_a_break_dated_elsewhere_ends_only_with_its_own_day(books):
    await books.happen(*some_events())
    moved = f"UPDATE booking SET event_time = event_time + interval '1 day' WHERE {where(2)}"
    await books.tamper(moved)
    # From the day on which the ledger has it, and then from its own: one break.
    following = DAY + timedelta(days=1)
    assert (await books.compare(following)).state is DayState.DIFFERENT
    await books.compare()
    assert (await the_break(books)).journal_date == DAY
    await books.tamper(moved.replace("+", "-"))
    await books.compare(following)
    assert (await the_break(books)).state is BreakState.OPEN
    await books.compare()
    assert (await the_break(books)).state is BreakState.RESOLVED_BY_ITSELF


async def test_a_day_that_is_wrong_as_a_whole(dsn):
    """More breaks than are kept: the day counts as not compared, and none of it heals by chance."""
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as opened:
        books = await books_on(opened, dsn, breaks_max=3)
        await books.happen(*some_events(5), is_booked=False)
        result = await books.compare()
        assert (result.state, result.break_count) == (DayState.PARTIAL, 3)
        before = await books.blocking()
        assert (before.day_count, before.break_count) == (31, 3)
        assert DAY in await break_store.uncompared_days(opened, "2026-03")


async def test_sums_that_no_settlement_explains_are_not_let_pass(books):
    """The books moved between the sums and the details: the day is compared again."""
    events = some_events(2)
    await books.happen(events[0])
    await books.happen(events[1], is_booked=False)
    list_day = books.journal.list_day

    async def late(day, **pair):
        await books.happen(events[1])
        books.journal.records.pop()
        return await list_day(day, **pair)

    books.journal.list_day = late
    assert (await books.compare()).state is DayState.PARTIAL
    books.journal.list_day = list_day
    assert (await books.compare()).state is DayState.EVEN


async def test_a_day_is_not_compared_before_it_is_over_and_read(books):
    today = LATER.date()
    with pytest.raises(InvalidArgument) as early:
        await books.compare(today)
    assert early.value.reason == "DATE_IN_FUTURE"
    yesterday = today - timedelta(days=1)
    await books.tamper("UPDATE feed_mark SET complete_time = complete_time - interval '2 days'")
    with pytest.raises(Unavailable) as behind:
        await books.compare(yesterday)
    assert behind.value.retry_after_ms
    await within(books.database, ledger_store.mark, LATER)
    assert (await books.compare(yesterday)).state is DayState.EVEN


async def test_a_silent_journal_compares_nothing(books):
    await books.happen(*some_events(1), is_booked=False)
    books.journal.is_down = True
    with pytest.raises(Unavailable):
        await books.compare()
    assert await books.breaks() == []
    assert (await books.blocking()).day_count == 31


async def test_a_comparison_begun_earlier_does_not_take_the_place_of_a_later_one(books):
    events = some_events(2)
    await books.happen(events[0])
    await books.happen(events[1], is_booked=False)
    older = await books.comparer.examine(DAY)
    await books.happen(events[1])
    books.journal.records.pop()
    assert (await books.compare()).state is DayState.EVEN

    async def stored(connection):
        await books.comparer.store_in(older, connection)

    with pytest.raises(LostRace):
        await within(books.database, stored)
    assert await books.breaks() == []


async def test_a_carried_break_ages(books):
    """By when it was found, whatever month it was carried into."""
    await books.happen(*some_events(1), is_booked=False)
    await books.compare()
    found = await the_break(books)
    signed = Signed(note="查明中", maker_id="a", checker_id="b")
    await within(
        books.database,
        break_store.move,
        [found.break_id],
        BreakState.CARRIED,
        now=books.clock.now(),
        month="2026-04",
        signed=signed,
    )
    books.clock.advance(days=8)
    (counts,) = await break_store.summarize(books.database, books.clock.now())
    assert counts.counts == (0, 0, 0, 1)


async def test_a_break_cannot_be_rewritten(books):
    await books.happen(*some_events(2))
    await books.tamper(*deleted(2))
    await books.compare()
    connection = await asyncpg.connect(books.dsn, server_settings={"search_path": "clearing"})
    try:
        for statement in (
            "DELETE FROM break",
            "TRUNCATE break CASCADE",
            "UPDATE break SET kind = 'AMOUNT_DIFFERS'",
            "UPDATE break SET month = '2026-01'",
            "UPDATE break_change SET state = 'RESOLVED'",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
    finally:
        await connection.close()
