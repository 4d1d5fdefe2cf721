import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.settlement.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VisitState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VISIT_STATE_UNSPECIFIED: _ClassVar[VisitState]
    VISIT_STATE_REGISTERED: _ClassVar[VisitState]
    VISIT_STATE_DISCHARGED: _ClassVar[VisitState]
    VISIT_STATE_SETTLED: _ClassVar[VisitState]
    VISIT_STATE_CANCELLED: _ClassVar[VisitState]
VISIT_STATE_UNSPECIFIED: VisitState
VISIT_STATE_REGISTERED: VisitState
VISIT_STATE_DISCHARGED: VisitState
VISIT_STATE_SETTLED: VisitState
VISIT_STATE_CANCELLED: VisitState

class VisitRecord(_message.Message):
    __slots__ = ("medical_type_code", "begin_date", "emergency", "injury", "third_party_liable", "referring_institution_code", "admission_diagnoses", "disease_code", "doctor_code", "department_code", "scheme_code", "expected_discharge_date", "contact_phone", "operation_codes")
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    INJURY_FIELD_NUMBER: _ClassVar[int]
    THIRD_PARTY_LIABLE_FIELD_NUMBER: _ClassVar[int]
    REFERRING_INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    DOCTOR_CODE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_DISCHARGE_DATE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_PHONE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_CODES_FIELD_NUMBER: _ClassVar[int]
    medical_type_code: str
    begin_date: _date_pb2.Date
    emergency: bool
    injury: bool
    third_party_liable: bool
    referring_institution_code: str
    admission_diagnoses: _containers.RepeatedCompositeFieldContainer[_bill_pb2.Diagnosis]
    disease_code: str
    doctor_code: str
    department_code: str
    scheme_code: str
    expected_discharge_date: _date_pb2.Date
    contact_phone: str
    operation_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, medical_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., emergency: _Optional[bool] = ..., injury: _Optional[bool] = ..., third_party_liable: _Optional[bool] = ..., referring_institution_code: _Optional[str] = ..., admission_diagnoses: _Optional[_Iterable[_Union[_bill_pb2.Diagnosis, _Mapping]]] = ..., disease_code: _Optional[str] = ..., doctor_code: _Optional[str] = ..., department_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., expected_discharge_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., contact_phone: _Optional[str] = ..., operation_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class DischargeRecord(_message.Message):
    __slots__ = ("discharge_date", "discharge_diagnoses", "discharge_way_code", "operation_codes")
    DISCHARGE_DATE_FIELD_NUMBER: _ClassVar[int]
    DISCHARGE_DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    DISCHARGE_WAY_CODE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_CODES_FIELD_NUMBER: _ClassVar[int]
    discharge_date: _date_pb2.Date
    discharge_diagnoses: _containers.RepeatedCompositeFieldContainer[_bill_pb2.Diagnosis]
    discharge_way_code: str
    operation_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, discharge_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., discharge_diagnoses: _Optional[_Iterable[_Union[_bill_pb2.Diagnosis, _Mapping]]] = ..., discharge_way_code: _Optional[str] = ..., operation_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class Visit(_message.Message):
    __slots__ = ("visit_id", "state", "institution_code", "care_region_code", "hospital_level_code", "person_id", "insured_region_code", "record", "discharge", "line_count", "line_total", "settlements", "revision", "create_time", "update_time")
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    DISCHARGE_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    LINE_TOTAL_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENTS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    visit_id: str
    state: VisitState
    institution_code: str
    care_region_code: str
    hospital_level_code: str
    person_id: str
    insured_region_code: str
    record: VisitRecord
    discharge: DischargeRecord
    line_count: int
    line_total: _money_pb2.Money
    settlements: _containers.RepeatedCompositeFieldContainer[VisitSettlement]
    revision: int
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, visit_id: _Optional[str] = ..., state: _Optional[_Union[VisitState, str]] = ..., institution_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., record: _Optional[_Union[VisitRecord, _Mapping]] = ..., discharge: _Optional[_Union[DischargeRecord, _Mapping]] = ..., line_count: _Optional[int] = ..., line_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., settlements: _Optional[_Iterable[_Union[VisitSettlement, _Mapping]]] = ..., revision: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class VisitSettlement(_message.Message):
    __slots__ = ("settlement_id", "scope", "charge_batch_number", "until_date", "pending")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CHARGE_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    scope: _settlement_pb2.SettlementScope
    charge_batch_number: str
    until_date: _date_pb2.Date
    pending: bool
    def __init__(self, settlement_id: _Optional[str] = ..., scope: _Optional[_Union[_settlement_pb2.SettlementScope, str]] = ..., charge_batch_number: _Optional[str] = ..., until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., pending: _Optional[bool] = ...) -> None: ...

class VisitLine(_message.Message):
    __slots__ = ("line", "refund_of_line_id", "charge_batch_number", "doctor_code", "department_code")
    LINE_FIELD_NUMBER: _ClassVar[int]
    REFUND_OF_LINE_ID_FIELD_NUMBER: _ClassVar[int]
    CHARGE_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DOCTOR_CODE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    line: _bill_pb2.FeeLine
    refund_of_line_id: str
    charge_batch_number: str
    doctor_code: str
    department_code: str
    def __init__(self, line: _Optional[_Union[_bill_pb2.FeeLine, _Mapping]] = ..., refund_of_line_id: _Optional[str] = ..., charge_batch_number: _Optional[str] = ..., doctor_code: _Optional[str] = ..., department_code: _Optional[str] = ...) -> None: ...

class VisitFee(_message.Message):
    __slots__ = ("line", "classified", "settlement_id", "create_time")
    LINE_FIELD_NUMBER: _ClassVar[int]
    CLASSIFIED_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    line: VisitLine
    classified: _bill_pb2.ClassifiedLine
    settlement_id: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, line: _Optional[_Union[VisitLine, _Mapping]] = ..., classified: _Optional[_Union[_bill_pb2.ClassifiedLine, _Mapping]] = ..., settlement_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
