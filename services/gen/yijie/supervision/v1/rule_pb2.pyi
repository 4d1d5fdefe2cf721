import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RulePackState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RULE_PACK_STATE_UNSPECIFIED: _ClassVar[RulePackState]
    RULE_PACK_STATE_UPCOMING: _ClassVar[RulePackState]
    RULE_PACK_STATE_RUNNING: _ClassVar[RulePackState]
    RULE_PACK_STATE_PAST: _ClassVar[RulePackState]
    RULE_PACK_STATE_WITHDRAWN: _ClassVar[RulePackState]
    RULE_PACK_STATE_REFUSED: _ClassVar[RulePackState]
RULE_PACK_STATE_UNSPECIFIED: RulePackState
RULE_PACK_STATE_UPCOMING: RulePackState
RULE_PACK_STATE_RUNNING: RulePackState
RULE_PACK_STATE_PAST: RulePackState
RULE_PACK_STATE_WITHDRAWN: RulePackState
RULE_PACK_STATE_REFUSED: RulePackState

class RulePack(_message.Message):
    __slots__ = ("publication_id", "version", "valid_from_time", "state", "key_id", "signature", "maker_id", "checker_id", "publish_time", "shipped")
    PUBLICATION_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_TIME_FIELD_NUMBER: _ClassVar[int]
    SHIPPED_FIELD_NUMBER: _ClassVar[int]
    publication_id: str
    version: str
    valid_from_time: _timestamp_pb2.Timestamp
    state: RulePackState
    key_id: str
    signature: bytes
    maker_id: str
    checker_id: str
    publish_time: _timestamp_pb2.Timestamp
    shipped: bool
    def __init__(self, publication_id: _Optional[str] = ..., version: _Optional[str] = ..., valid_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[RulePackState, str]] = ..., key_id: _Optional[str] = ..., signature: _Optional[bytes] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., publish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., shipped: _Optional[bool] = ...) -> None: ...

class Rule(_message.Message):
    __slots__ = ("code", "name_zh", "name_en", "kind", "result_class", "severity", "effect", "when_unscreened", "reach", "moments", "source", "sample", "family", "effective_from_date", "effective_until_date", "point_count", "parameters")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    NAME_EN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RESULT_CLASS_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    WHEN_UNSCREENED_FIELD_NUMBER: _ClassVar[int]
    REACH_FIELD_NUMBER: _ClassVar[int]
    MOMENTS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_DATE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    POINT_COUNT_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    code: str
    name_zh: str
    name_en: str
    kind: str
    result_class: _finding_pb2.ResultClass
    severity: _finding_pb2.Severity
    effect: _finding_pb2.Effect
    when_unscreened: str
    reach: str
    moments: _containers.RepeatedScalarFieldContainer[str]
    source: str
    sample: bool
    family: str
    effective_from_date: _date_pb2.Date
    effective_until_date: _date_pb2.Date
    point_count: int
    parameters: _containers.ScalarMap[str, str]
    def __init__(self, code: _Optional[str] = ..., name_zh: _Optional[str] = ..., name_en: _Optional[str] = ..., kind: _Optional[str] = ..., result_class: _Optional[_Union[_finding_pb2.ResultClass, str]] = ..., severity: _Optional[_Union[_finding_pb2.Severity, str]] = ..., effect: _Optional[_Union[_finding_pb2.Effect, str]] = ..., when_unscreened: _Optional[str] = ..., reach: _Optional[str] = ..., moments: _Optional[_Iterable[str]] = ..., source: _Optional[str] = ..., sample: _Optional[bool] = ..., family: _Optional[str] = ..., effective_from_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., effective_until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., point_count: _Optional[int] = ..., parameters: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RuleRate(_message.Message):
    __slots__ = ("rule_code", "confirmed_count", "rejected_count", "open_count", "confirmed_amount", "rejected_amount", "false_positive_ratio", "ratio_min", "ratio_max")
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FALSE_POSITIVE_RATIO_FIELD_NUMBER: _ClassVar[int]
    RATIO_MIN_FIELD_NUMBER: _ClassVar[int]
    RATIO_MAX_FIELD_NUMBER: _ClassVar[int]
    rule_code: str
    confirmed_count: int
    rejected_count: int
    open_count: int
    confirmed_amount: _money_pb2.Money
    rejected_amount: _money_pb2.Money
    false_positive_ratio: _decimal_pb2.Decimal
    ratio_min: _decimal_pb2.Decimal
    ratio_max: _decimal_pb2.Decimal
    def __init__(self, rule_code: _Optional[str] = ..., confirmed_count: _Optional[int] = ..., rejected_count: _Optional[int] = ..., open_count: _Optional[int] = ..., confirmed_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., rejected_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., false_positive_ratio: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., ratio_min: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., ratio_max: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class RuleTally(_message.Message):
    __slots__ = ("rule_code", "name_zh", "finding_count", "bill_count", "amount", "running_finding_count", "running_bill_count", "running_amount", "new_bill_keys", "gone_bill_keys")
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    FINDING_COUNT_FIELD_NUMBER: _ClassVar[int]
    BILL_COUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FINDING_COUNT_FIELD_NUMBER: _ClassVar[int]
    RUNNING_BILL_COUNT_FIELD_NUMBER: _ClassVar[int]
    RUNNING_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    NEW_BILL_KEYS_FIELD_NUMBER: _ClassVar[int]
    GONE_BILL_KEYS_FIELD_NUMBER: _ClassVar[int]
    rule_code: str
    name_zh: str
    finding_count: int
    bill_count: int
    amount: _money_pb2.Money
    running_finding_count: int
    running_bill_count: int
    running_amount: _money_pb2.Money
    new_bill_keys: _containers.RepeatedScalarFieldContainer[str]
    gone_bill_keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rule_code: _Optional[str] = ..., name_zh: _Optional[str] = ..., finding_count: _Optional[int] = ..., bill_count: _Optional[int] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., running_finding_count: _Optional[int] = ..., running_bill_count: _Optional[int] = ..., running_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., new_bill_keys: _Optional[_Iterable[str]] = ..., gone_bill_keys: _Optional[_Iterable[str]] = ...) -> None: ...
