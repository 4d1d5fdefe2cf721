"""Between the contract of cases and what the use cases work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from services.kit import wire
from services.kit.wire import invalid
from services.supervision.cases.model import (
    Answer,
    Case,
    CaseDeduction,
    Change,
    Document,
    Opinion,
    Position,
    Sample,
)
from services.supervision.domain.case_documents import DocumentType
from services.supervision.domain.case_review import Doubt, Verdict
from services.supervision.domain.case_states import CaseState, Step
from services.supervision.domain.model import ResultClass
from services.supervision.messages import write_finding
from yijie.supervision.v1 import case_pb2 as pb2
from yijie.supervision.v1 import finding_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from services.supervision.domain.recording import RecordedFinding

_STATES: Final[Mapping[CaseState, pb2.CaseState]] = {
    one: cast("pb2.CaseState", pb2.CaseState.Value(f"CASE_STATE_{one.value}")) for one in CaseState
}
_STEPS: Final[Mapping[Step, pb2.ReviewStep]] = {
    one: cast("pb2.ReviewStep", pb2.ReviewStep.Value(f"REVIEW_STEP_{one.value}")) for one in Step
}
_CLASSES: Final[Mapping[ResultClass, finding_pb2.ResultClass]] = {
    one: cast("finding_pb2.ResultClass", finding_pb2.ResultClass.Value(f"RESULT_CLASS_{one.value}"))
    for one in ResultClass
}
_POSITIONS: Final[Mapping[Position, pb2.Position]] = {
    one: cast("pb2.Position", pb2.Position.Value(f"POSITION_{one.value}")) for one in Position
}
_TYPES: Final[Mapping[DocumentType, pb2.DocumentType]] = {
    one: cast("pb2.DocumentType", pb2.DocumentType.Value(f"DOCUMENT_TYPE_{one.value}"))
    for one in DocumentType
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What institutions were told and answered, and what was decided, of some cases."""

    opinions: Mapping[UUID, Opinion] = field(default_factory=dict)
    answers: Mapping[UUID, Answer] = field(default_factory=dict)
    deductions: Mapping[UUID, CaseDeduction] = field(default_factory=dict)


def read_state(value: int) -> CaseState | None:
    """Reads a filter; unspecified: None."""
    return next((one for one, number in _STATES.items() if number == value), None)


def read_class(value: int) -> ResultClass | None:
    """Reads a filter; unspecified: None."""
    return next((one for one, number in _CLASSES.items() if number == value), None)


def read_step(value: int) -> Step:
    """Reads a review, which the contract requires."""
    return next(one for one, number in _STEPS.items() if number == value)


def read_position(value: int) -> Position:
    """Reads how an institution stands, which the contract requires."""
    return next(one for one, number in _POSITIONS.items() if number == value)


def read_verdicts(request: Any) -> list[Verdict]:
    """Reads the verdicts of a DecideCaseRequest.

    Raises:
        InvalidArgument: an amount that is not more than zero.
    """
    step = read_step(request.step)
    found = []
    for index, one in enumerate(request.verdicts):
        at_fault = None
        if one.HasField("at_fault"):
            at_fault = wire.read_fen(one.at_fault, f"verdicts[{index}].at_fault")
            if at_fault == 0:
                raise invalid(f"verdicts[{index}].at_fault", "must be more than zero")
        found.append(
            Verdict(
                finding_id=wire.read_uuid(one.finding_id),
                step=step,
                is_confirmed=one.confirmed,
                at_fault_fen=at_fault,
            )
        )
    return found


def write_case(case: Case, hearing: Hearing) -> pb2.Case:
    """Returns the message of a case, without findings, history and documents."""
    message = pb2.Case(
        case_id=str(case.case_id),
        settlement_id=str(case.settlement_id),
        care_region_code=case.care_region_code,
        insured_region_code=case.insured_region_code,
        institution_code=case.institution_code,
        state=_STATES[case.state],
        result_class=_CLASSES[case.result_class],
        rule_codes=case.rule_codes,
        amount=wire.write_money(case.amount_fen),
        open_time=wire.write_time(case.open_time),
        change_time=wire.write_time(case.change_time),
        drawn=case.is_drawn,
    )
    opinion = hearing.opinions.get(case.case_id)
    if opinion is not None:
        message.opinion.CopyFrom(write_opinion(opinion))
    answer = hearing.answers.get(case.case_id)
    if answer is not None:
        message.answer.CopyFrom(
            pb2.OpinionAnswer(
                position=_POSITIONS[answer.position],
                text=answer.text,
                officer_id=answer.officer_id,
                answer_time=wire.write_time(answer.answer_time),
            )
        )
    deduction = hearing.deductions.get(case.case_id)
    if deduction is not None:
        message.deduction.CopyFrom(_write_deduction(deduction))
    return message


