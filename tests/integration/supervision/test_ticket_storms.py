"""Tickets under what windows and regions may send, storms of it, and clocks that disagree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.kit import wire
from services.kit.db import Database
from services.supervision.tickets import usecases
from services.supervision.tickets.loop import Tickets
from services.supervision.tickets.terms import load_ticket_terms
from tests.integration.supervision.tickets_world import (
    BEIJING,
    HOSPITAL,
    NINGXIA,
    World,
    pb2,
    tickets_world,
)
from tests.support.rpc import refused

pytestmark = pytest.mark.postgres

OPEN, ANSWERED = pb2.TICKET_STATE_OPEN, pb2.TICKET_STATE_ANSWERED


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with tickets_world(database) as made:
        yield made


async def test_a_province_that_there_is_not_is_not_waited_for(world: World) -> None:
    """Nobody could answer its ticket, and nobody but the hub close it."""
    await world.tell(
        world.refused("POLICY_NOT_COVERED", insured_region_code="190101"),
        world.refused("INSTITUTION_NOT_OPEN", care_region_code="170000", institution_code=""),
        world.refused("FIELD_INVALID", care_region_code="", institution_code="H19010500001"),
    )
    found = await world.tickets()
    assert {one.reason for one in found} == {
        "POLICY_NOT_COVERED",
        "INSTITUTION_NOT_OPEN",
        "FIELD_INVALID",
    }
    assert {one.party for one in found} == {pb2.TICKET_PARTY_HUB}
    # An institution's ticket is its own province's, whatever the bill says of where it lies.
    await world.refuse("LINE_AMOUNT_MISMATCH", care_region_code="310101")
    (one,) = await world.tickets(institution_code=HOSPITAL)
    assert one.responsible_region_code == BEIJING


async def test_what_a_window_makes_up_opens_no_more_tickets_than_can_be_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Institutions that there are not, and reasons that a region's system makes up."""
    monkeypatch.setattr(usecases, "INSTITUTIONS_MAX", 3)
    for start in (0, 7):
        await world.tell(
            *(
                world.refused("FIELD_INVALID", institution_code=f"H110105{n:05d}")
                for n in range(start, start + 7)
            ),
            *(world.refused(f"MADE_UP_{n}") for n in range(7)),
        )
    found = await world.tickets()
    own = [one for one in found if one.party == pb2.TICKET_PARTY_INSTITUTION]
    (collective,) = [one for one in found if one.party == pb2.TICKET_PARTY_CARE_PROVINCE]
    assert [one.refusal_count for one in own] == [1, 1, 1]
    assert (collective.refusal_count, collective.reason) == (11, "FIELD_INVALID")
    assert (collective.responsible_region_code, collective.institution_code) == (BEIJING, "")
    (made_up,) = [one for one in found if one.reason == "INTERNAL"]
    assert made_up.refusal_count == 14
    assert len(found) == 5
    # One that has a ticket goes on with it.
    await world.refuse("FIELD_INVALID", institution_code=own[0].institution_code)
    (first,) = await world.tickets(institution_code=own[0].institution_code)
    assert first.refusal_count == 2


async def test_a_storm_of_one_cause_is_one_ticket(world: World) -> None:
    """Ten thousand in a minute, as when a province's system is down."""
    for _ in range(20):
        await world.tell(*(world.refused("INSURED_REGION_UNAVAILABLE") for _ in range(500)))
    one = await world.ticket()
    assert (one.refusal_count, len(one.changes), len(one.refusals)) == (10_000, 1, 100)
    assert one.refused_amount.fen == 10_000 * 123_400


async def test_the_hub_cannot_close_what_it_has_to_answer(world: World) -> None:
    await world.refuse("DATABASE_UNAVAILABLE")
    one = await world.ticket()
    for verb in ("Close", "Escalate"):
        world.clock.advance(hours=25)
        answer = await refused(world.act(verb, one.ticket_id, ""))
        assert answer.reason == "TICKET_OF_ANOTHER_PROVINCE"
    assert (await world.act("Answer", one.ticket_id, "")).ticket.state == ANSWERED


async def test_a_clock_that_is_put_back_stops_nothing(world: World) -> None:
    """Of two processes one may be behind, too."""
    await world.refuse("POLICY_NOT_COVERED")
    one = await world.ticket()
    world.clock.advance(hours=-5)
    answered = (await world.act("Answer", one.ticket_id, NINGXIA)).ticket
    assert answered.answer_time == one.open_time
    # It comes back while the clock is behind: open again, and due no earlier than before.
    await world.refuse("POLICY_NOT_COVERED", at=world.clock.now() + timedelta(hours=6))
    again = await world.ticket()
    assert (again.state, again.reopen_count, again.due_time) == (OPEN, 1, one.due_time)
    assert await world.loop.once() == 0
    assert (await world.summaries())[NINGXIA, 0].median_answer_minutes == 0


async def test_two_processes_raise_a_level_once(world: World) -> None:
    await world.tell(
        *(world.refused("FIELD_INVALID", institution_code=f"H110105{n:05d}") for n in range(1, 251))
    )
    world.clock.advance(hours=25)
    other = Tickets(world.database, world.clock, load_ticket_terms())
    moved = await asyncio.gather(world.loop.once(), other.once(), world.loop.once())
    assert sum(moved) == 250
    found = await world.tickets(page_size=1000)
    assert {one.level for one in found} == {1}
    rows = await world.database.fetch(
        "/* test.raised */ SELECT count(*) AS n FROM ticket_change WHERE level = 1"
    )
    assert rows[0]["n"] == 250


async def test_every_repeat_gets_the_first_answer(world: World) -> None:
    """Also where the ticket has gone on meanwhile, and a new call would be refused."""
    one = await world.opened()
    said = []
    steps = (("Answer", BEIJING), ("Escalate", NINGXIA), ("Answer", BEIJING), ("Close", NINGXIA))
    for verb, region in steps:
        request_id = str(uuid4())
        first = await world.act(verb, one.ticket_id, region, request_id=request_id)
        said.append((verb, region, request_id, first))
    for verb, region, request_id, first in said:
        assert await world.act(verb, one.ticket_id, region, request_id=request_id) == first
        other = await refused(
            world.act(verb, one.ticket_id, region, request_id=request_id, note="另一说明")
        )
        assert other.reason == "REQUEST_ID_REUSED"
    now = await world.get(one.ticket_id)
    assert (now.state, now.level, len(now.changes)) == (pb2.TICKET_STATE_CLOSED, 1, 5)


async def test_each_ticket_counts_in_one_way_only(world: World) -> None:
    """In time, late, overdue, waiting and withdrawn are all there is."""
    late = await world.opened()
    world.clock.advance(hours=30)
    await world.act("Answer", late.ticket_id, BEIJING)
    overdue = await world.opened()
    in_time = await world.opened()
    await world.act("Answer", in_time.ticket_id, BEIJING)
    await world.act("Escalate", in_time.ticket_id, NINGXIA)  # reopened, and overdue again below
    gone = await world.opened()
    world.clock.advance(hours=25)
    await world.act("Close", gone.ticket_id, NINGXIA)
    waiting = await world.opened()
    assert waiting.ticket_id != overdue.ticket_id
    one = (await world.summaries(open_date_min=wire.write_date(date(2026, 3, 1))))[BEIJING, 0]
    counts = (
        one.in_time_count,
        one.late_count,
        one.overdue_count,
        one.waiting_count,
        one.withdrawn_count,
    )
    assert counts == (1, 1, 1, 1, 1)
    assert one.opened_count == sum(counts)
