from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.clearing.v1 import notice_pb2 as _notice_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DraftNoticesRequest(_message.Message):
    __slots__ = ("request_id", "month", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    month: str
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., month: _Optional[str] = ..., maker_id: _Optional[str] = ...) -> None: ...

class DraftNoticesResponse(_message.Message):
    __slots__ = ("notice_count", "amount", "notice_ids")
    NOTICE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    NOTICE_IDS_FIELD_NUMBER: _ClassVar[int]
    notice_count: int
    amount: _money_pb2.Money
    notice_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, notice_count: _Optional[int] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., notice_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class DecideNoticesRequest(_message.Message):
    __slots__ = ("request_id", "notice_ids", "decision", "checker_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NOTICE_IDS_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    notice_ids: _containers.RepeatedScalarFieldContainer[str]
    decision: _notice_pb2.NoticeDecision
    checker_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., notice_ids: _Optional[_Iterable[str]] = ..., decision: _Optional[_Union[_notice_pb2.NoticeDecision, str]] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class DecideNoticesResponse(_message.Message):
    __slots__ = ("numbers",)
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    numbers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, numbers: _Optional[_Iterable[str]] = ...) -> None: ...

class GetNoticeRequest(_message.Message):
    __slots__ = ("notice_id", "number")
    NOTICE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    notice_id: str
    number: str
    def __init__(self, notice_id: _Optional[str] = ..., number: _Optional[str] = ...) -> None: ...

class GetNoticeResponse(_message.Message):
    __slots__ = ("notice",)
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    notice: _notice_pb2.Notice
    def __init__(self, notice: _Optional[_Union[_notice_pb2.Notice, _Mapping]] = ...) -> None: ...

class ListNoticesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "month", "kind", "payer_region_code", "receiver_region_code", "state")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAYER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RECEIVER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    month: str
    kind: _notice_pb2.NoticeKind
    payer_region_code: str
    receiver_region_code: str
    state: _notice_pb2.NoticeState
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., month: _Optional[str] = ..., kind: _Optional[_Union[_notice_pb2.NoticeKind, str]] = ..., payer_region_code: _Optional[str] = ..., receiver_region_code: _Optional[str] = ..., state: _Optional[_Union[_notice_pb2.NoticeState, str]] = ...) -> None: ...

