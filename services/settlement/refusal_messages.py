"""Between a call that was refused, what is kept of it, and the contract of refusals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from google.rpc import code_pb2, error_details_pb2, status_pb2

from services.kit import codes
from services.kit.errors import InvalidArgument
from services.kit.interceptors.validation import Malformed
from services.kit.status import DOMAIN_SUFFIX
from services.kit.wire import (
    FEN_MAX,
    invalid,
    read_date,
    read_optional_date,
    write_money,
    write_optional_date,
    write_time,
)
from services.settlement.refusal_facts import Learned
from services.settlement.refusal_store import Refusal, RefusalFilter
from yijie.common.v1 import error_reason_pb2
from yijie.settlement.v1 import refusal_pb2, refusal_service_pb2, settlement_service_pb2

ABANDONED: Final = "CALL_ABANDONED"
UNKNOWN: Final = "INTERNAL"
"""For a reason that no contract names: a system of somebody else wrote it, and it may say anything.
"""
_REASONS: Final = frozenset(
    name.removeprefix("ERROR_REASON_")
    for name, number in error_reason_pb2.ErrorReason.items()
    if number
)
_SERVICES: Final = frozenset(
    {"benefits", "catalogue", "clearing", "filing", "identity", "settlement", "supervision"}
)
_FOREIGN: Final = "benefits"
"""Of the services only those of insured regions are run by others."""
_NAMING_RULES: Final = frozenset({"BILL_BLOCKED", "SCREENING_UNAVAILABLE"})
_RETRYABLE: Final = frozenset(
    {
        code_pb2.RESOURCE_EXHAUSTED,
        code_pb2.ABORTED,
        code_pb2.UNAVAILABLE,
        code_pb2.DEADLINE_EXCEEDED,
        code_pb2.INTERNAL,
        code_pb2.CANCELLED,
    }
)
_OF_REQUEST: Final = frozenset(
    {code_pb2.INVALID_ARGUMENT, code_pb2.ALREADY_EXISTS, code_pb2.NOT_FOUND}
)
# What settlement itself says, and is neither the request's fault nor the system's.
_OF_REGION: Final = frozenset(
    {
        "INSURED_REGION_UNAVAILABLE",
        "OUTCOME_PENDING",
        "ADJUDICATION_INCONSISTENT",
        "POLICY_NOT_COVERED",
        "QUOTE_CHANGED",
    }
)
_OF_HUB: Final = frozenset(
    {
        "BILL_BLOCKED",
        "PREPAYMENT_EXHAUSTED",
        "CATALOGUE_NOT_PUBLISHED",
        "PRICE_ABOVE_CEILING",
        "INVOICE_ALREADY_CLAIMED",
    }
)
_UNWRITTEN: Final = frozenset({"INVOICE_ALREADY_CLAIMED", "LOST_RACE"})
"""Refused by the statement that would have written the intent."""
_SETTLEMENT: Final = "settlement"
_EARLIEST: Final = date(2016, 1, 1)
"""Before that nobody settled directly in another province."""
_REGION: Final = re.compile(r"[1-6][0-9]{5}")
_INSTITUTION: Final = re.compile(r"[HP][0-9]{11}")
_MEDICAL_TYPE: Final = re.compile(r"[1-9][0-9]{1,5}")
_SCHEME: Final = re.compile(r"3[0-9]{2}")
_RULES: Final = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
_CALLS: Final = {
    "SETTLE": refusal_pb2.REFUSED_CALL_SETTLE,
    "SETTLE_VISIT": refusal_pb2.REFUSED_CALL_SETTLE_VISIT,
}
_PARTIES: Final = {
    "REQUEST": refusal_pb2.REFUSAL_PARTY_REQUEST,
    "HUB": refusal_pb2.REFUSAL_PARTY_HUB,
    "INSURED_REGION": refusal_pb2.REFUSAL_PARTY_INSURED_REGION,
    "SYSTEM": refusal_pb2.REFUSAL_PARTY_SYSTEM,
}


def refusal_of_call(
    request: Any,
    learned: Learned,
    status: status_pb2.Status | None,
    *,
    refusal_id: UUID,
    call: str,
    settlement_id: str,
    trace_id: str,
    duration_ms: int,
    now: datetime,
) -> Refusal:
    """Returns what is kept of a call that was refused.

    `status` is its answer; None: it was abandoned. Of the request, and of what a service of
    somebody else answered, only what the fields should hold is kept.
    """
    info = _info_of(status)
    code = code_pb2.CANCELLED if status is None else status.code
    service = info.domain.removesuffix(DOMAIN_SUFFIX) or _SETTLEMENT
    if service not in _SERVICES:
        service = _FOREIGN
    reason = info.reason if info.reason in _REASONS else UNKNOWN
    said = _said(request, learned)
    return Refusal(
        event_time=now,
        refusal_id=refusal_id,
        call=call,
        reason=reason,
        service=service,
        party=party_of(code, reason, service),
        retryable=code in _RETRYABLE,
        care_region_code=_kept(_REGION, said["care_region_code"]),
        insured_region_code=_kept(_REGION, said["insured_region_code"]),
        institution_code=_kept(_INSTITUTION, said["institution_code"]),
        medical_type_code=_kept(_MEDICAL_TYPE, said["medical_type_code"]),
        scheme_code=_kept(_SCHEME, said["scheme_code"]),
        emergency=said["emergency"],
        begin_date=said["begin_date"],
        end_date=said["end_date"],
        total_fen=said["total_fen"],
        person_id=_uuid(said["person_id"]),
        visit_id=_uuid(getattr(request, "visit_id", "")),
        settlement_id=None if reason in _UNWRITTEN else _uuid(settlement_id),
        request_id=_uuid(getattr(request, "request_id", "")),
        trace_id=trace_id,
        duration_ms=duration_ms,
        rule_codes=tuple(filter(_RULES.fullmatch, info.metadata["ruleCodes"].split(",")))
        if service == _SETTLEMENT and reason in _NAMING_RULES and "ruleCodes" in info.metadata
        else (),
    )


def party_of(code: int, reason: str, service: str) -> str:
    """Returns the side that an error came from; see yijie.settlement.v1.RefusalParty."""
    if service == "benefits" or reason in _OF_REGION:
        return "INSURED_REGION"
    if code in _RETRYABLE:
        return "SYSTEM"
    if service == _SETTLEMENT and reason not in _OF_HUB:
        return "REQUEST"
    return "REQUEST" if code in _OF_REQUEST - {code_pb2.NOT_FOUND} else "HUB"


def write_refusal(refusal: Refusal) -> refusal_pb2.Refusal:
    """Returns the message of a refusal."""
    return refusal_pb2.Refusal(
        refusal_id=str(refusal.refusal_id),
        refuse_time=write_time(refusal.event_time),
        call=_CALLS[refusal.call],
        reason=refusal.reason,
        service=refusal.service,
        party=_PARTIES[refusal.party],
        retryable=refusal.retryable,
        care_region_code=refusal.care_region_code,
        insured_region_code=refusal.insured_region_code,
        institution_code=refusal.institution_code,
        medical_type_code=refusal.medical_type_code,
        scheme_code=refusal.scheme_code,
        emergency=refusal.emergency,
        begin_date=write_optional_date(refusal.begin_date),
        end_date=write_optional_date(refusal.end_date),
        total=None if refusal.total_fen is None else write_money(refusal.total_fen),
        person_id=_text(refusal.person_id),
        visit_id=_text(refusal.visit_id),
        settlement_id=_text(refusal.settlement_id),
        request_id=_text(refusal.request_id),
        trace_id=refusal.trace_id,
        duration_ms=refusal.duration_ms,
        rule_codes=refusal.rule_codes,
    )


def read_filter(request: refusal_service_pb2.ListRefusalsRequest) -> RefusalFilter:
    """Returns which refusals are asked for. Raises FIELD_INVALID, REGION_UNKNOWN."""
    return RefusalFilter(
        province=read_province(request.region_code),
        institution_code=request.institution_code,
        reason=request.reason,
        request_id=UUID(request.settle_request_id) if request.settle_request_id else None,
        refuse_date_min=read_optional_date(request.refuse_date_min, "refuse_date_min"),
        refuse_date_max=read_optional_date(request.refuse_date_max, "refuse_date_max"),
    )


def read_province(region_code: str) -> str:
    """Returns the province asked for; empty: all. Raises REGION_UNKNOWN."""
    if region_code and region_code not in codes.PROVINCES:
        raise invalid("region_code", "not one of the 32 participants", reason="REGION_UNKNOWN")
    return region_code


def _info_of(status: status_pb2.Status | None) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    if status is None:
        return error_details_pb2.ErrorInfo(reason=ABANDONED)
    for detail in status.details:
        if detail.Unpack(info):
            break
    return info


def _said(request: Any, learned: Learned) -> Mapping[str, Any]:
    """Returns what is known of a bill: of one sent whole by the request, of a visit by the hub."""
    if isinstance(request, Malformed):
        request = settlement_service_pb2.SettleRequest()
    patient, bill = getattr(request, "patient", None), getattr(request, "bill", None)
    if patient is None or bill is None:
        return _said_of_visit(request, learned)
    return {
        "care_region_code": bill.care_region_code,
        "insured_region_code": patient.insured_region_code,
        "institution_code": bill.institution_code,
        "medical_type_code": bill.medical_type_code,
        "scheme_code": patient.scheme_code,
        "emergency": bill.emergency,
        "begin_date": _day(bill, "begin_date", patient),
        "end_date": _day(bill, "end_date", patient),
        "total_fen": _fen(bill, "total"),
        "person_id": patient.person_id,
    }


def _said_of_visit(request: Any, learned: Learned) -> Mapping[str, Any]:
    visit, bill = learned.visit, learned.bill
    record = visit.record if visit else None
    discharge = visit.discharge if visit else None
    return {
        "care_region_code": visit.care_region_code if visit else "",
        "insured_region_code": visit.insured_region_code if visit else "",
        "institution_code": getattr(request, "institution_code", ""),
        "medical_type_code": record.medical_type_code if record else "",
        "scheme_code": record.scheme_code if record else "",
        "emergency": record.emergency if record else False,
        "begin_date": bill.begin_date if bill else record.begin_date if record else None,
        "end_date": bill.end_date if bill else discharge.discharge_date if discharge else None,
        "total_fen": bill.total_fen if bill else _fen(request, "expected_total"),
        "person_id": str(visit.person_id) if visit else "",
    }


def _kept(shape: re.Pattern[str], text: str) -> str:
    return text if shape.fullmatch(text) else ""


def _day(bill: Any, name: str, patient: Any) -> date | None:
    """Returns a day of a bill; None for what is no such day, above all one that a person has."""
    if not bill.HasField(name) or getattr(bill, name) == patient.birth_date:
        return None
    try:
        day = read_date(getattr(bill, name), name)
    except InvalidArgument:
        return None
    return day if day >= _EARLIEST else None


def _fen(message: Any, name: str) -> int | None:
    if not hasattr(message, name) or not message.HasField(name):
        return None
    fen: int = getattr(message, name).fen
    return fen if 0 <= fen < FEN_MAX else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _text(value: UUID | None) -> str:
    return "" if value is None else str(value)
