"""From the contracts' messages to what the auditor knows of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from services.kit import wire
from services.proving import history
from services.proving.history import Amounts, FundPayment, Refused, Reply, Unknown
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.clearing.v1 import clearing_service_pb2, ledger_pb2, reconciliation_pb2
from yijie.common.v1 import money_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2, visit_pb2

_STATES = {
    settlement_pb2.SETTLEMENT_STATE_PENDING: history.State.PENDING,
    settlement_pb2.SETTLEMENT_STATE_SETTLED: history.State.SETTLED,
    settlement_pb2.SETTLEMENT_STATE_FAILED: history.State.FAILED,
    settlement_pb2.SETTLEMENT_STATE_REVERSED: history.State.REVERSED,
    # A trial has none; it is never compared by it.
    settlement_pb2.SETTLEMENT_STATE_UNSPECIFIED: history.State.PENDING,
}
STATE_NUMBERS = {state: number for number, state in _STATES.items() if number}
_SCOPES = {
    settlement_pb2.SETTLEMENT_SCOPE_UNSPECIFIED: history.Scope.WHOLE_BILL,
    settlement_pb2.SETTLEMENT_SCOPE_FINAL: history.Scope.FINAL,
    settlement_pb2.SETTLEMENT_SCOPE_INTERIM: history.Scope.INTERIM,
    settlement_pb2.SETTLEMENT_SCOPE_BATCH: history.Scope.BATCH,
}
SCOPE_NUMBERS = {scope: number for number, scope in _SCOPES.items()}
_VISIT_STATES = {
    visit_pb2.VISIT_STATE_REGISTERED: history.VisitState.REGISTERED,
    visit_pb2.VISIT_STATE_DISCHARGED: history.VisitState.DISCHARGED,
    visit_pb2.VISIT_STATE_SETTLED: history.VisitState.SETTLED,
    visit_pb2.VISIT_STATE_CANCELLED: history.VisitState.CANCELLED,
}
_KINDS = {
    settlement_service_pb2.EVENT_KIND_SETTLED: history.EventKind.SETTLED,
    settlement_service_pb2.EVENT_KIND_REVERSED: history.EventKind.REVERSED,
}
KINDS = {kind: number for number, kind in _KINDS.items()}
_BOOKINGS = {
    benefits_service_pb2.ADJUDICATION_STATE_COMMITTED: history.BookingState.COMMITTED,
    benefits_service_pb2.ADJUDICATION_STATE_CANCELLED: history.BookingState.CANCELLED,
}
COME_BACK = frozenset(
    {
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "ABORTED",
        "RESOURCE_EXHAUSTED",
        "CANCELLED",
        "INTERNAL",
        "UNKNOWN",
    }
)
"""gRPC codes after which a caller knows nothing of what its attempt did."""
_UNCAUGHT = "Unexpected <class"


def read_failure(code: str, reason: str, *, changed: str = "", details: str = "") -> Reply:
    """Returns what a failed call tells: a refusal, or nothing for certain.

    Args:
        code: name of the gRPC code.
        reason: of google.rpc.ErrorInfo; empty: the answer is not from a service of ours.
        changed: of its metadata, with QUOTE_CHANGED.
        details: text of the gRPC status.
    """
    if code in COME_BACK:
        # Our services give every defect the reason INTERNAL. Without a reason it is the transport's
        # ("Stream removed"), but for what a server says of an exception that nobody caught.
        if code in {"INTERNAL", "UNKNOWN"} and not reason:
            return Unknown(code if details.startswith(_UNCAUGHT) else "TRANSPORT")
        return Unknown(reason or code)
    return Refused(reason or code, changed)


def read_settlement(message: settlement_pb2.Settlement) -> history.Settlement:
    """Returns a settlement as it was shown."""
    return history.Settlement(
        settlement_id=message.settlement_id,
        request_id=message.request_id,
        state=_STATES[message.state],
        person_id=message.person_id,
        scheme_code=message.scheme_code,
        care_region_code=message.care_region_code,
        insured_region_code=message.insured_region_code,
        institution_code=message.institution_code,
        medical_type_code=message.medical_type_code,
        end_date=read_date(message.end_date),
        amounts=read_amounts(message.amounts),
        adjudication=(
            read_adjudication(message.adjudication) if message.HasField("adjudication") else None
        ),
        settle_time=_time(message, "settle_time"),
        reverse_time=_time(message, "reverse_time"),
        visit_id=message.visit_id,
        scope=_SCOPES[message.scope],
        charge_batch_number=message.charge_batch_number,
        lines=tuple(read_amounts(line.split) for line in message.lines),
        recomputes_settlement_id=message.recomputes_settlement_id,
    )


def read_amounts(message: money_pb2.AmountSplit) -> Amounts:
    """Returns the five amounts of a bill or line."""
    return Amounts(
        total=message.total.fen,
        full_self_pay=message.full_self_pay.fen,
        over_limit=message.over_limit.fen,
        prior_self_pay=message.prior_self_pay.fen,
        in_scope=message.in_scope.fen,
    )


def read_adjudication(message: adjudication_pb2.Adjudication) -> history.Adjudication:
    """Returns who pays what."""
    return history.Adjudication(
        deductible=message.deductible.fen,
        fund_payments=tuple(
            FundPayment(payment.fund_type_code, payment.amount.fen)
            for payment in message.fund_payments
        ),
        fund_total=message.fund_total.fen,
        account_pay=message.account_pay.fen,
        cash_pay=message.cash_pay.fen,
        patient_total=message.patient_total.fen,
        account_balance=message.account_balance.fen,
        year_parts=tuple(
            history.YearPart(
                benefit_year=part.benefit_year,
                amounts=read_amounts(part.amounts),
                deductible=part.deductible.fen,
                fund_total=part.fund_total.fen,
            )
            for part in message.year_parts
        ),
        causes=_read_causes(message.causes) if message.HasField("causes") else None,
        family_account_pay=message.family_account_pay.fen,
    )


def _read_causes(message: adjudication_pb2.PatientCauses) -> history.Causes:
    names = history.Causes.__dataclass_fields__
    return history.Causes(**{name: getattr(message, name).fen for name in names})


def read_booking(message: benefits_service_pb2.GetAdjudicationResponse) -> history.Booking:
    """Returns what the insured region holds of a settlement."""
    has = message.HasField("adjudication")
    return history.Booking(
        _BOOKINGS[message.state], read_adjudication(message.adjudication) if has else None
    )


def read_record(message: benefits_service_pb2.AdjudicationRecord) -> history.BookingState:
    """Returns the state of a booking that ListAdjudications names."""
    return _BOOKINGS[message.state]


def read_accumulators(message: adjudication_pb2.Accumulators) -> history.Accumulators:
    """Returns what a person has used in a year."""
    names = history.Accumulators.__dataclass_fields__
    return history.Accumulators(
        **{
            name: getattr(message, name)
            if name == "inpatient_count"
            else getattr(message, name).fen
            for name in names
        }
    )


def read_position(message: ledger_pb2.Position) -> history.Position:
    """Returns what a pair of provinces owes."""
    return history.Position(
        pair=_pair(message),
        owed=message.owed.fen,
        funds={fund.fund_type_code: fund.owed.fen for fund in message.funds},
        settlement_count=message.settlement_count,
        reversal_count=message.reversal_count,
    )


def read_positions(
    message: clearing_service_pb2.GetPositionResponse,
) -> tuple[history.Position, ...]:
    """Returns the positions of a page, or of all pages put together."""
    return tuple(read_position(position) for position in message.positions)


def read_comparison(message: reconciliation_pb2.LegResult) -> history.Comparison:
    """Returns what comparing the hub with an insured province gave."""
    return history.Comparison(
        province_code=message.party_code,
        hub_count=message.hub_count,
        party_count=message.party_count,
        difference_count=message.difference_count,
    )


def read_entry(message: ledger_pb2.Entry) -> history.Entry:
    """Returns one side of a transfer."""
    return history.Entry(
        transfer_id=message.transfer_id,
        settlement_id=message.settlement_id,
        pair=_pair(message),
        fund_type_code=message.fund_type_code,
        receivable=message.side == ledger_pb2.ACCOUNT_SIDE_RECEIVABLE,
        amount=message.amount.fen,
        reverses_transfer_id=message.reverses_transfer_id,
    )


def read_event(message: settlement_service_pb2.Event) -> history.Event:
    """Returns one event of the feed."""
    return history.Event(_KINDS[message.kind], read_settlement(message.settlement))


def read_visit(message: visit_pb2.Visit) -> history.Visit:
    """Returns a visit as it was shown."""
    return history.Visit(
        visit_id=message.visit_id,
        state=_VISIT_STATES[message.state],
        person_id=message.person_id,
        institution_code=message.institution_code,
        medical_type_code=message.record.medical_type_code,
        line_count=message.line_count,
        line_total=message.line_total.fen,
        settlement_ids=tuple(one.settlement_id for one in message.settlements),
    )


def read_visit_line(message: visit_pb2.VisitLine, *, settlement_id: str = "") -> history.VisitLine:
    """Returns a fee line of a visit."""
    return history.VisitLine(
        line_id=message.line.line_id,
        amount=message.line.amount.fen,
        fee_date=read_date(message.line.fee_date),
        refund_of_line_id=message.refund_of_line_id,
        charge_batch_number=message.charge_batch_number,
        settlement_id=settlement_id,
    )


def read_fee(message: visit_pb2.VisitFee) -> history.VisitLine:
    """Returns a fee line as the hub keeps it."""
    return read_visit_line(message.line, settlement_id=message.settlement_id)


def _pair(message: Any) -> history.Pair:
    return history.Pair(
        insured_region_code=message.insured_region_code,
        care_region_code=message.care_region_code,
        month=message.month,
        scheme_code=message.scheme_code,
    )


def read_date(message: Any) -> date:
    """Returns a civil date."""
    return date(message.year, message.month, message.day)


def _time(message: Any, name: str) -> datetime | None:
    return wire.read_time(getattr(message, name)) if message.HasField(name) else None
