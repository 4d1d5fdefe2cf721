import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.type import decimal_pb2 as _decimal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CareSetting(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CARE_SETTING_UNSPECIFIED: _ClassVar[CareSetting]
    CARE_SETTING_INPATIENT: _ClassVar[CareSetting]
    CARE_SETTING_OUTPATIENT: _ClassVar[CareSetting]
    CARE_SETTING_PHARMACY: _ClassVar[CareSetting]

class RateLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RATE_LEVEL_UNSPECIFIED: _ClassVar[RateLevel]
    RATE_LEVEL_NATION: _ClassVar[RateLevel]
    RATE_LEVEL_PROVINCE: _ClassVar[RateLevel]
    RATE_LEVEL_CITY: _ClassVar[RateLevel]
    RATE_LEVEL_INSTITUTION: _ClassVar[RateLevel]
    RATE_LEVEL_INSURED_PROVINCE: _ClassVar[RateLevel]

class SelfPaidReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELF_PAID_REASON_UNSPECIFIED: _ClassVar[SelfPaidReason]
    SELF_PAID_REASON_NOT_OPENED: _ClassVar[SelfPaidReason]
    SELF_PAID_REASON_SYSTEM_FAULT: _ClassVar[SelfPaidReason]
    SELF_PAID_REASON_CREDENTIAL_NOT_READ: _ClassVar[SelfPaidReason]
    SELF_PAID_REASON_NOT_FILED: _ClassVar[SelfPaidReason]
    SELF_PAID_REASON_PATIENT_CHOSE: _ClassVar[SelfPaidReason]
    SELF_PAID_REASON_THIRD_PARTY_LIABLE: _ClassVar[SelfPaidReason]
    SELF_PAID_REASON_OTHER: _ClassVar[SelfPaidReason]

class SelfPaidEligibility(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELF_PAID_ELIGIBILITY_UNSPECIFIED: _ClassVar[SelfPaidEligibility]
    SELF_PAID_ELIGIBILITY_ELIGIBLE: _ClassVar[SelfPaidEligibility]
    SELF_PAID_ELIGIBILITY_NOT_INSURED: _ClassVar[SelfPaidEligibility]
    SELF_PAID_ELIGIBILITY_NOT_FILED: _ClassVar[SelfPaidEligibility]
    SELF_PAID_ELIGIBILITY_NOT_COVERED: _ClassVar[SelfPaidEligibility]

class UploadAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UPLOAD_ACTION_UNSPECIFIED: _ClassVar[UploadAction]
    UPLOAD_ACTION_ADD: _ClassVar[UploadAction]
    UPLOAD_ACTION_REPLACE: _ClassVar[UploadAction]
    UPLOAD_ACTION_WITHDRAW: _ClassVar[UploadAction]
CARE_SETTING_UNSPECIFIED: CareSetting
CARE_SETTING_INPATIENT: CareSetting
CARE_SETTING_OUTPATIENT: CareSetting
CARE_SETTING_PHARMACY: CareSetting
RATE_LEVEL_UNSPECIFIED: RateLevel
RATE_LEVEL_NATION: RateLevel
RATE_LEVEL_PROVINCE: RateLevel
RATE_LEVEL_CITY: RateLevel
RATE_LEVEL_INSTITUTION: RateLevel
RATE_LEVEL_INSURED_PROVINCE: RateLevel
SELF_PAID_REASON_UNSPECIFIED: SelfPaidReason
SELF_PAID_REASON_NOT_OPENED: SelfPaidReason
SELF_PAID_REASON_SYSTEM_FAULT: SelfPaidReason
SELF_PAID_REASON_CREDENTIAL_NOT_READ: SelfPaidReason
SELF_PAID_REASON_NOT_FILED: SelfPaidReason
SELF_PAID_REASON_PATIENT_CHOSE: SelfPaidReason
SELF_PAID_REASON_THIRD_PARTY_LIABLE: SelfPaidReason
SELF_PAID_REASON_OTHER: SelfPaidReason
SELF_PAID_ELIGIBILITY_UNSPECIFIED: SelfPaidEligibility
SELF_PAID_ELIGIBILITY_ELIGIBLE: SelfPaidEligibility
SELF_PAID_ELIGIBILITY_NOT_INSURED: SelfPaidEligibility
SELF_PAID_ELIGIBILITY_NOT_FILED: SelfPaidEligibility
SELF_PAID_ELIGIBILITY_NOT_COVERED: SelfPaidEligibility
UPLOAD_ACTION_UNSPECIFIED: UploadAction
UPLOAD_ACTION_ADD: UploadAction
UPLOAD_ACTION_REPLACE: UploadAction
UPLOAD_ACTION_WITHDRAW: UploadAction

class DirectRate(_message.Message):
    __slots__ = ("month", "level", "code", "setting", "direct_count", "direct", "manual_count", "manual", "self_paid_count", "self_paid", "rate_by_cost", "rate_by_cases", "rank")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    DIRECT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DIRECT_FIELD_NUMBER: _ClassVar[int]
    MANUAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    MANUAL_FIELD_NUMBER: _ClassVar[int]
    SELF_PAID_COUNT_FIELD_NUMBER: _ClassVar[int]
    SELF_PAID_FIELD_NUMBER: _ClassVar[int]
    RATE_BY_COST_FIELD_NUMBER: _ClassVar[int]
    RATE_BY_CASES_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    month: str
    level: RateLevel
    code: str
    setting: CareSetting
    direct_count: int
    direct: _money_pb2.Money
    manual_count: int
    manual: _money_pb2.Money
    self_paid_count: int
    self_paid: _money_pb2.Money
    rate_by_cost: _decimal_pb2.Decimal
    rate_by_cases: _decimal_pb2.Decimal
    rank: int
    def __init__(self, month: _Optional[str] = ..., level: _Optional[_Union[RateLevel, str]] = ..., code: _Optional[str] = ..., setting: _Optional[_Union[CareSetting, str]] = ..., direct_count: _Optional[int] = ..., direct: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., manual_count: _Optional[int] = ..., manual: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., self_paid_count: _Optional[int] = ..., self_paid: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., rate_by_cost: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., rate_by_cases: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., rank: _Optional[int] = ...) -> None: ...

class SelfPaidCase(_message.Message):
    __slots__ = ("institution_code", "institution_visit_number", "person_id", "insured_region_code", "care_region_code", "medical_type_code", "begin_date", "end_date", "total", "reason", "emergency", "action", "eligibility", "case_id")
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_VISIT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ELIGIBILITY_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    institution_visit_number: str
    person_id: str
    insured_region_code: str
    care_region_code: str
    medical_type_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    total: _money_pb2.Money
    reason: SelfPaidReason
    emergency: bool
    action: UploadAction
    eligibility: SelfPaidEligibility
    case_id: str
    def __init__(self, institution_code: _Optional[str] = ..., institution_visit_number: _Optional[str] = ..., person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reason: _Optional[_Union[SelfPaidReason, str]] = ..., emergency: _Optional[bool] = ..., action: _Optional[_Union[UploadAction, str]] = ..., eligibility: _Optional[_Union[SelfPaidEligibility, str]] = ..., case_id: _Optional[str] = ...) -> None: ...

class LocalCost(_message.Message):
    __slots__ = ("institution_code", "month", "setting", "disease_group_code", "case_count", "total", "action")
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    DISEASE_GROUP_CODE_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    month: str
    setting: CareSetting
    disease_group_code: str
    case_count: int
    total: _money_pb2.Money
    action: UploadAction
    def __init__(self, institution_code: _Optional[str] = ..., month: _Optional[str] = ..., setting: _Optional[_Union[CareSetting, str]] = ..., disease_group_code: _Optional[str] = ..., case_count: _Optional[int] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., action: _Optional[_Union[UploadAction, str]] = ...) -> None: ...

class Suspect(_message.Message):
    __slots__ = ("institution_code", "care_region_code", "case_count", "turned_away_count", "turned_away_percent", "peer_percent", "peers_are_national", "lower_bound_percent", "tail", "tested_count", "flagged", "reasons")
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TURNED_AWAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    TURNED_AWAY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    PEER_PERCENT_FIELD_NUMBER: _ClassVar[int]
    PEERS_ARE_NATIONAL_FIELD_NUMBER: _ClassVar[int]
    LOWER_BOUND_PERCENT_FIELD_NUMBER: _ClassVar[int]
    TAIL_FIELD_NUMBER: _ClassVar[int]
    TESTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FLAGGED_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    institution_code: str
    care_region_code: str
    case_count: int
    turned_away_count: int
    turned_away_percent: _decimal_pb2.Decimal
    peer_percent: _decimal_pb2.Decimal
    peers_are_national: bool
    lower_bound_percent: _decimal_pb2.Decimal
    tail: _decimal_pb2.Decimal
    tested_count: int
    flagged: bool
    reasons: _containers.RepeatedCompositeFieldContainer[ReasonCount]
    def __init__(self, institution_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., case_count: _Optional[int] = ..., turned_away_count: _Optional[int] = ..., turned_away_percent: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., peer_percent: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., peers_are_national: _Optional[bool] = ..., lower_bound_percent: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., tail: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., tested_count: _Optional[int] = ..., flagged: _Optional[bool] = ..., reasons: _Optional[_Iterable[_Union[ReasonCount, _Mapping]]] = ...) -> None: ...

class ReasonCount(_message.Message):
    __slots__ = ("reason", "party", "count")
    REASON_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    party: str
    count: int
    def __init__(self, reason: _Optional[str] = ..., party: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class Bulletin(_message.Message):
    __slots__ = ("month", "edition", "freeze_time", "digest", "maker_id", "checker_id", "note", "files")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    EDITION_FIELD_NUMBER: _ClassVar[int]
    FREEZE_TIME_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    month: str
    edition: int
    freeze_time: _timestamp_pb2.Timestamp
    digest: str
    maker_id: str
    checker_id: str
    note: str
    files: _containers.RepeatedCompositeFieldContainer[BulletinFile]
    def __init__(self, month: _Optional[str] = ..., edition: _Optional[int] = ..., freeze_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., digest: _Optional[str] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ..., files: _Optional[_Iterable[_Union[BulletinFile, _Mapping]]] = ...) -> None: ...

class BulletinFile(_message.Message):
    __slots__ = ("file_name", "media_type", "size_bytes", "sha256")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
    def __init__(self, file_name: _Optional[str] = ..., media_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...
