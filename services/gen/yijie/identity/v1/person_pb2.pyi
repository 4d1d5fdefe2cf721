from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InsuranceStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSURANCE_STATUS_UNSPECIFIED: _ClassVar[InsuranceStatus]
    INSURANCE_STATUS_NORMAL: _ClassVar[InsuranceStatus]
    INSURANCE_STATUS_SUSPENDED: _ClassVar[InsuranceStatus]
    INSURANCE_STATUS_ENDED: _ClassVar[InsuranceStatus]

class CardKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CARD_KIND_UNSPECIFIED: _ClassVar[CardKind]
    CARD_KIND_SOCIAL_SECURITY: _ClassVar[CardKind]
    CARD_KIND_ELECTRONIC: _ClassVar[CardKind]

class CardState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CARD_STATE_UNSPECIFIED: _ClassVar[CardState]
    CARD_STATE_ACTIVE: _ClassVar[CardState]
    CARD_STATE_LOST: _ClassVar[CardState]
    CARD_STATE_CANCELLED: _ClassVar[CardState]
    CARD_STATE_ISSUED: _ClassVar[CardState]
    CARD_STATE_REPLACED: _ClassVar[CardState]

class CredentialType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CREDENTIAL_TYPE_UNSPECIFIED: _ClassVar[CredentialType]
    CREDENTIAL_TYPE_E_CREDENTIAL: _ClassVar[CredentialType]
    CREDENTIAL_TYPE_ID_NUMBER: _ClassVar[CredentialType]
    CREDENTIAL_TYPE_CARD: _ClassVar[CredentialType]
INSURANCE_STATUS_UNSPECIFIED: InsuranceStatus
INSURANCE_STATUS_NORMAL: InsuranceStatus
INSURANCE_STATUS_SUSPENDED: InsuranceStatus
INSURANCE_STATUS_ENDED: InsuranceStatus
CARD_KIND_UNSPECIFIED: CardKind
CARD_KIND_SOCIAL_SECURITY: CardKind
CARD_KIND_ELECTRONIC: CardKind
CARD_STATE_UNSPECIFIED: CardState
CARD_STATE_ACTIVE: CardState
CARD_STATE_LOST: CardState
CARD_STATE_CANCELLED: CardState
CARD_STATE_ISSUED: CardState
CARD_STATE_REPLACED: CardState
CREDENTIAL_TYPE_UNSPECIFIED: CredentialType
CREDENTIAL_TYPE_E_CREDENTIAL: CredentialType
CREDENTIAL_TYPE_ID_NUMBER: CredentialType
CREDENTIAL_TYPE_CARD: CredentialType

class Person(_message.Message):
    __slots__ = ("person_id", "cert_type_code", "cert_number", "name", "sex", "birth_date", "insurances")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    CERT_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    CERT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    INSURANCES_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    cert_type_code: str
    cert_number: str
    name: str
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    insurances: _containers.RepeatedCompositeFieldContainer[Insurance]
    def __init__(self, person_id: _Optional[str] = ..., cert_type_code: _Optional[str] = ..., cert_number: _Optional[str] = ..., name: _Optional[str] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., insurances: _Optional[_Iterable[_Union[Insurance, _Mapping]]] = ...) -> None: ...

class Insurance(_message.Message):
    __slots__ = ("insured_region_code", "scheme_code", "person_type_code", "status", "begin_date", "end_date")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    scheme_code: str
    person_type_code: str
    status: InsuranceStatus
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    def __init__(self, insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., person_type_code: _Optional[str] = ..., status: _Optional[_Union[InsuranceStatus, str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class Card(_message.Message):
    __slots__ = ("card_number", "person_id", "issuing_region_code", "state", "kind", "recognition_code")
    CARD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUING_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECOGNITION_CODE_FIELD_NUMBER: _ClassVar[int]
    card_number: str
    person_id: str
    issuing_region_code: str
    state: CardState
    kind: CardKind
    recognition_code: str
    def __init__(self, card_number: _Optional[str] = ..., person_id: _Optional[str] = ..., issuing_region_code: _Optional[str] = ..., state: _Optional[_Union[CardState, str]] = ..., kind: _Optional[_Union[CardKind, str]] = ..., recognition_code: _Optional[str] = ...) -> None: ...

class Credential(_message.Message):
    __slots__ = ("type", "number")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    type: CredentialType
    number: str
    def __init__(self, type: _Optional[_Union[CredentialType, str]] = ..., number: _Optional[str] = ...) -> None: ...
