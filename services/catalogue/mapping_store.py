"""SQL that fills mappings, publishes them and finds their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.catalogue.domain.mapping import MappingDraft, MappingEntry, MappingVersion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.kit.db import Connection

_ENTRY_COLUMNS: Final = (
    "source_code",
    "begin_date",
    "end_date",
    "source_name",
    "target_code",
    "list_type_code",
    "specification",
    "unit_price",
    "period_amount_fen",
)

_ADD_VERSION: Final = """/* catalogue.add_mapping_version */
INSERT INTO mapping_version (owner_code, version, mode, base_version_id, officer_id)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (owner_code, version) DO NOTHING"""
_LOCK_VERSION: Final = """/* catalogue.lock_mapping_version */
SELECT version_id, mode, entry_count, base_version_id,
       publication_sequence IS NOT NULL AS is_published
  FROM mapping_version
 WHERE owner_code = $1 AND version = $2 FOR UPDATE"""
_FIND_PERIODS: Final = """/* catalogue.find_mapping_periods */
SELECT source_code, begin_date, end_date FROM mapping_entry
 WHERE version_id = $1 AND source_code = ANY($2::text[])"""
_FIND_SOURCES: Final = """/* catalogue.find_mapping_sources */
SELECT DISTINCT source_code FROM mapping_entry
 WHERE version_id = $1 AND source_code = ANY($2::text[])"""
_COUNT_ENTRIES: Final = """/* catalogue.count_mapping_entries */
UPDATE mapping_version SET entry_count = entry_count + $2 WHERE version_id = $1"""
_COPY_OTHERS: Final = """/* catalogue.copy_mapping */
WITH copied AS (
    INSERT INTO mapping_entry (version_id, source_code, begin_date, end_date, source_name,
                               target_code, list_type_code, specification, unit_price,
                               period_amount_fen)
    SELECT $1, source_code, begin_date, end_date, source_name, target_code, list_type_code,
           specification, unit_price, period_amount_fen
      FROM mapping_entry WHERE version_id = $2 AND source_code <> ALL($3::text[])
    RETURNING 1
)
UPDATE mapping_version SET entry_count = entry_count + (SELECT count(*) FROM copied)
 WHERE version_id = $1"""
# A confirmation starts from the owner's newest version: nothing may be published in between.
_LOCK_OWNER: Final = """/* catalogue.lock_mapping_owner */
SELECT pg_advisory_xact_lock(hashtext('catalogue.mapping'), hashtext($1))"""
# As for catalogues: numbers in the order of commits, without a gap.
_LOCK_PUBLICATIONS: Final = """/* catalogue.lock_mapping_publications */
SELECT pg_advisory_xact_lock(hashtext('catalogue.mapping_publication'))"""
_PUBLISH: Final = """/* catalogue.publish_mapping */
UPDATE mapping_version
   SET publication_sequence =
           (SELECT coalesce(max(publication_sequence), 0) + 1 FROM mapping_version),
       publish_time = now()
 WHERE version_id = $1"""
_FIND_BY_ID: Final = """/* catalogue.find_mapping_by_id */
SELECT version_id, owner_code, version, mode, entry_count, publication_sequence, base_version
  FROM published_mapping WHERE version_id = $1"""
_FIND_PUBLISHED: Final = """/* catalogue.find_published_mapping */
SELECT version_id, owner_code, version, mode, entry_count, publication_sequence, base_version
  FROM published_mapping WHERE owner_code = $1 AND version = $2"""
_FIND_NEWEST: Final = """/* catalogue.find_newest_mapping */
SELECT version_id, owner_code, version, mode, entry_count, publication_sequence, base_version
  FROM published_mapping WHERE owner_code = $1
 ORDER BY publication_sequence DESC LIMIT 1"""
_LIST_VERSIONS: Final = """/* catalogue.list_mapping_versions */
SELECT version_id, owner_code, version, mode, entry_count, publication_sequence, base_version
  FROM published_mapping WHERE owner_code = $1 AND publication_sequence < $2
 ORDER BY publication_sequence DESC LIMIT $3"""
_LIST_ENTRIES: Final = """/* catalogue.list_mapping_entries */
SELECT source_code, begin_date, end_date, source_name, target_code, list_type_code, specification,
       unit_price, period_amount_fen
  FROM mapping_entry WHERE version_id = $1 AND source_code = ANY($2::text[])
 ORDER BY source_code, begin_date"""


async def lock_version(
    connection: Connection,
    owner_code: str,
    version: str,
    *,
    mode: str,
    base_version_id: int | None,
    officer_id: str,
) -> MappingDraft:
    """Returns a version, made if it is new, locked until the transaction ends.

    Mode and base are those of the call that made it; the caller compares.
    """
    await connection.execute(_ADD_VERSION, owner_code, version, mode, base_version_id, officer_id)
    row = await connection.fetchrow(_LOCK_VERSION, owner_code, version)
    assert row is not None  # noqa: S101 - inserted by the statement before, never deleted
    return MappingDraft(
        version_id=row["version_id"],
        mode=row["mode"],
        entry_count=row["entry_count"],
        base_version_id=row["base_version_id"],
        is_published=row["is_published"],
    )


async def lock_owner(connection: Connection, owner_code: str) -> None:
    """Waits until nobody else publishes a mapping of an owner; until the transaction ends."""
    await connection.execute(_LOCK_OWNER, owner_code)


async def find_periods(
    connection: Connection, version_id: int, source_codes: Sequence[str]
) -> dict[str, list[tuple[date, date | None]]]:
    """Returns the periods that a version has for some codes."""
    periods: dict[str, list[tuple[date, date | None]]] = {}
    for row in await connection.fetch(_FIND_PERIODS, version_id, source_codes):
        periods.setdefault(row["source_code"], []).append((row["begin_date"], row["end_date"]))
    return periods


async def find_sources(
    connection: Connection, version_id: int, source_codes: Sequence[str]
) -> frozenset[str]:
    """Returns which of some codes a version has, on whatever days."""
    rows = await connection.fetch(_FIND_SOURCES, version_id, source_codes)
    return frozenset(row["source_code"] for row in rows)


async def add_entries(
    connection: Connection, version_id: int, entries: Sequence[MappingEntry]
) -> None:
    """Adds entries to an unpublished version."""
    rows = [
        (version_id, *[getattr(entry, column) for column in _ENTRY_COLUMNS])  # fields are columns
        for entry in entries
    ]
    await connection.copy("mapping_entry", ("version_id", *_ENTRY_COLUMNS), rows)
    await connection.execute(_COUNT_ENTRIES, version_id, len(entries))


async def copy_others(
    connection: Connection, version_id: int, from_version_id: int, source_codes: Sequence[str]
) -> None:
    """Copies the entries of one version into another, but those of some codes."""
    await connection.execute(_COPY_OTHERS, version_id, from_version_id, source_codes)


async def publish(connection: Connection, version_id: int) -> MappingVersion:
    """Publishes a version with the next number; others wait until this transaction ends."""
    await connection.execute(_LOCK_PUBLICATIONS)
    await connection.execute(_PUBLISH, version_id)
    row = await connection.fetchrow(_FIND_BY_ID, version_id)
    assert row is not None  # noqa: S101 - the caller holds its lock
    return _version(row)


async def find_published(
    connection: Connection, owner_code: str, version: str = ""
) -> MappingVersion | None:
    """Returns a published version; an empty label means the owner's newest."""
    row = (
        await connection.fetchrow(_FIND_PUBLISHED, owner_code, version)
        if version
        else await connection.fetchrow(_FIND_NEWEST, owner_code)
    )
    return None if row is None else _version(row)


async def list_versions(
    connection: Connection, owner_code: str, *, before: int, limit: int
) -> list[MappingVersion]:
    """Returns an owner's versions with a number below one, newest first."""
    rows = await connection.fetch(_LIST_VERSIONS, owner_code, before, limit)
    return [_version(row) for row in rows]


async def list_entries(
    connection: Connection, version_id: int, source_codes: Sequence[str]
) -> dict[str, list[MappingEntry]]:
    """Returns entries of some codes by code, in order of time."""
    found: dict[str, list[MappingEntry]] = {}
    for row in await connection.fetch(_LIST_ENTRIES, version_id, source_codes):
        found.setdefault(row["source_code"], []).append(entry_of(row))
    return found


def entry_of(row: Any) -> MappingEntry:
    """Returns the entry of a row that has its columns."""
    return MappingEntry(**{column: row[column] for column in _ENTRY_COLUMNS})


def _version(row: Any) -> MappingVersion:
    return MappingVersion(
        version_id=row["version_id"],
        owner_code=row["owner_code"],
        version=row["version"],
        mode=row["mode"],
        entry_count=row["entry_count"],
        publication_sequence=row["publication_sequence"],
        base_version=row["base_version"],
    )
