"""SQL of the invariants: every sum in two ways, from different tables. Reads only.

Statements that would read a month at once are cut by days, blocks or accounts: a month of a whole
country has tens of millions of rows, and a statement has ten seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.clearing.domain.invariants import Invariant, SumKey, added

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    import asyncpg

    from services.clearing.domain.invariants import Result
    from services.kit.db import Connection, Database

BLOCKS_AT_ONCE: Final = 200
ACCOUNTS_AT_ONCE: Final = 64
FEEDS: Final = ("settlement", "reconciliation")
"""The two followers of the settlement feed: of the ledger, and of the hub's leg."""

_FIRST_DAY: Final = """/* clearing.invariant_first_day */
SELECT least((SELECT min(business_date) FROM hub_record),
             (SELECT (min(month) || '-01')::date FROM position)) AS day"""
_OPEN_MONTHS: Final = """/* clearing.invariant_open_month */
SELECT min(p.month) AS month FROM position p
 WHERE NOT EXISTS (SELECT FROM clearing_month m WHERE m.month = p.month AND m.state = 'CLOSED')"""
_UNTIL: Final = """/* clearing.invariant_until */
SELECT min(m.complete_time) AS until_time, count(m.feed) AS n
  FROM feed_mark m WHERE m.feed = ANY($1::text[])"""
_BLOCKS: Final = """/* clearing.invariant_blocks */
SELECT coalesce((SELECT max(cut_block) FROM month_cut WHERE month < $1), 0) AS first,
       coalesce((SELECT max(block_id) FROM block), 0) AS last"""

_PAIR: Final = "p.month, p.insured_region_code, p.care_region_code, p.scheme_code"

_BALANCES: Final = f"""/* clearing.invariant_balances */
SELECT {_PAIR}, a.fund_type_code, a.purpose, a.phase,
       coalesce(-sum(a.balance_fen) FILTER (WHERE a.side = 'PAYABLE'), 0)::bigint AS payable_fen,
       coalesce(sum(a.balance_fen) FILTER (WHERE a.side = 'RECEIVABLE'), 0)::bigint
           AS receivable_fen
  FROM account a
  JOIN position p ON p.position_id = a.position_id
 WHERE p.month >= $1
 GROUP BY {_PAIR}, a.fund_type_code, a.purpose, a.phase"""  # noqa: S608 - our own text

_ACCOUNTS: Final = """/* clearing.invariant_accounts */
SELECT a.account_id
  FROM account a JOIN position p ON p.position_id = a.position_id
 WHERE p.month >= $1
 ORDER BY a.account_id"""
_KEPT: Final = f"""/* clearing.invariant_kept */
SELECT {_PAIR}, a.fund_type_code, a.purpose, a.phase, a.side, a.balance_fen,
       (SELECT coalesce(sum(e.amount_fen), 0)::bigint FROM entry e
         WHERE e.account_id = a.account_id) AS entries_fen
  FROM account a
  JOIN position p ON p.position_id = a.position_id
 WHERE a.account_id = ANY($1::bigint[])"""  # noqa: S608 - our own text

_HUB_DAY: Final = """/* clearing.invariant_hub_day */
SELECT insured_region_code, care_region_code, scheme_code,
       sum(amount_fen)::bigint AS amount_fen
  FROM (SELECT insured_region_code, care_region_code, scheme_code, fund_fen + account_fen
          FROM hub_record WHERE settle_time >= $1 AND settle_time < $2
        UNION ALL
        SELECT insured_region_code, care_region_code, scheme_code, -fund_fen - account_fen
          FROM hub_record
         WHERE reverse_date = $3 AND reverse_time >= $1 AND reverse_time < $2)
       AS n (insured_region_code, care_region_code, scheme_code, amount_fen)
 GROUP BY insured_region_code, care_region_code, scheme_code"""

# What came after its month was cut, and what came after the instant up to which both followers are
# compared; anything else is booked in its own month. $3: that instant.
_ELSEWHERE: Final = f"""/* clearing.invariant_elsewhere */
WITH moved AS (
    SELECT b.source_id, b.kind, b.step, b.position_id, b.event_time >= $3 AS is_ahead,
           to_char(b.event_time AT TIME ZONE interval '8 hours', 'YYYY-MM') AS event_month
      FROM booking b
      JOIN position p ON p.position_id = b.position_id
     WHERE b.block_id > $1 AND b.block_id <= $2
       AND (b.event_time >= $3
            OR p.month <> to_char(b.event_time AT TIME ZONE interval '8 hours', 'YYYY-MM'))
)
SELECT {_PAIR}, m.event_month, m.is_ahead, sum(t.amount_fen)::bigint AS amount_fen
  FROM moved m
  JOIN position p ON p.position_id = m.position_id
  JOIN transfer t ON t.source_id = m.source_id AND t.kind = m.kind AND t.step = m.step
 GROUP BY {_PAIR}, m.event_month, m.is_ahead"""  # noqa: S608 - our own text

