"""Between notices, bank lines and their contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from services.clearing.domain.bank_line_states import BankLineState
from services.clearing.domain.notice import (
    NoticeKind,
    NoticeStep,
    business_type_of,
    outstanding_cause,
)
from services.clearing.domain.notice_states import NoticeState
from services.clearing.domain.notice_steps import StepStatus
from services.clearing.domain.payment import Matched, rate_bp
from services.clearing.notices.bank_store import (
    Resolution,
    ResolutionDecision,
    ResolutionStatus,
)
from services.clearing.notices.payments import Proposal, ProvincePayments, ResolvedLine
from services.clearing.notices.store import NoticeFilter, StepDone
from services.clearing.notices.terms import due
from services.clearing.notices.usecases import NoticeView
from services.kit import codes, notes, wire
from services.kit.errors import InvalidArgument
from services.kit.wire import invalid
from yijie.clearing.v1 import notice_pb2 as pb2

EnumT = TypeVar("EnumT", bound=Enum)


def read_province(code: str, field: str, *, optional: bool = False) -> str:
    """Returns a province that takes part, or raises InvalidArgument."""
    if not (optional and not code) and code not in codes.PROVINCES:
        raise InvalidArgument("REGION_UNKNOWN", "no such province", field=field)
    return code


def read_kind(value: int) -> NoticeKind | None:
    """Returns a kind of notice; None: all."""
    return _read(pb2.NoticeKind, value, "NOTICE_KIND_", NoticeKind)


def read_line_state(value: int) -> BankLineState | None:
    """Returns a state of a bank line; None: all."""
    return _read(pb2.BankLineState, value, "BANK_LINE_STATE_", BankLineState)


def read_notice_filter(request: Any, after: UUID | None) -> NoticeFilter:
    """Returns which notices are wanted."""
    state = _read(pb2.NoticeState, request.state, "NOTICE_STATE_", NoticeState)
    return NoticeFilter(
        month=request.month,
        kind=read_kind(request.kind),
        payer_region_code=request.payer_region_code,
        receiver_region_code=request.receiver_region_code,
        states=(state,) if state else (),
        after=after,
    )


def read_decision(request: Any) -> bool:
    """Returns whether the second officer agrees."""
    return bool(request.decision == pb2.NOTICE_DECISION_APPROVED)


def read_step(request: Any, today: date) -> StepDone:
    """Returns a step that was done.

    Raises:
        InvalidArgument: DATE_IN_FUTURE, REGION_UNKNOWN, an operator that may be a person's number.
    """
    done_date = wire.read_date(request.done_date, "done_date")
    if done_date > today:
        raise InvalidArgument("DATE_IN_FUTURE", "done_date is in the future", field="done_date")
    notes.refuse_long_number(request.operator_id, "operator_id")
    step = _read(pb2.NoticeStep, request.step, "NOTICE_STEP_", NoticeStep)
    if step is None:
        raise invalid("step", "must be a step")
    return StepDone(
        notice_id=wire.read_uuid(request.notice_id),
        step=step,
        region_code=read_province(request.region_code, "region_code"),
        done_date=done_date,
        operator_id=request.operator_id,
    )


def read_proposal(request: Any) -> Proposal:
    """Returns where an officer says that suspended money belongs.

    Raises:
        InvalidArgument: a note that is missing or may name a person; a notice that is missing, or
            that money sent back cannot have; an amount below zero.
    """
    notes.refuse_long_number(request.maker_id, "maker_id")
    decision = _read(
        pb2.BankResolutionDecision,
        request.decision,
        "BANK_RESOLUTION_DECISION_",
        ResolutionDecision,
    )
    if decision is None:
        raise invalid("decision", "must be a decision")
    if (decision is ResolutionDecision.ALLOCATED) != bool(request.notice_number):
        raise invalid("notice_number", "is needed for money that pays a notice, and only then")
    return Proposal(
        line_id=wire.read_uuid(request.line_id),
        decision=decision,
        notice_number=request.notice_number,
        amount_fen=wire.read_fen(request.amount, "amount"),
        maker_id=request.maker_id,
        note=notes.read_note(request.note),
    )


def read_period(request: Any) -> tuple[str, str]:
    """Returns the first and the last month of a month or a year.

    Raises:
        InvalidArgument: both or none are given.
    """
    if bool(request.month) == bool(request.year):
        raise invalid("month", "either a month or a year")
    if request.month:
        return request.month, request.month
    return f"{request.year:04d}-01", f"{request.year:04d}-12"


def write_notice(view: NoticeView) -> Any:
    """Returns the message of a notice."""
    notice = view.notice
    cause = outstanding_cause(notice)
    deadline = due(notice.issue_date) if notice.issue_date and notice.amount_fen else None
    return pb2.Notice(
        notice_id=str(notice.notice_id),
        number=notice.number,
        kind=f"NOTICE_KIND_{notice.kind.value}",
        month=notice.month,
        payer_region_code=notice.payer_region_code,
        receiver_region_code=notice.receiver_region_code,
        insured_region_code=notice.insured_region_code,
        care_region_code=notice.care_region_code,
        amount=wire.write_money(notice.amount_fen),
        paid=wire.write_money(notice.paid_fen),
        pending=wire.write_money(notice.pending_fen),
        outstanding=wire.write_money(notice.outstanding_fen),
        outstanding_cause=f"OUTSTANDING_CAUSE_{cause.value if cause else 'UNSPECIFIED'}",
        bank_fee=wire.write_money(notice.fee_fen),
        state=f"NOTICE_STATE_{notice.state.value}",
        business_type=f"BUSINESS_TYPE_{business_type_of(notice.kind).value}",
        lines=[
            pb2.NoticeLine(
                scheme_code=line.scheme_code,
                fund_type_code=line.fund_type_code,
                amount=wire.write_money(line.amount_fen),
                paid=wire.write_money(line.paid_fen),
            )
            for line in notice.lines
        ],
        steps=[_write_step(one) for one in view.steps],
        issue_date=wire.write_optional_date(notice.issue_date),
        due_date=wire.write_optional_date(deadline.day if deadline else None),
        is_due_provisional=bool(deadline and deadline.provisional),
        maker_id=notice.maker_id,
        checker_id=notice.checker_id,
        draft_time=wire.write_time(notice.draft_time),
    )


def write_matched(statement_id: UUID, line_id: UUID | None, one: Matched) -> Any:
    """Returns the message of a line that was just stated."""
    line = one.line
    # A duplicate has no row, so it stands nowhere.
    state = one.state.value if line_id else "UNSPECIFIED"
    message = pb2.BankLine(
        line_id=str(line_id) if line_id else "",
        statement_id=str(statement_id),
        outcome=f"BANK_LINE_OUTCOME_{one.outcome.value}",
        state=f"BANK_LINE_STATE_{state}",
        is_late=one.late,
        notice_id=str(one.notice_id) if one.notice_id else "",
        applied=wire.write_money(one.applied_fen),
        suspended=wire.write_money(one.suspended_fen),
    )
    _write_stated(message, line)
    return message


def write_line(resolved: ResolvedLine) -> Any:
    """Returns the message of a line as it stands."""
    line = resolved.line
    message = pb2.BankLine(
        line_id=str(line.line_id),
        statement_id=str(line.statement_id),
        outcome=f"BANK_LINE_OUTCOME_{line.outcome.value}",
        is_late=_is_late(resolved),
        notice_id=str(line.notice_id) if line.notice_id else "",
        applied=wire.write_money(line.applied_fen),
        suspended=wire.write_money(line.suspended_fen),
        allocated=wire.write_money(line.allocated_fen),
        returned=wire.write_money(line.returned_fen),
        state=f"BANK_LINE_STATE_{line.state.value}",
        resolutions=[_write_resolution(one) for one in resolved.resolutions],
    )
    _write_stated(message, line.stated)
    return message


def _is_late(resolved: ResolvedLine) -> bool:
    # Money that found its place by two officers is as late as it was.
    paid = resolved.line.stated.value_date
    return resolved.line.late or any(
        one.status is ResolutionStatus.POSTED and one.issue_date and paid > due(one.issue_date).day
        for one in resolved.resolutions
    )


def write_payments(one: ProvincePayments) -> Any:
    """Returns the message of what a province paid."""
    return pb2.ProvincePayments(
        region_code=one.region_code,
        notice_count=one.notice_count,
        due_count=one.due_count,
        paid_count=one.paid_count,
        due=wire.write_money(one.due_fen),
        paid=wire.write_money(one.paid_fen),
        overdue=wire.write_money(one.overdue_fen),
        receivable=wire.write_money(one.receivable_fen),
        received=wire.write_money(one.received_fen),
        clearing_rate_bp=rate_bp(one.paid_fen, one.due_fen),
        payment_rate_bp=rate_bp(one.paid_count, one.due_count),
    )


def total_of(provinces: Sequence[ProvincePayments]) -> ProvincePayments:
    """Returns all provinces together."""
    return ProvincePayments(
        region_code="",
        notice_count=sum(one.notice_count for one in provinces),
        due_count=sum(one.due_count for one in provinces),
        paid_count=sum(one.paid_count for one in provinces),
        due_fen=sum(one.due_fen for one in provinces),
        paid_fen=sum(one.paid_fen for one in provinces),
        overdue_fen=sum(one.overdue_fen for one in provinces),
        receivable_fen=sum(one.receivable_fen for one in provinces),
        received_fen=sum(one.received_fen for one in provinces),
    )


def _write_step(one: StepStatus) -> Any:
    return pb2.NoticeStepStatus(
        step=f"NOTICE_STEP_{one.step.value}",
        region_code=one.region_code,
        deadline_date=wire.write_optional_date(one.deadline.day if one.deadline else None),
        is_provisional=bool(one.deadline and one.deadline.provisional),
        done_date=wire.write_optional_date(one.done_date),
        is_overdue=one.overdue,
        is_late=one.late,
    )


def _write_stated(message: Any, line: Any) -> None:
    message.line_number = line.line_number
    message.bank_reference = line.bank_reference
    message.value_date.CopyFrom(wire.write_date(line.value_date))
    message.payer_region_code = line.payer_region_code
    message.receiver_region_code = line.receiver_region_code
    message.amount.fen = line.amount_fen
    message.business_type = pb2.BusinessType.Value(f"BUSINESS_TYPE_{line.business_type.value}")
    message.notice_number = line.notice_number


def _write_resolution(one: Resolution) -> Any:
    return pb2.BankResolution(
        resolution_id=str(one.resolution_id),
        decision=f"BANK_RESOLUTION_DECISION_{one.decision.value}",
        notice_id=str(one.notice_id) if one.notice_id else "",
        amount=wire.write_money(one.amount_fen),
        status=f"BANK_RESOLUTION_STATUS_{one.status.value}",
        note=one.note,
        maker_id=one.maker_id,
        checker_id=one.checker_id,
        propose_time=wire.write_time(one.propose_time),
        decide_time=wire.write_time(one.decide_time) if one.decide_time else None,
    )


def _read(names: Any, value: int, prefix: str, enum: type[EnumT]) -> EnumT | None:
    return enum(names.Name(value).removeprefix(prefix)) if value else None
