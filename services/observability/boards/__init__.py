"""All dashboards, one module each."""

from __future__ import annotations

from services.observability.board import Board, write_board
from services.observability.boards import budget, clearing, round_trip, service, supervision


def boards() -> tuple[Board, ...]:
    """Returns the dashboards."""
    return (
        round_trip.board(),
        budget.board(),
        clearing.board(),
        supervision.board(),
        service.board(),
    )


def board_files() -> dict[str, str]:
    """Returns the files of charts/yijie/dashboards: name → text."""
    return {f"{board.uid}.json": write_board(board) for board in boards()}
