"""All SQL of bank statements, their lines, and what is done about those that have no place."""
# ruff: noqa: S608 - what is put into a statement is the list of columns, a constant.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from services.clearing.domain.bank_line_states import BankLineState
from services.clearing.domain.notice import BusinessType, Part
from services.clearing.domain.payment import Matched, Outcome, StatedLine
from services.kit.db import Connection, Database

_COLUMNS: Final = """b.line_id, b.statement_id, b.line_number, b.bank_reference, b.value_date,
       b.payer_region_code, b.receiver_region_code, b.amount_fen, b.business_type, b.notice_number,
       b.outcome, b.late, b.notice_id, b.applied_fen, b.suspended_fen, b.allocated_fen,
       b.returned_fen, b.state"""

_KNOWN: Final = f"""/* clearing.known_bank_lines */
SELECT {_COLUMNS} FROM bank_line b WHERE b.bank_reference = ANY($1::text[])"""

_LOCK: Final = f"""/* clearing.lock_bank_line */
SELECT {_COLUMNS} FROM bank_line b WHERE b.line_id = $1 FOR UPDATE"""

_FIND: Final = f"""/* clearing.find_bank_line */
SELECT {_COLUMNS} FROM bank_line b WHERE b.line_id = $1"""

_LIST: Final = f"""/* clearing.list_bank_lines */
SELECT {_COLUMNS}
  FROM bank_line b
 WHERE ($1 = '' OR b.payer_region_code = $1 OR b.receiver_region_code = $1)
   AND ($2 = '' OR b.state = $2) AND ($3::uuid IS NULL OR b.statement_id = $3)
   AND ($4::uuid IS NULL OR b.notice_id = $4 OR b.line_id IN
        (SELECT r.line_id FROM bank_resolution r WHERE r.notice_id = $4 AND r.status <> 'VOIDED'))
   AND ($5::uuid IS NULL OR b.line_id > $5)
 ORDER BY b.line_id
 LIMIT $6"""

_INSERT_STATEMENT: Final = """/* clearing.insert_bank_statement */
INSERT INTO bank_statement (statement_id, digest, region_code, operator_id, line_count,
                            duplicate_count, upload_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""

_INSERT: Final = """/* clearing.insert_bank_lines */
INSERT INTO bank_line (line_id, statement_id, line_number, bank_reference, value_date,
                       payer_region_code, receiver_region_code, amount_fen, business_type,
                       notice_number, outcome, late, notice_id, applied_fen, suspended_fen, state)
SELECT b.line_id, $16, b.line_number, b.bank_reference, b.value_date, b.payer_region_code,
       b.receiver_region_code, b.amount_fen, b.business_type, b.notice_number, b.outcome, b.late,
       b.notice_id, b.applied_fen, b.suspended_fen, b.state
  FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::date[], $5::text[], $6::text[],
              $7::bigint[], $8::text[], $9::text[], $10::text[], $11::boolean[], $12::uuid[],
              $13::bigint[], $14::bigint[], $15::text[])
       AS b (line_id, line_number, bank_reference, value_date, payer_region_code,
             receiver_region_code, amount_fen, business_type, notice_number, outcome, late,
             notice_id, applied_fen, suspended_fen, state)
ON CONFLICT DO NOTHING
RETURNING line_id"""

_INSERT_CHANGES: Final = """/* clearing.insert_bank_line_changes */
INSERT INTO bank_line_change (line_id, state, resolution_id, operator_id, change_time)
SELECT c.line_id, c.state, $3, $4, $5
  FROM unnest($1::uuid[], $2::text[]) AS c (line_id, state)"""

_MOVE: Final = """/* clearing.move_bank_line */
UPDATE bank_line
   SET state = $2, suspended_fen = suspended_fen - $3 - $4, allocated_fen = allocated_fen + $3,
       returned_fen = returned_fen + $4
 WHERE line_id = $1"""

_RESOLUTIONS: Final = """/* clearing.load_bank_resolutions */
SELECT r.resolution_id, r.line_id, r.decision, r.notice_id, r.amount_fen, r.status, r.note,
       r.maker_id, r.checker_id, r.propose_time, r.decide_time, n.issue_date
  FROM bank_resolution r LEFT JOIN notice n USING (notice_id)
 WHERE r.line_id = ANY($1::uuid[])
 ORDER BY r.ordinal"""

_INSERT_RESOLUTION: Final = """/* clearing.insert_bank_resolution */
INSERT INTO bank_resolution (resolution_id, line_id, decision, notice_id, amount_fen, status, note,
                             maker_id, propose_time)
