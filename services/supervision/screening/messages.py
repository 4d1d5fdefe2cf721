"""Between the contracts of screening and reminders and the domain."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.kit import codes, wire
from services.supervision import messages
from services.supervision.domain.model import Bill, Line
from services.supervision.domain.rule import WhenUnscreened
from yijie.supervision.v1 import reminder_service_pb2, supervision_service_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.supervision.screening.policy import BlockingRule
    from services.supervision.screening.usecases import Reminder

_UNSCREENED: Final = {
    WhenUnscreened.SETTLE: supervision_service_pb2.UNSCREENED_SETTLE,
    WhenUnscreened.REFUSE: supervision_service_pb2.UNSCREENED_REFUSE,
}
# National widths of the quantity (N16,4) and the price (N16,6).
_QUANTITY_WHOLE, _QUANTITY_SCALE = 12, 4
_PRICE_WHOLE, _PRICE_SCALE = 10, 6


def read_request(request: Any) -> Bill:
    """Reads the bill of a ScreenBillRequest, or raises InvalidArgument naming the field."""
    return Bill(
        sex=messages.SEXES[request.sex],
        birth_date=wire.read_date(request.birth_date, "birth_date"),
        medical_type=request.medical_type_code,
        institution_level=request.hospital_level_code,
        scheme_code=request.scheme_code,
        lines=_read_lines(request.lines),
        person_id=_uuid(request.person_id),
        care_region_code=request.care_region_code,
        insured_region_code=request.insured_region_code,
        institution_code=request.institution_code,
        department_code=request.department_code,
        doctor_code=request.doctor_code,
        begin_date=wire.read_optional_date(request.begin_date, "begin_date"),
        end_date=wire.read_optional_date(request.end_date, "end_date"),
        diagnosis_codes=_read_diagnoses(request.diagnoses),
        operation_codes=tuple(request.operation_codes),
        emergency=request.emergency,
        visit_id=_uuid(request.visit_id),
        invoice_key=request.invoice_key or None,
        total_fen=wire.read_fen(request.total, "total") if request.HasField("total") else None,
    )


def read_order(request: Any) -> Bill:
    """Reads the draft of a RemindOrderRequest, or raises InvalidArgument naming the field."""
    order_date = wire.read_date(request.order_date, "order_date")
    return Bill(
        sex=messages.SEXES[request.sex],
        birth_date=wire.read_date(request.birth_date, "birth_date"),
        medical_type=request.medical_type_code,
        institution_level=request.hospital_level_code,
        scheme_code=request.scheme_code,
        lines=_read_lines(request.lines),
        person_id=_uuid(request.person_id),
        care_region_code=codes.institution_area(request.institution_code),
        insured_region_code=request.insured_region_code,
        institution_code=request.institution_code,
        department_code=request.department_code,
        doctor_code=request.doctor_code,
        begin_date=order_date,
        end_date=order_date,
        diagnosis_codes=_read_diagnoses(request.diagnoses) if request.diagnoses else None,
        emergency=request.emergency,
    )


def write_rule(rule: BlockingRule) -> supervision_service_pb2.BlockingRule:
    """Returns the message of a rule that blocks."""
    return supervision_service_pb2.BlockingRule(
        rule_code=rule.code,
        when_unscreened=_UNSCREENED[rule.when_unscreened],
        medical_type_codes=rule.medical_types,
        scheme_codes=rule.scheme_codes,
        care_region_prefixes=rule.care_prefixes,
        insured_region_prefixes=rule.insured_prefixes,
    )


def write_reminder(reminder: Reminder) -> reminder_service_pb2.Reminder:
    """Returns the message of a reminder: without the bills that it rests on, wherever they are."""
    finding = messages.write_finding(reminder.finding)
    finding.ClearField("other_bill_keys")
    written = reminder_service_pb2.Reminder(finding=finding)
    supply = reminder.supply
    if supply is not None:
        written.last_date.CopyFrom(wire.write_date(supply.last_date))
        written.last_quantity.CopyFrom(wire.write_decimal(supply.last_quantity))
    if reminder.supplied_until is not None:
        written.supplied_until_date.CopyFrom(wire.write_date(reminder.supplied_until))
    if reminder.quantity_max is not None:
        written.quantity_max.CopyFrom(wire.write_decimal(Decimal(reminder.quantity_max)))
    return written


def _read_lines(lines: Any) -> tuple[Line, ...]:
    return tuple(_read_line(line, number) for number, line in enumerate(lines))


def _read_line(line: Any, number: int) -> Line:
    path = f"lines[{number}]"
    day = line.fee_date
    return Line(
        line_id=line.line_id,
        item_code=line.item_code,
        fee_date=wire.read_date(day, f"{path}.fee_date"),
        quantity=wire.read_decimal(
            line.quantity, f"{path}.quantity", whole=_QUANTITY_WHOLE, scale=_QUANTITY_SCALE
        ),
        amount_fen=wire.read_fen(line.amount, f"{path}.amount"),
        # Rules on prices are silent where it is not stated.
        unit_price=wire.read_decimal(
            line.unit_price, f"{path}.unit_price", whole=_PRICE_WHOLE, scale=_PRICE_SCALE
        )
        if line.unit_price.value
        else Decimal(0),
        department_code=line.department_code,
        supply_days=line.supply_days,
    )


def _read_diagnoses(diagnoses: Iterable[Any]) -> tuple[str, ...]:
    # The main one first; the others as they came.
    found = sorted(diagnoses, key=lambda one: not one.main)
    return tuple(one.diagnosis_code for one in found)


def _uuid(text: str) -> UUID | None:
    return UUID(text) if text else None
