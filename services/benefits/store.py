"""All SQL of benefits. Locks are taken in one order: accumulators by year, then the account."""
# ruff: noqa: S608 - what is put into a statement are names of columns, from SUM_NAMES.

from __future__ import annotations

import zlib
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final, TypeVar

import asyncpg

from services.benefits import metrics
from services.benefits.domain.booking import Booking, Claimant, Day, Held, Record, Standing, State
from services.benefits.domain.model import SUM_NAMES, Accumulators, StayPart
from services.kit.errors import LostRace
from services.kit.idempotency import M, once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from uuid import UUID

    from services.benefits.ports import AnyTransaction
    from services.kit.db import Connection, Database

T = TypeVar("T")

_RACES_MAX: Final = 3

_SUMS: Final = ", ".join(SUM_NAMES)


def _changed(sums: str, sign: str, delta: str) -> str:
    """Returns the SET list that adds an array, in the order of SUM_NAMES, to a row's sums."""
    return ", ".join(
        f"{name} = {sums}{name} {sign} {delta}[{index}]"
        for index, name in enumerate(SUM_NAMES, start=1)
    )


# An earlier year of a bill over a year's end, locked before the last one. Not locked: as below.
_LOCK_YEAR: Final = f"""/* benefits.lock_year */
WITH found AS (
    SELECT person_id, {_SUMS}
      FROM accumulators
     WHERE person_id = $1 AND scheme_code = $2 AND benefit_year = $3
       FOR UPDATE
), made AS (
    INSERT INTO accumulators (person_id, scheme_code, benefit_year)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM found)
    ON CONFLICT DO NOTHING RETURNING person_id
)
SELECT f.person_id IS NOT NULL AS is_used, {_SUMS},
       coalesce(f.person_id, m.person_id) IS NOT NULL AS is_locked
  FROM (VALUES (1)) AS one
  LEFT JOIN found f ON true
  LEFT JOIN made m ON true"""

# What is held of the settlement, and the person's rows locked; a missing row is made. Each CTE
# reads from the one before, so that the accumulators are locked first and the account only by who
# holds them. No `owner` or no account: another transaction made the row while we looked; it has
# ended by now, nothing of it is locked here, and the statement is run again.
_LOCK: Final = f"""/* benefits.lock_person */
WITH found AS (
    SELECT person_id, {_SUMS}
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
       f.person_id IS NOT NULL AS is_used, {_SUMS},
       coalesce(p.balance_fen, o.balance_fen) AS balance_fen
  FROM (VALUES (1)) AS one
  LEFT JOIN found f ON true
  LEFT JOIN purse p ON true
  LEFT JOIN opened o ON true
  LEFT JOIN LATERAL (
       SELECT state, account_balance_fen FROM adjudication_state
        WHERE settlement_id = $4 ORDER BY version DESC LIMIT 1) AS s ON true
  LEFT JOIN adjudication j ON j.settlement_id = $4"""

_BOOK: Final = f"""/* benefits.book */
WITH used AS (
    UPDATE accumulators
       SET {_changed("", "+", "($13::bigint[])")}
     WHERE person_id = $3 AND scheme_code = $4 AND benefit_year = $5
), paid AS (
    UPDATE account SET balance_fen = balance_fen - $11 WHERE person_id = $3 AND $11 > 0
), stated AS (
    INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
    VALUES ($1, 1, 'COMMITTED', $15)
)
INSERT INTO adjudication (settlement_id, request_hash, person_id, scheme_code, benefit_year,
                          insured_region_code, care_region_code, policy_version, total_fen,
                          fund_total_fen, account_pay_fen, cash_pay_fen, delta, answer,
                          stay_id, stays_before, end_date)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $16, $17, $18)"""

_BOOK_YEAR: Final = f"""/* benefits.book_year */
WITH used AS (
    UPDATE accumulators
       SET {_changed("", "+", "($5::bigint[])")}
     WHERE person_id = $3 AND scheme_code = $4 AND benefit_year = $2
)
INSERT INTO adjudication_year (settlement_id, benefit_year, person_id, scheme_code, delta)
VALUES ($1, $2, $3, $4, $5)"""

_FIND: Final = """/* benefits.find_adjudication */
SELECT s.state, s.account_balance_fen, j.request_hash, j.answer
  FROM adjudication_state s
  LEFT JOIN adjudication j ON j.settlement_id = s.settlement_id
 WHERE s.settlement_id = $1
 ORDER BY s.version DESC LIMIT 1"""

