"""Goal: whatever happens to processes, database, deadlines and order, no fen is lost or paid twice.

Method: people whose accounts and caps run out settle and reverse at two replicas of settlement at
once, from two provinces, with deadlines too short to be kept, while parts of the mesh are killed.
Afterwards everything that was begun must come to an end, and journal, accumulators, accounts and
ledger must tell the same to the fen.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import asyncpg
import grpc
import pytest

from services.cli import topology
from services.cli.cases import case, institutions
from services.cli.mesh import Mesh
from services.cli.processes import Process
from services.cli.province import Province
from services.kit.channel import open_channel
from tests.support.eventually import eventually
from yijie.benefits.v1 import benefits_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

OUTPATIENT_CAP_FEN = 80_000
"""Hengshui, employee in service: what the pooled fund pays in a year."""
PRICE_FEN = 226

# What each schema holds of the same settlements, one row per contradiction.
_AUDIT = {
    "journal and region differ": """
        WITH state AS (SELECT DISTINCT ON (settlement_id) settlement_id, state
                         FROM settlement.settlement_state_change
                        ORDER BY settlement_id, version DESC),
             booked AS (SELECT DISTINCT ON (settlement_id) settlement_id, state
                          FROM benefits.adjudication_state ORDER BY settlement_id, version DESC)
        SELECT settlement_id, s.state AS journal, b.state AS region
          FROM state s FULL JOIN booked b USING (settlement_id)
         WHERE (s.state, coalesce(b.state, 'NONE')) NOT IN (
                   ('SETTLED', 'COMMITTED'), ('REVERSED', 'CANCELLED'),
                   ('FAILED', 'CANCELLED'), ('FAILED', 'NONE'))""",
    "amounts differ": """
        SELECT c.settlement_id FROM settlement.settlement_state_change c
          LEFT JOIN benefits.adjudication a USING (settlement_id)
         WHERE c.state = 'SETTLED' AND (c.total_fen, c.fund_fen, c.account_fen, c.cash_fen)
               IS DISTINCT FROM
               (a.total_fen, a.fund_total_fen, a.account_pay_fen, a.cash_pay_fen)""",
    "accumulators are not the sum of what stands": """
        WITH standing AS (
            SELECT a.* FROM benefits.adjudication a WHERE NOT EXISTS (
                SELECT FROM benefits.adjudication_state s
                 WHERE s.settlement_id = a.settlement_id AND s.state = 'CANCELLED'))
        SELECT u.person_id, u.scheme_code, u.benefit_year FROM benefits.accumulators u
          LEFT JOIN standing a USING (person_id, scheme_code, benefit_year)
         GROUP BY u.person_id, u.scheme_code, u.benefit_year
        HAVING (u.inpatient_in_scope, u.inpatient_deductible, u.inpatient_count,
                u.outpatient_in_scope, u.outpatient_deductible, u.outpatient_fund, u.fund_pooled,
                u.fund_large_amount, u.fund_critical_illness, u.critical_illness_base,
                u.account_pay) <> (
                coalesce(sum(a.delta[1]), 0), coalesce(sum(a.delta[2]), 0),
                coalesce(sum(a.delta[3]), 0), coalesce(sum(a.delta[4]), 0),
                coalesce(sum(a.delta[5]), 0), coalesce(sum(a.delta[6]), 0),
                coalesce(sum(a.delta[7]), 0), coalesce(sum(a.delta[8]), 0),
                coalesce(sum(a.delta[9]), 0), coalesce(sum(a.delta[10]), 0),
                coalesce(sum(a.delta[11]), 0))""",
    "a request settled twice": """
        SELECT request_id FROM settlement.settlement GROUP BY request_id HAVING count(*) > 1""",
    "feed and journal differ": """
        SELECT coalesce(c.settlement_id, o.settlement_id), state
          FROM settlement.settlement_state_change c
          FULL JOIN settlement.outbox o
            ON o.settlement_id = c.settlement_id AND o.kind = c.state
         WHERE c.state IN ('SETTLED', 'REVERSED') AND o.kind IS NULL
            OR c.settlement_id IS NULL
        UNION ALL
        SELECT settlement_id, kind FROM settlement.outbox
         GROUP BY settlement_id, kind HAVING count(*) > 1""",
}
_LEDGER = """
    WITH paid AS (
        SELECT sum(c.fund_fen + c.account_fen) AS fen FROM settlement.settlement_state_change c
         WHERE c.state = 'SETTLED' AND NOT EXISTS (
             SELECT FROM settlement.settlement_state_change r
              WHERE r.settlement_id = c.settlement_id AND r.state = 'REVERSED')),
    owed AS (SELECT sum(amount_fen) AS fen FROM clearing.entry WHERE side = 'RECEIVABLE')
    SELECT coalesce(paid.fen, 0) AS paid, coalesce(owed.fen, 0) AS owed FROM paid, owed"""


@dataclass
class Book:
    """Reads all schemas at once, as no service may."""

    connection: asyncpg.Connection

    async def contradictions(self) -> dict[str, list[str]]:
        """What does not tell the same, by what it is."""
        found = {name: await self.connection.fetch(query) for name, query in _AUDIT.items()}
        return {name: [str(dict(row)) for row in rows] for name, rows in found.items() if rows}

    async def assert_even(self) -> None:
        """Waits until all work is done, then compares everything to the fen."""

        async def finished() -> None:
            assert not await self.connection.fetch("SELECT * FROM settlement.open_intent")

        await eventually(finished, within_s=30)
        assert await self.contradictions() == {}

        async def cleared() -> None:
            row = await self.connection.fetchrow(_LEDGER)
            assert row["owed"] == row["paid"]

        await eventually(cleared, within_s=30)
        unbalanced = await self.connection.fetch(
            "SELECT transfer_id FROM clearing.entry"
            " GROUP BY transfer_id HAVING sum(amount_fen) <> 0"
        )
        assert not unbalanced

    async def states(self) -> dict[str, int]:
        rows = await self.connection.fetch(
            "SELECT state, count(*) AS n FROM (SELECT DISTINCT ON (settlement_id) state"
            " FROM settlement.settlement_state_change ORDER BY settlement_id, version DESC) AS s"
            " GROUP BY state"
        )
        return {row["state"]: row["n"] for row in rows}


async def connect(running: Mesh) -> asyncpg.Connection:
    """Connects, even while the database recovers."""

    async def probe() -> asyncpg.Connection:
        try:
            return await asyncpg.connect(running.dsn)
        except (OSError, asyncpg.PostgresError) as error:
            raise AssertionError(type(error).__name__) from None

    return await eventually(probe)


@contextlib.asynccontextmanager
async def book_of(running: Mesh) -> AsyncIterator[Book]:
    connection = await connect(running)
    try:
        yield Book(connection)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def replicas(
    running: Mesh, province: Province
) -> AsyncIterator[list[rpc.SettlementServiceStub]]:
    """Stubs of the mesh's settlement and of a second one on the same database."""
    ports = topology.PortBook()
    second = topology.Endpoint(ports.take(), ports.take())
    variables = topology.environment(
        "settlement", {**running.endpoints, "settlement": second}, running.data_dir
    )
    settings = {"YIJIE_RECOVERY_AFTER_S": "1.0", "YIJIE_RECOVERY_INTERVAL_S": "0.2"}
    process = Process("settlement", {**variables, **settings}, running.data_dir / "second.log")
    try:
        async with (
            open_channel(second.address) as channel,
            open_channel(running.endpoints["settlement"].address) as first,
        ):
            await asyncio.wait_for(channel.channel_ready(), 30)
            yield [rpc.SettlementServiceStub(first), rpc.SettlementServiceStub(channel)]
    finally:
        await process.stop(within_s=10)
        ports.close()


