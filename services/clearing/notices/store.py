"""All SQL of notices. Their identity never changes; changes of state are appended."""
# ruff: noqa: S608 - what is put into a statement is the list of columns, a constant.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.clearing.domain.notice import Notice, NoticeKind, NoticeLine, NoticeStep, Part
from services.clearing.domain.notice_states import NoticeState
from services.kit.db import Connection, Database

_COLUMNS: Final = """n.notice_id, n.number, n.kind, n.source_id, n.month, n.insured_region_code,
       n.care_region_code, n.fee_fen, n.state, n.maker_id, n.checker_id, n.draft_time,
       n.issue_date"""

_FIND: Final = f"""/* clearing.find_notices */
SELECT {_COLUMNS} FROM notice n WHERE n.notice_id = ANY($1::uuid[]) ORDER BY n.notice_id"""

# In one order whoever locks: two who want some of the same wait and never block each other.
_LOCK: Final = f"""/* clearing.lock_notices */
SELECT {_COLUMNS} FROM notice n WHERE n.notice_id = ANY($1::uuid[]) ORDER BY n.notice_id
   FOR UPDATE"""

_LOCK_NUMBERS: Final = f"""/* clearing.lock_notices_by_number */
SELECT {_COLUMNS} FROM notice n WHERE n.number = ANY($1::text[]) ORDER BY n.notice_id
   FOR UPDATE"""

_FIND_NUMBER: Final = f"""/* clearing.find_notice_by_number */
SELECT {_COLUMNS} FROM notice n WHERE n.number = $1"""

_LIST: Final = f"""/* clearing.list_notices */
SELECT {_COLUMNS}
  FROM notice n
 WHERE ($1 = '' OR n.month = $1) AND ($2 = '' OR n.kind = $2)
   AND ($3 = '' OR n.payer_region_code = $3) AND ($4 = '' OR n.receiver_region_code = $4)
   AND ($5 = '' OR n.state = ANY(string_to_array($5, ',')))
   AND ($6::uuid IS NULL OR n.notice_id > $6)
 ORDER BY n.notice_id
 LIMIT $7"""

_LINES: Final = """/* clearing.load_notice_lines */
SELECT notice_id, scheme_code, fund_type_code, amount_fen, paid_fen, pending_fen
  FROM notice_line
 WHERE notice_id = ANY($1::uuid[])
 ORDER BY notice_id, scheme_code COLLATE "C", fund_type_code COLLATE "C\""""

_STANDING_SOURCES: Final = """/* clearing.standing_sources */
SELECT source_id FROM notice
 WHERE kind = $1 AND source_id = ANY($2::uuid[]) AND state <> 'REJECTED'"""

_STATES: Final = """/* clearing.states_of_notices */
SELECT notice_id, state FROM notice WHERE notice_id = ANY($1::uuid[])"""

_INSERT: Final = """/* clearing.insert_notices */
INSERT INTO notice (notice_id, kind, source_id, month, insured_region_code, care_region_code,
                    payer_region_code, receiver_region_code, amount_fen, state, maker_id,
                    draft_time)
SELECT n.notice_id, n.kind, n.source_id, n.month, n.insured_region_code, n.care_region_code,
       n.payer_region_code, n.receiver_region_code, n.amount_fen, 'DRAFT', $10, $11
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::text[], $9::bigint[])
       AS n (notice_id, kind, source_id, month, insured_region_code, care_region_code,
             payer_region_code, receiver_region_code, amount_fen)
ON CONFLICT (kind, source_id) WHERE state <> 'REJECTED' DO NOTHING
RETURNING notice_id"""

_INSERT_LINES: Final = """/* clearing.insert_notice_lines */
INSERT INTO notice_line (notice_id, scheme_code, fund_type_code, amount_fen)
SELECT n.notice_id, n.scheme_code, n.fund_type_code, n.amount_fen
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])
       AS n (notice_id, scheme_code, fund_type_code, amount_fen)"""

_INSERT_CHANGES: Final = """/* clearing.insert_notice_changes */
INSERT INTO notice_change (notice_id, state, operator_id, note, change_time)
SELECT n.notice_id, n.state, $3, $4, $5
  FROM unnest($1::uuid[], $2::text[]) AS n (notice_id, state)"""

_TAKE_NUMBERS: Final = """/* clearing.take_notice_numbers */
INSERT INTO notice_number (kind, year, last_number) VALUES ($1, $2, $3)
ON CONFLICT (kind, year) DO UPDATE SET last_number = notice_number.last_number + $3
RETURNING last_number"""

