"""Goal: a slow, silent, wrong, double or late province hurts itself alone, and no fen of anybody.

Method: the whole service between two provinces of its own, one of which misbehaves when told to.
"""

from __future__ import annotations

import asyncio
import io
import time

import pytest

from services.kit.crypto import FieldCipher, parse_keyring_text
from services.settlement.quarantine_store import CONTEXT
from tests.integration.settlement.world import (
    KEY,
    TOTAL_FEN,
    assert_coherent,
    eventually,
    first_events,
    pre_settle_request,
    raw,
    served,
    settle_request,
    state_name,
)
from tests.support.callees import PERSON, FakeBenefits
from tests.support.regions import region_served, sample
from tests.support.rpc import TIMEOUT_S, refused
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2

pytestmark = pytest.mark.postgres

OTHER = "131100"
PROVINCE = "650000"


@pytest.fixture
async def remote():
    """Xinjiang's own benefits."""
    async with region_served() as opened:
        yield opened


@pytest.fixture
def serve(dsn, callees, clock, remote):
    """Serves settlement with a route of its own for Xinjiang."""

    def opened(options="", **changes):
        routes = f"*={callees.target},{PROVINCE}={remote.target}{options}"
        return served(dsn, callees, clock, io.BytesIO(), BENEFITS_ROUTES=routes, **changes)

    return opened


def other_request():
    """A bill of somebody insured in another province."""
    request = settle_request()
    request.patient.insured_region_code = OTHER
    return request


async def audit(world, remote):
    """The audit of the journal, against what both provinces hold."""
    world.callees.benefits.bookings.update(remote.benefits.bookings)
    await assert_coherent(world)


async def no_intents(world):
    return await world.open_intents() == []


async def state_of(world, request):
    return state_name(await world.get(request_id=request.request_id))


# --- slow ---------------------------------------------------------------------------------------


async def test_each_province_has_its_own_deadline(serve, remote):
    remote.benefits.delay_s = 0.5
    async with serve(";timeout_s=0.1;failures_max=1000", BENEFITS_TIMEOUT_S="5") as world:
        world.callees.benefits.delay_s = 0.3
        started = time.monotonic()
        refusal = await refused(world.stub.PreSettle(pre_settle_request(), timeout=TIMEOUT_S))
        assert refusal.reason == "INSURED_REGION_UNAVAILABLE"
        assert time.monotonic() - started < 0.5
        answer = await world.settle(other_request())
        assert state_name(answer.settlement) == "SETTLED"
        await audit(world, remote)


async def test_a_silent_province_is_spared_and_its_bills_are_not_begun(serve, remote):
    async with serve(";timeout_s=0.1;failures_max=2;pause_s=0.4") as world:
        remote.benefits.mode = "silent"
        for _ in range(2):
            await refused(world.stub.PreSettle(pre_settle_request(), timeout=TIMEOUT_S))
        asked = world.callees.identity.calls
        started = time.monotonic()
        refusal = await refused(world.settle())
        assert time.monotonic() - started < 0.2, "nobody waits for it"
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "INSURED_REGION_UNAVAILABLE")
        assert 0 < refusal.retry_ms <= 400
        assert refusal.metadata == {"insuredRegionCode": PROVINCE}
        assert "参保地" in refusal.zh
        assert set((await world.counts()).values()) == {0}
        assert not remote.benefits.commits
        assert world.callees.identity.calls == asked, "nobody is asked in vain"
        assert state_name((await world.settle(other_request())).settlement) == "SETTLED"
        # It comes back, and the pause is all that it costs.
        remote.benefits.mode = "ok"
        await asyncio.sleep(0.4)
        assert state_name((await world.settle()).settlement) == "SETTLED"
        assert sample("yijie_settlement_region_breaker", insured_region=PROVINCE) == 0
        await audit(world, remote)


