"""Between the domain and the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.clearing.balances import BalanceFilter
from services.clearing.domain.chain import ProblemKind
from services.clearing.domain.ledger import FEED_KINDS, Kind, Phase, Purpose, Side
from services.kit import wire
from yijie.clearing.v1 import clearing_service_pb2, ledger_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.clearing.balances import Balance
    from services.clearing.chain_audit import Verified
    from services.clearing.domain.positions import Position
    from services.clearing.store import BookedEntry

_SIDES: Final[Mapping[Side, ledger_pb2.AccountSide]] = {
    Side.PAYABLE: ledger_pb2.ACCOUNT_SIDE_PAYABLE,
    Side.RECEIVABLE: ledger_pb2.ACCOUNT_SIDE_RECEIVABLE,
}


_PURPOSES: Final[Mapping[Purpose, Any]] = {
    one: ledger_pb2.AccountPurpose.Value(f"ACCOUNT_PURPOSE_{one.value}") for one in Purpose
}
_PHASES: Final[Mapping[Phase, Any]] = {
    one: ledger_pb2.AccountPhase.Value(f"ACCOUNT_PHASE_{one.value}") for one in Phase
}
_KINDS: Final[Mapping[Kind, Any]] = {
    one: ledger_pb2.BookingKind.Value(f"BOOKING_KIND_{one.value}") for one in Kind
}
_PROBLEMS: Final[Mapping[ProblemKind, Any]] = {
    one: ledger_pb2.LedgerProblemKind.Value(f"LEDGER_PROBLEM_KIND_{one.value}")
    for one in ProblemKind
}
_PURPOSE_OF: Final = {number: one for one, number in _PURPOSES.items()}
_PHASE_OF: Final = {number: one for one, number in _PHASES.items()}


def read_balance_filter(request: Any) -> BalanceFilter:
    """Returns which balances are asked for."""
    return BalanceFilter(
        insured_region_code=request.insured_region_code,
        care_region_code=request.care_region_code,
        month=request.month,
        scheme_code=request.scheme_code,
        purposes=tuple(_PURPOSE_OF[number] for number in request.purposes),
        phase=_PHASE_OF.get(request.phase, Phase.POSTED),
    )


def write_balance(balance: Balance) -> ledger_pb2.Balance:
    """Returns the message of a balance."""
    return ledger_pb2.Balance(
        insured_region_code=balance.pair.insured_region_code,
        care_region_code=balance.pair.care_region_code,
        month=balance.pair.month,
        scheme_code=balance.pair.scheme_code,
        fund_type_code=balance.fund_type_code,
        purpose=_PURPOSES[balance.purpose],
        phase=_PHASES[balance.phase],
        owed=wire.write_money(balance.owed_fen),
    )


def write_verified(verified: Verified) -> clearing_service_pb2.VerifyLedgerResponse:
    """Returns the answer of a verification."""
    response = clearing_service_pb2.VerifyLedgerResponse(
        verified_until_block=verified.until.block_id,
        digest=verified.until.digest.hex(),
        last_block_id=verified.last_block_id,
    )
    if verified.problem is not None:
        response.problem.block_id = verified.problem.block_id
        response.problem.kind = _PROBLEMS[verified.problem.kind]
    return response


def write_position(position: Position) -> ledger_pb2.Position:
    """Returns the message of a position; funds by their codes."""
    return ledger_pb2.Position(
        insured_region_code=position.pair.insured_region_code,
        care_region_code=position.pair.care_region_code,
        month=position.pair.month,
        scheme_code=position.pair.scheme_code,
        owed=wire.write_money(sum(position.owed_fen.values())),
        funds=[
            ledger_pb2.FundPosition(fund_type_code=code, owed=wire.write_money(fen))
            for code, fen in sorted(position.owed_fen.items())
        ],
        settlement_count=position.settlement_count,
        reversal_count=position.reversal_count,
    )


def write_entry(booked: BookedEntry) -> ledger_pb2.Entry:
    """Returns the message of an entry in the ledger."""
    reverses, resolves = booked.reverses_transfer_id, booked.resolves_transfer_id
    return ledger_pb2.Entry(
        entry_id=booked.entry_id,
        transfer_id=str(booked.entry.transfer_id),
        settlement_id=str(booked.source_id) if booked.kind in FEED_KINDS else "",
        insured_region_code=booked.pair.insured_region_code,
        care_region_code=booked.pair.care_region_code,
        month=booked.pair.month,
        scheme_code=booked.pair.scheme_code,
        fund_type_code=booked.fund_type_code,
        side=_SIDES[booked.entry.side],
        amount=wire.write_money(booked.entry.amount_fen),
        reverses_transfer_id="" if reverses is None else str(reverses),
        create_time=wire.write_time(booked.create_time),
        purpose=_PURPOSES[booked.purpose],
        phase=_PHASES[booked.entry.phase],
        kind=_KINDS[booked.kind],
        block_id=booked.block_id,
        source_id=str(booked.source_id),
        resolves_transfer_id="" if resolves is None else str(resolves),
    )
