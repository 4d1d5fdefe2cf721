"""Goal: what the simulation keeps of an insured region in memory answers as PostgreSQL does.

Method: steps drawn from a seed are told to the real store on both, every answer must be the same;
races are told with one transaction held open while another one tries.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.benefits.domain.booking import Booking, Claimant, Day, State, StayKey
from services.benefits.domain.model import Accumulators
from services.benefits.store import Store, Transaction
from tests.simulation.databases import NOW, Attempt, agree, held_open

pytestmark = pytest.mark.postgres

SCHEMA = "benefits"
PEOPLE = [UUID(int=(0x0190_AAAA_0000_7000_8000 << 48) + number) for number in range(3)]
STAYS = [UUID(int=(0x0190_BBBB_0000_7000_8000 << 48) + number) for number in range(2)]
DAY = Day(
    first_id=UUID(int=0),
    end_id=UUID(int=(1 << 128) - 1),
    start_time=NOW - timedelta(days=36500),
    end_time=NOW + timedelta(days=36500),
)


def ident(number: int) -> UUID:
    return UUID(int=(0x019D_4000_0000_7000_8000 << 48) + number)


def claimant(person: int, years=(2026,), stay: int | None = None) -> Claimant:
    key = None if stay is None else StayKey(STAYS[stay], "110000")
    return Claimant(PEOPLE[person], "310", years, key)


def booking(number: int, whose: Claimant, *, account_pay: int = 0) -> Booking:
    return Booking(
        settlement_id=ident(number),
        request_hash=bytes([number % 250] * 32),
        claimant=whose,
        insured_region_code="110000",
        care_region_code="640104",
        policy_version="110000@1",
        end_date=date(2026, 3, 31),
        stays_before=0,
        total=1000,
        fund_total=600,
        account_pay=account_pay,
        cash_pay=400 - account_pay,
        account_balance=7,
        deltas=tuple(
            (year, Accumulators(inpatient_in_scope=number, inpatient_count=1, fund_pooled=600))
            for year in whose.benefit_years
        ),
        answer=b"answer",
    )


async def commit(store: Store, made: Booking) -> object:
    """Books as the use case does; a repeat gets what is held."""

    async def work(on: Transaction) -> object:
        held, standing = await on.lock_person(made.claimant, made.settlement_id)
        if held is None:
            paid = min(made.account_pay, standing.account_balance)
            await on.book(replace(made, account_pay=paid, cash_pay=400 - paid))
        return held, standing

    return await store.run("commit", work)


async def cancel(store: Store, number: int) -> object:
    """Takes back, or leaves a tombstone, as the use case does."""

    async def work(on: Transaction) -> object:
        held = await on.find(ident(number))
        if held is None:
            await on.leave_tombstone(ident(number))
            return "tombstone"
        if held.state is State.COMMITTED:
            await on.lock_booked(ident(number))
            held = await on.find(ident(number))
        if held.state is State.CANCELLED:
            return held
        return await on.restore(ident(number))

    return await store.run("cancel", work)


async def everything(store: Store) -> list[object]:
    """All that the store tells, without the instants, which are each database's own."""
    records = await store.list_records(DAY, after=None, limit=50)
    after = await store.list_records(replace(DAY, region_prefix="11"), after=ident(3), limit=2)
    return [
        *(replace(one, book_time=None, cancel_time=None) for one in (*records, *after)),
        *[await store.find_standing(claimant(number, (2025, 2026), 0)) for number in range(3)],
        *[await store.find(ident(number)) for number in range(1, 12)],
    ]


async def drawn(database, seed: int) -> list[object]:
    draw = random.Random(seed)  # noqa: S311 - to be repeated
    store, answers = Store(database), []
    balances = [(person, 500) for person in PEOPLE[:2]]
    await store.run("open", lambda on: on.set_accounts(balances))
    for _ in range(60):
        number = draw.randint(1, 11)
        stay = draw.choice((None, 0, 1))
        years = draw.choice(((2026,), (2025, 2026)))
        whose = claimant(draw.randrange(3), years, stay)
        made = booking(number, whose, account_pay=draw.choice((0, 100, 300)))
        if draw.random() < 0.5:
            answers.append(await commit(store, made))
        else:
            answers.append(await cancel(store, number))
        answers.append(await store.find_standing(whose))
    return [*answers, *await everything(store)]


