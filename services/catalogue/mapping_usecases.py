"""What MappingService does, one function each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.catalogue import mapping_reports as reports
from services.catalogue import mapping_store, store
from services.catalogue.domain.errors import (
    MappingAbsent,
    MappingPublished,
    NotPublished,
    RegionUnknown,
    SourceAbsent,
    field_invalid,
)
from services.catalogue.domain.mapping import (
    MODE_REGION,
    MODE_THREE_STAGE,
    NO_REGION_CODE,
    UNKNOWN,
    Confirmed,
    MappingEntry,
    Resolution,
    admit_entries,
    confirm,
    region_of,
)
from services.catalogue.mapping_reports import NO_VERSION, CandidateSource, Chain
from services.kit.codes import PROVINCES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.catalogue.domain.admit import Refusal
    from services.catalogue.domain.mapping import (
        Conflict,
        Coverage,
        MappingDraft,
        MappingVersion,
        Unmapped,
    )
    from services.catalogue.matching import Suggestion
    from services.catalogue.suggestions import Suggester
    from services.kit.db import Connection, Database
    from services.kit.errors import DomainError

_OWNER: Final = "owner.institution_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingBatch:
    """A batch of an import, as read."""

    owner_code: str
    version: str
    mode: str
    entries: Sequence[MappingEntry | DomainError]
    """An error stands for an entry that could not be read."""
    publish: bool
    dry_run: bool
    officer_id: str


@dataclass(frozen=True, slots=True)
class MappingImported:
    """The outcome of a batch, or of a confirmation."""

    accepted_count: int
    refusals: tuple[Refusal, ...]
    published: MappingVersion | None


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping on a day: its version, its label with that of the region's, its chain."""

    version: MappingVersion
    label: str
    """As "<mapping version>/<region version>"; the second is empty where there is none."""
    chain: Chain


async def import_batch(connection: Connection, batch: MappingBatch) -> MappingImported:
    """Adds a batch to a version, which is made with its first batch, and may publish it.

    Raises:
        RegionUnknown: the owner lies in none of the 32 participants.
        MappingPublished: the version is published.
        InvalidArgument: FIELD_INVALID, another mode than before, or to publish nothing.
    """
    region_code = _region(batch.owner_code)
    if batch.publish and not batch.dry_run:
        # Before the version's own lock, as for a confirmation: or the two wait for each other.
        await mapping_store.lock_owner(connection, batch.owner_code)
    draft = await mapping_store.lock_version(
        connection,
        batch.owner_code,
        batch.version,
        mode=batch.mode,
        base_version_id=None,
        officer_id=batch.officer_id,
    )
    if draft.is_published:
        raise MappingPublished
    if draft.mode != batch.mode:
        raise field_invalid("mode", "differs from that of the batches before")
    entries = [entry for entry in batch.entries if isinstance(entry, MappingEntry)]
    admission = admit_entries(
        batch.entries,
        await mapping_store.find_periods(
            connection, draft.version_id, sorted({entry.source_code for entry in entries})
        ),
        region_codes=await _region_codes(
            connection, batch.mode, region_code, {entry.target_code for entry in entries}
        ),
    )
    if admission.entries:
        await mapping_store.add_entries(connection, draft.version_id, admission.entries)
    published = None
    if batch.publish and not admission.refusals:
        if not draft.entry_count + len(admission.entries):
            raise field_invalid("entries", "a version without entries")
        if not batch.dry_run:
            published = await mapping_store.publish(connection, draft.version_id)
    return MappingImported(len(admission.entries), admission.refusals, published)


async def republish(
    connection: Connection, *, owner_code: str, from_version: str, version: str
) -> MappingVersion:
    """Publishes the content of an earlier version again under a new label.

    Raises:
        MappingAbsent: there is no such earlier version.
        MappingPublished: the label is taken.
        InvalidArgument: FIELD_INVALID, the label is that of a version that is being filled.
    """
    found = await mapping_store.find_published(connection, owner_code, from_version)
    if found is None:
        raise MappingAbsent("from_version")
    await mapping_store.lock_owner(connection, owner_code)
    draft = await _fresh(connection, found, version, officer_id="")
    await mapping_store.copy_others(connection, draft.version_id, found.version_id, ())
    return await mapping_store.publish(connection, draft.version_id)


