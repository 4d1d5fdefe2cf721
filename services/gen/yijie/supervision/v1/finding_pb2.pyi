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

class ResultClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESULT_CLASS_UNSPECIFIED: _ClassVar[ResultClass]
    RESULT_CLASS_VIOLATION: _ClassVar[ResultClass]
    RESULT_CLASS_SUSPICIOUS: _ClassVar[ResultClass]
    RESULT_CLASS_TO_VERIFY: _ClassVar[ResultClass]
RESULT_CLASS_UNSPECIFIED: ResultClass
RESULT_CLASS_VIOLATION: ResultClass
RESULT_CLASS_SUSPICIOUS: ResultClass
RESULT_CLASS_TO_VERIFY: ResultClass

class Finding(_message.Message):
    __slots__ = ("rule_code", "result_class", "line_ids", "amount", "message_zh", "message_en", "ruleset_version")
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    RESULT_CLASS_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ZH_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_EN_FIELD_NUMBER: _ClassVar[int]
    RULESET_VERSION_FIELD_NUMBER: _ClassVar[int]
    rule_code: str
    result_class: ResultClass
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    amount: _money_pb2.Money
    message_zh: str
    message_en: str
    ruleset_version: str
    def __init__(self, rule_code: _Optional[str] = ..., result_class: _Optional[_Union[ResultClass, str]] = ..., line_ids: _Optional[_Iterable[str]] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., message_zh: _Optional[str] = ..., message_en: _Optional[str] = ..., ruleset_version: _Optional[str] = ...) -> None: ...

class RecordedFinding(_message.Message):
    __slots__ = ("finding_id", "settlement_id", "care_region_code", "insured_region_code", "institution_code", "finding", "reversed", "create_time")
    FINDING_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    REVERSED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    finding_id: str
    settlement_id: str
    care_region_code: str
    insured_region_code: str
    institution_code: str
    finding: Finding
    reversed: bool
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, finding_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., finding: _Optional[_Union[Finding, _Mapping]] = ..., reversed: _Optional[bool] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
