"""Between settlement's contracts and its domain, and between those of its callees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.classification import wire as classification_wire
from services.classification.classify import totals
from services.classification.item_wire import SEX_OF
from services.classification.model import ClassificationContext, LineSplit
from services.kit import codes
from services.kit.wire import read_date, read_fen, write_time
from services.settlement.domain.bill import Bill
from services.settlement.domain.identities import Answer, Payment
from services.settlement.domain.states import State
from services.settlement.domain.visit import Scope
from services.settlement.fingerprints import Fingerprints
from services.settlement.order import Order
from services.settlement.store import Booked, Record
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import access_pb2, identity_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.supervision.v1 import supervision_service_pb2

STATES = {
    State.PENDING: settlement_pb2.SETTLEMENT_STATE_PENDING,
    State.SETTLED: settlement_pb2.SETTLEMENT_STATE_SETTLED,
    State.FAILED: settlement_pb2.SETTLEMENT_STATE_FAILED,
    State.REVERSED: settlement_pb2.SETTLEMENT_STATE_REVERSED,
}
SCOPES = {
    Scope.FINAL: settlement_pb2.SETTLEMENT_SCOPE_FINAL,
    Scope.INTERIM: settlement_pb2.SETTLEMENT_SCOPE_INTERIM,
    Scope.BATCH: settlement_pb2.SETTLEMENT_SCOPE_BATCH,
}
SCOPE_OF = {number: scope for scope, number in SCOPES.items()}
STATE_OF = {number: state for state, number in STATES.items()}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the callees said of an order."""

    person: identity_service_pb2.VerifyCredentialResponse
    match: filing_service_pb2.MatchFilingResponse
    screening: supervision_service_pb2.ScreenBillResponse | None
    """None: supervision did not answer."""
    splits: tuple[LineSplit, ...]
    catalogue_version: str
    deferred: tuple[str, ...] = ()
    """Blocking rules that were not asked, by code."""

    @property
    def is_deferred(self) -> bool:
        """Tells whether the bill must be judged afterwards."""
        return self.screening is None or bool(self.screening.unjudged_rule_codes)


def read_order(request: Any) -> Order:
    """Returns the order of a PreSettle or Settle request. Raises as `read_bill`."""
    return Order(
        patient=request.patient,
        bill=request.bill,
        facts=read_bill(request),
        use_account=request.use_account,
        use_id=getattr(request, "request_id", ""),
    )


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
        disease_code=bill.disease_code,
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


def verify_request(order: Order) -> identity_service_pb2.VerifyCredentialRequest:
    """Returns what identity is asked about a bill.

    A token is taken for what is settled, under an id that repeats and the parts of a visit share;
    a trial only looks at it.
    """
    patient, bill = order.patient, order.bill
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
        disease_code=bill.disease_code,
        use_id=order.use_id,
        purpose=(
            access_pb2.ACCESS_PURPOSE_SETTLEMENT
            if order.use_id
            else access_pb2.ACCESS_PURPOSE_QUOTE
        ),
    )


def match_request(order: Order) -> filing_service_pb2.MatchFilingRequest:
    """Returns what filing is asked about a bill."""
    patient, bill = order.patient, order.bill
    return filing_service_pb2.MatchFilingRequest(
        person_id=patient.person_id,
        insured_region_code=patient.insured_region_code,
        care_region_code=bill.care_region_code,
        service_date=bill.begin_date,
        match_until_date=bill.end_date,
        emergency=bill.emergency,
    )


def screen_request(
    order: Order, fingerprints: Fingerprints
) -> supervision_service_pb2.ScreenBillRequest:
    """Returns what supervision is asked about a bill; never its telephone."""
    patient, bill = order.patient, order.bill
    return supervision_service_pb2.ScreenBillRequest(
        person_id=patient.person_id,
        visit_id=str(order.part.visit_id) if order.part else "",
        care_region_code=bill.care_region_code,
        insured_region_code=patient.insured_region_code,
        begin_date=bill.begin_date,
        end_date=bill.end_date,
        department_code=bill.department_code,
        doctor_code=bill.doctor_code,
        operation_codes=bill.operation_codes,
        emergency=bill.emergency,
        total=bill.total,
        invoice_key=fingerprints.invoice(bill.invoice_number) or b"",
        sex=patient.sex,
        birth_date=patient.birth_date,
        medical_type_code=bill.medical_type_code,
        scheme_code=patient.scheme_code,
        institution_code=bill.institution_code,
        hospital_level_code=bill.hospital_level_code,
        diagnoses=bill.diagnoses,
        lines=bill.lines,
    )


