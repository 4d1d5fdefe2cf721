"""SQL that compares versions of catalogues, set by set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.catalogue.domain.compare import CONFLICT, ONLY_HERE, ONLY_THERE, Summary

if TYPE_CHECKING:
    from datetime import date

    from services.kit.db import Connection

_LIST_DIFFERENCES: Final = """/* catalogue.list_differences */
WITH here AS (
    SELECT item_code, string_agg(terms || CASE WHEN $5 THEN labels ELSE '' END
               || CASE WHEN $3::date IS NULL THEN ROW(begin_date, end_date)::text ELSE '' END, '|'
               ORDER BY begin_date) AS terms
      FROM item_terms
     WHERE version_id = $1 AND item_code > $6 AND ($4 = '' OR list_type_code = $4)
       AND ($3::date IS NULL OR $3 BETWEEN begin_date AND coalesce(end_date, 'infinity'))
     GROUP BY item_code
), there AS (
    SELECT item_code, string_agg(terms || CASE WHEN $5 THEN labels ELSE '' END
               || CASE WHEN $3::date IS NULL THEN ROW(begin_date, end_date)::text ELSE '' END, '|'
               ORDER BY begin_date) AS terms
      FROM item_terms
     WHERE version_id = $2 AND item_code > $6 AND ($4 = '' OR list_type_code = $4)
       AND ($3::date IS NULL OR $3 BETWEEN begin_date AND coalesce(end_date, 'infinity'))
     GROUP BY item_code
)
SELECT coalesce(here.item_code, there.item_code) AS item_code,
       here.item_code IS NOT NULL AS is_here, there.item_code IS NOT NULL AS is_there
  FROM here FULL JOIN there ON here.item_code = there.item_code
 WHERE here.terms IS DISTINCT FROM there.terms
 ORDER BY 1 LIMIT $7"""
_SUMMARIZE: Final = """/* catalogue.summarize_differences */
WITH here AS (
    SELECT item_code, string_agg(terms || CASE WHEN $5 THEN labels ELSE '' END
               || CASE WHEN $3::date IS NULL THEN ROW(begin_date, end_date)::text ELSE '' END, '|'
               ORDER BY begin_date) AS terms
      FROM item_terms
     WHERE version_id = $1 AND ($4 = '' OR list_type_code = $4)
       AND ($3::date IS NULL OR $3 BETWEEN begin_date AND coalesce(end_date, 'infinity'))
     GROUP BY item_code
), there AS (
    SELECT item_code, string_agg(terms || CASE WHEN $5 THEN labels ELSE '' END
               || CASE WHEN $3::date IS NULL THEN ROW(begin_date, end_date)::text ELSE '' END, '|'
               ORDER BY begin_date) AS terms
      FROM item_terms
     WHERE version_id = $2 AND ($4 = '' OR list_type_code = $4)
       AND ($3::date IS NULL OR $3 BETWEEN begin_date AND coalesce(end_date, 'infinity'))
     GROUP BY item_code
)
SELECT count(*) FILTER (WHERE there.item_code IS NULL) AS only_here,
       count(*) FILTER (WHERE here.item_code IS NULL) AS only_there,
       count(*) FILTER (WHERE here.terms <> there.terms) AS conflict,
       count(*) FILTER (WHERE here.terms = there.terms) AS same
  FROM here FULL JOIN there ON here.item_code = there.item_code"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is compared, and how."""

    version_id: int
    other_version_id: int
    on_date: date | None
    """Entries valid on it; None: whole histories, their dates included."""
    list_type_code: str
    """Only this kind of list; empty: all."""
    labels: bool
    """Names, specifications and the sample mark count as well."""


async def list_differences(
    connection: Connection, compared: Compared, *, after: str, limit: int
) -> list[tuple[str, str]]:
    """Returns items that differ after a code, by code, each with its kind of difference."""
    rows = await connection.fetch(_LIST_DIFFERENCES, *_arguments(compared), after, limit)
    return [
        (
            row["item_code"],
            CONFLICT
            if row["is_here"] and row["is_there"]
            else ONLY_HERE
            if row["is_here"]
            else ONLY_THERE,
        )
        for row in rows
    ]


async def summarize_differences(connection: Connection, compared: Compared) -> Summary:
    """Returns how many items differ and how many do not."""
    row = await connection.fetchrow(_SUMMARIZE, *_arguments(compared))
    assert row is not None  # noqa: S101 - an aggregate has a row
    return Summary(
        only_here_count=row["only_here"],
        only_there_count=row["only_there"],
        conflict_count=row["conflict"],
        same_count=row["same"],
    )


def _arguments(compared: Compared) -> tuple[object, ...]:
    return (
        compared.version_id,
        compared.other_version_id,
        compared.on_date,
        compared.list_type_code,
        compared.labels,
    )
