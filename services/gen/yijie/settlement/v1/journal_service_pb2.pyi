import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.settlement.v1 import settlement_service_pb2 as _settlement_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SummarizeJournalRequest(_message.Message):
    __slots__ = ("journal_date",)
    JOURNAL_DATE_FIELD_NUMBER: _ClassVar[int]
    journal_date: _date_pb2.Date
    def __init__(self, journal_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class SummarizeJournalResponse(_message.Message):
    __slots__ = ("totals",)
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    totals: _containers.RepeatedCompositeFieldContainer[JournalTotals]
    def __init__(self, totals: _Optional[_Iterable[_Union[JournalTotals, _Mapping]]] = ...) -> None: ...

class JournalTotals(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "scheme_code", "kind", "event_count", "fund_total", "account_pay", "fingerprint")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    kind: _settlement_service_pb2.EventKind
    event_count: int
    fund_total: _money_pb2.Money
    account_pay: _money_pb2.Money
    fingerprint: int
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., kind: _Optional[_Union[_settlement_service_pb2.EventKind, str]] = ..., event_count: _Optional[int] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fingerprint: _Optional[int] = ...) -> None: ...

class ListJournalAmountsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "journal_date", "insured_region_code", "care_region_code", "settlement_ids")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_DATE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    journal_date: _date_pb2.Date
    insured_region_code: str
    care_region_code: str
    settlement_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., journal_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., settlement_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListJournalAmountsResponse(_message.Message):
    __slots__ = ("amounts", "next_page_token")
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    amounts: _containers.RepeatedCompositeFieldContainer[JournalAmount]
    next_page_token: str
    def __init__(self, amounts: _Optional[_Iterable[_Union[JournalAmount, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class JournalAmount(_message.Message):
    __slots__ = ("settlement_id", "kind", "insured_region_code", "care_region_code", "scheme_code", "fund_total", "account_pay", "event_time")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    kind: _settlement_service_pb2.EventKind
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    fund_total: _money_pb2.Money
    account_pay: _money_pb2.Money
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, settlement_id: _Optional[str] = ..., kind: _Optional[_Union[_settlement_service_pb2.EventKind, str]] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
