"""SQL of final decisions: what they take back, and how far clearing has taken it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.supervision.cases.model import CaseDeduction, DeductionState
from services.supervision.domain.case_states import STANDING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection, Database

_LINES: Final = b"supervision.case_deduction:"
_COLUMNS: Final = """d.decision_id, d.case_id, d.settlement_id, d.insured_region_code,
       d.care_region_code, d.maker_id, d.checker_id, d.state, d.round, d.deduction_id, d.refusal,
       d.appeal_last_date"""
_FUNDS: Final = """(SELECT json_object_agg(m.fund_type_code, m.amount_fen)
          FROM case_deduction_fund m
         WHERE m.decision_id = d.decision_id AND m.round = d.round)::text AS funds"""
_FROM: Final = "FROM case_deduction d"
_FROM_CASES: Final = f"{_FROM} JOIN case_file k ON k.case_id = d.case_id"
_LOCK_SETTLEMENT: Final = """/* supervision.lock_settlement_decisions */
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7))"""
_INSERT: Final = """/* supervision.insert_case_deduction */
INSERT INTO case_deduction (decision_id, case_id, settlement_id, insured_region_code,
                            care_region_code, maker_id, checker_id, lines, state, next_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
_INSERT_FUNDS: Final = """/* supervision.insert_case_deduction_funds */
INSERT INTO case_deduction_fund (decision_id, round, fund_type_code, amount_fen)
SELECT $1, $2, n.code, n.fen
  FROM unnest($3::text[], $4::bigint[]) AS n (code, fen)"""
_LIST: Final = f"""/* supervision.list_case_deductions */
SELECT {_COLUMNS}, {_FUNDS}
  {_FROM}
 WHERE d.case_id = ANY($1::uuid[])"""
_LIST_STANDING: Final = f"""/* supervision.list_standing_decisions */
SELECT {_COLUMNS}, {_FUNDS}, d.lines
  {_FROM_CASES}
 WHERE d.settlement_id = $1 AND k.state = ANY($2::text[])"""
# Whoever claims is alone with them until the instant given: replicas do not tell the same at once.
_CLAIMED: Final = """/* supervision.claim_case_deductions */
UPDATE case_deduction d
   SET next_time = $3
  FROM (SELECT decision_id FROM case_deduction
         WHERE state = $1 AND next_time <= $2
         ORDER BY next_time, decision_id
         LIMIT $4
           FOR UPDATE SKIP LOCKED) due
 WHERE d.decision_id = due.decision_id"""
_CLAIM: Final = f"{_CLAIMED}\nRETURNING {_COLUMNS}, {_FUNDS}"
_LOCK: Final = f"""/* supervision.lock_case_deduction */
SELECT {_COLUMNS}, {_FUNDS}
  {_FROM}
 WHERE d.decision_id = $1
   FOR UPDATE OF d"""
_RECORD: Final = """/* supervision.record_case_deduction */
UPDATE case_deduction
   SET state = 'RECORDED', deduction_id = $2, appeal_last_date = $3, next_time = $4
 WHERE decision_id = $1"""
_REFUSE: Final = """/* supervision.refuse_case_deduction */
UPDATE case_deduction
   SET state = 'REFUSED', refusal = $2
 WHERE decision_id = $1"""
_CHANGE: Final = """/* supervision.change_case_deduction */
UPDATE case_deduction
   SET round = $2
 WHERE decision_id = $1"""
_LEAVE: Final = """/* supervision.leave_case_deduction */
UPDATE case_deduction
   SET next_time = 'infinity'
 WHERE case_id = $1 AND state = 'RECORDED'"""
_POSTPONE: Final = """/* supervision.postpone_case_deductions */
UPDATE case_deduction
   SET next_time = $2
 WHERE decision_id = ANY($1::uuid[])"""


async def lock_settlement(connection: Connection, settlement_id: UUID) -> None:
    """Keeps others from deciding finally on the same settlement at once."""
    await connection.execute(_LOCK_SETTLEMENT, str(settlement_id))


async def insert(
    connection: Connection,
    cipher: FieldCipher,
    deduction: CaseDeduction,
    shares: Mapping[str, Fraction],
    *,
    next_time: datetime,
) -> None:
    """Keeps a final decision with the shares of the lines at fault."""
    lines = json.dumps({line_id: str(share) for line_id, share in sorted(shares.items())})
    await connection.execute(
        _INSERT,
        deduction.decision_id,
        deduction.case_id,
        deduction.settlement_id,
        deduction.insured_region_code,
        deduction.care_region_code,
        deduction.maker_id,
        deduction.checker_id,
        cipher.encrypt(lines.encode(), context=_LINES + deduction.decision_id.bytes),
        deduction.state.value,
        next_time,
    )
    await _insert_funds(connection, deduction)


async def list_of_cases(
    source: Connection | Database, case_ids: Collection[UUID]
) -> dict[UUID, CaseDeduction]:
    """Returns the final decisions of cases that have one."""
    rows = await source.fetch(_LIST, list(case_ids))
    return {row["case_id"]: _deduction(row) for row in rows}


async def list_standing(
    connection: Connection, cipher: FieldCipher, settlement_id: UUID
) -> list[tuple[CaseDeduction, dict[str, Fraction]]]:
    """Returns the final decisions on a settlement that stand, with the shares of their lines."""
    rows = await connection.fetch(_LIST_STANDING, settlement_id, [one.value for one in STANDING])
    found = []
    for row in rows:
        lines = json.loads(cipher.decrypt(row["lines"], context=_LINES + row["decision_id"].bytes))
        found.append(
            (_deduction(row), {line_id: Fraction(share) for line_id, share in lines.items()})
        )
    return found


async def claim(
    database: Database, state: DeductionState, now: datetime, *, until: datetime, limit: int
) -> list[CaseDeduction]:
    """Returns the decisions that waited longest, by id; nobody else gets them `until` then.

    PENDING: clearing is to be told. RECORDED: it is asked how the deduction stands.
    """
    rows = await database.fetch(_CLAIM, state.value, now, until, limit)
    return sorted((_deduction(row) for row in rows), key=lambda one: one.decision_id)


async def leave(connection: Connection, case_id: UUID) -> None:
    """Does not ask clearing about the deduction of a case any more."""
    await connection.execute(_LEAVE, case_id)


async def lock(connection: Connection, decision_id: UUID) -> CaseDeduction | None:
    """Returns a decision, locked; None: there is none."""
    row = await connection.fetchrow(_LOCK, decision_id)
    return None if row is None else _deduction(row)


async def record(
    connection: Connection,
    decision_id: UUID,
    deduction_id: UUID,
    *,
    appeal_last_date: date,
    next_time: datetime,
) -> None:
    """Writes down that clearing has recorded it, and when to ask how it stands."""
    await connection.execute(_RECORD, decision_id, deduction_id, appeal_last_date, next_time)


async def refuse(connection: Connection, decision_id: UUID, reason: str) -> None:
    """Writes down that clearing refused it for good."""
    await connection.execute(_REFUSE, decision_id, reason)


async def change(connection: Connection, deduction: CaseDeduction) -> None:
    """Keeps the amounts of a further round."""
    await _insert_funds(connection, deduction)
    await connection.execute(_CHANGE, deduction.decision_id, deduction.round)


async def postpone(
    source: Connection | Database, decision_ids: Collection[UUID], next_time: datetime
) -> None:
    """Leaves decisions alone until an instant."""
    await source.execute(_POSTPONE, list(decision_ids), next_time)


async def _insert_funds(connection: Connection, deduction: CaseDeduction) -> None:
    await connection.execute(
        _INSERT_FUNDS,
        deduction.decision_id,
        deduction.round,
        list(deduction.funds_fen),
        list(deduction.funds_fen.values()),
    )


def _deduction(row: asyncpg.Record) -> CaseDeduction:
    return CaseDeduction(
        decision_id=row["decision_id"],
        case_id=row["case_id"],
        settlement_id=row["settlement_id"],
        insured_region_code=row["insured_region_code"],
        care_region_code=row["care_region_code"],
        maker_id=row["maker_id"],
        checker_id=row["checker_id"],
        state=DeductionState(row["state"]),
        round=row["round"],
        deduction_id=row["deduction_id"],
        refusal=row["refusal"],
        appeal_last_date=row["appeal_last_date"],
        funds_fen=dict(sorted(json.loads(row["funds"] or "{}").items())),
    )
