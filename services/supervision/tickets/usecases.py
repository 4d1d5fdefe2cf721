"""Use cases of tickets: what people do, what refusals do, and what follows by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from services.kit import codes
from services.kit.clock import civil_date
from services.kit.errors import Absent, DomainError
from services.kit.feed import move_cursor
from services.kit.ids import new_id
from services.kit.wire import invalid
from services.supervision.domain import ticket as tickets
from services.supervision.domain.ticket import Cause, Party, Refusal, Ticket, TicketKind
from services.supervision.domain.ticket_states import TicketState
from services.supervision.tickets import refusal_store, store
from services.supervision.tickets.refusal_store import FEED
from services.supervision.tickets.store import Change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.kit.db import Connection, Database
    from services.supervision.domain.ticket import Clockwork
    from services.supervision.tickets.terms import TicketTerms, TicketTermsBook

AT_ONCE: Final = 200
"""Tickets that one transaction moves on."""
INSTITUTIONS_MAX: Final = 300
"""Automatic tickets about institutions of one province that are not closed; more share one."""
_RECURRED: Final = "答复后又有同因未能结算"
_JOINED_FIRST: Final = "因结算被拒自动生成"
_QUIET: Final = "答复后无同因未能结算，自动办结"
_ESCALATED: Final = "逾期未答复，自动督办"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A ticket as somebody opens it."""

    region_code: str
    """Who opens it; empty: the hub."""
    kind: TicketKind
    party: Party
    responsible_region_code: str
    institution_code: str
    settlement_id: UUID | None
    question: str
    maker_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that somebody does to a ticket."""

    ticket_id: UUID
    region_code: str
    """Who does it; empty: the hub."""
    note: str
    maker_id: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch of refusals came to."""

    parties: tuple[tuple[str, Party], ...]
    """Reason and party of each refusal that was not recorded before."""
    opened: tuple[TicketKind, ...]
    """Kinds of the tickets that were opened."""


async def open_ticket(
    connection: Connection, asked: Asked, *, terms: TicketTerms, now: datetime
) -> Ticket:
    """Opens a ticket that somebody asks for.

    Raises:
        InvalidArgument: FIELD_INVALID, REGION_UNKNOWN, TICKET_TO_ONESELF.
    """
    _require_party(asked)
    care, insured = {
        Party.CARE_PROVINCE: (asked.responsible_region_code, asked.region_code),
        Party.INSTITUTION: (asked.responsible_region_code, asked.region_code),
        Party.INSURED_PROVINCE: (asked.region_code, asked.responsible_region_code),
    }.get(asked.party, ("", ""))
    made = _new(
        terms.clockwork,
        now,
        kind=asked.kind,
        party=asked.party,
        responsible_region_code=asked.responsible_region_code,
        institution_code=asked.institution_code,
        opener_region_code=asked.region_code,
        care_region_code=care,
        insured_region_code=insured,
        settlement_id=asked.settlement_id,
        question=asked.question,
        opener_id=asked.maker_id,
    )
    change = Change(
        state=made.state,
        level=0,
        change_time=now,
        region_code=asked.region_code,
        maker_id=asked.maker_id,
    )
    await store.insert(connection, made, change, cause="")
    return made


async def answer(connection: Connection, act: Act, *, now: datetime) -> Ticket:
    """Answers a ticket.

    Raises:
        Absent: there is none of this id.
        RuleForbids: as `services.supervision.domain.ticket.answered`.
    """
    found = await get_ticket(connection, act.ticket_id, lock=True)
    moved = tickets.answered(found, act.region_code, act.note, now)
    return await _keep(connection, moved, act, now)


async def escalate(
    connection: Connection, act: Act, *, clockwork: Clockwork, now: datetime
) -> Ticket:
    """Raises a ticket by one level; one that was answered opens again.

    Raises:
        Absent: there is none of this id.
        RuleForbids: as `services.supervision.domain.ticket.escalated`.
    """
    found = await get_ticket(connection, act.ticket_id, lock=True)
    moved = tickets.escalated(found, act.region_code, now, clockwork)
    return await _keep(connection, moved, act, now)


async def close(connection: Connection, act: Act, *, now: datetime) -> Ticket:
    """Closes a ticket.

    Raises:
        Absent: there is none of this id.
        RuleForbids: as `services.supervision.domain.ticket.closed`.
    """
    found = await get_ticket(connection, act.ticket_id, lock=True)
    moved = tickets.closed(found, act.region_code, now)
    return await _keep(connection, moved, act, now)


