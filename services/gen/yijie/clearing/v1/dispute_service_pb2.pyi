from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
from yijie.clearing.v1 import dispute_pb2 as _dispute_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AskedFund(_message.Message):
    __slots__ = ("fund_type_code", "amount")
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    fund_type_code: str
    amount: _money_pb2.Money
    def __init__(self, fund_type_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class AskedDeduction(_message.Message):
    __slots__ = ("decision_id", "settlement_id", "insured_region_code", "care_region_code", "amount", "funds")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FUNDS_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    settlement_id: str
    insured_region_code: str
    care_region_code: str
    amount: _money_pb2.Money
    funds: _containers.RepeatedCompositeFieldContainer[AskedFund]
    def __init__(self, decision_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., funds: _Optional[_Iterable[_Union[AskedFund, _Mapping]]] = ...) -> None: ...

class RecordDeductionsRequest(_message.Message):
    __slots__ = ("request_id", "deductions", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIONS_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    deductions: _containers.RepeatedCompositeFieldContainer[AskedDeduction]
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., deductions: _Optional[_Iterable[_Union[AskedDeduction, _Mapping]]] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class RecordDeductionsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[DeductionResult]
    def __init__(self, results: _Optional[_Iterable[_Union[DeductionResult, _Mapping]]] = ...) -> None: ...

class DeductionResult(_message.Message):
    __slots__ = ("deduction", "error")
    DEDUCTION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    deduction: _dispute_pb2.Deduction
    error: _status_pb2.Status
    def __init__(self, deduction: _Optional[_Union[_dispute_pb2.Deduction, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class AppealDeductionRequest(_message.Message):
    __slots__ = ("request_id", "deduction_id", "region_code", "note", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEDUCTION_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    deduction_id: str
    region_code: str
    note: str
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., deduction_id: _Optional[str] = ..., region_code: _Optional[str] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ...) -> None: ...

class AppealDeductionResponse(_message.Message):
    __slots__ = ("deduction",)
    DEDUCTION_FIELD_NUMBER: _ClassVar[int]
    deduction: _dispute_pb2.Deduction
    def __init__(self, deduction: _Optional[_Union[_dispute_pb2.Deduction, _Mapping]] = ...) -> None: ...

class DecideAppealRequest(_message.Message):
    __slots__ = ("request_id", "deduction_id", "decision", "note", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEDUCTION_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    deduction_id: str
    decision: _dispute_pb2.AppealDecision
    note: str
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., deduction_id: _Optional[str] = ..., decision: _Optional[_Union[_dispute_pb2.AppealDecision, str]] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class DecideAppealResponse(_message.Message):
    __slots__ = ("deduction",)
    DEDUCTION_FIELD_NUMBER: _ClassVar[int]
    deduction: _dispute_pb2.Deduction
    def __init__(self, deduction: _Optional[_Union[_dispute_pb2.Deduction, _Mapping]] = ...) -> None: ...

class GetDeductionRequest(_message.Message):
    __slots__ = ("deduction_id",)
    DEDUCTION_ID_FIELD_NUMBER: _ClassVar[int]
    deduction_id: str
    def __init__(self, deduction_id: _Optional[str] = ...) -> None: ...

class GetDeductionResponse(_message.Message):
    __slots__ = ("deduction",)
    DEDUCTION_FIELD_NUMBER: _ClassVar[int]
    deduction: _dispute_pb2.Deduction
    def __init__(self, deduction: _Optional[_Union[_dispute_pb2.Deduction, _Mapping]] = ...) -> None: ...

class ListDeductionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "state", "month", "settlement_id", "decision_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    state: _dispute_pb2.DeductionState
    month: str
    settlement_id: str
    decision_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., state: _Optional[_Union[_dispute_pb2.DeductionState, str]] = ..., month: _Optional[str] = ..., settlement_id: _Optional[str] = ..., decision_id: _Optional[str] = ...) -> None: ...

class ListDeductionsResponse(_message.Message):
    __slots__ = ("deductions", "next_page_token")
    DEDUCTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    deductions: _containers.RepeatedCompositeFieldContainer[_dispute_pb2.Deduction]
    next_page_token: str
    def __init__(self, deductions: _Optional[_Iterable[_Union[_dispute_pb2.Deduction, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class OpenInquiryRequest(_message.Message):
    __slots__ = ("request_id", "settlement_id", "region_code", "question", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    settlement_id: str
    region_code: str
    question: str
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., region_code: _Optional[str] = ..., question: _Optional[str] = ..., maker_id: _Optional[str] = ...) -> None: ...

class OpenInquiryResponse(_message.Message):
    __slots__ = ("inquiry",)
    INQUIRY_FIELD_NUMBER: _ClassVar[int]
    inquiry: _dispute_pb2.Inquiry
    def __init__(self, inquiry: _Optional[_Union[_dispute_pb2.Inquiry, _Mapping]] = ...) -> None: ...

class AnswerInquiryRequest(_message.Message):
    __slots__ = ("request_id", "inquiry_id", "region_code", "result", "answer", "amount", "funds", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INQUIRY_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FUNDS_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    inquiry_id: str
    region_code: str
    result: _dispute_pb2.InquiryResult
    answer: str
    amount: _money_pb2.Money
    funds: _containers.RepeatedCompositeFieldContainer[AskedFund]
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., inquiry_id: _Optional[str] = ..., region_code: _Optional[str] = ..., result: _Optional[_Union[_dispute_pb2.InquiryResult, str]] = ..., answer: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., funds: _Optional[_Iterable[_Union[AskedFund, _Mapping]]] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class AnswerInquiryResponse(_message.Message):
    __slots__ = ("inquiry", "deduction")
    INQUIRY_FIELD_NUMBER: _ClassVar[int]
    DEDUCTION_FIELD_NUMBER: _ClassVar[int]
    inquiry: _dispute_pb2.Inquiry
    deduction: _dispute_pb2.Deduction
    def __init__(self, inquiry: _Optional[_Union[_dispute_pb2.Inquiry, _Mapping]] = ..., deduction: _Optional[_Union[_dispute_pb2.Deduction, _Mapping]] = ...) -> None: ...

class GetInquiryRequest(_message.Message):
    __slots__ = ("inquiry_id",)
    INQUIRY_ID_FIELD_NUMBER: _ClassVar[int]
    inquiry_id: str
    def __init__(self, inquiry_id: _Optional[str] = ...) -> None: ...

class GetInquiryResponse(_message.Message):
    __slots__ = ("inquiry",)
    INQUIRY_FIELD_NUMBER: _ClassVar[int]
    inquiry: _dispute_pb2.Inquiry
    def __init__(self, inquiry: _Optional[_Union[_dispute_pb2.Inquiry, _Mapping]] = ...) -> None: ...

class ListInquiriesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "state", "overdue_only", "settlement_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_ONLY_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    state: _dispute_pb2.InquiryState
    overdue_only: bool
    settlement_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., state: _Optional[_Union[_dispute_pb2.InquiryState, str]] = ..., overdue_only: _Optional[bool] = ..., settlement_id: _Optional[str] = ...) -> None: ...

class ListInquiriesResponse(_message.Message):
    __slots__ = ("inquiries", "next_page_token")
    INQUIRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    inquiries: _containers.RepeatedCompositeFieldContainer[_dispute_pb2.Inquiry]
    next_page_token: str
    def __init__(self, inquiries: _Optional[_Iterable[_Union[_dispute_pb2.Inquiry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListAdjustmentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "original_month", "booked_month")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_MONTH_FIELD_NUMBER: _ClassVar[int]
    BOOKED_MONTH_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    original_month: str
    booked_month: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., original_month: _Optional[str] = ..., booked_month: _Optional[str] = ...) -> None: ...

class ListAdjustmentsResponse(_message.Message):
    __slots__ = ("adjustments", "next_page_token")
    ADJUSTMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    adjustments: _containers.RepeatedCompositeFieldContainer[_dispute_pb2.Adjustment]
    next_page_token: str
    def __init__(self, adjustments: _Optional[_Iterable[_Union[_dispute_pb2.Adjustment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
