import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from yijie.benefits.v1 import adjudication_pb2 as _adjudication_pb2
from yijie.benefits.v1 import entitlement_pb2 as _entitlement_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.filing.v1 import filing_service_pb2 as _filing_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BookingChannel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOOKING_CHANNEL_UNSPECIFIED: _ClassVar[BookingChannel]
    BOOKING_CHANNEL_DIRECT: _ClassVar[BookingChannel]
    BOOKING_CHANNEL_MANUAL: _ClassVar[BookingChannel]

class AdjudicationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADJUDICATION_STATE_UNSPECIFIED: _ClassVar[AdjudicationState]
    ADJUDICATION_STATE_COMMITTED: _ClassVar[AdjudicationState]
    ADJUDICATION_STATE_CANCELLED: _ClassVar[AdjudicationState]
BOOKING_CHANNEL_UNSPECIFIED: BookingChannel
BOOKING_CHANNEL_DIRECT: BookingChannel
BOOKING_CHANNEL_MANUAL: BookingChannel
ADJUDICATION_STATE_UNSPECIFIED: AdjudicationState
ADJUDICATION_STATE_COMMITTED: AdjudicationState
ADJUDICATION_STATE_CANCELLED: AdjudicationState

class AdjudicateRequest(_message.Message):
    __slots__ = ("case", "with_trace")
    CASE_FIELD_NUMBER: _ClassVar[int]
    WITH_TRACE_FIELD_NUMBER: _ClassVar[int]
    case: _adjudication_pb2.Case
    with_trace: bool
    def __init__(self, case: _Optional[_Union[_adjudication_pb2.Case, _Mapping]] = ..., with_trace: _Optional[bool] = ...) -> None: ...

class AdjudicateResponse(_message.Message):
    __slots__ = ("adjudication",)
    ADJUDICATION_FIELD_NUMBER: _ClassVar[int]
    adjudication: _adjudication_pb2.Adjudication
    def __init__(self, adjudication: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ...) -> None: ...

class CommitRequest(_message.Message):
    __slots__ = ("settlement_id", "case", "expected", "channel")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    case: _adjudication_pb2.Case
    expected: _adjudication_pb2.Adjudication
    channel: BookingChannel
    def __init__(self, settlement_id: _Optional[str] = ..., case: _Optional[_Union[_adjudication_pb2.Case, _Mapping]] = ..., expected: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ..., channel: _Optional[_Union[BookingChannel, str]] = ...) -> None: ...

