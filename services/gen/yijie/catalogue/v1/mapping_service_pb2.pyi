from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MappingMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MAPPING_MODE_UNSPECIFIED: _ClassVar[MappingMode]
    MAPPING_MODE_THREE_STAGE: _ClassVar[MappingMode]
    MAPPING_MODE_FULL_REPLACEMENT: _ClassVar[MappingMode]

class ResolveState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESOLVE_STATE_UNSPECIFIED: _ClassVar[ResolveState]
    RESOLVE_STATE_RESOLVED: _ClassVar[ResolveState]
    RESOLVE_STATE_NOT_LISTED: _ClassVar[ResolveState]
    RESOLVE_STATE_NO_REGION_CODE: _ClassVar[ResolveState]
    RESOLVE_STATE_NO_NATIONAL_CODE: _ClassVar[ResolveState]
    RESOLVE_STATE_UNKNOWN: _ClassVar[ResolveState]

class ConflictKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONFLICT_KIND_UNSPECIFIED: _ClassVar[ConflictKind]
    CONFLICT_KIND_NOT_LISTED: _ClassVar[ConflictKind]
    CONFLICT_KIND_OTHER_LIST_TYPE: _ClassVar[ConflictKind]
    CONFLICT_KIND_PRICE_ABOVE_CEILING: _ClassVar[ConflictKind]
    CONFLICT_KIND_SHARED_TARGET: _ClassVar[ConflictKind]
MAPPING_MODE_UNSPECIFIED: MappingMode
MAPPING_MODE_THREE_STAGE: MappingMode
MAPPING_MODE_FULL_REPLACEMENT: MappingMode
RESOLVE_STATE_UNSPECIFIED: ResolveState
RESOLVE_STATE_RESOLVED: ResolveState
RESOLVE_STATE_NOT_LISTED: ResolveState
RESOLVE_STATE_NO_REGION_CODE: ResolveState
RESOLVE_STATE_NO_NATIONAL_CODE: ResolveState
RESOLVE_STATE_UNKNOWN: ResolveState
CONFLICT_KIND_UNSPECIFIED: ConflictKind
CONFLICT_KIND_NOT_LISTED: ConflictKind
CONFLICT_KIND_OTHER_LIST_TYPE: ConflictKind
CONFLICT_KIND_PRICE_ABOVE_CEILING: ConflictKind
CONFLICT_KIND_SHARED_TARGET: ConflictKind

class MappingOwner(_message.Message):
    __slots__ = ("region_code", "institution_code")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    institution_code: str
    def __init__(self, region_code: _Optional[str] = ..., institution_code: _Optional[str] = ...) -> None: ...

