"""SQL of cases: what they hold, where they stand, and what became of each rule's findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.supervision.cases.model import Case, Change
from services.supervision.domain.case_review import Decided, Doubt, Verdict
from services.supervision.domain.case_states import STANDING, UNDECIDED, CaseState, Step
from services.supervision.domain.model import ResultClass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection, Database

_COLUMNS: Final = """c.case_id, c.settlement_id, c.care_region_code, c.insured_region_code,
       c.institution_code, c.state, c.result_class, c.is_plain, c.rule_codes, c.amount_fen,
       c.open_time, c.change_time"""
_DRAWN: Final = """EXISTS (SELECT FROM case_sample_member m
                WHERE m.case_id = c.case_id AND m.draw_order IS NOT NULL)"""
_FROM: Final = "FROM case_file c"
_FIND: Final = f"""/* supervision.find_case */
SELECT {_COLUMNS}, {_DRAWN} AS is_drawn
  {_FROM}
 WHERE c.case_id = $1"""
_LOCK: Final = f"{_FIND}\n   FOR UPDATE OF c"
_LIST: Final = f"""/* supervision.list_cases */
SELECT {_COLUMNS}, {_DRAWN} AS is_drawn
  {_FROM}"""
_MOVE: Final = """/* supervision.move_cases */
UPDATE case_file
   SET state = $2, change_time = $3
 WHERE case_id = ANY($1::uuid[])"""
_INSERT_CHANGES: Final = """/* supervision.insert_case_changes */
INSERT INTO case_change (case_id, state, change_time, step, officer_id, note, sample_id)
SELECT one, $2, $3, $4, $5, $6, $7
  FROM unnest($1::uuid[]) AS one"""
_LIST_CHANGES: Final = """/* supervision.list_case_changes */
SELECT state, change_time, step, officer_id, note, sample_id
  FROM case_change
 WHERE case_id = $1
 ORDER BY change_id"""
_LIST_DOUBTS: Final = """/* supervision.list_doubts */
SELECT c.case_id, c.finding_id, f.amount_fen, w.finding_id IS NOT NULL AS is_withdrawn
  FROM case_finding c
  JOIN finding f ON f.finding_id = c.finding_id
  LEFT JOIN finding_withdrawal w ON w.finding_id = c.finding_id
 WHERE c.case_id = ANY($1::uuid[])
 ORDER BY c.case_id, f.finding_number"""
_LIST_VERDICTS: Final = """/* supervision.list_verdicts */
SELECT v.finding_id, v.step, v.is_confirmed, v.at_fault_fen
  FROM case_verdict v
  JOIN case_finding c ON c.finding_id = v.finding_id
 WHERE c.case_id = ANY($1::uuid[])
 ORDER BY array_position(ARRAY['FIRST', 'SECOND', 'ANSWER', 'FINAL'], v.step)"""
_INSERT_VERDICTS: Final = """/* supervision.insert_verdicts */
INSERT INTO case_verdict (finding_id, step, is_confirmed, at_fault_fen)
SELECT v.finding_id, v.step, v.is_confirmed, v.at_fault_fen
  FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::bigint[])
       AS v (finding_id, step, is_confirmed, at_fault_fen)"""
_OUTCOMES: Final = """/* supervision.sum_outcomes */
WITH judged AS (
    SELECT f.rule_code, k.state,
           coalesce((SELECT v.at_fault_fen FROM case_verdict v
                      WHERE v.finding_id = f.finding_id AND v.step = 'FINAL'), f.amount_fen) AS fen,
           EXISTS (SELECT FROM case_verdict v
                    WHERE v.finding_id = f.finding_id AND NOT v.is_confirmed) AS is_rejected,
           EXISTS (SELECT FROM case_verdict v
                    WHERE v.finding_id = f.finding_id AND v.step = 'FINAL'
                      AND v.is_confirmed) AS is_final,
           EXISTS (SELECT FROM finding_withdrawal w
                    WHERE w.finding_id = f.finding_id) AS is_withdrawn
      FROM case_file k
      JOIN case_finding c ON c.case_id = k.case_id
      JOIN finding f ON f.finding_id = c.finding_id
     WHERE k.open_time >= $1 AND k.open_time < $2
), told AS (
    SELECT rule_code, fen,
           CASE WHEN is_withdrawn OR state = 'LAPSED' THEN 'NONE'
                WHEN is_rejected OR state = 'WITHDRAWN' THEN 'REJECTED'
                WHEN is_final THEN 'CONFIRMED'
                ELSE 'OPEN' END AS outcome
      FROM judged
)
SELECT rule_code,
       count(*) FILTER (WHERE outcome = 'CONFIRMED') AS confirmed,
       count(*) FILTER (WHERE outcome = 'REJECTED') AS rejected,
       count(*) FILTER (WHERE outcome = 'OPEN') AS open,
       coalesce(sum(fen) FILTER (WHERE outcome = 'CONFIRMED'), 0)::bigint AS confirmed_fen,
       coalesce(sum(fen) FILTER (WHERE outcome = 'REJECTED'), 0)::bigint AS rejected_fen
  FROM told
 GROUP BY rule_code
 ORDER BY rule_code"""
_STANDING: Final = """/* supervision.sum_standing_cases */
SELECT left(k.care_region_code, 2) || '0000' AS care_province_code, k.institution_code,
       count(*) AS opened,
       count(*) FILTER (WHERE k.state = ANY($3::text[])) AS undecided,
       count(*) FILTER (WHERE k.state IN ('DISMISSED', 'WITHDRAWN')) AS dismissed,
       count(*) FILTER (WHERE k.state = ANY($4::text[])) AS standing,
       coalesce(sum(d.fen) FILTER (WHERE k.state IN ('DEDUCTED', 'APPEALED', 'UPHELD')), 0)::bigint
           AS deducted_fen
  FROM case_file k
  LEFT JOIN LATERAL (
       SELECT sum(m.amount_fen) AS fen
         FROM case_deduction e
         JOIN case_deduction_fund m ON m.decision_id = e.decision_id AND m.round = e.round
        WHERE e.case_id = k.case_id AND e.state = 'RECORDED') d ON true
 WHERE k.open_time >= $1 AND k.open_time < $2
 GROUP BY 1, 2
 ORDER BY 1, 2"""
_COUNT: Final = """/* supervision.count_cases */
SELECT state, count(*) AS n
  FROM case_file
 WHERE state = ANY($1::text[])
 GROUP BY state"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases are wanted; None, false or empty: all."""

    region_code: str = ""
    """Province xx0000, as care or as insured province."""
    state: CaseState | None = None
    institution_code: str = ""
    rule_code: str = ""
    result_class: ResultClass | None = None
    settlement_id: UUID | None = None
    drawn_only: bool = False
    before: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """What became of the findings of a rule, of cases opened in some time.

    Findings that were withdrawn count nowhere: what they rested on was taken back.
    """

    rule_code: str
    confirmed: int
    """Confirmed by all three stages, and no appeal was granted."""
    rejected: int
    """Dismissed by a review, or the appeal was granted."""
    open: int
    confirmed_fen: int
    """What final reviews said is at fault, of those confirmed."""
    rejected_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStanding:
    """How the cases of an institution stand that were opened in some time."""

    care_province_code: str
    institution_code: str
    opened: int
    undecided: int
    dismissed: int
    """Also those whose appeal was granted."""
    standing: int
    """Decided finally against the institution."""
    deducted_fen: int
    """What clearing recorded for them and no appeal took away."""


