"""How versions of catalogues come to be: by batches, by changes of another one, by repetition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.catalogue import import_store, store
from services.catalogue.chunks import store_chunks
from services.catalogue.domain.admit import Refusal, admit, admit_withdrawals
from services.catalogue.domain.errors import (
    AlreadyPublished,
    NotPublished,
    RegionUnknown,
    field_invalid,
)
from services.catalogue.domain.model import Base
from services.classification.model import CatalogueItem
from services.kit.codes import PROVINCES
from services.kit.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.catalogue.domain.admit import Admission, WithdrawalAdmission
    from services.catalogue.domain.model import Draft, Version
    from services.kit.db import Connection

_SAME: Final = "differs from that of the batches before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch of an import, as read."""

    region_code: str
    version: str
    base_version: str
    """Label of the version that is changed; empty: the version is stated whole."""
    effective_date: date | None
    """First fee date of the changes; None: not stated."""
    items: Sequence[CatalogueItem | DomainError]
    """An error stands for an entry that could not be read."""
    withdrawn_item_codes: Sequence[str]
    publish: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of an import batch."""

    accepted_count: int
    refusals: tuple[Refusal, ...]
    refused_withdrawals: tuple[Refusal, ...]
    published: Version | None


async def import_batch(connection: Connection, batch: Batch) -> Imported:
    """Adds a batch to a version, which is made with its first batch, and may publish it.

    A batch with a refused entry does not publish: a version with a hole would make patients pay
    in full for what is missing. The caller mends the entry and sends it again with `publish`.

    Raises:
        RegionUnknown: no such participant.
        AlreadyPublished: the version is published.
        NotPublished: the base is not.
        InvalidArgument: FIELD_INVALID, for a base without its date or another than before, or to
            publish a version without items or without changes.
    """
    if batch.region_code not in PROVINCES:
        raise RegionUnknown
    base = await _base(connection, batch)
    draft = await import_store.lock_version(
        connection,
        batch.region_code,
        batch.version,
        base_version_id=base.version_id if base else None,
        effective_date=base.effective_date if base else None,
    )
    _check(draft, base)
    admission = await _admit(connection, draft, batch)
    withdrawals = await _admit_withdrawals(connection, draft, base, batch, admission)
    if admission.items:
        await import_store.add_items(connection, draft.version_id, admission.items)
    if withdrawals.item_codes:
        await import_store.add_withdrawals(connection, draft.version_id, withdrawals.item_codes)
    refused = admission.refusals or withdrawals.refusals
    published = None
    if batch.publish and not refused:
        await _complete(connection, draft, base, admission, withdrawals)
        if not batch.dry_run:
            published = await publish(connection, draft.version_id)
    return Imported(
        len(admission.items),
        admission.refusals,
        withdrawals.refusals,
        published,
    )


async def republish(
    connection: Connection, *, region_code: str, from_version: str, version: str
) -> Version:
    """Publishes the content of an earlier version again under a new label.

    Raises:
        NotPublished: there is no such earlier version.
        AlreadyPublished: the label is taken.
        InvalidArgument: FIELD_INVALID, the label is that of a version that is being filled.
    """
    found = await store.find_published(connection, region_code, from_version)
    if found is None:
        raise NotPublished(region_code, "from_version")
    draft = await import_store.lock_version(
        connection,
        region_code,
        version,
        base_version_id=found.version_id,
        effective_date=None,
    )
    if draft.is_published:
        raise AlreadyPublished
    if draft.item_count or draft.withdrawal_count or draft.base_version_id != found.version_id:
        raise field_invalid("version", "a version of this label is being filled")
    await import_store.copy_all(connection, draft.version_id, found.version_id)
    return await publish(connection, draft.version_id)


async def publish(connection: Connection, version_id: int) -> Version:
    """Publishes a version that is complete, with the chunks that it is downloaded in."""
    await store_chunks(connection, version_id)
    return await import_store.publish(connection, version_id)


async def _base(connection: Connection, batch: Batch) -> Base | None:
    if not batch.base_version:
        if batch.effective_date is not None:
            raise field_invalid("effective_date", "only with base_version")
        if batch.withdrawn_item_codes:
            raise field_invalid("withdrawn_item_codes", "only with base_version")
        return None
    if batch.effective_date is None:
        raise field_invalid("effective_date", "required with base_version")
    if batch.base_version == batch.version:
        raise field_invalid("base_version", "a version cannot change itself")
    found = await store.find_published(connection, batch.region_code, batch.base_version)
    if found is None:
        raise NotPublished(batch.region_code, "base_version")
    return Base(version_id=found.version_id, effective_date=batch.effective_date)


def _check(draft: Draft, base: Base | None) -> None:
    if draft.is_published:
        raise AlreadyPublished
    if draft.base_version_id != (base.version_id if base else None):
        raise field_invalid("base_version", _SAME)
    if draft.effective_date != (base.effective_date if base else None):
        raise field_invalid("effective_date", _SAME)


async def _admit(connection: Connection, draft: Draft, batch: Batch) -> Admission:
    item_codes = sorted(
        {entry.item_code for entry in batch.items if isinstance(entry, CatalogueItem)}
    )
    return admit(
        batch.items,
        await import_store.find_periods(connection, draft.version_id, item_codes),
        effective_date=draft.effective_date,
        withdrawn=await import_store.find_withdrawn(connection, draft.version_id, item_codes),
    )


async def _admit_withdrawals(
    connection: Connection,
    draft: Draft,
    base: Base | None,
    batch: Batch,
    admission: Admission,
) -> WithdrawalAdmission:
    item_codes = sorted({code for code in batch.withdrawn_item_codes if "\0" not in code})
    if base is None or not batch.withdrawn_item_codes:
        return admit_withdrawals((), reaching=(), given=(), withdrawn=())
    given = await import_store.find_periods(connection, draft.version_id, item_codes)
    return admit_withdrawals(
        batch.withdrawn_item_codes,
        reaching=await import_store.find_reaching(connection, base, item_codes),
        given=given.keys() | {item.item_code for item in admission.items},
        withdrawn=await import_store.find_withdrawn(connection, draft.version_id, item_codes),
    )


async def _complete(
    connection: Connection,
    draft: Draft,
    base: Base | None,
    admission: Admission,
    withdrawals: WithdrawalAdmission,
) -> None:
    """Gives a version all that it is to have, or refuses to publish it."""
    given = draft.item_count + len(admission.items)
    if base is None:
        if not given:
            raise field_invalid("items", "a version without items")
        return
    if not given and not draft.withdrawal_count and not withdrawals.item_codes:
        raise field_invalid("items", "a version without changes; republish the base instead")
    if not await import_store.copy_unchanged(connection, draft.version_id, base):
        raise field_invalid("withdrawn_item_codes", "a version without items would be left")
