"""Goal: what comes late, twice, at midnight or out of order is found, and called what it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.clearing import comparison_store
from services.clearing.comparison_store import LegDay, Result
from services.clearing.domain.statement_states import StatementState
from services.kit import wire
from services.kit.clock import civil_midnight
from services.kit.db import Database
from services.kit.errors import LostRace
from services.kit.ids import new_id
from tests.integration.clearing.reconciliation_world import (
    DAY,
    HOSPITAL,
    INSURED,
    NEXT_NOON,
    NOON,
    World,
    booking_of,
    event_of,
    pb2,
    record_of,
    service_pb2,
    totals_of,
    undone,
    world_of,
)
from tests.support.rpc import refused
from tests.support.settlement_feed import eventually

pytestmark = pytest.mark.postgres

OFTEN = {"RECONCILE_INTERVAL_S": "0.1", "RECONCILE_RETRY_S": "1"}
MIDNIGHT = civil_midnight(DAY + timedelta(days=1))
LAST = MIDNIGHT - timedelta(milliseconds=100)
NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
async def world(dsn: str, database: Database) -> AsyncIterator[World]:
    async with world_of(dsn, database) as running:
        yield running


@pytest.fixture
async def watchful(dsn: str, database: Database) -> AsyncIterator[World]:
    async with world_of(dsn, database, **OFTEN) as running:
        yield running


def late(event: Any) -> Any:
    """An intent of the day that was finished the next morning."""
    event.event_time.CopyFrom(wire.write_time(NEXT_NOON))
    event.settlement.settle_time.CopyFrom(wire.write_time(NEXT_NOON))
    return event


async def test_a_settlement_that_ends_the_next_morning_opens_a_compared_leg_again(
    watchful: World,
) -> None:
    first, unknown = event_of(), event_of(total=77, fund=0, account=0)
    await watchful.follow(first, unknown)
    assert (await watchful.state(record_of(first))).difference_count == 1
    morning = late(event_of(at=LAST))
    await watchful.follow(morning)

    async def found() -> None:
        causes = {one.settlement_id: one.cause for one in await watchful.open_differences()}
        assert causes.get(morning.settlement.settlement_id) == pb2.DIFFERENCE_CAUSE_REPLY_LOST
        assert len(causes) == 2

    await eventually(found, timeout_s=30)


async def test_even_totals_are_not_even_any_more_when_a_settlement_comes_late(
    watchful: World,
) -> None:
    first = event_of()
    await watchful.follow(first)
    opened = await watchful.open(totals_of(record_of(first)))
    assert opened.state == pb2.STATEMENT_STATE_EVEN
    morning = late(event_of(at=LAST))
    await watchful.follow(morning)

    async def different() -> None:
        request = service_pb2.ListLegResultsRequest(party_code=HOSPITAL)
        (one,) = (await watchful.stub.ListLegResults(request, timeout=10)).results
        assert one.state == pb2.STATEMENT_STATE_DIFFERENT
        assert (one.hub_count, one.party_count) == (2, 1)

    await eventually(different, timeout_s=30)
    await watchful.add(opened.statement_id, record_of(first))
    assert (await watchful.close(opened.statement_id)).result.difference_count == 1


async def test_looking_at_noon_does_not_spare_the_look_at_night(
    dsn: str, database: Database
) -> None:
    async with world_of(dsn, database, **OFTEN) as world:
        await world.follow(event_of(at=NEXT_NOON))
        assert (await world.reconcile(day=NEXT_DAY)).difference_count == 0
        await world.follow(event_of(at=NEXT_NOON + timedelta(hours=3)), booked=False)
        world.clock.advance(hours=24)

        async def seen() -> None:
            await world.kept()
            found = await world.open_differences(business_date=wire.write_date(NEXT_DAY))
            assert [one.cause for one in found] == [pb2.DIFFERENCE_CAUSE_BOOKING_LOST]

        await eventually(seen, timeout_s=30)


async def test_a_look_on_demand_does_not_hide_days_that_were_never_compared(
    database: Database,
) -> None:
    async def seed(day: date) -> None:
        await comparison_store.seed(database, [INSURED], [day], due_time=NEXT_NOON)

    await seed(DAY - timedelta(days=5))
    leg = LegDay(DAY, "INSURED_PROVINCE", INSURED)
    assert await comparison_store.claim(
        database, leg, now=NEXT_NOON, dead_before=NEXT_NOON - timedelta(minutes=15)
    )
    last = await comparison_store.last_seeded(database, [INSURED], before=NEXT_DAY)
    assert last == DAY - timedelta(days=5)


async def test_a_comparison_whose_claim_was_lost_stores_nothing(
    world: World, database: Database
) -> None:
    event = event_of()
    await world.follow(event)
    await world.state()
    leg = LegDay(DAY, "INSTITUTION", HOSPITAL)
    claimed = world.clock.now()
    assert await comparison_store.claim(
        database, leg, now=claimed, dead_before=claimed - timedelta(minutes=15)
    )
    # While it is compared the hospital states anew, and this time it agrees.
    assert (await world.open(totals_of(record_of(event)))).state == pb2.STATEMENT_STATE_EVEN
    stale = Result(
        leg=leg,
        state=StatementState.COMPARED,
        hub_count=1,
        party_count=0,
        difference_count=1,
        compare_time=world.clock.now(),
    )
    with pytest.raises(LostRace):
        await database.run(
            "test",
            lambda connection: comparison_store.finish(
                connection,
                stale,
                statement_id=None,
                begun=claimed,
                due_time=None,
                claimed=claimed,
            ),
        )
    request = service_pb2.ListLegResultsRequest(party_code=HOSPITAL)
    (one,) = (await world.stub.ListLegResults(request, timeout=10)).results
    assert one.state == pb2.STATEMENT_STATE_EVEN


async def test_what_happens_while_a_leg_is_compared_is_looked_at_again(
    world: World, database: Database
) -> None:
    lost = event_of()
    await world.follow(lost)
    await world.state()
    now = world.clock.now()
    await database.execute("/* test.due */ UPDATE comparison SET due_time = $1", now)
    due = await comparison_store.claim_due(database, now=now, dead_before=now)
    assert due is not None
    world.clock.advance(seconds=1)
    await world.follow(undone(lost, NEXT_NOON))
    row = await database.fetchrow("/* test.due */ SELECT due_time FROM comparison")
    assert row is not None
    assert row["due_time"] > now


async def test_settled_at_the_last_moment_and_taken_back_the_next_day(world: World) -> None:
    event = event_of(at=LAST)
    back = undone(event, MIDNIGHT + timedelta(milliseconds=1))
    await world.follow(event, back)
    assert (await world.state(record_of(event))).state == pb2.STATEMENT_STATE_EVEN
    dated = wire.write_date(NEXT_DAY)
    assert (await world.open([], business_date=dated)).state == pb2.STATEMENT_STATE_DIFFERENT
    taken_back = record_of(event, state=pb2.RECORD_STATE_REVERSED)
    taken_back.total.fen += 1
    totals = totals_of(taken_back, day=NEXT_DAY)
    # By the hub's key, and by the request alone where the reply was lost.
    for key in (taken_back.settlement_id, ""):
        taken_back.settlement_id = key
        opened = await world.open(totals, business_date=dated)
        await world.add(opened.statement_id, taken_back)
        result = (await world.close(opened.statement_id)).result
        assert (result.hub_count, result.difference_count) == (1, 1)
    found = await world.open_differences()
    assert {one.cause for one in found} == {pb2.DIFFERENCE_CAUSE_AMOUNT_CHANGED}


async def test_a_request_that_the_hub_dates_on_another_day_is_refused_by_its_field(
    world: World,
) -> None:
    before, after = event_of(at=LAST - timedelta(days=1)), event_of(at=MIDNIGHT)
    await world.follow(before, after)
    opened = await world.open([])
    for event, word in ((before, "earlier"), (after, "later")):
        refusal = await refused(world.add(opened.statement_id, record_of(event, settlement_id="")))
        assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["records[0].request_id"])
        assert word in refusal.text


async def test_the_one_too_many_that_was_reversed_is_no_reason_to_reverse_the_other(
    world: World,
) -> None:
    first, again = event_of(person="p"), event_of(person="p")
    await world.follow(first, again, undone(first, NOON + timedelta(hours=1)))
    await world.state(record_of(again))
    (one,) = await world.open_differences()
    assert one.settlement_id == first.settlement.settlement_id
    assert one.cause == pb2.DIFFERENCE_CAUSE_REPLY_LOST
    assert one.twin_settlement_id == ""


async def test_a_double_submit_over_midnight_is_one(world: World) -> None:
    first, again = event_of(at=LAST, person="p"), event_of(at=MIDNIGHT, person="p")
    await world.follow(first, again)
    assert (await world.state(record_of(first))).state == pb2.STATEMENT_STATE_EVEN
    await world.state(business_date=wire.write_date(NEXT_DAY))
    (one,) = await world.open_differences()
    assert one.cause == pb2.DIFFERENCE_CAUSE_DOUBLE_SUBMIT
    assert one.twin_settlement_id == first.settlement.settlement_id


@pytest.mark.parametrize("year", [1, 1969])
async def test_a_date_before_there_was_a_hub_is_an_empty_day_or_refused(
    world: World, year: int
) -> None:
    await world.kept()
    day = {"year": year, "month": 1, "day": 1}
    refusal = await refused(world.open([], business_date=day))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["business_date"])
    request = service_pb2.ReconcileRequest(
        request_id=str(uuid4()), insured_region_code=INSURED, business_date=day
    )
    refusal = await refused(world.stub.Reconcile(request, timeout=10))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["business_date"])


async def test_an_id_of_a_time_that_never_comes_is_refused(world: World) -> None:
    await world.kept()
    opened = await world.open([])
    record = record_of(event_of(), settlement_id="ffffffff-ffff-7fff-bfff-ffffffffffff")
    refusal = await refused(world.add(opened.statement_id, record))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["records[0].settlement_id"])


@pytest.mark.parametrize("fen", [10**15 - 1, 10**15, 2**63 - 1])
async def test_the_largest_amounts_are_taken_or_refused(world: World, fen: int) -> None:
    await world.kept()
    records = [record_of(event_of(), total={"fen": fen}) for _ in range(3)]
    if fen >= 10**15:
        opened = await world.open([])
        refusal = await refused(world.add(opened.statement_id, *records))
        assert refusal.fields == ["records[0].total"]
        return
    assert (await world.state(*records)).difference_count == 3


@pytest.mark.parametrize("microsecond", [0, 1000, 998000, 999000, 999001, 999999])
async def test_a_day_that_is_not_over_is_cut_at_the_very_millisecond(
    world: World, microsecond: int
) -> None:
    cut = NOON.replace(microsecond=microsecond)
    ids = [
        datetime.fromtimestamp(NOON.timestamp(), UTC) + timedelta(milliseconds=n)
        for n in range(-1, 1001)
    ]
    before = [at for at in ids if at < cut]
    events = [event_of(at=at) for at in ids]
    for event, at in zip(events, ids, strict=True):
        millisecond = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        assert new_id(at).int >> 80 == millisecond
        assert int(event.settlement.settlement_id.replace("-", "")[:12], 16) == millisecond
    await world.follow(*events)
    opened = await world.open(
        totals_of(*(record_of(one) for one in events[: len(before)])),
        until_time=wire.write_time(cut),
    )
    assert opened.state == pb2.STATEMENT_STATE_EVEN


async def test_totals_that_agree_by_chance_are_compared_where_details_come(world: World) -> None:
    known, lost = event_of(), event_of()
    invented = record_of(event_of())
    await world.follow(known, lost)
    opened = await world.open(totals_of(record_of(known), invented))
    assert opened.state == pb2.STATEMENT_STATE_EVEN
    await world.add(opened.statement_id, record_of(known), invented)
    assert (await world.close(opened.statement_id)).result.difference_count == 2


async def test_a_replayed_close_needs_nobody(world: World) -> None:
    lost = event_of()
    await world.follow(lost)
    opened = await world.open([])
    request_id = str(uuid4())
    first = await world.close(opened.statement_id, request_id)
    # Another statement has come since, and settlement is down.
    await world.open([])
    world.journal.is_down = True
    assert await world.close(opened.statement_id, request_id) == first


async def test_a_note_may_name_institutions_and_settlements(world: World) -> None:
    await world.follow(event_of())
    await world.state()
    (one,) = await world.open_differences()

    async def resolve(note: str) -> Any:
        request = service_pb2.ResolveDifferenceRequest(
            request_id=str(uuid4()),
            difference_id=one.difference_id,
            note=note,
            operator_code="op-7",
        )
        return await world.stub.ResolveDifference(request, timeout=10)

    for note in ("电话 １３８００１３８０００", "H11010500001 13800138000", "110105194912310021"):
        assert (await refused(resolve(note))).fields == ["note"]
    note = "已与 H11010500001 核对，补记 01234567-1234-7123-8123-012345678901"
    assert (await resolve(note)).difference.note == note


async def test_two_operators_resolve_at_once_and_one_does(world: World) -> None:
    await world.follow(event_of())
    await world.state()
    (one,) = await world.open_differences()

    async def resolve(operator: str) -> str:
        request = service_pb2.ResolveDifferenceRequest(
            request_id=str(uuid4()),
            difference_id=one.difference_id,
            note="补记",
            operator_code=operator,
        )
        call = world.stub.ResolveDifference(request, timeout=10)
        try:
            return str((await call).difference.operator_code)
        except Exception:  # noqa: BLE001 - which refusal is looked at below
            return ""

    answers = await asyncio.gather(*(resolve(f"op-{n}") for n in range(6)))
    assert len([answer for answer in answers if answer]) == 1
    (after,) = await world.differences()
    assert after.operator_code in answers


async def test_what_was_resolved_and_happens_again_is_open_again(world: World) -> None:
    event = event_of()
    await world.follow(event)
    await world.state()
    (one,) = await world.open_differences()
    request = service_pb2.ResolveDifferenceRequest(
        request_id=str(uuid4()),
        difference_id=one.difference_id,
        note="补记",
        operator_code="op-7",
    )
    await world.stub.ResolveDifference(request, timeout=10)
    # The same statement once more changes nothing.
    await world.state()
    assert await world.open_differences() == []
    await world.state(record_of(event))
    await world.state()
    (again,) = await world.open_differences()
    assert again.settlement_id == one.settlement_id
    assert len(await world.differences()) == 2


async def test_a_province_that_goes_down_half_way_leaves_what_was_found(
    world: World,
) -> None:
    events = [event_of() for _ in range(5)]
    await world.follow(*events, booked=False)
    assert (await world.reconcile()).difference_count == 5
    for event in events:
        world.province.bookings[event.settlement.settlement_id] = booking_of(event)
    world.province.pages_max = 1
    refusal = await refused(world.reconcile())
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "INSURED_REGION_UNAVAILABLE")
    assert len(await world.open_differences()) == 5
    world.province.pages_max = 1000
    assert (await world.reconcile()).difference_count == 0
    assert await world.open_differences() == []
