import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BreakSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAK_SOURCE_UNSPECIFIED: _ClassVar[BreakSource]
    BREAK_SOURCE_LEDGER: _ClassVar[BreakSource]
    BREAK_SOURCE_RECONCILIATION: _ClassVar[BreakSource]

class BreakKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAK_KIND_UNSPECIFIED: _ClassVar[BreakKind]
    BREAK_KIND_MISSING_IN_LEDGER: _ClassVar[BreakKind]
    BREAK_KIND_MISSING_IN_JOURNAL: _ClassVar[BreakKind]
    BREAK_KIND_BOOKED_TWICE: _ClassVar[BreakKind]
    BREAK_KIND_BOOKED_ELSEWHERE: _ClassVar[BreakKind]
    BREAK_KIND_DATED_ELSEWHERE: _ClassVar[BreakKind]
    BREAK_KIND_AMOUNT_DIFFERS: _ClassVar[BreakKind]
    BREAK_KIND_PARTIES_DIFFER: _ClassVar[BreakKind]

class BreakCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAK_CAUSE_UNSPECIFIED: _ClassVar[BreakCause]
    BREAK_CAUSE_EVENT_LOST: _ClassVar[BreakCause]
    BREAK_CAUSE_BOOKING_LOST: _ClassVar[BreakCause]
    BREAK_CAUSE_NEVER_SETTLED: _ClassVar[BreakCause]
    BREAK_CAUSE_JOURNAL_LOST: _ClassVar[BreakCause]
    BREAK_CAUSE_COPIED: _ClassVar[BreakCause]
    BREAK_CAUSE_MULTIPLIED: _ClassVar[BreakCause]
    BREAK_CAUSE_SPLIT_CHANGED: _ClassVar[BreakCause]
    BREAK_CAUSE_AMOUNT_CHANGED: _ClassVar[BreakCause]
    BREAK_CAUSE_PLACE_CHANGED: _ClassVar[BreakCause]
    BREAK_CAUSE_TIME_CHANGED: _ClassVar[BreakCause]
    BREAK_CAUSE_DISPUTED: _ClassVar[BreakCause]

