"""Goal: what hospitals suffer from daily is found, named with the leg that lacks it, and resolved.

Method: the whole clearing service on a real database, with a journal and an insured province that
can be told what they have.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from services.kit import wire
from services.kit.db import Database
from tests.integration.clearing.reconciliation_world import (
    CARE,
    DAY,
    HOSPITAL,
    INSURED,
    NEXT_NOON,
    NOON,
    PERSON,
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
from yijie.benefits.v1 import benefits_service_pb2
from yijie.settlement.v1 import settlement_pb2

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(dsn: str, database: Database) -> AsyncIterator[World]:
    async with world_of(dsn, database) as running:
        yield running


def statuses(difference) -> dict[int, int]:
    return {leg.party: leg.status for leg in difference.legs}


HELD, MISSING, NOT_COMPARED = (
    pb2.LEG_STATUS_HELD,
    pb2.LEG_STATUS_MISSING,
    pb2.LEG_STATUS_NOT_COMPARED,
)


async def test_equal_totals_are_even_at_once(world: World) -> None:
    events = [event_of(), event_of(insured="650100", total=50, fund=0, account=0)]
    await world.follow(*events, undone(events[0], NOON + timedelta(hours=1)))
    first = record_of(events[0], state=pb2.RECORD_STATE_REVERSED)
    opened = await world.state(first, record_of(events[1]))
    assert opened.state == pb2.STATEMENT_STATE_EVEN
    assert (opened.revision, list(opened.differences)) == (1, [])
    assert await world.differences() == []


async def test_different_totals_are_answered_with_both_sides(world: World) -> None:
    event = event_of()
    await world.follow(event)
    opened = await world.open(totals_of(record_of(event, total={"fen": 999})))
    assert opened.state == pb2.STATEMENT_STATE_DIFFERENT
    (one,) = opened.differences
    assert (one.insured_region_code, one.scheme_code) == (INSURED, "310")
    assert (one.stated.settled.total.fen, one.hub.settled.total.fen) == (999, 1000)
    assert one.hub.settled.settlement_count == 1


async def test_paid_at_the_insurer_while_the_local_record_is_lost(world: World) -> None:
    lost, kept = event_of(), event_of(total=70, fund=50, account=0)
    await world.follow(lost, kept)
    await world.reconcile()
    result = await world.state(record_of(kept))
    assert (result.hub_count, result.party_count, result.difference_count) == (2, 1, 1)
    (one,) = await world.open_differences(institution_code=HOSPITAL)
    assert (one.kind, one.cause) == (
        pb2.DIFFERENCE_KIND_MISSING_THERE,
        pb2.DIFFERENCE_CAUSE_REPLY_LOST,
    )
    assert one.settlement_id == lost.settlement.settlement_id
    assert one.request_id == lost.settlement.request_id
    assert list(one.missing_parties) == [pb2.PARTY_INSTITUTION]
    assert statuses(one) == {
        pb2.PARTY_HUB: HELD,
        pb2.PARTY_INSTITUTION: MISSING,
        pb2.PARTY_CARE_PROVINCE: NOT_COMPARED,
        pb2.PARTY_INSURED_PROVINCE: HELD,
    }
    assert one.explanation_zh.startswith("平台已结算")
    assert one.care_region_code == CARE


async def test_a_double_submit_at_discharge(world: World) -> None:
    first, second = event_of(person=PERSON), event_of(person=PERSON)
    await world.follow(first, second)
    await world.state(record_of(second))
    (one,) = await world.open_differences()
    assert one.cause == pb2.DIFFERENCE_CAUSE_DOUBLE_SUBMIT
    assert one.settlement_id == first.settlement.settlement_id
    assert one.twin_settlement_id == second.settlement.settlement_id
    # The one too many is taken back a day later: nothing is left to tell, and nobody did anything.
    await world.follow(undone(first, NEXT_NOON))
    result = await world.state(record_of(second))
    assert result.difference_count == 0
    (closed,) = await world.differences()
    assert closed.state == pb2.DIFFERENCE_STATE_RESOLVED_BY_ITSELF
    assert closed.difference_id == one.difference_id


async def test_a_refund_known_to_the_hospital_alone(world: World) -> None:
    event = event_of()
    await world.follow(event)
    await world.state(record_of(event, state=pb2.RECORD_STATE_REVERSED))
    (one,) = await world.open_differences()
    assert (one.kind, one.cause) == (
        pb2.DIFFERENCE_KIND_REVERSED_ON_ONE_SIDE,
        pb2.DIFFERENCE_CAUSE_REVERSED_THERE_ONLY,
    )
    assert list(one.missing_parties) == []
    assert [leg.state for leg in one.legs[:2]] == [
        pb2.RECORD_STATE_STANDING,
        pb2.RECORD_STATE_REVERSED,
    ]


async def test_a_refund_known_to_the_hub_alone(world: World) -> None:
    event = event_of()
    await world.follow(event, undone(event, NOON + timedelta(hours=1)))
    await world.state(record_of(event))
    (one,) = await world.open_differences()
    assert one.cause == pb2.DIFFERENCE_CAUSE_REVERSED_HERE_ONLY


async def test_a_refund_on_a_later_day_belongs_to_that_day(world: World) -> None:
    event = event_of()
    next_day = DAY + timedelta(days=1)
    await world.follow(event, undone(event, NEXT_NOON))
    # To the day of the settlement nothing has happened.
    assert (await world.state(record_of(event))).state == pb2.STATEMENT_STATE_EVEN
    record = record_of(event, state=pb2.RECORD_STATE_REVERSED)
    on_next = {"business_date": wire.write_date(next_day)}
    opened = await world.open(totals_of(record, day=next_day), **on_next)
    assert opened.state == pb2.STATEMENT_STATE_EVEN
    opened = await world.open([], **on_next)
    await world.close(opened.statement_id)
    (one,) = await world.open_differences()
    assert one.cause == pb2.DIFFERENCE_CAUSE_REVERSED_HERE_ONLY
    assert wire.read_date(one.business_date, "business_date") == next_day
    assert (await world.reconcile(day=next_day)).difference_count == 0


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        (settlement_pb2.SETTLEMENT_STATE_PENDING, pb2.DIFFERENCE_CAUSE_PENDING_HERE),
        (settlement_pb2.SETTLEMENT_STATE_FAILED, pb2.DIFFERENCE_CAUSE_FAILED_HERE),
        (None, pb2.DIFFERENCE_CAUSE_NEVER_ARRIVED),
    ],
)
async def test_a_hospital_knows_only_its_request(
    world: World, state: int | None, cause: int
) -> None:
    event = event_of()
    if state is not None:
        world.hold(event, state)
    await world.kept()
    await world.state(record_of(event, settlement_id=""))
    (one,) = await world.open_differences()
    assert (one.kind, one.cause) == (pb2.DIFFERENCE_KIND_MISSING_HERE, cause)
    assert one.request_id == event.settlement.request_id
    assert one.settlement_id == ("" if state is None else event.settlement.settlement_id)
    assert list(one.missing_parties) == [pb2.PARTY_HUB]


async def test_what_the_feed_has_not_brought_is_no_difference(world: World) -> None:
    event = event_of()
    await world.kept()
    # The journal has it, the feed is behind.
    one = event.settlement
    world.journal.full[one.settlement_id] = world.journal.full[one.request_id] = one
    result = await world.state(record_of(event))
    assert (result.hub_count, result.difference_count) == (0, 0)


async def test_a_request_just_sent_is_on_its_way(world: World) -> None:
    event = event_of(at=NEXT_NOON)
    world.hold(event, settlement_pb2.SETTLEMENT_STATE_PENDING)
    await world.kept()
    today = DAY + timedelta(days=1)
    record = record_of(event)
    until = wire.write_time(world.clock.now())
    opened = await world.open(
        totals_of(record, day=today), business_date=wire.write_date(today), until_time=until
    )
    await world.add(opened.statement_id, record)
    assert (await world.close(opened.statement_id)).result.difference_count == 0
    row = await world.database.fetchrow(
        "/* test.due */ SELECT due_time FROM comparison WHERE party_code = $1", HOSPITAL
    )
    assert row is not None
    assert row["due_time"] is not None


async def test_a_day_that_is_not_over_is_compared_up_to_an_instant(world: World) -> None:
    early, late = event_of(at=NEXT_NOON), event_of(at=NEXT_NOON + timedelta(seconds=60))
    world.clock.advance(seconds=60)
    await world.follow(early, late, undone(early, NEXT_NOON + timedelta(seconds=61)))
    today = DAY + timedelta(days=1)
    until = wire.write_time(NEXT_NOON + timedelta(seconds=30))
    opened = await world.open(
        totals_of(record_of(early), day=today),
        business_date=wire.write_date(today),
        until_time=until,
    )
    assert opened.state == pb2.STATEMENT_STATE_EVEN


async def test_the_insured_province_lost_one_and_has_one_too_many(world: World) -> None:
    lost, given_up, dearer, fine = event_of(), event_of(), event_of(), event_of()
    await world.follow(lost, booked=False)
    await world.follow(dearer, fine)
    world.hold(given_up, settlement_pb2.SETTLEMENT_STATE_FAILED)
    bookings = world.province.bookings
    bookings[given_up.settlement.settlement_id] = booking_of(given_up)
    bookings[dearer.settlement.settlement_id].fund_total.fen += 1
    result = await world.reconcile()
    assert (result.hub_count, result.party_count, result.difference_count) == (3, 3, 3)
    assert {one.settlement_id: one.cause for one in await world.open_differences()} == {
        lost.settlement.settlement_id: pb2.DIFFERENCE_CAUSE_BOOKING_LOST,
        given_up.settlement.settlement_id: pb2.DIFFERENCE_CAUSE_FAILED_HERE,
        dearer.settlement.settlement_id: pb2.DIFFERENCE_CAUSE_AMOUNT_CHANGED,
    }


async def test_what_the_province_pays_its_people_itself_is_no_difference(world: World) -> None:
    fine, claimed = event_of(), event_of()
    await world.follow(fine)
    manual = booking_of(claimed)
    manual.channel = benefits_service_pb2.BOOKING_CHANNEL_MANUAL
    world.province.bookings[claimed.settlement.settlement_id] = manual
    world.province.bookings[
        fine.settlement.settlement_id
    ].channel = benefits_service_pb2.BOOKING_CHANNEL_DIRECT
    result = await world.reconcile()
    assert (result.hub_count, result.party_count, result.difference_count) == (1, 1, 0)
    # Taken back later it is none either, on both days.
    world.province.bookings[claimed.settlement.settlement_id].cancel_time.CopyFrom(
        wire.write_time(NEXT_NOON)
    )
    for day in (DAY, DAY + timedelta(days=1)):
        assert not (await world.reconcile(day=day)).difference_count


async def test_a_booking_of_another_date_there_is_found_by_asking(world: World) -> None:
    event = event_of()
    await world.follow(event, undone(event, NEXT_NOON))
    # It took the booking back a moment after midnight, by its own clock a day later.
    late = NEXT_NOON + timedelta(days=1)
    key = event.settlement.settlement_id
    world.province.bookings[key] = booking_of(event, cancelled_at=late)
    result = await world.reconcile(day=DAY + timedelta(days=1))
    assert (result.hub_count, result.party_count, result.difference_count) == (1, 1, 0)


async def test_a_settlement_that_only_the_hub_lacks_is_one_difference(world: World) -> None:
    event = event_of()
    await world.kept()
    world.province.bookings[event.settlement.settlement_id] = booking_of(event)
    await world.state(record_of(event))
    await world.reconcile()
    # Of two found in one millisecond either may come first.
    second, first = sorted(await world.differences(), key=lambda one: one.state)
    assert first.state == pb2.DIFFERENCE_STATE_REPLACED
    assert second.state == pb2.DIFFERENCE_STATE_OPEN
    assert second.cause == pb2.DIFFERENCE_CAUSE_NEVER_ARRIVED
    assert statuses(second) == {
        pb2.PARTY_HUB: MISSING,
        pb2.PARTY_INSTITUTION: HELD,
        pb2.PARTY_CARE_PROVINCE: NOT_COMPARED,
        pb2.PARTY_INSURED_PROVINCE: HELD,
    }


async def test_a_care_province_states_for_all_its_institutions(world: World) -> None:
    events = [event_of(), event_of(care="110106")]
    await world.follow(*events)
    records = [record_of(one, institution_code=one.settlement.institution_code) for one in events]
    province = {"party": pb2.PARTY_CARE_PROVINCE, "party_code": CARE}
    assert (await world.state(*records, **province)).state == pb2.STATEMENT_STATE_EVEN
    result = await world.state(records[0], **province)
    assert result.difference_count == 1
    (one,) = await world.open_differences(region_code=CARE)
    assert one.institution_code == "H11010600001"
    assert list(one.missing_parties) == [pb2.PARTY_CARE_PROVINCE]


async def test_a_later_statement_takes_the_place_of_the_earlier_one(world: World) -> None:
    events = [event_of(), event_of()]
    await world.follow(*events)
    await world.state()
    assert len(await world.open_differences()) == 2
    result = await world.state(record_of(events[0]))
    assert result.difference_count == 1
    final = await world.state(*map(record_of, events))
    assert (final.state, final.revision) == (pb2.STATEMENT_STATE_EVEN, 3)
    history = await world.differences()
    assert [one.state for one in history] == [pb2.DIFFERENCE_STATE_RESOLVED_BY_ITSELF] * 2


async def test_a_difference_is_resolved_once_and_stays_so(world: World) -> None:
    event = event_of()
    await world.follow(event)
    await world.state()
    (one,) = await world.open_differences()
    resolve = service_pb2.ResolveDifferenceRequest(
        request_id=str(uuid4()),
        difference_id=one.difference_id,
        note="已按结算编号补记",
        operator_code="op-7",
    )
    first = await world.stub.ResolveDifference(resolve, timeout=10)
    assert first.difference.state == pb2.DIFFERENCE_STATE_RESOLVED
    assert first == await world.stub.ResolveDifference(resolve, timeout=10)
    resolve.request_id = str(uuid4())
    assert first == await world.stub.ResolveDifference(resolve, timeout=10)
    resolve.request_id, resolve.note = str(uuid4()), "其他"
    refusal = await refused(world.stub.ResolveDifference(resolve, timeout=10))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "DIFFERENCE_RESOLVED")
    # Compared again, the legs say the same: nobody is asked twice.
    await world.state()
    assert await world.open_differences() == []
    got = await world.stub.GetDifference(
        service_pb2.GetDifferenceRequest(difference_id=one.difference_id), timeout=10
    )
    assert (got.difference.note, got.difference.operator_code) == ("已按结算编号补记", "op-7")
    assert got.difference.HasField("close_time")


async def test_differences_and_results_are_listed_by_pages(world: World) -> None:
    await world.follow(*(event_of() for _ in range(7)))
    await world.state()
    await world.reconcile()
    seen, token = [], ""
    while True:
        request = service_pb2.ListDifferencesRequest(page_size=3, page_token=token)
        page = await world.stub.ListDifferences(request, timeout=10)
        seen += [one.difference_id for one in page.differences]
        token = page.next_page_token
        if not token:
            break
    assert len(set(seen)) == 7
    assert seen == sorted(seen)
    assert len(await world.differences(business_date=wire.write_date(DAY))) == 7
    assert await world.differences(region_code="650000") == []
    seen = []
    while True:
        asked = service_pb2.ListLegResultsRequest(page_size=1, page_token=token)
        results = await world.stub.ListLegResults(asked, timeout=10)
        seen += [(one.party, one.party_code, one.difference_count) for one in results.results]
        token = results.next_page_token
        if not token:
            break
    assert seen == [
        (pb2.PARTY_INSTITUTION, HOSPITAL, 7),
        (pb2.PARTY_INSURED_PROVINCE, INSURED, 0),
    ]
