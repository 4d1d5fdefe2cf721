"""SQL of deductions and of negative records. What was decided is only ever inserted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from services.clearing.domain.deduction import Deduction, sum_funds
from services.clearing.domain.deduction_states import STANDING, DeductionState
from services.kit.db import Connection, Database

_STANDING: Final = sorted(state.value for state in STANDING)

_COLUMNS: Final = """d.deduction_id, d.decision_id, d.inquiry_id, d.settlement_id,
       d.insured_region_code, d.care_region_code, d.scheme_code, d.is_by_fund, d.state,
       d.appeal_last_date, d.month, d.source_id, d.return_month, d.return_source_id,
       d.record_time, f.fund_type_codes, f.amounts_fen"""
_FUNDS: Final = """JOIN LATERAL (
       SELECT array_agg(fund_type_code ORDER BY fund_type_code) AS fund_type_codes,
              array_agg(amount_fen ORDER BY fund_type_code) AS amounts_fen
         FROM deduction_fund WHERE deduction_id = d.deduction_id
       ) f ON true"""

_FIND: Final = f"""/* clearing.find_deduction */
SELECT {_COLUMNS}
  FROM deduction d {_FUNDS}
 WHERE d.deduction_id = $1"""  # noqa: S608 - our own column names
_FIND_LOCKED: Final = f"{_FIND}\n   FOR UPDATE OF d"
_FIND_BY_DECISIONS: Final = f"""/* clearing.find_deductions_by_decision */
SELECT {_COLUMNS}
  FROM deduction d {_FUNDS}
 WHERE d.decision_id = ANY($1::uuid[])"""  # noqa: S608 - our own column names
_LIST: Final = f"""/* clearing.list_deductions */
SELECT {_COLUMNS}
  FROM deduction d {_FUNDS}"""  # noqa: S608 - our own column names

_SUM_STANDING: Final = """/* clearing.sum_standing_deductions */
SELECT d.settlement_id, f.fund_type_code, sum(f.amount_fen)::bigint AS amount_fen
  FROM deduction d JOIN deduction_fund f ON f.deduction_id = d.deduction_id
 WHERE d.settlement_id = ANY($1::uuid[]) AND d.state = ANY($2::text[])
 GROUP BY d.settlement_id, f.fund_type_code"""

_INSERT: Final = """/* clearing.insert_deductions */
INSERT INTO deduction (deduction_id, decision_id, inquiry_id, settlement_id, insured_region_code,
                       care_region_code, scheme_code, is_by_fund, state, appeal_last_date, month,
                       source_id, record_time)
SELECT n.deduction_id, n.decision_id, n.inquiry_id, n.settlement_id, n.insured_region_code,
       n.care_region_code, n.scheme_code, n.is_by_fund, n.state, n.appeal_last_date, n.month,
       n.source_id, n.record_time
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
              $8::boolean[], $9::text[], $10::date[], $11::text[], $12::uuid[], $13::timestamptz[])
       AS n (deduction_id, decision_id, inquiry_id, settlement_id, insured_region_code,
             care_region_code, scheme_code, is_by_fund, state, appeal_last_date, month, source_id,
             record_time)"""
_INSERT_FUNDS: Final = """/* clearing.insert_deduction_funds */
INSERT INTO deduction_fund (deduction_id, fund_type_code, amount_fen)
SELECT n.deduction_id, n.fund_type_code, n.amount_fen
  FROM unnest($1::uuid[], $2::text[], $3::bigint[])
       AS n (deduction_id, fund_type_code, amount_fen)"""
_INSERT_CHANGES: Final = """/* clearing.insert_deduction_changes */
INSERT INTO deduction_change (deduction_id, state, change_time, region_code, maker_id, checker_id,
                              note)
