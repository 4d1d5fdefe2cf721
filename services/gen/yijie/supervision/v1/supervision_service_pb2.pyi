import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.identity.v1 import access_pb2 as _access_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScreenBillRequest(_message.Message):
    __slots__ = ("sex", "birth_date", "medical_type_code", "scheme_code", "institution_code", "hospital_level_code", "diagnoses", "lines")
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    medical_type_code: str
    scheme_code: str
    institution_code: str
    hospital_level_code: str
    diagnoses: _containers.RepeatedCompositeFieldContainer[_bill_pb2.Diagnosis]
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.FeeLine]
    def __init__(self, sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., medical_type_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., diagnoses: _Optional[_Iterable[_Union[_bill_pb2.Diagnosis, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[_bill_pb2.FeeLine, _Mapping]]] = ...) -> None: ...

class ScreenBillResponse(_message.Message):
    __slots__ = ("findings", "ruleset_version")
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    RULESET_VERSION_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[_finding_pb2.Finding]
    ruleset_version: str
    def __init__(self, findings: _Optional[_Iterable[_Union[_finding_pb2.Finding, _Mapping]]] = ..., ruleset_version: _Optional[str] = ...) -> None: ...

class ListFindingsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "settlement_id", "care_region_code", "rule_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    settlement_id: str
    care_region_code: str
    rule_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., settlement_id: _Optional[str] = ..., care_region_code: _Optional[str] = ..., rule_code: _Optional[str] = ...) -> None: ...

class ListFindingsResponse(_message.Message):
    __slots__ = ("findings", "next_page_token")
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[_finding_pb2.RecordedFinding]
    next_page_token: str
    def __init__(self, findings: _Optional[_Iterable[_Union[_finding_pb2.RecordedFinding, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListSignalsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "kind", "person_id", "province_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    kind: _access_pb2.SignalKind
    person_id: str
    province_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., kind: _Optional[_Union[_access_pb2.SignalKind, str]] = ..., person_id: _Optional[str] = ..., province_code: _Optional[str] = ...) -> None: ...

class ListSignalsResponse(_message.Message):
    __slots__ = ("signals", "next_page_token")
    SIGNALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    signals: _containers.RepeatedCompositeFieldContainer[RecordedSignal]
    next_page_token: str
    def __init__(self, signals: _Optional[_Iterable[_Union[RecordedSignal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RecordedSignal(_message.Message):
    __slots__ = ("signal", "event_time", "create_time")
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    signal: _access_pb2.Signal
    event_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, signal: _Optional[_Union[_access_pb2.Signal, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
