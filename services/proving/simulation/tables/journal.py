"""Settlement's statements on the journal and open intents; SQL of the same names in its stores.

The arguments of a function are $1, $2, … of the statement.
"""

# ruff: noqa: PLR0917

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.proving.simulation.engine import Result, Row, Statement, Transaction
from services.proving.simulation.tables.invoices import claim_invoice, free_invoice
from services.proving.simulation.tables.stays import tell_stay

_SETTLED: Final = "SETTLED"


def insert_intent_rows(
    t: Transaction, values: tuple[Any, ...], due: datetime | None = None
) -> None:
    """Settlement, PENDING and the open intent, from $1 to $14 of all that write an intent."""
    (settlement_id, request_id, _, care, insured, institution, person_id, scheme, total) = values[
        :9
    ]
    trace_id, now, commit_request, detail, province = values[9:14]
    t.insert(
        "settlement",
        (settlement_id,),
        {
            "settlement_id": settlement_id,
            "request_id": request_id,
            "care_region_code": care,
            "insured_region_code": insured,
            "institution_code": institution,
            "person_id": person_id,
            "scheme_code": scheme,
            "total_fen": total,
            "trace_id": trace_id,
            "create_time": now,
            "commit_request": commit_request,
            "detail": detail,
        },
    )
    _change(t, settlement_id, 1, state="PENDING", change_time=now, request_id=request_id)
    _open(t, settlement_id, "SETTLE", request_id, due or now, province)


def insert_intent(t: Transaction, *values: Any) -> Result:
    """Request, settlement, PENDING and the open intent; nothing if the request id is taken."""
    settlement_id, request_id, digest, now = values[0], values[1], values[2], values[10]
    if not _take(t, request_id, "Settle", digest, settlement_id, now):
        return []
    claim_invoice(t, values[14], settlement_id, now)
    insert_intent_rows(t, values)
    return [{"settlement_id": settlement_id}]


def insert_settled(
    t: Transaction,
    settlement_id: UUID,
    now: datetime,
    request_id: UUID,
    trace_id: str,
    adjudication: bytes,
    total: int,
    fund: int,
    account: int,
    cash: int,
    event: bytes,
    care_province: str,
    insured_province: str,
    round_trip_ms: int | None,
    region_ms: int | None,
) -> Result:
    """The outcome SETTLED with its event, unless there is an outcome."""
    won = _change(
        t,
        settlement_id,
        2,
        state=_SETTLED,
        change_time=now,
        request_id=request_id,
        trace_id=trace_id,
        adjudication=adjudication,
        sealed=True,
        total_fen=total,
        fund_fen=fund,
        account_fen=account,
        cash_fen=cash,
        round_trip_ms=round_trip_ms,
        region_ms=region_ms,
    )
    if won:
        _tell(t, settlement_id, _SETTLED, now, event, care_province, insured_province)
    t.delete("open_intent", settlement_id, "SETTLE")
    return _won(settlement_id, won=won)


def insert_settled_stay(t: Transaction, settlement_id: UUID, now: datetime, *rest: Any) -> Result:
    """SETTLED as above, told to those who follow stays."""
    won = insert_settled(t, settlement_id, now, *rest)
    if won:
        tell_stay(t, settlement_id, now, _SETTLED)
    return won


def append_failed(
    t: Transaction,
    settlement_id: UUID,
    now: datetime,
    request_id: UUID,
    trace_id: str,
    reason: str,
    cancel: str,
    failure: bytes,
    province: str,
) -> bool:
    """FAILED, and with `cancel` the work of telling the region, unless there is an outcome."""
    won = _change(
        t,
        settlement_id,
        2,
        state="FAILED",
        reason=reason,
        change_time=now,
        request_id=request_id,
        trace_id=trace_id,
        failure=failure,
        sealed=True,
    )
    if won and cancel == "CANCEL":
        _open(t, settlement_id, "CANCEL", request_id, now, province)
    t.delete("open_intent", settlement_id, "SETTLE")
    return won


def insert_failed(t: Transaction, settlement_id: UUID, *values: Any) -> Result:
    """The outcome FAILED as above; refused for what replaces another one."""
    *outcome, invoice_key = values
    won = append_failed(t, settlement_id, *outcome)
    if won:
        free_invoice(t, invoice_key, settlement_id)
    if won and any(row["settlement_id"] == settlement_id for _, row in _replacing(t)):
        raise asyncpg.RaiseError("what replaces a settlement does not fail without another")
    return _won(settlement_id, won=won)


