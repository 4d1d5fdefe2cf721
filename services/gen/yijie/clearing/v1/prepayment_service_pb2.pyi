from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.clearing.v1 import prepayment_pb2 as _prepayment_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListPrepaymentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "insured_region_code", "care_region_code", "state")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    insured_region_code: str
    care_region_code: str
    state: _prepayment_pb2.UsageState
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., state: _Optional[_Union[_prepayment_pb2.UsageState, str]] = ...) -> None: ...

class ListPrepaymentsResponse(_message.Message):
    __slots__ = ("prepayments", "next_page_token")
    PREPAYMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    prepayments: _containers.RepeatedCompositeFieldContainer[_prepayment_pb2.Prepayment]
    next_page_token: str
    def __init__(self, prepayments: _Optional[_Iterable[_Union[_prepayment_pb2.Prepayment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ProposeQuotasRequest(_message.Message):
    __slots__ = ("request_id", "year", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    year: int
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., year: _Optional[int] = ..., maker_id: _Optional[str] = ...) -> None: ...

class ProposeQuotasResponse(_message.Message):
    __slots__ = ("proposal",)
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    proposal: _prepayment_pb2.QuotaProposal
    def __init__(self, proposal: _Optional[_Union[_prepayment_pb2.QuotaProposal, _Mapping]] = ...) -> None: ...

class FirstQuota(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "scheme_code", "quota")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_CODE_FIELD_NUMBER: _ClassVar[int]
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    quota: _money_pb2.Money
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., scheme_code: _Optional[str] = ..., quota: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class SetFirstQuotasRequest(_message.Message):
    __slots__ = ("request_id", "year", "quotas", "maker_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    QUOTAS_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    year: int
    quotas: _containers.RepeatedCompositeFieldContainer[FirstQuota]
    maker_id: str
    def __init__(self, request_id: _Optional[str] = ..., year: _Optional[int] = ..., quotas: _Optional[_Iterable[_Union[FirstQuota, _Mapping]]] = ..., maker_id: _Optional[str] = ...) -> None: ...

class SetFirstQuotasResponse(_message.Message):
    __slots__ = ("proposal",)
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    proposal: _prepayment_pb2.QuotaProposal
    def __init__(self, proposal: _Optional[_Union[_prepayment_pb2.QuotaProposal, _Mapping]] = ...) -> None: ...

class DecideQuotasRequest(_message.Message):
    __slots__ = ("request_id", "proposal_id", "confirmed", "checker_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    proposal_id: str
    confirmed: bool
    checker_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., proposal_id: _Optional[str] = ..., confirmed: _Optional[bool] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class DecideQuotasResponse(_message.Message):
    __slots__ = ("proposal", "notice_ids")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    NOTICE_IDS_FIELD_NUMBER: _ClassVar[int]
    proposal: _prepayment_pb2.QuotaProposal
    notice_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, proposal: _Optional[_Union[_prepayment_pb2.QuotaProposal, _Mapping]] = ..., notice_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetQuotaProposalRequest(_message.Message):
    __slots__ = ("proposal_id",)
    PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    proposal_id: str
    def __init__(self, proposal_id: _Optional[str] = ...) -> None: ...

class GetQuotaProposalResponse(_message.Message):
    __slots__ = ("proposal",)
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    proposal: _prepayment_pb2.QuotaProposal
    def __init__(self, proposal: _Optional[_Union[_prepayment_pb2.QuotaProposal, _Mapping]] = ...) -> None: ...

class ListQuotaProposalsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "year")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    year: int
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., year: _Optional[int] = ...) -> None: ...

class ListQuotaProposalsResponse(_message.Message):
    __slots__ = ("proposals", "next_page_token")
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    proposals: _containers.RepeatedCompositeFieldContainer[_prepayment_pb2.QuotaProposal]
    next_page_token: str
    def __init__(self, proposals: _Optional[_Iterable[_Union[_prepayment_pb2.QuotaProposal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListQuotaLinesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "proposal_id", "insured_region_code", "care_region_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    proposal_id: str
    insured_region_code: str
    care_region_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., proposal_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ...) -> None: ...

class ListQuotaLinesResponse(_message.Message):
    __slots__ = ("lines", "next_page_token")
    LINES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[_prepayment_pb2.QuotaLine]
    next_page_token: str
    def __init__(self, lines: _Optional[_Iterable[_Union[_prepayment_pb2.QuotaLine, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RequestTopUpRequest(_message.Message):
    __slots__ = ("request_id", "insured_region_code", "care_region_code", "month", "amount", "maker_id", "late_officer_id", "late_note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    LATE_OFFICER_ID_FIELD_NUMBER: _ClassVar[int]
    LATE_NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    insured_region_code: str
    care_region_code: str
    month: str
    amount: _money_pb2.Money
    maker_id: str
    late_officer_id: str
    late_note: str
    def __init__(self, request_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., maker_id: _Optional[str] = ..., late_officer_id: _Optional[str] = ..., late_note: _Optional[str] = ...) -> None: ...

class RequestTopUpResponse(_message.Message):
    __slots__ = ("top_up",)
    TOP_UP_FIELD_NUMBER: _ClassVar[int]
    top_up: _prepayment_pb2.TopUp
    def __init__(self, top_up: _Optional[_Union[_prepayment_pb2.TopUp, _Mapping]] = ...) -> None: ...

class DecideTopUpRequest(_message.Message):
    __slots__ = ("request_id", "top_up_id", "approved", "checker_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOP_UP_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    top_up_id: str
    approved: bool
    checker_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., top_up_id: _Optional[str] = ..., approved: _Optional[bool] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class DecideTopUpResponse(_message.Message):
    __slots__ = ("top_up",)
    TOP_UP_FIELD_NUMBER: _ClassVar[int]
    top_up: _prepayment_pb2.TopUp
    def __init__(self, top_up: _Optional[_Union[_prepayment_pb2.TopUp, _Mapping]] = ...) -> None: ...

class GetTopUpRequest(_message.Message):
    __slots__ = ("top_up_id", "region_code")
    TOP_UP_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    top_up_id: str
    region_code: str
    def __init__(self, top_up_id: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class GetTopUpResponse(_message.Message):
    __slots__ = ("top_up",)
    TOP_UP_FIELD_NUMBER: _ClassVar[int]
    top_up: _prepayment_pb2.TopUp
    def __init__(self, top_up: _Optional[_Union[_prepayment_pb2.TopUp, _Mapping]] = ...) -> None: ...

class ListTopUpsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "insured_region_code", "care_region_code", "month", "state")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    insured_region_code: str
    care_region_code: str
    month: str
    state: _prepayment_pb2.TopUpState
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month: _Optional[str] = ..., state: _Optional[_Union[_prepayment_pb2.TopUpState, str]] = ...) -> None: ...

class ListTopUpsResponse(_message.Message):
    __slots__ = ("top_ups", "next_page_token")
    TOP_UPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    top_ups: _containers.RepeatedCompositeFieldContainer[_prepayment_pb2.TopUp]
    next_page_token: str
    def __init__(self, top_ups: _Optional[_Iterable[_Union[_prepayment_pb2.TopUp, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetForecastRequest(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ...) -> None: ...

class GetForecastResponse(_message.Message):
    __slots__ = ("forecast",)
    FORECAST_FIELD_NUMBER: _ClassVar[int]
    forecast: _prepayment_pb2.Forecast
    def __init__(self, forecast: _Optional[_Union[_prepayment_pb2.Forecast, _Mapping]] = ...) -> None: ...

class GetForecastBackTestRequest(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "month_count")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_COUNT_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    month_count: int
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., month_count: _Optional[int] = ...) -> None: ...

class GetForecastBackTestResponse(_message.Message):
    __slots__ = ("month_count", "case_count", "error_hundredths", "straight_error_hundredths", "within_one_day_percent", "covered_percent", "interval_percent", "sufficient")
    MONTH_COUNT_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_HUNDREDTHS_FIELD_NUMBER: _ClassVar[int]
    STRAIGHT_ERROR_HUNDREDTHS_FIELD_NUMBER: _ClassVar[int]
    WITHIN_ONE_DAY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    COVERED_PERCENT_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_PERCENT_FIELD_NUMBER: _ClassVar[int]
    SUFFICIENT_FIELD_NUMBER: _ClassVar[int]
    month_count: int
    case_count: int
    error_hundredths: int
    straight_error_hundredths: int
    within_one_day_percent: int
    covered_percent: int
    interval_percent: int
    sufficient: bool
    def __init__(self, month_count: _Optional[int] = ..., case_count: _Optional[int] = ..., error_hundredths: _Optional[int] = ..., straight_error_hundredths: _Optional[int] = ..., within_one_day_percent: _Optional[int] = ..., covered_percent: _Optional[int] = ..., interval_percent: _Optional[int] = ..., sufficient: _Optional[bool] = ...) -> None: ...

class WhatIfTopUpRequest(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "amount")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    amount: _money_pb2.Money
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class WhatIfTopUpResponse(_message.Message):
    __slots__ = ("present", "topped_up", "proposed")
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    TOPPED_UP_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_FIELD_NUMBER: _ClassVar[int]
    present: _prepayment_pb2.Forecast
    topped_up: _prepayment_pb2.Forecast
    proposed: _money_pb2.Money
    def __init__(self, present: _Optional[_Union[_prepayment_pb2.Forecast, _Mapping]] = ..., topped_up: _Optional[_Union[_prepayment_pb2.Forecast, _Mapping]] = ..., proposed: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class EstimateHoldingRequest(_message.Message):
    __slots__ = ("insured_region_code", "care_region_code", "probability_bp")
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_BP_FIELD_NUMBER: _ClassVar[int]
    insured_region_code: str
    care_region_code: str
    probability_bp: int
    def __init__(self, insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., probability_bp: _Optional[int] = ...) -> None: ...

class EstimateHoldingResponse(_message.Message):
    __slots__ = ("holding", "month", "growth_bp", "growth_known", "month_count", "month_count_needed", "sufficient", "present_holding", "probability_bp", "method_zh", "method_en")
    HOLDING_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    GROWTH_BP_FIELD_NUMBER: _ClassVar[int]
    GROWTH_KNOWN_FIELD_NUMBER: _ClassVar[int]
    MONTH_COUNT_FIELD_NUMBER: _ClassVar[int]
    MONTH_COUNT_NEEDED_FIELD_NUMBER: _ClassVar[int]
    SUFFICIENT_FIELD_NUMBER: _ClassVar[int]
    PRESENT_HOLDING_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_BP_FIELD_NUMBER: _ClassVar[int]
    METHOD_ZH_FIELD_NUMBER: _ClassVar[int]
    METHOD_EN_FIELD_NUMBER: _ClassVar[int]
    holding: _money_pb2.Money
    month: _money_pb2.Money
    growth_bp: int
    growth_known: bool
    month_count: int
    month_count_needed: int
    sufficient: bool
    present_holding: _money_pb2.Money
    probability_bp: int
    method_zh: str
    method_en: str
    def __init__(self, holding: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., month: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., growth_bp: _Optional[int] = ..., growth_known: _Optional[bool] = ..., month_count: _Optional[int] = ..., month_count_needed: _Optional[int] = ..., sufficient: _Optional[bool] = ..., present_holding: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., probability_bp: _Optional[int] = ..., method_zh: _Optional[str] = ..., method_en: _Optional[str] = ...) -> None: ...

class SetExhaustedPolicyRequest(_message.Message):
    __slots__ = ("request_id", "insured_region_code", "care_region_code", "action", "without_holding", "begin_date", "maker_id", "checker_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    CARE_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_HOLDING_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    insured_region_code: str
    care_region_code: str
    action: _prepayment_pb2.ExhaustedAction
    without_holding: bool
    begin_date: _date_pb2.Date
    maker_id: str
    checker_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., care_region_code: _Optional[str] = ..., action: _Optional[_Union[_prepayment_pb2.ExhaustedAction, str]] = ..., without_holding: _Optional[bool] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class SetExhaustedPolicyResponse(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: _prepayment_pb2.ExhaustedPolicy
    def __init__(self, policy: _Optional[_Union[_prepayment_pb2.ExhaustedPolicy, _Mapping]] = ...) -> None: ...

class ListExhaustedPoliciesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "with_past")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    WITH_PAST_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    with_past: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., with_past: _Optional[bool] = ...) -> None: ...

class ListExhaustedPoliciesResponse(_message.Message):
    __slots__ = ("policies", "next_page_token", "default_action")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_ACTION_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[_prepayment_pb2.ExhaustedPolicy]
    next_page_token: str
    default_action: _prepayment_pb2.ExhaustedAction
    def __init__(self, policies: _Optional[_Iterable[_Union[_prepayment_pb2.ExhaustedPolicy, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., default_action: _Optional[_Union[_prepayment_pb2.ExhaustedAction, str]] = ...) -> None: ...

class GetSettlementLimitsRequest(_message.Message):
    __slots__ = ("known_version",)
    KNOWN_VERSION_FIELD_NUMBER: _ClassVar[int]
    known_version: str
    def __init__(self, known_version: _Optional[str] = ...) -> None: ...

class GetSettlementLimitsResponse(_message.Message):
    __slots__ = ("version", "unchanged", "limits", "emergency_exempt")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_EXEMPT_FIELD_NUMBER: _ClassVar[int]
    version: str
    unchanged: bool
    limits: _containers.RepeatedCompositeFieldContainer[_prepayment_pb2.SettlementLimit]
    emergency_exempt: bool
    def __init__(self, version: _Optional[str] = ..., unchanged: _Optional[bool] = ..., limits: _Optional[_Iterable[_Union[_prepayment_pb2.SettlementLimit, _Mapping]]] = ..., emergency_exempt: _Optional[bool] = ...) -> None: ...

class SubscribePrepaymentEventsRequest(_message.Message):
    __slots__ = ("after_cursor", "region_code")
    AFTER_CURSOR_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    after_cursor: str
    region_code: str
    def __init__(self, after_cursor: _Optional[str] = ..., region_code: _Optional[str] = ...) -> None: ...

class SubscribePrepaymentEventsResponse(_message.Message):
    __slots__ = ("events", "cursor", "lag_ms")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_prepayment_pb2.PrepaymentEvent]
    cursor: str
    lag_ms: int
    def __init__(self, events: _Optional[_Iterable[_Union[_prepayment_pb2.PrepaymentEvent, _Mapping]]] = ..., cursor: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...
