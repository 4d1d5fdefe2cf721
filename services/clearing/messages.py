"""From the domain to the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.clearing.domain.ledger import Position, Side
from services.kit import wire
from yijie.clearing.v1 import ledger_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.clearing.store import BookedEntry

_SIDES: Final[Mapping[Side, ledger_pb2.AccountSide]] = {
    Side.PAYABLE: ledger_pb2.ACCOUNT_SIDE_PAYABLE,
    Side.RECEIVABLE: ledger_pb2.ACCOUNT_SIDE_RECEIVABLE,
}


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
    reverses = booked.reverses_transfer_id
    return ledger_pb2.Entry(
        entry_id=booked.entry_id,
        transfer_id=str(booked.entry.transfer_id),
        settlement_id=str(booked.settlement_id),
        insured_region_code=booked.pair.insured_region_code,
        care_region_code=booked.pair.care_region_code,
        month=booked.pair.month,
        scheme_code=booked.pair.scheme_code,
        fund_type_code=booked.fund_type_code,
        side=_SIDES[booked.entry.side],
        amount=wire.write_money(booked.entry.amount_fen),
        reverses_transfer_id="" if reverses is None else str(reverses),
        create_time=wire.write_time(booked.create_time),
    )
