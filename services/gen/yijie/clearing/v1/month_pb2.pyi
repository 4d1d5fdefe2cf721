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

class MonthState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MONTH_STATE_UNSPECIFIED: _ClassVar[MonthState]
    MONTH_STATE_OPEN: _ClassVar[MonthState]
    MONTH_STATE_RECONCILED: _ClassVar[MonthState]
    MONTH_STATE_TABLED: _ClassVar[MonthState]
    MONTH_STATE_SIGNED: _ClassVar[MonthState]
    MONTH_STATE_NOTIFIED: _ClassVar[MonthState]
    MONTH_STATE_PAID: _ClassVar[MonthState]
    MONTH_STATE_CLOSED: _ClassVar[MonthState]

class MonthStepKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MONTH_STEP_KIND_UNSPECIFIED: _ClassVar[MonthStepKind]
    MONTH_STEP_KIND_RECONCILE: _ClassVar[MonthStepKind]
    MONTH_STEP_KIND_TABLES: _ClassVar[MonthStepKind]
    MONTH_STEP_KIND_SIGN: _ClassVar[MonthStepKind]
    MONTH_STEP_KIND_NOTICES: _ClassVar[MonthStepKind]
    MONTH_STEP_KIND_PAYMENT: _ClassVar[MonthStepKind]

class SignatureDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGNATURE_DECISION_UNSPECIFIED: _ClassVar[SignatureDecision]
    SIGNATURE_DECISION_SIGNED: _ClassVar[SignatureDecision]
    SIGNATURE_DECISION_OBJECTED: _ClassVar[SignatureDecision]

class TableFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TABLE_FORMAT_UNSPECIFIED: _ClassVar[TableFormat]
    TABLE_FORMAT_XLSX: _ClassVar[TableFormat]
    TABLE_FORMAT_CSV: _ClassVar[TableFormat]
    TABLE_FORMAT_PDF: _ClassVar[TableFormat]
MONTH_STATE_UNSPECIFIED: MonthState
MONTH_STATE_OPEN: MonthState
MONTH_STATE_RECONCILED: MonthState
MONTH_STATE_TABLED: MonthState
MONTH_STATE_SIGNED: MonthState
MONTH_STATE_NOTIFIED: MonthState
MONTH_STATE_PAID: MonthState
MONTH_STATE_CLOSED: MonthState
MONTH_STEP_KIND_UNSPECIFIED: MonthStepKind
MONTH_STEP_KIND_RECONCILE: MonthStepKind
MONTH_STEP_KIND_TABLES: MonthStepKind
MONTH_STEP_KIND_SIGN: MonthStepKind
MONTH_STEP_KIND_NOTICES: MonthStepKind
MONTH_STEP_KIND_PAYMENT: MonthStepKind
SIGNATURE_DECISION_UNSPECIFIED: SignatureDecision
SIGNATURE_DECISION_SIGNED: SignatureDecision
SIGNATURE_DECISION_OBJECTED: SignatureDecision
TABLE_FORMAT_UNSPECIFIED: TableFormat
TABLE_FORMAT_XLSX: TableFormat
TABLE_FORMAT_CSV: TableFormat
TABLE_FORMAT_PDF: TableFormat