VALUES ($1, $2, $3, $4, $5, 'PENDING', $6, $7, $8)"""

_INSERT_PARTS: Final = """/* clearing.insert_resolution_parts */
INSERT INTO bank_resolution_part (resolution_id, scheme_code, fund_type_code, amount_fen)
SELECT $1, p.scheme_code, p.fund_type_code, p.amount_fen
  FROM unnest($2::text[], $3::text[], $4::bigint[])
       AS p (scheme_code, fund_type_code, amount_fen)"""

_LOAD_PARTS: Final = """/* clearing.load_resolution_parts */
SELECT scheme_code, fund_type_code, amount_fen
  FROM bank_resolution_part
 WHERE resolution_id = $1
 ORDER BY scheme_code COLLATE "C", fund_type_code COLLATE "C\""""

_DECIDE_RESOLUTION: Final = """/* clearing.decide_bank_resolution */
UPDATE bank_resolution SET status = $2, checker_id = $3, decide_time = $4
 WHERE resolution_id = $1 AND status = 'PENDING'"""

_PAID_DATES: Final = """/* clearing.paid_dates */
SELECT p.notice_id, max(p.value_date) AS value_date
  FROM (SELECT notice_id, value_date FROM bank_line
         WHERE notice_id = ANY($1::uuid[]) AND applied_fen > 0
         UNION ALL
        SELECT r.notice_id, b.value_date
          FROM bank_resolution r JOIN bank_line b USING (line_id)
         WHERE r.notice_id = ANY($1::uuid[]) AND r.status = 'POSTED') AS p
 GROUP BY p.notice_id"""


class ResolutionDecision(Enum):
    """What an officer says of suspended money."""

    ALLOCATED = "ALLOCATED"
    """It pays a notice."""
    RETURNED = "RETURNED"
    """It was sent back to the payer."""


class ResolutionStatus(Enum):
    """Whether another officer has decided."""

    PENDING = "PENDING"
    POSTED = "POSTED"
    VOIDED = "VOIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Where an officer says that suspended money belongs."""

    resolution_id: UUID
    line_id: UUID
    decision: ResolutionDecision
    notice_id: UUID | None
    amount_fen: int
    status: ResolutionStatus
    note: str
    maker_id: str
    checker_id: str
    propose_time: datetime
    decide_time: datetime | None
    issue_date: date | None = None
    """Of the notice; None: it was sent back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLine:
    """A line of a bank statement as it stands."""

    line_id: UUID
    statement_id: UUID
    stated: StatedLine
    outcome: Outcome
    late: bool
    notice_id: UUID | None
    """The notice that it names and pays, or was a fee of."""
    applied_fen: int
    suspended_fen: int
    allocated_fen: int
    returned_fen: int
    state: BankLineState


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLineFilter:
    """Which lines are wanted; empty: all."""

    region_code: str = ""
    state: BankLineState | None = None
    statement_id: UUID | None = None
    notice_id: UUID | None = None
    after: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A bank statement that was uploaded."""

    statement_id: UUID
    digest: bytes
    region_code: str
    operator_id: str
    line_count: int
    duplicate_count: int


async def known(connection: Connection, references: Sequence[str]) -> list[BankLine]:
    """Returns the lines of earlier statements that have one of these references."""
    return [_line(row) for row in await connection.fetch(_KNOWN, list(references))]


async def find(source: Connection | Database, line_id: UUID) -> BankLine | None:
    """Returns a line, or None."""
    row = await source.fetchrow(_FIND, line_id)
    return None if row is None else _line(row)


async def lock(connection: Connection, line_id: UUID) -> BankLine | None:
    """Returns a line and keeps it from others until the transaction ends."""
    row = await connection.fetchrow(_LOCK, line_id)
    return None if row is None else _line(row)


async def list_lines(
    source: Connection | Database, wanted: BankLineFilter, *, limit: int
) -> list[BankLine]:
    """Returns lines in the order in which they were uploaded."""
    rows = await source.fetch(
        _LIST,
        wanted.region_code,
        wanted.state.value if wanted.state else "",
        wanted.statement_id,
        wanted.notice_id,
        wanted.after,
        limit,
    )
    return [_line(row) for row in rows]