async def test_what_was_settled_is_answered_though_its_province_is_spared(serve, remote):
    async with serve(";timeout_s=0.1;failures_max=1;pause_s=30") as world:
        done, pending = settle_request(), settle_request()
        first = await world.settle(done)
        remote.benefits.mode = "lost_reply"
        assert (await refused(world.settle(pending))).reason == "OUTCOME_PENDING"
        commits = remote.benefits.commits
        assert (await refused(world.settle())).reason == "INSURED_REGION_UNAVAILABLE"
        again = await world.settle(done)
        assert again.replayed
        assert again.settlement == first.settlement
        # Something may be booked: never "nothing happened".
        assert (await refused(world.settle(pending))).reason == "OUTCOME_PENDING"
        refusal = await refused(world.reverse(settlement_id=first.settlement.settlement_id))
        assert refusal.reason == "OUTCOME_PENDING"
        assert remote.benefits.commits == commits


async def test_more_bills_than_a_province_has_places_are_not_begun(serve, remote):
    """Whoever is let in has a place for its Commit: nothing is left open for want of one."""
    remote.benefits.delay_s = 0.2
    async with serve(";timeout_s=5;calls_max=4") as world:
        calls = [asyncio.ensure_future(world.settle()) for _ in range(12)]
        others = [asyncio.ensure_future(world.settle(other_request())) for _ in range(3)]
        await asyncio.wait([*calls, *others])
        answers = [call.result() for call in calls if not call.exception()]
        assert len(answers) >= 3
        assert {state_name(answer.settlement) for answer in answers} == {"SETTLED"}
        assert all(state_name(other.result().settlement) == "SETTLED" for other in others)
        # The channel asks three times where it is told UNAVAILABLE; what is left got no place.
        refusals = [await refused(call) for call in calls if call.exception()]
        assert refusals
        assert {r.reason for r in refusals} == {"INSURED_REGION_UNAVAILABLE"}
        assert (await world.counts())["settlement"] == len(answers) + len(others)
        assert len(remote.benefits.live) == len(answers)
        labels = {"insured_region": PROVINCE, "lane": "window"}
        assert sample("yijie_settlement_region_in_flight", **labels) == 0
        await audit(world, remote)


async def test_recovery_finds_out_that_a_province_is_back(serve, remote):
    """Nobody at a window asks: the open intent is the call that is let through."""
    async with serve(";timeout_s=0.1;failures_max=1;pause_s=0.3") as world:
        request = settle_request()
        remote.benefits.mode = "late_reply"
        assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
        assert sample("yijie_settlement_region_breaker", insured_region=PROVINCE) == 2
        remote.benefits.mode = "ok"
        await asyncio.sleep(0.3)
        await world.pass_recovery()
        await eventually(lambda: no_intents(world))
        assert await state_of(world, request) == "SETTLED"
        assert sample("yijie_settlement_region_breaker", insured_region=PROVINCE) == 0
        assert (await world.counts())["outbox"] == len(remote.benefits.live) == 1
        await audit(world, remote)


async def test_recovery_has_its_place_while_every_window_waits(serve, remote):
    async with serve(";timeout_s=30;calls_max=2;failures_max=1000", DRAIN_GRACE_S="0.1") as world:
        request = settle_request()
        remote.benefits.script = ["lost_reply"] * 9
        assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
        # Old enough later, when the one that waits is not.
        world.clock.advance(seconds=20)
        remote.benefits.script = ["silent"]
        waiting = asyncio.ensure_future(world.settle())
        await eventually(lambda: is_taken(remote))
        await world.pass_recovery(20)
        await eventually(lambda: is_settled(world, request))
        assert not waiting.done()
        waiting.cancel()


async def is_taken(remote):
    return not remote.benefits.script


async def is_settled(world, request):
    return await state_of(world, request) == "SETTLED"


async def test_for_want_of_a_place_nothing_is_given_up(serve, remote):
    """Only a province that was asked can have been silent."""
    async with serve(";timeout_s=30;calls_max=2;failures_max=1000", DRAIN_GRACE_S="0.1") as world:
        hanging, waiting = settle_request(), settle_request()
        remote.benefits.script = ["lost_reply"] * 9
        for request in (hanging, waiting):
            assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
        # Recovery has one place, and the call that takes it hangs; both are old enough to be given
        # up.
        remote.benefits.script = ["silent"]
        await world.pass_recovery(601)
        await eventually(lambda: is_taken(remote))
        await asyncio.sleep(0.2)
        await world.pass_recovery(601)
        await asyncio.sleep(0.2)
        states = {await state_of(world, request) for request in (hanging, waiting)}
        assert states == {"PENDING"}


