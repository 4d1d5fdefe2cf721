"""Goal: months of an odd kind go their way: with nothing in them, with reversals or deductions
alone, the hub's first one, the last of a year; and a month is read while others are written.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.clearing import posting
from services.clearing.balances import BalanceFilter, balances
from services.clearing.domain.ledger import Kind, Pair, Purpose
from services.clearing.domain.notice import NoticeKind
from services.clearing.domain.tables import digest_of
from services.clearing.months import store
from services.clearing.notices import store as notice_store
from services.clearing.notices.store import NoticeFilter
from services.kit.db import Database
from tests.integration.clearing.ledger_world import feed_reaches, within
from tests.integration.clearing.ledger_world import posting as posting_of
from tests.integration.clearing.months.month_world import (
    APRIL,
    APRIL_NOON,
    BEIJING,
    HEBEI,
    MARCH,
    MARCH_NOON,
    PEOPLE,
    SHANGHAI,
    MonthWorld,
    month_world,
)
from tests.support.rpc import refused
from tests.support.settlement_feed import reversed_, settled
from yijie.clearing.v1 import month_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)


async def payers(world: MonthWorld, month: str) -> dict[tuple[str, str], int]:
    wanted = NoticeFilter(month=month, kind=NoticeKind.CLEARING)
    found = await notice_store.list_notices(world.database, wanted, limit=100)
    return {(one.payer_region_code, one.receiver_region_code): one.amount_fen for one in found}


async def deduct(world: MonthWorld, number: int, pair: Pair, fen: int) -> None:
    await within(
        world.database,
        posting.post,
        [posting_of(number, fen, kind=Kind.DEDUCTION, pair=pair)],
        now=world.clock.now(),
    )


def employees(insured: str, care: str, month: str) -> Pair:
    return Pair(insured_region_code=insured, care_region_code=care, month=month, scheme_code="310")


async def test_a_pair_that_comes_with_a_deduction_after_all_confirmed(world: MonthWorld) -> None:
    await world.cut()
    await world.compared()
    await world.confirmed()
    assert await world.state() == "RECONCILED"
    await deduct(world, 900, employees(SHANGHAI, HEBEI, MARCH), -500)
    # Its care province had nothing to confirm, and has nothing now: two people decided it.
    assert await world.state() == "RECONCILED"
    await world.call("MakeTables", month=MARCH, **PEOPLE)
    lines = (await world.call("ListTableLines", month=MARCH, region_code=SHANGHAI)).lines
    new = next(one for one in lines if one.insured_region_code == SHANGHAI)
    assert (new.care_region_code, new.deduction.fen, new.payable.fen) == (HEBEI, -500, -500)
    assert (new.cost.fen, new.settlement_count, new.reversal_count) == (0, 0, 0)
    netting = await world.call("WhatIfNetting", month=MARCH)
    assert sum(one.net.fen for one in netting.provinces) == 0
    # What is negative moves, too: gross is what notices are of.
    assert netting.gross.fen == 73_234 + 900 + 500
    for region in (BEIJING, SHANGHAI):
        await world.sign(region)
    assert await world.state() == "TABLED"
    await world.sign(HEBEI)
    assert await world.state() == "SIGNED"
    await world.notices_issued()
    assert await payers(world, MARCH) == {
        (HEBEI, BEIJING): 73_234,
        (BEIJING, SHANGHAI): 900,
        (HEBEI, SHANGHAI): 500,
    }


async def test_a_month_of_reversals_alone_between_empty_ones(database: Database) -> None:
    async with month_world(database) as world:
        first = settled(1, funds={"310100": 900}, account_fen=11, at=MARCH_NOON)
        await world.feed(first)
        await world.closed(MARCH)
        # April has nothing at all: nobody is asked for anything, and it is paid at once.
        await world.cut(APRIL)
        await world.compared(APRIL)
        made = await world.call("MakeTables", month=APRIL, **PEOPLE)
        assert (made.month.state, made.month.line_count) == (month_pb2.MONTH_STATE_PAID, 0)
        assert made.month.tables_digest == digest_of([])
        empty = await world.call("WhatIfNetting", month=APRIL)
        assert (list(empty.provinces), empty.gross.fen, empty.saved.fen) == ([], 0, 0)
        # May takes it back, June has nothing again.
        await world.feed(reversed_(first, at=datetime(2026, 5, 5, 4, 0, tzinfo=UTC)))
        await world.cut("2026-05")
        view = await world.call("GetMonth", month="2026-05")
        assert list(view.steps[0].awaited_region_codes) == [BEIJING]
        refusal = await refused(world.call("MakeTables", month="2026-05", **PEOPLE))
        assert refusal.reason == "MONTH_NOT_RECONCILED"
        await world.tabled_of_cut("2026-05")
        lines = (await world.call("ListTableLines", month="2026-05")).lines
        assert [
            (one.fund_type_code, one.cost.fen, one.adjustment.fen, one.reversal_count)
            for one in lines
        ] == [("310100", 0, -900, 1), ("310200", 0, -11, 0)]
        for region in (HEBEI, BEIJING):
            await world.sign(region, "2026-05")
        await world.notices_issued("2026-05")
        # The care province gives back.
        assert await payers(world, "2026-05") == {(BEIJING, HEBEI): 911}
        refusal = await refused(world.call("CloseMonth", month="2026-05", **PEOPLE))
        assert refusal.metadata["nextMonth"] == APRIL


async def test_a_bill_and_its_refund_both_late_cancel_out(database: Database) -> None:
    async with month_world(database) as world:
        await world.feed(settled(1, funds={"310100": 7}, at=MARCH_NOON))
        await world.cut(MARCH)
        late = settled(2, funds={"310100": 40}, care="310115", at=MARCH_NOON)
        await world.feed(late, reversed_(late, at=MARCH_NOON + timedelta(hours=1)))
        await world.tabled_of_cut(MARCH)
        await world.tabled(APRIL)
        lines = (await world.call("ListTableLines", month=APRIL)).lines
        assert [
            (one.care_region_code, one.cost.fen, one.adjustment.fen, one.late.fen, one.payable.fen)
            for one in lines
        ] == [(SHANGHAI, 0, 0, 0, 0)]
        assert (lines[0].settlement_count, lines[0].reversal_count) == (1, 1)
        # A line of zeros is signed for, and no notice follows from it.
        for region in (HEBEI, SHANGHAI):
            await world.sign(region, APRIL)
        assert await world.state(APRIL) == "PAID"


async def test_the_first_month_may_come_to_light_late(database: Database) -> None:
    """Before anything is cut the feed brings a bill of an earlier month: that one is the first."""
    async with month_world(database) as world:
        await world.feed(settled(1, funds={"310100": 7}, at=APRIL_NOON))
        await world.feed(settled(2, funds={"310100": 9}, at=MARCH_NOON))
        world.clock.instant = posting.month_end(APRIL) + timedelta(hours=1)
        await feed_reaches(world.database, APRIL)
        assert await world.loop.once() == [MARCH, APRIL]
        refusal = await refused(world.call("GetMonth", month="2026-02"))
        assert refusal.reason == "RESOURCE_NOT_FOUND"
        # Once it is cut, what is older still is late: no month opens before the first.
        await world.feed(
            settled(3, funds={"310100": 50}, at=datetime(2026, 1, 5, 4, 0, tzinfo=UTC))
        )
        assert await world.loop.once() == []
        await world.tabled_of_cut(MARCH)
        await world.tabled_of_cut(APRIL)
        made = await world.tabled("2026-05")
        assert (made.month.payable.fen, made.month.late_settlement_count) == (50, 1)


async def test_years_are_closed_one_after_the_other(database: Database) -> None:
    async with month_world(database) as world:
        world.clock.instant = datetime(2025, 11, 9, tzinfo=UTC)
        bill = settled(1, funds={"310100": 100}, at=datetime(2025, 11, 8, 4, 0, tzinfo=UTC))
        await world.feed(bill)
        for month in ("2025-11", "2025-12"):
            await world.closed(month)
        for number in range(1, 13):
            await world.closed(f"2026-{number:02d}")
        close = {"year": 2026, **PEOPLE}
        refusal = await refused(world.call("CloseYear", **close))
        assert (refusal.reason, refusal.metadata["years"]) == ("YEAR_INCOMPLETE", "2025")
        # Nothing before November is part of clearing.
        await world.call("CloseYear", year=2025, **PEOPLE)
        request = {**close, "request_id": str(uuid4())}
        first = await world.call("CloseYear", **request)
        assert first == await world.call("CloseYear", **request)
        again = await refused(world.call("CloseYear", **close))
        assert again.reason == "YEAR_CLOSED"
        # A refund of the closed year is a negative record of the new one.
        refund = datetime(2027, 1, 3, 4, 0, tzinfo=UTC)
        world.clock.instant = refund
        await world.feed(reversed_(bill, at=refund))
        await world.tabled("2027-01")
        assert [one.payable_fen for one in await store.table_lines(database, "2027-01")] == [-100]
        assert (await world.call("GetYear", year=2025)).year.payable.fen == 100


async def test_the_last_instant_of_a_year(database: Database) -> None:
    async with month_world(database) as world:
        new_year = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
        world.clock.instant = new_year - timedelta(hours=1)
        await world.feed(
            settled(1, funds={"310100": 3}, at=new_year - timedelta(microseconds=1)),
            settled(2, funds={"310100": 40}, at=new_year),
        )
        await world.closed("2025-12")
        closed = await world.call("CloseYear", year=2025, **PEOPLE)
        assert closed.year.payable.fen == 3
        assert len(closed.year.months) == 12
        await world.tabled("2026-01")
        assert (await world.call("GetYear", year=2026)).year.payable.fen == 40


async def test_the_feed_books_on_while_tables_are_made(world: MonthWorld) -> None:
    """Tables are read while the feed writes the next month, and deductions this one."""
    await world.cut()
    await world.compared()
    await world.confirmed()

    async def flow() -> None:
        for number in range(100, 130):
            await world.feed(settled(number, funds={"310100": number}, at=APRIL_NOON))
            await asyncio.sleep(0)

    await asyncio.gather(
        flow(),
        world.call("MakeTables", month=MARCH, **PEOPLE),
        deduct(world, 901, employees(HEBEI, BEIJING, APRIL), -9),
    )
    lines = await store.table_lines(world.database, MARCH)
    assert sum(line.payable_fen for line in lines) == 74_134
    month = await store.find(world.database, MARCH)
    assert month is not None
    assert (month.payable_fen, month.digest) == (74_134, digest_of(lines))
    await world.tabled(APRIL)
    april = await store.table_lines(world.database, APRIL)
    assert sum(line.payable_fen for line in april) == sum(range(100, 130)) - 9
    for month_name, of_month in ((MARCH, lines), (APRIL, april)):
        owed: dict[tuple[str, str], int] = defaultdict(int)
        wanted = BalanceFilter(
            month=month_name, purposes=(Purpose.CLEARING, Purpose.ADJUSTMENT, Purpose.DEDUCTION)
        )
        for one in await balances(world.database, wanted):
            owed[one.pair.insured_region_code, one.pair.care_region_code] += one.owed_fen
        tabled: dict[tuple[str, str], int] = defaultdict(int)
        for line in of_month:
            tabled[line.insured_region_code, line.care_region_code] += line.payable_fen
        assert owed == tabled


async def test_who_paid_late_is_known_when_it_is_paid(world: MonthWorld) -> None:
    await world.notified()
    world.clock.instant = datetime(2026, 6, 30, 4, 0, tzinfo=UTC)
    view = await world.call("GetMonth", month=MARCH)
    assert list(view.steps[4].late_region_codes) == [BEIJING, HEBEI]
    await world.database.execute(
        """/* test.steps */ INSERT INTO notice_step (notice_id, step, region_code, done_date,
        operator_id, note, record_time)
        SELECT notice_id, s.step, payer_region_code, s.done_date, 'x', '', now() FROM notice,
        (VALUES ('SUBMITTED', '2026-04-08'::date), ('TRANSFERRED', '2026-06-29'::date))
        AS s (step, done_date) WHERE payer_region_code = '130000'"""
    )
    await world.database.execute("/* test.pay */ UPDATE notice SET state = 'PAID'")
    await world.loop.once()
    view = await world.call("GetMonth", month=MARCH)
    assert view.month.state == month_pb2.MONTH_STATE_PAID
    assert (view.steps[4].overdue, list(view.steps[4].awaited_region_codes)) == (True, [])
    # What Hebei did is on record; what Beijing did is not, and the money is there.
    assert HEBEI in view.steps[4].late_region_codes


async def test_changes_are_in_their_order_whatever_clocks_say(world: MonthWorld) -> None:
    await world.cut()
    await world.compared()
    # Another replica, half a minute behind.
    world.clock.advance(seconds=-30)
    await world.tabled_of_cut()
    names = [
        month_pb2.MonthState.Name(one.state)
        for one in (await world.call("GetMonth", month=MARCH)).changes
    ]
    assert names == [f"MONTH_STATE_{one}" for one in ("OPEN", "RECONCILED", "TABLED")]


MUTATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "ConfirmMonth": ("cut", {"month": MARCH, "care_region_code": BEIJING}),
    "SignTables": (
        "tabled",
        {"month": MARCH, "region_code": HEBEI, "decision": month_pb2.SIGNATURE_DECISION_SIGNED},
    ),
    "CloseMonth": ("paid", {"month": MARCH}),
}


@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_mutation_is_done_once_per_request(world: MonthWorld, name: str) -> None:
    how_far, fields = MUTATIONS[name]
    await getattr(world, how_far)()
    request = {**fields, **PEOPLE, "request_id": str(uuid4())}
    first = await world.call(name, **request)
    world.clock.advance(days=1)
    assert await world.call(name, **request) == first
    reused = await refused(world.call(name, **{**request, "maker_id": "hub-8"}))
    assert reused.reason == "REQUEST_ID_REUSED"
    # Not of another call either.
    other = next(one for one in MUTATIONS if one != name)
    wanted = {**MUTATIONS[other][1], **PEOPLE, "request_id": request["request_id"]}
    assert (await refused(world.call(other, **wanted))).reason == "REQUEST_ID_REUSED"
