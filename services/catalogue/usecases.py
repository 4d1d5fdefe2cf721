"""What the catalogue service answers from published versions, one function each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.catalogue import store
from services.catalogue.domain.errors import NotPublished
from services.classification.classify import classify_lines
from services.classification.validation import check_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.catalogue.domain.model import Version
    from services.catalogue.snapshots import Snapshots
    from services.classification.model import (
        CatalogueItem,
        ClassificationContext,
        FeeLine,
        LineSplit,
    )
    from services.kit.db import Database


@dataclass(frozen=True, slots=True)
class Classified:
    """Lines split by a version."""

    version: Version
    splits: tuple[LineSplit, ...]


async def snapshot_page(
    database: Database,
    *,
    region_code: str,
    version: str,
    after: tuple[str, date],
    limit: int,
) -> tuple[Version, list[CatalogueItem]]:
    """Returns a published version (empty label: the newest) and its items after a key.

    Raises:
        NotPublished: no such version is published.
    """
    async with database.connection() as connection:
        found = await store.find_published(connection, region_code, version)
        if found is None:
            raise NotPublished(region_code)
        return found, await store.list_items(connection, found.version_id, after, limit)


async def find_version(database: Database, region_code: str, version: str) -> Version:
    """Returns a published version (empty label: the newest).

    Raises:
        NotPublished: no such version is published.
    """
    async with database.connection() as connection:
        found = await store.find_published(connection, region_code, version)
    if found is None:
        raise NotPublished(region_code)
    return found


async def list_versions(
    database: Database, *, region_code: str, before: int, limit: int
) -> list[Version]:
    """Returns a region's published versions with a number below one, newest first."""
    async with database.connection() as connection:
        return await store.list_versions(connection, region_code, before=before, limit=limit)


async def classify(
    snapshots: Snapshots,
    *,
    region_code: str,
    lines: Sequence[FeeLine],
    context: ClassificationContext,
) -> Classified:
    """Splits lines by the region's newest version, as of their dates.

    Raises:
        NotPublished: the region has no published version.
        InvalidArgument: FIELD_INVALID, LINE_ID_DUPLICATE, LINE_AMOUNT_MISMATCH.
        PriceAboveCeiling, CatalogueNotPublished: as classify_lines.
    """
    check_lines(lines, "lines")
    version, snapshot = await snapshots.newest(region_code)
    return Classified(version, classify_lines(snapshot, lines, context=context))
