from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OverCeiling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OVER_CEILING_UNSPECIFIED: _ClassVar[OverCeiling]
    OVER_CEILING_SELF_PAY: _ClassVar[OverCeiling]
    OVER_CEILING_REJECT: _ClassVar[OverCeiling]
OVER_CEILING_UNSPECIFIED: OverCeiling
OVER_CEILING_SELF_PAY: OverCeiling
OVER_CEILING_REJECT: OverCeiling

class CatalogueItem(_message.Message):
    __slots__ = ("item_code", "name", "list_type_code", "charge_category_code", "catalogue_class", "prior_self_pay_ratio", "price_ceiling", "over_ceiling", "begin_date", "end_date", "sample")
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LIST_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    CHARGE_CATEGORY_CODE_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_CLASS_FIELD_NUMBER: _ClassVar[int]
    PRIOR_SELF_PAY_RATIO_FIELD_NUMBER: _ClassVar[int]
    PRICE_CEILING_FIELD_NUMBER: _ClassVar[int]
    OVER_CEILING_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    item_code: str
    name: str
    list_type_code: str
    charge_category_code: str
    catalogue_class: _bill_pb2.CatalogueClass
    prior_self_pay_ratio: _decimal_pb2.Decimal
    price_ceiling: _decimal_pb2.Decimal
    over_ceiling: OverCeiling
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    sample: bool
    def __init__(self, item_code: _Optional[str] = ..., name: _Optional[str] = ..., list_type_code: _Optional[str] = ..., charge_category_code: _Optional[str] = ..., catalogue_class: _Optional[_Union[_bill_pb2.CatalogueClass, str]] = ..., prior_self_pay_ratio: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., price_ceiling: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., over_ceiling: _Optional[_Union[OverCeiling, str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., sample: _Optional[bool] = ...) -> None: ...

class CatalogueVersion(_message.Message):
    __slots__ = ("region_code", "version", "item_count", "publication_sequence")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    version: str
    item_count: int
    publication_sequence: int
    def __init__(self, region_code: _Optional[str] = ..., version: _Optional[str] = ..., item_count: _Optional[int] = ..., publication_sequence: _Optional[int] = ...) -> None: ...
