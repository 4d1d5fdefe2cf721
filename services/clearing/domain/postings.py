"""What decisions do to the ledger: bookings of postings, at once or in two steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from services.clearing.domain.ledger import (
    TRANSFER_NAMESPACE,
    Booking,
    Kind,
    Movement,
    Posting,
    Step,
    Transfer,
    pair_key,
)

if TYPE_CHECKING:
    from datetime import datetime


def book_posting(posting: Posting, step: Step, *, event_time: datetime) -> Booking:
    """Returns the booking of a posting, at once (DIRECT) or to be decided (PENDING)."""
    ordered = sorted(posting.movements, key=_movement_key)
    return Booking(
        kind=posting.kind,
        source_id=posting.source_id,
        pair=None,
        event_time=event_time,
        step=step,
        transfers=tuple(
            Transfer(
                transfer_id=_posting_transfer_id(posting.source_id, posting.kind, step, one),
                source_id=posting.source_id,
                pair=one.pair,
                fund_type_code=one.fund_type_code,
                amount_fen=one.amount_fen,
                reverses_transfer_id=None,
                purpose=one.purpose,
                step=step,
            )
            for one in ordered
        ),
    )


def book_resolution(pending: Booking, *, posted: bool, event_time: datetime) -> Booking:
    """Returns the booking that posts or voids a pending one."""
    step = Step.POSTED if posted else Step.VOIDED
    return Booking(
        kind=pending.kind,
        source_id=pending.source_id,
        pair=None,
        event_time=event_time,
        step=step,
        transfers=tuple(
            replace(
                one,
                transfer_id=_posting_transfer_id(pending.source_id, pending.kind, step, one),
                step=step,
                resolves_transfer_id=one.transfer_id,
            )
            for one in pending.transfers
        ),
    )


def movements_of(booking: Booking) -> frozenset[Movement]:
    """Returns what a booking moves: what a repeated posting must equal."""
    return frozenset(
        Movement(
            pair=one.pair,
            fund_type_code=one.fund_type_code,
            purpose=one.purpose,
            amount_fen=one.amount_fen,
        )
        for one in booking.transfers
    )


def _movement_key(one: Movement) -> tuple[str, ...]:
    return *pair_key(one.pair), one.fund_type_code, one.purpose.value


def _posting_transfer_id(source_id: UUID, kind: Kind, step: Step, one: Movement | Transfer) -> UUID:
    where = "/".join((*pair_key(one.pair), one.fund_type_code, one.purpose.value))
    return uuid5(TRANSFER_NAMESPACE, f"{source_id}/{kind.value}/{step.value}/{where}")
