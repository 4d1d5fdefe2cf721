"""All SQL of the catalogue service."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from services.catalogue.domain.model import Version
from services.classification.model import CatalogueItem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.kit.db import Connection

_ITEM_COLUMNS: Final = (
    "item_code",
    "begin_date",
    "end_date",
    "name",
    "list_type_code",
    "charge_category_code",
    "catalogue_class",
    "prior_self_pay_ratio",
    "price_ceiling",
    "over_ceiling",
    "sample",
)

_ADD_VERSION: Final = """/* catalogue.add_version */
INSERT INTO version (region_code, version) VALUES ($1, $2)
ON CONFLICT (region_code, version) DO NOTHING"""
_LOCK_VERSION: Final = """/* catalogue.lock_version */
SELECT version_id, region_code, version, item_count, publication_sequence FROM version
 WHERE region_code = $1 AND version = $2 FOR UPDATE"""
_FIND_PERIODS: Final = """/* catalogue.find_periods */
SELECT item_code, begin_date, end_date FROM item
 WHERE version_id = $1 AND item_code = ANY($2::text[])"""
_COUNT_ITEMS: Final = """/* catalogue.count_items */
UPDATE version SET item_count = item_count + $2 WHERE version_id = $1"""
# One publication at a time until its commit: the order of the numbers is the order in which readers
# see them, and there is no gap, so a reader that has seen number n misses none below.
_LOCK_PUBLICATIONS: Final = """/* catalogue.lock_publications */
SELECT pg_advisory_xact_lock(hashtext('catalogue.publication'))"""
_PUBLISH: Final = """/* catalogue.publish */
UPDATE version
   SET publication_sequence = (SELECT coalesce(max(publication_sequence), 0) + 1 FROM version),
       publish_time = now()
 WHERE version_id = $1
RETURNING version_id, region_code, version, item_count, publication_sequence"""
_FIND_PUBLISHED: Final = """/* catalogue.find_published */
SELECT version_id, region_code, version, item_count, publication_sequence FROM version
 WHERE region_code = $1 AND version = $2 AND publication_sequence IS NOT NULL"""
_FIND_NEWEST: Final = """/* catalogue.find_newest */
SELECT version_id, region_code, version, item_count, publication_sequence FROM version
 WHERE region_code = $1 AND publication_sequence IS NOT NULL
 ORDER BY publication_sequence DESC LIMIT 1"""
_LIST_NEWEST: Final = """/* catalogue.list_newest */
SELECT version_id, region_code, version, item_count, publication_sequence FROM (
    SELECT DISTINCT ON (region_code)
           version_id, region_code, version, item_count, publication_sequence
      FROM version
     WHERE publication_sequence IS NOT NULL
     ORDER BY region_code, publication_sequence DESC
) newest ORDER BY publication_sequence"""
_LIST_PUBLISHED_AFTER: Final = """/* catalogue.list_published_after */
SELECT version_id, region_code, version, item_count, publication_sequence FROM version
 WHERE publication_sequence > $1 ORDER BY publication_sequence"""
_LAST_PUBLICATION: Final = """/* catalogue.last_publication */
SELECT coalesce(max(publication_sequence), 0) AS last FROM version"""
_LIST_ITEMS: Final = """/* catalogue.list_items */
SELECT item_code, begin_date, end_date, name, list_type_code, charge_category_code, catalogue_class,
       prior_self_pay_ratio, price_ceiling, over_ceiling, sample
  FROM item
 WHERE version_id = $1 AND (item_code, begin_date) > ($2, $3)
 ORDER BY item_code, begin_date LIMIT $4"""


async def lock_version(connection: Connection, region_code: str, version: str) -> Version:
    """Returns a version, made if it is new, locked until the transaction ends."""
    await connection.execute(_ADD_VERSION, region_code, version)
    row = await connection.fetchrow(_LOCK_VERSION, region_code, version)
    assert row is not None  # noqa: S101 - inserted by the statement before, never deleted
    return _version(row)


async def find_periods(
    connection: Connection, version_id: int, item_codes: Sequence[str]
) -> dict[str, list[tuple[date, date | None]]]:
    """Returns the periods that a version has for some item codes."""
    periods: dict[str, list[tuple[date, date | None]]] = {}
    for row in await connection.fetch(_FIND_PERIODS, version_id, item_codes):
        periods.setdefault(row["item_code"], []).append((row["begin_date"], row["end_date"]))
    return periods


async def add_items(
    connection: Connection, version_id: int, items: Sequence[CatalogueItem]
) -> None:
    """Adds items to an unpublished version."""
    rows = [
        (version_id, *[getattr(item, column) for column in _ITEM_COLUMNS])  # fields are columns
        for item in items
    ]
    await connection.copy("item", ("version_id", *_ITEM_COLUMNS), rows)
    await connection.execute(_COUNT_ITEMS, version_id, len(items))


async def publish(connection: Connection, version_id: int) -> Version:
    """Publishes a version with the next number; others wait until this transaction ends."""
    await connection.execute(_LOCK_PUBLICATIONS)
    row = await connection.fetchrow(_PUBLISH, version_id)
    assert row is not None  # noqa: S101 - the caller holds its lock
    return _version(row)


async def find_published(connection: Connection, region_code: str, version: str) -> Version | None:
    """Returns a published version; an empty label means the region's newest."""
    row = (
        await connection.fetchrow(_FIND_PUBLISHED, region_code, version)
        if version
        else await connection.fetchrow(_FIND_NEWEST, region_code)
    )
    return None if row is None else _version(row)


async def list_newest(connection: Connection) -> list[Version]:
    """Returns the newest published version of every region, in order of publication."""
    return [_version(row) for row in await connection.fetch(_LIST_NEWEST)]


async def list_published_after(connection: Connection, publication_sequence: int) -> list[Version]:
    """Returns the versions published after a number, in order of publication."""
    rows = await connection.fetch(_LIST_PUBLISHED_AFTER, publication_sequence)
    return [_version(row) for row in rows]


async def last_publication(connection: Connection) -> int:
    """Returns the number of the last publication; 0: there was none."""
    row = await connection.fetchrow(_LAST_PUBLICATION)
    return int(row["last"]) if row else 0


async def list_items(
    connection: Connection, version_id: int, after: tuple[str, date], limit: int
) -> list[CatalogueItem]:
    """Returns items of a version after (item code, begin date), in that order."""
    rows = await connection.fetch(_LIST_ITEMS, version_id, *after, limit)
    return [_item(row) for row in rows]


def _version(row: Any) -> Version:
    return Version(
        version_id=row["version_id"],
        region_code=row["region_code"],
        version=row["version"],
        item_count=row["item_count"],
        publication_sequence=row["publication_sequence"],
    )


def _item(row: Any) -> CatalogueItem:
    # The few distinct codes are kept once, not once per item: a snapshot holds many thousands.
    return CatalogueItem(
        item_code=row["item_code"],
        name=row["name"],
        list_type_code=sys.intern(row["list_type_code"]),
        charge_category_code=sys.intern(row["charge_category_code"]),
        catalogue_class=sys.intern(row["catalogue_class"]),
        prior_self_pay_ratio=row["prior_self_pay_ratio"],
        price_ceiling=row["price_ceiling"],
        over_ceiling=sys.intern(row["over_ceiling"]),
        begin_date=row["begin_date"],
        end_date=row["end_date"],
        sample=row["sample"],
    )
