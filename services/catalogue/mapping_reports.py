"""SQL that tells how far mappings resolve, and what may be suggested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.catalogue.domain.mapping import (
    CONFLICT_KINDS,
    Conflict,
    Coverage,
    Resolution,
    Unmapped,
)
from services.catalogue.mapping_store import entry_of
from services.catalogue.matching import Candidate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.kit.db import Connection

_RESOLVE: Final = """/* catalogue.resolve_codes */
SELECT source_code, CASE WHEN $2::bigint IS NULL THEN '' ELSE target_code END AS region_code_item,
       item_code, state
  FROM resolve_mapping($1, $2, $3, $4) WHERE source_code = ANY($5::text[])"""
_COVER: Final = """/* catalogue.cover */
SELECT list_type_code, count(*) AS items, count(*) FILTER (WHERE state = 'resolved') AS resolved,
       coalesce(sum(period_amount_fen), 0)::bigint AS amount_fen,
       coalesce(sum(period_amount_fen) FILTER (WHERE state = 'resolved'), 0)::bigint
           AS resolved_amount_fen
  FROM resolve_mapping($1, $2, $3, $4) GROUP BY list_type_code ORDER BY list_type_code"""
_LIST_UNMAPPED: Final = """/* catalogue.list_unmapped */
SELECT source_code, begin_date, end_date, source_name, target_code, list_type_code, specification,
       unit_price, period_amount_fen, state
  FROM resolve_mapping($1, $2, $3, $4)
 WHERE state <> 'resolved' AND (-coalesce(period_amount_fen, 0), source_code) > ($5, $6)
 ORDER BY -coalesce(period_amount_fen, 0), source_code LIMIT $7"""
_LIST_CONFLICTS: Final = """/* catalogue.list_mapping_conflicts */
WITH resolved AS (
    SELECT source_code, begin_date, end_date, source_name, target_code, list_type_code,
           specification, unit_price, period_amount_fen, region_list_type_code,
           item_list_type_code, ceiling, state,
           min(source_name) OVER same <> max(source_name) OVER same AS is_shared
      FROM resolve_mapping($1, $2, $3, $4) WHERE target_code <> ''
    WINDOW same AS (PARTITION BY target_code)
)
SELECT r.source_code, r.begin_date, r.end_date, r.source_name, r.target_code, r.list_type_code,
       r.specification, r.unit_price, r.period_amount_fen, k.kind
  FROM resolved r
 CROSS JOIN LATERAL (
    VALUES (0, r.state = 'not_listed'),
           (1, r.list_type_code <> r.region_list_type_code
               OR r.list_type_code <> r.item_list_type_code),
           (2, r.unit_price > r.ceiling),
           (3, r.is_shared)
 ) k (kind, is_so)
 WHERE k.is_so AND (r.source_code, k.kind) > ($5, $6)
 ORDER BY r.source_code, k.kind LIMIT $7"""
_CANDIDATES_OF_MAPPING: Final = """/* catalogue.list_mapping_candidates */
SELECT source_code AS code, source_name AS name, specification
  FROM mapping_entry
 WHERE version_id = $1 AND list_type_code = $2 AND target_code <> '' AND source_code > $4
   AND $3::date BETWEEN begin_date AND coalesce(end_date, 'infinity')
 ORDER BY source_code LIMIT $5"""
_CANDIDATES_OF_CATALOGUE: Final = """/* catalogue.list_item_candidates */
SELECT item_code AS code, name, specification
  FROM item
 WHERE version_id = $1 AND list_type_code = $2 AND item_code > $4
   AND $3::date BETWEEN begin_date AND coalesce(end_date, 'infinity')
 ORDER BY item_code LIMIT $5"""

NO_VERSION: Final = 0
"""Stands for a version that is not published: nothing resolves through it."""
_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The versions that a mapping resolves through, on a day."""

    version_id: int
    """Of the mapping."""
    region_version_id: int | None
    """Of the region's mapping; None: targets are national codes; NO_VERSION: there is none."""
    catalogue_version_id: int
    """Of the region's catalogue, or NO_VERSION."""
    on_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSource:
    """What suggestions are taken from."""

    of_mapping: bool
    """True: a region's mapping; False: a catalogue."""
    version_id: int
    list_type_code: str
    on_date: date


async def resolve(
    connection: Connection, chain: Chain, source_codes: Sequence[str]
) -> dict[str, Resolution]:
    """Returns what codes resolve to, by code; one that has no entry on the day is not there."""
    rows = await connection.fetch(_RESOLVE, *_arguments(chain), source_codes)
    return {
        row["source_code"]: Resolution(
            source_code=row["source_code"],
            region_code_item=row["region_code_item"],
            item_code=row["item_code"],
            state=row["state"],
        )
        for row in rows
    }


async def cover(connection: Connection, chain: Chain) -> list[Coverage]:
    """Returns coverage by kind of list."""
    return [
        Coverage(
            list_type_code=row["list_type_code"],
            item_count=row["items"],
            resolved_count=row["resolved"],
            amount_fen=row["amount_fen"],
            resolved_amount_fen=row["resolved_amount_fen"],
        )
        for row in await connection.fetch(_COVER, *_arguments(chain))
    ]


async def list_unmapped(
    connection: Connection, chain: Chain, *, after: tuple[int, str], limit: int
) -> list[Unmapped]:
    """Returns items that do not resolve after (amount times minus one, source code)."""
    rows = await connection.fetch(_LIST_UNMAPPED, *_arguments(chain), *after, limit)
    return [Unmapped(entry_of(row), row["state"]) for row in rows]


async def list_conflicts(
    connection: Connection, chain: Chain, *, after: tuple[str, int], limit: int
) -> list[Conflict]:
    """Returns what is wrong after (source code, position in CONFLICT_KINDS)."""
    rows = await connection.fetch(_LIST_CONFLICTS, *_arguments(chain), *after, limit)
    return [Conflict(entry_of(row), CONFLICT_KINDS[row["kind"]]) for row in rows]


async def list_candidates(connection: Connection, source: CandidateSource) -> list[Candidate]:
    """Returns every candidate of a source, read by pages so that other calls go on."""
    query = _CANDIDATES_OF_MAPPING if source.of_mapping else _CANDIDATES_OF_CATALOGUE
    candidates: list[Candidate] = []
    after = ""
    while True:
        rows = await connection.fetch(
            query, source.version_id, source.list_type_code, source.on_date, after, _PAGE
        )
        candidates.extend(Candidate(row["code"], row["name"], row["specification"]) for row in rows)
        if len(rows) < _PAGE:
            return candidates
        after = rows[-1]["code"]


def _arguments(chain: Chain) -> tuple[object, ...]:
    return (
        chain.version_id,
        chain.region_version_id,
        chain.catalogue_version_id,
        chain.on_date,
    )
