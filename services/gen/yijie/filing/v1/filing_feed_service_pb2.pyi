import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from yijie.filing.v1 import filing_pb2 as _filing_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegionRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REGION_ROLE_UNSPECIFIED: _ClassVar[RegionRole]
    REGION_ROLE_CARE: _ClassVar[RegionRole]
    REGION_ROLE_INSURED: _ClassVar[RegionRole]

class WarningState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WARNING_STATE_UNSPECIFIED: _ClassVar[WarningState]
    WARNING_STATE_OPEN: _ClassVar[WarningState]
    WARNING_STATE_RESOLVED: _ClassVar[WarningState]
    WARNING_STATE_DISCHARGED: _ClassVar[WarningState]
    WARNING_STATE_WITHDRAWN: _ClassVar[WarningState]
    WARNING_STATE_SETTLED: _ClassVar[WarningState]
REGION_ROLE_UNSPECIFIED: RegionRole
REGION_ROLE_CARE: RegionRole
REGION_ROLE_INSURED: RegionRole
WARNING_STATE_UNSPECIFIED: WarningState
WARNING_STATE_OPEN: WarningState
WARNING_STATE_RESOLVED: WarningState
WARNING_STATE_DISCHARGED: WarningState
WARNING_STATE_WITHDRAWN: WarningState
WARNING_STATE_SETTLED: WarningState

class SubscribeFilingsRequest(_message.Message):
    __slots__ = ("after_cursor", "province_code", "role")
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    province_code: str
    role: RegionRole
    def __init__(self, after_cursor: _Optional[str] = ..., province_code: _Optional[str] = ..., role: _Optional[_Union[RegionRole, str]] = ...) -> None: ...

class SubscribeFilingsResponse(_message.Message):
    __slots__ = ("events", "cursor", "lag_ms")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[FilingEvent]
    cursor: str
    lag_ms: int
    def __init__(self, events: _Optional[_Iterable[_Union[FilingEvent, _Mapping]]] = ..., cursor: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...

class FilingEvent(_message.Message):
    __slots__ = ("event_time", "event_id", "filing")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    FILING_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    event_id: int
    filing: _filing_pb2.Filing
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_id: _Optional[int] = ..., filing: _Optional[_Union[_filing_pb2.Filing, _Mapping]] = ...) -> None: ...

class AcknowledgeFilingsRequest(_message.Message):
    __slots__ = ("request_id", "care_province_code", "acknowledgements")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    care_province_code: str
    acknowledgements: _containers.RepeatedCompositeFieldContainer[FilingAcknowledgement]
    def __init__(self, request_id: _Optional[str] = ..., care_province_code: _Optional[str] = ..., acknowledgements: _Optional[_Iterable[_Union[FilingAcknowledgement, _Mapping]]] = ...) -> None: ...

class FilingAcknowledgement(_message.Message):
    __slots__ = ("event_id", "refused", "reason")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    event_id: int
    refused: bool
    reason: str
    def __init__(self, event_id: _Optional[int] = ..., refused: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class AcknowledgeFilingsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[AcknowledgementResult]
    def __init__(self, results: _Optional[_Iterable[_Union[AcknowledgementResult, _Mapping]]] = ...) -> None: ...

class AcknowledgementResult(_message.Message):
    __slots__ = ("event_id", "error")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    event_id: int
    error: _status_pb2.Status
    def __init__(self, event_id: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class SummarizeFilingsRequest(_message.Message):
    __slots__ = ("begin_date", "end_date", "insured_province_code", "care_province_code")
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    INSURED_PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    insured_province_code: str
    care_province_code: str
    def __init__(self, begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., insured_province_code: _Optional[str] = ..., care_province_code: _Optional[str] = ...) -> None: ...

class SummarizeFilingsResponse(_message.Message):
    __slots__ = ("statistics",)
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    statistics: _containers.RepeatedCompositeFieldContainer[FilingStatistic]
    def __init__(self, statistics: _Optional[_Iterable[_Union[FilingStatistic, _Mapping]]] = ...) -> None: ...

class FilingStatistic(_message.Message):
    __slots__ = ("insured_province_code", "channel", "submitted_count", "approved_count", "refused_count", "pending_count", "delivered_count", "acknowledged_count", "success_per_mille")
    INSURED_PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    APPROVED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PENDING_COUNT_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_PER_MILLE_FIELD_NUMBER: _ClassVar[int]
    insured_province_code: str
    channel: _filing_pb2.FilingChannel
    submitted_count: int
    approved_count: int
    refused_count: int
    pending_count: int
    delivered_count: int
    acknowledged_count: int
    success_per_mille: int
    def __init__(self, insured_province_code: _Optional[str] = ..., channel: _Optional[_Union[_filing_pb2.FilingChannel, str]] = ..., submitted_count: _Optional[int] = ..., approved_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., pending_count: _Optional[int] = ..., delivered_count: _Optional[int] = ..., acknowledged_count: _Optional[int] = ..., success_per_mille: _Optional[int] = ...) -> None: ...

class SubscribeWarningsRequest(_message.Message):
    __slots__ = ("after_cursor", "province_code", "role")
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    province_code: str
    role: RegionRole
    def __init__(self, after_cursor: _Optional[str] = ..., province_code: _Optional[str] = ..., role: _Optional[_Union[RegionRole, str]] = ...) -> None: ...

class SubscribeWarningsResponse(_message.Message):
    __slots__ = ("events", "cursor", "lag_ms")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[WarningEvent]
    cursor: str
    lag_ms: int
    def __init__(self, events: _Optional[_Iterable[_Union[WarningEvent, _Mapping]]] = ..., cursor: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...

class WarningEvent(_message.Message):
    __slots__ = ("event_time", "warning", "event_id")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    warning: AdmissionWarning
    event_id: int
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., warning: _Optional[_Union[AdmissionWarning, _Mapping]] = ..., event_id: _Optional[int] = ...) -> None: ...

class AdmissionWarning(_message.Message):
    __slots__ = ("visit_id", "person_id", "insured_region_code", "care_region_code", "institution_code", "admission_date", "expected_discharge_date", "days_to_discharge", "days_in_hospital", "state", "explanation_zh", "explanation_en")
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_DATE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_DISCHARGE_DATE_FIELD_NUMBER: _ClassVar[int]
    DAYS_TO_DISCHARGE_FIELD_NUMBER: _ClassVar[int]
    DAYS_IN_HOSPITAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    visit_id: str
    person_id: str
    insured_region_code: str
    care_region_code: str
    institution_code: str
    admission_date: _date_pb2.Date
    expected_discharge_date: _date_pb2.Date
    days_to_discharge: int
    days_in_hospital: int
    state: WarningState
    explanation_zh: str
    explanation_en: str
    def __init__(self, visit_id: _Optional[str] = ..., person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., admission_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., expected_discharge_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., days_to_discharge: _Optional[int] = ..., days_in_hospital: _Optional[int] = ..., state: _Optional[_Union[WarningState, str]] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ...) -> None: ...

class ListWarningsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "province_code", "role")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVINCE_CODE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    province_code: str
    role: RegionRole
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., province_code: _Optional[str] = ..., role: _Optional[_Union[RegionRole, str]] = ...) -> None: ...

class ListWarningsResponse(_message.Message):
    __slots__ = ("warnings", "next_page_token")
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    warnings: _containers.RepeatedCompositeFieldContainer[AdmissionWarning]
    next_page_token: str
    def __init__(self, warnings: _Optional[_Iterable[_Union[AdmissionWarning, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