SELECT n.deduction_id, $2, $3, $4, $5, $6, $7 FROM unnest($1::uuid[]) AS n (deduction_id)"""
_LIST_CHANGES: Final = """/* clearing.list_deduction_changes */
SELECT state, change_time, region_code, maker_id, checker_id, note
  FROM deduction_change
 WHERE deduction_id = $1
 ORDER BY change_id"""

_MOVE: Final = """/* clearing.move_deductions */
UPDATE deduction d
   SET state = n.state, month = n.month, source_id = n.source_id, return_month = n.return_month,
       return_source_id = n.return_source_id
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::uuid[])
       AS n (deduction_id, state, month, source_id, return_month, return_source_id)
 WHERE d.deduction_id = n.deduction_id"""

# The mark is read before: as a value the planner knows that few blocks come after it. Which of two
# marks is seen does not matter, since everything up to the older one was looked at.
_LOAD_MARK: Final = """/* clearing.load_dispute_mark */
SELECT block_id FROM dispute_mark"""
# Only blocks that were not looked at: who is recorded was not reversed then, and everything that
# writes the ledger waits for one lock.
_REVERSED_SINCE: Final = """FROM booking b
  JOIN deduction d ON d.settlement_id = b.source_id
   AND d.state IN ('PENDING', 'APPEALED', 'UPHELD')"""
_FIND_REVERSED: Final = f"""/* clearing.find_reversed_deductions */
SELECT {_COLUMNS}
  {_REVERSED_SINCE} {_FUNDS}
 WHERE b.block_id > $1 AND b.kind = 'REVERSED'
 ORDER BY d.deduction_id"""
_FIND_DUE: Final = f"""/* clearing.find_due_deductions */
SELECT {_COLUMNS}
  FROM deduction d {_FUNDS}
 WHERE d.state = 'PENDING' AND d.appeal_last_date < $1
 ORDER BY d.appeal_last_date, d.deduction_id LIMIT $2
   FOR UPDATE OF d"""  # noqa: S608 - our own column names
_IS_DUE: Final = f"""/* clearing.is_dispute_due */
SELECT EXISTS (SELECT FROM deduction WHERE state = 'PENDING' AND appeal_last_date < $2)
    OR EXISTS (SELECT {_REVERSED_SINCE}
                WHERE b.block_id > $1 AND b.kind = 'REVERSED') AS is_due"""  # noqa: S608 - as above
# What is recorded later is in a later block than what this statement sees, and so is its reversal.
_MARK: Final = f"""/* clearing.mark_disputes */
UPDATE dispute_mark
   SET block_id = greatest(block_id, (SELECT coalesce(max(n.block_id), 0) FROM block n))
 WHERE NOT EXISTS (SELECT {_REVERSED_SINCE}
                    WHERE b.block_id > $1 AND b.kind = 'REVERSED')"""  # noqa: S608 - as above

_COUNT_OPEN: Final = """/* clearing.count_open_deductions */
SELECT state, count(*) AS n FROM deduction WHERE state IN ('PENDING', 'APPEALED') GROUP BY state"""

_LIST_ADJUSTMENTS: Final = """/* clearing.list_adjustments */
SELECT r.source_id AS settlement_id, rp.insured_region_code, rp.care_region_code, rp.scheme_code,
       sp.month AS original_month, rp.month AS booked_month, r.event_time AS reverse_time,
       coalesce((SELECT sum(t.amount_fen) FROM transfer t
                  WHERE t.source_id = r.source_id AND t.kind = r.kind AND t.step = r.step),
                0)::bigint AS amount_fen
  FROM booking r
  JOIN position rp ON rp.position_id = r.position_id
  JOIN booking s ON s.source_id = r.source_id AND s.kind = 'SETTLED' AND s.step = 'DIRECT'
  JOIN position sp ON sp.position_id = s.position_id
 WHERE r.kind = 'REVERSED' AND sp.month < rp.month"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step in the life of a deduction."""

    state: DeductionState
    change_time: datetime
    region_code: str = ""
    """Care province that appealed."""
    maker_id: str = ""
    """Empty: the hub by itself."""
    checker_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionFilter:
    """Which deductions are wanted; None or empty: all."""

    region_code: str = ""
    state: DeductionState | None = None
    month: str = ""
    settlement_id: UUID | None = None
    decision_id: UUID | None = None
    after: UUID | None = None
    """Only those that sort after this one: the last of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A reversal that is booked in a later month than what it takes back."""

    settlement_id: UUID
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    original_month: str
    booked_month: str
    amount_fen: int
    """Zero or less."""
    reverse_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentFilter:
    """Which negative records are wanted; None or empty: all."""

    region_code: str = ""
    original_month: str = ""
    booked_month: str = ""
    after: UUID | None = None


