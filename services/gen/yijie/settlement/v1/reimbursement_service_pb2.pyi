import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.settlement.v1 import advice_service_pb2 as _advice_service_pb2
from yijie.settlement.v1 import reimbursement_pb2 as _reimbursement_pb2
from yijie.settlement.v1 import settlement_pb2 as _settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as _settlement_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReimbursementDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REIMBURSEMENT_DECISION_UNSPECIFIED: _ClassVar[ReimbursementDecision]
    REIMBURSEMENT_DECISION_APPROVE: _ClassVar[ReimbursementDecision]
    REIMBURSEMENT_DECISION_REJECT: _ClassVar[ReimbursementDecision]
REIMBURSEMENT_DECISION_UNSPECIFIED: ReimbursementDecision
REIMBURSEMENT_DECISION_APPROVE: ReimbursementDecision
REIMBURSEMENT_DECISION_REJECT: ReimbursementDecision

class SubmitReimbursementRequest(_message.Message):
    __slots__ = ("request_id", "patient", "bill", "cause", "maker_id", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    patient: _settlement_pb2.Patient
    bill: _settlement_pb2.Bill
    cause: _reimbursement_pb2.ReimbursementCause
    maker_id: str
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., patient: _Optional[_Union[_settlement_pb2.Patient, _Mapping]] = ..., bill: _Optional[_Union[_settlement_pb2.Bill, _Mapping]] = ..., cause: _Optional[_Union[_reimbursement_pb2.ReimbursementCause, str]] = ..., maker_id: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class SubmitReimbursementResponse(_message.Message):
    __slots__ = ("reimbursement", "replayed")
    REIMBURSEMENT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    reimbursement: _reimbursement_pb2.Reimbursement
    replayed: bool
    def __init__(self, reimbursement: _Optional[_Union[_reimbursement_pb2.Reimbursement, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class DecideReimbursementRequest(_message.Message):
    __slots__ = ("request_id", "reimbursement_id", "region_code", "decision", "checker_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REIMBURSEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reimbursement_id: str
    region_code: str
    decision: ReimbursementDecision
    checker_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., reimbursement_id: _Optional[str] = ..., region_code: _Optional[str] = ..., decision: _Optional[_Union[ReimbursementDecision, str]] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class DecideReimbursementResponse(_message.Message):
    __slots__ = ("reimbursement", "replayed")
    REIMBURSEMENT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    reimbursement: _reimbursement_pb2.Reimbursement
    replayed: bool
    def __init__(self, reimbursement: _Optional[_Union[_reimbursement_pb2.Reimbursement, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class PayReimbursementRequest(_message.Message):
    __slots__ = ("request_id", "reimbursement_id", "region_code", "maker_id", "payment_reference")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REIMBURSEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reimbursement_id: str
    region_code: str
    maker_id: str
    payment_reference: str
    def __init__(self, request_id: _Optional[str] = ..., reimbursement_id: _Optional[str] = ..., region_code: _Optional[str] = ..., maker_id: _Optional[str] = ..., payment_reference: _Optional[str] = ...) -> None: ...

class PayReimbursementResponse(_message.Message):
    __slots__ = ("reimbursement", "replayed")
    REIMBURSEMENT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    reimbursement: _reimbursement_pb2.Reimbursement
    replayed: bool
    def __init__(self, reimbursement: _Optional[_Union[_reimbursement_pb2.Reimbursement, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class CancelReimbursementRequest(_message.Message):
    __slots__ = ("request_id", "reimbursement_id", "region_code", "maker_id", "checker_id", "note", "payment_reference")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REIMBURSEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reimbursement_id: str
    region_code: str
    maker_id: str
    checker_id: str
    note: str
    payment_reference: str
    def __init__(self, request_id: _Optional[str] = ..., reimbursement_id: _Optional[str] = ..., region_code: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ..., payment_reference: _Optional[str] = ...) -> None: ...

class CancelReimbursementResponse(_message.Message):
    __slots__ = ("reimbursement", "replayed")
    REIMBURSEMENT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    reimbursement: _reimbursement_pb2.Reimbursement
    replayed: bool
    def __init__(self, reimbursement: _Optional[_Union[_reimbursement_pb2.Reimbursement, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class GetReimbursementRequest(_message.Message):
    __slots__ = ("reimbursement_id", "region_code", "view")
    REIMBURSEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    reimbursement_id: str
    region_code: str
    view: _settlement_service_pb2.SettlementView
    def __init__(self, reimbursement_id: _Optional[str] = ..., region_code: _Optional[str] = ..., view: _Optional[_Union[_settlement_service_pb2.SettlementView, str]] = ...) -> None: ...

class GetReimbursementResponse(_message.Message):
    __slots__ = ("reimbursement",)
    REIMBURSEMENT_FIELD_NUMBER: _ClassVar[int]
    reimbursement: _reimbursement_pb2.Reimbursement
    def __init__(self, reimbursement: _Optional[_Union[_reimbursement_pb2.Reimbursement, _Mapping]] = ...) -> None: ...

class ListReimbursementsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "state", "care_region_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    state: _reimbursement_pb2.ReimbursementState
    care_region_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., state: _Optional[_Union[_reimbursement_pb2.ReimbursementState, str]] = ..., care_region_code: _Optional[str] = ...) -> None: ...

class ListReimbursementsResponse(_message.Message):
    __slots__ = ("reimbursements", "next_page_token")
    REIMBURSEMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reimbursements: _containers.RepeatedCompositeFieldContainer[_reimbursement_pb2.Reimbursement]
    next_page_token: str
    def __init__(self, reimbursements: _Optional[_Iterable[_Union[_reimbursement_pb2.Reimbursement, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CompareReimbursementRequest(_message.Message):
    __slots__ = ("reimbursement_id", "region_code")
    REIMBURSEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    reimbursement_id: str
    region_code: str
    def __init__(self, reimbursement_id: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class CompareReimbursementResponse(_message.Message):
    __slots__ = ("manual", "direct", "fund_gap", "in_scope_gap", "sample")
    MANUAL_FIELD_NUMBER: _ClassVar[int]
    DIRECT_FIELD_NUMBER: _ClassVar[int]
    FUND_GAP_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_GAP_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    manual: _advice_service_pb2.Pricing
    direct: _advice_service_pb2.Pricing
    fund_gap: _money_pb2.Money
    in_scope_gap: _money_pb2.Money
    sample: bool
    def __init__(self, manual: _Optional[_Union[_advice_service_pb2.Pricing, _Mapping]] = ..., direct: _Optional[_Union[_advice_service_pb2.Pricing, _Mapping]] = ..., fund_gap: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., in_scope_gap: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., sample: _Optional[bool] = ...) -> None: ...

class SubscribeReimbursementsRequest(_message.Message):
    __slots__ = ("after_cursor", "region_code")
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    region_code: str
    def __init__(self, after_cursor: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class SubscribeReimbursementsResponse(_message.Message):
    __slots__ = ("events", "cursor", "lag_ms")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[ReimbursementEvent]
    cursor: str
    lag_ms: int
    def __init__(self, events: _Optional[_Iterable[_Union[ReimbursementEvent, _Mapping]]] = ..., cursor: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...

class ReimbursementEvent(_message.Message):
    __slots__ = ("event_time", "event_id", "reimbursement", "invoice_key", "phone_key")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    REIMBURSEMENT_FIELD_NUMBER: _ClassVar[int]
    INVOICE_KEY_FIELD_NUMBER: _ClassVar[int]
    PHONE_KEY_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    event_id: int
    reimbursement: _reimbursement_pb2.Reimbursement
    invoice_key: bytes
    phone_key: bytes
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_id: _Optional[int] = ..., reimbursement: _Optional[_Union[_reimbursement_pb2.Reimbursement, _Mapping]] = ..., invoice_key: _Optional[bytes] = ..., phone_key: _Optional[bytes] = ...) -> None: ...
