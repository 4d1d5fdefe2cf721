from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RemindOrderRequest(_message.Message):
    __slots__ = ("institution_code", "hospital_level_code", "department_code", "doctor_code", "person_id", "sex", "birth_date", "insured_region_code", "scheme_code", "medical_type_code", "emergency", "diagnoses", "order_date", "lines")
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    DOCTOR_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    ORDER_DATE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    hospital_level_code: str
    department_code: str
    doctor_code: str
    person_id: str
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    insured_region_code: str
    scheme_code: str
    medical_type_code: str
    emergency: bool
    diagnoses: _containers.RepeatedCompositeFieldContainer[_bill_pb2.Diagnosis]
    order_date: _date_pb2.Date
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.FeeLine]
    def __init__(self, institution_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., department_code: _Optional[str] = ..., doctor_code: _Optional[str] = ..., person_id: _Optional[str] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., emergency: _Optional[bool] = ..., diagnoses: _Optional[_Iterable[_Union[_bill_pb2.Diagnosis, _Mapping]]] = ..., order_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[_bill_pb2.FeeLine, _Mapping]]] = ...) -> None: ...

class RemindOrderResponse(_message.Message):
    __slots__ = ("reminders", "ruleset_version", "record_read")
    REMINDERS_FIELD_NUMBER: _ClassVar[int]
    RULESET_VERSION_FIELD_NUMBER: _ClassVar[int]
    RECORD_READ_FIELD_NUMBER: _ClassVar[int]
    reminders: _containers.RepeatedCompositeFieldContainer[Reminder]
    ruleset_version: str
    record_read: bool
    def __init__(self, reminders: _Optional[_Iterable[_Union[Reminder, _Mapping]]] = ..., ruleset_version: _Optional[str] = ..., record_read: _Optional[bool] = ...) -> None: ...

class Reminder(_message.Message):
    __slots__ = ("finding", "quantity_max", "last_date", "last_quantity", "supplied_until_date")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MAX_FIELD_NUMBER: _ClassVar[int]
    LAST_DATE_FIELD_NUMBER: _ClassVar[int]
    LAST_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SUPPLIED_UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    finding: _finding_pb2.Finding
    quantity_max: _decimal_pb2.Decimal
    last_date: _date_pb2.Date
    last_quantity: _decimal_pb2.Decimal
    supplied_until_date: _date_pb2.Date
    def __init__(self, finding: _Optional[_Union[_finding_pb2.Finding, _Mapping]] = ..., quantity_max: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., last_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., last_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., supplied_until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...
