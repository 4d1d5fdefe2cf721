"""Goal: whatever officers, institutions, clearing and faults do in whatever order, what must hold
of cases holds: three people, one deduction of a decision, never more than the funds paid.

Method: seeded walks of random steps over a few settlements; refusals are part of them.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import grpc
import pytest

from services.kit.db import Database
from services.supervision.domain.case_states import CaseState
from tests.integration.supervision.cases_world import (
    ANSWER,
    FINAL,
    FIRST,
    SECOND,
    World,
    cases_world,
    doubt,
)
from tests.support.rpc import read_refusal
from yijie.supervision.v1 import finding_pb2

pytestmark = pytest.mark.postgres

STEPS = 90
EXPECTED = {
    "CASE_STATE_FORBIDS",
    "CASE_SAME_PERSON",
    "FIELD_INVALID",
    "FEEDBACK_TOO_LATE",
}


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with cases_world(database) as made:
        yield made


class Walk:
    """One walk; the choice of each step is the seed's."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)  # noqa: S311 - the same walk at each run
        self.seen: Counter[str] = Counter()
        self.reversed: set[int] = set()

    async def step(self) -> None:
        often = [self.decide] * 6 + [self.answer, self.loop] * 2
        seldom = [self.settle, self.time, self.reverse, self.faults, self.appeal]
        await self.chance.choice(often + seldom)()

    async def settle(self) -> None:
        number = len(self.world.numbers) + 1
        if number > 6:
            return
        classes = (finding_pb2.RESULT_CLASS_VIOLATION, finding_pb2.RESULT_CLASS_SUSPICIOUS)
        doubts = [
            doubt("A", *lines, fen=fen, found=self.chance.choice(classes))
            for lines, fen in self.chance.sample(
                [(("1",), 10_000), (("2",), 20_000), (("1", "2"), 30_000), (("1", "2"), 12_345)],
                self.chance.randrange(1, 4),
            )
        ]
        await self.world.settle(number, *doubts, take=self.chance.random() < 0.5)

    async def decide(self) -> None:
        cases = [
            one
            for one in await self.world.list()
            if one.state in {1, 2, 4, 5, 6}  # those that wait for a review
        ]
        if not cases:
            return
        case = await self.world.get(self.chance.choice(cases).case_id)
        step = {1: FIRST, 2: SECOND, 4: ANSWER, 5: ANSWER, 6: FINAL}[case.state]
        if self.chance.random() < 0.1:
            step = self.chance.choice((FIRST, SECOND, ANSWER, FINAL))
        calls = [
            self.world.decide(
                case,
                step,
                confirmed=self.chance.random() < 0.9,
                officer_id=f"officer.{self.chance.randrange(6)}",
            )
            for _ in range(self.chance.choice((1, 1, 2)))
        ]
        await self.tried(*calls)

    async def answer(self) -> None:
        cases = [one for one in await self.world.list() if one.state in {3, 5}]
        if cases:
            await self.tried(self.world.answer(self.chance.choice(cases)))

    async def tried(self, *calls: Any) -> None:
        for result in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(result, grpc.aio.AioRpcError):
                refusal = read_refusal(result)
                assert refusal.reason in EXPECTED, refusal
                self.seen[refusal.reason] += 1
            else:
                assert not isinstance(result, BaseException), result
                self.seen["done"] += 1

    async def loop(self) -> None:
        await self.world.loop.once()

    async def time(self) -> None:
        self.world.clock.advance(hours=self.chance.choice((0.01, 1, 1, 200)))

    async def reverse(self) -> None:
        left = sorted(set(self.world.numbers) - self.reversed)
        if left and self.chance.random() < 0.2:
            number = self.chance.choice(left)
            self.reversed.add(number)
            await self.world.reverse(number, take=self.chance.random() < 0.5)

    async def faults(self) -> None:
        self.world.clearing.is_down = self.chance.random() < 0.3
        self.world.clearing.forgets_to_answer = self.chance.random() < 0.3

    async def appeal(self) -> None:
        states = self.world.clearing.states
        ways = {
            CaseState.DEDUCTED: (CaseState.APPEALED, CaseState.UPHELD),
            CaseState.APPEALED: (CaseState.UPHELD, CaseState.WITHDRAWN),
        }
        for key, state in list(states.items()):
            if state in ways and self.chance.random() < 0.5:
                states[key] = self.chance.choice(ways[state])

    async def holds(self) -> None:
        await self.world.coherent()
        taken: Counter[tuple[UUID, str]] = Counter()
        cases = Counter(one.case_id for one in self.world.clearing.recorded.values())
        assert not cases or max(cases.values()) == 1
        for key, one in self.world.clearing.recorded.items():
            if self.world.clearing.states[key] is not CaseState.WITHDRAWN:
                for code, fen in one.funds_fen.items():
                    taken[one.settlement_id, code] += fen
        for (_, code), fen in taken.items():
            assert fen <= {"310100": 15_000, "330100": 3_000}[code]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_happens_what_must_hold_holds(world: World, seed: int) -> None:
    walk = Walk(world, seed)
    for _ in range(STEPS):
        await walk.step()
        await walk.holds()
    # And it comes to an end: nothing waits for clearing once it is there.
    world.clearing.is_down = world.clearing.forgets_to_answer = False
    for _ in range(3):
        world.clock.advance(minutes=11)
        await world.loop.once()
    await walk.holds()
    assert all(one.state != 7 for one in await world.list())
    assert walk.seen["done"] > 5
    # Nor did anything stay behind that keeps another case from its end.
    number = len(world.numbers) + 1
    await world.settle(number)
    await world.conclude(number)
    await world.loop.once()
    assert await world.state(number) == "DEDUCTED"
    await walk.holds()
