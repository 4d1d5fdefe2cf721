"""Goal: what goes wrong at the worst moment neither deducts too much nor leaves a case behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest

from services.kit.db import Connection, Database
from services.kit.errors import Absent, DomainError, Unavailable
from services.supervision.cases import usecases
from services.supervision.cases.clients import Recorded, read_recorded
from services.supervision.cases.model import CaseDeduction
from services.supervision.cases.usecases import Review
from services.supervision.credit.store import Consequence
from services.supervision.domain.case_review import Verdict
from services.supervision.domain.case_states import CaseState, Step
from tests.integration.supervision.cases_world import (
    ANSWER,
    CARE,
    FINAL,
    FIRST,
    HOSPITAL,
    PDF,
    SECOND,
    TIMEOUT_S,
    Clearing,
    World,
    cases_world,
    doubt,
    pb2,
    service_pb2,
)
from tests.support.rpc import read_refusal, refused
from yijie.clearing.v1 import dispute_pb2
from yijie.supervision.v1 import credit_service_pb2, finding_pb2

pytestmark = pytest.mark.postgres

_LATER = """/* test.later_finding */
INSERT INTO finding (finding_id, settlement_id, rule_code, result_class, amount_fen,
                     ruleset_version, detail, moment, care_region_code, insured_region_code,
                     institution_code)
