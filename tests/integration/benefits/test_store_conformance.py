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

from services.benefits.domain.booking import (
    Booking,
    Claimant,
    Day,
    FamilyLink,
    State,
    StayKey,
)
from services.benefits.domain.model import (
    Accumulators,
    Entitlement,
    EntitlementKind,
    Setting,
)
from services.benefits.store import Store, Transaction
from tests.simulation.databases import NOW, Attempt, agree, held_open
from tests.support.sealed import VAULT

pytestmark = pytest.mark.postgres

SCHEMA = "benefits"
PEOPLE = [UUID(int=(0x0190_AAAA_0000_7000_8000 << 48) + number) for number in range(3)]
TODAY = date(2026, 3, 31)
STAYS = [UUID(int=(0x0190_BBBB_0000_7000_8000 << 48) + number) for number in range(2)]
DAY = Day(
    first_id=UUID(int=0),
    end_id=UUID(int=(1 << 128) - 1),
    start_time=NOW - timedelta(days=36500),
    end_time=NOW + timedelta(days=36500),
)


def ident(number: int) -> UUID:
    return UUID(int=(0x019D_4000_0000_7000_8000 << 48) + number)


def claimant(
    person: int, years=(2026,), stay: int | None = None, day: date | None = TODAY
) -> Claimant:
    key = None if stay is None else StayKey(STAYS[stay], "110000")
    return Claimant(PEOPLE[person], "310", years, key, reads_tallies=True, relatives_on=day)


def delta_of(setting: Setting, number: int) -> Accumulators:
    if setting is Setting.INPATIENT:
        return Accumulators(inpatient_in_scope=number, inpatient_count=1, fund_pooled=600)
    if setting is Setting.CHRONIC:
        return Accumulators(chronic_in_scope=number, chronic_deductible=2, fund_medical_aid=3)
    return Accumulators(outpatient_in_scope=number, outpatient_deductible=1, outpatient_fund=5)


def booking(
    number: int,
    whose: Claimant,
    *,
    account_pay: int = 0,
    setting: Setting = Setting.INPATIENT,
    end_date: date = TODAY,
) -> Booking:
    return Booking(
        settlement_id=ident(number),
        request_hash=bytes([number % 250] * 32),
        claimant=whose,
        insured_region_code="110000",
        care_region_code="640104",
        policy_version="110000@1",
        end_date=end_date,
        stays_before=0,
        total=1000,
        fund_total=600,
        account_pay=account_pay,
        cash_pay=400 - account_pay,
        account_balance=7,
        deltas=tuple((year, delta_of(setting, number)) for year in whose.benefit_years),
        answer=b"answer",
        setting=setting,
        institution_code=f"H{number % 3:011}",
        disease_code="M03900" if setting is Setting.CHRONIC else "",
        family_payments=(),
        tally_dates=(
            *(date(year, 12, 31) for year in whose.benefit_years[:-1]),
            end_date,
        ),
    )


async def commit(store: Store, made: Booking) -> object:
    """Books as the use case does, relatives paying too; a repeat gets what is held."""

    async def work(on: Transaction) -> object:
        held, standing = await on.lock_person(made.claimant, made.settlement_id)
        if held is None:
            paid = min(made.account_pay, standing.account_balance)
            shares = []
            for purse in standing.circumstances.relatives:
                share = min(made.account_pay - paid, purse.balance)
                if share:
                    shares.append((purse.person_id, share))
                    paid += share
            await on.book(
                replace(made, account_pay=paid, cash_pay=400 - paid, family_payments=tuple(shares))
            )
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
        *[
            await store.find_standing_before(claimant(number, (2025, 2026)), ident(6))
            for number in range(3)
        ],
        *[await store.list_entitlements(person) for person in PEOPLE],
        *[await store.find(ident(number)) for number in range(1, 12)],
    ]


async def entitle(store: Store, draw: random.Random) -> None:
    """Now and then tells what somebody is entitled to, or whose account they may use."""
    begin = date(2026, draw.choice((1, 2)), 1)
    end = draw.choice((None, date(2026, 6, 30)))
    if draw.random() < 0.2:
        kind, code = draw.choice(
            (
                (EntitlementKind.MEDICAL_AID, "minimum_living"),
                (EntitlementKind.CHRONIC_DISEASE, "M03900"),
                (EntitlementKind.CIVIL_SERVANT, ""),
            )
        )
        told = [
            (person, Entitlement(kind, code, begin, end))
            for person in draw.sample(PEOPLE, draw.randint(1, 3))
        ]
        await store.run("entitle", lambda on: on.set_entitlements(told))
    if draw.random() < 0.2:
        owner, *members = draw.sample(PEOPLE, draw.randint(2, 3))
        links = [FamilyLink(owner, member, begin, end) for member in members]
        await store.run("family", lambda on: on.set_family(links))


