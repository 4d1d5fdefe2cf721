"""Goal: BreakService keeps its contract: two people, all or none, first answers, nothing unsaid.

Method: the servicer behind all interceptors on a database, with a journal in memory.
"""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from services.clearing import difference_store
from services.clearing.breaks.servicer import FULL_NAME, BreakServicer
from services.clearing.config import Config
from services.clearing.domain.difference_states import DifferenceState
from services.clearing.domain.differences import merge
from services.clearing.domain.reconciliation import (
    Amounts,
    Cause,
    Finding,
    Held,
    Kind,
    Party,
    Place,
    Status,
)
from services.kit import wire
from services.kit.config import load
from services.kit.db import open_database
from services.kit.ids import new_id
from tests.integration.clearing.breaks_world import DAY, LATER, books_on, some_events
from tests.integration.clearing.harness import environ
from tests.integration.clearing.ledger_world import within
from tests.support.rpc import TIMEOUT_S, refused, served
from yijie.clearing.v1 import break_pb2 as pb2
from yijie.clearing.v1 import break_service_pb2 as service_pb2
from yijie.clearing.v1 import break_service_pb2_grpc

pytestmark = pytest.mark.postgres

TWO = {"maker_id": "liu.wei", "checker_id": "chen.jing", "note": "查明为补送事件，次日入账"}


@pytest.fixture
async def world(dsn):
    async with open_database(load(Config, environ(dsn, 1)).database, "clearing") as opened:
        books = await books_on(opened, dsn)

        def register(server):
            break_service_pb2_grpc.add_BreakServiceServicer_to_server(
                BreakServicer(books.comparer), server
            )

        async with served("clearing", FULL_NAME, register) as channel:
            stub = break_service_pb2_grpc.BreakServiceStub(channel)
            yield SimpleNamespace(books=books, database=opened, stub=stub)


async def call(world, method, **fields):
    request = getattr(service_pb2, f"{method}Request")(**fields)
    if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
        request.request_id = str(uuid4())
    return await getattr(world.stub, method)(request, timeout=TIMEOUT_S)


async def reconcile(world, day=DAY, **fields):
    world.books.clock.advance(minutes=1)
    answer = await call(world, "ReconcileLedger", journal_date=wire.write_date(day), **fields)
    return answer.day


async def two_breaks(world):
    """Two settlements that the ledger never heard of; returns the ids of their breaks."""
    await world.books.happen(*some_events(2), is_booked=False, is_fed=False)
    await reconcile(world)
    answer = await call(world, "ListBreaks")
    # By settlement: those that are found at once have no order among them.
    found = sorted(answer.breaks, key=lambda one: one.settlement_id)
    return [one.break_id for one in found]


async def a_difference(world, day=DAY, *, cause=Cause.REPLY_LOST):
    """An open difference of reconciliation, which the institution lacks; returns its id."""
    place = Place(
        institution_code="H11010500001",
        care_region_code="110000",
        insured_region_code="130000",
        scheme_code="310",
    )
    amounts = Amounts(total_fen=1000, fund_fen=600, account_fen=100, cash_fen=300)
    finding = Finding(
        key=str(number := uuid4()),
        settlement_id=number,
        request_id=None,
        party=Party.INSTITUTION,
        party_code=place.institution_code,
        place=place,
        kind=Kind.MISSING_THERE,
        cause=cause,
        hub=Held(status=Status.STANDING, amounts=amounts),
        leg=None,
    )
    difference_id = new_id(LATER)

    async def insert(connection):
        await difference_store.insert(
            connection, difference_id, day, merge([finding], set()), find_time=LATER
        )

    await within(world.database, insert)
    return str(difference_id)


async def test_a_break_says_who_what_why_and_what_to_do(world):
    break_id, _ = await two_breaks(world)
    (first,) = (one for one in (await call(world, "ListBreaks")).breaks if one.break_id == break_id)
    assert first.source == pb2.BREAK_SOURCE_LEDGER
    assert first.kind == pb2.BREAK_KIND_MISSING_IN_LEDGER
    assert first.cause == pb2.BREAK_CAUSE_EVENT_LOST
    assert first.owner == pb2.BREAK_OWNER_HUB
    assert first.state == pb2.BREAK_STATE_OPEN
    assert (first.month, first.event_kind) == ("2026-03", "SETTLED")
    assert (first.insured_region_code, first.care_region_code) == ("130000", "110000")
    assert first.journal.fund_total.fen == 1011
    assert first.settlement_id == str(UUID(int=1))
    assert not first.HasField("ledger")
    assert not first.HasField("close_time")
    assert "事件" in first.explanation_zh
    answer = await call(world, "GetBreak", break_id=first.break_id)
    assert answer.break_record == first
    assert [one.state for one in answer.changes] == [pb2.BREAK_STATE_OPEN]