@pytest.mark.parametrize("seed", range(4))
async def test_any_steps_on_bookings(dsn, seed):
    answers = await agree(dsn, SCHEMA, lambda database: drawn(database, seed))
    assert len(answers) > 120


def booked(made: Booking):
    async def work(connection):
        on = Transaction(connection)
        held, _ = await on.lock_person(made.claimant, made.settlement_id)
        await on.book(made)
        return held

    return work


async def race(database, first, second, *, commits: bool) -> list[object]:
    store = Store(database)
    async with held_open(database, first) as other:
        attempt = Attempt(second(store))
        blocked = await attempt.blocks()
        await other.end(commit=commits)
        return [blocked, await attempt.outcome(), *await everything(store)]


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
async def test_two_bills_of_one_person(dsn, commits, is_known):
    async def scenario(database):
        if is_known:
            await commit(Store(database), booking(9, claimant(0)))
        one, other = booking(1, claimant(0)), booking(2, claimant(0))
        return await race(
            database, booked(one), lambda store: commit(store, other), commits=commits
        )

    assert (await agree(dsn, SCHEMA, scenario))[0] is True


@pytest.mark.parametrize("commits", [True, False])
async def test_one_bill_on_its_way_twice(dsn, commits):
    async def scenario(database):
        made = booking(1, claimant(0))
        return await race(
            database, booked(made), lambda store: commit(store, made), commits=commits
        )

    blocked, (held, _), *_ = await agree(dsn, SCHEMA, scenario)
    assert blocked is True
    assert (held is not None) is commits


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
async def test_what_a_statement_sees_that_waited(dsn, commits, is_known):
    """The rows that it locked as they are now, everything else as it was when it began."""

    async def scenario(database):
        if is_known:
            await commit(Store(database), booking(9, claimant(0)))
        made = booking(1, claimant(0))

        async def second(connection):
            return await Transaction(connection).lock_person(made.claimant, made.settlement_id)

        return await race(
            database, booked(made), lambda _: database.run("second", second), commits=commits
        )

    blocked, (held, _), *_ = await agree(dsn, SCHEMA, scenario)
    assert blocked is True
    # Where the row had to be made, the statement is run again and then sees everything.
    assert (held is None) is (is_known or not commits)


@pytest.mark.parametrize("commits", [True, False])
async def test_a_cancel_while_the_bill_is_being_booked(dsn, commits):
    async def scenario(database):
        made = booking(1, claimant(0))
        return await race(database, booked(made), lambda store: cancel(store, 1), commits=commits)

    blocked, answer, *_ = await agree(dsn, SCHEMA, scenario)
    assert (blocked, answer == "tombstone") == (True, not commits)


@pytest.mark.parametrize("commits", [True, False])
async def test_a_bill_while_it_is_being_cancelled(dsn, commits):
    async def scenario(database):
        async def bury(connection):
            await Transaction(connection).leave_tombstone(ident(1))

        made = booking(1, claimant(0))
        return await race(database, bury, lambda store: commit(store, made), commits=commits)

    blocked, (held, _), *_ = await agree(dsn, SCHEMA, scenario)
    assert blocked is True
    assert (held is not None) is commits


@pytest.mark.parametrize("commits", [True, False])
async def test_two_cancels_of_one_bill(dsn, commits):
    async def scenario(database):
        await commit(Store(database), booking(1, claimant(0, (2025, 2026), 0), account_pay=100))

        async def first(connection):
            on = Transaction(connection)
            await on.lock_booked(ident(1))
            return await on.restore(ident(1))

        return await race(database, first, lambda store: cancel(store, 1), commits=commits)

    assert (await agree(dsn, SCHEMA, scenario))[0] is True
