import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AccountSide(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCOUNT_SIDE_UNSPECIFIED: _ClassVar[AccountSide]
    ACCOUNT_SIDE_PAYABLE: _ClassVar[AccountSide]
    ACCOUNT_SIDE_RECEIVABLE: _ClassVar[AccountSide]

class AccountPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCOUNT_PURPOSE_UNSPECIFIED: _ClassVar[AccountPurpose]
    ACCOUNT_PURPOSE_CLEARING: _ClassVar[AccountPurpose]
    ACCOUNT_PURPOSE_ADJUSTMENT: _ClassVar[AccountPurpose]
    ACCOUNT_PURPOSE_DEDUCTION: _ClassVar[AccountPurpose]
    ACCOUNT_PURPOSE_PAYMENT: _ClassVar[AccountPurpose]
    ACCOUNT_PURPOSE_PREPAYMENT: _ClassVar[AccountPurpose]
    ACCOUNT_PURPOSE_PREPAYMENT_PAYMENT: _ClassVar[AccountPurpose]

class AccountPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCOUNT_PHASE_UNSPECIFIED: _ClassVar[AccountPhase]
    ACCOUNT_PHASE_POSTED: _ClassVar[AccountPhase]
    ACCOUNT_PHASE_PENDING: _ClassVar[AccountPhase]

class BookingKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOOKING_KIND_UNSPECIFIED: _ClassVar[BookingKind]
    BOOKING_KIND_SETTLED: _ClassVar[BookingKind]
    BOOKING_KIND_REVERSED: _ClassVar[BookingKind]
    BOOKING_KIND_DEDUCTION: _ClassVar[BookingKind]
    BOOKING_KIND_PREPAYMENT: _ClassVar[BookingKind]
    BOOKING_KIND_PAYMENT: _ClassVar[BookingKind]
    BOOKING_KIND_PREPAYMENT_PAYMENT: _ClassVar[BookingKind]

class LedgerProblemKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEDGER_PROBLEM_KIND_UNSPECIFIED: _ClassVar[LedgerProblemKind]
    LEDGER_PROBLEM_KIND_BLOCK_MISSING: _ClassVar[LedgerProblemKind]
    LEDGER_PROBLEM_KIND_CHAIN_BROKEN: _ClassVar[LedgerProblemKind]
    LEDGER_PROBLEM_KIND_CONTENT_CHANGED: _ClassVar[LedgerProblemKind]
    LEDGER_PROBLEM_KIND_OTHER_CHAIN: _ClassVar[LedgerProblemKind]
    LEDGER_PROBLEM_KIND_BALANCE_CHANGED: _ClassVar[LedgerProblemKind]
ACCOUNT_SIDE_UNSPECIFIED: AccountSide
ACCOUNT_SIDE_PAYABLE: AccountSide
ACCOUNT_SIDE_RECEIVABLE: AccountSide
ACCOUNT_PURPOSE_UNSPECIFIED: AccountPurpose
ACCOUNT_PURPOSE_CLEARING: AccountPurpose
ACCOUNT_PURPOSE_ADJUSTMENT: AccountPurpose
ACCOUNT_PURPOSE_DEDUCTION: AccountPurpose
ACCOUNT_PURPOSE_PAYMENT: AccountPurpose
ACCOUNT_PURPOSE_PREPAYMENT: AccountPurpose
ACCOUNT_PURPOSE_PREPAYMENT_PAYMENT: AccountPurpose
ACCOUNT_PHASE_UNSPECIFIED: AccountPhase
ACCOUNT_PHASE_POSTED: AccountPhase
ACCOUNT_PHASE_PENDING: AccountPhase
BOOKING_KIND_UNSPECIFIED: BookingKind
BOOKING_KIND_SETTLED: BookingKind
BOOKING_KIND_REVERSED: BookingKind
BOOKING_KIND_DEDUCTION: BookingKind
BOOKING_KIND_PREPAYMENT: BookingKind
BOOKING_KIND_PAYMENT: BookingKind
BOOKING_KIND_PREPAYMENT_PAYMENT: BookingKind
LEDGER_PROBLEM_KIND_UNSPECIFIED: LedgerProblemKind
LEDGER_PROBLEM_KIND_BLOCK_MISSING: LedgerProblemKind
LEDGER_PROBLEM_KIND_CHAIN_BROKEN: LedgerProblemKind
LEDGER_PROBLEM_KIND_CONTENT_CHANGED: LedgerProblemKind
LEDGER_PROBLEM_KIND_OTHER_CHAIN: LedgerProblemKind
LEDGER_PROBLEM_KIND_BALANCE_CHANGED: LedgerProblemKind

class Position(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "month", "scheme_code", "owed", "funds", "settlement_count", "reversal_count")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    OWED_FIELD_NUMBER: _ClassVar[int]
    FUNDS_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVERSAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    month: str
    scheme_code: str
    owed: _money_pb2.Money
    funds: _containers.RepeatedCompositeFieldContainer[FundPosition]
    settlement_count: int
    reversal_count: int
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., scheme_code: _Optional[str] = ..., owed: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., funds: _Optional[_Iterable[_Union[FundPosition, _Mapping]]] = ..., settlement_count: _Optional[int] = ..., reversal_count: _Optional[int] = ...) -> None: ...

