import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.identity.v1 import institution_pb2 as _institution_pb2
from yijie.identity.v1 import person_pb2 as _person_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UpsertPersonsRequest(_message.Message):
    __slots__ = ("request_id", "persons")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PERSONS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    persons: _containers.RepeatedCompositeFieldContainer[_person_pb2.Person]
    def __init__(self, request_id: _Optional[str] = ..., persons: _Optional[_Iterable[_Union[_person_pb2.Person, _Mapping]]] = ...) -> None: ...

class UpsertPersonsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[UpsertResult]
    def __init__(self, results: _Optional[_Iterable[_Union[UpsertResult, _Mapping]]] = ...) -> None: ...

class UpsertResult(_message.Message):
    __slots__ = ("key", "error")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    key: str
    error: _status_pb2.Status
    def __init__(self, key: _Optional[str] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class UpsertCardsRequest(_message.Message):
    __slots__ = ("request_id", "cards")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CARDS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    cards: _containers.RepeatedCompositeFieldContainer[_person_pb2.Card]
    def __init__(self, request_id: _Optional[str] = ..., cards: _Optional[_Iterable[_Union[_person_pb2.Card, _Mapping]]] = ...) -> None: ...

class UpsertCardsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[UpsertResult]
    def __init__(self, results: _Optional[_Iterable[_Union[UpsertResult, _Mapping]]] = ...) -> None: ...

class IssueCredentialTokenRequest(_message.Message):
    __slots__ = ("person_id",)
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    def __init__(self, person_id: _Optional[str] = ...) -> None: ...

class IssueCredentialTokenResponse(_message.Message):
    __slots__ = ("token", "expire_time")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    token: str
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, token: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class VerifyCredentialRequest(_message.Message):
    __slots__ = ("credential", "business_date", "person_id", "sex", "birth_date", "insured_region_code", "scheme_code", "institution_code", "medical_type_code", "disease_code")
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    credential: _person_pb2.Credential
    business_date: _date_pb2.Date
    person_id: str
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    insured_region_code: str
    scheme_code: str
    institution_code: str
    medical_type_code: str
    disease_code: str
    def __init__(self, credential: _Optional[_Union[_person_pb2.Credential, _Mapping]] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., person_id: _Optional[str] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., disease_code: _Optional[str] = ...) -> None: ...

class VerifyCredentialResponse(_message.Message):
    __slots__ = ("person_id", "masked_name", "sex", "birth_date", "insurances", "institution")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    MASKED_NAME_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    INSURANCES_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    masked_name: str
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    insurances: _containers.RepeatedCompositeFieldContainer[_person_pb2.Insurance]
    institution: _institution_pb2.Institution
    def __init__(self, person_id: _Optional[str] = ..., masked_name: _Optional[str] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., insurances: _Optional[_Iterable[_Union[_person_pb2.Insurance, _Mapping]]] = ..., institution: _Optional[_Union[_institution_pb2.Institution, _Mapping]] = ...) -> None: ...

class UpsertInstitutionsRequest(_message.Message):
    __slots__ = ("request_id", "institutions")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    institutions: _containers.RepeatedCompositeFieldContainer[_institution_pb2.Institution]
    def __init__(self, request_id: _Optional[str] = ..., institutions: _Optional[_Iterable[_Union[_institution_pb2.Institution, _Mapping]]] = ...) -> None: ...

class UpsertInstitutionsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[UpsertResult]
    def __init__(self, results: _Optional[_Iterable[_Union[UpsertResult, _Mapping]]] = ...) -> None: ...

class GetInstitutionRequest(_message.Message):
    __slots__ = ("institution_code",)
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    def __init__(self, institution_code: _Optional[str] = ...) -> None: ...

class GetInstitutionResponse(_message.Message):
    __slots__ = ("institution",)
    INSTITUTION_FIELD_NUMBER: _ClassVar[int]
    institution: _institution_pb2.Institution
    def __init__(self, institution: _Optional[_Union[_institution_pb2.Institution, _Mapping]] = ...) -> None: ...

class ListInstitutionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "medical_type_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    medical_type_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ...) -> None: ...

class ListInstitutionsResponse(_message.Message):
    __slots__ = ("institutions", "next_page_token")
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    institutions: _containers.RepeatedCompositeFieldContainer[_institution_pb2.Institution]
    next_page_token: str
    def __init__(self, institutions: _Optional[_Iterable[_Union[_institution_pb2.Institution, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
