"""The SQL of institutions: a public directory, in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.identity.domain.institutions import type_code_of
from services.identity.domain.model import Institution, Opening, Suspension

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.identity.reader import Reader
    from services.kit.db import Connection

COLUMNS: Final = """
       i.institution_code, i.name, i.region_code, i.level_code, i.price_level_code,
       i.deductible_level_code, i.begin_date AS agreement_begin_date,
       i.end_date AS agreement_end_date, i.address, i.national_platform_code, o.medical_types,
       o.begin_dates, o.end_dates, o.diseases, s.suspension_ids, s.suspended_types,
       s.suspended_from, s.suspended_to, s.suspension_reasons"""

JOINS: Final = """
  LEFT JOIN LATERAL (
       SELECT array_agg(medical_type_code ORDER BY position) AS medical_types,
              array_agg(begin_date ORDER BY position) AS begin_dates,
              array_agg(end_date ORDER BY position) AS end_dates,
              array_agg(disease_code ORDER BY position) AS diseases
         FROM institution_opening
        WHERE institution_code = i.institution_code) AS o ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(suspension_id ORDER BY begin_date, suspension_id) AS suspension_ids,
              array_agg(medical_type_code ORDER BY begin_date, suspension_id) AS suspended_types,
              array_agg(begin_date ORDER BY begin_date, suspension_id) AS suspended_from,
              array_agg(end_date ORDER BY begin_date, suspension_id) AS suspended_to,
              array_agg(reason ORDER BY begin_date, suspension_id) AS suspension_reasons
         FROM institution_suspension
        WHERE institution_code = i.institution_code
          AND (end_date IS NULL OR end_date >= begin_date)) AS s ON true"""

WRITE_INSTITUTIONS: Final = """/* identity.write_institutions */
INSERT INTO institution (institution_code, name, region_code, level_code, price_level_code,
                         deductible_level_code, begin_date, end_date, address,
                         national_platform_code, create_time, update_time)
SELECT entry.institution_code, entry.name, entry.region_code, entry.level_code,
       entry.price_level_code, entry.deductible_level_code, entry.begin_date, entry.end_date,
       entry.address, entry.national_platform_code, $11, $11
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[],
              $8::date[], $9::text[], $10::text[])
       AS entry(institution_code, name, region_code, level_code, price_level_code,
                deductible_level_code, begin_date, end_date, address, national_platform_code)
    ON CONFLICT (institution_code) DO UPDATE
   SET name = EXCLUDED.name, region_code = EXCLUDED.region_code, level_code = EXCLUDED.level_code,
       price_level_code = EXCLUDED.price_level_code,
       deductible_level_code = EXCLUDED.deductible_level_code, begin_date = EXCLUDED.begin_date,
       end_date = EXCLUDED.end_date, address = EXCLUDED.address,
       national_platform_code = EXCLUDED.national_platform_code,
       update_time = EXCLUDED.update_time"""

DELETE_OPENINGS: Final = """/* identity.delete_openings */
DELETE FROM institution_opening WHERE institution_code = ANY($1::text[])"""

WRITE_OPENINGS: Final = """/* identity.write_openings */
INSERT INTO institution_opening (institution_code, position, medical_type_code, begin_date,
                                 end_date, disease_code)