_DECIDE: Final = """/* clearing.decide_notices */
UPDATE notice n
   SET state = d.state, number = d.number, checker_id = $4, issue_date = $5
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS d (notice_id, state, number)
 WHERE n.notice_id = d.notice_id"""

_MOVE: Final = """/* clearing.move_notices */
UPDATE notice n
   SET state = m.state
  FROM unnest($1::uuid[], $2::text[]) AS m (notice_id, state)
 WHERE n.notice_id = m.notice_id"""

_ADD_FEES: Final = """/* clearing.add_notice_fees */
UPDATE notice n
   SET fee_fen = n.fee_fen + f.fee_fen
  FROM unnest($1::uuid[], $2::bigint[]) AS f (notice_id, fee_fen)
 WHERE n.notice_id = f.notice_id"""

_ADD_TO_LINES: Final = """/* clearing.add_to_notice_lines */
UPDATE notice_line l
   SET paid_fen = l.paid_fen + a.paid_fen, pending_fen = l.pending_fen + a.pending_fen
  FROM (SELECT n.notice_id, n.scheme_code, n.fund_type_code, sum(n.paid_fen)::bigint AS paid_fen,
               sum(n.pending_fen)::bigint AS pending_fen
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
               AS n (notice_id, scheme_code, fund_type_code, paid_fen, pending_fen)
         GROUP BY n.notice_id, n.scheme_code, n.fund_type_code) AS a
 WHERE l.notice_id = a.notice_id AND l.scheme_code = a.scheme_code
   AND l.fund_type_code = a.fund_type_code"""

_STANDING: Final = """/* clearing.notices_standing */
WITH wanted AS (
    SELECT insured_region_code, care_region_code
      FROM table_line
     WHERE month = $1 AND payable_fen <> 0
     GROUP BY insured_region_code, care_region_code
), standing AS (
    SELECT insured_region_code, care_region_code, state
      FROM notice
     WHERE month = $1 AND kind = 'CLEARING' AND state <> 'REJECTED'
)
SELECT count(*) FILTER (WHERE s.state IS NULL) AS missing_count,
       count(*) FILTER (WHERE s.state = 'DRAFT') AS draft_count,
       count(*) FILTER (WHERE s.state = 'ISSUED') AS issued_count,
       count(*) FILTER (WHERE s.state = 'PART_PAID') AS part_paid_count,
       count(*) FILTER (WHERE s.state = 'PAID') AS paid_count
  FROM wanted w
  LEFT JOIN standing s USING (insured_region_code, care_region_code)"""

_STEPS: Final = """/* clearing.load_notice_steps */
SELECT notice_id, step, region_code, done_date, operator_id
  FROM notice_step
 WHERE notice_id = ANY($1::uuid[])"""

_INSERT_STEPS: Final = """/* clearing.insert_notice_steps */
INSERT INTO notice_step (notice_id, step, region_code, done_date, operator_id, note, record_time)
SELECT s.notice_id, s.step, s.region_code, s.done_date, $5, $6, $7
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[])
       AS s (notice_id, step, region_code, done_date)"""

