"""Goal: a bill is settled once per request id, and every answer is the truth.

Method: the whole service on a real database, between callees that are real servers and misbehave
when told to; recovery acts only when the test moves the clock.
"""

from __future__ import annotations

import asyncio
import io
from uuid import UUID

import grpc
import orjson
import pytest

from services.kit.errors import Overloaded, Unavailable
from tests.integration.settlement.world import (
    FUND_FEN,
    IN_SCOPE_FEN,
    TOTAL_FEN,
    eventually,
    first_events,
    ident,
    pre_settle_request,
    served,
    settle_request,
    state_name,
)
from tests.support.callees import CARE, HOSPITAL, INSURED, LOST_CARD, PERSON, Booking
from tests.support.rpc import TIMEOUT_S, read_refusal, refused
from yijie.benefits.v1 import benefits_service_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


async def test_a_bill_is_settled(world):
    request = settle_request()
    response = await world.settle(request)
    settlement = response.settlement
    assert not response.replayed
    assert UUID(settlement.settlement_id).version == 7
    assert settlement.request_id == request.request_id
    assert settlement.state == settlement_pb2.SETTLEMENT_STATE_SETTLED
    assert (settlement.care_region_code, settlement.insured_region_code) == (CARE, INSURED)
    assert (settlement.institution_code, settlement.person_id) == (HOSPITAL, PERSON)
    assert (settlement.scheme_code, settlement.person_type_code) == ("310", "1201")
    assert settlement.medical_type_code == "11"
    assert settlement.begin_date == settlement.end_date == request.bill.end_date
    amounts = settlement.amounts
    assert amounts.total.fen == TOTAL_FEN
    assert (amounts.full_self_pay.fen, amounts.over_limit.fen) == (999, 0)
    assert (amounts.prior_self_pay.fen, amounts.in_scope.fen) == (370, IN_SCOPE_FEN)
    adjudication = settlement.adjudication
    assert adjudication.fund_total.fen == FUND_FEN
    assert adjudication.policy_version == "650000@2017-abcdef"
    assert settlement.catalogue_version == "640000@v1"
    assert settlement.benefit_level == filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
    assert settlement.filing_id
    assert settlement.benefit_level_explanation_zh == "长期备案"
    assert [finding.rule_code for finding in settlement.findings] == ["DRUG_SEX"]
    assert settlement.screening_state == settlement_pb2.SCREENING_STATE_SCREENED
    assert len(response.trace_id) == 32
    assert response.trace_id == settlement.trace_id
    assert response.trace_id.strip("0")
    assert settlement.HasField("create_time")
    assert settlement.HasField("settle_time")
    assert not settlement.HasField("reverse_time")
    # The basic view: no lines, no bill, no steps.
    assert not settlement.lines
    assert not settlement.HasField("bill")
    assert not settlement.HasField("birth_date")
    assert not settlement.adjudication.steps
    booking = world.callees.benefits.live[settlement.settlement_id]
    assert booking.case.amounts == amounts
    assert booking.case.deductible_level_code == "03"
    assert await world.counts() == {
        "settlement": 1, "settlement_state_change": 2, "request": 1, "open_intent": 0, "outbox": 1,
    }  # fmt: skip


async def test_with_trace_gives_lines_and_steps(world):
    settlement = (await world.settle(settle_request(with_trace=True))).settlement
    assert [line.not_listed for line in settlement.lines] == [False, False, True]
    assert settlement.adjudication.steps
    assert settlement.bill.total.fen == TOTAL_FEN


async def test_a_repeat_gets_the_first_answer(world):
    request = settle_request()
    first = await world.settle(request)
    # The first answer stands, whatever the card says by now, and whoever is down.
    world.callees.identity.error = Unavailable("DATABASE_UNAVAILABLE", "down")
    world.callees.benefits.mode = "unavailable"
    world.clock.advance(days=40)
    again = await world.settle(request)
    assert again.replayed
    assert again.settlement.SerializeToString(deterministic=True) == (
        first.settlement.SerializeToString(deterministic=True)
    )
    assert again.trace_id != first.trace_id
    request.with_trace = True
    assert (await world.settle(request)).settlement.lines
    assert world.callees.benefits.commits == 1