SELECT entry.institution_code, entry.position, entry.medical_type_code, entry.begin_date,
       entry.end_date, entry.disease_code
  FROM unnest($1::text[], $2::smallint[], $3::text[], $4::date[], $5::date[], $6::text[])
       AS entry(institution_code, position, medical_type_code, begin_date, end_date,
                disease_code)"""

GET_INSTITUTION: Final = f"""/* identity.get_institution */
SELECT {COLUMNS}
  FROM institution AS i {JOINS}
 WHERE i.institution_code = $1"""  # noqa: S608  # made of constants

LIST_INSTITUTIONS: Final = f"""/* identity.list_institutions */
SELECT {COLUMNS}
  FROM institution AS i {JOINS}
 WHERE i.institution_code > $1
   AND i.region_code LIKE $2
   AND ($3 = '' OR EXISTS (
       SELECT 1 FROM institution_opening AS x
        WHERE x.institution_code = i.institution_code
          AND x.medical_type_code = $3
          AND x.begin_date <= $4
          AND (x.end_date IS NULL OR x.end_date >= $4)))
 ORDER BY i.institution_code
 LIMIT $5"""  # noqa: S608  # made of constants

WRITE_SUSPENSION: Final = """/* identity.write_suspension */
WITH written AS (
    INSERT INTO institution_suspension (suspension_id, institution_code, medical_type_code,
                                        begin_date, end_date, reason, create_time, update_time)
    SELECT $1, institution_code, $3, $4, $5, $6, $7, $7 FROM institution
     WHERE institution_code = $2
    RETURNING suspension_id, end_date
)
INSERT INTO institution_suspension_change (suspension_id, end_date, change_time)
SELECT suspension_id, end_date, $7 FROM written
RETURNING suspension_id"""

LOCK_SUSPENSION: Final = """/* identity.lock_suspension */
SELECT institution_code, suspension_id, medical_type_code, begin_date, end_date, reason
  FROM institution_suspension WHERE suspension_id = $1 FOR UPDATE"""

END_SUSPENSION: Final = """/* identity.end_suspension */
WITH written AS (
    UPDATE institution_suspension SET end_date = $2, update_time = $3 WHERE suspension_id = $1
)
INSERT INTO institution_suspension_change (suspension_id, end_date, change_time)
VALUES ($1, $2, $3)"""


async def write_institutions(
    connection: Connection, institutions: Iterable[Institution], *, now: datetime
) -> None:
    """Writes institutions and replaces their openings."""
    ordered = sorted(institutions, key=lambda institution: institution.code)
    codes = [institution.code for institution in ordered]
    await connection.execute(
        WRITE_INSTITUTIONS,
        codes,
        [institution.name for institution in ordered],
        [institution.region for institution in ordered],
        [institution.level for institution in ordered],
        [institution.price_level for institution in ordered],
        [institution.deductible_level for institution in ordered],
        [institution.begin_date for institution in ordered],
        [institution.end_date for institution in ordered],
        [institution.address for institution in ordered],
        [institution.national_platform_code for institution in ordered],
        now,
    )
    await connection.execute(DELETE_OPENINGS, codes)
    openings = [
        (institution.code, position, opening)
        for institution in ordered
        for position, opening in enumerate(institution.openings)
    ]
    await connection.execute(
        WRITE_OPENINGS,
        [code for code, _, _ in openings],
        [position for _, position, _ in openings],
        [opening.medical_type for _, _, opening in openings],
        [opening.begin_date for _, _, opening in openings],
        [opening.end_date for _, _, opening in openings],
        [opening.disease for _, _, opening in openings],
    )


async def get_institution(reader: Reader, code: str) -> Institution | None:
    """Returns an institution, or None."""
    row = await reader.fetchrow(GET_INSTITUTION, code)
    return None if row is None else read_institution(row)


async def list_institutions(
    reader: Reader, *, after: str, region_prefix: str, medical_type: str, on: date, count: int
) -> list[Institution]:
    """Returns institutions by code.

    Args:
        reader: a database or connection.
        after: code after which to begin; empty: from the first.
        region_prefix: digits that the region begins with; empty: all.
        medical_type: only those opened for it on the date; empty: all.
        on: civil date of the openings.
        count: how many at most.
    """
    rows = await reader.fetch(
        LIST_INSTITUTIONS, after, f"{region_prefix}%", medical_type, on, count
    )
    return [read_institution(row) for row in rows]


async def write_suspension(
    connection: Connection, code: str, suspension: Suspension, *, now: datetime
) -> bool:
    """Writes a new suspension; returns False if there is no institution of this code."""
    row = await connection.fetchrow(
        WRITE_SUSPENSION,
        suspension.suspension_id,
        code,
        suspension.medical_type,
        suspension.begin_date,
        suspension.end_date,
        suspension.reason,
        now,
    )
    return row is not None


async def lock_suspension(
    connection: Connection, suspension_id: UUID
) -> tuple[str, Suspension] | None:
    """Locks a suspension; returns the code of its institution and what it is, or None."""
    row = await connection.fetchrow(LOCK_SUSPENSION, suspension_id)
    if row is None:
        return None
    code, *parts = row.values()
    return code, Suspension(*parts)


async def end_suspension(
    connection: Connection, suspension_id: UUID, end_date: date, *, now: datetime
) -> None:
    """Gives a suspension another last day."""
    await connection.execute(END_SUSPENSION, suspension_id, end_date, now)


def read_institution(row: asyncpg.Record) -> Institution:
    """Returns the institution of a row with COLUMNS."""
    openings = zip(
        row["medical_types"] or (),
        row["begin_dates"] or (),
        row["end_dates"] or (),
        row["diseases"] or (),
        strict=True,
    )
    suspensions = zip(
        row["suspension_ids"] or (),
        row["suspended_types"] or (),
        row["suspended_from"] or (),
        row["suspended_to"] or (),
        row["suspension_reasons"] or (),
        strict=True,
    )
    return Institution(
        code=row["institution_code"],
        name=row["name"],
        region=row["region_code"],
        level=row["level_code"],
        price_level=row["price_level_code"],
        deductible_level=row["deductible_level_code"],
        openings=tuple(Opening(*opening) for opening in openings),
        type_code=type_code_of(row["institution_code"]),
        begin_date=row["agreement_begin_date"],
        end_date=row["agreement_end_date"],
        address=row["address"],
        national_platform_code=row["national_platform_code"],
        suspensions=tuple(Suspension(*suspension) for suspension in suspensions),
    )
