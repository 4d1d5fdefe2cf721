"""Between the contracts of the feeds and the outboxes."""

from __future__ import annotations

from typing import Any

from services.kit import codes
from services.kit.errors import InvalidArgument
from services.kit.wire import invalid, write_time
from services.settlement import visit_messages
from services.settlement.admission_store import AdmissionRow
from services.settlement.domain.visit_states import VisitState
from services.settlement.feed_store import KINDS, START, FeedRow, Position, Wanted
from services.settlement.fingerprints import Fingerprints
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2, visit_service_pb2

_KIND_NUMBERS = {
    "SETTLED": settlement_service_pb2.EVENT_KIND_SETTLED,
    "REVERSED": settlement_service_pb2.EVENT_KIND_REVERSED,
}
_KIND_OF = {number: kind for kind, number in _KIND_NUMBERS.items()}
_FIELD = "after_cursor"


def read_wanted(request: Any) -> Wanted:
    """Returns what a subscriber wants. Raises FIELD_INVALID, REGION_UNKNOWN."""
    province, role = request.region_code, request.region_role
    if province and request.view == settlement_service_pb2.SETTLEMENT_VIEW_FULL:
        raise invalid("view", "bills are given whole to the hub's own services only")
    if role and not province:
        raise invalid("region_role", "needs region_code")
    if province and province not in codes.PROVINCES:
        raise invalid("region_code", "not one of the 32 participants", reason="REGION_UNKNOWN")
    return Wanted(
        province=province,
        as_care=role != settlement_service_pb2.REGION_ROLE_INSURED,
        as_insured=role != settlement_service_pb2.REGION_ROLE_CARE,
        kinds=tuple(_KIND_OF[kind] for kind in request.kinds) or KINDS,
        is_full=request.view == settlement_service_pb2.SETTLEMENT_VIEW_FULL,
    )


def event_of(row: FeedRow, fingerprints: Fingerprints) -> settlement_service_pb2.Event:
    """Returns an event of the feed."""
    event = settlement_service_pb2.Event(
        cursor=write_cursor(row.position),
        kind=_KIND_NUMBERS[row.kind],
        event_time=write_time(row.event_time),
    )
    event.settlement.ParseFromString(row.settlement)
    if row.detail is not None:
        _add_bill(event, settlement_pb2.Settlement.FromString(row.detail), fingerprints)
    return event


def _add_bill(
    event: settlement_service_pb2.Event,
    detail: settlement_pb2.Settlement,
    fingerprints: Fingerprints,
) -> None:
    # The two texts by which a person could be called or looked up stay here.
    event.invoice_key = fingerprints.invoice(detail.bill.invoice_number) or b""
    event.phone_key = fingerprints.phone(detail.bill.contact_phone) or b""
    detail.bill.ClearField("invoice_number")
    detail.bill.ClearField("contact_phone")
    settlement = event.settlement
    settlement.bill.CopyFrom(detail.bill)
    settlement.lines.MergeFrom(detail.lines)
    settlement.sex = detail.sex
    settlement.birth_date.CopyFrom(detail.birth_date)
    settlement.disease_code = detail.disease_code


def admission_of(row: AdmissionRow) -> visit_service_pb2.AdmissionEvent:
    """Returns an event of the feed of stays."""
    admission = visit_service_pb2.Admission.FromString(row.admission)
    admission.state = visit_messages.STATES[VisitState(row.state)]
    admission.revision = row.revision
    return visit_service_pb2.AdmissionEvent(
        event_time=write_time(row.event_time), admission=admission
    )


def write_cursor(position: Position) -> str:
    """Returns the opaque cursor of a position in the feed; empty: its beginning."""
    if position == START:
        return ""
    return f"{position.transaction_id}.{position.sequence}"


def read_cursor(text: str) -> Position:
    """Returns the position of a cursor. Raises CURSOR_INVALID."""
    if not text:
        return START
    transaction, dot, sequence = text.partition(".")
    if not (dot and _is_number(transaction) and _is_number(sequence)):
        raise cursor_invalid()
    return Position(int(transaction), int(sequence))


def cursor_invalid() -> InvalidArgument:
    """Returns the error for a cursor that is none of this feed's."""
    return InvalidArgument("CURSOR_INVALID", "after_cursor is not one of this feed", field=_FIELD)


def cursor_in_future() -> InvalidArgument:
    """Returns the error for a cursor beyond everything that this feed has given."""
    return InvalidArgument(
        "CURSOR_IN_FUTURE", "after_cursor lies beyond all that this feed has given", field=_FIELD
    )


def _is_number(text: str) -> bool:
    # Bounded below 2^63: the database compares the parts as 64-bit numbers.
    return text.isascii() and text.isdigit() and int(text) < 1 << 63
