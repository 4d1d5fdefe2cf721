from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from yijie.catalogue.v1 import catalogue_pb2 as _catalogue_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DifferenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIFFERENCE_KIND_UNSPECIFIED: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_ONLY_HERE: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_ONLY_THERE: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_CONFLICT: _ClassVar[DifferenceKind]

class ReferenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFERENCE_KIND_UNSPECIFIED: _ClassVar[ReferenceKind]
    REFERENCE_KIND_DRUG: _ClassVar[ReferenceKind]
    REFERENCE_KIND_SERVICE_ITEM: _ClassVar[ReferenceKind]
    REFERENCE_KIND_CONSUMABLE_CLASS: _ClassVar[ReferenceKind]
    REFERENCE_KIND_DIAGNOSIS: _ClassVar[ReferenceKind]
    REFERENCE_KIND_CHRONIC_DISEASE: _ClassVar[ReferenceKind]
    REFERENCE_KIND_OPERATION: _ClassVar[ReferenceKind]
DIFFERENCE_KIND_UNSPECIFIED: DifferenceKind
DIFFERENCE_KIND_ONLY_HERE: DifferenceKind
DIFFERENCE_KIND_ONLY_THERE: DifferenceKind
DIFFERENCE_KIND_CONFLICT: DifferenceKind
REFERENCE_KIND_UNSPECIFIED: ReferenceKind
REFERENCE_KIND_DRUG: ReferenceKind
REFERENCE_KIND_SERVICE_ITEM: ReferenceKind
REFERENCE_KIND_CONSUMABLE_CLASS: ReferenceKind
REFERENCE_KIND_DIAGNOSIS: ReferenceKind
REFERENCE_KIND_CHRONIC_DISEASE: ReferenceKind
REFERENCE_KIND_OPERATION: ReferenceKind

class ImportCatalogueRequest(_message.Message):
    __slots__ = ("request_id", "region_code", "version", "items", "publish", "base_version", "effective_date", "withdrawn_item_codes", "dry_run")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_FIELD_NUMBER: _ClassVar[int]
    BASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_ITEM_CODES_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    region_code: str
    version: str
    items: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.CatalogueItem]
    publish: bool
    base_version: str
    effective_date: _date_pb2.Date
    withdrawn_item_codes: _containers.RepeatedScalarFieldContainer[str]
    dry_run: bool
    def __init__(self, request_id: _Optional[str] = ..., region_code: _Optional[str] = ..., version: _Optional[str] = ..., items: _Optional[_Iterable[_Union[_catalogue_pb2.CatalogueItem, _Mapping]]] = ..., publish: _Optional[bool] = ..., base_version: _Optional[str] = ..., effective_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., withdrawn_item_codes: _Optional[_Iterable[str]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ImportCatalogueResponse(_message.Message):
    __slots__ = ("accepted_count", "refused_items", "published_version", "refused_withdrawals")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ITEMS_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_VERSION_FIELD_NUMBER: _ClassVar[int]
    REFUSED_WITHDRAWALS_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    refused_items: _containers.RepeatedCompositeFieldContainer[RefusedItem]
    published_version: _catalogue_pb2.CatalogueVersion
    refused_withdrawals: _containers.RepeatedCompositeFieldContainer[RefusedItem]
    def __init__(self, accepted_count: _Optional[int] = ..., refused_items: _Optional[_Iterable[_Union[RefusedItem, _Mapping]]] = ..., published_version: _Optional[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]] = ..., refused_withdrawals: _Optional[_Iterable[_Union[RefusedItem, _Mapping]]] = ...) -> None: ...

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
    __slots__ = ("region_code", "lines", "context")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.FeeLine]
    context: ClassificationContext
    def __init__(self, region_code: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_bill_pb2.FeeLine, _Mapping]]] = ..., context: _Optional[_Union[ClassificationContext, _Mapping]] = ...) -> None: ...

class ClassificationContext(_message.Message):
    __slots__ = ("sex", "birth_date", "person_type_code", "scheme_code", "price_level_code", "medical_type_code", "pharmacy", "diagnoses")
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    PERSON_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PRICE_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    PHARMACY_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    sex: _bill_pb2.Sex
    birth_date: _date_pb2.Date
    person_type_code: str
    scheme_code: str
    price_level_code: str
    medical_type_code: str
    pharmacy: bool
    diagnoses: _containers.RepeatedCompositeFieldContainer[_bill_pb2.Diagnosis]
    def __init__(self, sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., birth_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., person_type_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., price_level_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., pharmacy: _Optional[bool] = ..., diagnoses: _Optional[_Iterable[_Union[_bill_pb2.Diagnosis, _Mapping]]] = ...) -> None: ...

