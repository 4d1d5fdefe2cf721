"""A visit with its fee lines and what of them is settled. Pure.

Lines are never marked as settled. Which settlement covers a line follows from the settlements that
stand, oldest first: each covers what its scope says of the lines that were there when it was made
and that no older one covers. So a settlement that fails or is reversed frees its lines by itself.

A refund shares the fate of the line that it refunds: it is covered with it, by its date and batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from uuid import UUID

from services.classification.model import FeeLine
from services.kit import codes
from services.kit.errors import Absent, DomainError, RuleForbids, Unavailable
from services.settlement.domain.visit_states import VisitState

_BUSY_RETRY_MS = 500


class Scope(Enum):
    """How much of a visit a settlement covers; the value is what the database holds."""

    FINAL = "FINAL"
    """All of a stay that is not covered yet, after discharge (出院结算)."""
    INTERIM = "INTERIM"
    """What of a stay falls on or before a date (中途结算)."""
    BATCH = "BATCH"
    """One charge batch of a visit without stay; "" is a batch too."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A diagnosis as recorded."""

    code: str
    """ICD-10, 医保版."""
    main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What an institution records of a visit; the fields of yijie.settlement.v1.VisitRecord."""

    medical_type_code: str
    begin_date: date
    emergency: bool
    injury: bool
    third_party_liable: bool
    referring_institution_code: str
    admission_diagnoses: tuple[Diagnosis, ...]
    disease_code: str
    doctor_code: str
    department_code: str
    scheme_code: str
    expected_discharge_date: date | None = None
    """Of a stay; None: not stated."""
    contact_phone: str = ""
    """Personal data; goes on the bill, and is answered to nobody."""
    operation_codes: tuple[str, ...] = ()
    """ICD-9-CM-3 医保版, the main one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    """What an institution records when a patient leaves."""

    discharge_date: date
    discharge_diagnoses: tuple[Diagnosis, ...]
    discharge_way_code: str
    operation_codes: tuple[str, ...] = ()
    """Of the stay, the main one first; empty: those of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A settlement of a visit that stands, or whose outcome is not known."""

    settlement_id: UUID
    scope: Scope
    charge_batch_number: str
    """Only of a BATCH."""
    until_date: date | None
    """Last day covered; only of an INTERIM one."""
    revision: int
    """The visit's revision when it was made: lines uploaded later have a higher one."""
    busy: bool
    """True while it is PENDING, or is being taken back: nothing else may happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit as it stands at a revision."""

    visit_id: UUID
    recorded_state: VisitState
    """REGISTERED, DISCHARGED or CANCELLED; `state` also knows SETTLED."""
    institution_code: str
    care_region_code: str
    """The institution's, six digits."""
    hospital_level_code: str
    """When the visit was registered."""
    person_id: UUID
    insured_region_code: str
    sex: str
    """GB/T 2261.1, `codes.SEX_MALE` or `codes.SEX_FEMALE`."""
    birth_date: date
    record: Record
    discharge: Discharge | None
    line_count: int
    """Lines that stand, refunds included."""
    line_total_fen: int
    """Their sum."""
    first_fee_date: date | None
    """Earliest fee date of the lines that stand; None: there are none."""
    last_fee_date: date | None
    """Latest fee date of the lines that stand."""
    settlements: tuple[Standing, ...]
    """Those that stand or are under way, oldest first."""
    revision: int
    create_time: datetime
    update_time: datetime
    use_id: UUID | None = None
    """Under what identity took the token that was shown at registration; None: the visit's id."""

    @property
    def token_use_id(self) -> UUID:
        """Returns under what a token is used for this visit, at registration and later."""
        return self.use_id or self.visit_id

    @property
    def is_stay(self) -> bool:
        """Tells whether it is settled as a stay (住院)."""
        return codes.is_inpatient_type(self.record.medical_type_code)

    @property
    def final(self) -> Standing | None:
        """Returns the final settlement, if one stands."""
        newest = self.newest
        return newest if newest is not None and newest.scope is Scope.FINAL else None

    @property
    def newest(self) -> Standing | None:
        """Returns the settlement made last of those that stand."""
        return self.settlements[-1] if self.settlements else None

    @property
    def state(self) -> VisitState:
        """Returns the state that callers see."""
        if self.final is not None and not self.final.busy:
            return VisitState.SETTLED
        return self.recorded_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A fee line that stands."""

    fee: FeeLine
    """As uploaded; of a refund quantity and amount are negative."""
    item_name: str
    refund_of_line_id: str
    """Empty: it is a charge."""
    charge_batch_number: str
    """Of a refund its original's."""
    doctor_code: str
    department_code: str
    revision: int
    """The visit's revision that its upload made."""
    position: int
    """Within its upload, from 0; (revision, position) is the upload order."""
    cover_date: date
    """The date by which interim settlements cover it: its fee date, of a refund its original's."""
    create_time: datetime
    supply_days: int = 0
    """Days for which a dispensed drug lasts; 0: not stated."""

    @property
    def billed(self) -> FeeLine:
        """Returns the fee with its department, which an upload may state beside the fee."""
        if self.fee.department_code or not self.department_code:
            return self.fee
        return replace(self.fee, department_code=self.department_code)


def covered_by(visit: Visit, line: Line) -> Standing | None:
    """Returns the settlement that covers a line; None: it is not settled."""
    return next((s for s in visit.settlements if _covers(s, line)), None)