async def confirm_codes(
    connection: Connection,
    *,
    institution_code: str,
    version: str,
    codes: Sequence[Confirmed | DomainError],
    officer_id: str,
) -> MappingImported:
    """Publishes a new version that is the newest one with the confirmed targets.

    With one entry refused nothing is published.

    Raises:
        MappingPublished: the label is taken.
        InvalidArgument: FIELD_INVALID, the label is that of a version that is being filled.
    """
    region_code = _region(institution_code, "institution_code")
    await mapping_store.lock_owner(connection, institution_code)
    newest = await mapping_store.find_published(connection, institution_code)
    confirmed = [each for each in codes if isinstance(each, Confirmed)]
    source_codes = sorted({each.source_code for each in confirmed})
    known: dict[str, list[MappingEntry]] = {}
    region_codes = None
    if newest is not None:
        known = await mapping_store.list_entries(connection, newest.version_id, source_codes)
        region_codes = await _region_codes(
            connection, newest.mode, region_code, {each.target_code for each in confirmed}
        )
    admission = confirm(codes, known, region_codes=region_codes)
    if admission.refusals or newest is None:
        return MappingImported(0, admission.refusals, None)
    draft = await _fresh(connection, newest, version, officer_id=officer_id)
    await mapping_store.copy_others(connection, draft.version_id, newest.version_id, source_codes)
    await mapping_store.add_entries(connection, draft.version_id, admission.entries)
    published = await mapping_store.publish(connection, draft.version_id)
    return MappingImported(len(codes), (), published)


async def list_versions(
    database: Database, *, owner_code: str, before: int, limit: int
) -> list[MappingVersion]:
    """Returns an owner's published versions with a number below one, newest first."""
    async with database.connection() as connection:
        return await mapping_store.list_versions(connection, owner_code, before=before, limit=limit)


async def resolve(
    database: Database, *, institution_code: str, source_codes: Sequence[str], on_date: date
) -> tuple[str, list[Resolution]]:
    """Returns the versions used and what each code resolves to, in the order of the codes.

    An institution that never published a mapping never reported any code.
    """
    async with database.connection() as connection:
        mapped = await _mapped(connection, institution_code, "", on_date)
        if mapped is None:
            return "", [_unresolved(code, UNKNOWN) for code in source_codes]
        found = await reports.resolve(connection, mapped.chain, source_codes)
        missing = [code for code in source_codes if code not in found]
        reported = (
            await mapping_store.find_sources(connection, mapped.version.version_id, missing)
            if missing
            else frozenset()
        )
    return mapped.label, [
        found.get(code) or _unresolved(code, NO_REGION_CODE if code in reported else UNKNOWN)
        for code in source_codes
    ]


async def cover(
    database: Database, *, institution_code: str, on_date: date
) -> tuple[str, list[Coverage]]:
    """Returns the versions used and the coverage by kind of list.

    Raises:
        MappingAbsent: the institution has no published mapping.
    """
    async with database.connection() as connection:
        mapped = await _existing(connection, institution_code, "", on_date)
        return mapped.label, await reports.cover(connection, mapped.chain)


async def list_unmapped(
    database: Database,
    *,
    institution_code: str,
    version: str,
    on_date: date,
    after: tuple[int, str],
    limit: int,
) -> tuple[MappingVersion, list[Unmapped]]:
    """Returns a version (empty: the newest) and its items that do not resolve, most money first.

    Raises:
        MappingAbsent: the institution has no such published mapping.
    """
    async with database.connection() as connection:
        mapped = await _existing(connection, institution_code, version, on_date)
        found = await reports.list_unmapped(connection, mapped.chain, after=after, limit=limit)
        return mapped.version, found


