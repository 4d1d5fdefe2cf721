from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
from yijie.catalogue.v1 import catalogue_pb2 as _catalogue_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImportCatalogueRequest(_message.Message):
    __slots__ = ("request_id", "region_code", "version", "items", "publish")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    region_code: str
    version: str
    items: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.CatalogueItem]
    publish: bool
    def __init__(self, request_id: _Optional[str] = ..., region_code: _Optional[str] = ..., version: _Optional[str] = ..., items: _Optional[_Iterable[_Union[_catalogue_pb2.CatalogueItem, _Mapping]]] = ..., publish: _Optional[bool] = ...) -> None: ...

class ImportCatalogueResponse(_message.Message):
    __slots__ = ("accepted_count", "refused_items", "published_version")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ITEMS_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_VERSION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    refused_items: _containers.RepeatedCompositeFieldContainer[RefusedItem]
    published_version: _catalogue_pb2.CatalogueVersion
    def __init__(self, accepted_count: _Optional[int] = ..., refused_items: _Optional[_Iterable[_Union[RefusedItem, _Mapping]]] = ..., published_version: _Optional[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]] = ...) -> None: ...

class RefusedItem(_message.Message):
    __slots__ = ("index", "error")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    index: int
    error: _status_pb2.Status
    def __init__(self, index: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetSnapshotRequest(_message.Message):
    __slots__ = ("region_code", "version", "page_size", "page_token")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    version: str
    page_size: int
    page_token: str
    def __init__(self, region_code: _Optional[str] = ..., version: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetSnapshotResponse(_message.Message):
    __slots__ = ("version", "items", "next_page_token")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    version: _catalogue_pb2.CatalogueVersion
    items: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.CatalogueItem]
    next_page_token: str
    def __init__(self, version: _Optional[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]] = ..., items: _Optional[_Iterable[_Union[_catalogue_pb2.CatalogueItem, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchSnapshotsRequest(_message.Message):
    __slots__ = ("after_publication_sequence",)
    AFTER_PUBLICATION_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    after_publication_sequence: int
    def __init__(self, after_publication_sequence: _Optional[int] = ...) -> None: ...

class WatchSnapshotsResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: _catalogue_pb2.CatalogueVersion
    def __init__(self, version: _Optional[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]] = ...) -> None: ...

class ClassifyLinesRequest(_message.Message):
    __slots__ = ("region_code", "lines")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.FeeLine]
    def __init__(self, region_code: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_bill_pb2.FeeLine, _Mapping]]] = ...) -> None: ...

class ClassifyLinesResponse(_message.Message):
    __slots__ = ("lines", "version")
    LINES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.ClassifiedLine]
    version: _catalogue_pb2.CatalogueVersion
    def __init__(self, lines: _Optional[_Iterable[_Union[_bill_pb2.ClassifiedLine, _Mapping]]] = ..., version: _Optional[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]] = ...) -> None: ...
