import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Party(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PARTY_UNSPECIFIED: _ClassVar[Party]
    PARTY_HUB: _ClassVar[Party]
    PARTY_INSTITUTION: _ClassVar[Party]
    PARTY_CARE_PROVINCE: _ClassVar[Party]
    PARTY_INSURED_PROVINCE: _ClassVar[Party]

class RecordState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_STATE_UNSPECIFIED: _ClassVar[RecordState]
    RECORD_STATE_STANDING: _ClassVar[RecordState]
    RECORD_STATE_REVERSED: _ClassVar[RecordState]

class StatementState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATEMENT_STATE_UNSPECIFIED: _ClassVar[StatementState]
    STATEMENT_STATE_EVEN: _ClassVar[StatementState]
    STATEMENT_STATE_DIFFERENT: _ClassVar[StatementState]
    STATEMENT_STATE_COMPARED: _ClassVar[StatementState]
    STATEMENT_STATE_REPLACED: _ClassVar[StatementState]

class LegStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEG_STATUS_UNSPECIFIED: _ClassVar[LegStatus]
    LEG_STATUS_HELD: _ClassVar[LegStatus]
    LEG_STATUS_MISSING: _ClassVar[LegStatus]
    LEG_STATUS_NOT_COMPARED: _ClassVar[LegStatus]

class DifferenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIFFERENCE_KIND_UNSPECIFIED: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_MISSING_HERE: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_MISSING_THERE: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_AMOUNT_DIFFERS: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_REVERSED_ON_ONE_SIDE: _ClassVar[DifferenceKind]

class DifferenceCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIFFERENCE_CAUSE_UNSPECIFIED: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_PENDING_HERE: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_FAILED_HERE: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_NEVER_ARRIVED: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_OF_ANOTHER_PARTY: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_REPLY_LOST: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_DOUBLE_SUBMIT: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_BOOKING_LOST: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_REVERSED_HERE_ONLY: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_REVERSED_THERE_ONLY: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_AMOUNT_CHANGED: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_BOOKED_ELSEWHERE: _ClassVar[DifferenceCause]
    DIFFERENCE_CAUSE_RECORDED_TWICE: _ClassVar[DifferenceCause]

class DifferenceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIFFERENCE_STATE_UNSPECIFIED: _ClassVar[DifferenceState]
    DIFFERENCE_STATE_OPEN: _ClassVar[DifferenceState]
    DIFFERENCE_STATE_RESOLVED: _ClassVar[DifferenceState]
    DIFFERENCE_STATE_RESOLVED_BY_ITSELF: _ClassVar[DifferenceState]
    DIFFERENCE_STATE_REPLACED: _ClassVar[DifferenceState]
PARTY_UNSPECIFIED: Party
PARTY_HUB: Party
PARTY_INSTITUTION: Party
PARTY_CARE_PROVINCE: Party
PARTY_INSURED_PROVINCE: Party
RECORD_STATE_UNSPECIFIED: RecordState
RECORD_STATE_STANDING: RecordState
RECORD_STATE_REVERSED: RecordState
STATEMENT_STATE_UNSPECIFIED: StatementState
STATEMENT_STATE_EVEN: StatementState
STATEMENT_STATE_DIFFERENT: StatementState
STATEMENT_STATE_COMPARED: StatementState
STATEMENT_STATE_REPLACED: StatementState
LEG_STATUS_UNSPECIFIED: LegStatus
LEG_STATUS_HELD: LegStatus
LEG_STATUS_MISSING: LegStatus
LEG_STATUS_NOT_COMPARED: LegStatus
DIFFERENCE_KIND_UNSPECIFIED: DifferenceKind
DIFFERENCE_KIND_MISSING_HERE: DifferenceKind
DIFFERENCE_KIND_MISSING_THERE: DifferenceKind
DIFFERENCE_KIND_AMOUNT_DIFFERS: DifferenceKind
DIFFERENCE_KIND_REVERSED_ON_ONE_SIDE: DifferenceKind
DIFFERENCE_CAUSE_UNSPECIFIED: DifferenceCause
DIFFERENCE_CAUSE_PENDING_HERE: DifferenceCause
DIFFERENCE_CAUSE_FAILED_HERE: DifferenceCause
DIFFERENCE_CAUSE_NEVER_ARRIVED: DifferenceCause
DIFFERENCE_CAUSE_OF_ANOTHER_PARTY: DifferenceCause
DIFFERENCE_CAUSE_REPLY_LOST: DifferenceCause
DIFFERENCE_CAUSE_DOUBLE_SUBMIT: DifferenceCause
DIFFERENCE_CAUSE_BOOKING_LOST: DifferenceCause
DIFFERENCE_CAUSE_REVERSED_HERE_ONLY: DifferenceCause
DIFFERENCE_CAUSE_REVERSED_THERE_ONLY: DifferenceCause
DIFFERENCE_CAUSE_AMOUNT_CHANGED: DifferenceCause
DIFFERENCE_CAUSE_BOOKED_ELSEWHERE: DifferenceCause
DIFFERENCE_CAUSE_RECORDED_TWICE: DifferenceCause
DIFFERENCE_STATE_UNSPECIFIED: DifferenceState
DIFFERENCE_STATE_OPEN: DifferenceState
DIFFERENCE_STATE_RESOLVED: DifferenceState
DIFFERENCE_STATE_RESOLVED_BY_ITSELF: DifferenceState
DIFFERENCE_STATE_REPLACED: DifferenceState

class StatementSums(_message.Message):
    __slots__ = ("settlement_count", "total", "fund_total", "account_pay", "cash_pay")
    SETTLEMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    CASH_PAY_FIELD_NUMBER: _ClassVar[int]
    settlement_count: int
    total: _money_pb2.Money
    fund_total: _money_pb2.Money
    account_pay: _money_pb2.Money
    cash_pay: _money_pb2.Money
    def __init__(self, settlement_count: _Optional[int] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cash_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class StatementTotals(_message.Message):
    __slots__ = ("insured_region_code", "scheme_code", "settled", "reversed")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    REVERSED_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    scheme_code: str
    settled: StatementSums
    reversed: StatementSums
    def __init__(self, insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., settled: _Optional[_Union[StatementSums, _Mapping]] = ..., reversed: _Optional[_Union[StatementSums, _Mapping]] = ...) -> None: ...

class TotalsDifference(_message.Message):
    __slots__ = ("insured_region_code", "scheme_code", "stated", "hub")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    STATED_FIELD_NUMBER: _ClassVar[int]
    HUB_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    scheme_code: str
    stated: StatementTotals
    hub: StatementTotals
    def __init__(self, insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., stated: _Optional[_Union[StatementTotals, _Mapping]] = ..., hub: _Optional[_Union[StatementTotals, _Mapping]] = ...) -> None: ...

class StatementRecord(_message.Message):
    __slots__ = ("settlement_id", "request_id", "institution_code", "insured_region_code", "scheme_code", "state", "total", "fund_total", "account_pay", "cash_pay")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    CASH_PAY_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    request_id: str
    institution_code: str
    insured_region_code: str
    scheme_code: str
    state: RecordState
    total: _money_pb2.Money
    fund_total: _money_pb2.Money
    account_pay: _money_pb2.Money
    cash_pay: _money_pb2.Money
    def __init__(self, settlement_id: _Optional[str] = ..., request_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., state: _Optional[_Union[RecordState, str]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cash_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class Difference(_message.Message):
    __slots__ = ("difference_id", "business_date", "settlement_id", "request_id", "institution_code", "care_region_code", "insured_region_code", "scheme_code", "kind", "cause", "missing_parties", "legs", "twin_settlement_id", "explanation_zh", "explanation_en", "state", "find_time", "close_time", "note", "operator_code")
    DIFFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    MISSING_PARTIES_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    TWIN_SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FIND_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_CODE_FIELD_NUMBER: _ClassVar[int]
    difference_id: str
    business_date: _date_pb2.Date
    settlement_id: str
    request_id: str
    institution_code: str
    care_region_code: str
    insured_region_code: str
    scheme_code: str
    kind: DifferenceKind
    cause: DifferenceCause
    missing_parties: _containers.RepeatedScalarFieldContainer[Party]
    legs: _containers.RepeatedCompositeFieldContainer[DifferenceLeg]
    twin_settlement_id: str
    explanation_zh: str
    explanation_en: str
    state: DifferenceState
    find_time: _timestamp_pb2.Timestamp
    close_time: _timestamp_pb2.Timestamp
    note: str
    operator_code: str
    def __init__(self, difference_id: _Optional[str] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., settlement_id: _Optional[str] = ..., request_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., kind: _Optional[_Union[DifferenceKind, str]] = ..., cause: _Optional[_Union[DifferenceCause, str]] = ..., missing_parties: _Optional[_Iterable[_Union[Party, str]]] = ..., legs: _Optional[_Iterable[_Union[DifferenceLeg, _Mapping]]] = ..., twin_settlement_id: _Optional[str] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ..., state: _Optional[_Union[DifferenceState, str]] = ..., find_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., note: _Optional[str] = ..., operator_code: _Optional[str] = ...) -> None: ...

class DifferenceLeg(_message.Message):
    __slots__ = ("party", "party_code", "status", "state", "total", "fund_total", "account_pay", "cash_pay")
    PARTY_FIELD_NUMBER: _ClassVar[int]
    PARTY_CODE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    CASH_PAY_FIELD_NUMBER: _ClassVar[int]
    party: Party
    party_code: str
    status: LegStatus
    state: RecordState
    total: _money_pb2.Money
    fund_total: _money_pb2.Money
    account_pay: _money_pb2.Money
    cash_pay: _money_pb2.Money
    def __init__(self, party: _Optional[_Union[Party, str]] = ..., party_code: _Optional[str] = ..., status: _Optional[_Union[LegStatus, str]] = ..., state: _Optional[_Union[RecordState, str]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cash_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class LegResult(_message.Message):
    __slots__ = ("party", "party_code", "business_date", "state", "hub_count", "party_count", "difference_count", "compare_time")
    PARTY_FIELD_NUMBER: _ClassVar[int]
    PARTY_CODE_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    HUB_COUNT_FIELD_NUMBER: _ClassVar[int]
    PARTY_COUNT_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    COMPARE_TIME_FIELD_NUMBER: _ClassVar[int]
    party: Party
    party_code: str
    business_date: _date_pb2.Date
    state: StatementState
    hub_count: int
    party_count: int
    difference_count: int
    compare_time: _timestamp_pb2.Timestamp
    def __init__(self, party: _Optional[_Union[Party, str]] = ..., party_code: _Optional[str] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., state: _Optional[_Union[StatementState, str]] = ..., hub_count: _Optional[int] = ..., party_count: _Optional[int] = ..., difference_count: _Optional[int] = ..., compare_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
