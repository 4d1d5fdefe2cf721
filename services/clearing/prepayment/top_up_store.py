"""SQL of emergency top-ups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.clearing.domain.top_up_states import TopUpState
from services.clearing.domain.usage import Usage

if TYPE_CHECKING:
    import asyncpg

    from services.kit.db import Connection, Database

_SIGNED: Final = """/* clearing.month_signed */
SELECT m.state, c.change_time
  FROM clearing_month m
  LEFT JOIN month_change c ON c.month = m.month AND c.state = 'SIGNED'
 WHERE m.month = $1"""

_STANDING: Final = """/* clearing.top_up_standing */
SELECT top_up_id, state FROM top_up
 WHERE insured_region_code = $1 AND care_region_code = $2
   AND (state IN ('REQUESTED', 'APPROVED') OR state = 'PAID' AND month = $3)
 ORDER BY top_up_id DESC LIMIT 1"""

_INSERT: Final = """/* clearing.insert_top_up */
INSERT INTO top_up (top_up_id, insured_region_code, care_region_code, month, state, amount_fen,
                    proposed_fen, used_fen, holding_fen, deadline_date, late, late_note,
                    late_officer_id, maker_id, create_time)
VALUES ($1, $2, $3, $4, 'REQUESTED', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"""

_INSERT_LINES: Final = """/* clearing.insert_top_up_lines */
INSERT INTO top_up_line (top_up_id, scheme_code, amount_fen)
SELECT $1, n.scheme, n.amount_fen FROM unnest($2::text[], $3::bigint[]) AS n (scheme, amount_fen)"""

_CHANGE: Final = """/* clearing.append_top_up_change */
INSERT INTO top_up_change (top_up_id, state, change_time, officer_id) VALUES ($1, $2, $3, $4)"""

_DECIDE: Final = """/* clearing.decide_top_up */
UPDATE top_up SET state = $2, checker_id = $3, note = $4, decide_time = $5 WHERE top_up_id = $1"""

_END: Final = """/* clearing.end_top_up */
UPDATE top_up SET state = $2 WHERE top_up_id = $1 AND state = 'APPROVED' RETURNING top_up_id"""

_LIST: Final = """/* clearing.list_top_ups */
SELECT t.top_up_id, t.insured_region_code, t.care_region_code, t.month, t.state, t.amount_fen,
       t.proposed_fen, t.used_fen, t.holding_fen, t.deadline_date, t.late, t.late_note,
       t.late_officer_id, t.maker_id, t.checker_id, t.note, t.create_time, t.decide_time,
       n.notice_id,
       (SELECT array_agg(l.scheme_code ORDER BY l.scheme_code) FROM top_up_line l
         WHERE l.top_up_id = t.top_up_id) AS schemes,
       (SELECT array_agg(l.amount_fen ORDER BY l.scheme_code) FROM top_up_line l
         WHERE l.top_up_id = t.top_up_id) AS amounts
  FROM top_up t
  LEFT JOIN prepayment_notice n ON n.origin_id = t.top_up_id
 WHERE ($1::uuid IS NULL OR t.top_up_id = $1)
   AND ($2 = '' OR t.insured_region_code = $2) AND ($3 = '' OR t.care_region_code = $3)
   AND ($4 = '' OR t.month = $4) AND ($5 = '' OR t.state = $5)
   AND ($6::uuid IS NULL OR t.top_up_id > $6)
 ORDER BY t.top_up_id LIMIT $7"""

_LOCK: Final = """/* clearing.lock_top_up */
SELECT top_up_id FROM top_up WHERE top_up_id = $1 FOR UPDATE"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """An emergency top-up."""

    top_up_id: UUID
    insured_region_code: str
    care_region_code: str
    month: str
    state: TopUpState
    amount_fen: int
    proposed_fen: int
    usage: Usage
    """Of the signed month, when it was asked."""
    schemes: tuple[tuple[str, int], ...]
    """Scheme and amount."""
    deadline_date: date
    late: bool
    late_note: str
    late_officer_id: str
    maker_id: str
    create_time: datetime
    checker_id: str = ""
    note: str = ""
    decide_time: datetime | None = None
    notice_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpFilter:
    """Which top-ups are wanted; empty: all."""

    insured_region_code: str = ""
    care_region_code: str = ""
    month: str = ""
    state: TopUpState | None = None
    after: UUID | None = None


async def find_signed(connection: Connection, month: str) -> tuple[str, datetime | None]:
    """Returns the state of a month, empty where it is not cut, and when it was signed."""
    row = await connection.fetchrow(_SIGNED, month)
    return ("", None) if row is None else (row["state"], row["change_time"])


async def find_standing(
    connection: Connection, *, insured_region_code: str, care_region_code: str, month: str
) -> tuple[UUID, str] | None:
    """Returns the top-up of a pair that is not paid yet, or is of the month, and its state."""
    row = await connection.fetchrow(_STANDING, insured_region_code, care_region_code, month)
    return None if row is None else (row["top_up_id"], row["state"])


async def insert(connection: Connection, top_up: TopUp) -> None:
    """Stores a request."""
    await connection.execute(
        _INSERT,
        top_up.top_up_id,
        top_up.insured_region_code,
        top_up.care_region_code,
        top_up.month,
        top_up.amount_fen,
        top_up.proposed_fen,
        top_up.usage.used_fen,
        top_up.usage.holding_fen,
        top_up.deadline_date,
        top_up.late,
        top_up.late_note,
        top_up.late_officer_id,
        top_up.maker_id,
        top_up.create_time,
    )
    await connection.execute(
        _INSERT_LINES,
        top_up.top_up_id,
        [scheme for scheme, _ in top_up.schemes],
        [fen for _, fen in top_up.schemes],
    )
    await connection.execute(
        _CHANGE, top_up.top_up_id, top_up.state.value, top_up.create_time, top_up.maker_id
    )


async def decide(
    connection: Connection,
    top_up_id: UUID,
    state: TopUpState,
    *,
    checker_id: str,
    note: str,
    now: datetime,
) -> None:
    """Approves or refuses a request."""
    await connection.execute(_DECIDE, top_up_id, state.value, checker_id, note, now)
    await connection.execute(_CHANGE, top_up_id, state.value, now, checker_id)


async def end(connection: Connection, top_up_id: UUID, state: TopUpState, now: datetime) -> bool:
    """Ends an approved top-up with its notice; False: this is none."""
    if await connection.fetchrow(_END, top_up_id, state.value) is None:
        return False
    await connection.execute(_CHANGE, top_up_id, state.value, now, "")
    return True


async def find(
    source: Connection | Database, top_up_id: UUID, *, locked: bool = False
) -> TopUp | None:
    """Returns a top-up, or None; a transaction can lock it."""
    if locked:
        await source.fetchrow(_LOCK, top_up_id)
    rows = await source.fetch(_LIST, top_up_id, "", "", "", "", None, 1)
    return _top_up(rows[0]) if rows else None


async def list_top_ups(
    source: Connection | Database, wanted: TopUpFilter, *, limit: int
) -> list[TopUp]:
    """Returns top-ups, oldest first."""
    rows = await source.fetch(
        _LIST,
        None,
        wanted.insured_region_code,
        wanted.care_region_code,
        wanted.month,
        wanted.state.value if wanted.state else "",
        wanted.after,
        limit,
    )
    return [_top_up(row) for row in rows]


def _top_up(row: asyncpg.Record) -> TopUp:
    values: dict[str, Any] = dict(row)
    values["state"] = TopUpState(values["state"])
    values["usage"] = Usage(used_fen=values.pop("used_fen"), holding_fen=values.pop("holding_fen"))
    values["schemes"] = tuple(
        zip(values["schemes"], values.pop("amounts"), strict=True),
    )
    return TopUp(**values)