async def find(
    source: Connection | Database, deduction_id: UUID, *, lock: bool = False
) -> Deduction | None:
    """Returns a deduction; None: there is none. `lock` keeps others from changing it."""
    row = await source.fetchrow(_FIND_LOCKED if lock else _FIND, deduction_id)
    return None if row is None else _deduction(row)


async def find_by_decisions(
    connection: Connection, decision_ids: Collection[UUID]
) -> dict[UUID, Deduction]:
    """Returns the deductions of some decisions, by decision."""
    rows = await connection.fetch(_FIND_BY_DECISIONS, list(decision_ids))
    return {row["decision_id"]: _deduction(row) for row in rows}


async def sum_standing(
    connection: Connection, settlement_ids: Collection[UUID]
) -> dict[UUID, dict[str, int]]:
    """Returns what deductions that stand take back, by settlement and fund type."""
    rows = await connection.fetch(_SUM_STANDING, list(settlement_ids), _STANDING)
    found: dict[UUID, dict[str, int]] = {}
    for row in rows:
        funds = found.setdefault(row["settlement_id"], {})
        funds[row["fund_type_code"]] = row["amount_fen"]
    return found


async def insert(connection: Connection, deductions: Sequence[Deduction], change: Change) -> None:
    """Keeps new deductions, all by the same people."""
    await connection.execute(
        _INSERT,
        [one.deduction_id for one in deductions],
        [one.decision_id for one in deductions],
        [one.inquiry_id for one in deductions],
        [one.settlement_id for one in deductions],
        [one.insured_region_code for one in deductions],
        [one.care_region_code for one in deductions],
        [one.scheme_code for one in deductions],
        [one.is_by_fund for one in deductions],
        [one.state.value for one in deductions],
        [one.appeal_last_date for one in deductions],
        [one.month for one in deductions],
        [one.source_id for one in deductions],
        [one.record_time for one in deductions],
    )
    funds = [(one.deduction_id, *fund) for one in deductions for fund in one.funds_fen.items()]
    await connection.execute(
        _INSERT_FUNDS,
        [deduction_id for deduction_id, _, _ in funds],
        [code for _, code, _ in funds],
        [fen for _, _, fen in funds],
    )
    await _note(connection, deductions, change)


async def move(connection: Connection, deductions: Sequence[Deduction], change: Change) -> None:
    """Writes the state that deductions have reached, all in the same way."""
    await connection.execute(
        _MOVE,
        [one.deduction_id for one in deductions],
        [one.state.value for one in deductions],
        [one.month for one in deductions],
        [one.source_id for one in deductions],
        [one.return_month for one in deductions],
        [one.return_source_id for one in deductions],
    )
    await _note(connection, deductions, change)


async def list_changes(source: Connection | Database, deduction_id: UUID) -> list[Change]:
    """Returns what happened to a deduction, oldest first."""
    rows = await source.fetch(_LIST_CHANGES, deduction_id)
    return [Change(**{**dict(row), "state": DeductionState(row["state"])}) for row in rows]


