"""Goal: whatever happens in whatever order, money is conserved: invariants hold after each step.

Method: random flows of settlements, reversals, deductions, appeals, cuts, tables, signatures,
notices and bank lines through the use cases, on the real tables; after each step everything is
reckoned in two ways. What a step may be refused for is part of the flow.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.clearing import coherence, posting
from services.clearing.disputes import store as dispute_store
from services.clearing.domain.deduction import Deduction
from services.clearing.domain.deduction_states import DeductionState
from services.clearing.months import store as month_store
from services.clearing.notices import payments
from services.clearing.notices.bank_store import BankLineFilter, ResolutionDecision, list_lines
from services.kit.db import Database, DatabaseConfig, open_database
from services.kit.errors import RuleForbids
from tests.integration.clearing.ledger_world import within
from tests.property.clearing_world import World, identified
from tests.support.clock import FakeClock
from tests.support.settlement_feed import reversed_, settled

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

PROVINCES = ("130000", "340000", "110000", "310000")
FUNDS = {"310": ("310100", "330100"), "390": ("390100", "390200")}
STEPS = 60
IDLE = "NOTHING_TO_DO"


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with open_database(DatabaseConfig(dsn=dsn), "clearing") as opened:
        yield opened


@dataclass
class Flow:
    """Draws what happens next, and does it."""

    world: World
    drawn: random.Random
    count: int = 0
    standing: list[Any] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def ways(self) -> dict[Callable[[], Awaitable[None]], int]:
        return {
            self.settle: 6,
            self.settle_late: 2,
            self.reverse: 4,
            self.deduct: 5,
            self.appeal: 3,
            self.decide: 3,
            self.catch_up: 2,
            self.month_passes: 3,
            self.cut: 3,
            self.tables: 4,
            self.sign: 4,
            self.draft: 4,
            self.issue: 4,
            self.pay: 6,
            self.pay_too_much: 3,
            self.resolve: 3,
        }

    async def step(self) -> None:
        """Does something that can be done now, or is refused for a reason of the rules."""
        self.world.clock.advance(minutes=self.drawn.randrange(1, 600))
        ways = self.ways()
        while True:
            (way,) = self.drawn.choices(list(ways), weights=list(ways.values()))
            try:
                await way()
            except RuleForbids as refusal:
                self.done[f"{way.__name__}: {refusal.reason}"] += 1
                if refusal.reason != IDLE:
                    break
            else:
                self.done[way.__name__] += 1
                break
        await self.world.caught_up()

    async def settle(self) -> None:
        await self._settle(timedelta())

    async def settle_late(self) -> None:
        """Decided by its insured province days after it was begun."""
        await self._settle(timedelta(days=self.drawn.randrange(1, 40)))

    async def _settle(self, late: timedelta) -> None:
        self.count += 1
        insured, care = self.drawn.sample(PROVINCES, 2)
        scheme = self.drawn.choice(("310", "390"))
        drawn_up = settled(
            self.count,
            funds={code: self.drawn.randrange(5) * 10_000 + self.count for code in FUNDS[scheme]},
            account_fen=self.drawn.randrange(2) * 77,
            insured=insured,
            care=care,
            scheme=scheme,
            at=self.world.now - late,
        )
        event = identified(drawn_up)
        self.standing.append(event)
        await self.world.happen(event)

    async def reverse(self) -> None:
        if self.standing:
            event = self.standing.pop(self.drawn.randrange(len(self.standing)))
            await self.world.happen(reversed_(event, at=self.world.now))

    async def deduct(self) -> None:
        if not self.standing:
            return
        outcome = await self.world.deduct(
            self.drawn.choice(self.standing), self.drawn.randrange(1, 30_000)
        )
        if not isinstance(outcome, Deduction):
            raise outcome

    async def appeal(self) -> None:
        await self.world.appeal(await self._deduction(DeductionState.PENDING))

    async def decide(self) -> None:
        deduction = await self._deduction(DeductionState.APPEALED)
        await self.world.decide(deduction, upheld=self.drawn.random() < 0.5)

    async def _deduction(self, state: DeductionState) -> Any:
        wanted = dispute_store.DeductionFilter(state=state)
        found = await dispute_store.list_deductions(self.world.database, wanted, limit=100)
        if not found:
            raise nothing()
        return self.drawn.choice(found)

    async def catch_up(self) -> None:
        await self.world.catch_up()

    async def month_passes(self) -> None:
        self.world.clock.advance(days=self.drawn.randrange(5, 28))

    async def cut(self) -> None:
        async with self.world.database.connection() as connection:
            month = await posting.open_month(connection)
        if not month or self.world.now < posting.month_end(month):
            raise nothing()
        await self.world.caught_up()
        await self.world.cut(month)

    async def tables(self) -> None:
        month = await self._month("OPEN", "RECONCILED")
        await self.world.compare(month)
        await self.world.confirm(month)
        await self.world.make_tables(month)

    async def sign(self) -> None:
        await self.world.sign(await self._month("TABLED"))

    async def draft(self) -> None:
        await self.world.draft(await self._month("SIGNED"))

    async def issue(self) -> None:
        drafts = [one for one in await self.world.notices() if one.state.value == "DRAFT"]
        if not drafts:
            raise nothing()
        await self.world.issue(self.drawn.choice(drafts).month)

    async def _month(self, *states: str) -> str:
        months = await month_store.list_months(
            self.world.database, year="", state=None, before="", limit=100
        )
        found = sorted(one.month for one in months if one.state.value in states)
        if not found:
            raise nothing()
        return found[0]

    async def pay(self) -> None:
        """All or a part of it, in one or two transfers; a reference once."""
        notice = await self._payable()
        fen = self.drawn.choice((notice.open_fen, max(1, notice.open_fen // 3)))
        await self.world.bank([(f"BANK-{self.count}-{fen}", notice, fen, notice.number)])

    async def pay_too_much(self) -> None:
        """More than is owed, or for a notice that there is not: it is suspended."""
        notice = await self._payable()
        number = self.drawn.choice((notice.number, "QS2026999999"))
        fen = notice.open_fen + self.drawn.randrange(1, 5000)
        await self.world.bank([(f"MORE-{self.count}-{fen}", notice, fen, number)])

    async def _payable(self) -> Any:
        found = [one for one in await self.world.notices() if one.number and one.open_fen]
        self.count += 1
        if not found:
            raise nothing()
        return self.drawn.choice(found)

    async def resolve(self) -> None:
        """One officer says that suspended money was sent back, another agrees or not."""
        lines = await list_lines(self.world.database, BankLineFilter(), limit=1000)
        suspended = [one for one in lines if one.state.value == "SUSPENDED"]
        if not suspended:
            raise nothing()
        line = self.drawn.choice(suspended)
        proposal = payments.Proposal(
            line_id=line.line_id,
            decision=ResolutionDecision.RETURNED,
            notice_number="",
            amount_fen=0,
            maker_id="hub-1",
            note="退回付款行",
        )
        await within(self.world.database, payments.propose, proposal, now=self.world.now)
        await self.agree(line.line_id)

    async def agree(self, line_id: UUID) -> None:
        await within(
            self.world.database,
            payments.decide,
            line_id,
            approved=self.drawn.random() < 0.5,
            checker_id="hub-2",
            now=self.world.now,
        )


def nothing() -> RuleForbids:
    """Nobody can do that now."""
    return RuleForbids(IDLE, "nothing to do")


@pytest.mark.parametrize("seed", [0, 3, 4])
async def test_every_invariant_holds_after_every_step(database: Database, seed: int) -> None:
    world = World(database, FakeClock())
    flow = Flow(world, random.Random(seed))  # noqa: S311 - the same flow each time
    for number in range(STEPS):
        await flow.step()
        assert await world.broken() == [], f"seed {seed}, step {number}: {dict(flow.done)}"
    assert await coherence.find_incoherence(database) == []
    assert {"tables", "sign", "issue", "pay", "decide"} <= flow.done.keys(), dict(flow.done)
