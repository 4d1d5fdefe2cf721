"""Compares two versions of a region, or two regions on a date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.catalogue import compare_store, store
from services.catalogue.compare_store import Compared
from services.catalogue.domain.compare import CONFLICT, Difference, Summary, changed_fields
from services.catalogue.domain.errors import NotPublished, field_invalid
from services.catalogue.domain.zones import recognising_zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.catalogue.domain.model import Version
    from services.catalogue.domain.zones import Zone
    from services.classification.model import CatalogueItem
    from services.kit.db import Connection, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be compared; empty labels mean the newest versions."""

    region_code: str
    version: str
    other_region_code: str
    other_version: str
    on_date: date | None
    """Compare as of this fee date; None: whole histories, of one region only."""
    list_type_code: str
    after: str
    """Item code after which the page begins."""
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A page of differences."""

    version: Version
    other_version: Version
    differences: tuple[Difference, ...]
    summary: Summary | None
    """Of all pages; only with the first."""


async def compare(database: Database, zones: Sequence[Zone], question: Question) -> Comparison:
    """Returns what differs after an item code, by item code.

    Raises:
        NotPublished: one of the versions is not.
        InvalidArgument: FIELD_INVALID, two regions without a date: their histories begin at will,
            and only what holds on one day can be compared.
    """
    between_regions = question.region_code != question.other_region_code
    if between_regions and question.on_date is None:
        raise field_invalid("on_date", "required between two regions")
    async with database.connection() as connection:
        version = await _published(connection, question.region_code, question.version, "version")
        other = await _published(
            connection, question.other_region_code, question.other_version, "other_version"
        )
        compared = Compared(
            version_id=version.version_id,
            other_version_id=other.version_id,
            on_date=question.on_date,
            list_type_code=question.list_type_code,
            labels=not between_regions,
        )
        found = await compare_store.list_differences(
            connection, compared, after=question.after, limit=question.limit
        )
        item_codes = [item_code for item_code, _kind in found]
        items, other_items = [
            await store.list_items_of_codes(
                connection,
                version_id,
                item_codes,
                on_date=question.on_date,
                list_type_code=question.list_type_code,
            )
            for version_id in (version.version_id, other.version_id)
        ]
        summary = None
        if not question.after:
            summary = await compare_store.summarize_differences(connection, compared)
    differences = tuple(
        _difference(
            question,
            zones if between_regions else (),
            (item_code, kind),
            (tuple(items.get(item_code, ())), tuple(other_items.get(item_code, ()))),
        )
        for item_code, kind in found
    )
    return Comparison(
        version=version, other_version=other, differences=differences, summary=summary
    )


async def _published(connection: Connection, region_code: str, version: str, field: str) -> Version:
    found = await store.find_published(connection, region_code, version)
    if found is None:
        raise NotPublished(region_code, field)
    return found


def _difference(
    question: Question,
    zones: Sequence[Zone],
    found: tuple[str, str],
    entries: tuple[tuple[CatalogueItem, ...], tuple[CatalogueItem, ...]],
) -> Difference:
    item_code, kind = found
    items, others = entries
    fields: tuple[str, ...] = ()
    zone_id = ""
    if kind == CONFLICT:
        fields = changed_fields(
            items,
            others,
            labels=question.region_code == question.other_region_code,
            periods=question.on_date is None,
        )
    elif question.on_date is not None and (items or others):
        zone_id = recognising_zone(
            zones,
            one=question.region_code,
            other=question.other_region_code,
            list_type_code=(items or others)[0].list_type_code,
            on_date=question.on_date,
        )
    return Difference(
        item_code=item_code,
        kind=kind,
        changed_fields=fields,
        items=items,
        other_items=others,
        zone_id=zone_id,
    )