_STANDING: Final = f"""/* benefits.find_standing */
SELECT y.benefit_year, a.person_id IS NOT NULL AS is_used, {_SUMS}, c.balance_fen
  FROM unnest($3::smallint[]) AS y (benefit_year)
  LEFT JOIN accumulators a
    ON a.person_id = $1 AND a.scheme_code = $2 AND a.benefit_year = y.benefit_year
  LEFT JOIN account c ON c.person_id = $1"""

# Elements 1 to 3 of a delta: in scope, deductible, count of stays. A statement of its own, after
# the lock: one that waited for a lock still sees the other tables as they were before.
_PARTS: Final = """/* benefits.find_parts */
SELECT j.end_date, j.stays_before,
       j.delta[1] + coalesce(sum(y.delta[1]), 0)::bigint AS in_scope,
       j.delta[2] + coalesce(sum(y.delta[2]), 0)::bigint AS deductible,
       j.delta[3] + coalesce(sum(y.delta[3]), 0)::bigint AS stays_counted
  FROM adjudication j
  LEFT JOIN adjudication_year y ON y.settlement_id = j.settlement_id
 WHERE j.stay_id = $1 AND j.person_id = $2 AND j.scheme_code = $3
   AND j.insured_region_code = $4 AND j.settlement_id IS DISTINCT FROM $5
   AND NOT EXISTS (SELECT FROM adjudication_state s
                    WHERE s.settlement_id = j.settlement_id AND s.state = 'CANCELLED')
 GROUP BY j.settlement_id
 ORDER BY j.settlement_id"""

_BURY: Final = """/* benefits.leave_tombstone */
INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
VALUES ($1, 1, 'CANCELLED', 0)"""

# The rows that a booking changed, in the order of _LOCK. The years are read in order beneath the
# lock, so that they are locked in it.
_LOCK_BOOKED: Final = """/* benefits.lock_booked */
WITH booked AS (
    SELECT person_id, scheme_code, benefit_year FROM adjudication WHERE settlement_id = $1
     UNION ALL
    SELECT person_id, scheme_code, benefit_year FROM adjudication_year WHERE settlement_id = $1
     ORDER BY benefit_year
), used AS (
    SELECT a.person_id
      FROM booked b
     CROSS JOIN LATERAL (
           SELECT person_id FROM accumulators
            WHERE person_id = b.person_id AND scheme_code = b.scheme_code
              AND benefit_year = b.benefit_year
              FOR UPDATE) AS a
)
SELECT c.person_id
  FROM (SELECT DISTINCT person_id FROM used) AS a
 CROSS JOIN LATERAL (
       SELECT person_id FROM account WHERE person_id = a.person_id
          FOR UPDATE) AS c"""

# `repaid` reads from `used`, so that the accumulators are locked before the account.
_RESTORE: Final = f"""/* benefits.restore */
WITH booked AS (
    SELECT person_id, scheme_code, benefit_year, account_pay_fen, delta
      FROM adjudication WHERE settlement_id = $1
     UNION ALL
    SELECT person_id, scheme_code, benefit_year, 0, delta
      FROM adjudication_year WHERE settlement_id = $1
), used AS (
    UPDATE accumulators a
       SET {_changed("a.", "-", "b.delta")}
      FROM booked b
     WHERE a.person_id = b.person_id AND a.scheme_code = b.scheme_code
       AND a.benefit_year = b.benefit_year
    RETURNING b.person_id, b.account_pay_fen
), owed AS (
    SELECT person_id, sum(account_pay_fen)::bigint AS fen FROM used GROUP BY person_id
), repaid AS (
    UPDATE account c SET balance_fen = c.balance_fen + o.fen
      FROM owed o WHERE c.person_id = o.person_id
    RETURNING c.balance_fen
)
INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
SELECT $1, 2, 'CANCELLED', balance_fen FROM repaid
RETURNING account_balance_fen"""

