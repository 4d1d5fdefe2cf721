from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
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

class Sex(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEX_UNSPECIFIED: _ClassVar[Sex]
    SEX_MALE: _ClassVar[Sex]
    SEX_FEMALE: _ClassVar[Sex]

class CatalogueClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CATALOGUE_CLASS_UNSPECIFIED: _ClassVar[CatalogueClass]
    CATALOGUE_CLASS_A: _ClassVar[CatalogueClass]
    CATALOGUE_CLASS_B: _ClassVar[CatalogueClass]
    CATALOGUE_CLASS_C: _ClassVar[CatalogueClass]

class RestrictionApproval(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESTRICTION_APPROVAL_UNSPECIFIED: _ClassVar[RestrictionApproval]
    RESTRICTION_APPROVAL_MET: _ClassVar[RestrictionApproval]
    RESTRICTION_APPROVAL_NOT_MET: _ClassVar[RestrictionApproval]
SEX_UNSPECIFIED: Sex
SEX_MALE: Sex
SEX_FEMALE: Sex
CATALOGUE_CLASS_UNSPECIFIED: CatalogueClass
CATALOGUE_CLASS_A: CatalogueClass
CATALOGUE_CLASS_B: CatalogueClass
CATALOGUE_CLASS_C: CatalogueClass
RESTRICTION_APPROVAL_UNSPECIFIED: RestrictionApproval
RESTRICTION_APPROVAL_MET: RestrictionApproval
RESTRICTION_APPROVAL_NOT_MET: RestrictionApproval

class FeeLine(_message.Message):
    __slots__ = ("line_id", "item_code", "item_name", "fee_date", "unit_price", "quantity", "amount", "department_code", "restriction_approval", "supply_days")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    ITEM_NAME_FIELD_NUMBER: _ClassVar[int]
    FEE_DATE_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    RESTRICTION_APPROVAL_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_DAYS_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_code: str
    item_name: str
    fee_date: _date_pb2.Date
    unit_price: _decimal_pb2.Decimal
    quantity: _decimal_pb2.Decimal
    amount: _money_pb2.Money
    department_code: str
    restriction_approval: RestrictionApproval
    supply_days: int
    def __init__(self, line_id: _Optional[str] = ..., item_code: _Optional[str] = ..., item_name: _Optional[str] = ..., fee_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., unit_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., department_code: _Optional[str] = ..., restriction_approval: _Optional[_Union[RestrictionApproval, str]] = ..., supply_days: _Optional[int] = ...) -> None: ...

class ClassifiedLine(_message.Message):
    __slots__ = ("line_id", "split", "catalogue_class", "charge_category_code", "not_listed", "sample", "unmet_restrictions", "recognised_region_code")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_CLASS_FIELD_NUMBER: _ClassVar[int]
    CHARGE_CATEGORY_CODE_FIELD_NUMBER: _ClassVar[int]
    NOT_LISTED_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    UNMET_RESTRICTIONS_FIELD_NUMBER: _ClassVar[int]
    RECOGNISED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    split: _money_pb2.AmountSplit
    catalogue_class: CatalogueClass
    charge_category_code: str
    not_listed: bool
    sample: bool
    unmet_restrictions: _containers.RepeatedScalarFieldContainer[str]
    recognised_region_code: str
    def __init__(self, line_id: _Optional[str] = ..., split: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., catalogue_class: _Optional[_Union[CatalogueClass, str]] = ..., charge_category_code: _Optional[str] = ..., not_listed: _Optional[bool] = ..., sample: _Optional[bool] = ..., unmet_restrictions: _Optional[_Iterable[str]] = ..., recognised_region_code: _Optional[str] = ...) -> None: ...

class Diagnosis(_message.Message):
    __slots__ = ("diagnosis_code", "main")
    DIAGNOSIS_CODE_FIELD_NUMBER: _ClassVar[int]
    MAIN_FIELD_NUMBER: _ClassVar[int]
    diagnosis_code: str
    main: bool
    def __init__(self, diagnosis_code: _Optional[str] = ..., main: _Optional[bool] = ...) -> None: ...