class BreakOwner(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAK_OWNER_UNSPECIFIED: _ClassVar[BreakOwner]
    BREAK_OWNER_HUB: _ClassVar[BreakOwner]
    BREAK_OWNER_INSTITUTION: _ClassVar[BreakOwner]
    BREAK_OWNER_CARE_PROVINCE: _ClassVar[BreakOwner]
    BREAK_OWNER_INSURED_PROVINCE: _ClassVar[BreakOwner]

class BreakState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAK_STATE_UNSPECIFIED: _ClassVar[BreakState]
    BREAK_STATE_OPEN: _ClassVar[BreakState]
    BREAK_STATE_CARRIED: _ClassVar[BreakState]
    BREAK_STATE_RESOLVED: _ClassVar[BreakState]
    BREAK_STATE_RESOLVED_BY_ITSELF: _ClassVar[BreakState]
    BREAK_STATE_REPLACED: _ClassVar[BreakState]

class LedgerDayState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEDGER_DAY_STATE_UNSPECIFIED: _ClassVar[LedgerDayState]
    LEDGER_DAY_STATE_EVEN: _ClassVar[LedgerDayState]
    LEDGER_DAY_STATE_DIFFERENT: _ClassVar[LedgerDayState]
    LEDGER_DAY_STATE_PARTIAL: _ClassVar[LedgerDayState]
BREAK_SOURCE_UNSPECIFIED: BreakSource
BREAK_SOURCE_LEDGER: BreakSource
BREAK_SOURCE_RECONCILIATION: BreakSource
BREAK_KIND_UNSPECIFIED: BreakKind
BREAK_KIND_MISSING_IN_LEDGER: BreakKind
BREAK_KIND_MISSING_IN_JOURNAL: BreakKind
BREAK_KIND_BOOKED_TWICE: BreakKind
BREAK_KIND_BOOKED_ELSEWHERE: BreakKind
BREAK_KIND_DATED_ELSEWHERE: BreakKind
BREAK_KIND_AMOUNT_DIFFERS: BreakKind
BREAK_KIND_PARTIES_DIFFER: BreakKind
BREAK_CAUSE_UNSPECIFIED: BreakCause
BREAK_CAUSE_EVENT_LOST: BreakCause
BREAK_CAUSE_BOOKING_LOST: BreakCause
BREAK_CAUSE_NEVER_SETTLED: BreakCause
BREAK_CAUSE_JOURNAL_LOST: BreakCause
BREAK_CAUSE_COPIED: BreakCause
BREAK_CAUSE_MULTIPLIED: BreakCause
BREAK_CAUSE_SPLIT_CHANGED: BreakCause
BREAK_CAUSE_AMOUNT_CHANGED: BreakCause
BREAK_CAUSE_PLACE_CHANGED: BreakCause
BREAK_CAUSE_TIME_CHANGED: BreakCause
BREAK_CAUSE_DISPUTED: BreakCause
BREAK_OWNER_UNSPECIFIED: BreakOwner
BREAK_OWNER_HUB: BreakOwner
BREAK_OWNER_INSTITUTION: BreakOwner
BREAK_OWNER_CARE_PROVINCE: BreakOwner
BREAK_OWNER_INSURED_PROVINCE: BreakOwner
BREAK_STATE_UNSPECIFIED: BreakState
BREAK_STATE_OPEN: BreakState
BREAK_STATE_CARRIED: BreakState
BREAK_STATE_RESOLVED: BreakState
BREAK_STATE_RESOLVED_BY_ITSELF: BreakState
BREAK_STATE_REPLACED: BreakState
LEDGER_DAY_STATE_UNSPECIFIED: LedgerDayState
LEDGER_DAY_STATE_EVEN: LedgerDayState
LEDGER_DAY_STATE_DIFFERENT: LedgerDayState
LEDGER_DAY_STATE_PARTIAL: LedgerDayState

class Break(_message.Message):
    __slots__ = ("break_id", "source", "journal_date", "month", "settlement_id", "event_kind", "insured_region_code", "care_region_code", "scheme_code", "kind", "cause", "owner", "journal", "ledger", "twin_settlement_id", "explanation_zh", "explanation_en", "state", "find_time", "close_time")
    BREAK_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_DATE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_KIND_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    TWIN_SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FIND_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    break_id: str
    source: BreakSource
    journal_date: _date_pb2.Date
    month: str
    settlement_id: str
    event_kind: str
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    kind: BreakKind
    cause: BreakCause
    owner: BreakOwner
    journal: BreakSide
    ledger: BreakSide
    twin_settlement_id: str
    explanation_zh: str
    explanation_en: str
    state: BreakState
    find_time: _timestamp_pb2.Timestamp
    close_time: _timestamp_pb2.Timestamp
    def __init__(self, break_id: _Optional[str] = ..., source: _Optional[_Union[BreakSource, str]] = ..., journal_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., month: _Optional[str] = ..., settlement_id: _Optional[str] = ..., event_kind: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., kind: _Optional[_Union[BreakKind, str]] = ..., cause: _Optional[_Union[BreakCause, str]] = ..., owner: _Optional[_Union[BreakOwner, str]] = ..., journal: _Optional[_Union[BreakSide, _Mapping]] = ..., ledger: _Optional[_Union[BreakSide, _Mapping]] = ..., twin_settlement_id: _Optional[str] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ..., state: _Optional[_Union[BreakState, str]] = ..., find_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BreakSide(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "scheme_code", "fund_total", "account_pay", "event_time")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    fund_total: _money_pb2.Money
    account_pay: _money_pb2.Money
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BreakChange(_message.Message):
    __slots__ = ("state", "change_time", "month", "note", "maker_id", "checker_id")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    state: BreakState
    change_time: _timestamp_pb2.Timestamp
    month: str
    note: str
    maker_id: str
    checker_id: str
    def __init__(self, state: _Optional[_Union[BreakState, str]] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., month: _Optional[str] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class LedgerDay(_message.Message):
    __slots__ = ("journal_date", "state", "journal_count", "journal_total", "ledger_count", "ledger_total", "break_count", "compare_time", "carry_month")
    JOURNAL_DATE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_TOTAL_FIELD_NUMBER: _ClassVar[int]
    LEDGER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LEDGER_TOTAL_FIELD_NUMBER: _ClassVar[int]
    BREAK_COUNT_FIELD_NUMBER: _ClassVar[int]
    COMPARE_TIME_FIELD_NUMBER: _ClassVar[int]
    CARRY_MONTH_FIELD_NUMBER: _ClassVar[int]
    journal_date: _date_pb2.Date
    state: LedgerDayState
    journal_count: int
    journal_total: _money_pb2.Money
    ledger_count: int
    ledger_total: _money_pb2.Money
    break_count: int
    compare_time: _timestamp_pb2.Timestamp
    carry_month: str
    def __init__(self, journal_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., state: _Optional[_Union[LedgerDayState, str]] = ..., journal_count: _Optional[int] = ..., journal_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., ledger_count: _Optional[int] = ..., ledger_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., break_count: _Optional[int] = ..., compare_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., carry_month: _Optional[str] = ...) -> None: ...

class BreakSummary(_message.Message):
    __slots__ = ("source", "kind", "owner", "day_count", "three_day_count", "week_count", "older_count")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    THREE_DAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    WEEK_COUNT_FIELD_NUMBER: _ClassVar[int]
    OLDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    source: BreakSource
    kind: BreakKind
    owner: BreakOwner
    day_count: int
    three_day_count: int
    week_count: int
    older_count: int
    def __init__(self, source: _Optional[_Union[BreakSource, str]] = ..., kind: _Optional[_Union[BreakKind, str]] = ..., owner: _Optional[_Union[BreakOwner, str]] = ..., day_count: _Optional[int] = ..., three_day_count: _Optional[int] = ..., week_count: _Optional[int] = ..., older_count: _Optional[int] = ...) -> None: ...