def context_of(
    order: Order, person: identity_service_pb2.VerifyCredentialResponse
) -> ClassificationContext:
    """Returns what of an order decides on ceilings, shares and limited payments."""
    return ClassificationContext(
        sex=SEX_OF[order.patient.sex],
        birth_date=order.facts.birth_date,
        person_type_code=person.insurances[-1].person_type_code,
        scheme_code=order.facts.scheme_code,
        price_level_code=person.institution.price_level_code,
        medical_type_code=order.facts.medical_type_code,
        pharmacy=codes.is_pharmacy_code(order.facts.institution_code),
        diagnosis_codes=tuple(found.diagnosis_code for found in order.bill.diagnoses),
        department_code=order.bill.department_code,
    )


def case_of(order: Order, checked: Checked) -> adjudication_pb2.Case:
    """Returns what the insured region is asked about an order."""
    patient, bill, part = order.patient, order.bill, order.part
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
        use_account=order.use_account,
        stay_id=str(part.visit_id) if part and part.is_stay else "",
        disease_code=bill.disease_code,
        long_term_evidence=checked.match.long_term_evidence,
    )


def detail_of(
    order: Order, checked: Checked, case: adjudication_pb2.Case
) -> settlement_pb2.Settlement:
    """Returns the settlement in the full view, before any outcome."""
    patient, bill, match = order.patient, order.bill, checked.match
    screening, part = checked.screening, order.part
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
            settlement_pb2.SCREENING_STATE_DEFERRED
            if checked.is_deferred
            else settlement_pb2.SCREENING_STATE_SCREENED
        ),
        deferred_rule_codes=checked.deferred,
        screening_ruleset_version=screening.ruleset_version if screening else "",
        lines=[classification_wire.write_line_split(split) for split in checked.splits],
        sample=any(split.sample for split in checked.splits),
        bill=bill,
        sex=patient.sex,
        birth_date=patient.birth_date,
        visit_id=str(part.visit_id) if part else "",
        scope=SCOPES[part.scope] if part else settlement_pb2.SETTLEMENT_SCOPE_UNSPECIFIED,
        charge_batch_number=part.charge_batch_number if part else "",
        disease_code=bill.disease_code,
    )


def write_commit(
    settlement_id: UUID,
    case: adjudication_pb2.Case,
    expected: adjudication_pb2.Adjudication | None,
) -> bytes:
    """Returns what the journal keeps of what the insured region is asked to book.

    Without the disease: this is not encrypted, and the detail has it. With `expected` only those
    amounts may be booked.
    """
    request = benefits_service_pb2.CommitRequest(
        settlement_id=str(settlement_id), case=case, expected=expected
    )
    request.case.ClearField("disease_code")
    return request.SerializeToString()


def read_commit(record: Record) -> benefits_service_pb2.CommitRequest:
    """Returns what the insured region is asked to book, the same at every attempt."""
    return read_work(record)[0]


def read_work(record: Record) -> tuple[benefits_service_pb2.CommitRequest, UUID | None]:
    """Returns what the insured region is asked to book, and which settlement that replaces."""
    request = benefits_service_pb2.CommitRequest.FromString(record.commit_request)
    detail = settlement_pb2.Settlement.FromString(record.detail)
    request.case.disease_code = detail.disease_code
    return request, _id(detail.recomputes_settlement_id)


def match_of(record: Record) -> filing_service_pb2.MatchFilingRequest:
    """Returns what filing is asked about the bill of a settlement."""
    detail = settlement_pb2.Settlement.FromString(record.detail)
    return filing_service_pb2.MatchFilingRequest(
        person_id=detail.person_id,
        insured_region_code=detail.insured_region_code,
        care_region_code=detail.care_region_code,
        service_date=detail.begin_date,
        match_until_date=detail.end_date,
        emergency=detail.bill.emergency,
    )


