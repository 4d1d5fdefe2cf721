import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.supervision.v1 import finding_pb2 as _finding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_UNSPECIFIED: _ClassVar[Channel]
    CHANNEL_DIRECT: _ClassVar[Channel]
    CHANNEL_MANUAL: _ClassVar[Channel]
CHANNEL_UNSPECIFIED: Channel
CHANNEL_DIRECT: Channel
CHANNEL_MANUAL: Channel

class AuditedLine(_message.Message):
    __slots__ = ("line_id", "item_code", "fee_date", "unit_price", "quantity", "amount", "in_scope", "catalogue_class", "charge_category_code", "department_code", "supply_days")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    FEE_DATE_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_CLASS_FIELD_NUMBER: _ClassVar[int]
    CHARGE_CATEGORY_CODE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_DAYS_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_code: str
    fee_date: _date_pb2.Date
    unit_price: _decimal_pb2.Decimal
    quantity: _decimal_pb2.Decimal
    amount: _money_pb2.Money
    in_scope: _money_pb2.Money
    catalogue_class: _bill_pb2.CatalogueClass
    charge_category_code: str
    department_code: str
    supply_days: int
    def __init__(self, line_id: _Optional[str] = ..., item_code: _Optional[str] = ..., fee_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., unit_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., in_scope: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., catalogue_class: _Optional[_Union[_bill_pb2.CatalogueClass, str]] = ..., charge_category_code: _Optional[str] = ..., department_code: _Optional[str] = ..., supply_days: _Optional[int] = ...) -> None: ...

class FindingDetail(_message.Message):
    __slots__ = ("finding", "lines", "channel", "begin_date", "end_date", "settle_time", "medical_type_code", "scheme_code", "total", "in_scope", "fund_total", "department_code", "doctor_code")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    SETTLE_TIME_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    DOCTOR_CODE_FIELD_NUMBER: _ClassVar[int]
    finding: _finding_pb2.RecordedFinding
    lines: _containers.RepeatedCompositeFieldContainer[AuditedLine]
    channel: Channel
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    settle_time: _timestamp_pb2.Timestamp
    medical_type_code: str
    scheme_code: str
    total: _money_pb2.Money
    in_scope: _money_pb2.Money
    fund_total: _money_pb2.Money
    department_code: str
    doctor_code: str
    def __init__(self, finding: _Optional[_Union[_finding_pb2.RecordedFinding, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[AuditedLine, _Mapping]]] = ..., channel: _Optional[_Union[Channel, str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., settle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., medical_type_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., in_scope: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., department_code: _Optional[str] = ..., doctor_code: _Optional[str] = ...) -> None: ...

class ExportedBill(_message.Message):
    __slots__ = ("bill_key", "channel", "person_key", "sex", "age_years", "care_region_code", "insured_region_code", "institution_code", "hospital_level_code", "department_code", "doctor_code", "medical_type_code", "scheme_code", "begin_date", "end_date", "settle_time", "diagnosis_codes", "operation_codes", "emergency", "visit_id", "invoice_key", "phone_key", "total", "in_scope", "fund_total", "lines")
    BILL_KEY_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PERSON_KEY_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    AGE_YEARS_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_CODE_FIELD_NUMBER: _ClassVar[int]
    DOCTOR_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    SETTLE_TIME_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSIS_CODES_FIELD_NUMBER: _ClassVar[int]
    OPERATION_CODES_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INVOICE_KEY_FIELD_NUMBER: _ClassVar[int]
    PHONE_KEY_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    bill_key: str
    channel: Channel
    person_key: bytes
    sex: _bill_pb2.Sex
    age_years: int
    care_region_code: str
    insured_region_code: str
    institution_code: str
    hospital_level_code: str
    department_code: str
    doctor_code: str
    medical_type_code: str
    scheme_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    settle_time: _timestamp_pb2.Timestamp
    diagnosis_codes: _containers.RepeatedScalarFieldContainer[str]
    operation_codes: _containers.RepeatedScalarFieldContainer[str]
    emergency: bool
    visit_id: str
    invoice_key: bytes
    phone_key: bytes
    total: _money_pb2.Money
    in_scope: _money_pb2.Money
    fund_total: _money_pb2.Money
    lines: _containers.RepeatedCompositeFieldContainer[AuditedLine]
    def __init__(self, bill_key: _Optional[str] = ..., channel: _Optional[_Union[Channel, str]] = ..., person_key: _Optional[bytes] = ..., sex: _Optional[_Union[_bill_pb2.Sex, str]] = ..., age_years: _Optional[int] = ..., care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., department_code: _Optional[str] = ..., doctor_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., settle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., diagnosis_codes: _Optional[_Iterable[str]] = ..., operation_codes: _Optional[_Iterable[str]] = ..., emergency: _Optional[bool] = ..., visit_id: _Optional[str] = ..., invoice_key: _Optional[bytes] = ..., phone_key: _Optional[bytes] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., in_scope: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[AuditedLine, _Mapping]]] = ...) -> None: ...

class AuditDay(_message.Message):
    __slots__ = ("settle_date", "settled_count", "audited_count", "settled_fund", "audited_fund", "reversed_count", "withdrawn_count", "complete")
    SETTLE_DATE_FIELD_NUMBER: _ClassVar[int]
    SETTLED_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUDITED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FUND_FIELD_NUMBER: _ClassVar[int]
    AUDITED_FUND_FIELD_NUMBER: _ClassVar[int]
    REVERSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_COUNT_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    settle_date: _date_pb2.Date
    settled_count: int
    audited_count: int
    settled_fund: _money_pb2.Money
    audited_fund: _money_pb2.Money
    reversed_count: int
    withdrawn_count: int
    complete: bool
    def __init__(self, settle_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., settled_count: _Optional[int] = ..., audited_count: _Optional[int] = ..., settled_fund: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., audited_fund: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reversed_count: _Optional[int] = ..., withdrawn_count: _Optional[int] = ..., complete: _Optional[bool] = ...) -> None: ...
