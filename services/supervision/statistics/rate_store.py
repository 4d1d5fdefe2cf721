"""The one statement behind every direct-settlement rate; `domain.direct_rate` is its definition."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.kit import codes
from services.kit.dates import first_day, last_day
from services.supervision.domain.direct_rate import NOTHING, Place, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from services.kit.db import Connection, Database

_ALL_TYPES: Final = list(codes.MEDICAL_TYPES)
INPATIENT_TYPES: Final = [
    code
    for code in codes.MEDICAL_TYPES
    if codes.is_inpatient_type(code) or codes.is_inpatient_type(f"{code}02")
]
"""National types that have stays among them: of 53 only 5302 is one, so ask `setting_of`, too."""

# Of one person at one institution: the same care, as direct_rate.same_episode says.
_SAME_CARE: Final = """d.person_id = c.person_id AND d.institution_code = c.institution_code
       AND (d.begin_date = c.begin_date OR d.end_date = c.end_date)
       AND (d.begin_date < d.end_date AND c.begin_date < c.end_date OR d.total_fen = c.total_fen)"""
_SAME: Final = f"""{_SAME_CARE}
       AND NOT EXISTS (SELECT FROM reversal r WHERE r.settlement_id = d.bill_key)"""

# A token settled directly does not make directly settled what the patient paid beside it.
_REPLACED: Final = f"""{_SAME}
       AND (d.channel = 'MANUAL'
            OR 2 * CASE WHEN d.visit_id IS NULL THEN d.total_fen ELSE (
                   SELECT sum(p.total_fen) FROM audited_bill p
                    WHERE p.person_id = d.person_id AND p.visit_id = d.visit_id
                      AND p.channel = 'DIRECT'
                      AND NOT EXISTS (SELECT FROM reversal r WHERE r.settlement_id = p.bill_key)
               ) END >= c.total_fen)"""  # noqa: S608  # made of constants

_TALLIES: Final = f"""/* supervision.direct_rate */
WITH bill AS (
       SELECT b.bill_key, b.channel, b.person_id, b.visit_id, b.care_region_code,
              b.insured_region_code, b.institution_code, b.medical_type_code, b.begin_date,
              b.end_date, b.total_fen
         FROM audited_bill b
        WHERE b.end_date = $1 AND left(b.medical_type_code, 2) = ANY($3::text[])
          AND NOT EXISTS (SELECT FROM reversal r WHERE r.settlement_id = b.bill_key)
), counted AS (
       SELECT 'DIRECT' AS settled, c.care_region_code, c.insured_region_code, c.institution_code,
              c.medical_type_code, c.end_date, c.total_fen,
              (c.visit_id IS NULL OR NOT EXISTS (
                  SELECT FROM audited_bill p
                   WHERE p.person_id = c.person_id AND p.visit_id = c.visit_id
                     AND p.channel = 'DIRECT'
                     AND (p.end_date, p.bill_key) > (c.end_date, c.bill_key)
                     AND NOT EXISTS (SELECT FROM reversal r WHERE r.settlement_id = p.bill_key)
              ))::int AS cases
         FROM bill c WHERE c.channel = 'DIRECT'
       UNION ALL
       SELECT 'MANUAL', c.care_region_code, c.insured_region_code, c.institution_code,
              c.medical_type_code, c.end_date, c.total_fen,
              (NOT EXISTS (
                  SELECT FROM audited_bill d
                   WHERE d.channel = 'MANUAL' AND {_SAME}
                     AND d.begin_date < d.end_date AND c.begin_date < c.end_date
                     AND (d.end_date, d.bill_key) > (c.end_date, c.bill_key)))::int
         FROM bill c
        WHERE c.channel = 'MANUAL' AND NOT EXISTS (
              SELECT FROM audited_bill d WHERE d.channel = 'DIRECT' AND {_REPLACED})
       UNION ALL
       SELECT 'SELF_PAID', c.care_region_code, c.insured_region_code, c.institution_code,
              c.medical_type_code, c.end_date, c.total_fen, 1
         FROM self_paid_case c
        WHERE c.end_date = $1 AND c.eligibility = 'ELIGIBLE' AND NOT c.is_withdrawn
          AND left(c.medical_type_code, 2) = ANY($3::text[])
          AND NOT EXISTS (SELECT FROM self_paid_case n
                           WHERE n.case_id = c.case_id AND n.version > c.version)
          AND NOT EXISTS (SELECT FROM audited_bill d WHERE {_REPLACED})
          AND NOT EXISTS (
              SELECT FROM self_paid_case d
               WHERE {_SAME_CARE} AND d.eligibility = 'ELIGIBLE' AND NOT d.is_withdrawn
                 AND (d.total_fen, d.case_id) > (c.total_fen, c.case_id)
                 AND NOT EXISTS (SELECT FROM self_paid_case n
                                  WHERE n.case_id = d.case_id AND n.version > d.version))
)
SELECT care_region_code, left(insured_region_code, 2) || '0000' AS insured_region_code,
       medical_type_code, CASE WHEN $2 THEN institution_code ELSE '' END AS institution_code,
       coalesce(sum(cases) FILTER (WHERE settled = 'DIRECT'), 0)::bigint AS direct_cases,
       coalesce(sum(total_fen) FILTER (WHERE settled = 'DIRECT'), 0)::bigint AS direct_fen,
       coalesce(sum(cases) FILTER (WHERE settled = 'MANUAL'), 0)::bigint AS manual_cases,
       coalesce(sum(total_fen) FILTER (WHERE settled = 'MANUAL'), 0)::bigint AS manual_fen,
       coalesce(sum(cases) FILTER (WHERE settled = 'SELF_PAID'), 0)::bigint AS self_paid_cases,
       coalesce(sum(total_fen) FILTER (WHERE settled = 'SELF_PAID'), 0)::bigint AS self_paid_fen
  FROM counted
 GROUP BY 1, 2, 3, 4
 ORDER BY 1, 2, 3, 4"""  # noqa: S608  # made of constants


async def tallies(
    source: Database | Connection,
    first_month: str,
    last_month: str,
    *,
    by_institution: bool,
    inpatient_only: bool = False,
) -> dict[Place, Tally]:
    """Returns the counts of all places in some months, as they are now.

    Without `by_institution` the places have an empty institution, and there are fewer of them.
    `inpatient_only` leaves out what has no stays; `sum_up` tells them apart to the last. A day at a
    time: no statement runs long, however many bills a month has.
    """
    types = INPATIENT_TYPES if inpatient_only else _ALL_TYPES
    found: dict[Place, Tally] = {}
    for day in days_of(first_month, last_month):
        for row in await source.fetch(_TALLIES, day, by_institution, types):
            place = Place(
                month=f"{day:%Y-%m}",
                care_region_code=codes.pooling_area_of(row["care_region_code"]),
                insured_region_code=row["insured_region_code"],
                medical_type_code=row["medical_type_code"],
                institution_code=row["institution_code"],
            )
            found[place] = found.get(place, NOTHING) + Tally(
                direct_cases=row["direct_cases"],
                direct_fen=row["direct_fen"],
                manual_cases=row["manual_cases"],
                manual_fen=row["manual_fen"],
                self_paid_cases=row["self_paid_cases"],
                self_paid_fen=row["self_paid_fen"],
            )
    return found


def days_of(first_month: str, last_month: str) -> Iterator[date]:
    """Yields the days of some months, in order."""
    first, last = first_day(first_month), last_day(last_month)
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
