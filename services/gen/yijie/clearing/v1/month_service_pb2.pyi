import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from yijie.clearing.v1 import ledger_pb2 as _ledger_pb2
from yijie.clearing.v1 import month_pb2 as _month_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListMonthsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "year", "state")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    year: int
    state: _month_pb2.MonthState
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., year: _Optional[int] = ..., state: _Optional[_Union[_month_pb2.MonthState, str]] = ...) -> None: ...

class ListMonthsResponse(_message.Message):
    __slots__ = ("months", "next_page_token")
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    months: _containers.RepeatedCompositeFieldContainer[_month_pb2.ClearingMonth]
    next_page_token: str
    def __init__(self, months: _Optional[_Iterable[_Union[_month_pb2.ClearingMonth, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetMonthRequest(_message.Message):
    __slots__ = ("month",)
    MONTH_FIELD_NUMBER: _ClassVar[int]
    month: str
    def __init__(self, month: _Optional[str] = ...) -> None: ...

class GetMonthResponse(_message.Message):
    __slots__ = ("month", "steps", "changes", "open_break_count", "provisional", "objected_pairs")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    OPEN_BREAK_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    OBJECTED_PAIRS_FIELD_NUMBER: _ClassVar[int]
    month: _month_pb2.ClearingMonth
    steps: _containers.RepeatedCompositeFieldContainer[_month_pb2.MonthStep]
    changes: _containers.RepeatedCompositeFieldContainer[_month_pb2.MonthChange]
    open_break_count: int
    provisional: bool
    objected_pairs: _containers.RepeatedCompositeFieldContainer[_month_pb2.TablePair]
    def __init__(self, month: _Optional[_Union[_month_pb2.ClearingMonth, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[_month_pb2.MonthStep, _Mapping]]] = ..., changes: _Optional[_Iterable[_Union[_month_pb2.MonthChange, _Mapping]]] = ..., open_break_count: _Optional[int] = ..., provisional: _Optional[bool] = ..., objected_pairs: _Optional[_Iterable[_Union[_month_pb2.TablePair, _Mapping]]] = ...) -> None: ...

class ConfirmMonthRequest(_message.Message):
    __slots__ = ("request_id", "month", "care_region_code", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    month: str
    care_region_code: str
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., month: _Optional[str] = ..., care_region_code: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class ConfirmMonthResponse(_message.Message):
    __slots__ = ("month", "confirm_time", "awaited_region_codes")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_TIME_FIELD_NUMBER: _ClassVar[int]
    AWAITED_REGION_CODES_FIELD_NUMBER: _ClassVar[int]
    month: _month_pb2.ClearingMonth
    confirm_time: _timestamp_pb2.Timestamp
    awaited_region_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, month: _Optional[_Union[_month_pb2.ClearingMonth, _Mapping]] = ..., confirm_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., awaited_region_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class MakeTablesRequest(_message.Message):
    __slots__ = ("request_id", "month", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    month: str
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., month: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class MakeTablesResponse(_message.Message):
    __slots__ = ("month",)
    MONTH_FIELD_NUMBER: _ClassVar[int]
    month: _month_pb2.ClearingMonth
    def __init__(self, month: _Optional[_Union[_month_pb2.ClearingMonth, _Mapping]] = ...) -> None: ...

class ListTableLinesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "month", "region_code", "side")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    month: str
    region_code: str
    side: _ledger_pb2.AccountSide
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., month: _Optional[str] = ..., region_code: _Optional[str] = ..., side: _Optional[_Union[_ledger_pb2.AccountSide, str]] = ...) -> None: ...

class ListTableLinesResponse(_message.Message):
    __slots__ = ("lines", "next_page_token")
    LINES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[_month_pb2.TableLine]
    next_page_token: str
    def __init__(self, lines: _Optional[_Iterable[_Union[_month_pb2.TableLine, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SignTablesRequest(_message.Message):
    __slots__ = ("request_id", "month", "region_code", "pairs", "decision", "note", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    month: str
    region_code: str
    pairs: _containers.RepeatedCompositeFieldContainer[_month_pb2.TablePair]
    decision: _month_pb2.SignatureDecision
    note: str
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., month: _Optional[str] = ..., region_code: _Optional[str] = ..., pairs: _Optional[_Iterable[_Union[_month_pb2.TablePair, _Mapping]]] = ..., decision: _Optional[_Union[_month_pb2.SignatureDecision, str]] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class SignTablesResponse(_message.Message):
    __slots__ = ("month", "pair_count", "awaited_region_codes")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    AWAITED_REGION_CODES_FIELD_NUMBER: _ClassVar[int]
    month: _month_pb2.ClearingMonth
    pair_count: int
    awaited_region_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, month: _Optional[_Union[_month_pb2.ClearingMonth, _Mapping]] = ..., pair_count: _Optional[int] = ..., awaited_region_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class ListSignaturesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "month", "region_code", "decision")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    month: str
    region_code: str
    decision: _month_pb2.SignatureDecision
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., month: _Optional[str] = ..., region_code: _Optional[str] = ..., decision: _Optional[_Union[_month_pb2.SignatureDecision, str]] = ...) -> None: ...

class ListSignaturesResponse(_message.Message):
    __slots__ = ("signatures", "next_page_token")
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    signatures: _containers.RepeatedCompositeFieldContainer[_month_pb2.TableSignature]
    next_page_token: str
    def __init__(self, signatures: _Optional[_Iterable[_Union[_month_pb2.TableSignature, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CloseMonthRequest(_message.Message):
    __slots__ = ("request_id", "month", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    month: str
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., month: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class CloseMonthResponse(_message.Message):
    __slots__ = ("month",)
    MONTH_FIELD_NUMBER: _ClassVar[int]
    month: _month_pb2.ClearingMonth
    def __init__(self, month: _Optional[_Union[_month_pb2.ClearingMonth, _Mapping]] = ...) -> None: ...

class CloseYearRequest(_message.Message):
    __slots__ = ("request_id", "year", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    year: int
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., year: _Optional[int] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class CloseYearResponse(_message.Message):
    __slots__ = ("year",)
    YEAR_FIELD_NUMBER: _ClassVar[int]
    year: _month_pb2.ClearingYear
    def __init__(self, year: _Optional[_Union[_month_pb2.ClearingYear, _Mapping]] = ...) -> None: ...

class GetYearRequest(_message.Message):
    __slots__ = ("year",)
    YEAR_FIELD_NUMBER: _ClassVar[int]
    year: int
    def __init__(self, year: _Optional[int] = ...) -> None: ...

class GetYearResponse(_message.Message):
    __slots__ = ("year",)
    YEAR_FIELD_NUMBER: _ClassVar[int]
    year: _month_pb2.ClearingYear
    def __init__(self, year: _Optional[_Union[_month_pb2.ClearingYear, _Mapping]] = ...) -> None: ...

class WhatIfNettingRequest(_message.Message):
    __slots__ = ("month",)
    MONTH_FIELD_NUMBER: _ClassVar[int]
    month: str
    def __init__(self, month: _Optional[str] = ...) -> None: ...

class WhatIfNettingResponse(_message.Message):
    __slots__ = ("disclaimer_zh", "disclaimer_en", "provinces", "gross", "bilateral", "multilateral", "saved")
    DISCLAIMER_ZH_FIELD_NUMBER: _ClassVar[int]
    DISCLAIMER_EN_FIELD_NUMBER: _ClassVar[int]
    PROVINCES_FIELD_NUMBER: _ClassVar[int]
    GROSS_FIELD_NUMBER: _ClassVar[int]
    BILATERAL_FIELD_NUMBER: _ClassVar[int]
    MULTILATERAL_FIELD_NUMBER: _ClassVar[int]
    SAVED_FIELD_NUMBER: _ClassVar[int]
    disclaimer_zh: str
    disclaimer_en: str
    provinces: _containers.RepeatedCompositeFieldContainer[_month_pb2.NettingProvince]
    gross: _money_pb2.Money
    bilateral: _money_pb2.Money
    multilateral: _money_pb2.Money
    saved: _money_pb2.Money
    def __init__(self, disclaimer_zh: _Optional[str] = ..., disclaimer_en: _Optional[str] = ..., provinces: _Optional[_Iterable[_Union[_month_pb2.NettingProvince, _Mapping]]] = ..., gross: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., bilateral: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., multilateral: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., saved: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class DownloadTablesRequest(_message.Message):
    __slots__ = ("month", "region_code", "format")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    month: str
    region_code: str
    format: _month_pb2.TableFormat
    def __init__(self, month: _Optional[str] = ..., region_code: _Optional[str] = ..., format: _Optional[_Union[_month_pb2.TableFormat, str]] = ...) -> None: ...

class DownloadTablesResponse(_message.Message):
    __slots__ = ("content", "file_name", "digest")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    file_name: str
    digest: bytes
    def __init__(self, content: _Optional[bytes] = ..., file_name: _Optional[str] = ..., digest: _Optional[bytes] = ...) -> None: ...
