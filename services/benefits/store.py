"""All SQL of benefits. Locks are taken in one order: accumulators, then account."""

from __future__ import annotations

import zlib
from dataclasses import astuple
from typing import TYPE_CHECKING, Final

from services.benefits.domain.booking import (
    NOTHING_USED,
    Booking,
    Held,
    PersonYear,
    Standing,
    State,
)
from services.benefits.domain.model import SUM_NAMES, Accumulators

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection, Database

# What is held of the settlement, and the person's rows locked; a missing row is made. Each CTE
# reads from the one before, so that the accumulators are locked first and the account only by who
# holds them. No `owner` or no account: another transaction made the row while we looked; it has
# ended by now, nothing of it is locked here, and the statement is run again.
_LOCK: Final = """/* benefits.lock_person */
WITH found AS (
    SELECT person_id, inpatient_in_scope, inpatient_deductible, inpatient_count,
           outpatient_in_scope, outpatient_deductible, outpatient_fund, fund_pooled,
           fund_large_amount, fund_critical_illness, critical_illness_base, account_pay
      FROM accumulators
     WHERE person_id = $1 AND scheme_code = $2 AND benefit_year = $3
       FOR UPDATE
), made AS (
    INSERT INTO accumulators (person_id, scheme_code, benefit_year)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM found)
    ON CONFLICT DO NOTHING RETURNING person_id
), owner AS (
    SELECT person_id FROM found UNION ALL SELECT person_id FROM made
), purse AS (
    SELECT balance_fen FROM account WHERE person_id = (SELECT person_id FROM owner)
       FOR UPDATE
), opened AS (
    INSERT INTO account (person_id)
    SELECT person_id FROM owner WHERE NOT EXISTS (SELECT FROM purse)
    ON CONFLICT DO NOTHING RETURNING balance_fen
)
SELECT s.state, s.account_balance_fen, j.request_hash, j.answer,
       f.person_id IS NOT NULL AS is_used, f.inpatient_in_scope, f.inpatient_deductible,
       f.inpatient_count, f.outpatient_in_scope, f.outpatient_deductible, f.outpatient_fund,
       f.fund_pooled, f.fund_large_amount, f.fund_critical_illness, f.critical_illness_base,
       f.account_pay, coalesce(p.balance_fen, o.balance_fen) AS balance_fen
  FROM (VALUES (1)) AS one
  LEFT JOIN found f ON true
  LEFT JOIN purse p ON true
  LEFT JOIN opened o ON true
  LEFT JOIN LATERAL (
       SELECT state, account_balance_fen FROM adjudication_state
        WHERE settlement_id = $4 ORDER BY version DESC LIMIT 1) AS s ON true
  LEFT JOIN adjudication j ON j.settlement_id = $4"""

_BOOK: Final = """/* benefits.book */
WITH used AS (
    UPDATE accumulators
       SET inpatient_in_scope = inpatient_in_scope + ($13::bigint[])[1],
           inpatient_deductible = inpatient_deductible + ($13::bigint[])[2],
           inpatient_count = inpatient_count + ($13::bigint[])[3],
           outpatient_in_scope = outpatient_in_scope + ($13::bigint[])[4],
           outpatient_deductible = outpatient_deductible + ($13::bigint[])[5],
           outpatient_fund = outpatient_fund + ($13::bigint[])[6],
           fund_pooled = fund_pooled + ($13::bigint[])[7],
           fund_large_amount = fund_large_amount + ($13::bigint[])[8],
           fund_critical_illness = fund_critical_illness + ($13::bigint[])[9],
           critical_illness_base = critical_illness_base + ($13::bigint[])[10],
           account_pay = account_pay + ($13::bigint[])[11]
     WHERE person_id = $3 AND scheme_code = $4 AND benefit_year = $5
), paid AS (
    UPDATE account SET balance_fen = balance_fen - $11 WHERE person_id = $3 AND $11 > 0
), stated AS (
    INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
    VALUES ($1, 1, 'COMMITTED', $15)
)
INSERT INTO adjudication (settlement_id, request_hash, person_id, scheme_code, benefit_year,
                          insured_region_code, care_region_code, policy_version, total_fen,
                          fund_total_fen, account_pay_fen, cash_pay_fen, delta, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"""

