"""The final decision: what is deducted, and the points that come with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.kit.clock import civil_date
from services.kit.ids import new_id
from services.supervision.cases import deduction_store
from services.supervision.cases.model import Case, CaseDeduction, DeductionState
from services.supervision.credit import usecases as credit
from services.supervision.credit.usecases import Award
from services.supervision.domain.case_deduction import Fault, deduction_of, largest, shares_of
from services.supervision.domain.case_states import CaseState
from services.supervision.domain.credit import Subject
from services.supervision.domain.model import ResultClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction
    from uuid import UUID

    from services.kit.db import Connection
    from services.supervision.cases.clients import PaidSettlement
    from services.supervision.cases.desk import Desk
    from services.supervision.domain.recording import RecordedFinding

_GRAVITY = {one: place for place, one in enumerate(ResultClass)}


async def conclude(
    connection: Connection,
    desk: Desk,
    case: Case,
    at_fault_fen: Mapping[UUID, int],
    paid: PaidSettlement,
    *,
    maker_id: str,
    checker_id: str,
    now: datetime,
) -> CaseState:
    """Writes the final decision down with the intent to deduct; returns where the case goes.

    Args:
        connection: of the transaction.
        desk: what officers work with.
        case: the case, locked.
        at_fault_fen: of its findings that are confirmed, how much is at fault.
        paid: the settlement.
        maker_id: who confirmed it in the second review: 经办 of the deduction.
        checker_id: who decides finally: 复核.
        now: when.
    """
    await deduction_store.lock_settlement(connection, case.settlement_id)
    found = await desk.findings.findings_of([case.settlement_id], connection=connection)
    confirmed = [one for one in found[case.settlement_id] if one.finding_id in at_fault_fen]
    faults = [
        Fault(line_ids=one.finding.line_ids, at_fault_fen=at_fault_fen[one.finding_id])
        for one in confirmed
    ]
    shares, funds = await _reckon(connection, desk, case.settlement_id, faults, paid)
    deduction = CaseDeduction(
        decision_id=new_id(now),
        case_id=case.case_id,
        settlement_id=case.settlement_id,
        insured_region_code=case.insured_province_code,
        care_region_code=case.care_province_code,
        maker_id=maker_id,
        checker_id=checker_id,
        state=DeductionState.PENDING if funds else DeductionState.NONE,
        round=1,
        deduction_id=None,
        refusal="",
        appeal_last_date=None,
        funds_fen=funds,
    )
    await deduction_store.insert(connection, desk.cipher, deduction, shares, next_time=now)
    terms = desk.credit_terms.of(civil_date(now))
    await credit.award(
        connection,
        _award(
            case, confirmed, paid, amount_fen=sum(funds.values()), person_rules=terms.person_rules
        ),
        terms=terms,
        now=now,
    )
    return CaseState.DEDUCTING if funds else CaseState.CONFIRMED


async def _reckon(
    connection: Connection,
    desk: Desk,
    settlement_id: UUID,
    faults: Sequence[Fault],
    paid: PaidSettlement,
) -> tuple[dict[str, Fraction], dict[str, int]]:
    """Returns the shares of the lines at fault, and what each fund takes back for them."""
    earlier = await deduction_store.list_standing(connection, desk.cipher, settlement_id)
    taken: dict[str, int] = {}
    for one, _ in earlier:
        for code, fen in one.funds_fen.items():
            taken[code] = taken.get(code, 0) + fen
    shares = shares_of(paid.bill, faults)
    before = largest([lines for _, lines in earlier])
    return shares, deduction_of(paid.bill, shares, before=before, taken_fen=taken)


def _rank(one: RecordedFinding) -> tuple[int, int, int]:
    """Returns the order of gravity: class, amount, then the order of recording."""
    return _GRAVITY[one.finding.result_class], -one.finding.amount_fen, one.finding_number


def _award(
    case: Case,
    confirmed: Sequence[RecordedFinding],
    paid: PaidSettlement,
    *,
    amount_fen: int,
    person_rules: frozenset[str],
) -> Award:
    gravest = min(confirmed, key=_rank)
    is_persons = any(one.finding.rule_code in person_rules for one in confirmed)
    subjects = {
        Subject.INSTITUTION: case.institution_code,
        Subject.DOCTOR: paid.doctor_code,
        Subject.PERSON: paid.person_id if is_persons else "",
    }
    return Award(
        case_id=case.case_id,
        subjects={subject: one for subject, one in subjects.items() if one},
        regions={
            Subject.INSTITUTION: case.care_province_code,
            Subject.DOCTOR: case.care_province_code,
            Subject.PERSON: case.insured_province_code,
        },
        rule_code=gravest.finding.rule_code,
        result_class=gravest.finding.result_class,
        amount_fen=amount_fen,
        medical_type_code=paid.medical_type_code,
    )
