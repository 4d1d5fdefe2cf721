from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EntitlementKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTITLEMENT_KIND_UNSPECIFIED: _ClassVar[EntitlementKind]
    ENTITLEMENT_KIND_CHRONIC_DISEASE: _ClassVar[EntitlementKind]
    ENTITLEMENT_KIND_MEDICAL_AID: _ClassVar[EntitlementKind]
    ENTITLEMENT_KIND_CIVIL_SERVANT: _ClassVar[EntitlementKind]
    ENTITLEMENT_KIND_ENTERPRISE_SUPPLEMENT: _ClassVar[EntitlementKind]
    ENTITLEMENT_KIND_DISABLED_VETERAN: _ClassVar[EntitlementKind]
ENTITLEMENT_KIND_UNSPECIFIED: EntitlementKind
ENTITLEMENT_KIND_CHRONIC_DISEASE: EntitlementKind
ENTITLEMENT_KIND_MEDICAL_AID: EntitlementKind
ENTITLEMENT_KIND_CIVIL_SERVANT: EntitlementKind
ENTITLEMENT_KIND_ENTERPRISE_SUPPLEMENT: EntitlementKind
ENTITLEMENT_KIND_DISABLED_VETERAN: EntitlementKind

class Entitlement(_message.Message):
    __slots__ = ("person_id", "kind", "code", "begin_date", "end_date")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    kind: EntitlementKind
    code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    def __init__(self, person_id: _Optional[str] = ..., kind: _Optional[_Union[EntitlementKind, str]] = ..., code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class FamilyAccount(_message.Message):
    __slots__ = ("owner_person_id", "member_person_id", "begin_date", "end_date")
    OWNER_PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    owner_person_id: str
    member_person_id: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    def __init__(self, owner_person_id: _Optional[str] = ..., member_person_id: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...