def insert_reversal(
    t: Transaction,
    request_id: UUID,
    digest: bytes,
    settlement_id: UUID,
    now: datetime,
    province: str,
    visit_id: UUID | None,
    revision: int | None,
    *,
    method: str = "Reverse",
) -> Result:
    """The intent to reverse what is SETTLED and not reversed, with its request id, or nothing."""
    visit = t.get("visit", visit_id) if visit_id is not None else None
    raised = False
    if visit is not None and visit["revision"] == revision:
        visit = t.lock("visit", visit_id)
        raised = visit is not None and visit["revision"] == revision
        if visit is not None and raised:
            t.update("visit", (visit_id,), revision=visit["revision"] + 1, update_time=now)
    outcome = t.get("state_change", settlement_id, 2)
    is_settled = outcome is not None and outcome["state"] == _SETTLED
    if (
        not is_settled
        or t.get("state_change", settlement_id, 3) is not None
        or (visit_id is not None and not raised)
    ):
        return []
    row = _intent(settlement_id, "REVERSE", request_id, now, province)
    if not t.insert_new("open_intent", (settlement_id, "REVERSE"), row):
        return []
    insert_request(t, request_id, method, digest, settlement_id, now)
    return [{"settlement_id": settlement_id}]


def is_reversing(t: Transaction, settlement_id: UUID) -> Result:
    """Whether the intent to reverse is open."""
    return [{"?column?": 1}] if t.get("open_intent", settlement_id, "REVERSE") else []


def take_request(
    t: Transaction,
    request_id: UUID,
    digest: bytes,
    settlement_id: UUID,
    now: datetime,
    method: str,
) -> Result:
    """Takes a request id for what has nothing to do, unless it is taken."""
    taken = _take(t, request_id, method, digest, settlement_id, now)
    return [{"request_id": request_id}] if taken else []


def insert_reversed(
    t: Transaction,
    settlement_id: UUID,
    now: datetime,
    request_id: UUID,
    trace_id: str,
    event: bytes,
    care_province: str,
    insured_province: str,
    invoice_key: bytes | None,
) -> Result:
    """REVERSED with its event, unless it is there; refused for what is to be replaced."""
    if t.get("recomputation", settlement_id) and not attempts(t, settlement_id):
        raise asyncpg.RaiseError("the settlement is to be replaced, not only reversed")
    won = append_reversed(
        t, settlement_id, now, request_id, trace_id, event, care_province, insured_province
    )
    if won:
        free_invoice(t, invoice_key, settlement_id)
        tell_stay(t, settlement_id, now)
    return _won(settlement_id, won=won)


def append_reversed(
    t: Transaction,
    settlement_id: UUID,
    now: datetime,
    request_id: UUID,
    trace_id: str,
    event: bytes,
    care_province: str,
    insured_province: str,
) -> bool:
    """REVERSED with its event, unless it is there; returns whether it was not."""
    won = _change(
        t,
        settlement_id,
        3,
        state="REVERSED",
        change_time=now,
        request_id=request_id,
        trace_id=trace_id,
    )
    if won:
        _tell(t, settlement_id, "REVERSED", now, event, care_province, insured_province)
    t.delete("open_intent", settlement_id, "REVERSE")
    return won


def _replacing(t: Transaction) -> list[tuple[Any, Row]]:
    return list(t.scan("recomputation_attempt"))


def attempts(t: Transaction, settlement_id: UUID) -> list[UUID]:
    """What was put in the place of a settlement, oldest first."""
    rows = sorted(
        (key[1], row["settlement_id"]) for key, row in _replacing(t) if key[0] == settlement_id
    )
    return [found for _, found in rows]


def find_request(t: Transaction, request_id: UUID) -> Result:
    """What a request id stands for."""
    row = t.get("request", request_id)
    return [dict(row)] if row else []


def find(t: Transaction, settlement_id: UUID) -> Result:
    """A settlement with its outcome and its reversal."""
    row = t.get("settlement", settlement_id)
    return [_joined(t, row)] if row else []


