"""Deadlines: every unary call has one, and every call downstream gets what is left of it."""

from __future__ import annotations

from services.kit import call as calls

RESERVE_S = 0.02
"""Kept back for our own answer when a callee is given what is left."""
FLOOR_S = 0.005
"""With less than this a callee cannot answer: fail at once instead of burdening it."""


class DeadlineTooShortError(Exception):
    """Too little of the caller's deadline is left to start the work."""

    def __init__(self, remaining_s: float) -> None:
        """Holds what is left, in whole milliseconds."""
        super().__init__()
        self.remaining_ms = max(0, int(remaining_s * 1000))


def budget_s(own_s: float) -> float:
    """Returns the seconds to give a callee: our own budget for it, or what the caller left us.

    Raises DeadlineTooShortError when that is below the floor.
    """
    call = calls.current.get()
    remaining = call.remaining_s() if call else None
    budget = own_s if remaining is None else min(own_s, remaining - RESERVE_S)
    if budget < FLOOR_S:
        raise DeadlineTooShortError(own_s if remaining is None else remaining)
    return budget