async def list_conflicts(
    database: Database,
    *,
    owner_code: str,
    version: str,
    on_date: date,
    after: tuple[str, int],
    limit: int,
) -> tuple[MappingVersion, list[Conflict]]:
    """Returns a version (empty: the newest) and what is wrong within it, by source code.

    Raises:
        MappingAbsent: the owner has no such published mapping.
    """
    async with database.connection() as connection:
        mapped = await _existing(connection, owner_code, version, on_date)
        found = await reports.list_conflicts(connection, mapped.chain, after=after, limit=limit)
        return mapped.version, found


async def suggest(
    database: Database,
    suggester: Suggester,
    *,
    institution_code: str,
    source_code: str,
    on_date: date,
    count: int,
) -> list[Suggestion]:
    """Returns codes that an institution's item may map to, best first.

    Raises:
        MappingAbsent: the institution, or for three stages its region, has no published mapping.
        SourceAbsent: the mapping has no such code.
        NotPublished: the targets are national codes and the region has no published catalogue.
    """
    async with database.connection() as connection:
        mapped = await _existing(connection, institution_code, "", on_date)
        known = await mapping_store.list_entries(
            connection, mapped.version.version_id, (source_code,)
        )
    if not known:
        raise SourceAbsent("source_code")
    entry = known[source_code][-1]
    of_mapping = mapped.chain.region_version_id is not None
    version_id = mapped.chain.region_version_id or mapped.chain.catalogue_version_id
    if of_mapping and mapped.chain.region_version_id == NO_VERSION:
        raise MappingAbsent
    if version_id == NO_VERSION:
        raise NotPublished(region_of(institution_code))
    source = CandidateSource(
        of_mapping=of_mapping,
        version_id=version_id,
        list_type_code=entry.list_type_code,
        on_date=on_date,
    )
    return await suggester.suggest(
        source, name=entry.source_name, specification=entry.specification, count=count
    )


def _region(owner_code: str, field: str = "") -> str:
    region_code = region_of(owner_code)
    if region_code not in PROVINCES:
        raise RegionUnknown(field or ("owner.region_code" if region_code == owner_code else _OWNER))
    return region_code


async def _region_codes(
    connection: Connection, mode: str, region_code: str, target_codes: set[str]
) -> frozenset[str] | None:
    """Returns which targets the region's newest mapping has; None: targets are national codes."""
    if mode != MODE_THREE_STAGE:
        return None
    region = await mapping_store.find_published(connection, region_code)
    if region is None:
        return frozenset()
    return await mapping_store.find_sources(
        connection, region.version_id, sorted(target_codes - {""})
    )


async def _fresh(
    connection: Connection, base: MappingVersion, version: str, *, officer_id: str
) -> MappingDraft:
    """Returns a new version of a base's owner, empty and locked."""
    draft = await mapping_store.lock_version(
        connection,
        base.owner_code,
        version,
        mode=base.mode,
        base_version_id=base.version_id,
        officer_id=officer_id,
    )
    if draft.is_published:
        raise MappingPublished
    if draft.entry_count or draft.base_version_id != base.version_id:
        raise field_invalid("version", "a version of this label is being filled")
    return draft


async def _existing(connection: Connection, owner_code: str, version: str, on_date: date) -> Mapped:
    mapped = await _mapped(connection, owner_code, version, on_date)
    if mapped is None:
        raise MappingAbsent
    return mapped


async def _mapped(
    connection: Connection, owner_code: str, version: str, on_date: date
) -> Mapped | None:
    found = await mapping_store.find_published(connection, owner_code, version)
    if found is None:
        return None
    region_code = region_of(owner_code)
    region_version_id = None
    label = found.version
    if found.mode != MODE_REGION:
        label = f"{label}/"
    if found.mode == MODE_THREE_STAGE:
        region = await mapping_store.find_published(connection, region_code)
        region_version_id = region.version_id if region else NO_VERSION
        label += region.version if region else ""
    catalogue = await store.find_published(connection, region_code, "")
    return Mapped(
        found,
        label,
        Chain(
            version_id=found.version_id,
            region_version_id=region_version_id,
            catalogue_version_id=catalogue.version_id if catalogue else NO_VERSION,
            on_date=on_date,
        ),
    )


def _unresolved(source_code: str, state: str) -> Resolution:
    return Resolution(source_code=source_code, region_code_item="", item_code="", state=state)
