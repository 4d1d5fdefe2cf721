"""Between settlement's contracts and its domain, and between those of its callees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.classification import wire as classification_wire
from services.classification.classify import totals
from services.classification.model import LineSplit
from services.kit.errors import InvalidArgument
from services.kit.wire import read_date, read_fen, write_time
from services.settlement.domain.bill import Bill
from services.settlement.domain.identities import Answer, Payment
from services.settlement.domain.states import State
from services.settlement.store import Booked, FeedRow, Record
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import identity_service_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2
from yijie.supervision.v1 import supervision_service_pb2

STATES = {
    State.PENDING: settlement_pb2.SETTLEMENT_STATE_PENDING,
    State.SETTLED: settlement_pb2.SETTLEMENT_STATE_SETTLED,
    State.FAILED: settlement_pb2.SETTLEMENT_STATE_FAILED,
    State.REVERSED: settlement_pb2.SETTLEMENT_STATE_REVERSED,
}
STATE_OF = {number: state for state, number in STATES.items()}
KINDS = {
    "SETTLED": settlement_service_pb2.EVENT_KIND_SETTLED,
    "REVERSED": settlement_service_pb2.EVENT_KIND_REVERSED,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the callees said of a bill."""

    person: identity_service_pb2.VerifyCredentialResponse
    match: filing_service_pb2.MatchFilingResponse
    screening: supervision_service_pb2.ScreenBillResponse | None
    splits: tuple[LineSplit, ...]
    catalogue_version: str


def read_bill(request: Any) -> Bill:
    """Returns the bill of a PreSettle or Settle request.

    Raises InvalidArgument(FIELD_INVALID) for the first date, decimal or amount that is none.
    """
    patient, bill = request.patient, request.bill
    return Bill(
        care_region_code=bill.care_region_code,
        insured_region_code=patient.insured_region_code,
        institution_code=bill.institution_code,
        hospital_level_code=bill.hospital_level_code,
        scheme_code=patient.scheme_code,
        medical_type_code=bill.medical_type_code,
        birth_date=read_date(patient.birth_date, "patient.birth_date"),
        begin_date=read_date(bill.begin_date, "bill.begin_date"),
        end_date=read_date(bill.end_date, "bill.end_date"),
        emergency=bill.emergency,
        main_diagnosis_count=sum(diagnosis.main for diagnosis in bill.diagnoses),
        lines=[
            classification_wire.read_line(line, f"bill.lines[{index}]")
            for index, line in enumerate(bill.lines)
        ],
        total_fen=read_fen(bill.total, "bill.total"),
    )


def content_of(request: Any) -> bytes:
    """Returns the bytes that a repeat of a mutating request is compared by: all but with_trace."""
    if getattr(request, "with_trace", False):
        bare = type(request)()
        bare.CopyFrom(request)
        bare.ClearField("with_trace")
        request = bare
    content: bytes = request.SerializeToString(deterministic=True)
    return content


def verify_request(request: Any) -> identity_service_pb2.VerifyCredentialRequest:
    """Returns what identity is asked about a bill."""
    patient, bill = request.patient, request.bill
    return identity_service_pb2.VerifyCredentialRequest(
        credential=patient.credential,
        business_date=bill.end_date,
        person_id=patient.person_id,
        sex=patient.sex,
        birth_date=patient.birth_date,
        insured_region_code=patient.insured_region_code,
        scheme_code=patient.scheme_code,
        institution_code=bill.institution_code,
        medical_type_code=bill.medical_type_code,
    )


def match_request(request: Any) -> filing_service_pb2.MatchFilingRequest:
    """Returns what filing is asked about a bill."""
    patient, bill = request.patient, request.bill
    return filing_service_pb2.MatchFilingRequest(
        person_id=patient.person_id,
        insured_region_code=patient.insured_region_code,
        care_region_code=bill.care_region_code,
        service_date=bill.begin_date,
        match_until_date=bill.end_date,
        emergency=bill.emergency,
    )


def screen_request(request: Any) -> supervision_service_pb2.ScreenBillRequest:
    """Returns what supervision is asked about a bill."""
    patient, bill = request.patient, request.bill
    return supervision_service_pb2.ScreenBillRequest(
        sex=patient.sex,
        birth_date=patient.birth_date,
        medical_type_code=bill.medical_type_code,
        scheme_code=patient.scheme_code,
        institution_code=bill.institution_code,
        hospital_level_code=bill.hospital_level_code,
        diagnoses=bill.diagnoses,
        lines=bill.lines,
    )


def case_of(request: Any, checked: Checked) -> adjudication_pb2.Case:
    """Returns what the insured region is asked about a bill."""
    patient, bill = request.patient, request.bill
    institution = checked.person.institution
    return adjudication_pb2.Case(
        person_id=patient.person_id,
        insured_region_code=patient.insured_region_code,
        scheme_code=patient.scheme_code,
        person_type_code=checked.person.insurances[-1].person_type_code,
        care_region_code=bill.care_region_code,
        institution_code=bill.institution_code,
        deductible_level_code=(
            institution.deductible_level_code or institution.hospital_level_code
        ),
        medical_type_code=bill.medical_type_code,
        benefit_level=checked.match.benefit_level,
        begin_date=bill.begin_date,
        end_date=bill.end_date,
        amounts=classification_wire.write_totals(totals(checked.splits)),
        use_account=request.use_account,
    )


