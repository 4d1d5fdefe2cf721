import datetime

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

class UsageState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USAGE_STATE_UNSPECIFIED: _ClassVar[UsageState]
    USAGE_STATE_UNFUNDED: _ClassVar[UsageState]
    USAGE_STATE_NORMAL: _ClassVar[UsageState]
    USAGE_STATE_YELLOW: _ClassVar[UsageState]
    USAGE_STATE_RED: _ClassVar[UsageState]
    USAGE_STATE_EXHAUSTED: _ClassVar[UsageState]

class QuotaKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUOTA_KIND_UNSPECIFIED: _ClassVar[QuotaKind]
    QUOTA_KIND_ANNUAL: _ClassVar[QuotaKind]
    QUOTA_KIND_FIRST: _ClassVar[QuotaKind]

class QuotaProposalState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUOTA_PROPOSAL_STATE_UNSPECIFIED: _ClassVar[QuotaProposalState]
    QUOTA_PROPOSAL_STATE_PROPOSED: _ClassVar[QuotaProposalState]
    QUOTA_PROPOSAL_STATE_CONFIRMED: _ClassVar[QuotaProposalState]
    QUOTA_PROPOSAL_STATE_REJECTED: _ClassVar[QuotaProposalState]

class TopUpState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOP_UP_STATE_UNSPECIFIED: _ClassVar[TopUpState]
    TOP_UP_STATE_REQUESTED: _ClassVar[TopUpState]
    TOP_UP_STATE_APPROVED: _ClassVar[TopUpState]
    TOP_UP_STATE_REFUSED: _ClassVar[TopUpState]
    TOP_UP_STATE_PAID: _ClassVar[TopUpState]
    TOP_UP_STATE_CANCELLED: _ClassVar[TopUpState]

class ExhaustedAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXHAUSTED_ACTION_UNSPECIFIED: _ClassVar[ExhaustedAction]
    EXHAUSTED_ACTION_OBSERVE: _ClassVar[ExhaustedAction]
    EXHAUSTED_ACTION_WARN: _ClassVar[ExhaustedAction]
    EXHAUSTED_ACTION_BLOCK: _ClassVar[ExhaustedAction]
USAGE_STATE_UNSPECIFIED: UsageState
USAGE_STATE_UNFUNDED: UsageState
USAGE_STATE_NORMAL: UsageState
USAGE_STATE_YELLOW: UsageState
USAGE_STATE_RED: UsageState
USAGE_STATE_EXHAUSTED: UsageState
QUOTA_KIND_UNSPECIFIED: QuotaKind
QUOTA_KIND_ANNUAL: QuotaKind
QUOTA_KIND_FIRST: QuotaKind
QUOTA_PROPOSAL_STATE_UNSPECIFIED: QuotaProposalState
QUOTA_PROPOSAL_STATE_PROPOSED: QuotaProposalState
QUOTA_PROPOSAL_STATE_CONFIRMED: QuotaProposalState
QUOTA_PROPOSAL_STATE_REJECTED: QuotaProposalState
TOP_UP_STATE_UNSPECIFIED: TopUpState
TOP_UP_STATE_REQUESTED: TopUpState
TOP_UP_STATE_APPROVED: TopUpState
TOP_UP_STATE_REFUSED: TopUpState
TOP_UP_STATE_PAID: TopUpState
TOP_UP_STATE_CANCELLED: TopUpState
EXHAUSTED_ACTION_UNSPECIFIED: ExhaustedAction
EXHAUSTED_ACTION_OBSERVE: ExhaustedAction
EXHAUSTED_ACTION_WARN: ExhaustedAction
EXHAUSTED_ACTION_BLOCK: ExhaustedAction

class Usage(_message.Message):
    __slots__ = ("used", "holding", "rate_bp", "state")
    USED_FIELD_NUMBER: _ClassVar[int]
    HOLDING_FIELD_NUMBER: _ClassVar[int]
    RATE_BP_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    used: _money_pb2.Money
    holding: _money_pb2.Money
    rate_bp: int
    state: UsageState
    def __init__(self, used: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., holding: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., rate_bp: _Optional[int] = ..., state: _Optional[_Union[UsageState, str]] = ...) -> None: ...

class SchemePrepayment(_message.Message):
    __slots__ = ("scheme_code", "quota", "holding", "used")
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    HOLDING_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    scheme_code: str
    quota: _money_pb2.Money
    holding: _money_pb2.Money
    used: _money_pb2.Money
    def __init__(self, scheme_code: _Optional[str] = ..., quota: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., holding: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., used: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class Prepayment(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "month", "usage", "quota", "schemes")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    SCHEMES_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    month: str
    usage: Usage
    quota: _money_pb2.Money
    schemes: _containers.RepeatedCompositeFieldContainer[SchemePrepayment]
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ..., quota: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., schemes: _Optional[_Iterable[_Union[SchemePrepayment, _Mapping]]] = ...) -> None: ...

class QuotaProposal(_message.Message):
    __slots__ = ("proposal_id", "kind", "year", "state", "line_count", "to_pay", "to_return", "maker_id", "checker_id", "note", "create_time", "decide_time", "fix_deadline", "pay_deadline", "overdue")
    PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TO_PAY_FIELD_NUMBER: _ClassVar[int]
    TO_RETURN_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    FIX_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    PAY_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    proposal_id: str
    kind: QuotaKind
    year: int
    state: QuotaProposalState
    line_count: int
    to_pay: _money_pb2.Money
    to_return: _money_pb2.Money
    maker_id: str
    checker_id: str
    note: str
    create_time: _timestamp_pb2.Timestamp
    decide_time: _timestamp_pb2.Timestamp
    fix_deadline: _date_pb2.Date
    pay_deadline: _date_pb2.Date
    overdue: bool
    def __init__(self, proposal_id: _Optional[str] = ..., kind: _Optional[_Union[QuotaKind, str]] = ..., year: _Optional[int] = ..., state: _Optional[_Union[QuotaProposalState, str]] = ..., line_count: _Optional[int] = ..., to_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., to_return: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fix_deadline: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., pay_deadline: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., overdue: _Optional[bool] = ...) -> None: ...

