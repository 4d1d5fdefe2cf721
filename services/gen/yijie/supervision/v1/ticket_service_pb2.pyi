from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.supervision.v1 import ticket_pb2 as _ticket_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpenTicketRequest(_message.Message):
    __slots__ = ("request_id", "region_code", "kind", "party", "responsible_region_code", "institution_code", "settlement_id", "question", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    RESPONSIBLE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    region_code: str
    kind: _ticket_pb2.TicketKind
    party: _ticket_pb2.TicketParty
    responsible_region_code: str
    institution_code: str
    settlement_id: str
    question: str
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., region_code: _Optional[str] = ..., kind: _Optional[_Union[_ticket_pb2.TicketKind, str]] = ..., party: _Optional[_Union[_ticket_pb2.TicketParty, str]] = ..., responsible_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., settlement_id: _Optional[str] = ..., question: _Optional[str] = ..., maker_id: _Optional[str] = ...) -> None: ...

class OpenTicketResponse(_message.Message):
    __slots__ = ("ticket",)
    TICKET_FIELD_NUMBER: _ClassVar[int]
    ticket: _ticket_pb2.Ticket
    def __init__(self, ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ...) -> None: ...

class AnswerTicketRequest(_message.Message):
    __slots__ = ("request_id", "ticket_id", "region_code", "note", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    ticket_id: str
    region_code: str
    note: str
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., ticket_id: _Optional[str] = ..., region_code: _Optional[str] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ...) -> None: ...

class AnswerTicketResponse(_message.Message):
    __slots__ = ("ticket",)
    TICKET_FIELD_NUMBER: _ClassVar[int]
    ticket: _ticket_pb2.Ticket
    def __init__(self, ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ...) -> None: ...

class EscalateTicketRequest(_message.Message):
    __slots__ = ("request_id", "ticket_id", "region_code", "note", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    ticket_id: str
    region_code: str
    note: str
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., ticket_id: _Optional[str] = ..., region_code: _Optional[str] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ...) -> None: ...

class EscalateTicketResponse(_message.Message):
    __slots__ = ("ticket",)
    TICKET_FIELD_NUMBER: _ClassVar[int]
    ticket: _ticket_pb2.Ticket
    def __init__(self, ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ...) -> None: ...

class CloseTicketRequest(_message.Message):
    __slots__ = ("request_id", "ticket_id", "region_code", "note", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    ticket_id: str
    region_code: str
    note: str
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., ticket_id: _Optional[str] = ..., region_code: _Optional[str] = ..., note: _Optional[str] = ..., maker_id: _Optional[str] = ...) -> None: ...

class CloseTicketResponse(_message.Message):
    __slots__ = ("ticket",)
    TICKET_FIELD_NUMBER: _ClassVar[int]
    ticket: _ticket_pb2.Ticket
    def __init__(self, ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ...) -> None: ...

class GetTicketRequest(_message.Message):
    __slots__ = ("ticket_id",)
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    ticket_id: str
    def __init__(self, ticket_id: _Optional[str] = ...) -> None: ...

class GetTicketResponse(_message.Message):
    __slots__ = ("ticket",)
    TICKET_FIELD_NUMBER: _ClassVar[int]
    ticket: _ticket_pb2.Ticket
    def __init__(self, ticket: _Optional[_Union[_ticket_pb2.Ticket, _Mapping]] = ...) -> None: ...

class ListTicketsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "state", "kind", "responsible_region_code", "overdue_only", "institution_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RESPONSIBLE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_ONLY_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    state: _ticket_pb2.TicketState
    kind: _ticket_pb2.TicketKind
    responsible_region_code: str
    overdue_only: bool
    institution_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., state: _Optional[_Union[_ticket_pb2.TicketState, str]] = ..., kind: _Optional[_Union[_ticket_pb2.TicketKind, str]] = ..., responsible_region_code: _Optional[str] = ..., overdue_only: _Optional[bool] = ..., institution_code: _Optional[str] = ...) -> None: ...

class ListTicketsResponse(_message.Message):
    __slots__ = ("tickets", "next_page_token")
    TICKETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tickets: _containers.RepeatedCompositeFieldContainer[_ticket_pb2.Ticket]
    next_page_token: str
    def __init__(self, tickets: _Optional[_Iterable[_Union[_ticket_pb2.Ticket, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SummarizeTicketsRequest(_message.Message):
    __slots__ = ("region_code", "open_date_min", "open_date_max")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    OPEN_DATE_MIN_FIELD_NUMBER: _ClassVar[int]
    OPEN_DATE_MAX_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    open_date_min: _date_pb2.Date
    open_date_max: _date_pb2.Date
    def __init__(self, region_code: _Optional[str] = ..., open_date_min: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., open_date_max: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class SummarizeTicketsResponse(_message.Message):
    __slots__ = ("summaries",)
    SUMMARIES_FIELD_NUMBER: _ClassVar[int]
    summaries: _containers.RepeatedCompositeFieldContainer[_ticket_pb2.TicketSummary]
    def __init__(self, summaries: _Optional[_Iterable[_Union[_ticket_pb2.TicketSummary, _Mapping]]] = ...) -> None: ...
