"""SQL of findings and of differences, which keep the history of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from services.clearing.domain.difference_states import DifferenceState
from services.clearing.domain.differences import DifferenceLeg, Draft, LegStatus, Stored
from services.clearing.domain.reconciliation import (
    Amounts,
    Cause,
    Finding,
    Held,
    Kind,
    Party,
    Place,
    Status,
)
from services.clearing.hub_store import COLUMN_OF, read_amounts, read_place
from services.kit.db import Connection, Database

# Two legs of one day may find the same settlement at the same time: one after the other merges.
_LOCK_DAY: Final = """/* clearing.lock_day */
SELECT pg_advisory_xact_lock(hashtextextended($1::date::text, 1))"""

_DELETE_FINDINGS: Final = """/* clearing.delete_findings */
DELETE FROM finding WHERE business_date = $1 AND party = $2 AND party_code = $3 RETURNING key"""
_FINDING_COLUMNS: Final = (
    "business_date",
    "party",
    "party_code",
    "key",
    "settlement_id",
    "request_id",
    "kind",
    "cause",
    "institution_code",
    "care_region_code",
    "insured_region_code",
    "scheme_code",
    "twin_settlement_id",
    "hub_status",
    "hub_total_fen",
    "hub_fund_fen",
    "hub_account_fen",
    "hub_cash_fen",
    "leg_status",
    "leg_total_fen",
    "leg_fund_fen",
    "leg_account_fen",
    "leg_cash_fen",
)
_LOAD_FINDINGS: Final = f"""/* clearing.load_findings */
SELECT {", ".join(_FINDING_COLUMNS)}
  FROM finding WHERE business_date = $1 AND key = ANY($2::text[])
 ORDER BY key, party, party_code"""  # noqa: S608 - our own column names

_CONCERNS: Final[Mapping[Party, str]] = {
    party: f"""/* clearing.has_findings_of */
SELECT EXISTS (SELECT 1 FROM finding WHERE business_date = $1
                  AND ({column} = $3 OR (party = $2 AND party_code = $3))) AS found"""  # noqa: S608 - our own column names
    for party, column in COLUMN_OF.items()
}
_PLACED_AT: Final[Mapping[Party, str]] = {
    party: f"""/* clearing.find_findings_of */
SELECT DISTINCT key FROM finding WHERE business_date = $1 AND {column} = $2"""  # noqa: S608 - our own column names
    for party, column in COLUMN_OF.items()
}

_LOAD_NEWEST: Final = """/* clearing.load_newest_differences */
SELECT DISTINCT ON (key) key, difference_id, state, fingerprint
  FROM difference WHERE business_date = $1 AND key = ANY($2::text[])
 ORDER BY key, (state = 'OPEN') DESC, find_time DESC, difference_id DESC"""
_INSERT: Final = """/* clearing.insert_difference */
INSERT INTO difference (difference_id, business_date, key, settlement_id, request_id,
                        institution_code, care_region_code, insured_region_code, scheme_code, kind,
                        cause, twin_settlement_id, fingerprint, find_time, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'OPEN')"""
_DELETE_LEGS: Final = """/* clearing.delete_difference_legs */
DELETE FROM difference_leg WHERE difference_id = $1"""
_INSERT_LEGS: Final = """/* clearing.insert_difference_legs */
INSERT INTO difference_leg (difference_id, party, party_code, leg_status, status, total_fen,
                            fund_fen, account_fen, cash_fen)
SELECT $1, n.party, n.party_code, n.leg_status, n.status, n.total_fen, n.fund_fen, n.account_fen,
       n.cash_fen
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
              $8::bigint[], $9::bigint[])
       AS n (party, party_code, leg_status, status, total_fen, fund_fen, account_fen, cash_fen)"""
_CLOSE: Final = """/* clearing.close_difference */
UPDATE difference SET state = $2, close_time = $3, note = $4, operator_code = $5
 WHERE difference_id = $1 AND state = 'OPEN' RETURNING difference_id"""
_SELECT: Final = """SELECT d.difference_id, d.business_date, d.settlement_id, d.request_id,
       d.institution_code, d.care_region_code, d.insured_region_code, d.scheme_code, d.kind,
       d.cause, d.twin_settlement_id, d.find_time, d.state, d.close_time, d.note, d.operator_code
  FROM difference d"""
_LOAD_LEGS: Final = """/* clearing.load_difference_legs */
SELECT difference_id, party, party_code, leg_status, status, total_fen, fund_fen, account_fen,
       cash_fen
  FROM difference_leg WHERE difference_id = ANY($1::uuid[])"""
_COUNT_OPEN: Final = """/* clearing.count_open_differences */
SELECT insured_region_code, count(*) AS n FROM difference WHERE state = 'OPEN'
 GROUP BY insured_region_code"""

_PARTIES: Final = list(Party)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference as it is stored."""

    difference_id: UUID
    business_date: date
    settlement_id: UUID | None
    request_id: UUID | None
    place: Place
    kind: Kind
    cause: Cause
    twin_settlement_id: UUID | None
    legs: tuple[DifferenceLeg, ...]
    find_time: datetime
    state: DifferenceState
    close_time: datetime | None
    note: str
    operator_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceFilter:
    """Which differences are wanted; None or empty: all."""

    business_date: date | None = None
    region_code: str = ""
    institution_code: str = ""
    state: DifferenceState | None = None
    settlement_id: UUID | None = None
    after: UUID | None = None
    """Only those found after this one: the last of the page before."""


