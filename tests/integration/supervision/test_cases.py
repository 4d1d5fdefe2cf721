"""Goal: findings come through three people to one deduction, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import grpc
import pytest

from services.kit.db import Database
from services.kit.errors import NotAllowed, RuleForbids
from services.supervision.cases import opening_store, store
from services.supervision.domain.case_states import CaseState
from tests.integration.supervision.cases_world import (
    ANSWER,
    CARE,
    FINAL,
    FIRST,
    INSURED,
    MARCH,
    SECOND,
    World,
    cases_world,
    doubt,
    pb2,
    service_pb2,
)
from tests.integration.supervision.tickets_world import Agency
from tests.support.rpc import read_refusal, refused
from yijie.supervision.v1 import finding_pb2

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with cases_world(database) as made:
        yield made


# --- from findings to a deduction ---------------------------------------------------------------


async def test_findings_of_a_settlement_make_one_case(world: World) -> None:
    suspicious = finding_pb2.RESULT_CLASS_SUSPICIOUS
    await world.settle(1, doubt("B", "2", fen=20_000, found=suspicious), doubt("A"))
    await world.loop.take_findings()
    (case,) = await world.list()
    assert (case.rule_codes, case.amount.fen) == (["A", "B"], 20_000)
    assert case.result_class == finding_pb2.RESULT_CLASS_VIOLATION
    assert case.state == pb2.CASE_STATE_FIRST_REVIEW
    whole = await world.get(case.case_id)
    assert [one.finding.rule_code for one in whole.findings] == ["B", "A"]
    assert whole.findings[0].finding.message_zh.startswith("同一日")


async def test_replicas_take_findings_once(world: World) -> None:
    for number in range(1, 30):
        await world.settle(number, doubt("A"), doubt("B"), take=False)
    await asyncio.gather(*(world.loop.take_findings() for _ in range(4)))
    assert len(await world.list()) == 29
    rows = await world.database.fetch("/* test.taken */ SELECT count(*) AS n FROM case_finding")
    assert rows[0]["n"] == 58
    assert await opening_store.is_behind(world.database) is None


async def test_many_findings_are_taken_in_parts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.supervision.cases.loop._FINDINGS_AT_ONCE", 3)
    for number in range(1, 6):
        await world.settle(number, doubt("A"), doubt("B"), take=False)
    await world.reverse(5, take=False)
    await world.loop.take_findings()
    cases = await world.list()
    assert len(cases) == 4
    assert all(list(one.rule_codes) == ["A", "B"] for one in cases)


async def test_parts_in_which_nothing_is_due_are_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.supervision.cases.loop._FINDINGS_AT_ONCE", 2)
    for number in range(1, 5):
        await world.settle(number, doubt("A"), doubt("B"), take=False)
    for number in (1, 2):
        await world.reverse(number, take=False)
    await world.loop.take_findings()
    assert len(await world.list()) == 2
    assert await opening_store.is_behind(world.database) is None


async def test_a_new_case_says_what_its_findings_sum_up_to(world: World) -> None:
    suspicious = finding_pb2.RESULT_CLASS_SUSPICIOUS
    to_verify = finding_pb2.RESULT_CLASS_TO_VERIFY
    await world.settle(
        1, doubt("C_D", found=to_verify), doubt("CA", "2", fen=20_000, found=suspicious), doubt("B")
    )
    await world.settle(2, doubt("B"), doubt("A"))
    await world.settle(3, doubt("B", found=to_verify), doubt("A", "2", found=to_verify))
    # One that is plain beside one that is not: nobody confirms such a case with a hundred others.
    await world.settle(4, doubt("B"), doubt("A", "2", found=suspicious))
    opened = await world.list()
    assert len(opened) == 4
    keys = [UUID(one.case_id) for one in opened]
    await world.run(lambda connection: opening_store.sum_up(connection, keys))
    assert await world.list() == opened


async def test_three_people_take_a_case_to_a_deduction(world: World) -> None:
    await world.settle(1)
    case = await world.conclude(1)
    assert case.state == pb2.CASE_STATE_DEDUCTING
    # A third of the scope is at fault: a third of what each fund paid; the account is no fund.
    assert {one.fund_type_code: one.amount.fen for one in case.deduction.funds} == {
        "310100": 5_000,
        "330100": 1_000,
    }
    await world.loop.once()
    case = await world.case_of(1)
    assert case.state == pb2.CASE_STATE_DEDUCTED
    assert case.deduction.deduction_id == case.deduction.decision_id
    assert [(one.step, one.officer_id) for one in case.changes if one.step] == [
        (FIRST, "wang.1"),
        (SECOND, "li.2"),
        (ANSWER, "li.2"),
        (FINAL, "zhao.3"),
    ]
    (recorded,) = world.clearing.recorded.values()
    assert (recorded.maker_id, recorded.checker_id) == ("li.2", "zhao.3")
    assert (recorded.insured_region_code, recorded.care_region_code) == (INSURED, CARE)


async def test_officers_may_say_that_less_is_at_fault(world: World) -> None:
    await world.settle(1)
    await world.decide(await world.case_of(1), FIRST, fen=5_000)
    await world.decide(await world.case_of(1), SECOND, fen=2_500)
    await world.answer(await world.case_of(1))
    await world.decide(await world.case_of(1), ANSWER, fen=2_500)
    await world.decide(await world.case_of(1), FINAL, fen=2_500)
    case = await world.case_of(1)
    assert case.deduction.amount.fen == 1_250 + 250


async def test_a_line_that_two_decisions_name_is_deducted_once(world: World) -> None:
    await world.settle(1)
    first = await world.conclude(1)
    await world.loop.once()
    # Another finding comes later, on the same line and on the other one: a case of its own.
    world.clock.advance(minutes=1)
    event = world.numbers[1]
    await world.run(
        lambda connection: connection.execute(
            """/* test.later_finding */
            INSERT INTO finding (finding_id, settlement_id, rule_code, result_class, amount_fen,
                                 ruleset_version, detail, moment, care_region_code,
                                 insured_region_code, institution_code)
            SELECT $1, f.settlement_id, 'LATER', 'SUSPICIOUS', 30000, f.ruleset_version, $2,
                   'AUDIT', f.care_region_code, f.insured_region_code, f.institution_code
              FROM finding f WHERE f.settlement_id = $3""",
            UUID(int=77),
            world.desk.cipher.encrypt(
                finding_pb2.Finding(line_ids=["1", "2"], message_zh="多收").SerializeToString(),
                context=b"supervision.finding:" + UUID(int=77).bytes,
            ),
            UUID(event.settlement.settlement_id),
        )
    )
    await world.loop.take_findings()
    second = await world.conclude(1)
    assert second.case_id != first.case_id
    assert first.deduction.amount.fen + second.deduction.amount.fen == 18_000
    assert {one.fund_type_code: one.amount.fen for one in second.deduction.funds} == {
        "310100": 10_000,
        "330100": 2_000,
    }


async def test_what_the_funds_did_not_pay_is_confirmed_without_a_deduction(world: World) -> None:
    await world.settle(1, doubt("A", "2", fen=20_000))
    for line in world.numbers[1].settlement.lines:
        if line.line_id == "2":
            line.split.in_scope.fen = 0
    case = await world.conclude(1)
    assert case.state == pb2.CASE_STATE_CONFIRMED
    assert case.deduction.amount.fen == 0
    await world.loop.once()
    assert world.clearing.calls == 0


@pytest.mark.parametrize("step", [FIRST, SECOND, ANSWER, FINAL])
async def test_any_stage_may_dismiss(world: World, step: int) -> None:
    await world.settle(1)
    case = await world.reach(1, step)
    answer = await world.decide(case, step, confirmed=False)
    assert answer.case.state == pb2.CASE_STATE_DISMISSED
    await world.loop.once()
    assert world.clearing.calls == 0
    (outcome,) = await store.outcomes(
        world.database, since=MARCH - timedelta(1), until=MARCH + timedelta(1)
    )
    assert (outcome.confirmed, outcome.rejected, outcome.rejected_fen) == (0, 1, 10_000)


# --- people -------------------------------------------------------------------------------------


async def test_nobody_decides_in_two_stages(world: World) -> None:
    await world.settle(1)
    await world.decide(await world.case_of(1), FIRST)
    refusal = await refused(world.decide(await world.case_of(1), SECOND, officer_id="WANG.1"))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "CASE_SAME_PERSON")
    assert refusal.metadata["step"] == "FIRST"
    again = await refused(world.decide(await world.case_of(1), FIRST))
    assert (again.reason, again.metadata["state"]) == ("CASE_STATE_FORBIDS", "SECOND_REVIEW")
    await world.decide(await world.case_of(1), SECOND)
    await world.answer(await world.case_of(1))
    # The same stage may be weighed by another person of it, but not by the first reviewer.
    assert (
        await refused(world.decide(await world.case_of(1), ANSWER, officer_id="wang.1"))
    ).reason == "CASE_SAME_PERSON"
    await world.decide(await world.case_of(1), ANSWER, officer_id="sun.9")
    for officer in ("wang.1", "li.2", "sun.9"):
        call = world.decide(await world.case_of(1), FINAL, officer_id=officer)
        assert (await refused(call)).reason == "CASE_SAME_PERSON"
    assert await world.state(1) == "FINAL_REVIEW"


async def test_two_officers_at_once_decide_once(world: World) -> None:
    await world.settle(1)
    case = await world.case_of(1)
    calls = [world.decide(case, FIRST, officer_id=f"officer.{n}") for n in range(5)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    errors = [one for one in results if isinstance(one, grpc.aio.AioRpcError)]
    assert len(errors) == 4
    assert {read_refusal(one).reason for one in errors} == {"CASE_STATE_FORBIDS"}
    assert len([one for one in (await world.case_of(1)).changes if one.step == FIRST]) == 1


async def test_a_repeat_is_answered_as_the_first_time(world: World) -> None:
    await world.settle(1)
    case = await world.case_of(1)
    request_id = str(uuid4())
    first = await world.decide(case, FIRST, request_id=request_id)
    assert await world.decide(case, FIRST, request_id=request_id) == first
    other = world.decide(case, FIRST, request_id=request_id, note="不同")
    assert (await refused(other)).reason == "REQUEST_ID_REUSED"


async def test_the_final_repeat_needs_no_settlement(world: World) -> None:
    await world.settle(1)
    case = await world.reach(1, FINAL)
    request_id = str(uuid4())
    first = await world.decide(case, FINAL, request_id=request_id)
    world.settlements.is_down = True
    assert await world.decide(case, FINAL, request_id=request_id) == first


async def test_without_the_settlement_nothing_is_decided(world: World) -> None:
    await world.settle(1)
    case = await world.reach(1, FINAL)
    world.settlements.is_down = True
    assert (await refused(world.decide(case, FINAL))).code == "UNAVAILABLE"
    assert await world.state(1) == "FINAL_REVIEW"


async def test_only_the_care_province_decides_and_only_parties_look(world: World) -> None:
    await world.settle(1)
    case = await world.case_of(1)
    call = world.decide(case, FIRST, region_code="640000")
    assert (await refused(call)).reason == "CASE_OF_ANOTHER_PROVINCE"
    request = service_pb2.DecideCaseRequest(region_code=CARE, case_id=case.case_id)
    for other in (INSURED, "640000"):
        with pytest.raises(NotAllowed):
            await world.servicer.DecideCase(request, Agency(other))
    look = service_pb2.GetCaseRequest(case_id=case.case_id)
    for party in (CARE, INSURED):
        assert (await world.servicer.GetCase(look, Agency(party))).case == case
    with pytest.raises(NotAllowed):
        await world.servicer.GetCase(look, Agency("640000"))
    with pytest.raises(NotAllowed):
        await world.servicer.ListCases(service_pb2.ListCasesRequest(), Agency(CARE))
    wanted = service_pb2.ListCasesRequest(region_code=INSURED)
    assert len((await world.servicer.ListCases(wanted, Agency(INSURED))).cases) == 1


# --- what is withdrawn --------------------------------------------------------------------------


@pytest.mark.parametrize("step", [FIRST, SECOND, ANSWER, FINAL])
async def test_a_finding_withdrawn_under_an_open_case_ends_it(world: World, step: int) -> None:
    await world.settle(1)
    case = await world.reach(1, step)
    await world.reverse(1, take=False)
    # Even before the loop has seen it, nobody decides on what does not stand.
    call = world.decide(case, step)
    assert (await refused(call)).metadata["state"] == "LAPSED"
    await world.loop.take_findings()
    assert await world.state(1) == "LAPSED"
    (outcome,) = await store.outcomes(
        world.database, since=MARCH - timedelta(1), until=MARCH + timedelta(1)
    )
    assert (outcome.confirmed, outcome.rejected, outcome.open) == (0, 0, 0)


async def test_a_reversal_before_clearing_took_it_ends_the_case(world: World) -> None:
    await world.settle(1)
    await world.conclude(1)
    await world.reverse(1)
    assert await world.state(1) == "DEDUCTING"
    world.clearing.refuses = RuleForbids("DISPUTED_SETTLEMENT_REVERSED", "reversed")
    await world.loop.once()
    case = await world.case_of(1)
    assert case.state == pb2.CASE_STATE_LAPSED
    assert case.deduction.refusal == "DISPUTED_SETTLEMENT_REVERSED"
    assert (await world.points(1, "H11010500001")).points.value == "0.00"


async def test_a_reversal_after_the_term_ends_the_case(world: World) -> None:
    await world.settle(1)
    case = await world.conclude(1)
    await world.loop.once()
    world.clearing.states[UUID(case.deduction.decision_id)] = CaseState.UPHELD
    world.clock.advance(hours=1)
    await world.loop.once()
    assert await world.state(1) == "UPHELD"
    await world.reverse(1)
    assert await world.state(1) == "LAPSED"


# --- clearing -----------------------------------------------------------------------------------


async def test_a_crash_between_decision_and_recording_ends_with_one_deduction(
    world: World,
) -> None:
    await world.settle(1)
    await world.conclude(1)
    world.clearing.forgets_to_answer = True
    await world.loop.once()
    assert await world.state(1) == "DEDUCTING"
    assert len(world.clearing.recorded) == 1
    world.clearing.forgets_to_answer = False
    # Not at once: a clearing that is down is not asked again and again.
    await world.loop.once()
    assert world.clearing.calls == 1
    world.clock.advance(seconds=11)
    await asyncio.gather(*(world.loop.tell_clearing() for _ in range(3)))
    assert await world.state(1) == "DEDUCTED"
    assert len(world.clearing.recorded) == 1


async def test_a_fund_that_holds_less_gives_less(world: World) -> None:
    await world.settle(1)
    await world.conclude(1)
    world.clearing.held = {"310100": 3_000, "330100": 0}
    for _ in range(3):
        await world.loop.once()
    case = await world.case_of(1)
    assert case.state == pb2.CASE_STATE_DEDUCTED
    assert {one.fund_type_code: one.amount.fen for one in case.deduction.funds} == {"310100": 3_000}


async def test_a_settlement_that_holds_nothing_gives_nothing(world: World) -> None:
    await world.settle(1)
    await world.conclude(1)
    world.clearing.held = {"310100": 0, "330100": 0}
    for _ in range(3):
        await world.loop.once()
    case = await world.case_of(1)
    assert case.state == pb2.CASE_STATE_REFUSED
    assert case.deduction.refusal == "DEDUCTION_EXCEEDS_SETTLEMENT"
    assert world.clearing.recorded == {}


@pytest.mark.parametrize(
    ("to", "state", "points"),
    [
        (CaseState.APPEALED, "APPEALED", "2.00"),
        (CaseState.UPHELD, "UPHELD", "2.00"),
        (CaseState.WITHDRAWN, "WITHDRAWN", "0.00"),
        (CaseState.LAPSED, "LAPSED", "0.00"),
    ],
)
async def test_a_case_follows_what_becomes_of_its_deduction(
    world: World, to: CaseState, state: str, points: str
) -> None:
    await world.settle(1)
    case = await world.conclude(1)
    await world.loop.once()
    world.clearing.states[UUID(case.deduction.decision_id)] = to
    await world.loop.once()
    assert await world.state(1) == "DEDUCTED"
    world.clock.advance(minutes=11)
    await world.loop.once()
    assert await world.state(1) == state
    assert (await world.points(1, "H11010500001")).points.value == points


# --- what the database keeps --------------------------------------------------------------------


async def test_the_database_refuses_what_the_states_do_not_allow(world: World) -> None:
    await world.settle(1)
    await world.conclude(1)
    for statement in (
        "UPDATE case_file SET state = 'UPHELD'",
        "UPDATE case_file SET institution_code = 'H11010500002'",
        "DELETE FROM case_file",
        "UPDATE case_verdict SET is_confirmed = false",
        "DELETE FROM case_change",
        "UPDATE case_deduction SET maker_id = 'x'",
        "DELETE FROM case_deduction",
        "UPDATE case_deduction_fund SET amount_fen = 1",
        "UPDATE opinion SET number = 'x'",
        "DELETE FROM credit_event",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await world.database.execute(f"/* test.tamper */ {statement}")


async def test_standing_sums_up_by_institution(world: World) -> None:
    for number in (1, 2, 3):
        await world.settle(number)
    await world.conclude(1)
    await world.decide(await world.case_of(2), FIRST, confirmed=False)
    await world.loop.once()
    (found,) = await store.standing(
        world.database, since=MARCH - timedelta(1), until=MARCH + timedelta(1)
    )
    assert (found.care_province_code, found.opened, found.undecided) == (CARE, 3, 1)
    assert (found.dismissed, found.standing, found.deducted_fen) == (1, 1, 6_000)
    (outcome,) = await store.outcomes(
        world.database, since=MARCH - timedelta(1), until=MARCH + timedelta(1)
    )
    assert (outcome.confirmed, outcome.rejected, outcome.open) == (1, 1, 1)
    assert outcome.confirmed_fen == 10_000
    assert await store.outcomes(world.database, since=MARCH + timedelta(1), until=MARCH) == []
