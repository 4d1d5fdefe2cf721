from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.filing.v1 import filing_pb2 as _filing_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BenefitLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BENEFIT_LEVEL_UNSPECIFIED: _ClassVar[BenefitLevel]
    BENEFIT_LEVEL_LONG_TERM: _ClassVar[BenefitLevel]
    BENEFIT_LEVEL_REFERRAL: _ClassVar[BenefitLevel]
    BENEFIT_LEVEL_EMERGENCY: _ClassVar[BenefitLevel]
    BENEFIT_LEVEL_TEMPORARY: _ClassVar[BenefitLevel]
    BENEFIT_LEVEL_UNFILED: _ClassVar[BenefitLevel]
BENEFIT_LEVEL_UNSPECIFIED: BenefitLevel
BENEFIT_LEVEL_LONG_TERM: BenefitLevel
BENEFIT_LEVEL_REFERRAL: BenefitLevel
BENEFIT_LEVEL_EMERGENCY: BenefitLevel
BENEFIT_LEVEL_TEMPORARY: BenefitLevel
BENEFIT_LEVEL_UNFILED: BenefitLevel

class SubmitFilingRequest(_message.Message):
    __slots__ = ("request_id", "filing")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILING_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    filing: _filing_pb2.Filing
    def __init__(self, request_id: _Optional[str] = ..., filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class SubmitFilingResponse(_message.Message):
    __slots__ = ("filing",)
    FILING_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class GetFilingRequest(_message.Message):
    __slots__ = ("filing_id",)
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    filing_id: str
    def __init__(self, filing_id: _Optional[str] = ...) -> None: ...

class GetFilingResponse(_message.Message):
    __slots__ = ("filing",)
    FILING_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class ListFilingsRequest(_message.Message):
    __slots__ = ("person_id", "page_size", "page_token")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    page_size: int
    page_token: str
    def __init__(self, person_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListFilingsResponse(_message.Message):
    __slots__ = ("filings", "next_page_token")
    FILINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filings: _containers.RepeatedCompositeFieldContainer[_filing_pb2.Filing]
    next_page_token: str
    def __init__(self, filings: _Optional[_Iterable[_Union[_filing_pb2.Filing, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelFilingRequest(_message.Message):
    __slots__ = ("request_id", "filing_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    filing_id: str
    def __init__(self, request_id: _Optional[str] = ..., filing_id: _Optional[str] = ...) -> None: ...

class CancelFilingResponse(_message.Message):
    __slots__ = ("filing",)
    FILING_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class MatchFilingRequest(_message.Message):
    __slots__ = ("person_id", "insured_region_code", "care_region_code", "service_date", "match_until_date", "emergency")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    MATCH_UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    insured_region_code: str
    care_region_code: str
    service_date: _date_pb2.Date
    match_until_date: _date_pb2.Date
    emergency: bool
    def __init__(self, person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., service_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., match_until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., emergency: _Optional[bool] = ...) -> None: ...

class MatchFilingResponse(_message.Message):
    __slots__ = ("benefit_level", "filing_id", "explanation_zh", "explanation_en", "long_term_evidence")
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    LONG_TERM_EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    benefit_level: BenefitLevel
    filing_id: str
    explanation_zh: str
    explanation_en: str
    long_term_evidence: _filing_pb2.FilingEvidence
    def __init__(self, benefit_level: _Optional[_Union[BenefitLevel, str]] = ..., filing_id: _Optional[str] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ..., long_term_evidence: _Optional[_Union[_filing_pb2.FilingEvidence, str]] = ...) -> None: ...
