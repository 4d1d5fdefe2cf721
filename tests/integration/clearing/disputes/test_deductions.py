"""Deductions: recorded once, split to the fen, appealed in time, decided once, posted or voided."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.clearing import metrics
from services.clearing.app import running
from services.clearing.config import Config
from services.clearing.disputes.loop import Disputes
from services.clearing.domain.ledger import Phase
from services.kit import wire
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.db import Database
from tests.integration.clearing.disputes.disputes_world import (
    CARE,
    INSURED,
    MAKER,
    MARCH,
    OTHER,
    TIMEOUT_S,
    World,
    asked,
    care,
    funds_of,
    pb2,
    service_pb2,
    settlement_id,
)
from tests.integration.clearing.harness import environ
from tests.support.clock import FakeClock
from tests.support.rpc import refused
from tests.support.settlement_feed import FakeSettlement, eventually, feed_server
from yijie.clearing.v1 import dispute_service_pb2_grpc

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
UPHELD, WITHDRAWN = pb2.APPEAL_DECISION_UPHELD, pb2.APPEAL_DECISION_WITHDRAWN


async def test_a_deduction_waits_for_the_term_and_is_then_posted(world: World) -> None:
    await world.settle(care(1, funds={"310100": 70_000, "330100": 20_000}, account=10_000))
    made = await world.deduct(1, 1_001)
    # 700.7, 100.1 and 200.2 of a thousand and one: the odd fen goes to the largest remainder.
    assert funds_of(made) == {"310100": 701, "310200": 100, "330100": 200}
    assert (made.insured_region_code, made.care_region_code) == (INSURED, CARE)
    assert (made.scheme_code, made.month, made.amount.fen) == ("310", "2026-03", 1_001)
    # Ten working days after Monday the 16th.
    assert wire.read_date(made.appeal_last_date, "x") == date(2026, 3, 30)
    assert await world.balances() == {}
    pending = {
        ("2026-03", "310100"): -701,
        ("2026-03", "310200"): -100,
        ("2026-03", "330100"): -200,
    }
    assert await world.balances(Phase.PENDING) == pending

    world.clock.instant += timedelta(days=14)
    assert await world.loop.once() == 0
    assert await world.state(made.deduction_id) == "PENDING"
    assert metrics.OPEN_DEDUCTIONS.labels("PENDING")._value.get() == 1
    world.clock.instant += timedelta(days=1)
    assert await world.loop.once() == 1
    assert await world.loop.once() == 0
    assert metrics.OPEN_DEDUCTIONS.labels("PENDING")._value.get() == 0
    assert await world.balances() == pending
    assert await world.balances(Phase.PENDING) == {}
    found = await world.get(made.deduction_id)
    assert [(c.state, c.maker_id) for c in found.changes] == [
        (pb2.DEDUCTION_STATE_PENDING, MAKER),
        (pb2.DEDUCTION_STATE_UPHELD, ""),
    ]
    assert found.source_id == made.deduction_id


async def test_an_appeal_is_granted_or_refused(world: World) -> None:
    await world.settle(care(1), care(2))
    granted, kept = await world.deduct(1, 90), await world.deduct(2, 900)
    for one in (granted, kept):
        answer = await world.appeal(one.deduction_id)
        assert answer.deduction.state == pb2.DEDUCTION_STATE_APPEALED
    # However long it takes to decide: the end of the term does not uphold what waits for it.
    world.clock.instant += timedelta(days=60)
    assert await world.loop.once() == 0
    await world.decide(granted.deduction_id, WITHDRAWN)
    await world.decide(kept.deduction_id, UPHELD)
    assert await world.balances() == {("2026-03", "310100"): -700, ("2026-03", "330100"): -200}
    assert await world.balances(Phase.PENDING) == {}
    history = (await world.get(granted.deduction_id)).changes
    assert [(c.state, c.region_code, c.maker_id, c.note) for c in history[1:]] == [
        (pb2.DEDUCTION_STATE_APPEALED, CARE, "wang.3", "病历已补充"),
        (pb2.DEDUCTION_STATE_WITHDRAWN, "", "zhao.4", "经复核"),
    ]


async def test_an_appeal_is_taken_on_the_last_day_and_not_after_it(world: World) -> None:
    await world.settle(care(1), care(2))
    one, two = await world.deduct(1, 90), await world.deduct(2, 90)
    # The last second of the 30th in China.
    world.clock.instant = world.clock.instant.replace(day=30, hour=15, minute=59, second=59)
    await world.appeal(one.deduction_id)
    world.clock.advance(seconds=1)
    refusal = await refused(world.appeal(two.deduction_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "APPEAL_TERM_OVER")
    assert refusal.metadata == {"lastDate": "2026-03-30"}
    assert refusal.zh == "申诉期限已过"


async def test_who_may_appeal_and_what_is_over(world: World) -> None:
    await world.settle(care(1))
    made = await world.deduct(1, 90)
    for region in (INSURED, OTHER):
        refusal = await refused(world.appeal(made.deduction_id, region_code=region))
        assert refusal.reason == "DISPUTE_OF_ANOTHER_PROVINCE"
    refusal = await refused(world.decide(made.deduction_id, UPHELD))
    assert (refusal.reason, refusal.metadata["state"]) == ("DEDUCTION_STATE_FORBIDS", "PENDING")
    await world.appeal(made.deduction_id)
    refusal = await refused(world.appeal(made.deduction_id))
    assert (refusal.reason, refusal.metadata["state"]) == ("DEDUCTION_STATE_FORBIDS", "APPEALED")
    await world.decide(made.deduction_id, WITHDRAWN)
    for decision in (UPHELD, WITHDRAWN):
        refusal = await refused(world.decide(made.deduction_id, decision))
        assert refusal.metadata["state"] == "WITHDRAWN"
    refusal = await refused(world.appeal(made.deduction_id))
    assert refusal.metadata["state"] == "WITHDRAWN"
    unknown = str(uuid4())
    for call in (world.appeal(unknown), world.decide(unknown, UPHELD)):
        assert (await refused(call)).reason == "RESOURCE_NOT_FOUND"
    get = service_pb2.GetDeductionRequest(deduction_id=unknown)
    assert (await refused(world.stub.GetDeduction(get, timeout=TIMEOUT_S))).code == "NOT_FOUND"


async def test_two_people(world: World) -> None:
    await world.settle(care(1))
    refusal = await refused(world.record(asked(1, 90), checker_id=MAKER))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "MAKER_IS_CHECKER")
    made = await world.deduct(1, 90)
    await world.appeal(made.deduction_id, maker_id="wang.3")
    for people in (
        {"maker_id": "zhao.4", "checker_id": "ZHAO.4"},
        # Who appealed neither decides nor checks.
        {"maker_id": "wang.3", "checker_id": "qian.5"},
        {"maker_id": "qian.5", "checker_id": "Wang.3"},
    ):
        refusal = await refused(world.decide(made.deduction_id, WITHDRAWN, **people))
        assert refusal.reason == "MAKER_IS_CHECKER"
    assert await world.state(made.deduction_id) == "APPEALED"


async def test_a_decision_is_carried_out_once(world: World) -> None:
    await world.settle(care(1), care(2))
    decision = str(uuid4())
    made = await world.deduct(1, 90, decision_id=decision)
    again = await world.deduct(1, 90, decision_id=decision)
    assert again == made
    others = [
        asked(1, 91, decision_id=decision),
        asked(2, 90, decision_id=decision),
        asked(1, funds=list(funds_of(made).items()), decision_id=decision),
        asked(1, 90, decision_id=decision, insured=OTHER),
    ]
    for reason, metadata in await world.refusal(*others):
        assert (reason, metadata["deductionId"]) == ("DECISION_ID_REUSED", made.deduction_id)
    # Also after it was decided, and twice in one call.
    world.clock.instant += timedelta(days=30)
    await world.loop.once()
    first, second, third = await world.record(
        asked(1, 90, decision_id=decision),
        asked(2, 5, decision_id=(twice := str(uuid4()))),
        asked(2, 5, decision_id=twice),
    )
    assert first.deduction.state == pb2.DEDUCTION_STATE_UPHELD
    assert second == third
    assert await world.balances(Phase.PENDING) == {
        ("2026-03", "310100"): -4,
        ("2026-03", "330100"): -1,
    }


async def test_a_request_is_answered_once(world: World) -> None:
    await world.settle(care(1))
    request_id, entry = str(uuid4()), asked(1, 90)
    first = await world.record(entry, request_id=request_id)
    assert await world.record(entry, request_id=request_id) == first
    refusal = await refused(world.record(asked(1, 90), request_id=request_id))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")


async def test_several_deductions_of_one_settlement_never_exceed_it(world: World) -> None:
    await world.settle(care(1, funds={"310100": 100, "330100": 50}))
    first = await world.deduct(1, funds=[("310100", 60)])
    second = await world.deduct(1, 30)
    # 40 and 50 are left: 13.3 and 16.7.
    assert funds_of(second) == {"310100": 13, "330100": 17}
    refusals = await world.refusal(
        asked(1, 61), asked(1, funds=[("310100", 28)]), asked(1, funds=[("390100", 1)])
    )
    assert [reason for reason, _ in refusals] == ["DEDUCTION_EXCEEDS_SETTLEMENT"] * 3
    assert [metadata["heldFen"] for _, metadata in refusals] == ["60", "27", "0"]
    # In one call each sees what those before it took.
    taken, too_much = await world.record(asked(1, 59), asked(1, 2))
    assert taken.deduction.amount.fen == 59
    assert too_much.HasField("error")
    # What is withdrawn can be deducted again.
    await world.appeal(first.deduction_id)
    await world.decide(first.deduction_id, WITHDRAWN)
    last = await world.deduct(1, 61)
    assert funds_of(last)["310100"] >= 60
    assert sum((await world.balances(Phase.PENDING)).values()) == -150


async def test_two_who_record_at_once_do_not_take_the_same(world: World) -> None:
    await world.settle(care(1, funds={"310100": 100}))
    results = await asyncio.gather(*(world.record(asked(1, 30)) for _ in range(8)))
    taken = [one for (one,) in results if one.HasField("deduction")]
    assert len(taken) == 3
    assert await world.balances(Phase.PENDING) == {("2026-03", "310100"): -90}


async def test_one_bad_entry_does_not_touch_the_others(world: World) -> None:
    await world.settle(care(1), care(2))
    results = await world.record(
        asked(1, 0),
        asked(1, -5),
        asked(1),
        asked(1, 5, funds=[("310100", 5)]),
        asked(1, funds=[("310100", 5), ("310100", 6)]),
        asked(1, funds=[("310100", 0)]),
        asked(1, 10**15),
        asked(99, 5),
        asked(1, 5, insured=CARE, care_region=INSURED),
        asked(1, 5, insured=OTHER),
        asked(2, 7),
    )
    reasons = []
    for result in results[:-1]:
        assert result.HasField("error")
        reasons.append(result.error.details[0])
    texts = [str(one.value) for one in reasons]
    for number, reason in enumerate(
        ["FIELD_INVALID"] * 7
        + ["RESOURCE_NOT_FOUND", "DEDUCTION_PAIR_MISMATCH", "DEDUCTION_PAIR_MISMATCH"]
    ):
        assert reason in texts[number]
    assert results[-1].deduction.amount.fen == 7
    assert sum((await world.balances(Phase.PENDING)).values()) == -7


async def test_the_shape_of_a_call(world: World) -> None:
    await world.settle(care(1))
    for call in (
        world.record(),
        world.record(*[asked(1, 1)] * 501),
        world.record(asked(1, 1), maker_id="李四"),
        world.record(asked(1, 1), maker_id="13800138000"),
        world.appeal(str(uuid4()), note=" "),
        world.appeal(str(uuid4()), note="请致电13800138000"),
        world.appeal(str(uuid4()), maker_id="11010519491231002X"),
        world.decide(str(uuid4()), pb2.APPEAL_DECISION_UNSPECIFIED),
        world.decide(str(uuid4()), UPHELD, note="\n"),
    ):
        assert (await refused(call)).code == "INVALID_ARGUMENT"


async def test_deductions_are_listed_by_pages(world: World) -> None:
    await world.settle(care(1), care(2), care(3, insured="640104"))
    made = []
    for number in (1, 2, 1):
        made.append(await world.deduct(number, 10))
        world.clock.advance(seconds=1)
    far = await world.deduct(3, 10, insured=OTHER)
    await world.appeal(made[1].deduction_id)

    async def ids(**wanted: object) -> list[str]:
        found, token = [], ""
        while True:
            request = service_pb2.ListDeductionsRequest(page_size=2, page_token=token, **wanted)
            page = await world.stub.ListDeductions(request, timeout=TIMEOUT_S)
            found += [one.deduction_id for one in page.deductions]
            token = page.next_page_token
            if not token:
                return found

    everything = [one.deduction_id for one in [*made, far]]
    assert await ids() == everything
    assert await ids(region_code=INSURED) == everything[:3]
    assert await ids(region_code=CARE) == everything
    assert await ids(region_code="650000") == []
    assert await ids(state=pb2.DEDUCTION_STATE_APPEALED) == everything[1:2]
    assert await ids(settlement_id=settlement_id(1)) == [everything[0], everything[2]]
    assert await ids(decision_id=far.decision_id) == everything[3:]
    assert await ids(month="2026-03", region_code=OTHER) == everything[3:]
    assert await ids(month="2026-04") == []
    request = service_pb2.ListDeductionsRequest(page_token="bm8=")
    refusal = await refused(world.stub.ListDeductions(request, timeout=TIMEOUT_S))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_many_at_once(world: World) -> None:
    """The most that one call takes, of few settlements; all are upheld on the same day."""
    await world.settle(*(care(number, funds={"310100": 10_000}) for number in range(1, 6)))
    results = await world.record(*(asked(n % 5 + 1, 7) for n in range(500)))
    assert all(one.HasField("deduction") for one in results)
    assert sum((await world.balances(Phase.PENDING)).values()) == -3_500
    world.clock.instant += timedelta(days=15)
    assert await world.loop.once() == 500
    assert sum((await world.balances()).values()) == -3_500


async def test_the_process_does_it_by_itself(dsn: str, database: Database) -> None:
    fake, clock = FakeSettlement(), FakeClock(MARCH)
    await fake.append(care(1))
    async with feed_server(fake) as port:
        variables = {**environ(dsn, port), "YIJIE_DISPUTE_INTERVAL_S": "0.05"}
        async with (
            running(load(Config, variables), clock=clock) as server,
            open_channel(server.address) as channel,
        ):
            stub = dispute_service_pb2_grpc.DisputeServiceStub(channel)
            world = World(database, stub, clock, Disputes(database, clock))
            made = await eventually(lambda: first(world))
            assert await world.state(made.deduction_id) == "PENDING"
            clock.advance(days=15)

            async def is_upheld() -> None:
                assert await world.state(made.deduction_id) == "UPHELD"

            await eventually(is_upheld)
            await world.coherent()


async def first(world: World) -> pb2.Deduction:
    """The deduction, once the feed has brought the settlement."""
    (result,) = await world.record(asked(1, 5))
    assert result.HasField("deduction")
    return result.deduction
