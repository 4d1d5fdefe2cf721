from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
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

class FilingDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILING_DECISION_UNSPECIFIED: _ClassVar[FilingDecision]
    FILING_DECISION_APPROVE: _ClassVar[FilingDecision]
    FILING_DECISION_REFUSE: _ClassVar[FilingDecision]

class TwoWayBenefit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TWO_WAY_BENEFIT_UNSPECIFIED: _ClassVar[TwoWayBenefit]
    TWO_WAY_BENEFIT_FULL: _ClassVar[TwoWayBenefit]
    TWO_WAY_BENEFIT_AFTER_DOCUMENTS: _ClassVar[TwoWayBenefit]
BENEFIT_LEVEL_UNSPECIFIED: BenefitLevel
BENEFIT_LEVEL_LONG_TERM: BenefitLevel
BENEFIT_LEVEL_REFERRAL: BenefitLevel
BENEFIT_LEVEL_EMERGENCY: BenefitLevel
BENEFIT_LEVEL_TEMPORARY: BenefitLevel
BENEFIT_LEVEL_UNFILED: BenefitLevel
FILING_DECISION_UNSPECIFIED: FilingDecision
FILING_DECISION_APPROVE: FilingDecision
FILING_DECISION_REFUSE: FilingDecision
TWO_WAY_BENEFIT_UNSPECIFIED: TwoWayBenefit
TWO_WAY_BENEFIT_FULL: TwoWayBenefit
TWO_WAY_BENEFIT_AFTER_DOCUMENTS: TwoWayBenefit

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

class SubmitFilingsRequest(_message.Message):
    __slots__ = ("request_id", "filings", "dry_run")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILINGS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    filings: _containers.RepeatedCompositeFieldContainer[_filing_pb2.Filing]
    dry_run: bool
    def __init__(self, request_id: _Optional[str] = ..., filings: _Optional[_Iterable[_Union[_filing_pb2.Filing, _Mapping]]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class SubmitFilingsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[FilingResult]
    def __init__(self, results: _Optional[_Iterable[_Union[FilingResult, _Mapping]]] = ...) -> None: ...

class FilingResult(_message.Message):
    __slots__ = ("filing", "error")
    FILING_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    error: _status_pb2.Status
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class DecideFilingRequest(_message.Message):
    __slots__ = ("request_id", "filing_id", "decision", "checker_id", "by_system", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    BY_SYSTEM_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    filing_id: str
    decision: FilingDecision
    checker_id: str
    by_system: bool
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., filing_id: _Optional[str] = ..., decision: _Optional[_Union[FilingDecision, str]] = ..., checker_id: _Optional[str] = ..., by_system: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class DecideFilingResponse(_message.Message):
    __slots__ = ("filing",)
    FILING_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class ChangeFilingRequest(_message.Message):
    __slots__ = ("request_id", "filing_id", "filing")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    FILING_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    filing_id: str
    filing: _filing_pb2.Filing
    def __init__(self, request_id: _Optional[str] = ..., filing_id: _Optional[str] = ..., filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class ChangeFilingResponse(_message.Message):
    __slots__ = ("filing", "changed_filing")
    FILING_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FILING_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    changed_filing: _filing_pb2.Filing
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ..., changed_filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class SupplementFilingRequest(_message.Message):
    __slots__ = ("request_id", "filing_id", "documents", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    filing_id: str
    documents: _containers.RepeatedCompositeFieldContainer[_filing_pb2.EvidenceDocument]
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., filing_id: _Optional[str] = ..., documents: _Optional[_Iterable[_Union[_filing_pb2.EvidenceDocument, _Mapping]]] = ..., maker_id: _Optional[str] = ...) -> None: ...

class SupplementFilingResponse(_message.Message):
    __slots__ = ("filing",)
    FILING_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class RevokeFilingRequest(_message.Message):
    __slots__ = ("request_id", "filing_id", "maker_id", "checker_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    filing_id: str
    maker_id: str
    checker_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., filing_id: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RevokeFilingResponse(_message.Message):
    __slots__ = ("filing", "commitments_barred_until_date")
    FILING_FIELD_NUMBER: _ClassVar[int]
    COMMITMENTS_BARRED_UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    commitments_barred_until_date: _date_pb2.Date
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ..., commitments_barred_until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class WhatIfFilingRequest(_message.Message):
    __slots__ = ("person_id", "insured_region_code", "care_region_code", "service_date", "emergency")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    insured_region_code: str
    care_region_code: str
    service_date: _date_pb2.Date
    emergency: bool
    def __init__(self, person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., service_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., emergency: _Optional[bool] = ...) -> None: ...

class WhatIfFilingResponse(_message.Message):
    __slots__ = ("benefit_level", "filing_id", "explanation_zh", "explanation_en", "effects", "two_way_benefit", "options")
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_FIELD_NUMBER: _ClassVar[int]
    TWO_WAY_BENEFIT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    benefit_level: BenefitLevel
    filing_id: str
    explanation_zh: str
    explanation_en: str
    effects: _containers.RepeatedCompositeFieldContainer[FilingEffect]
    two_way_benefit: TwoWayBenefit
    options: _containers.RepeatedCompositeFieldContainer[FilingOption]
    def __init__(self, benefit_level: _Optional[_Union[BenefitLevel, str]] = ..., filing_id: _Optional[str] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ..., effects: _Optional[_Iterable[_Union[FilingEffect, _Mapping]]] = ..., two_way_benefit: _Optional[_Union[TwoWayBenefit, str]] = ..., options: _Optional[_Iterable[_Union[FilingOption, _Mapping]]] = ...) -> None: ...

class FilingEffect(_message.Message):
    __slots__ = ("filing", "counts", "benefit_level", "explanation_zh", "explanation_en", "may_change")
    FILING_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    MAY_CHANGE_FIELD_NUMBER: _ClassVar[int]
    filing: _filing_pb2.Filing
    counts: bool
    benefit_level: BenefitLevel
    explanation_zh: str
    explanation_en: str
    may_change: bool
    def __init__(self, filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ..., counts: _Optional[bool] = ..., benefit_level: _Optional[_Union[BenefitLevel, str]] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ..., may_change: _Optional[bool] = ...) -> None: ...

class FilingOption(_message.Message):
    __slots__ = ("type", "benefit_level", "evidence", "explanation_zh", "explanation_en")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    type: _filing_pb2.FilingType
    benefit_level: BenefitLevel
    evidence: _containers.RepeatedScalarFieldContainer[_filing_pb2.FilingEvidence]
    explanation_zh: str
    explanation_en: str
    def __init__(self, type: _Optional[_Union[_filing_pb2.FilingType, str]] = ..., benefit_level: _Optional[_Union[BenefitLevel, str]] = ..., evidence: _Optional[_Iterable[_Union[_filing_pb2.FilingEvidence, str]]] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ...) -> None: ...