async def test_twenty_at_once_are_one_settlement(world):
    request = settle_request()
    world.callees.benefits.delay_s = 0.02
    answers = await asyncio.gather(*(world.settle(request) for _ in range(20)))
    assert len({answer.settlement.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert list(world.callees.benefits.live) == [answers[0].settlement.settlement_id]
    assert await world.counts() == {
        "settlement": 1, "settlement_state_change": 2, "request": 1, "open_intent": 0, "outbox": 1,
    }  # fmt: skip


async def test_an_id_used_with_other_content_is_refused(world):
    request = settle_request()
    await world.settle(request)
    before = await world.counts()
    request.use_account = True
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert refusal.fields == ["request_id"]
    assert await world.counts() == before


async def test_an_id_of_a_reversal_settles_nothing(world):
    settlement = (await world.settle()).settlement
    used = ident()
    await world.reverse(request_id=used, settlement_id=settlement.settlement_id)
    refusal = await refused(world.settle(settle_request(request_id=used)))
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_a_refusal_of_identity_is_passed_on(world):
    request = settle_request()
    request.patient.credential.type = 3
    request.patient.credential.number = LOST_CARD
    before = await world.counts()
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "CARD_LOST")
    assert refusal.domain == "identity.yijie"
    assert refusal.fields == ["patient.credential.number"]
    assert refusal.zh == "社会保障卡已挂失，不能结算"
    assert await world.counts() == before
    assert world.callees.benefits.commits == 0


async def test_a_policy_not_covered_is_final(world):
    world.callees.benefits.mode = "refuse"
    request = settle_request()
    first = await refused(world.settle(request))
    assert (first.code, first.reason) == ("FAILED_PRECONDITION", "POLICY_NOT_COVERED")
    assert first.domain == "benefits.yijie"
    assert first.fields == ["patient.scheme_code"]
    settlement = await world.get(request_id=request.request_id)
    assert settlement.state == settlement_pb2.SETTLEMENT_STATE_FAILED
    assert settlement.failure_reason == "POLICY_NOT_COVERED"
    assert not settlement.HasField("adjudication")
    world.callees.benefits.mode = "ok"
    again = await refused(world.settle(request))
    assert again.text == first.text
    assert (await world.counts())["outbox"] == 0
    # The region may have booked an attempt before this one, so it is told to take back.
    assert await world.open_intents() == ["CANCEL"]
    await world.pass_recovery()
    await eventually(lambda: _no_intents(world))
    assert world.callees.benefits.cancels == [settlement.settlement_id]
    assert not world.callees.benefits.live


async def test_a_refusal_after_a_lost_booking_leaves_nothing_booked(world):
    # The reply to the first attempt is lost; a repeat is refused, say after a change of policy.
    world.callees.benefits.script = ["late_reply", "refuse"]
    request = settle_request()
    await refused(world.settle(request))
    assert len(world.callees.benefits.live) == 1
    assert (await refused(world.settle(request))).reason == "POLICY_NOT_COVERED"
    await world.pass_recovery()
    await eventually(lambda: _no_intents(world))
    assert not world.callees.benefits.live


async def test_a_tombstone_needs_no_second_one(world):
    world.callees.benefits.mode = "unavailable"
    request = settle_request()
    settlement_id = (await refused(world.settle(request))).metadata["settlementId"]
    world.callees.benefits.bookings[settlement_id] = Booking(cancelled=True)
    world.callees.benefits.mode = "ok"
    assert (await refused(world.settle(request))).reason == "ADJUDICATION_CANCELLED"
    assert await world.open_intents() == []


@pytest.mark.parametrize(
    ("mode", "booked"),
    [
        ("silent", False),
        ("unavailable", False),
        ("overloaded", False),
        ("lost_reply", True),
        ("late_reply", True),
    ],
)
async def test_an_unknown_outcome_is_finished(world, mode, booked):
    world.callees.benefits.mode = mode
    request = settle_request()
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "OUTCOME_PENDING")
    assert refusal.retry_ms == 1000
    settlement_id = refusal.metadata["settlementId"]
    pending = await world.get(settlement_id=settlement_id)
    assert pending.state == settlement_pb2.SETTLEMENT_STATE_PENDING
    assert not pending.HasField("adjudication")
    assert not pending.HasField("settle_time")
    assert bool(world.callees.benefits.live) == booked
    # A repeat does not settle it either, while the region is as it is.
    assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"

    world.callees.benefits.mode = "ok"
    await world.pass_recovery()

    async def settled():
        return state_name(await world.get(settlement_id=settlement_id)) == "SETTLED"

    await eventually(settled)
    assert list(world.callees.benefits.live) == [settlement_id]
    assert await world.open_intents() == []
    assert (await world.counts())["outbox"] == 1
    answer = await world.settle(request)
    assert answer.replayed
    assert answer.settlement == await world.get(settlement_id=settlement_id)


