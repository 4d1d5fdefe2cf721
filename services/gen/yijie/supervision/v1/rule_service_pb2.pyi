import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.supervision.v1 import rule_pb2 as _rule_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PublishRulePackRequest(_message.Message):
    __slots__ = ("request_id", "pack", "valid_from_time", "key_id", "signature", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PACK_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    pack: bytes
    valid_from_time: _timestamp_pb2.Timestamp
    key_id: str
    signature: bytes
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., pack: _Optional[bytes] = ..., valid_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., key_id: _Optional[str] = ..., signature: _Optional[bytes] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class PublishRulePackResponse(_message.Message):
    __slots__ = ("pack",)
    PACK_FIELD_NUMBER: _ClassVar[int]
    pack: _rule_pb2.RulePack
    def __init__(self, pack: _Optional[_Union[_rule_pb2.RulePack, _Mapping]] = ...) -> None: ...

class WithdrawRulePackRequest(_message.Message):
    __slots__ = ("request_id", "publication_id", "maker_id", "checker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_ID_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    publication_id: str
    maker_id: str
    checker_id: str
    def __init__(self, request_id: _Optional[str] = ..., publication_id: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ...) -> None: ...

class WithdrawRulePackResponse(_message.Message):
    __slots__ = ("pack",)
    PACK_FIELD_NUMBER: _ClassVar[int]
    pack: _rule_pb2.RulePack
    def __init__(self, pack: _Optional[_Union[_rule_pb2.RulePack, _Mapping]] = ...) -> None: ...

class ListRulePacksRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRulePacksResponse(_message.Message):
    __slots__ = ("packs", "next_page_token", "running_version")
    PACKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RUNNING_VERSION_FIELD_NUMBER: _ClassVar[int]
    packs: _containers.RepeatedCompositeFieldContainer[_rule_pb2.RulePack]
    next_page_token: str
    running_version: str
    def __init__(self, packs: _Optional[_Iterable[_Union[_rule_pb2.RulePack, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., running_version: _Optional[str] = ...) -> None: ...

class ListRulesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "version")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    version: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class ListRulesResponse(_message.Message):
    __slots__ = ("rules", "next_page_token", "version")
    RULES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[_rule_pb2.Rule]
    next_page_token: str
    version: str
    def __init__(self, rules: _Optional[_Iterable[_Union[_rule_pb2.Rule, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class DryRunRulePackRequest(_message.Message):
    __slots__ = ("pack", "version", "settle_date_min", "settle_date_max", "bills_max")
    PACK_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SETTLE_DATE_MIN_FIELD_NUMBER: _ClassVar[int]
    SETTLE_DATE_MAX_FIELD_NUMBER: _ClassVar[int]
    BILLS_MAX_FIELD_NUMBER: _ClassVar[int]
    pack: bytes
    version: str
    settle_date_min: _date_pb2.Date
    settle_date_max: _date_pb2.Date
    bills_max: int
    def __init__(self, pack: _Optional[bytes] = ..., version: _Optional[str] = ..., settle_date_min: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., settle_date_max: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., bills_max: _Optional[int] = ...) -> None: ...

class DryRunRulePackResponse(_message.Message):
    __slots__ = ("version", "running_version", "bill_count", "bill_amount", "tallies", "complete", "truncated")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RUNNING_VERSION_FIELD_NUMBER: _ClassVar[int]
    BILL_COUNT_FIELD_NUMBER: _ClassVar[int]
    BILL_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    TALLIES_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    version: str
    running_version: str
    bill_count: int
    bill_amount: _money_pb2.Money
    tallies: _containers.RepeatedCompositeFieldContainer[_rule_pb2.RuleTally]
    complete: bool
    truncated: bool
    def __init__(self, version: _Optional[str] = ..., running_version: _Optional[str] = ..., bill_count: _Optional[int] = ..., bill_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., tallies: _Optional[_Iterable[_Union[_rule_pb2.RuleTally, _Mapping]]] = ..., complete: _Optional[bool] = ..., truncated: _Optional[bool] = ...) -> None: ...

class GetRuleRatesRequest(_message.Message):
    __slots__ = ("open_date_min", "open_date_max")
    OPEN_DATE_MIN_FIELD_NUMBER: _ClassVar[int]
    OPEN_DATE_MAX_FIELD_NUMBER: _ClassVar[int]
    open_date_min: _date_pb2.Date
    open_date_max: _date_pb2.Date
    def __init__(self, open_date_min: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., open_date_max: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class GetRuleRatesResponse(_message.Message):
    __slots__ = ("rates",)
    RATES_FIELD_NUMBER: _ClassVar[int]
    rates: _containers.RepeatedCompositeFieldContainer[_rule_pb2.RuleRate]
    def __init__(self, rates: _Optional[_Iterable[_Union[_rule_pb2.RuleRate, _Mapping]]] = ...) -> None: ...
