"""Clearing's statements on the ledger, and the kit's on a feed's cursor; SQL of the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.proving.simulation.engine import Result, Row, Server, Statement, Transaction

PAIR: Final = ("insured_region_code", "care_region_code", "month", "scheme_code")


def begin_feed(server: Server, feed: str) -> None:
    """Puts the row there that the migration does."""
    transaction = server.begin()
    transaction.insert("feed_cursor", (feed,), {"feed": feed, "cursor": ""})
    transaction.commit()


def load_cursor(t: Transaction, feed: str) -> Result:
    """Where a feed goes on."""
    row = t.get("feed_cursor", feed)
    return [dict(row)] if row else []


def move_cursor(t: Transaction, feed: str, after: str, to: str) -> Result:
    """Moves a cursor that is where it is said to be."""
    seen = t.get("feed_cursor", feed)
    if seen is None or seen["cursor"] != after:
        return 0
    newest = t.lock("feed_cursor", feed)
    if newest is None or newest["cursor"] != after:
        return 0
    t.update("feed_cursor", (feed,), cursor=to)
    return 1


def load_bookings(t: Transaction, settlement_ids: Sequence[UUID]) -> Result:
    """What the ledger has of some settlements: a row per transfer, or one without."""
    wanted = set(settlement_ids)
    rows = []
    for (settlement_id, kind), booking in t.scan("booking"):
        if settlement_id not in wanted:
            continue
        position = t.get("position", *booking["pair"]) or {}
        transfers: list[Row | None] = [
            row
            for _, row in t.scan("transfer")
            if (row["settlement_id"], row["kind"]) == (settlement_id, kind)
        ]
        rows += [
            {
                "settlement_id": settlement_id,
                "kind": kind,
                "event_time": booking["event_time"],
                **{name: position[name] for name in PAIR},
                "transfer_id": transfer["transfer_id"] if transfer else None,
                "fund_type_code": transfer["fund_type_code"] if transfer else None,
                "amount_fen": transfer["amount_fen"] if transfer else None,
                "reverses_transfer_id": transfer["reverses_transfer_id"] if transfer else None,
            }
            for transfer in transfers or [None]
        ]
    return sorted(
        rows, key=lambda row: (row["settlement_id"], row["kind"], row["fund_type_code"] or "")
    )


def count_positions(t: Transaction, *columns: Sequence[Any]) -> Result:
    """Adds to the counts of positions; a position that is not there is made."""
    found = []
    for *pair, settled, reversed_ in zip(*columns, strict=True):
        key = tuple(pair)
        fresh = {
            **dict(zip(PAIR, pair, strict=True)),
            "position_id": t.server.next_value("position"),
            "settlement_count": settled,
            "reversal_count": reversed_,
        }
        row: Row | None = fresh
        if not t.insert_new("position", key, fresh):
            held = t.lock("position", *key) or fresh
            row = t.update(
                "position",
                key,
                settlement_count=held["settlement_count"] + settled,
                reversal_count=held["reversal_count"] + reversed_,
            )
        found += [dict(row)] if row else []
    return found


def add_to_accounts(t: Transaction, *columns: Sequence[Any]) -> Result:
    """Adds to the balances of accounts; an account that is not there is made."""
    found = []
    for position_id, fund_type_code, side, amount in zip(*columns, strict=True):
        key = (position_id, fund_type_code, side)
        fresh = {
            "account_id": t.server.next_value("account"),
            "position_id": position_id,
            "fund_type_code": fund_type_code,
            "side": side,
            "balance_fen": amount,
        }
        row: Row | None = fresh
        if not t.insert_new("account", key, fresh):
            held = t.lock("account", *key) or fresh
            row = t.update("account", key, balance_fen=held["balance_fen"] + amount)
        found += [dict(row)] if row else []
    return found


def insert_bookings(t: Transaction, *columns: Sequence[Any]) -> Result:
    """A row per event booked."""
    pairs = {row["position_id"]: key for key, row in _positions(t)}
    rows = list(zip(*columns, strict=True))
    for settlement_id, kind, position_id, event_time in rows:
        row = _booking(pairs[position_id], event_time)
        t.insert("booking", (settlement_id, kind), row)
    return len(rows)


def _booking(pair: tuple[Any, ...], event_time: datetime) -> Row:
    return {"pair": pair, "event_time": event_time}


def insert_transfers(t: Transaction, *columns: Sequence[Any]) -> Result:
    """Movements, each once; a transfer is reversed once."""
    names = ("transfer_id", "settlement_id", "kind", "fund_type_code", "amount_fen")
    rows = list(zip(*columns, strict=True))
    for values in rows:
        row = dict(zip((*names, "reverses_transfer_id"), values, strict=True))
        t.insert("transfer", (row["transfer_id"],), row)
        if row["reverses_transfer_id"] is not None:
            t.insert("transfer_reversed", (row["reverses_transfer_id"],), {})
    return len(rows)


def insert_entries(t: Transaction, *columns: Sequence[Any]) -> Result:
    """Both sides of movements."""
    rows = list(zip(*columns, strict=True))
    for transfer_id, side, account_id, amount in rows:
        t.insert(
            "entry",
            (transfer_id, side),
            {
                "entry_id": t.server.next_value("entry"),
                "transfer_id": transfer_id,
                "side": side,
                "account_id": account_id,
                "amount_fen": amount,
                "create_time": t.server.now(),
            },
        )
    return len(rows)


def get_positions(t: Transaction, feed: str, *values: Any) -> Result:
    """Positions with their funds, and the cursor that they hold up to."""
    *filters, limit = values
    wanted, after = filters[:4], tuple(filters[4:])
    cursor = (t.get("feed_cursor", feed) or {"cursor": None})["cursor"]
    rows = []
    for key, position in sorted(_positions(t), key=lambda found: found[0]):
        if any(want not in {"", has} for want, has in zip(wanted, key, strict=True)):
            continue
        if key > after:
            rows.append({"cursor": cursor, **position, **_owed(t, position["position_id"])})
    return rows[:limit] or [{"cursor": cursor, **dict.fromkeys(PAIR)}]


def _owed(t: Transaction, position_id: int) -> dict[str, Any]:
    owed = sorted(
        (row["fund_type_code"], -row["balance_fen"])
        for _, row in t.scan("account")
        if row["position_id"] == position_id and row["side"] == "PAYABLE"
    )
    return {
        "fund_type_codes": [code for code, _ in owed] or None,
        "owed_fen": [fen for _, fen in owed] or None,
    }


def list_entries(t: Transaction, after_entry_id: int, limit: int) -> Result:
    """All entries in booking order, as they are listed without filter."""
    positions = {row["position_id"]: row for _, row in _positions(t)}
    accounts = {row["account_id"]: row for _, row in t.scan("account")}
    rows = []
    for _, entry in t.scan("entry"):
        transfer = t.get("transfer", entry["transfer_id"]) or {}
        position = positions[accounts[entry["account_id"]]["position_id"]]
        rows.append({**transfer, **position, **entry})
    wanted = [row for row in rows if row["entry_id"] > after_entry_id]
    return sorted(wanted, key=lambda row: row["entry_id"])[:limit]


def _positions(t: Transaction) -> list[tuple[tuple[Any, ...], Row]]:
    return list(t.scan("position"))


STATEMENTS: Final[Mapping[str, Statement]] = {
    "feed.load_cursor": load_cursor,
    "feed.move_cursor": move_cursor,
    "clearing.load_bookings": load_bookings,
    "clearing.count_positions": count_positions,
    "clearing.add_to_accounts": add_to_accounts,
    "clearing.insert_bookings": insert_bookings,
    "clearing.insert_transfers": insert_transfers,
    "clearing.insert_entries": insert_entries,
    "clearing.get_positions": get_positions,
    "clearing.list_entries": list_entries,
}
