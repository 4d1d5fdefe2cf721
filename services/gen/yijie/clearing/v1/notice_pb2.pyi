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

class NoticeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_KIND_UNSPECIFIED: _ClassVar[NoticeKind]
    NOTICE_KIND_CLEARING: _ClassVar[NoticeKind]
    NOTICE_KIND_PREPAYMENT_ADJUSTMENT: _ClassVar[NoticeKind]
    NOTICE_KIND_EMERGENCY_TOP_UP: _ClassVar[NoticeKind]

class NoticeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_STATE_UNSPECIFIED: _ClassVar[NoticeState]
    NOTICE_STATE_DRAFT: _ClassVar[NoticeState]
    NOTICE_STATE_ISSUED: _ClassVar[NoticeState]
    NOTICE_STATE_PART_PAID: _ClassVar[NoticeState]
    NOTICE_STATE_PAID: _ClassVar[NoticeState]
    NOTICE_STATE_REJECTED: _ClassVar[NoticeState]

class NoticeStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_STEP_UNSPECIFIED: _ClassVar[NoticeStep]
    NOTICE_STEP_SUBMITTED: _ClassVar[NoticeStep]
    NOTICE_STEP_TRANSFERRED: _ClassVar[NoticeStep]
    NOTICE_STEP_RETURNED: _ClassVar[NoticeStep]
    NOTICE_STEP_CONFIRMED: _ClassVar[NoticeStep]
    NOTICE_STEP_RECEIVED: _ClassVar[NoticeStep]

class NoticeDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_DECISION_UNSPECIFIED: _ClassVar[NoticeDecision]
    NOTICE_DECISION_APPROVED: _ClassVar[NoticeDecision]
    NOTICE_DECISION_REJECTED: _ClassVar[NoticeDecision]

class OutstandingCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTSTANDING_CAUSE_UNSPECIFIED: _ClassVar[OutstandingCause]
    OUTSTANDING_CAUSE_NOT_PAID: _ClassVar[OutstandingCause]
    OUTSTANDING_CAUSE_PART_PAID: _ClassVar[OutstandingCause]
    OUTSTANDING_CAUSE_BANK_FEE: _ClassVar[OutstandingCause]

class BusinessType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUSINESS_TYPE_UNSPECIFIED: _ClassVar[BusinessType]
    BUSINESS_TYPE_CLEARING: _ClassVar[BusinessType]
    BUSINESS_TYPE_PREPAYMENT: _ClassVar[BusinessType]
    BUSINESS_TYPE_INTEREST: _ClassVar[BusinessType]
    BUSINESS_TYPE_BANK_FEE: _ClassVar[BusinessType]

class BankLineOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BANK_LINE_OUTCOME_UNSPECIFIED: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_MATCHED: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_PARTIAL: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_OVERPAID: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_ALREADY_PAID: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_UNKNOWN_NOTICE: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_OTHER_PARTIES: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_OTHER_BUSINESS_TYPE: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_DUPLICATE: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_INTEREST: _ClassVar[BankLineOutcome]
    BANK_LINE_OUTCOME_BANK_FEE: _ClassVar[BankLineOutcome]

class BankLineState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BANK_LINE_STATE_UNSPECIFIED: _ClassVar[BankLineState]
    BANK_LINE_STATE_MATCHED: _ClassVar[BankLineState]
    BANK_LINE_STATE_RECORDED: _ClassVar[BankLineState]
    BANK_LINE_STATE_SUSPENDED: _ClassVar[BankLineState]
    BANK_LINE_STATE_PROPOSED: _ClassVar[BankLineState]
    BANK_LINE_STATE_RESOLVED: _ClassVar[BankLineState]

class BankResolutionDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BANK_RESOLUTION_DECISION_UNSPECIFIED: _ClassVar[BankResolutionDecision]
    BANK_RESOLUTION_DECISION_ALLOCATED: _ClassVar[BankResolutionDecision]
    BANK_RESOLUTION_DECISION_RETURNED: _ClassVar[BankResolutionDecision]

class BankResolutionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BANK_RESOLUTION_STATUS_UNSPECIFIED: _ClassVar[BankResolutionStatus]
    BANK_RESOLUTION_STATUS_PENDING: _ClassVar[BankResolutionStatus]
    BANK_RESOLUTION_STATUS_POSTED: _ClassVar[BankResolutionStatus]
    BANK_RESOLUTION_STATUS_VOIDED: _ClassVar[BankResolutionStatus]
NOTICE_KIND_UNSPECIFIED: NoticeKind
NOTICE_KIND_CLEARING: NoticeKind
NOTICE_KIND_PREPAYMENT_ADJUSTMENT: NoticeKind
NOTICE_KIND_EMERGENCY_TOP_UP: NoticeKind
NOTICE_STATE_UNSPECIFIED: NoticeState
NOTICE_STATE_DRAFT: NoticeState
NOTICE_STATE_ISSUED: NoticeState
NOTICE_STATE_PART_PAID: NoticeState
NOTICE_STATE_PAID: NoticeState
NOTICE_STATE_REJECTED: NoticeState
NOTICE_STEP_UNSPECIFIED: NoticeStep
NOTICE_STEP_SUBMITTED: NoticeStep
NOTICE_STEP_TRANSFERRED: NoticeStep
NOTICE_STEP_RETURNED: NoticeStep
NOTICE_STEP_CONFIRMED: NoticeStep
NOTICE_STEP_RECEIVED: NoticeStep
NOTICE_DECISION_UNSPECIFIED: NoticeDecision
NOTICE_DECISION_APPROVED: NoticeDecision
NOTICE_DECISION_REJECTED: NoticeDecision
OUTSTANDING_CAUSE_UNSPECIFIED: OutstandingCause
OUTSTANDING_CAUSE_NOT_PAID: OutstandingCause
OUTSTANDING_CAUSE_PART_PAID: OutstandingCause
OUTSTANDING_CAUSE_BANK_FEE: OutstandingCause
BUSINESS_TYPE_UNSPECIFIED: BusinessType
BUSINESS_TYPE_CLEARING: BusinessType
BUSINESS_TYPE_PREPAYMENT: BusinessType
BUSINESS_TYPE_INTEREST: BusinessType
BUSINESS_TYPE_BANK_FEE: BusinessType
BANK_LINE_OUTCOME_UNSPECIFIED: BankLineOutcome
BANK_LINE_OUTCOME_MATCHED: BankLineOutcome
BANK_LINE_OUTCOME_PARTIAL: BankLineOutcome
BANK_LINE_OUTCOME_OVERPAID: BankLineOutcome
BANK_LINE_OUTCOME_ALREADY_PAID: BankLineOutcome
BANK_LINE_OUTCOME_UNKNOWN_NOTICE: BankLineOutcome
BANK_LINE_OUTCOME_OTHER_PARTIES: BankLineOutcome
BANK_LINE_OUTCOME_OTHER_BUSINESS_TYPE: BankLineOutcome
BANK_LINE_OUTCOME_DUPLICATE: BankLineOutcome
BANK_LINE_OUTCOME_INTEREST: BankLineOutcome
BANK_LINE_OUTCOME_BANK_FEE: BankLineOutcome
BANK_LINE_STATE_UNSPECIFIED: BankLineState
BANK_LINE_STATE_MATCHED: BankLineState
BANK_LINE_STATE_RECORDED: BankLineState
BANK_LINE_STATE_SUSPENDED: BankLineState
BANK_LINE_STATE_PROPOSED: BankLineState
BANK_LINE_STATE_RESOLVED: BankLineState
BANK_RESOLUTION_DECISION_UNSPECIFIED: BankResolutionDecision
BANK_RESOLUTION_DECISION_ALLOCATED: BankResolutionDecision
BANK_RESOLUTION_DECISION_RETURNED: BankResolutionDecision
BANK_RESOLUTION_STATUS_UNSPECIFIED: BankResolutionStatus
BANK_RESOLUTION_STATUS_PENDING: BankResolutionStatus
BANK_RESOLUTION_STATUS_POSTED: BankResolutionStatus
BANK_RESOLUTION_STATUS_VOIDED: BankResolutionStatus