SELECT $1, f.settlement_id, 'LATER', 'SUSPICIOUS', $4, f.ruleset_version, $2, 'AUDIT',
       f.care_region_code, f.insured_region_code, f.institution_code
  FROM finding f WHERE f.settlement_id = $3 LIMIT 1"""
_WITHDRAW = """/* test.withdraw_finding */
INSERT INTO finding_withdrawal (finding_id, reason, event_time)
VALUES ($1, 'OTHER_REVERSED', now())"""


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with cases_world(database) as made:
        yield made


async def find_later(world: World, number: int, key: int, line: str, fen: int) -> None:
    """Another finding comes on a settlement: a case of its own, if nobody has an open one."""
    world.clock.advance(minutes=1)
    finding_id = UUID(int=key)
    said = finding_pb2.Finding(line_ids=[line], message_zh="多收").SerializeToString()
    sealed = world.desk.cipher.encrypt(said, context=b"supervision.finding:" + finding_id.bytes)
    await world.database.execute(_LATER, finding_id, sealed, UUID(int=number), fen)
    await world.loop.take_findings()


def funds_of(case: Any) -> dict[str, int]:
    return {one.fund_type_code: one.amount.fen for one in case.deduction.funds}


# --- never a fen too much -----------------------------------------------------------------------


async def test_who_names_no_amount_takes_that_of_the_review_before(world: World) -> None:
    await world.settle(1)
    await world.decide(await world.case_of(1), FIRST)
    await world.decide(await world.case_of(1), SECOND, fen=2_500)
    await world.answer(await world.case_of(1))
    # More than the institution was told is nothing that it could answer to.
    more = await refused(world.decide(await world.case_of(1), ANSWER, fen=2_501))
    assert (more.reason, more.fields) == ("FIELD_INVALID", ["verdicts[0].at_fault"])
    await world.decide(await world.case_of(1), ANSWER)
    await world.decide(await world.case_of(1), FINAL)
    case = await world.case_of(1)
    assert funds_of(case) == {"310100": 1_250, "330100": 250}
    assert [one.at_fault.fen for one in case.findings[0].verdicts] == [0, 2_500, 2_500, 2_500]


async def test_a_later_decision_does_not_take_what_an_appeal_gave_back(world: World) -> None:
    await world.settle(1)
    first = await world.conclude(1)
    await world.loop.once()
    await find_later(world, 1, 77, "2", 20_000)
    assert funds_of(await world.conclude(1)) == {"310100": 10_000, "330100": 2_000}
    await world.loop.once()
    world.clearing.states[UUID(first.deduction.decision_id)] = CaseState.WITHDRAWN
    world.clock.advance(minutes=11)
    await world.loop.once()
    assert (await world.get(first.case_id)).state == pb2.CASE_STATE_WITHDRAWN
    # A third case, again about line 2 alone: it was taken, and line 1 is not its matter.
    await find_later(world, 1, 78, "2", 20_000)
    third = await world.conclude(1)
    assert (third.state, funds_of(third)) == (pb2.CASE_STATE_CONFIRMED, {})


async def test_a_case_of_very_many_findings_can_be_decided(world: World) -> None:
    await world.settle(1, *(doubt(f"R{number}", fen=100) for number in range(250)))
    decided = await world.decide(await world.case_of(1), FIRST)
    assert decided.case.state == pb2.CASE_STATE_SECOND_REVIEW


# --- replicas and clearing ----------------------------------------------------------------------


class Slow(Clearing):
    """Clearing of which one call may be held up, before or after it has done its work."""

    def __init__(self) -> None:
        super().__init__()
        self.before = asyncio.Event()
        self.after = asyncio.Event()
        self.before.set()
        self.after.set()
        self.gets = 0
        self.entered = asyncio.Event()

    async def record(
        self, decisions: Sequence[CaseDeduction], *, now: Any
    ) -> list[Recorded | DomainError]:
        before, after = self.before, self.after
        self.entered.set()
        await before.wait()
        found = await super().record(decisions, now=now)
        await after.wait()
        return found

    async def get(self, deduction_id: UUID) -> Recorded:
        self.gets += 1
        return await super().get(deduction_id)


@pytest.fixture
async def slow(database: Database) -> AsyncIterator[World]:
    async with cases_world(database, deductions=Slow()) as made:
        yield made


async def passed(steps: int = 30) -> None:
    for _ in range(steps):
        await asyncio.sleep(0.005)


async def test_replicas_do_not_refuse_what_one_of_them_lowered(slow: World) -> None:
    await slow.settle(1)
    await slow.conclude(1)
    slow.clearing.held = {"310100": 3_000}
    for _ in range(3):
        await asyncio.gather(*(slow.loop.tell_clearing() for _ in range(4)))
    case = await slow.case_of(1)
    assert case.state == pb2.CASE_STATE_DEDUCTED
    assert funds_of(case) == {"310100": 3_000, "330100": 1_000}


async def test_a_late_refusal_of_an_earlier_round_does_not_count(slow: World) -> None:
    await slow.settle(1)
    await slow.conclude(1)
    slow.clearing.held = {"310100": 3_000}
    slow.clearing.after.clear()
    late = asyncio.create_task(slow.loop.tell_clearing())
    await slow.clearing.entered.wait()
    # It hangs on the answer to its first round; its claim is over, and others go on.
    slow.clock.advance(seconds=61)
    stuck, slow.clearing.after = slow.clearing.after, asyncio.Event()
    slow.clearing.after.set()
    await slow.loop.tell_clearing()
    await slow.loop.tell_clearing()
    stuck.set()
    await late
    case = await slow.case_of(1)
    assert (case.state, funds_of(case)["310100"]) == (pb2.CASE_STATE_DEDUCTED, 3_000)


async def test_what_clearing_recorded_of_another_round_is_what_holds(slow: World) -> None:
    await slow.settle(1)
    await slow.conclude(1)
    slow.clearing.before.clear()
    late = asyncio.create_task(slow.loop.tell_clearing())
    await slow.clearing.entered.wait()
    slow.clock.advance(seconds=61)
    stuck, slow.clearing.before = slow.clearing.before, asyncio.Event()
    slow.clearing.before.set()
    slow.clearing.held = {"310100": 3_000}
    await slow.loop.tell_clearing()
    # An inquiry is taken back, and the late one tells its first round in full.
    slow.clearing.held = {}
    stuck.set()
    await late
    await slow.loop.tell_clearing()
    case = await slow.case_of(1)
    assert case.state == pb2.CASE_STATE_DEDUCTED
    (recorded,) = slow.clearing.recorded.values()
    assert funds_of(case) == recorded.funds_fen == {"310100": 5_000, "330100": 1_000}


async def test_a_repeat_of_another_round_asks_what_was_recorded(slow: World) -> None:
    await slow.settle(1)
    await slow.conclude(1)
    slow.clearing.forgets_to_answer = True
    await slow.loop.tell_clearing()
    slow.clearing.forgets_to_answer = False
    (key,) = slow.clearing.recorded
    # As if this process had lowered it meanwhile.
    await slow.database.execute(
        """/* test.lower */ INSERT INTO case_deduction_fund VALUES ($1, 2, '310100', 7)""", key
    )
    await slow.database.execute("/* test.lower_round */ UPDATE case_deduction SET round = 2")
    slow.clock.advance(seconds=61)
    await slow.loop.tell_clearing()
    case = await slow.case_of(1)
    assert case.state == pb2.CASE_STATE_DEDUCTED
    assert funds_of(case) == {"310100": 5_000, "330100": 1_000}


async def test_what_clearing_says_for_good_is_not_asked_again(slow: World) -> None:
    await slow.settle(1)
    case = await slow.conclude(1)
    await slow.loop.once()
    slow.clearing.states[UUID(case.deduction.decision_id)] = CaseState.UPHELD
    slow.clock.advance(minutes=11)
    await slow.loop.once()
    asked = slow.clearing.gets
    slow.clock.advance(days=1)
    await slow.loop.once()
    assert (await slow.state(1), slow.clearing.gets) == ("UPHELD", asked)


def test_a_state_of_a_later_clearing_is_waited_for() -> None:
    with pytest.raises(Unavailable):
        read_recorded(dispute_pb2.Deduction(deduction_id=str(uuid4())))


# --- the loop -----------------------------------------------------------------------------------


async def test_a_step_that_stumbles_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.settle(1)
    await world.conclude(1)

    async def stumble(_database: Any) -> None:
        message = "stumbled"
        raise RuntimeError(message)

    monkeypatch.setattr("services.supervision.cases.opening_store.is_behind", stumble)
    with pytest.raises(RuntimeError, match="stumbled"):
        await world.loop.once()
    assert await world.state(1) == "DEDUCTED"


async def test_many_withdrawals_are_taken_in_parts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.supervision.cases.loop._WITHDRAWALS_AT_ONCE", 2)
    for number in range(1, 6):
        await world.settle(number)
    for number in range(1, 6):
        await world.reverse(number, take=False)
    await world.loop.take_findings()
    assert {await world.state(number) for number in range(1, 6)} == {"LAPSED"}


async def test_a_withdrawal_during_a_review_leaves_no_case_behind(world: World) -> None:
    await world.settle(1, doubt("A"), doubt("B", "2"))
    case = await world.case_of(1)
    one, other = (UUID(found.finding_id) for found in case.findings)
    checked, ended = asyncio.Event(), asyncio.Event()
    asked = Review(
        case_id=UUID(case.case_id),
        region_code=CARE,
        step=Step.FIRST,
        officer_id="wang.1",
        note="",
        verdicts=[
            Verdict(finding_id=one, step=Step.FIRST, is_confirmed=False),
            Verdict(finding_id=other, step=Step.FIRST, is_confirmed=True),
        ],
    )

    async def work(connection: Connection) -> None:
        await usecases.review(connection, world.desk, asked, paid=None, now=world.clock.now())
        checked.set()
        await ended.wait()

    review = asyncio.create_task(world.database.run("test.review", work))
    await checked.wait()
    # What was confirmed is withdrawn before the review is written down, and taken in at once.
    await world.database.execute(_WITHDRAW, other)
    taking = asyncio.create_task(world.loop.take_findings())
    await passed()
    ended.set()
    await review
    await taking
    assert await world.state(1) == "LAPSED"


async def test_a_decision_that_rests_on_less_says_so_and_stands(world: World) -> None:
    await world.settle(1, doubt("A"), doubt("B", "2"))
    case = await world.conclude(1)
    await world.loop.once()
    await world.database.execute(_WITHDRAW, UUID(case.findings[0].finding_id))
    for _ in range(2):
        await world.loop.once()
    case = await world.case_of(1)
    assert case.state == pb2.CASE_STATE_DEDUCTED
    assert case.findings[0].withdrawn
    last = case.changes[-1]
    assert last.state == pb2.CASE_STATE_DEDUCTED
    assert "疑点被撤回" in last.note
    assert sum("疑点被撤回" in one.note for one in case.changes) == 1
    # A reversal of the settlement itself is no such thing: clearing tells what becomes of it.
    await world.reverse(1)
    assert sum("疑点被撤回" in one.note for one in (await world.case_of(1)).changes) == 1


async def test_a_suspension_that_nobody_can_carry_out_keeps_no_other_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.supervision.cases.loop._CASES_AT_ONCE", 1)
    for number in range(1, 13):
        world.clock.advance(seconds=1)
        await world.settle(number)
        await world.conclude(number)
    request = credit_service_pb2.ListConsequencesRequest()
    found = await world.credit.ListConsequences(request, timeout=TIMEOUT_S)
    for one in found.consequences:
        await world.credit.DecideConsequence(
            credit_service_pb2.DecideConsequenceRequest(
                request_id=str(uuid4()),
                consequence_id=one.consequence_id,
                region_code=CARE,
                approved=True,
                maker_id="qian.4",
                checker_id="sun.5",
                note="累计记分达到标准",
            ),
            timeout=TIMEOUT_S,
        )
    told: list[Consequence] = []

    async def suspend(consequence: Consequence) -> str:
        told.append(consequence)
        if len(told) == 1:
            raise Absent("INSTITUTION_UNKNOWN", "no such institution")
        return str(UUID(int=1))

    monkeypatch.setattr(world.identity, "suspend", suspend)
    await world.loop.carry_out()
    assert [one.subject_id for one in told] == [HOSPITAL] * 2
    states = [state for _, state in await world.consequences()]
    assert sorted(states) == ["APPLIED"] * 3 + ["APPROVED"]


# --- documents ----------------------------------------------------------------------------------


async def test_whoever_stalls_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.supervision.cases.uploads._PART_S", 0.1)
    await world.settle(1)
    for step in (FIRST, SECOND):
        await world.decide(await world.case_of(1), step)
    case = await world.case_of(1)
    first = service_pb2.UploadDocumentRequest(
        request_id=str(uuid4()),
        case_id=case.case_id,
        region_code=CARE,
        institution_code=HOSPITAL,
        size_bytes=len(PDF),
    )

    async def stalling() -> AsyncIterator[Any]:
        yield first
        await asyncio.sleep(TIMEOUT_S)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        _ = [one async for one in world.cases.UploadDocument(stalling(), timeout=TIMEOUT_S)]
    assert read_refusal(caught.value).reason == "DOCUMENT_INCOMPLETE"

    async def empty() -> AsyncIterator[Any]:
        yield first
        for _ in range(3):
            yield service_pb2.UploadDocumentRequest(request_id=first.request_id)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        _ = [one async for one in world.cases.UploadDocument(empty(), timeout=TIMEOUT_S)]
    assert read_refusal(caught.value).fields == ["chunk"]
    assert (await world.case_of(1)).documents == []