def detail_of(
    request: Any, checked: Checked, case: adjudication_pb2.Case
) -> settlement_pb2.Settlement:
    """Returns the settlement in the full view, before any outcome."""
    patient, bill, match = request.patient, request.bill, checked.match
    screening = checked.screening
    return settlement_pb2.Settlement(
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
        findings=screening.findings if screening else (),
        screening_state=(
            settlement_pb2.SCREENING_STATE_SCREENED
            if screening
            else settlement_pb2.SCREENING_STATE_DEFERRED
        ),
        lines=[classification_wire.write_line_split(split) for split in checked.splits],
        sample=any(split.sample for split in checked.splits),
        bill=bill,
        sex=patient.sex,
        birth_date=patient.birth_date,
    )


def commit_request(
    settlement_id: UUID, case: adjudication_pb2.Case
) -> benefits_service_pb2.CommitRequest:
    """Returns what the insured region is asked to book."""
    return benefits_service_pb2.CommitRequest(settlement_id=str(settlement_id), case=case)


def answer_of(case: adjudication_pb2.Case, adjudication: adjudication_pb2.Adjudication) -> Answer:
    """Returns the amounts of an answer, for the check of its identities."""
    return Answer(
        total_fen=case.amounts.total.fen,
        in_scope_fen=case.amounts.in_scope.fen,
        deductible_fen=adjudication.deductible.fen,
        fund_payments=[
            Payment(payment.fund_type_code, payment.amount.fen)
            for payment in adjudication.fund_payments
        ],
        fund_total_fen=adjudication.fund_total.fen,
        account_pay_fen=adjudication.account_pay.fen,
        account_balance_fen=adjudication.account_balance.fen,
        cash_pay_fen=adjudication.cash_pay.fen,
        patient_total_fen=adjudication.patient_total.fen,
    )


def booked_of(case: adjudication_pb2.Case, adjudication: adjudication_pb2.Adjudication) -> Booked:
    """Returns what the journal keeps of an answer."""
    return Booked(
        adjudication=adjudication.SerializeToString(),
        total_fen=case.amounts.total.fen,
        fund_fen=adjudication.fund_total.fen,
        account_fen=adjudication.account_pay.fen,
        cash_fen=adjudication.cash_pay.fen,
    )


def settlement_of(record: Record, *, full: bool) -> settlement_pb2.Settlement:
    """Returns a settlement as the journal has it."""
    settlement = settlement_pb2.Settlement.FromString(record.detail)
    settlement.settlement_id = str(record.settlement_id)
    settlement.request_id = str(record.request_id)
    settlement.state = STATES[record.state]
    settlement.trace_id = record.trace_id
    settlement.create_time.CopyFrom(write_time(record.create_time))
    settlement.failure_reason = record.failure_reason
    if record.settle_time:
        settlement.settle_time.CopyFrom(write_time(record.settle_time))
    if record.reverse_time:
        settlement.reverse_time.CopyFrom(write_time(record.reverse_time))
    if record.adjudication is not None:
        settlement.adjudication.ParseFromString(record.adjudication)
        settlement.sample = settlement.sample or settlement.adjudication.sample
    return settlement if full else basic(settlement)


def basic(settlement: settlement_pb2.Settlement) -> settlement_pb2.Settlement:
    """Returns the same settlement without bill, lines and calculation steps."""
    for field in ("lines", "bill", "sex", "birth_date"):
        settlement.ClearField(field)
    # Looked at first: to clear a field of an absent message makes it a present one.
    if settlement.HasField("adjudication"):
        settlement.adjudication.ClearField("steps")
    return settlement


def event_of(row: FeedRow) -> settlement_service_pb2.Event:
    """Returns an event of the feed."""
    return settlement_service_pb2.Event(
        cursor=write_cursor(row.transaction_id, row.sequence),
        kind=KINDS[row.kind],
        event_time=write_time(row.event_time),
        settlement=settlement_pb2.Settlement.FromString(row.settlement),
    )


def write_cursor(transaction_id: int, sequence: int) -> str:
    """Returns the opaque cursor of a position in the feed."""
    return f"{transaction_id}.{sequence}"


def read_cursor(text: str) -> tuple[int, int]:
    """Returns the position of a cursor. Raises CURSOR_INVALID."""
    if not text:
        return 0, 0
    transaction, dot, sequence = text.partition(".")
    if not (dot and _is_number(transaction) and _is_number(sequence)):
        raise InvalidArgument(
            "CURSOR_INVALID", "after_cursor is not one of this feed", field="after_cursor"
        )
    return int(transaction), int(sequence)


def _is_number(text: str) -> bool:
    # Bounded below 2^63: the database compares the parts as 64-bit numbers.
    return text.isascii() and text.isdigit() and int(text) < 1 << 63
