"""SQL of what moves cases by itself: new findings, withdrawals, days that are over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.supervision.cases.model import Case, NewFinding
from services.supervision.domain.case_states import STANDING, UNDECIDED, CaseState
from services.supervision.domain.model import ResultClass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.kit.db import Connection, Database

# Numbers are given before transactions end. Whoever writes findings holds the row of their feed
# (mining that of the audit): whoever has shared these rows has no writer beside them, so that every
# number given so far is visible or void. Held for one look.
_FENCE: Final = """/* supervision.fence_findings */
SELECT feed FROM feed_cursor WHERE feed IN ('audit', 'settlement') ORDER BY feed FOR SHARE"""
_REACH: Final = """/* supervision.reach_of_findings */
SELECT coalesce((SELECT max(finding_number) FROM finding), 0) AS finding_number,
       coalesce((SELECT max(withdrawal_number) FROM finding_withdrawal), 0) AS withdrawal_number"""
_MARK: Final = """/* supervision.case_mark */
SELECT finding_number, withdrawal_number FROM case_mark"""
_LOCK_MARK: Final = f"{_MARK} FOR UPDATE"
_SET_MARK: Final = """/* supervision.set_case_mark */
UPDATE case_mark SET finding_number = $1, withdrawal_number = $2"""
# The numbers first, then what is theirs: a limit on what is left after looking would look at all
# that wait, for every few that are taken. A bill without a row was recorded before there were such
# rows, and was settled directly.
_LIST_NEW: Final = """/* supervision.list_new_findings */
SELECT f.finding_number, f.finding_id, f.settlement_id, f.care_region_code, f.insured_region_code,
       f.institution_code, f.rule_code, f.result_class, f.amount_fen,
       coalesce(b.channel, 'DIRECT') = 'DIRECT'
       AND w.finding_id IS NULL AND c.finding_id IS NULL AS is_due
  FROM (SELECT finding_number, finding_id, settlement_id, care_region_code, insured_region_code,
               institution_code, rule_code, result_class, amount_fen
          FROM finding
         WHERE finding_number > $1 AND finding_number <= $2
         ORDER BY finding_number
         LIMIT $3) f
  LEFT JOIN audited_bill b ON b.bill_key = f.settlement_id
  LEFT JOIN finding_withdrawal w USING (finding_id)
  LEFT JOIN case_finding c USING (finding_id)
 ORDER BY f.finding_number"""
_LOCK_OPEN: Final = """/* supervision.lock_open_cases */
SELECT case_id, settlement_id
  FROM case_file
 WHERE settlement_id = ANY($1::uuid[]) AND state = 'FIRST_REVIEW'
 ORDER BY case_id
   FOR UPDATE"""
_INSERT: Final = """/* supervision.insert_cases */
INSERT INTO case_file (case_id, settlement_id, care_region_code, insured_region_code,
                       institution_code, state, result_class, is_plain, rule_codes, amount_fen,
                       open_time, change_time)
