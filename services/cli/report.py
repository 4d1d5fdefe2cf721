"""Outcomes for programs: the demo as one JSON document. Amounts are whole fen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.cli import waterfall
from services.cli.outcome import Check, Closing, Outcome, Standing
from services.cli.receipt import CAUSES, iso
from yijie.benefits.v1 import adjudication_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.supervision.v1 import finding_pb2

_ACCUMULATORS = (
    "inpatient_in_scope",
    "inpatient_deductible",
    "outpatient_in_scope",
    "outpatient_deductible",
    "outpatient_fund",
    "fund_pooled",
    "fund_large_amount",
    "fund_critical_illness",
    "critical_illness_base",
    "account_pay",
)


def document(
    outcomes: Sequence[Outcome],
    closing: Closing,
    *,
    advice: Mapping[str, Any],
    holds: bool,
    elapsed_s: float,
) -> dict[str, Any]:
    """Returns the whole demo."""
    return {
        "ok": holds,
        "elapsed_s": round(elapsed_s, 1),
        "cases": [_outcome(outcome) for outcome in outcomes],
        "advice": advice,
        "clearing": _closing(closing),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "case": outcome.key,
        "kind": outcome.kind,
        "title_zh": outcome.title_zh,
        "title_en": outcome.title_en,
        "care_region_code": case.bill.care_region_code,
        "insured_region_code": case.insured_region_code,
        "institution_code": case.bill.institution_code,
        "scheme_code": case.scheme_code,
        "medical_type_code": case.bill.medical_type_code,
        "begin_date": iso(case.bill.begin_date),
        "end_date": iso(case.bill.end_date),
        "line_count": len(case.bill.lines),
        "bill_total_fen": case.bill.total.fen,
        "request_id": outcome.request_id,
        "trace_id": outcome.trace_id,
        "elapsed_ms": outcome.elapsed_ms,
        "settlement": settlement(outcome.settlement) if outcome.settlement else None,
        "refusal": {
            "reason": outcome.refusal.reason,
            "domain": outcome.refusal.domain,
            "message_zh": outcome.refusal.zh,
            "message_en": outcome.refusal.message,
        }
        if outcome.refusal
        else None,
        "standings": {name: _standing(held) for name, held in outcome.standings.items()},
        "trace": waterfall.as_json(outcome.hops),
        "checks": _checks(outcome.checks),
    }


def settlement(message: settlement_pb2.Settlement) -> dict[str, Any]:
    """Returns a settlement with its calculation; lines and patient are left out."""
    split, paid = message.amounts, message.adjudication
    return {
        "settlement_id": message.settlement_id,
        "recomputes_settlement_id": message.recomputes_settlement_id or None,
        "state": _name(settlement_pb2.SettlementState, "SETTLEMENT_STATE_", message.state),
        "amounts_fen": {
            "total": split.total.fen,
            "full_self_pay": split.full_self_pay.fen,
            "over_limit": split.over_limit.fen,
            "prior_self_pay": split.prior_self_pay.fen,
            "in_scope": split.in_scope.fen,
        },
        "payment_fen": {
            "deductible": paid.deductible.fen,
            "fund": paid.fund_total.fen,
            "account": paid.account_pay.fen,
            "cash": paid.cash_pay.fen,
            "patient": paid.patient_total.fen,
            "account_balance": paid.account_balance.fen,
            "family_account": paid.family_account_pay.fen,
        },
        "causes_fen": {name: getattr(paid.causes, name).fen for name in CAUSES}
        if paid.HasField("causes")
        else None,
        "funds_fen": {payment.fund_type_code: payment.amount.fen for payment in paid.fund_payments},
        "benefit_level": _name(
            filing_service_pb2.BenefitLevel, "BENEFIT_LEVEL_", message.benefit_level
        ),
        "because_zh": message.benefit_level_explanation_zh,
        "because_en": message.benefit_level_explanation_en,
        "policy_version": paid.policy_version,
        "catalogue_version": message.catalogue_version,
        "sample": message.sample,
        "steps": [step(one) for one in paid.steps],
        "screening_state": _name(
            settlement_pb2.ScreeningState, "SCREENING_STATE_", message.screening_state
        ),
        "findings": [_finding(finding) for finding in message.findings],
        "trace_id": message.trace_id,
    }


def step(message: adjudication_pb2.CalculationStep) -> dict[str, Any]:
    """Returns a step of the calculation with the parameters that were read."""
    return {
        "step": message.step_code,
        "label_zh": message.label_zh,
        "label_en": message.label_en,
        "base_fen": message.base.fen,
        "result_fen": message.result.fen,
        "rounding": message.rounding,
        "parameters": [
            {
                "path": read.path,
                "value": read.value,
                "effective_date": iso(read.effective_date),
                "status": _name(adjudication_pb2.ParameterStatus, "PARAMETER_STATUS_", read.status),
                "reference": read.reference,
            }
            for read in message.parameters
        ],
    }


def _finding(finding: finding_pb2.Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule_code,
        "class": _name(finding_pb2.ResultClass, "RESULT_CLASS_", finding.result_class),
        "line_ids": list(finding.line_ids),
        "amount_fen": finding.amount.fen,
        "message_zh": finding.message_zh,
        "message_en": finding.message_en,
    }


def _standing(held: Standing) -> dict[str, Any]:
    used = {name: getattr(held.accumulators, name).fen for name in _ACCUMULATORS}
    return {
        "accumulators_fen": used,
        "inpatient_count": held.accumulators.inpatient_count,
        "account_balance_fen": held.account_balance_fen,
        "owed_fen": dict(held.owed_fen),
    }


def _closing(closing: Closing) -> dict[str, Any]:
    return {
        "positions": [
            {
                "insured_region_code": position.insured_region_code,
                "care_region_code": position.care_region_code,
                "month": position.month,
                "scheme_code": position.scheme_code,
                "owed_fen": position.owed.fen,
                "funds_fen": {fund.fund_type_code: fund.owed.fen for fund in position.funds},
                "settlement_count": position.settlement_count,
                "reversal_count": position.reversal_count,
            }
            for position in closing.positions
        ],
        "settlement_count": closing.settlement_count,
        "reversal_count": closing.reversal_count,
        "total_fen": closing.total_fen,
        "fund_fen": closing.fund_fen,
        "account_fen": closing.account_fen,
        "cash_fen": closing.cash_fen,
        "owed_fen": closing.owed_fen,
        "checks": _checks(closing.checks),
    }


def _checks(checks: Sequence[Check]) -> list[dict[str, Any]]:
    return [{"name": c.name, "zh": c.zh, "en": c.en, "holds": c.holds} for c in checks]


def _name(enum: Any, prefix: str, number: int) -> str:
    return str(enum.Name(number)).removeprefix(prefix)
