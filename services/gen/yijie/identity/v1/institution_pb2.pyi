from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InstitutionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSTITUTION_TYPE_UNSPECIFIED: _ClassVar[InstitutionType]
    INSTITUTION_TYPE_HOSPITAL: _ClassVar[InstitutionType]
    INSTITUTION_TYPE_PHARMACY: _ClassVar[InstitutionType]
INSTITUTION_TYPE_UNSPECIFIED: InstitutionType
INSTITUTION_TYPE_HOSPITAL: InstitutionType
INSTITUTION_TYPE_PHARMACY: InstitutionType

class Institution(_message.Message):
    __slots__ = ("institution_code", "name", "region_code", "hospital_level_code", "price_level_code", "deductible_level_code", "openings", "type", "begin_date", "end_date", "address", "national_platform_code", "suspensions")
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    PRICE_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NATIONAL_PLATFORM_CODE_FIELD_NUMBER: _ClassVar[int]
    SUSPENSIONS_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    name: str
    region_code: str
    hospital_level_code: str
    price_level_code: str
    deductible_level_code: str
    openings: _containers.RepeatedCompositeFieldContainer[Opening]
    type: InstitutionType
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    address: str
    national_platform_code: str
    suspensions: _containers.RepeatedCompositeFieldContainer[Suspension]
    def __init__(self, institution_code: _Optional[str] = ..., name: _Optional[str] = ..., region_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., price_level_code: _Optional[str] = ..., deductible_level_code: _Optional[str] = ..., openings: _Optional[_Iterable[_Union[Opening, _Mapping]]] = ..., type: _Optional[_Union[InstitutionType, str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., address: _Optional[str] = ..., national_platform_code: _Optional[str] = ..., suspensions: _Optional[_Iterable[_Union[Suspension, _Mapping]]] = ...) -> None: ...

class Suspension(_message.Message):
    __slots__ = ("suspension_id", "medical_type_code", "begin_date", "end_date", "reason")
    SUSPENSION_ID_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    suspension_id: str
    medical_type_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    reason: str
    def __init__(self, suspension_id: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class Opening(_message.Message):
    __slots__ = ("medical_type_code", "begin_date", "end_date", "disease_code")
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    medical_type_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    disease_code: str
    def __init__(self, medical_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., disease_code: _Optional[str] = ...) -> None: ...
