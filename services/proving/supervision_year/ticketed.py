"""Tickets: refusals at the windows on the day after the year, and who answers them when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from services.kit import codes, wire
from services.proving.supervision_year.plan import Bill, Way
from services.proving.supervision_year.scene import Scene
from yijie.settlement.v1 import refusal_pb2, refusal_service_pb2
from yijie.supervision.v1 import ticket_service_pb2

_REFUSED: Final = 24
_REASONS: Final = (
    ("FILING_NOT_LIVE", refusal_pb2.REFUSAL_PARTY_HUB, "insured"),
    ("INSTITUTION_NOT_OPEN", refusal_pb2.REFUSAL_PARTY_HUB, "care"),
    ("INSURED_REGION_UNAVAILABLE", refusal_pb2.REFUSAL_PARTY_INSURED_REGION, "insured"),
    ("CARD_LOST", refusal_pb2.REFUSAL_PARTY_HUB, ""),
)
"""Reason, side, and whose it is to answer; empty: the patient's own, which opens no ticket."""
_OVERDUE_AFTER: Final = timedelta(hours=25)


async def run(scene: Scene) -> str:
    """Has settlements refused, tickets opened, half of them answered in time; tells how it went.

    Raises:
        YearError: tickets are not opened, or do not become overdue.
        DomainError: supervision refused what it should not.
    """
    begun = scene.today
    expected = _refuse(scene)

    async def are_open() -> list[Any]:
        rows = await _list(scene)
        return rows if sum(one.refusal_count for one in rows) >= expected else []

    rows = await scene.wait_until("refusals have tickets", are_open)
    in_time = rows[::2]
    for one in in_time:
        await _answer(scene, one, "已处理，请重试")
    scene.clock.instant += _OVERDUE_AFTER
    late = rows[1::2]

    async def is_overdue() -> bool:
        return len([one for one in await _list(scene) if one.overdue]) == len(late)

    await scene.wait_until("unanswered tickets are overdue", is_overdue)
    for one in late:
        await _answer(scene, one, "逾期说明")
    answer = await scene.office.call(
        scene.office.tickets.SummarizeTickets,
        ticket_service_pb2.SummarizeTicketsRequest(
            open_date_min=wire.write_date(begun), open_date_max=wire.write_date(scene.today)
        ),
    )
    every = [one for one in answer.summaries if not one.kind]
    told = (
        sum(one.opened_count for one in every),
        sum(one.in_time_count for one in every),
        sum(one.late_count for one in every),
        sum(one.refusal_count for one in every),
    )
    scene.hold_equal(
        "tickets opened, in time, late, refusals",
        told,
        (len(rows), len(in_time), len(late), expected),
    )
    return (
        f"未能结算 refusals {_REFUSED}，工单 opened {told[0]}（并入 refusals joined {told[3]}），"
        f"按时 in time {told[1]}，逾期 late {told[2]}"
    )


def _refuse(scene: Scene) -> int:
    """Has settlements refused now; returns how many refusals belong to tickets."""
    bills = scene.plan.of_way(Way.DIRECT)[-_REFUSED:]
    counted = 0
    for number, bill in enumerate(bills):
        reason, party, whose = _REASONS[number % len(_REASONS)]
        scene.journal.refusals.append(_refusal(scene, bill, number, reason, party))
        counted += bool(whose)
    return counted


def _refusal(scene: Scene, bill: Bill, number: int, reason: str, party: Any) -> Any:
    when = scene.clock.now() - timedelta(minutes=_REFUSED - number)
    return refusal_service_pb2.RefusalEvent(
        event_time=wire.write_time(when),
        refusal=refusal_pb2.Refusal(
            refusal_id=str(scene.office.new_id()),
            refuse_time=wire.write_time(when),
            call=refusal_pb2.REFUSED_CALL_SETTLE,
            reason=reason,
            service="settlement",
            party=party,
            care_region_code=bill.institution.region_code,
            insured_region_code=bill.person.insured_region_code,
            institution_code=bill.institution.code,
            medical_type_code=bill.medical_type_code,
            scheme_code=bill.person.scheme_code,
            begin_date=wire.write_date(bill.begin),
            end_date=wire.write_date(bill.end),
            total=wire.write_money(bill.total_fen),
            person_id=str(bill.person.person_id),
            request_id=str(scene.office.new_id()),
            trace_id=f"{number:032x}",
            duration_ms=120,
        ),
    )


async def _list(scene: Scene) -> list[Any]:
    return await scene.office.pages(
        scene.office.tickets.ListTickets, ticket_service_pb2.ListTicketsRequest(), "tickets"
    )


async def _answer(scene: Scene, ticket: Any, note: str) -> None:
    region = ticket.responsible_region_code
    await scene.office.call(
        scene.office.tickets.AnswerTicket,
        ticket_service_pb2.AnswerTicketRequest(
            ticket_id=ticket.ticket_id,
            region_code=codes.province_of(region) if region else "",
            note=note,
            maker_id=f"tickets-{region or 'hub'}",
        ),
    )
