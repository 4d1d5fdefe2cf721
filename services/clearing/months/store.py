"""SQL of clearing months. Tables, confirmations and signatures are only ever inserted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.clearing.domain.ledger import Phase, Purpose, Side
from services.clearing.domain.month_states import ALLOWED, MonthState
from services.clearing.domain.tables import PURPOSES, Counts, Group, KeptBalance, TableLine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import asyncpg

    from services.clearing.domain.tables import Tables
    from services.kit.db import Connection, Database

__all__ = ["TableLine", "table_lines"]

_MONTH: Final = """SELECT m.month, m.state, c.cut_time, t.table_time, t.digest, t.payable_fen,
       t.line_count, t.late_settlement_count, t.late_reversal_count
  FROM clearing_month m
  JOIN month_cut c ON c.month = m.month
  LEFT JOIN month_table t ON t.month = m.month"""
_FIND: Final = f"""/* clearing.find_month */
{_MONTH}
 WHERE m.month = $1"""
_LIST: Final = f"""/* clearing.list_months */
{_MONTH}
 WHERE ($1 = '' OR m.month LIKE $1 || '-%') AND ($2 = '' OR m.state = $2)
   AND ($3 = '' OR m.month < $3)
 ORDER BY m.month DESC LIMIT $4"""
_LOCK: Final = """/* clearing.lock_month */
SELECT state FROM clearing_month WHERE month = $1 FOR UPDATE"""
_BEGIN: Final = """/* clearing.begin_month */
INSERT INTO clearing_month (month, state, update_time) VALUES ($1, 'OPEN', $2)"""
_MOVE: Final = """/* clearing.move_month */
UPDATE clearing_month SET state = $3, update_time = $4 WHERE month = $1 AND state = $2"""
_APPEND_CHANGE: Final = """/* clearing.append_month_change */
INSERT INTO month_change (month, state, change_time, maker_id, checker_id)
VALUES ($1, $2, $3, $4, $5)"""
_LIST_CHANGES: Final = """/* clearing.list_month_changes */
SELECT state, change_time, maker_id, checker_id FROM month_change
 WHERE month = $1 ORDER BY array_position($2::text[], state)"""
_FIRST_BEHIND: Final = """/* clearing.first_month_behind */
SELECT month FROM clearing_month
 WHERE month < $1 AND NOT state = ANY($2::text[]) ORDER BY month LIMIT 1"""
_LIST_UNFINISHED: Final = """/* clearing.list_unfinished_months */
SELECT month FROM clearing_month WHERE state <> 'CLOSED' ORDER BY month"""
_COUNT_STATES: Final = """/* clearing.count_month_states */
SELECT state, count(*) AS count FROM clearing_month GROUP BY state"""
_EDGES: Final = """/* clearing.load_month_edges */
SELECT min(month) AS first_month, max(month) AS last_month FROM clearing_month"""

_CARE_REGIONS: Final = """/* clearing.list_care_regions_of_month */
SELECT p.care_region_code, c.confirm_time
  FROM (SELECT DISTINCT care_region_code FROM position
         WHERE month = $1 AND settlement_count + reversal_count > 0) p
  LEFT JOIN month_confirmation c ON c.month = $1 AND c.care_region_code = p.care_region_code
 ORDER BY p.care_region_code"""
_CONFIRM: Final = """/* clearing.confirm_month */
INSERT INTO month_confirmation (month, care_region_code, maker_id, checker_id, confirm_time)
VALUES ($1, $2, $3, $4, $5)"""

_LOAD_BALANCES: Final = """/* clearing.load_month_balances */
SELECT p.insured_region_code, p.care_region_code, p.scheme_code, p.settlement_count,
       p.reversal_count, a.fund_type_code, a.purpose, a.side, a.balance_fen
  FROM position p
  LEFT JOIN account a ON a.position_id = p.position_id AND a.phase = $2
                     AND a.purpose = ANY($3::text[])
 WHERE p.month = $1"""
_LOAD_LATE: Final = """/* clearing.load_late_bookings */
SELECT p.insured_region_code, p.care_region_code, p.scheme_code, l.kind, t.fund_type_code,
       count(DISTINCT l.source_id) AS booking_count, sum(t.amount_fen)::bigint AS amount_fen
  FROM late_booking l
  JOIN booking b ON b.source_id = l.source_id AND b.kind = l.kind AND b.step = 'DIRECT'
  JOIN position p ON p.position_id = b.position_id
  LEFT JOIN transfer t ON t.source_id = b.source_id AND t.kind = b.kind AND t.step = b.step
 WHERE l.month = $1
 GROUP BY GROUPING SETS (
       (p.insured_region_code, p.care_region_code, p.scheme_code, t.fund_type_code), (l.kind))"""
_INSERT_LINES: Final = """/* clearing.insert_table_lines */
INSERT INTO table_line (month, insured_region_code, care_region_code, scheme_code, fund_type_code,
                        cost_fen, adjustment_fen, deduction_fen, payable_fen, settlement_count,
                        reversal_count, late_fen)
