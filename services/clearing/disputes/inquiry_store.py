"""SQL of inquiries, and of the bills that they are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from services.clearing.domain.inquiry_states import InquiryState
from services.kit.db import Connection, Database

_FIND_BILL: Final = """/* clearing.find_bill */
SELECT settlement_id, institution_code, insured_region_code, care_region_code, total_fen,
       coalesce(medical_type_code, '') AS medical_type_code, reverse_time IS NOT NULL AS is_reversed
  FROM hub_record
 WHERE settlement_id = $1"""

_COLUMNS: Final = """i.inquiry_id, i.settlement_id, i.insured_region_code, i.care_region_code,
       i.institution_code, i.total_fen, i.state, i.question, i.opener_id, i.open_time,
       i.answer_last_date, i.answer, i.maker_id, i.checker_id, i.close_time, i.is_late,
       d.deduction_id"""
_FROM: Final = "FROM inquiry i LEFT JOIN deduction d ON d.inquiry_id = i.inquiry_id"
_FIND: Final = f"""/* clearing.find_inquiry */
SELECT {_COLUMNS}
  {_FROM}
 WHERE i.inquiry_id = $1"""
_FIND_LOCKED: Final = f"{_FIND}\n   FOR UPDATE OF i"
_LIST: Final = f"""/* clearing.list_inquiries */
SELECT {_COLUMNS}
  {_FROM}"""
_INSERT: Final = """/* clearing.insert_inquiry */
INSERT INTO inquiry (inquiry_id, settlement_id, insured_region_code, care_region_code,
                     institution_code, total_fen, state, question, opener_id, open_time,
                     answer_last_date)
VALUES ($1, $2, $3, $4, $5, $6, 'OPEN', $7, $8, $9, $10)
ON CONFLICT (settlement_id) WHERE state = 'OPEN' DO NOTHING
RETURNING inquiry_id"""
_ANSWER: Final = """/* clearing.answer_inquiry */
UPDATE inquiry
   SET state = $2, answer = $3, maker_id = $4, checker_id = $5, close_time = $6, is_late = $7
 WHERE inquiry_id = $1 AND state = 'OPEN'"""
_LAPSE: Final = """/* clearing.lapse_inquiries */
UPDATE inquiry i
   SET state = 'LAPSED', close_time = $1
  FROM hub_record h
 WHERE i.state = 'OPEN' AND h.settlement_id = i.settlement_id AND h.reverse_time IS NOT NULL
RETURNING i.inquiry_id"""
_COUNT_OVERDUE: Final = """/* clearing.count_overdue_inquiries */
SELECT care_region_code, count(*) AS n
  FROM inquiry
 WHERE state = 'OPEN' AND answer_last_date < $1
 GROUP BY care_region_code"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A settlement as the hub's own leg has it."""

    settlement_id: UUID
    institution_code: str
    insured_region_code: str
    care_region_code: str
    total_fen: int
    medical_type_code: str
    """Empty: not known."""
    is_reversed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A request of an insured province that the care province check a bill."""

    inquiry_id: UUID
    settlement_id: UUID
    insured_region_code: str
    care_region_code: str
    institution_code: str
    total_fen: int
    state: InquiryState
    question: str
    opener_id: str
    open_time: datetime
    answer_last_date: date
    answer: str = ""
    maker_id: str = ""
    checker_id: str = ""
    close_time: datetime | None = None
    is_late: bool = False
    deduction_id: UUID | None = None

    def is_overdue(self, today: date) -> bool:
        """Returns whether an answer is missing though the last day is over."""
        return self.state is InquiryState.OPEN and today > self.answer_last_date


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryFilter:
    """Which inquiries are wanted; None or empty: all."""

    region_code: str = ""
    state: InquiryState | None = None
    overdue_on: date | None = None
    """Only those that are overdue on this day."""
    settlement_id: UUID | None = None
    after: UUID | None = None


async def find_bill(connection: Connection, settlement_id: UUID) -> Bill | None:
    """Returns a settlement of the hub's own leg; None: there is none."""
    row = await connection.fetchrow(_FIND_BILL, settlement_id)
    return None if row is None else Bill(**dict(row))


async def find(
    source: Connection | Database, inquiry_id: UUID, *, lock: bool = False
) -> Inquiry | None:
    """Returns an inquiry; None: there is none. `lock` keeps others from answering it."""
    row = await source.fetchrow(_FIND_LOCKED if lock else _FIND, inquiry_id)
    return None if row is None else _inquiry(row)


async def insert(connection: Connection, inquiry: Inquiry) -> bool:
    """Keeps a new inquiry; false: one into the settlement is open already."""
    row = await connection.fetchrow(
        _INSERT,
        inquiry.inquiry_id,
        inquiry.settlement_id,
        inquiry.insured_region_code,
        inquiry.care_region_code,
        inquiry.institution_code,
        inquiry.total_fen,
        inquiry.question,
        inquiry.opener_id,
        inquiry.open_time,
        inquiry.answer_last_date,
    )
    return row is not None


async def answer(connection: Connection, inquiry: Inquiry) -> None:
    """Writes the answer of an inquiry that is locked and open."""
    await connection.execute(
        _ANSWER,
        inquiry.inquiry_id,
        inquiry.state.value,
        inquiry.answer,
        inquiry.maker_id,
        inquiry.checker_id,
        inquiry.close_time,
        inquiry.is_late,
    )


async def lapse(source: Connection | Database, now: datetime) -> int:
    """Ends open inquiries whose settlement was reversed; returns how many."""
    return len(await source.fetch(_LAPSE, now))


async def list_inquiries(
    source: Connection | Database, wanted: InquiryFilter, *, limit: int
) -> list[Inquiry]:
    """Returns inquiries in the order in which they were opened, at most `limit`."""
    conditions: list[tuple[str, object]] = []
    if wanted.region_code:
        clause = "(i.insured_region_code = {0} OR i.care_region_code = {0})"
        conditions.append((clause, wanted.region_code))
    if wanted.state is not None:
        conditions.append(("i.state = {0}", wanted.state.value))
    if wanted.overdue_on is not None:
        clause = "(i.state = 'OPEN' AND i.answer_last_date < {0})"
        conditions.append((clause, wanted.overdue_on))
    if wanted.settlement_id is not None:
        conditions.append(("i.settlement_id = {0}", wanted.settlement_id))
    if wanted.after is not None:
        conditions.append(("i.inquiry_id > {0}", wanted.after))
    clauses = [text.format(f"${number}") for number, (text, _) in enumerate(conditions, start=1)]
    where = f"\n WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = await source.fetch(
        f"{_LIST}{where}\n ORDER BY i.inquiry_id LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [_inquiry(row) for row in rows]


async def count_overdue(source: Connection | Database, today: date) -> dict[str, int]:
    """Returns how many answers are missing after their last day, by care province."""
    rows = await source.fetch(_COUNT_OVERDUE, today)
    return {row["care_region_code"]: row["n"] for row in rows}


def _inquiry(row: asyncpg.Record) -> Inquiry:
    return Inquiry(**{**dict(row), "state": InquiryState(row["state"])})
