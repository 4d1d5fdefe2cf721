"""Between messages of the access log and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.identity.access_store import AccessFilter, LoggedAccess, Lookup
from services.identity.domain.errors import FieldInvalid
from services.kit import paging, telemetry
from services.kit.caller import caller_of
from services.kit.wire import read_uuid, write_time
from yijie.identity.v1 import access_pb2, access_service_pb2

if TYPE_CHECKING:
    from services.kit.outbox import Given, OutboxRow


def read_lookup(context: Any, method: str, purpose: int) -> Lookup:
    """Returns who calls and why, for the access log.

    `method` is the RPC's name, `purpose` a number of yijie.identity.v1.AccessPurpose.
    """
    caller = caller_of(context)
    trace_id = UUID(hex=telemetry.trace_id())
    return Lookup(
        method=method,
        caller_region=caller.region_code if caller else "",
        caller_role=caller.role if caller else "",
        purpose=purpose,
        trace_id=trace_id if trace_id.int else None,
    )


def read_filter(request: access_service_pb2.ListAccessesRequest) -> AccessFilter:
    """Returns which accesses are wanted.

    Raises:
        FieldInvalid: neither person, institution nor caller is named.
        InvalidArgument: PAGE_TOKEN_INVALID.
    """
    if not (request.person_id or request.institution_code or request.caller_region_code):
        raise FieldInvalid("person_id", "name a person, an institution or a caller")
    return AccessFilter(
        person_id=read_uuid(request.person_id) if request.person_id else None,
        institution_code=request.institution_code,
        caller_region=request.caller_region_code,
        before_id=paging.read_key(request, paging.row_number),
    )


def write_access(logged: LoggedAccess) -> access_pb2.Access:
    """Returns the message of one row of the log."""
    lookup, access = logged.lookup, logged.access
    purpose: Any = lookup.purpose
    return access_pb2.Access(
        access_id=logged.access_id,
        access_time=write_time(logged.access_time),
        method=lookup.method,
        caller_region_code=lookup.caller_region,
        caller_role=lookup.caller_role,
        purpose=purpose,
        person_id=str(access.person_id) if access.person_id else "",
        institution_code=access.institution_code,
        outcome=access.outcome,
        trace_id=lookup.trace_id.hex if lookup.trace_id else "",
    )


def write_signals(given: Given) -> access_service_pb2.SubscribeSignalsResponse:
    """Returns the message of a batch of the feed."""
    return access_service_pb2.SubscribeSignalsResponse(
        events=map(_write_signal, given.rows), cursor=given.cursor, lag_ms=given.lag_ms
    )


def _write_signal(row: OutboxRow) -> access_pb2.SignalEvent:
    signal = row.columns
    kind: Any = f"SIGNAL_KIND_{signal['kind']}"
    return access_pb2.SignalEvent(
        event_time=write_time(row.event_time),
        signal=access_pb2.Signal(
            signal_id=str(signal["signal_id"]),
            kind=kind,
            person_id=str(signal["person_id"]),
            institution_codes=signal["institution_codes"],
            first_time=write_time(signal["first_time"]),
            last_time=write_time(signal["last_time"]),
            distance_km=signal["distance_km"],
            use_count=signal["use_count"],
        ),
    )