async def lock_day(connection: Connection, day: date) -> None:
    """Makes other writers of a day's findings wait until this transaction ends."""
    await connection.execute(_LOCK_DAY, day)


async def replace_findings(
    connection: Connection, day: date, party: Party, party_code: str, findings: Sequence[Finding]
) -> set[str]:
    """Writes what a leg does not agree on; returns the keys of what it did not agree on before."""
    gone = await connection.fetch(_DELETE_FINDINGS, day, party.value, party_code)
    if findings:
        rows = [_finding_row(day, one) for one in findings]
        await connection.copy("finding", _FINDING_COLUMNS, rows)
    return {row["key"] for row in gone}


async def concerns(connection: Connection, day: date, party: Party, party_code: str) -> bool:
    """Tells whether any finding of a day is of a party, or about its settlements."""
    row = await connection.fetchrow(_CONCERNS[party], day, party.value, party_code)
    return row is not None and bool(row["found"])


async def keys_of(connection: Connection, day: date, party: Party, party_code: str) -> set[str]:
    """Returns the settlements of a party on which any leg does not agree."""
    rows = await connection.fetch(_PLACED_AT[party], day, party_code)
    return {row["key"] for row in rows}


async def load_findings(
    connection: Connection, day: date, keys: Collection[str]
) -> dict[str, list[Finding]]:
    """Returns what all legs do not agree on about some settlements, by key."""
    found: dict[str, list[Finding]] = {}
    for row in await connection.fetch(_LOAD_FINDINGS, day, list(keys)):
        found.setdefault(row["key"], []).append(_finding(row))
    return found


async def load_newest(
    connection: Connection, day: date, keys: Collection[str]
) -> dict[str, Stored]:
    """Returns the open difference of each settlement, or else the newest."""
    return {
        row["key"]: Stored(
            difference_id=row["difference_id"],
            state=DifferenceState(row["state"]),
            fingerprint=bytes(row["fingerprint"]),
        )
        for row in await connection.fetch(_LOAD_NEWEST, day, list(keys))
    }


async def insert(
    connection: Connection, difference_id: UUID, day: date, draft: Draft, *, find_time: datetime
) -> None:
    """Writes a new difference."""
    await connection.execute(
        _INSERT,
        difference_id,
        day,
        draft.key,
        draft.settlement_id,
        draft.request_id,
        draft.place.institution_code,
        draft.place.care_region_code,
        draft.place.insured_region_code,
        draft.place.scheme_code,
        draft.kind.value,
        draft.cause.value,
        draft.twin_settlement_id,
        draft.fingerprint,
        find_time,
    )
    await _insert_legs(connection, difference_id, draft.legs)


async def refresh_legs(
    connection: Connection, difference_id: UUID, legs: Sequence[DifferenceLeg]
) -> None:
    """Writes the legs of an open difference anew."""
    await connection.execute(_DELETE_LEGS, difference_id)
    await _insert_legs(connection, difference_id, legs)


async def close(
    connection: Connection,
    difference_id: UUID,
    state: DifferenceState,
    *,
    close_time: datetime,
    note: str = "",
    operator_code: str = "",
) -> bool:
    """Closes an open difference; False: it is not open."""
    row = await connection.fetchrow(
        _CLOSE, difference_id, state.value, close_time, note, operator_code
    )
    return row is not None


async def find(connection: Connection | Database, difference_id: UUID) -> Difference | None:
    """Returns a difference, or None."""
    query = f"/* clearing.find_difference */ {_SELECT} WHERE d.difference_id = $1"
    rows = await connection.fetch(query, difference_id)
    found = await _with_legs(connection, rows)
    return found[0] if found else None


