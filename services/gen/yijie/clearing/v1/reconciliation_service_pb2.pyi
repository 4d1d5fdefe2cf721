import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.clearing.v1 import reconciliation_pb2 as _reconciliation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpenStatementRequest(_message.Message):
    __slots__ = ("request_id", "party", "party_code", "business_date", "totals", "until_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    PARTY_CODE_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    party: _reconciliation_pb2.Party
    party_code: str
    business_date: _date_pb2.Date
    totals: _containers.RepeatedCompositeFieldContainer[_reconciliation_pb2.StatementTotals]
    until_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., party: _Optional[_Union[_reconciliation_pb2.Party, str]] = ..., party_code: _Optional[str] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., totals: _Optional[_Iterable[_Union[_reconciliation_pb2.StatementTotals, _Mapping]]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OpenStatementResponse(_message.Message):
    __slots__ = ("statement_id", "revision", "state", "differences", "hub_time")
    STATEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    HUB_TIME_FIELD_NUMBER: _ClassVar[int]
    statement_id: str
    revision: int
    state: _reconciliation_pb2.StatementState
    differences: _containers.RepeatedCompositeFieldContainer[_reconciliation_pb2.TotalsDifference]
    hub_time: _timestamp_pb2.Timestamp
    def __init__(self, statement_id: _Optional[str] = ..., revision: _Optional[int] = ..., state: _Optional[_Union[_reconciliation_pb2.StatementState, str]] = ..., differences: _Optional[_Iterable[_Union[_reconciliation_pb2.TotalsDifference, _Mapping]]] = ..., hub_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AddStatementDetailsRequest(_message.Message):
    __slots__ = ("request_id", "statement_id", "records")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    statement_id: str
    records: _containers.RepeatedCompositeFieldContainer[_reconciliation_pb2.StatementRecord]
    def __init__(self, request_id: _Optional[str] = ..., statement_id: _Optional[str] = ..., records: _Optional[_Iterable[_Union[_reconciliation_pb2.StatementRecord, _Mapping]]] = ...) -> None: ...

class AddStatementDetailsResponse(_message.Message):
    __slots__ = ("record_count",)
    RECORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    record_count: int
    def __init__(self, record_count: _Optional[int] = ...) -> None: ...

class CloseStatementRequest(_message.Message):
    __slots__ = ("request_id", "statement_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    statement_id: str
    def __init__(self, request_id: _Optional[str] = ..., statement_id: _Optional[str] = ...) -> None: ...

class CloseStatementResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _reconciliation_pb2.LegResult
    def __init__(self, result: _Optional[_Union[_reconciliation_pb2.LegResult, _Mapping]] = ...) -> None: ...

class ReconcileRequest(_message.Message):
    __slots__ = ("request_id", "insured_region_code", "business_date")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    insured_region_code: str
    business_date: _date_pb2.Date
    def __init__(self, request_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ReconcileResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _reconciliation_pb2.LegResult
    def __init__(self, result: _Optional[_Union[_reconciliation_pb2.LegResult, _Mapping]] = ...) -> None: ...

class ListLegResultsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "business_date", "party_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    PARTY_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    business_date: _date_pb2.Date
    party_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., party_code: _Optional[str] = ...) -> None: ...

class ListLegResultsResponse(_message.Message):
    __slots__ = ("results", "next_page_token")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_reconciliation_pb2.LegResult]
    next_page_token: str
    def __init__(self, results: _Optional[_Iterable[_Union[_reconciliation_pb2.LegResult, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListDifferencesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "business_date", "region_code", "institution_code", "state", "settlement_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DATE_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    business_date: _date_pb2.Date
    region_code: str
    institution_code: str
    state: _reconciliation_pb2.DifferenceState
    settlement_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., business_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., state: _Optional[_Union[_reconciliation_pb2.DifferenceState, str]] = ..., settlement_id: _Optional[str] = ...) -> None: ...

class ListDifferencesResponse(_message.Message):
    __slots__ = ("differences", "next_page_token")
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    differences: _containers.RepeatedCompositeFieldContainer[_reconciliation_pb2.Difference]
    next_page_token: str
    def __init__(self, differences: _Optional[_Iterable[_Union[_reconciliation_pb2.Difference, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetDifferenceRequest(_message.Message):
    __slots__ = ("difference_id",)
    DIFFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    difference_id: str
    def __init__(self, difference_id: _Optional[str] = ...) -> None: ...

class GetDifferenceResponse(_message.Message):
    __slots__ = ("difference",)
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    difference: _reconciliation_pb2.Difference
    def __init__(self, difference: _Optional[_Union[_reconciliation_pb2.Difference, _Mapping]] = ...) -> None: ...

class ResolveDifferenceRequest(_message.Message):
    __slots__ = ("request_id", "difference_id", "note", "operator_code")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_CODE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    difference_id: str
    note: str
    operator_code: str
    def __init__(self, request_id: _Optional[str] = ..., difference_id: _Optional[str] = ..., note: _Optional[str] = ..., operator_code: _Optional[str] = ...) -> None: ...

class ResolveDifferenceResponse(_message.Message):
    __slots__ = ("difference",)
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    difference: _reconciliation_pb2.Difference
    def __init__(self, difference: _Optional[_Union[_reconciliation_pb2.Difference, _Mapping]] = ...) -> None: ...
