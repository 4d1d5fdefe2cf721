"""Statistics on PostgreSQL: the one statement is the definition, uploads, suspects, bulletins."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kit import wire
from services.kit.db import Database
from services.kit.errors import NotAllowed
from services.supervision.domain.direct_rate import (
    CareSetting,
    Case,
    Level,
    Settled,
    Tally,
    sum_up,
    tally,
)
from services.supervision.statistics import rate_store
from tests.integration.supervision.statistics_world import (
    BEIJING,
    HOSPITAL,
    NINGXIA,
    PATIENT,
    REFUSER,
    STRANGER,
    UNFILED,
    World,
    cost,
    hospitals,
    paid,
    pb,
    pb2,
    statistics_world,
    stay,
)
from tests.integration.supervision.tickets_world import Agency
from tests.support.rpc import refused
from yijie.common.v1 import money_pb2

pytestmark = pytest.mark.postgres

DIRECT, MANUAL, SELF_PAID = Settled.DIRECT, Settled.MANUAL, Settled.SELF_PAID
ELIGIBLE = pb2.SELF_PAID_ELIGIBILITY_ELIGIBLE
_DELETES = [
    f"/* test.delete */ DELETE FROM {table}"  # noqa: S608
    for table in ("self_paid_case", "local_cost", "bulletin", "bulletin_file")
]
REPLACE, WITHDRAW = pb2.UPLOAD_ACTION_REPLACE, pb2.UPLOAD_ACTION_WITHDRAW


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with statistics_world(database) as made:
        yield made


# --- the rate -------------------------------------------------------------------------------------


async def test_a_small_month_by_hand(world: World) -> None:
    # 直接 2 人次 80,000 元，报销 1 人次 10,000 元，自费 1 人次 10,000 元：费用率 80 %，人次率 50 %
    await world.keep(stay(DIRECT, 1, 5, 50_000_00))
    await world.keep(stay(DIRECT, 2, 6, 30_000_00))
    await world.keep(stay(MANUAL, 3, 7, 10_000_00))
    await world.keep(stay(SELF_PAID, 4, 8, 10_000_00))
    taken_back = await world.keep(stay(DIRECT, 5, 9, 99_000_00))
    await world.reverse(taken_back)
    await world.keep(stay(DIRECT, 5, 5, 77_00, medical_type_code="11"))
    (nation,) = (
        await world.rates(pb2.RATE_LEVEL_NATION, setting=pb2.CARE_SETTING_INPATIENT)
    ).values()
    assert (nation.rate_by_cost.value, nation.rate_by_cases.value) == ("80.00", "50.00")
    assert (nation.direct_count, nation.manual_count, nation.self_paid_count) == (2, 1, 1)
    assert nation.direct.fen == 80_000_00
    everything = (await world.rates(pb2.RATE_LEVEL_NATION))[""]
    assert everything.direct_count == 3
    insured = await world.rates(pb2.RATE_LEVEL_INSURED_PROVINCE, region_code=NINGXIA)
    assert list(insured) == [NINGXIA]
    assert await world.rates(pb2.RATE_LEVEL_PROVINCE, region_code=NINGXIA) == {}


async def test_the_statement_is_the_definition(world: World) -> None:
    draw = random.Random(20260308)  # noqa: S311
    kept: list[Case] = []
    for _ in range(6):
        for case in draw_cases(draw, 120):
            key = await world.keep(case)
            if case.settled is not SELF_PAID and draw.random() < 0.1:
                await world.reverse(key)
            else:
                kept.append(case)
        wanted = {
            place: one
            for place, one in tally(kept).items()
            if "2026-02" <= place.month <= "2026-03"
        }
        found = await rate_store.tallies(world.database, "2026-02", "2026-03", by_institution=True)
        assert found == wanted
        coarse = await rate_store.tallies(
            world.database, "2026-02", "2026-03", by_institution=False
        )
        assert sum_of(coarse) == sum_of(wanted)
        stays = await rate_store.tallies(
            world.database, "2026-02", "2026-03", by_institution=True, inpatient_only=True
        )
        inpatient = CareSetting.INPATIENT
        for level in Level:
            assert sum_up(stays, level, setting=inpatient) == sum_up(
                wanted, level, setting=inpatient
            )


def draw_cases(draw: random.Random, count: int) -> list[Case]:
    found = []
    for _ in range(count):
        person = draw.randrange(1, 40)
        institution = draw.choice((HOSPITAL, "H31010100002"))
        settled = draw.choice((DIRECT, DIRECT, MANUAL, SELF_PAID))
        begin = date(2026, 1, 28) + timedelta(days=draw.randrange(70))
        is_part = settled is DIRECT and draw.random() < 0.3
        found.append(
            Case(
                key=UUID(int=draw.getrandbits(128)),
                settled=settled,
                person_id=UUID(int=person),
                institution_code=institution,
                care_region_code="110105" if institution == HOSPITAL else "310101",
                insured_region_code=draw.choice(("640104", "650102")),
                medical_type_code=draw.choice(("21", "2101", "5301", "5302", "11", "41")),
                begin_date=begin,
                end_date=begin + timedelta(days=draw.choice((0, 0, 1, 5, 9))),
                total_fen=draw.choice((100, 200, 900)),
                visit_id=UUID(int=person * 7 + len(institution)) if is_part else None,
            )
        )
    return found


def sum_of(tallies: dict) -> Tally:
    return sum(tallies.values(), Tally())


async def test_rates_come_in_pages_and_ranks_are_of_all(world: World) -> None:
    for number in range(1, 6):
        code = f"H1101050000{number}"
        await world.keep(stay(DIRECT, 1, 5, 1000 * number, institution_code=code))
        await world.keep(stay(MANUAL, 1, 5, 1000, institution_code=code))
    request = pb.ListDirectRatesRequest(
        month="2026-03", level=pb2.RATE_LEVEL_INSTITUTION, page_size=2
    )
    seen = []
    while True:
        answer = await world.call("ListDirectRates", request)
        seen += answer.rates
        request.page_token = answer.next_page_token
        if not request.page_token:
            break
    assert [one.code[-1] for one in seen] == ["1", "2", "3", "4", "5"]
    assert [one.rank for one in seen] == [5, 4, 3, 2, 1]


# --- self-paid cases ------------------------------------------------------------------------------


async def test_an_eligible_case_counts_until_it_is_claimed(world: World) -> None:
    (result,) = await world.upload(paid("A-1"))
    assert (result.case.eligibility, result.unchanged) == (ELIGIBLE, False)
    assert (await world.rates(pb2.RATE_LEVEL_NATION))[""].self_paid_count == 1
    await world.keep(stay(MANUAL, 2, 9, 1_190_000, person_id=PATIENT))
    nation = (await world.rates(pb2.RATE_LEVEL_NATION))[""]
    assert (nation.self_paid_count, nation.manual_count) == (0, 1)


async def test_what_could_not_have_been_settled_is_kept_and_does_not_count(world: World) -> None:
    world.people.uninsured.add(UUID(int=9))
    results = await world.upload(
        paid("A-1", person_id=str(UNFILED)),
        paid("A-2", person_id=str(UUID(int=9))),
        paid("A-3", reason=pb2.SELF_PAID_REASON_THIRD_PARTY_LIABLE),
        paid("A-4", person_id=str(UNFILED), emergency=True),
    )
    assert [one.case.eligibility for one in results] == [
        pb2.SELF_PAID_ELIGIBILITY_NOT_FILED,
        pb2.SELF_PAID_ELIGIBILITY_NOT_INSURED,
        pb2.SELF_PAID_ELIGIBILITY_NOT_COVERED,
        ELIGIBLE,
    ]
    assert (await world.rates(pb2.RATE_LEVEL_NATION))[""].self_paid_count == 1


async def test_each_bad_row_is_answered_for_itself(world: World) -> None:
    rows = {
        "FIELD_INVALID cases[0].institution_code": paid("B-1", institution_code="X1"),
        "FIELD_INVALID cases[1].end_date": paid("B-2", end_date=wire.write_date(date(2026, 3, 1))),
        "FIELD_INVALID cases[2].end_date": paid("B-3", end_date=wire.write_date(date(2026, 9, 1))),
        "FIELD_INVALID cases[3].total": paid("B-4", total=money_pb2.Money(fen=0)),
        "REGION_UNKNOWN cases[4].insured_region_code": paid("B-5", insured_region_code="649999"),
        "NOT_CROSS_PROVINCE cases[5].insured_region_code": paid(
            "B-6", insured_region_code="110106"
        ),
        "FIELD_INVALID cases[6].care_region_code": paid("B-7", care_region_code="310101"),
        "FIELD_INVALID cases[7].institution_code": paid("B-8", institution_code="H31010100002"),
        "FIELD_INVALID cases[8].medical_type_code": paid("B-9", medical_type_code="77"),
        "CREDENTIAL_UNKNOWN cases[9].person_id": paid("B-10", person_id=str(STRANGER)),
        "FIELD_INVALID cases[10].person_id": paid("B-11", person_id="x"),
        "UPLOAD_UNKNOWN cases[11].institution_visit_number": paid("B-12", action=REPLACE),
    }
    results = await world.upload(*rows.values(), paid("B-99"))
    assert [one.WhichOneof("outcome") for one in results] == ["error"] * len(rows) + ["case"]
    assert [told(one.error) for one in results[:-1]] == list(rows)


def told(status) -> str:
    from services.kit.status import from_status

    error = from_status(status)
    assert error is not None
    return f"{error.reason} {error.violations[0].field}"


async def test_a_repeat_changes_nothing_and_another_content_is_refused(world: World) -> None:
    await world.upload(paid("C-1"))
    (again,) = await world.upload(paid("C-1"))
    assert again.unchanged
    changed = paid("C-1", total=money_pb2.Money(fen=1))
    (differs,) = await world.upload(changed)
    assert told(differs.error) == "UPLOAD_DIFFERS cases[0].institution_visit_number"
    changed.action = REPLACE
    (replaced,) = await world.upload(changed)
    assert not replaced.unchanged
    assert (await world.rates(pb2.RATE_LEVEL_NATION))[""].self_paid.fen == 1
    await world.upload(paid("C-1", action=WITHDRAW))
    assert await world.rates(pb2.RATE_LEVEL_NATION) == {}
    (anew,) = await world.upload(paid("C-1"))
    assert anew.case.eligibility == ELIGIBLE
    assert (await world.rates(pb2.RATE_LEVEL_NATION))[""].self_paid_count == 1


async def test_the_same_case_twice_in_one_upload_counts_once(world: World) -> None:
    first, second, third = await world.upload(
        paid("D-1"), paid("D-1"), paid("D-1", total=money_pb2.Money(fen=5))
    )
    assert (first.unchanged, second.unchanged) == (False, True)
    assert told(third.error).startswith("UPLOAD_DIFFERS")
    assert (await world.rates(pb2.RATE_LEVEL_NATION))[""].self_paid_count == 1


async def test_a_case_is_judged_anew_when_it_is_replaced(world: World) -> None:
    world.people.uninsured.add(PATIENT)
    await world.upload(paid("E-1"))
    world.people.uninsured.clear()
    (again,) = await world.upload(paid("E-1", action=REPLACE))
    assert again.case.eligibility == ELIGIBLE
    assert (await world.rates(pb2.RATE_LEVEL_NATION))[""].self_paid_count == 1


async def test_one_stay_under_two_numbers_counts_once(world: World) -> None:
    async def counted() -> tuple[int, int]:
        nation = (await world.rates(pb2.RATE_LEVEL_NATION))[""]
        return nation.self_paid_count, nation.self_paid.fen

    dearer = {"total": money_pb2.Money(fen=1_300_000)}
    await world.upload(paid("A-1"), paid("A-2", **dearer))
    assert await counted() == (1, 1_300_000)
    # What was withdrawn, or could not have been settled, hides nothing.
    await world.upload(paid("A-2", action=WITHDRAW, **dearer))
    await world.upload(
        paid("A-3", reason=pb2.SELF_PAID_REASON_THIRD_PARTY_LIABLE, **dearer),
    )
    assert await counted() == (1, 1_200_000)


async def test_the_number_of_a_visit_is_kept_nowhere(world: World) -> None:
    (result,) = await world.upload(paid("ZY-20260309-7788"))
    assert not result.case.institution_visit_number
    rows = await world.database.fetch("/* test.kept */ SELECT response FROM request")
    assert rows
    assert all(b"ZY-20260309-7788" not in row["response"] for row in rows)


async def test_a_dry_run_keeps_nothing(world: World) -> None:
    (tried,) = await world.upload(paid("F-1"), dry_run=True)
    assert tried.case.eligibility == ELIGIBLE
    assert await world.rates(pb2.RATE_LEVEL_NATION) == {}


async def test_a_repeated_request_gets_the_first_answer(world: World) -> None:
    request = pb.UploadSelfPaidCasesRequest(
        request_id=str(uuid4()), care_region_code=BEIJING, cases=[paid("G-1")]
    )
    first = await world.call("UploadSelfPaidCases", request)
    # Not asked again: the answer is there already.
    world.people.is_down = True
    assert await world.call("UploadSelfPaidCases", request) == first
    request.cases[0].total.fen = 7
    found = await refused(world.call("UploadSelfPaidCases", request))
    assert found.reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize("callee", ["people", "filings"])
async def test_without_identity_or_filing_nothing_is_kept(world: World, callee: str) -> None:
    getattr(world, callee).is_down = True
    request = pb.UploadSelfPaidCasesRequest(
        request_id=str(uuid4()), care_region_code=BEIJING, cases=[paid("H-1")]
    )
    found = await refused(world.call("UploadSelfPaidCases", request))
    assert (found.code, found.reason) == ("UNAVAILABLE", "CALLEE_UNAVAILABLE")
    getattr(world, callee).is_down = False
    (result,) = (await world.call("UploadSelfPaidCases", request)).results
    assert result.case.eligibility == ELIGIBLE


async def test_a_province_uploads_and_sees_its_own_only(world: World) -> None:
    calls = {
        "UploadSelfPaidCases": pb.UploadSelfPaidCasesRequest(care_region_code=BEIJING),
        "UploadLocalCosts": pb.UploadLocalCostsRequest(care_region_code=BEIJING),
        "ListDirectRates": pb.ListDirectRatesRequest(
            month="2026-03", level=pb2.RATE_LEVEL_CITY, region_code=BEIJING
        ),
        "ListSuspects": pb.ListSuspectsRequest(month="2026-03"),
        "MakeBulletin": pb.MakeBulletinRequest(month="2026-03", maker_id="a", checker_id="b"),
    }
    for name, request in calls.items():
        with pytest.raises(NotAllowed):
            await getattr(world.servicer, name)(request, Agency(NINGXIA))
    answer = await world.servicer.ListDirectRates(calls["ListDirectRates"], Agency(BEIJING))
    assert list(answer.rates) == []


async def test_uploads_are_append_only(world: World) -> None:
    await world.upload(paid("I-1"))
    for statement in _DELETES:
        with pytest.raises(asyncpg.RestrictViolationError):
            await world.database.execute(statement)


# --- costs of locals ------------------------------------------------------------------------------


async def test_costs_of_locals_row_by_row(world: World) -> None:
    results = await world.upload_costs(
        cost("I21"),
        cost("J18"),
        cost("I21"),
        cost("I21", case_count=11),
        cost(),
        cost("C34", month="2027-01"),
        cost("C34", institution_code="H31010100002"),
        cost("Z", action=REPLACE),
        cost("E11", action=WITHDRAW),
        cost("C34", case_count=0),
    )
    assert [
        told(one.error) if one.WhichOneof("outcome") == "error" else one.unchanged
        for one in results
    ] == [
        False,
        False,
        True,
        "UPLOAD_DIFFERS costs[3].institution_code",
        "LOCAL_COST_GROUPED costs[4].disease_group_code",
        "FIELD_INVALID costs[5].month",
        "FIELD_INVALID costs[6].institution_code",
        "FIELD_INVALID costs[7].disease_group_code",
        "UPLOAD_UNKNOWN costs[8].institution_code",
        "FIELD_INVALID costs[9].case_count",
    ]
    # Withdrawn, the parts make room for a whole.
    results = await world.upload_costs(
        cost("I21", action=WITHDRAW), cost("J18", action=WITHDRAW), cost()
    )
    assert [one.unchanged for one in results] == [False, False, False]


# --- who turns patients away ----------------------------------------------------------------------


async def test_the_refuser_is_found_with_its_reasons(world: World) -> None:
    await hospitals(world)
    repeated = uuid4()
    for _ in range(3):
        await world.refuse("BILL_BLOCKED", party="INSTITUTION", request_id=repeated)
    await world.refuse("FILING_NOT_LIVE", party="INSURED_PROVINCE")
    answer = await world.call(
        "ListSuspects", pb.ListSuspectsRequest(month="2026-03", flagged_only=True)
    )
    (found,) = answer.suspects
    assert (found.institution_code, found.flagged) == (REFUSER, True)
    assert (found.case_count, found.turned_away_count, found.tested_count) == (40, 25, 5)
    assert (found.turned_away_percent.value, found.peer_percent.value) == ("62.50", "8.40")
    # A request that was sent three times was refused once.
    assert {(one.reason, one.party, one.count) for one in found.reasons} == {
        ("OTHER", "", 25),
        ("BILL_BLOCKED", "INSTITUTION", 1),
        ("FILING_NOT_LIVE", "INSURED_PROVINCE", 1),
    }
    everyone = await world.call(
        "ListSuspects", pb.ListSuspectsRequest(month="2026-03", care_region_code=BEIJING)
    )
    assert [one.flagged for one in everyone.suspects] == [True, False, False, False, False]
    elsewhere = pb.ListSuspectsRequest(month="2026-03", care_region_code=NINGXIA)
    assert list((await world.call("ListSuspects", elsewhere)).suspects) == []
