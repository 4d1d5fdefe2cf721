"""Goal: every Settle and SettleVisit that is answered with an error is kept, once per answer, with
what is known of it and nothing of a person; the answer never waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import itertools
from datetime import UTC

import asyncpg
import grpc
import pytest

from services.kit.errors import Unavailable
from services.settlement import metrics
from services.settlement.refusal_store import RefusalStore
from services.settlement.refusals import Refusals
from tests.integration.settlement.test_limits import discharged, of_visit
from tests.integration.settlement.test_screening import finding
from tests.integration.settlement.world import (
    CANARIES,
    eventually,
    ident,
    raw,
    served,
    settle_request,
)
from tests.support.callees import CARE, HOSPITAL, ID_NUMBER, INSURED, PERSON
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import refusal_pb2, refusal_service_pb2_grpc
from yijie.settlement.v1 import refusal_service_pb2 as refusal_rpc
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres

SETTLE = refusal_pb2.REFUSED_CALL_SETTLE
SETTLE_VISIT = refusal_pb2.REFUSED_CALL_SETTLE_VISIT
REQUEST = refusal_pb2.REFUSAL_PARTY_REQUEST
HUB = refusal_pb2.REFUSAL_PARTY_HUB
REGION = refusal_pb2.REFUSAL_PARTY_INSURED_REGION
SYSTEM = refusal_pb2.REFUSAL_PARTY_SYSTEM


def stub_of(world):
    return refusal_service_pb2_grpc.RefusalServiceStub(world.channel)


async def listed(world, **request):
    asked = refusal_rpc.ListRefusalsRequest(**request)
    return (await stub_of(world).ListRefusals(asked, timeout=TIMEOUT_S)).refusals


async def kept(world, count=1):
    """Returns the refusals, newest first, once there are so many."""

    async def there():
        return len(await listed(world)) >= count

    await eventually(there)
    found = await listed(world)
    assert len(found) == count
    return found


async def events(world, count, **request):
    """Returns the first events of the feed."""
    found = []
    stream = stub_of(world).SubscribeRefusals(refusal_rpc.SubscribeRefusalsRequest(**request))
    try:
        async with asyncio.timeout(10):
            async for response in stream:
                found += response.events
                if len(found) >= count:
                    return found, response.cursor
    finally:
        stream.cancel()
    raise AssertionError("the feed ended")


async def test_what_identity_refuses(world):
    request = settle_request()
    request.patient.credential.number = "650101195001010039"
    refusal = await refused(world.settle(request))
    (one,) = await kept(world)
    assert (one.call, one.reason, one.service) == (SETTLE, refusal.reason, "identity")
    assert (one.party, one.retryable) == (HUB, False)
    assert (one.care_region_code, one.insured_region_code) == (CARE, INSURED)
    assert (one.institution_code, one.person_id) == (HOSPITAL, PERSON)
    assert (one.medical_type_code, one.scheme_code) == ("11", "310")
    assert (one.request_id, one.total.fen) == (request.request_id, request.bill.total.fen)
    assert (one.begin_date, one.end_date) == (request.bill.begin_date, request.bill.end_date)
    assert len(one.trace_id) == 32
    assert not one.settlement_id
    assert not one.visit_id


async def test_what_the_rules_block(world):
    world.callees.supervision.findings = [finding(), finding("DUPLICATE_INVOICE")]
    await refused(world.settle())
    (one,) = await kept(world)
    assert (one.reason, one.party, one.service) == ("BILL_BLOCKED", HUB, "settlement")
    assert list(one.rule_codes) == ["DUPLICATE_INVOICE", "OVERLAPPING_STAY"]


async def test_what_the_insured_region_refuses(world):
    world.callees.benefits.commit_mode = "refuse"
    request = settle_request()
    await refused(world.settle(request))
    await refused(world.settle(request))
    both = await kept(world, 2)
    for one in both:
        assert (one.reason, one.party) == ("POLICY_NOT_COVERED", REGION)
        assert one.request_id == request.request_id
    (row,) = await world.sql("SELECT settlement_id::text FROM settlement")
    assert {one.settlement_id for one in both} == {row["settlement_id"]}


async def test_what_is_not_known_yet(world):
    world.callees.benefits.commit_mode = "unavailable"
    await refused(world.settle())
    # The channel repeats what is UNAVAILABLE: each answer counts, under one request id.
    found = await kept(world, 3)
    for one in found:
        assert (one.reason, one.party, one.retryable) == ("OUTCOME_PENDING", REGION, True)
    assert len({(one.request_id, one.settlement_id) for one in found}) == 1
    assert found[0].settlement_id


async def test_what_is_malformed_is_kept_without_what_it_says(world):
    """People type numbers into the wrong field: only what a field should hold is kept."""
    request = settle_request()
    request.bill.institution_code = ID_NUMBER
    request.bill.department_code = "?"
    refusal = await refused(world.settle(request))
    assert refusal.reason == "FIELD_INVALID"
    (one,) = await kept(world)
    assert (one.reason, one.party, one.institution_code) == ("FIELD_INVALID", REQUEST, "")
    assert one.care_region_code == CARE
    rows = await world.sql("SELECT * FROM refusal")
    assert not [canary for canary in CANARIES if canary in str(rows)]


async def test_a_request_that_is_no_message(world):
    call = world.channel.unary_unary(
        "/yijie.settlement.v1.SettlementService/Settle",
        request_serializer=lambda one: one,
        response_deserializer=pb.SettleResponse.FromString,
    )
    assert (await refused(call(b"\xff\xff", timeout=TIMEOUT_S))).reason == "MESSAGE_MALFORMED"
    (one,) = await kept(world)
    assert (one.reason, one.party, one.request_id) == ("MESSAGE_MALFORMED", REQUEST, "")
    assert not one.HasField("total")
    assert not one.HasField("begin_date")


async def test_a_request_without_deadline(world):
    assert (await refused(world.stub.Settle(settle_request()))).reason == "DEADLINE_REQUIRED"
    assert (await kept(world))[0].reason == "DEADLINE_REQUIRED"


async def test_a_call_whose_caller_went_away(world):
    world.callees.benefits.commit_mode = "silent"
    with contextlib.suppress(grpc.aio.AioRpcError):
        await world.settle(settle_request(), timeout_s=0.15)
    one = (await kept(world))[0]
    # Whoever comes first at the deadline: the caller, or what is left of it.
    assert one.reason in {"CALL_ABANDONED", "OUTCOME_PENDING"}
    assert one.retryable


async def test_a_visit(world):
    visit_id = await discharged(world)
    request = of_visit(pb.SettleVisitRequest, visit_id, request_id=ident())
    request.expected_total.fen = 7999
    assert (
        await refused(world.stub.SettleVisit(request, timeout=TIMEOUT_S))
    ).reason == "BILL_TOTAL_MISMATCH"
    world.callees.supervision.findings = [finding()]
    world.clock.advance(seconds=1)
    request.expected_total.fen = 8000
    await refused(world.stub.SettleVisit(request, timeout=TIMEOUT_S))
    blocked, mismatch = await kept(world, 2)
    for one in (blocked, mismatch):
        assert (one.call, one.visit_id) == (SETTLE_VISIT, visit_id)
        assert (one.care_region_code, one.insured_region_code) == (CARE, INSURED)
        assert (one.person_id, one.medical_type_code) == (PERSON, "21")
    assert (mismatch.party, mismatch.total.fen) == (REQUEST, 7999)
    assert (blocked.party, blocked.total.fen) == (HUB, 8000)
    assert blocked.begin_date.day == 1


async def test_a_visit_that_is_not_there(world):
    request = of_visit(pb.SettleVisitRequest, ident(), request_id=ident())
    request.expected_total.fen = 1
    await refused(world.stub.SettleVisit(request, timeout=TIMEOUT_S))
    (one,) = await kept(world)
    assert (one.reason, one.care_region_code) == ("RESOURCE_NOT_FOUND", "")
    assert (one.institution_code, one.party) == (HOSPITAL, REQUEST)


async def test_what_is_no_refusal(world):
    world.callees.supervision.findings = [finding()]
    await refused(world.pre_settle())
    await refused(world.get(settlement_id=ident()))
    world.callees.supervision.findings = []
    await world.settle()
    # Something that is kept behind it: then all that comes before is there, too.
    await refused(world.settle(settle_request(request_id="x")))
    assert [one.reason for one in await kept(world)] == ["FIELD_INVALID"]


async def test_the_feed_tells_a_province_what_concerns_it(world):
    for _ in range(3):
        world.clock.advance(seconds=1)
        await refused(world.settle(settle_request(request_id="x")))
    await kept(world, 3)
    everything, cursor = await events(world, 3)
    # The order of commits is not the order of what happened.
    told = sorted((one.refusal for one in everything), key=lambda one: one.refusal_id)
    assert told == sorted(await listed(world), key=lambda one: one.refusal_id)
    for province in (CARE[:2] + "0000", INSURED[:2] + "0000"):
        found, _ = await events(world, 3, region_code=province)
        assert found == everything
    world.clock.advance(seconds=1)
    await refused(world.settle(settle_request(request_id="x")))
    (one,), _ = await events(world, 1, after_cursor=cursor)
    assert one.refusal == (await listed(world))[0]
    stream = stub_of(world).SubscribeRefusals(
        refusal_rpc.SubscribeRefusalsRequest(region_code="110000")
    )
    async with asyncio.timeout(10):
        assert not (await stream.read()).events
        assert not (await stream.read()).events
    stream.cancel()


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"after_cursor": "x"}, "CURSOR_INVALID"),
        ({"after_cursor": "9999999.9999999"}, "CURSOR_IN_FUTURE"),
        ({"region_code": "160000"}, "REGION_UNKNOWN"),
        ({"region_code": "640100"}, "FIELD_INVALID"),
    ],
)
async def test_a_bad_subscription(module_world, wanted, reason):
    stream = stub_of(module_world).SubscribeRefusals(refusal_rpc.SubscribeRefusalsRequest(**wanted))
    assert (await refused(stream.read())).reason == reason


async def test_lists(world):
    world.callees.supervision.findings = [finding()]
    first = settle_request()
    await refused(world.settle(first))
    world.clock.advance(seconds=86400)
    await refused(world.settle(settle_request(request_id="x")))
    newest, oldest = await kept(world, 2)
    assert [one.reason for one in (newest, oldest)] == ["FIELD_INVALID", "BILL_BLOCKED"]
    assert await listed(world, reason="BILL_BLOCKED") == [oldest]
    assert await listed(world, settle_request_id=first.request_id) == [oldest]
    assert await listed(world, institution_code=HOSPITAL) == [newest, oldest]
    assert await listed(world, institution_code="H11010100001") == []
    assert await listed(world, region_code="650000") == [newest, oldest]
    assert await listed(world, region_code="110000") == []
    day = refusal_rpc.ListRefusalsRequest()
    until = oldest.refuse_time.ToDatetime(tzinfo=UTC)
    day.refuse_date_max.year, day.refuse_date_max.month = until.year, until.month
    day.refuse_date_max.day = until.day
    found = await stub_of(world).ListRefusals(day, timeout=TIMEOUT_S)
    assert list(found.refusals) == [oldest]
    asked = refusal_rpc.ListRefusalsRequest(page_size=1)
    page = await stub_of(world).ListRefusals(asked, timeout=TIMEOUT_S)
    assert list(page.refusals) == [newest]
    asked.page_token = page.next_page_token
    page = await stub_of(world).ListRefusals(asked, timeout=TIMEOUT_S)
    assert (list(page.refusals), page.next_page_token) == ([oldest], "")


async def test_they_are_append_only(world):
    await refused(world.settle(settle_request(request_id="x")))
    await kept(world)
    async with raw(world.dsn) as connection:
        for statement in ("UPDATE refusal SET reason = 'X'", "DELETE FROM refusal"):
            with pytest.raises(asyncpg.RaiseError):
                await connection.execute(statement)


async def test_the_answer_does_not_wait(world, monkeypatch):
    release, insert = asyncio.Event(), RefusalStore.insert

    async def slow(self, refusals):
        await release.wait()
        await insert(self, refusals)

    monkeypatch.setattr(RefusalStore, "insert", slow)
    for _ in range(3):
        assert (await refused(world.settle(settle_request(request_id="x")))).reason
    assert await listed(world) == []
    release.set()
    await kept(world, 3)


async def test_a_database_that_is_away_for_a_moment(world, monkeypatch):
    attempts, insert = [], RefusalStore.insert

    async def failing(self, refusals):
        attempts.append(len(refusals))
        if len(attempts) == 1:
            raise Unavailable("DATABASE_UNAVAILABLE", "away")
        # Written, and the answer lost: it is written again, and there once.
        await insert(self, refusals)
        if len(attempts) == 2:
            raise Unavailable("DATABASE_UNAVAILABLE", "away")

    monkeypatch.setattr(RefusalStore, "insert", failing)
    await refused(world.settle(settle_request(request_id="x")))

    async def tried():
        return len(attempts) >= 3

    await eventually(tried)
    await kept(world)


async def test_what_cannot_be_written_is_counted(world, monkeypatch):
    async def broken(self, refusals):
        raise asyncpg.CheckViolationError("no")

    lost = metrics.REFUSALS_LOST._value.get()
    with monkeypatch.context() as patched:
        patched.setattr(RefusalStore, "insert", broken)
        await refused(world.settle(settle_request(request_id="x")))

        async def counted():
            return metrics.REFUSALS_LOST._value.get() == lost + 1

        await eventually(counted)
    # The loop goes on.
    await refused(world.settle(settle_request(request_id="x")))
    await kept(world)


async def test_one_row_that_is_not_taken_takes_no_other_with_it(world, monkeypatch):
    """Method: rows wait while the database is away, one of them with a reason that is none."""
    monkeypatch.setattr(Refusals, "keep", spoiling(Refusals.keep, every=3))
    insert, release = RefusalStore.insert, asyncio.Event()

    async def slow(self, refusals):
        await release.wait()
        await insert(self, refusals)

    monkeypatch.setattr(RefusalStore, "insert", slow)
    lost = metrics.REFUSALS_LOST._value.get()
    for _ in range(7):
        await refused(world.settle(settle_request(request_id="x")))
    release.set()
    await kept(world, 5)
    assert metrics.REFUSALS_LOST._value.get() == lost + 2


def spoiling(keep, *, every):
    """Returns `keep` that gives every so many a reason that the table does not take."""
    numbers = itertools.count(1)

    def spoiled(self, refusal):
        is_bad = next(numbers) % every == 0
        keep(self, dataclasses.replace(refusal, reason="no reason") if is_bad else refusal)

    return spoiled


async def test_a_database_that_takes_no_rows_for_a_moment_loses_none(world, monkeypatch):
    """A failure that is not of the rows: read-only after a failover, or a right withdrawn."""
    attempts, insert = [], RefusalStore.insert

    async def failing(self, refusals):
        attempts.append(len(refusals))
        if len(attempts) == 1:
            raise asyncpg.InsufficientPrivilegeError("no")
        await insert(self, refusals)

    monkeypatch.setattr(RefusalStore, "insert", failing)
    lost = metrics.REFUSALS_LOST._value.get()
    await refused(world.settle(settle_request(request_id="x")))
    await kept(world)
    assert metrics.REFUSALS_LOST._value.get() == lost


async def test_a_storm_is_bounded_and_what_is_lost_is_counted(world, monkeypatch):
    release, insert = asyncio.Event(), RefusalStore.insert

    async def slow(self, refusals):
        await release.wait()
        await insert(self, refusals)

    monkeypatch.setattr(RefusalStore, "insert", slow)
    monkeypatch.setattr(Refusals, "keep", bounded(Refusals.keep, kept_max=5))
    lost = metrics.REFUSALS_LOST._value.get()
    for _ in range(12):
        await refused(world.settle(settle_request(request_id="x")))
    assert metrics.REFUSALS_LOST._value.get() == lost + 7
    release.set()
    await kept(world, 5)


def bounded(keep, *, kept_max):
    """Returns `keep` of one who holds fewer."""

    def holding(self, refusal):
        self._kept_max = kept_max
        keep(self, refusal)

    return holding


async def test_a_database_that_is_broken_when_the_service_drains_is_counted(
    dsn, callees, clock, monkeypatch
):
    async def broken(self, refusals):
        raise asyncpg.InsufficientPrivilegeError("no")

    lost = metrics.REFUSALS_LOST._value.get()
    async with served(dsn, callees, clock, io.BytesIO()) as world:
        monkeypatch.setattr(RefusalStore, "insert", broken)
        await refused(world.settle(settle_request(request_id="x")))
    assert metrics.REFUSALS_LOST._value.get() == lost + 1


async def test_what_is_refused_last_is_written_when_the_service_drains(
    dsn, callees, clock, monkeypatch
):
    insert = RefusalStore.insert

    async def once(self, refusals):
        raise Unavailable("DATABASE_UNAVAILABLE", "away")

    async with served(dsn, callees, clock, io.BytesIO()) as world:
        monkeypatch.setattr(RefusalStore, "insert", once)
        await refused(world.settle(settle_request(request_id="x")))
        monkeypatch.setattr(RefusalStore, "insert", insert)
    async with raw(dsn) as connection:
        assert await connection.fetchval("SELECT count(*) FROM refusal") == 1


async def test_the_database_takes_nothing_else(world):
    """What is kept of a malformed request is checked once more where it is kept."""
    async with raw(world.dsn) as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "INSERT INTO refusal (event_time, refusal_id, call, reason, service, party,"
                " retryable, care_region_code, insured_region_code, institution_code,"
                " medical_type_code, scheme_code, emergency, trace_id, duration_ms, rule_codes,"
                " care_province, insured_province) VALUES (now(), gen_random_uuid(), 'SETTLE',"
                " 'X', '', 'HUB', false, '', '', $1, '', '', false, '', 0, '{}', '', '')",
                ID_NUMBER,
            )


async def test_an_overload_is_kept(dsn, callees, clock):
    """Shed calls never reach a handler, and are what refuses most when there is too much."""
    few = {"CONCURRENT_CALLS_MAX": "1", "WAIT_S_MAX": "0"}
    async with served(dsn, callees, clock, io.BytesIO(), **few) as world:
        callees.supervision.delay_s = 0.5
        calls = [asyncio.create_task(refused(world.settle())) for _ in range(3)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(getattr(one, "reason", "") == "OVERLOADED" for one in found) >= 1

        async def there():
            return [one for one in await listed(world) if one.reason == "OVERLOADED"]

        await eventually(there)
        one = (await listed(world))[0]
        assert (one.party, one.retryable, one.institution_code) == (SYSTEM, True, HOSPITAL)
