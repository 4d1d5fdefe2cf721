"""Deductions against a model: any order, several at once, the books looked at after every step.

Goal: of each fund of each settlement no more is deducted than it paid, at any instant; nothing of a
settlement that was reversed once what follows by itself was done; and tables that were made stay.

Method: drawn acts in groups that run at once, as two officers, the feed and two loops would, with
the invariants read from the tables after each group.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest

from services.clearing.disputes import usecases
from services.clearing.disputes.loop import Disputes
from services.clearing.domain.ledger import Phase
from services.kit.wire import write_money
from tests.integration.clearing import ledger_world
from tests.integration.clearing.disputes.disputes_world import World, asked, care, pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
DECISIONS = (pb2.APPEAL_DECISION_UPHELD, pb2.APPEAL_DECISION_WITHDRAWN)
_EXPECTED = {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ABORTED}

# What deductions that stand take from a fund, and what they have done to the ledger, by settlement.
_HELD = """/* test.held */
WITH fund AS (
    SELECT s.source_id AS settlement_id, t.fund_type_code, t.amount_fen AS paid_fen,
           EXISTS (SELECT FROM booking r
                    WHERE r.source_id = s.source_id AND r.kind = 'REVERSED') AS is_reversed
      FROM booking s JOIN transfer t ON t.source_id = s.source_id AND t.kind = 'SETTLED'
     WHERE s.kind = 'SETTLED'
), standing AS (
    SELECT d.settlement_id, f.fund_type_code, sum(f.amount_fen) AS deducted_fen
      FROM deduction d JOIN deduction_fund f USING (deduction_id)
     WHERE d.state IN ('PENDING', 'APPEALED', 'UPHELD') GROUP BY 1, 2
), source AS (
    SELECT source_id, settlement_id FROM deduction
    UNION SELECT deduction_id, settlement_id FROM deduction
    UNION SELECT return_source_id, settlement_id FROM deduction WHERE return_source_id IS NOT NULL
), booked AS (
    SELECT o.settlement_id, t.fund_type_code, sum(e.amount_fen) AS booked_fen
      FROM source o JOIN transfer t ON t.source_id = o.source_id AND t.kind = 'DEDUCTION'
      JOIN entry e ON e.transfer_id = t.transfer_id AND e.side = 'RECEIVABLE' GROUP BY 1, 2
)
SELECT fund.*, coalesce(deducted_fen, 0)::bigint AS deducted_fen,
       coalesce(-booked_fen, 0)::bigint AS booked_fen
  FROM fund LEFT JOIN standing USING (settlement_id, fund_type_code)
  LEFT JOIN booked USING (settlement_id, fund_type_code)"""


async def look(world: World, *, caught_up: bool = False) -> None:
    """Holds what is true after every commit."""
    await world.coherent()
    for row in await world.database.fetch(_HELD):
        # Posted and pending together, of a fund: what stands, and nothing else.
        assert row["booked_fen"] == row["deducted_fen"]
        assert 0 <= row["deducted_fen"] <= row["paid_fen"]
        if row["is_reversed"] and caught_up:
            assert row["deducted_fen"] == 0


class Model:
    """What was brought so far, and acts drawn over it."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.draw = random.Random(seed)  # noqa: S311 - to be repeated
        self.events: dict[int, Any] = {}
        self.undone: set[int] = set()
        self.made: list[str] = []
        self.decisions: list[Any] = []
        self.inquiries: list[str] = []
        self.month = 3
        self.tabled: dict[str, dict[Any, int]] = {}

    async def settle(self) -> None:
        """The feed: one after the other, so never twice in a group."""
        number = len(self.events) + 1
        event = care(
            number,
            at=self.world.clock.now(),
            funds={"310100": self.draw.choice([1, 2, 997]), "330100": self.draw.choice([1, 10])},
            account=self.draw.choice([0, 3]),
        )
        await self.world.settle(event)
        self.events[number] = event

    async def undo(self) -> None:
        left = sorted(self.events.keys() - self.undone)
        if left:
            number = self.draw.choice(left)
            self.undone.add(number)
            await self.world.undo(self.events[number])

    async def deduct(self) -> None:
        numbers = [self.draw.choice(sorted(self.events)) for _ in range(self.draw.randint(1, 3))]
        entries = [
            asked(number, self.draw.randint(1, 400))
            if self.draw.random() < 0.6
            else asked(number, funds=[(self.draw.choice(["310100", "310200"]), 1)])
            for number in numbers
        ]
        # A decision may come again, in another request and at the same time.
        if self.decisions and self.draw.random() < 0.3:
            entries.append(self.draw.choice(self.decisions))
        self.decisions += entries
        request_id, results = str(uuid4()), []
        for answer in await asyncio.gather(
            *(self.world.record(*entries, request_id=request_id) for _ in range(2)),
            return_exceptions=True,
        ):
            if isinstance(answer, BaseException):
                assert isinstance(answer, grpc.aio.AioRpcError), answer
                assert answer.code() in _EXPECTED, answer
            else:
                results = answer
        self.made += [one.deduction.deduction_id for one in results if one.HasField("deduction")]

    async def appeal(self) -> None:
        if self.made:
            await tried(self.world.appeal(self.draw.choice(self.made)))

    async def decide(self) -> None:
        if self.made:
            chosen, decision = self.draw.choice(self.made), self.draw.choice(DECISIONS)
            await tried(self.world.decide(chosen, decision))

    async def ask(self) -> None:
        number = self.draw.choice(sorted(self.events))
        with contextlib.suppress(grpc.aio.AioRpcError):
            self.inquiries.append((await self.world.ask(number)).inquiry.inquiry_id)

    async def answer(self) -> None:
        """Two who answer at once, with money to be given back, and without."""
        if self.inquiries:
            chosen = self.draw.choice(self.inquiries)
            amount = write_money(self.draw.randint(1, 300))
            await asyncio.gather(
                tried(self.world.answer(chosen, pb2.INQUIRY_RESULT_IRREGULAR, amount=amount)),
                tried(self.world.answer(chosen, pb2.INQUIRY_RESULT_CONFIRMED)),
            )

    async def go_round(self) -> None:
        """Two replicas."""
        other = Disputes(self.world.database, self.world.clock)
        await asyncio.gather(self.world.loop.once(), other.once())

    async def table(self) -> None:
        """As the months do: what is due first, in the transaction that shuts the month."""
        month = f"2026-{self.month:02d}"
        if self.world.clock.now().month <= self.month:
            return
        self.month += 1
        await self.world.cut(month)
        await ledger_world.within(self.world.database, usecases.catch_up, self.world.clock.now())
        await self.world.table(month)
        self.tabled[month] = await posted_in(self.world, month)

    async def group(self) -> None:
        """Some acts at once: at most one of the feed, and one that shuts a month."""
        acts: list[Callable[[], Awaitable[None]]] = [
            self.draw.choices([self.settle, self.undo], [2, 1])[0],
            *self.draw.choices(
                [self.deduct, self.appeal, self.decide, self.ask, self.answer, self.go_round],
                [4, 2, 2, 1, 1, 1],
                k=4,
            ),
        ]
        if self.draw.random() < 0.2:
            acts[0] = self.table
        self.draw.shuffle(acts)
        await asyncio.gather(*(act() for act in acts))