class CommitResponse(_message.Message):
    __slots__ = ("adjudication", "replayed")
    ADJUDICATION_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    adjudication: _adjudication_pb2.Adjudication
    replayed: bool
    def __init__(self, adjudication: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class GetAdjudicationRequest(_message.Message):
    __slots__ = ("settlement_id",)
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    def __init__(self, settlement_id: _Optional[str] = ...) -> None: ...

class GetAdjudicationResponse(_message.Message):
    __slots__ = ("state", "adjudication")
    STATE_FIELD_NUMBER: _ClassVar[int]
    ADJUDICATION_FIELD_NUMBER: _ClassVar[int]
    state: AdjudicationState
    adjudication: _adjudication_pb2.Adjudication
    def __init__(self, state: _Optional[_Union[AdjudicationState, str]] = ..., adjudication: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("settlement_id",)
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    def __init__(self, settlement_id: _Optional[str] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ("restored", "account_balance")
    RESTORED_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_BALANCE_FIELD_NUMBER: _ClassVar[int]
    restored: bool
    account_balance: _money_pb2.Money
    def __init__(self, restored: _Optional[bool] = ..., account_balance: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class ListAdjudicationsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "insured_region_code", "business_date")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    insured_region_code: str
    business_date: _date_pb2.Date
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ListAdjudicationsResponse(_message.Message):
    __slots__ = ("adjudications", "next_page_token")
    ADJUDICATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    adjudications: _containers.RepeatedCompositeFieldContainer[AdjudicationRecord]
    next_page_token: str
    def __init__(self, adjudications: _Optional[_Iterable[_Union[AdjudicationRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AdjudicationRecord(_message.Message):
    __slots__ = ("settlement_id", "state", "insured_region_code", "care_region_code", "scheme_code", "total", "fund_total", "account_pay", "cash_pay", "book_time", "cancel_time", "channel")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    CASH_PAY_FIELD_NUMBER: _ClassVar[int]
    BOOK_TIME_FIELD_NUMBER: _ClassVar[int]
    CANCEL_TIME_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    state: AdjudicationState
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    total: _money_pb2.Money
    fund_total: _money_pb2.Money
    account_pay: _money_pb2.Money
    cash_pay: _money_pb2.Money
    book_time: _timestamp_pb2.Timestamp
    cancel_time: _timestamp_pb2.Timestamp
    channel: BookingChannel
    def __init__(self, settlement_id: _Optional[str] = ..., state: _Optional[_Union[AdjudicationState, str]] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cash_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., book_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[_Union[BookingChannel, str]] = ...) -> None: ...

class GetAccumulatorsRequest(_message.Message):
    __slots__ = ("person_id", "scheme_code", "benefit_year")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_YEAR_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    scheme_code: str
    benefit_year: int
    def __init__(self, person_id: _Optional[str] = ..., scheme_code: _Optional[str] = ..., benefit_year: _Optional[int] = ...) -> None: ...

class GetAccumulatorsResponse(_message.Message):
    __slots__ = ("accumulators", "account_balance")
    ACCUMULATORS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_BALANCE_FIELD_NUMBER: _ClassVar[int]
    accumulators: _adjudication_pb2.Accumulators
    account_balance: _money_pb2.Money
    def __init__(self, accumulators: _Optional[_Union[_adjudication_pb2.Accumulators, _Mapping]] = ..., account_balance: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class UpsertAccountsRequest(_message.Message):
    __slots__ = ("request_id", "accounts")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    def __init__(self, request_id: _Optional[str] = ..., accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ...) -> None: ...

class Account(_message.Message):
    __slots__ = ("person_id", "balance")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    balance: _money_pb2.Money
    def __init__(self, person_id: _Optional[str] = ..., balance: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class UpsertAccountsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_status_pb2.Status]
    def __init__(self, results: _Optional[_Iterable[_Union[_status_pb2.Status, _Mapping]]] = ...) -> None: ...

class EstimateBenefitRequest(_message.Message):
    __slots__ = ("person_id", "insured_region_code", "scheme_code", "person_type_code", "care_region_code", "deductible_level_code", "medical_type_code", "disease_code", "service_date", "amounts", "benefit_levels", "use_account", "institution_code", "before_settlement_id", "with_trace")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVELS_FIELD_NUMBER: _ClassVar[int]
    USE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    WITH_TRACE_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    insured_region_code: str
    scheme_code: str
    person_type_code: str
    care_region_code: str
    deductible_level_code: str
    medical_type_code: str
    disease_code: str
    service_date: _date_pb2.Date
    amounts: _money_pb2.AmountSplit
    benefit_levels: _containers.RepeatedScalarFieldContainer[_filing_service_pb2.BenefitLevel]
    use_account: bool
    institution_code: str
    before_settlement_id: str
    with_trace: bool
    def __init__(self, person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., person_type_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., deductible_level_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., disease_code: _Optional[str] = ..., service_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., amounts: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., benefit_levels: _Optional[_Iterable[_Union[_filing_service_pb2.BenefitLevel, str]]] = ..., use_account: _Optional[bool] = ..., institution_code: _Optional[str] = ..., before_settlement_id: _Optional[str] = ..., with_trace: _Optional[bool] = ...) -> None: ...

class EstimateBenefitResponse(_message.Message):
    __slots__ = ("estimates",)
    ESTIMATES_FIELD_NUMBER: _ClassVar[int]
    estimates: _containers.RepeatedCompositeFieldContainer[BenefitEstimate]
    def __init__(self, estimates: _Optional[_Iterable[_Union[BenefitEstimate, _Mapping]]] = ...) -> None: ...

class BenefitEstimate(_message.Message):
    __slots__ = ("benefit_level", "adjudication", "error")
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    ADJUDICATION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    benefit_level: _filing_service_pb2.BenefitLevel
    adjudication: _adjudication_pb2.Adjudication
    error: _status_pb2.Status
    def __init__(self, benefit_level: _Optional[_Union[_filing_service_pb2.BenefitLevel, str]] = ..., adjudication: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class CheckDiseaseRequest(_message.Message):
    __slots__ = ("person_id", "insured_region_code", "scheme_code", "disease_code", "service_date", "diagnosis_codes")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSIS_CODES_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    insured_region_code: str
    scheme_code: str
    disease_code: str
    service_date: _date_pb2.Date
    diagnosis_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., disease_code: _Optional[str] = ..., service_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., diagnosis_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class CheckDiseaseResponse(_message.Message):
    __slots__ = ("policy_disease_code", "qualified_disease_code", "qualified_begin_date", "qualified_end_date", "diagnosis_matches", "diagnosis_prefixes", "policy_version")
    POLICY_DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_END_DATE_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSIS_MATCHES_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSIS_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    policy_disease_code: str
    qualified_disease_code: str
    qualified_begin_date: _date_pb2.Date
    qualified_end_date: _date_pb2.Date
    diagnosis_matches: bool
    diagnosis_prefixes: _containers.RepeatedScalarFieldContainer[str]
    policy_version: str
    def __init__(self, policy_disease_code: _Optional[str] = ..., qualified_disease_code: _Optional[str] = ..., qualified_begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., qualified_end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., diagnosis_matches: _Optional[bool] = ..., diagnosis_prefixes: _Optional[_Iterable[str]] = ..., policy_version: _Optional[str] = ...) -> None: ...

class UpsertEntitlementsRequest(_message.Message):
    __slots__ = ("request_id", "entitlements")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ENTITLEMENTS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    entitlements: _containers.RepeatedCompositeFieldContainer[_entitlement_pb2.Entitlement]
    def __init__(self, request_id: _Optional[str] = ..., entitlements: _Optional[_Iterable[_Union[_entitlement_pb2.Entitlement, _Mapping]]] = ...) -> None: ...

class UpsertEntitlementsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_status_pb2.Status]
    def __init__(self, results: _Optional[_Iterable[_Union[_status_pb2.Status, _Mapping]]] = ...) -> None: ...

class GetEntitlementsRequest(_message.Message):
    __slots__ = ("person_id",)
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    def __init__(self, person_id: _Optional[str] = ...) -> None: ...

class GetEntitlementsResponse(_message.Message):
    __slots__ = ("entitlements",)
    ENTITLEMENTS_FIELD_NUMBER: _ClassVar[int]
    entitlements: _containers.RepeatedCompositeFieldContainer[_entitlement_pb2.Entitlement]
    def __init__(self, entitlements: _Optional[_Iterable[_Union[_entitlement_pb2.Entitlement, _Mapping]]] = ...) -> None: ...

class UpsertFamilyAccountsRequest(_message.Message):
    __slots__ = ("request_id", "family_accounts")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FAMILY_ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    family_accounts: _containers.RepeatedCompositeFieldContainer[_entitlement_pb2.FamilyAccount]
    def __init__(self, request_id: _Optional[str] = ..., family_accounts: _Optional[_Iterable[_Union[_entitlement_pb2.FamilyAccount, _Mapping]]] = ...) -> None: ...

class UpsertFamilyAccountsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_status_pb2.Status]
    def __init__(self, results: _Optional[_Iterable[_Union[_status_pb2.Status, _Mapping]]] = ...) -> None: ...