class ImportMappingRequest(_message.Message):
    __slots__ = ("request_id", "owner", "version", "mode", "entries", "publish", "dry_run", "officer_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    owner: MappingOwner
    version: str
    mode: MappingMode
    entries: _containers.RepeatedCompositeFieldContainer[MappingEntry]
    publish: bool
    dry_run: bool
    officer_id: str
    def __init__(self, request_id: _Optional[str] = ..., owner: _Optional[_Union[MappingOwner, _Mapping]] = ..., version: _Optional[str] = ..., mode: _Optional[_Union[MappingMode, str]] = ..., entries: _Optional[_Iterable[_Union[MappingEntry, _Mapping]]] = ..., publish: _Optional[bool] = ..., dry_run: _Optional[bool] = ..., officer_id: _Optional[str] = ...) -> None: ...

class MappingEntry(_message.Message):
    __slots__ = ("source_code", "source_name", "target_code", "list_type_code", "begin_date", "end_date", "specification", "unit_price", "period_amount")
    SOURCE_CODE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_NAME_FIELD_NUMBER: _ClassVar[int]
    TARGET_CODE_FIELD_NUMBER: _ClassVar[int]
    LIST_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    SPECIFICATION_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    PERIOD_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    source_code: str
    source_name: str
    target_code: str
    list_type_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    specification: str
    unit_price: _decimal_pb2.Decimal
    period_amount: _money_pb2.Money
    def __init__(self, source_code: _Optional[str] = ..., source_name: _Optional[str] = ..., target_code: _Optional[str] = ..., list_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., specification: _Optional[str] = ..., unit_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., period_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class ImportMappingResponse(_message.Message):
    __slots__ = ("accepted_count", "refused_entries", "published_version")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_VERSION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    refused_entries: _containers.RepeatedCompositeFieldContainer[RefusedEntry]
    published_version: MappingVersion
    def __init__(self, accepted_count: _Optional[int] = ..., refused_entries: _Optional[_Iterable[_Union[RefusedEntry, _Mapping]]] = ..., published_version: _Optional[_Union[MappingVersion, _Mapping]] = ...) -> None: ...

class RefusedEntry(_message.Message):
    __slots__ = ("index", "error")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    index: int
    error: _status_pb2.Status
    def __init__(self, index: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class MappingVersion(_message.Message):
    __slots__ = ("owner", "version", "mode", "entry_count", "publication_sequence", "base_version")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    owner: MappingOwner
    version: str
    mode: MappingMode
    entry_count: int
    publication_sequence: int
    base_version: str
    def __init__(self, owner: _Optional[_Union[MappingOwner, _Mapping]] = ..., version: _Optional[str] = ..., mode: _Optional[_Union[MappingMode, str]] = ..., entry_count: _Optional[int] = ..., publication_sequence: _Optional[int] = ..., base_version: _Optional[str] = ...) -> None: ...

class ListMappingVersionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "owner")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    owner: MappingOwner
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., owner: _Optional[_Union[MappingOwner, _Mapping]] = ...) -> None: ...

class ListMappingVersionsResponse(_message.Message):
    __slots__ = ("versions", "next_page_token")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[MappingVersion]
    next_page_token: str
    def __init__(self, versions: _Optional[_Iterable[_Union[MappingVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RepublishMappingRequest(_message.Message):
    __slots__ = ("request_id", "owner", "from_version", "version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    owner: MappingOwner
    from_version: str
    version: str
    def __init__(self, request_id: _Optional[str] = ..., owner: _Optional[_Union[MappingOwner, _Mapping]] = ..., from_version: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class RepublishMappingResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: MappingVersion
    def __init__(self, version: _Optional[_Union[MappingVersion, _Mapping]] = ...) -> None: ...

class ResolveCodesRequest(_message.Message):
    __slots__ = ("institution_code", "source_codes", "on_date")
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CODES_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    source_codes: _containers.RepeatedScalarFieldContainer[str]
    on_date: _date_pb2.Date
    def __init__(self, institution_code: _Optional[str] = ..., source_codes: _Optional[_Iterable[str]] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ResolveCodesResponse(_message.Message):
    __slots__ = ("codes",)
    CODES_FIELD_NUMBER: _ClassVar[int]
    codes: _containers.RepeatedCompositeFieldContainer[ResolvedCode]
    def __init__(self, codes: _Optional[_Iterable[_Union[ResolvedCode, _Mapping]]] = ...) -> None: ...

class ResolvedCode(_message.Message):
    __slots__ = ("source_code", "region_code_item", "item_code", "state", "mapping_version")
    SOURCE_CODE_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_ITEM_FIELD_NUMBER: _ClassVar[int]
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MAPPING_VERSION_FIELD_NUMBER: _ClassVar[int]
    source_code: str
    region_code_item: str
    item_code: str
    state: ResolveState
    mapping_version: str
    def __init__(self, source_code: _Optional[str] = ..., region_code_item: _Optional[str] = ..., item_code: _Optional[str] = ..., state: _Optional[_Union[ResolveState, str]] = ..., mapping_version: _Optional[str] = ...) -> None: ...

class GetCoverageRequest(_message.Message):
    __slots__ = ("institution_code", "on_date")
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    on_date: _date_pb2.Date
    def __init__(self, institution_code: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class GetCoverageResponse(_message.Message):
    __slots__ = ("total", "by_list_type", "mapping_version")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    BY_LIST_TYPE_FIELD_NUMBER: _ClassVar[int]
    MAPPING_VERSION_FIELD_NUMBER: _ClassVar[int]
    total: Coverage
    by_list_type: _containers.RepeatedCompositeFieldContainer[Coverage]
    mapping_version: str
    def __init__(self, total: _Optional[_Union[Coverage, _Mapping]] = ..., by_list_type: _Optional[_Iterable[_Union[Coverage, _Mapping]]] = ..., mapping_version: _Optional[str] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("list_type_code", "item_count", "resolved_count", "amount", "resolved_amount")
    LIST_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_COUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    list_type_code: str
    item_count: int
    resolved_count: int
    amount: _money_pb2.Money
    resolved_amount: _money_pb2.Money
    def __init__(self, list_type_code: _Optional[str] = ..., item_count: _Optional[int] = ..., resolved_count: _Optional[int] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., resolved_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class ListUnmappedItemsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "institution_code", "on_date")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    institution_code: str
    on_date: _date_pb2.Date
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., institution_code: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ListUnmappedItemsResponse(_message.Message):
    __slots__ = ("items", "next_page_token")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[UnmappedItem]
    next_page_token: str
    def __init__(self, items: _Optional[_Iterable[_Union[UnmappedItem, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UnmappedItem(_message.Message):
    __slots__ = ("entry", "state")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    entry: MappingEntry
    state: ResolveState
    def __init__(self, entry: _Optional[_Union[MappingEntry, _Mapping]] = ..., state: _Optional[_Union[ResolveState, str]] = ...) -> None: ...

class SuggestCodesRequest(_message.Message):
    __slots__ = ("institution_code", "source_code", "count")
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CODE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    source_code: str
    count: int
    def __init__(self, institution_code: _Optional[str] = ..., source_code: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class SuggestCodesResponse(_message.Message):
    __slots__ = ("suggestions",)
    SUGGESTIONS_FIELD_NUMBER: _ClassVar[int]
    suggestions: _containers.RepeatedCompositeFieldContainer[CodeSuggestion]
    def __init__(self, suggestions: _Optional[_Iterable[_Union[CodeSuggestion, _Mapping]]] = ...) -> None: ...

class CodeSuggestion(_message.Message):
    __slots__ = ("target_code", "name", "specification", "score")
    TARGET_CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SPECIFICATION_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    target_code: str
    name: str
    specification: str
    score: int
    def __init__(self, target_code: _Optional[str] = ..., name: _Optional[str] = ..., specification: _Optional[str] = ..., score: _Optional[int] = ...) -> None: ...

class ConfirmCodesRequest(_message.Message):
    __slots__ = ("request_id", "institution_code", "version", "codes", "officer_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    institution_code: str
    version: str
    codes: _containers.RepeatedCompositeFieldContainer[ConfirmedCode]
    officer_id: str
    def __init__(self, request_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., version: _Optional[str] = ..., codes: _Optional[_Iterable[_Union[ConfirmedCode, _Mapping]]] = ..., officer_id: _Optional[str] = ...) -> None: ...

class ConfirmedCode(_message.Message):
    __slots__ = ("source_code", "target_code", "begin_date")
    SOURCE_CODE_FIELD_NUMBER: _ClassVar[int]
    TARGET_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    source_code: str
    target_code: str
    begin_date: _date_pb2.Date
    def __init__(self, source_code: _Optional[str] = ..., target_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ConfirmCodesResponse(_message.Message):
    __slots__ = ("refused_entries", "version")
    REFUSED_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    refused_entries: _containers.RepeatedCompositeFieldContainer[RefusedEntry]
    version: MappingVersion
    def __init__(self, refused_entries: _Optional[_Iterable[_Union[RefusedEntry, _Mapping]]] = ..., version: _Optional[_Union[MappingVersion, _Mapping]] = ...) -> None: ...

class ListMappingConflictsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "owner", "on_date")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    owner: MappingOwner
    on_date: _date_pb2.Date
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., owner: _Optional[_Union[MappingOwner, _Mapping]] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ListMappingConflictsResponse(_message.Message):
    __slots__ = ("conflicts", "next_page_token")
    CONFLICTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    conflicts: _containers.RepeatedCompositeFieldContainer[MappingConflict]
    next_page_token: str
    def __init__(self, conflicts: _Optional[_Iterable[_Union[MappingConflict, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class MappingConflict(_message.Message):
    __slots__ = ("entry", "kind", "explanation_zh", "explanation_en")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    entry: MappingEntry
    kind: ConflictKind
    explanation_zh: str
    explanation_en: str
    def __init__(self, entry: _Optional[_Union[MappingEntry, _Mapping]] = ..., kind: _Optional[_Union[ConflictKind, str]] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ...) -> None: ...