class ListNoticesResponse(_message.Message):
    __slots__ = ("notices", "next_page_token")
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    notices: _containers.RepeatedCompositeFieldContainer[_notice_pb2.Notice]
    next_page_token: str
    def __init__(self, notices: _Optional[_Iterable[_Union[_notice_pb2.Notice, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RecordNoticeStepRequest(_message.Message):
    __slots__ = ("request_id", "notice_id", "step", "region_code", "done_date", "operator_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NOTICE_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    DONE_DATE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    notice_id: str
    step: _notice_pb2.NoticeStep
    region_code: str
    done_date: _date_pb2.Date
    operator_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., notice_id: _Optional[str] = ..., step: _Optional[_Union[_notice_pb2.NoticeStep, str]] = ..., region_code: _Optional[str] = ..., done_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., operator_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class RecordNoticeStepResponse(_message.Message):
    __slots__ = ("notice",)
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    notice: _notice_pb2.Notice
    def __init__(self, notice: _Optional[_Union[_notice_pb2.Notice, _Mapping]] = ...) -> None: ...

class DownloadPaymentFileRequest(_message.Message):
    __slots__ = ("region_code", "month", "kind")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    month: str
    kind: _notice_pb2.NoticeKind
    def __init__(self, region_code: _Optional[str] = ..., month: _Optional[str] = ..., kind: _Optional[_Union[_notice_pb2.NoticeKind, str]] = ...) -> None: ...

class DownloadPaymentFileResponse(_message.Message):
    __slots__ = ("file_name", "content", "notice_count", "amount")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    NOTICE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    content: bytes
    notice_count: int
    amount: _money_pb2.Money
    def __init__(self, file_name: _Optional[str] = ..., content: _Optional[bytes] = ..., notice_count: _Optional[int] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class UploadBankStatementRequest(_message.Message):
    __slots__ = ("request_id", "content", "operator_id", "region_code")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    content: bytes
    operator_id: str
    region_code: str
    def __init__(self, request_id: _Optional[str] = ..., content: _Optional[bytes] = ..., operator_id: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class UploadBankStatementResponse(_message.Message):
    __slots__ = ("statement_id", "lines", "applied", "suspended", "duplicate_count")
    STATEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    statement_id: str
    lines: _containers.RepeatedCompositeFieldContainer[_notice_pb2.BankLine]
    applied: _money_pb2.Money
    suspended: _money_pb2.Money
    duplicate_count: int
    def __init__(self, statement_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_notice_pb2.BankLine, _Mapping]]] = ..., applied: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., suspended: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., duplicate_count: _Optional[int] = ...) -> None: ...

class ListBankLinesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "state", "statement_id", "notice_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NOTICE_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    state: _notice_pb2.BankLineState
    statement_id: str
    notice_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., state: _Optional[_Union[_notice_pb2.BankLineState, str]] = ..., statement_id: _Optional[str] = ..., notice_id: _Optional[str] = ...) -> None: ...

class ListBankLinesResponse(_message.Message):
    __slots__ = ("lines", "next_page_token")
    LINES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[_notice_pb2.BankLine]
    next_page_token: str
    def __init__(self, lines: _Optional[_Iterable[_Union[_notice_pb2.BankLine, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ResolveBankLineRequest(_message.Message):
    __slots__ = ("request_id", "line_id", "decision", "notice_number", "amount", "maker_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    NOTICE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    line_id: str
    decision: _notice_pb2.BankResolutionDecision
    notice_number: str
    amount: _money_pb2.Money
    maker_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., line_id: _Optional[str] = ..., decision: _Optional[_Union[_notice_pb2.BankResolutionDecision, str]] = ..., notice_number: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., maker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class ResolveBankLineResponse(_message.Message):
    __slots__ = ("line",)
    LINE_FIELD_NUMBER: _ClassVar[int]
    line: _notice_pb2.BankLine
    def __init__(self, line: _Optional[_Union[_notice_pb2.BankLine, _Mapping]] = ...) -> None: ...

class DecideBankLineRequest(_message.Message):
    __slots__ = ("request_id", "line_id", "decision", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    line_id: str
    decision: _notice_pb2.NoticeDecision
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., line_id: _Optional[str] = ..., decision: _Optional[_Union[_notice_pb2.NoticeDecision, str]] = ..., checker_id: _Optional[str] = ...) -> None: ...

class DecideBankLineResponse(_message.Message):
    __slots__ = ("line",)
    LINE_FIELD_NUMBER: _ClassVar[int]
    line: _notice_pb2.BankLine
    def __init__(self, line: _Optional[_Union[_notice_pb2.BankLine, _Mapping]] = ...) -> None: ...

class SummarizePaymentsRequest(_message.Message):
    __slots__ = ("month", "year", "kind")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    month: str
    year: int
    kind: _notice_pb2.NoticeKind
    def __init__(self, month: _Optional[str] = ..., year: _Optional[int] = ..., kind: _Optional[_Union[_notice_pb2.NoticeKind, str]] = ...) -> None: ...

class SummarizePaymentsResponse(_message.Message):
    __slots__ = ("provinces", "total", "as_of_date")
    PROVINCES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    AS_OF_DATE_FIELD_NUMBER: _ClassVar[int]
    provinces: _containers.RepeatedCompositeFieldContainer[_notice_pb2.ProvincePayments]
    total: _notice_pb2.ProvincePayments
    as_of_date: _date_pb2.Date
    def __init__(self, provinces: _Optional[_Iterable[_Union[_notice_pb2.ProvincePayments, _Mapping]]] = ..., total: _Optional[_Union[_notice_pb2.ProvincePayments, _Mapping]] = ..., as_of_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...
