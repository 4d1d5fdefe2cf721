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
ACCOUNT_SIDE_UNSPECIFIED: AccountSide
ACCOUNT_SIDE_PAYABLE: AccountSide
ACCOUNT_SIDE_RECEIVABLE: AccountSide

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
    __slots__ = ("entry_id", "transfer_id", "settlement_id", "insured_region_code", "care_region_code", "month", "scheme_code", "fund_type_code", "side", "amount", "reverses_transfer_id", "create_time")
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
    def __init__(self, entry_id: _Optional[int] = ..., transfer_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., scheme_code: _Optional[str] = ..., fund_type_code: _Optional[str] = ..., side: _Optional[_Union[AccountSide, str]] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reverses_transfer_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
