"""Use cases of inquiries (费用协查): ask, answer, and end what was taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.clearing.disputes import inquiry_store, usecases
from services.clearing.disputes.inquiry_store import Bill, Inquiry
from services.clearing.disputes.terms import DisputeTerms
from services.clearing.disputes.usecases import Decision, People
from services.clearing.domain.deduction import Asked, Deduction, require_standing
from services.clearing.domain.inquiry_states import InquiryState
from services.kit import codes
from services.kit.clock import civil_date
from services.kit.db import Connection, Database
from services.kit.errors import Absent, DomainError, RuleForbids
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an insured province asks."""

    settlement_id: UUID
    region_code: str
    text: str
    opener_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a care province found."""

    inquiry_id: UUID
    region_code: str
    text: str
    asked: Asked | None
    """What the funds take back; None: the bill is in order."""
    people: People


async def open_inquiry(
    connection: Connection, question: Question, *, terms: DisputeTerms, now: datetime
) -> Inquiry:
    """Asks the care province to check a bill.

    Raises:
        Absent: the hub's own leg has no such settlement.
        RuleForbids: DISPUTE_OF_ANOTHER_PROVINCE, INQUIRY_NOT_INPATIENT, INQUIRY_BELOW_THRESHOLD,
            DISPUTED_SETTLEMENT_REVERSED, INQUIRY_STATE_FORBIDS (one is open), in this order.
    """
    bill = await inquiry_store.find_bill(connection, question.settlement_id)
    if bill is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such settlement",
            field="settlement_id",
            metadata={"resource": "settlement"},
        )
    _require_inquirable(bill, question, terms)
    inquiry = Inquiry(
        inquiry_id=new_id(now),
        settlement_id=bill.settlement_id,
        insured_region_code=bill.insured_region_code,
        care_region_code=bill.care_region_code,
        institution_code=bill.institution_code,
        total_fen=bill.total_fen,
        state=InquiryState.OPEN,
        question=question.text,
        opener_id=question.opener_id,
        open_time=now,
        answer_last_date=civil_date(now) + timedelta(days=terms.inquiry_answer_days),
    )
    if not await inquiry_store.insert(connection, inquiry):
        raise _state_forbids(InquiryState.OPEN)
    return inquiry


def _require_inquirable(bill: Bill, question: Question, terms: DisputeTerms) -> None:
    if question.region_code != bill.insured_region_code:
        raise usecases.of_another_province("only the insured province inquires")
    if not codes.is_inpatient_type(bill.medical_type_code):
        raise RuleForbids(
            "INQUIRY_NOT_INPATIENT",
            "the bill is not known to be of a stay",
            field="settlement_id",
            metadata={"medicalTypeCode": bill.medical_type_code},
        )
    if bill.total_fen <= terms.inquiry_threshold_fen:
        raise RuleForbids(
            "INQUIRY_BELOW_THRESHOLD",
            "the total of the bill is not above the threshold",
            field="settlement_id",
            metadata={
                "totalFen": str(bill.total_fen),
                "thresholdFen": str(terms.inquiry_threshold_fen),
            },
        )
    require_standing(is_reversed=bill.is_reversed)


async def answer(
    connection: Connection, given: Answer, *, terms: DisputeTerms, now: datetime
) -> tuple[Inquiry, Deduction | None]:
    """Answers an inquiry, late or not; an irregular bill leads to a deduction in the same step.

    Raises:
        Absent: there is no such inquiry, or the ledger has not booked its settlement yet.
        RuleForbids: DISPUTE_OF_ANOTHER_PROVINCE, INQUIRY_STATE_FORBIDS, and what recording a
            deduction raises.
    """
    found = await get_inquiry(connection, given.inquiry_id, lock=True)
    if given.region_code != found.care_region_code:
        raise usecases.of_another_province("only the care province answers")
    if found.state is not InquiryState.OPEN:
        raise _state_forbids(found.state)
    answered = replace(
        found,
        state=InquiryState.CONFIRMED if given.asked is None else InquiryState.IRREGULAR,
        answer=given.text,
        maker_id=given.people.maker_id,
        checker_id=given.people.checker_id,
        close_time=now,
        is_late=civil_date(now) > found.answer_last_date,
    )
    await inquiry_store.answer(connection, answered)
    if given.asked is None:
        return answered, None
    decision = Decision(
        decision_id=found.inquiry_id,
        settlement_id=found.settlement_id,
        insured_region_code=found.insured_region_code,
        care_region_code=found.care_region_code,
        asked=given.asked,
        inquiry_id=found.inquiry_id,
    )
    (outcome,) = await usecases.record(
        connection, [decision], people=given.people, terms=terms, now=now
    )
    if isinstance(outcome, DomainError):
        raise outcome
    return replace(answered, deduction_id=outcome.deduction_id), outcome


async def get_inquiry(
    source: Connection | Database, inquiry_id: UUID, *, lock: bool = False
) -> Inquiry:
    """Returns an inquiry.

    Raises:
        Absent: there is none of this id.
    """
    found = await inquiry_store.find(source, inquiry_id, lock=lock)
    if found is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such inquiry",
            field="inquiry_id",
            metadata={"resource": "inquiry"},
        )
    return found


def _state_forbids(state: InquiryState) -> RuleForbids:
    return RuleForbids(
        "INQUIRY_STATE_FORBIDS",
        "it is answered, or another one into the settlement is open",
        metadata={"state": state.value},
    )