def list_settlements(
    t: Transaction,
    before: UUID | None,
    care: str,
    insured: str,
    first: UUID | None,
    end: UUID | None,
    state: str,
    limit: int,
) -> Result:
    """Settlements, newest first."""
    rows = [
        _joined(t, row)
        for (settlement_id,), row in t.scan("settlement")
        if (before is None or settlement_id < before)
        and (first is None or settlement_id >= first)
        and (end is None or settlement_id < end)
        and row["care_region_code"].startswith(care)
        and row["insured_region_code"].startswith(insured)
    ]
    if state:
        rows = [row for row in rows if _state_of(row) == state]
    return sorted(rows, key=lambda row: row["settlement_id"], reverse=True)[:limit]


def insert_quarantine(t: Transaction, settlement_id: UUID, *values: Any) -> Result:
    """An answer that was refused."""
    t.insert("quarantine", (t.server.next_value("quarantine"),), {"of": (settlement_id, *values)})
    return 1


def ensure_months(t: Transaction, first: date, second: date) -> Result:  # noqa: ARG001
    """There are no partitions here."""
    return []


def _take(
    t: Transaction, request_id: UUID, method: str, digest: bytes, settlement_id: UUID, now: datetime
) -> bool:
    return t.insert_new("request", (request_id,), _request(method, digest, settlement_id, now))


def insert_request(
    t: Transaction, request_id: UUID, method: str, digest: bytes, settlement_id: UUID, now: datetime
) -> None:
    """A request id that must not be taken."""
    t.insert("request", (request_id,), _request(method, digest, settlement_id, now))


def _request(method: str, digest: bytes, settlement_id: UUID, now: datetime) -> Row:
    return {
        "method": method,
        "request_hash": digest,
        "settlement_id": settlement_id,
        "create_time": now,
    }


def _open(
    t: Transaction, settlement_id: UUID, kind: str, request_id: UUID, now: datetime, province: str
) -> None:
    row = _intent(settlement_id, kind, request_id, now, province)
    t.insert("open_intent", (settlement_id, kind), row)


def _intent(
    settlement_id: UUID, kind: str, request_id: UUID, now: datetime, province: str
) -> dict[str, Any]:
    return {
        "settlement_id": settlement_id,
        "kind": kind,
        "request_id": request_id,
        "create_time": now,
        "claim_time": None,
        "insured_province": province,
    }


def _change(t: Transaction, settlement_id: UUID, version: int, **columns: Any) -> bool:
    return t.insert_new("state_change", (settlement_id, version), columns)


def _tell(
    t: Transaction,
    settlement_id: UUID,
    kind: str,
    now: datetime,
    event: bytes,
    care_province: str,
    insured_province: str,
) -> None:
    key = (t.xid, t.server.next_value("outbox"))
    t.insert(
        "outbox",
        key,
        {
            "transaction_id": key[0],
            "sequence": key[1],
            "settlement_id": settlement_id,
            "kind": kind,
            "event_time": now,
            "settlement": event,
            "care_province": care_province,
            "insured_province": insured_province,
        },
    )


def _won(settlement_id: UUID, *, won: bool) -> Result:
    return [{"settlement_id": settlement_id}] if won else []


def _joined(t: Transaction, row: Row) -> dict[str, Any]:
    settlement_id = row["settlement_id"]
    outcome = t.get("state_change", settlement_id, 2) or {}
    reversed_ = t.get("state_change", settlement_id, 3) or {}
    return {
        **row,
        "outcome": outcome.get("state"),
        "reason": outcome.get("reason", "" if outcome else None),
        "failure": outcome.get("failure"),
        "outcome_time": outcome.get("change_time"),
        "adjudication": outcome.get("adjudication"),
        "sealed": outcome.get("sealed"),
        "round_trip_ms": outcome.get("round_trip_ms"),
        "region_ms": outcome.get("region_ms"),
        "reverse_time": reversed_.get("change_time"),
    }


def _state_of(row: Row) -> str:
    return "REVERSED" if row["reverse_time"] else row["outcome"] or "PENDING"


STATEMENTS: Final[Mapping[str, Statement]] = {
    "settlement.insert_intent": insert_intent,
    "settlement.insert_settled": insert_settled,
    "settlement.insert_settled_stay": insert_settled_stay,
    "settlement.insert_failed": insert_failed,
    "settlement.insert_reversal": insert_reversal,
    "settlement.is_reversing": is_reversing,
    "settlement.take_request": take_request,
    "settlement.insert_reversed": insert_reversed,
    "settlement.find_request": find_request,
    "settlement.find": find,
    "settlement.list": list_settlements,
    "settlement.insert_quarantine": insert_quarantine,
    "settlement.ensure_months": ensure_months,
}