def is_of_level(case: adjudication_pb2.Case, match: filing_service_pb2.MatchFilingResponse) -> bool:
    """Tells whether a case says of filing what the insured region would be told now."""
    return (case.benefit_level, case.long_term_evidence) == (
        match.benefit_level,
        match.long_term_evidence,
    )


def anew(
    record: Record, match: filing_service_pb2.MatchFilingResponse | None
) -> tuple[adjudication_pb2.Case, settlement_pb2.Settlement]:
    """Returns case and detail of a settlement that replaces one; without `match` at its level."""
    case = read_commit(record).case
    detail = settlement_pb2.Settlement.FromString(record.detail)
    detail.recomputes_settlement_id = str(record.settlement_id)
    if match is not None:
        case.benefit_level = match.benefit_level
        case.long_term_evidence = match.long_term_evidence
        detail.benefit_level = match.benefit_level
        detail.filing_id = match.filing_id
        detail.benefit_level_explanation_zh = match.explanation_zh
        detail.benefit_level_explanation_en = match.explanation_en
    return case, detail


def answer_of(case: adjudication_pb2.Case, adjudication: adjudication_pb2.Adjudication) -> Answer:
    """Returns the amounts of an answer, for the check of its identities."""
    return Answer(
        total_fen=case.amounts.total.fen,
        in_scope_fen=case.amounts.in_scope.fen,
        uses_account=case.use_account,
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
        family_account_pay_fen=adjudication.family_account_pay.fen,
        causes_fen=_causes_of(adjudication),
    )


def _causes_of(adjudication: adjudication_pb2.Adjudication) -> tuple[int, ...] | None:
    if not adjudication.HasField("causes"):
        return None
    causes = adjudication.causes
    # All of them, also one that a later version of the contract adds.
    return tuple(getattr(causes, field.name).fen for field in causes.DESCRIPTOR.fields)


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
    if record.took is not None:
        settlement.round_trip_ms = record.took.round_trip_ms
        settlement.region_ms = record.took.region_ms
    if record.settle_time:
        settlement.settle_time.CopyFrom(write_time(record.settle_time))
    if record.reverse_time:
        settlement.reverse_time.CopyFrom(write_time(record.reverse_time))
    if record.adjudication is not None:
        settlement.adjudication.ParseFromString(record.adjudication)
        settlement.sample = settlement.sample or settlement.adjudication.sample
    return shown(settlement) if full else basic(settlement)


def for_window(settlement: settlement_pb2.Settlement) -> settlement_pb2.Settlement:
    """Returns a settlement as institutions are answered it.

    Which other bills a finding rests on is for officers: they may be of another institution.
    """
    for finding in settlement.findings:
        finding.ClearField("other_bill_keys")
    return settlement


def shown(settlement: settlement_pb2.Settlement) -> settlement_pb2.Settlement:
    """Returns a settlement in the full view as it is answered: without the telephone."""
    settlement.bill.ClearField("contact_phone")
    return settlement


def visit_of(record: Record) -> UUID | None:
    """Returns the visit that a settlement is of; None: the bill was sent whole."""
    return _id(settlement_pb2.Settlement.FromString(record.detail).visit_id)


def origin_of(record: Record) -> UUID | None:
    """Returns the settlement that one replaces; None: it replaces none."""
    return _id(settlement_pb2.Settlement.FromString(record.detail).recomputes_settlement_id)


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None


def basic(settlement: settlement_pb2.Settlement) -> settlement_pb2.Settlement:
    """Returns the same settlement without bill, lines, steps and what tells a diagnosis."""
    for field in ("lines", "bill", "sex", "birth_date", "disease_code"):
        settlement.ClearField(field)
    # Looked at first: to clear a field of an absent message makes it a present one.
    if settlement.HasField("adjudication"):
        settlement.adjudication.ClearField("steps")
    return settlement
