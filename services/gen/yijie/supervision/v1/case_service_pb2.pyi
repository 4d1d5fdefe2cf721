from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.supervision.v1 import case_pb2 as _case_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListCasesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "state", "institution_code", "rule_code", "result_class", "settlement_id", "drawn_only")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    RESULT_CLASS_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    DRAWN_ONLY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    state: _case_pb2.CaseState
    institution_code: str
    rule_code: str
    result_class: _finding_pb2.ResultClass
    settlement_id: str
    drawn_only: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., state: _Optional[_Union[_case_pb2.CaseState, str]] = ..., institution_code: _Optional[str] = ..., rule_code: _Optional[str] = ..., result_class: _Optional[_Union[_finding_pb2.ResultClass, str]] = ..., settlement_id: _Optional[str] = ..., drawn_only: _Optional[bool] = ...) -> None: ...

class ListCasesResponse(_message.Message):
    __slots__ = ("cases", "next_page_token")
    CASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    cases: _containers.RepeatedCompositeFieldContainer[_case_pb2.Case]
    next_page_token: str
    def __init__(self, cases: _Optional[_Iterable[_Union[_case_pb2.Case, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetCaseRequest(_message.Message):
    __slots__ = ("case_id",)
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    def __init__(self, case_id: _Optional[str] = ...) -> None: ...

class GetCaseResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class AskedVerdict(_message.Message):
    __slots__ = ("finding_id", "confirmed", "at_fault")
    FINDING_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    AT_FAULT_FIELD_NUMBER: _ClassVar[int]
    finding_id: str
    confirmed: bool
    at_fault: _money_pb2.Money
    def __init__(self, finding_id: _Optional[str] = ..., confirmed: _Optional[bool] = ..., at_fault: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class DecideCaseRequest(_message.Message):
    __slots__ = ("request_id", "case_id", "region_code", "step", "verdicts", "officer_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    case_id: str
    region_code: str
    step: _case_pb2.ReviewStep
    verdicts: _containers.RepeatedCompositeFieldContainer[AskedVerdict]
    officer_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., case_id: _Optional[str] = ..., region_code: _Optional[str] = ..., step: _Optional[_Union[_case_pb2.ReviewStep, str]] = ..., verdicts: _Optional[_Iterable[_Union[AskedVerdict, _Mapping]]] = ..., officer_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class DecideCaseResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class ConfirmCasesRequest(_message.Message):
    __slots__ = ("request_id", "case_ids", "region_code", "step", "officer_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_IDS_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    case_ids: _containers.RepeatedScalarFieldContainer[str]
    region_code: str
    step: _case_pb2.ReviewStep
    officer_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., case_ids: _Optional[_Iterable[str]] = ..., region_code: _Optional[str] = ..., step: _Optional[_Union[_case_pb2.ReviewStep, str]] = ..., officer_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class ConfirmCasesResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ConfirmResult]
    def __init__(self, results: _Optional[_Iterable[_Union[ConfirmResult, _Mapping]]] = ...) -> None: ...

class ConfirmResult(_message.Message):
    __slots__ = ("case", "error")
    CASE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    error: _status_pb2.Status
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class DrawSampleRequest(_message.Message):
    __slots__ = ("request_id", "region_code", "rule_code", "seed", "count", "officer_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    region_code: str
    rule_code: str
    seed: str
    count: int
    officer_id: str
    def __init__(self, request_id: _Optional[str] = ..., region_code: _Optional[str] = ..., rule_code: _Optional[str] = ..., seed: _Optional[str] = ..., count: _Optional[int] = ..., officer_id: _Optional[str] = ...) -> None: ...

class DrawSampleResponse(_message.Message):
    __slots__ = ("sample",)
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    sample: _case_pb2.CaseSample
    def __init__(self, sample: _Optional[_Union[_case_pb2.CaseSample, _Mapping]] = ...) -> None: ...

class GetSampleRequest(_message.Message):
    __slots__ = ("sample_id",)
    SAMPLE_ID_FIELD_NUMBER: _ClassVar[int]
    sample_id: str
    def __init__(self, sample_id: _Optional[str] = ...) -> None: ...

class GetSampleResponse(_message.Message):
    __slots__ = ("sample",)
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    sample: _case_pb2.CaseSample
    def __init__(self, sample: _Optional[_Union[_case_pb2.CaseSample, _Mapping]] = ...) -> None: ...

class ConfirmSampleRequest(_message.Message):
    __slots__ = ("request_id", "sample_id", "region_code", "officer_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sample_id: str
    region_code: str
    officer_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., sample_id: _Optional[str] = ..., region_code: _Optional[str] = ..., officer_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class ConfirmSampleResponse(_message.Message):
    __slots__ = ("sample", "confirmed")
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    sample: _case_pb2.CaseSample
    confirmed: int
    def __init__(self, sample: _Optional[_Union[_case_pb2.CaseSample, _Mapping]] = ..., confirmed: _Optional[int] = ...) -> None: ...

class GetOpinionRequest(_message.Message):
    __slots__ = ("case_id",)
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    def __init__(self, case_id: _Optional[str] = ...) -> None: ...

class GetOpinionResponse(_message.Message):
    __slots__ = ("opinion", "pdf")
    OPINION_FIELD_NUMBER: _ClassVar[int]
    PDF_FIELD_NUMBER: _ClassVar[int]
    opinion: _case_pb2.Opinion
    pdf: bytes
    def __init__(self, opinion: _Optional[_Union[_case_pb2.Opinion, _Mapping]] = ..., pdf: _Optional[bytes] = ...) -> None: ...

class AnswerOpinionRequest(_message.Message):
    __slots__ = ("request_id", "case_id", "region_code", "institution_code", "position", "text", "officer_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    case_id: str
    region_code: str
    institution_code: str
    position: _case_pb2.Position
    text: str
    officer_id: str
    def __init__(self, request_id: _Optional[str] = ..., case_id: _Optional[str] = ..., region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., position: _Optional[_Union[_case_pb2.Position, str]] = ..., text: _Optional[str] = ..., officer_id: _Optional[str] = ...) -> None: ...

class AnswerOpinionResponse(_message.Message):
    __slots__ = ("case",)
    CASE_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ...) -> None: ...

class UploadDocumentRequest(_message.Message):
    __slots__ = ("request_id", "case_id", "region_code", "institution_code", "size_bytes", "title", "chunk")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    case_id: str
    region_code: str
    institution_code: str
    size_bytes: int
    title: str
    chunk: bytes
    def __init__(self, request_id: _Optional[str] = ..., case_id: _Optional[str] = ..., region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., size_bytes: _Optional[int] = ..., title: _Optional[str] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class UploadDocumentResponse(_message.Message):
    __slots__ = ("request_id", "document")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    document: _case_pb2.CaseDocument
    def __init__(self, request_id: _Optional[str] = ..., document: _Optional[_Union[_case_pb2.CaseDocument, _Mapping]] = ...) -> None: ...

class DownloadDocumentRequest(_message.Message):
    __slots__ = ("document_id",)
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    document_id: str
    def __init__(self, document_id: _Optional[str] = ...) -> None: ...

class DownloadDocumentResponse(_message.Message):
    __slots__ = ("document", "chunk")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    document: _case_pb2.CaseDocument
    chunk: bytes
    def __init__(self, document: _Optional[_Union[_case_pb2.CaseDocument, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...
