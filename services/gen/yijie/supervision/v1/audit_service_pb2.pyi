import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from yijie.supervision.v1 import audit_pb2 as _audit_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetFindingRequest(_message.Message):
    __slots__ = ("finding_id", "region_code")
    FINDING_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    finding_id: str
    region_code: str
    def __init__(self, finding_id: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class GetFindingResponse(_message.Message):
    __slots__ = ("finding",)
    FINDING_FIELD_NUMBER: _ClassVar[int]
    finding: _audit_pb2.FindingDetail
    def __init__(self, finding: _Optional[_Union[_audit_pb2.FindingDetail, _Mapping]] = ...) -> None: ...

class ListBillFindingsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "bill_key", "region_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BILL_KEY_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    bill_key: str
    region_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bill_key: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class ListBillFindingsResponse(_message.Message):
    __slots__ = ("findings", "next_page_token")
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[_finding_pb2.RecordedFinding]
    next_page_token: str
    def __init__(self, findings: _Optional[_Iterable[_Union[_finding_pb2.RecordedFinding, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SummarizeAuditRequest(_message.Message):
    __slots__ = ("begin_date", "end_date")
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    def __init__(self, begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class SummarizeAuditResponse(_message.Message):
    __slots__ = ("days", "complete", "last_settle_time", "manual_count")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    LAST_SETTLE_TIME_FIELD_NUMBER: _ClassVar[int]
    MANUAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedCompositeFieldContainer[_audit_pb2.AuditDay]
    complete: bool
    last_settle_time: _timestamp_pb2.Timestamp
    manual_count: int
    def __init__(self, days: _Optional[_Iterable[_Union[_audit_pb2.AuditDay, _Mapping]]] = ..., complete: _Optional[bool] = ..., last_settle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., manual_count: _Optional[int] = ...) -> None: ...

class ExportBillsRequest(_message.Message):
    __slots__ = ("month", "care_region_code", "after_bill_key")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    AFTER_BILL_KEY_FIELD_NUMBER: _ClassVar[int]
    month: str
    care_region_code: str
    after_bill_key: str
    def __init__(self, month: _Optional[str] = ..., care_region_code: _Optional[str] = ..., after_bill_key: _Optional[str] = ...) -> None: ...

class ExportBillsResponse(_message.Message):
    __slots__ = ("bills",)
    BILLS_FIELD_NUMBER: _ClassVar[int]
    bills: _containers.RepeatedCompositeFieldContainer[_audit_pb2.ExportedBill]
    def __init__(self, bills: _Optional[_Iterable[_Union[_audit_pb2.ExportedBill, _Mapping]]] = ...) -> None: ...

class MinedFinding(_message.Message):
    __slots__ = ("bill_key", "rule_code", "line_ids", "other_bill_keys", "message_zh", "message_en")
    BILL_KEY_FIELD_NUMBER: _ClassVar[int]
    RULE_CODE_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    OTHER_BILL_KEYS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ZH_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_EN_FIELD_NUMBER: _ClassVar[int]
    bill_key: str
    rule_code: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    other_bill_keys: _containers.RepeatedScalarFieldContainer[str]
    message_zh: str
    message_en: str
    def __init__(self, bill_key: _Optional[str] = ..., rule_code: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., other_bill_keys: _Optional[_Iterable[str]] = ..., message_zh: _Optional[str] = ..., message_en: _Optional[str] = ...) -> None: ...

class RecordMinedFindingsRequest(_message.Message):
    __slots__ = ("request_id", "run_id", "since_time", "until_time", "ruleset_version", "findings")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    RULESET_VERSION_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    run_id: str
    since_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    ruleset_version: str
    findings: _containers.RepeatedCompositeFieldContainer[MinedFinding]
    def __init__(self, request_id: _Optional[str] = ..., run_id: _Optional[str] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ruleset_version: _Optional[str] = ..., findings: _Optional[_Iterable[_Union[MinedFinding, _Mapping]]] = ...) -> None: ...

class RecordMinedFindingsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[MinedFindingResult]
    def __init__(self, results: _Optional[_Iterable[_Union[MinedFindingResult, _Mapping]]] = ...) -> None: ...

class MinedFindingResult(_message.Message):
    __slots__ = ("finding_id", "error", "recorded_before")
    FINDING_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RECORDED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    finding_id: str
    error: _status_pb2.Status
    recorded_before: bool
    def __init__(self, finding_id: _Optional[str] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., recorded_before: _Optional[bool] = ...) -> None: ...
