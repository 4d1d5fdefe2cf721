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

class DeductionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEDUCTION_STATE_UNSPECIFIED: _ClassVar[DeductionState]
    DEDUCTION_STATE_PENDING: _ClassVar[DeductionState]
    DEDUCTION_STATE_APPEALED: _ClassVar[DeductionState]
    DEDUCTION_STATE_UPHELD: _ClassVar[DeductionState]
    DEDUCTION_STATE_WITHDRAWN: _ClassVar[DeductionState]
    DEDUCTION_STATE_LAPSED: _ClassVar[DeductionState]
    DEDUCTION_STATE_RETURNED: _ClassVar[DeductionState]

class AppealDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPEAL_DECISION_UNSPECIFIED: _ClassVar[AppealDecision]
    APPEAL_DECISION_UPHELD: _ClassVar[AppealDecision]
    APPEAL_DECISION_WITHDRAWN: _ClassVar[AppealDecision]

class InquiryState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INQUIRY_STATE_UNSPECIFIED: _ClassVar[InquiryState]
    INQUIRY_STATE_OPEN: _ClassVar[InquiryState]
    INQUIRY_STATE_CONFIRMED: _ClassVar[InquiryState]
    INQUIRY_STATE_IRREGULAR: _ClassVar[InquiryState]
    INQUIRY_STATE_LAPSED: _ClassVar[InquiryState]

class InquiryResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INQUIRY_RESULT_UNSPECIFIED: _ClassVar[InquiryResult]
    INQUIRY_RESULT_CONFIRMED: _ClassVar[InquiryResult]
    INQUIRY_RESULT_IRREGULAR: _ClassVar[InquiryResult]
DEDUCTION_STATE_UNSPECIFIED: DeductionState
DEDUCTION_STATE_PENDING: DeductionState
DEDUCTION_STATE_APPEALED: DeductionState
DEDUCTION_STATE_UPHELD: DeductionState
DEDUCTION_STATE_WITHDRAWN: DeductionState
DEDUCTION_STATE_LAPSED: DeductionState
DEDUCTION_STATE_RETURNED: DeductionState
APPEAL_DECISION_UNSPECIFIED: AppealDecision
APPEAL_DECISION_UPHELD: AppealDecision
APPEAL_DECISION_WITHDRAWN: AppealDecision
INQUIRY_STATE_UNSPECIFIED: InquiryState
INQUIRY_STATE_OPEN: InquiryState
INQUIRY_STATE_CONFIRMED: InquiryState
INQUIRY_STATE_IRREGULAR: InquiryState
INQUIRY_STATE_LAPSED: InquiryState
INQUIRY_RESULT_UNSPECIFIED: InquiryResult
INQUIRY_RESULT_CONFIRMED: InquiryResult
INQUIRY_RESULT_IRREGULAR: InquiryResult

class DeductionFund(_message.Message):
    __slots__ = ("fund_type_code", "amount")
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    fund_type_code: str
    amount: _money_pb2.Money
    def __init__(self, fund_type_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class DeductionChange(_message.Message):
    __slots__ = ("state", "change_time", "region_code", "maker_id", "checker_id", "note")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    state: DeductionState
    change_time: _timestamp_pb2.Timestamp
    region_code: str
    maker_id: str
    checker_id: str
    note: str
    def __init__(self, state: _Optional[_Union[DeductionState, str]] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., region_code: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class Deduction(_message.Message):
    __slots__ = ("deduction_id", "decision_id", "inquiry_id", "settlement_id", "insured_region_code", "care_region_code", "scheme_code", "amount", "funds", "state", "appeal_last_date", "month", "source_id", "return_month", "return_source_id", "record_time", "changes")
    DEDUCTION_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    INQUIRY_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FUNDS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    APPEAL_LAST_DATE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    RETURN_MONTH_FIELD_NUMBER: _ClassVar[int]
    RETURN_SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    deduction_id: str
    decision_id: str
    inquiry_id: str
    settlement_id: str
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    amount: _money_pb2.Money
    funds: _containers.RepeatedCompositeFieldContainer[DeductionFund]
    state: DeductionState
    appeal_last_date: _date_pb2.Date
    month: str
    source_id: str
    return_month: str
    return_source_id: str
    record_time: _timestamp_pb2.Timestamp
    changes: _containers.RepeatedCompositeFieldContainer[DeductionChange]
    def __init__(self, deduction_id: _Optional[str] = ..., decision_id: _Optional[str] = ..., inquiry_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., funds: _Optional[_Iterable[_Union[DeductionFund, _Mapping]]] = ..., state: _Optional[_Union[DeductionState, str]] = ..., appeal_last_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., month: _Optional[str] = ..., source_id: _Optional[str] = ..., return_month: _Optional[str] = ..., return_source_id: _Optional[str] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changes: _Optional[_Iterable[_Union[DeductionChange, _Mapping]]] = ...) -> None: ...

class Inquiry(_message.Message):
    __slots__ = ("inquiry_id", "settlement_id", "insured_region_code", "care_region_code", "institution_code", "total", "state", "question", "opener_id", "open_time", "answer_last_date", "overdue", "answer", "maker_id", "checker_id", "close_time", "late", "deduction_id")
    INQUIRY_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    OPENER_ID_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    ANSWER_LAST_DATE_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    DEDUCTION_ID_FIELD_NUMBER: _ClassVar[int]
    inquiry_id: str
    settlement_id: str
    insured_region_code: str
    care_region_code: str
    institution_code: str
    total: _money_pb2.Money
    state: InquiryState
    question: str
    opener_id: str
    open_time: _timestamp_pb2.Timestamp
    answer_last_date: _date_pb2.Date
    overdue: bool
    answer: str
    maker_id: str
    checker_id: str
    close_time: _timestamp_pb2.Timestamp
    late: bool
    deduction_id: str
    def __init__(self, inquiry_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., state: _Optional[_Union[InquiryState, str]] = ..., question: _Optional[str] = ..., opener_id: _Optional[str] = ..., open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answer_last_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., overdue: _Optional[bool] = ..., answer: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., late: _Optional[bool] = ..., deduction_id: _Optional[str] = ...) -> None: ...

class Adjustment(_message.Message):
    __slots__ = ("settlement_id", "insured_region_code", "care_region_code", "scheme_code", "original_month", "booked_month", "amount", "reverse_time")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_MONTH_FIELD_NUMBER: _ClassVar[int]
    BOOKED_MONTH_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REVERSE_TIME_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    original_month: str
    booked_month: str
    amount: _money_pb2.Money
    reverse_time: _timestamp_pb2.Timestamp
    def __init__(self, settlement_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., original_month: _Optional[str] = ..., booked_month: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reverse_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
