"""What the catalogue service does, one function each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.catalogue import store
from services.catalogue.domain.admit import Refusal, admit
from services.catalogue.domain.errors import AlreadyPublished, NotPublished, RegionUnknown
from services.classification.classify import classify_lines
from services.classification.model import CatalogueItem
from services.classification.validation import check_lines
from services.kit.codes import PROVINCES
from services.kit.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.catalogue.domain.model import Version
    from services.catalogue.snapshots import Snapshots
    from services.classification.model import FeeLine, LineSplit
    from services.kit.db import Connection, Database
    from services.kit.errors import DomainError


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of an import batch."""

    accepted_count: int
    refusals: tuple[Refusal, ...]
    published: Version | None


@dataclass(frozen=True, slots=True)
class Classified:
    """Lines split by a version."""

    version: Version
    splits: tuple[LineSplit, ...]


async def import_batch(
    connection: Connection,
    *,
    region_code: str,
    version: str,
    batch: Sequence[CatalogueItem | DomainError],
    publish: bool,
) -> Imported:
    """Adds a batch to a version, which is made with its first batch, and may publish it.

    A batch with a refused entry does not publish: a version with a hole would make patients pay
    in full for what is missing. The caller mends the entry and sends it again with `publish`.

    Raises:
        RegionUnknown: no such participant.
        AlreadyPublished: the version is published.
        InvalidArgument: FIELD_INVALID, to publish a version without items.
    """
    if region_code not in PROVINCES:
        raise RegionUnknown
    target = await store.lock_version(connection, region_code, version)
    if target.publication_sequence is not None:
        raise AlreadyPublished
    item_codes = {entry.item_code for entry in batch if isinstance(entry, CatalogueItem)}
    periods = await store.find_periods(connection, target.version_id, sorted(item_codes))
    admission = admit(batch, periods)
    if admission.items:
        await store.add_items(connection, target.version_id, admission.items)
    published = None
    if publish and not admission.refusals:
        if not target.item_count + len(admission.items):
            raise InvalidArgument("FIELD_INVALID", "a version without items", field="items")
        published = await store.publish(connection, target.version_id)
    return Imported(len(admission.items), admission.refusals, published)


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


async def classify(
    snapshots: Snapshots, *, region_code: str, lines: Sequence[FeeLine]
) -> Classified:
    """Splits lines by the region's newest version, as of their dates.

    Raises:
        NotPublished: the region has no published version.
        InvalidArgument: FIELD_INVALID, LINE_ID_DUPLICATE, LINE_AMOUNT_MISMATCH.
        PriceAboveCeiling, CatalogueNotPublished: as classify_lines.
    """
    check_lines(lines, "lines")
    version, snapshot = await snapshots.newest(region_code)
    return Classified(version, classify_lines(snapshot, lines, path="lines"))
