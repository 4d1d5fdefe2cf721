"""Settlement's statements on visits; SQL of the same names in visit_store.py and store.py.

The arguments of a function are $1, $2, … of the statement. Partial unique indexes are tables of
their own, which hold the keys that are taken.
"""

# ruff: noqa: PLR0917
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.proving.simulation.engine import Result, Row, Statement, Transaction
from services.proving.simulation.tables.invoices import claim_invoice
from services.proving.simulation.tables.journal import (
    insert_intent_rows,
    insert_request,
)
from services.proving.simulation.tables.stays import tell_admission

_ONE_OPEN_STAY: Final = "visit_one_open_stay"
_ONE_LINE_ID: Final = "visit_line_one_id"
_MOVED: Final = (
    "state",
    "is_stay",
    "line_count",
    "line_total_fen",
    "first_fee_date",
    "last_fee_date",
    "record",
    "discharge",
)
_NO_SETTLEMENT: Final[Mapping[str, Any]] = dict.fromkeys(
    (
        "ordinal",
        "settlement_id",
        "scope",
        "charge_batch_number",
        "until_date",
        "settled_revision",
        "busy",
    )
)


def insert_visit_intent(t: Transaction, *values: Any) -> Result:
    """The intent to settle a part of a visit, if the visit is at the revision that was read."""
    settlement_id, request_id, digest, now = values[0], values[1], values[2], values[10]
    visit_id, revision, scope, batch, until_date, invoice_key = values[14:]
    ordinal = 1 + sum(key[0] == visit_id for key, _ in t.scan("visit_settlement"))
    if not _raise_revision(t, visit_id, revision, now):
        return []
    insert_request(t, request_id, "Settle", digest, settlement_id, now)
    claim_invoice(t, invoice_key, settlement_id, now)
    t.insert(
        "visit_settlement",
        (visit_id, ordinal),
        {
            "visit_id": visit_id,
            "ordinal": ordinal,
            "settlement_id": settlement_id,
            "scope": scope,
            "charge_batch_number": batch,
            "until_date": until_date,
            "revision": revision,
        },
    )
    insert_intent_rows(t, values)
    return [{"settlement_id": settlement_id}]


def find_visit(t: Transaction, visit_id: UUID) -> Result:
    """A visit, a row for each settlement that stands, or one without."""
    visit = t.get("visit", visit_id)
    return _with_settlements(t, visit) if visit else []


def list_visits(
    t: Transaction,
    institution_code: str,
    before: UUID | None,
    first: UUID | None,
    end: UUID | None,
    limit: int,
) -> Result:
    """Visits of an institution, newest first, as `find_visit` has each."""
    found = [
        row
        for (visit_id,), row in sorted(t.scan("visit"), key=lambda found: found[0], reverse=True)
        if row["institution_code"] == institution_code
        and (before is None or visit_id < before)
        and (first is None or visit_id >= first)
        and (end is None or visit_id < end)
    ]
    return [row for visit in found[:limit] for row in _with_settlements(t, visit)]


def find_open_stay(t: Transaction, person_id: UUID) -> Result:
    """Where a person's open stay is."""
    return [
        {"care_region_code": row["care_region_code"]}
        for _, row in t.scan("visit")
        if row["person_id"] == person_id and _is_open_stay(row)
    ]


def find_line_ids(t: Transaction, visit_id: UUID, line_ids: Sequence[str]) -> Result:
    """Which ids lines that stand have."""
    return [
        {"line_id": row["line_id"]}
        for _, row in _standing_lines(t, visit_id)
        if row["line_id"] in line_ids
    ]


def find_lines(
    t: Transaction, visit_id: UUID, revision: int, position: int, limit: int | None
) -> Result:
    """Lines that stand after a place, a row per upload."""
    lines = sorted(
        (key for key, _ in _standing_lines(t, visit_id) if key[1:] > (revision, position))
    )
    rows: dict[int, dict[str, Any]] = {}
    for key in lines[:limit]:
        upload = t.get("visit_upload", visit_id, key[1]) or {}
        line = t.get("visit_line", *key) or {}
        row = rows.setdefault(
            key[1], {**upload, "revision": key[1], "positions": [], "cover_dates": []}
        )
        row["positions"].append(key[2])
        row["cover_dates"].append(line["cover_date"])
    return list(rows.values())


def find_visit_request(t: Transaction, request_id: UUID) -> Result:
    """What a request that changed a visit was answered."""
    row = t.get("visit_request", request_id)
    return [dict(row)] if row else []


def insert_visit(
    t: Transaction,
    request_id: UUID,
    method: str,
    digest: bytes,
    response: bytes,
    visit_id: UUID,
    now: Any,
    revision: int,
    state: str,
    institution_code: str,
    care: str,
    level: str,
    person_id: UUID,
    insured: str,
    is_stay: bool,
    patient: bytes,
    record: bytes,
    use_id: UUID | None,
    admission: bytes,
) -> Result:
    """A new visit with its request, unless the request id is taken."""
    answer = _answer(method, digest, response, visit_id)
    if not t.insert_new("visit_request", (request_id,), answer):
        return []
    row = {
        "visit_id": visit_id,
        "revision": revision,
        "state": state,
        "institution_code": institution_code,
        "care_region_code": care,
        "hospital_level_code": level,
        "person_id": person_id,
        "insured_region_code": insured,
        "is_stay": is_stay,
        "line_count": 0,
        "line_total_fen": 0,
        "first_fee_date": None,
        "last_fee_date": None,
        "patient": patient,
        "record": record,
        "discharge": None,
        "create_time": now,
        "update_time": now,
        "use_id": use_id,
    }
    t.insert("visit", (visit_id,), row)
    if _is_open_stay(row):
        t.insert(_ONE_OPEN_STAY, (person_id,), {}, constraint=_ONE_OPEN_STAY)
    if is_stay:
        tell_admission(t, visit_id, revision, state, now, admission)
    return [{"visit_id": visit_id}]


