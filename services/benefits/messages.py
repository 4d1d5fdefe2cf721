"""Between the contract and the domain, both ways."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from services.benefits.domain.booking import State
from services.benefits.domain.classify import hospital_level_of, setting_of
from services.benefits.domain.expectation import Expectation, Facts, Promise
from services.benefits.domain.model import (
    CAUSE_NAMES,
    SUM_NAMES,
    Amounts,
    BenefitLevel,
    Case,
    LongTermEvidence,
    ParameterRead,
    Setting,
    Status,
    Step,
)
from services.kit import wire
from services.kit.errors import RuleForbids
from services.kit.status import to_status
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.common.v1 import money_pb2
from yijie.filing.v1 import filing_pb2, filing_service_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.benefits.domain.booking import Claimant, Record, Standing
    from services.benefits.domain.model import HospitalLevel, Outcome, YearPart
    from services.benefits.estimates import DiseaseAnswer, Estimate
    from services.benefits.usecases import Computed

_BENEFIT_LEVELS: Final = {
    filing_service_pb2.BENEFIT_LEVEL_LONG_TERM: BenefitLevel.LONG_TERM,
    filing_service_pb2.BENEFIT_LEVEL_REFERRAL: BenefitLevel.REFERRAL,
    filing_service_pb2.BENEFIT_LEVEL_EMERGENCY: BenefitLevel.EMERGENCY,
    filing_service_pb2.BENEFIT_LEVEL_TEMPORARY: BenefitLevel.TEMPORARY,
    filing_service_pb2.BENEFIT_LEVEL_UNFILED: BenefitLevel.UNFILED,
}
_LEVEL_NUMBERS: Final = {level: number for number, level in _BENEFIT_LEVELS.items()}
_EVIDENCE: Final = {
    filing_pb2.FILING_EVIDENCE_UNSPECIFIED: LongTermEvidence.NONE,
    filing_pb2.FILING_EVIDENCE_DOCUMENT: LongTermEvidence.DOCUMENT,
    filing_pb2.FILING_EVIDENCE_COMMITMENT: LongTermEvidence.COMMITMENT,
}
_STATUSES: Final = {
    Status.PUBLISHED: adjudication_pb2.PARAMETER_STATUS_PUBLISHED,
    Status.SECONDARY: adjudication_pb2.PARAMETER_STATUS_SECONDARY,
    Status.SAMPLE: adjudication_pb2.PARAMETER_STATUS_SAMPLE,
}
STATES: Final = {
    State.COMMITTED: benefits_service_pb2.ADJUDICATION_STATE_COMMITTED,
    State.CANCELLED: benefits_service_pb2.ADJUDICATION_STATE_CANCELLED,
}
# Bounds of a benefit year in the contract (GetAccumulators); no other date is booked or listed.
_YEAR_MIN: Final = 2000
_YEAR_MAX: Final = 2100
# Parameters of the shipped packs with every key of their tables fit in; more only costs time.
_READS_KEPT_MAX: Final = 8192


def read_case(message: Any) -> Case:
    """Reads the case of a request, or raises InvalidArgument naming the field."""
    evidence = _EVIDENCE.get(message.long_term_evidence)
    if evidence is None:
        raise wire.invalid("case.long_term_evidence", "no evidence of a long-term filing")
    return Case(
        person_id=message.person_id,
        insured_region_code=message.insured_region_code,
        scheme_code=message.scheme_code,
        person_type_code=message.person_type_code,
        care_region_code=message.care_region_code,
        level=_read_level(message, "case."),
        medical_type_code=message.medical_type_code,
        benefit_level=_BENEFIT_LEVELS[message.benefit_level],
        begin_date=wire.read_date(message.begin_date, "case.begin_date"),
        end_date=_read_day(message.end_date, "case.end_date"),
        amounts=_read_amounts(message.amounts, "case."),
        use_account=message.use_account,
        stay_id=message.stay_id,
        disease_code=_read_disease(message, "case."),
        institution_code=message.institution_code,
        long_term_evidence=evidence,
    )


def read_estimate(request: Any) -> tuple[Case, tuple[BenefitLevel, ...]]:
    """Reads the bill of an estimate and the levels asked for, or raises InvalidArgument.

    Without a person the case has an empty person_id. Its benefit level is the first of the levels.
    """
    levels = tuple(_BENEFIT_LEVELS[number] for number in request.benefit_levels)
    levels = levels or tuple(BenefitLevel)
    if request.before_settlement_id and not request.person_id:
        raise wire.invalid("before_settlement_id", "needs person_id")
    day = _read_day(request.service_date, "service_date")
    case = Case(
        person_id=request.person_id,
        insured_region_code=request.insured_region_code,
        scheme_code=request.scheme_code,
        person_type_code=request.person_type_code,
        care_region_code=request.care_region_code,
        level=_read_level(request, ""),
        medical_type_code=request.medical_type_code,
        benefit_level=levels[0],
        begin_date=day,
        end_date=day,
        amounts=_read_amounts(request.amounts, ""),
        use_account=request.use_account,
        disease_code=_read_disease(request, ""),
        institution_code=request.institution_code,
    )
    return case, levels


def _read_level(message: Any, path: str) -> HospitalLevel:
    level = hospital_level_of(message.deductible_level_code)
    if level is None:
        raise wire.invalid(f"{path}deductible_level_code", "not a hospital level")
    return level


def _read_disease(message: Any, path: str) -> str:
    code: str = message.disease_code
    if not code and setting_of(message.medical_type_code) is Setting.CHRONIC:
        raise wire.invalid(f"{path}disease_code", "a bill of medical type 14 names its disease")
    return code


def _read_day(message: Any, field: str) -> date:
    day = wire.read_date(message, field)
    if not _YEAR_MIN <= day.year <= _YEAR_MAX:
        raise wire.invalid(field, f"not in the years {_YEAR_MIN} to {_YEAR_MAX}")
    return day


def read_business_date(request: Any) -> date:
    """Reads the date of a list, or raises InvalidArgument; the years are those of a benefit."""
    return _read_day(request.business_date, "business_date")


def read_expectation(request: Any) -> Expectation | None:
    """Reads what a CommitRequest expects; None: it takes what comes out."""
    if not request.HasField("expected"):
        return None
    expected = request.expected
    return Expectation(
        promise=Promise(
            deductible=expected.deductible.fen,
            fund_payments=frozenset(
                (fund.fund_type_code, fund.amount.fen) for fund in expected.fund_payments
            ),
            fund_total=expected.fund_total.fen,
            account_pay=expected.account_pay.fen,
            cash_pay=expected.cash_pay.fen,
            patient_total=expected.patient_total.fen,
            year_parts=tuple(
                (
                    part.benefit_year,
                    part.days,
                    part.amounts.total.fen,
                    part.amounts.full_self_pay.fen,
                    part.amounts.over_limit.fen,
                    part.amounts.prior_self_pay.fen,
                    part.amounts.in_scope.fen,
                    part.deductible.fen,
                    part.fund_total.fen,
                )
                for part in expected.year_parts
            ),
            family_account_pay=expected.family_account_pay.fen,
        ),
        facts=Facts(
            policy_version=expected.policy_version,
            accumulators_digest=expected.accumulators_digest,
            account_digest=expected.account_digest,
        ),
    )


def _read_amounts(split: Any, path: str) -> Amounts:
    return Amounts(
        total=wire.read_fen(split.total, f"{path}amounts.total"),
        full_self_pay=wire.read_fen(split.full_self_pay, f"{path}amounts.full_self_pay"),
        over_limit=wire.read_fen(split.over_limit, f"{path}amounts.over_limit"),
        prior_self_pay=wire.read_fen(split.prior_self_pay, f"{path}amounts.prior_self_pay"),
        in_scope=wire.read_fen(split.in_scope, f"{path}amounts.in_scope"),
    )


def write_adjudication(outcome: Outcome, facts: Facts | None = None, *, with_trace: bool) -> Any:
    """Returns the Adjudication message of an outcome; without facts it has no fingerprints."""
    message = adjudication_pb2.Adjudication(
        fund_payments=[
            adjudication_pb2.FundPayment(
                fund_type_code=fund.fund_type_code, amount=wire.write_money(fund.amount_fen)
            )
            for fund in outcome.fund_payments
        ],
        policy_version=outcome.policy_version,
        sample=outcome.sample,
        steps=[_write_step(step) for step in outcome.steps] if with_trace else (),
        accumulators_digest="" if facts is None else facts.accumulators_digest,
        account_digest="" if facts is None else facts.account_digest,
        year_parts=[_write_year_part(part) for part in outcome.year_parts],
    )
    # In place: messages that are made one by one and copied into another cost three times that.
    message.deductible.fen = outcome.deductible
    message.fund_total.fen = outcome.fund_total
    message.account_pay.fen = outcome.account_pay
    message.cash_pay.fen = outcome.cash_pay
    message.patient_total.fen = outcome.patient_total
    message.account_balance.fen = outcome.account_balance
    message.family_account_pay.fen = sum(fen for _, fen in outcome.family_payments)
    for name in CAUSE_NAMES:
        getattr(message.causes, name).fen = getattr(outcome.causes, name)
    return message


def _write_year_part(part: YearPart) -> Any:
    return adjudication_pb2.YearPart(
        benefit_year=part.benefit_year,
        days=part.days,
        amounts=money_pb2.AmountSplit(
            total=wire.write_money(part.amounts.total),
            full_self_pay=wire.write_money(part.amounts.full_self_pay),
            over_limit=wire.write_money(part.amounts.over_limit),
            prior_self_pay=wire.write_money(part.amounts.prior_self_pay),
            in_scope=wire.write_money(part.amounts.in_scope),
        ),
        deductible=wire.write_money(part.deductible),
        fund_total=wire.write_money(part.fund_total),
    )


def encode_adjudication(computed: Computed) -> bytes:
    """Returns the Adjudication message with its steps, serialized: the answer that is stored."""
    message = write_adjudication(computed.outcome, computed.facts, with_trace=True)
    data: bytes = message.SerializeToString()
    return data


def decode_adjudication(answer: bytes) -> Any:
    """Returns the Adjudication message of a stored answer."""
    return adjudication_pb2.Adjudication.FromString(answer)


def _write_step(step: Step) -> Any:
    message = adjudication_pb2.CalculationStep(
        step_code=step.code,
        label_zh=step.name_zh,
        label_en=step.name_en,
        parameters=[_write_read(read) for read in step.parameters],
        rounding=step.rounding,
    )
    message.base.fen = step.base_fen
    message.result.fen = step.result_fen
    return message


@lru_cache(maxsize=_READS_KEPT_MAX)
def _write_read(read: ParameterRead) -> Any:
    # The same values are read for bill after bill; the message is copied into each answer.
    return adjudication_pb2.ParameterRead(
        path=read.path,
        value=read.value,
        effective_date=wire.write_date(read.effective_from),
        status=_STATUSES[read.status],
        reference=read.reference,
    )


def write_record(record: Record) -> Any:
    """Returns the AdjudicationRecord message of a booking or a tombstone."""
    message = benefits_service_pb2.AdjudicationRecord(
        settlement_id=str(record.settlement_id),
        state=STATES[record.state],
        insured_region_code=record.insured_region_code,
        care_region_code=record.care_region_code,
        scheme_code=record.scheme_code,
    )
    if record.book_time is not None:
        message.total.fen = record.total
        message.fund_total.fen = record.fund_total
        message.account_pay.fen = record.account_pay
        message.cash_pay.fen = record.cash_pay
        message.book_time.CopyFrom(wire.write_time(record.book_time))
        message.channel = (
            benefits_service_pb2.BOOKING_CHANNEL_MANUAL
            if record.is_manual
            else benefits_service_pb2.BOOKING_CHANNEL_DIRECT
        )
    if record.cancel_time is not None:
        message.cancel_time.CopyFrom(wire.write_time(record.cancel_time))
    return message


def write_accumulators(claimant: Claimant, standing: Standing) -> Any:
    """Returns the Accumulators message of a person's year, the last one asked for."""
    year = claimant.benefit_years[-1]
    sums = standing.years[year]
    return adjudication_pb2.Accumulators(
        person_id=str(claimant.person_id),
        scheme_code=claimant.scheme_code,
        benefit_year=year,
        inpatient_count=sums.inpatient_count,
        **{
            name: wire.write_money(getattr(sums, name))
            for name in SUM_NAMES
            if name != "inpatient_count"
        },
    )


