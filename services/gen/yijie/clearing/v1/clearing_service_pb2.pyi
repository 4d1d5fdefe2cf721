import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from yijie.clearing.v1 import ledger_pb2 as _ledger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetPositionRequest(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "month", "scheme_code", "page_size", "page_token")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    month: str
    scheme_code: str
    page_size: int
    page_token: str
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., scheme_code: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetPositionResponse(_message.Message):
    __slots__ = ("positions", "cursor", "next_page_token")
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    positions: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.Position]
    cursor: str
    next_page_token: str
    def __init__(self, positions: _Optional[_Iterable[_Union[_ledger_pb2.Position, _Mapping]]] = ..., cursor: _Optional[str] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListEntriesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "settlement_id", "insured_region_code", "care_region_code", "month")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    settlement_id: str
    insured_region_code: str
    care_region_code: str
    month: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., settlement_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ...) -> None: ...

class ListEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.Entry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_ledger_pb2.Entry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetBalancesRequest(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "month", "scheme_code", "purposes", "phase", "as_of_time", "page_size", "page_token")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    month: str
    scheme_code: str
    purposes: _containers.RepeatedScalarFieldContainer[_ledger_pb2.AccountPurpose]
    phase: _ledger_pb2.AccountPhase
    as_of_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., scheme_code: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_ledger_pb2.AccountPurpose, str]]] = ..., phase: _Optional[_Union[_ledger_pb2.AccountPhase, str]] = ..., as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetBalancesResponse(_message.Message):
    __slots__ = ("balances", "block_id", "digest", "next_page_token")
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    balances: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.Balance]
    block_id: int
    digest: str
    next_page_token: str
    def __init__(self, balances: _Optional[_Iterable[_Union[_ledger_pb2.Balance, _Mapping]]] = ..., block_id: _Optional[int] = ..., digest: _Optional[str] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class VerifyLedgerRequest(_message.Message):
    __slots__ = ("after_block", "after_digest", "block_count_max")
    AFTER_BLOCK_FIELD_NUMBER: _ClassVar[int]
    AFTER_DIGEST_FIELD_NUMBER: _ClassVar[int]
    BLOCK_COUNT_MAX_FIELD_NUMBER: _ClassVar[int]
    after_block: int
    after_digest: str
    block_count_max: int
    def __init__(self, after_block: _Optional[int] = ..., after_digest: _Optional[str] = ..., block_count_max: _Optional[int] = ...) -> None: ...

class VerifyLedgerResponse(_message.Message):
    __slots__ = ("verified_until_block", "digest", "last_block_id", "problem")
    VERIFIED_UNTIL_BLOCK_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    LAST_BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    verified_until_block: int
    digest: str
    last_block_id: int
    problem: _ledger_pb2.LedgerProblem
    def __init__(self, verified_until_block: _Optional[int] = ..., digest: _Optional[str] = ..., last_block_id: _Optional[int] = ..., problem: _Optional[_Union[_ledger_pb2.LedgerProblem, _Mapping]] = ...) -> None: ...
