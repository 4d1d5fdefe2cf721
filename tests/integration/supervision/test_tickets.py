"""Tickets: opened by refusals and by provinces, answered in time or escalated, seen by their
parties only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kit import wire
from services.kit.db import Database
from services.kit.errors import NotAllowed
from services.kit.feed import CursorMoved
from services.supervision import metrics
from services.supervision.tickets import messages, usecases
from services.supervision.tickets.terms import load_ticket_terms
from tests.integration.supervision.tickets_world import (
    BEIJING,
    HOSPITAL,
    NINGXIA,
    SHANGHAI,
    XINJIANG,
    Agency,
    World,
    pb2,
    service_pb2,
    tickets_world,
)
from tests.support.rpc import refused
from yijie.settlement.v1 import refusal_pb2

pytestmark = pytest.mark.postgres

OPEN, ANSWERED, CLOSED = (
    pb2.TICKET_STATE_OPEN,
    pb2.TICKET_STATE_ANSWERED,
    pb2.TICKET_STATE_CLOSED,
)

MARCH = wire.write_date(date(2026, 3, 1))


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with tickets_world(database) as made:
        yield made


# --- refusals -------------------------------------------------------------------------------------


async def test_a_refusal_opens_a_ticket_for_whoever_is_responsible(world: World) -> None:
    await world.refuse("POLICY_NOT_COVERED")
    one = await world.ticket()
    assert (one.kind, one.state, one.party) == (
        pb2.TICKET_KIND_CANNOT_SETTLE,
        OPEN,
        pb2.TICKET_PARTY_INSURED_PROVINCE,
    )
    assert (one.responsible_region_code, one.care_region_code) == (NINGXIA, BEIJING)
    assert (one.automatic, one.reason, one.refusal_count) == (True, "POLICY_NOT_COVERED", 1)
    assert one.refused_amount.fen == 123_400
    assert one.due_time.ToDatetime() - one.open_time.ToDatetime() == timedelta(hours=24)
    assert [(c.state, c.level, c.maker_id) for c in one.changes] == [(OPEN, 0, "")]
    (kept,) = one.refusals
    assert kept.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert kept.institution_code == HOSPITAL


async def test_refusals_of_one_cause_join_one_ticket(world: World) -> None:
    await world.tell(*(world.refused("INSURED_REGION_UNAVAILABLE") for _ in range(3)))
    world.clock.advance(hours=1)
    await world.tell(
        world.refused("INSURED_REGION_UNAVAILABLE", care_region_code="310101"),
        world.refused("INSURED_REGION_UNAVAILABLE", insured_region_code="650100"),
    )
    found = {one.responsible_region_code: one for one in await world.tickets()}
    assert {region: one.refusal_count for region, one in found.items()} == {NINGXIA: 4, XINJIANG: 1}
    assert found[NINGXIA].refused_amount.fen == 4 * 123_400
    last = found[NINGXIA].last_refusal_time.ToDatetime()
    assert last - found[NINGXIA].open_time.ToDatetime() == timedelta(hours=1)


async def test_a_patients_own_cause_is_counted_and_opens_nothing(world: World) -> None:
    done = await world.tell(world.refused("CARD_LOST"), world.refused("QUOTE_CHANGED"))
    assert await world.tickets() == []
    assert done.opened == ()
    rows = await world.database.fetch(
        "/* test.refusals */ SELECT reason, party FROM refusal ORDER BY reason"
    )
    assert [tuple(row) for row in rows] == [
        ("CARD_LOST", "PATIENT"),
        ("QUOTE_CHANGED", "INSTITUTION"),
    ]


async def test_a_refusal_is_recorded_once_and_a_batch_only_after_its_cursor(world: World) -> None:
    event = world.refused("POLICY_NOT_COVERED")
    await world.tell(event, event)
    again = await world.tell(event)
    assert again.parties == ()
    assert (await world.ticket()).refusal_count == 1
    refusals = [messages.read_refusal(event)]

    async def late(connection):
        return await usecases.record(
            connection,
            refusals,
            book=load_ticket_terms(),
            now=world.clock.now(),
            after="",
            to="00000009",
        )

    with pytest.raises(CursorMoved):
        await world.database.run("test.late", late)


async def test_what_was_malformed_does_not_stop_the_feed(world: World) -> None:
    await world.tell(
        world.refused(
            "FIELD_INVALID",
            care_region_code="99",
            insured_region_code="x' OR 1=1",
            institution_code="H1",
            medical_type_code="男",
            scheme_code="31",
            trace_id="?",
            request_id="none",
            duration_ms=-5,
        ),
        world.refused("not a reason"),
    )
    row = await world.database.fetchrow(
        "/* test.refusal */ SELECT * FROM refusal WHERE reason = 'FIELD_INVALID'"
    )
    assert row is not None
    assert {value for name, value in row.items() if name.endswith("_code")} == {""}
    assert (row["request_id"], row["duration_ms"], row["trace_id"]) == (None, 0, "")
    found = {one.reason: one for one in await world.tickets()}
    # The institution that sent it cannot be told; the hub has to find out.
    assert found["FIELD_INVALID"].party == pb2.TICKET_PARTY_HUB
    assert found["INTERNAL"].party == pb2.TICKET_PARTY_HUB


async def test_what_is_long_past_opens_nothing(world: World) -> None:
    past = world.clock.now() - timedelta(hours=73)
    await world.refuse("POLICY_NOT_COVERED", at=past)
    assert await world.tickets() == []
    await world.tell(
        world.refused("POLICY_NOT_COVERED", at=past), world.refused("POLICY_NOT_COVERED")
    )
    assert (await world.ticket()).refusal_count == 2


async def test_the_insured_side_answers_for_faults_it_gave(world: World) -> None:
    insured = refusal_pb2.REFUSAL_PARTY_INSURED_REGION
    await world.tell(
        world.refused("OVERLOADED", party=insured, service="benefits"), world.refused("OVERLOADED")
    )
    assert {one.responsible_region_code for one in await world.tickets()} == {NINGXIA, ""}


# --- the life of a ticket -------------------------------------------------------------------------


async def test_an_answer_in_time_and_nothing_more_closes_it(world: World) -> None:
    await world.refuse("POLICY_NOT_COVERED")
    one = await world.ticket()
    world.clock.advance(hours=2)
    answered = (await world.act("Answer", one.ticket_id, NINGXIA)).ticket
    assert (answered.state, answered.late, answered.answer) == (ANSWERED, False, "已联系医院处理")
    world.clock.advance(hours=23.9)
    assert await world.loop.once() == 0
    world.clock.advance(hours=0.2)
    assert await world.loop.once() == 1
    closed = await world.get(one.ticket_id)
    assert closed.state == CLOSED
    assert [(c.state, c.maker_id) for c in closed.changes] == [
        (OPEN, ""),
        (ANSWERED, "wang.3"),
        (CLOSED, ""),
    ]
    # The cause comes back after all: another ticket.
    await world.refuse("POLICY_NOT_COVERED")
    assert [t.state for t in await world.tickets()] == [CLOSED, OPEN]


async def test_a_cause_that_comes_back_after_the_answer_opens_it_again(world: World) -> None:
    await world.refuse("POLICY_NOT_COVERED")
    one = await world.ticket()
    early = world.refused("POLICY_NOT_COVERED")
    world.clock.advance(hours=2)
    await world.act("Answer", one.ticket_id, NINGXIA)
    # Refused before the answer, and told after it: no contradiction.
    await world.tell(early)
    assert (await world.ticket()).state == ANSWERED
    world.clock.advance(hours=3)
    await world.refuse("POLICY_NOT_COVERED")
    again = await world.ticket()
    assert (again.state, again.reopen_count, again.refusal_count) == (OPEN, 1, 3)
    assert again.due_time.ToDatetime() - again.open_time.ToDatetime() == timedelta(hours=29)
    assert again.answer == "已联系医院处理"


async def test_nobody_answers_and_the_level_rises_by_itself(world: World) -> None:
    await world.refuse("POLICY_NOT_COVERED")
    for hours, level, moved in (
        (24, 0, 0),
        (1, 1, 1),
        (22, 1, 0),
        (2, 2, 1),
        (24, 3, 1),
        (99, 3, 0),
    ):
        world.clock.advance(hours=hours)
        assert await world.loop.once() == moved
        assert (await world.ticket()).level == level
    one = await world.ticket()
    assert one.overdue
    assert [c.level for c in one.changes] == [0, 1, 2, 3]
    sample = metrics.OVERDUE_TICKETS.labels(NINGXIA, "3")._value.get()
    assert sample == 1
    late = (await world.act("Answer", one.ticket_id, NINGXIA)).ticket
    assert (late.late, late.overdue) == (True, False)


async def test_a_process_that_slept_makes_up_for_it_at_once(world: World) -> None:
    await world.refuse("POLICY_NOT_COVERED")
    world.clock.advance(days=9)
    await world.loop.once()
    one = await world.ticket()
    assert (one.level, [c.level for c in one.changes]) == (3, [0, 3])


async def test_who_is_affected_escalates_what_is_overdue_or_does_not_do(world: World) -> None:
    one = await world.opened()
    early = await refused(world.act("Escalate", one.ticket_id, NINGXIA))
    assert (early.code, early.reason) == ("FAILED_PRECONDITION", "TICKET_NOT_OVERDUE")
    world.clock.advance(hours=25)
    raised = (await world.act("Escalate", one.ticket_id, NINGXIA)).ticket
    assert (raised.level, raised.state) == (1, OPEN)
    await world.act("Answer", one.ticket_id, BEIJING)
    again = (await world.act("Escalate", one.ticket_id, NINGXIA, note="未说明原因")).ticket
    assert (again.level, again.state, again.reopen_count) == (2, OPEN, 1)
    await world.act("Answer", one.ticket_id, BEIJING)
    await world.act("Escalate", one.ticket_id, NINGXIA)
    await world.act("Answer", one.ticket_id, BEIJING)
    top = await refused(world.act("Escalate", one.ticket_id, NINGXIA))
    assert top.reason == "TICKET_LEVEL_HIGHEST"
    closed = (await world.act("Close", one.ticket_id, NINGXIA, note="")).ticket
    assert closed.state == CLOSED
    for verb, region in (("Answer", BEIJING), ("Escalate", NINGXIA), ("Close", NINGXIA)):
        again = await refused(world.act(verb, one.ticket_id, region))
        assert (again.reason, again.metadata["state"]) == ("TICKET_STATE_FORBIDS", "CLOSED")


async def test_who_is_responsible_cannot_close_and_nobody_else_can_answer(world: World) -> None:
    one = await world.opened()
    for verb, region in (
        ("Close", BEIJING),
        ("Escalate", BEIJING),
        ("Answer", NINGXIA),
        ("Answer", ""),
        ("Answer", SHANGHAI),
        ("Close", SHANGHAI),
    ):
        answer = await refused(world.act(verb, one.ticket_id, region))
        assert (answer.code, answer.reason) == ("FAILED_PRECONDITION", "TICKET_OF_ANOTHER_PROVINCE")
    assert (await world.act("Close", one.ticket_id, "")).ticket.state == CLOSED


async def test_a_ticket_of_people_is_not_closed_by_itself(world: World) -> None:
    one = await world.opened()
    await world.act("Answer", one.ticket_id, BEIJING)
    world.clock.advance(days=30)
    assert await world.loop.once() == 0
    assert (await world.ticket()).state == ANSWERED


async def test_a_request_is_done_once(world: World) -> None:
    request_id = str(uuid4())
    one = await world.opened(request_id=request_id)
    assert (await world.opened(request_id=request_id)).ticket_id == one.ticket_id
    reused = await refused(world.ask(request_id=request_id, question="另一问题"))
    assert reused.reason == "REQUEST_ID_REUSED"
    assert len(await world.tickets()) == 1


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"responsible_region_code": NINGXIA}, "TICKET_TO_ONESELF", "responsible_region_code"),
        ({"responsible_region_code": ""}, "FIELD_INVALID", "responsible_region_code"),
        ({"responsible_region_code": "990000"}, "FIELD_INVALID", "responsible_region_code"),
        ({"responsible_region_code": "170000"}, "REGION_UNKNOWN", "responsible_region_code"),
        ({"party": pb2.TICKET_PARTY_HUB}, "FIELD_INVALID", "responsible_region_code"),
        ({"party": pb2.TICKET_PARTY_INSTITUTION}, "FIELD_INVALID", "institution_code"),
        (
            {"party": pb2.TICKET_PARTY_INSTITUTION, "institution_code": "H31010500001"},
            "FIELD_INVALID",
            "responsible_region_code",
        ),
        ({"settlement_id": ""}, "FIELD_INVALID", "settlement_id"),
        ({"kind": pb2.TICKET_KIND_SYSTEM_FAULT}, "FIELD_INVALID", "settlement_id"),
        ({"question": "   "}, "FIELD_INVALID", "question"),
        ({"question": "患者13812345678来电"}, "FIELD_INVALID", "question"),
        ({"maker_id": "64010419800101123X"}, "FIELD_INVALID", "maker_id"),
        ({"kind": pb2.TICKET_KIND_UNSPECIFIED}, "FIELD_INVALID", "kind"),
        ({"party": pb2.TICKET_PARTY_UNSPECIFIED}, "FIELD_INVALID", "party"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    world: World, changes: dict[str, object], reason: str, field: str
) -> None:
    answer = await refused(world.ask(**changes))
    assert (answer.code, answer.reason, answer.fields) == ("INVALID_ARGUMENT", reason, [field])
    assert "13812345678" not in answer.text
    assert await world.tickets() == []


async def test_a_ticket_that_is_not_there(world: World) -> None:
    nobody = str(UUID(int=404))
    for verb in ("Answer", "Escalate", "Close"):
        assert (await refused(world.act(verb, nobody, ""))).reason == "RESOURCE_NOT_FOUND"
    request = service_pb2.GetTicketRequest(ticket_id=nobody)
    assert (await refused(world.stub.GetTicket(request, timeout=9))).reason == "RESOURCE_NOT_FOUND"


async def test_a_note_names_nobody(world: World) -> None:
    one = await world.opened()
    answer = await refused(
        world.act("Answer", one.ticket_id, BEIJING, note="身份证 64010419800101123X")
    )
    assert (answer.reason, answer.fields) == ("FIELD_INVALID", ["note"])


# --- who sees what --------------------------------------------------------------------------------


async def test_a_province_sees_and_does_its_own_only(world: World) -> None:
    await world.refuse("POLICY_NOT_COVERED")
    one = await world.ticket()
    get = service_pb2.GetTicketRequest(ticket_id=one.ticket_id)
    for region in (NINGXIA, BEIJING):
        answer = await world.servicer.GetTicket(get, Agency(region))
        assert answer.ticket.ticket_id == one.ticket_id
    for region in (XINJIANG, SHANGHAI):
        with pytest.raises(NotAllowed):
            await world.servicer.GetTicket(get, Agency(region))
    mine = service_pb2.ListTicketsRequest(region_code=NINGXIA)
    assert len((await world.servicer.ListTickets(mine, Agency(NINGXIA))).tickets) == 1
    for wanted in (mine, service_pb2.ListTicketsRequest()):
        with pytest.raises(NotAllowed):
            await world.servicer.ListTickets(wanted, Agency(XINJIANG))
    theirs = service_pb2.ListTicketsRequest(region_code=XINJIANG)
    assert not (await world.servicer.ListTickets(theirs, Agency(XINJIANG))).tickets
    for verb, region in (("Answer", NINGXIA), ("Escalate", BEIJING), ("Close", BEIJING)):
        request = getattr(service_pb2, f"{verb}TicketRequest")(
            request_id=str(uuid4()),
            ticket_id=one.ticket_id,
            region_code=region,
            note="x",
            maker_id="a",
        )
        with pytest.raises(NotAllowed):
            await getattr(world.servicer, f"{verb}Ticket")(request, Agency(XINJIANG))
    summary = service_pb2.SummarizeTicketsRequest(region_code=NINGXIA)
    with pytest.raises(NotAllowed):
        await world.servicer.SummarizeTickets(summary, Agency(XINJIANG))
    opening = service_pb2.OpenTicketRequest(region_code=NINGXIA)
    with pytest.raises(NotAllowed):
        await world.servicer.OpenTicket(opening, Agency(XINJIANG))


async def test_filters_and_pages(world: World) -> None:
    for area in ("640104", "650100", "310101"):
        await world.refuse("POLICY_NOT_COVERED", insured_region_code=area)
        world.clock.advance(minutes=1)
    await world.refuse("BILL_BLOCKED")
    everything = await world.tickets()
    assert [one.ticket_id for one in everything] == sorted(one.ticket_id for one in everything)
    first = await world.stub.ListTickets(service_pb2.ListTicketsRequest(page_size=3), timeout=9)
    rest = await world.stub.ListTickets(
        service_pb2.ListTicketsRequest(page_size=3, page_token=first.next_page_token), timeout=9
    )
    assert [*first.tickets, *rest.tickets] == everything
    assert not rest.next_page_token
    counts = {
        "region_code": (BEIJING, 4),
        "responsible_region_code": (BEIJING, 1),
        "kind": (pb2.TICKET_KIND_VERIFY_BILL, 1),
        "institution_code": (HOSPITAL, 1),
        "state": (ANSWERED, 0),
        "overdue_only": (True, 0),
    }
    for name, (value, count) in counts.items():
        assert len(await world.tickets(**{name: value})) == count, name
    world.clock.advance(hours=24)
    assert len(await world.tickets(overdue_only=True)) == 3


# --- statistics -----------------------------------------------------------------------------------


async def test_statistics_per_province(world: World) -> None:
    # 北京 answers one after an hour, one after thirty, and never the third; a fourth is withdrawn.
    early, late, never, withdrawn = [
        await world.opened(settlement_id=str(UUID(int=number))) for number in range(4)
    ]
    await world.refuse("LINE_AMOUNT_MISMATCH")
    world.clock.advance(hours=1)
    await world.act("Answer", early.ticket_id, BEIJING)
    await world.act("Close", withdrawn.ticket_id, NINGXIA)
    world.clock.advance(hours=29)
    await world.loop.once()
    await world.act("Answer", late.ticket_id, BEIJING)
    await world.act("Escalate", late.ticket_id, NINGXIA)
    one = await world.opened(
        party=pb2.TICKET_PARTY_HUB,
        responsible_region_code="",
        kind=pb2.TICKET_KIND_SYSTEM_FAULT,
        settlement_id="",
    )
    found = await world.summaries(open_date_min=MARCH)
    total = found[(BEIJING, pb2.TICKET_KIND_UNSPECIFIED)]
    assert total.opened_count == 5
    assert (total.in_time_count, total.late_count) == (1, 1)
    assert (total.overdue_count, total.waiting_count, total.withdrawn_count) == (2, 0, 1)
    assert (total.escalated_count, total.reopened_count, total.closed_count) == (3, 1, 1)
    assert (total.refusal_count, total.median_answer_minutes) == (1, 60)
    verify = found[(BEIJING, pb2.TICKET_KIND_VERIFY_BILL)]
    assert (verify.opened_count, verify.overdue_count) == (4, 1)
    hub = found[("", pb2.TICKET_KIND_SYSTEM_FAULT)]
    assert (hub.opened_count, hub.waiting_count, hub.median_answer_minutes) == (1, 1, -1)
    assert {key for key, _ in await world.summaries(open_date_min=MARCH, region_code=BEIJING)} == {
        BEIJING
    }
    assert never.ticket_id != one.ticket_id


async def test_the_days_of_statistics_must_make_sense(world: World) -> None:
    day = world.clock.now().date()
    request = service_pb2.SummarizeTicketsRequest()
    request.open_date_min.year, request.open_date_min.month = day.year, day.month
    request.open_date_min.day = 2
    request.open_date_max.CopyFrom(request.open_date_min)
    request.open_date_max.day = 1
    answer = await refused(world.stub.SummarizeTickets(request, timeout=9))
    assert (answer.reason, answer.fields) == ("FIELD_INVALID", ["open_date_max"])
    for year, month, last in ((1, 1, 1), (9999, 12, 31)):  # not every date is an instant
        request.open_date_min.year, request.open_date_min.month = year, month
        request.open_date_min.day = last
        request.open_date_max.CopyFrom(request.open_date_min)
        answer = await refused(world.stub.SummarizeTickets(request, timeout=9))
        assert answer.reason == "FIELD_INVALID"


# --- the tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ticket",
        "TRUNCATE ticket CASCADE",
        "UPDATE ticket SET reason = 'OTHER'",
        "UPDATE ticket SET refusal_count = 0",
        "UPDATE ticket SET level = 0 WHERE level = 1",
        "UPDATE ticket_change SET note = 'x'",
        "DELETE FROM ticket_refusal",
        "UPDATE refusal SET party = 'HUB'",
    ],
)
async def test_what_happened_is_kept(world: World, statement: str) -> None:
    await world.refuse("POLICY_NOT_COVERED")
    world.clock.advance(hours=25)
    await world.loop.once()
    with pytest.raises(asyncpg.PostgresError):
        await world.database.execute(f"/* test.change */ {statement}")