class FundPosition(_message.Message):
    __slots__ = ("fund_type_code", "owed")
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    OWED_FIELD_NUMBER: _ClassVar[int]
    fund_type_code: str
    owed: _money_pb2.Money
    def __init__(self, fund_type_code: _Optional[str] = ..., owed: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("entry_id", "transfer_id", "settlement_id", "insured_region_code", "care_region_code", "month", "scheme_code", "fund_type_code", "side", "amount", "reverses_transfer_id", "create_time", "purpose", "phase", "kind", "block_id", "source_id", "resolves_transfer_id")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REVERSES_TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLVES_TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    entry_id: int
    transfer_id: str
    settlement_id: str
    insured_region_code: str
    care_region_code: str
    month: str
    scheme_code: str
    fund_type_code: str
    side: AccountSide
    amount: _money_pb2.Money
    reverses_transfer_id: str
    create_time: _timestamp_pb2.Timestamp
    purpose: AccountPurpose
    phase: AccountPhase
    kind: BookingKind
    block_id: int
    source_id: str
    resolves_transfer_id: str
    def __init__(self, entry_id: _Optional[int] = ..., transfer_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., scheme_code: _Optional[str] = ..., fund_type_code: _Optional[str] = ..., side: _Optional[_Union[AccountSide, str]] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reverses_transfer_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., purpose: _Optional[_Union[AccountPurpose, str]] = ..., phase: _Optional[_Union[AccountPhase, str]] = ..., kind: _Optional[_Union[BookingKind, str]] = ..., block_id: _Optional[int] = ..., source_id: _Optional[str] = ..., resolves_transfer_id: _Optional[str] = ...) -> None: ...

class Balance(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "month", "scheme_code", "fund_type_code", "purpose", "phase", "owed")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    OWED_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    month: str
    scheme_code: str
    fund_type_code: str
    purpose: AccountPurpose
    phase: AccountPhase
    owed: _money_pb2.Money
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., scheme_code: _Optional[str] = ..., fund_type_code: _Optional[str] = ..., purpose: _Optional[_Union[AccountPurpose, str]] = ..., phase: _Optional[_Union[AccountPhase, str]] = ..., owed: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class LedgerProblem(_message.Message):
    __slots__ = ("block_id", "kind")
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    block_id: int
    kind: LedgerProblemKind
    def __init__(self, block_id: _Optional[int] = ..., kind: _Optional[_Union[LedgerProblemKind, str]] = ...) -> None: ...