async def list_deductions(
    source: Connection | Database, wanted: DeductionFilter, *, limit: int
) -> list[Deduction]:
    """Returns deductions in the order in which they were recorded, at most `limit`."""
    # Only the conditions asked for: one statement for all filters would be planned for none.
    conditions: list[tuple[str, object]] = []
    if wanted.region_code:
        clause = "(d.insured_region_code = {0} OR d.care_region_code = {0})"
        conditions.append((clause, wanted.region_code))
    if wanted.state is not None:
        conditions.append(("d.state = {0}", wanted.state.value))
    if wanted.month:
        conditions.append(("(d.month = {0} OR d.return_month = {0})", wanted.month))
    if wanted.settlement_id is not None:
        conditions.append(("d.settlement_id = {0}", wanted.settlement_id))
    if wanted.decision_id is not None:
        conditions.append(("d.decision_id = {0}", wanted.decision_id))
    if wanted.after is not None:
        conditions.append(("d.deduction_id > {0}", wanted.after))
    clauses = [text.format(f"${number}") for number, (text, _) in enumerate(conditions, start=1)]
    where = f"\n WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = await source.fetch(
        f"{_LIST}{where}\n ORDER BY d.deduction_id LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [_deduction(row) for row in rows]


async def is_due(source: Connection | Database, today: date) -> bool:
    """Returns whether a term is over, or the settlement of a deduction was reversed."""
    row = await source.fetchrow(_IS_DUE, await _load_mark(source), today)
    return row is not None and bool(row["is_due"])


async def find_reversed(connection: Connection) -> list[Deduction]:
    """Returns deductions that stand though their settlement was reversed since the mark."""
    rows = await connection.fetch(_FIND_REVERSED, await _load_mark(connection))
    return [_deduction(row) for row in rows]


async def find_due(connection: Connection, today: date, *, limit: int) -> list[Deduction]:
    """Returns pending deductions whose term is over, at most `limit`."""
    return [_deduction(row) for row in await connection.fetch(_FIND_DUE, today, limit)]


async def mark(source: Connection | Database) -> None:
    """Notes that all blocks were looked at, unless there is still something in them."""
    await source.execute(_MARK, await _load_mark(source))


async def count_open(source: Connection | Database) -> Mapping[DeductionState, int]:
    """Returns how many deductions wait for the end of the term, or for a decision."""
    return {DeductionState(row["state"]): row["n"] for row in await source.fetch(_COUNT_OPEN)}


async def list_adjustments(
    source: Connection | Database, wanted: AdjustmentFilter, *, limit: int
) -> list[Adjustment]:
    """Returns negative records by settlement, at most `limit`."""
    conditions: list[tuple[str, object]] = []
    if wanted.region_code:
        clause = "(rp.insured_region_code = {0} OR rp.care_region_code = {0})"
        conditions.append((clause, wanted.region_code))
    if wanted.original_month:
        conditions.append(("sp.month = {0}", wanted.original_month))
    if wanted.booked_month:
        conditions.append(("rp.month = {0}", wanted.booked_month))
    if wanted.after is not None:
        conditions.append(("r.source_id > {0}", wanted.after))
    clauses = [text.format(f"${number}") for number, (text, _) in enumerate(conditions, start=1)]
    rows = await source.fetch(
        f"{_LIST_ADJUSTMENTS}{''.join(f' AND {one}' for one in clauses)}"
        f"\n ORDER BY r.source_id LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [Adjustment(**dict(row)) for row in rows]


async def _load_mark(source: Connection | Database) -> int:
    row = await source.fetchrow(_LOAD_MARK)
    return row["block_id"] if row is not None else 0


async def _note(connection: Connection, deductions: Sequence[Deduction], change: Change) -> None:
    await connection.execute(
        _INSERT_CHANGES,
        [one.deduction_id for one in deductions],
        change.state.value,
        change.change_time,
        change.region_code,
        change.maker_id,
        change.checker_id,
        change.note,
    )


def _deduction(row: asyncpg.Record) -> Deduction:
    values = dict(row)
    codes, amounts = values.pop("fund_type_codes"), values.pop("amounts_fen")
    values["state"] = DeductionState(values["state"])
    return Deduction(**values, funds_fen=sum_funds([dict(zip(codes, amounts, strict=True))]))
