import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.benefits.v1 import adjudication_pb2 as _adjudication_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.filing.v1 import filing_service_pb2 as _filing_service_pb2
from yijie.settlement.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReimbursementState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REIMBURSEMENT_STATE_UNSPECIFIED: _ClassVar[ReimbursementState]
    REIMBURSEMENT_STATE_SUBMITTED: _ClassVar[ReimbursementState]
    REIMBURSEMENT_STATE_ADJUDICATED: _ClassVar[ReimbursementState]
    REIMBURSEMENT_STATE_APPROVED: _ClassVar[ReimbursementState]
    REIMBURSEMENT_STATE_PAID: _ClassVar[ReimbursementState]
    REIMBURSEMENT_STATE_REJECTED: _ClassVar[ReimbursementState]
    REIMBURSEMENT_STATE_CANCELLED: _ClassVar[ReimbursementState]
    REIMBURSEMENT_STATE_FAILED: _ClassVar[ReimbursementState]

class ReimbursementCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REIMBURSEMENT_CAUSE_UNSPECIFIED: _ClassVar[ReimbursementCause]
    REIMBURSEMENT_CAUSE_SYSTEM_FAILURE: _ClassVar[ReimbursementCause]
    REIMBURSEMENT_CAUSE_NO_CREDENTIAL: _ClassVar[ReimbursementCause]
    REIMBURSEMENT_CAUSE_NOT_OPEN: _ClassVar[ReimbursementCause]
    REIMBURSEMENT_CAUSE_NOT_FILED: _ClassVar[ReimbursementCause]
    REIMBURSEMENT_CAUSE_REFUSED: _ClassVar[ReimbursementCause]
    REIMBURSEMENT_CAUSE_CHOICE: _ClassVar[ReimbursementCause]
    REIMBURSEMENT_CAUSE_OTHER: _ClassVar[ReimbursementCause]
REIMBURSEMENT_STATE_UNSPECIFIED: ReimbursementState
REIMBURSEMENT_STATE_SUBMITTED: ReimbursementState
REIMBURSEMENT_STATE_ADJUDICATED: ReimbursementState
REIMBURSEMENT_STATE_APPROVED: ReimbursementState
REIMBURSEMENT_STATE_PAID: ReimbursementState
REIMBURSEMENT_STATE_REJECTED: ReimbursementState
REIMBURSEMENT_STATE_CANCELLED: ReimbursementState
REIMBURSEMENT_STATE_FAILED: ReimbursementState
REIMBURSEMENT_CAUSE_UNSPECIFIED: ReimbursementCause
REIMBURSEMENT_CAUSE_SYSTEM_FAILURE: ReimbursementCause
REIMBURSEMENT_CAUSE_NO_CREDENTIAL: ReimbursementCause
REIMBURSEMENT_CAUSE_NOT_OPEN: ReimbursementCause
REIMBURSEMENT_CAUSE_NOT_FILED: ReimbursementCause
REIMBURSEMENT_CAUSE_REFUSED: ReimbursementCause
REIMBURSEMENT_CAUSE_CHOICE: ReimbursementCause
REIMBURSEMENT_CAUSE_OTHER: ReimbursementCause

class Reimbursement(_message.Message):
    __slots__ = ("reimbursement_id", "request_id", "state", "cause", "care_region_code", "insured_region_code", "institution_code", "person_id", "scheme_code", "person_type_code", "medical_type_code", "begin_date", "end_date", "amounts", "adjudication", "payable", "benefit_level", "filing_id", "benefit_level_explanation_zh", "benefit_level_explanation_en", "catalogue_version", "trace_id", "submit_time", "adjudicate_time", "update_time", "failure_reason", "unbooked", "sample", "lines", "bill", "sex", "birth_date", "disease_code", "changes", "similar_reimbursement_ids")
    REIMBURSEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    ADJUDICATION_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_TIME_FIELD_NUMBER: _ClassVar[int]
    ADJUDICATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    FAILURE_REASON_FIELD_NUMBER: _ClassVar[int]
    UNBOOKED_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    SIMILAR_REIMBURSEMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    reimbursement_id: str
    request_id: str
    state: ReimbursementState
    cause: ReimbursementCause
    care_region_code: str
    insured_region_code: str
    institution_code: str
    person_id: str
    scheme_code: str
    person_type_code: str
    medical_type_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    amounts: _money_pb2.AmountSplit
    adjudication: _adjudication_pb2.Adjudication
    payable: _money_pb2.Money
    benefit_level: _filing_service_pb2.BenefitLevel
    filing_id: str
    benefit_level_explanation_zh: str
    benefit_level_explanation_en: str
    catalogue_version: str
    trace_id: str
    submit_time: _timestamp_pb2.Timestamp
    adjudicate_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    failure_reason: str
    unbooked: bool
    sample: bool
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.ClassifiedLine]
    bill: _settlement_pb2.Bill
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    disease_code: str
    changes: _containers.RepeatedCompositeFieldContainer[ReimbursementChange]
    similar_reimbursement_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, reimbursement_id: _Optional[str] = ..., request_id: _Optional[str] = ..., state: _Optional[_Union[ReimbursementState, str]] = ..., cause: _Optional[_Union[ReimbursementCause, str]] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., person_id: _Optional[str] = ..., scheme_code: _Optional[str] = ..., person_type_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., amounts: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., adjudication: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ..., payable: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., benefit_level: _Optional[_Union[_filing_service_pb2.BenefitLevel, str]] = ..., filing_id: _Optional[str] = ..., benefit_level_explanation_zh: _Optional[str] = ..., benefit_level_explanation_en: _Optional[str] = ..., catalogue_version: _Optional[str] = ..., trace_id: _Optional[str] = ..., submit_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., adjudicate_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., failure_reason: _Optional[str] = ..., unbooked: _Optional[bool] = ..., sample: _Optional[bool] = ..., lines: _Optional[_Iterable[_Union[_bill_pb2.ClassifiedLine, _Mapping]]] = ..., bill: _Optional[_Union[_settlement_pb2.Bill, _Mapping]] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., disease_code: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[ReimbursementChange, _Mapping]]] = ..., similar_reimbursement_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ReimbursementChange(_message.Message):
    __slots__ = ("state", "change_time", "maker_id", "checker_id", "note", "payment_reference")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    state: ReimbursementState
    change_time: _timestamp_pb2.Timestamp
    maker_id: str
    checker_id: str
    note: str
    payment_reference: str
    def __init__(self, state: _Optional[_Union[ReimbursementState, str]] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ..., payment_reference: _Optional[str] = ...) -> None: ...