async def insert(
    connection: Connection,
    statement: Statement,
    lines: Sequence[tuple[UUID, Matched]],
    *,
    now: datetime,
) -> bool:
    """Inserts a statement and its new lines.

    False: one of them was uploaded by somebody else meanwhile, and nothing may be committed.
    """
    await connection.execute(
        _INSERT_STATEMENT,
        statement.statement_id,
        statement.digest,
        statement.region_code,
        statement.operator_id,
        statement.line_count,
        statement.duplicate_count,
        now,
    )
    stored = await connection.fetch(
        _INSERT,
        [line_id for line_id, _ in lines],
        [one.line.line_number for _, one in lines],
        [one.line.bank_reference for _, one in lines],
        [one.line.value_date for _, one in lines],
        [one.line.payer_region_code for _, one in lines],
        [one.line.receiver_region_code for _, one in lines],
        [one.line.amount_fen for _, one in lines],
        [one.line.business_type.value for _, one in lines],
        [one.line.notice_number for _, one in lines],
        [one.outcome.value for _, one in lines],
        [one.late for _, one in lines],
        [one.notice_id for _, one in lines],
        [one.applied_fen for _, one in lines],
        [one.suspended_fen for _, one in lines],
        [one.state.value for _, one in lines],
        statement.statement_id,
    )
    if len(stored) != len(lines):
        return False
    await connection.execute(
        _INSERT_CHANGES,
        [line_id for line_id, _ in lines],
        [one.state.value for _, one in lines],
        None,
        statement.operator_id,
        now,
    )
    return True


async def move(
    connection: Connection,
    line_id: UUID,
    state: BankLineState,
    *,
    allocated_fen: int = 0,
    returned_fen: int = 0,
    resolution: Resolution,
    operator_id: str,
    now: datetime,
) -> None:
    """Moves a line on, with what of its suspended money found a place."""
    await connection.execute(_MOVE, line_id, state.value, allocated_fen, returned_fen)
    await connection.execute(
        _INSERT_CHANGES, [line_id], [state.value], resolution.resolution_id, operator_id, now
    )


async def load_resolutions(
    source: Connection | Database, line_ids: Sequence[UUID]
) -> dict[UUID, list[Resolution]]:
    """Returns what officers said of lines, by line, in order of time."""
    found: dict[UUID, list[Resolution]] = {}
    for row in await source.fetch(_RESOLUTIONS, list(line_ids)):
        one = Resolution(
            resolution_id=row["resolution_id"],
            line_id=row["line_id"],
            decision=ResolutionDecision(row["decision"]),
            notice_id=row["notice_id"],
            amount_fen=row["amount_fen"],
            status=ResolutionStatus(row["status"]),
            note=row["note"],
            maker_id=row["maker_id"],
            checker_id=row["checker_id"],
            propose_time=row["propose_time"],
            decide_time=row["decide_time"],
            issue_date=row["issue_date"],
        )
        found.setdefault(one.line_id, []).append(one)
    return found


async def insert_resolution(connection: Connection, resolution: Resolution) -> None:
    """Inserts what an officer says."""
    await connection.execute(
        _INSERT_RESOLUTION,
        resolution.resolution_id,
        resolution.line_id,
        resolution.decision.value,
        resolution.notice_id,
        resolution.amount_fen,
        resolution.note,
        resolution.maker_id,
        resolution.propose_time,
    )


async def insert_parts(connection: Connection, resolution_id: UUID, parts: Sequence[Part]) -> None:
    """Keeps of which lines of its notice a resolution pays what."""
    await connection.execute(
        _INSERT_PARTS,
        resolution_id,
        [part.scheme_code for part in parts],
        [part.fund_type_code for part in parts],
        [part.amount_fen for part in parts],
    )


async def load_parts(connection: Connection, resolution_id: UUID) -> tuple[Part, ...]:
    """Returns of which lines of its notice a resolution pays what."""
    return tuple(Part(**dict(row)) for row in await connection.fetch(_LOAD_PARTS, resolution_id))


async def decide_resolution(
    connection: Connection,
    resolution_id: UUID,
    status: ResolutionStatus,
    *,
    checker_id: str,
    now: datetime,
) -> None:
    """Keeps what the other officer decided."""
    await connection.execute(_DECIDE_RESOLUTION, resolution_id, status.value, checker_id, now)


async def paid_dates(connection: Connection, notice_ids: Sequence[UUID]) -> dict[UUID, date]:
    """Returns on which day the last money for notices moved."""
    rows = await connection.fetch(_PAID_DATES, list(notice_ids))
    return {row["notice_id"]: row["value_date"] for row in rows}


def _line(row: Any) -> BankLine:
    return BankLine(
        line_id=row["line_id"],
        statement_id=row["statement_id"],
        stated=StatedLine(
            line_number=row["line_number"],
            bank_reference=row["bank_reference"],
            value_date=row["value_date"],
            payer_region_code=row["payer_region_code"],
            receiver_region_code=row["receiver_region_code"],
            amount_fen=row["amount_fen"],
            business_type=BusinessType(row["business_type"]),
            notice_number=row["notice_number"],
        ),
        outcome=Outcome(row["outcome"]),
        late=row["late"],
        notice_id=row["notice_id"],
        applied_fen=row["applied_fen"],
        suspended_fen=row["suspended_fen"],
        allocated_fen=row["allocated_fen"],
        returned_fen=row["returned_fen"],
        state=BankLineState(row["state"]),
    )
