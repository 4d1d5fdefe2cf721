"""What those are told who follow stays; part of statements of journal.py and visits.py."""

# ruff: noqa: PLR0917
from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.proving.simulation.engine import Row, Transaction


def covering(t: Transaction, settlement_id: UUID) -> Row | None:
    """What of a visit a settlement covers."""
    rows = (row for _, row in t.scan("visit_settlement") if row["settlement_id"] == settlement_id)
    return next(rows, None)


def tell_stay(t: Transaction, settlement_id: UUID, now: datetime, state: str = "") -> None:
    """What those are told who follow stays, of a settlement that covers all of one."""
    covers = covering(t, settlement_id)
    visit = t.get("visit", covers["visit_id"]) if covers is not None else None
    if covers is None or visit is None or covers["scope"] != "FINAL":
        return
    told = [
        (key, row)
        for key, row in t.scan("admission_event")
        if row["visit_id"] == covers["visit_id"]
    ]
    if told:
        _, last = max(told, key=lambda found: found[0])
        state = state or visit["state"]
        tell_admission(t, covers["visit_id"], visit["revision"], state, now, last["admission"])


def tell_admission(
    t: Transaction, visit_id: UUID, revision: int, state: str, now: datetime, admission: bytes
) -> None:
    """A change of a stay, for those who follow stays."""
    key = (t.xid, t.server.next_value("admission_event"))
    row = {
        "visit_id": visit_id,
        "revision": revision,
        "state": state,
        "event_time": now,
        "admission": admission,
    }
    t.insert("admission_event", key, row)
