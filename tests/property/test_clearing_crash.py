"""Goal: a month that is interrupted after any step, or in the middle of one, continues to the same
tables, notices and payments.

Method: every step of a month is first torn at its commit (the server ends the connection when all
of the step's work is done and nothing is committed yet), then done, then done again, as by somebody
whose answer was lost. In the end all is compared with a month in which nothing went wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.clearing import coherence
from services.clearing.posting import month_end
from services.kit.db import Connection, Database, DatabaseConfig, open_database
from services.kit.errors import DomainError, Unavailable
from tests.integration.clearing.breaks_world import tampering
from tests.property.clearing_world import World
from tests.support.clock import FakeClock
from tests.support.settlement_feed import reversed_, settled

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

MARCH = "2026-03"
MANY = 4
_IDS = UUID("019d1f00-0000-7000-8000-000000000000")

Step = tuple[str, Callable[[World], Awaitable[Any]]]


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with open_database(DatabaseConfig(dsn=dsn), "clearing") as opened:
        yield opened


def event(number: int, *, insured: str, care: str, scheme: str = "310", late: bool = False) -> Any:
    """A settlement of the 20th of March, or one of the 1st of April."""
    made = settled(
        number,
        funds={"310100" if scheme == "310" else "390100": 90_000 + number, "330100": 7 * number},
        account_fen=number % 2 * 55,
        insured=insured,
        care=care,
        scheme=scheme,
        at=month_end(MARCH) + timedelta(days=1 if late else -11, minutes=number),
    )
    made.settlement.settlement_id = str(UUID(int=_IDS.int + number))
    return made


MARCH_EVENTS = [
    event(1, insured="131100", care="110105"),
    event(2, insured="340100", care="110105", scheme="390"),
    event(3, insured="110100", care="310115"),
    event(4, insured="131100", care="310115"),
]
TAKEN_BACK = reversed_(MARCH_EVENTS[3], at=month_end(MARCH) - timedelta(days=2))
APRIL_EVENT = event(5, insured="131100", care="110105", late=True)


async def end_of_march(world: World) -> None:
    world.clock.instant = month_end(MARCH) + timedelta(days=2)
    await world.happen(APRIL_EVENT)


STEPS: list[Step] = [
    ("settle", lambda world: world.happen(*MARCH_EVENTS)),
    ("reverse", lambda world: world.happen(TAKEN_BACK)),
    ("april", end_of_march),
    ("cut", lambda world: world.cut(MARCH)),
    ("compare", lambda world: world.compare(MARCH)),
    ("confirm", lambda world: world.confirm(MARCH)),
    ("tables", lambda world: world.make_tables(MARCH)),
    ("sign", lambda world: world.sign(MARCH)),
    ("draft", lambda world: world.draft(MARCH)),
    ("issue", lambda world: world.issue(MARCH)),
    ("pay", lambda world: world.pay_all(MARCH)),
    ("close", lambda world: world.close(MARCH)),
]

_RESULT = """
SELECT (SELECT array_agg(l::text ORDER BY l) FROM table_line l) AS lines,
       (SELECT array_agg(encode(digest, 'hex') ORDER BY month) FROM month_table) AS digests,
       (SELECT array_agg(concat_ws('|', n.number, n.month, n.payer_region_code, n.amount_fen,
                                   n.state) ORDER BY n.number) FROM notice n) AS notices,
       (SELECT array_agg(concat_ws('|', m.month, m.state) ORDER BY m.month)
          FROM clearing_month m) AS months,
       (SELECT array_agg(concat_ws('|', p.insured_region_code, p.care_region_code, p.month,
                                   p.scheme_code, a.fund_type_code, a.purpose, a.phase, a.side,
                                   a.balance_fen)
                         ORDER BY p.insured_region_code, p.care_region_code, p.month,
                                  p.scheme_code, a.fund_type_code, a.purpose, a.phase, a.side)
          FROM account a JOIN position p USING (position_id)) AS balances,
       (SELECT array_agg(concat_ws('|', b.bank_reference, b.applied_fen, b.state)
                         ORDER BY b.bank_reference) FROM bank_line b) AS bank_lines"""


async def result(dsn: str) -> dict[str, Any]:
    """All that a month leaves, without keys and instants."""
    async with tampering(dsn) as connection:
        return dict(await connection.fetchrow(_RESULT))


async def fingerprint(dsn: str) -> dict[str, Any]:
    """Rows of every table: what a step that is torn must not change."""
    async with tampering(dsn) as connection:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'clearing' ORDER BY tablename"
        )
        return {
            name: await connection.fetchval(
                f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t"  # noqa: S608
            )
            for (name,) in tables
        }


class Torn:
    """Ends the connection of the n-th transaction of a step when its work is done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dsn: str) -> None:
        self.dsn = dsn
        self._run = Database.run
        self.count = 0
        self.at = 0
        """Which transaction; 0: none."""
        torn = self

        async def run(database: Database, name: str, work: Any) -> Any:
            torn.count += 1
            if torn.count != torn.at:
                return await torn._run(database, name, work)

            async def work_and_die(connection: Connection) -> Any:
                done = await work(connection)
                await torn.kill(connection)
                return done

            return await torn._run(database, name, work_and_die)

        monkeypatch.setattr(Database, "run", run)

    async def kill(self, connection: Connection) -> None:
        pid = await connection.raw.fetchval("SELECT pg_backend_pid()")
        killer = await asyncpg.connect(self.dsn)
        try:
            await killer.execute("SELECT pg_terminate_backend($1)", pid)
        finally:
            await killer.close()

    def arm(self, at: int) -> None:
        self.count, self.at = 0, at


