"""Between the contracts and the domain, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.supervision.domain.model import Bill, Finding, Line, ResultClass, Sex
from yijie.common.v1 import bill_pb2
from yijie.supervision.v1 import finding_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.supervision.domain.recording import RecordedFinding

_SEXES: Final[Mapping[int, Sex]] = {
    bill_pb2.SEX_UNSPECIFIED: Sex.UNKNOWN,
    bill_pb2.SEX_MALE: Sex.MALE,
    bill_pb2.SEX_FEMALE: Sex.FEMALE,
}
_CLASSES: Final[Mapping[ResultClass, finding_pb2.ResultClass]] = {
    ResultClass.VIOLATION: finding_pb2.RESULT_CLASS_VIOLATION,
    ResultClass.SUSPICIOUS: finding_pb2.RESULT_CLASS_SUSPICIOUS,
    ResultClass.TO_VERIFY: finding_pb2.RESULT_CLASS_TO_VERIFY,
}
_FROM_CLASS: Final = {value: name for name, value in _CLASSES.items()}
# National widths of the quantity (N16,4).
_QUANTITY_WHOLE, _QUANTITY_SCALE = 12, 4


def read_request(request: Any) -> Bill:
    """Reads the bill of a ScreenBillRequest, or raises InvalidArgument naming the field."""
    return Bill(
        sex=_SEXES[request.sex],
        birth_date=wire.read_date(request.birth_date, "birth_date"),
        medical_type=request.medical_type_code,
        institution_level=request.hospital_level_code,
        scheme_code=request.scheme_code,
        lines=_read_lines(request.lines, "lines"),
    )


def read_settled_bill(settlement: Any) -> Bill:
    """Reads the bill of a settlement in the full view."""
    return Bill(
        sex=_SEXES[settlement.sex],
        birth_date=wire.read_optional_date(settlement.birth_date, "birth_date"),
        medical_type=settlement.medical_type_code,
        institution_level=settlement.bill.hospital_level_code,
        scheme_code=settlement.scheme_code,
        lines=_read_lines(settlement.bill.lines, "bill.lines"),
    )


def _read_lines(lines: Any, path: str) -> tuple[Line, ...]:
    return tuple(
        Line(
            line_id=line.line_id,
            item_code=line.item_code,
            fee_date=wire.read_date(line.fee_date, f"{path}[{number}].fee_date"),
            quantity=wire.read_decimal(
                line.quantity,
                f"{path}[{number}].quantity",
                whole=_QUANTITY_WHOLE,
                scale=_QUANTITY_SCALE,
            ),
            amount_fen=wire.read_fen(line.amount, f"{path}[{number}].amount"),
        )
        for number, line in enumerate(lines)
    )


def read_finding(message: Any) -> Finding:
    """Reads a finding that travelled with a settlement."""
    return Finding(
        rule_code=message.rule_code,
        result_class=_FROM_CLASS[message.result_class],
        line_ids=tuple(message.line_ids),
        amount_fen=message.amount.fen,
        message_zh=message.message_zh,
        message_en=message.message_en,
        rule_version=message.ruleset_version,
    )


def write_finding(finding: Finding) -> finding_pb2.Finding:
    """Returns the message of a finding."""
    return finding_pb2.Finding(
        rule_code=finding.rule_code,
        result_class=_CLASSES[finding.result_class],
        line_ids=finding.line_ids,
        amount=wire.write_money(finding.amount_fen),
        message_zh=finding.message_zh,
        message_en=finding.message_en,
        ruleset_version=finding.rule_version,
    )


def write_detail(finding: Finding) -> bytes:
    """Returns the part of a finding that names lines and items, as it is stored encrypted."""
    return finding_pb2.Finding(
        line_ids=finding.line_ids, message_zh=finding.message_zh, message_en=finding.message_en
    ).SerializeToString()


def read_detail(data: bytes) -> finding_pb2.Finding:
    """Returns what `write_detail` wrote: line_ids, message_zh and message_en, nothing else."""
    return finding_pb2.Finding.FromString(data)


def write_recorded(recorded: RecordedFinding) -> finding_pb2.RecordedFinding:
    """Returns the message of a recorded finding."""
    return finding_pb2.RecordedFinding(
        finding_id=str(recorded.finding_id),
        settlement_id=str(recorded.settlement_id),
        care_region_code=recorded.care_region_code,
        insured_region_code=recorded.insured_region_code,
        institution_code=recorded.institution_code,
        finding=write_finding(recorded.finding),
        reversed=recorded.is_reversed,
        create_time=wire.write_time(recorded.create_time),
    )
