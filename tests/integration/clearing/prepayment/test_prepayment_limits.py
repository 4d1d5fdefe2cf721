"""Goal: settlement is told of no pair unless a policy says so, and of none but exhausted ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.clearing.prepayment import usage_store
from services.kit.wire import write_date
from tests.integration.clearing.prepayment.prepayment_world import (
    BEIJING,
    HEBEI,
    PAIR,
    PrepaymentWorld,
)
from yijie.clearing.v1 import prepayment_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
WARN, BLOCK = prepayment_pb2.EXHAUSTED_ACTION_WARN, prepayment_pb2.EXHAUSTED_ACTION_BLOCK
OBSERVE = prepayment_pb2.EXHAUSTED_ACTION_OBSERVE


async def set_policy(world: PrepaymentWorld, action: int, **fields: Any) -> Any:
    wanted = {
        **PAIR,
        "action": action,
        "begin_date": write_date(world.today),
        "maker_id": "hub-1",
        "checker_id": "hub-2",
        "note": "逾期未拨付",
        **fields,
    }
    return (await world.call("SetExhaustedPolicy", **wanted)).policy


async def listed(world: PrepaymentWorld) -> list[tuple[str, str, int]]:
    answer = await world.call("GetSettlementLimits")
    assert answer.emergency_exempt
    return [(one.insured_region_code, one.care_region_code, one.action) for one in answer.limits]


async def exhausted(world: PrepaymentWorld) -> None:
    await world.funded(employee=40_000, resident=10_000)
    await world.watch.once()
    assert (await world.prepayment()).usage.rate_bp > 10_000


async def test_nothing_is_listed_by_default(world: PrepaymentWorld) -> None:
    empty = await world.call("GetSettlementLimits")
    await exhausted(world)
    answer = await world.call("GetSettlementLimits")
    assert (list(answer.limits), answer.version) == ([], empty.version)


async def test_a_policy_begins_changes_and_ends(world: PrepaymentWorld) -> None:
    world.clock.instant = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
    await exhausted(world)
    await set_policy(world, BLOCK, begin_date=write_date(world.today + timedelta(days=2)))
    assert await listed(world) == []
    await set_policy(world, WARN)
    first = await world.call("GetSettlementLimits")
    assert await listed(world) == [(HEBEI, BEIJING, WARN)]
    again = await world.call("GetSettlementLimits", known_version=first.version)
    assert (again.unchanged, list(again.limits)) == (True, [])
    world.clock.advance(days=2)
    assert await listed(world) == [(HEBEI, BEIJING, BLOCK)]
    changed = await world.call("GetSettlementLimits", known_version=first.version)
    assert not changed.unchanged
    await set_policy(world, OBSERVE)
    assert await listed(world) == []
    every = await world.call("ListExhaustedPolicies", with_past=True)
    assert [one.action for one in every.policies] == [WARN, BLOCK, OBSERVE]
    now = await world.call("ListExhaustedPolicies")
    assert ([one.action for one in now.policies], now.default_action) == ([OBSERVE], OBSERVE)


async def test_a_pair_without_a_holding_is_listed_only_where_the_policy_says_so(
    world: PrepaymentWorld,
) -> None:
    await world.watch.once()
    await set_policy(world, BLOCK)
    assert await listed(world) == []
    await set_policy(world, BLOCK, without_holding=True)
    assert await listed(world) == [(HEBEI, BEIJING, BLOCK)]
    # Money arrives, and enough of it.
    await world.funded(employee=200_000)
    await world.watch.once()
    assert await listed(world) == []


@pytest.mark.parametrize("without_holding", [False, True])
async def test_what_a_month_has_used_up_blocks_nobody_in_the_next_one(
    world: PrepaymentWorld, without_holding: bool
) -> None:
    await exhausted(world)
    await set_policy(world, BLOCK, without_holding=without_holding)
    # The last second of March in China.
    world.clock.instant = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
    march = await world.call("GetSettlementLimits")
    assert await listed(world) == [(HEBEI, BEIJING, BLOCK)]
    world.clock.advance(seconds=1)
    # Nobody has looked yet.
    april = await world.call("GetSettlementLimits", known_version=march.version)
    assert (april.unchanged, list(april.limits)) == (False, [])
    await world.watch.once()
    assert await listed(world) == []
    await world.spend(300, 60_000)
    await world.watch.once()
    assert await listed(world) == [(HEBEI, BEIJING, BLOCK)]


async def test_a_red_pair_is_not_listed(world: PrepaymentWorld) -> None:
    await set_policy(world, BLOCK, without_holding=True)
    await world.funded(employee=60_000, resident=15_000)
    await world.watch.once()
    assert (await world.prepayment()).usage.rate_bp > 9_000
    assert await listed(world) == []


async def test_the_usual_answer_is_one_small_look(
    world: PrepaymentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await exhausted(world)

    async def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("no second look is needed")

    monkeypatch.setattr(usage_store, "load_limited", never)
    assert await listed(world) == []


CHANGES = (
    "UPDATE exhausted_policy SET action = 'OBSERVE'",
    "DELETE FROM exhausted_policy",
    "UPDATE quota_change SET quota_fen = 1",
    "DELETE FROM quota_line",
    "UPDATE quota_proposal SET state = 'PROPOSED', checker_id = '', decide_time = NULL",
    "UPDATE quota_proposal SET maker_id = 'somebody'",
    "DELETE FROM prepayment_event",
)


async def test_what_was_decided_cannot_be_changed(world: PrepaymentWorld) -> None:
    await exhausted(world)
    await set_policy(world, BLOCK)
    for statement in CHANGES:
        with pytest.raises(asyncpg.RestrictViolationError):
            await world.database.execute(f"/* test.change */ {statement}")
