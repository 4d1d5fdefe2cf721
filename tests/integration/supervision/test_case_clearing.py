"""Goal: what three people decided is deducted once in the real ledger of clearing.

The loop of cases calls the real DisputeService over gRPC; a proxy between them breaks off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest

from services.clearing.config import Config as ClearingConfig
from services.clearing.disputes.servicer import FULL_NAME as DISPUTES
from services.clearing.disputes.servicer import DisputeServicer
from services.clearing.disputes.terms import load_dispute_terms
from services.clearing.domain.ledger import Phase
from services.kit.config import load
from services.kit.db import Database, open_database
from services.kit.errors import DomainError, Unavailable
from services.supervision.cases.clients import ClearingClient, Recorded
from tests.integration.clearing.disputes.disputes_world import World as DisputesWorld
from tests.integration.clearing.disputes.disputes_world import disputes_world
from tests.integration.clearing.disputes.disputes_world import pb2 as dispute_pb2
from tests.integration.clearing.harness import environ as clearing_environ
from tests.integration.supervision.cases_world import MARCH, World, cases_world
from tests.support.clock import FakeClock
from tests.support.rpc import served
from tests.support.settlement_feed import reversed_
from yijie.clearing.v1 import dispute_service_pb2_grpc

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing", "supervision")


class Crashing:
    """The client of clearing, of a process that may die after clearing has committed."""

    def __init__(self, client: ClearingClient) -> None:
        self._client = client
        self.dies = False
        self.calls = 0

    async def record(self, decisions: Sequence[Any], *, now: Any) -> list[Recorded | DomainError]:
        self.calls += 1
        found = await self._client.record(decisions, now=now)
        if self.dies:
            raise Unavailable("CALLEE_UNAVAILABLE", "the process died here")
        return found

    async def get(self, deduction_id: Any) -> Recorded:
        return await self._client.get(deduction_id)


@pytest.fixture
async def disputes(dsn: str, clock: FakeClock) -> AsyncIterator[DisputesWorld]:
    config = load(ClearingConfig, clearing_environ(dsn, 1)).database
    async with (
        open_database(config, "clearing") as database,
        disputes_world(database, clock) as made,
    ):
        yield made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(MARCH)


@pytest.fixture
async def world(
    database: Database, disputes: DisputesWorld, clock: FakeClock
) -> AsyncIterator[World]:
    def register(server: grpc.aio.Server) -> None:
        dispute_service_pb2_grpc.add_DisputeServiceServicer_to_server(
            DisputeServicer(disputes.database, clock, load_dispute_terms()), server
        )

    async with served("clearing", DISPUTES, register) as channel:
        client = Crashing(ClearingClient(channel))
        async with cases_world(database, deductions=client, clock=clock) as made:
            yield made


async def deducted(disputes: DisputesWorld) -> int:
    """What the ledger takes back, posted and pending."""
    total = 0
    for phase in (Phase.POSTED, Phase.PENDING):
        total += sum((await disputes.balances(phase)).values())
    return total


async def test_a_decision_is_one_deduction_whatever_dies(
    world: World, disputes: DisputesWorld
) -> None:
    # Clearing has not booked the settlement yet: it is asked again.
    await world.settle(1)
    await world.conclude(1)
    await world.loop.once()
    assert await world.state(1) == "DEDUCTING"
    await disputes.settle(world.numbers[1])
    world.clock.advance(seconds=11)
    world.clearing.dies = True
    await world.loop.once()
    assert (await world.state(1), await deducted(disputes)) == ("DEDUCTING", -6_000)
    world.clearing.dies = False
    world.clock.advance(seconds=11)
    await world.loop.once()
    await world.loop.once()
    assert (await world.state(1), await deducted(disputes)) == ("DEDUCTED", -6_000)
    assert world.clearing.calls == 3
    assert await disputes.balances(Phase.PENDING) == {
        ("2026-03", "310100"): -5_000,
        ("2026-03", "330100"): -1_000,
    }
    # Nobody appeals within the term: it stands, and the case follows.
    world.clock.advance(days=30)
    await disputes.loop.once()
    await world.loop.once()
    assert await world.state(1) == "UPHELD"
    assert await deducted(disputes) == -6_000


async def test_an_appeal_that_is_granted_takes_deduction_and_points_back(
    world: World, disputes: DisputesWorld
) -> None:
    await world.settle(1)
    await disputes.settle(world.numbers[1])
    await world.conclude(1)
    await world.loop.once()
    key = (await world.case_of(1)).deduction.deduction_id
    await disputes.appeal(key)
    world.clock.advance(minutes=11)
    await world.loop.once()
    assert await world.state(1) == "APPEALED"
    await disputes.decide(key, dispute_pb2.APPEAL_DECISION_WITHDRAWN)
    world.clock.advance(minutes=11)
    await world.loop.once()
    assert (await world.state(1), await deducted(disputes)) == ("WITHDRAWN", 0)
    assert (await world.points(1, "H11010500001")).points.value == "0.00"


async def test_what_clearing_does_not_hold_any_more_is_not_asked_for(
    world: World, disputes: DisputesWorld
) -> None:
    await world.settle(1)
    await disputes.settle(world.numbers[1])
    # An inquiry of the insured province took most of one fund before.
    await disputes.deduct(1, funds=[("310100", 12_000)])
    await world.conclude(1)
    for _ in range(3):
        await world.loop.once()
    case = await world.case_of(1)
    assert {one.fund_type_code: one.amount.fen for one in case.deduction.funds} == {
        "310100": 3_000,
        "330100": 1_000,
    }
    assert await deducted(disputes) == -16_000


async def test_a_reversal_ends_the_case_and_gives_the_deduction_back(
    world: World, disputes: DisputesWorld
) -> None:
    for number in (1, 2):
        await world.settle(number)
        await disputes.settle(world.numbers[number])
    await world.conclude(1)
    await world.loop.once()
    await disputes.settle(reversed_(world.numbers[1], at=world.clock.now()))
    await world.conclude(2)
    await disputes.settle(reversed_(world.numbers[2], at=world.clock.now()))
    await disputes.loop.once()
    world.clock.advance(minutes=11)
    await world.loop.once()
    assert (await world.state(1), await world.state(2)) == ("LAPSED", "LAPSED")
    assert await deducted(disputes) == 0
