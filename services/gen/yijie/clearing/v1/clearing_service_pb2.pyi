from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from yijie.clearing.v1 import ledger_pb2 as _ledger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetPositionRequest(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "month", "scheme_code", "page_size", "page_token")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    month: str
    scheme_code: str
    page_size: int
    page_token: str
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., scheme_code: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetPositionResponse(_message.Message):
    __slots__ = ("positions", "cursor", "next_page_token")
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    positions: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.Position]
    cursor: str
    next_page_token: str
    def __init__(self, positions: _Optional[_Iterable[_Union[_ledger_pb2.Position, _Mapping]]] = ..., cursor: _Optional[str] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListEntriesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "settlement_id", "insured_region_code", "care_region_code", "month")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    settlement_id: str
    insured_region_code: str
    care_region_code: str
    month: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., settlement_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ...) -> None: ...

class ListEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.Entry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_ledger_pb2.Entry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
