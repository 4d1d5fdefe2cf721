"""SQL that reads published versions of catalogues and their items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.catalogue.domain.model import Version
from services.catalogue.item_rows import item_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.classification.model import CatalogueItem
    from services.kit.db import Connection

_FIND_PUBLISHED: Final = """/* catalogue.find_published */
SELECT version_id, region_code, version, item_count, publication_sequence, base_version,
       effective_date, publish_time
  FROM published_version WHERE region_code = $1 AND version = $2"""
_FIND_NEWEST: Final = """/* catalogue.find_newest */
SELECT version_id, region_code, version, item_count, publication_sequence, base_version,
       effective_date, publish_time
  FROM published_version WHERE region_code = $1
 ORDER BY publication_sequence DESC LIMIT 1"""
_LIST_NEWEST: Final = """/* catalogue.list_newest */
SELECT version_id, region_code, version, item_count, publication_sequence, base_version,
       effective_date, publish_time
  FROM published_version
 WHERE publication_sequence IN (SELECT max(publication_sequence) FROM version GROUP BY region_code)
 ORDER BY publication_sequence"""
_LIST_PUBLISHED_AFTER: Final = """/* catalogue.list_published_after */
SELECT version_id, region_code, version, item_count, publication_sequence, base_version,
       effective_date, publish_time
  FROM published_version
 WHERE publication_sequence > $1 ORDER BY publication_sequence"""
_LIST_VERSIONS: Final = """/* catalogue.list_versions */
SELECT version_id, region_code, version, item_count, publication_sequence, base_version,
       effective_date, publish_time
  FROM published_version
 WHERE region_code = $1 AND publication_sequence < $2
 ORDER BY publication_sequence DESC LIMIT $3"""
_LAST_PUBLICATION: Final = """/* catalogue.last_publication */
SELECT coalesce(max(publication_sequence), 0) AS last FROM version"""
_LIST_ITEMS: Final = """/* catalogue.list_items */
SELECT item_code, begin_date, end_date, name, list_type_code, charge_category_code, catalogue_class,
       prior_self_pay_ratio, price_ceiling, over_ceiling, sample, prior_self_pays, price_ceilings,
       restriction, use_limits, specification, unit
  FROM item
 WHERE version_id = $1 AND (item_code, begin_date) > ($2, $3)
 ORDER BY item_code, begin_date LIMIT $4"""
_LIST_ITEMS_OF_CODES: Final = """/* catalogue.list_items_of_codes */
SELECT item_code, begin_date, end_date, name, list_type_code, charge_category_code, catalogue_class,
       prior_self_pay_ratio, price_ceiling, over_ceiling, sample, prior_self_pays, price_ceilings,
       restriction, use_limits, specification, unit
  FROM item
 WHERE version_id = $1 AND item_code = ANY($2::text[])
   AND ($3::date IS NULL OR $3 BETWEEN begin_date AND coalesce(end_date, 'infinity'))
   AND ($4 = '' OR list_type_code = $4)
 ORDER BY item_code, begin_date"""


async def find_published(connection: Connection, region_code: str, version: str) -> Version | None:
    """Returns a published version; an empty label means the region's newest."""
    row = (
        await connection.fetchrow(_FIND_PUBLISHED, region_code, version)
        if version
        else await connection.fetchrow(_FIND_NEWEST, region_code)
    )
    return None if row is None else version_of(row)


async def list_newest(connection: Connection) -> list[Version]:
    """Returns the newest published version of every region, in order of publication."""
    return [version_of(row) for row in await connection.fetch(_LIST_NEWEST)]


async def list_published_after(connection: Connection, publication_sequence: int) -> list[Version]:
    """Returns the versions published after a number, in order of publication."""
    rows = await connection.fetch(_LIST_PUBLISHED_AFTER, publication_sequence)
    return [version_of(row) for row in rows]


async def list_versions(
    connection: Connection, region_code: str, *, before: int, limit: int
) -> list[Version]:
    """Returns a region's versions with a number below one, newest first."""
    rows = await connection.fetch(_LIST_VERSIONS, region_code, before, limit)
    return [version_of(row) for row in rows]


async def last_publication(connection: Connection) -> int:
    """Returns the number of the last publication; 0: there was none."""
    row = await connection.fetchrow(_LAST_PUBLICATION)
    return int(row["last"]) if row else 0


async def list_items(
    connection: Connection, version_id: int, after: tuple[str, date], limit: int
) -> list[CatalogueItem]:
    """Returns items of a version after (item code, begin date), in that order."""
    rows = await connection.fetch(_LIST_ITEMS, version_id, *after, limit)
    return [item_of(row) for row in rows]


async def list_items_of_codes(
    connection: Connection,
    version_id: int,
    item_codes: Sequence[str],
    *,
    on_date: date | None,
    list_type_code: str,
) -> dict[str, list[CatalogueItem]]:
    """Returns items of some codes by code, in order of time.

    Args:
        connection: to read with.
        version_id: of the version.
        item_codes: codes wanted.
        on_date: only those valid on it; None: all.
        list_type_code: only this kind of list; empty: all.
    """
    found: dict[str, list[CatalogueItem]] = {}
    rows = await connection.fetch(
        _LIST_ITEMS_OF_CODES, version_id, item_codes, on_date, list_type_code
    )
    for row in rows:
        found.setdefault(row["item_code"], []).append(item_of(row))
    return found


def version_of(row: Any) -> Version:
    """Returns the version of a row of published_version."""
    return Version(
        version_id=row["version_id"],
        region_code=row["region_code"],
        version=row["version"],
        item_count=row["item_count"],
        publication_sequence=row["publication_sequence"],
        base_version=row["base_version"],
        effective_date=row["effective_date"],
        publish_time=row["publish_time"],
    )
