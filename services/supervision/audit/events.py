"""Reads events of settlement's feeds: settled and reimbursed bills, and what is taken back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.kit import wire
from services.supervision import messages
from services.supervision.domain.audit import AuditEvent, Settled, TakenBack
from services.supervision.domain.model import Bill, Channel, Line, Sex
from yijie.common.v1 import bill_pb2
from yijie.settlement.v1 import reimbursement_pb2, settlement_pb2, settlement_service_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEXES: Final[Mapping[int, Sex]] = {
    bill_pb2.SEX_UNSPECIFIED: Sex.UNKNOWN,
    bill_pb2.SEX_MALE: Sex.MALE,
    bill_pb2.SEX_FEMALE: Sex.FEMALE,
}
_CLASSES: Final[Mapping[int, str]] = {
    bill_pb2.CATALOGUE_CLASS_A: "A",
    bill_pb2.CATALOGUE_CLASS_B: "B",
    bill_pb2.CATALOGUE_CLASS_C: "C",
}
_TAKEN_BACK: Final = (
    reimbursement_pb2.REIMBURSEMENT_STATE_REJECTED,
    reimbursement_pb2.REIMBURSEMENT_STATE_CANCELLED,
)
_NOT_BOOKED: Final = (
    reimbursement_pb2.REIMBURSEMENT_STATE_SUBMITTED,
    reimbursement_pb2.REIMBURSEMENT_STATE_FAILED,
)
_MS_MAX: Final = 2**31 - 1


class FeedMalformed(Exception):
    """The feed gave something that is no event; following stops there and tries again."""


def read_event(event: Any) -> AuditEvent:
    """Reads an event of settlement's feed in the full view.

    Raises:
        FeedMalformed: an event that supervision cannot read.
    """
    settlement = event.settlement
    event_time = wire.read_time(event.event_time)
    if event.kind == settlement_service_pb2.EVENT_KIND_REVERSED:
        return TakenBack(
            bill_key=UUID(settlement.settlement_id),
            person_id=UUID(settlement.person_id),
            event_time=event_time,
        )
    if event.kind != settlement_service_pb2.EVENT_KIND_SETTLED:
        msg = "an event of a kind that supervision does not know"
        raise FeedMalformed(msg)
    return Settled(
        bill=_read_bill(
            settlement,
            bill_key=UUID(settlement.settlement_id),
            channel=Channel.DIRECT,
            settle_time=event_time,
            keys=(event.invoice_key, event.phone_key),
        ),
        in_scope_fen=settlement.amounts.in_scope.fen,
        round_trip_ms=_duration(settlement.round_trip_ms),
        region_ms=_duration(settlement.region_ms),
        findings=tuple(messages.read_finding(one) for one in settlement.findings),
        is_screened=settlement.screening_state == settlement_pb2.SCREENING_STATE_SCREENED,
        screened_by=settlement.screening_ruleset_version,
        event_time=event_time,
    )


def read_reimbursement_event(event: Any) -> AuditEvent | None:
    """Reads an event of the feed of reimbursements; None: it changes nothing for the audit.

    Raises:
        FeedMalformed: an event that supervision cannot read.
    """
    claim = event.reimbursement
    event_time = wire.read_time(event.event_time)
    if claim.state in _NOT_BOOKED:
        return None
    if claim.state in _TAKEN_BACK:
        return TakenBack(
            bill_key=UUID(claim.reimbursement_id),
            person_id=UUID(claim.person_id),
            event_time=event_time,
        )
    if not claim.HasField("bill"):
        # Approved and paid: it was audited when it was adjudicated.
        return None
    return Settled(
        bill=_read_bill(
            claim,
            bill_key=UUID(claim.reimbursement_id),
            channel=Channel.MANUAL,
            settle_time=wire.read_time(claim.adjudicate_time),
            keys=(event.invoice_key, event.phone_key),
        ),
        in_scope_fen=claim.amounts.in_scope.fen,
        round_trip_ms=None,
        region_ms=None,
        findings=(),
        is_screened=False,
        screened_by="",
        event_time=event_time,
    )


def _read_bill(
    settlement: Any,
    *,
    bill_key: UUID,
    channel: Channel,
    settle_time: datetime,
    keys: tuple[bytes, bytes],
) -> Bill:
    bill = settlement.bill
    if not bill.lines:
        msg = "a settled bill without lines"
        raise FeedMalformed(msg)
    invoice_key, phone_key = keys
    try:
        return Bill(
            sex=_SEXES[settlement.sex],
            birth_date=_optional_date(settlement.birth_date),
            medical_type=settlement.medical_type_code,
            institution_level=bill.hospital_level_code,
            scheme_code=settlement.scheme_code,
            lines=_read_lines(bill.lines, settlement.lines),
            bill_key=bill_key,
            channel=channel,
            person_id=UUID(settlement.person_id),
            care_region_code=settlement.care_region_code,
            insured_region_code=settlement.insured_region_code,
            institution_code=settlement.institution_code,
            department_code=bill.department_code,
            doctor_code=bill.doctor_code,
            begin_date=_date(settlement.begin_date),
            end_date=_date(settlement.end_date),
            settle_time=settle_time,
            diagnosis_codes=_diagnoses(bill.diagnoses),
            operation_codes=tuple(bill.operation_codes),
            emergency=bill.emergency,
            visit_id=UUID(settlement.visit_id) if getattr(settlement, "visit_id", "") else None,
            invoice_key=invoice_key or None,
            phone_key=phone_key or None,
            total_fen=bill.total.fen,
            fund_fen=settlement.adjudication.fund_total.fen,
        )
    except (ValueError, InvalidOperation, KeyError) as error:
        msg = f"a settled bill that cannot be read: {type(error).__name__}"
        raise FeedMalformed(msg) from None


def _read_lines(lines: Any, classified: Any) -> tuple[Line, ...]:
    splits = {one.line_id: one for one in classified}
    return tuple(_read_line(line, splits.get(line.line_id)) for line in lines)


def _read_line(line: Any, split: Any) -> Line:
    return Line(
        line_id=line.line_id,
        item_code=line.item_code,
        fee_date=_date(line.fee_date),
        quantity=Decimal(line.quantity.value),
        amount_fen=line.amount.fen,
        unit_price=Decimal(line.unit_price.value),
        department_code=line.department_code,
        supply_days=line.supply_days,
        catalogue_class="" if split is None else _CLASSES.get(split.catalogue_class, ""),
        charge_category_code="" if split is None else split.charge_category_code,
        in_scope_fen=None if split is None else split.split.in_scope.fen,
    )


def _diagnoses(diagnoses: Any) -> tuple[str, ...]:
    # Exactly one is the main one; the others keep their order.
    ordered = sorted(diagnoses, key=lambda one: not one.main)
    return tuple(one.diagnosis_code for one in ordered)


def _date(message: Any) -> date:
    return date(message.year, message.month, message.day)


def _optional_date(message: Any) -> date | None:
    return _date(message) if message.year else None


def _duration(milliseconds: int) -> int | None:
    return min(milliseconds, _MS_MAX) if milliseconds > 0 else None
