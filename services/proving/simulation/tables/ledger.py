"""Clearing's statements on the ledger, and the kit's on a feed's cursor; SQL of the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.clearing.domain.chain import EPOCH, NO_DIGEST
from services.proving.simulation.engine import Result, Row, Server, Statement, Transaction

PAIR: Final = ("insured_region_code", "care_region_code", "month", "scheme_code")


_ACCOUNT: Final = ("position_id", "fund_type_code", "purpose", "phase", "side")
_TRANSFER: Final = (
    "transfer_id",
    "source_id",
    "kind",
    "step",
    "position_id",
    "fund_type_code",
    "purpose",
    "amount_fen",
    "reverses_transfer_id",
    "resolves_transfer_id",
)
_BLOCK: Final = (
    "block_id",
    "create_time",
    "booking_count",
    "transfer_count",
    "entry_count",
    "content_digest",
    "previous_digest",
    "digest",
)
_NO_BLOCK: Final[Row] = {"block_id": 0, "create_time": EPOCH, "digest": NO_DIGEST}
_BEGUN: Final = {"DIRECT": "begun", "PENDING": "begun", "POSTED": "resolved", "VOIDED": "resolved"}
"""Of each source and kind one step of either sort is booked."""


def begin_feed(server: Server, feed: str) -> None:
    """Puts the rows there that the migrations do."""
    transaction = server.begin()
    transaction.insert("feed_cursor", (feed,), {"feed": feed, "cursor": ""})
    transaction.insert("chain", (), _NO_BLOCK)
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


def lock_chain(t: Transaction) -> Result:
    """The head of the chain, held until the transaction ends."""
    head = t.lock("chain")
    return [dict(head)] if head else []


def get_beside_chain(t: Transaction) -> Result:
    """The clock, and what was done since the head with months: no simulated run cuts one."""
    return [{"asked_time": EPOCH, "instant": t.server.now(), "lines": []}]


def append_block(t: Transaction, *values: Any) -> Result:
    """A block after the head, which it becomes; it must follow it."""
    row = dict(zip(_BLOCK, values, strict=True))
    head = t.lock("chain") or _NO_BLOCK
    follows = (
        row["block_id"] == head["block_id"] + 1
        and row["create_time"] > head["create_time"]
        and row["previous_digest"] == head["digest"]
    )
    if not follows:
        raise asyncpg.RestrictViolationError("the block does not follow the chain")
    t.insert("block", (row["block_id"],), row)
    t.update("chain", (), **{name: row[name] for name in _NO_BLOCK})
    return 1


def last_cut_month(t: Transaction) -> Result:
    """The last month that is cut: no simulated run lasts until one is."""
    return [{"month": max((month for (month,), _ in t.scan("month_cut")), default=None)}]


def note_late_days(t: Transaction, days: Sequence[Any]) -> Result:
    """Days that are to be compared already: no simulated run has any."""
    return sum(day in days for (day,), _ in t.scan("ledger_day"))


def mark_ledger_feed(t: Transaction, feed: str, complete_time: datetime) -> Result:
    """Up to when a feed is booked; never back."""
    row = {"complete_time": complete_time}
    if not t.insert_new("feed_mark", (feed,), row):
        held = t.lock("feed_mark", feed) or row
        t.update("feed_mark", (feed,), complete_time=max(held["complete_time"], complete_time))
    return 1


def load_bookings(t: Transaction, source_ids: Sequence[UUID]) -> Result:
    """What the ledger has of some sources: a row per transfer, or one without."""
    wanted = set(source_ids)
    pairs = {row["position_id"]: row for _, row in _positions(t)}
    rows = []
    for key, booking in t.scan("booking"):
        source_id, kind, step = key
        if source_id not in wanted:
            continue
        transfers: list[Row] = [
            row
            for _, row in t.scan("transfer")
            if (row["source_id"], row["kind"], row["step"]) == key
        ]
        for transfer in transfers or [dict.fromkeys(_TRANSFER)]:
            position = pairs.get(transfer["position_id"] or booking["position_id"], {})
            rows.append(
                {
                    **transfer,
                    **{name: position.get(name) for name in PAIR},
                    "source_id": source_id,
                    "kind": kind,
                    "step": step,
                    "event_time": booking["event_time"],
                    "is_counted": booking["position_id"] is not None,
                }
            )
    order = ("source_id", "kind", "step", *PAIR, "fund_type_code", "purpose")
    return sorted(rows, key=lambda row: tuple(str(row[name] or "") for name in order))


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
    for *account, amount in zip(*columns, strict=True):
        key = tuple(account)
        fresh = {
            **dict(zip(_ACCOUNT, account, strict=True)),
            "account_id": t.server.next_value("account"),
            "balance_fen": amount,
        }
        row: Row | None = fresh
        if not t.insert_new("account", key, fresh):
            held = t.lock("account", *key) or fresh
            row = t.update("account", key, balance_fen=held["balance_fen"] + amount)
        found += [dict(row)] if row else []
    return found


def insert_bookings(t: Transaction, *values: Any) -> Result:
    """A row per event or decision booked, each step once and of each sort one."""
    *columns, block_id = values
    rows = list(zip(*columns, strict=True))
    for source_id, kind, step, position_id, event_time in rows:
        row = {"position_id": position_id, "event_time": event_time, "block_id": block_id}
        t.insert("booking", (source_id, kind, step), row)
        t.insert(f"booking_{_BEGUN[step]}", (source_id, kind), {})
    return len(rows)


def insert_transfers(t: Transaction, *columns: Sequence[Any]) -> Result:
    """Movements, each once; a transfer is reversed once and resolved once."""
    rows = [dict(zip(_TRANSFER, values, strict=True)) for values in zip(*columns, strict=True)]
    for row in rows:
        t.insert("transfer", (row["transfer_id"],), row)
        for column in ("reverses_transfer_id", "resolves_transfer_id"):
            if row[column] is not None:
                t.insert(f"transfer_{column}", (row[column],), {})
    return len(rows)


def insert_entries(t: Transaction, *values: Any) -> Result:
    """The sides of movements."""
    *columns, block_id = values
    rows = list(zip(*columns, strict=True))
    for transfer_id, phase, side, account_id, amount in rows:
        t.insert(
            "entry",
            (transfer_id, phase, side),
            {
                "entry_id": t.server.next_value("entry"),
                "transfer_id": transfer_id,
                "phase": phase,
                "side": side,
                "account_id": account_id,
                "amount_fen": amount,
                "block_id": block_id,
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
        if key > after and position["settlement_count"] + position["reversal_count"] > 0:
            rows.append({"cursor": cursor, **position, **_owed(t, position["position_id"])})
    return rows[:limit] or [{"cursor": cursor, **dict.fromkeys(PAIR)}]


def _owed(t: Transaction, position_id: int) -> dict[str, Any]:
    owed: dict[str, int] = {}
    for _, row in t.scan("account"):
        if (
            row["position_id"] == position_id
            and (row["side"], row["phase"]) == ("PAYABLE", "POSTED")
            and row["purpose"] in {"CLEARING", "ADJUSTMENT"}
        ):
            fund = row["fund_type_code"]
            owed[fund] = owed.get(fund, 0) - row["balance_fen"]
    return {
        "fund_type_codes": sorted(owed) or None,
        "owed_fen": [owed[fund] for fund in sorted(owed)] or None,
    }


def list_entries(t: Transaction, after_entry_id: int, limit: int) -> Result:
    """All entries in booking order, as they are listed without filter."""
    positions = {row["position_id"]: row for _, row in _positions(t)}
    accounts = {row["account_id"]: row for _, row in t.scan("account")}
    rows = []
    for _, entry in t.scan("entry"):
        transfer = t.get("transfer", entry["transfer_id"]) or {}
        position = positions[accounts[entry["account_id"]]["position_id"]]
        block = t.get("block", entry["block_id"]) or _NO_BLOCK
        rows.append({**transfer, **position, "create_time": block["create_time"], **entry})
    wanted = [row for row in rows if row["entry_id"] > after_entry_id]
    return sorted(wanted, key=lambda row: row["entry_id"])[:limit]


def _positions(t: Transaction) -> list[tuple[tuple[Any, ...], Row]]:
    return list(t.scan("position"))


STATEMENTS: Final[Mapping[str, Statement]] = {
    "feed.load_cursor": load_cursor,
    "feed.move_cursor": move_cursor,
    "clearing.lock_chain": lock_chain,
    "clearing.note_late_days": note_late_days,
    "clearing.get_beside_chain": get_beside_chain,
    "clearing.append_block": append_block,
    "clearing.last_cut_month": last_cut_month,
    "clearing.mark_ledger_feed": mark_ledger_feed,
    "clearing.load_bookings": load_bookings,
    "clearing.count_positions": count_positions,
    "clearing.add_to_accounts": add_to_accounts,
    "clearing.insert_bookings": insert_bookings,
    "clearing.insert_transfers": insert_transfers,
    "clearing.insert_entries": insert_entries,
    "clearing.get_positions": get_positions,
    "clearing.list_entries": list_entries,
}
