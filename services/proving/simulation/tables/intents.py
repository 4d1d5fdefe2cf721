"""Settlement's statements on work left open; SQL of the same names in its intent_store.

The arguments of a function are $1, $2, … of the statement.
"""

# ruff: noqa: PLR0917

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.proving.simulation.engine import Result, Row, Statement, Transaction

_CLAIMED: Final = ("settlement_id", "kind", "request_id", "create_time", "insured_province")


def claim_intents(
    t: Transaction,
    now: datetime,
    older: datetime,
    claimed: datetime,
    per_province: int,
    provinces: Sequence[str],
    counts: Sequence[int],
    total: int,
) -> Result:
    """Open intents that nobody works on, so many of a province; locked ones are skipped."""
    busy = dict(zip(provinces, counts, strict=True))
    by_province: dict[str, list[Row]] = {}
    for _, row in t.scan("open_intent"):
        if row["create_time"] < older and _is_free(row, claimed):
            by_province.setdefault(row["insured_province"], []).append(row)
    ranked = []
    for province, rows in by_province.items():
        rows.sort(key=_claimed_first)
        places = max(0, per_province - busy.get(province, 0))
        ranked += list(enumerate(rows[:places]))
    ranked.sort(key=lambda found: (found[0], found[1]["create_time"]))
    taken: list[dict[str, Any]] = []
    for _, row in ranked:
        key = (row["settlement_id"], row["kind"])
        if len(taken) == total:
            break
        if t.is_locked("open_intent", *key):
            continue
        # The newest version, as FOR UPDATE has it: another replica may have claimed it meanwhile.
        newest = t.lock("open_intent", *key)
        if newest is not None and _is_free(newest, claimed):
            changed = t.update("open_intent", key, claim_time=now)
            taken += [{name: changed[name] for name in _CLAIMED}] if changed else []
    return taken


def extend_claim(
    t: Transaction, settlement_id: UUID, kind: str, claimed_at: datetime, now: datetime
) -> Result:
    """Renews a claim that is still ours."""
    row = t.get("open_intent", settlement_id, kind)
    if row is None or row["claim_time"] != claimed_at:
        return []
    newest = t.lock("open_intent", settlement_id, kind)
    if newest is None or newest["claim_time"] != claimed_at:
        return []
    t.update("open_intent", (settlement_id, kind), claim_time=now)
    return [{"settlement_id": settlement_id}]


def delete_intent(t: Transaction, settlement_id: UUID, kind: str) -> Result:
    """Finished work."""
    return int(t.delete("open_intent", settlement_id, kind))


def count_intents(t: Transaction) -> Result:
    """How much is open, and since when."""
    times = [row["create_time"] for _, row in t.scan("open_intent")]
    return [{"open": len(times), "oldest": min(times, default=None)}]


def _is_free(row: Row, claimed_before: datetime) -> bool:
    claim_time = row["claim_time"]
    return claim_time is None or claim_time < claimed_before


def _claimed_first(row: Row) -> tuple[bool, datetime, datetime]:
    claim_time = row["claim_time"]
    return claim_time is not None, claim_time or row["create_time"], row["create_time"]


STATEMENTS: Final[Mapping[str, Statement]] = {
    "settlement.claim_intents": claim_intents,
    "settlement.extend_claim": extend_claim,
    "settlement.delete_intent": delete_intent,
    "settlement.count_intents": count_intents,
}