def covered_lines(visit: Visit, lines: Iterable[Line], settlement_id: UUID) -> list[Line]:
    """Returns the lines that one standing settlement covers, refunds included."""
    found = []
    for line in lines:
        by = covered_by(visit, line)
        if by is not None and by.settlement_id == settlement_id:
            found.append(line)
    return found


def lines_to_settle(
    visit: Visit,
    lines: Iterable[Line],
    scope: Scope,
    *,
    until_date: date | None = None,
    charge_batch_number: str = "",
) -> list[Line]:
    """Returns the lines, refunds included, that a settlement made now would cover.

    `until_date` belongs to INTERIM, `charge_batch_number` to BATCH.
    """
    wanted = Standing(
        settlement_id=UUID(int=0),
        scope=scope,
        charge_batch_number=charge_batch_number,
        until_date=until_date,
        revision=visit.revision,
        busy=False,
    )
    return [line for line in lines if _covers(wanted, line) and covered_by(visit, line) is None]


def net_lines(lines: Sequence[Line]) -> list[Line]:
    """Returns the charges with their refunds taken off, in order; fully refunded ones vanish.

    `lines` has every refund together with its original, as `lines_to_settle` gives them.
    """
    refunds: dict[str, list[Line]] = {}
    for line in lines:
        if line.refund_of_line_id:
            refunds.setdefault(line.refund_of_line_id, []).append(line)
    if not refunds:
        return list(lines)
    charges = (line for line in lines if not line.refund_of_line_id)
    remaining = (
        remainder(line, refunds[line.fee.line_id]) if line.fee.line_id in refunds else line
        for line in charges
    )
    return [line for line in remaining if line.fee.quantity]


def remainder(charge: Line, refunds: Iterable[Line]) -> Line:
    """Returns a charge with refunds taken off; quantity and amount may come to zero."""
    quantity, amount = charge.fee.quantity, charge.fee.amount_fen
    for refund in refunds:
        quantity += refund.fee.quantity
        amount += refund.fee.amount_fen
    return replace(charge, fee=replace(charge.fee, quantity=quantity, amount_fen=amount))


def around_refunds(lines: Iterable[Line]) -> dict[str, tuple[Line, Line]]:
    """Returns what stands of an original before and after each refund, by the refund's line id.

    `lines` are in upload order and have every refund together with its original.
    """
    lines = list(lines)
    left = {line.fee.line_id: line for line in lines if not line.refund_of_line_id}
    found = {}
    for line in lines:
        if line.refund_of_line_id:
            before = left[line.refund_of_line_id]
            left[line.refund_of_line_id] = after = remainder(before, [line])
            found[line.fee.line_id] = (before, after)
    return found


def total_fen(lines: Iterable[Line]) -> int:
    """Returns the sum of lines; the same before and after `net_lines`."""
    return sum(line.fee.amount_fen for line in lines)


def check_access(visit: Visit | None, institution_code: str) -> Visit:
    """Returns the visit for the institution that registered it.

    Errors: RESOURCE_NOT_FOUND, VISIT_OF_ANOTHER_INSTITUTION.
    """
    if visit is None:
        raise Absent(
            "RESOURCE_NOT_FOUND", "no such visit", field="visit_id", metadata={"resource": "visit"}
        )
    if visit.institution_code != institution_code:
        raise RuleForbids(
            "VISIT_OF_ANOTHER_INSTITUTION",
            "another institution registered the visit",
            field="institution_code",
        )
    return visit


def check_idle(visit: Visit) -> None:
    """Raises VISIT_BUSY while a settlement of the visit, or a reversal, is under way."""
    busy = next((s for s in visit.settlements if s.busy), None)
    if busy is not None:
        raise Unavailable(
            "VISIT_BUSY",
            "a settlement of the visit is under way",
            metadata={"settlementId": str(busy.settlement_id)},
            retry_after_ms=_BUSY_RETRY_MS,
        )


def check_state(visit: Visit, *allowed: VisitState) -> None:
    """Raises VISIT_STATE_FORBIDS unless the recorded state is one of those allowed."""
    if visit.recorded_state not in allowed:
        raise state_forbids(visit)


def state_forbids(visit: Visit) -> RuleForbids:
    """Returns the error for something that the visit's state, or kind, does not allow."""
    return RuleForbids(
        "VISIT_STATE_FORBIDS",
        "the visit's state does not allow this",
        field="visit_id",
        metadata={"state": visit.state.value},
    )


def settled(standing: Standing, *, field: str = "visit_id") -> RuleForbids:
    """Returns the error for a change of what is settled."""
    return RuleForbids(
        "VISIT_SETTLED",
        "it is settled; the settlement is taken back first",
        field=field,
        metadata={"settlementId": str(standing.settlement_id)},
    )


def undo_first(what: str, *, field: str, settlement: Standing | None = None) -> DomainError:
    """Returns the error for an undo out of order; `what`: settlement, discharge or fees."""
    metadata = {"undoFirst": what}
    if settlement is not None:
        metadata["settlementId"] = str(settlement.settlement_id)
    return RuleForbids("UNDO_ORDER", f"undone first: {what}", field=field, metadata=metadata)


def _covers(settlement: Standing, line: Line) -> bool:
    if line.revision > settlement.revision:
        return False
    if settlement.scope is Scope.BATCH:
        return line.charge_batch_number == settlement.charge_batch_number
    if settlement.scope is Scope.INTERIM:
        return settlement.until_date is not None and line.cover_date <= settlement.until_date
    return True