# Deductions, and what was given back of them when a settlement was reversed later.
_DEDUCTED: Final = f"""/* clearing.invariant_deducted */
SELECT {_PAIR}, -sum(t.amount_fen)::bigint AS amount_fen
  FROM transfer t
  JOIN position p ON p.position_id = t.position_id
 WHERE t.kind = 'DEDUCTION' AND t.step IN ('DIRECT', 'POSTED') AND p.month >= $1
 GROUP BY {_PAIR}"""  # noqa: S608 - our own text

_TABLES: Final = """/* clearing.invariant_tables */
SELECT month, insured_region_code, care_region_code, scheme_code, fund_type_code, cost_fen,
       adjustment_fen, deduction_fen, payable_fen
  FROM table_line WHERE month >= $1"""
_TABLED: Final = """/* clearing.invariant_tabled */
SELECT t.month, t.payable_fen, t.digest, m.state
  FROM month_table t JOIN clearing_month m ON m.month = t.month WHERE t.month >= $1"""

_NOTICE_LINES: Final = """/* clearing.invariant_notice_lines */
SELECT n.notice_id, n.kind, n.state, n.month, n.insured_region_code, n.care_region_code,
       l.scheme_code, l.fund_type_code, l.amount_fen, l.paid_fen, l.pending_fen
  FROM notice n JOIN notice_line l ON l.notice_id = n.notice_id
 WHERE n.state <> 'REJECTED' AND n.month >= $1"""
_PAID_NOTICES: Final = """/* clearing.invariant_paid_notices */
SELECT n.number, n.month, n.insured_region_code, n.care_region_code,
       (CASE WHEN n.payer_region_code = n.insured_region_code THEN 1 ELSE -1 END
        * (SELECT sum(l.paid_fen) FROM notice_line l WHERE l.notice_id = n.notice_id))::bigint
           AS paid_fen,
       (coalesce((SELECT sum(b.applied_fen) FROM bank_line b WHERE b.notice_id = n.notice_id), 0)
        + coalesce((SELECT sum(r.amount_fen) FROM bank_resolution r
                     WHERE r.notice_id = n.notice_id AND r.status = 'POSTED'), 0))::bigint
           AS bank_fen
  FROM notice n
 WHERE n.number IS NOT NULL AND n.month >= $1"""


_LAST_CHECK: Final = """/* clearing.last_invariant_check */
SELECT check_date, until_block_id, until_digest, check_time
  FROM invariant_check ORDER BY check_date DESC LIMIT 1"""
