"""What settlement's statements do with invoices; SQL of the same names in its stores.

The arguments of a function are $1, $2, … of the statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from services.proving.simulation.engine import Result, Statement, Transaction


def claim_invoice(t: Transaction, key: bytes | None, holder_id: UUID, now: datetime) -> None:
    """The invoice of a settlement, if it has one; nobody else may have it."""
    if key is not None:
        row = {"channel": "DIRECT", "holder_id": holder_id, "claim_time": now}
        t.insert("invoice", (key,), row)


def free_invoice(t: Transaction, key: bytes | None, holder_id: UUID) -> None:
    """Lets an invoice go, if it is still this one's."""
    held = t.get("invoice", key) if key is not None else None
    if held is not None and held["holder_id"] == holder_id:
        t.delete("invoice", key)


def hand_invoice_on(t: Transaction, key: bytes | None, holder_id: UUID, to: UUID) -> None:
    """Gives an invoice to the settlement that replaces its holder."""
    held = t.get("invoice", key) if key is not None else None
    if held is not None and held["holder_id"] == holder_id:
        t.update("invoice", (key,), holder_id=to)


def find_invoice(t: Transaction, key: bytes) -> Result:
    """By which channel an invoice was claimed, and when."""
    row = t.get("invoice", key)
    return [dict(row)] if row else []


STATEMENTS: Final[Mapping[str, Statement]] = {
    "settlement.find_invoice": find_invoice,
}
