"""SQL of statements: what institutions and care provinces say they have of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from services.clearing.domain.reconciliation import (
    Amounts,
    LegRecord,
    Party,
    Place,
    Status,
)
from services.clearing.domain.statement_states import StatementState
from services.clearing.domain.totals import Group, Sums, Totals
from services.clearing.hub_store import read_amounts
from services.kit.db import Connection, Database

# A party's statements of a day are made one after another, whichever replica gets them.
_LOCK: Final = """/* clearing.lock_statements */
SELECT pg_advisory_xact_lock(hashtextextended($1 || $2 || $3::date::text, 2))"""
_REPLACE: Final = """/* clearing.replace_statement */
UPDATE statement SET state = 'REPLACED'
 WHERE party = $1 AND party_code = $2 AND business_date = $3 AND state <> 'REPLACED'"""
_NEXT_REVISION: Final = """/* clearing.next_revision */
SELECT coalesce(max(revision), 0) + 1 AS revision
  FROM statement WHERE party = $1 AND party_code = $2 AND business_date = $3"""
_INSERT: Final = """/* clearing.insert_statement */
INSERT INTO statement (statement_id, party, party_code, business_date, revision, until_time, state,
                       open_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_INSERT_TOTALS: Final = """/* clearing.insert_statement_totals */
INSERT INTO statement_total (statement_id, insured_region_code, scheme_code, settled_count,
                             settled_total_fen, settled_fund_fen, settled_account_fen,
                             settled_cash_fen, reversed_count, reversed_total_fen,
                             reversed_fund_fen, reversed_account_fen, reversed_cash_fen)
SELECT $1, n.insured_region_code, n.scheme_code, n.settled_count, n.settled_total_fen,
       n.settled_fund_fen, n.settled_account_fen, n.settled_cash_fen, n.reversed_count,
       n.reversed_total_fen, n.reversed_fund_fen, n.reversed_account_fen, n.reversed_cash_fen
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
              $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
              $13::bigint[])
       AS n (insured_region_code, scheme_code, settled_count, settled_total_fen, settled_fund_fen,
             settled_account_fen, settled_cash_fen, reversed_count, reversed_total_fen,
             reversed_fund_fen, reversed_account_fen, reversed_cash_fen)"""
_FIND: Final = """/* clearing.find_statement */
SELECT statement_id, party, party_code, business_date, revision, until_time, state, record_count
  FROM statement WHERE statement_id = $1"""
_FIND_LOCKED: Final = f"{_FIND.replace('find_statement', 'lock_statement')} FOR UPDATE"
_LOAD_TOTALS: Final = """/* clearing.load_statement_totals */
SELECT insured_region_code, scheme_code, settled_count, settled_total_fen, settled_fund_fen,
       settled_account_fen, settled_cash_fen, reversed_count, reversed_total_fen,
       reversed_fund_fen, reversed_account_fen, reversed_cash_fen
  FROM statement_total WHERE statement_id = $1"""
_INSERT_RECORDS: Final = """/* clearing.insert_statement_records */
INSERT INTO statement_record (statement_id, settlement_id, request_id, institution_code,
                              insured_region_code, scheme_code, status, total_fen, fund_fen,
                              account_fen, cash_fen)
SELECT $1, n.settlement_id, n.request_id, n.institution_code, n.insured_region_code, n.scheme_code,
       n.status, n.total_fen, n.fund_fen, n.account_fen, n.cash_fen
  FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
              $9::bigint[], $10::bigint[], $11::bigint[])
       AS n (settlement_id, request_id, institution_code, insured_region_code, scheme_code, status,
             total_fen, fund_fen, account_fen, cash_fen)
ON CONFLICT DO NOTHING
RETURNING settlement_id, request_id"""
_COUNT_RECORDS: Final = """/* clearing.count_statement_records */
UPDATE statement SET record_count = record_count + $2
 WHERE statement_id = $1 RETURNING record_count"""
_LOAD_RECORDS: Final = """/* clearing.load_statement_records */
SELECT settlement_id, request_id, institution_code, insured_region_code, scheme_code, status,
       total_fen, fund_fen, account_fen, cash_fen
  FROM statement_record WHERE statement_id = $1"""
_SET_DIFFERENT: Final = """/* clearing.set_statement_different */
UPDATE statement SET state = 'DIFFERENT'
 WHERE statement_id = $1 AND state = 'EVEN' RETURNING statement_id"""
_SET_COMPARED: Final = """/* clearing.set_statement_compared */
UPDATE statement SET state = 'COMPARED'
 WHERE statement_id = $1 AND state IN ('EVEN', 'DIFFERENT') RETURNING statement_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a party says it has of a day."""

    statement_id: UUID
    party: Party
    party_code: str
    business_date: date
    revision: int
    until: datetime
    """Its end: that of the day, or earlier on a day that was not over."""
    state: StatementState
    record_count: int


async def lock(connection: Connection, party: Party, party_code: str, day: date) -> None:
    """Makes other statements of the same party and day wait until this transaction ends."""
    await connection.execute(_LOCK, party.value, party_code, day)


async def insert(
    connection: Connection,
    statement: Statement,
    totals: Mapping[Group, Totals],
    *,
    open_time: datetime,
) -> None:
    """Writes a statement in the place of the one in force."""
    key = (statement.party.value, statement.party_code, statement.business_date)
    await connection.execute(_REPLACE, *key)
    await connection.execute(
        _INSERT,
        statement.statement_id,
        *key,
        statement.revision,
        statement.until,
        statement.state.value,
        open_time,
    )
    groups = sorted(totals)
    columns: list[list[int]] = []
    for kind in ("settled", "reversed"):
        sums: list[Sums] = [getattr(totals[group], kind) for group in groups]
        columns += [
            [one.count for one in sums],
            [one.amounts.total_fen for one in sums],
            [one.amounts.fund_fen for one in sums],
            [one.amounts.account_fen for one in sums],
            [one.amounts.cash_fen for one in sums],
        ]
    await connection.execute(
        _INSERT_TOTALS,
        statement.statement_id,
        [group.insured_region_code for group in groups],
        [group.scheme_code for group in groups],
        *columns,
    )


async def next_revision(connection: Connection, party: Party, party_code: str, day: date) -> int:
    """Returns the number of the next statement of a party and day; call it under `lock`."""
    row = await connection.fetchrow(_NEXT_REVISION, party.value, party_code, day)
    return int(row["revision"]) if row is not None else 1


async def find(
    connection: Connection | Database, statement_id: UUID, *, locked: bool = False
) -> Statement | None:
    """Returns a statement, or None; `locked` keeps others from changing it."""
    row = await connection.fetchrow(_FIND_LOCKED if locked else _FIND, statement_id)
    return None if row is None else _statement(row)


async def load_totals(connection: Connection | Database, statement_id: UUID) -> dict[Group, Totals]:
    """Returns the totals that a statement states."""
    rows = await connection.fetch(_LOAD_TOTALS, statement_id)
    return {
        Group(row["insured_region_code"], row["scheme_code"]): Totals(
            settled=Sums(count=row["settled_count"], amounts=read_amounts(row, "settled_")),
            reversed=Sums(count=row["reversed_count"], amounts=read_amounts(row, "reversed_")),
        )
        for row in rows
    }


async def insert_records(
    connection: Connection, statement_id: UUID, records: Sequence[LegRecord]
) -> set[tuple[UUID | None, UUID | None]]:
    """Writes details; returns the keys of those written: one that is there already is not."""
    amounts = [
        one.amounts or Amounts(total_fen=0, fund_fen=0, account_fen=0, cash_fen=0)
        for one in records
    ]
    rows = await connection.fetch(
        _INSERT_RECORDS,
        statement_id,
        [one.settlement_id for one in records],
        [one.request_id for one in records],
        [one.place.institution_code for one in records],
        [one.place.insured_region_code for one in records],
        [one.place.scheme_code for one in records],
        [one.status.value for one in records],
        [one.total_fen for one in amounts],
        [one.fund_fen for one in amounts],
        [one.account_fen for one in amounts],
        [one.cash_fen for one in amounts],
    )
    return {(row["settlement_id"], row["request_id"]) for row in rows}


async def count_records(connection: Connection, statement_id: UUID, added: int) -> int:
    """Adds to the count of details and returns it."""
    row = await connection.fetchrow(_COUNT_RECORDS, statement_id, added)
    return int(row["record_count"]) if row is not None else 0


async def load_records(connection: Connection | Database, statement: Statement) -> list[LegRecord]:
    """Returns the details of a statement."""
    care = statement.party_code if statement.party is Party.CARE_PROVINCE else ""
    return [
        LegRecord(
            settlement_id=row["settlement_id"],
            request_id=row["request_id"],
            place=Place(
                institution_code=row["institution_code"],
                care_region_code=care,
                insured_region_code=row["insured_region_code"],
                scheme_code=row["scheme_code"],
            ),
            status=Status(row["status"]),
            amounts=read_amounts(row),
        )
        for row in await connection.fetch(_LOAD_RECORDS, statement.statement_id)
    ]


async def set_compared(connection: Connection, statement_id: UUID) -> bool:
    """Says that the details were compared; False: a later statement has taken its place."""
    return await connection.fetchrow(_SET_COMPARED, statement_id) is not None


async def set_different(connection: Connection, statement_id: UUID) -> bool:
    """Says that totals which were even are not any more; False: the statement has moved on."""
    return await connection.fetchrow(_SET_DIFFERENT, statement_id) is not None


def _statement(row: asyncpg.Record) -> Statement:
    return Statement(
        statement_id=row["statement_id"],
        party=Party(row["party"]),
        party_code=row["party_code"],
        business_date=row["business_date"],
        revision=row["revision"],
        until=row["until_time"],
        state=StatementState(row["state"]),
        record_count=row["record_count"],
    )
