"""SQL of the hub's own leg: one row per settlement, kept from the feed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from services.clearing.domain.reconciliation import Amounts, HubRecord, Party, Place
from services.clearing.domain.totals import Group, Sums, Totals
from services.kit.clock import civil_date
from services.kit.db import Connection, Database
from services.kit.ids import first_id_at, time_of

FEED: Final = "reconciliation"
"""Name of the feed in feed_cursor: the settlement feed, read by a cursor of its own."""

# An event may come again, and a reversal says all of the settlement that it takes back.
_UPSERT_HUB_RECORDS: Final = """/* clearing.upsert_hub_records */
INSERT INTO hub_record (settlement_id, request_id, institution_code, care_region_code,
                        insured_region_code, scheme_code, total_fen, fund_fen, account_fen,
                        cash_fen, bill_digest, business_date, settle_time, reverse_time,
                        reverse_date, medical_type_code)
SELECT n.settlement_id, n.request_id, n.institution_code, n.care_region_code,
       n.insured_region_code, n.scheme_code, n.total_fen, n.fund_fen, n.account_fen, n.cash_fen,
       n.bill_digest, n.business_date, n.settle_time, n.reverse_time, n.reverse_date,
       n.medical_type_code
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
              $8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[], $12::date[],
              $13::timestamptz[], $14::timestamptz[], $15::date[], $16::text[])
       AS n (settlement_id, request_id, institution_code, care_region_code, insured_region_code,
             scheme_code, total_fen, fund_fen, account_fen, cash_fen, bill_digest, business_date,
             settle_time, reverse_time, reverse_date, medical_type_code)
ON CONFLICT (settlement_id) DO UPDATE
   SET reverse_time = coalesce(hub_record.reverse_time, excluded.reverse_time),
       reverse_date = coalesce(hub_record.reverse_date, excluded.reverse_date),
       medical_type_code = coalesce(hub_record.medical_type_code, excluded.medical_type_code)"""

# What was found about a settlement may no longer hold when something happens to it. What is being
# compared now may have read the rows before: that must be seen to be later than its beginning.
_MAKE_DUE: Final = """/* clearing.make_due */
UPDATE comparison c
   SET due_time = CASE WHEN c.claim_time IS NULL THEN least(c.due_time, $3) ELSE $3 END
  FROM finding f
 WHERE (f.settlement_id = ANY($1::uuid[]) OR f.request_id = ANY($2::uuid[]))
   AND c.business_date = f.business_date AND c.party = f.party AND c.party_code = f.party_code
   AND c.state = 'COMPARED'"""

# An intent that is finished the next morning has the date of its id, and that day may have been
# compared. Statements cover up to an instant; a province is not asked again before its day is over.
_MAKE_LATE_DUE: Final = """/* clearing.make_late_due */
UPDATE comparison c
   SET due_time = CASE WHEN c.claim_time IS NULL THEN least(c.due_time, $7) ELSE $7 END
  FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[])
       AS n (business_date, institution_code, care_region_code, insured_region_code, instant,
             is_late)
 WHERE c.business_date = n.business_date AND c.state IN ('EVEN', 'COMPARED')
   AND CASE c.party
           WHEN 'INSTITUTION' THEN c.party_code = n.institution_code
           WHEN 'CARE_PROVINCE' THEN c.party_code = n.care_region_code
           ELSE c.party_code = n.insured_region_code AND n.is_late
       END
   AND (c.statement_id IS NULL
        OR n.instant < (SELECT s.until_time FROM statement s
                         WHERE s.statement_id = c.statement_id))"""

_MARK: Final = """/* clearing.mark_feed */
INSERT INTO feed_mark (feed, complete_time) VALUES ($1, $2)
ON CONFLICT (feed) DO UPDATE
   SET complete_time = greatest(feed_mark.complete_time, excluded.complete_time)"""
_COMPLETE_TIME: Final = """/* clearing.feed_complete_time */
SELECT complete_time FROM feed_mark WHERE feed = $1"""

_COLUMNS: Final = """settlement_id, request_id, institution_code, care_region_code,
       insured_region_code, scheme_code, total_fen, fund_fen, account_fen, cash_fen, bill_digest,
       business_date, reverse_time"""

COLUMN_OF: Final[Mapping[Party, str]] = {
    Party.INSTITUTION: "institution_code",
    Party.CARE_PROVINCE: "care_region_code",
    Party.INSURED_PROVINCE: "insured_region_code",
}
"""The column by which a row belongs to a party."""

# $1 the party, $2 the day, $3 the least settlement id after its end, $4 its end.
_LOAD_DAY: Final[Mapping[Party, str]] = {
    party: f"""/* clearing.load_hub_day */