async def test_comparing_is_done_once_per_request(world):
    request_id = str(uuid4())
    first = await reconcile(world, request_id=request_id)
    assert first.state == pb2.LEDGER_DAY_STATE_EVEN
    await world.books.happen(*some_events(1), is_booked=False)
    assert await reconcile(world, request_id=request_id) == first
    assert (await reconcile(world)).state == pb2.LEDGER_DAY_STATE_DIFFERENT
    refusal = await refused(reconcile(world, DAY - timedelta(days=1), request_id=request_id))
    assert refusal.reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (LATER.date(), "DATE_IN_FUTURE"),
        (date(9999, 12, 31), "DATE_IN_FUTURE"),
        (date(1999, 12, 31), "FIELD_INVALID"),
    ],
)
async def test_days_that_cannot_be_compared(world, day, reason):
    refusal = await refused(reconcile(world, day))
    assert (refusal.reason, refusal.fields) == (reason, ["journal_date"])


async def test_two_people_resolve(world):
    break_ids = await two_breaks(world)
    request_id = str(uuid4())
    answer = await call(world, "ResolveBreaks", request_id=request_id, break_ids=break_ids, **TWO)
    assert {one.state for one in answer.breaks} == {pb2.BREAK_STATE_RESOLVED}
    assert [one.break_id for one in answer.breaks] == break_ids
    again = await call(world, "ResolveBreaks", request_id=request_id, break_ids=break_ids, **TWO)
    assert again == answer
    history = (await call(world, "GetBreak", break_id=break_ids[0])).changes
    assert [one.state for one in history] == [pb2.BREAK_STATE_OPEN, pb2.BREAK_STATE_RESOLVED]
    assert (history[1].note, history[1].maker_id, history[1].checker_id) == (
        TWO["note"],
        TWO["maker_id"],
        TWO["checker_id"],
    )
    # Found again it stays resolved; changed it is another one.
    await reconcile(world)
    assert len((await call(world, "ListBreaks", state=pb2.BREAK_STATE_OPEN)).breaks) == 0
    world.books.journal.records = world.books.journal.records[1:]
    await world.books.happen(*some_events(1, funds={"310100": 7}), is_booked=False, is_fed=False)
    await reconcile(world)
    (new,) = (await call(world, "ListBreaks", state=pb2.BREAK_STATE_OPEN)).breaks
    assert new.journal.fund_total.fen == 7


@pytest.mark.parametrize("method", ["ResolveBreaks", "CarryBreaks"])
@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"checker_id": "liu.wei"}, "MAKER_IS_CHECKER", "checker_id"),
        ({"checker_id": "LIU.WEI"}, "MAKER_IS_CHECKER", "checker_id"),
        ({"note": "   "}, "FIELD_INVALID", "note"),
        ({"note": "电话13800138000"}, "FIELD_INVALID", "note"),
        ({"maker_id": "13800138000"}, "FIELD_INVALID", "maker_id"),
        ({"maker_id": ""}, "FIELD_INVALID", "maker_id"),
        ({"break_ids": [str(UUID(int=7))] * 2}, "FIELD_INVALID", "break_ids"),
        ({"break_ids": [str(UUID(int=7))]}, "RESOURCE_NOT_FOUND", "break_ids"),
        ({"break_ids": ["no id"]}, "FIELD_INVALID", "break_ids[0]"),
    ],
)
async def test_what_is_refused_changes_nothing(world, method, changes, reason, field):
    break_ids = await two_breaks(world)
    month = {"month": "2026-03"} if method == "CarryBreaks" else {}
    fields = {"break_ids": break_ids, **TWO, **month, **changes}
    if "break_ids" in changes and "no id" not in changes["break_ids"]:
        fields["break_ids"] = [*break_ids, *changes["break_ids"]]
    refusal = await refused(call(world, method, **fields))
    assert (refusal.reason, refusal.fields) == (reason, [field])
    listed = (await call(world, "ListBreaks")).breaks
    assert {one.state for one in listed} == {pb2.BREAK_STATE_OPEN}


