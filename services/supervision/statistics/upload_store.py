"""SQL of what institutions and provinces upload: self-paid cases and costs of locals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from services.kit.dates import first_day, last_day
from services.kit.errors import LostRace
from services.supervision.domain.cost_index import Cost, CostKey
from services.supervision.domain.direct_rate import CareSetting
from services.supervision.domain.uploads import Kept, LocalKey

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.kit.db import Connection, Database
    from services.supervision.domain.uploads import Judged, LocalCost

_KEPT_CASES: Final = """/* supervision.self_paid_kept */
SELECT DISTINCT ON (case_id) case_id, version, is_withdrawn, content_hash
  FROM self_paid_case WHERE case_id = ANY($1::uuid[])
 ORDER BY case_id, version DESC"""

_INSERT_CASES: Final = """/* supervision.insert_self_paid */
INSERT INTO self_paid_case (case_id, version, is_withdrawn, person_id, institution_code,
                            care_region_code, insured_region_code, medical_type_code, begin_date,
                            end_date, total_fen, reason, is_emergency, eligibility, content_hash,
                            create_time)
SELECT n.case_id, n.version, n.is_withdrawn, n.person_id, n.institution_code, n.care, n.insured,
       n.medical_type_code, n.begin_date, n.end_date, n.total_fen, n.reason, n.is_emergency,
       n.eligibility, n.content_hash, $1
  FROM unnest($2::uuid[], $3::int[], $4::bool[], $5::uuid[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::date[], $11::date[], $12::bigint[], $13::text[], $14::bool[],
              $15::text[], $16::bytea[])
       AS n (case_id, version, is_withdrawn, person_id, institution_code, care, insured,
             medical_type_code, begin_date, end_date, total_fen, reason, is_emergency, eligibility,
             content_hash)
ON CONFLICT (case_id, version) DO NOTHING
RETURNING case_id"""

_KEPT_COSTS: Final = """/* supervision.local_cost_kept */
SELECT DISTINCT ON (l.month, l.institution_code, l.setting, l.disease_group_code)
       l.month, l.institution_code, l.setting, l.disease_group_code, l.version, l.is_withdrawn,
       l.case_count, l.total_fen
  FROM local_cost l
 WHERE (l.month, l.institution_code, l.setting) IN (
       SELECT k.month, k.institution_code, k.setting
         FROM unnest($1::text[], $2::text[], $3::text[]) AS k (month, institution_code, setting))
 ORDER BY l.month, l.institution_code, l.setting, l.disease_group_code, l.version DESC"""

_INSERT_COSTS: Final = """/* supervision.insert_local_costs */
INSERT INTO local_cost (month, institution_code, setting, disease_group_code, version, is_withdrawn,
                        case_count, total_fen, create_time)
SELECT n.month, n.institution_code, n.setting, n.disease_group_code, n.version, n.is_withdrawn,
       n.case_count, n.total_fen, $1
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bool[], $8::bigint[],
              $9::bigint[])
       AS n (month, institution_code, setting, disease_group_code, version, is_withdrawn,
             case_count, total_fen)
