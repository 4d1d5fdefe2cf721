import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreditSubject(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CREDIT_SUBJECT_UNSPECIFIED: _ClassVar[CreditSubject]
    CREDIT_SUBJECT_INSTITUTION: _ClassVar[CreditSubject]
    CREDIT_SUBJECT_DOCTOR: _ClassVar[CreditSubject]
    CREDIT_SUBJECT_PERSON: _ClassVar[CreditSubject]

class ConsequenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSEQUENCE_KIND_UNSPECIFIED: _ClassVar[ConsequenceKind]
    CONSEQUENCE_KIND_TALK: _ClassVar[ConsequenceKind]
    CONSEQUENCE_KIND_SUSPEND_BUSINESS: _ClassVar[ConsequenceKind]
    CONSEQUENCE_KIND_SUSPEND_INSTITUTION: _ClassVar[ConsequenceKind]
    CONSEQUENCE_KIND_SUSPEND_DOCTOR: _ClassVar[ConsequenceKind]
    CONSEQUENCE_KIND_WATCH_PERSON: _ClassVar[ConsequenceKind]

class ConsequenceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSEQUENCE_STATE_UNSPECIFIED: _ClassVar[ConsequenceState]
    CONSEQUENCE_STATE_PROPOSED: _ClassVar[ConsequenceState]
    CONSEQUENCE_STATE_APPROVED: _ClassVar[ConsequenceState]
    CONSEQUENCE_STATE_APPLIED: _ClassVar[ConsequenceState]
    CONSEQUENCE_STATE_REJECTED: _ClassVar[ConsequenceState]
    CONSEQUENCE_STATE_WITHDRAWN: _ClassVar[ConsequenceState]

class OnSiteReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_SITE_REASON_UNSPECIFIED: _ClassVar[OnSiteReason]
    ON_SITE_REASON_LONG_STAY: _ClassVar[OnSiteReason]
    ON_SITE_REASON_HIGH_COST: _ClassVar[OnSiteReason]
CREDIT_SUBJECT_UNSPECIFIED: CreditSubject
CREDIT_SUBJECT_INSTITUTION: CreditSubject
CREDIT_SUBJECT_DOCTOR: CreditSubject
CREDIT_SUBJECT_PERSON: CreditSubject
CONSEQUENCE_KIND_UNSPECIFIED: ConsequenceKind
CONSEQUENCE_KIND_TALK: ConsequenceKind
CONSEQUENCE_KIND_SUSPEND_BUSINESS: ConsequenceKind
CONSEQUENCE_KIND_SUSPEND_INSTITUTION: ConsequenceKind
CONSEQUENCE_KIND_SUSPEND_DOCTOR: ConsequenceKind
CONSEQUENCE_KIND_WATCH_PERSON: ConsequenceKind
CONSEQUENCE_STATE_UNSPECIFIED: ConsequenceState
CONSEQUENCE_STATE_PROPOSED: ConsequenceState
CONSEQUENCE_STATE_APPROVED: ConsequenceState
CONSEQUENCE_STATE_APPLIED: ConsequenceState
CONSEQUENCE_STATE_REJECTED: ConsequenceState
CONSEQUENCE_STATE_WITHDRAWN: ConsequenceState
ON_SITE_REASON_UNSPECIFIED: OnSiteReason
ON_SITE_REASON_LONG_STAY: OnSiteReason
ON_SITE_REASON_HIGH_COST: OnSiteReason

class CreditEvent(_message.Message):
    __slots__ = ("event_id", "case_id", "rule_code", "points", "event_date", "remaining", "explanation_zh")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    EVENT_DATE_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    case_id: str
    rule_code: str
    points: _decimal_pb2.Decimal
    event_date: _date_pb2.Date
    remaining: _decimal_pb2.Decimal
    explanation_zh: str
    def __init__(self, event_id: _Optional[str] = ..., case_id: _Optional[str] = ..., rule_code: _Optional[str] = ..., points: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., event_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., remaining: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., explanation_zh: _Optional[str] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ("subject", "subject_id", "on_date", "points", "events", "formula_zh", "sample")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    FORMULA_ZH_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    subject: CreditSubject
    subject_id: str
    on_date: _date_pb2.Date
    points: _decimal_pb2.Decimal
    events: _containers.RepeatedCompositeFieldContainer[CreditEvent]
    formula_zh: str
    sample: bool
    def __init__(self, subject: _Optional[_Union[CreditSubject, str]] = ..., subject_id: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., points: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., events: _Optional[_Iterable[_Union[CreditEvent, _Mapping]]] = ..., formula_zh: _Optional[str] = ..., sample: _Optional[bool] = ...) -> None: ...

class Consequence(_message.Message):
    __slots__ = ("consequence_id", "subject", "subject_id", "region_code", "kind", "medical_type_code", "days", "points", "state", "propose_time", "decide_time", "maker_id", "checker_id", "note", "begin_date", "end_date", "suspension_id")
    CONSEQUENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROPOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    SUSPENSION_ID_FIELD_NUMBER: _ClassVar[int]
    consequence_id: str
    subject: CreditSubject
    subject_id: str
    region_code: str
    kind: ConsequenceKind
    medical_type_code: str
    days: int
    points: _decimal_pb2.Decimal
    state: ConsequenceState
    propose_time: _timestamp_pb2.Timestamp
    decide_time: _timestamp_pb2.Timestamp
    maker_id: str
    checker_id: str
    note: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    suspension_id: str
    def __init__(self, consequence_id: _Optional[str] = ..., subject: _Optional[_Union[CreditSubject, str]] = ..., subject_id: _Optional[str] = ..., region_code: _Optional[str] = ..., kind: _Optional[_Union[ConsequenceKind, str]] = ..., medical_type_code: _Optional[str] = ..., days: _Optional[int] = ..., points: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., state: _Optional[_Union[ConsequenceState, str]] = ..., propose_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., suspension_id: _Optional[str] = ...) -> None: ...