@pytest.fixture
async def expected(
    postgres_dsn: str, templates: Callable[[tuple[str, ...]], str]
) -> dict[str, Any]:
    """What the month leaves when nothing goes wrong, in a database of its own."""
    name, template = f"calm_{uuid4().hex}", templates(SCHEMAS)
    maintenance = await asyncpg.connect(postgres_dsn)
    head, _, query = postgres_dsn.partition("?")
    dsn = f"{head.rpartition('/')[0]}/{name}?{query}"
    try:
        await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        async with open_database(DatabaseConfig(dsn=dsn), "clearing") as database:
            world = new_world(database)
            for _, step in STEPS:
                await step(world)
            return await result(dsn)
    finally:
        await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await maintenance.close()


def new_world(database: Database) -> World:
    return World(database, FakeClock(month_end(MARCH) - timedelta(hours=1)))


async def test_every_step_torn_at_its_commit_continues_to_the_same_month(
    dsn: str, database: Database, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, torn = new_world(database), Torn(monkeypatch, dsn)
    for name, step in STEPS:
        at = 1
        while await is_torn(world, step, torn, at=at):
            # Of what commits many times, the first few and some of the rest.
            at = at + 1 if at < MANY else 2 * at
        assert at > 1, f"{name} was never torn"
        assert await coherence.find_incoherence(database) == [], name
        assert await world.broken() == [], name
        done = await result(dsn)
        await again(world, step)
        assert await result(dsn) == done, f"{name} done again changes something"
    assert await result(dsn) == expected
    assert expected["months"] == ["2026-03|CLOSED"]
    assert all(line.endswith("|MATCHED") for line in expected["bank_lines"])


async def is_torn(
    world: World, step: Callable[[World], Awaitable[Any]], torn: Torn, *, at: int
) -> bool:
    """Does a step whose n-th transaction is torn; False: it has not so many, and is done."""
    before = await fingerprint(torn.dsn) if at == 1 else {}
    instant, records = world.clock.instant, list(world.journal.records)
    torn.arm(at)
    try:
        await step(world)
    except Unavailable:
        if at == 1:
            assert await fingerprint(torn.dsn) == before
    else:
        return False
    finally:
        torn.arm(0)
    # What happened in the journal happened once; whoever goes on begins the step again.
    world.clock.instant, world.journal.records = instant, records
    return True


async def again(world: World, step: Callable[[World], Awaitable[Any]]) -> None:
    """Somebody who lost the answer asks once more: nothing changes, or it is refused."""
    records = list(world.journal.records)
    with contextlib.suppress(DomainError):
        await step(world)
    world.journal.records = records