# A tombstone has no adjudication, and so no region.
_LIST: Final = """/* benefits.list */
SELECT s.settlement_id, coalesce(c.state, s.state) AS state, j.insured_region_code,
       j.care_region_code, j.scheme_code, j.total_fen, j.fund_total_fen, j.account_pay_fen,
       j.cash_pay_fen, s.state = 'COMMITTED' AS is_booked, s.create_time AS first_time,
       c.create_time AS second_time
  FROM (SELECT settlement_id FROM adjudication_state
         WHERE version = 1 AND settlement_id >= $1 AND settlement_id < $2
           AND ($3::uuid IS NULL OR settlement_id > $3)
         UNION
        SELECT settlement_id FROM adjudication_state
         WHERE state = 'CANCELLED' AND create_time >= $4 AND create_time < $5
           AND ($3::uuid IS NULL OR settlement_id > $3)) AS day
  JOIN adjudication_state s ON s.settlement_id = day.settlement_id AND s.version = 1
  LEFT JOIN adjudication_state c ON c.settlement_id = day.settlement_id AND c.version = 2
  LEFT JOIN adjudication j ON j.settlement_id = day.settlement_id
 WHERE $6 = '' OR starts_with(j.insured_region_code, $6)
 ORDER BY s.settlement_id LIMIT $7"""

# Sorted, so that two requests lock accounts in one order.
_SET_ACCOUNTS: Final = """/* benefits.set_accounts */
INSERT INTO account (person_id, balance_fen)
SELECT person_id, balance_fen
  FROM unnest($1::uuid[], $2::bigint[]) AS a (person_id, balance_fen)
 ORDER BY person_id
ON CONFLICT (person_id) DO UPDATE SET balance_fen = excluded.balance_fen"""


