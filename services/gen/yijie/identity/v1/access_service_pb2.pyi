from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from yijie.identity.v1 import access_pb2 as _access_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListAccessesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "person_id", "institution_code", "caller_region_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    CALLER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    person_id: str
    institution_code: str
    caller_region_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., person_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., caller_region_code: _Optional[str] = ...) -> None: ...

class ListAccessesResponse(_message.Message):
    __slots__ = ("accesses", "next_page_token")
    ACCESSES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    accesses: _containers.RepeatedCompositeFieldContainer[_access_pb2.Access]
    next_page_token: str
    def __init__(self, accesses: _Optional[_Iterable[_Union[_access_pb2.Access, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SubscribeSignalsRequest(_message.Message):
    __slots__ = ("after_cursor",)
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    def __init__(self, after_cursor: _Optional[str] = ...) -> None: ...

class SubscribeSignalsResponse(_message.Message):
    __slots__ = ("events", "cursor", "lag_ms")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_access_pb2.SignalEvent]
    cursor: str
    lag_ms: int
    def __init__(self, events: _Optional[_Iterable[_Union[_access_pb2.SignalEvent, _Mapping]]] = ..., cursor: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...