async def get_ticket(
    source: Connection | Database, ticket_id: UUID, *, lock: bool = False
) -> Ticket:
    """Returns a ticket.

    Raises:
        Absent: there is none of this id.
    """
    found = await store.find(source, ticket_id, lock=lock)
    if found is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such ticket",
            field="ticket_id",
            metadata={"resource": "ticket"},
        )
    return found


async def record(
    connection: Connection,
    refusals: Sequence[Refusal],
    *,
    book: TicketTermsBook,
    now: datetime,
    after: str,
    to: str,
) -> Recorded:
    """Records refusals with the cursor; opens tickets, or lets refusals join those that live.

    Raises:
        CursorMoved: the batch was recorded already, here or by another replica.
    """
    await move_cursor(connection, FEED, after=after, to=to)
    terms = book.of(civil_date(now))
    # Within a batch an event can come twice.
    unique = {one.refusal_id: one for one in refusals}
    judged = {
        key: tickets.responsible(one, terms.causes, terms.other) for key, one in unique.items()
    }
    new = await refusal_store.insert(
        connection, [(unique[key], party) for key, (party, _) in judged.items()]
    )
    by_cause: dict[Cause, list[Refusal]] = {}
    for key, (_, cause) in judged.items():
        if key in new and cause is not None:
            by_cause.setdefault(cause, []).append(unique[key])
    opened = await _tell(connection, by_cause, terms.clockwork, now)
    return Recorded(
        tuple((unique[key].reason, party) for key, (party, _) in judged.items() if key in new),
        tuple(opened),
    )


async def catch_up(
    connection: Connection, *, book: TicketTermsBook, now: datetime, limit: int = AT_ONCE
) -> int:
    """Does what follows by itself: levels that are due, answers after which nothing came.

    Returns how many tickets it moved, at most `limit` of each.
    """
    clockwork = book.of(civil_date(now)).clockwork
    overdue = await store.find_overdue(
        connection, now, level_max=tickets.LEVEL_MAX, term=clockwork.escalation, limit=limit
    )
    for one in overdue:
        raised = tickets.raised(one, now, clockwork)
        change = Change(state=raised.state, level=raised.level, change_time=now, note=_ESCALATED)
        await store.update(connection, raised, change)
    quiet = await store.find_quiet(connection, now - clockwork.quiet, limit=limit)
    for one in quiet:
        moved = tickets.closed_by_itself(one, now)
        change = Change(state=moved.state, level=moved.level, change_time=now, note=_QUIET)
        await store.update(connection, moved, change)
    return len(overdue) + len(quiet)


async def _tell(
    connection: Connection,
    by_cause: dict[Cause, list[Refusal]],
    clockwork: Clockwork,
    now: datetime,
) -> list[TicketKind]:
    # Only one process records, by the cursor's lock, so nobody else opens a ticket of a cause.
    live = await store.find_live(connection, sorted(one.key for one in by_cause))
    merged = await _merged(connection, by_cause, live)
    if merged != by_cause:
        by_cause = merged
        live |= await store.find_live(connection, sorted(one.key for one in by_cause))
    opened: list[TicketKind] = []
    for cause, refusals in by_cause.items():
        found = live.get(cause.key)
        if found is not None:
            await _join(connection, found, refusals, clockwork, now)
            continue
        fresh = [one for one in refusals if now - one.event_time <= clockwork.stale]
        if not fresh:
            continue
        made = _new(
            clockwork,
            now,
            kind=cause.kind,
            party=cause.party,
            responsible_region_code=cause.responsible_region_code,
            institution_code=cause.institution_code,
            care_region_code=cause.care_region_code,
            insured_region_code=cause.insured_region_code,
            reason=cause.reason,
            refusals=refusals,
        )
        change = Change(state=made.state, level=0, change_time=now, note=_JOINED_FIRST)
        await store.insert(connection, made, change, cause=cause.key)
        await refusal_store.link(connection, made.ticket_id, refusals)
        opened.append(cause.kind)
    return opened