async def find(source: Connection | Database, case_id: UUID, *, lock: bool = False) -> Case | None:
    """Returns a case; None: there is none. `lock` keeps others from moving it."""
    row = await source.fetchrow(_LOCK if lock else _FIND, case_id)
    return None if row is None else _case(row)


async def list_cases(
    source: Connection | Database, wanted: CaseFilter, *, limit: int
) -> list[Case]:
    """Returns cases, newest first, at most `limit`."""
    conditions: list[tuple[str, object]] = []
    if wanted.region_code:
        clause = "(left(c.care_region_code, 2) = {0} OR left(c.insured_region_code, 2) = {0})"
        conditions.append((clause, wanted.region_code[:2]))
    if wanted.state is not None:
        conditions.append(("c.state = {0}", wanted.state.value))
    if wanted.institution_code:
        conditions.append(("c.institution_code = {0}", wanted.institution_code))
    if wanted.rule_code:
        conditions.append(("c.rule_codes @> ARRAY[{0}::text]", wanted.rule_code))
    if wanted.result_class is not None:
        conditions.append(("c.result_class = {0}", wanted.result_class.value))
    if wanted.settlement_id is not None:
        conditions.append(("c.settlement_id = {0}", wanted.settlement_id))
    if wanted.before is not None:
        conditions.append(("c.case_id < {0}", wanted.before))
    clauses = [text.format(f"${number}") for number, (text, _) in enumerate(conditions, start=1)]
    if wanted.drawn_only:
        clauses.append(_DRAWN)
    where = f"\n WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = await source.fetch(
        f"{_LIST}{where}\n ORDER BY c.case_id DESC LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [_case(row) for row in rows]