class ClassifyLinesResponse(_message.Message):
    __slots__ = ("lines", "version")
    LINES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[_bill_pb2.ClassifiedLine]
    version: _catalogue_pb2.CatalogueVersion
    def __init__(self, lines: _Optional[_Iterable[_Union[_bill_pb2.ClassifiedLine, _Mapping]]] = ..., version: _Optional[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]] = ...) -> None: ...

class DownloadSnapshotRequest(_message.Message):
    __slots__ = ("region_code", "version")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    version: str
    def __init__(self, region_code: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class DownloadSnapshotResponse(_message.Message):
    __slots__ = ("version", "first_index", "item_codes", "begin_days", "end_days", "term_indexes", "ceilings_micro_yuan", "terms")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FIRST_INDEX_FIELD_NUMBER: _ClassVar[int]
    ITEM_CODES_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DAYS_FIELD_NUMBER: _ClassVar[int]
    END_DAYS_FIELD_NUMBER: _ClassVar[int]
    TERM_INDEXES_FIELD_NUMBER: _ClassVar[int]
    CEILINGS_MICRO_YUAN_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    version: _catalogue_pb2.CatalogueVersion
    first_index: int
    item_codes: bytes
    begin_days: _containers.RepeatedScalarFieldContainer[int]
    end_days: _containers.RepeatedScalarFieldContainer[int]
    term_indexes: _containers.RepeatedScalarFieldContainer[int]
    ceilings_micro_yuan: _containers.RepeatedScalarFieldContainer[int]
    terms: _containers.RepeatedCompositeFieldContainer[CatalogueTerms]
    def __init__(self, version: _Optional[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]] = ..., first_index: _Optional[int] = ..., item_codes: _Optional[bytes] = ..., begin_days: _Optional[_Iterable[int]] = ..., end_days: _Optional[_Iterable[int]] = ..., term_indexes: _Optional[_Iterable[int]] = ..., ceilings_micro_yuan: _Optional[_Iterable[int]] = ..., terms: _Optional[_Iterable[_Union[CatalogueTerms, _Mapping]]] = ...) -> None: ...

class CatalogueTerms(_message.Message):
    __slots__ = ("list_type_code", "charge_category_code", "catalogue_class", "prior_self_pay_ten_thousandths", "over_ceiling", "sample", "prior_self_pays", "price_ceilings", "restriction", "use_limits")
    LIST_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    CHARGE_CATEGORY_CODE_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_CLASS_FIELD_NUMBER: _ClassVar[int]
    PRIOR_SELF_PAY_TEN_THOUSANDTHS_FIELD_NUMBER: _ClassVar[int]
    OVER_CEILING_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    PRIOR_SELF_PAYS_FIELD_NUMBER: _ClassVar[int]
    PRICE_CEILINGS_FIELD_NUMBER: _ClassVar[int]
    RESTRICTION_FIELD_NUMBER: _ClassVar[int]
    USE_LIMITS_FIELD_NUMBER: _ClassVar[int]
    list_type_code: str
    charge_category_code: str
    catalogue_class: _bill_pb2.CatalogueClass
    prior_self_pay_ten_thousandths: int
    over_ceiling: _catalogue_pb2.OverCeiling
    sample: bool
    prior_self_pays: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.PriorSelfPay]
    price_ceilings: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.PriceCeiling]
    restriction: _catalogue_pb2.PaymentRestriction
    use_limits: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.UseLimit]
    def __init__(self, list_type_code: _Optional[str] = ..., charge_category_code: _Optional[str] = ..., catalogue_class: _Optional[_Union[_bill_pb2.CatalogueClass, str]] = ..., prior_self_pay_ten_thousandths: _Optional[int] = ..., over_ceiling: _Optional[_Union[_catalogue_pb2.OverCeiling, str]] = ..., sample: _Optional[bool] = ..., prior_self_pays: _Optional[_Iterable[_Union[_catalogue_pb2.PriorSelfPay, _Mapping]]] = ..., price_ceilings: _Optional[_Iterable[_Union[_catalogue_pb2.PriceCeiling, _Mapping]]] = ..., restriction: _Optional[_Union[_catalogue_pb2.PaymentRestriction, _Mapping]] = ..., use_limits: _Optional[_Iterable[_Union[_catalogue_pb2.UseLimit, _Mapping]]] = ...) -> None: ...

class ListVersionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class ListVersionsResponse(_message.Message):
    __slots__ = ("versions", "next_page_token")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.CatalogueVersion]
    next_page_token: str
    def __init__(self, versions: _Optional[_Iterable[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RepublishVersionRequest(_message.Message):
    __slots__ = ("request_id", "region_code", "from_version", "version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    region_code: str
    from_version: str
    version: str
    def __init__(self, request_id: _Optional[str] = ..., region_code: _Optional[str] = ..., from_version: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class RepublishVersionResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: _catalogue_pb2.CatalogueVersion
    def __init__(self, version: _Optional[_Union[_catalogue_pb2.CatalogueVersion, _Mapping]] = ...) -> None: ...

class CompareVersionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "version", "other_region_code", "other_version", "on_date", "list_type_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OTHER_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    OTHER_VERSION_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    LIST_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    version: str
    other_region_code: str
    other_version: str
    on_date: _date_pb2.Date
    list_type_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., version: _Optional[str] = ..., other_region_code: _Optional[str] = ..., other_version: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., list_type_code: _Optional[str] = ...) -> None: ...

class CompareVersionsResponse(_message.Message):
    __slots__ = ("differences", "next_page_token", "summary")
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    differences: _containers.RepeatedCompositeFieldContainer[ItemDifference]
    next_page_token: str
    summary: DifferenceSummary
    def __init__(self, differences: _Optional[_Iterable[_Union[ItemDifference, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., summary: _Optional[_Union[DifferenceSummary, _Mapping]] = ...) -> None: ...

class ItemDifference(_message.Message):
    __slots__ = ("item_code", "kind", "changed_fields", "items", "other_items", "zone_id")
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    OTHER_ITEMS_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    item_code: str
    kind: DifferenceKind
    changed_fields: _containers.RepeatedScalarFieldContainer[str]
    items: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.CatalogueItem]
    other_items: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.CatalogueItem]
    zone_id: str
    def __init__(self, item_code: _Optional[str] = ..., kind: _Optional[_Union[DifferenceKind, str]] = ..., changed_fields: _Optional[_Iterable[str]] = ..., items: _Optional[_Iterable[_Union[_catalogue_pb2.CatalogueItem, _Mapping]]] = ..., other_items: _Optional[_Iterable[_Union[_catalogue_pb2.CatalogueItem, _Mapping]]] = ..., zone_id: _Optional[str] = ...) -> None: ...

class DifferenceSummary(_message.Message):
    __slots__ = ("only_here_count", "only_there_count", "conflict_count", "same_count")
    ONLY_HERE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ONLY_THERE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONFLICT_COUNT_FIELD_NUMBER: _ClassVar[int]
    SAME_COUNT_FIELD_NUMBER: _ClassVar[int]
    only_here_count: int
    only_there_count: int
    conflict_count: int
    same_count: int
    def __init__(self, only_here_count: _Optional[int] = ..., only_there_count: _Optional[int] = ..., conflict_count: _Optional[int] = ..., same_count: _Optional[int] = ...) -> None: ...

class ListReferenceCodesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "kind", "code_prefix", "name_contains")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CODE_PREFIX_FIELD_NUMBER: _ClassVar[int]
    NAME_CONTAINS_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    kind: ReferenceKind
    code_prefix: str
    name_contains: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., kind: _Optional[_Union[ReferenceKind, str]] = ..., code_prefix: _Optional[str] = ..., name_contains: _Optional[str] = ...) -> None: ...

class ListReferenceCodesResponse(_message.Message):
    __slots__ = ("codes", "next_page_token")
    CODES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    codes: _containers.RepeatedCompositeFieldContainer[ReferenceCode]
    next_page_token: str
    def __init__(self, codes: _Optional[_Iterable[_Union[ReferenceCode, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ReferenceCode(_message.Message):
    __slots__ = ("code", "name")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    code: str
    name: str
    def __init__(self, code: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ListZonesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "on_date")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    on_date: _date_pb2.Date
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class ListZonesResponse(_message.Message):
    __slots__ = ("zones", "next_page_token")
    ZONES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    zones: _containers.RepeatedCompositeFieldContainer[RecognitionZone]
    next_page_token: str
    def __init__(self, zones: _Optional[_Iterable[_Union[RecognitionZone, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RecognitionZone(_message.Message):
    __slots__ = ("zone_id", "name_zh", "province_codes", "list_type_codes", "begin_date", "end_date", "applied", "sample", "basis")
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_ZH_FIELD_NUMBER: _ClassVar[int]
    PROVINCE_CODES_FIELD_NUMBER: _ClassVar[int]
    LIST_TYPE_CODES_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    zone_id: str
    name_zh: str
    province_codes: _containers.RepeatedScalarFieldContainer[str]
    list_type_codes: _containers.RepeatedScalarFieldContainer[str]
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    applied: bool
    sample: bool
    basis: str
    def __init__(self, zone_id: _Optional[str] = ..., name_zh: _Optional[str] = ..., province_codes: _Optional[_Iterable[str]] = ..., list_type_codes: _Optional[_Iterable[str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., applied: _Optional[bool] = ..., sample: _Optional[bool] = ..., basis: _Optional[str] = ...) -> None: ...
