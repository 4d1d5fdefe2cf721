import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.identity.v1 import person_pb2 as _person_pb2
from yijie.settlement.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SettlementView(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SETTLEMENT_VIEW_UNSPECIFIED: _ClassVar[SettlementView]
    SETTLEMENT_VIEW_BASIC: _ClassVar[SettlementView]
    SETTLEMENT_VIEW_FULL: _ClassVar[SettlementView]

class RegionRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REGION_ROLE_UNSPECIFIED: _ClassVar[RegionRole]
    REGION_ROLE_CARE: _ClassVar[RegionRole]
    REGION_ROLE_INSURED: _ClassVar[RegionRole]

class EventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_KIND_UNSPECIFIED: _ClassVar[EventKind]
    EVENT_KIND_SETTLED: _ClassVar[EventKind]
    EVENT_KIND_REVERSED: _ClassVar[EventKind]
SETTLEMENT_VIEW_UNSPECIFIED: SettlementView
SETTLEMENT_VIEW_BASIC: SettlementView
SETTLEMENT_VIEW_FULL: SettlementView
REGION_ROLE_UNSPECIFIED: RegionRole
REGION_ROLE_CARE: RegionRole
REGION_ROLE_INSURED: RegionRole
EVENT_KIND_UNSPECIFIED: EventKind
EVENT_KIND_SETTLED: EventKind
EVENT_KIND_REVERSED: EventKind

class PreSettleRequest(_message.Message):
    __slots__ = ("patient", "bill", "use_account", "with_trace")
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    USE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    WITH_TRACE_FIELD_NUMBER: _ClassVar[int]
    patient: _settlement_pb2.Patient
    bill: _settlement_pb2.Bill
    use_account: bool
    with_trace: bool
    def __init__(self, patient: _Optional[_Union[_settlement_pb2.Patient, _Mapping]] = ..., bill: _Optional[_Union[_settlement_pb2.Bill, _Mapping]] = ..., use_account: _Optional[bool] = ..., with_trace: _Optional[bool] = ...) -> None: ...

class PreSettleResponse(_message.Message):
    __slots__ = ("settlement", "quote")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    settlement: _settlement_pb2.Settlement
    quote: str
    def __init__(self, settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., quote: _Optional[str] = ...) -> None: ...

class SettleRequest(_message.Message):
    __slots__ = ("request_id", "patient", "bill", "use_account", "with_trace", "quote")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    USE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    WITH_TRACE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    patient: _settlement_pb2.Patient
    bill: _settlement_pb2.Bill
    use_account: bool
    with_trace: bool
    quote: str
    def __init__(self, request_id: _Optional[str] = ..., patient: _Optional[_Union[_settlement_pb2.Patient, _Mapping]] = ..., bill: _Optional[_Union[_settlement_pb2.Bill, _Mapping]] = ..., use_account: _Optional[bool] = ..., with_trace: _Optional[bool] = ..., quote: _Optional[str] = ...) -> None: ...

class SettleResponse(_message.Message):
    __slots__ = ("settlement", "replayed", "trace_id")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    settlement: _settlement_pb2.Settlement
    replayed: bool
    trace_id: str
    def __init__(self, settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., replayed: _Optional[bool] = ..., trace_id: _Optional[str] = ...) -> None: ...

class PreSettleVisitRequest(_message.Message):
    __slots__ = ("visit_id", "institution_code", "credential", "scope", "until_date", "charge_batch_number", "scheme_code", "use_account", "with_trace", "invoice_number")
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    CHARGE_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    USE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    WITH_TRACE_FIELD_NUMBER: _ClassVar[int]
    INVOICE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    visit_id: str
    institution_code: str
    credential: _person_pb2.Credential
    scope: _settlement_pb2.SettlementScope
    until_date: _date_pb2.Date
    charge_batch_number: str
    scheme_code: str
    use_account: bool
    with_trace: bool
    invoice_number: str
    def __init__(self, visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., credential: _Optional[_Union[_person_pb2.Credential, _Mapping]] = ..., scope: _Optional[_Union[_settlement_pb2.SettlementScope, str]] = ..., until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., charge_batch_number: _Optional[str] = ..., scheme_code: _Optional[str] = ..., use_account: _Optional[bool] = ..., with_trace: _Optional[bool] = ..., invoice_number: _Optional[str] = ...) -> None: ...

class PreSettleVisitResponse(_message.Message):
    __slots__ = ("settlement", "quote")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    settlement: _settlement_pb2.Settlement
    quote: str
    def __init__(self, settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., quote: _Optional[str] = ...) -> None: ...

class SettleVisitRequest(_message.Message):
    __slots__ = ("request_id", "visit_id", "institution_code", "credential", "scope", "until_date", "charge_batch_number", "scheme_code", "use_account", "expected_total", "expected_amounts", "quote", "with_trace", "invoice_number")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    CHARGE_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    USE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_TOTAL_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    WITH_TRACE_FIELD_NUMBER: _ClassVar[int]
    INVOICE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    visit_id: str
    institution_code: str
    credential: _person_pb2.Credential
    scope: _settlement_pb2.SettlementScope
    until_date: _date_pb2.Date
    charge_batch_number: str
    scheme_code: str
    use_account: bool
    expected_total: _money_pb2.Money
    expected_amounts: _money_pb2.AmountSplit
    quote: str
    with_trace: bool
    invoice_number: str
    def __init__(self, request_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., credential: _Optional[_Union[_person_pb2.Credential, _Mapping]] = ..., scope: _Optional[_Union[_settlement_pb2.SettlementScope, str]] = ..., until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., charge_batch_number: _Optional[str] = ..., scheme_code: _Optional[str] = ..., use_account: _Optional[bool] = ..., expected_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., expected_amounts: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., quote: _Optional[str] = ..., with_trace: _Optional[bool] = ..., invoice_number: _Optional[str] = ...) -> None: ...

class SettleVisitResponse(_message.Message):
    __slots__ = ("settlement", "replayed", "trace_id")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    settlement: _settlement_pb2.Settlement
    replayed: bool
    trace_id: str
    def __init__(self, settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., replayed: _Optional[bool] = ..., trace_id: _Optional[str] = ...) -> None: ...

class ReverseSettlementRequest(_message.Message):
    __slots__ = ("request_id", "settlement_id", "settle_request_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLE_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    settlement_id: str
    settle_request_id: str
    def __init__(self, request_id: _Optional[str] = ..., settlement_id: _Optional[str] = ..., settle_request_id: _Optional[str] = ...) -> None: ...

class ReverseSettlementResponse(_message.Message):
    __slots__ = ("settlement", "replayed", "trace_id")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    settlement: _settlement_pb2.Settlement
    replayed: bool
    trace_id: str
    def __init__(self, settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., replayed: _Optional[bool] = ..., trace_id: _Optional[str] = ...) -> None: ...

class GetSettlementRequest(_message.Message):
    __slots__ = ("settlement_id", "request_id", "view")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    request_id: str
    view: SettlementView
    def __init__(self, settlement_id: _Optional[str] = ..., request_id: _Optional[str] = ..., view: _Optional[_Union[SettlementView, str]] = ...) -> None: ...

class GetSettlementResponse(_message.Message):
    __slots__ = ("settlement",)
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    settlement: _settlement_pb2.Settlement
    def __init__(self, settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ...) -> None: ...

class ListSettlementsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "care_region_code", "insured_region_code", "create_date_min", "create_date_max", "state")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CREATE_DATE_MIN_FIELD_NUMBER: _ClassVar[int]
    CREATE_DATE_MAX_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    care_region_code: str
    insured_region_code: str
    create_date_min: _date_pb2.Date
    create_date_max: _date_pb2.Date
    state: _settlement_pb2.SettlementState
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., create_date_min: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., create_date_max: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., state: _Optional[_Union[_settlement_pb2.SettlementState, str]] = ...) -> None: ...