_LAST_RESULTS: Final = """/* clearing.last_invariant_results */
SELECT r.invariant, r.contradiction_count FROM invariant_result r WHERE r.check_date = $1"""
_KEEP_CHECK: Final = """/* clearing.keep_invariant_check */
INSERT INTO invariant_check (check_date, first_month, until_block_id, until_digest, check_time)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (check_date) DO NOTHING"""
_KEEP_RESULTS: Final = """/* clearing.keep_invariant_results */
INSERT INTO invariant_result (check_date, invariant, checked_count, contradiction_count)
SELECT $1, n.invariant, n.checked_count, n.contradiction_count
  FROM unnest($2::text[], $3::bigint[], $4::bigint[])
       AS n (invariant, checked_count, contradiction_count)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCheck:
    """The newest nightly check."""

    check_date: date
    """Civil date, Asia/Shanghai: that of the night."""
    until_block_id: int
    """Up to here the chain was intact."""
    until_digest: bytes
    check_time: datetime


async def first_day(connection: Connection) -> date | None:
    """Returns a day before which nothing was settled; None: nothing ever was."""
    row = await connection.fetchrow(_FIRST_DAY)
    return row["day"] if row else None


async def open_month(connection: Connection) -> str:
    """Returns the earliest month with a position that is not closed; empty: there is none."""
    row = await connection.fetchrow(_OPEN_MONTHS)
    return (row["month"] if row else None) or ""


async def until(connection: Connection) -> datetime | None:
    """Returns up to when both followers have read the feed; None: one of them never did."""
    row = await connection.fetchrow(_UNTIL, list(FEEDS))
    if row is None or row["n"] != len(FEEDS):
        return None
    found: datetime = row["until_time"]
    return found


async def block_range(connection: Connection, first_month: str) -> tuple[int, int]:
    """Returns the last block before anything is booked into a month or later, and the last."""
    row = await connection.fetchrow(_BLOCKS, first_month)
    return (row["first"], row["last"]) if row else (0, 0)


async def balances(connection: Connection, first_month: str) -> list[asyncpg.Record]:
    """Returns both sides of every pair, month, scheme, fund, purpose and phase."""
    return await connection.fetch(_BALANCES, first_month)


async def kept_balances(
    connection: Connection, first_month: str
) -> tuple[dict[SumKey, int], dict[SumKey, int]]:
    """Returns what the entries of each account add up to, and what is kept as their sum."""
    ids = [row["account_id"] for row in await connection.fetch(_ACCOUNTS, first_month)]
    entries: dict[SumKey, int] = {}
    kept: dict[SumKey, int] = {}
    for begin in range(0, len(ids), ACCOUNTS_AT_ONCE):
        for row in await connection.fetch(_KEPT, ids[begin : begin + ACCOUNTS_AT_ONCE]):
            key = key_of(row, f"balance = entries, {row['purpose']} {row['phase']} {row['side']}")
            entries[key] = row["entries_fen"]
            kept[key] = row["balance_fen"]
    return entries, kept


async def hub_day(
    connection: Connection, day: date, subject: str, *, begin: datetime, end: datetime
) -> dict[SumKey, int]:
    """Returns fund and account of what the hub settled on a day less what it took back on it.

    `begin` and `end` are the day's, or what of it is to be compared; by pair and scheme.
    """
    month = f"{day:%Y-%m}"
    return {
        SumKey(
            subject=subject,
            month=month,
            insured_region_code=row["insured_region_code"],
            care_region_code=row["care_region_code"],
            scheme_code=row["scheme_code"],
        ): row["amount_fen"]
        for row in await connection.fetch(_HUB_DAY, begin, end, day)
    }


async def booked_elsewhere(
    connection: Connection, first_month: str, subject: str, *, until_time: datetime
) -> dict[SumKey, int]:
    """Returns by how much the months differ from what happened in them before an instant.

    What came late counts in the month that it was booked into and not in its own; what happened
    since the instant counts where it is booked.
    """
    first, last = await block_range(connection, first_month)
    parts: list[dict[SumKey, int]] = []
    for begin in range(first, last, BLOCKS_AT_ONCE):
        rows = await connection.fetch(
            _ELSEWHERE, begin, min(begin + BLOCKS_AT_ONCE, last), until_time
        )
        for row in rows:
            booked = key_of(row, subject)
            parts.append({booked: row["amount_fen"]})
            if not row["is_ahead"] and row["event_month"] >= first_month:
                own = SumKey(
                    subject=subject,
                    month=row["event_month"],
                    insured_region_code=booked.insured_region_code,
                    care_region_code=booked.care_region_code,
                    scheme_code=booked.scheme_code,
                )
                parts.append({own: -row["amount_fen"]})
    return added(*parts)


async def deducted(connection: Connection, first_month: str, subject: str) -> dict[SumKey, int]:
    """Returns what was deducted, less what was given back of it, by month, pair and scheme."""
    rows = await connection.fetch(_DEDUCTED, first_month)
    return {key_of(row, subject): row["amount_fen"] for row in rows}


async def tables(connection: Connection, first_month: str) -> list[asyncpg.Record]:
    """Returns the lines of all tables."""
    return await connection.fetch(_TABLES, first_month)


async def tabled(connection: Connection, first_month: str) -> list[asyncpg.Record]:
    """Returns the months whose tables are made, with their sum and where the month stands."""
    return await connection.fetch(_TABLED, first_month)


async def notice_lines(connection: Connection, first_month: str) -> list[asyncpg.Record]:
    """Returns the lines of all notices that were not rejected."""
    return await connection.fetch(_NOTICE_LINES, first_month)


async def paid_notices(connection: Connection, first_month: str) -> list[asyncpg.Record]:
    """Returns what of each issued notice is paid by its lines, and by the bank's."""
    return await connection.fetch(_PAID_NOTICES, first_month)


async def last_check(source: Connection | Database) -> LastCheck | None:
    """Returns the newest nightly check; None: there was none."""
    row = await source.fetchrow(_LAST_CHECK)
    return LastCheck(**dict(row)) if row else None


async def last_results(source: Connection | Database, last: LastCheck) -> dict[Invariant, int]:
    """Returns how many contradictions a nightly check found of each invariant."""
    rows = await source.fetch(_LAST_RESULTS, last.check_date)
    return {Invariant(row["invariant"]): row["contradiction_count"] for row in rows}


async def keep_check(
    connection: Connection, check: LastCheck, first_month: str, results: Sequence[Result]
) -> None:
    """Keeps how a night came out, unless another replica did: it found the same."""
    kept = await connection.execute(
        _KEEP_CHECK,
        check.check_date,
        first_month,
        check.until_block_id,
        check.until_digest,
        check.check_time,
    )
    if kept == "INSERT 0 1":
        await connection.execute(
            _KEEP_RESULTS,
            check.check_date,
            [one.invariant.value for one in results],
            [one.checked_count for one in results],
            [len(one.contradictions) for one in results],
        )


def key_of(row: asyncpg.Record, subject: str) -> SumKey:
    """Returns the key of a sum by month, pair and scheme, and by fund where the row has one."""
    return SumKey(
        subject=subject,
        month=row["month"],
        insured_region_code=row["insured_region_code"],
        care_region_code=row["care_region_code"],
        scheme_code=row["scheme_code"],
        fund_type_code=row.get("fund_type_code", ""),
    )
