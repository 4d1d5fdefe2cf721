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

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_LOW: _ClassVar[Severity]
    SEVERITY_MEDIUM: _ClassVar[Severity]
    SEVERITY_HIGH: _ClassVar[Severity]

class Effect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFECT_UNSPECIFIED: _ClassVar[Effect]
    EFFECT_MARK: _ClassVar[Effect]
    EFFECT_BLOCK: _ClassVar[Effect]

class ResultClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESULT_CLASS_UNSPECIFIED: _ClassVar[ResultClass]
    RESULT_CLASS_VIOLATION: _ClassVar[ResultClass]
    RESULT_CLASS_SUSPICIOUS: _ClassVar[ResultClass]
    RESULT_CLASS_TO_VERIFY: _ClassVar[ResultClass]

class FindingMoment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINDING_MOMENT_UNSPECIFIED: _ClassVar[FindingMoment]
    FINDING_MOMENT_ROUND_TRIP: _ClassVar[FindingMoment]
    FINDING_MOMENT_AFTERWARDS: _ClassVar[FindingMoment]
    FINDING_MOMENT_AUDIT: _ClassVar[FindingMoment]
    FINDING_MOMENT_MINING: _ClassVar[FindingMoment]

class WithdrawalReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WITHDRAWAL_REASON_UNSPECIFIED: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_REVERSED: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_OTHER_REVERSED: _ClassVar[WithdrawalReason]
    WITHDRAWAL_REASON_SUPERSEDED: _ClassVar[WithdrawalReason]
SEVERITY_UNSPECIFIED: Severity
SEVERITY_LOW: Severity
SEVERITY_MEDIUM: Severity
SEVERITY_HIGH: Severity
EFFECT_UNSPECIFIED: Effect
EFFECT_MARK: Effect
EFFECT_BLOCK: Effect
RESULT_CLASS_UNSPECIFIED: ResultClass
RESULT_CLASS_VIOLATION: ResultClass
RESULT_CLASS_SUSPICIOUS: ResultClass
RESULT_CLASS_TO_VERIFY: ResultClass
FINDING_MOMENT_UNSPECIFIED: FindingMoment
FINDING_MOMENT_ROUND_TRIP: FindingMoment
FINDING_MOMENT_AFTERWARDS: FindingMoment
FINDING_MOMENT_AUDIT: FindingMoment
FINDING_MOMENT_MINING: FindingMoment
WITHDRAWAL_REASON_UNSPECIFIED: WithdrawalReason
WITHDRAWAL_REASON_REVERSED: WithdrawalReason
WITHDRAWAL_REASON_OTHER_REVERSED: WithdrawalReason
WITHDRAWAL_REASON_SUPERSEDED: WithdrawalReason

class Finding(_message.Message):
    __slots__ = ("rule_code", "result_class", "line_ids", "amount", "message_zh", "message_en", "ruleset_version", "severity", "effect", "source_zh", "other_bill_keys")
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    RESULT_CLASS_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ZH_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_EN_FIELD_NUMBER: _ClassVar[int]
    RULESET_VERSION_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ZH_FIELD_NUMBER: _ClassVar[int]
    OTHER_BILL_KEYS_FIELD_NUMBER: _ClassVar[int]
    rule_code: str
    result_class: ResultClass
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    amount: _money_pb2.Money
    message_zh: str
    message_en: str
    ruleset_version: str
    severity: Severity
    effect: Effect
    source_zh: str
    other_bill_keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rule_code: _Optional[str] = ..., result_class: _Optional[_Union[ResultClass, str]] = ..., line_ids: _Optional[_Iterable[str]] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., message_zh: _Optional[str] = ..., message_en: _Optional[str] = ..., ruleset_version: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., effect: _Optional[_Union[Effect, str]] = ..., source_zh: _Optional[str] = ..., other_bill_keys: _Optional[_Iterable[str]] = ...) -> None: ...

class RecordedFinding(_message.Message):
    __slots__ = ("finding_id", "settlement_id", "care_region_code", "insured_region_code", "institution_code", "finding", "reversed", "create_time", "moment", "withdrawal_reason", "withdraw_time")
    FINDING_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    REVERSED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MOMENT_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_REASON_FIELD_NUMBER: _ClassVar[int]
    WITHDRAW_TIME_FIELD_NUMBER: _ClassVar[int]
    finding_id: str
    settlement_id: str
    care_region_code: str
    insured_region_code: str
    institution_code: str
    finding: Finding
    reversed: bool
    create_time: _timestamp_pb2.Timestamp
    moment: FindingMoment
    withdrawal_reason: WithdrawalReason
    withdraw_time: _timestamp_pb2.Timestamp
    def __init__(self, finding_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., finding: _Optional[_Union[Finding, _Mapping]] = ..., reversed: _Optional[bool] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., moment: _Optional[_Union[FindingMoment, str]] = ..., withdrawal_reason: _Optional[_Union[WithdrawalReason, str]] = ..., withdraw_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
