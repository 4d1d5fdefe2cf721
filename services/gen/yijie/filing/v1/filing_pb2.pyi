import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

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

class Filing(_message.Message):
    __slots__ = ("filing_id", "person_id", "insured_region_code", "target_region_code", "type", "begin_date", "end_date", "evidence", "state", "create_time", "cancel_time")
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
    def __init__(self, filing_id: _Optional[str] = ..., person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., target_region_code: _Optional[str] = ..., type: _Optional[_Union[FilingType, str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., evidence: _Optional[_Union[FilingEvidence, str]] = ..., state: _Optional[_Union[FilingState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
