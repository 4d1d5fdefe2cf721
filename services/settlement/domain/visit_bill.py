"""Which part of a visit may be settled, and the bill that it comes to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.classification.validation import LINES_MAX
from services.kit.errors import InvalidArgument, RuleForbids
from services.settlement.domain.bill import Bill
from services.settlement.domain.visit import (
    Diagnosis,
    Line,
    Scope,
    Visit,
    check_idle,
    check_state,
    covered_by,
    lines_to_settle,
    net_lines,
    settled,
    total_fen,
    undo_first,
)
from services.settlement.domain.visit_states import VisitState


def check_part(
    visit: Visit,
    scope: Scope,
    *,
    until_date: date | None,
    charge_batch_number: str,
    today: date,
) -> None:
    """Raises unless this part of the visit may be settled now.

    Errors in this order: FIELD_INVALID (scope), VISIT_STATE_FORBIDS, VISIT_BUSY, VISIT_SETTLED,
    VISIT_NOT_DISCHARGED, FIELD_INVALID (until_date, charge_batch_number), DATE_IN_FUTURE.
    """
    if visit.is_stay == (scope is Scope.BATCH):
        kind = (
            "a stay is settled FINAL or INTERIM"
            if visit.is_stay
            else "only a stay is not settled BATCH"
        )
        raise _invalid("scope", kind)
    check_state(visit, VisitState.REGISTERED, VisitState.DISCHARGED)
    check_idle(visit)
    if visit.final is not None:
        raise settled(visit.final)
    batch = next(
        (
            standing
            for standing in visit.settlements
            if scope is Scope.BATCH and standing.charge_batch_number == charge_batch_number
        ),
        None,
    )
    if batch is not None:
        raise settled(batch, field="charge_batch_number")
    if scope is Scope.FINAL and visit.discharge is None:
        raise RuleForbids(
            "VISIT_NOT_DISCHARGED",
            "a stay is settled in full after discharge; before it, in the middle",
            field="scope",
            metadata={"state": visit.state.value},
        )
    if charge_batch_number and scope is not Scope.BATCH:
        raise _invalid("charge_batch_number", "a stay is not settled by batch")
    _check_until(visit, scope, until_date, today)


def check_scheme(visit: Visit, scheme_code: str) -> None:
    """Raises SCHEME_MIXED where another scheme than the visit's is asked for; "": the visit's."""
    if scheme_code not in {"", visit.record.scheme_code}:
        raise RuleForbids(
            "SCHEME_MIXED",
            "one visit is settled by one scheme",
            field="scheme_code",
            metadata={"schemeCode": visit.record.scheme_code},
        )


def lines_of_part(
    visit: Visit,
    lines: Sequence[Line],
    scope: Scope,
    *,
    until_date: date | None,
    charge_batch_number: str,
) -> list[Line]:
    """Returns the net lines that a settlement of this part would bill, 1 to 3000.

    Errors: NOTHING_TO_SETTLE, LINES_TOO_MANY.
    """
    found = net_lines(
        lines_to_settle(
            visit,
            lines,
            scope,
            until_date=until_date,
            charge_batch_number=charge_batch_number,
        )
    )
    if not total_fen(found):
        raise RuleForbids(
            "NOTHING_TO_SETTLE",
            "no fee that is not settled yet falls to this settlement",
            field="charge_batch_number" if charge_batch_number else "scope",
        )
    if len(found) > LINES_MAX:
        raise InvalidArgument(
            "LINES_TOO_MANY",
            f"one settlement takes {LINES_MAX} fee lines; settle the stay in the middle first",
            zh=f"单笔结算最多 {LINES_MAX} 条费用明细，请先办理中途结算",
            field="scope",
            metadata={"lines": str(len(found)), "linesMax": str(LINES_MAX)},
        )
    return found


def earlier_lines(visit: Visit, lines: Sequence[Line]) -> list[Line]:
    """Returns the net lines of a stay that settlements which stand cover, in upload order.

    A stay that is settled in the middle is one stay: a use limit is not had anew with each part.
    Charge batches are bills of their own.
    """
    if not visit.is_stay or not visit.settlements:
        return []
    return net_lines([line for line in lines if covered_by(visit, line) is not None])


def check_total(stated_fen: int, lines: Sequence[Line]) -> None:
    """Raises BILL_TOTAL_MISMATCH, with both figures, unless the lines come to what is stated."""
    computed = total_fen(lines)
    if stated_fen != computed:
        raise total_mismatch("expected_total", stated_fen, computed)


def total_mismatch(field: str, stated_fen: int, computed_fen: int) -> InvalidArgument:
    """Returns the error for a sum that the institution's books and the hub see differently."""
    return InvalidArgument(
        "BILL_TOTAL_MISMATCH",
        f"{field} is not what the uploaded fees come to",
        field=field,
        metadata={"statedFen": str(stated_fen), "computedFen": str(computed_fen)},
    )


