from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.type import date_pb2 as _date_pb2
from yijie.common.v1 import money_pb2 as _money_pb2
from yijie.supervision.v1 import credit_pb2 as _credit_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetCreditRequest(_message.Message):
    __slots__ = ("subject", "subject_id", "on_date")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ON_DATE_FIELD_NUMBER: _ClassVar[int]
    subject: _credit_pb2.CreditSubject
    subject_id: str
    on_date: _date_pb2.Date
    def __init__(self, subject: _Optional[_Union[_credit_pb2.CreditSubject, str]] = ..., subject_id: _Optional[str] = ..., on_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ...) -> None: ...

class GetCreditResponse(_message.Message):
    __slots__ = ("credit",)
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    credit: _credit_pb2.Credit
    def __init__(self, credit: _Optional[_Union[_credit_pb2.Credit, _Mapping]] = ...) -> None: ...

class ListConsequencesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "state", "subject")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    state: _credit_pb2.ConsequenceState
    subject: _credit_pb2.CreditSubject
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., state: _Optional[_Union[_credit_pb2.ConsequenceState, str]] = ..., subject: _Optional[_Union[_credit_pb2.CreditSubject, str]] = ...) -> None: ...

class ListConsequencesResponse(_message.Message):
    __slots__ = ("consequences", "next_page_token")
    CONSEQUENCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    consequences: _containers.RepeatedCompositeFieldContainer[_credit_pb2.Consequence]
    next_page_token: str
    def __init__(self, consequences: _Optional[_Iterable[_Union[_credit_pb2.Consequence, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DecideConsequenceRequest(_message.Message):
    __slots__ = ("request_id", "consequence_id", "region_code", "approved", "begin_date", "maker_id", "checker_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONSEQUENCE_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    consequence_id: str
    region_code: str
    approved: bool
    begin_date: _date_pb2.Date
    maker_id: str
    checker_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., consequence_id: _Optional[str] = ..., region_code: _Optional[str] = ..., approved: _Optional[bool] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., maker_id: _Optional[str] = ..., checker_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class DecideConsequenceResponse(_message.Message):
    __slots__ = ("consequence",)
    CONSEQUENCE_FIELD_NUMBER: _ClassVar[int]
    consequence: _credit_pb2.Consequence
    def __init__(self, consequence: _Optional[_Union[_credit_pb2.Consequence, _Mapping]] = ...) -> None: ...

class ListOnSiteVisitsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "region_code", "since_date", "until_date", "institution_code")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    SINCE_DATE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    region_code: str
    since_date: _date_pb2.Date
    until_date: _date_pb2.Date
    institution_code: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., region_code: _Optional[str] = ..., since_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., until_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., institution_code: _Optional[str] = ...) -> None: ...

class ListOnSiteVisitsResponse(_message.Message):
    __slots__ = ("visits", "next_page_token")
    VISITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    visits: _containers.RepeatedCompositeFieldContainer[OnSiteVisit]
    next_page_token: str
    def __init__(self, visits: _Optional[_Iterable[_Union[OnSiteVisit, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class OnSiteVisit(_message.Message):
    __slots__ = ("settlement_id", "institution_code", "insured_region_code", "medical_type_code", "begin_date", "end_date", "days", "total", "peer_median", "peers", "reasons")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_CODE_FIELD_NUMBER: _ClassVar[int]
    INSURED_REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PEER_MEDIAN_FIELD_NUMBER: _ClassVar[int]
    PEERS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    settlement_id: str
    institution_code: str
    insured_region_code: str
    medical_type_code: str
    begin_date: _date_pb2.Date
    end_date: _date_pb2.Date
    days: int
    total: _money_pb2.Money
    peer_median: _money_pb2.Money
    peers: int
    reasons: _containers.RepeatedScalarFieldContainer[_credit_pb2.OnSiteReason]
    def __init__(self, settlement_id: _Optional[str] = ..., institution_code: _Optional[str] = ..., insured_region_code: _Optional[str] = ..., medical_type_code: _Optional[str] = ..., begin_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., end_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., days: _Optional[int] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., peer_median: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., peers: _Optional[int] = ..., reasons: _Optional[_Iterable[_Union[_credit_pb2.OnSiteReason, str]]] = ...) -> None: ...
