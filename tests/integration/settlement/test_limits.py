"""Goal: a pair whose prepayment is used up is refused as its policy says, and never an emergency,
what is under way, or anybody because clearing is silent.

Method: clearing is a server in process with a list that tests change; settlement polls it through
its composition root.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from services.settlement import metrics
from tests.integration.settlement.visits import TODAY, Visits, line
from tests.integration.settlement.world import (
    assert_coherent,
    eventually,
    ident,
    pre_settle_request,
    served,
    settle_request,
    state_name,
)
from tests.support.callees import HOSPITAL, ID_NUMBER
from tests.support.rpc import TIMEOUT_S, refused
from yijie.clearing.v1 import prepayment_pb2, prepayment_service_pb2, prepayment_service_pb2_grpc
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import person_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


BLOCK = prepayment_pb2.EXHAUSTED_ACTION_BLOCK
WARN = prepayment_pb2.EXHAUSTED_ACTION_WARN
HERE = ("650000", "640000")


@dataclass(repr=False)
class FakeClearing(prepayment_service_pb2_grpc.PrepaymentServiceServicer):
    """Answers the list that it has; a version per list."""

    limits: dict[tuple[str, str], int] = field(default_factory=dict)
    number: int = 1
    is_down: bool = False
    way: str = ""
    """Of answering otherwise than it should."""
    asked: list[str] = field(default_factory=list)
    target: str = ""

    def set(self, limits: dict[tuple[str, str], int]) -> None:
        self.limits, self.number = limits, self.number + 1

    async def GetSettlementLimits(self, request: Any, context: Any) -> Any:
        self.asked.append(request.known_version)
        if self.is_down:
            await context.abort(grpc.StatusCode.INTERNAL, "down")
        if self.way == "slow":
            await asyncio.sleep(60)
        if self.way == "rubbish":
            return b"\xff\xff\xff no list"
        if self.way == "empty":
            return prepayment_service_pb2.GetSettlementLimitsResponse(unchanged=True)
        version = f"{self.number:016x}"
        unchanged = request.known_version == version
        limits = [
            prepayment_pb2.SettlementLimit(
                insured_region_code=insured, care_region_code=care, action=action
            )
            for (insured, care), action in self.limits.items()
        ]
        return prepayment_service_pb2.GetSettlementLimitsResponse(
            version=version,
            unchanged=unchanged,
            limits=[] if unchanged else limits,
            emergency_exempt=True,
        )


@pytest.fixture
async def clearing():
    fake = FakeClearing()
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    # By hand, for what is no message: bytes go out as they are.
    answer = prepayment_service_pb2.GetSettlementLimitsResponse
    method = grpc.unary_unary_rpc_method_handler(
        fake.GetSettlementLimits,
        request_deserializer=prepayment_service_pb2.GetSettlementLimitsRequest.FromString,
        response_serializer=lambda one: (
            one if isinstance(one, bytes) else answer.SerializeToString(one)
        ),
    )
    name = "yijie.clearing.v1.PrepaymentService"
    handler = grpc.method_handlers_generic_handler(name, {"GetSettlementLimits": method})
    server.add_generic_rpc_handlers((handler,))
    fake.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield fake
    await server.stop(0)


@contextlib.asynccontextmanager
async def gated(dsn, callees, clock, target, **changes):
    settings = {"CLEARING_TARGET": target, "LIMITS_INTERVAL_S": "0.02", **changes}
    async with served(dsn, callees, clock, io.BytesIO(), **settings) as world:
        yield world
        await assert_coherent(world)


@pytest.fixture
async def world(dsn, callees, clock, clearing):
    async with gated(dsn, callees, clock, clearing.target) as opened:
        yield opened


def outcomes(name):
    return metrics.EXHAUSTED.labels(HERE[0], name)._value.get()


async def in_force(clearing, limits):
    """Sets the list and waits until it was taken: until the next question names it."""
    clearing.set(limits)
    version = f"{clearing.number:016x}"

    async def known():
        return clearing.asked[-1:] == [version]

    await eventually(known)


async def discharged(world, **record):
    """A stay of one bed day that is over."""
    visits = Visits(world)
    visit = await visits.register(**record)
    await visits.upload(visit.visit_id, line("1"))
    await visits.discharge(visit.visit_id, TODAY)
    return visit.visit_id


def of_visit(kind, visit_id, **more):
    request = kind(
        visit_id=visit_id,
        institution_code=HOSPITAL,
        scope=settlement_pb2.SETTLEMENT_SCOPE_FINAL,
        **more,
    )
    request.credential.type = person_pb2.CREDENTIAL_TYPE_ID_NUMBER
    request.credential.number = ID_NUMBER
    return request


async def test_a_blocked_pair_is_refused_and_nothing_is_written(world, clearing):
    before = await world.counts()
    counted = outcomes("refused")
    await in_force(clearing, {HERE: BLOCK})
    refusal = await refused(world.settle())
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "PREPAYMENT_EXHAUSTED")
    assert refusal.fields == ["patient.insured_region_code"]
    assert refusal.metadata["insuredRegionCode"] == "650000"
    assert refusal.metadata["careRegionCode"] == "640000"
    assert "预付金" in refusal.zh
    # The window knows at the quote.
    assert (await refused(world.pre_settle())).reason == "PREPAYMENT_EXHAUSTED"
    assert await world.counts() == before
    assert outcomes("refused") == counted + 2


async def test_a_visit_of_a_blocked_pair(world, clearing):
    visit_id = await discharged(world)
    await in_force(clearing, {HERE: BLOCK})
    quote = world.stub.PreSettleVisit(
        of_visit(pb.PreSettleVisitRequest, visit_id), timeout=TIMEOUT_S
    )
    assert (await refused(quote)).reason == "PREPAYMENT_EXHAUSTED"
    request = of_visit(pb.SettleVisitRequest, visit_id, request_id=ident())
    request.expected_total.fen = 8000
    refusal = await refused(world.stub.SettleVisit(request, timeout=TIMEOUT_S))
    assert (refusal.reason, refusal.fields) == ("PREPAYMENT_EXHAUSTED", ["visit_id"])
    # It was not remembered: once the province has paid, the same request settles.
    await in_force(clearing, {})
    settled = (await world.stub.SettleVisit(request, timeout=TIMEOUT_S)).settlement
    assert state_name(settled) == "SETTLED"


async def test_other_pairs_are_settled(world, clearing):
    for pair in (("650000", "630000"), ("640000", "650000"), ("110000", "640000")):
        await in_force(clearing, {pair: BLOCK})
        assert state_name((await world.settle()).settlement) == "SETTLED", pair


async def test_an_emergency_is_never_refused(world, clearing):
    """By each of the ways in which it is known."""
    await in_force(clearing, {HERE: BLOCK})
    world.callees.identity.opened |= {"13", "24"}
    filing = world.callees.filing
    ordinary = filing.benefit_level
    for mark in ("emergency", "13", "24", "filing"):
        counted = outcomes("emergency")
        request, quote = settle_request(), pre_settle_request()
        for bill in (request.bill, quote.bill):
            if mark == "emergency":
                bill.emergency = True
            elif mark != "filing":
                bill.medical_type_code = mark
        is_filed = mark == "filing"
        filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_EMERGENCY if is_filed else ordinary
        assert (await world.pre_settle(quote)).quote, mark
        assert state_name((await world.settle(request)).settlement) == "SETTLED", mark
        assert outcomes("emergency") == counted + 2, mark
    filing.benefit_level = ordinary
    assert (await refused(world.settle())).reason == "PREPAYMENT_EXHAUSTED"


async def test_an_emergency_stay_is_never_refused(world, clearing):
    visit_id = await discharged(world, emergency=True)
    await in_force(clearing, {HERE: BLOCK})
    request = of_visit(pb.SettleVisitRequest, visit_id, request_id=ident())
    request.expected_total.fen = 8000
    answer = await world.stub.SettleVisit(request, timeout=TIMEOUT_S)
    assert state_name(answer.settlement) == "SETTLED"


async def test_a_warning_settles_and_is_counted(world, clearing):
    counted = outcomes("warned")
    await in_force(clearing, {HERE: WARN})
    assert state_name((await world.settle()).settlement) == "SETTLED"
    assert outcomes("warned") == counted + 1


async def test_a_repeat_gets_its_first_answer(world, clearing):
    request = settle_request()
    first = await world.settle(request)
    await in_force(clearing, {HERE: BLOCK})
    again = await world.settle(request)
    assert again.replayed
    assert again.settlement == first.settlement
    request.bill.lines[0].item_name = "other"
    assert (await refused(world.settle(request))).reason == "REQUEST_ID_REUSED"


async def test_what_is_under_way_is_finished(world, clearing):
    """An intent of before the list is completed by recovery, and by a repeat of its request."""
    world.callees.benefits.mode = "silent"
    by_recovery, by_repeat = settle_request(), settle_request()
    for request in (by_recovery, by_repeat):
        assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
    await in_force(clearing, {HERE: BLOCK})
    world.callees.benefits.mode = "ok"
    assert state_name((await world.settle(by_repeat)).settlement) == "SETTLED"
    await world.pass_recovery()

    async def done():
        return await world.open_intents() == []

    await eventually(done)
    found = await world.get(request_id=by_recovery.request_id)
    assert state_name(found) == "SETTLED"


async def test_taking_back_and_computing_anew_are_never_refused(world, clearing):
    first = (await world.settle()).settlement
    second = (await world.settle()).settlement
    await in_force(clearing, {HERE: BLOCK})
    reversed_ = (await world.reverse(settlement_id=first.settlement_id)).settlement
    assert state_name(reversed_) == "REVERSED"
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_REFERRAL
    request = pb.RecomputeSettlementRequest(request_id=ident(), settlement_id=second.settlement_id)
    anew = await world.stub.RecomputeSettlement(request, timeout=TIMEOUT_S)
    assert state_name(anew.settlement) == "SETTLED"
    assert anew.settlement.settlement_id != second.settlement_id


async def test_an_old_list_counts_no_more(dsn, callees, clock, clearing):
    async with gated(dsn, callees, clock, clearing.target, LIMITS_AGE_S_MAX="0.5") as world:
        await in_force(clearing, {HERE: BLOCK})
        request = settle_request()
        assert (await refused(world.settle(request))).reason == "PREPAYMENT_EXHAUSTED"
        counted = outcomes("old")
        clearing.is_down = True

        async def settles():
            with contextlib.suppress(grpc.aio.AioRpcError):
                return state_name((await world.settle(request)).settlement) == "SETTLED"
            return False

        async def is_told():
            return b"limits are old" in world.log.getvalue()

        await eventually(is_told)
        await eventually(settles)
        assert outcomes("old") == counted + 1
        # It is asked all the while, and counts again as soon as it answers.
        clearing.is_down = False

        async def is_refused():
            with contextlib.suppress(grpc.aio.AioRpcError):
                await world.settle(settle_request())
                return False
            return True

        await eventually(is_refused)


async def test_a_clearing_that_is_not_there_holds_up_nothing(dsn, callees, clock):
    # Discard: nobody listens on port 9 of the loopback.
    async with gated(dsn, callees, clock, "127.0.0.1:9") as world:
        assert state_name((await world.settle()).settlement) == "SETTLED"


async def test_actions_of_a_later_release_settle(world, clearing):
    await in_force(clearing, {HERE: 77})
    assert state_name((await world.settle()).settlement) == "SETTLED"


async def test_whatever_clearing_answers_settles_and_is_asked_again(world, clearing):
    """Bytes that are no list, an answer that says nothing, one that does not come."""
    for way in ("rubbish", "empty", "slow"):
        clearing.way = way
        begun = len(clearing.asked)

        async def asked_again(wanted=begun + (1 if way == "slow" else 3)):
            return len(clearing.asked) >= wanted

        await eventually(asked_again)
        assert state_name((await world.settle()).settlement) == "SETTLED", way
    clearing.way = ""
    await in_force(clearing, {HERE: BLOCK})
    assert (await refused(world.settle())).reason == "PREPAYMENT_EXHAUSTED"
