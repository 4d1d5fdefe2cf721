"""The bills of the year as settlement's contracts tell them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from services.kit import codes, wire
from services.proving.clearing_year.plan import Care
from services.proving.supervision_year.plan import Bill
from yijie.common.v1 import bill_pb2, money_pb2
from yijie.settlement.v1 import (
    reimbursement_pb2,
    reimbursement_service_pb2,
    settlement_pb2,
    settlement_service_pb2,
)

CLAIMED_AFTER: Final = timedelta(days=20)
"""From the bill to its reimbursement."""
_KEY: Final = b"labelled year"


def care_of(bill: Bill) -> Care:
    """Returns what clearing hears of a bill."""
    funds = bill.funds_fen
    return Care(
        settlement_id=bill.settlement_id,
        settle_time=bill.settle_time,
        arrive_time=bill.settle_time,
        insured_region_code=codes.province_of(bill.person.insured_region_code),
        care_region_code=codes.province_of(bill.institution.region_code),
        scheme_code=bill.person.scheme_code,
        medical_type_code=bill.medical_type_code,
        fund_fen=funds,
        account_fen=bill.account_fen,
        cash_fen=bill.total_fen - sum(funds.values()) - bill.account_fen,
    )


def settled_event(bill: Bill, cursor: str) -> settlement_service_pb2.Event:
    """Returns the event of a settlement, in the full view."""
    settlement = settlement_pb2.Settlement(
        settlement_id=str(bill.settlement_id),
        request_id=str(bill.settlement_id),
        state=settlement_pb2.SETTLEMENT_STATE_SETTLED,
        settle_time=wire.write_time(bill.settle_time),
        screening_state=settlement_pb2.SCREENING_STATE_DEFERRED,
        round_trip_ms=30 + bill.total_fen % 200,
        region_ms=20 + bill.total_fen % 150,
    )
    _tell(bill, settlement)
    return settlement_service_pb2.Event(
        cursor=cursor,
        kind=settlement_service_pb2.EVENT_KIND_SETTLED,
        event_time=wire.write_time(bill.settle_time),
        settlement=settlement,
        invoice_key=_key(bill.invoice_number),
        phone_key=_key(bill.phone),
    )


def basic(event: settlement_service_pb2.Event) -> settlement_service_pb2.Event:
    """Returns an event as everybody else is given it: without bill, lines and keys."""
    told = settlement_service_pb2.Event()
    told.CopyFrom(event)
    for field in ("bill", "lines", "sex", "birth_date"):
        told.settlement.ClearField(field)
    told.ClearField("invoice_key")
    told.ClearField("phone_key")
    return told


def reimbursed_event(bill: Bill) -> reimbursement_service_pb2.ReimbursementEvent:
    """Returns the event of a claim that was computed and booked, in the full view."""
    when = wire.write_time(bill.settle_time + CLAIMED_AFTER)
    claim = reimbursement_pb2.Reimbursement(
        reimbursement_id=str(bill.settlement_id),
        request_id=str(bill.settlement_id),
        state=reimbursement_pb2.REIMBURSEMENT_STATE_ADJUDICATED,
        cause=reimbursement_pb2.REIMBURSEMENT_CAUSE_REFUSED,
        submit_time=when,
        adjudicate_time=when,
        update_time=when,
    )
    _tell(bill, claim)
    claim.payable.fen = sum(bill.funds_fen.values())
    return reimbursement_service_pb2.ReimbursementEvent(
        event_time=when,
        reimbursement=claim,
        invoice_key=_key(bill.invoice_number),
        phone_key=_key(bill.phone),
    )


def _tell(bill: Bill, message: Any) -> None:
    """Fills what settlements and claims have alike."""
    person, place = bill.person, bill.institution
    message.care_region_code = place.region_code
    message.insured_region_code = person.insured_region_code
    message.institution_code = place.code
    message.person_id = str(person.person_id)
    message.scheme_code = person.scheme_code
    message.medical_type_code = bill.medical_type_code
    message.begin_date.CopyFrom(wire.write_date(bill.begin))
    message.end_date.CopyFrom(wire.write_date(bill.end))
    message.sex = bill_pb2.SEX_FEMALE if person.is_female else bill_pb2.SEX_MALE
    message.birth_date.CopyFrom(wire.write_date(person.birth_date))
    message.amounts.CopyFrom(_split(bill.total_fen, bill.in_scope_fen))
    paid = message.adjudication
    for code, fen in bill.funds_fen.items():
        paid.fund_payments.add(fund_type_code=code, amount=wire.write_money(fen))
    paid.fund_total.fen = sum(bill.funds_fen.values())
    paid.account_pay.fen = bill.account_fen
    paid.cash_pay.fen = bill.total_fen - paid.fund_total.fen - bill.account_fen
    sent = message.bill
    sent.care_region_code = place.region_code
    sent.institution_code = place.code
    sent.hospital_level_code = place.level_code
    sent.medical_type_code = bill.medical_type_code
    sent.begin_date.CopyFrom(message.begin_date)
    sent.end_date.CopyFrom(message.end_date)
    sent.diagnoses.add(diagnosis_code=bill.diagnosis.code, main=True)
    sent.total.fen = bill.total_fen
    for line in bill.lines:
        sent.lines.append(
            bill_pb2.FeeLine(
                line_id=line.line_id,
                item_code=line.item.code,
                item_name=line.item.name,
                fee_date=wire.write_date(line.fee_date),
                unit_price=wire.write_decimal(line.unit_price),
                quantity=wire.write_decimal(Decimal(line.quantity)),
                amount=wire.write_money(line.amount_fen),
            )
        )
        message.lines.append(
            bill_pb2.ClassifiedLine(
                line_id=line.line_id,
                split=_split(line.amount_fen, line.in_scope_fen),
                catalogue_class=(
                    bill_pb2.CATALOGUE_CLASS_B if line.is_class_b else bill_pb2.CATALOGUE_CLASS_A
                ),
                charge_category_code=line.category,
            )
        )


def _split(total: int, in_scope: int) -> money_pb2.AmountSplit:
    return money_pb2.AmountSplit(
        total=wire.write_money(total),
        prior_self_pay=wire.write_money(total - in_scope),
        in_scope=wire.write_money(in_scope),
    )


def _key(text: str) -> bytes:
    return hmac.new(_KEY, text.encode(), hashlib.sha256).digest()