async def test_a_repeat_finishes_what_is_pending(world):
    world.callees.benefits.mode = "lost_reply"
    request = settle_request()
    await refused(world.settle(request))
    world.callees.benefits.mode = "ok"
    answer = await world.settle(request)
    assert answer.replayed
    assert state_name(answer.settlement) == "SETTLED"
    assert len(world.callees.benefits.live) == 1
    assert await world.open_intents() == []


async def test_amounts_that_do_not_add_up_settle_nothing(world):
    world.callees.benefits.mode = "inconsistent"
    request = settle_request()
    first = await refused(world.settle(request))
    assert (first.code, first.reason) == ("FAILED_PRECONDITION", "ADJUDICATION_INCONSISTENT")
    settlement = await world.get(request_id=request.request_id)
    assert (state_name(settlement), settlement.failure_reason) == ("FAILED", first.reason)
    assert await world.open_intents() == ["CANCEL"]
    # The region has booked; it is told to take back.
    await world.pass_recovery()
    await eventually(lambda: _no_intents(world))
    assert world.callees.benefits.cancels == [settlement.settlement_id]
    assert not world.callees.benefits.live
    assert (await refused(world.settle(request))).text == first.text
    assert (await world.counts())["outbox"] == 0


async def test_a_cancel_that_fails_is_tried_again(world):
    world.callees.benefits.mode = "inconsistent"
    world.callees.benefits.cancel_is_down = True
    await refused(world.settle())
    await world.pass_recovery()

    async def tried():
        return world.callees.benefits.cancels

    await eventually(tried)
    assert await world.open_intents() == ["CANCEL"]
    world.callees.benefits.cancel_is_down = False
    await world.pass_recovery()
    await eventually(lambda: _no_intents(world))
    assert not world.callees.benefits.live


async def test_what_is_never_answered_is_given_up(world):
    world.callees.benefits.mode = "late_reply"
    request = settle_request()
    await refused(world.settle(request))
    world.callees.benefits.mode = "unavailable"
    world.clock.advance(seconds=601)

    async def failed():
        return state_name(await world.get(request_id=request.request_id)) == "FAILED"

    await eventually(failed)
    settlement = await world.get(request_id=request.request_id)
    assert settlement.failure_reason == "INSURED_REGION_UNAVAILABLE"
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "INSURED_REGION_UNAVAILABLE")
    await world.pass_recovery()
    await eventually(lambda: _no_intents(world))
    assert not world.callees.benefits.live
    # A commit that arrives late finds the tombstone.
    world.callees.benefits.mode = "ok"
    assert (await world.counts())["outbox"] == 0


async def test_supervision_down_does_not_stop_a_patient(world):
    world.callees.supervision.error = Unavailable("DATABASE_UNAVAILABLE", "down")
    settlement = (await world.settle()).settlement
    assert settlement.screening_state == settlement_pb2.SCREENING_STATE_DEFERRED
    assert not settlement.findings


async def test_supervision_overloaded_does_not_stop_a_patient(world):
    world.callees.supervision.error = Overloaded("OVERLOADED", "busy")
    settlement = (await world.settle()).settlement
    assert settlement.screening_state == settlement_pb2.SCREENING_STATE_DEFERRED


async def test_supervision_slow_does_not_hold_a_patient_up(world):
    world.callees.supervision.delay_s = 20
    settlement = (await world.settle()).settlement
    assert settlement.screening_state == settlement_pb2.SCREENING_STATE_DEFERRED


@pytest.mark.parametrize("callee", ["identity", "filing"])
async def test_a_callee_down_writes_nothing(world, callee):
    if callee == "identity":
        world.callees.identity.error = Unavailable("DATABASE_UNAVAILABLE", "down")
    else:
        world.callees.filing.is_down = True
    before = await world.counts()
    refusal = await refused(world.settle())
    assert refusal.code == "UNAVAILABLE"
    assert refusal.reason == {"identity": "DATABASE_UNAVAILABLE"}.get(callee, "CALLEE_UNAVAILABLE")
    assert await world.counts() == before


async def test_a_caller_that_hangs_up_leaves_one_settlement(world):
    world.callees.benefits.delay_s = 0.4
    request = settle_request()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await world.settle(request, timeout_s=0.2)
    assert read_refusal(caught.value).code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}
    world.callees.benefits.delay_s = 0
    await world.pass_recovery()
    await eventually(lambda: _no_intents(world))
    rows = (await world.counts())["settlement"]
    assert rows == len(world.callees.benefits.live) <= 1