class MonthStep(_message.Message):
    __slots__ = ("kind", "deadline", "provisional", "done_time", "overdue", "awaited_region_codes", "late_region_codes")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    DONE_TIME_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    AWAITED_REGION_CODES_FIELD_NUMBER: _ClassVar[int]
    LATE_REGION_CODES_FIELD_NUMBER: _ClassVar[int]
    kind: MonthStepKind
    deadline: _date_pb2.Date
    provisional: bool
    done_time: _timestamp_pb2.Timestamp
    overdue: bool
    awaited_region_codes: _containers.RepeatedScalarFieldContainer[str]
    late_region_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kind: _Optional[_Union[MonthStepKind, str]] = ..., deadline: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., provisional: _Optional[bool] = ..., done_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overdue: _Optional[bool] = ..., awaited_region_codes: _Optional[_Iterable[str]] = ..., late_region_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class MonthChange(_message.Message):
    __slots__ = ("state", "change_time", "maker_id", "checker_id")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    state: MonthState
    change_time: _timestamp_pb2.Timestamp
    maker_id: str
    checker_id: str
    def __init__(self, state: _Optional[_Union[MonthState, str]] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class ClearingMonth(_message.Message):
    __slots__ = ("month", "state", "cut_time", "table_time", "tables_digest", "payable", "line_count", "late_settlement_count", "late_reversal_count")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CUT_TIME_FIELD_NUMBER: _ClassVar[int]
    TABLE_TIME_FIELD_NUMBER: _ClassVar[int]
    TABLES_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    LATE_SETTLEMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    LATE_REVERSAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    month: str
    state: MonthState
    cut_time: _timestamp_pb2.Timestamp
    table_time: _timestamp_pb2.Timestamp
    tables_digest: bytes
    payable: _money_pb2.Money
    line_count: int
    late_settlement_count: int
    late_reversal_count: int
    def __init__(self, month: _Optional[str] = ..., state: _Optional[_Union[MonthState, str]] = ..., cut_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., table_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tables_digest: _Optional[bytes] = ..., payable: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., line_count: _Optional[int] = ..., late_settlement_count: _Optional[int] = ..., late_reversal_count: _Optional[int] = ...) -> None: ...

class TablePair(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ...) -> None: ...

class TableLine(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "scheme_code", "fund_type_code", "cost", "adjustment", "deduction", "payable", "settlement_count", "reversal_count", "late")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    ADJUSTMENT_FIELD_NUMBER: _ClassVar[int]
    DEDUCTION_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVERSAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    fund_type_code: str
    cost: _money_pb2.Money
    adjustment: _money_pb2.Money
    deduction: _money_pb2.Money
    payable: _money_pb2.Money
    settlement_count: int
    reversal_count: int
    late: _money_pb2.Money
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., fund_type_code: _Optional[str] = ..., cost: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., adjustment: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., deduction: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., payable: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., settlement_count: _Optional[int] = ..., reversal_count: _Optional[int] = ..., late: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class TableSignature(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "region_code", "decision", "note", "maker_id", "checker_id", "sign_time")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_TIME_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    region_code: str
    decision: SignatureDecision
    note: str
    maker_id: str
    checker_id: str
    sign_time: _timestamp_pb2.Timestamp
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., region_code: _Optional[str] = ..., decision: _Optional[_Union[SignatureDecision, str]] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., sign_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class YearMonth(_message.Message):
    __slots__ = ("month", "state", "payable")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    month: str
    state: MonthState
    payable: _money_pb2.Money
    def __init__(self, month: _Optional[str] = ..., state: _Optional[_Union[MonthState, str]] = ..., payable: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class ClearingYear(_message.Message):
    __slots__ = ("year", "months", "payable", "deadline", "provisional", "close_time", "overdue", "maker_id", "checker_id")
    YEAR_FIELD_NUMBER: _ClassVar[int]
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    year: int
    months: _containers.RepeatedCompositeFieldContainer[YearMonth]
    payable: _money_pb2.Money
    deadline: _date_pb2.Date
    provisional: bool
    close_time: _timestamp_pb2.Timestamp
    overdue: bool
    maker_id: str
    checker_id: str
    def __init__(self, year: _Optional[int] = ..., months: _Optional[_Iterable[_Union[YearMonth, _Mapping]]] = ..., payable: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., deadline: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., provisional: _Optional[bool] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overdue: _Optional[bool] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class NettingProvince(_message.Message):
    __slots__ = ("region_code", "payable", "receivable", "net")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    RECEIVABLE_FIELD_NUMBER: _ClassVar[int]
    NET_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    payable: _money_pb2.Money
    receivable: _money_pb2.Money
    net: _money_pb2.Money
    def __init__(self, region_code: _Optional[str] = ..., payable: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., receivable: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., net: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...