def write_estimates(estimates: Sequence[Estimate], *, with_trace: bool) -> Any:
    """Returns the EstimateBenefitResponse message."""
    return benefits_service_pb2.EstimateBenefitResponse(
        estimates=[_write_estimate(one, with_trace=with_trace) for one in estimates]
    )


def _write_estimate(one: Estimate, *, with_trace: bool) -> Any:
    message = benefits_service_pb2.BenefitEstimate(benefit_level=_LEVEL_NUMBERS[one.benefit_level])
    if isinstance(one.outcome, RuleForbids):
        message.error.CopyFrom(to_status(one.outcome, "benefits"))
    else:
        message.adjudication.CopyFrom(write_adjudication(one.outcome, with_trace=with_trace))
    return message


def write_disease(answer: DiseaseAnswer) -> Any:
    """Returns the CheckDiseaseResponse message."""
    message = benefits_service_pb2.CheckDiseaseResponse(
        policy_disease_code=answer.policy_disease,
        diagnosis_matches=answer.diagnosis_matches,
        diagnosis_prefixes=answer.prefixes,
        policy_version=answer.policy_version,
    )
    if answer.qualified is not None:
        message.qualified_disease_code = answer.qualified.code
        message.qualified_begin_date.CopyFrom(wire.write_date(answer.qualified.begin_date))
        if answer.qualified.end_date is not None:
            message.qualified_end_date.CopyFrom(wire.write_date(answer.qualified.end_date))
    return message