ON CONFLICT (month, institution_code, setting, disease_group_code, version) DO NOTHING
RETURNING version"""

_LOCALS: Final = """/* supervision.locals_of_month */
SELECT institution_code, setting, disease_group_code, case_count, total_fen
  FROM (SELECT DISTINCT ON (institution_code, setting, disease_group_code)
               institution_code, setting, disease_group_code, is_withdrawn, case_count, total_fen
          FROM local_cost WHERE month = $1
         ORDER BY institution_code, setting, disease_group_code, version DESC) newest
 WHERE NOT is_withdrawn"""

_SELF_PAID: Final = """/* supervision.self_paid_summary */
SELECT c.care_region_code, c.institution_code, c.reason, c.eligibility, count(*) AS cases,
       sum(c.total_fen)::bigint AS total_fen
  FROM self_paid_case c
 WHERE c.end_date BETWEEN $1 AND $2 AND NOT c.is_withdrawn
   AND NOT EXISTS (SELECT FROM self_paid_case n
                    WHERE n.case_id = c.case_id AND n.version > c.version)
 GROUP BY 1, 2, 3, 4
 ORDER BY 1, 2, 3, 4"""


class SelfPaidCount(NamedTuple):
    """Self-paid cases of one institution, reason and eligibility."""

    care_region_code: str
    institution_code: str
    reason: str
    eligibility: str
    cases: int
    total_fen: int


async def kept_cases(source: Database | Connection, case_ids: Collection[UUID]) -> dict[UUID, Kept]:
    """Returns the newest version of each case that there is."""
    rows = await source.fetch(_KEPT_CASES, list(case_ids))
    return {
        row["case_id"]: Kept(row["version"], row["is_withdrawn"], row["content_hash"])
        for row in rows
    }


async def append_cases(
    connection: Connection,
    rows: Sequence[tuple[Judged, Kept]],
    now: datetime,
) -> None:
    """Appends versions of cases, each with what it is kept as.

    Raises:
        LostRace: another upload appended one of them first.
    """
    if not rows:
        return
    cases = [judged.case for judged, _ in rows]
    inserted = await connection.fetch(
        _INSERT_CASES,
        now,
        [case.case_id for case in cases],
        [kept.version for _, kept in rows],
        [kept.is_withdrawn for _, kept in rows],
        [case.person_id for case in cases],
        [case.institution_code for case in cases],
        [case.care_region_code for case in cases],
        [case.insured_region_code for case in cases],
        [case.medical_type_code for case in cases],
        [case.begin_date for case in cases],
        [case.end_date for case in cases],
        [case.total_fen for case in cases],
        [case.reason.value for case in cases],
        [case.is_emergency for case in cases],
        [judged.eligibility.value for judged, _ in rows],
        [kept.content for _, kept in rows],
    )
    _require_all(len(inserted), len(rows))


async def kept_costs(
    source: Database | Connection, keys: Collection[LocalKey]
) -> dict[LocalKey, Kept]:
    """Returns the newest version of each row of the keys' months, institutions and settings."""
    wanted = sorted({(key.month, key.institution_code, key.setting.value) for key in keys})
    rows = await source.fetch(
        _KEPT_COSTS,
        [month for month, _, _ in wanted],
        [institution for _, institution, _ in wanted],
        [setting for _, _, setting in wanted],
    )
    return {
        LocalKey(
            row["month"],
            row["institution_code"],
            CareSetting(row["setting"]),
            row["disease_group_code"],
        ): Kept(
            row["version"],
            row["is_withdrawn"],
            f"{row['case_count']}:{row['total_fen']}".encode(),
        )
        for row in rows
    }


async def append_costs(
    connection: Connection, rows: Sequence[tuple[LocalCost, Kept]], now: datetime
) -> None:
    """Appends versions of rows, each with what it is kept as.

    Raises:
        LostRace: another upload appended one of them first.
    """
    if not rows:
        return
    inserted = await connection.fetch(
        _INSERT_COSTS,
        now,
        [cost.key.month for cost, _ in rows],
        [cost.key.institution_code for cost, _ in rows],
        [cost.key.setting.value for cost, _ in rows],
        [cost.key.disease_group_code for cost, _ in rows],
        [kept.version for _, kept in rows],
        [kept.is_withdrawn for _, kept in rows],
        [cost.case_count for cost, _ in rows],
        [cost.total_fen for cost, _ in rows],
    )
    _require_all(len(inserted), len(rows))


async def locals_of(source: Database | Connection, month: str) -> dict[CostKey, Cost]:
    """Returns what locals cost in a month."""
    rows = await source.fetch(_LOCALS, month)
    return {
        CostKey(
            row["institution_code"], CareSetting(row["setting"]), row["disease_group_code"]
        ): Cost(row["case_count"], row["total_fen"])
        for row in rows
    }


async def self_paid_of_month(source: Database | Connection, month: str) -> list[SelfPaidCount]:
    """Returns the standing cases of a month of discharge."""
    rows = await source.fetch(_SELF_PAID, first_day(month), last_day(month))
    return [
        SelfPaidCount(
            row["care_region_code"],
            row["institution_code"],
            row["reason"],
            row["eligibility"],
            row["cases"],
            row["total_fen"],
        )
        for row in rows
    ]


def _require_all(inserted: int, wanted: int) -> None:
    if inserted != wanted:
        raise LostRace("LOST_RACE", "another upload of the same rows came first", retry_after_ms=20)