def dates_of(
    visit: Visit, lines: Sequence[Line], scope: Scope, until_date: date | None
) -> tuple[date, date]:
    """Returns the first and the last day of the bill."""
    begin = visit.record.begin_date
    if scope is Scope.INTERIM and until_date is not None:
        return begin, until_date
    if visit.discharge is not None:
        return begin, visit.discharge.discharge_date
    days = [line.fee.fee_date for line in lines]
    return max(begin, min(days)), max(begin, *days)


def diagnoses_of(visit: Visit) -> Sequence[Diagnosis]:
    """Returns the diagnoses that go on the bill: of discharge, before it of admission."""
    if visit.discharge is not None:
        return visit.discharge.discharge_diagnoses
    return visit.record.admission_diagnoses


def operations_of(visit: Visit) -> Sequence[str]:
    """Returns the operations that go on the bill: of discharge, before it as recorded."""
    if visit.discharge is not None and visit.discharge.operation_codes:
        return visit.discharge.operation_codes
    return visit.record.operation_codes


def bill_of(visit: Visit, lines: Sequence[Line], *, begin_date: date, end_date: date) -> Bill:
    """Returns the bill of net lines."""
    return Bill(
        care_region_code=visit.care_region_code,
        insured_region_code=visit.insured_region_code,
        institution_code=visit.institution_code,
        hospital_level_code=visit.hospital_level_code,
        scheme_code=visit.record.scheme_code,
        medical_type_code=visit.record.medical_type_code,
        birth_date=visit.birth_date,
        begin_date=begin_date,
        end_date=end_date,
        emergency=visit.record.emergency,
        main_diagnosis_count=sum(diagnosis.main for diagnosis in diagnoses_of(visit)),
        lines=[line.billed for line in lines],
        total_fen=total_fen(lines),
        disease_code=visit.record.disease_code,
    )


def check_undo(visit: Visit, settlement_id: UUID, *, field: str) -> None:
    """Raises unless a settlement of the visit may be taken back now: of a stay only the newest.

    Errors: VISIT_BUSY, UNDO_ORDER.
    """
    check_idle(visit)
    newest = visit.newest
    stands = any(standing.settlement_id == settlement_id for standing in visit.settlements)
    if newest is not None and stands and visit.is_stay and newest.settlement_id != settlement_id:
        raise undo_first("settlement", field=field, settlement=newest)


def _check_until(visit: Visit, scope: Scope, until_date: date | None, today: date) -> None:
    if scope is not Scope.INTERIM:
        if until_date is not None:
            raise _invalid("until_date", "belongs to an INTERIM settlement")
        return
    if until_date is None:
        raise _invalid("until_date", "required for an INTERIM settlement")
    if until_date < visit.record.begin_date:
        raise _invalid("until_date", "before the visit began")
    if until_date > today:
        raise InvalidArgument("DATE_IN_FUTURE", "until_date is in the future", field="until_date")
    if visit.discharge is not None and until_date > visit.discharge.discharge_date:
        raise _invalid("until_date", "after discharge")
    newest = visit.newest
    if newest is not None and newest.until_date is not None and until_date < newest.until_date:
        raise _invalid("until_date", "before the last day of an earlier settlement of the stay")


def _invalid(field: str, description: str) -> InvalidArgument:
    return InvalidArgument("FIELD_INVALID", f"{field}: {description}", field=field)
