import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EvidenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVIDENCE_KIND_UNSPECIFIED: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_HOUSEHOLD_REGISTER: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_RESIDENCE_PROOF: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_POSTING_PROOF: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_EMPLOYER_PROOF: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_WORK_CONTRACT: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_COMMITMENT_LETTER: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_REFERRAL_PROOF: _ClassVar[EvidenceKind]

class FilingChannel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILING_CHANNEL_UNSPECIFIED: _ClassVar[FilingChannel]
    FILING_CHANNEL_WINDOW: _ClassVar[FilingChannel]
    FILING_CHANNEL_APP: _ClassVar[FilingChannel]
    FILING_CHANNEL_ONLINE: _ClassVar[FilingChannel]
    FILING_CHANNEL_INSTITUTION: _ClassVar[FilingChannel]
    FILING_CHANNEL_KIOSK: _ClassVar[FilingChannel]
    FILING_CHANNEL_PROVINCE_BATCH: _ClassVar[FilingChannel]

class ApprovalWay(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_WAY_UNSPECIFIED: _ClassVar[ApprovalWay]
    APPROVAL_WAY_RULE: _ClassVar[ApprovalWay]
    APPROVAL_WAY_OFFICER: _ClassVar[ApprovalWay]
    APPROVAL_WAY_PROVINCE_SYSTEM: _ClassVar[ApprovalWay]

class FilingType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILING_TYPE_UNSPECIFIED: _ClassVar[FilingType]
    FILING_TYPE_RETIRED_SETTLED: _ClassVar[FilingType]
    FILING_TYPE_LONG_TERM_RESIDENT: _ClassVar[FilingType]
    FILING_TYPE_POSTED_WORKER: _ClassVar[FilingType]
    FILING_TYPE_REFERRAL: _ClassVar[FilingType]
    FILING_TYPE_EMERGENCY: _ClassVar[FilingType]
    FILING_TYPE_TEMPORARY: _ClassVar[FilingType]

class FilingEvidence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILING_EVIDENCE_UNSPECIFIED: _ClassVar[FilingEvidence]
    FILING_EVIDENCE_DOCUMENT: _ClassVar[FilingEvidence]
    FILING_EVIDENCE_COMMITMENT: _ClassVar[FilingEvidence]
    FILING_EVIDENCE_REFERRAL_PROOF: _ClassVar[FilingEvidence]

class FilingState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILING_STATE_UNSPECIFIED: _ClassVar[FilingState]
    FILING_STATE_LIVE: _ClassVar[FilingState]
    FILING_STATE_CANCELLED: _ClassVar[FilingState]
    FILING_STATE_PENDING: _ClassVar[FilingState]
    FILING_STATE_REFUSED: _ClassVar[FilingState]
    FILING_STATE_CHANGED: _ClassVar[FilingState]
    FILING_STATE_REVOKED: _ClassVar[FilingState]
    FILING_STATE_EXPIRED: _ClassVar[FilingState]
EVIDENCE_KIND_UNSPECIFIED: EvidenceKind
EVIDENCE_KIND_HOUSEHOLD_REGISTER: EvidenceKind
EVIDENCE_KIND_RESIDENCE_PROOF: EvidenceKind
EVIDENCE_KIND_POSTING_PROOF: EvidenceKind
EVIDENCE_KIND_EMPLOYER_PROOF: EvidenceKind
EVIDENCE_KIND_WORK_CONTRACT: EvidenceKind
EVIDENCE_KIND_COMMITMENT_LETTER: EvidenceKind
EVIDENCE_KIND_REFERRAL_PROOF: EvidenceKind
FILING_CHANNEL_UNSPECIFIED: FilingChannel
FILING_CHANNEL_WINDOW: FilingChannel
FILING_CHANNEL_APP: FilingChannel
FILING_CHANNEL_ONLINE: FilingChannel
FILING_CHANNEL_INSTITUTION: FilingChannel
FILING_CHANNEL_KIOSK: FilingChannel
FILING_CHANNEL_PROVINCE_BATCH: FilingChannel
APPROVAL_WAY_UNSPECIFIED: ApprovalWay
APPROVAL_WAY_RULE: ApprovalWay
APPROVAL_WAY_OFFICER: ApprovalWay
APPROVAL_WAY_PROVINCE_SYSTEM: ApprovalWay
FILING_TYPE_UNSPECIFIED: FilingType
FILING_TYPE_RETIRED_SETTLED: FilingType
FILING_TYPE_LONG_TERM_RESIDENT: FilingType
FILING_TYPE_POSTED_WORKER: FilingType
FILING_TYPE_REFERRAL: FilingType
FILING_TYPE_EMERGENCY: FilingType
FILING_TYPE_TEMPORARY: FilingType
FILING_EVIDENCE_UNSPECIFIED: FilingEvidence
FILING_EVIDENCE_DOCUMENT: FilingEvidence
FILING_EVIDENCE_COMMITMENT: FilingEvidence
FILING_EVIDENCE_REFERRAL_PROOF: FilingEvidence
FILING_STATE_UNSPECIFIED: FilingState
FILING_STATE_LIVE: FilingState
FILING_STATE_CANCELLED: FilingState
FILING_STATE_PENDING: FilingState
FILING_STATE_REFUSED: FilingState
FILING_STATE_CHANGED: FilingState
FILING_STATE_REVOKED: FilingState
FILING_STATE_EXPIRED: FilingState

class Filing(_message.Message):
    __slots__ = ("filing_id", "person_id", "insured_region_code", "target_region_code", "type", "begin_date", "end_date", "evidence", "state", "create_time", "cancel_time", "channel", "maker_id", "referring_institution_code", "diagnosis_code", "previous_filing_id", "documents", "approval", "checker_id", "state_reason_zh", "state_reason_en", "changed_to_filing_id", "last_day", "update_time", "locked_until_date", "sample_terms")
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    TARGET_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CANCEL_TIME_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    REFERRING_INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSIS_CODE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FILING_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_ZH_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_EN_FIELD_NUMBER: _ClassVar[int]
    CHANGED_TO_FILING_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    LOCKED_UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_TERMS_FIELD_NUMBER: _ClassVar[int]
    filing_id: str
    person_id: str
    insured_region_code: str
    target_region_code: str
    type: FilingType
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    evidence: FilingEvidence
    state: FilingState
    create_time: _timestamp_pb2.Timestamp
    cancel_time: _timestamp_pb2.Timestamp
    channel: FilingChannel
    maker_id: str
    referring_institution_code: str
    diagnosis_code: str
    previous_filing_id: str
    documents: _containers.RepeatedCompositeFieldContainer[EvidenceDocument]
    approval: ApprovalWay
    checker_id: str
    state_reason_zh: str
    state_reason_en: str
    changed_to_filing_id: str
    last_day: _date_pb2.Date
    update_time: _timestamp_pb2.Timestamp
    locked_until_date: _date_pb2.Date
    sample_terms: bool
    def __init__(self, filing_id: _Optional[str] = ..., person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., target_region_code: _Optional[str] = ..., type: _Optional[_Union[FilingType, str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., evidence: _Optional[_Union[FilingEvidence, str]] = ..., state: _Optional[_Union[FilingState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[_Union[FilingChannel, str]] = ..., maker_id: _Optional[str] = ..., referring_institution_code: _Optional[str] = ..., diagnosis_code: _Optional[str] = ..., previous_filing_id: _Optional[str] = ..., documents: _Optional[_Iterable[_Union[EvidenceDocument, _Mapping]]] = ..., approval: _Optional[_Union[ApprovalWay, str]] = ..., checker_id: _Optional[str] = ..., state_reason_zh: _Optional[str] = ..., state_reason_en: _Optional[str] = ..., changed_to_filing_id: _Optional[str] = ..., last_day: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., locked_until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., sample_terms: _Optional[bool] = ...) -> None: ...

class EvidenceDocument(_message.Message):
    __slots__ = ("kind", "document_id", "issue_date")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUE_DATE_FIELD_NUMBER: _ClassVar[int]
    kind: EvidenceKind
    document_id: str
    issue_date: _date_pb2.Date
    def __init__(self, kind: _Optional[_Union[EvidenceKind, str]] = ..., document_id: _Optional[str] = ..., issue_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...
