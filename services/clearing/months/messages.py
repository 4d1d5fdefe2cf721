"""Between clearing months and their contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.clearing.domain.ledger import Side
from services.clearing.domain.month_states import MonthState
from services.clearing.domain.netting import DISCLAIMER_EN, DISCLAIMER_ZH
from services.clearing.months.signature_store import Decision, Signing
from services.clearing.months.store import LineFilter
from services.clearing.printing import Format
from services.kit import codes, wire
from services.kit.errors import InvalidArgument
from services.kit.notes import read_note, read_two_people
from yijie.clearing.v1 import ledger_pb2
from yijie.clearing.v1 import month_pb2 as pb2
from yijie.clearing.v1 import month_service_pb2 as service_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.clearing.domain.month_steps import Step
    from services.clearing.domain.netting import Netting
    from services.clearing.domain.tables import TableLine
    from services.clearing.months.reading import MonthView, YearView
    from services.clearing.months.signature_store import Signature
    from services.clearing.months.store import Change, Month

_NOTHING: Final = ("", "", "", "")


def read_region(code: str, field: str) -> str:
    """Returns a province that takes part, or raises InvalidArgument."""
    if code not in codes.PROVINCES:
        raise InvalidArgument("REGION_UNKNOWN", "no such province", field=field)
    return code


def read_people(request: Any) -> tuple[str, str]:
    """Returns maker and checker of a request.

    Raises:
        RuleForbids: MAKER_IS_CHECKER.
        InvalidArgument: a code that may be a person's number.
    """
    return read_two_people(request.maker_id, request.checker_id)


def read_signing(request: Any) -> Signing:
    """Returns what a province says to its lines.

    Raises:
        RuleForbids: MAKER_IS_CHECKER.
        InvalidArgument: no such province; a note that is missing, or may name a person.
    """
    decision = Decision(_name(pb2.SignatureDecision, request.decision, "SIGNATURE_DECISION_"))
    return Signing(
        month=request.month,
        region_code=read_region(request.region_code, "region_code"),
        pairs=tuple((one.insured_region_code, one.care_region_code) for one in request.pairs),
        decision=decision,
        note=read_note(request.note, optional=decision is Decision.SIGNED),
        people=read_people(request),
    )


def read_state(value: int) -> MonthState | None:
    """Returns the state that a list is filtered by; None: any."""
    return MonthState(_name(pb2.MonthState, value, "MONTH_STATE_")) if value else None


def read_decision(value: int) -> Decision | None:
    """Returns the decision that a list is filtered by; None: any."""
    if not value:
        return None
    return Decision(_name(pb2.SignatureDecision, value, "SIGNATURE_DECISION_"))


def read_format(value: int) -> Format:
    """Returns the format of a file."""
    return Format[_name(pb2.TableFormat, value, "TABLE_FORMAT_")]


def read_line_filter(request: Any, after: tuple[str, str, str, str] | None) -> LineFilter:
    """Returns which lines are wanted."""
    region = read_region(request.region_code, "region_code") if request.region_code else ""
    side = None
    if request.side:
        side = Side(_name(ledger_pb2.AccountSide, request.side, "ACCOUNT_SIDE_"))
    return LineFilter(
        month=request.month,
        insured_region_code=region if side is Side.PAYABLE else "",
        care_region_code=region if side is Side.RECEIVABLE else "",
        region_code=region if side is None else "",
        after=after or _NOTHING,
    )


def write_month(month: Month) -> Any:
    """Returns the message of a month."""
    message = pb2.ClearingMonth(
        month=month.month,
        state=_state(month.state),
        tables_digest=month.digest,
        payable=wire.write_money(month.payable_fen),
        line_count=month.line_count,
        late_settlement_count=month.late_settlement_count,
        late_reversal_count=month.late_reversal_count,
    )
    if month.cut_time is not None:
        message.cut_time.CopyFrom(wire.write_time(month.cut_time))
    if month.table_time is not None:
        message.table_time.CopyFrom(wire.write_time(month.table_time))
    return message


def write_view(view: MonthView, region_code: str = "") -> Any:
    """Returns the answer that shows a month; to a province the objections to its pairs alone."""
    return service_pb2.GetMonthResponse(
        month=write_month(view.month),
        steps=[_step(one) for one in view.steps],
        changes=[_change(one) for one in view.changes],
        open_break_count=view.open_break_count,
        provisional=view.provisional,
        objected_pairs=[
            pb2.TablePair(insured_region_code=insured, care_region_code=care)
            for insured, care in view.objected
            if region_code in {"", insured, care}
        ],
    )


def write_line(line: TableLine) -> Any:
    """Returns the message of a line."""
    return pb2.TableLine(
        insured_region_code=line.insured_region_code,
        care_region_code=line.care_region_code,
        scheme_code=line.scheme_code,
        fund_type_code=line.fund_type_code,
        cost=wire.write_money(line.cost_fen),
        adjustment=wire.write_money(line.adjustment_fen),
        deduction=wire.write_money(line.deduction_fen),
        payable=wire.write_money(line.payable_fen),
        settlement_count=line.settlement_count,
        reversal_count=line.reversal_count,
        late=wire.write_money(line.late_fen),
    )


def write_signature(one: Signature) -> Any:
    """Returns the message of a signature or objection."""
    return pb2.TableSignature(
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        region_code=one.region_code,
        decision=f"SIGNATURE_DECISION_{one.decision.value}",
        note=one.note,
        maker_id=one.maker_id,
        checker_id=one.checker_id,
        sign_time=wire.write_time(one.sign_time),
    )


def write_year(view: YearView) -> Any:
    """Returns the message of a year."""
    message = pb2.ClearingYear(
        year=view.year,
        months=[
            pb2.YearMonth(
                month=month,
                state=pb2.MONTH_STATE_UNSPECIFIED if found is None else _state(found.state),
                payable=wire.write_money(0 if found is None else found.payable_fen),
            )
            for month, found in view.months
        ],
        payable=wire.write_money(sum(one.payable_fen for _, one in view.months if one)),
        deadline=wire.write_date(view.deadline.day),
        provisional=view.deadline.provisional,
        overdue=view.overdue,
    )
    if view.closing is not None:
        message.close_time.CopyFrom(wire.write_time(view.closing.close_time))
        message.maker_id = view.closing.maker_id
        message.checker_id = view.closing.checker_id
    return message


def write_netting(netting: Netting) -> Any:
    """Returns the answer of the simulation."""
    return service_pb2.WhatIfNettingResponse(
        disclaimer_zh=DISCLAIMER_ZH,
        disclaimer_en=DISCLAIMER_EN,
        provinces=[
            pb2.NettingProvince(
                region_code=one.region_code,
                payable=wire.write_money(one.payable_fen),
                receivable=wire.write_money(one.receivable_fen),
                net=wire.write_money(one.net_fen),
            )
            for one in netting.positions
        ],
        gross=wire.write_money(netting.gross_fen),
        bilateral=wire.write_money(netting.bilateral_fen),
        multilateral=wire.write_money(netting.multilateral_fen),
        saved=wire.write_money(netting.saved_fen),
    )


def line_key(line: TableLine) -> Sequence[str]:
    """Returns what a page of lines goes on after."""
    return (
        line.insured_region_code,
        line.care_region_code,
        line.scheme_code,
        line.fund_type_code,
    )


def _step(step: Step) -> Any:
    message = pb2.MonthStep(
        kind=f"MONTH_STEP_KIND_{step.kind.name}",
        deadline=wire.write_date(step.deadline.day),
        provisional=step.deadline.provisional,
        overdue=step.overdue,
        awaited_region_codes=step.awaited,
        late_region_codes=step.late,
    )
    if step.done_time is not None:
        message.done_time.CopyFrom(wire.write_time(step.done_time))
    return message


def _change(change: Change) -> Any:
    return pb2.MonthChange(
        state=_state(change.state),
        change_time=wire.write_time(change.change_time),
        maker_id=change.maker_id,
        checker_id=change.checker_id,
    )


def _state(state: MonthState) -> Any:
    return pb2.MonthState.Value(f"MONTH_STATE_{state.value}")


def _name(enum: Any, value: int, prefix: str) -> str:
    name: str = enum.Name(value)
    return name.removeprefix(prefix)
