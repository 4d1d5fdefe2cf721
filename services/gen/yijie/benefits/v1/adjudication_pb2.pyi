from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.filing.v1 import filing_pb2 as _filing_pb2
from yijie.filing.v1 import filing_service_pb2 as _filing_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ParameterStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PARAMETER_STATUS_UNSPECIFIED: _ClassVar[ParameterStatus]
    PARAMETER_STATUS_PUBLISHED: _ClassVar[ParameterStatus]
    PARAMETER_STATUS_SECONDARY: _ClassVar[ParameterStatus]
    PARAMETER_STATUS_SAMPLE: _ClassVar[ParameterStatus]
PARAMETER_STATUS_UNSPECIFIED: ParameterStatus
PARAMETER_STATUS_PUBLISHED: ParameterStatus
PARAMETER_STATUS_SECONDARY: ParameterStatus
PARAMETER_STATUS_SAMPLE: ParameterStatus

class Case(_message.Message):
    __slots__ = ("person_id", "insured_region_code", "scheme_code", "person_type_code", "care_region_code", "institution_code", "deductible_level_code", "medical_type_code", "benefit_level", "begin_date", "end_date", "amounts", "use_account", "stay_id", "disease_code", "long_term_evidence")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    USE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    STAY_ID_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    LONG_TERM_EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    insured_region_code: str
    scheme_code: str
    person_type_code: str
    care_region_code: str
    institution_code: str
    deductible_level_code: str
    medical_type_code: str
    benefit_level: _filing_service_pb2.BenefitLevel
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    amounts: _money_pb2.AmountSplit
    use_account: bool
    stay_id: str
    disease_code: str
    long_term_evidence: _filing_pb2.FilingEvidence
    def __init__(self, person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., person_type_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., deductible_level_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., benefit_level: _Optional[_Union[_filing_service_pb2.BenefitLevel, str]] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., amounts: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., use_account: _Optional[bool] = ..., stay_id: _Optional[str] = ..., disease_code: _Optional[str] = ..., long_term_evidence: _Optional[_Union[_filing_pb2.FilingEvidence, str]] = ...) -> None: ...

