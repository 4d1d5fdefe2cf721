"""SQL of seeded samples of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.supervision.cases.model import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.kit.db import Connection, Database

# Cases of an earlier sample are left out: one that was rejected must not be drawn until it pleases.
_POPULATION: Final = """/* supervision.lock_population */
SELECT c.case_id
  FROM case_file c
 WHERE c.state = 'FIRST_REVIEW' AND c.is_plain AND c.rule_codes = ARRAY[$2::text]
   AND left(c.care_region_code, 2) = $1
   AND NOT EXISTS (SELECT FROM case_sample_member m WHERE m.case_id = c.case_id)
 ORDER BY c.case_id
 LIMIT $3
   FOR UPDATE OF c"""
_INSERT: Final = """/* supervision.insert_sample */
INSERT INTO case_sample (sample_id, region_code, rule_code, seed, draw_time, population,
                         population_digest, officer_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_INSERT_MEMBERS: Final = """/* supervision.insert_sample_members */
INSERT INTO case_sample_member (case_id, sample_id, draw_order)
SELECT n.case_id, $1, n.draw_order
  FROM unnest($2::uuid[], $3::int[]) AS n (case_id, draw_order)"""
_FIND: Final = """/* supervision.find_sample */
SELECT s.sample_id, s.region_code, s.rule_code, s.seed, s.draw_time, s.population,
       s.population_digest, s.officer_id,
       array(SELECT m.case_id FROM case_sample_member m
              WHERE m.sample_id = s.sample_id AND m.draw_order IS NOT NULL
              ORDER BY m.draw_order) AS drawn,
       (SELECT count(*) FROM case_sample_member m JOIN case_file k ON k.case_id = m.case_id
         WHERE m.sample_id = s.sample_id AND m.draw_order IS NOT NULL
           AND k.state = 'FIRST_REVIEW') AS open,
       (SELECT count(*) FROM case_sample_member m
          JOIN case_change g ON g.case_id = m.case_id AND g.step = 'FIRST'
         WHERE m.sample_id = s.sample_id AND m.draw_order IS NOT NULL) AS reviewed,
       (SELECT count(*) FROM case_sample_member m
         WHERE m.sample_id = s.sample_id AND m.draw_order IS NOT NULL
           AND EXISTS (SELECT FROM case_finding c
                         JOIN case_verdict v ON v.finding_id = c.finding_id AND v.step = 'FIRST'
                         JOIN finding f ON f.finding_id = c.finding_id
                        WHERE c.case_id = m.case_id
                          AND (NOT v.is_confirmed OR v.at_fault_fen < f.amount_fen))) AS rejected,
       (SELECT count(*) FROM case_change g WHERE g.sample_id = s.sample_id) AS confirmed
  FROM case_sample s
 WHERE s.sample_id = $1"""
_LOCK: Final = """/* supervision.lock_sample */
SELECT sample_id FROM case_sample WHERE sample_id = $1 FOR UPDATE"""
_REST: Final = """/* supervision.lock_rest_of_sample */
SELECT c.case_id
  FROM case_sample_member m
  JOIN case_file c ON c.case_id = m.case_id
 WHERE m.sample_id = $1 AND m.draw_order IS NULL
   AND c.state = 'FIRST_REVIEW' AND c.is_plain AND c.rule_codes = ARRAY[$2::text]
   AND EXISTS (SELECT FROM case_finding f
                WHERE f.case_id = c.case_id
                  AND NOT EXISTS (SELECT FROM finding_withdrawal w
                                   WHERE w.finding_id = f.finding_id))
 ORDER BY c.case_id
 LIMIT $3
   FOR UPDATE OF c"""


async def lock_population(
    connection: Connection, *, region_code: str, rule_code: str, limit: int
) -> list[UUID]:
    """Returns the cases from which a sample is drawn, the oldest first, locked.

    Cases in FIRST_REVIEW of a care province that are violations of one rule and nothing else, and
    were in no sample before.
    """
    rows = await connection.fetch(_POPULATION, region_code[:2], rule_code, limit)
    return [row["case_id"] for row in rows]


async def insert(connection: Connection, sample: Sample, population: Sequence[UUID]) -> None:
    """Keeps a sample with its whole population."""
    await connection.execute(
        _INSERT,
        sample.sample_id,
        sample.region_code,
        sample.rule_code,
        sample.seed,
        sample.draw_time,
        sample.population,
        sample.population_digest,
        sample.officer_id,
    )
    orders = {case_id: number for number, case_id in enumerate(sample.drawn, start=1)}
    await connection.execute(
        _INSERT_MEMBERS, sample.sample_id, population, [orders.get(one) for one in population]
    )


async def find(source: Connection | Database, sample_id: UUID) -> Sample | None:
    """Returns a sample as it stands; None: there is none."""
    row = await source.fetchrow(_FIND, sample_id)
    return None if row is None else Sample(**{**dict(row), "drawn": tuple(row["drawn"])})


async def lock(connection: Connection, sample_id: UUID) -> None:
    """Keeps others from confirming by the same sample at once."""
    await connection.execute(_LOCK, sample_id)


async def lock_rest(connection: Connection, sample: Sample, *, limit: int) -> list[UUID]:
    """Returns cases that a sample stands for and that nobody decided, locked."""
    rows = await connection.fetch(_REST, sample.sample_id, sample.rule_code, limit)
    return [row["case_id"] for row in rows]