SELECT $1, n.insured, n.care, n.scheme, n.fund, n.cost, n.adjustment, n.deduction, n.payable,
       n.settlements, n.reversals, n.late
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
              $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
       AS n (insured, care, scheme, fund, cost, adjustment, deduction, payable, settlements,
             reversals, late)"""
_INSERT_TABLES: Final = """/* clearing.insert_month_tables */
INSERT INTO month_table (month, line_count, payable_fen, late_settlement_count,
                         late_reversal_count, digest, table_time, maker_id, checker_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
_LIST_LINES: Final = """/* clearing.list_table_lines */
SELECT month, insured_region_code, care_region_code, scheme_code, fund_type_code, cost_fen,
       adjustment_fen, deduction_fen, payable_fen, settlement_count, reversal_count, late_fen
  FROM table_line
 WHERE month = $1 AND ($2 = '' OR insured_region_code = $2) AND ($3 = '' OR care_region_code = $3)
   AND ($4 = '' OR insured_region_code = $4 OR care_region_code = $4)
   AND (insured_region_code, care_region_code, scheme_code, fund_type_code) > ($5, $6, $7, $8)
 ORDER BY insured_region_code, care_region_code, scheme_code, fund_type_code LIMIT $9"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month as it stands."""

    month: str
    state: MonthState
    cut_time: datetime | None
    """None: it is not cut yet."""
    table_time: datetime | None
    digest: bytes
    """SHA-256 of its tables; empty: they are not made."""
    payable_fen: int
    line_count: int
    late_settlement_count: int
    late_reversal_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a month's state."""

    state: MonthState
    change_time: datetime
    maker_id: str
    """Empty: it followed from facts."""
    checker_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """What is in a month though it happened before it."""

    fen: Mapping[tuple[Group, str], int]
    """By pair, scheme and fund type."""
    settlement_count: int
    reversal_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """Which lines of a month are wanted; empty: all."""

    month: str
    insured_region_code: str = ""
    care_region_code: str = ""
    region_code: str = ""
    """On either side."""
    after: tuple[str, str, str, str] = ("", "", "", "")
    """Insured and care province, scheme and fund type of the last line of the page before."""


async def find(source: Connection | Database, month: str) -> Month | None:
    """Returns a month that is cut, or None."""
    row = await source.fetchrow(_FIND, month)
    return None if row is None else _month(row)


async def list_months(
    source: Connection | Database,
    *,
    year: str,
    state: MonthState | None,
    before: str,
    limit: int,
) -> list[Month]:
    """Returns months that are cut, newest first; empty filters mean all."""
    rows = await source.fetch(_LIST, year, "" if state is None else state.value, before, limit)
    return [_month(row) for row in rows]


async def lock(connection: Connection, month: str) -> MonthState | None:
    """Locks a month until the transaction ends and returns its state; None: it is not cut."""
    row = await connection.fetchrow(_LOCK, month)
    return None if row is None else MonthState(row["state"])


async def begin(connection: Connection, month: str, now: datetime) -> None:
    """Begins the clearing of a month that is cut now."""
    await connection.execute(_BEGIN, month, now)
    await connection.execute(_APPEND_CHANGE, month, MonthState.OPEN.value, now, "", "")


async def move(
    connection: Connection,
    month: str,
    way: tuple[MonthState, MonthState],
    *,
    now: datetime,
    people: tuple[str, str] = ("", ""),
) -> None:
    """Moves a locked month on.

    Args:
        connection: of the transaction that locked it.
        month: which one.
        way: from where it stands to where it goes.
        now: when.
        people: maker and checker; empty: it follows from facts.
    """
    state, to = way
    if to not in ALLOWED[state]:
        msg = f"a month does not go from {state.value} to {to.value}"
        raise ValueError(msg)
    if await connection.execute(_MOVE, month, state.value, to.value, now) != "UPDATE 1":
        msg = "the month was not locked"
        raise LookupError(msg)
    await connection.execute(_APPEND_CHANGE, month, to.value, now, *people)


async def list_changes(source: Connection | Database, month: str) -> list[Change]:
    """Returns the changes of a month in order."""
    order = [state.value for state in MonthState]
    return [
        Change(
            state=MonthState(row["state"]),
            change_time=row["change_time"],
            maker_id=row["maker_id"],
            checker_id=row["checker_id"],
        )
        for row in await source.fetch(_LIST_CHANGES, month, order)
    ]


async def first_behind(connection: Connection, month: str, state: MonthState) -> str:
    """Returns the first month before this one that has not reached a state; empty: none."""
    reached = [one.value for one in MonthState if one.has_reached(state)]
    row = await connection.fetchrow(_FIRST_BEHIND, month, reached)
    return "" if row is None else row["month"]


async def list_unfinished(source: Connection | Database) -> list[str]:
    """Returns the months that are cut and not closed, oldest first."""
    return [row["month"] for row in await source.fetch(_LIST_UNFINISHED)]


async def count_states(source: Connection | Database) -> dict[MonthState, int]:
    """Returns how many months there are in each state that has any."""
    rows = await source.fetch(_COUNT_STATES)
    return {MonthState(row["state"]): row["count"] for row in rows}


async def first_cut(source: Connection | Database) -> str:
    """Returns the first month that was ever cut; empty: none is."""
    row = await source.fetchrow(_EDGES)
    return "" if row is None or row["first_month"] is None else row["first_month"]


async def last_cut(source: Connection | Database) -> str:
    """Returns the last month that is cut; empty: none is."""
    row = await source.fetchrow(_EDGES)
    return "" if row is None or row["last_month"] is None else row["last_month"]


async def care_regions(source: Connection | Database, month: str) -> dict[str, datetime | None]:
    """Returns the care provinces in which care of a month was settled or taken back.

    With when each confirmed; None: not yet.
    """
    rows = await source.fetch(_CARE_REGIONS, month)
    return {row["care_region_code"]: row["confirm_time"] for row in rows}


async def confirm(
    connection: Connection,
    month: str,
    care_region_code: str,
    people: tuple[str, str],
    now: datetime,
) -> None:
    """Writes that a care province confirmed."""
    await connection.execute(_CONFIRM, month, care_region_code, *people, now)


async def load_balances(
    connection: Connection, month: str
) -> tuple[list[KeptBalance], dict[Group, Counts]]:
    """Returns the balances that a month's tables are made of, and the counts of its positions."""
    rows = await connection.fetch(
        _LOAD_BALANCES, month, Phase.POSTED.value, [one.value for one in PURPOSES]
    )
    balances: list[KeptBalance] = []
    counts: dict[Group, Counts] = {}
    for row in rows:
        group = _group(row)
        counts[group] = Counts(row["settlement_count"], row["reversal_count"])
        if row["side"] is not None:
            balances.append(
                KeptBalance(
                    group=group,
                    fund_type_code=row["fund_type_code"],
                    purpose=Purpose(row["purpose"]),
                    side=Side(row["side"]),
                    balance_fen=row["balance_fen"],
                )
            )
    return balances, counts


async def load_late(connection: Connection, month: str) -> Late:
    """Returns what is in a month though it happened before it began."""
    fen: dict[tuple[Group, str], int] = {}
    counts = {"SETTLED": 0, "REVERSED": 0}
    for row in await connection.fetch(_LOAD_LATE, month):
        if row["kind"] is not None:
            counts[row["kind"]] = row["booking_count"]
        elif row["fund_type_code"] is not None:
            fen[_group(row), row["fund_type_code"]] = row["amount_fen"]
    return Late(fen=fen, settlement_count=counts["SETTLED"], reversal_count=counts["REVERSED"])


async def store_tables(
    connection: Connection, tables: Tables, people: tuple[str, str], now: datetime
) -> None:
    """Writes the tables of a month, which nothing changes from then on."""
    await connection.execute(
        _INSERT_LINES,
        tables.month,
        *([getattr(line, name) for line in tables.lines] for name in _LINE_FIELDS),
    )
    await connection.execute(
        _INSERT_TABLES,
        tables.month,
        len(tables.lines),
        tables.payable_fen,
        tables.late_settlement_count,
        tables.late_reversal_count,
        tables.digest,
        now,
        *people,
    )


async def table_lines(
    source: Connection | Database, month: str, region_code: str = ""
) -> list[TableLine]:
    """Returns the lines of a month's tables by insured and care province, scheme and fund type.

    Only those of a province, on either side, where one is named. Empty: the tables are not made,
    or hold nothing.
    """
    wanted = LineFilter(month=month, region_code=region_code)
    return await list_lines(source, wanted, limit=None)


async def list_lines(
    source: Connection | Database, wanted: LineFilter, *, limit: int | None
) -> list[TableLine]:
    """Returns lines in their order, at most `limit`; None: all."""
    rows = await source.fetch(
        _LIST_LINES,
        wanted.month,
        wanted.insured_region_code,
        wanted.care_region_code,
        wanted.region_code,
        *wanted.after,
        limit,
    )
    return [TableLine(**dict(row)) for row in rows]


_LINE_FIELDS: Final = (
    "insured_region_code",
    "care_region_code",
    "scheme_code",
    "fund_type_code",
    "cost_fen",
    "adjustment_fen",
    "deduction_fen",
    "payable_fen",
    "settlement_count",
    "reversal_count",
    "late_fen",
)


def _group(row: asyncpg.Record) -> Group:
    return Group(row["insured_region_code"], row["care_region_code"], row["scheme_code"])


def _month(row: asyncpg.Record) -> Month:
    return Month(
        month=row["month"],
        state=MonthState(row["state"]),
        cut_time=row["cut_time"],
        table_time=row["table_time"],
        digest=row["digest"] or b"",
        payable_fen=row["payable_fen"] or 0,
        line_count=row["line_count"] or 0,
        late_settlement_count=row["late_settlement_count"] or 0,
        late_reversal_count=row["late_reversal_count"] or 0,
    )