_FIND: Final = """/* benefits.find_adjudication */
SELECT s.state, s.account_balance_fen, j.request_hash, j.answer
  FROM adjudication_state s
  LEFT JOIN adjudication j ON j.settlement_id = s.settlement_id
 WHERE s.settlement_id = $1
 ORDER BY s.version DESC LIMIT 1"""

_STANDING: Final = """/* benefits.find_standing */
SELECT a.person_id IS NOT NULL AS is_used, a.inpatient_in_scope, a.inpatient_deductible,
       a.inpatient_count, a.outpatient_in_scope, a.outpatient_deductible, a.outpatient_fund,
       a.fund_pooled, a.fund_large_amount, a.fund_critical_illness, a.critical_illness_base,
       a.account_pay, c.balance_fen
  FROM (VALUES (1)) AS one
  LEFT JOIN accumulators a ON a.person_id = $1 AND a.scheme_code = $2 AND a.benefit_year = $3
  LEFT JOIN account c ON c.person_id = $1"""

_BURY: Final = """/* benefits.leave_tombstone */
INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
VALUES ($1, 1, 'CANCELLED', 0)"""

# The rows that a booking changed, in the order of _LOCK.
_LOCK_BOOKED: Final = """/* benefits.lock_booked */
SELECT c.person_id
  FROM adjudication j
 CROSS JOIN LATERAL (
       SELECT person_id FROM accumulators
        WHERE person_id = j.person_id AND scheme_code = j.scheme_code
          AND benefit_year = j.benefit_year
          FOR UPDATE) AS a
 CROSS JOIN LATERAL (
       SELECT person_id FROM account WHERE person_id = a.person_id
          FOR UPDATE) AS c
 WHERE j.settlement_id = $1"""

# `repaid` reads from `used`, so that the accumulators are locked before the account.
_RESTORE: Final = """/* benefits.restore */
WITH booked AS (
    SELECT person_id, scheme_code, benefit_year, account_pay_fen, delta
      FROM adjudication WHERE settlement_id = $1
), used AS (
    UPDATE accumulators a
       SET inpatient_in_scope = a.inpatient_in_scope - b.delta[1],
           inpatient_deductible = a.inpatient_deductible - b.delta[2],
           inpatient_count = a.inpatient_count - b.delta[3],
           outpatient_in_scope = a.outpatient_in_scope - b.delta[4],
           outpatient_deductible = a.outpatient_deductible - b.delta[5],
           outpatient_fund = a.outpatient_fund - b.delta[6],
           fund_pooled = a.fund_pooled - b.delta[7],
           fund_large_amount = a.fund_large_amount - b.delta[8],
           fund_critical_illness = a.fund_critical_illness - b.delta[9],
           critical_illness_base = a.critical_illness_base - b.delta[10],
           account_pay = a.account_pay - b.delta[11]
      FROM booked b
     WHERE a.person_id = b.person_id AND a.scheme_code = b.scheme_code
       AND a.benefit_year = b.benefit_year
    RETURNING b.person_id, b.account_pay_fen
), repaid AS (
    UPDATE account c SET balance_fen = c.balance_fen + u.account_pay_fen
      FROM used u WHERE c.person_id = u.person_id
    RETURNING c.balance_fen
)
INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
SELECT $1, 2, 'CANCELLED', balance_fen FROM repaid
RETURNING account_balance_fen"""

