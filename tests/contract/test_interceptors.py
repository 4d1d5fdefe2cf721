"""Every service answers bad calls alike: goal and method.

A servicer that misbehaves on purpose runs behind the real interceptors on a real port; each test
reads what a caller would see. The method table is FilingService's, which has the shapes that are
needed.
"""

from __future__ import annotations

import asyncio
import functools
import io
from uuid import uuid4

import grpc
import pytest

from services.kit import admission
from services.kit import call as calls
from services.kit.deadline import budget_s
from services.kit.errors import LostRace, RuleForbids
from services.kit.interceptors.admission import IN_FLIGHT, SHED
from tests.support.eventually import eventually
from tests.support.rpc import TIMEOUT_S, read_refusal, refused, served
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.filing.v1 import filing_service_pb2_grpc as rpc

CANARY = "11010519491231002X"


class Servicer(rpc.FilingServiceServicer):
    async def GetFiling(self, request, context):
        raise ValueError(f"secret {CANARY}")

    async def CancelFiling(self, request, context):
        raise RuleForbids("FILING_LOCKED", "locked", metadata={"lockedUntilDate": "2026-12-01"})

    async def SubmitFiling(self, request, context):
        raise LostRace("LOST_RACE", "lost", retry_after_ms=50)

    async def ListFilings(self, request, context):
        calls.note(care_region="640000")
        return pb.ListFilingsResponse(next_page_token=f"{budget_s(5.0):.3f}")

    async def MatchFiling(self, request, context):
        await asyncio.sleep(30)


@pytest.fixture
def log():
    return io.BytesIO()


@pytest.fixture
async def channel(log):
    def register(server):
        rpc.add_FilingServiceServicer_to_server(Servicer(), server)

    async with served("filing", "yijie.filing.v1.FilingService", register, log) as opened:
        yield opened


@pytest.fixture
def stub(channel):
    return rpc.FilingServiceStub(channel)


def ident() -> str:
    return str(uuid4())


async def test_a_defect_leaks_nothing(stub, log):
    refusal = await refused(
        stub.GetFiling(pb.GetFilingRequest(filing_id=ident()), timeout=TIMEOUT_S)
    )
    assert (refusal.code, refusal.reason) == ("INTERNAL", "INTERNAL")
    assert len(refusal.metadata["errorId"]) == 32
    assert CANARY not in refusal.text
    logged = log.getvalue().decode()
    assert refusal.metadata["errorId"] in logged
    assert "ValueError" in logged
    assert CANARY not in logged


