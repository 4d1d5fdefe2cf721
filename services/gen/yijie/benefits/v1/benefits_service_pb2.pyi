import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from yijie.benefits.v1 import adjudication_pb2 as _adjudication_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AdjudicationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADJUDICATION_STATE_UNSPECIFIED: _ClassVar[AdjudicationState]
    ADJUDICATION_STATE_COMMITTED: _ClassVar[AdjudicationState]
    ADJUDICATION_STATE_CANCELLED: _ClassVar[AdjudicationState]
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
    __slots__ = ("settlement_id", "case", "expected")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    case: _adjudication_pb2.Case
    expected: _adjudication_pb2.Adjudication
    def __init__(self, settlement_id: _Optional[str] = ..., case: _Optional[_Union[_adjudication_pb2.Case, _Mapping]] = ..., expected: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("settlement_id", "state", "insured_region_code", "care_region_code", "scheme_code", "total", "fund_total", "account_pay", "cash_pay", "book_time", "cancel_time")
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
    def __init__(self, settlement_id: _Optional[str] = ..., state: _Optional[_Union[AdjudicationState, str]] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cash_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., book_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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
