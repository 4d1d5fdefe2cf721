from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import date_pb2 as _date_pb2
from yijie.benefits.v1 import adjudication_pb2 as _adjudication_pb2
from yijie.common.v1 import bill_pb2 as _bill_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.filing.v1 import filing_service_pb2 as _filing_service_pb2
from yijie.identity.v1 import person_pb2 as _person_pb2
from yijie.settlement.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResponsibleParty(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESPONSIBLE_PARTY_UNSPECIFIED: _ClassVar[ResponsibleParty]
    RESPONSIBLE_PARTY_PATIENT: _ClassVar[ResponsibleParty]
    RESPONSIBLE_PARTY_INSURED_AGENCY: _ClassVar[ResponsibleParty]
    RESPONSIBLE_PARTY_CARE_AGENCY: _ClassVar[ResponsibleParty]
    RESPONSIBLE_PARTY_INSTITUTION: _ClassVar[ResponsibleParty]
    RESPONSIBLE_PARTY_HUB: _ClassVar[ResponsibleParty]
RESPONSIBLE_PARTY_UNSPECIFIED: ResponsibleParty
RESPONSIBLE_PARTY_PATIENT: ResponsibleParty
RESPONSIBLE_PARTY_INSURED_AGENCY: ResponsibleParty
RESPONSIBLE_PARTY_CARE_AGENCY: ResponsibleParty
RESPONSIBLE_PARTY_INSTITUTION: ResponsibleParty
RESPONSIBLE_PARTY_HUB: ResponsibleParty

class EstimateBenefitRequest(_message.Message):
    __slots__ = ("person_id", "insured_region_code", "scheme_code", "person_type_code", "care_region_code", "hospital_level_code", "medical_type_code", "disease_code", "service_date", "amounts", "use_account", "with_trace")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_LEVEL_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    USE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    WITH_TRACE_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    insured_region_code: str
    scheme_code: str
    person_type_code: str
    care_region_code: str
    hospital_level_code: str
    medical_type_code: str
    disease_code: str
    service_date: _date_pb2.Date
    amounts: _money_pb2.AmountSplit
    use_account: bool
    with_trace: bool
    def __init__(self, person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., person_type_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., hospital_level_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., disease_code: _Optional[str] = ..., service_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., amounts: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., use_account: _Optional[bool] = ..., with_trace: _Optional[bool] = ...) -> None: ...

class EstimateBenefitResponse(_message.Message):
    __slots__ = ("estimates", "current_benefit_level", "filing_id", "explanation_zh", "explanation_en", "sample")
    ESTIMATES_FIELD_NUMBER: _ClassVar[int]
    CURRENT_BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    FILING_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    estimates: _containers.RepeatedCompositeFieldContainer[FilingEstimate]
    current_benefit_level: _filing_service_pb2.BenefitLevel
    filing_id: str
    explanation_zh: str
    explanation_en: str
    sample: bool
    def __init__(self, estimates: _Optional[_Iterable[_Union[FilingEstimate, _Mapping]]] = ..., current_benefit_level: _Optional[_Union[_filing_service_pb2.BenefitLevel, str]] = ..., filing_id: _Optional[str] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ..., sample: _Optional[bool] = ...) -> None: ...

class FilingEstimate(_message.Message):
    __slots__ = ("benefit_level", "adjudication", "error", "saving", "advice_zh", "advice_en")
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    ADJUDICATION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SAVING_FIELD_NUMBER: _ClassVar[int]
    ADVICE_ZH_FIELD_NUMBER: _ClassVar[int]
    ADVICE_EN_FIELD_NUMBER: _ClassVar[int]
    benefit_level: _filing_service_pb2.BenefitLevel
    adjudication: _adjudication_pb2.Adjudication
    error: _status_pb2.Status
    saving: _money_pb2.Money
    advice_zh: str
    advice_en: str
    def __init__(self, benefit_level: _Optional[_Union[_filing_service_pb2.BenefitLevel, str]] = ..., adjudication: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., saving: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., advice_zh: _Optional[str] = ..., advice_en: _Optional[str] = ...) -> None: ...

class CheckChronicEligibilityRequest(_message.Message):
    __slots__ = ("person_id", "insured_region_code", "scheme_code", "institution_code", "disease_code", "service_date", "diagnoses")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    insured_region_code: str
    scheme_code: str
    institution_code: str
    disease_code: str
    service_date: _date_pb2.Date
    diagnoses: _containers.RepeatedCompositeFieldContainer[_bill_pb2.Diagnosis]
    def __init__(self, person_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., institution_code: _Optional[str] = ..., disease_code: _Optional[str] = ..., service_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., diagnoses: _Optional[_Iterable[_Union[_bill_pb2.Diagnosis, _Mapping]]] = ...) -> None: ...

class CheckChronicEligibilityResponse(_message.Message):
    __slots__ = ("eligible", "national_disease_code", "checks")
    ELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    NATIONAL_DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    eligible: bool
    national_disease_code: str
    checks: _containers.RepeatedCompositeFieldContainer[EligibilityCheck]
    def __init__(self, eligible: _Optional[bool] = ..., national_disease_code: _Optional[str] = ..., checks: _Optional[_Iterable[_Union[EligibilityCheck, _Mapping]]] = ...) -> None: ...

class EligibilityCheck(_message.Message):
    __slots__ = ("check_code", "passed", "responsible", "explanation_zh", "explanation_en")
    CHECK_CODE_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    RESPONSIBLE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_ZH_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_EN_FIELD_NUMBER: _ClassVar[int]
    check_code: str
    passed: bool
    responsible: ResponsibleParty
    explanation_zh: str
    explanation_en: str
    def __init__(self, check_code: _Optional[str] = ..., passed: _Optional[bool] = ..., responsible: _Optional[_Union[ResponsibleParty, str]] = ..., explanation_zh: _Optional[str] = ..., explanation_en: _Optional[str] = ...) -> None: ...

class CompareCataloguesRequest(_message.Message):
    __slots__ = ("settlement_id", "sample")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    sample: BillSample
    def __init__(self, settlement_id: _Optional[str] = ..., sample: _Optional[_Union[BillSample, _Mapping]] = ...) -> None: ...

class BillSample(_message.Message):
    __slots__ = ("insured_region_code", "scheme_code", "person_type_code", "benefit_level", "bill")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    PERSON_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    scheme_code: str
    person_type_code: str
    benefit_level: _filing_service_pb2.BenefitLevel
    bill: _settlement_pb2.Bill
    def __init__(self, insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., person_type_code: _Optional[str] = ..., benefit_level: _Optional[_Union[_filing_service_pb2.BenefitLevel, str]] = ..., bill: _Optional[_Union[_settlement_pb2.Bill, _Mapping]] = ...) -> None: ...

class CompareCataloguesResponse(_message.Message):
    __slots__ = ("direct", "home", "mutual", "lines", "patient_gap", "mutual_saving", "sample")
    DIRECT_FIELD_NUMBER: _ClassVar[int]
    HOME_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    PATIENT_GAP_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_SAVING_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    direct: Pricing
    home: Pricing
    mutual: Pricing
    lines: _containers.RepeatedCompositeFieldContainer[LineGap]
    patient_gap: _money_pb2.Money
    mutual_saving: _money_pb2.Money
    sample: bool
    def __init__(self, direct: _Optional[_Union[Pricing, _Mapping]] = ..., home: _Optional[_Union[Pricing, _Mapping]] = ..., mutual: _Optional[_Union[Pricing, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[LineGap, _Mapping]]] = ..., patient_gap: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., mutual_saving: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., sample: _Optional[bool] = ...) -> None: ...

class Pricing(_message.Message):
    __slots__ = ("catalogue_version", "amounts", "adjudication")
    CATALOGUE_VERSION_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    ADJUDICATION_FIELD_NUMBER: _ClassVar[int]
    catalogue_version: str
    amounts: _money_pb2.AmountSplit
    adjudication: _adjudication_pb2.Adjudication
    def __init__(self, catalogue_version: _Optional[str] = ..., amounts: _Optional[_Union[_money_pb2.AmountSplit, _Mapping]] = ..., adjudication: _Optional[_Union[_adjudication_pb2.Adjudication, _Mapping]] = ...) -> None: ...

class LineGap(_message.Message):
    __slots__ = ("line_id", "item_code", "direct", "home", "in_scope_gap")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_CODE_FIELD_NUMBER: _ClassVar[int]
    DIRECT_FIELD_NUMBER: _ClassVar[int]
    HOME_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_GAP_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_code: str
    direct: _bill_pb2.ClassifiedLine
    home: _bill_pb2.ClassifiedLine
    in_scope_gap: _money_pb2.Money
    def __init__(self, line_id: _Optional[str] = ..., item_code: _Optional[str] = ..., direct: _Optional[_Union[_bill_pb2.ClassifiedLine, _Mapping]] = ..., home: _Optional[_Union[_bill_pb2.ClassifiedLine, _Mapping]] = ..., in_scope_gap: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class SummarizeCatalogueGapsRequest(_message.Message):
    __slots__ = ("care_region_code", "insured_region_code", "sample_size")
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    care_region_code: str
    insured_region_code: str
    sample_size: int
    def __init__(self, care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., sample_size: _Optional[int] = ...) -> None: ...

class SummarizeCatalogueGapsResponse(_message.Message):
    __slots__ = ("pairs", "not_compared")
    class NotComparedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    NOT_COMPARED_FIELD_NUMBER: _ClassVar[int]
    pairs: _containers.RepeatedCompositeFieldContainer[PairGap]
    not_compared: _containers.ScalarMap[str, int]
    def __init__(self, pairs: _Optional[_Iterable[_Union[PairGap, _Mapping]]] = ..., not_compared: _Optional[_Mapping[str, int]] = ...) -> None: ...

class PairGap(_message.Message):
    __slots__ = ("care_region_code", "insured_region_code", "settlement_count", "worse_count", "better_count", "total", "patient_gap", "mutual_saving", "mutual_fund_cost")
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORSE_COUNT_FIELD_NUMBER: _ClassVar[int]
    BETTER_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PATIENT_GAP_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_SAVING_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_FUND_COST_FIELD_NUMBER: _ClassVar[int]
    care_region_code: str
    insured_region_code: str
    settlement_count: int
    worse_count: int
    better_count: int
    total: _money_pb2.Money
    patient_gap: _money_pb2.Money
    mutual_saving: _money_pb2.Money
    mutual_fund_cost: _money_pb2.Money
    def __init__(self, care_region_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., settlement_count: _Optional[int] = ..., worse_count: _Optional[int] = ..., better_count: _Optional[int] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., patient_gap: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., mutual_saving: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., mutual_fund_cost: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class CheckPortabilityRequest(_message.Message):
    __slots__ = ("entries", "care_region_code")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[PortabilityQuestion]
    care_region_code: str
    def __init__(self, entries: _Optional[_Iterable[_Union[PortabilityQuestion, _Mapping]]] = ..., care_region_code: _Optional[str] = ...) -> None: ...

class PortabilityQuestion(_message.Message):
    __slots__ = ("credential", "insured_region_code", "scheme_code", "on_date")
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    credential: _person_pb2.Credential
    insured_region_code: str
    scheme_code: str
    on_date: _date_pb2.Date
    def __init__(self, credential: _Optional[_Union[_person_pb2.Credential, _Mapping]] = ..., insured_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class CheckPortabilityResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[PortabilityResult]
    def __init__(self, results: _Optional[_Iterable[_Union[PortabilityResult, _Mapping]]] = ...) -> None: ...

class PortabilityResult(_message.Message):
    __slots__ = ("portable", "checks")
    PORTABLE_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    portable: bool
    checks: _containers.RepeatedCompositeFieldContainer[EligibilityCheck]
    def __init__(self, portable: _Optional[bool] = ..., checks: _Optional[_Iterable[_Union[EligibilityCheck, _Mapping]]] = ...) -> None: ...