def write_whole(
    case: Case,
    hearing: Hearing,
    *,
    findings: Sequence[RecordedFinding],
    doubts: Sequence[Doubt],
    changes: Sequence[Change],
    documents: Sequence[Document],
) -> pb2.Case:
    """Returns the message of a case with everything that belongs to it."""
    message = write_case(case, hearing)
    whole = {one.finding_id: one.finding for one in findings}
    for doubt in doubts:
        message.findings.append(
            pb2.CaseFinding(
                finding_id=str(doubt.finding_id),
                finding=write_finding(whole[doubt.finding_id]),
                withdrawn=doubt.is_withdrawn,
                verdicts=[_write_verdict(one) for one in doubt.verdicts],
            )
        )
    message.changes.extend(_write_change(one) for one in changes)
    message.documents.extend(write_document(one) for one in documents)
    return message


def write_opinion(opinion: Opinion) -> pb2.Opinion:
    """Returns the message of an opinion."""
    return pb2.Opinion(
        number=opinion.number,
        issue_time=wire.write_time(opinion.issue_time),
        answer_last_date=wire.write_date(opinion.answer_last_date),
        provisional=opinion.is_provisional,
        digest=opinion.digest.hex(),
    )


def write_document(document: Document) -> pb2.CaseDocument:
    """Returns the message of a document, without its bytes."""
    return pb2.CaseDocument(
        document_id=str(document.document_id),
        type=_TYPES[document.document_type],
        size_bytes=document.size_bytes,
        digest=document.digest.hex(),
        title=document.title,
        create_time=wire.write_time(document.create_time),
    )


def write_sample(sample: Sample) -> pb2.CaseSample:
    """Returns the message of a sample."""
    return pb2.CaseSample(
        sample_id=str(sample.sample_id),
        region_code=sample.region_code,
        rule_code=sample.rule_code,
        seed=sample.seed,
        draw_time=wire.write_time(sample.draw_time),
        population=sample.population,
        population_digest=sample.population_digest.hex(),
        case_ids=[str(one) for one in sample.drawn],
        officer_id=sample.officer_id,
        open=sample.open,
        rejected=sample.rejected,
        confirmed=sample.confirmed,
    )


def _write_verdict(verdict: Verdict) -> pb2.Verdict:
    return pb2.Verdict(
        finding_id=str(verdict.finding_id),
        step=_STEPS[verdict.step],
        confirmed=verdict.is_confirmed,
        at_fault=(None if verdict.at_fault_fen is None else wire.write_money(verdict.at_fault_fen)),
    )


def _write_change(change: Change) -> pb2.CaseChange:
    return pb2.CaseChange(
        state=_STATES[change.state],
        change_time=wire.write_time(change.change_time),
        step=_STEPS[change.step] if change.step else pb2.REVIEW_STEP_UNSPECIFIED,
        officer_id=change.officer_id,
        note=change.note,
        sample_id=str(change.sample_id) if change.sample_id else "",
    )


def _write_deduction(deduction: CaseDeduction) -> pb2.CaseDeduction:
    return pb2.CaseDeduction(
        decision_id=str(deduction.decision_id),
        amount=wire.write_money(deduction.amount_fen),
        funds=[
            pb2.DeductedFund(fund_type_code=code, amount=wire.write_money(fen))
            for code, fen in deduction.funds_fen.items()
        ],
        deduction_id=str(deduction.deduction_id or ""),
        refusal=deduction.refusal,
        appeal_last_date=wire.write_optional_date(deduction.appeal_last_date),
    )
