"""Between the contract of disputes and what the use cases work with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from services.clearing.disputes.inquiry_store import Inquiry
from services.clearing.disputes.store import Adjustment, Change
from services.clearing.disputes.usecases import Decision
from services.clearing.domain.deduction import Asked, Deduction
from services.clearing.domain.deduction_states import DeductionState
from services.clearing.domain.inquiry_states import InquiryState
from services.kit import wire
from services.kit.wire import FEN_MAX, invalid
from yijie.clearing.v1 import dispute_pb2 as pb2

_DEDUCTION_STATES: Final[Mapping[DeductionState, pb2.DeductionState]] = {
    DeductionState.PENDING: pb2.DEDUCTION_STATE_PENDING,
    DeductionState.APPEALED: pb2.DEDUCTION_STATE_APPEALED,
    DeductionState.UPHELD: pb2.DEDUCTION_STATE_UPHELD,
    DeductionState.WITHDRAWN: pb2.DEDUCTION_STATE_WITHDRAWN,
    DeductionState.LAPSED: pb2.DEDUCTION_STATE_LAPSED,
    DeductionState.RETURNED: pb2.DEDUCTION_STATE_RETURNED,
}
_INQUIRY_STATES: Final[Mapping[InquiryState, pb2.InquiryState]] = {
    InquiryState.OPEN: pb2.INQUIRY_STATE_OPEN,
    InquiryState.CONFIRMED: pb2.INQUIRY_STATE_CONFIRMED,
    InquiryState.IRREGULAR: pb2.INQUIRY_STATE_IRREGULAR,
    InquiryState.LAPSED: pb2.INQUIRY_STATE_LAPSED,
}


def read_decision(message: Any, field: str) -> Decision:
    """Reads one entry of RecordDeductions.

    Raises:
        InvalidArgument: neither or both of amount and funds, an amount that is not more than zero,
            or a fund twice.
    """
    return Decision(
        decision_id=wire.read_uuid(message.decision_id),
        settlement_id=wire.read_uuid(message.settlement_id),
        insured_region_code=message.insured_region_code,
        care_region_code=message.care_region_code,
        asked=read_asked(message, field),
    )


def read_asked(message: Any, field: str = "") -> Asked:
    """Reads how much is taken back: `amount` or `funds` of a message.

    Raises:
        InvalidArgument: as above.
    """
    prefix = f"{field}." if field else ""
    if message.HasField("amount") == bool(message.funds):
        raise invalid(f"{prefix}amount", "give either one amount or amounts by fund")
    if message.HasField("amount"):
        return Asked(amount_fen=_read_amount(message.amount, f"{prefix}amount"), funds_fen={})
    funds: dict[str, int] = {}
    for index, one in enumerate(message.funds):
        here = f"{prefix}funds[{index}]"
        if one.fund_type_code in funds:
            raise invalid(f"{here}.fund_type_code", "stands here twice")
        funds[one.fund_type_code] = _read_amount(one.amount, f"{here}.amount")
    return Asked(amount_fen=None, funds_fen=funds)


def _read_amount(message: Any, field: str) -> int:
    if not 0 < message.fen < FEN_MAX:
        raise invalid(field, "must be more than zero and below ten trillion yuan")
    return int(message.fen)


def read_deduction_state(value: int) -> DeductionState | None:
    """Reads a filter; unspecified: None."""
    return next((one for one, number in _DEDUCTION_STATES.items() if number == value), None)


def read_inquiry_state(value: int) -> InquiryState | None:
    """Reads a filter; unspecified: None."""
    return next((one for one, number in _INQUIRY_STATES.items() if number == value), None)


def write_deduction(one: Deduction, changes: Sequence[Change] = ()) -> pb2.Deduction:
    """Returns the message of a deduction."""
    return pb2.Deduction(
        deduction_id=str(one.deduction_id),
        decision_id=str(one.decision_id),
        inquiry_id=_text(one.inquiry_id),
        settlement_id=str(one.settlement_id),
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        scheme_code=one.scheme_code,
        amount=wire.write_money(one.amount_fen),
        funds=_write_funds(one.funds_fen.items()),
        state=_DEDUCTION_STATES[one.state],
        appeal_last_date=wire.write_date(one.appeal_last_date),
        month=one.month,
        source_id=str(one.source_id),
        return_month=one.return_month,
        return_source_id=_text(one.return_source_id),
        record_time=wire.write_time(one.record_time),
        changes=[_write_change(change) for change in changes],
    )


def _write_funds(funds: Iterable[tuple[str, int]]) -> list[pb2.DeductionFund]:
    return [
        pb2.DeductionFund(fund_type_code=code, amount=wire.write_money(fen))
        for code, fen in sorted(funds)
    ]


def _write_change(change: Change) -> pb2.DeductionChange:
    return pb2.DeductionChange(
        state=_DEDUCTION_STATES[change.state],
        change_time=wire.write_time(change.change_time),
        region_code=change.region_code,
        maker_id=change.maker_id,
        checker_id=change.checker_id,
        note=change.note,
    )


def write_inquiry(one: Inquiry, today: date) -> pb2.Inquiry:
    """Returns the message of an inquiry as it stands today."""
    message = pb2.Inquiry(
        inquiry_id=str(one.inquiry_id),
        settlement_id=str(one.settlement_id),
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        institution_code=one.institution_code,
        total=wire.write_money(one.total_fen),
        state=_INQUIRY_STATES[one.state],
        question=one.question,
        opener_id=one.opener_id,
        open_time=wire.write_time(one.open_time),
        answer_last_date=wire.write_date(one.answer_last_date),
        overdue=one.is_overdue(today),
        answer=one.answer,
        maker_id=one.maker_id,
        checker_id=one.checker_id,
        late=one.is_late,
        deduction_id=_text(one.deduction_id),
    )
    if one.close_time is not None:
        message.close_time.CopyFrom(wire.write_time(one.close_time))
    return message


def write_adjustment(one: Adjustment) -> pb2.Adjustment:
    """Returns the message of a negative record."""
    return pb2.Adjustment(
        settlement_id=str(one.settlement_id),
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        scheme_code=one.scheme_code,
        original_month=one.original_month,
        booked_month=one.booked_month,
        amount=wire.write_money(one.amount_fen),
        reverse_time=wire.write_time(one.reverse_time),
    )


def _text(identifier: object | None) -> str:
    return "" if identifier is None else str(identifier)
