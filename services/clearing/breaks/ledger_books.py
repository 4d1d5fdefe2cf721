"""SQL of the ledger as it is compared with the journal: sums of a day, and what they are made of.

Amounts are those of entries, because tables and balances are made of these.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.clearing.domain.breaks import BookGroup, BookKey, BookPlace, BookRecord, BookSums
from services.kit.clock import civil_date, civil_midnight
from services.kit.funds import PERSONAL_ACCOUNT

if TYPE_CHECKING:
    import asyncpg

    from services.kit.db import Connection, Database

# One row per booking. Where an entry stands in another position than its booking is counted in,
# that is where the money is. Booking by booking, because joined as wholes they would be planned as
# a look through all transfers that there ever were, for each day. {where} is about bookings b.
_BOOKINGS: Final = f"""
    SELECT b.source_id AS settlement_id, b.kind, b.event_time,
           coalesce(s.fund_fen, 0) * CASE b.kind WHEN 'SETTLED' THEN 1 ELSE -1 END AS fund_fen,
           coalesce(s.account_fen, 0) * CASE b.kind WHEN 'SETTLED' THEN 1 ELSE -1 END
               AS account_fen,
           p.insured_region_code, p.care_region_code, p.scheme_code
      FROM booking b
     CROSS JOIN LATERAL (
           SELECT min(a.position_id) FILTER (WHERE a.position_id <> b.position_id)
                      AS other_position_id,
                  sum(e.amount_fen) FILTER (WHERE a.fund_type_code <> '{PERSONAL_ACCOUNT}')
                      AS fund_fen,
                  sum(e.amount_fen) FILTER (WHERE a.fund_type_code = '{PERSONAL_ACCOUNT}')
                      AS account_fen
             FROM transfer t
             JOIN entry e
               ON e.transfer_id = t.transfer_id AND e.phase = 'POSTED' AND e.side = 'RECEIVABLE'
             JOIN account a ON a.account_id = e.account_id
            WHERE t.source_id = b.source_id AND t.kind = b.kind AND t.step = b.step
           ) s
      JOIN position p ON p.position_id = coalesce(s.other_position_id, b.position_id)
     WHERE b.kind IN ('SETTLED', 'REVERSED') AND {{where}}"""  # noqa: S608 - our own text

# The twin of services/settlement/journal_store.py, in words in journal_service.proto.
_FINGERPRINT: Final = """('x' || left(encode(sha256(convert_to(
        settlement_id || '/' || kind || '/' || fund_fen || '/' || account_fen,
        'UTF8')), 'hex'), 15))::bit(60)::bigint"""

_OF_DAY: Final = _BOOKINGS.format(where="b.event_time >= $1 AND b.event_time < $2")
# A whole day: transfers by their settlements and entries by their blocks lie together on the disk,
# entries by their transfers do not. Either is looked up row by row (OFFSET 0), for joined as wholes
# they would be planned as a look through all that there ever was.
_ALONE: Final = """/* clearing.join_by_hash */ SET LOCAL enable_nestloop = off"""
_SUMMARIZE: Final = f"""/* clearing.summarize_ledger_day */
WITH day AS MATERIALIZED (
    SELECT b.source_id, b.kind, b.step, b.position_id, b.block_id
      FROM booking b
     WHERE b.kind IN ('SETTLED', 'REVERSED') AND b.event_time >= $1 AND b.event_time < $2
), moved AS MATERIALIZED (
    SELECT d.source_id, d.kind, d.position_id, t.transfer_id
      FROM day d
     CROSS JOIN LATERAL (SELECT t.transfer_id FROM transfer t
                          WHERE t.source_id = d.source_id AND t.kind = d.kind
                            AND t.step = d.step OFFSET 0) t
), posted AS MATERIALIZED (
    SELECT e.transfer_id, e.account_id, e.amount_fen
      FROM (SELECT DISTINCT block_id FROM day) k
     CROSS JOIN LATERAL (SELECT e.transfer_id, e.account_id, e.amount_fen FROM entry e
                          WHERE e.block_id = k.block_id AND e.phase = 'POSTED'
                            AND e.side = 'RECEIVABLE' OFFSET 0) e
), sums AS MATERIALIZED (
    SELECT m.source_id, m.kind,
           min(a.position_id) FILTER (WHERE a.position_id <> m.position_id) AS other_position_id,
           sum(e.amount_fen) FILTER (WHERE a.fund_type_code <> '{PERSONAL_ACCOUNT}') AS fund_fen,
           sum(e.amount_fen) FILTER (WHERE a.fund_type_code = '{PERSONAL_ACCOUNT}') AS account_fen
      FROM moved m
      JOIN posted e ON e.transfer_id = m.transfer_id
      JOIN account a ON a.account_id = e.account_id
     GROUP BY m.source_id, m.kind
), l AS (
    SELECT d.source_id AS settlement_id, d.kind,
           coalesce(s.fund_fen, 0) * CASE d.kind WHEN 'SETTLED' THEN 1 ELSE -1 END AS fund_fen,
           coalesce(s.account_fen, 0) * CASE d.kind WHEN 'SETTLED' THEN 1 ELSE -1 END
               AS account_fen,
           p.insured_region_code, p.care_region_code, p.scheme_code
      FROM day d
      LEFT JOIN sums s ON s.source_id = d.source_id AND s.kind = d.kind
      JOIN position p ON p.position_id = coalesce(s.other_position_id, d.position_id)
)
SELECT insured_region_code, care_region_code, scheme_code, kind, count(*) AS n,
       sum(fund_fen)::bigint AS fund_fen, sum(account_fen)::bigint AS account_fen,
       (sum({_FINGERPRINT}) % (1::bigint << 60))::bigint AS fingerprint
  FROM l
 GROUP BY insured_region_code, care_region_code, scheme_code, kind"""  # noqa: S608 - our own text

_LIST_DAY: Final = f"""/* clearing.list_ledger_day */
SELECT settlement_id, kind, event_time, fund_fen::bigint AS fund_fen,
       account_fen::bigint AS account_fen, insured_region_code, care_region_code, scheme_code
  FROM ({_OF_DAY}) l
 WHERE insured_region_code = $3 AND care_region_code = $4"""  # noqa: S608 - our own text

_FIND: Final = f"""/* clearing.find_ledger_records */
SELECT settlement_id, kind, event_time, fund_fen::bigint AS fund_fen,
       account_fen::bigint AS account_fen, insured_region_code, care_region_code, scheme_code
  FROM ({_BOOKINGS.format(where="b.source_id = ANY($1::uuid[])")}) l"""  # noqa: S608 - our own text

_FED: Final = """/* clearing.find_fed */
SELECT settlement_id, reverse_time IS NOT NULL AS is_reversed
  FROM hub_record WHERE settlement_id = ANY($1::uuid[])"""


async def summarize(database: Database, day: date) -> dict[BookGroup, BookSums]:
    """Returns the sums of a civil date by pair, scheme and kind."""

    async def work(connection: Connection) -> list[asyncpg.Record]:
        await connection.execute(_ALONE)
        return await connection.fetch(_SUMMARIZE, *day_bounds(day))

    return {
        BookGroup(_place(row), row["kind"]): BookSums(
            count=row["n"],
            fund_fen=row["fund_fen"],
            account_fen=row["account_fen"],
            fingerprint=row["fingerprint"],
        )
        for row in await database.run("clearing.summarize_ledger_day", work)
    }


async def list_day(
    source: Connection | Database, day: date, *, insured_region_code: str, care_region_code: str
) -> list[BookRecord]:
    """Returns what the ledger has of a civil date between two provinces."""
    rows = await source.fetch(_LIST_DAY, *day_bounds(day), insured_region_code, care_region_code)
    return [_record(row) for row in rows]


async def find(source: Connection | Database, settlement_ids: Collection[UUID]) -> list[BookRecord]:
    """Returns what the ledger has of settlements, of whichever date and pair."""
    return [_record(row) for row in await source.fetch(_FIND, list(settlement_ids))]


async def find_fed(source: Connection | Database, settlement_ids: Collection[UUID]) -> set[BookKey]:
    """Returns what the other follower of the feed, reconciliation's, has of settlements."""
    found: set[BookKey] = set()
    for row in await source.fetch(_FED, list(settlement_ids)):
        found.add((row["settlement_id"], "SETTLED"))
        if row["is_reversed"]:
            found.add((row["settlement_id"], "REVERSED"))
    return found


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Returns when a civil date begins and when it is over."""
    return civil_midnight(day), civil_midnight(day + timedelta(days=1))


def _place(row: asyncpg.Record) -> BookPlace:
    return BookPlace(row["insured_region_code"], row["care_region_code"], row["scheme_code"])


def _record(row: asyncpg.Record) -> BookRecord:
    return BookRecord(
        settlement_id=row["settlement_id"],
        event_kind=row["kind"],
        place=_place(row),
        fund_fen=row["fund_fen"],
        account_fen=row["account_fen"],
        event_time=row["event_time"],
        day=civil_date(row["event_time"]),
    )
