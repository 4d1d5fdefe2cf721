import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AccessPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCESS_PURPOSE_UNSPECIFIED: _ClassVar[AccessPurpose]
    ACCESS_PURPOSE_SETTLEMENT: _ClassVar[AccessPurpose]
    ACCESS_PURPOSE_QUOTE: _ClassVar[AccessPurpose]
    ACCESS_PURPOSE_REGISTRATION: _ClassVar[AccessPurpose]
    ACCESS_PURPOSE_FILING: _ClassVar[AccessPurpose]
    ACCESS_PURPOSE_PORTABILITY: _ClassVar[AccessPurpose]
    ACCESS_PURPOSE_CARD: _ClassVar[AccessPurpose]
    ACCESS_PURPOSE_REGISTER: _ClassVar[AccessPurpose]
    ACCESS_PURPOSE_ENQUIRY: _ClassVar[AccessPurpose]

class SignalKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGNAL_KIND_UNSPECIFIED: _ClassVar[SignalKind]
    SIGNAL_KIND_DISTANT_PLACES: _ClassVar[SignalKind]
    SIGNAL_KIND_MANY_INSTITUTIONS: _ClassVar[SignalKind]
    SIGNAL_KIND_LOST_CARD_SHOWN: _ClassVar[SignalKind]
    SIGNAL_KIND_TOKEN_REPLAYED: _ClassVar[SignalKind]
ACCESS_PURPOSE_UNSPECIFIED: AccessPurpose
ACCESS_PURPOSE_SETTLEMENT: AccessPurpose
ACCESS_PURPOSE_QUOTE: AccessPurpose
ACCESS_PURPOSE_REGISTRATION: AccessPurpose
ACCESS_PURPOSE_FILING: AccessPurpose
ACCESS_PURPOSE_PORTABILITY: AccessPurpose
ACCESS_PURPOSE_CARD: AccessPurpose
ACCESS_PURPOSE_REGISTER: AccessPurpose
ACCESS_PURPOSE_ENQUIRY: AccessPurpose
SIGNAL_KIND_UNSPECIFIED: SignalKind
SIGNAL_KIND_DISTANT_PLACES: SignalKind
SIGNAL_KIND_MANY_INSTITUTIONS: SignalKind
SIGNAL_KIND_LOST_CARD_SHOWN: SignalKind
SIGNAL_KIND_TOKEN_REPLAYED: SignalKind

class Access(_message.Message):
    __slots__ = ("access_id", "access_time", "method", "caller_region_code", "caller_role", "purpose", "person_id", "institution_code", "outcome", "trace_id")
    ACCESS_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_TIME_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CALLER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CALLER_ROLE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    access_id: int
    access_time: _timestamp_pb2.Timestamp
    method: str
    caller_region_code: str
    caller_role: str
    purpose: AccessPurpose
    person_id: str
    institution_code: str
    outcome: str
    trace_id: str
    def __init__(self, access_id: _Optional[int] = ..., access_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., method: _Optional[str] = ..., caller_region_code: _Optional[str] = ..., caller_role: _Optional[str] = ..., purpose: _Optional[_Union[AccessPurpose, str]] = ..., person_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., outcome: _Optional[str] = ..., trace_id: _Optional[str] = ...) -> None: ...

class SignalEvent(_message.Message):
    __slots__ = ("event_time", "signal")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    signal: Signal
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., signal: _Optional[_Union[Signal, _Mapping]] = ...) -> None: ...

class Signal(_message.Message):
    __slots__ = ("signal_id", "kind", "person_id", "institution_codes", "first_time", "last_time", "distance_km", "use_count")
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODES_FIELD_NUMBER: _ClassVar[int]
    FIRST_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_KM_FIELD_NUMBER: _ClassVar[int]
    USE_COUNT_FIELD_NUMBER: _ClassVar[int]
    signal_id: str
    kind: SignalKind
    person_id: str
    institution_codes: _containers.RepeatedScalarFieldContainer[str]
    first_time: _timestamp_pb2.Timestamp
    last_time: _timestamp_pb2.Timestamp
    distance_km: int
    use_count: int
    def __init__(self, signal_id: _Optional[str] = ..., kind: _Optional[_Union[SignalKind, str]] = ..., person_id: _Optional[str] = ..., institution_codes: _Optional[_Iterable[str]] = ..., first_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., distance_km: _Optional[int] = ..., use_count: _Optional[int] = ...) -> None: ...
