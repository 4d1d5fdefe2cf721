"""A settlement that is reversed is never deducted, whichever comes first; nothing is left of it.

Goal: after any order of recording, appeal, decision, reversal, tables and rounds of the loop, what
is owed for a reversed settlement is nothing: no fen deducted twice, none left owed below zero.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from datetime import timedelta

import asyncpg
import grpc
import pytest

from services.clearing.disputes import store, usecases
from services.clearing.domain.ledger import Phase, Purpose
from tests.integration.clearing import ledger_world
from tests.integration.clearing.disputes.disputes_world import (
    World,
    asked,
    care,
    pb2,
    transaction,
)
from tests.support.rpc import refused
from tests.support.settlement_feed import reversed_

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
UPHELD, WITHDRAWN = pb2.APPEAL_DECISION_UPHELD, pb2.APPEAL_DECISION_WITHDRAWN
TERM = timedelta(days=15)


async def test_reversed_before_it_is_recorded(world: World) -> None:
    event = care(1)
    await world.settle(event)
    await world.undo(event)
    assert (await world.refusal(asked(1, 10)))[0][0] == "DISPUTED_SETTLEMENT_REVERSED"
    assert await world.owed() == 0


async def test_reversed_while_it_is_pending_or_appealed(world: World) -> None:
    events = [care(1), care(2)]
    await world.settle(*events)
    pending, appealed = await world.deduct(1, 100), await world.deduct(2, 200)
    await world.appeal(appealed.deduction_id)
    for event in events:
        await world.undo(event)
    refusal = await refused(world.appeal(pending.deduction_id))
    assert refusal.reason == "DISPUTED_SETTLEMENT_REVERSED"
    for decision in (UPHELD, WITHDRAWN):
        refusal = await refused(world.decide(appealed.deduction_id, decision))
        assert refusal.reason == "DISPUTED_SETTLEMENT_REVERSED"
    # The term is over as well: it lapses and is not upheld.
    world.clock.instant += TERM
    assert await world.loop.once() == 2
    for one in (pending, appealed):
        assert await world.state(one.deduction_id) == "LAPSED"
    assert await world.owed() == 0
    assert await world.balances() == await world.balances(Phase.PENDING) == {}
    assert await world.loop.once() == 0


async def test_reversed_after_it_was_posted(world: World) -> None:
    event = care(1, funds={"310100": 700, "330100": 200}, account=100)
    await world.settle(event)
    made = await world.deduct(1, 10)
    world.clock.instant += TERM
    await world.loop.once()
    assert await world.owed() == 990
    await world.undo(event)
    assert await world.loop.once() == 1
    found = await world.get(made.deduction_id)
    assert found.state == pb2.DEDUCTION_STATE_RETURNED
    # Both in the month that is still open: its table shows neither.
    assert (found.month, found.return_month) == ("2026-03", "2026-03")
    assert found.return_source_id not in {"", found.source_id}
    assert await world.owed() == 0
    assert await world.balances() == {}
    assert (await world.refusal(asked(1, 1)))[0][0] == "DISPUTED_SETTLEMENT_REVERSED"


async def test_reversed_after_the_tables_it_is_in(world: World) -> None:
    event = care(1, funds={"310100": 1000})
    await world.settle(event)
    made = await world.deduct(1, 10)
    world.clock.instant += TERM + timedelta(days=22)
    await world.loop.once()
    await world.table("2026-03")
    await world.undo(event)
    await world.loop.once()
    found = await world.get(made.deduction_id)
    assert (found.month, found.return_month) == ("2026-03", "2026-04")
    # March stays as it was signed; April takes back the settlement and gives back the deduction.
    assert await world.balances() == {("2026-03", "310100"): -10, ("2026-04", "310100"): 10}
    adjusted = await world.balances(purpose=Purpose.ADJUSTMENT)
    assert adjusted == {("2026-04", "310100"): -1000}
    assert await world.owed() == 0


async def test_several_deductions_of_one_settlement_are_all_given_back(world: World) -> None:
    event = care(1, funds={"310100": 1000})
    await world.settle(event)
    posted = await world.deduct(1, 10)
    world.clock.instant += TERM
    await world.loop.once()
    pending, appealed, withdrawn = [await world.deduct(1, fen) for fen in (20, 30, 40)]
    for one in (appealed, withdrawn):
        await world.appeal(one.deduction_id)
    await world.decide(withdrawn.deduction_id, WITHDRAWN)
    await world.undo(event)
    assert await world.loop.once() == 3
    states = [await world.state(one.deduction_id) for one in (posted, pending, appealed, withdrawn)]
    assert states == ["RETURNED", "LAPSED", "LAPSED", "WITHDRAWN"]
    assert await world.owed() == 0


async def test_tables_are_made_after_what_is_due(world: World) -> None:
    """Whoever makes the tables catches up first: their month has no deduction of a reversal."""
    event, other = care(1, funds={"310100": 1000}), care(2, funds={"310100": 1000})
    await world.settle(event, other)
    await world.deduct(1, 10)
    await world.deduct(2, 20)
    world.clock.instant += TERM
    await world.loop.once()
    late = await world.deduct(2, 5)
    # A longer term: 清明 lies in it.
    world.clock.instant += 2 * TERM
    await world.cut("2026-03")
    await world.undo(event)
    count = await ledger_world.within(world.database, usecases.catch_up, world.clock.now())
    assert count == 2
    assert await world.state(late.deduction_id) == "UPHELD"
    await world.table("2026-03")
    assert await world.balances() == {("2026-03", "310100"): -25}
    assert await world.loop.once() == 0


async def test_the_mark_does_not_pass_what_is_not_done(world: World) -> None:
    """A reversal between the look and the mark is found in the next round."""
    event = care(1, funds={"310100": 1000})
    await world.settle(event)
    made = await world.deduct(1, 10)
    await world.loop.once()
    await world.undo(event)
    await store.mark(world.database)
    assert await world.loop.once() == 1
    assert await world.state(made.deduction_id) == "LAPSED"


async def test_what_waits_while_the_tables_are_made_goes_to_the_next_month(world: World) -> None:
    await world.settle(care(1, funds={"310100": 1000}), care(2, funds={"310100": 1000}))
    upheld, withdrawn = await world.deduct(1, 10), await world.deduct(2, 20)
    for one in (upheld, withdrawn):
        await world.appeal(one.deduction_id)
    world.clock.instant += timedelta(days=36)
    await world.table("2026-03")
    assert await world.balances() == {}
    answer = await world.decide(upheld.deduction_id, UPHELD)
    assert answer.deduction.month == "2026-04"
    assert answer.deduction.source_id != upheld.source_id
    await world.decide(withdrawn.deduction_id, WITHDRAWN)
    assert await world.balances() == {("2026-04", "310100"): -10}
    assert await world.balances(Phase.PENDING) == {}
    # What is recorded now belongs there from the beginning.
    assert (await world.deduct(1, 1)).month == "2026-04"
    assert sum((await world.balances()).values()) == -10


async def test_a_term_over_after_the_tables_goes_to_the_next_month(world: World) -> None:
    await world.settle(care(1, funds={"310100": 1000}))
    made = await world.deduct(1, 10)
    await world.table("2026-03")
    await world.table("2026-04")
    world.clock.instant += TERM
    await world.loop.once()
    found = await world.get(made.deduction_id)
    assert (found.state, found.month) == (pb2.DEDUCTION_STATE_UPHELD, "2026-05")
    assert await world.balances() == {("2026-05", "310100"): -10}


async def test_a_deduction_is_never_in_an_earlier_month_than_its_settlement(world: World) -> None:
    april = care(2, at=world.clock.now() + timedelta(days=20), funds={"310100": 1000})
    world.clock.instant += timedelta(days=21)
    await world.settle(care(1), april)
    assert (await world.deduct(1, 10)).month == "2026-03"
    assert (await world.deduct(2, 10)).month == "2026-04"


@pytest.mark.parametrize("reversal_first", [True, False])
async def test_recording_and_reversal_at_once(world: World, *, reversal_first: bool) -> None:
    """Both wait for the ledger: either the one is refused or the other is followed by a return."""
    events = [care(number, funds={"310100": 1000}) for number in range(1, 6)]
    await world.settle(*events)
    feed = [
        ledger_world.feed(world.database, *(reversed_(one) for one in events)),
    ]
    calls = [world.record(asked(number, 10)) for number in range(1, 6)]
    work = [*feed, *calls] if reversal_first else [*calls, *feed]
    results = await asyncio.gather(*work)
    taken = [one for result in results if result for one in result if one.HasField("deduction")]
    await world.loop.once()
    for one in taken:
        assert await world.state(one.deduction.deduction_id) == "LAPSED"
    assert await world.owed() == 0


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_of_everything(world: World, seed: int) -> None:
    """Settlements, deductions, appeals, decisions, reversals, tables, rounds and days, as drawn."""
    draw = random.Random(seed)  # noqa: S311 - to be repeated
    held: dict[int, object] = {}
    undone: set[int] = set()
    made: list[str] = []
    month = 3
    for number in range(1, 60):
        act = draw.choices(
            ["settle", "deduct", "appeal", "decide", "undo", "table", "round"],
            [3, 6, 3, 3, 2, 1, 3],
        )[0]
        if act == "settle" or not held:
            event = care(
                number, at=world.clock.now(), funds={"310100": 997, "330100": 10}, account=3
            )
            held[number] = event
            await world.settle(event)
        elif act == "deduct":
            wanted = draw.choice(sorted(held))
            (result,) = await world.record(asked(wanted, draw.randint(1, 600)))
            if result.HasField("deduction"):
                made.append(result.deduction.deduction_id)
        elif act == "undo":
            wanted = draw.choice(sorted(held))
            if wanted not in undone:
                undone.add(wanted)
                await world.undo(held[wanted])
        elif act == "table" and world.clock.now().month > month:
            await world.table(f"2026-{month:02d}")
            month += 1
        elif act in {"appeal", "decide"} and made:
            chosen = draw.choice(made)
            decision = draw.choice([UPHELD, WITHDRAWN])
            await tried(world.appeal(chosen) if act == "appeal" else world.decide(chosen, decision))
        else:
            await world.loop.once()
        world.clock.instant += timedelta(days=draw.choice([0, 0, 1, 4]))
        await world.coherent()
    world.clock.instant += timedelta(days=60)
    await world.loop.once()
    await nothing_is_left(world, held, undone)


async def tried(call: Awaitable[object]) -> None:
    """Makes a call that the state may forbid; then it leaves all as it was."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
            raise


