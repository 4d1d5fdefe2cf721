"""SQL of comparisons: the newest result of each leg and day, and when it is due again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from services.clearing.domain.reconciliation import Party
from services.clearing.domain.statement_states import StatementState
from services.kit.db import Connection, Database
from services.kit.errors import LostRace

_SEED: Final = """/* clearing.seed_comparisons */
INSERT INTO comparison (party, party_code, business_date, due_time, seeded)
SELECT 'INSURED_PROVINCE', n.party_code, n.business_date, $3, true
  FROM unnest($1::text[], $2::date[]) AS n (party_code, business_date)
ON CONFLICT (business_date, party, party_code) DO UPDATE
   SET seeded = true, due_time = least(comparison.due_time, excluded.due_time)
 WHERE NOT comparison.seeded"""

# Whoever gets a row has the leg and day alone, until it is done or long enough for it to be dead.
_CLAIM: Final = """/* clearing.claim_comparison */
INSERT INTO comparison (party, party_code, business_date, claim_time) VALUES ($1, $2, $3, $4)
ON CONFLICT (business_date, party, party_code) DO UPDATE SET claim_time = excluded.claim_time
 WHERE comparison.claim_time IS NULL OR comparison.claim_time < $5
RETURNING business_date"""
_CLAIM_DUE: Final = """/* clearing.claim_due_comparison */
UPDATE comparison SET claim_time = $1
 WHERE (business_date, party, party_code) = (
       SELECT business_date, party, party_code FROM comparison
        WHERE due_time <= $1 AND (claim_time IS NULL OR claim_time < $2)
        ORDER BY due_time LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING party, party_code, business_date, statement_id"""
_RELEASE: Final = """/* clearing.release_comparison */
UPDATE comparison SET claim_time = NULL, due_time = coalesce($5, due_time)
 WHERE business_date = $1 AND party = $2 AND party_code = $3 AND claim_time = $4"""
_DROP_DUE: Final = """/* clearing.drop_due_comparison */
UPDATE comparison SET claim_time = NULL, due_time = NULL
 WHERE business_date = $1 AND party = $2 AND party_code = $3 AND claim_time = $4"""

# What became due while it was being compared stays due.
_FINISH: Final = """/* clearing.finish_comparison */
INSERT INTO comparison (party, party_code, business_date, statement_id, state, hub_count,
                        party_count, difference_count, compare_time, due_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (business_date, party, party_code) DO UPDATE
   SET statement_id = excluded.statement_id, state = excluded.state,
       hub_count = excluded.hub_count, party_count = excluded.party_count,
       difference_count = excluded.difference_count, compare_time = excluded.compare_time,
       claim_time = NULL,
       due_time = CASE WHEN comparison.due_time > $11 THEN comparison.due_time
                       ELSE excluded.due_time END
 WHERE $12::timestamptz IS NULL OR comparison.claim_time = $12
RETURNING business_date"""
_COMPARED: Final = """/* clearing.compared_legs */
SELECT party, party_code FROM comparison
 WHERE business_date = $1 AND state = 'COMPARED'
   AND (party, party_code) IN (SELECT n.party, n.party_code
                                 FROM unnest($2::text[], $3::text[]) AS n (party, party_code))"""
_LIST: Final = """/* clearing.list_comparisons */
SELECT party, party_code, business_date, state, hub_count, party_count, difference_count,
       compare_time
  FROM comparison
 WHERE state IS NOT NULL AND ($1::date IS NULL OR business_date = $1)
   AND ($2 = '' OR party_code = $2) AND (business_date, party, party_code) > ($3, $4, $5)
 ORDER BY business_date, party, party_code LIMIT $6"""
_LAST_SEEDED: Final = """/* clearing.last_seeded_date */
SELECT max(business_date) AS business_date FROM comparison
 WHERE party = 'INSURED_PROVINCE' AND party_code = ANY($1::text[]) AND business_date < $2
   AND seeded"""
_LAST_DATES: Final = """/* clearing.last_compared_dates */
SELECT party_code, max(business_date) AS business_date FROM comparison
 WHERE party = 'INSURED_PROVINCE' AND state = 'COMPARED' GROUP BY party_code"""


@dataclass(frozen=True, slots=True, order=True)
class LegDay:
    """Names one party's view of one day."""

    business_date: date
    party_name: str
    party_code: str

    @property
    def party(self) -> Party:
        """Whose view."""
        return Party(self.party_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What comparing a leg with the hub gave."""

    leg: LegDay
    state: StatementState
    hub_count: int
    party_count: int
    difference_count: int
    compare_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A comparison that is to be made, claimed for whoever got it."""

    leg: LegDay
    statement_id: UUID | None


async def seed(
    database: Database, region_codes: Collection[str], days: Collection[date], *, due_time: datetime
) -> None:
    """Makes insured provinces due on days on which they never were by themselves.

    One that was asked for on the day, and so before its end, is due all the same.
    """
    pairs = [(code, day) for day in days for code in region_codes]
    await database.execute(_SEED, [code for code, _ in pairs], [day for _, day in pairs], due_time)


async def claim(database: Database, leg: LegDay, *, now: datetime, dead_before: datetime) -> bool:
    """Takes a leg and day; False: somebody has it."""
    row = await database.fetchrow(
        _CLAIM, leg.party_name, leg.party_code, leg.business_date, now, dead_before
    )
    return row is not None


async def claim_due(database: Database, *, now: datetime, dead_before: datetime) -> Due | None:
    """Takes the comparison that has been due longest; None: there is none."""
    row = await database.fetchrow(_CLAIM_DUE, now, dead_before)
    return None if row is None else Due(leg=_leg_day(row), statement_id=row["statement_id"])


async def release(
    database: Database, leg: LegDay, *, claimed: datetime, due_time: datetime | None = None
) -> None:
    """Lets a leg and day go without a result; `due_time`: when to try again."""
    await database.execute(
        _RELEASE, leg.business_date, leg.party_name, leg.party_code, claimed, due_time
    )


async def drop_due(database: Database, leg: LegDay, *, claimed: datetime) -> None:
    """Lets a leg and day go that need not be compared any more."""
    await database.execute(_DROP_DUE, leg.business_date, leg.party_name, leg.party_code, claimed)


async def finish(
    connection: Connection,
    result: Result,
    *,
    statement_id: UUID | None,
    begun: datetime,
    due_time: datetime | None,
    claimed: datetime | None = None,
) -> None:
    """Writes a result and lets the leg and day go.

    Raises:
        LostRace: it is not `claimed` any more: what came since is newer than this result.
    """
    leg = result.leg
    row = await connection.fetchrow(
        _FINISH,
        leg.party_name,
        leg.party_code,
        leg.business_date,
        statement_id,
        result.state.value,
        result.hub_count,
        result.party_count,
        result.difference_count,
        result.compare_time,
        due_time,
        begun,
        claimed,
    )
    if row is None:
        raise LostRace("LOST_RACE", "another comparison took its place", retry_after_ms=2000)


async def compared(
    connection: Connection, day: date, legs: Collection[tuple[Party, str]]
) -> set[tuple[Party, str]]:
    """Returns which of some legs were compared one by one for a day."""
    rows = await connection.fetch(
        _COMPARED, day, [party.value for party, _ in legs], [code for _, code in legs]
    )
    return {(Party(row["party"]), row["party_code"]) for row in rows}


async def list_results(
    database: Database,
    *,
    business_date: date | None,
    party_code: str,
    after: LegDay | None,
    limit: int,
) -> list[Result]:
    """Returns results by date, party and code, at most `limit`."""
    first = after or LegDay(date.min, "", "")
    rows = await database.fetch(
        _LIST,
        business_date,
        party_code,
        first.business_date,
        first.party_name,
        first.party_code,
        limit,
    )
    return [
        Result(
            leg=_leg_day(row),
            state=StatementState(row["state"]),
            hub_count=row["hub_count"],
            party_count=row["party_count"],
            difference_count=row["difference_count"],
            compare_time=row["compare_time"],
        )
        for row in rows
    ]


async def last_seeded(
    database: Database, region_codes: Collection[str], *, before: date
) -> date | None:
    """Returns the latest day before a date for which any of some provinces was ever due."""
    row = await database.fetchrow(_LAST_SEEDED, list(region_codes), before)
    return None if row is None else row["business_date"]


async def last_dates(database: Database) -> dict[str, date]:
    """Returns the latest day compared with each insured province."""
    return {row["party_code"]: row["business_date"] for row in await database.fetch(_LAST_DATES)}


def _leg_day(row: asyncpg.Record) -> LegDay:
    return LegDay(row["business_date"], row["party"], row["party_code"])
