from google.api import field_behavior_pb2 as _field_behavior_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.rpc import status_pb2 as _status_pb2
from yijie.supervision.v1 import statistics_pb2 as _statistics_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UploadSelfPaidCasesRequest(_message.Message):
    __slots__ = ("request_id", "care_region_code", "cases", "dry_run")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CASES_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    care_region_code: str
    cases: _containers.RepeatedCompositeFieldContainer[_statistics_pb2.SelfPaidCase]
    dry_run: bool
    def __init__(self, request_id: _Optional[str] = ..., care_region_code: _Optional[str] = ..., cases: _Optional[_Iterable[_Union[_statistics_pb2.SelfPaidCase, _Mapping]]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class UploadSelfPaidCasesResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[SelfPaidResult]
    def __init__(self, results: _Optional[_Iterable[_Union[SelfPaidResult, _Mapping]]] = ...) -> None: ...

class SelfPaidResult(_message.Message):
    __slots__ = ("case", "error", "unchanged")
    CASE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    case: _statistics_pb2.SelfPaidCase
    error: _status_pb2.Status
    unchanged: bool
    def __init__(self, case: _Optional[_Union[_statistics_pb2.SelfPaidCase, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., unchanged: _Optional[bool] = ...) -> None: ...

class UploadLocalCostsRequest(_message.Message):
    __slots__ = ("request_id", "care_region_code", "costs", "dry_run")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    COSTS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    care_region_code: str
    costs: _containers.RepeatedCompositeFieldContainer[_statistics_pb2.LocalCost]
    dry_run: bool
    def __init__(self, request_id: _Optional[str] = ..., care_region_code: _Optional[str] = ..., costs: _Optional[_Iterable[_Union[_statistics_pb2.LocalCost, _Mapping]]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class UploadLocalCostsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[LocalCostResult]
    def __init__(self, results: _Optional[_Iterable[_Union[LocalCostResult, _Mapping]]] = ...) -> None: ...

class LocalCostResult(_message.Message):
    __slots__ = ("cost", "error", "unchanged")
    COST_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    cost: _statistics_pb2.LocalCost
    error: _status_pb2.Status
    unchanged: bool
    def __init__(self, cost: _Optional[_Union[_statistics_pb2.LocalCost, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., unchanged: _Optional[bool] = ...) -> None: ...

class ListDirectRatesRequest(_message.Message):
    __slots__ = ("month", "level", "setting", "region_code", "page_size", "page_token")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    month: str
    level: _statistics_pb2.RateLevel
    setting: _statistics_pb2.CareSetting
    region_code: str
    page_size: int
    page_token: str
    def __init__(self, month: _Optional[str] = ..., level: _Optional[_Union[_statistics_pb2.RateLevel, str]] = ..., setting: _Optional[_Union[_statistics_pb2.CareSetting, str]] = ..., region_code: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDirectRatesResponse(_message.Message):
    __slots__ = ("rates", "next_page_token")
    RATES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    rates: _containers.RepeatedCompositeFieldContainer[_statistics_pb2.DirectRate]
    next_page_token: str
    def __init__(self, rates: _Optional[_Iterable[_Union[_statistics_pb2.DirectRate, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListSuspectsRequest(_message.Message):
    __slots__ = ("month", "care_region_code", "flagged_only", "page_size", "page_token")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    FLAGGED_ONLY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    month: str
    care_region_code: str
    flagged_only: bool
    page_size: int
    page_token: str
    def __init__(self, month: _Optional[str] = ..., care_region_code: _Optional[str] = ..., flagged_only: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSuspectsResponse(_message.Message):
    __slots__ = ("suspects", "next_page_token")
    SUSPECTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    suspects: _containers.RepeatedCompositeFieldContainer[_statistics_pb2.Suspect]
    next_page_token: str
    def __init__(self, suspects: _Optional[_Iterable[_Union[_statistics_pb2.Suspect, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class MakeBulletinRequest(_message.Message):
    __slots__ = ("request_id", "month", "maker_id", "checker_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    month: str
    maker_id: str
    checker_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., month: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class MakeBulletinResponse(_message.Message):
    __slots__ = ("bulletin",)
    BULLETIN_FIELD_NUMBER: _ClassVar[int]
    bulletin: _statistics_pb2.Bulletin
    def __init__(self, bulletin: _Optional[_Union[_statistics_pb2.Bulletin, _Mapping]] = ...) -> None: ...

class GetBulletinRequest(_message.Message):
    __slots__ = ("month", "edition")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    EDITION_FIELD_NUMBER: _ClassVar[int]
    month: str
    edition: int
    def __init__(self, month: _Optional[str] = ..., edition: _Optional[int] = ...) -> None: ...

class GetBulletinResponse(_message.Message):
    __slots__ = ("bulletin",)
    BULLETIN_FIELD_NUMBER: _ClassVar[int]
    bulletin: _statistics_pb2.Bulletin
    def __init__(self, bulletin: _Optional[_Union[_statistics_pb2.Bulletin, _Mapping]] = ...) -> None: ...

class ListBulletinsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListBulletinsResponse(_message.Message):
    __slots__ = ("bulletins", "next_page_token")
    BULLETINS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    bulletins: _containers.RepeatedCompositeFieldContainer[_statistics_pb2.Bulletin]
    next_page_token: str
    def __init__(self, bulletins: _Optional[_Iterable[_Union[_statistics_pb2.Bulletin, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DownloadBulletinRequest(_message.Message):
    __slots__ = ("month", "edition", "file_name", "offset")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    EDITION_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    month: str
    edition: int
    file_name: str
    offset: int
    def __init__(self, month: _Optional[str] = ..., edition: _Optional[int] = ..., file_name: _Optional[str] = ..., offset: _Optional[int] = ...) -> None: ...

class DownloadBulletinResponse(_message.Message):
    __slots__ = ("file", "content", "next_offset")
    FILE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    file: _statistics_pb2.BulletinFile
    content: bytes
    next_offset: int
    def __init__(self, file: _Optional[_Union[_statistics_pb2.BulletinFile, _Mapping]] = ..., content: _Optional[bytes] = ..., next_offset: _Optional[int] = ...) -> None: ...
