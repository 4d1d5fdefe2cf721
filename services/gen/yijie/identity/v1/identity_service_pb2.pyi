import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.identity.v1 import access_pb2 as _access_pb2
from yijie.identity.v1 import institution_pb2 as _institution_pb2
from yijie.identity.v1 import person_pb2 as _person_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InsuranceStanding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSURANCE_STANDING_UNSPECIFIED: _ClassVar[InsuranceStanding]
    INSURANCE_STANDING_IN_FORCE: _ClassVar[InsuranceStanding]
    INSURANCE_STANDING_NOT_IN_FORCE: _ClassVar[InsuranceStanding]
    INSURANCE_STANDING_ELSEWHERE: _ClassVar[InsuranceStanding]
    INSURANCE_STANDING_PERSON_UNKNOWN: _ClassVar[InsuranceStanding]
INSURANCE_STANDING_UNSPECIFIED: InsuranceStanding
INSURANCE_STANDING_IN_FORCE: InsuranceStanding
INSURANCE_STANDING_NOT_IN_FORCE: InsuranceStanding
INSURANCE_STANDING_ELSEWHERE: InsuranceStanding
INSURANCE_STANDING_PERSON_UNKNOWN: InsuranceStanding

class LoadPersonsRequest(_message.Message):
    __slots__ = ("request_id", "dry_run", "rows")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    dry_run: bool
    rows: _containers.RepeatedCompositeFieldContainer[PersonRow]
    def __init__(self, request_id: _Optional[str] = ..., dry_run: _Optional[bool] = ..., rows: _Optional[_Iterable[_Union[PersonRow, _Mapping]]] = ...) -> None: ...

class PersonRow(_message.Message):
    __slots__ = ("person", "cards")
    PERSON_FIELD_NUMBER: _ClassVar[int]
    CARDS_FIELD_NUMBER: _ClassVar[int]
    person: _person_pb2.Person
    cards: _containers.RepeatedCompositeFieldContainer[PersonCard]
    def __init__(self, person: _Optional[_Union[_person_pb2.Person, _Mapping]] = ..., cards: _Optional[_Iterable[_Union[PersonCard, _Mapping]]] = ...) -> None: ...

class PersonCard(_message.Message):
    __slots__ = ("card_number", "issuing_region_code", "state", "kind", "recognition_code")
    CARD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ISSUING_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECOGNITION_CODE_FIELD_NUMBER: _ClassVar[int]
    card_number: str
    issuing_region_code: str
    state: _person_pb2.CardState
    kind: _person_pb2.CardKind
    recognition_code: str
    def __init__(self, card_number: _Optional[str] = ..., issuing_region_code: _Optional[str] = ..., state: _Optional[_Union[_person_pb2.CardState, str]] = ..., kind: _Optional[_Union[_person_pb2.CardKind, str]] = ..., recognition_code: _Optional[str] = ...) -> None: ...

class LoadPersonsResponse(_message.Message):
    __slots__ = ("request_id", "results")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    results: _containers.RepeatedCompositeFieldContainer[UpsertResult]
    def __init__(self, request_id: _Optional[str] = ..., results: _Optional[_Iterable[_Union[UpsertResult, _Mapping]]] = ...) -> None: ...

class LookUpPersonsRequest(_message.Message):
    __slots__ = ("cert_numbers", "purpose")
    CERT_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    cert_numbers: _containers.RepeatedScalarFieldContainer[str]
    purpose: _access_pb2.AccessPurpose
    def __init__(self, cert_numbers: _Optional[_Iterable[str]] = ..., purpose: _Optional[_Union[_access_pb2.AccessPurpose, str]] = ...) -> None: ...

class LookUpPersonsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[UpsertResult]
    def __init__(self, results: _Optional[_Iterable[_Union[UpsertResult, _Mapping]]] = ...) -> None: ...

class CheckInsurancesRequest(_message.Message):
    __slots__ = ("entries", "purpose")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[InsuranceQuestion]
    purpose: _access_pb2.AccessPurpose
    def __init__(self, entries: _Optional[_Iterable[_Union[InsuranceQuestion, _Mapping]]] = ..., purpose: _Optional[_Union[_access_pb2.AccessPurpose, str]] = ...) -> None: ...

class InsuranceQuestion(_message.Message):
    __slots__ = ("person_id", "insured_region_code", "on_date")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    insured_region_code: str
    on_date: _date_pb2.Date
    def __init__(self, person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class CheckInsurancesResponse(_message.Message):
    __slots__ = ("standings",)
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    standings: _containers.RepeatedScalarFieldContainer[InsuranceStanding]
    def __init__(self, standings: _Optional[_Iterable[_Union[InsuranceStanding, str]]] = ...) -> None: ...

class CheckPortabilityRequest(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[PortabilityQuestion]
    def __init__(self, entries: _Optional[_Iterable[_Union[PortabilityQuestion, _Mapping]]] = ...) -> None: ...

class PortabilityQuestion(_message.Message):
    __slots__ = ("credential", "insured_region_code", "scheme_code", "on_date")
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    credential: _person_pb2.Credential
    insured_region_code: str
    scheme_code: str
    on_date: _date_pb2.Date
    def __init__(self, credential: _Optional[_Union[_person_pb2.Credential, _Mapping]] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class CheckPortabilityResponse(_message.Message):
    __slots__ = ("standings",)
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    standings: _containers.RepeatedCompositeFieldContainer[PortabilityStanding]
    def __init__(self, standings: _Optional[_Iterable[_Union[PortabilityStanding, _Mapping]]] = ...) -> None: ...

class PortabilityStanding(_message.Message):
    __slots__ = ("person_id", "checks")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    checks: _containers.RepeatedCompositeFieldContainer[PortabilityCheck]
    def __init__(self, person_id: _Optional[str] = ..., checks: _Optional[_Iterable[_Union[PortabilityCheck, _Mapping]]] = ...) -> None: ...

class PortabilityCheck(_message.Message):
    __slots__ = ("check_code", "passed", "reason")
    CHECK_CODE_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    check_code: str
    passed: bool
    reason: str
    def __init__(self, check_code: _Optional[str] = ..., passed: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("credential", "business_date", "person_id", "sex", "birth_date", "insured_region_code", "scheme_code", "institution_code", "medical_type_code", "disease_code", "use_id", "purpose")
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
    USE_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
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
    use_id: str
    purpose: _access_pb2.AccessPurpose
    def __init__(self, credential: _Optional[_Union[_person_pb2.Credential, _Mapping]] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., person_id: _Optional[str] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., disease_code: _Optional[str] = ..., use_id: _Optional[str] = ..., purpose: _Optional[_Union[_access_pb2.AccessPurpose, str]] = ...) -> None: ...

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