async def posted_in(world: World, month: str) -> dict[Any, int]:
    found = await world.balances(Phase.POSTED)
    return {key: fen for key, fen in found.items() if key[0] == month}


async def tried(call: Awaitable[object]) -> None:
    """Makes a call that the state may forbid, or that loses against another."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        if error.code() not in _EXPECTED:
            raise


@pytest.mark.parametrize("seed", range(4))
async def test_deductions_hold_against_a_model(world: World, seed: int) -> None:
    model = Model(world, seed)
    for _ in range(4):
        await model.settle()
    for _ in range(25):
        await model.group()
        await look(world)
        world.clock.instant += timedelta(days=model.draw.choice([0, 0, 1, 5, 9]))
    await model.undo()
    world.clock.instant += timedelta(days=40)
    await model.table()
    await world.loop.once()
    await look(world, caught_up=True)
    # What is in tables that were made has not moved since.
    for month, before in model.tabled.items():
        assert await posted_in(world, month) == before
    assert len(model.made) > 3
    # An inquiry that is answered so has its deduction, and no other has.
    odd = await world.database.fetch(
        "/* test.inquiries */ SELECT i.inquiry_id FROM inquiry i LEFT JOIN deduction d"
        " USING (inquiry_id) WHERE (i.state = 'IRREGULAR') <> (d.deduction_id IS NOT NULL)"
    )
    assert odd == []