@pytest.fixture(scope="module")
async def patient(province: Province) -> settlement_pb2.Patient:
    return await province.register(case("outpatient"))


def settle_request(
    patient: settlement_pb2.Patient,
    quantity: int,
    *,
    place: str = "beijing_tertiary",
    year: int = 2026,
) -> pb.SettleRequest:
    """A new visit in Beijing or Tianjin: one line of a class B drug."""
    request = pb.SettleRequest(
        request_id=str(uuid4()), patient=patient, bill=case("outpatient").bill, use_account=True
    )
    institution = institutions()[place]
    request.bill.institution_code = institution.institution_code
    request.bill.care_region_code = institution.region_code
    line = request.bill.lines[0]
    for date in (request.bill.begin_date, request.bill.end_date, line.fee_date):
        date.year = year
    line.quantity.value = str(quantity)
    line.amount.fen = request.bill.total.fen = PRICE_FEN * quantity
    return request


async def attempt(call: grpc.aio.UnaryUnaryCall) -> bool:
    try:
        await call
    except grpc.aio.AioRpcError:
        return False
    return True


async def answered(call):
    """Repeats a call with its request id, as a province does, until it is answered."""

    async def probe():
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            raise AssertionError(error.details()) from None

    return await eventually(probe, within_s=30)