async def drawn(database, seed: int) -> list[object]:
    draw = random.Random(seed)  # noqa: S311 - to be repeated
    store, answers = Store(database, VAULT), []
    balances = [(person, 500) for person in PEOPLE[:2]]
    await store.run("open", lambda on: on.set_accounts(balances))
    for _ in range(60):
        await entitle(store, draw)
        number = draw.randint(1, 11)
        stay = draw.choice((None, 0, 1))
        years = draw.choice(((2026,), (2025, 2026)))
        day = draw.choice((None, TODAY, date(2027, 1, 1)))
        whose = claimant(draw.randrange(3), years, stay, day)
        made = booking(
            number,
            whose,
            account_pay=draw.choice((0, 100, 300)),
            setting=draw.choice(list(Setting)),
            end_date=date(2026, draw.choice((1, 3, 12)), 28),
        )
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
        on = Transaction(connection, VAULT)
        held, _ = await on.lock_person(made.claimant, made.settlement_id)
        await on.book(made)
        return held

    return work


async def race(database, first, second, *, commits: bool) -> list[object]:
    store = Store(database, VAULT)
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
            await commit(Store(database, VAULT), booking(9, claimant(0)))
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
            await commit(Store(database, VAULT), booking(9, claimant(0)))
        made = booking(1, claimant(0))

        async def second(connection):
            return await Transaction(connection, VAULT).lock_person(
                made.claimant, made.settlement_id
            )

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
            await Transaction(connection, VAULT).leave_tombstone(ident(1))

        made = booking(1, claimant(0))
        return await race(database, bury, lambda store: commit(store, made), commits=commits)

    blocked, (held, _), *_ = await agree(dsn, SCHEMA, scenario)
    assert blocked is True
    assert (held is not None) is commits


@pytest.mark.parametrize("commits", [True, False])
async def test_two_cancels_of_one_bill(dsn, commits):
    async def scenario(database):
        await commit(
            Store(database, VAULT), booking(1, claimant(0, (2025, 2026), 0), account_pay=100)
        )

        async def first(connection):
            on = Transaction(connection, VAULT)
            await on.lock_booked(ident(1))
            return await on.restore(ident(1))

        return await race(database, first, lambda store: cancel(store, 1), commits=commits)

    assert (await agree(dsn, SCHEMA, scenario))[0] is True


def paying(number: int, whose: Claimant, owner: int) -> Booking:
    """A bill that a relative's account pays 100 of."""
    made = booking(number, whose, account_pay=100)
    return replace(made, family_payments=((PEOPLE[owner], 100),))


@pytest.mark.parametrize("commits", [True, False])
async def test_two_relatives_pay_from_each_others_account(dsn, commits):
    """The second waits for the first one's accounts, and sees what is left in them."""

    async def scenario(database):
        store = Store(database, VAULT)
        await store.run("open", lambda on: on.set_accounts([(one, 500) for one in PEOPLE]))
        links = [
            FamilyLink(PEOPLE[owner], PEOPLE[member], TODAY, None)
            for owner, member in ((0, 1), (1, 0))
        ]
        await store.run("family", lambda on: on.set_family(links))
        other = paying(2, claimant(1), 0)

        async def second(on):
            _, standing = await on.lock_person(other.claimant, other.settlement_id)
            await on.book(other)
            return standing

        return await race(
            database,
            booked(paying(1, claimant(0), 1)),
            lambda store: store.run("second", second),
            commits=commits,
        )

    blocked, standing, *_ = await agree(dsn, SCHEMA, scenario)
    assert blocked is True
    assert standing.account_balance == (400 if commits else 500)
    assert [purse.balance for purse in standing.circumstances.relatives] == [500]


@pytest.mark.parametrize("commits", [True, False])
async def test_a_cancel_gives_back_to_a_relative_who_settles(dsn, commits):
    async def scenario(database):
        store = Store(database, VAULT)
        await store.run("open", lambda on: on.set_accounts([(one, 300) for one in PEOPLE]))
        link = FamilyLink(PEOPLE[0], PEOPLE[1], TODAY, None)
        await store.run("family", lambda on: on.set_family([link]))

        async def pay(on):
            await on.lock_person(claimant(1), ident(1))
            await on.book(paying(1, claimant(1), 0))

        await store.run("pay", pay)

        async def first(connection):
            on = Transaction(connection, VAULT)
            await on.lock_booked(ident(1))
            return await on.restore(ident(1))

        made = booking(2, claimant(0), account_pay=300)
        return await race(database, first, lambda store: commit(store, made), commits=commits)

    blocked, (_, standing), *_ = await agree(dsn, SCHEMA, scenario)
    assert blocked is True
    assert standing.account_balance == (300 if commits else 200)
