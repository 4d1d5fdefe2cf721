from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.clearing.v1 import break_pb2 as _break_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReconcileLedgerRequest(_message.Message):
    __slots__ = ("request_id", "journal_date")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_DATE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    journal_date: _date_pb2.Date
    def __init__(self, request_id: _Optional[str] = ..., journal_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ReconcileLedgerResponse(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: _break_pb2.LedgerDay
    def __init__(self, day: _Optional[_Union[_break_pb2.LedgerDay, _Mapping]] = ...) -> None: ...

class ListLedgerDaysRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "month")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    month: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., month: _Optional[str] = ...) -> None: ...

class ListLedgerDaysResponse(_message.Message):
    __slots__ = ("days", "next_page_token")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedCompositeFieldContainer[_break_pb2.LedgerDay]
    next_page_token: str
    def __init__(self, days: _Optional[_Iterable[_Union[_break_pb2.LedgerDay, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListBreaksRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "month", "state", "source", "kind", "owner", "region_code", "journal_date", "settlement_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_DATE_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    month: str
    state: _break_pb2.BreakState
    source: _break_pb2.BreakSource
    kind: _break_pb2.BreakKind
    owner: _break_pb2.BreakOwner
    region_code: str
    journal_date: _date_pb2.Date
    settlement_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., month: _Optional[str] = ..., state: _Optional[_Union[_break_pb2.BreakState, str]] = ..., source: _Optional[_Union[_break_pb2.BreakSource, str]] = ..., kind: _Optional[_Union[_break_pb2.BreakKind, str]] = ..., owner: _Optional[_Union[_break_pb2.BreakOwner, str]] = ..., region_code: _Optional[str] = ..., journal_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., settlement_id: _Optional[str] = ...) -> None: ...

class ListBreaksResponse(_message.Message):
    __slots__ = ("breaks", "next_page_token")
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    breaks: _containers.RepeatedCompositeFieldContainer[_break_pb2.Break]
    next_page_token: str
    def __init__(self, breaks: _Optional[_Iterable[_Union[_break_pb2.Break, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetBreakRequest(_message.Message):
    __slots__ = ("break_id",)
    BREAK_ID_FIELD_NUMBER: _ClassVar[int]
    break_id: str
    def __init__(self, break_id: _Optional[str] = ...) -> None: ...

class GetBreakResponse(_message.Message):
    __slots__ = ("break_record", "changes")
    BREAK_RECORD_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    break_record: _break_pb2.Break
    changes: _containers.RepeatedCompositeFieldContainer[_break_pb2.BreakChange]
    def __init__(self, break_record: _Optional[_Union[_break_pb2.Break, _Mapping]] = ..., changes: _Optional[_Iterable[_Union[_break_pb2.BreakChange, _Mapping]]] = ...) -> None: ...

class ResolveBreaksRequest(_message.Message):
    __slots__ = ("request_id", "break_ids", "note", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BREAK_IDS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    break_ids: _containers.RepeatedScalarFieldContainer[str]
    note: str
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., break_ids: _Optional[_Iterable[str]] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class ResolveBreaksResponse(_message.Message):
    __slots__ = ("breaks",)
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    breaks: _containers.RepeatedCompositeFieldContainer[_break_pb2.Break]
    def __init__(self, breaks: _Optional[_Iterable[_Union[_break_pb2.Break, _Mapping]]] = ...) -> None: ...

class CarryBreaksRequest(_message.Message):
    __slots__ = ("request_id", "break_ids", "journal_dates", "month", "note", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BREAK_IDS_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_DATES_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    break_ids: _containers.RepeatedScalarFieldContainer[str]
    journal_dates: _containers.RepeatedCompositeFieldContainer[_date_pb2.Date]
    month: str
    note: str
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., break_ids: _Optional[_Iterable[str]] = ..., journal_dates: _Optional[_Iterable[_Union[_date_pb2.Date, _Mapping]]] = ..., month: _Optional[str] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class CarryBreaksResponse(_message.Message):
    __slots__ = ("breaks", "days")
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    breaks: _containers.RepeatedCompositeFieldContainer[_break_pb2.Break]
    days: _containers.RepeatedCompositeFieldContainer[_break_pb2.LedgerDay]
    def __init__(self, breaks: _Optional[_Iterable[_Union[_break_pb2.Break, _Mapping]]] = ..., days: _Optional[_Iterable[_Union[_break_pb2.LedgerDay, _Mapping]]] = ...) -> None: ...

class SummarizeBreaksRequest(_message.Message):
    __slots__ = ("month",)
    MONTH_FIELD_NUMBER: _ClassVar[int]
    month: str
    def __init__(self, month: _Optional[str] = ...) -> None: ...

class SummarizeBreaksResponse(_message.Message):
    __slots__ = ("blocking_count", "uncompared_dates", "summaries")
    BLOCKING_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNCOMPARED_DATES_FIELD_NUMBER: _ClassVar[int]
    SUMMARIES_FIELD_NUMBER: _ClassVar[int]
    blocking_count: int
    uncompared_dates: _containers.RepeatedCompositeFieldContainer[_date_pb2.Date]
    summaries: _containers.RepeatedCompositeFieldContainer[_break_pb2.BreakSummary]
    def __init__(self, blocking_count: _Optional[int] = ..., uncompared_dates: _Optional[_Iterable[_Union[_date_pb2.Date, _Mapping]]] = ..., summaries: _Optional[_Iterable[_Union[_break_pb2.BreakSummary, _Mapping]]] = ...) -> None: ...
