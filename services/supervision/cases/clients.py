"""What cases call: settlement for what funds paid, clearing for deductions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from services.kit import wire
from services.kit.channel import Callee
from services.kit.errors import Absent, DomainError, LostRace, Overloaded, Unavailable
from services.kit.funds import national_fund
from services.kit.ids import new_id
from services.kit.status import from_status
from services.supervision.domain.case_deduction import PaidBill, PaidLine
from services.supervision.domain.case_states import CaseState
from yijie.clearing.v1 import dispute_pb2, dispute_service_pb2, dispute_service_pb2_grpc
from yijie.settlement.v1 import settlement_service_pb2, settlement_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    import grpc

    from services.supervision.cases.model import CaseDeduction

_GET_S: Final = 5.0
_RECORD_S: Final = 20.0
_STATES: Final[Mapping[int, CaseState]] = {
    dispute_pb2.DEDUCTION_STATE_PENDING: CaseState.DEDUCTED,
    dispute_pb2.DEDUCTION_STATE_APPEALED: CaseState.APPEALED,
    dispute_pb2.DEDUCTION_STATE_UPHELD: CaseState.UPHELD,
    dispute_pb2.DEDUCTION_STATE_WITHDRAWN: CaseState.WITHDRAWN,
    dispute_pb2.DEDUCTION_STATE_LAPSED: CaseState.LAPSED,
    dispute_pb2.DEDUCTION_STATE_RETURNED: CaseState.LAPSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidSettlement:
    """A settlement as the final review needs it."""

    bill: PaidBill
    person_id: str
    doctor_code: str
    """Empty: not stated."""
    medical_type_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A deduction as clearing has it."""

    deduction_id: UUID
    state: CaseState
    """Where it takes the case."""
    funds_fen: dict[str, int]
    """What it takes back, by fund type."""
    appeal_last_date: date
    change_time: datetime | None
    """When it came there; None: not told."""


class Settlements(Protocol):
    """Where what funds paid is looked up."""

    async def paid(self, settlement_id: UUID) -> PaidSettlement:
        """Returns a settlement."""
        ...


class Deductions(Protocol):
    """Where deductions are recorded."""

    async def record(
        self, decisions: Sequence[CaseDeduction], *, now: datetime
    ) -> list[Recorded | DomainError]:
        """Records decisions of the same two people; returns what became of each, in order."""
        ...

    async def get(self, deduction_id: UUID) -> Recorded:
        """Returns a deduction as it stands."""
        ...


class SettlementsClient:
    """Settlements over SettlementService."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = settlement_service_pb2_grpc.SettlementServiceStub(channel)
        self._callee = Callee("settlement")

    async def paid(self, settlement_id: UUID) -> PaidSettlement:
        """Returns a settlement with its lines.

        Raises:
            Unavailable: settlement did not answer in time.
            Absent: settlement does not know it.
        """
        request = settlement_service_pb2.GetSettlementRequest(
            settlement_id=str(settlement_id),
            view=settlement_service_pb2.SETTLEMENT_VIEW_FULL,
        )
        response = await self._callee.call(self._stub.GetSettlement, request, own_s=_GET_S)
        return read_paid(response.settlement)


class ClearingClient:
    """Deductions over DisputeService of clearing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = dispute_service_pb2_grpc.DisputeServiceStub(channel)
        self._callee = Callee("clearing")

    async def record(
        self, decisions: Sequence[CaseDeduction], *, now: datetime
    ) -> list[Recorded | DomainError]:
        """Records decisions of the same two people; returns what became of each, in order.

        Asked again with the same decisions it answers the deductions as they stand.

        Raises:
            Unavailable: clearing did not answer in time; it may have recorded them.
        """
        request = dispute_service_pb2.RecordDeductionsRequest(
            # A repeat is known by its decisions; the request may then hold others, too.
            request_id=str(new_id(now)),
            maker_id=decisions[0].maker_id,
            checker_id=decisions[0].checker_id,
            deductions=[
                dispute_service_pb2.AskedDeduction(
                    decision_id=str(one.decision_id),
                    settlement_id=str(one.settlement_id),
                    insured_region_code=one.insured_region_code,
                    care_region_code=one.care_region_code,
                    funds=[
                        dispute_service_pb2.AskedFund(
                            fund_type_code=code, amount=wire.write_money(fen)
                        )
                        for code, fen in one.funds_fen.items()
                    ],
                )
                for one in decisions
            ],
        )
        response = await self._callee.call(self._stub.RecordDeductions, request, own_s=_RECORD_S)
        return [_read_result(one) for one in response.results]

    async def get(self, deduction_id: UUID) -> Recorded:
        """Returns a deduction as it stands.

        Raises:
            Unavailable: clearing did not answer in time, or in words of a later version.
        """
        request = dispute_service_pb2.GetDeductionRequest(deduction_id=str(deduction_id))
        response = await self._callee.call(self._stub.GetDeduction, request, own_s=_GET_S)
        return read_recorded(response.deduction)


def is_passing(error: DomainError) -> bool:
    """Tells whether a refusal of clearing may be gone later: it is asked again.

    A settlement that the ledger does not have yet comes with its feed.
    """
    return isinstance(error, Unavailable | Overloaded | LostRace | Absent)


def read_paid(settlement: Any) -> PaidSettlement:
    """Reads a settlement in the full view."""
    amounts = {one.line_id: one.amount.fen for one in settlement.bill.lines}
    funds: dict[str, int] = {}
    for one in settlement.adjudication.fund_payments:
        if one.amount.fen > 0:
            code = national_fund(one.fund_type_code)
            funds[code] = funds.get(code, 0) + one.amount.fen
    return PaidSettlement(
        bill=PaidBill(
            lines={
                one.line_id: PaidLine(
                    amount_fen=amounts.get(one.line_id, one.split.total.fen),
                    in_scope_fen=one.split.in_scope.fen,
                )
                for one in settlement.lines
            },
            funds_fen=funds,
        ),
        person_id=settlement.person_id,
        doctor_code=settlement.bill.doctor_code,
        medical_type_code=settlement.medical_type_code,
    )


def _read_result(result: Any) -> Recorded | DomainError:
    if result.WhichOneof("outcome") != "deduction":
        return from_status(result.error) or Unavailable(
            "CALLEE_UNAVAILABLE", "clearing did not say what is wrong"
        )
    try:
        return read_recorded(result.deduction)
    except DomainError as error:
        return error


def read_recorded(deduction: Any) -> Recorded:
    """Reads a deduction of clearing.

    Raises:
        Unavailable: it is in a state that only a later version knows.
    """
    if deduction.state not in _STATES:
        raise Unavailable("CALLEE_UNAVAILABLE", "clearing gave a state that is not known here")
    return Recorded(
        deduction_id=wire.read_uuid(deduction.deduction_id),
        state=_STATES[deduction.state],
        funds_fen={one.fund_type_code: one.amount.fen for one in deduction.funds},
        appeal_last_date=wire.read_date(deduction.appeal_last_date, "appeal_last_date"),
        change_time=(
            wire.read_time(deduction.changes[-1].change_time) if deduction.changes else None
        ),
    )