_SUMS: Final = """/* clearing.sum_notices */
SELECT n.payer_region_code, n.receiver_region_code, n.issue_date, n.state,
       count(*) FILTER (WHERE n.amount_fen > 0) AS notice_count,
       sum(n.amount_fen)::bigint AS amount_fen, sum(l.paid_fen)::bigint AS paid_fen
  FROM notice n
  JOIN LATERAL (SELECT abs(sum(paid_fen)) AS paid_fen
                  FROM notice_line WHERE notice_id = n.notice_id) AS l ON true
 WHERE n.month BETWEEN $1 AND $2 AND ($3 = '' OR n.kind = $3) AND n.number IS NOT NULL
 GROUP BY n.payer_region_code, n.receiver_region_code, n.issue_date, n.state"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far the clearing notices of a month are."""

    missing_count: int
    """Pairs of its tables for which no notice stands."""
    draft_count: int
    issued_count: int
    part_paid_count: int
    paid_count: int

    @property
    def notified(self) -> bool:
        """Every pair has its notice."""
        return not self.missing_count and not self.draft_count

    @property
    def paid(self) -> bool:
        """Every notice is paid."""
        return self.notified and not self.issued_count and not self.part_paid_count


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFilter:
    """Which notices are wanted; empty: all."""

    month: str = ""
    kind: NoticeKind | None = None
    payer_region_code: str = ""
    receiver_region_code: str = ""
    states: tuple[NoticeState, ...] = ()
    after: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """A step of a notice that was done."""

    notice_id: UUID
    step: NoticeStep
    region_code: str
    done_date: date
    operator_id: str
    """Empty: a bank line shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSum:
    """Issued notices between two provinces that were issued on one day and stand alike."""

    payer_region_code: str
    receiver_region_code: str
    issue_date: date
    state: NoticeState
    notice_count: int
    amount_fen: int
    paid_fen: int


async def find(source: Connection | Database, notice_ids: Sequence[UUID]) -> list[Notice]:
    """Returns the notices that there are, by id."""
    return await _with_lines(source, await source.fetch(_FIND, list(notice_ids)))


async def find_by_number(source: Connection | Database, number: str) -> Notice | None:
    """Returns a notice, or None."""
    found = await _with_lines(source, await source.fetch(_FIND_NUMBER, number))
    return found[0] if found else None


async def lock(connection: Connection, notice_ids: Sequence[UUID]) -> list[Notice]:
    """Returns notices by id and keeps them from others until the transaction ends."""
    return await _with_lines(connection, await connection.fetch(_LOCK, list(notice_ids)))


async def lock_by_number(connection: Connection, numbers: Sequence[str]) -> list[Notice]:
    """Returns notices by id and keeps them from others until the transaction ends."""
    return await _with_lines(connection, await connection.fetch(_LOCK_NUMBERS, list(numbers)))


async def list_notices(
    source: Connection | Database, wanted: NoticeFilter, *, limit: int
) -> list[Notice]:
    """Returns notices in the order in which they were drawn up."""
    rows = await source.fetch(
        _LIST,
        wanted.month,
        wanted.kind.value if wanted.kind else "",
        wanted.payer_region_code,
        wanted.receiver_region_code,
        ",".join(state.value for state in wanted.states),
        wanted.after,
        limit,
    )
    return await _with_lines(source, rows)


async def states_of(
    source: Connection | Database, notice_ids: Sequence[UUID]
) -> dict[UUID, NoticeState]:
    """Returns where notices stand; those that do not exist are left out."""
    rows = await source.fetch(_STATES, list(notice_ids))
    return {row["notice_id"]: NoticeState(row["state"]) for row in rows}


async def standing_sources(
    connection: Connection, kind: NoticeKind, source_ids: Sequence[UUID]
) -> set[UUID]:
    """Returns for which of these a notice stands, drawn up or issued."""
    rows = await connection.fetch(_STANDING_SOURCES, kind.value, list(source_ids))
    return {row["source_id"] for row in rows}


async def standing(source: Connection | Database, month: str) -> Standing:
    """Returns how far the clearing notices of a month are, against its tables."""
    row = await source.fetchrow(_STANDING, month)
    if row is None:
        return Standing(
            missing_count=0, draft_count=0, issued_count=0, part_paid_count=0, paid_count=0
        )
    return Standing(**dict(row))


async def insert(
    connection: Connection, notices: Sequence[Notice], *, maker_id: str, now: datetime
) -> bool:
    """Inserts drafts; False: another notice stands for one of them: nothing may be committed."""
    stored = await connection.fetch(
        _INSERT,
        [one.notice_id for one in notices],
        [one.kind.value for one in notices],
        [one.source_id for one in notices],
        [one.month for one in notices],
        [one.insured_region_code for one in notices],
        [one.care_region_code for one in notices],
        [one.payer_region_code for one in notices],
        [one.receiver_region_code for one in notices],
        [one.amount_fen for one in notices],
        maker_id,
        now,
    )
    if len(stored) != len(notices):
        return False
    lines = [(one.notice_id, line) for one in notices for line in one.lines]
    await connection.execute(
        _INSERT_LINES,
        [notice_id for notice_id, _ in lines],
        [line.scheme_code for _, line in lines],
        [line.fund_type_code for _, line in lines],
        [line.amount_fen for _, line in lines],
    )
    await _append_changes(
        connection,
        {one.notice_id: NoticeState.DRAFT for one in notices},
        operator_id=maker_id,
        note="",
        now=now,
    )
    return True


async def take_numbers(connection: Connection, kind: NoticeKind, year: int, count: int) -> int:
    """Returns the first of so many numbers that nobody else gets, counted from 1."""
    row = await connection.fetchrow(_TAKE_NUMBERS, kind.value, year, count)
    return int(row["last_number"]) - count + 1 if row is not None else 1


async def decide(
    connection: Connection,
    decided: Mapping[UUID, tuple[NoticeState, str]],
    *,
    checker_id: str,
    note: str,
    issue_date: date | None,
    now: datetime,
) -> None:
    """Moves drafts on: to a state, with a number where they are issued."""
    await connection.execute(
        _DECIDE,
        list(decided),
        [state.value for state, _ in decided.values()],
        [number or None for _, number in decided.values()],
        checker_id,
        issue_date,
    )
    states = {notice_id: state for notice_id, (state, _) in decided.items()}
    await _append_changes(connection, states, operator_id=checker_id, note=note, now=now)


async def move(
    connection: Connection,
    states: Mapping[UUID, NoticeState],
    *,
    operator_id: str = "",
    now: datetime,
) -> None:
    """Moves issued notices on."""
    if states:
        await connection.execute(_MOVE, list(states), [state.value for state in states.values()])
        await _append_changes(connection, states, operator_id=operator_id, note="", now=now)


async def add_fees(connection: Connection, fees: Mapping[UUID, int]) -> None:
    """Remembers what banks took for notices."""
    if fees:
        await connection.execute(_ADD_FEES, list(fees), list(fees.values()))


async def add_to_lines(
    connection: Connection,
    parts: Sequence[tuple[UUID, Part]],
    *,
    paid: int = 0,
    pending: int = 0,
) -> None:
    """Adds parts to what is paid or pending of lines, times 1, 0 or -1."""
    if parts:
        await connection.execute(
            _ADD_TO_LINES,
            [notice_id for notice_id, _ in parts],
            [part.scheme_code for _, part in parts],
            [part.fund_type_code for _, part in parts],
            [paid * part.amount_fen for _, part in parts],
            [pending * part.amount_fen for _, part in parts],
        )


async def load_steps(
    source: Connection | Database, notice_ids: Sequence[UUID]
) -> dict[UUID, dict[NoticeStep, StepDone]]:
    """Returns what was done of notices, by notice and step."""
    found: dict[UUID, dict[NoticeStep, StepDone]] = {}
    for row in await source.fetch(_STEPS, list(notice_ids)):
        done = StepDone(
            notice_id=row["notice_id"],
            step=NoticeStep(row["step"]),
            region_code=row["region_code"],
            done_date=row["done_date"],
            operator_id=row["operator_id"],
        )
        found.setdefault(done.notice_id, {})[done.step] = done
    return found


async def insert_steps(
    connection: Connection,
    steps: Sequence[StepDone],
    *,
    operator_id: str,
    note: str,
    now: datetime,
) -> None:
    """Appends steps that were done."""
    if steps:
        await connection.execute(
            _INSERT_STEPS,
            [one.notice_id for one in steps],
            [one.step.value for one in steps],
            [one.region_code for one in steps],
            [one.done_date for one in steps],
            operator_id,
            note,
            now,
        )


async def sums(
    source: Connection | Database, *, first: str, last: str, kind: NoticeKind | None
) -> list[NoticeSum]:
    """Returns the sums of issued notices of the months from first to last."""
    rows = await source.fetch(_SUMS, first, last, kind.value if kind else "")
    return [
        NoticeSum(
            payer_region_code=row["payer_region_code"],
            receiver_region_code=row["receiver_region_code"],
            issue_date=row["issue_date"],
            state=NoticeState(row["state"]),
            notice_count=row["notice_count"],
            amount_fen=row["amount_fen"],
            paid_fen=row["paid_fen"],
        )
        for row in rows
    ]


async def _append_changes(
    connection: Connection,
    states: Mapping[UUID, NoticeState],
    *,
    operator_id: str,
    note: str,
    now: datetime,
) -> None:
    await connection.execute(
        _INSERT_CHANGES,
        list(states),
        [state.value for state in states.values()],
        operator_id,
        note,
        now,
    )


async def _with_lines(source: Connection | Database, rows: Sequence[Any]) -> list[Notice]:
    lines: dict[UUID, list[NoticeLine]] = {}
    for row in await source.fetch(_LINES, [row["notice_id"] for row in rows]):
        lines.setdefault(row["notice_id"], []).append(
            NoticeLine(
                scheme_code=row["scheme_code"],
                fund_type_code=row["fund_type_code"],
                amount_fen=row["amount_fen"],
                paid_fen=row["paid_fen"],
                pending_fen=row["pending_fen"],
            )
        )
    return [
        Notice(
            notice_id=row["notice_id"],
            number=row["number"] or "",
            kind=NoticeKind(row["kind"]),
            source_id=row["source_id"],
            month=row["month"],
            insured_region_code=row["insured_region_code"],
            care_region_code=row["care_region_code"],
            lines=tuple(lines[row["notice_id"]]),
            state=NoticeState(row["state"]),
            maker_id=row["maker_id"],
            checker_id=row["checker_id"],
            draft_time=row["draft_time"],
            issue_date=row["issue_date"],
            fee_fen=row["fee_fen"],
        )
        for row in rows
    ]
