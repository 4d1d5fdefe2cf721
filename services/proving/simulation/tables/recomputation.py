"""Settlement's statements on what is computed anew; SQL of the same names in statements.py.

The arguments of a function are $1, $2, … of the statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from services.proving.simulation.engine import Result, Statement, Transaction
from services.proving.simulation.tables.invoices import hand_invoice_on
from services.proving.simulation.tables.journal import (
    append_failed,
    append_reversed,
    attempts,
    insert_intent_rows,
    insert_request,
    insert_reversal,
)
from services.proving.simulation.tables.stays import covering


def insert_recomputation(t: Transaction, *values: Any) -> Result:
    """The intent to replace what is SETTLED and not reversed."""
    request_id, _, settlement_id, now = values[:4]
    if not insert_reversal(t, *values[:7], method="Recompute"):
        return []
    row = {"request_id": request_id, "filing": values[7], "create_time": now}
    t.insert("recomputation", (settlement_id,), row)
    return [{"settlement_id": settlement_id}]


def find_recomputation(t: Transaction, settlement_id: UUID) -> Result:
    """How a settlement is replaced."""
    row = t.get("recomputation", settlement_id)
    return [{**row, "attempts": attempts(t, settlement_id)}] if row else []


def insert_recomputed(t: Transaction, *values: Any) -> Result:
    """REVERSED with its event, and the intent of what comes in its place."""
    trace_id, now, province = values[9], values[10], values[13]
    before, request_id, event, care_province, invoice_key = values[15], *values[18:]
    won = append_reversed(t, before, now, request_id, trace_id, event, care_province, province)
    if won:
        hand_invoice_on(t, invoice_key, before, values[0])
        _insert_successor(t, values)
    return [{"settlement_id": before}] if won else []


def insert_failed_anew(t: Transaction, *values: Any) -> Result:
    """FAILED, and the intent of another one in its place."""
    trace_id, now, province = values[9], values[10], values[13]
    before, request_id, reason, cancel, failure, invoice_key = values[15], *values[18:]
    won = append_failed(t, before, now, request_id, trace_id, reason, cancel, failure, province)
    if won:
        hand_invoice_on(t, invoice_key, before, values[0])
        _insert_successor(t, values)
    return [{"settlement_id": before}] if won else []


def _insert_successor(t: Transaction, values: tuple[Any, ...]) -> None:
    settlement_id, request_id, digest, now = values[0], values[1], values[2], values[10]
    recomputes_id, before, attempt, due = values[14:18]
    insert_request(t, request_id, "Settle", digest, settlement_id, now)
    row = {"settlement_id": settlement_id}
    t.insert("recomputation_attempt", (recomputes_id, attempt), row)
    covers = covering(t, before)
    if covers is not None:
        visit_id = covers["visit_id"]
        ordinal = 1 + sum(key[0] == visit_id for key, _ in t.scan("visit_settlement"))
        copied = {**covers, "ordinal": ordinal, "settlement_id": settlement_id}
        t.insert("visit_settlement", (visit_id, ordinal), copied)
    insert_intent_rows(t, values, due)


STATEMENTS: Final[Mapping[str, Statement]] = {
    "settlement.insert_recomputation": insert_recomputation,
    "settlement.find_recomputation": find_recomputation,
    "settlement.insert_recomputed": insert_recomputed,
    "settlement.insert_failed_anew": insert_failed_anew,
}
