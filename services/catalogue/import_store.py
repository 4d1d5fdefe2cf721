"""SQL that fills versions of catalogues and publishes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.catalogue.domain.model import Draft, Version
from services.catalogue.item_rows import ITEM_COLUMNS, row_of
from services.catalogue.store import version_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.catalogue.domain.model import Base
    from services.classification.model import CatalogueItem
    from services.kit.db import Connection

_ADD_VERSION: Final = """/* catalogue.add_version */
INSERT INTO version (region_code, version, base_version_id, effective_date) VALUES ($1, $2, $3, $4)
ON CONFLICT (region_code, version) DO NOTHING"""
_LOCK_VERSION: Final = """/* catalogue.lock_version */
SELECT version_id, item_count, base_version_id, effective_date,
       publication_sequence IS NOT NULL AS is_published
  FROM version
 WHERE region_code = $1 AND version = $2 FOR UPDATE"""
_COUNT_WITHDRAWALS: Final = """/* catalogue.count_withdrawals */
SELECT count(*) AS number FROM withdrawal WHERE version_id = $1"""
_FIND_PERIODS: Final = """/* catalogue.find_periods */
SELECT item_code, begin_date, end_date FROM item
 WHERE version_id = $1 AND item_code = ANY($2::text[])"""
_FIND_WITHDRAWN: Final = """/* catalogue.find_withdrawn */
SELECT item_code FROM withdrawal WHERE version_id = $1 AND item_code = ANY($2::text[])"""
_FIND_REACHING: Final = """/* catalogue.find_reaching */
SELECT DISTINCT item_code FROM item
 WHERE version_id = $1 AND item_code = ANY($2::text[])
   AND coalesce(end_date, 'infinity') >= $3::date"""
_ADD_WITHDRAWALS: Final = """/* catalogue.add_withdrawals */
INSERT INTO withdrawal (version_id, item_code) SELECT $1, unnest($2::text[])"""
_COUNT_ITEMS: Final = """/* catalogue.count_items */
UPDATE version SET item_count = item_count + $2 WHERE version_id = $1"""
# Of rows of this transaction the planner knows no number; a nested loop over what it takes for a
# handful would run for hours. Only for the transaction.
_PLAN_FOR_MANY: Final = """/* catalogue.plan_for_many */
SELECT set_config('enable_nestloop', 'off', true)"""
# What is given and what is withdrawn ends the day before, and what of it would begin later is left
# out; the rest of the base is copied as it is. Given items begin on the date or later, so no key is
# there twice.
_COPY_UNCHANGED: Final = """/* catalogue.copy_unchanged */
WITH changed AS (
    SELECT item_code FROM item WHERE version_id = $1
    UNION SELECT item_code FROM withdrawal WHERE version_id = $1
), copied AS (
    INSERT INTO item (version_id, item_code, begin_date, end_date, name, list_type_code,
                      charge_category_code, catalogue_class, prior_self_pay_ratio, price_ceiling,
                      over_ceiling, sample, prior_self_pays, price_ceilings, restriction,
                      use_limits, specification, unit)
    SELECT $1, i.item_code, i.begin_date,
           CASE WHEN c.item_code IS NULL THEN i.end_date
                ELSE least(coalesce(i.end_date, 'infinity'), $3::date - 1) END,
           i.name, i.list_type_code, i.charge_category_code, i.catalogue_class,
           i.prior_self_pay_ratio, i.price_ceiling, i.over_ceiling, i.sample, i.prior_self_pays,
           i.price_ceilings, i.restriction, i.use_limits, i.specification, i.unit
      FROM item i LEFT JOIN changed c ON c.item_code = i.item_code
     WHERE i.version_id = $2 AND (c.item_code IS NULL OR i.begin_date < $3::date)
    RETURNING 1
)
UPDATE version SET item_count = item_count + (SELECT count(*) FROM copied) WHERE version_id = $1
RETURNING item_count"""
_COPY_ALL: Final = """/* catalogue.copy_all */
WITH copied AS (
    INSERT INTO item (version_id, item_code, begin_date, end_date, name, list_type_code,
                      charge_category_code, catalogue_class, prior_self_pay_ratio, price_ceiling,
                      over_ceiling, sample, prior_self_pays, price_ceilings, restriction,
                      use_limits, specification, unit)
    SELECT $1, item_code, begin_date, end_date, name, list_type_code, charge_category_code,
           catalogue_class, prior_self_pay_ratio, price_ceiling, over_ceiling, sample,
           prior_self_pays, price_ceilings, restriction, use_limits, specification, unit
      FROM item WHERE version_id = $2
    RETURNING 1
)
UPDATE version SET item_count = item_count + (SELECT count(*) FROM copied) WHERE version_id = $1
RETURNING item_count"""
# One publication at a time until its commit: the order of the numbers is the order in which readers
# see them, and there is no gap, so a reader that has seen number n misses none below.
_LOCK_PUBLICATIONS: Final = """/* catalogue.lock_publications */
SELECT pg_advisory_xact_lock(hashtext('catalogue.publication'))"""
_PUBLISH: Final = """/* catalogue.publish */
UPDATE version
   SET publication_sequence = (SELECT coalesce(max(publication_sequence), 0) + 1 FROM version),
       publish_time = now()
 WHERE version_id = $1"""
_FIND_BY_ID: Final = """/* catalogue.find_by_id */
SELECT version_id, region_code, version, item_count, publication_sequence, base_version,
       effective_date, publish_time
  FROM published_version WHERE version_id = $1"""


async def lock_version(
    connection: Connection,
    region_code: str,
    version: str,
    *,
    base_version_id: int | None,
    effective_date: date | None,
) -> Draft:
    """Returns a version, made if it is new, locked until the transaction ends.

    The base is that of the call that made it; the caller compares.
    """
    await connection.execute(_ADD_VERSION, region_code, version, base_version_id, effective_date)
    row = await connection.fetchrow(_LOCK_VERSION, region_code, version)
    assert row is not None  # noqa: S101 - inserted by the statement before, never deleted
    withdrawals = 0
    if row["base_version_id"] is not None:
        count = await connection.fetchrow(_COUNT_WITHDRAWALS, row["version_id"])
        withdrawals = int(count["number"]) if count else 0
    return Draft(
        version_id=row["version_id"],
        item_count=row["item_count"],
        withdrawal_count=withdrawals,
        base_version_id=row["base_version_id"],
        effective_date=row["effective_date"],
        is_published=row["is_published"],
    )


async def find_periods(
    connection: Connection, version_id: int, item_codes: Sequence[str]
) -> dict[str, list[tuple[date, date | None]]]:
    """Returns the periods that a version has for some item codes."""
    periods: dict[str, list[tuple[date, date | None]]] = {}
    for row in await connection.fetch(_FIND_PERIODS, version_id, item_codes):
        periods.setdefault(row["item_code"], []).append((row["begin_date"], row["end_date"]))
    return periods


async def find_withdrawn(
    connection: Connection, version_id: int, item_codes: Sequence[str]
) -> frozenset[str]:
    """Returns which of some item codes a version withdraws."""
    rows = await connection.fetch(_FIND_WITHDRAWN, version_id, item_codes)
    return frozenset(row["item_code"] for row in rows)


async def find_reaching(
    connection: Connection, base: Base, item_codes: Sequence[str]
) -> frozenset[str]:
    """Returns which of some item codes the base lists on the effective date or later."""
    rows = await connection.fetch(_FIND_REACHING, base.version_id, item_codes, base.effective_date)
    return frozenset(row["item_code"] for row in rows)


async def add_items(
    connection: Connection, version_id: int, items: Sequence[CatalogueItem]
) -> None:
    """Adds items to an unpublished version."""
    rows = [(version_id, *row_of(item)) for item in items]
    await connection.copy("item", ("version_id", *ITEM_COLUMNS), rows)
    await connection.execute(_COUNT_ITEMS, version_id, len(items))


async def add_withdrawals(
    connection: Connection, version_id: int, item_codes: Sequence[str]
) -> None:
    """Adds codes that an unpublished version takes out of its base."""
    await connection.execute(_ADD_WITHDRAWALS, version_id, item_codes)


async def copy_unchanged(connection: Connection, version_id: int, base: Base) -> int:
    """Copies what a version does not change of its base; returns how many items it then has."""
    await connection.execute(_PLAN_FOR_MANY)
    row = await connection.fetchrow(
        _COPY_UNCHANGED, version_id, base.version_id, base.effective_date
    )
    return int(row["item_count"]) if row else 0


async def copy_all(connection: Connection, version_id: int, from_version_id: int) -> None:
    """Copies the items of one version into another, which has none."""
    await connection.fetchrow(_COPY_ALL, version_id, from_version_id)


async def publish(connection: Connection, version_id: int) -> Version:
    """Publishes a version with the next number; others wait until this transaction ends."""
    await connection.execute(_LOCK_PUBLICATIONS)
    await connection.execute(_PUBLISH, version_id)
    row = await connection.fetchrow(_FIND_BY_ID, version_id)
    assert row is not None  # noqa: S101 - the caller holds its lock
    return version_of(row)
