from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
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
    __slots__ = ("settlement_id", "case")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    case: _adjudication_pb2.Case
    def __init__(self, settlement_id: _Optional[str] = ..., case: _Optional[_Union[_adjudication_pb2.Case, _Mapping]] = ...) -> None: ...

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
