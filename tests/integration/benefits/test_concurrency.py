"""Two hospitals in the same second: what must not happen to a person's year."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import grpc
import pytest

from tests.integration.benefits.conftest import OTHER, PERSON, make_case, split
from tests.support.rpc import refused
from yijie.benefits.v1 import benefits_service_pb2 as pb

pytestmark = pytest.mark.postgres


async def test_commits_at_once_cannot_pass_the_cap(benefits):
    # Each takes up to 450 of the 800 that Hengshui's outpatient fund pays a year; the first also
    # pays the deductible of 100: 400 + 400 + 0 + ... = 800.
    case = split(make_case(use_account=False), in_scope=90000)
    answers = await asyncio.gather(*(benefits.commit(case, uuid4()) for _ in range(8)))
    paid = sorted(answer.adjudication.fund_total.fen for answer in answers)
    assert sum(paid) == 80000
    assert paid == [0, 0, 0, 0, 0, 0, 40000, 40000]
    assert sum(answer.adjudication.deductible.fen for answer in answers) == 10000
    sums, _ = await benefits.used()
    assert sums["outpatient_fund"] == 80000
    assert sums["outpatient_deductible"] == 10000
    assert sums["outpatient_in_scope"] == 8 * 90000


async def test_commits_at_once_cannot_overspend_the_account(benefits):
    await benefits.open_account(1000)
    answers = await asyncio.gather(*(benefits.commit(make_case(), uuid4()) for _ in range(6)))
    assert sum(answer.adjudication.account_pay.fen for answer in answers) == 1000
    sums, balance = await benefits.used()
    assert (sums["account_pay"], balance) == (1000, 0)


async def test_the_same_settlement_at_once_is_booked_once(benefits, e1):
    settlement_id = uuid4()
    answers = await asyncio.gather(*(benefits.commit(e1, settlement_id) for _ in range(8)))
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 7
    first = answers[0].adjudication
    assert all(answer.adjudication == first for answer in answers)
    sums, _ = await benefits.used()
    assert sums["outpatient_in_scope"] == 429


async def test_the_same_settlement_for_two_persons_at_once_is_booked_for_one(benefits):
    # Different persons lock different rows: only the key of the settlement stands between them.
    settlement_id = uuid4()
    results = await asyncio.gather(
        *(
            benefits.commit(make_case(person_id=person), settlement_id)
            for person in (PERSON, OTHER)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, grpc.aio.AioRpcError) for result in results) == 1
    booked = [(await benefits.used(person))[0] for person in (PERSON, OTHER)]
    assert sorted(map(bool, booked)) == [False, True]


async def test_cancels_at_once_restore_once(benefits, e1):
    await benefits.open_account(137825)
    settlement_id = uuid4()
    await benefits.commit(e1, settlement_id)
    answers = await asyncio.gather(*(benefits.cancel(settlement_id) for _ in range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert await benefits.used() == ({}, 137825)


@pytest.mark.parametrize("commits_first", [True, False])
async def test_commit_against_cancel_ends_with_nothing_booked(benefits, e1, commits_first):
    await benefits.open_account(137825)
    for _ in range(10):
        settlement_id = uuid4()
        calls = [benefits.commit(e1, settlement_id), benefits.cancel(settlement_id)]
        if not commits_first:
            calls.reverse()
        await asyncio.gather(*calls, return_exceptions=True)
        assert (await benefits.get(settlement_id)).state == pb.ADJUDICATION_STATE_CANCELLED
        refusal = await refused(benefits.commit(e1, settlement_id))
        assert refusal.reason == "ADJUDICATION_CANCELLED"
    assert await benefits.used() == ({}, 137825)


async def test_many_calls_for_one_person_leave_coherent_sums(benefits):
    """Commits, repeats and cancels of both schemes at once; the fixture checks the sums."""
    await benefits.open_account(500_000)
    employee = split(make_case(), in_scope=50000)
    stay = split(make_case(medical_type_code="21"), in_scope=900000)
    resident = split(
        make_case(scheme_code="390", person_type_code="15", medical_type_code="21"),
        in_scope=400000,
    )
    ids = [uuid4() for _ in range(12)]
    cases = [(employee, stay, resident)[index % 3] for index in range(12)]
    calls = [benefits.commit(case, one) for case, one in zip(cases, ids, strict=True)]
    calls += [benefits.commit(case, one) for case, one in zip(cases, ids, strict=True)]
    calls += [benefits.cancel(one) for one in ids[::4]]
    await asyncio.gather(*calls, return_exceptions=True)
    for one in ids[::4]:
        assert (await benefits.cancel(one)).account_balance.fen >= 0
    for index, one in enumerate(ids):
        expected = "CANCELLED" if index % 4 == 0 else "COMMITTED"
        state = pb.AdjudicationState.Name((await benefits.get(one)).state)
        assert state.endswith(expected)


async def test_first_bills_of_a_year_at_once(benefits):
    """Nobody has a row yet: every call tries to make it, in both schemes, without a deadlock."""
    for _ in range(5):
        person = str(uuid4())
        cases = [
            make_case(person_id=person),
            split(
                make_case(
                    person_id=person,
                    scheme_code="390",
                    person_type_code="15",
                    medical_type_code="21",
                ),
                in_scope=400000,
            ),
        ]
        async with asyncio.timeout(0.9):  # PostgreSQL looks for deadlocks after one second
            await asyncio.gather(*(benefits.commit(cases[i % 2], uuid4()) for i in range(10)))
        assert (await benefits.used(person))[0]["outpatient_in_scope"] == 5 * 429
        assert (await benefits.used(person, scheme="390"))[0]["inpatient_count"] == 5
