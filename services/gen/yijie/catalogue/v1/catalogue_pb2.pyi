import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AgeUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGE_UNIT_UNSPECIFIED: _ClassVar[AgeUnit]
    AGE_UNIT_YEAR: _ClassVar[AgeUnit]
    AGE_UNIT_MONTH: _ClassVar[AgeUnit]
    AGE_UNIT_DAY: _ClassVar[AgeUnit]

class CareSetting(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CARE_SETTING_UNSPECIFIED: _ClassVar[CareSetting]
    CARE_SETTING_OUTPATIENT: _ClassVar[CareSetting]
    CARE_SETTING_INPATIENT: _ClassVar[CareSetting]
    CARE_SETTING_PHARMACY: _ClassVar[CareSetting]

class UsePeriod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USE_PERIOD_UNSPECIFIED: _ClassVar[UsePeriod]
    USE_PERIOD_LINE: _ClassVar[UsePeriod]
    USE_PERIOD_DAY: _ClassVar[UsePeriod]
    USE_PERIOD_BILL: _ClassVar[UsePeriod]

class OverCeiling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OVER_CEILING_UNSPECIFIED: _ClassVar[OverCeiling]
    OVER_CEILING_SELF_PAY: _ClassVar[OverCeiling]
    OVER_CEILING_REJECT: _ClassVar[OverCeiling]
AGE_UNIT_UNSPECIFIED: AgeUnit
AGE_UNIT_YEAR: AgeUnit
AGE_UNIT_MONTH: AgeUnit
AGE_UNIT_DAY: AgeUnit
CARE_SETTING_UNSPECIFIED: CareSetting
CARE_SETTING_OUTPATIENT: CareSetting
CARE_SETTING_INPATIENT: CareSetting
CARE_SETTING_PHARMACY: CareSetting
USE_PERIOD_UNSPECIFIED: UsePeriod
USE_PERIOD_LINE: UsePeriod
USE_PERIOD_DAY: UsePeriod
USE_PERIOD_BILL: UsePeriod
OVER_CEILING_UNSPECIFIED: OverCeiling
OVER_CEILING_SELF_PAY: OverCeiling
OVER_CEILING_REJECT: OverCeiling

class CatalogueItem(_message.Message):
    __slots__ = ("item_code", "name", "list_type_code", "charge_category_code", "catalogue_class", "prior_self_pay_ratio", "price_ceiling", "over_ceiling", "begin_date", "end_date", "sample", "prior_self_pays", "price_ceilings", "restriction", "use_limits", "specification", "unit")
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
    PRIOR_SELF_PAYS_FIELD_NUMBER: _ClassVar[int]
    PRICE_CEILINGS_FIELD_NUMBER: _ClassVar[int]
    RESTRICTION_FIELD_NUMBER: _ClassVar[int]
    USE_LIMITS_FIELD_NUMBER: _ClassVar[int]
    SPECIFICATION_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
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
    prior_self_pays: _containers.RepeatedCompositeFieldContainer[PriorSelfPay]
    price_ceilings: _containers.RepeatedCompositeFieldContainer[PriceCeiling]
    restriction: PaymentRestriction
    use_limits: _containers.RepeatedCompositeFieldContainer[UseLimit]
    specification: str
    unit: str
    def __init__(self, item_code: _Optional[str] = ..., name: _Optional[str] = ..., list_type_code: _Optional[str] = ..., charge_category_code: _Optional[str] = ..., catalogue_class: _Optional[_Union[_bill_pb2.CatalogueClass, str]] = ..., prior_self_pay_ratio: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., price_ceiling: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., over_ceiling: _Optional[_Union[OverCeiling, str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., sample: _Optional[bool] = ..., prior_self_pays: _Optional[_Iterable[_Union[PriorSelfPay, _Mapping]]] = ..., price_ceilings: _Optional[_Iterable[_Union[PriceCeiling, _Mapping]]] = ..., restriction: _Optional[_Union[PaymentRestriction, _Mapping]] = ..., use_limits: _Optional[_Iterable[_Union[UseLimit, _Mapping]]] = ..., specification: _Optional[str] = ..., unit: _Optional[str] = ...) -> None: ...

class PriorSelfPay(_message.Message):
    __slots__ = ("person_type_code", "ratio")
    PERSON_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    person_type_code: str
    ratio: _decimal_pb2.Decimal
    def __init__(self, person_type_code: _Optional[str] = ..., ratio: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class PriceCeiling(_message.Message):
    __slots__ = ("price_level_code", "price_ceiling")
    PRICE_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    PRICE_CEILING_FIELD_NUMBER: _ClassVar[int]
    price_level_code: str
    price_ceiling: _decimal_pb2.Decimal
    def __init__(self, price_level_code: _Optional[str] = ..., price_ceiling: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class PaymentRestriction(_message.Message):
    __slots__ = ("sex", "min_age", "max_age", "price_level_codes", "setting", "department_codes", "diagnosis_prefixes", "scheme_codes", "requires_approval", "text")
    SEX_FIELD_NUMBER: _ClassVar[int]
    MIN_AGE_FIELD_NUMBER: _ClassVar[int]
    MAX_AGE_FIELD_NUMBER: _ClassVar[int]
    PRICE_LEVEL_CODES_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODES_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSIS_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODES_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_APPROVAL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    sex: _bill_pb2.Sex
    min_age: AgeBound
    max_age: AgeBound
    price_level_codes: _containers.RepeatedScalarFieldContainer[str]
    setting: CareSetting
    department_codes: _containers.RepeatedScalarFieldContainer[str]
    diagnosis_prefixes: _containers.RepeatedScalarFieldContainer[str]
    scheme_codes: _containers.RepeatedScalarFieldContainer[str]
    requires_approval: bool
    text: str
    def __init__(self, sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., min_age: _Optional[_Union[AgeBound, _Mapping]] = ..., max_age: _Optional[_Union[AgeBound, _Mapping]] = ..., price_level_codes: _Optional[_Iterable[str]] = ..., setting: _Optional[_Union[CareSetting, str]] = ..., department_codes: _Optional[_Iterable[str]] = ..., diagnosis_prefixes: _Optional[_Iterable[str]] = ..., scheme_codes: _Optional[_Iterable[str]] = ..., requires_approval: _Optional[bool] = ..., text: _Optional[str] = ...) -> None: ...

class AgeBound(_message.Message):
    __slots__ = ("number", "unit")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    number: int
    unit: AgeUnit
    def __init__(self, number: _Optional[int] = ..., unit: _Optional[_Union[AgeUnit, str]] = ...) -> None: ...

class UseLimit(_message.Message):
    __slots__ = ("quantity", "period")
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    quantity: _decimal_pb2.Decimal
    period: UsePeriod
    def __init__(self, quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., period: _Optional[_Union[UsePeriod, str]] = ...) -> None: ...

class CatalogueVersion(_message.Message):
    __slots__ = ("region_code", "version", "item_count", "publication_sequence", "base_version", "effective_date", "publish_time")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_TIME_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    version: str
    item_count: int
    publication_sequence: int
    base_version: str
    effective_date: _date_pb2.Date
    publish_time: _timestamp_pb2.Timestamp
    def __init__(self, region_code: _Optional[str] = ..., version: _Optional[str] = ..., item_count: _Optional[int] = ..., publication_sequence: _Optional[int] = ..., base_version: _Optional[str] = ..., effective_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., publish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
