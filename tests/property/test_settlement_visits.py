"""Goal: whatever windows do to a stay at once, and however its insured region fails, what stands is
a stack: every fee is in one settlement at most, only the newest was ever taken back, and the
region holds what the journal says.

Method: settlements in the middle and at the end, reversals of any of them, uploads and discharges
are sent at once in rounds, in any order, while the region fails as Hypothesis chooses. Then the
region recovers and an audit reads the tables and the history of the region.
"""

from __future__ import annotations

import asyncio
import io
from datetime import date

import grpc
import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from services.kit.status import reason_of
from tests.integration.settlement.stays import (
    FINAL,
    INTERIM,
    pre_settle,
    settle,
    settle_visit_request,
    try_request,
)
from tests.integration.settlement.visits import TODAY, Visits, assert_visits_coherent, line
from tests.integration.settlement.world import (
    assert_coherent,
    database_of_its_own,
    eventually,
    served,
)
from tests.support.callees import callees_served
from tests.support.clock import FakeClock

pytestmark = pytest.mark.postgres

# What a window may be told when it comes at the wrong moment, or the region fails.
EXPECTED = {
    "ADJUDICATION_INCONSISTENT", "BILL_TOTAL_MISMATCH", "FIELD_INVALID", "LOST_RACE",
    "NOTHING_TO_SETTLE", "OUTCOME_PENDING", "POLICY_NOT_COVERED", "QUOTE_CHANGED",
    "SETTLEMENT_ALREADY_REVERSED", "SETTLEMENT_STATE_FORBIDS", "UNDO_ORDER", "VISIT_BUSY",
    "VISIT_NOT_DISCHARGED", "VISIT_SETTLED", "VISIT_STATE_FORBIDS",
    "INSURED_REGION_UNAVAILABLE",
}  # fmt: skip
modes = st.sampled_from(
    ("ok", "ok", "ok", "unavailable", "lost_reply", "overloaded", "refuse", "inconsistent")
)
steps = st.tuples(
    st.sampled_from(
        (
            "final",
            "interim",
            "interim",
            "reverse",
            "reverse",
            "upload",
            "upload",
            "discharge",
            "undo",
        )
    ),
    st.integers(1, 30),
)
rounds = st.lists(st.lists(steps, min_size=1, max_size=4), min_size=4, max_size=10)


@pytest.fixture(scope="module")
async def world(postgres_dsn, template_database):
    async with (
        database_of_its_own(postgres_dsn, template_database) as dsn,
        callees_served() as callees,
        served(dsn, callees, FakeClock(), io.BytesIO()) as opened,
    ):
        yield opened
        await assert_coherent(opened)
        await assert_visits_coherent(opened)


class Windows:
    """Several windows of a hospital, at work on one stay."""

    def __init__(self, world, visit_id):
        self.world, self.visit_id = world, visit_id
        self.visits = Visits(world)
        self.made = []

    async def final(self, number, serial):
        await self._settle(FINAL, None, by_quote=serial % 2 == 0)

    async def interim(self, number, serial):
        await self._settle(INTERIM, date(2026, 3, number), by_quote=serial % 2 == 0)

    async def reverse(self, number, serial):
        if self.made:
            await self.world.reverse(settlement_id=self.made[number % len(self.made)])

    async def upload(self, number, serial):
        day = date(2026, 3, number)
        await self.visits.upload(self.visit_id, line(f"l{serial}", fee_date=day))

    async def discharge(self, number, serial):
        await self.visits.discharge(self.visit_id, TODAY)

    async def undo(self, number, serial):
        await self.visits.cancel_discharge(self.visit_id)

    async def _settle(self, scope, until, *, by_quote):
        tried = await pre_settle(self.world, try_request(self.visit_id, scope, until=until))
        fen = tried.settlement.amounts.total.fen
        request = settle_visit_request(self.visit_id, fen, scope, until=until)
        if by_quote:
            request.quote = tried.quote
        self.made.append((await settle(self.world, request)).settlement.settlement_id)

    async def told(self, kind, number, serial):
        """Does a step; returns the reason of its refusal, or nothing."""
        try:
            await getattr(self, kind)(number, serial)
        except grpc.aio.AioRpcError as error:
            return f"{kind}: {reason_of(error) or error.details()}"
        return ""


@settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(sent=rounds, script=st.lists(modes, max_size=16), is_over=st.booleans())
async def test_a_stay_is_a_stack(world, sent, script, is_over):
    benefits = world.callees.benefits
    visits = Visits(world)
    visit_id = (await visits.register()).visit_id
    await visits.upload(visit_id, line("first"))
    if is_over:
        await visits.discharge(visit_id, TODAY)
    benefits.script, benefits.history = list(script), []
    windows, serial = Windows(world, visit_id), 0
    for together in sent:
        steps_now = [windows.told(*one, serial + n) for n, one in enumerate(together)]
        for refusal in filter(None, await asyncio.gather(*steps_now)):
            event(refusal)
            assert refusal.partition(": ")[2] in EXPECTED, refusal
        serial += len(together)
    benefits.script = []
    await world.pass_recovery()
    await eventually(lambda: _nothing_is_open(world))
    await _audit(world, visit_id)
    # One stay is open per person: the next example has its own.
    await _clear(world, visit_id)


async def _audit(world, visit_id) -> None:
    await assert_coherent(world)
    benefits = world.callees.benefits
    visit = await Visits(world).get(visit_id)
    standing = [one.settlement_id for one in visit.settlements]
    live = [key for key in benefits.live if benefits.bookings[key].case.stay_id == visit_id]
    assert sorted(live) == sorted(standing)
    # In the region the parts of the stay were only ever undone from the top.
    stack: list[str] = []
    for what, settlement_id in benefits.history:
        if what == "book":
            stack.append(settlement_id)
        else:
            assert stack.pop() == settlement_id
    assert stack == standing
    # Every fee is in the settlement that covers it, and in no other.
    covered: dict[str, int] = {}
    for fee in await Visits(world).fees(visit_id):
        if fee.settlement_id:
            fen = covered.get(fee.settlement_id, 0)
            covered[fee.settlement_id] = fen + fee.line.line.amount.fen
    assert covered == {key: benefits.bookings[key].case.amounts.total.fen for key in standing}


async def _clear(world, visit_id) -> None:
    visits = Visits(world)
    visit = await visits.get(visit_id)
    for one in reversed(visit.settlements):
        await world.reverse(settlement_id=one.settlement_id)
    if visit.HasField("discharge"):
        await visits.cancel_discharge(visit_id)
    await visits.cancel_fees(visit_id, every=True)
    await visits.cancel(visit_id)


async def _nothing_is_open(world) -> bool:
    return not await world.open_intents()
