"""What a call learned before it was refused: noted on its way, read only if it is refused."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from services.settlement.domain.bill import Bill
from services.settlement.domain.visit import Visit


@dataclass(slots=True)
class Learned:
    """What the request itself does not say."""

    visit: Visit | None = None
    bill: Bill | None = None
    """Of a visit, once it was put together."""


current: ContextVar[Learned | None] = ContextVar("yijie_learned", default=None)


def note_visit(visit: Visit) -> None:
    """Notes which visit is to be settled; outside a call does nothing."""
    learned = current.get()
    if learned is not None:
        learned.visit = visit


def note_bill(bill: Bill) -> None:
    """Notes what the visit comes to; outside a call does nothing."""
    learned = current.get()
    if learned is not None:
        learned.bill = bill