async def test_a_province_that_stays_silent_is_given_up_though_it_is_spared(serve, remote):
    async with serve(";timeout_s=0.1;failures_max=1;pause_s=3600") as world:
        request = settle_request()
        remote.benefits.mode = "silent"
        assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
        world.clock.advance(seconds=601)

        async def is_failed():
            return await state_of(world, request) == "FAILED"

        await eventually(is_failed)
        refusal = await refused(world.settle(request))
        assert (refusal.code, refusal.reason) == (
            "FAILED_PRECONDITION",
            "INSURED_REGION_UNAVAILABLE",
        )
        # Told as soon as it may be asked again; until then the duty stands.
        assert await world.open_intents() == ["CANCEL"]


# --- wrong --------------------------------------------------------------------------------------


def _one_fen_too_many(answer):
    answer.cash_pay.fen += 1


def _malformed_fund(answer):
    answer.fund_payments[0].fund_type_code = "统筹"


def _nothing(answer):
    answer.Clear()


def _of_another_bill(answer):
    """Consistent in itself, but of a bill of another total."""
    for amount in (answer.cash_pay, answer.patient_total):
        amount.fen += 5_000


def _beyond_every_number(answer):
    answer.fund_payments[0].amount.fen = answer.fund_total.fen = 2**63 - 1


SPOILT = (_one_fen_too_many, _malformed_fund, _nothing, _of_another_bill, _beyond_every_number)


@pytest.mark.parametrize("spoil", SPOILT)
async def test_a_wrong_answer_is_refused_and_kept_apart(serve, remote, spoil):
    good, answered = remote.benefits.adjudicate, []

    def spoilt(case):
        answer = good(case)
        spoil(answer)
        answered.append(answer)
        return answer

    remote.benefits.adjudicate = spoilt
    labels = {"insured_region": PROVINCE, "to": "settlement"}
    before = sample("yijie_settlement_quarantined_total", **labels)
    async with serve() as world:
        request = settle_request()
        refusal = await refused(world.settle(request))
        assert (refusal.code, refusal.reason) == (
            "FAILED_PRECONDITION",
            "ADJUDICATION_INCONSISTENT",
        )
        settlement = await world.get(request_id=request.request_id)
        assert state_name(settlement) == "FAILED"
        (row,) = await world.sql(
            "SELECT settlement_id, insured_region_code, reasons, answer, trace_id FROM quarantine"
        )
        assert str(row["settlement_id"]) == settlement.settlement_id
        assert row["insured_region_code"] == "650100"
        assert row["reasons"]
        assert row["trace_id"]
        cipher = FieldCipher(parse_keyring_text(KEY))
        kept = cipher.decrypt(row["answer"], context=CONTEXT + row["settlement_id"].bytes)
        assert adjudication_pb2.Adjudication.FromString(kept) == answered[0]
        assert sample("yijie_settlement_quarantined_total", **labels) == before + 1
        # Never booked, and the province is told to take back what it has.
        assert (await world.counts())["outbox"] == 0
        await world.pass_recovery()
        await eventually(lambda: no_intents(world))
        assert not remote.benefits.live
        assert state_name((await world.settle(other_request())).settlement) == "SETTLED"
        log = world.log.getvalue().decode()
        assert "answer quarantined" in log
        for secret in (PERSON, str(TOTAL_FEN), str(TOTAL_FEN + 5_000), str(2**63 - 1)):
            assert secret not in log


async def test_a_wrong_quote_is_refused_and_counted(serve, remote):
    remote.benefits.mode = "inconsistent"
    labels = {"insured_region": PROVINCE, "to": "quote"}
    before = sample("yijie_settlement_quarantined_total", **labels)
    async with serve() as world:
        refusal = await refused(world.stub.PreSettle(pre_settle_request(), timeout=TIMEOUT_S))
        assert refusal.reason == "ADJUDICATION_INCONSISTENT"
        assert set((await world.counts()).values()) == {0}
    assert sample("yijie_settlement_quarantined_total", **labels) == before + 1


