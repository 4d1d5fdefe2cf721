"""Between the contract of AuditService and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.supervision.domain.model import (
    Bill,
    Channel,
    Line,
    Sex,
    age_years,
    begin_of,
    end_of,
    total_fen_of,
)
from services.supervision.messages import write_recorded
from yijie.common.v1 import bill_pb2
from yijie.supervision.v1 import audit_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.supervision.audit.coverage import Coverage
    from services.supervision.domain.recording import RecordedFinding

_CHANNELS: Final[Mapping[Channel, audit_pb2.Channel]] = {
    Channel.DIRECT: audit_pb2.CHANNEL_DIRECT,
    Channel.MANUAL: audit_pb2.CHANNEL_MANUAL,
}
_SEXES: Final[Mapping[Sex, bill_pb2.Sex]] = {
    Sex.UNKNOWN: bill_pb2.SEX_UNSPECIFIED,
    Sex.MALE: bill_pb2.SEX_MALE,
    Sex.FEMALE: bill_pb2.SEX_FEMALE,
}
_CLASSES: Final[Mapping[str, bill_pb2.CatalogueClass]] = {
    "A": bill_pb2.CATALOGUE_CLASS_A,
    "B": bill_pb2.CATALOGUE_CLASS_B,
    "C": bill_pb2.CATALOGUE_CLASS_C,
}
_AGE_UNKNOWN: Final = -1


def write_line(line: Line) -> audit_pb2.AuditedLine:
    """Returns the message of a line."""
    return audit_pb2.AuditedLine(
        line_id=line.line_id,
        item_code=line.item_code,
        fee_date=wire.write_date(line.fee_date),
        unit_price=wire.write_decimal(line.unit_price) if line.unit_price else None,
        quantity=wire.write_decimal(line.quantity),
        amount=wire.write_money(line.amount_fen),
        in_scope=None if line.in_scope_fen is None else wire.write_money(line.in_scope_fen),
        catalogue_class=_CLASSES.get(line.catalogue_class, bill_pb2.CATALOGUE_CLASS_UNSPECIFIED),
        charge_category_code=line.charge_category_code,
        department_code=line.department_code,
        supply_days=line.supply_days,
    )


def write_detail(recorded: RecordedFinding, bill: Bill) -> audit_pb2.FindingDetail:
    """Returns a finding with what an officer must see of its bill."""
    at_fault = set(recorded.finding.line_ids)
    return audit_pb2.FindingDetail(
        finding=write_recorded(recorded),
        lines=[write_line(line) for line in bill.lines if not at_fault or line.line_id in at_fault],
        department_code=bill.department_code,
        doctor_code=bill.doctor_code,
        **_frame(bill),
    )


def write_exported(bill: Bill, *, person_key: bytes) -> audit_pb2.ExportedBill:
    """Returns a bill for mining."""
    return audit_pb2.ExportedBill(
        bill_key=str(bill.bill_key),
        person_key=person_key,
        sex=_SEXES[bill.sex],
        age_years=(age_years(bill.birth_date, begin_of(bill)) if bill.birth_date else _AGE_UNKNOWN),
        care_region_code=bill.care_region_code,
        insured_region_code=bill.insured_region_code,
        institution_code=bill.institution_code,
        hospital_level_code=bill.institution_level,
        department_code=bill.department_code,
        doctor_code=bill.doctor_code,
        diagnosis_codes=bill.diagnosis_codes or (),
        operation_codes=bill.operation_codes or (),
        emergency=bill.emergency,
        visit_id=str(bill.visit_id or ""),
        invoice_key=bill.invoice_key or b"",
        phone_key=bill.phone_key or b"",
        lines=[write_line(line) for line in bill.lines],
        **_frame(bill),
    )


def _frame(bill: Bill) -> dict[str, Any]:
    return {
        "channel": _CHANNELS[bill.channel],
        "begin_date": wire.write_date(begin_of(bill)),
        "end_date": wire.write_date(end_of(bill)),
        "settle_time": None if bill.settle_time is None else wire.write_time(bill.settle_time),
        "medical_type_code": bill.medical_type,
        "scheme_code": bill.scheme_code,
        "total": wire.write_money(total_fen_of(bill)),
        "in_scope": wire.write_money(sum(line.in_scope_fen or 0 for line in bill.lines)),
        "fund_total": wire.write_money(bill.fund_fen or 0),
    }


def write_day(coverage: Coverage) -> audit_pb2.AuditDay:
    """Returns the message of a day's comparison."""
    journal = coverage.journal
    return audit_pb2.AuditDay(
        settle_date=wire.write_date(coverage.day),
        settled_count=journal.settled_count,
        audited_count=coverage.audited_count,
        settled_fund=wire.write_money(journal.settled_fund_fen),
        audited_fund=wire.write_money(coverage.audited_fund_fen),
        reversed_count=journal.reversed_count,
        withdrawn_count=coverage.withdrawn_count,
        complete=coverage.is_complete,
    )
