import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.benefits.v1 import adjudication_pb2 as _adjudication_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.filing.v1 import filing_service_pb2 as _filing_service_pb2
from yijie.identity.v1 import person_pb2 as _person_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SettlementScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SETTLEMENT_SCOPE_UNSPECIFIED: _ClassVar[SettlementScope]
    SETTLEMENT_SCOPE_FINAL: _ClassVar[SettlementScope]
    SETTLEMENT_SCOPE_INTERIM: _ClassVar[SettlementScope]
    SETTLEMENT_SCOPE_BATCH: _ClassVar[SettlementScope]

class SettlementState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SETTLEMENT_STATE_UNSPECIFIED: _ClassVar[SettlementState]
    SETTLEMENT_STATE_PENDING: _ClassVar[SettlementState]
    SETTLEMENT_STATE_SETTLED: _ClassVar[SettlementState]
    SETTLEMENT_STATE_FAILED: _ClassVar[SettlementState]
    SETTLEMENT_STATE_REVERSED: _ClassVar[SettlementState]

class ScreeningState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCREENING_STATE_UNSPECIFIED: _ClassVar[ScreeningState]
    SCREENING_STATE_SCREENED: _ClassVar[ScreeningState]
    SCREENING_STATE_DEFERRED: _ClassVar[ScreeningState]
SETTLEMENT_SCOPE_UNSPECIFIED: SettlementScope
SETTLEMENT_SCOPE_FINAL: SettlementScope
SETTLEMENT_SCOPE_INTERIM: SettlementScope
SETTLEMENT_SCOPE_BATCH: SettlementScope
SETTLEMENT_STATE_UNSPECIFIED: SettlementState
SETTLEMENT_STATE_PENDING: SettlementState
SETTLEMENT_STATE_SETTLED: SettlementState
SETTLEMENT_STATE_FAILED: SettlementState
SETTLEMENT_STATE_REVERSED: SettlementState
SCREENING_STATE_UNSPECIFIED: ScreeningState
SCREENING_STATE_SCREENED: ScreeningState
SCREENING_STATE_DEFERRED: ScreeningState

class Patient(_message.Message):
    __slots__ = ("credential", "person_id", "sex", "birth_date", "insured_region_code", "scheme_code")
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    credential: _person_pb2.Credential
    person_id: str
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    insured_region_code: str
    scheme_code: str
    def __init__(self, credential: _Optional[_Union[_person_pb2.Credential, _Mapping]] = ..., person_id: _Optional[str] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ...) -> None: ...

class Bill(_message.Message):
    __slots__ = ("care_region_code", "institution_code", "hospital_level_code", "medical_type_code", "begin_date", "end_date", "emergency", "diagnoses", "lines", "total", "disease_code", "invoice_number", "contact_phone", "doctor_code", "department_code", "operation_codes")
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    INVOICE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CONTACT_PHONE_FIELD_NUMBER: _ClassVar[int]
    DOCTOR_CODE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_CODES_FIELD_NUMBER: _ClassVar[int]
    care_region_code: str
    institution_code: str
    hospital_level_code: str
    medical_type_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    emergency: bool
    diagnoses: _containers.RepeatedCompositeFieldContainer[_bill_pb2.Diagnosis]
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.FeeLine]
    total: _money_pb2.Money
    disease_code: str
    invoice_number: str
    contact_phone: str
    doctor_code: str
    department_code: str
    operation_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, care_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., emergency: _Optional[bool] = ..., diagnoses: _Optional[_Iterable[_Union[_bill_pb2.Diagnosis, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[_bill_pb2.FeeLine, _Mapping]]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., disease_code: _Optional[str] = ..., invoice_number: _Optional[str] = ..., contact_phone: _Optional[str] = ..., doctor_code: _Optional[str] = ..., department_code: _Optional[str] = ..., operation_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class Settlement(_message.Message):
    __slots__ = ("settlement_id", "request_id", "state", "care_region_code", "insured_region_code", "institution_code", "person_id", "scheme_code", "person_type_code", "medical_type_code", "begin_date", "end_date", "amounts", "adjudication", "benefit_level", "filing_id", "benefit_level_explanation_zh", "benefit_level_explanation_en", "catalogue_version", "findings", "screening_state", "lines", "trace_id", "create_time", "settle_time", "reverse_time", "failure_reason", "sample", "bill", "sex", "birth_date", "visit_id", "scope", "charge_batch_number", "disease_code", "recomputes_settlement_id", "round_trip_ms", "region_ms", "deferred_rule_codes", "screening_ruleset_version")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
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
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_VERSION_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    SCREENING_STATE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SETTLE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVERSE_TIME_FIELD_NUMBER: _ClassVar[int]
    FAILURE_REASON_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CHARGE_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    RECOMPUTES_SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_TRIP_MS_FIELD_NUMBER: _ClassVar[int]
    REGION_MS_FIELD_NUMBER: _ClassVar[int]
    DEFERRED_RULE_CODES_FIELD_NUMBER: _ClassVar[int]
    SCREENING_RULESET_VERSION_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    request_id: str
    state: SettlementState
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
    benefit_level: _filing_service_pb2.BenefitLevel
    filing_id: str
    benefit_level_explanation_zh: str
    benefit_level_explanation_en: str
    catalogue_version: str
    findings: _containers.RepeatedCompositeFieldContainer[_finding_pb2.Finding]
    screening_state: ScreeningState
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.ClassifiedLine]
    trace_id: str
    create_time: _timestamp_pb2.Timestamp
    settle_time: _timestamp_pb2.Timestamp
    reverse_time: _timestamp_pb2.Timestamp
    failure_reason: str
    sample: bool
    bill: Bill
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    visit_id: str
    scope: SettlementScope
    charge_batch_number: str
    disease_code: str
    recomputes_settlement_id: str
    round_trip_ms: int
    region_ms: int
    deferred_rule_codes: _containers.RepeatedScalarFieldContainer[str]
    screening_ruleset_version: str
    def __init__(self, settlement_id: _Optional[str] = ..., request_id: _Optional[str] = ..., state: _Optional[_Union[SettlementState, str]] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., person_id: _Optional[str] = ..., scheme_code: _Optional[str] = ..., person_type_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., amounts: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., adjudication: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ..., benefit_level: _Optional[_Union[_filing_service_pb2.BenefitLevel, str]] = ..., filing_id: _Optional[str] = ..., benefit_level_explanation_zh: _Optional[str] = ..., benefit_level_explanation_en: _Optional[str] = ..., catalogue_version: _Optional[str] = ..., findings: _Optional[_Iterable[_Union[_finding_pb2.Finding, _Mapping]]] = ..., screening_state: _Optional[_Union[ScreeningState, str]] = ..., lines: _Optional[_Iterable[_Union[_bill_pb2.ClassifiedLine, _Mapping]]] = ..., trace_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., settle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reverse_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., failure_reason: _Optional[str] = ..., sample: _Optional[bool] = ..., bill: _Optional[_Union[Bill, _Mapping]] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., visit_id: _Optional[str] = ..., scope: _Optional[_Union[SettlementScope, str]] = ..., charge_batch_number: _Optional[str] = ..., disease_code: _Optional[str] = ..., recomputes_settlement_id: _Optional[str] = ..., round_trip_ms: _Optional[int] = ..., region_ms: _Optional[int] = ..., deferred_rule_codes: _Optional[_Iterable[str]] = ..., screening_ruleset_version: _Optional[str] = ...) -> None: ...
