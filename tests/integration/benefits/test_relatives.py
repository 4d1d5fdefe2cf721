"""Accounts of relatives (家庭共济): what they pay, when, and two at once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.integration.benefits.conftest import (
    OTHER,
    PERSON,
    Benefits,
    account,
    set_day,
)
from tests.integration.benefits.rules import (
    FAMILY,
    STEPS,
    THIRD,
    bill,
    by,
)
from tests.support.packs import pack_tree
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.benefits.v1 import benefits_service_pb2 as pb

pytestmark = pytest.mark.postgres


async def test_family_accounts_are_judged_one_by_one(benefits):
    request = pb.UpsertFamilyAccountsRequest(request_id=str(uuid4()))
    for owner, member in ((PERSON, PERSON), (OTHER, PERSON), (OTHER, PERSON), (THIRD, PERSON)):
        one = request.family_accounts.add(owner_person_id=owner, member_person_id=member)
        set_day(one.begin_date, (2026, 2, 1))
    set_day(request.family_accounts[3].end_date, (2026, 1, 31))
    response = await benefits.stub.UpsertFamilyAccounts(request, timeout=TIMEOUT_S)
    assert response.results[1].code == 0
    assert read_status(response.results[0]).reason == "FAMILY_ACCOUNT_INVALID"
    assert read_status(response.results[2]).fields == ["family_accounts[2]"]
    assert read_status(response.results[3]).fields == ["family_accounts[3].end_date"]
    rows = await benefits.database.fetch("/* test.links */ SELECT * FROM family_account")
    assert [(str(row["owner_person_id"]), row["end_date"]) for row in rows] == [(OTHER, None)]


def family(**changes: str) -> dict[str, bytes]:
    return pack_tree({**FAMILY, **changes}, setting="outpatient", steps=f"{STEPS}, account")


def paying(in_scope: int, person_id: str = PERSON, **more: Any) -> Any:
    case = bill(in_scope, **more)
    case.use_account, case.person_id = True, person_id
    return case


async def balance(service: Benefits, person_id: str) -> int:
    return (await service.used(person_id))[1]


async def test_relatives_pay_what_the_own_account_lacks_and_get_it_back(dsn):
    async with by(dsn, family()) as service:
        for person, fen in ((PERSON, 3000), (OTHER, 5000), (THIRD, 90000)):
            await service.open_account(fen, person)
        await service.share((OTHER, PERSON))
        await service.share((THIRD, PERSON), begin=(2026, 2, 1))
        quoted = await service.adjudicate(paying(30000))
        settlement_id = uuid4()
        booked = (await service.commit(paying(30000), settlement_id, quoted)).adjudication
        # 300: 100 deductible, 100 the fund's: 200 are the patient's, 30 + 50 + 120 of accounts.
        assert (booked.account_pay.fen, booked.family_account_pay.fen) == (20000, 17000)
        assert (booked.cash_pay.fen, booked.account_balance.fen) == (0, 0)
        assert [await balance(service, one) for one in (PERSON, OTHER, THIRD)] == [0, 0, 78000]
        assert (await service.used())[0]["account_pay"] == 20000
        rows = await service.database.fetch(
            "/* test.shares */ SELECT owner_person_id, account_pay_fen"
            " FROM adjudication_family_pay ORDER BY 1"
        )
        assert [(str(one), fen) for one, fen in rows] == [(OTHER, 5000), (THIRD, 12000)]
        cancelled = await service.cancel(settlement_id)
        assert cancelled.account_balance.fen == 3000
        assert await service.cancel(settlement_id) == cancelled
        assert [await balance(service, one) for one in (PERSON, OTHER, THIRD)] == [
            3000,
            5000,
            90000,
        ]
        assert await service.used() == ({}, 3000)


@pytest.mark.parametrize(
    "day", [pytest.param((2026, 1, 31), id="before"), pytest.param((2026, 3, 1), id="after")]
)
async def test_a_relative_pays_only_within_the_time(dsn, day):
    async with by(dsn, family()) as service:
        await service.open_account(90000, OTHER)
        await service.share((OTHER, PERSON), begin=(2026, 2, 1), end=(2026, 2, 28))
        outside = (await service.commit(paying(30000, day=day), uuid4())).adjudication
        assert outside.account_pay.fen == 0
        inside = (await service.commit(paying(30000, day=(2026, 2, 28)), uuid4())).adjudication
        assert inside.family_account_pay.fen == inside.account_pay.fen > 0


async def test_nothing_is_taken_from_relatives_against_policy_or_will(dsn):
    case = paying(30000)
    without = pack_tree(
        {**FAMILY, "account.family_pays": None}, setting="outpatient", steps=f"{STEPS}, account"
    )
    async with by(dsn, without) as service:
        await service.open_account(90000, OTHER)
        await service.share((OTHER, PERSON))
        assert (await service.commit(case, uuid4())).adjudication.account_pay.fen == 0
    async with by(dsn, family()) as service:
        case.use_account = False
        assert (await service.commit(case, uuid4())).adjudication.account_pay.fen == 0
        assert await balance(service, OTHER) == 90000


async def test_a_top_up_of_a_relative_changes_what_a_quote_rests_on(dsn):
    async with by(dsn, family()) as service:
        await service.share((OTHER, PERSON))
        quoted = await service.adjudicate(paying(30000))
        await service.open_account(100, OTHER)
        refusal = await refused(service.commit(paying(30000), uuid4(), quoted))
        assert refusal.metadata["changed"] == "account"


async def test_relatives_who_settle_for_each_other_at_once_do_not_wait_for_each_other(dsn):
    """Accounts are locked in one order, and what was paid is exact to the fen."""
    people = [PERSON, OTHER, THIRD]
    async with by(dsn, family()) as service:
        for person in people:
            await service.open_account(1_000_000, person)
        await service.share(*[(a, b) for a in people for b in people if a != b])
        # Own accounts pay first: who has nothing takes from the others.
        await service.open_account(0, THIRD)
        ids = [uuid4() for _ in range(24)]

        def commits(ids: list[UUID]) -> list[Any]:
            return [
                service.commit(paying(40000, people[n % 3]), settlement_id)
                for n, settlement_id in enumerate(ids)
            ]

        async with asyncio.timeout(20):
            first = await asyncio.gather(*commits(ids))
            later = commits([uuid4() for _ in range(24)])
            cancels = [service.cancel(one) for one in ids]
            second, _ = await asyncio.gather(asyncio.gather(*later), asyncio.gather(*cancels))
        paid = sum(one.adjudication.account_pay.fen for one in second)
        left = sum([await balance(service, one) for one in people])
        assert left == 2_000_000 - paid
        for answers in (first, second):
            assert sum(one.adjudication.family_account_pay.fen for one in answers) > 0
        assert await deadlocks(service) == 0


async def test_first_bills_of_relatives_at_once(dsn):
    """Nobody has a row of a year, everybody may use everybody's account: no deadlock."""
    async with by(dsn, family()) as service:
        for _ in range(4):
            people = [str(uuid4()) for _ in range(4)]
            await service.share(*[(a, b) for a in people for b in people if a != b])
            async with asyncio.timeout(0.9):  # PostgreSQL looks for deadlocks after one second
                await asyncio.gather(
                    *(service.commit(paying(30000, one), uuid4()) for one in people * 2),
                    service.stub.UpsertAccounts(
                        pb.UpsertAccountsRequest(
                            request_id=str(uuid4()),
                            accounts=[account(one, 7000) for one in people],
                        ),
                        timeout=TIMEOUT_S,
                    ),
                )
        assert await deadlocks(service) == 0


async def deadlocks(service: Benefits) -> int:
    row = await service.database.fetchrow(
        "/* test.deadlocks */ SELECT deadlocks FROM pg_stat_database"
        " WHERE datname = current_database()"
    )
    assert row is not None
    return int(row["deadlocks"])


async def test_what_relatives_paid_cannot_be_changed(dsn):
    async with by(dsn, family()) as service:
        await service.open_account(90000, OTHER)
        await service.share((OTHER, PERSON))
        await service.commit(paying(30000), uuid4())
        for statement in ("UPDATE {} SET account_pay_fen = 1", "DELETE FROM {}", "TRUNCATE {}"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await service.database.execute(
                    "/* test.tamper */ " + statement.format("adjudication_family_pay")
                )