async def test_a_trial_writes_nothing(world):
    before = await world.counts()
    request = pre_settle_request(use_account=True, with_trace=True)
    settlement = (await world.stub.PreSettle(request, timeout=TIMEOUT_S)).settlement
    assert settlement.settlement_id == ""
    assert settlement.state == settlement_pb2.SETTLEMENT_STATE_UNSPECIFIED
    assert settlement.adjudication.account_pay.fen == 5_000
    assert settlement.adjudication.steps
    assert await world.counts() == before
    assert world.callees.benefits.commits == 0
    request.with_trace = False
    basic = (await world.stub.PreSettle(request, timeout=TIMEOUT_S)).settlement
    assert not basic.lines
    assert basic.adjudication.fund_total == settlement.adjudication.fund_total
    settled = (await world.settle(settle_request(use_account=True))).settlement
    for name in ("amounts", "benefit_level", "findings", "catalogue_version"):
        assert getattr(settled, name) == getattr(basic, name)
    assert settled.adjudication == basic.adjudication


@pytest.mark.parametrize(
    ("mode", "code", "reason"),
    [
        ("refuse", "FAILED_PRECONDITION", "POLICY_NOT_COVERED"),
        ("unavailable", "UNAVAILABLE", "INSURED_REGION_UNAVAILABLE"),
        ("inconsistent", "FAILED_PRECONDITION", "ADJUDICATION_INCONSISTENT"),
    ],
)
async def test_a_trial_that_the_region_does_not_answer(world, mode, code, reason):
    world.callees.benefits.mode = mode
    refusal = await refused(world.stub.PreSettle(pre_settle_request(), timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == (code, reason)


async def test_no_region_but_the_routed_ones_is_asked(dsn, callees, clock):

    routes = {"BENEFITS_ROUTES": f"130000={callees.target}"}
    async with served(dsn, callees, clock, io.BytesIO(), **routes) as world:
        refusal = await refused(world.settle())
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "POLICY_NOT_COVERED")
        assert refusal.fields == ["patient.insured_region_code"]


async def test_one_log_line_names_what_matters(world):
    request = settle_request()
    settlement = (await world.settle(request)).settlement
    lines = [orjson.loads(line) for line in world.log.getvalue().splitlines()]
    call = next(line for line in lines if line["event"] == "call")
    assert call["method"] == "yijie.settlement.v1.SettlementService/Settle"
    assert call["request_id"] == request.request_id
    assert call["settlement_id"] == settlement.settlement_id
    assert call["trace_id"] == settlement.trace_id
    assert (call["care_region"], call["insured_region"]) == ("640000", "650000")


async def test_the_feed_says_what_the_answer_said(world):
    settlement = (await world.settle()).settlement
    (event,) = await first_events(world.stub, 1)
    assert event.kind == pb.EVENT_KIND_SETTLED
    assert event.settlement == settlement
    assert event.event_time == settlement.settle_time


async def test_a_settlement_is_one_complete_trace(dsn, callees, clock, tmp_path):

    async with served(dsn, callees, clock, io.BytesIO(), TRACE_DIR=str(tmp_path)) as world:
        trace_id = (await world.settle()).trace_id
    spans = [
        orjson.loads(line) for line in (tmp_path / "settlement.jsonl").read_bytes().splitlines()
    ]
    spans = [span for span in spans if span["trace_id"] == trace_id]
    roots = [span for span in spans if not span["parent_id"]]
    assert [root["name"] for root in roots] == ["yijie.settlement.v1.SettlementService/Settle"]
    known = {span["span_id"] for span in spans}
    assert all(span["parent_id"] in known for span in spans if span["parent_id"])
    names = {span["name"] for span in spans}
    for method in (
        "identity.v1.IdentityService/VerifyCredential",
        "filing.v1.FilingService/MatchFiling",
        "supervision.v1.SupervisionService/ScreenBill",
        "benefits.v1.BenefitsService/Commit",
    ):
        assert f"yijie.{method}" in names
    assert {"settlement.insert_intent", "settlement.insert_settled"} <= names


async def test_the_region_is_asked_for_what_the_journal_holds(world):
    settlement_id = (await world.settle()).settlement.settlement_id
    (row,) = await world.sql("SELECT commit_request, detail FROM settlement")
    request = benefits_service_pb2.CommitRequest.FromString(row["commit_request"])
    assert request.settlement_id == settlement_id
    assert request.case == world.callees.benefits.live[settlement_id].case
    assert b"I10.x00x002" not in row["detail"]


async def _no_intents(world) -> bool:
    return not await world.open_intents()