class Transaction:
    """What a use case does on one connection, inside `Store.run`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock_person(
        self, claimant: Claimant, settlement_id: UUID
    ) -> tuple[Held | None, Standing]:
        """Locks a person's years, ascending, then the account; rows that are missing are made.

        Returns what is held of the settlement, and what stands now. `Held` may be stale by what
        another transaction committed while this one waited; `book` then fails on the key.
        """
        *earlier, last = claimant.benefit_years
        years = {year: await self._lock_year(claimant, year) for year in earlier}
        while True:
            row = await self._connection.fetchrow(
                _LOCK, claimant.person_id, claimant.scheme_code, last, settlement_id
            )
            if row is None:
                raise _no_row()
            if row["balance_fen"] is not None:
                break
        years[last] = _sums(row)
        parts = await _find_parts(self._connection, claimant, settlement_id)
        return _held(row), Standing(years, row["balance_fen"], parts)

    async def _lock_year(self, claimant: Claimant, year: int) -> Accumulators:
        while True:
            row = await self._connection.fetchrow(
                _LOCK_YEAR, claimant.person_id, claimant.scheme_code, year
            )
            if row is None:
                raise _no_row()
            if row["is_locked"]:
                return _sums(row)

    async def book(self, booking: Booking) -> None:
        """Writes answer, state, sums and account of a Commit; the person is locked.

        Raises:
            asyncpg.UniqueViolationError: another transaction has booked or cancelled the
                settlement; `Store.run` starts again.
        """
        claimant = booking.claimant
        *earlier, (year, delta) = booking.deltas
        await self._connection.execute(
            _BOOK,
            booking.settlement_id,
            booking.request_hash,
            claimant.person_id,
            claimant.scheme_code,
            year,
            booking.insured_region_code,
            booking.care_region_code,
            booking.policy_version,
            booking.total,
            booking.fund_total,
            booking.account_pay,
            booking.cash_pay,
            astuple(delta),
            zlib.compress(booking.answer, 1),
            booking.account_balance,
            None if claimant.stay is None else claimant.stay.stay_id,
            booking.stays_before,
            booking.end_date,
        )
        for year, delta in earlier:
            await self._connection.execute(
                _BOOK_YEAR,
                booking.settlement_id,
                year,
                claimant.person_id,
                claimant.scheme_code,
                astuple(delta),
            )

    async def find(self, settlement_id: UUID) -> Held | None:
        """Returns the latest state of a settlement with its answer, or None."""
        row = await self._connection.fetchrow(_FIND, settlement_id)
        return None if row is None else _held(row)

    async def leave_tombstone(self, settlement_id: UUID) -> None:
        """Refuses a settlement beforehand.

        Raises:
            asyncpg.UniqueViolationError: as `book`.
        """
        await self._connection.execute(_BURY, settlement_id)

    async def lock_booked(self, settlement_id: UUID) -> None:
        """Locks what a booking changed; whether it is still booked must be asked afterwards."""
        await self._connection.execute(_LOCK_BOOKED, settlement_id)

    async def restore(self, settlement_id: UUID) -> int:
        """Takes back a booking that is locked; returns the account balance afterwards, fen."""
        row = await self._connection.fetchrow(_RESTORE, settlement_id)
        if row is None:
            msg = "a booked settlement has no accumulators or account"
            raise LookupError(msg)
        return int(row["account_balance_fen"])

    async def set_accounts(self, balances: Sequence[tuple[UUID, int]]) -> None:
        """Sets the balances of accounts, each person once."""
        await self._connection.execute(
            _SET_ACCOUNTS, [person for person, _ in balances], [fen for _, fen in balances]
        )


class Store:
    """Bookings, accumulators and accounts in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, name: str, work: Callable[[AnyTransaction], Awaitable[T]]) -> T:
        """Runs a use case in one transaction; all of it again where another one came first.

        The one that comes second to a settlement's state fails on the key, rolls back, and on the
        repeat sees what the first one left.

        Raises:
            LostRace: other transactions won every attempt; nothing was written.
        """

        async def transaction(connection: Connection) -> T:
            return await work(Transaction(connection))

        for _ in range(_RACES_MAX):
            try:
                return await self._database.run(name, transaction)
            except asyncpg.UniqueViolationError:
                metrics.RACES.inc()
        raise LostRace("LOST_RACE", "concurrent calls for this settlement won", retry_after_ms=50)

    async def once(
        self,
        request: Any,
        response_type: type[M],
        work: Callable[[AnyTransaction], Awaitable[M]],
    ) -> M:
        """Runs `work` in a transaction once per request.request_id; a repeat gets its answer.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED.
        """

        async def transaction(connection: Connection) -> M:
            return await work(Transaction(connection))

        return await once(self._database, request, response_type, transaction)

    async def find(self, settlement_id: UUID) -> Held | None:
        """Returns the latest state of a settlement with its answer, or None."""
        row = await self._database.fetchrow(_FIND, settlement_id)
        return None if row is None else _held(row)

    async def find_standing(self, claimant: Claimant) -> Standing:
        """Returns a person's sums, account and parts of the stay, without a lock."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                _STANDING, claimant.person_id, claimant.scheme_code, claimant.benefit_years
            )
            parts = await _find_parts(connection, claimant, None)
        years = {row["benefit_year"]: _sums(row) for row in rows}
        return Standing(years, rows[0]["balance_fen"] or 0, parts)

    async def list_records(self, day: Day, *, after: UUID | None, limit: int) -> list[Record]:
        """Returns bookings of a date in the order of settlement ids, those after an id."""
        rows = await self._database.fetch(
            _LIST,
            day.first_id,
            day.end_id,
            after,
            day.start_time,
            day.end_time,
            day.region_prefix,
            limit,
        )
        return [_record(row) for row in rows]


async def _find_parts(
    connection: Connection, claimant: Claimant, settlement_id: UUID | None
) -> tuple[StayPart, ...]:
    stay = claimant.stay
    if stay is None:
        return ()
    rows = await connection.fetch(
        _PARTS,
        stay.stay_id,
        claimant.person_id,
        claimant.scheme_code,
        stay.insured_region_code,
        settlement_id,
    )
    return tuple(StayPart(**row) for row in rows)


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


def _sums(row: asyncpg.Record) -> Accumulators:
    if not row["is_used"]:
        return Accumulators()
    return Accumulators(**{name: row[name] for name in SUM_NAMES})


def _record(row: asyncpg.Record) -> Record:
    state = State(row["state"])
    if not row["is_booked"]:
        return Record(row["settlement_id"], state, cancel_time=row["first_time"])
    return Record(
        settlement_id=row["settlement_id"],
        state=state,
        insured_region_code=row["insured_region_code"],
        care_region_code=row["care_region_code"],
        scheme_code=row["scheme_code"],
        total=row["total_fen"],
        fund_total=row["fund_total_fen"],
        account_pay=row["account_pay_fen"],
        cash_pay=row["cash_pay_fen"],
        book_time=row["first_time"],
        cancel_time=row["second_time"],
    )


def _no_row() -> LookupError:
    return LookupError("a statement over one constant row gave none")