# Sorted, so that two requests lock accounts in one order.
_SET_ACCOUNTS: Final = """/* benefits.set_accounts */
INSERT INTO account (person_id, balance_fen)
SELECT person_id, balance_fen
  FROM unnest($1::uuid[], $2::bigint[]) AS a (person_id, balance_fen)
 ORDER BY person_id
ON CONFLICT (person_id) DO UPDATE SET balance_fen = excluded.balance_fen"""


async def lock_person(
    connection: Connection, person: PersonYear, settlement_id: UUID
) -> tuple[Held | None, Standing]:
    """Locks a person's year and account; returns what is held of the settlement, and the sums.

    `Held` may be stale by what another transaction committed while this one waited for the lock;
    `book` then fails on the key.
    """
    while True:
        row = await connection.fetchrow(
            _LOCK, person.person_id, person.scheme_code, person.benefit_year, settlement_id
        )
        if row is None:
            msg = "a statement over one constant row gave none"
            raise LookupError(msg)
        if row["balance_fen"] is not None:
            return _held(row), _standing(row)


async def book(connection: Connection, booking: Booking) -> None:
    """Writes answer, state, sums and account of a Commit.

    Raises:
        asyncpg.UniqueViolationError: another transaction has booked or cancelled the settlement.
    """
    await connection.execute(
        _BOOK,
        booking.settlement_id,
        booking.request_hash,
        booking.person.person_id,
        booking.person.scheme_code,
        booking.person.benefit_year,
        booking.insured_region_code,
        booking.care_region_code,
        booking.policy_version,
        booking.total,
        booking.fund_total,
        booking.account_pay,
        booking.cash_pay,
        astuple(booking.delta),
        zlib.compress(booking.answer, 1),
        booking.account_balance,
    )


async def find(connection: Connection | Database, settlement_id: UUID) -> Held | None:
    """Returns the latest state of a settlement with its answer, or None."""
    row = await connection.fetchrow(_FIND, settlement_id)
    return None if row is None else _held(row)


async def find_standing(database: Database, person: PersonYear) -> Standing:
    """Returns a person's sums and account; zeros where nothing was booked."""
    row = await database.fetchrow(
        _STANDING, person.person_id, person.scheme_code, person.benefit_year
    )
    return NOTHING_USED if row is None else _standing(row)


async def leave_tombstone(connection: Connection, settlement_id: UUID) -> None:
    """Refuses a settlement beforehand.

    Raises:
        asyncpg.UniqueViolationError: another transaction has booked or cancelled it meanwhile.
    """
    await connection.execute(_BURY, settlement_id)


async def lock_booked(connection: Connection, settlement_id: UUID) -> None:
    """Locks what a booking changed; whether it is still booked must be asked afterwards."""
    await connection.execute(_LOCK_BOOKED, settlement_id)


async def restore(connection: Connection, settlement_id: UUID) -> int:
    """Takes back a booking that is locked; returns the account balance afterwards, fen."""
    row = await connection.fetchrow(_RESTORE, settlement_id)
    if row is None:
        msg = "a booked settlement has no accumulators or account"
        raise LookupError(msg)
    return int(row["account_balance_fen"])


async def set_accounts(connection: Connection, balances: Sequence[tuple[UUID, int]]) -> None:
    """Sets the balances of accounts, each person once."""
    await connection.execute(
        _SET_ACCOUNTS, [person for person, _ in balances], [fen for _, fen in balances]
    )


def _held(row: asyncpg.Record) -> Held | None:
    if row["state"] is None:
        return None
    answer = row["answer"]
    return Held(
        state=State(row["state"]),
        account_balance=row["account_balance_fen"],
        request_hash=row["request_hash"],
        answer=None if answer is None else zlib.decompress(answer),
    )


def _standing(row: asyncpg.Record) -> Standing:
    sums = Accumulators(**{name: row[name] for name in SUM_NAMES}) if row["is_used"] else None
    return Standing(
        accumulators=sums or NOTHING_USED.accumulators, account_balance=row["balance_fen"] or 0
    )