async def test_what_is_closed_is_not_resolved_or_carried(world):
    first, second = await two_breaks(world)
    await call(world, "ResolveBreaks", break_ids=[first], **TWO)
    for method, month in (("ResolveBreaks", {}), ("CarryBreaks", {"month": "2026-03"})):
        refusal = await refused(call(world, method, break_ids=[second, first], **TWO, **month))
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BREAK_STATE_FORBIDS")
        assert (refusal.metadata["breakId"], refusal.metadata["state"]) == (first, "RESOLVED")
    assert (await call(world, "GetBreak", break_id=second)).changes[-1].state == (
        pb2.BREAK_STATE_OPEN
    )


async def test_a_carried_break_blocks_the_next_month(world):
    (first, second) = await two_breaks(world)
    blocking = world.books.blocking
    assert ((await blocking()).break_count, (await blocking("2026-04")).break_count) == (2, 2)
    assert (await blocking("2026-02")).break_count == 0
    answer = await call(world, "CarryBreaks", break_ids=[first], month="2026-03", **TWO)
    assert answer.breaks[0].state == pb2.BREAK_STATE_CARRIED
    assert answer.breaks[0].month == "2026-04"
    assert ((await blocking()).break_count, (await blocking("2026-04")).break_count) == (1, 2)
    listed = (await call(world, "ListBreaks", month="2026-03")).breaks
    assert [one.break_id for one in listed] == [second]
    # Once more, from where it is now, and not back.
    refusal = await refused(call(world, "CarryBreaks", break_ids=[first], month="2026-03", **TWO))
    assert refusal.reason == "BREAK_STATE_FORBIDS"
    # Nor past months that nobody has come to yet: each is decided on by itself.
    for month in ("2026-04", "2026-12"):
        refusal = await refused(call(world, "CarryBreaks", break_ids=[first], month=month, **TWO))
        assert (refusal.reason, refusal.fields) == ("MONTH_OUT_OF_ORDER", ["month"])
        assert refusal.metadata["nextMonth"] == "2026-03"
    world.books.clock.advance(days=30)
    await call(world, "CarryBreaks", break_ids=[first], month="2026-04", **TWO)
    history = (await call(world, "GetBreak", break_id=first)).changes
    assert [one.month for one in history] == ["", "2026-04", "2026-05"]
    # It heals all the same.
    world.books.journal.records = world.books.journal.records[1:]
    await reconcile(world)
    found = (await call(world, "GetBreak", break_id=first)).break_record
    assert found.state == pb2.BREAK_STATE_RESOLVED_BY_ITSELF


async def test_a_day_not_compared_blocks_until_it_is_carried(world):
    days = [DAY, DAY + timedelta(days=20)]
    dates = [wire.write_date(day) for day in days]
    assert (await world.books.blocking()).day_count == 31
    answer = await call(world, "CarryBreaks", journal_dates=dates, month="2026-03", **TWO)
    assert [one.carry_month for one in answer.days] == ["2026-04", "2026-04"]
    assert (await world.books.blocking()).day_count == 29
    assert (await world.books.blocking("2026-04")).day_count == 32
    summary = await call(world, "SummarizeBreaks", month="2026-04")
    assert list(summary.uncompared_dates)[:2] == dates
    # Not twice, not one of a later month, not one that is compared.
    for day, month in ((DAY, "2026-03"), (date(2026, 4, 1), "2026-03")):
        refusal = await refused(
            call(world, "CarryBreaks", journal_dates=[wire.write_date(day)], month=month, **TWO)
        )
        assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["journal_dates"])
    await reconcile(world)
    assert (await world.books.blocking("2026-04")).day_count == 31
    world.books.clock.advance(days=30)
    refusal = await refused(
        call(world, "CarryBreaks", journal_dates=dates[:1], month="2026-04", **TWO)
    )
    assert refusal.fields == ["journal_dates"]
    assert (await refused(call(world, "CarryBreaks", month="2026-03", **TWO))).fields == [
        "break_ids"
    ]