async def test_what_is_kept_apart_is_never_changed(serve, remote):
    remote.benefits.mode = "inconsistent"
    async with serve() as world:
        await refused(world.settle())
        async with raw(world.dsn) as connection:
            for statement in (
                "UPDATE quarantine SET reasons = '{x}'",
                "DELETE FROM quarantine",
                "TRUNCATE quarantine",
            ):
                with pytest.raises(Exception, match="append-only"):
                    await connection.execute(statement)


async def test_an_answer_that_is_no_message_is_no_answer(serve, remote):
    """Bytes that cannot be read: the outcome is unknown until it answers in its right mind."""
    async with serve(";failures_max=1000") as world:
        request = settle_request()
        remote.is_garbled = True
        assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
        remote.is_garbled = False
        await world.pass_recovery()
        await eventually(lambda: no_intents(world))
        assert await state_of(world, request) == "SETTLED"
        assert len(remote.benefits.live) == 1
        await audit(world, remote)


# --- twice --------------------------------------------------------------------------------------


class Forgetful(FakeBenefits):
    """Books nothing and answers every Commit anew, each time with another fen from the account."""

    async def Commit(self, request, context):
        self.commits += 1
        number = self.commits
        await asyncio.sleep(0.05 * number)
        answer = self.adjudicate(request.case)
        answer.account_pay.fen += number
        answer.cash_pay.fen -= number
        return benefits_service_pb2.CommitResponse(adjudication=answer)


async def test_two_answers_to_one_bill_are_one_settlement(dsn, callees, clock):
    """The one that is written first stands, for everybody who asked and for ever."""
    async with region_served(Forgetful()) as remote:
        routes = f"*={callees.target},{PROVINCE}={remote.target};timeout_s=5"
        async with served(dsn, callees, clock, io.BytesIO(), BENEFITS_ROUTES=routes) as world:
            request = settle_request(use_account=True)
            answers = await asyncio.gather(*(world.settle(request) for _ in range(4)))
            assert remote.benefits.commits > 1
            told = {a.settlement.SerializeToString(deterministic=True) for a in answers}
            assert len(told) == 1
            assert (await world.counts())["outbox"] == 1
            (event,) = await first_events(world.stub, 1)
            again = await world.settle(request)
            assert again.settlement == event.settlement == answers[0].settlement


# --- late ---------------------------------------------------------------------------------------


async def test_an_answer_after_the_deadline_is_neither_lost_nor_doubled(serve, remote):
    async with serve(";timeout_s=0.1;failures_max=1000") as world:
        requests = [settle_request() for _ in range(3)]
        remote.benefits.mode = "late_reply"
        for request in requests:
            assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
        assert len(remote.benefits.live) == 3, "all of them are booked there"
        remote.benefits.mode = "ok"
        await world.pass_recovery()
        await eventually(lambda: no_intents(world))
        for request in requests:
            answer = await world.settle(request)
            assert answer.replayed
            assert state_name(answer.settlement) == "SETTLED"
        assert len(remote.benefits.live) == 3
        assert (await world.counts())["outbox"] == 3
        assert not remote.benefits.cancels
        await audit(world, remote)


async def test_a_late_answer_to_what_was_given_up_books_nothing(serve, remote):
    """The tombstone refuses the Commit that arrives after the Cancel."""
    async with serve(";timeout_s=0.1;failures_max=1000") as world:
        request = settle_request()
        remote.benefits.mode = "silent"
        assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
        await world.pass_recovery(601)

        async def is_failed():
            return await state_of(world, request) == "FAILED"

        await eventually(is_failed)
        settlement = await world.get(request_id=request.request_id)
        await world.pass_recovery()
        await eventually(lambda: no_intents(world))
        remote.benefits.mode = "ok"
        assert remote.benefits.bookings[settlement.settlement_id].cancelled
        assert (await refused(world.settle(request))).reason == "INSURED_REGION_UNAVAILABLE"
        assert not remote.benefits.live
