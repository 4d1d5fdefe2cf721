"""Between identity's signals, supervision's own messages of them, and the domain."""

from __future__ import annotations

from typing import Any, Final

from services.kit import paging, wire
from services.supervision.domain.signals import RecordedSignal, Signal
from services.supervision.signal_store import SignalFilter
from yijie.identity.v1 import access_pb2
from yijie.supervision.v1 import supervision_service_pb2

_PREFIX: Final = "SIGNAL_KIND_"


def read_event(event: access_pb2.SignalEvent) -> Signal:
    """Reads an event of the feed. A kind that is newer than this version is kept by its number."""
    signal = event.signal
    return Signal(
        signal_id=wire.read_uuid(signal.signal_id),
        kind=_kind_name(signal.kind),
        person_id=wire.read_uuid(signal.person_id),
        institution_codes=tuple(signal.institution_codes),
        first_time=wire.read_time(signal.first_time),
        last_time=wire.read_time(signal.last_time),
        distance_km=signal.distance_km,
        use_count=signal.use_count,
        event_time=wire.read_time(event.event_time),
    )


def read_filter(request: supervision_service_pb2.ListSignalsRequest) -> SignalFilter:
    """Returns which signals a request asks for.

    Raises:
        InvalidArgument: PAGE_TOKEN_INVALID.
    """
    return SignalFilter(
        kind=_kind_name(request.kind) if request.kind else "",
        person_id=wire.read_uuid(request.person_id) if request.person_id else None,
        province=request.province_code,
        before_number=paging.read_key(request, paging.row_number),
    )


def write_recorded(recorded: RecordedSignal) -> supervision_service_pb2.RecordedSignal:
    """Returns the message of a recorded signal."""
    signal = recorded.signal
    return supervision_service_pb2.RecordedSignal(
        signal=access_pb2.Signal(
            signal_id=str(signal.signal_id),
            kind=_kind_number(signal.kind),
            person_id=str(signal.person_id),
            institution_codes=signal.institution_codes,
            first_time=wire.write_time(signal.first_time),
            last_time=wire.write_time(signal.last_time),
            distance_km=signal.distance_km,
            use_count=signal.use_count,
        ),
        event_time=wire.write_time(signal.event_time),
        create_time=wire.write_time(recorded.create_time),
    )


def _kind_name(number: int) -> str:
    value = access_pb2.SignalKind.DESCRIPTOR.values_by_number.get(number)
    return value.name.removeprefix(_PREFIX) if value else f"KIND_{number}"


def _kind_number(name: str) -> Any:
    value = access_pb2.SignalKind.DESCRIPTOR.values_by_name.get(f"{_PREFIX}{name}")
    return value.number if value else access_pb2.SIGNAL_KIND_UNSPECIFIED