async def visits(stubs, patient, *, count: int, seed: int, deadlines) -> list[pb.SettleRequest]:
    """Many visits of one person at once: settled, repeated, reversed by one key or the other."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    requests = [
        settle_request(
            patient,
            chance.randint(1, 150),
            place=chance.choice(("beijing_tertiary", "tianjin_tertiary")),
        )
        for _ in range(count)
    ]

    async def visit(request: pb.SettleRequest, plan: float) -> None:
        one, other = chance.sample(stubs, 2)
        deadline = chance.choice(deadlines)

        def settle(stub):
            return attempt(stub.Settle(request, timeout=deadline))

        def reverse(stub):
            return attempt(stub.ReverseSettlement(reversal, timeout=deadline))

        reversal = pb.ReverseSettlementRequest(
            request_id=str(uuid4()), settle_request_id=request.request_id
        )
        if plan < 0.4:
            # Sent twice, and never taken back.
            await asyncio.gather(settle(one), settle(other))
        elif plan < 0.8:
            # Taken back when it is there, at both replicas at once, and asked for again meanwhile.
            await settle(one)
            await asyncio.gather(reverse(one), reverse(other), settle(other))
        else:
            # Taken back while it is on its way.
            await asyncio.gather(settle(one), reverse(other))

    await asyncio.gather(*(visit(request, chance.random()) for request in requests))
    return requests


async def test_a_cap_and_an_account_hold_between_two_provinces(
    running, province, replicas, patient
):
    # A year of its own and a full account: the other tests use up the person's 2026.
    account = benefits_service_pb2.Account(person_id=patient.person_id, balance={"fen": 137_815})
    opened = benefits_service_pb2.UpsertAccountsRequest(request_id=str(uuid4()), accounts=[account])
    await province.benefits.UpsertAccounts(opened, timeout=5.0)
    before = await province.accumulators(patient.person_id, "310", 2025)
    requests = [
        settle_request(patient, 120, place=place, year=2025)
        for place in ("beijing_tertiary", "tianjin_tertiary") * 8
    ]
    answers = await asyncio.gather(
        *(
            answered(partial(replicas[number % 2].Settle, request, timeout=5.0))
            for number, request in enumerate(requests)
        )
    )
    after = await province.accumulators(patient.person_id, "310", 2025)
    fund = sum(answer.settlement.adjudication.fund_total.fen for answer in answers)
    account = sum(answer.settlement.adjudication.account_pay.fen for answer in answers)
    assert after.accumulators.outpatient_fund.fen == fund <= OUTPATIENT_CAP_FEN
    assert after.account_balance.fen == before.account_balance.fen - account >= 0
    # Both ran out: otherwise this test shows nothing.
    assert fund == OUTPATIENT_CAP_FEN
    assert after.account_balance.fen == 0
    # Taken back in another order than they were settled in, everything is as it was.
    random.Random(1).shuffle(answers)  # noqa: S311 - no secret
    await asyncio.gather(
        *(
            answered(
                partial(
                    replicas[number % 2].ReverseSettlement,
                    pb.ReverseSettlementRequest(
                        request_id=str(uuid4()), settlement_id=answer.settlement.settlement_id
                    ),
                    timeout=5.0,
                )
            )
            for number, answer in enumerate(answers)
        )
    )
    restored = await province.accumulators(patient.person_id, "310", 2025)
    assert restored == before
    async with book_of(running) as book:
        await book.assert_even()


async def test_settling_and_reversing_at_once_with_all_deadlines(running, replicas, patient):
    for seed, deadlines in enumerate([(0.01, 0.05, 0.2), (0.05, 0.1, 0.3, 1.0), (5.0,)]):
        await visits(replicas, patient, count=30, seed=seed, deadlines=deadlines)
    async with book_of(running) as book:
        await book.assert_even()
        states = await book.states()
        assert states["SETTLED"] > 10
        assert states["REVERSED"] > 10


async def test_the_database_crashes_under_load(running, replicas, patient):
    async def crashes() -> None:
        for _ in range(3):
            await asyncio.sleep(0.8)
            await crash_database(running)

    crashing = asyncio.ensure_future(crashes())
    requests = []
    while not crashing.done():
        seed = 100 + len(requests)
        requests += await visits(replicas, patient, count=12, seed=seed, deadlines=(0.5, 2.0))
    await crashing
    # How much was settled between the crashes is chance; some is, once the database is back.
    requests += await visits(replicas, patient, count=24, seed=99, deadlines=(2.0, 5.0))
    async with book_of(running) as book:
        await book.assert_even()
        before = await book.states()
        assert before["SETTLED"] > 10
    # A repeat of any of them is answered by what is known, or settled now; never a second time.
    for request in requests[:20]:
        await attempt(replicas[0].Settle(request, timeout=5.0))
    async with book_of(running) as book:
        await book.assert_even()


async def test_killed_services_under_load(running, replicas, patient):
    async def kill() -> None:
        for service in ("benefits", "clearing", "settlement", "benefits"):
            await asyncio.sleep(0.3)
            running.processes[service].kill()
            await running.processes[service].ended(within_s=10)
            running.start(service)
            await running.ready(service)

    killing = asyncio.ensure_future(kill())
    seed = 200
    while not killing.done():
        seed += 1
        await visits(replicas, patient, count=10, seed=seed, deadlines=(0.5, 2.0))
    await killing
    async with book_of(running) as book:
        await book.assert_even()


async def crash_database(running: Mesh) -> None:
    """Kills one backend: PostgreSQL cuts all connections and recovers from its log."""
    connection = await connect(running)

    async def backend() -> int:
        pid = await connection.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'yijie.settlement'"
            " ORDER BY state = 'active' DESC LIMIT 1"
        )
        # After the crash before settlement may not have come back yet.
        assert pid is not None
        return int(pid)

    pid = await eventually(backend, within_s=20)
    os.kill(pid, signal.SIGKILL)
    connection.terminate()