def update_visit(t: Transaction, *values: Any) -> Result:
    """A visit over the revision before, with its request."""
    if not _moved(t, values):
        return []
    visit_id, now, revision = values[4:7]
    told, admission = values[16:]
    if told is not None:
        tell_admission(t, visit_id, revision, told, now, admission)
    return [{"revision": revision}]


def insert_lines(t: Transaction, *values: Any) -> Result:
    """A visit over the revision before, with an upload."""
    visit_id, now, revision = values[4:7]
    upload, line_ids, fee_dates, cover_dates, amounts = values[16:]
    if not _moved(t, values):
        return []
    t.insert("visit_upload", (visit_id, revision), {"create_time": now, "lines": upload})
    columns: list[tuple[str, date, date, int]] = list(
        zip(line_ids, fee_dates, cover_dates, amounts, strict=True)
    )
    for position, (line_id, fee_date, cover_date, amount) in enumerate(columns):
        row = {
            "line_id": line_id,
            "fee_date": fee_date,
            "cover_date": cover_date,
            "amount_fen": amount,
            "cancel_revision": None,
        }
        t.insert("visit_line", (visit_id, revision, position), row)
        t.insert(_ONE_LINE_ID, (visit_id, line_id), {}, constraint=_ONE_LINE_ID)
    return [{"revision": revision}]


def cancel_lines(t: Transaction, *values: Any) -> Result:
    """A visit over the revision before, with lines taken back."""
    visit_id, revision = values[4], values[6]
    if not _moved(t, values):
        return []
    for place in zip(*values[16:], strict=True):
        row = t.update("visit_line", (visit_id, *place), cancel_revision=revision)
        if row is not None:
            t.delete(_ONE_LINE_ID, visit_id, row["line_id"])
    return [{"revision": revision}]


def _moved(t: Transaction, values: tuple[Any, ...]) -> bool:
    request_id, method, digest, response, visit_id, now, revision, before = values[:8]
    seen = t.get("visit", visit_id)
    if seen is None or seen["revision"] != before or t.get("visit_request", request_id):
        return False
    newest = t.lock("visit", visit_id)
    if newest is None or newest["revision"] != before:
        return False
    changes = dict(zip(_MOVED, values[8:16], strict=True))
    changed = t.update("visit", (visit_id,), revision=revision, update_time=now, **changes)
    if changed is None:
        return False
    if _is_open_stay(changed) and not _is_open_stay(newest):
        t.insert(_ONE_OPEN_STAY, (changed["person_id"],), {}, constraint=_ONE_OPEN_STAY)
    if _is_open_stay(newest) and not _is_open_stay(changed):
        t.delete(_ONE_OPEN_STAY, changed["person_id"])
    t.insert("visit_request", (request_id,), _answer(method, digest, response, visit_id))
    return True


def _raise_revision(t: Transaction, visit_id: UUID, revision: int, now: Any) -> bool:
    seen = t.get("visit", visit_id)
    if seen is None or seen["revision"] != revision:
        return False
    newest = t.lock("visit", visit_id)
    if newest is None or newest["revision"] != revision:
        return False
    t.update("visit", (visit_id,), revision=revision + 1, update_time=now)
    return True


def _with_settlements(t: Transaction, visit: Row) -> list[dict[str, Any]]:
    rows = []
    for (visit_id, _), one in sorted(t.scan("visit_settlement"), key=lambda found: found[0]):
        settlement_id = one["settlement_id"]
        outcome = t.get("state_change", settlement_id, 2)
        kinds = ("REVERSE", "CANCEL")
        work = [kind for kind in kinds if t.get("open_intent", settlement_id, kind)]
        failed = outcome is not None and outcome["state"] != "SETTLED"
        if (
            visit_id != visit["visit_id"]
            or t.get("state_change", settlement_id, 3) is not None
            or (failed and work != ["CANCEL"])
        ):
            continue
        shown = {name: one[name] for name in _NO_SETTLEMENT if name in one}
        busy = outcome is None or bool(work)
        rows.append({**visit, **shown, "settled_revision": one["revision"], "busy": busy})
    return rows or [{**visit, **_NO_SETTLEMENT}]


def _standing_lines(t: Transaction, visit_id: UUID) -> list[tuple[Any, Row]]:
    return [
        (key, row)
        for key, row in t.scan("visit_line")
        if key[0] == visit_id and row["cancel_revision"] is None
    ]


def _is_open_stay(row: Row) -> bool:
    return bool(row["is_stay"]) and row["state"] == "REGISTERED"


def _answer(method: str, digest: bytes, response: bytes, visit_id: UUID) -> Row:
    return {
        "method": method,
        "request_hash": digest,
        "response": response,
        "visit_id": visit_id,
    }


STATEMENTS: Final[Mapping[str, Statement]] = {
    "settlement.insert_visit_intent": insert_visit_intent,
    "settlement.find_visit": find_visit,
    "settlement.list_visits": list_visits,
    "settlement.find_open_stay": find_open_stay,
    "settlement.find_line_ids": find_line_ids,
    "settlement.find_lines": find_lines,
    "settlement.find_visit_request": find_visit_request,
    "settlement.insert_visit": insert_visit,
    "settlement.update_visit": update_visit,
    "settlement.insert_lines": insert_lines,
    "settlement.cancel_lines": cancel_lines,
}