async def nothing_is_left(world: World, held: object, undone: set[int]) -> None:
    rows = await world.database.fetch(
        """/* test.owed_by_settlement */
        WITH source AS (
            SELECT source_id, source_id AS settlement_id FROM booking WHERE kind = 'SETTLED'
            UNION SELECT source_id, settlement_id FROM deduction
            UNION SELECT deduction_id, settlement_id FROM deduction
            UNION SELECT return_source_id, settlement_id FROM deduction
                   WHERE return_source_id IS NOT NULL
        )
        SELECT s.settlement_id, t.fund_type_code, sum(e.amount_fen)::bigint AS owed_fen
          FROM source s
          JOIN transfer t ON t.source_id = s.source_id
          JOIN entry e ON e.transfer_id = t.transfer_id
         WHERE e.side = 'RECEIVABLE' AND e.phase = 'POSTED'
         GROUP BY s.settlement_id, t.fund_type_code"""
    )
    assert rows
    for row in rows:
        if row["settlement_id"].int in undone:
            assert row["owed_fen"] == 0
        else:
            assert 0 <= row["owed_fen"] <= 1000


_ANOTHER = """WITH d AS (
    INSERT INTO deduction (deduction_id, decision_id, settlement_id, insured_region_code,
                           care_region_code, scheme_code, is_by_fund, state, appeal_last_date,
                           month, source_id, record_time)
    SELECT gen_random_uuid(), gen_random_uuid(), settlement_id, insured_region_code,
           care_region_code, scheme_code, is_by_fund, state, appeal_last_date, month,
           gen_random_uuid(), record_time
      FROM deduction RETURNING deduction_id)
INSERT INTO deduction_fund SELECT deduction_id, '310100', 41 FROM d"""


async def test_the_database_refuses_what_the_code_would_not_do(world: World) -> None:
    await world.settle(care(1, funds={"310100": 100}))
    made = await world.deduct(1, 60)
    changes = [
        ("UPDATE deduction SET state = 'WITHDRAWN'", "does not go that way"),
        ("UPDATE deduction SET appeal_last_date = '2030-01-01'", "does not go that way"),
        ("DELETE FROM deduction", "does not go that way"),
        ("UPDATE deduction_fund SET amount_fen = 1", "append-only"),
        ("DELETE FROM deduction_change", "append-only"),
        (_ANOTHER, "more is deducted"),
    ]
    for statement, problem in changes:

        async def work(connection: object, statement: str = statement) -> None:
            await connection.execute(f"/* test.break */ {statement}")  # type: ignore[attr-defined]

        with pytest.raises(asyncpg.PostgresError, match=problem):
            await transaction(world.database, work)
    assert await world.state(made.deduction_id) == "PENDING"
