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

class TicketKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TICKET_KIND_UNSPECIFIED: _ClassVar[TicketKind]
    TICKET_KIND_CANNOT_SETTLE: _ClassVar[TicketKind]
    TICKET_KIND_VERIFY_BILL: _ClassVar[TicketKind]
    TICKET_KIND_SYSTEM_FAULT: _ClassVar[TicketKind]

class TicketState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TICKET_STATE_UNSPECIFIED: _ClassVar[TicketState]
    TICKET_STATE_OPEN: _ClassVar[TicketState]
    TICKET_STATE_ANSWERED: _ClassVar[TicketState]
    TICKET_STATE_CLOSED: _ClassVar[TicketState]

class TicketParty(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TICKET_PARTY_UNSPECIFIED: _ClassVar[TicketParty]
    TICKET_PARTY_CARE_PROVINCE: _ClassVar[TicketParty]
    TICKET_PARTY_INSURED_PROVINCE: _ClassVar[TicketParty]
    TICKET_PARTY_INSTITUTION: _ClassVar[TicketParty]
    TICKET_PARTY_HUB: _ClassVar[TicketParty]
TICKET_KIND_UNSPECIFIED: TicketKind
TICKET_KIND_CANNOT_SETTLE: TicketKind
TICKET_KIND_VERIFY_BILL: TicketKind
TICKET_KIND_SYSTEM_FAULT: TicketKind
TICKET_STATE_UNSPECIFIED: TicketState
TICKET_STATE_OPEN: TicketState
TICKET_STATE_ANSWERED: TicketState
TICKET_STATE_CLOSED: TicketState
TICKET_PARTY_UNSPECIFIED: TicketParty
TICKET_PARTY_CARE_PROVINCE: TicketParty
TICKET_PARTY_INSURED_PROVINCE: TicketParty
TICKET_PARTY_INSTITUTION: TicketParty
TICKET_PARTY_HUB: TicketParty

class TicketChange(_message.Message):
    __slots__ = ("state", "level", "change_time", "region_code", "maker_id", "note")
    STATE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    state: TicketState
    level: int
    change_time: _timestamp_pb2.Timestamp
    region_code: str
    maker_id: str
    note: str
    def __init__(self, state: _Optional[_Union[TicketState, str]] = ..., level: _Optional[int] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., region_code: _Optional[str] = ..., maker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class TicketRefusal(_message.Message):
    __slots__ = ("refusal_id", "refuse_time", "institution_code", "trace_id", "request_id")
    REFUSAL_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSE_TIME_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    refusal_id: str
    refuse_time: _timestamp_pb2.Timestamp
    institution_code: str
    trace_id: str
    request_id: str
    def __init__(self, refusal_id: _Optional[str] = ..., refuse_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., institution_code: _Optional[str] = ..., trace_id: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class Ticket(_message.Message):
    __slots__ = ("ticket_id", "kind", "state", "party", "responsible_region_code", "institution_code", "opener_region_code", "automatic", "reason", "care_region_code", "insured_region_code", "settlement_id", "question", "answer", "refusal_count", "refused_amount", "last_refusal_time", "level", "open_time", "due_time", "overdue", "answer_time", "late", "reopen_count", "close_time", "opener_id", "changes", "refusals")
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    RESPONSIBLE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    OPENER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    AUTOMATIC_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_REFUSAL_TIME_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_TIME_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    REOPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    OPENER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    ticket_id: str
    kind: TicketKind
    state: TicketState
    party: TicketParty
    responsible_region_code: str
    institution_code: str
    opener_region_code: str
    automatic: bool
    reason: str
    care_region_code: str
    insured_region_code: str
    settlement_id: str
    question: str
    answer: str
    refusal_count: int
    refused_amount: _money_pb2.Money
    last_refusal_time: _timestamp_pb2.Timestamp
    level: int
    open_time: _timestamp_pb2.Timestamp
    due_time: _timestamp_pb2.Timestamp
    overdue: bool
    answer_time: _timestamp_pb2.Timestamp
    late: bool
    reopen_count: int
    close_time: _timestamp_pb2.Timestamp
    opener_id: str
    changes: _containers.RepeatedCompositeFieldContainer[TicketChange]
    refusals: _containers.RepeatedCompositeFieldContainer[TicketRefusal]
    def __init__(self, ticket_id: _Optional[str] = ..., kind: _Optional[_Union[TicketKind, str]] = ..., state: _Optional[_Union[TicketState, str]] = ..., party: _Optional[_Union[TicketParty, str]] = ..., responsible_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., opener_region_code: _Optional[str] = ..., automatic: _Optional[bool] = ..., reason: _Optional[str] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., settlement_id: _Optional[str] = ..., question: _Optional[str] = ..., answer: _Optional[str] = ..., refusal_count: _Optional[int] = ..., refused_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., last_refusal_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., level: _Optional[int] = ..., open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overdue: _Optional[bool] = ..., answer_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., late: _Optional[bool] = ..., reopen_count: _Optional[int] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., opener_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[TicketChange, _Mapping]]] = ..., refusals: _Optional[_Iterable[_Union[TicketRefusal, _Mapping]]] = ...) -> None: ...

class TicketSummary(_message.Message):
    __slots__ = ("region_code", "kind", "opened_count", "in_time_count", "late_count", "overdue_count", "waiting_count", "withdrawn_count", "closed_count", "escalated_count", "reopened_count", "refusal_count", "median_answer_minutes")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OPENED_COUNT_FIELD_NUMBER: _ClassVar[int]
    IN_TIME_COUNT_FIELD_NUMBER: _ClassVar[int]
    LATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_COUNT_FIELD_NUMBER: _ClassVar[int]
    WAITING_COUNT_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ESCALATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REOPENED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_ANSWER_MINUTES_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    kind: TicketKind
    opened_count: int
    in_time_count: int
    late_count: int
    overdue_count: int
    waiting_count: int
    withdrawn_count: int
    closed_count: int
    escalated_count: int
    reopened_count: int
    refusal_count: int
    median_answer_minutes: int
    def __init__(self, region_code: _Optional[str] = ..., kind: _Optional[_Union[TicketKind, str]] = ..., opened_count: _Optional[int] = ..., in_time_count: _Optional[int] = ..., late_count: _Optional[int] = ..., overdue_count: _Optional[int] = ..., waiting_count: _Optional[int] = ..., withdrawn_count: _Optional[int] = ..., closed_count: _Optional[int] = ..., escalated_count: _Optional[int] = ..., reopened_count: _Optional[int] = ..., refusal_count: _Optional[int] = ..., median_answer_minutes: _Optional[int] = ...) -> None: ...