SELECT {_COLUMNS}
  FROM hub_record
 WHERE {column} = $1 AND business_date = $2 AND settlement_id < $3
UNION ALL
SELECT {_COLUMNS}
  FROM hub_record
 WHERE {column} = $1 AND reverse_date = $2 AND reverse_time < $4 AND business_date <> $2"""  # noqa: S608 - our own column names
    for party, column in COLUMN_OF.items()
}

_SUMS: Final = """count(*) AS n, coalesce(sum(total_fen), 0)::bigint AS total_fen,
       coalesce(sum(fund_fen), 0)::bigint AS fund_fen,
       coalesce(sum(account_fen), 0)::bigint AS account_fen,
       coalesce(sum(cash_fen), 0)::bigint AS cash_fen"""

_TOTALS: Final[Mapping[Party, str]] = {
    party: f"""/* clearing.total_hub_day */
SELECT 'settled' AS kind, insured_region_code, scheme_code, {_SUMS}
  FROM hub_record
 WHERE {column} = $1 AND business_date = $2 AND settlement_id < $3
 GROUP BY insured_region_code, scheme_code
UNION ALL
SELECT 'reversed', insured_region_code, scheme_code, {_SUMS}
  FROM hub_record
 WHERE {column} = $1 AND reverse_date = $2 AND reverse_time < $4
 GROUP BY insured_region_code, scheme_code"""  # noqa: S608 - our own column names
    for party, column in COLUMN_OF.items()
}

_TWINS: Final[Mapping[Party, str]] = {
    party: f"""/* clearing.find_twins */