class QuotaLine(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "scheme_code", "months", "in_force", "quota", "change")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    months: _containers.RepeatedCompositeFieldContainer[_money_pb2.Money]
    in_force: _money_pb2.Money
    quota: _money_pb2.Money
    change: _money_pb2.Money
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., months: _Optional[_Iterable[_Union[_money_pb2.Money, _Mapping]]] = ..., in_force: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., quota: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., change: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class TopUp(_message.Message):
    __slots__ = ("top_up_id", "insured_region_code", "care_region_code", "month", "state", "amount", "proposed", "usage", "schemes", "deadline_date", "late", "late_note", "late_officer_id", "maker_id", "checker_id", "note", "notice_id", "create_time", "decide_time")
    TOP_UP_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    SCHEMES_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_DATE_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    LATE_NOTE_FIELD_NUMBER: _ClassVar[int]
    LATE_OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    top_up_id: str
    insured_region_code: str
    care_region_code: str
    month: str
    state: TopUpState
    amount: _money_pb2.Money
    proposed: _money_pb2.Money
    usage: Usage
    schemes: _containers.RepeatedCompositeFieldContainer[SchemeAmount]
    deadline_date: _date_pb2.Date
    late: bool
    late_note: str
    late_officer_id: str
    maker_id: str
    checker_id: str
    note: str
    notice_id: str
    create_time: _timestamp_pb2.Timestamp
    decide_time: _timestamp_pb2.Timestamp
    def __init__(self, top_up_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., state: _Optional[_Union[TopUpState, str]] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., proposed: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ..., schemes: _Optional[_Iterable[_Union[SchemeAmount, _Mapping]]] = ..., deadline_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., late: _Optional[bool] = ..., late_note: _Optional[str] = ..., late_officer_id: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ..., notice_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SchemeAmount(_message.Message):
    __slots__ = ("scheme_code", "amount")
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    scheme_code: str
    amount: _money_pb2.Money
    def __init__(self, scheme_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class ExhaustedPolicy(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "action", "without_holding", "begin_date", "note", "maker_id", "checker_id", "create_time")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_HOLDING_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    action: ExhaustedAction
    without_holding: bool
    begin_date: _date_pb2.Date
    note: str
    maker_id: str
    checker_id: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., action: _Optional[_Union[ExhaustedAction, str]] = ..., without_holding: _Optional[bool] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SettlementLimit(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "action", "state")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    action: ExhaustedAction
    state: UsageState
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., action: _Optional[_Union[ExhaustedAction, str]] = ..., state: _Optional[_Union[UsageState, str]] = ...) -> None: ...

class Crossing(_message.Message):
    __slots__ = ("rate_bp", "target", "reached", "likely_date", "earliest_date", "latest_date")
    RATE_BP_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    REACHED_FIELD_NUMBER: _ClassVar[int]
    LIKELY_DATE_FIELD_NUMBER: _ClassVar[int]
    EARLIEST_DATE_FIELD_NUMBER: _ClassVar[int]
    LATEST_DATE_FIELD_NUMBER: _ClassVar[int]
    rate_bp: int
    target: _money_pb2.Money
    reached: bool
    likely_date: _date_pb2.Date
    earliest_date: _date_pb2.Date
    latest_date: _date_pb2.Date
    def __init__(self, rate_bp: _Optional[int] = ..., target: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reached: _Optional[bool] = ..., likely_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., earliest_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., latest_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class Forecast(_message.Message):
    __slots__ = ("month", "usage", "crossings", "likely_end", "low_end", "high_end", "interval_percent", "history_day_count", "sufficient", "method_zh", "method_en")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    CROSSINGS_FIELD_NUMBER: _ClassVar[int]
    LIKELY_END_FIELD_NUMBER: _ClassVar[int]
    LOW_END_FIELD_NUMBER: _ClassVar[int]
    HIGH_END_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_PERCENT_FIELD_NUMBER: _ClassVar[int]
    HISTORY_DAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUFFICIENT_FIELD_NUMBER: _ClassVar[int]
    METHOD_ZH_FIELD_NUMBER: _ClassVar[int]
    METHOD_EN_FIELD_NUMBER: _ClassVar[int]
    month: str
    usage: Usage
    crossings: _containers.RepeatedCompositeFieldContainer[Crossing]
    likely_end: _money_pb2.Money
    low_end: _money_pb2.Money
    high_end: _money_pb2.Money
    interval_percent: int
    history_day_count: int
    sufficient: bool
    method_zh: str
    method_en: str
    def __init__(self, month: _Optional[str] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ..., crossings: _Optional[_Iterable[_Union[Crossing, _Mapping]]] = ..., likely_end: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., low_end: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., high_end: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., interval_percent: _Optional[int] = ..., history_day_count: _Optional[int] = ..., sufficient: _Optional[bool] = ..., method_zh: _Optional[str] = ..., method_en: _Optional[str] = ...) -> None: ...

class PrepaymentEvent(_message.Message):
    __slots__ = ("event_time", "event_id", "insured_region_code", "care_region_code", "month", "previous_state", "usage")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_STATE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    event_id: int
    insured_region_code: str
    care_region_code: str
    month: str
    previous_state: UsageState
    usage: Usage
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_id: _Optional[int] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., previous_state: _Optional[_Union[UsageState, str]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...