async def test_a_domain_error_is_a_rich_status(stub):
    request = pb.CancelFilingRequest(request_id=ident(), filing_id=ident())
    refusal = await refused(stub.CancelFiling(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "FILING_LOCKED")
    assert refusal.domain == "filing.yijie"
    assert refusal.metadata["lockedUntilDate"] == "2026-12-01"
    assert refusal.zh == "备案尚在不可变更期内"


async def test_a_lost_race_says_when_to_come_back(stub):
    filing = filing_pb2.Filing(
        person_id=ident(), insured_region_code="650100", target_region_code="640100", type=1,
        begin_date={"year": 2026, "month": 1, "day": 1},
    )  # fmt: skip
    request = pb.SubmitFilingRequest(request_id=ident(), filing=filing)
    refusal = await refused(stub.SubmitFiling(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason, refusal.retry_ms) == ("ABORTED", "LOST_RACE", 50)


async def test_a_missing_deadline_is_refused(stub):
    refusal = await refused(stub.GetFiling(pb.GetFilingRequest(filing_id=ident())))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "DEADLINE_REQUIRED")
    assert refusal.fields == ["grpc-timeout"]


async def test_every_broken_rule_of_the_contract_is_named(stub):
    refusal = await refused(stub.MatchFiling(pb.MatchFilingRequest(), timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
    assert set(refusal.fields) == {
        "person_id", "insured_region_code", "care_region_code", "service_date", "match_until_date",
    }  # fmt: skip


async def test_the_path_of_a_nested_field_is_named(stub):
    request = pb.SubmitFilingRequest(request_id=ident(), filing={"person_id": CANARY})
    refusal = await refused(stub.SubmitFiling(request, timeout=TIMEOUT_S))
    assert "filing.person_id" in refusal.fields
    assert CANARY not in refusal.text


async def test_a_text_of_a_megabyte_is_refused(stub):
    request = pb.ListFilingsRequest(person_id=ident(), page_token="x" * 1_000_000)
    refusal = await refused(stub.ListFilings(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.fields) == ("INVALID_ARGUMENT", ["page_token"])
    assert refusal.size < 6 * 1024


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"\x0a\x02\xff\xfe", ["filing_id"]),
        (b"\x0a\x05ab", []),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", []),
    ],
)
async def test_bytes_that_are_no_message_are_refused(channel, raw, fields):
    method = channel.unary_unary("/yijie.filing.v1.FilingService/GetFiling")
    refusal = await refused(method(raw, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "MESSAGE_MALFORMED")
    assert refusal.fields == fields


async def test_the_path_of_nested_invalid_text_is_named(channel):
    inner = b"\x12\x03\xff\xfe\xfd"  # Filing.person_id
    raw = b"\x0a\x01a\x12" + bytes([len(inner)]) + inner
    method = channel.unary_unary("/yijie.filing.v1.FilingService/SubmitFiling")
    refusal = await refused(method(raw, timeout=TIMEOUT_S))
    assert refusal.fields == ["filing.person_id"]


async def test_a_callee_gets_what_is_left_of_the_deadline(stub):
    response = await stub.ListFilings(pb.ListFilingsRequest(person_id=ident()), timeout=0.5)
    assert 0.1 < float(response.next_page_token) < 0.49


async def test_too_little_deadline_fails_at_once(stub, monkeypatch):
    monkeypatch.setattr("services.kit.deadline.RESERVE_S", 5.0)
    call = stub.ListFilings(pb.ListFilingsRequest(person_id=ident()), timeout=2.0)
    refusal = await refused(call)
    assert (refusal.code, refusal.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_TOO_SHORT")


async def test_an_expired_deadline_is_logged_as_cancelled(stub, log):
    request = pb.MatchFilingRequest(
        person_id=ident(), insured_region_code="650100", care_region_code="640100",
        service_date={"year": 2026, "month": 1, "day": 1},
        match_until_date={"year": 2026, "month": 1, "day": 1},
    )  # fmt: skip
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.MatchFiling(request, timeout=0.1)
    assert read_refusal(caught.value).code == "DEADLINE_EXCEEDED"
    for _ in range(100):
        logged = log.getvalue().decode()
        if "CANCELLED" in logged:
            break
        await asyncio.sleep(0.02)
    assert '"code":"CANCELLED"' in logged


async def test_one_log_line_a_call_with_its_fields(stub, log):
    await stub.ListFilings(pb.ListFilingsRequest(person_id=ident()), timeout=TIMEOUT_S)
    lines = [ln for ln in log.getvalue().decode().splitlines() if '"call"' in ln]
    assert len(lines) == 1
    assert '"method":"yijie.filing.v1.FilingService/ListFilings"' in lines[0]
    assert '"care_region":"640000"' in lines[0]
    assert '"code":"OK"' in lines[0]


async def test_calls_beyond_the_limit_are_shed_with_a_reason():
    def register(server):
        rpc.add_FilingServiceServicer_to_server(Servicer(), server)

    request = match_request()
    service = "yijie.filing.v1.FilingService"
    async with served("filing", service, register, calls_max=2) as opened:
        stub = rpc.FilingServiceStub(opened)
        held = [stub.MatchFiling(request, timeout=TIMEOUT_S) for _ in range(2)]
        await asyncio.sleep(0.2)
        listing = stub.ListFilings(pb.ListFilingsRequest(person_id=ident()), timeout=TIMEOUT_S)
        refusal = await refused(listing)
        assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
        assert 500 <= refusal.retry_ms <= 1500
        for call in held:
            call.cancel()
        await asyncio.sleep(0.2)
        await stub.ListFilings(pb.ListFilingsRequest(person_id=ident()), timeout=TIMEOUT_S)


async def test_what_is_asked_for_a_bill_is_as_important_as_the_bill():
    """Whoever waits in line makes room for it, and is told to come back."""

    def register(server):
        rpc.add_FilingServiceServicer_to_server(Servicer(), server)

    before = {name: shed_count(name) for name in ("estimate", "list")}
    service = "yijie.filing.v1.FilingService"
    async with served("filing", service, register, calls_max=1) as opened:
        stub = rpc.FilingServiceStub(opened)
        held = stub.MatchFiling(match_request(), timeout=TIMEOUT_S)
        await eventually(functools.partial(gauge_is, IN_FLIGHT, 1))
        listing = pb.ListFilingsRequest(person_id=ident())
        waiting = asyncio.create_task(refused(stub.ListFilings(listing, timeout=TIMEOUT_S)))
        told = (("yijie-priority", "ESTIMATE"),)
        # Nothing ends meanwhile: it waits for as long as it may, and is shed as what it is.
        last = await refused(stub.ListFilings(listing, timeout=TIMEOUT_S, metadata=told))
        shed = [last, await waiting]
        held.cancel()
    assert {(one.code, one.reason) for one in shed} == {("RESOURCE_EXHAUSTED", "OVERLOADED")}
    counted = {name: shed_count(name) - before[name] for name in before}
    assert counted == {"estimate": 1, "list": 1}


async def test_what_is_shed_at_once_is_answered_and_counted_and_costs_no_line_of_the_log(
    channel, stub, log, monkeypatch
):
    def full(self, method, priority, remaining_s, *, is_part):
        raise admission.shed()

    monkeypatch.setattr(admission.Admission, "require", full)
    before = shed_count("list")
    listing = pb.ListFilingsRequest(person_id=ident())
    found = [await refused(stub.ListFilings(listing, timeout=TIMEOUT_S)) for _ in range(3)]
    assert {(one.code, one.reason) for one in found} == {("RESOURCE_EXHAUSTED", "OVERLOADED")}
    assert all(one.zh and 500 <= one.retry_ms <= 1500 for one in found)
    assert shed_count("list") - before == 3
    assert b'"call"' not in log.getvalue()


def shed_count(priority: str) -> float:
    return SHED.labels(priority)._value.get()


async def gauge_is(gauge, wanted):
    assert gauge.collect()[0].samples[0].value == wanted


def match_request():
    return pb.MatchFilingRequest(
        person_id=ident(), insured_region_code="650100", care_region_code="640100",
        service_date={"year": 2026, "month": 1, "day": 1},
        match_until_date={"year": 2026, "month": 1, "day": 1},
    )  # fmt: skip