SELECT h.bill_digest, h.settlement_id
  FROM hub_record h
 WHERE h.{column} = $1 AND h.business_date IN ($2::date - 1, $2::date + 1)
   AND h.reverse_time IS NULL AND h.bill_digest = ANY($3::bytea[])
   AND NOT EXISTS (SELECT 1 FROM finding f
                    WHERE f.settlement_id = h.settlement_id AND f.party = $4
                      AND f.leg_status IS NULL)"""  # noqa: S608 - our own column names
    for party, column in COLUMN_OF.items()
}

_FIND: Final = f"""/* clearing.find_hub_records */
SELECT {_COLUMNS}
  FROM hub_record
 WHERE settlement_id = ANY($1::uuid[]) OR request_id = ANY($2::uuid[])"""  # noqa: S608 - our own column names


@dataclass(frozen=True, slots=True, kw_only=True)
class HubEvent:
    """One event of the feed, as far as reconciliation is concerned."""

    record: HubRecord
    """The settlement after it."""
    settle_time: datetime
    event_time: datetime
    medical_type_code: str = ""
    """National med_type or a local child; empty: not known."""


async def store_events(connection: Connection, events: Sequence[HubEvent], now: datetime) -> None:
    """Keeps what a batch of the feed says, and makes due what was found about its settlements."""
    # One statement takes a row once; the last word of a batch on a settlement is the newest.
    newest = {event.record.settlement_id: event for event in events}
    kept = [newest[key] for key in sorted(newest)]
    records = [event.record for event in kept]
    await connection.execute(
        _UPSERT_HUB_RECORDS,
        [one.settlement_id for one in records],
        [one.request_id for one in records],
        [one.place.institution_code for one in records],
        [one.place.care_region_code for one in records],
        [one.place.insured_region_code for one in records],
        [one.place.scheme_code for one in records],
        [one.amounts.total_fen for one in records],
        [one.amounts.fund_fen for one in records],
        [one.amounts.account_fen for one in records],
        [one.amounts.cash_fen for one in records],
        [one.bill_digest for one in records],
        [one.business_date for one in records],
        [event.settle_time for event in kept],
        [one.reverse_time for one in records],
        [civil_date(one.reverse_time) if one.reverse_time else None for one in records],
        [event.medical_type_code or None for event in kept],
    )
    await connection.execute(
        _MAKE_DUE,
        [one.settlement_id for one in records],
        [one.request_id for one in records if one.request_id is not None],
        now,
    )
    instants = [one.reverse_time or time_of(one.settlement_id) for one in records]
    await connection.execute(
        _MAKE_LATE_DUE,
        [civil_date(instant) for instant in instants],
        [one.place.institution_code for one in records],
        [one.place.care_region_code for one in records],
        [one.place.insured_region_code for one in records],
        instants,
        [civil_date(instant) < civil_date(now) for instant in instants],
        now,
    )


async def mark(connection: Connection | Database, complete_time: datetime) -> None:
    """Notes up to when the feed is known to be read."""
    await connection.execute(_MARK, FEED, complete_time)


async def complete_time(connection: Connection | Database) -> datetime | None:
    """Returns up to when the feed is known to be read; None: it was never read."""
    row = await connection.fetchrow(_COMPLETE_TIME, FEED)
    return row["complete_time"] if row is not None else None


async def load_day(
    connection: Connection | Database, party: Party, party_code: str, *, day: date, until: datetime
) -> list[HubRecord]:
    """Returns what a party should have of a day: what was settled or taken back on it."""
    rows = await connection.fetch(_LOAD_DAY[party], party_code, day, _first_id(until), until)
    return [_record(row) for row in rows]


async def total_day(
    connection: Connection | Database, party: Party, party_code: str, *, day: date, until: datetime
) -> dict[Group, Totals]:
    """Returns the totals that a party should state of a day."""
    rows = await connection.fetch(_TOTALS[party], party_code, day, _first_id(until), until)
    found: dict[Group, Totals] = {}
    for row in rows:
        group = Group(row["insured_region_code"], row["scheme_code"])
        sums = Sums(count=row["n"], amounts=read_amounts(row))
        part = Totals(settled=sums) if row["kind"] == "settled" else Totals(reversed=sums)
        found[group] = found.get(group, Totals()).plus(part)
    return found


async def find_twins(
    connection: Connection | Database,
    party: Party,
    party_code: str,
    *,
    day: date,
    bill_digests: Collection[bytes],
) -> dict[bytes, UUID]:
    """Returns what stands of some bills on the day before and the day after, by digest.

    Without what the party is known not to have.
    """
    rows = await connection.fetch(_TWINS[party], party_code, day, list(bill_digests), party.value)
    return {bytes(row["bill_digest"]): row["settlement_id"] for row in rows}


async def find(
    connection: Connection | Database,
    *,
    settlement_ids: Iterable[UUID],
    request_ids: Collection[UUID],
) -> list[HubRecord]:
    """Returns settlements by their id or their request, of whichever day and party."""
    rows = await connection.fetch(_FIND, list(settlement_ids), list(request_ids))
    return [_record(row) for row in rows]


def read_amounts(row: asyncpg.Record, prefix: str = "") -> Amounts:
    """Returns the four amounts of a row."""
    return Amounts(
        total_fen=row[f"{prefix}total_fen"],
        fund_fen=row[f"{prefix}fund_fen"],
        account_fen=row[f"{prefix}account_fen"],
        cash_fen=row[f"{prefix}cash_fen"],
    )


def read_place(row: asyncpg.Record) -> Place:
    """Returns to whom a row belongs."""
    return Place(
        institution_code=row["institution_code"],
        care_region_code=row["care_region_code"],
        insured_region_code=row["insured_region_code"],
        scheme_code=row["scheme_code"],
    )


def _first_id(until: datetime) -> UUID:
    # Ids have milliseconds: one of the millisecond in which the day is cut is before the cut.
    return first_id_at(until + timedelta(microseconds=999))


def _record(row: asyncpg.Record) -> HubRecord:
    return HubRecord(
        settlement_id=row["settlement_id"],
        request_id=row["request_id"],
        place=read_place(row),
        amounts=read_amounts(row),
        business_date=row["business_date"],
        reverse_time=row["reverse_time"],
        bill_digest=bytes(row["bill_digest"]),
    )
