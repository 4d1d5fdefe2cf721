from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.identity.v1 import institution_pb2 as _institution_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SuspendInstitutionRequest(_message.Message):
    __slots__ = ("request_id", "institution_code", "suspension")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    SUSPENSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    institution_code: str
    suspension: _institution_pb2.Suspension
    def __init__(self, request_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., suspension: _Optional[_Union[_institution_pb2.Suspension, _Mapping]] = ...) -> None: ...

class SuspendInstitutionResponse(_message.Message):
    __slots__ = ("institution",)
    INSTITUTION_FIELD_NUMBER: _ClassVar[int]
    institution: _institution_pb2.Institution
    def __init__(self, institution: _Optional[_Union[_institution_pb2.Institution, _Mapping]] = ...) -> None: ...

class ResumeInstitutionRequest(_message.Message):
    __slots__ = ("request_id", "suspension_id", "end_date")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUSPENSION_ID_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    suspension_id: str
    end_date: _date_pb2.Date
    def __init__(self, request_id: _Optional[str] = ..., suspension_id: _Optional[str] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ResumeInstitutionResponse(_message.Message):
    __slots__ = ("institution",)
    INSTITUTION_FIELD_NUMBER: _ClassVar[int]
    institution: _institution_pb2.Institution
    def __init__(self, institution: _Optional[_Union[_institution_pb2.Institution, _Mapping]] = ...) -> None: ...

class SearchInstitutionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "hospital_level_code", "medical_type_code", "disease_code", "type", "name_contains", "on_date", "include_closed")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_CONTAINS_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_CLOSED_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    hospital_level_code: str
    medical_type_code: str
    disease_code: str
    type: _institution_pb2.InstitutionType
    name_contains: str
    on_date: _date_pb2.Date
    include_closed: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., disease_code: _Optional[str] = ..., type: _Optional[_Union[_institution_pb2.InstitutionType, str]] = ..., name_contains: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., include_closed: _Optional[bool] = ...) -> None: ...

class SearchInstitutionsResponse(_message.Message):
    __slots__ = ("institutions", "next_page_token")
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    institutions: _containers.RepeatedCompositeFieldContainer[_institution_pb2.Institution]
    next_page_token: str
    def __init__(self, institutions: _Optional[_Iterable[_Union[_institution_pb2.Institution, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
