"""Settlement's statements that read the feed; SQL of the same names in feed_store.py.

The arguments of a function are $1, $2, … of the statement.
"""

# ruff: noqa: PLR0917
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from services.proving.simulation.engine import Result, Row, Statement, Transaction
from services.settlement.feed_store import BYTES_MAX, ROWS_MAX, SCANNED_MAX

_SHOWN: Final = ("settlement_id", "kind", "event_time", "settlement")
_STAY_SHOWN: Final = ("visit_id", "revision", "state", "event_time", "admission")


def read_feed(t: Transaction, transaction_id: str, sequence: int) -> Result:
    """Everything after a position, of transactions older than the oldest still running."""
    return _read(t, (int(transaction_id), sequence), ROWS_MAX, lambda _: True)


def read_feed_filtered(
    t: Transaction,
    transaction_id: str,
    sequence: int,
    kinds: Sequence[str],
    as_care: bool,
    as_insured: bool,
    province: str,
) -> Result:
    """What concerns a province."""

    def wanted(row: Row) -> bool:
        care = as_care and row["care_province"] == province
        insured = as_insured and row["insured_province"] == province
        return row["kind"] in kinds and (care or insured or not province)

    return _read(t, (int(transaction_id), sequence), SCANNED_MAX, wanted)


def find_feed_position(t: Transaction, transaction_id: str, sequence: int) -> Result:
    """Whether the feed has ever given a position, and whether it lies beyond all that it gave."""
    return _position(t, "outbox", (int(transaction_id), sequence))


def read_admissions(t: Transaction, transaction_id: str, sequence: int) -> Result:
    """What became of stays after a position, as `read_feed` has what became of settlements."""
    after, xmin = (int(transaction_id), sequence), t.server.xmin()
    rows: list[tuple[Any, Row]] = sorted(t.scan("admission_event"), key=lambda found: found[0])
    found = [one for one in rows if one[0] > after and one[0][0] < xmin][:ROWS_MAX]
    held = [row for key, row in rows if key[0] >= xmin]
    common = {"held_time": held[0]["event_time"] if held else None}
    nothing = dict.fromkeys(("transaction_id", "sequence", *_STAY_SHOWN))
    return [
        {
            **common,
            "transaction_id": str(key[0]),
            "sequence": key[1],
            **{name: row[name] for name in _STAY_SHOWN},
        }
        for key, row in found
    ] or [{**common, **nothing}]


def find_admission_position(t: Transaction, transaction_id: str, sequence: int) -> Result:
    """As `find_feed_position`, of the feed of stays."""
    return _position(t, "admission_event", (int(transaction_id), sequence))


def _position(t: Transaction, table: str, at: tuple[int, int]) -> Result:
    sequence = at[1]
    given = [key for key, _ in t.scan(table) if key[0] < t.server.xmin()]
    drawn = t.server.last_value(table)
    beyond = all(key < at for key in given) or sequence > drawn
    return [{"given": at in given, "beyond": beyond}]


def _read(
    t: Transaction, after: tuple[int, int], scanned_max: int, is_wanted: Callable[[Row], bool]
) -> Result:
    xmin = t.server.xmin()
    rows: list[tuple[Any, Row]] = sorted(t.scan("outbox"), key=lambda found: found[0])
    scanned = [found for found in rows if found[0] > after and found[0][0] < xmin][:scanned_max]
    wanted = [found for found in scanned if is_wanted(found[1])][:ROWS_MAX]
    held = [row for key, row in rows if key[0] >= xmin]
    last = scanned[-1] if scanned else None
    common: dict[str, Any] = {
        "scanned_rows": len(scanned),
        "wanted_rows": len(wanted),
        "held_time": held[0]["event_time"] if held else None,
        "reached_transaction_id": str(last[0][0]) if last else None,
        "reached_sequence": last[0][1] if last else None,
        "reached_time": last[1]["event_time"] if last else None,
        # Neither statement gives bills.
        "detail": None,
    }
    found = []
    size = 0
    for place, (key, row) in enumerate(wanted):
        size += len(row["settlement"])
        if place and size > BYTES_MAX:
            break
        own = {name: row[name] for name in _SHOWN}
        found.append({**common, "transaction_id": str(key[0]), "sequence": key[1], **own})
    nothing = dict.fromkeys(("transaction_id", "sequence", *_SHOWN))
    return found or [{**common, **nothing}]


STATEMENTS: Final[Mapping[str, Statement]] = {
    "settlement.read_feed": read_feed,
    "settlement.read_feed_filtered": read_feed_filtered,
    "settlement.find_feed_position": find_feed_position,
    "settlement.read_admissions": read_admissions,
    "settlement.find_admission_position": find_admission_position,
}
