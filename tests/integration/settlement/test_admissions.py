"""Goal: whoever follows stays learns all that becomes of them, in order, without gaps, and nothing
of other visits; one token serves one visit or one bill.

Method: visits are registered, changed, settled and undone through the service; the feed is read
from cursors it gave.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from datetime import date

import pytest

from services.kit.channel import open_channel
from services.kit.errors import RuleForbids
from services.kit.wire import write_date
from tests.integration.settlement.stays import (
    BATCH,
    INTERIM,
    STAY_FEN,
    pre_settle,
    settle,
    settle_visit_request,
    stay,
    try_request,
)
from tests.integration.settlement.test_recompute import recompute
from tests.integration.settlement.visits import ADMITTED, TODAY, Visits, line, register_request
from tests.integration.settlement.world import (
    eventually,
    ident,
    pre_settle_request,
    served,
    settle_request,
)
from tests.support.callees import CARE, HOSPITAL, INSURED, PERSON
from tests.support.rpc import TIMEOUT_S, refused
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import access_pb2
from yijie.settlement.v1 import visit_pb2
from yijie.settlement.v1 import visit_service_pb2 as pb
from yijie.settlement.v1 import visit_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres

STATES = {
    visit_pb2.VISIT_STATE_REGISTERED: "registered",
    visit_pb2.VISIT_STATE_DISCHARGED: "discharged",
    visit_pb2.VISIT_STATE_SETTLED: "settled",
    visit_pb2.VISIT_STATE_CANCELLED: "cancelled",
}


async def follow(world, count, after=""):
    """The first events of a subscription, and its cursor after them."""
    events, cursor = [], after
    stream = rpc.VisitServiceStub(world.channel).SubscribeAdmissions(
        pb.SubscribeAdmissionsRequest(after_cursor=after)
    )
    try:
        async with asyncio.timeout(10):
            async for response in stream:
                events += response.events
                cursor = response.cursor
                if len(events) >= count:
                    return events, cursor
    finally:
        stream.cancel()
    raise AssertionError("the feed ended")


def states(events) -> list[str]:
    return [STATES[one.admission.state] for one in events]


async def test_the_life_of_a_stay(world):
    visits = Visits(world)
    visit = await visits.register(expected_discharge_date=date(2026, 3, 20))
    visit_id = visit.visit_id
    (event,), cursor = await follow(world, 1)
    told = event.admission
    assert (told.visit_id, told.person_id, told.institution_code) == (visit_id, PERSON, HOSPITAL)
    assert (told.care_region_code, told.insured_region_code) == (CARE, INSURED)
    assert told.admission_date == write_date(ADMITTED)
    assert told.expected_discharge_date == write_date(date(2026, 3, 20))
    assert not told.HasField("discharge_date")
    assert (told.emergency, told.revision) == (False, visit.revision)
    assert event.event_time == visit.create_time
    # Fees are nobody else's business.
    await visits.upload(visit_id, line("bed", quantity="10"))
    await visits.update(visit, emergency=True, expected_discharge_date=date(2026, 3, 25))
    await visits.discharge(visit_id, TODAY)
    await visits.cancel_discharge(visit_id)
    await visits.discharge(visit_id, TODAY)
    settlement = (await settle(world, settle_visit_request(visit_id, 80_000))).settlement
    await world.reverse(settlement_id=settlement.settlement_id)
    await visits.cancel_discharge(visit_id)
    await visits.cancel_fees(visit_id, every=True)
    await visits.cancel(visit_id)
    events, last = await follow(world, 8, cursor)
    assert states(events) == [
        "registered", "discharged", "registered", "discharged", "settled", "discharged",
        "registered", "cancelled",
    ]  # fmt: skip
    assert events[0].admission.emergency
    assert events[0].admission.expected_discharge_date == write_date(date(2026, 3, 25))
    assert events[1].admission.discharge_date == write_date(TODAY)
    assert events[4].admission.discharge_date == write_date(TODAY)
    revisions = [one.admission.revision for one in events]
    assert revisions == sorted(set(revisions))
    # From the end nothing comes but signs of life.
    stream = rpc.VisitServiceStub(world.channel).SubscribeAdmissions(
        pb.SubscribeAdmissionsRequest(after_cursor=last)
    )
    first, second = await anext(aiter(stream)), await anext(aiter(stream))
    assert not first.events
    assert not second.events
    assert second.cursor == last
    stream.cancel()


async def test_only_stays_are_told(world):
    visits = Visits(world)
    other = await visits.register(medical_type="11")
    await visits.update(other, emergency=True)
    await visits.cancel(other.visit_id)
    became = await visits.register(medical_type="21")
    await visits.update(became, medical_type_code="11")
    events, _ = await follow(world, 2)
    assert states(events) == ["registered", "cancelled"]
    await visits.update(became, medical_type_code="21")
    events, _ = await follow(world, 3)
    assert states(events)[2] == "registered"


async def test_settlements_in_the_middle_and_of_batches_end_no_stay(world):
    visit_id = await stay(world, discharged=False)
    request = settle_visit_request(visit_id, 80_000, INTERIM, until=date(2026, 3, 10))
    await settle(world, request)
    visits = Visits(world)
    other = (await visits.register(medical_type="11")).visit_id
    await visits.upload(other, line("a"))
    await settle(world, settle_visit_request(other, 8_000, BATCH))
    (row,) = await world.sql("SELECT count(*) AS n FROM admission_event")
    assert row["n"] == 1


async def test_a_stay_that_is_computed_anew_stays_settled(world):
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_UNFILED
    visit_id = await stay(world)
    first = (await settle(world, settle_visit_request(visit_id, STAY_FEN))).settlement
    before, _ = await follow(world, 3)
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
    answer = await recompute(world, first.settlement_id)
    assert answer.changed
    events, _ = await follow(world, 4)
    assert states(events) == ["registered", "discharged", "settled", "settled"]
    assert events[3].admission.revision > before[2].admission.revision
    visit = await Visits(world).get(visit_id)
    assert [one.settlement_id for one in visit.settlements] == [answer.settlement.settlement_id]
    assert visit.state == visit_pb2.VISIT_STATE_SETTLED
    fees = await Visits(world).fees(visit_id)
    assert {one.settlement_id for one in fees} == {answer.settlement.settlement_id}
    # It is undone as any other.
    await world.reverse(settlement_id=answer.settlement.settlement_id)
    assert (await Visits(world).get(visit_id)).state == visit_pb2.VISIT_STATE_DISCHARGED


async def test_what_came_after_a_settlement_is_not_covered_by_what_replaces_it(world):
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_UNFILED
    visit_id = await stay(world, discharged=False)
    until = date(2026, 3, 10)
    request = settle_visit_request(visit_id, 80_000, INTERIM, until=until)
    first = (await settle(world, request)).settlement
    await Visits(world).upload(visit_id, line("late", fee_date=date(2026, 3, 5)))
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
    now = (await recompute(world, first.settlement_id)).settlement
    covered = {
        one.line.line.line_id: one.settlement_id for one in await Visits(world).fees(visit_id)
    }
    assert covered == {"bed": now.settlement_id, "drug": "", "late": ""}


async def test_a_visit_that_is_being_computed_anew_is_busy(world):
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_UNFILED
    visit_id = await stay(world)
    first = (await settle(world, settle_visit_request(visit_id, STAY_FEN))).settlement
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
    world.callees.benefits.commit_mode = "unavailable"
    assert (await refused(recompute(world, first.settlement_id))).reason == "OUTCOME_PENDING"
    refusal = await refused(Visits(world).cancel_discharge(visit_id))
    assert refusal.reason == "VISIT_BUSY"
    world.callees.benefits.commit_mode = ""
    await world.pass_recovery()

    async def settled():
        visit = await Visits(world).get(visit_id)
        return visit.state == visit_pb2.VISIT_STATE_SETTLED

    await eventually(settled)


@pytest.mark.parametrize("cursor", ["x", "1.1", "-1.2", "1", "1.2.3"])
async def test_cursors_of_elsewhere(world, cursor):
    await Visits(world).register()
    await follow(world, 1)
    refusal = await refused(follow(world, 1, cursor))
    assert refusal.reason == "CURSOR_INVALID"


async def test_a_cursor_beyond_all(world):
    await Visits(world).register()
    _, cursor = await follow(world, 1)
    transaction = int(cursor.partition(".")[0])
    refusal = await refused(follow(world, 1, f"{transaction + 10**6}.9"))
    assert refusal.reason == "CURSOR_IN_FUTURE"


async def test_streams_end_when_the_service_drains(dsn, callees, clock):
    async with contextlib.AsyncExitStack() as outer:
        async with served(dsn, callees, clock, io.BytesIO()) as world:
            channel = await outer.enter_async_context(open_channel(world.address))
            stream = rpc.VisitServiceStub(channel).SubscribeAdmissions(
                pb.SubscribeAdmissionsRequest()
            )
            await anext(aiter(stream))
            ended = asyncio.create_task(_drain(stream))
        await asyncio.wait_for(ended, TIMEOUT_S)


async def _drain(stream):
    async for _ in stream:
        pass


@pytest.mark.parametrize(
    ("medical_type", "day"), [("21", date(2026, 2, 28)), ("11", date(2026, 3, 20))]
)
async def test_an_expected_discharge_that_cannot_be(world, medical_type, day):
    refusal = await refused(
        Visits(world).register(medical_type=medical_type, expected_discharge_date=day)
    )
    assert (refusal.reason, refusal.fields) == (
        "FIELD_INVALID", ["record.expected_discharge_date"],
    )  # fmt: skip


# --- tokens -------------------------------------------------------------------------------------


def asked(world):
    return [one for one in world.callees.identity.requests if hasattr(one, "use_id")]


async def test_one_token_serves_one_bill(world):
    request = settle_request()
    await world.pre_settle(pre_settle_request())
    await world.settle(request)
    trial, settled = asked(world)
    assert (trial.use_id, trial.purpose) == ("", access_pb2.ACCESS_PURPOSE_QUOTE)
    assert (settled.use_id, settled.purpose) == (
        request.request_id, access_pb2.ACCESS_PURPOSE_SETTLEMENT,
    )  # fmt: skip


async def test_one_token_serves_one_visit(world):
    request_id = ident()
    visits = Visits(world)
    request = register_request()
    request.request_id = request_id
    visit = await visits.register(request)
    # A repeat shows the same token for the same use, whatever became of the first attempt.
    assert await visits.register(request) == visit
    await visits.upload(visit.visit_id, line("bed", quantity="10"))
    await visits.discharge(visit.visit_id, TODAY)
    await pre_settle(world, try_request(visit.visit_id))
    await settle(world, settle_visit_request(visit.visit_id, 80_000))
    first, again, trial, settled = asked(world)
    assert first.use_id == again.use_id == settled.use_id
    # A bill sent whole may have the same request id: it needs a token of its own.
    assert first.use_id not in {"", request_id}
    assert first.purpose == access_pb2.ACCESS_PURPOSE_REGISTRATION
    assert (trial.use_id, trial.purpose) == ("", access_pb2.ACCESS_PURPOSE_QUOTE)
    assert settled.purpose == access_pb2.ACCESS_PURPOSE_SETTLEMENT


async def test_a_visit_of_before_is_used_under_its_own_id(world):
    visit_id = await stay(world)
    await world.sql("UPDATE visit SET use_id = NULL")
    await settle(world, settle_visit_request(visit_id, STAY_FEN))
    assert asked(world)[-1].use_id == visit_id


async def test_recovery_and_computing_anew_show_no_token(world):
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_UNFILED
    first = (await world.settle()).settlement
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
    await recompute(world, first.settlement_id)
    assert len(asked(world)) == 1


async def test_a_token_that_was_used_is_told_at_the_right_field(world):
    visit_id = await stay(world)
    world.callees.identity.error = RuleForbids("CREDENTIAL_USED", "used before", field="credential")
    refusal = await refused(world.settle())
    assert (refusal.reason, refusal.fields) == ("CREDENTIAL_USED", ["patient.credential"])
    refusal = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN)))
    assert (refusal.reason, refusal.fields) == ("CREDENTIAL_USED", ["credential"])
    refusal = await refused(Visits(world).register(medical_type="11"))
    assert (refusal.reason, refusal.fields) == ("CREDENTIAL_USED", ["patient.credential"])
