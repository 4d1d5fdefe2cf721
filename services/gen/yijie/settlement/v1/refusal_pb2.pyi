import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RefusedCall(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFUSED_CALL_UNSPECIFIED: _ClassVar[RefusedCall]
    REFUSED_CALL_SETTLE: _ClassVar[RefusedCall]
    REFUSED_CALL_SETTLE_VISIT: _ClassVar[RefusedCall]

class RefusalParty(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFUSAL_PARTY_UNSPECIFIED: _ClassVar[RefusalParty]
    REFUSAL_PARTY_REQUEST: _ClassVar[RefusalParty]
    REFUSAL_PARTY_HUB: _ClassVar[RefusalParty]
    REFUSAL_PARTY_INSURED_REGION: _ClassVar[RefusalParty]
    REFUSAL_PARTY_SYSTEM: _ClassVar[RefusalParty]
REFUSED_CALL_UNSPECIFIED: RefusedCall
REFUSED_CALL_SETTLE: RefusedCall
REFUSED_CALL_SETTLE_VISIT: RefusedCall
REFUSAL_PARTY_UNSPECIFIED: RefusalParty
REFUSAL_PARTY_REQUEST: RefusalParty
REFUSAL_PARTY_HUB: RefusalParty
REFUSAL_PARTY_INSURED_REGION: RefusalParty
REFUSAL_PARTY_SYSTEM: RefusalParty

class Refusal(_message.Message):
    __slots__ = ("refusal_id", "refuse_time", "call", "reason", "service", "party", "retryable", "care_region_code", "insured_region_code", "institution_code", "medical_type_code", "scheme_code", "emergency", "begin_date", "end_date", "total", "person_id", "visit_id", "settlement_id", "request_id", "trace_id", "duration_ms", "rule_codes")
    REFUSAL_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSE_TIME_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    RULE_CODES_FIELD_NUMBER: _ClassVar[int]
    refusal_id: str
    refuse_time: _timestamp_pb2.Timestamp
    call: RefusedCall
    reason: str
    service: str
    party: RefusalParty
    retryable: bool
    care_region_code: str
    insured_region_code: str
    institution_code: str
    medical_type_code: str
    scheme_code: str
    emergency: bool
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    total: _money_pb2.Money
    person_id: str
    visit_id: str
    settlement_id: str
    request_id: str
    trace_id: str
    duration_ms: int
    rule_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, refusal_id: _Optional[str] = ..., refuse_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., call: _Optional[_Union[RefusedCall, str]] = ..., reason: _Optional[str] = ..., service: _Optional[str] = ..., party: _Optional[_Union[RefusalParty, str]] = ..., retryable: _Optional[bool] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., emergency: _Optional[bool] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., person_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., request_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., duration_ms: _Optional[int] = ..., rule_codes: _Optional[_Iterable[str]] = ...) -> None: ...
