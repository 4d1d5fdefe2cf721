import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.identity.v1 import access_pb2 as _access_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Unscreened(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNSCREENED_UNSPECIFIED: _ClassVar[Unscreened]
    UNSCREENED_SETTLE: _ClassVar[Unscreened]
    UNSCREENED_REFUSE: _ClassVar[Unscreened]
UNSCREENED_UNSPECIFIED: Unscreened
UNSCREENED_SETTLE: Unscreened
UNSCREENED_REFUSE: Unscreened

class ScreenBillRequest(_message.Message):
    __slots__ = ("sex", "birth_date", "medical_type_code", "scheme_code", "institution_code", "hospital_level_code", "diagnoses", "lines", "person_id", "visit_id", "care_region_code", "insured_region_code", "begin_date", "end_date", "department_code", "doctor_code", "operation_codes", "emergency", "total", "invoice_key")
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    DOCTOR_CODE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_CODES_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    INVOICE_KEY_FIELD_NUMBER: _ClassVar[int]
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    medical_type_code: str
    scheme_code: str
    institution_code: str
    hospital_level_code: str
    diagnoses: _containers.RepeatedCompositeFieldContainer[_bill_pb2.Diagnosis]
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.FeeLine]
    person_id: str
    visit_id: str
    care_region_code: str
    insured_region_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    department_code: str
    doctor_code: str
    operation_codes: _containers.RepeatedScalarFieldContainer[str]
    emergency: bool
    total: _money_pb2.Money
    invoice_key: bytes
    def __init__(self, sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., medical_type_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., diagnoses: _Optional[_Iterable[_Union[_bill_pb2.Diagnosis, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[_bill_pb2.FeeLine, _Mapping]]] = ..., person_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., department_code: _Optional[str] = ..., doctor_code: _Optional[str] = ..., operation_codes: _Optional[_Iterable[str]] = ..., emergency: _Optional[bool] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., invoice_key: _Optional[bytes] = ...) -> None: ...

class ScreenBillResponse(_message.Message):
    __slots__ = ("findings", "ruleset_version", "unjudged_rule_codes")
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    RULESET_VERSION_FIELD_NUMBER: _ClassVar[int]
    UNJUDGED_RULE_CODES_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[_finding_pb2.Finding]
    ruleset_version: str
    unjudged_rule_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, findings: _Optional[_Iterable[_Union[_finding_pb2.Finding, _Mapping]]] = ..., ruleset_version: _Optional[str] = ..., unjudged_rule_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class GetScreeningPolicyRequest(_message.Message):
    __slots__ = ("known_version",)
    KNOWN_VERSION_FIELD_NUMBER: _ClassVar[int]
    known_version: str
    def __init__(self, known_version: _Optional[str] = ...) -> None: ...

class GetScreeningPolicyResponse(_message.Message):
    __slots__ = ("version", "unchanged", "rules")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    version: str
    unchanged: bool
    rules: _containers.RepeatedCompositeFieldContainer[BlockingRule]
    def __init__(self, version: _Optional[str] = ..., unchanged: _Optional[bool] = ..., rules: _Optional[_Iterable[_Union[BlockingRule, _Mapping]]] = ...) -> None: ...

class BlockingRule(_message.Message):
    __slots__ = ("rule_code", "when_unscreened", "medical_type_codes", "scheme_codes", "care_region_prefixes", "insured_region_prefixes")
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    WHEN_UNSCREENED_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODES_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODES_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    rule_code: str
    when_unscreened: Unscreened
    medical_type_codes: _containers.RepeatedScalarFieldContainer[str]
    scheme_codes: _containers.RepeatedScalarFieldContainer[str]
    care_region_prefixes: _containers.RepeatedScalarFieldContainer[str]
    insured_region_prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rule_code: _Optional[str] = ..., when_unscreened: _Optional[_Union[Unscreened, str]] = ..., medical_type_codes: _Optional[_Iterable[str]] = ..., scheme_codes: _Optional[_Iterable[str]] = ..., care_region_prefixes: _Optional[_Iterable[str]] = ..., insured_region_prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class ListFindingsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "settlement_id", "care_region_code", "rule_code", "region_code", "result_class", "severity", "institution_code", "since_time", "only_standing")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RESULT_CLASS_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    ONLY_STANDING_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    settlement_id: str
    care_region_code: str
    rule_code: str
    region_code: str
    result_class: _finding_pb2.ResultClass
    severity: _finding_pb2.Severity
    institution_code: str
    since_time: _timestamp_pb2.Timestamp
    only_standing: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., settlement_id: _Optional[str] = ..., care_region_code: _Optional[str] = ..., rule_code: _Optional[str] = ..., region_code: _Optional[str] = ..., result_class: _Optional[_Union[_finding_pb2.ResultClass, str]] = ..., severity: _Optional[_Union[_finding_pb2.Severity, str]] = ..., institution_code: _Optional[str] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., only_standing: _Optional[bool] = ...) -> None: ...

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
