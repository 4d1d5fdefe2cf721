from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Invariant(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INVARIANT_UNSPECIFIED: _ClassVar[Invariant]
    INVARIANT_BALANCED: _ClassVar[Invariant]
    INVARIANT_NET_ZERO: _ClassVar[Invariant]
    INVARIANT_SETTLEMENTS: _ClassVar[Invariant]
    INVARIANT_TABLES: _ClassVar[Invariant]
    INVARIANT_NOTICES: _ClassVar[Invariant]
    INVARIANT_PAYMENTS: _ClassVar[Invariant]
    INVARIANT_CHAIN: _ClassVar[Invariant]
INVARIANT_UNSPECIFIED: Invariant
INVARIANT_BALANCED: Invariant
INVARIANT_NET_ZERO: Invariant
INVARIANT_SETTLEMENTS: Invariant
INVARIANT_TABLES: Invariant
INVARIANT_NOTICES: Invariant
INVARIANT_PAYMENTS: Invariant
INVARIANT_CHAIN: Invariant

class InvariantResult(_message.Message):
    __slots__ = ("invariant", "checked_count", "contradiction_count", "contradictions")
    INVARIANT_FIELD_NUMBER: _ClassVar[int]
    CHECKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTRADICTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTRADICTIONS_FIELD_NUMBER: _ClassVar[int]
    invariant: Invariant
    checked_count: int
    contradiction_count: int
    contradictions: _containers.RepeatedCompositeFieldContainer[Contradiction]
    def __init__(self, invariant: _Optional[_Union[Invariant, str]] = ..., checked_count: _Optional[int] = ..., contradiction_count: _Optional[int] = ..., contradictions: _Optional[_Iterable[_Union[Contradiction, _Mapping]]] = ...) -> None: ...

class Contradiction(_message.Message):
    __slots__ = ("month", "insured_region_code", "care_region_code", "scheme_code", "fund_type_code", "subject", "expected", "found")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    month: str
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    fund_type_code: str
    subject: str
    expected: _money_pb2.Money
    found: _money_pb2.Money
    def __init__(self, month: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., fund_type_code: _Optional[str] = ..., subject: _Optional[str] = ..., expected: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., found: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...