async def move(connection: Connection, case_ids: Sequence[UUID], change: Change) -> None:
    """Moves cases that are locked, and writes down why."""
    await connection.execute(_MOVE, case_ids, change.state.value, change.change_time)
    await insert_changes(connection, case_ids, change)


async def insert_changes(connection: Connection, case_ids: Sequence[UUID], change: Change) -> None:
    """Writes down what happened to cases; by itself it moves none."""
    await connection.execute(
        _INSERT_CHANGES,
        case_ids,
        change.state.value,
        change.change_time,
        change.step.value if change.step else "",
        change.officer_id,
        change.note,
        change.sample_id,
    )


async def list_changes(source: Connection | Database, case_id: UUID) -> list[Change]:
    """Returns what happened to a case, oldest first."""
    return [
        Change(
            state=CaseState(row["state"]),
            change_time=row["change_time"],
            step=Step(row["step"]) if row["step"] else None,
            officer_id=row["officer_id"],
            note=row["note"],
            sample_id=row["sample_id"],
        )
        for row in await source.fetch(_LIST_CHANGES, case_id)
    ]


def decided(changes: Sequence[Change]) -> list[Decided]:
    """Returns who decided what, of the changes of a case."""
    return [
        Decided(step=one.step, officer_id=one.officer_id) for one in changes if one.step is not None
    ]


async def list_doubts(
    source: Connection | Database, case_ids: Collection[UUID]
) -> Mapping[UUID, list[Doubt]]:
    """Returns the findings of cases with what reviews said of them; each case is a key."""
    verdicts: dict[UUID, list[Verdict]] = {}
    for row in await source.fetch(_LIST_VERDICTS, list(case_ids)):
        verdicts.setdefault(row["finding_id"], []).append(
            Verdict(
                finding_id=row["finding_id"],
                step=Step(row["step"]),
                is_confirmed=row["is_confirmed"],
                at_fault_fen=row["at_fault_fen"],
            )
        )
    found: dict[UUID, list[Doubt]] = {one: [] for one in case_ids}
    for row in await source.fetch(_LIST_DOUBTS, list(case_ids)):
        found[row["case_id"]].append(
            Doubt(
                finding_id=row["finding_id"],
                amount_fen=row["amount_fen"],
                is_withdrawn=row["is_withdrawn"],
                verdicts=tuple(verdicts.get(row["finding_id"], ())),
            )
        )
    return found


async def insert_verdicts(connection: Connection, verdicts: Sequence[Verdict]) -> None:
    """Keeps what a review said."""
    await connection.execute(
        _INSERT_VERDICTS,
        [one.finding_id for one in verdicts],
        [one.step.value for one in verdicts],
        [one.is_confirmed for one in verdicts],
        [one.at_fault_fen for one in verdicts],
    )


async def outcomes(
    source: Connection | Database, *, since: datetime, until: datetime
) -> list[RuleOutcome]:
    """Returns what became of each rule's findings, of cases opened from `since` until `until`."""
    return [RuleOutcome(**dict(row)) for row in await source.fetch(_OUTCOMES, since, until)]


async def standing(
    source: Connection | Database, *, since: datetime, until: datetime
) -> list[CaseStanding]:
    """Returns how cases stand by institution, of those opened from `since` until `until`."""
    rows = await source.fetch(
        _STANDING,
        since,
        until,
        [one.value for one in UNDECIDED],
        [one.value for one in STANDING],
    )
    return [CaseStanding(**dict(row)) for row in rows]


async def count_by_state(source: Connection | Database) -> dict[CaseState, int]:
    """Returns how many cases wait in each state in which somebody or something must act."""
    states = [*UNDECIDED, CaseState.DEDUCTING, CaseState.APPEALED]
    rows = await source.fetch(_COUNT, [one.value for one in states])
    found = {CaseState(row["state"]): row["n"] for row in rows}
    return {one: found.get(one, 0) for one in states}


def case_of(row: asyncpg.Record, *, is_drawn: bool) -> Case:
    """Returns the case of a row that has its columns."""
    fields: dict[str, Any] = {**dict(row), "is_drawn": is_drawn}
    fields["state"] = CaseState(row["state"])
    fields["result_class"] = ResultClass(row["result_class"])
    fields["rule_codes"] = tuple(row["rule_codes"])
    return Case(**fields)


def _case(row: asyncpg.Record) -> Case:
    return case_of(row, is_drawn=row["is_drawn"])
