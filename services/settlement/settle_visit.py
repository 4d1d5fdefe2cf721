"""Puts together what a visit comes to, so that it is settled like a bill sent whole."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol
from uuid import UUID

from services.classification.model import SplitTotals
from services.kit import call as calls
from services.kit import codes
from services.kit.clock import Clock, civil_date
from services.kit.errors import DomainError, FieldViolation
from services.kit.wire import (
    read_fen,
    read_optional_date,
    write_date,
    write_money,
)
from services.settlement import refusal_facts
from services.settlement.domain.bill import Bill, check_bill
from services.settlement.domain.visit import Line, Visit, check_access
from services.settlement.domain.visit_bill import (
    bill_of,
    check_part,
    check_scheme,
    check_total,
    check_undo,
    dates_of,
    diagnoses_of,
    earlier_lines,
    lines_of_part,
    operations_of,
    total_mismatch,
)
from services.settlement.messages import SCOPE_OF
from services.settlement.order import Order, Part
from services.settlement.store import VisitRevision
from services.settlement.visit_messages import write_fee
from yijie.common.v1 import bill_pb2, money_pb2
from yijie.settlement.v1 import settlement_pb2

_LINE: Final = re.compile(r"bill\.lines\[(\d+)\]\.(\w+)")
_PARTS: Final = ("total", "full_self_pay", "over_limit", "prior_self_pay", "in_scope")
# Paths of a bill sent whole in the requests that name a visit; all others are the visit's own.
_FIELDS: Final = {
    "patient.credential": "credential",
    "patient.credential.number": "credential.number",
    "patient.credential.type": "credential.type",
    # The visit's person is proven at registration: another one now is another credential's.
    "patient.person_id": "credential",
    "patient.sex": "credential",
    "patient.birth_date": "credential",
    "patient.scheme_code": "scheme_code",
    "bill.institution_code": "institution_code",
    "bill.invoice_number": "invoice_number",
}


class VisitReader(Protocol):
    """Reads visits: the part of services.settlement.visit_store.VisitStore that is used here."""

    async def find(self, visit_id: UUID) -> Visit | None:
        """Returns a visit with the settlements that stand."""

    async def lines(self, visit_id: UUID) -> list[Line]:
        """Returns the fee lines that stand, in upload order."""


class VisitOrders:
    """Reads a visit and its fees as an order."""

    def __init__(self, visits: VisitReader, clock: Clock) -> None:
        self._visits = visits
        self._clock = clock

    async def read(self, request: Any) -> Order:
        """Returns the order of a PreSettleVisit or SettleVisit request.

        Raises RESOURCE_NOT_FOUND, VISIT_OF_ANOTHER_INSTITUTION, VISIT_STATE_FORBIDS, VISIT_BUSY,
        VISIT_SETTLED, VISIT_NOT_DISCHARGED, SCHEME_MIXED, NOTHING_TO_SETTLE, LINES_TOO_MANY,
        BILL_TOTAL_MISMATCH, FIELD_INVALID.
        """
        scope = SCOPE_OF[request.scope]
        until_date = read_optional_date(request.until_date, "until_date")
        batch = request.charge_batch_number
        today = civil_date(self._clock.now())
        found = await self._visits.find(UUID(request.visit_id))
        visit = check_access(found, request.institution_code)
        refusal_facts.note_visit(visit)
        calls.note(
            care_region=codes.province_of(visit.care_region_code),
            insured_region=codes.province_of(visit.insured_region_code),
        )
        check_part(visit, scope, until_date=until_date, charge_batch_number=batch, today=today)
        check_scheme(visit, request.scheme_code)
        standing = await self._visits.lines(visit.visit_id)
        lines = lines_of_part(
            visit,
            standing,
            scope,
            until_date=until_date,
            charge_batch_number=batch,
        )
        expected = getattr(request, "expected_total", None)
        if expected is not None:
            check_total(read_fen(expected, "expected_total"), lines)
        begin, end = dates_of(visit, lines, scope, until_date)
        facts = bill_of(visit, lines, begin_date=begin, end_date=end)
        refusal_facts.note_bill(facts)
        try:
            check_bill(facts, today)
        except DomainError as error:
            raise named_by_line(error, facts) from None
        return Order(
            patient=_patient(visit, request.credential),
            bill=_bill(visit, lines, facts, request.invoice_number),
            facts=facts,
            use_account=request.use_account,
            # Of a request to settle: one token does for registration and settlements of a visit.
            use_id=str(visit.token_use_id) if hasattr(request, "request_id") else "",
            part=Part(
                visit_id=visit.visit_id,
                revision=visit.revision,
                scope=scope,
                charge_batch_number=batch,
                until_date=until_date,
                is_stay=visit.is_stay,
                earlier=[line.billed for line in earlier_lines(visit, standing)],
                expected_amounts=_expected_amounts(request),
            ),
        )

    async def undoable(
        self, visit_id: UUID, settlement_id: UUID, *, field: str
    ) -> VisitRevision | None:
        """Returns the visit on which a settlement may be taken back now; None: it is not there.

        Raises VISIT_BUSY, UNDO_ORDER.
        """
        visit = await self._visits.find(visit_id)
        if visit is None:
            return None
        check_undo(visit, settlement_id, field=field)
        return VisitRevision(visit.visit_id, visit.revision)


def check_amounts(expected: money_pb2.AmountSplit | None, computed: SplitTotals) -> None:
    """Raises BILL_TOTAL_MISMATCH for the first part that the institution computed differently."""
    if expected is None:
        return
    for name in _PARTS:
        stated: int = getattr(expected, name).fen
        found: int = getattr(computed, f"{name}_fen")
        if expected.HasField(name) and stated != found:
            raise total_mismatch(f"expected_amounts.{name}", stated, found)


def named_by_line(error: DomainError, bill: Bill) -> DomainError:
    """Returns an error about lines of the bill with their line ids in place of their indexes."""
    violations = []
    for violation in error.violations:
        found = _LINE.fullmatch(violation.field)
        if found is not None:
            line_id = bill.lines[int(found[1])].line_id
            error.metadata.setdefault("lineId", line_id)
            field = f"fees[{line_id}].{found[2]}"
            violation = FieldViolation(field, violation.description, violation.reason)  # noqa: PLW2901
        violations.append(violation)
    error.violations = tuple(violations)
    return error


def named_by_visit(error: DomainError) -> DomainError:
    """Returns an error about a bill with the field paths of a request that names a visit."""
    error.violations = tuple(
        FieldViolation(_field(violation.field), violation.description, violation.reason)
        for violation in error.violations
    )
    return error


def _field(path: str) -> str:
    if path in _FIELDS:
        return _FIELDS[path]
    return "visit_id" if path.startswith(("bill.", "patient.")) else path


def _expected_amounts(request: Any) -> money_pb2.AmountSplit | None:
    if "expected_amounts" in request.DESCRIPTOR.fields_by_name and request.HasField(
        "expected_amounts"
    ):
        return request.expected_amounts  # type: ignore[no-any-return]
    return None


def _patient(visit: Visit, credential: Any) -> settlement_pb2.Patient:
    return settlement_pb2.Patient(
        credential=credential,
        person_id=str(visit.person_id),
        sex=int(visit.sex),  # type: ignore[arg-type]
        birth_date=write_date(visit.birth_date),
        insured_region_code=visit.insured_region_code,
        scheme_code=visit.record.scheme_code,
    )


def _bill(visit: Visit, lines: list[Line], facts: Bill, invoice_number: str) -> settlement_pb2.Bill:
    return settlement_pb2.Bill(
        care_region_code=facts.care_region_code,
        institution_code=facts.institution_code,
        hospital_level_code=facts.hospital_level_code,
        medical_type_code=facts.medical_type_code,
        begin_date=write_date(facts.begin_date),
        end_date=write_date(facts.end_date),
        emergency=facts.emergency,
        diagnoses=[
            bill_pb2.Diagnosis(diagnosis_code=diagnosis.code, main=diagnosis.main)
            for diagnosis in diagnoses_of(visit)
        ],
        lines=[write_fee(line, billed=True) for line in lines],
        total=write_money(facts.total_fen),
        disease_code=facts.disease_code,
        invoice_number=invoice_number,
        contact_phone=visit.record.contact_phone,
        doctor_code=visit.record.doctor_code,
        department_code=visit.record.department_code,
        operation_codes=operations_of(visit),
    )
