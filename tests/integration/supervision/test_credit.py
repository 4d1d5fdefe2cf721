"""Goal: final decisions give points, points lead to proposals, two people decide on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.kit import wire
from services.kit.db import Database
from services.kit.errors import NotAllowed
from services.supervision.domain.case_states import CaseState
from tests.integration.supervision.cases_world import (
    CARE,
    HOSPITAL,
    INSURED,
    NO_RULES,
    TIMEOUT_S,
    World,
    cases_world,
    doubt,
)
from tests.integration.supervision.harness import audited
from tests.integration.supervision.tickets_world import Agency
from tests.support.rpc import refused
from tests.support.settlement_feed import fee_line, reversed_, settled
from yijie.supervision.v1 import credit_pb2 as pb2
from yijie.supervision.v1 import credit_service_pb2 as service_pb2

pytestmark = pytest.mark.postgres

DOCTOR = "D110105000001"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with cases_world(database) as made:
        yield made


def decide(world: World, consequence: Any, **changes: Any) -> Any:
    values = {
        "request_id": str(uuid4()),
        "consequence_id": consequence.consequence_id,
        "region_code": consequence.region_code,
        "approved": True,
        "maker_id": "qian.4",
        "checker_id": "sun.5",
        "note": "累计记分达到标准",
    }
    request = service_pb2.DecideConsequenceRequest(**{**values, **changes})
    return world.credit.DecideConsequence(request, timeout=TIMEOUT_S)


async def listed(world: World, **wanted: Any) -> list[Any]:
    request = service_pb2.ListConsequencesRequest(**wanted)
    return list((await world.credit.ListConsequences(request, timeout=TIMEOUT_S)).consequences)


async def test_a_decision_gives_points_that_lessen_and_explain_themselves(world: World) -> None:
    await world.settle(1)
    await world.conclude(1)
    credit = await world.points(pb2.CREDIT_SUBJECT_INSTITUTION, HOSPITAL)
    assert (credit.points.value, credit.sample) == ("2.00", True)
    (event,) = credit.events
    assert event.explanation_zh == (
        "违规2.0分，扣款60.00元计0档、每档0.5分，责任比例100.0%，记2.0分"
    )
    assert "按日均匀递减" in credit.formula_zh
    assert (await world.points(pb2.CREDIT_SUBJECT_DOCTOR, DOCTOR)).points.value == "1.00"
    world.clock.advance(days=73)
    assert (await world.points(pb2.CREDIT_SUBJECT_INSTITUTION, HOSPITAL)).points.value == "1.60"
    world.clock.advance(days=292)
    assert (await world.points(pb2.CREDIT_SUBJECT_INSTITUTION, HOSPITAL)).points.value == "0.00"


async def test_a_patient_gets_points_only_for_what_a_patient_does(world: World) -> None:
    person = settled(1, person=7).settlement.person_id
    await world.settle(1, person=7)
    await world.conclude(1)
    assert (await world.points(pb2.CREDIT_SUBJECT_PERSON, person)).points.value == "0.00"
    await world.settle(2, doubt("DUPLICATE_CLAIM"), person=7)
    await world.conclude(2)
    assert (await world.points(pb2.CREDIT_SUBJECT_PERSON, person)).points.value == "0.40"


async def reach(world: World, count: int) -> None:
    """Decides so many cases of the institution finally: two points each."""
    first = len(world.numbers) + 1
    for number in range(first, first + count):
        # Ids are in order of time: no two of the same millisecond.
        world.clock.advance(seconds=1)
        await world.settle(number, medical_type="21" if number % 3 else "11")
        await world.conclude(number)


async def test_a_threshold_proposes_once_and_two_people_suspend_one_business(
    world: World,
) -> None:
    await reach(world, 3)
    assert await world.consequences() == [("TALK", "PROPOSED")]
    await reach(world, 3)
    assert await world.consequences() == [("SUSPEND_BUSINESS", "PROPOSED"), ("TALK", "PROPOSED")]
    (suspension, talk) = await listed(world, region_code=CARE)
    assert (suspension.medical_type_code, suspension.days) == ("21", 30)
    assert suspension.points.value == "12.00"
    same = decide(world, suspension, checker_id="QIAN.4")
    assert (await refused(same)).reason == "MAKER_IS_CHECKER"
    other = decide(world, suspension, region_code="640000")
    assert (await refused(other)).reason == "CASE_OF_ANOTHER_PROVINCE"
    past = decide(world, suspension, begin_date=wire.write_date(date(2026, 3, 15)))
    assert (await refused(past)).reason == "FIELD_INVALID"
    answer = await decide(world, suspension)
    assert answer.consequence.state == pb2.CONSEQUENCE_STATE_APPROVED
    assert wire.read_date(answer.consequence.begin_date, "") == date(2026, 3, 17)
    assert wire.read_date(answer.consequence.end_date, "") == date(2026, 4, 15)
    again = await refused(decide(world, suspension))
    assert (again.reason, again.metadata["state"]) == ("CONSEQUENCE_DECIDED", "APPROVED")
    world.identity.is_down = True
    await world.loop.once()
    assert world.identity.suspended == {}
    world.identity.is_down = False
    await world.loop.once()
    await world.loop.once()
    (told,) = world.identity.suspended.values()
    assert (told.subject_id, told.medical_type_code) == (HOSPITAL, "21")
    (suspension, talk) = await listed(world)
    assert suspension.state == pb2.CONSEQUENCE_STATE_APPLIED
    assert suspension.suspension_id == str(UUID(int=1))
    # A talk needs nobody else, and is not proposed again while its points stand.
    assert (await decide(world, talk)).consequence.state == pb2.CONSEQUENCE_STATE_APPLIED
    await reach(world, 1)
    assert len(await listed(world)) == 2


async def test_a_proposal_falls_with_its_points_and_a_rejected_one_may_come_again(
    world: World,
) -> None:
    await reach(world, 3)
    await world.loop.once()
    (talk,) = await listed(world)
    keys = [UUID(one.deduction.decision_id) for one in await world.list()]
    world.clearing.states[keys[0]] = CaseState.WITHDRAWN
    world.clock.advance(minutes=11)
    await world.loop.once()
    assert await world.consequences() == [("TALK", "WITHDRAWN")]
    late = await refused(decide(world, talk))
    assert late.metadata["state"] == "WITHDRAWN"
    await reach(world, 1)
    (fresh, _) = await listed(world)
    assert (await decide(world, fresh, approved=False)).consequence.state == (
        pb2.CONSEQUENCE_STATE_REJECTED
    )
    await reach(world, 1)
    assert [state for _, state in await world.consequences()] == [
        "PROPOSED",
        "REJECTED",
        "WITHDRAWN",
    ]


async def test_who_may_look(world: World) -> None:
    await world.settle(1)
    await world.conclude(1)
    look = service_pb2.GetCreditRequest
    institution = look(subject=pb2.CREDIT_SUBJECT_INSTITUTION, subject_id=HOSPITAL)
    doctor = look(subject=pb2.CREDIT_SUBJECT_DOCTOR, subject_id=DOCTOR)
    person = look(subject=pb2.CREDIT_SUBJECT_PERSON, subject_id=str(UUID(int=5)))
    for request in (institution, doctor):
        assert (await world.credit_servicer.GetCredit(request, Agency(CARE))).credit.events
        with pytest.raises(NotAllowed):
            await world.credit_servicer.GetCredit(request, Agency(INSURED))
    with pytest.raises(NotAllowed):
        await world.credit_servicer.GetCredit(person, Agency(INSURED))
    bad = look(subject=pb2.CREDIT_SUBJECT_DOCTOR, subject_id=HOSPITAL)
    assert (await refused(world.credit.GetCredit(bad, timeout=TIMEOUT_S))).reason == "FIELD_INVALID"
    tomorrow = look(
        subject=pb2.CREDIT_SUBJECT_INSTITUTION,
        subject_id=HOSPITAL,
        on_date=wire.write_date(date(2026, 3, 17)),
    )
    call = world.credit.GetCredit(tomorrow, timeout=TIMEOUT_S)
    assert (await refused(call)).fields == ["on_date"]


# --- the on-site list ---------------------------------------------------------------------------


async def stays(world: World, *wanted: tuple[int, int, int]) -> None:
    """Brings stays: number, days, total in fen."""
    events = [
        settled(
            number,
            medical_type="21",
            begin=date(2026, 3, 1) - timedelta(days),
            end=date(2026, 3, 1),
            lines=(fee_line(fen=fen, day=date(2026, 3, 1)),),
            at=world.clock.now(),
        )
        for number, days, fen in wanted
    ]
    await audited(world.database, *events, ruleset=NO_RULES)


async def visits(world: World, **changes: Any) -> list[tuple[int, list[int]]]:
    values = {
        "region_code": CARE,
        "since_date": wire.write_date(date(2026, 2, 1)),
        "until_date": wire.write_date(date(2026, 3, 31)),
    }
    request = service_pb2.ListOnSiteVisitsRequest(**{**values, **changes})
    found = await world.credit.ListOnSiteVisits(request, timeout=TIMEOUT_S)
    return [(UUID(one.settlement_id).int, list(one.reasons)) for one in found.visits]


async def test_long_and_costly_stays_are_listed(world: World) -> None:
    ordinary = [(number, 7, 500_000) for number in range(1, 11)]
    await stays(world, *ordinary, (21, 30, 500_000), (22, 29, 1_499_999), (23, 5, 1_500_000))
    assert await visits(world) == [
        (21, [pb2.ON_SITE_REASON_LONG_STAY]),
        (23, [pb2.ON_SITE_REASON_HIGH_COST]),
    ]
    assert await visits(world, region_code=INSURED) == []
    assert await visits(world, institution_code="H11010500009") == []
    request = service_pb2.ListOnSiteVisitsRequest(
        region_code=CARE,
        since_date=wire.write_date(date(2026, 2, 1)),
        until_date=wire.write_date(date(2026, 3, 31)),
        page_size=1,
    )
    first = await world.credit.ListOnSiteVisits(request, timeout=TIMEOUT_S)
    assert (first.visits[0].peer_median.fen, first.visits[0].peers) == (500_000, 13)
    request.page_token = first.next_page_token
    (second,) = (await world.credit.ListOnSiteVisits(request, timeout=TIMEOUT_S)).visits
    assert UUID(second.settlement_id).int == 23
    event = settled(23, lines=(fee_line(),))
    await audited(world.database, reversed_(event), after="a", to="b", ruleset=NO_RULES)
    assert [number for number, _ in await visits(world)] == [21]


async def test_few_peers_tell_nothing_about_cost(world: World) -> None:
    await stays(world, *((number, 5, 500_000) for number in range(1, 9)), (9, 5, 9_000_000))
    assert await visits(world) == []


async def test_a_span_that_is_none_is_refused(world: World) -> None:
    request = service_pb2.ListOnSiteVisitsRequest(
        region_code=CARE,
        since_date=wire.write_date(date(2026, 2, 1)),
        until_date=wire.write_date(date(2026, 1, 31)),
    )
    call = world.credit.ListOnSiteVisits(request, timeout=TIMEOUT_S)
    assert (await refused(call)).fields == ["until_date"]