async def _merged(
    connection: Connection, by_cause: dict[Cause, list[Refusal]], live: dict[str, Ticket]
) -> dict[Cause, list[Refusal]]:
    """Puts new causes of institutions together where their province has too many already.

    What was refused may name an institution that there is not, and any number of them.
    """
    new = {
        one.responsible_region_code
        for one in by_cause
        if one.party is Party.INSTITUTION and one.key not in live
    }
    if not new:
        return by_cause
    counts = await store.count_live(connection, sorted(new))
    merged: dict[Cause, list[Refusal]] = {}
    for cause, refusals in by_cause.items():
        kept, region = cause, cause.responsible_region_code
        if cause.party is Party.INSTITUTION and cause.key not in live:
            counts[region] = counts.get(region, 0) + 1
            if counts[region] > INSTITUTIONS_MAX:
                kept = cause.collective
        merged.setdefault(kept, []).extend(refusals)
    return merged


async def _join(
    connection: Connection,
    found: Ticket,
    refusals: Sequence[Refusal],
    clockwork: Clockwork,
    now: datetime,
) -> None:
    moved, change = tickets.joined(found, refusals), None
    # What was refused before the answer, and is only read now, does not speak against it.
    if found.state is TicketState.ANSWERED and any(
        found.answer_time is not None and one.event_time > found.answer_time for one in refusals
    ):
        moved = tickets.reopened(moved, now, clockwork)
        change = Change(state=moved.state, level=moved.level, change_time=now, note=_RECURRED)
    await store.update(connection, moved, change)
    await refusal_store.link(connection, found.ticket_id, refusals)


def _new(
    clockwork: Clockwork,
    now: datetime,
    *,
    kind: TicketKind,
    party: Party,
    responsible_region_code: str,
    institution_code: str,
    care_region_code: str,
    insured_region_code: str,
    opener_region_code: str = "",
    settlement_id: UUID | None = None,
    question: str = "",
    opener_id: str = "",
    reason: str = "",
    refusals: Sequence[Refusal] = (),
) -> Ticket:
    due = now + clockwork.answer
    bare = Ticket(
        ticket_id=new_id(now),
        kind=kind,
        state=TicketState.OPEN,
        party=party,
        responsible_region_code=responsible_region_code,
        institution_code=institution_code,
        opener_region_code=opener_region_code,
        is_automatic=bool(reason),
        reason=reason,
        care_region_code=care_region_code,
        insured_region_code=insured_region_code,
        settlement_id=settlement_id,
        question=question,
        answer="",
        refusal_count=0,
        refused_fen=0,
        last_refusal_time=None,
        level=0,
        base_level=0,
        open_time=now,
        first_due_time=due,
        due_time=due,
        first_answer_time=None,
        answer_time=None,
        reopen_count=0,
        close_time=None,
        opener_id=opener_id,
    )
    return tickets.joined(bare, refusals)


def _require_party(asked: Asked) -> None:
    responsible, institution = asked.responsible_region_code, asked.institution_code
    if (asked.party is Party.HUB) != (not responsible):
        raise invalid(
            "responsible_region_code", "names the province that answers, and nobody for the hub"
        )
    for field, code in (
        ("region_code", asked.region_code),
        ("responsible_region_code", responsible),
    ):
        if code and code not in codes.PROVINCES:
            raise invalid(field, "is no province that takes part", reason="REGION_UNKNOWN")
    if asked.party is Party.INSTITUTION and not institution:
        raise invalid("institution_code", "says which institution is responsible")
    if asked.party is Party.INSTITUTION and codes.province_of(institution[1:7]) != responsible:
        raise invalid("responsible_region_code", "is not the province of the institution")
    if asked.region_code == responsible:
        raise _to_oneself()
    if asked.settlement_id is not None and asked.kind is not TicketKind.VERIFY_BILL:
        raise invalid("settlement_id", "is only given with VERIFY_BILL")
    if asked.kind is TicketKind.VERIFY_BILL and asked.settlement_id is None:
        raise invalid("settlement_id", "says which bill is to be verified")


def _to_oneself() -> DomainError:
    return invalid(
        "responsible_region_code", "who asks cannot be who answers", reason="TICKET_TO_ONESELF"
    )


async def _keep(connection: Connection, moved: Ticket, act: Act, now: datetime) -> Ticket:
    change = Change(
        state=moved.state,
        level=moved.level,
        change_time=now,
        region_code=act.region_code,
        maker_id=act.maker_id,
        note=act.note,
    )
    await store.update(connection, moved, change)
    return moved
