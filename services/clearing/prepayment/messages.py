"""Between the contract's messages and prepayment; decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.clearing.domain.exhausted import ExhaustedAction
from services.clearing.domain.forecast import METHOD_EN, METHOD_ZH
from services.clearing.domain.quota import QuotaKey, QuotaKind
from services.clearing.domain.top_up_states import TopUpState
from services.clearing.domain.usage import BASIS_POINTS, Usage
from services.clearing.domain.usage_states import UsageState
from services.clearing.prepayment.terms import deadline_of
from services.kit.clock import civil_date
from services.kit.wire import (
    invalid,
    read_fen,
    write_date,
    write_money,
    write_optional_date,
    write_time,
)
from yijie.clearing.v1 import prepayment_pb2 as pb

if TYPE_CHECKING:
    from datetime import date

    from services.clearing.domain.exhausted import ExhaustedPolicy, Limit
    from services.clearing.domain.forecast import Crossing
    from services.clearing.domain.quota import QuotaLine
    from services.clearing.domain.usage import Thresholds
    from services.clearing.prepayment.outlook import Forecast
    from services.clearing.prepayment.store import Proposal
    from services.clearing.prepayment.terms import Rules
    from services.clearing.prepayment.top_up_store import TopUp
    from services.clearing.prepayment.watching import Prepayment
    from services.kit.outbox import OutboxRow


def read_state(number: int) -> UsageState | None:
    """Returns the state that is asked for, or None for all."""
    return UsageState(pb.UsageState.Name(number).removeprefix("USAGE_STATE_")) if number else None


def read_top_up_state(number: int) -> TopUpState | None:
    """Returns the state that is asked for, or None for all."""
    return TopUpState(pb.TopUpState.Name(number).removeprefix("TOP_UP_STATE_")) if number else None


def read_action(number: int) -> ExhaustedAction:
    """Returns the action that is set."""
    name = pb.ExhaustedAction.Name(number)
    return ExhaustedAction(name.removeprefix("EXHAUSTED_ACTION_"))


def read_positive(message: Any, field: str) -> int:
    """Returns an amount above zero, in fen.

    Raises:
        InvalidArgument: FIELD_INVALID.
    """
    fen = read_fen(message, field)
    if not fen:
        raise invalid(field, "must be above zero")
    return fen


def read_first_quotas(request: Any) -> list[tuple[QuotaKey, int]]:
    """Returns the quotas that were reported.

    Raises:
        InvalidArgument: an amount is negative.
    """
    return [
        (
            QuotaKey(one.insured_region_code, one.care_region_code, one.scheme_code),
            read_fen(one.quota, f"quotas[{index}].quota"),
        )
        for index, one in enumerate(request.quotas)
    ]


def write_state(state: UsageState) -> Any:
    """Returns the number of a state."""
    return _number(pb.UsageState, f"USAGE_STATE_{state.value}")


def write_action(action: ExhaustedAction) -> Any:
    """Returns the number of an action."""
    return _number(pb.ExhaustedAction, f"EXHAUSTED_ACTION_{action.value}")


def write_usage(usage: Usage, thresholds: Thresholds) -> Any:
    """Returns the message of a usage."""
    return pb.Usage(
        used=write_money(usage.used_fen),
        holding=write_money(usage.holding_fen),
        rate_bp=usage.basis_points,
        state=write_state(usage.state(thresholds)),
    )


def write_prepayment(one: Prepayment, thresholds: Thresholds) -> Any:
    """Returns the message of what stands between a pair."""
    return pb.Prepayment(
        insured_region_code=one.pair[0],
        care_region_code=one.pair[1],
        month=one.month,
        usage=write_usage(one.usage, thresholds),
        quota=write_money(one.quota_fen),
        schemes=[
            pb.SchemePrepayment(
                scheme_code=scheme.scheme_code,
                quota=write_money(scheme.quota_fen),
                holding=write_money(scheme.usage.holding_fen),
                used=write_money(scheme.usage.used_fen),
            )
            for scheme in one.schemes
        ],
    )


def write_proposal(one: Proposal, rules: Rules, today: date) -> Any:
    """Returns the message of a proposal."""
    fix = deadline_of(one.year, rules.quota_fix_deadline)
    decided = civil_date(one.decide_time) if one.decide_time else today
    return pb.QuotaProposal(
        proposal_id=str(one.proposal_id),
        kind=_number(pb.QuotaKind, f"QUOTA_KIND_{one.kind.value}"),
        year=one.year,
        state=_number(pb.QuotaProposalState, f"QUOTA_PROPOSAL_STATE_{one.state.value}"),
        line_count=one.line_count,
        to_pay=write_money(one.to_pay_fen),
        to_return=write_money(one.to_return_fen),
        maker_id=one.maker_id,
        checker_id=one.checker_id,
        note=one.note,
        create_time=write_time(one.create_time),
        decide_time=write_time(one.decide_time) if one.decide_time else None,
        fix_deadline=write_date(fix),
        pay_deadline=write_date(deadline_of(one.year, rules.quota_pay_deadline)),
        # First quotas have no term of law.
        overdue=one.kind is QuotaKind.ANNUAL and decided > fix,
    )


def write_line(line: QuotaLine) -> Any:
    """Returns the message of a line."""
    return pb.QuotaLine(
        insured_region_code=line.key.insured_region_code,
        care_region_code=line.key.care_region_code,
        scheme_code=line.key.scheme_code,
        months=[write_money(fen) for fen in line.month_fen],
        in_force=write_money(line.in_force_fen),
        quota=write_money(line.quota_fen),
        change=write_money(line.change_fen),
    )


def write_top_up(one: TopUp, thresholds: Thresholds) -> Any:
    """Returns the message of a top-up."""
    return pb.TopUp(
        top_up_id=str(one.top_up_id),
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        month=one.month,
        state=_number(pb.TopUpState, f"TOP_UP_STATE_{one.state.value}"),
        amount=write_money(one.amount_fen),
        proposed=write_money(one.proposed_fen),
        usage=write_usage(one.usage, thresholds),
        schemes=[
            pb.SchemeAmount(scheme_code=scheme, amount=write_money(fen))
            for scheme, fen in one.schemes
        ],
        deadline_date=write_date(one.deadline_date),
        late=one.late,
        late_note=one.late_note,
        late_officer_id=one.late_officer_id,
        maker_id=one.maker_id,
        checker_id=one.checker_id,
        note=one.note,
        notice_id=str(one.notice_id or ""),
        create_time=write_time(one.create_time),
        decide_time=write_time(one.decide_time) if one.decide_time else None,
    )


def write_policy(one: ExhaustedPolicy) -> Any:
    """Returns the message of a policy."""
    return pb.ExhaustedPolicy(
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        action=write_action(one.action),
        without_holding=one.without_holding,
        begin_date=write_date(one.begin_date),
        note=one.note,
        maker_id=one.maker_id,
        checker_id=one.checker_id,
        create_time=write_time(one.create_time) if one.create_time else None,
    )


def write_limit(one: Limit) -> Any:
    """Returns the message of a limit."""
    return pb.SettlementLimit(
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        action=write_action(one.action),
        state=write_state(one.state),
    )


def write_forecast(one: Forecast, rules: Rules) -> Any:
    """Returns the message of a forecast."""
    end = one.month_end
    return pb.Forecast(
        month=one.month,
        usage=write_usage(one.usage, rules.thresholds),
        crossings=[_write_crossing(rate_bp, crossing) for rate_bp, crossing in one.crossings],
        likely_end=write_money(end.likely_fen) if end else None,
        low_end=write_money(end.low_fen) if end else None,
        high_end=write_money(end.high_fen) if end else None,
        interval_percent=rules.interval_percent,
        history_day_count=one.day_count,
        sufficient=end is not None,
        method_zh=METHOD_ZH,
        method_en=METHOD_EN,
    )


def event_of(row: OutboxRow, thresholds: Thresholds) -> Any:
    """Returns an event of the feed."""
    told = row.columns
    usage = Usage(used_fen=told["used_fen"], holding_fen=told["holding_fen"])
    message = write_usage(usage, thresholds)
    # As it was told: the thresholds may have changed since.
    message.state = write_state(UsageState(told["state"]))
    return pb.PrepaymentEvent(
        event_time=write_time(row.event_time),
        event_id=row.position.sequence,
        insured_region_code=told["insured_region_code"],
        care_region_code=told["care_region_code"],
        month=told["month"],
        previous_state=write_state(UsageState(told["previous_state"])),
        usage=message,
    )


def growth_bp(growth: Any) -> int:
    """Returns a growth in basis points, rounded down."""
    return int(growth * BASIS_POINTS)


def _write_crossing(rate_bp: int, crossing: Crossing) -> Any:
    return pb.Crossing(
        rate_bp=rate_bp,
        target=write_money(crossing.target_fen),
        reached=crossing.reached,
        likely_date=write_optional_date(crossing.day),
        earliest_date=write_optional_date(crossing.earliest_day),
        latest_date=write_optional_date(crossing.latest_day),
    )


def _number(enum: Any, name: str) -> Any:
    return enum.Value(name)
