"""Between the contracts of tickets and refusals and what the use cases work with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.supervision.domain.ticket import Party, Refusal, TicketKind
from services.supervision.domain.ticket_states import TicketState
from yijie.common.v1 import error_reason_pb2
from yijie.settlement.v1 import refusal_pb2
from yijie.supervision.v1 import ticket_pb2 as pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.supervision.domain.ticket import Ticket
    from services.supervision.tickets.refusal_store import TicketRefusal
    from services.supervision.tickets.store import Change, Summary

_KINDS: Final[Mapping[TicketKind, pb2.TicketKind]] = {
    TicketKind.CANNOT_SETTLE: pb2.TICKET_KIND_CANNOT_SETTLE,
    TicketKind.VERIFY_BILL: pb2.TICKET_KIND_VERIFY_BILL,
    TicketKind.SYSTEM_FAULT: pb2.TICKET_KIND_SYSTEM_FAULT,
}
_STATES: Final[Mapping[TicketState, pb2.TicketState]] = {
    TicketState.OPEN: pb2.TICKET_STATE_OPEN,
    TicketState.ANSWERED: pb2.TICKET_STATE_ANSWERED,
    TicketState.CLOSED: pb2.TICKET_STATE_CLOSED,
}
_PARTIES: Final[Mapping[Party, pb2.TicketParty]] = {
    Party.CARE_PROVINCE: pb2.TICKET_PARTY_CARE_PROVINCE,
    Party.INSURED_PROVINCE: pb2.TICKET_PARTY_INSURED_PROVINCE,
    Party.INSTITUTION: pb2.TICKET_PARTY_INSTITUTION,
    Party.HUB: pb2.TICKET_PARTY_HUB,
}

_PREFIX: Final = "ERROR_REASON_"
_REASONS: Final = frozenset(
    name.removeprefix(_PREFIX)
    for name in error_reason_pb2.ErrorReason.keys()  # noqa: SIM118 - a wrapper, no dict
)
"""Only these: each opens tickets of its own, and what a region's system makes up has no end."""
_AREA: Final = re.compile(r"[1-6][0-9]{5}")
_INSTITUTION: Final = re.compile(r"[HP][0-9]{11}")
_MEDICAL_TYPE: Final = re.compile(r"[1-9][0-9]{1,5}")
_SCHEME: Final = re.compile(r"3[0-9]{2}")
_TRACE: Final = re.compile(r"[0-9a-f]{32}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_UNNAMED: Final = "INTERNAL"
"""Stands for a reason that is none, or that this release does not know."""


def read_refusal(event: Any) -> Refusal:
    """Reads an event of settlement's feed of refusals.

    What was refused may have been malformed: a code that is none is taken as not known, so that
    nothing a window sends can stop the feed.
    """
    one = event.refusal
    return Refusal(
        refusal_id=wire.read_uuid(one.refusal_id),
        reason=one.reason if one.reason in _REASONS else _UNNAMED,
        from_insured_region=one.party == refusal_pb2.REFUSAL_PARTY_INSURED_REGION,
        care_area_code=_matched(_AREA, one.care_region_code),
        insured_area_code=_matched(_AREA, one.insured_region_code),
        institution_code=_matched(_INSTITUTION, one.institution_code),
        medical_type_code=_matched(_MEDICAL_TYPE, one.medical_type_code),
        scheme_code=_matched(_SCHEME, one.scheme_code),
        total_fen=one.total.fen if 0 < one.total.fen < wire.FEN_MAX else 0,
        duration_ms=max(0, one.duration_ms),
        trace_id=_matched(_TRACE, one.trace_id),
        request_id=wire.read_uuid(one.request_id) if _UUID.fullmatch(one.request_id) else None,
        event_time=wire.read_time(event.event_time),
    )


def read_kind(value: int) -> TicketKind | None:
    """Reads a kind; unspecified: None."""
    return next((one for one, number in _KINDS.items() if number == value), None)


def read_state(value: int) -> TicketState | None:
    """Reads a state; unspecified: None."""
    return next((one for one, number in _STATES.items() if number == value), None)


def read_party(value: int) -> Party | None:
    """Reads a party; unspecified: None."""
    return next((one for one, number in _PARTIES.items() if number == value), None)


def write_ticket(
    one: Ticket,
    now: datetime,
    changes: Sequence[Change] = (),
    refusals: Sequence[TicketRefusal] = (),
) -> pb2.Ticket:
    """Returns the message of a ticket as it stands at an instant."""
    message = pb2.Ticket(
        ticket_id=str(one.ticket_id),
        kind=_KINDS[one.kind],
        state=_STATES[one.state],
        party=_PARTIES[one.party],
        responsible_region_code=one.responsible_region_code,
        institution_code=one.institution_code,
        opener_region_code=one.opener_region_code,
        automatic=one.is_automatic,
        reason=one.reason,
        care_region_code=one.care_region_code,
        insured_region_code=one.insured_region_code,
        settlement_id=_text(one.settlement_id),
        question=one.question,
        answer=one.answer,
        refusal_count=one.refusal_count,
        refused_amount=wire.write_money(one.refused_fen),
        level=one.level,
        open_time=wire.write_time(one.open_time),
        due_time=wire.write_time(one.due_time),
        overdue=one.is_overdue(now),
        late=one.is_late,
        reopen_count=one.reopen_count,
        opener_id=one.opener_id,
        changes=[_write_change(change) for change in changes],
        refusals=[_write_refusal(refusal) for refusal in refusals],
    )
    if one.last_refusal_time is not None:
        message.last_refusal_time.CopyFrom(wire.write_time(one.last_refusal_time))
    if one.answer_time is not None:
        message.answer_time.CopyFrom(wire.write_time(one.answer_time))
    if one.close_time is not None:
        message.close_time.CopyFrom(wire.write_time(one.close_time))
    return message


def write_summary(one: Summary) -> pb2.TicketSummary:
    """Returns the message of a summary."""
    return pb2.TicketSummary(
        region_code=one.region_code,
        kind=_KINDS[one.kind] if one.kind else pb2.TICKET_KIND_UNSPECIFIED,
        opened_count=one.opened,
        in_time_count=one.in_time,
        late_count=one.late,
        overdue_count=one.overdue,
        waiting_count=one.waiting,
        withdrawn_count=one.withdrawn,
        closed_count=one.closed,
        escalated_count=one.escalated,
        reopened_count=one.reopened,
        refusal_count=one.refusals,
        median_answer_minutes=-1 if one.median_minutes is None else one.median_minutes,
    )


def _write_change(change: Change) -> pb2.TicketChange:
    return pb2.TicketChange(
        state=_STATES[change.state],
        level=change.level,
        change_time=wire.write_time(change.change_time),
        region_code=change.region_code,
        maker_id=change.maker_id,
        note=change.note,
    )


def _write_refusal(refusal: TicketRefusal) -> pb2.TicketRefusal:
    return pb2.TicketRefusal(
        refusal_id=str(refusal.refusal_id),
        refuse_time=wire.write_time(refusal.refuse_time),
        institution_code=refusal.institution_code,
        trace_id=refusal.trace_id,
        request_id=_text(refusal.request_id),
    )


def _matched(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _text(identifier: UUID | None) -> str:
    return "" if identifier is None else str(identifier)