async def test_differences_of_reconciliation_block_like_breaks(world):
    difference_id = await a_difference(world)
    pending_id = await a_difference(world, cause=Cause.PENDING_HERE)
    assert (await world.books.blocking()).difference_count == 2
    assert (await world.books.blocking("2026-02")).difference_count == 0
    listed = {one.break_id: one for one in (await call(world, "ListBreaks")).breaks}
    one = listed[difference_id]
    assert one.source == pb2.BREAK_SOURCE_RECONCILIATION
    assert one.kind == pb2.BREAK_KIND_PARTIES_DIFFER
    assert one.owner == pb2.BREAK_OWNER_INSTITUTION
    assert listed[pending_id].owner == pb2.BREAK_OWNER_HUB
    # Resolved it is by who reconciles, not here; carried it is here.
    refusal = await refused(call(world, "ResolveBreaks", break_ids=[difference_id], **TWO))
    assert refusal.reason == "RESOURCE_NOT_FOUND"
    answer = await call(world, "CarryBreaks", break_ids=[difference_id], month="2026-03", **TWO)
    assert answer.breaks[0].state == pb2.BREAK_STATE_CARRIED
    assert (await world.books.blocking()).difference_count == 1
    assert (await world.books.blocking("2026-04")).difference_count == 2
    history = (await call(world, "GetBreak", break_id=difference_id)).changes
    assert [(one.state, one.month) for one in history] == [(pb2.BREAK_STATE_CARRIED, "2026-04")]
    refusal = await refused(
        call(world, "CarryBreaks", break_ids=[difference_id], month="2026-03", **TWO)
    )
    assert refusal.reason == "BREAK_STATE_FORBIDS"

    async def close(connection):
        for one in (difference_id, pending_id):
            await difference_store.close(
                connection,
                UUID(one),
                DifferenceState.RESOLVED_BY_ITSELF,
                close_time=LATER,
            )

    await within(world.database, close)
    assert (await world.books.blocking("2026-04")).difference_count == 0
    refusal = await refused(
        call(world, "CarryBreaks", break_ids=[pending_id], month="2026-03", **TWO)
    )
    assert refusal.reason == "BREAK_STATE_FORBIDS"


async def test_a_summary_counts_by_age(world):
    await two_breaks(world)
    await a_difference(world)
    for hours, bucket in ((0, "day_count"), (30, "three_day_count"), (60, "week_count")):
        world.books.clock.advance(hours=hours)
        answer = await call(world, "SummarizeBreaks", month="2026-03")
        assert answer.blocking_count == 30 + 3
        counts = {one.source: getattr(one, bucket) for one in answer.summaries}
        assert counts == {pb2.BREAK_SOURCE_LEDGER: 2, pb2.BREAK_SOURCE_RECONCILIATION: 1}
    world.books.clock.advance(days=5)
    answer = await call(world, "SummarizeBreaks", month="2026-03")
    assert sum(one.older_count for one in answer.summaries) == 3
    assert (await call(world, "SummarizeBreaks", month="2026-02")).summaries == []


async def test_filters_and_pages(world):
    break_ids = await two_breaks(world)
    difference_id = await a_difference(world)
    everything = {*break_ids, difference_id}

    async def ids(**wanted):
        return {one.break_id for one in (await call(world, "ListBreaks", **wanted)).breaks}

    assert await ids() == everything
    assert await ids(source=pb2.BREAK_SOURCE_LEDGER) == set(break_ids)
    assert await ids(owner=pb2.BREAK_OWNER_INSTITUTION) == {difference_id}
    assert await ids(kind=pb2.BREAK_KIND_PARTIES_DIFFER) == {difference_id}
    assert await ids(state=pb2.BREAK_STATE_CARRIED) == set()
    assert await ids(region_code="130000") == everything
    assert await ids(region_code="140000") == set()
    assert await ids(journal_date=wire.write_date(DAY)) == everything
    assert await ids(settlement_id=str(UUID(int=2))) == {break_ids[1]}
    assert await ids(month="2026-02") == set()
    found, token = [], ""
    while True:
        page = await call(world, "ListBreaks", page_size=2, page_token=token)
        found += [one.break_id for one in page.breaks]
        token = page.next_page_token
        if not token:
            break
    assert (sorted(found), len(found)) == (sorted(everything), 3)
    assert found == sorted(found)


async def test_days_are_listed_by_date(world):
    await reconcile(world)
    await reconcile(world, DAY + timedelta(days=1))
    listed = (await call(world, "ListLedgerDays")).days
    assert [wire.read_date(one.journal_date, "") for one in listed] == [
        DAY,
        DAY + timedelta(days=1),
    ]
    first = await call(world, "ListLedgerDays", month="2026-03", page_size=30)
    rest = await call(
        world, "ListLedgerDays", month="2026-03", page_size=30, page_token=first.next_page_token
    )
    assert (len(first.days), len(rest.days), rest.next_page_token) == (30, 1, "")
    states = [one.state for one in first.days]
    assert states.count(pb2.LEDGER_DAY_STATE_EVEN) == 2
    assert states.count(pb2.LEDGER_DAY_STATE_UNSPECIFIED) == 28


async def test_an_unknown_break(world):
    refusal = await refused(call(world, "GetBreak", break_id=str(uuid4())))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert refusal.fields == ["break_id"]