class NoticeLine(_message.Message):
    __slots__ = ("scheme_code", "fund_type_code", "amount", "paid")
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    scheme_code: str
    fund_type_code: str
    amount: _money_pb2.Money
    paid: _money_pb2.Money
    def __init__(self, scheme_code: _Optional[str] = ..., fund_type_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., paid: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class NoticeStepStatus(_message.Message):
    __slots__ = ("step", "region_code", "deadline_date", "is_provisional", "done_date", "is_overdue", "is_late")
    STEP_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_DATE_FIELD_NUMBER: _ClassVar[int]
    IS_PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    DONE_DATE_FIELD_NUMBER: _ClassVar[int]
    IS_OVERDUE_FIELD_NUMBER: _ClassVar[int]
    IS_LATE_FIELD_NUMBER: _ClassVar[int]
    step: NoticeStep
    region_code: str
    deadline_date: _date_pb2.Date
    is_provisional: bool
    done_date: _date_pb2.Date
    is_overdue: bool
    is_late: bool
    def __init__(self, step: _Optional[_Union[NoticeStep, str]] = ..., region_code: _Optional[str] = ..., deadline_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., is_provisional: _Optional[bool] = ..., done_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., is_overdue: _Optional[bool] = ..., is_late: _Optional[bool] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("notice_id", "number", "kind", "month", "payer_region_code", "receiver_region_code", "insured_region_code", "care_region_code", "amount", "paid", "pending", "outstanding", "outstanding_cause", "bank_fee", "state", "business_type", "lines", "steps", "issue_date", "due_date", "is_due_provisional", "maker_id", "checker_id", "draft_time")
    NOTICE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    PAYER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RECEIVER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_CAUSE_FIELD_NUMBER: _ClassVar[int]
    BANK_FEE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_TYPE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    ISSUE_DATE_FIELD_NUMBER: _ClassVar[int]
    DUE_DATE_FIELD_NUMBER: _ClassVar[int]
    IS_DUE_PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    DRAFT_TIME_FIELD_NUMBER: _ClassVar[int]
    notice_id: str
    number: str
    kind: NoticeKind
    month: str
    payer_region_code: str
    receiver_region_code: str
    insured_region_code: str
    care_region_code: str
    amount: _money_pb2.Money
    paid: _money_pb2.Money
    pending: _money_pb2.Money
    outstanding: _money_pb2.Money
    outstanding_cause: OutstandingCause
    bank_fee: _money_pb2.Money
    state: NoticeState
    business_type: BusinessType
    lines: _containers.RepeatedCompositeFieldContainer[NoticeLine]
    steps: _containers.RepeatedCompositeFieldContainer[NoticeStepStatus]
    issue_date: _date_pb2.Date
    due_date: _date_pb2.Date
    is_due_provisional: bool
    maker_id: str
    checker_id: str
    draft_time: _timestamp_pb2.Timestamp
    def __init__(self, notice_id: _Optional[str] = ..., number: _Optional[str] = ..., kind: _Optional[_Union[NoticeKind, str]] = ..., month: _Optional[str] = ..., payer_region_code: _Optional[str] = ..., receiver_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., paid: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., pending: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., outstanding: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., outstanding_cause: _Optional[_Union[OutstandingCause, str]] = ..., bank_fee: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., state: _Optional[_Union[NoticeState, str]] = ..., business_type: _Optional[_Union[BusinessType, str]] = ..., lines: _Optional[_Iterable[_Union[NoticeLine, _Mapping]]] = ..., steps: _Optional[_Iterable[_Union[NoticeStepStatus, _Mapping]]] = ..., issue_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., due_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., is_due_provisional: _Optional[bool] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., draft_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BankResolution(_message.Message):
    __slots__ = ("resolution_id", "decision", "notice_id", "amount", "status", "note", "maker_id", "checker_id", "propose_time", "decide_time")
    RESOLUTION_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    NOTICE_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    PROPOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    resolution_id: str
    decision: BankResolutionDecision
    notice_id: str
    amount: _money_pb2.Money
    status: BankResolutionStatus
    note: str
    maker_id: str
    checker_id: str
    propose_time: _timestamp_pb2.Timestamp
    decide_time: _timestamp_pb2.Timestamp
    def __init__(self, resolution_id: _Optional[str] = ..., decision: _Optional[_Union[BankResolutionDecision, str]] = ..., notice_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., status: _Optional[_Union[BankResolutionStatus, str]] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., propose_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BankLine(_message.Message):
    __slots__ = ("line_id", "statement_id", "line_number", "bank_reference", "value_date", "payer_region_code", "receiver_region_code", "amount", "business_type", "notice_number", "outcome", "is_late", "notice_id", "applied", "suspended", "allocated", "returned", "state", "resolutions")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    BANK_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    PAYER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RECEIVER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_TYPE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    IS_LATE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_ID_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    ALLOCATED_FIELD_NUMBER: _ClassVar[int]
    RETURNED_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESOLUTIONS_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    statement_id: str
    line_number: int
    bank_reference: str
    value_date: _date_pb2.Date
    payer_region_code: str
    receiver_region_code: str
    amount: _money_pb2.Money
    business_type: BusinessType
    notice_number: str
    outcome: BankLineOutcome
    is_late: bool
    notice_id: str
    applied: _money_pb2.Money
    suspended: _money_pb2.Money
    allocated: _money_pb2.Money
    returned: _money_pb2.Money
    state: BankLineState
    resolutions: _containers.RepeatedCompositeFieldContainer[BankResolution]
    def __init__(self, line_id: _Optional[str] = ..., statement_id: _Optional[str] = ..., line_number: _Optional[int] = ..., bank_reference: _Optional[str] = ..., value_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., payer_region_code: _Optional[str] = ..., receiver_region_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., business_type: _Optional[_Union[BusinessType, str]] = ..., notice_number: _Optional[str] = ..., outcome: _Optional[_Union[BankLineOutcome, str]] = ..., is_late: _Optional[bool] = ..., notice_id: _Optional[str] = ..., applied: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., suspended: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., allocated: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., returned: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., state: _Optional[_Union[BankLineState, str]] = ..., resolutions: _Optional[_Iterable[_Union[BankResolution, _Mapping]]] = ...) -> None: ...

class ProvincePayments(_message.Message):
    __slots__ = ("region_code", "notice_count", "due_count", "paid_count", "due", "paid", "overdue", "receivable", "received", "clearing_rate_bp", "payment_rate_bp")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_COUNT_FIELD_NUMBER: _ClassVar[int]
    DUE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PAID_COUNT_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    RECEIVABLE_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    CLEARING_RATE_BP_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_RATE_BP_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    notice_count: int
    due_count: int
    paid_count: int
    due: _money_pb2.Money
    paid: _money_pb2.Money
    overdue: _money_pb2.Money
    receivable: _money_pb2.Money
    received: _money_pb2.Money
    clearing_rate_bp: int
    payment_rate_bp: int
    def __init__(self, region_code: _Optional[str] = ..., notice_count: _Optional[int] = ..., due_count: _Optional[int] = ..., paid_count: _Optional[int] = ..., due: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., paid: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., overdue: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., receivable: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., received: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., clearing_rate_bp: _Optional[int] = ..., payment_rate_bp: _Optional[int] = ...) -> None: ...