class Adjudication(_message.Message):
    __slots__ = ("deductible", "fund_payments", "fund_total", "account_pay", "cash_pay", "patient_total", "account_balance", "policy_version", "sample", "steps", "accumulators_digest", "account_digest", "year_parts", "causes", "family_account_pay")
    DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    FUND_PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    CASH_PAY_FIELD_NUMBER: _ClassVar[int]
    PATIENT_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_BALANCE_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    ACCUMULATORS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    YEAR_PARTS_FIELD_NUMBER: _ClassVar[int]
    CAUSES_FIELD_NUMBER: _ClassVar[int]
    FAMILY_ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    deductible: _money_pb2.Money
    fund_payments: _containers.RepeatedCompositeFieldContainer[FundPayment]
    fund_total: _money_pb2.Money
    account_pay: _money_pb2.Money
    cash_pay: _money_pb2.Money
    patient_total: _money_pb2.Money
    account_balance: _money_pb2.Money
    policy_version: str
    sample: bool
    steps: _containers.RepeatedCompositeFieldContainer[CalculationStep]
    accumulators_digest: str
    account_digest: str
    year_parts: _containers.RepeatedCompositeFieldContainer[YearPart]
    causes: PatientCauses
    family_account_pay: _money_pb2.Money
    def __init__(self, deductible: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_payments: _Optional[_Iterable[_Union[FundPayment, _Mapping]]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., cash_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., patient_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_balance: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., policy_version: _Optional[str] = ..., sample: _Optional[bool] = ..., steps: _Optional[_Iterable[_Union[CalculationStep, _Mapping]]] = ..., accumulators_digest: _Optional[str] = ..., account_digest: _Optional[str] = ..., year_parts: _Optional[_Iterable[_Union[YearPart, _Mapping]]] = ..., causes: _Optional[_Union[PatientCauses, _Mapping]] = ..., family_account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class PatientCauses(_message.Message):
    __slots__ = ("full_self_pay", "over_limit", "prior_self_pay", "away_self_pay", "deductible", "share", "above_cap")
    FULL_SELF_PAY_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PRIOR_SELF_PAY_FIELD_NUMBER: _ClassVar[int]
    AWAY_SELF_PAY_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    ABOVE_CAP_FIELD_NUMBER: _ClassVar[int]
    full_self_pay: _money_pb2.Money
    over_limit: _money_pb2.Money
    prior_self_pay: _money_pb2.Money
    away_self_pay: _money_pb2.Money
    deductible: _money_pb2.Money
    share: _money_pb2.Money
    above_cap: _money_pb2.Money
    def __init__(self, full_self_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., over_limit: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., prior_self_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., away_self_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., deductible: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., share: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., above_cap: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class YearPart(_message.Message):
    __slots__ = ("benefit_year", "days", "amounts", "deductible", "fund_total")
    BENEFIT_YEAR_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    FUND_TOTAL_FIELD_NUMBER: _ClassVar[int]
    benefit_year: int
    days: int
    amounts: _money_pb2.AmountSplit
    deductible: _money_pb2.Money
    fund_total: _money_pb2.Money
    def __init__(self, benefit_year: _Optional[int] = ..., days: _Optional[int] = ..., amounts: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., deductible: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class FundPayment(_message.Message):
    __slots__ = ("fund_type_code", "amount")
    FUND_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    fund_type_code: str
    amount: _money_pb2.Money
    def __init__(self, fund_type_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class CalculationStep(_message.Message):
    __slots__ = ("step_code", "label_zh", "label_en", "base", "result", "parameters", "rounding")
    STEP_CODE_FIELD_NUMBER: _ClassVar[int]
    LABEL_ZH_FIELD_NUMBER: _ClassVar[int]
    LABEL_EN_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_FIELD_NUMBER: _ClassVar[int]
    step_code: str
    label_zh: str
    label_en: str
    base: _money_pb2.Money
    result: _money_pb2.Money
    parameters: _containers.RepeatedCompositeFieldContainer[ParameterRead]
    rounding: str
    def __init__(self, step_code: _Optional[str] = ..., label_zh: _Optional[str] = ..., label_en: _Optional[str] = ..., base: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., result: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., parameters: _Optional[_Iterable[_Union[ParameterRead, _Mapping]]] = ..., rounding: _Optional[str] = ...) -> None: ...

class ParameterRead(_message.Message):
    __slots__ = ("path", "value", "effective_date", "status", "reference")
    PATH_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_DATE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    path: str
    value: str
    effective_date: _date_pb2.Date
    status: ParameterStatus
    reference: str
    def __init__(self, path: _Optional[str] = ..., value: _Optional[str] = ..., effective_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., status: _Optional[_Union[ParameterStatus, str]] = ..., reference: _Optional[str] = ...) -> None: ...

class Accumulators(_message.Message):
    __slots__ = ("person_id", "scheme_code", "benefit_year", "inpatient_in_scope", "inpatient_deductible", "inpatient_count", "outpatient_in_scope", "outpatient_deductible", "outpatient_fund", "fund_pooled", "fund_large_amount", "fund_critical_illness", "critical_illness_base", "account_pay", "chronic_in_scope", "chronic_deductible", "chronic_fund", "large_amount_base", "fund_civil_servant", "fund_enterprise_supplement", "fund_disabled_veteran", "medical_aid_base", "fund_medical_aid", "fund_other")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_YEAR_FIELD_NUMBER: _ClassVar[int]
    INPATIENT_IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    INPATIENT_DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    INPATIENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTPATIENT_IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    OUTPATIENT_DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    OUTPATIENT_FUND_FIELD_NUMBER: _ClassVar[int]
    FUND_POOLED_FIELD_NUMBER: _ClassVar[int]
    FUND_LARGE_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FUND_CRITICAL_ILLNESS_FIELD_NUMBER: _ClassVar[int]
    CRITICAL_ILLNESS_BASE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_PAY_FIELD_NUMBER: _ClassVar[int]
    CHRONIC_IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    CHRONIC_DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    CHRONIC_FUND_FIELD_NUMBER: _ClassVar[int]
    LARGE_AMOUNT_BASE_FIELD_NUMBER: _ClassVar[int]
    FUND_CIVIL_SERVANT_FIELD_NUMBER: _ClassVar[int]
    FUND_ENTERPRISE_SUPPLEMENT_FIELD_NUMBER: _ClassVar[int]
    FUND_DISABLED_VETERAN_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_AID_BASE_FIELD_NUMBER: _ClassVar[int]
    FUND_MEDICAL_AID_FIELD_NUMBER: _ClassVar[int]
    FUND_OTHER_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    scheme_code: str
    benefit_year: int
    inpatient_in_scope: _money_pb2.Money
    inpatient_deductible: _money_pb2.Money
    inpatient_count: int
    outpatient_in_scope: _money_pb2.Money
    outpatient_deductible: _money_pb2.Money
    outpatient_fund: _money_pb2.Money
    fund_pooled: _money_pb2.Money
    fund_large_amount: _money_pb2.Money
    fund_critical_illness: _money_pb2.Money
    critical_illness_base: _money_pb2.Money
    account_pay: _money_pb2.Money
    chronic_in_scope: _money_pb2.Money
    chronic_deductible: _money_pb2.Money
    chronic_fund: _money_pb2.Money
    large_amount_base: _money_pb2.Money
    fund_civil_servant: _money_pb2.Money
    fund_enterprise_supplement: _money_pb2.Money
    fund_disabled_veteran: _money_pb2.Money
    medical_aid_base: _money_pb2.Money
    fund_medical_aid: _money_pb2.Money
    fund_other: _money_pb2.Money
    def __init__(self, person_id: _Optional[str] = ..., scheme_code: _Optional[str] = ..., benefit_year: _Optional[int] = ..., inpatient_in_scope: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., inpatient_deductible: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., inpatient_count: _Optional[int] = ..., outpatient_in_scope: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., outpatient_deductible: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., outpatient_fund: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_pooled: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_large_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_critical_illness: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., critical_illness_base: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., account_pay: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., chronic_in_scope: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., chronic_deductible: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., chronic_fund: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., large_amount_base: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_civil_servant: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_enterprise_supplement: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_disabled_veteran: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., medical_aid_base: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_medical_aid: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., fund_other: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...
