"""Between the contract of reimbursements and what the use cases work with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.classification import wire as classification_wire
from services.kit.wire import invalid, write_money, write_time
from services.settlement import messages
from services.settlement.domain.reimbursement_states import UNBOOKS, ReimbursementState
from services.settlement.messages import Checked
from services.settlement.order import Order
from services.settlement.reimbursement.store import Change, Record
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.identity.v1 import access_pb2, identity_service_pb2, person_pb2
from yijie.settlement.v1 import reimbursement_pb2 as pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as service_pb2

STATES: Final[Mapping[ReimbursementState, pb2.ReimbursementState]] = {
    ReimbursementState.SUBMITTED: pb2.REIMBURSEMENT_STATE_SUBMITTED,
    ReimbursementState.ADJUDICATED: pb2.REIMBURSEMENT_STATE_ADJUDICATED,
    ReimbursementState.APPROVED: pb2.REIMBURSEMENT_STATE_APPROVED,
    ReimbursementState.PAID: pb2.REIMBURSEMENT_STATE_PAID,
    ReimbursementState.REJECTED: pb2.REIMBURSEMENT_STATE_REJECTED,
    ReimbursementState.CANCELLED: pb2.REIMBURSEMENT_STATE_CANCELLED,
    ReimbursementState.FAILED: pb2.REIMBURSEMENT_STATE_FAILED,
}
STATE_OF: Final[Mapping[int, ReimbursementState]] = {
    number: state for state, number in STATES.items()
}
_FULL_ONLY: Final = ("lines", "bill", "sex", "birth_date", "disease_code")


def read_order(request: service_pb2.SubmitReimbursementRequest) -> Order:
    """Returns the bill of a claim. The account pays nothing: the bill was paid before.

    Raises:
        InvalidArgument: FIELD_INVALID.
    """
    if not request.bill.invoice_number:
        raise invalid("bill.invoice_number", "a claim needs its invoice")
    if request.patient.credential.type == person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL:
        raise invalid("patient.credential.type", "a token is for the window; give id or card")
    return Order(
        patient=request.patient,
        bill=request.bill,
        facts=messages.read_bill(request),
        use_account=False,
    )


def content_of(request: Any) -> bytes:
    """Returns the bytes that a repeat of a mutating request is compared by."""
    content: bytes = request.SerializeToString(deterministic=True)
    return content


def verify_request(order: Order) -> identity_service_pb2.VerifyCredentialRequest:
    """Returns what identity is asked: who it is, not what the institution may settle directly."""
    patient = order.patient
    return identity_service_pb2.VerifyCredentialRequest(
        credential=patient.credential,
        business_date=order.bill.end_date,
        person_id=patient.person_id,
        sex=patient.sex,
        birth_date=patient.birth_date,
        insured_region_code=patient.insured_region_code,
        scheme_code=patient.scheme_code,
        purpose=access_pb2.ACCESS_PURPOSE_SETTLEMENT,
    )


def write_commit(reimbursement_id: UUID, case: adjudication_pb2.Case) -> bytes:
    """Returns what the insured region is asked to book."""
    return benefits_service_pb2.CommitRequest(
        settlement_id=str(reimbursement_id),
        case=case,
        channel=benefits_service_pb2.BOOKING_CHANNEL_MANUAL,
    ).SerializeToString()


def read_commit(record: Record) -> benefits_service_pb2.CommitRequest:
    """Returns the same, at every attempt."""
    return benefits_service_pb2.CommitRequest.FromString(record.commit_request)


def detail_of(
    order: Order, checked: Checked, case: adjudication_pb2.Case, *, cause: Any
) -> pb2.Reimbursement:
    """Returns the reimbursement in the full view, before anything became of it."""
    patient, bill, match = order.patient, order.bill, checked.match
    return pb2.Reimbursement(
        cause=cause,
        care_region_code=bill.care_region_code,
        insured_region_code=patient.insured_region_code,
        institution_code=bill.institution_code,
        person_id=patient.person_id,
        scheme_code=patient.scheme_code,
        person_type_code=case.person_type_code,
        medical_type_code=bill.medical_type_code,
        begin_date=bill.begin_date,
        end_date=bill.end_date,
        amounts=case.amounts,
        benefit_level=match.benefit_level,
        filing_id=match.filing_id,
        benefit_level_explanation_zh=match.explanation_zh,
        benefit_level_explanation_en=match.explanation_en,
        catalogue_version=checked.catalogue_version,
        lines=[classification_wire.write_line_split(split) for split in checked.splits],
        sample=any(split.sample for split in checked.splits),
        bill=bill,
        sex=patient.sex,
        birth_date=patient.birth_date,
        disease_code=bill.disease_code,
    )


def with_adjudication(
    message: pb2.Reimbursement, adjudication: adjudication_pb2.Adjudication
) -> pb2.Reimbursement:
    """Returns the same message with what the insured region answered."""
    message.adjudication.CopyFrom(adjudication)
    message.payable.CopyFrom(write_money(adjudication.fund_total.fen))
    message.sample = message.sample or adjudication.sample
    return message


def write_reimbursement(
    record: Record, *, full: bool, with_phone: bool = False, changes: Sequence[Change] = ()
) -> pb2.Reimbursement:
    """Returns a reimbursement as it stands; the patient's telephone is for the feed alone."""
    message = pb2.Reimbursement.FromString(record.detail)
    message.reimbursement_id = str(record.reimbursement_id)
    message.request_id = str(record.request_id)
    message.state = STATES[record.state]
    message.trace_id = record.trace_id
    message.submit_time.CopyFrom(write_time(record.create_time))
    message.update_time.CopyFrom(write_time(record.update_time))
    message.failure_reason = record.failure_reason
    message.unbooked = record.state in UNBOOKS and not record.holds_invoice
    if record.adjudicate_time is not None:
        message.adjudicate_time.CopyFrom(write_time(record.adjudicate_time))
    if record.adjudication is not None:
        with_adjudication(message, adjudication_pb2.Adjudication.FromString(record.adjudication))
    if not with_phone:
        message.bill.ClearField("contact_phone")
    message.changes.extend(_write_change(change) for change in changes)
    return message if full else basic(message)


def basic(message: pb2.Reimbursement) -> pb2.Reimbursement:
    """Returns the same message without bill, lines, steps and what tells a diagnosis."""
    for field in _FULL_ONLY:
        message.ClearField(field)
    if message.HasField("adjudication"):
        message.adjudication.ClearField("steps")
    return message


def _write_change(change: Change) -> pb2.ReimbursementChange:
    return pb2.ReimbursementChange(
        state=STATES[change.state],
        change_time=write_time(change.change_time),
        maker_id=change.maker_id,
        checker_id=change.checker_id,
        note=change.note,
        payment_reference=change.payment_reference,
    )
