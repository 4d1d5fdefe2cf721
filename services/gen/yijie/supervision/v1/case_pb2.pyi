import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CaseState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CASE_STATE_UNSPECIFIED: _ClassVar[CaseState]
    CASE_STATE_FIRST_REVIEW: _ClassVar[CaseState]
    CASE_STATE_SECOND_REVIEW: _ClassVar[CaseState]
    CASE_STATE_OPINION_SENT: _ClassVar[CaseState]
    CASE_STATE_ANSWERED: _ClassVar[CaseState]
    CASE_STATE_ANSWER_OVERDUE: _ClassVar[CaseState]
    CASE_STATE_FINAL_REVIEW: _ClassVar[CaseState]
    CASE_STATE_DEDUCTING: _ClassVar[CaseState]
    CASE_STATE_DEDUCTED: _ClassVar[CaseState]
    CASE_STATE_APPEALED: _ClassVar[CaseState]
    CASE_STATE_UPHELD: _ClassVar[CaseState]
    CASE_STATE_WITHDRAWN: _ClassVar[CaseState]
    CASE_STATE_CONFIRMED: _ClassVar[CaseState]
    CASE_STATE_DISMISSED: _ClassVar[CaseState]
    CASE_STATE_LAPSED: _ClassVar[CaseState]
    CASE_STATE_REFUSED: _ClassVar[CaseState]

class ReviewStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVIEW_STEP_UNSPECIFIED: _ClassVar[ReviewStep]
    REVIEW_STEP_FIRST: _ClassVar[ReviewStep]
    REVIEW_STEP_SECOND: _ClassVar[ReviewStep]
    REVIEW_STEP_ANSWER: _ClassVar[ReviewStep]
    REVIEW_STEP_FINAL: _ClassVar[ReviewStep]

