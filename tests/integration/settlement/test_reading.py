"""Goal: the journal is read as it is, by key and by page. The feed: test_feed.py."""

from __future__ import annotations

import base64
import hashlib

import pytest
from google.type.date_pb2 import Date

from tests.integration.settlement.world import (
    first_events,
    ident,
    settle_request,
)
from tests.support.rpc import TIMEOUT_S, refused
from yijie.common.v1 import page_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


async def page(world, **filters):
    return await world.stub.ListSettlements(pb.ListSettlementsRequest(**filters), timeout=TIMEOUT_S)


async def settle_some(world, count, **changes):
    """Settles bills a second apart; returns their ids, oldest first."""
    ids = []
    for _ in range(count):
        world.clock.advance(seconds=1)
        ids.append((await world.settle(settle_request(**changes))).settlement.settlement_id)
    return ids


async def test_one_is_read_by_either_key(world):
    request = settle_request()
    settlement = (await world.settle(request)).settlement
    assert await world.get(settlement_id=settlement.settlement_id) == settlement
    assert await world.get(request_id=request.request_id) == settlement
    full = await world.get(request_id=request.request_id, view=pb.SETTLEMENT_VIEW_FULL)
    assert full.bill == request.bill
    assert (full.sex, full.birth_date) == (request.patient.sex, request.patient.birth_date)
    assert [line.line_id for line in full.lines] == ["1", "2", "3"]
    assert full.adjudication.steps
    for name in ("lines", "bill", "sex", "birth_date"):
        full.ClearField(name)
    full.adjudication.ClearField("steps")
    assert full == settlement


@pytest.mark.parametrize("key", ["settlement_id", "request_id"])
async def test_an_unknown_one(module_world, key):
    world = module_world
    refusal = await refused(world.get(**{key: ident()}))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert refusal.fields == [key]


async def test_the_request_of_a_reversal_is_no_settlement(world):
    settlement = (await world.settle()).settlement
    used = ident()
    await world.reverse(request_id=used, settlement_id=settlement.settlement_id)
    assert (await refused(world.get(request_id=used))).reason == "RESOURCE_NOT_FOUND"


async def test_pages_are_newest_first(world):
    ids = await settle_some(world, 5)
    first = await page(world, page_size=2)
    assert [s.settlement_id for s in first.settlements] == ids[:2:-1]
    second = await page(world, page_size=2, page_token=first.next_page_token)
    last = await page(world, page_size=2, page_token=second.next_page_token)
    found = [s.settlement_id for p in (first, second, last) for s in p.settlements]
    assert found == ids[::-1]
    assert last.next_page_token == ""
    exact = await page(world, page_size=5)
    assert (len(exact.settlements), exact.next_page_token) == (5, "")
    assert not exact.settlements[0].lines


async def test_filters(world):
    (first,) = await settle_some(world, 1)
    world.clock.advance(days=1)
    (second,) = await settle_some(world, 1)
    await world.reverse(settlement_id=second)
    world.clock.advance(seconds=1)
    world.callees.benefits.mode = "refuse"
    await refused(world.settle())
    failed = (await page(world)).settlements[0].settlement_id

    async def ids(**filters):
        return [s.settlement_id for s in (await page(world, **filters)).settlements]

    everything = {first, second, failed}
    day, after = Date(year=2026, month=3, day=31), Date(year=2026, month=4, day=1)
    assert await ids(state=settlement_pb2.SETTLEMENT_STATE_SETTLED) == [first]
    assert await ids(state=settlement_pb2.SETTLEMENT_STATE_REVERSED) == [second]
    assert await ids(state=settlement_pb2.SETTLEMENT_STATE_FAILED) == [failed]
    assert await ids(state=settlement_pb2.SETTLEMENT_STATE_PENDING) == []
    assert await ids(create_date_max=day) == [first]
    assert set(await ids(create_date_min=after)) == {second, failed}
    for region in ("640000", "640100", "640104"):
        assert set(await ids(care_region_code=region)) == everything
    for region in ("650000", "650100"):
        assert set(await ids(insured_region_code=region)) == everything
    assert await ids(care_region_code="640200") == []
    assert await ids(insured_region_code="640000") == []


@pytest.mark.parametrize(
    ("name", "day", "count"),
    [
        ("create_date_min", (1, 1, 1), 1),
        ("create_date_min", (1969, 12, 31), 1),
        ("create_date_min", (9999, 12, 31), 0),
        ("create_date_max", (9999, 12, 31), 1),
        ("create_date_max", (1, 1, 1), 0),
    ],
)
async def test_dates_at_the_ends_of_time(module_world, name, day, count):
    world = module_world
    await world.settle()
    year, month, number = day
    found = await page(world, **{name: Date(year=year, month=month, day=number)})
    assert bool(found.settlements) == bool(count)


async def test_a_date_that_is_none(module_world):
    world = module_world
    call = page(world, create_date_min=Date(year=2026, month=2, day=30))
    refusal = await refused(call)
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["create_date_min"])


def made_up(*columns: str) -> str:
    """A token with the right hash of an empty filter, as anybody could compute it."""
    digest = hashlib.sha256(pb.ListSettlementsRequest().SerializeToString()).digest()
    token = page_pb2.PageToken(last_key=columns, filter_hash=digest)
    return base64.urlsafe_b64encode(token.SerializeToString()).decode()


@pytest.mark.parametrize(
    "token", ["x", "eHh4", "%%%%", "金丝雀", made_up("x"), made_up("'; --"), made_up("1", "2", "3")]
)
async def test_a_foreign_token(module_world, token):
    world = module_world
    refusal = await refused(page(world, page_token=token))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
    assert refusal.fields == ["page_token"]


async def test_a_token_of_another_filter(world):
    await settle_some(world, 2)
    token = (await page(world, page_size=1)).next_page_token
    refusal = await refused(page(world, page_token=token, care_region_code="640000"))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_long_settlements_fit_into_messages(world):
    # 450 kB of findings each: ten of them are more than a caller takes in one message.
    world.callees.supervision.message_chars = 150_000
    ids = await settle_some(world, 10)
    found, token = [], ""
    for _ in range(10):
        answer = await page(world, page_token=token)
        found += [settlement.settlement_id for settlement in answer.settlements]
        token = answer.next_page_token
        if not token:
            break
    assert found == ids[::-1]
    events = await first_events(world.stub, 10)
    assert [event.settlement.settlement_id for event in events] == ids


async def test_findings_beyond_all_bounds_are_left_to_the_feed(world):
    world.callees.supervision.message_chars = 200_000
    settlement = (await world.settle()).settlement
    assert settlement.screening_state == settlement_pb2.SCREENING_STATE_DEFERRED
    assert not settlement.findings
