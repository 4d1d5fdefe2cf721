"""Goal: whatever provinces, refusals and the clock do, tickets stay what their history says.

Method: random walks from seeds; what is refused changes nothing. After each, every ticket is told
again from its changes and refusals alone, by the words of docs/supervision.md, and the statistics
are added up from that.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import grpc
import pytest

from services.kit import wire
from services.kit.db import Database
from tests.integration.supervision.tickets_world import (
    BEIJING,
    NINGXIA,
    SHANGHAI,
    XINJIANG,
    World,
    pb2,
    tickets_world,
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]

REASONS = ("POLICY_NOT_COVERED", "INSURED_REGION_UNAVAILABLE", "LINE_AMOUNT_MISMATCH", "CARD_LOST")
REGIONS = (BEIJING, NINGXIA, XINJIANG, SHANGHAI, "")
DAY = timedelta(hours=24)
STEPS = 120


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with tickets_world(database) as made:
        made.clock.instant = datetime(2026, 3, 1, tzinfo=UTC)
        yield made


async def step(world: World, dice: random.Random) -> None:
    """Does something; a refusal is an answer."""
    what = dice.choices(
        ("refuse", "answer", "escalate", "close", "open", "pass", "round"), (4, 4, 3, 1, 1, 4, 3)
    )[0]
    if what == "refuse":
        await world.tell(
            *(
                world.refused(
                    dice.choice(REASONS),
                    insured_region_code=dice.choice(("640104", "650100")),
                    at=world.clock.now() - timedelta(hours=dice.choice((0, 0, 1, 80))),
                )
                for _ in range(dice.randint(1, 3))
            )
        )
    elif what == "pass":
        world.clock.advance(hours=dice.choice((1, 5, 13, 24)))
    elif what == "round":
        await world.loop.once()
    elif what == "open":
        await world.ask(settlement_id="00000000-0000-0000-0000-00000000004d")
    else:
        found = await world.tickets()
        if found:
            one = dice.choice(found)
            before = await world.get(one.ticket_id)
            code = await world.act(what.capitalize(), one.ticket_id, dice.choice(REGIONS)).code()
            assert code in {grpc.StatusCode.OK, grpc.StatusCode.FAILED_PRECONDITION}
            if code is not grpc.StatusCode.OK:
                assert await world.get(one.ticket_id) == before


def at(stamp: Any) -> datetime:
    return stamp.ToDatetime(UTC)


def retold(one: Any, now: datetime) -> dict[str, Any]:
    """What a ticket must be, by its changes alone."""
    opened = at(one.changes[0].change_time)
    due = first_due = opened + DAY
    level = base = reopened = 0
    answered: list[datetime] = []
    state = one.changes[0].state
    assert (state, one.changes[0].level) == (pb2.TICKET_STATE_OPEN, 0)
    for change in one.changes[1:]:
        when = at(change.change_time)
        assert change.level >= level
        if change.state == pb2.TICKET_STATE_ANSWERED:
            assert state == pb2.TICKET_STATE_OPEN
            answered.append(when)
        elif change.state == pb2.TICKET_STATE_OPEN and state == pb2.TICKET_STATE_ANSWERED:
            reopened, due, base = reopened + 1, when + DAY, change.level
        elif change.state == pb2.TICKET_STATE_OPEN:
            assert when > due
            assert change.level > level
        level, state = change.level, change.state
    assert level >= base
    assert level <= 3
    return {
        "state": state,
        "level": level,
        "due": due,
        "overdue": state == pb2.TICKET_STATE_OPEN and now > due,
        "late": bool(answered) and answered[0] > first_due,
        "reopened": reopened,
        "first_answer": answered[0] if answered else None,
        "first_due": first_due,
        "opened": opened,
    }


@pytest.mark.parametrize("seed", range(6))
async def test_tickets_are_what_their_history_says(world: World, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a walk, no secret
    for _ in range(STEPS):
        await step(world, dice)
    await world.loop.once()
    now = world.clock.now()
    tickets = [await world.get(one.ticket_id) for one in await world.tickets()]
    told = {one.ticket_id: retold(one, now) for one in tickets}
    live: set[tuple[Any, ...]] = set()
    for one in tickets:
        expected = told[one.ticket_id]
        assert (one.state, one.level, one.overdue, one.late, one.reopen_count) == tuple(
            expected[name] for name in ("state", "level", "overdue", "late", "reopened")
        )
        assert at(one.due_time) == expected["due"]
        if expected["overdue"]:
            # The round has just been: no level that is due is missing.
            assert one.level >= min(3, -((expected["due"] - now) // DAY))
        if one.automatic and one.state != pb2.TICKET_STATE_CLOSED:
            cause = (one.reason, one.responsible_region_code, one.insured_region_code)
            assert cause not in live
            live.add(cause)
    assert len(tickets) > 3
    await world.coherent()
    summed = await world.summaries(open_date_min=wire.write_date(date(2026, 3, 1)))
    _compare(summed, tickets, told, now)


def _compare(summed: Any, tickets: list[Any], told: dict[str, Any], now: datetime) -> None:
    regions = {one.responsible_region_code for one in tickets}
    assert {region for region, _ in summed} == regions
    for region in regions:
        mine = [told[one.ticket_id] for one in tickets if one.responsible_region_code == region]
        got = summed[(region, pb2.TICKET_KIND_UNSPECIFIED)]
        first = [one for one in mine if one["first_answer"]]
        silent = [one for one in mine if not one["first_answer"]]
        closed = [one for one in silent if one["state"] == pb2.TICKET_STATE_CLOSED]
        minutes = sorted(
            (one["first_answer"] - one["opened"]) // timedelta(minutes=1) for one in first
        )
        assert got.opened_count == len(mine)
        assert got.late_count == sum(one["late"] for one in first)
        assert got.in_time_count == len(first) - got.late_count
        assert got.withdrawn_count == len(closed)
        assert got.overdue_count == sum(
            now > one["first_due"] for one in silent if one not in closed
        )
        assert got.overdue_count + got.waiting_count == len(silent) - len(closed)
        assert got.escalated_count == sum(one["level"] > 0 for one in mine)
        assert got.reopened_count == sum(one["reopened"] > 0 for one in mine)
        assert got.median_answer_minutes == (statistics.median_low(minutes) if minutes else -1)
