import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from yijie.identity.v1 import person_pb2 as _person_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CardChange(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CARD_CHANGE_UNSPECIFIED: _ClassVar[CardChange]
    CARD_CHANGE_ACTIVATE: _ClassVar[CardChange]
    CARD_CHANGE_REPORT_LOST: _ClassVar[CardChange]
    CARD_CHANGE_REPORT_FOUND: _ClassVar[CardChange]
    CARD_CHANGE_CANCEL: _ClassVar[CardChange]
    CARD_CHANGE_REPLACE: _ClassVar[CardChange]
    CARD_CHANGE_REGISTER: _ClassVar[CardChange]
CARD_CHANGE_UNSPECIFIED: CardChange
CARD_CHANGE_ACTIVATE: CardChange
CARD_CHANGE_REPORT_LOST: CardChange
CARD_CHANGE_REPORT_FOUND: CardChange
CARD_CHANGE_CANCEL: CardChange
CARD_CHANGE_REPLACE: CardChange
CARD_CHANGE_REGISTER: CardChange

class ChangeCardStateRequest(_message.Message):
    __slots__ = ("request_id", "card_number", "change", "agency_region_code")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CARD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    AGENCY_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    card_number: str
    change: CardChange
    agency_region_code: str
    def __init__(self, request_id: _Optional[str] = ..., card_number: _Optional[str] = ..., change: _Optional[_Union[CardChange, str]] = ..., agency_region_code: _Optional[str] = ...) -> None: ...

class ChangeCardStateResponse(_message.Message):
    __slots__ = ("card",)
    CARD_FIELD_NUMBER: _ClassVar[int]
    card: _person_pb2.Card
    def __init__(self, card: _Optional[_Union[_person_pb2.Card, _Mapping]] = ...) -> None: ...

class ReplaceCardRequest(_message.Message):
    __slots__ = ("request_id", "card_number", "person_id", "new_card_number", "new_recognition_code", "issuing_region_code", "kind")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CARD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    NEW_CARD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    NEW_RECOGNITION_CODE_FIELD_NUMBER: _ClassVar[int]
    ISSUING_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    card_number: str
    person_id: str
    new_card_number: str
    new_recognition_code: str
    issuing_region_code: str
    kind: _person_pb2.CardKind
    def __init__(self, request_id: _Optional[str] = ..., card_number: _Optional[str] = ..., person_id: _Optional[str] = ..., new_card_number: _Optional[str] = ..., new_recognition_code: _Optional[str] = ..., issuing_region_code: _Optional[str] = ..., kind: _Optional[_Union[_person_pb2.CardKind, str]] = ...) -> None: ...

class ReplaceCardResponse(_message.Message):
    __slots__ = ("card", "replaced_card")
    CARD_FIELD_NUMBER: _ClassVar[int]
    REPLACED_CARD_FIELD_NUMBER: _ClassVar[int]
    card: _person_pb2.Card
    replaced_card: _person_pb2.Card
    def __init__(self, card: _Optional[_Union[_person_pb2.Card, _Mapping]] = ..., replaced_card: _Optional[_Union[_person_pb2.Card, _Mapping]] = ...) -> None: ...

class ListCardChangesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "person_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    person_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., person_id: _Optional[str] = ...) -> None: ...

class ListCardChangesResponse(_message.Message):
    __slots__ = ("changes", "next_page_token")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[CardStateChange]
    next_page_token: str
    def __init__(self, changes: _Optional[_Iterable[_Union[CardStateChange, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CardStateChange(_message.Message):
    __slots__ = ("masked_card_number", "kind", "change", "state", "agency_region_code", "change_time")
    MASKED_CARD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AGENCY_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    masked_card_number: str
    kind: _person_pb2.CardKind
    change: CardChange
    state: _person_pb2.CardState
    agency_region_code: str
    change_time: _timestamp_pb2.Timestamp
    def __init__(self, masked_card_number: _Optional[str] = ..., kind: _Optional[_Union[_person_pb2.CardKind, str]] = ..., change: _Optional[_Union[CardChange, str]] = ..., state: _Optional[_Union[_person_pb2.CardState, str]] = ..., agency_region_code: _Optional[str] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