SELECT n.case_id, n.settlement_id, n.care, n.insured, n.institution, 'FIRST_REVIEW',
       n.result_class, n.is_plain, string_to_array(n.rule_codes, ','), n.amount_fen, n.at, n.at
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[],
              $8::text[], $9::bigint[], $10::timestamptz[])
       AS n (case_id, settlement_id, care, insured, institution, result_class, is_plain,
             rule_codes, amount_fen, at)"""
_INSERT_FINDINGS: Final = """/* supervision.insert_case_findings */
INSERT INTO case_finding (finding_id, case_id)
SELECT finding_id, case_id
  FROM unnest($1::uuid[], $2::uuid[]) AS n (finding_id, case_id)"""
# From all of its findings anew: whatever came, in whatever order, it says the same.
_SUM_UP: Final = """/* supervision.sum_up_cases */
UPDATE case_file k
   SET result_class = s.result_class, is_plain = s.is_plain, rule_codes = s.rule_codes,
       amount_fen = s.amount_fen
  FROM (SELECT c.case_id,
               (array_agg(f.result_class ORDER BY array_position(
                   ARRAY['VIOLATION', 'SUSPICIOUS', 'TO_VERIFY'], f.result_class)))[1]
                   AS result_class,
               bool_and(f.result_class = 'VIOLATION') AS is_plain,
               array_agg(DISTINCT f.rule_code COLLATE "C") AS rule_codes,
               max(f.amount_fen) AS amount_fen
          FROM case_finding c
          JOIN finding f ON f.finding_id = c.finding_id
         WHERE c.case_id = ANY($1::uuid[])
         GROUP BY c.case_id) s
 WHERE k.case_id = s.case_id"""
# Locked first, looked at afterwards: a review that was under way is seen as it ended.
_LOCK_TOUCHED: Final = """/* supervision.lock_touched_cases */
SELECT k.case_id
  FROM case_file k
 WHERE k.case_id IN (SELECT c.case_id
                       FROM finding_withdrawal w
                       JOIN case_finding c ON c.finding_id = w.finding_id
                      WHERE w.withdrawal_number > $1 AND w.withdrawal_number <= $2)
 ORDER BY k.case_id
   FOR UPDATE"""
_JUDGE_TOUCHED: Final = """/* supervision.judge_touched_cases */
WITH touched AS (
    SELECT k.case_id, k.state,
           EXISTS (SELECT FROM reversal r WHERE r.settlement_id = k.settlement_id) AS is_reversed,
           EXISTS (SELECT FROM case_finding c
                    WHERE c.case_id = k.case_id
                      AND NOT EXISTS (SELECT FROM finding_withdrawal w
                                       WHERE w.finding_id = c.finding_id)
                      AND NOT EXISTS (SELECT FROM case_verdict v
                                       WHERE v.finding_id = c.finding_id
                                         AND NOT v.is_confirmed)) AS is_open,
           EXISTS (SELECT FROM case_finding c
                     JOIN finding_withdrawal w ON w.finding_id = c.finding_id
                     JOIN case_verdict v ON v.finding_id = c.finding_id AND v.step = 'FINAL'
                    WHERE c.case_id = k.case_id AND v.is_confirmed
                      AND w.withdrawal_number > $2 AND w.withdrawal_number <= $3) AS is_final
      FROM case_file k
     WHERE k.case_id = ANY($1::uuid[])
), judged AS (
    SELECT case_id, state,
           state = ANY($4::text[]) AND NOT is_open
               OR state IN ('UPHELD', 'CONFIRMED') AND is_reversed AS is_fallen,
           state = ANY($5::text[]) AND NOT is_reversed AND is_final AS rests_on_less
      FROM touched
)
SELECT case_id, state, is_fallen FROM judged WHERE is_fallen OR rests_on_less ORDER BY case_id"""
_LIST_OVERDUE: Final = """/* supervision.lock_overdue_cases */
SELECT k.case_id
  FROM case_file k
  JOIN opinion o ON o.case_id = k.case_id
 WHERE k.state = 'OPINION_SENT' AND o.answer_last_date < $1
 ORDER BY k.case_id
 LIMIT $2
   FOR UPDATE OF k SKIP LOCKED"""


async def is_behind(database: Database) -> tuple[int, int] | None:
    """Returns up to which findings and withdrawals all are visible; None: nothing is new."""
    mark = await database.fetchrow(_MARK)
    reach = await database.fetchrow(_REACH)
    if mark is None or reach is None or tuple(mark) == tuple(reach):
        return None

    async def look(connection: Connection) -> tuple[int, int]:
        await connection.fetch(_FENCE)
        row = await connection.fetchrow(_REACH)
        return (row["finding_number"], row["withdrawal_number"]) if row else (0, 0)

    return await database.run("supervision.fence", look)


async def lock_mark(connection: Connection) -> tuple[int, int]:
    """Returns how far findings and withdrawals were taken; keeps others from taking them."""
    row = await connection.fetchrow(_LOCK_MARK)
    return (row["finding_number"], row["withdrawal_number"]) if row else (0, 0)


async def set_mark(connection: Connection, finding_number: int, withdrawal_number: int) -> None:
    """Writes down how far they were taken."""
    await connection.execute(_SET_MARK, finding_number, withdrawal_number)


async def list_new(
    connection: Connection, *, after: int, until: int, limit: int
) -> tuple[list[NewFinding], int | None]:
    """Returns of the next findings those that belong into a case and are in none, in order.

    They stand, on direct settlements. Also the number of the last of the next ones, where there
    may be more; None: there are none after them.
    """
    rows = await connection.fetch(_LIST_NEW, after, until, limit)
    found = [
        NewFinding(
            finding_number=row["finding_number"],
            finding_id=row["finding_id"],
            settlement_id=row["settlement_id"],
            care_region_code=row["care_region_code"],
            insured_region_code=row["insured_region_code"],
            institution_code=row["institution_code"],
            rule_code=row["rule_code"],
            result_class=ResultClass(row["result_class"]),
            amount_fen=row["amount_fen"],
        )
        for row in rows
        if row["is_due"]
    ]
    return found, rows[-1]["finding_number"] if len(rows) == limit else None


async def lock_open(connection: Connection, settlement_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Returns the cases in FIRST_REVIEW of settlements, locked."""
    rows = await connection.fetch(_LOCK_OPEN, settlement_ids)
    return {row["settlement_id"]: row["case_id"] for row in rows}


async def insert(connection: Connection, cases: Sequence[Case]) -> None:
    """Keeps new cases."""
    await connection.execute(
        _INSERT,
        [one.case_id for one in cases],
        [one.settlement_id for one in cases],
        [one.care_region_code for one in cases],
        [one.insured_region_code for one in cases],
        [one.institution_code for one in cases],
        [one.result_class.value for one in cases],
        [one.is_plain for one in cases],
        [",".join(one.rule_codes) for one in cases],
        [one.amount_fen for one in cases],
        [one.open_time for one in cases],
    )


async def add_findings(connection: Connection, pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """Puts findings into cases. Pairs of finding and case."""
    await connection.execute(_INSERT_FINDINGS, [one for one, _ in pairs], [to for _, to in pairs])


async def sum_up(connection: Connection, case_ids: Sequence[UUID]) -> None:
    """Says of cases again what all of their findings come to."""
    await connection.execute(_SUM_UP, case_ids)


async def lock_withdrawn(
    connection: Connection, *, after: int, until: int
) -> dict[UUID, CaseState | None]:
    """Returns what withdrawals do to cases, locked.

    None: it falls. Those are undecided ones of which nothing stands, and those whose settlement was
    reversed though clearing is not asked about them any more. A state: it stays in it, though a
    finding that was finally confirmed does not stand.
    """
    rows = await connection.fetch(_LOCK_TOUCHED, after, until)
    if not rows:
        return {}
    found = await connection.fetch(
        _JUDGE_TOUCHED,
        [row["case_id"] for row in rows],
        after,
        until,
        [one.value for one in UNDECIDED],
        [one.value for one in STANDING],
    )
    return {row["case_id"]: None if row["is_fallen"] else CaseState(row["state"]) for row in found}


async def lock_overdue(connection: Connection, today: date, *, limit: int) -> list[UUID]:
    """Returns cases whose institution has not answered though the last day is over, locked."""
    return [row["case_id"] for row in await connection.fetch(_LIST_OVERDUE, today, limit)]
