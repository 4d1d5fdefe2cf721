import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.settlement.v1 import settlement_pb2 as _settlement_pb2
from yijie.settlement.v1 import visit_pb2 as _visit_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterVisitRequest(_message.Message):
    __slots__ = ("request_id", "institution_code", "patient", "record")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    institution_code: str
    patient: _settlement_pb2.Patient
    record: _visit_pb2.VisitRecord
    def __init__(self, request_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., patient: _Optional[_Union[_settlement_pb2.Patient, _Mapping]] = ..., record: _Optional[_Union[_visit_pb2.VisitRecord, _Mapping]] = ...) -> None: ...

class RegisterVisitResponse(_message.Message):
    __slots__ = ("visit",)
    VISIT_FIELD_NUMBER: _ClassVar[int]
    visit: _visit_pb2.Visit
    def __init__(self, visit: _Optional[_Union[_visit_pb2.Visit, _Mapping]] = ...) -> None: ...

class UpdateVisitRequest(_message.Message):
    __slots__ = ("request_id", "visit_id", "institution_code", "record", "update_mask")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    visit_id: str
    institution_code: str
    record: _visit_pb2.VisitRecord
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, request_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., record: _Optional[_Union[_visit_pb2.VisitRecord, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateVisitResponse(_message.Message):
    __slots__ = ("visit",)
    VISIT_FIELD_NUMBER: _ClassVar[int]
    visit: _visit_pb2.Visit
    def __init__(self, visit: _Optional[_Union[_visit_pb2.Visit, _Mapping]] = ...) -> None: ...

class CancelVisitRequest(_message.Message):
    __slots__ = ("request_id", "visit_id", "institution_code")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    visit_id: str
    institution_code: str
    def __init__(self, request_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ...) -> None: ...

class CancelVisitResponse(_message.Message):
    __slots__ = ("visit",)
    VISIT_FIELD_NUMBER: _ClassVar[int]
    visit: _visit_pb2.Visit
    def __init__(self, visit: _Optional[_Union[_visit_pb2.Visit, _Mapping]] = ...) -> None: ...

class DischargeVisitRequest(_message.Message):
    __slots__ = ("request_id", "visit_id", "institution_code", "discharge")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    DISCHARGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    visit_id: str
    institution_code: str
    discharge: _visit_pb2.DischargeRecord
    def __init__(self, request_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., discharge: _Optional[_Union[_visit_pb2.DischargeRecord, _Mapping]] = ...) -> None: ...

class DischargeVisitResponse(_message.Message):
    __slots__ = ("visit",)
    VISIT_FIELD_NUMBER: _ClassVar[int]
    visit: _visit_pb2.Visit
    def __init__(self, visit: _Optional[_Union[_visit_pb2.Visit, _Mapping]] = ...) -> None: ...

class CancelDischargeRequest(_message.Message):
    __slots__ = ("request_id", "visit_id", "institution_code")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    visit_id: str
    institution_code: str
    def __init__(self, request_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ...) -> None: ...

class CancelDischargeResponse(_message.Message):
    __slots__ = ("visit",)
    VISIT_FIELD_NUMBER: _ClassVar[int]
    visit: _visit_pb2.Visit
    def __init__(self, visit: _Optional[_Union[_visit_pb2.Visit, _Mapping]] = ...) -> None: ...

class GetVisitRequest(_message.Message):
    __slots__ = ("visit_id", "institution_code")
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    visit_id: str
    institution_code: str
    def __init__(self, visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ...) -> None: ...

class GetVisitResponse(_message.Message):
    __slots__ = ("visit",)
    VISIT_FIELD_NUMBER: _ClassVar[int]
    visit: _visit_pb2.Visit
    def __init__(self, visit: _Optional[_Union[_visit_pb2.Visit, _Mapping]] = ...) -> None: ...

class ListVisitsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "institution_code", "create_date_min", "create_date_max")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    CREATE_DATE_MIN_FIELD_NUMBER: _ClassVar[int]
    CREATE_DATE_MAX_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    institution_code: str
    create_date_min: _date_pb2.Date
    create_date_max: _date_pb2.Date
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., institution_code: _Optional[str] = ..., create_date_min: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., create_date_max: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ListVisitsResponse(_message.Message):
    __slots__ = ("visits", "next_page_token")
    VISITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    visits: _containers.RepeatedCompositeFieldContainer[_visit_pb2.Visit]
    next_page_token: str
    def __init__(self, visits: _Optional[_Iterable[_Union[_visit_pb2.Visit, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UploadFeesRequest(_message.Message):
    __slots__ = ("request_id", "visit_id", "institution_code", "lines")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    visit_id: str
    institution_code: str
    lines: _containers.RepeatedCompositeFieldContainer[_visit_pb2.VisitLine]
    def __init__(self, request_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_visit_pb2.VisitLine, _Mapping]]] = ...) -> None: ...

class UploadFeesResponse(_message.Message):
    __slots__ = ("results", "line_count", "line_total")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    LINE_TOTAL_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_bill_pb2.ClassifiedLine]
    line_count: int
    line_total: _money_pb2.Money
    def __init__(self, results: _Optional[_Iterable[_Union[_bill_pb2.ClassifiedLine, _Mapping]]] = ..., line_count: _Optional[int] = ..., line_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class CancelFeesRequest(_message.Message):
    __slots__ = ("request_id", "visit_id", "institution_code", "line_ids", "all")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    visit_id: str
    institution_code: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    all: bool
    def __init__(self, request_id: _Optional[str] = ..., visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., all: _Optional[bool] = ...) -> None: ...

class CancelFeesResponse(_message.Message):
    __slots__ = ("cancelled_count", "line_count", "line_total")
    CANCELLED_COUNT_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    LINE_TOTAL_FIELD_NUMBER: _ClassVar[int]
    cancelled_count: int
    line_count: int
    line_total: _money_pb2.Money
    def __init__(self, cancelled_count: _Optional[int] = ..., line_count: _Optional[int] = ..., line_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class ListFeesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "visit_id", "institution_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    visit_id: str
    institution_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., visit_id: _Optional[str] = ..., institution_code: _Optional[str] = ...) -> None: ...

class ListFeesResponse(_message.Message):
    __slots__ = ("fees", "next_page_token")
    FEES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    fees: _containers.RepeatedCompositeFieldContainer[_visit_pb2.VisitFee]
    next_page_token: str
    def __init__(self, fees: _Optional[_Iterable[_Union[_visit_pb2.VisitFee, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SubscribeAdmissionsRequest(_message.Message):
    __slots__ = ("after_cursor",)
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    def __init__(self, after_cursor: _Optional[str] = ...) -> None: ...

class SubscribeAdmissionsResponse(_message.Message):
    __slots__ = ("events", "cursor", "lag_ms")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[AdmissionEvent]
    cursor: str
    lag_ms: int
    def __init__(self, events: _Optional[_Iterable[_Union[AdmissionEvent, _Mapping]]] = ..., cursor: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...

class AdmissionEvent(_message.Message):
    __slots__ = ("event_time", "admission")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    admission: Admission
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., admission: _Optional[_Union[Admission, _Mapping]] = ...) -> None: ...

class Admission(_message.Message):
    __slots__ = ("visit_id", "person_id", "insured_region_code", "care_region_code", "institution_code", "admission_date", "expected_discharge_date", "discharge_date", "emergency", "state", "revision")
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_DATE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_DISCHARGE_DATE_FIELD_NUMBER: _ClassVar[int]
    DISCHARGE_DATE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    visit_id: str
    person_id: str
    insured_region_code: str
    care_region_code: str
    institution_code: str
    admission_date: _date_pb2.Date
    expected_discharge_date: _date_pb2.Date
    discharge_date: _date_pb2.Date
    emergency: bool
    state: _visit_pb2.VisitState
    revision: int
    def __init__(self, visit_id: _Optional[str] = ..., person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., admission_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., expected_discharge_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., discharge_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., emergency: _Optional[bool] = ..., state: _Optional[_Union[_visit_pb2.VisitState, str]] = ..., revision: _Optional[int] = ...) -> None: ...
