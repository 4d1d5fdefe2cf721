"""Goal: whatever is done in whatever order, several at a time: when all notices are paid each pair
holds its quota, nothing waits in the ledger, and what was told follows upon itself without a gap.

Method: plans by chance against the services on a database; refusals are answers, too.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from services.clearing.balances import BalanceFilter, balances
from services.clearing.domain.ledger import Phase, Purpose
from services.clearing.prepayment.terms import load
from services.clearing.prepayment.watching import list_prepayments
from services.kit.clock import civil_date
from tests.integration.clearing.ledger_world import feed_reaches
from tests.integration.clearing.prepayment.prepayment_world import (
    BEIJING,
    HEBEI,
    MARCH,
    SHANGHAI,
    PrepaymentWorld,
    first_quota,
    money,
    name_of,
)
from tests.support.rpc import read_refusal
from tests.support.settlement_feed import settled
from yijie.clearing.v1 import notice_pb2, prepayment_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
ROUNDS = 30
EXPECTED = frozenset(
    {
        "BANK_FILE_DUPLICATE", "LOST_RACE", "MAKER_IS_CHECKER", "NOTICE_DRAFTED",
        "NOTICE_STATE_FORBIDS", "PREPAYMENT_DECIDED", "QUOTA_STANDS", "QUOTA_UNCHANGED",
        "TOP_UP_ABOVE_PROPOSAL", "TOP_UP_NOT_RED", "TOP_UP_STANDS",
    }
)  # fmt: skip


async def begun(world: PrepaymentWorld) -> None:
    """Q4 of 2025 and the months up to March are tabled, March is signed; nothing is held."""
    bills = [
        settled(
            number + 10 * month,
            funds={fund: 9_000 + 800 * number},
            scheme=scheme,
            at=datetime(2025, month, 9, 4, 0, tzinfo=UTC),
        )
        for month in (10, 11, 12)
        for number, (scheme, fund) in enumerate((("310", "310100"), ("390", "390100")))
    ]
    await world.months.feed(*bills)
    await feed_reaches(world.database, "2025-12")
    await world.months.loop.once()
    await world.months.cut(MARCH)
    for month in ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02", MARCH):
        await world.months.tabled_of_cut(month)
    for region in (HEBEI, BEIJING, SHANGHAI):
        await world.months.sign(region)


class Players:
    """Who do things by chance."""

    def __init__(self, world: PrepaymentWorld, randomness: random.Random) -> None:
        self._world = world
        self._randomness = randomness
        self._bills = 1_000
        self._bank, self._feed = asyncio.Lock(), asyncio.Lock()

    def chosen(self) -> Callable[[], Awaitable[None]]:
        return self._randomness.choice(
            (
                self.spend,
                self.propose,
                self.propose_first,
                self.decide_quotas,
                self.request,
                self.decide_top_up,
                self.issue,
                self.pay,
                self.look,
                self.look,
            )
        )

    async def spend(self) -> None:
        # The feed has one reader.
        async with self._feed:
            self._bills += 1
            await self._world.spend(self._bills, self._randomness.randrange(1, 30_000))

    async def look(self) -> None:
        await self._world.watch.once()

    async def propose(self) -> None:
        await self._world.call("ProposeQuotas", year=2026, maker_id="hub-1")

    async def propose_first(self) -> None:
        quota = first_quota(self._randomness.randrange(1, 90_000), scheme="310")
        await self._world.proposed(quota)

    async def decide_quotas(self) -> None:
        proposals = (await self._world.call("ListQuotaProposals", year=2026)).proposals
        for one in proposals:
            if one.state == prepayment_pb2.QUOTA_PROPOSAL_STATE_PROPOSED:
                await self._world.confirm(one, confirmed=self._randomness.random() < 0.8, note="议")

    async def request(self) -> None:
        amount = {"amount": money(self._randomness.randrange(1, 50_000))}
        await self._world.request(**(amount if self._randomness.random() < 0.5 else {}))

    async def decide_top_up(self) -> None:
        state = prepayment_pb2.TOP_UP_STATE_REQUESTED
        for one in (await self._world.call("ListTopUps", state=state)).top_ups:
            await self._world.decide(one, approved=self._randomness.random() < 0.8, note="议")

    async def issue(self) -> None:
        for notice in await self._notices(notice_pb2.NOTICE_STATE_DRAFT):
            rejected = self._randomness.random() < 0.4
            decision = {"decision": notice_pb2.NOTICE_DECISION_REJECTED, "note": "议"}
            await self._world.issue([notice.notice_id], **(decision if rejected else {}))

    async def pay(self) -> None:
        # A bank pays a notice once.
        async with self._bank:
            for notice in await self._notices(notice_pb2.NOTICE_STATE_ISSUED):
                await self._world.pay(notice.notice_id)

    async def _notices(self, state: Any) -> list[Any]:
        found = (await self._world.notices.call("ListNotices")).notices
        return [one for one in found if one.state == state]


async def tried(act: Callable[[], Awaitable[None]]) -> str:
    try:
        await act()
    except grpc.aio.AioRpcError as error:
        return read_refusal(error).reason
    return ""


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_held_in_the_end_is_the_quota(world: PrepaymentWorld, seed: int) -> None:
    randomness = random.Random(seed)  # noqa: S311 - a test's own
    await begun(world)
    players = Players(world, randomness)
    reasons: set[str] = set()
    for _ in range(ROUNDS):
        reasons.update(
            await asyncio.gather(
                *(tried(players.chosen()) for _ in range(randomness.randrange(1, 5)))
            )
        )
    assert reasons - {""} <= EXPECTED
    for _ in range(3):
        await players.decide_quotas()
        await players.decide_top_up()
        await players.issue()
        await players.pay()
        await world.watch.once()
    await _check_money(world)
    await _check_events(world)


async def _check_money(world: PrepaymentWorld) -> None:
    for purposes, phase in (
        ((Purpose.PREPAYMENT,), Phase.PENDING),
        ((Purpose.PREPAYMENT_PAYMENT,), Phase.PENDING),
    ):
        wanted = BalanceFilter(purposes=purposes, phase=phase)
        assert not any(one.owed_fen for one in await balances(world.database, wanted))
    obliged: dict[tuple[str, str], int] = {}
    wanted = BalanceFilter(purposes=(Purpose.PREPAYMENT,))
    for one in await balances(world.database, wanted):
        key = (one.pair.insured_region_code, one.pair.scheme_code)
        obliged[key] = obliged.get(key, 0) + one.owed_fen
    for prepayment in (await world.call("ListPrepayments", insured_region_code=HEBEI)).prepayments:
        for scheme in prepayment.schemes:
            assert scheme.quota.fen == scheme.holding.fen
            assert scheme.holding.fen == obliged.get((HEBEI, scheme.scheme_code), 0)
    top_ups = (await world.call("ListTopUps")).top_ups
    names = {name_of("top_up", one.state) for one in top_ups}
    assert names <= {"PAID", "REFUSED", "CANCELLED"}


async def _check_events(world: PrepaymentWorld) -> None:
    last: dict[tuple[str, str], str] = {}
    for insured, care, before, after in await world.events():
        assert last.get((insured, care), "UNFUNDED") == before != after
        last[insured, care] = after
    rules = load().on(civil_date(world.clock.now()))
    found = await list_prepayments(
        world.database,
        rules,
        insured_region_code="",
        care_region_code="",
        now=world.clock.now(),
    )
    for one in found:
        assert last.get(one.pair, "UNFUNDED") == one.usage.state(rules.thresholds).value
