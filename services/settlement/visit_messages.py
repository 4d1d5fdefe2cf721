"""Between the contracts of visits and their domain, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from services.classification import wire as classification_wire
from services.classification.model import ClassificationContext, FeeLine
from services.classification.wire import read_approval
from services.kit import codes
from services.kit.wire import (
    FEN_MAX,
    invalid,
    read_date,
    read_decimal,
    read_optional_date,
    write_date,
    write_decimal,
    write_money,
    write_optional_date,
    write_time,
)
from services.settlement.domain.visit import (
    Diagnosis,
    Discharge,
    Line,
    Record,
    Scope,
    Standing,
    Visit,
    covered_by,
)
from services.settlement.domain.visit_bill import diagnoses_of
from services.settlement.domain.visit_states import VisitState
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import access_pb2, identity_service_pb2
from yijie.settlement.v1 import settlement_pb2, visit_pb2, visit_service_pb2

_TOKEN_USE: Final = UUID("6f3d2c1a-9b4e-5d07-8a52-c41e7f90b6d3")
STATES: Final = {
    VisitState.REGISTERED: visit_pb2.VISIT_STATE_REGISTERED,
    VisitState.DISCHARGED: visit_pb2.VISIT_STATE_DISCHARGED,
    VisitState.SETTLED: visit_pb2.VISIT_STATE_SETTLED,
    VisitState.CANCELLED: visit_pb2.VISIT_STATE_CANCELLED,
}
SCOPES: Final = {
    Scope.FINAL: settlement_pb2.SETTLEMENT_SCOPE_FINAL,
    Scope.INTERIM: settlement_pb2.SETTLEMENT_SCOPE_INTERIM,
    Scope.BATCH: settlement_pb2.SETTLEMENT_SCOPE_BATCH,
}
# Field paths of VerifyCredentialRequest in RegisterVisitRequest.
REGISTER_FIELDS: Final = {
    "credential": "patient.credential",
    "person_id": "patient.person_id",
    "sex": "patient.sex",
    "birth_date": "patient.birth_date",
    "insured_region_code": "patient.insured_region_code",
    "scheme_code": "record.scheme_code",
    "medical_type_code": "record.medical_type_code",
    "disease_code": "record.disease_code",
    "business_date": "record.begin_date",
}


def read_record(message: visit_pb2.VisitRecord, path: str = "record") -> Record:
    """Returns the record of a message. Raises InvalidArgument for a date that is none."""
    return Record(
        medical_type_code=message.medical_type_code,
        begin_date=read_date(message.begin_date, f"{path}.begin_date"),
        emergency=message.emergency,
        injury=message.injury,
        third_party_liable=message.third_party_liable,
        referring_institution_code=message.referring_institution_code,
        admission_diagnoses=_read_diagnoses(message.admission_diagnoses),
        disease_code=message.disease_code,
        doctor_code=message.doctor_code,
        department_code=message.department_code,
        scheme_code=message.scheme_code,
        expected_discharge_date=read_optional_date(
            message.expected_discharge_date, f"{path}.expected_discharge_date"
        ),
        contact_phone=message.contact_phone,
        operation_codes=tuple(message.operation_codes),
    )


def write_record(record: Record) -> visit_pb2.VisitRecord:
    """Returns the message of a record."""
    return visit_pb2.VisitRecord(
        medical_type_code=record.medical_type_code,
        begin_date=write_date(record.begin_date),
        emergency=record.emergency,
        injury=record.injury,
        third_party_liable=record.third_party_liable,
        referring_institution_code=record.referring_institution_code,
        admission_diagnoses=write_diagnoses(record.admission_diagnoses),
        disease_code=record.disease_code,
        doctor_code=record.doctor_code,
        department_code=record.department_code,
        scheme_code=record.scheme_code,
        expected_discharge_date=write_optional_date(record.expected_discharge_date),
        contact_phone=record.contact_phone,
        operation_codes=record.operation_codes,
    )


def write_admission(visit: Visit) -> visit_service_pb2.Admission:
    """Returns what followers of stays are told of a visit; state and revision stand beside it."""
    record, discharge = visit.record, visit.discharge
    return visit_service_pb2.Admission(
        visit_id=str(visit.visit_id),
        person_id=str(visit.person_id),
        insured_region_code=visit.insured_region_code,
        care_region_code=visit.care_region_code,
        institution_code=visit.institution_code,
        admission_date=write_date(record.begin_date),
        expected_discharge_date=write_optional_date(record.expected_discharge_date),
        discharge_date=write_optional_date(discharge.discharge_date if discharge else None),
        emergency=record.emergency,
    )


def read_discharge(message: visit_pb2.DischargeRecord, path: str = "discharge") -> Discharge:
    """Returns the discharge of a message. Raises InvalidArgument for a date that is none."""
    return Discharge(
        discharge_date=read_date(message.discharge_date, f"{path}.discharge_date"),
        discharge_diagnoses=_read_diagnoses(message.discharge_diagnoses),
        discharge_way_code=message.discharge_way_code,
        operation_codes=tuple(message.operation_codes),
    )


def write_discharge(discharge: Discharge) -> visit_pb2.DischargeRecord:
    """Returns the message of a discharge."""
    return visit_pb2.DischargeRecord(
        discharge_date=write_date(discharge.discharge_date),
        discharge_diagnoses=write_diagnoses(discharge.discharge_diagnoses),
        discharge_way_code=discharge.discharge_way_code,
        operation_codes=discharge.operation_codes,
    )


def write_diagnoses(diagnoses: Iterable[Diagnosis]) -> list[bill_pb2.Diagnosis]:
    """Returns the messages of diagnoses, as a bill has them."""
    return [bill_pb2.Diagnosis(diagnosis_code=d.code, main=d.main) for d in diagnoses]


def write_visit(visit: Visit) -> visit_pb2.Visit:
    """Returns the message of a visit as it is answered: without the telephone."""
    record = write_record(visit.record)
    record.ClearField("contact_phone")
    return visit_pb2.Visit(
        visit_id=str(visit.visit_id),
        state=STATES[visit.state],
        institution_code=visit.institution_code,
        care_region_code=visit.care_region_code,
        hospital_level_code=visit.hospital_level_code,
        person_id=str(visit.person_id),
        insured_region_code=visit.insured_region_code,
        record=record,
        discharge=None if visit.discharge is None else write_discharge(visit.discharge),
        line_count=visit.line_count,
        line_total=write_money(visit.line_total_fen),
        settlements=[_write_standing(standing) for standing in visit.settlements],
        revision=visit.revision,
        create_time=write_time(visit.create_time),
        update_time=write_time(visit.update_time),
    )


def token_use_of(request: Any) -> UUID:
    """Returns under what the token shown at a registration is used.

    Of the request, not of the visit, whose id is another one at every attempt. And not the request
    id itself: a bill sent whole may have the same, and one token serves one of both.
    """
    return uuid5(_TOKEN_USE, request.request_id.lower())


def verify_request(request: Any) -> identity_service_pb2.VerifyCredentialRequest:
    """Returns what identity is asked about a registration."""
    patient, record = request.patient, request.record
    return identity_service_pb2.VerifyCredentialRequest(
        credential=patient.credential,
        business_date=record.begin_date,
        person_id=patient.person_id,
        sex=patient.sex,
        birth_date=patient.birth_date,
        insured_region_code=patient.insured_region_code,
        scheme_code=record.scheme_code,
        institution_code=request.institution_code,
        medical_type_code=record.medical_type_code,
        disease_code=record.disease_code,
        use_id=str(token_use_of(request)),
        purpose=access_pb2.ACCESS_PURPOSE_REGISTRATION,
    )


def read_lines(
    messages: Sequence[visit_pb2.VisitLine], *, revision: int, now: datetime
) -> list[Line]:
    """Returns the lines of a call as its upload would keep them.

    Raises InvalidArgument for the first date, decimal or amount that is none. Negative ones pass:
    whether a line may be negative is for the domain to say.
    """
    return [
        _line(
            message,
            _read_fee(message.line, f"lines[{position}].line"),
            revision=revision,
            position=position,
            create_time=now,
        )
        for position, message in enumerate(messages)
    ]


def kept_lines(lines: Iterable[Line]) -> bytes:
    """Returns the bytes in which an upload is kept."""
    return visit_service_pb2.UploadFeesRequest(
        lines=[write_line(line) for line in lines]
    ).SerializeToString()


def read_kept_lines(
    data: bytes,
    *,
    revision: int,
    positions: Sequence[int],
    cover_dates: Sequence[date],
    create_time: datetime,
) -> list[Line]:
    """Returns the lines of an upload that stand, from the bytes in which it is kept."""
    messages = visit_service_pb2.UploadFeesRequest.FromString(data).lines
    found = []
    for position, cover_date in zip(positions, cover_dates, strict=True):
        message = messages[position]
        fee = message.line
        # Checked when it was taken: read without the checks, as a stay has thousands.
        day = fee.fee_date
        found.append(
            _line(
                message,
                FeeLine(
                    line_id=fee.line_id,
                    item_code=fee.item_code,
                    fee_date=date(day.year, day.month, day.day),
                    unit_price=Decimal(fee.unit_price.value),
                    quantity=Decimal(fee.quantity.value),
                    amount_fen=fee.amount.fen,
                    department_code=fee.department_code,
                    restriction_approval=read_approval(fee.restriction_approval),
                ),
                revision=revision,
                position=position,
                create_time=create_time,
                cover_date=cover_date,
            )
        )
    return found


def write_line(line: Line) -> visit_pb2.VisitLine:
    """Returns the message of a line."""
    return visit_pb2.VisitLine(
        line=write_fee(line),
        refund_of_line_id=line.refund_of_line_id,
        charge_batch_number=line.charge_batch_number,
        doctor_code=line.doctor_code,
        department_code=line.department_code,
    )


def write_fee(line: Line, *, billed: bool = False) -> bill_pb2.FeeLine:
    """Returns the fee of a line as uploaded, or with its department as it goes on a bill."""
    fee = line.billed if billed else line.fee
    return bill_pb2.FeeLine(
        line_id=fee.line_id,
        item_code=fee.item_code,
        item_name=line.item_name,
        fee_date=write_date(fee.fee_date),
        unit_price=write_decimal(fee.unit_price),
        quantity=write_decimal(fee.quantity),
        amount=write_money(fee.amount_fen),
        department_code=fee.department_code,
        restriction_approval=classification_wire.write_approval(fee.restriction_approval),
        supply_days=line.supply_days,
    )


def write_fee_kept(
    visit: Visit, line: Line, classified: bill_pb2.ClassifiedLine | None
) -> visit_pb2.VisitFee:
    """Returns the message of a line with what covers it."""
    covering = covered_by(visit, line)
    return visit_pb2.VisitFee(
        line=write_line(line),
        classified=classified,
        settlement_id="" if covering is None else str(covering.settlement_id),
        create_time=write_time(line.create_time),
    )


def context_of(visit: Visit) -> ClassificationContext:
    """Returns what a visit tells of what decides on ceilings, shares and limited payments.

    Not the person type and the institution's price level, which are asked for at settlement.
    """
    return ClassificationContext(
        sex=visit.sex,
        birth_date=visit.birth_date,
        scheme_code=visit.record.scheme_code,
        medical_type_code=visit.record.medical_type_code,
        pharmacy=codes.is_pharmacy_code(visit.institution_code),
        diagnosis_codes=tuple(diagnosis.code for diagnosis in diagnoses_of(visit)),
        department_code=visit.record.department_code,
    )


def _line(
    message: visit_pb2.VisitLine,
    fee: FeeLine,
    *,
    revision: int,
    position: int,
    create_time: datetime,
    cover_date: date | None = None,
) -> Line:
    return Line(
        fee=fee,
        item_name=message.line.item_name,
        refund_of_line_id=message.refund_of_line_id,
        charge_batch_number=message.charge_batch_number,
        doctor_code=message.doctor_code,
        department_code=message.department_code,
        revision=revision,
        position=position,
        cover_date=cover_date or fee.fee_date,
        create_time=create_time,
        supply_days=message.line.supply_days,
    )


def _read_fee(message: bill_pb2.FeeLine, path: str) -> FeeLine:
    fen = int(message.amount.fen)
    if not -FEN_MAX < fen < FEN_MAX:
        raise invalid(f"{path}.amount", "must be below ten trillion yuan")
    return FeeLine(
        line_id=message.line_id,
        item_code=message.item_code,
        fee_date=read_date(message.fee_date, f"{path}.fee_date"),
        unit_price=read_decimal(message.unit_price, f"{path}.unit_price", whole=10, scale=6),
        quantity=read_decimal(message.quantity, f"{path}.quantity", whole=12, scale=4),
        amount_fen=fen,
        department_code=message.department_code,
        restriction_approval=read_approval(message.restriction_approval),
    )


def _write_standing(standing: Standing) -> visit_pb2.VisitSettlement:
    return visit_pb2.VisitSettlement(
        settlement_id=str(standing.settlement_id),
        scope=SCOPES[standing.scope],
        charge_batch_number=standing.charge_batch_number,
        until_date=write_optional_date(standing.until_date),
        pending=standing.busy,
    )


def _read_diagnoses(messages: Iterable[bill_pb2.Diagnosis]) -> tuple[Diagnosis, ...]:
    return tuple(Diagnosis(message.diagnosis_code, message.main) for message in messages)