class Position(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POSITION_UNSPECIFIED: _ClassVar[Position]
    POSITION_AGREED: _ClassVar[Position]
    POSITION_DISPUTED: _ClassVar[Position]

class DocumentType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOCUMENT_TYPE_UNSPECIFIED: _ClassVar[DocumentType]
    DOCUMENT_TYPE_PDF: _ClassVar[DocumentType]
    DOCUMENT_TYPE_PNG: _ClassVar[DocumentType]
    DOCUMENT_TYPE_JPEG: _ClassVar[DocumentType]
CASE_STATE_UNSPECIFIED: CaseState
CASE_STATE_FIRST_REVIEW: CaseState
CASE_STATE_SECOND_REVIEW: CaseState
CASE_STATE_OPINION_SENT: CaseState
CASE_STATE_ANSWERED: CaseState
CASE_STATE_ANSWER_OVERDUE: CaseState
CASE_STATE_FINAL_REVIEW: CaseState
CASE_STATE_DEDUCTING: CaseState
CASE_STATE_DEDUCTED: CaseState
CASE_STATE_APPEALED: CaseState
CASE_STATE_UPHELD: CaseState
CASE_STATE_WITHDRAWN: CaseState
CASE_STATE_CONFIRMED: CaseState
CASE_STATE_DISMISSED: CaseState
CASE_STATE_LAPSED: CaseState
CASE_STATE_REFUSED: CaseState
REVIEW_STEP_UNSPECIFIED: ReviewStep
REVIEW_STEP_FIRST: ReviewStep
REVIEW_STEP_SECOND: ReviewStep
REVIEW_STEP_ANSWER: ReviewStep
REVIEW_STEP_FINAL: ReviewStep
POSITION_UNSPECIFIED: Position
POSITION_AGREED: Position
POSITION_DISPUTED: Position
DOCUMENT_TYPE_UNSPECIFIED: DocumentType
DOCUMENT_TYPE_PDF: DocumentType
DOCUMENT_TYPE_PNG: DocumentType
DOCUMENT_TYPE_JPEG: DocumentType

class Verdict(_message.Message):
    __slots__ = ("finding_id", "step", "confirmed", "at_fault")
    FINDING_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    AT_FAULT_FIELD_NUMBER: _ClassVar[int]
    finding_id: str
    step: ReviewStep
    confirmed: bool
    at_fault: _money_pb2.Money
    def __init__(self, finding_id: _Optional[str] = ..., step: _Optional[_Union[ReviewStep, str]] = ..., confirmed: _Optional[bool] = ..., at_fault: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class CaseFinding(_message.Message):
    __slots__ = ("finding_id", "finding", "withdrawn", "verdicts")
    FINDING_ID_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    finding_id: str
    finding: _finding_pb2.Finding
    withdrawn: bool
    verdicts: _containers.RepeatedCompositeFieldContainer[Verdict]
    def __init__(self, finding_id: _Optional[str] = ..., finding: _Optional[_Union[_finding_pb2.Finding, _Mapping]] = ..., withdrawn: _Optional[bool] = ..., verdicts: _Optional[_Iterable[_Union[Verdict, _Mapping]]] = ...) -> None: ...

class CaseChange(_message.Message):
    __slots__ = ("state", "change_time", "step", "officer_id", "note", "sample_id")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_ID_FIELD_NUMBER: _ClassVar[int]
    state: CaseState
    change_time: _timestamp_pb2.Timestamp
    step: ReviewStep
    officer_id: str
    note: str
    sample_id: str
    def __init__(self, state: _Optional[_Union[CaseState, str]] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step: _Optional[_Union[ReviewStep, str]] = ..., officer_id: _Optional[str] = ..., note: _Optional[str] = ..., sample_id: _Optional[str] = ...) -> None: ...

class Opinion(_message.Message):
    __slots__ = ("number", "issue_time", "answer_last_date", "provisional", "digest")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ISSUE_TIME_FIELD_NUMBER: _ClassVar[int]
    ANSWER_LAST_DATE_FIELD_NUMBER: _ClassVar[int]
    PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    number: str
    issue_time: _timestamp_pb2.Timestamp
    answer_last_date: _date_pb2.Date
    provisional: bool
    digest: str
    def __init__(self, number: _Optional[str] = ..., issue_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answer_last_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., provisional: _Optional[bool] = ..., digest: _Optional[str] = ...) -> None: ...

class OpinionAnswer(_message.Message):
    __slots__ = ("position", "text", "officer_id", "answer_time")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_TIME_FIELD_NUMBER: _ClassVar[int]
    position: Position
    text: str
    officer_id: str
    answer_time: _timestamp_pb2.Timestamp
    def __init__(self, position: _Optional[_Union[Position, str]] = ..., text: _Optional[str] = ..., officer_id: _Optional[str] = ..., answer_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CaseDocument(_message.Message):
    __slots__ = ("document_id", "type", "size_bytes", "digest", "title", "create_time")
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    document_id: str
    type: DocumentType
    size_bytes: int
    digest: str
    title: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, document_id: _Optional[str] = ..., type: _Optional[_Union[DocumentType, str]] = ..., size_bytes: _Optional[int] = ..., digest: _Optional[str] = ..., title: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CaseDeduction(_message.Message):
    __slots__ = ("decision_id", "amount", "funds", "deduction_id", "refusal", "appeal_last_date")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FUNDS_FIELD_NUMBER: _ClassVar[int]
    DEDUCTION_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    APPEAL_LAST_DATE_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    amount: _money_pb2.Money
    funds: _containers.RepeatedCompositeFieldContainer[DeductedFund]
    deduction_id: str
    refusal: str
    appeal_last_date: _date_pb2.Date
    def __init__(self, decision_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., funds: _Optional[_Iterable[_Union[DeductedFund, _Mapping]]] = ..., deduction_id: _Optional[str] = ..., refusal: _Optional[str] = ..., appeal_last_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class DeductedFund(_message.Message):
    __slots__ = ("fund_type_code", "amount")
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    fund_type_code: str
    amount: _money_pb2.Money
    def __init__(self, fund_type_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class Case(_message.Message):
    __slots__ = ("case_id", "settlement_id", "care_region_code", "insured_region_code", "institution_code", "state", "result_class", "rule_codes", "amount", "open_time", "change_time", "findings", "changes", "opinion", "answer", "documents", "deduction", "drawn")
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESULT_CLASS_FIELD_NUMBER: _ClassVar[int]
    RULE_CODES_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    OPINION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    DEDUCTION_FIELD_NUMBER: _ClassVar[int]
    DRAWN_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    settlement_id: str
    care_region_code: str
    insured_region_code: str
    institution_code: str
    state: CaseState
    result_class: _finding_pb2.ResultClass
    rule_codes: _containers.RepeatedScalarFieldContainer[str]
    amount: _money_pb2.Money
    open_time: _timestamp_pb2.Timestamp
    change_time: _timestamp_pb2.Timestamp
    findings: _containers.RepeatedCompositeFieldContainer[CaseFinding]
    changes: _containers.RepeatedCompositeFieldContainer[CaseChange]
    opinion: Opinion
    answer: OpinionAnswer
    documents: _containers.RepeatedCompositeFieldContainer[CaseDocument]
    deduction: CaseDeduction
    drawn: bool
    def __init__(self, case_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., state: _Optional[_Union[CaseState, str]] = ..., result_class: _Optional[_Union[_finding_pb2.ResultClass, str]] = ..., rule_codes: _Optional[_Iterable[str]] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[CaseFinding, _Mapping]]] = ..., changes: _Optional[_Iterable[_Union[CaseChange, _Mapping]]] = ..., opinion: _Optional[_Union[Opinion, _Mapping]] = ..., answer: _Optional[_Union[OpinionAnswer, _Mapping]] = ..., documents: _Optional[_Iterable[_Union[CaseDocument, _Mapping]]] = ..., deduction: _Optional[_Union[CaseDeduction, _Mapping]] = ..., drawn: _Optional[bool] = ...) -> None: ...

class CaseSample(_message.Message):
    __slots__ = ("sample_id", "region_code", "rule_code", "seed", "draw_time", "population", "population_digest", "case_ids", "officer_id", "open", "rejected", "confirmed")
    SAMPLE_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    DRAW_TIME_FIELD_NUMBER: _ClassVar[int]
    POPULATION_FIELD_NUMBER: _ClassVar[int]
    POPULATION_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CASE_IDS_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    sample_id: str
    region_code: str
    rule_code: str
    seed: str
    draw_time: _timestamp_pb2.Timestamp
    population: int
    population_digest: str
    case_ids: _containers.RepeatedScalarFieldContainer[str]
    officer_id: str
    open: int
    rejected: int
    confirmed: int
    def __init__(self, sample_id: _Optional[str] = ..., region_code: _Optional[str] = ..., rule_code: _Optional[str] = ..., seed: _Optional[str] = ..., draw_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., population: _Optional[int] = ..., population_digest: _Optional[str] = ..., case_ids: _Optional[_Iterable[str]] = ..., officer_id: _Optional[str] = ..., open: _Optional[int] = ..., rejected: _Optional[int] = ..., confirmed: _Optional[int] = ...) -> None: ...