async def list_differences(
    database: Database, wanted: DifferenceFilter, *, limit: int
) -> list[Difference]:
    """Returns differences in the order in which they were found, at most `limit`."""
    # Only the conditions asked for: one statement for all filters would be planned for none.
    conditions: list[tuple[str, object]] = [
        ("d.difference_id > ${0}", wanted.after or UUID(int=0)),
    ]
    if wanted.business_date is not None:
        conditions.append(("d.business_date = ${0}", wanted.business_date))
    if wanted.region_code:
        conditions.append(
            ("(d.care_region_code = ${0} OR d.insured_region_code = ${0})", wanted.region_code)
        )
    if wanted.institution_code:
        conditions.append(("d.institution_code = ${0}", wanted.institution_code))
    if wanted.state is not None:
        conditions.append(("d.state = ${0}", wanted.state.value))
    if wanted.settlement_id is not None:
        conditions.append(("d.settlement_id = ${0}", wanted.settlement_id))
    clauses = [text.format(number) for number, (text, _) in enumerate(conditions, start=1)]
    rows = await database.fetch(
        f"/* clearing.list_differences */ {_SELECT} WHERE {' AND '.join(clauses)}"
        f" ORDER BY d.difference_id LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return await _with_legs(database, rows)


async def count_open(database: Database) -> dict[str, int]:
    """Returns the open differences by insured province; empty code: unknown."""
    return {row["insured_region_code"]: row["n"] for row in await database.fetch(_COUNT_OPEN)}


async def _with_legs(
    connection: Connection | Database, rows: Sequence[asyncpg.Record]
) -> list[Difference]:
    ids = [row["difference_id"] for row in rows]
    legs: dict[UUID, list[DifferenceLeg]] = {one: [] for one in ids}
    if ids:
        for row in await connection.fetch(_LOAD_LEGS, ids):
            legs[row["difference_id"]].append(_leg(row))
    return [_difference(row, legs[row["difference_id"]]) for row in rows]


def _difference(row: asyncpg.Record, legs: Iterable[DifferenceLeg]) -> Difference:
    return Difference(
        difference_id=row["difference_id"],
        business_date=row["business_date"],
        settlement_id=row["settlement_id"],
        request_id=row["request_id"],
        place=read_place(row),
        kind=Kind(row["kind"]),
        cause=Cause(row["cause"]),
        twin_settlement_id=row["twin_settlement_id"],
        legs=tuple(sorted(legs, key=lambda one: _PARTIES.index(one.party))),
        find_time=row["find_time"],
        state=DifferenceState(row["state"]),
        close_time=row["close_time"],
        note=row["note"],
        operator_code=row["operator_code"],
    )


async def _insert_legs(
    connection: Connection, difference_id: UUID, legs: Sequence[DifferenceLeg]
) -> None:
    values = [_held_values(one.held) for one in legs]
    await connection.execute(
        _INSERT_LEGS,
        difference_id,
        [one.party.value for one in legs],
        [one.party_code for one in legs],
        [one.status.value for one in legs],
        *([value[column] for value in values] for column in range(5)),
    )


def _held_values(
    held: Held | None,
) -> tuple[str | None, int | None, int | None, int | None, int | None]:
    if held is None:
        return None, None, None, None, None
    amounts = held.amounts
    if amounts is None:
        return held.status.value, None, None, None, None
    return (
        held.status.value,
        amounts.total_fen,
        amounts.fund_fen,
        amounts.account_fen,
        amounts.cash_fen,
    )


def _read_held(row: asyncpg.Record, prefix: str = "") -> Held | None:
    if row[f"{prefix}status"] is None:
        return None
    amounts: Amounts | None = None
    if row[f"{prefix}total_fen"] is not None:
        amounts = read_amounts(row, prefix)
    return Held(status=Status(row[f"{prefix}status"]), amounts=amounts)


def _leg(row: asyncpg.Record) -> DifferenceLeg:
    return DifferenceLeg(
        party=Party(row["party"]),
        party_code=row["party_code"],
        status=LegStatus(row["leg_status"]),
        held=_read_held(row),
    )


def _finding_row(day: date, one: Finding) -> tuple[object, ...]:
    place = one.place
    return (
        day,
        one.party.value,
        one.party_code,
        one.key,
        one.settlement_id,
        one.request_id,
        one.kind.value,
        one.cause.value,
        place.institution_code,
        place.care_region_code,
        place.insured_region_code,
        place.scheme_code,
        one.twin_settlement_id,
        *_held_values(one.hub),
        *_held_values(one.leg),
    )


def _finding(row: asyncpg.Record) -> Finding:
    return Finding(
        key=row["key"],
        settlement_id=row["settlement_id"],
        request_id=row["request_id"],
        kind=Kind(row["kind"]),
        cause=Cause(row["cause"]),
        party=Party(row["party"]),
        party_code=row["party_code"],
        place=read_place(row),
        hub=_read_held(row, "hub_"),
        leg=_read_held(row, "leg_"),
        twin_settlement_id=row["twin_settlement_id"],
    )
