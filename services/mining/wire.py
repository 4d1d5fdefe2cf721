"""Between supervision's contract and mining: bills come in, findings go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from services.kit import wire
from services.mining import sentences
from services.mining.schema import ExportedBill, ExportedLine
from services.mining.tables import MinedFinding
from yijie.supervision.v1 import audit_pb2, audit_service_pb2

_CHANNELS: Final = {audit_pb2.CHANNEL_DIRECT: "DIRECT", audit_pb2.CHANNEL_MANUAL: "MANUAL"}
_ZERO: Final = Decimal(0)


class BillMalformed(Exception):
    """Supervision gave a bill that mining cannot read."""


def read_bill(message: Any) -> ExportedBill:
    """Reads an exported bill.

    Raises:
        BillMalformed: a channel that this version does not know.
    """
    if message.channel not in _CHANNELS:
        msg = f"channel {message.channel} of an exported bill"
        raise BillMalformed(msg)
    return ExportedBill(
        bill_key=message.bill_key,
        channel=_CHANNELS[message.channel],
        person_key=message.person_key.hex(),
        visit_key=message.visit_id,
        care_region_code=message.care_region_code,
        insured_region_code=message.insured_region_code,
        institution_code=message.institution_code,
        hospital_level_code=message.hospital_level_code,
        medical_type_code=message.medical_type_code,
        scheme_code=message.scheme_code,
        main_diagnosis_code=message.diagnosis_codes[0] if message.diagnosis_codes else "",
        begin_date=wire.read_date(message.begin_date, "begin_date"),
        end_date=wire.read_date(message.end_date, "end_date"),
        settle_time=wire.read_time(message.settle_time),
        invoice_key=message.invoice_key.hex(),
        phone_key=message.phone_key.hex(),
        total_fen=message.total.fen,
        in_scope_fen=message.in_scope.fen,
        fund_fen=message.fund_total.fen,
        lines=tuple(_read_line(line) for line in message.lines),
    )


def write_findings(findings: Sequence[MinedFinding], codes: Mapping[str, str]) -> list[Any]:
    """Returns the messages that record findings: one per rule and bill, with all its lines.

    `codes` are the codes of the rules in force by kind, e.g. "price_outlier"; what is found by a
    rule of another kind is left out. The sentence is that of the line with the highest value.
    """
    joined: dict[tuple[str, str], Any] = {}
    for one in sorted(findings, key=lambda found: (-found.value, found)):
        code = codes.get(one.rule_code.lower())
        if code is None:
            continue
        message = joined.get((code, one.bill_key))
        if message is None:
            zh, en = sentences.sentence(one)
            message = audit_service_pb2.MinedFinding(
                bill_key=one.bill_key, rule_code=code, message_zh=zh, message_en=en
            )
            joined[code, one.bill_key] = message
        if one.line_id and one.line_id not in message.line_ids:
            message.line_ids.append(one.line_id)
    return [joined[key] for key in sorted(joined)]


def _read_line(line: Any) -> ExportedLine:
    price = line.unit_price.value
    return ExportedLine(
        line_id=line.line_id,
        item_code=line.item_code,
        charge_category_code=line.charge_category_code,
        fee_date=wire.read_date(line.fee_date, "fee_date"),
        unit_price=Decimal(price) if price else _ZERO,
        quantity=Decimal(line.quantity.value or "0"),
        amount_fen=line.amount.fen,
    )