class ListSettlementsResponse(_message.Message):
    __slots__ = ("settlements", "next_page_token")
    SETTLEMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    settlements: _containers.RepeatedCompositeFieldContainer[_settlement_pb2.Settlement]
    next_page_token: str
    def __init__(self, settlements: _Optional[_Iterable[_Union[_settlement_pb2.Settlement, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SubscribeRequest(_message.Message):
    __slots__ = ("after_cursor", "region_code", "region_role", "kinds", "view")
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    REGION_ROLE_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    region_code: str
    region_role: RegionRole
    kinds: _containers.RepeatedScalarFieldContainer[EventKind]
    view: SettlementView
    def __init__(self, after_cursor: _Optional[str] = ..., region_code: _Optional[str] = ..., region_role: _Optional[_Union[RegionRole, str]] = ..., kinds: _Optional[_Iterable[_Union[EventKind, str]]] = ..., view: _Optional[_Union[SettlementView, str]] = ...) -> None: ...

class SubscribeResponse(_message.Message):
    __slots__ = ("events", "cursor", "lag_ms")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    cursor: str
    lag_ms: int
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., cursor: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("cursor", "kind", "event_time", "settlement", "invoice_key", "phone_key")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    INVOICE_KEY_FIELD_NUMBER: _ClassVar[int]
    PHONE_KEY_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    kind: EventKind
    event_time: _timestamp_pb2.Timestamp
    settlement: _settlement_pb2.Settlement
    invoice_key: bytes
    phone_key: bytes
    def __init__(self, cursor: _Optional[str] = ..., kind: _Optional[_Union[EventKind, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., invoice_key: _Optional[bytes] = ..., phone_key: _Optional[bytes] = ...) -> None: ...

class RecomputeSettlementRequest(_message.Message):
    __slots__ = ("request_id", "settlement_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    settlement_id: str
    def __init__(self, request_id: _Optional[str] = ..., settlement_id: _Optional[str] = ...) -> None: ...

class RecomputeSettlementResponse(_message.Message):
    __slots__ = ("changed", "settlement", "replaced_settlement", "fund_difference", "account_difference", "cash_difference")
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    REPLACED_SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    FUND_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    CASH_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    changed: bool
    settlement: _settlement_pb2.Settlement
    replaced_settlement: _settlement_pb2.Settlement
    fund_difference: _money_pb2.Money
    account_difference: _money_pb2.Money
    cash_difference: _money_pb2.Money
    def __init__(self, changed: _Optional[bool] = ..., settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., replaced_settlement: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., fund_difference: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_difference: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cash_difference: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...
