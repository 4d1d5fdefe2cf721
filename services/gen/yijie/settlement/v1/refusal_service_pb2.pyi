import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.settlement.v1 import refusal_pb2 as _refusal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubscribeRefusalsRequest(_message.Message):
    __slots__ = ("after_cursor", "region_code")
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    region_code: str
    def __init__(self, after_cursor: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class SubscribeRefusalsResponse(_message.Message):
    __slots__ = ("events", "cursor", "lag_ms")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[RefusalEvent]
    cursor: str
    lag_ms: int
    def __init__(self, events: _Optional[_Iterable[_Union[RefusalEvent, _Mapping]]] = ..., cursor: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...

class RefusalEvent(_message.Message):
    __slots__ = ("event_time", "refusal")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    refusal: _refusal_pb2.Refusal
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., refusal: _Optional[_Union[_refusal_pb2.Refusal, _Mapping]] = ...) -> None: ...

class ListRefusalsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "institution_code", "reason", "settle_request_id", "refuse_date_min", "refuse_date_max")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SETTLE_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSE_DATE_MIN_FIELD_NUMBER: _ClassVar[int]
    REFUSE_DATE_MAX_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    institution_code: str
    reason: str
    settle_request_id: str
    refuse_date_min: _date_pb2.Date
    refuse_date_max: _date_pb2.Date
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., reason: _Optional[str] = ..., settle_request_id: _Optional[str] = ..., refuse_date_min: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., refuse_date_max: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ListRefusalsResponse(_message.Message):
    __slots__ = ("refusals", "next_page_token")
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    refusals: _containers.RepeatedCompositeFieldContainer[_refusal_pb2.Refusal]
    next_page_token: str
    def __init__(self, refusals: _Optional[_Iterable[_Union[_refusal_pb2.Refusal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
